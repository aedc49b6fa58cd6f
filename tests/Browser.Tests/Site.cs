using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ostiary.Browser.Tests;

/// <summary>A small website on a free port; each test adds the pages it needs.</summary>
public sealed class Site : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, RequestDelegate> _pages = new();

    private Site(WebApplication app) => _app = app;

    /// <summary>Requests as they came in: <c>GET /path?query</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public Uri Root { get; private set; } = null!;

    public Uri this[string path] => new(Root, path);

    public static async Task<Site> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(k => k.AddServerHeader = false);
        var app = builder.Build();
        var site = new Site(app);
        app.UseWebSockets();
        app.Run(async context =>
        {
            site.Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            if (site._pages.TryGetValue(context.Request.Path, out var page)) await page(context);
            else context.Response.StatusCode = 404;
        });
        await app.StartAsync();
        site.Root = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return site;
    }

    public Site Page(string path, string html) => On(path, context => Html(context, html));

    public Site On(string path, RequestDelegate answer)
    {
        _pages[path] = answer;
        return this;
    }

    public static Task Html(HttpContext context, string body)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync($"<!doctype html><html lang=en><head><title>Test</title></head><body>{body}</body></html>");
    }

    public async ValueTask DisposeAsync()
    {
        // A page under test may hold an answer back for ever.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
