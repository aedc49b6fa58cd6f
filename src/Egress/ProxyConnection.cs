using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ostiary.Egress;

/// <summary>
/// One connection from the browser: requests one after another, each checked, each sent over a connection to a checked address; or one tunnel. The upstream
/// connection of the last request is kept for the next one to the same host and port, and belongs to this connection alone.
/// </summary>
internal sealed class ProxyConnection
{
    private const int MostRequestHeadBytes = 64 * 1024;
    private const int MostResponseHeadBytes = 256 * 1024; // What Chromium itself accepts.
    private const int TunnelBufferBytes = 32 * 1024;
    private const int CoalescedBytes = 16 * 1024;

    /// <summary>From the first byte of a request to the end of its head.</summary>
    private static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Between two requests, and before the first.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(2);

    /// <summary>How long the other side may go on after one side has ended: a browser that left, half a tunnel in silence.</summary>
    private static readonly TimeSpan HalfClosedTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long what the client still sends is read and dropped, so that it gets to see the answer.</summary>
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(2);

    private static readonly ReadOnlyMemory<byte> TunnelOpen = "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray();

    private readonly EgressProxy _proxy;
    private readonly Socket _client;
    private readonly SocketReader _fromClient;
    private readonly HttpHead _request = new();
    private readonly HttpHead _response = new();
    private readonly ChunkScanner _requestChunks = new();
    private readonly ChunkScanner _responseChunks = new();
    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private readonly ITimer _deadline;
    private readonly Lock _gate = new();
    private EgressLane? _lane;
    private Upstream? _upstream;
    private Task<bool>? _ahead;
    private Task<bool>? _sendingBody;
    private volatile bool _aborted;
    private volatile bool _halfClosed;
    private volatile bool _malformedBody;

