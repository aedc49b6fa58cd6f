using System.Security.Cryptography;

namespace Ostiary.TestKit;

/// <summary>Directories for tests that every user may pass through, so that PostgreSQL's user can reach what is below.</summary>
public static class TestDirectory
{
    /// <summary>Makes a directory of a new name.</summary>
    public static string Create()
    {
        var path = Path.Combine("/tmp", "ostiary-tests-" + RandomNumberGenerator.GetHexString(16, lowercase: true));
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return path;
    }

    /// <summary>Removes a directory with all that is in it; nothing happens when it is gone.</summary>
    public static void Delete(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }
}
