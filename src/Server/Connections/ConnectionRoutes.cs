using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.Work;

namespace Ostiary.Server.Connections;

/// <summary>Connections: one credential kept signed in. Opened, watched, answered, reopened, closed for good.</summary>
internal static class ConnectionRoutes
{
    public static IServiceCollection AddConnections(this IServiceCollection services, bool isWorker)
    {
        services.AddSingleton<ConnectionStore>().AddSingleton<ISessionOwner, ConnectionsInSessions>().AddSingleton<Terminating>().AddSingleton<ICredentialUser>(provider => provider.GetRequiredService<Terminating>());
        return isWorker ? services.AddSingleton<IWorkHandler, ConnectJob>() : services;
    }

    public static void MapConnections(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Connections", "A connection is one user's credential kept signed in: a live browser session that runs use one after another.");
        routes.MapPost("/connections", OpenConnection.HandleAsync).OpenToTokens().Describe("Open a connection", "Give `auth_credentials`, which are stored as a credential, or the `credential_id` of one that is stored. The answer comes at once; the sign-in goes on in the background.")
            .Takes<OpenConnection.Request>().Gives<ConnectionObject>(201).Misses<CredentialId>().Fails("source_not_found", "state_conflict", "session_limit_exceeded");
        routes.MapGet("/connections", ListAsync).OpenToTokens().Describe("List connections").Pages<ConnectionId, ConnectionObject>()
            .FilterIds<SourceId>("source_id").FilterWords("status", ConnectionStatuses.All, "Only in these statuses.").FilterTexts("external_id", "Only of these users: your own ids.");
        routes.MapGet("/connections/{id}", GetAsync).OpenToTokens().Describe("Get a connection").At<ConnectionId>().Gives<ConnectionObject>();
        routes.MapPost("/connections/{id}/interaction", AnswerAsync).OpenToTokens().Describe("Answer a connection's question", "All fields of `interaction` in one request. A faulty answer leaves the question open; a wrong one brings a further `interaction_required`.")
            .At<ConnectionId>().Takes<AnswerRequest>().Gives<ConnectionObject>().Fails("interaction_not_pending");
        routes.MapPost("/connections/{id}/reconnect", Reconnect.HandleAsync).Describe("Reconnect a connection", "Opens a `disconnected` connection again, with its stored credential.").At<ConnectionId>().Gives<ConnectionObject>().Fails("state_conflict", "session_limit_exceeded");
        routes.MapPost("/connections/{id}/disconnect", DisconnectAsync).Describe("Disconnect a connection", "Ends it for good: its runs are canceled, its browser is closed, its credential is destroyed (with the last of several connections that use it).").At<ConnectionId>().Gives<ConnectionObject>();
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<ConnectionId>(call.Query, faults);
        var sources = Filters.Ids<SourceId>(call.Query, "source_id", faults);
        var statuses = Filters.Words(call.Query, "status", [.. ConnectionStatuses.All], faults);
        var externalIds = Filters.Texts(call.Query, "external_id", faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var list = new ListQuery(ConnectionRow.Columns, "connections", call);
        if (sources is not null) list.Where("source_id = ANY(@sources)", "sources", sources);
        if (statuses is not null) list.Where("status = ANY(@statuses)", "statuses", statuses);
        if (externalIds is not null) list.Where("external_id = ANY(@externalIds)", "externalIds", externalIds);
        var rows = await list.ReadAsync<ConnectionRow, ConnectionRow>(db, page, row => row, cancellationToken);
        await using var connection = await db.OpenAsync(cancellationToken);
        var pending = await Questions.PendingAsync(connection, [.. rows.Data.Select(r => r.Id)], cancellationToken);
        return Reply.Ok(new ListObject<ConnectionObject>([.. rows.Data.Select(r => r.ToObject(pending.GetValueOrDefault(r.Id)?.ToObject()))], rows.HasMore, rows.NextCursor));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, ConnectionStore connections, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<ConnectionId>(id, out var connectionId) || await connections.FindAsync(call.Organization, connectionId, cancellationToken) is not { } row || !await call.ReachesAsync("connections", row.Id, cancellationToken))
            return Reply.NotFound<ConnectionId>(id);
        InteractionRow? question = null;
        if (row.Status == ConnectionStatuses.InteractionRequired)
        {
            await using var connection = await db.OpenAsync(cancellationToken);
            question = await Questions.PendingAsync(connection, null, row.Id, forUpdate: false, cancellationToken);
        }

        return Reply.Ok(row.ToObject(question?.ToObject()));
    }

    /// <summary>Takes the answer to the open question. Of two at once exactly one finds it open; a faulty answer leaves it open.</summary>
    private static async Task<Reply> AnswerAsync(string id, ApiCall call, Questions questions, ConnectionStore connections, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var body = call.TryParseBody(faults);
        if (!ObjectId.TryParse<ConnectionId>(id, out var connectionId)) return Reply.NotFound<ConnectionId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await ConnectionStore.LockAsync(scope, call.Organization, connectionId.Value, cancellationToken) is not { } row || !await call.ReachesAsync(scope.Connection, "connections", row.Id, cancellationToken))
            return Reply.NotFound<ConnectionId>(id);
        if (faults.Count > 0) return Reply.Rejected(faults);
        var now = time.GetUtcNow();
        var question = await Questions.PendingAsync(scope.Connection, scope.Transaction, row.Id, forUpdate: true, cancellationToken);
        if (question is null || question.ExpiresAt <= now || row.Resume(now) is not { } resumed)
            return Reply.Fail(409, new Fault("request", "interaction_not_pending", $"The connection `{row.Id}` is {row.Status} and waits for no answer."));
        faults.AddRange(await questions.AnswerAsync(scope, question, body, cancellationToken));
        if (faults.Count > 0) return Reply.Rejected(faults);
        await connections.WriteAsync(scope, resumed, null, cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(resumed.ToObject(null)), cancellationToken);
    }

    /// <summary>Closes a connection for good. Doing it twice changes nothing.</summary>
    private static async Task<Reply> DisconnectAsync(string id, ApiCall call, Terminating terminating, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<ConnectionId>(id, out var connectionId)) return Reply.NotFound<ConnectionId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        return await terminating.TerminateAsync(scope, call.Organization, connectionId, cancellationToken) is { } row
            ? await call.CommitAsync(scope, Reply.Ok(row.ToObject(null)), cancellationToken)
            : Reply.NotFound<ConnectionId>(id);
    }
}
