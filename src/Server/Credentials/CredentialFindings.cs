using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Credentials;

/// <summary>What sign-ins find out about credentials. Owners of a sign-in call these inside the commit that settles it.</summary>
internal sealed class CredentialFindings(EventLog events, TimeProvider time)
{
    /// <summary>It signed in. Nothing happens when the credential was changed or deleted meanwhile.</summary>
    public Task VerifiedAsync(DbTransactionScope scope, CredentialRow used, CancellationToken cancellationToken) => SettleAsync(scope, used, CredentialStatuses.Verified, cancellationToken);

    /// <summary>The source refused it; its fingerprint is remembered so that the same pair is never sent again, by this or another credential.</summary>
    public async Task RefusedAsync(DbTransactionScope scope, CredentialRow used, byte[]? fingerprint, string message, CancellationToken cancellationToken)
    {
        if (fingerprint is not null)
        {
            await scope.Connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO refused_sign_ins (source_id, fingerprint, message, refused_at) VALUES (@RefusalScope, @fingerprint, @message, @now) ON CONFLICT (source_id, fingerprint) DO UPDATE SET message = excluded.message, refused_at = excluded.refused_at",
                new { used.RefusalScope, fingerprint, message, now = time.GetUtcNow() },
                scope.Transaction,
                cancellationToken: cancellationToken));
        }

        await SignedInStates.ForgetAsync(scope, used.Id, cancellationToken);
        await SettleAsync(scope, used, CredentialStatuses.Invalid, cancellationToken);
    }

    /// <summary>The source's sentence when this pair was refused before, or null.</summary>
    public static async Task<string?> EarlierRefusalAsync(Db db, CredentialRow row, byte[] fingerprint, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
            "SELECT message FROM refused_sign_ins WHERE source_id = @RefusalScope AND fingerprint = @fingerprint", new { row.RefusalScope, fingerprint }, cancellationToken: cancellationToken));
    }

    private async Task SettleAsync(DbTransactionScope scope, CredentialRow used, string status, CancellationToken cancellationToken)
    {
        var row = await scope.Connection.QuerySingleOrDefaultAsync<CredentialRow>(new CommandDefinition(
            $"UPDATE credentials SET status = @status, updated_at = @now WHERE id = @Id AND version = @Version AND status = ANY(@from) RETURNING {CredentialRow.Columns}",
            new { used.Id, used.Version, status, from = CredentialStatuses.LeadingTo(status), now = time.GetUtcNow() },
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (row is not null) await events.RecordAsync(scope, OrganizationId.Of(row.OrganizationId), $"credential.{status}", row.Id, row.ToEvent(), cancellationToken);
    }
}
