using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Ostiary.Egress.Tests;

public sealed class HandlerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static EgressGuard Guard(string allow, Names names) => new(new EgressOptions { Allow = allow }, names.ResolveAsync);

    [Fact]
    public async Task A_request_goes_to_the_checked_address_under_its_own_name()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/", (HttpRequest request) => request.Host.Value));
        using var client = new HttpClient(Guard("127.0.0.1", new() { { "site.example", "127.0.0.1" } }).CreateHandler());
        Assert.Equal($"site.example:{site.Port}", await client.GetStringAsync($"http://site.example:{site.Port}/", Stop));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://2130706433:{0}/")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://site.example:{0}/")]
    [InlineData("https://site.example:{0}/")]
    public async Task A_refused_address_is_never_connected_to_and_the_caller_can_tell(string url)
    {
        await using var site = new ScriptedSite((_, _) => Task.CompletedTask);
        using var client = new HttpClient(Guard("", new() { { "site.example", "127.0.0.1" } }).CreateHandler());
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(string.Format(null, url, site.Port), Stop));
        var refused = EgressRefusedException.Find(failure);
        Assert.NotNull(refused);
        Assert.Equal(site.Port, refused.Port);
        Assert.Contains("may not reach", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, site.Connections);
    }

    [Fact]
    public async Task An_ordinary_failure_is_not_taken_for_a_refusal()
    {
        using var client = new HttpClient(Guard("127.0.0.1", []).CreateHandler());
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("http://nowhere.example/", Stop));
        Assert.Null(EgressRefusedException.Find(failure));
        Assert.Equal(HttpRequestError.NameResolutionError, failure.HttpRequestError);
    }

    [Fact]
    public async Task The_connection_is_made_to_the_address_that_was_checked_even_if_the_name_means_another_one_a_moment_later()
    {
        await using var inside = new ScriptedSite((_, _) => Task.CompletedTask);
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => "checked"));
        // The first answer is an allowed address with the site on it; every later one is not allowed.
        var names = new Names();
        names.Add("rebinding.example", "127.0.0.1");
        names.Add("rebinding.example", "127.0.0.2");
        using var client = new HttpClient(Guard("127.0.0.1", names).CreateHandler());
        Assert.Equal("checked", await client.GetStringAsync($"http://rebinding.example:{site.Port}/", Stop));
        Assert.Single(names.Asked);

        using var later = new HttpClient(Guard("127.0.0.1", names).CreateHandler());
        Assert.NotNull(EgressRefusedException.Find(await Assert.ThrowsAsync<HttpRequestException>(() => later.GetAsync($"http://rebinding.example:{inside.Port}/", Stop))));
        Assert.Equal(0, inside.Connections);
    }

    [Fact]
    public async Task A_redirect_is_an_answer_and_not_followed()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/", (HttpResponse response) =>
        {
            response.Headers.SetCookie = "a=b";
            response.Redirect("http://169.254.169.254/latest");
        }));
        using var handler = Guard("127.0.0.1", []).CreateHandler();
        using var client = new HttpClient(handler);
        for (var i = 0; i < 2; i++)
        {
            using var response = await client.GetAsync($"http://127.0.0.1:{site.Port}/", Stop);
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        }
        Assert.False(handler.UseCookies);
        Assert.False(handler.UseProxy);
    }

    [Fact]
    public async Task A_cookie_is_not_sent_back()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/", (HttpRequest request, HttpResponse response) =>
        {
            response.Headers.SetCookie = "a=b";
            return request.Headers.Cookie.ToString();
        }));
        using var client = new HttpClient(Guard("127.0.0.1", []).CreateHandler());
        Assert.Equal("", await client.GetStringAsync($"http://127.0.0.1:{site.Port}/", Stop));
        Assert.Equal("", await client.GetStringAsync($"http://127.0.0.1:{site.Port}/", Stop));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused()
    {
        using var certificate = Website.Certificate("site.example");
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => "secret"), certificate);
        var guard = Guard("127.0.0.1", new() { { "site.example", "127.0.0.1" }, { "other.example", "127.0.0.1" } });
        using var client = new HttpClient(guard.CreateHandler());
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://site.example:{site.Port}/", Stop));
        Assert.IsType<AuthenticationException>(failure.InnerException);
    }

    [Fact]
    public async Task A_certificate_is_compared_with_the_name_and_not_with_the_pinned_address()
    {
        using var certificate = Website.Certificate("site.example");
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => "hello"), certificate);
        var guard = Guard("127.0.0.1", new() { { "site.example", "127.0.0.1" }, { "other.example", "127.0.0.1" } });
        using var handler = guard.CreateHandler();
        handler.SslOptions.CertificateChainPolicy = new() { TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { certificate } };
        using var client = new HttpClient(handler);
        Assert.Equal("hello", await client.GetStringAsync($"https://site.example:{site.Port}/", Stop));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://other.example:{site.Port}/", Stop));
    }

    [Fact]
    public async Task The_next_address_is_tried_when_the_first_does_not_answer()
    {
        await using var site = await Website.StartAsync(app => app.MapGet("/", () => "hello"));
        using var client = new HttpClient(Guard("127.0.0.0/8,::1", new() { { "site.example", "127.0.0.2", "::1", "127.0.0.3", "127.0.0.1" } }).CreateHandler());
        Assert.Equal("hello", await client.GetStringAsync($"http://site.example:{site.Port}/", Stop));
    }

    [Fact]
    public async Task When_no_address_answers_the_request_fails_and_is_not_a_refusal()
    {
        int closed;
        await using (var site = new ScriptedSite((_, _) => Task.CompletedTask)) closed = site.Port;
        using var client = new HttpClient(Guard("127.0.0.0/8", new() { { "site.example", "127.0.0.2", "127.0.0.3", "127.0.0.1" } }).CreateHandler());
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://site.example:{closed}/", Stop));
        Assert.Null(EgressRefusedException.Find(failure));
    }

    [Fact]
    public void Http_3_which_would_go_past_the_guard_is_off()
    {
        using var handler = Guard("", []).CreateHandler();
        Assert.True(AppContext.TryGetSwitch("System.Net.SocketsHttpHandler.Http3Support", out var on));
        Assert.False(on);
    }
}
