using Ostiary.Login;

namespace Ostiary.Server.Sessions;

/// <summary>
/// Opens what a credential holds, one slot for one keystroke. The implementation unseals inside <see cref="UseAsync"/> and wipes before it returns.
/// </summary>
internal interface ISignInSecrets
{
    /// <summary>Slots that hold something: username, password, totp_code, source_field:x.</summary>
    IReadOnlySet<Slot> Available { get; }

    /// <summary>Opens one slot for the duration of <paramref name="use"/>.</summary>
    Task UseAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken);
}

/// <summary>Puts a challenge to the user and waits for the answer. Made by the owner of the run or connection.</summary>
internal interface IChallengeDesk
{
    /// <summary>
    /// Commits the question, waits, and returns the answer; disposing it wipes it. Null: no answer in time.
    /// <paramref name="withdrawn"/> ends the waiting when the page moved on by itself (a push was approved): returns <see cref="ChallengeAnswer.Empty"/>.
    /// </summary>
    Task<ChallengeAnswer?> AskAsync(Challenge challenge, CancellationToken withdrawn, CancellationToken cancellationToken);
}

/// <summary>The user's values by field name, as secrets.</summary>
internal sealed class ChallengeAnswer(IReadOnlyDictionary<string, Ostiary.Vault.Secret> values) : IDisposable
{
    public static ChallengeAnswer Empty => new(new Dictionary<string, Ostiary.Vault.Secret>());
    public IReadOnlyDictionary<string, Ostiary.Vault.Secret> Values { get; } = values;

    public void Dispose()
    {
        foreach (var value in Values.Values) value.Dispose();
    }
}

/// <summary>What a sign-in needs to know.</summary>
/// <param name="Url">The source's URL: a login page, a home page or any page of the site.</param>
/// <param name="LoginUrl">The source's login URL when known.</param>
/// <param name="Provider">The identity provider whose credentials these are; null: the site's own.</param>
internal sealed record SignInRequest(Uri Url, Uri? LoginUrl, ISignInSecrets Secrets, IChallengeDesk Desk, IdentityProvider? Provider = null)
{
    /// <summary>Who is told of looks and decisions as they happen; null: nobody.</summary>
    public ISignInWitness? Witness { get; init; }
}

/// <summary>Is told what a sign-in saw and decided, just before it acts on it. Nothing it is told carries a value.</summary>
internal interface ISignInWitness
{
    /// <summary>
    /// The sign-in goes on while this runs, up to typing into <paramref name="filled"/>; it waits for the end before it sends or changes anything. The last call, at <see cref="LoginStep.Done"/>, is not waited for: whoever goes on with the page does that.
    /// So this must be quick, and throws
    /// nothing but a cancellation.
    /// </summary>
    /// <param name="filled">Elements of the page that values go into with this step.</param>
    Task SawAsync(SignInStepNote note, Ostiary.Browser.PageSnapshot page, LoginDecision decision, IReadOnlyList<Ostiary.Browser.ElementId> filled, CancellationToken cancellationToken);

    /// <summary>How the sign-in ended could not be told.</summary>
    void Unsure(string message);
}

/// <summary>The end of a sign-in, with the steps that led there (no values), for a run's artifacts.</summary>
/// <param name="TimedOut">True when a challenge was not answered in time; <paramref name="Outcome"/> is then <see cref="LoginOutcome.Unknown"/>.</param>
internal sealed record SignInResult(LoginOutcome Outcome, bool TimedOut, IReadOnlyList<SignInStepNote> Steps);

/// <summary>One decision: what the page was taken for, what was done, and why.</summary>
internal sealed record SignInStepNote(DateTimeOffset At, string Url, string Page, string Action, IReadOnlyList<string> Why);
