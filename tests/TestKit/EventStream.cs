using System.Text.Json;

namespace Ostiary.TestKit;

/// <summary>One event as the stream sent it.</summary>
public sealed record StreamedEvent(string Id, string Type, JsonElement Data)
{
    /// <summary>The id of the object that the event tells of.</summary>
    public string ObjectId => Data.GetProperty("data").GetProperty("id").GetString()!;
}

/// <summary>Reads <c>GET /v2/events/stream</c> (WHATWG HTML, section 9.2) until it is told to stop.</summary>
public sealed class EventStream : IAsyncDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler()) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource _over = new();
    private readonly List<StreamedEvent> _events = [];
    private readonly Lock _lock = new();
    private readonly HttpResponseMessage _response;
    private readonly Task _reading;

    private EventStream(HttpResponseMessage response)
    {
        _response = response;
        _reading = ReadAsync();
    }

    /// <summary>Everything that has arrived, in order.</summary>
    public IReadOnlyList<StreamedEvent> Events
    {
        get { lock (_lock) return [.. _events]; }
    }

    /// <summary>Connects; what happens after this returns is in the stream. <paramref name="lastEventId"/>: everything after that event is, too.</summary>
    public static async Task<EventStream> OpenAsync(Api api, string? lastEventId = null, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api.Address, "/v2/events/stream" + query));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {api.Key}");
        if (lastEventId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode || response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw new UnmetExpectationException($"The stream was answered {(int)response.StatusCode} {response.Content.Headers.ContentType}: {await response.Content.ReadAsStringAsync()}");
        return new EventStream(response);
    }

    /// <summary>Waits until what arrived satisfies a condition.</summary>
    public async Task<IReadOnlyList<StreamedEvent>> WaitAsync(string what, Func<IReadOnlyList<StreamedEvent>, bool> enough, TimeSpan? patience = null) => await Eventually.GetAsync(
        what,
        () => Task.FromResult(Events is var now && enough(now) ? now : null),
        patience,
        () => $"Arrived: {string.Join(", ", Events.Select(e => $"{e.Type} {e.ObjectId}"))}");

    /// <summary>Waits until the server has ended the stream.</summary>
    public Task EndsAsync(TimeSpan? patience = null) => Eventually.TrueAsync("The server ends the stream", () => _reading.IsCompleted, patience ?? TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _reading;
        _response.Dispose();
        _over.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            await using var stream = await _response.Content.ReadAsStreamAsync(_over.Token);
            using var reader = new StreamReader(stream);
            string id = "", type = "";
            var data = "";
            while (await reader.ReadLineAsync(_over.Token) is { } line)
            {
                if (line.Length == 0)
                {
                    if (data.Length > 0)
                    {
                        var read = new StreamedEvent(id, type, JsonDocument.Parse(data).RootElement.Clone());
                        lock (_lock) _events.Add(read);
                    }

                    (type, data) = ("", "");
                }
                else if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
                else if (line.StartsWith("event: ", StringComparison.Ordinal)) type = line[7..];
                else if (line.StartsWith("data: ", StringComparison.Ordinal)) data += line[6..];
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or HttpRequestException)
        {
            // The stream ends with the test, or with the server.
        }
    }
}
