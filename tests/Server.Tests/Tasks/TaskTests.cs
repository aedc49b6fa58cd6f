using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Tasks;

public sealed class TaskTests(ApiServer server)
{
    private static readonly object Program = new { title = "Look", steps = new object[] { new { type = "navigate", url = "http://127.0.0.1:9/{{input.page}}" } } };

    [Fact]
    public async Task A_task_lives_from_creation_to_deletion()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        var task = (await api.PostAsync("/v2/tasks", new
        {
            name = "Bills", agent_id = agent, prompt = "Read the bills", description = "Monthly", input_schema = new { type = "object", required = new[] { "page" } }, output_schema = new { type = "object" },
            program = Program, settings = new { timeout_seconds = 60 }, storage = new { enabled = true, extraction = false },
        })).Is(201).Has("object", "task").Has("status", "learning").Has("agent_id", agent).Has("settings.timeout_seconds", 60).Has("input_schema.required.0", "page").Has("program.steps.0.type", "navigate").Has("storage.enabled", true).Has("extraction", null);
        (await api.PatchAsync($"/v2/tasks/{task.Id}", """{"prompt":null,"settings":null,"program":null,"description":"Weekly"}""")).Is(200)
            .Has("prompt", null).Has("settings.timeout_seconds", null).Has("program", null).Has("description", "Weekly").Has("name", "Bills");
        (await api.PostAsync($"/v2/tasks/{task.Id}/reset")).Is(200).Has("status", "learning");
        (await api.DeleteAsync($"/v2/tasks/{task.Id}")).Is(200).Has("deleted", true).Has("object", "task");
        (await api.GetAsync($"/v2/tasks/{task.Id}")).Refused(404, "request", "task_not_found");
        Assert.Equal(["task.created", "task.updated", "task.reset", "task.deleted"], await api.EventsOfAsync(task.Id));
    }

    [Fact]
    public async Task An_agent_that_does_not_exist_is_named_and_a_move_to_another_agent_works()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/tasks", new { name = "x", agent_id = "agt_nosuch" })).Refused(404, "request", "agent_not_found", "agent_id");
        var task = await api.NewTaskAsync();
        var other = await api.NewAgentAsync("Other");
        (await api.PatchAsync($"/v2/tasks/{task}", new { agent_id = other })).Is(200).Has("agent_id", other);
        (await api.PatchAsync($"/v2/tasks/{task}", new { agent_id = "agt_nosuch" })).Refused(404, "request", "agent_not_found", "agent_id");
        (await api.PatchAsync($"/v2/tasks/{task}", """{"agent_id":null,"name":null}""")).Faults("agent_id", "name");
        Assert.Single(await api.ListAsync($"/v2/tasks?agent_id={other}&status=learning,live"));
        Assert.Empty(await api.ListAsync($"/v2/tasks?agent_id={other}&status=live"));
    }

    [Fact]
    public async Task A_task_says_whose_word_makes_its_output_count()
    {
        var api = await server.NewOrganizationAsync();
        var task = await api.NewTaskAsync(new { settings = new { review = "always" } });
        (await api.GetAsync($"/v2/tasks/{task}")).Is(200).Has("settings", new { timeout_seconds = (int?)null, review = "always" });
        (await api.PatchAsync($"/v2/tasks/{task}", new { settings = new { review = "until_live", timeout_seconds = 9 } })).Is(200).Has("settings", new { timeout_seconds = 9, review = "until_live" });
        (await api.PatchAsync($"/v2/tasks/{task}", """{"settings":null}""")).Is(200).Has("settings", new { timeout_seconds = (int?)null, review = "never" });
    }

    [Fact]
    public async Task Schemas_and_programs_are_checked_before_anything_is_stored()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        var answer = (await api.PostAsync("/v2/tasks", new
        {
            name = "x", agent_id = agent, input_schema = new { properties = new { a = new { type = 7 } } }, output_schema = new { minimum = "ten" },
            program = new { title = "x", steps = new object[] { new { type = "fly" }, new { type = "click" } } },
        })).Is(400);
        var fields = answer["errors"].EnumerateArray().Select(e => e.GetProperty("field").GetString()!).ToList();
        foreach (var start in (string[])["input_schema", "output_schema", "program.steps"]) Assert.Contains(fields, f => f.StartsWith(start, StringComparison.Ordinal));
        Assert.Empty(await api.ListAsync("/v2/tasks"));
        (await api.PostAsync("/v2/tasks", new { name = "x", agent_id = agent, settings = new { timeout_seconds = 86_401 } })).Faults("settings.timeout_seconds");
        (await api.PostAsync("/v2/tasks", new { name = "x", agent_id = agent, storage = new { enabled = "yes", extraction_required = 1, extraction_prompt = 7 } })).Faults("storage.enabled", "storage.extraction_required", "storage.extraction_prompt");
        (await api.PostAsync("/v2/tasks", new { name = "x", agent_id = agent, settings = new { review = "sometimes" } })).Faults("settings.review");
    }
}
