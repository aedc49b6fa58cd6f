using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Sessions;

public sealed class SessionRouteTests(ApiServer server)
{
    [Fact]
    public async Task Ending_a_session_that_waits_cancels_its_run()
    {
        var api = await server.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", "Practice-Only-1!");
        var run = await api.NewRunAsync(await api.NewTaskAsync(), credential);
        var session = (await api.GetAsync($"/v2/task-runs/{run}"))["session_id"].GetString()!;
        (await api.PostAsync($"/v2/sessions/{session}/end")).Is(200).Has("status", "completed").Has("object", "session").Has("runtime_ms", null);
        (await api.GetAsync($"/v2/task-runs/{run}")).Is(200).Has("status", "canceled");
        (await api.PostAsync($"/v2/sessions/{session}/end")).Is(200).Has("status", "completed");
        Assert.Equal(["session.queued", "session.completing", "session.completed"], await api.EventsOfAsync(session));
        Assert.Equal(["task_run.queued", "task_run.canceling", "task_run.canceled"], await api.EventsOfAsync(run));
    }

    [Fact]
    public async Task A_session_that_is_over_or_waiting_takes_no_run()
    {
        var api = await server.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", "Practice-Only-1!");
        var task = await api.NewTaskAsync();
        var session = (await api.GetAsync($"/v2/task-runs/{await api.NewRunAsync(task, credential)}"))["session_id"].GetString()!;
        (await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = session })).Refused(409, "request", "state_conflict");
        (await api.PostAsync($"/v2/sessions/{session}/end")).Is(200);
        (await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = session })).Refused(409, "request", "state_conflict");
        Assert.Single(await api.ListAsync("/v2/sessions?status=completed"));
        Assert.Empty(await api.ListAsync("/v2/sessions?status=queued,running"));
    }
}
