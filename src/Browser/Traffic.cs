using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Playwright;

namespace Ostiary.Browser;

/// <summary>
/// What a context's pages ask the network for, kept from Playwright's events: the outlines of a page's own calls since the last action, what is still under way,
/// and the status of each page's newest main document. It keeps no query, no header but a type, and no body.
/// </summary>
/// <param name="explain">The network error that stands behind a tunnel which the proxy did not open, or null when nobody knows.</param>
internal sealed class Traffic(TimeProvider time, Func<Uri, string?> explain)
{
    private const int MostCalls = 200;
    private const int MostTypes = 64;
    private const int MostOrphans = 16;
    private const long LargestReadAnswer = 64 * 1024;

    private static readonly TimeSpan AnnouncedPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan UnreadPatience = TimeSpan.FromSeconds(2);

    /// <summary>Requests that pages wait for before they show what they are about to show.</summary>
    private static readonly FrozenSet<string> Awaited = new[] { "document", "xhr", "fetch", "script", "stylesheet" }.ToFrozenSet();
    private static readonly FrozenSet<string> Listed = new[] { "document", "xhr", "fetch" }.ToFrozenSet();

    private readonly Lock _gate = new();
    private readonly Dictionary<IRequest, Call> _open = [];
    private readonly List<Call> _calls = [];
    private readonly List<(IRequest Request, Call Call)> _orphans = [];
    private readonly List<Task> _readings = [];
    private readonly Dictionary<IPage, MainDocument> _documents = [];
    private readonly Queue<(string Url, string? Type)> _types = [];
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _actionAt = time.GetTimestamp();
    private long? _lastEndAt;
    private bool _startedSinceAction;
    private long _version;
    private readonly HashSet<string> _entrusted = new(StringComparer.Ordinal);
    private readonly List<string> _announcedWindows = [];
    private long _announcedAt;

    /// <summary>Grows with every event that a look would show.</summary>
    public long Version { get { lock (_gate) return _version; } }

    /// <summary>From now on the calls of this site count as the page's own: something was typed into its frame.</summary>
    public void Entrust(string host)
    {
        lock (_gate) _entrusted.Add(RegistrableDomain.Of(host));
    }

    /// <summary>Completes at the next event.</summary>
    public Task Moved { get { lock (_gate) return _moved.Task; } }

    /// <summary>Forgets what was before; what is under way stays known as under way.</summary>
    public void BeginAction()
    {
        lock (_gate)
        {
            _calls.Clear();
            _readings.Clear();
            _actionAt = time.GetTimestamp();
            _lastEndAt = null;
            _startedSinceAction = false;
        }
    }

    public void Watch(IBrowserContext context)
    {
        context.Request += (_, request) => OnRequest(request);
        context.Response += (_, response) => OnResponse(response);
        context.RequestFinished += (_, request) => OnFinished(request);
        context.RequestFailed += (_, request) => OnFailed(request);
    }

    public void OnNavigated(IPage page, IFrame frame)
    {
        if (frame.ParentFrame is not null) return;
        lock (_gate)
        {
            var document = Of(page);
            foreach (var call in _open.Values)
                if (call is { MainNavigation: true, Status: not null } && (call.Page is null || call.Page == page)) call.Committed = true;
            if (document.PendingStatus is { } status)
            {
                (document.Status, document.Error, document.PendingStatus, document.BegunAt) = (status, null, null, document.PendingBegunAt);
            }
            else if (frame.Url.StartsWith("about:", StringComparison.Ordinal))
            {
                document.Status = null;
            }
            Tell();
        }
    }

    /// <summary>A navigation that failed before any request was seen.</summary>
    public void NavigationFailed(IPage page, string error)
    {
        lock (_gate)
        {
            var document = Of(page);
            (document.Error, document.Status) = (error, null);
            Tell();
        }
    }

    public void BeginNavigation(IPage page)
    {
        lock (_gate)
        {
            var document = Of(page);
            (document.Error, document.Status, document.PendingStatus) = (null, null, null);
        }
    }

