using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Deliveries;

/// <summary>Webhooks as they arrive at a receiver.</summary>
public sealed class DeliveryTests(DeliveryServer house) : IClassFixture<DeliveryServer>
{
    private readonly string _path = Guid.NewGuid().ToString("N");

    private WebhookReceiver Receiver => house.Receiver;

    [Fact]
    public async Task A_webhook_is_the_event_signed_for_its_receiver()
    {
        var (api, destination, secret) = await NewAsync(headers: """{"X-Token":"wainscot"}""");
        var agent = await api.NewAgentAsync("Ädä");
        var webhook = Assert.Single(await Receiver.WaitAsync("The webhook arrives", _path, w => w.Count > 0));
        Assert.Equal("application/json", webhook.Headers["content-type"]);
        Assert.Equal("wainscot", webhook.Headers["x-token"]);
        Assert.InRange(long.Parse(webhook.Headers["webhook-timestamp"], CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 5);
        Assert.True(Verifiers.IsSigned(secret, webhook));
        // The body is the event as the API shows it, without the request's id.
        var shown = (await api.GetAsync($"/v2/events/{webhook.EventId}")).Is(200).Has("data.id", agent).Has("type", "agent.created");
        Assert.Equal(shown["data"].GetRawText(), webhook.Json.GetProperty("data").GetRawText());
        Assert.Equal(shown["created_at"].GetString(), webhook.Json.GetProperty("created_at").GetString());
        Assert.False(webhook.Json.TryGetProperty("request_id", out _));
        var delivery = await DeliveredAsync(api, destination, 1);
        Assert.Equal(("success", "agent.created", webhook.EventId, destination, 1, 200), (
            delivery[0].GetProperty("status").GetString(), delivery[0].GetProperty("event_type").GetString(), delivery[0].GetProperty("event_id").GetString(),
            delivery[0].GetProperty("event_destination_id").GetString(), delivery[0].GetProperty("attempts").GetInt32(), delivery[0].GetProperty("response_code").GetInt32()));
        Assert.NotNull(delivery[0].GetProperty("delivered_at").GetString());
    }

    [Fact]
    public async Task The_signature_is_accepted_by_the_packages_that_receivers_use()
    {
        if (Verifiers.Missing is { } reason) Assert.Skip(reason);
        var (api, _, secret) = await NewAsync();
        await api.NewAgentAsync("Ädä 🔑 \u2028 \\\"");
        var webhook = Assert.Single(await Receiver.WaitAsync("The webhook arrives", _path, w => w.Count > 0));
        Assert.Equal(["accepted", "accepted"], await Verifiers.AskPackagesAsync(secret, webhook));
        Assert.Equal(["refused", "refused"], await Verifiers.AskPackagesAsync(secret, webhook, webhook.Text + " "));
        Assert.Equal(["refused", "refused"], await Verifiers.AskPackagesAsync("whsec_" + Convert.ToBase64String(new byte[32]), webhook));
    }

    [Fact]
    public async Task A_secret_of_ones_own_signs()
    {
        var secret = "whsec_" + Convert.ToBase64String(Enumerable.Range(1, 24).Select(i => (byte)(i * 9)).ToArray());
        var api = await house.Server.NewOrganizationAsync();
        var destination = (await api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = Receiver.Url(_path), secret } })).Is(201).Id;
        await api.NewAgentAsync();
        Assert.True(Verifiers.IsSigned(secret, (await Receiver.WaitAsync("The webhook arrives", _path, w => w.Count == 1))[0]));
        var other = "whsec_" + Convert.ToBase64String(new byte[32]);
        (await api.PatchAsync($"/v2/event-destinations/{destination}", new { webhook = new { secret = other } })).Is(200);
        await api.NewAgentAsync();
        Assert.True(Verifiers.IsSigned(other, (await Receiver.WaitAsync("The second arrives", _path, w => w.Count == 2))[1]));
    }

    [Fact]
    public async Task Only_the_types_that_were_asked_for_and_only_what_happens_from_now_on()
    {
        var api = await house.Server.NewOrganizationAsync();
        await api.NewSourceAsync();
        (await api.PostAsync("/v2/event-destinations", new { name = "Hook", events = new[] { "source.created", "agent.deleted" }, webhook = new { url = Receiver.Url(_path) } })).Is(201);
        var agent = await api.NewAgentAsync();
        var source = await api.NewSourceAsync();
        (await api.DeleteAsync($"/v2/agents/{agent}")).Is(200);
        var arrived = await Receiver.WaitAsync("Two arrive", _path, w => w.Count >= 2);
        Assert.Equal(new HashSet<(string, string)> { ("source.created", source), ("agent.deleted", agent) }, arrived.Select(w => (w.Type, w.ObjectId)).ToHashSet());
        Assert.Equal(2, arrived.Count);
    }

    [Fact]
    public async Task Events_of_one_object_arrive_in_order_and_every_event_arrives()
    {
        var (api, destination, _) = await NewAsync();
        var agents = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => api.NewAgentAsync($"{i}")));
        await Task.WhenAll(agents.Select(async a =>
        {
            for (var i = 0; i < 4; i++) (await api.PatchAsync($"/v2/agents/{a}", new { name = $"{i}" })).Is(200);
            (await api.DeleteAsync($"/v2/agents/{a}")).Is(200);
        }));
        var arrived = await Receiver.WaitAsync("All arrive", _path, w => w.Count >= 120);
        Assert.Equal(120, arrived.Select(w => w.EventId).Distinct().Count());
        foreach (var ofOne in arrived.GroupBy(w => w.ObjectId))
            Assert.Equal(["agent.created", "agent.updated", "agent.updated", "agent.updated", "agent.updated", "agent.deleted"], ofOne.Select(w => w.Type));
        Assert.Equal(120, (await DeliveredAsync(api, destination, 120)).Count);
    }

    [Fact]
    public async Task A_delivery_is_retried_after_a_500_until_it_is_taken()
    {
        Receiver.FailsFirst(_path, 3);
        var (api, destination, secret) = await NewAsync();
        await api.NewAgentAsync();
        var arrived = await Receiver.WaitAsync("Four attempts arrive", _path, w => w.Count >= 4);
        // The same event, the same body, signed anew.
        Assert.Single(arrived.Select(w => (w.EventId, w.Text)).Distinct());
        Assert.All(arrived, w => Assert.True(Verifiers.IsSigned(secret, w)));
        var delivery = Assert.Single(await DeliveredAsync(api, destination, 1));
        Assert.Equal(4, delivery.GetProperty("attempts").GetInt32());
        (await api.GetAsync($"/v2/event-destinations/{destination}")).Is(200).Has("status", "active");
    }

    [Theory]
    [InlineData(400)]
    [InlineData(410)]
    [InlineData(302)]
    [InlineData(199)]
    public async Task Nothing_but_a_2xx_is_success(int status)
    {
        if (status == 199) status = 304;
        Receiver.FailsFirst(_path, 1, status);
        var (api, destination, _) = await NewAsync();
        await api.NewAgentAsync();
        await Receiver.WaitAsync("The second attempt arrives", _path, w => w.Count == 2);
        Assert.Equal(2, Assert.Single(await DeliveredAsync(api, destination, 1)).GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        var elsewhere = _path + "-elsewhere";
        Receiver.Answers(_path, http =>
        {
            http.Response.Redirect(Receiver.Url(elsewhere), permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        });
        var (api, destination, _) = await NewAsync();
        await api.NewAgentAsync();
        await BecomesInactiveAsync(api, destination);
        Assert.Empty(Receiver.At(elsewhere));
        Assert.Equal(DeliveryServer.Attempts, Receiver.At(_path).Count);
    }

    [Fact]
    public async Task Used_up_attempts_switch_the_destination_off_with_an_event_and_switching_it_on_delivers_what_it_missed()
    {
        Receiver.Answers(_path, 500);
        var (api, destination, _) = await NewAsync();
        await using var stream = await EventStream.OpenAsync(api);
        var first = await api.NewAgentAsync("First");
        await BecomesInactiveAsync(api, destination);
        await stream.WaitAsync("It is told", e => e.Any(x => x.Type == "event_destination.deactivated" && x.ObjectId == destination));
        Assert.Equal(DeliveryServer.Attempts, Receiver.At(_path).Count);
        var failed = Assert.Single(await api.ListAsync($"/v2/event-destinations/{destination}/event-deliveries?status=failure"));
        Assert.Equal((DeliveryServer.Attempts, 500), (failed.GetProperty("attempts").GetInt32(), failed.GetProperty("response_code").GetInt32()));
        // While it is off, things go on happening.
        var second = await api.NewAgentAsync("Second");
        (await api.DeleteAsync($"/v2/agents/{second}")).Is(200);
        Receiver.Answers(_path, 200);
        (await api.PatchAsync($"/v2/event-destinations/{destination}", new { status = "active" })).Is(200).Has("status", "active");
        var arrived = (await Receiver.WaitAsync("What it missed arrives", _path, w => w.Count >= DeliveryServer.Attempts + 4)).Skip(DeliveryServer.Attempts).ToList();
        Assert.Equal(
            new HashSet<(string, string)> { ("agent.created", first), ("agent.created", second), ("agent.deleted", second), ("event_destination.deactivated", destination) },
            arrived.Select(w => (w.Type, w.ObjectId)).ToHashSet());
        Assert.Equal(["agent.created", "agent.deleted"], arrived.Where(w => w.ObjectId == second).Select(w => w.Type));
    }

    [Fact]
    public async Task A_receiver_that_never_answers_fails_in_time()
    {
        var release = Receiver.Holds(_path);
        var (api, destination, _) = await NewAsync();
        await api.NewAgentAsync();
        var waiting = (JsonElement?)null;
        await Eventually.TrueAsync("The first attempt is counted", async () =>
        {
            waiting = (await api.ListAsync($"/v2/event-destinations/{destination}/event-deliveries")).Cast<JsonElement?>().FirstOrDefault();
            return waiting is { } w && w.GetProperty("attempts").GetInt32() >= 1;
        });
        Assert.Equal(JsonValueKind.Null, waiting!.Value.GetProperty("response_code").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, waiting.Value.GetProperty("response_excerpt").ValueKind);
        Receiver.Answers(_path, 200);
        release();
        await DeliveredAsync(api, destination, 1);
    }

    [Fact]
    public async Task A_slow_destination_delays_no_other()
    {
        var slow = _path + "-slow";
        var release = Receiver.Holds(slow);
        var (api, _, _) = await NewAsync();
        (await api.PostAsync("/v2/event-destinations", new { name = "Slow", webhook = new { url = Receiver.Url(slow) } })).Is(201);
        for (var i = 0; i < 10; i++) await api.NewAgentAsync($"{i}");
        await Receiver.WaitAsync("The slow one holds what it got", slow, w => w.Count >= 1);
        await Receiver.WaitAsync("The quick one has everything", _path, w => w.Count == 10, TimeSpan.FromSeconds(20));
        Receiver.Answers(slow, 200);
        release();
        await Receiver.WaitAsync("The slow one gets everything too", slow, w => w.Select(x => x.EventId).Distinct().Count() == 10);
    }

    [Fact]
    public async Task A_receiver_that_drops_the_connection_is_tried_again()
    {
        var dropped = 0;
        Receiver.Answers(_path, http =>
        {
            if (Interlocked.Increment(ref dropped) == 1) http.Abort();
            return Task.CompletedTask;
        });
        var (api, destination, _) = await NewAsync();
        await api.NewAgentAsync();
        await Receiver.WaitAsync("It is tried again", _path, w => w.Count == 2);
        await DeliveredAsync(api, destination, 1);
    }

    [Fact]
    public async Task An_answer_is_kept_in_part_and_harms_nothing()
    {
        Receiver.Answers(_path, async http =>
        {
            http.Response.StatusCode = 200;
            await http.Response.WriteAsync("\0thanks " + new string('x', 100_000));
        });
        var (api, destination, _) = await NewAsync();
        await api.NewAgentAsync();
        var delivery = Assert.Single(await DeliveredAsync(api, destination, 1));
        Assert.StartsWith("thanks xxx", delivery.GetProperty("response_excerpt").GetString());
        Assert.InRange(delivery.GetProperty("response_excerpt").GetString()!.Length, 10, 1_000);
    }

    [Fact]
    public async Task A_deleted_destination_gets_nothing_more()
    {
        var (api, destination, _) = await NewAsync();
        await api.NewAgentAsync();
        await Receiver.WaitAsync("The first arrives", _path, w => w.Count == 1);
        await DeliveredAsync(api, destination, 1);
        (await api.DeleteAsync($"/v2/event-destinations/{destination}")).Is(200);
        var other = _path + "-other";
        (await api.PostAsync("/v2/event-destinations", new { name = "Other", webhook = new { url = Receiver.Url(other) } })).Is(201);
        await api.NewAgentAsync();
        await Receiver.WaitAsync("The other one gets it", other, w => w.Count == 1);
        Assert.Single(Receiver.At(_path));
    }

    [Fact]
    public async Task A_test_is_sent_now_and_once_and_says_what_came_of_it()
    {
        var (api, destination, secret) = await NewAsync();
        var tested = (await api.PostAsync($"/v2/event-destinations/{destination}/test")).Is(200)
            .Has("object", "event_delivery").Has("status", "success").Has("response_code", 200).Has("attempts", 1).Has("test", true).Has("event_type", "event_destination.test").Has("event_destination_id", destination);
        var webhook = Assert.Single(Receiver.At(_path));
        Assert.Equal((tested["event_id"].GetString(), "event_destination.test", destination), (webhook.EventId, webhook.Type, webhook.ObjectId));
        Assert.True(webhook.Json.GetProperty("data").GetProperty("test").GetBoolean());
        Assert.True(Verifiers.IsSigned(secret, webhook));
        Receiver.Answers(_path, 503);
        (await api.PostAsync($"/v2/event-destinations/{destination}/test")).Is(200).Has("status", "failure").Has("response_code", 503).Has("delivered_at", null);
        // In no list, and the destination is none the worse.
        Assert.Empty(await api.ListAsync($"/v2/event-destinations/{destination}/event-deliveries"));
        Assert.Empty(await api.ListAsync("/v2/events"));
        (await api.GetAsync($"/v2/event-destinations/{destination}")).Is(200).Has("status", "active");
        // Also while it is off: that is when one wants to know.
        (await api.PatchAsync($"/v2/event-destinations/{destination}", new { status = "inactive" })).Is(200);
        Receiver.Answers(_path, 200);
        (await api.PostAsync($"/v2/event-destinations/{destination}/test")).Is(200).Has("status", "success");
        // Sent again under the same key it is not sent again.
        var first = (await api.PostAsync($"/v2/event-destinations/{destination}/test", null, "k")).Is(200);
        Assert.Equal(first.Text, (await api.PostAsync($"/v2/event-destinations/{destination}/test", null, "k")).Is(200).Text);
        Assert.Equal(4, Receiver.At(_path).Count);
    }

    [Fact]
    public async Task After_a_rotation_both_secrets_sign_and_the_packages_accept_either()
    {
        var (api, destination, secret) = await NewAsync();
        var rotated = (await api.PostAsync($"/v2/event-destinations/{destination}/rotate-secret")).Is(200);
        var next = rotated["webhook.secret"].GetString()!;
        Assert.NotEqual(secret, next);
        Assert.InRange(rotated["webhook.previous_secret_until"].GetDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromHours(23.9), TimeSpan.FromHours(24.1));
        (await api.GetAsync($"/v2/event-destinations/{destination}")).Is(200).Lacks("webhook.secret");
        await api.NewAgentAsync();
        var webhook = (await Receiver.WaitAsync("The webhook arrives", _path, w => w.Count == 1))[0];
        Assert.Equal(2, webhook.Headers["webhook-signature"].Split(' ').Length);
        Assert.True(Verifiers.IsSigned(secret, webhook) && Verifiers.IsSigned(next, webhook));
        if (Verifiers.Missing is null)
        {
            foreach (var either in new[] { secret, next }) Assert.Equal(["accepted", "accepted"], await Verifiers.AskPackagesAsync(either, webhook));
        }

        // A secret of one's own; and after the overlap the old one is gone.
        var own = "whsec_" + Convert.ToBase64String(Enumerable.Range(1, 32).Select(i => (byte)(i * 5)).ToArray());
        (await api.PostAsync($"/v2/event-destinations/{destination}/rotate-secret", new { secret = "whsec_short" })).Faults("secret");
        (await api.PostAsync($"/v2/event-destinations/{destination}/rotate-secret", new { secret = own })).Is(200).Lacks("webhook.secret");
        await using (var connection = await house.Server.ConnectAsync())
        {
            await using var command = new Npgsql.NpgsqlCommand("UPDATE event_destinations SET previous_secret_until = now() WHERE id = $1", connection) { Parameters = { new() { Value = destination } } };
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        await api.NewAgentAsync();
        webhook = (await Receiver.WaitAsync("The second arrives", _path, w => w.Count == 2))[1];
        Assert.Single(webhook.Headers["webhook-signature"].Split(' '));
        Assert.True(Verifiers.IsSigned(own, webhook) && !Verifiers.IsSigned(next, webhook));
    }

    [Fact]
    public async Task A_replay_delivers_a_span_of_time_again_in_order()
    {
        var (api, destination, secret) = await NewAsync();
        var before = await api.NewAgentAsync("Before");
        await Receiver.WaitAsync("The first arrives", _path, w => w.Count == 1);
        var from = (await api.GetAsync("/v2/events")).Is(200)["data.0.created_at"].GetString();
        var agent = await api.NewAgentAsync("In");
        for (var i = 0; i < 3; i++) (await api.PatchAsync($"/v2/agents/{agent}", new { name = $"{i}" })).Is(200);
        await DeliveredAsync(api, destination, 5);
        var events = (await api.ListAsync("/v2/events")).Reverse().Select(e => e.GetProperty("id").GetString()!).ToList();
        // The time of an event is cut to milliseconds when it is shown, so the one at the edge may be in.
        var replayed = (await api.PostAsync($"/v2/event-destinations/{destination}/replay", new { created_after = from })).Is(200).Has("object", "event_replay").Has("event_destination_id", destination);
        Assert.InRange(replayed["count"].GetInt32(), 4, 5);
        var arrived = (await Receiver.WaitAsync("All arrive again", _path, w => w.Count == 5 + replayed["count"].GetInt32())).Skip(5).ToList();
        Assert.Equal(events.Skip(1), arrived.Where(w => w.ObjectId == agent).Select(w => w.EventId));
        Assert.All(arrived, w => Assert.True(Verifiers.IsSigned(secret, w)));
        Assert.Equal(5, (await DeliveredAsync(api, destination, 5)).Count);
        // Chosen types, and a closed span.
        (await api.PostAsync($"/v2/event-destinations/{destination}/replay", new { created_after = "2020-01-01T00:00:00Z", events = new[] { "agent.created" } })).Is(200).Has("count", 2).Has("events", new[] { "agent.created" });
        (await api.PostAsync($"/v2/event-destinations/{destination}/replay", new { created_after = "2020-01-01T00:00:00Z", created_before = "2020-01-02T00:00:00Z" })).Is(200).Has("count", 0);
        await Receiver.WaitAsync("The two arrive", _path, w => w.Count(x => x.Type == "agent.created" && x.ObjectId == before) >= 2);
    }

    [Fact]
    public async Task A_new_destination_is_given_what_happened_before_it()
    {
        var api = await house.Server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        await api.NewSourceAsync();
        var destination = (await api.PostAsync("/v2/event-destinations", new { name = "Hook", events = new[] { "agent.created" }, webhook = new { url = Receiver.Url(_path) } })).Is(201).Id;
        (await api.PostAsync($"/v2/event-destinations/{destination}/replay", new { created_after = "2020-01-01T00:00:00Z" })).Is(200).Has("count", 1);
        Assert.Equal(agent, (await Receiver.WaitAsync("It arrives", _path, w => w.Count == 1))[0].ObjectId);
    }

    [Fact]
    public async Task A_replay_that_makes_no_sense_is_refused_by_name()
    {
        var (api, destination, _) = await NewAsync();
        (await api.PostAsync($"/v2/event-destinations/{destination}/replay")).Faults("created_after");
        (await api.PostAsync($"/v2/event-destinations/{destination}/replay", new { created_after = "yesterday", created_before = 7, events = new[] { "x" } })).Faults("created_after", "created_before", "events");
        (await api.PostAsync($"/v2/event-destinations/{destination}/replay", new { created_after = "2026-01-02T00:00:00Z", created_before = "2026-01-01T00:00:00Z" })).Faults("created_before");
        (await api.PatchAsync($"/v2/event-destinations/{destination}", new { status = "inactive" })).Is(200);
        (await api.PostAsync($"/v2/event-destinations/{destination}/replay", new { created_after = "2026-01-01T00:00:00Z" })).Refused(409, "request", "state_conflict");
    }

    [Fact]
    public async Task Deliveries_are_listed_by_status_and_type()
    {
        var (api, destination, _) = await NewAsync();
        var agent = await api.NewAgentAsync();
        (await api.DeleteAsync($"/v2/agents/{agent}")).Is(200);
        await DeliveredAsync(api, destination, 2);
        var list = $"/v2/event-destinations/{destination}/event-deliveries";
        Assert.Equal(["agent.deleted"], (await api.ListAsync($"{list}?status=success&type=agent.deleted")).Select(d => d.GetProperty("event_type").GetString()));
        Assert.Equal(2, (await api.ListAsync($"{list}?type=agent.deleted,agent.created&status=success,failure")).Count);
        Assert.Empty(await api.ListAsync($"{list}?status=failure"));
        Assert.Empty(await api.ListAsync($"{list}?type=source.created"));
    }

    private async Task<(Api Api, string Destination, string Secret)> NewAsync(string? headers = null)
    {
        var api = await house.Server.NewOrganizationAsync();
        var made = (await api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = Receiver.Url(_path), custom_headers = headers } })).Is(201);
        return (api, made.Id, made["webhook.secret"].GetString()!);
    }

    private static async Task<IReadOnlyList<JsonElement>> DeliveredAsync(Api api, string destination, int count) => await Eventually.GetAsync(
        $"{count} deliveries succeed", async () => await api.ListAsync($"/v2/event-destinations/{destination}/event-deliveries?status=success") is { } all && all.Count >= count ? all : null);

    private static Task BecomesInactiveAsync(Api api, string destination) =>
        Eventually.TrueAsync("The destination is switched off", async () => (await api.GetAsync($"/v2/event-destinations/{destination}")).Is(200)["status"].GetString() == "inactive");
}

