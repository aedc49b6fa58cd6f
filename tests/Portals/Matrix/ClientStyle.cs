namespace Ostiary.Portals.Matrix;

/// <summary>A style whose pages are drawn by a script in the browser from what the server says is to be shown.</summary>
internal abstract class ClientStyle : Style
{
    public override bool Calls => true;

    /// <summary>The document before any script has run.</summary>
    protected abstract string Frame(Cell cell, string scripts);

    /// <summary>Defines <c>draw(scene, kit)</c>.</summary>
    protected abstract string Script { get; }

    /// <summary>The style answers a refusal with status 200 and says so in the body.</summary>
    protected virtual bool AlwaysOk => false;

    public override IResult Get(Moment m, string path)
    {
        switch (path)
        {
            case "state":
                return Visit.Json(Describe(m.Cell, m.Visit.Http.Request.Query.ContainsKey("home") ? Home(m) : m.Site.Now(m)));
            case "poll":
                return Visit.Json(new { changed = m.Site.Poll(new Moment(m.Site, m.Visit) { Polling = true }) });
            case "out":
                m.Visit.SignOut();
                return m.Visit.Go();
            case "captcha":
                return Visit.Page(CaptchaFrame(m.Cell));
            case "badge":
                return Visit.Page("<body style='margin:0;background:#1e3a8a'></body>");
            case "picture":
                return CaptchaPicture();
            case "recover" or "join":
                return Visit.Page(Markup.Document(m.Cell.Language, m.Cell.Brand, "", $"""<h1>{T(m.Say(path == "join" ? "join" : "forgot"))}</h1><form method="post" action="{m.Cell.At(path)}"><input type="email" name="mail" aria-label="{T(m.Say("user"))}"><button>{T(m.Say("next"))}</button></form>"""));
            default:
                return path == "" || path == Door ? Visit.Page(Frame(m.Cell, Scripts(m.Cell, path == "" && !StartsAtHome, null))) : Results.NotFound();
        }
    }

