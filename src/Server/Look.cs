using System.Text.Json;
using Ostiary.Browser;
using Ostiary.Egress;
using Ostiary.Login;

namespace Ostiary.Server;

/// <summary>
/// <c>look URL</c>: what the sign-in engine sees on a page and would do there, in words, without touching anything. With <c>--keep NAME</c> the page becomes a test page:
/// its markup without values, scripts and query strings, and what the engine makes of it now, for a person to correct.
/// </summary>
internal static class Look
{
    private const string Usage = "usage: look URL [--keep FOLDER/NAME]   (OSTIARY_Egress__Allow: private addresses that may be looked at)";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns the exit code: 0, 1 when the page could not be looked at, 2 for a wrong command line.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        if (args is not ([_] or [_, "--keep", _]) || !Uri.TryCreate(args[0], UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            await output.WriteLineAsync(Usage);
            return 2;
        }

        var egress = new EgressOptions { Allow = Environment.GetEnvironmentVariable("OSTIARY_Egress__Allow") ?? "" };
        if (EgressOptions.Validate(egress) is [var fault, ..])
        {
            await output.WriteLineAsync(fault);
            return 2;
        }

        try
        {
            var options = new BrowserOptions { ExecutablePath = Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") ?? "", KeepSpareSession = false };
            await using var host = new BrowserHost(options, new EgressGuard(egress), TimeProvider.System);
            await using var session = await host.OpenAsync(null, cancellationToken);
            await session.NavigateAsync(url, cancellationToken);
            var page = await session.LookAsync(Patience, cancellationToken);
            foreach (var refusal in session.Refusals) await output.WriteLineAsync($"refused: {refusal.Host}:{refusal.Port}: {refusal.Reason}");
            foreach (var line in Outspoken.Describe(page)) await output.WriteLineAsync(line);
            var decision = new LoginEngine().Next(page, Unhurried(page, url));
            await output.WriteLineAsync($"taken for: {decision.Page}");
            await output.WriteLineAsync($"would: {Outspoken.Describe(decision.Step, page)}");
            foreach (var why in decision.Why) await output.WriteLineAsync($"  because: {why}");
            if (page.NavigationError is not null) return 1;
            if (args is [_, _, var target]) await KeepAsync(session, page, decision, target, output, cancellationToken);
            return 0;
        }
        catch (Exception exception) when (exception is BrowserLostException or PageActionException)
        {
            await output.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    /// <summary>A beginning with user name and password at hand, on a page that has had all the time it wants.</summary>
    internal static LoginProgress Unhurried(PageSnapshot page, Uri url) =>
        LoginProgress.Start(url, page.Url, [Slot.Username, Slot.Password]) with { SinceStep = TimeSpan.FromSeconds(20) };

    private static async Task KeepAsync(BrowserSession session, PageSnapshot page, LoginDecision decision, string target, TextWriter output, CancellationToken cancellationToken)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(target)) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(target + ".html", await session.StrippedMarkupAsync(cancellationToken), cancellationToken);
        var expected = new { path = page.Url.AbsolutePath, verdict = decision.Page.ToString(), step = Outspoken.Describe(decision.Step, page) };
        await File.WriteAllTextAsync(target + ".json", JsonSerializer.Serialize(expected, Indented) + "\n", cancellationToken);
        await output.WriteLineAsync($"kept: {target}.html, and what the engine makes of it in {target}.json. Correct the second one where the engine is wrong; read the first one before you pass it on.");
    }
}
