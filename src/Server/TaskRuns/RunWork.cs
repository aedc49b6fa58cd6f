using Ostiary.Browser;
using Ostiary.Login;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.Sources;
using Ostiary.Server.Storage;
using Ostiary.Server.Tasks;
using Ostiary.Server.Tasks.Programs;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary>One start of one run: what was touched, what was found out, and the turn that is held until it is settled.</summary>
internal sealed class Attempt(WorkItem item, TaskRunRow run, TaskRunStore runs) : IAsyncDisposable
{
    private bool _touched;

    public WorkItem Item { get; } = item;

    public TaskRunRow Run { get; set; } = run;

    /// <summary>What it saw and did.</summary>
    public required RunJournal Journal { get; init; }

    /// <summary>Which edition of the task it performs; null until that is known.</summary>
    public int? TaskRevision { get; set; }

    /// <summary>The rights to sign in with the run's credential and with its values; given back together.</summary>
    public Stack<IAsyncDisposable> Turns { get; } = [];

    /// <summary>True once a value was opened or a step was done.</summary>
    public bool Touched => _touched || Run.SiteTouched;

    /// <summary>Commits that the site is about to be touched.</summary>
    public async Task TouchAsync(CancellationToken cancellationToken)
    {
        if (_touched) return;
        await runs.TouchAsync(Run, cancellationToken);
        _touched = true;
    }

    public async ValueTask DisposeAsync()
    {
        while (Turns.TryPop(out var turn)) await turn.DisposeAsync();
    }
}

