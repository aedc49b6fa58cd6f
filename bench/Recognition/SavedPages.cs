using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using Ostiary.Browser;
using Ostiary.Login;

namespace Ostiary.Recognition;

/// <summary>Shows saved pages in real Chromium, one after the other: the file is the document, every other request is refused, and a page that hangs or kills its renderer costs only itself.</summary>
/// <param name="without">Kinds of signs to take from each page before it is read (<see cref="Without.Kinds"/>).</param>
internal sealed class SavedPages(string folder, IReadOnlyList<string> without) : IAsyncDisposable
{
    // A page that needs longer is reported as not read; the tab it hangs in is thrown away.
    private static readonly TimeSpan PageTimeout = TimeSpan.FromSeconds(20);
    private const string Address = "https://page.example/";

    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private IBrowserContext? _context;
    private IPage? _page;
    private string? _document;

    public async Task<Prediction> ReadAsync(string name)
    {
        try
        {
            _document = await File.ReadAllTextAsync(Path.Combine(folder, name));
            // Starting the browser is not the page's time.
            _page ??= await OpenAsync();
            using var limit = new CancellationTokenSource(PageTimeout);
            return await ReadAsync(_page, name, limit.Token).WaitAsync(limit.Token);
        }
        catch (IOException exception)
        {
            return Prediction.None(name, exception.Message);
        }
        catch (UnauthorizedAccessException exception)
        {
            return Prediction.None(name, exception.Message);
        }
        catch (OperationCanceledException)
        {
            await StartOverAsync();
            return Prediction.None(name, "not read within " + PageTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture) + " seconds");
        }
        catch (Exception exception) when (exception is PlaywrightException or TimeoutException or System.Text.Json.JsonException)
        {
            await StartOverAsync();
            return Prediction.None(name, exception.Message.Split('\n')[0]);
        }
    }

    private async Task<Prediction> ReadAsync(IPage page, string name, CancellationToken cancellationToken)
    {
        await page.GotoAsync(Address, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded, Timeout = (float)PageTimeout.TotalMilliseconds }).WaitAsync(cancellationToken);
        if (without.Count > 0) await Without.TakeAsync(page, without).WaitAsync(cancellationToken);
        var watch = Stopwatch.StartNew();
        await using var reading = await PageReader.ReadAsync(page, 1, cancellationToken);
        var read = LoginPage.Read(new PageSnapshot
        {
            Look = 1,
            Url = new Uri(Address),
            Title = reading.Title,
            Language = reading.Language,
            Frames = reading.Frames,
            Elements = reading.Elements,
            Groups = reading.Groups,
            Settled = true,
        });
        _ = read.LoginGroup;
        watch.Stop();
        var numbers = new List<string?[]>();
        for (var frame = 0; frame < reading.Frames.Count; frame++) numbers.Add(await reading.AttributeOfEachAsync(frame, "data-cid").WaitAsync(cancellationToken));
        int? Number(ElementSnapshot? element) => element is not null && element.Id.Frame < numbers.Count && element.Id.Index < numbers[element.Id.Frame].Length
            && int.TryParse(numbers[element.Id.Frame][element.Id.Index], CultureInfo.InvariantCulture, out var number) ? number : null;
        return Prediction.Of(name, read, Number) with { Milliseconds = Math.Round(watch.Elapsed.TotalMilliseconds, 1) };
    }

    private async Task<IPage> OpenAsync()
    {
        _playwright ??= await Playwright.CreateAsync();
        if (_browser is not { IsConnected: true })
        {
            var chromium = Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium";
            _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"] });
        }
        _context = await _browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1366, Height = 900 } });
        await _context.AddInitScriptAsync(PageReader.InitScript);
        await _context.RouteAsync("**/*", RouteAsync);
        // A window that a page opens is none of ours.
        var page = await _context.NewPageAsync();
        _context.Page += (_, other) => _ = CloseQuietlyAsync(other);
        return page;
    }

    /// <summary>Gives the document once; what would lead away from it (a refresh, a script) is called off, which leaves the page as it is.</summary>
    private async Task RouteAsync(IRoute route)
    {
        try
        {
            var isPage = route.Request.IsNavigationRequest && route.Request.Frame.ParentFrame is null;
            if (isPage && Interlocked.Exchange(ref _document, null) is { } document)
                await route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html; charset=utf-8", Body = document });
            else await route.AbortAsync(isPage ? "aborted" : "failed");
        }
        catch (PlaywrightException)
        {
            // The page is gone, and its request with it.
        }
    }

    private static async Task CloseQuietlyAsync(IPage page)
    {
        try
        {
            await page.CloseAsync();
        }
        catch (PlaywrightException)
        {
            // Already closed.
        }
    }

    private async Task StartOverAsync()
    {
        var (browser, context) = (_browser, _context);
        (_context, _page) = (null, null);
        try
        {
            if (context is not null) await context.CloseAsync().WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (Exception exception) when (exception is PlaywrightException or TimeoutException)
        {
            (_browser, _playwright) = (null, null);
            if (browser is not null) await browser.CloseAsync().WaitAsync(TimeSpan.FromSeconds(5)).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StartOverAsync();
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
