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
        .Chapter("Component tokens", "A component token is a short-lived key for one user in a browser, kept to what it was made for.")
        .MapPost("/token", CreateToken.HandleAsync).Describe("Create a component token", "It may read the sources it is for, create and read its own credentials and connections, answer their questions and follow their events, and nothing else.")
        .Takes<CreateToken.Request>().Gives<TokenObject>(201).Fails("source_not_found").Misses<TaskId>();
}
