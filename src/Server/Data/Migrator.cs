using Npgsql;

namespace Ostiary.Server.Data;

/// <summary>Brings the schema up to date. Any number of servers may start at once: each migration is applied by one of them, the others find it done.</summary>
internal sealed class Migrator(Db db, ILogger log)
{
    /// <summary>Key of the advisory lock; the letters "ostiary" as a number, so that it is not met by chance.</summary>
    private const long Lock = 0x6f737469617279;

    /// <summary>Applies what is missing, each in a transaction of its own, in the given order.</summary>
    /// <exception cref="StartRefusedException">A file that was applied has been changed since, or one does not work.</exception>
    public async Task ApplyAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        var applied = await AppliedAsync(cancellationToken);
        foreach (var migration in migrations) Compare(migration, applied);
        foreach (var number in applied.Keys.Except(migrations.Select(m => m.Number)).Order()) Log.UnknownMigration(log, number, applied[number].Name);
        foreach (var migration in migrations.Where(m => !applied.ContainsKey(m.Number))) await ApplyAsync(migration, cancellationToken);
    }

    private async Task ApplyAsync(Migration migration, CancellationToken cancellationToken)
    {
        await using var tx = await db.BeginAsync(cancellationToken);
        // Held until the commit, and free again when a server dies in the middle; works through a transaction pooler too.
        await tx.Connection.ExecuteAsync("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(" + Lock + ")", null, cancellationToken, timeout: 0);
        var row = await tx.FirstOrNoneAsync<Applied>("SELECT number, room, name, checksum FROM migrations WHERE number = @Number", new { migration.Number }, cancellationToken);
        if (row is not null)
        {
            Compare(migration, new Dictionary<int, Applied> { [row.Number] = row });
            return;
        }

        try
        {
            // Not through Dapper: the text is run as it stands, with no parameters looked for.
            await using var command = new NpgsqlCommand(migration.Sql, tx.Connection, tx.Transaction) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e)
        {
            throw new StartRefusedException($"The migration {migration} failed and was rolled back: {e.MessageText} ({e.SqlState}).", inner: e);
        }

        await tx.ExecuteAsync(
            "INSERT INTO migrations (number, room, name, checksum, applied_at) VALUES (@Number, @Room, @Name, @Checksum, now())",
            new { migration.Number, migration.Room, migration.Name, migration.Checksum }, cancellationToken);
        await tx.CommitAsync(cancellationToken);
        Log.Migrated(log, migration.Number, migration.Room, migration.Name);
    }

    private async Task<Dictionary<int, Applied>> AppliedAsync(CancellationToken cancellationToken)
    {
        await using var tx = await db.BeginAsync(cancellationToken);
        // CREATE IF NOT EXISTS alone is not safe when two sessions run it at once.
        await tx.Connection.ExecuteAsync("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(" + Lock + ")", null, cancellationToken, timeout: 0);
        await tx.ExecuteAsync(
            """
            CREATE TABLE IF NOT EXISTS migrations (
                number integer PRIMARY KEY,
                room text NOT NULL,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL
            )
            """, null, cancellationToken);
        var rows = await tx.ListAsync<Applied>("SELECT number, room, name, checksum FROM migrations", null, cancellationToken);
        await tx.CommitAsync(cancellationToken);
        return rows.ToDictionary(row => row.Number);
    }

    private static void Compare(Migration migration, Dictionary<int, Applied> applied)
    {
        if (!applied.TryGetValue(migration.Number, out var row) || row.Checksum == migration.Checksum) return;
        throw new StartRefusedException(
            $"The migration {migration} is not the one this database was made with ({row.Room}/Migrations/{row.Number:0000}_{row.Name}.sql): its text was changed after it was applied. Put the file back as it was, and make the change in a new migration.");
    }

    private sealed record Applied(int Number, string Room, string Name, string Checksum);
}
