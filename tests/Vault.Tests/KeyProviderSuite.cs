using System.Security.Cryptography;
using Xunit;

namespace Ostiary.Vault.Tests;

/// <summary>What every key provider must do.</summary>
public abstract class KeyProviderSuite
{
    protected abstract IKeyProvider Open();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wrapped_key_unwraps_in_its_context()
    {
        var keys = Open();
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var wrapped = await keys.WrapAsync(keys.CurrentKeyId, dataKey, "row-1", Stop);
        Assert.Equal(dataKey, await keys.UnwrapAsync(keys.CurrentKeyId, wrapped, "row-1", Stop));
    }

    [Fact]
    public async Task The_wrapped_form_does_not_contain_the_data_key()
    {
        var keys = Open();
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var wrapped = await keys.WrapAsync(keys.CurrentKeyId, dataKey, "row-1", Stop);
        Assert.Equal(-1, wrapped.AsSpan().IndexOf(dataKey.AsSpan(0, 8)));
    }

    [Fact]
    public async Task A_key_wrapped_twice_looks_different_each_time()
    {
        var keys = Open();
        var dataKey = RandomNumberGenerator.GetBytes(32);
        Assert.NotEqual(await keys.WrapAsync(keys.CurrentKeyId, dataKey, "row-1", Stop), await keys.WrapAsync(keys.CurrentKeyId, dataKey, "row-1", Stop));
    }

    [Theory]
    [InlineData("row-2")]
    [InlineData("row-")]
    [InlineData("row-1 ")]
    [InlineData("")]
    public async Task A_wrapped_key_does_not_unwrap_in_another_context(string other)
    {
        var keys = Open();
        var wrapped = await keys.WrapAsync(keys.CurrentKeyId, RandomNumberGenerator.GetBytes(32), "row-1", Stop);
        await Assert.ThrowsAsync<VaultException>(async () => await keys.UnwrapAsync(keys.CurrentKeyId, wrapped, other, Stop));
    }

    [Fact]
    public async Task A_wrapped_key_with_any_byte_changed_does_not_unwrap()
    {
        var keys = Open();
        var wrapped = await keys.WrapAsync(keys.CurrentKeyId, RandomNumberGenerator.GetBytes(32), "row-1", Stop);
        for (var i = 0; i < wrapped.Length; i++)
        {
            var changed = wrapped.ToArray();
            changed[i] ^= 0x01;
            await Assert.ThrowsAsync<VaultException>(async () => await keys.UnwrapAsync(keys.CurrentKeyId, changed, "row-1", Stop));
        }
    }

    [Fact]
    public async Task A_wrapped_key_cut_short_does_not_unwrap()
    {
        var keys = Open();
        var wrapped = await keys.WrapAsync(keys.CurrentKeyId, RandomNumberGenerator.GetBytes(32), "row-1", Stop);
        for (var length = 0; length < wrapped.Length; length++)
            await Assert.ThrowsAsync<VaultException>(async () => await keys.UnwrapAsync(keys.CurrentKeyId, wrapped.AsMemory(0, length), "row-1", Stop));
    }

    [Fact]
    public async Task An_unknown_key_id_is_named_in_the_error()
    {
        var keys = Open();
        var wrapped = await keys.WrapAsync(keys.CurrentKeyId, RandomNumberGenerator.GetBytes(32), "row-1", Stop);
        var failure = await Assert.ThrowsAsync<VaultException>(async () => await keys.UnwrapAsync("nobody-knows-me", wrapped, "row-1", Stop));
        Assert.Contains("nobody-knows-me", failure.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<VaultException>(async () => await keys.WrapAsync("nobody-knows-me", RandomNumberGenerator.GetBytes(32), "row-1", Stop));
    }

    [Fact]
    public void The_current_key_id_can_be_stored() => Assert.Matches("^[A-Za-z0-9_.:-]{1,64}$", Open().CurrentKeyId);
}

public sealed class LocalKeyFileAsKeyProvider : KeyProviderSuite, IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<LocalKeyFile> _opened = [];

    protected override IKeyProvider Open()
    {
        var keys = LocalKeyFile.OpenOrCreate(_folder.File("keys"));
        _opened.Add(keys);
        return keys;
    }

    public void Dispose()
    {
        _opened.ForEach(keys => keys.Dispose());
        _folder.Dispose();
    }
}

public sealed class InMemoryKeysAsKeyProvider : KeyProviderSuite
{
    protected override IKeyProvider Open() => new InMemoryKeys();
}

/// <summary>
/// A provider that is nothing like a file: AES-CBC and HMAC instead of GCM, ids of its own, and a count of what is asked of it. It stands for a KMS.
/// </summary>
internal sealed class InMemoryKeys : IKeyProvider
{
    private readonly Dictionary<string, byte[]> _keys;
    private int _unwrapped;

    public string CurrentKeyId { get; private set; } = "kms:key.0";

    public InMemoryKeys() => _keys = new() { [CurrentKeyId] = RandomNumberGenerator.GetBytes(64) };

    public int Unwrapped => _unwrapped;

    public List<byte[]> HandedOut { get; } = [];

    public Func<byte[], byte[]> Answer { get; set; } = key => key;

    public void Rotate()
    {
        var id = $"kms:key.{_keys.Count}";
        _keys[id] = RandomNumberGenerator.GetBytes(64);
        CurrentKeyId = id;
    }

    public ValueTask<byte[]> WrapAsync(string keyId, ReadOnlyMemory<byte> dataKey, string context, CancellationToken cancellationToken)
    {
        using var aes = Aes.Create();
        aes.Key = Key(keyId)[..32];
        aes.GenerateIV();
        byte[] body = [.. aes.IV, .. aes.EncryptCbc(dataKey.Span, aes.IV)];
        return ValueTask.FromResult<byte[]>([.. body, .. Mac(keyId, context, body)]);
    }

    public async ValueTask<byte[]> UnwrapAsync(string keyId, ReadOnlyMemory<byte> wrapped, string context, CancellationToken cancellationToken)
    {
        await Task.Yield(); // A KMS never answers on the caller's stack.
        Interlocked.Increment(ref _unwrapped);
        var bytes = wrapped.ToArray();
        if (bytes.Length < 48 || !Mac(keyId, context, bytes[..^32]).AsSpan().SequenceEqual(bytes.AsSpan()[^32..]))
            throw new VaultException($"The key of {context} does not unwrap with {keyId}.");
        using var aes = Aes.Create();
        aes.Key = Key(keyId)[..32];
        var dataKey = Answer(aes.DecryptCbc(bytes.AsSpan()[16..^32], bytes.AsSpan(0, 16)));
        lock (HandedOut) HandedOut.Add(dataKey);
        return dataKey;
    }

    private byte[] Key(string keyId) => _keys.TryGetValue(keyId, out var key) ? key : throw new VaultException($"There is no key {keyId}.");

    private byte[] Mac(string keyId, string context, byte[] body) =>
        HMACSHA256.HashData(Key(keyId)[32..], (byte[])[.. System.Text.Encoding.UTF8.GetBytes(context), 0, .. body]);
}

internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ostiary-vault-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
