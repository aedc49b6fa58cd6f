using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;

namespace Ostiary.Server.Storage;

/// <summary>
/// What a file holds, as JSON, without guessing: tables (CSV, XLSX) as a list of objects by column name, JSON as it is. The files are other people's: sizes are bounded, nothing is
/// fetched and nothing is executed.
/// </summary>
internal static class FileContent
{
    private const int MostRows = 50_000;
    private const int MostColumns = 500;
    private const int MostCells = 2_000_000;
    private const long LargestPart = 100_000_000;

    /// <summary>The content, or a sentence why it cannot be read.</summary>
    public static (JsonNode? Value, string? Fault) Read(string fileType, string fileName, byte[] content)
    {
        var extension = Path.GetExtension(fileName).ToLowerInvariant();
        try
        {
            if (fileType is "application/json" or "text/json" || fileType.EndsWith("+json", StringComparison.Ordinal) || extension == ".json") return Json(content);
            if (fileType.EndsWith("spreadsheetml.sheet", StringComparison.Ordinal) || extension == ".xlsx") return Sheet(content);
            if (fileType is "text/csv" or "text/tab-separated-values" or "application/csv" || extension is ".csv" or ".tsv") return Table(Lines(Decode(content)));
        }
        catch (Exception exception) when (exception is InvalidDataException or XmlException or FormatException or OverflowException)
        {
            return (null, "The file is damaged: it is not what its type says.");
        }

        return (null, $"A file of type {fileType} can be read into JSON only by a language model, and none is configured; JSON, CSV and XLSX are read without one.");
    }

    private static (JsonNode?, string?) Json(byte[] content)
    {
        try
        {
            var start = content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? 3 : 0;
            return (JsonNode.Parse(content.AsSpan(start), null, new JsonDocumentOptions { MaxDepth = 100 }), null);
        }
        catch (JsonException exception)
        {
            return (null, $"The file is not valid JSON (line {exception.LineNumber + 1}).");
        }
    }

