namespace Ostiary.TestKit;

/// <summary>What runs on this machine, read from <c>/proc</c>.</summary>
public static class ProcessList
{
    /// <summary>Processes that belong to a server: its directory is in their command line, their environment or is where they work. <c>id command</c>, one string each; zombies do not count.</summary>
    public static IReadOnlyList<string> Naming(string directory)
    {
        var found = new List<string>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(entry), out var id) || id == Environment.ProcessId) continue;
            try
            {
                var command = File.ReadAllText(Path.Combine(entry, "cmdline")).Replace('\0', ' ');
                // A zombie has no command line, and only waits to be noticed by its parent.
                if (command.Length == 0) continue;
                if (command.Contains(directory, StringComparison.Ordinal)
                    || File.ReadAllText(Path.Combine(entry, "environ")).Contains(directory, StringComparison.Ordinal)
                    || (new FileInfo(Path.Combine(entry, "cwd")).LinkTarget ?? "").StartsWith(directory, StringComparison.Ordinal))
                    found.Add($"{id} {(command.Length > 200 ? command[..200] : command)}");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended while it was looked at, or belongs to somebody else.
            }
        }

        return found;
    }
}
