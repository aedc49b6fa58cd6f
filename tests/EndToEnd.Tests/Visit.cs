using System.Text.Json;
using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>One account of one practice website, stored as a credential, and the person behind it who answers questions.</summary>
internal sealed class Visit
{
    private static int _visits;

    private Visit(Api api, RunningPortals portals, Portal portal, string account, string source, string credential)
    {
        (Api, Portals, Portal, Account, Source, Credential) = (api, portals, portal, account, source, credential);
    }

    public Api Api { get; }

    public RunningPortals Portals { get; }

    public Portal Portal { get; }

    /// <summary>An account of its own: its counters, codes and locks are not another test's.</summary>
    public string Account { get; }

    public string Source { get; }

    public string Credential { get; }

    public Submissions Submissions => Portals.Submissions(Portal.Id, Account);

    /// <summary>Stores a credential; <paramref name="password"/> null = the right one.</summary>
    public static async Task<Visit> StoreAsync(Api api, RunningPortals portals, string portalId, string? password = null, bool withTotp = false)
    {
        var portal = PortalCatalog.Get(portalId);
        var account = portal.UsernameFor($"v{Interlocked.Increment(ref _visits)}");
        var source = await api.NewSourceAsync(portals.Url(portal).AbsoluteUri);
        var more = new Dictionary<string, object>();
        if (portal.SourceFields.Count > 0) more["source_fields"] = portal.SourceFields;
        if (withTotp) more["totp_secret"] = portal.TotpSecret!;
        return new Visit(api, portals, portal, account, source, await api.NewCredentialAsync(source, account, password ?? portal.Password, more, authMethod: portal.AuthMethod));
    }

    /// <summary>Opens a connection with the stored credential.</summary>
    public async Task<string> ConnectAsync() => (await Api.PostAsync("/v2/connections", new { source_id = Source, credential_id = Credential })).Is(201).Has("status", "connecting").Id;

    /// <summary>Starts a run on a connection.</summary>
    public async Task<string> RunOnAsync(string connection, object? task = null) =>
        (await Api.PostAsync($"/v2/tasks/{await Api.NewTaskAsync(task)}/run", new { connection_id = connection })).Is(201).Has("status", "queued").Has("connection_id", connection).Has("credential_id", Credential).Id;

    /// <summary>Starts a run; a task without a program only signs in.</summary>
    public async Task<string> RunAsync(object? task = null, object? input = null) => await Api.NewRunAsync(await Api.NewTaskAsync(task), Credential, input);

    /// <summary>Waits for a run's question, checks it against what the site is known to ask, and answers.</summary>
    public Task AnswerAsync(string run, PortalChallenge challenge, bool wrong = false) => AnswerAsync(() => Api.RunReachesAsync(run, "interaction_required"), $"/v2/task-runs/{run}", "running", challenge, wrong);

    /// <summary>The same for a connection.</summary>
    public Task AnswerConnectionAsync(string connection, PortalChallenge challenge, bool wrong = false) =>
        AnswerAsync(() => Api.ConnectionReachesAsync(connection, "interaction_required"), $"/v2/connections/{connection}", "connecting", challenge, wrong);

    private async Task AnswerAsync(Func<Task<Answer>> asks, string path, string then, PortalChallenge challenge, bool wrong)
    {
        var asked = await asks();
        asked.Has("interaction.type", challenge.Type);
        Assert.Contains(challenge.Says, asked["interaction.message"].GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(challenge.Fields.Select(f => (f.Name, f.Type)), asked["interaction.fields"].EnumerateArray().Select(f => (f.GetProperty("name").GetString()!, f.GetProperty("type").GetString()!)));
        Assert.All(asked["interaction.fields"].EnumerateArray(), f => Assert.False(string.IsNullOrWhiteSpace(f.GetProperty("label").GetString())));
        if (challenge.Type == "push_approval")
        {
            // Nothing to type: the page goes on by itself once the telephone says yes.
            await Portals.WaitForPushAsync(Portal.Id, Account, CancellationToken.None);
            Portals.ApprovePush(Portal.Id, Account);
            return;
        }

        var input = new Dictionary<string, string>();
        foreach (var (field, shown) in challenge.Fields.Zip(asked["interaction.fields"].EnumerateArray())) input[field.Name] = await ValueAsync(field, shown, wrong);
        (await Api.PostAsync($"{path}/interaction", new { input })).Is(200).Has("status", then).Has("interaction", null);
    }

    private async Task<string> ValueAsync(PortalField field, JsonElement shown, bool wrong)
    {
        if (wrong) return field.WrongAnswer!;
        if (field.Type == "select")
        {
            var options = shown.GetProperty("options").EnumerateArray().Select(o => (Value: o.GetProperty("value").GetString()!, Label: o.GetProperty("label").GetString()!)).ToList();
            Assert.Equal(field.Options.Count, options.Count);
            Assert.All(field.Options.Zip(options), pair => Assert.Contains(pair.First, pair.Second.Label, StringComparison.OrdinalIgnoreCase));
            return options.First(o => o.Label.Contains(field.Answer!, StringComparison.OrdinalIgnoreCase)).Value;
        }

        return field.Answer ?? Portals.CodeFor(Portal.Id, Account) ?? await Portals.WaitForCodeAsync(Portal.Id, Account, 0, CancellationToken.None);
    }
}
