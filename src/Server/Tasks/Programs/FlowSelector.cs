using System.Text.RegularExpressions;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>How one part of a selector is looked up.</summary>
internal enum SelectorKind
{
    /// <summary>No prefix: <c>querySelectorAll</c> within one tree, as in Chrome's Recorder.</summary>
    Css,
    /// <summary><c>aria/Name[role="button"]</c>: Chrome's own accessibility tree, exact name.</summary>
    Aria,
    /// <summary><c>text/…</c>: the innermost elements whose text contains it, open shadow roots included.</summary>
    Text,
    /// <summary><c>xpath/…</c>: XPath 1.0.</summary>
    XPath,
    /// <summary><c>pierce/…</c>: CSS through open shadow roots.</summary>
    Pierce,
    /// <summary>Playwright's words <c>role=</c>, <c>label=</c>, <c>placeholder=</c>, <c>text=</c>.</summary>
    Word,
}

/// <summary>
/// One alternative: a part, or a chain of parts. Each part after the first is looked for inside the shadow root of what the part before it found, or
/// inside that element where it has none.
/// </summary>
internal sealed record FlowSelector(IReadOnlyList<SelectorPart> Parts)
{
    /// <summary>As written, for messages.</summary>
    public string Source => string.Join(" >> ", Parts.Select(p => p.Source));

    public bool Uses(string root) => Parts.Any(p => p.Uses(root));

    public IReadOnlyList<ResolvedPart> Resolve(FlowValues values) => [.. Parts.Select(p => p.Resolve(values))];

    /// <summary>Parses one part; a fault's text when it cannot be understood.</summary>
    public static (SelectorPart? Part, string? Fault) ParsePart(string source)
    {
        if (source.Length == 0) return (null, "A selector is empty.");
        if (source.Length > 10_000) return (null, "A selector is longer than 10,000 characters.");
        var (kind, body) = source switch
        {
            _ when source.StartsWith("aria/", StringComparison.Ordinal) => (SelectorKind.Aria, source[5..]),
            _ when source.StartsWith("text/", StringComparison.Ordinal) => (SelectorKind.Text, source[5..]),
            _ when source.StartsWith("xpath/", StringComparison.Ordinal) => (SelectorKind.XPath, source[6..]),
            _ when source.StartsWith("pierce/", StringComparison.Ordinal) => (SelectorKind.Pierce, source[7..]),
            _ when source.StartsWith("css/", StringComparison.Ordinal) => (SelectorKind.Css, source[4..]),
            _ => SelectorGrammar.Word().IsMatch(source) ? (SelectorKind.Word, source) : (SelectorKind.Css, source),
        };
        if (body.Trim().Length == 0) return (null, $"The selector `{source}` names nothing.");
        return kind switch
        {
            SelectorKind.Aria => ParseAria(source, body),
            SelectorKind.Word => ParseWord(source),
            _ => (new SelectorPart(kind, source, FlowText.Parse(body)), null),
        };
    }

    private static (SelectorPart?, string?) ParseAria(string source, string body)
    {
        string? name = null, role = null, unknown = null;
        var rest = SelectorGrammar.AriaAttribute().Replace(body, match =>
        {
            var value = match.Groups["value"].Value;
            switch (match.Groups["attribute"].Value)
            {
                case "name": name = value; break;
                case "role": role = value; break;
                default: unknown = match.Groups["attribute"].Value; break;
            }

            return "";
        });
        if (unknown is not null) return (null, $"The selector `{source}` asks for `{unknown}`; an aria selector knows `name` and `role`.");
        if (rest.Length > 0 && string.IsNullOrEmpty(name)) name = rest;
        return (new SelectorPart(SelectorKind.Aria, source, name is null ? null : FlowText.Parse(name)) { Role = role }, null);
    }

    private static (SelectorPart?, string?) ParseWord(string source)
    {
        var word = source[..source.IndexOf('=')];
        var body = source[(word.Length + 1)..].Trim();
        string? role = null;
        var exact = false;
        var options = "";
        if (word == "role")
        {
            var match = SelectorGrammar.Role().Match(body);
            if (!match.Success) return (null, $"The selector `{source}` is not of the form role=button[name=\"Save\"].");
            role = match.Groups["role"].Value;
            body = match.Groups["name"].Value;
            exact = match.Groups["flag"].Value == "s";
            options = match.Groups["options"].Value;
            if (FlowText.Parse(options).HasPlaceholders || FlowText.Parse(role).HasPlaceholders)
                return (null, $"The selector `{source}` has a placeholder outside its name.");
        }
        else if (body is ['"', .., '"'] or ['\'', .., '\''] && body.Length > 1)
        {
            body = body[1..^1];
            exact = true;
        }

        return (new SelectorPart(SelectorKind.Word, source, body.Length == 0 ? null : FlowText.Parse(body)) { WordName = word, Role = role, Exact = exact, Options = options }, null);
    }
}

/// <summary>One part of a chain. <paramref name="Body"/> is what follows the prefix; for aria and role the accessible name, or null for any.</summary>
internal sealed record SelectorPart(SelectorKind Kind, string Source, FlowText? Body)
{
    public string? Role { get; init; }
    public string WordName { get; init; } = "";
    public bool Exact { get; init; }
    public string Options { get; init; } = "";

    public bool Uses(string root) => Body?.Uses(root) ?? false;

    public ResolvedPart Resolve(FlowValues values) => Kind switch
    {
        SelectorKind.Css or SelectorKind.Pierce => new ResolvedPart(Kind, Body!.AsCss(values), null),
        SelectorKind.XPath => new ResolvedPart(Kind, Body!.AsXPath(values), null),
        SelectorKind.Text => new ResolvedPart(Kind, Body!.AsPlain(values), null),
        SelectorKind.Aria => new ResolvedPart(Kind, Body?.AsPlain(values), Role),
        _ => new ResolvedPart(Kind, PlaywrightSelector(Body?.AsPlain(values)), null),
    };

    private string PlaywrightSelector(string? text)
    {
        var quoted = text is null ? "" : System.Text.Json.JsonSerializer.Serialize(text, Verbatim) + (Exact ? "s" : "i");
        return WordName switch
        {
            "role" => $"internal:role={Role}{(text is null ? "" : $"[name={quoted}]")}{Options}",
            "label" => $"internal:label={quoted}",
            "placeholder" => $"internal:attr=[placeholder={quoted}]",
            _ => $"internal:text={quoted}",
        };
    }

    private static readonly System.Text.Json.JsonSerializerOptions Verbatim = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>A part with the run's values in it.</summary>
internal sealed record ResolvedPart(SelectorKind Kind, string? Text, string? Role);

internal static partial class SelectorGrammar
{
    [GeneratedRegex(@"^(role|label|placeholder|text)=")]
    public static partial Regex Word();

    [GeneratedRegex(@"\[\s*(?<attribute>\w+)\s*=\s*(?<quote>""|')(?<value>\\.|.*?(?=\k<quote>))\k<quote>\s*\]", RegexOptions.Singleline)]
    public static partial Regex AriaAttribute();

    [GeneratedRegex(@"^(?<role>[a-z]+)(?:\[\s*name\s*=\s*(?<quote>[""'])(?<name>.*?)\k<quote>\s*(?<flag>[is]?)\s*\])?(?<options>(?:\[[a-z-]+(?:\s*=\s*(?:true|false|mixed|\d+))?\])*)$", RegexOptions.Singleline)]
    public static partial Regex Role();
}
