using System.Globalization;
using System.Text.Json.Serialization;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

namespace Ostiary.Server.Deliveries;

/// <summary>
/// <c>POST /event-destinations/{id}/replay</c>: delivers what has happened in a span of time again, as far as events are kept, with all attempts and the same <c>webhook-id</c>. Events of one
/// object keep their order. What happened before the destination existed can be had as well.
/// </summary>
internal static class ReplayEvents
{
    private const int MostEvents = 100_000;

    internal sealed record Request
    {
        [RequiredField, Says("Events after this moment.", Example = "2026-03-01T00:00:00Z")] public string? CreatedAfter { get; init; }
        [Says("And before this one; absent: up to now.", Example = "2026-03-02T00:00:00Z")] public string? CreatedBefore { get; init; }
        [Says("Only of these types; absent: those of the destination.", Example = """["task_run.completed"]""")] public IReadOnlyList<string>? Events { get; init; }
    }

    public static async Task<Reply> HandleAsync(string id, ApiCall call, WakeUps wakeUps, IdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<Request>(faults);
        var (after, before) = (ReadTime(request.CreatedAfter, "created_after", faults), ReadTime(request.CreatedBefore, "created_before", faults));
        if (after >= before) faults.Add(Fault.Invalid("created_before", "`created_before` must be later than `created_after`."));
        DestinationRoutes.CheckEvents(request.Events, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return Reply.NotFound<EventDestinationId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await DestinationRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, destinationId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<EventDestinationId>(id);
        if (row.Status != DestinationStatuses.Active) return Reply.Conflict($"The destination `{row.Id}` is {row.Status}; set it `active` first, which also delivers what it missed.");
        var types = request.Events ?? row.Events;
        var now = time.GetUtcNow();
        // What lies after its position the destination comes to by itself.
        var events = await scope.ListAsync<string>(
            """
            SELECT id FROM events WHERE organization_id = @organization AND created_at > @after AND (@before::timestamptz IS NULL OR created_at < @before) AND position <= @Position AND (@every OR type = ANY(@types))
            ORDER BY position LIMIT @limit
            """,
            new { organization = call.Organization.Value, after, before, row.Position, every = types is ["*"], types = types.ToArray(), limit = MostEvents + 1 },
            cancellationToken);
        if (events.Count > MostEvents)
            return Reply.Rejected(Fault.Invalid("created_before", string.Create(CultureInfo.InvariantCulture, $"More than {MostEvents} events lie in that span; replay them in several requests, each with a `created_before`.")));
        await scope.ExecuteAsync(
            """
            INSERT INTO event_deliveries (id, organization_id, destination_id, event_id, event_position, event_type, object_id, status, next_attempt_at, created_at, updated_at)
            SELECT new.id, @organization, @Id, e.id, e.position, e.type, e.object_id, 'pending', @now, @now, @now
            FROM unnest(@ids, @events) AS new (id, event_id) JOIN events e ON e.id = new.event_id
            ON CONFLICT (destination_id, event_id) DO UPDATE SET status = 'pending', attempts = 0, next_attempt_at = excluded.next_attempt_at, delivered_at = NULL, updated_at = excluded.updated_at
            """,
            new { organization = call.Organization.Value, row.Id, now, ids = events.Select(_ => ids.New<EventDeliveryId>().Value).ToArray(), events = events.ToArray() },
            cancellationToken);
        scope.AfterCommit(() => wakeUps.Signal(WakeUps.Deliveries, call.Organization.Value));
        return await call.CommitAsync(scope, Reply.Ok(new ReplayObject(row.Id, events.Count, after!.Value, before, types, now)), cancellationToken);
    }

    private static DateTimeOffset? ReadTime(string? text, string field, List<Fault> faults)
    {
        if (text is null) return null;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return time.ToUniversalTime();
        faults.Add(Fault.Invalid(field, $"`{field}` must be a time in ISO 8601, for instance 2026-03-01T12:00:00Z."));
        return null;
    }
}

/// <summary>What a replay began: how many deliveries are due again.</summary>
internal sealed record ReplayObject(
    string EventDestinationId, [property: Says("How many events are delivered again.", Example = "12")] int Count, [property: Says("Events after this moment.")] DateTimeOffset CreatedAfter,
    [property: Says("And before this one.")] DateTimeOffset? CreatedBefore, [property: Says("Only of these types; `*` for all.", Example = """["*"]""")] IReadOnlyList<string> Events, DateTimeOffset CreatedAt) : ApiObject
{
    [JsonPropertyOrder(-1)]
    public string Object => "event_replay";
}
