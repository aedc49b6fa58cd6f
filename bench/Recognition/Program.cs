using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ostiary.Recognition;

// Runs the engine's reading over a folder of saved pages in real Chromium and writes one line of JSON a page: the login it would fill and send, the roles of fields,
// the kinds of groups. Elements are named by their attribute data-cid, which the engine itself never sees.
//   --labels FILE   one JSON object a line with "page": which files of the folder to read; nothing else of it is looked at
//   --pages DIR     the pages
//   --out FILE      predictions, one JSON object a line
//   --without KINDS what to take from each page before it is read, comma-separated: names, forms, labels, placeholders, headings, hints, words
// A page that cannot be read gets a line with no login and a note; the run goes on and ends with a summary and exit code 0.
string? Option(string name) => Array.IndexOf(args, name) is var i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;
if (Option("--labels") is not { } labels || Option("--pages") is not { } folder || Option("--out") is not { } target)
{
    Console.Error.WriteLine("usage: Recognition --labels FILE --pages DIR --out FILE [--without KIND,…]");
    return 2;
}
string[] without = Option("--without") is { } kinds ? kinds.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
if (Array.Find(without, kind => !Without.Kinds.ContainsKey(kind)) is { } unknown)
{
    Console.Error.WriteLine($"--without: {unknown} is none of {string.Join(", ", Without.Kinds.Keys)}");
    return 2;
}
if (!File.Exists(labels) || !Directory.Exists(folder))
{
    Console.Error.WriteLine(File.Exists(labels) ? $"--pages: there is no folder {folder}" : $"--labels: there is no file {labels}");
    return 2;
}

var names = new List<string>();
var lineNumber = 0;
foreach (var line in await File.ReadAllLinesAsync(labels))
{
    lineNumber++;
    if (string.IsNullOrWhiteSpace(line)) continue;
    try
    {
        using var label = JsonDocument.Parse(line);
        names.Add(label.RootElement.GetProperty("page").GetString() ?? throw new JsonException("\"page\" is null"));
    }
    catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
    {
        Console.Error.WriteLine($"--labels, line {lineNumber}: not an object with \"page\"; left out ({exception.Message})");
    }
}

var json = new JsonSerializerOptions(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
var times = new List<double>();
var unread = 0;
await using var pages = new SavedPages(folder, without);
await using var writer = new StreamWriter(target);
foreach (var name in names)
{
    var watch = Stopwatch.StartNew();
    var prediction = await pages.ReadAsync(name);
    if (prediction.Milliseconds is { } milliseconds) times.Add(milliseconds);
    if (prediction.Note is { } note)
    {
        unread++;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {note} (after {watch.Elapsed.TotalSeconds:F1} s)"));
    }
    await writer.WriteLineAsync(JsonSerializer.Serialize(prediction, json));
}
times.Sort();
double At(double share) => times[Math.Min(times.Count - 1, (int)(times.Count * share))];
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{names.Count} pages, {unread} not read")
    + (times.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; look and read: median {At(0.5):F1} ms, p95 {At(0.95):F1} ms, worst {times[^1]:F1} ms")));
return 0;
