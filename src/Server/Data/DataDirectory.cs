using System.Globalization;

namespace Ostiary.Server.Data;

/// <summary>
/// Holds a directory for one server. The lock is the operating system's, on the open file <c>server.lock</c>, so that it ends with the process however that ends.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    public string Path { get; }

    private string PidFile => System.IO.Path.Combine(Path, "server.pid");

    /// <summary>Makes the directory when it is missing and locks it.</summary>
    /// <exception cref="StartRefusedException">Another process holds it, or it cannot be made or written.</exception>
    public static DataDirectory Take(string path)
    {
        FileStream @lock;
        try
        {
            Create(path);
            @lock = new FileStream(System.IO.Path.Combine(path, "server.lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (UnauthorizedAccessException)
        {
            throw new StartRefusedException($"The data directory {path} cannot be written by the user {Environment.UserName}. Give it to that user, or name another with OSTIARY_DATA.");
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException) && File.Exists(System.IO.Path.Combine(path, "server.lock")))
        {
            throw new StartRefusedException($"The data directory {path} is already in use by {Holder(path)}. Stop it, or name another directory with OSTIARY_DATA.", StartRefusedException.InUse);
        }
        catch (IOException e)
        {
            throw new StartRefusedException($"The data directory {path} cannot be used: {e.Message}");
        }

        var directory = new DataDirectory(path, @lock);
        File.WriteAllText(directory.PidFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return directory;
    }

    public void Dispose()
    {
        File.Delete(PidFile);
        _lock.Dispose();
    }

    /// <summary>
    /// Makes a directory and its parents. Root's directories may be passed through, not read, by others: PostgreSQL does not run as root and must reach its own
    /// below; what is secret in it has a mode of its own.
    /// </summary>
    public static void Create(string path)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(path, Posix.IsRoot ? owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : owner);
    }

    private static string Holder(string path)
    {
        try
        {
            return $"process {int.Parse(File.ReadAllText(System.IO.Path.Combine(path, "server.pid")), CultureInfo.InvariantCulture)}";
        }
        catch (Exception e) when (e is IOException or FormatException or OverflowException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
