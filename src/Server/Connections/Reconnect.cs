using Ostiary.Server.Credentials;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Work;

namespace Ostiary.Server.Connections;

/// <summary><c>POST /connections/{id}/reconnect</c>: opens a disconnected connection again, with its stored credential, in a new session.</summary>
internal static class Reconnect
{
    public static async Task<Reply> HandleAsync(string id, ApiCall call, ConnectionStore connections, SessionStore sessions, WorkQueue work, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<ConnectionId>(id, out var connectionId)) return Reply.NotFound<ConnectionId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await ConnectionStore.LockAsync(scope, call.Organization, connectionId.Value, cancellationToken) is not { } row) return Reply.NotFound<ConnectionId>(id);
        if (Refusal(row) is { } refusal) return Reply.Conflict(refusal);
        if (await CredentialRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, CredentialId.Of(row.CredentialId), forUpdate: false, cancellationToken) is { } credential
            && OpenConnection.Unusable(credential) is { } unusable) return unusable;
        if (await sessions.RefuseWhenFullAsync(scope, call.Organization, cancellationToken) is { } full) return full;
        var session = await sessions.QueueAsync(scope, call.Organization, row.SourceId, row.CredentialId, cancellationToken);
        var workId = await work.EnqueueAsync(scope, ConnectJob.WorkKind, call.Organization.Value, Json.Write(new ConnectJob.Payload(row.Id)), cancellationToken);
        var opened = row.Reconnect(session.Id, workId, time.GetUtcNow())!;
        await connections.WriteAsync(scope, opened, null, cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(opened.ToObject(null)), cancellationToken);
    }

    private static string? Refusal(ConnectionRow row) => row.Status switch
    {
        ConnectionStatuses.Disconnected => null,
        ConnectionStatuses.Connected => $"The connection `{row.Id}` is connected already.",
        ConnectionStatuses.Connecting or ConnectionStatuses.InteractionRequired => $"The connection `{row.Id}` is {row.Status}: a sign-in is under way.",
        ConnectionStatuses.Invalid => $"The source rejected the credential of the connection `{row.Id}`; open a new connection with the right one.",
        _ => $"The connection `{row.Id}` is terminated; open a new one.",
    };
}
