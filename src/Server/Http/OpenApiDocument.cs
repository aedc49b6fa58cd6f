using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Ostiary.Server.Http;

/// <summary>
/// The OpenAPI 3.1 document of the API, made from the routes as they are mapped and their <see cref="RouteDescription"/>s. The same routes give the same bytes.
/// <c>docs/openapi.json</c> is a copy; a test compares.
/// </summary>
internal sealed class OpenApiDocument
{
    /// <summary>Where it is served, without a key.</summary>
    public const string Path = "/openapi/v2.json";
    private const string Root = "/v2";

    private static readonly JsonSerializerOptions Readable = new(Json.Options) { WriteIndented = true, NewLine = "\n" };
    private static readonly IReadOnlyList<FaultCode> Everywhere = [.. new[] { "api_key_invalid", "forbidden", "rate_limit_exceeded", "api_error" }.Select(FaultTable.OfRequest)];
    private readonly OpenApiSchemas _schemas = new();
    private readonly OpenApiExamples _examples;
    private readonly SortedDictionary<string, JsonObject> _responses = new(StringComparer.Ordinal);

    private OpenApiDocument(IEnumerable<RouteEndpoint> routes)
    {
        _examples = new OpenApiExamples(_schemas);
        Bytes = [.. JsonSerializer.SerializeToUtf8Bytes(Write([.. routes]), Readable), (byte)'\n'];
    }

    /// <summary>The document as it is served: JSON, indented.</summary>
    public byte[] Bytes { get; }

    /// <summary>Reads the routes below <c>/v2</c>; call it when all are mapped.</summary>
    public static OpenApiDocument Of(IEndpointRouteBuilder app) => new(app.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        .Where(route => PathOf(route).StartsWith(Root + "/", StringComparison.Ordinal) && MethodOf(route) is not null));

