using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ostiary.TestKit;

/// <summary>
/// JSON Schema for tests: the keywords that the API's document uses, written apart from the server's own validator so that one mistake cannot hide in both. A keyword it does
/// not know is an error and never skipped. Stricter than the standard in one thing: a field of an answer that its schema does not name is a fault.
/// </summary>
internal sealed class SchemaCheck(JsonElement document)
{
    private static readonly HashSet<string> Annotations = ["description", "examples", "example", "default", "writeOnly", "title"];

    /// <summary>What is wrong with <paramref name="value"/>, as sentences with paths; empty: nothing.</summary>
    public List<string> Faults(JsonElement schema, JsonElement value)
    {
        var faults = new List<string>();
        Check(schema, value, "", faults);
        return faults;
    }

    /// <summary>The schema that a reference names.</summary>
    public JsonElement Resolve(JsonElement schema)
    {
        while (schema.TryGetProperty("$ref", out var reference))
        {
            var at = document;
            foreach (var part in reference.GetString()!.TrimStart('#', '/').Split('/')) at = at.GetProperty(part);
            schema = at;
        }

        return schema;
    }

    private void Check(JsonElement written, JsonElement value, string path, List<string> faults)
    {
        var schema = Resolve(written);
        foreach (var keyword in schema.EnumerateObject())
        {
            var limit = keyword.Value;
            switch (keyword.Name)
            {
                case "type":
                    string[] types = limit.ValueKind == JsonValueKind.Array ? [.. limit.EnumerateArray().Select(t => t.GetString()!)] : [limit.GetString()!];
                    Expect(types.Any(t => Is(value, t)), $"is {value.ValueKind}, not {string.Join(" or ", types)}");
                    break;
                case "const":
                    Expect(JsonElement.DeepEquals(value, limit), $"is {Short(value)}, not {limit.GetRawText()}");
                    break;
                case "enum":
                    Expect(limit.EnumerateArray().Any(word => JsonElement.DeepEquals(value, word)), $"is {Short(value)}, which is none of the words");
                    break;
                case "anyOf":
                    Expect(limit.EnumerateArray().Any(choice => Faults(choice, value).Count == 0), $"is {Short(value)}, which none of the choices allows");
                    break;
                case "pattern":
                    if (value.ValueKind == JsonValueKind.String) Expect(Regex.IsMatch(value.GetString()!, limit.GetString()!), $"is {Short(value)}, which does not match {limit.GetString()}");
                    break;
                case "minLength":
                    if (value.ValueKind == JsonValueKind.String) Expect(Length(value) >= limit.GetInt32(), "is too short");
                    break;
                case "maxLength":
                    if (value.ValueKind == JsonValueKind.String) Expect(Length(value) <= limit.GetInt32(), "is too long");
                    break;
                case "minimum":
                    if (value.ValueKind == JsonValueKind.Number) Expect(value.GetDouble() >= limit.GetDouble(), "is too small");
                    break;
                case "maximum":
                    if (value.ValueKind == JsonValueKind.Number) Expect(value.GetDouble() <= limit.GetDouble(), "is too large");
                    break;
                case "maxItems":
                    if (value.ValueKind == JsonValueKind.Array) Expect(value.GetArrayLength() <= limit.GetInt32(), "has too many items");
                    break;
                case "format":
                    if (limit.GetString() != "date-time") throw new NotSupportedException($"The format {limit} is not known here.");
                    if (value.ValueKind == JsonValueKind.String) Expect(DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, out _) && value.GetString()!.EndsWith('Z'), $"is {Short(value)}, which is no time in UTC");
                    break;
                case "items":
                    if (value.ValueKind != JsonValueKind.Array) break;
                    var index = 0;
                    foreach (var item in value.EnumerateArray()) Check(limit, item, $"{path}[{index++}]", faults);
                    break;
                case "properties":
                    if (value.ValueKind != JsonValueKind.Object) break;
                    foreach (var property in value.EnumerateObject())
                    {
                        if (limit.TryGetProperty(property.Name, out var inner)) Check(inner, property.Value, $"{path}.{property.Name}", faults);
                        else if (!schema.TryGetProperty("additionalProperties", out _)) faults.Add($"`{path}.{property.Name}` is not in the document");
                    }

                    break;
                case "additionalProperties":
                    if (value.ValueKind != JsonValueKind.Object) break;
                    foreach (var property in value.EnumerateObject())
                    {
                        if (!schema.TryGetProperty("properties", out var known) || !known.TryGetProperty(property.Name, out _)) Check(limit, property.Value, $"{path}.{property.Name}", faults);
                    }

                    break;
                case "required":
                    if (value.ValueKind != JsonValueKind.Object) break;
                    foreach (var name in limit.EnumerateArray()) Expect(value.TryGetProperty(name.GetString()!, out _), $"lacks `{name}`");
                    break;
                default:
                    if (!Annotations.Contains(keyword.Name)) throw new NotSupportedException($"The keyword {keyword.Name} is not known here.");
                    break;
            }
        }

        void Expect(bool holds, string otherwise)
        {
            if (!holds) faults.Add($"`{(path.Length == 0 ? "the body" : path.TrimStart('.'))}` {otherwise}");
        }
    }

    private static bool Is(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsInteger(number),
        _ => throw new NotSupportedException($"The type {type} is not known here."),
    };

    // JSON Schema counts characters, not UTF-16 units.
    private static int Length(JsonElement text) => text.GetString()!.EnumerateRunes().Count();

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 100 } text ? text[..100] + "…" : value.GetRawText();
}
