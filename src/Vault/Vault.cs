namespace Ostiary.Vault;

/// <summary>A data key, wrapped: format version, key id and ciphertext in one array. Store it beside what it protects; destroying it destroys that.</summary>
/// <param name="Bytes">Opaque; see docs/sealed-format.md.</param>
public sealed record WrappedDataKey(byte[] Bytes);

/// <summary>Seals secrets with AES-256-GCM and opens them again. Knows nothing of credentials; logs nothing.</summary>
public sealed class SecretVault(IKeyProvider keys)
{
    /// <summary>Makes a fresh random 256-bit data key, wrapped for <paramref name="context"/> (the identity of the row that will hold it).</summary>
    public ValueTask<WrappedDataKey> CreateDataKeyAsync(string context, CancellationToken cancellationToken)
    {
        _ = keys;
        throw new NotSupportedException();
    }

    /// <summary>Seals <paramref name="plaintext"/> under a data key; <paramref name="context"/> (row and slot) is the associated data. The caller wipes the plaintext.</summary>
    public ValueTask<byte[]> SealAsync(WrappedDataKey dataKey, string keyContext, string context, ReadOnlyMemory<byte> plaintext, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Opens what <see cref="SealAsync"/> made. The caller wipes the result.</summary>
    public ValueTask<byte[]> OpenAsync(WrappedDataKey dataKey, string keyContext, string context, ReadOnlyMemory<byte> sealedBytes, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>One array that carries its own wrapped data key: for short-lived rows such as answers, or single values such as a webhook secret.</summary>
    public ValueTask<byte[]> SealEnvelopeAsync(string context, ReadOnlyMemory<byte> plaintext, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Opens what <see cref="SealEnvelopeAsync"/> made. The caller wipes the result.</summary>
    public ValueTask<byte[]> OpenEnvelopeAsync(string context, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>
    /// A 32-byte HMAC-SHA-256 of <paramref name="value"/> under a key derived for <paramref name="purpose"/>: recognises a value seen before
    /// (a refused password, a repeated request) without being able to give it back, and without being guessable by who holds only the database.
    /// </summary>
    public ValueTask<byte[]> FingerprintAsync(string purpose, ReadOnlyMemory<byte> value, CancellationToken cancellationToken) => throw new NotSupportedException();
}
