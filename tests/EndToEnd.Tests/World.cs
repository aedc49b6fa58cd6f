using Ostiary.EndToEnd.Tests;
using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(World))]

namespace Ostiary.EndToEnd.Tests;

/// <summary>One server with a real browser, and the practice websites; started by the first test that needs them and shared by all that do not break them.</summary>
public sealed class World : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private OstiaryServer? _server;
    private RunningPortals? _portals;

    public RunningPortals Portals => _portals ?? throw new InvalidOperationException("Ask for a new organization first.");

    public OstiaryServer Server => _server ?? throw new InvalidOperationException("Ask for a new organization first.");

    /// <summary>A client of a new organization.</summary>
    public async Task<Api> NewOrganizationAsync()
    {
        await _turn.WaitAsync();
        try
        {
            _portals ??= await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
            // The practice identity provider is the websites' other name.
            _server ??= await OstiaryServer.StartAsync(new ServerSettings { Values = new Dictionary<string, string> { ["Sessions__GoogleHosts"] = "localhost" } });
        }
        finally
        {
            _turn.Release();
        }

        return await _server.NewOrganizationAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_portals is not null) await _portals.DisposeAsync();
        _turn.Dispose();
    }
}
