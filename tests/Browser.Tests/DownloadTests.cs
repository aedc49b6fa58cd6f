using System.Text;

namespace Ostiary.Browser.Tests;

public sealed class DownloadTests(SharedBrowser browser) : OnAPage(browser)
{
    private static readonly byte[] Pdf = Encoding.ASCII.GetBytes("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF");

    private void File(string path, string type, string? disposition, byte[] content) => Site.On(path, async c =>
    {
        c.Response.ContentType = type;
        if (disposition is not null) c.Response.Headers.ContentDisposition = disposition;
        await c.Response.Body.WriteAsync(content);
    });

    [Fact]
    public async Task A_file_is_caught_by_a_click_and_deleted_when_it_is_no_longer_wanted()
    {
        File("/statement", "application/pdf", "attachment; filename=\"statement 2026.pdf\"", Pdf);
        Site.Page("/", "<a id=a href=/statement>get</a>");
        var snapshot = await GoAsync("/");
        var file = await Session.DownloadAsync(() => Session.ClickAsync(snapshot.ById("a"), Cancel), Limit, Cancel);
        Assert.Equal(("statement 2026.pdf", "application/pdf", Pdf.Length, Site["/statement"]), (file.FileName, file.MimeType, file.Size, file.Url));
        Assert.Equal(Pdf, await System.IO.File.ReadAllBytesAsync(file.Path, Cancel));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(file.Path));
        Assert.StartsWith(RunDirectory, file.Path, StringComparison.Ordinal);
        file.Dispose();
        Assert.False(System.IO.File.Exists(file.Path));
        snapshot = await LookAsync();
        Assert.Equal(Site["/"], snapshot.Url);
        Assert.Null(snapshot.NavigationError);
    }

    [Theory]
    [InlineData("application/pdf", "the.pdf")]
    [InlineData("text/csv", "the.csv")]
    [InlineData("text/plain", "the.txt")]
    [InlineData("image/png", "the.png")]
    public async Task A_file_that_the_browser_would_show_is_caught_too(string type, string name)
    {
        var content = type == "application/pdf" ? Pdf : "a,b\n1,2\n"u8.ToArray();
        File($"/{name}", type, null, content);
        Site.Page("/", $"<a id=same href=/{name}>same</a><a id=other target=_blank href=/{name}>other</a>");
        var snapshot = await GoAsync("/");
        foreach (var id in (string[])["same", "other"])
        {
            using var file = await Session.DownloadAsync(() => Session.ClickAsync(snapshot.ById(id), Cancel), Limit, Cancel);
            Assert.Equal((name, type), (file.FileName, file.MimeType));
            Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(file.Path, Cancel));
            if (id == "same") snapshot = await GoAsync("/");
        }
    }

    [Fact]
    public async Task A_file_is_caught_by_going_to_its_address()
    {
        File("/report", "application/vnd.ms-excel", "attachment; filename=report.xls", [1, 2, 3]);
        File("/report.pdf", "application/pdf", null, Pdf);
        using var sheet = await Session.DownloadAsync(() => Session.NavigateAsync(Site["/report"], Cancel), Limit, Cancel);
        Assert.Equal(("report.xls", "application/vnd.ms-excel"), (sheet.FileName, sheet.MimeType));
        using var pdf = await Session.DownloadAsync(() => Session.NavigateAsync(Site["/report.pdf"], Cancel), Limit, Cancel);
        Assert.Equal(Pdf, await System.IO.File.ReadAllBytesAsync(pdf.Path, Cancel));
    }

    [Fact]
    public async Task A_file_made_by_the_page_is_caught()
    {
        Site.Page("/", """<button id=b onclick="const a = document.createElement('a'); a.href = window.URL.createObjectURL(new Blob(['x;y'], {type:'text/csv'})); a.download = 'export.csv'; a.click()">b</button>""");
        var snapshot = await GoAsync("/");
        using var file = await Session.DownloadAsync(() => Session.ClickAsync(snapshot.ById("b"), Cancel), Limit, Cancel);
        Assert.Equal(("export.csv", "text/csv", "x;y"), (file.FileName, file.MimeType, await System.IO.File.ReadAllTextAsync(file.Path, Cancel)));
    }

    [Fact]
    public async Task A_file_that_does_not_come_or_is_cut_off_is_told()
    {
        Site.Page("/", "<button id=b>b</button><a id=cut href=/cut>cut</a>");
        Site.On("/cut", async c =>
        {
            c.Response.ContentType = "application/zip";
            c.Response.ContentLength = 1000;
            await c.Response.Body.WriteAsync(new byte[10]);
            await c.Response.Body.FlushAsync();
            c.Abort();
        });
        var snapshot = await GoAsync("/");
        var none = await Assert.ThrowsAsync<PageActionException>(() => Session.DownloadAsync(() => Session.ClickAsync(snapshot.ById("b"), Cancel), TimeSpan.FromMilliseconds(500), Cancel));
        Assert.Contains("none came", none.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<PageActionException>(() => Session.DownloadAsync(() => Session.ClickAsync(snapshot.ById("cut"), Cancel), Limit, Cancel));
    }

    [Fact]
    public async Task A_file_larger_than_allowed_is_broken_off_on_the_way()
    {
        var parent = Path.Combine(Path.GetTempPath(), $"od-{Guid.NewGuid():N}"[..12]);
        await using (var host = Browsers.New(parent, o => o.MaxDownloadBytes = 1024 * 1024))
        {
            await using var session = await host.OpenAsync(null, Cancel);
            var written = 0L;
            Site.On("/huge", async c =>
            {
                c.Response.ContentType = "application/zip";
                var block = new byte[64 * 1024];
                while (!c.RequestAborted.IsCancellationRequested && written < 1L << 30)
                {
                    await c.Response.Body.WriteAsync(block, c.RequestAborted);
                    written += block.Length;
                    await Task.Delay(1, c.RequestAborted);
                }
            });
            var e = await Assert.ThrowsAsync<FileTooLargeException>(() => session.DownloadAsync(() => session.NavigateAsync(Site["/huge"], Cancel), TimeSpan.FromSeconds(20), Cancel));
            Assert.Contains("larger than 1048576 bytes", e.Message, StringComparison.Ordinal);
            Assert.True(written < 1L << 30);
            Assert.True(await Processes.BecomesTrueAsync(() => Directory.GetFiles(parent, "*", SearchOption.AllDirectories).All(f => !f.Contains("/downloads/", StringComparison.Ordinal) || SizeOf(f) < 1024 * 1024), Limit));
        }
        Directory.Delete(parent, recursive: true);
    }

    // Chromium removes its files whenever it likes, also between the listing and this look.
    private static long SizeOf(string file)
    {
        try
        {
            return new FileInfo(file).Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("..\\..\\x.pdf", "x.pdf")]
    [InlineData(".bashrc", "bashrc")]
    [InlineData("a\u0000b\nc\u202Efdp.exe", "abcfdp.exe")]
    [InlineData("", "download")]
    [InlineData("...", "download")]
    [InlineData("Rechnung für März.pdf", "Rechnung für März.pdf")]
    [InlineData("a<b>:\"c|d?.csv", "a_b___c_d_.csv")]
    public void A_files_name_is_made_harmless(string suggested, string expected) => Assert.Equal(expected, BrowserSession.SafeName(suggested));

    [Fact]
    public void A_long_name_keeps_its_extension()
    {
        var name = BrowserSession.SafeName(new string('x', 500) + ".pdf");
        Assert.Equal(150, name.Length);
        Assert.EndsWith("x.pdf", name, StringComparison.Ordinal);
    }
}
