using System.Text;
using Ostiary.Egress;

namespace Ostiary.Browser.Tests;

/// <summary>Every connection of a session goes through its lane.</summary>
public sealed class WayOutTests(SharedBrowser shared) : OnAPage(shared)
{
    [Fact]
    public async Task A_page_on_a_refused_address_is_a_network_error_with_a_reason()
    {
        await using var site = await Site.StartAsync();
        site.Page("/", "<h2 id=p>private</h2>");
        var parent = Path.Combine(Path.GetTempPath(), $"ow-{Guid.NewGuid():N}"[..12]);
        await using (var host = new BrowserHost(new BrowserOptions { RunDirectory = parent }, new EgressGuard(new EgressOptions()), TimeProvider.System))
        {
            await using var session = await host.OpenAsync(null, Cancel);
            await session.NavigateAsync(site["/"], Cancel);
            var snapshot = await session.LookAsync(Limit, Cancel);
            Assert.Equal("net::ERR_BLOCKED_BY_CLIENT", snapshot.NavigationError);
            Assert.Null(snapshot.StatusCode);
            Assert.Empty(snapshot.Elements);
            Assert.Equal("127.0.0.1", Assert.Single(session.Refusals).Host);

            await session.NavigateAsync(new Uri($"https://127.0.0.1:{site.Root.Port}/"), Cancel);
            snapshot = await session.LookAsync(Limit, Cancel);
            Assert.Equal("net::ERR_BLOCKED_BY_CLIENT", snapshot.NavigationError);
        }
        Assert.Empty(site.Requests);
        Directory.Delete(parent, recursive: true);
    }

    [Fact]
    public async Task Web_sockets_posts_and_what_a_worker_fetches_go_through_it_too()
    {
        Site.On("/ws", async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync("from the socket"u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Text, true, c.RequestAborted);
            await socket.ReceiveAsync(new byte[10], c.RequestAborted);
        });
        Site.On("/echo", async c =>
        {
            using var reader = new StreamReader(c.Request.Body);
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(c.Response, (await reader.ReadToEndAsync()).Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        });
        Site.On("/worker.js", c => { c.Response.ContentType = "text/javascript"; return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(c.Response, "fetch('/echo', {method:'POST', body:'abc'}).then(r => r.text()).then(t => postMessage(t))"); });
        Site.Page("/", """
            <h2 id=socket></h2><h2 id=big></h2><h2 id=small></h2><h2 id=worker></h2><script>
            new WebSocket(location.href.replace('http', 'ws') + 'ws').onmessage = e => socket.textContent = e.data;
            fetch('/echo', {method:'POST', body:'x'.repeat(300000)}).then(r => r.text()).then(t => { big.textContent = t; return fetch('/echo', {method:'POST', body:'y'}); }).then(r => r.text()).then(t => small.textContent = t);
            new Worker('/worker.js').onmessage = e => worker.textContent = e.data;
            </script>
            """);
        var snapshot = await GoAsync("/");
        while ((snapshot.TextOf("socket"), snapshot.TextOf("big"), snapshot.TextOf("small"), snapshot.TextOf("worker")) != ("from the socket", "300000", "1", "3"))
        {
            Assert.True(await Session.WaitForChangeAsync(Limit, Cancel));
            snapshot = await LookAsync();
        }
    }

    [Fact]
    public async Task A_file_kept_by_the_site_for_later_is_not_asked_for_twice()
    {
        var asked = 0;
        Site.On("/app.js", c =>
        {
            Interlocked.Increment(ref asked);
            c.Response.Headers.CacheControl = "max-age=600";
            c.Response.ContentType = "text/javascript";
            return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(c.Response, "document.title = 'app'");
        });
        Site.Page("/one", "<script src=/app.js></script>");
        Site.Page("/two", "<script src=/app.js></script>");
        await GoAsync("/one");
        await GoAsync("/two");
        Assert.Equal(1, asked);
    }

    [Theory]
    [InlineData("CONNECT bank.example:443 HTTP/1.1\r\nHost: bank.example:443\r\n\r\n", null)]
    [InlineData("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 0L)]
    [InlineData("POST http://a.example/ HTTP/1.1\r\ncontent-LENGTH:  12 \r\n\r\n", 12L)]
    [InlineData("POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", null)]
    [InlineData("GET http://a.example/ HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", null)]
    public void What_follows_a_head(string head, long? length) => Assert.Equal(length, LaneDoor.BodyLength(Encoding.ASCII.GetBytes(head)));

    [Theory]
    [InlineData("-1")]
    [InlineData("1,2")]
    [InlineData("")]
    public void A_length_that_is_none_is_refused(string length) =>
        Assert.Throws<InvalidDataException>(() => LaneDoor.BodyLength(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n")));
}
