using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Tasks;

/// <summary>One fault of a schema or of a value. <paramref name="Field"/> looks like <c>input.items[2].id</c>.</summary>
internal sealed record SchemaFault(string Field, string Message);

/// <summary>
/// JSON Schema (2020-12, and what drafts 4 to 2019-09 wrote differently) for a task's input and output. Nothing is ever fetched: references lead within the
/// schema. Written here over System.Text.Json because the libraries that can be had skip <c>const</c>, <c>if</c>, <c>prefixItems</c> and boolean schemas without
/// a word, take "1" for 1 in <c>enum</c>, and stop at the first fault below an array; a schema that is silently not checked is worse than none.
/// </summary>
internal static partial class JsonSchemas
{
    private const int MaxCached = 256;

    // Keywords that need a record of what other keywords looked at. Refused by name instead of being passed over.
    private static readonly string[] Unsupported = ["unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"];

    private static readonly string[] Types = ["null", "boolean", "object", "array", "number", "integer", "string"];

    private static readonly ConcurrentDictionary<string, Schema> Cache = new(StringComparer.Ordinal);

    /// <summary>
    /// Every fault of a schema; empty when it can be used. Unknown keywords are no fault. <paramref name="root"/> is what the paths start with
    /// (<c>input_schema</c>), or empty.
    /// </summary>
    public static IReadOnlyList<SchemaFault> CheckSchema(JsonElement schema, string root = "")
    {
        if (schema.ValueKind != JsonValueKind.Object) return [new SchemaFault(root, "A schema is a JSON object, for instance {\"type\": \"object\", \"properties\": {…}}.")];
        var faults = SchemaOf(schema).Faults;
        return root.Length == 0 ? faults : [.. faults.Select(f => f with { Field = f.Field.Length == 0 ? root : $"{root}.{f.Field}" })];
    }

    /// <summary>
    /// Every fault of a value; empty when it matches. Messages say in words what was expected and hold no part of the value. A schema that has faults
    /// itself (see <see cref="CheckSchema"/>) matches nothing.
    /// </summary>
    /// <param name="root">What the paths start with: <c>input</c>, <c>output</c>.</param>
    public static IReadOnlyList<SchemaFault> Validate(JsonElement schema, JsonElement value, string root = "input")
    {
        if (schema.ValueKind != JsonValueKind.Object) return [new SchemaFault(root, "The schema is not a JSON object.")];
        var compiled = SchemaOf(schema);
        if (compiled.Faults.Count > 0) return [new SchemaFault(root, $"The schema is faulty at `{compiled.Faults[0].Field}`: {compiled.Faults[0].Message}")];
        var check = new Check(compiled);
        check.Apply(compiled.Root, value, root, check.Faults);
        return check.Faults;
    }

    private static Schema SchemaOf(JsonElement schema)
    {
        var text = schema.GetRawText();
        if (Cache.TryGetValue(text, out var known)) return known;
        // Schemas are few and small; starting afresh now and then is cheaper than keeping an order of use.
        if (Cache.Count >= MaxCached) Cache.Clear();
        return Cache.GetOrAdd(text, new Schema(schema.Clone()));
    }

    /// <summary>A schema read once: its faults, its patterns, and where its references lead.</summary>
    private sealed class Schema
    {
        private readonly List<SchemaFault> faults = [];
        private readonly Dictionary<string, JsonElement> anchors = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Regex> patterns = new(StringComparer.Ordinal);
        private readonly Dictionary<string, JsonElement> references = new(StringComparer.Ordinal);
        private readonly HashSet<string> withoutEnd = new(StringComparer.Ordinal);
        private readonly string id;

