using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.Storage;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary>Task runs: started, watched, answered, canceled.</summary>
internal static class TaskRunRoutes
{
    private static readonly string[] Sections = ["input", "storage", "screenshots", "artifacts"];

    public static IServiceCollection AddTaskRuns(this IServiceCollection services, bool isWorker)
    {
        services.AddSingleton<TaskRunStore>().AddSingleton<ISessionFollower, RunsInSessions>();
        return isWorker ? services.AddSingleton<RunWork>().AddSingleton<IWorkHandler, RunJob>() : services;
    }

    public static void MapTaskRuns(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Task runs", "A run does a task on a source: it signs in, asks the user when the website does, and brings back output and files.");
        routes.MapPost("/tasks/{id}/run", RunTask.HandleAsync).OpenToTokens().Describe("Run a task", "Say on what: a credential, a connection, a source without sign-in, or a session that is still open. The answer comes at once; the run goes on in the background.")
            .At<TaskId>().Takes<RunTask.Request>().Gives<TaskRunObject>(201).Misses<CredentialId>().Misses<ConnectionId>().Misses<SessionId>().Fails("source_not_found", "state_conflict", "session_limit_exceeded");
        routes.MapPost("/credentials/{id}/verify", VerifyCredential.HandleAsync).Describe("Verify a credential", "Starts a run that signs in with the credential and does nothing else; it has no `task_id`. A kept sign-in does not count.")
            .At<CredentialId>().Gives<TaskRunObject>(201).Fails("state_conflict", "session_limit_exceeded");
        routes.MapGet("/task-runs", ListAsync).OpenToTokens().Describe("List task runs").Pages<TaskRunId, TaskRunObject>()
            .FilterWords("status", [.. RunStatuses.All, "cancelling"], "Only in these statuses.").FilterWords("outcome", RunStatuses.Outcomes, "Only with these results.").FilterIds<SourceId>("source_id")
            .FilterIds<AgentId>("agent_id").FilterIds<CredentialId>("credential_id").FilterIds<ConnectionId>("connection_id").FilterIds<TaskId>("task_id").FilterTimes();
        routes.MapGet("/task-runs/{id}", GetAsync).OpenToTokens().Describe("Get a task run").At<TaskRunId>().FilterWords("include", Sections, "Sections to add to the answer; what is not asked for is left out.").Gives<TaskRunObject>();
        routes.MapPost("/task-runs/{id}/interaction", AnswerAsync).OpenToTokens().Describe("Answer a task run's question", "All fields of `interaction` in one request. A faulty answer leaves the question open; a wrong one brings a further `interaction_required`.")
            .At<TaskRunId>().Takes<AnswerRequest>().Gives<TaskRunObject>().Fails("interaction_not_pending");
        routes.MapPost("/task-runs/{id}/cancel", CancelAsync).Describe("Cancel a task run").At<TaskRunId>().Gives<TaskRunObject>().Fails("state_conflict");
        routes.MapGet("/task-runs/{id}/storage", ListFilesAsync).Describe("List a task run's files").At<TaskRunId>().Gives<ListObject<StorageObject>>();
        routes.MapGet("/task-runs/{id}/screenshots", ListScreenshotsAsync).Describe("List a task run's pictures", "Oldest first. Password and code boxes are painted over before a picture leaves the browser.").At<TaskRunId>().Gives<ListObject<ScreenshotObject>>();
        routes.MapPost("/task-runs/{id}/review", ReviewRun.HandleAsync).Describe("Review a task run", "A run in `review_required` is `completed` by an approval and `failed` by a rejection. Of several decisions one counts.")
            .At<TaskRunId>().Takes<ReviewRun.Request>().Gives<TaskRunObject>().Fails("state_conflict");
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, TaskRunStore runs, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<TaskRunId>(call.Query, faults);
        // Both spellings of the word are accepted in filters.
        var statuses = Filters.Words(call.Query, "status", [.. RunStatuses.All, "cancelling"], faults)?.Select(s => s == "cancelling" ? RunStatuses.Canceling : s).ToArray();
        var outcomes = Filters.Words(call.Query, "outcome", [.. RunStatuses.Outcomes], faults);
        var list = new ListQuery(TaskRunRow.Columns, "task_runs", call);
        Where("source_id = ANY(@sources)", "sources", Filters.Ids<SourceId>(call.Query, "source_id", faults));
        Where("agent_id = ANY(@agents)", "agents", Filters.Ids<AgentId>(call.Query, "agent_id", faults));
        Where("credential_id = ANY(@credentials)", "credentials", Filters.Ids<CredentialId>(call.Query, "credential_id", faults));
        Where("connection_id = ANY(@connections)", "connections", Filters.Ids<ConnectionId>(call.Query, "connection_id", faults));
        Where("task_id = ANY(@tasks)", "tasks", Filters.Ids<TaskId>(call.Query, "task_id", faults));
        Where("status = ANY(@statuses)", "statuses", statuses);
        Where("result = ANY(@outcomes)", "outcomes", outcomes);
        if (Filters.Time(call.Query, "created_after", faults) is { } after) list.Where("created_at > @after", "after", after);
        if (Filters.Time(call.Query, "created_before", faults) is { } before) list.Where("created_at < @before", "before", before);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var rows = await list.ReadAsync<TaskRunRow, TaskRunRow>(db, page, row => row, cancellationToken);
        await using var connection = await db.OpenAsync(cancellationToken);
        var pending = await Questions.PendingAsync(connection, [.. rows.Data.Select(r => r.Id)], cancellationToken);
        var now = time.GetUtcNow();
        var shown = new List<TaskRunObject>(rows.Data.Count);
        foreach (var row in rows.Data) shown.Add(Shown(call, (await runs.OpenAsync(row, withInput: false, cancellationToken)).ToObject(pending.GetValueOrDefault(row.Id)?.ToObject(), now)));
        return Reply.Ok(new ListObject<TaskRunObject>(shown, rows.HasMore, rows.NextCursor));

        void Where(string condition, string name, string[]? values)
        {
            if (values is not null) list.Where(condition, name, values);
        }
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, HttpRequest request, Db db, TaskRunStore runs, FileStore files, ScreenshotStore screenshots, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var include = Filters.Words(call.Query, "include", Sections, faults) ?? [];
        if (!ObjectId.TryParse<TaskRunId>(id, out var runId)) return Reply.NotFound<TaskRunId>(id);
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (call.Restriction is not null && include.Length > 0) return Reply.Forbidden("A component token may not see what a run was given or brought back; leave out `include`.", "include");
        if (await runs.FindAsync(call.Organization, runId, cancellationToken) is not { } run || !await call.ReachesAsync("task_runs", run.Id, cancellationToken)) return Reply.NotFound<TaskRunId>(id);
        run = await runs.OpenAsync(run, include.Contains("input"), cancellationToken);
        var shown = Shown(call, await DescribeAsync(run, db, time, cancellationToken));
        if (include.Contains("input")) shown = shown with { Input = Json.Parse(run.Input) };
        if (include.Contains("storage")) shown = shown with { Storage = await FilesAsync(run, request, files, cancellationToken) };
        if (include.Contains("screenshots")) shown = shown with { Screenshots = await screenshots.OfRunAsync(run.Organization, run.Id, request, cancellationToken) };
        if (include.Contains("artifacts")) shown = shown with { Artifacts = Json.Parse(run.Artifacts ?? "{}") };
        return Reply.Ok(shown);
    }

