namespace Ostiary.Portals.Sites;

/// <summary>A cycling club that proposes a new password after every sign-in, and takes "later" for an answer.</summary>
internal sealed class LaterSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "later",
        Title = "Spoke & Chain",
        Path = "/later/club",
        Username = "velma@spokechain.example",
        Password = "Practice-Only-45!",
        WrongPassword = "Not-The-Right-One-45!",
        WrongText = "Sorry, that email and password combination isn't one of ours.",
        Evidence = "Next ride: Saturday",
        Style = "After the password the site offers to choose a new one (two fields) with a link to do it later.",
    };

    public override string Color => "#dc2626";
    public override string Cookie => "spoke";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Page("""<h1>Spoke &amp; Chain</h1><p>We ride.</p><a class="pill" href="/later/club">Club login</a>""")));
        at.Get("club", _ => Visit.Page(Page(Login(""))));
        at.Post("club", visit =>
        {
            if (!visit.TryPassword(visit["email"], visit["pass"], out var account)) return Visit.Page(Page(Login("Sorry, that email and password combination isn't one of ours.")), StatusCodes.Status401Unauthorized);
            visit.Continue(account, "offer");
            return visit.Go("club/refresh");
        });
        at.Get("club/refresh", visit => visit.PendingAt("offer") is null ? visit.Go("club") : Visit.Page(Page("""
            <h1>Time for a fresh password?</h1><p>Yours is more than a year old. We suggest choosing a new password now.</p><form method="post" action="/later/club/refresh"><p><label>New password <input type="password" name="n1" autocomplete="new-password"></label></p><p><label>Repeat new password <input type="password" name="n2" autocomplete="new-password"></label></p><button class="pill">Save</button> <a href="/later/club/skip">Maybe later</a></form>
            """)));
        at.Get("club/skip", visit =>
        {
            if (visit.PendingAt("offer") is not { } account) return visit.Go("club");
            visit.SignIn(account);
            return visit.Go("club/rides");
        });
        at.Get("club/rides", visit => visit.Account is null ? visit.Go("club") : Visit.Page(Page("""<h1>Next ride: Saturday</h1><p>62 km, café at halfway.</p><a href="/later/club/out">Log out</a>""")));
        at.Get("club/out", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Login(string fault) => $"""
        <h1>Club login</h1><form method="post" action="/later/club"><p class="bad">{fault}</p><p><label>Email <input name="email" type="email"></label></p><p><label>Password <input name="pass" type="password"></label></p><button class="pill">Log in</button></form>
        """;

    private static string Page(string body) => Markup.Document("en", "Spoke & Chain", "body{font:18px/1.6 Futura,sans-serif;margin:3rem auto;width:32rem}.pill{background:#dc2626;color:#fff;border:0;border-radius:2rem;padding:.5rem 1.5rem;font:inherit;text-decoration:none}.bad{color:#dc2626}", body);
}
