using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Ostiary.Vault;

namespace Ostiary.Server.Http;

/// <summary>
/// Types as JSON Schema (2020-12, as OpenAPI 3.1 uses it). A request type is described from the list by which <see cref="RequestBinder"/> reads it, an answer type from
/// the list by which the serializer writes it, so that neither can say something else than what happens.
/// </summary>
internal sealed class OpenApiSchemas
{
    private static readonly IReadOnlyDictionary<string, string> IdPrefixes = FindIdPrefixes();
    private readonly SortedDictionary<string, (Type Type, JsonObject Schema)> _components = new(StringComparer.Ordinal);

    /// <summary>All schemas that were referred to, by name.</summary>
    public JsonObject Components => new(_components.Select(c => KeyValuePair.Create<string, JsonNode?>(c.Key, c.Value.Schema.DeepClone())));

    /// <summary>A reference to the schema of a request body.</summary>
    public JsonObject OfRequest(Type type) => Component(type, RequestSchema);

    /// <summary>A reference to the schema of an answer.</summary>
    public JsonObject OfAnswer(Type type) => Component(type, AnswerSchema);

    /// <summary>The schema behind a reference.</summary>
    public JsonObject Resolve(JsonObject schema) => (string?)schema["$ref"] is { } reference ? _components[reference[(reference.LastIndexOf('/') + 1)..]].Schema : schema;

    private JsonObject Component(Type type, Func<Type, JsonObject> describe)
    {
        var name = NameOf(type);
        if (!_components.TryGetValue(name, out var known))
        {
            // Before the inner types are described, so that a type may contain itself.
            _components[name] = (type, []);
            _components[name] = (type, describe(type));
        }
        else if (known.Type != type)
        {
            throw new InvalidOperationException($"{type} and {known.Type} would both be called {name} in the reference; rename one.");
        }

        return new JsonObject { ["$ref"] = $"#/components/schemas/{name}" };
    }

