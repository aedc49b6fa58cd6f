using System.Globalization;

namespace Ostiary.Bench.Api;

/// <summary>
/// What the API costs beside its SQL: three routes of the real server against a bare ASP.NET Core program that does the same statements on the same database (the floor), in the
/// same run and in turns. With <c>--large</c> also the same routes with a thousand and with a million credentials in the database. It reports and judges nothing: exit code 0, 2
/// for wrong arguments.
/// </summary>
internal static class Program
{
    private const string Usage = """
        dotnet run -c Release --project bench/Api -- [--seconds 5] [--rounds 5] [--clients 8] [--large]

          --seconds  length of one measurement; default 5
          --rounds   measurements per route and side, in turns, after one that is not counted; default 5
          --clients  requests at once; default 8
          --large    also load 1,000,000 credentials and 5,000,000 events by SQL and compare with 1,000 and 5,000; takes some minutes and about 4 GB of disk
        """;

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is ["--floor", var connectionString])
        {
            await Floor.RunAsync(connectionString);
            return 0;
        }

        var (seconds, rounds, clients, large) = (5, 5, 8, false);
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--large": large = true; break;
                case "--seconds" when Number(ref i) is { } number: seconds = number; break;
                case "--rounds" when Number(ref i) is { } number: rounds = number; break;
                case "--clients" when Number(ref i) is { } number: clients = number; break;
                default:
                    await Console.Error.WriteLineAsync($"{arguments[i]} makes no sense here.");
                    await Console.Error.WriteLineAsync(Usage);
                    return 2;
            }
        }

        await using var bench = await Bench.StartAsync(clients, TimeSpan.FromSeconds(seconds), rounds);
        await bench.AgainstFloorAsync();
        if (large) await bench.SmallAgainstLargeAsync();
        return 0;

        int? Number(ref int at) => ++at < arguments.Length && int.TryParse(arguments[at], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1_000 ? number : null;
    }
}
