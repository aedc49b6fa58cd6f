using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Ostiary.Portals.Tests;

/// <summary>What can be seen over plain HTTP, without a browser.</summary>
public sealed partial class SiteTests(PortalsFixture fixture)
{
    private RunningPortals Portals => fixture.Portals;

    [Theory]
    [InlineData("classic", "/classic/Default.aspx", "ctl00$cph$txtUserID", "ctl00$cph$txtPwd")]
    [InlineData("frame", "/frame/widget/logon", "memberId", "memberPw")]
    [InlineData("lockout", "/lockout/client/login", "client_id", "client_secret")]
    [InlineData("cookies", "/cookies/account/login", "login[email]", "login[password]")]
    [InlineData("german", "/german/kundenportal/anmeldung.html", "benutzer", "kennwort")]
    [InlineData("home", "/home/patients/enter", "patient", "phrase")]
    [InlineData("expiry", "/expiry/self-care/login", "msisdn", "secret")]
    public async Task A_plain_form_lets_the_right_password_in_and_refuses_the_wrong_one(string id, string path, string userField, string passwordField)
    {
        var portal = PortalCatalog.Get(id);
        var account = PortalsFixture.FreshAccount(portal);
        using var client = new Client(Portals);

        using (var refused = await client.PostAsync(path, (userField, account), (passwordField, portal.WrongPassword!)))
            Assert.Contains(portal.WrongText!, WebUtility.HtmlDecode(await refused.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        using (var unknown = await client.PostAsync(path, (userField, "nobody"), (passwordField, portal.Password!)))
            Assert.Contains(portal.WrongText!, WebUtility.HtmlDecode(await unknown.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        using (var accepted = await client.PostAsync(path, (userField, account), (passwordField, portal.Password!)))
        {
            // The framed form answers with a script that moves the window.
            var page = id == "frame" ? await client.TextAsync("/frame/banking") : await accepted.Content.ReadAsStringAsync();
            Assert.Contains(portal.Evidence!, WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        }

        Assert.Equal(new Submissions(Passwords: 2, WrongPasswords: 1, RepeatedWrongPasswords: 0, Codes: 0, WrongCodes: 0, SignIns: 1, Locked: false), Portals.Submissions(id, account));
    }

    [Theory, InlineData("basic", "not accepted"), InlineData("digest", "Readers only")]
    public async Task Http_authentication_lets_the_right_password_in_and_refuses_the_wrong_one(string id, string refusal)
    {
        var portal = PortalCatalog.Get(id);
        var account = PortalsFixture.FreshAccount(portal);
        foreach (var (password, status, text) in new[] { (portal.WrongPassword!, HttpStatusCode.Unauthorized, refusal), (portal.Password!, HttpStatusCode.OK, portal.Evidence!) })
        {
            using var handler = new HttpClientHandler { Credentials = new NetworkCredential(account, password) };
            using var client = new HttpClient(handler);
            using var answer = await client.GetAsync(Portals.Url(portal), TestContext.Current.CancellationToken);
            Assert.Equal(status, answer.StatusCode);
            Assert.Contains(text, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.Equal((2, 1, 1), (Portals.Submissions(id, account).Passwords, Portals.Submissions(id, account).WrongPasswords, Portals.Submissions(id, account).SignIns));
    }

    [Fact]
    public async Task The_hotel_shows_stays_and_a_statement_after_the_code()
    {
        var portal = PortalCatalog.Get("hotel");
        var account = PortalsFixture.FreshAccount(portal);
        using var client = new Client(Portals);
        using (var blocked = await client.GetAsync("/hotel/statement.pdf")) Assert.Equal("text/html", blocked.Content.Headers.ContentType?.MediaType);

        var token = Token(await client.TextAsync("/hotel/sign-in"));
        using (var asked = await client.PostAsync("/hotel/sign-in", ("request_token", token), ("email", account), ("password", portal.Password!)))
            Assert.Contains("We sent a 6-digit code", await asked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using (var refused = await client.PostAsync("/hotel/verify", ("request_token", token), ("otp", portal.WrongCode!)))
            Assert.Contains(portal.WrongCodeText!, await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using (var accepted = await client.PostAsync("/hotel/verify", ("request_token", token), ("otp", Portals.CodeFor("hotel", account)!)))
        {
            var page = await accepted.Content.ReadAsStringAsync();
            Assert.Contains(portal.Evidence!, page, StringComparison.Ordinal);
            Assert.Equal(6, StayRow().Count(page));
        }

        Assert.Equal(2, StayRow().Count(await client.TextAsync("/hotel/account?year=2026")));
        using var statement = await client.GetAsync("/hotel/statement.pdf");
        Assert.Equal("application/pdf", statement.Content.Headers.ContentType?.MediaType);
        Assert.Equal("wayfarer-statement.pdf", statement.Content.Headers.ContentDisposition?.FileName);
        AssertPdf(await statement.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Many_sign_ins_of_one_account_may_be_under_way_at_once()
    {
        var portal = PortalCatalog.Get("hotel");
        var account = PortalsFixture.FreshAccount(portal);
        var clients = Enumerable.Range(0, 30).Select(_ => new Client(Portals)).ToArray();
        try
        {
            var tokens = new List<string>();
            foreach (var client in clients)
            {
                tokens.Add(Token(await client.TextAsync("/hotel/sign-in")));
                using (await client.PostAsync("/hotel/sign-in", ("request_token", tokens[^1]), ("email", account), ("password", portal.Password!))) { }
            }

            for (var i = 0; i < clients.Length; i++)
            {
                using var accepted = await clients[i].PostAsync("/hotel/verify", ("request_token", tokens[i]), ("otp", portal.Code!));
                Assert.Contains(portal.Evidence!, await accepted.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }

        Assert.Equal(clients.Length, Portals.Submissions("hotel", account).SignIns);
    }

    [Fact]
    public async Task A_forged_form_is_not_a_submission()
    {
        var portal = PortalCatalog.Get("hotel");
        var account = PortalsFixture.FreshAccount(portal);
        using var client = new Client(Portals);
        using var answer = await client.PostAsync("/hotel/sign-in", ("request_token", "made-up"), ("email", account), ("password", portal.Password!));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(0, Portals.Submissions("hotel", account).Passwords);
    }

    [Fact]
    public async Task The_third_wrong_password_locks_one_account_and_not_its_neighbour()
    {
        var portal = PortalCatalog.Get("lockout");
        string account = PortalsFixture.FreshAccount(portal), neighbour = PortalsFixture.FreshAccount(portal);
        using var client = new Client(Portals);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            using var refused = await client.PostAsync("/lockout/client/login", ("client_id", account), ("client_secret", portal.WrongPassword!));
            Assert.Equal(attempt < 3 ? HttpStatusCode.OK : HttpStatusCode.Locked, refused.StatusCode);
        }

        using (var locked = await client.PostAsync("/lockout/client/login", ("client_id", account), ("client_secret", portal.Password!))) Assert.Equal(HttpStatusCode.Locked, locked.StatusCode);
        using (var open = await client.PostAsync("/lockout/client/login", ("client_id", neighbour), ("client_secret", portal.Password!))) Assert.Contains(portal.Evidence!, await open.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(new Submissions(Passwords: 4, WrongPasswords: 3, RepeatedWrongPasswords: 2, Codes: 0, WrongCodes: 0, SignIns: 0, Locked: true), Portals.Submissions("lockout", account));
    }

    [Fact]
    public async Task The_third_wrong_code_leads_back_to_the_login_page()
    {
        var portal = PortalCatalog.Get("recode");
        var account = PortalsFixture.FreshAccount(portal);
        using var client = new Client(Portals);
        using (await client.PostAsync("/recode/logon", ("UserName", account), ("Password", portal.Password!))) { }
        for (var left = 2; left >= 1; left--)
        {
            using var again = await client.PostAsync("/recode/logon/code", ("AccessCode", portal.WrongCode!));
            Assert.Contains($"Attempts left: {left}", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var thrownOut = await client.PostAsync("/recode/logon/code", ("AccessCode", portal.WrongCode!))) Assert.Equal(HttpStatusCode.Forbidden, thrownOut.StatusCode);
        using var late = await client.PostAsync("/recode/logon/code", ("AccessCode", Portals.CodeFor("recode", account)!));
        Assert.DoesNotContain(portal.Evidence!, await late.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, Portals.Submissions("recode", account).SignIns);
    }

    [Fact]
    public async Task An_authenticator_code_is_good_once()
    {
        await using var own = await PortalHost.StartAsync(new PortalOptions { Clock = new StoppedClock() }, CancellationToken.None);
        var portal = PortalCatalog.Get("totp");
        var code = own.CodeFor("totp", portal.Username)!;
        Assert.Contains(portal.Evidence!, await SignInWithCode(own, portal, code), StringComparison.Ordinal);
        Assert.Contains(portal.WrongCodeText!, await SignInWithCode(own, portal, code), StringComparison.Ordinal);
    }

    private static async Task<string> SignInWithCode(RunningPortals own, Portal portal, string code)
    {
        using var client = new Client(own);
        var token = Token(await client.TextAsync("/totp/sessions/new"));
        using (await client.PostAsync("/totp/sessions", ("authenticity_token", token), ("login", portal.Username), ("password", portal.Password!))) { }
        using var answer = await client.PostAsync("/totp/sessions/two-factor", ("authenticity_token", token), ("app_otp", code));
        return await answer.Content.ReadAsStringAsync();
    }

    [Fact]
    public async Task A_sent_code_is_good_once_and_only_for_its_account()
    {
        var portal = PortalCatalog.Get("passwordless");
        string account = PortalsFixture.FreshAccount(portal), other = PortalsFixture.FreshAccount(portal);
        using Client client = new(Portals), stranger = new(Portals);
        using (await client.PostAsync("/passwordless/hello", ("address", account))) { }
        using (await stranger.PostAsync("/passwordless/hello", ("address", other))) { }
        var code = await Portals.WaitForCodeAsync("passwordless", account, 0, TestContext.Current.CancellationToken);
        using (var stolen = await stranger.PostAsync("/passwordless/hello/code", ("code", code))) Assert.Contains(portal.WrongCodeText!, WebUtility.HtmlDecode(await stolen.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        using (var accepted = await client.PostAsync("/passwordless/hello/code", ("code", code))) Assert.Contains(portal.Evidence!, await accepted.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using (await stranger.PostAsync("/passwordless/hello", ("address", account))) { }
        using var again = await stranger.PostAsync("/passwordless/hello/code", ("code", code));
        Assert.Contains(portal.WrongCodeText!, WebUtility.HtmlDecode(await again.Content.ReadAsStringAsync()), StringComparison.Ordinal);
    }

    /// <summary>Checks what a PDF reader relies on: header, end mark, and that every entry of the cross-reference table points at its object.</summary>
    private static void AssertPdf(byte[] file)
    {
        var text = Encoding.Latin1.GetString(file);
        Assert.StartsWith("%PDF-1.", text, StringComparison.Ordinal);
        Assert.EndsWith("%%EOF\n", text, StringComparison.Ordinal);
        var table = int.Parse(StartXref().Match(text).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.StartsWith("xref\n", text[table..], StringComparison.Ordinal);
        var entries = XrefEntry().Matches(text[table..]);
        Assert.NotEmpty(entries);
        for (var i = 0; i < entries.Count; i++)
            Assert.StartsWith($"{i + 1} 0 obj", text[int.Parse(entries[i].Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)..], StringComparison.Ordinal);
        var stream = PdfStream().Match(text);
        Assert.Equal(int.Parse(stream.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), stream.Groups[2].Length);
    }

    private static string Token(string page) => TokenField().Match(page).Groups[1].Value;

    [GeneratedRegex("""name="(?:request_token|authenticity_token)" value="([^"]+)""")]
    private static partial Regex TokenField();

    [GeneratedRegex("""<tr class="stay">""")]
    private static partial Regex StayRow();

    [GeneratedRegex("startxref\n([0-9]+)\n")]
    private static partial Regex StartXref();

    [GeneratedRegex("([0-9]{10}) 00000 n")]
    private static partial Regex XrefEntry();

    [GeneratedRegex("/Length ([0-9]+) >>\nstream\n(.*)\nendstream", RegexOptions.Singleline)]
    private static partial Regex PdfStream();

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    }
}