/// <summary>Deliveries across the death of either side.</summary>
public sealed class DeliveryCrashTests
{
    [Fact]
    public async Task Nothing_is_lost_when_the_server_is_killed_or_stopped_in_the_middle_or_the_receiver_is_down()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var server = await OstiaryServer.StartAsync(new ServerSettings { Values = new Dictionary<string, string> { ["Deliveries__Schedule"] = "200ms,500ms,1s,2s,2s,2s,2s,2s,2s,2s,2s", ["Deliveries__Timeout"] = "3s" } });
        (await server.Api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = receiver.Url() } })).Is(201);
        var release = receiver.Holds("hook");
        for (var i = 0; i < 15; i++) await server.Api.NewAgentAsync($"{i}");
        await receiver.WaitAsync("Some are in flight", "hook", w => w.Count > 0);
        await server.KillAsync();
        receiver.Answers("hook", 200);
        release();
        await server.StartAgainAsync();
        for (var i = 0; i < 15; i++) await server.Api.NewAgentAsync($"again {i}");
        await receiver.GoDownAsync();
        for (var i = 0; i < 5; i++) await server.Api.NewAgentAsync($"down {i}");
        Assert.Equal(0, await server.StopAsync());
        await receiver.ComeBackAsync();
        await server.StartAgainAsync();
        var expected = (await server.Api.ListAsync("/v2/events")).Select(e => e.GetProperty("id").GetString()!).ToHashSet();
        Assert.Equal(35, expected.Count);
        var arrived = await receiver.WaitAsync("Every event arrives", "hook", w => expected.IsSubsetOf(w.Select(x => x.EventId)));
        Assert.Subset(expected, arrived.Select(w => w.EventId).ToHashSet());
    }
}
