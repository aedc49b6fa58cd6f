using System.Text;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Http;

/// <summary><c>Idempotency-Key</c>: one request however often it is sent.</summary>
public sealed class IdempotencyTests(ApiServer server)
{
    [Fact]
    public async Task The_same_request_gets_the_first_answer_and_does_nothing()
    {
        var api = await server.NewOrganizationAsync();
        var first = (await api.PostAsync("/v2/agents", new { name = "Ada" }, "k1")).Is(201);
        var second = await api.PostAsync("/v2/agents", new { name = "Ada" }, "k1");
        Assert.Equal((first.Status, first.Text), (second.Status, second.Text));
        Assert.Single(await api.ListAsync("/v2/agents"));
        Assert.Equal(["agent.created"], await api.EventsOfAsync(first.Id));
    }

    [Fact]
    public async Task A_secret_that_is_shown_once_is_shown_again_to_the_same_request_only()
    {
        var api = await server.NewOrganizationAsync();
        var body = new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } };
        var first = (await api.PostAsync("/v2/event-destinations", body, "k1")).Is(201);
        Assert.StartsWith("whsec_", first["webhook.secret"].GetString());
        Assert.Equal(first.Text, (await api.PostAsync("/v2/event-destinations", body, "k1")).Is(201).Text);
        (await api.GetAsync($"/v2/event-destinations/{first.Id}")).Is(200).Lacks("webhook.secret");
        // The database keeps the answer sealed.
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT body FROM idempotency_keys WHERE key = 'k1'", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var secret = Encoding.UTF8.GetBytes(first["webhook.secret"].GetString()!);
        while (await reader.ReadAsync()) Assert.True(((byte[])reader[0]).AsSpan().IndexOf(secret) < 0);
    }

    [Fact]
    public async Task Another_request_under_a_used_key_is_a_409()
    {
        var api = await server.NewOrganizationAsync();
        var agent = (await api.PostAsync("/v2/agents", new { name = "Ada" }, "k1")).Is(201).Id;
        (await api.PostAsync("/v2/agents", new { name = "Eve" }, "k1")).Refused(409, "idempotency", "idempotency_error");
        (await api.PostAsync("/v2/sources", new { name = "Ada" }, "k1")).Refused(409, "idempotency", "idempotency_error");
        (await api.PatchAsync($"/v2/agents/{agent}", new { name = "Ada" }, "k1")).Refused(409, "idempotency", "idempotency_error");
        (await api.DeleteAsync($"/v2/agents/{agent}", "k1")).Refused(409, "idempotency", "idempotency_error");
        Assert.Single(await api.ListAsync("/v2/agents"));
    }

    [Fact]
    public async Task Patches_and_deletes_are_repeated_safely()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        var patched = (await api.PatchAsync($"/v2/agents/{agent}", new { name = "Eve" }, "p")).Is(200);
        Assert.Equal(patched.Text, (await api.PatchAsync($"/v2/agents/{agent}", new { name = "Eve" }, "p")).Is(200).Text);
        var deleted = (await api.DeleteAsync($"/v2/agents/{agent}", "d")).Is(200);
        Assert.Equal(deleted.Text, (await api.DeleteAsync($"/v2/agents/{agent}", "d")).Is(200).Text);
        Assert.Equal(["agent.created", "agent.updated", "agent.deleted"], await api.EventsOfAsync(agent));
    }

    [Fact]
    public async Task A_key_belongs_to_one_organization()
    {
        var (mine, theirs) = (await server.NewOrganizationAsync(), await server.NewOrganizationAsync());
        var first = (await mine.PostAsync("/v2/agents", new { name = "Ada" }, "shared")).Is(201);
        Assert.NotEqual(first.Id, (await theirs.PostAsync("/v2/agents", new { name = "Eve" }, "shared")).Is(201).Id);
    }

    [Fact]
    public async Task Of_many_at_once_one_is_executed_and_all_get_its_answer()
    {
        var api = await server.NewOrganizationAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => api.PostAsync("/v2/agents", new { name = "Ada" }, "race")));
        Assert.Single(answers.Select(a => a.Is(201).Text).Distinct());
        Assert.Single(await api.ListAsync("/v2/agents"));
    }

    [Fact]
    public async Task A_crowd_under_one_key_leaves_the_first_what_it_needs_to_finish()
    {
        // Storing a destination takes a second connection: were all others waiting with one each, it would never get it.
        await using var small = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", Values = new Dictionary<string, string> { ["Data__MaxPoolSize"] = "8" } });
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => small.Api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } }, "crowd")));
        Assert.Single(answers.Select(a => a.Is(201).Text).Distinct());
        Assert.Single(await small.Api.ListAsync("/v2/event-destinations"));
    }

    [Fact]
    public async Task A_repetition_that_changes_nothing_is_kept_too()
    {
        var api = await server.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", "Practice-Only-1!");
        (await api.DeleteAsync($"/v2/credentials/{credential}")).Is(200);
        var again = (await api.DeleteAsync($"/v2/credentials/{credential}", "twice")).Is(200);
        Assert.Equal(again.Text, (await api.DeleteAsync($"/v2/credentials/{credential}", "twice")).Is(200).Text);
        (await api.PostAsync("/v2/agents", new { name = "Ada" }, "twice")).Refused(409, "idempotency", "idempotency_error");
    }

    [Fact]
    public async Task A_refused_request_is_not_kept()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/agents", new { name = 7 }, "k")).Faults("name");
        (await api.PostAsync("/v2/agents", new { name = "Ada", id = "agt_taken" }, "k")).Is(201);
        (await api.PostAsync("/v2/agents", new { name = "Ada", id = "agt_taken" }, "other")).Refused(409, "request", "id_conflict", "id");
        (await api.DeleteAsync("/v2/agents/agt_taken")).Is(200);
        (await api.PostAsync("/v2/agents", new { name = "Ada", id = "agt_taken" }, "other")).Is(201);
    }

    [Fact]
    public async Task A_key_must_be_one_value_of_at_most_256_characters()
    {
        var api = await server.NewOrganizationAsync();
        foreach (var key in (string[])["", new string('k', 257)])
            (await api.PostAsync("/v2/agents", new { name = "Ada" }, key)).Refused(400, "idempotency", "idempotency_key_error");
        (await api.PostAsync("/v2/agents", new { name = "Ada" }, new string('k', 256))).Is(201);
        // Reading needs no key and minds none.
        (await api.SendAsync(HttpMethod.Get, "/v2/agents", null, new string('k', 300))).Is(200);
    }

    [Fact]
    public async Task A_run_is_started_once()
    {
        var api = await server.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", "Practice-Only-1!");
        var task = await api.NewTaskAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential }, "start")));
        Assert.Single(answers.Select(a => a.Is(201).Id).Distinct());
        Assert.Single(await api.ListAsync("/v2/task-runs"));
    }

    [Fact]
    public async Task The_first_answer_survives_a_crash()
    {
        await using var own = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        var first = (await own.Api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } }, "k")).Is(201);
        await own.KillAsync();
        await own.StartAgainAsync();
        Assert.Equal(first.Text, (await own.Api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } }, "k")).Is(201).Text);
        Assert.Single(await own.Api.ListAsync("/v2/event-destinations"));
    }
}
