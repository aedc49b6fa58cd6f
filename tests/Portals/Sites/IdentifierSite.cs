namespace Ostiary.Portals.Sites;

/// <summary>A mail service that asks for the name first and for the password on a second page.</summary>
internal sealed class IdentifierSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "identifier",
        Title = "Quillpost",
        Path = "/identifier/login",
        Username = "rowan.ashby@quillpost.example",
        Password = "Practice-Only-3!",
        WrongPassword = "Not-The-Right-One-3!",
        WrongText = "This password does not match. Check your spelling or choose a new one.",
        Evidence = "Inbox (4)",
        Style = "Identifier first: the address on one page, the password on the next, with the address shown as a chip.",
    };

    public override string Color => "#0f766e";
    public override string Cookie => "qp";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? Visit.Page(Front()) : Visit.Page(Inbox(visit.Account)));
        at.Get("login", visit => visit.Account is null ? Visit.Page(NamePage("", "")) : visit.Go());
        at.Post("login", visit =>
        {
            var account = visit.State.Account(visit["identifier"]);
            if (!account.Known) return Visit.Page(NamePage(visit["identifier"], "We know nobody by this address."), StatusCodes.Status404NotFound);
            visit.Continue(account, "password");
            return visit.Go("login/secret");
        });
        at.Get("login/secret", visit => visit.PendingAt("password") is { } account ? Visit.Page(SecretPage(account, "")) : visit.Go("login"));
        at.Post("login/secret", visit =>
        {
            if (visit.PendingAt("password") is not { } pending) return visit.Go("login");
            if (!visit.TryPassword(pending.Name, visit["secret"], out var account))
                return Visit.Page(SecretPage(account, "This password does not match. Check your spelling or choose a new one."), StatusCodes.Status401Unauthorized);
            visit.SignIn(account);
            return visit.Go();
        });
        at.Get("logout", visit =>
        {
            visit.SignOut();
            return visit.Go("login");
        });
        at.Get("signup", _ => Visit.Page(Card("Create an address", "<p>New addresses are given out on the first Monday of the month.</p>")));
        at.Get("recover", _ => Visit.Page(Card("Choose a new password", "<p>We will call the telephone number on file.</p>")));
    }

    private static string NamePage(string typed, string fault) => Card("Log in to Quillpost", $"""
        <form method="post" action="/identifier/login" novalidate>
        <div class="fl{(fault.Length > 0 ? " fl-bad" : "")}"><input type="text" name="identifier" id="i0116" placeholder=" " autocomplete="username" autocapitalize="none" spellcheck="false" value="{Markup.Text(typed)}" autofocus><label for="i0116">Quillpost address</label></div>
        {(fault.Length > 0 ? $"""<p class="fl-msg" id="i0116e">{fault}</p>""" : "")}
        <div class="row"><a href="/identifier/signup">Create an address</a><button type="submit">Next</button></div></form>
        """);

    private static string SecretPage(Account account, string fault) => Card("Enter your password", $"""
        <p class="chip"><span class="dot">R</span>{Markup.Text(account.Name)} <a href="/identifier/login">Not you?</a></p>
        <form method="post" action="/identifier/login/secret" novalidate>
        <div class="fl{(fault.Length > 0 ? " fl-bad" : "")}"><input type="password" name="secret" id="i0118" placeholder=" " autocomplete="current-password" autofocus{(fault.Length > 0 ? " aria-invalid=\"true\" aria-describedby=\"i0118e\"" : "")}><label for="i0118">Password</label></div>
        {(fault.Length > 0 ? $"""<p class="fl-msg" id="i0118e">{fault}</p>""" : "")}
        <div class="row"><a href="/identifier/recover">Choose a new password</a><button type="submit">Log in</button></div></form>
        """);

    private static string Card(string heading, string content) => Markup.Document("en", heading + " · Quillpost", Css, $"""
        <div class="card"><a href="/identifier/" class="logo" aria-label="Quillpost home"><img src="/identifier/icon.svg" alt="" width="40" height="40"> Quillpost</a><h1>{heading}</h1>{content}</div>
        <ul class="legal"><li><a href="/identifier/">About</a></li><li><a href="/identifier/">Privacy</a></li><li><a href="/identifier/">Terms</a></li></ul>
        """, """<link rel="icon" href="/identifier/icon.svg">""");

    private static string Front() => Markup.Document("en", "Quillpost: mail that stays yours", Css, """
        <div class="front"><a class="logo" href="/identifier/"><img src="/identifier/icon.svg" alt="" width="40" height="40"> Quillpost</a><h1>Mail that stays yours.</h1>
        <p>No advertisements, no profiles, 20 GB for everybody.</p><p><a class="cta" href="/identifier/login">Log in</a> <a href="/identifier/signup">Create an address</a></p></div>
        """);

    private static string Inbox(Account account) => Markup.Document("en", "Inbox (4) · Quillpost", Css, $"""
        <div class="app"><div class="top"><a class="logo" href="/identifier/"><img src="/identifier/icon.svg" alt="" width="30" height="30"> Quillpost</a><input type="search" placeholder="Search mail"><span class="who" title="{Markup.Text(account.Name)}">{Markup.Text(account.Name)}</span><a href="/identifier/logout">Log out</a></div>
        <div class="cols"><ul class="folders"><li><b>Inbox (4)</b></li><li>Drafts</li><li>Sent</li><li>Archive</li></ul>
        <ol class="mails"><li><b>Allotment committee</b> Seed potatoes have arrived <time>9:12</time></li><li><b>Bram</b> Train times for Saturday <time>8:40</time></li><li><b>Library</b> Your loan is due in three days <time>Mon</time></li><li><b>Choir</b> New rehearsal room <time>Sun</time></li></ol></div></div>
        """);

    private const string Css = """
        body{margin:0;font:16px/1.5 "Segoe UI",Roboto,sans-serif;background:#eef6f5;color:#134e4a}.card{background:#fff;width:25rem;margin:9vh auto 1rem;padding:2.5rem;border-radius:22px;border:1px solid #cfe5e2}
        .logo{display:flex;gap:.6rem;align-items:center;font-weight:600;font-size:1.2rem;text-decoration:none;color:#0f766e}h1{font-weight:500;font-size:1.5rem}.fl{position:relative;margin-top:1.5rem}
        .fl input{width:100%;box-sizing:border-box;font:inherit;padding:1.1rem .9rem .6rem;border:1.5px solid #8fbfba;border-radius:10px}.fl label{position:absolute;left:.9rem;top:.85rem;color:#5b8a86;transition:.1s;pointer-events:none}
        .fl input:focus+label,.fl input:not(:placeholder-shown)+label{top:.15rem;font-size:.75rem}.fl-bad input{border-color:#b91c1c}.fl-msg{color:#b91c1c;margin:.4rem 0 0;font-size:.9rem}.row{display:flex;justify-content:space-between;align-items:center;margin-top:2rem}
        button,.cta{background:#0f766e;color:#fff;border:0;border-radius:99px;padding:.7rem 1.8rem;font:inherit;text-decoration:none;cursor:pointer}a{color:#0f766e}.chip{display:inline-flex;gap:.5rem;align-items:center;border:1px solid #cfe5e2;border-radius:99px;padding:.2rem .8rem .2rem .2rem;font-size:.9rem;margin:0}
        .dot{background:#0f766e;color:#fff;border-radius:50%;width:1.8rem;height:1.8rem;display:grid;place-items:center}.legal{list-style:none;display:flex;gap:1.5rem;justify-content:center;padding:0;font-size:.85rem}.front{max-width:34rem;margin:12vh auto}.front h1{font-size:3rem;margin:.5em 0 .2em}
        .top{display:flex;gap:1.5rem;align-items:center;background:#fff;padding:.8rem 1.5rem}.top input{flex:1;padding:.6rem 1rem;border-radius:99px;border:1px solid #cfe5e2;font:inherit}.cols{display:flex}.folders{list-style:none;padding:1.5rem;width:10rem}.folders li{padding:.4rem 0}
        .mails{list-style:none;flex:1;background:#fff;margin:1.5rem;padding:0;border-radius:14px}.mails li{padding:1rem 1.4rem;border-bottom:1px solid #eef6f5}.mails b{display:inline-block;width:13rem}time{float:right;color:#5b8a86}
        """;
}
