using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ostiary.TestKit;

/// <summary>A webhook as it arrived.</summary>
/// <param name="Headers">By lower-case name.</param>
public sealed record ReceivedWebhook(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string EventId => Headers["webhook-id"];

    /// <summary>The body as JSON; it need not be.</summary>
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Method { get; init; } = "POST";

    public string Type => Json.GetProperty("type").GetString()!;

    /// <summary>The id of the object that the event tells of.</summary>
    public string ObjectId => Json.GetProperty("data").GetProperty("id").GetString()!;

    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>
/// A receiver of webhooks on a free port: keeps what arrives and answers as told. Its paths are receivers of their own: <c>Url("slow")</c> is another destination than <c>Url("quick")</c>.
/// </summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedWebhook> _received = new();
    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> _answers = new(StringComparer.Ordinal);
    private WebApplication? _app;
    private int _port;

    private WebhookReceiver()
    {
    }

    /// <summary>Everything that has arrived, in order of arrival.</summary>
    public IReadOnlyList<ReceivedWebhook> All => [.. _received];

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        await receiver.ListenAsync();
        return receiver;
    }

    public string Url(string path = "hook") => $"http://127.0.0.1:{_port}/{path}";

    public IReadOnlyList<ReceivedWebhook> At(string path) => [.. _received.Where(r => r.Path == "/" + path)];

    /// <summary>Says how a path answers from now on; the default is 200.</summary>
    public void Answers(string path, Func<HttpContext, Task> answer) => _answers["/" + path] = answer;

    public void Answers(string path, int status) => Answers(path, http =>
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    });

    /// <summary>Fails the next <paramref name="times"/> requests of each event, then answers 200.</summary>
    public void FailsFirst(string path, int times, int status = 500)
    {
        var seen = new ConcurrentDictionary<string, int>();
        Answers(path, http =>
        {
            http.Response.StatusCode = seen.AddOrUpdate(http.Request.Headers["webhook-id"].ToString(), 1, (_, n) => n + 1) <= times ? status : 200;
            return Task.CompletedTask;
        });
    }

    /// <summary>Holds every request of a path until the returned action is called.</summary>
    public Action Holds(string path)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Answers(path, http => gate.Task.WaitAsync(http.RequestAborted));
        return gate.SetResult;
    }

    /// <summary>Waits until what arrived at a path satisfies a condition.</summary>
    public async Task<IReadOnlyList<ReceivedWebhook>> WaitAsync(string what, string path, Func<IReadOnlyList<ReceivedWebhook>, bool> enough, TimeSpan? patience = null) =>
        await Eventually.GetAsync(what, () => Task.FromResult(At(path) is var now && enough(now) ? now : null), patience, () => $"Arrived: {string.Join(", ", At(path).Select(r => $"{r.Type} {r.ObjectId}"))}");

    /// <summary>Stops listening, as when the receiver's machine is down; what arrived is kept.</summary>
    public async Task GoDownAsync()
    {
        if (_app is not { } app) return;
        _app = null;
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections that are kept open need no farewell.
        }

        await app.DisposeAsync();
    }

    /// <summary>Listens again, on the same port.</summary>
    public Task ComeBackAsync() => ListenAsync();

    public async ValueTask DisposeAsync() => await GoDownAsync();

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port));
        var app = builder.Build();
        app.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            var path = http.Request.Path.Value!;
            _received.Enqueue(new ReceivedWebhook(path, http.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), body.ToArray()) { Method = http.Request.Method });
            if (_answers.TryGetValue(path, out var answer)) await answer(http);
        });
        await app.StartAsync();
        _port = new Uri(app.Urls.First()).Port;
        _app = app;
    }

    // Signals belong to the test runner.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
