using System.Net.Http.Headers;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>Files that runs bring back: read, kept once, kept for a time, and given out by addresses that are keys.</summary>
public sealed class FileTests(World world) : IAsyncLifetime
{
    private static readonly HttpClient Http = new();
    private FileSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await FileSite.StartAsync();

    public async ValueTask DisposeAsync() => await _site.DisposeAsync();

    private static object Get(string selector, string? name, object? metadata = null, string? purpose = null) =>
        new { type = "customStep", name = "download", parameters = new Dictionary<string, object?> { ["selectors"] = new[] { selector }, ["as"] = name, ["metadata"] = metadata, ["purpose"] = purpose } };

    private static object Program(params object[] steps) => new { title = "Files", steps = steps.Prepend(new { type = "navigate", url = "/" }) };

    private async Task<string> RunAsync(Api api, string task, string source, object? input = null) => (await api.PostAsync($"/v2/tasks/{task}/run", new { source_id = source, input = input ?? new { } })).Is(201).Id;

    [Fact]
    public async Task Tables_and_data_are_read_into_the_schema_and_what_cannot_be_read_says_why()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var invoices = new
        {
            type = "object", required = new[] { "invoices" },
            properties = new
            {
                invoices = new
                {
                    type = "array",
                    items = new { type = "object", required = new[] { "invoice_no" }, properties = new { invoice_no = new { type = "string" }, issued = new { type = "string", format = "date" }, total = new { type = "number", title = "Amount" }, paid = new { type = "boolean" } } },
                },
            },
        };
        var task = await api.NewTaskAsync(new { program = Program(Get("#csv", "list"), Get("#json", "data"), Get("#letter", null)), storage = new { enabled = true, extraction = true, extraction_schema = invoices } });
        var run = await RunAsync(api, task, source);
        await api.RunReachesAsync(run, "completed");
        var files = (await api.GetAsync($"/v2/task-runs/{run}/storage")).Is(200);
        files.Has("data.0.file_name", "list.csv").Has("data.0.result", "success").Has("data.0.purpose", "output").Has("data.0.errors", Array.Empty<object>())
            .Has("data.0.extraction", new { invoices = new object[] { new { invoice_no = "A-1", issued = "2025-12-31", total = 1234.50m, paid = true }, new { invoice_no = "A;2", issued = "2026-01-01", total = 7m, paid = false } } });
        files.Has("data.1.result", "extraction_failed").Has("data.1.extraction", null).Has("data.1.errors.0.type", "storage").Has("data.1.errors.0.code", "extraction_failed");
        Assert.Contains("invoices", files["data.1.errors.0.message"].GetString(), StringComparison.Ordinal);
        files.Has("data.2.result", "extraction_failed").Has("data.2.purpose", "attachment");
        Assert.Contains("application/x-letter", files["data.2.errors.0.message"].GetString(), StringComparison.Ordinal);

        // Without a schema everything that can be read comes as it is.
        task = await api.NewTaskAsync(new { program = Program(Get("#json", null), Get("#xlsx", null, purpose: "extraction")), storage = new { extraction = true } });
        run = await RunAsync(api, task, source);
        await api.RunReachesAsync(run, "completed");
        (await api.GetAsync($"/v2/task-runs/{run}?include=storage")).Is(200).Has("storage.0.extraction.account.number", "7").Has("storage.1.purpose", "extraction")
            .Has("storage.1.extraction", new[] { new { Name = "Ada", Day = "46022", column_3 = "", Hours = "7.5" } });

