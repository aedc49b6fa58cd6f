using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.Events;

/// <summary>Events: what happened, as a list, one by one, and as a stream.</summary>
internal static class EventRoutes
{
    public static IServiceCollection AddEvents(this IServiceCollection services) => services.AddSingleton<EventLog>();

    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Events", "An event says that something changed; it is written in the same commit as the change. Kept for 30 days unless the server is set otherwise.");
        routes.MapGet("/events", ListAsync).Describe("List events").Pages<EventId, EventObject>().FilterWords("type", EventTypes.All, "Only of these types.").FilterTimes();
        routes.MapGet("/events/stream", StreamEvents.HandleAsync).OpenToTokens().Describe("Follow events", "Server-sent events, from now on or after `Last-Event-ID`, without a gap.")
            .FilterWords("type", EventTypes.All, "Only of these types.").Reads("Last-Event-ID", "The id of the last event you have.").Misses<EventId>()
            .Streams("text/event-stream", "id: evt_0T9hPWTq00a1B2c3D4e5F6\nevent: task_run.completed\ndata: {…}\n\n");
        routes.MapGet("/events/{id}", GetAsync).Describe("Get an event").At<EventId>().Gives<EventObject>();
        routes.MapGet("/event-types", () => Reply.Ok(new EventTypeList(EventTypes.All))).Describe("List event types").Gives<EventTypeList>();
    }

    /// <summary>Deletes events past their time; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(System.Data.IDbConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM events WHERE created_at < @before", new { before }, cancellationToken: cancellationToken));

    private static async Task<Reply> ListAsync(ApiCall call, Db db, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<EventId>(call.Query, faults);
        var types = Filters.Words(call.Query, "type", [.. EventTypes.All], faults);
        var after = Filters.Time(call.Query, "created_after", faults);
        var before = Filters.Time(call.Query, "created_before", faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var list = new ListQuery(EventRow.Columns, "events", call.Organization);
        if (types is not null) list.Where("type = ANY(@types)", "types", types);
        if (after is not null) list.Where("created_at > @after", "after", after);
        if (before is not null) list.Where("created_at < @before", "before", before);
        return Reply.Ok(await list.ReadAsync<EventRow, EventObject>(db, page, row => row.ToObject(), cancellationToken));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<EventId>(id, out var eventId)) return Reply.NotFound<EventId>(id);
        await using var connection = await db.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<EventRow>(new CommandDefinition(
            $"SELECT {EventRow.Columns} FROM events WHERE organization_id = @organization AND id = @id",
            new { organization = call.Organization.Value, id = eventId.Value },
            cancellationToken: cancellationToken));
        return row is null ? Reply.NotFound<EventId>(id) : Reply.Ok(row.ToObject());
    }

    private sealed record EventTypeList([property: WordsOf(typeof(EventTypes)), Says("Every type of event.")] IReadOnlyList<string> Data) : ApiObject
    {
        public bool HasMore => false;
        public string? NextCursor => null;
    }
}
