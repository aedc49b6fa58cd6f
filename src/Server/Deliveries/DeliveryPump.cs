using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Npgsql;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

namespace Ostiary.Server.Deliveries;

/// <summary>
/// Follows the event list for every active destination and delivers: at least once, each destination on its own, so that a slow one delays nobody else. One node serves a
/// destination at a time, held by a lock that falls with the node's connection. An attempt cut short by a stop or a crash is not counted and is made again.
/// </summary>
internal sealed class DeliveryPump(Db db, EventSender sender, EventLog events, WakeUps wakeUps, IdSource ids, DeliveryOptions options, TimeProvider time, ILogger<DeliveryPump> logger) : BackgroundService
{
    private const int BatchSize = 100;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, Task> _serving = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<TimeSpan> _delays = options.Delays() ?? [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var news = new SemaphoreSlim(0, 1);
        using var places = new SemaphoreSlim(options.Destinations);
        using var onEvents = wakeUps.Subscribe(WakeUps.Events, _ => Wake(news));
        using var onDeliveries = wakeUps.Subscribe(WakeUps.Deliveries, _ => Wake(news));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                foreach (var id in await NeedyAsync(stoppingToken))
                {
                    if (_serving.ContainsKey(id)) continue;
                    await places.WaitAsync(stoppingToken);
                    _serving[id] = Task.Run(
                        async () =>
                        {
                            try
                            {
                                await ServeAsync(id, stoppingToken);
                            }
                            finally
                            {
                                _serving.TryRemove(id, out _);
                                places.Release();
                            }
                        },
                        CancellationToken.None);
                }

                using var tick = new CancellationTokenSource(LookEvery, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(tick.Token, stoppingToken);
                await news.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // The tick: look again.
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                Log.PumpFailed(logger, exception.GetType().Name);
                await Task.Delay(LookEvery, time, CancellationToken.None);
            }
        }

