using System.Text.Json;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.Storage;

namespace Ostiary.Server.TaskRuns;

/// <summary>The words of a run's status and every allowed move; docs/states/task_run.md draws them.</summary>
internal static class RunStatuses
{
    /// <summary>Waiting for a session.</summary>
    public const string Queued = "queued";
    /// <summary>At work.</summary>
    public const string Running = "running";
    /// <summary>The source wants something from the user.</summary>
    public const string InteractionRequired = "interaction_required";
    /// <summary>Done, waiting for a person to approve.</summary>
    public const string ReviewRequired = "review_required";
    /// <summary><c>output</c> is set.</summary>
    public const string Completed = "completed";
    /// <summary><c>errors</c> is set.</summary>
    public const string Failed = "failed";
    /// <summary>Cancel was asked for.</summary>
    public const string Canceling = "canceling";
    /// <summary>Stopped before completion.</summary>
    public const string Canceled = "canceled";

    public static readonly IReadOnlyList<string> All = [Queued, Running, InteractionRequired, ReviewRequired, Completed, Failed, Canceling, Canceled];

    /// <summary>The words of <c>result</c>, once there is one.</summary>
    public static readonly IReadOnlyList<string> Outcomes = ["success", "failure", "unknown"];

    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Moves = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Queued] = [Running, Canceling, Canceled, Failed],
        [Running] = [InteractionRequired, ReviewRequired, Completed, Failed, Canceling],
        [InteractionRequired] = [Running, Failed, Canceling],
        [ReviewRequired] = [Completed, Failed, Canceled],
        [Canceling] = [Canceled],
        [Completed] = [],
        [Failed] = [],
        [Canceled] = [],
    };

    public static bool IsOver(string status) => status is Completed or Failed or Canceled;
}

/// <summary>A run as it is stored. Its moves return a changed copy, or null when the move is not allowed from here: the ordinary result of a lost race.</summary>
internal sealed record TaskRunRow : IListed
{
    public const string Columns = "id, organization_id, task_id, agent_id, source_id, credential_id, connection_id, session_id, status, result, input, output, sealed_input, sealed_output, errors, artifacts, timeout_seconds, work_id, site_touched, task_revision, started_at, work_ended_at, ended_at, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";

    /// <summary>Null: it signs in and does nothing else, to prove its credential. Then there is no agent either.</summary>
    public string? TaskId { get; init; }
    public string? AgentId { get; init; }
    public string SourceId { get; init; } = "";
    public string? CredentialId { get; init; }
    public string? ConnectionId { get; init; }
    public string? SessionId { get; init; }
    public string Status { get; init; } = RunStatuses.Queued;
    public string? Result { get; init; }
    /// <summary>What it was given. Of a stored run it is there after <see cref="TaskRunStore.OpenAsync"/> only.</summary>
    public string Input { get; init; } = "{}";

    /// <summary>What it brought back. Of a stored run it is there after <see cref="TaskRunStore.OpenAsync"/> only.</summary>
    public string? Output { get; init; }
    public byte[]? SealedInput { get; init; }
    public byte[]? SealedOutput { get; init; }
    public string Errors { get; init; } = "[]";
    public string? Artifacts { get; init; }
    public int TimeoutSeconds { get; init; }
    public long? WorkId { get; init; }
    public bool SiteTouched { get; init; }

