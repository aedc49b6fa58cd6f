using System.Text.Json;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Sources;

namespace Ostiary.Server.Credentials;

/// <summary>Credentials: stored once, used by runs, never given back.</summary>
internal static class CredentialRoutes
{
    public static IServiceCollection AddCredentials(this IServiceCollection services) => services
        .AddSingleton<CredentialVault>()
        .AddSingleton<CredentialStore>()
        .AddSingleton<SignedInStates>()
        .AddSingleton<CredentialFindings>()
        .AddSingleton<ISourceGuard, SourcesInUse>();

    public static void MapCredentials(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Credentials", "A credential is what a user signs in to a source with. Stored once, sealed, used by runs, never given back.");
        routes.MapPost("/credentials", StoreAsync).OpenToTokens().Describe("Store a credential").Takes<StoreRequest>().Gives<CredentialObject>(201).Fails("source_not_found");
        routes.MapGet("/credentials", ListAsync).OpenToTokens().Describe("List credentials").Pages<CredentialId, CredentialObject>()
            .FilterIds<SourceId>("source_id").FilterWords("status", CredentialStatuses.All, "Only in these statuses.").FilterTexts("external_id", "Only of these users: your own ids.");
        routes.MapGet("/credentials/{id}", GetAsync).OpenToTokens().Describe("Get a credential").At<CredentialId>().Gives<CredentialObject>();
        routes.MapPatch("/credentials/{id}", UpdateAsync).Describe("Update a credential", "Changed values make it `unverified` again.").At<CredentialId>().Takes<UpdateRequest>().Gives<CredentialObject>().Fails("state_conflict");
        routes.MapDelete("/credentials/{id}", DeleteAsync).Describe("Delete a credential", "Its values are destroyed in the vault; the object stays readable as `deleted`.").At<CredentialId>().Deletes();
    }

    internal sealed record StoreRequest
    {
        [RequiredField] public string? SourceId { get; init; }
        [OneOf(AuthMethods.UsernamePassword, AuthMethods.GoogleSso, AuthMethods.None), Says("How the user signs in. Default `none`.", Example = AuthMethods.UsernamePassword)] public string? AuthMethod { get; init; }
        [JsonObjectField, Shape(typeof(AuthCredentialsForm)), Says("What `auth_method` needs; `none` takes `{}`.")] public JsonElement? AuthCredentials { get; init; }
        public string? ExternalId { get; init; }
    }

    internal sealed record UpdateRequest
    {
        [NotNullField, JsonObjectField, Shape(typeof(AuthCredentialsForm)), Says("Values to change; those left out stay.")] public Given<JsonElement?> AuthCredentials { get; init; }
        public Given<string> ExternalId { get; init; }
    }

