using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>Runs that are stopped, sessions that are used again, and sessions that end.</summary>
public sealed class SessionTests(World world)
{
    private static readonly object Heading = new { title = "x", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { heading = "h2" } } } } };

    [Fact]
    public async Task A_session_is_used_again_still_signed_in()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var task = await api.NewTaskAsync(new { program = Heading });
        var first = await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        var session = first["session_id"].GetString()!;
        (await api.GetAsync($"/v2/sessions/{session}")).Is(200).Has("status", "idle");
        var second = await api.RunReachesAsync((await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = session })).Is(201).Has("credential_id", visit.Credential).Id, "completed");
        second.Has("session_id", session).Has("output.heading", "My Account");
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));
        var shown = (await api.GetAsync($"/v2/sessions/{session}")).Is(200).Has("status", "idle").Has("task_runs.0.id", first.Id).Has("task_runs.1.id", second.Id).Has("task_runs.1.task_id", task);
        Assert.True(shown["runtime_ms"].GetInt64() > 0);
        // Runs on one session take turns, in order.
        var more = new List<string>();
        for (var i = 0; i < 3; i++) more.Add((await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = session })).Is(201).Id);
        foreach (var run in more) await api.RunReachesAsync(run, "completed");
        Assert.Equal(1, visit.Submissions.SignIns);
        var credential = await api.NewCredentialAsync(visit.Source, "eve", "Practice-Only-1!");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = session, credential_id = credential })).Refused(409, "request", "state_conflict");
        (await api.PostAsync($"/v2/sessions/{session}/end")).Is(200);
        await EndsAsync(api, session, "completed");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = session })).Refused(409, "request", "state_conflict");
        var types = await api.EventsOfAsync(session);
        Assert.Equal(["session.queued", "session.running", "session.idle", "session.running", "session.idle"], types.Take(5));
        Assert.Equal(["session.idle", "session.completing", "session.completed"], types.TakeLast(3));
    }

    [Fact]
    public async Task A_run_without_a_credential_opens_the_page_as_anybody_sees_it()
    {
        var api = await world.NewOrganizationAsync();
        var portal = PortalCatalog.Get("classic");
        var source = await api.NewSourceAsync(world.Portals.Home(portal).AbsoluteUri);
        var run = (await api.PostAsync($"/v2/tasks/{await api.NewTaskAsync(new { program = Heading })}/run", new { source_id = source })).Is(201).Id;
        (await api.RunReachesAsync(run, "completed")).Has("output.heading", "Welcome to Northmoor Water Online").Has("credential_id", null);
    }

    [Fact]
    public async Task A_run_at_work_is_canceled_and_lets_its_browser_go()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var run = await visit.RunAsync(new { program = HotelTests.Endless });
        await Eventually.TrueAsync("It has signed in", async () => (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200)["status"].GetString() == "verified");
        var asked = (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200);
        Assert.Contains(asked["status"].GetString(), (string[])["canceling", "canceled"]);
        var canceled = (await api.RunReachesAsync(run, "canceled")).Has("result", null).Has("output", null);
        await EndsAsync(api, canceled["session_id"].GetString()!, "completed");
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.canceling", "task_run.canceled"], await api.EventsOfAsync(run));
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200).Has("status", "canceled");
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "verified");
    }

    [Fact]
    public async Task A_run_in_the_middle_of_its_sign_in_is_canceled()
    {
        var api = await world.NewOrganizationAsync();
        await using var slow = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        slow.SetDelay("classic", TimeSpan.FromSeconds(30));
        var visit = await Visit.StoreAsync(api, slow, "classic");
        var run = await visit.RunAsync();
        await api.RunReachesAsync(run, "running");
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200);
        await api.RunReachesAsync(run, "canceled");
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "unverified");
    }

    [Fact]
    public async Task A_run_that_waits_for_an_answer_is_canceled_with_its_question()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var run = await visit.RunAsync();
        await api.RunReachesAsync(run, "interaction_required");
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200).Has("interaction", null);
        await api.RunReachesAsync(run, "canceled");
        (await api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = "246810" } })).Refused(409, "request", "interaction_not_pending");
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.interaction_required", "task_run.canceling", "task_run.canceled"], await api.EventsOfAsync(run));
        Assert.Equal(0, visit.Submissions.Codes);
    }

    [Fact]
    public async Task Ending_a_session_stops_the_run_in_it()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var run = await visit.RunAsync();
        var session = (await api.RunReachesAsync(run, "interaction_required"))["session_id"].GetString()!;
        (await api.PostAsync($"/v2/sessions/{session}/end")).Is(200);
        await api.RunReachesAsync(run, "canceled");
        await EndsAsync(api, session, "completed");
        Assert.Equal(["session.queued", "session.running", "session.completing", "session.completed"], await api.EventsOfAsync(session));
    }

    [Fact]
    public async Task An_idle_session_ends_by_itself_and_a_server_that_stops_ends_its_own()
    {
        await world.NewOrganizationAsync();
        await using var server = await OstiaryServer.StartAsync(new ServerSettings { Values = new Dictionary<string, string> { ["Sessions__IdleTimeout"] = "1s", ["Sessions__KeepSignedInFor"] = "0" } });
        var visit = await Visit.StoreAsync(server.Api, world.Portals, "classic");
        var first = (await server.Api.RunReachesAsync(await visit.RunAsync(), "completed"))["session_id"].GetString()!;
        await EndsAsync(server.Api, first, "completed");
        // In the middle of its work: an orderly stop settles the run instead of leaving it for the lease to lapse.
        var run = await visit.RunAsync(new { program = HotelTests.Endless });
        await Eventually.TrueAsync("It has signed in again", () => visit.Submissions.SignIns == 2);
        Assert.Equal(0, await server.StopAsync());
        Assert.Empty(server.Processes);
        await server.StartAgainAsync();
        var ended = await server.Api.RunEndsAsync(run);
        Assert.Equal(("failed", "session_lost", "unknown"), (ended["status"].GetString(), ended["errors.0.code"].GetString(), ended["result"].GetString()));
    }

    private static Task EndsAsync(Api api, string session, string status) =>
        Eventually.TrueAsync($"The session {session} is {status}", async () => (await api.GetAsync($"/v2/sessions/{session}")).Is(200)["status"].GetString() == status);
}
