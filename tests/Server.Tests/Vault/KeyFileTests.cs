using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Vault;

/// <summary>The key file and the database belong together.</summary>
public sealed class KeyFileTests
{
    [Fact]
    public async Task A_server_with_another_key_file_does_not_start_and_says_why()
    {
        await using var server = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        var source = await server.Api.NewSourceAsync();
        await server.Api.NewCredentialAsync(source, "ada", "Practice-Only-1!");
        Assert.Equal(0, await server.StopAsync());
        var file = Path.Combine(server.DataDirectory, "vault-keys");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        File.Move(file, file + ".kept");
        var refused = await Assert.ThrowsAsync<UnmetExpectationException>(server.StartAgainAsync);
        Assert.Contains("key file did not seal this database", refused.Message, StringComparison.Ordinal);
        await server.KillAsync();
        // The right one put back, everything is as it was.
        File.Move(file + ".kept", file, overwrite: true);
        await server.StartAgainAsync();
        Assert.Single(await server.Api.ListAsync("/v2/credentials"));
    }

    [Fact]
    public async Task Two_servers_over_one_database_and_key_file_are_one_service()
    {
        await using var first = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        await using var second = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", Beside = first });
        await using var stream = await EventStream.OpenAsync(second.Api);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? first : second).Api.PostAsync("/v2/agents", new { name = "Ada" }, "once")));
        Assert.Single(answers.Select(a => a.Is(201).Text).Distinct());
        // What one does the other tells.
        await stream.WaitAsync("The event arrives", e => e.Any(x => x.ObjectId == answers[0].Id), TimeSpan.FromSeconds(10));
        (await second.Api.GetAsync($"/v2/agents/{answers[0].Id}")).Is(200);
    }
}
