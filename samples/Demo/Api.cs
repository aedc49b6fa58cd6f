using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ostiary.Demo;

/// <summary>The public API, and nothing else: each call is shown as it is made. A refusal is a <see cref="DemoFault"/> with the server's own sentences.</summary>
internal sealed class Api : IDisposable
{
    private readonly HttpClient http;
    private readonly Screen screen;

    public Api(Uri server, string key, Screen screen)
    {
        this.screen = screen;
        http = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Sends and shows a request; returns the answer. <paramref name="shown"/> names the fields of the answer worth showing.</summary>
    public async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken stop, string[]? shown = null, string? idempotencyKey = null, JsonNode? shownBody = null)
    {
        screen.Sent(method.Method, path, shownBody ?? body, idempotencyKey is null ? null : "Idempotency-Key: " + idempotencyKey);
        var (status, answer) = await CallAsync(method, path, body, idempotencyKey, stop);
        screen.Got(status, answer, shown ?? ["id", "status"]);
        return answer;
    }

    /// <summary>The same without showing it.</summary>
    public async Task<JsonObject> AskAsync(HttpMethod method, string path, CancellationToken stop) => (await CallAsync(method, path, body: null, idempotencyKey: null, stop)).Answer;

    /// <summary>Bytes behind an address that carries its own permission.</summary>
    public async Task<(byte[] Content, string Type)> DownloadAsync(Uri url, CancellationToken stop)
    {
        // Without the key: the signature in the address is enough, so it may be handed to a browser.
        using var plain = new HttpClient();
        using var response = await plain.GetAsync(url, stop);
        if (!response.IsSuccessStatusCode) throw new DemoFault($"The file's address answered {(int)response.StatusCode}.");
        return (await response.Content.ReadAsByteArrayAsync(stop), response.Content.Headers.ContentType?.MediaType ?? "");
    }

    /// <summary>Opens <c>GET /v2/events/stream</c>.</summary>
    public async Task<Stream> OpenStreamAsync(CancellationToken stop)
    {
        var response = await http.GetAsync(new Uri("v2/events/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, stop);
        if (!response.IsSuccessStatusCode) throw new DemoFault($"GET /v2/events/stream answered {(int)response.StatusCode}.", await response.Content.ReadAsStringAsync(stop));
        return await response.Content.ReadAsStreamAsync(stop);
    }

    public void Dispose() => http.Dispose();

    private async Task<(int Status, JsonObject Answer)> CallAsync(HttpMethod method, string path, JsonNode? body, string? idempotencyKey, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, new Uri("v2" + path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        try
        {
            using var response = await http.SendAsync(request, stop);
            var text = await response.Content.ReadAsStringAsync(stop);
            var answer = JsonNode.Parse(text) as JsonObject ?? throw new JsonException();
            if (response.IsSuccessStatusCode) return ((int)response.StatusCode, answer);
            var faults = answer["errors"] is JsonArray errors ? string.Join('\n', errors.Select(e => $"{e?["code"]} {e?["field"]}: {e?["message"]}")) : text;
            throw new DemoFault($"{method} {path} answered {(int)response.StatusCode}.", faults);
        }
        catch (HttpRequestException exception)
        {
            throw new DemoFault($"{method} {path}: the server was not reached ({exception.HttpRequestError}).");
        }
        catch (JsonException)
        {
            throw new DemoFault($"{method} {path}: the answer is not a JSON object.");
        }
    }
}
