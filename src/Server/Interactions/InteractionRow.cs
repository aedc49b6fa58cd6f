using Ostiary.Login;
using Ostiary.Server.Http;

namespace Ostiary.Server.Interactions;

/// <summary>Section <c>Interactions</c>.</summary>
internal sealed class InteractionOptions
{
    /// <summary>How long a question waits for its answer. Default 5 minutes.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>The words of a question's status; docs/states/interaction.md draws them.</summary>
internal static class InteractionStatuses
{
    /// <summary>Waits for its answer.</summary>
    public const string Pending = "pending";
    /// <summary>Exactly one answer was taken.</summary>
    public const string Answered = "answered";
    /// <summary>Nobody answered in time.</summary>
    public const string Expired = "expired";
    /// <summary>The page moved on, or the run ended.</summary>
    public const string Withdrawn = "withdrawn";

    /// <summary>Every allowed move: only an open question is moved, and once.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Moves = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Pending] = [Answered, Expired, Withdrawn],
        [Answered] = [],
        [Expired] = [],
        [Withdrawn] = [],
    };
}

/// <summary>A question as it is stored.</summary>
internal sealed record InteractionRow
{
    public const string Columns = "id, organization_id, owner_id, type, message, fields, options, status, answer, expires_at, created_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string OwnerId { get; init; } = "";
    public string Type { get; init; } = "";
    public string Message { get; init; } = "";
    public string Fields { get; init; } = "[]";

    /// <summary>What may be chosen beside or instead of the fields, as JSON; null: nothing.</summary>
    public string? Options { get; init; }

    /// <summary>One of <see cref="InteractionStatuses"/>.</summary>
    public string Status { get; init; } = InteractionStatuses.Pending;
    public byte[]? Answer { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>What the sealed answer is bound to.</summary>
    public string AnswerContext => $"interaction/{OrganizationId}/{OwnerId}/{Id}";

    public InteractionObject ToObject() => new(Type, Message, Json.Read<IReadOnlyList<InteractionField>>(Fields), Options is null ? null : Json.Read<IReadOnlyList<InteractionOption>>(Options), ExpiresAt);
}

/// <summary>A question on the wire, in its run or connection and in events.</summary>
internal sealed record InteractionObject(
    [property: Says("What kind of question it is.", Example = "mfa"), WordsOf(typeof(InteractionTypes))] string Type, [property: Says("The website's own sentence.", Example = "Enter the code we sent to your phone.")] string Message,
    [property: Says("What to answer; empty when there is nothing to type.")] IReadOnlyList<InteractionField> Fields, IReadOnlyList<InteractionOption>? Options, [property: Says("No answer by then: `interaction_timeout`.")] DateTimeOffset ExpiresAt)
{
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [Says("What the website offers beside the answer: `resend`, `another_way`, `trust_device`. One of them may be given as `option` in `input`. Left out when there is nothing.")]
    public IReadOnlyList<InteractionOption>? Options { get; init; } = Options;
}

/// <summary>The words of an interaction's type.</summary>
internal static class InteractionTypes
{
    public static readonly IReadOnlyList<string> All = ["mfa", "security_question", "account_selection", "push_approval", "source_field"];
}

/// <summary>The body of an answer, for the reference; <see cref="Questions.AnswerAsync"/> reads it from the body's bytes.</summary>
internal sealed record AnswerRequest
{
    [JsonObjectField, Says("The answer: a value for every field that was asked for; or, where the interaction has `options`, the `option` that is chosen instead (`resend`, `another_way`) or with it (`trust_device`, `none`).", Example = """{"code":"123456"}""")] public System.Text.Json.JsonElement? Input { get; init; }
    [JsonObjectField, Says("An older name of `input`.")] public System.Text.Json.JsonElement? Inputs { get; init; }
}

/// <summary>One thing to answer. <paramref name="Options"/> only with <c>select</c>.</summary>
internal sealed record InteractionField(
    [property: Says("The key of its value in `input`.", Example = "code")] string Name, [property: OneOf("string", "password", "number", "select")] string Type, [property: Says("What the website calls it.", Example = "Code")] string Label,
    IReadOnlyList<InteractionOption>? Options)
{
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [Says("The choices of a `select`.")]
    public IReadOnlyList<InteractionOption>? Options { get; init; } = Options;

    public static InteractionField From(ChallengeField field) => new(field.Name, field.Type, field.Label, field.Options?.Select(o => new InteractionOption(o.Value, o.Label)).ToList());
}

/// <summary>One offered choice.</summary>
internal sealed record InteractionOption(string Value, string Label);
