using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Events;

/// <summary>The event list and its stream.</summary>
public sealed class EventTests(ApiServer server)
{
    [Fact]
    public async Task Events_are_listed_filtered_and_read_one_by_one()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync("Ada");
        await api.NewSourceAsync();
        var list = (await api.GetAsync("/v2/events")).Is(200);
        Assert.Equal(["source.created", "agent.created"], list["data"].EnumerateArray().Select(e => e.GetProperty("type").GetString()!));
        var told = (await api.GetAsync($"/v2/events/{list["data.1.id"]}")).Is(200).Has("object", "event").Has("type", "agent.created").Has("data.id", agent).Has("data.object", "agent").Has("data.name", "Ada");
        foreach (var query in (string[])["type=agent.created", "type=agent.created,agent.deleted", "type[]=agent.created&type[]=task.created", $"created_before={Uri.EscapeDataString(list["data.0.created_at"].GetString()!)}&type=agent.created"])
            Assert.Equal(told.Id, Assert.Single(await api.ListAsync($"/v2/events?{query}")).GetProperty("id").GetString());
        Assert.Empty(await api.ListAsync("/v2/events?created_after=2999-01-01T00:00:00Z"));
    }

    [Fact]
    public async Task Every_type_of_event_is_in_the_list_of_types()
    {
        var types = (await (await server.NewOrganizationAsync()).GetAsync("/v2/event-types")).Is(200).Has("has_more", false).Has("next_cursor", null)["data"].EnumerateArray().Select(t => t.GetString()!).ToList();
        string[] some = ["agent.created", "source.deleted", "task.reset", "task_run.interaction_required", "task_run.canceling", "credential.invalid", "session.idle", "storage.created", "event_destination.deactivated", "connection.terminated"];
        Assert.Empty(some.Except(types));
        Assert.Equal(types.Count, types.Distinct().Count());
    }

    [Fact]
    public async Task An_event_is_frozen_while_its_object_changes()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync("First");
        (await api.PatchAsync($"/v2/agents/{agent}", new { name = "Second" })).Is(200);
        var events = await api.ListAsync("/v2/events");
        Assert.Equal(["Second", "First"], events.Select(e => e.GetProperty("data").GetProperty("name").GetString()!));
    }

    [Fact]
    public async Task A_stream_tells_what_happens_after_it_was_opened_and_nothing_of_others()
    {
        var (api, other) = (await server.NewOrganizationAsync(), await server.NewOrganizationAsync());
        await api.NewAgentAsync("Before");
        await using var stream = await EventStream.OpenAsync(api);
        await other.NewAgentAsync("Not mine");
        var agent = await api.NewAgentAsync("After");
        (await api.DeleteAsync($"/v2/agents/{agent}")).Is(200);
        var seen = await stream.WaitAsync("Two events arrive", e => e.Count >= 2);
        Assert.Equal([("agent.created", agent), ("agent.deleted", agent)], seen.Select(e => (e.Type, e.ObjectId)));
        // Each is what the list shows.
        Assert.Equal((await api.GetAsync($"/v2/events/{seen[0].Id}"))["data"].GetRawText(), seen[0].Data.GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task A_stream_can_be_narrowed_to_types()
    {
        var api = await server.NewOrganizationAsync();
        await using var stream = await EventStream.OpenAsync(api, query: "?type=source.created,task.created");
        await api.NewAgentAsync();
        await api.NewSourceAsync();
        await api.NewTaskAsync();
        Assert.Equal(["source.created", "task.created"], (await stream.WaitAsync("Two events arrive", e => e.Count >= 2)).Select(e => e.Type));
    }

    [Fact]
    public async Task A_stream_resumes_after_the_event_that_was_seen_last()
    {
        var api = await server.NewOrganizationAsync();
        for (var i = 0; i < 250; i++) await api.NewAgentAsync($"{i}");
        var all = (await api.ListAsync("/v2/events")).Select(e => e.GetProperty("id").GetString()!).Reverse().ToList();
        await using var stream = await EventStream.OpenAsync(api, all[9]);
        Assert.Equal(all[10..], (await stream.WaitAsync("The rest arrives", e => e.Count >= 240)).Select(e => e.Id));
    }

    [Fact]
    public async Task An_event_that_is_not_here_is_no_place_to_resume_from()
    {
        var api = await server.NewOrganizationAsync();
        foreach (var last in (string[])["evt_nosuch", "agt_1", "nonsense"])
            (await api.SendAsync(HttpMethod.Get, "/v2/events/stream", r => r.Headers.TryAddWithoutValidation("Last-Event-ID", last))).Refused(404, "request", "event_not_found", "Last-Event-ID");
    }

    [Fact]
    public async Task No_reader_misses_an_event_while_many_write_at_once()
    {
        var api = await server.NewOrganizationAsync();
        await using var steady = await EventStream.OpenAsync(api);
        using var over = new CancellationTokenSource();
        // A reader that is cut off again and again, and resumes from the last it saw.
        var pieces = new List<StreamedEvent>();
        var first = await api.NewAgentAsync("First");
        await steady.WaitAsync("The first event arrives", e => e.Count == 1);
        var last = steady.Events[0].Id;
        const int writers = 8, each = 25;
        var writing = Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                // Short commits and long ones (an agent with its tasks), so that positions become visible out of order.
                var agent = await api.NewAgentAsync($"{w}/{i}");
                if (i % 5 != 0) continue;
                for (var t = 0; t < 3; t++) (await api.PostAsync("/v2/tasks", new { name = "t", agent_id = agent })).Is(201);
                (await api.DeleteAsync($"/v2/agents/{agent}")).Is(200);
            }
        })).ToList();
        var all = Task.WhenAll(writing);
        while (!all.IsCompleted)
        {
            await using var piece = await EventStream.OpenAsync(api, last);
            var got = await piece.WaitAsync("Some arrive", e => e.Count >= 5 || all.IsCompleted);
            pieces.AddRange(got);
            if (got.Count > 0) last = got[^1].Id;
        }

        await all;
        var expected = (await api.ListAsync("/v2/events")).Select(e => e.GetProperty("id").GetString()!).ToHashSet();
        Assert.Equal(1 + (writers * each) + (writers * 5 * 7), expected.Count);
        await steady.WaitAsync("Everything arrives", e => e.Count >= expected.Count);
        await using (var rest = await EventStream.OpenAsync(api, last)) pieces.AddRange(await rest.WaitAsync("The rest arrives", e => e.Count >= expected.Count - 1 - pieces.Count));
        foreach (var seen in (IReadOnlyList<string>[])[[.. steady.Events.Select(e => e.Id)], [steady.Events[0].Id, .. pieces.Select(e => e.Id)]])
        {
            Assert.Equal(seen.Count, seen.Distinct().Count());
            Assert.True(expected.SetEquals(seen), "Every event is seen exactly once.");
        }

        // Both readers saw the same order.
        Assert.Equal(steady.Events.Select(e => e.Id).Skip(1), pieces.Select(e => e.Id));
        foreach (var ofOne in steady.Events.Where(e => e.Type.StartsWith("agent.", StringComparison.Ordinal)).GroupBy(e => e.ObjectId))
            Assert.Equal(ofOne.Count() == 1 ? ["agent.created"] : ["agent.created", "agent.deleted"], ofOne.Select(e => e.Type));
        Assert.Equal(first, steady.Events[0].ObjectId);
    }
}
