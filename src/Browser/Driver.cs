using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Playwright;

namespace Ostiary.Browser;

/// <summary>
/// Playwright's driver process, started in an environment of our own making: its temporary files go to the run folder, its files are for the owner only, debug switches of
/// the surroundings (<c>DEBUG</c>, <c>PWDEBUG</c>, which would print typed text) do not reach it, and neither do the server's settings, which may hold secrets.
/// </summary>
internal sealed class Driver
{
    private const string NodePath = "PLAYWRIGHT_NODEJS_PATH";
    private const string SearchPath = "PLAYWRIGHT_DRIVER_SEARCH_PATH";

    /// <summary>What Chromium and the driver need from the surroundings: where to find programs, certificates and fonts, and the language.</summary>
    private static readonly string[] Inherited = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "XDG_RUNTIME_DIR", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"];

    /// <summary>Playwright reads the driver's path from the process's environment: one start at a time.</summary>
    private static readonly SemaphoreSlim EnvironmentGate = new(1, 1);

    private Driver(IPlaywright playwright) => Playwright = playwright;

    public IPlaywright Playwright { get; }

    /// <summary>True once a browser was started by it.</summary>
    public bool Used { get; set; }

    public static async Task<Driver> StartAsync(RunFolder folder, CancellationToken cancellationToken)
    {
        await EnvironmentGate.WaitAsync(cancellationToken);
        var before = Environment.GetEnvironmentVariable(NodePath);
        try
        {
            Environment.SetEnvironmentVariable(NodePath, WriteStarter(folder, before));
            return new Driver(await Microsoft.Playwright.Playwright.CreateAsync().WaitAsync(cancellationToken));
        }
        finally
        {
            Environment.SetEnvironmentVariable(NodePath, before);
            EnvironmentGate.Release();
        }
    }

    private static string WriteStarter(RunFolder folder, string? givenNode)
    {
        var script = new StringBuilder("#!/bin/sh\numask 077\n# A picture of a browser's memory holds what was typed into it.\nulimit -c 0\nset -- ").Append(Quote(FindNode(givenNode))).Append(" \"$@\"\n")
            // A session of its own: Ctrl-C in the server's terminal is for the server, which then closes Chromium in order.
            .Append("command -v setsid >/dev/null 2>&1 && set -- setsid \"$@\"\n")
            .Append("exec env -i");
        foreach (var name in Inherited)
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                script.Append(' ').Append(Quote($"{name}={value}"));
        script.Append(' ').Append(Quote($"TMPDIR={folder.Temporary}")).Append(' ').Append(Quote($"{RunFolder.MarkerName}={folder.Marker}"))
            // Chromium's crash handler cannot be switched off, so its pictures of memory go where nothing outlives the run.
            .Append(' ').Append(Quote($"BREAKPAD_DUMP_LOCATION={folder.Temporary}"))
            .Append(" PW_LANG_NAME=\"$PW_LANG_NAME\" PW_LANG_NAME_VERSION=\"$PW_LANG_NAME_VERSION\" PW_CLI_DISPLAY_VERSION=\"$PW_CLI_DISPLAY_VERSION\" \"$@\"\n");
        var path = Path.Combine(folder.Path, "driver");
        File.WriteAllText(path, script.ToString());
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static string FindNode(string? given)
    {
        if (!string.IsNullOrEmpty(given)) return given;
        var platform = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";
        string?[] roots = [Environment.GetEnvironmentVariable(SearchPath), Path.GetDirectoryName(typeof(IPlaywright).Assembly.Location), AppContext.BaseDirectory];
        foreach (var root in roots)
            if (!string.IsNullOrEmpty(root) && Path.Combine(root, ".playwright", "node", platform, "node") is var path && File.Exists(path))
                return path;
        throw new BrowserLostException("Playwright's driver is missing: the folder .playwright belongs beside the server's program.");
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
