using Ostiary.Server.Credentials;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Sources;
using Ostiary.Server.Work;

namespace Ostiary.Server.TaskRuns;

/// <summary>
/// <c>POST /credentials/{id}/verify</c>: a run without a task, which signs in and does nothing else. It is a run like any other: polled, answered, canceled, listed. A state kept
/// from an earlier sign-in does not count, since it is the values that are to be proved.
/// </summary>
internal static class VerifyCredential
{
    public static async Task<Reply> HandleAsync(string id, ApiCall call, TaskRunStore runs, SessionStore sessions, WorkQueue work, IdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<CredentialId>(id, out var credentialId)) return Reply.NotFound<CredentialId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await CredentialRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, credentialId, forUpdate: false, cancellationToken) is not { } credential) return Reply.NotFound<CredentialId>(id);
        if (Refusal(credential) is { } refusal) return Reply.Conflict(refusal);
        if (await SourceRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, SourceId.Of(credential.SourceId), forUpdate: false, cancellationToken) is null)
            return Reply.Conflict($"The source of the credential `{id}` does not exist any more.");
        if (await sessions.RefuseWhenFullAsync(scope, call.Organization, cancellationToken) is { } full) return full;
        var now = time.GetUtcNow();
        var session = await sessions.QueueAsync(scope, call.Organization, credential.SourceId, credential.Id, cancellationToken);
        var runId = ids.New<TaskRunId>();
        var workId = await work.EnqueueAsync(scope, RunJob.WorkKind, call.Organization.Value, Json.Write(new RunJob.Payload(runId.Value)), cancellationToken);
        var run = new TaskRunRow
        {
            Id = runId.Value, OrganizationId = call.Organization.Value, SourceId = credential.SourceId, CredentialId = credential.Id, SessionId = session.Id, TimeoutSeconds = RunTask.DefaultTimeoutSeconds, WorkId = workId,
            CreatedAt = now, UpdatedAt = now,
        };
        await runs.InsertAsync(scope, run, cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(run.ToObject(null, now)), cancellationToken);
    }

    private static string? Refusal(CredentialRow credential) => credential switch
    {
        { Status: CredentialStatuses.Deleted } => $"The credential `{credential.Id}` is deleted; store a new one.",
        { Status: CredentialStatuses.Invalid } => $"The source has rejected the credential `{credential.Id}`, and what it rejected is not sent again: that is how accounts are locked. Update its `auth_credentials` first.",
        { AuthMethod: AuthMethods.None } => $"The credential `{credential.Id}` has `auth_method` `none`: there is nothing to sign in with.",
        _ => null,
    };
}
