using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>What a destination lets us in with, by field name. Opened for one attempt; disposing wipes it.</summary>
internal sealed class DestinationCredentials : IDisposable
{
    private readonly Dictionary<string, Secret> _values = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _values.Keys;

    public Secret? Find(string name) => _values.GetValueOrDefault(name);

    public Secret this[string name] => _values[name];

    /// <summary>For values that a protocol wants in a header or a user-name field. Called where the value leaves, and nowhere else.</summary>
    public string Text(string name) => _values[name].Reveal(value => new string(value.Span));

    public void Set(string name, Secret value)
    {
        if (_values.Remove(name, out var earlier)) earlier.Dispose();
        _values[name] = value;
    }

    public static async Task<DestinationCredentials> OpenAsync(SecretVault vault, DestinationRow row, CancellationToken cancellationToken)
    {
        var opened = new DestinationCredentials();
        if (row.Credentials is not { } sealedCredentials) return opened;
        var plain = await vault.OpenEnvelopeAsync(row.CredentialsContext, sealedCredentials, cancellationToken);
        try
        {
            foreach (var (name, value) in JsonSerializer.Deserialize<Dictionary<string, Secret>>(plain)!) opened.Set(name, value);
            return opened;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Sealed for its row; null when there is nothing to seal.</summary>
    public async Task<byte[]?> SealAsync(SecretVault vault, DestinationRow row, CancellationToken cancellationToken)
    {
        if (_values.Count == 0) return null;
        // Long enough for every value escaped, so that it never grows and leaves a copy behind.
        var buffer = new ArrayBufferWriter<byte>(1_024 + _values.Values.Sum(v => 12 * v.Length));
        try
        {
            await using (var writer = new Utf8JsonWriter(buffer))
            {
                writer.WriteStartObject();
                foreach (var (name, value) in _values) value.Reveal(text =>
                {
                    writer.WriteString(name, text.Span);
                    return true;
                });
                writer.WriteEndObject();
            }

            return await vault.SealEnvelopeAsync(row.CredentialsContext, buffer.WrittenMemory, cancellationToken);
        }
        finally
        {
            buffer.Clear();
        }
    }

    public void Dispose()
    {
        foreach (var value in _values.Values) value.Dispose();
    }
}