    private static string PathOf(RouteEndpoint route) => "/" + string.Join('/', route.RoutePattern.PathSegments.Select(s => string.Concat(s.Parts.Select(p => p switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternParameterPart parameter => $"{{{parameter.Name}}}",
        _ => "",
    }))));

    private static string? MethodOf(RouteEndpoint route) => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is [var method, ..] ? method : null;

    private static bool Writes(string method) => method is "POST" or "PATCH" or "DELETE" or "PUT";

    private JsonObject Write(IReadOnlyList<RouteEndpoint> routes)
    {
        var paths = new JsonObject();
        var tags = new JsonArray();
        var webhooks = new JsonObject();
        var undescribed = new JsonArray();
        var operations = new HashSet<string>(StringComparer.Ordinal);
        foreach (var route in routes)
        {
            var (path, method) = (PathOf(route), MethodOf(route)!);
            if (route.Metadata.GetMetadata<RouteDescription>() is not { } description || route.Metadata.GetMetadata<Chapter>() is not { } chapter)
            {
                undescribed.Add($"{method} {path}");
                continue;
            }

            if (tags.All(t => (string?)t!["name"] != chapter.Name)) tags.Add(new JsonObject { ["name"] = chapter.Name, ["description"] = chapter.About });
            var operation = Operation(path, method, description, chapter);
            operation["x-scope"] = Scopes.Word(Permission.NeededBy(route, method));
            if (Permission.IsOpenToTokens(route)) operation["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() }, new JsonObject { ["token"] = new JsonArray() });
            if (!operations.Add((string)operation["operationId"]!)) throw new InvalidOperationException($"Two routes are described as `{description.Summary}`.");
            if (paths[path] is not JsonObject item) paths[path] = item = [];
            item[method.ToLowerInvariant()] = operation;
            if (description.Webhook is { } webhook)
                webhooks[webhook.Name] = new JsonObject { ["post"] = Webhook(webhook, chapter) };
        }

        var document = new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "Ostiary",
                ["version"] = "2",
                ["summary"] = "Signs in to websites on behalf of your users and runs tasks there.",
                ["description"] = About,
                ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["identifier"] = "Apache-2.0" },
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/", ["description"] = "The server that gave you this document." }),
            ["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() }),
            ["tags"] = tags,
            ["paths"] = paths,
            ["webhooks"] = webhooks,
            ["components"] = new JsonObject
            {
                ["schemas"] = _schemas.Components,
                ["responses"] = new JsonObject(_responses.Select(r => KeyValuePair.Create<string, JsonNode?>(r.Key, r.Value))),
                ["securitySchemes"] = new JsonObject
                {
                    ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A secret key (`sk_live_…`). What it may do is said by its scopes." },
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A component token (`tk_…`), for one user in a browser." },
                },
            },
            ["x-errors"] = new JsonArray([.. FaultTable.All.Select(f => (JsonNode)new JsonObject { ["type"] = f.Type, ["code"] = f.Code, ["status"] = f.Status, ["meaning"] = f.Meaning })]),
        };
        if (webhooks.Count == 0) document.Remove("webhooks");
        if (undescribed.Count > 0) document["x-undescribed"] = undescribed;
        return document;
    }

    private JsonObject Operation(string path, string method, RouteDescription description, Chapter chapter)
    {
        var operation = new JsonObject { ["operationId"] = IdOf(description.Summary), ["summary"] = description.Summary, ["tags"] = new JsonArray(chapter.Name) };
        if (description.About is { } about) operation["description"] = about;
        var parameters = new JsonArray();
        if (description.Id is { } id) parameters.Add(new JsonObject { ["name"] = "id", ["in"] = "path", ["required"] = true, ["description"] = $"The id of the {id.Object.Replace('_', ' ')}.", ["schema"] = new JsonObject { ["type"] = "string", ["pattern"] = RouteDescription.PatternOf(id.Prefix) } });
        else if (path.Contains("{id}", StringComparison.Ordinal)) throw new InvalidOperationException($"{method} {path} must say At<TId>().");
        foreach (var parameter in description.Query) parameters.Add(Parameter(parameter));
        if (description.Header is { } header) parameters.Add(new JsonObject { ["name"] = header.Name, ["in"] = "header", ["description"] = header.About, ["schema"] = new JsonObject { ["type"] = "string" } });
        if (Writes(method))
        {
            parameters.Add(new JsonObject
            {
                ["name"] = "Idempotency-Key", ["in"] = "header", ["description"] = "Makes a repetition safe: the same key and the same request give the first answer again, for 24 hours.", ["schema"] = new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 256 },
            });
        }

        if (parameters.Count > 0) operation["parameters"] = parameters;
        if (description.Body is { } body)
        {
            var schema = _schemas.OfRequest(body);
            operation["requestBody"] = new JsonObject
            {
                ["required"] = _schemas.Resolve(schema)["required"] is not null,
                ["content"] = Content(schema, description.BodyExample is { } example ? JsonNode.Parse(example) : _examples.Of(schema)),
            };
        }

        operation["responses"] = Responses(method, description);
        return operation;
    }

    private static JsonObject Parameter(QueryParameter parameter)
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (parameter.Range is { } range) schema = new JsonObject { ["type"] = "integer", ["minimum"] = range.Least, ["maximum"] = range.Most, ["default"] = range.Usual };
        if (parameter.Words is { } words) schema["enum"] = new JsonArray([.. words.Select(w => (JsonNode)w)]);
        if (parameter.Pattern is { } pattern) schema["pattern"] = pattern;
        if (parameter.Format is { } format) schema["format"] = format;
        var written = new JsonObject { ["name"] = parameter.Name, ["in"] = "query", ["description"] = parameter.About };
        if (parameter.Many)
        {
            // Separated by commas; repeating the parameter is accepted as well.
            (written["style"], written["explode"]) = ("form", false);
            schema = new JsonObject { ["type"] = "array", ["items"] = schema, ["maxItems"] = Filters.MostValues };
        }

        written["schema"] = schema;
        return written;
    }

    private JsonObject Responses(string method, RouteDescription description)
    {
        var responses = new JsonObject();
        var success = new JsonObject { ["description"] = description.Status == 201 ? "Created." : "Done.", ["headers"] = new JsonObject { ["x-request-id"] = Header("The id of this request.") } };
        if (description.Answer is { } answer)
        {
            var schema = _schemas.OfAnswer(answer);
            success["content"] = Content(schema, _examples.Of(schema));
        }
        else if (description.Stream is { } stream)
        {
            success["content"] = new JsonObject { [stream.MediaType] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" }, ["example"] = stream.Example } };
        }
        else
        {
            throw new InvalidOperationException($"`{description.Summary}` must say what it gives.");
        }

        responses[description.Status.ToString(CultureInfo.InvariantCulture)] = success;
        foreach (var status in FaultsOf(method, description).GroupBy(f => f.Status!.Value).OrderBy(g => g.Key))
        {
            var faults = status.DistinctBy(f => f.Code).ToList();
            var name = status.Key.ToString(CultureInfo.InvariantCulture);
            // What a route adds nothing to is written once.
            if (description.Faults.All(f => f.Status != status.Key) && status.Key != 404)
            {
                name = string.Join('_', faults.Select(f => f.Code).Prepend(name));
                if (!_responses.ContainsKey(name)) _responses[name] = Refusal(status.Key, faults);
                responses[faults[0].Status!.Value.ToString(CultureInfo.InvariantCulture)] = new JsonObject { ["$ref"] = $"#/components/responses/{name}" };
            }
            else
            {
                responses[name] = Refusal(status.Key, faults);
            }
        }

        return responses;
    }

    private JsonObject Refusal(int status, List<FaultCode> faults)
    {
        var response = new JsonObject
        {
            ["description"] = string.Join("\n", faults.Select(f => $"- `{f.Code}`: {f.Meaning}")),
            ["content"] = Content(_schemas.OfAnswer(typeof(FaultEnvelope)), FaultExample(status, faults[0])),
        };
        if (status == 429) response["headers"] = new JsonObject { ["Retry-After"] = Header("Seconds to wait.") };
        return response;
    }

    private static IEnumerable<FaultCode> FaultsOf(string method, RouteDescription description)
    {
        foreach (var fault in description.Faults) yield return fault;
        if (description.Id is { } id) yield return FaultTable.NotFound(id.Object);
        if (description.Body is not null) yield return FaultTable.OfRequest("input_missing");
        if (description.Body is not null || description.Query.Count > 0) yield return FaultTable.OfRequest("input_invalid");
        if (Writes(method))
        {
            yield return FaultTable.OfRequest("idempotency_key_error");
            yield return FaultTable.OfRequest("idempotency_error");
            yield return FaultTable.OfRequest("body_too_large");
            yield return FaultTable.All.First(f => f.Status == 415);
        }

        if (description.Query.Count > 0) yield return FaultTable.All.First(f => f.Status == 414);

        foreach (var fault in Everywhere) yield return fault;
    }

    private static JsonNode FaultExample(int status, FaultCode fault)
    {
        var shown = new Fault(fault.Type, fault.Code, fault.Meaning, fault.Code is "input_missing" or "input_invalid" && status == 400 ? "name" : null);
        return JsonSerializer.SerializeToNode(FaultEnvelope.From(status, [shown], new RequestId("req_0T9hPWTq00a1B2c3D4e5F6")), Json.Options)!;
    }

    private JsonObject Webhook((string Name, Type Body, string About) webhook, Chapter chapter)
    {
        var schema = _schemas.OfAnswer(webhook.Body);
        return new JsonObject
        {
            ["summary"] = webhook.Name,
            ["tags"] = new JsonArray(chapter.Name),
            ["description"] = webhook.About,
            ["security"] = new JsonArray(),
            ["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content(schema, _examples.Of(schema)) },
            ["responses"] = new JsonObject { ["2XX"] = new JsonObject { ["description"] = "Received. Anything else, or nothing within five seconds, is tried again." } },
        };
    }

    private static JsonObject Header(string about) => new() { ["description"] = about, ["schema"] = new JsonObject { ["type"] = "string" } };

    private static JsonObject Content(JsonObject schema, JsonNode? example) => new()
    {
        ["application/json"] = new JsonObject { ["schema"] = schema, ["example"] = example },
    };

    // "Create an agent" → createAgent, "Answer a task run's question" → answerTaskRunQuestion.
    private static string IdOf(string summary)
    {
        var words = summary.Replace("'s", "", StringComparison.Ordinal).Split([' ', '-'], StringSplitOptions.RemoveEmptyEntries).Where(w => w is not ("a" or "an" or "the")).ToList();
        return string.Concat(words.Select((w, i) => i == 0 ? w.ToLowerInvariant() : char.ToUpperInvariant(w[0]) + w[1..].ToLowerInvariant()));
    }

    private const string About =
        """
        Every request carries a key as `Authorization: Bearer sk_live_…`. Bodies and answers are JSON in snake_case; times are ISO 8601 in UTC. Fields that nobody knows are ignored;
        a known field of the wrong type is a 400. All faults of a request are reported at once, each with its `field`.

        Every answer has a `request_id`. Lists are in pages, newest first: pass `next_cursor` as `cursor` until it is null. Filters that take several values take them repeated or
        separated by commas. Text may be anything in Unicode but the NUL character.

        Send an `Idempotency-Key` with a POST, PATCH or DELETE that you may have to repeat: the same key and the same request give the first answer again and execute nothing.
        """;
}

/// <summary>Serves the document, for programs and for people.</summary>
internal static class Reference
{
    /// <summary>Where people read it.</summary>
    public const string PagePath = "/docs";

    /// <summary>Map it last: it describes the routes that are mapped by the time of the first request.</summary>
    public static void MapReference(this WebApplication app)
    {
        var document = new Lazy<OpenApiDocument>(() => OpenApiDocument.Of(app));
        var page = new Lazy<byte[]>(() => ReferencePage.Write(document.Value.Bytes));
        // Public, so that a tool that makes a client from it can read it from a page of any origin.
        app.MapGet(OpenApiDocument.Path, (HttpResponse response) =>
        {
            response.Headers.AccessControlAllowOrigin = "*";
            return Results.Bytes(document.Value.Bytes, "application/json; charset=utf-8");
        });
        app.MapGet(PagePath, (HttpResponse response) =>
        {
            response.Headers.ContentSecurityPolicy = ReferencePage.Policy;
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers["Referrer-Policy"] = "no-referrer";
            return Results.Bytes(page.Value, "text/html; charset=utf-8");
        });
    }
}
