using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Ostiary.Browser.Tests;

public sealed class LookingTests(SharedBrowser shared) : OnAPage(shared)
{
    [Fact]
    public async Task A_plain_page_is_settled_as_soon_as_it_has_loaded()
    {
        Site.Page("/", "<h1>Plain</h1><a id=next href=/next>next</a>");
        var snapshot = await GoAsync("/");
        Assert.True(snapshot.Settled);
        Assert.Equal(Site["/"], snapshot.Url);
        Assert.Equal("Test", snapshot.Title);
        Assert.Equal(200, snapshot.StatusCode);
        Assert.Null(snapshot.NavigationError);
        Assert.Equal(0, snapshot.RequestsInFlight);
        var request = Assert.Single(snapshot.Requests, r => r.IsDocument);
        Assert.Equal(("GET", "/", 200), (request.Method, request.Path, request.Status));
    }

    [Fact]
    public async Task What_a_script_fetches_and_shows_is_waited_for()
    {
        var answer = new TaskCompletionSource();
        Site.On("/api/session", async c =>
        {
            await answer.Task;
            await c.Response.WriteAsJsonAsync(new { token = "x", user = new { name = "n" } });
        });
        Site.Page("/", """<main id=root></main><script>fetch('/api/session?q=1', {method:'POST'}).then(r => r.json()).then(() => setTimeout(() => root.innerHTML = '<input id=user>', 30));</script>""");
        await Session.NavigateAsync(Site["/"], Cancel);
        var look = LookAsync();
        Assert.True(await Processes.BecomesTrueAsync(() => Site.Requests.Any(r => r.Contains("/api/session", StringComparison.Ordinal)), Limit));
        Assert.False(look.IsCompleted);
        answer.SetResult();
        var snapshot = await look;
        Assert.True(snapshot.Settled);
        snapshot.ById("user");
        var call = Assert.Single(snapshot.Requests, r => r.Type == "fetch");
        Assert.Equal(("POST", "/api/session", 200), (call.Method, call.Path, call.Status));
        Assert.Equal(["token", "user"], call.JsonKeys);
    }

    [Fact]
    public async Task A_click_is_followed_to_the_page_that_it_leads_to_however_slow()
    {
        var answer = new TaskCompletionSource();
        Site.Page("/", "<form action=/in method=post><button id=go>Go</button></form>");
        Site.On("/in", async c => { await answer.Task; await Site.Html(c, "<h2 id=done>done</h2>"); });
        var snapshot = await GoAsync("/");
        await Session.ClickAsync(snapshot.ById("go"), Cancel);
        var look = LookAsync();
        Assert.True(await Processes.BecomesTrueAsync(() => Site.Requests.Contains("POST /in"), Limit));
        Assert.False(look.IsCompleted);
        answer.SetResult();
        Assert.Equal("done", (await look).TextOf("done"));
    }

    [Fact]
    public async Task A_page_that_never_answers_is_looked_at_when_the_limit_has_passed()
    {
        Site.Page("/", "<form action=/in method=post><button id=go>Go</button></form>");
        Site.On("/in", c => Task.Delay(Timeout.Infinite, c.RequestAborted));
        var snapshot = await GoAsync("/");
        await Session.ClickAsync(snapshot.ById("go"), Cancel);
        snapshot = await Session.LookAsync(TimeSpan.FromMilliseconds(600), Cancel);
        Assert.False(snapshot.Settled);
        Assert.Equal(1, snapshot.RequestsInFlight);
        snapshot.ById("go");
    }

    [Fact]
    public async Task Redirects_by_script_by_meta_and_by_form_are_followed()
    {
        Site.Page("/", "<body onload=\"location.href='/meta'\">one");
        Site.Page("/meta", "<meta http-equiv=refresh content='0;url=/form'>two");
        Site.Page("/form", "<form id=f method=post action=/end></form><script>f.submit()</script>");
        Site.Page("/end", "<h2 id=end>end</h2>");
        Assert.Equal("end", (await GoAsync("/")).TextOf("end"));
    }

    [Fact]
    public async Task An_animation_and_a_clock_do_not_keep_a_page_restless()
    {
        Site.Page("/", """<h2 id=spin>x</h2><h2 id=clock>0</h2><script>let i = 0; (function f() { spin.style.left = (i++) + 'px'; clock.textContent = i; requestAnimationFrame(f); })();</script>""");
        Assert.True((await GoAsync("/")).Settled);
    }

