using Npgsql;

namespace Ostiary.Server.Data;

/// <summary>One commit: the state, its event and the work that follows. Rolls back on dispose unless <see cref="CommitAsync"/> has returned.</summary>
internal sealed class DbTransactionScope : IAsyncDisposable
{
    private readonly ILogger _log;
    private readonly List<Action> _afterCommit = [];

    internal DbTransactionScope(NpgsqlConnection connection, NpgsqlTransaction transaction, ILogger log)
    {
        Connection = connection;
        Transaction = transaction;
        _log = log;
    }

    public NpgsqlConnection Connection { get; }

    public NpgsqlTransaction Transaction { get; }

    /// <summary>Registers a signal that is given only when the commit succeeded, for instance to wake a waiter. It must be short and is not awaited.</summary>
    public void AfterCommit(Action signal) => _afterCommit.Add(signal);

    /// <summary>
    /// Commits, then gives the signals in the order they were registered. A caller that stopped waiting is noticed before the commit, never during it:
    /// a commit that was sent is waited for, because abandoning it would leave nobody knowing how it ended.
    /// </summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await Transaction.CommitAsync(CancellationToken.None);
        foreach (var signal in _afterCommit)
        {
            try
            {
                signal();
            }
            catch (Exception e)
            {
                // The commit stands; telling the caller otherwise would make it act twice. Whoever missed the signal polls.
                Log.SignalFailed(_log, e);
            }
        }

        _afterCommit.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
