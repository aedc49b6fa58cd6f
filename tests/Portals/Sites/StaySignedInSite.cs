namespace Ostiary.Portals.Sites;

/// <summary>A workspace that asks, between the password and the first page, whether to stay signed in.</summary>
internal sealed class StaySignedInSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "stay",
        Title = "Mosaic Workspace",
        Path = "/stay/login",
        Username = "kofi@mosaic.example",
        Password = "Practice-Only-10!",
        WrongPassword = "Not-The-Right-One-10!",
        WrongText = "Your email or password is incorrect. If you don't remember your password, reset it now.",
        Evidence = "Recent boards",
        Style = "After the password an interstitial asks whether to stay signed in on this computer; no challenge for the user.",
    };

    public override string Color => "#b45309";
    public override string Cookie => "mosaic.auth";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Boards()));
        at.Get("login", visit => visit.Account is null ? Visit.Page(Tile("Log in", LogIn("", ""))) : visit.Go());
        at.Post("login", visit =>
        {
            if (!visit.TryPassword(visit["loginfmt"], visit["passwd"], out var account))
                return Visit.Page(Tile("Log in", LogIn(visit["loginfmt"], "Your email or password is incorrect. If you don't remember your password, <a href=\"/stay/login#reset\">reset it now.</a>")));
            visit.Continue(account, "stay");
            return visit.Go("kmsi");
        });
        at.Get("kmsi", visit => visit.PendingAt("stay") is { } account ? Visit.Page(Tile("Stay signed in?", Stay(account))) : visit.Go("login"));
        at.Post("kmsi", visit =>
        {
            if (visit.PendingAt("stay") is not { } account) return visit.Go("login");
            visit.SignIn(account);
            return visit.Go();
        });
        at.Get("logout", visit =>
        {
            visit.SignOut();
            return visit.Go("login");
        });
    }

    private static string LogIn(string email, string fault) => $"""
        <div class="title" role="heading" aria-level="1">Log in</div>
        <form method="post" action="/stay/login"><div id="usernameError" class="err" aria-live="assertive">{fault}</div>
        <input type="email" name="loginfmt" aria-label="Work email" placeholder="Work email" value="{Markup.Text(email)}"><input type="password" name="passwd" aria-label="Password" placeholder="Password" autocomplete="off">
        <div class="acts"><a href="/stay/login#cant">Can't access your account?</a><input type="submit" value="Log in" class="primary"></div></form>
        """;

    private static string Stay(Account account) => $"""
        <div class="id">{Markup.Text(account.Name)}</div><div class="title" role="heading" aria-level="1">Stay signed in?</div><p>Do this to reduce the number of times you are asked to sign in.</p>
        <form method="post" action="/stay/kmsi"><label><input type="checkbox" name="DontShowAgain" value="true"> Don't show this again</label>
        <div class="acts"><input type="submit" name="answer" value="No" class="second"><input type="submit" name="answer" value="Yes" class="primary"></div></form>
        """;

    private static string Tile(string title, string content) => Markup.Document("en-US", title, Css, $"""
        <div class="outer"><div class="inner"><div class="brand"><i></i><i></i><i></i> Mosaic</div>{content}</div></div><div class="ftr"><a href="/stay/login#terms">Terms of use</a> <a href="/stay/login#privacy">Privacy &amp; cookies</a></div>
        """, """<link rel="icon" href="/stay/icon.svg">""");

    private static string Boards() => Markup.Document("en-US", "Mosaic", Css, """
        <div class="rail"><div class="brand"><i></i><i></i><i></i></div><a>Home</a><a>Boards</a><a>People</a><div class="me"><button aria-haspopup="true" onclick="document.getElementById('m').hidden=!document.getElementById('m').hidden" aria-label="Account menu for Kofi">K</button><div id="m" hidden><a href="/stay/logout">Log out</a></div></div></div>
        <div class="desk"><h2>Recent boards</h2><div class="bd">Spring campaign</div><div class="bd">Warehouse move</div><div class="bd">Hiring: two designers</div></div>
        """);

    private const string Css = """
        body{margin:0;font:15px "Segoe UI",Arial,sans-serif;color:#1b1b1b;background:#fdf6ec}.outer{min-height:92vh;display:grid;place-items:center;background:conic-gradient(from 30deg at 70% 30%,#fde68a,#fdba74,#fecaca,#fde68a)}.inner{background:#fff;width:352px;padding:44px;box-shadow:0 2px 6px #0003}.brand{font-weight:600;color:#555;font-size:1.1rem;margin-bottom:18px}.brand i{display:inline-block;width:11px;height:11px;background:#b45309;margin-right:2px}.brand i+i{background:#0f766e}.brand i+i+i{background:#be123c}
        .title{font-size:24px;font-weight:600;margin-bottom:14px}.id{font-size:14px;margin-bottom:10px}input[type=email],input[type=password]{width:100%;box-sizing:border-box;border:0;border-bottom:1px solid #666;padding:8px 2px;font:inherit;margin-bottom:16px}.err{color:#c50f1f;margin-bottom:8px}.acts{display:flex;justify-content:flex-end;gap:8px;align-items:center;margin-top:22px}.acts a{flex:1;font-size:13px;color:#b45309}
        .primary,.second{min-width:108px;padding:7px 12px;border:0;font:inherit;cursor:pointer}.primary{background:#b45309;color:#fff}.second{background:#ddd}.ftr{text-align:right;padding:12px 24px;font-size:12px}.ftr a{margin-left:16px;color:#333}
        .rail{position:fixed;inset:0 auto 0 0;width:90px;background:#fff;padding:20px;display:flex;flex-direction:column;gap:18px}.me{margin-top:auto}.me button{width:40px;height:40px;border-radius:50%;border:0;background:#b45309;color:#fff}.desk{margin-left:150px;padding:30px}.bd{display:inline-grid;place-items:end start;width:200px;height:120px;background:#fff;margin:0 16px 16px 0;padding:14px;box-sizing:border-box;border-radius:6px}
        """;
}
