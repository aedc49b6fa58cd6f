namespace Ostiary.Portals.Matrix.Styles;

/// <summary>Everything is a div.</summary>
internal sealed class DivsStyle : ClientStyle
{
    public override string Id => "divs";
    public override string About => "No form, no button, no label: divs with roles, placeholders for labels, names that say nothing, a code in six boxes.";
    public override string Cookie => "x";
    public override string Door => "u/0";
    public override bool Boxes => true;
    public override bool ButtonsSleep => false;

    public override string Name(string key) => key switch { "user" => "f1", "password" => "f2", "code" => "f3", "answer" => "f4", "company" => "f5", "do" => "k", _ => key };

    protected override string Frame(Cell cell, string scripts) => Markup.Document(cell.Language, cell.Brand, ".b{cursor:pointer;display:inline-block;padding:12px 24px;margin:8px 8px 8px 0;border-radius:24px}.p{background:#e11d48;color:#fff}.q{color:#e11d48}.wrap{max-width:340px;margin:60px auto;font:16px Lato,Arial}.wrap input{border:0;border-bottom:1px solid #999;padding:10px;width:100%;box-sizing:border-box;margin:6px 0}.warn{color:#e11d48}.top{display:flex;justify-content:space-between;padding:14px 30px;font:16px Lato,Arial}", $"""<div class="top" id="t"></div><div class="wrap" id="w"></div>{scripts}""");

    protected override string Script => """
        function draw(scene, kit) {
          const { el } = kit, v = {}, w = scene.words;
          const b = (text, look, press) => { const d = el('div', { className: 'b ' + look, role: 'button', tabIndex: 0, on: { click: press, keydown: e => { if (e.key === 'Enter') press(); } } }, text); return d; };
          const nodes = [];
          const avatar = kit.avatar(scene);
          if (avatar) nodes.push(avatar);
          if (scene.heading) nodes.push(el('div', { style: 'font-size:22px;font-weight:700' }, scene.heading));
          for (const t of scene.text) nodes.push(el('div', { style: 'margin:8px 0' }, t));
          const choose = () => {
            if (scene.pick?.shape === 'select') {
              const p = scene.pick;
              const box = el('select', { 'aria-label': p.legend, style: 'width:100%;padding:10px', on: { change: ev => { v[p.name] = ev.target.value; } } }, ...p.choices.map(c => el('option', { value: c.value }, c.label)));
              v[p.name] = p.choices[0].value;
              nodes.push(box);
            } else if (scene.pick?.shape === 'radio') {
              const p = scene.pick;
              nodes.push(el('div', { role: 'radiogroup' }, ...p.choices.map(c => el('div', { role: 'radio', 'aria-checked': 'false', tabIndex: 0, style: 'cursor:pointer;padding:8px', on: { click: ev => { v[p.name] = c.value; for (const r of ev.currentTarget.parentNode.children) r.setAttribute('aria-checked', String(r === ev.currentTarget)); } } }, c.label))));
            } else if (scene.pick) {
              const p = scene.pick;
              nodes.push(el('div', {}, ...p.choices.map(c => p.shape === 'list' ? el('div', { style: 'cursor:pointer;border-bottom:1px solid #ddd;padding:12px 0', on: { click: () => { v[p.name] = c.value; kit.send('choose', v); } } }, el('span', {}, c.label), el('span', { style: 'float:right' }, c.detail)) : b(c.label, 'p', () => { v[p.name] = c.value; kit.send('choose', v); }))));
            }
          };
          if (scene.pickFirst) choose();
          const letters = kit.letterBoxes(scene);
          if (letters) nodes.push(letters);
          for (const e of scene.entries) {
            v[e.name] = e.value;
            nodes.push(e.boxes ? kit.boxes(e, x => { v[e.name] = x; }) : el('input', { placeholder: e.label, type: e.kind === 'password' || e.kind === 'new' || e.masked ? 'password' : 'text', value: e.value, on: { input: ev => { v[e.name] = ev.target.value; }, keydown: ev => { if (ev.key === 'Enter') kit.send(scene.presses[0]?.action, v); } } }));
            if (scene.saying?.how === 'inline' && e === scene.entries.at(-1)) nodes.push(el('div', { className: 'warn' }, scene.saying.text));
          }
          const widget = kit.widget(scene);
          if (widget) nodes.push(widget);
          if (!scene.pickFirst) choose();
          if (scene.tick) { const t = el('div', { role: 'checkbox', 'aria-checked': 'false', tabIndex: 0, style: 'cursor:pointer', on: { click: () => t.setAttribute('aria-checked', 'true') } }, '☐ ' + scene.tick.label); nodes.push(t); }
          if (scene.saying?.how === 'alert') nodes.push(el('div', { className: 'warn' }, scene.saying.text));
          if (scene.saying?.how === 'plain') nodes.push(el('div', {}, scene.saying.text));
          for (const p of scene.presses) nodes.push(b(p.label, p.main ? 'p' : 'q', () => kit.send(p.action, v)));
          for (const l of scene.links) nodes.push(el('div', {}, el('a', { href: l.href }, l.label)));
          kit.busy = () => nodes.at(-1).after(el('div', { className: 'loader', style: 'width:30px;height:30px;border:2px dotted #e11d48;border-radius:50%' }));
          document.getElementById('w').replaceChildren(...nodes);
          const corner = scene.inside === '' ? el('div', { role: 'link', tabIndex: 0, style: 'cursor:pointer', on: { click: () => location.assign(kit.door) } }, w.signin) : scene.inside === 'avatar' ? el('div', {}, el('div', { role: 'button', 'aria-label': w.account, style: 'width:36px;height:36px;border-radius:50%;background:#e11d48;color:#fff;text-align:center;cursor:pointer', on: { click: ev => { ev.currentTarget.nextElementSibling.hidden = false; } } }, 'AW'), el('div', { hidden: true }, b(w.signout, 'q', () => location.assign(kit.base + 'out')))) : scene.inside === 'name' ? el('div', {}, w.name) : b(w.signout, 'q', () => location.assign(kit.base + 'out'));
          document.getElementById('t').replaceChildren(el('div', {}, w.brand), corner);
          if (scene.saying?.how === 'toast') kit.toast(scene.saying.text);
          if (scene.saying?.how === 'fade') kit.fade(scene.saying.text);
        }
        """;
}
