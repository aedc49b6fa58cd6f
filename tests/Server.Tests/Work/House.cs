using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Ostiary.Server.Data;
using Ostiary.Server.Work;
using Ostiary.TestKit;

namespace Ostiary.Server.Tests.Work;

/// <summary>The queue's part of one server: its own connections, its own wake-ups, and a worker when it has handlers.</summary>
internal sealed class House : IAsyncDisposable
{
    private readonly string _directory;
    private Worker? _worker;
    private LeaseSweeper? _sweeper;

    public WorkerId Id { get; } = WorkerId.New();
    public required Db Db { get; init; }
    public required WakeUps WakeUps { get; init; }
    public required WorkQueue Queue { get; init; }
    public required LeaseTable Table { get; init; }
    public required WorkOptions Options { get; init; }
    public required Notebook Log { get; init; }

    /// <summary>What the tests use: no polling and no sweeping of their own accord, so that what happens was caused by a signal or by the test.</summary>
    public static WorkOptions Quiet(Action<WorkOptions>? change = null)
    {
        var options = new WorkOptions
        {
            PollEvery = TimeSpan.FromHours(1),
            SweepEvery = TimeSpan.FromHours(1),
            RenewEvery = TimeSpan.FromMilliseconds(200),
            LeaseDuration = TimeSpan.FromSeconds(20),
            StopGrace = TimeSpan.FromMilliseconds(500),
            StopTimeout = TimeSpan.FromSeconds(20),
        };
        change?.Invoke(options);
        return options;
    }

    public static async Task<House> OpenAsync(TestDatabase database, WorkOptions? options = null, TimeProvider? time = null, params IWorkHandler[] handlers)
    {
        options ??= Quiet();
        var log = new Notebook();
        var directory = TestDirectory.Create();
        var data = new DataOptions { Directory = directory, Database = database.ConnectionString, MaxPoolSize = 20 };
        var db = new Db(data, new PrivatePostgres(data, TimeProvider.System, NullLogger<PrivatePostgres>.Instance), TimeProvider.System, NullLogger<Db>.Instance);
        await db.StartAsync([], CancellationToken.None);
        var wakeUps = new WakeUps(db, TimeProvider.System, log.For<WakeUps>());
        var table = new LeaseTable(db);
        var house = new House(directory) { Db = db, WakeUps = wakeUps, Queue = new WorkQueue(wakeUps), Table = table, Options = options, Log = log };
        await wakeUps.StartAsync(CancellationToken.None);
        if (handlers.Length > 0)
        {
            try
            {
                house._worker = new Worker(db, table, wakeUps, house.Id, handlers, options, time ?? TimeProvider.System, log.For<Worker>());
            }
            catch
            {
                await house.DisposeAsync();
                throw;
            }

            house._sweeper = new LeaseSweeper(table, wakeUps, options, log.For<LeaseSweeper>());
            await house._sweeper.StartAsync(CancellationToken.None);
            await house._worker.StartAsync(CancellationToken.None);
        }

        return house;
    }

    private House(string directory) => _directory = directory;

    public LeaseSweeper Sweeper => new(Table, WakeUps, Options, Log.For<LeaseSweeper>());

    /// <summary>Enqueues in a commit of its own.</summary>
    public async Task<long> EnqueueAsync(string kind, string payload = "{}", NewWork? work = null)
    {
        await using var tx = await Db.BeginAsync(CancellationToken.None);
        var id = await Queue.EnqueueAsync(tx, kind, "org_1", payload, work, CancellationToken.None);
        await tx.CommitAsync(CancellationToken.None);
        return id;
    }

    public async Task<T> CommitAsync<T>(Func<DbTransactionScope, Task<T>> change)
    {
        await using var tx = await Db.BeginAsync(CancellationToken.None);
        var result = await change(tx);
        await tx.CommitAsync(CancellationToken.None);
        return result;
    }

    public Task<Row?> RowAsync(long id) => Db.FirstOrNoneAsync<Row>(
        "SELECT id, state, starts, failures, last_error, due_at, leased_by, worker FROM work WHERE id = @id", new { id }, CancellationToken.None);

    public async Task<int> CountAsync() => await Db.FirstOrNoneAsync<int>("SELECT count(*)::int FROM work", null, CancellationToken.None);

    public Task StopWorkerAsync() => _worker?.StopAsync(CancellationToken.None) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null) await _worker.DisposeAsync();
        if (_sweeper is not null) await _sweeper.StopAsync(CancellationToken.None);
        _sweeper?.Dispose();
        await WakeUps.DisposeAsync();
        await Db.DisposeAsync();
        TestDirectory.Delete(_directory);
    }

    internal sealed record Row(long Id, string State, int Starts, int Failures, string? LastError, DateTimeOffset? DueAt, string? LeasedBy, string? Worker);
}

/// <summary>Keeps what was logged.</summary>
internal sealed class Notebook
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger<T> For<T>() => new Writer<T>(this);

    private sealed class Writer<T>(Notebook book) : ILogger<T>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            book.Lines.Enqueue($"{eventId.Id} {formatter(state, exception)} {exception}");
    }
}

/// <summary>A handler made of a delegate.</summary>
internal sealed class Handler(string kind, Func<WorkItem, CancellationToken, Task<WorkResult>> handle) : IWorkHandler
{
    public string Kind => kind;

    public Func<WorkItem, CancellationToken, Task> OnGiveUp { get; init; } = (_, _) => Task.CompletedTask;

    public Task<WorkResult> HandleAsync(WorkItem item, CancellationToken stopping) => handle(item, stopping);

    public Task GiveUpAsync(WorkItem item, CancellationToken cancellationToken) => OnGiveUp(item, cancellationToken);
}

/// <summary>A thing that happens once and that a test waits for; the deadline is for a broken product, not part of any assertion.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsOpen => _open.Task.IsCompleted;

    public void Open() => _open.TrySetResult();

    public Task PassAsync(CancellationToken cancellationToken = default) => _open.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
}

/// <summary>Waiting for a condition of the database, which gives no signal.</summary>
internal static class Eventually
{
    public static async Task IsTrueAsync(Func<Task<bool>> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(30)) Xunit.Assert.Fail("The condition did not come true within 30 seconds.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }
}
