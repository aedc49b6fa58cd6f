using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>What one sign-in leaves for the next: a state that is tried first, and that is forgotten when it should be.</summary>
public sealed class StayingSignedInTests(World world)
{
    private static readonly object Member = new { title = "x", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { member = "#member-number" } } } } };
    private static readonly object Heading = new { title = "x", steps = new object[] { new { type = "customStep", name = "extract", parameters = new { fields = new { heading = "h1, h2" } } } } };

    [Fact]
    public async Task A_credential_s_next_run_goes_on_where_the_last_one_signed_in()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var task = await api.NewTaskAsync(new { program = Member });
        var first = await api.NewRunAsync(task, visit.Credential);
        await visit.AnswerAsync(first, visit.Portal.ExpectedChallenges[0]);
        var member = (await api.RunReachesAsync(first, "completed"))["output.member"].GetString();
        // Another browser, and nobody is asked.
        var second = (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed")).Has("output.member", member).Has("artifacts.sign_in.0.page", "Connected");
        Assert.NotEqual((await api.GetAsync($"/v2/task-runs/{first}"))["session_id"].GetString(), second["session_id"].GetString());
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.completed"], await api.EventsOfAsync(second.Id));
        Assert.Equal((1, 1, 1), (visit.Submissions.Passwords, visit.Submissions.Codes, visit.Submissions.SignIns));

        // The site has forgotten the browser: a silent sign-in, and a question only because this site insists.
        world.Portals.ExpireSessions("hotel", visit.Account);
        var third = await api.NewRunAsync(task, visit.Credential);
        await visit.AnswerAsync(third, visit.Portal.ExpectedChallenges[0]);
        (await api.RunReachesAsync(third, "completed")).Has("output.member", member);
        Assert.Equal((2, 2, 2), (visit.Submissions.Passwords, visit.Submissions.Codes, visit.Submissions.SignIns));

        // What is kept is sealed: not even the name of the site's cookie is to be found.
        await using var connection = await world.Server.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT encode(sealed, 'escape') FROM signed_in_states WHERE credential_id = $1", connection) { Parameters = { new() { Value = visit.Credential } } };
        var kept = Assert.IsType<string>(await command.ExecuteScalarAsync());
        Assert.True(kept.Length > 200);
        Assert.Empty(SecretSearch.InText(kept, "wayfarer_session", "cookies", "/hotel/account"));
        Assert.Empty(SecretSearch.InFiles(world.Server.Directory, "wayfarer_session"));
    }

    [Fact]
    public async Task Of_runs_that_start_together_one_signs_in_and_the_others_go_on_from_there()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var task = await api.NewTaskAsync(new { program = Member });
        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => api.NewRunAsync(task, visit.Credential)));
        var asking = await Eventually.GetAsync("One of them asks", async () => (await api.ListAsync("/v2/task-runs?status=interaction_required")).Select(r => r.GetProperty("id").GetString()).FirstOrDefault());
        await visit.AnswerAsync(asking, visit.Portal.ExpectedChallenges[0]);
        var members = new HashSet<string?>();
        foreach (var run in runs) members.Add((await api.RunReachesAsync(run, "completed"))["output.member"].GetString());
        Assert.Single(members);
        Assert.Equal((1, 1, 1), (visit.Submissions.Passwords, visit.Submissions.Codes, visit.Submissions.SignIns));

        // The same when all of them find out together that the site has forgotten them.
        world.Portals.ExpireSessions("hotel", visit.Account);
        runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => api.NewRunAsync(task, visit.Credential)));
        asking = await Eventually.GetAsync("One of them asks", async () => (await api.ListAsync("/v2/task-runs?status=interaction_required")).Select(r => r.GetProperty("id").GetString()).FirstOrDefault());
        await visit.AnswerAsync(asking, visit.Portal.ExpectedChallenges[0]);
        foreach (var run in runs) await api.RunReachesAsync(run, "completed");
        Assert.Equal((2, 2, 2), (visit.Submissions.Passwords, visit.Submissions.Codes, visit.Submissions.SignIns));
    }

    [Fact]
    public async Task A_session_that_the_site_has_signed_out_signs_in_again_for_the_next_run()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "expiry");
        var task = await api.NewTaskAsync(new { program = Heading });
        var session = (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed"))["session_id"].GetString();
        world.Portals.ExpireSessions("expiry", visit.Account);
        var run = (await api.PostAsync($"/v2/tasks/{task}/run", new { session_id = session })).Is(201).Id;
        (await api.RunReachesAsync(run, "completed")).Has("session_id", session).Has("output.heading", "Hi there");
        Assert.Equal(2, visit.Submissions.SignIns);
    }

    [Theory]
    [InlineData("spa")]
    [InlineData("controlled")]
    [InlineData("frame")]
    [InlineData("shadow")]
    [InlineData("slowspa")]
    [InlineData("stay")]
    [InlineData("passwordless")]
    [InlineData("accounts")]
    public async Task Sites_of_every_make_are_recognised_as_still_signed_in(string portal)
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, portal);
        var task = await api.NewTaskAsync();
        var first = await api.NewRunAsync(task, visit.Credential);
        foreach (var challenge in visit.Portal.ExpectedChallenges) await visit.AnswerAsync(first, challenge);
        await api.RunReachesAsync(first, "completed");
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        Assert.Equal((visit.Portal.Password is null ? 0 : 1, 1), (visit.Submissions.Passwords, visit.Submissions.SignIns));
    }

    [Fact]
    public async Task A_credential_is_proved_by_a_run_that_asks_and_is_refused_like_any_other()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var proof = (await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Id;
        await visit.AnswerAsync(proof, visit.Portal.ExpectedChallenges[0]);
        await api.RunReachesAsync(proof, "completed");
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "verified");
        var wrong = await Visit.StoreAsync(api, world.Portals, "classic", PortalCatalog.Get("classic").WrongPassword);
        (await api.RunReachesAsync((await api.PostAsync($"/v2/credentials/{wrong.Credential}/verify")).Is(201).Id, "failed")).Has("errors.0.code", "auth_invalid");
        var refused = (await api.PostAsync($"/v2/credentials/{wrong.Credential}/verify")).Refused(409, "request", "state_conflict");
        Assert.Contains("not sent again", refused["errors.0.message"].GetString(), StringComparison.Ordinal);
        Assert.Equal(1, wrong.Submissions.Passwords);
    }

    [Fact]
    public async Task A_change_of_values_and_a_proof_of_them_do_not_lean_on_what_was_kept()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "expiry");
        var task = await api.NewTaskAsync();
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        Assert.Equal(1, visit.Submissions.SignIns);
        (await api.PatchAsync($"/v2/credentials/{visit.Credential}", new { auth_credentials = new { password = visit.Portal.Password } })).Is(200);
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        Assert.Equal(2, visit.Submissions.SignIns);
        // A proof signs in although a browser would still be known.
        var proof = (await api.PostAsync($"/v2/credentials/{visit.Credential}/verify")).Is(201).Has("object", "task_run").Has("status", "queued").Has("task_id", null).Has("agent_id", null).Has("credential_id", visit.Credential).Id;
        (await api.RunReachesAsync(proof, "completed")).Has("result", "success").Has("output", new { }).Has("source_id", visit.Source);
        Assert.Equal((3, 3), (visit.Submissions.Passwords, visit.Submissions.SignIns));
        Assert.Equal(proof, (await api.ListAsync($"/v2/task-runs?credential_id={visit.Credential}"))[0].GetProperty("id").GetString());
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.completed"], await api.EventsOfAsync(proof));
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        Assert.Equal(3, visit.Submissions.SignIns);
        (await api.DeleteAsync($"/v2/credentials/{visit.Credential}")).Is(200);
        await using var connection = await world.Server.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT count(*) FROM signed_in_states WHERE credential_id = $1", connection) { Parameters = { new() { Value = visit.Credential } } };
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }
}
