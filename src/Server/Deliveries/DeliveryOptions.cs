namespace Ostiary.Server.Deliveries;

/// <summary>Section <c>Deliveries</c>.</summary>
internal sealed class DeliveryOptions
{
    /// <summary>Delays between attempts, comma-separated; the number of attempts is one more. Each is spread by up to 20 %. Default: 5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h.</summary>
    public string Schedule { get; set; } = "5s,5m,30m,2h,5h,10h,14h,20h,24h";

    /// <summary>How long a receiver may take to answer. Default 5 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Deliveries in flight to one destination at once. Default 8.</summary>
    public int PerDestination { get; set; } = 8;

    /// <summary>Destinations that one node serves at once. Default 256.</summary>
    public int Destinations { get; set; } = 256;

    /// <summary>How long the old secret signs as well after a rotation. Default 24 hours.</summary>
    public TimeSpan SecretOverlap { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long finished deliveries are kept. Default 30 days.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>The delays, or null when <see cref="Schedule"/> cannot be read.</summary>
    public IReadOnlyList<TimeSpan>? Delays()
    {
        var delays = Schedule.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Settings.ParseDuration).ToList();
        return delays.All(d => d is not null) ? [.. delays.Select(d => d!.Value)] : null;
    }
}
