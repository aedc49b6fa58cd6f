namespace Ostiary.Server.Work;

/// <summary>Does one kind of work. Registered as a singleton <c>IWorkHandler</c> by the room that owns the kind.</summary>
internal interface IWorkHandler
{
    /// <summary>The kind, unique over all handlers, for instance <c>task_run</c>.</summary>
    string Kind { get; }

    /// <summary>
    /// Does the item. An exception means a bug or a broken machine: the item is tried again later, more and more rarely, and given up after
    /// <see cref="WorkOptions.MaxFailures"/> of them. Expected endings are results. Work may be started more than once: write its outcome in a transaction
    /// that also calls <see cref="WorkQueue.CompleteAsync"/>, and abandon that transaction when it answers false.
    /// </summary>
    /// <param name="item">The item; <see cref="WorkItem.Stop"/> says why <paramref name="stopping"/> was cancelled.</param>
    /// <param name="stopping">Cancelled when the lease was lost, the item was cancelled or the server stops. Whatever is thrown after that is no failure.</param>
    Task<WorkResult> HandleAsync(WorkItem item, CancellationToken stopping);

    /// <summary>
    /// Called when the item has failed for the last time, so that the room can settle its noun. May complete the item in the same commit; otherwise the item is
    /// parked: kept, visible, not tried again by itself. When this throws, the item is tried again instead, so that no noun is left without an end.
    /// </summary>
    Task GiveUpAsync(WorkItem item, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>How a start of an item ended.</summary>
internal abstract record WorkResult
{
    private WorkResult()
    {
    }

    /// <summary>Finished: the item is removed, unless the handler has already completed it in its own commit.</summary>
    public sealed record Done : WorkResult
    {
        public static readonly Done It = new();
    }

    /// <summary>Not a failure: the same item once more, not before <paramref name="At"/>.</summary>
    public sealed record Again(DateTimeOffset At) : WorkResult;

    /// <summary>Stopping: put back untouched, to be taken by anybody at once. No attempt is counted.</summary>
    public sealed record HandBack : WorkResult
    {
        public static readonly HandBack It = new();
    }
}
