using System.Net;
using System.Net.Sockets;

namespace Ostiary.Egress;

/// <summary>Which addresses may be reached although they are private. Section <c>Egress</c>.</summary>
public sealed class EgressOptions
{
    /// <summary>
    /// Addresses (<c>10.1.2.3</c>), ranges (<c>10.0.0.0/8</c>, <c>::1/128</c>), host names (<c>intranet.example</c>) or <c>*.example</c>, comma-separated, each with
    /// an optional <c>:port</c> (IPv6 then in brackets). An address or range may be reached under any name; a name may resolve to any address. Default: none.
    /// </summary>
    public string Allow { get; set; } = "";

    /// <summary>How long a host name may take to resolve. Default 5 seconds.</summary>
    public TimeSpan ResolveTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may take to open. Default 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Every fault of the settings, each a sentence; empty when they are right. For the check at start.</summary>
    public static IReadOnlyList<string> Validate(EgressOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = new List<string>();
        AllowList.Parse(options.Allow, faults);
        if (options.ResolveTimeout <= TimeSpan.Zero || options.ResolveTimeout > TimeSpan.FromMinutes(10)) faults.Add("Egress.ResolveTimeout must be above zero and at most 10 minutes.");
        if (options.ConnectTimeout <= TimeSpan.Zero || options.ConnectTimeout > TimeSpan.FromMinutes(10)) faults.Add("Egress.ConnectTimeout must be above zero and at most 10 minutes.");
        return faults;
    }
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

/// <summary>Finds the addresses of a host name (lower-case ASCII), as <see cref="Dns.GetHostAddressesAsync(string, CancellationToken)"/> does; throws <see cref="SocketException"/> when there are none.</summary>
public delegate Task<IPAddress[]> EgressResolver(string host, CancellationToken cancellationToken);

/// <summary>Decides for every address that leaves the house: webhook, page, redirect, sub-resource. Safe for concurrent use.</summary>
public sealed class EgressGuard
{
    // RFC 8305: the next address is tried when the one before has not answered after this time.
    private static readonly TimeSpan NextAddressAfter = TimeSpan.FromMilliseconds(250);
    private const int MostAddresses = 16;

    private readonly EgressOptions _options;
    private readonly EgressResolver _resolve;
    private readonly TimeProvider _time;
    private readonly AllowList _allow;

    // SocketsHttpHandler opens HTTP/3 connections past its ConnectCallback, that is, past the guard. Off for the whole process, before its first handler.
    static EgressGuard() => AppContext.SetSwitch("System.Net.SocketsHttpHandler.Http3Support", isEnabled: false);

    /// <param name="resolver">Default: the system's resolver.</param>
    /// <param name="time">Default: the system's clock.</param>
    /// <exception cref="ArgumentException">The options are wrong; the message lists every fault.</exception>
    public EgressGuard(EgressOptions options, EgressResolver? resolver = null, TimeProvider? time = null)
    {
        var faults = EgressOptions.Validate(options);
        if (faults.Count > 0) throw new ArgumentException(string.Join(' ', faults), nameof(options));
        _options = options;
        _resolve = resolver ?? Dns.GetHostAddressesAsync;
        _time = time ?? TimeProvider.System;
        _allow = AllowList.Parse(options.Allow, []);
    }

    /// <summary>Resolves <paramref name="host"/> (a name or a literal address) and checks every address it has; one bad address refuses the host.</summary>
    public ValueTask<EgressDecision> CheckAsync(string host, CancellationToken cancellationToken) => CheckAsync(host, port: 0, cancellationToken);

    /// <summary>The same for one port, so that entries of the allow list with a port count. Port 0: not known.</summary>
    public ValueTask<EgressDecision> CheckAsync(string host, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (HostName.TryParse(host) is not { } name) return new(new EgressDecision.Refused("The host is not a valid name or address."));
        if (name.Address is { } address)
        {
            if (!_allow.AllowsAddress(address, port) && AddressRules.WhyRefused(address) is { } what) return new(Refuse($"{name.Text} is {what}"));
            return new(new EgressDecision.Allowed([address]));
        }
        return CheckNameAsync(name.Text, port, cancellationToken);
    }

