using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;

namespace Ostiary.Server.TaskRuns;

/// <summary>Every write to a run, each with its event in the same commit.</summary>
internal sealed class TaskRunStore(Db db, EventLog events, Questions questions)
{
    public async Task<TaskRunRow?> FindAsync(OrganizationId organization, TaskRunId id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TaskRunRow>(new CommandDefinition(
            $"SELECT {TaskRunRow.Columns} FROM task_runs WHERE organization_id = @organization AND id = @id", new { organization = organization.Value, id = id.Value }, cancellationToken: cancellationToken));
    }

    /// <summary>The run with its row locked until the end of the transaction.</summary>
    public static async Task<TaskRunRow?> LockAsync(DbTransactionScope scope, OrganizationId organization, string id, CancellationToken cancellationToken) =>
        await scope.Connection.QuerySingleOrDefaultAsync<TaskRunRow>(new CommandDefinition(
            $"SELECT {TaskRunRow.Columns} FROM task_runs WHERE organization_id = @organization AND id = @id FOR UPDATE", new { organization = organization.Value, id }, scope.Transaction, cancellationToken: cancellationToken));

    public async Task InsertAsync(DbTransactionScope scope, TaskRunRow row, CancellationToken cancellationToken)
    {
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO task_runs (id, organization_id, task_id, agent_id, source_id, credential_id, connection_id, session_id, status, input, timeout_seconds, work_id, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @TaskId, @AgentId, @SourceId, @CredentialId, @ConnectionId, @SessionId, @Status, @Input::json, @TimeoutSeconds, @WorkId, @CreatedAt, @UpdatedAt)
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        await RecordAsync(scope, row, null, cancellationToken);
    }

    /// <summary>Writes a moved run and its event. An ended run leaves no question open and no answer behind.</summary>
    public async Task WriteAsync(DbTransactionScope scope, TaskRunRow row, InteractionObject? interaction, CancellationToken cancellationToken, bool record = true)
    {
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE task_runs SET status = @Status, result = @Result, output = @Output::json, errors = @Errors::json, artifacts = @Artifacts::json, session_id = @SessionId, task_revision = @TaskRevision,
                started_at = @StartedAt, work_ended_at = @WorkEndedAt, ended_at = @EndedAt, updated_at = @UpdatedAt
            WHERE id = @Id
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (row.IsOver || row.Status is RunStatuses.Canceling or RunStatuses.ReviewRequired) await questions.CloseAsync(scope, row.Id, InteractionStatuses.Withdrawn, cancellationToken);
        if (record) await RecordAsync(scope, row, interaction, cancellationToken);
    }

    /// <summary>Notes that the site is about to be touched: from here on the run is not started again by itself.</summary>
    public async Task TouchAsync(TaskRunRow row, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("UPDATE task_runs SET site_touched = true WHERE id = @Id", new { row.Id }, cancellationToken: cancellationToken));
    }

    private async Task RecordAsync(DbTransactionScope scope, TaskRunRow row, InteractionObject? interaction, CancellationToken cancellationToken)
    {
        var externalId = row.CredentialId is null ? null : await scope.Connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
            "SELECT external_id FROM credentials WHERE id = @CredentialId", new { row.CredentialId }, scope.Transaction, cancellationToken: cancellationToken));
        await events.RecordAsync(scope, row.Organization, $"task_run.{row.Status}", row.Id, row.ToEvent(interaction, externalId), cancellationToken);
    }
}
