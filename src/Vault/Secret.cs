using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Vault;

/// <summary>
/// A value that must never be seen: a password, a security answer, a seed. It has no public value; printing, serializing or debugging it shows
/// <c>Secret(•••)</c>. The value is reached only through <see cref="Reveal{T}"/>, as late as possible, and is wiped on <see cref="Dispose"/>.
/// </summary>
[System.Diagnostics.DebuggerDisplay("Secret(•••)")]
public sealed class Secret : IDisposable
{
    private char[]? _characters;

    private Secret(char[] characters) => _characters = characters;

    /// <summary>Copies <paramref name="value"/>; the caller wipes its own copy.</summary>
    public static Secret From(ReadOnlySpan<char> value)
    {
        var characters = GC.AllocateArray<char>(value.Length, pinned: true);
        value.CopyTo(characters);
        return new Secret(characters);
    }

    /// <summary>Decodes UTF-8 text without a string in between; the caller wipes its own copy.</summary>
    /// <exception cref="DecoderFallbackException">The bytes are not UTF-8. The message does not repeat them.</exception>
    public static Secret FromUtf8(ReadOnlySpan<byte> utf8)
    {
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        var characters = GC.AllocateArray<char>(strict.GetCharCount(utf8), pinned: true);
        strict.GetChars(utf8, characters);
        return new Secret(characters);
    }

    /// <summary>Number of UTF-16 units. A length is not the value, but treat it as private all the same.</summary>
    public int Length => Characters.Length;

    /// <summary>Opens the value for the duration of one call. Do not keep the memory, copy it to a string, or log it.</summary>
    public T Reveal<T>(Func<ReadOnlyMemory<char>, T> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        return use(Characters);
    }

    /// <summary>The value as UTF-8, for sealing. The caller wipes the array with <see cref="CryptographicOperations.ZeroMemory"/>.</summary>
    public byte[] RevealUtf8()
    {
        var bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(Characters), pinned: true);
        Encoding.UTF8.GetBytes(Characters, bytes);
        return bytes;
    }

    /// <summary>Wipes the value. Using it afterwards throws <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _characters, null) is { } characters)
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(characters.AsSpan()));
    }

    /// <summary>Always <c>Secret(•••)</c>.</summary>
    public override string ToString() => "Secret(•••)";

    private char[] Characters => _characters ?? throw new ObjectDisposedException(nameof(Secret));
}
