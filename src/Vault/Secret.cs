using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Ostiary.Vault;

/// <summary>
/// A value that must never be seen: a password, a security answer, a seed. It has no public value; printing, serializing or debugging it shows
/// <c>Secret(•••)</c> or fails. The value is reached only through <see cref="Reveal{T}"/>, as late as possible, and is wiped on <see cref="Dispose"/>.
/// It can be read from JSON (see <see cref="SecretJsonConverter"/>) but never written to it.
/// </summary>
[DebuggerDisplay("Secret(•••)")]
[JsonConverter(typeof(SecretJsonConverter))]
public sealed class Secret : IDisposable
{
    // Pinned, so that the garbage collector never leaves a second copy behind that Dispose could not wipe.
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private char[]? _characters;

    private Secret(char[] characters) => _characters = characters;

    /// <summary>Copies <paramref name="value"/>; the caller wipes its own copy.</summary>
    /// <exception cref="ArgumentException">Not well-formed UTF-16 (half of a surrogate pair). It could not be sealed and typed again unchanged.</exception>
    public static Secret From(ReadOnlySpan<char> value)
    {
        if (!IsWellFormed(value)) throw new ArgumentException("A secret must be well-formed Unicode text.", nameof(value));
        var characters = GC.AllocateArray<char>(value.Length, pinned: true);
        value.CopyTo(characters);
        return new Secret(characters);
    }

    /// <summary>Decodes UTF-8 text without a string in between; the caller wipes its own copy.</summary>
    /// <exception cref="ArgumentException">The bytes are not UTF-8. The message does not repeat them.</exception>
    public static Secret FromUtf8(ReadOnlySpan<byte> utf8)
    {
        // Checked first: the framework's own exceptions for undecodable bytes repeat them.
        if (!System.Text.Unicode.Utf8.IsValid(utf8)) throw new ArgumentException("A secret must be valid UTF-8 text.", nameof(utf8));
        var characters = GC.AllocateArray<char>(Encoding.UTF8.GetCharCount(utf8), pinned: true);
        Encoding.UTF8.GetChars(utf8, characters);
        return new Secret(characters);
    }

    /// <summary>Number of UTF-16 units. A length is not the value, but treat it as private all the same.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    [IgnoreDataMember]
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
        var characters = Characters;
        var bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(characters), pinned: true);
        Encoding.UTF8.GetBytes(characters, bytes);
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

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private char[] Characters => _characters ?? throw new ObjectDisposedException(nameof(Secret));

    private static bool IsWellFormed(ReadOnlySpan<char> value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (!char.IsSurrogate(value[i])) continue;
            if (i + 1 >= value.Length || !char.IsSurrogatePair(value[i], value[i + 1])) return false;
            i++;
        }
        return true;
    }
}
