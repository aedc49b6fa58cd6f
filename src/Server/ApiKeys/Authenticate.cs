using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ApiKeys;

/// <summary>The step that turns <c>Authorization: Bearer …</c> into the caller. Missing, unknown, revoked and expired keys get the same answer.</summary>
internal static class Authenticate
{
    public static async Task Step(HttpContext http, RequestDelegate next, IEnumerable<ICallers> kinds, Db db)
    {
        if (Bearer(http.Request.Headers.Authorization.ToString()) is { } key && kinds.FirstOrDefault(k => key.StartsWith(k.KeyPrefix, StringComparison.Ordinal)) is { } callers
            && await callers.FindAsync(key, http.RequestAborted) is { } caller)
        {
            _ = new ApiCall(http, db, caller, cancellationToken => callers.FindAsync(key, cancellationToken));
            await next(http);
            return;
        }

        http.Response.Headers.WWWAuthenticate = "Bearer";
        await Reply.Fail(401, new Fault("request", "api_key_invalid", "Send a valid key as `Authorization: Bearer sk_live_…`.")).ExecuteAsync(http);
    }

    private static string? Bearer(string header)
    {
        const string scheme = "Bearer ";
        return header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && header.Length > scheme.Length ? header[scheme.Length..].Trim() : null;
    }
}