    /// <summary>A window was asked for; it is known as a page somewhat later.</summary>
    public void AnnounceWindow(string id)
    {
        lock (_gate)
        {
            _announcedWindows.Add(id);
            _announcedAt = time.GetTimestamp();
            Tell();
        }
    }

    /// <summary>The requests of a page that is new were told before it: gives them to it.</summary>
    public void PageArrived(IPage page)
    {
        List<(IRequest Request, Call Call)> orphans;
        lock (_gate) orphans = [.. _orphans];
        foreach (var (request, call) in orphans)
        {
            if (FrameOf(request) is not { ParentFrame: null } frame || frame.Page != page) continue;
            lock (_gate)
            {
                _orphans.Remove((request, call));
                call.Page = page;
                if (call.Status is { } status and not (>= 300 and < 400)) (Of(page).Status, Of(page).BegunAt, call.Committed) = (status, call.StartedAt, true);
            }
        }
    }

    /// <summary>A window is there: the oldest of those that were announced. With an id: that one is gone again, if it never was there.</summary>
    public void WindowArrived(string? id = null)
    {
        lock (_gate)
        {
            if (id is not null ? !_announcedWindows.Remove(id) : _announcedWindows.Count == 0) return;
            if (id is null) _announcedWindows.RemoveAt(0);
            Tell();
        }
    }

    public void Touch()
    {
        lock (_gate) Tell();
    }

    public void Forget(IPage page)
    {
        lock (_gate)
        {
            _documents.Remove(page);
            foreach (var (request, _) in _open.Where(o => o.Value.Page == page).ToList())
                _open.Remove(request);
            Tell();
        }
    }

    public (int? Status, string? Error) MainDocumentOf(IPage page)
    {
        lock (_gate)
            return _documents.TryGetValue(page, out var document) ? (document.Status, document.Error) : (null, null);
    }

    /// <summary>Where the navigation that failed last was going.</summary>
    public string? FailedUrlOf(IPage page)
    {
        lock (_gate) return _documents.TryGetValue(page, out var document) ? document.FailedUrl : null;
    }

    /// <summary>The type a server gave for an address lately, or null.</summary>
    public string? TypeOf(string url)
    {
        lock (_gate)
            return _types.LastOrDefault(t => t.Url == url).Type;
    }

    /// <summary>True while a page's main frame waits for the answer to a navigation.</summary>
    public bool IsNavigating(IPage page)
    {
        lock (_gate)
            return _open.Values.Any(call => call is { MainNavigation: true, Committed: false } && call.Page == page);
    }

    /// <summary>How busy the network is for a page now.</summary>
    public TrafficSigns SignsFor(IPage page)
    {
        lock (_gate)
        {
            var own = Own(page);
            var begun = _documents.TryGetValue(page, out var document) ? document.BegunAt : long.MinValue;
            var awaited = 0;
            var listed = 0;
            foreach (var call in _open.Values)
            {
                if (call.Page is not null && call.Page != page) continue;
                // What the document before has asked is nothing that this one waits for; an answer that nobody read before a reload never ends.
                if (!call.MainNavigation && call.StartedAt < begun) continue;
                // Nor does an answer end whose body the page never reads.
                if (call.Stream || call is { AnsweredAt: { } answered, Type: "xhr" or "fetch" } && time.GetElapsedTime(answered) > UnreadPatience) continue;
                if (Listed.Contains(call.Type)) listed++;
                if (IsAwaited(call, own)) awaited++;
            }
            if (_announcedWindows.Count > 0 && time.GetElapsedTime(_announcedAt) < AnnouncedPatience) awaited++;
            return new TrafficSigns(
                awaited, listed, _startedSinceAction, time.GetElapsedTime(_actionAt),
                _lastEndAt is { } ended ? time.GetElapsedTime(ended) : null);
        }
    }

