using System.Text.Json;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Sources;

/// <summary>A source as it is stored.</summary>
internal sealed record SourceRow : IListed
{
    public const string Columns = "id, name, url, login_url, logo_url, found_logo_url, auth_methods, required_fields, max_concurrent_sessions, overrides, suggested_overrides, (SELECT p.learned_at FROM learned_paths p WHERE p.source_id = sources.id) AS learned_at, created_at, updated_at";

    /// <summary>The ways to sign in that there are, in the wire's words.</summary>
    public static readonly IReadOnlyList<string> AllAuthMethods = ["username_password", "google_sso", "none"];

    public string Id { get; init; } = "";
    public string? Name { get; init; }
    public string Url { get; init; } = "";
    public string? LoginUrl { get; init; }

    /// <summary>What the customer gave; it wins over <see cref="FoundLogoUrl"/>.</summary>
    public string? LogoUrl { get; init; }

    /// <summary>What the website's own pages name as its picture; never fetched by this server.</summary>
    public string? FoundLogoUrl { get; init; }

    /// <summary>Null: all.</summary>
    public string[]? AuthMethods { get; init; }

    /// <summary>Source fields that a credential must have.</summary>
    public string[] RequiredFields { get; init; } = [];
    public int? MaxConcurrentSessions { get; init; }

    /// <summary>JSON that <see cref="SourceOverrides"/> has read without a fault.</summary>
    public string? Overrides { get; init; }

    /// <summary>Overrides that an adviser proposed and a success confirmed, as JSON; null: none.</summary>
    public string? SuggestedOverrides { get; init; }

    /// <summary>When the way to its sign-in was learned; null: it is not known.</summary>
    public DateTimeOffset? LearnedAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    public SourceObject ToObject() => new(
        Id, Name, new WebsiteObject(Url, LoginUrl, LogoUrl ?? FoundLogoUrl), AuthMethods ?? AllAuthMethods, RequiredFields, MaxConcurrentSessions, Overrides is null ? null : Json.Parse(Overrides), SuggestedOverrides is null ? null : Json.Parse(SuggestedOverrides), LearnedAt, CreatedAt, UpdatedAt);

    /// <summary>What its events carry.</summary>
    public object ToEvent() => new { id = Id, @object = "source", name = Name, type = "website", website = new { url = Url } };

    public static async Task<SourceRow?> FindAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, OrganizationId organization, SourceId id, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<SourceRow>(new CommandDefinition(
            $"SELECT {Columns} FROM sources WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id = id.Value },
            transaction,
            cancellationToken: cancellationToken));

    /// <summary>The source, held so that it cannot be deleted before the commit.</summary>
    public static Task<SourceRow?> HoldAsync(DbTransactionScope scope, OrganizationId organization, string id, CancellationToken cancellationToken) =>
        scope.FirstOrNoneAsync<SourceRow>($"SELECT {Columns} FROM sources WHERE organization_id = @organization AND id = @id FOR KEY SHARE", new { organization = organization.Value, id }, cancellationToken);

    /// <summary>Every fault of a credential that this source cannot use: a way to sign in that it does not take, and each source field that it needs and <paramref name="fields"/> lacks.</summary>
    public IEnumerable<Fault> FaultsOf(string authMethod, IReadOnlyCollection<string> fields)
    {
        if (AuthMethods is { } taken && !taken.Contains(authMethod, StringComparer.Ordinal)) yield return Fault.Invalid("auth_method", $"The source `{Id}` takes: {string.Join(", ", taken)}.");
        if (authMethod != "username_password") yield break;
        foreach (var field in RequiredFields.Except(fields, StringComparer.Ordinal)) yield return Fault.Missing($"auth_credentials.source_fields.{field}");
    }
}

/// <summary>What is found out about sources on the way.</summary>
internal sealed class SourceFindings(Db db, EventLog events, TimeProvider time)
{
    /// <summary>Notes the picture that a source's own page names, unless one is known. Whoever comes second changes nothing.</summary>
    public async Task LogoAsync(OrganizationId organization, string sourceId, string url, CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        var row = await scope.FirstOrNoneAsync<SourceRow>(
            $"UPDATE sources SET found_logo_url = @url, updated_at = @now WHERE organization_id = @organization AND id = @sourceId AND logo_url IS NULL AND found_logo_url IS NULL RETURNING {SourceRow.Columns}",
            new { organization = organization.Value, sourceId, url, now = time.GetUtcNow() },
            cancellationToken);
        if (row is null) return;
        await events.RecordAsync(scope, organization, "source.updated", row.Id, row.ToEvent(), cancellationToken);
        await scope.CommitAsync(cancellationToken);
    }

