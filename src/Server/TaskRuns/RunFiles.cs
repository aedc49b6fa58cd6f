using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ostiary.Browser;
using Ostiary.Server.Http;
using Ostiary.Server.Storage;
using Ostiary.Server.Tasks;
using Ostiary.Server.Tasks.Programs;

namespace Ostiary.Server.TaskRuns;

/// <summary>Keeps the files of one run as its task's <c>storage</c> says: whether at all, read into JSON or not, and once or every time.</summary>
internal sealed class RunFiles(FileStore files, TaskRunRow run, TaskRow task) : IFlowFiles
{
    private readonly StorageSettings _settings = StorageSettings.Of(task);

    public async Task<KeptFile> KeepAsync(DownloadedFile file, FileIntent intent, CancellationToken ct)
    {
        if (!_settings.Enabled) return new KeptFile(null, IsDuplicate: false);
        var content = await File.ReadAllBytesAsync(file.Path, ct);
        var isRead = _settings.Extraction || intent.Purpose == StoragePurposes.Extraction;
        var (extraction, fault) = isRead ? Extract(file, content) : (null, null);
        var failure = fault is null ? null : new Fault("storage", FlowResult.ExtractionFailed, $"`{file.FileName}`: {fault}");
        var fingerprint = _settings.Deduplication ? await FingerprintAsync(content, intent.Metadata, extraction, ct) : null;
        var element = extraction is null ? (JsonElement?)null : JsonSerializer.SerializeToElement(extraction, Json.Options);
        var (id, isDuplicate) = await files.KeepAsync(run.Organization, run.Id, new NewFile(file.FileName, file.MimeType, content, intent.Purpose, intent.Metadata.ToJsonString(Json.Options), element, failure, fingerprint), ct);
        if (failure is not null && _settings.ExtractionRequired) throw new StepFault(failure.Message) { Code = FlowResult.ExtractionFailed };
        return new KeptFile(id, isDuplicate);
    }

    private (JsonNode? Value, string? Fault) Extract(DownloadedFile file, byte[] content)
    {
        if (content.Length > files.Options.LargestExtraction) return (null, $"It is larger than {files.Options.LargestExtraction} bytes, which is the most that is read.");
        var (value, fault) = FileContent.Read(file.MimeType, file.FileName, content);
        return value is null || _settings.ExtractionSchema is not { } schema ? (value, fault) : FileShape.Fit(value, schema);
    }

    /// <summary>Of the chosen fields where the file has any of them, else of the file itself: a file that lacks them must not count as the same as every other that does.</summary>
    private async Task<byte[]> FingerprintAsync(byte[] content, JsonObject metadata, JsonNode? extraction, CancellationToken ct)
    {
        // Without a credential, whoever visits the source is nobody in particular.
        var whose = run.CredentialId ?? run.SourceId;
        if (_settings.DeduplicationSchema is { } schema)
        {
            var all = (JsonObject)metadata.DeepClone();
            foreach (var (name, value) in extraction as JsonObject ?? []) all[name] = value?.DeepClone();
            var chosen = extraction is JsonArray list && (schema.TryGetProperty("items", out _) || !schema.TryGetProperty("properties", out _)) ? Chosen(schema, list) : Chosen(schema, all);
            if (chosen is not null) return await files.FingerprintAsync(run.Organization, task.Id, whose, "fields", Encoding.UTF8.GetBytes(Canonical(chosen)), ct);
        }

        return await files.FingerprintAsync(run.Organization, task.Id, whose, "content", content, ct);
    }

    /// <summary>The parts of a value that a schema names; null: none of them.</summary>
    private static JsonNode? Chosen(JsonElement schema, JsonNode? value)
    {
        if (value is null || schema.ValueKind != JsonValueKind.Object) return value;
        if (value is JsonArray list)
        {
            if (!schema.TryGetProperty("items", out var items)) return list;
            var chosen = list.Select(v => Chosen(items, v)).ToList();
            return chosen.TrueForAll(c => c is null) ? null : new JsonArray([.. chosen.Select(c => c?.DeepClone())]);
        }

        if (value is not JsonObject row || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object) return value;
        var result = new JsonObject();
        foreach (var property in properties.EnumerateObject())
        {
            if (row[property.Name] is { } inner && Chosen(property.Value, inner) is { } part) result[property.Name] = part.DeepClone();
        }

        return result.Count == 0 ? null : result;
    }

