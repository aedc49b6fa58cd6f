using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Egress;

/// <summary>One browser context's way out.</summary>
public sealed class EgressLane : IDisposable
{
    /// <summary>How many refusals, and how many failures, a lane remembers: the newest ones.</summary>
    private const int Remembered = 100;
    private const int MostChecked = 512;

    // Long enough for one page's burst of requests, far shorter than a browser's own cache. Reusing an answer cannot be a rebinding: it is the checked addresses that are reused.
    private static readonly TimeSpan CheckedFor = TimeSpan.FromSeconds(10);

    private readonly EgressProxy _proxy;
    private readonly Lock _gate = new();
    private readonly List<RefusedHost> _refusals = [];
    private readonly List<FailedHost> _failures = [];
    private readonly Dictionary<(string Host, int Port), (Task<EgressDecision> Decision, long At)> _checked = [];
    private readonly HashSet<ProxyConnection> _connections = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly byte[] _credentials;
    private bool _closed;

    internal EgressLane(EgressProxy proxy)
    {
        _proxy = proxy;
        Username = "lane-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        Password = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        _credentials = Encoding.ASCII.GetBytes($"{Username}:{Password}");
        Closed = _closing.Token;
    }

    /// <summary>Proxy user name and password, random, valid while the lane is open.</summary>
    public string Username { get; }

    /// <inheritdoc cref="Username"/>
    public string Password { get; }

    /// <summary>Hosts refused so far, with the guard's reason, newest last, each host and port once, at most 100.</summary>
    public IReadOnlyList<RefusedHost> Refusals
    {
        get
        {
            lock (_gate) return [.. _refusals];
        }
    }

    /// <summary>Hosts that could not be reached so far, newest last, each host, port and kind once, at most 100.</summary>
    public IReadOnlyList<FailedHost> Failures
    {
        get
        {
            lock (_gate) return [.. _failures];
        }
    }

    /// <summary>Raised for every refused request, before the browser gets its answer. Handlers are quick and do not throw.</summary>
    public event Action<RefusedHost>? Refused;

    /// <summary>Raised for every request whose host could not be reached, before the browser gets its answer. Handlers are quick and do not throw.</summary>
    public event Action<FailedHost>? Failed;

    /// <summary>Cancelled when the lane is disposed.</summary>
    internal CancellationToken Closed { get; }

    /// <summary>Closes all connections of the lane at once; its credentials are not accepted any more.</summary>
    public void Dispose()
    {
        ProxyConnection[] open;
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            open = [.. _connections];
            _connections.Clear();
            _checked.Clear();
        }
        _proxy.Forget(this);
        _closing.Cancel();
        foreach (var connection in open) connection.Abort();
    }

    /// <summary>Compares "user:password" in constant time.</summary>
    internal bool Accepts(ReadOnlySpan<byte> credentials) => CryptographicOperations.FixedTimeEquals(credentials, _credentials);

    /// <summary>False: the lane is closed.</summary>
    internal bool TryEnter(ProxyConnection connection)
    {
        lock (_gate) return !_closed && _connections.Add(connection);
    }

    internal void Leave(ProxyConnection connection)
    {
        lock (_gate) _connections.Remove(connection);
    }

    /// <summary>
    /// The guard's decision. Requests that ask at the same time share one look-up, and addresses that were found good are used for a few seconds.
    /// </summary>
    internal ValueTask<EgressDecision> CheckAsync(string host, int port)
    {
        lock (_gate)
        {
            if (_checked.TryGetValue((host, port), out var known) && _proxy.Time.GetElapsedTime(known.At) < CheckedFor) return new(known.Decision);
            var check = _proxy.Guard.CheckAsync(host, port, Closed);
            // Literal addresses and refused names cost nothing; only look-ups are worth remembering.
            if (check.IsCompleted) return check;

            var decision = check.AsTask();
            if (_checked.Count >= MostChecked) _checked.Clear();
            _checked[(host, port)] = (decision, _proxy.Time.GetTimestamp());
            _ = decision.ContinueWith(finished =>
            {
                if (!finished.IsCompletedSuccessfully || finished.Result is not EgressDecision.Allowed) Forget(host, port);
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return new(decision);
        }
    }

    /// <summary>The checked addresses did not answer: the next request asks again.</summary>
    internal void Forget(string host, int port)
    {
        lock (_gate) _checked.Remove((host, port));
    }

    internal void Record(RefusedHost refused)
    {
        lock (_gate) Remember(_refusals, refused);
        Refused?.Invoke(refused);
    }

    internal void Record(FailedHost failed)
    {
        lock (_gate) Remember(_failures, failed);
        Failed?.Invoke(failed);
    }

    private static void Remember<T>(List<T> list, T entry)
    {
        list.Remove(entry);
        if (list.Count == Remembered) list.RemoveAt(0);
        list.Add(entry);
    }
}

/// <summary>A host that a page asked for and did not get.</summary>
public sealed record RefusedHost(string Host, int Port, string Reason);

/// <summary>A host that a page asked for and that could not be reached.</summary>
public sealed record FailedHost(string Host, int Port, EgressFailure Kind);

/// <summary>Why a permitted host could not be reached.</summary>
public enum EgressFailure
{
    /// <summary>Its name has no address now.</summary>
    Unresolved,

    /// <summary>No address accepted a connection in time.</summary>
    Unreachable,

    /// <summary>It accepted the connection and closed it without an answer, or answered with something that is not HTTP. Plain http only: inside a tunnel the browser sees it itself.</summary>
    NoAnswer,
}
