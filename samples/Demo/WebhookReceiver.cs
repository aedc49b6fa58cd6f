using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ostiary.Demo;

/// <summary>
/// What a developer's server does with a webhook (Standard Webhooks 1.0): check the age and the signature over the body as it came, before reading it, and count an
/// id that comes twice once. Answers 204, or 401 when the signature is wrong.
/// </summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private const string SecretPrefix = "whsec_";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, string> verified = new(StringComparer.Ordinal);
    private byte[] key = [];
    private int refused;

    private WebhookReceiver(WebApplication app) => this.app = app;

    public Uri Url { get; private set; } = null!;

    /// <summary>Types of the events whose signature was right, by event id.</summary>
    public IReadOnlyDictionary<string, string> Verified => verified;

    /// <summary>Requests turned away.</summary>
    public int Refused => Volatile.Read(ref refused);

    public static async Task<WebhookReceiver> StartAsync(CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = Environments.Production });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new WebhookReceiver(builder.Build());
        receiver.app.MapPost("/webhooks", receiver.ReceiveAsync);
        await receiver.app.StartAsync(stop);
        receiver.Url = new Uri(new Uri(receiver.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()), "/webhooks");
        return receiver;
    }

    /// <summary>Sets the destination's secret, <c>whsec_</c> and base64.</summary>
    public void Trust(string secret)
    {
        if (!secret.StartsWith(SecretPrefix, StringComparison.Ordinal)) throw new DemoFault($"A webhook secret starts with {SecretPrefix}; the server's answer had none.");
        key = Convert.FromBase64String(secret[SecretPrefix.Length..]);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // The server keeps its connection open; nobody waits for it.
        }

        await app.DisposeAsync();
    }

    private async Task<IResult> ReceiveAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        string id = request.Headers["webhook-id"].ToString(), timestamp = request.Headers["webhook-timestamp"].ToString();
        if (!IsFresh(timestamp) || !IsSigned(id, timestamp, body.ToArray(), request.Headers["webhook-signature"].ToString()))
        {
            Interlocked.Increment(ref refused);
            return Results.Unauthorized();
        }

        using var json = JsonDocument.Parse(body.ToArray());
        verified[id] = json.RootElement.GetProperty("type").GetString()!;
        return Results.NoContent();
    }

    private static bool IsFresh(string timestamp) =>
        long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && Math.Abs(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - seconds) <= Tolerance.TotalSeconds;

    /// <summary>Several signatures may be given, separated by spaces; one that fits is enough.</summary>
    private bool IsSigned(string id, string timestamp, byte[] body, string signatures)
    {
        byte[] message = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = HMACSHA256.HashData(key, message);
        foreach (var signature in signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!signature.StartsWith("v1,", StringComparison.Ordinal)) continue;
            var given = new byte[expected.Length];
            if (Convert.TryFromBase64String(signature["v1,".Length..], given, out var length) && length == expected.Length && CryptographicOperations.FixedTimeEquals(given, expected)) return true;
        }

        return false;
    }

    /// <summary>Leaves Ctrl-C to the demo.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
