using System.Collections.Frozen;
using System.Text;

namespace Ostiary.Portals.Matrix;

/// <summary>What the matrix's sites say, in several languages and several wordings each. The texts are the files beside this one: a line is <c>key: wording | wording</c>.</summary>
internal static class Phrases
{
    private static readonly FrozenDictionary<string, FrozenDictionary<string, string[]>> Tables = Read();

    /// <summary>The languages there are, in a fixed order.</summary>
    public static IReadOnlyList<string> Languages { get; } = [.. Tables.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The wordings of a phrase; throws when the language lacks it.</summary>
    public static IReadOnlyList<string> Of(string language, string key) =>
        Tables[language].TryGetValue(key, out var wordings) ? wordings : throw new InvalidOperationException($"There is no phrase '{key}' in '{language}'.");

    /// <summary>The keys of a language.</summary>
    public static IEnumerable<string> Keys(string language) => Tables[language].Keys;

    /// <summary>A number that is the same on every machine for the same text.</summary>
    public static int Number(string text)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(text)) hash = (hash ^ b) * 16777619u;
        return (int)((hash ^ (hash >> 15)) & 0x7fffffff);
    }

    private static FrozenDictionary<string, FrozenDictionary<string, string[]>> Read()
    {
        var assembly = typeof(Phrases).Assembly;
        const string suffix = ".phrases.txt";
        return assembly.GetManifestResourceNames().Where(name => name.EndsWith(suffix, StringComparison.Ordinal)).ToFrozenDictionary(name => name[..^suffix.Length], name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(line => line.Split(": ", 2))
                .ToFrozenDictionary(parts => parts[0], parts => parts[1].Split(" | "));
        });
    }
}
