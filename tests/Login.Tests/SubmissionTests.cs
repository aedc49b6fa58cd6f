using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Ostiary.Browser;
using Ostiary.Server.Sessions;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>
/// The whole sign-in, in a real browser, at saved pages whose forms are counted: it sends a password at most once from one form, to no other place, and from no form that is for something else.
/// The pages are our own; with <c>OSTIARY_TEST_PAGES</c> all of that folder as well, and what a <c>labels.jsonl</c> beside or above them says of their forms counts.
/// </summary>
public sealed class SubmissionTests(Shared shared, ITestOutputHelper output)
{
    private const string User = "ada.walker.7731";
    private const string Password = "Walks-Only-7731!";
    private const int AtOnce = 3;

    private static readonly (string Name, string Html)[] Made =
    [
        ("a sign-in beside a search and a newsletter", "<h1>Shop</h1><form role=search action=/find><input name=q type=search><button>Search</button></form><form method=post><label>E-mail <input name=email></label><label>Password <input name=pw type=password></label><button>Log in</button></form><form method=post><input name=news type=email placeholder='Your e-mail'><button>Subscribe to our newsletter</button></form>"),
        ("a sign-up", "<h1>Create your account</h1><form method=post><label>First name <input name=first></label><label>E-mail <input name=email type=email></label><label>Create a password <input name=p1 type=password autocomplete=new-password></label><label>Confirm password <input name=p2 type=password></label><button>Create account</button></form>"),
        ("a forgotten password", "<h1>Forgot your password?</h1><form method=post><label>E-mail <input name=email type=email></label><button>Reset password</button></form>"),
        ("an identifier first", "<h1>Sign in</h1><form method=post><label>E-mail <input name=identifier></label><button>Next</button></form>"),
        ("a form that sends its values in its address", "<h1>Sign in</h1><form method=get><label>User <input name=user></label><label>Password <input name=pw type=password></label><button>Sign in</button></form>"),
        ("a form without a word", "<form method=post><input name=a1><input type=password name=a2><input type=submit value='→'></form>"),
    ];

    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Fact]
    public async Task At_any_saved_page_a_password_is_sent_once_from_one_form_and_nowhere_else()
    {
        var labels = Labels();
        var queue = new ConcurrentQueue<(string Name, string Html)>(Made.Concat(SavedPages.Files().Select(f => (Path.GetFileName(f), File.ReadAllText(f)))));
        var all = queue.Count;
        await using var site = await CountingSite.StartAsync();
        var faults = new ConcurrentQueue<string>();
        var (visited, submitted, ended) = (0, 0, new ConcurrentDictionary<string, int>());
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (queue.TryDequeue(out var page))
            {
                var number = Interlocked.Increment(ref visited);
                var address = site.Add(number, page.Html, refuses: number % 2 == 0);
                var outcome = await VisitAsync(address, site, faults, page.Name);
                if (all < 50) output.WriteLine($"{page.Name}: {outcome}, {site.Seen(number).Count} sent");
                ended.AddOrUpdate(outcome, 1, (_, count) => count + 1);
                foreach (var form in site.Seen(number).GroupBy(s => s.Form))
                {
                    var passwords = form.Count(s => s.HasPassword);
                    if (passwords > 0) Interlocked.Increment(ref submitted);
                    if (passwords > 1 || form.Count() > 2) faults.Enqueue($"{page.Name}: form {form.Key} was sent {form.Count()} times, {passwords} times with the password");
                    if (labels.GetValueOrDefault(page.Name)?.GetValueOrDefault(form.Key) is { } type and not ("login" or "reauth" or "otp" or "login_or_signup" or "login_and_signup")) faults.Enqueue($"{page.Name}: form {form.Key}, which is labelled {type}, was sent{(passwords > 0 ? " with the password" : "")}");
                }
            }
        }));

        foreach (var (outcome, count) in ended.OrderByDescending(e => e.Value)) output.WriteLine($"{count,5} {outcome}");
        output.WriteLine($"{all} pages, {submitted} forms sent with a password, {faults.Count} faults");
        foreach (var fault in faults.Concat(site.Strays)) output.WriteLine(fault);
        Assert.True(submitted >= 4, "too little was sent for this to prove anything");
        Assert.True(faults.IsEmpty && site.Strays.IsEmpty, string.Join('\n', faults.Concat(site.Strays)));
    }

    private async Task<string> VisitAsync(Uri address, CountingSite site, ConcurrentQueue<string> faults, string name)
    {
        await using var session = await shared.Host.OpenAsync(null, Ending);
        session.Page.Context.Request += (_, request) =>
        {
            var url = new Uri(request.Url);
            if (url.Scheme is not ("http" or "https" or "ws" or "wss") || url.Authority == site.Root.Authority) return;
            if (Holds(request.Url) || Holds(request.PostData ?? "")) faults.Enqueue($"{name}: a value was sent to {url.Host}");
        };
        try
        {
            var result = await new SignIn(new HastyTime(4)).RunAsync(session, new SignInRequest(address, null, TestSecrets.Of(User, Password), TestDesk.Nobody), Ending);
            if (result.Outcome is LoginOutcome.SignedIn) faults.Enqueue($"{name}: taken for signed in, although nobody is let in here: {string.Join(" | ", result.Steps.TakeLast(4).Select(s => $"{s.Page}: {s.Action} ({string.Join("; ", s.Why)})"))}");
            return result.TimedOut ? "asked" : result.Outcome.GetType().Name;
        }
        catch (BrowserLostException)
        {
            return "the browser was lost";
        }
    }

    internal static bool Holds(string text) => text.Contains(User, StringComparison.Ordinal) || text.Contains(Password, StringComparison.Ordinal) || text.Contains(WebUtility.UrlEncode(Password), StringComparison.Ordinal) || text.Contains(Uri.EscapeDataString(Password), StringComparison.Ordinal);

    internal static bool HoldsPassword(string text) => text.Contains("Walks-Only-7731", StringComparison.Ordinal);

    /// <summary>What the forms of labelled pages are for, by page and the form's number.</summary>
    private static Dictionary<string, Dictionary<string, string>> Labels()
    {
        var result = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable("OSTIARY_TEST_PAGES") is not { Length: > 0 } folder) return result;
        var files = Directory.EnumerateFiles(folder, "labels.jsonl", SearchOption.AllDirectories);
        if (Path.GetDirectoryName(folder.TrimEnd('/')) is { } parent && File.Exists(Path.Combine(parent, "labels.jsonl"))) files = files.Append(Path.Combine(parent, "labels.jsonl"));
        foreach (var line in files.SelectMany(File.ReadLines).Where(l => l.Length > 0))
        {
            var page = JsonDocument.Parse(line).RootElement;
            if (page.TryGetProperty("ambiguous", out var ambiguous) && ambiguous.ValueKind == JsonValueKind.True) continue;
            var forms = result[page.GetProperty("page").GetString()!] = [];
            // A form that serves both, or holds both, may be sent.
            if (page.GetProperty("page_type").GetString() is "login_or_signup") continue;
            foreach (var group in page.GetProperty("groups").EnumerateArray())
                if (group.GetProperty("form").ValueKind == JsonValueKind.Number) forms[group.GetProperty("form").GetInt32().ToString(CultureInfo.InvariantCulture)] = group.GetProperty("type").GetString()!;
        }
        return result;
    }
}

