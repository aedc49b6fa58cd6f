using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Ostiary.Browser;
using Ostiary.Login;

// Runs the engine's reading over a folder of saved pages in real Chromium and writes one line of JSON a page: the login it would fill and send, the roles of fields,
// the kinds of groups. Elements are named by their attribute data-cid, which the engine itself never sees.
//   --labels FILE   one JSON object a line with "page": which files of the folder to read
//   --pages DIR     the pages
//   --out FILE      predictions, one JSON object a line
string? Option(string name) => Array.IndexOf(args, name) is var i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;
if (Option("--labels") is not { } labels || Option("--pages") is not { } folder || Option("--out") is not { } target)
{
    Console.Error.WriteLine("usage: Recognition --labels FILE --pages DIR --out FILE");
    return 2;
}

using var playwright = await Playwright.CreateAsync();
var chromium = Environment.GetEnvironmentVariable("OSTIARY_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium";
await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"] });
await using var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1366, Height = 900 } });
var current = "";
await context.RouteAsync("**/*", async route =>
{
    if (route.Request.IsNavigationRequest && route.Request.Frame.ParentFrame is null) await route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html; charset=utf-8", Body = current });
    else await route.AbortAsync();
});
var page = await context.NewPageAsync();
var times = new List<double>();
await using var writer = new StreamWriter(target);
foreach (var line in await File.ReadAllLinesAsync(labels))
{
    if (string.IsNullOrWhiteSpace(line)) continue;
    using var label = JsonDocument.Parse(line);
    var name = label.RootElement.GetProperty("page").GetString()!;
    current = await File.ReadAllTextAsync(Path.Combine(folder, name));
    try
    {
        await page.GotoAsync("https://page.example/", new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
        var watch = Stopwatch.StartNew();
        await using var reading = await PageReader.ReadAsync(page, 1, CancellationToken.None);
        var snapshot = new PageSnapshot
        {
            Look = 1,
            Url = new Uri(page.Url),
            Title = reading.Title,
            Language = reading.Language,
            Frames = reading.Frames,
            Elements = reading.Elements,
            Groups = reading.Groups,
            Settled = true,
        };
        var read = LoginPage.Read(snapshot);
        var login = read.LoginGroup;
        watch.Stop();
        times.Add(watch.Elapsed.TotalMilliseconds);
        var cids = new List<string?[]>();
        for (var frame = 0; frame < reading.Frames.Count; frame++) cids.Add(frame == 0 ? await reading.AttributeOfEachAsync(frame, "data-cid") : []);
        int? Cid(ElementSnapshot? element) => element is not null && element.Id.Frame < cids.Count && element.Id.Index < cids[element.Id.Frame].Length
            && int.TryParse(cids[element.Id.Frame][element.Id.Index], CultureInfo.InvariantCulture, out var cid) ? cid : null;
        string TypeOf(FieldReading field) => field.Role switch
        {
            FieldRole.Identifier => field.Element.Type == "email" || Words.Has(WordList.Email, field.Label) ? "username_or_email" : "username",
            FieldRole.Password => "password.current",
            FieldRole.NewPassword => "password.new",
            FieldRole.Code => "otp",
            FieldRole.SecurityAnswer => "security_answer",
            FieldRole.Captcha => "captcha_text",
            _ => "none",
        };
        var all = read.Groups.SelectMany(g => g.Fields.Select(f => (Group: g, Field: f))).Where(f => Cid(f.Field.Element) is not null).ToList();
        await writer.WriteLineAsync(JsonSerializer.Serialize(new
        {
            page = name,
            login = login is null ? null : new { identifier = Cid(login.Identifier?.Element), password = Cid(login.Password?.Element), submit = Cid(login.Submit) },
            fields = all.Where(f => TypeOf(f.Field) != "none" && (f.Group.IsLogin || f.Field.Role != FieldRole.Identifier)).Select(f => new { cid = Cid(f.Field.Element), type = TypeOf(f.Field) }),
            groups = read.Groups.Where(g => g.Fields.Count > 0).Select(g => new { fields = g.Fields.Select(f => Cid(f.Element)).Where(c => c is not null), type = g.IsLogin ? "login" : g.Kind == GroupKind.SignUp ? "signup" : "other" }),
            milliseconds = Math.Round(watch.Elapsed.TotalMilliseconds, 1),
            why = login?.Why.Select(w => w.ToString()),
        }));
    }
    catch (PlaywrightException exception)
    {
        Console.Error.WriteLine($"{name}: {exception.Message.Split('\n')[0]}");
        await writer.WriteLineAsync(JsonSerializer.Serialize(new { page = name, login = (object?)null, fields = Array.Empty<object>(), groups = Array.Empty<object>() }));
    }
}
times.Sort();
if (times.Count > 0) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times.Count} pages, look and read: median {times[times.Count / 2]:F1} ms, p95 {times[(int)(times.Count * 0.95)]:F1} ms, worst {times[^1]:F1} ms"));
return 0;
