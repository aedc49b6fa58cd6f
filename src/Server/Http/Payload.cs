using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Ostiary.Server.Http;

/// <summary>An answer that holds what a run was given or brought back.</summary>
internal interface IHasPayload
{
    /// <summary>True when there is something to encrypt.</summary>
    bool HasPayload { get; }

    /// <summary>The same answer with its payloads encrypted.</summary>
    ApiObject Encrypt(PayloadKey key);
}

/// <summary>Knows which organizations have payload encryption on.</summary>
internal interface IPayloadKeys
{
    /// <summary>The organization's key, to be disposed; null when its payloads are sent as they are.</summary>
    Task<PayloadKey?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);
}

/// <summary>
/// Turns a JSON value into <c>enc_</c> and the base64url of: version (1 byte, 1), length of the key id (1 byte), key id, nonce (12 bytes), AES-256-GCM ciphertext of the value's UTF-8 JSON,
/// tag (16 bytes). No associated data: the wire has no place for it.
/// </summary>
internal sealed class PayloadKey(string id, byte[] key) : IDisposable
{
    public const int KeyBytes = 32;
    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    public JsonElement Encrypt(JsonElement value)
    {
        var plain = Encoding.UTF8.GetBytes(value.GetRawText());
        var name = Encoding.ASCII.GetBytes(id);
        var whole = new byte[2 + name.Length + NonceBytes + plain.Length + TagBytes];
        whole[0] = Version;
        whole[1] = (byte)name.Length;
        name.CopyTo(whole, 2);
        var nonce = whole.AsSpan(2 + name.Length, NonceBytes);
        // A fresh random nonce each time: good for 2^32 answers under one key, by the book.
        RandomNumberGenerator.Fill(nonce);
        var at = 2 + name.Length + NonceBytes;
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plain, whole.AsSpan(at, plain.Length), whole.AsSpan(at + plain.Length, TagBytes));
        CryptographicOperations.ZeroMemory(plain);
        return JsonSerializer.SerializeToElement("enc_" + Base64Url.EncodeToString(whole));
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(key);
}
