using Ostiary.Browser;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.SignIns;
using Ostiary.Server.Sources;
using Ostiary.Server.Work;

namespace Ostiary.Server.Connections;

/// <summary>
/// Signs a connection in and settles connection, credential, session and events in one commit. Whoever ends the connection meanwhile cancels this work; the browser is then let go.
/// </summary>
internal sealed class ConnectJob(
    Db db, ConnectionStore connections, SessionStore sessions, LiveSessions live, SigningIn signingIn, CredentialFindings findings, Questions questions, WorkQueue work, WorkerId worker,
    ConnectionOptions options, TimeProvider time, ILogger<ConnectJob> logger) : IWorkHandler
{
    public const string WorkKind = "connect";

    /// <summary>What a work item of this kind carries.</summary>
    internal sealed record Payload(string ConnectionId);

    public string Kind => WorkKind;

    public async Task<WorkResult> HandleAsync(WorkItem item, CancellationToken stopping)
    {
        if (await FindAsync(item, stopping) is not { } row) return WorkResult.Done.It;
        if (row.SiteTouched || row.Status == ConnectionStatuses.InteractionRequired) return await SettleAsync(item, row, null, Lost("The server that was signing in stopped. Reconnect to try again."), stopping);
        await using (var connection = await db.OpenAsync(stopping))
        {
            if (await sessions.IsFullAsync(connection, row.Organization, row.SessionId, stopping)) return new WorkResult.Again(time.GetUtcNow().AddSeconds(1));
        }

        var until = row.ConnectingSince + options.ConnectTimeout;
        using var deadline = new CancellationTokenSource(until - time.GetUtcNow() is { Ticks: > 0 } left ? left : TimeSpan.FromMilliseconds(1), time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, deadline.Token);
        LiveSession? session = null;
        ActivePlace? place = null;
        Ending ending;
        await using var attempt = new Attempt(item, row, connections);
        try
        {
            place = await live.EnterAsync(stop.Token);
            var (started, isFull) = await StartAsync(item, row, stop.Token);
            if (isFull) return new WorkResult.Again(time.GetUtcNow().AddSeconds(1));
            if (started is null) return WorkResult.Done.It;
            row = started;
            if (await signingIn.PrepareAsync(attempt, place, stop.Token) is { } refused)
            {
                ending = Ending.Of(refused);
            }
            else
            {
                session = await live.OpenAsync(row.Organization, row.SessionId!, attempt.State, stop.Token);
                ending = await EnterAsync(attempt, row, until, session, place, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            if (item.Stop is WorkStop.LeaseLost or WorkStop.Cancelled || !attempt.Touched)
            {
                // Either it is no longer ours to settle, or nothing has happened yet and whoever takes it up starts afresh.
                await LetGoAsync(row, session, CancellationToken.None);
                return WorkResult.HandBack.It;
            }

            ending = Lost("The server that was signing in was stopped. Reconnect to try again.");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            ending = new Ending.Failed(new Fault("session", "timeout", $"The sign-in did not come to an end within {options.ConnectTimeout.TotalMinutes:0.#} minutes. Reconnect to try again."));
        }
        catch (Exception exception) when (exception is BrowserLostException or OperationCanceledException)
        {
            ending = session is null ? new Ending.Failed(new Fault("session", "timeout", "No browser could be opened in time. Reconnect to try again."))
                : session.Browser.Lost.IsCancellationRequested ? Lost("The browser died while it was signing in. Reconnect to try again.")
                : Broken(row, exception);
        }
        catch (Exception exception) when (exception is not Npgsql.NpgsqlException)
        {
            ending = Broken(row, exception);
        }
        finally
        {
            place?.Dispose();
        }

        // The attempt's turn ends after this: what was found out about the credential is then known to whoever signs in with it next.
        return await SettleAsync(item, row, session, ending, CancellationToken.None);
    }

    public async Task GiveUpAsync(WorkItem item, CancellationToken cancellationToken)
    {
        if (await FindAsync(item, cancellationToken) is { } row)
            await SettleAsync(item, row, null, new Ending.Failed(new Fault("api", "api_error", $"Something went wrong on our side, again and again. Quote {row.Id} when you report it.")), cancellationToken);
    }

    /// <summary>The connection while this very work is signing it in.</summary>
    private async Task<ConnectionRow?> FindAsync(WorkItem item, CancellationToken cancellationToken) =>
        await connections.FindAsync(OrganizationId.Of(item.OrganizationId), ConnectionId.Of(Json.Read<Payload>(item.Payload).ConnectionId), cancellationToken) is { IsEntering: true } row && row.WorkId == item.Id ? row : null;

    private static Ending.Lost Lost(string message) => new(new Fault("session", "session_lost", message));

    private Ending.Failed Broken(ConnectionRow row, Exception exception)
    {
        // The text of an unexpected exception may hold what a page showed or what was typed: only its type is logged.
        Log.SignInBroke(logger, row.Id, Thrown.Name(exception), Thrown.Place(exception));
        return new Ending.Failed(new Fault("api", "api_error", $"Something went wrong on our side. Quote {row.Id} when you report it."));
    }

    /// <summary>Its session becomes <c>running</c> here. Null: somebody ended the connection first, or the source has as many sessions as it is to have.</summary>
    private async Task<(ConnectionRow? Started, bool IsFull)> StartAsync(WorkItem item, ConnectionRow row, CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        if (await sessions.IsSourceFullAsync(scope, row.SourceId, row.SessionId, cancellationToken)) return (null, true);
        var session = await sessions.OpenForAsync(scope, row.Organization, row.SessionId, row.SourceId, row.CredentialId, worker.Value, cancellationToken);
        if (await ConnectionStore.LockAsync(scope, row.Organization, row.Id, cancellationToken) is not { IsEntering: true } current || current.WorkId != item.Id || !await work.HoldAsync(scope, item, cancellationToken)) return (null, false);
        if (session.Id != current.SessionId) await ConnectionStore.TakeSessionAsync(scope, current, session.Id, cancellationToken);
        await scope.CommitAsync(cancellationToken);
        return (current with { SessionId = session.Id }, false);
    }

    private async Task<Ending> EnterAsync(Attempt attempt, ConnectionRow row, DateTimeOffset until, LiveSession session, ActivePlace place, CancellationToken cancellationToken)
    {
        SourceRow? source;
        await using (var connection = await db.OpenAsync(cancellationToken))
            source = await SourceRow.FindAsync(connection, null, row.Organization, SourceId.Of(row.SourceId), forUpdate: false, cancellationToken);
        if (source is null) return new Ending.Failed(new Fault("source", "source_not_available", "The source was deleted before the sign-in started."));
        var desk = new ConnectionDesk(row, until, db, connections, questions, place, time);
        while (true)
        {
            using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.Browser.Lost);
            var entered = await signingIn.EnterAsync(attempt, session, source, place, desk, lost.Token);
            if (entered is not SignInEnding.Reopen) return Ending.Of(entered);
            await live.ReopenAsync(session, attempt.State!, cancellationToken);
        }
    }

    /// <summary>Connection, credential, session, events and the end of the work are one commit. A lost lease, or an end from outside, abandons all of it.</summary>
    private async Task<WorkResult> SettleAsync(WorkItem item, ConnectionRow row, LiveSession? session, Ending ending, CancellationToken cancellationToken)
    {
        if (ending is Ending.Connected && session is { Browser.Lost.IsCancellationRequested: true }) ending = Lost("The browser died as soon as it was signed in. Reconnect to try again.");
        var keep = ending is Ending.Connected;
        if (session is not null && !keep) await live.CloseAsync(session);
        await using (var scope = await db.BeginAsync(cancellationToken))
        {
            // In the order of all locks: the session, then the connection.
            if (row.SessionId is { } id) await SessionRow.FindAsync(scope.Connection, scope.Transaction, row.Organization, SessionId.Of(id), forUpdate: true, cancellationToken);
            var current = await ConnectionStore.LockAsync(scope, row.Organization, row.Id, cancellationToken);
            var now = time.GetUtcNow();
            var moved = current?.WorkId == item.Id ? ending.Apply(current, now) : null;
            if (moved is null || !await SettleAsync(scope, moved, ending, cancellationToken) || !await work.CompleteAsync(scope, item, cancellationToken))
            {
                await scope.DisposeAsync();
                await LetGoAsync(row, session, cancellationToken);
                return WorkResult.Done.It;
            }

            await scope.CommitAsync(cancellationToken);
            Log.SignInEnded(logger, moved.Id, moved.Status, ending.Code, (long)(now - moved.ConnectingSince).TotalMilliseconds, moved.SourceId, moved.SessionId);
        }

        if (keep)
        {
            session!.IsKept = true;
            live.Rest(session);
        }

        return WorkResult.Done.It;
    }

    /// <summary>False: the session was ended meanwhile, so that nothing of this can become true.</summary>
    private async Task<bool> SettleAsync(DbTransactionScope scope, ConnectionRow moved, Ending ending, CancellationToken cancellationToken)
    {
        if (ending is Ending.Refused refused) await findings.RefusedAsync(scope, refused.Credential, refused.Fingerprint, refused.Why.Message, cancellationToken);
        await connections.WriteAsync(scope, moved, null, cancellationToken);
        if (ending is Ending.Connected) return await sessions.MoveAsync(scope, moved.SessionId!, SessionStatuses.Idle, worker.Value, cancellationToken) is not null;
        if (ending is Ending.Lost)
        {
            await sessions.MoveAsync(scope, moved.SessionId!, SessionStatuses.Failed, null, cancellationToken);
            return true;
        }

        await sessions.MoveAsync(scope, moved.SessionId!, SessionStatuses.Completing, null, cancellationToken);
        await sessions.MoveAsync(scope, moved.SessionId!, SessionStatuses.Completed, null, cancellationToken);
        return true;
    }

    /// <summary>Closes the browser of a sign-in that is no longer this work's, and finishes its session when somebody asked for its end.</summary>
    private async Task LetGoAsync(ConnectionRow row, LiveSession? session, CancellationToken cancellationToken)
    {
        if (session is not null) await live.CloseAsync(session);
        if (row.SessionId is not { } id) return;
        await using var scope = await db.BeginAsync(cancellationToken);
        if (await SessionRow.FindAsync(scope.Connection, scope.Transaction, row.Organization, SessionId.Of(id), forUpdate: true, cancellationToken) is not { Status: SessionStatuses.Completing } ending || ending.WorkerId != worker.Value) return;
        await sessions.MoveAsync(scope, id, SessionStatuses.Completed, null, cancellationToken);
        await scope.CommitAsync(cancellationToken);
    }

    private sealed class Attempt(WorkItem item, ConnectionRow row, ConnectionStore connections) : SignInAttempt(item)
    {
        public override OrganizationId Organization => row.Organization;

        public override string? CredentialId => row.CredentialId;

        protected override bool WasTouchedBefore => row.SiteTouched;

        protected override Task WriteTouchAsync(CancellationToken cancellationToken) => connections.TouchAsync(row.Id, cancellationToken);
    }

    /// <summary>How a connection's sign-in ended, before it is written.</summary>
    private abstract record Ending
    {
        public abstract string Code { get; }

        public static Ending Of(SignInEnding signIn) => signIn switch
        {
            SignInEnding.In => new Connected(),
            SignInEnding.Refused refused => new Refused(refused.Fault, refused.Credential, refused.Fingerprint),
            SignInEnding.Failed failed => new Failed(failed.Fault),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

        public abstract ConnectionRow? Apply(ConnectionRow row, DateTimeOffset now);

        public sealed record Connected : Ending
        {
            public override string Code => "ok";

            public override ConnectionRow? Apply(ConnectionRow row, DateTimeOffset now) => row.Connect(now);
        }

        public sealed record Refused(Fault Why, CredentialRow Credential, byte[]? Fingerprint) : Ending
        {
            public override string Code => Why.Code;

            public override ConnectionRow? Apply(ConnectionRow row, DateTimeOffset now) => row.Reject(Why, now);
        }

        public sealed record Failed(Fault Why) : Ending
        {
            public override string Code => Why.Code;

            public override ConnectionRow? Apply(ConnectionRow row, DateTimeOffset now) => row.Disconnect(Why, now);
        }

        /// <summary>The browser, or the machine it was on, is gone.</summary>
        public sealed record Lost(Fault Why) : Ending
        {
            public override string Code => Why.Code;

            public override ConnectionRow? Apply(ConnectionRow row, DateTimeOffset now) => row.Disconnect(Why, now);
        }
    }
}
