using System.Globalization;

namespace Ostiary.Bench;

/// <summary>Times of both ways for one website, in milliseconds.</summary>
internal sealed class Figures(string portal)
{
    public string Portal => portal;

    public List<double> Ostiary { get; } = [];

    /// <summary>With the path that the sign-ins before have learned.</summary>
    public List<double> Learned { get; } = [];

    public List<double> Script { get; } = [];

    public int Failures { get; set; }

    /// <summary>The value below which the given part of the measurements lies: nearest rank, so that it is one of them.</summary>
    public static double Percentile(IReadOnlyCollection<double> values, double part)
    {
        if (values.Count == 0) return double.NaN;
        var sorted = values.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(part * sorted.Count) - 1, 0, sorted.Count - 1)];
    }

    public string[] Row() =>
    [
        portal, Milliseconds(Ostiary, 0.5), Milliseconds(Learned, 0.5), Milliseconds(Script, 0.5), Ratio(Ostiary, 0.5), Ratio(Learned, 0.5), Milliseconds(Ostiary, 0.95), Milliseconds(Script, 0.95), Ratio(Ostiary, 0.95),
        Failures == 0 ? "" : $"{Failures} failed",
    ];

    public object ToJson() => new
    {
        portal,
        measured = new { ostiary = Ostiary.Count, learned = Learned.Count, script = Script.Count },
        failures = Failures,
        ostiary_ms = new { p50 = Known(Percentile(Ostiary, 0.5)), p95 = Known(Percentile(Ostiary, 0.95)) },
        learned_ms = new { p50 = Known(Percentile(Learned, 0.5)), p95 = Known(Percentile(Learned, 0.95)) },
        script_ms = new { p50 = Known(Percentile(Script, 0.5)), p95 = Known(Percentile(Script, 0.95)) },
        learned_ratio = new { p50 = Known(Percentile(Learned, 0.5) / Percentile(Script, 0.5)), p95 = Known(Percentile(Learned, 0.95) / Percentile(Script, 0.95)) },
        ratio = new { p50 = Known(Percentile(Ostiary, 0.5) / Percentile(Script, 0.5)), p95 = Known(Percentile(Ostiary, 0.95) / Percentile(Script, 0.95)) },
    };

    /// <summary>JSON has no word for "not a number": null, where nothing was measured.</summary>
    private static double? Known(double value) => double.IsNaN(value) ? null : Math.Round(value, 3);

    private string Ratio(List<double> values, double part) => values.Count == 0 ? "" : (Percentile(values, part) / Percentile(Script, part)).ToString("0.00", CultureInfo.InvariantCulture);

    private static string Milliseconds(List<double> values, double part) => values.Count == 0 ? "" : Percentile(values, part).ToString("0", CultureInfo.InvariantCulture);
}
