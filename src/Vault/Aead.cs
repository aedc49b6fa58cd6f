using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Vault;

/// <summary>The one way in which this project encrypts: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and a 128-bit tag.</summary>
internal static class Aead
{
    public const int KeyBytes = 32;
    public const int NonceBytes = 12;
    public const int TagBytes = 16;
    public const int OverheadBytes = NonceBytes + TagBytes;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes nonce, ciphertext and tag to <paramref name="destination"/>, which is <see cref="OverheadBytes"/> longer than the plaintext.</summary>
    public static void Encrypt(AesGcm cipher, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData, Span<byte> destination)
    {
        var nonce = destination[..NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        cipher.Encrypt(nonce, plaintext, destination[NonceBytes..^TagBytes], destination[^TagBytes..], associatedData);
    }

    /// <summary>A pinned array with the plaintext, or null when the ciphertext, the nonce, the tag or the associated data is not what was sealed.</summary>
    public static byte[]? Decrypt(AesGcm cipher, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associatedData)
    {
        if (ciphertext.Length < OverheadBytes) return null;
        var plaintext = GC.AllocateArray<byte>(ciphertext.Length - OverheadBytes, pinned: true);
        try
        {
            cipher.Decrypt(ciphertext[..NonceBytes], ciphertext[NonceBytes..^TagBytes], ciphertext[^TagBytes..], plaintext, associatedData);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return null;
        }
    }

    /// <summary>
    /// Associated data: every part with its length in front, so that no two lists of parts give the same bytes. The first part is the domain, which keeps
    /// one use of a key apart from another.
    /// </summary>
    public static byte[] AssociatedData(string domain, params ReadOnlySpan<string> parts)
    {
        var total = 4 + Utf8Length(domain);
        foreach (var part in parts) total += 4 + Utf8Length(part);
        var bytes = new byte[total];
        var rest = Append(bytes, domain);
        foreach (var part in parts) rest = Append(rest, part);
        return bytes;
    }

    private static int Utf8Length(string text)
    {
        try
        {
            return Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException failure)
        {
            throw new ArgumentException("A context must be well-formed Unicode text.", nameof(text), failure);
        }
    }

    private static Span<byte> Append(Span<byte> destination, string part)
    {
        var length = Strict.GetBytes(part, destination[4..]);
        BinaryPrimitives.WriteInt32BigEndian(destination, length);
        return destination[(4 + length)..];
    }
}
