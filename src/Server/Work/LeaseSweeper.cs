namespace Ostiary.Server.Work;

/// <summary>Finds leases that lapsed and workers that are gone. Runs on every worker; one of them sweeps at a time.</summary>
internal sealed class LeaseSweeper(LeaseTable table, WakeUps wakeUps, WorkOptions options, ILogger<LeaseSweeper> log) : BackgroundService
{
    /// <summary>Begins the payload by which a worker's end is told on <see cref="WakeUps.Work"/>; its id follows.</summary>
    public const string GoneSignal = "gone:";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Leases lapse in real time; see Worker.
        using var timer = new PeriodicTimer(options.SweepEvery, TimeProvider.System);
        try
        {
            do
            {
                try
                {
                    await SweepAsync(stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    Log.DutyFailed(log, "Sweeping leases", e.GetType().Name);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        var swept = await table.SweepAsync(options.LeaseDuration, cancellationToken);
        if (swept is null) return;
        if (swept.Lapsed > 0) Log.LeasesLapsed(log, swept.Lapsed);
        if (swept.Gone.Count > 0) Log.WorkersGone(log, string.Join(", ", swept.Gone));
        foreach (var worker in swept.Gone) wakeUps.Signal(WakeUps.Work, GoneSignal + worker);
        foreach (var kind in swept.Kinds) wakeUps.Signal(WakeUps.Work, kind);
    }
}

/// <summary>Which workers are alive, for rooms that have something living on one of them.</summary>
internal sealed class Workers(LeaseTable table, WakeUps wakeUps, WorkOptions options)
{
    /// <summary>The ids of the workers heard of within <see cref="WorkOptions.LeaseDuration"/>.</summary>
    public async Task<IReadOnlySet<string>> AliveAsync(CancellationToken cancellationToken) =>
        (await table.AliveAsync(options.LeaseDuration, cancellationToken)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Calls <paramref name="gone"/> with the id of each worker found gone, until disposed. A hint only: ask <see cref="AliveAsync"/> from time to time as well.</summary>
    public IDisposable WhenGone(Action<string> gone) => wakeUps.Subscribe(WakeUps.Work, payload =>
    {
        if (payload.StartsWith(LeaseSweeper.GoneSignal, StringComparison.Ordinal)) gone(payload[LeaseSweeper.GoneSignal.Length..]);
    });
}
