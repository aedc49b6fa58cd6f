using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using Ostiary.Egress;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Sources;

/// <summary>Sources: websites.</summary>
internal static partial class SourceRoutes
{
    /// <summary>Characters of an address.</summary>
    public const int LongestUrl = 2_000;

    private const int MostRequiredFields = 10;
    private const int MostSessions = 10_000;

    public static IServiceCollection AddSources(this IServiceCollection services) => services.AddSingleton<SourceFindings>();

    public static void MapSources(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Sources", "A source is a website to sign in to.");
        routes.MapPost("/sources", CreateAsync).Describe("Create a source").Takes<CreateRequest>().Gives<SourceObject>(201).Fails("source_invalid", "id_conflict");
        routes.MapGet("/sources", ListAsync).OpenToTokens().Describe("List sources").Pages<SourceId, SourceObject>();
        routes.MapGet("/sources/{id}", GetAsync).OpenToTokens().Describe("Get a source").At<SourceId>().Gives<SourceObject>();
        routes.MapPatch("/sources/{id}", UpdateAsync).Describe("Update a source").At<SourceId>().Takes<UpdateRequest>().Gives<SourceObject>().Fails("source_invalid");
        routes.MapPost("/sources/{id}/reset", ResetAsync).Describe("Reset a source", "Forgets the learned way to its sign-in: the next sign-in looks for it anew. Credentials and overrides stay.").At<SourceId>().Gives<SourceObject>();
        routes.MapDelete("/sources/{id}", DeleteAsync).Describe("Delete a source", "A source that something still uses stays: 409.").At<SourceId>().Deletes().Fails("state_conflict");
    }

    internal sealed record CreateRequest
    {
        [IdOf<SourceId>, Says(ChosenId.Words)] public string? Id { get; init; }
        [RequiredField, OneOf("website")] public string? Type { get; init; }
        public string? Name { get; init; }
        [RequiredField] public CreateWebsite? Website { get; init; }
        [Says(SourceObject.AuthMethodsWords, Example = SourceObject.AuthMethodsExample)] public IReadOnlyList<string>? AuthMethods { get; init; }
        [Says(SourceObject.RequiredFieldsWords, Example = "[]")] public IReadOnlyList<string>? RequiredFields { get; init; }
        [Between(1, MostSessions), Says(SourceObject.MaxConcurrentSessionsWords, Example = "5")] public int? MaxConcurrentSessions { get; init; }
        [JsonObjectField, Says(SourceObject.OverridesWords, Example = "{}")] public JsonElement? Overrides { get; init; }
    }

    internal sealed record CreateWebsite
    {
        [RequiredField, Longest(LongestUrl), Says(SourceObject.UrlWords, Example = "https://example.com/")] public string? Url { get; init; }
        [Longest(LongestUrl), Says(SourceObject.LoginUrlWords)] public string? LoginUrl { get; init; }
        [Longest(LongestUrl), Says(SourceObject.LogoUrlWords)] public string? LogoUrl { get; init; }
    }

    internal sealed record UpdateRequest
    {
        [NotNullField, OneOf("website")] public Given<string> Type { get; init; }
        public Given<string> Name { get; init; }
        [NotNullField] public Given<UpdateWebsite> Website { get; init; }
        [Says(SourceObject.AuthMethodsWords, Example = SourceObject.AuthMethodsExample)] public Given<IReadOnlyList<string>> AuthMethods { get; init; }
        [Says(SourceObject.RequiredFieldsWords, Example = "[]")] public Given<IReadOnlyList<string>> RequiredFields { get; init; }
        [Between(1, MostSessions), Says(SourceObject.MaxConcurrentSessionsWords, Example = "5")] public Given<int?> MaxConcurrentSessions { get; init; }
        [JsonObjectField, Says(SourceObject.OverridesWords, Example = "{}")] public Given<JsonElement?> Overrides { get; init; }
    }

    internal sealed record UpdateWebsite
    {
        [NotNullField, Longest(LongestUrl), Says(SourceObject.UrlWords, Example = "https://example.com/")] public Given<string> Url { get; init; }
        [Longest(LongestUrl), Says(SourceObject.LoginUrlWords)] public Given<string> LoginUrl { get; init; }
        [Longest(LongestUrl), Says(SourceObject.LogoUrlWords)] public Given<string> LogoUrl { get; init; }
    }

