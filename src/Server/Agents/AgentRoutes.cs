using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;

namespace Ostiary.Server.Agents;

/// <summary>Agents: named groups of tasks.</summary>
internal static class AgentRoutes
{
    public static void MapAgents(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Agents", "An agent is a named group of tasks.");
        routes.MapPost("/agents", CreateAsync).Describe("Create an agent").Takes<CreateRequest>().Gives<AgentObject>(201).Fails("id_conflict");
        routes.MapGet("/agents", ListAsync).Describe("List agents").Pages<AgentId, AgentObject>();
        routes.MapGet("/agents/{id}", GetAsync).Describe("Get an agent").At<AgentId>().Gives<AgentObject>();
        routes.MapPatch("/agents/{id}", UpdateAsync).Describe("Update an agent").At<AgentId>().Takes<UpdateRequest>().Gives<AgentObject>();
        routes.MapDelete("/agents/{id}", DeleteAsync).Describe("Delete an agent", "Its tasks are deleted with it; their runs stay readable.").At<AgentId>().Deletes();
    }

    internal sealed record CreateRequest
    {
        [IdOf<AgentId>, Says(ChosenId.Words)] public string? Id { get; init; }
        [RequiredField, Says("What you call it.", Example = "Statements")] public string? Name { get; init; }
        [Longest(10_000)] public string? Description { get; init; }
    }

    internal sealed record UpdateRequest
    {
        [NotNullField] public Given<string> Name { get; init; }
        [Longest(10_000)] public Given<string> Description { get; init; }
    }

    private static async Task<Reply> CreateAsync(ApiCall call, IdSource ids, EventLog events, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<CreateRequest>(faults);
        var id = ChosenId.Read<AgentId>(request.Id, ids, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        await using var scope = await call.BeginAsync(cancellationToken);
        var now = time.GetUtcNow();
        var row = new AgentRow { Id = id.Value, Name = request.Name!, Description = request.Description, CreatedAt = now, UpdatedAt = now };
        var inserted = await scope.Connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO agents (id, organization_id, name, description, created_at, updated_at) VALUES (@Id, @organization, @Name, @Description, @now, @now) ON CONFLICT DO NOTHING",
            new { row.Id, organization = call.Organization.Value, row.Name, row.Description, now },
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (inserted == 0) return ChosenId.Taken(id);
        await events.RecordAsync(scope, call.Organization, "agent.created", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(row.ToObject([])), cancellationToken);
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, IAgentTasks tasks, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<AgentId>(call.Query, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var rows = await new ListQuery(AgentRow.Columns, "agents", call.Organization).ReadAsync<AgentRow, AgentRow>(db, page, row => row, cancellationToken);
        var byAgent = await tasks.OfAsync(call.Organization, [.. rows.Data.Select(r => r.Id)], cancellationToken);
        return Reply.Ok(new ListObject<AgentObject>([.. rows.Data.Select(r => r.ToObject([.. byAgent[r.Id]]))], rows.HasMore, rows.NextCursor));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, IAgentTasks tasks, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<AgentId>(id, out var agentId)) return Reply.NotFound<AgentId>(id);
        AgentRow? row;
        await using (var connection = await db.OpenAsync(cancellationToken))
            row = await AgentRow.FindAsync(connection, null, call.Organization, agentId, forUpdate: false, cancellationToken);
        if (row is null) return Reply.NotFound<AgentId>(id);
        return Reply.Ok(row.ToObject([.. (await tasks.OfAsync(call.Organization, [row.Id], cancellationToken))[row.Id]]));
    }

    private static async Task<Reply> UpdateAsync(string id, ApiCall call, IAgentTasks tasks, EventLog events, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<UpdateRequest>(faults);
        if (request.Name is { IsGiven: true, Value: "" }) faults.Add(Fault.Invalid("name", "`name` must not be empty."));
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (!ObjectId.TryParse<AgentId>(id, out var agentId)) return Reply.NotFound<AgentId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await AgentRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, agentId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<AgentId>(id);
        row = row with { Name = request.Name.Or(row.Name)!, Description = request.Description.Or(row.Description), UpdatedAt = time.GetUtcNow() };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            "UPDATE agents SET name = @Name, description = @Description, updated_at = @UpdatedAt WHERE id = @Id", row, scope.Transaction, cancellationToken: cancellationToken));
        await events.RecordAsync(scope, call.Organization, "agent.updated", row.Id, row.ToEvent(), cancellationToken);
        var agentTasks = await tasks.OfAsync(call.Organization, [row.Id], cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(row.ToObject([.. agentTasks[row.Id]])), cancellationToken);
    }

    private static async Task<Reply> DeleteAsync(string id, ApiCall call, IAgentTasks tasks, EventLog events, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<AgentId>(id, out var agentId)) return Reply.NotFound<AgentId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await AgentRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, agentId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<AgentId>(id);
        await tasks.DeleteAllAsync(scope, call.Organization, agentId, cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition("DELETE FROM agents WHERE id = @Id", new { row.Id }, scope.Transaction, cancellationToken: cancellationToken));
        await events.RecordAsync(scope, call.Organization, "agent.deleted", row.Id, row.ToEvent(), cancellationToken);
        return await call.CommitAsync(scope, Reply.Deleted(agentId), cancellationToken);
    }
}
