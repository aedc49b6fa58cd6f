using System.Runtime.InteropServices;

namespace Ostiary.Vault;

/// <summary>What a durable, atomic creation of a file needs and .NET does not offer. POSIX.1-2017: link(2), open(2), fsync(2), close(2).</summary>
internal static class Posix
{
    private const int FileExists = 17; // EEXIST has this number on Linux, macOS and the BSDs.
    private const int ReadOnly = 0;

    /// <summary>Gives <paramref name="existing"/> the second name <paramref name="path"/>, unless that name is taken: then nothing happens.</summary>
    public static void LinkIfMissing(string existing, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // There the move itself fails when the target exists.
            try
            {
                File.Move(existing, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
            }
            return;
        }
        if (Link(existing, path) == 0) return;
        var error = Marshal.GetLastPInvokeError();
        if (error != FileExists) throw new IOException($"{path} cannot be created: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>Makes a new name in a directory survive a power failure. Some file systems cannot; they are left alone.</summary>
    public static void SyncDirectory(string directory)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(directory, ReadOnly);
        if (descriptor < 0) return;
        _ = Sync(descriptor);
        _ = Close(descriptor);
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
