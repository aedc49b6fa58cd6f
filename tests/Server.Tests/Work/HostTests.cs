using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Ostiary.Server.Data;
using Ostiary.Server.Tests.Data;
using Ostiary.Server.Work;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Work;

/// <summary>The rooms as the server registers them.</summary>
public sealed class HostTests(MadeCluster made) : IClassFixture<MadeCluster>, IDisposable
{
    private readonly string _root = TestDirectory.Create();

    public void Dispose() => TestDirectory.Delete(_root);

    [Fact]
    public async Task A_host_starts_the_database_first_does_work_and_leaves_nothing_behind()
    {
        await using var database = await PostgresFixture.CreateDatabaseAsync(migrated: false);
        var done = new Gate();
        using var host = Build(new() { ["Data"] = Path.Combine(_root, "data"), ["Database"] = database.ConnectionString }, done);
        await host.StartAsync();
        await EnqueueAsync(host);
        await done.PassAsync();
        var db = host.Services.GetRequiredService<Db>();
        Assert.False(db.IsPrivate);
        Assert.Single(await db.ListAsync<string>("SELECT id FROM workers", null, default));
        await host.StopAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => db.OpenAsync(default));

        // The data directory is free again, and the worker has signed off.
        using var next = Build(new() { ["Data"] = Path.Combine(_root, "data"), ["Database"] = database.ConnectionString }, done, takesWork: false);
        await next.StartAsync();
        Assert.Empty(await next.Services.GetRequiredService<Db>().ListAsync<string>("SELECT id FROM workers", null, default));
        await next.StopAsync();
    }

    [Fact]
    public async Task With_a_private_database_what_a_killed_server_held_is_taken_up_at_the_next_start_without_waiting()
    {
        var directory = Path.Combine(_root, "data");
        await made.CopyAsync(directory);
        var never = new Gate();
        using (var first = Build(new() { ["Data"] = directory }, never, takesWork: false))
        {
            await first.StartAsync();
            await EnqueueAsync(first);
            // As a killed server leaves it: leased for an hour yet, and pinned to a worker that is gone.
            await first.Services.GetRequiredService<Db>().ListAsync<long>(
                "UPDATE work SET state = 'leased', worker = 'wrk_dead', leased_by = 'wrk_dead', lease = 1, leased_until = now() + interval '1 hour', starts = 1 RETURNING id", null, default);
            await first.StopAsync();
        }

        var done = new Gate();
        using var second = Build(new() { ["Data"] = directory, ["Work:SweepEvery"] = "01:00:00" }, done);
        await second.StartAsync();
        await done.PassAsync();
        await second.StopAsync();
        Assert.False(never.IsOpen);
    }

    [Fact]
    public void All_faults_of_the_settings_are_told_at_once_before_anything_starts()
    {
        using var host = Build(new()
        {
            ["Data"] = Path.Combine(_root, "data"),
            ["Data:MaxPoolSize"] = "1",
            ["Work:RenewEvery"] = "00:00:30",
            ["Work:MaxFailures"] = "0",
        }, new Gate());
        var refused = Assert.Throws<AggregateException>(() => host.Services.GetRequiredService<IStartupValidator>().Validate());
        var faults = refused.InnerExceptions.Cast<OptionsValidationException>().SelectMany(e => e.Failures);
        Assert.Equal(3, faults.Count());
        Assert.False(Directory.Exists(Path.Combine(_root, "data")));
    }

    [Fact]
    public async Task A_start_that_is_refused_lets_go_of_the_data_directory()
    {
        var settings = new Dictionary<string, string?> { ["Data"] = Path.Combine(_root, "data"), ["Database"] = "Host=/nowhere;Username=x", ["Data:StartTimeout"] = "00:00:01" };
        for (var i = 0; i < 2; i++)
        {
            await using var services = (ServiceProvider)Build(settings, new Gate()).Services;
            var refused = await Assert.ThrowsAsync<StartRefusedException>(() => services.GetRequiredService<IHost>().StartAsync());
            Assert.Equal(StartRefusedException.Unusable, refused.ExitCode);
        }
    }

    private static IHost Build(Dictionary<string, string?> settings, Gate done, bool takesWork = true)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddData(builder.Configuration).AddWork(builder.Configuration, takesWork);
        builder.Services.AddSingleton<IWorkHandler>(new Handler("run", (_, _) =>
        {
            done.Open();
            return Task.FromResult<WorkResult>(WorkResult.Done.It);
        }));
        return builder.Build();
    }

    private static async Task EnqueueAsync(IHost host)
    {
        await using var tx = await host.Services.GetRequiredService<Db>().BeginAsync(default);
        await host.Services.GetRequiredService<WorkQueue>().EnqueueAsync(tx, "run", "org_1", "{}", default);
        await tx.CommitAsync(default);
    }
}
