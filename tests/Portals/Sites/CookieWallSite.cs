namespace Ostiary.Portals.Sites;

/// <summary>A magazine whose cookie banner lies over everything and takes every click until it is answered.</summary>
internal sealed class CookieWallSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "cookies",
        Title = "The Almanac Review",
        Path = "/cookies/account/login",
        Username = "bea.reader@almanac.example",
        Password = "Practice-Only-9!",
        WrongPassword = "Not-The-Right-One-9!",
        WrongText = "Sorry, we don't recognise that email and password.",
        Evidence = "Your subscription renews on 4 November",
        Style = "A cookie banner appears half a second after the page and covers the whole form; clicks do not get through until it is answered.",
    };

    public override string Color => "#111827";
    public override string Cookie => "almanac-reader";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "The Almanac Review", """
            <div class="lead"><h1>What the tide tables knew</h1><p class="by">By our correspondent on the coast</p><p>Every morning at five, three people in this town write down the height of the sea. They have done so for a hundred and twelve years.</p><p class="cut">Subscribers read on. <a href="/cookies/account/login">Log in</a></p></div>
            """)));
        at.Get("account/login", visit => visit.Account is null ? Visit.Page(Shell(visit, "Log in", LogIn("", ""))) : visit.Go("account"));
        at.Post("account/login", visit =>
        {
            if (!visit.TryPassword(visit["login[email]"], visit["login[password]"], out var account))
                return Visit.Page(Shell(visit, "Log in", LogIn(visit["login[email]"], "Sorry, we don't recognise that email and password.")));
            visit.SignIn(account);
            return visit.Go("account");
        });
        at.Get("account", visit => visit.Account is null ? visit.Go("account/login") : Visit.Page(Shell(visit, "Your account", """
            <h1>Your account</h1><p>Your subscription renews on 4 November.</p><p>Print and digital · 9.50 a month · delivered to 3 Weir Street</p>
            """)));
        at.Post("account/logout", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string LogIn(string email, string fault) => $"""
        <h1>Log in</h1><p>Good to have you back.</p>{(fault.Length > 0 ? $"""<div class="msg msg-error"><ul><li>{fault}</li></ul></div>""" : "")}
        <form method="post" action="/cookies/account/login" class="narrow"><p><label for="login_email">Email</label><br><input type="email" id="login_email" name="login[email]" value="{Markup.Text(email)}"></p>
        <p><label for="login_password">Password</label><br><input type="password" id="login_password" name="login[password]"></p><p><input type="submit" name="commit" value="Log in"></p></form>
        <p><a href="/cookies/">Reset your password</a><br><a href="/cookies/">Subscribe from 4.75</a></p>
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en", title, Css, $"""
        <div class="mast"><a href="/cookies/">The Almanac Review</a></div><div class="nav"><a href="/cookies/">World</a><a href="/cookies/">Weather</a><a href="/cookies/">Letters</a><form class="q"><input name="s" placeholder="Search the archive"></form>
        {(visit.Account is null ? """<a href="/cookies/account/login">Log in</a>""" : """<form method="post" action="/cookies/account/logout"><button>Log out</button></form>""")}</div>
        <div class="page">{main}</div><div class="foot"><form><input type="email" name="email" placeholder="Email address"> <button type="button">Get the morning letter</button></form></div>
        <div id="veil" hidden><div class="wall" role="dialog" aria-label="Cookies"><h2>We value your privacy</h2><p>We and our 214 partners store information on your device to measure what is read and to show suitable advertisements. You may change your choice at any time.</p>
        <button id="all">Accept all</button><button id="need">Only necessary</button><button id="set">Settings</button></div></div>
        <script>{Script}</script>
        """, """<link rel="icon" href="/cookies/icon.svg">""");

    private const string Script = """
        const veil = document.getElementById('veil');
        const answer = choice => { document.cookie = 'almanac_consent=' + choice + '; path=/cookies; max-age=31536000'; veil.hidden = true; };
        if (!document.cookie.includes('almanac_consent=')) setTimeout(() => { veil.hidden = false; }, 500);
        document.getElementById('all').onclick = () => answer('all');
        document.getElementById('need').onclick = () => answer('necessary');
        document.getElementById('set').onclick = event => { event.target.textContent = 'Settings are being prepared'; event.target.disabled = true; };
        """;

    private const string Css = """
        body{margin:0;font:18px/1.6 "Iowan Old Style",Georgia,serif;color:#111827}.mast{text-align:center;padding:1.5rem;border-bottom:1px solid #111827}.mast a{font-size:2.6rem;font-style:italic;color:inherit;text-decoration:none}.nav{display:flex;gap:2rem;justify-content:center;align-items:center;padding:.5rem;border-bottom:4px double #111827;font-size:.95rem}.nav a{color:inherit}.nav input{border:0;border-bottom:1px solid #999;font:inherit;width:9rem}
        .page{width:36rem;margin:2.5rem auto;min-height:22rem}h1{font-weight:normal;font-size:2.4rem;margin-bottom:.3rem}.by{font-style:italic;color:#666}.cut{border-top:1px solid #ddd;padding-top:1rem}.narrow input{font:inherit;padding:.4rem;width:20rem;border:1px solid #111827}.narrow input[type=submit]{width:auto;background:#111827;color:#fff;padding:.4rem 1.6rem}
        .msg-error{background:#fff4e5;border:1px solid #e0a040;padding:.2rem 1rem}.foot{background:#111827;padding:2rem;text-align:center}.foot input,.foot button{font:inherit;padding:.3rem .6rem}
        #veil{position:fixed;inset:0;background:#000a;z-index:9999;display:grid;place-items:center}#veil[hidden]{display:none}.wall{background:#fff;max-width:34rem;padding:2rem 2.5rem;font:16px/1.5 Arial,sans-serif}.wall h2{margin-top:0}.wall button{font:inherit;padding:.7rem 1.2rem;margin-right:.6rem;border:1px solid #111827;background:#fff;cursor:pointer}.wall #all{background:#1d4ed8;border-color:#1d4ed8;color:#fff}
        """;
}
