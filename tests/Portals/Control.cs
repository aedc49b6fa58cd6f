namespace Ostiary.Portals;

/// <summary>
/// The tests' hand inside the sites, over HTTP, and a telephone for people. Nothing on a site links here.
/// <list type="bullet">
/// <item><c>GET /_control/{portal}/submissions?account=</c>: counters.</item>
/// <item><c>GET /_control/{portal}/code?account=</c>: <c>{code}</c>, the right code at this moment or null.</item>
/// <item><c>GET /_control/{portal}/messages?account=</c>: everything sent, oldest first.</item>
/// <item><c>GET /_control/{portal}/push?account=</c>: the newest push request or null; <c>POST</c> with <c>{account, decision: approve|deny}</c> answers all pending ones: <c>{answered}</c>.</item>
/// <item><c>POST /_control/{portal}/expire</c> <c>{account?}</c>: ends sessions: <c>{expired}</c>.</item>
/// <item><c>POST /_control/{portal}/mode</c> <c>{unavailable?: true|false|n, slow_ms?, expire_after?}</c>: n is the number of requests answered with 503; expire_after 0 = never.</item>
/// <item><c>POST /_control/{portal}/reset</c> <c>{account?}</c> and <c>POST /_control/reset</c>.</item>
/// <item><c>GET /_control/phone</c>: a page with the messages of all sites and buttons for push requests.</item>
/// </list>
/// </summary>
internal static class Control
{
    public static void Map(IEndpointRouteBuilder routes, RunningPortals portals)
    {
        var control = routes.MapGroup("/_control");
        control.MapGet("/phone", () => Visit.Page(Phone(portals)));
        control.MapPost("/phone", async (HttpContext http) =>
        {
            var form = await http.Request.ReadFormAsync(http.RequestAborted);
            string portal = form["portal"].ToString(), account = form["account"].ToString();
            if (!portals.Has(portal)) return Results.NotFound();
            _ = form["decision"] == "approve" ? portals.ApprovePush(portal, account) : portals.DenyPush(portal, account);
            return Results.Redirect("/_control/phone");
        });
        control.MapPost("/reset", () =>
        {
            portals.Reset();
            return Results.NoContent();
        });

        var site = control.MapGroup("/{portal}").AddEndpointFilter(async (call, next) =>
            portals.Has((string)call.HttpContext.Request.RouteValues["portal"]!)
                ? await next(call)
                : Visit.Json(new { error = "There is no such practice website; GET /portals.json lists them." }, StatusCodes.Status404NotFound));
        site.MapGet("/submissions", (string portal, string account) => Visit.Json(portals.Submissions(portal, account)));
        site.MapGet("/code", (string portal, string account) => Visit.Json(new { code = portals.CodeFor(portal, account) }));
        site.MapGet("/messages", (string portal, string account) => Visit.Json(portals.Messages(portal, account)));
        site.MapGet("/push", (string portal, string account) => Results.Json(portals.Push(portal, account), PortalJson.Options));
        site.MapPost("/push", (string portal, Decision body) => body switch
        {
            { Account: { } account, Approve: true } => Visit.Json(new { answered = portals.ApprovePush(portal, account) }),
            { Account: { } account, Deny: true } => Visit.Json(new { answered = portals.DenyPush(portal, account) }),
            _ => Visit.Json(new { error = "Send account and decision: approve or deny." }, StatusCodes.Status400BadRequest),
        });
        site.MapPost("/expire", (string portal, Whose body) => Visit.Json(new { expired = portals.ExpireSessions(portal, body.Account) }));
        site.MapPost("/reset", (string portal, Whose body) =>
        {
            portals.Reset(portal, body.Account);
            return Results.NoContent();
        });
        site.MapPost("/mode", SetMode(portals));
    }

    private static Func<string, Mode, IResult> SetMode(RunningPortals portals) => (portal, mode) =>
    {
        if (mode.Unavailable is { } unavailable)
        {
            int? requests = unavailable.ValueKind switch
            {
                System.Text.Json.JsonValueKind.True => int.MaxValue,
                System.Text.Json.JsonValueKind.False => 0,
                System.Text.Json.JsonValueKind.Number when unavailable.TryGetInt32(out var n) && n >= 0 => n,
                _ => null,
            };
            if (requests is null) return Visit.Json(new { error = "unavailable is true, false or a number of requests." }, StatusCodes.Status400BadRequest);
            portals.SetUnavailable(portal, requests.Value);
        }

        if (mode.SlowMs is { } slow) portals.SetDelay(portal, TimeSpan.FromMilliseconds(Math.Clamp(slow, 0, 60_000)));
        if (mode.ExpireAfter is { } expire) portals.ExpireAfter(portal, expire > 0 ? expire : null);
        return Results.NoContent();
    };

    private static string Phone(RunningPortals portals)
    {
        var cards = string.Join('\n', portals.Sites.SelectMany(state => state.Accounts.SelectMany(account => Cards(state.Portal, account))));
        return Markup.Document("en", "Practice telephone", Css, $"""
            <h1>Practice telephone</h1><p>Text messages, mails and push requests that the practice websites sent. <a href="/_control/phone">Look again</a> · <a href="/">All sites</a></p>
            {(cards.Length > 0 ? cards : "<p>Nothing has arrived yet.</p>")}
            """);
    }

    private static IEnumerable<string> Cards(Portal portal, Account account)
    {
        foreach (var push in account.Pushes.Where(push => push.State == PushState.Pending))
        {
            yield return $"""
                <form class="card" method="post"><b>{Markup.Text(portal.Title)}</b> <small>push · {Markup.Text(account.Name)}</small>
                <p>Is it you signing in? The number on the page is <strong>{push.Number}</strong>.</p>
                <input type="hidden" name="portal" value="{portal.Id}"><input type="hidden" name="account" value="{Markup.Text(account.Name)}">
                <button name="decision" value="approve">Yes, approve</button> <button name="decision" value="deny">No, deny</button></form>
                """;
        }

        foreach (var message in account.Messages.Reverse())
            yield return $"""<div class="card"><b>{Markup.Text(portal.Title)}</b> <small>{message.Channel} · {Markup.Text(account.Name)}</small><p>{Markup.Text(message.Text)}</p></div>""";
    }

    private const string Css = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:2rem auto;padding:0 1rem;color:#1e293b}
        .card{border:1px solid #cbd5e1;border-radius:10px;padding:.75rem 1rem;margin:.75rem 0}.card p{margin:.25rem 0}.card small{color:#64748b}button{font:inherit}
        """;

    private sealed record Whose(string? Account);

    private sealed record Decision(string? Account, [property: System.Text.Json.Serialization.JsonPropertyName("decision")] string? Word)
    {
        public bool Approve => Word == "approve";
        public bool Deny => Word == "deny";
    }

    private sealed record Mode(
        System.Text.Json.JsonElement? Unavailable,
        [property: System.Text.Json.Serialization.JsonPropertyName("slow_ms")] int? SlowMs,
        [property: System.Text.Json.Serialization.JsonPropertyName("expire_after")] int? ExpireAfter);
}
