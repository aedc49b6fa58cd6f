using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Ostiary.Browser;

/// <summary>
/// Ends what this process started, when this process dies in any way, <c>kill -9</c> included. A small shell script in a session of its own holds the far end
/// of a pipe; when the pipe closes it ends the processes and removes the folders it was told about. Linux only: it reads <c>/proc</c>.
/// </summary>
public sealed class ProcessGuard : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Process _process;
    private bool _ended;

    private ProcessGuard(Process process) => _process = process;

    /// <summary>Process id of the script.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts the script.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no <c>/bin/sh</c>.</exception>
    public static ProcessGuard Start() => new(StartScript());

    /// <summary>Ends at once everything that the lines name, without waiting for this process to die: the same script, one time.</summary>
    internal static async Task RunOnceAsync(IEnumerable<string> lines, CancellationToken cancellationToken)
    {
        using var process = StartScript();
        foreach (var line in lines)
            process.StandardInput.WriteLine(line);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Processes with <c>NAME=VALUE</c> in their environment end when this process does, with their descendants and the sessions they lead. The value must be unguessable or unique.</summary>
    public void AddMarker(string name, string value) => Send($"marker {name}={value}");

    /// <summary>Takes back <see cref="AddMarker"/>.</summary>
    public void ForgetMarker(string name, string value) => Send($"forget marker {name}={value}");

    /// <summary>The folder is removed when this process dies; processes that have it as a value on their command line (<c>--option=PATH</c>) end before.</summary>
    /// <param name="path">An absolute path without line breaks; not the root folder.</param>
    public void AddDirectory(string path) => Send(DirectoryLine(path));

    /// <summary>Takes back <see cref="AddDirectory"/>.</summary>
    public void ForgetDirectory(string path) => Send($"forget {DirectoryLine(path)}");

    /// <summary>A process that gets <paramref name="signals"/> (<c>INT</c>, <c>QUIT</c>) when this process dies: the first at once, each further one 4 seconds later if it still lives.</summary>
    public void AddProcess(int processId, params string[] signals)
    {
        if (StartOf(processId) is { } start)
            Send(string.Create(CultureInfo.InvariantCulture, $"process {processId} {start} {string.Join(',', signals)}"));
    }

    /// <summary>Takes back <see cref="AddProcess"/>; the arguments must be the same, and the process still there.</summary>
    public void ForgetProcess(int processId, params string[] signals)
    {
        if (StartOf(processId) is { } start)
            Send(string.Create(CultureInfo.InvariantCulture, $"forget process {processId} {start} {string.Join(',', signals)}"));
    }

    /// <summary>The commands of <see cref="RunOnceAsync"/>, for the time when this process dies.</summary>
    internal void Add(IEnumerable<string> lines)
    {
        foreach (var line in lines) Send(line);
    }

    internal void Forget(IEnumerable<string> lines) => Add(lines.Select(line => $"forget {line}"));

    /// <summary>Remembers the sessions that marked processes lead now. Call it after a marked process has started its own children.</summary>
    public void Learn() => Send("learn");

    /// <summary>Dismisses the guard: it ends without doing anything.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_ended) return;
            Send("done");
            _ended = true;
        }
        try
        {
            _process.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            _process.Kill();
        }
        _process.Dispose();
    }

    internal static string DirectoryLine(string path)
    {
        if (!Path.IsPathFullyQualified(path) || Path.TrimEndingDirectorySeparator(path).Length < 2 || path.AsSpan().ContainsAny('\n', '\r'))
            throw new ArgumentException("A guarded folder needs an absolute path of one line that is not the root.", nameof(path));
        return $"dir {Path.TrimEndingDirectorySeparator(path)}";
    }

    /// <summary>When a process started, in clock ticks since boot (proc_pid_stat(5), field 22); null when there is none. Tells a process from a later one with the same id.</summary>
    internal static string? StartOf(int processId)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Send(string line)
    {
        if (line.AsSpan().ContainsAny('\n', '\r'))
            throw new ArgumentException("One line only.", nameof(line));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            try
            {
                _process.StandardInput.WriteLine(line);
                _process.StandardInput.Flush();
            }
            catch (IOException)
            {
                // Somebody ended the guard. The next start sweeps what is then left; work goes on.
            }
        }
    }

    private static Process StartScript()
    {
        using var stream = typeof(ProcessGuard).Assembly.GetManifestResourceStream("process-guard.sh")!;
        using var reader = new StreamReader(stream);
        // The script travels as an argument: a file of it could be removed or changed under a guard that outlives us. A session of its own keeps Ctrl-C away.
        var start = new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            WorkingDirectory = "/",
            ArgumentList =
            {
                "-c", "if command -v setsid >/dev/null 2>&1; then exec setsid /bin/sh -c \"$1\" ostiary-guard; else exec /bin/sh -c \"$1\" ostiary-guard; fi",
                "ostiary-guard", reader.ReadToEnd(),
            },
        };
        // The environment may hold the server's own secrets, and the marker of another guard.
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        start.Environment["LC_ALL"] = "C";
        return Process.Start(start) ?? throw new InvalidOperationException("The process guard did not start.");
    }
}
