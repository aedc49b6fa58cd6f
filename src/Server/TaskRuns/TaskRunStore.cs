using System.Security.Cryptography;
using System.Text;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Vault;

namespace Ostiary.Server.TaskRuns;

/// <summary>Every write to a run, each with its event in the same commit.</summary>
internal sealed class TaskRunStore(Db db, EventLog events, Questions questions, SecretVault vault)
{
    /// <summary>The run with its output readable, and its input where it is needed.</summary>
    public async Task<TaskRunRow> OpenAsync(TaskRunRow row, bool withInput, CancellationToken cancellationToken)
    {
        if (row.SealedOutput is { } output) row = row with { Output = await ReadAsync(row.OutputContext, output, cancellationToken) };
        return withInput && row.SealedInput is { } input ? row with { Input = await ReadAsync(row.InputContext, input, cancellationToken) } : row;
    }

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
        // Nothing given is nothing to seal.
        if (row.Input != "{}") row = row with { SealedInput = await vault.SealEnvelopeAsync(row.InputContext, Encoding.UTF8.GetBytes(row.Input), cancellationToken) };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO task_runs (id, organization_id, task_id, agent_id, source_id, credential_id, connection_id, session_id, status, sealed_input, timeout_seconds, work_id, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @TaskId, @AgentId, @SourceId, @CredentialId, @ConnectionId, @SessionId, @Status, @SealedInput, @TimeoutSeconds, @WorkId, @CreatedAt, @UpdatedAt)
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        await RecordAsync(scope, row, null, cancellationToken);
    }

    /// <summary>Writes a moved run and its event. An ended run leaves no question open and no answer behind.</summary>
    public async Task WriteAsync(DbTransactionScope scope, TaskRunRow row, InteractionObject? interaction, CancellationToken cancellationToken, bool record = true)
    {
        if (row.Output is { } output) row = row with { SealedOutput = await vault.SealEnvelopeAsync(row.OutputContext, Encoding.UTF8.GetBytes(output), cancellationToken) };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE task_runs SET status = @Status, result = @Result, output = NULL, sealed_output = @SealedOutput, errors = @Errors::json, artifacts = @Artifacts::json, session_id = @SessionId, task_revision = @TaskRevision,
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

    private async Task<string> ReadAsync(string context, byte[] envelope, CancellationToken cancellationToken)
    {
        var bytes = await vault.OpenEnvelopeAsync(context, envelope, cancellationToken);
        try
        {
            return Encoding.UTF8.GetString(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private async Task RecordAsync(DbTransactionScope scope, TaskRunRow row, InteractionObject? interaction, CancellationToken cancellationToken)
    {
        var externalId = row.CredentialId is null ? null : await scope.Connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
            "SELECT external_id FROM credentials WHERE id = @CredentialId", new { row.CredentialId }, scope.Transaction, cancellationToken: cancellationToken));
        await events.RecordAsync(scope, row.Organization, $"task_run.{row.Status}", row.Id, row.ToEvent(interaction, externalId), cancellationToken);
    }
}
