using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Ostiary.Egress;

/// <summary>
/// A forward proxy on loopback through which Chromium makes every request, so that redirects, sub-resources and web sockets are checked and pinned like
/// everything else. A lane (one per browser context) has its own random credentials; without them the proxy answers 407.
/// <para>It speaks HTTP/1.1 (RFC 9110, 9112): CONNECT for https and web sockets, absolute-form for http. Its own answers carry the header
/// <c>x-ostiary-egress</c> with <c>refused</c> (403), <c>unresolved</c>, <c>unreachable</c> or <c>no-answer</c> (502); a site's answers never do.
/// Chromium must be told to use it for loopback hosts as well (<c>--proxy-bypass-list=&lt;-loopback&gt;</c>). Logs nothing and keeps nothing of a request.</para>
/// </summary>
public sealed class EgressProxy : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, EgressLane> _lanes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ProxyConnection, Task> _connections = new();
    private readonly Task _accepting;

    private EgressProxy(EgressGuard guard, TimeProvider time, Socket listener)
    {
        Guard = guard;
        Time = time;
        _listener = listener;
        Address = new Uri($"http://{listener.LocalEndPoint}");
        _accepting = AcceptAsync();
    }

    /// <summary>Starts listening on a free loopback port.</summary>
    public static Task<EgressProxy> StartAsync(EgressGuard guard, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(guard);
        ArgumentNullException.ThrowIfNull(time);
        cancellationToken.ThrowIfCancellationRequested();
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(512);
            return Task.FromResult(new EgressProxy(guard, time, listener));
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>For instance <c>http://127.0.0.1:40123</c>.</summary>
    public Uri Address { get; }

    /// <summary>Raised when a connection ended by a fault of the proxy itself (never for a fault of the network). The exception carries nothing of a request.</summary>
    public event Action<Exception>? Faulted;

    internal EgressGuard Guard { get; }

    internal TimeProvider Time { get; }

    /// <summary>Opens a lane; disposing it closes its connections and forgets its credentials.</summary>
    public EgressLane OpenLane()
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        var lane = new EgressLane(this);
        _lanes[lane.Username] = lane;
        return lane;
    }

    /// <summary>Closes all lanes and connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        foreach (var lane in _lanes.Values) lane.Dispose();
        foreach (var connection in _connections.Keys) connection.Abort();
        await Task.WhenAll(_connections.Values);
    }

    internal EgressLane? FindLane(string username) => _lanes.GetValueOrDefault(username);

    internal void Forget(EgressLane lane) => _lanes.TryRemove(lane.Username, out _);

    private async Task AcceptAsync()
    {
        // Off the caller's stack, and never able to end its StartAsync.
        await Task.Yield();
        while (!_stopping.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(_stopping.Token);
            }
            catch (Exception ended) when (ended is ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or a client that left while it was being accepted. Give the first a moment, then go on.
                if (_stopping.IsCancellationRequested) return;
                await Task.Delay(TimeSpan.FromMilliseconds(50), Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            var connection = new ProxyConnection(this, client);
            // Listed before it runs, so that it is never forgotten before it was known.
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _connections[connection] = done.Task;
            if (_stopping.IsCancellationRequested) connection.Abort();
            _ = ServeAsync(connection, done);
        }
    }

    private async Task ServeAsync(ProxyConnection connection, TaskCompletionSource done)
    {
        // The next connection is not kept waiting for what this one already sent.
        await Task.Yield();
        try
        {
            await connection.RunAsync();
        }
        catch (Exception fault)
        {
            Faulted?.Invoke(fault);
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            done.SetResult();
        }
    }
}
