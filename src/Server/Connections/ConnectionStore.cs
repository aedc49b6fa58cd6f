using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;

namespace Ostiary.Server.Connections;

/// <summary>Every write to a connection, each with its event in the same commit.</summary>
/// <remarks>
/// Locks are taken in one order by all: the connection's gate, its runs, its session, its row, its credential. The gate is an advisory lock that stands before the runs: whoever
/// adds a run and whoever ends the connection take it, so that no run slips in behind an end.
/// </remarks>
internal sealed class ConnectionStore(Db db, EventLog events, Questions questions)
{
    public async Task<ConnectionRow?> FindAsync(OrganizationId organization, ConnectionId id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<ConnectionRow>(new CommandDefinition(
            $"SELECT {ConnectionRow.Columns} FROM connections WHERE organization_id = @organization AND id = @id", new { organization = organization.Value, id = id.Value }, cancellationToken: cancellationToken));
    }

    /// <summary>The connection as it is, behind its gate: until the end of the transaction nobody adds a run to it or ends it by request.</summary>
    public static async Task<ConnectionRow?> EnterGateAsync(DbTransactionScope scope, OrganizationId organization, ConnectionId id, CancellationToken cancellationToken)
    {
        await scope.ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended('connection ' || @id, 0))", new { id = id.Value }, cancellationToken);
        return await FindAsync(scope, organization, id.Value, forUpdate: false, cancellationToken);
    }

    /// <summary>The connection with its row locked until the end of the transaction.</summary>
    public static Task<ConnectionRow?> LockAsync(DbTransactionScope scope, OrganizationId organization, string id, CancellationToken cancellationToken) => FindAsync(scope, organization, id, forUpdate: true, cancellationToken);

    /// <summary>The connection that a session is kept for, its row locked; null: none.</summary>
    public static async Task<ConnectionRow?> LockOfSessionAsync(DbTransactionScope scope, string sessionId, CancellationToken cancellationToken) =>
        await scope.Connection.QuerySingleOrDefaultAsync<ConnectionRow>(new CommandDefinition(
            $"SELECT {ConnectionRow.Columns} FROM connections WHERE session_id = @sessionId FOR UPDATE", new { sessionId }, scope.Transaction, cancellationToken: cancellationToken));

    /// <summary>The id of the connection that a session is kept for, or null.</summary>
    public static Task<string?> OfSessionAsync(DbTransactionScope scope, OrganizationId organization, string sessionId, CancellationToken cancellationToken) =>
        scope.FirstOrNoneAsync<string>("SELECT id FROM connections WHERE organization_id = @organization AND session_id = @sessionId", new { organization = organization.Value, sessionId }, cancellationToken);

    /// <summary>The connections that are kept with a credential and not terminated, oldest first.</summary>
    public static async Task<IReadOnlyList<ConnectionRow>> OfCredentialAsync(DbTransactionScope scope, OrganizationId organization, string credentialId, CancellationToken cancellationToken) =>
        (await scope.Connection.QueryAsync<ConnectionRow>(new CommandDefinition(
            $"SELECT {ConnectionRow.Columns} FROM connections WHERE organization_id = @organization AND credential_id = @credentialId AND status <> 'terminated' ORDER BY id",
            new { organization = organization.Value, credentialId },
            scope.Transaction,
            cancellationToken: cancellationToken))).AsList();

    public async Task InsertAsync(DbTransactionScope scope, ConnectionRow row, CancellationToken cancellationToken)
    {
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO connections (id, organization_id, source_id, credential_id, session_id, auth_method, external_id, status, work_id, connecting_since, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @SourceId, @CredentialId, @SessionId, @AuthMethod, @ExternalId, @Status, @WorkId, @ConnectingSince, @CreatedAt, @UpdatedAt)
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        await events.RecordAsync(scope, row.Organization, $"connection.{row.Status}", row.Id, row.ToEvent(null), cancellationToken);
    }

    /// <summary>Writes a moved connection and its event. One that is not signing in leaves no question open and no answer behind.</summary>
    public async Task WriteAsync(DbTransactionScope scope, ConnectionRow row, InteractionObject? interaction, CancellationToken cancellationToken)
    {
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE connections SET status = @Status, session_id = @SessionId, errors = @Errors::json, work_id = @WorkId, site_touched = @SiteTouched, connecting_since = @ConnectingSince, updated_at = @UpdatedAt
            WHERE id = @Id
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (!row.IsEntering) await questions.CloseAsync(scope, row.Id, InteractionStatuses.Withdrawn, cancellationToken);
        await events.RecordAsync(scope, row.Organization, $"connection.{row.Status}", row.Id, row.ToEvent(interaction), cancellationToken);
    }

    /// <summary>Another session than the one it was queued with: the browser that was to be opened for it is gone before it was used. No move, no event.</summary>
    public static Task TakeSessionAsync(DbTransactionScope scope, ConnectionRow row, string sessionId, CancellationToken cancellationToken) =>
        scope.ExecuteAsync("UPDATE connections SET session_id = @sessionId WHERE id = @Id", new { row.Id, sessionId }, cancellationToken);

    /// <summary>Notes that the site is about to be touched: from here on this sign-in is not started again by itself.</summary>
    public async Task TouchAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        await connection.ExecuteAsync("UPDATE connections SET site_touched = true WHERE id = @id", new { id }, cancellationToken);
    }

    private static async Task<ConnectionRow?> FindAsync(DbTransactionScope scope, OrganizationId organization, string id, bool forUpdate, CancellationToken cancellationToken) =>
        await scope.Connection.QuerySingleOrDefaultAsync<ConnectionRow>(new CommandDefinition(
            $"SELECT {ConnectionRow.Columns} FROM connections WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id },
            scope.Transaction,
            cancellationToken: cancellationToken));
}
