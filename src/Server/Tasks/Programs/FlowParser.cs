using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>Reads a program from JSON and collects every fault with the path it stands at.</summary>
internal sealed partial class FlowParser
{
    private const int MaxDepth = 3;

    private readonly List<FlowFault> faults = [];
    private int steps;

    public static FlowParse Parse(JsonElement json)
    {
        var parser = new FlowParser();
        var program = parser.Program(json);
        return parser.faults.Count > 0 ? new FlowParse(null, parser.faults) : new FlowParse(program, []);
    }

    private FlowProgram? Program(JsonElement json)
    {
        const string path = "program";
        if (json.ValueKind != JsonValueKind.Object)
        {
            Fault(path, "A program is a JSON object as Chrome DevTools Recorder exports it: {\"title\", \"steps\": [...]}.");
            return null;
        }

        var title = OptionalText(json, "title", path) ?? "";
        var timeout = Timeout(json, path);
        if (!json.TryGetProperty("steps", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            Fault($"{path}.steps", "A program has a list of `steps`.");
            return null;
        }

        if (list.GetArrayLength() == 0) Fault($"{path}.steps", "A program has at least one step.");
        var parsed = Steps(list, $"{path}.steps", depth: 0);
        return new FlowProgram(title, timeout, parsed) { SignIn = faults.Count == 0 ? SignInOf(parsed) : null };
    }

    private List<FlowStep> Steps(JsonElement list, string path, int depth)
    {
        var result = new List<FlowStep>();
        var number = 0;
        foreach (var json in list.EnumerateArray())
        {
            var at = $"{path}[{number++}]";
            if (++steps > FlowProgram.MaxSteps)
            {
                Fault(path, $"A program has at most {FlowProgram.MaxSteps} steps.");
                break;
            }

            if (Step(json, at, number, depth) is { } step) result.Add(step);
        }

        return result;
    }

    private FlowStep? Step(JsonElement json, string path, int number, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            Fault(path, "A step is a JSON object.");
            return null;
        }

        if (!json.TryGetProperty("type", out var typeJson) || typeJson.ValueKind != JsonValueKind.String)
        {
            Fault($"{path}.type", "A step has a `type`, a string.");
            return null;
        }

        var type = typeJson.GetString()!;
        FlowStep? step = type switch
        {
            "setViewport" => Viewport(json, path, number, type),
            "emulateNetworkConditions" => new IgnoredStep(number, type),
            "navigate" => Navigate(json, path, number, type),
            "click" or "doubleClick" => Click(json, path, number, type),
            "change" => new ChangeStep(number, type, Selectors(json, path), Text(json, "value", path)),
            "keyDown" or "keyUp" => new KeyStep(number, type, Key(json, path), type == "keyDown"),
            "hover" => new HoverStep(number, type, Selectors(json, path)),
            "scroll" => new ScrollStep(number, type, Selectors(json, path, optional: true), Number(json, "x", path) ?? 0, Number(json, "y", path) ?? 0),
            "waitForElement" => WaitForElement(json, path, number, type),
            "waitForExpression" => new WaitForExpressionStep(number, type, Text(json, "expression", path, mustSay: true)),
            "close" => new CloseStep(number, type),
            "customStep" => Custom(json, path, number, depth),
            _ => null,
        };
        if (step is null)
        {
            if (type != "customStep") Fault($"{path}.type", $"The step type `{Short(type)}` is not known.");
            return null;
        }

        return step with
        {
            Title = OptionalText(json, "title", path),
            Timeout = Timeout(json, path),
            Target = OptionalText(json, "target", path) is { } target && target != "main" ? target : null,
            Frame = Frame(json, path),
            AssertsNavigation = AssertsNavigation(json, path),
        };
    }

    private SetViewportStep Viewport(JsonElement json, string path, int number, string type)
    {
        var width = Number(json, "width", path);
        var height = Number(json, "height", path);
        if (width is null && !json.TryGetProperty("width", out _)) Fault($"{path}.width", "`setViewport` has a `width` in CSS pixels.");
        if (height is null && !json.TryGetProperty("height", out _)) Fault($"{path}.height", "`setViewport` has a `height` in CSS pixels.");
        return new SetViewportStep(number, type, Side(width, 1280), Side(height, 720));

        static int Side(double? value, int otherwise) => value is null ? otherwise : (int)Math.Clamp(value.Value, 200, 4_000);
    }

