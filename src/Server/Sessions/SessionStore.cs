using System.Data;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

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
internal sealed class SessionStore(EventLog events, ISessionOwner owner, SessionOptions options, IdSource ids, TimeProvider time)
{
    /// <summary>True when an organization has as many browsers in use as it may, <paramref name="besides"/> not counted.</summary>
    public async Task<bool> IsFullAsync(IDbConnection connection, OrganizationId organization, string? besides, CancellationToken cancellationToken)
    {
        if (options.MaxConcurrent <= 0) return false;
        var open = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT count(*) FROM sessions WHERE organization_id = @organization AND id IS DISTINCT FROM @besides AND status IN ('running', 'completing')", new { organization = organization.Value, besides }, cancellationToken: cancellationToken));
        return open >= options.MaxConcurrent;
    }

    /// <summary>True when as many of a source's sessions are in use, besides one, as the source is to have at once.</summary>
    /// <remarks>Counted under a lock of the source's own, which falls with the commit: of two that start at once the second sees the first.</remarks>
    public async Task<bool> IsSourceFullAsync(DbTransactionScope scope, string sourceId, string? besides, CancellationToken cancellationToken)
    {
        if (await scope.FirstOrNoneAsync<int?>("SELECT max_concurrent_sessions FROM sources WHERE id = @sourceId", new { sourceId }, cancellationToken) is not { } most) return false;
        await scope.ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended('sessions-of/' || @sourceId, 0))", new { sourceId }, cancellationToken);
        return await scope.OneAsync<long>(
            "SELECT count(*) FROM sessions WHERE source_id = @sourceId AND id IS DISTINCT FROM @besides AND status IN ('running', 'completing')", new { sourceId, besides }, cancellationToken) >= most;
    }

    /// <summary>The refusal of a request that would open one browser too many, for servers that do not let it wait; null: go on.</summary>
    public async Task<Reply?> RefuseWhenFullAsync(DbTransactionScope scope, OrganizationId organization, CancellationToken cancellationToken)
    {
        if (options.QueueWhenFull || options.MaxConcurrent <= 0) return null;
        var wanted = await scope.Connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT count(*) FROM sessions WHERE organization_id = @organization AND status IN ('queued', 'running', 'completing')", new { organization = organization.Value }, scope.Transaction, cancellationToken: cancellationToken));
        return wanted < options.MaxConcurrent ? null : Reply.Fail(429, new Fault("rate_limit", "session_limit_exceeded", $"{options.MaxConcurrent} sessions are in use; wait for one to end."), retryAfter: 5);
    }

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
        if (row is { Status: SessionStatuses.Running }) await MoveAsync(scope, row.Id, SessionStatuses.Failed, null, SessionEnd.WorkerLost, cancellationToken);
        if (row is not { Status: SessionStatuses.Queued or SessionStatuses.Idle }) row = await QueueAsync(scope, organization, sourceId, credentialId, cancellationToken);
        return await MoveAsync(scope, row.Id, SessionStatuses.Running, workerId, cancellationToken) ?? throw new InvalidOperationException($"The session {row.Id} cannot be opened.");
    }

    /// <summary>The session of a run that needs this very browser, <c>running</c> on this worker. Null: the browser is not here any more.</summary>
    public async Task<SessionRow?> UseAsync(DbTransactionScope scope, string sessionId, string workerId, CancellationToken cancellationToken)
    {
        var row = await scope.Connection.QuerySingleOrDefaultAsync<SessionRow>(new CommandDefinition(
            $"SELECT {SessionRow.Columns} FROM sessions WHERE id = @sessionId FOR UPDATE", new { sessionId }, scope.Transaction, cancellationToken: cancellationToken));
        if (row is { Status: SessionStatuses.Idle } && row.WorkerId == workerId) return await MoveAsync(scope, sessionId, SessionStatuses.Running, workerId, cancellationToken);
        // Runs take turns on it: one that still says `running` was being used by a worker that has died.
        if (row is { Status: SessionStatuses.Idle or SessionStatuses.Running }) await MoveAsync(scope, sessionId, SessionStatuses.Failed, null, SessionEnd.WorkerLost, cancellationToken);
        return null;
    }

    /// <summary>Moves a session on. Null: the move is not allowed from where it is now, which is an ordinary result of a race.</summary>
    public Task<SessionRow?> MoveAsync(DbTransactionScope scope, string sessionId, string status, string? workerId, CancellationToken cancellationToken) =>
        MoveAsync(scope, sessionId, status, workerId, SessionEnd.Closed, cancellationToken);

    /// <summary>The same for a move that may end the session, with the reason for whoever relied on it.</summary>
    public async Task<SessionRow?> MoveAsync(DbTransactionScope scope, string sessionId, string status, string? workerId, SessionEnd why, CancellationToken cancellationToken)
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
        if (status == SessionStatuses.Completing || SessionStatuses.IsOver(status)) await owner.EndingAsync(scope, row, why, cancellationToken);
        return row;
    }

    /// <summary>
    /// Ends a session for its customer: its runs are asked to stop, its browser is closed by the worker that has it. Ending an ended session changes nothing.
    /// Runs first, then the session, then whoever keeps it: the same order as everywhere, so that no two commits wait for each other.
    /// </summary>
    public async Task<SessionRow> EndAsync(DbTransactionScope scope, SessionRow row, ISessionFollower follower, WakeUps wakeUps, SessionEnd why, CancellationToken cancellationToken)
    {
        await follower.EndingAsync(scope, row, cancellationToken);
        if (await MoveAsync(scope, row.Id, SessionStatuses.Completing, null, why, cancellationToken) is not { } ending)
            return await SessionRow.FindAsync(scope.Connection, scope.Transaction, row.Organization, SessionId.Of(row.Id), forUpdate: false, cancellationToken) ?? row;
        // No browser was opened: nobody else will finish it.
        if (ending.WorkerId is null) ending = await MoveAsync(scope, row.Id, SessionStatuses.Completed, null, why, cancellationToken) ?? ending;
        scope.AfterCommit(() => wakeUps.Signal(LiveSessions.Channel, row.Id));
        return ending;
    }
}
