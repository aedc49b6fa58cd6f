using System.Collections.Concurrent;
using Ostiary.Server.Http;

namespace Ostiary.Server.ComponentTokens;

/// <summary>
/// Lets pages of the listed origins, and no others, send requests and read the answers (Fetch standard, section 3.2). Bearer tokens only: cookies and other credentials are never
/// asked for. A browser's question beforehand carries no token, so it is answered for every origin that some token lists; the request itself must come from an origin of its own token.
/// </summary>
internal sealed class Cors(TokenStore tokens, TokenOptions options, TimeProvider time)
{
    private const int MostCached = 1_000;
    private const int AskAgainAfterSeconds = 600;
    private static readonly TimeSpan ListedFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UnlistedFor = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, (bool Listed, DateTimeOffset Until)> _cache = new(StringComparer.Ordinal);

    /// <summary>Outside of authentication: answers the question beforehand, and says on every other answer whether the page may read it.</summary>
    public async Task Step(HttpContext http, RequestDelegate next)
    {
        var origin = http.Request.Headers.Origin.ToString();
        if (origin.Length == 0)
        {
            await next(http);
            return;
        }

        var listed = await IsListedAsync(origin, http.RequestAborted);
        if (listed)
        {
            http.Response.OnStarting(() =>
            {
                var headers = http.Response.Headers;
                headers.AccessControlAllowOrigin = origin;
                headers.AccessControlExposeHeaders = "x-request-id, Retry-After";
                headers.Append("Vary", "Origin");
                return Task.CompletedTask;
            });
        }

        if (!HttpMethods.IsOptions(http.Request.Method) || http.Request.Headers.AccessControlRequestMethod.Count == 0)
        {
            await next(http);
            return;
        }

        if (listed)
        {
            var headers = http.Response.Headers;
            headers.AccessControlAllowMethods = "GET, POST";
            headers.AccessControlAllowHeaders = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID";
            headers.AccessControlMaxAge = AskAgainAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Behind authentication: a token is refused to a page whose origin it does not list. The server's own pages need no entry.</summary>
    public static async Task CheckOrigin(HttpContext http, RequestDelegate next)
    {
        var origin = http.Request.Headers.Origin.ToString();
        if (origin.Length > 0 && ApiCall.Of(http)?.Restriction is { } restriction && !restriction.Origins.Contains(origin, StringComparer.Ordinal) && !IsOwn(http.Request, origin))
            await Reply.Forbidden("This component token may not be used from this page's origin; name it in `allowed_origins` when the token is made.").ExecuteAsync(http);
        else await next(http);
    }

    private static bool IsOwn(HttpRequest request, string origin) => Uri.TryCreate(origin, UriKind.Absolute, out var url) && string.Equals(url.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);

    private async Task<bool> IsListedAsync(string origin, CancellationToken cancellationToken)
    {
        if (!CreateToken.IsOrigin(origin)) return false;
        if (options.Origins().Contains(origin, StringComparer.Ordinal)) return true;
        var now = time.GetUtcNow();
        if (_cache.TryGetValue(origin, out var cached) && cached.Until > now) return cached.Listed;
        var listed = await tokens.IsListedAsync(origin, cancellationToken);
        if (_cache.Count >= MostCached) _cache.Clear();
        _cache[origin] = (listed, now + (listed ? ListedFor : UnlistedFor));
        return listed;
    }
}
