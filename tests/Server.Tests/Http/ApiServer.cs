using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(ApiServer))]

namespace Ostiary.Server.Tests.Http;

/// <summary>
/// One server for all tests of the API, started by the first that needs it. It answers requests and does no work, so a run stays <c>queued</c>. Each test takes an
/// organization of its own and sees nothing of the others.
/// </summary>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private OstiaryServer? _server;

    public async Task<OstiaryServer> RunningAsync()
    {
        await _turn.WaitAsync();
        try
        {
            return _server ??= await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A client of a new organization.</summary>
    public async Task<Api> NewOrganizationAsync() => await (await RunningAsync()).NewOrganizationAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _turn.Dispose();
    }
}
