using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Vault;

namespace Ostiary.Server.Storage;

/// <summary>Addresses that are the key to one file or picture until they expire.</summary>
internal sealed class SignedUrls(SecretVault vault, StorageOptions options, TimeProvider time)
{
    /// <summary>An address for the content of <paramref name="id"/>, good for <see cref="StorageOptions.UrlTimeout"/>.</summary>
    public async Task<string> ForAsync(string id, HttpRequest request, CancellationToken cancellationToken)
    {
        var expires = (time.GetUtcNow() + options.UrlTimeout).ToUnixTimeSeconds();
        var root = options.PublicUrl.Length > 0 ? options.PublicUrl.TrimEnd('/') : $"{request.Scheme}://{request.Host}";
        return $"{root}/files/{id}?expires={expires.ToString(CultureInfo.InvariantCulture)}&signature={await SignAsync(id, expires, cancellationToken)}";
    }

    /// <summary>True when the signature is ours for this id and time, and the time has not passed.</summary>
    public async Task<bool> IsSignedAsync(string id, string? expiresText, string? signature, CancellationToken cancellationToken) =>
        long.TryParse(expiresText, NumberStyles.None, CultureInfo.InvariantCulture, out var expires)
        && expires > time.GetUtcNow().ToUnixTimeSeconds()
        && signature is { Length: < 100 }
        && AreEqual(signature, await SignAsync(id, expires, cancellationToken));

    private static bool AreEqual(string given, string expected) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));

    private async Task<string> SignAsync(string id, long expires, CancellationToken cancellationToken) => Base64Url.EncodeToString(
        await vault.FingerprintAsync("file-url", Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}|{expires}")), cancellationToken));
}
