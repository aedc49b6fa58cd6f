using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>A source that is corrected over the API, and one that remembers the way to its sign-in.</summary>
public sealed class LearnedPathTests(World world)
{
    [Fact]
    public async Task What_a_customer_says_about_a_website_is_what_its_sign_in_does()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        // One selector fits, one fits nothing: the first is followed, the second is said and the page read.
        (await api.PatchAsync($"/v2/sources/{visit.Source}", new { overrides = new { selectors = new { password = "input[type=password]", submit = "#nothing-of-the-kind" }, refusal_words = new[] { "never written" } } })).Is(200);
        var run = await visit.RunAsync();
        await api.RunReachesAsync(run, "completed");
        var told = (await api.GetAsync($"/v2/task-runs/{run}?include=artifacts")).Is(200).Text;
        Assert.Contains("override of its fields", told, StringComparison.Ordinal);
        Assert.Contains("override selectors.submit matches nothing that is shown", told, StringComparison.Ordinal);
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));
    }

    [Fact]
    public async Task Nothing_is_typed_on_a_domain_that_the_customer_has_not_named()
    {
        var api = await world.NewOrganizationAsync();
        // The form lies in a frame of another site.
        var visit = await Visit.StoreAsync(api, world.Portals, "xframe");
        (await api.PatchAsync($"/v2/sources/{visit.Source}", new { overrides = new { domains = new[] { "elsewhere.example" } } })).Is(200);
        var refused = (await api.RunReachesAsync(await visit.RunAsync(), "failed")).Has("errors.0.code", "source_blocked");
        Assert.Contains("overrides.domains", refused["errors.0.message"].GetString(), StringComparison.Ordinal);
        Assert.Equal(0, visit.Submissions.Passwords);
        (await api.PatchAsync($"/v2/sources/{visit.Source}", new { overrides = new { domains = new[] { "localhost" } } })).Is(200);
        await api.RunReachesAsync(await visit.RunAsync(), "completed");
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));
    }

    [Fact]
    public async Task The_way_to_a_sign_in_is_learned_shown_taken_and_forgotten()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "home");
        (await api.GetAsync($"/v2/sources/{visit.Source}")).Is(200).Has("learned_at", null);
        var task = await api.NewTaskAsync();
        var first = await FirstPageAsync(task, visit);
        var learned = (await api.GetAsync($"/v2/sources/{visit.Source}")).Is(200)["learned_at"].GetString();
        Assert.NotNull(learned);

        // The next one begins where the form is, and leaves the path as it was.
        var second = await FirstPageAsync(task, visit);
        Assert.NotEqual(first, second);
        (await api.GetAsync($"/v2/sources/{visit.Source}")).Is(200).Has("learned_at", learned);

        // A name changes nothing about it; a reset of the source, of a task that used it, and another word about it do.
        (await api.PatchAsync($"/v2/sources/{visit.Source}", new { name = "Home" })).Is(200).Has("learned_at", learned);
        (await api.PostAsync($"/v2/sources/{visit.Source}/reset", new { })).Is(200).Has("learned_at", null).Has("name", "Home");
        Assert.Equal(first, await FirstPageAsync(task, visit));
        (await api.PostAsync($"/v2/tasks/{task}/reset", new { })).Is(200);
        (await api.GetAsync($"/v2/sources/{visit.Source}")).Is(200).Has("learned_at", null);
        Assert.Equal(first, await FirstPageAsync(task, visit));
        (await api.PatchAsync($"/v2/sources/{visit.Source}", new { overrides = new { refusal_words = new[] { "never written" } } })).Is(200).Has("learned_at", null);
        Assert.Equal(4, visit.Submissions.SignIns);

        // Addresses and roles: nothing of the user.
        await FirstPageAsync(task, visit);
        await using var connection = await world.Server.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT path::text FROM learned_paths WHERE source_id = $1", connection) { Parameters = { new() { Value = visit.Source } } };
        var path = Assert.IsType<string>(await command.ExecuteScalarAsync());
        Assert.Empty(SecretSearch.InText(path, visit.Account, visit.Portal.Password!));
    }

    /// <summary>Signs in anew, with nothing kept, and says on which page that began.</summary>
    private static async Task<string> FirstPageAsync(string task, Visit visit)
    {
        visit.Portals.ExpireSessions(visit.Portal.Id, visit.Account);
        var run = (await visit.Api.PostAsync($"/v2/credentials/{visit.Credential}/verify", new { })).Is(201).Id;
        await visit.Api.RunReachesAsync(run, "completed");
        // A run of the task as well, so that the task has used the source.
        await visit.Api.RunReachesAsync(await visit.Api.NewRunAsync(task, visit.Credential), "completed");
        return (await visit.Api.GetAsync($"/v2/task-runs/{run}?include=artifacts")).Is(200)["artifacts.sign_in.0.url"].GetString()!;
    }
}
