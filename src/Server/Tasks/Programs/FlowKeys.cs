namespace Ostiary.Server.Tasks.Programs;

/// <summary>Keys as Recorder names them (<c>KeyboardEvent.key</c> or <c>code</c>), and what Playwright's keyboard makes of them.</summary>
internal static class FlowKeys
{
    private static readonly HashSet<string> Named = new(Names(), StringComparer.Ordinal);

    /// <summary>The known key that <paramref name="key"/> is another spelling of, or null when it is right or not known at all.</summary>
    public static string? MeantKey(string key) => Named.Contains(key) ? null : Named.FirstOrDefault(k => k.Equals(key, StringComparison.OrdinalIgnoreCase));

    /// <summary>The name for Playwright's keyboard. Null: a key that no page's keyboard has (a volume key, a dead key), which is passed over.</summary>
    public static string? ForPlaywright(string key) => key switch
    {
        "\r" or "\n" => "Enter",
        "\t" => "Tab",
        " " => "Space",
        "\b" => "Backspace",
        "Esc" => "Escape",
        "OS" => "Meta",
        _ when key.Length == 1 && key[0] is > ' ' and <= '~' => key,
        _ => Named.Contains(key) ? key : null,
    };

    private static IEnumerable<string> Names()
    {
        string[] plain =
        [
            "Escape", "Backquote", "Minus", "Equal", "Backslash", "Backspace", "Tab", "BracketLeft", "BracketRight", "CapsLock", "Semicolon", "Quote", "Enter",
            "Comma", "Period", "Slash", "Space", "Shift", "ShiftLeft", "ShiftRight", "Control", "ControlLeft", "ControlRight", "Alt", "AltLeft", "AltRight", "AltGraph",
            "Meta", "MetaLeft", "MetaRight", "ContextMenu", "PrintScreen", "ScrollLock", "Pause", "PageUp", "PageDown", "Insert", "Delete", "Home", "End",
            "ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "NumLock", "NumpadDivide", "NumpadMultiply", "NumpadSubtract", "NumpadAdd", "NumpadDecimal", "NumpadEnter",
        ];
        foreach (var name in plain) yield return name;
        for (var i = 1; i <= 12; i++) yield return $"F{i}";
        for (var i = 0; i <= 9; i++)
        {
            yield return $"Digit{i}";
            yield return $"Numpad{i}";
        }

        for (var c = 'A'; c <= 'Z'; c++) yield return $"Key{c}";
    }
}
