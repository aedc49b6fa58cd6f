using System.Text.Json;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.ApiKeys;

/// <summary>Keys: made, limited, rotated, revoked.</summary>
public sealed class ApiKeyTests(ApiServer server)
{
    [Fact]
    public async Task A_key_lives_from_creation_to_revocation()
    {
        var admin = await server.NewOrganizationAsync();
        var made = (await admin.PostAsync("/v2/api-keys", new { name = "Backend" })).Is(201)
            .Has("object", "api_key").Has("name", "Backend").Has("scopes", new[] { "read", "write" }).Has("status", "active").Has("last_used_at", null).Has("expires_at", null);
        var key = made["key"].GetString()!;
        Assert.Matches("^sk_live_[0-9A-Za-z]{43}$", key);
        Assert.Equal("…" + key[^4..], made["hint"].GetString());
        var backend = admin.With(key);
        await backend.NewAgentAsync();
        (await admin.GetAsync($"/v2/api-keys/{made.Id}")).Is(200).Lacks("key").Has("name", "Backend");
        Assert.All(await admin.ListAsync("/v2/api-keys"), k => Assert.False(k.TryGetProperty("key", out _)));
        (await admin.PatchAsync($"/v2/api-keys/{made.Id}", new { name = "Reader", scopes = new[] { "read" } })).Is(200).Has("name", "Reader").Has("scopes", new[] { "read" }).Lacks("key");
        (await backend.PostAsync("/v2/agents", new { name = "x" })).Refused(403, "request", "forbidden");
        (await admin.DeleteAsync($"/v2/api-keys/{made.Id}")).Is(200).Has("deleted", true).Has("object", "api_key");
        (await backend.GetAsync("/v2/test")).Refused(401, "request", "api_key_invalid");
        var gone = (await admin.GetAsync($"/v2/api-keys/{made.Id}")).Is(200).Has("status", "revoked");
        Assert.NotEqual(JsonValueKind.Null, gone["revoked_at"].ValueKind);
        // Again: nothing changes. What is gone is neither renamed nor rotated.
        (await admin.DeleteAsync($"/v2/api-keys/{made.Id}")).Is(200);
        (await admin.PatchAsync($"/v2/api-keys/{made.Id}", new { name = "x" })).Refused(409, "request", "state_conflict");
        (await admin.PostAsync($"/v2/api-keys/{made.Id}/rotate")).Refused(409, "request", "state_conflict");
    }

    [Fact]
    public async Task A_scope_allows_what_it_says_and_what_is_below_it()
    {
        var admin = await server.NewOrganizationAsync();
        var agent = await admin.NewAgentAsync();
        var (reads, writes) = (await KeyAsync(admin, "read"), await KeyAsync(admin, "write"));
        foreach (var api in new[] { reads, writes, admin }) (await api.GetAsync($"/v2/agents/{agent}")).Is(200);
        (await reads.PostAsync("/v2/agents", new { name = "x" })).Refused(403, "request", "forbidden");
        (await reads.PatchAsync($"/v2/agents/{agent}", new { name = "x" })).Refused(403, "request", "forbidden");
        (await reads.DeleteAsync($"/v2/agents/{agent}")).Refused(403, "request", "forbidden");
        (await reads.PostAsync("/v2/token")).Refused(403, "request", "forbidden");
        (await writes.PatchAsync($"/v2/agents/{agent}", new { name = "x" })).Is(200);
        foreach (var api in new[] { reads, writes })
        {
            (await api.GetAsync("/v2/organization")).Is(200);
            (await api.GetAsync("/v2/api-keys")).Refused(403, "request", "forbidden");
            (await api.PostAsync("/v2/api-keys", new { name = "Mine", scopes = new[] { "admin" } })).Refused(403, "request", "forbidden");
            (await api.PatchAsync("/v2/organization", new { name = "x" })).Refused(403, "request", "forbidden");
        }

        // A request that is refused for its key is not told what is wrong with its body, nor whether a thing exists.
        (await reads.PatchAsync("/v2/agents/agt_nothing", "{")).Refused(403, "request", "forbidden");
    }

    [Fact]
    public async Task Faults_are_named()
    {
        var admin = await server.NewOrganizationAsync();
        (await admin.PostAsync("/v2/api-keys", new { scopes = new[] { "root" } })).Faults("name", "scopes");
        (await admin.PostAsync("/v2/api-keys", new { name = "", scopes = Array.Empty<string>() })).Faults("name", "scopes");
        (await admin.PostAsync("/v2/api-keys", new { name = "x", scopes = "admin" })).Faults("scopes");
        var id = (await admin.GetAsync("/v2/api-keys")).Is(200)["data.0.id"].GetString();
        (await admin.PatchAsync($"/v2/api-keys/{id}", """{"name":null,"scopes":["x"]}""")).Faults("name", "scopes");
        foreach (var overlap in new object[] { -1, 2_592_001, "1h", 1.5 }) (await admin.PostAsync($"/v2/api-keys/{id}/rotate", new { overlap_seconds = overlap })).Faults("overlap_seconds");
    }

