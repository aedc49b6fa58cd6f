namespace Ostiary.Portals.Matrix.Styles;

/// <summary>Inputs that belong to a program: what it did not hear typed it takes back, and the button lives only when all is there.</summary>
internal sealed class ControlledStyle : ClientStyle
{
    public override string Id => "controlled";
    public override string About => "Controlled inputs in a form: a value that came without input events is taken back, the button comes alive with the last of them; the server answers 200 to everything.";
    public override string Cookie => "_session";
    public override string Door => "auth/signin";
    protected override bool AlwaysOk => true;
    public override bool Boxes => true;
    public override bool ButtonsSleep => false;

    public override string Name(string key) => key switch { "user" => "emailOrUsername", "code" => "pin", _ => key };

    protected override string Frame(Cell cell, string scripts) => Markup.Document(cell.Language, cell.Brand, "body{margin:0;font:16px/1.5 Georgia;background:#fffbeb}.card{max-width:24rem;margin:10vh auto;background:#fff;padding:2rem;box-shadow:0 4px 20px #0001}.card input{display:block;width:100%;box-sizing:border-box;padding:.7rem;margin:.2rem 0 1rem}.err{color:#9f1239}button:disabled{opacity:.4}", $"""<div id="app"><div class="card">…</div></div>{scripts}""");

    protected override string Script => """
        function draw(scene, kit) {
          const { el } = kit, state = {}, w = scene.words;
          for (const e of scene.entries) state[e.name] = e.value;
          let main = null;
          const alive = () => { if (main) main.disabled = scene.entries.some(e => !state[e.name]) || (scene.pick && (scene.pick.shape === 'radio' || scene.pick.shape === 'select') && !state[scene.pick.name]); };
          const field = (e) => { const id = 'x' + Math.abs([...e.key].reduce((a, c) => a * 31 + c.charCodeAt(0) | 0, 7));
            if (e.boxes) return el('div', { role: 'group', 'aria-label': e.label }, kit.boxes(e, v => { state[e.name] = v.length === e.length ? v : ''; alive(); }));
            const input = el('input', { id, name: e.name, type: e.kind === 'password' || e.kind === 'new' || e.masked ? 'password' : 'text', autocomplete: e.kind === 'password' ? 'new-password' : 'off', on: { input: ev => { state[e.name] = ev.target.value; alive(); } } });
            input.value = state[e.name];
            const watch = setInterval(() => { if (!input.isConnected) clearInterval(watch); else if (input.value !== state[e.name]) input.value = state[e.name]; }, 100);
            return el('div', {}, el('label', { for: id }, e.label), input, scene.saying?.how === 'inline' && e === scene.entries.at(-1) ? el('p', { className: 'err', id: id + '-helper-text' }, scene.saying.text) : null); };
          const button = (p) => { const b = el('button', { type: p.main ? 'submit' : 'button', value: p.action, on: p.main ? {} : { click: () => kit.send(p.action, state) } }, p.label); if (p.main && !main) main = b; return b; };
          const pick = (p) => p.shape === 'select' ? el('select', { 'aria-label': p.legend, on: { change: e => { state[p.name] = e.target.value; alive(); } } }, el('option', { value: '' }, '…'), ...p.choices.map(c => el('option', { value: c.value }, c.label)))
            : p.shape === 'radio' ? el('fieldset', {}, ...p.choices.map(c => el('label', { style: 'display:block' }, el('input', { type: 'radio', name: p.name, value: c.value, style: 'display:inline;width:auto', on: { change: () => { state[p.name] = c.value; alive(); } } }), ' ', c.label)))
            : el(p.shape === 'list' ? 'ul' : 'div', {}, ...p.choices.map(c => el(p.shape === 'list' ? 'li' : 'span', {}, el(p.shape === 'list' ? 'a' : 'button', { href: '#', type: 'button', on: { click: ev => { ev.preventDefault(); state[p.name] = c.value; kit.send('choose', state); } } }, c.label))));
          const form = el('form', { noValidate: true, on: { submit: ev => { ev.preventDefault(); if (main && !main.disabled) kit.send(main.value, state); } } },
            scene.saying?.how === 'alert' ? el('p', { className: 'err', 'aria-live': 'polite' }, scene.saying.text) : scene.saying?.how === 'plain' ? el('p', {}, scene.saying.text) : null,
            scene.pick && scene.pickFirst ? pick(scene.pick) : null, kit.letterBoxes(scene), ...scene.entries.map(field), kit.widget(scene), scene.pick && !scene.pickFirst ? pick(scene.pick) : null, scene.tick ? el('label', {}, el('input', { type: 'checkbox', style: 'display:inline;width:auto' }), scene.tick.label) : null, ...scene.presses.map(button));
          alive();
          const corner = scene.inside === '' ? el('a', { href: kit.door }, w.signin) : scene.inside === 'avatar' ? el('div', {}, el('button', { type: 'button', 'aria-haspopup': 'menu', on: { click: e => { e.target.nextElementSibling.hidden = false; } } }, 'A'), el('div', { hidden: true }, el('a', { href: kit.base + 'out' }, w.signout))) : scene.inside === 'name' ? el('b', {}, w.name) : el('a', { href: kit.base + 'out' }, w.signout);
          const card = el('div', { className: 'card' }, kit.avatar(scene), scene.heading ? el('h2', {}, scene.heading) : null, ...scene.text.map(t => el('p', {}, t)), form, ...scene.links.map(l => el('p', {}, el('a', { href: l.href }, l.label))));
          kit.busy = () => { main.disabled = true; main.setAttribute('aria-busy', 'true'); main.textContent = '…'; };
          document.getElementById('app').replaceChildren(el('header', { style: 'padding:1rem 2rem;display:flex;gap:2rem' }, el('a', { href: kit.base }, w.brand), corner), card);
          if (scene.saying?.how === 'toast') kit.toast(scene.saying.text);
          if (scene.saying?.how === 'fade') kit.fade(scene.saying.text);
        }
        """;
}
