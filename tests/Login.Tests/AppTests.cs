using Ostiary.Server.Sessions;
using Ostiary.Browser;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>Signs in to real applications, when there are any (<see cref="RealApps"/>).</summary>
public sealed class AppTests(Shared shared, RealApps apps, ITestOutputHelper output) : IClassFixture<RealApps>
{
    private const string WrongPassword = "Not-The-Right-One-0!";

    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    public static TheoryData<string> All => [.. RealApps.Names.DefaultIfEmpty("none")];

    [Theory, MemberData(nameof(All))]
    public async Task The_right_password_gets_in(string name)
    {
        var app = apps.Get(name);
        await SignsInAsync(app, app["url"]!, seed: true);
    }

    [Theory, MemberData(nameof(All))]
    public async Task The_right_password_gets_in_from_another_page_of_the_application(string name)
    {
        var app = apps.Get(name);
        Assert.SkipWhen(app["home"] is null, $"{name} names no other page.");
        await SignsInAsync(app, app["home"]!, seed: true);
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_wrong_password_is_rejected_in_the_applications_words(string name)
    {
        var app = apps.Get(name);
        var (result, _) = await RunAsync(app, app["url"]!, WrongPassword, null, Person(app));
        var rejected = Assert.IsType<LoginOutcome.Rejected>(result.Outcome);
        Assert.Contains(app["wrong_text"]!, rejected.Message, StringComparison.Ordinal);
        Assert.Single(result.Steps, SendsCredential);
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_person_answers_the_second_factor_after_a_wrong_code(string name)
    {
        var app = apps.Get(name);
        if (app["mfa"] is not ("totp" or "email")) Assert.Skip($"{name} asks for no code.");
        var desk = Person(app, wrongFirst: true);
        var (result, text) = await RunAsync(app, app["url"]!, app["password"]!, null, desk);
        CheckSignedIn(app, result, text);
        Assert.Equal(["mfa", "mfa"], desk.Asked.Select(c => c.Type));
        if (app["wrong_code_text"] is { } words) Assert.Matches(words, desk.Asked[1].Message);
        Assert.Single(result.Steps, SendsCredential);
    }

    private async Task SignsInAsync(RealApp app, string url, bool seed)
    {
        await apps.ReserveCodeAsync(app, Ending);
        var desk = Person(app);
        var (result, text) = await RunAsync(app, url, app["password"]!, seed && app["mfa"] == "totp" ? app["mfa_secret"] : null, desk);
        CheckSignedIn(app, result, text);
        // What a seed answers nobody is asked; what was mailed somebody must be asked, or the sign-in never came to it.
        Assert.Equal(app["mfa"] == "email" && url == app["url"] ? ["mfa"] : [], desk.Asked.Select(c => c.Type).Where(t => t == "mfa"));
        Assert.Single(result.Steps, SendsCredential);
    }

    private static bool SendsCredential(SignInStepNote note) => note.Action.Contains("SubmitCredential", StringComparison.Ordinal) || note.Page == nameof(PageVerdict.HttpAuthentication);

    private static void CheckSignedIn(RealApp app, SignInResult result, string text)
    {
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.Matches(app["evidence"]!.Replace("text:", "", StringComparison.Ordinal), text);
    }

    /// <summary>Somebody who reads their mail, holds the authenticator and knows their directory.</summary>
    private TestDesk Person(RealApp app, bool wrongFirst = false)
    {
        HashSet<string>? before = null;
        return new TestDesk(async (challenge, round, _) =>
        {
            output.WriteLine($"ASKED {challenge.Type}: {challenge.Message} [{string.Join(", ", challenge.Fields.Select(f => f.Name + ":" + f.Type + (f.Options is null ? "" : "(" + string.Join("|", f.Options.Select(o => o.Label)) + ")")))}]");
            var values = new Dictionary<string, string>();
            foreach (var field in challenge.Fields)
            {
                if (field.Type == "select") values[field.Name] = field.Options!.First(o => app["tenant"] is { } tenant && o.Label.Contains(tenant, StringComparison.OrdinalIgnoreCase)).Value;
                else if (wrongFirst && round == 1) values[field.Name] = "000000";
                else if (app["mfa"] == "totp") values[field.Name] = await apps.FreshCodeAsync(app, Ending);
                else if (app["mfa"] == "email") values[field.Name] = await RealApps.MailedCodeAsync(app["mfa_address"]!, before!, Ending);
                else return null;
            }
            return values;
        })
        { Before = async () => before ??= app["mfa"] == "email" ? await RealApps.MailAsync(app["mfa_address"]!, Ending) : [] };
    }

    private async Task<(SignInResult Result, string Text)> RunAsync(RealApp app, string url, string password, string? seed, TestDesk desk)
    {
        await desk.Before();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var looks = new List<string>();
        var result = await new SignIn(TimeProvider.System, look => looks.Add(string.Join(" | ", look.Elements.Where(e => e.Visible && (e.Text.Length > 0 || e.ValidityMessage.Length > 0)).Select(e => (e.Kind == ElementKind.Alert ? "! " : "") + e.Text + e.ValidityMessage)) + " || " + string.Join(" | ", look.Notices))).RunAsync(session, new SignInRequest(new Uri(url), null, TestSecrets.Of(app["username"], password, seed), desk), Ending);
        foreach (var note in result.Steps) output.WriteLine($"{note.At:ss.fff} {note.Url} [{note.Page}] {note.Action}   <- {string.Join("; ", note.Why)}");
        output.WriteLine(result.Outcome.ToString());
        if (result.Outcome is LoginOutcome.SignedIn) await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var text = await session.Page.EvaluateAsync<string>("document.body.innerText");
        if (result.Outcome is not LoginOutcome.SignedIn)
            foreach (var look in looks.Where((l, i) => i == 0 || l != looks[i - 1]).TakeLast(4)) output.WriteLine("SEEN " + (look.Length > 2500 ? look[..1500] + " … " + look[^900..] : look));
        return (result, text);
    }
}
