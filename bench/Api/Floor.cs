using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ostiary.Bench.Api;

/// <summary>
/// The floor: what three routes would cost with nothing but ASP.NET Core, Npgsql and the same statements. No key, no limit, no checks, no sealing, no events to whoever listens.
/// </summary>
internal static class Floor
{
    private const string Columns = "id, organization_id, source_id, auth_method, status, external_id, username, source_fields, data_key, version, created_at, updated_at";

    public static async Task RunAsync(string connectionString)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var database = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 50 }.ConnectionString).Build();
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
        var app = builder.Build();

        app.MapGet("/credentials/{id}", async (string id, HttpRequest request, CancellationToken cancellationToken) =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand($"SELECT {Columns} FROM credentials WHERE organization_id = $1 AND id = $2", connection) { Parameters = { Text(Organization(request)), Text(id) } };
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? Results.Json(Read(reader), options) : Results.NotFound();
        });

        app.MapGet("/credentials", async (HttpRequest request, CancellationToken cancellationToken) =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand($"SELECT {Columns} FROM credentials WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT 21", connection) { Parameters = { Text(Organization(request)) } };
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var rows = new List<Shown>();
            while (await reader.ReadAsync(cancellationToken)) rows.Add(Read(reader));
            return Results.Json(new { data = rows.Take(20), has_more = rows.Count > 20 }, options);
        });

        app.MapPost("/credentials", async (Sent sent, HttpRequest request, CancellationToken cancellationToken) =>
        {
            var organization = Organization(request);
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await ExecuteAsync("SELECT 1 FROM sources WHERE organization_id = $1 AND id = $2 FOR KEY SHARE", Text(organization), Text(sent.SourceId)) is null) return Results.NotFound();
            var (id, now) = ("cred_" + RandomNumberGenerator.GetHexString(22, lowercase: true), TimeProvider.System.GetUtcNow());
            var shown = new Shown(id, "credential", sent.SourceId, sent.AuthMethod, new Readable(sent.AuthCredentials.Username), sent.ExternalId, "unverified", now, now);
            await ExecuteAsync(
                """
                INSERT INTO credentials (id, organization_id, source_id, auth_method, status, external_id, username, source_fields, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8::json, $9, $10)
                """,
                Text(id), Text(organization), Text(sent.SourceId), Text(sent.AuthMethod), Text("unverified"), Text(sent.ExternalId), Text(sent.AuthCredentials.Username), Text("{}"), new NpgsqlParameter { Value = now }, new NpgsqlParameter { Value = now });
            await ExecuteAsync("DELETE FROM credential_secrets WHERE credential_id = $1", Text(id));
            await ExecuteAsync("INSERT INTO credential_secrets (credential_id, slot, sealed) VALUES ($1, $2, $3)", Text(id), Text("password"), Bytes(48));
            await ExecuteAsync("UPDATE credentials SET data_key = $2 WHERE id = $1", Text(id), Bytes(80));
            await ExecuteAsync("SELECT pg_advisory_xact_lock_shared($1)", new NpgsqlParameter { Value = (long)organization.GetHashCode(StringComparison.Ordinal) });
            await ExecuteAsync(
                "INSERT INTO events (id, organization_id, type, object_id, data, created_at) VALUES ($1, $2, $3, $4, $5::json, $6)",
                Text("evt_" + RandomNumberGenerator.GetHexString(22, lowercase: true)), Text(organization), Text("credential.created"), Text(id), Text(JsonSerializer.Serialize(shown, options)), new NpgsqlParameter { Value = now });
            await transaction.CommitAsync(cancellationToken);
            return Results.Json(shown, options, statusCode: 201);

            async Task<object?> ExecuteAsync(string sql, params NpgsqlParameter[] parameters)
            {
                await using var command = new NpgsqlCommand(sql, connection, transaction);
                command.Parameters.AddRange(parameters);
                return await command.ExecuteScalarAsync(cancellationToken);
            }
        });

        await app.StartAsync();
        await Console.Out.WriteLineAsync($"listening on {app.Urls.First()}");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, app.Lifetime.ApplicationStopping);
    }

    // Who asks is believed: looking up a key is what the floor leaves out.
    private static string Organization(HttpRequest request) => request.Headers["x-organization"].ToString();

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text };

    private static NpgsqlParameter Bytes(int count) => new() { Value = RandomNumberGenerator.GetBytes(count) };

    private static Shown Read(NpgsqlDataReader reader) => new(
        reader.GetString(0), "credential", reader.GetString(2), reader.GetString(3), new Readable(reader.IsDBNull(6) ? null : reader.GetString(6)), reader.IsDBNull(5) ? null : reader.GetString(5), reader.GetString(4),
        reader.GetFieldValue<DateTimeOffset>(10), reader.GetFieldValue<DateTimeOffset>(11));

    private sealed record Sent(
        [property: JsonPropertyName("source_id")] string SourceId, [property: JsonPropertyName("auth_method")] string AuthMethod, [property: JsonPropertyName("auth_credentials")] SentValues AuthCredentials, [property: JsonPropertyName("external_id")] string? ExternalId);

    private sealed record SentValues([property: JsonPropertyName("username")] string Username, [property: JsonPropertyName("password")] string Password);

    private sealed record Shown(string Id, string Object, string SourceId, string AuthMethod, Readable AuthCredentials, string? ExternalId, string Status, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

    private sealed record Readable(string? Username);
}
