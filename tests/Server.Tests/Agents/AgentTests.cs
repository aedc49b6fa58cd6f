using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Agents;

public sealed class AgentTests(ApiServer server)
{
    [Fact]
    public async Task An_agent_lives_from_creation_to_deletion()
    {
        var api = await server.NewOrganizationAsync();
        var agent = (await api.PostAsync("/v2/agents", new { name = "Statements", description = "Reads them" })).Is(201).Has("object", "agent").Has("name", "Statements").Has("description", "Reads them").Has("tasks", Array.Empty<object>());
        (await api.GetAsync($"/v2/agents/{agent.Id}")).Is(200).Has("name", "Statements").Has("created_at", agent["created_at"].GetString());
        (await api.PatchAsync($"/v2/agents/{agent.Id}", new { name = "Bills" })).Is(200).Has("name", "Bills").Has("description", "Reads them");
        (await api.DeleteAsync($"/v2/agents/{agent.Id}")).Is(200).Has("id", agent.Id).Has("object", "agent").Has("deleted", true);
        (await api.GetAsync($"/v2/agents/{agent.Id}")).Refused(404, "request", "agent_not_found");
        (await api.DeleteAsync($"/v2/agents/{agent.Id}")).Refused(404, "request", "agent_not_found");
        Assert.Equal(["agent.created", "agent.updated", "agent.deleted"], await api.EventsOfAsync(agent.Id));
    }

    [Fact]
    public async Task Null_clears_what_may_be_empty_and_absence_changes_nothing()
    {
        var api = await server.NewOrganizationAsync();
        var agent = (await api.PostAsync("/v2/agents", new { name = "A", description = "B" })).Is(201).Id;
        (await api.PatchAsync($"/v2/agents/{agent}", "{}")).Is(200).Has("name", "A").Has("description", "B");
        (await api.PatchAsync($"/v2/agents/{agent}", """{"description":null}""")).Is(200).Has("name", "A").Has("description", null);
        (await api.PatchAsync($"/v2/agents/{agent}", """{"name":null,"description":7}""")).Faults("name", "description");
        (await api.PatchAsync($"/v2/agents/{agent}", new { name = "" })).Faults("name");
    }

    [Fact]
    public async Task A_chosen_id_is_kept_and_taken_once()
    {
        var api = await server.NewOrganizationAsync();
        var id = "agt_my-own_1" + Guid.NewGuid().ToString("N");
        (await api.PostAsync("/v2/agents", new { id, name = "A" })).Is(201).Has("id", id);
        (await api.PostAsync("/v2/agents", new { id, name = "B" })).Refused(409, "request", "id_conflict", "id");
        (await api.GetAsync($"/v2/agents/{id}")).Is(200).Has("name", "A");
        foreach (var bad in (string[])["src_1", "agt_", "agt_a b", "agt_" + new string('a', 65), ""]) (await api.PostAsync("/v2/agents", new { id = bad, name = "A" })).Faults("id");
    }

    [Fact]
    public async Task Of_many_that_choose_one_id_at_once_one_gets_it()
    {
        var api = await server.NewOrganizationAsync();
        var id = "agt_" + Guid.NewGuid().ToString("N");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => api.PostAsync("/v2/agents", new { id, name = $"{i}" })));
        Assert.Single(answers, a => a.Status == 201);
        Assert.All(answers.Where(a => a.Status != 201), a => a.Refused(409, "request", "id_conflict", "id"));
        Assert.Equal(["agent.created"], await api.EventsOfAsync(id));
    }

    [Fact]
    public async Task An_agent_shows_its_tasks_and_takes_them_with_it()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        var first = (await api.PostAsync("/v2/tasks", new { name = "One", agent_id = agent })).Is(201).Id;
        var second = (await api.PostAsync("/v2/tasks", new { name = "Two", agent_id = agent })).Is(201).Id;
        (await api.GetAsync($"/v2/agents/{agent}")).Is(200).Has("tasks.0.id", first).Has("tasks.0.object", "task").Has("tasks.0.name", "One").Has("tasks.0.status", "learning").Has("tasks.1.id", second);
        (await api.GetAsync("/v2/agents")).Is(200).Has("data.0.tasks.1.name", "Two");
        // A run outlives its task and its agent.
        var run = await api.NewRunAsync(first, await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", "Practice-Only-1!"));
        (await api.DeleteAsync($"/v2/agents/{agent}")).Is(200);
        (await api.GetAsync($"/v2/tasks/{first}")).Refused(404, "request", "task_not_found");
        (await api.GetAsync($"/v2/tasks/{second}")).Refused(404, "request", "task_not_found");
        (await api.GetAsync($"/v2/task-runs/{run}")).Is(200).Has("task_id", first).Has("agent_id", agent);
        Assert.Equal(["task.created", "task.deleted"], await api.EventsOfAsync(second));
    }

    [Fact]
    public async Task A_task_is_not_made_in_an_agent_that_is_being_deleted()
    {
        var api = await server.NewOrganizationAsync();
        for (var round = 0; round < 5; round++)
        {
            var agent = await api.NewAgentAsync();
            var making = Enumerable.Range(0, 6).Select(i => api.PostAsync("/v2/tasks", new { name = $"{i}", agent_id = agent })).ToList();
            var deleting = api.DeleteAsync($"/v2/agents/{agent}");
            var made = await Task.WhenAll(making);
            (await deleting).Is(200);
            foreach (var task in made)
            {
                if (task.Status == 201) (await api.GetAsync($"/v2/tasks/{task.Id}")).Refused(404, "request", "task_not_found");
                else task.Refused(404, "request", "agent_not_found", "agent_id");
            }
        }

        Assert.Empty(await api.ListAsync("/v2/tasks"));
    }
}
