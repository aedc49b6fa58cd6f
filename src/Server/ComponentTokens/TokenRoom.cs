using Ostiary.Server.Http;

namespace Ostiary.Server.ComponentTokens;

/// <summary>Component tokens: short-lived keys for one user in a browser.</summary>
internal static class TokenRoom
{
    public static IServiceCollection AddComponentTokens(this IServiceCollection services) => services
        .AddSingleton<TokenStore>()
        .AddSingleton<ICallers>(provider => provider.GetRequiredService<TokenStore>())
        .AddSingleton<Cors>();

    public static void MapComponentTokens(this IEndpointRouteBuilder routes) => routes
        .Chapter("Component tokens", "A token is a short-lived key for one user in a browser. It reaches the sources it is for and what belongs to its user, and nothing else.")
        .MapPost("/token", CreateToken.HandleAsync).Describe("Create a component token", "The token itself is in this answer and never again. It ends after 30 minutes, or with the key that made it.")
        .Takes<CreateToken.Request>().Gives<TokenObject>(201).Fails("source_not_found").Misses<TaskId>();
}
