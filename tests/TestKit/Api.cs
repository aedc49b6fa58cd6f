using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Ostiary.TestKit;

/// <summary>A small client of the HTTP API: one method per verb, answers with their status, headers and JSON, and whatever was answered kept for the search for secrets.</summary>
public sealed class Api(Func<Uri> address, string? key)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(100) };
    private readonly ConcurrentQueue<string> _answers = new();

    public Uri Address => address();

    /// <summary>The key it sends; null = none.</summary>
    public string? Key => key;

    /// <summary>The bodies of all answers so far.</summary>
    public string Transcript => string.Join('\n', _answers);

    /// <summary>The same server, another key (null = none).</summary>
    public Api With(string? otherKey) => new(address, otherKey);

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, object? body = null, string? idempotencyKey = null) => SendAsync(HttpMethod.Post, path, body, idempotencyKey);

    public Task<Answer> PatchAsync(string path, object body, string? idempotencyKey = null) => SendAsync(HttpMethod.Patch, path, body, idempotencyKey);

    public Task<Answer> DeleteAsync(string path, string? idempotencyKey = null) => SendAsync(HttpMethod.Delete, path, null, idempotencyKey);

    /// <summary>Sends JSON: <paramref name="body"/> is serialized, or sent as it is when it is a string.</summary>
    public Task<Answer> SendAsync(HttpMethod method, string path, object? body = null, string? idempotencyKey = null) => SendAsync(method, path, request =>
    {
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body as string ?? JsonSerializer.Serialize(body)));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        if (idempotencyKey is not null) request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
    });

    /// <summary>Sends a request that <paramref name="shape"/> may change in every way.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, Action<HttpRequestMessage> shape)
    {
        using var request = new HttpRequestMessage(method, new Uri(address(), path));
        if (key is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        shape(request);
        using var response = await Http.SendAsync(request);
        var answer = await Answer.ReadAsync($"{method} {path}", response);
        _answers.Enqueue(answer.Text);
        await CheckContractAsync(method, path, answer);
        return answer;
    }

    // Whatever a test is about, its answers are what the server's own document says.
    private async Task CheckContractAsync(HttpMethod method, string path, Answer answer)
    {
        if (!path.StartsWith("/v2/", StringComparison.OrdinalIgnoreCase) || await WireContract.OfAsync(address(), Http) is not { } contract || contract.Find(method.Method, path) is not { } operation) return;
        var faults = contract.Faults(operation, answer.Status, answer.MediaType, answer.Text);
        if (faults.Count > 0) throw new UnmetExpectationException($"The answer to {method} {path} is not what /openapi/v2.json says: {string.Join("; ", faults.Take(5))}. It was {answer.Status}: {answer.Text}");
    }

    /// <summary>All items of a list, newest first, over all pages.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string path, int pageSize = 100)
    {
        var all = new List<JsonElement>();
        var separator = path.Contains('?') ? '&' : '?';
        string? cursor = null;
        do
        {
            var page = (await GetAsync($"{path}{separator}limit={pageSize}{(cursor is null ? "" : "&cursor=" + cursor)}")).Is(200);
            all.AddRange(page["data"].EnumerateArray());
            cursor = page["has_more"].GetBoolean() ? page["next_cursor"].GetString() : null;
        }
        while (cursor is not null);
        return all;
    }
}

/// <summary>An answer of the API, with expectations that say what was sent and what came back when they are not met.</summary>
public sealed class Answer
{
    private readonly string _request;
    private readonly JsonElement? _body;

    private Answer(string request, int status, string text, IReadOnlyDictionary<string, string> headers)
    {
        _request = request;
        Status = status;
        Text = text;
        Headers = headers;
        try
        {
            _body = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 }).RootElement.Clone();
        }
        catch (JsonException)
        {
            _body = null;
        }
    }

    public int Status { get; }

    public string Text { get; }

    /// <summary>By lower-case name.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The content type without its parameters.</summary>
    public string? MediaType => Headers.GetValueOrDefault("content-type")?.Split(';')[0];

    public JsonElement Body => _body ?? throw Unmet("The answer is not JSON");

    public string Id => this["id"].GetString()!;

    /// <summary>A value by its path: <c>website.url</c>, <c>data.0.id</c>. Missing: a failure.</summary>
    public JsonElement this[string path] => Find(path) ?? throw Unmet($"There is no `{path}`");

    public static async Task<Answer> ReadAsync(string request, HttpResponseMessage response) => new(
        request,
        (int)response.StatusCode,
        await response.Content.ReadAsStringAsync(),
        response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(", ", h.Value)));

    /// <summary>Expects a status, JSON, and the request's id in body and header.</summary>
    public Answer Is(int status)
    {
        if (Status != status) throw Unmet($"Expected {status}");
        var requestId = this["request_id"].GetString();
        if (requestId is null || !requestId.StartsWith("req_", StringComparison.Ordinal) || (Headers.GetValueOrDefault("x-request-id") is var header && header is null)) throw Unmet("Expected a request_id in body and header");
        return this;
    }

    // Apostrophes and plus signs as the server writes them, so that texts compare as they are.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Expects a value; null stands for JSON's null.</summary>
    public Answer Has(string path, object? value)
    {
        var expected = JsonSerializer.SerializeToElement(value, Plain);
        return JsonElement.DeepEquals(this[path], expected) ? this : throw Unmet($"Expected `{path}` to be {expected.GetRawText()}");
    }

    /// <summary>Expects a field to be absent.</summary>
    public Answer Lacks(string path) => Find(path) is null ? this : throw Unmet($"Expected no `{path}`");

    /// <summary>Expects exactly one error.</summary>
    public Answer Refused(int status, string type, string code, string? field = null)
    {
        Is(status);
        var errors = this["errors"];
        if (errors.GetArrayLength() != 1) throw Unmet($"Expected one error, {code}");
        return HasError(type, code, field);
    }

    /// <summary>Expects an error among others: type, code, field and a sentence.</summary>
    public Answer HasError(string type, string code, string? field)
    {
        foreach (var error in this["errors"].EnumerateArray())
        {
            if (error.GetProperty("type").GetString() != type || error.GetProperty("code").GetString() != code) continue;
            if ((error.TryGetProperty("field", out var named) ? named.GetString() : null) != field) continue;
            if (error.GetProperty("message").GetString() is { Length: > 0 }) return this;
        }

        throw Unmet($"Expected the error {type}/{code} on {field ?? "no field"}");
    }

    /// <summary>Expects a 400 that names exactly these fields, in any order.</summary>
    public Answer Faults(params string[] fields)
    {
        Is(400);
        var named = this["errors"].EnumerateArray().Select(e => e.TryGetProperty("field", out var field) ? field.GetString()! : "").Distinct().Order(StringComparer.Ordinal);
        if (!named.SequenceEqual(fields.Order(StringComparer.Ordinal))) throw Unmet($"Expected faults on {string.Join(", ", fields)}");
        return this;
    }

    public JsonElement? Find(string path)
    {
        var at = Body;
        foreach (var part in path.Split('.'))
        {
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(part, out var inner)) at = inner;
            else if (at.ValueKind == JsonValueKind.Array && int.TryParse(part, out var index) && index < at.GetArrayLength()) at = at[index];
            else return null;
        }

        return at;
    }

    private UnmetExpectationException Unmet(string expectation) => new($"{expectation}; {_request} was answered {Status}: {(Text.Length > 2_000 ? Text[..2_000] + "…" : Text)}");
}
