using System.Collections.Concurrent;
using System.Globalization;
using Ostiary.Browser;
using Ostiary.Egress;
using Ostiary.Login.Tests;
using Ostiary.Portals;
using Ostiary.Portals.Matrix;

namespace Ostiary.Bench;

/// <summary>
/// Signs in to every cell of the matrix of practice websites and prints how often the verdict was right, by style and by what happened. Exit code 0, 1 when a cell did not get
/// what it promises, 2 for wrong arguments.
/// </summary>
internal static class Program
{
    private const string Usage = """
        dotnet run -c Release --project bench/Verdicts [-- OPTIONS]
          --only STYLE/OUTCOME   part of the matrix; either side may be * (default */*); several are separated by commas
          --part K/N             every Nth cell on the diagonal, beginning at the Kth
          --repeat N             every cell N times (default 1)
          --lanes N              sign-ins beside each other (default 6)
          --notes                print what the engine saw and did in the cells that failed
        """;

    private static async Task<int> Main(string[] arguments)
    {
        int repeat = 1, lanes = 6, part = 1, parts = 1;
        var notes = false;
        List<string> only = ["*/*"];
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--notes": notes = true; break;
                case "--only" when i + 1 < arguments.Length: only = [.. arguments[++i].Split(',')]; break;
                case "--part" when i + 1 < arguments.Length && arguments[i + 1].Split('/') is [var k, var of] && int.TryParse(k, NumberStyles.None, CultureInfo.InvariantCulture, out part) && int.TryParse(of, NumberStyles.None, CultureInfo.InvariantCulture, out parts) && part > 0 && part <= parts: i++; break;
                case "--repeat" when i + 1 < arguments.Length && int.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0: repeat = n; i++; break;
                case "--lanes" when i + 1 < arguments.Length && int.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var l) && l > 0: lanes = l; i++; break;
                default:
                    await Console.Error.WriteLineAsync(Usage);
                    return 2;
            }
        }
        var cells = MatrixCatalog.Part(part, parts).Where(cell => only.Exists(o => Fits(o, cell))).ToList();
        if (cells.Count == 0)
        {
            await Console.Error.WriteLineAsync("No cell fits.");
            return 2;
        }
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), stop.Token);
        await using var host = new BrowserHost(new BrowserOptions { ExecutablePath = Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") ?? "" }, new EgressGuard(new EgressOptions { Allow = "127.0.0.1,localhost,::1" }), TimeProvider.System);
        var results = new ConcurrentQueue<CellResult>();
        try
        {
            for (var round = 0; round < repeat; round++)
            {
                var tag = string.Create(CultureInfo.InvariantCulture, $"v{round}");
                await Parallel.ForEachAsync(cells, new ParallelOptions { MaxDegreeOfParallelism = lanes, CancellationToken = stop.Token }, async (cell, cancellation) =>
                {
                    var result = await CellRun.RunAsync(host, portals, cell, tag, null, cancellation);
                    results.Enqueue(result);
                    if (result.Faults.Count == 0) return;
                    var text = string.Join('\n', result.Faults.Select(f => $"  {f}").Prepend($"{cell.Style}/{cell.Outcome} ({cell.Language}, {result.Time.TotalSeconds:0.0} s)").Concat(notes ? result.Notes.Select(n => $"      {n}") : []));
                    await Console.Error.WriteLineAsync(text);
                });
            }
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Stopped.");
            return 130;
        }
        Print(results);
        return results.Any(r => r.Faults.Count > 0) ? 1 : 0;
    }

    private static bool Fits(string pattern, MatrixCell cell) =>
        pattern.Split('/') is [var style, var outcome] && (style == "*" || style == cell.Style) && (outcome == "*" || outcome == cell.Outcome || outcome.EndsWith('*') && cell.Outcome.StartsWith(outcome[..^1], StringComparison.Ordinal));

    private static void Print(IReadOnlyCollection<CellResult> results)
    {
        Console.WriteLine($"{"",-14} {"cells",6} {"verdict",8} {"wrong in",9} {"wrong no",9} {"wrong sent",11} {"questions",10} {"median s",9}");
        foreach (var group in results.GroupBy(r => r.Cell.Style)) Row(group.Key, [.. group]);
        Console.WriteLine();
        foreach (var group in results.GroupBy(r => r.Cell.Group)) Row(group.Key, [.. group]);
        Console.WriteLine();
        Row("overall", [.. results]);
    }

    private static void Row(string name, IReadOnlyList<CellResult> of)
    {
        var asked = of.Sum(r => r.Questions);
        var times = of.Select(r => r.Time.TotalSeconds).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-14} {of.Count,6} {100.0 * of.Count(r => r.VerdictRight) / of.Count,7:0.0}% {of.Count(r => r.WrongConnected),9} {of.Count(r => r.WrongRejected),9} {of.Count(r => r.WrongSubmission),11} {(asked == 0 ? "–" : $"{100.0 * of.Sum(r => r.QuestionsRight) / asked:0.0}%"),10} {times[times.Count / 2],9:0.0}"));
    }
}
