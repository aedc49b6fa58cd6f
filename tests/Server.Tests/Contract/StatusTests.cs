using System.Net.Http.Headers;
using System.Text;
using Npgsql;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Contract;

/// <summary>
/// Every status that the document declares for a route is reached by a request, and the answer is what the document says (<see cref="Api"/> checks that). A route that is new fails
/// here until <see cref="Successes"/> says how it succeeds, so a route without any test is impossible.
/// </summary>
public sealed class StatusTests(ApiServer shared)
{
    // A well-formed id that nobody has.
    private const string NoSuch = "0000000000000000000000";

    [Fact]
    public async Task Every_status_of_every_route_is_reached()
    {
        await using var server = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        await using var limited = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", Beside = server, Values = new Dictionary<string, string> { ["RateLimit__Requests"] = "1" } });
        using var http = new HttpClient();
        var contract = (await WireContract.OfAsync(server.Address, http))!;
        var reached = new HashSet<(string, int)>();
        var api = await server.NewOrganizationAsync();
        var token = (await api.PostAsync("/v2/token", new { allowed_origins = new[] { "https://app.example" } })).Is(201)["token"].GetString()!;
        (await api.PostAsync("/v2/agents", new { name = "Ada" }, "used")).Is(201);
        var hasty = limited.ApiOf(api.Key!);
        foreach (var operation in contract.Operations)
        {
            var story = new Story(api, server);
            if (!Successes.TryGetValue(operation.Id, out var succeed)) Assert.Fail($"Say in StatusTests.Successes how {operation.Id} ({operation.Method} {operation.Path}) succeeds.");
            Reach(operation, await succeed(story));
            if (Refusals.TryGetValue(operation.Id, out var refusals))
            {
                foreach (var refuse in refusals) Reach(operation, await refuse(story));
            }

            var method = new HttpMethod(operation.Method);
            var path = operation.Path.Replace("{id}", PrefixOf(operation) + NoSuch, StringComparison.Ordinal);
            var body = operation.Json.TryGetProperty("requestBody", out var taken) ? taken.GetProperty("content").GetProperty("application/json").GetProperty("example").GetRawText() : null;
            Reach(operation, await api.With(null).SendAsync(method, path, body));
            Reach(operation, await api.With(token).SendAsync(method, path, r => r.Headers.TryAddWithoutValidation("Origin", "https://elsewhere.example")));
            Reach(operation, await api.With("sk_live_" + Guid.CreateVersion7().ToString("N")).SendAsync(method, path, body));
            if (operation.Path.Contains('{', StringComparison.Ordinal)) Reach(operation, await api.SendAsync(method, path, body));
            if (operation.Method == "GET" && operation.Json.TryGetProperty("parameters", out var parameters) && parameters.EnumerateArray().FirstOrDefault(p => p.GetProperty("in").GetString() == "query") is { ValueKind: not System.Text.Json.JsonValueKind.Undefined } first)
            {
                Reach(operation, await api.GetAsync($"{path}?{first.GetProperty("name")}=%00"));
                Reach(operation, await api.GetAsync($"{path}?{first.GetProperty("name")}={new string('x', 16_001)}"));
            }

            if (operation.Method != "GET")
            {
                Reach(operation, await api.SendAsync(method, path, body, new string('k', 257)));
                Reach(operation, await api.SendAsync(method, path, body, "used"));
                Reach(operation, await SendAsync(api, method, path, new string(' ', 1_000_001), "application/json"));
                Reach(operation, await SendAsync(api, method, path, "name=Ada", "application/x-www-form-urlencoded"));
            }

            Reach(operation, await LimitedAsync(hasty, method, path));
        }

        // A machine that breaks: whoever asks then gets the envelope, and no word of what is inside.
        await using (var connection = await server.ConnectAsync())
        await using (var command = new NpgsqlCommand("ALTER TABLE api_keys RENAME TO api_keys_gone", connection))
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        foreach (var operation in contract.Operations)
        {
            var answer = await api.With("sk_live_" + Guid.CreateVersion7().ToString("N")).SendAsync(new HttpMethod(operation.Method), operation.Path.Replace("{id}", PrefixOf(operation) + NoSuch, StringComparison.Ordinal));
            Reach(operation, answer.Refused(500, "api", "api_error"));
            Assert.DoesNotContain("api_keys", answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", answer.Text, StringComparison.Ordinal);
        }

        var missing = contract.Operations.SelectMany(o => o.Statuses, (o, status) => (o.Id, status)).Where(declared => !reached.Contains(declared)).ToList();
        Assert.True(missing.Count == 0, $"Declared and never reached: {string.Join(", ", missing.Select(m => $"{m.Id} {m.status}"))}");

        void Reach(WireOperation operation, Answer answer) => reached.Add((operation.Id, answer.Status));
    }

    [Fact]
    public async Task Every_code_that_the_server_can_answer_is_in_the_reference()
    {
        using var http = new HttpClient();
        var contract = (await WireContract.OfAsync((await shared.RunningAsync()).Address, http))!;
        var known = contract.Document.GetProperty("x-errors").EnumerateArray().Select(e => (e.GetProperty("type").GetString(), e.GetProperty("code").GetString())).ToHashSet();
        var unknown = new List<string>();
        foreach (var file in HouseRules.Checkout.Files("src/Server").Where(f => f.EndsWith(".cs", StringComparison.Ordinal)))
        {
            foreach (System.Text.RegularExpressions.Match made in System.Text.RegularExpressions.Regex.Matches(HouseRules.Checkout.Read(file), "new Fault\\(\"([a-z_]+)\", \"([a-z_]+)\""))
            {
                var (type, code) = (made.Groups[1].Value, made.Groups[2].Value);
                if (!known.Contains((type, code)) && !code.EndsWith("_not_found", StringComparison.Ordinal)) unknown.Add($"{type}/{code} in {file}");
            }
        }

        Assert.True(unknown.Count == 0, $"Add to Http/FaultTable.cs with status and meaning: {string.Join(", ", unknown)}");
    }

    [Fact]
    public async Task Examples_are_valid_against_their_schemas()
    {
        using var http = new HttpClient();
        var contract = (await WireContract.OfAsync((await shared.RunningAsync()).Address, http))!;
        var faults = new List<string>();
        foreach (var operation in contract.Operations)
        {
            if (operation.Json.TryGetProperty("requestBody", out var body)) Check($"the body of {operation.Id}", body.GetProperty("content"));
            foreach (var response in operation.Responses.EnumerateObject()) Check($"the {response.Name} of {operation.Id}", contract.Resolve(response.Value).GetProperty("content"));
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));

        void Check(string what, System.Text.Json.JsonElement content)
        {
            foreach (var media in content.EnumerateObject().Where(m => m.Name == "application/json"))
                faults.AddRange(contract.Faults(media.Value.GetProperty("schema"), media.Value.GetProperty("example")).Select(fault => $"The example of {what}: {fault}"));
        }
    }

