namespace Ostiary.Browser.Tests;

public sealed class ActingTests(SharedBrowser shared) : OnAPage(shared)
{
    private const string Value = "not-a-real-password-1";

    [Fact]
    public async Task A_form_is_filled_in_and_sent()
    {
        Site.Page("/", "<form action=/in method=post><input id=u name=u value=old><input id=p type=password name=p><button id=go>Sign in</button></form>");
        Site.On("/in", async c => { var f = await c.Request.ReadFormAsync(); await Site.Html(c, $"<h2 id=said>{f["u"]}:{f["p"]}</h2>"); });
        var snapshot = await GoAsync("/");
        await Session.TypeAsync(snapshot.ById("u"), "ada@example.org", Cancel);
        await Session.TypeSecretAsync(snapshot.ById("p"), Value.AsMemory(), Cancel);
        await Session.PressAsync(snapshot.ById("p"), "Enter", Cancel);
        Assert.Equal($"ada@example.org:{Value}", (await LookAsync()).TextOf("said"));
    }

    /// <summary>Pages that do something of their own with what is typed; each shows at the end what it understood.</summary>
    [Theory]
    // Listens for keys alone.
    [InlineData("keyup", "<input id=i onkeyup='out.textContent = this.value'>", "some longer text")]
    [InlineData("keyup-short", "<input id=i onkeyup='out.textContent = this.value'>", "abc")]
    // Keeps the value itself and writes it back, as frameworks do.
    [InlineData("controlled", "<input id=i><script>let held = ''; i.addEventListener('input', () => { held = i.value; i.value = held; out.textContent = held; })</script>", "some longer text")]
    // Takes typed keys only, one at a time.
    [InlineData("refuses-pieces", "<input id=i><script>i.addEventListener('beforeinput', e => { if (e.data && e.data.length > 1) e.preventDefault(); }); i.addEventListener('input', () => out.textContent = i.value)</script>", "some longer text")]
    // Refuses keys and takes what a password manager sets.
    [InlineData("refuses-keys", "<input id=i onbeforeinput='event.preventDefault()' oninput='out.textContent = this.value'>", "some longer text")]
    // May be written in only after a click.
    [InlineData("readonly-until-focus", "<input id=i readonly onfocus='this.removeAttribute(\"readonly\")' oninput='out.textContent = this.value'>", "some longer text")]
    [InlineData("readonly-until-click", "<input id=i readonly onmousedown='this.removeAttribute(\"readonly\")' oninput='out.textContent = this.value'>", "some longer text")]
    [InlineData("textarea", "<textarea id=i oninput='out.textContent = this.value'>old</textarea>", "some longer text")]
    [InlineData("editable", "<div id=i contenteditable oninput='out.textContent = this.textContent'>old text</div>", "some longer text")]
    [InlineData("email", "<input id=i type=email value=old@example.org oninput='out.textContent = this.value'>", "ada@example.org")]
    [InlineData("number", "<input id=i type=number oninput='out.textContent = this.value'>", "123456789")]
    public async Task Text_arrives_in_boxes_with_habits(string habit, string box, string text)
    {
        Site.Page($"/{habit}", $"{box}<h2 id=out></h2>");
        var snapshot = await GoAsync($"/{habit}");
        await Session.TypeAsync(snapshot.ById("i"), text, Cancel);
        Assert.Equal(text, (await LookAsync()).TextOf("out"));
    }

    [Fact]
    public async Task Typing_nothing_empties_the_box()
    {
        Site.Page("/", "<input id=i value=old oninput='out.textContent = \"[\" + this.value + \"]\"'><h2 id=out></h2>");
        await Session.TypeAsync((await GoAsync("/")).ById("i"), "", Cancel);
        Assert.Equal("[]", (await LookAsync()).TextOf("out"));
    }

    [Fact]
    public async Task A_code_typed_into_the_first_of_six_boxes_fills_them_all()
    {
        Site.Page("/", string.Concat(Enumerable.Range(0, 6).Select(i => $"<input id=d{i} class=d maxlength=1>")) + """
            <h2 id=out></h2><script>
            const boxes = [...document.querySelectorAll('.d')];
            boxes.forEach((b, i) => b.addEventListener('input', () => { boxes[i + 1]?.focus(); out.textContent = boxes.map(x => x.value).join(''); }));
            </script>
            """);
        await Session.TypeSecretAsync((await GoAsync("/")).ById("d0"), "135790".AsMemory(), Cancel);
        Assert.Equal("135790", (await LookAsync()).TextOf("out"));
    }

