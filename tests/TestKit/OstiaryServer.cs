using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace Ostiary.TestKit;

/// <summary>How a server for tests is started.</summary>
public sealed record ServerSettings
{
    /// <summary>Settings by their long name, e.g. <c>["Interactions__Timeout"] = "2s"</c>.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();

    /// <summary>True: a private PostgreSQL in the data directory, as a customer has it. False (the default): a database of its own in the one that all tests share, which is faster.</summary>
    public bool PrivateDatabase { get; init; }

    /// <summary>A server whose database (and key file) this one shares: two machines of one installation.</summary>
    public OstiaryServer? Beside { get; init; }

    /// <summary><c>api</c>, <c>worker</c> or both.</summary>
    public string Roles { get; init; } = "api,worker";
}

/// <summary>
/// The real server, started as a process from its own build output, on a free port, with a data directory and a database of its own. Everything it prints goes to
/// <see cref="LogFile"/>. It can be killed and started again on the same data.
/// </summary>
public sealed partial class OstiaryServer : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private readonly ServerSettings _settings;
    private readonly TestDatabase? _database;
    private Process? _process;
    private Uri? _address;

    private OstiaryServer(ServerSettings settings, TestDatabase? database, string directory)
    {
        _settings = settings;
        _database = database;
        Directory = directory;
        // Built here rather than written down: nothing in the repository looks like a real key.
        Key = settings.Beside?.Key ?? "sk_live_" + RandomNumberGenerator.GetHexString(40, lowercase: true);
        Api = new Api(() => Address, Key);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();
    }

    /// <summary>Everything of this server is below it: data, log, temporary files.</summary>
    public string Directory { get; }

    public string DataDirectory => Path.Combine(Directory, "data");

    /// <summary>Everything that the server keeps: <see cref="Directory"/>, and where its private PostgreSQL is when that had to go elsewhere.</summary>
    public IReadOnlyList<string> AllDirectories =>
        new DirectoryInfo(Path.Combine(DataDirectory, "postgres")) is { LinkTarget: { } elsewhere } ? [Directory, Path.GetDirectoryName(elsewhere)!] : [Directory];

    /// <summary>Processes that belong to this server: itself, its browsers, its database.</summary>
    public IReadOnlyList<string> Processes => [.. AllDirectories.SelectMany(ProcessList.Naming).Distinct()];

    /// <summary>What <c>TMPDIR</c> is for the server and its children.</summary>
    public string TemporaryDirectory => Path.Combine(Directory, "tmp");

    /// <summary>Standard output and error of every start, one after another.</summary>
    public string LogFile => Path.Combine(Directory, "server.log");

    /// <summary>The first organization's key.</summary>
    public string Key { get; }

    /// <summary>A client with <see cref="Key"/>; it finds the server again after a restart.</summary>
    public Api Api { get; }

    /// <summary>Where the server listens now.</summary>
    public Uri Address => _address ?? throw new InvalidOperationException("The server is not running.");

    /// <summary>The server's process id.</summary>
    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("The server is not running.");

    /// <summary>Starts a server and returns when <c>/readyz</c> says that it is ready.</summary>
    public static async Task<OstiaryServer> StartAsync(ServerSettings? settings = null)
    {
        settings ??= new ServerSettings();
        var database = settings.PrivateDatabase || settings.Beside is not null ? null : await PostgresFixture.CreateDatabaseAsync();
        var server = new OstiaryServer(settings, database, TestDirectory.Create());
        System.IO.Directory.CreateDirectory(server.TemporaryDirectory);
        if (settings.Beside is { } other)
        {
            System.IO.Directory.CreateDirectory(server.DataDirectory);
            File.Copy(Path.Combine(other.DataDirectory, "vault-keys"), Path.Combine(server.DataDirectory, "vault-keys"));
        }

        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server on the data it had before.</summary>
    public async Task StartAgainAsync()
    {
        if (_process is not null) throw new InvalidOperationException("The server is running.");
        var from = File.Exists(LogFile) ? new FileInfo(LogFile).Length : 0;
        _process = Launch();
        _address = new Uri(await Eventually.GetAsync("The server says where it listens", () => ReadAddressAsync(from), StartPatience, () => TailOfLog()));
        using var http = new HttpClient();
        var last = "";
        await Eventually.TrueAsync(
            "The server is ready",
            async () =>
            {
                ThrowIfEnded();
                using var answer = await http.GetAsync(new Uri(_address, "/readyz"));
                last = await answer.Content.ReadAsStringAsync();
                return answer.IsSuccessStatusCode;
            },
            StartPatience,
            () => last + TailOfLog());
    }

    /// <summary>SIGKILL, as when the machine loses power: no handler runs.</summary>
    public async Task KillAsync()
    {
        if (_process is not { } process) return;
        process.Kill();
        await process.WaitForExitAsync();
        Forget();
    }

    /// <summary>SIGTERM, and waits for the orderly end. Returns the exit code.</summary>
    public async Task<int> StopAsync(TimeSpan? patience = null)
    {
        if (_process is not { } process) throw new InvalidOperationException("The server is not running.");
        if (Signal(process.Id, SigTerm) != 0) throw new InvalidOperationException("The server could not be signaled.");
        using var limit = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new UnmetExpectationException($"The server did not stop after SIGTERM. {TailOfLog()}");
        }

        var code = process.ExitCode;
        Forget();
        return code;
    }

    /// <summary>Runs the server's program with a command of the operator, with this server's settings and beside it. Returns the exit code and what it printed.</summary>
    public async Task<(int Code, string Output)> CommandAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Dotnet(), [ServerAssembly(), .. arguments]) { WorkingDirectory = Directory, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        SetEnvironment(start);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("The command could not be started.");
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(StartPatience);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>A further organization with a key of its own: it sees nothing of the others.</summary>
    public async Task<Api> NewOrganizationAsync()
    {
        var tail = RandomNumberGenerator.GetHexString(22, lowercase: true);
        var key = "sk_live_" + RandomNumberGenerator.GetHexString(40, lowercase: true);
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO organizations (id, name, created_at) VALUES ($1, 'Test', now());
            """, connection) { Parameters = { new() { Value = "org_" + tail } } };
        await command.ExecuteNonQueryAsync();
        await using var second = new NpgsqlCommand("INSERT INTO api_keys (id, organization_id, hash, hint, created_at) VALUES ($1, $2, $3, $4, now())", connection)
        {
            Parameters = { new() { Value = "key_" + tail }, new() { Value = "org_" + tail }, new() { Value = SHA256.HashData(Encoding.UTF8.GetBytes(key)) }, new() { Value = key[^4..] } },
        };
        await second.ExecuteNonQueryAsync();
        return new Api(() => Address, key);
    }

    /// <summary>A client of this server with a key that it knows: of an organization made through a server beside it.</summary>
    public Api ApiOf(string key) => new(() => Address, key);

    /// <summary>An open connection to the server's database (the shared one only).</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString ?? throw new InvalidOperationException("A private database is the server's own.")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Stops the server as hard as needed and removes its directory and database.</summary>
    public async ValueTask DisposeAsync()
    {
        // Its browsers and its database end with it; what is not gone yet must not keep the directory from going.
        await KillAsync();
        var left = "";
        await Eventually.TrueAsync("Every process of the server is gone", () => (left = string.Join('\n', Processes)).Length == 0, TimeSpan.FromSeconds(30), () => left);
        try
        {
            if (_database is not null) await _database.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // The shared PostgreSQL has ended before its last database was dropped: then that is gone as well.
        }

        await Eventually.TrueAsync("The server's files are gone", () => AllDirectories.Reverse().ToList().TrueForAll(Deleted), TimeSpan.FromSeconds(30));
    }

    /// <summary>The last lines of the log, for messages about failures.</summary>
    public string TailOfLog(int lines = 30) => File.Exists(LogFile) ? "\nThe server said:\n" + string.Join('\n', ReadLog().Split('\n').TakeLast(lines)) : "";

    /// <summary>Everything that the server has printed.</summary>
    public string ReadLog()
    {
        using var reader = new StreamReader(new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    /// <summary>Its database, for a program that uses the same one; null when it is a private one.</summary>
    public string? ConnectionString => _database?.ConnectionString ?? _settings.Beside?.ConnectionString;

    private Process Launch()
    {
        // The shell becomes the server (exec), so that the process id is the server's and its output is a file that outlives a kill.
        var start = new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", "exec \"$0\" \"$1\" </dev/null >>\"$2\" 2>&1", Dotnet(), ServerAssembly(), LogFile }, WorkingDirectory = Directory };
        SetEnvironment(start);
        return Process.Start(start) ?? throw new InvalidOperationException("The server could not be started.");
    }

    private void SetEnvironment(ProcessStartInfo start)
    {
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("OSTIARY_", StringComparison.Ordinal) && n != "OSTIARY_CHROMIUM" && !n.StartsWith("OSTIARY_TEST_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        var environment = new Dictionary<string, string?>
        {
            ["OSTIARY_URLS"] = "http://127.0.0.1:0",
            ["OSTIARY_DATA"] = DataDirectory,
            ["OSTIARY_DATABASE"] = ConnectionString,
            ["OSTIARY_ROLES"] = _settings.Roles,
            ["OSTIARY_API_KEY"] = Key,
            ["OSTIARY_Egress__Allow"] = "127.0.0.1,localhost,[::1]",
            ["OSTIARY_RateLimit__Requests"] = "0",
            ["TMPDIR"] = TemporaryDirectory,
        };
        foreach (var (name, value) in _settings.Values) environment["OSTIARY_" + name] = value;
        foreach (var (name, value) in environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }
    }

    private async Task<string?> ReadAddressAsync(long from)
    {
        ThrowIfEnded();
        if (!File.Exists(LogFile)) return null;
        await using var stream = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(from, SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        return ListensOn().Match(await reader.ReadToEndAsync()) is { Success: true } match ? match.Groups[1].Value : null;
    }

    private void ThrowIfEnded()
    {
        if (_process is { HasExited: true } ended) throw new UnmetExpectationException($"The server ended with code {ended.ExitCode} instead of starting.{TailOfLog()}");
    }

    private void Kill()
    {
        try
        {
            _process?.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    private void Forget()
    {
        _process?.Dispose();
        _process = null;
        _address = null;
    }

    // What cleans up after a killed server may be removing files at this very moment: then once more.
    private static bool Deleted(string directory)
    {
        try
        {
            TestDirectory.Delete(directory);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // The runtime that runs this test runs the server too.
    private static string Dotnet() => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    // tests/X.Tests/bin/<configuration>/<framework> → src/Server/bin/<configuration>/<framework>: what ./run starts.
    private static string ServerAssembly()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var root = output;
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Ostiary.slnx"))) root = root.Parent;
        var assembly = root is null ? null : Path.Combine(root.FullName, "src", "Server", "bin", output.Parent!.Name, output.Name, "Ostiary.Server.dll");
        return File.Exists(assembly) ? assembly : throw new InvalidOperationException($"The server is not built where it should be: {assembly}");
    }

    private const int SigTerm = 15;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int pid, int signal);

    [GeneratedRegex(@"Ostiary listens on (http://[0-9.:]+)")]
    private static partial Regex ListensOn();
}
