namespace Ostiary.Portals.Sites;

/// <summary>A grid company whose customers may hold several supply points and must say which one they mean.</summary>
internal sealed class AccountChoiceSite : Site
{
    private static readonly (string Number, string Place, string Due)[] Supplies =
    [
        ("5510 2231", "Flat 2, 18 Canal Row", "48.10"),
        ("5510 7764", "Garage, Tanner's Yard", "6.35"),
        ("5512 0098", "The Old Bakery, Mere End", "131.72"),
    ];

    public override Portal Portal { get; } = new()
    {
        Id = "accounts",
        Title = "Gridline Electric",
        Path = "/accounts/my/login",
        Username = "samira@gridline.example",
        Password = "Practice-Only-15!",
        WrongPassword = "Not-The-Right-One-15!",
        Mfa = "account",
        ExpectedChallenges = [new("account_selection", "Which account do you want to see?", [new("account_id", "select", "18 Canal Row", null, ["18 Canal Row", "Tanner's Yard", "The Old Bakery"])])],
        WrongText = "Oops! Email or password is wrong.",
        Evidence = "Amount due",
        Style = "After the password three accounts to choose from, as a list of links without any form.",
    };

    public override string Color => "#ca8a04";
    public override string Cookie => "gl-web";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "Gridline Electric", """<div class="zap"><h1>We keep the lights on in the valley.</h1><p>Power cut? Call 0555 010 77 at any hour.</p></div>""")));
        at.Get("my/login", visit => Visit.Page(Shell(visit, "Log in", LogIn("", ""))));
        at.Post("my/login", visit =>
        {
            if (!visit.TryPassword(visit["user_session[email]"], visit["user_session[password]"], out var account)) return Visit.Page(Shell(visit, "Log in", LogIn(visit["user_session[email]"], "Oops! Email or password is wrong.")), StatusCodes.Status422UnprocessableEntity);
            visit.Continue(account, "supply");
            return visit.Go("my/accounts");
        });
        at.Get("my/accounts", visit => visit.PendingAt("supply") is null ? visit.Go("my/login") : Visit.Page(Shell(visit, "Choose an account", Choose())));
        for (var i = 0; i < Supplies.Length; i++)
        {
            var (number, place, due) = Supplies[i];
            at.Get("my/accounts/" + number.Replace(" ", "", StringComparison.Ordinal), visit =>
            {
                if (visit.PendingAt("supply") is { } account)
                {
                    account.TryAnswer(right: true);
                    visit.SignIn(account);
                }

                return visit.Account is null ? visit.Go("my/login") : Visit.Page(Shell(visit, "Account " + number, $"""
                    <h1>{place}</h1><p>Account number {number}</p><div class="due">Amount due <b>{due}</b></div><p><a href="/accounts/my/logout">Sign out</a></p>
                    """));
            });
        }

        at.Get("my/logout", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string LogIn(string email, string fault) => $"""
        <h1>Log in</h1>{(fault.Length > 0 ? $"""<div id="flash" class="flash_alert">{fault}</div>""" : "")}<form method="post" action="/accounts/my/login" accept-charset="UTF-8">
        <div class="field"><input placeholder="Email" type="email" name="user_session[email]" value="{Markup.Text(email)}"></div><div class="field"><input placeholder="Password" type="password" name="user_session[password]"></div><div class="field"><button name="button" type="submit">Let me in</button></div></form>
        <p><a href="/accounts/#pw">I forgot my password</a><br><a href="/accounts/#new">Register your account</a></p>
        """;

    private static string Choose() => $"""
        <h1>Which account do you want to see?</h1><p>You are registered for three supply points.</p><ul class="supplies">{string.Concat(Supplies.Select(supply => $"""<li><a href="/accounts/my/accounts/{supply.Number.Replace(" ", "", StringComparison.Ordinal)}"><b>{supply.Place}</b><span>Account {supply.Number}</span></a></li>"""))}</ul>
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en", title, Css, $"""
        <div class="hazard"></div><div class="head"><a href="/accounts/"><b>⚡ GRIDLINE</b></a><a href="/accounts/#outage">Report a power cut</a><a href="/accounts/#meters">Meters</a>{(visit.Account is null ? """<a href="/accounts/my/login">My account</a>""" : """<span>Samira</span>""")}</div><div class="body">{main}</div>
        """, """<link rel="icon" href="/accounts/icon.svg">""");

    private const string Css = """
        body{margin:0;font:16px/1.5 "Arial Narrow",Arial,sans-serif;background:#18181b;color:#fafafa}.hazard{height:12px;background:repeating-linear-gradient(45deg,#facc15 0 20px,#18181b 20px 40px)}.head{display:flex;gap:2.5rem;padding:1.2rem 3rem}.head a:first-child{flex:1}a{color:#facc15;text-decoration:none}.body{width:34rem;margin:3rem auto}.zap{text-align:center}.field{margin:.8rem 0}.field input{width:100%;box-sizing:border-box;padding:.9rem;background:#27272a;border:1px solid #52525b;color:#fff;font:inherit}.field button{background:#facc15;border:0;padding:.8rem 2rem;font:inherit;font-weight:bold}
        .flash_alert{background:#7f1d1d;padding:.8rem 1rem}.supplies{list-style:none;padding:0}.supplies a{display:flex;justify-content:space-between;padding:1.2rem;background:#27272a;margin-bottom:.6rem;border-left:5px solid #facc15}.due{font-size:1.4rem;border:1px solid #facc15;padding:1.2rem}
        """;
}
