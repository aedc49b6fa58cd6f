using Ostiary.Portals;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>What a page offers beside the answer: a code once more, another way, not to be asked again on this browser.</summary>
public sealed class SideOfferTests(Shared shared, ITestOutputHelper output) : PortalTests(shared, output)
{
    [Fact]
    public async Task A_code_once_more_is_a_new_code_and_a_new_round()
    {
        var portal = PortalCatalog.Get("remember");
        var account = portal.UsernameFor("again");
        var desk = new TestDesk(async (_, round, _) => round == 1 ? Option(ChallengeOptions.Resend) : new() { ["code"] = await Shared.Portals.WaitForCodeAsync("remember", account, 1, Ending) });
        var (result, evidence) = await RunAsync(portal, TestSecrets.Of(account, portal.Password), desk);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.True(evidence);
        Assert.Equal(["Send me another code", "Trust this device for 30 days"], desk.Asked[0].Options.Select(o => o.Label));
        Assert.Equal([ChallengeOptions.Resend, ChallengeOptions.TrustDevice], desk.Asked[0].Options.Select(o => o.Value));
        Assert.Contains("A fresh code is on its way", desk.Asked[1].Message, StringComparison.Ordinal);
        Assert.Equal((2, 2, 0), (desk.Asked.Count, Shared.Portals.Messages("remember", account).Count, Shared.Portals.Submissions("remember", account).WrongCodes));
    }

    [Fact]
    public async Task A_control_that_counts_down_is_waited_for()
    {
        var portal = PortalCatalog.Get("sendcode");
        var account = portal.UsernameFor("again");
        var desk = new TestDesk(async (_, round, _) => round == 1 ? Option(ChallengeOptions.Resend) : new() { ["code"] = await Shared.Portals.WaitForCodeAsync("sendcode", account, 1, Ending) });
        var (result, _) = await RunAsync(portal, TestSecrets.Of(account, portal.Password), desk);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.Equal((2, 2), (desk.Asked.Count, Shared.Portals.Messages("sendcode", account).Count));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(ChallengeOptions.TrustDevice, true)]
    [InlineData(ChallengeOptions.None, false)]
    public async Task A_browser_is_trusted_unless_the_user_says_no(string? option, bool trusted)
    {
        var portal = PortalCatalog.Get("remember");
        var account = portal.UsernameFor("trust" + option);
        var desk = new TestDesk(async (_, _, _) =>
        {
            var answer = option is null ? [] : Option(option);
            answer["code"] = await Shared.Portals.WaitForCodeAsync("remember", account, 0, Ending);
            return answer;
        });
        var (result, evidence) = await RunAsync(portal, TestSecrets.Of(account, portal.Password), desk);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.Equal(trusted, evidence);
    }

    [Fact]
    public async Task Another_way_leads_to_the_site_s_list_of_ways()
    {
        var portal = PortalCatalog.Get("anotherway");
        var account = portal.UsernameFor("otherway");
        var desk = new TestDesk((challenge, _, _) => Task.FromResult<Dictionary<string, string>?>(challenge.Type == "push_approval" ? Option(ChallengeOptions.AnotherWay)
            : challenge.Fields[0].Name == "method" ? new() { ["method"] = challenge.Fields[0].Options!.First(o => o.Label.Contains("authenticator", StringComparison.Ordinal)).Value }
            : new() { ["code"] = Totp.Code(portal.TotpSecret!, Totp.Step(TimeProvider.System.GetUtcNow())) }));
        var (result, evidence) = await RunAsync(portal, TestSecrets.Of(account, portal.Password), desk);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.True(evidence);
        Assert.Equal(["push_approval", "mfa", "mfa"], desk.Asked.Select(c => c.Type));
        Assert.Equal([new ChallengeOption(ChallengeOptions.AnotherWay, "Try another way")], desk.Asked[0].Options);
    }

    private static Dictionary<string, string> Option(string option) => new() { [ChallengeOptions.Key] = option };
}
