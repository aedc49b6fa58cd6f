namespace Ostiary.Portals.Sites;

/// <summary>An insurer that lets the customer choose how to get the code: text message, e-mail or app.</summary>
internal sealed class MethodChoiceSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "choice",
        Title = "Atlas Mutual Insurance",
        Path = "/choice/Login",
        Username = "j.okonkwo@atlasmutual.example",
        Password = "Practice-Only-12!",
        WrongPassword = "Not-The-Right-One-12!",
        Mfa = "choice",
        WrongCode = "000000",
        ExpectedChallenges =
        [
            new("mfa", "How would you like to receive your security code?", [new("method", "select", "Text message", null, ["Text message", "Email", "Authenticator app"])]),
            new("mfa", "Enter your security code", [new("code", "string", null, "000000")]),
        ],
        WrongText = "We're unable to verify your information. Please re-enter your user ID and password.",
        WrongCodeText = "The security code is incorrect or has expired.",
        Evidence = "Policy HO-771-20418",
        Style = "Radio buttons offer three ways to receive a code (masked targets), then a page for the code.",
    };

    public override string Color => "#1d4ed8";
    public override string Cookie => "ATLAS_ID";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? visit.Go("Login") : Visit.Page(Shell(visit, "My policies", """
            <h1>My policies</h1><article class="pol"><h2>Home</h2><p>Policy HO-771-20418 · paid until 1 February</p></article><article class="pol"><h2>Bicycle</h2><p>Policy BI-103-55120 · one open claim</p></article>
            """)));
        at.Get("Login", visit => Visit.Page(Shell(visit, "Log in to My Atlas", LogIn("", ""))));
        at.Post("Login", visit =>
        {
            if (!visit.TryPassword(visit["UserId"], visit["Password"], out var account))
                return Visit.Page(Shell(visit, "Log in to My Atlas", LogIn(visit["UserId"], "We're unable to verify your information. Please re-enter your user ID and password.")));
            visit.Continue(account, "choose");
            return visit.Go("Login/Challenge");
        });
        at.Get("Login/Challenge", visit => visit.PendingAt("choose") is null ? visit.Go("Login") : Visit.Page(Shell(visit, "Protecting your account", Choose(""))));
        at.Post("Login/Challenge", Choice);
        at.Get("Login/Code", visit => visit.PendingAt("code") is null ? visit.Go("Login") : Visit.Page(Shell(visit, "Enter code", CodePage(visit, ""))));
        at.Post("Login/Code", visit =>
        {
            if (visit.PendingAt("code") is not { } account) return visit.Go("Login");
            if (!account.TryCode(visit["SecurityCode"])) return Visit.Page(Shell(visit, "Enter code", CodePage(visit, "The security code is incorrect or has expired.")));
            visit.SignIn(account);
            return visit.Go();
        });
        at.Get("Logout", visit =>
        {
            visit.SignOut();
            return visit.Go("Login");
        });
    }

    private static IResult Choice(Visit visit)
    {
        if (visit.PendingAt("choose") is not { } account) return visit.Go("Login");
        var (channel, target) = visit["deliveryMethod"] switch
        {
            "SMS" => ("sms", "a text message to (•••) •••-0142"),
            "EML" => ("email", "an email to j•••••@atlasmutual.example"),
            "APP" => ("app", "your authenticator app"),
            _ => ("", ""),
        };
        if (channel.Length == 0) return Visit.Page(Shell(visit, "Protecting your account", Choose("Please select one of the options.")));
        account.SendCode(channel, code => $"Atlas Mutual security code: {code}");
        visit.Visitor.Notes["target"] = target;
        visit.Continue(account, "code");
        return visit.Go("Login/Code");
    }

    private static string LogIn(string user, string fault) => $"""
        <h1>Log in to My Atlas</h1>{(fault.Length > 0 ? $"""<div class="validation-summary-errors"><span>{fault}</span></div>""" : "")}
        <form method="post" action="/choice/Login"><table role="presentation"><tr><th><label for="UserId">User ID</label></th><td><input id="UserId" name="UserId" value="{Markup.Text(user)}"><br><a href="/choice/Login#id">Forgot user ID</a></td></tr>
        <tr><th><label for="Password">Password</label></th><td><input id="Password" name="Password" type="password"><br><a href="/choice/Login#pw">Forgot password</a></td></tr><tr><td></td><td><button type="submit">Log in</button></td></tr></table></form>
        """;

    private static string Choose(string fault) => $"""
        <h1>Protecting your account</h1><p>How would you like to receive your security code?</p>{(fault.Length > 0 ? $"""<div class="validation-summary-errors"><span>{fault}</span></div>""" : "")}
        <form method="post" action="/choice/Login/Challenge" class="opts"><input type="radio" name="deliveryMethod" id="dm1" value="SMS"><label for="dm1">Text message to (•••) •••-0142</label>
        <input type="radio" name="deliveryMethod" id="dm2" value="EML"><label for="dm2">Email to j•••••@atlasmutual.example</label><input type="radio" name="deliveryMethod" id="dm3" value="APP"><label for="dm3">Authenticator app</label>
        <p><button type="submit">Continue</button> <a href="/choice/Logout">Cancel</a></p></form>
        """;

    private static string CodePage(Visit visit, string fault) => $"""
        <h1>Enter your security code</h1><p>We sent {visit.Visitor.Notes.GetValueOrDefault("target")}. It may take a minute to arrive.</p>{(fault.Length > 0 ? $"""<div class="validation-summary-errors"><span>{fault}</span></div>""" : "")}
        <form method="post" action="/choice/Login/Code"><table role="presentation"><tr><th><label for="SecurityCode">Security code</label></th><td><input id="SecurityCode" name="SecurityCode" type="tel" size="8"></td></tr><tr><td></td><td><label><input type="checkbox" name="Register" value="1"> Remember this device</label></td></tr><tr><td></td><td><button type="submit">Submit</button></td></tr></table></form>
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en-US", title + " | Atlas Mutual", Css, $"""
        <div class="util"><span>Find an agent</span><span>Contact</span>{(visit.Account is null ? "" : """<a href="/choice/Logout">Log out</a>""")}</div><div class="hd"><span class="globe">◍</span> Atlas Mutual</div><div class="wrap"><div class="main">{main}</div><aside><h3>Storm season</h3><p>Take photographs of your roof before autumn. It makes claims faster.</p><form><label>ZIP code <input name="zip" size="6"></label><button type="button">Get a quote</button></form></aside></div>
        """, """<link rel="icon" href="/choice/icon.svg">""");

    private const string Css = """
        body{margin:0;font:16px/1.55 "Open Sans",Verdana,sans-serif;color:#1e293b}.util{background:#1e293b;color:#cbd5e1;font-size:.8rem;padding:.4rem 4rem;display:flex;gap:2rem;justify-content:flex-end}.util a{color:#fff}.hd{padding:1.2rem 4rem;font-size:1.5rem;font-weight:700;color:#1d4ed8;border-bottom:1px solid #e2e8f0}.globe{font-size:1.8rem}
        .wrap{display:grid;grid-template-columns:1fr 18rem;gap:3rem;padding:2rem 4rem}aside{background:#eff6ff;padding:1.2rem;height:max-content}h1{font-size:1.6rem}th{text-align:right;padding:.7rem 1rem;vertical-align:top;font-weight:600}td{padding:.5rem 0}input:not([type=radio]):not([type=checkbox]){padding:.5rem;border:1px solid #64748b;font:inherit}a{color:#1d4ed8;font-size:.9rem}button{background:#1d4ed8;color:#fff;border:0;padding:.6rem 1.8rem;font:inherit;border-radius:3px}
        .validation-summary-errors{background:#fef2f2;border-top:3px solid #dc2626;padding:.8rem 1rem;margin:1rem 0}.opts label{display:block;border:1px solid #cbd5e1;padding:.9rem .9rem .9rem 2.6rem;margin-bottom:.5rem}.opts input[type=radio]{float:left;margin:1.25rem -2rem 0 1rem;position:relative}.pol{border:1px solid #cbd5e1;padding:0 1.2rem;margin-bottom:1rem}
        """;
}
