using System.Collections.Frozen;

namespace Ostiary.Browser;

/// <summary>What kind of file something is, by what the server said, else by its name, else by its first bytes.</summary>
internal static class MimeTypes
{
    public const string Unknown = "application/octet-stream";

    private static readonly FrozenDictionary<string, string> ByExtension = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".pdf"] = "application/pdf", [".csv"] = "text/csv", [".tsv"] = "text/tab-separated-values", [".txt"] = "text/plain", [".json"] = "application/json",
        [".xml"] = "application/xml", [".zip"] = "application/zip", [".gz"] = "application/gzip", [".xls"] = "application/vnd.ms-excel",
        [".xlsx"] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", [".doc"] = "application/msword",
        [".docx"] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", [".ods"] = "application/vnd.oasis.opendocument.spreadsheet",
        [".odt"] = "application/vnd.oasis.opendocument.text", [".png"] = "image/png", [".jpg"] = "image/jpeg", [".jpeg"] = "image/jpeg", [".gif"] = "image/gif",
        [".webp"] = "image/webp", [".svg"] = "image/svg+xml", [".tif"] = "image/tiff", [".tiff"] = "image/tiff", [".ofx"] = "application/x-ofx",
        [".qif"] = "application/qif", [".ics"] = "text/calendar", [".html"] = "text/html", [".htm"] = "text/html", [".eml"] = "message/rfc822", [".p7m"] = "application/pkcs7-mime",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static string Of(string? contentType, string fileName, ReadOnlySpan<byte> start)
    {
        if (Bare(contentType) is { } said and not (Unknown or "binary/octet-stream" or "application/force-download" or "application/download" or "application/x-download"))
            return said;
        if (ByExtension.TryGetValue(Path.GetExtension(fileName), out var named))
            return named;
        if (start.StartsWith("%PDF-"u8)) return "application/pdf";
        if (start.StartsWith("PK\x03\x04"u8)) return "application/zip";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])) return "application/gzip";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47])) return "image/png";
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])) return "image/jpeg";
        if (start.StartsWith("GIF8"u8)) return "image/gif";
        return Unknown;
    }

    /// <summary>Without parameters, in lower case; null when it is no type.</summary>
    private static string? Bare(string? contentType)
    {
        var type = contentType?.Split(';')[0].Trim().ToLowerInvariant();
        return type is { Length: > 2 and <= 100 } && type.Contains('/') ? type : null;
    }
}
