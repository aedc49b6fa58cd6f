namespace Ostiary.Portals.Matrix.Styles;

/// <summary>A single-page application: no form, generated class names, calls with JSON.</summary>
internal sealed class AppStyle : ClientStyle
{
    public override string Id => "app";
    public override string About => "A single-page application without a form: everything drawn by script, class names of a generator, JSON calls with real statuses.";
    public override string Cookie => "connect.sid";

    public override string Name(string key) => key switch { "user" => "identifier", "password" => "credential", "code" => "challengeResponse", _ => key };

    protected override string Frame(Cell cell, string scripts) => Markup.Document(cell.Language, cell.Brand, "body{margin:0;font:15px/1.6 Inter,Arial;background:#0f172a;color:#e2e8f0}a{color:#7dd3fc}", $"""<noscript>JavaScript</noscript><div id="root"></div>{scripts}""");

    protected override string Script => """
        function draw(scene, kit) {
          const { el } = kit, values = {}, w = scene.words;
          const go = (action) => kit.send(action, values);
          for (const e of scene.entries) values[e.name] = e.value;
          const field = (e) => el('div', { className: 'css-1a' + e.kind, style: 'margin:14px 0' }, el('div', { className: 'css-lbl', style: 'font-size:12px;color:#94a3b8' }, e.label),
            e.boxes ? kit.boxes(e, v => { values[e.name] = v; }) : el('input', { type: e.kind === 'password' || e.kind === 'new' || e.masked ? 'password' : 'text', value: e.value, style: 'width:100%;box-sizing:border-box;padding:10px;background:#1e293b;border:1px solid #334155;color:#fff', on: { input: ev => { values[e.name] = ev.target.value; }, keydown: ev => { if (ev.key === 'Enter') go(scene.presses[0]?.action); } } }),
            scene.saying?.how === 'inline' && e === scene.entries.at(-1) ? el('div', { style: 'color:#fca5a5;font-size:12px' }, scene.saying.text) : null);
          const button = (p) => el('button', { type: 'button', className: p.main ? 'css-8dk2' : 'css-q1', style: p.main ? 'background:#38bdf8;border:0;padding:12px 28px;margin:8px 8px 8px 0' : 'background:none;border:0;color:#7dd3fc', on: { click: () => go(p.action) } }, p.label);
          const pick = (p) => p.shape === 'select' ? el('select', { on: { change: e => { values[p.name] = e.target.value; } } }, el('option', { value: '' }, '–'), ...p.choices.map(c => el('option', { value: c.value }, c.label)))
            : p.shape === 'radio' ? el('div', { role: 'radiogroup', 'aria-label': p.legend }, ...p.choices.map(c => { const r = el('div', { role: 'radio', tabIndex: 0, 'aria-checked': 'false', style: 'cursor:pointer;padding:10px;border:1px solid #334155', on: { click: () => { values[p.name] = c.value; r.parentNode.querySelectorAll('[role=radio]').forEach(o => o.setAttribute('aria-checked', String(o === r))); } } }, c.label, el('div', {}, c.detail)); return r; }))
            : el('div', {}, ...p.choices.map(c => p.shape === 'list' ? el('div', { className: 'css-row', style: 'cursor:pointer;padding:12px;border-bottom:1px solid #334155', on: { click: () => { values[p.name] = c.value; go('choose'); } } }, el('div', {}, c.label), el('div', { style: 'color:#94a3b8' }, c.detail)) : el('button', { type: 'button', on: { click: () => { values[p.name] = c.value; go('choose'); } } }, c.label)));
          const corner = scene.inside === '' ? el('a', { href: kit.door }, w.signin) : scene.inside === 'avatar' ? el('div', {}, el('button', { type: 'button', 'aria-label': w.account, on: { click: e => { e.target.nextElementSibling.hidden = false; } } }, 'AW'), el('div', { hidden: true }, el('a', { href: kit.base + 'out' }, w.signout))) : scene.inside === 'name' ? el('span', {}, w.name) : el('button', { type: 'button', on: { click: () => location.assign(kit.base + 'out') } }, w.signout);
          const main = el('div', { style: 'max-width:380px;margin:8vh auto' },
            kit.avatar(scene), scene.heading ? el('div', { className: 'css-h', style: 'font-size:26px' }, scene.heading) : null, ...scene.text.map(t => el('div', {}, t)),
            scene.saying && (scene.saying.how === 'alert' || scene.saying.how === 'plain') ? el('div', scene.saying.how === 'alert' ? { role: 'alert', style: 'background:#7f1d1d;padding:10px' } : {}, scene.saying.text) : null,
            scene.pick && scene.pickFirst ? pick(scene.pick) : null, kit.letterBoxes(scene), ...scene.entries.map(field), kit.widget(scene), scene.pick && !scene.pickFirst ? pick(scene.pick) : null,
            scene.tick ? el('label', {}, el('input', { type: 'checkbox', on: { change: e => { values[scene.tick.key] = e.target.checked ? '1' : ''; } } }), ' ', scene.tick.label) : null,
            ...scene.presses.map(button), ...scene.links.map(l => el('div', {}, el('a', { href: l.href }, l.label))));
          kit.busy = () => main.append(el('div', { className: 'spinner', role: 'progressbar', style: 'width:24px;height:24px;border:3px solid #38bdf8;border-top-color:transparent;border-radius:50%' }));
          document.getElementById('root').replaceChildren(el('div', { style: 'display:flex;justify-content:space-between;padding:16px 32px' }, el('a', { href: kit.base }, w.brand), corner), main);
          if (scene.saying?.how === 'toast') kit.toast(scene.saying.text);
          if (scene.saying?.how === 'fade') kit.fade(scene.saying.text);
        }
        """;
}
