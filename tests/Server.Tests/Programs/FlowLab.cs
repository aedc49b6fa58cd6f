using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using Ostiary.Browser;
using Ostiary.Egress;
using Ostiary.Server.Tasks.Programs;
using Ostiary.Server.Tests.Programs;
using Xunit;

[assembly: AssemblyFixture(typeof(FlowLab))]

namespace Ostiary.Server.Tests.Programs;

/// <summary>One Chromium and one site for all program tests; every test gets a context of its own. The site answers as <c>miramar.example</c>.</summary>
public sealed class FlowLab : IAsyncLifetime
{
    private readonly Lazy<Task> started;
    private IPlaywright? playwright;
    private IBrowser? browser;
    private FlowSite? site;

    private readonly string runDirectory = Path.Combine(Path.GetTempPath(), "ostiary-tests-" + Guid.NewGuid().ToString("N"));
    private readonly Lazy<BrowserHost> host;

    public FlowLab()
    {
        started = new Lazy<Task>(StartAsync);
        host = new Lazy<BrowserHost>(() => new BrowserHost(
            new BrowserOptions { RunDirectory = runDirectory },
            new EgressGuard(new EgressOptions { Allow = "127.0.0.1" }, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback])),
            TimeProvider.System,
            NullLogger<BrowserHost>.Instance));
    }

    internal FlowSite Site => site!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    private async Task StartAsync()
    {
        site = await FlowSite.StartAsync();
        playwright = await Playwright.CreateAsync();
        browser = await LaunchAsync();
    }

    private Task<IBrowser> LaunchAsync() => playwright!.Chromium.LaunchAsync(new()
    {
        ExecutablePath = Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
        ChromiumSandbox = Environment.UserName != "root",
        Headless = true,
        Args =
        [
            "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            // Names of our own for the site, so that addresses in recordings are what Chrome would have written.
            $"--host-resolver-rules=MAP miramar.example 127.0.0.1:{site!.Port}, MAP other.example 127.0.0.1:{site.Port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ],
    });

    /// <summary>A page on the site in plain Playwright, where the site has the names and the port that a recording would have.</summary>
    internal async Task<FlowSession> OpenAsync(string path = "/", IBrowser? from = null)
    {
        await started.Value;
        var context = await (from ?? browser!).NewContextAsync();
        var page = await context.NewPageAsync();
        var lost = new CancellationTokenSource();
        (from ?? browser!).Disconnected += (_, _) => lost.Cancel();
        await page.GotoAsync("http://miramar.example" + path);
        return new FlowSession(page, lost.Token, (_, _, _) => throw new NotSupportedException("Files are caught by the server's own sessions."), context.DisposeAsync, new Uri("http://miramar.example/"));
    }

    /// <summary>A Chromium that a test may harm.</summary>
    internal async Task<IBrowser> LaunchOwnAsync()
    {
        await started.Value;
        return await LaunchAsync();
    }

    /// <summary>A page on the site in a session of the server.</summary>
    internal async Task<FlowSession> OpenServerSessionAsync(string path)
    {
        await started.Value;
        var session = await host.Value.OpenAsync(null, CancellationToken.None);
        var start = new Uri($"http://miramar.example:{Site.Port}/");
        await session.NavigateAsync(new Uri(start, path), CancellationToken.None);
        return new FlowSession(session.Page, session.Lost, session.DownloadAsync, session.DisposeAsync, start);
    }

    public async ValueTask DisposeAsync()
    {
        if (host.IsValueCreated)
        {
            await host.Value.DisposeAsync();
            if (Directory.Exists(runDirectory)) Directory.Delete(runDirectory, recursive: true);
        }

        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
        if (site is not null) await site.DisposeAsync();
    }
}

/// <summary>A page for a program, and what the program brought back.</summary>
internal sealed class FlowSession(IPage page, CancellationToken lost, Func<Func<Task>, TimeSpan, CancellationToken, Task<DownloadedFile>> download, Func<ValueTask> close, Uri start)
    : IFlowBrowser, IFlowFiles, IAsyncDisposable
{
    public IPage Page => page;
    public CancellationToken Lost => lost;
    public List<(string Name, string Type, string Text)> Kept { get; } = [];

    public Task<DownloadedFile> DownloadAsync(Func<Task> trigger, TimeSpan limit, CancellationToken ct) => download(trigger, limit, ct);

    public async Task<KeptFile> KeepAsync(DownloadedFile file, FileIntent intent, CancellationToken ct)
    {
        Kept.Add((file.FileName, file.MimeType, await File.ReadAllTextAsync(file.Path, ct)));
        return new KeptFile($"stor_{Kept.Count}", IsDuplicate: false);
    }

    public async Task<FlowResult> RunAsync(string program, string input = "{}", CancellationToken ct = default)
    {
        var parsed = FlowProgram.Parse(JsonDocument.Parse(program).RootElement);
        Assert.True(parsed.Program is not null, string.Join("\n", parsed.Faults));
        return await new FlowRunner(TimeProvider.System).RunAsync(parsed.Program, (JsonObject)JsonNode.Parse(input)!, start, this, this, ct);
    }

    /// <summary>Runs steps given as JSON and expects them all to be done.</summary>
    public async Task<JsonObject> OutputAsync(string steps, string input = "{}")
    {
        var result = await RunAsync($$"""{"title": "t", "timeout": 5000, "steps": [{{steps}}]}""", input);
        return result is FlowResult.Completed completed ? completed.Output : throw new Xunit.Sdk.XunitException(result.ToString());
    }

    /// <summary>Runs steps given as JSON and expects one of them to fail.</summary>
    public async Task<FlowResult.Failed> FailureAsync(string steps, string input = "{}", int timeout = 4000) =>
        Assert.IsType<FlowResult.Failed>(await RunAsync($$"""{"title": "t", "timeout": {{timeout}}, "steps": [{{steps}}]}""", input));

    public Task<string> TextAsync(string css) => page.InnerTextAsync(css);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await close();
        }
        catch (PlaywrightException)
        {
            // A test that kills its browser has nothing left to close.
        }
    }
}
