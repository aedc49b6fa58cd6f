using System.Globalization;
using System.Security.Cryptography;

namespace Ostiary.Browser;

/// <summary>
/// The folder of one browser host: profile, downloads, temporary files, nothing that may outlive it. Its name is the marker in the environment of every process
/// started for it. A locked file in it says that its owner lives; the lock goes with the owner, however that ends.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string OwnerFile = "owner";
    internal const string MarkerName = "OSTIARY_BROWSER_RUN";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Chromium makes a socket below its folder for temporary files, and the path of a socket (unix(7)) has 107 bytes: this much is left for the folder.</summary>
    private const int LongestTemporary = 107 - 46;

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream owned)
    {
        Path = path;
        _lock = owned;
        var inside = System.IO.Path.Combine(path, "tmp");
        Temporary = System.Text.Encoding.UTF8.GetByteCount(inside) <= LongestTemporary ? inside : ShortName(path);
    }

    public string Path { get; }

    /// <summary>Value of <see cref="MarkerName"/>.</summary>
    public string Marker => System.IO.Path.GetFileName(Path);

    /// <summary>Where Playwright and Chromium put profiles and other temporary files: a folder in this one, by a short other name when this one lies deep.</summary>
    public string Temporary { get; }

    /// <summary>Where Chromium writes files while they come in.</summary>
    public string Downloads => System.IO.Path.Combine(Path, "downloads");

    /// <summary>Where caught files wait for whoever asked for them.</summary>
    public string Files => System.IO.Path.Combine(Path, "files");

    public static RunFolder Create(string parent)
    {
        Directory.CreateDirectory(parent);
        var name = string.Create(CultureInfo.InvariantCulture, $"run-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        var path = System.IO.Path.Combine(parent, name);
        // Under its final name only once it is locked: a sweep by another process never sees it without an owner.
        var draft = System.IO.Path.Combine(parent, $".{name}");
        Directory.CreateDirectory(draft, OwnerOnly);
        var owned = new FileStream(System.IO.Path.Combine(draft, OwnerFile), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1);
        owned.Write(System.Text.Encoding.ASCII.GetBytes($"{Identity(Environment.ProcessId)}\n"));
        owned.Flush();
        Directory.Move(draft, path);
        var folder = new RunFolder(path, owned);
        foreach (var inner in (string[])[System.IO.Path.Combine(path, "tmp"), folder.Downloads, folder.Files])
            Directory.CreateDirectory(inner, OwnerOnly);
        if (folder.Temporary == ShortName(path))
            File.CreateSymbolicLink(folder.Temporary, System.IO.Path.Combine(path, "tmp"));
        return folder;
    }

    /// <summary>Folders below <paramref name="parent"/> whose owner is gone.</summary>
    public static IReadOnlyList<string> Abandoned(string parent) =>
        Directory.Exists(parent) ? [.. Directory.EnumerateDirectories(parent, "run-*").Where(IsAbandoned)] : [];

    /// <summary>What a <see cref="ProcessGuard"/> is told about a folder.</summary>
    public static IReadOnlyList<string> GuardLines(string path) =>
        [$"marker {MarkerName}={System.IO.Path.GetFileName(path)}", ProcessGuard.DirectoryLine(path), ProcessGuard.DirectoryLine(ShortName(path))];

    public void Dispose() => _lock.Dispose();

    /// <summary>A link, where it is needed; its name follows from that of the folder, so that whoever removes one knows the other.</summary>
    private static string ShortName(string path) =>
        System.IO.Path.Combine(Directory.Exists("/tmp") ? "/tmp" : System.IO.Path.GetTempPath(), $"ostiary-{System.IO.Path.GetFileName(path)}");

    private static bool IsAbandoned(string path)
    {
        var file = System.IO.Path.Combine(path, OwnerFile);
        try
        {
            // Two signs, since neither holds everywhere: some file systems have no locks, and an owner in another container has no /proc entry here.
            using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1)) { }
            var owner = File.ReadAllText(file).TrimEnd('\n');
            return !int.TryParse(owner.Split(' ')[0], CultureInfo.InvariantCulture, out var processId) || owner != Identity(processId);
        }
        catch (IOException)
        {
            return false; // Locked, or being removed by somebody else.
        }
        catch (UnauthorizedAccessException)
        {
            return false; // Another user's.
        }
    }

    /// <summary>Process id, start and boot: together they never name two processes.</summary>
    private static string Identity(int processId) =>
        string.Create(CultureInfo.InvariantCulture, $"{processId} {ProcessGuard.StartOf(processId) ?? "-"} {Boot}");

    private static readonly string Boot = File.Exists("/proc/sys/kernel/random/boot_id") ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "-";
}
