namespace Ostiary.Portals.Sites;

/// <summary>A journal without passwords: an address, then a code from the mailbox.</summary>
internal sealed class PasswordlessSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "passwordless",
        Title = "Inkwell Journal",
        Path = "/passwordless/hello",
        Username = "wren@inkwell.example",
        Mfa = "email_code",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "Check your inbox", [new("code", "string", null, "000000")])],
        WrongCodeText = "This code doesn't match the one in our latest mail.",
        Evidence = "Dear diary, day 412",
        Style = "No password at all: an address, then a code that was mailed.",
    };

    public override string Color => "#4c1d95";
    public override string Cookie => "ink";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? visit.Go("hello") : Visit.Page(Page("Journal", """<div class="sheet"><p class="date">Thursday</p><h1>Dear diary, day 412</h1><p>Rain again. The heron was back at the weir.</p><p><a href="/passwordless/bye">Log out</a></p></div>""")));
        at.Get("hello", _ => Visit.Page(Page("Hello", Hello(""))));
        at.Post("hello", visit =>
        {
            if (!visit["address"].Contains('@', StringComparison.Ordinal)) return Visit.Page(Page("Hello", Hello("This is not an e-mail address.")), StatusCodes.Status422UnprocessableEntity);
            // An unknown address sees the same page and gets no mail: nobody learns who keeps a journal here.
            var account = visit.State.Account(visit["address"]);
            if (account.Known) account.SendCode("email", code => $"Your Inkwell code is {code}. Paste it into the page you came from.");
            visit.Continue(account, "mail");
            return visit.Go("hello/code");
        });
        at.Get("hello/code", visit => visit.PendingAt("mail") is { } account ? Visit.Page(Page("Check your inbox", Code(account, ""))) : visit.Go("hello"));
        at.Post("hello/code", visit =>
        {
            if (visit.PendingAt("mail") is not { } account) return visit.Go("hello");
            if (!account.TryCode(visit["code"])) return Visit.Page(Page("Check your inbox", Code(account, "This code doesn't match the one in our latest mail.")));
            visit.SignIn(account);
            return visit.Go();
        });
        at.Get("bye", visit =>
        {
            visit.SignOut();
            return visit.Go("hello");
        });
    }

    private static string Hello(string fault) => $"""
        <div class="sheet"><h1>Hello again.</h1><p>We don't do passwords. Tell us your address and we'll send you a code.</p><form method="post" action="/passwordless/hello"><input type="email" name="address" placeholder="name@example.org" aria-label="Your e-mail address" autocomplete="email"><button>Email me a code</button></form><p class="f">{fault}</p><p class="small">First time here? Just enter your address, the journal makes itself.</p></div>
        """;

    private static string Code(Account account, string fault) => $"""
        <div class="sheet"><h1>Check your inbox</h1><p>We've mailed a code to <b>{Markup.Text(account.Name)}</b>.</p><form method="post" action="/passwordless/hello/code"><input name="code" placeholder="Code from the mail" aria-label="Code from the mail" autocomplete="one-time-code"><button>Open my journal</button></form><p class="f" role="status">{fault}</p><p class="small"><a href="/passwordless/hello">Use another address</a></p></div>
        """;

    private static string Page(string title, string body) => Markup.Document("en", title + " — Inkwell", Css, body, """<link rel="icon" href="/passwordless/icon.svg">""");

    private const string Css = """
        body{margin:0;background:#ede9fe;font:19px/1.7 "Hoefler Text","Baskerville Old Face",Garamond,serif;color:#2e1065}.sheet{width:30rem;margin:12vh auto;background:repeating-linear-gradient(#fff 0 35px,#e9e5ff 35px 36px);padding:2rem 3rem;border-left:6px double #c4b5fd}form{display:flex;gap:.6rem}input{flex:1;padding:.6rem .8rem;border:1px solid #4c1d95;font:inherit;min-width:0}button{background:#4c1d95;color:#fff;border:0;padding:.6rem 1rem;font:inherit}.f{color:#be123c;min-height:1.5em}.small,.date{font-size:.85rem}a{color:#4c1d95}
        """;
}
