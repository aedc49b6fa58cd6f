using System.Globalization;
using System.Text;

namespace Ostiary.Browser.Tests;

/// <summary>What runs on this machine, from <c>/proc</c>.</summary>
internal static class Processes
{
    public sealed record Entry(int Id, int Parent, string CommandLine);

    /// <summary>Living processes (no zombies) whose environment or command line has the text in it, and their descendants.</summary>
    public static IReadOnlyList<Entry> Of(string text)
    {
        var all = All();
        var found = all.Where(p => p.Id != Environment.ProcessId && (p.CommandLine.Contains(text, StringComparison.Ordinal) || EnvironmentOf(p.Id).Contains(text, StringComparison.Ordinal)))
            .ToDictionary(p => p.Id);
        for (var grown = true; grown;)
        {
            grown = false;
            foreach (var process in all)
                if (found.ContainsKey(process.Parent) && found.TryAdd(process.Id, process)) grown = true;
        }
        return [.. found.Values];
    }

    public static bool Lives(int id) => All().Any(p => p.Id == id);

    public static async Task<bool> BecomesTrueAsync(Func<bool> condition, TimeSpan limit)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > limit) return false;
            await Task.Delay(20);
        }
        return true;
    }

    private static List<Entry> All()
    {
        var list = new List<Entry>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[0] is "Z" or "X") continue;
                list.Add(new Entry(id, int.Parse(fields[1], CultureInfo.InvariantCulture), Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, "cmdline"))).Replace('\0', ' ')));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Gone meanwhile.
            }
        }
        return list;
    }

    private static string EnvironmentOf(int id)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{id}/environ"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