    // AgentObject → Agent, ListObject<AgentObject> → AgentList, AgentRoutes.CreateRequest → AgentCreateRequest, RunTask.Request → RunTaskRequest.
    private static string NameOf(Type type)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ListObject<>)) return NameOf(type.GetGenericArguments()[0]) + "List";
        var name = Without(type.Name, "Object");
        return type.DeclaringType is { } owner ? Without(owner.Name, "Routes") + name : name;

        static string Without(string text, string end) => text.EndsWith(end, StringComparison.Ordinal) && text.Length > end.Length ? text[..^end.Length] : text;
    }

    private JsonObject RequestSchema(Type type)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var field in RequestBinder.FieldsOf(type))
        {
            var schema = RequestField(field);
            Annotate(schema, field.Property, field.Name);
            properties[field.Name] = field.AcceptsNull ? Nullable(schema) : schema;
            if (field.Required) required.Add(field.Name);
        }

        return ObjectOf(properties, required);
    }

    private JsonObject RequestField(RequestBinder.BoundField field)
    {
        if (field.Property.GetCustomAttribute<ShapeAttribute>() is { } shape) return OfRequest(shape.Type);
        if (field.Type == typeof(string)) return Text(field.Longest, field.Required ? 1 : 0, field.Words, field.Name, field.Property);
        if (field.Type == typeof(Secret)) return new JsonObject { ["type"] = "string", ["maxLength"] = field.Longest, ["writeOnly"] = true };
        if (field.Type == typeof(bool)) return new JsonObject { ["type"] = "boolean" };
        if (field.Type == typeof(int)) return new JsonObject { ["type"] = "integer", ["minimum"] = field.Between?.Least ?? int.MinValue, ["maximum"] = field.Between?.Most ?? int.MaxValue };
        if (field.Type == typeof(JsonElement)) return field.JsonObject ? new JsonObject { ["type"] = "object" } : [];
        if (field.Type == typeof(IReadOnlyList<string>)) return new JsonObject { ["type"] = "array", ["items"] = Text(field.Longest, 0, null, "", field.Property), ["maxItems"] = RequestBinder.MostTexts };
        return OfRequest(field.Type);
    }

    private static JsonObject Text(int longest, int shortest, IReadOnlyList<string>? words, string name, PropertyInfo property)
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (words is not null) schema["enum"] = new JsonArray([.. words.Select(w => (JsonNode)w)]);
        else if (IdPattern(name, property) is { } pattern) schema["pattern"] = pattern;
        else
        {
            if (shortest > 0) schema["minLength"] = shortest;
            schema["maxLength"] = longest;
        }

        return schema;
    }

    private JsonObject AnswerSchema(Type type)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var property in Json.Options.GetTypeInfo(type).Properties.Where(p => p.Get is not null))
        {
            var member = (PropertyInfo)property.AttributeProvider!;
            var ignored = member.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition;
            if (ignored == JsonIgnoreCondition.Always) continue;
            var optional = ignored is JsonIgnoreCondition.WhenWritingNull or JsonIgnoreCondition.WhenWritingDefault;
            var schema = AnswerField(property, member, type);
            Annotate(schema, member, property.Name);
            properties[property.Name] = IsNullable(property, member) && !optional ? Nullable(schema) : schema;
            if (!optional) required.Add(property.Name);
        }

        return ObjectOf(properties, required);
    }

    private JsonObject AnswerField(JsonPropertyInfo property, PropertyInfo member, Type owner)
    {
        if (member.GetCustomAttribute<ShapeAttribute>() is { } shape) return OfType(shape.Type, member);
        // A value that the type itself fixes: object, deleted, status of the test route.
        if (member.SetMethod is null && FixedValue(member, owner) is { } constant) return constant;
        if (property.PropertyType == typeof(string))
        {
            var schema = new JsonObject { ["type"] = "string" };
            if ((member.GetCustomAttribute<WordsOfAttribute>()?.Words ?? member.GetCustomAttribute<OneOfAttribute>()?.Words) is { } words) schema["enum"] = new JsonArray([.. words.Select(w => (JsonNode)w)]);
            else if (IdPattern(property.Name == "id" ? ObjectNameOf(owner) + "_id" : property.Name, member) is { } pattern) schema["pattern"] = pattern;
            return schema;
        }

        return OfType(property.PropertyType, member);
    }

    private JsonObject OfType(Type declared, PropertyInfo member)
    {
        var type = System.Nullable.GetUnderlyingType(declared) ?? declared;
        if (type == typeof(JsonElement)) return member.IsDefined(typeof(JsonObjectFieldAttribute)) ? new JsonObject { ["type"] = "object" } : [];
        if (type == typeof(object)) return [];
        if (type == typeof(string)) return new JsonObject { ["type"] = "string" };
        if (type == typeof(bool)) return new JsonObject { ["type"] = "boolean" };
        if (type == typeof(int) || type == typeof(long)) return new JsonObject { ["type"] = "integer" };
        if (type == typeof(double) || type == typeof(decimal)) return new JsonObject { ["type"] = "number" };
        if (type == typeof(DateTimeOffset)) return new JsonObject { ["type"] = "string", ["format"] = "date-time" };
        if (type.IsEnum) return new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(n => (JsonNode)JsonNamingPolicy.SnakeCaseLower.ConvertName(n))]) };
        if (Array.Find(type.GetInterfaces(), i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IObjectId<>)) is not null)
            return new JsonObject { ["type"] = "string", ["pattern"] = RouteDescription.PatternOf((string)type.GetProperty("Prefix")!.GetValue(null)!) };
        if (ElementOf(type, typeof(IReadOnlyDictionary<,>)) is [_, var value]) return new JsonObject { ["type"] = "object", ["additionalProperties"] = OfType(value, member) };
        if (ElementOf(type, typeof(IEnumerable<>)) is [var item])
        {
            var items = member.GetCustomAttribute<WordsOfAttribute>() is { } words ? new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. words.Words.Select(w => (JsonNode)w)]) } : OfType(item, member);
            return new JsonObject { ["type"] = "array", ["items"] = items };
        }

        return OfAnswer(type);
    }

    private static Type[]? ElementOf(Type type, Type generic) =>
        type.GetInterfaces().Append(type).FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == generic)?.GetGenericArguments();

    private static bool IsNullable(JsonPropertyInfo property, PropertyInfo member) =>
        System.Nullable.GetUnderlyingType(property.PropertyType) is not null || (!property.PropertyType.IsValueType && new NullabilityInfoContext().Create(member).ReadState == NullabilityState.Nullable);

    private static JsonObject? FixedValue(PropertyInfo member, Type owner)
    {
        if (member.GetMethod is not { IsStatic: false } || (member.PropertyType != typeof(string) && member.PropertyType != typeof(bool))) return null;
        object? value;
        try
        {
            value = member.GetValue(RuntimeHelpers.GetUninitializedObject(owner));
        }
        catch (TargetInvocationException)
        {
            // Made from the object's other fields: not fixed.
            return null;
        }

        return value switch
        {
            string text => new JsonObject { ["type"] = "string", ["const"] = text },
            bool truth => new JsonObject { ["type"] = "boolean", ["const"] = truth },
            _ => new JsonObject { ["type"] = "null" },
        };
    }

    private static string ObjectNameOf(Type owner) => owner.GetProperty("Object") is { SetMethod: null } member ? (string?)FixedValue(member, owner)?["const"] ?? "" : JsonNamingPolicy.SnakeCaseLower.ConvertName(NameOf(owner));

    private static string? IdPattern(string name, PropertyInfo property)
    {
        if (property.PropertyType == typeof(IReadOnlyList<string>)) return null;
        if (property.GetCustomAttribute<IdOfAttribute>() is { } of) return RouteDescription.PatternOf(of.Prefix);
        return IdPrefixes.TryGetValue(name, out var prefix) ? RouteDescription.PatternOf(prefix) : null;
    }

    private static JsonObject ObjectOf(JsonObject properties, JsonArray required)
    {
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (required.Count > 0) schema["required"] = required;
        return schema;
    }

    private static JsonObject Nullable(JsonObject schema)
    {
        if (schema.ContainsKey("$ref")) return Moved(schema, new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["$ref"] = schema["$ref"]!.DeepClone() }, new JsonObject { ["type"] = "null" }) });
        if (schema["type"] is JsonValue type && (string?)type != "null") schema["type"] = new JsonArray(type.DeepClone(), "null");
        if (schema["enum"] is JsonArray words) words.Add(null);
        return schema;
    }

    // The annotations of a reference stay beside what the reference became.
    private static JsonObject Moved(JsonObject from, JsonObject to)
    {
        foreach (var (name, value) in from.Where(p => p.Key != "$ref")) to[name] = value?.DeepClone();
        return to;
    }

    private static void Annotate(JsonObject schema, PropertyInfo member, string name)
    {
        var says = member.GetCustomAttribute<SaysAttribute>();
        if ((says?.Text ?? CommonWords(name)) is { } text) schema["description"] = text;
        if (says?.Example is { } example) schema["examples"] = new JsonArray(ExampleOf(example, member));
    }

    private static JsonNode? ExampleOf(string example, PropertyInfo member)
    {
        var type = member.PropertyType.IsGenericType && member.PropertyType.GetGenericTypeDefinition() == typeof(Given<>) ? member.PropertyType.GetGenericArguments()[0] : member.PropertyType;
        return type == typeof(string) || type == typeof(Secret) ? (example == "null" ? null : JsonValue.Create(example)) : JsonNode.Parse(example);
    }

    private static string? CommonWords(string name) => name switch
    {
        "id" => "The object's id. Ids sort by creation time.",
        "object" => "The kind of object.",
        "created_at" => "When it was created; ISO 8601, UTC.",
        "updated_at" => "When it last changed; ISO 8601, UTC.",
        "request_id" => "The id of this request, as in the header `x-request-id`; quote it when you report a fault.",
        "external_id" => "Your own id for the user, at most 255 characters; returned in answers and events.",
        "data" => "The items of this page, newest first.",
        "has_more" => "True when there is a further page.",
        "next_cursor" => "The `cursor` of the next page; null on the last one.",
        "expires_at" => "When it ends; ISO 8601, UTC.",
        _ when IdPrefixes.ContainsKey(name) => $"The id of the {name[..^3].Replace('_', ' ')}.",
        _ => null,
    };

    private static Dictionary<string, string> FindIdPrefixes() => typeof(IObjectId<>).Assembly.GetTypes()
        .Where(t => t.IsValueType && !t.IsGenericTypeDefinition && t.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IObjectId<>)) && t != typeof(RequestId))
        .ToDictionary(t => (string)t.GetProperty("ObjectName")!.GetValue(null)! + "_id", t => (string)t.GetProperty("Prefix")!.GetValue(null)!, StringComparer.Ordinal);
}
