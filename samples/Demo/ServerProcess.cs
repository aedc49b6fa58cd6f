using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ostiary.Demo;

/// <summary>The server as a child process, on the data directory that <c>./run</c> would use. Ends with the demo, however the demo ends by itself.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private const string Allowed = "127.0.0.1,localhost";
    private const int KeptLines = 40;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly Queue<string> lines = new();
    private readonly TaskCompletionSource<string> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process) => this.process = process;

    public Uri Address { get; private set; } = null!;

    public string ApiKey { get; private set; } = "";

    public bool HasEnded => process.HasExited;

    /// <summary>The end of what the server wrote.</summary>
    public string LastLines
    {
        get { lock (lines) return string.Join('\n', lines); }
    }

    /// <summary>Starts the server and returns when it is ready: database, migrations and browser.</summary>
    public static async Task<ServerProcess> StartAsync(string? urls, Screen screen, CancellationToken stop)
    {
        var root = FindCheckout();
        var data = Path.GetFullPath(Environment.GetEnvironmentVariable("OSTIARY_DATA") is { Length: > 0 } given ? given : Path.Combine(root, "data"));
        screen.Note($"The server starts, with its data in {data}");
        var started = Stopwatch.GetTimestamp();
        var server = new ServerProcess(Launch(FindServer(root), root, data, urls));
        try
        {
            await server.UntilReadyAsync(data, stop);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        screen.Good($"It is ready after {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {server.Address}");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        // SIGTERM, as a service manager would: the server closes its browser and its database in order.
        if (!process.HasExited) _ = Kill(process.Id, Sigterm);
        using var patience = new CancellationTokenSource(StopTimeout);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private static Process Launch(string assembly, string root, string data, string? urls)
    {
        var dotnet = Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet";
        var start = new ProcessStartInfo(dotnet, [assembly, "--urls", urls ?? "http://127.0.0.1:0"])
        {
            WorkingDirectory = root,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        var allowed = Environment.GetEnvironmentVariable("OSTIARY_Egress__Allow");
        start.Environment["OSTIARY_DATA"] = data;
        start.Environment["OSTIARY_ROLES"] = "api,worker";
        // The practice websites are on this machine, which the outgoing guard refuses unless it is told otherwise.
        start.Environment["OSTIARY_Egress__Allow"] = string.IsNullOrWhiteSpace(allowed) ? Allowed : $"{allowed},{Allowed}";
        return Process.Start(start) ?? throw new DemoFault("The server could not be started.");
    }

    private async Task UntilReadyAsync(string data, CancellationToken stop)
    {
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(StartTimeout);
        var ended = process.WaitForExitAsync(patience.Token);
        var first = await Task.WhenAny(listening.Task, ended);
        stop.ThrowIfCancellationRequested();
        if (first == ended) throw ended.IsCompletedSuccessfully ? WhyNot(data) : new DemoFault($"The server did not start within {StartTimeout.TotalSeconds:0} seconds. Its last lines:", LastLines);

        Address = AsClient(await listening.Task);
        ApiKey = ReadKey(data);
        await CheckReadyAsync(stop);
    }

    private async Task CheckReadyAsync(CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = Address, Timeout = StartTimeout };
        using var response = await http.GetAsync(new Uri("readyz", UriKind.Relative), stop);
        if (response.IsSuccessStatusCode) return;
        var checks = JsonNode.Parse(await response.Content.ReadAsStringAsync(stop))?["checks"] as JsonObject;
        throw new DemoFault("The server is not ready:", string.Join('\n', (checks ?? []).Where(check => (string?)check.Value != "ok").Select(check => $"{check.Key}: {check.Value}")));
    }

    private DemoFault WhyNot(string data)
    {
        var said = LastLines;
        if (InUse().Match(said) is not { Success: true } match) return new DemoFault("The server did not start. It says:", said);
        return new DemoFault(
            $"Another Ostiary server ({match.Groups[1].Value}) is using {data}.",
            "Stop it (Ctrl-C in its terminal), or give the demo a directory of its own:\n    OSTIARY_DATA=./data-demo ./run demo");
    }

    private static string ReadKey(string data)
    {
        if (Environment.GetEnvironmentVariable("OSTIARY_API_KEY") is { Length: > 0 } chosen) return chosen;
        var file = Path.Combine(data, "api-key");
        if (File.Exists(file)) return File.ReadAllText(file).Trim();
        throw new DemoFault($"There is no API key in {file}: this database got its first key elsewhere. Set OSTIARY_API_KEY to a key for the demo (sk_live_ and at least 16 letters or digits); the server adds it.");
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (lines)
        {
            lines.Enqueue(Screen.HideKeys(line));
            if (lines.Count > KeptLines) lines.Dequeue();
        }

        if (Listening().Match(line) is { Success: true } match) listening.TrySetResult(match.Groups[1].Value);
    }

    /// <summary>An address to call, for one to listen on.</summary>
    private static Uri AsClient(string listening)
    {
        var address = new UriBuilder(listening.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal));
        if (address.Host is "0.0.0.0" or "[::]") address.Host = "127.0.0.1";
        return address.Uri;
    }

    /// <summary>The folder that holds the solution; the current one when this program was copied elsewhere.</summary>
    private static string FindCheckout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Ostiary.slnx"))) return folder.FullName;
        return Environment.CurrentDirectory;
    }

    private static string FindServer(string root)
    {
        string[] places = [Path.Combine(AppContext.BaseDirectory, "Ostiary.Server.dll"), Path.Combine(root, "src", "Server", "bin", "Release", "net10.0", "Ostiary.Server.dll")];
        return places.FirstOrDefault(File.Exists) ?? throw new DemoFault("The server has not been built. Start the demo with ./run demo, or build src/Server in Release first.");
    }

    private const int Sigterm = 15;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [GeneratedRegex(@"listens on (https?://[^\s,]+)")]
    private static partial Regex Listening();

    [GeneratedRegex("data directory .* is already in use by ([^.]+)\\.")]
    private static partial Regex InUse();
}
