using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Storage;

/// <summary>A picture as it is stored, without its content.</summary>
internal sealed record ScreenshotRow
{
    public const string Columns = "id, organization_id, task_run_id, reasoning, created_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string TaskRunId { get; init; } = "";
    public string Reasoning { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>What the sealed content is bound to.</summary>
    public string ContentContext => $"screenshot/{OrganizationId}/{Id}";
}

/// <summary>A picture on the wire. <paramref name="Url"/> works without a key until it expires; <paramref name="Reasoning"/> says what was decided there and why.</summary>
internal sealed record ScreenshotObject(
    string Id, [property: Says("Works without a key until it expires.", Example = "https://ostiary.example/files/shot_0V?expires=1&signature=x")] string Url,
    [property: Says("What was decided there, and why.", Example = "Login: fill username, password, click (SubmitCredential) Sign in.")] string Reasoning, DateTimeOffset CreatedAt);

/// <summary>Keeps and serves the pictures of runs.</summary>
internal sealed class ScreenshotStore(Db db, SecretVault vault, IdSource ids, SignedUrls urls, StorageOptions options, TimeProvider time)
{
    public StorageOptions Options => options;

    /// <summary>The id a picture will be kept under, so that notes can name it before it is written.</summary>
    public ScreenshotId NewId() => ids.New<ScreenshotId>();

    /// <summary>Keeps a JPEG, sealed.</summary>
    public async Task KeepAsync(ScreenshotRow row, byte[] content, CancellationToken cancellationToken)
    {
        var sealedContent = await vault.SealEnvelopeAsync(row.ContentContext, content, cancellationToken);
        await using var connection = await db.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO screenshots (id, organization_id, task_run_id, reasoning, content, created_at) VALUES (@Id, @OrganizationId, @TaskRunId, @Reasoning, @sealedContent, @CreatedAt)",
            new { row.Id, row.OrganizationId, row.TaskRunId, row.Reasoning, sealedContent, row.CreatedAt },
            cancellationToken: cancellationToken));
    }

    /// <summary>The pictures of a run, oldest first.</summary>
    public async Task<IReadOnlyList<ScreenshotObject>> OfRunAsync(OrganizationId organization, string taskRunId, HttpRequest request, CancellationToken cancellationToken)
    {
        var rows = await db.ListAsync<ScreenshotRow>(
            $"SELECT {ScreenshotRow.Columns} FROM screenshots WHERE organization_id = @organization AND task_run_id = @taskRunId ORDER BY created_at, id", new { organization = organization.Value, taskRunId }, cancellationToken);
        var shown = new List<ScreenshotObject>(rows.Count);
        foreach (var row in rows) shown.Add(new ScreenshotObject(row.Id, await urls.ForAsync(row.Id, request, cancellationToken), row.Reasoning, row.CreatedAt));
        return shown;
    }

    /// <summary>The picture itself, or null when it is not there any more.</summary>
    public async Task<byte[]?> OpenAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        if (await connection.FirstOrNoneAsync<ScreenshotRow>($"SELECT {ScreenshotRow.Columns} FROM screenshots WHERE id = @id", new { id }, cancellationToken) is not { } row) return null;
        var sealedContent = await connection.FirstOrNoneAsync<byte[]>("SELECT content FROM screenshots WHERE id = @id", new { id }, cancellationToken);
        return sealedContent is null ? null : await vault.OpenEnvelopeAsync(row.ContentContext, sealedContent, cancellationToken);
    }

    /// <summary>Deletes pictures past their time; called by the upkeep.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        // Pictures never outlive the files of their run.
        var before = time.GetUtcNow() - (options.KeepScreenshotsFor < options.KeepFor ? options.KeepScreenshotsFor : options.KeepFor);
        await using var connection = await db.OpenAsync(cancellationToken);
        while (await connection.ExecuteAsync("DELETE FROM screenshots WHERE id IN (SELECT id FROM screenshots WHERE created_at < @before ORDER BY created_at LIMIT 500)", new { before }, cancellationToken) == 500)
        {
            // In pieces, so that no statement holds many rows for long.
        }
    }
}