        // Where the task insists, a file that cannot be read fails the run; the file is there to look at.
        task = await api.NewTaskAsync(new { program = Program(Get("#letter", "letter")), storage = new { extraction = true, extraction_required = true } });
        run = await RunAsync(api, task, source);
        (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "storage").Has("errors.0.code", "extraction_failed");
        (await api.GetAsync($"/v2/task-runs/{run}/storage")).Is(200).Has("data.0.file_name", "letter.bin");
    }

    [Fact]
    public async Task The_same_file_is_kept_once()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var byContent = await api.NewTaskAsync(new { program = Program(Get("#csv", "list"), Get("#fresh", "fresh")), storage = new { enabled = true, deduplication = true } });
        var runs = new List<Answer>();
        for (var i = 0; i < 2; i++) runs.Add(await api.RunReachesAsync(await RunAsync(api, byContent, source), "completed"));
        var first = runs[0]["output.list.storage_id"].GetString()!;
        runs[0].Lacks("output.list.duplicate");
        runs[1].Has("output.list.storage_id", first).Has("output.list.duplicate", true).Lacks("output.fresh.duplicate");
        Assert.Single((await api.GetAsync($"/v2/task-runs/{runs[1].Id}/storage")).Is(200)["data"].EnumerateArray());
        Assert.Equal(["storage.created"], await api.EventsOfAsync(first));
        // Another task's files are its own.
        var other = await api.NewTaskAsync(new { program = Program(Get("#csv", "list")), storage = new { deduplication = true } });
        (await api.RunReachesAsync(await RunAsync(api, other, source), "completed")).Lacks("output.list.duplicate");

        var byFields = await api.NewTaskAsync(new
        {
            program = Program(Get("#fresh", "fresh", new { invoice = "{{input.invoice}}", printed = "now" })),
            storage = new { deduplication = true, deduplication_schema = new { type = "object", properties = new { invoice = new { type = "string" } } } },
        });
        var ids = new List<string>();
        foreach (var invoice in (string[])["A-1", "A-1", "A-2"]) ids.Add((await api.RunReachesAsync(await RunAsync(api, byFields, source, new { invoice }), "completed"))["output.fresh.storage_id"].GetString()!);
        Assert.Equal(ids[0], ids[1]);
        Assert.NotEqual(ids[0], ids[2]);
        (await api.GetAsync($"/v2/storage/{ids[0]}")).Is(200).Has("metadata", new { invoice = "A-1", printed = "now" });
    }

    [Fact]
    public async Task A_task_that_keeps_no_files_tells_of_them_only()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var task = await api.NewTaskAsync(new { program = Program(Get("#csv", "list")), storage = new { enabled = false, extraction = true } });
        var run = await RunAsync(api, task, source);
        (await api.RunReachesAsync(run, "completed")).Has("output.list", new { file_name = "list.csv", file_type = "text/csv", file_size = FileSite.Csv.Length, storage_id = (string?)null });
        (await api.GetAsync($"/v2/task-runs/{run}/storage")).Is(200).Has("data", Array.Empty<object>());
    }

    [Fact]
    public async Task A_signed_address_serves_ranges_and_heads_and_odd_names_and_is_taken_for_nothing_but_a_file()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var run = await RunAsync(api, await api.NewTaskAsync(new { program = Program(Get("#odd", "odd")) }), source);
        await api.RunReachesAsync(run, "completed");
        var item = (await api.GetAsync($"/v2/task-runs/{run}/storage")).Is(200)["data"][0];
        var url = item.GetProperty("url").GetString()!;
        // What a file system or a shell gives a meaning to is gone from the name, its letters are not.
        Assert.Equal("Übersicht _März_; 100% 日本.csv", item.GetProperty("file_name").GetString());
        using var whole = await Http.GetAsync(new Uri(url));
        Assert.Equal((200, "text/html", "attachment"), ((int)whole.StatusCode, whole.Content.Headers.ContentType?.MediaType, whole.Content.Headers.ContentDisposition?.DispositionType));
        Assert.Equal("Übersicht _März_; 100% 日本.csv", whole.Content.Headers.ContentDisposition!.FileNameStar);
        Assert.Equal("nosniff", whole.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("sandbox", whole.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var content = await whole.Content.ReadAsByteArrayAsync();
        using var head = await Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, url));
        Assert.Equal((200, (long?)content.Length, 0), ((int)head.StatusCode, head.Content.Headers.ContentLength, (await head.Content.ReadAsByteArrayAsync()).Length));
        using var part = await Http.SendAsync(new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(4, 9) } });
        Assert.Equal(206, (int)part.StatusCode);
        Assert.Equal(content[4..10], await part.Content.ReadAsByteArrayAsync());
        using var beyond = await Http.SendAsync(new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(1_000_000, null) } });
        Assert.Equal(416, (int)beyond.StatusCode);
        using var posted = await Http.PostAsync(new Uri(url), null);
        Assert.Equal(405, (int)posted.StatusCode);
    }

    [Fact]
    public async Task Files_addresses_and_reviews_pass_and_a_file_that_is_too_large_fails_the_run_and_pictures_can_be_switched_off()
    {
        await using var server = await OstiaryServer.StartAsync(new ServerSettings
        {
            Values = new Dictionary<string, string> { ["Storage__Screenshots"] = "false", ["Storage__KeepFor"] = "4s", ["Storage__UrlTimeout"] = "1s", ["Upkeep__Every"] = "500ms", ["Browser__MaxDownloadBytes"] = "200000", ["TaskRuns__ReviewTimeout"] = "1s" },
        });
        var api = server.Api;
        var source = await api.NewSourceAsync(_site.Root.AbsoluteUri);
        var run = await RunAsync(api, await api.NewTaskAsync(new { program = Program(Get("#csv", "list"), Get("#large", "large")) }), source);
        (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "storage").Has("errors.0.code", "file_too_large");
        (await api.GetAsync($"/v2/task-runs/{run}?include=screenshots")).Is(200).Has("screenshots", Array.Empty<object>());
        var unreviewed = await RunAsync(api, await api.NewTaskAsync(new { program = Program(), settings = new { review = "always" } }), source);
        (await api.RunReachesAsync(unreviewed, "failed")).Has("errors.0.type", "task").Has("errors.0.code", "timeout").Has("output", null);
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.review_required", "task_run.failed"], await api.EventsOfAsync(unreviewed));
        run = await RunAsync(api, await api.NewTaskAsync(new { program = Program(Get("#csv", "list")) }), source);
        var id = (await api.RunReachesAsync(run, "completed"))["output.list.storage_id"].GetString()!;
        var shown = await api.GetAsync($"/v2/storage/{id}");
        if (shown.Status == 200)
        {
            var url = new Uri(shown["url"].GetString()!);
            await Eventually.GetAsync("The address has passed", async () => (await Http.GetAsync(url)).StatusCode == System.Net.HttpStatusCode.NotFound ? "passed" : null, TimeSpan.FromSeconds(20), () => url.AbsoluteUri);
        }

        await Eventually.GetAsync("The file is deleted with its event", async () => (await api.EventsOfAsync(id)) is ["storage.created", "storage.deleted"] ? "deleted" : null, TimeSpan.FromSeconds(30), () => id);
        (await api.GetAsync($"/v2/storage/{id}")).Refused(404, "request", "storage_not_found");
    }
}
