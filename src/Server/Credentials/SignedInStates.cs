using Dapper;
using Ostiary.Server.Data;
using Ostiary.Vault;

namespace Ostiary.Server.Credentials;

/// <summary>
/// What keeps a browser signed in, sealed under its credential's own data key: it is gone with the credential, and with every change of its values. Whoever holds one is signed
/// in, so it is opened only to open a browser with it.
/// </summary>
internal sealed class SignedInStates(Db db, SecretVault vault)
{
    private const string Slot = "signed_in_state";

    /// <summary>
    /// Keeps one, unless the credential was changed meanwhile or a state that was known to hold later is kept already: the older of two browsers of one credential must not
    /// replace what the newer one left.
    /// </summary>
    public async Task KeepAsync(CredentialRow row, ReadOnlyMemory<byte> state, DateTimeOffset confirmedAt, CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        // Locked, so that a change of the values cannot come between this look and the commit.
        var current = await scope.Connection.QuerySingleOrDefaultAsync<CurrentKey>(new CommandDefinition(
            "SELECT data_key FROM credentials WHERE id = @Id AND version = @Version AND status NOT IN ('invalid', 'deleted') FOR NO KEY UPDATE", new { row.Id, row.Version }, scope.Transaction, cancellationToken: cancellationToken));
        if (current is null) return;
        var dataKey = current.DataKey ?? await MakeKeyAsync(scope, row, cancellationToken);
        var sealedState = await vault.SealAsync(new WrappedDataKey(dataKey), row.KeyContext, row.SlotContext(Slot), state, cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO signed_in_states (credential_id, sealed, confirmed_at) VALUES (@Id, @sealedState, @confirmedAt)
            ON CONFLICT (credential_id) DO UPDATE SET sealed = excluded.sealed, confirmed_at = excluded.confirmed_at WHERE signed_in_states.confirmed_at <= excluded.confirmed_at
            """,
            new { row.Id, sealedState, confirmedAt },
            scope.Transaction,
            cancellationToken: cancellationToken));
        await scope.CommitAsync(cancellationToken);
    }

    // A credential whose values are all readable (a name, where the source mails a code) has had nothing to seal until now.
    private async Task<byte[]> MakeKeyAsync(DbTransactionScope scope, CredentialRow row, CancellationToken cancellationToken)
    {
        var dataKey = (await vault.CreateDataKeyAsync(row.KeyContext, cancellationToken)).Bytes;
        await scope.Connection.ExecuteAsync(new CommandDefinition("UPDATE credentials SET data_key = @dataKey WHERE id = @Id", new { row.Id, dataKey }, scope.Transaction, cancellationToken: cancellationToken));
        return dataKey;
    }

    /// <summary>Opens the one that was known to hold after <paramref name="since"/>. Null: there is none, or the credential has changed since <paramref name="row"/> was read.</summary>
    public async Task<KeptState?> FindAsync(CredentialRow row, DateTimeOffset since, CancellationToken cancellationToken)
    {
        SealedState? found;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            found = await connection.QuerySingleOrDefaultAsync<SealedState>(new CommandDefinition(
                "SELECT c.data_key, s.sealed, s.confirmed_at FROM credentials c JOIN signed_in_states s ON s.credential_id = c.id WHERE c.id = @Id AND c.version = @Version AND c.data_key IS NOT NULL AND s.confirmed_at > @since",
                new { row.Id, row.Version, since },
                cancellationToken: cancellationToken));
        }

        return found is null ? null : new KeptState(await vault.OpenAsync(new WrappedDataKey(found.DataKey), row.KeyContext, row.SlotContext(Slot), found.Sealed, cancellationToken), found.ConfirmedAt);
    }

    /// <summary>Forgets a credential's state, in the commit that makes it worthless.</summary>
    public static Task ForgetAsync(DbTransactionScope scope, string credentialId, CancellationToken cancellationToken) =>
        scope.Connection.ExecuteAsync(new CommandDefinition("DELETE FROM signed_in_states WHERE credential_id = @credentialId", new { credentialId }, scope.Transaction, cancellationToken: cancellationToken));

    /// <summary>Forgets those that have not held for too long; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(System.Data.IDbConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM signed_in_states WHERE confirmed_at < @before", new { before }, cancellationToken: cancellationToken));

    private sealed class CurrentKey
    {
        public byte[]? DataKey { get; init; }
    }

    private sealed class SealedState
    {
        public byte[] DataKey { get; init; } = [];
        public byte[] Sealed { get; init; } = [];
        public DateTimeOffset ConfirmedAt { get; init; }
    }
}

/// <summary>A state as it was opened. Disposing wipes it.</summary>
/// <param name="ConfirmedAt">When a browser with it was last known to be signed in.</param>
internal sealed record KeptState(byte[] Bytes, DateTimeOffset ConfirmedAt) : IDisposable
{
    public void Dispose() => System.Security.Cryptography.CryptographicOperations.ZeroMemory(Bytes);

    /// <summary>A record would print what it holds.</summary>
    public override string ToString() => nameof(KeptState);
}
