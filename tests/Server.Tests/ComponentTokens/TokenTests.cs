using System.Text.Json;
using Npgsql;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.ComponentTokens;

/// <summary>Component tokens: what they may do, for whom, from where and for how long.</summary>
public sealed class TokenTests(ApiServer server)
{
    private const string Page = "https://app.example";

    [Fact]
    public async Task A_token_is_made_with_or_without_a_body()
    {
        var api = await server.NewOrganizationAsync();
        var before = DateTimeOffset.UtcNow;
        var plain = (await api.PostAsync("/v2/token")).Is(201).Has("object", "token").Has("source_id", null).Has("external_id", null).Has("task_id", null).Has("allowed_origins", Array.Empty<string>());
        Assert.Matches("^tok_[0-9A-Za-z]{22}$", plain.Id);
        Assert.Matches("^tk_[0-9A-Za-z]{43}$", plain["token"].GetString());
        Assert.InRange(plain["expires_at"].GetDateTimeOffset() - before, TimeSpan.FromMinutes(29.9), TimeSpan.FromMinutes(30.5));
        var (source, task) = (await api.NewSourceAsync(), await api.NewTaskAsync());
        (await api.PostAsync("/v2/token", new { source_id = source, task_id = task, external_id = "user-1", allowed_origins = new[] { Page, "http://localhost:3000" } })).Is(201)
            .Has("source_id", source).Has("task_id", task).Has("external_id", "user-1").Has("allowed_origins", new[] { Page, "http://localhost:3000" });
    }

