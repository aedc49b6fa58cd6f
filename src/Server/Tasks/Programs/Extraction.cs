using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>
/// One reading of the page by an <c>extract</c> step. It goes field by field over all elements at once, so that a long table costs as many round trips as it
/// has columns. It does not wait: a missing field is an <see cref="ExtractMiss"/>, which the runner answers by reading again until the time is up.
/// </summary>
internal sealed class Extraction(ElementFinder finder, IFrame frame, FlowValues values, string? pageLanguage)
{
    /// <summary>Most elements that one step reads, inner lists included.</summary>
    public const int MaxElements = 10_000;

    private static readonly HashSet<string> Yes = new(["true", "yes", "y", "on", "1", "ja", "oui", "sí", "si", "sì", "sim", "tak", "✓", "✔", "☑", "✅"], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> No = new(["false", "no", "n", "off", "0", "nein", "non", "não", "nie", "nej", "nee", "✗", "✘", "✕", "×", "☐", "❌", "-", "–", "—"], StringComparer.OrdinalIgnoreCase);

    private int elements;

    /// <summary>One object per scope. <paramref name="scopes"/> is a handle to an array of <paramref name="count"/> nodes.</summary>
    public async Task<IReadOnlyList<JsonObject>> ReadAsync(IJSHandle scopes, int count, IReadOnlyList<ExtractField> fields, string where)
    {
        elements += count;
        if (elements > MaxElements) throw new StepFault($"It found more than {MaxElements:N0} elements to read.");
        var objects = Enumerable.Range(0, count).Select(_ => new JsonObject()).ToList();
        if (count == 0) return objects;
        foreach (var field in fields)
        {
            var found = field.Alternatives is null
                ? await frame.EvaluateHandleAsync("scopes => ({groups: [...scopes].map(scope => [scope.nodeType === 9 ? scope.documentElement : scope]), invalid: []})", scopes)
                : await finder.GroupsAsync(frame, scopes, field.Alternatives, values, visibleOnly: false);
            var groups = await found.GetPropertyAsync("groups");
            if (field.Fields is not null) await ReadInnerAsync(objects, groups, field, where);
            else await ReadTextsAsync(objects, groups, field, where);
            await groups.DisposeAsync();
            await found.DisposeAsync();
        }

        return objects;
    }

    private async Task ReadInnerAsync(List<JsonObject> objects, IJSHandle groups, ExtractField field, string where)
    {
        var many = field.IsList || field.All;
        var flat = await groups.EvaluateHandleAsync("(groups, many) => groups.flatMap(group => many ? group : group.slice(0, 1))", many);
        var counts = await groups.EvaluateAsync<int[]>("(groups, many) => groups.map(group => many ? group.length : Math.min(1, group.length))", many);
        var inner = await ReadAsync(flat, counts.Sum(), field.Fields!, $"{where}{field.Name}.");
        await flat.DisposeAsync();
        var next = 0;
        for (var i = 0; i < objects.Count; i++)
        {
            if (many)
            {
                var list = new JsonArray();
                for (var k = 0; k < counts[i]; k++) list.Add(inner[next++]);
                objects[i][field.Name] = list;
            }
            else if (counts[i] > 0)
            {
                objects[i][field.Name] = inner[next++];
            }
            else if (!field.Optional)
            {
                throw Missing(field, where, i, objects.Count, "was not there");
            }
        }
    }

    private async Task ReadTextsAsync(List<JsonObject> objects, IJSHandle groups, ExtractField field, string where)
    {
        var read = await frame.EvaluateAsync<JsonElement?>(PageScripts.Read, new { groups, attribute = field.Attribute, all = field.All });
        var i = 0;
        foreach (var group in read!.Value.EnumerateArray())
        {
            if (field.All)
            {
                var list = new JsonArray();
                foreach (var one in group.EnumerateArray())
                {
                    if (++elements > MaxElements) throw new StepFault($"It found more than {MaxElements:N0} elements to read.");
                    var (value, fault) = Convert(one, field);
                    if (fault is not null && !(field.Optional && value is null)) throw Missing(field, where, i, objects.Count, fault);
                    if (value is not null) list.Add(value);
                }

                objects[i][field.Name] = list;
            }
            else if (group.GetArrayLength() == 0)
            {
                if (!field.Optional) throw Missing(field, where, i, objects.Count, "was not there");
            }
            else
            {
                var (value, fault) = Convert(group[0], field);
                if (value is not null) objects[i][field.Name] = value;
                else if (!field.Optional || !SaysNothing(group[0], fault)) throw Missing(field, where, i, objects.Count, fault ?? "was not there");
            }

            i++;
        }
    }

    /// <summary>An optional field may be empty, a dash or "n/a"; a number that cannot be read is a fault even then.</summary>
    private static bool SaysNothing(JsonElement read, string? fault) =>
        fault is null or NoMatch or NoAttribute || read.GetProperty("text").GetString() is not { } text || !text.Any(char.IsDigit);

    private const string NoMatch = "does not match its pattern";
    private const string NoAttribute = "has no such attribute";

    private (JsonNode? Value, string? Fault) Convert(JsonElement read, ExtractField field)
    {
        var text = read.GetProperty("text").GetString();
        if (text is null) return (null, field.Attribute is null ? "is a password field, which is never read" : NoAttribute);
        if (field.Pattern is { } pattern)
        {
            try
            {
                var match = pattern.Match(text);
                if (!match.Success) return (null, NoMatch);
                var group = match.Groups.Count > 1 ? match.Groups[1] : match.Groups[0];
                if (!group.Success) return (null, NoMatch);
                text = group.Value.Trim();
            }
            catch (RegexMatchTimeoutException)
            {
                return (null, "could not be matched by its pattern in one second");
            }
        }

        switch (field.Type)
        {
            case FieldType.Text:
                return (text, null);
            case FieldType.Boolean:
                var said = field.Pattern is null && field.Attribute is null && read.GetProperty("state").GetString() is { } state ? state : text;
                return Yes.Contains(said.Trim()) ? (true, null) : No.Contains(said.Trim()) ? (false, null) : (null, "is neither yes nor no");
            case FieldType.Date:
                var time = field.Pattern is null && field.Hints.Format is null ? read.GetProperty("time").GetString() : null;
                var (iso, dateFault) = time is null ? (null, null) : DateText.Parse(time, FormatHints.None, null);
                if (iso is null) (iso, dateFault) = DateText.Parse(text, field.Hints, pageLanguage);
                return iso is null ? (null, dateFault) : (iso, null);
            default:
                var (number, fault) = NumberText.Parse(text, field.Hints, pageLanguage);
                if (number is null) return (null, fault);
                if (field.Type == FieldType.Number) return (JsonValue.Create(Trimmed(number.Value)), null);
                return decimal.Truncate(number.Value) == number.Value ? (JsonValue.Create(decimal.Truncate(number.Value)), null) : (null, "is not a whole number");
        }
    }

    /// <summary>Without trailing zeros: 12.50 is 12.5 in JSON, and 100.00 is 100.</summary>
    private static decimal Trimmed(decimal number) => number / 1.0000000000000000000000000000m;

    private static ExtractMiss Missing(ExtractField field, string where, int index, int count, string what)
    {
        var selector = field.Alternatives is null ? "the element itself" : string.Join(", ", field.Alternatives.Select(a => $"`{a.Source}`"));
        var of = count > 1 ? $" of element {index + 1} of {count}" : "";
        return new ExtractMiss($"The field `{where}{field.Name}`{of} ({selector}{(field.Attribute is null ? "" : $", attribute {field.Attribute}")}) {what}");
    }
}

/// <summary>A field could not be read in this look at the page.</summary>
internal sealed class ExtractMiss(string message) : StepFault(message);
