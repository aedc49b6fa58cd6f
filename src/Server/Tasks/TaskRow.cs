using System.Text.Json;
using Dapper;
using Ostiary.Server.Agents;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Tasks;

/// <summary>A task as it is stored.</summary>
internal sealed record TaskRow : IListed
{
    public const string Columns = "id, agent_id, name, description, prompt, status, input_schema, output_schema, storage, extraction, program, timeout_seconds, review, revision, successes, created_at, updated_at";

    public string Id { get; init; } = "";
    public string AgentId { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Description { get; init; }
    public string? Prompt { get; init; }

    /// <summary>How far its own runs have shown that it works; docs/states/task.md draws the moves. Runs are allowed in every status.</summary>
    public string Status { get; init; } = TaskStatuses.Learning;
    public string? InputSchema { get; init; }
    public string? OutputSchema { get; init; }
    public string? Storage { get; init; }
    public string? Extraction { get; init; }
    public string? Program { get; init; }
    public int? TimeoutSeconds { get; init; }

    /// <summary>One of <see cref="TaskReviews"/>; null: never.</summary>
    public string? Review { get; init; }

    /// <summary>Counts the editions of what the task does.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>Successes of this edition in a row.</summary>
    public int Successes { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    /// <summary>True when a person decides whether the output of a run that ends now counts.</summary>
    public bool NeedsReview => Review == TaskReviews.Always || (Review == TaskReviews.UntilLive && Status != TaskStatuses.Live);

    /// <summary>The next edition: nothing has been shown of it.</summary>
    public TaskRow Anew() => this with { Status = TaskStatuses.Learning, Revision = Revision + 1, Successes = 0 };

    public TaskObject ToObject() => new(
        Id, AgentId, Name, Description, Prompt, Status, Element(InputSchema), Element(OutputSchema), Element(Storage), Element(Extraction), Element(Program), new TaskSettings(TimeoutSeconds, Review ?? TaskReviews.Never), CreatedAt, UpdatedAt);

    /// <summary>What its events carry.</summary>
    public object ToEvent() => new { id = Id, @object = "task", agent_id = AgentId, name = Name, status = Status };

    public static async Task<TaskRow?> FindAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, OrganizationId organization, TaskId id, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<TaskRow>(new CommandDefinition(
            $"SELECT {Columns} FROM tasks WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id = id.Value },
            transaction,
            cancellationToken: cancellationToken));

    private static JsonElement? Element(string? json) => json is null ? null : Json.Parse(json);
}

/// <summary>The words of a task's status.</summary>
internal static class TaskStatuses
{
    public const string Learning = "learning";
    public const string Test = "test";
    public const string Live = "live";
    public static readonly IReadOnlyList<string> All = [Learning, Test, Live];

    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Moves = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Learning] = [Test],
        [Test] = [Live, Learning],
        [Live] = [Test, Learning],
    };
}

/// <summary>Whose word makes a run's output count: the words of <c>settings.review</c>.</summary>
internal static class TaskReviews
{
    /// <summary>A person's, every time.</summary>
    public const string Always = "always";
    /// <summary>A person's, as long as the task is not <c>live</c>.</summary>
    public const string UntilLive = "until_live";
    /// <summary>The output schema's alone.</summary>
    public const string Never = "never";
}

/// <summary>A task on the wire.</summary>
internal sealed record TaskObject(
    string Id, string AgentId, [property: Says("What you call it.", Example = "Read the latest statement")] string Name, string? Description,
    [property: Says(TaskObject.PromptWords)] string? Prompt,
    [property: WordsOf(typeof(TaskStatuses)), Says("How far its own runs have shown that it works: `learning` until one succeeds, `live` after enough in a row. Runs are allowed in every status.")] string Status,
    [property: JsonObjectField, Says(TaskObject.InputSchemaWords, Example = "null")] JsonElement? InputSchema,
    [property: JsonObjectField, Says(TaskObject.OutputSchemaWords, Example = TaskObject.OutputSchemaExample)] JsonElement? OutputSchema,
    [property: JsonObjectField, Says(TaskObject.StorageWords, Example = "null")] JsonElement? Storage,
    [property: JsonObjectField, Says(TaskObject.ExtractionWords, Example = "null")] JsonElement? Extraction,
    [property: JsonObjectField, Says(TaskObject.ProgramWords, Example = "null")] JsonElement? Program,
    TaskSettings Settings, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    // For the reference: the same words where a field is sent and where it comes back.
    public const string PromptWords = "What to do, in plain words.";
    public const string InputSchemaWords = "JSON Schema of a run's `input`; a run whose input does not match is refused.";
    public const string OutputSchemaWords = "JSON Schema of a run's `output`.";
    public const string OutputSchemaExample = """{"type":"object","properties":{"amount":{"type":"number"}},"required":["amount"]}""";
    public const string StorageWords = "What is done with files: `enabled`, `extraction`, `extraction_schema`, `extraction_prompt`, `extraction_required`, `deduplication`, `deduplication_schema`.";
    public const string ExtractionWords = "How data are taken from pages and files.";
    public const string ProgramWords = "The steps to run, as a user flow in the JSON format that Chrome DevTools Recorder exports.";

    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "task";
}

/// <summary>Settings of a task. <paramref name="TimeoutSeconds"/> null: the server's default.</summary>
internal sealed record TaskSettings(
    [property: Says("Wall-clock limit of a run, waiting for the user included; null: the server's default.", Example = "1800")] int? TimeoutSeconds,
    [property: Says("When a person decides whether an output counts: `always`, `until_live` or `never`.", Example = TaskReviews.Never)] string Review);

/// <summary>What agents see of tasks.</summary>
internal sealed class AgentTasks(Db db, EventLog events) : IAgentTasks
{
    public async Task<ILookup<string, AgentTask>> OfAsync(OrganizationId organization, IReadOnlyCollection<string> agentIds, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<TaskRow>(new CommandDefinition(
            "SELECT id, agent_id, name, status FROM tasks WHERE organization_id = @organization AND agent_id = ANY(@agentIds) ORDER BY created_at, id",
            new { organization = organization.Value, agentIds = agentIds.ToArray() },
            cancellationToken: cancellationToken));
        return rows.ToLookup(r => r.AgentId, r => new AgentTask(r.Id, r.Name, r.Status), StringComparer.Ordinal);
    }

    public async Task DeleteAllAsync(DbTransactionScope scope, OrganizationId organization, AgentId agent, CancellationToken cancellationToken)
    {
        var rows = await scope.Connection.QueryAsync<TaskRow>(new CommandDefinition(
            $"DELETE FROM tasks WHERE organization_id = @organization AND agent_id = @agent RETURNING {TaskRow.Columns}",
            new { organization = organization.Value, agent = agent.Value },
            scope.Transaction,
            cancellationToken: cancellationToken));
        foreach (var row in rows) await events.RecordAsync(scope, organization, "task.deleted", row.Id, row.ToEvent(), cancellationToken);
    }
}
