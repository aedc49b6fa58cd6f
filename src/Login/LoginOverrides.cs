using System.Collections.Immutable;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>
/// Corrections to single decisions of the engine for one website, as data. What is not here the engine decides itself, and what is here but fits nothing on a page it decides
/// itself as well, and says so. The rules about what may be sent, how often and where hold as ever.
/// </summary>
public sealed record LoginOverrides
{
    /// <summary>Nothing is corrected.</summary>
    public static LoginOverrides None { get; } = new();

    /// <summary>Where a sign-in begins instead of at the source's URL.</summary>
    public Uri? StartUrl { get; init; }

    /// <summary>The page of the second look: one that only somebody signed in gets to see.</summary>
    public Uri? CheckUrl { get; init; }

    /// <summary>CSS selectors by role: <c>sign_in</c>, <c>identifier</c>, <c>next</c>, <c>password</c>, <c>submit</c>, <c>code</c>, <c>code_submit</c>, <c>refusal</c>, <c>signed_in</c>.</summary>
    public ImmutableDictionary<string, string> Selectors { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>CSS selectors by the key of a source field.</summary>
    public ImmutableDictionary<string, string> Fields { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>What the website writes when it refuses a credential.</summary>
    public ImmutableList<string> RefusalWords { get; init; } = [];

    /// <summary>What the website writes for somebody who is signed in, and for nobody else.</summary>
    public ImmutableList<string> SignedInWords { get; init; } = [];

    /// <summary>The order in which the website asks, each word one step: <c>identifier</c>, <c>password</c>, <c>source_fields</c>, <c>code</c>. Fields of a later step are left alone until it is their turn.</summary>
    public ImmutableList<string> Steps { get; init; } = [];

    /// <summary>The way to verify that is taken where several are offered: <c>totp</c>, <c>sms</c>, <c>email</c>, <c>voice</c>, <c>push</c>, <c>security_question</c>; null: the user is asked.</summary>
    public string? PreferredMfa { get; init; }

    /// <summary>Domains beside the source's own on which values may be typed, their subdomains included; when given, no other is, wherever the site leads. Null: what the site's own steps lead to.</summary>
    public ImmutableList<string>? Domains { get; init; }

    /// <summary>Whether new terms of the website are accepted where nothing else leads on. False: the sign-in ends there, and the user accepts them on the website or not.</summary>
    public bool AcceptsTerms { get; init; } = true;

    /// <summary>Whether the website may be asked to trust this browser and to ask for no code next time, unless the user says otherwise.</summary>
    public bool TrustsDevice { get; init; } = true;

    /// <summary>The selectors as <see cref="BrowserSession.Marks"/> wants them.</summary>
    public IReadOnlyDictionary<string, string> Marks => Selectors.AddRange(Fields.Select(f => KeyValuePair.Create(FieldMark + f.Key, f.Value)));

    internal const string FieldMark = "fields.";
}
