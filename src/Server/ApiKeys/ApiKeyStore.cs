using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ApiKeys;

/// <summary>Organizations and their keys. A key is known by its hash only.</summary>
internal sealed class ApiKeyStore(Db db, IdSource ids, TimeProvider time)
{
    public const string Prefix = "sk_live_";
    private const int RandomCharacters = 43;
    private const int MostCached = 10_000;
    private static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, (OrganizationId Organization, DateTimeOffset Until)> _cache = new(StringComparer.Ordinal);

    /// <summary>The organization a key belongs to, or null. A known key is remembered for five seconds, an unknown one never.</summary>
    public async Task<OrganizationId?> FindOrganizationAsync(string key, CancellationToken cancellationToken)
    {
        if (key.Length > 200) return null;
        var hash = Hash(key);
        var name = Convert.ToHexString(hash);
        var now = time.GetUtcNow();
        if (_cache.TryGetValue(name, out var cached) && cached.Until > now) return cached.Organization;
        await using var connection = await db.OpenAsync(cancellationToken);
        var found = await connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
            "SELECT organization_id FROM api_keys WHERE hash = @hash", new { hash }, cancellationToken: cancellationToken));
        if (found is null) return null;
        if (_cache.Count >= MostCached) _cache.Clear();
        _cache[name] = (OrganizationId.Of(found), now + CacheFor);
        return OrganizationId.Of(found);
    }

    /// <summary>
    /// Makes the first organization and its key when there is none, or adds <paramref name="chosenKey"/> to it when given. Returns a newly generated key, to be shown
    /// once, or null. Safe when several servers start at once.
    /// </summary>
    public async Task<string?> EnsureFirstKeyAsync(string? chosenKey, CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition("LOCK TABLE organizations IN SHARE ROW EXCLUSIVE MODE", transaction: scope.Transaction, cancellationToken: cancellationToken));
        var organization = await scope.Connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
            "SELECT id FROM organizations ORDER BY created_at, id LIMIT 1", transaction: scope.Transaction, cancellationToken: cancellationToken));
        string? generated = null;
        if (organization is null)
        {
            organization = ids.New<OrganizationId>().Value;
            await scope.Connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO organizations (id, name, created_at) VALUES (@organization, 'Default', @now)",
                new { organization, now = time.GetUtcNow() },
                scope.Transaction,
                cancellationToken: cancellationToken));
            if (chosenKey is null) generated = IdSource.NewToken(Prefix, RandomCharacters);
        }

        if ((chosenKey ?? generated) is { } key)
        {
            await scope.Connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO api_keys (id, organization_id, hash, hint, created_at) VALUES (@id, @organization, @hash, @hint, @now) ON CONFLICT (hash) DO NOTHING",
                new { id = ids.New<ApiKeyId>().Value, organization, hash = Hash(key), hint = key[^4..], now = time.GetUtcNow() },
                scope.Transaction,
                cancellationToken: cancellationToken));
        }

        await scope.CommitAsync(cancellationToken);
        return generated;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
