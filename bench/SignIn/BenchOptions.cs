using System.Globalization;
using Ostiary.Portals;

namespace Ostiary.Bench;

/// <summary>What to measure.</summary>
/// <param name="Rounds">Measured sign-ins per website and way, after one that is not counted.</param>
/// <param name="JsonFile">Where to write the figures, or null.</param>
/// <param name="Pictures">Whether Ostiary takes a picture before each step, as the server does.</param>
/// <param name="Spare">Whether Ostiary keeps an empty session ready, as the server does; the script never has one.</param>
internal sealed record BenchOptions(int Rounds, IReadOnlyList<Portal> Portals, string? JsonFile, bool Spare = true, bool Pictures = true)
{
    public const string Usage = """
        dotnet run -c Release --project bench/SignIn -- [--rounds 20] [--portal classic,identifier,spa] [--spare on|off] [--pictures on|off] [--json FILE]

          --rounds   measured sign-ins per website and way (one more warms up); default 20
          --portal   names of practice websites, comma-separated, or "all"; default: a choice of eight
          --spare    on (default): Ostiary keeps an empty browser session ready, as the server does; off: it opens one each time, as the script does
          --pictures on (default): Ostiary takes a picture before each step, as the server does
          --json     also write the figures to a file
        """;

    private static readonly string[] Default = ["classic", "identifier", "spa", "frame", "shadow", "stay", "modal", "hotel"];

    /// <summary>Null, and the fault, when the arguments make no sense.</summary>
    public static BenchOptions? Read(string[] arguments, out string fault)
    {
        fault = "";
        var options = new BenchOptions(20, [.. Default.Select(PortalCatalog.Get)], null);
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length)
            {
                fault = $"{arguments[i]} needs a value, or is not known.";
                return null;
            }

            var value = arguments[i + 1];
            switch (arguments[i])
            {
                case "--rounds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) && rounds is > 0 and <= 10_000:
                    options = options with { Rounds = rounds };
                    break;
                case "--portal":
                    var named = value == "all" ? PortalCatalog.All.Where(CanMeasure).ToList() : [.. PortalCatalog.All.Where(portal => value.Split(',').Contains(portal.Id))];
                    if (named.Count == 0 || (value != "all" && named.Count != value.Split(',').Distinct(StringComparer.Ordinal).Count()) || !named.All(CanMeasure))
                    {
                        fault = $"--portal takes any of: {string.Join(", ", PortalCatalog.All.Where(CanMeasure).Select(portal => portal.Id))}.";
                        return null;
                    }

                    options = options with { Portals = named };
                    break;
                case "--spare" when value is "on" or "off":
                    options = options with { Spare = value == "on" };
                    break;
                case "--pictures" when value is "on" or "off":
                    options = options with { Pictures = value == "on" };
                    break;
                case "--json":
                    options = options with { JsonFile = value };
                    break;
                default:
                    fault = $"{arguments[i]} {value} makes no sense here.";
                    return null;
            }
        }

        return options;
    }

    /// <summary>Websites that let a visitor in, and whose own pace is not the whole story: an authenticator's code is good once in 30 seconds.</summary>
    private static bool CanMeasure(Portal portal) => portal is { Expected: "verified", TotpSecret: null, HttpAuthentication: false };
}
