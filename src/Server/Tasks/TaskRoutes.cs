using System.Text.Json;
using Dapper;
using Ostiary.Server.Agents;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Tasks.Programs;

namespace Ostiary.Server.Tasks;

/// <summary>Tasks: what to do on a source.</summary>
internal static class TaskRoutes
{
    private const int LongestText = 100_000;
    private const int LongestTimeout = 24 * 60 * 60;

    public static IServiceCollection AddTasks(this IServiceCollection services) => services.AddSingleton<IAgentTasks, AgentTasks>().AddSingleton<TaskRecord>();

    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Tasks", "A task says what to do on a source once signed in: JSON in, JSON out.");
        routes.MapPost("/tasks", CreateAsync).Describe("Create a task").Takes<CreateRequest>().Gives<TaskObject>(201).Fails("id_conflict").Misses<AgentId>();
        routes.MapGet("/tasks", ListAsync).Describe("List tasks").Pages<TaskId, TaskObject>().FilterIds<AgentId>("agent_id").FilterWords("status", TaskStatuses.All, "Only in these statuses.");
        routes.MapGet("/tasks/{id}", GetAsync).Describe("Get a task").At<TaskId>().Gives<TaskObject>();
        routes.MapPatch("/tasks/{id}", UpdateAsync).Describe("Update a task", "A change of what it does takes it back to `learning`.").At<TaskId>().Takes<UpdateRequest>().Gives<TaskObject>().Misses<AgentId>();
        routes.MapDelete("/tasks/{id}", DeleteAsync).Describe("Delete a task", "Its runs stay readable.").At<TaskId>().Deletes();
        routes.MapPost("/tasks/{id}/reset", ResetAsync).Describe("Reset a task", "Back to `learning`: what was learned is forgotten, the ways to the sign-ins of the sources that its runs used included.").At<TaskId>().Gives<TaskObject>();
    }

    internal sealed record CreateRequest
    {
        [IdOf<TaskId>, Says(ChosenId.Words)] public string? Id { get; init; }
        [RequiredField, Says("What you call it.", Example = "Read the latest statement")] public string? Name { get; init; }
        [RequiredField] public string? AgentId { get; init; }
        [Longest(LongestText), Says(TaskObject.PromptWords, Example = "Open the billing page and read the latest statement's amount.")] public string? Prompt { get; init; }
        [Longest(LongestText)] public string? Description { get; init; }
        [JsonObjectField, Says(TaskObject.InputSchemaWords)] public JsonElement? InputSchema { get; init; }
        [JsonObjectField, Says(TaskObject.OutputSchemaWords, Example = TaskObject.OutputSchemaExample)] public JsonElement? OutputSchema { get; init; }
        [JsonObjectField, Says(TaskObject.StorageWords)] public JsonElement? Storage { get; init; }
        [JsonObjectField, Says(TaskObject.ExtractionWords)] public JsonElement? Extraction { get; init; }
        [JsonObjectField, Says(TaskObject.ProgramWords)] public JsonElement? Program { get; init; }
        public SettingsRequest? Settings { get; init; }
    }

    internal sealed record SettingsRequest
    {
        [Between(1, LongestTimeout), Says("Wall-clock limit of a run, waiting for the user included. Default 1800.", Example = "1800")] public int? TimeoutSeconds { get; init; }
        [OneOf(TaskReviews.Always, TaskReviews.UntilLive, TaskReviews.Never), Says("Whose word makes an output count: a person's every time, a person's until the task is `live`, or the output schema's alone. Default `never`.", Example = TaskReviews.Never)] public string? Review { get; init; }
    }

    internal sealed record UpdateRequest
    {
        [NotNullField] public Given<string> Name { get; init; }
        [NotNullField] public Given<string> AgentId { get; init; }
        [Longest(LongestText), Says(TaskObject.PromptWords)] public Given<string> Prompt { get; init; }
        [Longest(LongestText)] public Given<string> Description { get; init; }
        [JsonObjectField, Says(TaskObject.InputSchemaWords)] public Given<JsonElement?> InputSchema { get; init; }
        [JsonObjectField, Says(TaskObject.OutputSchemaWords)] public Given<JsonElement?> OutputSchema { get; init; }
        [JsonObjectField, Says(TaskObject.StorageWords)] public Given<JsonElement?> Storage { get; init; }
        [JsonObjectField, Says(TaskObject.ExtractionWords)] public Given<JsonElement?> Extraction { get; init; }
        [JsonObjectField, Says(TaskObject.ProgramWords)] public Given<JsonElement?> Program { get; init; }
        public Given<SettingsRequest> Settings { get; init; }
    }

    private static async Task<Reply> CreateAsync(ApiCall call, IdSource ids, EventLog events, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<CreateRequest>(faults);
        var id = ChosenId.Read<TaskId>(request.Id, ids, faults);
        CheckDocuments(request.InputSchema, request.OutputSchema, request.Program, request.Storage, faults);
        var agent = ReadAgent(request.AgentId, faults);
        await using var scope = await call.BeginAsync(cancellationToken);
        await CheckAgentAsync(scope, call.Organization, agent, faults, cancellationToken);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var now = time.GetUtcNow();
        var row = new TaskRow
        {
            Id = id.Value, AgentId = agent!.Value.Value, Name = request.Name!, Prompt = request.Prompt, Description = request.Description, InputSchema = Text(request.InputSchema), OutputSchema = Text(request.OutputSchema),
            Storage = Text(request.Storage), Extraction = Text(request.Extraction), Program = Text(request.Program is { } flow ? FlowProgram.WithoutRecordedPasswords(flow) : null), TimeoutSeconds = request.Settings?.TimeoutSeconds, Review = request.Settings?.Review, CreatedAt = now, UpdatedAt = now,
        };
        var inserted = await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO tasks (id, organization_id, agent_id, name, description, prompt, status, input_schema, output_schema, storage, extraction, program, timeout_seconds, review, created_at, updated_at)
            VALUES (@Id, @organization, @AgentId, @Name, @Description, @Prompt, @Status, @InputSchema::json, @OutputSchema::json, @Storage::json, @Extraction::json, @Program::json, @TimeoutSeconds, @Review, @now, @now)
            ON CONFLICT DO NOTHING
            """,
            new
            {
                row.Id, organization = call.Organization.Value, row.AgentId, row.Name, row.Description, row.Prompt, row.Status, row.InputSchema, row.OutputSchema, row.Storage, row.Extraction, row.Program, row.TimeoutSeconds, row.Review, now,
            },
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (inserted == 0) return ChosenId.Taken(id);
        await events.RecordAsync(scope, call.Organization, "task.created", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<TaskId>(call.Query, faults);
        var agents = Filters.Ids<AgentId>(call.Query, "agent_id", faults);
        var statuses = Filters.Words(call.Query, "status", [.. TaskStatuses.All], faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var list = new ListQuery(TaskRow.Columns, "tasks", call.Organization);
        if (agents is not null) list.Where("agent_id = ANY(@agents)", "agents", agents);
        if (statuses is not null) list.Where("status = ANY(@statuses)", "statuses", statuses);
        return Reply.Ok(await list.ReadAsync<TaskRow, TaskObject>(db, page, row => row.ToObject(), cancellationToken));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<TaskId>(id, out var taskId)) return Reply.NotFound<TaskId>(id);
        await using var connection = await db.OpenAsync(cancellationToken);
        return await TaskRow.FindAsync(connection, null, call.Organization, taskId, forUpdate: false, cancellationToken) is { } row ? Reply.Ok(row.ToObject()) : Reply.NotFound<TaskId>(id);
    }

    private static async Task<Reply> UpdateAsync(string id, ApiCall call, EventLog events, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<UpdateRequest>(faults);
        if (request.Name is { IsGiven: true, Value: "" }) faults.Add(Fault.Invalid("name", "`name` must not be empty."));
        CheckDocuments(request.InputSchema.Value, request.OutputSchema.Value, request.Program.Value, request.Storage.Value, faults);
        if (!ObjectId.TryParse<TaskId>(id, out var taskId)) return faults.Count > 0 ? Reply.Rejected(faults) : Reply.NotFound<TaskId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (request.AgentId.IsGiven) await CheckAgentAsync(scope, call.Organization, ReadAgent(request.AgentId.Value, faults), faults, cancellationToken);
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (await TaskRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, taskId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<TaskId>(id);
        var changed = row with
        {
            Name = request.Name.Or(row.Name)!,
            AgentId = request.AgentId.Or(row.AgentId)!,
            Prompt = request.Prompt.Or(row.Prompt),
            Description = request.Description.Or(row.Description),
            InputSchema = Or(request.InputSchema, row.InputSchema),
            OutputSchema = Or(request.OutputSchema, row.OutputSchema),
            Storage = Or(request.Storage, row.Storage),
            Extraction = Or(request.Extraction, row.Extraction),
            Program = Or(request.Program.Value is { ValueKind: JsonValueKind.Object } flow ? new Given<JsonElement?>(true, FlowProgram.WithoutRecordedPasswords(flow)) : request.Program, row.Program),
            TimeoutSeconds = request.Settings.IsGiven ? request.Settings.Value?.TimeoutSeconds : row.TimeoutSeconds,
            Review = request.Settings.IsGiven ? request.Settings.Value?.Review : row.Review,
            UpdatedAt = time.GetUtcNow(),
        };
        // What was learned belongs to what the task did before.
        if ((changed.Prompt, changed.Program, changed.InputSchema, changed.OutputSchema, changed.Storage, changed.Extraction) != (row.Prompt, row.Program, row.InputSchema, row.OutputSchema, row.Storage, row.Extraction)) changed = changed.Anew();
        await WriteAsync(scope, changed, cancellationToken);
        await events.RecordAsync(scope, call.Organization, "task.updated", row.Id, changed.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(changed.ToObject()), cancellationToken);
    }

    private static async Task<Reply> ResetAsync(string id, ApiCall call, IEnumerable<ITaskMemory> memories, EventLog events, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<TaskId>(id, out var taskId)) return Reply.NotFound<TaskId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await TaskRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, taskId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<TaskId>(id);
        row = row.Anew() with { UpdatedAt = time.GetUtcNow() };
        await WriteAsync(scope, row, cancellationToken);
        foreach (var memory in memories) await memory.ForgetAsync(scope, row.Id, cancellationToken);
        await events.RecordAsync(scope, call.Organization, "task.reset", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> DeleteAsync(string id, ApiCall call, EventLog events, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<TaskId>(id, out var taskId)) return Reply.NotFound<TaskId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await TaskRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, taskId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<TaskId>(id);
        await scope.Connection.ExecuteAsync(new CommandDefinition("DELETE FROM tasks WHERE id = @Id", new { row.Id }, scope.Transaction, cancellationToken: cancellationToken));
        await events.RecordAsync(scope, call.Organization, "task.deleted", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Deleted(taskId), cancellationToken);
    }

    private static Task WriteAsync(DbTransactionScope scope, TaskRow row, CancellationToken cancellationToken) => scope.Connection.ExecuteAsync(new CommandDefinition(
        """
        UPDATE tasks SET agent_id = @AgentId, name = @Name, description = @Description, prompt = @Prompt, status = @Status, input_schema = @InputSchema::json, output_schema = @OutputSchema::json,
            storage = @Storage::json, extraction = @Extraction::json, program = @Program::json, timeout_seconds = @TimeoutSeconds, review = @Review, revision = @Revision, successes = @Successes, updated_at = @UpdatedAt
        WHERE id = @Id
        """,
        row,
        scope.Transaction,
        cancellationToken: cancellationToken));

    private static AgentId? ReadAgent(string? text, List<Fault> faults)
    {
        if (text is null) return null;
        if (ObjectId.TryParse<AgentId>(text, out var id)) return id;
        faults.Add(Fault.Invalid("agent_id", "`agent_id` must be an id that starts with `agt_`."));
        return null;
    }

    // The row is locked so that the agent cannot be deleted between this look and the commit.
    private static async Task CheckAgentAsync(DbTransactionScope scope, OrganizationId organization, AgentId? agent, List<Fault> faults, CancellationToken cancellationToken)
    {
        if (agent is not { } id) return;
        var found = await scope.Connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            "SELECT 1 FROM agents WHERE organization_id = @organization AND id = @id FOR KEY SHARE", new { organization = organization.Value, id = id.Value }, scope.Transaction, cancellationToken: cancellationToken));
        if (found is null) faults.Add(Reply.NotFoundFault<AgentId>(id.Value, "agent_id"));
    }

    private static void CheckDocuments(JsonElement? input, JsonElement? output, JsonElement? program, JsonElement? storage, List<Fault> faults)
    {
        CheckSchema(input, "input_schema");
        CheckSchema(output, "output_schema");
        if (storage is { ValueKind: JsonValueKind.Object } options)
        {
            foreach (var name in (string[])["extraction_schema", "deduplication_schema"])
            {
                if (options.TryGetProperty(name, out var schema) && schema.ValueKind != JsonValueKind.Null) CheckSchema(schema, $"storage.{name}");
            }

            if (options.TryGetProperty("extraction_prompt", out var prompt) && prompt.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)) faults.Add(Fault.Invalid("storage.extraction_prompt", "`storage.extraction_prompt` must be a string."));
            foreach (var name in (string[])["enabled", "extraction", "extraction_required", "deduplication"])
            {
                if (options.TryGetProperty(name, out var flag) && flag.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null)) faults.Add(Fault.Invalid($"storage.{name}", $"`storage.{name}` must be true or false."));
            }
        }

        if (program is { ValueKind: JsonValueKind.Object } flow)
        {
            foreach (var fault in FlowProgram.Parse(flow).Faults) faults.Add(Fault.Invalid(fault.Path, fault.Message));
        }

        void CheckSchema(JsonElement? schema, string field)
        {
            if (schema is not { } document || document.ValueKind == JsonValueKind.Undefined) return;
            foreach (var fault in JsonSchemas.CheckSchema(document, field)) faults.Add(Fault.Invalid(fault.Field, fault.Message));
        }
    }

    private static string? Text(JsonElement? element) => element is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } found ? found.GetRawText() : null;

    private static string? Or(Given<JsonElement?> given, string? current) => given.IsGiven ? Text(given.Value) : current;
}

/// <summary>A room that remembers something for a task's runs besides the task itself.</summary>
internal interface ITaskMemory
{
    /// <summary>Forgets what was learned by the task's runs, in the commit that resets it.</summary>
    Task ForgetAsync(DbTransactionScope scope, string taskId, CancellationToken cancellationToken);
}