    // The same fields in another order are the same fields.
    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject map => "{" + string.Join(',', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => JsonSerializer.Serialize(p.Key) + ":" + Canonical(p.Value))) + "}",
        JsonArray list => "[" + string.Join(',', list.Select(Canonical)) + "]",
        null => "null",
        _ => node.ToJsonString(),
    };

    /// <summary>What a task's <c>storage</c> says.</summary>
    private sealed record StorageSettings(bool Enabled, bool Extraction, bool ExtractionRequired, JsonElement? ExtractionSchema, bool Deduplication, JsonElement? DeduplicationSchema)
    {
        public static StorageSettings Of(TaskRow task)
        {
            var json = Json.Parse(task.Storage ?? "{}");
            bool Flag(string name, bool otherwise) => json.TryGetProperty(name, out var flag) && flag.ValueKind is JsonValueKind.True or JsonValueKind.False ? flag.GetBoolean() : otherwise;
            JsonElement? Schema(string name) => json.TryGetProperty(name, out var schema) && schema.ValueKind == JsonValueKind.Object && schema.EnumerateObject().Any() ? schema : null;
            return new StorageSettings(
                Flag("enabled", true), Flag("extraction", false), Flag("extraction_required", false), Schema("extraction_schema"), Flag("deduplication", false), Schema("deduplication_schema"));
        }
    }
}

/// <summary>Fits what was read out of a file to a JSON Schema, as far as that is a matter of names and types: a column goes to the property of its name, a text becomes the number or date it says.</summary>
internal static class FileShape
{
    public static (JsonNode? Value, string? Fault) Fit(JsonNode read, JsonElement schema)
    {
        var value = IsTable(read) ? FitTable((JsonArray)read, schema) : read;
        var faults = JsonSchemas.Validate(schema, JsonSerializer.SerializeToElement(value, Json.Options), "extraction");
        return faults.Count == 0 ? (value, null) : (null, $"It does not match `extraction_schema`: {string.Join(" ", faults.Take(3).Select(f => $"`{f.Field}`: {f.Message}"))}");
    }

    // Rows of texts come from a table; JSON has its own types and stays as it is.
    private static bool IsTable(JsonNode read) => read is JsonArray rows && rows.All(r => r is JsonObject row && row.All(c => c.Value is JsonValue cell && cell.GetValueKind() == JsonValueKind.String));

    private static JsonNode FitTable(JsonArray rows, JsonElement schema)
    {
        if (Inner(schema, "items") is { } items) return new JsonArray([.. rows.Select(r => FitRow((JsonObject)r!, items))]);
        // An object with one list in it: the rows are that list.
        if (Inner(schema, "properties") is not { } properties) return rows;
        var lists = properties.EnumerateObject().Where(p => Inner(p.Value, "items") is not null).ToList();
        if (lists is [{ } list]) return new JsonObject { [list.Name] = FitTable(rows, list.Value) };
        return lists.Count == 0 && rows.Count == 1 ? FitRow((JsonObject)rows[0]!, schema) : rows;
    }

    private static JsonObject FitRow(JsonObject row, JsonElement schema)
    {
        if (Inner(schema, "properties") is not { } properties) return (JsonObject)row.DeepClone();
        var result = new JsonObject();
        foreach (var property in properties.EnumerateObject())
        {
            var name = Plain(property.Name);
            var title = property.Value.ValueKind == JsonValueKind.Object && property.Value.TryGetProperty("title", out var said) && said.ValueKind == JsonValueKind.String ? Plain(said.GetString()!) : name;
            var cell = row.FirstOrDefault(c => Plain(c.Key) is var column && (column == name || column == title));
            // A cell with nothing in it is a value that is not there.
            if (cell.Key is not null && cell.Value!.GetValue<string>() is { Length: > 0 } text) result[property.Name] = Convert(text, property.Value);
        }

        return result;
    }

    private static JsonNode Convert(string text, JsonElement schema)
    {
        var types = Types(schema);
        var hints = FormatHints.None;
        if (types.Contains("integer") || types.Contains("number"))
        {
            if (NumberText.Parse(text, hints, null).Value is { } number) return types.Contains("number") || number != Math.Floor(number) || Math.Abs(number) > long.MaxValue ? JsonValue.Create(number) : JsonValue.Create((long)number);
        }

        if (types.Contains("boolean") && text.ToUpperInvariant() is "TRUE" or "FALSE") return JsonValue.Create(text.Equals("true", StringComparison.OrdinalIgnoreCase));
        if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.String && format.GetString() == "date")
        {
            // A spreadsheet counts the days since the end of 1899.
            if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var days) && days is > 366 and < 2_958_466) return JsonValue.Create(DateTime.FromOADate(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            if (DateText.Parse(text, hints, null).Iso is { } date) return JsonValue.Create(date);
        }

        return JsonValue.Create(text);
    }

    private static List<string> Types(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out var type)) return [];
        return type.ValueKind == JsonValueKind.String ? [type.GetString()!] : type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)] : [];
    }

    private static JsonElement? Inner(JsonElement schema, string name) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(name, out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : null;

    /// <summary>"Invoice No." and "invoice_no" are one name.</summary>
    private static string Plain(string name) => string.Concat(name.Normalize(NormalizationForm.FormD).Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
