using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ostiary.Server.Http;

/// <summary>What every answer has in common. <see cref="RequestId"/> is set on the top level only.</summary>
internal abstract record ApiObject
{
    [JsonPropertyOrder(1000), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RequestId { get; init; }
}

/// <summary>One page of a list.</summary>
internal sealed record ListObject<T>(IReadOnlyList<T> Data, bool HasMore, string? NextCursor) : ApiObject, IHasPayload
{
    bool IHasPayload.HasPayload => Data.Any(item => item is IHasPayload { HasPayload: true });

    ApiObject IHasPayload.Encrypt(PayloadKey key) => this with { Data = [.. Data.Select(item => item is IHasPayload { HasPayload: true } payload ? (T)(object)payload.Encrypt(key) : item)] };
}

/// <summary>The answer to a delete.</summary>
internal sealed record DeletedObject(string Id, string Object) : ApiObject
{
    public bool Deleted => true;
}

/// <summary>How JSON is written and read everywhere: snake_case, times in UTC with <c>Z</c> and milliseconds.</summary>
internal static class Json
{
    public static readonly JsonSerializerOptions Options = Create(JsonIgnoreCondition.Never);
    private static readonly JsonSerializerOptions WithoutNulls = Create(JsonIgnoreCondition.WhenWritingNull);

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>The same without the fields that are null.</summary>
    public static string Write<T>(T value, bool leaveOutNulls) => JsonSerializer.Serialize(value, leaveOutNulls ? WithoutNulls : Options);

    /// <summary>Reads text that this server wrote.</summary>
    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("A stored document is null.");

    /// <summary>A stored document as an element that stands on its own.</summary>
    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = JsonText.DeepestRead });
        return document.RootElement.Clone();
    }

    private static JsonSerializerOptions Create(JsonIgnoreCondition ignore)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DictionaryKeyPolicy = null,
            DefaultIgnoreCondition = ignore,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = JsonText.DeepestRead,
        };
        options.Converters.Add(new UtcTimeConverter());
        options.Converters.Add(new ObjectIdConverterFactory());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    /// <summary>ISO 8601 in UTC, for instance <c>2026-03-01T12:00:00.123Z</c>.</summary>
    private sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
    }

    private sealed class ObjectIdConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) =>
            typeToConvert.IsValueType && Array.Exists(typeToConvert.GetInterfaces(), i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IObjectId<>));

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(ObjectIdConverter<>).MakeGenericType(typeToConvert))!;
    }

    private sealed class ObjectIdConverter<T> : JsonConverter<T> where T : struct, IObjectId<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => T.Of(reader.GetString() ?? throw new JsonException());

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
