using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.ApiKeys;

/// <summary>What runs are given and bring back, encrypted in answers for organizations that want it so.</summary>
public sealed class PayloadEncryptionTests(ApiServer server)
{
    private static readonly object Input = new { from = "2026-01-01", note = "Ädä \"🔑\"" };

    [Fact]
    public async Task It_is_off_until_it_is_switched_on()
    {
        var (api, run) = await FinishedRunAsync();
        (await api.GetAsync("/v2/organization")).Is(200).Has("payload_encryption", new { enabled = false, key_id = (string?)null });
        (await api.GetAsync($"/v2/task-runs/{run}?include=input")).Is(200).Has("output", new { total = 7.5 }).Has("input", Input);
    }

    [Fact]
    public async Task Input_and_output_open_with_the_customers_key_and_with_nothing_else()
    {
        var (api, run) = await FinishedRunAsync();
        var key = RandomNumberGenerator.GetBytes(32);
        (await api.PatchAsync("/v2/organization", new { payload_encryption = new { enabled = true, key_id = "2026-03.a", key = Base64Url.EncodeToString(key) } })).Is(200)
            .Has("payload_encryption", new { enabled = true, key_id = "2026-03.a" });
        var shown = (await api.GetAsync($"/v2/task-runs/{run}?include=input,artifacts")).Is(200).Has("status", "completed");
        Assert.Equal("""{"total":7.5}""", Open(shown["output"].GetString()!, "2026-03.a", key));
        Assert.True(JsonElement.DeepEquals(JsonSerializer.SerializeToElement(Input), JsonDocument.Parse(Open(shown["input"].GetString()!, "2026-03.a", key)).RootElement));
        Assert.ThrowsAny<CryptographicException>(() => Open(shown["output"].GetString()!, "2026-03.a", new byte[32]));
        // Everywhere a run is shown, and with a fresh nonce each time.
        var listed = (await api.GetAsync("/v2/task-runs")).Is(200)["data.0.output"].GetString()!;
        Assert.Equal("""{"total":7.5}""", Open(listed, "2026-03.a", key));
        Assert.NotEqual(shown["output"].GetString(), listed);
        // Events carry no payload and stay readable; a run without output says null.
        Assert.DoesNotContain("enc_", (await api.GetAsync("/v2/events")).Is(200).Text);
        (await api.PostAsync($"/v2/tasks/{shown["task_id"].GetString()}/run", new { credential_id = shown["credential_id"].GetString() })).Is(201).Has("output", null);
        // The key is sealed in the database, and in no answer.
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT string_agg(o::text, ' ') FROM organizations o", connection);
        var stored = (string)(await command.ExecuteScalarAsync())!;
        Assert.DoesNotContain(Convert.ToHexStringLower(key), stored);
        Assert.DoesNotContain(Base64Url.EncodeToString(key), api.Transcript);
        (await api.PatchAsync("/v2/organization", new { payload_encryption = new { enabled = false } })).Is(200).Has("payload_encryption.enabled", false);
        (await api.GetAsync($"/v2/task-runs/{run}")).Is(200).Has("output", new { total = 7.5 });
    }

    [Fact]
    public async Task A_generated_key_is_shown_once_and_replaced_on_request()
    {
        var (api, run) = await FinishedRunAsync();
        var on = (await api.PatchAsync("/v2/organization", new { name = "Harbour", payload_encryption = new { enabled = true } })).Is(200).Has("name", "Harbour");
        var (id, key) = (on["payload_encryption.key_id"].GetString()!, Base64Url.DecodeFromChars(on["payload_encryption.key"].GetString()!));
        Assert.Equal("""{"total":7.5}""", Open((await api.GetAsync($"/v2/task-runs/{run}"))["output"].GetString()!, id, key));
        (await api.GetAsync("/v2/organization")).Is(200).Lacks("payload_encryption.key");
        // On again: the same key, not shown. Another key id: another key.
        (await api.PatchAsync("/v2/organization", new { payload_encryption = new { enabled = true } })).Is(200).Has("payload_encryption", new { enabled = true, key_id = id });
        var next = (await api.PatchAsync("/v2/organization", new { payload_encryption = new { enabled = true, key_id = "next" } })).Is(200);
        Assert.Equal("""{"total":7.5}""", Open((await api.GetAsync($"/v2/task-runs/{run}"))["output"].GetString()!, "next", Base64Url.DecodeFromChars(next["payload_encryption.key"].GetString()!)));
        Assert.NotEqual(on["payload_encryption.key"].GetString(), next["payload_encryption.key"].GetString());
    }

