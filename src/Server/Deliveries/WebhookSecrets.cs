using System.Security.Cryptography;
using System.Text;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>Webhook secrets as Standard Webhooks writes them: <c>whsec_</c> and 24 to 64 bytes in base64.</summary>
internal static class WebhookSecrets
{
    public const string Prefix = "whsec_";
    private const int GeneratedBytes = 32;
    private const int LeastBytes = 24;
    private const int MostBytes = 64;

    /// <summary>A new secret, to be shown once.</summary>
    public static string Generate() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(GeneratedBytes));

    public static bool IsStandard(Secret secret) => secret.Reveal(text =>
    {
        if (!text.Span.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        Span<byte> key = stackalloc byte[96];
        var valid = Convert.TryFromBase64Chars(text.Span[Prefix.Length..], key, out var length) && length is >= LeastBytes and <= MostBytes;
        CryptographicOperations.ZeroMemory(key);
        return valid;
    });

    public static string Expected(string field) => $"`{field}` must be `{Prefix}` followed by {LeastBytes} to {MostBytes} bytes in base64 (Standard Webhooks); leave it out to have one generated.";

    /// <summary>Seals a given secret, or else a generated one, for its row.</summary>
    public static async Task<byte[]> SealAsync(SecretVault vault, DestinationRow row, Secret? given, string? generated, CancellationToken cancellationToken)
    {
        var plain = given?.RevealUtf8() ?? Encoding.UTF8.GetBytes(generated!);
        try
        {
            return await vault.SealEnvelopeAsync(row.SecretContext, plain, cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}
