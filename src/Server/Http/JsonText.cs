using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Ostiary.Server.Http;

/// <summary>
/// What JSON's grammar lets through and nobody can keep: bytes that are no UTF-8, halves of surrogate pairs, one name twice in an object. Looked for on the bytes, because
/// a body may hold a password that must not become a string on the way.
/// </summary>
internal static class JsonText
{
    /// <summary>How deep a body may nest. What is stored is read again with <see cref="DeepestRead"/>, because an answer puts it into further objects and lists.</summary>
    public const int Deepest = 100;
    public const int DeepestRead = 128;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The body without the byte order mark that some clients put first.</summary>
    public static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> body) => body.Span.StartsWith(ByteOrderMark) ? body[3..] : body;

    public static bool IsUtf8(ReadOnlySpan<byte> body) => Utf8.IsValid(body);

    /// <summary>
    /// Faults of names: an escape that is no character, or a name that stands twice in one object, of which a reader could take either. Each is told once, with the path of
    /// the object and, where it is plain, the name.
    /// </summary>
    public static void CheckNames(ReadOnlyMemory<byte> body, List<Fault> faults)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = Deepest });
        var path = new List<string>();
        var names = new Stack<HashSet<string>>();
        while (faults.Count < Reply.MostFaults && reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    names.Push(new HashSet<string>(StringComparer.Ordinal));
                    path.Add("");
                    break;
                case JsonTokenType.StartArray:
                    path.Add("[]");
                    break;
                case JsonTokenType.EndObject:
                    names.Pop();
                    path.RemoveAt(path.Count - 1);
                    break;
                case JsonTokenType.EndArray:
                    path.RemoveAt(path.Count - 1);
                    break;
                case JsonTokenType.PropertyName:
                    Check(reader, names.Peek());
                    break;
            }
        }

        void Check(Utf8JsonReader at, HashSet<string> known)
        {
            path[^1] = "…";
            if (at.ValueIsEscaped && HasHalfPair(at.ValueSpan))
            {
                faults.Add(Fault.Invalid(Where(), $"A name in `{Where()}` is not valid Unicode text."));
                return;
            }

            var name = at.GetString()!;
            path[^1] = Shown(name);
            if (!known.Add(name)) faults.Add(Fault.Invalid(Where(), $"`{Where()}` stands in the body twice; send it once."));
        }

        string Where() => string.Join('.', path.Where(p => p.Length > 0)).Replace(".[]", "[]", StringComparison.Ordinal);
    }

    /// <summary>True when a document that is kept as it was sent holds text that cannot be written again.</summary>
    public static bool HasBrokenText(JsonElement document)
    {
        switch (document.ValueKind)
        {
            case JsonValueKind.String:
                return HasHalfPair(JsonMarshal.GetRawUtf8Value(document));
            case JsonValueKind.Array:
                foreach (var item in document.EnumerateArray())
                {
                    if (HasBrokenText(item)) return true;
                }

                return false;
            case JsonValueKind.Object:
                foreach (var property in document.EnumerateObject())
                {
                    if (HasBrokenText(property.Value)) return true;
                }

                return false;
            default:
                return false;
        }
    }

    /// <summary>A name as a path may show it: the client's text, so short and plain.</summary>
    public static string Shown(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? name : "…";

    // RFC 8259, section 7: \uD800 to \uDBFF must be followed by \uDC00 to \uDFFF, which must not stand alone.
    private static bool HasHalfPair(ReadOnlySpan<byte> raw)
    {
        while (raw.IndexOf((byte)'\\') is >= 0 and var at)
        {
            raw = raw[at..];
            if (raw.Length < 6 || raw[1] != 'u')
            {
                raw = raw[Math.Min(2, raw.Length)..];
                continue;
            }

            var unit = Unit(raw);
            raw = raw[6..];
            if (!char.IsSurrogate(unit)) continue;
            if (!char.IsHighSurrogate(unit) || raw.Length < 6 || raw[0] != '\\' || raw[1] != 'u' || !char.IsLowSurrogate(Unit(raw))) return true;
            raw = raw[6..];
        }

        return false;

        static char Unit(ReadOnlySpan<byte> escape) =>
            Utf8Parser.TryParse(escape[2..6], out ushort unit, out var read, 'x') && read == 4 ? (char)unit : '\uD800';
    }
}
