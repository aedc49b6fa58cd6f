using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.TaskRuns;

/// <summary>Runs that nobody works on: what is checked before they start, how they are listed, and how they are stopped.</summary>
public sealed class TaskRunRouteTests(ApiServer server)
{
    [Fact]
    public async Task A_run_starts_queued_with_its_session_in_one_commit()
    {
        var api = await server.NewOrganizationAsync();
        var (task, credential, source) = await StoryAsync(api);
        var run = (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, input = new { year = 2026 } })).Is(201)
            .Has("object", "task_run").Has("status", "queued").Has("result", null).Has("task_id", task).Has("credential_id", credential).Has("source_id", source).Has("connection_id", null)
            .Has("runtime_ms", null).Has("output", null).Has("errors", Array.Empty<object>()).Has("interaction", null).Lacks("input").Lacks("storage").Lacks("artifacts").Lacks("screenshots");
        var session = run["session_id"].GetString()!;
        (await api.GetAsync($"/v2/sessions/{session}")).Is(200).Has("status", "queued").Has("task_runs.0.id", run.Id).Has("task_runs.0.task_id", task).Has("task_runs.0.credential_id", credential);
        (await api.GetAsync($"/v2/task-runs/{run.Id}?include=input,storage,screenshots,artifacts")).Is(200).Has("input.year", 2026).Has("storage", Array.Empty<object>()).Has("screenshots", Array.Empty<object>()).Has("artifacts", new { });
        (await api.GetAsync($"/v2/task-runs/{run.Id}?include=input&include=storage")).Is(200).Has("input.year", 2026).Lacks("artifacts");
        (await api.GetAsync($"/v2/task-runs/{run.Id}?include=everything")).Faults("include");
        (await api.GetAsync($"/v2/task-runs/{run.Id}/storage")).Is(200).Has("data", Array.Empty<object>()).Has("has_more", false);
        Assert.Equal(["task_run.queued"], await api.EventsOfAsync(run.Id));
        Assert.Equal(["session.queued"], await api.EventsOfAsync(session));
    }

    [Fact]
    public async Task An_event_of_a_run_carries_what_the_developer_knows_it_by_and_no_input()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var credential = await api.NewCredentialAsync(source, "ada", "Practice-Only-1!", externalId: "customer 7");
        var run = await api.NewRunAsync(await api.NewTaskAsync(), credential, new { secret_word = "wainscot" });
        var told = Assert.Single(await api.ListAsync("/v2/events?type=task_run.queued"));
        var data = told.GetProperty("data");
        Assert.Equal((run, credential, "customer 7"), (data.GetProperty("id").GetString(), data.GetProperty("credential_id").GetString(), data.GetProperty("external_id").GetString()));
        Assert.DoesNotContain(await api.ListAsync("/v2/events"), e => e.GetRawText().Contains("wainscot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Input_is_checked_before_anything_starts_and_every_faulty_field_is_named()
    {
        var api = await server.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", "Practice-Only-1!");
        var task = await api.NewTaskAsync(new
        {
            input_schema = new { type = "object", required = new[] { "year", "kind" }, properties = new { year = new { type = "integer", minimum = 2000 }, kind = new { @enum = new[] { "bill", "letter" } }, page = new { type = "string" } } },
        });
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, input = new { year = 1999, kind = "poem", page = 7 } })).Faults("input.year", "input.kind", "input.page");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential })).Is(400);
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, input = "all" })).Faults("input");
        Assert.Empty(await api.ListAsync("/v2/task-runs"));
        Assert.Empty(await api.ListAsync("/v2/sessions"));
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, input = new { year = 2026, kind = "bill" } })).Is(201);
    }

    [Fact]
    public async Task What_a_run_is_for_must_be_said_and_must_exist()
    {
        var api = await server.NewOrganizationAsync();
        var (task, credential, source) = await StoryAsync(api);
        (await api.PostAsync($"/v2/tasks/{task}/run")).Refused(400, "request", "input_missing", "credential_id");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = "src_1", source_id = "cred_1", session_id = 7 })).Is(400);
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = "cred_nosuch" })).Refused(404, "request", "credential_not_found", "credential_id");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { source_id = "src_nosuch" })).Refused(404, "source", "source_not_found", "source_id");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = "sess_nosuch" })).Refused(404, "request", "session_not_found", "session_id");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { connection_id = "conn_nosuch" })).Refused(404, "request", "connection_not_found", "connection_id");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, source_id = await api.NewSourceAsync() })).Refused(400, "request", "input_invalid", "source_id");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { source_id = source })).Is(201).Has("credential_id", null).Has("source_id", source);
    }

    [Fact]
    public async Task All_that_a_run_names_and_that_does_not_exist_is_told_at_once_with_its_other_faults()
    {
        var api = await server.NewOrganizationAsync();
        var task = await api.NewTaskAsync(new { input_schema = new { type = "object", required = new[] { "year" } } });
        var places = new { credential_id = "cred_nosuch", connection_id = "conn_nosuch", session_id = "sess_nosuch", source_id = "src_nosuch" };
        (await api.PostAsync($"/v2/tasks/{task}/run", new { places.credential_id, places.connection_id, places.session_id, places.source_id, input = new { } }))
            .Faults("credential_id", "connection_id", "session_id", "source_id", "input.year");
        var missing = (await api.PostAsync($"/v2/tasks/{task}/run", new { places.credential_id, places.connection_id, places.session_id, places.source_id, input = new { year = 1 } })).Is(404);
        Assert.Equal(["credential_not_found", "connection_not_found", "session_not_found", "source_not_found"], missing["errors"].EnumerateArray().Select(e => e.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_queued_run_is_canceled_at_once_with_its_session()
    {
        var api = await server.NewOrganizationAsync();
        var (task, credential, _) = await StoryAsync(api);
        var run = await api.NewRunAsync(task, credential);
        var canceled = (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200).Has("status", "canceled").Has("result", null);
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200).Has("status", "canceled");
        Assert.Equal(["task_run.queued", "task_run.canceling", "task_run.canceled"], await api.EventsOfAsync(run));
        Assert.Equal(["session.queued", "session.completed"], await api.EventsOfAsync(canceled["session_id"].GetString()!));
        (await api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = "1" } })).Refused(409, "request", "interaction_not_pending");
    }

    [Fact]
    public async Task Many_cancels_at_once_are_one()
    {
        var api = await server.NewOrganizationAsync();
        var (task, credential, _) = await StoryAsync(api);
        var run = await api.NewRunAsync(task, credential);
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => api.PostAsync($"/v2/task-runs/{run}/cancel")))) answer.Is(200);
        Assert.Equal(["task_run.queued", "task_run.canceling", "task_run.canceled"], await api.EventsOfAsync(run));
    }

    [Fact]
    public async Task An_answer_to_a_run_that_asks_nothing_is_a_409()
    {
        var api = await server.NewOrganizationAsync();
        var (task, credential, _) = await StoryAsync(api);
        var run = await api.NewRunAsync(task, credential);
        (await api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = "246810" } })).Refused(409, "request", "interaction_not_pending");
        (await api.PostAsync($"/v2/task-runs/{run}/interaction", "[")).Refused(400, "request", "input_invalid");
    }

    [Fact]
    public async Task A_run_that_waits_for_no_review_takes_none()
    {
        var api = await server.NewOrganizationAsync();
        var (task, credential, _) = await StoryAsync(api);
        var run = await api.NewRunAsync(task, credential);
        (await api.PostAsync($"/v2/task-runs/{run}/review", new { decision = "approve" })).Refused(409, "request", "state_conflict");
        (await api.PostAsync($"/v2/task-runs/{run}/review", new { decision = "approve", reason = new string('x', 501) })).Faults("reason");
        (await api.PostAsync("/v2/task-runs/trun_nosuch/review", new { decision = "approve" })).Refused(404, "request", "task_run_not_found");
        (await api.GetAsync($"/v2/task-runs/{run}/screenshots")).Is(200).Has("data", Array.Empty<object>());
        (await api.GetAsync("/v2/task-runs/trun_nosuch/screenshots")).Refused(404, "request", "task_run_not_found");
    }

    [Fact]
    public async Task Runs_are_listed_by_every_filter()
    {
        var api = await server.NewOrganizationAsync();
        var (task, credential, source) = await StoryAsync(api);
        var agent = (await api.GetAsync($"/v2/tasks/{task}"))["agent_id"].GetString();
        var (otherTask, otherCredential, _) = await StoryAsync(api);
        var first = await api.NewRunAsync(task, credential);
        var second = await api.NewRunAsync(otherTask, otherCredential);
        (await api.PostAsync($"/v2/task-runs/{second}/cancel")).Is(200);
        async Task<IEnumerable<string?>> Found(string query) => (await api.ListAsync($"/v2/task-runs?{query}")).Select(r => r.GetProperty("id").GetString());
        foreach (var query in (string[])[$"task_id={task}", $"agent_id={agent}", $"credential_id={credential}", $"source_id={source}", "status=queued", $"status=queued&task_id={task}&created_after=2020-01-01T00:00:00Z"]) Assert.Equal([first], await Found(query));
        foreach (var query in (string[])["status=canceled", "status=canceled,canceling", "status=cancelling&status=canceled"]) Assert.Equal([second], await Found(query));
        foreach (var query in (string[])["outcome=success", "status=running", "created_before=2020-01-01", $"credential_id={credential}&status=canceled"]) Assert.Empty(await Found(query));
        Assert.Equal([second, first], await Found("created_after=2020-01-01T00:00:00%2B02:00&created_before=2999-01-01"));
    }

    [Fact]
    public async Task A_run_that_proves_a_credential_has_no_task_and_needs_a_credential_that_may_be_sent()
    {
        var api = await server.NewOrganizationAsync();
        var (_, credential, source) = await StoryAsync(api);
        var proof = (await api.PostAsync($"/v2/credentials/{credential}/verify")).Is(201).Has("status", "queued").Has("task_id", null).Has("agent_id", null).Has("source_id", source).Has("output", null);
        (await api.GetAsync($"/v2/sessions/{proof["session_id"].GetString()}")).Is(200).Has("task_runs.0.id", proof.Id).Has("task_runs.0.task_id", null);
        (await api.PostAsync($"/v2/task-runs/{proof.Id}/cancel")).Is(200).Has("status", "canceled");
        var none = (await api.PostAsync("/v2/credentials", new { source_id = source })).Is(201).Id;
        (await api.PostAsync($"/v2/credentials/{none}/verify")).Refused(409, "request", "state_conflict");
        (await api.DeleteAsync($"/v2/credentials/{credential}")).Is(200);
        (await api.PostAsync($"/v2/credentials/{credential}/verify")).Refused(409, "request", "state_conflict");
    }

    [Fact]
    public async Task Over_its_session_limit_an_organization_is_refused_when_it_does_not_wait()
    {
        await using var small = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", Values = new Dictionary<string, string> { ["Sessions__MaxConcurrent"] = "2", ["Sessions__QueueWhenFull"] = "false" } });
        var (task, credential, _) = await StoryAsync(small.Api);
        var run = await small.Api.NewRunAsync(task, credential);
        await small.Api.NewRunAsync(task, credential);
        var refused = (await small.Api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential })).Refused(429, "rate_limit", "session_limit_exceeded");
        Assert.True(int.Parse(refused.Headers["retry-after"]) > 0);
        (await small.Api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200);
        await small.Api.NewRunAsync(task, credential);
    }

    private static async Task<(string Task, string Credential, string Source)> StoryAsync(Api api)
    {
        var source = await api.NewSourceAsync();
        return (await api.NewTaskAsync(), await api.NewCredentialAsync(source, "ada", "Practice-Only-1!"), source);
    }
}
