namespace Ostiary.Server.Interactions;

/// <summary>Interactions: questions to the user. Their routes belong to the runs and connections that ask.</summary>
internal static class InteractionRoom
{
    public static IServiceCollection AddInteractions(this IServiceCollection services) => services.AddSingleton<Questions>();
}
