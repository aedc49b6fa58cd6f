using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>Output that a person decides about, and tasks that earn their status.</summary>
public sealed class ReviewTests(World world) : IAsyncLifetime
{
    private static readonly object Reads = new { title = "Balance", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { balance = new { selector = "#balance", type = "integer" } } } } } };
    private FileSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await FileSite.StartAsync();

    public async ValueTask DisposeAsync() => await _site.DisposeAsync();

    private static async Task<string> RunAsync(Api api, string task, string source) => (await api.PostAsync($"/v2/tasks/{task}/run", new { source_id = source })).Is(201).Id;

    [Fact]
    public async Task A_person_approves_or_rejects_and_of_many_decisions_one_counts()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var task = await api.NewTaskAsync(new { program = Reads, settings = new { review = "always" } });
        var run = await RunAsync(api, task, source);
        // What is to be judged can be read; its browser has been let go.
        var waiting = (await api.RunReachesAsync(run, "review_required")).Has("output.balance", 42).Has("result", null);
        Assert.NotEqual("running", (await api.GetAsync($"/v2/sessions/{waiting["session_id"].GetString()}")).Is(200)["status"].GetString());
        (await api.PostAsync($"/v2/task-runs/{run}/review", new { decision = "perhaps", reason = 7 })).Faults("decision", "reason");
        (await api.PostAsync($"/v2/task-runs/{run}/review")).Faults("decision");
        (await api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = "1" } })).Refused(409, "request", "interaction_not_pending");
        var decisions = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => api.PostAsync($"/v2/task-runs/{run}/review", new { decision = i % 2 == 0 ? "approve" : "reject" })));
        var won = Assert.Single(decisions, d => d.Status == 200);
        Assert.All(decisions.Where(d => d != won), d => d.Refused(409, "request", "state_conflict"));
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.review_required", $"task_run.{won["status"].GetString()}"], await api.EventsOfAsync(run));

        run = await RunAsync(api, task, source);
        var done = await api.RunReachesAsync(run, "review_required");
        (await api.PostAsync($"/v2/task-runs/{run}/review", new { decision = "approve" })).Is(200).Has("status", "completed").Has("result", "success").Has("output.balance", 42).Has("runtime_ms", done["runtime_ms"].GetInt64());

        run = await RunAsync(api, task, source);
        await api.RunReachesAsync(run, "review_required");
        (await api.PostAsync($"/v2/task-runs/{run}/review", new { decision = "reject", reason = "The balance is last month's." })).Is(200)
            .Has("status", "failed").Has("result", "failure").Has("output", null).Has("errors.0.type", "task").Has("errors.0.code", "review_rejected").Has("errors.0.message", "The output was rejected in review: The balance is last month's.");
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Refused(409, "request", "state_conflict");

        run = await RunAsync(api, task, source);
        await api.RunReachesAsync(run, "review_required");
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200).Has("status", "canceled").Has("output", null);
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.review_required", "task_run.canceled"], await api.EventsOfAsync(run));
        Assert.Empty(await api.ListAsync("/v2/task-runs?status=review_required"));
    }

    [Fact]
    public async Task A_task_goes_live_by_its_own_runs_and_back_by_its_own_faults()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var task = await api.NewTaskAsync(new { program = Reads, settings = new { review = "until_live" } });
        foreach (var status in (string[])["test", "test", "live"])
        {
            var run = await RunAsync(api, task, source);
            await api.RunReachesAsync(run, "review_required");
            (await api.PostAsync($"/v2/task-runs/{run}/review", new { decision = "approve" })).Is(200);
            (await api.GetAsync($"/v2/tasks/{task}")).Is(200).Has("status", status);
        }

        // Live: nobody needs to look any more. What is not the task's fault changes nothing.
        await api.RunReachesAsync(await RunAsync(api, task, source), "completed");
        await api.RunReachesAsync(await RunAsync(api, task, await api.NewSourceAsync("http://127.0.0.1:1/")), "failed");
        (await api.GetAsync($"/v2/tasks/{task}")).Is(200).Has("status", "live");
        // The page of the sign-in has no balance.
        var failed = await api.RunReachesAsync(await RunAsync(api, task, await api.NewSourceAsync(new Uri(_site.Root, "/in").AbsoluteUri)), "failed");
        failed.Has("errors.0.code", "step_failed");
        (await api.GetAsync($"/v2/tasks/{task}")).Is(200).Has("status", "test");
        Assert.Equal(["task.created", "task.updated", "task.updated", "task.updated"], await api.EventsOfAsync(task));

        (await api.PatchAsync($"/v2/tasks/{task}", new { name = "Read the balance" })).Is(200).Has("status", "test");
        (await api.PatchAsync($"/v2/tasks/{task}", new { output_schema = new { type = "object" } })).Is(200).Has("status", "learning");
    }

    [Fact]
    public async Task A_run_that_began_before_its_task_was_changed_says_nothing_about_the_new_one()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var task = await api.NewTaskAsync(new { program = Reads, settings = new { review = "always" } });
        var run = await RunAsync(api, task, source);
        await api.RunReachesAsync(run, "review_required");
        (await api.PostAsync($"/v2/tasks/{task}/reset")).Is(200);
        (await api.PostAsync($"/v2/task-runs/{run}/review", new { decision = "approve" })).Is(200).Has("status", "completed");
        (await api.GetAsync($"/v2/tasks/{task}")).Is(200).Has("status", "learning");
    }

    [Fact]
    public async Task Runs_over_the_limit_of_their_source_wait_in_the_queue()
    {
        var api = await world.NewOrganizationAsync();
        var source = (await api.PostAsync("/v2/sources", new { type = "website", website = new { url = _site.Root.AbsoluteUri }, max_concurrent_sessions = 1 })).Is(201).Id;
        var endless = await api.NewTaskAsync(new { program = HotelTests.Endless });
        var first = await RunAsync(api, endless, source);
        await api.RunReachesAsync(first, "running");
        var second = await RunAsync(api, await api.NewTaskAsync(new { program = Reads }), source);
        // A run elsewhere passes it by.
        await api.RunReachesAsync(await RunAsync(api, await api.NewTaskAsync(new { program = Reads }), await api.NewSourceAsync(_site.Root.AbsoluteUri)), "completed");
        (await api.GetAsync($"/v2/task-runs/{second}")).Is(200).Has("status", "queued");
        (await api.PostAsync($"/v2/task-runs/{first}/cancel")).Is(200);
        (await api.RunReachesAsync(second, "completed")).Has("output.balance", 42);
    }
}
