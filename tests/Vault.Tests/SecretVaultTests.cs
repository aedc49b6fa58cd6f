using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ostiary.Vault.Tests;

public sealed class SecretVaultTests
{
    private static readonly byte[] Plain = "sample plaintext"u8.ToArray();
    private readonly InMemoryKeys _keys = new();
    private readonly SecretVault _vault;

    public SecretVaultTests() => _vault = new SecretVault(_keys);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_sealed_opens_again()
    {
        var key = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var value = await _vault.SealAsync(key, "cred_1", "cred_1/password", Plain, Stop);
        Assert.Equal(Plain, await _vault.OpenAsync(key, "cred_1", "cred_1/password", value, Stop));
        Assert.Equal(-1, value.AsSpan().IndexOf("plain"u8));
    }

    [Theory]
    [InlineData("cred_1", "cred_2/password")]
    [InlineData("cred_1", "cred_1/username")]
    [InlineData("cred_1", "cred_1/passwor")]
    [InlineData("cred_2", "cred_1/password")]
    [InlineData("cred_", "1cred_1/password")]
    public async Task A_sealed_value_does_not_open_in_another_place(string keyContext, string context)
    {
        var key = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var value = await _vault.SealAsync(key, "cred_1", "cred_1/password", Plain, Stop);
        var failure = await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenAsync(key, keyContext, context, value, Stop));
        Assert.DoesNotContain("plaintext", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sealed_value_moved_to_another_row_together_with_its_key_does_not_open()
    {
        var key = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var value = await _vault.SealAsync(key, "cred_1", "cred_1/password", Plain, Stop);
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenAsync(key, "cred_2", "cred_2/password", value, Stop));
    }

    [Fact]
    public async Task A_sealed_value_does_not_open_under_another_data_key_and_the_error_says_so()
    {
        var key = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var other = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var value = await _vault.SealAsync(key, "cred_1", "cred_1/password", Plain, Stop);
        var failure = await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenAsync(other, "cred_1", "cred_1/password", value, Stop));
        Assert.Contains("another data key", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sealed_value_with_any_bit_changed_does_not_open()
    {
        var key = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var value = await _vault.SealAsync(key, "cred_1", "cred_1/password", Plain, Stop);
        await ForEveryChange(value, async changed => await _vault.OpenAsync(key, "cred_1", "cred_1/password", changed, Stop));
    }

    [Fact]
    public async Task A_wrapped_data_key_with_any_bit_changed_does_not_open()
    {
        var key = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var value = await _vault.SealAsync(key, "cred_1", "cred_1/password", Plain, Stop);
        await ForEveryChange(key.Bytes, async changed => await _vault.OpenAsync(new WrappedDataKey(changed), "cred_1", "cred_1/password", value, Stop));
    }

    [Fact]
    public async Task An_envelope_with_any_bit_changed_does_not_open()
    {
        var envelope = await _vault.SealEnvelopeAsync("answer_1", Plain, Stop);
        await ForEveryChange(envelope, async changed => await _vault.OpenEnvelopeAsync("answer_1", changed, Stop));
    }

    [Fact]
    public async Task An_envelope_opens_in_its_own_context_only()
    {
        var envelope = await _vault.SealEnvelopeAsync("answer_1", Plain, Stop);
        Assert.Equal(Plain, await _vault.OpenEnvelopeAsync("answer_1", envelope, Stop));
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenEnvelopeAsync("answer_2", envelope, Stop));
    }

