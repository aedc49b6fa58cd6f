using Xunit;
using Ostiary.Portals;
using Ostiary.Server.Sessions;

namespace Ostiary.Login.Tests;

/// <summary>
/// Signs in to every practice website through the front door, with nothing but the credential and a person who answers from the catalog. Several classes, because those run beside
/// each other.
/// </summary>
public abstract class PortalTests(Shared shared, ITestOutputHelper output)
{
    private protected static CancellationToken Ending => TestContext.Current.CancellationToken;

    private protected Shared Shared => shared;

    public static TheoryData<string> Portals => [.. PortalCatalog.All.Select(p => p.Id)];

    public static TheoryData<string> WithPassword => [.. PortalCatalog.All.Where(p => p.WrongPassword is not null && p.Expected is not ("source_not_available" or "source_blocked")).Select(p => p.Id)];

    public static TheoryData<string> WithWrongAnswer => [.. PortalCatalog.All.Where(p => p.WrongCodeText is not null && p.ExpectedChallenges.Any(c => c.Fields.Any(f => f.WrongAnswer is not null))).Select(p => p.Id)];

    public static TheoryData<string> WithSeed => [.. PortalCatalog.All.Where(p => p.TotpSecret is not null).Select(p => p.Id)];

    private protected void Check(Portal portal, string account, SignInResult result, bool evidence, TestDesk desk)
    {
        var (expected, message) = CellRun.Said(result.Outcome);
        Assert.Equal(portal.Expected, expected);
        if (portal.ExpectedText is { } text) Assert.Contains(text, message, StringComparison.Ordinal);
        if (expected == "verified") Assert.True(evidence, "the evidence of a signed-in page is missing");
        // Where nothing should have been sent, nothing was; elsewhere a password once.
        var reachable = portal.Password is not null && expected is "verified" or "auth_locked" or "password_change_required";
        Assert.Equal((reachable ? 1 : 0, 0, 0), (shared.Portals.Submissions(portal.Id, account).Passwords, shared.Portals.Submissions(portal.Id, account).WrongPasswords, shared.Portals.Submissions(portal.Id, account).WrongCodes));
        Assert.Equal(portal.ExpectedChallenges.Select(c => c.Type), desk.Asked.Select(c => c.Type));
        foreach (var (should, asked) in portal.ExpectedChallenges.Zip(desk.Asked))
        {
            Assert.Contains(should.Says, asked.Message, StringComparison.Ordinal);
            Assert.Equal(should.Fields.Select(f => (f.Name, f.Type)), asked.Fields.Select(f => (f.Name, f.Type)));
            foreach (var (field, got) in should.Fields.Zip(asked.Fields))
            {
                Assert.Equal(field.Options.Count, got.Options?.Count ?? 0);
                foreach (var (part, option) in field.Options.Zip(got.Options ?? [])) Assert.Contains(part, option.Label, StringComparison.Ordinal);
            }
        }
    }