    /// <summary>Outlines of the page's own calls since the last action. Waits a moment for the keys of answers that have just come in.</summary>
    public async Task<IReadOnlyList<RequestSnapshot>> CallsAsync(CancellationToken cancellationToken)
    {
        Task[] readings;
        lock (_gate) readings = [.. _readings.Where(r => !r.IsCompleted)];
        if (readings.Length > 0)
            await Task.WhenAny(Task.WhenAll(readings), Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken));
        lock (_gate)
            return [.. _calls.Where(c => c.Own).Select(c => new RequestSnapshot(c.Method, c.Origin, c.Path, c.Status, c.Type, c.Type == "document", c.JsonKeys))];
    }

    private bool IsAwaited(Call call, string own)
    {
        if (!Awaited.Contains(call.Type)) return false;
        var age = time.GetElapsedTime(call.StartedAt);
        if (call.MainNavigation) return true;
        // Long polls and beacons never end; a page does not show anything new because of them.
        if (call.StartedAt < _actionAt) return age < TimeSpan.FromSeconds(2);
        if (!string.Equals(RegistrableDomain.Of(call.Origin.Host), own, StringComparison.Ordinal)) return age < TimeSpan.FromSeconds(3);
        return call.Method != "GET" || age < TimeSpan.FromSeconds(5);
    }

    private void OnRequest(IRequest request)
    {
        if (!Uri.TryCreate(request.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) return;
        var frame = FrameOf(request);
        var page = frame?.Page;
        lock (_gate)
        {
            var type = request.ResourceType;
            var call = new Call
            {
                Method = request.Method,
                Origin = new Uri(url.GetLeftPart(UriPartial.Authority)),
                Path = url.AbsolutePath,
                Type = type,
                StartedAt = time.GetTimestamp(),
                Page = page,
                // A navigation request belongs to a frame that has no address of its own yet.
                MainNavigation = request.IsNavigationRequest && (frame is null || frame.ParentFrame is null),
            };
            call.Own = Listed.Contains(type)
                && (call.MainNavigation || (page is not null && RegistrableDomain.Of(url.Host) is var site && (string.Equals(site, Own(page), StringComparison.Ordinal) || _entrusted.Contains(site))));
            _open[request] = call;
            if (page is null && call.MainNavigation)
            {
                _orphans.Add((request, call));
                if (_orphans.Count > MostOrphans) _orphans.RemoveAt(0);
            }
            if (Awaited.Contains(type)) _startedSinceAction = true;
            if (call.Own && _calls.Count < MostCalls) _calls.Add(call);
            if (call.MainNavigation && page is not null) Of(page).PendingStatus = null;
            if (Listed.Contains(type)) Tell();
        }
    }

    private void OnResponse(IResponse response)
    {
        var request = response.Request;
        response.Headers.TryGetValue("content-type", out var type);
        lock (_gate)
        {
            if (!_open.TryGetValue(request, out var call)) return;
            call.Status = response.Status;
            call.AnsweredAt = time.GetTimestamp();
            call.Json = type?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true
                && (!response.Headers.TryGetValue("content-length", out var length) || (long.TryParse(length, out var bytes) && bytes <= LargestReadAnswer));
            call.Stream = type?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;
            if (call.MainNavigation || call.Type is "document")
            {
                _types.Enqueue((request.Url, type));
                while (_types.Count > MostTypes) _types.Dequeue();
            }
            if (call.MainNavigation && call.Page is { } page && response.Status is not (>= 300 and < 400 and not 304) and not (204 or 205))
            {
                var document = Of(page);
                // The egress proxy's own answer, not the site's: to a customer that is a network that does not lead there.
                if (response.Headers.TryGetValue("x-ostiary-egress", out var egress))
                    (document.Error, document.PendingStatus, document.Status, document.FailedUrl) = (EgressError(egress), null, null, request.Url);
                else
                    (document.Error, document.PendingStatus, document.PendingBegunAt) = (null, response.Status, call.StartedAt);
            }
            if (Listed.Contains(call.Type)) Tell();
        }
    }

    private void OnFinished(IRequest request)
    {
        lock (_gate)
        {
            if (!_open.Remove(request, out var call)) return;
            Ended(call);
            if (call is { Own: true, Json: true, Status: >= 200 })
                _readings.Add(ReadKeysAsync(request, call));
        }
    }

    private void OnFailed(IRequest request)
    {
        lock (_gate)
        {
            if (!_open.Remove(request, out var call)) return;
            Ended(call);
            // Aborted: the page changed its mind, or the answer became a download. Neither is the page's error.
            if (call.MainNavigation && call.Page is { } page && request.Failure is { } failure && failure != "net::ERR_ABORTED")
            {
                var document = Of(page);
                // A tunnel that the proxy did not open says no more than that; the lane knows why.
                var why = failure == "net::ERR_TUNNEL_CONNECTION_FAILED" ? explain(new Uri(request.Url)) : null;
                (document.Error, document.PendingStatus, document.FailedUrl) = (why ?? failure, null, request.Url);
                // Chromium shows its own error page instead of an answer that asks for Basic or Digest credentials it does not have.
                document.Status = failure == "net::ERR_INVALID_AUTH_CREDENTIALS" ? 401 : null;
            }
        }
    }

    private void Ended(Call call)
    {
        if (call.StartedAt >= _actionAt && Awaited.Contains(call.Type)) _lastEndAt = time.GetTimestamp();
        Tell();
    }

    private static async Task ReadKeysAsync(IRequest request, Call call)
    {
        await Task.Yield();
        byte[]? body = null;
        try
        {
            if (await request.ResponseAsync() is not { } response) return;
            body = await response.BodyAsync();
            if (body.Length <= LargestReadAnswer)
                call.JsonKeys = TopLevelKeys(body);
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException or JsonException)
        {
            // The page has moved on, or the answer is not what it says it is: its keys stay unknown.
        }
        finally
        {
            if (body is not null) Array.Clear(body);
        }
    }

    internal static IReadOnlyList<string> TopLevelKeys(ReadOnlySpan<byte> json)
    {
        var keys = new List<string>();
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return keys;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && keys.Count < 50)
        {
            var key = reader.GetString()!;
            keys.Add(key.Length > 100 ? key[..100] : key);
            reader.Skip();
        }
        return keys;
    }

    private static string EgressError(string answer) => answer switch
    {
        "refused" => "net::ERR_BLOCKED_BY_CLIENT",
        "unresolved" => "net::ERR_NAME_NOT_RESOLVED",
        "no-answer" => "net::ERR_EMPTY_RESPONSE",
        _ => "net::ERR_CONNECTION_FAILED",
    };

    private static IFrame? FrameOf(IRequest request)
    {
        try
        {
            return request.Frame;
        }
        catch (PlaywrightException)
        {
            return null; // A service worker's request, or the first one of a page that is not there yet.
        }
    }

    private static string Own(IPage page) => Uri.TryCreate(page.Url, UriKind.Absolute, out var url) ? RegistrableDomain.Of(url.Host) : "";

    private MainDocument Of(IPage page)
    {
        if (!_documents.TryGetValue(page, out var document))
            _documents[page] = document = new MainDocument();
        return document;
    }

    private void Tell()
    {
        _version++;
        var moved = _moved;
        _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        moved.TrySetResult();
    }

    private sealed class MainDocument
    {
        public int? Status;
        public int? PendingStatus;

        /// <summary>When the request was sent that brought the document.</summary>
        public long BegunAt = long.MinValue;

        /// <summary>The same for the document that is on its way.</summary>
        public long PendingBegunAt = long.MinValue;
        public string? Error;
        public string? FailedUrl;
    }

    private sealed class Call
    {
        public required string Method { get; init; }
        public required Uri Origin { get; init; }
        public required string Path { get; init; }
        public required string Type { get; init; }
        public required long StartedAt { get; init; }
        public required IPage? Page { get; set; }
        public required bool MainNavigation { get; init; }
        public bool Own;
        public bool Committed;
        public int? Status;
        public long? AnsweredAt;
        public bool Json;
        public bool Stream;
        public IReadOnlyList<string> JsonKeys = [];
    }
}

/// <summary>How busy the network is for one page.</summary>
/// <param name="Awaited">Requests under way that the page is likely to wait for.</param>
/// <param name="Listed">Document, XHR and fetch requests under way.</param>
/// <param name="StartedSinceAction">Something was asked for since the last action.</param>
/// <param name="SinceEnd">Since a request of this action ended, or null.</param>
internal sealed record TrafficSigns(int Awaited, int Listed, bool StartedSinceAction, TimeSpan SinceAction, TimeSpan? SinceEnd);
