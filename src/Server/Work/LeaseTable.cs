using Npgsql;
using Ostiary.Server.Data;

namespace Ostiary.Server.Work;

/// <summary>
/// The worker's side of the tables <c>work</c> and <c>workers</c>. Every statement stands alone, and every write for an item names its lease. Leases are counted
/// by the database's clock; when an item is due, by the clock of the servers (<c>@now</c>), which is the one their rooms reckon with.
/// </summary>
internal sealed class LeaseTable(Db db)
{
    /// <summary>Key of the advisory lock that lets one worker sweep at a time.</summary>
    private const long SweepLock = 0x737765657073;

    private const string NoLease = "leased_by = NULL, lease = NULL, leased_until = NULL";

    /// <summary>
    /// Takes up to <paramref name="free"/>[i] due items of <paramref name="kinds"/>[i]. Of a lane only the oldest unfinished item can be taken, and only when none
    /// of the lane is being done. Null: another worker took an item of the same lane at the same moment; nothing was taken, try again.
    /// </summary>
    public async Task<IReadOnlyList<WorkItem>?> ClaimAsync(string worker, string[] kinds, int[] free, TimeSpan lease, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            var rows = await db.ListAsync<Claimed>(
                """
                WITH taken AS MATERIALIZED (
                    SELECT item.id
                    FROM unnest(@kinds, @free) AS wanted (kind, free)
                    CROSS JOIN LATERAL (
                        SELECT w.id FROM work w
                        WHERE w.kind = wanted.kind AND w.state = 'ready'
                          AND COALESCE(w.due_at, w.created_at) <= GREATEST(@now, now())
                          AND (w.due_at IS NULL OR w.due_at <= @now)
                          AND (w.worker IS NULL OR w.worker = @worker)
                          AND (w.lane IS NULL OR NOT EXISTS (
                              SELECT 1 FROM work other
                              WHERE other.lane = w.lane AND other.state <> 'parked' AND (other.id < w.id OR other.state = 'leased')))
                        ORDER BY COALESCE(w.due_at, w.created_at), w.id
                        LIMIT wanted.free
                        FOR UPDATE SKIP LOCKED
                    ) item
                )
                UPDATE work SET state = 'leased', starts = starts + 1, leased_by = @worker, lease = nextval('work_leases'), leased_until = now() + @lease
                FROM taken WHERE work.id = taken.id
                RETURNING work.id, kind, organization_id, payload::text AS payload, lane, starts, created_at, failures, lease
                """, new { worker, kinds, free, lease, now }, cancellationToken);
            return
            [
                .. rows.OrderBy(r => r.Id).Select(r => new WorkItem(r.Id, r.Kind, r.OrganizationId, r.Payload, r.Lane, r.Starts, r.CreatedAt)
                {
                    Failures = r.Failures,
                    Lease = r.Lease,
                }),
            ];
        }
        catch (PostgresException e) when (e.IsDuplicate("work_one_per_lane"))
        {
            return null;
        }
    }

    /// <summary>When the next item that waits for its time is due; null: none waits.</summary>
    public Task<DateTimeOffset?> NextDueAsync(string[] kinds, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.FirstOrNoneAsync<DateTimeOffset?>(
            """
            SELECT min(waiting.due) FROM unnest(@kinds) AS wanted (kind) CROSS JOIN LATERAL (
                SELECT COALESCE(due_at, created_at) AS due FROM work
                WHERE kind = wanted.kind AND state = 'ready' AND COALESCE(due_at, created_at) > @now
                ORDER BY COALESCE(due_at, created_at) LIMIT 1) waiting
            HAVING min(waiting.due) IS NOT NULL
            """, new { kinds, now }, cancellationToken);

    /// <summary>
    /// Says that the worker is alive and renews its leases, in one statement. Returns the items that are still its own: true when renewed, false when a
    /// transaction of its own holds the row just now. What is missing is lost.
    /// </summary>
    public async Task<IReadOnlyDictionary<long, bool>> RenewAsync(
        string worker, string host, int pid, IReadOnlyCollection<WorkItem> items, TimeSpan lease, CancellationToken cancellationToken)
    {
        var rows = await db.ListAsync<Held>(
            """
            WITH alive AS (
                INSERT INTO workers (id, host, pid) VALUES (@worker, @host, @pid) ON CONFLICT (id) DO UPDATE SET seen_at = now()
            ), mine AS MATERIALIZED (
                SELECT w.id FROM work w JOIN unnest(@ids, @leases) AS item (id, lease) ON w.id = item.id AND w.lease = item.lease
                FOR UPDATE OF w SKIP LOCKED
            ), renewed AS (
                UPDATE work SET leased_until = now() + @lease FROM mine WHERE work.id = mine.id RETURNING work.id
            )
            SELECT w.id, renewed.id IS NOT NULL AS renewed
            FROM work w JOIN unnest(@ids, @leases) AS item (id, lease) ON w.id = item.id AND w.lease = item.lease
            LEFT JOIN renewed ON renewed.id = w.id
            """,
            new { worker, host, pid, ids = items.Select(i => i.Id).ToArray(), leases = items.Select(i => i.Lease).ToArray(), lease }, cancellationToken);
        return rows.ToDictionary(row => row.Id, row => row.Renewed);
    }

    /// <summary>Removes a finished item. False: it was no longer this worker's.</summary>
    public Task<bool> FinishAsync(WorkItem item, CancellationToken cancellationToken) =>
        WriteAsync("DELETE FROM work WHERE id = @Id AND lease = @Lease", item, null, cancellationToken);

    /// <summary>Puts an item back, as if it had not been started; its place and its failures stay.</summary>
    public Task<bool> HandBackAsync(WorkItem item, CancellationToken cancellationToken) =>
        WriteAsync($"UPDATE work SET state = 'ready', {NoLease} WHERE id = @Id AND lease = @Lease", item, null, cancellationToken);

    /// <summary>Puts an item back to be done again at <paramref name="at"/>, which is not a failure.</summary>
    public Task<bool> AgainAsync(WorkItem item, DateTimeOffset at, CancellationToken cancellationToken) =>
        WriteAsync($"UPDATE work SET state = 'ready', {NoLease}, failures = 0, last_error = NULL, due_at = @at WHERE id = @Id AND lease = @Lease", item, new { at }, cancellationToken);

    /// <summary>Puts an item back after a failure, to be tried again at <paramref name="at"/>.</summary>
    public Task<bool> FailAsync(WorkItem item, int failures, string error, DateTimeOffset at, CancellationToken cancellationToken) =>
        WriteAsync(
            $"UPDATE work SET state = 'ready', {NoLease}, failures = @failures, last_error = @error, due_at = @at WHERE id = @Id AND lease = @Lease",
            item, new { failures, error, at }, cancellationToken);

    /// <summary>Keeps an item that was given up; it no longer holds up its lane.</summary>
    public Task<bool> ParkAsync(WorkItem item, int failures, string error, CancellationToken cancellationToken) =>
        WriteAsync(
            $"UPDATE work SET state = 'parked', {NoLease}, failures = @failures, last_error = @error WHERE id = @Id AND lease = @Lease",
            item, new { failures, error }, cancellationToken);

    /// <summary>The end of a worker: everything it may still hold is free, and it is no longer one.</summary>
    public async Task<int> LeaveAsync(string worker, CancellationToken cancellationToken)
    {
        await using var tx = await db.BeginAsync(cancellationToken);
        var freed = await tx.ExecuteAsync($"UPDATE work SET state = 'ready', {NoLease} WHERE leased_by = @worker AND state = 'leased'", new { worker }, cancellationToken);
        await tx.ExecuteAsync("UPDATE work SET worker = NULL WHERE worker = @worker", new { worker }, cancellationToken);
        await tx.ExecuteAsync("DELETE FROM workers WHERE id = @worker", new { worker }, cancellationToken);
        await tx.CommitAsync(cancellationToken);
        return freed;
    }

    /// <summary>For a database nobody else can be using: all earlier workers are gone.</summary>
    public async Task<int> TakeBackEverythingAsync(CancellationToken cancellationToken)
    {
        await using var tx = await db.BeginAsync(cancellationToken);
        var freed = await tx.ExecuteAsync($"UPDATE work SET state = 'ready', {NoLease} WHERE state = 'leased'", null, cancellationToken);
        await tx.ExecuteAsync("UPDATE work SET worker = NULL WHERE worker IS NOT NULL", null, cancellationToken);
        await tx.ExecuteAsync("DELETE FROM workers", null, cancellationToken);
        await tx.CommitAsync(cancellationToken);
        return freed;
    }

    /// <summary>
    /// Frees the items whose leases have lapsed, forgets the workers that have said nothing for <paramref name="silence"/>, and opens to everybody what only they
    /// could take. Null: another worker is sweeping.
    /// </summary>
    public async Task<Swept?> SweepAsync(TimeSpan silence, CancellationToken cancellationToken)
    {
        await using var tx = await db.BeginAsync(cancellationToken);
        if (!await tx.OneAsync<bool>("SELECT pg_try_advisory_xact_lock(@SweepLock)", new { SweepLock }, cancellationToken)) return null;
        var kinds = await tx.ListAsync<string>(
            $"""
            UPDATE work SET state = 'ready', {NoLease} WHERE id IN (
                SELECT id FROM work WHERE state = 'leased' AND leased_until < now() FOR UPDATE SKIP LOCKED)
            RETURNING kind
            """, null, cancellationToken);
        var gone = await tx.ListAsync<string>("DELETE FROM workers WHERE seen_at < now() - @silence RETURNING id", new { silence }, cancellationToken);
        var opened = await tx.ListAsync<string>(
            """
            UPDATE work SET worker = NULL WHERE id IN (
                SELECT id FROM work WHERE worker IS NOT NULL AND worker NOT IN (SELECT id FROM workers) FOR UPDATE SKIP LOCKED)
            RETURNING kind
            """, null, cancellationToken);
        await tx.CommitAsync(cancellationToken);
        return new Swept(kinds.Count, gone, [.. kinds.Concat(opened).Distinct()]);
    }

    /// <summary>The workers that have been heard of within <paramref name="silence"/>.</summary>
    public Task<IReadOnlyList<string>> AliveAsync(TimeSpan silence, CancellationToken cancellationToken) =>
        db.ListAsync<string>("SELECT id FROM workers WHERE seen_at >= now() - @silence", new { silence }, cancellationToken);


    private async Task<bool> WriteAsync(string sql, WorkItem item, object? more, CancellationToken cancellationToken)
    {
        var arguments = new Dapper.DynamicParameters(more);
        arguments.Add("Id", item.Id);
        arguments.Add("Lease", item.Lease);
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.ExecuteAsync(sql, arguments, cancellationToken) > 0;
    }

    /// <summary>What a sweep found.</summary>
    /// <param name="Lapsed">Items whose lease had lapsed.</param>
    /// <param name="Gone">Workers that are gone.</param>
    /// <param name="Kinds">Kinds of which items can be taken again.</param>
    internal sealed record Swept(int Lapsed, IReadOnlyList<string> Gone, IReadOnlyList<string> Kinds);

    private sealed record Claimed(
        long Id, string Kind, string OrganizationId, string Payload, string? Lane, int Starts, DateTimeOffset CreatedAt, int Failures, long Lease);

    private sealed record Held(long Id, bool Renewed);
}
