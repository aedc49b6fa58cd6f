using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Work;

namespace Ostiary.Server.Connections;

/// <summary>
/// Ends connections for good: their runs are canceled, their browsers closed, their credentials destroyed; all in one commit. A credential that another connection still uses is
/// destroyed with the last of them. A credential that is destroyed by itself takes its connections along.
/// </summary>
internal sealed class Terminating(
    ConnectionStore connections, SessionStore sessions, ISessionFollower follower, CredentialStore credentials, WorkQueue work, WakeUps wakeUps, TimeProvider time) : ICredentialUser
{
    /// <summary>Terminates one. Null: there is none of this id.</summary>
    public async Task<ConnectionRow?> TerminateAsync(DbTransactionScope scope, OrganizationId organization, ConnectionId id, CancellationToken cancellationToken)
    {
        if (await CloseAsync(scope, organization, id, cancellationToken) is not { } row) return null;
        var credential = CredentialId.Of(row.CredentialId);
        // Locked before looking for others, so that of two that end at once the second sees the first one's end.
        if (await CredentialRow.FindAsync(scope.Connection, scope.Transaction, organization, credential, forUpdate: true, cancellationToken) is { Status: not CredentialStatuses.Deleted }
            && (await ConnectionStore.OfCredentialAsync(scope, organization, row.CredentialId, cancellationToken)).Count == 0)
            await credentials.DestroyAsync(scope, organization, credential, cancellationToken);
        return row;
    }

    public async Task DestroyingAsync(DbTransactionScope scope, OrganizationId organization, CredentialId credential, CancellationToken cancellationToken)
    {
        foreach (var row in await ConnectionStore.OfCredentialAsync(scope, organization, credential.Value, cancellationToken)) await CloseAsync(scope, organization, ConnectionId.Of(row.Id), cancellationToken);
    }

    private async Task<ConnectionRow?> CloseAsync(DbTransactionScope scope, OrganizationId organization, ConnectionId id, CancellationToken cancellationToken)
    {
        if (await ConnectionStore.EnterGateAsync(scope, organization, id, cancellationToken) is not { } row) return null;
        if (row.Status == ConnectionStatuses.Terminated) return row;
        SessionRow? session = null;
        if (row.SessionId is { } sessionId)
        {
            // In the order of all locks: its runs, its session, itself.
            session = await SessionRow.FindAsync(scope.Connection, scope.Transaction, organization, SessionId.Of(sessionId), forUpdate: false, cancellationToken);
            if (session is not null) await follower.EndingAsync(scope, session, cancellationToken);
            session = await SessionRow.FindAsync(scope.Connection, scope.Transaction, organization, SessionId.Of(sessionId), forUpdate: true, cancellationToken);
        }

        if (await ConnectionStore.LockAsync(scope, organization, id.Value, cancellationToken) is not { } current) return null;
        if (current.Terminate(time.GetUtcNow()) is not { } terminated) return current;
        if (current.WorkId is { } workId) await work.CancelAsync(scope, workId, cancellationToken);
        await connections.WriteAsync(scope, terminated, null, cancellationToken);
        if (session is not null) await sessions.EndAsync(scope, session, follower, wakeUps, SessionEnd.ByCustomer, cancellationToken);
        return terminated;
    }
}

/// <summary>What connections make of the end of a session: no connection says <c>connected</c> without a browser behind it.</summary>
internal sealed class ConnectionsInSessions(ConnectionStore connections, WorkQueue work, TimeProvider time) : ISessionOwner
{
    public async Task EndingAsync(DbTransactionScope scope, SessionRow session, SessionEnd why, CancellationToken cancellationToken)
    {
        if (await ConnectionStore.LockOfSessionAsync(scope, session.Id, cancellationToken) is not { } row) return;
        var now = time.GetUtcNow();
        // A sign-in under way settles its connection itself; only its customer's wish comes from outside.
        var moved = row.Status == ConnectionStatuses.Connected ? why.IsRefusal ? row.Reject(why.Why, now) : row.Disconnect(why.Why, now)
            : row.IsEntering && why.IsAsked ? row.Disconnect(why.Why, now)
            : null;
        if (moved is null) return;
        if (row.WorkId is { } workId) await work.CancelAsync(scope, workId, cancellationToken);
        await connections.WriteAsync(scope, moved, null, cancellationToken);
    }
}
