namespace Ostiary.Portals.Sites;

/// <summary>A permit office that is down: 503 until the control API says otherwise, then an ordinary form.</summary>
internal sealed class MaintenanceSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "maintenance",
        Title = "Wexmoor Permits",
        Path = "/maintenance/login",
        Username = "builder.joss",
        Password = "Practice-Only-20!",
        Expected = "source_not_available",
        ExpectedText = "unavailable while we carry out planned maintenance",
        Evidence = "Permit 2291: approved",
        Style = "503 with a maintenance page for every request; the control API can switch it off or limit it to the next N requests, after which user name and password work.",
    };

    public override string Color => "#475569";
    public override string Cookie => "wxp";

    public override void Prepare(SiteState state) => state.Unavailable = int.MaxValue;

    public override string UnavailablePage() => Markup.Document("en-GB", "Service unavailable – Wexmoor Permits", Css, """
        <div class="band">Wexmoor Council</div><main><h1>Sorry, the service is unavailable</h1><p>Permits online is unavailable while we carry out planned maintenance.</p><p>You will be able to use the service later today. Applications in progress have been saved.</p><p>Call 0555 010 33 if your building site is not safe.</p></main>
        """);

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("login"));
        at.Get("login", _ => Visit.Page(Shell("Sign in", Form(""))));
        at.Post("login", visit =>
        {
            if (!visit.TryPassword(visit["username"], visit["password"], out var account)) return Visit.Page(Shell("Error: Sign in", Form("Enter a username and password that match our records")), StatusCodes.Status400BadRequest);
            visit.SignIn(account);
            return visit.Go("permits");
        });
        at.Get("permits", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Shell("Your permits", """<h1>Your permits</h1><p>Permit 2291: approved</p><p>Permit 2305: waiting for a drawing</p><p><a href="/maintenance/logout">Sign out</a></p>""")));
        at.Get("logout", visit =>
        {
            visit.SignOut();
            return visit.Go("login");
        });
    }

    private static string Form(string fault) => $"""
        {(fault.Length > 0 ? $"""<div class="sum" role="alert" aria-labelledby="est"><h2 id="est">There is a problem</h2><a href="#username">{fault}</a></div>""" : "")}
        <h1>Sign in to Permits online</h1><form method="post" action="/maintenance/login"><label for="username">Username</label><input id="username" name="username"><label for="password">Password</label><input id="password" name="password" type="password"><button>Sign in</button></form>
        """;

    private static string Shell(string title, string main) => Markup.Document("en-GB", title + " – Wexmoor Permits", Css, $"""<div class="band">Wexmoor Council</div><main>{main}</main>""");

    private const string Css = """
        body{margin:0;font:19px/1.5 Arial,sans-serif}.band{background:#0b0c0c;color:#fff;font-weight:bold;padding:14px 30px;border-bottom:10px solid #475569}main{max-width:640px;margin:40px 30px}h1{font-size:40px;line-height:1.1}label{display:block;margin:20px 0 5px}input{border:2px solid #0b0c0c;padding:6px;width:320px;font:inherit}button{display:block;margin-top:28px;background:#00703c;color:#fff;border:0;padding:10px 16px;font:inherit;box-shadow:0 2px 0 #002d18}.sum{border:5px solid #d4351c;padding:0 20px 20px}.sum a{color:#d4351c;font-weight:bold}
        """;
}
