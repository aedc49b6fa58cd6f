using System.Text;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Work;

namespace Ostiary.Server.Events;

/// <summary><c>GET /events/stream</c>: server-sent events (WHATWG HTML, section 9.2); <c>Last-Event-ID</c> resumes without a gap.</summary>
internal static class StreamEvents
{
    private const int BatchSize = 100;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static async Task<IResult> HandleAsync(HttpContext http, ApiCall call, Db db, WakeUps wakeUps, TimeProvider time, IHostApplicationLifetime lifetime, CancellationToken aborted)
    {
        var faults = new List<Fault>();
        var types = Filters.Words(call.Query, "type", [.. EventTypes.All], faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        long position;
        if (http.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last)
        {
            if (!ObjectId.TryParse<EventId>(last, out var lastId) || await EventLog.PositionOfAsync(db, call.Organization, lastId, aborted) is not { } found)
                return Reply.Fail(404, Reply.NotFoundFault<EventId>(last, "Last-Event-ID"));
            position = found;
        }
        else
        {
            position = await EventLog.HorizonAsync(db, call.Organization, aborted);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, lifetime.ApplicationStopping);
        var response = http.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        await response.WriteAsync(": connected\n\n", stop.Token);
        await response.Body.FlushAsync(stop.Token);
        using var news = new SemaphoreSlim(0, 1);
        using var subscription = wakeUps.Subscribe(EventLog.Channel, payload =>
        {
            if (payload != call.Organization.Value && payload.Length > 0) return;
            try
            {
                news.Release();
            }
            catch (SemaphoreFullException)
            {
                // A wake-up is already waiting; one is enough.
            }
        });
        try
        {
            while (true)
            {
                // A stream ends with its key: revoked, or past its time.
                if (!await call.StillHoldsAsync(stop.Token)) return Results.Empty;
                var batch = await EventLog.ReadAfterAsync(db, call.Organization, position, types, BatchSize, stop.Token, call.Restriction);
                foreach (var row in batch)
                {
                    position = row.Position;
                    await response.WriteAsync($"id: {row.Id}\nevent: {row.Type}\ndata: {Json.Write(row.ToObject())}\n\n", Encoding.UTF8, stop.Token);
                }

                if (batch.Count > 0) await response.Body.FlushAsync(stop.Token);
                if (batch.Count == BatchSize) continue;
                if (await WaitAsync(news, time, stop.Token)) continue;
                await response.WriteAsync(": still here\n\n", stop.Token);
                await response.Body.FlushAsync(stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Results.Empty;
        }
    }

    // True: something may have happened. False: only the heartbeat is due. Either way the next turn reads again, so a lost wake-up costs at most one heartbeat.
    private static async Task<bool> WaitAsync(SemaphoreSlim news, TimeProvider time, CancellationToken cancellationToken)
    {
        using var heartbeat = new CancellationTokenSource(Heartbeat, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(heartbeat.Token, cancellationToken);
        try
        {
            await news.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
