using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using Dapper;
using Npgsql;
using Ostiary.Server.Data;

namespace Ostiary.Server.Work;

/// <summary>
/// Wakes those who wait for a row to change: here at once, on other servers by NOTIFY. A signal is a hint, the row is the truth: a signal may come twice, and
/// after a broken connection one may be missed, so whoever waits also looks again from time to time.
/// NOTIFY is sent after the commit, on a connection of its own, many signals in one statement: inside the transaction it would take a lock that makes all
/// commits of the database wait for one another.
/// </summary>
internal sealed class WakeUps(Db db, TimeProvider time, ILogger<WakeUps> log) : IHostedService, IAsyncDisposable
{
    /// <summary>There is work; payload: its kind, or <c>cancel:</c> and the item's id.</summary>
    public const string Work = "work";

    /// <summary>There is a new event; the payload is its organization's id.</summary>
    public const string Events = "events";

    /// <summary>An interaction was answered or withdrawn; the payload is the id of what asked.</summary>
    public const string Interactions = "interactions";

    /// <summary>A run was asked to stop; the payload is its id.</summary>
    public const string TaskRuns = "task_runs";

    /// <summary>A session was asked to end; the payload is its id.</summary>
    public const string Sessions = "sessions";

    /// <summary>A sign-in is over and another with the same credential may begin; the payload is the credential's id.</summary>
    public const string SignInTurns = "sign_in_turns";

    /// <summary>A destination has something to deliver that no event tells of; the payload is its organization's id.</summary>
    public const string Deliveries = "deliveries";

    /// <summary>A key was changed or revoked; the payload is its id.</summary>
    public const string ApiKeys = "api_keys";

    /// <summary>The payload that means: something may have been missed, look at everything.</summary>
    public const string Anything = "";

    /// <summary>Longest payload, in characters.</summary>
    public const int MaxPayload = 500;

    private const int MostAtOnce = 500;
    private static readonly string[] Channels = [Work, Events, Interactions, TaskRuns, Sessions, SignInTurns, Deliveries, ApiKeys];
    private static readonly TimeSpan SendEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>Begins every payload of this process, to know its own signals when they come back.</summary>
    private readonly string _origin = RandomNumberGenerator.GetHexString(16, lowercase: true);
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<long, Action<string>>> _subscribers =
        new(Channels.Select(channel => KeyValuePair.Create(channel, new ConcurrentDictionary<long, Action<string>>())));
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<string>> _outgoing = [];
    private readonly Channel<bool> _something = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private long _nextSubscriber;
    private Task _listening = Task.CompletedTask;
    private Task _sending = Task.CompletedTask;

    /// <summary>Wakes those who wait on <paramref name="channel"/>. Returns at once; never throws for a fault of the database or of a subscriber.</summary>
    public void Signal(string channel, string payload)
    {
        if (payload.Length > MaxPayload) throw new ArgumentException("A payload names a row; it does not carry it.", nameof(payload));
        Deliver(channel, payload);
        lock (_lock)
        {
            if (!_outgoing.TryGetValue(channel, out var payloads)) _outgoing[channel] = payloads = [];
            if (!payloads.Contains(Anything)) payloads.Add(payload);
            if (payload.Length == 0 || payloads.Count > MostAtOnce)
            {
                payloads.Clear();
                payloads.Add(Anything);
            }
        }

        _something.Writer.TryWrite(true);
    }

    /// <summary>
    /// Calls <paramref name="woken"/> for each signal on the channel, also with <see cref="Anything"/>, until disposed. It is called on the signaller's thread:
    /// it must be quick and must not block.
    /// </summary>
    public IDisposable Subscribe(string channel, Action<string> woken)
    {
        var subscribers = Subscribers(channel);
        var id = Interlocked.Increment(ref _nextSubscriber);
        subscribers[id] = woken;
        return new Subscription(() => subscribers.TryRemove(id, out _));
    }