    [Fact]
    public async Task Faults_are_named()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/token", new { source_id = "agt_1", task_id = 7, external_id = "", allowed_origins = new[] { "*" } })).Faults("source_id", "task_id", "external_id", "allowed_origins");
        foreach (var origin in (string[])["app.example", "https://app.example/", "https://app.example/path", "https://app.example:443", "HTTPS://App.example", "null", "https://ada:pw@app.example", "ftp://app.example", "https://*.example"])
            (await api.PostAsync("/v2/token", new { allowed_origins = new[] { origin } })).Faults("allowed_origins");
        var answer = (await api.PostAsync("/v2/token", new { source_id = "src_none", task_id = "task_none" })).Is(404);
        answer.HasError("source", "source_not_found", "source_id").HasError("request", "task_not_found", "task_id");
    }

    [Fact]
    public async Task A_token_sees_its_source_and_its_users_credentials_and_no_others()
    {
        var api = await server.NewOrganizationAsync();
        var (source, other) = (await api.NewSourceAsync(), await api.NewSourceAsync("http://127.0.0.1:9/other"));
        var earlier = await api.NewCredentialAsync(source, "ada", "Practice-Only-1!", externalId: "ada");
        var elsewhere = await api.NewCredentialAsync(other, "ada", "Practice-Only-1!", externalId: "ada");
        var foreign = await api.NewCredentialAsync(source, "eve", "Practice-Only-1!", externalId: "eve");
        var token = await TokenAsync(api, new { source_id = source, external_id = "ada" });
        Assert.Equal([source], (await token.ListAsync("/v2/sources")).Select(s => s.GetProperty("id").GetString()));
        (await token.GetAsync($"/v2/sources/{source}")).Is(200);
        (await token.GetAsync($"/v2/sources/{other}")).Refused(404, "request", "source_not_found");
        var made = (await token.PostAsync("/v2/credentials", Form(source))).Is(201).Has("external_id", "ada").Has("status", "unverified").Lacks("auth_credentials.password");
        Assert.Equal([made.Id, earlier], (await token.ListAsync("/v2/credentials")).Select(c => c.GetProperty("id").GetString()));
        Assert.Equal([made.Id], (await token.ListAsync("/v2/credentials?status=unverified", 1)).Select(c => c.GetProperty("id").GetString()).Take(1));
        foreach (var id in new[] { made.Id, earlier }) (await token.GetAsync($"/v2/credentials/{id}")).Is(200);
        foreach (var id in new[] { elsewhere, foreign }) (await token.GetAsync($"/v2/credentials/{id}")).Refused(404, "request", "credential_not_found");
        (await token.PostAsync("/v2/credentials", Form(other))).Refused(404, "source", "source_not_found", "source_id");
        (await token.PostAsync("/v2/credentials", Form(source, "eve"))).Refused(403, "request", "forbidden", "external_id");
        (await token.PatchAsync($"/v2/credentials/{made.Id}", new { external_id = "eve" })).Refused(403, "request", "forbidden");
        (await token.DeleteAsync($"/v2/credentials/{made.Id}")).Refused(403, "request", "forbidden");
        (await token.PostAsync("/v2/token")).Refused(403, "request", "forbidden");
    }

    [Fact]
    public async Task A_token_without_a_user_sees_what_was_made_with_it()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        await api.NewCredentialAsync(source, "eve", "Practice-Only-1!");
        var (first, second) = (await TokenAsync(api, new { }), await TokenAsync(api, new { }));
        Assert.Empty(await first.ListAsync("/v2/credentials"));
        var made = (await first.PostAsync("/v2/credentials", Form(source, "anything"))).Is(201).Has("external_id", "anything").Id;
        Assert.Equal([made], (await first.ListAsync("/v2/credentials")).Select(c => c.GetProperty("id").GetString()));
        Assert.Empty(await second.ListAsync("/v2/credentials"));
        (await second.GetAsync($"/v2/credentials/{made}")).Refused(404, "request", "credential_not_found");
    }

    [Fact]
    public async Task A_token_starts_runs_of_its_task_with_its_credentials_and_answers_them()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var (task, otherTask) = (await api.NewTaskAsync(), await api.NewTaskAsync());
        var foreign = await api.NewCredentialAsync(source, "eve", "Practice-Only-1!", externalId: "eve");
        var foreignRun = await api.NewRunAsync(task, foreign);
        var foreignSession = (await api.GetAsync($"/v2/task-runs/{foreignRun}"))["session_id"].GetString();
        var token = await TokenAsync(api, new { source_id = source, external_id = "ada", task_id = task });
        var credential = (await token.PostAsync("/v2/credentials", Form(source))).Is(201).Id;
        var run = (await token.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, input = new { month = 3 } })).Is(201).Has("status", "queued").Id;
        await FinishAsync(run, """{"secret_total":7}""");
        (await token.GetAsync($"/v2/task-runs/{run}")).Is(200).Has("status", "completed").Has("output", null).Lacks("input");
        (await api.GetAsync($"/v2/task-runs/{run}")).Is(200).Has("output.secret_total", 7);
        (await token.GetAsync($"/v2/task-runs/{run}?include=input")).Refused(403, "request", "forbidden", "include");
        Assert.Equal([run], (await token.ListAsync("/v2/task-runs")).Select(r => r.GetProperty("id").GetString()));
        Assert.DoesNotContain("secret_total", token.Transcript);
        (await token.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = "1" } })).Refused(409, "request", "interaction_not_pending");
        // A run that the server started with the user's credential asks the user, too.
        var ours = await api.NewRunAsync(otherTask, credential);
        await AskAsync(ours);
        (await token.GetAsync($"/v2/task-runs/{ours}")).Is(200).Has("interaction.type", "mfa");
        (await token.PostAsync($"/v2/task-runs/{ours}/interaction", new { input = new { code = "123456" } })).Is(200).Has("status", "running");
        // Everything else is not there, or not allowed.
        (await token.GetAsync($"/v2/task-runs/{foreignRun}")).Refused(404, "request", "task_run_not_found");
        (await token.PostAsync($"/v2/task-runs/{foreignRun}/interaction", new { input = new { code = "1" } })).Refused(404, "request", "task_run_not_found");
        (await token.PostAsync($"/v2/tasks/{otherTask}/run", new { credential_id = credential })).Refused(403, "request", "forbidden");
        (await token.PostAsync($"/v2/tasks/{task}/run", new { credential_id = foreign })).Refused(404, "request", "credential_not_found", "credential_id");
        (await token.PostAsync($"/v2/tasks/{task}/run", new { session_id = foreignSession })).Refused(404, "request", "session_not_found", "session_id");
        (await token.PostAsync($"/v2/tasks/{task}/run", new { source_id = source })).Faults("credential_id");
        (await token.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, session_id = foreignSession })).Refused(404, "request", "session_not_found", "session_id");
        (await token.PostAsync($"/v2/task-runs/{run}/cancel")).Refused(403, "request", "forbidden");
        (await token.GetAsync($"/v2/task-runs/{run}/storage")).Refused(403, "request", "forbidden");
        (await (await TokenAsync(api, new { external_id = "ada" })).PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential })).Refused(403, "request", "forbidden");
    }

    [Fact]
    public async Task A_token_opens_connections_and_runs_its_task_on_its_own()
    {
        var api = await server.NewOrganizationAsync();
        var (source, task) = (await api.NewSourceAsync(), await api.NewTaskAsync());
        var foreign = (await api.PostAsync("/v2/connections", Form(source, "eve"))).Is(201).Id;
        var token = await TokenAsync(api, new { source_id = source, external_id = "ada", task_id = task });
        var own = (await token.PostAsync("/v2/connections", Form(source))).Is(201).Has("external_id", "ada").Has("status", "connecting").Id;
        Assert.Equal([own], (await token.ListAsync("/v2/connections")).Select(c => c.GetProperty("id").GetString()));
        (await token.GetAsync($"/v2/connections/{foreign}")).Refused(404, "request", "connection_not_found");
        (await token.PostAsync($"/v2/connections/{own}/interaction", new { input = new { code = "1" } })).Refused(409, "request", "interaction_not_pending");
        (await token.PostAsync($"/v2/connections/{foreign}/interaction", new { input = new { code = "1" } })).Refused(404, "request", "connection_not_found");
        (await token.PostAsync($"/v2/tasks/{task}/run", new { connection_id = own })).Refused(409, "connection", "connection_not_connected");
        (await token.PostAsync($"/v2/tasks/{task}/run", new { connection_id = foreign })).Refused(404, "request", "connection_not_found", "connection_id");
        (await token.PostAsync($"/v2/connections/{own}/disconnect")).Refused(403, "request", "forbidden");
        (await token.PostAsync("/v2/connections", Form(source, "eve"))).Refused(403, "request", "forbidden", "external_id");
    }

    [Fact]
    public async Task A_token_follows_the_events_of_its_own()
    {
        var api = await server.NewOrganizationAsync();
        var (source, task) = (await api.NewSourceAsync(), await api.NewTaskAsync());
        var token = await TokenAsync(api, new { source_id = source, task_id = task });
        await using var stream = await EventStream.OpenAsync(token);
        await using var all = await EventStream.OpenAsync(api);
        var foreign = await api.NewCredentialAsync(source, "eve", "Practice-Only-1!");
        await api.NewRunAsync(task, foreign);
        var own = (await token.PostAsync("/v2/credentials", Form(source))).Is(201).Id;
        var run = (await token.PostAsync($"/v2/tasks/{task}/run", new { credential_id = own })).Is(201).Id;
        await api.DeleteAsync($"/v2/credentials/{own}");
        var last = await api.NewAgentAsync();
        await all.WaitAsync("All has happened", e => e.Any(x => x.ObjectId == last));
        await stream.WaitAsync("The token hears of its own", e => e.Count >= 3);
        Assert.Equal([("credential.created", own), ("task_run.queued", run), ("credential.deleted", own)], stream.Events.Select(e => (e.Type, e.ObjectId)));
        // And a user's token hears of what carries the user's external_id, from where the page left off.
        var usersToken = await TokenAsync(api, new { external_id = "ada" });
        await using var users = await EventStream.OpenAsync(usersToken, lastEventId: stream.Events[^1].Id);
        var adas = await api.NewCredentialAsync(source, "ada", "Practice-Only-1!", externalId: "ada");
        var adasRun = await api.NewRunAsync(task, adas);
        await api.NewCredentialAsync(source, "bob", "Practice-Only-1!", externalId: "bob");
        await users.WaitAsync("The user's token hears of it", e => e.Count >= 2);
        Assert.Equal([("credential.created", adas), ("task_run.queued", adasRun)], users.Events.Select(e => (e.Type, e.ObjectId)));
    }

    [Fact]
    public async Task A_token_ends_with_its_time_and_with_the_key_that_made_it()
    {
        var admin = await server.NewOrganizationAsync();
        var made = (await admin.PostAsync("/v2/token", new { allowed_origins = new[] { Page } })).Is(201);
        var token = admin.With(made["token"].GetString());
        (await token.GetAsync("/v2/sources")).Is(200);
        await ExecuteAsync("UPDATE component_tokens SET expires_at = now() WHERE id = $1", made.Id);
        var refused = (await FromAsync(token, Page, "/v2/sources")).Refused(401, "request", "api_key_invalid");
        // The page may read that it must ask for a new one.
        Assert.Equal(Page, refused.Headers["access-control-allow-origin"]);
        var key = (await admin.PostAsync("/v2/api-keys", new { name = "Backend" })).Is(201);
        var second = admin.With((await admin.With(key["key"].GetString()).PostAsync("/v2/token")).Is(201)["token"].GetString());
        (await second.GetAsync("/v2/sources")).Is(200);
        (await admin.DeleteAsync($"/v2/api-keys/{key.Id}")).Is(200);
        (await second.GetAsync("/v2/sources")).Refused(401, "request", "api_key_invalid");
    }

    [Fact]
    public async Task A_stream_ends_with_its_token()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var made = (await api.PostAsync("/v2/token", new { external_id = "ada" })).Is(201);
        await using var stream = await EventStream.OpenAsync(api.With(made["token"].GetString()));
        await ExecuteAsync("UPDATE component_tokens SET expires_at = now() WHERE id = $1", made.Id);
        await api.NewCredentialAsync(source, "ada", "Practice-Only-1!", externalId: "ada");
        await stream.EndsAsync();
        Assert.Empty(stream.Events);
    }

    [Fact]
    public async Task Browsers_are_let_in_from_the_listed_origins_only()
    {
        var api = await server.NewOrganizationAsync();
        var origin = $"https://{Guid.NewGuid():N}.example";
        Assert.DoesNotContain("access-control-allow-origin", (await AskBeforehandAsync(api, origin)).Headers.Keys);
        var token = await TokenAsync(api, new { allowed_origins = new[] { origin } });
        var asked = await Eventually.GetAsync("The origin is listed", async () => await AskBeforehandAsync(api, origin) is var answer && answer.Headers.ContainsKey("access-control-allow-origin") ? answer : null);
        Assert.Equal((204, origin, "GET, POST"), (asked.Status, asked.Headers["access-control-allow-origin"], asked.Headers["access-control-allow-methods"]));
        Assert.Equal(["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"], asked.Headers["access-control-allow-headers"].Split(", ").Order());
        Assert.DoesNotContain("access-control-allow-credentials", asked.Headers.Keys);
        Assert.Contains("Origin", asked.Headers["vary"]);
        var answered = (await FromAsync(token, origin, "/v2/sources")).Is(200);
        Assert.Equal(origin, answered.Headers["access-control-allow-origin"]);
        Assert.Contains("x-request-id", answered.Headers["access-control-expose-headers"]);
        // Errors can be read as well.
        Assert.Equal(origin, (await FromAsync(token, origin, "/v2/agents")).Refused(403, "request", "forbidden").Headers["access-control-allow-origin"]);
        // From elsewhere nothing, also not from an origin that another token lists.
        var (unlisted, listedElsewhere) = ($"https://{Guid.NewGuid():N}.example", $"https://{Guid.NewGuid():N}.example");
        await TokenAsync(api, new { allowed_origins = new[] { listedElsewhere } });
        foreach (var wrong in new[] { unlisted, listedElsewhere, origin + ":8443", origin.Replace("https", "http", StringComparison.Ordinal), "null", "*" })
        {
            var refused = (await FromAsync(token, wrong, "/v2/sources")).Refused(403, "request", "forbidden");
            if (wrong != listedElsewhere) Assert.DoesNotContain("access-control-allow-origin", refused.Headers.Keys);
        }

        // Not a browser: nothing to check. The server's own pages: nothing to list.
        (await token.GetAsync("/v2/sources")).Is(200);
        (await FromAsync(token, api.Address.GetLeftPart(UriPartial.Authority), "/v2/sources")).Is(200);
    }

    [Fact]
    public async Task Two_tokens_do_not_share_idempotency_keys()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var (first, second) = (await TokenAsync(api, new { }), await TokenAsync(api, new { }));
        var mine = (await first.PostAsync("/v2/credentials", Form(source), "k")).Is(201);
        Assert.Equal(mine.Text, (await first.PostAsync("/v2/credentials", Form(source), "k")).Is(201).Text);
        Assert.NotEqual(mine.Id, (await second.PostAsync("/v2/credentials", Form(source), "k")).Is(201).Id);
        Assert.NotEqual(mine.Id, (await api.PostAsync("/v2/credentials", Form(source), "k")).Is(201).Id);
    }

    private static object Form(string source, string? externalId = null) => externalId is null
        ? new { source_id = source, auth_method = "username_password", auth_credentials = new { username = "ada", password = "Practice-Only-1!" } }
        : new { source_id = source, auth_method = "username_password", auth_credentials = new { username = "ada", password = "Practice-Only-1!" }, external_id = externalId };

    private static async Task<Api> TokenAsync(Api api, object body) => api.With((await api.PostAsync("/v2/token", body)).Is(201)["token"].GetString());

    private static Task<Answer> FromAsync(Api api, string origin, string path) => api.SendAsync(HttpMethod.Get, path, r => r.Headers.TryAddWithoutValidation("Origin", origin));

    private static Task<Answer> AskBeforehandAsync(Api api, string origin) => api.With(null).SendAsync(HttpMethod.Options, "/v2/credentials", r =>
    {
        r.Headers.TryAddWithoutValidation("Origin", origin);
        r.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "POST");
        r.Headers.TryAddWithoutValidation("Access-Control-Request-Headers", "authorization,content-type");
    });

    // The shared server does no work: what a worker would have written is written by hand.
    private Task FinishAsync(string run, string output) => ExecuteAsync("UPDATE task_runs SET status = 'completed', output = $2::json, result = 'success', started_at = now() WHERE id = $1", run, output);

    private async Task AskAsync(string run)
    {
        await ExecuteAsync("UPDATE task_runs SET status = 'interaction_required', started_at = now() WHERE id = $1", run);
        await ExecuteAsync(
            """
            INSERT INTO interactions (id, organization_id, owner_id, type, message, fields, status, expires_at, created_at)
            SELECT 'intr_' || substr(id, 6), organization_id, id, 'mfa', 'Enter the code', $2::json, 'pending', now() + interval '5 minutes', now() FROM task_runs WHERE id = $1
            """, run, JsonSerializer.Serialize(new[] { new { name = "code", type = "string", label = "Code" } }));
    }

    private async Task ExecuteAsync(string sql, params string[] values)
    {
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
