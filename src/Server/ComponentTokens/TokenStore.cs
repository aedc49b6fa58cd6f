using System.Security.Cryptography;
using System.Text;
using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ComponentTokens;

/// <summary>A token as it is stored: its hash, never itself.</summary>
internal sealed record TokenRow
{
    public const string Columns = "t.id, t.organization_id, t.source_id, t.external_id, t.task_id, t.allowed_origins, t.expires_at, t.created_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string ApiKeyId { get; init; } = "";
    public string? SourceId { get; init; }
    public string? ExternalId { get; init; }
    public string? TaskId { get; init; }
    public string[] AllowedOrigins { get; init; } = [];
    public DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Component tokens, known by their hash only.</summary>
internal sealed class TokenStore(Db db, TimeProvider time) : ICallers
{
    public const string Prefix = "tk_";
    private const int RandomCharacters = 43;
    private const int LongestKey = 200;

    public string KeyPrefix => Prefix;

    /// <summary>Whose token it is, or null: unknown, past its time, or made with a key that no longer works. Asked of the database each time, so that none of these lasts longer than it should.</summary>
    public async Task<Caller?> FindAsync(string key, CancellationToken cancellationToken)
    {
        if (key.Length > LongestKey) return null;
        var row = await db.FirstOrNoneAsync<TokenRow>(
            $"""
             SELECT {TokenRow.Columns} FROM component_tokens t JOIN api_keys k ON k.id = t.api_key_id
             WHERE t.hash = @hash AND t.expires_at > @now AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > @now)
             """,
            new { hash = Hash(key), now = time.GetUtcNow() },
            cancellationToken);
        return row is null ? null : new Caller(
            row.Id, OrganizationId.Of(row.OrganizationId), Scope.Write, new Restriction(row.Id, row.SourceId, row.ExternalId, row.TaskId, row.AllowedOrigins, row.ExpiresAt));
    }

    /// <summary>Keeps a new token in the caller's commit and returns it: it is shown once.</summary>
    public static async Task<string> AddAsync(DbTransactionScope scope, TokenRow row, CancellationToken cancellationToken)
    {
        var key = IdSource.NewToken(Prefix, RandomCharacters);
        await scope.ExecuteAsync(
            """
            INSERT INTO component_tokens (id, organization_id, api_key_id, hash, source_id, external_id, task_id, allowed_origins, expires_at, created_at)
            VALUES (@Id, @OrganizationId, @ApiKeyId, @hash, @SourceId, @ExternalId, @TaskId, @AllowedOrigins, @ExpiresAt, @CreatedAt)
            """,
            new { row.Id, row.OrganizationId, row.ApiKeyId, hash = Hash(key), row.SourceId, row.ExternalId, row.TaskId, row.AllowedOrigins, row.ExpiresAt, row.CreatedAt },
            cancellationToken);
        return key;
    }

    /// <summary>Whether some token names this origin; also one whose time is over, so that a page can read that it is.</summary>
    public async Task<bool> IsListedAsync(string origin, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.OneAsync<bool>("SELECT EXISTS (SELECT 1 FROM component_tokens WHERE allowed_origins @> ARRAY[@origin])", new { origin }, cancellationToken);
    }

    /// <summary>Deletes tokens that ended before; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(Npgsql.NpgsqlConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("DELETE FROM component_tokens WHERE expires_at < @before", new { before }, cancellationToken);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