    /// <summary>
    /// Waits for signals of one payload (null: of any). Make the watch first, then read the row, then wait: a signal between reading and waiting is kept.
    /// </summary>
    public Watch WatchFor(string channel, string? payload)
    {
        var watch = new Watch(time);
        watch.Subscription = Subscribe(channel, got =>
        {
            if (payload is null || got.Length == 0 || got == payload) watch.Wake();
        });
        return watch;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listening = Task.Run(() => ListenAsync(_stopping.Token), CancellationToken.None);
        _sending = Task.Run(() => SendAsync(_stopping.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_listening, _sending);
    }

    /// <summary>Stops, if that has not happened; may be called again.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private ConcurrentDictionary<long, Action<string>> Subscribers(string channel) =>
        _subscribers.TryGetValue(channel, out var subscribers) ? subscribers : throw new ArgumentException($"There is no channel {channel}.", nameof(channel));

    private void Deliver(string channel, string payload)
    {
        foreach (var woken in Subscribers(channel).Values)
        {
            try
            {
                woken(payload);
            }
            catch (Exception e)
            {
                Log.WakeFailed(log, channel, e);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        var pause = TimeSpan.FromMilliseconds(100);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await db.OpenDedicatedAsync(stopping);
                connection.Notification += (_, notification) => Received(notification);
                await connection.ExecuteAsync(new CommandDefinition(string.Join(';', Channels.Select(channel => $"LISTEN ostiary_{channel}")), cancellationToken: stopping));
                pause = TimeSpan.FromMilliseconds(100);
                // From here on nothing is missed; what came before may have been.
                foreach (var channel in Channels) Deliver(channel, Anything);
                while (true) await connection.WaitAsync(stopping);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.ListeningLost(log, e.GetType().Name, pause);
            }

            await Pause(pause, stopping);
            pause = TimeSpan.FromSeconds(Math.Min(5, pause.TotalSeconds * 2));
        }
    }

    private void Received(NpgsqlNotificationEventArgs notification)
    {
        // Anybody who can reach the database can send one, so its form is checked.
        var channel = notification.Channel.StartsWith("ostiary_", StringComparison.Ordinal) ? notification.Channel["ostiary_".Length..] : "";
        if (!_subscribers.ContainsKey(channel)) return;
        var payload = notification.Payload;
        if (payload.StartsWith(_origin, StringComparison.Ordinal)) return;
        Deliver(channel, payload.Length > _origin.Length && payload[_origin.Length] == ':' ? payload[(_origin.Length + 1)..] : Anything);
    }

    private async Task SendAsync(CancellationToken stopping)
    {
        var pause = SendEvery;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _something.Reader.ReadAsync(stopping);
                await SendOutgoingAsync(stopping);
                pause = SendEvery;
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                Log.NotifyFailed(log, e.GetType().Name);
                _something.Writer.TryWrite(true);
                pause = TimeSpan.FromSeconds(Math.Min(5, pause.TotalSeconds * 4));
            }

            await Pause(pause, stopping);
        }

        try
        {
            // What was signalled last, for instance that items were handed back, is for the others.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
            await SendOutgoingAsync(limit.Token);
        }
        catch (Exception e)
        {
            Log.NotifyFailed(log, e.GetType().Name);
        }
    }

    private async Task SendOutgoingAsync(CancellationToken cancellationToken)
    {
        List<(string Channel, string Payload)> batch;
        lock (_lock)
        {
            batch = [.. _outgoing.SelectMany(entry => entry.Value.Select(payload => (entry.Key, payload)))];
            _outgoing.Clear();
        }

        if (batch.Count == 0) return;
        try
        {
            await using var connection = await db.OpenAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition(
                "SELECT pg_notify(channel, payload) FROM unnest(@channels, @payloads) AS signal (channel, payload)",
                new { channels = batch.Select(s => "ostiary_" + s.Channel).ToArray(), payloads = batch.Select(s => $"{_origin}:{s.Payload}").ToArray() },
                cancellationToken: cancellationToken));
        }
        catch
        {
            lock (_lock)
            {
                // Which of them got through is not known; one signal for everything makes up for all of them.
                foreach (var channel in batch.Select(s => s.Channel).Distinct()) _outgoing[channel] = [Anything];
            }

            throw;
        }
    }

    private Task Pause(TimeSpan pause, CancellationToken stopping) =>
        Task.Delay(pause, time, stopping).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }

    /// <summary>Somebody who waits. Not for two at once.</summary>
    internal sealed class Watch(TimeProvider time) : IDisposable
    {
        private readonly SemaphoreSlim _woken = new(0, 1);
        private readonly Lock _lock = new();

        internal IDisposable? Subscription { get; set; }

        /// <summary>Waits for a signal since the last wait, at most <paramref name="atMost"/> of the machine's time. True: there was one.</summary>
        public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
        {
            if (await _woken.WaitAsync(0, cancellationToken)) return true;
            using var limit = new CancellationTokenSource(atMost, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await _woken.WaitAsync(either.Token);
                return true;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }

        public void Dispose() => Subscription?.Dispose();

        internal void Wake()
        {
            lock (_lock)
            {
                if (_woken.CurrentCount == 0) _woken.Release();
            }
        }
    }
}