    [Fact]
    public async Task A_long_poll_does_not_keep_a_page_restless()
    {
        Site.On("/poll", c => Task.Delay(Timeout.Infinite, c.RequestAborted));
        Site.On("/events", async c => { c.Response.ContentType = "text/event-stream"; await c.Response.WriteAsync("data: 1\n\n"); await c.Response.Body.FlushAsync(); await Task.Delay(Timeout.Infinite, c.RequestAborted); });
        Site.Page("/", "<button id=b onclick=\"out.textContent='yes'\">b</button><h2 id=out></h2><script>fetch('/poll'); new EventSource('/events');</script>");
        var snapshot = await GoAsync("/");
        Assert.True(snapshot.Settled);
        await Session.ClickAsync(snapshot.ById("b"), Cancel);
        snapshot = await LookAsync();
        Assert.True(snapshot.Settled);
        Assert.Equal("yes", snapshot.TextOf("out"));
    }

    [Fact]
    public async Task A_script_that_never_ends_ends_the_look()
    {
        Site.Page("/", "<button id=b onclick='setTimeout(() => { for(;;); }, 100)'>b</button>");
        var snapshot = await GoAsync("/");
        await Session.ClickAsync(snapshot.ById("b"), Cancel);
        // On a busy machine a look or two may be over before the script begins.
        async Task LookOnAsync() { while (true) await Session.LookAsync(TimeSpan.FromMilliseconds(500), Cancel); }
        var e = await Assert.ThrowsAnyAsync<PageActionException>(() => LookOnAsync().WaitAsync(TimeSpan.FromSeconds(15), Cancel));
        Assert.Contains("did not answer", e.Message, StringComparison.Ordinal);
        await Session.DisposeAsync();
    }

    [Fact]
    public async Task A_frame_that_does_not_answer_does_not_hold_up_the_look()
    {
        await using var other = await Site.StartAsync();
        // Another site is another process, so that only the frame hangs.
        var elsewhere = new UriBuilder(other["/"]) { Host = "localhost" }.Uri;
        other.Page("/", "<p>frame</p><script>onload = () => setTimeout(() => { for(;;); }, 0)</script>");
        Site.Page("/", $"<input id=user><iframe src='{elsewhere}'></iframe>");
        var snapshot = await GoAsync("/").WaitAsync(TimeSpan.FromSeconds(15), Cancel);
        snapshot.ById("user");
    }

    [Fact]
    public async Task Navigating_again_and_again_never_breaks_a_look()
    {
        var visits = 0;
        Site.On("/", c => Site.Html(c, Interlocked.Increment(ref visits) < 30 ? "<p>on</p><script>setTimeout(() => location.replace('/?' + Math.random()), 15)</script>" : "<h2 id=end>end</h2>"));
        await Session.NavigateAsync(Site["/"], Cancel);
        PageSnapshot snapshot;
        do snapshot = await LookAsync();
        while (visits < 30);
        Assert.Equal("end", (await LookAsync()).TextOf("end"));
    }

    [Fact]
    public async Task Errors_of_the_network_and_of_the_server_are_part_of_a_snapshot()
    {
        Site.On("/503", c => { c.Response.StatusCode = 503; return Site.Html(c, "<h1>Down</h1>"); });
        Assert.Equal(503, (await GoAsync("/503")).StatusCode);

        using var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        Site.On("/cut", c => { c.Abort(); return Task.CompletedTask; });
        var snapshot = await GoAsync("/cut");
        Assert.NotNull(snapshot.NavigationError);
        Assert.Null(snapshot.StatusCode);
        Assert.Equal(Site["/cut"], snapshot.Url);

        Site.Page("/ok", "<h2 id=ok>ok</h2>");
        snapshot = await GoAsync("/ok");
        Assert.Null(snapshot.NavigationError);
        Assert.Equal(200, snapshot.StatusCode);
    }

    [Theory]
    [InlineData("Basic realm=\"x\"")]
    [InlineData("Digest realm=\"x\", nonce=\"n\", qop=\"auth\"")]
    public async Task A_site_that_asks_for_http_credentials_shows_401_and_gets_none(string challenge)
    {
        var sent = new ConcurrentQueue<string>();
        Site.On("/", c =>
        {
            sent.Enqueue(c.Request.Headers.Authorization.ToString());
            c.Response.StatusCode = 401;
            c.Response.Headers.WWWAuthenticate = challenge;
            return Site.Html(c, "<p>no</p>");
        });
        Assert.Equal(401, (await GoAsync("/")).StatusCode);
        Assert.All(sent, s => Assert.Equal("", s));
        Assert.DoesNotContain(sent, s => s.Length > 0);
    }

