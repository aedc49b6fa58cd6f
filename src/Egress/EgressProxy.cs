namespace Ostiary.Egress;

/// <summary>
/// A forward proxy on loopback through which Chromium makes every request, so that redirects, sub-resources and web sockets are checked and pinned like
/// everything else. A lane (one per browser context) has its own random credentials; without them the proxy answers 407.
/// </summary>
public sealed class EgressProxy : IAsyncDisposable
{
    /// <summary>Starts listening on a free loopback port.</summary>
    public static Task<EgressProxy> StartAsync(EgressGuard guard, TimeProvider time, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>For instance <c>http://127.0.0.1:40123</c>.</summary>
    public Uri Address => throw new NotSupportedException();

    /// <summary>Opens a lane; disposing it closes its connections and forgets its credentials.</summary>
    public EgressLane OpenLane() => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

/// <summary>One browser context's way out.</summary>
public sealed class EgressLane : IDisposable
{
    /// <summary>Proxy user name and password, random, valid while the lane is open.</summary>
    public string Username => throw new NotSupportedException();

    /// <inheritdoc cref="Username"/>
    public string Password => throw new NotSupportedException();

    /// <summary>Hosts refused so far, with the guard's reason, newest last, bounded.</summary>
    public IReadOnlyList<RefusedHost> Refusals => throw new NotSupportedException();

    public void Dispose() => throw new NotSupportedException();
}

/// <summary>A host that a page asked for and did not get.</summary>
public sealed record RefusedHost(string Host, int Port, string Reason);
