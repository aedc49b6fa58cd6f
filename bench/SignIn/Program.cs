using System.Text.Json;
using Ostiary.Portals;

namespace Ostiary.Bench;

/// <summary>
/// Sign-in time by Ostiary against a hand-written Playwright script for the same practice website, in the same run and in turns. It reports and judges nothing: exit
/// code 0, 1 when a sign-in failed, 2 for wrong arguments.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        if (BenchOptions.Read(arguments, out var fault) is not { } options)
        {
            await Console.Error.WriteLineAsync(fault);
            await Console.Error.WriteLineAsync(BenchOptions.Usage);
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), stop.Token);
        await using var script = await ScriptWay.StartAsync();
        await using var ostiary = new OstiaryWay(options.Spare, options.Pictures);
        var all = options.Portals.Select(portal => new Figures(portal.Id)).ToList();
        try
        {
            // Round 0 warms up. Who goes first changes from round to round, so that neither always finds the caches the other has filled.
            for (var round = 0; round <= options.Rounds; round++)
            {
                await Console.Error.WriteLineAsync(round == 0 ? "warming up" : $"round {round} of {options.Rounds}");
                foreach (var (portal, figures) in options.Portals.Zip(all))
                {
                    for (var turn = 0; turn < 2; turn++)
                    {
                        var isOstiary = (turn + round) % 2 == 0;
                        var account = portal.UsernameFor($"b{round}{(isOstiary ? "o" : "s")}");
                        var (time, failure) = isOstiary ? await ostiary.SignInAsync(portals, portal, account, stop.Token) : await script.SignInAsync(portals, portal, account, stop.Token);
                        if (failure is not null)
                        {
                            figures.Failures++;
                            await Console.Error.WriteLineAsync($"{portal.Id}, round {round}, {(isOstiary ? "Ostiary" : "script")}: {failure}");
                        }
                        else if (round > 0)
                        {
                            (isOstiary ? figures.Ostiary : figures.Script).Add(time.TotalMilliseconds);
                        }
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Stopped.");
            return 130;
        }

        var overall = new Figures("overall");
        foreach (var figures in all)
        {
            overall.Ostiary.AddRange(figures.Ostiary);
            overall.Script.AddRange(figures.Script);
            overall.Failures += figures.Failures;
        }

        Print([.. all, overall], options);
        if (options.JsonFile is { } file)
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { rounds = options.Rounds, spare = options.Spare, pictures = options.Pictures, portals = all.Select(f => f.ToJson()), overall = overall.ToJson() }, new JsonSerializerOptions { WriteIndented = true }) + "\n", CancellationToken.None);
        return overall.Failures == 0 ? 0 : 1;
    }

    private static void Print(IReadOnlyList<Figures> all, BenchOptions options)
    {
        string[] heads = ["website", "p50 Ostiary", "p50 script", "ratio", "p95 Ostiary", "p95 script", "ratio", ""];
        Console.WriteLine($"Sign-in time in milliseconds, {options.Rounds} rounds, {Environment.ProcessorCount} processors, spare session {(options.Spare ? "on" : "off")}, pictures {(options.Pictures ? "on" : "off")}");
        foreach (var row in all.Select(figures => figures.Row()).Prepend(heads))
            Console.WriteLine(string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(14) : cell.PadLeft(heads[column].Length))).TrimEnd());
    }
}
