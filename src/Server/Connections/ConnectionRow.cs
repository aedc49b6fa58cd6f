using System.Text.Json;
using Ostiary.Server.Credentials;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;

namespace Ostiary.Server.Connections;

/// <summary>The words of a connection's status and every allowed move; docs/states/connection.md draws them.</summary>
internal static class ConnectionStatuses
{
    /// <summary>Signing in.</summary>
    public const string Connecting = "connecting";
    /// <summary>The source asks the user for something.</summary>
    public const string InteractionRequired = "interaction_required";
    /// <summary>A live signed-in session, ready for runs.</summary>
    public const string Connected = "connected";
    /// <summary>The source rejected the credential; it can only be terminated.</summary>
    public const string Invalid = "invalid";
    /// <summary>The browser is closed; it may be reopened under the same id with the stored credential.</summary>
    public const string Disconnected = "disconnected";
    /// <summary>Closed for good, its credential destroyed.</summary>
    public const string Terminated = "terminated";

    public static readonly IReadOnlyList<string> All = [Connecting, InteractionRequired, Connected, Invalid, Disconnected, Terminated];

    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Moves = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Connecting] = [Connected, InteractionRequired, Invalid, Disconnected, Terminated],
        [InteractionRequired] = [Connecting, Disconnected, Invalid, Terminated],
        [Connected] = [Disconnected, Invalid, Terminated],
        [Invalid] = [Terminated],
        [Disconnected] = [Connecting, Terminated],
        [Terminated] = [],
    };

    /// <summary>True while a sign-in is under way.</summary>
    public static bool IsEntering(string status) => status is Connecting or InteractionRequired;
}

/// <summary>A connection as it is stored. Its moves return a changed copy, or null when the move is not allowed from here: the ordinary result of a lost race.</summary>
internal sealed record ConnectionRow : IListed
{
    public const string Columns = "id, organization_id, source_id, credential_id, session_id, auth_method, external_id, status, errors, work_id, site_touched, connecting_since, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string SourceId { get; init; } = "";
    public string CredentialId { get; init; } = "";
    public string? SessionId { get; init; }
    public string AuthMethod { get; init; } = "";
    public string? ExternalId { get; init; }
    public string Status { get; init; } = ConnectionStatuses.Connecting;
    public string Errors { get; init; } = "[]";
    public long? WorkId { get; init; }
    public bool SiteTouched { get; init; }
    public DateTimeOffset ConnectingSince { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    public OrganizationId Organization => Http.OrganizationId.Of(OrganizationId);

    public bool IsEntering => ConnectionStatuses.IsEntering(Status);

    /// <summary>Opened again, with a session and work of its own; what was wrong before is forgotten.</summary>
    public ConnectionRow? Reconnect(string sessionId, long workId, DateTimeOffset now) => Status == ConnectionStatuses.Disconnected && To(ConnectionStatuses.Connecting, now) is { } moved
        ? moved with { SessionId = sessionId, WorkId = workId, SiteTouched = false, ConnectingSince = now, Errors = "[]" }
        : null;

    public ConnectionRow? AwaitAnswer(DateTimeOffset now) => To(ConnectionStatuses.InteractionRequired, now);

    public ConnectionRow? Resume(DateTimeOffset now) => Status == ConnectionStatuses.InteractionRequired ? To(ConnectionStatuses.Connecting, now) : null;

    public ConnectionRow? Connect(DateTimeOffset now) => To(ConnectionStatuses.Connected, now) is { } moved ? moved with { WorkId = null, Errors = "[]" } : null;

    public ConnectionRow? Reject(Fault why, DateTimeOffset now) => End(ConnectionStatuses.Invalid, why, now);

    public ConnectionRow? Disconnect(Fault why, DateTimeOffset now) => End(ConnectionStatuses.Disconnected, why, now);

    /// <summary>Closed for good. What it ended with before stays readable.</summary>
    public ConnectionRow? Terminate(DateTimeOffset now) => To(ConnectionStatuses.Terminated, now) is { } moved ? moved with { WorkId = null } : null;

    /// <summary>What its events carry.</summary>
    public object ToEvent(InteractionObject? interaction) => new ConnectionEvent(Id, "connection", Status, SourceId, AuthMethod, ExternalId, CredentialId, SessionId, Json.Parse(Errors), interaction);

    public ConnectionObject ToObject(InteractionObject? interaction) => new(Id, SourceId, AuthMethod, ExternalId, Status, interaction, SessionId, CredentialId, Json.Parse(Errors), CreatedAt, UpdatedAt);

    private ConnectionRow? End(string status, Fault why, DateTimeOffset now) =>
        To(status, now) is { } moved ? moved with { WorkId = null, Errors = Json.Write<IReadOnlyList<FaultObject>>([FaultObject.From(why)]) } : null;

    private ConnectionRow? To(string status, DateTimeOffset now) => ConnectionStatuses.Moves[Status].Contains(status) ? this with { Status = status, UpdatedAt = now } : null;

    private sealed record ConnectionEvent(
        string Id, string Object, string Status, string SourceId, string AuthMethod, string? ExternalId, string CredentialId, string? SessionId, JsonElement Errors, InteractionObject? Interaction);
}

/// <summary>A connection on the wire. <paramref name="Errors"/>: why it is <c>invalid</c> or <c>disconnected</c>.</summary>
internal sealed record ConnectionObject(
    string Id, string SourceId, [property: OneOf(AuthMethods.UsernamePassword, AuthMethods.GoogleSso, AuthMethods.None)] string AuthMethod, [property: Says("Your own id for the user.", Example = "user-17")] string? ExternalId,
    [property: WordsOf(typeof(ConnectionStatuses))] string Status, [property: Says("What the user is asked; null unless the connection waits for an answer.", Example = "null")] InteractionObject? Interaction, string? SessionId, string CredentialId,
    [property: Shape(typeof(IReadOnlyList<FaultObject>)), Says("Why it is `invalid` or `disconnected`; empty otherwise.", Example = "[]")] JsonElement Errors, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "connection";
}
