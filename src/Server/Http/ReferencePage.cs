using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Http;

/// <summary>
/// The reference as one page of HTML, made from the OpenAPI document: no script, nothing from elsewhere, readable in light and dark, on paper and by a screen reader.
/// </summary>
internal sealed partial class ReferencePage
{
    private static readonly string Style = ReadStyle();
    private readonly StringBuilder _html = new();
    private readonly JsonObject _document;
    private readonly JsonObject _schemas;

    private ReferencePage(JsonObject document)
    {
        _document = document;
        _schemas = document["components"]!["schemas"]!.AsObject();
    }

    /// <summary>The page may load nothing and run nothing; its one style sheet stands in it and is named by its hash.</summary>
    public static string Policy { get; } = $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>The page of a document.</summary>
    public static byte[] Write(byte[] document) => Encoding.UTF8.GetBytes(new ReferencePage(JsonNode.Parse(document)!.AsObject()).Page());

    private string Page()
    {
        var info = _document["info"]!;
        Add($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
            <title>{Text(info["title"])} API reference</title><style>{Style}</style></head><body>
            <a class="skip" href="#content">Skip to the content</a>
            """);
        Navigation();
        Add($"<main id=\"content\" tabindex=\"-1\"><header><p class=\"over\">API reference, version {Text(info["version"])}</p><h1>{Text(info["title"])}</h1><p class=\"lead\">{Text(info["summary"])}</p>{Prose((string?)info["description"])}");
        Add($"<p>The same as an <a href=\"{OpenApiDocument.Path}\">OpenAPI {Text(_document["openapi"])} document</a>, for tools that make clients from it.</p></header>");
        foreach (var tag in _document["tags"]!.AsArray()) ChapterOf((string)tag!["name"]!, (string?)tag["description"]);
        Webhooks();
        Errors();
        Schemas();
        Add("</main></body></html>\n");
        return _html.ToString();
    }

    private void Navigation()
    {
        Add("<nav aria-label=\"Reference\"><details open><summary>Contents</summary><ul class=\"plain\">");
        foreach (var tag in _document["tags"]!.AsArray())
        {
            var name = (string)tag!["name"]!;
            Add($"<li><a href=\"#{Anchor(name)}\"><strong>{Text(name)}</strong></a><ul>");
            foreach (var (path, method, operation) in Operations(name)) Add($"<li><a href=\"#{operation["operationId"]}\" title=\"{Text(method)} {Text(path)}\">{Text(operation["summary"])}</a></li>");
            Add("</ul></li>");
        }

        if (_document["webhooks"] is not null) Add("<li><a href=\"#webhooks\"><strong>Webhooks</strong></a></li>");
        Add("<li><a href=\"#errors\"><strong>Errors</strong></a></li><li><a href=\"#schemas\"><strong>Schemas</strong></a></li></ul></details></nav>");
    }

    private void ChapterOf(string name, string? about)
    {
        Add($"<section id=\"{Anchor(name)}\" class=\"chapter\"><h2>{Text(name)}</h2>{Prose(about)}");
        foreach (var (path, method, operation) in Operations(name)) Route(path, method, operation);
        Add("</section>");
    }

    private IEnumerable<(string Path, string Method, JsonObject Operation)> Operations(string tag)
    {
        foreach (var (path, item) in _document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject())
            {
                if ((string?)operation!["tags"]![0] == tag) yield return (path, method.ToUpperInvariant(), operation.AsObject());
            }
        }
    }

    private void Route(string path, string method, JsonObject operation)
    {
        var id = (string)operation["operationId"]!;
        Add($"<article id=\"{id}\" aria-labelledby=\"{id}-title\"><h3 id=\"{id}-title\">{Text(operation["summary"])} <a class=\"here\" href=\"#{id}\" aria-label=\"Link to: {Text(operation["summary"])}\">#</a></h3>");
        Add($"<p class=\"route\"><span class=\"method {method.ToLowerInvariant()}\">{method}</span> <code>{ParameterName().Replace(Text(path), "<var>$0</var>")}</code></p>{Prose((string?)operation["description"])}");
        Add($"<p class=\"quiet\">Needs the scope <code>{Text(operation["x-scope"])}</code>{(operation["security"] is null ? "" : "; a component token may use it too")}.</p>");
        if (operation["parameters"] is JsonArray parameters) Parameters(parameters);
        if (operation["requestBody"] is JsonObject body)
        {
            var content = body["content"]!["application/json"]!;
            Add($"<h4>Body{((bool?)body["required"] == true ? "" : " <span class=\"quiet\">(may be absent)</span>")}</h4>");
            Fields(Resolve(content["schema"]!.AsObject()), isRequest: true);
            Example(content["example"], $"Example of the body of {operation["summary"]}");
        }

        Answers(operation);
        Add("</article>");
    }

    private void Parameters(JsonArray parameters)
    {
        Add("<h4>Parameters</h4><div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Parameters\"><table><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">In</th><th scope=\"col\">Type</th><th scope=\"col\">Meaning</th></tr></thead><tbody>");
        foreach (var parameter in parameters)
        {
            var schema = parameter!["schema"]!.AsObject();
            Add($"<tr><th scope=\"row\"><code>{Text(parameter["name"])}</code>{((bool?)parameter["required"] == true ? Required : "")}</th><td>{Text(parameter["in"])}</td><td>{TypeOf(schema)}</td><td>{Inline((string?)parameter["description"])}{Bounds(schema)}</td></tr>");
        }

        Add("</tbody></table></div>");
    }

    private void Answers(JsonObject operation)
    {
        Add("<h4>Answers</h4><ul class=\"answers\">");
        foreach (var (status, written) in operation["responses"]!.AsObject())
        {
            var response = Resolve(written!.AsObject());
            var isSuccess = status.StartsWith('2');
            if (isSuccess)
            {
                var (mediaType, content) = response["content"]!.AsObject().First();
                Add($"<li><span class=\"status good\">{status}</span> {(content!["schema"]!.AsObject().ContainsKey("$ref") ? TypeOf(content["schema"]!.AsObject()) : $"<code>{Text(mediaType)}</code>")}");
                Example(content["example"], $"Example of the answer of {operation["summary"]}");
                Add("</li>");
                continue;
            }

            // One line per status: its codes; what they mean is in the table of errors.
            var codes = CodeName().Matches((string)response["description"]!).Select(m => $"<a href=\"#error-{m.Groups[1].Value}\"><code>{m.Groups[1].Value}</code></a>");
            Add($"<li><span class=\"status\">{status}</span> {string.Join(", ", codes)}</li>");
        }

        Add("</ul>");
    }

    private void Webhooks()
    {
        if (_document["webhooks"] is not JsonObject webhooks) return;
        Add("<section id=\"webhooks\" class=\"chapter\"><h2>Webhooks</h2>");
        foreach (var (name, item) in webhooks)
        {
            var post = item!["post"]!;
            var content = post["requestBody"]!["content"]!["application/json"]!;
            Add($"<article><h3>{Text(name)}</h3>{Prose((string?)post["description"])}<p>Body: {TypeOf(content["schema"]!.AsObject())}</p>");
            Example(content["example"], $"Example of the webhook {name}");
            foreach (var (status, response) in post["responses"]!.AsObject()) Add($"<ul class=\"answers\"><li><span class=\"status good\">{Text(status)}</span> {Inline((string?)response!["description"])}</li></ul>");
            Add("</article>");
        }

        Add("</section>");
    }

    private void Errors()
    {
        Add("<section id=\"errors\" class=\"chapter\"><h2>Errors</h2>");
        Add(Prose("Every refusal has the form of [FaultEnvelope]. Decide by `code`; `message` is for people and may change. A failed run or connection carries the same elements in its `errors`.").Replace("[FaultEnvelope]", SchemaLink("FaultEnvelope"), StringComparison.Ordinal));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Table("Errors of a request", f => f["status"] is not null);
        Table("Errors of a run or connection", f => f["status"] is null);
        Add("</section>");

        void Table(string caption, Func<JsonNode, bool> belongs)
        {
            Add($"<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\"><table><caption>{caption}</caption><thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Type</th><th scope=\"col\">Code</th><th scope=\"col\">Meaning</th></tr></thead><tbody>");
            foreach (var fault in _document["x-errors"]!.AsArray().Where(f => belongs(f!)))
            {
                var code = (string)fault!["code"]!;
                var anchor = seen.Add(code) ? $" id=\"error-{code}\"" : "";
                Add($"<tr{anchor}><td>{Text(fault["status"]) switch { "" => "later", var status => status }}</td><td><code>{Text(fault["type"])}</code></td><th scope=\"row\"><code>{Text(code)}</code></th><td>{Inline((string?)fault["meaning"])}</td></tr>");
            }

            Add("</tbody></table></div>");
        }
    }

    private void Schemas()
    {
        Add("<section id=\"schemas\" class=\"chapter\"><h2>Schemas</h2>");
        foreach (var (name, schema) in _schemas)
        {
            Add($"<article id=\"schema-{name}\"><h3>{Text(name)}</h3>");
            Fields(schema!.AsObject(), isRequest: name.EndsWith("Request", StringComparison.Ordinal));
            Add("</article>");
        }

        Add("</section>");
    }

    private void Fields(JsonObject schema, bool isRequest)
    {
        var required = schema["required"] is JsonArray names ? names.Select(n => (string)n!).ToHashSet(StringComparer.Ordinal) : [];
        Add("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Fields\"><table><thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Type</th><th scope=\"col\">Meaning</th></tr></thead><tbody>");
        foreach (var (name, value) in schema["properties"]!.AsObject())
        {
            var field = value!.AsObject();
            var mark = isRequest ? (required.Contains(name) ? Required : "") : (required.Contains(name) ? "" : " <span class=\"quiet\">may be absent</span>");
            Add($"<tr><th scope=\"row\"><code>{Text(name)}</code>{mark}</th><td>{TypeOf(field)}</td><td>{Inline((string?)field["description"])}{Bounds(field)}</td></tr>");
        }

        Add("</tbody></table></div>");
    }

    private const string Required = " <span class=\"must\">required</span>";

    private string TypeOf(JsonObject schema)
    {
        if ((string?)schema["$ref"] is { } reference) return SchemaLink(reference[(reference.LastIndexOf('/') + 1)..]);
        if (schema["anyOf"] is JsonArray choices) return string.Join(" or ", choices.Select(c => TypeOf(c!.AsObject())));
        if (schema["const"] is { } constant) return $"<code>{Text(constant.ToJsonString(Json.Options))}</code>";
        var names = schema["type"] switch { JsonArray several => several.Select(t => (string)t!), JsonValue one => [(string)one!], _ => ["anything"] };
        return string.Join(" or ", names.Select(n => n == "array" && schema["items"] is JsonObject items ? $"list of {TypeOf(items)}" : n == "string" && (string?)schema["format"] == "date-time" ? "time" : Text(n)));
    }

    private static string Bounds(JsonObject schema)
    {
        var said = new List<string>();
        var item = schema["items"] as JsonObject ?? schema;
        if (item["enum"] is JsonArray words)
        {
            var list = string.Join(", ", words.Where(w => w is not null).Select(w => $"<code>{Text(w)}</code>"));
            said.Add(words.Count > 10 ? $"<details><summary>{words.Count} words</summary>{list}</details>" : $"One of {list}.");
        }

        if ((string?)item["pattern"] is { } pattern && pattern.IndexOf('[', StringComparison.Ordinal) is > 1 and var end) said.Add($"Starts with <code>{Text(pattern[1..end])}</code>.");
        if (item["maxLength"] is { } longest) said.Add($"At most {Number(longest)} characters.");
        if (item["minimum"] is { } least && item["maximum"] is { } most) said.Add($"From {Number(least)} to {Number(most)}{(item["default"] is { } usual ? $", {Number(usual)} when absent" : "")}.");
        if (schema["maxItems"] is { } items) said.Add($"At most {Number(items)} values.");
        return said.Count == 0 ? "" : $" <span class=\"quiet\">{string.Join(' ', said)}</span>";
    }

    private static string Number(JsonNode number) => ((long)number.AsValue()).ToString("#,0", CultureInfo.InvariantCulture);

    private string SchemaLink(string name) => _schemas.ContainsKey(name) ? $"<a href=\"#schema-{name}\">{Text(name)}</a>" : Text(name);

    private JsonObject Resolve(JsonObject written)
    {
        if ((string?)written["$ref"] is not { } reference) return written;
        JsonNode at = _document;
        foreach (var part in reference.TrimStart('#', '/').Split('/')) at = at[part]!;
        return at.AsObject();
    }

    private void Example(JsonNode? example, string label)
    {
        if (example is null) return;
        Add($"<pre tabindex=\"0\" role=\"region\" aria-label=\"{Text(label)}\"><code>");
        if (example is JsonValue value && value.GetValueKind() == JsonValueKind.String) Add(Text(value));
        else Print(example, 0);
        Add("</code></pre>");
    }

    private void Print(JsonNode? node, int depth)
    {
        var indent = new string(' ', 2 * (depth + 1));
        switch (node)
        {
            case JsonObject { Count: > 0 } json:
                Add("{\n");
                var at = 0;
                foreach (var (name, value) in json)
                {
                    Add($"{indent}<i>\"{Text(name)}\"</i>: ");
                    Print(value, depth + 1);
                    Add(++at < json.Count ? ",\n" : "\n");
                }

                Add($"{indent[2..]}}}");
                break;
            case JsonArray { Count: > 0 } list:
                Add("[");
                for (var i = 0; i < list.Count; i++)
                {
                    if (i > 0) Add(", ");
                    Print(list[i], depth);
                }

                Add("]");
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                Add($"<b>{Text(value.ToJsonString(Json.Options))}</b>");
                break;
            default:
                Add(Text(node?.ToJsonString(Json.Options) ?? "null"));
                break;
        }
    }

    // Paragraphs; `code` within.
    private static string Prose(string? text) => text is null ? "" : string.Concat(text.Split("\n\n").Select(p => $"<p>{Inline(p)}</p>"));

    private static string Inline(string? text) => text is null ? "" : Code().Replace(Text(text), "<code>$1</code>");

    private static string Text(JsonNode? value) => value is null ? "" : Text(value is JsonValue v && v.GetValueKind() == JsonValueKind.String ? (string)v! : value.ToJsonString(Json.Options));

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Anchor(string name) => "chapter-" + name.ToLowerInvariant().Replace(' ', '-');

    private void Add(string html) => _html.Append(html);

    private static string ReadStyle()
    {
        using var stream = typeof(ReferencePage).Assembly.GetManifestResourceStream("ReferencePage.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("`([a-z_]+)`:")]
    private static partial Regex CodeName();

    [GeneratedRegex(@"\{[a-z_]+\}")]
    private static partial Regex ParameterName();
}
