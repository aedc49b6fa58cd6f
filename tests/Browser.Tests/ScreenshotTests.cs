using Microsoft.Playwright;

namespace Ostiary.Browser.Tests;

public sealed class ScreenshotTests(SharedBrowser shared) : OnAPage(shared)
{
    private const string Value = "not-a-real-password-1";

    [Fact]
    public async Task Boxes_with_secrets_are_painted_over_before_the_picture_leaves_the_browser()
    {
        Site.Page("/inner", "<style>body{margin:0}</style><input id=i type=password value=secret>");
        Site.Page("/", """
            <style>body{background:#fff} input{display:block;width:200px;height:30px;margin:5px;border:0;font-size:30px;background:#fff}</style>
            <input id=plain value=visible>
            <input id=password type=password value=secret>
            <input id=otp autocomplete=one-time-code value=123456>
            <input id=given value=secret>
            <input id=revealed type=password onfocus="this.type='text'; this.removeAttribute('id'); this.className='shown'">
            <div id=host></div><iframe id=f src=/inner style="border:0;width:300px;height:60px"></iframe>
            <script>host.attachShadow({mode:'open'}).innerHTML = '<input type=password value=secret style="width:200px;height:30px">'</script>
            """);
        var snapshot = await GoAsync("/");
        await Session.TypeSecretAsync(snapshot.ById("revealed"), Value.AsMemory(), Cancel);
        var page = Session.Page;
        Assert.Equal(Value, await page.EvaluateAsync<string>("document.querySelector('.shown').value"));

        var picture = new Picture(await Session.ScreenshotAsync([snapshot.ById("given")], Cancel));

        Assert.Equal((1366, 900), (picture.Width, picture.Height));
        async Task<ElementHandleBoundingBoxResult> Box(string selector, IFrame? frame = null) => (await (await (frame ?? page.MainFrame).QuerySelectorAsync(selector))!.BoundingBoxAsync())!;
        foreach (var selector in (string[])["#password", "#otp", "#given", ".shown", "#host input"])
            Assert.True(picture.IsBlack(await Box(selector)), selector);
        Assert.True(picture.IsBlack(await Box("#i", page.Frames[1])), "in a frame");
        Assert.False(picture.IsBlack(await Box("#plain")));
        // Nothing of it stays in the page.
        Assert.Equal(0, await page.EvaluateAsync<int>("new Promise(r => setTimeout(() => r([...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('data-')).length), 100))"));
    }
}
