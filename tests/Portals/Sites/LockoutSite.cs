namespace Ostiary.Portals.Sites;

/// <summary>A trust company that locks an account after three wrong passwords in a row.</summary>
internal sealed class LockoutSite : Site
{
    private const string LockedText = "For your protection this account has been locked after too many failed attempts. Call 0555 010 90 to unlock it.";

    public override Portal Portal { get; } = new()
    {
        Id = "lockout",
        Title = "Ironwood Trust",
        Path = "/lockout/client/login",
        Username = "IW204417",
        Password = "Practice-Only-18!",
        WrongPassword = "Not-The-Right-One-18!",
        WrongText = "Sign-on unsuccessful. Please check your client ID and password.",
        Evidence = "Portfolio value",
        Style = "Locks the account on the third wrong password in a row and counts every submission; the right password does not open a locked account.",
    };

    public override string Color => "#3f2d20";
    public override string Cookie => "IWT";
    public override int LockAfter => 3;

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "Ironwood Trust", """<h1>Patient money.</h1><p>We have looked after families, foundations and forests since the year of the long winter.</p><p><a href="/lockout/client/login">Client sign-on</a></p>""")));
        at.Get("client/login", visit => visit.Account is null ? Visit.Page(Logon(visit, "", "")) : visit.Go("client"));
        at.Post("client/login", visit =>
        {
            var right = visit.TryPassword(visit["client_id"], visit["client_secret"], out var account);
            if (account.Locked) return Visit.Page(Shell(visit, "Account locked", $"""<h1>Account locked</h1><p class="seal">{LockedText}</p><p><a href="/lockout/">Return to the home page</a></p>"""), StatusCodes.Status423Locked);
            if (!right)
            {
                var left = LockAfter - account.WrongInARow;
                return Visit.Page(Logon(visit, visit["client_id"], $"Sign-on unsuccessful. Please check your client ID and password. You have {left} {(left == 1 ? "attempt" : "attempts")} left."));
            }

            visit.SignIn(account);
            return visit.Go("client");
        });
        at.Get("client", visit => visit.Account is null ? visit.Go("client/login") : Visit.Page(Shell(visit, "Overview", """
            <h1>Overview</h1><dl><dt>Portfolio value</dt><dd>182,340.00</dd><dt>Since January</dt><dd>+2.8 %</dd><dt>Your adviser</dt><dd>Marisol Okafor, 0555 010 94</dd></dl>
            """)));
        at.Get("client/logout", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Logon(Visit visit, string id, string fault) => Shell(visit, "Client sign-on", $"""
        <h1>Client sign-on</h1>
        <form method="post" action="/lockout/client/login"><fieldset><legend>Your details</legend>
        {(fault.Length > 0 ? $"""<p class="field-error">{fault}</p>""" : "")}
        <ol><li><label>Client ID <input name="client_id" autocomplete="off" value="{Markup.Text(id)}"></label></li><li><label>Password <input name="client_secret" type="password" autocomplete="off"></label></li></ol>
        <button>Sign on securely</button></fieldset></form><p><a href="/lockout/">Reset password by post</a> · <a href="/lockout/">Enrol a new client</a></p>
        """);

    private static string Shell(Visit visit, string title, string content) => Markup.Document("en", title + " | Ironwood Trust", Css, $"""
        <div class="col"><p class="top"><a href="/lockout/">IRONWOOD TRUST</a>{(visit.Account is null ? "" : """ <a class="out" href="/lockout/client/logout">Sign off</a>""")}</p><article>{content}</article><p class="end">Ironwood Trust is a fictional company. The value of investments can fall.</p></div>
        """, """<link rel="shortcut icon" href="/lockout/icon.svg">""");

    private const string Css = """
        body{background:#efe9e1;color:#3f2d20;font:17px/1.6 "Palatino Linotype",Palatino,serif;margin:0}.col{width:40rem;margin:0 auto;background:#fffdfa;min-height:100vh;padding:0 3rem;box-sizing:border-box;border:1px solid #d9cdbd;border-width:0 1px}.top{border-bottom:3px double #3f2d20;padding:1.6rem 0 .8rem;letter-spacing:.25em}.top a{color:inherit;text-decoration:none}.out{float:right;letter-spacing:0}
        h1{font-weight:normal;font-size:2rem}fieldset{border:1px solid #d9cdbd;padding:1rem 1.5rem}ol{list-style:none;padding:0}label{display:flex;justify-content:space-between;margin:.6rem 0}input{width:18rem;font:inherit;padding:.3rem .5rem;border:1px solid #a8927a;background:#fff}button{background:#3f2d20;color:#fff;font:inherit;border:0;padding:.5rem 1.5rem}
        .field-error{color:#9b1c1c;font-style:italic}.seal{border:2px solid #9b1c1c;padding:1rem}dl{display:grid;grid-template-columns:12rem 1fr}dd{margin:0}.end{font-size:.8rem;color:#8a7663;margin-top:4rem;padding-bottom:1rem}a{color:#6b3f1d}
        """;
}
