using System.Data;
using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Ostiary.Server.Data;

/// <summary>
/// Dapper as the rooms use it: explicit column lists, <c>snake_case</c> columns onto records with <c>PascalCase</c> parameters, <see cref="DateTimeOffset"/> in UTC
/// for <c>timestamptz</c> (microseconds: finer ticks are cut off), <c>string[]</c> for <c>text[]</c> (<c>= ANY(@ids)</c>; Dapper's <c>IN @ids</c> is not for arrays), and <see cref="Json"/> for <c>jsonb</c>.
/// </summary>
internal static class Sql
{
#pragma warning disable CA2255 // Dapper's handlers are static; they must be there before the first query of whichever room runs first.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void UseTypes()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        // Dapper asks its own map first when it makes a parameter.
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new InstantHandler());
        SqlMapper.AddTypeHandler(new TextsHandler());
    }

    /// <summary>A parameter of type <c>jsonb</c>; null is SQL's NULL. The text is checked by the database.</summary>
    public static SqlMapper.ICustomQueryParameter Json(string? json) => new JsonParameter(json);

    /// <summary>True when <paramref name="exception"/> is a violation of a unique constraint or index, of the given name if one is given.</summary>
    public static bool IsDuplicate(this PostgresException exception, string? constraint = null) =>
        exception.SqlState == PostgresErrorCodes.UniqueViolation && (constraint is null || exception.ConstraintName == constraint);

    /// <summary>All rows.</summary>
    public static async Task<IReadOnlyList<T>> ListAsync<T>(this NpgsqlConnection connection, string sql, object? arguments, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<T>(Command(sql, arguments, cancellationToken))).AsList();

    /// <summary>The first row, or null (the default of a value type) when there is none.</summary>
    public static Task<T?> FirstOrNoneAsync<T>(this NpgsqlConnection connection, string sql, object? arguments, CancellationToken cancellationToken) =>
        connection.QueryFirstOrDefaultAsync<T>(Command(sql, arguments, cancellationToken));

    /// <summary>The one row that must be there.</summary>
    public static Task<T> OneAsync<T>(this NpgsqlConnection connection, string sql, object? arguments, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<T>(Command(sql, arguments, cancellationToken));

    /// <summary>Runs a statement; returns how many rows it touched. <paramref name="timeout"/> in seconds, 0 for none; the default is the setting's.</summary>
    public static Task<int> ExecuteAsync(this NpgsqlConnection connection, string sql, object? arguments, CancellationToken cancellationToken, int? timeout = null) =>
        connection.ExecuteAsync(new CommandDefinition(sql, arguments, commandTimeout: timeout, cancellationToken: cancellationToken));

    /// <inheritdoc cref="ListAsync{T}(NpgsqlConnection, string, object?, CancellationToken)"/>
    public static Task<IReadOnlyList<T>> ListAsync<T>(this DbTransactionScope tx, string sql, object? arguments, CancellationToken cancellationToken) =>
        tx.Connection.ListAsync<T>(sql, arguments, cancellationToken);

    /// <inheritdoc cref="FirstOrNoneAsync{T}(NpgsqlConnection, string, object?, CancellationToken)"/>
    public static Task<T?> FirstOrNoneAsync<T>(this DbTransactionScope tx, string sql, object? arguments, CancellationToken cancellationToken) =>
        tx.Connection.FirstOrNoneAsync<T>(sql, arguments, cancellationToken);

    /// <inheritdoc cref="OneAsync{T}(NpgsqlConnection, string, object?, CancellationToken)"/>
    public static Task<T> OneAsync<T>(this DbTransactionScope tx, string sql, object? arguments, CancellationToken cancellationToken) =>
        tx.Connection.OneAsync<T>(sql, arguments, cancellationToken);

    /// <summary>Runs a statement; returns how many rows it touched.</summary>
    public static Task<int> ExecuteAsync(this DbTransactionScope tx, string sql, object? arguments, CancellationToken cancellationToken) =>
        tx.Connection.ExecuteAsync(sql, arguments, cancellationToken);

    /// <inheritdoc cref="ListAsync{T}(NpgsqlConnection, string, object?, CancellationToken)"/>
    public static async Task<IReadOnlyList<T>> ListAsync<T>(this Db db, string sql, object? arguments, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.ListAsync<T>(sql, arguments, cancellationToken);
    }

    /// <inheritdoc cref="FirstOrNoneAsync{T}(NpgsqlConnection, string, object?, CancellationToken)"/>
    public static async Task<T?> FirstOrNoneAsync<T>(this Db db, string sql, object? arguments, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.FirstOrNoneAsync<T>(sql, arguments, cancellationToken);
    }

    private static CommandDefinition Command(string sql, object? arguments, CancellationToken cancellationToken) =>
        new(sql, arguments, cancellationToken: cancellationToken);

    private sealed class InstantHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            if (parameter is NpgsqlParameter instant) instant.NpgsqlDbType = NpgsqlDbType.TimestampTz;
            parameter.Value = value.ToUniversalTime();
        }

        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTime instant => new DateTimeOffset(DateTime.SpecifyKind(instant, DateTimeKind.Utc)),
            DateTimeOffset instant => instant.ToUniversalTime(),
            _ => throw new InvalidCastException($"A {value.GetType().Name} is not an instant; the column must be timestamptz."),
        };
    }

    /// <summary>Npgsql announces an array column as <see cref="Array"/>, which Dapper would not give to a record's <c>string[]</c>.</summary>
    private sealed class TextsHandler : SqlMapper.TypeHandler<string[]>
    {
        public override void SetValue(IDbDataParameter parameter, string[]? value)
        {
            if (parameter is NpgsqlParameter texts) texts.NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text;
            parameter.Value = value is null ? DBNull.Value : value;
        }

        public override string[] Parse(object value) => (string[])value;
    }

    private sealed class JsonParameter(string? json) : SqlMapper.ICustomQueryParameter
    {
        public void AddParameter(IDbCommand command, string name) =>
            command.Parameters.Add(new NpgsqlParameter(name, NpgsqlDbType.Jsonb) { Value = json is null ? DBNull.Value : json });
    }
}