    [Fact]
    public async Task The_parts_of_an_envelope_are_no_use_as_a_row_of_the_same_name()
    {
        var envelope = await _vault.SealEnvelopeAsync("cred_1", Plain, Stop);
        var length = (envelope[2] << 8) | envelope[3];
        var key = new WrappedDataKey(envelope[4..(4 + length)]);
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenAsync(key, "cred_1", "cred_1", envelope.AsMemory(4 + length), Stop));
    }

    [Fact]
    public async Task Things_in_each_others_place_are_named_as_that()
    {
        var key = await _vault.CreateDataKeyAsync("cred_1", Stop);
        var value = await _vault.SealAsync(key, "cred_1", "slot", Plain, Stop);
        var envelope = await _vault.SealEnvelopeAsync("slot", Plain, Stop);
        VaultException[] failures =
        [
            await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenAsync(key, "cred_1", "slot", envelope, Stop)),
            await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenEnvelopeAsync("slot", value, Stop)),
            await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenAsync(new WrappedDataKey(value), "cred_1", "slot", value, Stop)),
            Assert.Throws<VaultException>(() => SecretVault.KeyIdOf(new WrappedDataKey(envelope))),
            Assert.Throws<VaultException>(() => SecretVault.KeyIdOfEnvelope(key.Bytes)),
        ];
        Assert.All(failures, failure => Assert.Contains("something else", failure.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_format_from_the_future_is_named_as_that()
    {
        var envelope = await _vault.SealEnvelopeAsync("slot", Plain, Stop);
        envelope[0] = 2;
        var failure = await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenEnvelopeAsync("slot", envelope, Stop));
        Assert.Contains("format version 2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_sealed_opens_and_nothing_else_does() => Prop.ForAll<byte[], NonEmptyString, NonEmptyString>((plain, keyContext, context) =>
    {
        if (!IsText(keyContext.Get) || !IsText(context.Get)) return true;
        return RoundTrip().GetAwaiter().GetResult();

        async Task<bool> RoundTrip()
        {
            var key = await _vault.CreateDataKeyAsync(keyContext.Get, Stop);
            var value = await _vault.SealAsync(key, keyContext.Get, context.Get, plain, Stop);
            var envelope = await _vault.SealEnvelopeAsync(context.Get, plain, Stop);
            var opened = await _vault.OpenAsync(key, keyContext.Get, context.Get, value, Stop);
            var openedEnvelope = await _vault.OpenEnvelopeAsync(context.Get, envelope, Stop);
            return plain.AsSpan().SequenceEqual(opened)
                && plain.AsSpan().SequenceEqual(openedEnvelope)
                && await Fails(async () => await _vault.OpenAsync(key, keyContext.Get, context.Get + "!", value, Stop))
                && await Fails(async () => await _vault.OpenAsync(key, keyContext.Get + "!", context.Get, value, Stop));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Bytes_that_nobody_sealed_never_open_and_never_break_the_vault() => Prop.ForAll<byte[]>(bytes =>
    {
        byte[] likely = [1, (byte)(bytes.Length % 4), .. bytes];
        return Check(bytes).GetAwaiter().GetResult() && Check(likely).GetAwaiter().GetResult();

        async Task<bool> Check(byte[] any) =>
            await Fails(async () => await _vault.OpenEnvelopeAsync("slot", any, Stop)) && await Fails(async () => await _vault.OpenAsync(new WrappedDataKey(any), "row", "slot", any, Stop));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Contexts_that_are_not_text_are_refused_because_they_could_be_mistaken_for_another()
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await _vault.SealEnvelopeAsync("a\ud800", Plain, Stop));
        await Assert.ThrowsAsync<ArgumentException>(async () => await _vault.SealEnvelopeAsync("", Plain, Stop));
    }

    [Fact]
    public async Task Every_data_key_that_a_provider_hands_out_is_wiped_after_use()
    {
        await _vault.UseFingerprintRootAsync(await _vault.CreateFingerprintRootAsync(Stop), Stop);
        var key = await _vault.CreateDataKeyAsync("row", Stop);
        var value = await _vault.SealAsync(key, "row", "slot", Plain, Stop);
        await _vault.OpenAsync(key, "row", "slot", value, Stop);
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.OpenAsync(key, "row", "other", value, Stop));
        var envelope = await _vault.SealEnvelopeAsync("slot", Plain, Stop);
        await _vault.OpenEnvelopeAsync("slot", envelope, Stop);
        await _vault.RewrapAsync(key, "row", Stop);
        await _vault.RewrapEnvelopeAsync("slot", envelope, Stop);
        await _vault.FingerprintAsync("purpose", Plain, Stop);

        Assert.Equal(8, _keys.HandedOut.Count);
        Assert.All(_keys.HandedOut, dataKey => Assert.Equal(new byte[32], dataKey));
    }

    [Fact]
    public async Task No_unwrapped_key_is_kept_between_calls()
    {
        var key = await _vault.CreateDataKeyAsync("row", Stop);
        var value = await _vault.SealAsync(key, "row", "slot", Plain, Stop);
        var before = _keys.Unwrapped;
        await _vault.OpenAsync(key, "row", "slot", value, Stop);
        await _vault.OpenAsync(key, "row", "slot", value, Stop);
        Assert.Equal(before + 2, _keys.Unwrapped);
    }

    [Fact]
    public async Task A_provider_that_answers_with_a_key_of_the_wrong_size_is_caught()
    {
        var key = await _vault.CreateDataKeyAsync("row", Stop);
        _keys.Answer = dataKey => dataKey[..16];
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.SealAsync(key, "row", "slot", Plain, Stop));
        Assert.All(_keys.HandedOut, dataKey => Assert.Equal(new byte[16], dataKey));
    }

    [Fact]
    public async Task A_rotation_rewraps_keys_and_leaves_values_alone()
    {
        var key = await _vault.CreateDataKeyAsync("row", Stop);
        var value = await _vault.SealAsync(key, "row", "slot", Plain, Stop);
        var envelope = await _vault.SealEnvelopeAsync("slot", Plain, Stop);
        var old = _keys.CurrentKeyId;
        _keys.Rotate();

        var rewrapped = await _vault.RewrapAsync(key, "row", Stop);
        var newEnvelope = await _vault.RewrapEnvelopeAsync("slot", envelope, Stop);

        Assert.Equal(old, SecretVault.KeyIdOf(key));
        Assert.Equal(_keys.CurrentKeyId, SecretVault.KeyIdOf(rewrapped));
        Assert.Equal(old, SecretVault.KeyIdOfEnvelope(envelope));
        Assert.Equal(_keys.CurrentKeyId, SecretVault.KeyIdOfEnvelope(newEnvelope));
        Assert.Equal(Plain, await _vault.OpenAsync(key, "row", "slot", value, Stop));
        Assert.Equal(Plain, await _vault.OpenAsync(rewrapped, "row", "slot", value, Stop));
        Assert.Equal(Plain, await _vault.OpenEnvelopeAsync("slot", envelope, Stop));
        Assert.Equal(Plain, await _vault.OpenEnvelopeAsync("slot", newEnvelope, Stop));
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.RewrapAsync(key, "another row", Stop));
    }

    [Fact]
    public async Task Fingerprints_need_their_root_and_say_so()
    {
        var failure = await Assert.ThrowsAsync<VaultException>(async () => await _vault.FingerprintAsync("purpose", Plain, Stop));
        Assert.Contains("fingerprint root", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fingerprint_is_stable_over_restarts_and_rotations_and_differs_by_value_purpose_and_database()
    {
        var root = await _vault.CreateFingerprintRootAsync(Stop);
        await _vault.UseFingerprintRootAsync(root, Stop);
        var fingerprint = await _vault.FingerprintAsync("refused", Plain, Stop);
        Assert.Equal(32, fingerprint.Length);

        _keys.Rotate();
        var restarted = new SecretVault(_keys);
        await restarted.UseFingerprintRootAsync(await _vault.RewrapAsync(root, SecretVault.FingerprintRootContext, Stop), Stop);
        Assert.Equal(fingerprint, await restarted.FingerprintAsync("refused", Plain, Stop));

        Assert.NotEqual(fingerprint, await restarted.FingerprintAsync("refused", "sample plaintexT"u8.ToArray(), Stop));
        Assert.NotEqual(fingerprint, await restarted.FingerprintAsync("request", Plain, Stop));
        await restarted.UseFingerprintRootAsync(await _vault.CreateFingerprintRootAsync(Stop), Stop);
        Assert.NotEqual(fingerprint, await restarted.FingerprintAsync("refused", Plain, Stop));
    }

    [Fact]
    public async Task A_fingerprint_root_of_another_server_is_refused_at_once()
    {
        var foreign = await new SecretVault(new InMemoryKeys()).CreateFingerprintRootAsync(Stop);
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.UseFingerprintRootAsync(foreign, Stop));
        var notARoot = await _vault.CreateDataKeyAsync("row", Stop);
        await Assert.ThrowsAsync<VaultException>(async () => await _vault.UseFingerprintRootAsync(notARoot, Stop));
    }

    [Fact]
    public async Task The_key_check_tells_the_right_keys_from_others()
    {
        var check = await _vault.CreateKeyCheckAsync(Stop);
        await _vault.VerifyKeyCheckAsync(check, Stop);
        _keys.Rotate();
        await _vault.VerifyKeyCheckAsync(check, Stop);

        var failure = await Assert.ThrowsAsync<VaultException>(async () => await new SecretVault(new InMemoryKeys()).VerifyKeyCheckAsync(check, Stop));
        Assert.Contains("not the ones that sealed this database", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_check_finds_a_key_file_that_was_replaced_and_names_the_missing_key()
    {
        using var folder = new TempFolder();
        string lost;
        byte[] check;
        using (var original = LocalKeyFile.OpenOrCreate(folder.File("keys")))
        {
            lost = original.CurrentKeyId;
            check = await new SecretVault(original).CreateKeyCheckAsync(Stop);
        }
        File.Delete(folder.File("keys"));
        using var replaced = LocalKeyFile.OpenOrCreate(folder.File("keys"));
        var failure = await Assert.ThrowsAsync<VaultException>(async () => await new SecretVault(replaced).VerifyKeyCheckAsync(check, Stop));
        Assert.Contains(lost, failure.Message, StringComparison.Ordinal);
        Assert.Contains(folder.File("keys"), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_at_once_do_not_disturb_each_other()
    {
        using var folder = new TempFolder();
        using var keys = LocalKeyFile.OpenOrCreate(folder.File("keys"));
        var vault = new SecretVault(keys);
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), Stop, async (number, stop) =>
        {
            if (number % 100 == 50) keys.AddKey();
            var plain = RandomNumberGenerator.GetBytes(number);
            var key = await vault.CreateDataKeyAsync($"row {number}", stop);
            var value = await vault.SealAsync(key, $"row {number}", "slot", plain, stop);
            key = await vault.RewrapAsync(key, $"row {number}", stop);
            Assert.Equal(plain, await vault.OpenAsync(key, $"row {number}", "slot", value, stop));
        });
        Assert.Equal(5, keys.KeyIds.Count);
    }

    private static bool IsText(string text)
    {
        try
        {
            _ = new UTF8Encoding(false, true).GetByteCount(text);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    private static async Task<bool> Fails(Func<Task> open)
    {
        try
        {
            await open();
            return false;
        }
        catch (VaultException)
        {
            return true;
        }
    }

    private static async Task ForEveryChange(byte[] stored, Func<byte[], Task> open)
    {
        for (var i = 0; i < stored.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var changed = stored.ToArray();
                changed[i] ^= (byte)(1 << bit);
                await Assert.ThrowsAsync<VaultException>(() => open(changed));
            }
        }
        for (var length = 0; length < stored.Length; length++) await Assert.ThrowsAsync<VaultException>(() => open(stored[..length]));
        await Assert.ThrowsAsync<VaultException>(() => open([.. stored, 0]));
    }
}
