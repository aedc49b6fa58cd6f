using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Ostiary.Demo;

/// <summary>Follows <c>GET /v2/events/stream</c>: prints each event as it arrives and hands it to whoever waits.</summary>
internal sealed class EventFeed : IAsyncDisposable
{
    private readonly Channel<JsonObject> arrived = Channel.CreateUnbounded<JsonObject>();
    private readonly List<JsonObject> seen = [];
    private readonly CancellationTokenSource ending;
    private readonly Stream stream;
    private readonly Screen screen;
    private readonly Task following;

    private EventFeed(Stream stream, Screen screen, CancellationToken stop)
    {
        this.stream = stream;
        this.screen = screen;
        ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        following = FollowAsync();
    }

    /// <summary>Ids of all events so far.</summary>
    public IReadOnlyCollection<string> Ids
    {
        get { lock (seen) return [.. seen.Select(e => (string)e["id"]!)]; }
    }

    /// <summary>Opens the stream; events recorded from now on are in it.</summary>
    public static async Task<EventFeed> OpenAsync(Api api, Screen screen, CancellationToken stop) => new(await api.OpenStreamAsync(stop), screen, stop);

    /// <summary>The next event about this object whose type is one of these.</summary>
    public async Task<JsonObject> NextAsync(string objectId, string[] types, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var next = await arrived.Reader.ReadAsync(stop);
                if ((string?)next["data"]?["id"] == objectId && types.Contains((string?)next["type"])) return next;
            }
        }
        catch (ChannelClosedException closed)
        {
            throw new DemoFault($"The stream of events broke ({closed.InnerException?.GetType().Name ?? "it ended"}).");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await following;
        await stream.DisposeAsync();
        ending.Dispose();
    }

    private async Task FollowAsync()
    {
        Exception? reason = null;
        try
        {
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(ending.Token))
            {
                if (JsonNode.Parse(item.Data) is not JsonObject recorded) continue;
                lock (seen) seen.Add(recorded);
                screen.Event((string)recorded["type"]!, Subject(recorded));
                arrived.Writer.TryWrite(recorded);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or HttpRequestException or JsonException)
        {
            reason = exception;
        }

        arrived.Writer.TryComplete(reason);
    }

    /// <summary>What an event is about, in a few words.</summary>
    public static string Subject(JsonObject recorded)
    {
        var data = recorded["data"] as JsonObject;
        var about = (string?)data?["file_name"] ?? (string?)data?["interaction"]?["type"] ?? (string?)data?["name"];
        return (string?)data?["id"] + (about is null ? "" : $"  {about}");
    }
}
