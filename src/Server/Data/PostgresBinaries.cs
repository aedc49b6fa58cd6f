using System.Globalization;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Data;

/// <summary>An installed PostgreSQL.</summary>
/// <param name="Directory">Where <c>initdb</c> and <c>postgres</c> are.</param>
/// <param name="Major">15, 16, …</param>
internal sealed partial record PostgresBinaries(string Directory, int Major)
{
    public const int OldestMajor = 15;

    public string Initdb => Path.Combine(Directory, "initdb");

    public string Postgres => Path.Combine(Directory, "postgres");

    /// <summary>The newest installed one, or the one of <paramref name="major"/> when the data was made by it.</summary>
    /// <param name="given">The setting's directory; empty: look on PATH, in the places of the usual packages, and where pg_config says.</param>
    /// <exception cref="StartRefusedException">None fits; the message says what to install.</exception>
    public static async Task<PostgresBinaries> FindAsync(string given, int? major, CancellationToken cancellationToken)
    {
        var directories = given.Length > 0 ? [given] : await CandidatesAsync(cancellationToken);
        var found = new List<PostgresBinaries>();
        foreach (var directory in directories.Distinct(StringComparer.Ordinal))
        {
            if (!File.Exists(Path.Combine(directory, "initdb")) || !File.Exists(Path.Combine(directory, "postgres"))) continue;
            var version = await Subprocess.RunAsync(Path.Combine(directory, "postgres"), ["--version"], cancellationToken);
            var match = Version().Match(version.Output);
            if (match.Success) found.Add(new PostgresBinaries(directory, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)));
        }

        var fitting = found.Where(f => f.Major >= OldestMajor && (major is null || f.Major == major)).OrderByDescending(f => f.Major).FirstOrDefault();
        if (fitting is not null) return fitting;
        var installed = found.Count == 0 ? "none is installed" : $"installed: {string.Join(", ", found.Select(f => f.Major).Distinct().Order())}";
        if (given.Length > 0) installed += $" in {given}";
        throw new StartRefusedException(major is null
            ? $"No database is given, and PostgreSQL {OldestMajor} or newer for a private one was not found ({installed}). Install it (Debian, Ubuntu: apt-get install postgresql), or give a database with OSTIARY_DATABASE."
            : $"The database files were made by PostgreSQL {major}, which was not found ({installed}). Install that version (Debian, Ubuntu: apt-get install postgresql-{major}), or move the data with pg_upgrade.");
    }

    private static async Task<List<string>> CandidatesAsync(CancellationToken cancellationToken)
    {
        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted).ToList();
        directories.AddRange(Below("/usr/lib/postgresql", "*", "bin"));
        directories.AddRange(Below("/usr", "pgsql-*", "bin"));
        directories.AddRange(Below("/opt/homebrew/opt", "postgresql@*", "bin"));
        directories.AddRange(Below("/usr/libexec", "postgresql*", ""));
        directories.Add("/usr/local/pgsql/bin");
        if (Subprocess.Find("pg_config") is { } config)
        {
            var answer = await Subprocess.RunAsync(config, ["--bindir"], cancellationToken);
            if (answer.ExitCode == 0 && answer.Output.Trim() is { Length: > 0 } directory) directories.Add(directory);
        }

        return directories;
    }

    private static IEnumerable<string> Below(string parent, string pattern, string child) =>
        System.IO.Directory.Exists(parent) ? System.IO.Directory.EnumerateDirectories(parent, pattern).Select(d => Path.Combine(d, child)) : [];

    [GeneratedRegex("\\(PostgreSQL\\) ([0-9]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Version();
}
