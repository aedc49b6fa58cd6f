using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Ostiary.Server.Data;

namespace Ostiary.TestKit;

/// <summary>
/// One private PostgreSQL per test process, started by the first test that needs it; each test gets a database of its own. Not forced to disk: the tests kill
/// processes, not machines. A test assembly that says <c>[assembly: AssemblyFixture(typeof(PostgresFixture))]</c> stops it after its last test; without that it
/// is stopped when the process ends.
/// </summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private static readonly SemaphoreSlim Turn = new(1, 1);
    private static Cluster? _cluster;

    /// <summary>Makes a database. Disposing it closes whoever still uses it and drops it.</summary>
    /// <param name="migrated">With the schema of all rooms (copied from a template), or empty.</param>
    public static async Task<TestDatabase> CreateDatabaseAsync(bool migrated = true)
    {
        await Turn.WaitAsync();
        try
        {
            _cluster ??= await Cluster.StartAsync();
            var name = $"test_{Interlocked.Increment(ref _cluster.Databases)}";
            await _cluster.ExecuteAsync($"CREATE DATABASE {name}" + (migrated ? $" TEMPLATE {await _cluster.TemplateAsync()}" : ""));
            return new TestDatabase(_cluster, name);
        }
        finally
        {
            Turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Turn.WaitAsync();
        try
        {
            if (_cluster is not null) await _cluster.StopAsync();
            _cluster = null;
        }
        finally
        {
            Turn.Release();
        }
    }

    internal sealed class Cluster
    {
        private readonly PrivatePostgres _postgres;
        private readonly NpgsqlConnectionStringBuilder _settings;
        private bool _template;

        private Cluster(PrivatePostgres postgres, NpgsqlConnectionStringBuilder settings, string directory)
        {
            _postgres = postgres;
            _settings = settings;
            Directory = directory;
        }

        public int Databases;

        public string Directory { get; }

        public static async Task<Cluster> StartAsync()
        {
            var directory = TestDirectory.Create();
            var postgres = new PrivatePostgres(new DataOptions { Directory = directory, MaxPoolSize = 400 }, TimeProvider.System, NullLogger<PrivatePostgres>.Instance) { Throwaway = true };
            var cluster = new Cluster(postgres, await postgres.StartAsync(CancellationToken.None), directory);
            // Also when the tests are stopped from outside by a signal that lets handlers run; after a harder end the kernel stops it.
            AppDomain.CurrentDomain.ProcessExit += (_, _) => cluster.StopAsync().GetAwaiter().GetResult();
            return cluster;
        }

        public async Task StopAsync()
        {
            NpgsqlConnection.ClearAllPools();
            await _postgres.StopAsync();
            TestDirectory.Delete(Directory);
        }

        public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Database = database }.ConnectionString;

        public async Task ExecuteAsync(string sql)
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Database = "postgres", Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }

        /// <summary>A database with the whole schema, which nobody is connected to.</summary>
        public async Task<string> TemplateAsync()
        {
            const string name = "template_migrated";
            if (_template) return name;
            await ExecuteAsync($"CREATE DATABASE {name}");
            var options = new DataOptions { Directory = Path.Combine(Directory, "template"), Database = ConnectionString(name) };
            await using (var db = new Db(options, _postgres, TimeProvider.System, NullLogger<Db>.Instance))
            {
                await db.StartAsync(Migration.In(typeof(Db).Assembly), CancellationToken.None);
            }

            _template = true;
            return name;
        }
    }
}

/// <summary>A database for one test.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly PostgresFixture.Cluster _cluster;

    internal TestDatabase(PostgresFixture.Cluster cluster, string name)
    {
        _cluster = cluster;
        Name = name;
    }

    public string Name { get; }

    /// <summary>For Npgsql, or for <c>OSTIARY_DATABASE</c>.</summary>
    public string ConnectionString => _cluster.ConnectionString(Name);

    public async ValueTask DisposeAsync() => await _cluster.ExecuteAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
}
