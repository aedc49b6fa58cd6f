using Ostiary.Browser;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.SignIns;
using Ostiary.Server.Storage;
using Ostiary.Server.Tasks;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary>
/// Does a run: waits for a place, opens the browser, signs in, performs the task, and settles run, credential, session and events in one commit. What can stop it, the
/// user, the deadline, the server stopping or the browser dying, ends it differently.
/// </summary>
internal sealed class RunJob(
    Db db, TaskRunStore runs, SessionStore sessions, LiveSessions live, SigningIn signingIn, RunWork runWork, CredentialFindings findings, ScreenshotStore screenshots, TaskRecord record, WorkQueue work, WakeUps wakeUps, WorkerId worker, TimeProvider time,
    ILogger<RunJob> logger) : IWorkHandler
{
    public const string WorkKind = "task_run";

    /// <summary>What a work item of this kind carries.</summary>
    internal sealed record Payload(string RunId);

    public string Kind => WorkKind;

    public async Task<WorkResult> HandleAsync(WorkItem item, CancellationToken stopping)
    {
        var organization = OrganizationId.Of(item.OrganizationId);
        var runId = TaskRunId.Of(Json.Read<Payload>(item.Payload).RunId);
        if (await runs.FindAsync(organization, runId, stopping) is not { } run || run.IsOver || run.Status == RunStatuses.ReviewRequired) return WorkResult.Done.It;
        if (run.Status == RunStatuses.Canceling) return await SettleAsync(item, run, null, new RunEnding.Canceled(), null, stopping);
        if (run.Status != RunStatuses.Queued && (run.SiteTouched || run.Status != RunStatuses.Running))
            return await SettleAsync(item, run, null, new RunEnding.Lost("The server that ran this stopped while it was at work on the source. Run the task again."), null, stopping);
        if (await IsFullAsync(run, stopping)) return new WorkResult.Again(time.GetUtcNow().AddSeconds(1));

        await using var watch = new RunWatch(run.Id, db, wakeUps, time);
        using var early = CancellationTokenSource.CreateLinkedTokenSource(stopping, watch.Canceled);
        LiveSession? session = null;
        RunEnding ending;
        ActivePlace? place = null;
        await using var journal = new RunJournal(run, screenshots, db, time, logger);
        await using var attempt = new Attempt(item, run, runs) { Journal = journal };
        try
        {
            place = await live.EnterAsync(early.Token);
            var (started, isFull) = await StartAsync(item, run, early.Token);
            if (isFull) return new WorkResult.Again(time.GetUtcNow().AddSeconds(1));
            if (started is null) return WorkResult.Done.It;
            attempt.Run = run = started;
            using var deadline = new CancellationTokenSource(Positive(run.Deadline!.Value - time.GetUtcNow()), time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(early.Token, deadline.Token);
            try
            {
                session = live.Take(run.SessionId!);
                if (session is not null) ending = await PerformAsync(attempt, session, place, stop.Token);
                else if (run.ConnectionId is not null) ending = new RunEnding.Lost("The browser of its connection is gone. Reconnect, and run the task again.");
                else if (RunEnding.Of(await signingIn.PrepareAsync(attempt, place, stop.Token) ?? SignInEnding.In.It) is { } refused) ending = refused;
                else ending = await PerformAsync(attempt, session = await live.OpenAsync(run.Organization, run.SessionId!, attempt.State, stop.Token), place, stop.Token);
            }
            catch (OperationCanceledException) when (deadline.IsCancellationRequested && !early.IsCancellationRequested)
            {
                ending = new RunEnding.Failed(new Fault("task", "timeout", $"The run did not finish within {run.TimeoutSeconds} seconds."));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            if (item.Stop is WorkStop.LeaseLost or WorkStop.Cancelled || !attempt.Touched)
            {
                // Either it is no longer ours to settle, or nothing has happened yet and whoever takes it up starts afresh.
                if (session is not null) await live.CloseAsync(session);
                return WorkResult.HandBack.It;
            }

            ending = new RunEnding.Lost("The server was stopped while it was at work on the source. Run the task again.");
        }
        catch (OperationCanceledException) when (watch.Canceled.IsCancellationRequested)
        {
            ending = new RunEnding.Canceled();
        }
        catch (Exception exception) when (exception is BrowserLostException or OperationCanceledException)
        {
            ending = session is null
                ? new RunEnding.Failed(new Fault("session", "timeout", "No browser could be opened in time; try again."))
                : session.Browser.Lost.IsCancellationRequested
                    ? new RunEnding.Lost("The browser behind this run has died. Run the task again.")
                    : await StoppedFromOutsideAsync(run, exception);
        }
        catch (Exception exception) when (exception is not Npgsql.NpgsqlException)
        {
            // The text of an unexpected exception may hold what a page showed or what was typed: only its type is logged.
            Log.RunBroke(logger, run.Id, Thrown.Name(exception), Thrown.Place(exception));
            ending = new RunEnding.Failed(new Fault("api", "api_error", $"Something went wrong on our side. Quote {run.Id} when you report it."));
        }
        finally
        {
            place?.Dispose();
        }

        if (session is not null && ending is not (RunEnding.Completed or RunEnding.Lost)) await journal.LastAsync($"The run ends here: {ending.Code}.");
        // A connection is not given up because a run on it was: what the run was doing to its page ends with the page.
        if (session is { SignedIn: true } && run.ConnectionId is not null && ending is (RunEnding.Canceled or RunEnding.Failed { Fault: { Type: "task", Code: "timeout" } })) ending = ending with { KeepsSession = await RenewAsync(session) };
        // The attempt's turn ends after this: what was found out about the credential is then known to whoever signs in with it next.
        return await SettleAsync(item, run, session, ending, attempt, CancellationToken.None);
    }

    public async Task GiveUpAsync(WorkItem item, CancellationToken cancellationToken)
    {
        var runId = TaskRunId.Of(Json.Read<Payload>(item.Payload).RunId);
        if (await runs.FindAsync(OrganizationId.Of(item.OrganizationId), runId, cancellationToken) is { IsOver: false } run)
            await SettleAsync(item, run, null, new RunEnding.Failed(new Fault("api", "api_error", $"Something went wrong on our side, again and again. Quote {run.Id} when you report it.")), null, cancellationToken);
    }

    private static TimeSpan Positive(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.FromMilliseconds(1);

    private async Task<bool> IsFullAsync(TaskRunRow run, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await sessions.IsFullAsync(connection, run.Organization, run.SessionId, cancellationToken);
    }

    /// <summary>The run and its session become <c>running</c> in one commit. Null: somebody stopped the run first, or the source has as many sessions as it is to have.</summary>
    private async Task<(TaskRunRow? Started, bool IsFull)> StartAsync(WorkItem item, TaskRunRow run, CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        var current = await TaskRunStore.LockAsync(scope, run.Organization, run.Id, cancellationToken);
        if (current is null || !await work.HoldAsync(scope, item, cancellationToken)) return (null, false);
        if (current.Status == RunStatuses.Canceling) throw new OperationCanceledException("The run was asked to stop before it started.");
        var again = current.Status == RunStatuses.Running;
        if ((again ? current : current.Start(time.GetUtcNow())) is not { } started) return (null, false);
        if (await sessions.IsSourceFullAsync(scope, started.SourceId, started.SessionId, cancellationToken)) return (null, true);
        // A run on a connection uses the connection's browser or none.
        if (started.ConnectionId is not null) await sessions.UseAsync(scope, started.SessionId!, worker.Value, cancellationToken);
        else started = started with { SessionId = (await sessions.OpenForAsync(scope, started.Organization, started.SessionId, started.SourceId, started.CredentialId, worker.Value, cancellationToken)).Id };
        await runs.WriteAsync(scope, started, null, cancellationToken, record: !again);
        await scope.CommitAsync(cancellationToken);
        return (started, false);
    }

    private async Task<RunEnding> PerformAsync(Attempt attempt, LiveSession session, ActivePlace place, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.Browser.Lost);
            if (await runWork.PerformAsync(attempt, session, place, lost.Token) is { } ending) return ending;
            await live.ReopenAsync(session, attempt.State!, cancellationToken);
        }
    }

    private static async Task<bool> RenewAsync(LiveSession session)
    {
        try
        {
            await session.Browser.RenewPageAsync(CancellationToken.None);
            return true;
        }
        catch (Exception exception) when (exception is PageActionException or BrowserLostException)
        {
            return false;
        }
    }

    // A canceled wait without any of our tokens: the desk found the run stopped, or its row gone.
    private async Task<RunEnding> StoppedFromOutsideAsync(TaskRunRow run, Exception exception)
    {
        var current = await runs.FindAsync(run.Organization, TaskRunId.Of(run.Id), CancellationToken.None);
        if (current is null or { Status: RunStatuses.Canceling or RunStatuses.Canceled }) return new RunEnding.Canceled();
        Log.RunBroke(logger, run.Id, Thrown.Name(exception), Thrown.Place(exception));
        return new RunEnding.Failed(new Fault("api", "api_error", $"Something went wrong on our side. Quote {run.Id} when you report it."));
    }

    /// <summary>Run, credential, session, events and the end of the work are one commit. A lost lease abandons all of it.</summary>
    private async Task<WorkResult> SettleAsync(WorkItem item, TaskRunRow run, LiveSession? session, RunEnding ending, Attempt? attempt, CancellationToken cancellationToken)
    {
        // Whoever hears that the run is over finds its pictures.
        if (attempt is not null) await attempt.Journal.DisposeAsync();
        var keep = ending.KeepsSession && session is { Browser.Lost.IsCancellationRequested: false };
        if (session is not null && !keep) await live.CloseAsync(session);
        await using (var scope = await db.BeginAsync(cancellationToken))
        {
            var current = await TaskRunStore.LockAsync(scope, run.Organization, run.Id, cancellationToken);
            var now = time.GetUtcNow();
            var moved = current is null ? null : current.Status == RunStatuses.Canceling ? current.Cancel(now) : ending.Apply(current, now);
            if (moved is not null)
            {
                moved = moved with { TaskRevision = attempt?.TaskRevision ?? moved.TaskRevision };
                if (attempt?.Journal.ToJson() is { } artifacts) moved = moved with { Artifacts = artifacts };
                if (ending is RunEnding.Refused refused) await findings.RefusedAsync(scope, refused.Credential, refused.Fingerprint, refused.Fault.Message, cancellationToken);
                await runs.WriteAsync(scope, moved, null, cancellationToken);
                if (moved.Status == RunStatuses.Completed) await record.SucceededAsync(scope, moved.Organization, moved.TaskId, moved.TaskRevision, cancellationToken);
                else if (moved.Status == RunStatuses.Failed && ending is RunEnding.Failed { IsTasksOwn: true }) await record.FailedAsync(scope, moved.Organization, moved.TaskId, moved.TaskRevision, cancellationToken);
                Log.RunEnded(logger, moved.Id, moved.Status, ending.Code, (long)(now - (moved.StartedAt ?? moved.CreatedAt)).TotalMilliseconds, moved.TaskId, moved.SourceId);
            }

            if (current?.SessionId is { } sessionId) keep &= await EndSessionAsync(scope, sessionId, keep, ending, cancellationToken);
            if (!await work.CompleteAsync(scope, item, cancellationToken))
            {
                if (session is not null) await live.CloseAsync(session);
                return WorkResult.Done.It;
            }

            await scope.CommitAsync(cancellationToken);
        }

        if (session is not null && keep) live.Rest(session);
        else if (session is not null) await live.CloseAsync(session);
        return WorkResult.Done.It;
    }

    private async Task<bool> EndSessionAsync(DbTransactionScope scope, string sessionId, bool keep, RunEnding ending, CancellationToken cancellationToken)
    {
        if (keep && await sessions.MoveAsync(scope, sessionId, SessionStatuses.Idle, worker.Value, cancellationToken) is not null) return true;
        if (ending is RunEnding.Lost)
        {
            await sessions.MoveAsync(scope, sessionId, SessionStatuses.Failed, null, ending.SessionEnd, cancellationToken);
            return false;
        }

        await sessions.MoveAsync(scope, sessionId, SessionStatuses.Completing, null, ending.SessionEnd, cancellationToken);
        await sessions.MoveAsync(scope, sessionId, SessionStatuses.Completed, null, ending.SessionEnd, cancellationToken);
        return false;
    }
}