    /// <summary>Which edition of its task it performed; null until then.</summary>
    public int? TaskRevision { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When a run that was to be reviewed had done its work: its clock stops there. Null for all others.</summary>
    public DateTimeOffset? WorkEndedAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    /// <summary>What the sealed input is bound to.</summary>
    public string InputContext => $"task_run/{OrganizationId}/{Id}/input";

    /// <summary>What the sealed output is bound to.</summary>
    public string OutputContext => $"task_run/{OrganizationId}/{Id}/output";

    public OrganizationId Organization => Http.OrganizationId.Of(OrganizationId);

    public bool IsOver => RunStatuses.IsOver(Status);

    /// <summary>The wall clock runs from the start, waiting for the user included.</summary>
    public DateTimeOffset? Deadline => StartedAt?.AddSeconds(TimeoutSeconds);

    public TaskRunRow? Start(DateTimeOffset now) => To(RunStatuses.Running, now) is { } moved ? moved with { StartedAt = moved.StartedAt ?? now } : null;

    public TaskRunRow? AwaitAnswer(DateTimeOffset now) => To(RunStatuses.InteractionRequired, now);

    public TaskRunRow? Resume(DateTimeOffset now) => Status == RunStatuses.InteractionRequired ? To(RunStatuses.Running, now) : null;

    public TaskRunRow? Complete(string output, DateTimeOffset now) => To(RunStatuses.Completed, now) is { } moved ? moved with { Output = output, Result = "success" } : null;

    /// <summary>The work is done and <paramref name="output"/> can be read; a person decides whether it counts.</summary>
    public TaskRunRow? AwaitReview(string output, DateTimeOffset now) => To(RunStatuses.ReviewRequired, now) is { } moved ? moved with { Output = output, WorkEndedAt = now } : null;

    public TaskRunRow? Approve(DateTimeOffset now) => Status == RunStatuses.ReviewRequired && Output is { } output ? Complete(output, now) : null;

    /// <summary>What was rejected, or waited too long for a decision, is not left where somebody may take it for a result.</summary>
    public TaskRunRow? Fail(Fault fault, DateTimeOffset now) =>
        To(RunStatuses.Failed, now) is { } moved ? moved with { Output = null, SealedOutput = null, Errors = Json.Write<IReadOnlyList<FaultObject>>([FaultObject.From(fault)]), Result = fault.Code == "session_lost" ? "unknown" : "failure" } : null;

    public TaskRunRow? RequestCancel(DateTimeOffset now) => To(RunStatuses.Canceling, now);

    public TaskRunRow? Cancel(DateTimeOffset now) => To(RunStatuses.Canceled, now) is { } moved ? moved with { Output = null, SealedOutput = null } : null;

    /// <summary>What its events carry: never input or output.</summary>
    public object ToEvent(InteractionObject? interaction, string? externalId) => new RunEvent(
        Id, "task_run", Status, Result, TaskId, AgentId, SourceId, CredentialId, ConnectionId, SessionId, externalId, Json.Parse(Errors), interaction);

    public TaskRunObject ToObject(InteractionObject? interaction, DateTimeOffset now) => new(
        Id, Status, Result, TaskId, AgentId, SourceId, CredentialId, ConnectionId, SessionId,
        StartedAt is { } started ? (long)((WorkEndedAt ?? EndedAt ?? now) - started).TotalMilliseconds : null,
        Output is null ? null : Json.Parse(Output), Json.Parse(Errors), interaction, CreatedAt, UpdatedAt);

    private TaskRunRow? To(string status, DateTimeOffset now) => RunStatuses.Moves[Status].Contains(status)
        ? this with { Status = status, UpdatedAt = now, EndedAt = RunStatuses.IsOver(status) ? now : null }
        : null;

    private sealed record RunEvent(
        string Id, string Object, string Status, string? Result, string? TaskId, string? AgentId, string SourceId, string? CredentialId, string? ConnectionId, string? SessionId, string? ExternalId, JsonElement Errors, InteractionObject? Interaction);
}

/// <summary>A run on the wire. <paramref name="RuntimeMs"/>: milliseconds since it started, null before. The last four are there only when asked for by <c>include</c>.</summary>
internal sealed record TaskRunObject(
    string Id, [property: WordsOf(typeof(RunStatuses))] string Status, [property: Says("How it ended; null while it has not.", Example = "null"), OneOf("success", "failure", "unknown")] string? Result,
    [property: Says("Null for a run that only proves a credential.")] string? TaskId, string? AgentId, string SourceId, string? CredentialId, [property: Says("The connection it runs on.", Example = "null")] string? ConnectionId, string? SessionId,
    [property: Says("Milliseconds since it started; null before.", Example = "null")] long? RuntimeMs, [property: Says("What it brought back, matching the task's `output_schema`; null until it is `completed`, or waits for its review.", Example = "null")] JsonElement? Output,
    [property: Shape(typeof(IReadOnlyList<FaultObject>)), Says("Why it failed; empty otherwise.", Example = "[]")] JsonElement Errors,
    [property: Says("What the user is asked; null unless the run waits for an answer.", Example = "null")] InteractionObject? Interaction, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject, IHasPayload
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "task_run";

    bool IHasPayload.HasPayload => Output is not null || Input is not null;

    ApiObject IHasPayload.Encrypt(PayloadKey key) => this with { Output = Output is { } output ? key.Encrypt(output) : null, Input = Input is { } input ? key.Encrypt(input) : null };

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [Says("What it was started with; with `include=input`.")]
    public JsonElement? Input { get; init; }

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [Says("Its files; with `include=storage`.")]
    public IReadOnlyList<StorageObject>? Storage { get; init; }

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [Says("Pictures of what it saw, oldest first; with `include=screenshots`.")]
    public IReadOnlyList<ScreenshotObject>? Screenshots { get; init; }

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [Says("How each decision was made; with `include=artifacts`.")]
    public JsonElement? Artifacts { get; init; }
}