    private FlowStep Navigate(JsonElement json, string path, int number, string type)
    {
        var url = Text(json, "url", path, mustSay: true);
        // A recording that was started on an empty tab begins there. It is no page of the site, and opening it would lose the one we are on.
        if (url.Source is "about:blank" or "chrome://newtab/" or "chrome://newtab" or "chrome://new-tab-page/" or "chrome://new-tab-page") return new IgnoredStep(number, type);
        if (Scheme().Match(url.LiteralStart) is { Success: true } scheme && scheme.Groups[1].Value.ToLowerInvariant() is not ("http" or "https"))
            Fault($"{path}.url", $"Only http and https addresses are opened, not `{Short(scheme.Groups[1].Value)}:`.");
        else if (!url.HasPlaceholders && url.Source.Contains("//", StringComparison.Ordinal) && Scheme().IsMatch(url.Source) && !Uri.TryCreate(url.Source, UriKind.Absolute, out _))
            Fault($"{path}.url", "The address is not a URL.");
        return new NavigateStep(number, type, url);
    }

    private ClickStep Click(JsonElement json, string path, int number, string type)
    {
        var button = OptionalText(json, "button", path) switch
        {
            null or "primary" => ClickButton.Primary,
            "auxiliary" => ClickButton.Auxiliary,
            "secondary" => ClickButton.Secondary,
            "back" => ClickButton.Back,
            "forward" => ClickButton.Forward,
            _ => Faulty<ClickButton>($"{path}.button", "`button` is one of primary, auxiliary, secondary, back, forward."),
        };
        var touch = OptionalText(json, "deviceType", path) switch
        {
            null or "mouse" or "pen" => false,
            "touch" => true,
            _ => Faulty<bool>($"{path}.deviceType", "`deviceType` is one of mouse, pen, touch."),
        };
        var duration = Number(json, "duration", path) ?? 0;
        if (duration is < 0 or > 30_000) Fault($"{path}.duration", "`duration` is 0 to 30000 milliseconds.");
        return new ClickStep(number, type, Selectors(json, path))
        {
            Double = type == "doubleClick",
            OffsetX = Number(json, "offsetX", path),
            OffsetY = Number(json, "offsetY", path),
            Button = button,
            Touch = touch,
            Duration = TimeSpan.FromMilliseconds(Math.Clamp(duration, 0, 30_000)),
        };
    }

    private string Key(JsonElement json, string path)
    {
        var key = RequiredText(json, "key", path);
        if (key.Length > 1 && FlowKeys.MeantKey(key) is { } meant) Fault($"{path}.key", $"The key `{Short(key)}` is written `{meant}`.");
        return key;
    }

    private WaitForElementStep WaitForElement(JsonElement json, string path, int number, string type)
    {
        var comparison = OptionalText(json, "operator", path) ?? ">=";
        if (comparison is not (">=" or "==" or "<=")) Fault($"{path}.operator", "`operator` is one of >=, ==, <=.");
        var count = Number(json, "count", path) ?? 1;
        if (count < 0 || count != Math.Floor(count) || count > 1_000_000) Fault($"{path}.count", "`count` is a whole number from 0.");
        var attributes = Map(json, "attributes", path);
        if (attributes is { } map && map.EnumerateObject().Any(a => a.Value.ValueKind != JsonValueKind.String))
            Fault($"{path}.attributes", "`attributes` maps names to strings.");
        return new WaitForElementStep(number, type, Selectors(json, path))
        {
            Operator = comparison,
            Count = (int)Math.Clamp(count, 0, 1_000_000),
            Visible = Flag(json, "visible", path),
            Properties = Map(json, "properties", path),
            Attributes = attributes,
        };
    }

    private FlowStep? Custom(JsonElement json, string path, int number, int depth)
    {
        if (!json.TryGetProperty("name", out var nameJson) || nameJson.ValueKind != JsonValueKind.String)
        {
            Fault($"{path}.name", "A customStep has a `name`: extract, download or each.");
            return null;
        }

        var name = nameJson.GetString()!;
        if (name is not ("extract" or "download" or "each"))
        {
            Fault($"{path}.name", $"The customStep `{Short(name)}` is not known; there are extract, download and each.");
            return null;
        }

        if (!json.TryGetProperty("parameters", out var parameters) || parameters.ValueKind != JsonValueKind.Object)
        {
            Fault($"{path}.parameters", $"`{name}` has `parameters`, an object.");
            return null;
        }

        path += ".parameters";
        return name switch
        {
            "extract" => Extract(parameters, path, number, name),
            "download" => Download(parameters, json, path, number, name),
            _ => Each(parameters, path, number, name, depth),
        };
    }

