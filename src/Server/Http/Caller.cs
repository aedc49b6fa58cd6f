namespace Ostiary.Server.Http;

/// <summary>What a key may do. Each scope includes the ones before it.</summary>
internal enum Scope
{
    /// <summary>Look: every <c>GET</c>.</summary>
    Read,

    /// <summary>Work: every <c>POST</c>, <c>PATCH</c> and <c>DELETE</c> that no wider scope is needed for.</summary>
    Write,

    /// <summary>Rule: keys and the organization itself.</summary>
    Admin,
}

/// <summary>The wire's words for scopes.</summary>
internal static class Scopes
{
    private static readonly string[] Words = ["read", "write", "admin"];

    public static IReadOnlyList<string> All => Words;

    /// <summary>The widest of the words.</summary>
    public static Scope Widest(IEnumerable<string> words) => (Scope)words.Select(word => Math.Max(0, Array.IndexOf(Words, word))).DefaultIfEmpty(0).Max();

    public static string Word(Scope scope) => Words[(int)scope];
}

/// <summary>Who asks.</summary>
/// <param name="Id">The id of the key or the component token.</param>
/// <param name="Restriction">Null for a key; what a component token is kept to.</param>
internal sealed record Caller(string Id, OrganizationId Organization, Scope Scope, Restriction? Restriction = null);

/// <summary>Finds out who sends one kind of key: organizations' own, and component tokens.</summary>
internal interface ICallers
{
    /// <summary>How the keys of this kind begin.</summary>
    string KeyPrefix { get; }

    /// <summary>Whose key it is, or null when it is unknown, revoked or past its time.</summary>
    Task<Caller?> FindAsync(string key, CancellationToken cancellationToken);
}

/// <summary>What a route asks of its caller, said where the route is mapped.</summary>
internal static class Permission
{
    /// <summary>A route that needs a scope other than its method's: <c>GET</c> needs <c>read</c>, everything else <c>write</c>.</summary>
    public static RouteHandlerBuilder Needs(this RouteHandlerBuilder route, Scope scope) => route.WithMetadata(new NeededScope(scope));

    /// <summary>A route that component tokens may use too. Its handler keeps them to their own: <see cref="ListQuery"/> with the call, <see cref="ApiCall.ReachesAsync(string, string, CancellationToken)"/>.</summary>
    public static RouteHandlerBuilder OpenToTokens(this RouteHandlerBuilder route) => route.WithMetadata(TokensAllowed.Mark);

    /// <summary>The scope that a route needs.</summary>
    public static Scope NeededBy(Endpoint endpoint, string method) =>
        endpoint.Metadata.GetMetadata<NeededScope>()?.Scope ?? (HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Scope.Read : Scope.Write);

    /// <summary>Whether component tokens may use a route.</summary>
    public static bool IsOpenToTokens(Endpoint endpoint) => endpoint.Metadata.GetMetadata<TokensAllowed>() is not null;

    /// <summary>The step that answers 403 when the caller may not use the route at all. A route that does not exist is left to be answered as such.</summary>
    public static async Task Step(HttpContext http, RequestDelegate next)
    {
        if (ApiCall.Of(http) is not { } call || http.GetEndpoint() is not { } endpoint)
        {
            await next(http);
            return;
        }

        var needed = NeededBy(endpoint, http.Request.Method);
        if (call.Restriction is not null && !IsOpenToTokens(endpoint))
            await Reply.Forbidden("A component token may not use this route; send the request from your server, with a key.").ExecuteAsync(http);
        else if (call.Restriction is null && call.Scope < needed)
            await Reply.Forbidden($"This key lacks the scope `{Scopes.Word(needed)}` that the request needs.").ExecuteAsync(http);
        else await next(http);
    }

    private sealed record NeededScope(Scope Scope);

    private sealed class TokensAllowed
    {
        public static readonly TokensAllowed Mark = new();
    }
}