    private protected TestDesk DeskFor(Portal portal, string account, bool wrongFirst)
    {
        var rounds = 0;
        return new TestDesk(async (challenge, _, withdrawn) =>
        {
            if (challenge.Type == "push_approval")
            {
                var push = await shared.Portals.WaitForPushAsync(portal.Id, account, withdrawn);
                // The number to be compared or tapped is part of what the person reads.
                Assert.Contains(push.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), challenge.Message, StringComparison.Ordinal);
                shared.Portals.ApprovePush(portal.Id, account);
                await Task.Delay(Timeout.InfiniteTimeSpan, withdrawn);
            }
            var values = new Dictionary<string, string>();
            foreach (var field in challenge.Fields)
            {
                var known = portal.ExpectedChallenges.SelectMany(c => c.Fields).FirstOrDefault(f => f.Name == field.Name);
                if (known is null) return null;
                if (wrongFirst && known.WrongAnswer is { } wrong && rounds++ == 0) values[field.Name] = wrong;
                else if (field.Type == "select") values[field.Name] = field.Options!.First(o => o.Label.Contains(known.Answer!, StringComparison.Ordinal)).Value;
                else values[field.Name] = known.Answer ?? shared.Portals.CodeFor(portal.Id, account) ?? "";
            }
            return values;
        });
    }

    private protected async Task<(SignInResult Result, bool Evidence)> RunAsync(Portal portal, TestSecrets secrets, TestDesk desk, Uri? url = null)
    {
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var pages = new List<Ostiary.Browser.PageSnapshot>();
        var provider = portal.AuthMethod == "google_sso" ? new IdentityProvider("Google", ["localhost"]) : null;
        var result = await new SignIn(TimeProvider.System, pages.Add).RunAsync(session, new SignInRequest(url ?? shared.Portals.Url(portal), null, secrets, desk, provider), Ending);
        foreach (var note in result.Steps) output.WriteLine($"{note.At:ss.fff} {note.Url} [{note.Page}] {note.Action}   <- {string.Join("; ", note.Why)}");
        output.WriteLine(result.Outcome.ToString());
        Walks.Check(pages, url ?? shared.Portals.Url(portal), walks: 150);
        var evidence = portal.Evidence is { } text && (await Task.WhenAll(session.Page.Frames.Select(f => f.EvaluateAsync<string>("document.documentElement.innerText + ' ' + Array.from(document.querySelectorAll('*')).filter(e => e.shadowRoot).map(e => e.shadowRoot.textContent).join(' ')"))))
            .Any(t => t.Contains(text, StringComparison.Ordinal));
        return (result, evidence);
    }
}

/// <summary>The right password at the page that the catalog gives as the source's URL.</summary>
public sealed class PortalSignInTests(Shared shared, ITestOutputHelper output) : PortalTests(shared, output)
{
    [Theory, MemberData(nameof(Portals))]
    public async Task The_right_values_end_as_the_portal_says(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = portal.UsernameFor("right");
        var desk = DeskFor(portal, account, wrongFirst: false);
        var (result, evidence) = await RunAsync(portal, TestSecrets.Of(account, portal.Password, fields: portal.SourceFields), desk);
        Check(portal, account, result, evidence, desk);
    }
}

/// <summary>The right password from the website's home page.</summary>
public sealed class PortalHomeTests(Shared shared, ITestOutputHelper output) : PortalTests(shared, output)
{
    [Theory, MemberData(nameof(Portals))]
    public async Task The_right_values_from_the_home_page(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = portal.UsernameFor("fromhome");
        var desk = DeskFor(portal, account, wrongFirst: false);
        var (result, evidence) = await RunAsync(portal, TestSecrets.Of(account, portal.Password, fields: portal.SourceFields), desk, Shared.Portals.Home(portal));
        Check(portal, account, result, evidence, desk);
    }
}

/// <summary>Wrong passwords, wrong codes, seeds and denials.</summary>
public sealed class PortalRefusalTests(Shared shared, ITestOutputHelper output) : PortalTests(shared, output)
{
    [Theory, MemberData(nameof(WithPassword))]
    public async Task A_wrong_password_is_rejected_in_the_sites_words_and_sent_once(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = portal.UsernameFor("wrong");
        var (result, _) = await RunAsync(portal, TestSecrets.Of(account, portal.WrongPassword, fields: portal.SourceFields), TestDesk.Nobody);
        var rejected = Assert.IsType<LoginOutcome.Rejected>(result.Outcome);
        if (portal.WrongText is { } words) Assert.Contains(words, rejected.Message, StringComparison.Ordinal);
        else Assert.NotEmpty(rejected.Message);
        Assert.Equal(1, Shared.Portals.Submissions(id, account).Passwords);
    }

    [Theory, MemberData(nameof(WithWrongAnswer))]
    public async Task A_wrong_answer_is_a_further_round_in_the_sites_words(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = portal.UsernameFor("wrongcode");
        var desk = DeskFor(portal, account, wrongFirst: true);
        var (result, evidence) = await RunAsync(portal, TestSecrets.Of(account, portal.Password, fields: portal.SourceFields), desk);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.True(evidence);
        Assert.Contains(desk.Asked, c => c.Message.Contains(portal.WrongCodeText!, StringComparison.Ordinal));
        Assert.Equal(1, Shared.Portals.Submissions(id, account).WrongCodes);
    }

