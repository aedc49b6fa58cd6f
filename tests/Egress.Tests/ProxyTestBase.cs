using System.Globalization;
using System.Net;
using System.Text;
using Xunit;

namespace Ostiary.Egress.Tests;

/// <summary>A proxy with one lane, made on first use; 127.0.0.1 is allowed unless the test says otherwise. A fault inside the proxy fails the test.</summary>
public abstract class ProxyTestBase : IAsyncLifetime
{
    private readonly List<Exception> _faults = [];
    private EgressProxy? _proxy;
    private EgressLane? _lane;

    internal Names Names { get; } = [];

    internal TimeProvider Time { get; private set; } = TimeProvider.System;

    protected EgressProxy Proxy => _proxy ?? throw new InvalidOperationException("Not started.");

    protected EgressLane Lane => _lane ?? throw new InvalidOperationException("Not started.");

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The header field with the lane's credentials.</summary>
    protected string Auth => $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Lane.Username}:{Lane.Password}"))}\r\n";

    public async ValueTask InitializeAsync() => await RestartAsync("127.0.0.1");

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null) await _proxy.DisposeAsync();
        Assert.Empty(_faults);
        GC.SuppressFinalize(this);
    }

    internal async Task RestartAsync(string allow, TimeProvider? time = null)
    {
        if (_proxy is not null) await _proxy.DisposeAsync();
        Time = time ?? TimeProvider.System;
        _proxy = await EgressProxy.StartAsync(new EgressGuard(new EgressOptions { Allow = allow }, Names.ResolveAsync, Time), Time, Stop);
        _proxy.Faulted += fault =>
        {
            lock (_faults) _faults.Add(fault);
        };
        _lane = _proxy.OpenLane();
    }

    internal async Task<Wire> WireAsync() => await Wire.ConnectAsync(Proxy.Address.Port, Stop);

    protected string Get(int port, string path = "/") => $"GET http://127.0.0.1:{port}{path} HTTP/1.1\r\nHost: x\r\n{Auth}\r\n";

    protected WebProxy WebProxy() => new(Proxy.Address) { Credentials = new NetworkCredential(Lane.Username, Lane.Password) };

    protected HttpClient Client(Action<SocketsHttpHandler>? configure = null)
    {
        var handler = new SocketsHttpHandler { Proxy = WebProxy(), UseProxy = true, UseCookies = false, AllowAutoRedirect = false };
        configure?.Invoke(handler);
        return new HttpClient(handler);
    }

    protected static int ContentLength(string head)
    {
        const string name = "\r\nContent-Length: ";
        var start = head.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return start < 0 ? 0 : int.Parse(head.AsSpan(start + name.Length, head.IndexOf("\r\n", start + 2, StringComparison.Ordinal) - start - name.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>Waits for something that becomes true by itself, and fails when it does not.</summary>
    protected static async Task Until(Func<bool> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        while (!condition()) await Task.Delay(5, deadline.Token);
    }
}
