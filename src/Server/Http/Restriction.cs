using Dapper;
using Ostiary.Server.Data;

namespace Ostiary.Server.Http;

/// <summary>
/// What a component token is kept to. The only place that says which objects are its own: those made with it, and those that carry its <c>external_id</c>; of its source
/// alone, when it is for one. Everything else does not exist for it.
/// </summary>
/// <param name="Origins">The origins from which browsers may use it; empty = none.</param>
internal sealed record Restriction(string TokenId, string? SourceId, string? ExternalId, string? TaskId, IReadOnlyList<string> Origins, DateTimeOffset ExpiresAt)
{
    private const string Made = "(SELECT object_id FROM token_objects WHERE token_id = @token_id)";
    private const string OfItsSource = "(@token_source_id::text IS NULL OR source_id = @token_source_id)";
    private const string Kept = $"(id IN {Made} OR external_id = @token_external_id) AND {OfItsSource}";

    /// <summary>The condition that a table's rows must meet, in the names of <see cref="Parameters"/> and of the columns.</summary>
    public static string ConditionFor(string table) => table switch
    {
        "sources" => "(@token_source_id::text IS NULL OR id = @token_source_id)",
        "credentials" or "connections" => $"({Kept})",
        // The runs it started, and those that sign in with its credentials or use its connections: their questions are for its user.
        "task_runs" => $"""
            ((id IN {Made} OR credential_id IN (SELECT id FROM credentials WHERE organization_id = @organization AND {Kept})
            OR connection_id IN (SELECT id FROM connections WHERE organization_id = @organization AND {Kept})) AND {OfItsSource})
            """,
        "events" => $"""
            (type LIKE ANY (ARRAY['credential.%', 'connection.%', 'task_run.%'])
            AND (object_id IN {Made} OR data->>'credential_id' IN {Made} OR data->>'external_id' = @token_external_id)
            AND (@token_source_id::text IS NULL OR data->>'source_id' = @token_source_id))
            """,
        _ => throw new ArgumentException($"A component token has no business in {table}.", nameof(table)),
    };

    public DynamicParameters Parameters(OrganizationId organization)
    {
        var parameters = new DynamicParameters(new { organization = organization.Value });
        AddTo(parameters);
        return parameters;
    }

    public void AddTo(DynamicParameters parameters)
    {
        parameters.Add("token_id", TokenId);
        parameters.Add("token_source_id", SourceId);
        parameters.Add("token_external_id", ExternalId);
    }

    /// <summary>Notes, in the commit that makes it, that an object was made with this token.</summary>
    public Task MadeAsync(DbTransactionScope scope, string objectId, DateTimeOffset now, CancellationToken cancellationToken) =>
        scope.ExecuteAsync("INSERT INTO token_objects (token_id, object_id, created_at) VALUES (@TokenId, @objectId, @now)", new { TokenId, objectId, now }, cancellationToken);

    /// <summary>Deletes the notes of tokens that are past their time; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(Npgsql.NpgsqlConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("DELETE FROM token_objects WHERE created_at < @before", new { before }, cancellationToken);
}
