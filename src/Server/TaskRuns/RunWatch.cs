using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary>Notices that a run at work was asked to stop: by signal at once, by looking at its row every two seconds otherwise.</summary>
internal sealed class RunWatch : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _canceled = new();
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _news = new(0, 1);
    private readonly IDisposable _subscription;
    private readonly Task _looking;

    public RunWatch(string runId, Db db, WakeUps wakeUps, TimeProvider time)
    {
        _subscription = wakeUps.Subscribe(RunCancel.Channel, payload =>
        {
            if (payload.Length > 0 && payload != runId) return;
            try
            {
                _news.Release();
            }
            catch (SemaphoreFullException)
            {
                // One wake-up is enough.
            }
        });
        _looking = LookAsync(runId, db, time);
    }

    /// <summary>Fires when the run is <c>canceling</c>.</summary>
    public CancellationToken Canceled => _canceled.Token;

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _over.CancelAsync();
        await _looking;
        _canceled.Dispose();
        _over.Dispose();
        _news.Dispose();
    }

    private async Task LookAsync(string runId, Db db, TimeProvider time)
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                using var tick = new CancellationTokenSource(LookEvery, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(tick.Token, _over.Token);
                try
                {
                    await _news.WaitAsync(either.Token);
                }
                catch (OperationCanceledException) when (!_over.IsCancellationRequested)
                {
                    // The tick: look.
                }

                await using var connection = await db.OpenAsync(_over.Token);
                var status = await connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition("SELECT status FROM task_runs WHERE id = @runId", new { runId }, cancellationToken: _over.Token));
                if (status != RunStatuses.Canceling) continue;
                await _canceled.CancelAsync();
                return;
            }
            catch (OperationCanceledException) when (_over.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is Npgsql.NpgsqlException or TimeoutException)
            {
                // The database is away for a moment; the next look decides.
            }
        }
    }
}