    [Fact]
    public async Task A_box_that_writes_a_code_in_groups_has_taken_it()
    {
        Site.Page("/", "<input id=i oninput='const v = this.value.replace(/ /g, \"\"); this.value = v.length > 3 ? v.slice(0, 3) + \" \" + v.slice(3) : v; out.textContent = this.value'><h2 id=out></h2>");
        await Session.TypeAsync((await GoAsync("/")).ById("i"), "123456", Cancel);
        Assert.Equal("123 456", (await LookAsync()).TextOf("out"));
    }

    [Theory]
    [InlineData("<input id=i type=password disabled>", "disabled")]
    [InlineData("<input id=i type=password readonly>", "readonly")]
    [InlineData("<input id=i type=password><script>i.addEventListener('input', () => i.value = 'x'); Object.defineProperty(i, 'value', { get: () => 'x' })</script>", "keep")]
    [InlineData("<input id=i type=password onfocus='this.remove()'>", "gone")]
    [InlineData("<input id=i type=password onkeydown='throw new Error(\"own \" + this.value)' oninput='throw new Error(this.value)'>", null)]
    public async Task A_secret_is_in_no_message_whatever_goes_wrong(string box, string? word)
    {
        Site.Page("/", box);
        var snapshot = await GoAsync("/");
        var e = await Record.ExceptionAsync(() => Session.TypeSecretAsync(snapshot.ById("i"), Value.AsMemory(), Cancel));
        if (word is null) Assert.Null(e);
        else Assert.Contains(word, Assert.IsType<PageActionException>(e).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Value, e?.ToString() ?? "", StringComparison.Ordinal);
        Assert.Null(e?.InnerException);
    }