    public override IResult Show(Cell cell, Scene scene, int status) => Visit.Page(Frame(cell, Scripts(cell, false, scene)), status);

    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying)
    {
        if (AlwaysOk && saying is not { How: Shown.Status } && status is 401 or 422 or 419) status = StatusCodes.Status200OK;
        if (saying is { How: Shown.Status }) return Visit.Json(new { ok = false }, status);
        if (m.Bounced) return Visit.Json(new { home = true });
        if (saying is { How: Shown.Address }) return Visit.Json(new { address = "login_failed" }, StatusCodes.Status200OK);
        return Visit.Json(new { ok = status == 200, scene = Describe(m.Cell, scene ?? m.Site.Now(m)) }, status);
    }

    private static Scene Home(Moment m) => new("home", m.Say("home_title"))
    {
        Text = m.Visit.Account is not null && m.Cell.Outcome.Inside == "home" ? [m.Say("home_text"), m.Say("inside")] : [m.Say("home_text")],
        Inside = m.Visit.Account is null ? "" : m.Cell.Outcome.Inside,
        Wall = m.Cell.Outcome.Id == "cookies",
    };

    private object Describe(Cell cell, Scene scene) => new
    {
        scene.Id, scene.Heading, scene.Text, Saying = scene.Saying is { } s ? new { s.Text, How = s.How.ToString().ToLowerInvariant() } : null,
        Entries = scene.Entries.Select(e => new { e.Key, Name = Name(e.Key), e.Kind, e.Label, e.Value, e.Masked, e.Length, Boxes = e.Kind == "code" && Boxes && e.Length > 0 }),
        Pick = scene.Pick is { } p ? new { p.Key, Name = Name(p.Key), p.Shape, p.Legend, Choices = p.Choices.Select(c => new { c.Value, c.Label, c.Detail }) } : null,
        Tick = scene.Tick is { } t ? new { t.Key, t.Label } : null,
        Presses = scene.Presses.Select(p => new { p.Action, p.Label, p.Main }), Links = scene.Links.Select(l => new { Href = cell.At(l.Path), l.Label }),
        scene.PickFirst, scene.Avatar, Letters = scene.Letters is { } l ? l.Places.Zip(l.Labels, (place, label) => new { Name = Name(Letters.Key(place)), Label = label, l.Shape }) : null,
        scene.Widget, scene.Polls, scene.Deaf, scene.Wall, scene.Veil, scene.Sleepy, scene.Inside, Late = scene.Inside.Length > 0 ? cell.Outcome.DrawnAfter.TotalMilliseconds : 0,
        Words = new { Brand = cell.Brand, Signin = cell.Say("signin"), Signout = cell.Say("signout"), Account = cell.Say("account"), Profile = cell.Say("profile"), Name = Cell.Name, Cookies = cell.Say("cookies_text"), Yes = cell.Say("cookies_yes"), No = cell.Say("cookies_no"), News = cell.Say("news"), NewsButton = cell.Say("news_button") },
    };

    private string Scripts(Cell cell, bool home, Scene? given) => $$"""
        <script>
        const kit = { base: '{{cell.At("")}}', door: '{{cell.At(Door)}}', home: {{(home ? "true" : "false")}}, thinking: {{(cell.Outcome.Spins ? "true" : "false")}} };
        {{KitScript.Replace("ACTION", Name("do"), StringComparison.Ordinal)}}
        {{Script}}
        kit.start({{(given is null ? "null" : System.Text.Json.JsonSerializer.Serialize(Describe(cell, given), PortalJson.Options))}});
        </script>
        """;

    private const string KitScript = """
        kit.el = (tag, props = {}, ...children) => { const e = document.createElement(tag); for (const [k, v] of Object.entries(props)) { if (k === 'on') for (const [n, f] of Object.entries(v)) e.addEventListener(n, f); else if (k === 'style' || k.includes('-') || k === 'role' || k === 'for') e.setAttribute(k, v); else if (v !== undefined) e[k] = v; } e.append(...children.filter(c => c !== null && c !== undefined && c !== '')); return e; };
        kit.show = (scene) => { kit.scene = scene; if (scene.heading) document.title = scene.heading + ' · ' + scene.words.brand; if (kit.heard === undefined) kit.heard = !scene.deaf; kit.trap = ''; kit.letters = {}; if (scene.late) { kit.later(scene); return; } draw(scene, kit); if (scene.sleepy) kit.sleepy(); if (scene.veil) kit.veil(); if (scene.wall) kit.wall(scene); if (scene.polls) kit.poll(); };
        kit.later = (scene) => { const parts = [...document.body.children]; parts.forEach(e => { e.hidden = true; }); const bar = kit.el('div', { style: 'height:3rem;background:#0001' }); document.body.append(bar); setTimeout(() => { bar.remove(); parts.forEach(e => { e.hidden = false; }); draw(scene, kit); }, scene.late); };
        kit.sleepy = () => { const buttons = [...document.querySelectorAll('button')], sleep = off => buttons.forEach(b => { b.disabled = off; }); let timer; sleep(true); document.body.addEventListener('input', () => { clearTimeout(timer); sleep(true); timer = setTimeout(() => sleep(false), 1000); }); };
        kit.veil = () => { const e = kit.el('div', { style: 'position:fixed;inset:0;background:#fffd;z-index:60' }, kit.el('div', { className: 'spinner', style: 'width:40px;height:40px;margin:30vh auto;border:4px solid #94a3b8;border-top-color:transparent;border-radius:50%' })); document.body.append(e); setTimeout(() => e.remove(), 2500); };
        kit.avatar = (scene) => scene.avatar ? kit.el('div', { 'aria-hidden': 'true', style: 'width:56px;height:56px;border-radius:50%;background:#64748b;color:#fff;line-height:56px;text-align:center' }, scene.avatar) : null;
        kit.letterBoxes = (scene) => !scene.letters ? null : kit.el('div', { style: 'display:flex;gap:14px' }, ...scene.letters.map(l => kit.el('div', {}, kit.el('div', {}, l.label), l.shape === 'selects'
          ? kit.el('select', { 'aria-label': l.label, on: { change: e => { kit.letters[l.name] = e.target.value; } } }, ...['', ...'abcdefghijklmnopqrstuvwxyz0123456789'].map(c => kit.el('option', { value: c }, c)))
          : kit.el('input', { type: 'password', maxLength: 1, 'aria-label': l.label, style: 'width:38px', on: { input: e => { kit.letters[l.name] = e.target.value; } } }))));
        kit.load = async () => kit.show(await (await fetch(kit.base + 'state' + (kit.home ? '?home' : ''))).json());
        kit.start = (scene) => scene ? kit.show(scene) : kit.load();
        kit.send = async (action, values = {}) => {
          if (!kit.heard) { kit.heard = true; return; }
          if (kit.thinking && kit.busy) kit.busy();
          const answer = await fetch(kit.base + 'do', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ACTION: action, ...values, ...kit.letters, ...(kit.trap ? { website: kit.trap } : {}) }) });
          const body = await answer.json();
          if (body.address) history.pushState(null, '', '?auth=' + body.address);
          if (body.home) { location.assign(kit.base); return; }
          if (body.scene) { if (body.scene.inside === 'home') location.assign(kit.base); else kit.show(body.scene); }
          else kit.show({ ...kit.scene, saying: null, entries: kit.scene.entries.map(e => e.kind === 'user' ? { ...e, value: Object.hasOwn(values, e.name) ? values[e.name] : e.value } : e) });
        };
        kit.poll = () => setTimeout(async () => { if (!kit.scene.polls) return; const answer = await (await fetch(kit.base + 'poll')).json(); if (answer.changed) kit.load(); else kit.poll(); }, 700);
        kit.wall = (scene) => { if (localStorage.getItem('consent:' + kit.base)) return; const away = () => { localStorage.setItem('consent:' + kit.base, '1'); wall.remove(); }; const wall = kit.el('div', { style: 'position:fixed;inset:0;background:#0009;z-index:99' }, kit.el('div', { style: 'background:#fff;color:#222;position:absolute;left:0;right:0;bottom:0;padding:2rem' }, kit.el('p', {}, scene.words.cookies), kit.el('button', { type: 'button', on: { click: away } }, scene.words.no), ' ', kit.el('button', { type: 'button', on: { click: away } }, scene.words.yes))); document.body.append(wall); };
        kit.toast = (text, root = document.body) => { const e = kit.el('div', { style: 'position:fixed;left:50%;bottom:2rem;transform:translateX(-50%);background:#222;color:#fff;padding:.8rem 1.2rem;border-radius:8px' }, text); root.append(e); setTimeout(() => e.remove(), 1500); };
        kit.fade = (text, root = document.body) => { const e = kit.el('div', { style: 'position:fixed;left:50%;top:2rem;background:#222;color:#fff;padding:.8rem 1.2rem;transition:opacity .4s;opacity:0' }, text); root.append(e); setTimeout(() => { e.style.opacity = '1'; }, 800); setTimeout(() => { e.style.opacity = '0'; }, 3200); };
        kit.widget = (scene) => scene.widget === 'captcha' ? kit.el('iframe', { src: kit.base + 'captcha', width: 304, height: 78, style: 'border:0' }) : scene.widget === 'picture' ? kit.el('img', { src: kit.base + 'picture', width: 160, height: 50 }) : scene.widget === 'trap' ? kit.el('div', { style: 'position:absolute;left:-9999px;top:0' }, kit.el('label', {}, 'Website', kit.el('input', { name: 'website', tabIndex: -1, autocomplete: 'off', on: { input: e => { kit.trap = e.target.value; } } }))) : scene.widget === 'badge' ? kit.el('div', { style: 'position:fixed;right:0;bottom:14px' }, kit.el('iframe', { src: kit.base + 'badge', width: 70, height: 60, style: 'border:0' })) : null;
        kit.boxes = (entry, set) => { const boxes = []; const all = () => { set(boxes.map(b => b.value).join('')); }; for (let i = 0; i < entry.length; i++) boxes.push(kit.el('input', { maxLength: 1, inputMode: 'numeric', style: 'width:38px;height:44px;text-align:center', on: { input: () => { all(); if (boxes[i].value) boxes[i + 1]?.focus(); }, keydown: e => { if (e.key === 'Backspace' && !boxes[i].value) boxes[i - 1]?.focus(); } } })); return kit.el('div', { style: 'display:flex;gap:8px' }, ...boxes); };
        """;
}
