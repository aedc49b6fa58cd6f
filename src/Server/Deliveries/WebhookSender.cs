using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ostiary.Egress;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>What a receiver made of one attempt.</summary>
/// <param name="Code">The HTTP status, or null when there was no answer.</param>
/// <param name="Excerpt">The beginning of the answer's text, or why there was none.</param>
internal sealed record SendResult(bool Delivered, int? Code, string? Excerpt);

/// <summary>Signs an event (Standard Webhooks 1.0) and posts it through the egress guard. Success is a 2xx in time; redirects are not followed.</summary>
internal sealed class WebhookSender(SecretVault vault, EgressGuard egress, DeliveryOptions options, TimeProvider time) : IDisposable
{
    private const int LongestExcerpt = 1_000;
    private const string SecretPrefix = "whsec_";
    private static readonly string UserAgent = $"Ostiary/{typeof(WebhookSender).Assembly.GetName().Version?.ToString(3)}";
    private readonly HttpMessageInvoker _http = new(egress.CreateHandler());

    public async Task<SendResult> SendAsync(DestinationRow destination, string messageId, byte[] body, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, destination.Url) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.TryAddWithoutValidation("user-agent", UserAgent);
            await AddHeadersAsync(request, destination, cancellationToken);
            var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            request.Headers.TryAddWithoutValidation("webhook-id", messageId);
            request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp);
            request.Headers.TryAddWithoutValidation("webhook-signature", await SignAsync(destination, messageId, timestamp, body, cancellationToken));
            using var response = await _http.SendAsync(request, either.Token);
            return new SendResult((int)response.StatusCode is >= 200 and < 300, (int)response.StatusCode, await ExcerptAsync(response, either.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SendResult(false, null, $"no answer within {options.Timeout.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s");
        }
        catch (HttpRequestException exception)
        {
            return new SendResult(false, null, EgressRefusedException.Find(exception) is { } refused ? Cut(refused.Message) : $"not reached ({exception.HttpRequestError})");
        }
        catch (IOException)
        {
            return new SendResult(false, null, "the connection broke");
        }
    }

    public void Dispose() => _http.Dispose();

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

    private static async Task<string?> ExcerptAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[LongestExcerpt];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length == 0 ? null : Cut(Encoding.UTF8.GetString(buffer, 0, length).Replace("\0", "", StringComparison.Ordinal));
    }

    private static string Cut(string text) => text.Length <= LongestExcerpt ? text : text[..LongestExcerpt];
}
