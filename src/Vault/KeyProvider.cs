namespace Ostiary.Vault;

/// <summary>
/// Wraps and unwraps data keys with a key-encryption key that never leaves it: a local key file by default; a KMS or a transit engine can take its place.
/// Safe for concurrent use.
/// </summary>
public interface IKeyProvider
{
    /// <summary>The id of the key that new data keys are wrapped with: 1 to 64 characters of <c>[A-Za-z0-9_.:-]</c>. It is stored beside every wrapped key.</summary>
    string CurrentKeyId { get; }

    /// <summary>Encrypts a 32-byte data key, bound to <paramref name="context"/>.</summary>
    /// <exception cref="VaultException">The key id is unknown here.</exception>
    ValueTask<byte[]> WrapAsync(string keyId, ReadOnlyMemory<byte> dataKey, string context, CancellationToken cancellationToken);

    /// <summary>Decrypts what <see cref="WrapAsync"/> made. The caller wipes the result; an implementation keeps no copy of it.</summary>
    /// <exception cref="VaultException">The key id is unknown here, or the wrapped key does not belong to this context.</exception>
    ValueTask<byte[]> UnwrapAsync(string keyId, ReadOnlyMemory<byte> wrapped, string context, CancellationToken cancellationToken);
}

/// <summary>A secret could not be sealed or opened. The message names the key id and the context, never a value.</summary>
public sealed class VaultException(string message, Exception? inner = null) : Exception(message, inner);
