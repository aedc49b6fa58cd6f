using System.Collections.Immutable;
using System.Text.Json;
using Ostiary.Login;
using Ostiary.Server.Sources;

namespace Ostiary.Server.SignIns;

/// <summary>What is known about a source, in the engine's terms: the customer's overrides, and the way that earlier sign-ins found.</summary>
internal static class Corrections
{
    /// <summary>The overrides of a source; nothing where it has none.</summary>
    public static LoginOverrides Of(SourceOverrides? overrides) => overrides is null ? LoginOverrides.None : new LoginOverrides
    {
        StartUrl = overrides.StartUrl,
        CheckUrl = overrides.CheckUrl,
        Selectors = overrides.Selectors.ToImmutableDictionary(),
        Fields = overrides.Fields.ToImmutableDictionary(),
        RefusalWords = [.. overrides.RefusalWords],
        SignedInWords = [.. overrides.SignedInWords],
        Steps = [.. overrides.Steps],
        PreferredMfa = overrides.PreferredMfa,
        AcceptsTerms = overrides.AcceptTerms ?? true,
        TrustsDevice = overrides.TrustDevice ?? true,
        Domains = overrides.Domains is { } domains ? [.. domains] : null,
    };

    /// <summary>The page of the form as the customer gave it: an override wins over the source's <c>login_url</c>.</summary>
    public static Uri? LoginUrlOf(SourceRow source, SourceOverrides? overrides) => overrides?.LoginUrl ?? (source.LoginUrl is { } login ? new Uri(login) : null);

    public static string Write(LearnedPath path) => JsonSerializer.Serialize(new Stored(path.Form.AbsoluteUri, path.Opener, [.. path.Groups]));

    /// <summary>Null: a release that wrote something else has kept it.</summary>
    public static LearnedPath? Read(string? stored)
    {
        if (stored is null) return null;
        try
        {
            return JsonSerializer.Deserialize<Stored>(stored) is { Form: not null, Groups: not null } known && Uri.TryCreate(known.Form, UriKind.Absolute, out var form) && LearnedPath.IsLasting(form) ? new LearnedPath(form, known.Opener, [.. known.Groups]) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Stored(string Form, string? Opener, string[] Groups);
}
