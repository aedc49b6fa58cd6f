namespace Ostiary.Portals.Sites;

/// <summary>Payroll software that asks for the company on a page of its own before it asks who is there.</summary>
internal sealed class TenantSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "tenant",
        Title = "Paperlark HR",
        Path = "/tenant/start",
        Username = "ines",
        Password = "Practice-Only-48!",
        WrongPassword = "Not-The-Right-One-48!",
        SourceFields = new Dictionary<string, string> { ["company_id"] = "northgate-mills" },
        WrongText = "That username and password don't go together.",
        Evidence = "Holiday left: 11 days",
        Style = "First page: the company ID alone; second page: user name and password of that company.",
    };

    public override string Color => "#c2410c";
    public override string Cookie => "lark";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("start"));
        at.Get("start", _ => Visit.Page(Page("Log in", Company(""))));
        at.Post("start", visit =>
        {
            if (visit["org"] != Portal.SourceFields["company_id"]) return Visit.Page(Page("Log in", Company("We can't find a company with this ID.")), StatusCodes.Status404NotFound);
            visit.Visitor.Notes["org"] = visit["org"];
            return visit.Go("login");
        });
        at.Get("login", visit => visit.Visitor.Notes.ContainsKey("org") ? Visit.Page(Page("Log in", Person(""))) : visit.Go("start"));
        at.Post("login", visit =>
        {
            if (!visit.Visitor.Notes.ContainsKey("org")) return visit.Go("start");
            if (!visit.TryPassword(visit["username"], visit["password"], out var account)) return Visit.Page(Page("Log in", Person("That username and password don't go together.")));
            visit.SignIn(account);
            return visit.Go("desk");
        });
        at.Get("desk", visit => visit.Account is null ? visit.Go("start") : Visit.Page(Page("Desk", """<h2>Holiday left: 11 days</h2><p>Payslip for April is ready.</p><form method="post" action="/tenant/logout"><button>Log out</button></form>""")));
        at.Post("logout", visit =>
        {
            visit.SignOut();
            return visit.Go("start");
        });
    }

    private static string Company(string fault) => $"""
        <div class="card"><h2>Log in to Paperlark</h2><form method="post" action="/tenant/start"><label for="o">Company ID</label><input id="o" name="org" value=""><small>{fault}</small><button>Continue</button></form><a href="/tenant/start#find">I don't know my company ID</a></div>
        """;

    private static string Person(string fault) => $"""
        <div class="card"><h2>Northgate Mills</h2><form method="post" action="/tenant/login"><small>{fault}</small><label for="u">Username</label><input id="u" name="username"><label for="p">Password</label><input id="p" name="password" type="password"><button>Log in</button></form><a href="/tenant/start">Not your company?</a></div>
        """;

    private static string Page(string title, string body) => Markup.Document("en", title + " · Paperlark", "body{background:#fff7ed;font:16px/1.5 'Segoe UI',sans-serif}.card{width:20rem;margin:4rem auto;background:#fff;padding:2rem;border-radius:1rem}label,small{display:block}small{color:#b91c1c}input{width:100%;box-sizing:border-box;padding:.6rem;margin-bottom:.8rem}button{background:#c2410c;color:#fff;border:0;border-radius:.5rem;padding:.6rem 1.5rem}", body);
}
