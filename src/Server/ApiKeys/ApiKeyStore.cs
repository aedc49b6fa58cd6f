using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

namespace Ostiary.Server.ApiKeys;

/// <summary>Organizations and their keys. A key is known by its hash only.</summary>
internal sealed class ApiKeyStore : ICallers, IDisposable
{
    public const string Prefix = "sk_live_";
    private const int RandomCharacters = 43;
    private const int MostCached = 10_000;
    private const int LongestKey = 200;

    // A revoked key is dropped by a signal at once, here and on every other node; this bounds how long one works that a broken connection to the database kept from hearing it.
    private static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan NoteUseEvery = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, (Caller Caller, DateTimeOffset Until)> _cache = new(StringComparer.Ordinal);
    private readonly Db _db;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private readonly WakeUps _wakeUps;
    private readonly IDisposable _subscription;
    private int _generation;

    public ApiKeyStore(Db db, IdSource ids, TimeProvider time, WakeUps wakeUps)
    {
        (_db, _ids, _time, _wakeUps) = (db, ids, time, wakeUps);
        _subscription = wakeUps.Subscribe(WakeUps.ApiKeys, Forget);
    }

    public string KeyPrefix => "sk_";

    /// <summary>Whose key it is, or null. A known key is remembered for five seconds, an unknown one never.</summary>
    public async Task<Caller?> FindAsync(string key, CancellationToken cancellationToken)
    {
        if (key.Length > LongestKey) return null;
        var hash = Hash(key);
        var name = Convert.ToHexString(hash);
        var now = _time.GetUtcNow();
        if (_cache.TryGetValue(name, out var cached) && cached.Until > now) return cached.Caller;
        var generation = Volatile.Read(ref _generation);
        await using var connection = await _db.OpenAsync(cancellationToken);
        var row = await connection.FirstOrNoneAsync<ApiKeyRow>($"SELECT {ApiKeyRow.Columns} FROM api_keys WHERE hash = @hash", new { hash }, cancellationToken);
        if (row is null || !row.WorksAt(now)) return null;
        if (row.LastUsedAt is null || row.LastUsedAt < now - NoteUseEvery)
        {
            await connection.ExecuteAsync(
                "UPDATE api_keys SET last_used_at = @now WHERE id = @Id AND (last_used_at IS NULL OR last_used_at < @before)", new { row.Id, now, before = now - NoteUseEvery }, cancellationToken);
        }

        var caller = new Caller(row.Id, OrganizationId.Of(row.OrganizationId), Scopes.Widest(row.Scopes));
        if (_cache.Count >= MostCached) _cache.Clear();
        var until = now + CacheFor;
        _cache[name] = (caller, row.ExpiresAt < until ? row.ExpiresAt.Value : until);
        // A revocation that was signalled while the row was being read may be older than what was read.
        if (generation != Volatile.Read(ref _generation)) _cache.TryRemove(name, out _);
        return caller;
    }

    /// <summary>Makes a key in the caller's commit and returns it with its row. The key is shown once and kept nowhere.</summary>
    public async Task<(ApiKeyRow Row, string Key)> AddAsync(DbTransactionScope scope, OrganizationId organization, string name, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        var key = IdSource.NewToken(Prefix, RandomCharacters);
        return (await InsertAsync(scope, organization, name, scopes, key, cancellationToken), key);
    }

    /// <summary>Has every node look a key up again, once the caller's commit has succeeded.</summary>
    public void ForgetAfter(DbTransactionScope scope, string id) => scope.AfterCommit(() => _wakeUps.Signal(WakeUps.ApiKeys, id));

    /// <summary>Makes an organization with its first key, in the caller's commit.</summary>
    public async Task<(OrganizationId Organization, string Key)> AddOrganizationAsync(DbTransactionScope scope, string name, CancellationToken cancellationToken)
    {
        var organization = await InsertOrganizationAsync(scope, name, cancellationToken);
        var (_, key) = await AddAsync(scope, organization, "First key", ["admin"], cancellationToken);
        return (organization, key);
    }

    /// <summary>
    /// Makes the first organization and its key when there is none, or adds <paramref name="chosenKey"/> to it when given. Returns a newly generated key, to be shown
    /// once, or null. Safe when several servers start at once.
    /// </summary>
    public async Task<string?> EnsureFirstKeyAsync(string? chosenKey, CancellationToken cancellationToken)
    {
        await using var scope = await _db.BeginAsync(cancellationToken);
        await scope.ExecuteAsync("LOCK TABLE organizations IN SHARE ROW EXCLUSIVE MODE", null, cancellationToken);
        var found = await scope.FirstOrNoneAsync<string>("SELECT id FROM organizations ORDER BY created_at, id LIMIT 1", null, cancellationToken);
        var organization = found is null ? await InsertOrganizationAsync(scope, "Default", cancellationToken) : OrganizationId.Of(found);
        var generated = found is null && chosenKey is null ? IdSource.NewToken(Prefix, RandomCharacters) : null;
        if ((chosenKey ?? generated) is { } key) await InsertAsync(scope, organization, "First key", ["admin"], key, cancellationToken);
        await scope.CommitAsync(cancellationToken);
        return generated;
    }

    /// <summary>Deletes keys that stopped working long ago; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(Npgsql.NpgsqlConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("DELETE FROM api_keys WHERE revoked_at < @before OR expires_at < @before", new { before }, cancellationToken);

    public void Dispose() => _subscription.Dispose();

    private async Task<OrganizationId> InsertOrganizationAsync(DbTransactionScope scope, string name, CancellationToken cancellationToken)
    {
        var id = _ids.New<OrganizationId>();
        await scope.ExecuteAsync("INSERT INTO organizations (id, name, created_at) VALUES (@id, @name, @now)", new { id = id.Value, name, now = _time.GetUtcNow() }, cancellationToken);
        return id;
    }

    // A key that is there already (given by OSTIARY_API_KEY at every start) is left as it is, also when it was revoked.
    private async Task<ApiKeyRow> InsertAsync(DbTransactionScope scope, OrganizationId organization, string name, IReadOnlyList<string> scopes, string key, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var row = new ApiKeyRow { Id = _ids.New<ApiKeyId>().Value, OrganizationId = organization.Value, Name = name, Scopes = [.. scopes], Hint = key[^4..], CreatedAt = now, UpdatedAt = now };
        await scope.ExecuteAsync(
            """
            INSERT INTO api_keys (id, organization_id, name, scopes, hash, hint, created_at, updated_at) VALUES (@Id, @OrganizationId, @Name, @Scopes, @hash, @Hint, @CreatedAt, @UpdatedAt)
            ON CONFLICT (hash) DO NOTHING
            """,
            new { row.Id, row.OrganizationId, row.Name, row.Scopes, hash = Hash(key), row.Hint, row.CreatedAt, row.UpdatedAt },
            cancellationToken);
        return row;
    }

    private void Forget(string id)
    {
        Interlocked.Increment(ref _generation);
        foreach (var (name, cached) in _cache)
        {
            if (id.Length == 0 || cached.Caller.Id == id) _cache.TryRemove(name, out _);
        }
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
