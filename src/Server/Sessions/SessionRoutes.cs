using Ostiary.Browser;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

namespace Ostiary.Server.Sessions;

/// <summary>Sessions: the browser behind a run.</summary>
internal static class SessionRoutes
{
    public static IServiceCollection AddSessions(this IServiceCollection services, bool isWorker)
    {
        services.AddSingleton<SessionStore>();
        if (!isWorker) return services;
        services.AddSingleton<BrowserHost>().AddSingleton<SignIn>().AddSingleton<LiveSessions>();
        return services.AddHostedService(provider => provider.GetRequiredService<LiveSessions>());
    }

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Sessions", "A session is the browser behind a run or connection. It is made by them and ends by itself when nobody uses it.");
        routes.MapGet("/sessions", ListAsync).Describe("List sessions").Pages<SessionId, SessionObject>().FilterWords("status", SessionStatuses.All, "Only in these statuses.");
        routes.MapGet("/sessions/{id}", GetAsync).Describe("Get a session").At<SessionId>().Gives<SessionObject>();
        routes.MapPost("/sessions/{id}/end", EndAsync).Describe("End a session", "Closes the browser and cancels its runs. Ending an ended session changes nothing.").At<SessionId>().Gives<SessionObject>();
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, ISessionFollower follower, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<SessionId>(call.Query, faults);
        var statuses = Filters.Words(call.Query, "status", [.. SessionStatuses.All], faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var list = new ListQuery(SessionRow.Columns, "sessions", call.Organization);
        if (statuses is not null) list.Where("status = ANY(@statuses)", "statuses", statuses);
        var rows = await list.ReadAsync<SessionRow, SessionRow>(db, page, row => row, cancellationToken);
        var runs = await follower.RunsAsync(call.Organization, [.. rows.Data.Select(r => r.Id)], cancellationToken);
        var now = time.GetUtcNow();
        return Reply.Ok(new ListObject<SessionObject>([.. rows.Data.Select(r => r.ToObject([.. runs[r.Id]], now))], rows.HasMore, rows.NextCursor));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, ISessionFollower follower, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<SessionId>(id, out var sessionId)) return Reply.NotFound<SessionId>(id);
        SessionRow? row;
        await using (var connection = await db.OpenAsync(cancellationToken))
            row = await SessionRow.FindAsync(connection, null, call.Organization, sessionId, forUpdate: false, cancellationToken);
        return row is null ? Reply.NotFound<SessionId>(id) : Reply.Ok(await DescribeAsync(row, follower, time, cancellationToken));
    }

    /// <summary>Ends a session: its runs are canceled, its browser is closed. Ending an ended session changes nothing.</summary>
    private static async Task<Reply> EndAsync(string id, ApiCall call, SessionStore store, ISessionFollower follower, WakeUps wakeUps, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<SessionId>(id, out var sessionId)) return Reply.NotFound<SessionId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await SessionRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, sessionId, forUpdate: false, cancellationToken) is not { } row) return Reply.NotFound<SessionId>(id);
        row = await store.EndAsync(scope, row, follower, wakeUps, SessionEnd.ByCustomer, cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(await DescribeAsync(row, follower, time, cancellationToken)), cancellationToken);
    }

    private static async Task<SessionObject> DescribeAsync(SessionRow row, ISessionFollower follower, TimeProvider time, CancellationToken cancellationToken) =>
        row.ToObject([.. (await follower.RunsAsync(row.Organization, [row.Id], cancellationToken))[row.Id]], time.GetUtcNow());
}
