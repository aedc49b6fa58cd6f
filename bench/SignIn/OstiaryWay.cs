using Ostiary.Browser;
using Ostiary.Egress;
using Ostiary.Login;
using Ostiary.Portals;
using Ostiary.Server.Sessions;
using Ostiary.Vault;

namespace Ostiary.Bench;

/// <summary>Signs in as the server does: a session from the browser host, through the egress guard, then the sign-in loop. Secrets come from memory, questions are answered at once.</summary>
internal sealed class OstiaryWay(bool spare, bool pictures) : IAsyncDisposable
{
    private readonly BrowserHost host = new(
        new BrowserOptions { ExecutablePath = Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") ?? "", KeepSpareSession = spare },
        new EgressGuard(new EgressOptions { Allow = "127.0.0.1,localhost" }),
        TimeProvider.System);

    private readonly SignIn signIn = new(TimeProvider.System);

    /// <summary>Time from asking for a session to the proof of being signed in; a reason instead when it did not get there.</summary>
    public async Task<(TimeSpan Time, string? Failure)> SignInAsync(RunningPortals portals, Portal portal, string account, CancellationToken stop)
    {
        var started = TimeProvider.System.GetTimestamp();
        await using var session = await host.OpenAsync(state: null, stop);
        var result = await signIn.RunAsync(session, new SignInRequest(portals.Url(portal), null, new Memory(portal, account), new Desk(portals, portal, account)) { Witness = pictures ? new Camera(session) : null }, stop);
        var time = TimeProvider.System.GetElapsedTime(started);
        return result.Outcome is LoginOutcome.SignedIn ? (time, null) : (time, result.Outcome.ToString());
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>Takes the pictures that a run takes, and throws them away: keeping them is not the sign-in's time.</summary>
    private sealed class Camera(BrowserSession session) : ISignInWitness
    {
        public async Task SawAsync(SignInStepNote note, PageSnapshot page, LoginDecision decision, IReadOnlyList<ElementId> filled, CancellationToken cancellationToken)
        {
            if (decision.Step is not LoginStep.Wait) await session.ScreenshotAsync(filled, 55, cancellationToken);
        }

        public void Unsure(string message)
        {
        }
    }

    private sealed class Memory : ISignInSecrets
    {
        private readonly Dictionary<Slot, string> values = [];

        public Memory(Portal portal, string account)
        {
            values[Slot.Username] = account;
            if (portal.Password is { } password) values[Slot.Password] = password;
            foreach (var (name, value) in portal.SourceFields) values[Slot.SourceField(name)] = value;
        }

        public IReadOnlySet<Slot> Available => values.Keys.ToHashSet();

        public Task UseAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken) => use(values[slot].AsMemory());
    }

    private sealed class Desk(RunningPortals portals, Portal portal, string account) : IChallengeDesk
    {
        private int asked;

        public async Task<ChallengeAnswer?> AskAsync(Challenge challenge, CancellationToken withdrawn, CancellationToken cancellationToken)
        {
            if (challenge.Type == "push_approval")
            {
                await portals.WaitForPushAsync(portal.Id, account, cancellationToken);
                portals.ApprovePush(portal.Id, account);
                await UntilWithdrawnAsync(withdrawn, cancellationToken);
                return ChallengeAnswer.Empty;
            }

            var expected = portal.ExpectedChallenges.ElementAtOrDefault(asked++);
            var answers = new Dictionary<string, Secret>(StringComparer.Ordinal);
            foreach (var field in challenge.Fields)
            {
                var known = expected?.Fields.FirstOrDefault(f => f.Name == field.Name)?.Answer ?? await Answers.CodeAsync(portals, portal, account, cancellationToken);
                // A select is answered by the value behind the label that a person would choose.
                answers[field.Name] = Secret.From(field.Options?.FirstOrDefault(option => option.Label.Contains(known, StringComparison.OrdinalIgnoreCase))?.Value ?? known);
            }

            return new ChallengeAnswer(answers);
        }

        private static async Task UntilWithdrawnAsync(CancellationToken withdrawn, CancellationToken cancellationToken)
        {
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(withdrawn, cancellationToken);
                await Task.Delay(Timeout.InfiniteTimeSpan, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The page moved on by itself, which is what was waited for.
            }
        }
    }
}

/// <summary>What the practice websites send.</summary>
internal static class Answers
{
    public static async Task<string> CodeAsync(RunningPortals portals, Portal portal, string account, CancellationToken stop) =>
        portal.Code ?? await portals.WaitForCodeAsync(portal.Id, account, after: 0, stop);
}