        public Schema(JsonElement root)
        {
            Root = root;
            id = root.TryGetProperty("$id", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!.TrimEnd('#') : "";
            Anchors(root, 0);
            Read(root, "");
            if (faults.Count == 0) FindLoops();
        }

        public JsonElement Root { get; }
        public IReadOnlyList<SchemaFault> Faults => faults;

        public Regex Pattern(string source) => patterns[source];

        public JsonElement Reference(string reference) => references[reference];

        private void Anchors(JsonElement json, int depth)
        {
            if (depth > 64) return;
            if (json.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in json.EnumerateObject())
                {
                    if (property.Name is "$anchor" or "$dynamicAnchor" && property.Value.ValueKind == JsonValueKind.String) anchors[property.Value.GetString()!] = json;
                    else if (property.Name is "$id" or "id" && property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() is ['#', _, ..] name) anchors[name[1..]] = json;
                    else if (property.Name is not ("enum" or "const" or "default" or "examples")) Anchors(property.Value, depth + 1);
                }
            }
            else if (json.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in json.EnumerateArray()) Anchors(item, depth + 1);
            }
        }

        private void Read(JsonElement schema, string path)
        {
            if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return;
            if (schema.ValueKind != JsonValueKind.Object)
            {
                Fault(path, "A schema is an object, true or false.");
                return;
            }

            foreach (var property in schema.EnumerateObject()) Keyword(property.Name, property.Value, path.Length == 0 ? property.Name : $"{path}.{property.Name}");
        }

