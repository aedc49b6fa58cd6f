using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Ostiary.Server.Http;

namespace Ostiary.Server.Deliveries;

/// <summary>The words of a destination's status.</summary>
internal static class DestinationStatuses
{
    /// <summary>Reserved: every type is active at once, because each delivery shows by itself whether the destination is reached; <c>POST …/test</c> shows it beforehand.</summary>
    public const string PendingVerification = "pending_verification";
    public const string Active = "active";
    /// <summary>Switched off by its owner, or because a delivery used up its attempts. Nothing is lost: switched on again it delivers what it missed.</summary>
    public const string Inactive = "inactive";
    public static readonly IReadOnlyList<string> All = [PendingVerification, Active, Inactive];
}

/// <summary>A destination as it is stored.</summary>
internal sealed record DestinationRow : IListed
{
    public const string Columns = "id, organization_id, name, type, status, events, url, secret, previous_secret, previous_secret_until, headers, header_names, settings, credentials, credential_names, position, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string Name { get; init; } = "";
    public string Type { get; init; } = "webhook";
    public string Status { get; init; } = DestinationStatuses.Active;
    public string[] Events { get; init; } = ["*"];
    public string Url { get; init; } = "";
    public byte[] Secret { get; init; } = [];
    public byte[]? PreviousSecret { get; init; }
    public DateTimeOffset? PreviousSecretUntil { get; init; }
    public byte[]? Headers { get; init; }
    public string[] HeaderNames { get; init; } = [];

    /// <summary>A JSON object of the readable settings; empty for a webhook.</summary>
    public string Settings { get; init; } = "{}";

    /// <summary>Sealed; null for a webhook.</summary>
    public byte[]? Credentials { get; init; }
    public string[] CredentialNames { get; init; } = [];

    /// <summary>The position in the event list up to which deliveries were made.</summary>
    public long Position { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    PagePosition IListed.Position => new(CreatedAt, Id);

    public OrganizationId Organization => Http.OrganizationId.Of(OrganizationId);

    /// <summary>What the sealed secret is bound to.</summary>
    public string SecretContext => $"event-destination/{OrganizationId}/{Id}/secret";

    /// <summary>What the sealed headers are bound to.</summary>
    public string HeadersContext => $"event-destination/{OrganizationId}/{Id}/headers";

    /// <summary>What the sealed credentials are bound to.</summary>
    public string CredentialsContext => $"event-destination/{OrganizationId}/{Id}/credentials";

    /// <summary>A readable setting, or null when there is none.</summary>
    public string? Setting(string name) => Json.Parse(Settings).TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A setting that is true or false, or null when there is none.</summary>
    public bool? Flag(string name) => Json.Parse(Settings).TryGetProperty(name, out var value) ? value.GetBoolean() : null;

    public bool Wants(string eventType) => Events is ["*"] || Events.Contains(eventType, StringComparer.Ordinal);

    /// <summary>What its events carry.</summary>
    public object ToEvent() => new { id = Id, @object = "event_destination", name = Name, type = Type, status = Status };

    /// <summary>The wire's object; <paramref name="generatedSecret"/> is shown only in the answer that made it.</summary>
    public DestinationObject ToObject(string? generatedSecret = null) => new(Id, Name, Type, Status, Events, CreatedAt, UpdatedAt)
    {
        Webhook = Type == DestinationTypes.Webhook
            ? new WebhookObject(Url, HeaderNames.Length == 0 ? null : JsonSerializer.Serialize(HeaderNames.ToDictionary(n => n, _ => DestinationTypes.Withheld, StringComparer.Ordinal), Json.Options), PreviousSecretUntil, generatedSecret)
            : null,
        Rabbitmq = Shown("rabbitmq"), AwsSqs = Shown("aws_sqs"), AwsKinesis = Shown("aws_kinesis"), AwsS3 = Shown("aws_s3"), AwsEventbridge = Shown("aws_eventbridge"),
        GcpPubsub = Shown("gcp_pubsub"), AzureServicebus = Shown("azure_servicebus"), Hookdeck = Shown("hookdeck"),
    };

    private JsonElement? Shown(string type) => type == Type ? DestinationTypes.Show(this) : null;

    public static async Task<DestinationRow?> FindAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, OrganizationId organization, EventDestinationId id, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<DestinationRow>(new CommandDefinition(
            $"SELECT {Columns} FROM event_destinations WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id = id.Value },
            transaction,
            cancellationToken: cancellationToken));
}

/// <summary>A destination on the wire: one object named like its type holds its settings, with secrets withheld.</summary>
internal sealed record DestinationObject(
    string Id, [property: Says("What you call it.", Example = "Production")] string Name,
    [property: OneOf("webhook", "rabbitmq", "aws_sqs", "aws_kinesis", "aws_s3", "aws_eventbridge", "gcp_pubsub", "azure_servicebus", "hookdeck"), Says("The field of this name holds the settings.", Example = "webhook")] string Type,
    [property: WordsOf(typeof(DestinationStatuses)), Says("`inactive` when switched off, or when a delivery used up its attempts.", Example = "active")] string Status,
    [property: Says("Event types, or `*` alone for all.", Example = """["*"]""")] IReadOnlyList<string> Events, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [JsonPropertyOrder(-1)]
    public string Object => "event_destination";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WebhookObject? Webhook { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField]
    public JsonElement? Rabbitmq { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField]
    public JsonElement? AwsSqs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField]
    public JsonElement? AwsKinesis { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), JsonPropertyName("aws_s3")]
    [JsonObjectField]
    public JsonElement? AwsS3 { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField]
    public JsonElement? AwsEventbridge { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField]
    public JsonElement? GcpPubsub { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField]
    public JsonElement? AzureServicebus { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField]
    public JsonElement? Hookdeck { get; init; }
}