    [Fact]
    public async Task The_last_admin_key_stays()
    {
        var admin = await server.NewOrganizationAsync();
        var own = (await admin.GetAsync("/v2/api-keys")).Is(200)["data.0.id"].GetString()!;
        await KeyAsync(admin, "write");
        (await admin.DeleteAsync($"/v2/api-keys/{own}")).Refused(409, "request", "state_conflict");
        (await admin.PatchAsync($"/v2/api-keys/{own}", new { scopes = new[] { "write" } })).Refused(409, "request", "state_conflict");
        (await admin.PatchAsync($"/v2/api-keys/{own}", new { name = "Mine" })).Is(200);
        await KeyAsync(admin, "admin");
        (await admin.DeleteAsync($"/v2/api-keys/{own}")).Is(200);
    }

    [Fact]
    public async Task Of_two_admins_who_revoke_each_other_at_once_one_stays()
    {
        for (var round = 0; round < 4; round++)
        {
            var first = await server.NewOrganizationAsync();
            var firstId = (await first.GetAsync("/v2/api-keys")).Is(200)["data.0.id"].GetString()!;
            var made = (await first.PostAsync("/v2/api-keys", new { name = "Second", scopes = new[] { "admin" } })).Is(201);
            var second = first.With(made["key"].GetString());
            var answers = await Task.WhenAll(first.DeleteAsync($"/v2/api-keys/{made.Id}"), second.DeleteAsync($"/v2/api-keys/{firstId}"));
            Assert.Single(answers, a => a.Status == 200);
            var works = await Task.WhenAll(first.GetAsync("/v2/api-keys"), second.GetAsync("/v2/api-keys"));
            Assert.Single(works, a => a.Status == 200);
        }
    }

    [Fact]
    public async Task A_rotated_key_works_until_its_overlap_is_over()
    {
        var admin = await server.NewOrganizationAsync();
        var old = (await admin.PostAsync("/v2/api-keys", new { name = "Backend", scopes = new[] { "write" } })).Is(201);
        var before = DateTimeOffset.UtcNow;
        var next = (await admin.PostAsync($"/v2/api-keys/{old.Id}/rotate")).Is(201).Has("name", "Backend").Has("scopes", new[] { "write" }).Has("status", "active").Has("replaces", old.Id);
        Assert.NotEqual(old["key"].GetString(), next["key"].GetString());
        await admin.With(next["key"].GetString()).NewAgentAsync();
        await admin.With(old["key"].GetString()).NewAgentAsync();
        var expires = (await admin.GetAsync($"/v2/api-keys/{old.Id}")).Is(200).Has("status", "expiring")["expires_at"].GetDateTimeOffset();
        Assert.InRange(expires - before, TimeSpan.FromHours(23.9), TimeSpan.FromHours(24.1));
        (await admin.PostAsync($"/v2/api-keys/{old.Id}/rotate")).Refused(409, "request", "state_conflict");
        // Without an overlap the old one is gone at once.
        var last = (await admin.PostAsync($"/v2/api-keys/{next.Id}/rotate", new { overlap_seconds = 0 })).Is(201);
        (await admin.With(next["key"].GetString()).GetAsync("/v2/test")).Refused(401, "request", "api_key_invalid");
        (await admin.GetAsync($"/v2/api-keys/{next.Id}")).Is(200).Has("status", "revoked");
        (await admin.With(last["key"].GetString()).GetAsync("/v2/test")).Is(200);
    }

    [Fact]
    public async Task A_rotated_admin_key_is_not_the_one_that_stays()
    {
        var admin = await server.NewOrganizationAsync();
        var own = (await admin.GetAsync("/v2/api-keys")).Is(200)["data.0.id"].GetString()!;
        var next = (await admin.PostAsync($"/v2/api-keys/{own}/rotate", new { overlap_seconds = 60 })).Is(201);
        (await admin.DeleteAsync($"/v2/api-keys/{next.Id}")).Refused(409, "request", "state_conflict");
        (await admin.DeleteAsync($"/v2/api-keys/{own}")).Is(200);
        (await admin.With(next["key"].GetString()).GetAsync("/v2/api-keys")).Is(200);
    }

