namespace Ostiary.Server.Work;

/// <summary>One piece of work, as taken up by a worker.</summary>
/// <param name="Kind">Which handler does it.</param>
/// <param name="OrganizationId">Whose it is.</param>
/// <param name="Payload">JSON, small: identifiers, never a secret.</param>
/// <param name="Lane">Items of one lane are done one after another in order of id; null: no lane.</param>
/// <param name="Starts">How many times it was started, this one included: 1 the first time. Counts interrupted starts too.</param>
/// <param name="CreatedAt">When it was put into the queue, by the database's clock.</param>
internal sealed record WorkItem(long Id, string Kind, string OrganizationId, string Payload, string? Lane, int Starts, DateTimeOffset CreatedAt)
{
    /// <summary>How many starts ended in an exception. Interrupted starts do not count.</summary>
    public int Failures { get; init; }

    /// <summary>Why the handler's token was cancelled; <see cref="WorkStop.None"/> as long as it is not.</summary>
    public WorkStop Stop { get; internal set; }

    /// <summary>The fencing token: every write for this item names it, so that a worker that lost the item cannot settle it.</summary>
    internal long Lease { get; init; }

    /// <summary>Set when the handler has asked to complete the item in a transaction of its own: a missing row is then no loss.</summary>
    internal volatile bool Settling;

    /// <summary>Set when that transaction was committed.</summary>
    internal volatile bool Settled;

    /// <summary>The members of an item do not tell two of them apart; its id and lease do.</summary>
    public bool Equals(WorkItem? other) => other is not null && Id == other.Id && Lease == other.Lease;

    public override int GetHashCode() => HashCode.Combine(Id, Lease);
}

/// <summary>What can stop a handler.</summary>
internal enum WorkStop
{
    /// <summary>Nothing has.</summary>
    None,

    /// <summary>The server stops: hand the item back, or bring it to an end quickly.</summary>
    ServerStopping,

    /// <summary>The lease was lost: somebody else may have the item. Nothing may be written for it any more; a commit that tries is refused.</summary>
    LeaseLost,

    /// <summary>Somebody cancelled the item; it is gone from the queue.</summary>
    Cancelled,
}

/// <summary>How a new piece of work is to be treated.</summary>
internal sealed record NewWork
{
    /// <summary>Not before this time, by the server's <see cref="TimeProvider"/>. Null: at once.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Items of one lane run one after another in order of id, over all workers. An item that waits, also for a retry, holds up its lane; a parked one does not.</summary>
    public string? Lane { get; init; }

    /// <summary>Only this worker (<see cref="WorkerId"/>) may take it. When that worker is gone, any worker may: its handler finds that what it needs is not here.</summary>
    public string? Worker { get; init; }

    /// <summary>
    /// Unique per kind among unfinished items: enqueueing the same key again does nothing and returns the id that is there. An item that is being worked on
    /// is unfinished, and may already have looked at the state you just changed: use a key for "this must happen once", not for "look again".
    /// </summary>
    public string? Key { get; init; }
}
