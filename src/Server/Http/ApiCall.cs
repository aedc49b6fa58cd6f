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

    public ApiCall(HttpContext http, Db db, OrganizationId organization)
    {
        _http = http;
        _db = db;
        Organization = organization;
        http.Items[Key] = this;
    }

    public OrganizationId Organization { get; }

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

    /// <summary>Commits the change together with the answer that a repeated request will get, and returns the answer.</summary>
    public async Task<Reply> CommitAsync(DbTransactionScope transaction, Reply reply, CancellationToken cancellationToken)
    {
        if (Idempotency is { } idempotency && reply.IsSuccess) await idempotency.KeepAsync(transaction, reply.Status, reply.Write(RequestId), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return reply;
    }

    public void Wipe() => CryptographicOperations.ZeroMemory(Body);

    private static readonly JsonElement EmptyObject = Json.Parse("{}");
}
