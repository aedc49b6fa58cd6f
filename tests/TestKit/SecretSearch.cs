using System.Text;

namespace Ostiary.TestKit;

/// <summary>Looks for values that must not be found, in every form in which they are commonly written down.</summary>
public static class SecretSearch
{
    /// <summary>Files below <paramref name="directory"/> that hold one of the values, as <c>path (form)</c>. Sockets and files that vanish meanwhile are passed over.</summary>
    public static IReadOnlyList<string> InFiles(string directory, params IReadOnlyList<string> values)
    {
        var forms = values.SelectMany(Forms).DistinctBy(f => Convert.ToHexString(f.Bytes)).ToList();
        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true }))
        {
            try
            {
                if (new FileInfo(file).Length == 0) continue;
                var content = File.ReadAllBytes(file);
                found.AddRange(forms.Where(f => content.AsSpan().IndexOf(f.Bytes) >= 0).Select(f => $"{file} ({f.Name})"));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // A socket, or gone meanwhile.
            }
        }

        return found;
    }

    /// <summary>Which forms of the values a text holds.</summary>
    public static IReadOnlyList<string> InText(string text, params IReadOnlyList<string> values)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [.. values.SelectMany(Forms).Where(f => bytes.AsSpan().IndexOf(f.Bytes) >= 0).Select(f => f.Name)];
    }

    // As typed, as the browser posts it, as JSON escapes it, in UTF-16 (the CLR's memory), in base64 of either alignment-free kind, and in hexadecimal (how PostgreSQL prints bytes).
    private static IEnumerable<(string Name, byte[] Bytes)> Forms(string value)
    {
        var plain = Encoding.UTF8.GetBytes(value);
        yield return ("plain", plain);
        yield return ("form", Encoding.UTF8.GetBytes(Uri.EscapeDataString(value)));
        yield return ("json", Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(value)[1..^1]));
        yield return ("utf-16", Encoding.Unicode.GetBytes(value));
        if (value.Length < 8) yield break;
        yield return ("base64", Encoding.UTF8.GetBytes(Convert.ToBase64String(plain).TrimEnd('=')[..^1]));
        yield return ("hex", Encoding.UTF8.GetBytes(Convert.ToHexStringLower(plain)));
    }
}