    private static async Task<Reply> StoreAsync(ApiCall call, CredentialStore credentials, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<StoreRequest>(faults);
        var method = request.AuthMethod ?? AuthMethods.None;
        using var given = AuthCredentials.Read(request.AuthCredentials, method, complete: true, faults);
        if (request.SourceId is { Length: > 0 } && !ObjectId.TryParse<SourceId>(request.SourceId, out _)) faults.Add(Fault.Invalid("source_id", "`source_id` must be an id that starts with `src_`."));
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (call.Restriction?.ExternalId is { } own)
        {
            if (request.ExternalId is not null && request.ExternalId != own) return Reply.Forbidden("This component token is for another `external_id`; leave the field out.", "external_id");
            request = request with { ExternalId = own };
        }

        await using var scope = await call.BeginAsync(cancellationToken);
        if (!await call.ReachesAsync(scope.Connection, "sources", request.SourceId!, cancellationToken)) return Reply.Rejected(new Fault("source", "source_not_found", $"No source `{request.SourceId}` exists here.", "source_id"));
        var (row, unfit) = await credentials.AddAsync(scope, call.Organization, new NewCredential(request.SourceId!, method, request.ExternalId, given), cancellationToken);
        if (row is null) return Reply.Rejected(unfit);
        await call.MadeAsync(scope, row.Id, row.CreatedAt, cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<CredentialId>(call.Query, faults);
        var sources = Filters.Ids<SourceId>(call.Query, "source_id", faults);
        var statuses = Filters.Words(call.Query, "status", [.. CredentialStatuses.All], faults);
        var externalIds = Filters.Texts(call.Query, "external_id", faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var list = new ListQuery(CredentialRow.Columns, "credentials", call);
        if (sources is not null) list.Where("source_id = ANY(@sources)", "sources", sources);
        if (statuses is not null) list.Where("status = ANY(@statuses)", "statuses", statuses);
        if (externalIds is not null) list.Where("external_id = ANY(@externalIds)", "externalIds", externalIds);
        return Reply.Ok(await list.ReadAsync<CredentialRow, CredentialObject>(db, page, row => row.ToObject(), cancellationToken));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<CredentialId>(id, out var credentialId)) return Reply.NotFound<CredentialId>(id);
        await using var connection = await db.OpenAsync(cancellationToken);
        return await CredentialRow.FindAsync(connection, null, call.Organization, credentialId, forUpdate: false, cancellationToken) is { } row && await call.ReachesAsync(connection, "credentials", row.Id, cancellationToken) ? Reply.Ok(row.ToObject()) : Reply.NotFound<CredentialId>(id);
    }

    private static async Task<Reply> UpdateAsync(string id, ApiCall call, CredentialVault vault, EventLog events, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<UpdateRequest>(faults);
        if (!ObjectId.TryParse<CredentialId>(id, out var credentialId)) return faults.Count > 0 ? Reply.Rejected(faults) : Reply.NotFound<CredentialId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await CredentialRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, credentialId, forUpdate: true, cancellationToken) is not { } row)
            return faults.Count > 0 ? Reply.Rejected(faults) : Reply.NotFound<CredentialId>(id);
        using var given = AuthCredentials.Read(request.AuthCredentials.Value, row.AuthMethod, complete: false, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (row.Status == CredentialStatuses.Deleted) return Reply.Conflict($"The credential `{id}` is deleted; store a new one.");
        row = row with { ExternalId = request.ExternalId.Or(row.ExternalId), UpdatedAt = time.GetUtcNow() };
        var changesValues = request.AuthCredentials.IsGiven && row.AuthMethod != AuthMethods.None;
        if (given.SourceFields is not null && await SourceRow.HoldAsync(scope, call.Organization, row.SourceId, cancellationToken) is { } source && source.FaultsOf(row.AuthMethod, given.FieldNames).Where(f => f.Field != "auth_method").ToArray() is { Length: > 0 } lacking)
            return Reply.Rejected(lacking);
        if (changesValues)
        {
            var secretFields = given.SourceFields is null ? row.SourceFields : Json.Write(given.SourceFields);
            row = row with { Username = given.Username.Or(row.Username), SourceFields = secretFields, Status = CredentialStatuses.Unverified };
            var dataKey = await vault.ReplaceAsync(scope, row, given, cancellationToken);
            await SignedInStates.ForgetAsync(scope, row.Id, cancellationToken);
            row = row with { DataKey = dataKey, Version = row.Version + 1 };
        }

        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE credentials SET external_id = @ExternalId, username = @Username, source_fields = @SourceFields::json, status = @Status, data_key = @DataKey, version = @Version, updated_at = @UpdatedAt
            WHERE id = @Id
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (changesValues) await events.RecordAsync(scope, call.Organization, "credential.unverified", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> DeleteAsync(string id, ApiCall call, CredentialStore credentials, ICredentialUser user, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<CredentialId>(id, out var credentialId)) return Reply.NotFound<CredentialId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        await user.DestroyingAsync(scope, call.Organization, credentialId, cancellationToken);
        return await credentials.DestroyAsync(scope, call.Organization, credentialId, cancellationToken) is null
            ? Reply.NotFound<CredentialId>(id)
            : await call.CommitAsync(scope, Reply.Deleted(credentialId), cancellationToken);
    }

    /// <summary>A source stays while a usable credential points at it.</summary>
    private sealed class SourcesInUse : ISourceGuard
    {
        public async Task<string?> ReasonToKeepAsync(DbTransactionScope scope, SourceId source, CancellationToken cancellationToken)
        {
            var count = await scope.Connection.ExecuteScalarAsync<long>(new CommandDefinition(
                "SELECT count(*) FROM credentials WHERE source_id = @source AND status <> 'deleted'", new { source = source.Value }, scope.Transaction, cancellationToken: cancellationToken));
            return count == 0 ? null : $"{count} credential(s) use this source; delete them first.";
        }
    }
}
