namespace Ostiary.Server.Data;

internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "Migration {Number} of {Room} applied: {Name}")]
    public static partial void Migrated(ILogger log, int number, string room, string name);

    [LoggerMessage(101, LogLevel.Warning, "The database holds migration {Number} ({Name}), which this version does not know: a newer version has used it")]
    public static partial void UnknownMigration(ILogger log, int number, string name);

    [LoggerMessage(102, LogLevel.Warning, "The database is not reached: {Reason}; trying again in {Pause}")]
    public static partial void DatabaseNotReached(ILogger log, string reason, TimeSpan pause);

    [LoggerMessage(103, LogLevel.Error, "A signal after a commit failed; the commit stands")]
    public static partial void SignalFailed(ILogger log, Exception exception);

    [LoggerMessage(110, LogLevel.Information, "Private PostgreSQL {Version} is made in {Directory}")]
    public static partial void MakingCluster(ILogger log, int version, string directory);

    [LoggerMessage(111, LogLevel.Warning, "The user {User}, as whom PostgreSQL runs, cannot enter {DataDirectory}: the database files are kept in {Directory}, linked from {Link}")]
    public static partial void ClusterMoved(ILogger log, string user, string dataDirectory, string directory, string link);

    [LoggerMessage(112, LogLevel.Information, "Private PostgreSQL {Version} answers (process {Pid}, {Directory})")]
    public static partial void PostgresStarted(ILogger log, int version, int pid, string directory);

    [LoggerMessage(113, LogLevel.Warning, "A PostgreSQL of this data directory is left from an earlier server (process {Pid}); stopping it")]
    public static partial void StoppingLeftover(ILogger log, int pid);

    [LoggerMessage(114, LogLevel.Warning, "PostgreSQL (process {Pid}) ended with exit code {ExitCode} while in use; starting it again")]
    public static partial void PostgresDied(ILogger log, int pid, int exitCode);

    [LoggerMessage(115, LogLevel.Error, "PostgreSQL could not be started again; next attempt in {Pause}: {Reason}")]
    public static partial void PostgresNotRestarted(ILogger log, TimeSpan pause, string reason);

    [LoggerMessage(116, LogLevel.Warning, "PostgreSQL (process {Pid}) did not stop in {Timeout}; insisting")]
    public static partial void PostgresSlowToStop(ILogger log, int pid, TimeSpan timeout);

    [LoggerMessage(117, LogLevel.Warning, "Database files of an earlier data directory were found without their password; they are kept in {Directory}")]
    public static partial void SetAside(ILogger log, string directory);
}
