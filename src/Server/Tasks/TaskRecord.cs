using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Tasks;

/// <summary>Section <c>Tasks</c>.</summary>
internal sealed class TaskOptions
{
    /// <summary>Successes in a row after which a task goes from <c>learning</c> to <c>test</c>. Default 1.</summary>
    public int TestAfter { get; set; } = 1;

    /// <summary>Successes in a row after which a task goes from <c>test</c> to <c>live</c>; more than <c>TestAfter</c>. Default 3.</summary>
    public int LiveAfter { get; set; } = 3;

    public static void Check(TaskOptions options, Action<string> fault)
    {
        if (options.TestAfter < 1 || options.LiveAfter <= options.TestAfter) fault("TestAfter is 1 or more, and LiveAfter is more than TestAfter.");
    }
}

/// <summary>What a task's runs say about it. Each move of its status and the event of it are in the commit of the run that caused it.</summary>
internal sealed class TaskRecord(EventLog events, TaskOptions options, TimeProvider time)
{
    /// <summary>A run of this edition of the task was completed, and approved where a person was to decide.</summary>
    public Task SucceededAsync(DbTransactionScope scope, OrganizationId organization, string? taskId, int? revision, CancellationToken cancellationToken) =>
        CountAsync(scope, organization, taskId, revision, success: true, cancellationToken);

    /// <summary>A run of this edition failed by the task's own fault: a step could not be done, its output was not what it should be, or a person rejected it.</summary>
    public Task FailedAsync(DbTransactionScope scope, OrganizationId organization, string? taskId, int? revision, CancellationToken cancellationToken) =>
        CountAsync(scope, organization, taskId, revision, success: false, cancellationToken);

    private async Task CountAsync(DbTransactionScope scope, OrganizationId organization, string? taskId, int? revision, bool success, CancellationToken cancellationToken)
    {
        if (taskId is null || revision is null) return;
        // A task that is live and works has nothing to write down; runs of it do not queue for its row.
        if (success && await scope.FirstOrNoneAsync<string>("SELECT status FROM tasks WHERE organization_id = @organization AND id = @taskId", new { organization = organization.Value, taskId }, cancellationToken) is null or TaskStatuses.Live) return;
        if (await TaskRow.FindAsync(scope.Connection, scope.Transaction, organization, TaskId.Of(taskId), forUpdate: true, cancellationToken) is not { } task || task.Revision != revision) return;
        var (status, successes) = After(task.Status, task.Successes, success, options);
        if (status == task.Status && successes == task.Successes) return;
        var moves = status != task.Status;
        task = task with { Status = status, Successes = successes, UpdatedAt = moves ? time.GetUtcNow() : task.UpdatedAt };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            "UPDATE tasks SET status = @Status, successes = @Successes, updated_at = @UpdatedAt WHERE id = @Id", task, scope.Transaction, cancellationToken: cancellationToken));
        if (moves) await events.RecordAsync(scope, organization, "task.updated", task.Id, task.ToEvent(), cancellationToken);
    }

    /// <summary>Status and successes in a row after one more run.</summary>
    public static (string Status, int Successes) After(string status, int successes, bool success, TaskOptions options)
    {
        if (!success) return (status == TaskStatuses.Live ? TaskStatuses.Test : status, 0);
        if (status == TaskStatuses.Live) return (status, successes);
        successes++;
        return status switch
        {
            TaskStatuses.Learning when successes >= options.TestAfter => (TaskStatuses.Test, successes),
            TaskStatuses.Test when successes >= options.LiveAfter => (TaskStatuses.Live, successes),
            _ => (status, successes),
        };
    }
}
