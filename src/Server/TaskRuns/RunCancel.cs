using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary>Asking a run to stop.</summary>
internal static class RunCancel
{
    /// <summary>The wake-up channel; the payload is the run's id.</summary>
    public const string Channel = WakeUps.TaskRuns;

    /// <summary>Moves a locked run to <c>canceling</c>, and on to <c>canceled</c> when no worker has it.</summary>
    public static async Task<TaskRunRow> RequestAsync(DbTransactionScope scope, TaskRunRow run, TaskRunStore runs, WorkQueue work, WakeUps wakeUps, TimeProvider time, CancellationToken cancellationToken)
    {
        if (run.Status == RunStatuses.ReviewRequired)
        {
            // Nobody is at work on it any more.
            run = run.Cancel(time.GetUtcNow())!;
            await runs.WriteAsync(scope, run, null, cancellationToken);
            return run;
        }

        if (run.RequestCancel(time.GetUtcNow()) is not { } canceling) return run;
        var wasQueued = run.Status == RunStatuses.Queued;
        run = canceling;
        await runs.WriteAsync(scope, run, null, cancellationToken);
        if (wasQueued && run.WorkId is { } workId && await work.CancelAsync(scope, workId, cancellationToken))
        {
            run = run.Cancel(time.GetUtcNow())!;
            await runs.WriteAsync(scope, run, null, cancellationToken);
        }

        scope.AfterCommit(() => wakeUps.Signal(Channel, run.Id));
        return run;
    }
}

/// <summary>What sessions see of runs.</summary>
internal sealed class RunsInSessions(Db db, TaskRunStore runs, WorkQueue work, WakeUps wakeUps, TimeProvider time) : ISessionFollower
{
    public async Task EndingAsync(DbTransactionScope scope, SessionRow session, CancellationToken cancellationToken)
    {
        var open = await scope.Connection.QueryAsync<TaskRunRow>(new CommandDefinition(
            $"SELECT {TaskRunRow.Columns} FROM task_runs WHERE session_id = @Id AND status IN ('queued', 'running', 'interaction_required') ORDER BY id FOR UPDATE", new { session.Id }, scope.Transaction, cancellationToken: cancellationToken));
        foreach (var run in open.AsList()) await RunCancel.RequestAsync(scope, run, runs, work, wakeUps, time, cancellationToken);
    }

    public async Task<ILookup<string, SessionRun>> RunsAsync(OrganizationId organization, IReadOnlyCollection<string> sessionIds, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<TaskRunRow>(new CommandDefinition(
            "SELECT id, session_id, task_id, agent_id, credential_id FROM task_runs WHERE organization_id = @organization AND session_id = ANY(@ids) ORDER BY created_at, id",
            new { organization = organization.Value, ids = sessionIds.ToArray() },
            cancellationToken: cancellationToken));
        return rows.ToLookup(r => r.SessionId!, r => new SessionRun(r.Id, r.TaskId, r.AgentId, r.CredentialId), StringComparer.Ordinal);
    }
}