    private static async Task<Reply> CreateAsync(ApiCall call, IdSource ids, EventLog events, EgressGuard egress, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<CreateRequest>(faults);
        var id = ChosenId.Read<SourceId>(request.Id, ids, faults);
        var url = await NormaliseAsync(request.Website?.Url, "website.url", egress, faults, cancellationToken);
        var loginUrl = await NormaliseAsync(request.Website?.LoginUrl, "website.login_url", egress, faults, cancellationToken);
        var logoUrl = ReadLogo(request.Website?.LogoUrl, faults);
        CheckLists(request.AuthMethods, request.RequiredFields, faults);
        await CheckOverridesAsync(request.Overrides, egress, faults, cancellationToken);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var now = time.GetUtcNow();
        var row = new SourceRow
        {
            Id = id.Value, Name = request.Name, Url = url!, LoginUrl = loginUrl, LogoUrl = logoUrl, AuthMethods = request.AuthMethods?.ToArray(), RequiredFields = request.RequiredFields?.ToArray() ?? [],
            MaxConcurrentSessions = request.MaxConcurrentSessions, Overrides = Text(request.Overrides), CreatedAt = now, UpdatedAt = now,
        };
        await using var scope = await call.BeginAsync(cancellationToken);
        var inserted = await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO sources (id, organization_id, name, url, login_url, logo_url, auth_methods, required_fields, max_concurrent_sessions, overrides, created_at, updated_at)
            VALUES (@Id, @organization, @Name, @Url, @LoginUrl, @LogoUrl, @AuthMethods, @RequiredFields, @MaxConcurrentSessions, @Overrides::json, @now, @now)
            ON CONFLICT DO NOTHING
            """,
            new { row.Id, organization = call.Organization.Value, row.Name, row.Url, row.LoginUrl, row.LogoUrl, row.AuthMethods, row.RequiredFields, row.MaxConcurrentSessions, row.Overrides, now },
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (inserted == 0) return ChosenId.Taken(id);
        await events.RecordAsync(scope, call.Organization, "source.created", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<SourceId>(call.Query, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        return Reply.Ok(await new ListQuery(SourceRow.Columns, "sources", call).ReadAsync<SourceRow, SourceObject>(db, page, row => row.ToObject(), cancellationToken));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<SourceId>(id, out var sourceId)) return Reply.NotFound<SourceId>(id);
        await using var connection = await db.OpenAsync(cancellationToken);
        return await SourceRow.FindAsync(connection, null, call.Organization, sourceId, forUpdate: false, cancellationToken) is { } row && await call.ReachesAsync(connection, "sources", row.Id, cancellationToken) ? Reply.Ok(row.ToObject()) : Reply.NotFound<SourceId>(id);
    }

    private static async Task<Reply> UpdateAsync(string id, ApiCall call, EventLog events, EgressGuard egress, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<UpdateRequest>(faults);
        var url = await NormaliseAsync(request.Website.Value?.Url.Value, "website.url", egress, faults, cancellationToken);
        var loginUrl = await NormaliseAsync(request.Website.Value?.LoginUrl.Value, "website.login_url", egress, faults, cancellationToken);
        var logoUrl = ReadLogo(request.Website.Value?.LogoUrl.Value, faults);
        CheckLists(request.AuthMethods.Value, request.RequiredFields.Value, faults);
        await CheckOverridesAsync(request.Overrides.Value, egress, faults, cancellationToken);
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (!ObjectId.TryParse<SourceId>(id, out var sourceId)) return Reply.NotFound<SourceId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await SourceRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, sourceId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<SourceId>(id);
        var before = row;
        row = row with
        {
            Name = request.Name.Or(row.Name),
            Url = url ?? row.Url,
            LoginUrl = request.Website.Value is { LoginUrl.IsGiven: true } ? loginUrl : row.LoginUrl,
            LogoUrl = request.Website.Value is { LogoUrl.IsGiven: true } ? logoUrl : row.LogoUrl,
            // Another website has another picture.
            FoundLogoUrl = url is null || url == row.Url ? row.FoundLogoUrl : null,
            AuthMethods = request.AuthMethods.IsGiven ? request.AuthMethods.Value?.ToArray() : row.AuthMethods,
            RequiredFields = request.RequiredFields.IsGiven ? request.RequiredFields.Value?.ToArray() ?? [] : row.RequiredFields,
            MaxConcurrentSessions = request.MaxConcurrentSessions.Or(row.MaxConcurrentSessions),
            Overrides = request.Overrides.IsGiven ? Text(request.Overrides.Value) : row.Overrides,
            // Taken up, or decided against; or made for another website.
            SuggestedOverrides = request.Overrides.IsGiven || url is not null && url != row.Url ? null : row.SuggestedOverrides,
            UpdatedAt = time.GetUtcNow(),
        };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE sources SET name = @Name, url = @Url, login_url = @LoginUrl, logo_url = @LogoUrl, found_logo_url = @FoundLogoUrl, auth_methods = @AuthMethods, required_fields = @RequiredFields,
                max_concurrent_sessions = @MaxConcurrentSessions, overrides = @Overrides::json, suggested_overrides = @SuggestedOverrides::json, updated_at = @UpdatedAt
            WHERE id = @Id
            """,
            row, scope.Transaction, cancellationToken: cancellationToken));
        if (row.Url != before.Url || row.LoginUrl != before.LoginUrl || row.Overrides != before.Overrides)
        {
            await LearnedPaths.ForgetAsync(scope.Connection, scope.Transaction, [row.Id], cancellationToken);
            row = row with { LearnedAt = null };
        }

        await events.RecordAsync(scope, call.Organization, "source.updated", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> ResetAsync(string id, ApiCall call, EventLog events, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<SourceId>(id, out var sourceId)) return Reply.NotFound<SourceId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await SourceRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, sourceId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<SourceId>(id);
        if (row.LearnedAt is not null)
        {
            await LearnedPaths.ForgetAsync(scope.Connection, scope.Transaction, [row.Id], cancellationToken);
            row = row with { LearnedAt = null };
            await events.RecordAsync(scope, call.Organization, "source.updated", row.Id, row.ToEvent(), cancellationToken);
        }

        return await call.CommitAsync(scope, Reply.Ok(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> DeleteAsync(string id, ApiCall call, IEnumerable<ISourceGuard> guards, EventLog events, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<SourceId>(id, out var sourceId)) return Reply.NotFound<SourceId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await SourceRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, sourceId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<SourceId>(id);
        foreach (var guard in guards)
        {
            if (await guard.ReasonToKeepAsync(scope, sourceId, cancellationToken) is { } reason) return Reply.Conflict(reason);
        }

        await scope.Connection.ExecuteAsync(new CommandDefinition("DELETE FROM sources WHERE id = @Id", new { row.Id }, scope.Transaction, cancellationToken: cancellationToken));
        await events.RecordAsync(scope, call.Organization, "source.deleted", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Deleted(sourceId), cancellationToken);
    }

    // Shown to people, never fetched here: only its form is checked.
    private static string? ReadLogo(string? text, List<Fault> faults)
    {
        if (text is null) return null;
        if (Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0 && url.UserInfo.Length == 0) return url.AbsoluteUri;
        faults.Add(Fault.Invalid("website.logo_url", "`website.logo_url` must be an absolute http or https URL without user name and password."));
        return null;
    }

    private static void CheckLists(IReadOnlyList<string>? methods, IReadOnlyList<string>? fields, List<Fault> faults)
    {
        if (methods is { Count: 0 }) faults.Add(Fault.Invalid("auth_methods", "`auth_methods` names at least one; leave it out for all."));
        for (var i = 0; i < methods?.Count; i++)
        {
            if (!SourceRow.AllAuthMethods.Contains(methods[i]) || methods.Take(i).Contains(methods[i])) faults.Add(Fault.Invalid($"auth_methods[{i}]", $"`auth_methods` takes each of these once: {string.Join(", ", SourceRow.AllAuthMethods)}."));
        }

        if (fields?.Count > MostRequiredFields) faults.Add(Fault.Invalid("required_fields", $"`required_fields` takes at most {MostRequiredFields} names."));
        for (var i = 0; i < fields?.Count; i++)
        {
            if (!FieldName().IsMatch(fields[i]) || fields[i] is "username" or "password" or "totp_secret" || fields.Take(i).Contains(fields[i]))
                faults.Add(Fault.Invalid($"required_fields[{i}]", "A source field's key must match ^[a-z][a-z0-9_]{0,63}$, not be username, password or totp_secret, and stand there once."));
        }
    }

    private static async Task CheckOverridesAsync(JsonElement? json, EgressGuard egress, List<Fault> faults, CancellationToken cancellationToken)
    {
        if (json is not { ValueKind: JsonValueKind.Object } found) return;
        foreach (var (field, url) in SourceOverrides.Read(found, "overrides", faults).Addresses) await NormaliseAsync(url.AbsoluteUri, $"overrides.{field}", egress, faults, cancellationToken);
    }

    private static string? Text(JsonElement? json) => json is { ValueKind: JsonValueKind.Object } found && found.EnumerateObject().Any() ? found.GetRawText() : null;

    [GeneratedRegex("^[a-z][a-z0-9_]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex FieldName();

    /// <summary>The normalised URL, or null with a <c>source_invalid</c> fault when it is not absolute http(s) or the outgoing guard refuses it. A name that does not resolve now may do so later and is accepted.</summary>
    private static async Task<string?> NormaliseAsync(string? text, string field, EgressGuard egress, List<Fault> faults, CancellationToken cancellationToken)
    {
        if (text is null) return null;
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0 || url.UserInfo.Length > 0)
        {
            faults.Add(new Fault("source", "source_invalid", $"`{field}` must be an absolute http or https URL without user name and password.", field));
            return null;
        }

        if (await egress.CheckAsync(url, cancellationToken) is EgressDecision.Refused refused)
        {
            faults.Add(new Fault("source", "source_invalid", $"`{field}` may not be reached from here: {refused.Reason}", field));
            return null;
        }

        return url.AbsoluteUri;
    }
}

/// <summary>A room that may need a source to stay.</summary>
internal interface ISourceGuard
{
    /// <summary>A sentence for the customer, or null when the source may go.</summary>
    Task<string?> ReasonToKeepAsync(DbTransactionScope scope, SourceId source, CancellationToken cancellationToken);
}
