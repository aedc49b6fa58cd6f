using Microsoft.Net.Http.Headers;
using Ostiary.Server.Http;

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

    /// <summary>Keeps pictures of the pages of a run, password and code boxes painted over. Default: true.</summary>
    public bool Screenshots { get; set; } = true;

    /// <summary>Pictures kept of one run; the last is always that of its end. Default 40.</summary>
    public int ScreenshotsPerRun { get; set; } = 40;

    /// <summary>Largest picture in bytes; a larger one is not kept. Default 1,000,000.</summary>
    public int LargestScreenshot { get; set; } = 1_000_000;

    /// <summary>How long a picture is kept, at most as long as files. Default 30 days.</summary>
    public TimeSpan KeepScreenshotsFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Largest file in bytes that is read for its content (<c>storage.extraction</c>). Default 20,000,000.</summary>
    public int LargestExtraction { get; set; } = 20_000_000;

    public static void Check(StorageOptions options, Action<string> fault)
    {
        if (options.ScreenshotsPerRun < 1 || options.LargestScreenshot < 1_000 || options.LargestExtraction < 1_000) fault("ScreenshotsPerRun is 1 or more, LargestScreenshot and LargestExtraction at least 1000 bytes.");
        if (options.KeepFor <= TimeSpan.Zero || options.KeepScreenshotsFor <= TimeSpan.Zero || options.UrlTimeout <= TimeSpan.Zero) fault("KeepFor, KeepScreenshotsFor and UrlTimeout are longer than nothing; Screenshots=false keeps no pictures.");
    }
}

/// <summary>Files and pictures that runs bring back.</summary>
internal static class StorageRoutes
{
    public static IServiceCollection AddStorage(this IServiceCollection services) => services.AddSingleton<SignedUrls>().AddSingleton<FileStore>().AddSingleton<ScreenshotStore>();

    public static void MapStorage(this IEndpointRouteBuilder routes) => routes.Chapter("Storage", "A storage item is a file that a run brought back.")
        .MapGet("/storage/{id}", GetAsync).Describe("Get a file", "`url` works without a key until it expires.").At<StorageId>().Gives<StorageObject>();

    private static async Task<Reply> GetAsync(string id, ApiCall call, HttpRequest request, FileStore files, CancellationToken cancellationToken) =>
        ObjectId.TryParse<StorageId>(id, out var storageId) && await files.FindAsync(call.Organization, storageId.Value, cancellationToken) is { } row
            ? Reply.Ok(await files.ToObjectAsync(row, request, cancellationToken))
            : Reply.NotFound<StorageId>(id);

    /// <summary>The signed address of a content: needs no key, so it answers nothing but the content or 404. Ranges and HEAD work; a browser is told to take nothing in it for a page.</summary>
    public static void MapFiles(this IEndpointRouteBuilder routes) => routes.MapMethods("/files/{id}", ["GET", "HEAD"], async (
        string id, string? expires, string? signature, HttpResponse response, SignedUrls urls, FileStore files, ScreenshotStore screenshots, CancellationToken cancellationToken) =>
    {
        if (!await urls.IsSignedAsync(id, expires, signature, cancellationToken)) return Results.NotFound();
        response.Headers.CacheControl = "private, no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (ObjectId.TryParse<ScreenshotId>(id, out var picture))
            return await screenshots.OpenAsync(picture.Value, cancellationToken) is { } image ? Results.Bytes(image, "image/jpeg", enableRangeProcessing: true) : Results.NotFound();
        if (await files.FindAsync(null, id, cancellationToken) is not { } row) return Results.NotFound();
        // The type is the website's word: one that is none must not break the answer.
        var type = MediaTypeHeaderValue.TryParse(row.FileType, out _) ? row.FileType : "application/octet-stream";
        return Results.File(await files.OpenAsync(row, cancellationToken), type, row.FileName, enableRangeProcessing: true, lastModified: row.CreatedAt);
    });
}