/// <summary>A clock that goes faster: what waits for a page waits less. The pages come from this machine and answer at once.</summary>
internal sealed class HastyTime(int speed) : TimeProvider
{
    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => System.GetTimestamp() * speed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period));

    private TimeSpan Shorter(TimeSpan span) => span > TimeSpan.Zero ? span / speed : span;
}

/// <summary>One form that was sent.</summary>
internal sealed record Sent(string Form, bool HasPassword);

/// <summary>Saved pages on a free port. Their forms are sent here, whatever they say, and counted; the answer is the page again, with or without a word of refusal.</summary>
internal sealed partial class CountingSite : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<int, (string Html, bool Refuses)> _pages = new();
    private readonly ConcurrentDictionary<int, ConcurrentQueue<Sent>> _seen = new();

    private CountingSite(WebApplication app) => _app = app;

    public Uri Root { get; private set; } = null!;

    /// <summary>Values that arrived at anything else than a form's own address.</summary>
    public ConcurrentQueue<string> Strays { get; } = new();

    public static async Task<CountingSite> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--Logging:LogLevel:Default=None"]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var site = new CountingSite(app);
        app.Run(site.AnswerAsync);
        await app.StartAsync();
        site.Root = new Uri(app.Urls.First());
        return site;
    }

    public Uri Add(int number, string html, bool refuses)
    {
        var form = 0;
        // Each form gets an address of its own; which it is, its mark says where it has one.
        html = FormTag().Replace(html, tag =>
        {
            form++;
            var mark = Mark().Match(tag.Value) is { Success: true } cid ? cid.Groups[1].Value : "f" + form.ToString(CultureInfo.InvariantCulture);
            return tag.Groups[1].Value + Action().Replace(tag.Groups[2].Value, "").TrimEnd('/') + $" action=/sent/{number}/{mark} " + tag.Groups[3].Value;
        });
        html = FormAction().Replace(html, "");
        // What has no name is not sent, and so not seen.
        var unnamed = 0;
        html = Unnamed().Replace(html, _ => $"<input name=x{++unnamed} ");
        _pages[number] = (html, refuses);
        return new Uri(Root, $"/page/{number}");
    }

    public IReadOnlyCollection<Sent> Seen(int number) => _seen.GetValueOrDefault(number) ?? [];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var address = context.Request.Path + context.Request.QueryString.ToString();
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        context.Response.ContentType = "text/html; charset=utf-8";
        var holds = SubmissionTests.Holds(address) || SubmissionTests.Holds(body);
        if (parts is ["sent", var of, var form] && int.TryParse(of, out var sent) && _pages.TryGetValue(sent, out var page))
        {
            if (holds) _seen.GetOrAdd(sent, _ => new()).Enqueue(new Sent(form, SubmissionTests.HoldsPassword(address) || SubmissionTests.HoldsPassword(body)));
            if (page.Refuses) await context.Response.WriteAsync(page.Html.Replace("<form", "<p class=error role=alert>Wrong user name or password.</p><form", StringComparison.Ordinal));
            else
            {
                context.Response.StatusCode = 303;
                context.Response.Headers.Location = $"/page/{sent}";
            }
            return;
        }

        if (holds) Strays.Enqueue($"a value was sent to {context.Request.Method} {context.Request.Path}");
        if (parts is ["page", var shown] && int.TryParse(shown, out var number) && _pages.TryGetValue(number, out page))
        {
            // A field without a form sends itself nowhere; a page that reloads with its values in the address would be a stray.
            await context.Response.WriteAsync(page.Html);
            return;
        }

        context.Response.StatusCode = 404;
        await context.Response.WriteAsync("<h1>Not found</h1>");
    }

    // Also in a frame whose document stands in an attribute.
    [GeneratedRegex("(<|&lt;)(form\\b(?:(?!&gt;)[^>])*)(>|&gt;)", RegexOptions.IgnoreCase)]
    private static partial Regex FormTag();

    [GeneratedRegex("data-cid=\"?([0-9]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Mark();

    [GeneratedRegex("\\saction\\s*=\\s*(\"[^\"]*\"|'[^']*'|&quot;.*?&quot;|[^\\s>]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Action();

    [GeneratedRegex("<input\\b(?![^>]*\\sname\\s*=)", RegexOptions.IgnoreCase)]
    private static partial Regex Unnamed();

    [GeneratedRegex("\\sformaction\\s*=\\s*(\"[^\"]*\"|'[^']*'|[^\\s>]+)", RegexOptions.IgnoreCase)]
    private static partial Regex FormAction();
}
