using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Storage;

/// <summary>A file as it is stored, without its content.</summary>
internal sealed record StorageRow : IListed
{
    public const string Columns = "id, organization_id, task_run_id, file_name, file_type, file_size, purpose, metadata, extraction, result, errors, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string TaskRunId { get; init; } = "";
    public string FileName { get; init; } = "";
    public string FileType { get; init; } = "";
    public long FileSize { get; init; }
    public string Purpose { get; init; } = StoragePurposes.Output;
    public string Metadata { get; init; } = "{}";

    /// <summary>What was read out of the file, as sealed JSON; null: nothing was.</summary>
    public byte[]? Extraction { get; init; }
    public string? Result { get; init; }
    public string Errors { get; init; } = "[]";
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    /// <summary>What the sealed content is bound to.</summary>
    public string ContentContext => $"storage/{OrganizationId}/{Id}";

    /// <summary>What the sealed extraction is bound to.</summary>
    public string ExtractionContext => ContentContext + "/extraction";

    /// <summary>What its events carry: no URL, which would be a key to the file.</summary>
    public object ToEvent() => new { id = Id, @object = "storage", task_run_id = TaskRunId, file_name = FileName, file_type = FileType, file_size = FileSize, purpose = Purpose };
}

/// <summary>The words of a file's purpose.</summary>
internal static class StoragePurposes
{
    /// <summary>Part of the run's output.</summary>
    public const string Output = "output";
    /// <summary>Kept beside it.</summary>
    public const string Attachment = "attachment";
    /// <summary>Kept for what can be read out of it.</summary>
    public const string Extraction = "extraction";

    public static readonly IReadOnlyList<string> All = [Output, Attachment, Extraction];
}

/// <summary>A file to keep. <paramref name="Extraction"/>: what was read out of it; <paramref name="Failure"/>: why nothing could be; both null when it was not to be read.</summary>
/// <param name="Fingerprint">When another file has the same, this one is not kept.</param>
internal sealed record NewFile(string FileName, string FileType, byte[] Content, string Purpose, string Metadata, JsonElement? Extraction, Fault? Failure, byte[]? Fingerprint);

/// <summary>A file on the wire. <paramref name="Url"/> works without a key until it expires. <paramref name="Errors"/> says why <paramref name="Result"/> is <c>extraction_failed</c>.</summary>
internal sealed record StorageObject(
    string Id, string TaskRunId, string FileName, string FileType, long FileSize, string Url,
    [property: Says("What was read out of it; null when it was not to be read, or could not be.", Example = "null")] JsonElement? Extraction,
    [property: OneOf("success", "extraction_failed"), Says("How the reading ended; null when it was not to be read.", Example = "null")] string? Result,
    [property: Shape(typeof(IReadOnlyList<FaultObject>)), Says("Why it could not be read; empty otherwise.", Example = "[]")] JsonElement Errors,
    [property: WordsOf(typeof(StoragePurposes)), Says("What the task keeps it for.", Example = StoragePurposes.Output)] string Purpose,
    [property: JsonObjectField, Says("What the task says about it.", Example = "{}")] JsonElement Metadata,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "storage";
}

/// <summary>Keeps and serves the files that runs bring back.</summary>
internal sealed class FileStore(Db db, SecretVault vault, EventLog events, IdSource ids, SignedUrls urls, StorageOptions options, TimeProvider time)
{
    public StorageOptions Options => options;

