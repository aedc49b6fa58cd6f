namespace Ostiary.Portals.Sites;

/// <summary>A telephone company whose sessions end when the control API says so, or after so many pages.</summary>
internal sealed class ExpirySite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "expiry",
        Title = "Copperline Telecom",
        Path = "/expiry/self-care/login",
        Username = "0555017733",
        Password = "Practice-Only-33!",
        WrongPassword = "Not-The-Right-One-33!",
        WrongText = "Sorry, your mobile number or password is wrong.",
        Evidence = "Data left this month",
        Style = "Sessions expire by the control API or after N requests; expired visitors are sent to the login page with a note that is no refusal, and must sign in again.",
    };

    public override string Color => "#b91c1c";
    public override string Cookie => "cl_sc_session";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("self-care/login"));
        at.Get("self-care/login", visit => visit.Account is null ? Visit.Page(Shell(visit, "Log in", Form("", "", visit.TakeExpired()))) : visit.Go("self-care"));
        at.Post("self-care/login", visit =>
        {
            if (!visit.TryPassword(visit["msisdn"], visit["secret"], out var account)) return Visit.Page(Shell(visit, "Log in", Form(visit["msisdn"], "Sorry, your mobile number or password is wrong.", expired: false)));
            visit.SignIn(account);
            return visit.Go("self-care");
        });
        at.Get("self-care", visit => Inside(visit, "Overview", """<h1>Hi there</h1><div class="ring"><b>11.4 GB</b>Data left this month</div><p>Plan: Copper M · renews on the 3rd</p>"""));
        at.Get("self-care/bills", visit => Inside(visit, "Bills", """<h1>Bills</h1><table id="bills"><tr><th>Month</th><th>Amount</th></tr><tr><td>April</td><td>24.00</td></tr><tr><td>March</td><td>24.00</td></tr><tr><td>February</td><td>31.50</td></tr></table>"""));
        at.Get("self-care/settings", visit => Inside(visit, "Settings", """<h1>Settings</h1><p>Roaming is off. Voicemail is on.</p>"""));
        at.Get("self-care/logout", visit =>
        {
            visit.SignOut();
            return visit.Go("self-care/login");
        });
    }

    private static IResult Inside(Visit visit, string title, string main) => visit.Account is null ? visit.Go("self-care/login") : Visit.Page(Shell(visit, title, main));

    private static string Form(string number, string fault, bool expired) => $"""
        <h1>My Copperline</h1>{(expired ? """<div class="note">Your session has expired. Please log in again to continue.</div>""" : "")}{(fault.Length > 0 ? $"""<div class="note note-err" id="error-summary">{fault}</div>""" : "")}
        <form method="post" action="/expiry/self-care/login"><input type="tel" name="msisdn" id="msisdn" placeholder="Mobile number" title="Mobile number" value="{Markup.Text(number)}"><input type="password" name="secret" id="secret" placeholder="Password" title="Password"><button type="submit">Log in</button></form><p><a href="/expiry/self-care/login#sms">Get a new password by text</a></p>
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en", title + " – Copperline", Css, $"""
        <div class="tb"><b>copperline</b>{(visit.Account is null ? """<a href="/expiry/self-care/login">Phones</a><a href="/expiry/self-care/login">Plans</a>""" : """<a href="/expiry/self-care">Overview</a><a href="/expiry/self-care/bills">Bills</a><a href="/expiry/self-care/settings">Settings</a><a href="/expiry/self-care/logout">Log out</a>""")}</div><div class="ct">{main}</div>
        """, """<link rel="icon" href="/expiry/icon.svg">""");

    private const string Css = """
        body{margin:0;font:17px/1.5 Poppins,"Segoe UI",sans-serif;background:#fef2f2;color:#450a0a}.tb{display:flex;gap:2rem;background:#b91c1c;padding:1rem 2.5rem;border-radius:0 0 24px 24px}.tb b{flex:1;color:#fff;font-size:1.3rem}.tb a{color:#fecaca;text-decoration:none}.ct{max-width:24rem;margin:2.5rem auto;background:#fff;border-radius:24px;padding:1.5rem 2.2rem 2rem}form{display:grid;gap:.8rem}input{padding:.9rem 1.2rem;border-radius:99px;border:1px solid #fca5a5;font:inherit}button{padding:.9rem;border-radius:99px;border:0;background:#b91c1c;color:#fff;font:inherit;font-weight:600}.note{background:#fff7ed;border-radius:12px;padding:.7rem 1rem;margin-bottom:1rem}.note-err{background:#fee2e2}
        .ring{border:12px solid #fca5a5;border-top-color:#b91c1c;border-radius:50%;width:11rem;height:11rem;display:grid;place-content:center;text-align:center;margin:auto}.ring b{font-size:1.6rem}td,th{text-align:left;padding:.4rem 2rem .4rem 0}a{color:#b91c1c}
        """;
}
