using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ostiary.Vault;

/// <summary>
/// Reads a JSON string straight into a <see cref="Secret"/>: no <see cref="string"/> is made on the way, and the working copy is wiped. JSON <c>null</c> is
/// <see langword="null"/>. Writing is refused, so that an object with a secret in it cannot be serialized by mistake.
/// </summary>
public sealed class SecretJsonConverter : JsonConverter<Secret>
{
    /// <inheritdoc/>
    /// <exception cref="JsonException">Not a string, or a string that is not valid Unicode text. The message does not repeat it.</exception>
    public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String) throw new JsonException("A secret must be a JSON string.");

        // Every UTF-16 unit takes at least one byte of JSON, escaped or not, so this is always long enough.
        var bytes = reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length;
        var characters = GC.AllocateArray<char>(bytes, pinned: true);
        try
        {
            var length = reader.CopyString(characters);
            return Secret.From(characters.AsSpan(0, length));
        }
        catch (Exception failure) when (failure is InvalidOperationException or ArgumentException)
        {
            // Not passed on as the inner exception: it repeats the code unit that could not be decoded.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(characters.AsSpan()));
        }
        throw new JsonException("A secret must be valid Unicode text.");
    }

    /// <summary>Always throws.</summary>
    /// <exception cref="NotSupportedException">Always: a secret is never written.</exception>
    public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) =>
        throw new NotSupportedException("A secret cannot be serialized.");
}
