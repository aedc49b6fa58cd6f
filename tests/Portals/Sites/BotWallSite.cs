namespace Ostiary.Portals.Sites;

/// <summary>A ticket shop behind a bot wall: a visible widget in a frame that never lets anybody through.</summary>
internal sealed class BotWallSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "botwall",
        Title = "Ticketfair",
        Path = "/botwall/login",
        Username = "fan.oskar@ticketfair.example",
        Password = "Practice-Only-26!",
        Expected = "source_blocked",
        ExpectedText = "Please confirm that you are human",
        Style = "A bot wall (403, widget in a frame with a check box) instead of the login page; it never opens.",
    };

    public override string Color => "#dc2626";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("login"));
        at.Get("login", _ => Visit.Page(Wall(), StatusCodes.Status403Forbidden));
        at.Get("guard/widget", _ => Visit.Page(Markup.Document("en", "Human check", WidgetCss, """
            <div class="w"><span id="box" role="checkbox" aria-checked="false" tabindex="0" aria-label="I am human"></span><span id="t">I am human</span><small>gatekeeper</small></div><script>
            document.getElementById('box').onclick = () => { document.getElementById('t').textContent = 'Verifying…'; setTimeout(() => { document.getElementById('t').textContent = 'Verification failed'; }, 1500); };</script>
            """)));
    }

    private static string Wall() => Markup.Document("en", "Just a moment… | Ticketfair", Css, """
        <h1>ticketfair</h1><h2>Checking your browser</h2><p>Please confirm that you are human before you continue. We do this because automated programs buy tickets faster than you can.</p>
        <iframe title="Widget containing a human verification challenge" src="/botwall/guard/widget" width="304" height="78" frameborder="0"></iframe><p class="ray">Reference: 7c41-90de-aa12</p>
        """, """<link rel="icon" href="/botwall/icon.svg">""");

    private const string Css = """
        body{font:16px/1.6 system-ui,sans-serif;max-width:36rem;margin:14vh auto;color:#222}h1{color:#dc2626;font-style:italic}h2{font-weight:500}.ray{color:#777;font-size:.85rem;margin-top:3rem}
        """;

    private const string WidgetCss = """
        body{margin:0;font:14px Roboto,Arial,sans-serif}.w{display:flex;align-items:center;gap:12px;border:1px solid #d3d3d3;background:#fafafa;height:74px;padding:0 12px;box-sizing:border-box}#box{width:26px;height:26px;border:2px solid #c1c1c1;border-radius:2px;background:#fff;cursor:pointer}#t{flex:1}small{color:#888}
        """;
}
