using System.Text.Json;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Deliveries;

/// <summary><c>POST /event-destinations/{id}/test</c>: sends an event that tells of nothing, now and once, and answers with what came of it. It is in no list and is not tried again.</summary>
internal static class TestDestination
{
    public const string EventType = "event_destination.test";

    public static async Task<Reply> HandleAsync(string id, ApiCall call, EventSender sender, IdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return Reply.NotFound<EventDestinationId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await DestinationRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, destinationId, forUpdate: false, cancellationToken) is not { } row) return Reply.NotFound<EventDestinationId>(id);
        var now = time.GetUtcNow();
        var told = new EventObject(ids.New<EventId>().Value, EventType, JsonSerializer.SerializeToElement(new { id = row.Id, @object = "event_destination", name = row.Name, type = row.Type, status = row.Status, test = true }), now);
        var result = await sender.SendAsync(row, new OutgoingEvent(told.Id, told.Type, row.Id, now, JsonSerializer.SerializeToUtf8Bytes(told, Json.Options)), cancellationToken);
        var ended = time.GetUtcNow();
        var delivery = new DeliveryObject(
            ids.New<EventDeliveryId>().Value, result.Delivered ? DeliveryStatuses.Success : DeliveryStatuses.Failure, told.Type, told.Id, row.Id, 1, null, result.Delivered ? ended : null, result.Code, result.Excerpt, now, ended) { Test = true };
        return await call.CommitAsync(scope, Reply.Ok(delivery), cancellationToken);
    }
}
