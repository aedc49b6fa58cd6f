using System.Text.Json.Serialization;
using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ComponentTokens;

/// <summary><c>POST /token</c>: a token for one user in a browser, kept to what the request names.</summary>
internal static class CreateToken
{
    private const int MostOrigins = 20;

    internal sealed record Request
    {
        [Says("The one source it is for; absent: all.")] public string? SourceId { get; init; }
        [Says("The user it is for: it reaches what carries this id, and what it makes gets it.", Example = "user-4711")] public string? ExternalId { get; init; }
        [Says("The task whose runs it may start; absent: none.")] public string? TaskId { get; init; }
        [Says("Origins from which browsers may use it.", Example = """["https://app.example"]""")] public IReadOnlyList<string>? AllowedOrigins { get; init; }
    }

    public static async Task<Reply> HandleAsync(ApiCall call, IdSource ids, TokenOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<Request>(faults);
        if (request.ExternalId is "") faults.Add(Fault.Invalid("external_id", "`external_id` must not be empty; leave it out."));
        CheckForm<SourceId>(request.SourceId, "source_id", faults);
        CheckForm<TaskId>(request.TaskId, "task_id", faults);
        var origins = request.AllowedOrigins ?? options.Origins();
        if (origins.Count > MostOrigins || origins.Any(o => !IsOrigin(o)))
            faults.Add(Fault.Invalid("allowed_origins", $"`allowed_origins` takes at most {MostOrigins} origins as a browser sends them: scheme, host and port where it is not the usual one, such as https://app.example."));
        if (faults.Count > 0) return Reply.Rejected(faults);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (request.SourceId is { } source && !await ExistsAsync(scope, "sources", call.Organization, source, cancellationToken)) faults.Add(new Fault("source", "source_not_found", $"No source `{source}` exists here.", "source_id"));
        if (request.TaskId is { } task && !await ExistsAsync(scope, "tasks", call.Organization, task, cancellationToken)) faults.Add(Reply.NotFoundFault<TaskId>(task, "task_id"));
        if (faults.Count > 0) return Reply.Rejected(faults);
        var now = time.GetUtcNow();
        var row = new TokenRow
        {
            Id = ids.New<TokenId>().Value, OrganizationId = call.Organization.Value, ApiKeyId = call.CallerId, SourceId = request.SourceId, ExternalId = request.ExternalId, TaskId = request.TaskId,
            AllowedOrigins = [.. origins], ExpiresAt = now + options.Lifetime, CreatedAt = now,
        };
        var token = await TokenStore.AddAsync(scope, row, cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(new TokenObject(row.Id, token, row.ExpiresAt, row.SourceId, row.ExternalId, row.TaskId, row.AllowedOrigins, now)), cancellationToken);
    }

    /// <summary>True for an origin as browsers write it (RFC 6454): nothing after the port, in lower case, and no usual port.</summary>
    public static bool IsOrigin(string text) =>
        text.Length <= 255 && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.GetLeftPart(UriPartial.Authority) == text;

    private static Task<bool> ExistsAsync(DbTransactionScope scope, string table, OrganizationId organization, string id, CancellationToken cancellationToken) =>
        scope.OneAsync<bool>($"SELECT EXISTS (SELECT 1 FROM {table} WHERE organization_id = @organization AND id = @id)", new { organization = organization.Value, id }, cancellationToken);

    private static void CheckForm<T>(string? text, string field, List<Fault> faults) where T : struct, IObjectId<T>
    {
        if (text is not null && !ObjectId.TryParse<T>(text, out _)) faults.Add(Fault.Invalid(field, $"`{field}` must be an id that starts with `{T.Prefix}`."));
    }
}

/// <summary>A token on the wire. <paramref name="Token"/> is there once.</summary>
internal sealed record TokenObject(
    string Id, [property: Says("The token itself, once.", Example = "tk_…")] string Token, DateTimeOffset ExpiresAt, string? SourceId, string? ExternalId, string? TaskId,
    [property: Says("Origins from which browsers may use it.", Example = """["https://app.example"]""")] IReadOnlyList<string> AllowedOrigins, DateTimeOffset CreatedAt) : ApiObject
{
    [JsonPropertyOrder(-1)]
    public string Object => "token";

    /// <summary>A token never changes.</summary>
    public DateTimeOffset UpdatedAt => CreatedAt;
}
