using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Connections;

/// <summary>Connections on a server that answers requests and does no work: they stay <c>connecting</c>.</summary>
public sealed class ConnectionRouteTests(ApiServer server)
{
    private const string Password = "Practice-Only-\"ü\\78!";

    [Fact]
    public async Task Opening_a_connection_stores_its_credential_and_is_answered_at_once()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var opened = (await OpenAsync(api, source, externalId: "customer 7")).Has("object", "connection").Has("status", "connecting").Has("source_id", source).Has("auth_method", "username_password").Has("external_id", "customer 7").Has("interaction", null).Has("errors", Array.Empty<object>());
        var (credential, session) = (opened["credential_id"].GetString()!, opened["session_id"].GetString()!);
        (await api.GetAsync($"/v2/connections/{opened.Id}")).Is(200).Has("status", "connecting").Has("session_id", session);
        (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("status", "unverified").Has("external_id", "customer 7").Has("auth_credentials.username", "ada");
        (await api.GetAsync($"/v2/sessions/{session}")).Is(200).Has("status", "queued");
        // One commit: credential, session, connection, each with its event, in this order.
        Assert.Equal(["credential.created", "session.queued", "connection.connecting"], (await api.ListAsync("/v2/events")).Select(e => e.GetProperty("type").GetString()!).Reverse().SkipWhile(t => t.StartsWith("source.", StringComparison.Ordinal)));
        (await api.GetAsync("/v2/events?type=connection.connecting")).Is(200).Has("data.0.data.external_id", "customer 7").Has("data.0.data.credential_id", credential).Has("data.0.data.interaction", null);
        Assert.Empty(SecretSearch.InText(api.Transcript, Password));
    }

