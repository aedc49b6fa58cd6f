using System.Collections.Concurrent;
using Dapper;
using Ostiary.Browser;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

namespace Ostiary.Server.Sessions;

/// <summary>A session whose browser is on this worker.</summary>
internal sealed class LiveSession(SessionRow row, BrowserSession browser)
{
    public SessionRow Row { get; } = row;

    /// <summary>Replaced by <see cref="LiveSessions.ReopenAsync"/> only.</summary>
    public BrowserSession Browser { get; set; } = browser;

    /// <summary>True once somebody signed in here.</summary>
    public bool SignedIn { get; set; }

    /// <summary>What a signed-in page of this browser looks like, as far as it is known: from a sign-in here, or with the state the browser was opened with.</summary>
    public SignedInPage? SignedInPage { get; set; }

    /// <summary>When it was last known to be signed in.</summary>
    public DateTimeOffset ConfirmedAt { get; set; }

    /// <summary>True while a connection keeps it: then it is not closed in favour of others before its time.</summary>
    public bool IsKept { get; set; }

    /// <summary>Null while a run uses it.</summary>
    public DateTimeOffset? IdleSince { get; set; }
}

/// <summary>
/// The browsers that this worker holds: opened for runs, kept while idle, closed when nobody needs them, failed when they die. Also sees to sessions whose worker is gone.
/// </summary>
internal sealed class LiveSessions(BrowserHost host, Db db, SessionStore store, WakeUps wakeUps, WorkerId worker, SessionOptions options, TimeProvider time, ILogger<LiveSessions> logger) : BackgroundService
{
    /// <summary>The wake-up channel; the payload is a session's id. Sent when a session is asked to end.</summary>
    public const string Channel = WakeUps.Sessions;
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, LiveSession> _live = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _active = new(options.BrowsersDriven, options.BrowsersDriven);

    /// <summary>Waits until this worker may drive one more browser; disposing gives the place back.</summary>
    public async Task<ActivePlace> EnterAsync(CancellationToken cancellationToken)
    {
        await _active.WaitAsync(cancellationToken);
        return new ActivePlace(_active);
    }

    /// <summary>Opens a browser for a session whose row already says <c>running</c> on this worker, with a signed-in state to go on from when there is one.</summary>
    /// <exception cref="BrowserLostException">It did not open within <see cref="SessionOptions.OpenTimeout"/>, or the session is gone.</exception>
    public async Task<LiveSession> OpenAsync(OrganizationId organization, string sessionId, SignedInState? state, CancellationToken cancellationToken)
    {
        SessionRow row;
        await using (var connection = await db.OpenAsync(cancellationToken))
            row = await SessionRow.FindAsync(connection, null, organization, SessionId.Of(sessionId), forUpdate: false, cancellationToken) ?? throw new BrowserLostException("The session is gone.");
        var live = new LiveSession(row, await OpenAsync(state, cancellationToken)) { SignedInPage = state?.Page, ConfirmedAt = state?.ConfirmedAt ?? default };
        _live[row.Id] = live;
        return live;
    }

    /// <summary>Another browser for a session in use, with a newer state than the one it had.</summary>
    /// <exception cref="BrowserLostException">It did not open within <see cref="SessionOptions.OpenTimeout"/>.</exception>
    public async Task ReopenAsync(LiveSession live, SignedInState state, CancellationToken cancellationToken)
    {
        var browser = await OpenAsync(state, cancellationToken);
        var old = live.Browser;
        (live.Browser, live.SignedInPage, live.ConfirmedAt, live.SignedIn) = (browser, state.Page, state.ConfirmedAt, false);
        await old.DisposeAsync();
    }

    private async Task<BrowserSession> OpenAsync(SignedInState? state, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.OpenTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await host.OpenAsync(state?.Storage, either.Token);
        }
        catch (InvalidDataException) when (state is not null)
        {
            // Kept by another version of the browser: not worth more than a sign-in.
            return await host.OpenAsync(null, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BrowserLostException("Chromium did not open in time.");
        }
    }

    /// <summary>Takes an idle session into use. Null: its browser is not here any more.</summary>
    public LiveSession? Take(string sessionId)
    {
        if (!_live.TryGetValue(sessionId, out var live)) return null;
        lock (live)
        {
            if (live.IdleSince is null || live.Browser.Lost.IsCancellationRequested) return null;
            live.IdleSince = null;
            return live;
        }
    }

    /// <summary>Gives a session back after a run whose commit moved its row to <c>idle</c>.</summary>
    public void Rest(LiveSession live)
    {
        lock (live) live.IdleSince = time.GetUtcNow();
    }

