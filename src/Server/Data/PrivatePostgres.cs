using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Ostiary.Server.Data;

/// <summary>
/// The server's own PostgreSQL, when none is given: made from the installed binaries, kept in the data directory, reached through a socket in a directory nobody
/// else can enter, started and stopped with the server, and started again when it dies. See <c>docs/decisions/0002-postgres.md</c>.
/// </summary>
internal sealed class PrivatePostgres(DataOptions options, TimeProvider time, ILogger<PrivatePostgres> log) : IAsyncDisposable
{
    private const string Role = "ostiary";
    private const string Database = "ostiary";

    /// <summary>Longest directory of a socket: the system's limit for the whole path is 107 bytes on Linux and 103 elsewhere.</summary>
    private const int LongestSocketDirectory = 85;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private FileStream? _clusterLock;
    private Task _supervising = Task.CompletedTask;
    private Running? _running;

    /// <summary>Process id of the running postmaster; null when it is not running.</summary>
    public int? PostmasterPid { get; private set; }

    /// <summary>Given the process id each time a postmaster is started, so that a process guard can stop it (SIGINT) when the server dies.</summary>
    public event Action<int>? PostmasterStarted;

    /// <summary>For tests, whose data nobody wants back: nothing is forced to disk, and it is stopped without a checkpoint.</summary>
    internal bool Throwaway { get; init; }

    /// <summary>Where files go that PostgreSQL's user cannot reach in the data directory.</summary>
    internal string ElsewhereRoot { get; init; } = "/var/lib/ostiary";

    private string DataDirectoryPath => Path.GetFullPath(options.Directory);

    private string Link => Path.Combine(DataDirectoryPath, "postgres");

    private string LogFile => Path.Combine(DataDirectoryPath, "postgres.log");

