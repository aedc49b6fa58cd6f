namespace Ostiary.Portals;

/// <summary>
/// What a test or a person needs to know about one practice website: where it is, who may sign in, what it will ask, and which sentences it will show.
/// The same record is served as JSON (snake_case) by <c>GET /portals.json</c>.
/// </summary>
public sealed record Portal
{
    /// <summary>Lower-case name, also the first part of every path of the site, e.g. <c>hotel</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The brand as the site itself writes it.</summary>
    public required string Title { get; init; }

    /// <summary>Path of the page to hand to Ostiary as a source's URL; a login page, or a home page when reaching the login is part of the exercise.</summary>
    public required string Path { get; init; }

    /// <summary>Path of the site's home page.</summary>
    public string HomePath => "/" + Id + "/";

    /// <summary>The base account. Any <c>name+anything</c> is a further account with the same password; see <see cref="UsernameFor"/>.</summary>
    public required string Username { get; init; }

    /// <summary>The right password, or null when the site has none.</summary>
    public string? Password { get; init; }

    /// <summary>A password the site refuses, or null when the site has none.</summary>
    public string? WrongPassword { get; init; }

    /// <summary>Further values the sign-in form asks for, e.g. <c>company_id</c>.</summary>
    public IReadOnlyDictionary<string, string> SourceFields { get; init; } = new Dictionary<string, string>();

    /// <summary>The credential's <c>auth_method</c>: <c>username_password</c>, or <c>google_sso</c> when the password is that of an identity provider on the site's other origin.</summary>
    public string AuthMethod { get; init; } = "username_password";

    /// <summary>What follows the password: <c>none</c>, <c>code</c>, <c>totp</c>, <c>push</c>, <c>choice</c>, <c>question</c>, <c>account</c> or <c>email_code</c>.</summary>
    public string Mfa { get; init; } = "none";

    /// <summary>The right code when it never changes; null when there is none or it is sent anew each time (ask the control API, or <see cref="RunningPortals.CodeFor"/>).</summary>
    public string? Code { get; init; }

    /// <summary>A code that is never right.</summary>
    public string? WrongCode { get; init; }

    /// <summary>Base32 seed of the authenticator (RFC 6238, SHA-1, 6 digits, 30 s), or null.</summary>
    public string? TotpSecret { get; init; }

    /// <summary>What the site asks after a right password, in order, when nothing but user name, password and <see cref="SourceFields"/> is stored.</summary>
    public IReadOnlyList<PortalChallenge> ExpectedChallenges { get; init; } = [];

    /// <summary>How a sign-in with the right values ends: <c>verified</c>, or the error code of the wire contract (<c>auth_locked</c>, <c>source_blocked</c> …).</summary>
    public string Expected { get; init; } = "verified";

    /// <summary>Part of the site's sentence when <see cref="Expected"/> is an error, else null.</summary>
    public string? ExpectedText { get; init; }

    /// <summary>The site's sentence for a wrong password; null when it has no password to refuse.</summary>
    public string? WrongText { get; init; }

    /// <summary>The site refuses a wrong password without a word that a browser shows: by a status or by its address alone.</summary>
    public bool WrongIsSilent { get; init; }

    /// <summary>The server asks for user name and password itself (HTTP Basic or Digest authentication); there is no page before.</summary>
    public bool HttpAuthentication { get; init; }

    /// <summary>The site's sentence for a wrong code or answer, or null.</summary>
    public string? WrongCodeText { get; init; }

    /// <summary>Text on the signed-in page and on no other page of the site; null when nobody gets in.</summary>
    public string? Evidence { get; init; }

    /// <summary>What is particular about this way of signing in.</summary>
    public required string Style { get; init; }

    /// <summary>
    /// The name of a further account, e.g. <c>ada+run17</c> for the tag <c>run17</c> (before the @ of a mail address). Counters, codes and locks are per account. An empty tag is the base account.
    /// </summary>
    public string UsernameFor(string tag)
    {
        if (tag.Length == 0) return Username;
        var at = Username.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? Username + "+" + tag : Username[..at] + "+" + tag + Username[at..];
    }
}

/// <summary>One thing the site asks for after the password. Words are the wire's: type <c>mfa</c>, <c>security_question</c>, <c>account_selection</c>, <c>push_approval</c>.</summary>
/// <param name="Says">Part of what the site writes beside it.</param>
public sealed record PortalChallenge(string Type, string Says, IReadOnlyList<PortalField> Fields);

/// <summary>One value to give.</summary>
/// <param name="Name">The usual name: <c>code</c>, <c>method</c>, <c>answer</c>, <c>account_id</c>.</param>
/// <param name="Type"><c>string</c>, <c>password</c>, <c>number</c> or <c>select</c>.</param>
/// <param name="Answer">The right value; for a select, part of the right option's label. Null: a code to be fetched from the control API.</param>
/// <param name="WrongAnswer">A value the site refuses, or null when none is refused.</param>
/// <param name="Options">Parts of the labels offered by a select, in order.</param>
public sealed record PortalField(string Name, string Type, string? Answer, string? WrongAnswer, IReadOnlyList<string> Options)
{
    public PortalField(string name, string type, string? answer, string? wrongAnswer = null) : this(name, type, answer, wrongAnswer, []) { }
}
