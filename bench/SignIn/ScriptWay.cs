using Microsoft.Playwright;
using Ostiary.Portals;
using Ostiary.Portals.Tests;

namespace Ostiary.Bench;

/// <summary>Signs in by a script that was written for this one website: a new context, go there, fill, click, wait for the text of the signed-in page. No proxy, no guard, nothing to find out.</summary>
internal sealed class ScriptWay : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IPlaywright playwright;
    private readonly IBrowser browser;

    private ScriptWay(IPlaywright playwright, IBrowser browser) => (this.playwright, this.browser) = (playwright, browser);

    public static async Task<ScriptWay> StartAsync()
    {
        var driver = await Playwright.CreateAsync();
        return new ScriptWay(driver, await driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = FindChromium(),
            Headless = true,
            ChromiumSandbox = !Environment.IsPrivilegedProcess,
            // Those of the server's browser, except what sends it through the proxy.
            Args =
            [
                "--disable-quic", "--no-first-run", "--no-pings", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu",
                "--disable-domain-reliability", "--disable-crash-reporter", "--noerrdialogs", "--disable-blink-features=AutomationControlled", "--dns-prefetch-disable",
            ],
        }));
    }

    /// <summary>Time from the new context to the text of the signed-in page; a reason instead when it did not get there.</summary>
    public async Task<(TimeSpan Time, string? Failure)> SignInAsync(RunningPortals portals, Portal portal, string account, CancellationToken stop)
    {
        var started = TimeProvider.System.GetTimestamp();
        await using var context = await browser.NewContextAsync();
        try
        {
            var page = await context.NewPageAsync();
            await page.GotoAsync(portals.Url(portal).AbsoluteUri);
            await People.SignInAsync(page, portal, account, portal.Password ?? "");
            foreach (var challenge in portal.ExpectedChallenges)
            {
                if (challenge.Type == "push_approval")
                {
                    await portals.WaitForPushAsync(portal.Id, account, stop);
                    portals.ApprovePush(portal.Id, account);
                }

                await People.GoOnAsync(page, portal);
                foreach (var field in challenge.Fields) await People.AnswerAsync(page, portal, field, field.Answer ?? await Answers.CodeAsync(portals, portal, account, stop));
            }

            if (portal.ExpectedChallenges.Count == 0) await People.GoOnAsync(page, portal);
            await SeesAsync(page, portal.Evidence!, stop);
            return (TimeProvider.System.GetElapsedTime(started), null);
        }
        catch (Exception exception) when (exception is PlaywrightException or TimeoutException)
        {
            // The rest of the message repeats what was typed.
            return (TimeProvider.System.GetElapsedTime(started), exception.Message.Split('\n')[0]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await browser.CloseAsync();
        playwright.Dispose();
    }

    /// <summary>The text, on the page or, where the website has several windows or frames, in any of them.</summary>
    private static async Task SeesAsync(IPage page, string text, CancellationToken stop)
    {
        if (page.Context.Pages.Count == 1 && page.Frames.Count == 1)
        {
            await page.GetByText(text).First.WaitForAsync();
            return;
        }

        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < Patience)
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

            await Task.Delay(TimeSpan.FromMilliseconds(10), stop);
        }

        throw new TimeoutException("The text of the signed-in page did not appear.");
    }

    private static string FindChromium()
    {
        if (Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") is { Length: > 0 } given) return given;
        return new[] { "chromium", "chromium-browser", "google-chrome" }
            .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists) ?? throw new InvalidOperationException("There is no Chromium on PATH; set OSTIARY_CHROMIUM to where it is.");
    }
}
