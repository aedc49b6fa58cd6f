using System.Security.Cryptography;

namespace Ostiary.Vault;

/// <summary>A data key, wrapped: format version, key id and ciphertext in one array. Store it beside what it protects; destroying it destroys that.</summary>
/// <param name="Bytes">Opaque; see docs/sealed-format.md.</param>
public sealed record WrappedDataKey(byte[] Bytes);

/// <summary>
/// Seals secrets with AES-256-GCM and opens them again. Knows nothing of credentials; logs nothing; keeps no key in memory between two calls. Safe for
/// concurrent use. Every byte it stores is described in docs/sealed-format.md.
/// </summary>
public sealed class SecretVault(IKeyProvider keys)
{
    /// <summary>The context under which the fingerprint root is wrapped, for <see cref="RewrapAsync"/>.</summary>
    public const string FingerprintRootContext = "fingerprint-root";

    private const string KeyCheckContext = "key-check";
    private const int FingerprintBytes = 32;
    private static readonly byte[] KeyCheckText = "ostiary key check"u8.ToArray();

    private WrappedDataKey? _fingerprintRoot;

    /// <summary>Makes a fresh random 256-bit data key, wrapped for <paramref name="context"/> (the identity of the row that will hold it).</summary>
    public async ValueTask<WrappedDataKey> CreateDataKeyAsync(string context, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(context);
        var dataKey = NewDataKey();
        try
        {
            return await WrapAsync(dataKey, DataKeyContext(context), cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    /// <summary>Seals <paramref name="plaintext"/> under a data key; <paramref name="context"/> (row and slot) is the associated data. The caller wipes the plaintext.</summary>
    /// <exception cref="VaultException">The data key does not open for <paramref name="keyContext"/>.</exception>
    public async ValueTask<byte[]> SealAsync(WrappedDataKey dataKey, string keyContext, string context, ReadOnlyMemory<byte> plaintext, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataKey);
        ArgumentException.ThrowIfNullOrEmpty(keyContext);
        ArgumentException.ThrowIfNullOrEmpty(context);
        var key = await UnwrapAsync(dataKey.Bytes, DataKeyContext(keyContext), cancellationToken);
        try
        {
            return SealedValue.Seal(key, ValueDomain, context, plaintext.Span);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Opens what <see cref="SealAsync"/> made. The caller wipes the result, a pinned array.</summary>
    /// <exception cref="VaultException">Changed, sealed for another context or under another data key, or the key that wrapped the data key is not here.</exception>
    public async ValueTask<byte[]> OpenAsync(WrappedDataKey dataKey, string keyContext, string context, ReadOnlyMemory<byte> sealedBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataKey);
        ArgumentException.ThrowIfNullOrEmpty(keyContext);
        ArgumentException.ThrowIfNullOrEmpty(context);
        var key = await UnwrapAsync(dataKey.Bytes, DataKeyContext(keyContext), cancellationToken);
        try
        {
            return SealedValue.Open(key, ValueDomain, context, sealedBytes.Span);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>One array that carries its own wrapped data key: for short-lived rows such as answers, or single values such as a webhook secret.</summary>
    public async ValueTask<byte[]> SealEnvelopeAsync(string context, ReadOnlyMemory<byte> plaintext, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(context);
        var dataKey = NewDataKey();
        try
        {
            var wrapped = await WrapAsync(dataKey, EnvelopeContext(context), cancellationToken);
            return Envelope.Join(wrapped.Bytes, SealedValue.Seal(dataKey, EnvelopeDomain, context, plaintext.Span));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    /// <summary>Opens what <see cref="SealEnvelopeAsync"/> made. The caller wipes the result, a pinned array.</summary>
    /// <exception cref="VaultException">Changed, sealed for another context, or the key that wrapped it is not here.</exception>
    public async ValueTask<byte[]> OpenEnvelopeAsync(string context, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(context);
        var (wrapped, value) = Envelope.Split(envelope, context);
        var dataKey = await UnwrapAsync(wrapped, EnvelopeContext(context), cancellationToken);
        try
        {
            return SealedValue.Open(dataKey, EnvelopeDomain, context, value.Span);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    /// <summary>The id of the key-encryption key that a data key is wrapped with.</summary>
    /// <exception cref="VaultException">Not a wrapped data key.</exception>
    public static string KeyIdOf(WrappedDataKey dataKey)
    {
        ArgumentNullException.ThrowIfNull(dataKey);
        return WrappedKey.Parse(dataKey.Bytes, "a data key").KeyId;
    }

    /// <summary>The id of the key-encryption key that an envelope's data key is wrapped with.</summary>
    /// <exception cref="VaultException">Not an envelope.</exception>
    public static string KeyIdOfEnvelope(ReadOnlyMemory<byte> envelope) => WrappedKey.Parse(Envelope.Split(envelope, "an envelope").Wrapped, "an envelope").KeyId;

    /// <summary>
    /// The same data key, wrapped again under the provider's current key: what a rotation does with every row. Values sealed under the data key stay as they are.
    /// </summary>
    /// <exception cref="VaultException">The data key does not open for <paramref name="context"/>.</exception>
    public async ValueTask<WrappedDataKey> RewrapAsync(WrappedDataKey dataKey, string context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataKey);
        ArgumentException.ThrowIfNullOrEmpty(context);
        var key = await UnwrapAsync(dataKey.Bytes, DataKeyContext(context), cancellationToken);
        try
        {
            return await WrapAsync(key, DataKeyContext(context), cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The same envelope with its data key wrapped again under the provider's current key.</summary>
    /// <exception cref="VaultException">The envelope's data key does not open for <paramref name="context"/>.</exception>
    public async ValueTask<byte[]> RewrapEnvelopeAsync(string context, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(context);
        var (wrapped, value) = Envelope.Split(envelope, context);
        var key = await UnwrapAsync(wrapped, EnvelopeContext(context), cancellationToken);
        try
        {
            return Envelope.Join((await WrapAsync(key, EnvelopeContext(context), cancellationToken)).Bytes, value.Span);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>
    /// Makes the key from which all fingerprints of one database come. Made once, kept in the database, handed to <see cref="UseFingerprintRootAsync"/> at every
    /// start; a rotation rewraps it (context <see cref="FingerprintRootContext"/>), which leaves all fingerprints as they are.
    /// </summary>
    public ValueTask<WrappedDataKey> CreateFingerprintRootAsync(CancellationToken cancellationToken) => CreateDataKeyAsync(FingerprintRootContext, cancellationToken);

    /// <summary>Sets the key from which fingerprints are made, as it came from the database.</summary>
    /// <exception cref="VaultException">Not a wrapped data key, or it does not open with the keys of this server.</exception>
    public async ValueTask UseFingerprintRootAsync(WrappedDataKey root, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(root);
        // Opened once here, so that a wrong one is found at the start and not at the first sign-in.
        CryptographicOperations.ZeroMemory(await UnwrapAsync(root.Bytes, DataKeyContext(FingerprintRootContext), cancellationToken));
        Volatile.Write(ref _fingerprintRoot, root);
    }

    /// <summary>
    /// A 32-byte HMAC-SHA-256 of <paramref name="value"/> under a key derived for <paramref name="purpose"/>: recognises a value seen before
    /// (a refused password, a repeated request) without being able to give it back, and without being guessable by who holds only the database.
    /// It stays the same for the life of the database, also when the key-encryption key is rotated.
    /// </summary>
    /// <exception cref="VaultException"><see cref="UseFingerprintRootAsync"/> was not called, or the root does not open.</exception>
    public async ValueTask<byte[]> FingerprintAsync(string purpose, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        var root = Volatile.Read(ref _fingerprintRoot)
            ?? throw new VaultException("Fingerprints cannot be made yet: the fingerprint root was not loaded from the database (SecretVault.UseFingerprintRootAsync).");
        var rootKey = await UnwrapAsync(root.Bytes, DataKeyContext(FingerprintRootContext), cancellationToken);
        var purposeKey = GC.AllocateArray<byte>(Aead.KeyBytes, pinned: true);
        try
        {
            HKDF.Expand(HashAlgorithmName.SHA256, rootKey, purposeKey, Aead.AssociatedData("ostiary/fingerprint/1", purpose));
            var fingerprint = new byte[FingerprintBytes];
            HMACSHA256.HashData(purposeKey, value.Span, fingerprint);
            return fingerprint;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(rootKey);
            CryptographicOperations.ZeroMemory(purposeKey);
        }
    }

    /// <summary>
    /// A value to keep in the database, by which a later start can tell that it has the keys that sealed it. One for each key id that was ever current
    /// (<see cref="KeyIdOfEnvelope"/> tells which).
    /// </summary>
    public ValueTask<byte[]> CreateKeyCheckAsync(CancellationToken cancellationToken) => SealEnvelopeAsync(KeyCheckContext, KeyCheckText, cancellationToken);

    /// <summary>Checks at start that the key of this server is the one that sealed the database.</summary>
    /// <exception cref="VaultException">It is not; the message says which key is missing and what to do.</exception>
    public async ValueTask VerifyKeyCheckAsync(ReadOnlyMemory<byte> keyCheck, CancellationToken cancellationToken)
    {
        byte[]? opened = null;
        try
        {
            opened = await OpenEnvelopeAsync(KeyCheckContext, keyCheck, cancellationToken);
        }
        catch (VaultException failure)
        {
            throw new VaultException(
                "The keys of this server are not the ones that sealed this database, so no stored credential can be opened. "
                + "Restore the key file (or the key provider's settings) that belongs to it. " + failure.Message, failure);
        }
        if (!opened.AsSpan().SequenceEqual(KeyCheckText)) throw new VaultException("The key check in the database is not one of Ostiary's.");
    }

    private const string ValueDomain = "ostiary/value/1";
    private const string EnvelopeDomain = "ostiary/envelope/1";

    // What a data key may be used for is part of what the provider binds it to: the key of an envelope is never the key of a row with the same name.
    private static string DataKeyContext(string context) => "data-key:" + context;

    private static string EnvelopeContext(string context) => "envelope:" + context;

    private static byte[] NewDataKey()
    {
        var dataKey = GC.AllocateArray<byte>(Aead.KeyBytes, pinned: true);
        RandomNumberGenerator.Fill(dataKey);
        return dataKey;
    }

    private async ValueTask<WrappedDataKey> WrapAsync(byte[] dataKey, string context, CancellationToken cancellationToken)
    {
        // Read once: a rotation may change it between the two uses.
        var keyId = keys.CurrentKeyId;
        if (!KeyId.IsValid(keyId)) throw new VaultException("The key provider's current key has an id that cannot be stored.");
        return new WrappedDataKey(WrappedKey.Join(keyId, await keys.WrapAsync(keyId, dataKey, context, cancellationToken)));
    }

    private async ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, string context, CancellationToken cancellationToken)
    {
        var (keyId, blob) = WrappedKey.Parse(wrapped, context);
        var dataKey = await keys.UnwrapAsync(keyId, blob, context, cancellationToken);
        if (dataKey.Length == Aead.KeyBytes) return dataKey;
        CryptographicOperations.ZeroMemory(dataKey);
        throw new VaultException($"The key provider returned a data key of the wrong size for {context} (key {keyId}).");
    }
}