/// <summary>A webhook's settings, secrets withheld. <paramref name="Secret"/> is there once, in the answer that made it.</summary>
/// <param name="PreviousSecretUntil">Until when the secret before the last rotation signs as well; null when there was none.</param>
internal sealed record WebhookObject(
    [property: Says("Where events are posted to.", Example = "https://example.com/hooks/ostiary")] string Url, [property: Says("The names of further headers; their values are withheld.", Example = "null")] string? CustomHeaders,
    DateTimeOffset? PreviousSecretUntil, string? Secret)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Says("Until when the secret before the last rotation signs as well; absent when there was none.")]
    public DateTimeOffset? PreviousSecretUntil { get; init; } = PreviousSecretUntil;

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Says("The signing secret, once: in the answer that made it.")]
    public string? Secret { get; init; } = Secret;
}

/// <summary>The words of a delivery's status; docs/states/delivery.md draws them.</summary>
internal static class DeliveryStatuses
{
    /// <summary>Attempts are left.</summary>
    public const string Pending = "pending";
    /// <summary>The receiver has it.</summary>
    public const string Success = "success";
    /// <summary>Its attempts are used up; due again when the destination is switched on again.</summary>
    public const string Failure = "failure";
    public static readonly IReadOnlyList<string> All = [Pending, Success, Failure];

    /// <summary>Every allowed move.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Moves = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Pending] = [Success, Failure],
        // A replay sends it again.
        [Success] = [Pending],
        [Failure] = [Pending],
    };
}

/// <summary>A delivery as it is stored.</summary>
internal sealed record DeliveryRow : IListed
{
    public const string Columns = "id, organization_id, destination_id, event_id, event_position, event_type, object_id, status, attempts, next_attempt_at, delivered_at, response_code, response_excerpt, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string DestinationId { get; init; } = "";
    public string EventId { get; init; } = "";
    public long EventPosition { get; init; }
    public string EventType { get; init; } = "";
    public string ObjectId { get; init; } = "";

    /// <summary>One of <see cref="DeliveryStatuses"/>.</summary>
    public string Status { get; init; } = DeliveryStatuses.Pending;
    public int Attempts { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
    public int? ResponseCode { get; init; }
    public string? ResponseExcerpt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    public DeliveryObject ToObject() => new(Id, Status, EventType, EventId, DestinationId, Attempts, NextAttemptAt, DeliveredAt, ResponseCode, ResponseExcerpt, CreatedAt, UpdatedAt);
}

/// <summary>A delivery on the wire.</summary>
internal sealed record DeliveryObject(
    string Id, [property: WordsOf(typeof(DeliveryStatuses))] string Status, string EventType, string EventId, string EventDestinationId, int Attempts, DateTimeOffset? NextAttemptAt, DateTimeOffset? DeliveredAt, int? ResponseCode, string? ResponseExcerpt,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [JsonPropertyOrder(-1)]
    public string Object => "event_delivery";

    /// <summary>True for what <c>POST …/test</c> sent: it is in no list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Test { get; init; }
}