    public ProxyConnection(EgressProxy proxy, Socket client)
    {
        _proxy = proxy;
        _client = client;
        _client.NoDelay = true;
        _fromClient = new SocketReader(client, MostRequestHeadBytes);
        _deadline = proxy.Time.CreateTimer(static connection => ((ProxyConnection)connection!).Abort(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private enum Next
    {
        Request,
        End,

        /// <summary>The client may still be sending; let it see the answer before the connection is gone.</summary>
        Linger,
    }

    /// <summary>Serves the connection to its end. Faults of the network end it quietly.</summary>
    public async Task RunAsync()
    {
        try
        {
            Next next;
            while ((next = await ServeAsync()) == Next.Request)
            {
            }
            if (next == Next.Linger) await LingerAsync();
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or OperationCanceledException or IOException)
        {
            // The other side left, or the lane was closed.
        }
        finally
        {
            Abort();
            await _deadline.DisposeAsync();
            // No read may still be filling a buffer when it is wiped.
            if (_sendingBody is { } sending) await ((Task)sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_ahead is { } ahead) await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _lane?.Leave(this);
            _fromClient.Wipe();
            _output.Clear();
        }
    }

    /// <summary>Closes both sides now; whatever is being done on them fails.</summary>
    public void Abort()
    {
        Upstream? upstream;
        lock (_gate)
        {
            _aborted = true;
            (upstream, _upstream) = (_upstream, null);
        }
        upstream?.Dispose();
        _client.Dispose();
    }

    private async ValueTask<Next> ServeAsync()
    {
        var headLength = await ReadHeadAsync();
        if (headLength == 0) return Next.End;
        if (headLength < 0) return await AnswerAsync(431, null, "Request header fields are too large.", Next.Linger);
        Arm(Timeout.InfiniteTimeSpan);

        var head = _fromClient.UnreadMemory[..headLength];
        if (_request.ReadRequest(head.Span) is { } fault)
            return await AnswerAsync(fault, null, fault == 505 ? "Only HTTP/1.1 is spoken here." : "The request is malformed.", Next.Linger);
        if (!Authenticate(head.Span))
        {
            _fromClient.Consume(headLength);
            return await AnswerAsync(407, null, "The proxy needs the credentials of an open lane.", _request.Framing != Framing.None || _request.Close ? Next.Linger : Next.Request);
        }
        return _request.Method == "CONNECT" ? await TunnelAsync(headLength) : await ForwardAsync(headLength);
    }

    /// <summary>Bytes of the head; 0 when the client left or sends nothing in time; -1 when the head is too long.</summary>
    private async ValueTask<int> ReadHeadAsync()
    {
        var armed = false;
        var scanned = 0;
        if (_ahead is null && _fromClient.Count == 0) Arm(IdleTimeout);
        while (true)
        {
            if (_ahead is { } ahead)
            {
                Arm(IdleTimeout);
                var more = await ahead;
                _ahead = null;
                if (!more) return 0;
            }

            if (scanned == 0)
            {
                // RFC 9112, 2.2: empty lines before a request are skipped.
                while (_fromClient.Unread.StartsWith("\r\n"u8)) _fromClient.Consume(2);
            }
            var length = HttpHead.FindEnd(_fromClient.Unread, ref scanned);
            if (length > 0) return length;
            if (_fromClient.IsFull) return -1;
            if (_fromClient.Count > 0 && !armed)
            {
                // Once, so that a byte now and then does not extend it.
                Arm(HeadTimeout);
                armed = true;
            }
            if (!await _fromClient.FillAsync()) return 0;
        }
    }

    private bool Authenticate(ReadOnlySpan<byte> head)
    {
        if (!_request.HasProxyAuthorization) return false;
        var value = head[_request.ProxyAuthorization];
        if (value.Length < 6 || !HttpHead.Is(value[..6], "basic "u8)) return false;
        Span<byte> credentials = stackalloc byte[192];
        if (Base64.DecodeFromUtf8(value[6..].TrimStart((byte)' '), credentials, out _, out var length) != OperationStatus.Done) return false;
        credentials = credentials[..length];

        // A connection stays with its lane; its upstream connection does too.
        if (_lane is not null) return _lane.Accepts(credentials);
        var colon = credentials.IndexOf((byte)':');
        if (colon < 0 || _proxy.FindLane(Encoding.Latin1.GetString(credentials[..colon])) is not { } lane || !lane.Accepts(credentials) || !lane.TryEnter(this)) return false;
        _lane = lane;
        return true;
    }

    private async ValueTask<Next> TunnelAsync(int headLength)
    {
        var target = RequestTarget.TryParseConnect(_fromClient.Unread[..headLength][_request.Target]);
        var hasBody = _request.Framing != Framing.None;
        _fromClient.Consume(headLength);
        if (target is not { } to || hasBody) return await AnswerAsync(400, null, "The request is malformed.", Next.Linger);

        DropUpstream();
        var (upstream, failure) = await ReachAsync(to);
        if (upstream is null) return await AnswerAsync(failure!, Next.Linger);
        await SendAsync(_client, TunnelOpen);
        if (_fromClient.Count > 0)
        {
            await SendAsync(upstream.Socket, _fromClient.UnreadMemory);
            _fromClient.Consume(_fromClient.Count);
        }
        await Task.WhenAll(PumpAsync(_client, upstream.Socket), PumpAsync(upstream.Socket, _client));
        return Next.End;
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(TunnelBufferBytes);
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, SocketFlags.None)) > 0)
            {
                if (_halfClosed) Arm(HalfClosedTimeout);
                await SendAsync(to, buffer.AsMemory(0, read));
            }
            // The other direction goes on, as long as something comes.
            _halfClosed = true;
            Arm(HalfClosedTimeout);
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private async ValueTask<Next> ForwardAsync(int headLength)
    {
        var target = PrepareRequest(headLength);
        _fromClient.Consume(headLength);
        if (target is not { } to) return await AnswerAsync(400, null, "The request is malformed.", Next.Linger);

        // A request that may be repeated (RFC 9110, 9.2.2) can use the kept connection, which may turn out to be dead. Any other gets a fresh one, so that it is
        // sent once: a form with a password above all.
        var hasBody = _request.Framing != Framing.None;
        var upstream = !hasBody && _request.Method is "GET" or "HEAD" or "OPTIONS" ? KeptFor(to) : null;
        if (upstream is not null && await TryAskAsync(upstream)) return await RelayAsync(upstream, to);

        DropUpstream();
        (upstream, var failure) = await ReachAsync(to);
        if (upstream is null) return await AnswerAsync(failure!, hasBody || _request.Close ? Next.Linger : Next.Request);
        return await TryAskAsync(upstream) ? await RelayAsync(upstream, to) : await NoAnswerAsync(to);
    }

    /// <summary>Writes the head that goes upstream to the output. Null: not a request that a proxy can forward.</summary>
    private RequestTarget? PrepareRequest(int headLength)
    {
        var head = _fromClient.Unread[..headLength];
        var bytes = head[_request.Target];
        if (RequestTarget.TryParseAbsolute(bytes) is not { } target) return null;
        var path = bytes[target.Path];

        _output.ResetWrittenCount();
        Write(Encoding.ASCII.GetBytes(_request.Method));
        Write(" "u8);
        if (path.IsEmpty) Write(_request.Method == "OPTIONS" ? "*"u8 : "/"u8);
        else if (path[0] == '?') Write("/"u8);
        Write(path);
        // The authority of the target replaces whatever Host says (RFC 9112, 3.2.2). There is no Via: this is the browser's own way out, and sites must see the browser.
        Write(" HTTP/1.1\r\nHost: "u8);
        Write(bytes[target.Authority]);
        Write("\r\nConnection: keep-alive\r\n"u8);
        _request.WriteFields(head, _output, request: true);
        Write("\r\n"u8);
        return target;
    }

    /// <summary>Sends the prepared request and waits for the first bytes of an answer. False: the connection ended without any.</summary>
    private async ValueTask<bool> TryAskAsync(Upstream upstream)
    {
        try
        {
            var left = _request.Framing == Framing.Length ? _request.ContentLength!.Value : 0;
            if (left > 0 && _fromClient.Count > 0)
            {
                // A small form travels with its head.
                var now = (int)Math.Min(Math.Min(left, _fromClient.Count), CoalescedBytes);
                Write(_fromClient.Unread[..now]);
                _fromClient.Consume(now);
                left -= now;
            }
            await SendAsync(upstream.Socket, _output.WrittenMemory);

            _sendingBody = _request.Framing == Framing.Chunked ? SendChunksAsync(upstream) : left > 0 ? SendBytesAsync(upstream, left) : null;
            // From here on the browser has nothing more to say about this request; reading on tells when it leaves.
            if (_sendingBody is null && _ahead is null && _fromClient.Count == 0) _ahead = ReadAheadAsync();
            return await upstream.Reader.FillAsync();
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException && !_aborted)
        {
            return false;
        }
    }

    /// <summary>True: the next request has begun. False: the browser has ended its side, and gets only a little more time for its answer.</summary>
    private async Task<bool> ReadAheadAsync()
    {
        try
        {
            if (await _fromClient.FillAsync()) return true;
        }
        catch (SocketException)
        {
            Abort();
            throw;
        }
        Arm(HalfClosedTimeout);
        return false;
    }

    private async Task<bool> SendBytesAsync(Upstream upstream, long left)
    {
        while (left > 0)
        {
            if (!await HasMoreAsync()) return false;
            var now = (int)Math.Min(left, _fromClient.Count);
            if (!await TrySendAsync(upstream, _fromClient.UnreadMemory[..now])) return false;
            _fromClient.Consume(now);
            left -= now;
        }
        if (_fromClient.Count == 0) _ahead = ReadAheadAsync();
        return true;
    }

    /// <summary>Written anew chunk by chunk, so that the site sees one unambiguous framing; extensions and trailers end here.</summary>
    private async Task<bool> SendChunksAsync(Upstream upstream)
    {
        var chunk = new ArrayBufferWriter<byte>(4096);
        _requestChunks.Reset();
        while (!_requestChunks.Done)
        {
            if (!await HasMoreAsync()) return false;
            int used;
            try
            {
                used = _requestChunks.Advance(_fromClient.Unread, out var data);
                if (data.Length > 0)
                {
                    chunk.Write(Encoding.ASCII.GetBytes($"{data.Length:x}\r\n"));
                    chunk.Write(data);
                    chunk.Write("\r\n"u8);
                }
            }
            catch (InvalidDataException)
            {
                // Without its end the site never takes the body for complete.
                _malformedBody = true;
                upstream.Dispose();
                return false;
            }
            _fromClient.Consume(used);
            if (_requestChunks.Done) chunk.Write("0\r\n\r\n"u8);
            if (chunk.WrittenCount == 0) continue;
            if (!await TrySendAsync(upstream, chunk.WrittenMemory)) return false;
            chunk.Clear();
        }
        if (_fromClient.Count == 0) _ahead = ReadAheadAsync();
        return true;
    }

    private async ValueTask<bool> HasMoreAsync()
    {
        try
        {
            if (_fromClient.Count > 0 || await _fromClient.FillAsync()) return true;
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }
        // The browser left in the middle of its request.
        Abort();
        return false;
    }

    /// <summary>False: the site reads no further. It may have answered all the same.</summary>
    private static async ValueTask<bool> TrySendAsync(Upstream upstream, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await SendAsync(upstream.Socket, bytes);
            return true;
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async ValueTask<Next> RelayAsync(Upstream upstream, RequestTarget to)
    {
        int headLength;
        while (true)
        {
            headLength = await ReadResponseHeadAsync(upstream);
            if (headLength == 0 || !_response.ReadResponse(upstream.Reader.Unread[..headLength], toHead: _request.Method == "HEAD") || _response.Status == 101) return await NoAnswerAsync(to);
            if (_response.Status >= 200) break;
            WriteResponseHead(upstream.Reader.Unread[..headLength], close: false);
            upstream.Reader.Consume(headLength);
            await SendAsync(_client, _output.WrittenMemory);
        }

        // A body that is still on its way when the answer comes is not waited for.
        var bodyIsSent = _sendingBody is null or { IsCompletedSuccessfully: true, Result: true };
        var close = _request.Close || !bodyIsSent || _response.Framing == Framing.UntilClose;
        WriteResponseHead(upstream.Reader.Unread[..headLength], close);
        upstream.Reader.Consume(headLength);
        await RelayBodyAsync(upstream);

        if (!bodyIsSent || _response.Close || _response.Framing == Framing.UntilClose || upstream.Reader.Count > 0) DropUpstream();
        if (bodyIsSent) _sendingBody = null;
        return close ? Next.Linger : Next.Request;
    }

    /// <summary>0: no complete head came.</summary>
    private static async ValueTask<int> ReadResponseHeadAsync(Upstream upstream)
    {
        var scanned = 0;
        try
        {
            while (true)
            {
                var length = HttpHead.FindEnd(upstream.Reader.Unread, ref scanned);
                if (length > 0) return length;
                if (upstream.Reader.IsFull || !await upstream.Reader.FillAsync()) return 0;
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private void WriteResponseHead(ReadOnlySpan<byte> head, bool close)
    {
        _output.ResetWrittenCount();
        Write("HTTP/1.1 "u8);
        Write(head[_response.Target]);
        Write("\r\n"u8);
        _response.WriteFields(head, _output, request: false);
        if (close) Write("Connection: close\r\n"u8);
        Write("\r\n"u8);
    }

    /// <summary>The head in the output and then the body, as it comes. A body that breaks off breaks the browser's connection as well, so that it does not look complete.</summary>
    private async ValueTask RelayBodyAsync(Upstream upstream)
    {
        var reader = upstream.Reader;
        var left = _response.Framing == Framing.Length ? _response.ContentLength!.Value : 0;
        _responseChunks.Reset();
        try
        {
            // What has come with the head leaves with it.
            var now = NextPart(reader, ref left, CoalescedBytes);
            Write(reader.Unread[..now]);
            reader.Consume(now);
            await SendAsync(_client, _output.WrittenMemory);

            while (!BodyEnded(left))
            {
                if (reader.Count == 0 && !await reader.FillAsync())
                {
                    if (_response.Framing == Framing.UntilClose) return;
                    throw new IOException("The body broke off.");
                }
                now = NextPart(reader, ref left, int.MaxValue);
                await SendAsync(_client, reader.UnreadMemory[..now]);
                reader.Consume(now);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or InvalidDataException or IOException)
        {
            Reset();
            throw new OperationCanceledException("The body broke off.", ended);
        }
    }

    private bool BodyEnded(long left) => _response.Framing switch
    {
        Framing.None => true,
        Framing.Length => left == 0,
        Framing.Chunked => _responseChunks.Done,
        Framing.UntilClose => false,
        _ => throw new InvalidOperationException(),
    };

    /// <summary>How many of the bytes at hand belong to the body, at most <paramref name="most"/>.</summary>
    private int NextPart(SocketReader reader, ref long left, int most)
    {
        var bytes = reader.Unread[..Math.Min(reader.Count, most)];
        switch (_response.Framing)
        {
            case Framing.None:
                return 0;
            case Framing.UntilClose:
                return bytes.Length;
            case Framing.Length:
                var now = (int)Math.Min(left, bytes.Length);
                left -= now;
                return now;
            case Framing.Chunked:
                var used = 0;
                while (used < bytes.Length && !_responseChunks.Done) used += _responseChunks.Advance(bytes[used..], out _);
                return used;
            default:
                throw new InvalidOperationException();
        }
    }

    private async ValueTask<(Upstream? Upstream, Failure? Failure)> ReachAsync(RequestTarget to)
    {
        var lane = _lane!;
        switch (await lane.CheckAsync(to.Host, to.Port))
        {
            case EgressDecision.Refused refused:
                lane.Record(new RefusedHost(to.Host, to.Port, refused.Reason));
                return (null, new Failure(403, "refused", refused.Reason));
            case EgressDecision.Unresolved unresolved:
                lane.Record(new FailedHost(to.Host, to.Port, EgressFailure.Unresolved));
                return (null, new Failure(502, "unresolved", unresolved.Reason));
            case EgressDecision.Allowed allowed:
                try
                {
                    return (Attach(await _proxy.Guard.ConnectAsync(allowed.Addresses, to.Port, lane.Closed), to), null);
                }
                catch (SocketException)
                {
                    lane.Forget(to.Host, to.Port);
                    lane.Record(new FailedHost(to.Host, to.Port, EgressFailure.Unreachable));
                    return (null, new Failure(502, "unreachable", $"{to.Host} does not accept connections on port {to.Port}."));
                }
            default:
                throw new InvalidOperationException("Unknown decision.");
        }
    }

    private async ValueTask<Next> NoAnswerAsync(RequestTarget to)
    {
        DropUpstream();
        lock (_gate)
            if (_aborted) return Next.End;
        if (_malformedBody) return await AnswerAsync(400, null, "The request is malformed.", Next.Linger);
        _lane!.Record(new FailedHost(to.Host, to.Port, EgressFailure.NoAnswer));
        return await AnswerAsync(new Failure(502, "no-answer", $"{to.Host} closed the connection without an answer, or did not answer with HTTP."), _sendingBody is null && !_request.Close ? Next.Request : Next.Linger);
    }

    private ValueTask<Next> AnswerAsync(Failure failure, Next next) => AnswerAsync(failure.Status, failure.Mark, failure.Message, next);

    /// <summary>One of the proxy's own answers.</summary>
    private async ValueTask<Next> AnswerAsync(int status, string? mark, string message, Next next)
    {
        var body = $"<!doctype html><meta charset=utf-8><title>{status}</title><p>{WebUtility.HtmlEncode(message)}\n";
        var head = new StringBuilder($"HTTP/1.1 {status} {Reason(status)}\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n");
        if (mark is not null) head.Append("x-ostiary-egress: ").Append(mark).Append("\r\n");
        if (status == 407) head.Append("Proxy-Authenticate: Basic realm=\"ostiary-egress\"\r\n");
        if (next != Next.Request) head.Append("Connection: close\r\n");
        head.Append("Content-Length: ").Append(Encoding.UTF8.GetByteCount(body)).Append("\r\n\r\n");
        if (_request.Method != "HEAD") head.Append(body);
        await SendAsync(_client, Encoding.UTF8.GetBytes(head.ToString()));
        return next;
    }

    private static string Reason(int status) => status switch
    {
        400 => "Bad Request",
        403 => "Forbidden",
        407 => "Proxy Authentication Required",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        _ => "HTTP Version Not Supported",
    };

    /// <summary>Ends the sending side and drops what still comes: closing with unread bytes would reset the connection, and with it the answer on its way.</summary>
    private async Task LingerAsync()
    {
        DropUpstream();
        Arm(LingerTimeout);
        _client.Shutdown(SocketShutdown.Send);
        if (_sendingBody is { } sending) await ((Task)sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_ahead is { } ahead && !await ahead) return;
        _fromClient.Consume(_fromClient.Count);
        while (await _fromClient.FillAsync()) _fromClient.Consume(_fromClient.Count);
    }

    private Upstream? KeptFor(RequestTarget to)
    {
        lock (_gate) return _upstream is { } kept && kept.Serves(to) && kept.IsQuiet ? kept : null;
    }

    private Upstream Attach(Socket socket, RequestTarget to)
    {
        var upstream = new Upstream(socket, to, MostResponseHeadBytes);
        lock (_gate)
        {
            if (!_aborted) return _upstream = upstream;
        }
        upstream.Dispose();
        throw new OperationCanceledException("The connection was closed meanwhile.");
    }

    private void DropUpstream()
    {
        Upstream? upstream;
        lock (_gate) (upstream, _upstream) = (_upstream, null);
        upstream?.Dispose();
    }

    /// <summary>The browser sees an error and not an end.</summary>
    private void Reset()
    {
        try
        {
            _client.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // It is gone already.
        }
    }

    private void Arm(TimeSpan due) => _deadline.Change(due, Timeout.InfiniteTimeSpan);

    private void Write(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    private static async ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
    }

    private sealed record Failure(int Status, string Mark, string Message);

    /// <summary>A connection to a checked address.</summary>
    private sealed class Upstream(Socket socket, RequestTarget target, int limit) : IDisposable
    {
        public Socket Socket { get; } = socket;

        public SocketReader Reader { get; } = new(socket, limit);

        /// <summary>Nothing came since the last answer: an end or unasked bytes make it useless.</summary>
        public bool IsQuiet => Reader.Count == 0 && !Socket.Poll(0, SelectMode.SelectRead);

        public bool Serves(RequestTarget to) => to.Port == target.Port && to.Host == target.Host;

        public void Dispose() => Socket.Dispose();
    }
}