        await Task.WhenAll(_serving.Values);
    }

    private static void Wake(SemaphoreSlim news)
    {
        try
        {
            news.Release();
        }
        catch (SemaphoreFullException)
        {
            // One wake-up is enough.
        }
    }

    /// <summary>Destinations with a delivery due, or with news in the event list.</summary>
    private async Task<IReadOnlyList<string>> NeedyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<string>(new CommandDefinition(
            """
            SELECT d.id FROM event_destinations d
            WHERE d.status = 'active' AND (
                EXISTS (SELECT 1 FROM event_deliveries x WHERE x.destination_id = d.id AND x.status = 'pending' AND x.next_attempt_at <= @now)
                OR EXISTS (SELECT 1 FROM events e WHERE e.organization_id = d.organization_id AND e.position > d.position))
            """,
            new { now = time.GetUtcNow() },
            cancellationToken: cancellationToken))).AsList();
    }

    private async Task ServeAsync(string id, CancellationToken stopping)
    {
        try
        {
            // The lock lives as long as this connection: a node that dies lets go of it.
            await using var guard = await db.OpenDedicatedAsync(stopping);
            if (!await guard.ExecuteScalarAsync<bool>(new CommandDefinition("SELECT pg_try_advisory_lock(@number)", new { number = LockNumber(id) }, cancellationToken: stopping))) return;
            while (await FollowAsync(id, stopping) | await DeliverDueAsync(id, stopping))
            {
                // As long as there was something to do, there may be more.
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping: what was not settled is due again at the next start.
        }
        catch (Exception exception)
        {
            Log.ServingFailed(logger, id, exception.GetType().Name);
        }
    }

    /// <summary>Takes what is new from the event list: deliveries and the new position are one commit. True: there was something.</summary>
    private async Task<bool> FollowAsync(string id, CancellationToken cancellationToken)
    {
        DestinationRow? row;
        await using (var connection = await db.OpenAsync(cancellationToken)) row = await FindAsync(connection, id, cancellationToken);
        if (row is not { Status: DestinationStatuses.Active }) return false;
        var batch = await EventLog.ReadAfterAsync(db, row.Organization, row.Position, null, BatchSize, cancellationToken);
        if (batch.Count == 0) return false;
        var now = time.GetUtcNow();
        await using var scope = await db.BeginAsync(cancellationToken);
        var moved = await scope.Connection.ExecuteAsync(new CommandDefinition(
            "UPDATE event_destinations SET position = @to WHERE id = @id AND position = @from AND status = 'active'", new { id, from = row.Position, to = batch[^1].Position }, scope.Transaction, cancellationToken: cancellationToken));
        if (moved == 0) return true;
        var wanted = batch.Where(e => row.Wants(e.Type)).ToList();
        if (wanted.Count > 0)
        {
            await scope.Connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO event_deliveries (id, organization_id, destination_id, event_id, event_position, event_type, object_id, status, next_attempt_at, created_at, updated_at)
                SELECT new.id, @organization, @id, e.id, e.position, e.type, e.object_id, 'pending', @now, @now, @now
                FROM unnest(@ids, @events) AS new (id, event_id) JOIN events e ON e.id = new.event_id
                ON CONFLICT (destination_id, event_id) DO NOTHING
                """,
                new { id, organization = row.OrganizationId, now, ids = wanted.Select(_ => ids.New<EventDeliveryId>().Value).ToArray(), events = wanted.Select(e => e.Id).ToArray() },
                scope.Transaction,
                cancellationToken: cancellationToken));
        }

        await scope.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Makes the attempts that are due: several objects at once, the events of one object in order. True: there was something.</summary>
    private async Task<bool> DeliverDueAsync(string id, CancellationToken cancellationToken)
    {
        DestinationRow? row;
        IReadOnlyList<PreparedDelivery> due;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            row = await FindAsync(connection, id, cancellationToken);
            if (row is not { Status: DestinationStatuses.Active }) return false;
            due = (await connection.QueryAsync<PreparedDelivery>(new CommandDefinition(
                """
                SELECT x.id, x.object_id, x.attempts, e.id AS event_id, e.type, e.data, e.created_at
                FROM event_deliveries x JOIN events e ON e.id = x.event_id
                WHERE x.destination_id = @id AND x.status = 'pending' AND x.next_attempt_at <= @now ORDER BY x.event_position LIMIT @limit
                """,
                new { id, now = time.GetUtcNow(), limit = BatchSize },
                cancellationToken: cancellationToken))).AsList();
        }

        if (due.Count == 0) return false;
        using var deactivated = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Parallel.ForEachAsync(due.GroupBy(d => d.ObjectId, StringComparer.Ordinal), new ParallelOptions { MaxDegreeOfParallelism = options.PerDestination, CancellationToken = cancellationToken }, async (ofOneObject, stopping) =>
        {
            foreach (var delivery in ofOneObject)
            {
                if (deactivated.IsCancellationRequested) return;
                var result = await sender.SendAsync(row, delivery.ToOutgoing(), stopping);
                // Settled even when a stop came meanwhile: the receiver has it.
                if (await SettleAsync(row, delivery, result)) await deactivated.CancelAsync();
            }
        });
        return true;
    }

    /// <summary>Writes how an attempt went. True: its attempts are used up and the destination was switched off, with its event, in the same commit.</summary>
    private async Task<bool> SettleAsync(DestinationRow row, PreparedDelivery delivery, SendResult result)
    {
        var now = time.GetUtcNow();
        var attempts = delivery.Attempts + 1;
        var next = After(attempts, now, result.Delivered, _delays, Random.Shared.NextDouble());
        await using var scope = await db.BeginAsync(CancellationToken.None);
        await scope.Connection.ExecuteAsync(
            """
            UPDATE event_deliveries SET status = @status, attempts = @attempts, next_attempt_at = @nextAt, delivered_at = @deliveredAt, response_code = @code, response_excerpt = @excerpt, updated_at = @now
            WHERE id = @id AND status = 'pending'
            """,
            new { id = delivery.Id, status = result.Delivered ? DeliveryStatuses.Success : next is null ? DeliveryStatuses.Failure : DeliveryStatuses.Pending, attempts, nextAt = next, deliveredAt = result.Delivered ? now : (DateTimeOffset?)null, code = result.Code, excerpt = result.Excerpt, now },
            scope.Transaction);
        var off = false;
        if (!result.Delivered && next is null)
        {
            off = await scope.Connection.ExecuteAsync(
                "UPDATE event_destinations SET status = 'inactive', updated_at = @now WHERE id = @id AND status = 'active'", new { id = row.Id, now }, scope.Transaction) == 1;
            if (off) await events.RecordAsync(scope, row.Organization, "event_destination.deactivated", row.Id, (row with { Status = DestinationStatuses.Inactive }).ToEvent(), CancellationToken.None);
        }

        await scope.CommitAsync(CancellationToken.None);
        if (!result.Delivered) Log.AttemptFailed(logger, delivery.Id, row.Id, attempts, result.Code?.ToString(CultureInfo.InvariantCulture) ?? "none", next?.ToString("u", CultureInfo.InvariantCulture) ?? "never");
        if (off) Log.Deactivated(logger, row.Id);
        return off;
    }

    /// <summary>When the next attempt is due after <paramref name="attempts"/> of them, or null when there is none. <paramref name="chance"/> (0 to 1) spreads a delay by up to 20 %, so that receivers are not hit by all at once.</summary>
    internal static DateTimeOffset? After(int attempts, DateTimeOffset now, bool delivered, IReadOnlyList<TimeSpan> delays, double chance) =>
        delivered || attempts > delays.Count ? null : now + (delays[attempts - 1] * (1 + (0.2 * chance)));

    private static async Task<DestinationRow?> FindAsync(NpgsqlConnection connection, string id, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<DestinationRow>(new CommandDefinition($"SELECT {DestinationRow.Columns} FROM event_destinations WHERE id = @id", new { id }, cancellationToken: cancellationToken));

    private static long LockNumber(string id) => BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes("deliveries/" + id)));

    /// <summary>A delivery that is due, with its event.</summary>
    private sealed class PreparedDelivery
    {
        public string Id { get; init; } = "";
        public string ObjectId { get; init; } = "";
        public int Attempts { get; init; }
        public string EventId { get; init; } = "";
        public string Type { get; init; } = "";
        public string Data { get; init; } = "{}";
        public DateTimeOffset CreatedAt { get; init; }

        public OutgoingEvent ToOutgoing() => new(EventId, Type, ObjectId, CreatedAt, JsonSerializer.SerializeToUtf8Bytes(new EventObject(EventId, Type, Json.Parse(Data), CreatedAt), Json.Options));
    }
}
