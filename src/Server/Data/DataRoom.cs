using Microsoft.Extensions.Options;

namespace Ostiary.Server.Data;

/// <summary>The room that keeps the database: connections, transactions, migrations, and a PostgreSQL of its own when none is given.</summary>
internal static class DataRoom
{
    /// <summary>
    /// Registers <see cref="Db"/>. The database is started before any hosted service and stopped after all of them. Settings: section <c>Data</c>,
    /// and the short names <c>Data</c> (directory) and <c>Database</c>.
    /// </summary>
    public static IServiceCollection AddData(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DataOptions>().Bind(configuration.GetSection("Data")).Configure(options =>
        {
            if (configuration["Data"] is { Length: > 0 } directory) options.Directory = directory;
            if (configuration["Database"] is { Length: > 0 } database) options.Database = database;
            options.Directory = Path.GetFullPath(options.Directory);
        }).Validate(o => o.MaxPoolSize is >= 5 and <= 1000, "Data:MaxPoolSize is a number from 5 to 1000.")
            .Validate(o => o.CommandTimeout >= TimeSpan.FromSeconds(1), "Data:CommandTimeout is at least one second.")
            .Validate(o => o.StartTimeout >= TimeSpan.FromSeconds(1), "Data:StartTimeout is at least one second.")
            .ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<DataOptions>>().Value);
        // Processes and networks keep the machine's time, whatever clock the rooms are given.
        services.AddSingleton(provider => new PrivatePostgres(
            provider.GetRequiredService<DataOptions>(), TimeProvider.System, provider.GetRequiredService<ILogger<PrivatePostgres>>()));
        services.AddSingleton(provider => new Db(
            provider.GetRequiredService<DataOptions>(), provider.GetRequiredService<PrivatePostgres>(), TimeProvider.System, provider.GetRequiredService<ILogger<Db>>()));
        services.AddHostedService<DataStart>();
        return services;
    }

    /// <summary>Starts the database before the first hosted service starts, and stops it after the last has stopped.</summary>
    private sealed class DataStart(Db db) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => db.StartAsync(Migration.In(typeof(DataRoom).Assembly), cancellationToken);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => db.StopAsync();
    }
}
