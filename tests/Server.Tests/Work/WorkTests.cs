using System.Collections.Concurrent;
using System.Globalization;
using Ostiary.Server.Data;
using Ostiary.Server.Work;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Work;

public sealed class WorkTests : IAsyncLifetime
{
    private readonly ConcurrentBag<House> _houses = [];
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await PostgresFixture.CreateDatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var house in _houses) await house.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Two_workers_that_race_for_500_items_do_each_exactly_once()
    {
        var done = new ConcurrentBag<long>();
        var all = new Gate();
        Handler Counting() => new("count", (item, _) =>
        {
            done.Add(item.Id);
            if (done.Count >= 500) all.Open();
            return Done();
        });
        var office = await OpenAsync();
        var ids = new List<long>();
        for (var i = 0; i < 500; i++) ids.Add(await office.EnqueueAsync("count"));
        await OpenAsync(House.Quiet(), null, Counting());
        await OpenAsync(House.Quiet(), null, Counting());
        await all.PassAsync();
        await Eventually.IsTrueAsync(async () => await office.CountAsync() == 0);
        Assert.Equal(ids, done.Order());
    }

    [Fact]
    public async Task Items_of_one_lane_are_done_one_after_another_in_order_by_four_workers()
    {
        const int lanes = 5, each = 20;
        var order = new ConcurrentDictionary<string, ConcurrentQueue<long>>();
        var inside = new ConcurrentDictionary<string, int>();
        var overlaps = 0;
        var all = new Gate();
        Handler Lane() => new("lane", async (item, stopping) =>
        {
            if (inside.AddOrUpdate(item.Lane!, 1, (_, n) => n + 1) != 1) Interlocked.Increment(ref overlaps);
            await Task.Yield();
            order.GetOrAdd(item.Lane!, _ => new()).Enqueue(item.Id);
            await Task.Delay(1, stopping);
            inside.AddOrUpdate(item.Lane!, 0, (_, n) => n - 1);
            if (order.Values.Sum(q => q.Count) == lanes * each) all.Open();
            return WorkResult.Done.It;
        });
        for (var i = 0; i < 4; i++) await OpenAsync(House.Quiet(), null, Lane());
        var office = await OpenAsync();
        for (var i = 0; i < lanes * each; i++) await office.EnqueueAsync("lane", "{}", new NewWork { Lane = $"lane {i % lanes}" });
        await all.PassAsync();
        Assert.Equal(0, overlaps);
        Assert.All(order.Values, ids => Assert.Equal(ids.Order(), ids));
    }

    [Fact]
    public async Task An_item_that_waits_for_its_retry_holds_up_its_lane_but_no_other()
    {
        var clock = new ManualClock();
        var done = new ConcurrentQueue<string>();
        var other = new Gate();
        var second = new Gate();
        await OpenAsync(House.Quiet(), clock, new Handler("step", (item, _) =>
        {
            if (item is { Lane: "a", Starts: 1 } && done.IsEmpty) throw new InvalidOperationException("once");
            done.Enqueue(item.Lane! + item.Payload);
            if (item.Lane == "b") other.Open();
            if (done.Count == 3) second.Open();
            return Done();
        }));
        var office = await OpenAsync();
        var first = await office.EnqueueAsync("step", "1", new NewWork { Lane = "a" });
        await Eventually.IsTrueAsync(async () => (await office.RowAsync(first))!.Failures == 1);
        await office.EnqueueAsync("step", "2", new NewWork { Lane = "a" });
        await office.EnqueueAsync("step", "1", new NewWork { Lane = "b" });
        await other.PassAsync();
        Assert.Equal(["b1"], done);
        clock.Advance(TimeSpan.FromSeconds(10));
        await second.PassAsync();
        Assert.Equal(["b1", "a1", "a2"], done);
    }

    [Fact]
    public async Task Transactions_that_enqueue_into_one_lane_get_ids_in_the_order_of_their_commits()
    {
        var office = await OpenAsync();
        var first = await office.Db.BeginAsync(default);
        var early = await office.Queue.EnqueueAsync(first, "x", "org_1", "{}", new NewWork { Lane = "a" }, default);
        var late = Task.Run(() => office.EnqueueAsync("x", "{}", new NewWork { Lane = "a" }));
        // The second waits for the first: were it not to wait, it could be committed, and done, before the older one is visible.
        await Eventually.IsTrueAsync(async () => await office.Db.FirstOrNoneAsync<int>("SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", null, default) == 1);
        Assert.False(late.IsCompleted);
        await first.CommitAsync(default);
        await first.DisposeAsync();
        Assert.True(early < await late);
    }

    [Fact]
    public async Task Work_of_a_worker_that_says_nothing_more_is_done_by_another_and_the_first_can_settle_nothing()
    {
        // One item at a time, so that it does not take up again what it lost.
        var dead = House.Quiet(o => (o.LeaseDuration, o.RenewEvery, o.DefaultLimit) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromHours(1), 1));
        var taken = new Gate();
        var again = new Gate();
        var zombie = new Gate();
        var verdict = new TaskCompletionSource<bool>();
        House first = null!;
        first = await OpenAsync(dead, null, new Handler("run", async (item, _) =>
        {
            taken.Open();
            await zombie.PassAsync(CancellationToken.None);
            await using var tx = await first.Db.BeginAsync(default);
            verdict.SetResult(await first.Queue.CompleteAsync(tx, item, default));
            return WorkResult.Done.It;
        }));
        var office = await OpenAsync();
        var id = await office.EnqueueAsync("run");
        await taken.PassAsync();

        var seen = new TaskCompletionSource<WorkItem>();
        var finish = new Gate();
        var second = await OpenAsync(House.Quiet(o => o.SweepEvery = TimeSpan.FromMilliseconds(50)), null, new Handler("run", async (item, stopping) =>
        {
            seen.TrySetResult(item);
            again.Open();
            await finish.PassAsync(stopping);
            return WorkResult.Done.It;
        }));
        await again.PassAsync();
        var item = await seen.Task;
        Assert.Equal((2, 0), (item.Starts, item.Failures));

        zombie.Open();
        Assert.False(await verdict.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        // The zombie's own "done", after its refused commit, has not removed the item either.
        await first.StopWorkerAsync();
        Assert.Equal(second.Id.Value, (await office.RowAsync(id))!.LeasedBy);
        finish.Open();
        await Eventually.IsTrueAsync(async () => await office.CountAsync() == 0);
    }

    [Fact]
    public async Task A_handler_is_told_when_its_lease_was_lost()
    {
        var taken = new Gate();
        var stopped = new TaskCompletionSource<WorkStop>();
        await OpenAsync(House.Quiet(), null, Waiting("run", taken, stopped));
        var office = await OpenAsync();
        var id = await office.EnqueueAsync("run");
        await taken.PassAsync();
        await office.Db.ListAsync<long>("UPDATE work SET lease = lease + 1000, leased_by = 'wrk_other' WHERE id = @id RETURNING id", new { id }, default);
        Assert.Equal(WorkStop.LeaseLost, await stopped.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("wrk_other", (await office.RowAsync(id))!.LeasedBy);
    }

    [Fact]
    public async Task A_handler_is_told_when_its_lease_cannot_be_renewed_any_more()
    {
        var taken = new Gate();
        var stopped = new TaskCompletionSource<WorkStop>();
        var house = await OpenAsync(House.Quiet(o => (o.LeaseDuration, o.RenewEvery) = (TimeSpan.FromMilliseconds(600), TimeSpan.FromMilliseconds(100))), null, Waiting("run", taken, stopped));
        await house.EnqueueAsync("run");
        await taken.PassAsync();
        // A table that is not there: to the worker, a database that fails.
        await house.Db.ListAsync<int>("ALTER TABLE work RENAME TO work_away", null, default);
        Assert.Equal(WorkStop.LeaseLost, await stopped.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        await house.Db.ListAsync<int>("ALTER TABLE work_away RENAME TO work", null, default);
    }

    [Fact]
    public async Task A_lease_is_renewed_as_long_as_the_work_goes_on()
    {
        var taken = new Gate();
        var finish = new Gate();
        var starts = 0;
        Handler Slow() => new("slow", async (_, stopping) =>
        {
            Interlocked.Increment(ref starts);
            taken.Open();
            await finish.PassAsync(stopping);
            return WorkResult.Done.It;
        });
        WorkOptions Short() => House.Quiet(o => (o.LeaseDuration, o.RenewEvery, o.SweepEvery) = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(50)));
        var office = await OpenAsync(Short(), null, Slow());
        await OpenAsync(Short(), null, Slow());
        var id = await office.EnqueueAsync("slow");
        await taken.PassAsync();
        var first = await LeasedUntilAsync();
        await Eventually.IsTrueAsync(async () => await LeasedUntilAsync() > first + TimeSpan.FromSeconds(1.5));
        finish.Open();
        await Eventually.IsTrueAsync(async () => await office.CountAsync() == 0);
        Assert.Equal(1, starts);

        async Task<DateTimeOffset> LeasedUntilAsync() => await office.Db.FirstOrNoneAsync<DateTimeOffset>("SELECT leased_until FROM work WHERE id = @id", new { id }, default);
    }

    [Fact]
    public async Task Renewing_does_not_wait_for_a_transaction_that_completes_one_of_the_items()
    {
        var settled = new Gate();
        var finish = new Gate();
        House house = null!;
        house = await OpenAsync(House.Quiet(), null, new Handler("settle", async (item, stopping) =>
        {
            await using var tx = await house.Db.BeginAsync(stopping);
            Assert.True(await house.Queue.CompleteAsync(tx, item, stopping));
            settled.Open();
            await finish.PassAsync(stopping);
            await tx.CommitAsync(stopping);
            return WorkResult.Done.It;
        }), Waiting("wait", new Gate(), new TaskCompletionSource<WorkStop>()));
        await house.EnqueueAsync("settle");
        var other = await house.EnqueueAsync("wait");
        await settled.PassAsync();
        await Eventually.IsTrueAsync(async () => (await house.RowAsync(other))!.State == "leased");
        var first = await house.Db.FirstOrNoneAsync<DateTimeOffset>("SELECT leased_until FROM work WHERE id = @other", new { other }, default);
        await Eventually.IsTrueAsync(async () => await house.Db.FirstOrNoneAsync<DateTimeOffset>("SELECT leased_until FROM work WHERE id = @other", new { other }, default) > first);
        finish.Open();
        await Eventually.IsTrueAsync(async () => await house.CountAsync() == 1);
    }

    [Fact]
    public async Task Completing_in_a_transaction_that_rolls_back_leaves_the_item_to_be_done_again()
    {
        var clock = new ManualClock();
        House house = null!;
        var starts = new ConcurrentQueue<int>();
        var second = new Gate();
        house = await OpenAsync(House.Quiet(), clock, new Handler("run", async (item, stopping) =>
        {
            starts.Enqueue(item.Starts);
            await using var tx = await house.Db.BeginAsync(stopping);
            await tx.ExecuteAsync("CREATE TABLE IF NOT EXISTS outcome (starts int)", null, stopping);
            await tx.ExecuteAsync("INSERT INTO outcome VALUES (@Starts)", new { item.Starts }, stopping);
            Assert.True(await house.Queue.CompleteAsync(tx, item, stopping));
            if (item.Starts == 1) throw new IOException("the commit is not reached");
            await tx.CommitAsync(stopping);
            second.Open();
            return WorkResult.Done.It;
        }));
        var id = await house.EnqueueAsync("run");
        await Eventually.IsTrueAsync(async () => (await house.RowAsync(id))!.Failures == 1);
        clock.Advance(TimeSpan.FromSeconds(2));
        await second.PassAsync();
        Assert.Equal([1, 2], starts);
        Assert.Equal([2], await house.Db.ListAsync<int>("SELECT starts FROM outcome", null, default));
        Assert.Equal(0, await house.CountAsync());
    }

    [Fact]
    public async Task What_a_handler_throws_after_its_commit_does_not_bring_the_item_back()
    {
        var starts = 0;
        var next = new Gate();
        House house = null!;
        house = await OpenAsync(House.Quiet(), null, new Handler("run", async (item, stopping) =>
        {
            Interlocked.Increment(ref starts);
            await house.CommitAsync(tx => house.Queue.CompleteAsync(tx, item, stopping));
            throw new IOException("after the commit");
        }), new Handler("next", (_, _) =>
        {
            next.Open();
            return Done();
        }));
        await house.EnqueueAsync("run");
        await Eventually.IsTrueAsync(async () => await house.CountAsync() == 0);
        await house.EnqueueAsync("next");
        await next.PassAsync();
        await house.StopWorkerAsync();
        Assert.Equal(1, starts);
        Assert.DoesNotContain(house.Log.Lines, line => line.StartsWith("202 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Work_enqueued_in_a_transaction_that_rolls_back_is_never_seen()
    {
        var seen = new ConcurrentQueue<string>();
        var last = new Gate();
        var house = await OpenAsync(House.Quiet(), null, new Handler("run", (item, _) =>
        {
            seen.Enqueue(item.Payload);
            last.Open();
            return Done();
        }));
        await using (var tx = await house.Db.BeginAsync(default))
        {
            await house.Queue.EnqueueAsync(tx, "run", "org_1", "\"abandoned\"", default);
        }

        await house.EnqueueAsync("run", "\"kept\"");
        await last.PassAsync();
        await house.StopWorkerAsync();
        Assert.Equal(["\"kept\""], seen);
    }

    [Fact]
    public async Task Cancelling_an_item_in_use_tells_its_handler_at_once_and_refuses_its_commit()
    {
        var taken = new Gate();
        var verdict = new TaskCompletionSource<(WorkStop, bool)>();
        House worker = null!;
        worker = await OpenAsync(House.Quiet(o => o.RenewEvery = TimeSpan.FromHours(1)), null, new Handler("run", async (item, stopping) =>
        {
            taken.Open();
            await UntilCancelledAsync(stopping);
            await using var tx = await worker.Db.BeginAsync(default);
            verdict.SetResult((item.Stop, await worker.Queue.CompleteAsync(tx, item, default)));
            return WorkResult.Done.It;
        }));
        // From another server, whose signal goes through the database.
        var office = await OpenAsync();
        var id = await office.EnqueueAsync("run");
        await taken.PassAsync();
        Assert.True(await office.CommitAsync(tx => office.Queue.CancelAsync(tx, id, default)));
        Assert.Equal((WorkStop.Cancelled, false), await verdict.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(await office.CommitAsync(tx => office.Queue.CancelAsync(tx, id, default)));
        Assert.Equal(0, await office.CountAsync());
    }

    [Fact]
    public async Task Cancelling_by_key_and_completing_at_once_have_one_winner()
    {
        var outcomes = new ConcurrentBag<bool>();
        House house = null!;
        var all = new Gate();
        house = await OpenAsync(House.Quiet(), null, new Handler("run", async (item, _) =>
        {
            await using var tx = await house.Db.BeginAsync(default);
            var won = await house.Queue.CompleteAsync(tx, item, default);
            if (won) await tx.CommitAsync(default);
            outcomes.Add(won);
            if (outcomes.Count == 40) all.Open();
            return WorkResult.Done.It;
        }));
        var cancelled = 0;
        var never = 0;
        for (var i = 0; i < 40; i++)
        {
            await house.EnqueueAsync("run", "{}", new NewWork { Key = $"k{i}" });
            if (!await house.CommitAsync(tx => house.Queue.CancelAsync(tx, "run", $"k{i}", default))) continue;
            cancelled++;
        }

        await Eventually.IsTrueAsync(async () => await house.CountAsync() == 0);
        await house.StopWorkerAsync();
        // Every item was either cancelled or completed, none both, none neither; a cancelled one may never have been started.
        never = 40 - outcomes.Count;
        Assert.Equal(40, cancelled + outcomes.Count(won => won));
        Assert.True(outcomes.Count(won => !won) + never == cancelled);
    }

    [Fact]
    public async Task Holding_an_item_in_a_transaction_is_refused_to_who_lost_it()
    {
        var verdicts = new ConcurrentQueue<bool>();
        var taken = new Gate();
        var lost = new Gate();
        var ended = new Gate();
        House house = null!;
        house = await OpenAsync(House.Quiet(o => o.RenewEvery = TimeSpan.FromHours(1)), null, new Handler("run", async (item, _) =>
        {
            verdicts.Enqueue(await house.CommitAsync(tx => house.Queue.HoldAsync(tx, item, default)));
            taken.Open();
            await lost.PassAsync(default);
            verdicts.Enqueue(await house.CommitAsync(tx => house.Queue.HoldAsync(tx, item, default)));
            ended.Open();
            return WorkResult.Done.It;
        }));
        await house.EnqueueAsync("run");
        await taken.PassAsync();
        await house.Db.ListAsync<long>("UPDATE work SET lease = nextval('work_leases') RETURNING id", null, default);
        lost.Open();
        await ended.PassAsync();
        Assert.Equal([true, false], verdicts);
    }

    [Fact]
    public async Task A_signal_from_this_server_and_from_another_wakes_a_worker_that_does_not_poll()
    {
        var done = new ConcurrentQueue<string>();
        var gates = new ConcurrentDictionary<string, Gate>();
        var worker = await OpenAsync(House.Quiet(), null, new Handler("run", (item, _) =>
        {
            gates.GetOrAdd(item.Payload, _ => new Gate()).Open();
            return Done();
        }));
        var other = await OpenAsync();
        await worker.EnqueueAsync("run", "1");
        await gates.GetOrAdd("1", _ => new Gate()).PassAsync();
        await other.EnqueueAsync("run", "2");
        await gates.GetOrAdd("2", _ => new Gate()).PassAsync();
    }

    [Fact]
    public async Task Work_is_found_by_polling_when_no_signal_comes()
    {
        var found = new Gate();
        var house = await OpenAsync(House.Quiet(o => o.PollEvery = TimeSpan.FromMilliseconds(50)), null, new Handler("run", (_, _) =>
        {
            found.Open();
            return Done();
        }));
        await house.Db.ListAsync<long>("INSERT INTO work (kind, organization_id, payload) VALUES ('run', 'org_1', '{}') RETURNING id", null, default);
        await found.PassAsync();
    }

    [Fact]
    public async Task Work_is_done_when_its_time_has_come_and_not_before()
    {
        var clock = new ManualClock();
        var done = new ConcurrentQueue<string>();
        var now = new Gate();
        var later = new Gate();
        var house = await OpenAsync(House.Quiet(), clock, new Handler("run", (item, _) =>
        {
            done.Enqueue(item.Payload);
            (item.Payload == "\"now\"" ? now : later).Open();
            return Done();
        }));
        await house.EnqueueAsync("run", "\"later\"", new NewWork { DueAt = clock.GetUtcNow().AddHours(3) });
        await house.EnqueueAsync("run", "\"now\"");
        await now.PassAsync();
        clock.Advance(TimeSpan.FromMinutes(179));
        await house.EnqueueAsync("run", "\"now\"");
        await Eventually.IsTrueAsync(async () => await house.CountAsync() == 1);
        Assert.Equal(["\"now\"", "\"now\""], done);
        clock.Advance(TimeSpan.FromMinutes(1));
        await later.PassAsync();
    }

    [Fact]
    public async Task Work_that_was_to_come_later_can_be_brought_forward()
    {
        var done = new Gate();
        var house = await OpenAsync(House.Quiet(), new ManualClock(), new Handler("run", (_, _) =>
        {
            done.Open();
            return Done();
        }));
        var id = await house.EnqueueAsync("run", "{}", new NewWork { DueAt = new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero) });
        Assert.True(await house.CommitAsync(tx => house.Queue.HurryAsync(tx, id, default)));
        await done.PassAsync();
    }

    [Fact]
    public async Task Doing_the_same_item_again_later_is_no_failure()
    {
        var clock = new ManualClock();
        var items = new ConcurrentQueue<WorkItem>();
        var third = new Gate();
        var house = await OpenAsync(House.Quiet(o => o.MaxFailures = 2), clock, new Handler("run", (item, _) =>
        {
            items.Enqueue(item);
            if (items.Count < 3) return Task.FromResult<WorkResult>(new WorkResult.Again(clock.GetUtcNow().AddMinutes(1)));
            third.Open();
            return Done();
        }));
        var id = await house.EnqueueAsync("run");
        for (var n = 1; n < 3; n++)
        {
            await Eventually.IsTrueAsync(async () => await house.RowAsync(id) is { State: "ready" } row && row.Starts == n);
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        await third.PassAsync();
        Assert.Equal([(1, 0), (2, 0), (3, 0)], items.Select(i => (i.Starts, i.Failures)));
    }

    [Fact]
    public async Task A_failing_item_is_retried_ever_more_rarely_then_given_up_and_parked_without_a_word_of_the_message()
    {
        var clock = new ManualClock();
        var starts = new ConcurrentQueue<DateTimeOffset>();
        var lane = new Gate();
        var givenUp = new ConcurrentQueue<long>();
        var house = await OpenAsync(House.Quiet(o => o.MaxFailures = 3), clock, new Handler("run", (item, _) =>
        {
            if (item.Payload == "2")
            {
                lane.Open();
                return Done();
            }

            starts.Enqueue(clock.GetUtcNow());
            throw new IOException("correct horse battery staple", new ArgumentException("correct horse battery staple"));
        })
        {
            OnGiveUp = (item, _) =>
            {
                givenUp.Enqueue(item.Id);
                return Task.CompletedTask;
            },
        });
        var id = await house.EnqueueAsync("run", "1", new NewWork { Lane = "a" });
        for (var n = 1; n < 3; n++)
        {
            await Eventually.IsTrueAsync(async () => await house.RowAsync(id) is { State: "ready" } row && row.Failures == n);
            clock.Advance((await house.RowAsync(id))!.DueAt!.Value - clock.GetUtcNow());
        }

        await Eventually.IsTrueAsync(async () => (await house.RowAsync(id))!.State == "parked");
        var row = (await house.RowAsync(id))!;
        Assert.Equal((3, 3, "IOException > ArgumentException"), (row.Starts, row.Failures, row.LastError));
        Assert.Equal([id], givenUp);
        var waits = starts.Zip(starts.Skip(1), (a, b) => b - a).ToList();
        Assert.InRange(waits[0], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.25));
        Assert.InRange(waits[1], TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.5));
        Assert.DoesNotContain(house.Log.Lines, line => line.Contains("horse", StringComparison.Ordinal));
        Assert.Equal(3, house.Log.Lines.Count(line => line.StartsWith("202 ", StringComparison.Ordinal) || line.StartsWith("203 ", StringComparison.Ordinal)));
        // A parked item no longer holds up its lane.
        await house.EnqueueAsync("run", "2", new NewWork { Lane = "a" });
        await lane.PassAsync();
    }

    [Fact]
    public async Task A_parked_item_can_be_requeued_and_starts_with_its_failures_forgotten()
    {
        var broken = true;
        var done = new TaskCompletionSource<WorkItem>();
        var house = await OpenAsync(House.Quiet(o => o.MaxFailures = 1), null, new Handler("run", (item, _) =>
        {
            if (Volatile.Read(ref broken)) throw new IOException("broken");
            done.SetResult(item);
            return Done();
        }));
        var id = await house.EnqueueAsync("run", "{}", new NewWork { Key = "k" });
        await Eventually.IsTrueAsync(async () => (await house.RowAsync(id))!.State == "parked");
        Volatile.Write(ref broken, false);
        Assert.True(await house.CommitAsync(tx => house.Queue.RequeueAsync(tx, id, default)));
        Assert.Equal((id, 0), (await done.Task.WaitAsync(TimeSpan.FromSeconds(30)) is var item ? (item.Id, item.Failures) : default));
        Assert.False(await house.CommitAsync(tx => house.Queue.RequeueAsync(tx, id, default)));
    }

    [Fact]
    public async Task A_parked_item_brought_back_does_not_overlap_a_later_one_of_its_lane()
    {
        var inside = 0;
        var most = 0;
        var firstTry = true;
        var second = new Gate();
        var finish = new Gate();
        var all = new Gate();
        var house = await OpenAsync(House.Quiet(o => o.MaxFailures = 1), null, new Handler("run", async (item, stopping) =>
        {
            if (item.Payload == "1" && firstTry)
            {
                firstTry = false;
                throw new IOException("broken");
            }

            most = Math.Max(most, Interlocked.Increment(ref inside));
            if (item.Payload == "2")
            {
                second.Open();
                await finish.PassAsync(stopping);
            }
            else
            {
                all.Open();
            }

            Interlocked.Decrement(ref inside);
            return WorkResult.Done.It;
        }));
        var id = await house.EnqueueAsync("run", "1", new NewWork { Lane = "a" });
        await Eventually.IsTrueAsync(async () => (await house.RowAsync(id))!.State == "parked");
        await house.EnqueueAsync("run", "2", new NewWork { Lane = "a" });
        await second.PassAsync();
        await house.CommitAsync(tx => house.Queue.RequeueAsync(tx, id, default));
        // A claim that finds nothing it may take: the item of another lane behind it is taken, the older one of this lane is not.
        var claimed = await house.Table.ClaimAsync("wrk_test", ["run"], [10], TimeSpan.FromSeconds(20), TimeProvider.System.GetUtcNow(), default);
        Assert.Empty(claimed!);
        finish.Open();
        await all.PassAsync();
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task A_room_can_settle_its_noun_and_the_item_in_one_commit_when_it_gives_up()
    {
        House house = null!;
        house = await OpenAsync(House.Quiet(o => o.MaxFailures = 1), null, new Handler("run", (_, _) => throw new IOException("broken"))
        {
            OnGiveUp = async (item, stopping) => Assert.True(await house.CommitAsync(tx => house.Queue.CompleteAsync(tx, item, stopping))),
        });
        await house.EnqueueAsync("run");
        await Eventually.IsTrueAsync(async () => await house.CountAsync() == 0);
    }

    [Fact]
    public async Task Giving_up_is_tried_again_when_it_fails_so_that_no_noun_is_left_without_an_end()
    {
        var clock = new ManualClock();
        var attempts = 0;
        var house = await OpenAsync(House.Quiet(o => o.MaxFailures = 1), clock, new Handler("run", (_, _) => throw new IOException("broken"))
        {
            OnGiveUp = (_, _) => Interlocked.Increment(ref attempts) == 1 ? throw new InvalidOperationException("not now") : Task.CompletedTask,
        });
        var id = await house.EnqueueAsync("run");
        await Eventually.IsTrueAsync(async () => await house.RowAsync(id) is { State: "ready", Failures: 1 });
        clock.Advance(TimeSpan.FromMinutes(5));
        await Eventually.IsTrueAsync(async () => (await house.RowAsync(id))!.State == "parked");
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task Being_interrupted_by_a_stop_costs_no_attempt_and_another_worker_goes_on_at_once()
    {
        var taken = new Gate();
        var first = await OpenAsync(House.Quiet(o => o.StopGrace = TimeSpan.Zero), null, new Handler("run", async (item, stopping) =>
        {
            taken.Open();
            await UntilCancelledAsync(stopping);
            Assert.Equal(WorkStop.ServerStopping, item.Stop);
            throw new IOException("the browser was closed under the run");
        }));
        var id = await first.EnqueueAsync("run");
        await taken.PassAsync();
        var next = new TaskCompletionSource<WorkItem>();
        await OpenAsync(House.Quiet(), null, new Handler("run", (item, _) =>
        {
            next.SetResult(item);
            return Done();
        }));
        await first.StopWorkerAsync();
        var item = await next.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((id, 2, 0), (item.Id, item.Starts, item.Failures));
        Assert.DoesNotContain(first.Log.Lines, line => line.StartsWith("202 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_item_that_ends_within_the_grace_of_a_stop_is_not_interrupted()
    {
        var taken = new Gate();
        var finish = new Gate();
        var interrupted = false;
        var house = await OpenAsync(House.Quiet(o => (o.StopGrace, o.StopTimeout) = (TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2))), null, new Handler("run", async (_, stopping) =>
        {
            taken.Open();
            await finish.PassAsync(CancellationToken.None);
            interrupted = stopping.IsCancellationRequested;
            return WorkResult.Done.It;
        }));
        await house.EnqueueAsync("run");
        await taken.PassAsync();
        var stop = house.StopWorkerAsync();
        Assert.False(stop.IsCompleted);
        finish.Open();
        await stop;
        Assert.False(interrupted);
        Assert.Equal(0, await house.CountAsync());
    }

    [Fact]
    public async Task An_item_that_does_not_stop_in_time_is_handed_back_without_its_handler()
    {
        var taken = new Gate();
        var never = new Gate();
        var house = await OpenAsync(House.Quiet(o => (o.StopGrace, o.StopTimeout) = (TimeSpan.Zero, TimeSpan.FromMilliseconds(100))), null, new Handler("run", async (_, _) =>
        {
            taken.Open();
            await never.PassAsync(CancellationToken.None);
            return WorkResult.Done.It;
        }));
        var id = await house.EnqueueAsync("run");
        await taken.PassAsync();
        await house.StopWorkerAsync();
        Assert.Equal(("ready", 0), (await house.RowAsync(id) is { } row ? (row.State, row.Failures) : default));
        never.Open();
    }

    [Fact]
    public async Task Nothing_is_taken_after_a_stop()
    {
        var started = 0;
        var house = await OpenAsync(House.Quiet(), null, new Handler("run", (_, _) =>
        {
            Interlocked.Increment(ref started);
            return Done();
        }));
        await house.StopWorkerAsync();
        var id = await house.EnqueueAsync("run");
        Assert.Equal("ready", (await house.RowAsync(id))!.State);
        Assert.Empty(await house.Db.ListAsync<string>("SELECT id FROM workers", null, default));
        Assert.Equal(0, started);
    }

    [Fact]
    public async Task A_key_is_unique_among_unfinished_items_of_a_kind()
    {
        var house = await OpenAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => house.EnqueueAsync("run", "{}", new NewWork { Key = "k" }))));
        Assert.Single(ids.Distinct());
        Assert.Equal(1, await house.CountAsync());
        Assert.NotEqual(ids[0], await house.EnqueueAsync("other", "{}", new NewWork { Key = "k" }));
        Assert.True(await house.CommitAsync(tx => house.Queue.CancelAsync(tx, "run", "k", default)));
        Assert.NotEqual(ids[0], await house.EnqueueAsync("run", "{}", new NewWork { Key = "k" }));
    }

    [Fact]
    public async Task Work_for_one_worker_is_taken_by_no_other_until_that_worker_is_gone()
    {
        var by = new ConcurrentQueue<string>();
        var gates = Enumerable.Range(0, 3).Select(_ => new Gate()).ToArray();
        Handler Named(string name) => new("run", (item, _) =>
        {
            by.Enqueue($"{name} {item.Payload}");
            gates[int.Parse(item.Payload, CultureInfo.InvariantCulture)].Open();
            return Done();
        });
        var a = await OpenAsync(House.Quiet(), null, Named("a"));
        await OpenAsync(House.Quiet(o => o.SweepEvery = TimeSpan.FromMilliseconds(50)), null, Named("b"));
        await a.EnqueueAsync("run", "0", new NewWork { Worker = a.Id.Value });
        await gates[0].PassAsync();
        Assert.Equal(["a 0"], by);
        await a.StopWorkerAsync();
        await a.EnqueueAsync("run", "1", new NewWork { Worker = a.Id.Value });
        await gates[1].PassAsync();
        Assert.Equal(["a 0", "b 1"], by);
    }

    [Fact]
    public async Task No_more_items_of_a_kind_run_at_once_than_its_limit()
    {
        var inside = 0;
        var most = 0;
        var count = 0;
        var all = new Gate();
        var house = await OpenAsync(House.Quiet(o => o.Limits["run"] = 3), null, new Handler("run", async (_, stopping) =>
        {
            var now = Interlocked.Increment(ref inside);
            InterlockedMax(ref most, now);
            await Task.Delay(2, stopping);
            Interlocked.Decrement(ref inside);
            if (Interlocked.Increment(ref count) == 60) all.Open();
            return WorkResult.Done.It;
        }));
        await house.CommitAsync(async tx =>
        {
            for (var i = 0; i < 60; i++) await house.Queue.EnqueueAsync(tx, "run", "org_1", "{}", default);
            return true;
        });
        await all.PassAsync();
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task A_busy_kind_does_not_hold_up_another()
    {
        var finish = new Gate();
        var quick = new Gate();
        var house = await OpenAsync(House.Quiet(o => o.Limits["slow"] = 2), null, new Handler("slow", async (_, stopping) =>
        {
            await finish.PassAsync(stopping);
            return WorkResult.Done.It;
        }), new Handler("quick", (_, _) =>
        {
            quick.Open();
            return Done();
        }));
        for (var i = 0; i < 20; i++) await house.EnqueueAsync("slow");
        await house.EnqueueAsync("quick");
        await quick.PassAsync();
        finish.Open();
        await Eventually.IsTrueAsync(async () => await house.CountAsync() == 0);
    }

    [Fact]
    public async Task Work_of_a_kind_nobody_here_does_is_left_for_others()
    {
        var house = await OpenAsync(House.Quiet(o => o.Limits["barred"] = 0), null, new Handler("known", (_, _) => Done()), new Handler("barred", (_, _) => Done()));
        var unknown = await house.EnqueueAsync("unknown");
        var barred = await house.EnqueueAsync("barred");
        var known = await house.EnqueueAsync("known");
        await Eventually.IsTrueAsync(async () => await house.RowAsync(known) is null);
        Assert.Equal(("ready", "ready"), ((await house.RowAsync(unknown))!.State, (await house.RowAsync(barred))!.State));
    }

    [Fact]
    public async Task Two_handlers_of_one_kind_are_refused()
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => OpenAsync(House.Quiet(), null, new Handler("run", (_, _) => Done()), new Handler("run", (_, _) => Done())));
        Assert.Contains("run", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_gone_is_told_to_those_who_asked()
    {
        var gone = new TaskCompletionSource<string>();
        var house = await OpenAsync();
        var workers = new Workers(house.Table, house.WakeUps, house.Options);
        using var subscription = workers.WhenGone(id => gone.TrySetResult(id));
        await house.Db.ListAsync<string>("INSERT INTO workers (id, host, pid, seen_at) VALUES ('wrk_dead', 'h', 1, now() - interval '1 day'), ('wrk_alive', 'h', 1, now()) RETURNING id", null, default);
        Assert.Equal(["wrk_alive"], await workers.AliveAsync(default));
        await house.Sweeper.SweepAsync(default);
        Assert.Equal("wrk_dead", await gone.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Two_workers_that_take_items_of_one_lane_at_the_same_moment_are_kept_apart_by_the_database()
    {
        var house = await OpenAsync();
        var first = await house.EnqueueAsync("run", "1", new NewWork { Lane = "a" });
        var second = await house.EnqueueAsync("run", "2", new NewWork { Lane = "a" });
        await house.Db.ListAsync<long>("UPDATE work SET state = 'leased', leased_by = 'wrk_a', lease = 1, leased_until = now() WHERE id = @first RETURNING id", new { first }, default);
        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() =>
            house.Db.ListAsync<long>("UPDATE work SET state = 'leased', leased_by = 'wrk_b', lease = 2, leased_until = now() WHERE id = @second RETURNING id", new { second }, default));
        Assert.True(refused.IsDuplicate("work_one_per_lane"));
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(2, 0, 2)]
    [InlineData(2, 1, 2.5)]
    [InlineData(8, 0, 128)]
    [InlineData(10, 0, 300)]
    [InlineData(1000, 1, 375)]
    public void The_wait_after_a_failure_doubles_up_to_its_cap_with_a_quarter_of_chance(int failures, double chance, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Worker.RetryAfter(new WorkOptions(), failures, chance));

    private static Task<WorkResult> Done() => Task.FromResult<WorkResult>(WorkResult.Done.It);

    private static Handler Waiting(string kind, Gate taken, TaskCompletionSource<WorkStop> stopped) => new(kind, async (item, stopping) =>
    {
        taken.Open();
        await UntilCancelledAsync(stopping);
        stopped.TrySetResult(item.Stop);
        stopping.ThrowIfCancellationRequested();
        return WorkResult.Done.It;
    });

    private static async Task UntilCancelledAsync(CancellationToken stopping)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stopping.Register(() => cancelled.SetResult());
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
    }

    private static void InterlockedMax(ref int place, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref place)) < value && Interlocked.CompareExchange(ref place, value, seen) != seen)
        {
        }
    }

    private async Task<House> OpenAsync(WorkOptions? options = null, TimeProvider? time = null, params IWorkHandler[] handlers)
    {
        var house = await House.OpenAsync(_database, options, time, handlers);
        _houses.Add(house);
        return house;
    }
}
