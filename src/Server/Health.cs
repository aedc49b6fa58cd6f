using Dapper;
using Ostiary.Browser;
using Ostiary.Server.Data;

namespace Ostiary.Server;

/// <summary><c>GET /healthz</c>: alive. <c>GET /readyz</c>: database, migrations and, on a worker, the browser.</summary>
internal static class Health
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => Results.Json(new { status = "ok" }));
        routes.MapGet("/readyz", async (Db db, IServiceProvider services, TimeProvider time, CancellationToken cancellationToken) =>
        {
            var database = await CheckDatabaseAsync(db, time, cancellationToken);
            var browser = services.GetService<BrowserHost>() is { } host ? await host.CheckAsync(cancellationToken) : null;
            var ready = database is null && browser is null;
            // Migrations are applied before the first request is answered; a server that answers has them.
            return Results.Json(new { status = ready ? "ready" : "not_ready", checks = new { database = database ?? "ok", migrations = database ?? "ok", browser = browser ?? "ok" } }, statusCode: ready ? 200 : 503);
        });
    }

    private static async Task<string?> CheckDatabaseAsync(Db db, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await using var connection = await db.OpenAsync(either.Token);
            await connection.ExecuteScalarAsync<int>(new CommandDefinition("SELECT 1", cancellationToken: either.Token));
            return null;
        }
        catch (Exception exception) when (exception is Npgsql.NpgsqlException or TimeoutException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return "no answer";
        }
    }
}
