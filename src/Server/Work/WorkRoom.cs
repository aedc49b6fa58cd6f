using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Ostiary.Server.Data;

namespace Ostiary.Server.Work;

/// <summary>The room that keeps the queue: <see cref="WorkQueue"/> for those who have work, <see cref="IWorkHandler"/> for those who do it, <see cref="WakeUps"/> for those who wait.</summary>
internal static class WorkRoom
{
    /// <summary>Registers the queue and the wake-ups; with <paramref name="takesWork"/> (the role <c>worker</c>) also the worker. Settings: section <c>Work</c>.</summary>
    public static IServiceCollection AddWork(this IServiceCollection services, IConfiguration configuration, bool takesWork = true)
    {
        services.AddOptions<WorkOptions>().Bind(configuration.GetSection("Work"))
            .Validate(o => o.RenewEvery > TimeSpan.Zero && o.RenewEvery * 3 <= o.LeaseDuration, "Work:RenewEvery is at most a third of Work:LeaseDuration.")
            .Validate(o => o.PollEvery >= TimeSpan.FromMilliseconds(10), "Work:PollEvery is at least 10 milliseconds.")
            .Validate(o => o.SweepEvery >= TimeSpan.FromMilliseconds(10), "Work:SweepEvery is at least 10 milliseconds.")
            .Validate(o => o.StopGrace >= TimeSpan.Zero && o.StopTimeout >= o.StopGrace, "Work:StopTimeout is at least Work:StopGrace.")
            .Validate(o => o.MaxFailures >= 1, "Work:MaxFailures is at least 1.")
            .Validate(o => o.RetryAfter > TimeSpan.Zero && o.MaxRetryAfter >= o.RetryAfter, "Work:RetryAfter is more than zero and at most Work:MaxRetryAfter.")
            .Validate(o => o.DefaultLimit >= 0 && o.Limits.Values.All(limit => limit >= 0), "Work:Limits and Work:DefaultLimit are not negative.")
            .ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<WorkOptions>>().Value);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ => WorkerId.New());
        services.AddSingleton<LeaseTable>();
        services.AddSingleton<WorkQueue>();
        services.AddSingleton<Workers>();
        // Connections and waits in process keep the machine's time, whatever clock the rooms are given.
        services.AddSingleton(provider => new WakeUps(provider.GetRequiredService<Db>(), TimeProvider.System, provider.GetRequiredService<ILogger<WakeUps>>()));
        services.AddHostedService(provider => provider.GetRequiredService<WakeUps>());
        if (takesWork)
        {
            services.AddHostedService<LeaseSweeper>();
            services.AddHostedService<Worker>();
        }

        return services;
    }
}
