using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Vault;

namespace Ostiary.Server.Http;

/// <summary>Section <c>Idempotency</c>.</summary>
internal sealed class IdempotencyOptions
{
    /// <summary>How long a successful answer is kept for its key. Default 24 hours.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromHours(24);
}

/// <summary>
/// One request with an <c>Idempotency-Key</c>: holds a transaction with a lock on the key, so that of two at once the second waits and then gets the first one's answer.
/// </summary>
internal sealed class IdempotentCall(DbTransactionScope transaction, OrganizationId organization, string key, byte[] fingerprint, SecretVault vault, DateTimeOffset now) : IAsyncDisposable
{
    private bool _taken;

    /// <summary>The handler takes the transaction over.</summary>
    public DbTransactionScope? Take()
    {
        if (_taken) return null;
        _taken = true;
        return transaction;
    }

    /// <summary>Keeps the answer, sealed (it may hold a secret that is shown once), in the commit of the change.</summary>
    public async Task KeepAsync(DbTransactionScope scope, int status, byte[] body, CancellationToken cancellationToken)
    {
        var sealedBody = await vault.SealEnvelopeAsync(Idempotency.Context(organization, key), body, cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO idempotency_keys (organization_id, key, fingerprint, status, body, created_at) VALUES (@organization, @key, @fingerprint, @status, @sealedBody, @now)
            ON CONFLICT (organization_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, created_at = excluded.created_at
            """,
            new { organization = organization.Value, key, fingerprint, status, sealedBody, now },
            scope.Transaction,
            cancellationToken: cancellationToken));
    }

    public async ValueTask DisposeAsync() => await transaction.DisposeAsync();
}

/// <summary>The step of the request pipeline that gives an <c>Idempotency-Key</c> its meaning.</summary>
internal static class Idempotency
{
    private const int LongestKey = 256;
    private static readonly KeyedTurns<(OrganizationId, string)> Turns = new();

    public static string Context(OrganizationId organization, string key) => $"idempotency/{organization.Value}/{key}";

    public static async Task Step(HttpContext http, RequestDelegate next, Db db, SecretVault vault, IdempotencyOptions options, TimeProvider time)
    {
        var request = http.Request;
        if (ApiCall.Of(http) is not { } call
            || !(HttpMethods.IsPost(request.Method) || HttpMethods.IsPatch(request.Method) || HttpMethods.IsDelete(request.Method))
            || !request.Headers.TryGetValue("Idempotency-Key", out var values))
        {
            await next(http);
            return;
        }

        var key = values.ToString();
        if (key.Length is 0 or > LongestKey || values.Count > 1 || key.Any(char.IsControl))
        {
            await Reply.Rejected(new Fault("idempotency", "idempotency_key_error", $"`Idempotency-Key` must be one value of 1 to {LongestKey} characters.")).ExecuteAsync(http);
            return;
        }

        // A component token must not be given the answer that another one, or its organization, got under the same key.
        if (call.Restriction is { } restriction) key = $"{restriction.TokenId}/{key}";
        var stopping = http.RequestAborted;
        // Of those that wait for the same key on this node, one at a time takes a connection: a crowd of repetitions must not use up the pool that the first one needs to finish.
        using var turn = await Turns.TakeAsync((call.Organization, key), stopping);
        var fingerprint = await FingerprintAsync(vault, request, call.Body, stopping);
        await using var scope = await db.BeginAsync(stopping);
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            "SELECT pg_advisory_xact_lock(@number)", new { number = LockNumber(call.Organization, key) }, scope.Transaction, cancellationToken: stopping));
        var kept = await scope.Connection.QuerySingleOrDefaultAsync<KeptAnswer>(new CommandDefinition(
            "SELECT fingerprint, status, body FROM idempotency_keys WHERE organization_id = @organization AND key = @key AND created_at > @since",
            new { organization = call.Organization.Value, key, since = time.GetUtcNow() - options.KeepFor },
            scope.Transaction,
            cancellationToken: stopping));
        if (kept is null)
        {
            await using var idempotent = new IdempotentCall(scope, call.Organization, key, fingerprint, vault, time.GetUtcNow());
            call.Idempotency = idempotent;
            await next(http);
        }
        else if (!CryptographicOperations.FixedTimeEquals(kept.Fingerprint, fingerprint))
        {
            await Reply.Fail(409, new Fault("idempotency", "idempotency_error", "This `Idempotency-Key` was used for a different request; use a new key.")).ExecuteAsync(http);
        }
        else
        {
            var body = await vault.OpenEnvelopeAsync(Context(call.Organization, key), kept.Body, stopping);
            http.Response.StatusCode = kept.Status;
            await Reply.WriteBytesAsync(http.Response, body, stopping);
            CryptographicOperations.ZeroMemory(body);
        }
    }

    /// <summary>Deletes answers past their time; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(System.Data.IDbConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM idempotency_keys WHERE created_at < @before", new { before }, cancellationToken: cancellationToken));

    // Keyed, because a request may hold a password: a plain hash of it could be guessed at by who reads the database.
    private static async Task<byte[]> FingerprintAsync(SecretVault vault, HttpRequest request, byte[] body, CancellationToken cancellationToken)
    {
        var line = Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n");
        var all = GC.AllocateArray<byte>(line.Length + body.Length, pinned: true);
        line.CopyTo(all, 0);
        body.CopyTo(all, line.Length);
        try
        {
            return await vault.FingerprintAsync("idempotent-request", all, cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(all);
        }
    }

    private static long LockNumber(OrganizationId organization, string key) =>
        BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(Context(organization, key))));

    private sealed class KeptAnswer
    {
        public byte[] Fingerprint { get; init; } = [];
        public int Status { get; init; }
        public byte[] Body { get; init; } = [];
    }
}
