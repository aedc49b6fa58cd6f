namespace Ostiary.Portals.Sites;

/// <summary>A mileage club that wants the last name beside number and password.</summary>
internal sealed class AirlineSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "airline",
        Title = "Cormorant Air Miles",
        Path = "/airline/club/sign-in",
        Username = "CA 7702 118",
        Password = "Practice-Only-49!",
        WrongPassword = "Not-The-Right-One-49!",
        SourceFields = new Dictionary<string, string> { ["last_name"] = "Okafor" },
        WrongText = "The membership number, last name and password do not match.",
        Evidence = "Miles to spend",
        Style = "Three fields: membership number, last name, password; the form sits below flight search fields of its own.",
    };

    public override string Color => "#1d4ed8";
    public override string Cookie => "corm";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Page($"""{Search}<p><a href="/airline/club/sign-in">Sign in to the mileage club</a></p>""")));
        at.Get("club/sign-in", _ => Visit.Page(Page(Search + Form(""))));
        at.Post("club/sign-in", visit =>
        {
            var named = string.Equals(visit["lastName"], Portal.SourceFields["last_name"], StringComparison.OrdinalIgnoreCase);
            if (!visit.TryPassword(visit["membershipNumber"], visit["password"], out var account, alsoRight: named)) return Visit.Page(Page(Search + Form("The membership number, last name and password do not match.")));
            visit.SignIn(account);
            return visit.Go("club");
        });
        at.Get("club", visit => visit.Account is null ? visit.Go("club/sign-in") : Visit.Page(Page("""<h2>Miles to spend</h2><p>18,204</p><p><a href="/airline/club/sign-out">Sign out</a></p>""")));
        at.Get("club/sign-out", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private const string Search = """<form class="s" action="/airline/"><b>Where to?</b> <label>From <input name="from" size="8"></label> <label>To <input name="to" size="8"></label> <label>On <input name="on" type="date"></label> <button>Search flights</button></form>""";

    private static string Form(string fault) => $"""
        <form class="c" method="post" action="/airline/club/sign-in"><h2>Mileage club sign-in</h2>{(fault.Length > 0 ? $"""<div role="alert">{fault}</div>""" : "")}<label>Membership number<input name="membershipNumber" required></label><label>Last name<input name="lastName" required></label><label>Password<input name="password" type="password" required></label><button>Sign in</button> <a href="/airline/club/sign-in#join">Join the club</a></form>
        """;

    private static string Page(string body) => Markup.Document("en", "Cormorant Air", "body{font:16px/1.5 Helvetica,sans-serif;margin:0 3rem;color:#172554}.s{background:#dbeafe;padding:1rem}.c{width:20rem;margin:2rem 0}.c label{display:block;margin:.7rem 0}.c input{display:block;width:100%}[role=alert]{color:#b91c1c}", body);
}
