namespace Ostiary.Portals.Sites;

/// <summary>A rental agency whose sign-in opens in a window of its own and reloads the page that opened it.</summary>
internal sealed class PopupSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "popup",
        Title = "Roost Rentals",
        Path = "/popup/",
        Username = "tenant.elif@roost.example",
        Password = "Practice-Only-30!",
        WrongPassword = "Not-The-Right-One-30!",
        WrongText = "The email and password do not fit together.",
        Evidence = "Your lease: 9 Sparrow Court",
        Style = "\"Sign in\" opens a popup window with the form; on success the popup closes itself and the page behind it reloads.",
    };

    public override string Color => "#a16207";
    public override string Cookie => "roost";

    public override void Map(SiteRoutes at)
    {
        at.Asset("roost.js", "text/javascript", Script);
        at.Get("", visit => Visit.Page(Front(visit)));
        at.Get("window", visit => Visit.Page(Window("", visit.Account is null ? "" : Done)));
        at.Post("window", visit =>
        {
            if (!visit.TryPassword(visit["email"], visit["password"], out var account)) return Visit.Page(Window(visit["email"], "", "The email and password do not fit together."), StatusCodes.Status401Unauthorized);
            visit.SignIn(account);
            return Visit.Page(Window("", Done));
        });
        at.Get("leave", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    /// <summary>Without an opener (popups blocked, opened in a tab) the window itself goes home.</summary>
    private const string Done = "<p>You are signed in.</p><script>if (opener) { opener.postMessage('roost:signed-in', location.origin); close(); } else location.href = '/popup/';</script>";

    private static string Front(Visit visit) => Markup.Document("en", "Roost — places to live", Css, $"""
        <div class="ribbon"><span class="r">roost</span><a href="/popup/#rent">Rent</a><a href="/popup/#list">List a home</a><a href="/popup/#guide">Guide</a>{(visit.Account is null
            ? """<a href="#" id="in" role="button">Sign in</a><a href="/popup/#join" class="fill">Join</a>"""
            : """<span>Elif</span><a href="/popup/leave">Sign out</a>""")}</div>
        {(visit.Account is null ? "" : """<div class="lease"><h2>Your lease: 9 Sparrow Court</h2><p>Rent of 820.00 is due on the 1st. Deposit held: 1,640.00</p></div>""")}
        <div class="big"><h1>Find a place with birdsong.</h1><form><input placeholder="Town, street or station"><select><option>Any rent</option><option>Up to 700</option><option>Up to 900</option></select><button type="button">Look</button></form></div>
        <div class="homes"><div>Two rooms, Weir Lane<br><b>690</b></div><div>Attic, Bell Street<br><b>540</b></div><div>House, Sparrow Court<br><b>1,150</b></div></div>
        <div class="tail">Tell me about new homes: <input type="email" placeholder="Email"> <button type="button">Notify me</button></div><script src="/popup/roost.js"></script>
        """, """<link rel="icon" href="/popup/icon.svg">""");

    private static string Window(string email, string done, string fault = "") => Markup.Document("en", "Roost sign-in", WindowCss, done.Length > 0 ? done : $"""
        <h1>roost</h1><p class="x">{fault}</p><form method="post" action="/popup/window"><label for="e">Email</label><input id="e" name="email" value="{Markup.Text(email)}"><label for="p">Password</label><input id="p" name="password" type="password"><button>Sign in</button></form><a href="/popup/window#forgot">I can't get in</a>
        """);

    private const string Script = """
        document.querySelector('#in')?.addEventListener('click', event => { event.preventDefault(); window.open('/popup/window', 'roost-auth', 'width=420,height=560'); });
        addEventListener('message', event => { if (event.origin === location.origin && event.data === 'roost:signed-in') location.reload(); });
        """;

    private const string Css = """
        body{margin:0;font:17px/1.5 Candara,Optima,sans-serif;color:#422006;background:#fffbeb}.ribbon{display:flex;gap:1.8rem;align-items:center;padding:1rem 3rem}.ribbon a{color:inherit;text-decoration:none}.r{flex:1;font-size:1.8rem;font-weight:700;color:#a16207}.fill{background:#a16207;color:#fff!important;padding:.4rem 1.2rem;border-radius:6px}.big{padding:5rem 3rem;background:linear-gradient(#fde68a,#fffbeb)}.big h1{font-size:3rem;margin:0 0 1rem}.big input,.big select,.big button{padding:.8rem;font:inherit;border:1px solid #a16207;background:#fff}
        .homes{display:flex;gap:1.5rem;padding:2rem 3rem}.homes div{flex:1;background:#fff;padding:6rem 1.2rem 1.2rem;border-radius:8px}.lease{background:#fff;border:2px solid #a16207;margin:0 3rem 1rem;padding:.3rem 1.5rem}.tail{padding:2rem 3rem;background:#422006;color:#fde68a}
        """;

    private const string WindowCss = """
        body{font:16px/1.5 Candara,Optima,sans-serif;color:#422006;background:#fffbeb;padding:1.5rem 2.5rem}h1{color:#a16207}label{display:block;margin-top:1rem}input{width:100%;box-sizing:border-box;padding:.6rem;font:inherit}button{margin:1.5rem 0;width:100%;padding:.8rem;background:#a16207;color:#fff;border:0;font:inherit}.x{color:#b91c1c;min-height:1.5em}
        """;
}
