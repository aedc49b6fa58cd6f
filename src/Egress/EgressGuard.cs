using System.Net;

namespace Ostiary.Egress;

/// <summary>Which addresses may be reached although they are private. Section <c>Egress</c>.</summary>
public sealed class EgressOptions
{
    /// <summary>Addresses (<c>10.1.2.3</c>), ranges (<c>10.0.0.0/8</c>, <c>::1/128</c>), host names (<c>intranet.example</c>) or <c>*.example</c>, comma-separated. Default: none.</summary>
    public string Allow { get; set; } = "";

    /// <summary>How long a host name may take to resolve. Default 5 seconds.</summary>
    public TimeSpan ResolveTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may take to open. Default 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>The guard's answer for one host.</summary>
public abstract record EgressDecision
{
    /// <summary>May be reached, at these checked addresses only.</summary>
    public sealed record Allowed(IReadOnlyList<IPAddress> Addresses) : EgressDecision;

    /// <summary>May not be reached. <paramref name="Reason"/> is a sentence for the customer.</summary>
    public sealed record Refused(string Reason) : EgressDecision;

    /// <summary>The name does not resolve (now).</summary>
    public sealed record Unresolved(string Reason) : EgressDecision;
}

/// <summary>Decides for every address that leaves the house: webhook, page, redirect, sub-resource.</summary>
public sealed class EgressGuard(EgressOptions options)
{
    /// <summary>Resolves <paramref name="host"/> (a name or a literal address) and checks every address it has; one bad address refuses the host.</summary>
    public ValueTask<EgressDecision> CheckAsync(string host, CancellationToken cancellationToken)
    {
        _ = options;
        throw new NotSupportedException();
    }

    /// <summary>The same for an absolute http or https URL; other schemes and URLs with user information are refused.</summary>
    public ValueTask<EgressDecision> CheckAsync(Uri url, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>A handler whose every connection is checked and pinned to a checked address. Redirects are not followed; no proxy, no cookies.</summary>
    public SocketsHttpHandler CreateHandler() => throw new NotSupportedException();
}
