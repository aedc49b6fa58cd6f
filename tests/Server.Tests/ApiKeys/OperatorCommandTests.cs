using System.Text.RegularExpressions;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.ApiKeys;

/// <summary>Commands of the operator, run beside a running server.</summary>
public sealed partial class OperatorCommandTests(ApiServer server)
{
    [Fact]
    public async Task An_organization_is_made_while_a_server_runs_on_its_private_database()
    {
        await using var own = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", PrivateDatabase = true });
        var (code, output) = await own.CommandAsync("organizations", "create", "--name", "Harbour & Sons");
        Assert.True(code == 0, output);
        var made = Made().Match(output);
        Assert.True(made.Success, output);
        var theirs = own.Api.With(made.Groups["key"].Value);
        (await theirs.GetAsync("/v2/organization")).Is(200).Has("id", made.Groups["id"].Value).Has("name", "Harbour & Sons").Has("object", "organization");
        await theirs.NewAgentAsync();
        Assert.Empty(await own.Api.ListAsync("/v2/agents"));
        (_, output) = await own.CommandAsync("organizations", "list");
        Assert.Equal(2, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains(made.Groups["id"].Value, output);
        Assert.Contains("Harbour & Sons", output);
        // The key is on the terminal and nowhere else.
        Assert.Empty(SecretSearch.InFiles(own.Directory, made.Groups["key"].Value));
        Assert.Equal(0, await own.StopAsync());
        // And while no server runs.
        (code, output) = await own.CommandAsync("organizations", "list");
        Assert.True(code == 0 && output.Contains(made.Groups["id"].Value, StringComparison.Ordinal), output);
        await own.StartAgainAsync();
        (await theirs.GetAsync("/v2/test")).Is(200);
    }

    [Fact]
    public async Task A_key_is_made_for_an_organization_that_lost_its_own()
    {
        var own = await server.RunningAsync();
        var api = await server.NewOrganizationAsync();
        var id = (await api.GetAsync("/v2/organization")).Is(200).Id;
        var (code, output) = await own.CommandAsync("api-keys", "create", "--organization", id, "--scopes", "read,write");
        Assert.True(code == 0, output);
        var key = Key().Match(output).Groups["key"].Value;
        (await api.With(key).GetAsync("/v2/organization")).Is(200).Has("id", id);
        (await api.With(key).GetAsync("/v2/api-keys")).Refused(403, "request", "forbidden");
    }

    [Theory]
    [InlineData("organizations")]
    [InlineData("organizations", "remove")]
    [InlineData("organizations", "create")]
    [InlineData("organizations", "create", "--name", " ")]
    [InlineData("api-keys", "create", "--organization", "org_0000000000000000000000")]
    [InlineData("api-keys", "create", "--organization", "agt_1")]
    [InlineData("sign-ins")]
    [InlineData("sign-ins", "forget")]
    [InlineData("sign-ins", "forget", "--credential", "src_1")]
    [InlineData("api-keys", "create", "--organization", "org_1", "--scopes", "root")]
    public async Task A_command_that_makes_no_sense_is_told_so_and_changes_nothing(params string[] command)
    {
        var own = await server.RunningAsync();
        var (code, output) = await own.CommandAsync(command);
        Assert.NotEqual(0, code);
        Assert.StartsWith("ostiary: ", output);
        Assert.DoesNotContain("   at ", output);
    }

    [GeneratedRegex(@"Organization: (?<id>org_\w{22})\nAPI key \(shown once\): (?<key>sk_live_\w{43})\n")]
    private static partial Regex Made();

    [GeneratedRegex(@"API key \(shown once\): (?<key>sk_live_\w{43})\n")]
    private static partial Regex Key();
}
