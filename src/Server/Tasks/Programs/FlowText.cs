using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>
/// Text of a program with placeholders: <c>{{input.name}}</c>, <c>{{input.a.b}}</c>, <c>{{input.ids[0]}}</c>, and inside <c>each</c> also <c>{{item}}</c>,
/// <c>{{item.x}}</c> and <c>{{number}}</c> (counting from 1). How a value is written into the text depends on what the text is: see the <c>As…</c> methods.
/// </summary>
internal sealed partial class FlowText
{
    private readonly IReadOnlyList<Piece> pieces;

    private FlowText(string source, IReadOnlyList<Piece> pieces)
    {
        Source = source;
        this.pieces = pieces;
    }

    /// <summary>The text as it was written, placeholders included: safe to show, since it holds no input.</summary>
    public string Source { get; }

    public bool HasPlaceholders => pieces.Any(p => p.Path is not null);

    /// <summary>True when the text is one placeholder and nothing else.</summary>
    public bool IsPlaceholder => pieces is [{ Path: not null }];

    /// <summary>The text before the first placeholder.</summary>
    public string LiteralStart => pieces is [{ Path: null } first, ..] ? first.Text : "";

    /// <summary>Whether any placeholder starts with <paramref name="root"/> (<c>item</c>).</summary>
    public bool Uses(string root) => pieces.Any(p => p.Path is not null && p.Path[0] == root);

    private readonly record struct Piece(string Text, IReadOnlyList<string>? Path);

    /// <param name="source">The text.</param>
    /// <param name="unknown">
    /// Receives what stands in double braces, looks like a placeholder and is none (<c>{{inputs.x}}</c>). Null for selectors: a page's own text may hold braces.
    /// </param>
    public static FlowText Parse(string source, Action<string>? unknown = null)
    {
        var found = new List<Piece>();
        var from = 0;
        foreach (Match match in Braces().Matches(source))
        {
            if (PathOf(match.Groups[1].Value) is not { } path)
            {
                if (LooksLikeAName().IsMatch(match.Groups[1].Value)) unknown?.Invoke(match.Value);
                continue;
            }

            if (match.Index > from) found.Add(new Piece(source[from..match.Index], null));
            found.Add(new Piece(match.Value, path));
            from = match.Index + match.Length;
        }

        if (from < source.Length || found.Count == 0) found.Add(new Piece(source[from..], null));
        return new FlowText(source, found);
    }

    /// <summary>The parts of a placeholder's name, or null when it is none.</summary>
    public static IReadOnlyList<string>? PathOf(string name)
    {
        var match = PlaceholderName().Match(name);
        if (!match.Success) return null;
        var path = new List<string> { match.Groups[1].Value };
        foreach (Capture part in match.Groups[2].Captures)
            path.Add(part.Value[0] == '[' ? part.Value[1..^1] : part.Value[1..]);
        return path is ["number", _, ..] ? null : path;
    }

    /// <summary>The text with values as they are: what a person would type.</summary>
    public string AsPlain(FlowValues values) => Build((_, path) => values.Text(path));

    /// <summary>JavaScript source with values as JSON literals, so that a value stays one value.</summary>
    public string AsScript(FlowValues values) => Build((_, path) => values.Node(path)?.ToJsonString(ScriptSafe) ?? "null");

    /// <summary>A CSS selector: inside quotes as string content, elsewhere as an identifier or a whole number.</summary>
    public string AsCss(FlowValues values) => Build((before, path) =>
    {
        var value = values.Text(path);
        var quote = OpenQuote(before);
        if (quote != '\0') return CssString(value);
        var previous = before.Length == 0 ? '\0' : before[^1];
        var startsToken = !(char.IsLetterOrDigit(previous) || previous is '-' or '_' or '\\' || previous >= 0x80);
        if (startsToken && previous is not ('#' or '.' or '=') && WholeNumber().IsMatch(value)) return value;
        return CssIdentifier(value, startsToken);
    });

