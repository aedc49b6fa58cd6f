using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Vault;

// The bytes as they are stored: docs/sealed-format.md, which changes together with this file. A format that was ever released is read for ever; a test keeps
// an old sample of each.

/// <summary>The first two bytes of everything stored: a version, and which of the three formats it is.</summary>
internal static class Header
{
    public const byte Version = 1;
    public const byte WrappedKey = 1;
    public const byte SealedValue = 2;
    public const byte Envelope = 3;
    public const int Bytes = 2;

    public static void Check(ReadOnlySpan<byte> stored, byte kind, string what, string context)
    {
        if (stored.Length < Bytes) throw new VaultException($"What is stored as the {what} of {context} is too short to be one.");
        if (stored[0] != Version) throw new VaultException($"The {what} of {context} has format version {stored[0]}; this version of Ostiary knows version {Version}. Was it written by a newer one?");
        if (stored[1] != kind) throw new VaultException($"What is stored as the {what} of {context} is something else.");
    }
}

/// <summary>Version, kind, length of the key id, key id, and what the provider made.</summary>
internal static class WrappedKey
{
    public static byte[] Join(string keyId, ReadOnlySpan<byte> blob)
    {
        var bytes = new byte[Header.Bytes + 1 + keyId.Length + blob.Length];
        bytes[0] = Header.Version;
        bytes[1] = Header.WrappedKey;
        bytes[2] = (byte)keyId.Length;
        Encoding.ASCII.GetBytes(keyId, bytes.AsSpan(3));
        blob.CopyTo(bytes.AsSpan(3 + keyId.Length));
        return bytes;
    }

    public static (string KeyId, ReadOnlyMemory<byte> Blob) Parse(ReadOnlyMemory<byte> wrapped, string context)
    {
        var bytes = wrapped.Span;
        Header.Check(bytes, Header.WrappedKey, "data key", context);
        if (bytes.Length < 3 || bytes.Length < 3 + bytes[2]) throw new VaultException($"The data key of {context} is cut short.");
        var keyId = Encoding.ASCII.GetString(bytes.Slice(3, bytes[2]));
        if (!KeyId.IsValid(keyId)) throw new VaultException($"The data key of {context} names a key whose id is malformed.");
        return (keyId, wrapped[(3 + bytes[2])..]);
    }
}

/// <summary>Version, kind, id of the data key, nonce, ciphertext, tag.</summary>
internal static class SealedValue
{
    private const int DataKeyIdBytes = 16;
    private const int Overhead = Header.Bytes + DataKeyIdBytes + Aead.OverheadBytes;

    public static byte[] Seal(ReadOnlySpan<byte> dataKey, string domain, string context, ReadOnlySpan<byte> plaintext)
    {
        var associatedData = Aead.AssociatedData(domain, context);
        var bytes = new byte[checked(Overhead + plaintext.Length)];
        bytes[0] = Header.Version;
        bytes[1] = Header.SealedValue;
        using var cipher = Derive(dataKey, bytes.AsSpan(Header.Bytes, DataKeyIdBytes));
        Aead.Encrypt(cipher, plaintext, associatedData, bytes.AsSpan(Header.Bytes + DataKeyIdBytes));
        return bytes;
    }

    public static byte[] Open(ReadOnlySpan<byte> dataKey, string domain, string context, ReadOnlySpan<byte> bytes)
    {
        var associatedData = Aead.AssociatedData(domain, context);
        Header.Check(bytes, Header.SealedValue, "sealed value", context);
        if (bytes.Length < Overhead) throw new VaultException($"The sealed value of {context} is cut short.");
        Span<byte> id = stackalloc byte[DataKeyIdBytes];
        using var cipher = Derive(dataKey, id);
        // AES-GCM alone lets one ciphertext open under several keys; comparing the id, a hash of the key, rules that out.
        if (!CryptographicOperations.FixedTimeEquals(id, bytes.Slice(Header.Bytes, DataKeyIdBytes)))
            throw new VaultException($"The sealed value of {context} was sealed under another data key.");
        return Aead.Decrypt(cipher, bytes[(Header.Bytes + DataKeyIdBytes)..], associatedData)
            ?? throw new VaultException($"The sealed value of {context} does not open: it was changed, or it belongs to another place.");
    }

    /// <summary>One expansion of the data key (HKDF, RFC 5869) gives its public id and the key for AES.</summary>
    private static AesGcm Derive(ReadOnlySpan<byte> dataKey, Span<byte> id)
    {
        var derived = GC.AllocateUninitializedArray<byte>(DataKeyIdBytes + Aead.KeyBytes, pinned: true);
        try
        {
            HKDF.Expand(HashAlgorithmName.SHA256, dataKey, derived, "ostiary/data-key/1"u8);
            derived.AsSpan(0, DataKeyIdBytes).CopyTo(id);
            return new AesGcm(derived.AsSpan(DataKeyIdBytes), Aead.TagBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }
}

/// <summary>Version, kind, length of the wrapped data key (two bytes, big-endian), the wrapped data key, and the sealed value.</summary>
internal static class Envelope
{
    public static byte[] Join(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> value)
    {
        if (wrapped.Length > ushort.MaxValue) throw new VaultException("The key provider's wrapped keys are too long for an envelope.");
        var bytes = new byte[Header.Bytes + 2 + wrapped.Length + value.Length];
        bytes[0] = Header.Version;
        bytes[1] = Header.Envelope;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)wrapped.Length);
        wrapped.CopyTo(bytes.AsSpan(4));
        value.CopyTo(bytes.AsSpan(4 + wrapped.Length));
        return bytes;
    }

    public static (ReadOnlyMemory<byte> Wrapped, ReadOnlyMemory<byte> Value) Split(ReadOnlyMemory<byte> envelope, string context)
    {
        Header.Check(envelope.Span, Header.Envelope, "envelope", context);
        if (envelope.Length < 4) throw new VaultException($"The envelope of {context} is cut short.");
        var length = BinaryPrimitives.ReadUInt16BigEndian(envelope.Span[2..]);
        if (envelope.Length < 4 + length) throw new VaultException($"The envelope of {context} is cut short.");
        return (envelope.Slice(4, length), envelope[(4 + length)..]);
    }
}
