using System.Diagnostics;
using System.Globalization;

namespace Ostiary.Server.Data;

/// <summary>A running PostgreSQL, ours or one left by an earlier server, known by its process id.</summary>
internal static class Postmaster
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Starts PostgreSQL in a session of its own, so that Ctrl-C in the terminal reaches the server only, which then stops it in order; and where the system can
    /// (setpriv, Linux), asks the kernel to stop it when the server dies.
    /// </summary>
    /// <param name="logFile">Gets what PostgreSQL says; opened by the server's user.</param>
    public static async Task<Process> StartAsync(PostgresUser user, IReadOnlyList<string> command, string logFile, CancellationToken cancellationToken)
    {
        var whole = user.Command(command).ToList();
        if (Subprocess.Find("setpriv") is { } setpriv && (await Subprocess.RunAsync(setpriv, ["--help"], cancellationToken)).Output.Contains("--pdeathsig", StringComparison.Ordinal))
        {
            if (user.Switches) whole.Insert(1, "--pdeathsig=INT");
            else whole.InsertRange(0, [setpriv, "--pdeathsig=INT", "--"]);
        }

        if (Subprocess.Find("setsid") is { } setsid) whole.Insert(0, setsid);
        var process = new Process { StartInfo = Subprocess.Describe("/bin/sh", ["-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", logFile, .. whole]) };
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // The kernel's signal comes when the thread that started the child ends, so this one stays until the child has.
        new Thread(() =>
        {
            try
            {
                process.Start();
                started.SetResult();
            }
            catch (Exception e)
            {
                started.SetException(e);
                return;
            }

            process.WaitForExit();
        })
        { IsBackground = true, Name = "postgres" }.Start();
        await started.Task;
        return process;
    }

    /// <summary>The process that <c>postmaster.pid</c> of this cluster names, if it is really a PostgreSQL of this cluster; else null.</summary>
    public static async Task<int?> FindAsync(string cluster, CancellationToken cancellationToken)
    {
        string[] lines;
        try
        {
            lines = await File.ReadAllLinesAsync(Path.Combine(cluster, "postmaster.pid"), cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        // A single-user postgres writes its id as a negative number.
        if (lines.Length == 0 || !int.TryParse(lines[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var pid) || Math.Abs(pid) <= 1) return null;
        pid = Math.Abs(pid);
        var command = await CommandAsync(pid, cancellationToken);
        return command is not null && command.Contains("postgres", StringComparison.Ordinal) && command.Contains(cluster, StringComparison.Ordinal) ? pid : null;
    }

    /// <summary>Stops a postmaster: first with the fast shutdown (SIGINT), then without writing a checkpoint (SIGQUIT), then by force. False: it is still there.</summary>
    public static async Task<bool> StopAsync(int pid, TimeSpan patience, TimeProvider time, Action<TimeSpan> insisting)
    {
        foreach (var (signal, wait) in new[] { (Posix.Interrupt, patience), (Posix.Quit, patience / 2), (Posix.Kill, patience / 2) })
        {
            if (!Posix.Signal(pid, signal)) return true;
            var began = time.GetTimestamp();
            while (time.GetElapsedTime(began) < wait)
            {
                if (await CommandAsync(pid, CancellationToken.None) is null) return true;
                await Task.Delay(LookEvery, time, CancellationToken.None);
            }

            insisting(wait);
        }

        return false;
    }

    /// <summary>The command line of a living process; null when there is none, or it is dead and only waits for its parent to notice.</summary>
    private static async Task<string?> CommandAsync(int pid, CancellationToken cancellationToken)
    {
        if (!Directory.Exists("/proc/self"))
        {
            var ps = await Subprocess.RunAsync("ps", ["-o", "args=", "-p", pid.ToString(CultureInfo.InvariantCulture)], cancellationToken);
            return ps.ExitCode == 0 && !ps.Output.Contains("<defunct>", StringComparison.Ordinal) ? ps.Output : null;
        }

        try
        {
            var command = await File.ReadAllTextAsync($"/proc/{pid}/cmdline", cancellationToken);
            return command.Length == 0 ? null : command.Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