    /// <summary>Keeps a file, sealed, with its event in one commit. A file with the fingerprint of an earlier one is not kept: the earlier one is returned.</summary>
    public async Task<(string Id, bool IsDuplicate)> KeepAsync(OrganizationId organization, string taskRunId, NewFile file, CancellationToken cancellationToken)
    {
        if (await SameAsync(file.Fingerprint, cancellationToken) is { } known) return (known, true);
        var now = time.GetUtcNow();
        var row = new StorageRow
        {
            Id = ids.New<StorageId>().Value, OrganizationId = organization.Value, TaskRunId = taskRunId, FileName = file.FileName, FileType = file.FileType, FileSize = file.Content.LongLength, Purpose = file.Purpose,
            Metadata = file.Metadata, Result = file.Extraction is not null ? "success" : file.Failure?.Code, Errors = Json.Write<IReadOnlyList<FaultObject>>(file.Failure is { } fault ? [FaultObject.From(fault)] : []), CreatedAt = now, UpdatedAt = now,
        };
        var sealedContent = await vault.SealEnvelopeAsync(row.ContentContext, file.Content, cancellationToken);
        if (file.Extraction is { } extraction) row = row with { Extraction = await vault.SealEnvelopeAsync(row.ExtractionContext, JsonSerializer.SerializeToUtf8Bytes(extraction, Json.Options), cancellationToken) };
        await using var scope = await db.BeginAsync(cancellationToken);
        var inserted = await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO storage_items (id, organization_id, task_run_id, file_name, file_type, file_size, purpose, metadata, extraction, result, errors, fingerprint, content, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @TaskRunId, @FileName, @FileType, @FileSize, @Purpose, @Metadata::json, @Extraction, @Result, @Errors::json, @Fingerprint, @sealedContent, @CreatedAt, @UpdatedAt)
            ON CONFLICT (fingerprint) WHERE fingerprint IS NOT NULL DO NOTHING
            """,
            new
            {
                row.Id, row.OrganizationId, row.TaskRunId, row.FileName, row.FileType, row.FileSize, row.Purpose, row.Metadata, row.Extraction, row.Result, row.Errors, file.Fingerprint, sealedContent, row.CreatedAt, row.UpdatedAt,
            },
            scope.Transaction,
            cancellationToken: cancellationToken));
        // Another run was quicker with the same; should its file be gone by now, this one is kept after all.
        if (inserted == 0) return await SameAsync(file.Fingerprint, cancellationToken) is { } other ? (other, true) : await KeepAsync(organization, taskRunId, file, cancellationToken);
        await events.RecordAsync(scope, organization, "storage.created", row.Id, row.ToEvent(), cancellationToken);
        await scope.CommitAsync(cancellationToken);
        return (row.Id, false);
    }

    /// <summary>A keyed fingerprint of <paramref name="what"/> among the files of one task and whoever it signs in as.</summary>
    public async Task<byte[]> FingerprintAsync(OrganizationId organization, string taskId, string whose, string how, ReadOnlyMemory<byte> what, CancellationToken cancellationToken)
    {
        var digest = Convert.ToHexString(SHA256.HashData(what.Span));
        return await vault.FingerprintAsync("storage-duplicate", Encoding.UTF8.GetBytes($"{organization.Value}|{taskId}|{whose}|{how}|{digest}"), cancellationToken);
    }

    /// <summary>The files of a run, oldest first.</summary>
    public Task<IReadOnlyList<StorageRow>> OfRunAsync(OrganizationId organization, string taskRunId, CancellationToken cancellationToken) => db.ListAsync<StorageRow>(
        $"SELECT {StorageRow.Columns} FROM storage_items WHERE organization_id = @organization AND task_run_id = @taskRunId ORDER BY created_at, id", new { organization = organization.Value, taskRunId }, cancellationToken);

    public Task<StorageRow?> FindAsync(OrganizationId? organization, string id, CancellationToken cancellationToken) => db.FirstOrNoneAsync<StorageRow>(
        $"SELECT {StorageRow.Columns} FROM storage_items WHERE id = @id AND (@organization::text IS NULL OR organization_id = @organization)", new { organization = organization?.Value, id }, cancellationToken);

    public async Task<byte[]> OpenAsync(StorageRow row, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var sealedContent = await connection.QuerySingleAsync<byte[]>(new CommandDefinition("SELECT content FROM storage_items WHERE id = @Id", new { row.Id }, cancellationToken: cancellationToken));
        return await vault.OpenEnvelopeAsync(row.ContentContext, sealedContent, cancellationToken);
    }

    public async Task<StorageObject> ToObjectAsync(StorageRow row, HttpRequest request, CancellationToken cancellationToken)
    {
        JsonElement? extraction = null;
        if (row.Extraction is { } sealedExtraction)
        {
            var text = await vault.OpenEnvelopeAsync(row.ExtractionContext, sealedExtraction, cancellationToken);
            extraction = Json.Parse(Encoding.UTF8.GetString(text));
            CryptographicOperations.ZeroMemory(text);
        }

        return new StorageObject(
            row.Id, row.TaskRunId, row.FileName, row.FileType, row.FileSize, await urls.ForAsync(row.Id, request, cancellationToken), extraction, row.Result, Json.Parse(row.Errors), row.Purpose, Json.Parse(row.Metadata), row.CreatedAt, row.UpdatedAt);
    }

    /// <summary>Deletes files past their time, each with its event; called by the upkeep.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        const int atOnce = 500;
        while (true)
        {
            await using var scope = await db.BeginAsync(cancellationToken);
            var gone = await scope.ListAsync<StorageRow>(
                $"DELETE FROM storage_items WHERE id IN (SELECT id FROM storage_items WHERE created_at < @before ORDER BY created_at LIMIT {atOnce} FOR UPDATE SKIP LOCKED) RETURNING {StorageRow.Columns}",
                new { before = time.GetUtcNow() - options.KeepFor },
                cancellationToken);
            foreach (var row in gone) await events.RecordAsync(scope, OrganizationId.Of(row.OrganizationId), "storage.deleted", row.Id, row.ToEvent(), cancellationToken);
            await scope.CommitAsync(cancellationToken);
            if (gone.Count < atOnce) return;
        }
    }

    private async Task<string?> SameAsync(byte[]? fingerprint, CancellationToken cancellationToken) =>
        fingerprint is null ? null : await db.FirstOrNoneAsync<string>("SELECT id FROM storage_items WHERE fingerprint = @fingerprint", new { fingerprint }, cancellationToken);
}
