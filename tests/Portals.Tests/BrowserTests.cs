using Microsoft.Playwright;
using Xunit;

namespace Ostiary.Portals.Tests;

/// <summary>
/// Every site in a real browser: what the catalog promises is what a visitor sees. With <c>OSTIARY_PORTAL_SHOTS</c> set to a folder, pictures of the pages are kept there.
/// </summary>
public sealed class BrowserTests(PortalsFixture fixture, BrowserTests.Chromium chromium) : IClassFixture<BrowserTests.Chromium>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private RunningPortals Portals => fixture.Portals;

    /// <summary>HTTP authentication has no page to look at: <see cref="SiteTests"/> tries those sites.</summary>
    public static TheoryData<string> All => [.. PortalCatalog.All.Where(portal => !portal.HttpAuthentication).Select(portal => portal.Id)];

    public static TheoryData<string> WithPassword => [.. PortalCatalog.All.Where(portal => portal is { WrongText: not null, HttpAuthentication: false }).Select(portal => portal.Id)];

    [Theory, MemberData(nameof(WithPassword))]
    public async Task A_wrong_password_shows_the_sites_own_sentence(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = PortalsFixture.FreshAccount(portal);
        await using var visit = await OpenAsync(portal);
        await People.SignInAsync(visit.Page, portal, account, portal.WrongPassword!);
        await SeesAsync(visit.Page, portal.WrongText!);
        await ShootAsync(visit.Page, id + "-2-wrong");
        Assert.Equal(new Submissions(Passwords: 1, WrongPasswords: 1, RepeatedWrongPasswords: 0, Codes: 0, WrongCodes: 0, SignIns: 0, Locked: false), Portals.Submissions(id, account));
    }

    [Theory, MemberData(nameof(All))]
    public async Task The_right_values_lead_where_the_catalog_says(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = PortalsFixture.FreshAccount(portal);
        await using var visit = await OpenAsync(portal);
        var page = visit.Page;
        await ShootAsync(page, id + "-1-start");
        await People.SignInAsync(page, portal, account, portal.Password ?? "");

        foreach (var challenge in portal.ExpectedChallenges)
        {
            await SeesAsync(page, challenge.Says);
            await ShootAsync(page, id + "-3-" + challenge.Type);
            if (challenge.Type == "push_approval")
            {
                var push = await Portals.WaitForPushAsync(id, account, TestContext.Current.CancellationToken);
                Assert.Equal(push.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), await page.InnerTextAsync(".num"));
                Portals.ApprovePush(id, account);
            }

            await People.GoOnAsync(page, portal);
            foreach (var field in challenge.Fields)
            {
                if (field.WrongAnswer is { } wrong)
                {
                    await People.AnswerAsync(page, portal, field, wrong);
                    await SeesAsync(page, portal.WrongCodeText!);
                    await ShootAsync(page, id + "-4-wrong-answer");
                }

                await People.AnswerAsync(page, portal, field, field.Answer ?? await CodeAsync(portal, account));
            }
        }

        if (portal.ExpectedChallenges.Count == 0) await People.GoOnAsync(page, portal);
        await SeesAsync(page, portal.Expected == "verified" ? portal.Evidence! : portal.ExpectedText!);
        await ShootAsync(page, id + "-5-end");
        Assert.Equal(portal.Expected == "verified" ? 1 : 0, Portals.Submissions(id, account).SignIns);
        if (portal.Expected == "verified") await SignedOutVisitorsSeeNothingAsync(portal, page);
    }

    [Fact]
    public async Task A_denied_push_says_so()
    {
        var portal = PortalCatalog.Get("push");
        var account = PortalsFixture.FreshAccount(portal);
        await using var visit = await OpenAsync(portal);
        await People.SignInAsync(visit.Page, portal, account, portal.Password!);
        await Portals.WaitForPushAsync("push", account, TestContext.Current.CancellationToken);
        Portals.DenyPush("push", account);
        await SeesAsync(visit.Page, portal.WrongCodeText!);
    }

    [Fact]
    public async Task The_cookie_banner_takes_clicks_until_it_is_answered()
    {
        await using var visit = await OpenAsync(PortalCatalog.Get("cookies"));
        await visit.Page.Locator(".wall").WaitForAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => visit.Page.ClickAsync("[name=commit]", new() { Timeout = 500 }));
        await visit.Page.ClickAsync("#need");
        await visit.Page.ClickAsync("[name=commit]", new() { Trial = true });
    }

    [Fact]
    public async Task A_value_set_by_script_does_not_wake_the_controlled_button()
    {
        await using var visit = await OpenAsync(PortalCatalog.Get("controlled"));
        await visit.Page.EvaluateAsync("for (const input of document.querySelectorAll('input')) { input.value = 'x'; input.dispatchEvent(new Event('input', { bubbles: true })); }");
        Assert.True(await visit.Page.IsDisabledAsync("button"));
        Assert.Equal("", await visit.Page.InputValueAsync("input >> nth=0"));
    }

    [Fact]
    public async Task The_identity_frame_belongs_to_another_site()
    {
        await using var visit = await OpenAsync(PortalCatalog.Get("xframe"));
        await visit.Page.FrameLocator("#kw").Locator("form").WaitForAsync();
        Assert.Equal(["127.0.0.1", "localhost"], visit.Page.Frames.Select(frame => new Uri(frame.Url).Host).Order());
    }

    [Fact]
    public async Task Six_boxes_do_not_take_a_code_that_is_pasted_or_filled_in_at_once()
    {
        var portal = PortalCatalog.Get("digits");
        var account = PortalsFixture.FreshAccount(portal);
        await using var visit = await OpenAsync(portal);
        await People.SignInAsync(visit.Page, portal, account, portal.Password!);
        await visit.Page.FillAsync(".boxes input >> nth=0", await CodeAsync(portal, account));
        Assert.True(await visit.Page.IsDisabledAsync("#check"));
    }

    [Fact]
    public async Task The_toast_of_the_single_page_application_goes_away()
    {
        var portal = PortalCatalog.Get("spa");
        await using var visit = await OpenAsync(portal);
        await People.SignInAsync(visit.Page, portal, PortalsFixture.FreshAccount(portal), portal.WrongPassword!);
        await SeesAsync(visit.Page, portal.WrongText!);
        await visit.Page.GetByText(portal.WrongText!).WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    /// <summary>The evidence is proof of being signed in: the same page in a fresh context does not show it.</summary>
    private async Task SignedOutVisitorsSeeNothingAsync(Portal portal, IPage signedIn)
    {
        await using var stranger = await chromium.NewVisitAsync();
        await stranger.Page.GotoAsync(new Uri(signedIn.Url).GetLeftPart(UriPartial.Query));
        await stranger.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        Assert.Equal(0, await stranger.Page.GetByText(portal.Evidence!).CountAsync());
    }

    private async Task<string> CodeAsync(Portal portal, string account)
    {
        using var patience = new CancellationTokenSource(Patience);
        return portal.TotpSecret is null && portal.Code is null
            ? await Portals.WaitForCodeAsync(portal.Id, account, 0, patience.Token)
            : Portals.CodeFor(portal.Id, account)!;
    }

    private async Task<Visit> OpenAsync(Portal portal)
    {
        var visit = await chromium.NewVisitAsync();
        await visit.Page.GotoAsync(Portals.Url(portal).AbsoluteUri);
        return visit;
    }

    /// <summary>Waits until some window, some frame shows the text.</summary>
    private static async Task SeesAsync(IPage page, string text)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (patience.Elapsed < Patience)
        {
            try
            {
                foreach (var frame in page.Context.Pages.ToArray().SelectMany(window => window.Frames.ToArray()))
                    if (await frame.GetByText(text).First.IsVisibleAsync()) return;
            }
            catch (Exception e) when (e is PlaywrightException or InvalidOperationException)
            {
                // A window or frame came or went while it was looked at.
            }

            await page.Context.Pages[0].WaitForTimeoutAsync(50);
        }

        Assert.Fail($"\"{text}\" did not appear on {page.Url}.");
    }

    private static async Task ShootAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("OSTIARY_PORTAL_SHOTS") is not { Length: > 0 } folder) return;
        await page.Context.Pages[^1].ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png") });
    }

    /// <summary>One browser for all tests of the class.</summary>
    public sealed class Chromium : IAsyncLifetime
    {
        private IPlaywright? playwright;
        private IBrowser? browser;

        public async ValueTask InitializeAsync()
        {
            playwright = await Playwright.CreateAsync();
            browser = await playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
                Args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
        }

        internal async Task<Visit> NewVisitAsync()
        {
            var context = await browser!.NewContextAsync();
            var page = await context.NewPageAsync();
            await CancelChallengesAsync(await context.NewCDPSessionAsync(page));
            return new Visit(context, page);
        }

        /// <summary>Presses "Cancel" in the window that Chromium opens for a call that is answered with a challenge; nobody sees it here, and the page would wait for ever.</summary>
        private static async Task CancelChallengesAsync(ICDPSession devTools)
        {
            devTools.Event("Fetch.requestPaused").OnEvent += (_, paused) => _ = devTools.SendAsync("Fetch.continueRequest", Of(paused));
            devTools.Event("Fetch.authRequired").OnEvent += (_, asked) =>
            {
                var answer = Of(asked);
                answer["authChallengeResponse"] = new Dictionary<string, object> { ["response"] = "CancelAuth" };
                _ = devTools.SendAsync("Fetch.continueWithAuth", answer);
            };
            await devTools.SendAsync("Fetch.enable", new() { ["handleAuthRequests"] = true, ["patterns"] = new[] { new Dictionary<string, object> { ["resourceType"] = "XHR" } } });

            static Dictionary<string, object> Of(System.Text.Json.JsonElement? told) => new() { ["requestId"] = told!.Value.GetProperty("requestId").GetString()! };
        }

        public async ValueTask DisposeAsync()
        {
            if (browser is not null) await browser.DisposeAsync();
            playwright?.Dispose();
        }
    }

    internal sealed record Visit(IBrowserContext Context, IPage Page) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Context.DisposeAsync();
    }
}
