using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Ostiary.Server.Data;

/// <summary>Reads the address of a database you bring, and speaks of it without its password.</summary>
internal static partial class DatabaseAddress
{
    /// <summary>Takes an Npgsql connection string or a <c>postgres://user:password@host:port/database?sslmode=require</c> URL (libpq's form).</summary>
    /// <exception cref="StartRefusedException">It is neither. The message never repeats the text, which may hold a password.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        text = text.Trim();
        try
        {
            if (text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase)) return FromUrl(text);
            var settings = new NpgsqlConnectionStringBuilder(text);
            if (string.IsNullOrEmpty(settings.Host)) throw new StartRefusedException("OSTIARY_DATABASE names no host. Example: Host=db.example;Database=ostiary;Username=ostiary;Password=...");
            return settings;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException or InvalidCastException)
        {
            // The exception itself is left behind: its message may quote a part of the text.
            throw new StartRefusedException(
                "OSTIARY_DATABASE is not a connection string. Write Host=db.example;Database=ostiary;Username=ostiary;Password=... or postgres://user:password@host:5432/database.");
        }
    }

    /// <summary>Null when this version can be used; else why not. <paramref name="version"/> is <c>server_version_num</c>.</summary>
    public static string? Refusal(int version, NpgsqlConnectionStringBuilder settings) => version / 10000 >= PostgresBinaries.OldestMajor
        ? null
        : $"{Describe(settings)} is PostgreSQL {version / 10000}; Ostiary needs PostgreSQL {PostgresBinaries.OldestMajor} or newer. Upgrade it, or name another with OSTIARY_DATABASE.";

    /// <summary>Host, port, database and user; for messages.</summary>
    public static string Describe(NpgsqlConnectionStringBuilder settings) =>
        $"The database {settings.Database ?? settings.Username} at {settings.Host}:{settings.Port} (user {settings.Username ?? "not given"})";

    /// <summary>Why a connection failed, in PostgreSQL's or the system's words, which never hold the password.</summary>
    public static string Reason(Exception exception) => exception switch
    {
        PostgresException refusal => $"{refusal.MessageText} ({refusal.SqlState})",
        _ when exception.GetBaseException() is System.Net.Sockets.SocketException socket => socket.Message,
        _ when exception.GetBaseException() is TimeoutException => "it took too long",
        NpgsqlException => exception.Message,
        _ => exception.GetType().Name,
    };

    private static NpgsqlConnectionStringBuilder FromUrl(string text)
    {
        // Not System.Uri: libpq allows an empty host and a socket directory written as %2Frun%2Fpostgresql.
        var match = Url().Match(text);
        if (!match.Success) throw new FormatException();
        var settings = new NpgsqlConnectionStringBuilder { Host = Part("host").Trim('[', ']') };
        if (Part("port") is { Length: > 0 } port) settings.Port = int.Parse(port, CultureInfo.InvariantCulture);
        if (Part("user") is { Length: > 0 } user) settings.Username = user;
        if (Part("password") is { Length: > 0 } password) settings.Password = password;
        if (Part("database") is { Length: > 0 } database) settings.Database = database;
        foreach (var pair in match.Groups["query"].Value.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var name = Uri.UnescapeDataString(parts[0]);
            var value = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
            switch (name)
            {
                case "host": settings.Host = value; break;
                case "port": settings.Port = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "user": settings.Username = value; break;
                case "password": settings.Password = value; break;
                case "dbname": settings.Database = value; break;
                case "sslmode": settings.SslMode = Enum.Parse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true); break;
                case "sslrootcert": settings.RootCertificate = value; break;
                case "sslcert": settings.SslCertificate = value; break;
                case "sslkey": settings.SslKey = value; break;
                case "application_name": settings.ApplicationName = value; break;
                case "connect_timeout": settings.Timeout = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "options": settings.Options = value; break;
                case "target_session_attrs": settings["Target Session Attributes"] = value; break;
                default: throw new StartRefusedException($"OSTIARY_DATABASE has the parameter {name}, which is not supported in a URL. Leave it out, or write a connection string with Npgsql's keywords.");
            }
        }

        if (string.IsNullOrEmpty(settings.Host)) throw new FormatException();
        return settings;

        string Part(string name) => Uri.UnescapeDataString(match.Groups[name].Value);
    }

    [GeneratedRegex("^postgres(ql)?://((?<user>[^:@/?]*)(:(?<password>[^@/?]*))?@)?(?<host>\\[[0-9a-fA-F:.%]+\\]|[^:/?@]*)(:(?<port>[0-9]+))?(/(?<database>[^?]*))?(\\?(?<query>.*))?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Url();
}
