using Ostiary.Server.ApiKeys;
using Ostiary.Server.ComponentTokens;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Deliveries;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.SignIns;
using Ostiary.Server.Storage;
using Ostiary.Server.TaskRuns;

namespace Ostiary.Server;

/// <summary>Section <c>Upkeep</c>.</summary>
internal sealed class UpkeepOptions
{
    /// <summary>How often what is past its time is forgotten: files, pictures, events, deliveries, questions, unreviewed runs. Default 1 hour.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromHours(1);
}

/// <summary>Now and then: forgets what is past its time. Every node does it; deleting twice harms nothing.</summary>
internal sealed class Upkeep(
    Db db, FileStore files, ScreenshotStore screenshots, TaskRunStore runs, UpkeepOptions options, TaskRunOptions runOptions, EventOptions events, DeliveryOptions deliveries, IdempotencyOptions idempotency, SessionOptions sessions, SignInOptions signIns, ApiKeyOptions keys, TokenOptions tokens, TimeProvider time, ILogger<Upkeep> logger) : BackgroundService
{
    // Long enough for a page to be told that its token is past its time, and for whoever looks into what happened.
    private static readonly TimeSpan TokensKeptFor = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await files.ForgetAsync(stoppingToken);
                await screenshots.ForgetAsync(stoppingToken);
                await ReviewRun.ExpireAsync(db, runs, runOptions, time, stoppingToken);
                await using var connection = await db.OpenAsync(stoppingToken);
                await EventRoutes.ForgetAsync(connection, time.GetUtcNow() - events.KeepFor, stoppingToken);
                await DestinationRoutes.ForgetAsync(connection, time.GetUtcNow() - deliveries.KeepFor, stoppingToken);
                await Questions.ForgetAsync(connection, time.GetUtcNow() - events.KeepFor, stoppingToken);
                await SignedInStates.ForgetAsync(connection, time.GetUtcNow() - sessions.KeepSignedInFor, stoppingToken);
                await SignInBudgets.ForgetAsync(connection, time.GetUtcNow() - signIns.KeepFor, stoppingToken);
                await ApiKeyStore.ForgetAsync(connection, time.GetUtcNow() - keys.KeepFor, stoppingToken);
                await TokenStore.ForgetAsync(connection, time.GetUtcNow() - TokensKeptFor, stoppingToken);
                await Restriction.ForgetAsync(connection, time.GetUtcNow() - TokensKeptFor - tokens.Lifetime, stoppingToken);
                await Idempotency.ForgetAsync(connection, time.GetUtcNow() - idempotency.KeepFor, stoppingToken);
            }
            catch (Exception exception) when (exception is Npgsql.NpgsqlException or TimeoutException)
            {
                Http.Log.UpkeepFailed(logger, exception.GetType().Name);
            }
        }
    }
}
