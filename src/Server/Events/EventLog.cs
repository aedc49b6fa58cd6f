using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

namespace Ostiary.Server.Events;

/// <summary>
/// Records events in the commit of the change they tell of, and lets followers read them in order without a gap.
/// </summary>
/// <remarks>
/// Positions are drawn before a commit and become visible after it, so a reader could see 12 before 11 and never come back for 11. Therefore whoever records holds a
/// shared lock on the organization until its commit, and a follower first notes the highest position drawn, then takes the same lock exclusively for an instant:
/// after that every position up to the noted one is either visible or will never be. Recorders never wait for each other.
/// </remarks>
internal sealed class EventLog(IdSource ids, TimeProvider time, WakeUps wakeUps)
{
    /// <summary>The wake-up channel; the payload is the organization's id.</summary>
    public const string Channel = WakeUps.Events;

    /// <summary>Records one event. <paramref name="data"/> is a small summary: never input, output or a secret.</summary>
    public async Task RecordAsync(DbTransactionScope scope, OrganizationId organization, string type, string objectId, object data, CancellationToken cancellationToken)
    {
        if (!EventTypes.IsKnown(type)) throw new ArgumentException($"Unknown event type {type}.", nameof(type));
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            SELECT pg_advisory_xact_lock_shared(@lockNumber);
            INSERT INTO events (id, organization_id, type, object_id, data, created_at) VALUES (@id, @organization, @type, @objectId, @data::json, @now)
            """,
            new
            {
                lockNumber = LockNumber(organization),
                id = ids.New<EventId>().Value,
                organization = organization.Value,
                type,
                objectId,
                data = JsonSerializer.Serialize(data, data.GetType(), Json.Options),
                now = time.GetUtcNow(),
            },
            scope.Transaction,
            cancellationToken: cancellationToken));
        scope.AfterCommit(() => wakeUps.Signal(Channel, organization.Value));
    }

    /// <summary>Events after a position, oldest first, at most <paramref name="limit"/>: complete up to the last one returned.</summary>
    public static async Task<IReadOnlyList<EventRow>> ReadAfterAsync(Db db, OrganizationId organization, long position, IReadOnlyList<string>? types, int limit, CancellationToken cancellationToken, Restriction? restriction = null)
    {
        var horizon = await HorizonAsync(db, organization, cancellationToken);
        await using var connection = await db.OpenAsync(cancellationToken);
        var parameters = new DynamicParameters(new { organization = organization.Value, position, horizon, types = types?.ToArray(), limit });
        restriction?.AddTo(parameters);
        return (await connection.QueryAsync<EventRow>(new CommandDefinition(
            $"""
             SELECT {EventRow.Columns} FROM events
             WHERE organization_id = @organization AND position > @position AND position <= @horizon AND (@types::text[] IS NULL OR type = ANY(@types))
             {(restriction is null ? "" : "AND " + Restriction.ConditionFor("events"))}
             ORDER BY position LIMIT @limit
             """,
            parameters,
            cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>The position up to which everything is settled: visible, or never to be.</summary>
    public static async Task<long> HorizonAsync(Db db, OrganizationId organization, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var drawn = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM events_position_seq", cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition("SELECT pg_advisory_xact_lock(@number)", new { number = LockNumber(organization) }, cancellationToken: cancellationToken));
        return drawn;
    }

    /// <summary>The position of an event, or null when it is unknown (or forgotten) here.</summary>
    public static async Task<long?> PositionOfAsync(Db db, OrganizationId organization, EventId id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            "SELECT position FROM events WHERE organization_id = @organization AND id = @id", new { organization = organization.Value, id = id.Value }, cancellationToken: cancellationToken));
    }

    private static long LockNumber(OrganizationId organization) =>
        BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes("events/" + organization.Value)));
}

/// <summary>An event as it is stored.</summary>
internal sealed record EventRow : IListed
{
    public const string Columns = "id, position, type, data, created_at";

    public string Id { get; init; } = "";
    public long Position { get; init; }
    public string Type { get; init; } = "";
    public string Data { get; init; } = "{}";
    public DateTimeOffset CreatedAt { get; init; }

    PagePosition IListed.Position => new(CreatedAt, Id);

    public EventObject ToObject() => new(Id, Type, Json.Parse(Data), CreatedAt);
}

/// <summary>An event on the wire: in lists, in the stream, and as the body of a webhook.</summary>
internal sealed record EventObject(
    string Id, [property: WordsOf(typeof(EventTypes)), Says("What happened.", Example = "task_run.completed")] string Type,
    [property: JsonObjectField, Says("The object as it was then, in short: never input, output or secrets.", Example = """{"id":"trun_0T9hPWTq00a1B2c3D4e5F6","object":"task_run","status":"completed"}""")] JsonElement Data,
    DateTimeOffset CreatedAt) : ApiObject
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "event";

    /// <summary>An event never changes.</summary>
    public DateTimeOffset UpdatedAt => CreatedAt;
}