    /// <summary>Takes the answer to the open question. Of two at once exactly one finds it open; a faulty answer leaves it open.</summary>
    private static async Task<Reply> AnswerAsync(string id, ApiCall call, Questions questions, TaskRunStore runs, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var body = call.TryParseBody(faults);
        if (!ObjectId.TryParse<TaskRunId>(id, out var runId)) return Reply.NotFound<TaskRunId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await TaskRunStore.LockAsync(scope, call.Organization, runId.Value, cancellationToken) is not { } run || !await call.ReachesAsync(scope.Connection, "task_runs", run.Id, cancellationToken)) return Reply.NotFound<TaskRunId>(id);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var now = time.GetUtcNow();
        var question = await Questions.PendingAsync(scope.Connection, scope.Transaction, run.Id, forUpdate: true, cancellationToken);
        if (question is null || question.ExpiresAt <= now || run.Resume(now) is not { } resumed)
            return Reply.Fail(409, new Fault("request", "interaction_not_pending", $"The run `{run.Id}` is {run.Status} and waits for no answer."));
        faults.AddRange(await questions.AnswerAsync(scope, question, body, cancellationToken));
        if (faults.Count > 0) return Reply.Rejected(faults);
        await runs.WriteAsync(scope, resumed, null, cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(resumed.ToObject(null, now)), cancellationToken);
    }

    /// <summary>Cancels a run. One that has not started ends at once; one at work is <c>canceling</c> until its browser has let go. Canceling twice changes nothing.</summary>
    private static async Task<Reply> CancelAsync(string id, ApiCall call, TaskRunStore runs, SessionStore sessions, WorkQueue work, WakeUps wakeUps, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<TaskRunId>(id, out var runId)) return Reply.NotFound<TaskRunId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await TaskRunStore.LockAsync(scope, call.Organization, runId.Value, cancellationToken) is not { } run) return Reply.NotFound<TaskRunId>(id);
        if (run.Status is RunStatuses.Canceling or RunStatuses.Canceled) return await call.CommitAsync(scope, Reply.Ok(run.ToObject(null, time.GetUtcNow())), cancellationToken);
        if (run.IsOver) return Reply.Conflict($"The run `{run.Id}` has already {run.Status}.");
        run = await RunCancel.RequestAsync(scope, run, runs, work, wakeUps, time, cancellationToken);
        if (run.IsOver && run.SessionId is { } sessionId) await EndUnopenedAsync(scope, sessions, sessionId, cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(run.ToObject(null, time.GetUtcNow())), cancellationToken);
    }

    private static async Task<Reply> ListFilesAsync(string id, ApiCall call, HttpRequest request, TaskRunStore runs, FileStore files, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<TaskRunId>(id, out var runId) || await runs.FindAsync(call.Organization, runId, cancellationToken) is not { } run) return Reply.NotFound<TaskRunId>(id);
        return Reply.Ok(new ListObject<StorageObject>(await FilesAsync(run, request, files, cancellationToken), false, null));
    }

    private static async Task<Reply> ListScreenshotsAsync(string id, ApiCall call, HttpRequest request, TaskRunStore runs, ScreenshotStore screenshots, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<TaskRunId>(id, out var runId) || await runs.FindAsync(call.Organization, runId, cancellationToken) is not { } run) return Reply.NotFound<TaskRunId>(id);
        return Reply.Ok(new ListObject<ScreenshotObject>(await screenshots.OfRunAsync(run.Organization, run.Id, request, cancellationToken), false, null));
    }

    private static async Task<IReadOnlyList<StorageObject>> FilesAsync(TaskRunRow run, HttpRequest request, FileStore files, CancellationToken cancellationToken)
    {
        var shown = new List<StorageObject>();
        foreach (var row in await files.OfRunAsync(run.Organization, run.Id, cancellationToken)) shown.Add(await files.ToObjectAsync(row, request, cancellationToken));
        return shown;
    }

    // In a browser a run is a question and a status; its output is for the server that asked for it.
    private static TaskRunObject Shown(ApiCall call, TaskRunObject run) => call.Restriction is null ? run : run with { Output = null };

    private static async Task<TaskRunObject> DescribeAsync(TaskRunRow run, Db db, TimeProvider time, CancellationToken cancellationToken)
    {
        InteractionRow? question = null;
        if (run.Status == RunStatuses.InteractionRequired)
        {
            await using var connection = await db.OpenAsync(cancellationToken);
            question = await Questions.PendingAsync(connection, null, run.Id, forUpdate: false, cancellationToken);
        }

        return run.ToObject(question?.ToObject(), time.GetUtcNow());
    }

    // A session that never got a browser ends with the run it was made for; one that is open for others stays.
    private static async Task EndUnopenedAsync(DbTransactionScope scope, SessionStore sessions, string sessionId, CancellationToken cancellationToken)
    {
        var status = await scope.Connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition("SELECT status FROM sessions WHERE id = @sessionId", new { sessionId }, scope.Transaction, cancellationToken: cancellationToken));
        if (status == SessionStatuses.Queued) await sessions.MoveAsync(scope, sessionId, SessionStatuses.Completed, null, cancellationToken);
    }
}
