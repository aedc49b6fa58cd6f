using System.Collections.Concurrent;
using Ostiary.Server.Data;
using Ostiary.Server.Work;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Work;

public sealed class WakeUpsTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private TestDatabase _database = null!;
    private House _here = null!;
    private House _there = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await PostgresFixture.CreateDatabaseAsync();
        _here = await House.OpenAsync(_database);
        _there = await House.OpenAsync(_database);
        await ListeningAsync(2);
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_signal_is_heard_here_and_on_other_servers_by_those_who_wait_for_it_only()
    {
        using var here = _here.WakeUps.WatchFor(WakeUps.Interactions, "trun_1");
        using var there = _there.WakeUps.WatchFor(WakeUps.Interactions, "trun_1");
        using var other = _there.WakeUps.WatchFor(WakeUps.Interactions, "trun_2");
        using var any = _there.WakeUps.WatchFor(WakeUps.Interactions, null);
        using var elsewhere = _there.WakeUps.WatchFor(WakeUps.Events, null);
        // What the first connecting said to everybody is behind us after this.
        await Task.WhenAll(other.WaitAsync(TimeSpan.Zero, default), elsewhere.WaitAsync(TimeSpan.Zero, default));
        _here.WakeUps.Signal(WakeUps.Interactions, "trun_1");
        Assert.True(await here.WaitAsync(Long, default));
        Assert.True(await there.WaitAsync(Long, default));
        Assert.True(await any.WaitAsync(Long, default));
        Assert.False(await other.WaitAsync(TimeSpan.Zero, default));
        Assert.False(await elsewhere.WaitAsync(TimeSpan.Zero, default));
    }

    [Fact]
    public async Task A_signal_between_reading_and_waiting_is_kept_and_given_once()
    {
        using var watch = _here.WakeUps.WatchFor(WakeUps.Events, "org_1");
        _here.WakeUps.Signal(WakeUps.Events, "org_1");
        _here.WakeUps.Signal(WakeUps.Events, "org_1");
        Assert.True(await watch.WaitAsync(Long, default));
        Assert.False(await watch.WaitAsync(TimeSpan.FromMilliseconds(1), default));
    }

    [Fact]
    public async Task A_server_does_not_hear_its_own_signal_twice()
    {
        var heard = new ConcurrentQueue<string>();
        using var subscription = _here.WakeUps.Subscribe(WakeUps.Events, heard.Enqueue);
        using var there = _there.WakeUps.WatchFor(WakeUps.Events, "last");
        using var answered = _here.WakeUps.WatchFor(WakeUps.Events, "answer");
        _here.WakeUps.Signal(WakeUps.Events, "first");
        _here.WakeUps.Signal(WakeUps.Events, "last");
        Assert.True(await there.WaitAsync(Long, default));
        // The notifications are in order, so after this answer the echo of the first two would have been here.
        _there.WakeUps.Signal(WakeUps.Events, "answer");
        Assert.True(await answered.WaitAsync(Long, default));
        Assert.Equal(["first", "last", "answer"], heard);
    }

    [Fact]
    public async Task Thousands_of_signals_become_one_that_says_look_at_everything()
    {
        var heard = new ConcurrentQueue<string>();
        using var subscription = _there.WakeUps.Subscribe(WakeUps.Events, heard.Enqueue);
        using var last = _there.WakeUps.WatchFor(WakeUps.Events, "org_4999");
        for (var i = 0; i < 5000; i++) _here.WakeUps.Signal(WakeUps.Events, $"org_{i}");
        Assert.True(await last.WaitAsync(Long, default));
        Assert.InRange(heard.Count, 1, 2500);
    }

    [Fact]
    public async Task After_a_lost_connection_everybody_is_told_that_something_may_have_been_missed_and_signals_come_again()
    {
        var missed = new Gate();
        using var subscription = _there.WakeUps.Subscribe(WakeUps.Interactions, payload =>
        {
            if (payload == WakeUps.Anything) missed.Open();
        });
        await _here.Db.ListAsync<bool>("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'", null, default);
        await missed.PassAsync();
        await ListeningAsync(2);
        using var watch = _there.WakeUps.WatchFor(WakeUps.Interactions, "trun_1");
        _here.WakeUps.Signal(WakeUps.Interactions, "trun_1");
        Assert.True(await watch.WaitAsync(Long, default));
    }

    [Fact]
    public async Task A_subscriber_that_fails_does_not_keep_the_signal_from_the_others()
    {
        using var failing = _there.WakeUps.Subscribe(WakeUps.Events, _ => throw new InvalidOperationException("a subscriber's bug"));
        using var watch = _there.WakeUps.WatchFor(WakeUps.Events, "org_1");
        _there.WakeUps.Signal(WakeUps.Events, "org_1");
        Assert.True(await watch.WaitAsync(Long, default));
        _here.WakeUps.Signal(WakeUps.Events, "org_1");
        Assert.True(await watch.WaitAsync(Long, default));
    }

    [Fact]
    public async Task A_notification_that_is_none_of_ours_does_no_harm()
    {
        var heard = new ConcurrentQueue<string>();
        using var subscription = _there.WakeUps.Subscribe(WakeUps.Events, heard.Enqueue);
        using var any = _there.WakeUps.WatchFor(WakeUps.Events, "org_1");
        await _here.Db.ListAsync<object>("SELECT pg_notify('ostiary_events', 'x'), pg_notify('ostiary_events', ''), pg_notify('ostiary_unheard', 'x')", null, default);
        _here.WakeUps.Signal(WakeUps.Events, "org_1");
        Assert.True(await any.WaitAsync(Long, default));
        Assert.All(heard, payload => Assert.True(payload is "" or "org_1"));
    }

    [Fact]
    public async Task Waiting_ends_when_the_one_who_waits_is_stopped()
    {
        using var watch = _here.WakeUps.WatchFor(WakeUps.Events, "org_1");
        using var stop = new CancellationTokenSource();
        var waiting = watch.WaitAsync(Long, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public void A_channel_that_is_not_there_and_a_payload_that_is_too_long_are_mistakes()
    {
        Assert.Throws<ArgumentException>(() => _here.WakeUps.Subscribe("nowhere", _ => { }));
        Assert.Throws<ArgumentException>(() => _here.WakeUps.Signal(WakeUps.Events, new string('x', WakeUps.MaxPayload + 1)));
    }

    private async Task ListeningAsync(int servers) => await Eventually.IsTrueAsync(async () => await _here.Db.FirstOrNoneAsync<int>(
        "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'", null, default) == servers);
}
