using System.Collections.Concurrent;
using Ostiary.Server.Data;

namespace Ostiary.Server.Http;

/// <summary>Section <c>RateLimit</c>.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>Requests per 10 seconds and organization, over all nodes; 0 = no limit. Default 200.</summary>
    public int Requests { get; set; } = 200;
}

/// <summary>
/// Counts requests per organization in a window of ten one-second buckets that slides, kept in the database and shared by all nodes. A node takes its requests from there a few at a time and
/// uses them up within a second, so that a busy organization costs a round trip for every tenth request or so.
/// </summary>
/// <remarks>
/// How exact: a request may be counted up to a second before it happens, so ten seconds may hold as many more as nodes hold shares across a window's edge, at most a twentieth of the limit per node. What a
/// node took and did not use is given back when it next asks, so with several nodes a refusal may come that many requests early.
/// </remarks>
internal sealed class RateLimit(RateLimitOptions options, Db db, TimeProvider time, ILogger<RateLimit> logger)
{
    private const int Seconds = 10;
    private const int LargestShareIs = 20;
    private const int MostKept = 10_000;
    private static readonly TimeSpan ShareHolds = TimeSpan.FromSeconds(1);

    // A flood that is being refused asks the database a few times a second, not once per request.
    private static readonly TimeSpan RefusalHolds = TimeSpan.FromMilliseconds(200);
    private readonly ConcurrentDictionary<OrganizationId, Share> _shares = new();

    public async Task Step(HttpContext http, RequestDelegate next)
    {
        if (options.Requests > 0 && ApiCall.Of(http) is { } call)
        {
            // What is forgotten here stays counted in the database: an organization may lose a share, and gains nothing.
            if (_shares.Count > MostKept) _shares.Clear();
            var retryAfter = await _shares.GetOrAdd(call.Organization, organization => new Share(this, organization)).TakeAsync(http.RequestAborted);
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

    private sealed class Granted
    {
        public int Count { get; init; }
        public long Second { get; init; }
        public int RetryAfter { get; init; }
    }

    /// <summary>What this node holds of one organization's limit.</summary>
    private sealed class Share(RateLimit limit, OrganizationId organization)
    {
        private readonly SemaphoreSlim _turn = new(1, 1);
        private int _left;
        private int _size = 1;
        private long _second;
        private long _takenAt;
        private long _refusedAt;
        private int _retryAfter;

        /// <summary>0 when the request may pass, else the seconds after which one will.</summary>
        public async Task<int> TakeAsync(CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                var (time, largest) = (limit.Now, Math.Max(1, limit.Most / LargestShareIs));
                var quick = limit.Since(_takenAt, time) < ShareHolds;
                if (_left > 0 && quick)
                {
                    _left--;
                    return 0;
                }

                if (_retryAfter > 0 && limit.Since(_refusedAt, time) < RefusalHolds) return _retryAfter;
                // Grows while it is used up within its second, and begins again at one when it is not.
                _size = _left == 0 && quick ? Math.Min(largest, _size * 2) : 1;
                var granted = await limit.TakeAsync(organization, _size, _left, _second, cancellationToken);
                (_left, _second, _takenAt, _retryAfter) = (granted.Count, granted.Second, limit.Now, granted.RetryAfter);
                if (_left == 0)
                {
                    _refusedAt = _takenAt;
                    return _retryAfter;
                }

                _left--;
                return 0;
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    private int Most => options.Requests;

    private long Now => time.GetTimestamp();

    private TimeSpan Since(long then, long now) => time.GetElapsedTime(then, now);

    private async Task<Granted> TakeAsync(OrganizationId organization, int wanted, int unused, long unusedSecond, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.OneAsync<Granted>(
            "SELECT granted AS count, second, retry_after FROM take_requests(@organization, @most, @wanted, @unused, @unusedSecond)",
            new { organization = organization.Value, most = options.Requests, wanted, unused, unusedSecond },
            cancellationToken);
    }
}
