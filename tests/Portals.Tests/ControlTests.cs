using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Xunit;

namespace Ostiary.Portals.Tests;

/// <summary>The hand that tests hold the sites by. Modes belong to a whole site, so these tests start hosts of their own.</summary>
public sealed class ControlTests
{
    [Fact]
    public async Task A_site_answers_503_for_as_many_requests_as_asked_and_then_works()
    {
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        using var client = new Client(portals);
        portals.SetUnavailable("maintenance", 2);
        foreach (var expected in new[] { HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK })
        {
            using var answer = await client.GetAsync("/maintenance/login");
            Assert.Equal(expected, answer.StatusCode);
        }

        var portal = PortalCatalog.Get("maintenance");
        using var signedIn = await client.PostAsync("/maintenance/login", ("username", portal.Username), ("password", portal.Password!));
        Assert.Contains(portal.Evidence!, await signedIn.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_end_on_demand_and_after_so_many_requests()
    {
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        var portal = PortalCatalog.Get("expiry");
        using var client = new Client(portals);
        using (await client.PostAsync("/expiry/self-care/login", ("msisdn", portal.Username), ("secret", portal.Password!))) { }
        Assert.Equal(0, portals.ExpireSessions("expiry", "somebody-else"));
        Assert.Equal(1, portals.ExpireSessions("expiry", portal.Username));
        Assert.Contains("Your session has expired", await client.TextAsync("/expiry/self-care/bills"), StringComparison.Ordinal);

        portals.ExpireAfter("expiry", 3);
        using (await client.PostAsync("/expiry/self-care/login", ("msisdn", portal.Username), ("secret", portal.Password!))) { }
        Assert.Contains("April", await client.TextAsync("/expiry/self-care/bills"), StringComparison.Ordinal);
        Assert.Contains("April", await client.TextAsync("/expiry/self-care/bills"), StringComparison.Ordinal);
        Assert.Contains("Your session has expired", await client.TextAsync("/expiry/self-care/bills"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_control_api_offers_what_the_methods_offer()
    {
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        var portal = PortalCatalog.Get("push");
        using var client = new Client(portals);
        using (await client.PostAsync("/push/signin", ("email", portal.Username), ("pwd", portal.Password!))) { }

        var query = "?account=" + Uri.EscapeDataString(portal.Username);
        using (var push = JsonDocument.Parse(await client.TextAsync("/_control/push/push" + query))) Assert.Equal("pending", push.RootElement.GetProperty("state").GetString());
        using (var answered = await client.PostJsonAsync("/_control/push/push", JsonSerializer.Serialize(new { account = portal.Username, decision = "approve" })))
            Assert.Equal("""{"answered":1}""", await answered.Content.ReadAsStringAsync());
        Assert.Equal("""{"state":"approved"}""", await client.TextAsync("/push/approve/state"));
        Assert.Equal(PushState.Approved, portals.Push("push", portal.Username)?.State);
        using (var counted = JsonDocument.Parse(await client.TextAsync("/_control/push/submissions" + query))) Assert.Equal(1, counted.RootElement.GetProperty("passwords").GetInt32());

        using (var mode = await client.PostJsonAsync("/_control/push/mode", """{"unavailable":true}""")) Assert.Equal(HttpStatusCode.NoContent, mode.StatusCode);
        using (var down = await client.GetAsync("/push/signin")) Assert.Equal(HttpStatusCode.ServiceUnavailable, down.StatusCode);
        using (var wrong = await client.PostJsonAsync("/_control/push/mode", """{"unavailable":"maybe"}""")) Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        using (await client.PostJsonAsync("/_control/reset", "{}")) { }
        using (var up = await client.GetAsync("/push/signin")) Assert.Equal(HttpStatusCode.OK, up.StatusCode);
        Assert.Equal(0, portals.Submissions("push", portal.Username).Passwords);
        using var unknown = await client.GetAsync("/_control/nowhere/submissions?account=x");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task The_telephone_shows_codes_and_answers_pushes()
    {
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        var portal = PortalCatalog.Get("push");
        using var client = new Client(portals);
        using (await client.PostAsync("/push/signin", ("email", portal.Username), ("pwd", portal.Password!))) { }
        var pending = portals.Push("push", portal.Username)!;
        Assert.Contains($"<strong>{pending.Number}</strong>", await client.TextAsync("/_control/phone"), StringComparison.Ordinal);
        using (await client.PostAsync("/_control/phone", ("portal", "push"), ("account", portal.Username), ("decision", "deny"))) { }
        Assert.Equal(PushState.Denied, portals.Push("push", portal.Username)?.State);
    }

    [Fact]
    public async Task A_taken_port_is_reported()
    {
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        var fault = await Assert.ThrowsAsync<SocketException>(() => PortalHost.StartAsync(new PortalOptions { Port = portals.BaseAddress.Port }, CancellationToken.None));
        Assert.Equal(SocketError.AddressAlreadyInUse, fault.SocketErrorCode);
    }

    [Fact]
    public async Task An_unknown_site_is_an_error()
    {
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
        Assert.Throws<ArgumentException>(() => portals.Submissions("nowhere", "x"));
    }
}
