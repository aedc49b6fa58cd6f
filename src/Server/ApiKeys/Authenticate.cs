using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ApiKeys;

/// <summary>The step that turns <c>Authorization: Bearer …</c> into the organization that asks. Missing and unknown keys get the same answer.</summary>
internal static class Authenticate
{
    public static async Task Step(HttpContext http, RequestDelegate next, ApiKeyStore keys, Db db)
    {
        if (Bearer(http.Request.Headers.Authorization.ToString()) is { } key && await keys.FindOrganizationAsync(key, http.RequestAborted) is { } organization)
        {
            _ = new ApiCall(http, db, organization);
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