    /// <summary>
    /// An XPath 1.0 expression. The language has no escapes, so a quoted literal around a placeholder is written anew (with <c>concat</c> when it must be);
    /// outside quotes a number stays a number and anything else becomes a literal.
    /// </summary>
    public string AsXPath(FlowValues values)
    {
        var result = new StringBuilder();
        var literal = new StringBuilder();
        var quote = '\0';
        foreach (var piece in pieces)
        {
            if (piece.Path is not null)
            {
                var value = values.Text(piece.Path);
                if (quote != '\0') literal.Append(value);
                else result.Append(DecimalNumber().IsMatch(value) ? value : XPathLiteral(value));
                continue;
            }

            foreach (var c in piece.Text)
            {
                if (quote == '\0')
                {
                    if (c is '"' or '\'') quote = c;
                    else result.Append(c);
                }
                else if (c == quote)
                {
                    result.Append(XPathLiteral(literal.ToString()));
                    literal.Clear();
                    quote = '\0';
                }
                else
                {
                    literal.Append(c);
                }
            }
        }

        if (quote != '\0') result.Append(quote).Append(literal);
        return result.ToString();
    }

    /// <summary>
    /// An absolute http or https address. A value is percent-encoded wherever it stands in a path, a query or a fragment, must be a plain host name in the
    /// host, and may be a whole address only when the text starts with it. Relative text is resolved against <paramref name="start"/>.
    /// </summary>
    /// <exception cref="StepFault">The result is not such an address.</exception>
    public Uri AsUrl(FlowValues values, Uri start)
    {
        var built = new StringBuilder();
        for (var i = 0; i < pieces.Count; i++)
        {
            var piece = pieces[i];
            if (piece.Path is null)
            {
                built.Append(piece.Text);
                continue;
            }

            var value = values.Text(piece.Path);
            var before = built.ToString();
            if (i == 0)
            {
                // The whole address, or its beginning, is the input's: everything about it is checked below.
                if (value.Any(c => char.IsControl(c) || c == '\\')) throw new StepFault($"{piece.Text} holds characters that no address has.");
                built.Append(pieces.Count == 1 || Uri.TryCreate(value, UriKind.Absolute, out _) ? value : Uri.EscapeDataString(value));
            }
            else if (InAuthority(before))
            {
                if (!HostPart().IsMatch(value)) throw new StepFault($"{piece.Text} stands in the host name of an address and holds something that no host name has.");
                built.Append(value);
            }
            else
            {
                built.Append(Uri.EscapeDataString(value));
            }
        }

        var text = built.ToString();
        if (HasPlaceholders && !IsPlaceholder) RefuseDotSegments(text);
        // A path that starts with a slash is an absolute file address to .NET on Unix; here it is relative to the site.
        var isAbsolute = Uri.TryCreate(text, UriKind.Absolute, out var url) && !(text.StartsWith('/') && url.IsFile);
        if (!isAbsolute && !Uri.TryCreate(start, text, out url)) throw new StepFault("The address is not a URL.");
        if (url!.Scheme is not ("http" or "https") || url.Host.Length == 0) throw new StepFault("The address is not an http or https URL; no other is opened.");
        return url;
    }

    private void RefuseDotSegments(string text)
    {
        var path = text.Split('?', '#')[0];
        var literal = Source.Split('?', '#')[0];
        foreach (var segment in path.Split('/'))
        {
            if (segment is "." or ".." && !literal.Split('/').Contains(segment))
                throw new StepFault("A value in the address's path is `.` or `..`, which would lead to another page.");
        }
    }

    private static bool InAuthority(string before)
    {
        var slashes = before.IndexOf("//", StringComparison.Ordinal);
        return slashes >= 0 && before.AsSpan(slashes + 2).IndexOfAny('/', '?', '#') < 0 && (slashes == 0 || before[slashes - 1] == ':')
            || (slashes < 0 && AbsoluteScheme().IsMatch(before) && before.EndsWith(':'));
    }

    private string Build(Func<string, IReadOnlyList<string>, string> write)
    {
        var result = new StringBuilder();
        foreach (var piece in pieces) result.Append(piece.Path is null ? piece.Text : write(result.ToString(), piece.Path));
        return result.ToString();
    }

    private static char OpenQuote(string css)
    {
        var quote = '\0';
        for (var i = 0; i < css.Length; i++)
        {
            if (css[i] == '\\') i++;
            else if (quote == '\0' && css[i] is ('"' or '\'')) quote = css[i];
            else if (quote != '\0' && css[i] == quote) quote = '\0';
        }

        return quote;
    }