    private ExtractStep Extract(JsonElement json, string path, int number, string type)
    {
        var list = json.TryGetProperty("list", out var listJson) ? Alternatives(listJson, $"{path}.list") : null;
        return new ExtractStep(number, type, As(json, path), list, Fields(json, path, depth: 0));
    }

    private List<ExtractField> Fields(JsonElement json, string path, int depth)
    {
        var result = new List<ExtractField>();
        if (!json.TryGetProperty("fields", out var fields) || fields.ValueKind != JsonValueKind.Object)
        {
            Fault($"{path}.fields", "`fields` is an object that maps names to selectors.");
            return result;
        }

        if (depth > MaxDepth)
        {
            Fault($"{path}.fields", $"Fields are nested at most {MaxDepth} deep.");
            return result;
        }

        foreach (var property in fields.EnumerateObject())
        {
            var at = $"{path}.fields.{property.Name}";
            if (result.Any(f => f.Name == property.Name)) Fault(at, "The field is given twice.");
            result.Add(Field(property.Name, property.Value, at, depth));
        }

        if (result.Count == 0) Fault($"{path}.fields", "`fields` names at least one field.");
        if (result.Count > 200) Fault($"{path}.fields", "`fields` names at most 200 fields.");
        return result;
    }

    private ExtractField Field(string name, JsonElement json, string path, int depth)
    {
        if (json.ValueKind is JsonValueKind.String or JsonValueKind.Array) return new ExtractField(name, ItselfOr(json, path));
        if (json.ValueKind != JsonValueKind.Object)
        {
            Fault(path, "A field is a selector, or an object with `selector` and what to read.");
            return new ExtractField(name, null);
        }

        var isList = json.TryGetProperty("list", out var listJson);
        var hasFields = json.TryGetProperty("fields", out _);
        IReadOnlyList<FlowSelector>? where = null;
        if (isList) where = Alternatives(listJson, $"{path}.list");
        else if (json.TryGetProperty("selector", out var selector)) where = ItselfOr(selector, $"{path}.selector");
        else if (json.TryGetProperty("selectors", out selector)) where = ItselfOr(selector, $"{path}.selectors");
        if (isList && !hasFields) Fault($"{path}.fields", "A field with `list` has `fields`; for a list of plain values give `selector` and `all: true`.");

        return new ExtractField(name, where)
        {
            Attribute = OptionalText(json, "attribute", path),
            Type = OptionalText(json, "type", path) switch
            {
                null or "string" => FieldType.Text,
                "number" => FieldType.Number,
                "integer" => FieldType.Integer,
                "boolean" => FieldType.Boolean,
                "date" => FieldType.Date,
                "object" or "array" when hasFields => FieldType.Text,
                _ => Faulty<FieldType>($"{path}.type", "`type` is one of string, number, integer, boolean, date."),
            },
            Pattern = Pattern(json, path),
            Optional = Flag(json, "optional", path) ?? false,
            All = Flag(json, "all", path) ?? false,
            Hints = Hints(json, path),
            Fields = hasFields ? Fields(json, path, depth + 1) : null,
            IsList = isList,
        };
    }

    /// <summary>A selector, or null for the element itself (<c>:scope</c> or <c>.</c>).</summary>
    private List<FlowSelector>? ItselfOr(JsonElement json, string path) =>
        json.ValueKind == JsonValueKind.String && json.GetString() is ":scope" or "." ? null : Alternatives(json, path);

    private FormatHints Hints(JsonElement json, string path)
    {
        var mark = OptionalText(json, "decimal", path);
        if (mark is not (null or "." or ",")) Fault($"{path}.decimal", "`decimal` is \".\" or \",\".");
        var locale = OptionalText(json, "locale", path);
        if (locale is not null && !LocaleTag().IsMatch(locale)) Fault($"{path}.locale", "`locale` is a language tag such as de, en-US or fr-CH.");
        var format = OptionalText(json, "format", path);
        if (format is not null && !DateText.IsFormat(format)) Fault($"{path}.format", "`format` is a date format such as dd.MM.yyyy or MMM d, yyyy HH:mm.");
        return mark is null && locale is null && format is null ? FormatHints.None : new FormatHints(mark is [var c, ..] ? c : null, locale, format);
    }

