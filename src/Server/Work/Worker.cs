using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Ostiary.Server.Data;

namespace Ostiary.Server.Work;

/// <summary>
/// Takes work and has it done. Two clocks: when an item is due is a matter of <paramref name="time"/>, the clock of all rooms; leases are counted by the
/// database, in real time, and are therefore kept by the machine's clock, whatever the rooms' clock is.
/// </summary>
internal sealed class Worker(
    Db db, LeaseTable table, WakeUps wakeUps, WorkerId me, IEnumerable<IWorkHandler> handlers, WorkOptions options, TimeProvider time, ILogger<Worker> log)
    : IHostedService, IAsyncDisposable
{
    private static readonly TimeProvider Machine = TimeProvider.System;

    private readonly Dictionary<string, IWorkHandler> _handlers = ByKind(handlers);
    private readonly ConcurrentDictionary<long, Running> _running = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopClaiming = new();
    private readonly CancellationTokenSource _stopRenewing = new();
    private IDisposable? _subscription;
    private Task _claiming = Task.CompletedTask;
    private Task _renewing = Task.CompletedTask;
    private bool _started;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (db.IsPrivate)
        {
            var freed = await table.TakeBackEverythingAsync(cancellationToken);
            if (freed > 0) Log.TakenBack(log, freed);
        }

        await table.RenewAsync(me.Value, Environment.MachineName, Environment.ProcessId, [], options.LeaseDuration, cancellationToken);
        _started = true;
        _subscription = wakeUps.Subscribe(WakeUps.Work, Woken);
        _claiming = Task.Run(() => ClaimAsync(_stopClaiming.Token), CancellationToken.None);
        _renewing = Task.Run(() => RenewAsync(_stopRenewing.Token), CancellationToken.None);
        Log.WorkerStarted(log, me.Value, string.Join(", ", _handlers.Keys.Order(StringComparer.Ordinal)));
    }

    /// <summary>Takes nothing more; lets short items end, tells the others to stop, and hands back what has not ended in time.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_started) return;
        _started = false;
        _subscription?.Dispose();
        await _stopClaiming.CancelAsync();
        await _claiming;
        var began = Machine.GetTimestamp();
        await EndedAsync(options.StopGrace);
        foreach (var running in _running.Values) running.Stop(WorkStop.ServerStopping);
        await EndedAsync(options.StopTimeout - Machine.GetElapsedTime(began));
        foreach (var running in _running.Values) Log.StillRunning(log, running.Item.Id, running.Item.Kind);
        await _stopRenewing.CancelAsync();
        await _renewing;
        try
        {
            // Also what a claim took whose answer never arrived.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), Machine);
            var freed = await table.LeaveAsync(me.Value, limit.Token);
            if (freed > 0) wakeUps.Signal(WakeUps.Work, WakeUps.Anything);
            Log.WorkerStopped(log, me.Value, freed);
        }
        catch (Exception e)
        {
            Log.DutyFailed(log, "Leaving", e.GetType().Name);
        }
    }

    /// <summary>Stops, if that has not happened; may be called again.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private static Dictionary<string, IWorkHandler> ByKind(IEnumerable<IWorkHandler> handlers)
    {
        var byKind = new Dictionary<string, IWorkHandler>(StringComparer.Ordinal);
        foreach (var handler in handlers)
        {
            if (!byKind.TryAdd(handler.Kind, handler))
                throw new InvalidOperationException($"Two handlers do work of the kind {handler.Kind}: {byKind[handler.Kind].GetType().Name} and {handler.GetType().Name}.");
        }

        return byKind;
    }

    private void Woken(string payload)
    {
        if (payload.StartsWith("cancel:", StringComparison.Ordinal))
        {
            if (long.TryParse(payload["cancel:".Length..], out var id) && _running.TryGetValue(id, out var running)) running.Stop(WorkStop.Cancelled);
        }
        else if (payload.Length == 0 || _handlers.ContainsKey(payload))
        {
            _wake.Writer.TryWrite(true);
        }
    }

    private async Task ClaimAsync(CancellationToken stopping)
    {
        var kinds = _handlers.Keys.Where(kind => Limit(kind) > 0).ToArray();
        while (!stopping.IsCancellationRequested)
        {
            DateTimeOffset? nextDue = null;
            try
            {
                var busy = _running.Values.GroupBy(r => r.Item.Kind).ToDictionary(g => g.Key, g => g.Count());
                var open = kinds.Select(kind => (Kind: kind, Free: Limit(kind) - busy.GetValueOrDefault(kind))).Where(o => o.Free > 0).ToArray();
                if (open.Length > 0)
                {
                    var before = Machine.GetTimestamp();
                    // One reading for both questions: what falls due between two readings would be seen by neither.
                    var now = time.GetUtcNow();
                    // Not cancelled by a stop: a claim that was sent may have succeeded, and its items would be nobody's until their leases lapse.
                    var items = await table.ClaimAsync(
                        me.Value, [.. open.Select(o => o.Kind)], [.. open.Select(o => o.Free)], options.LeaseDuration, now, CancellationToken.None);
                    if (items is null) continue;
                    foreach (var item in items) Begin(item, before);
                    if (_wake.Reader.TryPeek(out _) is false) nextDue = await table.NextDueAsync(kinds, now, stopping);
                }
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.DutyFailed(log, "Taking work", e.GetType().Name);
                await IgnoreEnd(Task.Delay(TimeSpan.FromSeconds(1), Machine, stopping));
                continue;
            }

            await WaitAsync(nextDue, stopping);
        }
    }

    /// <summary>Until a signal, until the next item is due, or until it is time to look anyway.</summary>
    private async Task WaitAsync(DateTimeOffset? nextDue, CancellationToken stopping)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var waits = new List<Task> { _wake.Reader.WaitToReadAsync(enough.Token).AsTask(), Task.Delay(options.PollEvery, Machine, enough.Token) };
        if (nextDue is not null)
        {
            var wait = nextDue.Value - time.GetUtcNow();
            waits.Add(Task.Delay(TimeSpan.FromTicks(Math.Clamp(wait.Ticks, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerDay)), time, enough.Token));
            // A clock that was moved after it was read and before the timer was set.
            if (time.GetUtcNow() >= nextDue.Value) _wake.Writer.TryWrite(true);
        }

        await Task.WhenAny(waits);
        await enough.CancelAsync();
        await IgnoreEnd(Task.WhenAll(waits));
        _wake.Reader.TryRead(out _);
    }

    private void Begin(WorkItem item, long leasedFrom)
    {
        var running = new Running(item, leasedFrom);
        // An id that is still here is an earlier start of the same item, whose lease was lost and whose handler has not ended: it no longer counts.
        _running[item.Id] = running;
        running.Task = Task.Run(async () =>
        {
            try
            {
                await DoAsync(running);
            }
            finally
            {
                _running.TryRemove(KeyValuePair.Create(item.Id, running));
                _wake.Writer.TryWrite(true);
            }
        }, CancellationToken.None);
    }

    private async Task DoAsync(Running running)
    {
        var item = running.Item;
        var handler = _handlers[item.Kind];
        try
        {
            var result = await handler.HandleAsync(item, running.Token);
            await SettleAsync(item, result);
        }
        catch (Exception) when (item.Settled)
        {
            // The item was completed by its own commit; what failed after that is the room's to log, and nothing to repeat.
        }
        catch (Exception) when (item.Stop != WorkStop.None)
        {
            // Interrupted, whatever was thrown: that costs no attempt. If the lease is another's by now, this changes nothing.
            await PersistAsync(item, token => table.HandBackAsync(item, token));
            wakeUps.Signal(WakeUps.Work, item.Kind);
        }
        catch (Exception e)
        {
            await FailAsync(handler, running, e);
        }
    }

    private async Task SettleAsync(WorkItem item, WorkResult result)
    {
        if (item.Settled) return;
        await PersistAsync(item, token => result switch
        {
            WorkResult.Done => table.FinishAsync(item, token),
            WorkResult.Again again => table.AgainAsync(item, again.At, token),
            WorkResult.HandBack => table.HandBackAsync(item, token),
            _ => throw new UnreachableException(),
        });
        // Other workers may take what is put back at once, and the next of the lane; later than now, each finds by itself.
        if (result is WorkResult.HandBack || item.Lane is not null) wakeUps.Signal(WakeUps.Work, item.Kind);
    }

    private async Task FailAsync(IWorkHandler handler, Running running, Exception exception)
    {
        var item = running.Item;
        var failures = item.Failures + 1;
        var error = Thrown.Name(exception);
        if (failures < options.MaxFailures)
        {
            var dueAt = time.GetUtcNow() + RetryAfter(options, failures, Random.Shared.NextDouble());
            Log.ItemFailed(log, item.Id, item.Kind, error, Thrown.Place(exception), failures, dueAt);
            await PersistAsync(item, token => table.FailAsync(item, failures, error, dueAt, token));
            return;
        }

        try
        {
            Log.ItemParked(log, item.Id, item.Kind, error, Thrown.Place(exception), failures);
            await handler.GiveUpAsync(item, running.Token);
            if (!item.Settled) await PersistAsync(item, token => table.ParkAsync(item, failures, error, token));
            if (item.Lane is not null) wakeUps.Signal(WakeUps.Work, item.Kind);
        }
        catch (Exception) when (item.Stop != WorkStop.None || item.Settled)
        {
            if (!item.Settled) await PersistAsync(item, token => table.HandBackAsync(item, token));
        }
        catch (Exception e)
        {
            var dueAt = time.GetUtcNow() + options.MaxRetryAfter;
            Log.GiveUpFailed(log, item.Id, item.Kind, Thrown.Name(e), Thrown.Place(e), dueAt);
            await PersistAsync(item, token => table.FailAsync(item, failures, Thrown.Name(e), dueAt, token));
        }
    }

    /// <summary>The wait after the n-th failure: doubled each time, capped, and spread so that what failed together does not come back together.</summary>
    internal static TimeSpan RetryAfter(WorkOptions options, int failures, double chance)
    {
        var doubled = options.RetryAfter.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 30));
        return TimeSpan.FromSeconds(Math.Min(doubled, options.MaxRetryAfter.TotalSeconds) * (1 + (0.25 * chance)));
    }

    /// <summary>Writes how an item ended. A database that is away for a moment must not make it be done twice, so this insists while the lease lasts.</summary>
    private async Task PersistAsync(WorkItem item, Func<CancellationToken, Task<bool>> write)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var limit = new CancellationTokenSource(options.LeaseDuration, Machine);
                if (!await write(limit.Token) && item.Stop == WorkStop.None) Log.LeaseLost(log, item.Id, item.Kind);
                return;
            }
            catch (Exception e)
            {
                Log.DutyFailed(log, "Recording how work ended", e.GetType().Name);
                if (attempt == 5) return;
                await Task.Delay(TimeSpan.FromMilliseconds(100 * Math.Pow(3, attempt - 1)), Machine, CancellationToken.None);
            }
        }
    }

    private async Task RenewAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await IgnoreEnd(Task.Delay(options.RenewEvery, Machine, stopping));
            if (stopping.IsCancellationRequested) return;
            var asked = _running.Values.Where(r => r.Item.Stop is WorkStop.None or WorkStop.ServerStopping).ToList();
            try
            {
                var before = Machine.GetTimestamp();
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                limit.CancelAfter(options.LeaseDuration / 3);
                var held = await table.RenewAsync(
                    me.Value, Environment.MachineName, Environment.ProcessId, [.. asked.Select(r => r.Item)], options.LeaseDuration, limit.Token);
                foreach (var running in asked)
                {
                    if (held.TryGetValue(running.Item.Id, out var renewed))
                    {
                        if (renewed) running.LeasedFrom = before;
                    }
                    else if (!running.Item.Settling)
                    {
                        Lose(running);
                    }
                }
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.DutyFailed(log, "Renewing leases", e.GetType().Name);
            }

            foreach (var running in asked.Where(r => !r.Item.Settling && Machine.GetElapsedTime(r.LeasedFrom) > options.LeaseDuration)) Lose(running);
        }
    }

    private void Lose(Running running)
    {
        if (running.Task.IsCompleted || !running.Stop(WorkStop.LeaseLost)) return;
        Log.LeaseLost(log, running.Item.Id, running.Item.Kind);
    }

    private Task EndedAsync(TimeSpan atMost) => _running.IsEmpty || atMost <= TimeSpan.Zero
        ? Task.CompletedTask
        : Task.WhenAny(Task.WhenAll(_running.Values.Select(r => r.Task)), Task.Delay(atMost, Machine, CancellationToken.None));

    private int Limit(string kind) => options.Limits.GetValueOrDefault(kind, options.DefaultLimit);

    private static Task IgnoreEnd(Task task) =>
        task.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private sealed class Running(WorkItem item, long leasedFrom)
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Lock _lock = new();

        public WorkItem Item => item;

        public CancellationToken Token => _stop.Token;

        public Task Task { get; set; } = Task.CompletedTask;

        /// <summary>When the lease was last won or renewed, as a timestamp of the machine's clock taken before the database was asked.</summary>
        public long LeasedFrom { get; set; } = leasedFrom;

        /// <summary>Tells the handler to stop. The first reason stays, except that a lost lease outweighs a stop. True: this reason is the one.</summary>
        public bool Stop(WorkStop why)
        {
            lock (_lock)
            {
                if (item.Stop != WorkStop.None && (item.Stop != WorkStop.ServerStopping || why == WorkStop.ServerStopping)) return false;
                item.Stop = why;
                // The handler's callbacks run elsewhere, not on the thread that gives the signal.
                _ = _stop.CancelAsync();
                return true;
            }
        }
    }
}
