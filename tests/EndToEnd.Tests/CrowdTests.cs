using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>Many runs at once on one worker. Takes a minute or two.</summary>
public sealed class CrowdTests(World world)
{
    [Fact]
    public async Task Two_hundred_runs_queued_at_once_all_complete_and_every_event_is_there_once_and_in_order()
    {
        const int count = 200;
        var api = await world.NewOrganizationAsync();
        var portal = PortalCatalog.Get("classic");
        var open = await api.NewSourceAsync(world.Portals.Home(portal).AbsoluteUri);
        var task = await api.NewTaskAsync(new { program = new { title = "x", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { heading = "h2" } } } } } });
        // Every tenth signs in, each with an account of its own; the others read a page that anybody may see.
        var visits = new List<Visit>();
        for (var i = 0; i < count / 10; i++) visits.Add(await Visit.StoreAsync(api, world.Portals, "classic"));
        await using var stream = await EventStream.OpenAsync(api);
        var runs = (await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
            (await api.PostAsync($"/v2/tasks/{task}/run", i % 10 == 0 ? new { credential_id = visits[i / 10].Credential } : new { source_id = open })).Is(201).Id))).ToHashSet();
        Assert.Equal(count, runs.Count);
        await stream.WaitAsync("All runs end", e => e.Count(x => Making.Ended.Contains(x.Type["task_run.".Length..]) && runs.Contains(x.ObjectId)) == count, TimeSpan.FromMinutes(6));
        var all = await api.ListAsync("/v2/task-runs");
        Assert.All(all, r => Assert.Equal("completed", r.GetProperty("status").GetString()));
        Assert.All(all, r => Assert.Equal(r.GetProperty("credential_id").GetString() is null ? "Welcome to Northmoor Water Online" : "My Account", r.GetProperty("output").GetProperty("heading").GetString()));
        Assert.All(visits, v => Assert.Equal((1, 1), (v.Submissions.Passwords, v.Submissions.SignIns)));
        var events = (await api.ListAsync("/v2/events")).Reverse().ToList();
        Assert.Equal(events.Count, events.Select(e => e.GetProperty("id").GetString()).Distinct().Count());
        foreach (var ofOne in events.Where(e => runs.Contains(e.GetProperty("data").GetProperty("id").GetString()!)).GroupBy(e => e.GetProperty("data").GetProperty("id").GetString()))
            Assert.Equal(["task_run.queued", "task_run.running", "task_run.completed"], ofOne.Select(e => e.GetProperty("type").GetString()!));
        Assert.Equal(count, events.Count(e => e.GetProperty("type").GetString() == "task_run.completed"));
        // The stream brought the same events, once each.
        var streamed = stream.Events.Where(e => runs.Contains(e.ObjectId)).ToList();
        Assert.Equal(count * 3, streamed.Count);
        Assert.Equal(count * 3, streamed.Select(e => e.Id).Distinct().Count());
        foreach (var ofOne in streamed.GroupBy(e => e.ObjectId)) Assert.Equal(["task_run.queued", "task_run.running", "task_run.completed"], ofOne.Select(e => e.Type));
    }
}
