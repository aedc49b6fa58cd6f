using Microsoft.Playwright;

namespace Ostiary.Browser.Tests;

public sealed class ScreenshotTests(SharedBrowser shared) : OnAPage(shared)
{
    private const string Value = "not-a-real-password-1";
    private const string Style = "<style>body{background:#fff} input,p{display:block;width:300px;height:30px;margin:5px;border:0;font-size:24px;background:#fff;border-radius:9px;line-height:30px}</style>";

    [Fact]
    public async Task Boxes_with_secrets_are_painted_over_before_the_picture_leaves_the_browser()
    {
        Site.Page("/inner", "<style>body{margin:0}</style><input id=i type=password value=secret>");
        Site.Page("/", Style + """
            <input id=plain value=visible>
            <input id=password type=password value=secret>
            <input id=otp autocomplete=one-time-code value=123456 style="color:#000 !important; background:#fff !important">
            <input id=given value=secret>
            <input id=revealed type=password onfocus="this.type='text'; this.removeAttribute('id'); this.className='shown'">
            <div id=host></div><div id=shut style="width:200px;height:30px"></div><iframe id=f src=/inner style="border:0;width:300px;height:60px"></iframe>
            <script>shut.attachShadow({mode:'closed'}).innerHTML = '<input type=password value=secret style="display:block;box-sizing:border-box;width:200px;height:30px;margin:0;border:0;border-radius:9px">';
            host.attachShadow({mode:'open'}).innerHTML = '<input type=password value=secret style="width:200px;height:30px;border-radius:9px">'</script>
            """);
        var snapshot = await GoAsync("/");
        await Session.TypeSecretAsync(snapshot.ById("revealed"), Value.AsMemory(), Cancel);
        var page = Session.Page;
        Assert.Equal(Value, await page.EvaluateAsync<string>("document.querySelector('.shown').value"));
        var before = await ChangesAsync(page);

        var picture = new Picture((await Session.ScreenshotAsync([snapshot.ById("given")], null, Cancel))!);

        Assert.Equal((1366, 900), (picture.Width, picture.Height));
        foreach (var selector in (string[])["#password", "#otp", "#given", ".shown", "#host input", "#shut"])
            Assert.True(picture.IsBlack(await Box(selector)), selector);
        Assert.True(picture.IsBlack(await Box("#i", page.Frames[1])), "in a frame");
        Assert.False(picture.IsBlack(await Box("#plain")));
        // Nothing of it stays in the page, and the page was not told: a picture must not look like the page at work.
        Assert.Equal(0, await page.EvaluateAsync<int>("new Promise(r => setTimeout(() => r(document.getAnimations().length), 100))"));
        Assert.Equal(before, await ChangesAsync(page));
        Assert.False(new Picture((await page.ScreenshotAsync())!).IsBlack(await Box("#given")));
    }

    [Fact]
    public async Task What_was_chosen_in_secret_is_painted_over_and_no_look_tells_it()
    {
        var letters = "<option value=''>-</option>" + string.Concat(Enumerable.Range('a', 26).Select(c => $"<option>{(char)c}</option>"));
        Site.Page("/", Style + "<style>select{display:block;width:120px;height:30px;border:0}</style>" + $"<select id=letter>{letters}</select><select id=again>{letters}</select><select id=branch><option>North</option><option>South</option></select><select id=free><option>North</option><option>South</option></select>");
        var snapshot = await GoAsync("/");
        Assert.False(snapshot.Elements.Single(e => e.Id == snapshot.ById("letter")).HasValue);
        await Session.ChooseSecretAsync(snapshot.ById("letter"), "q", Cancel);
        await Session.ChooseSecretAsync(snapshot.ById("branch"), "South", Cancel);
        // The page draws a list of letters anew: it is known by what it offers.
        await Session.Page.EvaluateAsync("again.value = 'w'");

        var after = await LookAsync();
        foreach (var id in (string[])["letter", "again"])
        {
            var seen = after.Elements.Single(e => e.Id == after.ById(id));
            Assert.True(seen.HasValue, id);
            Assert.DoesNotContain(seen.Options, o => o.Selected);
        }

        var picture = new Picture((await Session.ScreenshotAsync([], null, Cancel))!);
        foreach (var selector in (string[])["#letter", "#again", "#branch"]) Assert.True(picture.IsBlack(await Box(selector)), selector);
        Assert.False(picture.IsBlack(await Box("#free")));
    }

    [Fact]
    public async Task What_shows_a_secret_elsewhere_on_the_page_is_painted_over_too()
    {
        Site.Page("/", Style + """
            <input id=box type=password oninput="echo.textContent = 'You typed ' + value; second.value = value">
            <p id=echo></p><input id=second><p id=other>You typed nothing</p>
            """);
        var snapshot = await GoAsync("/");
        await Session.TypeSecretAsync(snapshot.ById("box"), Value.AsMemory(), Cancel);
        // The page may put the box away and keep what was in it.
        await Session.Page.EvaluateAsync("document.querySelector('#box').remove()");
        Assert.Equal("You typed " + Value, await Session.Page.InnerTextAsync("#echo"));

        var picture = new Picture((await Session.ScreenshotAsync([], null, Cancel))!);

        Assert.True(picture.IsBlack(await Box("#echo")), "the line");
        Assert.True(picture.IsBlack(await Box("#second")), "the second box");
        Assert.False(picture.IsBlack(await Box("#other")));
    }

    [Fact]
    public async Task A_picture_of_a_frame_of_another_site_is_painted_over_in_its_own_process()
    {
        Site.Page("/inner", "<style>body{margin:0}</style><input id=i type=password value=secret>");
        Site.Page("/", $"<body><iframe src=\"http://localhost:{Site["/"].Port}/inner\" style=\"border:0;width:300px;height:60px\"></iframe>");
        await GoAsync("/");
        var inner = Session.Page.Frames[1];
        Assert.Contains("localhost", inner.Url, StringComparison.Ordinal);
        Assert.True(new Picture((await Session.ScreenshotAsync([], null, Cancel))!).IsBlack(await Box("#i", inner)));
    }

    [Fact]
    public async Task A_page_between_two_documents_has_no_picture()
    {
        var waits = new TaskCompletionSource();
        Site.Page("/", "<a id=go href=/slow>on</a>");
        Site.On("/slow", async context =>
        {
            await waits.Task;
            await Site.Html(context, "there");
        });
        var snapshot = await GoAsync("/");
        await Session.ClickAsync(snapshot.ById("go"), Cancel);
        Assert.Null(await Session.ScreenshotAsync([], 60, Cancel));
        waits.SetResult();
        await LookAsync();
        var picture = (await Session.ScreenshotAsync([], 60, Cancel))!;
        Assert.Equal([0xFF, 0xD8, 0xFF], picture[..3]);
    }

    private async Task<ElementHandleBoundingBoxResult> Box(string selector, IFrame? frame = null) => (await (await (frame ?? Session.Page.MainFrame).QuerySelectorAsync(selector))!.BoundingBoxAsync())!;

    private static Task<long> ChangesAsync(IPage page) => page.EvaluateAsync<long>("Object.getOwnPropertyNames(window).map(n => window[n]).find(v => v && v.seen instanceof WeakMap && 'count' in v).count");
}
