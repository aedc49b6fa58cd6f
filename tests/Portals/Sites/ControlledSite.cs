namespace Ostiary.Portals.Sites;

/// <summary>An analytics tool whose fields belong to a script: values set from outside are thrown away, the button wakes up only after real input events.</summary>
internal sealed class ControlledSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "controlled",
        Title = "Prism Analytics",
        Path = "/controlled/login",
        Username = "dana@prism.example",
        Password = "Practice-Only-29!",
        WrongPassword = "Not-The-Right-One-29!",
        WrongText = "These credentials are not valid.",
        Evidence = "Visitors this week",
        Style = "No form element; controlled inputs in the manner of React: only trusted input events reach the state, any other value is written back, and the button stays disabled until both fields hold something.",
    };

    public override string Color => "#0891b2";
    public override string Cookie => "prism-api";

    public override void Map(SiteRoutes at)
    {
        at.Asset("main.3f9c1.js", "text/javascript", Script);
        at.Get("", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Document("""<div id="app" data-view="home"></div>""")));
        at.Get("login", visit => visit.Account is null ? Visit.Page(Document("""<div id="app" data-view="login"></div>""")) : visit.Go());
        at.Post("api/v3/authenticate", TimeSpan.FromMilliseconds(400), visit =>
        {
            if (!visit.TryPassword(visit["email"], visit["password"], out var account)) return Visit.Json(new { status = "error", message = "These credentials are not valid." }, StatusCodes.Status401Unauthorized);
            visit.SignIn(account);
            return Visit.Json(new { status = "ok" });
        });
        at.Post("api/v3/logout", visit =>
        {
            visit.SignOut();
            return Visit.Json(new { status = "ok" });
        });
    }

    private static string Document(string body) => Markup.Document("en", "Prism", Css, body + """<script src="/controlled/main.3f9c1.js"></script>""", """<link rel="icon" href="/controlled/icon.svg">""");

    private const string Script = """
        const app = document.getElementById('app');
        const post = (path, body) => fetch('/controlled/api/v3/' + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

        if (app.dataset.view === 'home') {
          app.innerHTML = '<div class="css-nav"><span>prism</span><button class="css-x1" data-act="out">Log out</button></div><div class="css-main"><div class="css-h">Visitors this week</div><div class="css-bars">' + [40, 62, 55, 80, 91, 60, 35].map(h => `<i style="height:${h}%"></i>`).join('') + '</div></div>';
          app.querySelector('[data-act=out]').onclick = async () => { await post('logout', {}); location.href = '/controlled/login'; };
        } else {
          const state = { email: '', password: '', busy: false, error: '' };
          app.innerHTML = `<div class="css-1a"><div class="css-2b"><div class="css-h">prism</div><div class="css-s">See what your visitors see.</div>
            <div class="css-4d"><div class="css-5e"><input class="css-6f" id=":r1:" type="text"><div class="css-7g">Email</div></div></div>
            <div class="css-4d"><div class="css-5e"><input class="css-6f" id=":r2:" type="password"><div class="css-7g">Password</div></div></div>
            <div class="css-err"></div><button class="css-x1" disabled>Log in</button><div class="css-s"><a href="#reset">Reset password</a> <a href="#trial">Start a free trial</a></div></div></div>`;
          const [email, password] = app.querySelectorAll('input');
          const button = app.querySelector('button');
          const error = app.querySelector('.css-err');
          const render = () => {
            for (const [input, key] of [[email, 'email'], [password, 'password']]) {
              if (input.value !== state[key]) input.value = state[key];
              input.parentElement.classList.toggle('css-up', state[key] !== '' || document.activeElement === input);
            }
            button.disabled = state.busy || !state.email || !state.password;
            button.textContent = state.busy ? 'Logging in' : 'Log in';
            error.textContent = state.error;
          };
          const bind = (input, key) => {
            input.addEventListener('input', event => { if (event.isTrusted) state[key] = input.value; render(); });
            input.addEventListener('focus', render);
            input.addEventListener('blur', render);
          };
          bind(email, 'email');
          bind(password, 'password');
          button.addEventListener('click', async () => {
            Object.assign(state, { busy: true, error: '' });
            render();
            const answer = await post('authenticate', { email: state.email, password: state.password });
            if (answer.ok) { location.href = '/controlled/'; return; }
            Object.assign(state, { busy: false, error: (await answer.json()).message, password: '' });
            render();
          });
          setInterval(render, 500);
        }
        """;

    private const string Css = """
        body{margin:0;font:15px/1.5 "IBM Plex Sans",Helvetica,sans-serif;background:#083344;color:#cffafe}.css-1a{display:grid;place-items:center;min-height:100vh;background:linear-gradient(135deg,#083344,#155e75 50%,#4c1d95)}.css-2b{width:320px;background:#0b2530cc;padding:36px;border-radius:16px}.css-h{font-size:28px;font-weight:700}.css-s{margin:8px 0 20px;color:#a5f3fc}.css-s a{color:#67e8f9;margin-right:14px;font-size:13px}.css-4d{margin-bottom:18px}.css-5e{position:relative}.css-6f{width:100%;box-sizing:border-box;background:none;border:1px solid #22d3ee;border-radius:8px;padding:14px;color:#fff;font:inherit}.css-7g{position:absolute;left:14px;top:14px;pointer-events:none;transition:.1s}.css-up .css-7g{top:-9px;font-size:12px;background:#0b2530;padding:0 4px}
        .css-x1{width:100%;background:#0891b2;color:#fff;border:0;border-radius:8px;padding:13px;font:inherit;font-weight:600;cursor:pointer}.css-x1:disabled{opacity:.4;cursor:not-allowed}.css-err{color:#fda4af;min-height:24px;margin-bottom:8px}.css-nav{display:flex;justify-content:space-between;padding:18px 30px}.css-nav .css-x1{width:auto;padding:8px 18px}.css-main{padding:40px}.css-bars{display:flex;gap:14px;height:260px;align-items:flex-end;margin-top:24px}.css-bars i{flex:1;background:#22d3ee;border-radius:6px 6px 0 0}
        """;
}
