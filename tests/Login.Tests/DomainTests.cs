using Ostiary.Browser;
using Ostiary.Server.Sessions;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>On which domains values are typed: the source's, and where its own steps lead.</summary>
public sealed class DomainTests(Shared shared)
{
    private const string Form = "<title>Sign in</title><h1>Sign in</h1><form method=post action=/in><label>User name <input name=user></label><label>Password <input name=password type=password></label><button>Sign in</button></form>";
    private const string Identifier = "<title>Sign in</title><h1>Sign in</h1><form method=post action=/next><label>E-mail <input name=username autocomplete=username></label><button>Next</button></form>";
    private const string Home = "<header><a href=/login>Sign in</a></header><main><h1>A bank</h1><p>Money.</p></main>";
    private const string Code = "<h1>Two-step verification</h1><p>We sent a code to your phone.</p><form><label>Code <input name=code inputmode=numeric maxlength=6></label><button>Verify</button></form>";

    private static readonly Uri Bank = new("https://www.bank.example/");

    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Where_the_source_s_address_redirects_is_the_source()
    {
        var form = await LookAsync("/login", Form);
        Assert.Null(RefusalOn(Start(), form, "online-bank.example"));
        Assert.Null(RefusalOn(Start(), form, "login.bank.example"));
        // Its link leads on from there.
        var home = At(await LookAsync("/", Home), "bank-group.example");
        Assert.Null(RefusalOn(Clicked(Start().Seeing(home), home), form, "online-bank.example"));
        Assert.Contains("not reached by an encrypted connection", RefusalOn(Start(), form, "online-bank.example", "http"), StringComparison.Ordinal);
        Assert.Contains("not reached by an encrypted connection", RefusalOn(Start(), form, "www.bank.example", "http"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_source_s_own_link_leads_to_its_sign_in_and_no_link_of_anybody_else_does()
    {
        var form = await LookAsync("/login", Form);
        var home = At(await LookAsync("/", Home), Bank.Host);
        var clicked = Clicked(Start().Seeing(home), home);
        Assert.Null(RefusalOn(clicked, form, "online-bank.example"));
        // A page on the way that moves on by itself.
        var between = At(await LookAsync("/wait", "<p>One moment.</p>"), "vendor.example");
        Assert.Null(RefusalOn(clicked.Seeing(between), form, "online-bank.example"));
        // A link that another domain calls "sign in".
        var elsewhere = At(await LookAsync("/", Home.Replace("/login", "/enter/login", StringComparison.Ordinal)), "portal.example");
        var led = Clicked(clicked.Seeing(elsewhere), elsewhere);
        Assert.Contains("evil.example, which the source did not lead to", RefusalOn(led, form, "evil.example"), StringComparison.Ordinal);
        Assert.Null(RefusalOn(led, form, "portal.example"));
        Assert.Null(RefusalOn(led, form, "my.bank.example"));
        // What such a page moves to has been led to by nobody either.
        Assert.NotNull(RefusalOn(led.Seeing(At(form, "evil.example")), form, "worse.example"));
        // A click that is not for the sign-in, and one that somebody advised.
        var control = LoginPage.Read(home).Elements.First(e => e.Kind == ElementKind.Link).Id;
        Assert.NotNull(RefusalOn(Start().Seeing(home).After(new LoginDecision(PageVerdict.Home, new LoginStep.Click(control, ClickPurpose.Dismiss), []), home), form, "online-bank.example"));
        Assert.NotNull(RefusalOn(Start().Seeing(home).After(new LoginDecision(PageVerdict.Unknown, new LoginStep.Click(control, ClickPurpose.OpenSignIn), [Advised.Why]), home), form, "online-bank.example"));
    }

    [Fact]
    public async Task What_was_sent_may_lead_on_and_not_for_ever()
    {
        var progress = Start();
        string[] way = ["www.bank.example", "identity.example", "company.example", "verify.example"];
        foreach (var host in way)
        {
            var page = At(await LookAsync("/" + host, Identifier), host);
            progress = progress.Seeing(page) with { SinceStep = TimeSpan.FromSeconds(1) };
            var decision = new LoginEngine().Next(page, progress);
            Assert.IsType<LoginStep.Fill>(decision.Step);
            progress = progress.After(decision, page);
        }

        Assert.Contains("one-too-many.example", RefusalOn(progress, await LookAsync("/login", Form), "one-too-many.example"), StringComparison.Ordinal);
        Assert.Null(RefusalOn(progress, await LookAsync("/login", Form), "company.example"));
    }

    [Fact]
    public async Task Domains_that_were_named_are_the_only_ones()
    {
        var form = await LookAsync("/login", Form);
        var home = At(await LookAsync("/", Home), Bank.Host);
        foreach (var (domains, host, goes) in new (string[] Domains, string Host, bool Goes)[]
        {
            ([], "www.bank.example", true), ([], "login.bank.example", true), ([], "online-bank.example", false),
            (["online-bank.example"], "online-bank.example", true), (["online-bank.example"], "secure.online-bank.example", true), (["online-bank.example"], "not-online-bank.example", false),
            (["secure.online-bank.example"], "secure.online-bank.example", true), (["secure.online-bank.example"], "online-bank.example", false), (["online-bank.example"], "identity.example", false),
        })
        {
            var start = Start(new LoginOverrides { Domains = [.. domains] });
            Assert.True(goes == RefusalOn(start, form, host) is null, $"redirected to {host} with [{string.Join(", ", domains)}]");
            Assert.True(goes == RefusalOn(Clicked(start.Seeing(home), home), form, host) is null, $"led to {host} with [{string.Join(", ", domains)}]");
        }

        // Neither a frame nor the form's target is an exception.
        var only = Start(new LoginOverrides { Domains = ["online-bank.example"] });
        Assert.NotNull(Refusal(only, Walks.InFrame(At(form, Bank.Host), "identity.example", "https")));
        Assert.Null(Refusal(only, Walks.InFrame(At(form, Bank.Host), "online-bank.example", "https")));
        var away = At(await LookAsync("/login", Form.Replace("/in", "https://collector.example/in", StringComparison.Ordinal)), Bank.Host);
        Assert.Contains("collector.example", Refusal(only, away), StringComparison.Ordinal);
        Assert.Null(Refusal(only, At(await LookAsync("/login", Form.Replace("/in", "https://online-bank.example/in", StringComparison.Ordinal)), Bank.Host)));
        Assert.Null(Refusal(Start(), away));
        Assert.Contains("without encryption", Refusal(Start(), At(await LookAsync("/login", Form.Replace("/in", "http://www.bank.example/in", StringComparison.Ordinal)), Bank.Host)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frame_of_another_site_is_a_sign_in_only_on_a_page_that_is_there_to_sign_in()
    {
        var form = At(await LookAsync("/login", Form), Bank.Host);
        Assert.Null(Refusal(Start(), Walks.InFrame(form, "identity.example", "https")));
        Assert.Contains("not reached by an encrypted connection", Refusal(Start(), Walks.InFrame(form, "identity.example", "http")), StringComparison.Ordinal);
        Assert.Null(Refusal(Start(), Walks.InFrame(form, "login.bank.example", "https")));
        // An advertisement on a page about something else, and one beside the page's own form.
        var news = At(await LookAsync("/news", Form.Replace("<title>Sign in</title>", "<title>News</title>", StringComparison.Ordinal)), Bank.Host);
        Assert.Contains("in a frame of ads.example", Refusal(Start(), Walks.InFrame(news, "ads.example", "https")), StringComparison.Ordinal);
        var both = await WithFrameAsync("/login", Form, Form.Replace("Sign in", "Log in to your account", StringComparison.Ordinal));
        Assert.Equal(2, LoginPage.Read(both).Groups.Count(g => g.IsLogin));
        var fill = Assert.IsType<LoginStep.Fill>(new LoginEngine().Next(both, StartAt(both)).Step);
        Assert.All(fill.Values, v => Assert.Equal(0, v.Field.Frame));
        // The page that the customer named, with no other way in; not some other page.
        var untitled = Form.Replace("<title>Sign in</title>", "", StringComparison.Ordinal);
        Assert.Null(Refusal(Start(), Walks.InFrame(At(await LookAsync("/", untitled), Bank.Host), "identity.example", "https")));
        Assert.NotNull(Refusal(Start(), Walks.InFrame(At(await LookAsync("/articles/7", untitled), Bank.Host), "identity.example", "https")));
        // The control that opens the sign-in may open it in a frame.
        var home = At(await LookAsync("/", Home), Bank.Host);
        var opened = Walks.InFrame(At(await LookAsync("/", Form.Replace("<title>Sign in</title>", "", StringComparison.Ordinal)), Bank.Host), "identity.example", "https");
        Assert.Null(Refusal(Clicked(Start().Seeing(home), home), opened));
        // One frame after the other is no sign-in any more.
        var progress = Start();
        foreach (var host in (string[])["identity.example", "second.example"])
        {
            var page = Walks.InFrame(At(await LookAsync("/login/" + host, Identifier), Bank.Host), host, "https");
            progress = progress.Seeing(page) with { SinceStep = TimeSpan.FromSeconds(1) };
            progress = progress.After(new LoginEngine().Next(page, progress), page);
        }

        Assert.Equal(2, progress.Framed.Count);
        Assert.NotNull(Refusal(progress, Walks.InFrame(form, "third.example", "https")));
        Assert.Null(Refusal(progress, Walks.InFrame(form, "second.example", "https")));
    }

    [Fact]
    public async Task A_second_proof_may_be_asked_for_in_a_frame_of_who_verifies_it()
    {
        var form = At(await LookAsync("/login", Form), Bank.Host);
        var progress = Start().Seeing(form) with { SinceStep = TimeSpan.FromSeconds(1) };
        var code = Walks.InFrame(At(await LookAsync("/in", Code), Bank.Host), "verify.example", "https");
        var group = LoginPage.Read(code).CodeGroup!;
        Assert.NotNull(AllowedDomains.Refusal(LoginPage.Read(code), progress, group));
        progress = progress.After(new LoginEngine().Next(form, progress), form).Seeing(code);
        Assert.Null(AllowedDomains.Refusal(LoginPage.Read(code), progress, group));
    }

    [Fact]
    public async Task In_a_browser_a_link_of_the_source_leads_to_another_domain_and_no_further()
    {
        await using var pages = await Login.Tests.Pages.StartAsync();
        Uri Elsewhere(string path) => new UriBuilder(new Uri(pages.Root, path)) { Host = "localhost" }.Uri;
        // From 127.0.0.1 to localhost by the source's link, and from there by another's link to 127.0.0.2, which is nobody's.
        var source = pages.Add("/", $"<header><a href='{Elsewhere("/portal")}'>Sign in</a></header><h1>A bank</h1><p>Money.</p>");
        pages.Add("/portal", $"<header><a href='/login'>Sign in</a></header><h1>Online bank</h1><p>Your money.</p>");
        pages.Add("/login", Form);
        var secrets = TestSecrets.Of("ada", "Practice-Only-90!");
        await using (var session = await shared.Host.OpenAsync(null, Ending))
        {
            await new SignIn(TimeProvider.System).RunAsync(session, new SignInRequest(source, null, secrets, TestDesk.Nobody), Ending);
            Assert.Contains(Slot.Password, secrets.Used);
        }

        secrets = TestSecrets.Of("ada", "Practice-Only-90!");
        await using (var session = await shared.Host.OpenAsync(null, Ending))
        {
            var locked = await new SignIn(TimeProvider.System).RunAsync(session, new SignInRequest(source, null, secrets, TestDesk.Nobody) { Overrides = new LoginOverrides { Domains = [] } }, Ending);
            Assert.Contains("localhost, which the source did not lead to", Assert.IsType<LoginOutcome.Blocked>(locked.Outcome).Message, StringComparison.Ordinal);
            Assert.Empty(secrets.Used);
        }
    }

    private static LoginProgress Start(LoginOverrides? overrides = null) => LoginProgress.Start(Bank, null, [Slot.Username, Slot.Password], overrides: overrides);

    private static LoginProgress StartAt(PageSnapshot page) => LoginProgress.Start(page.Url, null, [Slot.Username, Slot.Password]).Seeing(page);

    private static PageSnapshot At(PageSnapshot page, string host, string scheme = "https") => Walks.MovedTo(page, host, scheme);

    /// <summary>After the control that the engine takes for the way to the sign-in.</summary>
    private static LoginProgress Clicked(LoginProgress progress, PageSnapshot page)
    {
        var decision = new LoginEngine().Next(page, progress with { SinceStep = TimeSpan.FromSeconds(10) });
        Assert.Equal(ClickPurpose.OpenSignIn, Assert.IsType<LoginStep.Click>(decision.Step).Purpose);
        return progress.After(decision, page);
    }

    private static string? RefusalOn(LoginProgress progress, PageSnapshot page, string host, string scheme = "https") => Refusal(progress, At(page, host, scheme));

    /// <summary>Null: the page is filled.</summary>
    private static string? Refusal(LoginProgress progress, PageSnapshot page)
    {
        var step = new LoginEngine().Next(page, progress.Seeing(page) with { SinceStep = TimeSpan.FromSeconds(1) }).Step;
        if (step is LoginStep.Fill) return null;
        return Assert.IsType<LoginOutcome.Blocked>(Assert.IsType<LoginStep.Done>(step).Outcome).Message;
    }

    private async Task<PageSnapshot> LookAsync(string path, string html)
    {
        await using var pages = await Login.Tests.Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        await session.NavigateAsync(pages.Add(path, "<!doctype html><html><body>" + html + "</body></html>"), Ending);
        return await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
    }

    /// <summary>A page with a large frame of another site above its own form.</summary>
    private async Task<PageSnapshot> WithFrameAsync(string path, string html, string framed)
    {
        await using var pages = await Login.Tests.Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        pages.Add("/framed", "<!doctype html><html><body>" + framed + "</body></html>");
        await session.NavigateAsync(pages.Add(path, $"<!doctype html><html><body><iframe width=600 height=300 src='{new UriBuilder(new Uri(pages.Root, "/framed")) { Host = "localhost" }.Uri}'></iframe>{html}</body></html>"), Ending);
        return await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
    }
}
