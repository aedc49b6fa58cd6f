using System.Text.Json;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>What can be seen of a run afterwards: its steps and its pictures, however it ended.</summary>
public sealed class StoryTests(World world)
{
    [Fact]
    public async Task A_run_leaves_pictures_and_the_story_of_its_sign_in_and_of_its_program()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var run = await visit.RunAsync(new { program = HotelTests.Program }, new { year = "2025" });
        await visit.AnswerAsync(run, visit.Portal.ExpectedChallenges[0]);
        await api.RunReachesAsync(run, "completed");

        var pictures = (await api.GetAsync($"/v2/task-runs/{run}/screenshots")).Is(200).Has("has_more", false)["data"].EnumerateArray().ToList();
        var shown = (await api.GetAsync($"/v2/task-runs/{run}?include=screenshots,artifacts")).Is(200);
        Assert.Equal(pictures.Select(Id), shown["screenshots"].EnumerateArray().Select(Id));
        Assert.Equal(pictures.Select(p => p.GetProperty("created_at").GetString()).Order(), pictures.Select(p => p.GetProperty("created_at").GetString()));
        Assert.All(pictures, p => Assert.False(string.IsNullOrWhiteSpace(p.GetProperty("reasoning").GetString())));
        Assert.Contains(pictures, p => Says(p, "fill username, password"));
        Assert.Contains(pictures, p => Says(p, "ask mfa"));
        Assert.Contains(pictures, p => Says(p, "step 1 (navigate)"));
        Assert.DoesNotContain(pictures, p => Says(p, visit.Portal.Password!) || Says(p, visit.Portal.Code!));

        // Each decision that led to an action has its picture; so has each group of the program's steps.
        var signIn = shown["artifacts.sign_in"].EnumerateArray().ToList();
        Assert.All(signIn, step => Assert.DoesNotContain('?', step.GetProperty("url").GetString()!));
        var named = signIn.Concat(shown["artifacts.program"].EnumerateArray()).Where(s => s.TryGetProperty("screenshot_id", out _)).Select(s => s.GetProperty("screenshot_id").GetString()).ToList();
        Assert.Equal(pictures.Select(Id).Order(), named.Order());
        var steps = shown["artifacts.program"].EnumerateArray().ToList();
        Assert.Equal(["navigate", "change", "click", "waitForExpression", "extract", "extract", "download"], steps.Select(s => s.GetProperty("type").GetString()));
        Assert.All(steps, s => Assert.Equal("done", s.GetProperty("status").GetString()));
        Assert.All(steps, s => Assert.True(s.GetProperty("duration_ms").GetInt64() >= 0));

        // A picture's address is a key to it, and to nothing else.
        using var http = new HttpClient();
        var url = pictures[0].GetProperty("url").GetString()!;
        using var picture = await http.GetAsync(new Uri(url));
        Assert.Equal((200, "image/jpeg"), ((int)picture.StatusCode, picture.Content.Headers.ContentType?.MediaType));
        Assert.Equal([0xFF, 0xD8, 0xFF], (await picture.Content.ReadAsByteArrayAsync())[..3]);
        using var forged = await http.GetAsync(new Uri(url.Replace(Id(pictures[0]), Id(pictures[1]), StringComparison.Ordinal)));
        Assert.Equal(404, (int)forged.StatusCode);