/// <summary>What a run does in its browser: sign in when nobody has yet, then the task. How it is started, stopped and settled is <see cref="RunJob"/>'s.</summary>
internal sealed class RunWork(
    Db db, TaskRunStore runs, SignIn signIn, SignInTurns turns, CredentialVault vault, CredentialFindings findings, Questions questions, FileStore files, SourceFindings sourceFindings, TimeProvider time)
{
    public async Task<RunEnding> PerformAsync(Attempt attempt, LiveSession session, ActivePlace place, CancellationToken cancellationToken)
    {
        TaskRow? task;
        SourceRow? source;
        CredentialRow? credential = null;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            task = await TaskRow.FindAsync(connection, null, attempt.Run.Organization, TaskId.Of(attempt.Run.TaskId), forUpdate: false, cancellationToken);
            source = await SourceRow.FindAsync(connection, null, attempt.Run.Organization, SourceId.Of(attempt.Run.SourceId), forUpdate: false, cancellationToken);
            if (attempt.Run.CredentialId is { } id) credential = await CredentialRow.FindAsync(connection, null, attempt.Run.Organization, CredentialId.Of(id), forUpdate: false, cancellationToken);
        }

        if (task is null) return new RunEnding.Failed(new Fault("request", "task_not_found", "The task was deleted before the run started."));
        if (source is null) return new RunEnding.Failed(new Fault("source", "source_not_available", "The source was deleted before the run started."));
        if (task is { Program: null, Prompt: { Length: > 0 } }) return new RunEnding.Failed(new Fault("task", "model_not_configured", "The task has only a prompt, and no language model is configured; give it a `program`."));
        attempt.TaskRevision = task.Revision;
        if (!session.SignedIn)
        {
            var refused = credential is null || credential.AuthMethod == AuthMethods.None
                ? await OpenPageAsync(session, source, cancellationToken)
                : await SignInAsync(attempt, session, source, credential, place, cancellationToken);
            if (refused is not null) return refused;
            if (source is { LogoUrl: null, FoundLogoUrl: null }) await FindLogoAsync(attempt.Run, session, cancellationToken);
        }

        return await DoTaskAsync(attempt, session, task, source, cancellationToken);
    }

    private static async Task<RunEnding?> OpenPageAsync(LiveSession session, SourceRow source, CancellationToken cancellationToken)
    {
        await session.Browser.NavigateAsync(new Uri(source.Url), cancellationToken);
        var page = await session.Browser.LookAsync(TimeSpan.FromSeconds(10), cancellationToken);
        if (session.Browser.Refusals.FirstOrDefault(r => r.Host.Equals(new Uri(source.Url).Host, StringComparison.OrdinalIgnoreCase)) is { } refusal)
            return new RunEnding.Failed(new Fault("source", "source_blocked", $"The source may not be reached from here: {refusal.Reason}"));
        return page.NavigationError is { } error ? new RunEnding.Failed(new Fault("source", "source_not_available", $"The source does not answer ({error}).")) : null;
    }

    /// <summary>The picture that the page names for itself: the largest of those meant for a home screen, else its icon. Not fetched, only noted; not having it is no fault.</summary>
    private async Task FindLogoAsync(TaskRunRow run, LiveSession session, CancellationToken cancellationToken)
    {
        const string script =
            """
            () => {
              const size = l => Math.max(0, ...(l.getAttribute('sizes') || '').split(/\s+/).map(s => parseInt(s) || 0));
              const icons = [...document.querySelectorAll('link[rel~="icon" i], link[rel^="apple-touch-icon" i]')].filter(l => /^https?:/.test(l.href) && new URL(l.href).search.length <= 40);
              const rank = l => (/apple/i.test(l.rel) ? 1000 : /svg/.test(l.type + l.href) ? 500 : 0) + size(l);
              return icons.sort((a, b) => rank(b) - rank(a))[0]?.href ?? '';
            }
            """;
        try
        {
            var url = await session.Browser.Page.EvaluateAsync<string>(script).WaitAsync(TimeSpan.FromSeconds(1), time, cancellationToken);
            if (url is { Length: > 0 and <= SourceRoutes.LongestUrl }) await sourceFindings.LogoAsync(run.Organization, run.SourceId, url, cancellationToken);
        }
        catch (Exception exception) when (exception is Microsoft.Playwright.PlaywrightException or TimeoutException)
        {
            // The page is on its way elsewhere; the next sign-in looks again.
        }
    }

    private async Task<RunEnding?> SignInAsync(Attempt attempt, LiveSession session, SourceRow source, CredentialRow credential, ActivePlace place, CancellationToken cancellationToken)
    {
        if (credential.AuthMethod != AuthMethods.UsernamePassword)
            return new RunEnding.Failed(new Fault("auth", "auth_form_not_found", $"Signing in with `{credential.AuthMethod}` is not supported yet; store a `username_password` credential."));
        var slots = await vault.SlotsAsync(credential, cancellationToken);
        var inTurn = credential.Status != CredentialStatuses.Verified || slots.Contains("totp_secret");
        if (inTurn)
        {
            await TakeTurnAsync(attempt, place, credential.Id, cancellationToken);
            // What the one before us found out counts.
            await using var connection = await db.OpenAsync(cancellationToken);
            credential = await CredentialRow.FindAsync(connection, null, attempt.Run.Organization, CredentialId.Of(credential.Id), forUpdate: false, cancellationToken) ?? credential;
        }

        if (credential.Status is CredentialStatuses.Invalid) return new RunEnding.Failed(new Fault("auth", "auth_invalid", "The source has rejected this credential; update it and run again."));
        if (credential.Status is CredentialStatuses.Deleted) return new RunEnding.Failed(new Fault("auth", "auth_invalid", "The credential was deleted before the run started."));
        var fingerprint = await vault.FingerprintAsync(credential, cancellationToken);
        // Another credential may hold the same values, and be on its way with them at this moment.
        if (inTurn && fingerprint is not null) await TakeTurnAsync(attempt, place, Convert.ToHexStringLower(fingerprint), cancellationToken);
        if (fingerprint is not null && await CredentialFindings.EarlierRefusalAsync(db, credential, fingerprint, cancellationToken) is { } earlier)
            return new RunEnding.Refused(new Fault("auth", "auth_invalid", earlier), credential, fingerprint);

        var opener = new CredentialSecrets(credential, vault, db, time);
        var secrets = new TouchingSecrets(opener, await opener.AvailableAsync(cancellationToken), attempt);
        var desk = new RunDesk(attempt.Run, db, runs, questions, place, time);
        var result = await signIn.RunAsync(session.Browser, new SignInRequest(new Uri(source.Url), source.LoginUrl is { } login ? new Uri(login) : null, secrets, desk) { Witness = attempt.Journal }, cancellationToken);
        if (result.TimedOut) return new RunEnding.Failed(new Fault("interaction", "interaction_timeout", "The source's question was not answered in time; run again and answer it."));
        switch (result.Outcome)
        {
            case LoginOutcome.SignedIn:
                session.SignedIn = true;
                await using (var scope = await db.BeginAsync(cancellationToken))
                {
                    await findings.VerifiedAsync(scope, credential, cancellationToken);
                    await scope.CommitAsync(cancellationToken);
                }

                await attempt.DisposeAsync();
                return null;
            case LoginOutcome.Rejected rejected: return new RunEnding.Refused(new Fault("auth", "auth_invalid", rejected.Message), credential, fingerprint);
            case LoginOutcome.Locked locked: return Failed("auth", "auth_locked", locked.Message);
            case LoginOutcome.PasswordChangeRequired change: return Failed("auth", "password_change_required", change.Message);
            case LoginOutcome.Blocked blocked: return Failed("source", "source_blocked", blocked.Message);
            case LoginOutcome.SourceUnavailable away: return Failed("source", "source_not_available", away.Message);
            case LoginOutcome.FormNotFound missing: return Failed("auth", "auth_form_not_found", missing.Message);
            case LoginOutcome.Unknown unknown:
                attempt.Journal.NoteUnknown(unknown.Message);
                return Failed("source", "source_error", unknown.Message);
            default: throw new System.Diagnostics.UnreachableException();
        }

        static RunEnding Failed(string type, string code, string message) => new RunEnding.Failed(new Fault(type, code, message));
    }

    // While it waits for its turn, somebody else may drive a browser.
    private async Task TakeTurnAsync(Attempt attempt, ActivePlace place, string whatFor, CancellationToken cancellationToken)
    {
        place.Leave();
        attempt.Turns.Push(await turns.TakeAsync(whatFor, attempt.Item.Id, cancellationToken));
        await place.ReturnAsync(cancellationToken);
    }

    private async Task<RunEnding> DoTaskAsync(Attempt attempt, LiveSession session, TaskRow task, SourceRow source, CancellationToken cancellationToken)
    {
        var output = new System.Text.Json.Nodes.JsonObject();
        if (task.Program is { } text)
        {
            var parse = FlowProgram.Parse(Json.Parse(text));
            if (parse.Program is not { } program) return new RunEnding.Failed(new Fault("task", "step_failed", $"The program cannot be read: {parse.Faults[0].Path}: {parse.Faults[0].Message}"));
            await attempt.TouchAsync(cancellationToken);
            var input = System.Text.Json.Nodes.JsonNode.Parse(attempt.Run.Input)!.AsObject();
            var kept = new RunFiles(files, attempt.Run, task);
            var result = await new FlowRunner(time, attempt.Journal).RunAsync(program, input, new Uri(source.Url), new FlowBrowser(session.Browser), kept, cancellationToken);
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

    /// <summary>Notes that the site is about to be touched before the first value is opened.</summary>
    private sealed class TouchingSecrets(CredentialSecrets secrets, IReadOnlySet<Slot> available, Attempt attempt) : ISignInSecrets
    {
        public IReadOnlySet<Slot> Available => available;

        public async Task UseAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken)
        {
            await attempt.TouchAsync(cancellationToken);
            await secrets.UseAsync(slot, use, cancellationToken);
        }
    }

    private sealed class FlowBrowser(BrowserSession session) : IFlowBrowser
    {
        public Microsoft.Playwright.IPage Page => session.Page;

        public CancellationToken Lost => session.Lost;

        public Task<DownloadedFile> DownloadAsync(Func<Task> trigger, TimeSpan limit, CancellationToken ct) => session.DownloadAsync(trigger, limit, ct);
    }
}