        private void Keyword(string name, JsonElement value, string path)
        {
            switch (name)
            {
                case "type":
                    if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0) foreach (var one in value.EnumerateArray()) TypeName(one, path);
                    else TypeName(value, path);
                    break;
                case "enum":
                    if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0) Fault(path, "`enum` is a list with at least one value.");
                    break;
                case "required":
                    StringList(name, value, path);
                    break;
                case "minimum" or "maximum":
                    if (value.ValueKind != JsonValueKind.Number) Fault(path, $"`{name}` is a number.");
                    break;
                case "exclusiveMinimum" or "exclusiveMaximum":
                    if (value.ValueKind is not (JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)) Fault(path, $"`{name}` is a number.");
                    break;
                case "multipleOf":
                    if (value.ValueKind != JsonValueKind.Number || value.GetDouble() <= 0) Fault(path, "`multipleOf` is a number above 0.");
                    break;
                case "minLength" or "maxLength" or "minItems" or "maxItems" or "minProperties" or "maxProperties" or "minContains" or "maxContains":
                    if (value.ValueKind != JsonValueKind.Number || value.GetDouble() < 0 || value.GetDouble() != Math.Floor(value.GetDouble())) Fault(path, $"`{name}` is a whole number from 0.");
                    break;
                case "uniqueItems":
                    if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) Fault(path, "`uniqueItems` is true or false.");
                    break;
                case "format" or "title" or "description" or "$comment" or "$anchor":
                    if (value.ValueKind != JsonValueKind.String) Fault(path, $"`{name}` is a string.");
                    break;
                case "pattern":
                    if (value.ValueKind == JsonValueKind.String) AddPattern(value.GetString()!, path);
                    else Fault(path, "`pattern` is a string.");
                    break;
                case "properties" or "$defs" or "definitions" or "dependentSchemas":
                    SchemaMap(name, value, path);
                    break;
                case "patternProperties":
                    if (SchemaMap(name, value, path)) foreach (var property in value.EnumerateObject()) AddPattern(property.Name, path);
                    break;
                case "dependentRequired":
                    if (value.ValueKind != JsonValueKind.Object) Fault(path, "`dependentRequired` is an object.");
                    else foreach (var property in value.EnumerateObject()) StringList(property.Name, property.Value, $"{path}.{property.Name}");
                    break;
                case "dependencies":
                    if (value.ValueKind != JsonValueKind.Object) Fault(path, "`dependencies` is an object.");
                    else
                    {
                        foreach (var property in value.EnumerateObject())
                        {
                            if (property.Value.ValueKind == JsonValueKind.Array) StringList(property.Name, property.Value, $"{path}.{property.Name}");
                            else Read(property.Value, $"{path}.{property.Name}");
                        }
                    }

                    break;
                case "allOf" or "anyOf" or "oneOf" or "prefixItems":
                    SchemaList(name, value, path);
                    break;
                case "items" when value.ValueKind == JsonValueKind.Array:
                    if (value.GetArrayLength() > 0) SchemaList(name, value, path);
                    break;
                case "items" or "additionalItems" or "contains" or "additionalProperties" or "propertyNames" or "not" or "if" or "then" or "else":
                    Read(value, path);
                    break;
                case "$ref":
                    AddReference(value, path);
                    break;
                default:
                    if (Unsupported.Contains(name, StringComparer.Ordinal)) Fault(path, $"`{name}` is not supported.");
                    break;
            }
        }

        private void TypeName(JsonElement value, string path)
        {
            if (value.ValueKind != JsonValueKind.String || !Types.Contains(value.GetString(), StringComparer.Ordinal)) Fault(path, $"`type` is one of {string.Join(", ", Types)}, or a list of them.");
        }

        private void StringList(string name, JsonElement value, string path)
        {
            if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(one => one.ValueKind != JsonValueKind.String)) Fault(path, $"`{name}` is a list of strings.");
        }

        private bool SchemaMap(string name, JsonElement value, string path)
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                Fault(path, $"`{name}` is an object of schemas.");
                return false;
            }

            foreach (var property in value.EnumerateObject()) Read(property.Value, $"{path}.{property.Name}");
            return true;
        }

        private void SchemaList(string name, JsonElement value, string path)
        {
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            {
                Fault(path, $"`{name}` is a list of schemas.");
                return;
            }

            var i = 0;
            foreach (var one in value.EnumerateArray()) Read(one, $"{path}[{i++}]");
        }

        private void AddPattern(string source, string path)
        {
            if (patterns.ContainsKey(source)) return;
            try
            {
                var pattern = new Regex(source, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
                try
                {
                    pattern = new Regex(source, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1));
                }
                catch (NotSupportedException)
                {
                    // Look-arounds and back-references: the time limit bounds them.
                }

                patterns[source] = pattern;
            }
            catch (ArgumentException)
            {
                Fault(path, "The pattern is not a valid regular expression.");
            }
        }

        private void AddReference(JsonElement value, string path)
        {
            if (value.ValueKind != JsonValueKind.String)
            {
                Fault(path, "`$ref` is a string.");
                return;
            }

            var reference = value.GetString()!;
            if (references.ContainsKey(reference)) return;
            if (Resolve(reference) is not { } target) Fault(path, $"`$ref` leads to nothing in this schema{(reference.StartsWith('#') ? "" : "; other documents are not fetched")}.");
            else if (target.ValueKind is not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False)) Fault(path, "`$ref` leads to something that is no schema.");
            else
            {
                references[reference] = target;
                // A target outside the keywords that hold schemas is read here, since nothing else does.
                if (reference is ['#', '/', ..] && !reference.StartsWith("#/$defs/", StringComparison.Ordinal) && !reference.StartsWith("#/definitions/", StringComparison.Ordinal)
                    && !reference.StartsWith("#/properties/", StringComparison.Ordinal)) Read(target, reference);
            }
        }

        private JsonElement? Resolve(string reference)
        {
            var hash = reference.IndexOf('#', StringComparison.Ordinal);
            var document = hash < 0 ? reference : reference[..hash];
            var fragment = hash < 0 ? "" : Uri.UnescapeDataString(reference[(hash + 1)..]);
            if (document.Length > 0 && document != id) return null;
            if (fragment.Length == 0) return Root;
            if (fragment[0] != '/') return anchors.TryGetValue(fragment, out var anchored) ? anchored : null;
            var at = Root;
            foreach (var token in fragment[1..].Split('/'))
            {
                var name = token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
                if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var child)) at = child;
                else if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength()) at = at[index];
                else return null;
            }

            return at;
        }

        /// <summary>References that come back to themselves without going deeper into the value would never end.</summary>
        private void FindLoops()
        {
            var done = new HashSet<string>(StringComparer.Ordinal);
            foreach (var reference in references.Keys.ToList()) Follow(reference, [], done);
            foreach (var reference in withoutEnd) Fault("$ref", $"`{(reference.Length <= 60 ? reference : reference[..59] + "…")}` leads back to itself without end.");
        }

        private void Follow(string reference, HashSet<string> path, HashSet<string> done)
        {
            if (done.Contains(reference)) return;
            if (!path.Add(reference))
            {
                withoutEnd.Add(reference);
                return;
            }

            foreach (var next in SamePlace(references[reference], 0)) Follow(next, path, done);
            path.Remove(reference);
            done.Add(reference);
        }

        /// <summary>References applied to the same value as <paramref name="schema"/> itself.</summary>
        private static IEnumerable<string> SamePlace(JsonElement schema, int depth)
        {
            if (schema.ValueKind != JsonValueKind.Object || depth > 64) yield break;
            foreach (var property in schema.EnumerateObject())
            {
                if (property.Name == "$ref") yield return property.Value.GetString()!;
                IEnumerable<JsonElement> inner = property.Name switch
                {
                    "allOf" or "anyOf" or "oneOf" => property.Value.EnumerateArray(),
                    "not" or "if" or "then" or "else" => [property.Value],
                    "dependentSchemas" or "dependencies" => property.Value.EnumerateObject().Select(p => p.Value),
                    _ => [],
                };
                foreach (var one in inner)
                    foreach (var reference in SamePlace(one, depth + 1)) yield return reference;
            }
        }

        private void Fault(string path, string message)
        {
            if (faults.Count < 100) faults.Add(new SchemaFault(path, message));
        }
    }

    /// <summary>One check of one value.</summary>
    private sealed class Check(Schema schema)
    {
        // Alternatives inside alternatives multiply; this many looks are far more than any sensible schema needs.
        private const int MaxLooks = 500_000;
        private const int MaxFaults = 200;

        private int looks;

        public List<SchemaFault> Faults { get; } = [];

        public void Apply(JsonElement rules, JsonElement value, string path, List<SchemaFault> faults)
        {
            if (++looks > MaxLooks)
            {
                if (looks == MaxLooks + 1) Fault(Faults, path, "The schema is too complicated to be checked against this value.");
                return;
            }

            if (rules.ValueKind == JsonValueKind.True) return;
            if (rules.ValueKind == JsonValueKind.False)
            {
                Fault(faults, path, "Nothing is allowed here.");
                return;
            }

            if (rules.TryGetProperty("$ref", out var reference)) Apply(schema.Reference(reference.GetString()!), value, path, faults);
            if (rules.TryGetProperty("type", out var type) && !HasType(value, type))
            {
                Fault(faults, path, $"Expected {Expected(type)}, got {Named(value)}.");
                // What follows would only repeat it.
                return;
            }

            if (rules.TryGetProperty("enum", out var options) && !options.EnumerateArray().Any(option => AreEqual(option, value))) Fault(faults, path, $"Expected one of {List(options)}.");
            if (rules.TryGetProperty("const", out var only) && !AreEqual(only, value)) Fault(faults, path, $"Expected {Short(only)}.");

            switch (value.ValueKind)
            {
                case JsonValueKind.Number: Number(rules, value, path, faults); break;
                case JsonValueKind.String: Text(rules, value.GetString()!, path, faults); break;
                case JsonValueKind.Array: Array(rules, value, path, faults); break;
                case JsonValueKind.Object: Object(rules, value, path, faults); break;
            }

            Combine(rules, value, path, faults);
        }

        private static void Number(JsonElement rules, JsonElement value, string path, List<SchemaFault> faults)
        {
            var exclusiveMinimum = rules.TryGetProperty("exclusiveMinimum", out var above);
            var exclusiveMaximum = rules.TryGetProperty("exclusiveMaximum", out var below);
            if (rules.TryGetProperty("minimum", out var minimum))
            {
                // Draft 4 wrote the exclusive bounds as flags.
                if (above.ValueKind == JsonValueKind.True ? Compare(value, minimum) <= 0 : Compare(value, minimum) < 0)
                    Fault(faults, path, $"Expected a number {(above.ValueKind == JsonValueKind.True ? "above" : "of at least")} {Short(minimum)}.");
            }

            if (rules.TryGetProperty("maximum", out var maximum))
            {
                if (below.ValueKind == JsonValueKind.True ? Compare(value, maximum) >= 0 : Compare(value, maximum) > 0)
                    Fault(faults, path, $"Expected a number {(below.ValueKind == JsonValueKind.True ? "below" : "of at most")} {Short(maximum)}.");
            }

            if (exclusiveMinimum && above.ValueKind == JsonValueKind.Number && Compare(value, above) <= 0) Fault(faults, path, $"Expected a number above {Short(above)}.");
            if (exclusiveMaximum && below.ValueKind == JsonValueKind.Number && Compare(value, below) >= 0) Fault(faults, path, $"Expected a number below {Short(below)}.");
            if (rules.TryGetProperty("multipleOf", out var step) && !IsMultiple(value, step)) Fault(faults, path, $"Expected a multiple of {Short(step)}.");
        }

        private void Text(JsonElement rules, string text, string path, List<SchemaFault> faults)
        {
            if (rules.TryGetProperty("minLength", out var minimum) && Length(text) < minimum.GetDouble()) Fault(faults, path, $"Expected at least {Count(minimum, "character")}.");
            if (rules.TryGetProperty("maxLength", out var maximum) && Length(text) > maximum.GetDouble()) Fault(faults, path, $"Expected at most {Count(maximum, "character")}.");
            if (rules.TryGetProperty("pattern", out var pattern))
            {
                try
                {
                    if (!schema.Pattern(pattern.GetString()!).IsMatch(text)) Fault(faults, path, $"Expected text of the form {Short(pattern)}.");
                }
                catch (RegexMatchTimeoutException)
                {
                    Fault(faults, path, "The pattern could not be checked against this text in one second.");
                }
            }

            if (rules.TryGetProperty("format", out var format) && Formats.Fault(format.GetString()!, text) is { } wanted) Fault(faults, path, $"Expected {wanted}.");
        }

        private void Array(JsonElement rules, JsonElement value, string path, List<SchemaFault> faults)
        {
            var count = value.GetArrayLength();
            if (rules.TryGetProperty("minItems", out var minimum) && count < minimum.GetDouble()) Fault(faults, path, $"Expected at least {Count(minimum, "item")}; there are {count}.");
            if (rules.TryGetProperty("maxItems", out var maximum) && count > maximum.GetDouble()) Fault(faults, path, $"Expected at most {Count(maximum, "item")}; there are {count}.");
            if (rules.TryGetProperty("uniqueItems", out var unique) && unique.ValueKind == JsonValueKind.True)
            {
                var seen = new HashSet<string>(StringComparer.Ordinal);
                var k = 0;
                foreach (var item in value.EnumerateArray())
                {
                    if (!seen.Add(Canonical(item))) Fault(faults, $"{path}[{k}]", "Repeats an earlier item; every item has to be different.");
                    k++;
                }
            }

            var hasItems = rules.TryGetProperty("items", out var items);
            var tuple = rules.TryGetProperty("prefixItems", out var prefix) ? prefix : hasItems && items.ValueKind == JsonValueKind.Array ? items : default;
            var rest = tuple.ValueKind == JsonValueKind.Array && hasItems && items.ValueKind == JsonValueKind.Array
                ? rules.TryGetProperty("additionalItems", out var additional) ? additional : default
                : hasItems ? items : default;
            var fixedCount = tuple.ValueKind == JsonValueKind.Array ? tuple.GetArrayLength() : 0;
            var i = 0;
            foreach (var item in value.EnumerateArray())
            {
                if (i < fixedCount) Apply(tuple[i], item, $"{path}[{i}]", faults);
                else if (rest.ValueKind == JsonValueKind.False) Fault(faults, $"{path}[{i}]", $"Expected at most {fixedCount} items.");
                else if (rest.ValueKind != JsonValueKind.Undefined) Apply(rest, item, $"{path}[{i}]", faults);
                i++;
            }

            if (rules.TryGetProperty("contains", out var contains))
            {
                var found = value.EnumerateArray().Count(item => Matches(contains, item, path));
                var atLeast = rules.TryGetProperty("minContains", out var least) ? least.GetDouble() : 1;
                if (found < atLeast) Fault(faults, path, $"Expected at least {atLeast.ToString(CultureInfo.InvariantCulture)} item(s) of the described form; there are {found}.");
                if (rules.TryGetProperty("maxContains", out var most) && found > most.GetDouble()) Fault(faults, path, $"Expected at most {Short(most)} item(s) of the described form; there are {found}.");
            }
        }

        private void Object(JsonElement rules, JsonElement value, string path, List<SchemaFault> faults)
        {
            if (rules.TryGetProperty("required", out var required))
                foreach (var name in required.EnumerateArray())
                    if (!value.TryGetProperty(name.GetString()!, out _)) Fault(faults, Below(path, name.GetString()!), "Is required and missing.");
            var count = value.EnumerateObject().Count();
            if (rules.TryGetProperty("minProperties", out var minimum) && count < minimum.GetDouble()) Fault(faults, path, $"Expected at least {Count(minimum, "field")}.");
            if (rules.TryGetProperty("maxProperties", out var maximum) && count > maximum.GetDouble()) Fault(faults, path, $"Expected at most {Count(maximum, "field")}.");

            var hasProperties = rules.TryGetProperty("properties", out var properties);
            var hasPatterns = rules.TryGetProperty("patternProperties", out var patterns);
            var hasAdditional = rules.TryGetProperty("additionalProperties", out var additional);
            var hasNames = rules.TryGetProperty("propertyNames", out var names);
            foreach (var property in value.EnumerateObject())
            {
                var at = Below(path, property.Name);
                var known = false;
                if (hasProperties && properties.TryGetProperty(property.Name, out var own))
                {
                    known = true;
                    Apply(own, property.Value, at, faults);
                }

                if (hasPatterns)
                {
                    foreach (var pattern in patterns.EnumerateObject())
                    {
                        if (!IsMatch(schema.Pattern(pattern.Name), property.Name)) continue;
                        known = true;
                        Apply(pattern.Value, property.Value, at, faults);
                    }
                }

                if (!known && hasAdditional)
                {
                    if (additional.ValueKind == JsonValueKind.False) Fault(faults, at, "Is not a known field.");
                    else Apply(additional, property.Value, at, faults);
                }

                if (hasNames && !Matches(names, JsonSerializer.SerializeToElement(property.Name), at)) Fault(faults, at, "The field's name is not of the form that names have here.");
            }

            Dependent(rules, value, path, faults);
        }

        private void Dependent(JsonElement rules, JsonElement value, string path, List<SchemaFault> faults)
        {
            foreach (var keyword in (string[])["dependentRequired", "dependentSchemas", "dependencies"])
            {
                if (!rules.TryGetProperty(keyword, out var map)) continue;
                foreach (var entry in map.EnumerateObject())
                {
                    if (!value.TryGetProperty(entry.Name, out _)) continue;
                    if (entry.Value.ValueKind != JsonValueKind.Array)
                    {
                        Apply(entry.Value, value, path, faults);
                        continue;
                    }

                    foreach (var name in entry.Value.EnumerateArray())
                        if (!value.TryGetProperty(name.GetString()!, out _)) Fault(faults, Below(path, name.GetString()!), $"Is required together with `{entry.Name}`.");
                }
            }
        }

        private void Combine(JsonElement rules, JsonElement value, string path, List<SchemaFault> faults)
        {
            if (rules.TryGetProperty("allOf", out var all)) foreach (var one in all.EnumerateArray()) Apply(one, value, path, faults);
            if (rules.TryGetProperty("anyOf", out var any)) Alternatives(any, value, path, faults, exactlyOne: false);
            if (rules.TryGetProperty("oneOf", out var oneOf)) Alternatives(oneOf, value, path, faults, exactlyOne: true);
            if (rules.TryGetProperty("not", out var not) && Matches(not, value, path)) Fault(faults, path, "Is of a form that is not allowed.");
            if (rules.TryGetProperty("if", out var condition) && rules.TryGetProperty(Matches(condition, value, path) ? "then" : "else", out var follows)) Apply(follows, value, path, faults);
        }

        /// <summary>When none fits but one is meant by its type ("null or an object like this"), its faults say more than that none fits.</summary>
        private void Alternatives(JsonElement list, JsonElement value, string path, List<SchemaFault> faults, bool exactlyOne)
        {
            var fitting = 0;
            List<List<SchemaFault>> meant = [];
            foreach (var one in list.EnumerateArray())
            {
                var own = new List<SchemaFault>();
                Apply(one, value, path, own);
                if (own.Count == 0)
                {
                    fitting++;
                    if (!exactlyOne) return;
                }
                else if (!own.Any(f => f.Field == path))
                {
                    meant.Add(own);
                }
            }

            if (fitting == 1) return;
            if (fitting > 1) Fault(faults, path, "Is of more than one of the forms of which exactly one is allowed.");
            else if (meant.Count == 1) faults.AddRange(meant[0]);
            else Fault(faults, path, $"Is of none of the allowed forms{Forms(list)}.");
        }

        private static string Forms(JsonElement list)
        {
            var types = list.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Object && one.TryGetProperty("type", out var type) ? Expected(type) : "").Distinct(StringComparer.Ordinal).ToList();
            return types.Contains("") ? "" : $": {string.Join(", ", types)}";
        }

        private bool Matches(JsonElement rules, JsonElement value, string path)
        {
            var own = new List<SchemaFault>();
            Apply(rules, value, path, own);
            return own.Count == 0;
        }

        private static bool IsMatch(Regex pattern, string text)
        {
            try
            {
                return pattern.IsMatch(text);
            }
            catch (RegexMatchTimeoutException)
            {
                return false;
            }
        }

        private static void Fault(List<SchemaFault> faults, string path, string message)
        {
            var fault = new SchemaFault(path, message);
            if (faults.Count < MaxFaults && !faults.Contains(fault)) faults.Add(fault);
        }

        private static string Below(string path, string name) =>
            PlainName().IsMatch(name) ? $"{path}.{Cut(name)}" : $"{path}[{JsonSerializer.Serialize(Cut(name))}]";
    }

    private static bool HasType(JsonElement value, JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Any(one => HasType(value, one.GetString()!)) : HasType(value, type.GetString()!);

    private static bool HasType(JsonElement value, string type) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        // 2.0 is a whole number; the standard says so since draft 6.
        _ => value.ValueKind == JsonValueKind.Number && (value.TryGetDecimal(out var number) ? decimal.Truncate(number) == number : value.GetDouble() is var d && Math.Floor(d) == d),
    };

    private static string Expected(JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? string.Join(" or ", type.EnumerateArray().Select(one => Word(one.GetString()!))) : Word(type.GetString()!);

    private static string Word(string type) => type switch
    {
        "null" => "null",
        "boolean" => "true or false",
        "object" => "an object",
        "array" => "a list",
        "string" => "text",
        "number" => "a number",
        _ => "a whole number",
    };

    private static string Named(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "text",
        _ => HasType(value, "integer") ? "a whole number" : "a number",
    };

    private static string Cut(string text) => text.Length <= 60 ? text : text[..59] + "…";

    private static string Short(JsonElement rule) => Cut(rule.ValueKind == JsonValueKind.String ? $"“{rule.GetString()}”" : rule.GetRawText());

    private static string List(JsonElement options)
    {
        var shown = options.EnumerateArray().Take(10).Select(Short).ToList();
        if (options.GetArrayLength() > shown.Count) shown.Add("…");
        return string.Join(", ", shown);
    }

    private static string Count(JsonElement number, string noun) => $"{number.GetDouble().ToString(CultureInfo.InvariantCulture)} {noun}{(number.GetDouble() == 1 ? "" : "s")}";

    /// <summary>Length in characters as a person counts them to a first approximation: Unicode code points, as the standard says.</summary>
    private static int Length(string text) => text.EnumerateRunes().Count();

    private static int Compare(JsonElement a, JsonElement b) =>
        a.TryGetDecimal(out var x) && b.TryGetDecimal(out var y) ? x.CompareTo(y) : a.GetDouble().CompareTo(b.GetDouble());

    private static bool IsMultiple(JsonElement value, JsonElement step)
    {
        if (value.TryGetDecimal(out var x) && step.TryGetDecimal(out var y) && y != 0) return x % y == 0;
        var quotient = value.GetDouble() / step.GetDouble();
        return Math.Abs(quotient - Math.Round(quotient)) < 1e-9;
    }

    /// <summary>Equality of JSON values: 1 and 1.0 are equal, 1 and "1" are not, an object's order does not matter.</summary>
    private static bool AreEqual(JsonElement a, JsonElement b)
    {
        if (a.ValueKind != b.ValueKind) return false;
        return a.ValueKind switch
        {
            JsonValueKind.Number => Compare(a, b) == 0,
            JsonValueKind.String => a.GetString() == b.GetString(),
            JsonValueKind.Array or JsonValueKind.Object => Canonical(a) == Canonical(b),
            _ => true,
        };
    }

    private static string Canonical(JsonElement value)
    {
        var result = new StringBuilder();
        Write(value);
        return result.ToString();

        void Write(JsonElement one)
        {
            switch (one.ValueKind)
            {
                case JsonValueKind.Object:
                    result.Append('{');
                    foreach (var property in one.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                    {
                        result.Append(JsonSerializer.Serialize(property.Name)).Append(':');
                        Write(property.Value);
                        result.Append(',');
                    }

                    result.Append('}');
                    break;
                case JsonValueKind.Array:
                    result.Append('[');
                    foreach (var item in one.EnumerateArray())
                    {
                        Write(item);
                        result.Append(',');
                    }

                    result.Append(']');
                    break;
                case JsonValueKind.Number:
                    result.Append(one.TryGetDecimal(out var number) ? (number / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture) : one.GetDouble().ToString("R", CultureInfo.InvariantCulture));
                    break;
                case JsonValueKind.String:
                    result.Append(JsonSerializer.Serialize(one.GetString()));
                    break;
                default:
                    result.Append(one.GetRawText());
                    break;
            }
        }
    }

    [GeneratedRegex(@"^[A-Za-z_$][\w$-]*$")]
    private static partial Regex PlainName();

    /// <summary>The formats that are checked. Others are taken as remarks, as the standard has it.</summary>
    private static partial class Formats
    {
        /// <summary>What was expected, in words, or null when the text is of the format.</summary>
        public static string? Fault(string format, string text) => format switch
        {
            "date" => IsDate(text) ? null : "a date such as 2026-03-12",
            "time" => Time().IsMatch(text) ? null : "a time such as 14:05:00Z",
            "date-time" => IsDateTime(text) ? null : "a date and time such as 2026-03-12T14:05:00Z",
            "email" or "idn-email" => Email().IsMatch(text) && text.Length <= 320 ? null : "an e-mail address",
            "uri" or "iri" or "url" => text.All(c => !char.IsWhiteSpace(c) && !char.IsControl(c)) && Scheme().IsMatch(text) && Uri.TryCreate(text, UriKind.Absolute, out _) ? null : "an absolute URI such as https://example.com/",
            "uri-reference" or "iri-reference" => text.All(c => !char.IsWhiteSpace(c) && !char.IsControl(c)) && Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _) ? null : "a URI",
            "uuid" => Guid.TryParseExact(text, "D", out _) ? null : "a UUID",
            "ipv4" => Ipv4().IsMatch(text) && IPAddress.TryParse(text, out _) ? null : "an IPv4 address",
            "ipv6" => text.Contains(':') && !text.Contains('%') && !text.Contains('[') && IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? null : "an IPv6 address",
            "hostname" or "idn-hostname" => text.Length <= 253 && Hostname().IsMatch(text) ? null : "a host name",
            "duration" => Duration().IsMatch(text) ? null : "a duration such as P3DT4H",
            _ => null,
        };

        private static bool IsDate(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

        private static bool IsDateTime(string text) => text.Length > 11 && text[10] is 'T' or 't' or ' ' && IsDate(text[..10]) && Time().IsMatch(text[11..]);

        [GeneratedRegex(@"^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|z|[+-]([01]\d|2[0-3]):[0-5]\d)\z")]
        private static partial Regex Time();

        [GeneratedRegex(@"^[^\s@<>()\[\],;:""]+@[^\s@<>()\[\],;:""]+\z")]
        private static partial Regex Email();

        [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9+.-]*:")]
        private static partial Regex Scheme();

        [GeneratedRegex(@"^\d{1,3}(\.\d{1,3}){3}\z")]
        private static partial Regex Ipv4();

        [GeneratedRegex(@"^(?!-)[\p{L}\d-]{1,63}(?<!-)(\.(?!-)[\p{L}\d-]{1,63}(?<!-))*\.?\z")]
        private static partial Regex Hostname();

        [GeneratedRegex(@"^P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)\z")]
        private static partial Regex Duration();
    }
}
