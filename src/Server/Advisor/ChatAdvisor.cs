using System.Net.Http.Headers;
using System.Text.Json;
using Ostiary.Egress;
using Ostiary.Server.Sessions;

namespace Ostiary.Server.Advisor;

/// <summary>Asks a language model behind an OpenAI-compatible chat-completions endpoint, through the egress guard. Whatever goes wrong, there is simply no answer.</summary>
internal sealed class ChatAdvisor(EgressGuard egress, AdvisorOptions options, TimeProvider time, ILogger<ChatAdvisor> logger) : ISignInAdvisor, IDisposable
{
    private const int LongestAnswer = 64 * 1024;
    private const int MostTokens = 200;
    private readonly HttpMessageInvoker _http = new(egress.CreateHandler());

    public int CallsPerSignIn => options.CallsPerSignIn;

    public async Task<string?> AskAsync(string instructions, string outline, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var (answer, ending) = await SendAsync(instructions, outline, either.Token, cancellationToken);
        // What was asked and answered is about a page: only that it was asked is logged.
        Log.Asked(logger, ending, (long)time.GetElapsedTime(started).TotalMilliseconds);
        return answer;
    }

    public void Dispose() => _http.Dispose();

    private async Task<(string? Answer, string Ending)> SendAsync(string instructions, string outline, CancellationToken limited, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, options.Endpoint);
            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new
            {
                model = options.Model,
                temperature = 0,
                max_tokens = MostTokens,
                response_format = new { type = "json_object" },
                messages = new[] { new { role = "system", content = instructions }, new { role = "user", content = outline } },
            }));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            if (options.ApiKey is { } key) request.Headers.Authorization = key.Reveal(value => new AuthenticationHeaderValue("Bearer", new string(value.Span)));
            using var response = await _http.SendAsync(request, limited);
            if (!response.IsSuccessStatusCode) return (null, $"HTTP status {(int)response.StatusCode}");
            await using var body = await response.Content.ReadAsStreamAsync(limited);
            var buffer = new byte[LongestAnswer];
            var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, limited);
            if (length == buffer.Length) return (null, "an answer that is too long");
            return ContentOf(buffer.AsMemory(0, length)) is { } content ? (content, "answered") : (null, "no chat completion");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, "no answer in time");
        }
        catch (HttpRequestException exception)
        {
            return (null, EgressRefusedException.Find(exception) is not null ? "refused by the egress guard" : "not reached");
        }
        catch (IOException)
        {
            return (null, "the connection broke");
        }
    }

    private static string? ContentOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("choices", out var choices) && choices is { ValueKind: JsonValueKind.Array } && choices.GetArrayLength() > 0
                && choices[0] is { ValueKind: JsonValueKind.Object } first && first.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object
                && message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String ? content.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What the room registers; it has no routes.</summary>
internal static class AdvisorRoom
{
    /// <summary>Off unless an endpoint is set.</summary>
    public static IServiceCollection AddAdvisor(this IServiceCollection services, AdvisorOptions options) => options.Endpoint.Length > 0 ? services.AddSingleton<ISignInAdvisor, ChatAdvisor>() : services;
}