    private Regex? Pattern(JsonElement json, string path)
    {
        if (OptionalText(json, "pattern", path) is not { } source) return null;
        path += ".pattern";
        if (source.Length is 0 or > 1_000)
        {
            Fault(path, "`pattern` is a regular expression of 1 to 1000 characters.");
            return null;
        }

        Regex pattern;
        try
        {
            pattern = new Regex(source, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            // Linear time where the expression allows it; look-arounds and back-references do not, and keep the time limit.
            try
            {
                pattern = new Regex(source, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1));
            }
            catch (NotSupportedException)
            {
            }
        }
        catch (ArgumentException)
        {
            Fault(path, "`pattern` is not a valid regular expression.");
            return null;
        }

        if (pattern.GetGroupNumbers().Length > 2) Fault(path, "`pattern` has at most one group; write further ones as (?:…).");
        return pattern;
    }

    private DownloadStep Download(JsonElement json, JsonElement step, string path, int number, string type)
    {
        var url = json.TryGetProperty("url", out _) ? Text(json, "url", path, mustSay: true) : null;
        var holder = json.TryGetProperty("selectors", out _) || json.TryGetProperty("selector", out _) ? json : step;
        var hasSelectors = holder.TryGetProperty("selectors", out var selectors) || holder.TryGetProperty("selector", out selectors);
        if (hasSelectors == url is not null) Fault(path, "`download` has either `selectors` to click or a `url`.");
        if (url is not null && Scheme().Match(url.LiteralStart) is { Success: true } scheme && scheme.Groups[1].Value.ToLowerInvariant() is not ("http" or "https"))
            Fault($"{path}.url", "Only http and https addresses are opened.");
        var purpose = OptionalText(json, "purpose", path);
        if (purpose is not (null or "output" or "attachment" or "extraction")) Fault($"{path}.purpose", "`purpose` is output, attachment or extraction.");
        return new DownloadStep(number, type, hasSelectors ? Alternatives(selectors, $"{path}.selectors") : [], url, As(json, path)) { Purpose = purpose, Metadata = Metadata(json, path) };
    }

    private List<(string Name, FlowText Text)> Metadata(JsonElement json, string path)
    {
        var result = new List<(string, FlowText)>();
        if (!json.TryGetProperty("metadata", out var metadata) || metadata.ValueKind == JsonValueKind.Null) return result;
        path += ".metadata";
        if (metadata.ValueKind != JsonValueKind.Object || metadata.EnumerateObject().Count() > MostMetadata)
        {
            Fault(path, $"`metadata` is an object of at most {MostMetadata} texts.");
            return result;
        }

        foreach (var property in metadata.EnumerateObject())
        {
            if (property.Name.Length is 0 or > 100 || result.Any(r => r.Item1 == property.Name)) Fault(path, "A name in `metadata` has 1 to 100 characters and stands there once.");
            else result.Add((property.Name, Text(metadata, property.Name, path)));
        }

        return result;
    }

    private const int MostMetadata = 20;

    private EachStep Each(JsonElement json, string path, int number, string type, int depth)
    {
        FlowText? values = null;
        JsonElement? literal = null;
        List<FlowSelector> where = [];
        if (json.TryGetProperty("values", out var valuesJson))
        {
            if (valuesJson.ValueKind == JsonValueKind.Array) literal = valuesJson.Clone();
            else
            {
                values = Text(json, "values", path);
                if (!values.IsPlaceholder) Fault($"{path}.values", "`values` is a list, or a placeholder for one such as {{input.ids}}.");
            }
        }

        var hasList = json.TryGetProperty("list", out var list) || json.TryGetProperty("selectors", out list);
        if (hasList) where = Alternatives(list, $"{path}.list");
        if (hasList == (values is not null || literal is not null)) Fault(path, "`each` has either `list`, a selector of elements, or `values`.");
        var limit = Number(json, "limit", path);
        if (limit is not null && (limit < 1 || limit != Math.Floor(limit.Value))) Fault($"{path}.limit", "`limit` is a whole number from 1.");

        List<FlowStep> inner = [];
        if (!json.TryGetProperty("steps", out var stepsJson) || stepsJson.ValueKind != JsonValueKind.Array || stepsJson.GetArrayLength() == 0)
            Fault($"{path}.steps", "`each` has a list of `steps` to repeat.");
        else if (depth >= MaxDepth)
            Fault($"{path}.steps", $"`each` is nested at most {MaxDepth} deep.");
        else
            inner = Steps(stepsJson, $"{path}.steps", depth + 1);
        return new EachStep(number, type, where, values, As(json, path), limit is null ? null : (int)Math.Min(limit.Value, int.MaxValue), inner) { LiteralValues = literal };
    }

