using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using Ostiary.Egress;

namespace Ostiary.Browser;

/// <summary>How Chromium is started. Section <c>Browser</c>; <c>OSTIARY_CHROMIUM</c> sets <see cref="ExecutablePath"/>.</summary>
public sealed class BrowserOptions
{
    /// <summary>Chromium's path. Default: the first of chromium, chromium-browser, google-chrome on PATH.</summary>
    public string ExecutablePath { get; set; } = "";

    /// <summary>Chromium's own sandbox. Default: on, except when the process runs as root, where Chromium refuses it (a warning is logged).</summary>
    public bool? Sandbox { get; set; }

    /// <summary>
    /// Folder in which each host makes a folder of its own for profiles and downloads, removed at its end. Several servers may share it; what dead ones left in it is
    /// removed at start. Default: <c>ostiary-browser</c> in the system's folder for temporary files; the server sets a folder below its data directory.
    /// </summary>
    public string RunDirectory { get; set; } = "";

    /// <summary>How long Chromium may take to start. Default 30 seconds.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Largest file a page may download, in bytes. Default 100 MiB.</summary>
    public long MaxDownloadBytes { get; set; } = 100L * 1024 * 1024;

    /// <summary>Keeps one empty session ready, so that opening one costs a few milliseconds instead of some two hundred. Costs the memory of one empty page. Default: true.</summary>
    public bool KeepSpareSession { get; set; } = true;
}

