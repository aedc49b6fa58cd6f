using System.Diagnostics;

namespace Ostiary.TestKit;

/// <summary>Something a test expected did not hold. The message says what was expected and what was seen.</summary>
public sealed class UnmetExpectationException(string message) : Exception(message);

/// <summary>Waits for a condition by looking again and again until a deadline: a condition that becomes true is seen within 50 ms, one that never does is a clear failure.</summary>
public static class Eventually
{
    /// <summary>The deadline when none is given: far more than anything takes on a slow machine, so that only what never happens fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns the first result of <paramref name="look"/> that is not null. <paramref name="what"/> completes the sentence "… did not happen".</summary>
    public static async Task<T> GetAsync<T>(string what, Func<Task<T?>> look, TimeSpan? patience = null, Func<string>? seen = null) where T : class
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await look() is { } found) return found;
            if (watch.Elapsed > (patience ?? Patience)) throw new UnmetExpectationException($"{what}: not within {(patience ?? Patience).TotalSeconds:0} s. {seen?.Invoke()}");
            await Task.Delay(LookEvery);
        }
    }

    /// <summary>Waits until <paramref name="holds"/> is true.</summary>
    public static Task TrueAsync(string what, Func<Task<bool>> holds, TimeSpan? patience = null, Func<string>? seen = null) =>
        GetAsync(what, async () => await holds() ? "" : null, patience, seen);

    /// <summary>Waits until <paramref name="holds"/> is true.</summary>
    public static Task TrueAsync(string what, Func<bool> holds, TimeSpan? patience = null, Func<string>? seen = null) =>
        GetAsync(what, () => Task.FromResult(holds() ? "" : null), patience, seen);
}