    [Fact]
    public async Task Cookies_are_names_and_flags_and_tell_what_the_last_action_changed()
    {
        Site.On("/", c =>
        {
            c.Response.Cookies.Append("kept", "1", new CookieOptions { HttpOnly = true });
            c.Response.Cookies.Append("turned", "1");
            return Site.Html(c, "<a id=next href=/next>next</a>");
        });
        Site.On("/next", c => { c.Response.Cookies.Append("turned", "2"); c.Response.Cookies.Append("new", "1"); return Site.Html(c, "<p>next</p>"); });
        var snapshot = await GoAsync("/");
        Assert.All(snapshot.Cookies, c => Assert.True(c.Changed));
        Assert.Equal([("kept", true), ("turned", false)], snapshot.Cookies.OrderBy(c => c.Name).Select(c => (c.Name, c.HttpOnly)));
        await Session.ClickAsync(snapshot.ById("next"), Cancel);
        snapshot = await LookAsync();
        Assert.Equal([("kept", false), ("new", true), ("turned", true)], snapshot.Cookies.OrderBy(c => c.Name).Select(c => (c.Name, c.Changed)));
    }

    [Fact]
    public async Task Dialogs_are_dismissed_and_told()
    {
        Site.Page("/", "<button id=b onclick=\"alert('Wrong password'); out.textContent = confirm('Sure?')\">b</button><h2 id=out></h2>");
        var snapshot = await GoAsync("/");
        await Session.ClickAsync(snapshot.ById("b"), Cancel);
        snapshot = await LookAsync();
        Assert.Equal(["Wrong password", "Sure?"], snapshot.Dialogs);
        Assert.Equal("false", snapshot.TextOf("out"));
    }

    [Fact]
    public async Task An_answer_that_nobody_read_before_a_reload_is_not_waited_for()
    {
        Site.On("/api", async c => await c.Response.WriteAsJsonAsync(new { ok = true, padding = new string('x', 100_000) }));
        Site.Page("/", "<button id=b onclick=\"fetch('/api', {method:'POST'}).then(() => { sessionStorage.n = 1; location.reload() })\">b</button><h2 id=out></h2><script>out.textContent = sessionStorage.n ? 'again' : 'first'</script>");
        await Session.ClickAsync((await GoAsync("/")).ById("b"), Cancel);
        var snapshot = await Session.LookAsync(TimeSpan.FromMilliseconds(1800), Cancel);
        Assert.Equal("again", snapshot.TextOf("out"));
        Assert.True(snapshot.Settled);
        Assert.Equal(0, snapshot.RequestsInFlight);
    }

    [Fact]
    public async Task A_page_says_which_elements_a_caller_s_selectors_fit()
    {
        Site.Page("/", "<div id=host></div><p class=says>No</p><my-field></my-field><i id=go>Go</i><script>host.attachShadow({mode:'open'}).innerHTML = '<input class=in>'; customElements.define('my-field', class extends HTMLElement { constructor() { super(); this.attachShadow({mode:'open'}).innerHTML = '<input type=password>'; } });</script>");
        Session.Marks = new Dictionary<string, string> { ["identifier"] = ".in", ["password"] = "my-field", ["submit"] = "#go", ["refusal"] = "p.says", ["code"] = "not a [selector" };
        var snapshot = await GoAsync("/");
        Assert.Equal(["identifier"], snapshot.Elements.Single(e => e is { Kind: ElementKind.Input, Type: "text" }).Marks);
        Assert.Equal(["password"], snapshot.Elements.Single(e => e.Type == "password").Marks);
        Assert.Equal(["submit"], snapshot.Elements.Single(e => e is { Kind: ElementKind.Button, Text: "Go" }).Marks);
        Assert.Contains(snapshot.Elements, e => e.Marks.Contains("refusal") && e.Text == "No");
        Assert.DoesNotContain(snapshot.Elements, e => e.Marks.Contains("code"));
        Session.Marks = new Dictionary<string, string>();
        Assert.All((await LookAsync()).Elements, e => Assert.Empty(e.Marks));
    }

