using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>A server whose websites may see few sign-ins, and a second worker beside it.</summary>
public sealed class BudgetHouse : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["SignIns__FailuresPerAccount"] = "3", ["SignIns__AttemptsPerCredential"] = "4", ["SignIns__FailuresPerSource"] = "6",
        // Ends of leases are waited for: shorter ones make the tests shorter and nothing else.
        ["Work__LeaseDuration"] = "4s", ["Work__RenewEvery"] = "1s", ["Work__SweepEvery"] = "1s",
    };

    public OstiaryServer Server { get; private set; } = null!;

    public RunningPortals Portals { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        Server = await OstiaryServer.StartAsync(new ServerSettings { Values = Settings });
    }

    /// <summary>A worker on the same database.</summary>
    public Task<OstiaryServer> StartBesideAsync() => OstiaryServer.StartAsync(new ServerSettings { Beside = Server, Roles = "worker", Values = Settings });

    /// <summary>Makes the attempts at a source older: for the budgets the clock goes on.</summary>
    public async Task PassAsync(string source, TimeSpan time)
    {
        await using var connection = await Server.ConnectAsync();
        await using var command = new NpgsqlCommand("UPDATE sign_in_attempts SET touched_at = touched_at - $2, ended_at = ended_at - $2 WHERE source_id = $1", connection) { Parameters = { new() { Value = source }, new() { Value = time } } };
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Portals.DisposeAsync();
    }
}

