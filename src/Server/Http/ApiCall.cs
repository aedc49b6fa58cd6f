using System.Security.Cryptography;
using System.Text.Json;
using Ostiary.Server.Data;

namespace Ostiary.Server.Http;

/// <summary>
/// One authenticated request: who asks, what was sent, and the transaction in which its answer becomes true. With an <c>Idempotency-Key</c> the answer is kept in
/// the same commit as the change, so that a repeated request can never execute twice, not even across a crash.
/// </summary>
internal sealed class ApiCall
{
    private static readonly object Key = new();
    private readonly HttpContext _http;
    private readonly Db _db;

    private readonly Caller _caller;
    private readonly Func<CancellationToken, Task<Caller?>> _findAgain;

    public ApiCall(HttpContext http, Db db, Caller caller, Func<CancellationToken, Task<Caller?>> findAgain)
    {
        _http = http;
        _db = db;
        _caller = caller;
        _findAgain = findAgain;
        http.Items[Key] = this;
    }

    public OrganizationId Organization => _caller.Organization;

    /// <summary>The id of the key or component token that asks.</summary>
    public string CallerId => _caller.Id;

    public Scope Scope => _caller.Scope;

    /// <summary>What the caller is kept to; null when it may see everything of its organization.</summary>
    public Restriction? Restriction => _caller.Restriction;

    public RequestId RequestId => RequestIdOf(_http);

    public IQueryCollection Query => _http.Request.Query;

    /// <summary>The body; empty when there was none. Wiped when the request ends.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>True when the body was read and is no JSON object: that is the fault to tell, and not what it lacks.</summary>
    public bool IsUnreadable { get; private set; }

    /// <summary>Set by the idempotency step when the request carries a key.</summary>
    public IdempotentCall? Idempotency { get; set; }

    /// <summary>Minimal APIs bind a parameter of this type by this method.</summary>
    public static ValueTask<ApiCall?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Items[Key] as ApiCall);

    public static ApiCall? Of(HttpContext http) => http.Items[Key] as ApiCall;

    public static RequestId RequestIdOf(HttpContext http) => http.Items[typeof(RequestId)] is RequestId id ? id : default;

    /// <summary>Reads the body as <typeparamref name="T"/>; every fault is in <paramref name="faults"/>. An absent body reads as an empty object.</summary>
    public T Read<T>(List<Fault> faults) where T : class
    {
        var json = TryParseBody(faults);
        return (T)RequestBinder.Read(typeof(T), json is { ValueKind: JsonValueKind.Object } found ? found : EmptyObject, "", json is null ? [] : faults);
    }

    /// <summary>The body as JSON, or null with a fault.</summary>
    public JsonElement? TryParseBody(List<Fault> faults)
    {
        var body = JsonText.WithoutMark(Body);
        if (body.IsEmpty) return EmptyObject;
        try
        {
            if (!JsonText.IsUtf8(body.Span)) throw new JsonException("Not UTF-8.", null, 0, 0);
            // The document reads the call's own bytes without copying them; they are wiped when the request ends.
            var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = JsonText.Deepest });
            _http.Response.RegisterForDispose(document);
            var before = faults.Count;
            if (document.RootElement.ValueKind != JsonValueKind.Object) faults.Add(new Fault("request", "input_invalid", "The body must be a JSON object."));
            else JsonText.CheckNames(body, faults);
            if (faults.Count == before) return document.RootElement;
        }
        catch (JsonException exception)
        {
            faults.Add(new Fault("request", "input_invalid", $"The body is not valid JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})."));
        }

        IsUnreadable = true;
        return null;
    }

    /// <summary>Begins the transaction of this request (the one that holds the idempotency key, when there is one).</summary>
    public async Task<DbTransactionScope> BeginAsync(CancellationToken cancellationToken) => Idempotency?.Take() ?? await _db.BeginAsync(cancellationToken);

    /// <summary>False once the key was revoked or the token is past its time: for answers that go on and on.</summary>
    public async Task<bool> StillHoldsAsync(CancellationToken cancellationToken) => await _findAgain(cancellationToken) is not null;

    /// <summary>Whether the caller may see this row of its organization. A component token is told that what is not its own does not exist.</summary>
    public async Task<bool> ReachesAsync(Npgsql.NpgsqlConnection connection, string table, string id, CancellationToken cancellationToken)
    {
        if (Restriction is not { } restriction) return true;
        var parameters = restriction.Parameters(Organization);
        parameters.Add("id", id);
        return await connection.OneAsync<bool>($"SELECT EXISTS (SELECT 1 FROM {table} WHERE organization_id = @organization AND id = @id AND {Restriction.ConditionFor(table)})", parameters, cancellationToken);
    }

    /// <inheritdoc cref="ReachesAsync(Npgsql.NpgsqlConnection, string, string, CancellationToken)"/>
    public async Task<bool> ReachesAsync(string table, string id, CancellationToken cancellationToken)
    {
        if (Restriction is null) return true;
        await using var connection = await _db.OpenAsync(cancellationToken);
        return await ReachesAsync(connection, table, id, cancellationToken);
    }

    /// <summary>Notes, in the commit that makes an object, who made it. Only component tokens need it.</summary>
    public Task MadeAsync(DbTransactionScope scope, string objectId, DateTimeOffset now, CancellationToken cancellationToken) =>
        Restriction?.MadeAsync(scope, objectId, now, cancellationToken) ?? Task.CompletedTask;

    /// <summary>Commits the change together with the answer that a repeated request will get, and returns the answer.</summary>
    public async Task<Reply> CommitAsync(DbTransactionScope transaction, Reply reply, CancellationToken cancellationToken)
    {
        reply = await reply.EncryptedAsync(_http, cancellationToken);
        if (Idempotency is { } idempotency && reply.IsSuccess) await idempotency.KeepAsync(transaction, reply.Status, reply.Write(RequestId), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return reply;
    }

    public void Wipe() => CryptographicOperations.ZeroMemory(Body);

    private static readonly JsonElement EmptyObject = Json.Parse("{}");
}
