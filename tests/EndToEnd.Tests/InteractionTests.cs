using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>Questions to the user: what counts as an answer, who wins, and what happens when nobody answers.</summary>
public sealed class InteractionTests(World world)
{
    [Fact]
    public async Task Of_two_answers_at_once_exactly_one_wins()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var run = await visit.RunAsync();
        await api.RunReachesAsync(run, "interaction_required");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = visit.Portal.Code } })));
        Assert.Single(answers, a => a.Status == 200);
        Assert.All(answers.Where(a => a.Status != 200), a => a.Refused(409, "request", "interaction_not_pending"));
        await api.RunReachesAsync(run, "completed");
        Assert.Equal(1, visit.Submissions.Codes);
    }

    [Fact]
    public async Task A_faulty_answer_leaves_the_question_open()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "hotel");
        var run = await visit.RunAsync();
        var asked = await api.RunReachesAsync(run, "interaction_required");
        Assert.True(DateTimeOffset.Parse(asked["interaction.expires_at"].GetString()!) > DateTimeOffset.UtcNow);
        var path = $"/v2/task-runs/{run}/interaction";
        (await api.PostAsync(path)).Faults("input");
        (await api.PostAsync(path, new { input = "246810" })).Faults("input");
        (await api.PostAsync(path, new { input = new { } })).Faults("input.code");
        (await api.PostAsync(path, new { input = new { code = "" } })).Faults("input.code");
        (await api.PostAsync(path, new { input = new { code = new[] { 1 } } })).Faults("input.code");
        (await api.PostAsync(path, new { input = new { code = "246810", pin = "1" } })).Faults("input.pin");
        (await api.PostAsync(path, new { inputs = new { token = "246810" } })).Faults("inputs.code", "inputs.token");
        (await api.GetAsync($"/v2/task-runs/{run}")).Is(200).Has("status", "interaction_required").Has("interaction", asked["interaction"]);
        // The list shows the question as well, and its event carries the whole of it.
        (await api.GetAsync("/v2/task-runs")).Is(200).Has("data.0.interaction", asked["interaction"]);
        (await api.GetAsync("/v2/events?type=task_run.interaction_required")).Is(200).Has("data.0.data.interaction", asked["interaction"]).Has("data.0.data.credential_id", visit.Credential);
        // The older edition says `inputs`, and a code may come as a number.
        (await api.PostAsync(path, new { inputs = new { code = 246810 } })).Is(200);
        await api.RunReachesAsync(run, "completed");
        Assert.Equal((1, 0), (visit.Submissions.Codes, visit.Submissions.WrongCodes));
    }

    [Fact]
    public async Task An_option_that_is_not_offered_is_refused()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "accounts");
        var run = await visit.RunAsync();
        await api.RunReachesAsync(run, "interaction_required");
        (await api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { account_id = "Not offered" } })).Faults("input.account_id");
        await visit.AnswerAsync(run, visit.Portal.ExpectedChallenges[0]);
        await api.RunReachesAsync(run, "completed");
    }

    [Fact]
    public async Task What_a_page_offers_beside_the_answer_is_offered_and_may_be_chosen_instead()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "remember");
        var run = await visit.RunAsync();
        var asked = (await api.RunReachesAsync(run, "interaction_required")).Has("interaction.options.0.value", "resend").Has("interaction.options.0.label", "Send me another code").Has("interaction.options.1.value", "trust_device");
        (await api.GetAsync("/v2/events?type=task_run.interaction_required")).Is(200).Has("data.0.data.interaction", asked["interaction"]);
        var path = $"/v2/task-runs/{run}/interaction";
        (await api.PostAsync(path, new { input = new { option = "another_way" } })).Faults("input.option", "input.code");
        (await api.PostAsync(path, new { input = new { option = 1, code = "000000" } })).Faults("input.option");
        (await api.PostAsync(path, new { input = new { option = "resend", code = "000000" } })).Faults("input.code");
        (await api.PostAsync(path, new { input = new { option = "trust_device" } })).Faults("input.code");
        (await api.PostAsync(path, new { input = new { option = "resend" } })).Is(200);
        var second = await world.Portals.WaitForCodeAsync("remember", visit.Account, 1, TestContext.Current.CancellationToken);
        Assert.Contains("A fresh code is on its way", (await api.RunReachesAsync(run, "interaction_required"))["interaction.message"].GetString(), StringComparison.Ordinal);
        (await api.PostAsync(path, new { input = new { option = "none", code = second } })).Is(200);
        await api.RunReachesAsync(run, "completed");
        Assert.Equal((1, 1, 0), (visit.Submissions.Passwords, visit.Submissions.Codes, visit.Submissions.WrongCodes));
    }

    [Fact]
    public async Task Another_way_than_the_one_that_is_asked_for_may_be_chosen()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "anotherway");
        var run = await visit.RunAsync();
        (await api.RunReachesAsync(run, "interaction_required")).Has("interaction.type", "push_approval").Has("interaction.options.0", new { value = "another_way", label = "Try another way" });
        var path = $"/v2/task-runs/{run}/interaction";
        (await api.PostAsync(path, new { input = new { option = "another_way" } })).Is(200).Has("status", "running");
        var ways = (await api.RunReachesAsync(run, "interaction_required")).Has("interaction.type", "mfa").Has("interaction.fields.0.name", "method");
        var app = ways["interaction.fields.0.options"].EnumerateArray().Single(o => o.GetProperty("label").GetString()!.Contains("authenticator", StringComparison.Ordinal));
        (await api.PostAsync(path, new { input = new { method = app.GetProperty("value").GetString() } })).Is(200);
        (await api.RunReachesAsync(run, "interaction_required")).Has("interaction.fields.0.name", "code");
        (await api.PostAsync(path, new { input = new { code = world.Portals.CodeFor("anotherway", visit.Account) } })).Is(200);
        await api.RunReachesAsync(run, "completed");
    }

    [Fact]
    public async Task An_answer_is_nowhere_to_be_found_afterwards()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "question");
        var run = await visit.RunAsync();
        await visit.AnswerAsync(run, visit.Portal.ExpectedChallenges[0]);
        await api.RunReachesAsync(run, "completed");
        await api.ListAsync("/v2/events");
        var answer = visit.Portal.ExpectedChallenges[0].Fields[0].Answer!;
        Assert.Empty(SecretSearch.InText(api.Transcript, answer));
        await using var connection = await world.Server.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT count(*) FROM interactions WHERE owner_id = $1 AND answer IS NOT NULL", connection) { Parameters = { new() { Value = run } } };
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_question_that_nobody_answers_ends_the_run_and_the_late_answer_is_told_so()
    {
        await world.NewOrganizationAsync();
        await using var hasty = await OstiaryServer.StartAsync(new ServerSettings { Values = new Dictionary<string, string> { ["Interactions__Timeout"] = "2s" } });
        var visit = await Visit.StoreAsync(hasty.Api, world.Portals, "hotel");
        var run = await visit.RunAsync();
        var failed = (await hasty.Api.RunReachesAsync(run, "failed")).Has("errors.0.type", "interaction").Has("errors.0.code", "interaction_timeout").Has("interaction", null).Has("result", "failure");
        (await hasty.Api.PostAsync($"/v2/task-runs/{run}/interaction", new { input = new { code = "246810" } })).Refused(409, "request", "interaction_not_pending");
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.interaction_required", "task_run.failed"], await hasty.Api.EventsOfAsync(run));
        (await hasty.Api.GetAsync($"/v2/sessions/{failed["session_id"]}")).Is(200).Has("status", "completed");
        // The password was not at fault.
        (await hasty.Api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "unverified");
    }

    [Fact]
    public async Task A_denied_push_fails_the_run_at_once_in_the_site_s_words_and_leaves_the_credential_alone()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "push");
        var run = await visit.RunAsync();
        await api.RunReachesAsync(run, "interaction_required");
        await world.Portals.WaitForPushAsync("push", visit.Account, TestContext.Current.CancellationToken);
        world.Portals.DenyPush("push", visit.Account);
        // Long before the question would have timed out.
        var failed = (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "interaction").Has("errors.0.code", "interaction_denied").Has("interaction", null).Has("result", "failure");
        Assert.Contains(visit.Portal.WrongCodeText!, failed["errors.0.message"].GetString(), StringComparison.Ordinal);
        Assert.Equal(["task_run.queued", "task_run.running", "task_run.interaction_required", "task_run.running", "task_run.failed"], await api.EventsOfAsync(run));
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "unverified");
        Assert.Equal((1, 0), (visit.Submissions.Passwords, visit.Submissions.SignIns));
    }
}
