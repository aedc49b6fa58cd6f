using System.Text.Json.Serialization;
using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ApiKeys;

/// <summary>A key as it is stored: its hash, never itself.</summary>
internal sealed record ApiKeyRow : IListed
{
    public const string Columns = "id, organization_id, name, scopes, hint, last_used_at, expires_at, revoked_at, created_at, coalesce(updated_at, created_at) AS updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string Name { get; init; } = "";
    public string[] Scopes { get; init; } = [];

    /// <summary>The last four characters, to tell keys apart.</summary>
    public string Hint { get; init; } = "";
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Set by a rotation: the key works until then.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    public bool IsAdmin => Scopes.Contains("admin", StringComparer.Ordinal);

    /// <summary>False once it was revoked or its overlap is over: it never works again.</summary>
    public bool WorksAt(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is null || ExpiresAt > now);

    /// <summary>The wire's object; <paramref name="key"/> is shown in the answer that made it only.</summary>
    public ApiKeyObject ToObject(DateTimeOffset now, string? key = null, string? replaces = null) => new(
        Id, Name, Scopes, $"…{Hint}", !WorksAt(now) ? "revoked" : ExpiresAt is null ? "active" : "expiring", LastUsedAt, ExpiresAt, RevokedAt, key, replaces, CreatedAt, UpdatedAt);

    /// <summary>The organization's key, locked until the end of the transaction.</summary>
    public static Task<ApiKeyRow?> LockAsync(DbTransactionScope scope, OrganizationId organization, ApiKeyId id, CancellationToken cancellationToken) =>
        scope.FirstOrNoneAsync<ApiKeyRow>($"SELECT {Columns} FROM api_keys WHERE organization_id = @organization AND id = @id FOR UPDATE", new { organization = organization.Value, id = id.Value }, cancellationToken);
}

/// <summary>A key on the wire. <paramref name="Status"/>: <c>active</c>, <c>expiring</c> (rotated, still working until <paramref name="ExpiresAt"/>) or <c>revoked</c>.</summary>
/// <param name="Key">The key itself: there once, in the answer that made it.</param>
/// <param name="Replaces">The id of the key that a rotation replaces.</param>
internal sealed record ApiKeyObject(
    string Id, [property: Says("What you call it.", Example = "Backend")] string Name, [property: Says("`read`, `write`, `admin`.", Example = """["read","write"]""")] IReadOnlyList<string> Scopes, [property: Says("The end of the key, to tell keys apart.", Example = "…x7Qa")] string Hint,
    [property: OneOf("active", "expiring", "revoked"), Says("`expiring`: rotated, and working until `expires_at`.", Example = "active")] string Status, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? Key, string? Replaces,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [JsonPropertyOrder(-1)]
    public string Object => "api_key";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Says("The key itself, once: in the answer that made it.")]
    public string? Key { get; init; } = Key;

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Says("In the answer to a rotation: the id of the old key.")]
    public string? Replaces { get; init; } = Replaces;
}
