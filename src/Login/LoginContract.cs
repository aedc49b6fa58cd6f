namespace Ostiary.Login;

/// <summary>A slot of the credential; the engine names slots and never sees what is in them.</summary>
public readonly record struct Slot(string Name)
{
    public static readonly Slot Username = new("username");
    public static readonly Slot Password = new("password");
    /// <summary>A time-based one-time code computed from the stored seed at the moment of typing.</summary>
    public static readonly Slot TotpCode = new("totp_code");
    /// <summary>A source field by its key, e.g. <c>company_id</c>.</summary>
    public static Slot SourceField(string key) => new("source_field:" + key);
    /// <summary>A field of the newest answer to a <see cref="Challenge"/>, e.g. <c>code</c>.</summary>
    public static Slot Answer(string field) => new("answer:" + field);
}

/// <summary>What the site asks of the user. Type words and field types are the wire's (API.md section 6).</summary>
public sealed record Challenge(string Type, string Message, IReadOnlyList<ChallengeField> Fields)
{
    /// <summary>What the page offers beside the answer, words of <see cref="ChallengeOptions"/> with the site's captions; empty: nothing.</summary>
    public IReadOnlyList<ChallengeOption> Options { get; init; } = [];
}

/// <summary>The words of what a page offers beside an answer.</summary>
public static class ChallengeOptions
{
    /// <summary>The key of the one chosen, beside the fields of an answer.</summary>
    public const string Key = "option";
    /// <summary>Send the code or the request once more; instead of an answer.</summary>
    public const string Resend = "resend";
    /// <summary>Verify in another way; instead of an answer. Further ones of a page are <c>another_way_2</c> and so on.</summary>
    public const string AnotherWay = "another_way";
    /// <summary>Not to be asked again on this browser; with an answer. It is also what happens when nothing is said.</summary>
    public const string TrustDevice = "trust_device";
    /// <summary>Nothing of what is offered; with an answer. The way to say that this browser is not to be trusted.</summary>
    public const string None = "none";

    /// <summary>True for an option that stands in for the answer.</summary>
    public static bool IsInstead(string option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return option == Resend || option.StartsWith(AnotherWay, StringComparison.Ordinal);
    }
}

/// <summary>One thing to ask for.</summary>
public sealed record ChallengeField(string Name, string Type, string Label, IReadOnlyList<ChallengeOption>? Options = null);

/// <summary>One offered choice of a <c>select</c> field.</summary>
public sealed record ChallengeOption(string Value, string Label);

/// <summary>How a sign-in ended.</summary>
public abstract record LoginOutcome
{
    private LoginOutcome() { }

    /// <summary>Signed in, with positive proof.</summary>
    public sealed record SignedIn : LoginOutcome;
    /// <summary>The site refused user name or password. <paramref name="Message"/> is the site's own sentence.</summary>
    public sealed record Rejected(string Message) : LoginOutcome;
    /// <summary>The account is locked, suspended, or has had too many attempts.</summary>
    public sealed record Locked(string Message) : LoginOutcome;
    /// <summary>The user refused on the other device (a push that was denied): nothing is wrong with the credentials, and nobody is to be asked again unasked. <paramref name="Message"/> is the site's own sentence.</summary>
    public sealed record Denied(string Message) : LoginOutcome;
    /// <summary>The site insists on a new password first.</summary>
    public sealed record PasswordChangeRequired(string Message) : LoginOutcome;
    /// <summary>A bot wall, a captcha, or an address the server may not reach.</summary>
    public sealed record Blocked(string Message) : LoginOutcome;
    /// <summary>The site is down or answers with an error.</summary>
    public sealed record SourceUnavailable(string Message) : LoginOutcome;
    /// <summary>No way to sign in was found.</summary>
    public sealed record FormNotFound(string Message) : LoginOutcome;
    /// <summary>What happened could not be told. Never taken for success.</summary>
    public sealed record Unknown(string Message) : LoginOutcome;
}
