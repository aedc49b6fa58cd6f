using System.Text.Json;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Work;

namespace Ostiary.Server.Connections;

/// <summary><c>POST /connections</c>: credential, connection, session, work and events become true in one commit; the sign-in goes on in the background.</summary>
internal static class OpenConnection
{
    internal sealed record Request
    {
        [RequiredField] public string? SourceId { get; init; }
        [OneOf(AuthMethods.UsernamePassword, AuthMethods.GoogleSso, AuthMethods.None), Says("How the user signs in. Required unless `credential_id` is given.", Example = AuthMethods.UsernamePassword)] public string? AuthMethod { get; init; }
        [JsonObjectField, Shape(typeof(AuthCredentialsForm)), Says("What `auth_method` needs; `none` takes `{}`.")] public JsonElement? AuthCredentials { get; init; }
        [Says("A stored credential instead of `auth_credentials`.")] public string? CredentialId { get; init; }
        public string? ExternalId { get; init; }
    }

    public static async Task<Reply> HandleAsync(
        ApiCall call, ConnectionStore connections, CredentialStore credentials, SessionStore sessions, WorkQueue work, IdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<Request>(faults);
        if (request.SourceId is { Length: > 0 } && !ObjectId.TryParse<SourceId>(request.SourceId, out _)) faults.Add(Fault.Invalid("source_id", "`source_id` must be an id that starts with `src_`."));
        if (request.CredentialId is not null && !ObjectId.TryParse<CredentialId>(request.CredentialId, out _)) faults.Add(Fault.Invalid("credential_id", "`credential_id` must be an id that starts with `cred_`."));
        if (request is { CredentialId: not null, AuthCredentials: not null }) faults.Add(Fault.Invalid("auth_credentials", "Give either `auth_credentials` or `credential_id`."));
        if (request is { CredentialId: null, AuthMethod: null } && !call.IsUnreadable && faults.All(f => f.Field != "auth_method")) faults.Add(Fault.Missing("auth_method"));
        // With a stored credential, or without a method, there is nothing to read: then as for a method that takes nothing.
        var isGiven = request is { CredentialId: null, AuthMethod: not null };
        using var given = AuthCredentials.Read(isGiven ? request.AuthCredentials : null, isGiven ? request.AuthMethod! : AuthMethods.None, complete: true, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);

        if (call.Restriction?.ExternalId is { } own)
        {
            if (request.ExternalId is not null && request.ExternalId != own) return Reply.Forbidden("This component token is for another `external_id`; leave the field out.", "external_id");
            request = request with { ExternalId = own };
        }

        await using var scope = await call.BeginAsync(cancellationToken);
        if (!await call.ReachesAsync(scope.Connection, "sources", request.SourceId!, cancellationToken)) return Reply.Rejected(new Fault("source", "source_not_found", $"No source `{request.SourceId}` exists here.", "source_id"));
        var (credential, refusal) = request.CredentialId is null ? await StoreAsync(scope, call, request, given, credentials, cancellationToken) : await FindAsync(scope, call, request, cancellationToken);
        if (refusal is not null) return refusal;
        if (await sessions.RefuseWhenFullAsync(scope, call.Organization, cancellationToken) is { } full) return full;
        var now = time.GetUtcNow();
        var session = await sessions.QueueAsync(scope, call.Organization, credential!.SourceId, credential.Id, cancellationToken);
        var id = ids.New<ConnectionId>();
        var workId = await work.EnqueueAsync(scope, ConnectJob.WorkKind, call.Organization.Value, Json.Write(new ConnectJob.Payload(id.Value)), cancellationToken);
        var row = new ConnectionRow
        {
            Id = id.Value, OrganizationId = call.Organization.Value, SourceId = credential.SourceId, CredentialId = credential.Id, SessionId = session.Id, AuthMethod = credential.AuthMethod,
            ExternalId = request.ExternalId ?? credential.ExternalId, WorkId = workId, ConnectingSince = now, CreatedAt = now, UpdatedAt = now,
        };
        await connections.InsertAsync(scope, row, cancellationToken);
        await call.MadeAsync(scope, row.Id, now, cancellationToken);
        return await call.CommitAsync(scope, Reply.Created(row.ToObject(null)), cancellationToken);
    }

    /// <summary>Why a credential cannot be signed in with, or null.</summary>
    internal static Reply? Unusable(CredentialRow credential) => credential.Status switch
    {
        CredentialStatuses.Deleted => Reply.Conflict($"The credential `{credential.Id}` is deleted; open a connection with a new one."),
        CredentialStatuses.Invalid => Reply.Conflict($"The source rejected the credential `{credential.Id}`; update its `auth_credentials` first."),
        _ => null,
    };

    private static async Task<(CredentialRow? Row, Reply? Refusal)> StoreAsync(DbTransactionScope scope, ApiCall call, Request request, AuthCredentials given, CredentialStore credentials, CancellationToken cancellationToken)
    {
        var (row, faults) = await credentials.AddAsync(scope, call.Organization, new NewCredential(request.SourceId!, request.AuthMethod!, request.ExternalId, given), cancellationToken);
        if (row is null) return (null, Reply.Rejected(faults));
        await call.MadeAsync(scope, row.Id, row.CreatedAt, cancellationToken);
        return (row, null);
    }

    private static async Task<(CredentialRow? Row, Reply? Refusal)> FindAsync(DbTransactionScope scope, ApiCall call, Request request, CancellationToken cancellationToken)
    {
        // Locked so that it cannot be destroyed between this look and the commit.
        var row = await CredentialRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, CredentialId.Of(request.CredentialId!), forUpdate: true, cancellationToken);
        if (row is null || !await call.ReachesAsync(scope.Connection, "credentials", row.Id, cancellationToken)) return (null, Reply.Fail(404, Reply.NotFoundFault<CredentialId>(request.CredentialId, "credential_id")));
        if (Unusable(row) is { } unusable) return (null, unusable);
        var faults = new List<Fault>();
        if (row.SourceId != request.SourceId) faults.Add(Fault.Invalid("source_id", "`source_id` is not the source of this credential."));
        if (request.AuthMethod is { } method && method != row.AuthMethod) faults.Add(Fault.Invalid("auth_method", $"The credential's `auth_method` is `{row.AuthMethod}`."));
        return faults.Count > 0 ? (null, Reply.Rejected(faults)) : (row, null);
    }
}
