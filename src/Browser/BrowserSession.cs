using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using Ostiary.Egress;

namespace Ostiary.Browser;

/// <summary>
/// One isolated context: cookies, storage, one current page (pop-ups that open become the current page until they close), its downloads, its lane through
/// the egress proxy. All actions throw <see cref="BrowserLostException"/> when the browser is gone and <see cref="PageActionException"/> when the page does not let them.
/// One caller at a time; only <see cref="Lost"/>, <see cref="Refusals"/> and <see cref="DisposeAsync"/> may be used beside it.
/// </summary>
public sealed partial class BrowserSession : IAsyncDisposable
{
    /// <summary>How long a page's script may keep everybody waiting before the page counts as hung.</summary>
    private static readonly TimeSpan PagePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FramePatience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan NavigationPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(3);
    private const int MostDialogs = 20;
    private const int ProbedFrames = 6;

    private readonly BrowserHost _host;
    private readonly IBrowser _browser;
    private readonly LaneDoor _door;
    private readonly TimeProvider _time;
    private readonly Traffic _traffic;
    private readonly CancellationTokenSource _lost = new();
    private readonly Lock _gate = new();
    private readonly List<IPage> _pages = [];
    private readonly List<string> _dialogs = [];
    private readonly HashSet<IFrame> _deafFrames = [];
    private readonly byte[] _cookieKey = RandomNumberGenerator.GetBytes(32);
    private IBrowserContext _context = null!;
    private Dictionary<string, string> _cookiesSeen = [];
    private Dictionary<string, string> _cookiesBeforeAction = [];
    private PageReading? _reading;
    private PageSnapshot? _snapshot;
    private Mark? _mark;
    private IPage? _readPage;
    private int _look;
    private int _commits;
    private int _documents;
    private bool _effectExpected;
    private bool _fresh;
    private int _disposed;

    private BrowserSession(BrowserHost host, IBrowser browser, LaneDoor door, TimeProvider time)
    {
        _host = host;
        _browser = browser;
        _door = door;
        _time = time;
        _traffic = new Traffic(time, door.Explain);
    }

    /// <summary>Cancelled at once when the page crashes, the context closes or Chromium dies.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Playwright's page, for task programs. Credentials are typed through <see cref="TypeSecretAsync"/> only, whose errors repeat nothing.</summary>
    public IPage Page
    {
        get
        {
            lock (_gate)
                return _pages.Count > 0 ? _pages[^1] : throw Gone();
        }
    }

    /// <summary>The newest look; null before the first.</summary>
    public PageSnapshot? LastLook => _snapshot;

    /// <summary>Hosts the egress guard refused in this session.</summary>
    public IReadOnlyList<RefusedHost> Refusals => _door.Refusals;

    /// <summary>CSS selectors by name: the looks that follow say which elements each of them matches, in every frame and open shadow root. A selector that is none matches nothing.</summary>
    public IReadOnlyDictionary<string, string> Marks { get; set; } = new Dictionary<string, string>();

    /// <summary>Goes to an http(s) URL. A network failure is not an exception: the next look shows <see cref="PageSnapshot.NavigationError"/>.</summary>
    /// <exception cref="PageActionException">The URL is not http or https (files, browser pages and scripts are refused).</exception>
    public async Task NavigateAsync(Uri url, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https"))
            throw new PageActionException("Going to an address: only http and https addresses may be visited.");
        BeginAction(effectExpected: false);
        var page = Page;
        _traffic.BeginNavigation(page);
        try
        {
            await RunAsync("Going to an address", () => page.GotoAsync(url.AbsoluteUri, new PageGotoOptions
            {
                WaitUntil = WaitUntilState.Commit,
                Timeout = (float)NavigationPatience.TotalMilliseconds,
            }), NavigationPatience + PagePatience, cancellationToken, navigationFailure: message => OnNavigationFailed(page, message));
        }
        catch (PageTimeoutException)
        {
            _traffic.NavigationFailed(page, "net::ERR_TIMED_OUT");
        }
    }

