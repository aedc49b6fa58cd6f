using System.Globalization;

namespace Ostiary.Portals.Sites;

/// <summary>The demo's site: plain forms, a token against forged requests, a code in one box, then stays to read and a statement to download.</summary>
internal sealed class HotelSite : Site
{
    private static readonly Stay[] Stays =
    [
        new("2026-04-17", "Larkspur Harbour House", "Port Ellery", 3, 2_940),
        new("2026-02-06", "Larkspur Alpine Lodge", "Saint Verain", 5, 6_125),
        new("2025-11-21", "Larkspur City Garden", "Norbridge", 2, 1_780),
        new("2025-08-09", "Larkspur Harbour House", "Port Ellery", 7, 7_350),
        new("2025-05-30", "Larkspur Station Hotel", "Kesterfield", 1, 640),
        new("2024-12-28", "Larkspur Alpine Lodge", "Saint Verain", 6, 7_020),
    ];

    public override Portal Portal { get; } = new()
    {
        Id = "hotel",
        Title = "Larkspur Hotels",
        Path = "/hotel/sign-in",
        Username = "ada.whitcombe@larkspur.example",
        Password = "Practice-Only-1!",
        WrongPassword = "Not-The-Right-One-1!",
        Mfa = "code",
        Code = "246810",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "We sent a 6-digit code", [new("code", "string", "246810", "000000")])],
        WrongText = "The e-mail address or password you entered is not correct.",
        WrongCodeText = "That code is not right. Check the message and try again.",
        Evidence = "Welcome back, Ada",
        Style = "Plain server-rendered form with labels and a request token; then a code by text message in one box. Stays to read, a statement to download.",
    };

    public override string Color => "#7a3b69";
    public override string Cookie => "wayfarer_session";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Home(visit)));
        at.Get("sign-in", visit => visit.Account is null ? Visit.Page(SignInPage(visit, "", "")) : visit.Go("account"));
        at.Post("sign-in", SignIn);
        at.Get("verify", visit => visit.PendingAt("code") is { } account ? Visit.Page(CodePage(visit, account, "")) : visit.Go("sign-in"));
        at.Post("verify", Verify);
        at.Get("account", visit => visit.Account is { } account ? Visit.Page(AccountPage(visit, account)) : visit.Go("sign-in"));
        at.Get("statement.pdf", Statement);
        at.Post("sign-out", SignOut);
        foreach (var page in new[] { "destinations", "offers", "join", "forgot-password", "help" }) at.Get(page, visit => Visit.Page(Text(visit, page)));
        at.Post("newsletter", visit => visit.Go());
    }

    private static IResult SignIn(Visit visit)
    {
        if (!visit.FromOwnForm("request_token")) return Visit.Page(SignInPage(visit, visit["email"], "Your session timed out. Please try again."), StatusCodes.Status400BadRequest);
        if (!visit.TryPassword(visit["email"], visit["password"], out var account))
            return Visit.Page(SignInPage(visit, visit["email"], "The e-mail address or password you entered is not correct."), StatusCodes.Status422UnprocessableEntity);
        account.SendCode("sms", code => $"{code} is your Larkspur Hotels sign-in code. It is valid for 10 minutes.");
        visit.Continue(account, "code");
        return visit.Go("verify");
    }

    private static IResult Verify(Visit visit)
    {
        if (visit.PendingAt("code") is not { } account) return visit.Go("sign-in");
        if (visit["resend"].Length > 0)
        {
            account.SendCode("sms", code => $"{code} is your Larkspur Hotels sign-in code. It is valid for 10 minutes.");
            return visit.Go("verify");
        }

        if (!visit.FromOwnForm("request_token") || !account.TryCode(visit["otp"]))
            return Visit.Page(CodePage(visit, account, "That code is not right. Check the message and try again."), StatusCodes.Status422UnprocessableEntity);
        visit.SignIn(account);
        return visit.Go("account");
    }

    private static IResult SignOut(Visit visit)
    {
        if (visit.FromOwnForm("request_token")) visit.SignOut();
        return visit.Go();
    }

    private static IResult Statement(Visit visit)
    {
        if (visit.Account is not { } account) return visit.Go("sign-in");
        var lines = new List<string> { "Member: Ada Whitcombe", "Member number: " + MemberNumber(account), "Points balance: 18,430", "" };
        lines.AddRange(Stays.Select(stay => string.Create(CultureInfo.InvariantCulture, $"{stay.Date}   {stay.Hotel}, {stay.Town}   {stay.Nights} nights   {stay.Points:N0} points")));
        return Results.File(Pdf.Document("Wayfarer Club statement", lines), "application/pdf", "wayfarer-statement.pdf");
    }

    /// <summary>Each account has a number of its own, so that mixed-up sessions are noticed.</summary>
    private static string MemberNumber(Account account)
    {
        var hash = account.Name.Aggregate(17L, (sum, letter) => ((sum * 31) + letter) % 1_000_000_000);
        return string.Create(CultureInfo.InvariantCulture, $"WF {hash / 1_000_000:D3} {hash / 1_000 % 1_000:D3} {hash % 1_000:D3}");
    }

    private static string Home(Visit visit) => Shell(visit, "Larkspur Hotels | Stay a little longer", """
        <section class="hero"><h1>Stay a little longer.</h1><p>Forty-one houses by the sea, in the hills and next to the station.</p>
        <form role="search" action="/hotel/destinations" class="finder"><label for="where">Where to?</label><input id="where" name="where" type="search" placeholder="Town or hotel">
        <label for="arrive">Arrival</label><input id="arrive" name="arrive" type="date"><button>Find a room</button></form></section>
        <section class="cards"><article><h2>Third night free</h2><p>At all Alpine Lodges until the snow melts.</p><a href="/hotel/offers">See the offer</a></article>
        <article><h2>Wayfarer Club</h2><p>Ten points for every crown you spend. Late check-out, always.</p><a href="/hotel/join">Join for free</a></article>
        <article><h2>Work from here</h2><p>A desk, a door and good coffee from 8 to 6.</p><a href="/hotel/offers">Day rooms</a></article></section>
        """);

    private static string SignInPage(Visit visit, string email, string fault) => Shell(visit, "Sign in | Wayfarer Club", $"""
        <section class="panel"><h1>Sign in to Wayfarer Club</h1>
        {(fault.Length > 0 ? $"""<div class="notice notice--bad" role="alert">{fault}</div>""" : "")}
        {(visit.TakeExpired() ? """<div class="notice" role="status">Your session has ended. Please sign in again.</div>""" : "")}
        <form method="post" action="/hotel/sign-in">
        <input type="hidden" name="request_token" value="{visit.Visitor.Csrf}">
        <label for="email">E-mail address</label><input id="email" name="email" type="email" autocomplete="username" required value="{Markup.Text(email)}">
        <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
        <p class="tick"><input id="remember" name="remember" type="checkbox"><label for="remember">Keep my e-mail on this computer</label></p>
        <button type="submit" class="go">Sign in</button></form>
        <p><a href="/hotel/forgot-password">Forgot your password?</a></p><p>Not a member yet? <a href="/hotel/join">Join Wayfarer Club</a></p></section>
        """);

    private static string CodePage(Visit visit, Account account, string fault) => Shell(visit, "Verify it's you | Wayfarer Club", $"""
        <section class="panel"><h1>Verify it's you</h1>
        <p>We sent a 6-digit code by text message to the number ending in 42 for <strong>{Markup.Text(account.Name)}</strong>.</p>
        {(fault.Length > 0 ? $"""<div class="notice notice--bad" role="alert">{fault}</div>""" : "")}
        <form method="post" action="/hotel/verify"><input type="hidden" name="request_token" value="{visit.Visitor.Csrf}">
        <label for="otp">Verification code</label><input id="otp" name="otp" inputmode="numeric" autocomplete="one-time-code" maxlength="6" required autofocus>
        <button type="submit" class="go">Verify</button></form>
        <form method="post" action="/hotel/verify"><button class="plain" name="resend" value="1">Send a new code</button></form></section>
        """);

    private static string AccountPage(Visit visit, Account account)
    {
        var year = visit["year"];
        var shown = Stays.Where(stay => year.Length == 0 || stay.Date.StartsWith(year, StringComparison.Ordinal)).ToArray();
        var years = string.Concat(Stays.Select(stay => stay.Date[..4]).Distinct().Select(y => $"<option{(y == year ? " selected" : "")}>{y}</option>"));
        var rows = string.Concat(shown.Select(stay => string.Create(CultureInfo.InvariantCulture, $"""
            <tr class="stay"><td class="stay-date"><time datetime="{stay.Date}">{stay.Date}</time></td><td class="stay-hotel">{stay.Hotel}</td><td class="stay-town">{stay.Town}</td><td class="stay-nights">{stay.Nights}</td><td class="stay-points">{stay.Points:N0}</td></tr>
            """)));
        return Shell(visit, "Your account | Wayfarer Club", $"""
            <section class="account"><h1>Welcome back, Ada</h1>
            <dl class="facts"><div><dt>Member number</dt><dd id="member-number">{MemberNumber(account)}</dd></div><div><dt>Points balance</dt><dd id="points-balance">18,430</dd></div><div><dt>Level</dt><dd id="level">Silver</dd></div></dl>
            <div class="bar"><h2>Your stays</h2><form action="/hotel/account"><label for="year">Year</label><select id="year" name="year"><option value="">All</option>{years}</select><button>Show</button></form></div>
            <table id="stays"><thead><tr><th>Date</th><th>Hotel</th><th>Town</th><th>Nights</th><th>Points</th></tr></thead><tbody>{rows}</tbody></table>
            <p><a class="go" id="statement" href="/hotel/statement.pdf">Download statement (PDF)</a></p></section>
            """);
    }

    private static string Text(Visit visit, string page) => Shell(visit, "Larkspur Hotels", $"""
        <section class="account"><h1>{char.ToUpperInvariant(page[0])}{page[1..].Replace('-', ' ')}</h1><p>Please call our desk at 0555 010 41, day or night. We are glad to help.</p></section>
        """);

    private static string Shell(Visit visit, string title, string main)
    {
        var corner = visit.Account is null
            ? """<a class="corner" href="/hotel/sign-in">Sign in</a>"""
            : $"""
              <details class="menu"><summary>Ada Whitcombe</summary><a href="/hotel/account">Your account</a>
              <form method="post" action="/hotel/sign-out"><input type="hidden" name="request_token" value="{visit.Visitor.Csrf}"><button class="plain">Sign out</button></form></details>
              """;
        return Markup.Document("en-GB", title, Css, $"""
            <header><a class="brand" href="/hotel/">Larkspur<span>Hotels</span></a><nav><a href="/hotel/destinations">Destinations</a><a href="/hotel/offers">Offers</a><a href="/hotel/help">Help</a></nav>{corner}</header>
            <main>{main}</main>
            <footer><form method="post" action="/hotel/newsletter"><label for="news">Quiet places, once a month, by e-mail</label><input id="news" name="newsletter_email" type="email" placeholder="you@example.org"><button>Subscribe</button></form>
            <p>Larkspur Hotels is a fictional company. © Larkspur Hotels</p></footer>
            """, """<link rel="icon" href="/hotel/icon.svg" type="image/svg+xml">""");
    }

    private sealed record Stay(string Date, string Hotel, string Town, int Nights, int Points);

    private const string Css = """
        *{box-sizing:border-box}body{margin:0;font:17px/1.55 Georgia,"Times New Roman",serif;color:#33222e;background:#fbf7f4}
        header{display:flex;align-items:center;gap:2rem;padding:1rem 2.5rem;background:#fff;border-bottom:1px solid #eadfd8}nav{flex:1;display:flex;gap:1.5rem}a{color:#7a3b69}
        nav a,.corner,.brand{text-decoration:none}.brand{font-size:1.5rem;color:#7a3b69}.brand span{font-size:.9rem;letter-spacing:.2em;text-transform:uppercase;margin-left:.5rem;color:#a88}
        .corner,.go{display:inline-block;background:#7a3b69;color:#fff;border:0;border-radius:3px;padding:.6rem 1.4rem;font:inherit;text-decoration:none;cursor:pointer}
        .hero{padding:6rem 2.5rem;background:linear-gradient(120deg,#7a3b69,#c98a7b 70%,#f0d9b8);color:#fff}.hero h1{font-size:3.2rem;margin:0}.finder{display:flex;gap:.75rem;align-items:center;margin-top:2rem;background:#fff;color:#33222e;padding:1rem;border-radius:4px;width:max-content}
        input,select,button{font:inherit}input,select{padding:.5rem .7rem;border:1px solid #cbb8c3;border-radius:3px}.cards{display:grid;grid-template-columns:repeat(3,1fr);gap:1.5rem;padding:2.5rem}.cards article{background:#fff;padding:1.5rem;border-top:3px solid #c98a7b}
        .panel{width:27rem;margin:3rem auto;background:#fff;padding:2rem 2.5rem;border-top:4px solid #7a3b69;box-shadow:0 8px 30px #0001}.panel h1{font-size:1.6rem;margin-top:0}.panel label{display:block;margin:.9rem 0 .25rem}.panel input:not([type=checkbox]){width:100%}
        .panel .go{width:100%;margin-top:1rem}.tick{display:flex;gap:.5rem;align-items:center}.tick label{margin:0!important}.plain{background:none;border:0;color:#7a3b69;text-decoration:underline;cursor:pointer;padding:.4rem 0}
        .notice{padding:.7rem 1rem;background:#eef3f0;border-left:4px solid #4a7}.notice--bad{background:#fbeaea;border-color:#b3261e;color:#7d1a14}
        .account{max-width:60rem;margin:2.5rem auto;padding:0 1.5rem}.facts{display:flex;gap:1.5rem;margin:1.5rem 0}.facts div{background:#fff;padding:1rem 1.5rem;flex:1;border-top:3px solid #c98a7b}.facts dt{font-size:.85rem;color:#866}.facts dd{margin:0;font-size:1.5rem}
        .bar,.bar form{display:flex;justify-content:space-between;align-items:center;gap:.6rem}.bar button,.finder button,footer button{background:#fff;border:1px solid #7a3b69;color:#7a3b69;border-radius:3px;padding:.5rem 1rem;cursor:pointer}table{width:100%;border-collapse:collapse;background:#fff}th,td{text-align:left;padding:.7rem 1rem;border-bottom:1px solid #eadfd8}.menu{position:relative}.menu summary{cursor:pointer}.menu[open]{background:#fff}
        footer{margin-top:3rem;padding:2rem 2.5rem;background:#33222e;color:#e9dde5}footer form{display:flex;gap:.75rem;align-items:center}footer p{font-size:.85rem;color:#b9a}
        """;
}