    [Fact]
    public async Task A_secret_is_in_no_message_when_the_page_hangs_or_dies_while_it_is_typed()
    {
        Site.Page("/", "<input id=i type=password oninput='for(;;);'>");
        var snapshot = await GoAsync("/");
        var typing = Session.TypeSecretAsync(snapshot.ById("i"), Value.AsMemory(), Cancel);
        await Assert.ThrowsAnyAsync<TimeoutException>(() => typing.WaitAsync(TimeSpan.FromSeconds(1), Cancel));
        await Session.DisposeAsync();
        var e = await Assert.ThrowsAsync<BrowserLostException>(() => typing);
        Assert.DoesNotContain(Value, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clicking_works_under_something_transparent_while_moving_and_far_away()
    {
        Site.Page("/", """
            <div style='position:fixed;inset:0;opacity:0;z-index:9'></div>
            <button id=under onclick="out.textContent += 'under '">u</button>
            <button id=moving style='position:relative' onclick="out.textContent += 'moving '">m</button>
            <div style='height:4000px'></div><button id=far onclick="out.textContent += 'far '">f</button><h2 id=out></h2>
            <script>let x = 0; setInterval(() => moving.style.left = (x = (x + 7) % 300) + 'px', 10)</script>
            """);
        var snapshot = await GoAsync("/");
        foreach (var id in (string[])["under", "moving", "far"])
            await Session.ClickAsync(snapshot.ById(id), Cancel);
        Assert.Equal("under moving far", (await LookAsync()).TextOf("out"));
    }

    /// <summary>A page that is busy for longer than a click may take has still been clicked: a second time would send a form twice.</summary>
    [Fact]
    public async Task A_click_that_takes_long_is_made_once()
    {
        Site.Page("/", """
            <button id=b type=button>Send</button><h2 id=out>0</h2>
            <script>b.addEventListener('click', () => { out.textContent = Number(out.textContent) + 1; const end = performance.now() + 2500; while (performance.now() < end); })</script>
            """);
        await Session.ClickAsync((await GoAsync("/")).ById("b"), Cancel);
        Assert.Equal("1", (await LookAsync()).TextOf("out"));
    }

    [Fact]
    public async Task Clicking_what_is_disabled_or_gone_says_so()
    {
        Site.Page("/", "<button id=off disabled>o</button><button id=gone>g</button>");
        var snapshot = await GoAsync("/");
        await Session.Page.EvaluateAsync("gone.remove()");
        Assert.Contains("<button type=submit id=off>: it is disabled", (await Assert.ThrowsAsync<PageActionException>(() => Session.ClickAsync(snapshot.ById("off"), Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("gone", (await Assert.ThrowsAsync<PageActionException>(() => Session.ClickAsync(snapshot.ById("gone"), Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_element_of_an_older_look_is_refused()
    {
        Site.Page("/", "<button id=b>b</button>");
        var old = (await GoAsync("/")).ById("b");
        await LookAsync();
        await Assert.ThrowsAsync<PageActionException>(() => Session.ClickAsync(old, Cancel));
    }

    [Fact]
    public async Task Selects_radio_buttons_and_checkboxes_are_chosen_also_when_only_their_labels_show()
    {
        const string hidden = "position:absolute;opacity:0;width:0;height:0";
        Site.Page("/", $$"""
            <select id=s onchange="out.textContent += 'select=' + this.value + ' '"><option value=a>Alpha<option value=b>Beta</select>
            <select id=h style='display:none' onchange="out.textContent += 'hidden=' + this.value + ' '"><option value=a>Alpha<option value=b>Beta</select>
            <label><input type=radio name=r id=r1 value=sms style='{{hidden}}' onchange="out.textContent += this.value + ' '">Text</label>
            <input type=radio name=r id=r2 value=mail style='{{hidden}}' onchange="out.textContent += this.value + ' '"><label for=r2>Mail</label>
            <input type=checkbox id=c style='display:none' onchange="out.textContent += 'c=' + this.checked + ' '"><label for=c>Trust</label>
            <div role=checkbox id=ac aria-checked=false tabindex=0 onclick="setAttribute('aria-checked', getAttribute('aria-checked') !== 'true'); out.textContent += 'ac '">A</div><h2 id=out></h2>
            """);
        var snapshot = await GoAsync("/");
        await Session.ChooseAsync(snapshot.ById("s"), "b", Cancel);
        await Session.ChooseAsync(snapshot.ById("h"), "Beta", Cancel);
        await Session.ChooseAsync(snapshot.ById("r1"), "mail", Cancel);
        await Session.ChooseAsync(snapshot.ById("r1"), "sms", Cancel);
        await Session.ChooseAsync(snapshot.ById("c"), "true", Cancel);
        await Session.ChooseAsync(snapshot.ById("c"), "true", Cancel);
        await Session.ChooseAsync(snapshot.ById("c"), "false", Cancel);
        await Session.ChooseAsync(snapshot.ById("ac"), "true", Cancel);
        Assert.Equal("select=b hidden=b mail sms c=true c=false ac", (await LookAsync()).TextOf("out"));
        await Assert.ThrowsAsync<PageActionException>(() => Session.ChooseAsync((snapshot = Newest()).ById("s"), "zz", Cancel));

        PageSnapshot Newest() => LookAsync().GetAwaiter().GetResult();
    }

    [Fact]
    public async Task Typing_and_clicking_work_inside_frames_of_the_same_and_of_another_site_and_in_shadow_roots()
    {
        await using var other = await Site.StartAsync();
        const string form = "<input id=i type=password><button id=b onclick=\"out.textContent = i.value\">b</button><h2 id=out></h2>";
        other.Page("/", form);
        Site.Page("/inner", form);
        Site.Page("/frame", "<iframe src=/inner></iframe>");
        Site.Page("/foreign", $"<iframe src='{new UriBuilder(other["/"]) { Host = "localhost" }.Uri}'></iframe>");
        Site.Page("/shadow", $"<div id=host></div><script>const root = host.attachShadow({{mode:'open'}}); root.innerHTML = `<input id=i type=password><button id=b>b</button><h2 id=out></h2>`; root.querySelector('#b').onclick = () => root.querySelector('#out').textContent = root.querySelector('#i').value</script>");
        foreach (var path in (string[])["/frame", "/foreign", "/shadow"])
        {
            var snapshot = await GoAsync(path);
            await Session.TypeSecretAsync(snapshot.ById("i"), Value.AsMemory(), Cancel);
            await Session.ClickAsync(snapshot.ById("b"), Cancel);
            Assert.Equal(Value, (await LookAsync()).TextOf("out"));
        }
    }
}
