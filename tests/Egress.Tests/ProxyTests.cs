using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Ostiary.Egress.Tests;

/// <summary>The proxy as an ordinary client meets it: .NET's own HTTP client with real websites behind.</summary>
public sealed class ProxyTests : ProxyTestBase
{
    [Fact]
    public async Task A_page_comes_through()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/page", (HttpRequest request) => $"{request.Host} {request.QueryString} {request.Headers["X-Sent"]}"));
        using var client = Client();
        client.DefaultRequestHeaders.Add("X-Sent", "yes");
        Assert.Equal($"127.0.0.1:{site.Port} ?a=b%20c yes", await client.GetStringAsync($"http://127.0.0.1:{site.Port}/page?a=b%20c", Stop));
        Assert.Empty(Lane.Refusals);
        Assert.Empty(Lane.Failures);
    }

    [Fact]
    public async Task Headers_of_the_way_do_not_reach_the_site_and_cookies_and_authorization_do()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/", (HttpRequest request) => string.Join('\n', request.Headers.Select(header => $"{header.Key}: {header.Value}"))));
        using var wire = await WireAsync();
        await wire.SendAsync($"GET http://127.0.0.1:{site.Port}/ HTTP/1.1\r\nHost: other.example\r\n{Auth}Proxy-Connection: keep-alive\r\nProxy-Foo: 1\r\nConnection: close, X-Private\r\nX-Private: 1\r\n"
            + "Keep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nCookie: c=d\r\nAuthorization: Bearer e\r\nX-Kept: f\r\n\r\n");
        var answer = await wire.ReadToEndAsync();
        Assert.Contains($"Host: 127.0.0.1:{site.Port}\n", answer, StringComparison.Ordinal);
        Assert.Contains("Cookie: c=d", answer, StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer e", answer, StringComparison.Ordinal);
        Assert.Contains("X-Kept: f", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: keep-alive", answer, StringComparison.Ordinal);
        foreach (var gone in new[] { "Proxy", "other.example", "X-Private", "Keep-Alive:", "TE:", "Upgrade", "Via", "Forwarded", Lane.Username })
            Assert.DoesNotContain(gone, answer[answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_of_the_way_back_does_not_reach_the_browser_nor_can_a_site_speak_for_the_proxy()
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync("HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 9\r\nProxy-Authenticate: Basic realm=\"theirs\"\r\nX-Ostiary-Egress: refused\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok");
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port));
        var head = await wire.ReadHeadAsync();
        Assert.Equal("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\n", head);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(16 * 1024)]
    [InlineData(20_000_000)]
    public async Task Bodies_of_any_size_arrive_whole_in_both_directions(int size)
    {
        await using var site = await Website.StartAsync(app => app.MapPost("/", async (HttpRequest request, HttpResponse response) =>
        {
            // The whole of it first: a client that reads no answer before it has sent everything would wait for ever.
            using var all = new MemoryStream();
            await request.Body.CopyToAsync(all);
            response.ContentLength = all.Length;
            await response.Body.WriteAsync(all.ToArray());
        }));
        using var client = Client();
        var sent = RandomNumberGenerator.GetBytes(size);
        foreach (var chunked in new[] { false, true })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{site.Port}/") { Content = new ByteArrayContent(sent) };
            request.Headers.TransferEncodingChunked = chunked;
            using var response = await client.SendAsync(request, Stop);
            var received = await response.Content.ReadAsByteArrayAsync(Stop);
            Assert.Equal(SHA256.HashData(sent), SHA256.HashData(received));
        }
    }

    [Fact]
    public async Task Server_sent_events_arrive_one_by_one_while_the_answer_goes_on()
    {
        var go = new SemaphoreSlim(0);
        await using var site = await Website.StartAsync(app => app.MapGet("/events", async (HttpResponse response) =>
        {
            response.ContentType = "text/event-stream";
            for (var i = 0; i < 5; i++)
            {
                await response.WriteAsync($"data: {i}\n\n");
                await response.Body.FlushAsync();
                await go.WaitAsync();
            }
        }));
        using var client = Client();
        using var reader = new StreamReader(await client.GetStreamAsync($"http://127.0.0.1:{site.Port}/events", Stop));
        for (var i = 0; i < 5; i++)
        {
            // The site waits until this line has been read, so a proxy that collects would never finish.
            Assert.Equal($"data: {i}", await reader.ReadLineAsync(Stop));
            Assert.Equal("", await reader.ReadLineAsync(Stop));
            go.Release();
        }
        Assert.Null(await reader.ReadLineAsync(Stop));
    }

    [Fact]
    public async Task A_web_socket_works_through_a_tunnel()
    {
        await using var site = await Website.StartAsync(app => app.Map("/socket", async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }));
        using var socket = new ClientWebSocket { Options = { Proxy = WebProxy() } };
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{site.Port}/socket"), Stop);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Stop);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Stop);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Stop);
    }

    [Fact]
    public async Task Https_goes_through_a_tunnel_that_the_proxy_cannot_read()
    {
        using var certificate = Website.Certificate("site.example");
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => "over tls"), certificate);
        Names.Add("site.example", "127.0.0.1");
        using var client = Client(handler => handler.SslOptions.CertificateChainPolicy =
            new() { TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { certificate } });
        Assert.Equal("over tls", await client.GetStringAsync($"https://site.example:{site.Port}/", Stop));
    }

    [Fact]
    public async Task Statuses_without_a_body_leave_the_connection_usable()
    {
        await using var site = await Website.StartAsync(app =>
        {
            app.MapMethods("/page", ["HEAD"], (HttpResponse response) => response.ContentLength = 1000);
            app.MapGet("/page", () => "the page");
            app.MapGet("/none", () => Results.NoContent());
            app.MapGet("/same", () => Results.StatusCode(304));
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port, "/page").Replace("GET", "HEAD", StringComparison.Ordinal));
        Assert.Contains("Content-Length: 1000", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        await wire.SendAsync(Get(site.Port, "/none"));
        Assert.StartsWith("HTTP/1.1 204 No Content", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        await wire.SendAsync(Get(site.Port, "/same"));
        Assert.StartsWith("HTTP/1.1 304 ", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        await wire.SendAsync(Get(site.Port, "/page"));
        Assert.StartsWith("HTTP/1.1 200 OK", await wire.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_informational_answer_comes_through_before_the_final_one()
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port));
        Assert.Equal("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", await wire.ReadHeadAsync());
        Assert.Equal("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", await wire.ReadHeadAsync());
        Assert.Equal("ok", await wire.ReadAsync(2));
    }

    [Fact]
    public async Task A_client_that_waits_for_100_continue_gets_it_before_it_sends_its_body()
    {
        await using var site = await Website.StartAsync(app => app.MapPost("/", async (HttpRequest request) => await new StreamReader(request.Body).ReadToEndAsync()));
        using var wire = await WireAsync();
        await wire.SendAsync($"POST http://127.0.0.1:{site.Port}/ HTTP/1.1\r\nHost: x\r\n{Auth}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100 ", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        await wire.SendAsync("body");
        Assert.StartsWith("HTTP/1.1 200 ", await wire.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_to_a_private_address_is_refused_on_its_second_hop()
    {
        var inside = 0;
        await using var private_ = await Website.StartAsync(app => app.MapGet("/{**any}", () => Interlocked.Increment(ref inside)));
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => Results.Redirect($"http://127.0.0.1:{private_.Port}/latest/meta-data")));
        // The site under its own name and port only; the address is not allowed as such.
        await RestartAsync($"site.example:{site.Port}");
        Names.Add("site.example", "127.0.0.1");
        using var client = Client(handler => handler.AllowAutoRedirect = true);
        using var response = await client.GetAsync($"http://site.example:{site.Port}/", Stop);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(["refused"], response.Headers.GetValues("x-ostiary-egress"));
        Assert.Equal(0, inside);
        var refused = Assert.Single(Lane.Refusals);
        Assert.Equal(("127.0.0.1", private_.Port), (refused.Host, refused.Port));
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("2852039166")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:10.0.0.1]")]
    [InlineData("inside.example")]
    public async Task A_refused_host_gets_403_for_requests_and_for_tunnels_and_is_remembered(string host)
    {
        Names.Add("inside.example", "10.0.0.1");
        var raised = new List<RefusedHost>();
        Lane.Refused += raised.Add;
        using var wire = await WireAsync();
        await wire.SendAsync($"GET http://{host}:8080/secret?token=fake HTTP/1.1\r\nHost: x\r\n{Auth}\r\n");
        var head = await wire.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 403 Forbidden\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nx-ostiary-egress: refused\r\n", head, StringComparison.Ordinal);
        var body = await wire.ReadAsync(ContentLength(head));
        Assert.Contains("may not reach", body, StringComparison.Ordinal);
        Assert.DoesNotContain("token", body, StringComparison.Ordinal);

        // The same connection goes on.
        await wire.SendAsync($"CONNECT {host}:443 HTTP/1.1\r\nHost: x\r\n{Auth}\r\n");
        head = await wire.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 403 Forbidden\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nx-ostiary-egress: refused\r\n", head, StringComparison.Ordinal);

        Assert.Equal([(host, 8080), (host, 443)], Lane.Refusals.Select(refused => (refused.Host, refused.Port)));
        Assert.Equal(Lane.Refusals, raised);
        Assert.Empty(Lane.Failures);
    }

    [Fact]
    public async Task A_host_without_an_address_is_unresolved_and_one_that_does_not_answer_unreachable()
    {
        int closed;
        await using (var site = new ScriptedSite((_, _) => Task.CompletedTask)) closed = site.Port;
        using var wire = await WireAsync();
        var raised = new List<FailedHost>();
        Lane.Failed += raised.Add;
        foreach (var (request, mark) in new[]
        {
            ("GET http://nowhere.example/", "unresolved"), ($"GET http://127.0.0.1:{closed}/", "unreachable"), ($"CONNECT 127.0.0.1:{closed}", "unreachable"),
        })
        {
            await wire.SendAsync($"{request} HTTP/1.1\r\nHost: x\r\n{Auth}\r\n");
            var head = await wire.ReadHeadAsync();
            Assert.StartsWith("HTTP/1.1 502 Bad Gateway\r\n", head, StringComparison.Ordinal);
            Assert.Contains($"\r\nx-ostiary-egress: {mark}\r\n", head, StringComparison.Ordinal);
            await wire.ReadAsync(ContentLength(head));
        }
        FailedHost[] expected = [new("nowhere.example", 80, EgressFailure.Unresolved), new("127.0.0.1", closed, EgressFailure.Unreachable)];
        Assert.Equal(expected, Lane.Failures);
        Assert.Equal([.. expected, expected[1]], raised);
        Assert.Empty(Lane.Refusals);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("HTTP/1.1 2")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000")]
    public async Task A_site_that_does_not_answer_with_http_is_a_502_and_remembered(string answer)
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync(answer);
            wire.Dispose();
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port));
        var head = await wire.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 502 Bad Gateway\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nx-ostiary-egress: no-answer\r\n", head, StringComparison.Ordinal);
        Assert.Equal([new FailedHost("127.0.0.1", site.Port, EgressFailure.NoAnswer)], Lane.Failures);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\nX-A: b\n\nok", "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2,2\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nX-A: b   c\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon here\r\nX-A : b\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: \u00e9\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nX-A: \u00e9\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n1;x=y\r\na\r\n01\r\nb\r\n000\r\nTrailer: t\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n01\r\nb\r\n000\r\nTrailer: t\r\n\r\n")]
    public async Task A_site_may_be_as_sloppy_as_browsers_allow(string answer, string expected)
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            while ((await wire.ReadHeadAsync()).Length > 0) await wire.SendAsync(answer);
        });
        using var wire = await WireAsync();
        for (var i = 0; i < 2; i++)
        {
            await wire.SendAsync(Get(site.Port));
            Assert.Equal(expected, await wire.ReadAsync(expected.Length));
        }
        Assert.Equal(1, site.Connections);
    }

    [Fact]
    public async Task An_answer_that_arrives_byte_by_byte_is_the_same_answer()
    {
        const string answer = "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;e\r\n0123456789abcdef\r\n0\r\n\r\n";
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            foreach (var one in answer) await wire.SendAsync(one.ToString());
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port));
        Assert.Equal(answer, await wire.ReadAsync(answer.Length));
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nuntil the end")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nuntil the end")]
    public async Task An_answer_that_lasts_until_the_end_ends_the_connection_to_the_browser_as_well(string answer)
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync(answer);
            wire.Dispose();
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port));
        Assert.Equal("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", await wire.ReadToEndAsync());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfway\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf")]
    public async Task An_answer_that_breaks_off_does_not_look_complete(string answer)
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync(answer);
            wire.Dispose();
        });
        using var client = Client();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync($"http://127.0.0.1:{site.Port}/", Stop));
    }

    [Fact]
    public async Task An_answer_until_the_end_whose_site_crashes_does_not_look_complete()
    {
        var seen = new TaskCompletionSource();
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync("HTTP/1.1 200 OK\r\n\r\nhalf");
            await seen.Task;
            wire.Reset();
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port));
        await wire.ReadHeadAsync();
        await wire.ReadAsync(4);
        seen.SetResult();
        await Assert.ThrowsAsync<IOException>(wire.ReadToEndAsync);
    }

    [Fact]
    public async Task An_answer_before_the_end_of_the_request_reaches_the_browser()
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
            wire.EndSending();
            await wire.IsEndedAsync();
        });
        using var wire = await WireAsync();
        await wire.SendAsync($"POST http://127.0.0.1:{site.Port}/ HTTP/1.1\r\nHost: x\r\n{Auth}Content-Length: 50000000\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 Too Large\r\n", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("big", await wire.ReadAsync(3));
        Assert.True(await wire.IsEndedAsync());
    }

    [Fact]
    public async Task Requests_to_one_site_share_one_connection_and_another_site_gets_its_own()
    {
        await using var one = new ScriptedSite(Answers);
        await using var other = new ScriptedSite(Answers);
        using var wire = await WireAsync();
        foreach (var port in new[] { one.Port, one.Port, one.Port, other.Port, other.Port })
        {
            await wire.SendAsync(Get(port));
            await wire.ReadAsync(ContentLength(await wire.ReadHeadAsync()));
        }
        Assert.Equal(1, one.Connections);
        Assert.Equal(1, other.Connections);

        static async Task Answers(Wire wire, int number)
        {
            while ((await wire.ReadHeadAsync()).Length > 0) await wire.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    }

    [Fact]
    public async Task A_kept_connection_that_died_is_replaced_without_the_browser_noticing()
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            await wire.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            // Reads the next request and leaves without a word: what a race between an idle time-out and a request looks like.
            await wire.ReadHeadAsync();
            wire.Reset();
        });
        using var wire = await WireAsync();
        for (var i = 1; i <= 3; i++)
        {
            await wire.SendAsync(Get(site.Port));
            Assert.StartsWith("HTTP/1.1 200 OK", await wire.ReadHeadAsync(), StringComparison.Ordinal);
            await wire.ReadAsync(2);
            Assert.Equal(i, site.Connections);
        }
        Assert.Empty(Lane.Failures);
    }

    [Fact]
    public async Task A_form_is_never_sent_twice()
    {
        var posts = 0;
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            while (true)
            {
                var head = await wire.ReadHeadAsync();
                if (head.Length == 0) return;
                if (head.StartsWith("POST", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref posts);
                    await wire.ReadAsync(4);
                    wire.Reset();
                    return;
                }
                await wire.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        using var wire = await WireAsync();
        await wire.SendAsync(Get(site.Port));
        await wire.ReadHeadAsync();
        await wire.ReadAsync(2);
        await wire.SendAsync($"POST http://127.0.0.1:{site.Port}/ HTTP/1.1\r\nHost: x\r\n{Auth}Content-Length: 4\r\n\r\nform");
        Assert.StartsWith("HTTP/1.1 502 ", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(1, posts);
    }

    [Fact]
    public async Task Requests_sent_at_once_on_one_connection_are_answered_in_order()
    {
        await using var site = await Website.StartAsync(app => app.MapMethods("/{n}", ["GET", "POST"], (string n) => n));
        using var wire = await WireAsync();
        var post = $"POST http://127.0.0.1:{site.Port}/2 HTTP/1.1\r\nHost: x\r\n{Auth}Content-Length: 3\r\n\r\nabc";
        await wire.SendAsync(Get(site.Port, "/1") + post + Get(site.Port, "/3") + Get(site.Port, "/4"));
        for (var i = 1; i <= 4; i++)
        {
            var head = await wire.ReadHeadAsync();
            Assert.StartsWith("HTTP/1.1 200 OK", head, StringComparison.Ordinal);
            // Kestrel sends a short text in one chunk.
            Assert.Equal($"1\r\n{i}\r\n0\r\n\r\n", await wire.ReadAsync(11));
        }
    }

    [Fact]
    public async Task The_browser_leaving_ends_the_request_at_the_site()
    {
        var ended = new TaskCompletionSource<bool>();
        var asked = new TaskCompletionSource();
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await wire.ReadHeadAsync();
            asked.SetResult();
            ended.SetResult(await wire.IsEndedAsync());
        });
        using (var wire = await WireAsync())
        {
            await wire.SendAsync(Get(site.Port));
            await asked.Task.WaitAsync(Stop);
            wire.Reset();
        }
        Assert.True(await ended.Task.WaitAsync(Stop));
    }

    [Fact]
    public async Task A_browser_that_only_ended_its_side_still_gets_its_answer_but_not_for_ever()
    {
        var time = new ManualTime();
        await RestartAsync("127.0.0.1", time);
        var answer = new TaskCompletionSource();
        var silent = new TaskCompletionSource<bool>();
        await using var site = new ScriptedSite(async (wire, number) =>
        {
            await wire.ReadHeadAsync();
            if (number == 2)
            {
                silent.SetResult(await wire.IsEndedAsync());
                return;
            }
            await answer.Task;
            await wire.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        using (var wire = await WireAsync())
        {
            await wire.SendAsync(Get(site.Port));
            wire.EndSending();
            answer.SetResult();
            Assert.EndsWith("ok", await wire.ReadToEndAsync(), StringComparison.Ordinal);
        }
        using (var wire = await WireAsync())
        {
            await wire.SendAsync(Get(site.Port));
            wire.EndSending();
            await Until(() => time.Due.Any(due => due == TimeSpan.FromSeconds(30)));
            Assert.False(silent.Task.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(31));
            Assert.True(await silent.Task.WaitAsync(Stop));
        }
    }

    [Fact]
    public async Task A_tunnel_carries_bytes_both_ways_and_one_side_may_end_first()
    {
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            var received = await wire.ReadToEndAsync();
            await wire.SendAsync($"got {received.Length}");
            wire.EndSending();
        });
        using var wire = await WireAsync();
        await wire.SendAsync($"CONNECT 127.0.0.1:{site.Port} HTTP/1.1\r\nHost: x\r\n{Auth}\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        await wire.SendAsync(new byte[300_000]);
        wire.EndSending();
        Assert.Equal("got 300000", await wire.ReadToEndAsync());
    }

    [Fact]
    public async Task Bytes_sent_right_behind_a_connect_are_the_first_of_the_tunnel()
    {
        await using var site = new ScriptedSite(async (wire, _) => await wire.SendAsync(await wire.ReadAsync(5)));
        using var wire = await WireAsync();
        await wire.SendAsync($"CONNECT 127.0.0.1:{site.Port} HTTP/1.1\r\nHost: x\r\n{Auth}\r\nhello");
        await wire.ReadHeadAsync();
        Assert.Equal("hello", await wire.ReadAsync(5));
    }

    [Fact]
    public async Task A_site_that_resets_a_tunnel_ends_it_for_the_browser()
    {
        var open = new TaskCompletionSource();
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            await open.Task;
            wire.Reset();
        });
        using var wire = await WireAsync();
        await wire.SendAsync($"CONNECT 127.0.0.1:{site.Port} HTTP/1.1\r\nHost: x\r\n{Auth}\r\n");
        await wire.ReadHeadAsync();
        open.SetResult();
        Assert.True(await wire.IsEndedAsync());
    }

    [Fact]
    public async Task Half_a_tunnel_in_silence_is_closed()
    {
        var time = new ManualTime();
        await RestartAsync("127.0.0.1", time);
        var ended = new TaskCompletionSource();
        var closed = new TaskCompletionSource();
        await using var site = new ScriptedSite(async (wire, _) =>
        {
            Assert.Equal("", await wire.ReadToEndAsync());
            ended.SetResult();
            await closed.Task;
        });
        using var wire = await WireAsync();
        await wire.SendAsync($"CONNECT 127.0.0.1:{site.Port} HTTP/1.1\r\nHost: x\r\n{Auth}\r\n");
        await wire.ReadHeadAsync();
        wire.EndSending();
        await ended.Task.WaitAsync(Stop);
        await Until(() => time.Due.Count > 0);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.True(await wire.IsEndedAsync());
        closed.SetResult();
    }

    [Fact]
    public async Task A_name_that_changes_its_address_is_reached_at_the_checked_one_only()
    {
        await using var inside = new ScriptedSite((_, _) => Task.CompletedTask);
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => "checked"));
        await RestartAsync("127.0.0.1", new ManualTime());
        Names.Add("rebinding.example", "127.0.0.1");
        Names.Add("rebinding.example", "127.0.0.2");
        using (var client = Client())
            Assert.Equal("checked", await client.GetStringAsync($"http://rebinding.example:{site.Port}/", Stop));
        Assert.Equal(["rebinding.example"], Names.Asked);

        ((ManualTime)Time).Advance(TimeSpan.FromSeconds(11));
        using var wire = await WireAsync();
        await wire.SendAsync($"CONNECT rebinding.example:{inside.Port} HTTP/1.1\r\nHost: x\r\n{Auth}\r\n");
        Assert.StartsWith("HTTP/1.1 403 ", await wire.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(0, inside.Connections);
    }

    [Fact]
    public async Task A_burst_of_requests_asks_for_an_address_once_and_a_later_one_again()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/{n}", (string n) => n));
        var time = new ManualTime();
        await RestartAsync("127.0.0.1", time);
        Names.Add("site.example", "127.0.0.1");
        using (var client = Client()) await Task.WhenAll(Enumerable.Range(0, 20).Select(n => client.GetStringAsync($"http://site.example:{site.Port}/{n}", Stop)));
        Assert.Single(Names.Asked);
        time.Advance(TimeSpan.FromSeconds(11));
        using (var client = Client()) await client.GetStringAsync($"http://site.example:{site.Port}/again", Stop);
        Assert.Equal(2, Names.Asked.Count);
    }

    [Fact]
    public async Task A_name_that_did_not_resolve_is_asked_for_again_at_once()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => "hello"));
        using var client = Client();
        Names.Add("late.example", Array.Empty<string>());
        using (var response = await client.GetAsync($"http://late.example:{site.Port}/", Stop)) Assert.Equal(["unresolved"], response.Headers.GetValues("x-ostiary-egress"));
        Names.Add("late.example", "127.0.0.1");
        using (var response = await client.GetAsync($"http://late.example:{site.Port}/", Stop)) Assert.False(response.IsSuccessStatusCode);
        Assert.Equal("hello", await client.GetStringAsync($"http://late.example:{site.Port}/", Stop));
    }

    [Fact]
    public async Task Many_clients_at_once_all_get_their_own_answers()
    {
        await using var site = await Website.StartAsync(app => app.MapPost("/{n}", async (string n, HttpRequest request) => $"{n} {await new StreamReader(request.Body).ReadToEndAsync()}"));
        using var client = Client();
        await Parallel.ForEachAsync(Enumerable.Range(0, 500), new ParallelOptions { MaxDegreeOfParallelism = 50, CancellationToken = Stop }, async (n, stop) =>
        {
            using var response = await client.PostAsync($"http://127.0.0.1:{site.Port}/{n}", new StringContent($"body {n}"), stop);
            Assert.Equal($"{n} body {n}", await response.Content.ReadAsStringAsync(stop));
        });
    }
}
