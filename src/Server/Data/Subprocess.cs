using System.Diagnostics;

namespace Ostiary.Server.Data;

/// <summary>Programs of the system, run to their end.</summary>
internal static class Subprocess
{
    /// <summary>What a program left behind.</summary>
    internal sealed record Ended(int ExitCode, string Output, string Errors);

    /// <summary>Runs a program in a clean environment, from the root directory (which every user may enter).</summary>
    /// <exception cref="StartRefusedException">There is no such program.</exception>
    public static async Task<Ended> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = Describe(program, arguments) };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new StartRefusedException($"{program} cannot be run: {e.Message}");
        }

        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new Ended(process.ExitCode, await output, await errors);
    }

    /// <summary>All three streams are redirected, so that the runtime leaves the terminal's settings alone.</summary>
    public static ProcessStartInfo Describe(string program, IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // PGDATA, PGOPTIONS and their like would change what PostgreSQL does; and our own variables hold keys.
        var kept = new[] { "PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR" }.Select(name => (Name: name, Value: Environment.GetEnvironmentVariable(name))).ToList();
        info.Environment.Clear();
        foreach (var (name, value) in kept.Where(v => v.Value is not null)) info.Environment[name] = value;
        info.Environment["LC_ALL"] = "C";
        info.Environment["TZ"] = "UTC";
        return info;
    }

    /// <summary>The first program of this name on PATH or in the usual places; null when there is none.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"])
        .Select(directory => Path.Combine(directory, program))
        .FirstOrDefault(File.Exists);
}