    private List<FlowSelector> Selectors(JsonElement json, string path, bool optional = false)
    {
        if (json.TryGetProperty("selectors", out var selectors)) return Alternatives(selectors, $"{path}.selectors");
        if (!optional) Fault($"{path}.selectors", "The step has no `selectors`, a list of ways to find its element.");
        return [];
    }

    private List<FlowSelector> Alternatives(JsonElement json, string path)
    {
        var result = new List<FlowSelector>();
        if (json.ValueKind == JsonValueKind.String)
        {
            if (Part(json, path) is { } only) result.Add(new FlowSelector([only]));
            return result;
        }

        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0)
        {
            Fault(path, "Selectors are a list with at least one selector.");
            return result;
        }

        var i = 0;
        foreach (var entry in json.EnumerateArray())
        {
            var at = $"{path}[{i++}]";
            if (entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() > 0)
            {
                var parts = new List<SelectorPart>();
                var k = 0;
                foreach (var part in entry.EnumerateArray())
                    if (Part(part, $"{at}[{k++}]") is { } parsed) parts.Add(parsed);
                result.Add(new FlowSelector(parts));
            }
            else if (Part(entry, at) is { } only)
            {
                result.Add(new FlowSelector([only]));
            }
        }

        return result;
    }

    private SelectorPart? Part(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.String)
        {
            Fault(path, "A selector is a string, or a list of strings that leads through shadow roots.");
            return null;
        }

        var (part, fault) = FlowSelector.ParsePart(json.GetString()!);
        if (fault is not null) Fault(path, fault);
        return part;
    }

    private List<int> Frame(JsonElement json, string path)
    {
        var result = new List<int>();
        if (!json.TryGetProperty("frame", out var frame) || frame.ValueKind == JsonValueKind.Null) return result;
        if (frame.ValueKind == JsonValueKind.Array)
        {
            foreach (var index in frame.EnumerateArray())
                if (index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out var number) && number >= 0) result.Add(number);
                else return Faulty<List<int>>($"{path}.frame", "`frame` is a list of child frame numbers, from 0.") ?? [];
            return result;
        }

        Fault($"{path}.frame", "`frame` is a list of child frame numbers, from 0.");
        return result;
    }

    private bool AssertsNavigation(JsonElement json, string path)
    {
        if (!json.TryGetProperty("assertedEvents", out var events) || events.ValueKind == JsonValueKind.Null) return false;
        if (events.ValueKind != JsonValueKind.Array) return Faulty<bool>($"{path}.assertedEvents", "`assertedEvents` is a list.");
        var asserts = false;
        var i = 0;
        foreach (var json2 in events.EnumerateArray())
        {
            var at = $"{path}.assertedEvents[{i++}]";
            if (json2.ValueKind == JsonValueKind.Object && json2.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() == "navigation")
                asserts = true;
            else
                Fault(at, "An asserted event has the type `navigation`; there is no other.");
        }

        return asserts;
    }

    private TimeSpan? Timeout(JsonElement json, string path)
    {
        if (Number(json, "timeout", path) is not { } milliseconds) return null;
        if (milliseconds >= 1 && milliseconds <= FlowProgram.MaxTimeout.TotalMilliseconds) return TimeSpan.FromMilliseconds(milliseconds);
        Fault($"{path}.timeout", $"`timeout` is 1 to {FlowProgram.MaxTimeout.TotalMilliseconds:0} milliseconds.");
        return null;
    }

    private string? As(JsonElement json, string path)
    {
        var name = OptionalText(json, "as", path);
        if (name is { Length: 0 or > 100 }) Fault($"{path}.as", "`as` is a name of 1 to 100 characters.");
        return name;
    }

    private FlowText Text(JsonElement json, string name, string path, bool mustSay = false)
    {
        var source = RequiredText(json, name, path, mustSay);
        return FlowText.Parse(source, unknown => Fault($"{path}.{name}", $"`{Short(unknown)}` is not known; write {{{{input.name}}}}."));
    }

    private string RequiredText(JsonElement json, string name, string path, bool mustSay = true)
    {
        if (json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && !(mustSay && string.IsNullOrWhiteSpace(value.GetString())
            && value.GetString() is not " ")) return value.GetString()!;
        Fault($"{path}.{name}", $"`{name}` is a string{(mustSay ? " that says something" : "")}.");
        return "";
    }

    private string? OptionalText(JsonElement json, string name, string path)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        Fault($"{path}.{name}", $"`{name}` is a string.");
        return null;
    }

    private double? Number(JsonElement json, string name, string path)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)) return number;
        Fault($"{path}.{name}", $"`{name}` is a number.");
        return null;
    }

    private bool? Flag(JsonElement json, string name, string path)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Fault($"{path}.{name}", $"`{name}` is true or false.");
        return null;
    }

    private JsonElement? Map(JsonElement json, string name, string path)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Object) return value.Clone();
        Fault($"{path}.{name}", $"`{name}` is an object.");
        return null;
    }

    private T? Faulty<T>(string path, string message)
    {
        Fault(path, message);
        return default;
    }

    private void Fault(string path, string message) => faults.Add(new FlowFault(path, message));

    private static string Short(string text) => text.Length <= 60 ? text : text[..57] + "…";

    /// <summary>
    /// A password field is recognised by what its selectors call it. Only a form at the very beginning counts, with nothing before it but what leads to a
    /// form, so that a password asked for in the middle of the work is never left out.
    /// </summary>
    private static RecordedSignIn? SignInOf(IReadOnlyList<FlowStep> steps)
    {
        int first = 0, fields = 0;
        for (var i = 0; i < steps.Count; i++)
        {
            switch (steps[i])
            {
                case NavigateStep or SetViewportStep or IgnoredStep when fields == 0:
                    first = i + 1;
                    break;
                case ChangeStep change when IsPassword(change):
                    // Recorder writes the click into a field before the change of it: the form begins with whichever comes first.
                    var form = steps.Skip(first).Take(i - first + 1).OfType<ChangeStep>().SelectMany(c => c.Alternatives).Select(a => a.Source).ToHashSet(StringComparer.Ordinal);
                    var firstField = Enumerable.Range(first, i - first + 1).First(k => steps[k].Selectors.Any(a => form.Contains(a.Source)));
                    var last = SentAt(steps, i);
                    return new RecordedSignIn(first, firstField, last, [.. Enumerable.Range(first, last - first + 1).Where(k => steps[k] is ChangeStep field && IsPassword(field))]);
                case ChangeStep when ++fields <= 3:
                case ClickStep or KeyStep or HoverStep or ScrollStep or WaitForElementStep or WaitForExpressionStep:
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    private static bool IsPassword(ChangeStep change) => change.Alternatives.Any(a => a.Parts.Any(p => PasswordWord().IsMatch(p.Source)));

    /// <summary>From the password field on: its sending is the first navigation, or failing that the first click or Enter.</summary>
    private static int SentAt(IReadOnlyList<FlowStep> steps, int password)
    {
        var sent = -1;
        for (var i = password + 1; i < steps.Count; i++)
        {
            var step = steps[i];
            if (step is KeyStep { Down: false } up && sent >= 0 && up.Key == (steps[sent] as KeyStep)?.Key) return i;
            if (sent >= 0) return sent;
            if (step is not (ClickStep or KeyStep or ChangeStep or HoverStep or ScrollStep)) return i - 1;
            if (step.AssertsNavigation || step is ClickStep { Button: ClickButton.Primary } click && !TargetsAField(click) || step is KeyStep { Key: "Enter", Down: true }) sent = i;
        }

        return sent >= 0 ? sent : steps.Count - 1;

        // Recorder writes a click into a field before the change of it, and between two fields.
        bool TargetsAField(ClickStep click) => steps.OfType<ChangeStep>().Any(c => c.Alternatives.Any(a => click.Alternatives.Any(b => a.Source == b.Source)));
    }

    [GeneratedRegex(@"pass(?!enger|port|ag|iv)|pwd|kennwort|contrase|mot.de.passe|senha|wachtwoord|hasło|lösenord|salasana|heslo|parola|пароль|密码|密碼|パスワード", RegexOptions.IgnoreCase)]
    private static partial Regex PasswordWord();

    [GeneratedRegex(@"^\s*([A-Za-z][A-Za-z0-9+.-]*):")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
    private static partial Regex LocaleTag();
}
