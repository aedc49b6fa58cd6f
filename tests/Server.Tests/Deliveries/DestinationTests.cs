using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Deliveries;

/// <summary>Event destinations as objects; what is sent to them is in <see cref="DeliveryTests"/>.</summary>
public sealed class DestinationTests(ApiServer server)
{
    [Fact]
    public async Task A_destination_lives_from_creation_to_deletion()
    {
        var api = await server.NewOrganizationAsync();
        var made = (await api.PostAsync("/v2/event-destinations", new { name = "Hook", type = "webhook", events = new[] { "task_run.completed", "task_run.failed" }, webhook = new { url = "http://127.0.0.1:9/hook" } })).Is(201)
            .Has("object", "event_destination").Has("type", "webhook").Has("status", "active").Has("webhook.url", "http://127.0.0.1:9/hook").Has("webhook.custom_headers", null).Has("events.1", "task_run.failed");
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", made["webhook.secret"].GetString());
        (await api.GetAsync($"/v2/event-destinations/{made.Id}")).Is(200).Lacks("webhook.secret").Has("name", "Hook");
        (await api.GetAsync("/v2/event-destinations")).Is(200).Lacks("data.0.webhook.secret");
        (await api.PatchAsync($"/v2/event-destinations/{made.Id}", new { name = "Other", status = "inactive", events = new[] { "*" }, webhook = new { url = "http://localhost:9/" } })).Is(200)
            .Has("name", "Other").Has("status", "inactive").Has("events.0", "*").Has("webhook.url", "http://localhost:9/").Lacks("webhook.secret");
        (await api.PatchAsync($"/v2/event-destinations/{made.Id}", new { status = "active" })).Is(200).Has("status", "active").Has("name", "Other");
        (await api.GetAsync($"/v2/event-destinations/{made.Id}/event-deliveries")).Is(200).Has("data", Array.Empty<object>());
        (await api.GetAsync($"/v2/event-destinations/{made.Id}/event-deliveries?status=lost&type=nothing.happened")).Faults("status", "type");
        (await api.DeleteAsync($"/v2/event-destinations/{made.Id}")).Is(200).Has("deleted", true).Has("object", "event_destination");
        (await api.GetAsync($"/v2/event-destinations/{made.Id}")).Refused(404, "request", "event_destination_not_found");
    }

    [Fact]
    public async Task All_types_are_meant_when_none_is_named()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } })).Is(201).Has("events", new[] { "*" }).Has("type", "webhook");
    }

    [Fact]
    public async Task Secrets_and_custom_headers_of_ones_own_are_kept_and_not_shown()
    {
        var api = await server.NewOrganizationAsync();
        var secret = "whsec_" + Convert.ToBase64String(Enumerable.Range(1, 32).Select(i => (byte)(i * 7)).ToArray());
        var made = (await api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/", secret, custom_headers = """{"X-Token":"wainscot-and-marmalade"}""" } })).Is(201)
            .Lacks("webhook.secret").Has("webhook.custom_headers", """{"X-Token":"•••"}""");
        await api.GetAsync($"/v2/event-destinations/{made.Id}");
        (await api.PatchAsync($"/v2/event-destinations/{made.Id}", new { webhook = new { custom_headers = "{}" } })).Is(200).Has("webhook.custom_headers", null);
        Assert.Empty(SecretSearch.InText(api.Transcript, secret, "wainscot-and-marmalade"));
    }

    [Fact]
    public async Task The_older_form_with_config_and_credentials_is_understood()
    {
        var api = await server.NewOrganizationAsync();
        var secret = "whsec_" + Convert.ToBase64String(new byte[32]);
        (await api.PostAsync("/v2/event-destinations", new { name = "Hook", type = "webhook", events = new[] { "*" }, config = new { url = "http://127.0.0.1:9/old" }, credentials = new { secret } })).Is(201).Has("webhook.url", "http://127.0.0.1:9/old").Lacks("webhook.secret");
        (await api.PostAsync("/v2/event-destinations", new { name = "Hook", config = new { url = "nowhere" }, credentials = new { secret = "x" } })).Is(400);
    }

    [Theory]
    [InlineData("http://10.1.2.3/")]
    [InlineData("http://169.254.169.254/")]
    [InlineData("https://ada:pw@example.org/")]
    [InlineData("/hook")]
    [InlineData("ws://127.0.0.1/")]
    public async Task An_address_that_may_not_be_reached_is_refused(string url)
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url } })).Faults("webhook.url");
    }

    [Theory]
    [InlineData("""{"webhook-id":"x"}""")]
    [InlineData("""{"Host":"x"}""")]
    [InlineData("""{"Content-Length":"1"}""")]
    [InlineData("""{"a b":"x"}""")]
    [InlineData("""{"a":"line\r\nbreak"}""")]
    [InlineData("""{"a":7}""")]
    [InlineData("""["a"]""")]
    [InlineData("null")]
    [InlineData("X-Token: a")]
    public async Task Headers_that_would_break_the_request_are_refused(string headers)
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/", custom_headers = headers } })).Faults("webhook.custom_headers");
    }

    [Fact]
    public async Task Unknown_types_and_words_are_named()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/event-destinations", new { name = "x", type = "pigeon", webhook = new { url = "http://127.0.0.1:9/" } })).Faults("type");
        (await api.PostAsync("/v2/event-destinations", new { name = "x", type = "hookdeck", webhook = new { url = "http://127.0.0.1:9/" } })).Faults("hookdeck.token");
        (await api.PostAsync("/v2/event-destinations", new { name = "x", type = "webhook", config = new { }, credentials = new { secret = "x" } })).Faults("config.url", "credentials.secret");
        (await api.PatchAsync($"/v2/event-destinations/{(await api.PostAsync("/v2/event-destinations", new { name = "x", webhook = new { url = "http://127.0.0.1:9/" } })).Is(201).Id}", """{"name":null,"status":"paused","events":["x"]}""")).Faults("name", "status", "events");
    }
}
