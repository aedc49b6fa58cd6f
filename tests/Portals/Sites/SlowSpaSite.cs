namespace Ostiary.Portals.Sites;

/// <summary>A cloud console that thinks for a while: a spinner before the form, a spinner over it, and an answer after two seconds.</summary>
internal sealed class SlowSpaSite : Site
{
    private static readonly TimeSpan Thinking = TimeSpan.FromSeconds(2);

    public override Portal Portal { get; } = new()
    {
        Id = "slowspa",
        Title = "Vireo Cloud",
        Path = "/slowspa/console",
        Username = "ops-team@vireo.example",
        Password = "Practice-Only-35!",
        WrongPassword = "Not-The-Right-One-35!",
        WrongText = "Sign-in was rejected: unknown user or wrong password",
        Evidence = "3 machines running",
        Style = "Single-page console: a spinner for a second, then the form; after sending a spinner covers everything for two seconds; wrong passwords are a JSON 401; the address never changes.",
    };

    public override string Color => "#16a34a";
    public override string Cookie => "vireo_refresh";

    public override void Map(SiteRoutes at)
    {
        at.Asset("console.js", "text/javascript", Script);
        at.Get("", visit => visit.Go("console"));
        at.Get("console", _ => Visit.Page(Markup.Document("en", "Vireo Console", Css, """<vi-app></vi-app><div class="spin" id="spin"><i></i></div><script type="module" src="/slowspa/console.js"></script>""", """<link rel="icon" href="/slowspa/icon.svg">""")));
        at.Get("api/me", visit => visit.Account is null ? Visit.Json(new { title = "Unauthorized", status = 401 }, StatusCodes.Status401Unauthorized) : Visit.Json(new { name = "Operations", machines = new[] { "web-1", "web-2", "queue-1" } }));
        at.Post("api/token", Thinking, visit =>
        {
            if (!visit.TryPassword(visit["principal"], visit["credential"], out var account)) return Visit.Json(new { title = "Unauthorized", status = 401, detail = "Sign-in was rejected: unknown user or wrong password" }, StatusCodes.Status401Unauthorized);
            visit.SignIn(account);
            return Visit.Json(new { ok = true });
        });
        at.Post("api/revoke", visit =>
        {
            visit.SignOut();
            return Visit.Json(new { ok = true });
        });
    }

    private const string Script = """
        const app = document.querySelector('vi-app'), spin = document.querySelector('#spin');
        const busy = on => { spin.style.display = on ? 'grid' : 'none'; app.inert = on; };
        const post = (path, body) => fetch('/slowspa/api/' + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

        const login = message => {
          app.innerHTML = `<section class="pane"><h1>Vireo Console</h1><div class="fault" role="alert">${message}</div>
            <div class="ctl"><span>User or e-mail</span><input name="principal" autocomplete="username webauthn"></div><div class="ctl"><span>Password</span><input name="credential" type="password" autocomplete="current-password"></div>
            <button class="go">Sign in</button><button class="alt">Sign in with a passkey</button><p><a href="#docs">Documentation</a> · <a href="#status">Status</a></p></section>`;
          const [principal, credential] = app.querySelectorAll('input');
          const go = async () => {
            busy(true);
            const answer = await post('token', { principal: principal.value, credential: credential.value });
            if (answer.ok) { await start(); return; }
            login((await answer.json()).detail);
            busy(false);
          };
          app.querySelector('.go').onclick = go;
          credential.onkeydown = event => { if (event.key === 'Enter') go(); };
          app.querySelector('.alt').onclick = () => { app.querySelector('.fault').textContent = 'No passkey was found on this device.'; };
        };

        const start = async () => {
          busy(true);
          const answer = await fetch('/slowspa/api/me');
          if (answer.ok) {
            const me = await answer.json();
            app.innerHTML = `<div class="top"><b>Vireo Console</b><span>${me.name}</span><button class="out">Sign out</button></div><section class="pane"><h1>${me.machines.length} machines running</h1><ul>${me.machines.map(name => `<li>${name}</li>`).join('')}</ul></section>`;
            app.querySelector('.out').onclick = async () => { await post('revoke', {}); start(); };
          } else login('');
          busy(false);
        };
        setTimeout(start, 1000);
        """;

    private const string Css = """
        body{margin:0;font:15px/1.5 "JetBrains Mono",Menlo,Consolas,monospace;background:#052e16;color:#dcfce7;min-height:100vh}vi-app{display:block}.pane{width:380px;margin:12vh auto;border:1px solid #166534;padding:28px;background:#064e3b}.pane h1{font-size:20px;margin-top:0}.ctl{margin-bottom:14px}.ctl span{display:block}.ctl input{width:100%;box-sizing:border-box;background:#022c22;border:1px solid #16a34a;color:#fff;padding:10px;font:inherit}.go,.alt,.out{font:inherit;padding:10px;width:100%;margin-bottom:8px;border:1px solid #16a34a;background:none;color:#dcfce7}.go{background:#16a34a;color:#fff}.fault{color:#fca5a5;min-height:24px}a{color:#86efac}.top{display:flex;gap:20px;padding:14px 24px;border-bottom:1px solid #166534;align-items:center}.top b{flex:1}.out{width:auto;margin:0}
        .spin{position:fixed;inset:0;display:grid;place-items:center;background:#052e16e6}.spin i{width:52px;height:52px;border:5px solid #166534;border-top-color:#86efac;border-radius:50%;animation:r 1s linear infinite}@keyframes r{to{transform:rotate(1turn)}}
        """;
}
