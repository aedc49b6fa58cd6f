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
        routes.MapGet("/events", ListAsync);
        routes.MapGet("/events/stream", StreamEvents.HandleAsync).OpenToTokens();
        routes.MapGet("/events/{id}", GetAsync);
        routes.MapGet("/event-types", () => Reply.Ok(new EventTypeList(EventTypes.All)));
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

    private sealed record EventTypeList(IReadOnlyList<string> Data) : ApiObject
    {
        public bool HasMore => false;
        public string? NextCursor => null;
    }
}
