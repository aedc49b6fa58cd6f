namespace Ostiary.Portals.Sites;

/// <summary>A broker of building materials whose code page has a box: do not ask again on this computer.</summary>
internal sealed class RememberSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "remember",
        Title = "Gantry Supplies",
        Path = "/remember/login",
        Username = "orders@gantry.example",
        Password = "Practice-Only-50!",
        WrongPassword = "Not-The-Right-One-50!",
        Mfa = "code",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "We have emailed you a security code", [new("code", "string", null, "000000")])],
        WrongText = "Login failed: invalid e-mail or password.",
        WrongCodeText = "The security code is invalid.",
        Evidence = "This computer is trusted",
        Style = "The code page has a box \"Trust this device for 30 days\"; who checks it sees so on the signed-in page. A link sends another code.",
    };

    public override string Color => "#4d7c0f";
    public override string Cookie => "gantry";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("login"));
        at.Get("login", _ => Visit.Page(Page(Login(""))));
        at.Post("login", visit =>
        {
            if (!visit.TryPassword(visit["email"], visit["password"], out var account)) return Visit.Page(Page(Login("Login failed: invalid e-mail or password.")));
            account.SendCode("email", code => $"Gantry security code: {code}");
            visit.Continue(account, "code");
            return visit.Go("login/code");
        });
        at.Get("login/code", visit => visit.PendingAt("code") is null ? visit.Go("login") : Visit.Page(Page(Code(""))));
        at.Post("login/code", visit =>
        {
            if (visit.PendingAt("code") is not { } account) return visit.Go("login");
            if (!account.TryCode(visit["security_code"])) return Visit.Page(Page(Code("The security code is invalid.")));
            visit.Visitor.Notes["trusted"] = visit["trust"];
            visit.SignIn(account);
            return visit.Go("orders");
        });
        at.Get("login/again", visit =>
        {
            if (visit.PendingAt("code") is not { } account) return visit.Go("login");
            account.SendCode("email", code => $"Gantry security code: {code}");
            return Visit.Page(Page(Code("", "A fresh code is on its way to you.")));
        });
        at.Get("orders", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Page($"""<h3>Open orders</h3><p>Two pallets of bricks.</p><p>{(visit.Visitor.Notes.GetValueOrDefault("trusted") == "on" ? "This computer is trusted" : "You will be asked for a code next time")}</p><a href="/remember/logout">Logout</a>""")));
        at.Get("logout", visit =>
        {
            visit.SignOut();
            return visit.Go("login");
        });
    }

    private static string Login(string fault) => $"""
        <h3>Trade login</h3><div class="err">{fault}</div><form method="post" action="/remember/login"><ul><li><label for="a">E-mail</label> <input id="a" name="email"><li><label for="b">Password</label> <input id="b" name="password" type="password"></ul><input type="submit" value="Login"></form>
        """;

    private static string Code(string fault, string notice = "") => $"""
        <h3>Security check</h3><p>We have emailed you a security code.</p><p class="note">{notice}</p><div class="err">{fault}</div><form method="post" action="/remember/login/code"><p><label for="c">Security code</label> <input id="c" name="security_code" size="8"></p><p><input type="checkbox" name="trust" id="t"> <label for="t">Trust this device for 30 days</label></p><input type="submit" value="Verify"></form><p><a href="/remember/login/again">Send me another code</a></p>
        """;

    private static string Page(string body) => Markup.Document("en", "Gantry Supplies", "body{font:15px/1.6 Verdana,sans-serif;margin:2rem;color:#1a2e05}ul{list-style:none;padding:0}li{margin:.5rem 0}label{display:inline-block;min-width:7rem}.err{color:#b91c1c}", body);
}
