using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>A site that locks after three wrong passwords sees one, however often it is tried.</summary>
public sealed class LockoutTests(World world)
{
    [Fact]
    public async Task A_refused_password_is_never_sent_again_by_whatever_way_it_comes()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "lockout", "Not-The-Right-One-77!");
        var task = await api.NewTaskAsync();
        // Many at once, before anything is known about it.
        var runs = new List<string>();
        for (var i = 0; i < 5; i++) runs.Add(await api.NewRunAsync(task, visit.Credential));
        foreach (var run in runs) (await api.RunReachesAsync(run, "failed")).Has("errors.0.type", "auth").Has("errors.0.code", "auth_invalid");
        Assert.Equal((1, 1), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords));
        // By name it is refused before it starts.
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = visit.Credential })).Refused(409, "request", "state_conflict");
        // Stored anew, or the same value written over itself, it is still the same pair.
        var second = await api.NewCredentialAsync(visit.Source, visit.Account, "Not-The-Right-One-77!");
        var failed = (await api.RunReachesAsync(await api.NewRunAsync(task, second), "failed")).Has("errors.0.code", "auth_invalid");
        Assert.Contains(visit.Portal.WrongText!, failed["errors.0.message"].GetString(), StringComparison.OrdinalIgnoreCase);
        (await api.GetAsync($"/v2/credentials/{second}")).Is(200).Has("status", "invalid");
        (await api.PatchAsync($"/v2/credentials/{visit.Credential}", new { auth_credentials = new { password = "Not-The-Right-One-77!" } })).Is(200).Has("status", "unverified");
        (await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "failed")).Has("errors.0.code", "auth_invalid");
        Assert.Equal((1, false), (visit.Submissions.Passwords, visit.Submissions.Locked));
        // The right one gets in: the account is not locked.
        (await api.PatchAsync($"/v2/credentials/{visit.Credential}", new { auth_credentials = new { password = visit.Portal.Password } })).Is(200);
        await api.RunReachesAsync(await api.NewRunAsync(task, visit.Credential), "completed");
        Assert.Equal((2, 1, 1), (visit.Submissions.Passwords, visit.Submissions.WrongPasswords, visit.Submissions.SignIns));
    }

    [Fact]
    public async Task Two_credentials_with_the_same_wrong_password_at_once_are_one_attempt()
    {
        var api = await world.NewOrganizationAsync();
        var visit = await Visit.StoreAsync(api, world.Portals, "lockout", "Not-The-Right-One-78!");
        var task = await api.NewTaskAsync();
        var credentials = new List<string> { visit.Credential };
        for (var i = 0; i < 3; i++) credentials.Add(await api.NewCredentialAsync(visit.Source, visit.Account, "Not-The-Right-One-78!"));
        var runs = await Task.WhenAll(credentials.Select(c => api.NewRunAsync(task, c)));
        foreach (var run in runs) (await api.RunReachesAsync(run, "failed")).Has("errors.0.code", "auth_invalid");
        Assert.Equal((1, false), (visit.Submissions.Passwords, visit.Submissions.Locked));
    }

    [Fact]
    public async Task A_password_that_an_identity_provider_refused_is_not_sent_to_it_from_another_source()
    {
        var api = await world.NewOrganizationAsync();
        var wrong = PortalCatalog.Get("rowing").WrongPassword;
        var visit = await Visit.StoreAsync(api, world.Portals, "rowing", wrong);
        var first = (await api.RunReachesAsync(await visit.RunAsync(), "failed")).Has("errors.0.code", "auth_invalid");
        var elsewhere = await api.NewCredentialAsync(await api.NewSourceAsync(world.Portals.Home(visit.Portal).AbsoluteUri), visit.Account, wrong, authMethod: "google_sso");
        (await api.RunReachesAsync(await api.NewRunAsync(await api.NewTaskAsync(), elsewhere), "failed")).Has("errors.0.code", "auth_invalid").Has("errors.0.message", first["errors.0.message"]);
        Assert.Equal(1, visit.Submissions.Passwords);
    }
}
