using System.Collections.Concurrent;
using System.Text.Json;

namespace Ostiary.TestKit;

/// <summary>
/// The OpenAPI document that a server serves about itself, and whether an answer keeps it: the status is declared for the route, the media type too, and the body is valid
/// against its schema. <see cref="Api"/> checks every answer of every test, so nothing that a test ever sees can differ from the document unnoticed.
/// </summary>
public sealed class WireContract
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<WireContract?>>> ByServer = new();
    private readonly SchemaCheck _schemas;
    private readonly List<WireOperation> _operations = [];

    private WireContract(JsonElement document)
    {
        Document = document;
        _schemas = new SchemaCheck(document);
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
                _operations.Add(new WireOperation(operation.Name.ToUpperInvariant(), path.Name, operation.Value.GetProperty("operationId").GetString()!, operation.Value));
        }
    }

    public JsonElement Document { get; }

    public IReadOnlyList<WireOperation> Operations => _operations;

    /// <summary>The contract of the server at an address; null: it serves none (it has no API role).</summary>
    public static async Task<WireContract?> OfAsync(Uri server, HttpClient http)
    {
        var reading = ByServer.GetOrAdd(server.Authority, _ => new Lazy<Task<WireContract?>>(async () =>
        {
            using var answer = await http.GetAsync(new Uri(server, "/openapi/v2.json"));
            return answer.IsSuccessStatusCode ? Parse(await answer.Content.ReadAsStringAsync()) : null;
        }));
        try
        {
            return await reading.Value;
        }
        catch (HttpRequestException)
        {
            // The server was killed meanwhile, as some tests do.
            ByServer.TryRemove(new KeyValuePair<string, Lazy<Task<WireContract?>>>(server.Authority, reading));
            return null;
        }
    }

    public static WireContract Parse(string document)
    {
        using var parsed = JsonDocument.Parse(document);
        return new WireContract(parsed.RootElement.Clone());
    }

    /// <summary>The operation that a request reaches, or null.</summary>
    public WireOperation? Find(string method, string path)
    {
        var parts = path.Split('?')[0].TrimEnd('/').Split('/');
        WireOperation? found = null;
        foreach (var operation in _operations)
        {
            if (operation.Method != method || !operation.Matches(parts)) continue;
            // A path that says more goes first: /events/stream before /events/{id}.
            if (found is null || !operation.Path.Contains('{')) found = operation;
        }

        return found;
    }

    /// <summary>What is wrong with an answer to an operation; empty: nothing.</summary>
    public IReadOnlyList<string> Faults(WireOperation operation, int status, string? mediaType, string body)
    {
        if (!operation.Responses.TryGetProperty(status.ToString(System.Globalization.CultureInfo.InvariantCulture), out var written)) return [$"the status {status} is not declared for {operation.Method} {operation.Path}"];
        var content = _schemas.Resolve(written).GetProperty("content");
        if (!content.TryGetProperty(mediaType ?? "", out var media)) return [$"the media type {mediaType} is not declared for the {status} of {operation.Method} {operation.Path}"];
        if (mediaType != "application/json") return [];
        using var parsed = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 256 });
        return _schemas.Faults(media.GetProperty("schema"), parsed.RootElement);
    }

    /// <summary>Whether a value is valid against a schema of this document.</summary>
    public IReadOnlyList<string> Faults(JsonElement schema, JsonElement value) => _schemas.Faults(schema, value);

    /// <summary>What a reference names.</summary>
    public JsonElement Resolve(JsonElement written) => _schemas.Resolve(written);
}

/// <summary>One route of the document.</summary>
public sealed record WireOperation(string Method, string Path, string Id, JsonElement Json)
{
    private readonly string[] _parts = Path.Split('/');

    public JsonElement Responses => Json.GetProperty("responses");

    /// <summary>Statuses that it declares.</summary>
    public IEnumerable<int> Statuses => Responses.EnumerateObject().Select(r => int.Parse(r.Name, System.Globalization.CultureInfo.InvariantCulture));

    public bool Matches(string[] parts) => parts.Length == _parts.Length && !_parts.Where((part, i) => !part.StartsWith('{') && !part.Equals(parts[i], StringComparison.OrdinalIgnoreCase)).Any();
}
