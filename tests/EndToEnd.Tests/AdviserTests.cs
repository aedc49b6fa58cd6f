using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>A model that answers by a script, and what its advice leaves with the source.</summary>
public sealed class AdviserTests
{
    private const string Key = "practice-key-of-nobody";

    [Fact]
    public async Task Advice_that_led_in_is_suggested_and_once_taken_up_nobody_is_asked_again()
    {
        await using var site = await GardenSite.StartAsync();
        await using var server = await OstiaryServer.StartAsync(new ServerSettings
        {
            Values = new Dictionary<string, string> { ["Advisor__Endpoint"] = new Uri(site.Root, "/v1/chat/completions").AbsoluteUri, ["Advisor__Model"] = "practice", ["Advisor__ApiKey"] = Key },
        });
        var api = server.Api;
        var source = await api.NewSourceAsync(site.Root.AbsoluteUri);
        (await api.GetAsync($"/v2/sources/{source}")).Is(200).Has("suggested_overrides", null);

        await SignInAsync("ada");
        var suggested = (await api.GetAsync($"/v2/sources/{source}")).Is(200).Has("overrides", null)["suggested_overrides"];
        Assert.Equal("button[id=\"door\"]", suggested.GetProperty("selectors").GetProperty("sign_in").GetString());
        Assert.Equal("Bearer " + Key, Assert.Single(site.Asked).Authorization);
        foreach (var secret in (string[])["ada", "Practice-Only-1!"]) Assert.DoesNotContain(secret, site.Asked.Single().Body, StringComparison.OrdinalIgnoreCase);

        (await api.PatchAsync($"/v2/sources/{source}", new { overrides = suggested })).Is(200).Has("overrides", suggested).Has("suggested_overrides", null).Has("learned_at", null);
        await SignInAsync("grace");
        Assert.Single(site.Asked);

        async Task SignInAsync(string user) => await api.RunReachesAsync(await api.NewRunAsync(await api.NewTaskAsync(), await api.NewCredentialAsync(source, user, "Practice-Only-1!")), "completed");
    }

    /// <summary>A website whose way in no words lead to, and the model that knows it.</summary>
    private sealed class GardenSite : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private GardenSite(WebApplication app) => _app = app;

        public Uri Root { get; private set; } = null!;

        public ConcurrentQueue<(string Body, string Authorization)> Asked { get; } = [];

        public static async Task<GardenSite> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var site = new GardenSite(app);
            var trees = string.Concat(Enumerable.Repeat("<p>A tree</p>", 14));
            app.MapGet("/", () => Page("<h1>Garden</h1><p>Only trees.</p><div><button id=door>A small door</button><button id=tree>A large tree</button></div><script>door.onclick = () => location = '/hut'</script>" + trees));
            app.MapGet("/hut", () => Page("<h1>Sign in</h1><form method=post action=/hut><label>User name <input name=user></label><label>Password <input name=pass type=password></label><button>Sign in</button></form>"));
            app.MapPost("/hut", async (HttpContext context) =>
            {
                var form = await context.Request.ReadFormAsync(context.RequestAborted);
                if (form["pass"] == "Practice-Only-1!") context.Response.Cookies.Append("session", Guid.NewGuid().ToString("N"), new() { HttpOnly = true });
                return Results.Redirect("/beds");
            });
            app.MapGet("/beds", (HttpContext context) => context.Request.Cookies.ContainsKey("session") ? Page("<nav><a href=/out>Log out</a></nav><h1>Beds</h1>") : Results.Redirect("/hut"));
            app.MapPost("/v1/chat/completions", async (HttpContext context) =>
            {
                using var reader = new StreamReader(context.Request.Body);
                var body = await reader.ReadToEndAsync(context.RequestAborted);
                site.Asked.Enqueue((body, context.Request.Headers.Authorization.ToString()));
                using var asked = JsonDocument.Parse(body);
                using var told = JsonDocument.Parse(asked.RootElement.GetProperty("messages")[1].GetProperty("content").GetString()!);
                var door = told.RootElement.GetProperty("page").GetProperty("elements").EnumerateArray().First(e => e.GetProperty("label").GetString() == "A small door").GetProperty("n").GetInt32();
                return Results.Json(new { choices = new[] { new { message = new { role = "assistant", content = JsonSerializer.Serialize(new { click = door }) } } } });
            });
            await app.StartAsync();
            site.Root = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
            return site;
        }

        public async ValueTask DisposeAsync() => await _app.DisposeAsync();

        private static IResult Page(string body) => Results.Content($"<!doctype html><html lang=en><head><title>Garden</title></head><body>{body}</body></html>", "text/html; charset=utf-8");
    }
}