    /// <summary>How each route succeeds.</summary>
    private static readonly Dictionary<string, Func<Story, Task<Answer>>> Successes = new()
    {
        ["testKey"] = s => s.Api.GetAsync("/v2/test"),
        ["createAgent"] = s => s.Api.PostAsync("/v2/agents", new { name = "Ada" }),
        ["listAgents"] = s => s.Api.GetAsync("/v2/agents"),
        ["getAgent"] = async s => await s.Api.GetAsync($"/v2/agents/{await s.Api.NewAgentAsync()}"),
        ["updateAgent"] = async s => await s.Api.PatchAsync($"/v2/agents/{await s.Api.NewAgentAsync()}", new { name = "Eve" }),
        ["deleteAgent"] = async s => await s.Api.DeleteAsync($"/v2/agents/{await s.Api.NewAgentAsync()}"),
        ["createSource"] = s => s.Api.PostAsync("/v2/sources", new { type = "website", website = new { url = "http://127.0.0.1:9/" } }),
        ["listSources"] = s => s.Api.GetAsync("/v2/sources"),
        ["getSource"] = async s => await s.Api.GetAsync($"/v2/sources/{await s.Api.NewSourceAsync()}"),
        ["updateSource"] = async s => await s.Api.PatchAsync($"/v2/sources/{await s.Api.NewSourceAsync()}", new { name = "Shop" }),
        ["resetSource"] = async s => await s.Api.PostAsync($"/v2/sources/{await s.Api.NewSourceAsync()}/reset"),
        ["deleteSource"] = async s => await s.Api.DeleteAsync($"/v2/sources/{await s.Api.NewSourceAsync()}"),
        ["createTask"] = async s => await s.Api.PostAsync("/v2/tasks", new { name = "Look", agent_id = await s.Api.NewAgentAsync() }),
        ["listTasks"] = s => s.Api.GetAsync("/v2/tasks"),
        ["getTask"] = async s => await s.Api.GetAsync($"/v2/tasks/{await s.Api.NewTaskAsync()}"),
        ["updateTask"] = async s => await s.Api.PatchAsync($"/v2/tasks/{await s.Api.NewTaskAsync()}", new { name = "Read" }),
        ["deleteTask"] = async s => await s.Api.DeleteAsync($"/v2/tasks/{await s.Api.NewTaskAsync()}"),
        ["resetTask"] = async s => await s.Api.PostAsync($"/v2/tasks/{await s.Api.NewTaskAsync()}/reset"),
        ["runTask"] = async s => await s.Api.PostAsync($"/v2/tasks/{await s.Api.NewTaskAsync()}/run", new { credential_id = await s.CredentialAsync() }),
        ["listTaskRuns"] = s => s.Api.GetAsync("/v2/task-runs"),
        ["getTaskRun"] = async s => await s.Api.GetAsync($"/v2/task-runs/{await s.RunAsync()}?include=input,storage,screenshots,artifacts"),
        ["answerTaskRunQuestion"] = async s => await s.Api.PostAsync($"/v2/task-runs/{await s.AskAsync("task_runs", await s.RunAsync())}/interaction", new { input = new { code = "123456" } }),
        ["cancelTaskRun"] = async s => await s.Api.PostAsync($"/v2/task-runs/{await s.RunAsync()}/cancel"),
        ["listTaskRunFiles"] = async s => await s.Api.GetAsync($"/v2/task-runs/{await s.RunAsync()}/storage"),
        ["listTaskRunPictures"] = async s => await s.Api.GetAsync($"/v2/task-runs/{await s.RunAsync()}/screenshots"),
        ["reviewTaskRun"] = async s => await s.Api.PostAsync($"/v2/task-runs/{await s.MovedAsync("task_runs", await s.RunAsync(), "review_required")}/review", new { decision = "reject", reason = "Last month's." }),
        ["verifyCredential"] = async s => await s.Api.PostAsync($"/v2/credentials/{await s.CredentialAsync()}/verify"),
        ["openConnection"] = async s => await s.Api.PostAsync("/v2/connections", await s.ConnectAsync()),
        ["listConnections"] = s => s.Api.GetAsync("/v2/connections"),
        ["getConnection"] = async s => await s.Api.GetAsync($"/v2/connections/{await s.ConnectionAsync()}"),
        ["answerConnectionQuestion"] = async s => await s.Api.PostAsync($"/v2/connections/{await s.AskAsync("connections", await s.ConnectionAsync())}/interaction", new { inputs = new { code = "123456" } }),
        ["reconnectConnection"] = async s => await s.Api.PostAsync($"/v2/connections/{await s.MovedAsync("connections", await s.ConnectionAsync(), "disconnected")}/reconnect"),
        ["disconnectConnection"] = async s => await s.Api.PostAsync($"/v2/connections/{await s.ConnectionAsync()}/disconnect"),
        ["storeCredential"] = async s => await s.Api.PostAsync("/v2/credentials", new { source_id = await s.Api.NewSourceAsync(), auth_method = "none", auth_credentials = new { } }),
        ["listCredentials"] = s => s.Api.GetAsync("/v2/credentials"),
        ["getCredential"] = async s => await s.Api.GetAsync($"/v2/credentials/{await s.CredentialAsync()}"),
        ["updateCredential"] = async s => await s.Api.PatchAsync($"/v2/credentials/{await s.CredentialAsync()}", new { external_id = (string?)null }),
        ["deleteCredential"] = async s => await s.Api.DeleteAsync($"/v2/credentials/{await s.CredentialAsync()}"),
        ["listSessions"] = s => s.Api.GetAsync("/v2/sessions"),
        ["getSession"] = async s => await s.Api.GetAsync($"/v2/sessions/{await s.SessionAsync()}"),
        ["endSession"] = async s => await s.Api.PostAsync($"/v2/sessions/{await s.SessionAsync()}/end"),
        ["getFile"] = async s => await s.Api.GetAsync($"/v2/storage/{await s.FileAsync()}"),
        ["listEvents"] = s => s.Api.GetAsync("/v2/events"),
        ["followEvents"] = s => HeadAsync(s.Api, "/v2/events/stream"),
        ["getEvent"] = async s => await s.Api.GetAsync($"/v2/events/{(await s.Api.GetAsync("/v2/events?limit=1"))["data.0.id"]}"),
        ["listEventTypes"] = s => s.Api.GetAsync("/v2/event-types"),
        ["createEventDestination"] = s => s.Api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } }),
        ["listEventDestinations"] = s => s.Api.GetAsync("/v2/event-destinations"),
        ["getEventDestination"] = async s => await s.Api.GetAsync($"/v2/event-destinations/{await s.DestinationAsync()}"),
        ["updateEventDestination"] = async s => await s.Api.PatchAsync($"/v2/event-destinations/{await s.DestinationAsync()}", new { status = "inactive" }),
        ["deleteEventDestination"] = async s => await s.Api.DeleteAsync($"/v2/event-destinations/{await s.DestinationAsync()}"),
        ["listEventDestinationDeliveries"] = async s => await s.Api.GetAsync($"/v2/event-destinations/{await s.DestinationAsync()}/event-deliveries"),
        ["testEventDestination"] = async s => await s.Api.PostAsync($"/v2/event-destinations/{await s.DestinationAsync()}/test"),
        ["rotateEventDestinationSecret"] = async s => await s.Api.PostAsync($"/v2/event-destinations/{await s.DestinationAsync()}/rotate-secret"),
        ["replayEventsToEventDestination"] = async s => await s.Api.PostAsync($"/v2/event-destinations/{await s.DestinationAsync()}/replay", new { created_after = "2026-01-01T00:00:00Z" }),
        ["createApiKey"] = s => s.Api.PostAsync("/v2/api-keys", new { name = "Second", scopes = new[] { "read" } }),
        ["listApiKeys"] = s => s.Api.GetAsync("/v2/api-keys"),
        ["getApiKey"] = async s => await s.Api.GetAsync($"/v2/api-keys/{await s.KeyAsync()}"),
        ["updateApiKey"] = async s => await s.Api.PatchAsync($"/v2/api-keys/{await s.KeyAsync()}", new { name = "Third" }),
        ["rotateApiKey"] = async s => await s.Api.PostAsync($"/v2/api-keys/{await s.KeyAsync()}/rotate", new { overlap_seconds = 60 }),
        ["revokeApiKey"] = async s => await s.Api.DeleteAsync($"/v2/api-keys/{await s.KeyAsync()}"),
        ["getOrganization"] = s => s.Api.GetAsync("/v2/organization"),
        ["updateOrganization"] = s => s.Api.PatchAsync("/v2/organization", new { name = "Acme" }),
        ["createComponentToken"] = s => s.Api.PostAsync("/v2/token"),
    };

    /// <summary>Refusals that the general requests do not reach.</summary>
    private static readonly Dictionary<string, Func<Story, Task<Answer>>[]> Refusals = new()
    {
        ["createTask"] = [async s => (await s.Api.PostAsync("/v2/tasks", new { name = "Look", agent_id = "agt_" + NoSuch })).Refused(404, "request", "agent_not_found", "agent_id")],
        ["storeCredential"] = [async s => (await s.Api.PostAsync("/v2/credentials", new { source_id = "src_" + NoSuch })).Refused(404, "source", "source_not_found", "source_id")],
        ["openConnection"] = [async s => (await s.Api.PostAsync("/v2/connections", new { source_id = "src_" + NoSuch, auth_method = "none" })).Refused(404, "source", "source_not_found", "source_id")],
        ["createComponentToken"] = [async s => (await s.Api.PostAsync("/v2/token", new { task_id = "task_" + NoSuch })).Refused(404, "request", "task_not_found", "task_id")],
        ["followEvents"] = [s => s.Api.SendAsync(HttpMethod.Get, "/v2/events/stream", r => r.Headers.TryAddWithoutValidation("Last-Event-ID", "evt_" + NoSuch))],
    };

    private static string PrefixOf(WireOperation operation)
    {
        if (!operation.Path.Contains('{', StringComparison.Ordinal)) return "";
        var pattern = operation.Json.GetProperty("parameters").EnumerateArray().First(p => p.GetProperty("in").GetString() == "path").GetProperty("schema").GetProperty("pattern").GetString()!;
        return pattern[1..pattern.IndexOf('[', StringComparison.Ordinal)];
    }

    private static Task<Answer> SendAsync(Api api, HttpMethod method, string path, string body, string contentType) => api.SendAsync(method, path, r =>
    {
        r.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        r.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
    });

    // The window slides: on a slow machine the first request may have fallen out of it when the second comes.
    private static async Task<Answer> LimitedAsync(Api hasty, HttpMethod method, string path)
    {
        for (var attempt = 0; ; attempt++)
        {
            await hasty.GetAsync("/v2/test");
            var answer = path.EndsWith("/stream", StringComparison.Ordinal) ? await HeadAsync(hasty, path) : await hasty.SendAsync(method, path);
            if (answer.Status == 429 || attempt == 5) return answer;
        }
    }

    // The event stream has no end: its head is the answer.
    private static async Task<Answer> HeadAsync(Api api, string path)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api.Address, path));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {api.Key}");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var head = new HttpResponseMessage(response.StatusCode);
        return await Answer.ReadAsync($"GET {path}", head);
    }

    // What a route needs to be there before it can succeed.
    private sealed record Story(Api Api, OstiaryServer Server)
    {
        public async Task<string> CredentialAsync() => await Api.NewCredentialAsync(await Api.NewSourceAsync(), "ada", "Practice-Only-1!");

        public async Task<string> RunAsync() => await Api.NewRunAsync(await Api.NewTaskAsync(), await CredentialAsync());

        public async Task<string> SessionAsync() => (await Api.GetAsync($"/v2/task-runs/{await RunAsync()}"))["session_id"].GetString()!;

        public async Task<object> ConnectAsync() => new { source_id = await Api.NewSourceAsync(), auth_method = "username_password", auth_credentials = new { username = "ada", password = "Practice-Only-1!" } };

        public async Task<string> ConnectionAsync() => (await Api.PostAsync("/v2/connections", await ConnectAsync())).Is(201).Id;

        public async Task<string> DestinationAsync() => (await Api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } })).Is(201).Id;

        public async Task<string> KeyAsync() => (await Api.PostAsync("/v2/api-keys", new { name = "Spare" })).Is(201).Id;

        // No worker is at work here to ask, fail or download: what it would leave behind is written for it.
        public async Task<string> AskAsync(string table, string owner)
        {
            await MovedAsync(table, owner, "interaction_required");
            await ExecuteAsync(
                $$"""
                INSERT INTO interactions (id, organization_id, owner_id, type, message, fields, status, expires_at, created_at)
                SELECT 'intr_' || substr($1, strpos($1, '_') + 1), organization_id, id, 'mfa', 'Enter the code.', '[{"name":"code","type":"string","label":"Code"}]', 'pending', now() + interval '1 hour', now() FROM {{table}} WHERE id = $1
                """, owner);
            return owner;
        }

        public async Task<string> MovedAsync(string table, string id, string status)
        {
            await ExecuteAsync($"UPDATE {table} SET status = $2 WHERE id = $1", id, status);
            return id;
        }

        public async Task<string> FileAsync()
        {
            var run = await RunAsync();
            var id = "stor_" + run["trun_".Length..];
            await ExecuteAsync(
                """
                INSERT INTO storage_items (id, organization_id, task_run_id, file_name, file_type, file_size, purpose, content, created_at, updated_at)
                SELECT $2, organization_id, id, 'statement.pdf', 'application/pdf', 4, 'output', '\x00', now(), now() FROM task_runs WHERE id = $1
                """, run, id);
            return id;
        }

        private async Task ExecuteAsync(string sql, params string[] values)
        {
            await using var connection = await Server.ConnectAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
            Assert.Equal(1, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }
    }
}