/// <summary>How often a website sees a sign-in: not more often than its users' accounts can bear.</summary>
public sealed partial class BudgetTests(BudgetHouse house) : IClassFixture<BudgetHouse>
{
    [Fact]
    public async Task After_some_failures_in_a_row_an_account_is_left_alone_until_the_oldest_is_an_hour_old()
    {
        var api = await house.Server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, house.Portals, "classic");
        var task = await api.NewTaskAsync();
        // Each failed sign-in of a user makes a new credential: it is the account that counts.
        for (var i = 0; i < 3; i++) (await api.RunReachesAsync(await api.NewRunAsync(task, await WrongAsync(api, visit, i)), "failed")).Has("errors.0.code", "auth_invalid");
        Assert.Equal((3, 3), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords));

        var refused = (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.type", "auth").Has("errors.0.code", "sign_in_budget").Has("result", "failure");
        var until = DateTime.Parse(Time().Match(refused["errors.0.message"].GetString()!).Value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        Assert.InRange(until - Created(refused), TimeSpan.FromMinutes(50), TimeSpan.FromHours(1));
        Assert.Contains("The last 3 sign-ins with this account failed within 1 hour", refused["errors.0.message"].GetString(), StringComparison.Ordinal);
        Assert.Contains($"No sign-in with credential {visit.Credential} at source {visit.Source}", house.Server.ReadLog(), StringComparison.Ordinal);
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "unverified");
        // Other values do not change what the site has counted; nor does another way to ask. What is known to be wrong is told as before.
        (await api.PatchAsync($"/v2/credentials/{visit.Credential}", new { auth_credentials = new { username = " " + visit.Account.ToUpperInvariant(), password = visit.Portal.Password } })).Is(200);
        (await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id, "failed")).Has("errors.0.code", "sign_in_budget");
        (await api.RunReachesAsync(await api.NewRunAsync(task, await WrongAsync(api, visit, 0)), "failed")).Has("errors.0.code", "auth_invalid");
        // Another account of the source is none of its business.
        var other = await api.NewCredentialAsync(visit.Source, visit.Account + "x", visit.Portal.Password);
        await api.RunReachesAsync(await api.NewRunAsync(task, other), "completed");
        Assert.Equal(3, visit.Submissions.Passwords);

        (await api.PatchAsync($"/v2/credentials/{visit.Credential}", new { auth_credentials = new { username = visit.Account, password = visit.Portal.Password } })).Is(200);
        await house.PassAsync(visit.Source, TimeSpan.FromHours(1));
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        Assert.Equal((4, 3, 1), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords, visit.Submissions.SignIns));
    }

    [Fact]
    public async Task A_success_begins_the_count_anew_as_it_does_at_the_site()
    {
        var api = await house.Server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, house.Portals, "classic");
        var task = await api.NewTaskAsync();
        for (var i = 0; i < 2; i++) (await api.RunReachesAsync(await api.NewRunAsync(task, await WrongAsync(api, visit, i)), "failed")).Has("errors.0.code", "auth_invalid");
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        for (var i = 2; i < 4; i++) (await api.RunReachesAsync(await api.NewRunAsync(task, await WrongAsync(api, visit, i)), "failed")).Has("errors.0.code", "auth_invalid");
        await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id, "completed");
        Assert.Equal((6, 4, 2), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords, visit.Submissions.SignIns));
    }

    [Fact]
    public async Task However_well_they_go_one_credential_has_so_many_sign_ins_and_a_kept_state_needs_none()
    {
        var api = await house.Server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, house.Portals, "classic");
        for (var i = 0; i < 4; i++) await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id, "completed");
        var refused = (await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id, "failed")).Has("errors.0.code", "sign_in_budget");
        Assert.Contains("This credential was used for 4 sign-ins within 1 hour", refused["errors.0.message"].GetString(), StringComparison.Ordinal);
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "verified");
        await api.RunReachesAsync(await visit.RunAsync(), "completed");
        Assert.Equal((4, 4), (visit.Submissions.Passwords, visit.Submissions.SignIns));
        await house.PassAsync(visit.Source, TimeSpan.FromHours(1));
        await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id, "completed");
    }

    [Fact]
    public async Task Failures_of_all_accounts_of_a_source_are_counted_together()
    {
        var api = await house.Server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, house.Portals, "classic");
        var task = await api.NewTaskAsync();
        var failing = new List<string>();
        for (var i = 0; i < 6; i++) failing.Add(await api.NewCredentialAsync(visit.Source, $"{visit.Account}-{i}", "Not-The-Right-One-90!"));
        foreach (var run in await Task.WhenAll(failing.Select(c => api.NewRunAsync(task, c)))) (await api.RunReachesAsync(run, "failed")).Has("errors.0.code", "auth_invalid");
        var refused = (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.code", "sign_in_budget");
        Assert.Contains("6 sign-ins at this source failed within 1 hour", refused["errors.0.message"].GetString(), StringComparison.Ordinal);
        Assert.Equal(0, visit.Submissions.Passwords);
        // The same website as another source, or in another organization, has a budget of its own.
        var elsewhere = await Visit.StoreAsync(api, house.Portals, "classic");
        await api.RunReachesAsync(await elsewhere.RunAsync(), "completed");
    }

    [Fact]
    public async Task An_account_that_the_site_calls_locked_is_left_alone_for_a_while()
    {
        var api = await house.Server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, house.Portals, "suspended");
        var task = await api.NewTaskAsync();
        var first = (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.code", "auth_locked");
        var sent = visit.Submissions.Passwords;
        Assert.Equal(1, sent);
        var second = (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.type", "auth").Has("errors.0.code", "auth_locked");
        var says = second["errors.0.message"].GetString()!;
        Assert.Contains(visit.Portal.ExpectedText!, says, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(first["errors.0.message"].GetString()!.TrimEnd('.'), says, StringComparison.Ordinal);
        Assert.InRange(DateTime.Parse(Time().Match(says).Value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal) - Created(second), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1));
        Assert.Equal(1, visit.Submissions.Passwords);
        // Who has changed the values since has been to the site.
        (await api.PatchAsync($"/v2/credentials/{visit.Credential}", new { auth_credentials = new { username = visit.Account, password = visit.Portal.Password } })).Is(200);
        (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.code", "auth_locked").Has("errors.0.message", first["errors.0.message"]);
        Assert.Equal(2, visit.Submissions.Passwords);
        (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.code", "auth_locked");
        Assert.Equal(2, visit.Submissions.Passwords);
        await house.PassAsync(visit.Source, TimeSpan.FromMinutes(15));
        var third = (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.code", "auth_locked");
        Assert.Equal(first["errors.0.message"].GetString(), third["errors.0.message"].GetString());
        Assert.Equal(3, visit.Submissions.Passwords);
    }

    [Fact]
    public async Task Sign_ins_that_were_stopped_half_way_are_no_failures_but_have_a_budget_and_an_operator_can_forget_them()
    {
        var api = await house.Server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, house.Portals, "hotel");
        for (var i = 0; i < 4; i++)
        {
            var run = await visit.RunAsync();
            await api.RunReachesAsync(run, "interaction_required");
            (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200);
            await api.RunReachesAsync(run, "canceled");
        }

        // A connection says the same, and can be opened again when the time has come.
        var connection = await visit.ConnectAsync();
        var refused = (await api.ConnectionReachesAsync(connection, "disconnected")).Has("errors.0.type", "auth").Has("errors.0.code", "sign_in_budget");
        Assert.Contains("This credential was used for 4 sign-ins", refused["errors.0.message"].GetString(), StringComparison.Ordinal);
        Assert.Equal(["connection.connecting", "connection.disconnected"], await api.EventsOfAsync(connection));
        Assert.Equal((4, 0), (visit.Submissions.Passwords, visit.Submissions.SignIns));
        var (code, output) = await house.Server.CommandAsync("sign-ins", "list");
        Assert.True(code == 0, output);
        Assert.Contains($"{visit.Source}  {visit.Credential}  0  4  ", output, StringComparison.Ordinal);
        (code, output) = await house.Server.CommandAsync("sign-ins", "forget", "--credential", visit.Credential);
        Assert.Equal((0, "Forgotten: 4\n"), (code, output));
        Assert.DoesNotContain(visit.Credential, (await house.Server.CommandAsync("sign-ins", "list")).Output, StringComparison.Ordinal);
        (await api.PostAsync($"/v2/connections/{connection}/reconnect")).Is(200);
        await visit.AnswerConnectionAsync(connection, visit.Portal.ExpectedChallenges[0]);
        await api.ConnectionReachesAsync(connection, "connected");
        Assert.NotEqual(0, (await house.Server.CommandAsync("sign-ins", "forget", "--credential", "org_1")).Code);
        // Fingerprints and ids: nothing of the user.
        await using var database = await house.Server.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT string_agg(a::text, ' ') FROM sign_in_attempts a", database);
        Assert.Empty(SecretSearch.InText((string)(await command.ExecuteScalarAsync())!, visit.Account, visit.Portal.Password!));
    }

    [Fact]
    public async Task Two_workers_at_once_send_no_more_than_the_budget()
    {
        await using var second = await house.StartBesideAsync();
        var api = await house.Server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, house.Portals, "classic");
        var task = await api.NewTaskAsync();
        var credentials = new List<string>();
        for (var i = 0; i < 8; i++) credentials.Add(await WrongAsync(api, visit, i));
        var ended = new List<string?>();
        foreach (var run in await Task.WhenAll(credentials.Select(c => api.NewRunAsync(task, c)))) ended.Add((await api.RunReachesAsync(run, "failed"))["errors.0.code"].GetString());
        Assert.Equal((3, 5), (ended.Count(c => c == "auth_invalid"), ended.Count(c => c == "sign_in_budget")));
        Assert.Equal((3, 3), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords));
    }

    /// <summary>By the server's own clock.</summary>
    private static DateTime Created(Answer run) => DateTime.Parse(run["created_at"].GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")]
    private static partial Regex Time();

    private static Task<string> WrongAsync(Api api, Visit visit, int number) => api.NewCredentialAsync(visit.Source, visit.Account, $"Not-The-Right-One-9{number}!");
}

/// <summary>What was under way when the server was killed is counted when it is up again, and held against nobody.</summary>
public sealed class KilledAttemptTests
{
    [Fact]
    public async Task A_sign_in_whose_server_was_killed_is_an_attempt_and_no_failure()
    {
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        await using var server = await OstiaryServer.StartAsync(new ServerSettings
        {
            Values = new Dictionary<string, string> { ["SignIns__FailuresPerAccount"] = "1", ["SignIns__AttemptsPerCredential"] = "2", ["Work__LeaseDuration"] = "4s", ["Work__RenewEvery"] = "1s", ["Work__SweepEvery"] = "1s" },
        });
        portals.SetDelay("spa", TimeSpan.FromSeconds(3));
        var api = await server.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, portals, "spa");
        var run = await visit.RunAsync();
        await Eventually.TrueAsync("The password is on its way", () => visit.Submissions.Passwords == 1 || visit.Submissions.SignIns == 1);
        await server.KillAsync();
        await server.StartAgainAsync();
        portals.SetDelay("spa", TimeSpan.Zero);
        (await api.RunReachesAsync(run, "failed")).Has("errors.0.code", "session_lost");
        await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id, "completed");
        (await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id, "failed")).Has("errors.0.code", "sign_in_budget");
        Assert.Equal(2, visit.Submissions.Passwords);
    }
}
