using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Ostiary.Server.Data;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Data;

/// <summary>A data directory made once, which tests copy: making a cluster takes longer than everything else they do.</summary>
public sealed class MadeCluster : IAsyncLifetime
{
    private readonly string _directory = TestDirectory.Create();

    public async ValueTask InitializeAsync()
    {
        await using var postgres = new PrivatePostgres(new DataOptions { Directory = _directory }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance) { Throwaway = true };
        await postgres.StartAsync(default);
    }

    /// <summary>Copies it, owners included, as it was left by its server.</summary>
    internal async Task CopyAsync(string directory)
    {
        DataDirectory.Create(directory);
        var copied = await Subprocess.RunAsync("cp", ["-a", _directory + "/.", directory], default);
        Assert.True(copied.ExitCode == 0, copied.Errors);
    }

    public ValueTask DisposeAsync()
    {
        TestDirectory.Delete(_directory);
        return ValueTask.CompletedTask;
    }
}

public sealed class PrivatePostgresTests(MadeCluster made) : IClassFixture<MadeCluster>, IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _open = [];
    private readonly string _root = TestDirectory.Create();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _open) await one.DisposeAsync();
        TestDirectory.Delete(_root);
    }

    [Fact]
    public async Task It_is_private_durable_and_kept_from_one_start_to_the_next()
    {
        var directory = Path.Combine(_root, "data");
        var first = Postgres(directory, throwaway: false);
        await using (var connection = await ConnectAsync(await first.StartAsync(default)))
        {
            Assert.Equal("on", await SettingAsync(connection, "fsync"));
            Assert.Equal("on", await SettingAsync(connection, "data_checksums"));
            Assert.Equal("", await SettingAsync(connection, "listen_addresses"));
            Assert.Equal("UTF8", await SettingAsync(connection, "server_encoding"));
            Assert.Equal("scram-sha-256", await connection.OneAsync<string>("SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules", null, default));
            await connection.ExecuteAsync("CREATE TABLE kept AS SELECT 42 AS answer", null, default);
        }

        const UnixFileMode ownerReadsAndWrites = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(ownerReadsAndWrites, File.GetUnixFileMode(Path.Combine(directory, "postgres-password")));
        Assert.Equal(ownerReadsAndWrites | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(directory, "postgres")));
        Assert.Equal(ownerReadsAndWrites | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(directory, "postgres-socket")));
        var pid = first.PostmasterPid!.Value;
        Assert.NotEqual("0", await UserOfAsync(pid));
        await first.StopAsync();
        Assert.False(Directory.Exists($"/proc/{pid}"));
        Assert.Null(first.PostmasterPid);

        var second = Postgres(directory);
        await using (var connection = await ConnectAsync(await second.StartAsync(default)))
        {
            Assert.Equal(42, await connection.OneAsync<int>("SELECT answer FROM kept", null, default));
        }
    }

    [Fact]
    public async Task A_wrong_password_does_not_open_it()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        var settings = await Postgres(directory).StartAsync(default);
        settings.Password = "guessed";
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ConnectAsync(settings));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task A_postmaster_that_is_killed_is_started_again_and_nothing_committed_is_lost()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        var postgres = Postgres(directory, throwaway: false);
        var again = new TaskCompletionSource<int>();
        var settings = await postgres.StartAsync(default);
        await using (var connection = await ConnectAsync(settings)) await connection.ExecuteAsync("CREATE TABLE kept AS SELECT 42 AS answer", null, default);
        var first = postgres.PostmasterPid!.Value;
        postgres.PostmasterStarted += pid => again.TrySetResult(pid);
        Assert.True(Posix.Signal(first, Posix.Kill));
        Assert.NotEqual(first, await again.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        await using (var connection = await ConnectAsync(settings)) Assert.Equal(42, await connection.OneAsync<int>("SELECT answer FROM kept", null, default));
    }

    [Fact]
    public async Task A_postmaster_left_by_an_earlier_server_is_stopped_and_replaced()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        // As it is after kill -9 of a server on a system that cannot stop its children: alive, and nobody's child.
        var left = await StartByHandAsync(directory);
        var log = new List<string>();
        var postgres = Postgres(directory, log);
        await using var connection = await ConnectAsync(await postgres.StartAsync(default));
        Assert.NotEqual(left, postgres.PostmasterPid);
        Assert.False(IsRunning(left));
        Assert.Contains(log, line => line.Contains($"process {left}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_file_of_a_postmaster_that_is_gone_does_not_hinder_the_start_whoever_has_its_number_now()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        // The number belongs to a living process of PostgreSQL's user, which is what makes PostgreSQL itself refuse.
        await MakeAsync(Path.Combine(_root, "other"));
        await using var other = Postgres(Path.Combine(_root, "other"));
        await other.StartAsync(default);
        var file = Path.Combine(directory, "postgres", "postmaster.pid");
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"{other.PostmasterPid}\n{Path.Combine(directory, "postgres")}\n1700000000\n5432\n\n\n"));
        await Postgres(directory).StartAsync(default);
        Assert.True(IsRunning(other.PostmasterPid!.Value));
    }

    [Fact]
    public async Task A_data_path_too_long_for_a_socket_gets_a_short_private_one_that_is_removed_at_the_end()
    {
        var directory = Path.Combine(_root, new string('l', 60), new string('o', 60));
        await MakeAsync(directory);
        var postgres = Postgres(directory);
        var settings = await postgres.StartAsync(default);
        await using (var connection = await ConnectAsync(settings)) Assert.Equal(1, await connection.OneAsync<int>("SELECT 1", null, default));
        Assert.InRange(settings.Host!.Length, 1, 85);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(settings.Host));
        await postgres.StopAsync();
        Assert.False(Directory.Exists(settings.Host));
    }

    [Fact]
    public async Task A_data_path_with_spaces_commas_quotes_and_letters_of_any_language_works()
    {
        var settings = await Postgres(Path.Combine(_root, "my data, \"größe\" 'x' = データ")).StartAsync(default);
        await using var connection = await ConnectAsync(settings);
        Assert.Equal(1, await connection.OneAsync<int>("SELECT 1", null, default));
    }

    [Fact]
    public async Task A_data_directory_only_root_can_enter_gets_its_database_files_elsewhere_and_finds_them_again()
    {
        Assert.SkipUnless(Posix.IsRoot, "Only root hands PostgreSQL to another user.");
        var locked = Path.Combine(_root, "locked");
        Directory.CreateDirectory(locked, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var directory = Path.Combine(locked, "data");
        var log = new List<string>();
        var first = Postgres(directory, log, throwaway: false);
        await using (var connection = await ConnectAsync(await first.StartAsync(default))) await connection.ExecuteAsync("CREATE TABLE kept AS SELECT 42 AS answer", null, default);
        await first.StopAsync();
        var link = new DirectoryInfo(Path.Combine(directory, "postgres"));
        Assert.StartsWith(Path.Combine(_root, "elsewhere"), link.LinkTarget, StringComparison.Ordinal);
        Assert.Single(log, line => line.Contains("cannot enter", StringComparison.Ordinal));

        await using (var connection = await ConnectAsync(await Postgres(directory, throwaway: false).StartAsync(default)))
        {
            Assert.Equal(42, await connection.OneAsync<int>("SELECT answer FROM kept", null, default));
        }
    }

    [Fact]
    public async Task Two_data_directories_that_lead_to_one_cluster_are_not_served_at_once()
    {
        var directory = Path.Combine(_root, "data");
        var copy = Path.Combine(_root, "copy");
        await MakeAsync(directory);
        await Postgres(directory).StartAsync(default);
        Directory.CreateDirectory(copy);
        File.CreateSymbolicLink(Path.Combine(copy, "postgres"), Path.Combine(directory, "postgres"));
        File.Copy(Path.Combine(directory, "postgres-password"), Path.Combine(copy, "postgres-password"));
        using var held = DataDirectory.Take(directory);
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => Postgres(copy).StartAsync(default));
        Assert.Equal(StartRefusedException.InUse, refused.ExitCode);
    }

    [Fact]
    public async Task A_start_that_was_interrupted_while_making_the_files_is_made_good()
    {
        var directory = Path.Combine(_root, "data");
        DataDirectory.Create(Path.Combine(directory, "postgres-init", "postgres", "base"));
        await File.WriteAllTextAsync(Path.Combine(directory, "postgres-init", "postgres", "PG_VERSION"), "15\n");
        await Postgres(directory).StartAsync(default);
        Assert.False(Directory.Exists(Path.Combine(directory, "postgres-init")));
    }

    [Fact]
    public async Task A_lost_password_file_is_named_and_nothing_is_made_in_its_place()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        File.Delete(Path.Combine(directory, "postgres-password"));
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => Postgres(directory).StartAsync(default));
        Assert.Contains("postgres-password is missing", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(directory, "postgres-password")));
    }

    [Fact]
    public async Task Files_of_another_major_version_are_refused_with_what_to_install()
    {
        var directory = Path.Combine(_root, "data");
        DataDirectory.Create(Path.Combine(directory, "postgres"));
        await File.WriteAllTextAsync(Path.Combine(directory, "postgres", "PG_VERSION"), "9\n");
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => Postgres(directory).StartAsync(default));
        Assert.Contains("PostgreSQL 9", refused.Message, StringComparison.Ordinal);
        Assert.Contains("postgresql-9", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_is_no_cluster_and_a_link_to_nowhere_are_refused_and_left_alone()
    {
        var directory = Path.Combine(_root, "data");
        DataDirectory.Create(Path.Combine(directory, "postgres"));
        await File.WriteAllTextAsync(Path.Combine(directory, "postgres", "letters.txt"), "mine");
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => Postgres(directory).StartAsync(default));
        Assert.Contains("not a PostgreSQL cluster", refused.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(directory, "postgres", "letters.txt")));

        var other = Path.Combine(_root, "other");
        DataDirectory.Create(other);
        File.CreateSymbolicLink(Path.Combine(other, "postgres"), Path.Combine(_root, "nowhere"));
        refused = await Assert.ThrowsAsync<StartRefusedException>(() => Postgres(other).StartAsync(default));
        Assert.Contains("no database files there", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_binaries_are_a_message_that_says_what_to_install()
    {
        var postgres = new PrivatePostgres(new DataOptions { Directory = Path.Combine(_root, "data"), PostgresBinaries = _root }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance);
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => postgres.StartAsync(default));
        Assert.Contains("apt-get install postgresql", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_PostgreSQL_cannot_live_with_is_told_in_its_own_words()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        await File.AppendAllTextAsync(Path.Combine(directory, "postgres", "postgresql.conf"), "\nwork_mem = 'plenty'\n");
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => Postgres(directory).StartAsync(default));
        Assert.Contains("work_mem", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_on_the_same_data_is_told_who_uses_it_and_the_first_goes_on()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        var first = Db(directory);
        await first.StartAsync([], default);
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => Db(directory).StartAsync([], default));
        Assert.Equal(StartRefusedException.InUse, refused.ExitCode);
        Assert.Contains($"already in use by process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.Null(await first.CheckAsync(default));
        await first.StopAsync();
        await Db(directory).StartAsync([], default);
    }

    [Fact]
    public async Task Connections_work_again_after_the_postmaster_was_killed()
    {
        var directory = Path.Combine(_root, "data");
        await MakeAsync(directory);
        var db = Db(directory);
        await db.StartAsync([], default);
        await db.ListAsync<int>("SELECT 1", null, default);
        Assert.True(Posix.Signal(int.Parse((await File.ReadAllLinesAsync(Path.Combine(directory, "postgres", "postmaster.pid")))[0], CultureInfo.InvariantCulture), Posix.Kill));
        await Work.Eventually.IsTrueAsync(async () => await db.CheckAsync(default) is not null);
        await Work.Eventually.IsTrueAsync(async () => await db.CheckAsync(default) is null);
    }

    private PrivatePostgres Postgres(string directory, List<string>? log = null, bool throwaway = true)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(directory)!);
        DataDirectory.Create(directory);
        var postgres = new PrivatePostgres(new DataOptions { Directory = directory }, TimeProvider.System, log is null ? NullLogger<PrivatePostgres>.Instance : new ListLogger(log))
        {
            ElsewhereRoot = Path.Combine(_root, "elsewhere"),
            Throwaway = throwaway,
        };
        _open.Add(postgres);
        return postgres;
    }

    private Db Db(string directory)
    {
        var options = new DataOptions { Directory = directory, MaxPoolSize = 5 };
        var db = new Db(options, new PrivatePostgres(options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance) { Throwaway = true }, TimeProvider.System, NullLogger<Db>.Instance);
        _open.Add(db);
        return db;
    }

    private Task MakeAsync(string directory) => made.CopyAsync(directory);

    private static async Task<NpgsqlConnection> ConnectAsync(NpgsqlConnectionStringBuilder settings)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static Task<string> SettingAsync(NpgsqlConnection connection, string name) => connection.OneAsync<string>("SELECT current_setting(@name)", new { name }, default);

    /// <summary>Starts the cluster as a daemon, outside this process's care.</summary>
    private static async Task<int> StartByHandAsync(string directory)
    {
        var cluster = Path.Combine(directory, "postgres");
        var user = await PostgresUser.FindAsync(cluster, default);
        var binaries = await PostgresBinaries.FindAsync("", null, default);
        user.MakeDirectory(Path.Combine(directory, "hand"));
        var started = await user.RunAsync(
            [Path.Combine(binaries.Directory, "pg_ctl"), "-D", cluster, "-w", "-l", Path.Combine(directory, "hand", "log"), "-o", $"-c listen_addresses= -k {directory}/hand", "start"], default);
        Assert.Equal(0, started.ExitCode);
        return int.Parse((await File.ReadAllLinesAsync(Path.Combine(cluster, "postmaster.pid")))[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Running, and not only waiting for a parent that never asks.</summary>
    private static bool IsRunning(int pid) => File.Exists($"/proc/{pid}/cmdline") && File.ReadAllText($"/proc/{pid}/cmdline").Length > 0;

    private static async Task<string> UserOfAsync(int pid) => (await Subprocess.RunAsync("ps", ["-o", "uid=", "-p", pid.ToString(CultureInfo.InvariantCulture)], default)).Output.Trim();

    private sealed class ListLogger(List<string> lines) : ILogger<PrivatePostgres>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines) lines.Add(formatter(state, exception));
        }
    }
}
