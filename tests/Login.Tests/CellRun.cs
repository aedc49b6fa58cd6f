using Ostiary.Browser;
using Ostiary.Portals;
using Ostiary.Portals.Matrix;
using Ostiary.Server.Sessions;
using Ostiary.Vault;

namespace Ostiary.Login.Tests;

/// <summary>What came of one sign-in to one cell of the matrix, measured against its promise.</summary>
internal sealed record CellResult(MatrixCell Cell, string Verdict, string Message, IReadOnlyList<string> Notes, TimeSpan Time)
{
    /// <summary>What the promise says and the sign-in did not do; none when all is well.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>It ended as promised.</summary>
    public bool VerdictRight => Verdict == Cell.Promise.Expected;

    /// <summary>It claimed to be signed in and was not, or should not have been.</summary>
    public bool WrongConnected { get; set; }

    /// <summary>It claimed that the site refused the credentials, and the site did not.</summary>
    public bool WrongRejected => Verdict == "auth_invalid" && Cell.Promise.Expected != "auth_invalid";

    /// <summary>Something reached the site that should not have.</summary>
    public bool WrongSubmission { get; set; }

    /// <summary>Questions promised, and how many were asked with the right type, fields and words.</summary>
    public int Questions { get; set; }

    /// <inheritdoc cref="Questions"/>
    public int QuestionsRight { get; set; }
}

/// <summary>Signs in to one cell of the matrix as the server does, with a person who answers as the cell's promise says.</summary>
internal static class CellRun
{
    /// <summary>Runs one sign-in with an account of its own. <paramref name="seen"/> is told of every look.</summary>
    public static async Task<CellResult> RunAsync(BrowserHost host, RunningPortals portals, MatrixCell cell, string tag, Action<PageSnapshot>? seen, CancellationToken cancellationToken)
    {
        var account = cell.Portal.UsernameFor(tag);
        var straysBefore = portals.Strays(cell.Id).Count;
        var person = new Person(portals, cell, account);
        var started = TimeProvider.System.GetTimestamp();
        await using var session = await host.OpenAsync(null, cancellationToken);
        var signed = await new SignIn(TimeProvider.System, seen).RunAsync(session, new SignInRequest(portals.Url(cell, account), null, new Memory(cell, account), person), cancellationToken);
        var (verdict, message) = Said(signed.Outcome);
        var result = new CellResult(cell, verdict, message, [.. signed.Steps.Select(n => $"{n.At:ss.fff} {n.Url} [{n.Page}] {n.Action}   <- {string.Join("; ", n.Why)}")], TimeProvider.System.GetElapsedTime(started));
        Measure(result, portals.Submissions(cell.Id, account), [.. portals.Strays(cell.Id).Skip(straysBefore)], person.Asked);
        if (person.Hides is { } hidden) result.Faults.Add(hidden);
        return result;
    }

    private static readonly TimeSpan PushPatience = TimeSpan.FromSeconds(30);

    /// <summary>An ending in the words of the wire: <c>verified</c>, or the code of its error; with the site's sentence.</summary>
    public static (string Verdict, string Message) Said(LoginOutcome outcome) => outcome switch
    {
        LoginOutcome.SignedIn => ("verified", ""),
        LoginOutcome.Rejected r => ("auth_invalid", r.Message),
        LoginOutcome.Denied d => ("interaction_denied", d.Message),
        LoginOutcome.Locked l => ("auth_locked", l.Message),
        LoginOutcome.PasswordChangeRequired p => ("password_change_required", p.Message),
        LoginOutcome.Blocked b => ("source_blocked", b.Message),
        LoginOutcome.SourceUnavailable s => ("source_not_available", s.Message),
        LoginOutcome.FormNotFound f => ("auth_form_not_found", f.Message),
        LoginOutcome.Unknown u => ("unknown", u.Message),
        _ => throw new InvalidOperationException(),
    };

