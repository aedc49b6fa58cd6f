using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Work;

namespace Ostiary.Server.SignIns;

/// <summary>One sign-in at a time per credential, and per account where its credentials are not known to be good, over all workers. A turn belongs to a leased work item and falls free when the lease ends, however that happens.</summary>
internal sealed class SignInTurns(Db db, WakeUps wakeUps, TimeProvider time)
{
    private const string Channel = WakeUps.SignInTurns;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the turn. Who takes several takes the credential's first, then the account's: one order for all, so that no two wait for each other.</summary>
    /// <param name="whatFor">The credential's id, or the account's keyed fingerprint in hexadecimal.</param>
    public async Task<IAsyncDisposable> TakeAsync(string whatFor, long workId, CancellationToken cancellationToken)
    {
        using var news = new SemaphoreSlim(0, 1);
        using var subscription = wakeUps.Subscribe(Channel, payload =>
        {
            if (payload.Length > 0 && payload != whatFor) return;
            try
            {
                news.Release();
            }
            catch (SemaphoreFullException)
            {
                // One wake-up is enough.
            }
        });
        while (true)
        {
            if (await TryTakeAsync(whatFor, workId, cancellationToken)) return new Turn(this, whatFor, workId);
            using var tick = new CancellationTokenSource(LookEvery, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(tick.Token, cancellationToken);
            try
            {
                await news.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The tick: try again.
            }
        }
    }

    private async Task<bool> TryTakeAsync(string whatFor, long workId, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.ExecuteAsync(new CommandDefinition(
            """
             INSERT INTO sign_in_turns (what_for, work_id) VALUES (@whatFor, @workId)
             ON CONFLICT (what_for) DO UPDATE SET work_id = @workId
             WHERE sign_in_turns.work_id = @workId OR NOT EXISTS (SELECT 1 FROM work WHERE id = sign_in_turns.work_id AND state = 'leased' AND leased_until > now())
             """,
            new { whatFor, workId },
            cancellationToken: cancellationToken)) == 1;
    }

    private sealed class Turn(SignInTurns turns, string whatFor, long workId) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            try
            {
                await using var connection = await turns.ReleaseConnectionAsync();
                await connection.ExecuteAsync("DELETE FROM sign_in_turns WHERE what_for = @whatFor AND work_id = @workId", new { whatFor, workId });
            }
            catch (Exception exception) when (exception is Npgsql.NpgsqlException or TimeoutException)
            {
                // The turn falls free with the lease.
            }

            turns.Signal(whatFor);
        }
    }

    // Given back also while the server stops, hence without a token.
    private Task<Npgsql.NpgsqlConnection> ReleaseConnectionAsync() => db.OpenAsync(CancellationToken.None);

    private void Signal(string whatFor) => wakeUps.Signal(Channel, whatFor);
}
