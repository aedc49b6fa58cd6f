namespace Ostiary.Portals.Sites;

/// <summary>A place for source code with an authenticator app as second step; every code is good once.</summary>
internal sealed class TotpSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "totp",
        Title = "Forgeyard",
        Path = "/totp/sessions/new",
        Username = "vera-builds",
        Password = "Practice-Only-24!",
        WrongPassword = "Not-The-Right-One-24!",
        Mfa = "totp",
        WrongCode = "00000",
        TotpSecret = "KRUGS4ZANFZSA3TPOQQGCIDSMVQWYIDT",
        ExpectedChallenges = [new("mfa", "Open your authenticator app", [new("code", "string", null, "00000")])],
        WrongText = "Incorrect username or password.",
        WrongCodeText = "Two-factor code is invalid or was used before.",
        Evidence = "Your repositories",
        Style = "Authenticator code (RFC 6238) after the password; each code is accepted once per account; recovery-code link as a distraction.",
    };

    public override string Color => "#1f2937";
    public override string Cookie => "_forge_session";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? Visit.Page(Shell(visit, "Forgeyard", """<div class="hero"><h1>Where code is hammered out.</h1><p><a class="Button" href="/totp/sessions/new">Sign in</a> <a href="/totp/signup">Sign up</a></p></div>""")) : Visit.Page(Shell(visit, "Dashboard", """
            <div class="Box"><div class="Box-header">Your repositories</div><div class="Box-row">vera-builds/kiln-controller</div><div class="Box-row">vera-builds/dotfiles</div><div class="Box-row">tide-tables/almanac</div></div>
            """)));
        at.Get("signup", visit => Visit.Page(Shell(visit, "Sign up", """<div class="auth"><h1>Sign-up is by invitation</h1></div>""")));
        at.Get("sessions/new", visit => Visit.Page(Shell(visit, "Sign in to Forgeyard", LogIn(visit, "", ""))));
        at.Post("sessions", visit =>
        {
            if (!visit.FromOwnForm("authenticity_token")) return visit.Go("sessions/new");
            if (!visit.TryPassword(visit["login"], visit["password"], out var account)) return Visit.Page(Shell(visit, "Sign in to Forgeyard", LogIn(visit, visit["login"], "Incorrect username or password.")));
            visit.Continue(account, "totp");
            return visit.Go("sessions/two-factor");
        });
        at.Get("sessions/two-factor", visit => visit.PendingAt("totp") is null ? visit.Go("sessions/new") : Visit.Page(Shell(visit, "Two-factor authentication", TwoFactor(visit, ""))));
        at.Post("sessions/two-factor", visit =>
        {
            if (visit.PendingAt("totp") is not { } account || !visit.FromOwnForm("authenticity_token")) return visit.Go("sessions/new");
            if (!account.TryTotp(visit["app_otp"])) return Visit.Page(Shell(visit, "Two-factor authentication", TwoFactor(visit, "Two-factor code is invalid or was used before.")), StatusCodes.Status422UnprocessableEntity);
            visit.SignIn(account);
            return visit.Go();
        });
        at.Post("logout", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string LogIn(Visit visit, string login, string fault) => $"""
        <div class="auth"><h1>Sign in to Forgeyard</h1>{Flash(fault)}<div class="auth-body"><form action="/totp/sessions" accept-charset="UTF-8" method="post"><input type="hidden" name="authenticity_token" value="{visit.Visitor.Csrf}">
        <label for="login_field">Username or email address</label><input type="text" name="login" id="login_field" class="form-control" autocapitalize="off" value="{Markup.Text(login)}">
        <div class="rel"><label for="pw">Password</label><a class="label-link" href="/totp/#reset">Forgot password?</a><input type="password" name="password" id="pw" class="form-control"></div><input type="submit" name="commit" value="Sign in" class="Button wide"></form></div><p class="callout">New to Forgeyard? <a href="/totp/signup">Create an account</a>.</p></div>
        """;

    private static string TwoFactor(Visit visit, string fault) => $"""
        <div class="auth"><h1>Two-factor authentication</h1>{Flash(fault)}<div class="auth-body"><form action="/totp/sessions/two-factor" method="post"><input type="hidden" name="authenticity_token" value="{visit.Visitor.Csrf}"><label for="app_totp">Authentication code</label><input type="text" name="app_otp" id="app_totp" class="form-control" placeholder="XXXXXX" inputmode="numeric" autocomplete="off">
        <button class="Button wide">Verify</button></form><p>Open your authenticator app to view your authentication code.</p></div><p class="callout"><a href="/totp/#recovery">Use a recovery code</a></p></div>
        """;

    private static string Flash(string fault) => fault.Length == 0 ? "" : $"""<div class="flash flash-error" id="js-flash-container">{fault}<button type="button" aria-label="Dismiss this message" onclick="this.parentElement.remove()">×</button></div>""";

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en", title, Css, $"""
        <div class="Header"><a href="/totp/">⚒ forgeyard</a><form><input name="q" placeholder="Search or jump to…" aria-label="Search"></form>{(visit.Account is null ? "" : """<details><summary aria-label="View profile and more">V</summary><form method="post" action="/totp/logout"><button>Sign out</button></form></details>""")}</div>{main}
        """, """<link rel="icon" href="/totp/icon.svg">""");

    private const string Css = """
        body{margin:0;font:14px/1.5 -apple-system,"Segoe UI",Helvetica,sans-serif;color:#1f2937;background:#f9fafb}.Header{display:flex;gap:16px;align-items:center;background:#1f2937;padding:14px 28px}.Header a{color:#fff;font-weight:600;font-size:18px;text-decoration:none}.Header form{flex:1}.Header input{background:#374151;border:1px solid #4b5563;color:#fff;border-radius:6px;padding:5px 10px;width:260px}.Header details{position:relative;color:#fff}summary{width:30px;height:30px;border-radius:50%;background:#f59e0b;display:grid;place-items:center}details form{position:absolute;right:0;background:#fff;padding:10px;border:1px solid #d1d5db}
        .hero{padding:16vh 10vw}.hero h1{font-size:48px}.auth{width:308px;margin:40px auto}.auth h1{font-size:22px;font-weight:300;text-align:center}.auth-body{background:#fff;border:1px solid #d1d5db;border-radius:6px;padding:16px}.form-control{width:100%;box-sizing:border-box;padding:6px 10px;border:1px solid #d1d5db;border-radius:6px;margin:4px 0 14px;font:inherit}.rel{position:relative}.label-link{position:absolute;right:0;font-size:12px}.Button{background:#15803d;color:#fff;border:0;border-radius:6px;padding:7px 16px;font:inherit;font-weight:600;text-decoration:none}.wide{width:100%}
        .flash-error{background:#fee2e2;border:1px solid #fca5a5;border-radius:6px;padding:14px;margin-bottom:14px;display:flex;justify-content:space-between}.flash button{border:0;background:none}.callout{border:1px solid #d1d5db;border-radius:6px;padding:14px;text-align:center}.Box{width:560px;margin:40px auto;background:#fff;border:1px solid #d1d5db;border-radius:6px}.Box-header{font-weight:600;padding:14px;background:#f3f4f6}.Box-row{padding:12px 14px;border-top:1px solid #e5e7eb}
        """;
}
