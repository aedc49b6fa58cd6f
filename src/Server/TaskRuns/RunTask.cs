using System.Text.Json;
using Dapper;
using Ostiary.Server.Connections;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Sources;
using Ostiary.Server.Tasks;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary><c>POST /tasks/{id}/run</c>: checks everything, then run, session, work and events become true in one commit.</summary>
internal static class RunTask
{
    /// <summary>The wall clock of a run whose task sets none.</summary>
    internal const int DefaultTimeoutSeconds = 1_800;

    internal sealed record Request
    {
        [Says("Sign in with this credential.", Example = "cred_0T9hPWTq00a1B2c3D4e5F6")] public string? CredentialId { get; init; }
        [Says("Run on this connection.")] public string? ConnectionId { get; init; }
        [Says("Run on this source without signing in.")] public string? SourceId { get; init; }
        [Says("Run in this session, which is still open and signed in.")] public string? SessionId { get; init; }
        [JsonObjectField, Says("What the task is given; checked against its `input_schema`.", Example = "{}")] public JsonElement? Input { get; init; }
    }

    public static async Task<Reply> HandleAsync(
        string id, ApiCall call, TaskRunStore runs, SessionStore sessions, WorkQueue work, IdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<Request>(faults);
        CheckForm<CredentialId>(request.CredentialId, "credential_id", faults);
        CheckForm<ConnectionId>(request.ConnectionId, "connection_id", faults);
        CheckForm<SourceId>(request.SourceId, "source_id", faults);
        CheckForm<SessionId>(request.SessionId, "session_id", faults);
        if (request is { CredentialId: null, ConnectionId: null, SourceId: null, SessionId: null })
            faults.Add(new Fault("request", "input_missing", "Say what to run on: `credential_id`, `connection_id`, `source_id` or `session_id`.", "credential_id"));
        if (call.Restriction is { } restriction && restriction.TaskId != id) return Reply.Forbidden("This component token is not for this task.");
        if (!ObjectId.TryParse<TaskId>(id, out var taskId)) return Reply.NotFound<TaskId>(id);

        await using var scope = await call.BeginAsync(cancellationToken);
        if (await TaskRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, taskId, forUpdate: false, cancellationToken) is not { } task) return Reply.NotFound<TaskId>(id);
        CheckInput(task, request.Input, faults);
        await FindMissingAsync(scope, call, request, faults, cancellationToken);
        if (faults.Count > 0) return Reply.Rejected(faults);

        var (place, refusal) = await FindPlaceAsync(scope, call, request, cancellationToken);
        if (refusal is not null) return refusal;
        if (place!.Session is null && await sessions.RefuseWhenFullAsync(scope, call.Organization, cancellationToken) is { } full) return full;