/// <summary>One Chromium, shared by many isolated sessions; started on first use, started again after a crash. Leaves no process and no folder behind, however it ends.</summary>
/// <param name="logger">Where the start and the loss of Chromium are told; null: nowhere.</param>
/// <param name="processGuard">The server's own guard, to which this host adds its processes and folder; null: the host starts one for itself.</param>
public sealed class BrowserHost(
    BrowserOptions options, EgressGuard guard, TimeProvider time, ILogger<BrowserHost>? logger = null, ProcessGuard? processGuard = null) : IAsyncDisposable
{
    /// <summary>Refilling the spare takes a fifth of a second of a processor: not while the session that took it is at its busiest.</summary>
    private static readonly TimeSpan SpareAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Chromium heeds only the last list of features to disable, so this one begins with Playwright's own. The two at its end are parts of a window that nobody sees; each would
    /// cost a process of its own for every session, and half of the time to open one.
    /// </summary>
    private static readonly string[] DisabledFeatures =
    [
        "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "DialMediaRouteProvider", "GlobalMediaControls", "HttpsUpgrades", "LensOverlay",
        "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "BlockOriginHeaderModificationOnRedirect", "AvoidCorsURLLoaderRestartOnRedirect", "Translate",
        "AutoDeElevate", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "msForceBrowserSignIn", "msEdgeUpdateLaunchServicesPreferredVersion",
        "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
    ];

    private readonly ILogger _logger = logger ?? (ILogger)NullLogger.Instance;
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly ConcurrentDictionary<BrowserSession, byte> _sessions = new();
    private readonly CancellationTokenSource _disposing = new();
    private readonly Lock _spareGate = new();
    private BrowserSession? _spare;
    private ITimer? _spareTimer;
    private ProcessGuard? _ownGuard;
    private RunFolder? _folder;
    private EgressProxy? _proxy;
    private Driver? _driver;
    private Running? _running;
    private bool _sandboxTold;

    /// <summary>True when Chromium could be started or is running; the reason otherwise. For /readyz.</summary>
    /// <returns>Null when Chromium runs or could be started; otherwise one sentence with the reason.</returns>
    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunningAsync(cancellationToken);
            return null;
        }
        catch (BrowserLostException e)
        {
            return e.Message;
        }
    }

    /// <summary>Opens an isolated context with one page. <paramref name="state"/> is a signed-in state from <see cref="BrowserSession.SaveStateAsync"/>, or null.</summary>
    /// <exception cref="BrowserLostException">Chromium does not start.</exception>
    /// <exception cref="InvalidDataException">The state is not one.</exception>
    public async Task<BrowserSession> OpenAsync(ReadOnlyMemory<byte>? state, CancellationToken cancellationToken)
    {
        if (state is null && TakeSpare() is { } spare)
        {
            ScheduleSpare();
            return spare;
        }
        // A Chromium that died a moment ago may not be known as dead yet: the second attempt starts a new one.
        for (var attempt = 1; ; attempt++)
        {
            var running = await RunningAsync(cancellationToken);
            try
            {
                var session = await OpenIn(running, state, cancellationToken);
                ScheduleSpare();
                return session;
            }
            catch (PlaywrightException e)
            {
                if (attempt == 2) throw new BrowserLostException("Chromium does not open a page.", e);
                running.Discard();
            }
        }
    }

    /// <summary>
    /// Removes what hosts of processes that no longer live left in <paramref name="parentDirectory"/> (their guard was ended as well, or the machine went down), and ends
    /// processes that still belong to them. Hosts of living processes are left alone. A host does this for its own <see cref="BrowserOptions.RunDirectory"/> at first use.
    /// </summary>
    /// <returns>How many folders were removed.</returns>
    public static async Task<int> SweepLeftovers(string parentDirectory, CancellationToken cancellationToken)
    {
        var abandoned = RunFolder.Abandoned(Path.GetFullPath(parentDirectory));
        if (abandoned.Count > 0)
            await ProcessGuard.RunOnceAsync(abandoned.SelectMany(RunFolder.GuardLines), cancellationToken);
        return abandoned.Count;
    }

    /// <summary>Closes every session and ends Chromium, its driver and the guard; takes at most about 5 seconds, also when Chromium hangs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposing.IsCancellationRequested) return;
        await _disposing.CancelAsync();
        lock (_spareGate) _spareTimer?.Dispose();
        await _starting.WaitAsync(CancellationToken.None); // Whoever starts is stopping already: its token is the one above.
        foreach (var session in _sessions.Keys)
            session.MarkLost();
        if (_running is { } running && !await EndsIn(running.Browser.CloseAsync(), CloseTimeout))
            Log.Ended(_logger);
        foreach (var session in _sessions.Keys)
            await session.DisposeAsync();
        if (_driver is { } driver)
            await EndsIn(Task.Run(driver.Playwright.Dispose, CancellationToken.None), TimeSpan.FromSeconds(1));
        if (_folder is { } folder)
        {
            // Whatever is still there after an orderly end is ended the disorderly way, before anybody is told that this host is gone.
            folder.Dispose();
            using var patience = new CancellationTokenSource(CloseTimeout, time);
            try
            {
                await ProcessGuard.RunOnceAsync(RunFolder.GuardLines(folder.Path), patience.Token);
            }
            catch (OperationCanceledException)
            {
                // The guard below, or the next start, goes on with it.
            }
            processGuard?.Forget(RunFolder.GuardLines(folder.Path));
        }
        if (_ownGuard is { } own)
            await own.DisposeAsync();
        if (_proxy is { } proxy)
            await EndsIn(proxy.DisposeAsync().AsTask(), CloseTimeout);
        _running = null;
    }

    internal RunFolder Folder => _folder ?? throw new InvalidOperationException("The host has not started.");

    internal BrowserOptions Options => options;

    /// <summary>Downloads under way, by the name of the file that grows, for the sessions that know which one is theirs.</summary>
    internal ConcurrentDictionary<string, BrowserSession> Downloads { get; } = new();

    internal void Forget(BrowserSession session) => _sessions.TryRemove(session, out _);

    private async Task<BrowserSession> OpenIn(Running running, ReadOnlyMemory<byte>? state, CancellationToken cancellationToken)
    {
        var session = await BrowserSession.OpenAsync(this, running.Browser, running.UserAgent, new LaneDoor(_proxy!), time, state, cancellationToken);
        _sessions[session] = 0;
        if (_disposing.IsCancellationRequested || !running.Browser.IsConnected) session.MarkLost();
        return session;
    }

    private BrowserSession? TakeSpare()
    {
        lock (_spareGate)
        {
            var spare = _spare;
            _spare = null;
            return spare is { Lost.IsCancellationRequested: false } ? spare : null;
        }
    }

    private void ScheduleSpare()
    {
        if (!options.KeepSpareSession) return;
        lock (_spareGate)
        {
            if (_disposing.IsCancellationRequested) return;
            _spareTimer ??= time.CreateTimer(_ => _ = FillSpareAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _spareTimer.Change(SpareAfter, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task FillSpareAsync()
    {
        lock (_spareGate)
            if (_spare is { Lost.IsCancellationRequested: false } || _running is not { Browser.IsConnected: true }) return;
        try
        {
            var spare = await OpenIn(_running!, null, _disposing.Token);
            lock (_spareGate)
            {
                if (_spare is not { Lost.IsCancellationRequested: false })
                {
                    _spare = spare;
                    return;
                }
            }
            await spare.DisposeAsync();
        }
        catch (Exception e) when (e is PlaywrightException or OperationCanceledException or BrowserLostException)
        {
            // A spare is a convenience: the next session is opened when it is wanted.
        }
    }

    private async Task<Running> RunningAsync(CancellationToken cancellationToken)
    {
        if (_running is { Alive: true } alive) return alive;
        ObjectDisposedException.ThrowIf(_disposing.IsCancellationRequested, this);
        await _starting.WaitAsync(cancellationToken);
        try
        {
            if (_running is { Alive: true } other) return other;
            ObjectDisposedException.ThrowIf(_disposing.IsCancellationRequested, this);
            return _running = await StartAsync(cancellationToken);
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task<Running> StartAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var executable = FindChromium();
        using var patience = new CancellationTokenSource(options.StartTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token, _disposing.Token);
        try
        {
            await PrepareAsync(either.Token);
            IBrowser browser;
            try
            {
                browser = await LaunchAsync(executable, either.Token);
            }
            catch (PlaywrightException) when (_driver is { Used: true })
            {
                // The driver died together with the last Chromium, or instead of it.
                await EndsIn(Task.Run(_driver.Playwright.Dispose, CancellationToken.None), TimeSpan.FromSeconds(1));
                _driver = null;
                browser = await LaunchAsync(executable, either.Token);
            }
            _driver!.Used = true;
            (processGuard ?? _ownGuard)!.Learn();
            var running = new Running(browser);
            browser.Disconnected += (_, _) => OnGone(running);
            if (!browser.IsConnected) OnGone(running);
            await WatchWindowsAsync(running).WaitAsync(either.Token);
            Log.Started(_logger, browser.Version, (long)time.GetElapsedTime(started).TotalMilliseconds, _folder!.Path);
            return running;
        }
        catch (PlaywrightException e)
        {
            throw new BrowserLostException($"Chromium ({executable}) does not start: {Reason(e.Message)}", e);
        }
        catch (Exception e) when (e is TimeoutException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new BrowserLostException(_disposing.IsCancellationRequested
                ? "The server is stopping." : $"Chromium ({executable}) did not start within {options.StartTimeout.TotalSeconds:0} seconds.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            throw new BrowserLostException($"The browser cannot be started: {e.Message}", e);
        }
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (_folder is null)
        {
            var parent = Path.GetFullPath(options.RunDirectory.Length > 0 ? options.RunDirectory : Path.Combine(Path.GetTempPath(), "ostiary-browser"));
            var swept = await SweepLeftovers(parent, cancellationToken);
            if (swept > 0) Log.Swept(_logger, swept);
            var watcher = processGuard ?? (_ownGuard ??= ProcessGuard.Start());
            _folder = RunFolder.Create(parent);
            watcher.Add(RunFolder.GuardLines(_folder.Path));
        }
        _proxy ??= await EgressProxy.StartAsync(guard, time, cancellationToken);
    }

    private async Task<IBrowser> LaunchAsync(string executable, CancellationToken cancellationToken)
    {
        _driver ??= await Driver.StartAsync(_folder!, cancellationToken);
        var sandbox = options.Sandbox ?? !Environment.IsPrivilegedProcess;
        if (!sandbox && !_sandboxTold)
        {
            _sandboxTold = true;
            if (options.Sandbox is null) Log.SandboxOffForRoot(_logger);
            else Log.SandboxOffBySetting(_logger);
        }
        return await _driver.Playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = executable,
            Headless = true,
            ChromiumSandbox = sandbox,
            DownloadsPath = _folder!.Downloads,
            HandleSIGINT = false,
            HandleSIGTERM = false,
            HandleSIGHUP = false,
            Timeout = (float)options.StartTimeout.TotalMilliseconds,
            // Nothing leaves past a lane: a context gets its own proxy, and the browser itself is given one that does not exist.
            Proxy = new Proxy { Server = "http://127.0.0.1:9" },
            Args =
            [
                "--disable-quic", "--no-first-run", "--no-pings", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu",
                "--disable-domain-reliability", "--disable-crash-reporter", "--noerrdialogs",
                "--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
                // Sites that turn away every automated browser turn away a user's own server too.
                "--disable-blink-features=AutomationControlled",
                "--dns-prefetch-disable", $"--disable-features={string.Join(',', DisabledFeatures)}",
            ],
        }).WaitAsync(cancellationToken);
    }

    private void OnGone(Running running)
    {
        running.Discard();
        foreach (var session in _sessions.Keys)
            if (session.BelongsTo(running.Browser)) session.MarkLost();
        if (!_disposing.IsCancellationRequested) Log.Gone(_logger);
    }

    /// <summary>Playwright tells of a new window when it is ready, which takes a quarter of a second; Chromium tells at once that there will be one.</summary>
    private async Task WatchWindowsAsync(Running running)
    {
        try
        {
            var devTools = await running.Browser.NewBrowserCDPSessionAsync();
            devTools.Event("Target.targetCreated").OnEvent += (_, message) =>
            {
                if (message is not { } created) return;
                var target = created.GetProperty("targetInfo");
                if (target.GetProperty("type").GetString() != "page" || !target.TryGetProperty("browserContextId", out var context)) return;
                // A session learns its context's id after its first page: whatever comes later is a window that a page opened.
                var owner = _sessions.Keys.FirstOrDefault(session => session.ContextId == context.GetString());
                owner?.OnWindow(target.GetProperty("targetId").GetString()!, gone: false);
            };
            devTools.Event("Target.targetDestroyed").OnEvent += (_, message) =>
            {
                if (message?.GetProperty("targetId").GetString() is not { } id) return;
                foreach (var session in _sessions.Keys) session.OnWindow(id, gone: true);
            };
            await devTools.SendAsync("Target.setDiscoverTargets", new Dictionary<string, object> { ["discover"] = true });
        }
        catch (PlaywrightException)
        {
            // Windows are then seen when they are there.
        }
    }

    private string FindChromium()
    {
        if (options.ExecutablePath.Length > 0)
        {
            return File.Exists(options.ExecutablePath)
                ? options.ExecutablePath
                : throw new BrowserLostException($"There is no Chromium at {options.ExecutablePath}. Install it or set OSTIARY_CHROMIUM to where it is.");
        }
        foreach (var name in (string[])["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
            foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
                if (Path.Combine(folder, name) is var path && File.Exists(path)) return path;
        throw new BrowserLostException("There is no Chromium on PATH. Install the package chromium or set OSTIARY_CHROMIUM to where it is.");
    }

    private async Task<bool> EndsIn(Task task, TimeSpan limit)
    {
        try
        {
            await task.WaitAsync(limit, time, CancellationToken.None);
            return true;
        }
        catch (TimeoutException)
        {
            _ = task.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return false;
        }
        catch (PlaywrightException)
        {
            return true; // It was gone already.
        }
    }

    /// <summary>Chromium's own last words where Playwright passes them on, else Playwright's.</summary>
    private static string Reason(string message)
    {
        const string fromChromium = "[err] ";
        var lines = message.Split('\n');
        var last = lines.LastOrDefault(line => line.Contains(fromChromium, StringComparison.Ordinal));
        var reason = last is null ? lines[0] : last[(last.IndexOf(fromChromium, StringComparison.Ordinal) + fromChromium.Length)..];
        return reason.Length > 300 ? reason[..300] : reason;
    }

    private sealed class Running(IBrowser browser)
    {
        private volatile bool _discarded;

        public IBrowser Browser => browser;

        public bool Alive => !_discarded && browser.IsConnected;

        /// <summary>Chromium's own words without the one that says it has no window.</summary>
        public string UserAgent { get; } =
            $"Mozilla/5.0 ({Platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{browser.Version.Split('.')[0]}.0.0.0 Safari/537.36";

        public void Discard() => _discarded = true;

        private static string Platform => RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "X11; Linux aarch64" : "X11; Linux x86_64";
    }
}

/// <summary>The browser, the context or the page behind a session is gone.</summary>
public sealed class BrowserLostException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>An action on a page did not work (element gone, covered, time-out). The message names the action and the element's outline, never a value.</summary>
public class PageActionException(string message) : Exception(message);

/// <summary>A file is larger than <see cref="BrowserOptions.MaxDownloadBytes"/>.</summary>
public sealed class FileTooLargeException(string message) : PageActionException(message);