    [Fact]
    public async Task Every_fault_of_a_request_is_told_at_once()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        (await api.PostAsync("/v2/connections")).Faults("source_id", "auth_method");
        (await api.PostAsync("/v2/connections", new { source_id = "nonsense", auth_method = "telepathy", credential_id = "conn_1", auth_credentials = "x", external_id = 7 })).Faults("source_id", "auth_method", "credential_id", "auth_credentials", "external_id");
        (await api.PostAsync("/v2/connections", new { source_id = source, auth_method = "username_password" })).Faults("auth_credentials.username", "auth_credentials.password");
        (await api.PostAsync("/v2/connections", new { source_id = source, auth_method = "none", auth_credentials = new { password = "x" } })).Faults("auth_credentials.password");
        (await api.PostAsync("/v2/connections", new { source_id = source, credential_id = "cred_1", auth_credentials = new { username = "ada", password = "x" } })).Faults("auth_credentials");
        (await api.PostAsync("/v2/connections", "[")).Is(400);
        (await api.PostAsync("/v2/connections", new { source_id = "src_nosuch", auth_method = "none" })).Refused(404, "source", "source_not_found", "source_id");
        Assert.Empty(await api.ListAsync("/v2/connections"));
        Assert.Empty(await api.ListAsync("/v2/credentials"));
        Assert.Empty(await api.ListAsync("/v2/sessions"));
    }

    [Fact]
    public async Task A_stored_credential_may_be_kept_signed_in()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var credential = await api.NewCredentialAsync(source, "ada", Password, externalId: "customer 8");
        (await api.PostAsync("/v2/connections", new { source_id = source, credential_id = credential })).Is(201).Has("credential_id", credential).Has("auth_method", "username_password").Has("external_id", "customer 8");
        (await api.PostAsync("/v2/connections", new { source_id = source, credential_id = "cred_nosuch" })).Refused(404, "request", "credential_not_found", "credential_id");
        (await api.PostAsync("/v2/connections", new { source_id = await api.NewSourceAsync(), credential_id = credential, auth_method = "none" })).Faults("source_id", "auth_method");
        var gone = await api.NewCredentialAsync(source, "eve", Password);
        (await api.DeleteAsync($"/v2/credentials/{gone}")).Is(200);
        (await api.PostAsync("/v2/connections", new { source_id = source, credential_id = gone })).Refused(409, "request", "state_conflict");
    }

    [Fact]
    public async Task Disconnecting_while_it_connects_ends_everything_and_destroys_the_credential()
    {
        var api = await server.NewOrganizationAsync();
        var opened = await OpenAsync(api, await api.NewSourceAsync());
        var (credential, session) = (opened["credential_id"].GetString()!, opened["session_id"].GetString()!);
        (await api.PostAsync($"/v2/connections/{opened.Id}/disconnect")).Is(200).Has("status", "terminated").Has("id", opened.Id);
        (await api.PostAsync($"/v2/connections/{opened.Id}/disconnect")).Is(200).Has("status", "terminated");
        (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("status", "deleted").Lacks("auth_credentials.username");
        (await api.GetAsync($"/v2/sessions/{session}")).Is(200).Has("status", "completed");
        Assert.Equal(["connection.connecting", "connection.terminated"], await api.EventsOfAsync(opened.Id));
        Assert.Equal(["session.queued", "session.completing", "session.completed"], await api.EventsOfAsync(session));
        Assert.Equal(["credential.created", "credential.deleted"], await api.EventsOfAsync(credential));
        (await api.PostAsync($"/v2/connections/{opened.Id}/reconnect")).Refused(409, "request", "state_conflict");
        (await api.PostAsync($"/v2/connections/{opened.Id}/interaction", new { input = new { code = "1" } })).Refused(409, "request", "interaction_not_pending");
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT (SELECT count(*) FROM credential_secrets WHERE credential_id = $1) + (SELECT count(*) FROM work WHERE payload ->> 'connection_id' = $2)", connection) { Parameters = { new() { Value = credential }, new() { Value = opened.Id } } };
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_credential_that_several_connections_use_goes_with_the_last_of_them()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var credential = await api.NewCredentialAsync(source, "ada", Password);
        var first = (await api.PostAsync("/v2/connections", new { source_id = source, credential_id = credential })).Is(201).Id;
        var second = (await api.PostAsync("/v2/connections", new { source_id = source, credential_id = credential })).Is(201).Id;
        (await api.PostAsync($"/v2/connections/{first}/disconnect")).Is(200).Has("status", "terminated");
        (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("status", "unverified");
        (await api.GetAsync($"/v2/connections/{second}")).Is(200).Has("status", "connecting");
        (await api.PostAsync($"/v2/connections/{second}/disconnect")).Is(200).Has("status", "terminated");
        (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("status", "deleted");
    }

    [Fact]
    public async Task Of_two_connections_that_end_at_once_one_takes_the_credential_along()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        for (var round = 0; round < 5; round++)
        {
            var credential = await api.NewCredentialAsync(source, "ada", Password);
            var opened = new List<string>();
            for (var i = 0; i < 3; i++) opened.Add((await api.PostAsync("/v2/connections", new { source_id = source, credential_id = credential })).Is(201).Id);
            foreach (var answer in await Task.WhenAll(opened.Concat(opened).Select(c => api.PostAsync($"/v2/connections/{c}/disconnect")))) answer.Is(200).Has("status", "terminated");
            (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("status", "deleted");
            Assert.Equal(["credential.created", "credential.deleted"], await api.EventsOfAsync(credential));
            foreach (var connection in opened) Assert.Equal(["connection.connecting", "connection.terminated"], await api.EventsOfAsync(connection));
        }
    }

    [Fact]
    public async Task Deleting_a_credential_takes_its_connections_along()
    {
        var api = await server.NewOrganizationAsync();
        var opened = await OpenAsync(api, await api.NewSourceAsync());
        (await api.DeleteAsync($"/v2/credentials/{opened["credential_id"].GetString()}")).Is(200);
        (await api.GetAsync($"/v2/connections/{opened.Id}")).Is(200).Has("status", "terminated");
        (await api.GetAsync($"/v2/sessions/{opened["session_id"].GetString()}")).Is(200).Has("status", "completed");
        Assert.Equal(["connection.connecting", "connection.terminated"], await api.EventsOfAsync(opened.Id));
    }

    [Fact]
    public async Task Ending_its_session_disconnects_a_connection_which_can_be_opened_again()
    {
        var api = await server.NewOrganizationAsync();
        var opened = await OpenAsync(api, await api.NewSourceAsync());
        var session = opened["session_id"].GetString()!;
        (await api.PostAsync($"/v2/connections/{opened.Id}/reconnect")).Refused(409, "request", "state_conflict");
        (await api.PostAsync($"/v2/sessions/{session}/end")).Is(200).Has("status", "completed");
        (await api.GetAsync($"/v2/connections/{opened.Id}")).Is(200).Has("status", "disconnected").Has("errors.0.type", "session").Has("errors.0.code", "session_ended").Has("session_id", session);
        var task = await api.NewTaskAsync();
        (await api.PostAsync($"/v2/tasks/{task}/run", new { connection_id = opened.Id })).Refused(409, "connection", "connection_not_connected", "connection_id");
        var again = (await api.PostAsync($"/v2/connections/{opened.Id}/reconnect")).Is(200).Has("status", "connecting").Has("errors", Array.Empty<object>()).Has("credential_id", opened["credential_id"]);
        Assert.NotEqual(session, again["session_id"].GetString());
        (await api.PostAsync($"/v2/connections/{opened.Id}/reconnect")).Refused(409, "request", "state_conflict");
        Assert.Equal(["connection.connecting", "connection.disconnected", "connection.connecting"], await api.EventsOfAsync(opened.Id));
        // The end of the earlier session says nothing about the later one.
        (await api.PostAsync($"/v2/sessions/{session}/end")).Is(200);
        (await api.GetAsync($"/v2/connections/{opened.Id}")).Is(200).Has("status", "connecting");
    }

    [Fact]
    public async Task A_connection_that_is_not_connected_takes_no_run_and_no_answer()
    {
        var api = await server.NewOrganizationAsync();
        var opened = await OpenAsync(api, await api.NewSourceAsync());
        var task = await api.NewTaskAsync();
        (await api.PostAsync($"/v2/tasks/{task}/run", new { connection_id = opened.Id })).Refused(409, "connection", "connection_not_connected", "connection_id");
        // Its session is the connection's, by whatever name it is called.
        (await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = opened["session_id"] })).Refused(409, "connection", "connection_not_connected", "connection_id");
        (await api.PostAsync($"/v2/connections/{opened.Id}/interaction", new { input = new { code = "246810" } })).Refused(409, "request", "interaction_not_pending");
        (await api.PostAsync($"/v2/connections/{opened.Id}/interaction", "[")).Refused(400, "request", "input_invalid");
        Assert.Empty(await api.ListAsync("/v2/task-runs"));
    }

    [Fact]
    public async Task Lists_are_filtered_by_what_the_developer_knows_it_by()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var first = (await OpenAsync(api, source, externalId: "a")).Id;
        var second = (await OpenAsync(api, await api.NewSourceAsync(), externalId: "b")).Id;
        (await api.PostAsync($"/v2/connections/{second}/disconnect")).Is(200);
        async Task<IEnumerable<string?>> Found(string query) => (await api.ListAsync($"/v2/connections?{query}", pageSize: 1)).Select(c => c.GetProperty("id").GetString());
        foreach (var query in (string[])[$"source_id={source}", "status=connecting", "external_id=a", $"external_id=a&status=connecting,connected&source_id={source}"]) Assert.Equal([first], await Found(query));
        Assert.Equal([second], await Found("status=terminated"));
        Assert.Equal([second, first], await Found("external_id=a&external_id=b"));
        Assert.Empty(await Found("external_id=a&status=terminated"));
        (await api.GetAsync("/v2/connections?status=open")).Faults("status");
    }

    [Fact]
    public async Task Nothing_of_a_connection_is_reachable_with_another_organization_s_key()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var opened = await OpenAsync(api, source);
        var other = await server.NewOrganizationAsync();
        (await other.GetAsync($"/v2/connections/{opened.Id}")).Refused(404, "request", "connection_not_found");
        foreach (var action in (string[])["interaction", "reconnect", "disconnect"]) (await other.PostAsync($"/v2/connections/{opened.Id}/{action}")).Refused(404, "request", "connection_not_found");
        Assert.Empty(await other.ListAsync("/v2/connections"));
        (await other.PostAsync("/v2/connections", new { source_id = source, auth_method = "none" })).Refused(404, "source", "source_not_found", "source_id");
        (await other.PostAsync("/v2/connections", new { source_id = await other.NewSourceAsync(), credential_id = opened["credential_id"] })).Refused(404, "request", "credential_not_found", "credential_id");
        (await other.PostAsync($"/v2/tasks/{await other.NewTaskAsync()}/run", new { connection_id = opened.Id })).Refused(404, "request", "connection_not_found", "connection_id");
        (await api.GetAsync($"/v2/connections/{opened.Id}")).Is(200).Has("status", "connecting");
    }

    [Fact]
    public async Task Two_requests_with_one_key_open_one_connection()
    {
        var api = await server.NewOrganizationAsync();
        var body = new { source_id = await api.NewSourceAsync(), auth_method = "username_password", auth_credentials = new { username = "ada", password = Password } };
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => api.PostAsync("/v2/connections", body, "one key")));
        Assert.Single(answers.Select(a => a.Is(201).Id).Distinct());
        Assert.Single(await api.ListAsync("/v2/connections"));
        Assert.Single(await api.ListAsync("/v2/credentials"));
    }

    [Fact]
    public async Task Over_its_session_limit_an_organization_is_refused_when_it_does_not_wait()
    {
        await using var small = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", Values = new Dictionary<string, string> { ["Sessions__MaxConcurrent"] = "1", ["Sessions__QueueWhenFull"] = "false" } });
        var source = await small.Api.NewSourceAsync();
        var first = await OpenAsync(small.Api, source);
        (await small.Api.PostAsync("/v2/connections", new { source_id = source, auth_method = "none" })).Refused(429, "rate_limit", "session_limit_exceeded");
        // Nothing of the refused request is left.
        Assert.Single(await small.Api.ListAsync("/v2/credentials"));
        (await small.Api.PostAsync($"/v2/connections/{first.Id}/disconnect")).Is(200);
        (await small.Api.PostAsync("/v2/connections", new { source_id = source, auth_method = "none" })).Is(201);
    }

    [Fact]
    public async Task A_component_token_opens_and_sees_its_own_connections_and_ends_none()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var others = await OpenAsync(api, source, externalId: "user 8");
        var token = api.With((await api.PostAsync("/v2/token", new { source_id = source, external_id = "user 7" })).Is(201)["token"].GetString());
        var body = new { source_id = source, auth_method = "username_password", auth_credentials = new { username = "ada", password = Password } };
        var own = (await token.PostAsync("/v2/connections", body)).Is(201).Has("status", "connecting").Has("external_id", "user 7");
        (await token.GetAsync($"/v2/connections/{own.Id}")).Is(200).Has("status", "connecting");
        (await token.GetAsync($"/v2/credentials/{own["credential_id"].GetString()}")).Is(200);
        Assert.Equal([own.Id], (await token.ListAsync("/v2/connections")).Select(c => c.GetProperty("id").GetString()));
        (await token.PostAsync($"/v2/connections/{own.Id}/interaction", new { input = new { code = "1" } })).Refused(409, "request", "interaction_not_pending");
        (await token.GetAsync($"/v2/connections/{others.Id}")).Refused(404, "request", "connection_not_found");
        (await token.PostAsync($"/v2/connections/{others.Id}/interaction", new { input = new { code = "1" } })).Refused(404, "request", "connection_not_found");
        (await token.PostAsync("/v2/connections", new { source_id = source, credential_id = others["credential_id"] })).Refused(404, "request", "credential_not_found", "credential_id");
        (await token.PostAsync("/v2/connections", new { source_id = await api.NewSourceAsync(), auth_method = "none" })).Refused(404, "source", "source_not_found", "source_id");
        (await token.PostAsync("/v2/connections", new { body.source_id, body.auth_method, body.auth_credentials, external_id = "user 8" })).Refused(403, "request", "forbidden", "external_id");
        foreach (var action in (string[])["disconnect", "reconnect"]) (await token.PostAsync($"/v2/connections/{own.Id}/{action}")).Refused(403, "request", "forbidden");
        (await token.PostAsync($"/v2/credentials/{own["credential_id"].GetString()}/verify")).Refused(403, "request", "forbidden");
        (await api.GetAsync($"/v2/connections/{own.Id}")).Is(200).Has("status", "connecting");
    }

    private static async Task<Answer> OpenAsync(Api api, string source, string? externalId = null) =>
        (await api.PostAsync("/v2/connections", new { source_id = source, auth_method = "username_password", auth_credentials = new { username = "ada", password = Password }, external_id = externalId })).Is(201);
}