    /// <summary>Makes the cluster at the first start; starts it; waits until it has recovered and answers. The data directory is held by the caller.</summary>
    /// <returns>How to connect, password included.</returns>
    /// <exception cref="StartRefusedException">It cannot be made or started; the message says why.</exception>
    public async Task<NpgsqlConnectionStringBuilder> StartAsync(CancellationToken cancellationToken)
    {
        var existing = Existing();
        var user = await PostgresUser.FindAsync(existing, cancellationToken);
        var binaries = await PostgresBinaries.FindAsync(options.PostgresBinaries, existing is null ? null : Major(existing), cancellationToken);
        if (existing is not null && !await user.CanEnterAsync(existing, cancellationToken))
            throw new StartRefusedException($"The database files in {existing} belong to the user {user.Name}, who cannot enter that directory. Let others pass through the directories above it (chmod o+x), or give a database with OSTIARY_DATABASE.");
        var password = Password(existing is not null);
        var cluster = existing ?? await MakeAsync(binaries, user, password, cancellationToken);
        LockCluster(cluster);
        await StopLeftoverAsync(cluster, cancellationToken);
        var socket = SocketDirectory(cluster, user);
        var settings = new NpgsqlConnectionStringBuilder { Host = socket, Port = 5432, Username = Role, Password = password, Database = "postgres", Timeout = 10, Pooling = false };
        _running = new Running(binaries, user, cluster, socket, settings.ConnectionString);
        await LaunchAsync(_running, cancellationToken);
        await MakeDatabaseAsync(settings.ConnectionString, cancellationToken);
        _supervising = Task.Run(() => SuperviseAsync(_running, _stopping.Token), CancellationToken.None);
        return new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Database = Database, Pooling = true };
    }

    /// <summary>How to connect to the one that another process runs in the data directory; for the operator's commands, which run beside it.</summary>
    /// <exception cref="StartRefusedException">It is not running, or its files cannot be read.</exception>
    public NpgsqlConnectionStringBuilder FindRunning()
    {
        try
        {
            // postmaster.pid: process id, data directory, start time, port, socket directory (PostgreSQL, "Database File Layout").
            var lines = File.ReadAllLines(Path.Combine(Link, "postmaster.pid"));
            var password = File.ReadAllText(Path.Combine(DataDirectoryPath, "postgres-password")).Trim();
            if (lines.Length > 4) return new NpgsqlConnectionStringBuilder { Host = lines[4].Split(',')[0], Port = 5432, Username = Role, Password = password, Database = Database, Timeout = 10 };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartRefusedException($"The data directory {DataDirectoryPath} is in use, and its database cannot be reached: {e.Message} Run this as the user that runs the server.");
        }

        throw new StartRefusedException($"The database in {DataDirectoryPath} is starting or stopping. Try again in a moment.");
    }

    /// <summary>Stops it, in order if it can be had, and waits until it has ended.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _supervising;
        if (_running is { } running)
        {
            _running = null;
            if (PostmasterPid is { } pid)
            {
                if (Throwaway) Posix.Signal(pid, Posix.Quit);
                await Postmaster.StopAsync(pid, StopPatience, time, waited => Log.PostgresSlowToStop(log, pid, waited));
                PostmasterPid = null;
            }

            await running.EndAsync();
            RemoveShortSocketDirectory();
        }

        if (_clusterLock is not null) await _clusterLock.DisposeAsync();
        _clusterLock = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    /// <summary>The real directory of the cluster that was made earlier; null at the first start.</summary>
    private string? Existing()
    {
        var link = new DirectoryInfo(Link);
        if (link.LinkTarget is not null)
        {
            var target = link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            return IsCluster(target)
                ? target
                : throw new StartRefusedException($"{Link} points to {target}, and there are no database files there. Put them back; or remove the link, and the server starts with an empty database.");
        }

        if (!link.Exists) return null;
        if (IsCluster(Link)) return Link;
        if (Directory.EnumerateFileSystemEntries(Link).Any())
            throw new StartRefusedException($"{Link} holds something that is not a PostgreSQL cluster. Move it away, and the server makes one there.");
        Directory.Delete(Link);
        return null;
    }

    /// <summary>Also true for a directory that cannot be read: it is somebody else's, which is said when its owner is known.</summary>
    private static bool IsCluster(string directory)
    {
        if (File.Exists(Path.Combine(directory, "PG_VERSION"))) return true;
        if (!Directory.Exists(directory)) return false;
        try
        {
            _ = Directory.GetFileSystemEntries(directory);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static int Major(string cluster)
    {
        try
        {
            return int.Parse(File.ReadAllText(Path.Combine(cluster, "PG_VERSION")).Trim(), CultureInfo.InvariantCulture);
        }
        catch (FormatException)
        {
            throw new StartRefusedException($"{cluster}/PG_VERSION is damaged: it should hold the major version of PostgreSQL.");
        }
    }

    /// <summary>The role's password, from <c>postgres-password</c> (mode 0600), made before the cluster that asks for it.</summary>
    private string Password(bool mustExist)
    {
        var file = Path.Combine(DataDirectoryPath, "postgres-password");
        if (File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } kept)
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return kept;
        }

        if (mustExist) throw new StartRefusedException($"{file} is missing: it holds the password of the database in {Link}. Put it back from a backup.");
        var password = RandomNumberGenerator.GetHexString(48, lowercase: true);
        WritePrivate(file, password);
        return password;
    }

    private static void WritePrivate(string file, string text)
    {
        using var stream = new FileStream(file, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(Encoding.UTF8.GetBytes(text + "\n"));
        stream.Flush(flushToDisk: true);
    }

    /// <summary>
    /// Makes the cluster beside its final place and renames it when it is whole, so that a start interrupted here leaves no half of one. Where PostgreSQL's user
    /// cannot enter the data directory (a clone in root's home), it is made elsewhere and linked.
    /// </summary>
    private async Task<string> MakeAsync(PostgresBinaries binaries, PostgresUser user, string password, CancellationToken cancellationToken)
    {
        var parent = DataDirectoryPath;
        if (!await user.CanEnterAsync(parent, cancellationToken))
        {
            parent = Path.Combine(ElsewhereRoot, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(DataDirectoryPath)))[..16]);
            DataDirectory.Create(parent);
            if (!await user.CanEnterAsync(parent, cancellationToken))
                throw new StartRefusedException($"The user {user.Name}, as whom PostgreSQL runs, can enter neither {DataDirectoryPath} nor {parent}. Name a data directory it can pass through with OSTIARY_DATA, or give a database with OSTIARY_DATABASE.");
            Log.ClusterMoved(log, user.Name, DataDirectoryPath, Path.Combine(parent, "postgres"), Link);
        }

        var cluster = Path.Combine(parent, "postgres");
        if (Directory.Exists(cluster)) await SetAsideAsync(cluster, cancellationToken);
        Log.MakingCluster(log, binaries.Major, cluster);
        var workshop = Path.Combine(parent, "postgres-init");
        if (Directory.Exists(workshop)) Directory.Delete(workshop, recursive: true);
        user.MakeDirectory(workshop);
        try
        {
            var passwordFile = Path.Combine(workshop, "password");
            WritePrivate(passwordFile, password);
            if (user.Switches) Posix.Chown(passwordFile, user.Uid, user.Gid);
            var made = Path.Combine(workshop, "postgres");
            var ended = await InitdbAsync("C.UTF-8");
            // Not every system has C.UTF-8; plain C orders text the same way.
            if (ended.ExitCode != 0 && ended.Errors.Contains("locale", StringComparison.Ordinal)) ended = await InitdbAsync("C");
            if (ended.ExitCode != 0) throw new StartRefusedException($"PostgreSQL's initdb failed in {parent}: {LastLines(ended.Errors)}");
            Directory.Move(made, cluster);
            if (parent != DataDirectoryPath) File.CreateSymbolicLink(Link, cluster);
            return cluster;

            Task<Subprocess.Ended> InitdbAsync(string locale) => user.RunAsync(
                [
                    binaries.Initdb, "--pgdata=" + made, "--username=" + Role, "--pwfile=" + passwordFile, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=" + locale,
                    "--data-checksums", .. Throwaway ? ["--no-sync"] : Array.Empty<string>(),
                ], cancellationToken);
        }
        finally
        {
            Directory.Delete(workshop, recursive: true);
        }
    }

    /// <summary>
    /// Files from an earlier data directory of the same path, whose password went with it. They are kept, not used: nobody asked for them to be destroyed.
    /// </summary>
    private async Task SetAsideAsync(string cluster, CancellationToken cancellationToken)
    {
        await StopLeftoverAsync(cluster, cancellationToken);
        var n = 1;
        while (Directory.Exists($"{cluster}.old-{n}")) n++;
        Directory.Move(cluster, $"{cluster}.old-{n}");
        Log.SetAside(log, $"{cluster}.old-{n}");
    }

    /// <summary>Two data directories may lead to one cluster (a copied link); the lock beside the cluster keeps the second server out.</summary>
    private void LockCluster(string cluster)
    {
        var parent = Path.GetDirectoryName(cluster)!;
        if (parent == DataDirectoryPath) return;
        try
        {
            _clusterLock = new FileStream(Path.Combine(parent, "server.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new StartRefusedException($"The database files in {cluster} are already in use by another server, through another data directory.", StartRefusedException.InUse);
        }
    }

    /// <summary>A postmaster whose server was killed is stopped; a <c>postmaster.pid</c> of a process that is no longer it is removed.</summary>
    private async Task StopLeftoverAsync(string cluster, CancellationToken cancellationToken)
    {
        if (await Postmaster.FindAsync(cluster, cancellationToken) is { } pid)
        {
            Log.StoppingLeftover(log, pid);
            if (!await Postmaster.StopAsync(pid, StopPatience, time, waited => Log.PostgresSlowToStop(log, pid, waited)))
                throw new StartRefusedException($"A PostgreSQL left from an earlier server (process {pid}) cannot be stopped. Stop it, and start again.", StartRefusedException.InUse);
        }

        // PostgreSQL would take any process of its user that has this id by now for another server. Its own check of the shared memory still keeps two apart.
        if (await Postmaster.FindAsync(cluster, cancellationToken) is null) File.Delete(Path.Combine(cluster, "postmaster.pid"));
    }

    /// <summary>
    /// Beside the cluster when that path is short and plain enough for a socket; else a directory of an unpredictable name below the system's temporary one,
    /// remembered by a link so that the next start can remove it after a crash.
    /// </summary>
    private string SocketDirectory(string cluster, PostgresUser user)
    {
        RemoveShortSocketDirectory();
        var beside = Path.Combine(Path.GetDirectoryName(cluster)!, "postgres-socket");
        if (Encoding.UTF8.GetByteCount(beside) <= LongestSocketDirectory && beside.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-'))
        {
            if (Directory.Exists(beside)) Directory.Delete(beside, recursive: true);
            user.MakeDirectory(beside);
            return beside;
        }

        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        foreach (var place in new[] { user.Switches ? null : runtime, "/tmp", Path.GetTempPath().TrimEnd('/') })
        {
            if (string.IsNullOrEmpty(place)) continue;
            var directory = Path.Combine(place, ShortPrefix + RandomNumberGenerator.GetHexString(20, lowercase: true));
            if (directory.Length > LongestSocketDirectory || !Posix.MakePrivateDirectory(directory)) continue;
            if (user.Switches) Posix.Chown(directory, user.Uid, user.Gid);
            File.CreateSymbolicLink(ShortLink, directory);
            return directory;
        }

        throw new StartRefusedException($"The path {beside} is too long or too unusual for a socket, and no directory for it can be made in /tmp. Name a shorter data directory with OSTIARY_DATA.");
    }

    private const string ShortPrefix = "ostiary-pg-";

    private string ShortLink => Path.Combine(DataDirectoryPath, "postgres-socket-link");

    private void RemoveShortSocketDirectory()
    {
        var link = new FileInfo(ShortLink);
        if (link.LinkTarget is not { } target) return;
        if (Path.GetFileName(target).StartsWith(ShortPrefix, StringComparison.Ordinal) && Directory.Exists(target)) Directory.Delete(target, recursive: true);
        File.Delete(ShortLink);
    }

    private IReadOnlyList<string> Command(Running running)
    {
        string[] settings =
        [
            // Nobody outside this machine, and on it nobody who cannot enter the socket's directory.
            "listen_addresses=", "unix_socket_directories=" + running.Socket, "unix_socket_permissions=0700", "port=5432",
            "shared_buffers=128MB", "max_connections=" + Math.Max(100, options.MaxPoolSize + 20).ToString(CultureInfo.InvariantCulture),
            // A server that died in a transaction must not hold locks.
            "idle_in_transaction_session_timeout=60s",
            "timezone=UTC", "log_timezone=UTC", "lc_messages=C", "logging_collector=off", "log_destination=stderr", "log_checkpoints=off",
            // Statements and rows stay out of the log.
            "log_min_error_statement=panic", "log_error_verbosity=terse", "log_statement=none", "log_parameter_max_length=0", "log_parameter_max_length_on_error=0",
            .. Throwaway ? ["fsync=off", "full_page_writes=off", "synchronous_commit=off"] : Array.Empty<string>(),
        ];
        return [running.Binaries.Postgres, "-D", running.Cluster, .. settings.SelectMany(setting => new[] { "-c", setting })];
    }

    /// <summary>Starts it and waits until it answers, which after a crash includes its recovery. Tries again while processes of the one before are still ending.</summary>
    private async Task LaunchAsync(Running running, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            if (new FileInfo(LogFile) is { Exists: true, Length: > 10 * 1024 * 1024 }) File.Move(LogFile, LogFile + ".1", overwrite: true);
            var logFrom = new FileInfo(LogFile) is { Exists: true } file ? file.Length : 0;
            running.Process = await Postmaster.StartAsync(running.User, Command(running), LogFile, cancellationToken);
            while (!running.Process.HasExited)
            {
                if (await AnswersAsync(running.Connection, cancellationToken) && await Postmaster.FindAsync(running.Cluster, cancellationToken) is { } pid)
                {
                    PostmasterPid = pid;
                    Log.PostgresStarted(log, running.Binaries.Major, pid, running.Cluster);
                    PostmasterStarted?.Invoke(pid);
                    return;
                }

                if (time.GetElapsedTime(began) > options.StartTimeout)
                {
                    await running.EndAsync();
                    throw new StartRefusedException($"PostgreSQL in {running.Cluster} did not answer within {options.StartTimeout.TotalSeconds:0} seconds. See {LogFile}.");
                }

                try
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(30), time, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    await running.EndAsync();
                    throw;
                }
            }

            var said = LogSince(logFrom);
            var passing = said.Contains("shared memory block", StringComparison.Ordinal) || said.Contains("postmaster.pid", StringComparison.Ordinal) || said.Contains(".lock", StringComparison.Ordinal);
            if (!passing || time.GetElapsedTime(began) > options.StartTimeout)
                throw new StartRefusedException($"PostgreSQL in {running.Cluster} does not start: {LastLines(said)} See {LogFile}.");
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
        }
    }

    private static async Task<bool> AnswersAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            throw new StartRefusedException("The private PostgreSQL does not know the password in postgres-password: the file and the database are not from the same data directory.");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }

    private static async Task MakeDatabaseAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        if (await connection.OneAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = @Database)", new { Database }, cancellationToken)) return;
        await connection.ExecuteAsync($"CREATE DATABASE {Database}", null, cancellationToken, timeout: 0);
    }

    /// <summary>Starts PostgreSQL again whenever it ends without having been asked to.</summary>
    private async Task SuperviseAsync(Running running, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await running.Process!.WaitForExitAsync(stopping);
                Log.PostgresDied(log, PostmasterPid ?? 0, running.Process.ExitCode);
                PostmasterPid = null;
                for (var pause = TimeSpan.FromMilliseconds(200); ; pause = TimeSpan.FromSeconds(Math.Min(10, pause.TotalSeconds * 2)))
                {
                    await Task.Delay(pause, time, stopping);
                    try
                    {
                        await StopLeftoverAsync(running.Cluster, stopping);
                        await LaunchAsync(running, stopping);
                        break;
                    }
                    catch (Exception e) when (e is StartRefusedException or IOException or UnauthorizedAccessException)
                    {
                        Log.PostgresNotRestarted(log, pause, e.Message);
                    }
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private string LogSince(long position)
    {
        using var stream = new FileStream(LogFile, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = Math.Min(position, stream.Length);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string LastLines(string text) => string.Join(" / ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(4));

    private sealed class Running(PostgresBinaries binaries, PostgresUser user, string cluster, string socket, string connection)
    {
        public PostgresBinaries Binaries => binaries;
        public PostgresUser User => user;
        public string Cluster => cluster;
        public string Socket => socket;
        public string Connection => connection;
        public Process? Process { get; set; }

        /// <summary>Makes sure that the child has ended, also one that was never heard of.</summary>
        public async Task EndAsync()
        {
            if (Process is null) return;
            if (!Process.HasExited) Posix.Signal(Process.Id, Posix.Interrupt);
            using var patience = new CancellationTokenSource(StopPatience);
            try
            {
                await Process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Process.Kill(entireProcessTree: true);
                await Process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }
}
