using System.Diagnostics;
using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>Connections, with a real browser: the walk-through, each status, each way to get there.</summary>
public sealed class ConnectionTests(World world)
{
    private static readonly object Heading = new { title = "x", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { heading = "h1, h2" } } } } };
    private static readonly object Member = new { title = "x", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { member = "#member-number" } } } } };

    [Fact]
    public async Task A_developer_connects_a_user_and_brings_their_data_home()
    {
        var api = await world.NewOrganizationAsync();
        var portal = PortalCatalog.Get("hotel");
        var account = portal.UsernameFor("walk-through");

        // Build the form: the source says what it is called and how one signs in there.
        var source = (await api.PostAsync("/v2/sources", new { type = "website", name = "Larkspur Hotels", website = new { url = world.Portals.Url(portal) } })).Is(201).Id;
        (await api.GetAsync($"/v2/sources/{source}")).Is(200).Has("name", "Larkspur Hotels").Has("type", "website");

        // The user has filled it in: open a connection.
        var opened = (await api.PostAsync("/v2/connections", new { source_id = source, auth_method = "username_password", auth_credentials = new { username = account, password = portal.Password }, external_id = "user 42" })).Is(201).Has("status", "connecting");

        // Poll it, and show the user what the website asks.
        var asked = (await api.ConnectionReachesAsync(opened.Id, "interaction_required")).Has("interaction.type", "mfa").Has("interaction.fields.0.name", "code").Has("interaction.fields.0.type", "string");
        Assert.Contains("6-digit code", asked["interaction.message"].GetString(), StringComparison.Ordinal);

        // A mistyped code is asked again, in the website's words; the right one connects.
        (await api.PostAsync($"/v2/connections/{opened.Id}/interaction", new { input = new { code = portal.WrongCode } })).Is(200).Has("status", "connecting").Has("interaction", null);
        var again = await api.ConnectionReachesAsync(opened.Id, "interaction_required");
        Assert.Contains(portal.WrongCodeText!, again["interaction.message"].GetString(), StringComparison.Ordinal);
        (await api.PostAsync($"/v2/connections/{opened.Id}/interaction", new { inputs = new { code = portal.Code } })).Is(200);
        var connected = (await api.ConnectionReachesAsync(opened.Id, "connected")).Has("errors", Array.Empty<object>()).Has("interaction", null);
        (await api.GetAsync($"/v2/sessions/{connected["session_id"]}")).Is(200).Has("status", "idle");
        (await api.GetAsync($"/v2/credentials/{connected["credential_id"]}")).Is(200).Has("status", "verified");

        // Run a task on it and read what it brought home.
        var task = await api.NewTaskAsync(new { program = HotelTests.Program });
        var run = (await api.PostAsync($"/v2/tasks/{task}/run", new { connection_id = opened.Id, input = new { year = "2025" } })).Is(201).Has("connection_id", opened.Id).Has("session_id", connected["session_id"]).Has("credential_id", connected["credential_id"]).Has("source_id", source).Id;
        (await api.RunReachesAsync(run, "completed")).Has("output.stays.0.hotel", "Larkspur City Garden").Has("session_id", connected["session_id"]);
        Assert.Equal([run], (await api.ListAsync($"/v2/task-runs?connection_id={opened.Id}")).Select(r => r.GetProperty("id").GetString()));
        await api.ConnectionReachesAsync(opened.Id, "connected");

        // Done: nothing of the user is left but the objects.
        (await api.PostAsync($"/v2/connections/{opened.Id}/disconnect")).Is(200).Has("status", "terminated");
        await SessionIsAsync(api, connected["session_id"].GetString()!, "completed");
        (await api.GetAsync($"/v2/credentials/{connected["credential_id"]}")).Is(200).Has("status", "deleted");
        (await api.GetAsync($"/v2/task-runs/{run}")).Is(200).Has("output.stays.0.nights", 2);
        (await api.PostAsync($"/v2/tasks/{task}/run", new { connection_id = opened.Id, input = new { year = "2025" } })).Refused(409, "connection", "connection_not_connected", "connection_id");

        // What a listener has been told, in order, with the whole question and the developer's own id.
        Assert.Equal(
            ["connection.connecting", "connection.interaction_required", "connection.connecting", "connection.interaction_required", "connection.connecting", "connection.connected", "connection.terminated"], await api.EventsOfAsync(opened.Id));
        (await api.GetAsync("/v2/events?type=connection.interaction_required")).Is(200).Has("data.1.data.interaction", asked["interaction"]).Has("data.1.data.external_id", "user 42").Has("data.1.data.credential_id", connected["credential_id"]);
        Assert.Equal((1, 2, 1), (Submissions(portal.Id, account).Passwords, Submissions(portal.Id, account).Codes, Submissions(portal.Id, account).SignIns));
        Assert.Empty(SecretSearch.InText(api.Transcript, portal.Password!, "wayfarer_session"));
    }

    [Fact]
    public async Task Rejected_credentials_make_a_connection_invalid_which_can_only_be_ended()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic", PortalCatalog.Get("classic").WrongPassword);
        var connection = await visit.ConnectAsync();
        var invalid = (await api.ConnectionReachesAsync(connection, "invalid")).Has("errors.0.type", "auth").Has("errors.0.code", "auth_invalid");
        Assert.Contains(visit.Portal.WrongText!, invalid["errors.0.message"].GetString(), StringComparison.OrdinalIgnoreCase);
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "invalid");
        (await api.PostAsync($"/v2/connections/{connection}/reconnect")).Refused(409, "request", "state_conflict");
        (await api.PostAsync($"/v2/tasks/{await api.NewTaskAsync()}/run", new { connection_id = connection })).Refused(409, "connection", "connection_not_connected", "connection_id");
        (await api.PostAsync("/v2/connections", new { source_id = visit.Source, credential_id = visit.Credential })).Refused(409, "request", "state_conflict");
        await SessionIsAsync(api, invalid["session_id"].GetString()!, "completed");
        (await api.PostAsync($"/v2/connections/{connection}/disconnect")).Is(200).Has("status", "terminated").Has("errors.0.code", "auth_invalid");
        Assert.Equal(["connection.connecting", "connection.invalid", "connection.terminated"], await api.EventsOfAsync(connection));
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords));
    }

    [Fact]
    public async Task A_source_that_is_down_disconnects_and_is_tried_again_by_reconnect()
    {
        var api = await world.NewOrganizationAsync();
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        var visit = await Visit.StoreAsync(api, portals, "maintenance");
        var connection = await visit.ConnectAsync();
        (await api.ConnectionReachesAsync(connection, "disconnected")).Has("errors.0.type", "source").Has("errors.0.code", "source_not_available");
        portals.SetUnavailable("maintenance", 0);
        (await api.PostAsync($"/v2/connections/{connection}/reconnect")).Is(200).Has("status", "connecting").Has("errors", Array.Empty<object>());
        await api.ConnectionReachesAsync(connection, "connected");
        (await api.PostAsync($"/v2/connections/{connection}/reconnect")).Refused(409, "request", "state_conflict");
        Assert.Equal(["connection.connecting", "connection.disconnected", "connection.connecting", "connection.connected"], await api.EventsOfAsync(connection));
    }

    [Fact]
    public async Task Of_two_answers_at_once_exactly_one_wins_and_a_faulty_one_leaves_the_question_open()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var connection = await visit.ConnectAsync();
        var asked = await api.ConnectionReachesAsync(connection, "interaction_required");
        (await api.PostAsync($"/v2/connections/{connection}/interaction", new { input = new { pin = "1" } })).Faults("input.code", "input.pin");
        (await api.GetAsync("/v2/connections")).Is(200).Has("data.0.interaction", asked["interaction"]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.PostAsync($"/v2/connections/{connection}/interaction", new { input = new { code = visit.Portal.Code } })));
        Assert.Single(answers, a => a.Status == 200);
        Assert.All(answers.Where(a => a.Status != 200), a => a.Refused(409, "request", "interaction_not_pending"));
        await api.ConnectionReachesAsync(connection, "connected");
        Assert.Equal(1, visit.Submissions.Codes);
    }

    [Fact]
    public async Task Disconnecting_while_it_asks_or_signs_in_lets_the_browser_go()
    {
        var api = await world.NewOrganizationAsync();
        await using var slow = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        slow.SetDelay("classic", TimeSpan.FromSeconds(30));
        var asking = await Visit.StoreAsync(api, slow, "hotel");
        var entering = await Visit.StoreAsync(api, slow, "classic");
        foreach (var (visit, status) in new[] { (asking, "interaction_required"), (entering, "connecting") })
        {
            var connection = await visit.ConnectAsync();
            var session = (await api.ConnectionReachesAsync(connection, status))["session_id"].GetString()!;
            await SessionIsAsync(api, session, "running");
            (await api.PostAsync($"/v2/connections/{connection}/disconnect")).Is(200).Has("status", "terminated").Has("interaction", null);
            await SessionIsAsync(api, session, "completed");
            (await api.PostAsync($"/v2/connections/{connection}/interaction", new { input = new { code = "246810" } })).Refused(409, "request", "interaction_not_pending");
            Assert.Equal("connection.terminated", (await api.EventsOfAsync(connection))[^1]);
        }

        // Ended by its session, it may be opened again.
        var third = await (await Visit.StoreAsync(api, slow, "hotel")).ConnectAsync();
        (await api.PostAsync($"/v2/sessions/{(await api.ConnectionReachesAsync(third, "interaction_required"))["session_id"]}/end")).Is(200);
        (await api.ConnectionReachesAsync(third, "disconnected")).Has("errors.0.code", "session_ended");
        Assert.Equal(0, asking.Submissions.Codes);
    }

    [Fact]
    public async Task Runs_on_a_connection_take_turns_in_order_and_end_with_it()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var connection = await visit.ConnectAsync();
        var session = (await api.ConnectionReachesAsync(connection, "connected"))["session_id"].GetString()!;
        var runs = new List<string>();
        for (var i = 0; i < 4; i++) runs.Add(await visit.RunOnAsync(connection, new { program = Heading }));
        foreach (var run in runs) (await api.RunReachesAsync(run, "completed")).Has("output.heading", "My Account").Has("session_id", session);
        // One after another, in the order in which they were asked for.
        var told = (await api.ListAsync("/v2/events?type=task_run.running,task_run.completed")).Reverse().Select(e => (e.GetProperty("data").GetProperty("id").GetString(), e.GetProperty("type").GetString())).ToList();
        Assert.Equal(runs.SelectMany(r => new[] { (r, "task_run.running"), (r, "task_run.completed") }), told!);
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));

        // One at work and one that waits: both end with the connection.
        var atWork = await visit.RunOnAsync(connection, new { program = HotelTests.Endless });
        var waiting = (await api.PostAsync($"/v2/tasks/{await api.NewTaskAsync()}/run", new { session_id = session })).Is(201).Has("connection_id", connection).Id;
        await api.RunReachesAsync(atWork, "running");
        (await api.PostAsync($"/v2/connections/{connection}/disconnect")).Is(200).Has("status", "terminated");
        await api.RunReachesAsync(atWork, "canceled");
        await api.RunReachesAsync(waiting, "canceled");
        await SessionIsAsync(api, session, "completed");
        (await api.GetAsync($"/v2/connections/{connection}")).Is(200).Has("status", "terminated");
    }

    [Fact]
    public async Task A_run_that_is_canceled_does_not_cost_the_connection()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var connection = await visit.ConnectAsync();
        await api.ConnectionReachesAsync(connection, "connected");
        var run = await visit.RunOnAsync(connection, new { program = HotelTests.Endless });
        await Eventually.TrueAsync("It is at its task", async () => (await api.GetAsync($"/v2/task-runs/{run}")).Is(200)["status"].GetString() == "running");
        (await api.PostAsync($"/v2/task-runs/{run}/cancel")).Is(200);
        await api.RunReachesAsync(run, "canceled");
        (await api.GetAsync($"/v2/connections/{connection}")).Is(200).Has("status", "connected");
        (await api.RunReachesAsync(await visit.RunOnAsync(connection, new { program = Heading }), "completed")).Has("output.heading", "My Account");
        Assert.Equal(1, visit.Submissions.SignIns);
    }

    [Fact]
    public async Task A_connection_that_the_site_has_signed_out_signs_in_again_before_it_answers_a_run()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "expiry");
        var connection = await visit.ConnectAsync();
        await api.ConnectionReachesAsync(connection, "connected");
        Assert.Equal(1, world.Portals.ExpireSessions("expiry", visit.Account));
        (await api.RunReachesAsync(await visit.RunOnAsync(connection, new { program = Heading }), "completed")).Has("output.heading", "Hi there");
        Assert.Equal((2, 2), (visit.Submissions.Passwords, visit.Submissions.SignIns));
        (await api.GetAsync($"/v2/connections/{connection}")).Is(200).Has("status", "connected");

        // The password is no longer accepted: told by the run, and by the connection.
        (await api.PatchAsync($"/v2/credentials/{visit.Credential}", new { auth_credentials = new { password = visit.Portal.WrongPassword } })).Is(200);
        world.Portals.ExpireSessions("expiry", visit.Account);
        (await api.RunReachesAsync(await visit.RunOnAsync(connection), "failed")).Has("errors.0.code", "auth_invalid");
        var invalid = (await api.ConnectionReachesAsync(connection, "invalid")).Has("errors.0.code", "auth_invalid");
        Assert.Contains(visit.Portal.WrongText!, invalid["errors.0.message"].GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(["connection.connecting", "connection.connected", "connection.invalid"], await api.EventsOfAsync(connection));
    }

    [Fact]
    public async Task A_site_that_insists_asks_through_the_run_while_the_connection_stays()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var connection = await visit.ConnectAsync();
        await visit.AnswerConnectionAsync(connection, visit.Portal.ExpectedChallenges[0]);
        await api.ConnectionReachesAsync(connection, "connected");
        world.Portals.ExpireSessions("hotel", visit.Account);
        var run = await visit.RunOnAsync(connection, new { program = Member });
        await visit.AnswerAsync(run, visit.Portal.ExpectedChallenges[0]);
        Assert.StartsWith("WF ", (await api.RunReachesAsync(run, "completed"))["output.member"].GetString());
        (await api.GetAsync($"/v2/connections/{connection}")).Is(200).Has("status", "connected");
    }

    [Fact]
    public async Task A_connection_without_a_credential_s_values_shows_the_page_as_anybody_sees_it()
    {
        var api = await world.NewOrganizationAsync();
        var source = await api.NewSourceAsync(world.Portals.Home(PortalCatalog.Get("classic")).AbsoluteUri);
        var connection = (await api.PostAsync("/v2/connections", new { source_id = source, auth_method = "none", auth_credentials = new { } })).Is(201).Id;
        await api.ConnectionReachesAsync(connection, "connected");
        var run = (await api.PostAsync($"/v2/tasks/{await api.NewTaskAsync(new { program = Heading })}/run", new { connection_id = connection })).Is(201).Id;
        (await api.RunReachesAsync(run, "completed")).Has("output.heading", "Welcome to Northmoor Water Online");
    }

    [Fact]
    public async Task A_connection_that_nobody_answers_or_uses_says_so_when_it_is_disconnected()
    {
        await world.NewOrganizationAsync();
        await using var server = await OstiaryServer.StartAsync(new ServerSettings { Values = new Dictionary<string, string> { ["Sessions__IdleTimeout"] = "1s", ["Interactions__Timeout"] = "2s" } });
        var api = server.Api;
        var unanswered = await (await Visit.StoreAsync(api, world.Portals, "hotel")).ConnectAsync();
        var unused = await (await Visit.StoreAsync(api, world.Portals, "classic")).ConnectAsync();
        (await api.ConnectionReachesAsync(unanswered, "disconnected")).Has("errors.0.type", "interaction").Has("errors.0.code", "interaction_timeout").Has("interaction", null);
        Assert.Equal(["connection.connecting", "connection.interaction_required", "connection.disconnected"], await api.EventsOfAsync(unanswered));
        (await api.ConnectionReachesAsync(unused, "disconnected")).Has("errors.0.type", "session").Has("errors.0.code", "session_idle");
        Assert.Equal(["connection.connecting", "connection.connected", "connection.disconnected"], await api.EventsOfAsync(unused));
    }

    [Fact]
    public async Task A_connection_whose_browser_dies_gives_way_or_is_stopped_says_so_and_comes_back_without_a_sign_in()
    {
        await world.NewOrganizationAsync();
        await using var server = await OstiaryServer.StartAsync(new ServerSettings { Values = new Dictionary<string, string> { ["Sessions__ConnectedPerWorker"] = "1", ["Sessions__IdlePerWorker"] = "0" } });
        var api = server.Api;
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var connection = await visit.ConnectAsync();
        await api.ConnectionReachesAsync(connection, "connected");

        // One too many for this worker: the one that has rested for longest gives way. A run's browser does not count among them.
        var other = await (await Visit.StoreAsync(api, world.Portals, "german")).ConnectAsync();
        await ComesBackAsync("session_ended");
        (await api.PostAsync($"/v2/connections/{other}/disconnect")).Is(200);

        // Its browser dies: while it rests, and under a run.
        KillBrowsersOf(server);
        await ComesBackAsync("session_lost");
        var run = await visit.RunOnAsync(connection, new { program = HotelTests.Endless });
        await api.RunReachesAsync(run, "running");
        KillBrowsersOf(server);
        (await api.RunReachesAsync(run, "failed")).Has("errors.0.code", "session_lost");
        await ComesBackAsync("session_lost");

        // Its server stops in order.
        Assert.Equal(0, await server.StopAsync());
        await server.StartAgainAsync();
        await ComesBackAsync("session_ended");
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));

        async Task ComesBackAsync(string after)
        {
            (await api.ConnectionReachesAsync(connection, "disconnected")).Has("errors.0.type", "session").Has("errors.0.code", after);
            (await api.PostAsync($"/v2/connections/{connection}/reconnect")).Is(200).Has("status", "connecting");
            await api.ConnectionReachesAsync(connection, "connected");
        }
    }

    private Submissions Submissions(string portal, string account) => world.Portals.Submissions(portal, account);

    private static void KillBrowsersOf(OstiaryServer server)
    {
        foreach (var line in server.Processes.Where(p => p.Contains("chrom", StringComparison.OrdinalIgnoreCase) && !p.Contains("crashpad", StringComparison.Ordinal)))
        {
            try
            {
                using var browser = Process.GetProcessById(int.Parse(line.Split(' ')[0]));
                browser.Kill();
            }
            catch (ArgumentException)
            {
                // It ended with its parent.
            }
        }
    }

    private static Task SessionIsAsync(Api api, string session, string status) =>
        Eventually.TrueAsync($"The session {session} is {status}", async () => (await api.GetAsync($"/v2/sessions/{session}")).Is(200)["status"].GetString() == status);
}
