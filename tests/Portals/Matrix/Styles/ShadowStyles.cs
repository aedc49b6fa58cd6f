namespace Ostiary.Portals.Matrix.Styles;

/// <summary>Custom elements: every part in a shadow root of its own.</summary>
internal abstract class ShadowStyle(string mode) : ClientStyle
{
    public override string Cookie => "sess";
    public override string Door => "portal";
    public override bool ButtonsSleep => false;

    protected override string Frame(Cell cell, string scripts) => Markup.Document(cell.Language, cell.Brand, "body{margin:0;font:16px/1.5 Verdana;background:#ecfeff}", $"<xm-shell></xm-shell>{scripts}");

    protected override string Script => $$"""
        const roots = new WeakMap();
        const define = (name, build) => customElements.define(name, class extends HTMLElement {
          connectedCallback() { if (!roots.has(this)) roots.set(this, this.attachShadow({ mode: '{{mode}}' })); this.redraw(); }
          redraw() { if (!this.data) return; const root = roots.get(this); root.replaceChildren(); build(this, root, this.data); }
        });
        const make = (name, data) => { const e = document.createElement(name); e.data = data; return e; };
        define('xm-input', (host, root, d) => { const input = kit.el('input', { type: d.type, 'aria-label': d.label, style: 'width:100%;box-sizing:border-box;padding:.6rem', on: { keydown: e => { if (e.key === 'Enter') d.enter(); }, input: () => d.set(input.value) } }); input.value = d.value; root.append(kit.el('span', { style: 'font-size:.8rem' }, d.label), input, d.under ? kit.el('span', { style: 'color:#b91c1c' }, d.under) : ''); });
        define('xm-press', (host, root, d) => root.append(kit.el('button', { type: 'button', style: d.main ? 'padding:.7rem 2rem;background:#0e7490;color:#fff;border:0' : 'border:0;background:none;color:#0e7490', on: { click: d.press } }, d.label)));
        define('xm-note', (host, root, d) => root.append(d.how === 'alert' ? kit.el('div', { role: 'alert', style: 'background:#fee2e2;padding:.6rem' }, d.text) : kit.el('div', {}, d.text)));
        define('xm-shell', (host, root, scene) => {
          const { el } = kit, w = scene.words, values = {};
          for (const e of scene.entries) values[e.name] = e.value;
          const go = (action) => kit.send(action, values);
          const box = el('section', { style: 'max-width:25rem;margin:6vh auto;background:#fff;padding:2rem;border-radius:20px' });
          const corner = scene.inside === '' ? el('a', { href: kit.door }, w.signin) : scene.inside === 'avatar' ? el('span', {}, el('button', { type: 'button', 'aria-haspopup': 'true', on: { click: e => { e.target.nextElementSibling.hidden = false; } } }, 'AW'), el('span', { hidden: true }, el('a', { href: kit.base + 'out' }, w.signout))) : scene.inside === 'name' ? el('span', {}, w.name) : el('a', { href: kit.base + 'out' }, w.signout);
          const avatar = kit.avatar(scene);
          if (avatar) box.append(avatar);
          if (scene.heading) box.append(el('h1', { style: 'font-weight:400' }, scene.heading));
          for (const t of scene.text) box.append(el('p', {}, t));
          if (scene.saying && (scene.saying.how === 'alert' || scene.saying.how === 'plain')) box.append(make('xm-note', scene.saying));
          const choose = () => {
            if (scene.pick) { const p = scene.pick;
              if (p.shape === 'select') box.append(el('select', { 'aria-label': p.legend, on: { change: e => { values[p.name] = e.target.value; } } }, el('option', { value: '' }, ''), ...p.choices.map(c => el('option', { value: c.value }, c.label))));
              else if (p.shape === 'radio') box.append(...p.choices.map(c => el('label', { style: 'display:block' }, el('input', { type: 'radio', name: p.name, on: { change: () => { values[p.name] = c.value; } } }), ' ', c.label)));
              else box.append(...p.choices.map(c => make('xm-press', { label: c.label, main: p.shape === 'buttons', press: () => { values[p.name] = c.value; go('choose'); } })));
            }
          };
          if (scene.pickFirst) choose();
          const letters = kit.letterBoxes(scene);
          if (letters) box.append(letters);
          for (const e of scene.entries) box.append(e.boxes ? kit.boxes(e, v => { values[e.name] = v; }) : make('xm-input', { label: e.label, type: e.kind === 'password' || e.kind === 'new' || e.masked ? 'password' : 'text', value: e.value, set: v => { values[e.name] = v; }, enter: () => go(scene.presses[0]?.action), under: scene.saying?.how === 'inline' && e === scene.entries.at(-1) ? scene.saying.text : '' }));
          const widget = kit.widget(scene);
          if (widget) box.append(widget);
          if (!scene.pickFirst) choose();
          if (scene.tick) box.append(el('label', {}, el('input', { type: 'checkbox' }), ' ', scene.tick.label));
          for (const p of scene.presses) box.append(make('xm-press', { label: p.label, main: p.main, press: () => go(p.action) }));
          for (const l of scene.links) box.append(el('p', {}, el('a', { href: l.href }, l.label)));
          kit.busy = () => box.append(el('div', { role: 'progressbar', style: 'height:4px;background:#0e7490' }));
          root.append(el('header', { style: 'display:flex;justify-content:space-between;padding:1rem 2rem;background:#fff' }, el('b', {}, w.brand), corner), box);
          if (scene.saying?.how === 'toast') kit.toast(scene.saying.text, root);
          if (scene.saying?.how === 'fade') kit.fade(scene.saying.text, root);
        });
        function draw(scene) { const shell = document.querySelector('xm-shell'); shell.data = scene; shell.redraw(); }
        """;
}

/// <summary>Open roots.</summary>
internal sealed class OpenShadowStyle() : ShadowStyle("open")
{
    public override string Id => "open-root";
    public override string About => "Custom elements with open shadow roots, one in another; a code goes into six boxes.";
    public override bool Boxes => true;
}

/// <summary>Closed roots.</summary>
internal sealed class ClosedShadowStyle() : ShadowStyle("closed")
{
    public override string Id => "closed-root";
    public override string About => "Custom elements with closed shadow roots, one in another.";
}
