using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Ostiary.Vault;

namespace Ostiary.Server.Http;

/// <summary>
/// Reads a JSON object into a request type and reports every fault at once, each with its field. Unknown fields are ignored; a known field of the wrong type is a
/// fault. Secrets are copied from the body's bytes into a <see cref="Secret"/> without a string in between.
/// </summary>
internal static class RequestBinder
{
    /// <summary>Values of a list of strings, at most.</summary>
    public const int MostTexts = 100;

    private static readonly ConcurrentDictionary<Type, IReadOnlyList<BoundField>> Fields = new();

    /// <summary>A field as it is read; the reference describes request types by the same list.</summary>
    internal sealed record BoundField(PropertyInfo Property, string Name, Type Type, bool IsGiven, bool Required, bool NotNull, int Longest, IReadOnlyList<string>? Words, BetweenAttribute? Between, bool JsonObject, bool ReadByHand)
    {
        /// <summary>Null is accepted: it clears the field of a PATCH, and stands for an absent one elsewhere.</summary>
        public bool AcceptsNull => !Required && !NotNull;
    }

    /// <summary>The fields of a request type, in the order in which they are declared.</summary>
    public static IReadOnlyList<BoundField> FieldsOf(Type type) => Fields.GetOrAdd(type, Describe);

    public static object Read(Type type, JsonElement source, string path, List<Fault> faults)
    {
        var target = Activator.CreateInstance(type)!;
        foreach (var field in FieldsOf(type))
        {
            var name = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
            if (!source.TryGetProperty(field.Name, out var element) || (element.ValueKind == JsonValueKind.Null && !field.IsGiven))
            {
                if (field.Required) faults.Add(Fault.Missing(name));
                continue;
            }

            object? value = null;
            if (element.ValueKind == JsonValueKind.Null)
            {
                if (field.NotNull)
                {
                    faults.Add(Fault.Invalid(name, $"`{name}` must not be null."));
                    continue;
                }
            }
            else if (!TryConvert(field, element, name, faults, out value)) continue;

            if (field.IsGiven) value = Activator.CreateInstance(field.Property.PropertyType, true, value);
            field.Property.SetValue(target, value);
        }

        return target;
    }

    /// <summary>Text without NUL (which PostgreSQL cannot keep) and without broken surrogates.</summary>
    public static string? TryReadText(JsonElement element, string name, int longest, List<Fault> faults)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must be a string."));
            return null;
        }

        string text;
        try
        {
            text = element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            faults.Add(Fault.Invalid(name, $"`{name}` is not valid Unicode text."));
            return null;
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must not contain the NUL character."));
            return null;
        }

        // Characters as JSON Schema and PostgreSQL count them: an emoji is one.
        if (text.Length > longest && text.EnumerateRunes().Count() is var length && length > longest)
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must be at most {longest} characters long; it has {length}."));
            return null;
        }

        return text;
    }

    /// <summary>Copies a JSON string into a secret, unescaping it in a pinned buffer that is wiped.</summary>
    public static Secret? TryReadSecret(JsonElement element, string name, int longest, List<Fault> faults)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must be a string."));
            return null;
        }

        var raw = JsonMarshal.GetRawUtf8Value(element);
        var characters = GC.AllocateArray<char>(raw.Length, pinned: true);
        try
        {
            var reader = new Utf8JsonReader(raw);
            reader.Read();
            var length = reader.CopyString(characters);
            if (length > longest)
            {
                faults.Add(Fault.Invalid(name, $"`{name}` must be at most {longest} characters long."));
                return null;
            }

            return Secret.From(characters.AsSpan(0, length));
        }
        catch (InvalidOperationException)
        {
            faults.Add(Fault.Invalid(name, $"`{name}` is not valid Unicode text."));
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(characters.AsSpan()));
        }
    }

    private static bool TryConvert(BoundField field, JsonElement element, string name, List<Fault> faults, out object? value)
    {
        var before = faults.Count;
        value = null;
        if (field.Type == typeof(string))
        {
            var text = TryReadText(element, name, field.Longest, faults);
            if (text is not null && field.Words is { } words && !words.Contains(text, StringComparer.Ordinal))
                faults.Add(Fault.Invalid(name, $"`{name}` must be one of: {string.Join(", ", words)}."));
            else if (text is { Length: 0 } && field.Required) faults.Add(Fault.Missing(name));
            value = text;
        }
        else if (field.Type == typeof(bool))
        {
            if (element.ValueKind is JsonValueKind.True or JsonValueKind.False) value = element.GetBoolean();
            else faults.Add(Fault.Invalid(name, $"`{name}` must be true or false."));
        }
        else if (field.Type == typeof(int))
        {
            var (least, most) = (field.Between?.Least ?? int.MinValue, field.Between?.Most ?? int.MaxValue);
            // 30.0 and 3e1 are the number 30 (JSON Schema, section 4.2.3).
            if (element.ValueKind == JsonValueKind.Number && element.TryGetDecimal(out var number) && decimal.IsInteger(number) && number >= least && number <= most) value = (int)number;
            else faults.Add(Fault.Invalid(name, $"`{name}` must be a whole number between {least} and {most}."));
        }
        else if (field.Type == typeof(JsonElement))
        {
            if (field.JsonObject && element.ValueKind != JsonValueKind.Object) faults.Add(Fault.Invalid(name, $"`{name}` must be a JSON object."));
            // What is read by hand names the field within.
            else if (!field.ReadByHand && JsonText.HasBrokenText(element)) faults.Add(Fault.Invalid(name, $"`{name}` holds text that is not valid Unicode."));
            else value = element;
        }
        else if (field.Type == typeof(Secret)) value = TryReadSecret(element, name, field.Longest, faults);
        else if (field.Type == typeof(IReadOnlyList<string>)) value = ReadTexts(field, element, name, faults);
        else if (element.ValueKind == JsonValueKind.Object) value = Read(field.Type, element, name, faults);
        else faults.Add(Fault.Invalid(name, $"`{name}` must be a JSON object."));
        return faults.Count == before;
    }

    private static List<string>? ReadTexts(BoundField field, JsonElement element, string name, List<Fault> faults)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must be a list of strings."));
            return null;
        }

        var texts = new List<string>();
        foreach (var item in element.EnumerateArray())
        {
            if (texts.Count == MostTexts)
            {
                faults.Add(Fault.Invalid(name, $"`{name}` takes at most {MostTexts} values."));
                return null;
            }

            // A fault of one item does not hide those of the next.
            texts.Add(TryReadText(item, $"{name}[{texts.Count}]", field.Longest, faults) ?? "");
        }

        return texts;
    }

    private static IReadOnlyList<BoundField> Describe(Type type) =>
    [
        .. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.SetMethod is not null).Select(property =>
        {
            var declared = property.PropertyType;
            var isGiven = declared.IsGenericType && declared.GetGenericTypeDefinition() == typeof(Given<>);
            var inner = isGiven ? declared.GetGenericArguments()[0] : declared;
            inner = Nullable.GetUnderlyingType(inner) ?? inner;
            return new BoundField(
                property,
                JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name),
                inner,
                isGiven,
                property.IsDefined(typeof(RequiredFieldAttribute)),
                property.IsDefined(typeof(NotNullFieldAttribute)),
                property.GetCustomAttribute<LongestAttribute>()?.Characters ?? 255,
                property.GetCustomAttribute<OneOfAttribute>()?.Words,
                property.GetCustomAttribute<BetweenAttribute>(),
                property.IsDefined(typeof(JsonObjectFieldAttribute)),
                property.IsDefined(typeof(ShapeAttribute)));
        }),
    ];
}