        // The website's own picture was found on the way.
        var source = (await api.GetAsync($"/v2/sources/{visit.Source}")).Is(200);
        Assert.EndsWith("/hotel/icon.svg", source["website.logo_url"].GetString(), StringComparison.Ordinal);
        Assert.Equal(["source.created", "source.updated"], await api.EventsOfAsync(visit.Source));
    }

    [Fact]
    public async Task A_run_that_is_canceled_keeps_its_story_and_shows_where_it_was()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var run = await visit.RunAsync(new { program = HotelTests.Endless });
        // Written while it is at work, so that whoever wonders what it does can look.
        await Eventually.GetAsync("The story is told while it happens", async () => (await api.GetAsync($"/v2/task-runs/{run}?include=artifacts")).Find("artifacts.sign_in") is { } told && told.ToString().Contains("done: SignedIn", StringComparison.Ordinal) ? "told" : null, TimeSpan.FromSeconds(60), () => run);
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200);
        await api.RunReachesAsync(run, "canceled");
        var shown = (await api.GetAsync($"/v2/task-runs/{run}?include=screenshots,artifacts")).Is(200);
        Assert.Contains(shown["artifacts.sign_in"].EnumerateArray(), s => s.GetProperty("action").GetString()!.StartsWith("fill username", StringComparison.Ordinal));
        Assert.True(Says(shown["screenshots"].EnumerateArray().Last(), "canceled"), shown.Text);
    }

    [Fact]
    public async Task A_step_that_fails_leaves_a_picture_of_what_the_page_showed()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var program = new { title = "x", steps = new object[] { new { type = "waitForElement", selectors = new[] { "h2" } }, new { type = "click", selectors = new[] { new[] { "aria/Pay now" } }, offsetX = 1, offsetY = 1, timeout = 700 } } };
        var run = await visit.RunAsync(new { program });
        await api.RunReachesAsync(run, "failed");
        var shown = (await api.GetAsync($"/v2/task-runs/{run}?include=screenshots,artifacts")).Is(200).Has("artifacts.program.1.status", "failed").Has("artifacts.program.1.title", "Pay now");
        Assert.True(Says(shown["screenshots"].EnumerateArray().Last(), "step 2 (click “Pay now”, failed)"), shown.Text);
    }

    [Fact]
    public async Task A_sign_in_whose_end_cannot_be_told_keeps_the_evidence()
    {
        await using var site = await FileSite.StartAsync();
        var api = await world.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(new Uri(site.Root, "/in").AbsoluteUri), "ada", "Practice-Only-1!");
        var run = await api.NewRunAsync(await api.NewTaskAsync(), credential);
        var failed = (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "source").Has("errors.0.code", "source_error").Has("artifacts.evidence.title", "Papers").Has("artifacts.evidence.headings", new[] { "Members" }).Has("artifacts.evidence.fields", new[] { "text “User name”", "password “Password”" }).Has("artifacts.evidence.status_code", 200);
        // The second look decided; the page that the form led to is in the story.
        Assert.Contains(failed["artifacts.sign_in"].EnumerateArray(), s => s.GetProperty("page").GetString() is not "Login");
        Assert.EndsWith("/in", failed["artifacts.evidence.url"].GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Practice-Only-1!", failed.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_run_was_given_and_brought_back_is_sealed_and_runs_from_before_stay_readable()
    {
        await using var site = await FileSite.StartAsync();
        var api = await world.NewOrganizationAsync();
        var program = new { title = "x", steps = new object[] { new { type = "customStep", name = "download", parameters = new { selectors = new[] { "#csv" }, @as = "list" } } } };
        var task = await api.NewTaskAsync(new { program, storage = new { extraction = true } });
        var run = (await api.PostAsync($"/v2/tasks/{task}/run", new { source_id = await api.NewSourceAsync(site.Root.AbsoluteUri), input = new { word = "wainscot" } })).Is(201).Id;
        await api.RunReachesAsync(run, "completed");
        (await api.GetAsync($"/v2/task-runs/{run}?include=input")).Is(200).Has("input", new { word = "wainscot" }).Has("output.list.file_name", "list.csv");
        Assert.Equal("list.csv", (await api.ListAsync("/v2/task-runs")).Single().GetProperty("output").GetProperty("list").GetProperty("file_name").GetString());

        await using var connection = await world.Server.ConnectAsync();
        async Task<string> RowsAsync(string table, string key)
        {
            await using var command = new Npgsql.NpgsqlCommand($"SELECT coalesce(string_agg(row_to_json(t)::text, ''), '') FROM {table} t WHERE {key} = $1", connection) { Parameters = { new() { Value = run } } };
            return (string)(await command.ExecuteScalarAsync())!;
        }

        Assert.Empty(SecretSearch.InText(await RowsAsync("task_runs", "id"), "wainscot", "list.csv"));
        var files = await RowsAsync("storage_items", "task_run_id");
        Assert.Contains("list.csv", files, StringComparison.Ordinal);
        Assert.Empty(SecretSearch.InText(files, "Invoice No.", "31.12.2025"));
        // JPEG's own words would be found in a picture that is not sealed.
        Assert.Empty(SecretSearch.InText(await RowsAsync("screenshots", "task_run_id"), "\\xffd8ff"));

        // As the releases before wrote it.
        await using (var command = new Npgsql.NpgsqlCommand("UPDATE task_runs SET input = '{\"old\":1}', output = '{\"older\":2}', sealed_input = NULL, sealed_output = NULL WHERE id = $1", connection) { Parameters = { new() { Value = run } } })
            await command.ExecuteNonQueryAsync();
        (await api.GetAsync($"/v2/task-runs/{run}?include=input")).Is(200).Has("input", new { old = 1 }).Has("output", new { older = 2 });
    }

    private static string Id(JsonElement picture) => picture.GetProperty("id").GetString()!;

    private static bool Says(JsonElement picture, string words) => picture.GetProperty("reasoning").GetString()!.Contains(words, StringComparison.Ordinal);
}
