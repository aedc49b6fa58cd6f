using System.Text;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>The main job: sign in, answer the code, read the stays, bring the statement home.</summary>
public sealed class HotelTests(World world)
{
    internal static readonly object Program = new
    {
        title = "Stays and statement",
        steps = new object[]
        {
            new { type = "navigate", url = "/hotel/account" },
            new { type = "change", selectors = new[] { new[] { "aria/Year" }, ["#year"] }, value = "{{input.year}}" },
            new { type = "click", selectors = new[] { new[] { "aria/Show" } }, offsetX = 5, offsetY = 5 },
            new { type = "waitForExpression", expression = "location.search.includes('year=')" },
            new
            {
                type = "customStep", name = "extract",
                parameters = new
                {
                    @as = "stays", list = "tr.stay",
                    fields = new { date = new { selector = "time", attribute = "datetime", type = "date" }, hotel = (object)".stay-hotel", nights = new { selector = ".stay-nights", type = "integer" }, points = new { selector = ".stay-points", type = "integer" } },
                },
            },
            new { type = "customStep", name = "extract", parameters = new { fields = new { member = "#member-number" } } },
            new { type = "customStep", name = "download", parameters = new { selectors = new[] { "#statement" }, @as = "statement" } },
        },
    };

    private static readonly object Schema = new
    {
        type = "object", required = new[] { "stays", "member", "statement" },
        properties = new { stays = new { type = "array", items = new { type = "object", required = new[] { "date", "hotel", "nights", "points" }, properties = new { date = new { type = "string", format = "date" }, nights = new { type = "integer" } } } } },
    };

    [Fact]
    public async Task Stays_come_back_as_json_and_the_statement_as_a_file()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var run = await visit.RunAsync(new { program = Program, output_schema = Schema, input_schema = new { type = "object", required = new[] { "year" }, properties = new { year = new { type = "string" } } } }, new { year = "2025" });
        await visit.AnswerAsync(run, visit.Portal.ExpectedChallenges[0]);
        var done = (await api.RunReachesAsync(run, "completed")).Has("output.stays.0", new { date = "2025-11-21", hotel = "Larkspur City Garden", nights = 2, points = 1780 });
        Assert.Equal(3, done["output.stays"].GetArrayLength());
        Assert.StartsWith("WF ", done["output.member"].GetString());

        var item = (await api.GetAsync($"/v2/task-runs/{run}/storage")).Is(200)["data"].EnumerateArray().Single();
        var id = item.GetProperty("id").GetString()!;
        var shown = (await api.GetAsync($"/v2/storage/{id}")).Is(200).Has("object", "storage").Has("file_name", "wayfarer-statement.pdf").Has("file_type", "application/pdf").Has("task_run_id", run).Has("purpose", "output").Has("extraction", null).Has("metadata", new { });
        done.Has("output.statement.storage_id", id);
        var (status, type, file) = await DownloadAsync(shown["url"].GetString()!);
        Assert.Equal((200, "application/pdf", shown["file_size"].GetInt64()), (status, type, file.LongLength));
        Assert.StartsWith("%PDF-", Encoding.ASCII.GetString(file, 0, 5));
        Assert.Equal(["storage.created"], await api.EventsOfAsync(id));
        (await api.GetAsync($"/v2/task-runs/{run}?include=storage")).Is(200).Has("storage.0.id", id);

        // The address is a key: changed in any part it opens nothing.
        var url = shown["url"].GetString()!;
        foreach (var changed in (string[])[url[..^2], url.Replace("expires=1", "expires=2", StringComparison.Ordinal), url.Replace(id, id[..^1] + (id[^1] == 'a' ? 'b' : 'a'), StringComparison.Ordinal), url[..url.IndexOf('?', StringComparison.Ordinal)]])
            Assert.Equal(404, (await DownloadAsync(changed)).Status);
    }

    [Fact]
    public async Task Output_that_does_not_match_its_schema_fails_the_run()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var program = new { title = "x", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { balance = new { selector = "h2", type = "string" } } } } } };
        var run = await visit.RunAsync(new { program, output_schema = new { type = "object", required = new[] { "balance", "due" }, properties = new { balance = new { type = "number" } } } });
        var failed = (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "task").Has("errors.0.code", "output_invalid").Has("output", null).Has("result", "failure");
        foreach (var field in (string[])["output.balance", "output.due"]) Assert.Contains(field, failed["errors.0.message"].GetString(), StringComparison.Ordinal);
        // The sign-in was fine.
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "verified");
    }

    [Fact]
    public async Task A_step_that_fails_says_which_it_was_what_it_looked_for_and_what_the_page_showed()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var program = new { title = "x", steps = new object[] { new { type = "waitForElement", selectors = new[] { "h2" } }, new { type = "click", selectors = new[] { new[] { "aria/Pay now" } }, offsetX = 1, offsetY = 1, timeout = 700 } } };
        var failed = (await api.RunReachesAsync(await visit.RunAsync(new { program }), "failed")).Has("errors.0.type", "task").Has("errors.0.code", "step_failed");
        foreach (var part in (string[])["Step 2", "Pay now", "My Account"]) Assert.Contains(part, failed["errors.0.message"].GetString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_task_that_takes_too_long_fails_with_its_time_out()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var run = await visit.RunAsync(new { program = Endless, settings = new { timeout_seconds = 8 } });
        var failed = (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "task").Has("errors.0.code", "timeout");
        (await api.GetAsync($"/v2/sessions/{failed["session_id"]}")).Is(200).Has("status", "completed");
    }

    [Fact]
    public async Task A_source_that_is_away_or_may_not_be_reached_is_told_apart()
    {
        var api = await world.NewOrganizationAsync();
        var task = await api.NewTaskAsync();
        var closed = await api.NewSourceAsync("http://127.0.0.1:1/");
        (await api.RunReachesAsync((await api.PostAsync($"/v2/tasks/{task}/run", new { source_id = closed })).Is(201).Id, "failed")).Has("errors.0.type", "source").Has("errors.0.code", "source_not_available");
        var credential = await api.NewCredentialAsync(closed, "ada", "Practice-Only-1!");
        (await api.RunReachesAsync(await api.NewRunAsync(task, credential), "failed")).Has("errors.0.code", "source_not_available");
        (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("status", "unverified");
    }

    [Fact]
    public async Task A_prompt_without_a_model_says_what_is_missing()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        (await api.RunReachesAsync(await visit.RunAsync(new { prompt = "Read the bills" }), "failed")).Has("errors.0.type", "task").Has("errors.0.code", "model_not_configured");
        Assert.Equal(0, visit.Submissions.Passwords);
    }

    /// <summary>Steps that never end by themselves: the run stays at work until it is stopped.</summary>
    internal static readonly object Endless = new { title = "Wait", steps = new object[] { new { type = "waitForExpression", expression = "window.neverSet === true", timeout = 120_000 } } };

    private static async Task<(int Status, string? Type, byte[] Content)> DownloadAsync(string url)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(url));
        return ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsByteArrayAsync());
    }
}