    private static string CssString(string value)
    {
        var result = new StringBuilder();
        foreach (var c in value)
        {
            if (c is '"' or '\'' or '\\') result.Append('\\').Append(c);
            else if (char.IsControl(c)) result.Append('\\').Append(((int)c).ToString("x", CultureInfo.InvariantCulture)).Append(' ');
            else result.Append(c);
        }

        return result.ToString();
    }

    /// <summary>CSSOM's "serialize an identifier"; <paramref name="starts"/> is false when the text before belongs to the same identifier.</summary>
    private static string CssIdentifier(string value, bool starts)
    {
        var result = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            var digitAtStart = char.IsAsciiDigit(c) && starts && (i == 0 || (i == 1 && value[0] == '-'));
            if (c == '\0') result.Append('\uFFFD');
            else if (char.IsControl(c) || digitAtStart) result.Append('\\').Append(((int)c).ToString("x", CultureInfo.InvariantCulture)).Append(' ');
            else if (c == '-' && starts && value.Length == 1) result.Append("\\-");
            else if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_' || c >= 0x80) result.Append(c);
            else result.Append('\\').Append(c);
        }

        return result.ToString();
    }

    internal static string XPathLiteral(string value)
    {
        if (!value.Contains('"')) return $"\"{value}\"";
        if (!value.Contains('\'')) return $"'{value}'";
        return $"concat({string.Join(", '\"', ", value.Split('"').Select(part => $"\"{part}\""))})";
    }

    private static readonly JsonSerializerOptions ScriptSafe = new() { Encoder = JavaScriptEncoder.Default };

    [GeneratedRegex(@"\{\{\s*([^{}]*?)\s*\}\}")]
    private static partial Regex Braces();

    [GeneratedRegex(@"^(input|item|number)((?:\.[^.\[\]\s{}]+)|(?:\[\d+\]))*$")]
    private static partial Regex PlaceholderName();

    [GeneratedRegex(@"^[A-Za-z_][\w.\[\]]*$")]
    private static partial Regex LooksLikeAName();

    [GeneratedRegex(@"^-?\d+$")]
    private static partial Regex WholeNumber();

    [GeneratedRegex(@"^-?\d+(\.\d+)?$")]
    private static partial Regex DecimalNumber();

    [GeneratedRegex(@"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]
    private static partial Regex HostPart();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9+.-]*:")]
    private static partial Regex AbsoluteScheme();
}

/// <summary>What placeholders stand for: the run's input and, inside <c>each</c>, the current value and its number.</summary>
internal sealed record FlowValues(JsonObject Input, JsonNode? Item = null, int? Number = null, bool HasItem = false)
{
    /// <summary>The value at a path, as JSON.</summary>
    /// <exception cref="StepFault">Nothing is there.</exception>
    public JsonNode? Node(IReadOnlyList<string> path)
    {
        if (path[0] == "number") return Number ?? throw new StepFault("{{number}} is known inside an `each` step only.");
        if (path[0] == "item" && !HasItem) throw new StepFault("{{item}} is known inside an `each` step over values only.");
        var node = path[0] == "item" ? Item : Input;
        for (var i = 1; i < path.Count; i++)
        {
            node = node switch
            {
                JsonObject map when map.TryGetPropertyValue(path[i], out var child) => child,
                JsonArray list when int.TryParse(path[i], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < list.Count => list[index],
                _ => throw new StepFault($"The input has no value `{string.Join('.', path.Take(i + 1))}`, which this step needs."),
            };
        }

        return node;
    }

    /// <summary>The value at a path as text: a string as it is, a number or boolean as JSON writes it.</summary>
    /// <exception cref="StepFault">Nothing is there, or it is null, an object or a list.</exception>
    public string Text(IReadOnlyList<string> path) => Node(path) switch
    {
        null => throw new StepFault($"The input value `{string.Join('.', path)}` is null; this step needs one."),
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value => value.ToJsonString(),
        _ => throw new StepFault($"The input value `{string.Join('.', path)}` is an object or a list; this step needs a single value."),
    };
}