    /// <summary>The same for an absolute http or https URL; other schemes and URLs with user information are refused.</summary>
    public ValueTask<EgressDecision> CheckAsync(Uri url, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)) return new(new EgressDecision.Refused("Only absolute http and https URLs can be reached."));
        if (url.UserInfo.Length > 0) return new(new EgressDecision.Refused("A URL with a user name or password in it is not accepted."));
        return CheckAsync(url.IdnHost.Length > 0 ? url.IdnHost : url.Host, url.Port, cancellationToken);
    }

    /// <summary>
    /// A handler whose every connection is checked and pinned to a checked address. Redirects are not followed; no proxy, no cookies. A refusal surfaces as an
    /// <see cref="HttpRequestException"/> in which <see cref="EgressRefusedException.Find"/> finds the reason.
    /// </summary>
    public SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        // The timeout of the guard starts when resolving ends; this one bounds both.
        ConnectTimeout = _options.ResolveTimeout + _options.ConnectTimeout,
        // A connection is checked when it opens, so it must not live much longer than an answer of DNS.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectCallback = async (context, cancellationToken) =>
        {
            var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
            var decision = await CheckAsync(host, port, cancellationToken);
            switch (decision)
            {
                case EgressDecision.Allowed allowed:
                    var socket = await ConnectAsync(allowed.Addresses, port, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                case EgressDecision.Refused refused:
                    throw new EgressRefusedException(host, port, refused.Reason);
                case EgressDecision.Unresolved unresolved:
                    // What the handler itself would meet, so that it reports HttpRequestError.NameResolutionError.
                    throw new SocketException((int)SocketError.HostNotFound, unresolved.Reason);
                default:
                    throw new InvalidOperationException($"Unknown decision {decision.GetType().Name}.");
            }
        },
    };

    /// <summary>
    /// Connects to the first of the checked addresses that answers: in order, IPv6 and IPv4 in turn, the next one being started when the one before failed or took
    /// longer than a quarter of a second (RFC 8305, simplified).
    /// </summary>
    /// <exception cref="SocketException">None answered in time.</exception>
    internal async Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return addresses.Count == 1 ? await ConnectAsync(addresses[0], port, ended.Token) : await ConnectInTurnAsync(InTurn(addresses), port, ended);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    private async ValueTask<EgressDecision> CheckNameAsync(string name, int port, CancellationToken cancellationToken)
    {
        var nameAllowed = _allow.AllowsName(name, port);
        var what = nameAllowed ? null : NameRules.WhyRefused(name);
        if (what is not null && !_allow.HasAddresses) return Refuse($"{name} {what}");

        if (NameRules.IsLocalhost(name))
        {
            // Both are this machine, so allowing one of them is enough; any other name must have no address that is not allowed.
            IPAddress[] loopback = [.. new[] { IPAddress.Loopback, IPAddress.IPv6Loopback }.Where(one => nameAllowed || _allow.AllowsAddress(one, port))];
            return loopback.Length == 0 ? Refuse($"{name} {what}") : new EgressDecision.Allowed(loopback);
        }

        IPAddress[] found;
        try
        {
            found = await ResolveAsync(name, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new EgressDecision.Unresolved($"{name} could not be resolved within {_options.ResolveTimeout.TotalSeconds:0.#} seconds.");
        }
        catch (SocketException)
        {
            found = [];
        }

        var addresses = new List<IPAddress>(found.Length);
        foreach (var address in found)
        {
            var canonical = HostName.Canonical(address);
            if (!nameAllowed && !_allow.AllowsAddress(canonical, port))
            {
                if (what is not null) return Refuse($"{name} {what}");
                // The kind and not the address: who asks is not always who may know this network.
                if (AddressRules.WhyRefused(canonical) is { } kind) return Refuse($"{name} resolves to {kind}");
            }
            if (!addresses.Contains(canonical)) addresses.Add(canonical);
        }
        return addresses.Count > 0 ? new EgressDecision.Allowed(addresses) : new EgressDecision.Unresolved($"{name} does not resolve to any address.");
    }

    private static EgressDecision.Refused Refuse(string what) => new($"{what}, which this server may not reach. Its operator can allow it with the setting Egress__Allow.");

    private async Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        // Two fences: the token stops a resolver that listens, WaitAsync leaves behind one that does not.
        using var timeout = new CancellationTokenSource(_options.ResolveTimeout, _time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await _resolve(name, ended.Token).WaitAsync(ended.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    private static async Task<Socket> ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Socket> ConnectInTurnAsync(List<IPAddress> addresses, int port, CancellationTokenSource ended)
    {
        var running = new List<Task<Socket>>();
        var started = 0;
        Exception? failure = null;
        try
        {
            while (true)
            {
                if (started < addresses.Count) running.Add(ConnectAsync(addresses[started++], port, ended.Token));
                else if (running.Count == 0) throw failure!;

                var next = started < addresses.Count ? Task.Delay(NextAddressAfter, _time, ended.Token) : Task.Delay(Timeout.InfiniteTimeSpan, _time, ended.Token);
                var finished = await Task.WhenAny([next, .. running]);
                while (finished is Task<Socket> attempt)
                {
                    running.Remove(attempt);
                    if (attempt.IsCompletedSuccessfully) return await attempt;
                    failure = attempt.Exception?.InnerException ?? new OperationCanceledException(ended.Token);
                    // With nothing left to start, wait for the others; otherwise start the next at once.
                    if (started < addresses.Count || running.Count == 0) break;
                    finished = await Task.WhenAny([next, .. running]);
                }
                ended.Token.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            // The slower ones: they end by the cancellation, or are closed if they just got through.
            await ended.CancelAsync();
            foreach (var attempt in running)
                _ = attempt.ContinueWith(static late => { if (late.IsCompletedSuccessfully) late.Result.Dispose(); else _ = late.Exception; }, TaskScheduler.Default);
        }
    }

    /// <summary>The resolver's order, but with the families taking turns, so that a network without one of them costs a quarter of a second and not many.</summary>
    private static List<IPAddress> InTurn(IReadOnlyList<IPAddress> addresses)
    {
        var first = addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily).ToList();
        var second = addresses.Where(address => address.AddressFamily != addresses[0].AddressFamily).ToList();
        var order = new List<IPAddress>(addresses.Count);
        for (var i = 0; i < Math.Max(first.Count, second.Count); i++)
        {
            if (i < first.Count) order.Add(first[i]);
            if (i < second.Count) order.Add(second[i]);
        }
        return order[..Math.Min(order.Count, MostAddresses)];
    }
}
