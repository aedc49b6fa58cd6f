using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.Portals;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>One account of a real application: what its JSON line says.</summary>
public sealed record RealApp(string Name, JsonElement Data)
{
    public string? this[string name] => Data.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>
/// Real applications to sign in to, none of whose pages is ours. <c>OSTIARY_TEST_APPS</c> names a file with one JSON object a line (app, account, url, home, username, password, mfa, mfa_secret,
/// mfa_address, code_steps, tenant, evidence, wrong_text, wrong_code_text) for those that run on this machine; without it there are none, and their tests are skipped, never passed.
/// <c>OSTIARY_TEST_MAIL</c> is the address of the mail sink that lists messages as JSON.
/// </summary>
public sealed partial class RealApps
{
    private static readonly Dictionary<string, RealApp> Running = Environment.GetEnvironmentVariable("OSTIARY_TEST_APPS") is { Length: > 0 } list ? Read(File.ReadLines(list)) : [];
    private readonly ConcurrentDictionary<string, long> _lastStep = new(StringComparer.Ordinal);

    /// <summary>Names of all accounts (<c>app/account</c>) that there are.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Running.Keys];

    /// <summary>The application; skips the test when there are none.</summary>
    public RealApp Get(string name)
    {
        if (Running.TryGetValue(name, out var app)) return app;
        Assert.Skip("There are no real applications here: OSTIARY_TEST_APPS names none.");
        throw new InvalidOperationException(name);
    }

    /// <summary>
    /// A code of the account's authenticator that was not given out before: these applications accept each once. <c>code_steps</c> in the account's data: the time steps (RFC 6238) that
    /// the application wants between two codes; 1 when it is not there.
    /// </summary>
    public async Task<string> FreshCodeAsync(RealApp app, CancellationToken cancellationToken)
    {
        var steps = app["code_steps"] is { } given ? long.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : 1;
        while (true)
        {
            var step = Totp.Step(TimeProvider.System.GetUtcNow());
            var last = _lastStep.GetValueOrDefault(app.Name, long.MinValue);
            if ((last == long.MinValue || step >= last + steps) && (last == long.MinValue ? _lastStep.TryAdd(app.Name, step) : _lastStep.TryUpdate(app.Name, step, last))) return Totp.Code(app["mfa_secret"]!, step);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Waits until the authenticator shows a code that nobody has used, and marks it as used: the engine is about to compute it.</summary>
    public async Task ReserveCodeAsync(RealApp app, CancellationToken cancellationToken)
    {
        if (app["mfa"] == "totp") await FreshCodeAsync(app, cancellationToken);
    }

    /// <summary>Ids of the messages that have been sent to an address.</summary>
    public static async Task<HashSet<string>> MailAsync(string address, CancellationToken cancellationToken) => [.. (await MessagesAsync(address, cancellationToken)).Select(m => m.Id)];

    /// <summary>The code in the first message to an address that is none of <paramref name="before"/>.</summary>
    public static async Task<string> MailedCodeAsync(string address, HashSet<string> before, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 100; i++)
        {
            foreach (var (id, text) in await MessagesAsync(address, cancellationToken))
                if (!before.Contains(id) && SixDigits().Match(text) is { Success: true } code) return code.Value;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
        }
        throw new InvalidOperationException($"No code was mailed to {address}.");
    }

    private static async Task<List<(string Id, string Text)>> MessagesAsync(string address, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var sink = Environment.GetEnvironmentVariable("OSTIARY_TEST_MAIL") is { Length: > 0 } given ? given : "http://127.0.0.1:11080/email";
        using var mails = JsonDocument.Parse(await http.GetStringAsync(new Uri(sink), cancellationToken));
        return [.. mails.RootElement.EnumerateArray().Where(m => m.GetRawText().Contains(address, StringComparison.Ordinal)).Select(m => (m.GetProperty("id").GetString()!, m.TryGetProperty("text", out var text) ? text.GetString() ?? "" : m.GetRawText()))];
    }

    private static Dictionary<string, RealApp> Read(IEnumerable<string> lines)
    {
        var apps = new Dictionary<string, RealApp>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (!line.StartsWith('{')) continue;
            var data = JsonDocument.Parse(line).RootElement.Clone();
            var name = data.GetProperty("app").GetString() + "/" + data.GetProperty("account").GetString();
            apps[name] = new RealApp(name, data);
        }
        return apps;
    }

    [GeneratedRegex("(?<![0-9A-Za-z-])[0-9]{6}(?![0-9A-Za-z-])")]
    private static partial Regex SixDigits();
}