        var now = time.GetUtcNow();
        var session = place.Session ?? await sessions.QueueAsync(scope, call.Organization, place.SourceId, place.CredentialId, cancellationToken);
        var runId = ids.New<TaskRunId>();
        // Runs on one session take turns; a session's browser lives on one worker.
        var workId = await work.EnqueueAsync(
            scope, RunJob.WorkKind, call.Organization.Value, Json.Write(new RunJob.Payload(runId.Value)),
            place.Session is null ? null : new NewWork { Lane = place.Session.Id, Worker = place.Session.WorkerId },
            cancellationToken);
        var run = new TaskRunRow
        {
            Id = runId.Value, OrganizationId = call.Organization.Value, TaskId = task.Id, AgentId = task.AgentId, SourceId = place.SourceId, CredentialId = place.CredentialId, ConnectionId = place.ConnectionId, SessionId = session.Id,
            Input = request.Input is { } input ? input.GetRawText() : "{}", TimeoutSeconds = task.TimeoutSeconds ?? DefaultTimeoutSeconds, WorkId = workId, CreatedAt = now, UpdatedAt = now,
        };
        await runs.InsertAsync(scope, run, cancellationToken);
        await call.MadeAsync(scope, run.Id, now, cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(run.ToObject(null, now)), cancellationToken);
    }

    // Where a run takes place: a source, perhaps with a credential, perhaps in a session that is still open, perhaps kept open by a connection.
    private sealed record Place(string SourceId, string? CredentialId, SessionRow? Session, string? ConnectionId);

    private static async Task<(Place? Place, Reply? Refusal)> FindPlaceAsync(DbTransactionScope scope, ApiCall call, Request request, CancellationToken cancellationToken)
    {
        var (sourceId, credentialId) = (request.SourceId, request.CredentialId);
        // A component token signs in with what is its own, and in no browser that somebody else left open.
        if (call.Restriction is not null)
        {
            if (request.SessionId is { } openSession) return (null, Reply.Fail(404, Reply.NotFoundFault<SessionId>(openSession, "session_id")));
            if (request.ConnectionId is { } ownConnection && !await call.ReachesAsync(scope.Connection, "connections", ownConnection, cancellationToken)) return (null, Reply.Fail(404, Reply.NotFoundFault<ConnectionId>(ownConnection, "connection_id")));
            if (credentialId is null && request.ConnectionId is null) return (null, Reply.Rejected(Fault.Missing("credential_id")));
            if (credentialId is not null && !await call.ReachesAsync(scope.Connection, "credentials", credentialId, cancellationToken)) return (null, Reply.Fail(404, Reply.NotFoundFault<CredentialId>(credentialId, "credential_id")));
        }

        var (connection, refusal) = await FindConnectionAsync(scope, call, request, cancellationToken);
        if (refusal is not null) return (null, refusal);
        SessionRow? session = null;
        if ((connection?.SessionId ?? request.SessionId) is { } sessionId)
        {
            session = await SessionRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, SessionId.Of(sessionId), forUpdate: true, cancellationToken);
            if (session is null) return (null, Reply.Fail(404, Reply.NotFoundFault<SessionId>(sessionId, "session_id")));
            if (session.Status is not (SessionStatuses.Idle or SessionStatuses.Running)) return (null, connection is not null ? NotConnected(connection.Id, "closing") : Reply.Conflict($"The session `{sessionId}` is {session.Status}; run without `session_id` to open a new one."));
            if (credentialId is not null && credentialId != session.CredentialId) return (null, Reply.Conflict($"The session `{sessionId}` is signed in with another credential."));
            (sourceId, credentialId) = (sourceId ?? session.SourceId, session.CredentialId);
        }

        if (credentialId is not null)
        {
            var credential = await CredentialRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, CredentialId.Of(credentialId), forUpdate: false, cancellationToken);
            if (credential is null) return (null, Reply.Fail(404, Reply.NotFoundFault<CredentialId>(credentialId, "credential_id")));
            if (credential.Status == CredentialStatuses.Deleted) return (null, Reply.Conflict($"The credential `{credentialId}` is deleted; store a new one."));
            if (credential.Status == CredentialStatuses.Invalid) return (null, Reply.Conflict($"The source rejected the credential `{credentialId}`; update its `auth_credentials` first."));
            if (sourceId is not null && sourceId != credential.SourceId) return (null, Reply.Rejected(Fault.Invalid("source_id", "`source_id` is not the source of this credential.")));
            sourceId = credential.SourceId;
        }

        if (sourceId is null || await SourceRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, SourceId.Of(sourceId), forUpdate: false, cancellationToken) is null)
            return (null, Reply.Fail(404, new Fault("source", "source_not_found", "The source of this run does not exist any more.", "source_id")));
        return (new Place(sourceId, credentialId, session, connection?.Id), null);
    }

    /// <summary>
    /// What the request names and what does not exist here, all of it at once. Only where there is more than one thing to say: a request that names one place is told by
    /// <see cref="FindPlaceAsync"/>, and a component token only of what is its own.
    /// </summary>
    private static async Task FindMissingAsync(DbTransactionScope scope, ApiCall call, Request request, List<Fault> faults, CancellationToken cancellationToken)
    {
        string?[] names = [request.CredentialId, request.ConnectionId, request.SessionId, request.SourceId];
        if (call.Restriction is not null || names.Count(n => n is not null) + faults.Count < 2) return;
        var there = (await scope.Connection.QueryAsync<string>(new CommandDefinition(
            """
            SELECT id FROM credentials WHERE organization_id = @organization AND id = @CredentialId
            UNION ALL SELECT id FROM connections WHERE organization_id = @organization AND id = @ConnectionId
            UNION ALL SELECT id FROM sessions WHERE organization_id = @organization AND id = @SessionId
            UNION ALL SELECT id FROM sources WHERE organization_id = @organization AND id = @SourceId
            """,
            new { organization = call.Organization.Value, request.CredentialId, request.ConnectionId, request.SessionId, request.SourceId },
            scope.Transaction,
            cancellationToken: cancellationToken))).AsList();
        Tell<CredentialId>(request.CredentialId, "credential_id");
        Tell<ConnectionId>(request.ConnectionId, "connection_id");
        Tell<SessionId>(request.SessionId, "session_id");
        if (request.SourceId is { } source && ObjectId.TryParse<SourceId>(source, out _) && !there.Contains(source)) faults.Add(new Fault("source", "source_not_found", $"No source `{source}` exists here.", "source_id"));

        void Tell<T>(string? id, string field) where T : struct, IObjectId<T>
        {
            if (ObjectId.TryParse<T>(id, out _) && !there.Contains(id!)) faults.Add(Reply.NotFoundFault<T>(id, field));
        }
    }

    /// <summary>The connection to run on: named, or the one that keeps the named session. It must be connected.</summary>
    private static async Task<(ConnectionRow? Connection, Reply? Refusal)> FindConnectionAsync(DbTransactionScope scope, ApiCall call, Request request, CancellationToken cancellationToken)
    {
        var id = request.ConnectionId ?? (request.SessionId is { } kept ? await ConnectionStore.OfSessionAsync(scope, call.Organization, kept, cancellationToken) : null);
        if (id is null) return (null, null);
        // Behind the gate, so that the connection cannot be ended without this run being stopped with it.
        if (await ConnectionStore.EnterGateAsync(scope, call.Organization, ConnectionId.Of(id), cancellationToken) is not { } connection) return (null, Reply.Fail(404, Reply.NotFoundFault<ConnectionId>(id, "connection_id")));
        if (connection.Status != ConnectionStatuses.Connected) return (null, NotConnected(id, connection.Status));
        if (request.SessionId is { } sessionId && sessionId != connection.SessionId) return (null, Reply.Conflict($"The session `{sessionId}` is not the one of the connection `{id}`; leave `session_id` out."));
        return (connection, null);
    }

    private static Reply NotConnected(string id, string status) =>
        Reply.Fail(409, new Fault("connection", "connection_not_connected", $"The connection `{id}` is {status}; a run needs one that is connected.", "connection_id"));

    private static void CheckForm<T>(string? text, string field, List<Fault> faults) where T : struct, IObjectId<T>
    {
        if (text is not null && !ObjectId.TryParse<T>(text, out _)) faults.Add(Fault.Invalid(field, $"`{field}` must be an id that starts with `{T.Prefix}`."));
    }

    private static void CheckInput(TaskRow task, JsonElement? input, List<Fault> faults)
    {
        if (task.InputSchema is not { } schema || faults.Any(f => f.Field == "input")) return;
        foreach (var fault in JsonSchemas.Validate(Json.Parse(schema), input ?? Json.Parse("{}")))
            faults.Add(Fault.Invalid(fault.Field, fault.Message));
    }
}
