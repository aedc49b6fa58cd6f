using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.Portals;
using Ostiary.Server.Sessions;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>
/// Signs in to real applications, when there are any: <c>OSTIARY_TEST_APPS</c> names a file with one JSON object a line (app, account, url, username, password, mfa,
/// mfa_secret, mfa_address, tenant, evidence, wrong_text), <c>OSTIARY_TEST_MAIL</c> the address of a mail sink that lists messages as JSON.
/// </summary>
public sealed class AppTests(Shared shared, ITestOutputHelper output)
{
    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    private sealed record App(string Name, JsonElement Data)
    {
        public string? this[string name] => Data.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    private static IEnumerable<App> All()
    {
        var path = Environment.GetEnvironmentVariable("OSTIARY_TEST_APPS");
        if (string.IsNullOrEmpty(path)) yield break;
        foreach (var line in File.ReadAllLines(path))
        {
            if (line.Trim().Length == 0) continue;
            var data = JsonDocument.Parse(line).RootElement.Clone();
            yield return new App(data.GetProperty("app").GetString() + "/" + data.GetProperty("account").GetString(), data);
        }
    }

    public static TheoryData<string> Apps => [.. All().Select(a => a.Name).DefaultIfEmpty("none")];

    [Theory, MemberData(nameof(Apps))]
    public async Task Signs_in(string name)
    {
        if (All().FirstOrDefault(a => a.Name == name) is not { } app) return;
        var (result, text) = await RunAsync(app, app["password"]!, app["mfa"] == "totp" ? app["mfa_secret"] : null);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.Matches(app["evidence"]!.Replace("text:", "", StringComparison.Ordinal), text);
    }

    [Theory, MemberData(nameof(Apps))]
    public async Task A_wrong_password_is_rejected(string name)
    {
        if (All().FirstOrDefault(a => a.Name == name) is not { } app) return;
        var (result, _) = await RunAsync(app, "Not-The-Right-One-0!", null);
        var rejected = Assert.IsType<LoginOutcome.Rejected>(result.Outcome);
        Assert.Contains(app["wrong_text"]!, rejected.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Apps))]
    public async Task A_person_answers_the_second_factor(string name)
    {
        if (All().FirstOrDefault(a => a.Name == name) is not { } app || app["mfa"] is not "totp") return;
        var (result, text) = await RunAsync(app, app["password"]!, null);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, result.Outcome.ToString());
        Assert.Matches(app["evidence"]!.Replace("text:", "", StringComparison.Ordinal), text);
    }

    private async Task<(SignInResult Result, string Text)> RunAsync(App app, string password, string? seed)
    {
        var asked = TimeProvider.System.GetUtcNow();
        var desk = new TestDesk(async (challenge, _, _) =>
        {
            output.WriteLine($"ASKED {challenge.Type}: {challenge.Message} [{string.Join(", ", challenge.Fields.Select(f => f.Name + ":" + f.Type + (f.Options is null ? "" : "(" + string.Join("|", f.Options.Select(o => o.Label)) + ")")))}]");
            var values = new Dictionary<string, string>();
            foreach (var field in challenge.Fields)
            {
                if (field.Type == "select") values[field.Name] = field.Options!.First(o => app["tenant"] is { } tenant && o.Label.Contains(tenant, StringComparison.OrdinalIgnoreCase)).Value;
                else if (app["mfa"] == "totp")
                {
                    // These applications accept a code once, and the test before may have used this one.
                    var step = Totp.Step(TimeProvider.System.GetUtcNow());
                    while (Totp.Step(TimeProvider.System.GetUtcNow()) == step) await Task.Delay(200, Ending);
                    values[field.Name] = Totp.Code(app["mfa_secret"]!, step + 1);
                }
                else if (app["mfa"] == "email") values[field.Name] = await MailedCodeAsync(app["mfa_address"]!, asked);
                else return null;
            }
            return values;
        });
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var result = await new SignIn(TimeProvider.System).RunAsync(session, new SignInRequest(new Uri(app["url"]!), null, TestSecrets.Of(app["username"], password, seed), desk), Ending);
        foreach (var note in result.Steps) output.WriteLine($"{note.At:ss.fff} {note.Url} [{note.Page}] {note.Action}   <- {string.Join("; ", note.Why)}");
        output.WriteLine(result.Outcome.ToString());
        if (result.Outcome is LoginOutcome.SignedIn) await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        return (result, await session.Page.EvaluateAsync<string>("document.body.innerText"));
    }

    private static async Task<string> MailedCodeAsync(string address, DateTimeOffset after)
    {
        using var http = new HttpClient();
        var sink = Environment.GetEnvironmentVariable("OSTIARY_TEST_MAIL")!;
        for (var i = 0; ; i++)
        {
            var mails = JsonDocument.Parse(await http.GetStringAsync(new Uri(sink), Ending)).RootElement;
            var text = mails.EnumerateArray().Select(m => m.GetRawText()).LastOrDefault(m => m.Contains(address, StringComparison.Ordinal)) ?? "";
            var code = Regex.Match(text, "(?<![0-9A-Za-z-])[0-9]{6}(?![0-9A-Za-z-])");
            if (code.Success || i > 50) return code.Value;
            await Task.Delay(200, Ending);
        }
    }
}
