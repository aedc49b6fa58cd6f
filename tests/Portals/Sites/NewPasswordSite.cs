namespace Ostiary.Portals.Sites;

/// <summary>Accounting software whose passwords run out: after signing in it insists on a new one.</summary>
internal sealed class NewPasswordSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "newpassword",
        Title = "Ledgerly",
        Path = "/newpassword/login",
        Username = "books@halden.example",
        Password = "Practice-Only-25!",
        WrongPassword = "Not-The-Right-One-25!",
        Expected = "password_change_required",
        ExpectedText = "Your password has expired",
        WrongText = "We couldn't sign you in with that email and password.",
        Evidence = "Invoices waiting for approval",
        Style = "The right password leads to a demand for a new one (current, new, repeat) that cannot be skipped.",
    };

    public override string Color => "#2563eb";
    public override string Cookie => "ledgerly";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Page("Home", """<div class="wide"><h1>Invoices waiting for approval</h1><p>Halden Joinery: 4</p><form method="post" action="/newpassword/logout"><button class="ghost">Log out</button></form></div>""")));
        at.Get("login", _ => Visit.Page(Page("Log in", LogIn("", ""))));
        at.Post("login", visit =>
        {
            if (!visit.TryPassword(visit["session[email]"], visit["session[password]"], out var account)) return Visit.Page(Page("Log in", LogIn(visit["session[email]"], "We couldn't sign you in with that email and password.")), StatusCodes.Status422UnprocessableEntity);
            if (account.HasOwnPassword)
            {
                visit.SignIn(account);
                return visit.Go();
            }

            visit.Continue(account, "change");
            return visit.Go("password/expired");
        });
        at.Get("password/expired", visit => visit.PendingAt("change") is null ? visit.Go("login") : Visit.Page(Page("Choose a new password", Change(""))));
        at.Post("password/expired", visit =>
        {
            if (visit.PendingAt("change") is not { } account) return visit.Go("login");
            if (visit["current"] != Portal.Password) return Visit.Page(Page("Choose a new password", Change("The current password is not right.")));
            if (visit["new"].Length < 12 || visit["new"] == visit["current"]) return Visit.Page(Page("Choose a new password", Change("Use at least 12 characters and not the old password.")));
            if (visit["new"] != visit["repeat"]) return Visit.Page(Page("Choose a new password", Change("The two new passwords differ.")));
            account.ChangePassword(visit["new"]);
            visit.SignIn(account);
            return visit.Go();
        });
        at.Post("logout", visit =>
        {
            visit.SignOut();
            return visit.Go("login");
        });
    }

    private static string LogIn(string email, string fault) => $"""
        <div class="panel"><h1>Log in</h1>{(fault.Length > 0 ? $"""<div class="alert alert-warning" role="alert">{fault}</div>""" : "")}<form method="post" action="/newpassword/login"><div class="form-group"><label for="session_email">Email</label><input class="form-control" type="email" name="session[email]" id="session_email" value="{Markup.Text(email)}"></div><div class="form-group"><label for="session_password">Password</label><input class="form-control" type="password" name="session[password]" id="session_password"></div><button type="submit" class="solid">Log in</button></form><p><a href="/newpassword/login#reset">Reset password</a></p></div><div class="quote"><blockquote>“The month closes itself.”</blockquote><p>Halden Joinery, customer since the first version</p></div>
        """;

    private static string Change(string fault) => $"""
        <div class="panel"><h1>Choose a new password</h1><p>Your password has expired. You must change it before you can continue.</p>{(fault.Length > 0 ? $"""<div class="alert alert-warning" role="alert">{fault}</div>""" : "")}<form method="post" action="/newpassword/password/expired"><div class="form-group"><label for="current">Current password</label><input class="form-control" type="password" name="current" id="current" autocomplete="current-password"></div><div class="form-group"><label for="new">New password</label><input class="form-control" type="password" name="new" id="new" autocomplete="new-password"></div><div class="form-group"><label for="repeat">Repeat new password</label><input class="form-control" type="password" name="repeat" id="repeat" autocomplete="new-password"></div><p class="rule">At least 12 characters, not one you have used before.</p><button type="submit" class="solid">Change password</button></form></div>
        """;

    private static string Page(string title, string main) => Markup.Document("en", title + " | Ledgerly", Css, $"""<div class="navbar">ledgerly<span>books that balance</span></div><div class="container">{main}</div>""", """<link rel="icon" href="/newpassword/icon.svg">""");

    private const string Css = """
        body{margin:0;font:15px/1.6 Lato,"Segoe UI",sans-serif;color:#1e3a8a;background:#f8fafc}.navbar{background:#2563eb;color:#fff;font-size:22px;font-weight:700;padding:14px 40px}.navbar span{font-size:13px;font-weight:400;margin-left:12px;color:#bfdbfe}.container{display:flex;gap:60px;max-width:960px;margin:40px auto}.panel{background:#fff;border:1px solid #e2e8f0;border-radius:8px;padding:20px 36px 28px;width:360px}.form-group{margin-bottom:14px}.form-control{display:block;width:100%;box-sizing:border-box;border:1px solid #94a3b8;border-radius:4px;padding:8px 10px;font:inherit}.solid{background:#2563eb;color:#fff;border:0;border-radius:4px;padding:9px 22px;font:inherit}.ghost{border:1px solid #2563eb;background:#fff;color:#2563eb;padding:8px 18px;border-radius:4px}
        .alert-warning{background:#fef3c7;border-left:4px solid #f59e0b;padding:10px 14px;color:#78350f;margin-bottom:14px}.quote{flex:1;padding-top:60px}blockquote{font:italic 30px Georgia,serif;margin:0}.rule{font-size:13px;color:#64748b}.wide{background:#fff;flex:1;padding:20px 36px}
        """;
}
