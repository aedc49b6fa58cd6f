using System.Globalization;
using System.Text;
using System.Text.Json;
using Ostiary.TestKit;

namespace Ostiary.Server.Tests.Contract;

/// <summary>How far from the document a made request is.</summary>
internal enum Intent
{
    /// <summary>As the document says.</summary>
    Valid,

    /// <summary>Valid but for one or a few places.</summary>
    Nearly,

    /// <summary>Anything: broken bytes, absurd sizes, wrong types everywhere.</summary>
    Hostile,
}

/// <summary>A request as it will be sent.</summary>
internal sealed record MadeRequest(WireOperation Operation, Intent Intent, string Path, string? Body, byte[]? Bytes, string ContentType, string? IdempotencyKey)
{
    public override string ToString() => $"{Operation.Method} {(Path.Length > 300 ? Path[..300] + "…" : Path)} ({Intent}, {ContentType}{(IdempotencyKey is null ? "" : ", Idempotency-Key: " + Short(IdempotencyKey))}) {Short(Body ?? (Bytes is null ? "" : Convert.ToHexString(Bytes)))}";

    private static string Short(string text) => text.Length > 3_000 ? text[..3_000] + $"… ({text.Length} characters)" : text;
}

/// <summary>
/// Makes requests from the OpenAPI document: the same ones for the same seed. JSON is written as text, because what hurts a server (a name twice, half a surrogate pair, 1e400)
/// is what a JSON library refuses to write.
/// </summary>
internal sealed class RequestMaker(WireContract contract, int seed, Func<string, Random, string?> knownId)
{
    private static readonly string[] Texts =
    [
        "", " ", "a", "Ada Lovelace", "é", "日本語", "🔑🔑", "\u202eevil", "'; DROP TABLE agents; --", "../../etc/passwd", "%00%0a", "<script>alert(1)</script>", "{{7*7}}", "null", "true", "0", "\t\r\n", "\u0001\u001f\u007f", "\ufffe\uffff", "a\u0000b",
        "http://127.0.0.1:9/", "https://[::1]:99999/", "http://127.0.0.1:9/\ud83d\ude00?q=ü#x", "http://user:pw@127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)", "http://", "//x", "http://169.254.169.254/", "2026-03-01T12:00:00Z", "JBSWY3DPEHPK3PXP", "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=0", "*",
        "agent.created", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "{\"x-a\":\"b\"}", "{\"x\ny\":\"b\"}", "[1]", "webhook", "active", "username_password",
    ];

