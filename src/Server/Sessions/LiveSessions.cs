using System.Collections.Concurrent;
using Dapper;
using Ostiary.Browser;
using Ostiary.Server.Data;
using Ostiary.Server.Work;

namespace Ostiary.Server.Sessions;

/// <summary>A session whose browser is on this worker.</summary>
internal sealed class LiveSession(SessionRow row, BrowserSession browser)
{
    public SessionRow Row { get; } = row;

    public BrowserSession Browser { get; } = browser;

    /// <summary>True once somebody signed in here; a later run goes straight to its task.</summary>
    public bool SignedIn { get; set; }

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

    /// <summary>Opens a browser for a session whose row already says <c>running</c> on this worker.</summary>
    public async Task<LiveSession> OpenAsync(SessionRow row, CancellationToken cancellationToken)
    {
        var browser = await host.OpenAsync(null, cancellationToken);
        var live = new LiveSession(row, browser);
        _live[row.Id] = live;
        return live;
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
            if (await store.MoveAsync(scope, id, SessionStatuses.Failed, null, cancellationToken) is not null) await scope.CommitAsync(cancellationToken);
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
        foreach (var live in _live.Values.Where(l => l.IdleSince is not null)) await EndIdleAsync(live, SessionStatuses.Completed, cancellationToken);
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

        var surplus = idle.Count - options.IdlePerWorker;
        foreach (var live in idle)
        {
            if (live.Browser.Lost.IsCancellationRequested) await EndIdleAsync(live, SessionStatuses.Failed, cancellationToken);
            else if (surplus-- > 0 || asked.Contains(live.Row.Id) || now - live.IdleSince >= options.IdleTimeout) await EndIdleAsync(live, SessionStatuses.Completed, cancellationToken);
        }
    }

    private async Task EndIdleAsync(LiveSession live, string status, CancellationToken cancellationToken)
    {
        lock (live)
        {
            if (live.IdleSince is null) return;
            live.IdleSince = null;
        }

        await CloseAsync(live);
        await using var scope = await db.BeginAsync(cancellationToken);
        if (status == SessionStatuses.Completed) await store.MoveAsync(scope, live.Row.Id, SessionStatuses.Completing, worker.Value, cancellationToken);
        await store.MoveAsync(scope, live.Row.Id, status, null, cancellationToken);
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
