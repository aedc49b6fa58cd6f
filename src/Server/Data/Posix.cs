using System.Runtime.InteropServices;

namespace Ostiary.Server.Data;

/// <summary>The few calls of POSIX that .NET does not offer.</summary>
internal static class Posix
{
    public const int Interrupt = 2;
    public const int Quit = 3;
    public const int Kill = 9;

    /// <summary>True when this process has the rights of root.</summary>
    public static bool IsRoot => geteuid() == 0;

    /// <summary>Id of the user this process acts as.</summary>
    public static uint UserId => geteuid();

    /// <summary>Gives a file or directory to a user; a symbolic link is not followed.</summary>
    public static void Chown(string path, uint user, uint group)
    {
        if (lchown(path, user, group) != 0) throw new IOException($"{path} cannot be given to the user {user}: error {Marshal.GetLastPInvokeError()}.");
    }

    /// <summary>Makes a directory that must not exist yet, with mode 0700. False: the name is taken or the place cannot be written.</summary>
    public static bool MakePrivateDirectory(string path) => mkdir(path, 0x1c0) == 0;

    /// <summary>Sends a signal; false when there is no such process.</summary>
    public static bool Signal(int process, int signal) => process > 1 && kill(process, signal) == 0;

#pragma warning disable IDE1006 // The names are the C library's.
    [DllImport("libc")]
    private static extern uint geteuid();

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int lchown([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int mkdir([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
#pragma warning restore IDE1006
}
