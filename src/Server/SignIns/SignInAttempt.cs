using Ostiary.Server.Credentials;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Work;

namespace Ostiary.Server.SignIns;

/// <summary>One start of a run's or connection's work: what it may sign in with, what was touched, what was found out, and the turns that are held until it is settled.</summary>
internal abstract class SignInAttempt(WorkItem item) : IAsyncDisposable
{
    private bool _touched;

    public WorkItem Item { get; } = item;

    public abstract OrganizationId Organization { get; }

    /// <summary>Null: the page is opened as anybody sees it.</summary>
    public abstract string? CredentialId { get; }

    /// <summary>True when the credential itself is to be proved: a state kept from earlier does not count.</summary>
    public virtual bool ProvesCredential => false;

    /// <summary>The credential as it was read last; null before <see cref="SigningIn.PrepareAsync"/>, and when there is none.</summary>
    public CredentialRow? Credential { get; set; }

    /// <summary>The signed-in state to open the browser with, or null.</summary>
    public SignedInState? State { get; set; }

    public IReadOnlyList<SignInStepNote> Steps { get; set; } = [];

    /// <summary>Who is told what the sign-in sees and decides, as it happens; null: nobody.</summary>
    public virtual ISignInWitness? Witness => null;

    /// <summary>The rights to sign in with the credential and with its values; given back together.</summary>
    public Stack<IAsyncDisposable> Turns { get; } = [];

    /// <summary>True once a value was opened or a step was done.</summary>
    public bool Touched => _touched || WasTouchedBefore;

    protected abstract bool WasTouchedBefore { get; }

    /// <summary>Commits that the site is about to be touched.</summary>
    public async Task TouchAsync(CancellationToken cancellationToken)
    {
        if (_touched) return;
        await WriteTouchAsync(cancellationToken);
        _touched = true;
    }

    public async Task GiveTurnsBackAsync()
    {
        while (Turns.TryPop(out var turn)) await turn.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        State?.Dispose();
        await GiveTurnsBackAsync();
    }

    protected abstract Task WriteTouchAsync(CancellationToken cancellationToken);
}

/// <summary>How a sign-in ended, for whoever wanted it.</summary>
internal abstract record SignInEnding
{
    private SignInEnding()
    {
    }

    /// <summary>The browser shows the source, signed in where there is something to sign in with.</summary>
    public sealed record In : SignInEnding
    {
        public static readonly In It = new();
    }

    /// <summary>Somebody else has signed in with the credential while this one waited: to be entered again, in a browser opened with <see cref="SignInAttempt.State"/>.</summary>
    public sealed record Reopen : SignInEnding
    {
        public static readonly Reopen It = new();
    }

    /// <summary>It did not come to that; <paramref name="Fault"/> says why, in the wire's words.</summary>
    public sealed record Failed(Fault Fault) : SignInEnding;

    /// <summary>The source rejected the credential.</summary>
    public sealed record Refused(Fault Fault, CredentialRow Credential, byte[]? Fingerprint) : SignInEnding;
}
