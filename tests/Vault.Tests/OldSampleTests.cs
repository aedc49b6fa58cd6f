using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Ostiary.Vault.Tests;

/// <summary>What an earlier version wrote still opens, and is what docs/sealed-format.md says it is.</summary>
public sealed class OldSampleTests : IDisposable
{
    private static readonly byte[] Plain = "sample plaintext"u8.ToArray();
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, byte[]> _samples;
    private readonly LocalKeyFile _keys;
    private readonly SecretVault _vault;

    public OldSampleTests()
    {
        // A copy, because version control does not keep the mode that a key file must have.
        var samples = Path.Combine(AppContext.BaseDirectory, "Samples", "v1");
        File.WriteAllBytes(_folder.File("keys"), File.ReadAllBytes(Path.Combine(samples, "keys.txt")));
        File.SetUnixFileMode(_folder.File("keys"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _samples = File.ReadAllLines(Path.Combine(samples, "samples.txt")).Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(' ')).ToDictionary(parts => parts[0], parts => Convert.FromBase64String(parts[1]));
        _keys = LocalKeyFile.OpenOrCreate(_folder.File("keys"));
        _vault = new SecretVault(_keys);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _keys.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_value_sealed_by_version_1_opens() =>
        Assert.Equal(Plain, await _vault.OpenAsync(new WrappedDataKey(_samples["wrapped"]), "sample-row", "sample-row/sample-slot", _samples["value"], Stop));

    [Fact]
    public async Task An_envelope_sealed_by_version_1_opens() => Assert.Equal(Plain, await _vault.OpenEnvelopeAsync("sample-envelope", _samples["envelope"], Stop));

    [Fact]
    public async Task A_key_check_made_by_version_1_is_accepted() => await _vault.VerifyKeyCheckAsync(_samples["check"], Stop);

    [Fact]
    public async Task A_fingerprint_made_by_version_1_is_recognised()
    {
        await _vault.UseFingerprintRootAsync(new WrappedDataKey(_samples["root"]), Stop);
        Assert.Equal(_samples["fingerprint"], await _vault.FingerprintAsync("sample-purpose", Plain, Stop));
    }

    [Fact]
    public void The_stored_bytes_are_as_documented()
    {
        var keyLine = File.ReadAllLines(_folder.File("keys")).Select(line => line.Split(' ')).First(fields => fields[0].StartsWith("local-7fae", StringComparison.Ordinal));

        var wrapped = _samples["wrapped"].AsSpan();
        Assert.Equal([1, 1, 22], wrapped[..3].ToArray());
        Assert.Equal(keyLine[0], Encoding.ASCII.GetString(wrapped.Slice(3, 22)));
        Assert.Equal(1, wrapped[25]);
        var dataKey = Gcm(Convert.FromBase64String(keyLine[1]), wrapped[26..], Parts("ostiary/local-wrap/1", keyLine[0], "data-key:sample-row"));

        var value = _samples["value"].AsSpan();
        Assert.Equal([1, 2], value[..2].ToArray());
        var derived = HKDF.Expand(HashAlgorithmName.SHA256, dataKey, 48, Encoding.ASCII.GetBytes("ostiary/data-key/1"));
        Assert.Equal(derived[..16], value.Slice(2, 16).ToArray());
        Assert.Equal(Plain, Gcm(derived[16..], value[18..], Parts("ostiary/value/1", "sample-row/sample-slot")));

        var envelope = _samples["envelope"].AsSpan();
        Assert.Equal([1, 3, 0, 86, 1, 1], envelope[..6].ToArray());
        Assert.Equal([1, 2], envelope.Slice(4 + 86, 2).ToArray());
    }

    private static byte[] Gcm(byte[] key, ReadOnlySpan<byte> sealedBytes, byte[] associatedData)
    {
        using var cipher = new AesGcm(key, 16);
        var plain = new byte[sealedBytes.Length - 28];
        cipher.Decrypt(sealedBytes[..12], sealedBytes[12..^16], sealedBytes[^16..], plain, associatedData);
        return plain;
    }

    private static byte[] Parts(params string[] parts)
    {
        using var bytes = new MemoryStream();
        foreach (var part in parts)
        {
            var text = Encoding.UTF8.GetBytes(part);
            bytes.Write([(byte)(text.Length >> 24), (byte)(text.Length >> 16), (byte)(text.Length >> 8), (byte)text.Length, .. text]);
        }
        return bytes.ToArray();
    }
}
