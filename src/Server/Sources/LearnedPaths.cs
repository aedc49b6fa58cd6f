using Dapper;
using Ostiary.Server.Data;

namespace Ostiary.Server.Sources;

/// <summary>The way to each source's sign-in, as the engine's own JSON: addresses and roles, nothing of a user. This room keeps it and does not read it.</summary>
internal static class LearnedPaths
{
    /// <summary>The path of a source as it was read, or null.</summary>
    public static async Task<string?> FindAsync(Db db, string sourceId, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition("SELECT path::text FROM learned_paths WHERE source_id = @sourceId", new { sourceId }, cancellationToken: cancellationToken));
    }

    /// <summary>Keeps a path, in the commit that verifies the credential. What was learned with another URL or other overrides than the source has by now is not kept.</summary>
    public static Task KeepAsync(DbTransactionScope scope, SourceRow learnedWith, string path, DateTimeOffset now, CancellationToken cancellationToken) =>
        scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO learned_paths (source_id, path, learned_at)
            SELECT id, @path::json, @now FROM sources
            WHERE id = @Id AND url = @Url AND login_url IS NOT DISTINCT FROM @LoginUrl AND overrides::text IS NOT DISTINCT FROM @Overrides FOR KEY SHARE
            ON CONFLICT (source_id) DO UPDATE SET path = excluded.path, learned_at = excluded.learned_at WHERE learned_paths.path::text <> excluded.path::text
            """,
            new { learnedWith.Id, learnedWith.Url, learnedWith.LoginUrl, learnedWith.Overrides, path, now },
            scope.Transaction,
            cancellationToken: cancellationToken));

    /// <summary>Forgets the paths of these sources.</summary>
    public static Task ForgetAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, IReadOnlyCollection<string> sourceIds, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM learned_paths WHERE source_id = ANY(@ids)", new { ids = sourceIds.ToArray() }, transaction, cancellationToken: cancellationToken));
}