    [Fact]
    public async Task A_repeated_request_gets_the_same_bytes()
    {
        var (api, run) = await FinishedRunAsync(status: "running");
        (await api.PatchAsync("/v2/organization", new { payload_encryption = new { enabled = true } })).Is(200);
        var first = (await api.PostAsync($"/v2/task-runs/{run}/cancel", null, "k")).Is(200);
        Assert.StartsWith("enc_", first["output"].GetString());
        Assert.Equal(first.Text, (await api.PostAsync($"/v2/task-runs/{run}/cancel", null, "k")).Is(200).Text);
    }

    [Fact]
    public async Task Keys_that_are_none_are_refused_by_name()
    {
        var api = await server.NewOrganizationAsync();
        var key = Base64Url.EncodeToString(new byte[32]);
        await RefusedAsync(new { enabled = true, key_id = "a", key = Base64Url.EncodeToString(new byte[31]) }, "payload_encryption.key");
        await RefusedAsync(new { enabled = true, key_id = "a", key = "not base64 at all!" }, "payload_encryption.key");
        await RefusedAsync(new { enabled = true, key }, "payload_encryption.key_id");
        await RefusedAsync(new { enabled = true, key_id = "ü" }, "payload_encryption.key_id");
        await RefusedAsync(new { enabled = true, key_id = "" }, "payload_encryption.key_id");
        await RefusedAsync(new { enabled = true, key_id = new string('a', 65) }, "payload_encryption.key_id");
        await RefusedAsync(new { enabled = false, key_id = "a", key }, "payload_encryption.enabled");
        await RefusedAsync(new { key_id = "a", key }, "payload_encryption.enabled");
        await RefusedAsync(new { enabled = "yes" }, "payload_encryption.enabled");
        (await api.PatchAsync("/v2/organization", new { name = "", payload_encryption = 7 })).Faults("name", "payload_encryption");
        (await api.GetAsync("/v2/organization")).Is(200).Has("payload_encryption.enabled", false).Has("name", "Test");
        Assert.DoesNotContain(key, api.Transcript);

        async Task RefusedAsync(object encryption, string field) => (await api.PatchAsync("/v2/organization", new { payload_encryption = encryption })).Faults(field);
    }

    // Written from the contract: "enc_" + base64url of {format version byte, key-id length byte, key id, 12-byte nonce, AES-256-GCM ciphertext, 16-byte tag}.
    private static string Open(string text, string keyId, byte[] key)
    {
        Assert.StartsWith("enc_", text);
        var bytes = Base64Url.DecodeFromChars(text.AsSpan(4));
        Assert.Equal(1, bytes[0]);
        Assert.Equal(keyId, Encoding.ASCII.GetString(bytes, 2, bytes[1]));
        var at = 2 + bytes[1];
        var plain = new byte[bytes.Length - at - 12 - 16];
        using var aes = new AesGcm(key, 16);
        aes.Decrypt(bytes.AsSpan(at, 12), bytes.AsSpan(at + 12, plain.Length), bytes.AsSpan(at + 12 + plain.Length), plain);
        return Encoding.UTF8.GetString(plain);
    }

    // The shared server does no work, so the end of a run is written by hand.
    private async Task<(Api Api, string Run)> FinishedRunAsync(string status = "completed")
    {
        var api = await server.NewOrganizationAsync();
        var run = await api.NewRunAsync(await api.NewTaskAsync(), await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", "Practice-Only-1!"), Input);
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new NpgsqlCommand("UPDATE task_runs SET status = $2, output = '{\"total\":7.5}', result = 'success', started_at = now() WHERE id = $1", connection) { Parameters = { new() { Value = run }, new() { Value = status } } };
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
        return (api, run);
    }
}
