namespace Ostiary.Portals.Sites;

/// <summary>A personnel system for companies: it wants the company's id besides name and password.</summary>
internal sealed class CompanySite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "company",
        Title = "Crewdesk",
        Path = "/company/app/auth",
        Username = "m.santos",
        Password = "Practice-Only-16!",
        WrongPassword = "Not-The-Right-One-16!",
        SourceFields = new Dictionary<string, string> { ["company_id"] = "NORTH-4471" },
        WrongText = "Authentication failed. Check company, user and password.",
        Evidence = "Team calendar",
        Style = "Company ID as a third field before user name and password; utility-class markup; error in a bar on top of the page.",
    };

    public override string Color => "#0e7490";
    public override string Cookie => "crewdesk_sess";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Page("Crewdesk", """<div class="p-8 mx-auto w-lg"><h1 class="text-3xl">People software for people.</h1><p class="mt-4">Shifts, holidays and contracts for teams of 5 to 500.</p><p class="mt-4"><a class="btn" href="/company/app/auth">Go to my workplace</a></p></div>""")));
        at.Get("app/auth", _ => Visit.Page(Page("Sign in to your workplace", Auth("", "", ""))));
        at.Post("app/auth", visit =>
        {
            var company = visit["tenant"].Trim().Equals("NORTH-4471", StringComparison.OrdinalIgnoreCase);
            if (!visit.TryPassword(visit["user"], visit["pass"], out var account, company)) return Visit.Page(Page("Sign in to your workplace", Auth(visit["tenant"], visit["user"], "Authentication failed. Check company, user and password.")), StatusCodes.Status401Unauthorized);
            visit.SignIn(account);
            return visit.Go("app");
        });
        at.Get("app", visit => visit.Account is null ? visit.Go("app/auth") : Visit.Page(Page("Crewdesk", """
            <div class="flex bar"><b>Crewdesk</b><span>Northfield Bakeries</span><span class="grow"></span><span>M. Santos</span><a href="/company/app/exit">Sign out</a></div><div class="p-8"><h1 class="text-3xl">Team calendar</h1><p class="mt-4">Monday: early shift, ovens 2 and 3</p><p>Tuesday: off</p><p>Wednesday: early shift, deliveries</p></div>
            """)));
        at.Get("app/exit", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Auth(string tenant, string user, string fault) => $"""
        {(fault.Length > 0 ? $"""<div class="toast-bar bg-red" data-testid="banner">{fault}</div>""" : "")}
        <div class="center"><div class="sheet p-8"><div class="text-3xl">Sign in to your workplace</div><form method="post" action="/company/app/auth" class="mt-4">
        <div class="stack"><label class="lbl" for="f-tenant">Company ID</label><input class="inp" id="f-tenant" name="tenant" placeholder="e.g. SOUTH-1203" value="{Markup.Text(tenant)}"><span class="hint">You find it on your contract, top right.</span></div>
        <div class="stack"><label class="lbl" for="f-user">User</label><input class="inp" id="f-user" name="user" value="{Markup.Text(user)}"></div><div class="stack"><label class="lbl" for="f-pass">Password</label><input class="inp" id="f-pass" name="pass" type="password"></div>
        <div class="mt-4 flex"><span class="grow"><a href="/company/#ask">Ask your administrator for a new password</a></span><button class="btn" type="submit">Sign in</button></div></form></div></div>
        """;

    private static string Page(string title, string body) => Markup.Document("en", title, Css, body, """<link rel="icon" href="/company/icon.svg">""");

    private const string Css = """
        *{box-sizing:border-box}body{margin:0;font:15px/1.6 ui-sans-serif,system-ui,sans-serif;color:#164e63;background:linear-gradient(#ecfeff,#cffafe);min-height:100vh}.p-8{padding:2rem}.mt-4{margin-top:1rem}.mx-auto{margin:12vh auto}.w-lg{width:34rem}.flex{display:flex;gap:1rem;align-items:center}.grow{flex:1}.text-3xl{font-size:1.7rem;font-weight:700}.btn{background:#0e7490;color:#fff;border:0;border-radius:.5rem;padding:.65rem 1.4rem;font:inherit;text-decoration:none}.center{display:grid;place-items:center;min-height:90vh}.sheet{background:#fff;width:27rem;border-radius:1rem;box-shadow:0 10px 40px #0e749033}
        .stack{margin-bottom:1rem}.lbl{display:block;font-size:.85rem;font-weight:600}.inp{width:100%;padding:.6rem .8rem;border:1px solid #a5f3fc;border-radius:.5rem;background:#f8feff;font:inherit}.hint{font-size:.75rem;color:#5b8c99}.toast-bar{padding:.8rem 2rem;color:#fff;text-align:center}.bg-red{background:#b91c1c}.bar{background:#164e63;color:#cffafe;padding:1rem 2rem}a{color:#0e7490}.bar a{color:#fff}
        """;
}
