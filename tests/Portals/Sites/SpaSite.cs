namespace Ostiary.Portals.Sites;

/// <summary>A single-page application: an almost empty document, hash routes, one JSON call to sign in, and an error that is gone after three seconds.</summary>
internal sealed class SpaSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "spa",
        Title = "Tempo Transit",
        Path = "/spa/#/enter",
        Username = "commuter.ines",
        Password = "Practice-Only-5!",
        WrongPassword = "Not-The-Right-One-5!",
        WrongText = "Username or passphrase not recognised",
        Evidence = "Season pass valid until 30 September",
        Style = "Single-page application with hash routes and a token in local storage; placeholders instead of labels; the refusal is a toast that fades after 3 seconds.",
    };

    public override string Color => "#4338ca";
    public override string Cookie => "tt_device";

    public override void Map(SiteRoutes at)
    {
        at.Asset("app.js", "text/javascript", Script);
        at.Get("", _ => Visit.Page(Markup.Document("en", "Tempo Transit", Css, """<div id="root"></div><script src="/spa/app.js"></script>""", """<link rel="icon" href="/spa/icon.svg">""")));
        at.Post("api/session", visit =>
        {
            if (!visit.TryPassword(visit["user"], visit["passphrase"], out var account))
                return Visit.Json(new { error = new { code = "E_AUTH", message = "Username or passphrase not recognised" } }, StatusCodes.Status400BadRequest);
            visit.SignIn(account);
            return Visit.Json(new { token = visit.Visitor.Csrf });
        });
        at.Get("api/pass", visit =>
            visit.Account is not null && visit.Http.Request.Headers.Authorization == "Bearer " + visit.Visitor.Csrf
                ? Visit.Json(new { valid_until = "30 September", zones = "A, B", trips = new[] { new { line = "M2", from = "Old Docks", to = "Observatory" }, new { line = "T7", from = "Observatory", to = "Fairground" } } })
                : Visit.Json(new { error = new { code = "E_SESSION", message = "Session ended" } }, StatusCodes.Status401Unauthorized));
        at.Post("api/bye", visit =>
        {
            visit.SignOut();
            return Visit.Json(new { bye = true });
        });
    }

    private const string Script = """
        const root = document.querySelector('#root');
        const el = (tag, props = {}, ...kids) => { const e = Object.assign(document.createElement(tag), props); e.append(...kids); return e; };
        const toast = text => {
          const snack = el('div', { className: 'snack', textContent: text });
          document.body.append(snack);
          setTimeout(() => snack.classList.add('going'), 2600);
          setTimeout(() => snack.remove(), 3000);
        };
        const call = (path, options = {}) => fetch('/spa/api/' + path, { ...options, headers: { 'content-type': 'application/json', authorization: 'Bearer ' + localStorage.getItem('tt.token') } });
        const bar = inside => el('div', { className: 'bar' }, el('a', { href: '#/', className: 'mark', textContent: 'tempo' }), el('a', { href: '#/lines', textContent: 'Lines' }), el('a', { href: '#/fares', textContent: 'Fares' }), el('i'), ...inside);

        const enter = () => {
          const user = el('input', { className: 'f', placeholder: 'Username', name: 'u' });
          const phrase = el('input', { className: 'f', placeholder: 'Passphrase', type: 'password', name: 'p' });
          const button = el('button', { className: 'b', textContent: 'Hop on' });
          const form = el('form', { className: 'box' }, el('h2', { textContent: 'Your travel account' }), user, phrase, button, el('a', { href: '#/lost', textContent: 'Lost your passphrase?' }), el('a', { href: '#/join', textContent: 'Open a travel account' }));
          form.onsubmit = async event => {
            event.preventDefault();
            button.disabled = true;
            button.textContent = 'One moment…';
            const answer = await call('session', { method: 'POST', body: JSON.stringify({ user: user.value, passphrase: phrase.value }) });
            const body = await answer.json();
            button.disabled = false;
            button.textContent = 'Hop on';
            if (!answer.ok) { toast(body.error.message); return; }
            localStorage.setItem('tt.token', body.token);
            location.hash = '#/pass';
          };
          root.replaceChildren(bar([]), form);
        };

        const pass = async () => {
          root.replaceChildren(bar([]), el('p', { className: 'wait', textContent: 'Loading…' }));
          const answer = await call('pass');
          if (!answer.ok) { localStorage.removeItem('tt.token'); location.hash = '#/enter'; return; }
          const data = await answer.json();
          const leave = el('button', { className: 'lite', textContent: 'Hop off' });
          leave.setAttribute('aria-label', 'Log out');
          leave.onclick = async () => { await call('bye', { method: 'POST', body: '{}' }); localStorage.removeItem('tt.token'); location.hash = '#/'; };
          root.replaceChildren(bar([el('span', { textContent: 'Ines' }), leave]), el('div', { className: 'box' }, el('h2', { textContent: 'Season pass valid until ' + data.valid_until }), el('p', { textContent: 'Zones ' + data.zones }),
            el('ul', {}, ...data.trips.map(trip => el('li', { textContent: `${trip.line}: ${trip.from} to ${trip.to}` })))));
        };

        const front = () => root.replaceChildren(bar([el('a', { href: '#/enter', className: 'b', textContent: 'Travel account' })]), el('div', { className: 'big' }, el('h1', { textContent: 'The city, on time.' }), el('p', { textContent: 'All lines run normally.' })));
        const routes = { '#/enter': enter, '#/pass': pass };
        const show = () => (routes[location.hash] ?? front)();
        addEventListener('hashchange', show);
        setTimeout(show, 150);
        """;

    private const string Css = """
        body{margin:0;font:16px/1.5 Inter,Helvetica,sans-serif;background:#f5f5ff;color:#1e1b4b}.bar{display:flex;gap:2rem;align-items:center;padding:1rem 2rem;background:#1e1b4b}.bar a,.bar span{color:#c7d2fe;text-decoration:none}.bar i{flex:1}.bar .mark{font-weight:800;font-size:1.4rem;color:#fff}
        .box{width:24rem;margin:10vh auto;background:#fff;border-radius:8px;padding:2rem;display:flex;flex-direction:column;gap:1rem;box-shadow:0 2px 0 #c7d2fe}.box h2{margin:0}.f{padding:.9rem;border:0;border-bottom:2px solid #c7d2fe;background:#f5f5ff;font:inherit}.f:focus{outline:0;border-color:#4338ca}
        .b{background:#4338ca;color:#fff!important;border:0;border-radius:6px;padding:.8rem 1.3rem;font:inherit;font-weight:600;cursor:pointer}.b:disabled{opacity:.5}.box a{color:#4338ca;font-size:.9rem}.lite{background:none;border:1px solid #c7d2fe;color:#c7d2fe;border-radius:6px;padding:.4rem .9rem;font:inherit;cursor:pointer}
        .big{padding:14vh 2rem;text-align:center}.big h1{font-size:4rem;margin:0}.wait{text-align:center;padding:4rem}.snack{position:fixed;left:50%;bottom:2rem;transform:translateX(-50%);background:#1e1b4b;color:#fff;padding:.9rem 1.6rem;border-radius:6px;transition:opacity .4s}.going{opacity:0}
        """;
}