    // UTF-8 where it is that, UTF-16 where a mark says so, else Western European, which any byte is.
    private static string Decode(byte[] content)
    {
        if (content is [0xFF, 0xFE, ..]) return Encoding.Unicode.GetString(content.AsSpan(2));
        if (content is [0xFE, 0xFF, ..]) return Encoding.BigEndianUnicode.GetString(content.AsSpan(2));
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content.AsSpan(content is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0));
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(content);
        }
    }

    /// <summary>Rows of a delimited text (RFC 4180, and with <c>;</c>, tab or <c>|</c> between fields: whichever stands most often in the first line).</summary>
    private static IEnumerable<List<string>> Lines(string text)
    {
        var delimiter = Delimiter(text);
        var row = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[++i]);
                else quoted = false;
            }
            else if (c == '"' && field.Length == 0) quoted = true;
            else if (c == delimiter)
            {
                row.Add(field.ToString());
                field.Clear();
            }
            else if (c is '\n' or '\r')
            {
                if (c == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
                row.Add(field.ToString());
                field.Clear();
                if (row is not [""]) yield return row;
                row = [];
            }
            else field.Append(c);
        }

        if (quoted) throw new InvalidDataException("A quote is not closed.");
        row.Add(field.ToString());
        if (row is not [""]) yield return row;
    }

    private static char Delimiter(string text)
    {
        var counts = new Dictionary<char, int> { [','] = 0, [';'] = 0, ['\t'] = 0, ['|'] = 0 };
        var quoted = false;
        foreach (var c in text)
        {
            if (c == '"') quoted = !quoted;
            else if (!quoted && c is '\n' or '\r') break;
            else if (!quoted && counts.TryGetValue(c, out var count)) counts[c] = count + 1;
        }

        return counts.MaxBy(c => c.Value).Key;
    }

    private static (JsonNode?, string?) Table(IEnumerable<List<string>> lines)
    {
        List<string>? names = null;
        var rows = new JsonArray();
        var cells = 0;
        foreach (var line in lines)
        {
            if (line.Count > MostColumns) return (null, $"The table has more than {MostColumns} columns.");
            if (names is null)
            {
                names = Names(line);
                continue;
            }

            if (line.TrueForAll(string.IsNullOrWhiteSpace)) continue;
            if (rows.Count == MostRows || (cells += names.Count) > MostCells) return (null, $"The table has more than {MostRows} rows or {MostCells} cells.");
            var row = new JsonObject();
            for (var i = 0; i < names.Count; i++) row[names[i]] = i < line.Count ? line[i].Trim() : "";
            rows.Add(row);
        }

        return names is null ? (null, "The table is empty: it has not even a line with the names of its columns.") : (rows, null);
    }

    private static List<string> Names(List<string> line)
    {
        var names = new List<string>(line.Count);
        for (var i = 0; i < line.Count; i++)
        {
            var name = line[i].Trim() is { Length: > 0 } said ? said : $"column_{i + 1}";
            var unique = name;
            for (var n = 2; names.Contains(unique, StringComparer.Ordinal); n++) unique = $"{name}_{n}";
            names.Add(unique);
        }

        return names;
    }

    /// <summary>The first sheet of a workbook (ECMA-376). Cells come as they are stored: a date is a number of days, which a schema's <c>format: date</c> turns back.</summary>
    private static (JsonNode?, string?) Sheet(byte[] content)
    {
        using var zip = new ZipArchive(new MemoryStream(content, writable: false), ZipArchiveMode.Read);
        var sheet = zip.Entries.Where(e => e.FullName.StartsWith("xl/worksheets/", StringComparison.OrdinalIgnoreCase) && e.FullName.EndsWith(".xml", StringComparison.OrdinalIgnoreCase))
            .OrderBy(e => e.FullName.Length).ThenBy(e => e.FullName, StringComparer.OrdinalIgnoreCase).FirstOrDefault() ?? throw new InvalidDataException("There is no sheet in it.");
        List<string> shared = [];
        if (zip.GetEntry("xl/sharedStrings.xml") is { } strings)
        {
            using var reader = Xml(strings);
            while (reader.ReadToFollowing("si", Main)) shared.Add(TextOf(reader));
        }

        return Table(Rows(sheet, shared));
    }

    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

    private static IEnumerable<List<string>> Rows(ZipArchiveEntry sheet, List<string> shared)
    {
        using var reader = Xml(sheet);
        while (reader.ReadToFollowing("row", Main))
        {
            var row = new List<string>();
            using var inner = reader.ReadSubtree();
            while (inner.ReadToFollowing("c", Main))
            {
                var at = Column(inner.GetAttribute("r")) ?? row.Count;
                if (at >= MostColumns) throw new InvalidDataException("Too many columns.");
                var type = inner.GetAttribute("t");
                using var cell = inner.ReadSubtree();
                cell.Read();
                var value = "";
                if (type == "inlineStr") value = TextOf(cell);
                else if (cell.ReadToFollowing("v", Main)) value = cell.ReadElementContentAsString();
                while (row.Count <= at) row.Add("");
                row[at] = type switch
                {
                    "s" => shared.ElementAtOrDefault(int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture)) ?? throw new InvalidDataException("A text is missing."),
                    "b" => value == "1" ? "true" : "false",
                    _ => value,
                };
            }

            yield return row;
        }
    }

    // "BC12" is column 54, counted from 0.
    private static int? Column(string? reference)
    {
        if (reference is null) return null;
        var column = 0;
        foreach (var c in reference.TakeWhile(char.IsAsciiLetterUpper)) column = Math.Min((column * 26) + c - 'A' + 1, 100_000);
        return column == 0 ? null : column - 1;
    }

    private static string TextOf(XmlReader reader)
    {
        var text = new StringBuilder();
        using var inner = reader.ReadSubtree();
        inner.Read();
        while (inner.ReadToFollowing("t", Main)) text.Append(inner.ReadElementContentAsString());
        return text.ToString();
    }

    private static XmlReader Xml(ZipArchiveEntry part)
    {
        if (part.Length > LargestPart) throw new InvalidDataException("A part of the workbook is too large.");
        return XmlReader.Create(part.Open(), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = LargestPart, CloseInput = true });
    }
}
