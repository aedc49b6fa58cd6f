using Ostiary.Browser;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.SignIns;
using Ostiary.Server.Sources;
using Ostiary.Server.Storage;
using Ostiary.Server.Tasks;
using Ostiary.Server.Tasks.Programs;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary>One start of one run.</summary>
internal sealed class Attempt(WorkItem item, TaskRunRow run, TaskRunStore runs) : SignInAttempt(item)
{
    public TaskRunRow Run { get; set; } = run;

    /// <summary>What it saw and did.</summary>
    public required RunJournal Journal { get; init; }

    /// <summary>Which edition of the task it performs; null until that is known.</summary>
    public int? TaskRevision { get; set; }

    public override ISignInWitness? Witness => Journal;

    public override OrganizationId Organization => Run.Organization;

    public override string? CredentialId => Run.CredentialId;

    public override bool ProvesCredential => Run.TaskId is null;

    protected override bool WasTouchedBefore => Run.SiteTouched;

    protected override Task WriteTouchAsync(CancellationToken cancellationToken) => runs.TouchAsync(Run, cancellationToken);
}

/// <summary>What a run does in its browser: sign in when nobody has yet, then the task. How it is started, stopped and settled is <see cref="RunJob"/>'s.</summary>
internal sealed class RunWork(Db db, TaskRunStore runs, SigningIn signingIn, Questions questions, FileStore files, TimeProvider time)
{
    /// <summary>Null: the browser is to be opened anew with the attempt's state, and all of this to be done again.</summary>
    public async Task<RunEnding?> PerformAsync(Attempt attempt, LiveSession session, ActivePlace place, CancellationToken cancellationToken)
    {
        TaskRow? task = null;
        SourceRow? source;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            if (attempt.Run.TaskId is { } taskId) task = await TaskRow.FindAsync(connection, null, attempt.Run.Organization, TaskId.Of(taskId), forUpdate: false, cancellationToken);
            source = await SourceRow.FindAsync(connection, null, attempt.Run.Organization, SourceId.Of(attempt.Run.SourceId), forUpdate: false, cancellationToken);
        }

        if (task is null && !attempt.ProvesCredential) return new RunEnding.Failed(new Fault("request", "task_not_found", "The task was deleted before the run started."));
        if (source is null) return new RunEnding.Failed(new Fault("source", "source_not_available", "The source was deleted before the run started."));
        if (task is { Program: null, Prompt: { Length: > 0 } }) return new RunEnding.Failed(new Fault("task", "model_not_configured", "The task has only a prompt, and no language model is configured; give it a `program`."));
        attempt.TaskRevision = task?.Revision;
        attempt.Journal.Watch(session.Browser);
        var entered = await signingIn.EnterAsync(attempt, session, source, place, new RunDesk(attempt.Run, db, runs, questions, place, time), cancellationToken);
        await attempt.Journal.SignedInAsync();
        attempt.Journal.Note(attempt.Steps);
        if (entered is SignInEnding.Reopen) return null;
        if (RunEnding.Of(entered) is { } ended) return ended;
        if (task is null) return new RunEnding.Completed("{}");
        var ending = await DoTaskAsync(attempt, session, task, source, cancellationToken);
        await signingIn.KeepAsync(attempt, session, cancellationToken);
        return ending;
    }

    private async Task<RunEnding> DoTaskAsync(Attempt attempt, LiveSession session, TaskRow task, SourceRow source, CancellationToken cancellationToken)
    {
        var output = new System.Text.Json.Nodes.JsonObject();
        if (task.Program is { } text)
        {
            var parse = FlowProgram.Parse(Json.Parse(text));
            if (parse.Program is not { } program) return new RunEnding.Failed(new Fault("task", "step_failed", $"The program cannot be read: {parse.Faults[0].Path}: {parse.Faults[0].Message}"));
            await attempt.TouchAsync(cancellationToken);
            var input = System.Text.Json.Nodes.JsonNode.Parse((await runs.OpenAsync(attempt.Run, withInput: true, cancellationToken)).Input)!.AsObject();
            var result = await new FlowRunner(time, attempt.Journal).RunAsync(program, input, new Uri(source.Url), new FlowBrowser(session.Browser), new RunFiles(files, attempt.Run, task), cancellationToken);
            if (result is FlowResult.Failed failed)
                return new RunEnding.Failed(new Fault(failed.Code == FlowResult.StepFailed ? "task" : "storage", failed.Code, failed.Message)) { KeepsSession = true };
            output = ((FlowResult.Completed)result).Output;
        }

        var json = output.ToJsonString(Json.Options);
        if (task.OutputSchema is { } schema && JsonSchemas.Validate(Json.Parse(schema), Json.Parse(json), "output") is { Count: > 0 } faults)
        {
            return new RunEnding.Failed(new Fault(
                "task", "output_invalid", $"The output does not match `output_schema`: {string.Join(" ", faults.Take(5).Select(f => $"`{f.Field}`: {f.Message}"))}", faults[0].Field)) { KeepsSession = true };
        }

        return new RunEnding.Completed(json) { NeedsReview = task.NeedsReview };
    }

    private sealed class FlowBrowser(BrowserSession session) : IFlowBrowser
    {
        public Microsoft.Playwright.IPage Page => session.Page;

        public CancellationToken Lost => session.Lost;

        public Task<DownloadedFile> DownloadAsync(Func<Task> trigger, TimeSpan limit, CancellationToken ct) => session.DownloadAsync(trigger, limit, ct);
    }
}
