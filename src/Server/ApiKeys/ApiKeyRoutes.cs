using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ApiKeys;

/// <summary>Keys of an organization: made, listed, renamed, rotated, revoked. All of it needs the scope <c>admin</c>.</summary>
internal static class ApiKeyRoutes
{
    private const int LongestOverlapSeconds = 30 * 24 * 3_600;

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("API keys", "A key lets a program ask on behalf of its organization. `read` allows every GET, `write` also changes, `admin` also keys and the organization; each includes those before it.");
        routes.MapPost("/api-keys", CreateAsync).Needs(Scope.Admin).Describe("Create an API key", "The key itself is in this answer and never again.").Takes<CreateRequest>().Gives<ApiKeyObject>(201);
        routes.MapGet("/api-keys", ListAsync).Needs(Scope.Admin).Describe("List API keys").Pages<ApiKeyId, ApiKeyObject>();
        routes.MapGet("/api-keys/{id}", GetAsync).Needs(Scope.Admin).Describe("Get an API key").At<ApiKeyId>().Gives<ApiKeyObject>();
        routes.MapPatch("/api-keys/{id}", UpdateAsync).Needs(Scope.Admin).Describe("Update an API key").At<ApiKeyId>().Takes<UpdateRequest>().Gives<ApiKeyObject>().Fails("state_conflict");
        routes.MapPost("/api-keys/{id}/rotate", RotateAsync).Needs(Scope.Admin).Describe("Rotate an API key", "A new key with the same name and scopes, shown once. The old one goes on working for the overlap.")
            .At<ApiKeyId>().Takes<RotateRequest>().Gives<ApiKeyObject>(201).Fails("state_conflict");
        routes.MapDelete("/api-keys/{id}", RevokeAsync).Needs(Scope.Admin).Describe("Revoke an API key", "It stops working at once, everywhere, with the component tokens it made, and stays in the list. The last key with the scope `admin` stays.").At<ApiKeyId>().Deletes().Fails("state_conflict");
    }

    internal sealed record CreateRequest
    {
        [RequiredField, Says("What you call it.", Example = "Backend")] public string? Name { get; init; }
        [Says("`read`, `write`, `admin`. Default: `read` and `write`.", Example = """["read","write"]""")] public IReadOnlyList<string>? Scopes { get; init; }
    }

    internal sealed record UpdateRequest
    {
        [NotNullField, Says("What you call it.", Example = "Backend")] public Given<string> Name { get; init; }
        [Says("`read`, `write`, `admin`.", Example = """["read"]""")] public IReadOnlyList<string>? Scopes { get; init; }
    }

    internal sealed record RotateRequest
    {
        [Between(0, LongestOverlapSeconds), Says("How long the old key goes on working, in seconds. Default: 24 hours; 0 ends it at once.", Example = "3600")] public int? OverlapSeconds { get; init; }
    }

    private static async Task<Reply> CreateAsync(ApiCall call, ApiKeyStore keys, TimeProvider time, ILogger<ApiKeyStore> logger, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<CreateRequest>(faults);
        CheckScopes(request.Scopes, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        await using var scope = await call.BeginAsync(cancellationToken);
        var (row, key) = await keys.AddAsync(scope, call.Organization, request.Name!, Ordered(request.Scopes ?? ["read", "write"]), cancellationToken);
        scope.AfterCommit(() => Log.KeyMade(logger, row.Id, call.Organization.Value, call.CallerId));
        return await call.CommitAsync(scope, Reply.Created(row.ToObject(time.GetUtcNow(), key)), cancellationToken);
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<ApiKeyId>(call.Query, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        return Reply.Ok(await new ListQuery(ApiKeyRow.Columns, "api_keys", call.Organization).ReadAsync<ApiKeyRow, ApiKeyObject>(db, page, row => row.ToObject(time.GetUtcNow()), cancellationToken));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<ApiKeyId>(id, out var keyId)) return Reply.NotFound<ApiKeyId>(id);
        var row = await FindAsync(db, call.Organization, keyId, cancellationToken);
        return row is null ? Reply.NotFound<ApiKeyId>(id) : Reply.Ok(row.ToObject(time.GetUtcNow()));
    }

    private static async Task<Reply> UpdateAsync(string id, ApiCall call, ApiKeyStore keys, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<UpdateRequest>(faults);
        CheckScopes(request.Scopes, faults);
        if (request.Name is { IsGiven: true, Value: "" }) faults.Add(Fault.Invalid("name", "`name` must not be empty."));
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (!ObjectId.TryParse<ApiKeyId>(id, out var keyId)) return Reply.NotFound<ApiKeyId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        await TakeTurnAsync(scope, call.Organization, cancellationToken);
        if (await ApiKeyRow.LockAsync(scope, call.Organization, keyId, cancellationToken) is not { } row) return Reply.NotFound<ApiKeyId>(id);
        var now = time.GetUtcNow();
        if (!row.WorksAt(now)) return Revoked(row);
        var changed = row with { Name = request.Name.Or(row.Name)!, Scopes = request.Scopes is { } scopes ? [.. Ordered(scopes)] : row.Scopes, UpdatedAt = now };
        if (row.IsAdmin && !changed.IsAdmin && await IsLastAdminAsync(scope, row, cancellationToken)) return LastAdmin(row);
        await scope.ExecuteAsync("UPDATE api_keys SET name = @Name, scopes = @Scopes, updated_at = @UpdatedAt WHERE id = @Id", new { changed.Id, changed.Name, changed.Scopes, changed.UpdatedAt }, cancellationToken);
        keys.ForgetAfter(scope, row.Id);
        return await call.CommitAsync(scope, Reply.Ok(changed.ToObject(now)), cancellationToken);
    }

    /// <summary>A new key with the same name and scopes; the old one goes on working for the overlap, so that no request fails while the new one is being put in place.</summary>
    private static async Task<Reply> RotateAsync(string id, ApiCall call, ApiKeyStore keys, ApiKeyOptions options, TimeProvider time, ILogger<ApiKeyStore> logger, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<RotateRequest>(faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (!ObjectId.TryParse<ApiKeyId>(id, out var keyId)) return Reply.NotFound<ApiKeyId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        await TakeTurnAsync(scope, call.Organization, cancellationToken);
        if (await ApiKeyRow.LockAsync(scope, call.Organization, keyId, cancellationToken) is not { } row) return Reply.NotFound<ApiKeyId>(id);
        var now = time.GetUtcNow();
        if (!row.WorksAt(now)) return Revoked(row);
        if (row.ExpiresAt is not null) return Reply.Conflict($"The key `{row.Id}` was rotated before; rotate its successor.");
        var (successor, key) = await keys.AddAsync(scope, call.Organization, row.Name, row.Scopes, cancellationToken);
        var overlap = request.OverlapSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : options.RotationOverlap;
        await scope.ExecuteAsync("UPDATE api_keys SET expires_at = @expiresAt, updated_at = @now WHERE id = @Id", new { row.Id, expiresAt = now + overlap, now }, cancellationToken);
        keys.ForgetAfter(scope, row.Id);
        scope.AfterCommit(() => Log.KeyRotated(logger, row.Id, successor.Id, call.CallerId, overlap));
        return await call.CommitAsync(scope, Reply.Created(successor.ToObject(now, key, replaces: row.Id)), cancellationToken);
    }

    /// <summary>Revokes a key; it stays in the list. Revoking twice changes nothing.</summary>
    private static async Task<Reply> RevokeAsync(string id, ApiCall call, ApiKeyStore keys, TimeProvider time, ILogger<ApiKeyStore> logger, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<ApiKeyId>(id, out var keyId)) return Reply.NotFound<ApiKeyId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        await TakeTurnAsync(scope, call.Organization, cancellationToken);
        if (await ApiKeyRow.LockAsync(scope, call.Organization, keyId, cancellationToken) is not { } row) return Reply.NotFound<ApiKeyId>(id);
        var now = time.GetUtcNow();
        if (!row.WorksAt(now)) return await call.CommitAsync(scope, Reply.Deleted(keyId), cancellationToken);
        if (row.IsAdmin && await IsLastAdminAsync(scope, row, cancellationToken)) return LastAdmin(row);
        await scope.ExecuteAsync("UPDATE api_keys SET revoked_at = @now, updated_at = @now WHERE id = @Id", new { row.Id, now }, cancellationToken);
        keys.ForgetAfter(scope, row.Id);
        scope.AfterCommit(() => Log.KeyRevoked(logger, row.Id, call.Organization.Value, call.CallerId));
        return await call.CommitAsync(scope, Reply.Deleted(keyId), cancellationToken);
    }

    // Changes to the keys of one organization take turns: two at once could each leave the other's key as the last one, and revoke both. Other rows may still refer to the organization.
    private static Task TakeTurnAsync(DbTransactionScope scope, OrganizationId organization, CancellationToken cancellationToken) =>
        scope.OneAsync<string>("SELECT id FROM organizations WHERE id = @id FOR NO KEY UPDATE", new { id = organization.Value }, cancellationToken);

    // A key in its overlap does not count: it is about to go.
    private static async Task<bool> IsLastAdminAsync(DbTransactionScope scope, ApiKeyRow row, CancellationToken cancellationToken) => !await scope.OneAsync<bool>(
        "SELECT EXISTS (SELECT 1 FROM api_keys WHERE organization_id = @OrganizationId AND id <> @Id AND 'admin' = ANY(scopes) AND revoked_at IS NULL AND expires_at IS NULL)",
        new { row.OrganizationId, row.Id },
        cancellationToken);

    private static async Task<ApiKeyRow?> FindAsync(Db db, OrganizationId organization, ApiKeyId id, CancellationToken cancellationToken) => await db.FirstOrNoneAsync<ApiKeyRow>(
        $"SELECT {ApiKeyRow.Columns} FROM api_keys WHERE organization_id = @organization AND id = @id", new { organization = organization.Value, id = id.Value }, cancellationToken);

    private static Reply LastAdmin(ApiKeyRow row) => Reply.Conflict($"`{row.Id}` is the last key with the scope `admin`; make another one first, or rotate it.");

    private static Reply Revoked(ApiKeyRow row) => Reply.Conflict($"The key `{row.Id}` no longer works; make a new one.");

    private static void CheckScopes(IReadOnlyList<string>? scopes, List<Fault> faults)
    {
        if (scopes is null) return;
        if (scopes.Count == 0 || scopes.Any(s => !Scopes.All.Contains(s))) faults.Add(Fault.Invalid("scopes", $"`scopes` must name at least one of: {string.Join(", ", Scopes.All)}."));
    }

    private static IReadOnlyList<string> Ordered(IReadOnlyList<string> scopes) => [.. Scopes.All.Where(scopes.Contains)];
}
