using Ostiary.Server.Data;

namespace Ostiary.Server.Work;

/// <summary>What rooms do with work: put it in, in the commit that makes it necessary, and settle it, in the commit that makes it superfluous.</summary>
internal sealed class WorkQueue(WakeUps wakeUps)
{
    /// <summary>Puts work into the queue, to be done at once. See the overload.</summary>
    public Task<long> EnqueueAsync(DbTransactionScope tx, string kind, string organizationId, string payload, CancellationToken cancellationToken) =>
        EnqueueAsync(tx, kind, organizationId, payload, null, cancellationToken);

    /// <summary>
    /// Puts work into the queue: invisible until <paramref name="tx"/> commits, and nothing if it does not. With a lane, transactions that enqueue into the same
    /// lane wait for one another until they end, because ids must follow the order of commits there: enqueue late in the transaction.
    /// </summary>
    /// <param name="payload">A JSON document; identifiers, never a secret.</param>
    /// <returns>The item's id; with a key, the id of the unfinished item that has it.</returns>
    public async Task<long> EnqueueAsync(
        DbTransactionScope tx, string kind, string organizationId, string payload, NewWork? work, CancellationToken cancellationToken)
    {
        work ??= new NewWork();
        if (work.Lane is not null)
            await tx.ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended('work lane ' || @Lane, 0))", new { work.Lane }, cancellationToken);
        while (true)
        {
            var id = await tx.FirstOrNoneAsync<long?>(
                """
                INSERT INTO work (kind, organization_id, payload, due_at, lane, worker, key)
                VALUES (@kind, @organizationId, @payload, @DueAt, @Lane, @Worker, @Key)
                ON CONFLICT (kind, key) WHERE key IS NOT NULL AND state <> 'parked' DO NOTHING
                RETURNING id
                """,
                new { kind, organizationId, payload = Sql.Json(payload), work.DueAt, work.Lane, work.Worker, work.Key }, cancellationToken);
            if (id is not null)
            {
                tx.AfterCommit(() => wakeUps.Signal(WakeUps.Work, kind));
                return id.Value;
            }

            var existing = await tx.FirstOrNoneAsync<long?>(
                "SELECT id FROM work WHERE kind = @kind AND key = @Key AND state <> 'parked'", new { kind, work.Key }, cancellationToken);
            // None: it was finished between the two statements, so there is room now.
            if (existing is not null) return existing.Value;
        }
    }

    /// <summary>
    /// Finishes an item in the commit that records its outcome. False: the lease was lost, the item is somebody else's or cancelled, and the whole transaction
    /// must be abandoned.
    /// </summary>
    public async Task<bool> CompleteAsync(DbTransactionScope tx, WorkItem item, CancellationToken cancellationToken)
    {
        item.Settling = true;
        var rows = await tx.ExecuteAsync("DELETE FROM work WHERE id = @Id AND lease = @Lease", new { item.Id, item.Lease }, cancellationToken);
        if (rows == 0) return false;
        tx.AfterCommit(() =>
        {
            item.Settled = true;
            // The next of its lane is free.
            if (item.Lane is not null) wakeUps.Signal(WakeUps.Work, item.Kind);
        });
        return true;
    }

    /// <summary>
    /// For a commit in the middle of an item: makes sure that the item is still this worker's and stays so until the commit. False: it is not, and the whole
    /// transaction must be abandoned.
    /// </summary>
    public async Task<bool> HoldAsync(DbTransactionScope tx, WorkItem item, CancellationToken cancellationToken) =>
        await tx.FirstOrNoneAsync<int?>("SELECT 1 FROM work WHERE id = @Id AND lease = @Lease FOR UPDATE", new { item.Id, item.Lease }, cancellationToken) is not null;

    /// <summary>Lets a parked item be tried again, with its failures forgotten. False: there is none of this id, or an unfinished one has its key.</summary>
    public async Task<bool> RequeueAsync(DbTransactionScope tx, long id, CancellationToken cancellationToken)
    {
        var kind = await tx.FirstOrNoneAsync<string>(
            """
            UPDATE work SET state = 'ready', failures = 0, due_at = NULL WHERE id = @id AND state = 'parked'
              AND (key IS NULL OR NOT EXISTS (SELECT 1 FROM work other WHERE other.kind = work.kind AND other.key = work.key AND other.state <> 'parked'))
            RETURNING kind
            """, new { id }, cancellationToken);
        if (kind is null) return false;
        tx.AfterCommit(() => wakeUps.Signal(WakeUps.Work, kind));
        return true;
    }

    /// <summary>Brings a waiting item forward: it is due at once. False: there is none of this id that waits.</summary>
    public async Task<bool> HurryAsync(DbTransactionScope tx, long id, CancellationToken cancellationToken)
    {
        var kind = await tx.FirstOrNoneAsync<string>("UPDATE work SET due_at = NULL WHERE id = @id AND state = 'ready' RETURNING kind", new { id }, cancellationToken);
        if (kind is null) return false;
        tx.AfterCommit(() => wakeUps.Signal(WakeUps.Work, kind));
        return true;
    }

    /// <summary>
    /// Removes an item, whatever its state. A handler that is working on it is told through its token and can settle nothing for it any more. False: there is none.
    /// </summary>
    public Task<bool> CancelAsync(DbTransactionScope tx, long id, CancellationToken cancellationToken) =>
        CancelAsync(tx, "id = @id", new { id }, cancellationToken);

    /// <summary>Removes the unfinished item that has this key. See the overload.</summary>
    public Task<bool> CancelAsync(DbTransactionScope tx, string kind, string key, CancellationToken cancellationToken) =>
        CancelAsync(tx, "kind = @kind AND key = @key AND state <> 'parked'", new { kind, key }, cancellationToken);

    private async Task<bool> CancelAsync(DbTransactionScope tx, string which, object arguments, CancellationToken cancellationToken)
    {
        var gone = await tx.FirstOrNoneAsync<Cancelled>($"DELETE FROM work WHERE {which} RETURNING id, kind, lane", arguments, cancellationToken);
        if (gone is null) return false;
        tx.AfterCommit(() =>
        {
            wakeUps.Signal(WakeUps.Work, CancelSignal(gone.Id));
            if (gone.Lane is not null) wakeUps.Signal(WakeUps.Work, gone.Kind);
        });
        return true;
    }

    internal static string CancelSignal(long id) => $"cancel:{id}";

    private sealed record Cancelled(long Id, string Kind, string? Lane);
}
