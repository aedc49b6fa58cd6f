using System.Text.Json;
using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>A server with its private PostgreSQL, as a customer has it, with the practice websites and a receiver of webhooks.</summary>
public sealed class CrashHouse : IAsyncLifetime
{
    // Ends of leases are waited for: shorter ones make the tests shorter and nothing else.
    private static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["Work__LeaseDuration"] = "4s", ["Work__RenewEvery"] = "1s", ["Work__SweepEvery"] = "1s", ["Deliveries__Schedule"] = "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s", ["Sessions__PerWorker"] = "6",
    };

    public OstiaryServer Server { get; private set; } = null!;

    public RunningPortals Portals { get; private set; } = null!;

    public WebhookReceiver Receiver { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        Receiver = await WebhookReceiver.StartAsync();
        Server = await OstiaryServer.StartAsync(new ServerSettings { PrivateDatabase = true, Values = Settings });
        (await Server.Api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = Receiver.Url() } })).Is(201);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Receiver.DisposeAsync();
        await Portals.DisposeAsync();
    }
}

/// <summary><c>kill -9</c> in the middle of everything. After the restart no run is stuck, no event and no delivery is missing, nothing is left running and no secret lies about.</summary>
public sealed class CrashTests(CrashHouse house) : IClassFixture<CrashHouse>
{
    private static readonly TimeSpan GoneWithin = TimeSpan.FromSeconds(10);

    // The wire contract's table of a run's statuses.
    private static readonly Dictionary<string, string[]> Moves = new()
    {
        ["queued"] = ["running", "canceling", "canceled", "failed"],
        ["running"] = ["interaction_required", "review_required", "completed", "failed", "canceling"],
        ["interaction_required"] = ["running", "failed", "canceling"],
        ["canceling"] = ["canceled"],
        ["completed"] = [],
        ["failed"] = [],
        ["canceled"] = [],
    };

    private Api Api => house.Server.Api;

