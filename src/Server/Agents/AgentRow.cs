using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.Agents;

/// <summary>An agent as it is stored.</summary>
internal sealed record AgentRow : IListed
{
    public const string Columns = "id, name, description, created_at, updated_at";

    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string? Description { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    public AgentObject ToObject(IReadOnlyList<AgentTask> tasks) => new(Id, Name, Description, tasks, CreatedAt, UpdatedAt);

    /// <summary>What its events carry.</summary>
    public object ToEvent() => new { id = Id, @object = "agent", name = Name };

    public static async Task<AgentRow?> FindAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, OrganizationId organization, AgentId id, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<AgentRow>(new CommandDefinition(
            $"SELECT {Columns} FROM agents WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id = id.Value },
            transaction,
            cancellationToken: cancellationToken));
}

/// <summary>An agent on the wire.</summary>
internal sealed record AgentObject(
    string Id, [property: Says("What you call it.", Example = "Statements")] string Name, string? Description, [property: Says("Its tasks, oldest first.")] IReadOnlyList<AgentTask> Tasks,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "agent";
}

/// <summary>A task in its agent's list.</summary>
internal sealed record AgentTask(string Id, [property: Says("What you call it.", Example = "Read the latest statement")] string Name, [property: Says("As in the task itself."), OneOf("learning", "test", "live")] string Status)
{
    public string Object => "task";
}

/// <summary>What agents need from the room that owns tasks.</summary>
internal interface IAgentTasks
{
    /// <summary>The tasks of each agent, oldest first.</summary>
    Task<ILookup<string, AgentTask>> OfAsync(OrganizationId organization, IReadOnlyCollection<string> agentIds, CancellationToken cancellationToken);

    /// <summary>Deletes an agent's tasks in the agent's commit.</summary>
    Task DeleteAllAsync(DbTransactionScope scope, OrganizationId organization, AgentId agent, CancellationToken cancellationToken);
}
