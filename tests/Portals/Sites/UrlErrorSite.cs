namespace Ostiary.Portals.Sites;

/// <summary>A library that says no in its address only.</summary>
internal sealed class UrlErrorSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "urlerror",
        Title = "Bramble Library",
        Path = "/urlerror/patron",
        Username = "29007001",
        Password = "Practice-Only-41!",
        WrongPassword = "Not-The-Right-One-41!",
        WrongIsSilent = true,
        Evidence = "Items on loan",
        Style = "A refusal is the same page again with login_error=1 in its address, and not a word.",
    };

    public override string Color => "#7e22ce";
    public override string Cookie => "bramble";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Page("Bramble Library", """<h1>Bramble Library</h1><p>Open till eight.</p><p><a href="/urlerror/patron">Patron sign in</a></p>""")));
        at.Get("patron", visit => visit.Account is null
            ? Visit.Page(Page("Patron", """<h1>Patron sign in</h1><form method="post" action="/urlerror/patron"><fieldset><legend>Library card</legend>Card number <input name="card"> PIN <input name="pin" type="password" size="8"> <input type="submit" value="Sign in"></fieldset></form>"""))
            : Visit.Page(Page("Your card", """<h1>Items on loan</h1><ul><li>The Heron Year</li><li>Bread for Beginners</li></ul><p><a href="/urlerror/patron/out">Sign out</a></p>""")));
        at.Post("patron", visit =>
        {
            if (!visit.TryPassword(visit["card"], visit["pin"], out var account)) return visit.Go("patron?login_error=1");
            visit.SignIn(account);
            return visit.Go("patron");
        });
        at.Get("patron/out", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Page(string title, string body) => Markup.Document("en-US", title, "body{font:16px serif;margin:2em}legend{font-weight:bold}", body);
}
