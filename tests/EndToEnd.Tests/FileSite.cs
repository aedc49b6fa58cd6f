using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ostiary.EndToEnd.Tests;

/// <summary>A website without a sign-in, with a number to read and files to fetch; and a sign-in after which nothing can be told.</summary>
internal sealed class FileSite : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _served;

    private FileSite(WebApplication app) => _app = app;

    public Uri Root { get; private set; } = null!;

    public const string OddName = "Übersicht \"März\"; 100% 日本.csv";

    public const string Csv = "Invoice No.;Issued;Amount;Paid\r\nA-1;31.12.2025;1.234,50;true\r\n\"A;2\";01.01.2026;7;false\r\n";

    public static async Task<FileSite> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var site = new FileSite(app);
        app.MapGet("/", () => Page("""
            <h1>Papers</h1><p id=balance>42</p><a id=csv href=/list.csv>List</a> <a id=json href=/list.json>Data</a> <a id=xlsx href=/list.xlsx>Sheet</a> <a id=letter href=/letter.bin>Letter</a>
            <a id=fresh href=/fresh.txt>Fresh</a> <a id=odd href=/odd>Odd</a> <a id=large href=/large>Large</a>
            """));
        app.MapGet("/list.csv", () => Results.File(Encoding.UTF8.GetBytes(Csv), "text/csv", "list.csv"));
        app.MapGet("/list.json", () => Results.File("""{"account":{"number":"7"},"open":3}"""u8.ToArray(), "application/json", "list.json"));
        app.MapGet("/list.xlsx", () => Results.File(Workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "list.xlsx"));
        app.MapGet("/letter.bin", () => Results.File("Dear customer"u8.ToArray(), "application/x-letter", "letter.bin"));
        // Another file every time, as a statement with the time of printing on it is.
        app.MapGet("/fresh.txt", () => Results.File(Encoding.UTF8.GetBytes($"printed {Interlocked.Increment(ref site._served)}"), "application/x-fresh", "fresh.txt"));
        app.MapGet("/odd", () => Results.File(Encoding.UTF8.GetBytes(Csv), "text/html; charset=utf-8", OddName));
        app.MapGet("/large", () => Results.File(new byte[300_000], "application/x-large", "large.bin"));
        app.MapGet("/in", () => Page("""<h1>Members</h1><form method=post action=/in><label>User name <input name=user autocomplete=username></label><label>Password <input name=pass type=password></label><button>Sign in</button></form>"""));
        app.MapPost("/in", () => Page("<h2>Please hold</h2><p>Reference 4711.</p>"));
        await app.StartAsync();
        site.Root = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return site;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static IResult Page(string body) => Results.Content($"<!doctype html><html lang=en><head><title>Papers</title><link rel=icon href=/small.png sizes=16x16><link rel=apple-touch-icon href=/touch.png></head><body>{body}</body></html>", "text/html; charset=utf-8");

    /// <summary>The smallest workbook that a spreadsheet program opens: a text that is shared, one that is not, a number and a date.</summary>
    private static byte[] Workbook()
    {
        const string ns = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("xl/sharedStrings.xml", $"""<sst xmlns="{ns}"><si><t>Name</t></si><si><r><t>Day</t></r></si><si><t>Ada</t></si></sst>""");
            Add("xl/worksheets/sheet1.xml", $"""
                <worksheet xmlns="{ns}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="D1" t="inlineStr"><is><t>Hours</t></is></c></row>
                <row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2"><v>46022</v></c><c r="D2"><v>7.5</v></c></row></sheetData></worksheet>
                """);
            void Add(string name, string text)
            {
                using var part = new StreamWriter(zip.CreateEntry(name).Open());
                part.Write(text);
            }
        }

        return bytes.ToArray();
    }
}