    /// <summary>Closes the browser; the row is the caller's business.</summary>
    public async Task CloseAsync(LiveSession live)
    {
        _live.TryRemove(live.Row.Id, out _);
        await live.Browser.DisposeAsync();
    }

    /// <summary>Fails the rows of sessions whose worker has died. Called regularly; losing a race with another worker is fine.</summary>
    public async Task RescueAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> orphans;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            orphans = (await connection.QueryAsync<string>(new CommandDefinition(
                "SELECT id FROM sessions s WHERE status IN ('running', 'idle', 'completing') AND worker_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = s.worker_id AND w.seen_at > now() - interval '30 seconds') LIMIT 200",
                cancellationToken: cancellationToken))).AsList();
        }

        foreach (var id in orphans)
        {
            await using var scope = await db.BeginAsync(cancellationToken);
            if (await store.MoveAsync(scope, id, SessionStatuses.Failed, null, SessionEnd.WorkerLost, cancellationToken) is not null) await scope.CommitAsync(cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var news = new SemaphoreSlim(0, 1);
        using var subscription = wakeUps.Subscribe(Channel, _ =>
        {
            try
            {
                news.Release();
            }
            catch (SemaphoreFullException)
            {
                // One wake-up is enough.
            }
        });
        try
        {
            while (true)
            {
                try
                {
                    await UpkeepAsync(stoppingToken);
                    await RescueAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is Npgsql.NpgsqlException or TimeoutException)
                {
                    Log.UpkeepFailed(logger, exception.GetType().Name);
                }

                using var tick = new CancellationTokenSource(UpkeepEvery, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(tick.Token, stoppingToken);
                try
                {
                    await news.WaitAsync(either.Token);
                }
                catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
                {
                    // The tick.
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: StopAsync closes what is left.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var live in _live.Values.Where(l => l.IdleSince is not null)) await EndIdleAsync(live, SessionStatuses.Completed, SessionEnd.ServerStopped, cancellationToken);
    }

    private async Task UpkeepAsync(CancellationToken cancellationToken)
    {
        var idle = _live.Values.Where(l => l.IdleSince is not null).OrderBy(l => l.IdleSince).ToList();
        if (idle.Count == 0) return;
        var now = time.GetUtcNow();
        IReadOnlySet<string> asked;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            asked = (await connection.QueryAsync<string>(new CommandDefinition(
                "SELECT id FROM sessions WHERE id = ANY(@ids) AND status <> 'idle'", new { ids = idle.Select(l => l.Row.Id).ToArray() }, cancellationToken: cancellationToken))).ToHashSet(StringComparer.Ordinal);
        }

        var kept = idle.Count(l => l.IsKept);
        var surplus = (Kept: kept - options.ConnectedPerWorker, Others: idle.Count - kept - options.IdlePerWorker);
        foreach (var live in idle)
        {
            var isSurplus = live.IsKept ? surplus.Kept-- > 0 : surplus.Others-- > 0;
            if (live.Browser.Lost.IsCancellationRequested) await EndIdleAsync(live, SessionStatuses.Failed, SessionEnd.BrowserLost, cancellationToken);
            else if (asked.Contains(live.Row.Id)) await EndIdleAsync(live, SessionStatuses.Completed, SessionEnd.ByCustomer, cancellationToken);
            else if (now - live.IdleSince >= options.IdleTimeout) await EndIdleAsync(live, SessionStatuses.Completed, SessionEnd.Idle, cancellationToken);
            else if (isSurplus) await EndIdleAsync(live, SessionStatuses.Completed, SessionEnd.Displaced, cancellationToken);
        }
    }

    private async Task EndIdleAsync(LiveSession live, string status, SessionEnd why, CancellationToken cancellationToken)
    {
        lock (live)
        {
            if (live.IdleSince is null) return;
            live.IdleSince = null;
        }

        await CloseAsync(live);
        await using var scope = await db.BeginAsync(cancellationToken);
        if (status == SessionStatuses.Completed) await store.MoveAsync(scope, live.Row.Id, SessionStatuses.Completing, worker.Value, why, cancellationToken);
        await store.MoveAsync(scope, live.Row.Id, status, null, why, cancellationToken);
        await scope.CommitAsync(cancellationToken);
    }
}

/// <summary>A place among the browsers that a worker drives at the same moment; given up while a person is waited for.</summary>
internal sealed class ActivePlace(SemaphoreSlim places) : IDisposable
{
    private bool _held = true;

    public void Leave()
    {
        if (!_held) return;
        _held = false;
        places.Release();
    }

    public async Task ReturnAsync(CancellationToken cancellationToken)
    {
        if (_held) return;
        await places.WaitAsync(cancellationToken);
        _held = true;
    }

    public void Dispose() => Leave();
}
