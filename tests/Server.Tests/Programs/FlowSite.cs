using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ostiary.Server.Tests.Programs;

/// <summary>A small hotel site with the awkward corners that programs meet. Every page forbids <c>eval</c> by its content security policy.</summary>
internal sealed class FlowSite : IAsyncDisposable
{
    private readonly WebApplication host;

    private FlowSite(WebApplication app)
    {
        host = app;
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public int Port { get; }

    /// <summary>Requests seen, as path and query.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<FlowSite> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        FlowSite? site = null;
        app.Use((context, next) =>
        {
            site!.Requests.Enqueue(context.Request.Path + context.Request.QueryString);
            return next(context);
        });
        Map(app);
        await app.StartAsync();
        site = new FlowSite(app);
        return site;
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/", () => Page("Hotel Miramar", """
            <h1>Welcome back, guest</h1>
            <nav><a href="/bookings" id="nav-bookings">My bookings</a> <a href="/files">Documents</a></nav>
            """));
        // Signed in already: the sign-in page sends people on, by script, after a moment.
        app.MapGet("/login", () => Page("Sign in", "<p>One moment…</p>", "setTimeout(() => location.replace('/'), 200);"));
        app.MapGet("/login-form", () => Page("Sign in", """
            <form action="/session"><label>Email <input id="email" name="email"></label><label>Password <input id="password" name="password" type="password"></label><button>Sign in</button></form>
            """));
        app.MapGet("/session", () => Results.Redirect("/"));
        app.MapGet("/bookings", () => Page("Bookings", """
            <h1>Find a stay</h1>
            <form action="/results">
              <label for="destination">Destination</label> <input id="destination" name="q" data-testid="destination">
              <label for="nights">Nights</label>
              <select id="nights" name="nights"><option value="1">One night</option><option value="2">Two nights</option><option value="7">A week</option></select>
              <label class="tick"><input type="checkbox" id="flexible" name="flexible" value="yes"><span class="box"></span> Flexible dates</label>
              <input type="date" id="from" name="from" aria-label="Arrival">
              <input type="range" id="guests" name="guests" min="1" max="9" value="1" aria-label="Guests">
              <textarea id="wish" name="wish" aria-label="Wishes"></textarea>
              <button type="submit" class="primary"><span>Search</span></button>
            </form>
            <style>.tick { position: relative; padding-left: 24px } .tick input { opacity: 0; position: absolute; left: 0; width: 18px; height: 18px } .box { position: absolute; left: 0; width: 18px; height: 18px; border: 1px solid }</style>
            """));
        app.MapGet("/results", (HttpContext http) => Page($"Results for {http.Request.Query["q"]}", $"""
            <h1>Results for {Html(http.Request.Query["q"])}</h1>
            <p id="asked">{Html(string.Join("; ", http.Request.Query.Select(q => $"{q.Key}={q.Value}")))}</p>
            <div id="app"></div>
            """, """
            setTimeout(async () => {
              const stays = await (await fetch('/api/stays')).json();
              const html = stays.map(s => `<tr class="stay" data-id="${s.id}"><td class="hotel"><a href="/stays/${s.id}">${s.hotel}</a></td><td class="from"><time datetime="${s.from}">${s.shown}</time></td>
                <td class="price" aria-label="Price">${s.price}</td><td class="paid">${s.paid}</td><td><ul>${s.extras.map(e => `<li><b>${e.name}</b> <i>${e.cost}</i></li>`).join('')}</ul></td></tr>`);
              document.getElementById('app').innerHTML = '<table><tbody></tbody></table>';
              for (const row of html) { document.querySelector('tbody').insertAdjacentHTML('beforeend', row); await new Promise(r => setTimeout(r, 30)); }
            }, 250);
            """));
        app.MapGet("/api/stays", () => Results.Json(new[]
        {
            new { id = 7, hotel = "Miramar", from = "2026-03-12", shown = "12 March", price = "1.234,56 €", paid = "ja", extras = new[] { new { name = "Spa", cost = "20 €" }, new { name = "Boat", cost = "35,50 €" } } },
            new { id = 8, hotel = "Bellevue", from = "2026-04-01", shown = "1 April", price = "(80,00 €)", paid = "nein", extras = Array.Empty<object>().Select(_ => new { name = "", cost = "" }).ToArray() },
        }));
        app.MapGet("/stays/{id:int}", (int id) => Page($"Stay {id}", $"""<h1>Stay {id}</h1><p class="code">Code: <b>HM-{id}</b></p><button id="back">Back</button>"""));
        app.MapGet("/empty", () => Page("Nothing", "<h1>No stays yet</h1><table><tbody></tbody></table>"));
        app.MapGet("/shadow", () => Page("Shadow", "<x-panel id='panel'></x-panel><p id='out'></p>", """
            customElements.define('x-field', class extends HTMLElement { connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = '<label>Voucher <input id="voucher" placeholder="ABC-1"></label><button id="use">Use voucher</button>'; } });
            customElements.define('x-panel', class extends HTMLElement { connectedCallback() {
              this.attachShadow({mode: 'open'}).innerHTML = '<h2>Vouchers</h2><x-field class="entry"></x-field>';
              const inner = this.shadowRoot.querySelector('x-field').shadowRoot;
              inner.getElementById('use').addEventListener('click', () => { document.getElementById('out').textContent = 'Used ' + inner.getElementById('voucher').value; });
            } });
            """));
        app.MapGet("/frames", (HttpContext http) => Page("Frames", $"""
            <h1>Frames</h1><iframe src="/frame-outer" width="500" height="200"></iframe><iframe src="http://other.example:{http.Request.Host.Port ?? 80}/frame-inner?who=other" width="500" height="200"></iframe>
            """));
        app.MapGet("/frame-outer", () => Page("Outer", """<p>Outer frame</p><iframe src="/frame-inner?who=own" width="400" height="120"></iframe>"""));
        app.MapGet("/frame-inner", (string who) => Page("Inner", $"""<button>Press {who}</button><p id="state">waiting</p>""",
            "document.querySelector('button').addEventListener('click', () => { document.getElementById('state').textContent = 'pressed'; });"));
        app.MapGet("/popup", () => Page("Opener", """<button id="open">Show terms</button><p id="answer">none</p>""", """
            document.getElementById('open').addEventListener('click', () => window.open('/popup-child?token=' + Math.random(), '', 'width=400,height=300'));
            window.addEventListener('message', e => { document.getElementById('answer').textContent = e.data; });
            """));
        app.MapGet("/popup-child", () => Page("Terms", """<h1>Terms</h1><button>I accept</button>""", "document.querySelector('button').addEventListener('click', () => { window.opener.postMessage('accepted', '*'); document.querySelector('h1').textContent = 'Thank you'; });"));
        app.MapGet("/spa", () => Page("App", """<button>Open invoices</button><main></main>""", """
            document.querySelector('button').addEventListener('click', () => setTimeout(() => { history.pushState({}, '', '/spa/invoices'); document.querySelector('main').innerHTML = '<h2>Invoices</h2>'; }, 150));
            """));
        app.MapGet("/mouse", () => Page("Mouse", """
            <div id="pad" style="width:300px;height:200px;background:#eee"></div>
            <div id="menu">Menu<div id="sub" hidden>Submenu shown</div></div>
            <div id="box" style="width:100px;height:60px;overflow:auto"><div style="height:500px">long</div></div>
            <input id="keys" aria-label="Keys"><p id="log"></p><div style="height:3000px"></div>
            """, """
            const log = text => { document.getElementById('log').textContent += text + ';'; };
            const pad = document.getElementById('pad');
            let down = 0;
            pad.addEventListener('mousedown', e => { down = e.timeStamp; });
            pad.addEventListener('click', e => log('click ' + Math.round(e.offsetX) + ',' + Math.round(e.offsetY) + ' held ' + (e.timeStamp - down >= 180 ? 'long' : 'short') + ' trusted ' + e.isTrusted));
            pad.addEventListener('dblclick', () => log('dblclick'));
            pad.addEventListener('contextmenu', e => { e.preventDefault(); log('context'); });
            pad.addEventListener('auxclick', e => log('aux ' + e.button));
            document.getElementById('menu').addEventListener('mouseenter', () => { document.getElementById('sub').hidden = false; });
            document.getElementById('keys').addEventListener('keydown', e => log('down ' + e.key + (e.shiftKey ? '+shift' : '')));
            document.getElementById('keys').addEventListener('keyup', e => log('up ' + e.key));
            """));
        app.MapGet("/files", () => Page("Documents", """
            <h1>Documents</h1>
            <ul>
              <li class="doc"><b>March</b> <a class="get" href="/doc/march.csv">Download</a></li>
              <li class="doc"><b>April</b> <a class="get" href="/doc/april.csv">Download</a></li>
              <li class="doc"><b>May</b> <span>not ready</span></li>
            </ul>
            <a id="pdf" href="/statement.pdf">Statement</a> <a id="pdf-new" href="/statement.pdf" target="_blank">Statement in a new window</a>
            <button id="scripted">Export</button><p id="nothing"><button id="dead">Export nothing</button></p>
            """, "document.getElementById('scripted').addEventListener('click', () => setTimeout(() => { location.href = '/doc/export.csv'; }, 200));"));
        app.MapGet("/doc/{name}", (string name) => Results.File(Encoding.UTF8.GetBytes($"file {name}\n"), "text/csv", name));
        app.MapGet("/statement.pdf", () => Results.Bytes(Pdf, "application/pdf"));
        app.MapGet("/odd", (HttpContext http) => Page("Odd names", $"""
            <h1>Odd</h1>
            <button id="a&quot;b" data-id="it's &quot;odd&quot; ]" class="x">One</button>
            <button id="other" data-id="plain" class="x">Two</button>
            <button id="3rd" data-id="3" class="x">Three</button>
            <p id="out"></p>
            """, "document.querySelectorAll('button').forEach(b => b.addEventListener('click', () => { document.getElementById('out').textContent += b.textContent + ';'; }));"));
        app.MapGet("/echo/{**path}", (HttpContext http) => Page("Echo", $"""<p id="path">{Html(http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget)}</p>"""));
        app.MapGet("/covered", () => Page("Covered", """
            <button id="go">Go on</button><div id="wall" style="position:fixed;inset:0;background:#fff8">We use cookies</div>
            """));
        app.MapGet("/late", () => Page("Late", "<h1>Late</h1>", "setTimeout(() => { document.body.insertAdjacentHTML('beforeend', '<button id=\"late\" disabled>Late button</button><p id=\"out\"></p>'); const b = document.getElementById('late'); b.onclick = () => { document.getElementById('out').textContent = 'clicked'; }; setTimeout(() => { b.disabled = false; window.ready = {items: 3}; }, 300); }, 300);"));
        app.MapGet("/secret", () => Page("Account", """<h1>Account</h1><div role="alert">Your card has expired</div><input type="password" id="pin" value="hush-hush-value"><input id="name" value="Ada L.">"""));
        app.MapGet("/cards", () => Page("Konto", """
            <html lang="de"><dl><dt>Saldo</dt><dd id="saldo">1.234 Punkte</dd><dt>Stand</dt><dd id="stand">03.04.2026</dd></dl>
            <article><h3>Eins</h3><button aria-label="Entfernen">x</button></article><article><h3>Zwei</h3><button aria-label="Entfernen">x</button></article><article><h3>Drei</h3><button aria-label="Entfernen">x</button></article>
            """, "document.documentElement.lang = 'de'; document.querySelectorAll('article button').forEach(b => b.addEventListener('click', () => b.parentElement.remove()));"));
        app.MapGet("/tall", () => Page("Many", "<ul></ul>", "document.querySelector('ul').innerHTML = '<li>row</li>'.repeat(10001);"));
        app.MapGet("/wide", () => Page("Much", "<p></p>", "document.querySelector('p').textContent = 'wide '.repeat(30000);"));
        app.MapGet("/spin", () => Page("Busy", "<h1>Busy</h1>", "setTimeout(() => { for (;;) {} }, 300);"));
        app.MapGet("/slow-link", () => Page("Slow link", """<h1>Before</h1><button>Slow</button>""", "document.querySelector('button').addEventListener('click', () => { location.href = '/slow-page'; });"));
        // A page whose script is busy for long after a click: a second click would count twice.
        app.MapGet("/busy-click", () => Page("Busy click", """<h1>Orders</h1><button>Order</button><p id="out">0</p>""", """
            document.querySelector('button').addEventListener('click', () => {
              document.getElementById('out').textContent = Number(document.getElementById('out').textContent) + 1;
              const until = performance.now() + 2500;
              while (performance.now() < until);
            });
            """));
        app.MapGet("/slow-page", async (CancellationToken ct) =>
        {
            // A site that thinks for a while; nothing in a test waits for the length of it.
            await Task.Delay(2000, ct);
            return Page("Slow page", "<h1>Arrived</h1>");
        });
        app.MapGet("/bounce", () => Page("Bounce", "<p>bouncing</p>", "location.href = '/bookings';"));
    }

    private static string Html(string? text) => WebUtility.HtmlEncode(text ?? "");

    private static IResult Page(string title, string body, string script = "") => new Html5(title, body, script);

    private sealed class Html5(string title, string body, string script) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = "text/html; charset=utf-8";
            httpContext.Response.Headers.ContentSecurityPolicy = "script-src 'nonce-n'; object-src 'self'";
            return httpContext.Response.WriteAsync($"<!doctype html><html lang=\"en\"><head><title>{Html(title)}</title></head><body>{body}<script nonce=\"n\">{script}</script></body></html>");
        }
    }

    /// <summary>A whole PDF of one empty page.</summary>
    private static readonly byte[] Pdf = Encoding.ASCII.GetBytes(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n");

    public async ValueTask DisposeAsync() => await host.DisposeAsync();
}
