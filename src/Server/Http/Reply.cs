using System.Text.Json;

namespace Ostiary.Server.Http;

/// <summary>An answer, not yet written: a status and an object, or the faults of the request.</summary>
internal sealed class Reply : IResult
{
    /// <summary>Faults that one answer tells: all of any honest request, and a bound for the size of the answer to others.</summary>
    public const int MostFaults = 100;

    private Reply(int status, ApiObject? value, IReadOnlyList<Fault> faults)
    {
        Status = status;
        Value = value;
        Faults = faults;
    }

    public int Status { get; }

    public ApiObject? Value { get; }

    public IReadOnlyList<Fault> Faults { get; }

    /// <summary>Seconds for the <c>Retry-After</c> header, or null.</summary>
    public int? RetryAfter { get; private init; }

    /// <summary>True when payload encryption was looked after: an answer that is kept for a repeated request is encrypted once.</summary>
    private bool IsSettled { get; init; }

    public bool IsSuccess => Value is not null;

    public static Reply Ok(ApiObject value) => new(200, value, []);

    public static Reply Created(ApiObject value) => new(201, value, []);

    public static Reply Deleted<T>(T id) where T : struct, IObjectId<T> => Ok(new DeletedObject(id.Value, T.ObjectName));

    /// <summary>400 with all faults (the first 100), or 404 when all that is wrong is that things named in the request do not exist.</summary>
    public static Reply Rejected(params IReadOnlyList<Fault> faults) => faults.Count > MostFaults ? Rejected([.. faults.Take(MostFaults)]) : new(faults.All(f => f.Code.EndsWith("_not_found", StringComparison.Ordinal)) ? 404 : 400, null, faults);

    public static Reply Fail(int status, Fault fault, int? retryAfter = null) => new(status, null, [fault]) { RetryAfter = retryAfter };

    public static Reply Forbidden(string message, string? field = null) => Fail(403, new Fault("request", "forbidden", message, field));

    public static Reply Conflict(string message) => Fail(409, Fault.Conflict(message));

    /// <summary>404 <c>&lt;object&gt;_not_found</c>. The id is repeated only when it is short and harmless.</summary>
    public static Reply NotFound<T>(string? id) where T : struct, IObjectId<T> => Fail(404, NotFoundFault<T>(id, null));

    public static Fault NotFoundFault<T>(string? id, string? field) where T : struct, IObjectId<T>
    {
        var name = T.ObjectName.Replace('_', ' ');
        var shown = ObjectId.TryParse<T>(id, out var parsed) ? $"No {name} `{parsed.Value}` exists here." : $"No such {name} exists here; an id starts with `{T.Prefix}`.";
        return new Fault("request", $"{T.ObjectName}_not_found", shown, field);
    }

    /// <summary>The body's bytes.</summary>
    public byte[] Write(RequestId requestId) => Value is { } value
        ? JsonSerializer.SerializeToUtf8Bytes(value with { RequestId = requestId.Value }, value.GetType(), Json.Options)
        : JsonSerializer.SerializeToUtf8Bytes(FaultEnvelope.From(Status, Faults, requestId), Json.Options);

    /// <summary>The answer as its organization wants it: what runs were given and brought back is encrypted when that is on. Every answer passes here, so no route can forget it.</summary>
    public async Task<Reply> EncryptedAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (IsSettled || Value is not IHasPayload { HasPayload: true } payload || ApiCall.Of(http) is not { } call) return this;
        using var key = await http.RequestServices.GetRequiredService<IPayloadKeys>().FindAsync(call.Organization, cancellationToken);
        return new Reply(Status, key is null ? Value : payload.Encrypt(key), Faults) { RetryAfter = RetryAfter, IsSettled = true };
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var reply = await EncryptedAsync(httpContext, httpContext.RequestAborted);
        var response = httpContext.Response;
        response.StatusCode = Status;
        if (RetryAfter is { } seconds) response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await WriteBytesAsync(response, reply.Write(ApiCall.RequestIdOf(httpContext)), httpContext.RequestAborted);
    }

    public static async Task WriteBytesAsync(HttpResponse response, byte[] body, CancellationToken cancellationToken)
    {
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        await response.Body.WriteAsync(body, cancellationToken);
    }
}

/// <summary>The error body: the wire's <c>errors</c>, and the problem details of RFC 9457 for a 400.</summary>
internal sealed record FaultEnvelope(IReadOnlyList<FaultObject> Errors, string? Title, int? Status, string? Detail, string RequestId)
{
    public static FaultEnvelope From(int status, IReadOnlyList<Fault> faults, RequestId requestId) => new(
        [.. faults.Select(FaultObject.From)],
        status == 400 ? "The request is not valid." : null,
        status == 400 ? 400 : null,
        status == 400 ? string.Join(" ", faults.Select(f => f.Message)) : null,
        requestId.Value);

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public string? Title { get; init; } = Title;

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public int? Status { get; init; } = Status;

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; } = Detail;
}

/// <summary>One element of <c>errors</c>, in a refused request and in a failed run alike.</summary>
internal sealed record FaultObject(string Type, string Code, string? Field, string Message)
{
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public string? Field { get; init; } = Field;

    public static FaultObject From(Fault fault) => new(fault.Type, fault.Code, fault.Field, fault.Message);
}