    /// <summary>Waits until the page is settled (see <see cref="PageSnapshot.Settled"/>) or <paramref name="limit"/> has passed, then looks.</summary>
    /// <remarks>A plain page is settled as soon as it has loaded; one that is at work, once it has been at rest for a moment.</remarks>
    /// <exception cref="PageActionException">The page does not answer: its own script keeps it busy.</exception>
    public async Task<PageSnapshot> LookAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var settled = await SettleAsync(limit, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var commits = Volatile.Read(ref _commits);
            if (_traffic.IsNavigating(Page)) return await WaitingAsync(cancellationToken);
            try
            {
                var snapshot = await RunAsync("Looking at the page", () => ReadAsync(settled, cancellationToken), ReadPatience, cancellationToken);
                // The page moved on under the look: what was seen belongs to a page that is no longer there.
                if (commits == Volatile.Read(ref _commits) || attempt == 4) return snapshot;
            }
            catch (PageMovedException) when (attempt < 4)
            {
                // A navigation destroyed the document while it was read.
            }
            catch (PageTimeoutException) when (_traffic.IsNavigating(Page))
            {
                // It began to wait for another document while it was read.
            }
            settled = await SettleAsync(TimeSpan.FromSeconds(2), cancellationToken);
        }
    }

    /// <summary>Waits until the page changes in any way that a look would show, or <paramref name="limit"/> has passed. True: something changed.</summary>
    /// <remarks>Compares with the newest look, so that what happened between that look and this call is not missed.</remarks>
    public async Task<bool> WaitForChangeAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var before = _mark ?? await MarkAsync(cancellationToken);
        while (true)
        {
            var moved = _traffic.Moved;
            var now = await MarkAsync(cancellationToken);
            if (now != before) return true;
            var left = limit - _time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return false;
            await RestAsync(moved, left < PollEvery ? left : PollEvery, cancellationToken);
        }
    }

    /// <summary>
    /// Cookies, local storage and IndexedDB as JSON in UTF-8: whoever holds it is signed in, so the caller seals it at once and wipes it. What a page keeps in
    /// session storage belongs to its tab and is not part of it.
    /// </summary>
    public async Task<byte[]> SaveStateAsync(CancellationToken cancellationToken)
    {
        var state = await RunAsync("Saving the state", async () =>
        {
            try
            {
                return await _context.StorageStateAsync(new BrowserContextStorageStateOptions { IndexedDB = true });
            }
            catch (PlaywrightException) when (!_lost.IsCancellationRequested)
            {
                // A database that cannot be copied (a page holds it, keys that are no JSON) must not cost the cookies.
                return await _context.StorageStateAsync();
            }
        }, NavigationPatience, cancellationToken);
        try
        {
            return Encoding.UTF8.GetBytes(state);
        }
        finally
        {
            Wipe(state);
        }
    }

    /// <summary>
    /// A fresh, empty page in place of those that are open: whatever was still being done to them ends with them. Cookies and storage stay; what a page kept in session
    /// storage does not.
    /// </summary>
    /// <exception cref="PageActionException">No page could be opened.</exception>
    public async Task RenewPageAsync(CancellationToken cancellationToken)
    {
        List<IPage> old;
        lock (_gate) old = [.. _pages];
        var fresh = await RunAsync("Opening a fresh page", () => _context.NewPageAsync(), ReadPatience, cancellationToken);
        await DecliningAsync(fresh, cancellationToken);
        foreach (var page in old)
        {
            var closing = page.CloseAsync(new PageCloseOptions { RunBeforeUnload = false });
            Observe(closing);
            await TryAsync(closing.WaitAsync(ClosePatience, _time, cancellationToken));
        }
    }

    /// <summary>Closes the context: pages, cookies, storage and unfinished downloads are gone. Quick, and may be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        MarkLost();
        _host.Forget(this);
        // Connections first: a page with a hanging request closes no faster for being waited for.
        _door.Dispose();
        var closing = _context.CloseAsync();
        try
        {
            await closing.WaitAsync(ClosePatience, _time, CancellationToken.None);
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            Observe(closing);
        }
        CryptographicOperations.ZeroMemory(_cookieKey);
    }

    internal static async Task<BrowserSession> OpenAsync(
        BrowserHost host, IBrowser browser, string userAgent, LaneDoor door, TimeProvider time, ReadOnlyMemory<byte>? state, CancellationToken cancellationToken)
    {
        var session = new BrowserSession(host, browser, door, time);
        var text = state is { } bytes ? StateText(bytes) : null;
        try
        {
            var opening = browser.NewContextAsync(new BrowserNewContextOptions
            {
                Proxy = new Proxy { Server = door.Address, Bypass = "<-loopback>" },
                UserAgent = userAgent,
                Locale = "en-US",
                ViewportSize = new ViewportSize { Width = 1366, Height = 900 },
                AcceptDownloads = true,
                ServiceWorkers = ServiceWorkerPolicy.Allow,
                StorageState = text,
            });
            try
            {
                session._context = await opening.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                _ = opening.ContinueWith(static t => t.IsCompletedSuccessfully ? t.Result.CloseAsync() : Task.CompletedTask, TaskScheduler.Default);
                throw;
            }
            session.Listen();
            await Task.WhenAll(
                session._context.AddInitScriptAsync(Quiet.InitScript),
                PageReader.InitScript.Length > 0 ? session._context.AddInitScriptAsync(PageReader.InitScript) : Task.CompletedTask,
                session._context.NewPageAsync()).WaitAsync(cancellationToken);
            await session.LearnContextIdAsync().WaitAsync(cancellationToken);
            await session.DecliningAsync(session.Page, cancellationToken);
            return session;
        }
        catch
        {
            if (session._context is not null) await session.DisposeAsync();
            else door.Dispose();
            throw;
        }
        finally
        {
            Wipe(text);
        }
    }

    /// <summary>Chromium's id of the context, by which new windows are told early; null when it is not known.</summary>
    internal string? ContextId { get; private set; }

    /// <summary>A page of this session asked for a window, or the window is gone.</summary>
    internal void OnWindow(string id, bool gone)
    {
        if (gone) _traffic.WindowArrived(id);
        else _traffic.AnnounceWindow(id);
    }

    internal bool BelongsTo(IBrowser browser) => _browser == browser;

    internal void MarkLost()
    {
        if (_lost.IsCancellationRequested) return;
        // Listeners run on the thread pool: this is called from Playwright's own thread, which must go on reading.
        _ = _lost.CancelAsync();
    }

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    private void Listen()
    {
        _traffic.Watch(_context);
        _context.Close += (_, _) => MarkLost();
        _context.Page += (_, page) =>
        {
            lock (_gate) _pages.Add(page);
            page.Crash += (_, _) => OnCrashed(page);
            _traffic.WindowArrived();
            _traffic.PageArrived(page);
            _traffic.Touch();
            OnShown(page);
            // For the first page it is waited for; a window that the site opened is there already.
            if (ContextId is not null) Observe(DeclineChallengesAsync(page));
        };
        _context.PageClose += (_, page) => OnClosed(page);
        _context.FrameNavigated += (_, frame) =>
        {
            if (frame.ParentFrame is null) Interlocked.Increment(ref _commits);
            Interlocked.Increment(ref _documents);
            lock (_gate) _deafFrames.Clear();
            _traffic.OnNavigated(frame.Page, frame);
            if (frame.ParentFrame is null) OnShown(frame.Page);
        };
        _context.Dialog += (_, dialog) => OnDialog(dialog);
        _context.Download += (_, download) => OnDownload(download);
    }

    private async Task LearnContextIdAsync()
    {
        try
        {
            var devTools = await _context.NewCDPSessionAsync(Page);
            var target = await devTools.SendAsync("Target.getTargetInfo");
            ContextId = target?.GetProperty("targetInfo").GetProperty("browserContextId").GetString();
            // Kept for pictures: making one takes longer than taking one.
            lock (_gate) _cameras[Page] = devTools;
        }
        catch (Exception e) when (e is PlaywrightException or KeyNotFoundException)
        {
            // Windows are then seen when they are there.
        }
    }

    private void OnCrashed(IPage page)
    {
        bool current;
        lock (_gate) current = _pages.Count > 0 && _pages[^1] == page;
        if (current) MarkLost();
        else OnClosed(page);
    }

    private void OnClosed(IPage page)
    {
        bool last;
        lock (_gate)
        {
            last = _pages.Remove(page) && _pages.Count == 0;
            _cameras.Remove(page);
            _declining.Remove(page);
        }
        _traffic.Forget(page);
        if (last) MarkLost();
    }

    private void OnDialog(IDialog dialog)
    {
        lock (_gate)
            if (dialog.Type != DialogType.BeforeUnload && _dialogs.Count < MostDialogs)
                _dialogs.Add(dialog.Message.Length > 300 ? dialog.Message[..300] : dialog.Message);
        // "Leave this page?" is answered yes: staying would undo the step that was decided on.
        _ = TryAsync(dialog.Type == DialogType.BeforeUnload ? dialog.AcceptAsync() : dialog.DismissAsync());
        _traffic.Touch();
    }

    private void OnNavigationFailed(IPage page, string message)
    {
        // A download is no failure, and neither is a navigation that the page replaced by another.
        var start = message.IndexOf("net::ERR_", StringComparison.Ordinal);
        if (start < 0) return;
        var end = start;
        while (end < message.Length && (char.IsAsciiLetterUpper(message[end]) || char.IsAsciiDigit(message[end]) || message[end] is ':' or '_' or 'n' or 'e' or 't')) end++;
        var error = message[start..end];
        if (error is not "net::ERR_ABORTED" && _traffic.MainDocumentOf(page).Error is null) _traffic.NavigationFailed(page, error);
    }

    private void BeginAction(bool effectExpected)
    {
        lock (_gate) _dialogs.Clear();
        _effectExpected = effectExpected;
        _fresh = true;
        _cookiesBeforeAction = _cookiesSeen;
        _traffic.BeginAction();
    }

    /// <summary>True when the page came to rest within the limit.</summary>
    /// <remarks>Chromium runs no script of ours while a page waits for the answer to a navigation; until it comes nothing is asked of the page.</remarks>
    private async Task<bool> SettleAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            var moved = _traffic.Moved;
            var page = Page;
            var commits = Volatile.Read(ref _commits);
            var left = limit - _time.GetElapsedTime(started);
            var wait = TimeSpan.FromMilliseconds(100);
            if (_traffic.SignsFor(page).Awaited == 0)
            {
                var signs = await ProbeAsync(page, left, cancellationToken);
                wait = signs is null ? TimeSpan.FromMilliseconds(10) : Quiet.Wait(signs, _traffic.SignsFor(page), _effectExpected);
                if (wait == TimeSpan.Zero && commits == Volatile.Read(ref _commits)) return true;
            }
            left = limit - _time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return false;
            await RestAsync(moved, left < wait ? left : wait, cancellationToken);
        }
    }

    /// <summary>What the page's frames say of themselves, as one; null while the page changes to another document.</summary>
    /// <param name="page">The page to ask.</param>
    /// <param name="left">How long the caller likes to wait. A page that waits for a navigation is given up then; one whose script keeps it busy gets at least a few seconds.</param>
    private async Task<PageSigns?> ProbeAsync(IPage page, TimeSpan left, CancellationToken cancellationToken)
    {
        if (_traffic.IsNavigating(page)) return null;
        var fresh = _fresh;
        var asked = _time.GetTimestamp();
        var main = page.MainFrame;
        var children = new List<Task<PageSigns?>>();
        foreach (var frame in page.Frames)
            if (frame != main && children.Count < ProbedFrames && !IsDeaf(frame))
                children.Add(ProbeFrameAsync(frame, fresh));
        PageSigns? signs;
        try
        {
            signs = PageSigns.Parse(await RunAsync("Looking at the page", async () =>
            {
                var asking = main.EvaluateAsync<string>(Quiet.Probe, fresh);
                Observe(asking);
                while (await Task.WhenAny(asking, Task.Delay(PollEvery, _time, cancellationToken)) != asking)
                    if (_traffic.IsNavigating(page)) return null;
                return await asking;
            }, left > PagePatience ? left : PagePatience, cancellationToken));
        }
        catch (PageMovedException)
        {
            signs = null;
        }
        var inner = await Task.WhenAll(children);
        if (signs is null) return null;
        _fresh = false;
        signs.Latency = _time.GetElapsedTime(asked).TotalMilliseconds;
        foreach (var child in inner)
        {
            if (child is null) continue;
            signs.Count += child.Count;
            // A frame that never rests (an advertisement) holds the page up for a while only.
            if (signs.SinceLoad > 2000 && child.SinceLoad > 2000) continue;
            signs.SinceChange = Math.Min(signs.SinceChange, child.SinceChange);
            signs.Scripts |= child.Scripts;
        }
        return signs;
    }

    private async Task<PageSigns?> ProbeFrameAsync(IFrame frame, bool fresh)
    {
        var asking = frame.EvaluateAsync<string>(Quiet.Probe, fresh);
        try
        {
            return PageSigns.Parse(await asking.WaitAsync(FramePatience, _time, CancellationToken.None));
        }
        catch (PlaywrightException)
        {
            return null;
        }
        catch (TimeoutException)
        {
            Observe(asking);
            lock (_gate) _deafFrames.Add(frame);
            return null;
        }
    }

    private bool IsDeaf(IFrame frame)
    {
        lock (_gate) return _deafFrames.Contains(frame);
    }

    private async Task<Mark> MarkAsync(CancellationToken cancellationToken)
    {
        var page = Page;
        var version = _traffic.Version;
        var signs = await ProbeAsync(page, PagePatience, cancellationToken);
        if (signs is null && _mark is { } old && old.Page == page && old.Url == page.Url) return old with { Version = version };
        return new Mark(page, page.Url, version, signs?.Count ?? -1, signs?.Origin ?? -1);
    }

    private async Task<PageSnapshot> ReadAsync(bool settled, CancellationToken cancellationToken)
    {
        var page = Page;
        var look = _look + 1;
        var mark = await MarkAsync(cancellationToken);
        var cookies = _context.CookiesAsync();
        Observe(cookies);
        var (status, error) = _traffic.MainDocumentOf(page);
        // Chromium's or the proxy's own words about a failure are not the site's.
        var failed = error is not null;
        var reading = failed ? null : await PageReader.ReadAsync(page, look, Marks, cancellationToken);
        if (_reading is { } old) Observe(old.DisposeAsync().AsTask());
        _reading = reading;
        _readPage = page;
        _look = look;
        _mark = mark;
        List<string> dialogs;
        lock (_gate) dialogs = [.. _dialogs];
        return _snapshot = new PageSnapshot
        {
            Look = look,
            Url = UrlOf(page, failed),
            Title = reading?.Title ?? "",
            Language = reading?.Language,
            StatusCode = status,
            NavigationError = error,
            Frames = reading?.Frames ?? [new FrameSnapshot(0, -1, UrlOf(page, failed), null, default, Visible: true)],
            Elements = reading?.Elements ?? [],
            Groups = reading?.Groups ?? [],
            Notices = reading?.Notices ?? [],
            StorageKeys = reading?.StorageKeys ?? [],
            Dialogs = dialogs,
            Requests = await _traffic.CallsAsync(cancellationToken),
            Cookies = Compare(await cookies),
            RequestsInFlight = _traffic.SignsFor(page).Listed,
            Settled = settled,
        };
    }

    /// <summary>
    /// A page that waits for the answer to a navigation when the limit has passed cannot be read. It is shown as it was seen last, with what is under way; elements
    /// keep their ids, and their look its number.
    /// </summary>
    private async Task<PageSnapshot> WaitingAsync(CancellationToken cancellationToken)
    {
        var page = Page;
        var last = _readPage == page ? _snapshot : null;
        if (last is null)
        {
            if (_reading is { } old) Observe(old.DisposeAsync().AsTask());
            (_reading, _readPage) = (null, page);
            _look++;
        }
        var (status, error) = _traffic.MainDocumentOf(page);
        _mark = await MarkAsync(cancellationToken);
        List<string> dialogs;
        lock (_gate) dialogs = [.. _dialogs];
        return _snapshot = (last ?? new PageSnapshot
        {
            Look = _look,
            Url = UrlOf(page, failed: false),
            Title = "",
            Frames = [new FrameSnapshot(0, -1, UrlOf(page, failed: false), null, default, Visible: true)],
            Elements = [],
        }) with
        {
            StatusCode = status,
            NavigationError = error,
            Dialogs = dialogs,
            Requests = await _traffic.CallsAsync(cancellationToken),
            RequestsInFlight = _traffic.SignsFor(page).Listed,
            Settled = false,
        };
    }

    private Uri UrlOf(IPage page, bool failed)
    {
        var url = failed ? _traffic.FailedUrlOf(page) ?? "about:blank" : page.Url;
        return Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? parsed : new Uri("about:blank");
    }

    /// <summary>Names and flags; of a value only whether it changed, told by a keyed digest.</summary>
    private List<CookieSnapshot> Compare(IReadOnlyList<BrowserContextCookiesResult> cookies)
    {
        var seen = new Dictionary<string, string>(cookies.Count);
        var list = new List<CookieSnapshot>(cookies.Count);
        foreach (var cookie in cookies)
        {
            var key = $"{cookie.Domain}\n{cookie.Path}\n{cookie.Name}";
            var digest = Convert.ToHexString(HMACSHA256.HashData(_cookieKey, Encoding.UTF8.GetBytes(cookie.Value)));
            seen[key] = digest;
            list.Add(new CookieSnapshot(cookie.Name, cookie.Domain, cookie.HttpOnly, cookie.Secure, _cookiesBeforeAction.GetValueOrDefault(key) != digest));
        }
        _cookiesSeen = seen;
        return list;
    }

    /// <summary>
    /// Runs a call into Playwright under a limit, the caller's token and the life of the browser, and turns whatever it throws into our own exceptions. Playwright's own
    /// messages end here: they repeat arguments, and an argument may be a secret.
    /// </summary>
    private async Task<T> RunAsync<T>(
        string action, Func<Task<T>> call, TimeSpan limit, CancellationToken cancellationToken, Action<string>? navigationFailure = null)
    {
        if (_lost.IsCancellationRequested) throw Gone();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lost.Token);
        Task<T>? task = null;
        try
        {
            task = call();
            return await task.WaitAsync(limit, _time, ending.Token);
        }
        catch (OperationCanceledException) when (_lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Gone();
        }
        catch (PlaywrightException e) when (!_lost.IsCancellationRequested)
        {
            if (IsDeath(e) && await DiesAsync()) throw Gone();
            if (navigationFailure is not null)
            {
                navigationFailure(e.Message);
                return default!;
            }
            if (IsMoved(e)) throw new PageMovedException();
            throw new PageActionException($"{action} did not work.");
        }
        catch (PlaywrightException)
        {
            throw Gone();
        }
        catch (TimeoutException)
        {
            throw new PageTimeoutException(action);
        }
        finally
        {
            if (task is { IsCompleted: false }) Observe(task);
        }
    }

    private static bool IsDeath(PlaywrightException e) =>
        e.Message.Contains("has been closed", StringComparison.Ordinal) || e.Message.Contains("crashed", StringComparison.Ordinal)
        || e.Message.Contains("Process exited", StringComparison.Ordinal) || e.Message.Contains("Connection closed", StringComparison.Ordinal);

    private static bool IsMoved(PlaywrightException e) =>
        e.Message.Contains("context was destroyed", StringComparison.Ordinal) || e.Message.Contains("Cannot find context", StringComparison.Ordinal)
        || e.Message.Contains("navigation", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("Frame was detached", StringComparison.Ordinal)
        || e.Message.Contains("has been closed", StringComparison.Ordinal);

    /// <summary>The word that something closed may come before the word that all of it did.</summary>
    private async Task<bool> DiesAsync()
    {
        await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(500), _time, _lost.Token));
        return _lost.IsCancellationRequested;
    }

    private static async Task TryAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            // The page went away; so did what was asked of it.
        }
    }

    /// <summary>Waits for a while, or until the network moves.</summary>
    private async Task RestAsync(Task moved, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lost.Token);
        await Task.WhenAny(moved, Task.Delay(wait, _time, over.Token));
        var lost = _lost.IsCancellationRequested;
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (lost) throw Gone();
    }

    private static void Observe(Task task) =>
        _ = task.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private BrowserLostException Gone() =>
        new(Volatile.Read(ref _disposed) != 0 ? "The browser session is closed." : "The browser behind this session is gone.");

    private static string StateText(ReadOnlyMemory<byte> state)
    {
        try
        {
            using var parsed = JsonDocument.Parse(state);
            if (parsed.RootElement.ValueKind != JsonValueKind.Object || !parsed.RootElement.TryGetProperty("cookies", out _))
                throw new InvalidDataException("The saved browser state is not one.");
        }
        catch (JsonException e)
        {
            // Its message tells a place in the text, never the text.
            throw new InvalidDataException("The saved browser state is not JSON.", e);
        }
        return Encoding.UTF8.GetString(state.Span);
    }

    /// <summary>Overwrites a string that this class made and nobody else holds any more.</summary>
    private static void Wipe(string? text)
    {
        // Never a literal or the shared empty string: those belong to everybody.
        if (text is { Length: > 0 })
            System.Runtime.InteropServices.MemoryMarshal.AsMemory(text.AsMemory()).Span.Clear();
    }

    /// <summary>The document went away under a call; the call may be repeated on the next one.</summary>
    private sealed class PageMovedException() : PageActionException("The page went on to another document meanwhile.");

    /// <summary>A call took longer than its limit.</summary>
    private sealed class PageTimeoutException(string action) : PageActionException($"{action}: the page did not answer in time.");

    /// <summary>How far the session's visible state has come: two equal marks, two equal looks.</summary>
    private sealed record Mark(IPage Page, string Url, long Version, long Count, double Origin);
}
