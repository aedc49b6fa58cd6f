using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Tasks;

namespace Ostiary.Server.TaskRuns;

/// <summary>
/// <c>POST /task-runs/{id}/review</c>: a person approves or rejects what a run brought back. Its browser has been let go and its wall clock has stopped by then; what ends
/// the waiting otherwise is <see cref="TaskRunOptions.ReviewTimeout"/>, or a cancel.
/// </summary>
internal static class ReviewRun
{
    private const int LongestReason = 500;

    internal sealed record Request
    {
        [RequiredField, OneOf("approve", "reject"), Says("`approve`: the output counts. `reject`: the run fails, and the output is taken away.", Example = "approve")] public string? Decision { get; init; }
        [Longest(LongestReason), Says("Why it is rejected; stands in the run's error.", Example = "The balance is last month's.")] public string? Reason { get; init; }
    }

    public static async Task<Reply> HandleAsync(string id, ApiCall call, TaskRunStore runs, TaskRecord record, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<Request>(faults);
        if (!ObjectId.TryParse<TaskRunId>(id, out var runId)) return Reply.NotFound<TaskRunId>(id);
        if (faults.Count > 0) return Reply.Rejected(faults);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await TaskRunStore.LockAsync(scope, call.Organization, runId.Value, cancellationToken) is not { } run) return Reply.NotFound<TaskRunId>(id);
        if (run.Status != RunStatuses.ReviewRequired) return Reply.Conflict($"The run `{run.Id}` is {run.Status} and waits for no review.");
        var now = time.GetUtcNow();
        var isApproved = request.Decision == "approve";
        if (isApproved) run = await runs.OpenAsync(run, withInput: false, cancellationToken);
        var decided = (isApproved ? run.Approve(now) : run.Fail(Rejected(request.Reason), now))!;
        await runs.WriteAsync(scope, decided, null, cancellationToken);
        if (isApproved) await record.SucceededAsync(scope, run.Organization, run.TaskId, run.TaskRevision, cancellationToken);
        else await record.FailedAsync(scope, run.Organization, run.TaskId, run.TaskRevision, cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(decided.ToObject(null, now)), cancellationToken);
    }

    /// <summary>Fails runs that nobody reviewed in time; called by the upkeep.</summary>
    public static async Task ExpireAsync(Db db, TaskRunStore runs, TaskRunOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - options.ReviewTimeout;
        foreach (var late in await db.ListAsync<TaskRunRow>($"SELECT {TaskRunRow.Columns} FROM task_runs WHERE status = 'review_required' AND updated_at < @before ORDER BY updated_at LIMIT 500", new { before }, cancellationToken))
        {
            await using var scope = await db.BeginAsync(cancellationToken);
            if (await TaskRunStore.LockAsync(scope, late.Organization, late.Id, cancellationToken) is not { Status: RunStatuses.ReviewRequired } run) continue;
            var fault = new Fault("task", "timeout", $"Nobody reviewed the run within {options.ReviewTimeout.TotalHours:0.#} hours; run the task again.");
            await runs.WriteAsync(scope, run.Fail(fault, time.GetUtcNow())!, null, cancellationToken);
            await scope.CommitAsync(cancellationToken);
        }
    }

    private static Fault Rejected(string? reason) => new("task", "review_rejected", string.IsNullOrWhiteSpace(reason) ? "The output was rejected in review." : $"The output was rejected in review: {reason.Trim()}");
}

/// <summary>Section <c>TaskRuns</c>.</summary>
internal sealed class TaskRunOptions
{
    /// <summary>How long a run waits for its review before it fails. Default 7 days.</summary>
    public TimeSpan ReviewTimeout { get; set; } = TimeSpan.FromDays(7);
}
