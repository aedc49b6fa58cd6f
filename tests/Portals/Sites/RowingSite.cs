namespace Ostiary.Portals.Sites;

/// <summary>
/// A rowing club whose members sign in with their Google account. The identity provider (OpenID Connect's authorization code flow, as far as a browser sees it) is ours and lies on
/// the other origin. The club has a form of its own as well: a Google password typed there has gone to the wrong house, and is counted as a wrong one.
/// </summary>
internal sealed class RowingSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "rowing",
        Title = "Weirside Rowing",
        Path = "/rowing/members",
        Username = "noor.saleh@weirside.example",
        Password = "Practice-Only-36!",
        WrongPassword = "Not-The-Right-One-36!",
        WrongText = "Wrong password. Try again or click Forgot password to reset it.",
        Mfa = "code",
        Code = "246810",
        WrongCode = "111111",
        WrongCodeText = "Wrong code. Try again.",
        ExpectedChallenges = [new("mfa", "A text message with a 6-digit verification code was just sent", [new("code", "string", "246810", "111111")])],
        Evidence = "Boat reserved: Kingfisher, Saturday 7:30",
        AuthMethod = "google_sso",
        Style = "\"Continue with Google\" beside a form of the club's own: identifier, password, code and consent at an identity provider of another origin (localhost against 127.0.0.1), then back.",
    };

    public override string Color => "#1d4ed8";
    public override string Cookie => "weirside";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Club(visit, "Weirside Rowing", """
            <section><h1>Out on the water by half past seven.</h1><p>Eights, fours and a leaky tub for beginners.</p></section>
            """)));
        at.Get("members", visit => visit.Account is null ? Visit.Page(Club(visit, "Members", Gate(""))) : visit.Go("boats"));
        at.Post("members", visit =>
        {
            // Whatever is typed here is no club password: members of this club have Google accounts.
            visit.TryPassword(visit["member_email"], visit["member_pw"], out _, alsoRight: false);
            return Visit.Page(Club(visit, "Members", Gate("This address has no club password. Continue with Google instead.")));
        });
        at.Get("google", visit =>
        {
            visit.Visitor.Notes["state"] = Ids.New();
            return Results.Redirect($"{visit.OtherOrigin}/rowing/idp/authorize?client=weirside&state={visit.Visitor.Notes["state"]}");
        });
        at.Get("callback", visit =>
        {
            if (visit["state"].Length == 0 || !visit.Visitor.Notes.TryGetValue("state", out var state) || state != visit["state"] || visit.State.TakeTicket(visit["code"]) is not { } account)
                return Visit.Page(Club(visit, "Members", Gate("Signing in with Google did not work. Please try again.")));
            visit.SignIn(account);
            return visit.Go("boats");
        });
        at.Get("boats", visit => visit.Account is null ? visit.Go("members") : Visit.Page(Club(visit, "Your boats", """
            <section><h1>Hello Noor</h1><p><b>Boat reserved: Kingfisher, Saturday 7:30</b></p><p>Membership paid until October.</p></section>
            """)));
        at.Get("ashore", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
        MapProvider(at);
    }

    private static void MapProvider(SiteRoutes at)
    {
        at.Get("idp/authorize", visit =>
        {
            visit.Visitor.Notes["idp-state"] = visit["state"];
            return visit.Go("idp/identifier");
        });
        at.Get("idp/identifier", visit => Visit.Page(Provider("Sign in", "to continue to Weirside Rowing", """
            <form method="post" action="/rowing/idp/identifier"><input type="email" id="identifierId" name="identifier" aria-label="Email or phone" placeholder="Email or phone" autocomplete="username webauthn">
            <input type="password" name="hiddenPassword" tabindex="-1" aria-hidden="true" style="position:absolute;left:-9999px;width:1px;height:1px"><p><a href="/rowing/idp/identifier#forgot">Forgot email?</a></p>
            <div class="row"><button type="button">Create account</button><button type="submit" class="go">Next</button></div></form>
            """)));
        at.Post("idp/identifier", visit =>
        {
            visit.Continue(visit.State.Account(visit["identifier"]), "idp-password");
            return visit.Go("idp/pwd");
        });
        at.Get("idp/pwd", visit => visit.PendingAt("idp-password") is { } account ? Visit.Page(PasswordPage(account, "")) : visit.Go("idp/identifier"));
        at.Post("idp/pwd", visit =>
        {
            if (visit.PendingAt("idp-password") is not { } pending) return visit.Go("idp/identifier");
            if (!visit.TryPassword(pending.Name, visit["Passwd"], out var account)) return Visit.Page(PasswordPage(pending, "Wrong password. Try again or click Forgot password to reset it."));
            account.SendCode("sms", code => $"G-{code} is your verification code.");
            visit.Continue(account, "idp-code");
            return visit.Go("idp/challenge");
        });
        at.Get("idp/challenge", visit => visit.PendingAt("idp-code") is not null ? Visit.Page(CodePage("")) : visit.Go("idp/identifier"));
        at.Post("idp/challenge", visit =>
        {
            if (visit.PendingAt("idp-code") is not { } account) return visit.Go("idp/identifier");
            if (!account.TryCode(visit["Pin"])) return Visit.Page(CodePage("Wrong code. Try again."));
            visit.Continue(account, "idp-consent");
            return visit.Go("idp/consent");
        });
        at.Get("idp/consent", visit => visit.PendingAt("idp-consent") is { } account ? Visit.Page(Provider("Weirside Rowing wants access to your Google Account", account.Name, """
            <p>When you allow this access, Weirside Rowing will be able to see your name and your primary email address.</p>
            <p>See Weirside Rowing's <a href="/rowing/idp/consent#privacy">privacy policy</a> and <a href="/rowing/idp/consent#terms">Terms of Service</a>.</p>
            <form method="post" action="/rowing/idp/consent"><div class="row"><button name="decision" value="cancel">Cancel</button><button name="decision" value="continue" class="go">Continue</button></div></form>
            """)) : visit.Go("idp/identifier"));
        at.Post("idp/consent", visit =>
        {
            if (visit.PendingAt("idp-consent") is not { } account) return visit.Go("idp/identifier");
            var state = visit.Visitor.Notes.GetValueOrDefault("idp-state", "");
            var answer = visit["decision"] == "continue" ? "code=" + visit.State.IssueTicket(account) : "error=access_denied";
            return Results.Redirect($"{visit.OtherOrigin}/rowing/callback?{answer}&state={state}");
        });
    }

    private static string PasswordPage(Account account, string fault) => Provider("Welcome", account.Name, $"""
        <form method="post" action="/rowing/idp/pwd"><input type="password" name="Passwd" aria-label="Enter your password" placeholder="Enter your password" autocomplete="current-password"{(fault.Length > 0 ? " aria-invalid=\"true\"" : "")}>
        <div class="bad" aria-live="polite">{fault}</div><label><input type="checkbox"> Show password</label><div class="row"><button type="button">Forgot password?</button><button type="submit" class="go">Next</button></div></form>
        """);

    private static string CodePage(string fault) => Provider("2-Step Verification", "To help keep your account safe, we want to make sure it's really you", $"""
        <p>A text message with a 6-digit verification code was just sent to •••• 42.</p>
        <form method="post" action="/rowing/idp/challenge"><input type="tel" name="Pin" id="idvPin" aria-label="Enter the code" placeholder="Enter the code" pattern="[0-9 ]*" maxlength="8" autocomplete="off">
        <div class="bad" aria-live="polite">{fault}</div><label><input type="checkbox" name="trust" checked> Don't ask again on this device</label><div class="row"><button type="button">Try another way</button><button type="submit" class="go">Next</button></div></form>
        """);

    private static string Gate(string fault) => $"""
        <section class="gate"><h1>Members</h1>{(fault.Length > 0 ? $"""<p class="bad">{fault}</p>""" : "")}
        <a class="g" href="/rowing/google"><svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true"><circle cx="9" cy="9" r="8" fill="none" stroke="#4285f4" stroke-width="3"/></svg>Continue with Google</a><p class="or">or</p>
        <form method="post" action="/rowing/members"><label>Email<input name="member_email" type="email" autocomplete="username"></label><label>Club password<input name="member_pw" type="password" autocomplete="current-password"></label><button>Log in</button></form></section>
        """;

    private static string Club(Visit visit, string title, string main) => Markup.Document("en", title + " · Weirside Rowing", ClubCss, $"""
        <header><a href="/rowing/">weirside</a><nav><a href="/rowing/">Boats</a><a href="/rowing/">Coaching</a>{(visit.Account is null ? """<a href="/rowing/members">Members</a>""" : """<a href="/rowing/ashore">Log out</a>""")}</nav></header><main>{main}</main>
        """, """<link rel="icon" href="/rowing/icon.svg">""");

    private static string Provider(string heading, string under, string content) => Markup.Document("en", heading, ProviderCss, $"""
        <div class="card"><div class="brand">Google (practice)</div><h1>{Markup.Text(heading)}</h1><p>{Markup.Text(under)}</p>{content}</div>
        """);

    private const string ClubCss = """
        body{margin:0;font:18px/1.6 Verdana,sans-serif;color:#172554}header{display:flex;justify-content:space-between;padding:1.2rem 3rem;background:#1d4ed8}header a{color:#fff;text-decoration:none;margin-left:2rem}main{max-width:44rem;margin:3rem auto}
        .gate{max-width:22rem;margin:auto}.g{display:flex;gap:.8rem;align-items:center;justify-content:center;border:1px solid #94a3b8;border-radius:99px;padding:.7rem;color:#172554;text-decoration:none}.or{text-align:center;color:#64748b}.bad{color:#b91c1c}
        label{display:block;margin-top:1rem;font-size:.85rem}input{display:block;width:100%;box-sizing:border-box;padding:.6rem;font:inherit}form button{margin-top:1.2rem;width:100%;padding:.7rem;background:#1d4ed8;color:#fff;border:0;font:inherit}
        """;

    private const string ProviderCss = """
        body{margin:0;font:15px/1.5 Roboto,Arial,sans-serif;background:#f0f4f9;color:#1f1f1f}.card{width:26rem;margin:12vh auto;background:#fff;border-radius:28px;padding:36px}.brand{color:#5f6368}h1{font-weight:400}
        input[type=email],input[type=password],input[type=tel]{width:100%;box-sizing:border-box;padding:14px;border:1px solid #747775;border-radius:4px;font:inherit}.row{display:flex;justify-content:flex-end;gap:1rem;margin-top:3rem}button{border:0;background:none;color:#0b57d0;font:inherit;padding:10px 16px}
        .go{background:#0b57d0;color:#fff;border-radius:99px}.bad{color:#b3261e;min-height:1.4em}label{display:block;margin-top:1rem}
        """;
}