    [Fact]
    public async Task Killed_while_runs_are_queued_it_does_them_after_the_restart()
    {
        var visits = new List<Visit>();
        for (var i = 0; i < 12; i++) visits.Add(await Visit.StoreAsync(Api, house.Portals, "classic"));
        var task = await Api.NewTaskAsync();
        var runs = await Task.WhenAll(visits.Select(v => Api.NewRunAsync(task, v.Credential)));
        await Eventually.TrueAsync("One is at work", async () => (await Api.GetAsync($"/v2/task-runs?task_id={task}&status=running")).Is(200)["data"].GetArrayLength() > 0);
        await KillAndStartAgainAsync();
        var ended = await Task.WhenAll(runs.Select(r => Api.RunEndsAsync(r)));
        // Those that were waiting are done as if nothing had happened; those at work say what did.
        Assert.All(ended, e => Assert.True(e["status"].GetString() == "completed" || e["errors.0.code"].GetString() == "session_lost", e.Text));
        Assert.Contains(ended, e => e["status"].GetString() == "completed");
        Assert.All(visits, v => Assert.InRange(v.Submissions.Passwords, 0, 1));
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_in_the_middle_of_a_sign_in_it_does_not_send_the_password_twice()
    {
        house.Portals.SetDelay("spa", TimeSpan.FromSeconds(3));
        var visit = await Visit.StoreAsync(Api, house.Portals, "spa");
        var run = await visit.RunAsync();
        await Eventually.TrueAsync("The password is on its way", () => visit.Submissions.Passwords == 1 || visit.Submissions.SignIns == 1);
        await KillAndStartAgainAsync();
        house.Portals.SetDelay("spa", TimeSpan.Zero);
        var ended = await Api.RunEndsAsync(run);
        Assert.Equal(("failed", "session_lost", "unknown"), (ended["status"].GetString(), ended["errors.0.code"].GetString(), ended["result"].GetString()));
        Assert.Equal(1, visit.Submissions.Passwords);
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_before_the_site_was_touched_the_run_starts_again_by_itself()
    {
        house.Portals.SetDelay("german", TimeSpan.FromSeconds(20));
        var visit = await Visit.StoreAsync(Api, house.Portals, "german");
        var run = await visit.RunAsync();
        await Api.RunReachesAsync(run, "running");
        await KillAndStartAgainAsync();
        house.Portals.SetDelay("german", TimeSpan.Zero);
        await Api.RunReachesAsync(run, "completed");
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.completed"], await Api.EventsOfAsync(run));
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_while_it_waits_for_an_answer_the_run_ends_and_says_so()
    {
        var visit = await Visit.StoreAsync(Api, house.Portals, "hotel");
        var run = await visit.RunAsync();
        await Api.RunReachesAsync(run, "interaction_required");
        await KillAndStartAgainAsync();
        (await Api.RunReachesAsync(run, "failed")).Has("errors.0.type", "session").Has("errors.0.code", "session_lost").Has("interaction", null);
        (await Api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = visit.Portal.Code } })).Refused(409, "request", "interaction_not_pending");
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_just_after_an_answer_the_answer_is_not_left_behind()
    {
        var visit = await Visit.StoreAsync(Api, house.Portals, "hotel");
        var run = await visit.RunAsync();
        await visit.AnswerAsync(run, visit.Portal.ExpectedChallenges[0]);
        await KillAndStartAgainAsync();
        var ended = await Api.RunEndsAsync(run);
        Assert.True(ended["status"].GetString() == "completed" || ended["errors.0.code"].GetString() == "session_lost", ended.Text);
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_in_the_middle_of_a_task_the_run_ends_and_its_session_too()
    {
        var visit = await Visit.StoreAsync(Api, house.Portals, "classic");
        var run = await visit.RunAsync(new { program = HotelTests.Endless });
        await Eventually.TrueAsync("It has signed in", () => visit.Submissions.SignIns == 1);
        await Eventually.TrueAsync("The credential is known to be good", async () => (await Api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200)["status"].GetString() == "verified");
        await KillAndStartAgainAsync();
        var ended = (await Api.RunReachesAsync(run, "failed")).Has("errors.0.code", "session_lost").Has("result", "unknown");
        await Eventually.TrueAsync("The session is over", async () => (await Api.GetAsync($"/v2/sessions/{ended["session_id"]}")).Is(200)["status"].GetString() == "failed");
        // A new run signs in and works.
        await Api.RunReachesAsync(await visit.RunAsync(), "completed");
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_while_connected_the_connection_says_so_and_can_be_opened_again()
    {
        var visit = await Visit.StoreAsync(Api, house.Portals, "hotel");
        var connection = await visit.ConnectAsync();
        await visit.AnswerConnectionAsync(connection, visit.Portal.ExpectedChallenges[0]);
        await Api.ConnectionReachesAsync(connection, "connected");
        await KillAndStartAgainAsync();
        (await Api.ConnectionReachesAsync(connection, "disconnected")).Has("errors.0.type", "session").Has("errors.0.code", "session_lost");
        Assert.Equal(["connection.connecting", "connection.interaction_required", "connection.connecting", "connection.connected", "connection.disconnected"], await Api.EventsOfAsync(connection));
        // The site still knows the browser that died: nobody is asked for a code again.
        (await Api.PostAsync($"/v2/connections/{connection}/reconnect")).Is(200);
        await Api.ConnectionReachesAsync(connection, "connected");
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.Codes));
        (await Api.PostAsync($"/v2/connections/{connection}/disconnect")).Is(200);
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_while_its_connection_waits_for_an_answer_the_connection_says_so()
    {
        var visit = await Visit.StoreAsync(Api, house.Portals, "hotel");
        var connection = await visit.ConnectAsync();
        await Api.ConnectionReachesAsync(connection, "interaction_required");
        await KillAndStartAgainAsync();
        (await Api.ConnectionReachesAsync(connection, "disconnected")).Has("errors.0.code", "session_lost").Has("interaction", null);
        (await Api.PostAsync($"/v2/connections/{connection}/interaction", new { input = new { code = visit.Portal.Code } })).Refused(409, "request", "interaction_not_pending");
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_before_the_site_was_touched_the_connection_goes_on_by_itself()
    {
        house.Portals.SetDelay("spanish", TimeSpan.FromSeconds(20));
        var visit = await Visit.StoreAsync(Api, house.Portals, "spanish");
        var connection = await visit.ConnectAsync();
        await Eventually.TrueAsync("Its browser is open", async () => (await Api.GetAsync($"/v2/sessions?status=running")).Is(200)["data"].GetArrayLength() > 0);
        await KillAndStartAgainAsync();
        house.Portals.SetDelay("spanish", TimeSpan.Zero);
        await Api.ConnectionReachesAsync(connection, "connected");
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));
        Assert.Equal(["connection.connecting", "connection.connected"], await Api.EventsOfAsync(connection));
        (await Api.PostAsync($"/v2/connections/{connection}/disconnect")).Is(200);
        await SoundAsync();
    }

    [Fact]
    public async Task Killed_in_the_middle_of_a_delivery_it_delivers_again()
    {
        var release = house.Receiver.Holds("hook");
        var agents = new List<string>();
        for (var i = 0; i < 10; i++) agents.Add(await Api.NewAgentAsync($"{i}"));
        await house.Receiver.WaitAsync("A delivery is under way", "hook", w => w.Any(x => agents.Contains(x.ObjectId)));
        await KillAndStartAgainAsync(() =>
        {
            house.Receiver.Answers("hook", 200);
            release();
        });
        await house.Receiver.WaitAsync("Every agent is told of", "hook", w => agents.All(a => w.Any(x => x.ObjectId == a)));
        await SoundAsync();
    }

    private async Task KillAndStartAgainAsync(Action? meanwhile = null)
    {
        await house.Server.KillAsync();
        IReadOnlyList<string> left = [];
        await Eventually.TrueAsync("No browser, driver, guard or database is left", () => (left = house.Server.Processes).Count == 0, GoneWithin, () => string.Join('\n', left));
        meanwhile?.Invoke();
        await house.Server.StartAgainAsync();
    }

    /// <summary>Everything is over, everything was told once and in order, everything was delivered, and no secret is to be found.</summary>
    private async Task SoundAsync()
    {
        await Eventually.TrueAsync("No run is stuck", async () => (await Api.GetAsync("/v2/task-runs?status=queued,running,interaction_required,canceling")).Is(200)["data"].GetArrayLength() == 0);
        await Eventually.TrueAsync("No session is stuck", async () => (await Api.GetAsync("/v2/sessions?status=queued,running,completing")).Is(200)["data"].GetArrayLength() == 0, TimeSpan.FromSeconds(90));
        Assert.All(await Api.ListAsync("/v2/connections"), c => Assert.Contains(c.GetProperty("status").GetString(), (string[])["connected", "disconnected", "terminated"]));
        var events = (await Api.ListAsync("/v2/events")).Reverse().ToList();
        Assert.Equal(events.Count, events.Select(e => e.GetProperty("id").GetString()).Distinct().Count());
        var runs = await Api.ListAsync("/v2/task-runs");
        foreach (var run in runs)
        {
            var history = events.Where(e => ObjectOf(e) == run.GetProperty("id").GetString()).Select(e => e.GetProperty("type").GetString()!["task_run.".Length..]).ToList();
            Assert.Equal("queued", history[0]);
            Assert.Equal(run.GetProperty("status").GetString(), history[^1]);
            Assert.Contains(history[^1], Making.Ended);
            foreach (var (from, to) in history.Zip(history.Skip(1))) Assert.Contains(to, Moves[from]);
        }

        var expected = events.Select(e => e.GetProperty("id").GetString()!).ToHashSet();
        await house.Receiver.WaitAsync("Every event was delivered", "hook", w => expected.IsSubsetOf(w.Select(x => x.EventId)));

        // The last is the name of a cookie: a signed-in state that lay about unsealed would show it.
        var secrets = PortalCatalog.All.SelectMany(p => (string?[])[p.Password, p.WrongPassword, p.TotpSecret]).OfType<string>().Append("wayfarer_session").Distinct().ToArray();
        Assert.All(house.Server.AllDirectories, directory => Assert.Empty(SecretSearch.InFiles(directory, secrets)));
        Assert.Empty(SecretSearch.InText(Api.Transcript, secrets));
        Assert.All(house.Receiver.All, w => Assert.Empty(SecretSearch.InText(w.Text, secrets)));
        Assert.All(events, e => Assert.Empty(SecretSearch.InText(e.GetRawText(), secrets)));
        // Codes are short, so that the same digits may stand in any number: they are looked for where they would be written as such.
        Assert.DoesNotContain("\"246810\"", Api.Transcript, StringComparison.Ordinal);
        Assert.DoesNotContain("246810", house.Server.ReadLog(), StringComparison.Ordinal);
    }

    private static string ObjectOf(JsonElement e) => e.GetProperty("data").GetProperty("id").GetString()!;
}
