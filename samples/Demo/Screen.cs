using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Spectre.Console;

namespace Ostiary.Demo;

/// <summary>Writes the story to the terminal, one piece at a time although events arrive on their own. Without a terminal it is plain text.</summary>
internal sealed partial class Screen
{
    /// <summary>Wide enough that nothing is broken into two lines where nobody looks at a window.</summary>
    private const int PlainWidth = 500;
    private const string Mask = "••••••••";

    /// <summary>Values under these names are hidden wherever they are shown.</summary>
    private static readonly HashSet<string> SecretNames = new(["password", "totp_secret", "secret", "code", "answer"], StringComparer.Ordinal);
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Pretty = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    private readonly Lock gate = new();
    private int chapter;

    public Screen()
    {
        if (AnsiConsole.Profile.Out.IsTerminal) return;
        AnsiConsole.Profile.Width = PlainWidth;
        AnsiConsole.Profile.Capabilities.Ansi = false;
        AnsiConsole.Profile.Capabilities.ColorSystem = ColorSystem.NoColors;
    }

    public void Title()
    {
        lock (gate)
        {
            AnsiConsole.WriteLine();
            AnsiConsole.MarkupLine("[bold]Ostiary[/]: signs in to websites on behalf of your users, and works there.");
            AnsiConsole.MarkupLine("[grey]This demo uses the public HTTP API only; everything it talks to runs on this machine.[/]");
            AnsiConsole.WriteLine();
        }
    }

    /// <summary>The next chapter of the story, numbered.</summary>
    public void Chapter(string title, string? explanation = null)
    {
        lock (gate)
        {
            AnsiConsole.WriteLine();
            AnsiConsole.MarkupLine($"[bold yellow]{++chapter}. {Markup.Escape(title)}[/]");
        }

        if (explanation is not null) Write(3, $"[grey]{Markup.Escape(explanation)}[/]");
    }

    public void Note(string text) => Write(3, Markup.Escape(text));

    public void Good(string text) => Write(3, $"[green]✓[/] {Markup.Escape(text)}");

    /// <summary>A request as it is sent, secrets hidden.</summary>
    public void Sent(string method, string path, JsonNode? body, string? header = null)
    {
        lock (gate)
        {
            AnsiConsole.MarkupLine($"   [blue]→ {method} {Markup.Escape(path)}[/]{(header is null ? "" : $" [grey]{Markup.Escape(header)}[/]")}");
            if (body is not null) Lines(Masked(body).ToJsonString(Compact), "     ", "grey");
        }
    }

    /// <summary>An answer in one line: the status, and the fields that matter here.</summary>
    public void Got(int status, JsonNode? body, params ReadOnlySpan<string> fields)
    {
        var parts = new List<string>();
        foreach (var field in fields)
        {
            var value = body is JsonObject o ? o[field] : null;
            if (value is null) continue;
            parts.Add($"{field}: {Masked(new JsonObject { [field] = value.DeepClone() })[field] switch { JsonValue v when v.TryGetValue<string>(out var text) => text, var other => other?.ToJsonString(Compact) }}");
        }

        Write(3, $"[blue]←[/] {status} {Markup.Escape(string.Join(", ", parts))}");
    }

    /// <summary>An event, at the moment it arrives.</summary>
    public void Event(string type, string subject) => Write(5, $"[magenta]⚡ {Markup.Escape(type),-30}[/]  [grey]{Markup.Escape(subject)}[/]");

    public void Json(JsonNode json)
    {
        lock (gate)
        {
            foreach (var line in json.ToJsonString(Pretty).Split('\n')) Write(5 + line.Length - line.TrimStart().Length, Key().Replace(Markup.Escape(line.TrimStart()), "[blue]$1[/]"));
        }
    }

    /// <summary>A line of a list: when, what, about what.</summary>
    public void Item(string time, string type, string subject) => Write(3, $"[grey]{Markup.Escape(time)}[/]  {Markup.Escape(type),-30}  [grey]{Markup.Escape(subject)}[/]");

    public void Prompt(string text)
    {
        lock (gate) AnsiConsole.Markup($"   [bold green]{Markup.Escape(text)}[/] ");
    }

    public void Stopped()
    {
        lock (gate)
        {
            AnsiConsole.WriteLine();
            AnsiConsole.MarkupLine("Stopped.");
        }
    }

    public void Failed(DemoFault fault)
    {
        lock (gate)
        {
            AnsiConsole.WriteLine();
            AnsiConsole.MarkupLine($"[bold red]The demo failed:[/] {Markup.Escape(fault.Message)}");
            if (fault.Details is { Length: > 0 } details) AnsiConsole.MarkupLine($"[grey]{Markup.Escape(HideKeys(details))}[/]");
        }
    }

    public static string HideKeys(string text) => KeyLike().Replace(text, "$1" + Mask);

    /// <summary>One line; where a terminal has to break it, its further lines are indented too.</summary>
    private void Write(int indent, string markup)
    {
        lock (gate)
        {
            if (AnsiConsole.Profile.Out.IsTerminal) AnsiConsole.Write(new Padder(new Markup(markup), new Padding(indent, 0, 0, 0)));
            else AnsiConsole.MarkupLine(new string(' ', indent) + markup);
        }
    }

    /// <summary>Breaks at commas, so that names and values stay whole where they can.</summary>
    private static void Lines(string text, string indent, string style)
    {
        var width = Math.Max(40, AnsiConsole.Profile.Width - indent.Length - 1);
        while (text.Length > 0)
        {
            var cut = text.Length <= width ? text.Length : text.LastIndexOf(',', width - 1) + 1;
            if (cut == 0) cut = width;
            AnsiConsole.MarkupLine($"{indent}[{style}]{Markup.Escape(text[..cut])}[/]");
            text = text[cut..];
        }
    }

    private static JsonNode Masked(JsonNode node)
    {
        var copy = node.DeepClone();
        Hide(copy);
        return copy;

        static void Hide(JsonNode? node)
        {
            if (node is JsonArray array)
            {
                foreach (var item in array) Hide(item);
                return;
            }

            if (node is not JsonObject o) return;
            foreach (var name in o.Select(property => property.Key).ToList())
            {
                if (SecretNames.Contains(name) && o[name] is JsonValue value && value.TryGetValue<string>(out var text)) o[name] = HideKeys(text) is var hidden && hidden != text ? hidden : Mask;
                else Hide(o[name]);
            }
        }
    }

    [GeneratedRegex("(sk_live_|whsec_)[A-Za-z0-9+/=_-]+")]
    private static partial Regex KeyLike();

    [GeneratedRegex("""^("[^"]+":)""")]
    private static partial Regex Key();
}
