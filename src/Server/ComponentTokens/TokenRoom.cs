using Ostiary.Server.Http;

namespace Ostiary.Server.ComponentTokens;

/// <summary>Component tokens: short-lived keys for one user in a browser.</summary>
internal static class TokenRoom
{
    public static IServiceCollection AddComponentTokens(this IServiceCollection services) => services
        .AddSingleton<TokenStore>()
        .AddSingleton<ICallers>(provider => provider.GetRequiredService<TokenStore>())
        .AddSingleton<Cors>();

    public static void MapComponentTokens(this IEndpointRouteBuilder routes) => routes.MapPost("/token", CreateToken.HandleAsync);
}
