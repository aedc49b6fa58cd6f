using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ostiary.Egress;

namespace Ostiary.Browser;

/// <summary>
/// The loopback port that one context's Chromium connections go to; it adds the lane's credentials to each request and hands everything to the egress proxy.
/// The credentials are added here and not by Playwright, because Playwright would hold up every request to watch for a challenge, switch Chromium's cache off,
/// and offer the lane's credentials to any website that asks for Basic or Digest authentication.
/// </summary>
internal sealed class LaneDoor : IDisposable
{
    private const int LongestHead = 256 * 1024;

    private readonly EgressLane _lane;
    private readonly IPEndPoint _proxy;
    private readonly byte[] _credentials;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();

    public LaneDoor(EgressProxy proxy)
    {
        _lane = proxy.OpenLane();
        _proxy = new IPEndPoint(IPAddress.Parse(proxy.Address.Host.Trim('[', ']')), proxy.Address.Port);
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{_lane.Username}:{_lane.Password}"));
        _credentials = Encoding.ASCII.GetBytes($"Proxy-Authorization: Basic {basic}\r\n");
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>What Chromium is given as its proxy.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public IReadOnlyList<RefusedHost> Refusals => _lane.Refusals;

    /// <summary>Chromium's word for why the proxy opened no tunnel to a host, or null when it never failed to.</summary>
    public string? Explain(Uri url)
    {
        var host = url.IdnHost.Trim('[', ']');
        if (_lane.Refusals.Any(r => r.Port == url.Port && string.Equals(r.Host, host, StringComparison.OrdinalIgnoreCase)))
            return "net::ERR_BLOCKED_BY_CLIENT";
        return _lane.Failures.LastOrDefault(f => f.Port == url.Port && string.Equals(f.Host, host, StringComparison.OrdinalIgnoreCase))?.Kind switch
        {
            EgressFailure.Unresolved => "net::ERR_NAME_NOT_RESOLVED",
            { } => "net::ERR_CONNECTION_FAILED",
            null => null,
        };
    }

    public void Dispose()
    {
        if (_closed.IsCancellationRequested) return;
        _closed.Cancel();
        _listener.Dispose();
        _lane.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptSocketAsync(_closed.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The door is closed.
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        using var inner = accepted;
        using var outer = new Socket(_proxy.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        inner.NoDelay = true;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token);
        try
        {
            await outer.ConnectAsync(_proxy, over.Token);
            var requests = SendRequestsAsync(inner, outer, over.Token);
            var answers = PumpAsync(outer, inner, new byte[32 * 1024], over.Token);
            // An answer's end is the end of the connection; the end of requests alone is a half-closed connection that still waits for its answer.
            if (await Task.WhenAny(requests, answers) == requests)
            {
                await requests;
                outer.Shutdown(SocketShutdown.Send);
            }
            await answers;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or InvalidDataException or ObjectDisposedException)
        {
            // One connection less: Chromium shows a network error and the page's snapshot names it.
        }
        finally
        {
            await over.CancelAsync();
        }
    }

    /// <summary>Requests one after another, each with the credentials after its first line; the rest of the connection unread once it is a tunnel.</summary>
    private async Task SendRequestsAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        var filled = 0;
        while (true)
        {
            int end;
            while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
            {
                if (filled == buffer.Length)
                {
                    if (filled >= LongestHead) throw new InvalidDataException("A request's head is too long.");
                    Array.Resize(ref buffer, filled * 2);
                }
                var read = await from.ReceiveAsync(buffer.AsMemory(filled), cancellationToken);
                if (read == 0) return;
                filled += read;
            }
            end += 4;
            var body = BodyLength(buffer.AsSpan(0, end));
            var line = buffer.AsSpan(0, end).IndexOf("\r\n"u8) + 2;
            await SendAllAsync(to, (byte[])[.. buffer.AsSpan(0, line), .. _credentials, .. buffer.AsSpan(line, end - line)], cancellationToken);
            var rest = filled - end;
            if (body is not { } length)
            {
                await SendAllAsync(to, buffer.AsMemory(end, rest), cancellationToken);
                await PumpAsync(from, to, buffer, cancellationToken);
                return;
            }
            var passed = (int)Math.Min(length, rest);
            await SendAllAsync(to, buffer.AsMemory(end, passed), cancellationToken);
            buffer.AsSpan(end + passed, rest - passed).CopyTo(buffer);
            filled = rest - passed;
            for (length -= passed; length > 0;)
            {
                var read = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(length, buffer.Length)), cancellationToken);
                if (read == 0) return;
                await SendAllAsync(to, buffer.AsMemory(0, read), cancellationToken);
                length -= read;
            }
        }
    }

    /// <summary>Bytes of the body that follows a head; null: everything that still comes (a tunnel, or a body whose length is not said, after which the connection is not used again).</summary>
    internal static long? BodyLength(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("CONNECT "u8))
            return null;
        long length = 0;
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            var colon = line.IndexOf((byte)':');
            if (colon < 0) continue;
            var name = line[..colon];
            if (Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8) || Ascii.EqualsIgnoreCase(name, "upgrade"u8))
                return null;
            if (Ascii.EqualsIgnoreCase(name, "content-length"u8))
            {
                var value = line[(colon + 1)..].Trim(" \t"u8);
                if (!Utf8Parser.TryParse(value, out length, out var used) || used != value.Length || length < 0)
                    throw new InvalidDataException("A request's length is not a number.");
            }
        }
        return length;
    }

    private static async Task PumpAsync(Socket from, Socket to, byte[] buffer, CancellationToken cancellationToken)
    {
        while (await from.ReceiveAsync(buffer.AsMemory(), cancellationToken) is > 0 and var read)
            await SendAllAsync(to, buffer.AsMemory(0, read), cancellationToken);
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
            bytes = bytes[await to.SendAsync(bytes, cancellationToken)..];
    }
}
