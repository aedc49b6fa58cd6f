using Npgsql;

namespace Ostiary.Server.Data;

/// <summary>The one database. Usable from the moment <see cref="StartAsync"/> has returned, which is before any other part of the server starts.</summary>
internal sealed class Db(DataOptions options, PrivatePostgres postgres, TimeProvider time, ILogger<Db> log) : IAsyncDisposable
{
    private NpgsqlDataSource? _pooled;
    private NpgsqlDataSource? _dedicated;
    private DataDirectory? _directory;
    private bool _runsPostgres;

    /// <summary>True when the database is the server's own PostgreSQL, so that nobody else can be using it.</summary>
    public bool IsPrivate => string.IsNullOrWhiteSpace(options.Database);

    /// <summary>Begins a transaction at READ COMMITTED.</summary>
    public async Task<DbTransactionScope> BeginAsync(CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(cancellationToken);
        try
        {
            return new DbTransactionScope(connection, await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellationToken), log);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a connection for reading; disposing it returns it to the pool.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => await Started(_pooled).OpenConnectionAsync(cancellationToken);

    /// <summary>Opens a connection of its own, outside the pool and kept alive, for instance to listen on. Disposing it closes it.</summary>
    public async Task<NpgsqlConnection> OpenDedicatedAsync(CancellationToken cancellationToken) => await Started(_dedicated).OpenConnectionAsync(cancellationToken);

    /// <summary>Null when the database answers; else one sentence for /readyz.</summary>
    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        if (_pooled is null) return "The database is not started.";
        try
        {
            await using var connection = await OpenAsync(cancellationToken);
            await connection.OneAsync<int>("SELECT 1", null, cancellationToken);
            return null;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return "The database does not answer.";
        }
    }

    /// <summary>Holds the data directory, starts the private PostgreSQL or reaches the given one, checks its version and applies <paramref name="migrations"/>.</summary>
    /// <exception cref="StartRefusedException">It cannot be started, reached or used.</exception>
    public async Task StartAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        _directory = DataDirectory.Take(Path.GetFullPath(options.Directory));
        _runsPostgres = IsPrivate;
        await OpenAsync(IsPrivate ? await postgres.StartAsync(cancellationToken) : DatabaseAddress.Parse(options.Database), migrations, cancellationToken);
    }

    /// <summary>
    /// The same for a command that may run beside a server: a given database is simply used, and a private one that another process runs is reached through its socket; only
    /// when nobody runs it, it is started for the command's time.
    /// </summary>
    /// <exception cref="StartRefusedException">It cannot be started, reached or used.</exception>
    public async Task StartBesideAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        if (!IsPrivate)
        {
            await OpenAsync(DatabaseAddress.Parse(options.Database), migrations, cancellationToken);
            return;
        }

        try
        {
            await StartAsync(migrations, cancellationToken);
        }
        catch (StartRefusedException e) when (e.ExitCode == StartRefusedException.InUse)
        {
            await OpenAsync(postgres.FindRunning(), migrations, cancellationToken);
        }
    }

    private async Task OpenAsync(NpgsqlConnectionStringBuilder settings, IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        settings.MaxPoolSize = options.MaxPoolSize;
        settings.CommandTimeout = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds);
        settings.ApplicationName ??= "ostiary";
        // The values of a violated constraint have no place in a log.
        settings.IncludeErrorDetail = false;
        settings.PersistSecurityInfo = false;
        _pooled = NpgsqlDataSource.Create(settings);
        var dedicated = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, KeepAlive = 15 };
        _dedicated = NpgsqlDataSource.Create(dedicated);
        await ReachAsync(settings, cancellationToken);
        await new Migrator(this, log).ApplyAsync(migrations, cancellationToken);
    }

    /// <summary>Closes the connections, stops the private PostgreSQL and lets go of the data directory.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _pooled, null) is { } pooled) await pooled.DisposeAsync();
        if (Interlocked.Exchange(ref _dedicated, null) is { } dedicated) await dedicated.DisposeAsync();
        if (_runsPostgres) await postgres.StopAsync();
        Interlocked.Exchange(ref _directory, null)?.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private static NpgsqlDataSource Started(NpgsqlDataSource? source) =>
        source ?? throw new InvalidOperationException("The database is used before it was started or after it was stopped.");

    /// <summary>Waits for the database to answer, longer and longer between attempts, until the start's time is over.</summary>
    private async Task ReachAsync(NpgsqlConnectionStringBuilder settings, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(100);
        while (true)
        {
            try
            {
                await using var connection = await OpenAsync(cancellationToken);
                var version = await connection.OneAsync<int>("SELECT current_setting('server_version_num')::int", null, cancellationToken);
                if (DatabaseAddress.Refusal(version, settings) is { } refusal) throw new StartRefusedException(refusal);
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
            {
                var reason = DatabaseAddress.Reason(e);
                if (!IsPassing(e)) throw new StartRefusedException($"{DatabaseAddress.Describe(settings)} refuses the connection: {reason}. Check OSTIARY_DATABASE.");
                if (time.GetElapsedTime(began) + pause > options.StartTimeout)
                {
                    throw new StartRefusedException(
                        $"{DatabaseAddress.Describe(settings)} did not answer within {options.StartTimeout.TotalSeconds:0} seconds: {reason}. Start it, or check OSTIARY_DATABASE.");
                }

                Log.DatabaseNotReached(log, reason, pause);
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = TimeSpan.FromSeconds(Math.Min(5, pause.TotalSeconds * 2));
        }
    }

    /// <summary>Whether waiting can help: nobody there yet, starting up, shutting down, too many connections; not a wrong password or a missing database.</summary>
    private static bool IsPassing(Exception exception) => exception is not PostgresException refusal || refusal.IsTransient || refusal.SqlState is
        PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.TooManyConnections;
}