    private static void Measure(CellResult result, Submissions sent, IReadOnlyList<string> strays, List<Challenge> asked)
    {
        var promise = result.Cell.Promise;
        if (!result.VerdictRight) result.Faults.Add($"ended as {result.Verdict} ({result.Message}) instead of {promise.Expected}");
        else if (promise.Text is { } text && !result.Message.Contains(text, StringComparison.Ordinal)) result.Faults.Add($"says “{result.Message}” instead of “{text}”");
        result.WrongConnected = result.Verdict == "verified" && (promise.Expected != "verified" || sent.SignIns == 0);
        if (result.Verdict == "verified" && sent.SignIns == 0) result.Faults.Add("signed in, says the engine; the site knows nothing of it");
        foreach (var stray in strays) result.Faults.Add("should not have been sent: " + stray);
        if (sent.Passwords > promise.Passwords) result.Faults.Add($"{sent.Passwords} passwords were sent instead of {promise.Passwords}");
        var codes = promise.Rounds.Count(r => r.Challenge.Type == "security_question" || r.Challenge.Fields.Any(f => f.Name is "code")) + (result.Cell.HeldSeed is null ? 0 : 1);
        if (sent.Codes > codes) result.Faults.Add($"{sent.Codes} codes were sent instead of {codes}");
        result.WrongSubmission = strays.Count > 0 || sent.Passwords > promise.Passwords || sent.Codes > codes || sent.WrongPasswords > 0 && !result.Cell.GivesWrongPassword;

        result.Questions = promise.Rounds.Count;
        for (var i = 0; i < Math.Max(promise.Rounds.Count, asked.Count); i++)
        {
            var fault = i >= promise.Rounds.Count ? $"asked {asked[i].Type} ({asked[i].Message}) unexpectedly" : i >= asked.Count ? $"did not ask {promise.Rounds[i].Challenge.Type}" : Difference(promise.Rounds[i].Challenge, asked[i]);
            if (fault is null) result.QuestionsRight++;
            else result.Faults.Add($"question {i + 1}: {fault}");
        }
    }

    private static string? Difference(PortalChallenge promised, Challenge asked)
    {
        if (promised.Type != asked.Type) return $"{asked.Type} ({asked.Message}) instead of {promised.Type}";
        if (!asked.Message.Contains(promised.Says, StringComparison.Ordinal)) return $"says “{asked.Message}” without “{promised.Says}”";
        if (!promised.Fields.Select(f => (f.Name, f.Type)).SequenceEqual(asked.Fields.Select(f => (f.Name, f.Type)))) return "has the fields " + string.Join(", ", asked.Fields.Select(f => f.Name + ":" + f.Type));
        foreach (var (field, got) in promised.Fields.Zip(asked.Fields))
        {
            var labels = got.Options?.Select(o => o.Label).ToList() ?? [];
            if (field.Options.Count != labels.Count || !field.Options.Zip(labels).All(o => o.Second.Contains(o.First, StringComparison.Ordinal))) return "offers " + string.Join(" | ", labels);
        }
        return null;
    }

    /// <summary>Answers as the promise says, round by round.</summary>
    private sealed class Person(RunningPortals portals, MatrixCell cell, string account) : IChallengeDesk
    {
        public List<Challenge> Asked { get; } = [];

        /// <summary>What a question did not say although the page does, or null.</summary>
        public string? Hides { get; private set; }

        public async Task<ChallengeAnswer?> AskAsync(Challenge challenge, CancellationToken withdrawn, CancellationToken cancellationToken)
        {
            Asked.Add(challenge);
            if (Asked.Count > cell.Promise.Rounds.Count) return null;
            var round = cell.Promise.Rounds[Asked.Count - 1];
            if (challenge.Type != round.Challenge.Type) return null;
            if (challenge.Type == "push_approval")
            {
                try
                {
                    var push = await portals.WaitForPushAsync(cell.Id, account, withdrawn);
                    if (!challenge.Message.Contains(push.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)) Hides = $"asks “{challenge.Message}” without the number {push.Number}";
                    _ = round.Push switch { PushState.Approved => portals.ApprovePush(cell.Id, account), PushState.Denied => portals.DenyPush(cell.Id, account), _ => 0 };
                    // A page that does not notice keeps nobody waiting for ever.
                    await Task.Delay(PushPatience, TimeProvider.System, withdrawn);
                    return null;
                }
                catch (OperationCanceledException) when (withdrawn.IsCancellationRequested)
                {
                    return ChallengeAnswer.Empty;
                }
            }
            var values = new Dictionary<string, Secret>();
            foreach (var field in challenge.Fields)
            {
                if (round.Challenge.Fields.FirstOrDefault(f => f.Name == field.Name) is not { } promised) continue;
                var value = field.Type == "select" ? field.Options?.FirstOrDefault(o => o.Label.Contains(promised.Answer!, StringComparison.Ordinal))?.Value : promised.Answer ?? portals.CodeFor(cell.Id, account);
                if (value is not null) values[field.Name] = Secret.From(value);
            }
            return new ChallengeAnswer(values);
        }
    }

    private sealed class Memory : ISignInSecrets
    {
        private readonly Dictionary<Slot, Func<string>> values = [];

        public Memory(MatrixCell cell, string account)
        {
            values[Slot.Username] = () => account;
            if (!cell.WithoutPassword) values[Slot.Password] = () => cell.Password;
            foreach (var (key, value) in cell.Portal.SourceFields) values[Slot.SourceField(key)] = () => value;
            if (cell.HeldSeed is { } seed) values[Slot.TotpCode] = () => Totp.Code(seed, Totp.Step(TimeProvider.System.GetUtcNow()));
        }

        public IReadOnlySet<Slot> Available => values.Keys.ToHashSet();

        public Task UseAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken) => use(values[slot]().AsMemory());
    }
}
