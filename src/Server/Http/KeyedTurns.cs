namespace Ostiary.Server.Http;

/// <summary>Lets those who ask for the same key go one after another, within this process. Nothing is kept for a key that nobody holds or waits for.</summary>
internal sealed class KeyedTurns<TKey> where TKey : notnull
{
    private readonly Dictionary<TKey, Queue> _queues = [];

    /// <summary>Waits for the turn; disposing what comes back gives it to the next.</summary>
    public async Task<IDisposable> TakeAsync(TKey key, CancellationToken cancellationToken)
    {
        Queue queue;
        lock (_queues)
        {
            if (!_queues.TryGetValue(key, out queue!)) _queues[key] = queue = new Queue();
            queue.Users++;
        }

        try
        {
            await queue.Turn.WaitAsync(cancellationToken);
            return new Held(this, key, queue);
        }
        catch
        {
            Leave(key, queue);
            throw;
        }
    }

    private void Leave(TKey key, Queue queue)
    {
        lock (_queues)
        {
            if (--queue.Users > 0) return;
            _queues.Remove(key);
            queue.Turn.Dispose();
        }
    }

    private sealed class Queue
    {
        public readonly SemaphoreSlim Turn = new(1, 1);
        public int Users;
    }

    private sealed class Held(KeyedTurns<TKey> owner, TKey key, Queue queue) : IDisposable
    {
        public void Dispose()
        {
            queue.Turn.Release();
            owner.Leave(key, queue);
        }
    }
}