    private static readonly string[] Numbers = ["0", "-0", "1", "-1", "1800", "1.0", "1.5", "3e1", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e400", "-1e400", "1e-400", "0.1", "123456789012345678901234567890", "1E+2"];

    private static readonly string[] JsonSchemas =
    [
        "{}", """{"type":"object"}""", """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""", """{"type":"array","items":{"$ref":"#"}}""", """{"$ref":"#/nothing"}""", """{"$ref":"https://example.com/x"}""", """{"pattern":"(a+)+$"}""", """{"pattern":"["}""", """{"type":"nonsense"}""",
        """{"type":7}""", """{"required":"a"}""", """{"properties":[]}""", """{"minimum":"a"}""", """{"minLength":-1}""", """{"maxItems":1e400}""", """{"enum":[]}""", """{"const":1e400}""", """{"multipleOf":0}""", """{"allOf":[{"$ref":"#"}]}""", """{"if":true,"then":7}""", """{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}""",
        """{"unevaluatedProperties":false}""", """{"format":"date-time"}""", """{"$id":"x","$anchor":"y","$schema":"http://json-schema.org/draft-04/schema#"}""", """{"items":[true,false]}""", """{"dependentRequired":{"a":["b"]}}""",
    ];

    private static readonly string[] Flows =
    [
        """{"title":"t","steps":[]}""", """{"title":"t","steps":[{"type":"navigate","url":"http://127.0.0.1:9/"}]}""", """{"title":"t","timeout":5000,"steps":[{"type":"click","selectors":[["#a"],["aria/Sign in"]],"offsetX":1,"offsetY":1}]}""", """{"steps":[{"type":"change","selectors":["#a"],"value":"{{input.name}}"}]}""",
        """{"title":"t","steps":[{"type":"customStep","name":"extract","parameters":{"fields":{"a":"h1"}}}]}""", """{"title":7,"steps":{}}""", """{"title":"t","steps":[{}]}""", """{"title":"t","steps":[7,null,"x",[]]}""", """{"title":"t","steps":[{"type":"fly"}]}""", """{"title":"t","steps":[{"type":"click","selectors":[[[]]]}]}""",
        """{"title":"t","timeout":-1,"steps":[{"type":"waitForElement","selectors":["xpath//["],"timeout":1e400}]}""", """{"title":"t","steps":[{"type":"customStep","name":"each","parameters":{"steps":[{"type":"customStep","name":"each","parameters":{}}]}}]}""",
    ];

    /// <summary>The request with a number; the same for the same seed and the same known ids.</summary>
    public MadeRequest Make(int number)
    {
        var random = new Random(HashCode(seed, number));
        var operation = contract.Operations[number % contract.Operations.Count];
        var intent = random.Next(10) switch { < 4 => Intent.Valid, < 8 => Intent.Nearly, _ => Intent.Hostile };
        var path = operation.Path.Replace("{id}", PathId(operation, random, intent), StringComparison.Ordinal) + Query(operation, random, intent);
        string? body = null;
        byte[]? bytes = null;
        var contentType = "application/json";
        if (operation.Json.TryGetProperty("requestBody", out var declared))
        {
            var schema = declared.GetProperty("content").GetProperty("application/json").GetProperty("schema");
            if (intent == Intent.Hostile && random.Next(2) == 0) (body, bytes) = BrokenBody(random, schema);
            else body = Write(schema, random, intent);
        }
        else if (operation.Method != "GET" && random.Next(4) == 0)
        {
            body = intent == Intent.Valid ? "{}" : Anything(random, 0);
        }

        if (intent == Intent.Hostile && random.Next(10) == 0) contentType = Pick(random, ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/vnd.api+json", "nonsense", "text/json"]);
        var key = operation.Method == "GET" || random.Next(5) > 0 ? null : random.Next(6) switch { 0 => new string('k', 257), 1 => "again", _ => $"key-{number}" };
        return new MadeRequest(operation, intent, path, body, bytes, contentType, key);
    }

    // Not HashCode.Combine, which differs from process to process.
    private static int HashCode(int seed, int number) => unchecked((seed * 486_187_739) ^ (number * 16_777_619) ^ (number << 13));

    private static T Pick<T>(Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    private string PathId(WireOperation operation, Random random, Intent intent)
    {
        if (!operation.Path.Contains("{id}", StringComparison.Ordinal)) return "";
        var pattern = operation.Json.GetProperty("parameters").EnumerateArray().First(p => p.GetProperty("in").GetString() == "path").GetProperty("schema").GetProperty("pattern").GetString()!;
        var prefix = pattern[1..pattern.IndexOf('[')];
        if (intent == Intent.Valid || random.Next(3) > 0) return knownId(prefix, random) ?? prefix + "0000000000000000000000";
        // NUL in a path is refused by the web server itself, before the API sees it.
        return Pick(random, [prefix, prefix + "x", prefix + new string('a', 65), prefix + new string('a', 3_000), "%F0%9F%94%91", "%ED%A0%80", "..%2f..", prefix + "%20", "'", "%25", prefix + "a;b", "~", "%zz", "null", prefix + "%0A", "%5B%5D", "src_1,agt_1", "*"]);
    }

    private string Query(WireOperation operation, Random random, Intent intent)
    {
        if (!operation.Json.TryGetProperty("parameters", out var declared)) return random.Next(20) == 0 ? "?nobody=knows" : "";
        var parts = new List<string>();
        foreach (var parameter in declared.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "query"))
        {
            if (random.Next(4) > 0) continue;
            var name = parameter.GetProperty("name").GetString()!;
            var schema = parameter.GetProperty("schema");
            var many = schema.TryGetProperty("items", out var items);
            var wrong = intent == Intent.Hostile || (intent == Intent.Nearly && random.Next(2) == 0);
            var values = Enumerable.Range(0, many ? random.Next(1, 4) : 1).Select(_ => wrong ? Uri.EscapeDataString(Safe(Pick(random, Texts))) : QueryValue(many ? items : schema, random)).ToList();
            if (wrong && random.Next(20) == 0) values = [new string('9', random.Next(2) == 0 ? 300 : 20_000)];
            if (wrong && random.Next(10) == 0) values = [Pick(random, ["%", "%zz", "%00", "%ED%A0%80", "%C3%28", "&", "=", "+", "%2B", "1e3", "%205", "-1", "1,2", "0x10", "2026-13-01", "2026-03-01T25:00:00Z", "0000-00-00", "99999-01-01"])];
            parts.Add(random.Next(2) == 0 && many ? string.Join('&', values.Select(v => $"{name}={v}")) : $"{name}{(many && random.Next(4) == 0 ? "[]" : "")}={string.Join(',', values)}");
        }

        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private string QueryValue(JsonElement schema, Random random)
    {
        if (schema.TryGetProperty("enum", out var words)) return words[random.Next(words.GetArrayLength())].GetString()!;
        if (schema.TryGetProperty("pattern", out var pattern) && pattern.GetString() is { } text) return knownId(text[1..text.IndexOf('[')], random) ?? text[1..text.IndexOf('[')] + "0000000000000000000000";
        if (schema.TryGetProperty("format", out _)) return Pick(random, ["2026-03-01T12:00:00Z", "2026-03-01", "2099-12-31T23:59:59.999%2B02:00", "1970-01-01T00:00:00+00:00"]);
        if (schema.TryGetProperty("minimum", out var least)) return random.Next(least.GetInt32(), schema.GetProperty("maximum").GetInt32() + 1).ToString(CultureInfo.InvariantCulture);
        return Pick(random, ["user-1", "MTIzfmFndF8x"]);
    }

    // A valid value, and with an intent other than valid some places that are not.
    private string Write(JsonElement written, Random random, Intent intent, string name = "", int depth = 0)
    {
        if (intent != Intent.Valid && depth > 0 && random.Next(intent == Intent.Hostile ? 3 : 8) == 0) return Anything(random, depth);
        var schema = contract.Resolve(written);
        if (schema.TryGetProperty("anyOf", out var choices)) return random.Next(8) == 0 ? "null" : Write(choices[0], random, intent, name, depth);
        if (schema.TryGetProperty("enum", out var words)) return words[random.Next(words.GetArrayLength())].GetRawText();
        var type = schema.TryGetProperty("type", out var declared) ? declared.ValueKind == JsonValueKind.Array ? random.Next(8) == 0 ? "null" : declared[0].GetString()! : declared.GetString()! : "any";
        return type switch
        {
            "null" => "null",
            "boolean" => random.Next(2) == 0 ? "true" : "false",
            "integer" => random.Next(schema.GetProperty("minimum").GetInt32(), schema.GetProperty("maximum").GetInt32()).ToString(CultureInfo.InvariantCulture),
            "array" => $"[{string.Join(',', Enumerable.Range(0, random.Next(0, 4)).Select(_ => Write(schema.GetProperty("items"), random, intent, name, depth + 1)))}]",
            "object" when schema.TryGetProperty("properties", out var properties) => WriteObject(schema, properties, random, intent, depth),
            "object" => FreeObject(name, random, intent, depth),
            "string" => WriteText(schema, name, random),
            _ => Anything(random, depth),
        };
    }

    private string WriteObject(JsonElement schema, JsonElement properties, Random random, Intent intent, int depth)
    {
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(n => n.GetString()!).ToHashSet() : [];
        var fields = new List<string>();
        // What a run takes place on is said once: two that do not belong together are a fault.
        var place = intent == Intent.Valid && properties.TryGetProperty("session_id", out _) && properties.TryGetProperty("credential_id", out _) ? Pick(random, ["credential_id", "source_id"]) : null;
        foreach (var property in properties.EnumerateObject())
        {
            var wanted = required.Contains(property.Name) ? intent == Intent.Valid || random.Next(6) > 0 : random.Next(3) == 0;
            // Who signs in by user name has both; nobody would send one of them on purpose.
            if (property.Name is "username" or "password" && intent == Intent.Valid) wanted = true;
            if (place is not null && property.Name.EndsWith("_id", StringComparison.Ordinal)) wanted = property.Name == place;
            if (wanted) fields.Add($"{Quote(property.Name)}:{Write(property.Value, random, intent, property.Name, depth + 1)}");
        }

        if (random.Next(6) == 0) fields.Add($"\"unknown_{random.Next(9)}\":{Anything(random, depth + 1)}");
        if (intent == Intent.Hostile && fields.Count > 0 && random.Next(8) == 0) fields.Add(fields[0]);
        if (intent == Intent.Hostile && random.Next(12) == 0) fields.Add("\"\\ud800\":1");
        return $"{{{string.Join(',', fields)}}}";
    }

    private string FreeObject(string name, Random random, Intent intent, int depth) => name switch
    {
        _ when name.EndsWith("schema", StringComparison.Ordinal) => random.Next(3) > 0 || intent == Intent.Valid ? Pick(random, intent == Intent.Valid ? JsonSchemas[..3] : JsonSchemas) : $"{{\"type\":\"object\",\"properties\":{Anything(random, depth)}}}",
        "program" => intent == Intent.Valid ? Flows[random.Next(1, 3)] : Pick(random, Flows),
        "storage" => Pick(random, ["""{"enabled":true}""", """{"enabled":true,"deduplication":true,"extraction":false}""", """{"enabled":"yes"}""", """{"extraction_schema":{"type":7},"deduplication_schema":[]}""", "{}"]),
        "source_fields" => Pick(random, ["""{"branch":"7"}""", """{"pin":{"value":"1","secret":true}}""", """{"pin":{"secret":1}}""", """{"Pin":"1"}""", """{"username":"x"}""", "{}", """{"a":1,"b":null,"c":[]}"""]),
        "input" or "inputs" => Pick(random, ["{}", """{"a":"b"}""", """{"a":1e400,"b":{"c":[1,2,3]}}""", """{"code":123456}"""]),
        _ => $"{{\"a\":{Anything(random, depth + 1)}}}",
    };

    private string WriteText(JsonElement schema, string name, Random random)
    {
        if (schema.TryGetProperty("pattern", out var pattern) && pattern.GetString() is { } text)
        {
            var prefix = text[1..text.IndexOf('[')];
            // A chosen id is a new one most of the time; any other id names something that is there.
            return name == "id" ? Quote($"{prefix}fuzz{random.Next(1_000_000):D6}") : Quote(knownId(prefix, random) ?? prefix + "0000000000000000000000");
        }

        if (name is "url" or "login_url") return Quote($"http://127.0.0.1:9/{random.Next(1_000)}");
        if (name is "created_after" or "created_before") return Quote(name == "created_after" ? "2026-03-01T12:00:00Z" : "2099-01-01");
        if (name == "totp_secret") return Quote("JBSWY3DPEHPK3PXP");
        if (name == "secret") return Quote("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        if (name == "custom_headers") return Quote("""{"x-team":"billing"}""");
        if (name is "events") return Quote(random.Next(4) == 0 ? "*" : "agent.created");
        if (name == "type") return Quote("webhook");
        var most = schema.TryGetProperty("maxLength", out var longest) ? longest.GetInt32() : 20;
        return Quote(random.Next(12) == 0 ? string.Concat(Enumerable.Repeat("🔑", most)) : random.Next(12) == 0 ? new string('x', most) : Pick(random, ["Ada", "Statements", "é 日本語 🔑", "user-17", "line\nline"]));
    }

    private static string Anything(Random random, int depth)
    {
        switch (random.Next(depth > 5 ? 6 : 12))
        {
            case 0: return Quote(Pick(random, Texts));
            case 1: return Pick(random, Numbers);
            case 2: return Pick(random, ["true", "false", "null"]);
            case 3: return Pick(random, ["[]", "{}", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\\ud83d\\udd11\""]);
            case 4: return Quote(new string(random.Next(2) == 0 ? 'x' : 'é', random.Next(4) == 0 ? 120_000 : 2_001));
            case 5: return Quote(Safe(RandomText(random)));
            case 6: return $"[{string.Join(',', Enumerable.Range(0, random.Next(5)).Select(_ => Anything(random, depth + 1)))}]";
            case 7: return $"{{{string.Join(',', Enumerable.Range(0, random.Next(5)).Select(i => $"{Quote(Pick(random, ["a", "b", "username", "type", "$ref", "value", "", "é"]) + i)}:{Anything(random, depth + 1)}"))}}}";
            case 8: return Nested('[', ']', random.Next(40, 90));
            case 9: return string.Concat(Enumerable.Repeat("{\"a\":", 60)) + "1" + new string('}', 60);
            case 10: return $"[{string.Join(',', Enumerable.Repeat("0", 5_000))}]";
            default: return $"{{\"a\":1,\"a\":{Anything(random, depth + 1)}}}";
        }
    }

    private (string? Text, byte[]? Bytes) BrokenBody(Random random, JsonElement schema)
    {
        var valid = Write(schema, random, Intent.Valid);
        return random.Next(14) switch
        {
            0 => (valid[..random.Next(valid.Length)], null),
            1 => (valid + random.Next(10), null),
            2 => ("", null),
            3 => (Pick(random, ["null", "[]", "7", "\"x\"", "true", "{", "}", "{}{}", "NaN", "Infinity", "{\"a\":undefined}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":1.}", "{\"a\":.5}", "{/**/}", "{\"a\":1,}", "{'a':1}"]), null),
            4 => (Nested('[', ']', 5_000), null),
            5 => (string.Concat(Enumerable.Repeat("{\"name\":", 101)) + "1" + new string('}', 101), null),
            6 => (null, [.. Encoding.UTF8.GetBytes(valid[..(valid.Length / 2)]), 0xff, 0xfe, 0xc3, 0x28, .. Encoding.UTF8.GetBytes(valid[(valid.Length / 2)..])]),
            7 => (null, Encoding.Unicode.GetBytes(valid)),
            8 => (null, [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(valid)]),
            9 => ($"{{\"name\":\"{new string('n', 1_000_100)}\"}}", null),
            10 => (valid.Replace("\"", "\\u0022", StringComparison.Ordinal), null),
            11 => (null, [.. Enumerable.Range(0, random.Next(200)).Select(_ => (byte)random.Next(256))]),
            12 => ($"{{\"input\":{Nested('[', ']', 99)}}}", null),
            _ => ("{\"\\ud800\":1,\"name\":\"\\udfff\"}", null),
        };
    }

    private static string Nested(char open, char close, int depth) => new string(open, depth) + new string(close, depth);

    private static string RandomText(Random random) => new([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(0x20, random.Next(3) == 0 ? 0xffff : 0x7f))]);

    // Text that a URL or a well-formed JSON string can carry; broken halves are written as escapes on purpose elsewhere.
    private static string Safe(string text) => string.Concat(text.EnumerateRunes().Select(r => r.ToString()));

    private static string Quote(string text) => JsonSerializer.Serialize(Safe(text));
}