    /// <summary>Notes overrides that advice led to, in the commit that verifies the credential; not for a source that has others by now.</summary>
    public static Task SuggestAsync(DbTransactionScope scope, SourceRow used, IReadOnlyDictionary<string, string> selectors, CancellationToken cancellationToken) =>
        scope.Connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sources SET suggested_overrides = @suggested::json WHERE id = @Id AND url = @Url AND login_url IS NOT DISTINCT FROM @LoginUrl AND overrides::text IS NOT DISTINCT FROM @Overrides",
            new { used.Id, used.Url, used.LoginUrl, used.Overrides, suggested = JsonSerializer.Serialize(new { selectors = selectors.OrderBy(s => s.Key, StringComparer.Ordinal).ToDictionary(s => s.Key, s => s.Value) }) },
            scope.Transaction,
            cancellationToken: cancellationToken));
}

/// <summary>A source on the wire.</summary>
internal sealed record SourceObject(
    string Id, string? Name, WebsiteObject Website,
    [property: Says(SourceObject.AuthMethodsWords, Example = SourceObject.AuthMethodsExample)] IReadOnlyList<string> AuthMethods,
    [property: Says(SourceObject.RequiredFieldsWords, Example = "[]")] IReadOnlyList<string> RequiredFields,
    [property: Says(SourceObject.MaxConcurrentSessionsWords, Example = "null")] int? MaxConcurrentSessions,
    [property: JsonObjectField, Says(SourceObject.OverridesWords, Example = "null")] JsonElement? Overrides,
    [property: JsonObjectField, Says(SourceObject.SuggestedOverridesWords, Example = "null")] JsonElement? SuggestedOverrides,
    [property: Says(SourceObject.LearnedAtWords, Example = "null")] DateTimeOffset? LearnedAt, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    /// <summary>For the reference.</summary>
    public const string UrlWords = "Where the website is: absolute, http or https. Normalised on the way in.";

    // For the reference: the words stand beside the field in requests and answers alike.
    public const string AuthMethodsWords = "Ways to sign in that credentials of this source may use: `username_password`, `google_sso`, `none`. Default: all.";
    public const string AuthMethodsExample = """["username_password"]""";
    public const string RequiredFieldsWords = "Keys of source fields without which a `username_password` credential is refused.";
    public const string MaxConcurrentSessionsWords = "Browsers in use on this source at once; further runs wait in `queued`. Null: no limit of its own.";
    public const string OverridesWords = "Corrections to the sign-in engine: `start_url`, `login_url`, `check_url`, `selectors` {role: CSS}, `fields` {source field: CSS}, `refusal_words`, `signed_in_words`, `steps`, `preferred_mfa`, `domains`, `accept_terms`, `trust_device`.";
    public const string SuggestedOverridesWords = "Overrides that the adviser proposed and a sign-in confirmed; they have no effect until you send them as `overrides`. Null: none, or taken up.";
    public const string LearnedAtWords = "When the way to the sign-in was learned, by a sign-in that succeeded; the next one goes straight there. Null: not known, or forgotten.";

    /// <summary>For the reference.</summary>
    public const string LogoUrlWords = "A picture of the website. When none is given, the address that its own pages name; it is not fetched.";

    /// <summary>For the reference.</summary>
    public const string LoginUrlWords = "The page with the sign-in form, where it cannot be reached from `url`.";

    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "source";

    public string Type => "website";
}

/// <summary>Where the website is; URLs are normalised.</summary>
internal sealed record WebsiteObject(
    [property: Says(SourceObject.UrlWords, Example = "https://example.com/")] string Url,
    [property: Says(SourceObject.LoginUrlWords, Example = "null")] string? LoginUrl,
    [property: Says(SourceObject.LogoUrlWords, Example = "null")] string? LogoUrl);
