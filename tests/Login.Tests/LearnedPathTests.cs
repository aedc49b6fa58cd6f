using Ostiary.Portals;
using Ostiary.Server.Sessions;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>What a sign-in learns of the way, and that the next one takes it; or reads as ever, when the site is no longer what it was.</summary>
public sealed class LearnedPathTests(Shared shared)
{
    private const string Form = "<h1>Sign in</h1><form action=/beds><label>User name <input name=user></label><label>Password <input type=password></label><button>Sign in</button></form>";
    private const string In = "<nav><a href=/logout>Log out</a></nav><h1>Beds</h1><p>Seven of them.</p>";

    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("home")]
    [InlineData("modal")]
    [InlineData("shadow")]
    [InlineData("identifier")]
    public async Task The_second_sign_in_goes_straight_to_the_form(string name)
    {
        var portal = PortalCatalog.Get(name);
        var url = shared.Portals.Url(portal);
        var first = await SignInAsync(url, null, TestSecrets.Of(portal.UsernameFor("lp1"), portal.Password));
        Assert.True(first.Path is not null, $"{first.Outcome}: {Told(first)}");
        var second = await SignInAsync(url, first.Path, TestSecrets.Of(portal.UsernameFor("lp2"), portal.Password));
        Assert.True(second.Outcome is LoginOutcome.SignedIn && !second.LedAstray, $"{second.Outcome}: {Told(second)}");
        Assert.Equal(first.Path.Form, second.Path?.Form);
        Assert.Equal(first.Path.Groups, second.Path!.Groups);
        Assert.Equal(first.Path.Opener, second.Path.Opener);
        Assert.True(second.Steps.Count <= first.Steps.Count, $"{Told(first)} then {Told(second)}");
        Assert.Equal(first.Path.Form.AbsolutePath, new Uri(second.Steps[0].Url).AbsolutePath);
        Assert.DoesNotContain(portal.UsernameFor("lp1"), System.Text.Json.JsonSerializer.Serialize(first.Path), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_path_that_leads_to_no_form_any_more_is_left_for_the_start()
    {
        await using var pages = await SiteAsync();
        var path = (await SignInAsync(pages.Root, null)).Path!;
        Assert.Equal("/gate", path.Form.AbsolutePath);
        foreach (var (html, status) in ((string, int)[])[("<h1>Gone</h1><p>The gate was moved.</p>", 404), ("<h1>Error</h1>", 500), ("<h1>Opening hours</h1><p>Nine to five.</p>", 200), ("<header><a href=/new>Log in</a></header><h1>Garden</h1>", 200)])
        {
            pages.Add("/gate", html, status);
            pages.Add("/", "<header><a href=/new>Log in</a></header><h1>Garden</h1><p>Spades.</p>");
            pages.Add("/new", Form);
            var secrets = TestSecrets.Of("ada", "Practice-Only-1!");
            var result = await SignInAsync(pages.Root, path, secrets);
            Assert.True(result is { Outcome: LoginOutcome.SignedIn, LedAstray: true }, $"{status}: {result.Outcome}, {Told(result)}");
            Assert.Equal("/new", result.Path!.Form.AbsolutePath);
            Assert.Equal([Slot.Username, Slot.Password], secrets.Used);
        }
    }

    [Fact]
    public async Task Another_form_at_the_learned_address_is_read_and_the_path_forgotten()
    {
        await using var pages = await SiteAsync();
        var path = (await SignInAsync(pages.Root, null)).Path!;
        pages.Add("/gate", "<h1>Sign in</h1><form action=/second><label>User name <input name=user></label><button>Next</button></form>");
        pages.Add("/second", "<h1>Welcome back</h1><form action=/beds><label>Password <input type=password></label><button>Sign in</button></form>");
        var result = await SignInAsync(pages.Root, path);
        Assert.True(result is { Outcome: LoginOutcome.SignedIn, LedAstray: true, Path: not null }, $"{result.Outcome}, {Told(result)}");
        Assert.Equal(2, result.Path!.Groups.Length);
        Assert.Contains(result.Steps, s => s.Why.Contains("not what was learned: read anew"));
    }

    [Fact]
    public async Task A_sign_in_that_only_its_start_page_proves_keeps_the_way_over_it()
    {
        await using var pages = await SiteAsync();
        pages.Add("/beds", "<h1>Beds</h1><p>Seven of them.</p>");
        var result = await SignInAsync(pages.Root, null);
        Assert.Null(result.Path);
    }

    [Fact]
    public async Task A_learned_path_leads_to_no_other_domain()
    {
        await using var pages = await SiteAsync();
        var elsewhere = pages.Add("/gate", Form);
        var result = await SignInAsync(new Uri("http://localhost:" + elsewhere.Port + "/"), new LearnedPath(elsewhere, null, ["0|Login|Identifier,Password"]));
        // The site is found under its own name, and nothing happens under the other.
        Assert.All(result.Steps, s => Assert.Equal("localhost", new Uri(s.Url).Host));
        Assert.NotEmpty(result.Steps);
    }

    [Theory]
    [InlineData("https://a.example/login", true)]
    [InlineData("https://a.example/login?lang=en&return=%2Faccount", true)]
    [InlineData("https://a.example/#/sign-in", true)]
    [InlineData("https://a.example/login?state=abc", false)]
    [InlineData("https://a.example/login?client=b&nonce=1", false)]
    [InlineData("https://a.example/u/ada@example.org", false)]
    [InlineData("https://a.example/customers/123456789/login", false)]
    [InlineData("https://a.example/s/7f3a9c1e5b2d4f6a8c0e", false)]
    [InlineData("https://a.example/login?email=ada", false)]
    [InlineData("https://a.example/login;sid=9", false)]
    [InlineData("ftp://a.example/login", false)]
    public void Only_an_address_that_is_good_for_anybody_another_day_is_learned(string address, bool isLasting) => Assert.Equal(isLasting, LearnedPath.IsLasting(new Uri(address)));

    private static string Told(SignInResult result) => string.Join(" | ", result.Steps.Select(s => $"{new Uri(s.Url).AbsolutePath} {s.Page} {s.Action}"));

    private static async Task<Pages> SiteAsync()
    {
        var pages = await Pages.StartAsync();
        pages.Add("/", "<header><a href=/gate>Log in</a></header><h1>Garden</h1><p>Spades.</p>");
        pages.Add("/gate", Form);
        pages.Add("/beds", In);
        return pages;
    }

    private async Task<SignInResult> SignInAsync(Uri url, LearnedPath? learned, TestSecrets? secrets = null)
    {
        await using var session = await shared.Host.OpenAsync(null, Ending);
        return await new SignIn(TimeProvider.System).RunAsync(session, new SignInRequest(url, null, secrets ?? TestSecrets.Of("ada", "Practice-Only-1!"), TestDesk.Nobody) { Learned = learned }, Ending);
    }
}