    [Fact]
    public async Task A_page_that_wants_to_be_asked_before_it_is_left_is_left()
    {
        Site.Page("/", "<input id=i><a id=next href=/next>next</a><script>onbeforeunload = e => e.preventDefault()</script>");
        Site.Page("/next", "<h2 id=next>next page</h2>");
        var snapshot = await GoAsync("/");
        await Session.TypeAsync(snapshot.ById("i"), "something", Cancel);
        await Session.ClickAsync((await LookAsync()).ById("next"), Cancel);
        Assert.Equal("next page", (await LookAsync()).TextOf("next"));
    }

    [Fact]
    public async Task A_popup_is_the_current_page_until_it_closes()
    {
        Site.Page("/", "<button id=b onclick=\"window.open('/pop')\">b</button><h2 id=out></h2><script>onmessage = e => out.textContent = e.data</script>");
        Site.Page("/pop", "<button id=c onclick=\"opener.postMessage('back', '*'); window.close()\">c</button>");
        var snapshot = await GoAsync("/");
        await Session.ClickAsync(snapshot.ById("b"), Cancel);
        snapshot = await LookAsync();
        Assert.Equal(Site["/pop"], snapshot.Url);
        Assert.Equal(200, snapshot.StatusCode);
        await Session.ClickAsync(snapshot.ById("c"), Cancel);
        snapshot = await LookAsync();
        Assert.Equal(Site["/"], snapshot.Url);
        Assert.Equal("back", snapshot.TextOf("out"));
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("chrome://version")]
    [InlineData("view-source:http://127.0.0.1/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    public async Task Only_web_addresses_are_visited(string address) =>
        await Assert.ThrowsAsync<PageActionException>(() => Session.NavigateAsync(new Uri(address), Cancel));

    [Fact]
    public async Task A_change_is_noticed_and_the_lack_of_one_too()
    {
        Site.Page("/", "<h2 id=out>waiting</h2><script>addEventListener('focus', () => 0); window.go = () => out.textContent = 'approved'</script>");
        await GoAsync("/");
        Assert.False(await Session.WaitForChangeAsync(TimeSpan.FromMilliseconds(300), Cancel));
        var change = Session.WaitForChangeAsync(Limit, Cancel);
        await Session.Page.EvaluateAsync("go()");
        Assert.True(await change);
        Assert.Equal("approved", (await LookAsync()).TextOf("out"));
        // What happens between a look and the wait counts.
        await Session.Page.EvaluateAsync("out.textContent = 'later'");
        Assert.True(await Session.WaitForChangeAsync(Limit, Cancel));
        Assert.Equal("later", (await LookAsync()).TextOf("out"));
    }

    [Fact]
    public async Task A_change_inside_a_shadow_root_or_a_frame_is_noticed()
    {
        Site.Page("/inner", "<p>inner</p>");
        Site.Page("/", "<div id=host></div><iframe id=f src=/inner></iframe><script>host.attachShadow({mode:'open'}).innerHTML = '<p>a</p>'</script>");
        await GoAsync("/");
        await Session.Page.EvaluateAsync("host.shadowRoot.querySelector('p').textContent = 'b'");
        Assert.True(await Session.WaitForChangeAsync(Limit, Cancel));
        await LookAsync();
        await Session.Page.EvaluateAsync("f.contentDocument.querySelector('p').textContent = 'b'");
        Assert.True(await Session.WaitForChangeAsync(Limit, Cancel));
    }

    /// <summary>Ways of hiding a form in a closed shadow root.</summary>
    [Theory]
    [InlineData("division", "<div id=host style='width:300px'></div><script>host.attachShadow({mode:'closed'}).innerHTML = FORM</script>")]
    [InlineData("element", "<x-login></x-login><script>customElements.define('x-login', class extends HTMLElement { constructor() { super(); this.attachShadow({mode:'closed'}).innerHTML = FORM } })</script>")]
    [InlineData("slots", "<x-card><p>beside</p></x-card><script>customElements.define('x-card', class extends HTMLElement { constructor() { super(); this.attachShadow({mode:'closed'}).innerHTML = FORM + '<slot></slot>' } })</script>")]
    [InlineData("markup", "<div><template shadowrootmode=closed>FORM</template></div>")]
    [InlineData("nested", "<x-outer></x-outer><script>customElements.define('x-outer', class extends HTMLElement { constructor() { super(); const r = this.attachShadow({mode:'closed'}); r.innerHTML = '<div id=inner></div>'; r.getElementById('inner').attachShadow({mode:'closed'}).innerHTML = FORM } })</script>")]
    [InlineData("open-around", "<div id=host></div><script>const r = host.attachShadow({mode:'open'}); r.innerHTML = '<div id=inner></div>'; r.getElementById('inner').attachShadow({mode:'closed'}).innerHTML = FORM</script>")]
    [InlineData("deep", "<div id=host></div><script>host.attachShadow({mode:'closed'}).innerHTML = FORM; let e = host; for (let i = 0; i < 150; i++) { const d = document.createElement('div'); e.replaceWith(d); d.append(e); e = d; }</script>")]
    [InlineData("late", "<div id=host></div><script>setTimeout(() => host.attachShadow({mode:'closed'}).innerHTML = FORM, 60)</script>")]
    public async Task What_a_closed_shadow_root_shows_is_seen_and_can_be_used(string way, string html)
    {
        const string form = "<label for=u>User name</label><input id=u name=u><label>Password <input id=p type=password></label><button id=go>Sign in</button>";
        const string script = "<script>addEventListener('click', e => { out.textContent = 'clicked' })</script><h2 id=out>-</h2>";
        Site.Page("/", html.Replace("FORM", html.Contains("<template", StringComparison.Ordinal) ? form : "\"" + form + "\"", StringComparison.Ordinal) + script);
        var snapshot = await GoAsync("/");
        // Content that comes without a trace in the document is found by the next look.
        for (var i = 0; i < 20 && way == "late" && !snapshot.Elements.Any(e => e.Type == "password"); i++) snapshot = await LookAsync();
        var user = snapshot.Elements.Single(e => e.Attributes.GetValueOrDefault("id") == "u");
        Assert.Equal("User name", user.Name);
        Assert.True(user is { Visible: true, Covered: false });
        Assert.Equal("Password", snapshot.Elements.Single(e => e.Type == "password").Name);
        await Session.TypeAsync(user.Id, "ada@example.org", Cancel);
        await Session.ClickAsync(snapshot.ById("go"), Cancel);
        snapshot = await LookAsync();
        Assert.Equal("clicked", snapshot.TextOf("out"));
        Assert.True(snapshot.Elements.Single(e => e.Id.Frame == 0 && e.Attributes.GetValueOrDefault("id") == "u").HasValue);
        Assert.DoesNotContain("ada@", System.Text.Json.JsonSerializer.Serialize(snapshot), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_button_of_one_word_in_a_closed_root_is_seen()
    {
        Site.Page("/", "<p>Waiting.</p><x-press></x-press><script>customElements.define('x-press', class extends HTMLElement { constructor() { super(); this.attachShadow({mode:'closed'}).innerHTML = '<button id=no style=\"border:0;padding:0;font:12px Arial\">Cancel</button>' } })</script>");
        var snapshot = await GoAsync("/");
        Assert.Equal("Cancel", snapshot.Elements.Single(e => e.Id == snapshot.ById("no")).Name);
    }

    [Fact]
    public async Task A_page_cannot_tell_that_its_closed_roots_were_read()
    {
        Site.Page("/", "<div id=host></div><script>window.before = Element.prototype.attachShadow; host.attachShadow({mode:'closed'}).innerHTML = '<input id=u>'; window.names = 0; window.names = Object.getOwnPropertyNames(window).length</script>");
        (await GoAsync("/")).ById("u");
        Assert.True(await Session.Page.EvaluateAsync<bool>("host.shadowRoot === null && before === Element.prototype.attachShadow && /native code/.test(before.toString()) && Object.getOwnPropertyNames(window).length === names && Object.keys(host).length === 0"));
    }

    [Fact]
    public async Task A_change_inside_a_closed_root_is_noticed_once_it_was_seen()
    {
        Site.Page("/", "<div id=host></div><script>{ const r = host.attachShadow({mode:'closed'}); r.innerHTML = '<p id=t>a</p>'; addEventListener('turn', () => r.getElementById('t').textContent = 'b') }</script>");
        Assert.Contains((await GoAsync("/")).Elements, e => e.Text == "a");
        await Session.Page.EvaluateAsync("dispatchEvent(new Event('turn'))");
        Assert.True(await Session.WaitForChangeAsync(Limit, Cancel));
        Assert.Contains((await LookAsync()).Elements, e => e.Text == "b");
    }

    [Fact]
    public async Task Frames_of_other_processes_are_read_with_their_closed_roots()
    {
        await using var other = await Site.StartAsync();
        // Another site is another process.
        var elsewhere = new UriBuilder(other["/"]) { Host = "localhost" }.Uri;
        other.Page("/", "<input id=plain><div id=host></div><script>host.attachShadow({mode:'closed'}).innerHTML = '<input id=hidden type=password>'</script>");
        Site.Page("/", $"<iframe width=400 height=300 src='{elsewhere}'></iframe>");
        var snapshot = await GoAsync("/");
        Assert.Equal(1, snapshot.ById("plain").Frame);
        var hidden = snapshot.ById("hidden");
        Assert.Equal(1, hidden.Frame);
        await Session.TypeSecretAsync(hidden, "not-a-real-password-1".AsMemory(), Cancel);
        Assert.True((await LookAsync()).Elements.Single(e => e.Attributes.GetValueOrDefault("id") == "hidden").HasValue);
    }

    [Fact]
    public async Task A_waiting_caller_can_stop_waiting()
    {
        Site.Page("/", "<p>x</p>");
        await GoAsync("/");
        using var stop = new CancellationTokenSource();
        var wait = Session.WaitForChangeAsync(TimeSpan.FromMinutes(5), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task The_browser_does_not_say_that_it_is_headless_or_automated()
    {
        string agent = "", language = "";
        Site.On("/", c => { agent = c.Request.Headers.UserAgent.ToString(); language = c.Request.Headers.AcceptLanguage.ToString(); return Site.Html(c, ""); });
        await GoAsync("/");
        Assert.Contains("Chrome/", agent, StringComparison.Ordinal);
        Assert.DoesNotContain("Headless", agent, StringComparison.Ordinal);
        Assert.StartsWith("en-US", language, StringComparison.Ordinal);
        Assert.False(await Session.Page.EvaluateAsync<bool>("!!navigator.webdriver"));
    }

    [Fact]
    public async Task Sessions_share_no_cookies_and_a_saved_state_signs_in_again()
    {
        Site.On("/", async c =>
        {
            var signedIn = c.Request.Cookies["session"] == "abc";
            if (!signedIn) c.Response.Cookies.Append("session", "abc");
            await Site.Html(c, $$"""
                <h2 id=who>{{(signedIn ? "user" : "nobody")}}</h2><h2 id=local></h2><h2 id=idb></h2>
                <script>
                  local.textContent = localStorage.token || 'none'; localStorage.token = 'local';
                  const open = indexedDB.open('auth', 1);
                  open.onupgradeneeded = () => open.result.createObjectStore('kv');
                  open.onsuccess = () => { const store = open.result.transaction('kv', 'readwrite').objectStore('kv'); const get = store.get('t');
                    get.onsuccess = () => { idb.textContent = get.result || 'none'; store.put('indexed', 't'); }; };
                </script>
                """);
        });
        var snapshot = await GoAsync("/");
        Assert.Equal(("nobody", "none", "none"), (snapshot.TextOf("who"), snapshot.TextOf("local"), snapshot.TextOf("idb")));
        var state = await Session.SaveStateAsync(Cancel);

        await using var stranger = await Host.OpenAsync(null, Cancel);
        await stranger.NavigateAsync(Site["/"], Cancel);
        Assert.Equal("nobody", (await stranger.LookAsync(Limit, Cancel)).TextOf("who"));

        await using var again = await Host.OpenAsync(state, Cancel);
        await again.NavigateAsync(Site["/"], Cancel);
        snapshot = await again.LookAsync(Limit, Cancel);
        Assert.Equal(("user", "local", "indexed"), (snapshot.TextOf("who"), snapshot.TextOf("local"), snapshot.TextOf("idb")));
        await Assert.ThrowsAsync<InvalidDataException>(() => Host.OpenAsync("[]"u8.ToArray(), Cancel));
    }

    [Fact]
    public async Task Twenty_sessions_open_at_once()
    {
        Site.Page("/", "<h2 id=p>hello</h2>");
        var sessions = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Host.OpenAsync(null, Cancel)));
        try
        {
            await Task.WhenAll(sessions.Select(async s =>
            {
                await s.NavigateAsync(Site["/"], Cancel);
                var snapshot = await s.LookAsync(TimeSpan.FromSeconds(30), Cancel);
                Assert.Equal((null, "hello"), (snapshot.NavigationError, snapshot.TextOf("p")));
            }));
        }
        finally
        {
            await Task.WhenAll(sessions.Select(s => s.DisposeAsync().AsTask()));
        }
        await sessions[0].DisposeAsync();
        Assert.True(sessions[0].Lost.IsCancellationRequested);
        await Assert.ThrowsAsync<BrowserLostException>(() => sessions[0].LookAsync(Limit, Cancel));
    }
}
