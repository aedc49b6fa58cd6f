using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>Every practice website, with the right password.</summary>
public sealed class SignInTests(World world)
{
    public static TheoryData<string> All => [.. PortalCatalog.All.Select(p => p.Id)];

    [Theory, MemberData(nameof(All))]
    public async Task The_right_password_gets_in_or_the_site_s_reason_is_told(string portal)
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, portal);
        var run = await visit.RunAsync();
        if (visit.Portal.Expected != "verified")
        {
            var failed = (await api.RunReachesAsync(run, "failed")).Has("errors.0.code", visit.Portal.Expected).Has("result", "failure");
            Assert.Contains(visit.Portal.ExpectedText!, failed["errors.0.message"].GetString(), StringComparison.OrdinalIgnoreCase);
            Assert.NotEqual("verified", (await api.GetAsync($"/v2/credentials/{visit.Credential}"))["status"].GetString());
            return;
        }

        foreach (var challenge in visit.Portal.ExpectedChallenges) await visit.AnswerAsync(run, challenge);
        (await api.RunReachesAsync(run, "completed")).Has("result", "success").Has("output", new { }).Has("interaction", null);
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "verified");
        // The site agrees: one password, none of them wrong, one person inside.
        Assert.Equal((visit.Portal.Password is null ? 0 : 1, 0, 1), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords, visit.Submissions.SignIns));
        Assert.Equal(0, visit.Submissions.WrongCodes);
        var asking = visit.Portal.ExpectedChallenges.SelectMany(_ => (string[])["task_run.interaction_required", "task_run.running"]);
        Assert.Equal(["task_run.queued", "task_run.running", .. asking, "task_run.completed"], await api.EventsOfAsync(run));
        Assert.Equal(["credential.created", "credential.verified"], await api.EventsOfAsync(visit.Credential));
    }

    [Fact]
    public async Task An_authenticator_secret_answers_without_asking_anybody()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "totp", withTotp: true);
        (await api.RunReachesAsync(await visit.RunAsync(), "completed")).Has("result", "success");
        Assert.Equal((1, 0), (visit.Submissions.Codes, visit.Submissions.WrongCodes));
    }

    [Fact]
    public async Task A_run_shows_how_it_signed_in_without_a_value()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "classic");
        var run = await api.RunReachesAsync(await visit.RunAsync(), "completed");
        var steps = run["artifacts.sign_in"].EnumerateArray().ToList();
        Assert.True(steps.Count >= 2, run.Text);
        Assert.All(steps, s => Assert.NotEmpty(s.GetProperty("why").EnumerateArray()));
        Assert.Empty(SecretSearch.InText(api.Transcript, visit.Portal.Password!));
    }
}

/// <summary>Every practice website that has a password, with a wrong one.</summary>
public sealed class RefusalTests(World world)
{
    public static TheoryData<string> WithPasswords => [.. PortalCatalog.All.Where(p => p.WrongPassword is not null && p.WrongText is not null).Select(p => p.Id)];

    [Theory, MemberData(nameof(WithPasswords))]
    public async Task A_wrong_password_is_told_in_the_site_s_own_words_and_tried_once(string portal)
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, portal, PortalCatalog.Get(portal).WrongPassword);
        var run = await visit.RunAsync();
        var failed = (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "auth").Has("errors.0.code", "auth_invalid").Has("result", "failure").Has("output", null);
        Assert.Contains(visit.Portal.WrongText!, failed["errors.0.message"].GetString(), StringComparison.OrdinalIgnoreCase);
        (await api.GetAsync($"/v2/credentials/{visit.Credential}")).Is(200).Has("status", "invalid");
        Assert.Equal((1, 1, 0), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords, visit.Submissions.RepeatedWrongPasswords));
        Assert.Equal(["credential.created", "credential.invalid"], await api.EventsOfAsync(visit.Credential));
        // The session of a run that did not get in is not kept.
        (await api.GetAsync($"/v2/sessions/{failed["session_id"]}")).Is(200).Has("status", "completed");
        (await api.PostAsync($"/v2/tasks/{failed["task_id"]}/run", new { credential_id = visit.Credential })).Refused(409, "request", "state_conflict");
    }
}

/// <summary>Every practice website that asks for a code or an answer, with a wrong one first.</summary>
public sealed class SecondTryTests(World world)
{
    public static TheoryData<string> WithCodes => [.. PortalCatalog.All.Where(p => p.ExpectedChallenges.Any(c => c.Fields.Any(f => f.WrongAnswer is not null))).Select(p => p.Id)];

    [Theory, MemberData(nameof(WithCodes))]
    public async Task A_wrong_answer_is_asked_again_and_the_right_one_gets_in(string portal)
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, portal);
        var run = await visit.RunAsync();
        foreach (var challenge in visit.Portal.ExpectedChallenges)
        {
            if (challenge.Fields.Any(f => f.WrongAnswer is not null))
            {
                await visit.AnswerAsync(run, challenge, wrong: true);
                // What the site says about the answer is what the person reads, and then it is the same question.
                var again = await api.RunReachesAsync(run, "interaction_required");
                Assert.Contains(visit.Portal.WrongCodeText!, again["interaction.message"].GetString(), StringComparison.OrdinalIgnoreCase);
                await visit.AnswerAsync(run, challenge with { Says = "" });
            }
            else
            {
                await visit.AnswerAsync(run, challenge);
            }
        }

        await api.RunReachesAsync(run, "completed");
        Assert.Equal((1, 1), (visit.Submissions.WrongCodes, visit.Submissions.SignIns));
        Assert.Equal(visit.Portal.Password is null ? 0 : 1, visit.Submissions.Passwords);
    }
}