    [Fact]
    public async Task The_last_use_is_noted_once_a_minute_at_most()
    {
        var admin = await server.NewOrganizationAsync();
        var made = (await admin.PostAsync("/v2/api-keys", new { name = "Backend" })).Is(201);
        var backend = admin.With(made["key"].GetString());
        (await backend.GetAsync("/v2/test")).Is(200);
        var first = (await admin.GetAsync($"/v2/api-keys/{made.Id}"))["last_used_at"].GetDateTimeOffset();
        Assert.InRange(first, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddSeconds(5));
        // As if that had been half a minute ago, and then two minutes; another node has not seen the key yet.
        await using var other = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", Beside = await server.RunningAsync(), Values = new Dictionary<string, string> { ["Upkeep__Every"] = "1s" } });
        foreach (var (ago, changes) in new[] { (30, false), (120, true) })
        {
            await using var connection = await other.ConnectAsync();
            await using var command = new Npgsql.NpgsqlCommand("UPDATE api_keys SET last_used_at = now() - make_interval(secs => $1) WHERE id = $2 RETURNING last_used_at", connection) { Parameters = { new() { Value = (double)ago }, new() { Value = made.Id } } };
            await command.ExecuteScalarAsync();
            var set = (await admin.GetAsync($"/v2/api-keys/{made.Id}"))["last_used_at"].GetDateTimeOffset();
            if (!changes)
            {
                (await other.Api.With(made["key"].GetString()).GetAsync("/v2/test")).Is(200);
                Assert.Equal(set, (await admin.GetAsync($"/v2/api-keys/{made.Id}"))["last_used_at"].GetDateTimeOffset());
            }
            else
            {
                // The node remembers the key for five seconds; then it looks, and notes.
                await Eventually.TrueAsync("The use is noted", async () =>
                {
                    (await other.Api.With(made["key"].GetString()).GetAsync("/v2/test")).Is(200);
                    return (await admin.GetAsync($"/v2/api-keys/{made.Id}"))["last_used_at"].GetDateTimeOffset() > set.AddSeconds(60);
                });
            }
        }

        // The same other node hears of a revocation, although it remembers the key.
        var second = (await admin.PostAsync("/v2/api-keys", new { name = "Second" })).Is(201);
        var there = other.Api.With(second["key"].GetString());
        (await there.GetAsync("/v2/test")).Is(200);
        (await admin.DeleteAsync($"/v2/api-keys/{second.Id}")).Is(200);
        await Eventually.TrueAsync("The other node refuses the key", async () => (await there.GetAsync("/v2/test")).Status == 401, TimeSpan.FromSeconds(4));

        // And it tidies up: a key that has not worked for long leaves the list, with the tokens it made; one that works stays.
        await using (var connection = await other.ConnectAsync())
        {
            await using var command = new Npgsql.NpgsqlCommand("UPDATE api_keys SET revoked_at = now() - interval '91 days' WHERE id = $1", connection) { Parameters = { new() { Value = second.Id } } };
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        await Eventually.TrueAsync("The old key is forgotten", async () => (await admin.GetAsync($"/v2/api-keys/{second.Id}")).Status == 404);
        (await admin.GetAsync($"/v2/api-keys/{made.Id}")).Is(200);
    }

    [Fact]
    public async Task A_stream_says_nothing_more_once_its_key_is_revoked()
    {
        var admin = await server.NewOrganizationAsync();
        var made = (await admin.PostAsync("/v2/api-keys", new { name = "Follower", scopes = new[] { "read" } })).Is(201);
        await using var follower = await EventStream.OpenAsync(admin.With(made["key"].GetString()));
        await using var ours = await EventStream.OpenAsync(admin);
        var before = await admin.NewAgentAsync();
        await follower.WaitAsync("The follower hears of the first", e => e.Any(x => x.ObjectId == before));
        (await admin.DeleteAsync($"/v2/api-keys/{made.Id}")).Is(200);
        var after = await admin.NewAgentAsync();
        await ours.WaitAsync("Others hear of the second", e => e.Any(x => x.ObjectId == after));
        await follower.EndsAsync();
        Assert.DoesNotContain(follower.Events, e => e.ObjectId == after);
    }

    [Fact]
    public async Task A_new_key_is_shown_again_to_the_same_request_only_and_is_nowhere_in_the_database()
    {
        var admin = await server.NewOrganizationAsync();
        var first = (await admin.PostAsync("/v2/api-keys", new { name = "Backend" }, "k")).Is(201);
        Assert.Equal(first.Text, (await admin.PostAsync("/v2/api-keys", new { name = "Backend" }, "k")).Is(201).Text);
        var key = first["key"].GetString()!;
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT (SELECT string_agg(k::text, ' ') FROM api_keys k) || (SELECT string_agg(i::text, ' ') FROM idempotency_keys i)", connection);
        var all = (string)(await command.ExecuteScalarAsync())!;
        Assert.Contains(first.Id, all);
        Assert.Empty(SecretSearch.InText(all, key));
        Assert.Empty(SecretSearch.InText((await server.RunningAsync()).ReadLog(), key));
    }

    private static async Task<Api> KeyAsync(Api admin, string scope) => admin.With((await admin.PostAsync("/v2/api-keys", new { name = scope, scopes = new[] { scope } })).Is(201)["key"].GetString());
}
