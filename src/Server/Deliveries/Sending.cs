using System.Globalization;
using System.Text;
using Ostiary.Egress;

namespace Ostiary.Server.Deliveries;

/// <summary>An event on its way out. The body is the same bytes at every attempt.</summary>
internal sealed record OutgoingEvent(string Id, string Type, string ObjectId, DateTimeOffset CreatedAt, byte[] Body);

/// <summary>What a receiver made of one attempt.</summary>
/// <param name="Code">The HTTP status, or null when there was no answer or the receiver does not speak HTTP.</param>
/// <param name="Excerpt">The beginning of the answer's text, or why there was none.</param>
internal sealed record SendResult(bool Delivered, int? Code, string? Excerpt);

/// <summary>Sends to one type of destination. Whatever it throws for a fault of the network is a failed attempt; the time limit is the caller's.</summary>
internal interface IDestinationSender
{
    /// <summary>The wire's words for the types it serves.</summary>
    IReadOnlyList<string> Types { get; }

    Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken);
}

/// <summary>Makes one attempt: finds the sender of the destination's type, and turns whatever goes wrong into a result that can be shown.</summary>
internal sealed class EventSender(IEnumerable<IDestinationSender> senders, DeliveryOptions options, TimeProvider time)
{
    private readonly Dictionary<string, IDestinationSender> _byType = senders.SelectMany(s => s.Types.Select(t => (t, s))).ToDictionary(p => p.t, p => p.s, StringComparer.Ordinal);

    public async Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await _byType[destination.Type].SendAsync(destination, @event, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SendResult(false, null, $"no answer within {options.Timeout.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s");
        }
        catch (HttpRequestException exception)
        {
            return new SendResult(false, null, EgressRefusedException.Find(exception) is { } refused ? Excerpts.Cut(refused.Message) : $"not reached ({exception.HttpRequestError})");
        }
        catch (IOException)
        {
            return new SendResult(false, null, "the connection broke");
        }
    }
}

/// <summary>The beginning of what a receiver answered.</summary>
internal static class Excerpts
{
    private const int Longest = 1_000;

    public static async Task<string?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[Longest];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length == 0 ? null : Cut(Encoding.UTF8.GetString(buffer, 0, length).Replace("\0", "", StringComparison.Ordinal));
    }

    public static string Cut(string text) => text.Length <= Longest ? text : text[..Longest];
}

/// <summary>Requests that leave through the guard; shared by all senders that speak HTTP.</summary>
internal sealed class GuardedHttp(EgressGuard egress) : IDisposable
{
    private static readonly string UserAgent = $"Ostiary/{typeof(GuardedHttp).Assembly.GetName().Version?.ToString(3)}";
    private readonly HttpMessageInvoker _http = new(egress.CreateHandler());

    /// <summary>Success is a 2xx; redirects are not followed.</summary>
    public async Task<SendResult> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await AskAsync(request, cancellationToken);
        return new SendResult((int)response.StatusCode is >= 200 and < 300, (int)response.StatusCode, await Excerpts.ReadAsync(response, cancellationToken));
    }

    /// <summary>The same for an answer that is read by the caller.</summary>
    public Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.TryAddWithoutValidation("user-agent", UserAgent);
        return _http.SendAsync(request, cancellationToken);
    }

    public void Dispose() => _http.Dispose();
}
