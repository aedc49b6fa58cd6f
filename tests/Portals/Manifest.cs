using System.Text.Json;
using System.Text.Json.Nodes;
using Ostiary.Portals.Matrix;

namespace Ostiary.Portals;

/// <summary>The list of all sites: for programs (<c>/portals.json</c>) and for people (<c>/</c>).</summary>
internal static class Manifest
{
    public static void Map(IEndpointRouteBuilder routes, RunningPortals portals)
    {
        routes.MapGet("/portals.json", (HttpContext http) =>
            Results.Json(PortalCatalog.All.Select(portal => Entry(portal, Origin(http))).ToList(), PortalJson.Options));
        routes.MapGet("/", (HttpContext http) => Visit.Page(Index(Origin(http), portals)));
        routes.MapGet("/favicon.ico", () => Results.Text(Markup.Icon("Practice", "#334155"), "image/svg+xml"));
    }

    private static string Origin(HttpContext http) => http.Request.Scheme + "://" + http.Request.Host.Value;

    /// <summary>The record as it is, with absolute addresses in front.</summary>
    private static JsonNode Entry(Portal portal, string origin)
    {
        var entry = JsonSerializer.SerializeToNode(portal, PortalJson.Options)!.AsObject();
        entry.Remove("path");
        entry.Remove("home_path");
        entry.Insert(2, "url", origin + portal.Path);
        entry.Insert(3, "home", origin + portal.HomePath);
        return entry;
    }

    private static string Index(string origin, RunningPortals portals)
    {
        var rows = string.Concat(portals.Sites.Select(state => $"""
            <tr><td><a href="{state.Portal.Path}">{Markup.Text(state.Portal.Title)}</a><small>{state.Portal.Id}</small></td>
            <td>{Markup.Text(state.Portal.Style)}</td>
            <td><code>{Markup.Text(state.Portal.Username)}</code><br><code>{Markup.Text(state.Portal.Password ?? "no password")}</code>{Extras(state.Portal)}</td></tr>
            """));
        return Markup.Document("en", "Practice websites", Css, $"""
            <h1>Practice websites</h1>
            <p>{PortalCatalog.All.Count} small websites of fictional companies, each with its own way of signing in. Nothing here is real: use the accounts shown.
            A user name with <code>+anything</code> added (before an @) is a further account of its own. Codes that a site sends arrive on the
            <a href="/_control/phone">practice telephone</a>. For programs: <a href="/portals.json">{Markup.Text(origin)}/portals.json</a>.</p>
            <table><thead><tr><th>Site</th><th>What is particular</th><th>Account</th></tr></thead><tbody>{rows}</tbody></table>
            {MatrixTable()}
            """);
    }

    /// <summary>One row for each thing that may happen, one column for each style; a cell leads to its website and names its language.</summary>
    private static string MatrixTable()
    {
        var cells = MatrixCatalog.All.ToDictionary(cell => (cell.Style, cell.Outcome));
        var head = string.Concat(MatrixCatalog.Styles.Select(style => $"""<th title="{Markup.Text(style.About)}"><span>{style.Id}</span></th>"""));
        var rows = string.Concat(Outcomes.All.GroupBy(outcome => outcome.Group).Select(group => $"""
            <tbody><tr class="group"><th colspan="{MatrixCatalog.Styles.Count + 2}">{Markup.Text(group.Key)}</th></tr>{string.Concat(group.Select(outcome => $"""
            <tr><th>{outcome.Id}</th>{string.Concat(MatrixCatalog.Styles.Select(style => $"<td>{Cell(style, outcome)}</td>"))}<td>{Markup.Text(outcome.About)}</td></tr>
            """))}</tbody>
            """));
        return $"""
            <h2>The matrix</h2><p>{MatrixCatalog.All.Count} more: every style with everything that may happen, in the language that the cell names. The account is <code>ada@larkspur.example</code> with
            <code>{Markup.Text(Matrix.Cell.Password)}</code>; where a refusal is the point, any other password will do. Point at a column's name to read what the style is; an empty cell makes no sense, and says why.</p>
            <div class="matrix"><table><thead><tr><th></th>{head}<th></th></tr></thead>{rows}</table></div>
            """;

        string Cell(Style style, Outcome outcome) => cells.TryGetValue((style.Id, outcome.Id), out var cell)
            ? $"""<a href="{Markup.Text(cell.PathFor(cell.Portal.Username))}" title="{style.Id}: {Markup.Text(outcome.About)}">{cell.Language}</a>"""
            : $"""<span title="{Markup.Text(MatrixCatalog.WhyNot(style, outcome) ?? "")}">·</span>""";
    }

    private static string Extras(Portal portal)
    {
        var extras = portal.SourceFields.Select(field => $"{field.Key}: {field.Value}").ToList();
        if (portal.Code is { } code) extras.Add("code: " + code);
        if (portal.TotpSecret is { } seed) extras.Add("seed: " + seed);
        foreach (var field in portal.ExpectedChallenges.SelectMany(challenge => challenge.Fields))
            if (field.Name == "answer" && field.Answer is { } answer) extras.Add("answer: " + answer);
        return string.Concat(extras.Select(extra => $"<br><code>{Markup.Text(extra)}</code>"));
    }

    private const string Css = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1e293b}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.5rem .75rem;border-bottom:1px solid #e2e8f0}
        td small{display:block;color:#64748b}code{background:#f1f5f9;padding:0 .25rem;border-radius:3px;font-size:.9em;overflow-wrap:anywhere}a{color:#1d4ed8}
        table:not(.matrix table) td:nth-child(3){min-width:20rem}
        .matrix{overflow-x:auto}.matrix table{width:auto;font-size:.8rem;line-height:1.35}.matrix td,.matrix th{padding:.15rem .35rem;white-space:nowrap;text-align:center}.matrix tbody th,.matrix td:last-child{text-align:left}.matrix tbody th{font-weight:400;font-family:ui-monospace,monospace}
        .matrix td:last-child{color:#64748b;padding-left:.75rem;white-space:normal;min-width:17rem}.matrix td span{color:#cbd5e1}.matrix .group th{font:600 .8rem system-ui,sans-serif;padding-top:.9rem;color:#334155}.matrix tbody tr:not(.group):hover{background:#f1f5f9}
        .matrix thead th{vertical-align:bottom;height:7.5rem}.matrix thead span{writing-mode:vertical-rl;transform:rotate(180deg)}
        """;
}
