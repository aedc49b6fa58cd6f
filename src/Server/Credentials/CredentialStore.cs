using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Sources;

namespace Ostiary.Server.Credentials;

/// <summary>What is kept open with a credential and must end with it. Declared here, so that deleting a credential need not know who listens.</summary>
internal interface ICredentialUser
{
    /// <summary>The credential is being destroyed: end what is kept open with it, in the same commit. Called before its row is locked.</summary>
    Task DestroyingAsync(DbTransactionScope scope, OrganizationId organization, CredentialId credential, CancellationToken cancellationToken);
}

/// <summary>A credential that is to be stored, as a request said it.</summary>
/// <param name="Values">Read by <see cref="AuthCredentials.Read"/>; the caller disposes them.</param>
internal sealed record NewCredential(string SourceId, string AuthMethod, string? ExternalId, AuthCredentials Values);

/// <summary>Makes and destroys credentials, for the routes of this room and for rooms whose objects bring their credential along; each with its event in the same commit.</summary>
internal sealed class CredentialStore(CredentialVault vault, EventLog events, IdSource ids, TimeProvider time)
{
    /// <summary>Stores one. Faults instead: its source does not exist here, or cannot use it.</summary>
    public async Task<(CredentialRow? Row, IReadOnlyList<Fault> Faults)> AddAsync(DbTransactionScope scope, OrganizationId organization, NewCredential credential, CancellationToken cancellationToken)
    {
        if (await SourceRow.HoldAsync(scope, organization, credential.SourceId, cancellationToken) is not { } source) return (null, [new Fault("source", "source_not_found", $"No source `{credential.SourceId}` exists here.", "source_id")]);
        if (source.FaultsOf(credential.AuthMethod, credential.Values.FieldNames).ToArray() is { Length: > 0 } unfit) return (null, unfit);
        var now = time.GetUtcNow();
        var row = new CredentialRow
        {
            Id = ids.New<CredentialId>().Value, OrganizationId = organization.Value, SourceId = credential.SourceId, AuthMethod = credential.AuthMethod, ExternalId = credential.ExternalId,
            Username = credential.Values.Username.Value, SourceFields = Json.Write(credential.Values.SourceFields ?? []), CreatedAt = now, UpdatedAt = now,
        };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO credentials (id, organization_id, source_id, auth_method, status, external_id, username, source_fields, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @SourceId, @AuthMethod, @Status, @ExternalId, @Username, @SourceFields::json, @CreatedAt, @UpdatedAt)
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (await vault.ReplaceAsync(scope, row, credential.Values, cancellationToken) is { } dataKey)
        {
            row = row with { DataKey = dataKey };
            await scope.Connection.ExecuteAsync(new CommandDefinition("UPDATE credentials SET data_key = @dataKey WHERE id = @Id", new { row.Id, dataKey }, scope.Transaction, cancellationToken: cancellationToken));
        }

        await events.RecordAsync(scope, organization, "credential.created", row.Id, row.ToEvent(), cancellationToken);
        return (row, []);
    }

    /// <summary>Destroys one: its data key and sealed values are gone, the object stays readable. Destroying it twice changes nothing.</summary>
    public async Task<CredentialRow?> DestroyAsync(DbTransactionScope scope, OrganizationId organization, CredentialId id, CancellationToken cancellationToken)
    {
        if (await CredentialRow.FindAsync(scope.Connection, scope.Transaction, organization, id, forUpdate: true, cancellationToken) is not { } row) return null;
        if (row.Status == CredentialStatuses.Deleted) return row;
        row = row with { Status = CredentialStatuses.Deleted, DataKey = null, Username = null, SourceFields = "{}", Version = row.Version + 1, UpdatedAt = time.GetUtcNow() };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM credential_secrets WHERE credential_id = @Id;
            UPDATE credentials SET status = @Status, data_key = NULL, username = NULL, source_fields = '{}', version = @Version, updated_at = @UpdatedAt WHERE id = @Id
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        await SignedInStates.ForgetAsync(scope, row.Id, cancellationToken);
        await events.RecordAsync(scope, organization, "credential.deleted", row.Id, row.ToEvent(), cancellationToken);
        return row;
    }
}
