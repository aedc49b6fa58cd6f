using Dapper;
using Ostiary.Server.Http;

namespace Ostiary.Server.Sessions;

/// <summary>The words of a session's status; docs/states/session.md draws them.</summary>
internal static class SessionStatuses
{
    /// <summary>Waiting for a browser.</summary>
    public const string Queued = "queued";
    /// <summary>A browser is open and a run is using it.</summary>
    public const string Running = "running";
    /// <summary>The browser is open, signed in, and waits for another run.</summary>
    public const string Idle = "idle";
    /// <summary>Being closed.</summary>
    public const string Completing = "completing";
    /// <summary>Closed in order.</summary>
    public const string Completed = "completed";
    /// <summary>The browser, or its machine, died.</summary>
    public const string Failed = "failed";

    public static readonly IReadOnlyList<string> All = [Queued, Running, Idle, Completing, Completed, Failed];

    /// <summary>Every allowed move. The test compares it with the page.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Moves = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Queued] = [Running, Completing, Completed, Failed],
        [Running] = [Idle, Completing, Completed, Failed],
        [Idle] = [Running, Completing, Completed, Failed],
        [Completing] = [Completed, Failed],
        [Completed] = [],
        [Failed] = [],
    };

    public static bool IsOver(string status) => status is Completed or Failed;
}

/// <summary>A session as it is stored.</summary>
internal sealed record SessionRow : IListed
{
    public const string Columns = "id, organization_id, status, source_id, credential_id, worker_id, started_at, idle_since, ended_at, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string Status { get; init; } = SessionStatuses.Queued;
    public string? SourceId { get; init; }
    public string? CredentialId { get; init; }
    public string? WorkerId { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? IdleSince { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    public OrganizationId Organization => Http.OrganizationId.Of(OrganizationId);

    /// <summary>What its events carry.</summary>
    public object ToEvent() => new { id = Id, @object = "session", status = Status, source_id = SourceId, credential_id = CredentialId };

    public SessionObject ToObject(IReadOnlyList<SessionRun> runs, DateTimeOffset now) =>
        new(Id, Status, StartedAt is { } started ? (long)((EndedAt ?? now) - started).TotalMilliseconds : null, runs, CreatedAt, UpdatedAt);

    public static async Task<SessionRow?> FindAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, OrganizationId organization, SessionId id, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<SessionRow>(new CommandDefinition(
            $"SELECT {Columns} FROM sessions WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id = id.Value },
            transaction,
            cancellationToken: cancellationToken));
}

/// <summary>A session on the wire. <paramref name="RuntimeMs"/>: milliseconds since its browser was asked for, null before.</summary>
internal sealed record SessionObject(
    string Id, [property: WordsOf(typeof(SessionStatuses))] string Status, [property: Says("Milliseconds since its browser was asked for; null before.", Example = "4200")] long? RuntimeMs,
    [property: Says("The runs that used it, oldest first.")] IReadOnlyList<SessionRun> TaskRuns, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "session";
}

/// <summary>A run in its session's list.</summary>
internal sealed record SessionRun(string Id, string? TaskId, string? AgentId, string? CredentialId);
