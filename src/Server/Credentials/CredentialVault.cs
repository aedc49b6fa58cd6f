using System.Security.Cryptography;
using System.Text;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Vault;

namespace Ostiary.Server.Credentials;

/// <summary>Seals a credential's secrets, one row per slot under one data key, and opens one slot at a time.</summary>
internal sealed class CredentialVault(Db db, SecretVault vault)
{
    /// <summary>
    /// Seals what was given under a fresh data key. Slots kept from before are opened and sealed again, so that the old data key, and every old page of the database
    /// that still holds it, opens nothing that is current.
    /// </summary>
    public async Task<byte[]?> ReplaceAsync(DbTransactionScope scope, CredentialRow row, AuthCredentials given, CancellationToken cancellationToken)
    {
        var kept = await KeptAsync(scope, row, given, cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition("DELETE FROM credential_secrets WHERE credential_id = @Id", new { row.Id }, scope.Transaction, cancellationToken: cancellationToken));
        var secrets = given.Secrets.Where(s => s.Value is not null).Select(s => (Slot: s.Key, Secret: s.Value!)).Concat(kept).ToList();
        try
        {
            if (secrets.Count == 0) return null;
            var dataKey = await vault.CreateDataKeyAsync(row.KeyContext, cancellationToken);
            foreach (var (slot, secret) in secrets)
            {
                var plain = secret.RevealUtf8();
                try
                {
                    var sealedBytes = await vault.SealAsync(dataKey, row.KeyContext, row.SlotContext(slot), plain, cancellationToken);
                    await scope.Connection.ExecuteAsync(new CommandDefinition(
                        "INSERT INTO credential_secrets (credential_id, slot, sealed) VALUES (@Id, @slot, @sealedBytes)", new { row.Id, slot, sealedBytes }, scope.Transaction, cancellationToken: cancellationToken));
                }
                finally
                {
                    CryptographicOperations.ZeroMemory(plain);
                }
            }

            return dataKey.Bytes;
        }
        finally
        {
            foreach (var (_, secret) in kept) secret.Dispose();
        }
    }

    /// <summary>The slots that hold something.</summary>
    public async Task<IReadOnlySet<string>> SlotsAsync(CredentialRow row, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<string>(new CommandDefinition("SELECT slot FROM credential_secrets WHERE credential_id = @Id", new { row.Id }, cancellationToken: cancellationToken))).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Opens one slot as it is now. Null: the slot is empty, the credential was deleted, or it has changed since <paramref name="row"/> was read. The caller disposes.</summary>
    public async Task<Secret?> OpenAsync(CredentialRow row, string slot, CancellationToken cancellationToken)
    {
        SealedSlot? found;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            found = await connection.QuerySingleOrDefaultAsync<SealedSlot>(new CommandDefinition(
                "SELECT c.data_key, s.sealed FROM credentials c JOIN credential_secrets s ON s.credential_id = c.id WHERE c.id = @Id AND c.version = @Version AND s.slot = @slot AND c.data_key IS NOT NULL",
                new { row.Id, row.Version, slot },
                cancellationToken: cancellationToken));
        }

        return found is null ? null : await UnsealAsync(new WrappedDataKey(found.DataKey), row, slot, found.Sealed, cancellationToken);
    }

    /// <summary>
    /// A keyed fingerprint of user name and password together, by which a refused pair is known again without being kept. Null when the credential has no password.
    /// </summary>
    public async Task<byte[]?> FingerprintAsync(CredentialRow row, CancellationToken cancellationToken)
    {
        using var password = await OpenAsync(row, "password", cancellationToken);
        if (password is null) return null;
        var name = Encoding.UTF8.GetBytes((row.Username ?? "") + "\0");
        var secret = password.RevealUtf8();
        var pair = GC.AllocateArray<byte>(name.Length + secret.Length, pinned: true);
        try
        {
            name.CopyTo(pair, 0);
            secret.CopyTo(pair, name.Length);
            return await vault.FingerprintAsync($"refused-sign-in/{row.RefusalScope}", pair, cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(pair);
        }
    }

    /// <summary>
    /// A keyed fingerprint of the user that a credential means: its user name and readable source fields (a company, a branch) where it signs in, without regard to case. Two credentials
    /// of one user have the same; a credential without a user name has one of its own.
    /// </summary>
    public async Task<byte[]> AccountAsync(CredentialRow row, CancellationToken cancellationToken)
    {
        if (row.Username is not { } name) return await vault.FingerprintAsync("account/credential", Encoding.UTF8.GetBytes(row.Id), cancellationToken);
        var fields = Http.Json.Parse(row.SourceFields).EnumerateObject().OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => $"{f.Name}\0{Folded(f.Value.ToString())}");
        return await vault.FingerprintAsync($"account/{row.RefusalScope}", Encoding.UTF8.GetBytes(string.Join('\0', [Folded(name), .. fields])), cancellationToken);

        static string Folded(string text) => text.Trim().ToUpperInvariant();
    }

    private async Task<List<(string Slot, Secret Secret)>> KeptAsync(DbTransactionScope scope, CredentialRow row, AuthCredentials given, CancellationToken cancellationToken)
    {
        var kept = new List<(string Slot, Secret Secret)>();
        if (row.WrappedKey is not { } oldKey) return kept;
        var rows = await scope.Connection.QueryAsync<StoredSlot>(new CommandDefinition("SELECT slot, sealed FROM credential_secrets WHERE credential_id = @Id", new { row.Id }, scope.Transaction, cancellationToken: cancellationToken));
        foreach (var stored in rows)
        {
            if (given.Secrets.ContainsKey(stored.Slot)) continue;
            if (given.SourceFields is not null && stored.Slot.StartsWith("source_field:", StringComparison.Ordinal)) continue;
            kept.Add((stored.Slot, await UnsealAsync(oldKey, row, stored.Slot, stored.Sealed, cancellationToken)));
        }

        return kept;
    }

    private async Task<Secret> UnsealAsync(WrappedDataKey key, CredentialRow row, string slot, byte[] sealedBytes, CancellationToken cancellationToken)
    {
        var plain = await vault.OpenAsync(key, row.KeyContext, row.SlotContext(slot), sealedBytes, cancellationToken);
        try
        {
            return Secret.FromUtf8(plain);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private sealed class SealedSlot
    {
        public byte[] DataKey { get; init; } = [];
        public byte[] Sealed { get; init; } = [];
    }

    private sealed class StoredSlot
    {
        public string Slot { get; init; } = "";
        public byte[] Sealed { get; init; } = [];
    }
}
