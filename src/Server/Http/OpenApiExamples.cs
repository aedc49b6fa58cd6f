using System.Text.Json.Nodes;

namespace Ostiary.Server.Http;

/// <summary>Examples made from schemas: the examples of the fields where they have one, plain values elsewhere. The same every time.</summary>
internal sealed class OpenApiExamples(OpenApiSchemas schemas)
{
    private const string Moment = "2026-03-01T12:00:00.123Z";
    private const string IdTail = "0T9hPWTq00a1B2c3D4e5F6";

    /// <summary>An example of a body or an answer. In an answer, what may be absent is left out unless it has an example of its own.</summary>
    public JsonNode? Of(JsonObject reference) => Of(reference, isTop: true);

    private JsonNode? Of(JsonObject reference, bool isTop)
    {
        var schema = schemas.Resolve(reference);
        if (reference["examples"] is JsonArray { Count: > 0 } given) return given[0]?.DeepClone();
        if (schema["examples"] is JsonArray { Count: > 0 } own) return own[0]?.DeepClone();
        if (schema["anyOf"] is JsonArray { Count: > 0 } choices) return Of((JsonObject)choices[0]!, isTop: false);
        if (schema["const"] is { } fixedValue) return fixedValue.DeepClone();
        if (schema["enum"] is JsonArray { Count: > 0 } words) return words[0]?.DeepClone();
        if (schema["type"] is JsonArray && schema["pattern"] is null && schema["format"] is null) return null;
        return TypeOf(schema) switch
        {
            "object" => OfObject(schema, isTop),
            "array" => schema["items"] is JsonObject items ? new JsonArray(Of(items, isTop: false)) : new JsonArray(),
            "integer" => (int?)schema["minimum"] is { } least and > 0 ? least : 0,
            "number" => 0,
            "boolean" => false,
            "string" => OfText(schema),
            _ => null,
        };
    }

    private JsonObject OfObject(JsonObject schema, bool isTop)
    {
        var example = new JsonObject();
        if (schema["properties"] is not JsonObject properties) return example;
        var required = schema["required"] is JsonArray names ? names.Select(n => (string?)n).ToHashSet(StringComparer.Ordinal) : [];
        foreach (var (name, value) in properties)
        {
            var property = (JsonObject)value!;
            if (name == "request_id") continue;
            if (required.Contains(name) || property["examples"] is not null) example[name] = Of(property, isTop: false);
        }

        // A change changes something.
        if (example.Count == 0 && properties.Count > 0) example[properties.First().Key] = Of((JsonObject)properties.First().Value!, isTop: false);

        // Last, and not in the items of a list, as it is written.
        if (isTop && properties.ContainsKey("request_id")) example["request_id"] = "req_" + IdTail;
        return example;
    }

    // The main type of a field that may also be null.
    private static string? TypeOf(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => (string?)several[0],
        JsonValue one => (string?)one,
        _ => null,
    };

    private static string OfText(JsonObject schema)
    {
        if ((string?)schema["format"] == "date-time") return Moment;
        if ((string?)schema["pattern"] is ['^', .. var pattern] && pattern.IndexOf('[', StringComparison.Ordinal) is > 0 and var end) return pattern[..end] + IdTail;
        return "text";
    }
}
