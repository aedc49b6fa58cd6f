using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Sessions;

/// <summary>What sessions need from the rooms whose work runs in them.</summary>
internal interface ISessionFollower
{
    /// <summary>The session is being ended by its customer: stop what runs in it, in the same commit.</summary>
    Task EndingAsync(DbTransactionScope scope, SessionRow session, CancellationToken cancellationToken);

    /// <summary>Runs of each session, oldest first.</summary>
    Task<ILookup<string, SessionRun>> RunsAsync(OrganizationId organization, IReadOnlyCollection<string> sessionIds, CancellationToken cancellationToken);
}

/// <summary>Every write to a session, each with its event in the same commit.</summary>
internal sealed class SessionStore(EventLog events, IdSource ids, TimeProvider time)
{
    /// <summary>A new session, waiting for a browser.</summary>
    public async Task<SessionRow> QueueAsync(DbTransactionScope scope, OrganizationId organization, string? sourceId, string? credentialId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var row = new SessionRow { Id = ids.New<SessionId>().Value, OrganizationId = organization.Value, SourceId = sourceId, CredentialId = credentialId, CreatedAt = now, UpdatedAt = now };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO sessions (id, organization_id, status, source_id, credential_id, created_at, updated_at) VALUES (@Id, @OrganizationId, @Status, @SourceId, @CredentialId, @CreatedAt, @UpdatedAt)",
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        await events.RecordAsync(scope, organization, "session.queued", row.Id, row.ToEvent(), cancellationToken);
        return row;
    }

    /// <summary>
    /// The session of a run that starts now, <c>running</c> on this worker. When the one it was queued with is over or its worker has died, a new one takes its place.
    /// </summary>
    public async Task<SessionRow> OpenForAsync(DbTransactionScope scope, OrganizationId organization, string? sessionId, string sourceId, string? credentialId, string workerId, CancellationToken cancellationToken)
    {
        var row = sessionId is null ? null : await scope.Connection.QuerySingleOrDefaultAsync<SessionRow>(new CommandDefinition(
            $"SELECT {SessionRow.Columns} FROM sessions WHERE id = @sessionId FOR UPDATE", new { sessionId }, scope.Transaction, cancellationToken: cancellationToken));
        if (row is { Status: SessionStatuses.Running }) await MoveAsync(scope, row.Id, SessionStatuses.Failed, null, cancellationToken);
        if (row is not { Status: SessionStatuses.Queued or SessionStatuses.Idle }) row = await QueueAsync(scope, organization, sourceId, credentialId, cancellationToken);
        return await MoveAsync(scope, row.Id, SessionStatuses.Running, workerId, cancellationToken) ?? throw new InvalidOperationException($"The session {row.Id} cannot be opened.");
    }

    /// <summary>Moves a session on. Null: the move is not allowed from where it is now, which is an ordinary result of a race.</summary>
    public async Task<SessionRow?> MoveAsync(DbTransactionScope scope, string sessionId, string status, string? workerId, CancellationToken cancellationToken)
    {
        var row = await scope.Connection.QuerySingleOrDefaultAsync<SessionRow>(new CommandDefinition(
            $"SELECT {SessionRow.Columns} FROM sessions WHERE id = @sessionId FOR UPDATE", new { sessionId }, scope.Transaction, cancellationToken: cancellationToken));
        if (row is null || !SessionStatuses.Moves[row.Status].Contains(status)) return null;
        var now = time.GetUtcNow();
        row = row with
        {
            Status = status,
            WorkerId = SessionStatuses.IsOver(status) ? null : workerId ?? row.WorkerId,
            StartedAt = status == SessionStatuses.Running ? row.StartedAt ?? now : row.StartedAt,
            IdleSince = status == SessionStatuses.Idle ? now : null,
            EndedAt = SessionStatuses.IsOver(status) ? now : null,
            UpdatedAt = now,
        };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sessions SET status = @Status, worker_id = @WorkerId, started_at = @StartedAt, idle_since = @IdleSince, ended_at = @EndedAt, updated_at = @UpdatedAt WHERE id = @Id",
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        await events.RecordAsync(scope, row.Organization, $"session.{status}", row.Id, row.ToEvent(), cancellationToken);
        return row;
    }
}
