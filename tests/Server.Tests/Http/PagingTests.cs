using System.Text.Json;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Http;

/// <summary>Lists: newest first, in pages that stay right while rows are being added.</summary>
public sealed class PagingTests(ApiServer server)
{
    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_and_say_when_they_end()
    {
        var api = await server.NewOrganizationAsync();
        var made = await MakeAsync(api, 7);
        var first = (await api.GetAsync("/v2/agents?limit=3")).Is(200).Has("has_more", true);
        var second = (await api.GetAsync($"/v2/agents?limit=3&cursor={first["next_cursor"]}")).Is(200).Has("has_more", true);
        var third = (await api.GetAsync($"/v2/agents?limit=3&cursor={second["next_cursor"]}")).Is(200).Has("has_more", false).Has("next_cursor", null);
        Assert.Equal(made.AsEnumerable().Reverse(), [.. Ids(first), .. Ids(second), .. Ids(third)]);
        // Items of a list carry no request id: the page does.
        Assert.All(first["data"].EnumerateArray(), item => Assert.False(item.TryGetProperty("request_id", out _)));
    }

    [Fact]
    public async Task A_last_page_that_is_full_is_known_to_be_the_last()
    {
        var api = await server.NewOrganizationAsync();
        await MakeAsync(api, 4);
        (await api.GetAsync("/v2/agents?limit=4")).Is(200).Has("has_more", false).Has("next_cursor", null);
    }

    [Fact]
    public async Task Twenty_are_shown_when_nobody_says_how_many()
    {
        var api = await server.NewOrganizationAsync();
        await MakeAsync(api, 21);
        Assert.Equal(20, (await api.GetAsync("/v2/agents")).Is(200).Has("has_more", true)["data"].GetArrayLength());
        Assert.Equal(21, (await api.GetAsync("/v2/agents?limit=100")).Is(200).Has("has_more", false)["data"].GetArrayLength());
    }

    [Fact]
    public async Task An_item_can_be_the_place_to_go_on_from_in_either_direction()
    {
        var api = await server.NewOrganizationAsync();
        var made = await MakeAsync(api, 9);
        made.Reverse();
        Assert.Equal(made[3..6], Ids((await api.GetAsync($"/v2/agents?limit=3&starting_after={made[2]}")).Is(200).Has("has_more", true)));
        // What stands directly before the item, still newest first.
        Assert.Equal(made[2..5], Ids((await api.GetAsync($"/v2/agents?limit=3&ending_before={made[5]}")).Is(200).Has("has_more", true)));
        Assert.Equal(made[0..2], Ids((await api.GetAsync($"/v2/agents?limit=3&ending_before={made[2]}")).Is(200).Has("has_more", false)));
        Assert.Empty(Ids((await api.GetAsync($"/v2/agents?ending_before={made[0]}")).Is(200)));
        Assert.Empty(Ids((await api.GetAsync($"/v2/agents?starting_after={made[^1]}")).Is(200)));
    }

    [Fact]
    public async Task An_item_that_was_deleted_still_marks_its_place()
    {
        var api = await server.NewOrganizationAsync();
        var made = await MakeAsync(api, 9);
        made.Reverse();
        (await api.DeleteAsync($"/v2/agents/{made[4]}")).Is(200);
        Assert.Equal(made[5..8], Ids((await api.GetAsync($"/v2/agents?limit=3&starting_after={made[4]}")).Is(200).Has("has_more", true)));
        Assert.Equal(made[1..4], Ids((await api.GetAsync($"/v2/agents?limit=3&ending_before={made[4]}")).Is(200).Has("has_more", true)));
        foreach (var (edge, rest) in ((int, string)[])[(8, "starting_after"), (0, "ending_before")])
        {
            (await api.DeleteAsync($"/v2/agents/{made[edge]}")).Is(200);
            (await api.GetAsync($"/v2/agents?{rest}={made[edge]}")).Is(200).Has("has_more", false).Has("data", Array.Empty<object>());
        }
    }

    [Fact]
    public async Task Rows_that_are_added_or_deleted_meanwhile_shift_no_page()
    {
        var api = await server.NewOrganizationAsync();
        var made = await MakeAsync(api, 25);
        using var over = new CancellationTokenSource();
        var adding = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested) await api.NewAgentAsync("Late");
        });
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await api.GetAsync($"/v2/agents?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}")).Is(200);
            seen.AddRange(Ids(page));
            // Deleting the very item at which the next page starts does not lose the place.
            if (seen.Count == 10) (await api.DeleteAsync($"/v2/agents/{seen[^1]}")).Is(200);
            cursor = page["next_cursor"].GetString();
        }
        while (cursor is not null);
        await over.CancelAsync();
        await adding;
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Equal(seen.OrderDescending(StringComparer.Ordinal), seen);
        Assert.Equal(made.AsEnumerable().Reverse(), seen.Where(made.Contains));
    }

    [Fact]
    public async Task Rows_of_one_moment_are_paged_too()
    {
        var api = await server.NewOrganizationAsync();
        // One commit, one time: an agent and its tasks are deleted together.
        var agent = await api.NewAgentAsync();
        for (var i = 0; i < 6; i++) (await api.PostAsync("/v2/tasks", new { name = $"Task {i}", agent_id = agent })).Is(201);
        (await api.DeleteAsync($"/v2/agents/{agent}")).Is(200);
        var one = (await api.ListAsync("/v2/events?type=task.deleted", pageSize: 1)).Select(e => e.GetProperty("id").GetString()).ToList();
        Assert.Equal(6, one.Count);
        Assert.Equal((await api.ListAsync("/v2/events?type=task.deleted")).Select(e => e.GetProperty("id").GetString()), one);
    }

    [Fact]
    public async Task Array_filters_may_be_repeated_or_separated_by_commas()
    {
        var api = await server.NewOrganizationAsync();
        var (a, b, c) = (await api.NewSourceAsync(), await api.NewSourceAsync(), await api.NewSourceAsync());
        foreach (var source in (string[])[a, b, c]) await api.NewCredentialAsync(source, "ada", "Practice-Only-1!");
        foreach (var query in (string[])[$"source_id={a}&source_id={b}", $"source_id={a},{b}", $"source_id[]={a}&source_id[]={b}", $"source_id%5B%5D={a}&source_id={b}", $"source_id={a},%20{b},"])
            Assert.Equal([b, a], (await api.ListAsync($"/v2/credentials?{query}")).Select(x => x.GetProperty("source_id").GetString()!));
        Assert.Equal(3, (await api.ListAsync("/v2/credentials?source_id=")).Count);
        Assert.Empty(await api.ListAsync($"/v2/credentials?source_id={a}&status=invalid,verified"));
        Assert.Single(await api.ListAsync($"/v2/credentials?source_id={a}&status=invalid&status=unverified"));
        (await api.GetAsync($"/v2/credentials?source_id={string.Join(',', Enumerable.Repeat(a, 101))}")).Faults("source_id");
    }

    private static async Task<List<string>> MakeAsync(Api api, int count)
    {
        var made = new List<string>();
        for (var i = 0; i < count; i++) made.Add(await api.NewAgentAsync($"Agent {i}"));
        return made;
    }

    private static List<string> Ids(Answer page) => [.. page["data"].EnumerateArray().Select((JsonElement x) => x.GetProperty("id").GetString()!)];
}
