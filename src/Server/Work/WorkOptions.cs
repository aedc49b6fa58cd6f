namespace Ostiary.Server.Work;

/// <summary>How work is done. Section <c>Work</c>.</summary>
public sealed class WorkOptions
{
    /// <summary>Items of one kind that one worker does at once, by kind. A kind that is not named: <see cref="DefaultLimit"/>. 0: this worker leaves the kind to others.</summary>
    public Dictionary<string, int> Limits { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Items of a kind not named in <see cref="Limits"/> that one worker does at once. Default 16.</summary>
    public int DefaultLimit { get; set; } = 16;

    /// <summary>How long an item belongs to a worker that says nothing more. Default 20 seconds.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How often a worker renews its leases and says that it is alive. Default 5 seconds; at most a third of <see cref="LeaseDuration"/>.</summary>
    public TimeSpan RenewEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a worker looks for work when no signal came. Default 2 seconds.</summary>
    public TimeSpan PollEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often lapsed leases and workers that are gone are looked for. Default 5 seconds.</summary>
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>When the server stops: how long running items may still end by themselves before they are told to stop. Default 3 seconds; part of <see cref="StopTimeout"/>.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>When the server stops: after this time items that are still running are handed back, whatever they do. Default 20 seconds.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Starts that end in an exception before an item is given up and parked. Default 8.</summary>
    public int MaxFailures { get; set; } = 8;

    /// <summary>Wait after the first exception; doubled after each further one, with up to a quarter added at random. Default 1 second.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two starts of a failing item. Default 5 minutes.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromMinutes(5);
}
