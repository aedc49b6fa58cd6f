using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>Signs an event (Standard Webhooks 1.0) and posts it.</summary>
internal sealed class WebhookSender(SecretVault vault, GuardedHttp http, TimeProvider time) : IDestinationSender
{
    private const string SecretPrefix = "whsec_";

    public IReadOnlyList<string> Types => ["webhook"];

    public async Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, destination.Url) { Content = new ByteArrayContent(@event.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await AddHeadersAsync(request, destination, cancellationToken);
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.TryAddWithoutValidation("webhook-id", @event.Id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp);
        request.Headers.TryAddWithoutValidation("webhook-signature", await SignAsync(destination, @event.Id, timestamp, @event.Body, cancellationToken));
        return await http.SendAsync(request, cancellationToken);
    }

    /// <summary><c>v1,</c> and the base64 of HMAC-SHA256 over <c>id.timestamp.body</c>; the previous secret signs too while a rotation lasts.</summary>
    private async Task<string> SignAsync(DestinationRow destination, string messageId, string timestamp, byte[] body, CancellationToken cancellationToken)
    {
        var prefix = Encoding.ASCII.GetBytes($"{messageId}.{timestamp}.");
        var message = new byte[prefix.Length + body.Length];
        prefix.CopyTo(message, 0);
        body.CopyTo(message, prefix.Length);
        var signature = await SignAsync(destination.SecretContext, destination.Secret, message, cancellationToken);
        return destination.PreviousSecret is { } previous && destination.PreviousSecretUntil > time.GetUtcNow()
            ? $"{signature} {await SignAsync(destination.SecretContext, previous, message, cancellationToken)}"
            : signature;
    }

    private async Task<string> SignAsync(string context, byte[] sealedSecret, byte[] message, CancellationToken cancellationToken)
    {
        var secret = await vault.OpenEnvelopeAsync(context, sealedSecret, cancellationToken);
        var key = new byte[96];
        try
        {
            var text = Encoding.ASCII.GetString(secret.AsSpan(SecretPrefix.Length));
            if (!Convert.TryFromBase64String(text, key, out var length)) throw new VaultException($"The secret of {context} is not base64.");
            return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key.AsSpan(0, length), message));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private async Task AddHeadersAsync(HttpRequestMessage request, DestinationRow destination, CancellationToken cancellationToken)
    {
        if (destination.Headers is not { } sealedHeaders) return;
        var plain = await vault.OpenEnvelopeAsync(destination.HeadersContext, sealedHeaders, cancellationToken);
        foreach (var (name, value) in JsonSerializer.Deserialize<Dictionary<string, string>>(plain, Json.Options)!) request.Headers.TryAddWithoutValidation(name, value);
        CryptographicOperations.ZeroMemory(plain);
    }
}
