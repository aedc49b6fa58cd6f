namespace Ostiary.Demo;

/// <summary>What was asked for on the command line.</summary>
/// <param name="Yes">Answers the site's question without asking a person.</param>
/// <param name="Urls">Where the server shall listen; null takes a free port on 127.0.0.1.</param>
internal sealed record DemoOptions(bool Yes, string? Urls, bool Help)
{
    public const string Usage = """
        ./run demo [--yes] [--urls http://127.0.0.1:8480]

          --yes     answer the site's question for you; the default when there is no terminal to ask on
          --urls    where the server shall listen; default: a free port on 127.0.0.1

        Plays Ostiary's main job: store a credential, run a task, answer an MFA code, see the output, the events and the webhooks.
        Data is kept where ./run keeps it: ./data, or where OSTIARY_DATA says.
        """;

    /// <summary>Reads the arguments; a fault is a <see cref="DemoFault"/>.</summary>
    public static DemoOptions Read(string[] arguments)
    {
        var options = new DemoOptions(Yes: false, Environment.GetEnvironmentVariable("OSTIARY_URLS") is { Length: > 0 } urls ? urls : null, Help: false);
        for (var i = 0; i < arguments.Length; i++)
        {
            options = arguments[i] switch
            {
                "--yes" or "-y" => options with { Yes = true },
                "--help" or "-h" => options with { Help = true },
                "--urls" when i + 1 < arguments.Length => options with { Urls = arguments[++i] },
                var urlsIs when urlsIs.StartsWith("--urls=", StringComparison.Ordinal) => options with { Urls = urlsIs["--urls=".Length..] },
                var unknown => throw new DemoFault($"The demo does not know '{unknown}'.", Usage),
            };
        }

        return options;
    }
}
