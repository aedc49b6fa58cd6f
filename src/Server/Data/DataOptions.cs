namespace Ostiary.Server.Data;

/// <summary>Where the data lives and how the database is reached. Section <c>Data</c>; the short names <c>OSTIARY_DATA</c> and <c>OSTIARY_DATABASE</c> set the first two.</summary>
public sealed class DataOptions
{
    /// <summary>Directory of everything this server keeps outside a database you bring. One running server per directory. Default <c>./data</c>.</summary>
    public string Directory { get; set; } = "./data";

    /// <summary>
    /// An Npgsql connection string or a <c>postgres://</c> URL of a PostgreSQL 15 or newer. Empty (the default): a private PostgreSQL is started from the
    /// installed binaries, inside <see cref="Directory"/>.
    /// </summary>
    public string Database { get; set; } = "";

    /// <summary>Connections one server may hold open. Default 50.</summary>
    public int MaxPoolSize { get; set; } = 50;

    /// <summary>Longest time one statement may take. Default 30 seconds.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the start waits for the database: to answer, to recover after a crash, to be migrated by another server. Default 60 seconds.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Directory of <c>initdb</c> and <c>postgres</c> for the private PostgreSQL. Default: the newest that is installed, 15 or later.</summary>
    public string PostgresBinaries { get; set; } = "";
}
