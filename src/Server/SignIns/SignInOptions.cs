namespace Ostiary.Server.SignIns;

/// <summary>Section <c>SignIns</c>: how often a website may see a sign-in. See <c>docs/decisions/0080-sign-in-budgets.md</c>.</summary>
internal sealed class SignInOptions
{
    /// <summary>The time that the budgets below are for; it slides. Default 1 hour.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Sign-ins of one account (a user name at a source, whichever credentials hold it) that may fail in a row within <see cref="Window"/>; then nothing is sent for it until the oldest of them is over. 0 = no limit. Default 5.</summary>
    public int FailuresPerAccount { get; set; } = 5;

    /// <summary>Sign-ins with one credential that may reach the website within <see cref="Window"/>, those that succeed included. 0 = no limit. Default 240.</summary>
    public int AttemptsPerCredential { get; set; } = 240;

    /// <summary>Sign-ins at one source, of all its accounts together, that may fail within <see cref="Window"/>. 0 = no limit. Default 500.</summary>
    public int FailuresPerSource { get; set; } = 500;

    /// <summary>How long nothing is sent for an account after the website has said that it is locked. 0 = not at all. Default 15 minutes.</summary>
    public TimeSpan LockedPause { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Attempts are kept this long, and as long as they count: an operator may want to see them.</summary>
    internal TimeSpan KeepFor => new[] { TimeSpan.FromDays(1), Window, LockedPause }.Max();

    internal static void Check(SignInOptions options, Action<string> fault)
    {
        if (options.Window < TimeSpan.FromSeconds(1)) fault("Window is at least one second.");
        if (options.FailuresPerAccount < 0 || options.AttemptsPerCredential < 0 || options.FailuresPerSource < 0) fault("FailuresPerAccount, AttemptsPerCredential and FailuresPerSource are 0 or more.");
    }
}
