using System.Collections.Concurrent;
using System.Diagnostics;
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
/// Real applications to sign in to, none of whose pages is ours. Three cases: <c>OSTIARY_TEST_APPS</c> names a file with one JSON object a line (app, account, url, home,
/// username, password, mfa, mfa_secret, mfa_address, tenant, evidence, wrong_text, wrong_code_text) and they run already; on the build machine (<c>CI=true</c>, as root) scripts in
/// <c>shared/apps</c> beside the checkout install and start them; otherwise there are none, and their tests are skipped, never passed. <c>OSTIARY_TEST_MAIL</c> is the
/// address of the mail sink that lists messages as JSON (default: where the scripts put it).
/// </summary>
public sealed partial class RealApps : IAsyncLifetime
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(12);
    private static readonly string? List = Environment.GetEnvironmentVariable("OSTIARY_TEST_APPS") is { Length: > 0 } path ? path : null;
    private static readonly string? Scripts = List is null && Environment.GetEnvironmentVariable("CI") == "true" && Environment.IsPrivilegedProcess ? FindScripts() : null;
    private readonly ConcurrentDictionary<string, long> _lastStep = new(StringComparer.Ordinal);
    private Dictionary<string, RealApp> _apps = [];
    private Task? _starting;
    private string? _data;
    private string _trouble = "";

    /// <summary>Names of all accounts (<c>app/account</c>) that there are, or will be once the scripts have run.</summary>
    public static IReadOnlyList<string> Names { get; } =
        List is not null ? [.. Read(File.ReadLines(List)).Keys]
        : Scripts is null ? []
        : [.. Directory.EnumerateFiles(Scripts, "*.sh").Order(StringComparer.Ordinal).SelectMany(script => Accounts().Matches(File.ReadAllText(script)).Select(m => Path.GetFileNameWithoutExtension(script) + "/" + m.Groups[1].Value))];

    public ValueTask InitializeAsync()
    {
        // Begun at once and awaited by the first test: installing goes on while other tests run.
        _starting = List is not null || Scripts is not null ? StartAsync() : Task.CompletedTask;
        return ValueTask.CompletedTask;
    }

    /// <summary>The application, or null when <paramref name="name"/> stands for "there are none"; skips the test when it did not start.</summary>
    public async Task<RealApp> GetAsync(string name, CancellationToken cancellationToken)
    {
        if (_starting is not null) await _starting.WaitAsync(cancellationToken);
        if (Names.Count == 0) Assert.Skip("There are no real applications here: OSTIARY_TEST_APPS names none, and no scripts that start them lie beside the checkout.");
        if (!_apps.TryGetValue(name, out var app)) Assert.Skip($"{name} did not start. {_trouble}");
        return app;
    }

    /// <summary>A code of the account's authenticator that was not given out before: these applications accept each once.</summary>
    public async Task<string> FreshCodeAsync(RealApp app, CancellationToken cancellationToken)
    {
        while (true)
        {
            var step = Totp.Step(TimeProvider.System.GetUtcNow());
            var last = _lastStep.GetValueOrDefault(app.Name, long.MinValue);
            if (step > last && (last == long.MinValue ? _lastStep.TryAdd(app.Name, step) : _lastStep.TryUpdate(app.Name, step, last))) return Totp.Code(app["mfa_secret"]!, step);
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

    public async ValueTask DisposeAsync()
    {
        if (_data is null) return;
        await RunAsync("down.sh");
        try
        {
            Directory.Delete(_data, recursive: true);
        }
        catch (IOException)
        {
            // A log that is still being written: the scratch folder goes with the run.
        }
    }

    private static async Task<List<(string Id, string Text)>> MessagesAsync(string address, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var sink = Environment.GetEnvironmentVariable("OSTIARY_TEST_MAIL") is { Length: > 0 } given ? given : "http://127.0.0.1:11080/email";
        using var mails = JsonDocument.Parse(await http.GetStringAsync(new Uri(sink), cancellationToken));
        return [.. mails.RootElement.EnumerateArray().Where(m => m.GetRawText().Contains(address, StringComparison.Ordinal)).Select(m => (m.GetProperty("id").GetString()!, m.TryGetProperty("text", out var text) ? text.GetString() ?? "" : m.GetRawText()))];
    }

    private async Task StartAsync()
    {
        if (List is not null)
        {
            _apps = Read(await File.ReadAllLinesAsync(List));
            return;
        }
        _data = Directory.CreateTempSubdirectory("ostiary-apps").FullName;
        var (lines, trouble) = await RunAsync("up.sh");
        _apps = Read(lines);
        _trouble = trouble;
    }

    private async Task<(IReadOnlyList<string> Lines, string Trouble)> RunAsync(string script)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Scripts!, script), "all"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["APPS_DATA"] = _data!;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEndAsync();
        try
        {
            using var patience = new CancellationTokenSource(StartPatience);
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
        var told = await errors;
        return ((await lines).Split('\n'), told.Length > 400 ? told[^400..] : told);
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

    private static string? FindScripts()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "shared", "apps") is var apps && File.Exists(Path.Combine(apps, "up.sh"))) return apps;
        return null;
    }

    [GeneratedRegex(@"(?m)^\s*emit account (\w+)")]
    private static partial Regex Accounts();

    [GeneratedRegex("(?<![0-9A-Za-z-])[0-9]{6}(?![0-9A-Za-z-])")]
    private static partial Regex SixDigits();
}
