using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Storage;

/// <summary>Section <c>Storage</c>.</summary>
internal sealed class StorageOptions
{
    /// <summary>How long a file is kept. Default 90 days.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How long a signed URL works. Default 1 hour.</summary>
    public TimeSpan UrlTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Where the server is reached from outside, for signed URLs (<c>https://ostiary.example</c>). Default: the host name of the request that asks.</summary>
    public string PublicUrl { get; set; } = "";
}

/// <summary>A file as it is stored, without its content.</summary>
internal sealed record StorageRow : IListed
{
    public const string Columns = "id, organization_id, task_run_id, file_name, file_type, file_size, purpose, metadata, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string TaskRunId { get; init; } = "";
    public string FileName { get; init; } = "";
    public string FileType { get; init; } = "";
    public long FileSize { get; init; }
    public string Purpose { get; init; } = "output";
    public string Metadata { get; init; } = "{}";
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    /// <summary>What the sealed content is bound to.</summary>
    public string ContentContext => $"storage/{OrganizationId}/{Id}";

    /// <summary>What its events carry: no URL, which would be a key to the file.</summary>
    public object ToEvent() => new { id = Id, @object = "storage", task_run_id = TaskRunId, file_name = FileName, file_type = FileType, file_size = FileSize, purpose = Purpose };
}

/// <summary>A file on the wire. <paramref name="Url"/> works without a key until it expires.</summary>
internal sealed record StorageObject(
    string Id, string TaskRunId, string FileName, string FileType, long FileSize, string Url, JsonElement? Extraction, string? Result, string Purpose, JsonElement Metadata, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "storage";
}

/// <summary>Keeps and serves the files that runs bring back.</summary>
internal sealed class FileStore(Db db, SecretVault vault, EventLog events, IdSource ids, StorageOptions options, TimeProvider time)
{
    /// <summary>Keeps a file, sealed, with its event in one commit.</summary>
    public async Task<StorageRow> KeepAsync(OrganizationId organization, string taskRunId, string fileName, string fileType, byte[] content, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var row = new StorageRow
        {
            Id = ids.New<StorageId>().Value, OrganizationId = organization.Value, TaskRunId = taskRunId, FileName = fileName, FileType = fileType, FileSize = content.LongLength, CreatedAt = now, UpdatedAt = now,
        };
        var sealedContent = await vault.SealEnvelopeAsync(row.ContentContext, content, cancellationToken);
        await using var scope = await db.BeginAsync(cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO storage_items (id, organization_id, task_run_id, file_name, file_type, file_size, purpose, content, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @TaskRunId, @FileName, @FileType, @FileSize, @Purpose, @sealedContent, @CreatedAt, @UpdatedAt)
            """,
            new { row.Id, row.OrganizationId, row.TaskRunId, row.FileName, row.FileType, row.FileSize, row.Purpose, sealedContent, row.CreatedAt, row.UpdatedAt },
            scope.Transaction,
            cancellationToken: cancellationToken));
        await events.RecordAsync(scope, organization, "storage.created", row.Id, row.ToEvent(), cancellationToken);
        await scope.CommitAsync(cancellationToken);
        return row;
    }

    /// <summary>The files of a run, oldest first.</summary>
    public async Task<IReadOnlyList<StorageRow>> OfRunAsync(OrganizationId organization, string taskRunId, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<StorageRow>(new CommandDefinition(
            $"SELECT {StorageRow.Columns} FROM storage_items WHERE organization_id = @organization AND task_run_id = @taskRunId ORDER BY created_at, id",
            new { organization = organization.Value, taskRunId },
            cancellationToken: cancellationToken))).AsList();
    }

    public async Task<StorageRow?> FindAsync(OrganizationId? organization, string id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<StorageRow>(new CommandDefinition(
            $"SELECT {StorageRow.Columns} FROM storage_items WHERE id = @id AND (@organization::text IS NULL OR organization_id = @organization)", new { organization = organization?.Value, id }, cancellationToken: cancellationToken));
    }

    public async Task<byte[]> OpenAsync(StorageRow row, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var sealedContent = await connection.QuerySingleAsync<byte[]>(new CommandDefinition("SELECT content FROM storage_items WHERE id = @Id", new { row.Id }, cancellationToken: cancellationToken));
        return await vault.OpenEnvelopeAsync(row.ContentContext, sealedContent, cancellationToken);
    }

    public async Task<StorageObject> ToObjectAsync(StorageRow row, HttpRequest request, CancellationToken cancellationToken)
    {
        var expires = (time.GetUtcNow() + options.UrlTimeout).ToUnixTimeSeconds();
        var root = options.PublicUrl.Length > 0 ? options.PublicUrl.TrimEnd('/') : $"{request.Scheme}://{request.Host}";
        var url = $"{root}/files/{row.Id}?expires={expires.ToString(CultureInfo.InvariantCulture)}&signature={await SignAsync(row.Id, expires, cancellationToken)}";
        return new StorageObject(row.Id, row.TaskRunId, row.FileName, row.FileType, row.FileSize, url, null, null, row.Purpose, Json.Parse(row.Metadata), row.CreatedAt, row.UpdatedAt);
    }

    /// <summary>True when the signature is ours for this file and time, and the time has not passed.</summary>
    public async Task<bool> IsSignedAsync(string id, string? expiresText, string? signature, CancellationToken cancellationToken) =>
        long.TryParse(expiresText, NumberStyles.None, CultureInfo.InvariantCulture, out var expires)
        && expires > time.GetUtcNow().ToUnixTimeSeconds()
        && signature is { Length: < 100 }
        && AreEqual(signature, await SignAsync(id, expires, cancellationToken));

    /// <summary>Deletes files past their time; called by the hourly upkeep.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        var gone = await scope.Connection.QueryAsync<StorageRow>(new CommandDefinition(
            $"DELETE FROM storage_items WHERE id IN (SELECT id FROM storage_items WHERE created_at < @before ORDER BY created_at LIMIT 500) RETURNING {StorageRow.Columns}",
            new { before = time.GetUtcNow() - options.KeepFor },
            scope.Transaction,
            cancellationToken: cancellationToken));
        foreach (var row in gone) await events.RecordAsync(scope, OrganizationId.Of(row.OrganizationId), "storage.deleted", row.Id, row.ToEvent(), cancellationToken);
        await scope.CommitAsync(cancellationToken);
    }

    private static bool AreEqual(string given, string expected) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));

    private async Task<string> SignAsync(string id, long expires, CancellationToken cancellationToken) => Base64Url.EncodeToString(
        await vault.FingerprintAsync("file-url", Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}|{expires}")), cancellationToken));
}

/// <summary>Routes of files.</summary>
internal static class StorageRoutes
{
    public static IServiceCollection AddStorage(this IServiceCollection services) => services.AddSingleton<FileStore>();

    public static void MapStorage(this IEndpointRouteBuilder routes) => routes.Chapter("Storage", "A storage item is a file that a run brought back.")
        .MapGet("/storage/{id}", GetAsync).Describe("Get a file", "`url` works without a key until it expires.").At<StorageId>().Gives<StorageObject>();

    private static async Task<Reply> GetAsync(string id, ApiCall call, HttpRequest request, FileStore files, CancellationToken cancellationToken) =>
        ObjectId.TryParse<StorageId>(id, out var storageId) && await files.FindAsync(call.Organization, storageId.Value, cancellationToken) is { } row
            ? Reply.Ok(await files.ToObjectAsync(row, request, cancellationToken))
            : Reply.NotFound<StorageId>(id);

    /// <summary>The signed address of a file's content: needs no key, so it answers nothing but the file or 404.</summary>
    public static void MapFiles(this IEndpointRouteBuilder routes) => routes.MapGet("/files/{id}", async (string id, string? expires, string? signature, HttpResponse response, FileStore files, CancellationToken cancellationToken) =>
    {
        if (!await files.IsSignedAsync(id, expires, signature, cancellationToken) || await files.FindAsync(null, id, cancellationToken) is not { } row) return Results.NotFound();
        response.Headers.CacheControl = "private, no-store";
        response.Headers["X-Content-Type-Options"] = "nosniff";
        response.Headers.ContentSecurityPolicy = "sandbox";
        return Results.File(await files.OpenAsync(row, cancellationToken), row.FileType, row.FileName);
    });
}