    [Theory, MemberData(nameof(WithSeed))]
    public async Task A_stored_seed_answers_without_asking(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = portal.UsernameFor("seed");
        var (result, evidence) = await RunAsync(portal, TestSecrets.Of(account, portal.Password, portal.TotpSecret, portal.SourceFields), TestDesk.Nobody);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.True(evidence);
    }

    public static TheoryData<string> WithPush => [.. PortalCatalog.All.Where(p => p.ExpectedChallenges.Any(c => c.Type == "push_approval")).Select(p => p.Id)];

    [Theory, MemberData(nameof(WithPush))]
    public async Task A_denied_push_ends_the_sign_in_at_once_in_the_sites_words(string id)
    {
        var portal = PortalCatalog.Get(id);
        var account = portal.UsernameFor("denied");
        var desk = new TestDesk(async (_, _, withdrawn) =>
        {
            await Shared.Portals.WaitForPushAsync(portal.Id, account, withdrawn);
            Shared.Portals.DenyPush(portal.Id, account);
            await Task.Delay(Timeout.InfiniteTimeSpan, withdrawn);
            return null;
        });
        var (result, _) = await RunAsync(portal, TestSecrets.Of(account, portal.Password), desk);
        var denied = Assert.IsType<LoginOutcome.Denied>(result.Outcome);
        Assert.Contains(portal.WrongCodeText!, denied.Message, StringComparison.Ordinal);
        // Asked once; no second request was sent to the telephone, and the password went out once.
        Assert.Single(desk.Asked);
        Assert.Equal(PushState.Denied, Shared.Portals.Push(id, account)!.State);
        Assert.Equal((1, 0), (Shared.Portals.Submissions(id, account).Passwords, Shared.Portals.Submissions(id, account).SignIns));
    }

    [Fact]
    public async Task A_challenge_of_another_origin_gets_no_credentials()
    {
        // The source leads to another origin, and that one asks: nothing is given to it, neither by the engine's decision nor by the browser's answer.
        var portal = PortalCatalog.Get("basic");
        await using var pages = await Pages.StartAsync();
        var source = pages.AddRedirect("/members", Shared.Portals.Url(portal));
        var account = portal.UsernameFor("elsewhere");
        var (result, _) = await RunAsync(portal, TestSecrets.Of(account, portal.Password), TestDesk.Nobody, source);
        var blocked = Assert.IsType<LoginOutcome.Blocked>(result.Outcome);
        Assert.Contains("which is not the source", blocked.Message, StringComparison.Ordinal);

        await using var session = await Shared.Host.OpenAsync(null, Ending);
        var refused = await Assert.ThrowsAsync<Ostiary.Browser.PageActionException>(() => session.AuthenticateAsync(source, account.AsMemory(), portal.Password.AsMemory(), Ending));
        Assert.DoesNotContain(portal.Password!, refused.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Shared.Portals.Submissions("basic", account).Passwords);
    }

    [Fact]
    public async Task Too_many_wrong_codes_are_no_refusal_of_the_password()
    {
        var portal = PortalCatalog.Get("recode");
        var account = portal.UsernameFor("threewrong");
        var desk = new TestDesk((_, _, _) => Task.FromResult<Dictionary<string, string>?>(new() { ["code"] = portal.WrongCode! }));
        var (result, _) = await RunAsync(portal, TestSecrets.Of(account, portal.Password), desk);
        var unknown = Assert.IsType<LoginOutcome.Unknown>(result.Outcome);
        Assert.Contains("Invalid access code entered three times", unknown.Message, StringComparison.Ordinal);
        Assert.Equal((1, 3), (Shared.Portals.Submissions("recode", account).Passwords, Shared.Portals.Submissions("recode", account).WrongCodes));
    }
}
