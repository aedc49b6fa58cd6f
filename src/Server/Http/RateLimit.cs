using System.Collections.Concurrent;

namespace Ostiary.Server.Http;

/// <summary>Section <c>RateLimit</c>.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>Requests per 10 seconds and organization on this node; 0 = no limit. Default 200.</summary>
    public int Requests { get; set; } = 200;
}

/// <summary>Counts requests per organization in a window of ten one-second buckets that slides.</summary>
internal sealed class RateLimit(RateLimitOptions options, TimeProvider time, ILogger<RateLimit> logger)
{
    private const int Seconds = 10;
    private readonly ConcurrentDictionary<OrganizationId, Window> _windows = new();

    public async Task Step(HttpContext http, RequestDelegate next)
    {
        if (options.Requests > 0 && ApiCall.Of(http) is { } call)
        {
            var retryAfter = _windows.GetOrAdd(call.Organization, _ => new Window()).Take(time.GetUtcNow().ToUnixTimeSeconds(), options.Requests);
            if (retryAfter > 0)
            {
                Log.RateExceeded(logger, call.Organization.Value, options.Requests);
                var fault = new Fault("rate_limit", "rate_limit_exceeded", $"More than {options.Requests} requests in {Seconds} seconds; try again in {retryAfter} s.");
                await Reply.Fail(429, fault, retryAfter).ExecuteAsync(http);
                return;
            }
        }

        await next(http);
    }

    private sealed class Window
    {
        private readonly int[] _counts = new int[Seconds];
        private readonly long[] _seconds = new long[Seconds];
        private readonly Lock _lock = new();

        /// <summary>0 when the request may pass, else the seconds after which one will.</summary>
        public int Take(long second, int limit)
        {
            lock (_lock)
            {
                var total = 0;
                var oldest = second;
                for (var i = 0; i < Seconds; i++)
                {
                    if (_seconds[i] <= second - Seconds || _counts[i] == 0) continue;
                    total += _counts[i];
                    oldest = Math.Min(oldest, _seconds[i]);
                }

                if (total >= limit) return (int)Math.Max(1, oldest + Seconds - second);
                var slot = (int)(second % Seconds);
                if (_seconds[slot] != second) (_seconds[slot], _counts[slot]) = (second, 0);
                _counts[slot]++;
                return 0;
            }
        }
    }
}
