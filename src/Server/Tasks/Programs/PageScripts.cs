namespace Ostiary.Server.Tasks.Programs;

/// <summary>The functions that run inside pages. They read and find; every click and keystroke is Playwright's.</summary>
internal static class PageScripts
{
    /// <summary>
    /// Shared by the functions that find. A chain's next part is looked for in the shadow root of a host, or inside the element where there is none
    /// (Recorder's rule). Relative forms (<c>&gt; td</c>, <c>//td</c>) mean "below this element", as a reader expects.
    /// </summary>
    private const string Finding = """
        const within = node => node.shadowRoot ?? node;
        const unsuitable = node => node.nodeName === 'SCRIPT' || node.nodeName === 'STYLE' || node.nodeName === 'NOSCRIPT' || node.nodeName === 'TEMPLATE' || node.nodeName === 'HEAD';
        const squeeze = text => text.replace(/\s+/g, ' ').trim();
        const ownValue = node => node instanceof HTMLInputElement && ['button', 'submit', 'reset'].includes(node.type) ? node.value : null;
        const fullText = node => {
          const value = ownValue(node);
          if (value !== null) return value;
          let text = '';
          for (const child of node.childNodes) {
            if (child.nodeType === 3) text += child.nodeValue;
            else if (child.nodeType === 1 && !unsuitable(child)) text += fullText(child);
          }
          if (node.shadowRoot) text += fullText(node.shadowRoot);
          return text;
        };
        const byText = (root, wanted) => {
          const found = [];
          const search = node => {
            if (unsuitable(node)) return false;
            if (!squeeze(fullText(node)).includes(wanted)) return false;
            let inner = false;
            for (const child of within(node).children) if (search(child)) inner = true;
            if (node.shadowRoot) for (const child of node.children) if (search(child)) inner = true;
            if (!inner && node.nodeType === 1) found.push(node);
            return true;
          };
          if (root.nodeType === 1) search(root); else for (const child of root.children) search(child);
          return found;
        };
        const pierced = (root, css) => {
          const found = [];
          const search = scope => {
            for (const element of scope.querySelectorAll('*')) {
              if (element.matches(css)) found.push(element);
              if (element.shadowRoot) search(element.shadowRoot);
            }
          };
          if (root.shadowRoot) search(root.shadowRoot);
          search(root);
          return found;
        };
        const byXPath = (root, expression) => {
          const path = root.nodeType === 9 ? expression : expression.replace(/^(\(*)\/\//, '$1.//');
          const document = root.ownerDocument ?? root;
          const result = document.evaluate(path, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
          const found = [];
          for (let i = 0; i < result.snapshotLength; i++) {
            const node = result.snapshotItem(i);
            const element = node.nodeType === 1 ? node : node.parentElement ?? node.ownerElement;
            if (element) found.push(element);
          }
          return found;
        };
        const byCss = (root, css) => css === ':scope' || css === '.' ? [root] : [...root.querySelectorAll(css.trimStart().startsWith('>') ? ':scope ' + css : css)];
        const look = (root, part) => part.kind === 'css' ? byCss(root, part.text)
          : part.kind === 'text' ? byText(root, squeeze(part.text))
          : part.kind === 'pierce' ? pierced(root, part.text)
          : byXPath(root, part.text);
        const step = (roots, part, first) => {
          const found = new Set();
          for (const root of roots) {
            const inside = !root.shadowRoot ? [root] : first ? [root, root.shadowRoot] : [root.shadowRoot, root];
            for (const scope of inside) {
              const elements = look(scope, part);
              for (const element of elements) found.add(element);
              if (elements.length) break;
            }
          }
          return [...found];
        };
        const shown = element => {
          const target = element instanceof HTMLOptionElement ? element.closest('select') ?? element : element;
          if (!target.isConnected || getComputedStyle(target).visibility !== 'visible') return false;
          if (getComputedStyle(target).display === 'contents') return [...target.children].some(shown);
          const box = target.getBoundingClientRect();
          return box.width > 0 && box.height > 0;
        };
        """;

    /// <summary>
    /// For each scope the elements of the first alternative that matches there: <c>{groups, invalid}</c>. <c>previous</c> holds groups found by
    /// alternatives that came earlier; <c>invalid</c> lists selectors the browser could not parse.
    /// </summary>
    public const string Find = $$"""
        ({scopes, previous, alternatives, visibleOnly}) => {
          {{Finding}}
          const invalid = previous ? [...previous.invalid] : [];
          const groups = [...scopes].map((scope, i) => {
            if (previous && previous.groups[i].length) return previous.groups[i];
            if (!scope.isConnected) return [];
            for (const parts of alternatives) {
              try {
                let roots = [scope];
                parts.forEach((part, k) => { roots = step(roots, part, k === 0); });
                if (visibleOnly) roots = roots.filter(shown);
                if (roots.length) return roots;
              } catch (error) {
                const name = parts.map(part => part.source).join(' >> ');
                if (!invalid.includes(name)) invalid.push(name);
              }
            }
            return [];
          });
          return {groups, invalid};
        }
        """;

    /// <summary>One part of a chain for groups of elements.</summary>
    public const string Step = $$"""
        ({groups, part, first}) => {
          {{Finding}}
          return groups.map(group => { try { return step(group, part, first); } catch { return []; } });
        }
        """;

    /// <summary>Puts groups found otherwise behind those found before.</summary>
    public const string Merge = $$"""
        ({groups, previous, visibleOnly}) => {
          {{Finding}}
          return {
            groups: groups.map((group, i) => previous && previous.groups[i].length ? previous.groups[i] : visibleOnly ? group.filter(shown) : group),
            invalid: previous ? previous.invalid : [],
          };
        }
        """;

    public const string Singles = "scopes => [...scopes].map(scope => scope.isConnected ? [scope] : [])";

    /// <summary>Flattens groups for a lookup that cannot run in the page; <c>owners</c> says which group each node came from.</summary>
    public const string Flatten = """
        ({groups, first}) => {
          const nodes = [], owners = [];
          groups.forEach((group, i) => { for (const node of group) { nodes.push(first ? node : node.shadowRoot ?? node); owners.push(i); } });
          return {nodes, owners, count: groups.length};
        }
        """;

    /// <summary>The reverse of <see cref="Flatten"/>.</summary>
    public const string Regroup = """
        ({flat, results}) => {
          const groups = Array.from({length: flat.count}, () => new Set());
          results.forEach((found, i) => { for (const element of found) groups[flat.owners[i]].add(element); });
          return groups.map(group => [...group]);
        }
        """;

    /// <summary>Leaves out what lies in another element of an <c>each</c> list.</summary>
    public const string OutsideOthers = """
        ({found, list, item}) => {
          const others = new Set(list.filter(element => element !== item));
          const inOther = element => { for (let node = element; node; node = node.parentNode ?? node.host) if (others.has(node)) return true; return false; };
          return {groups: found.groups.map(group => group.filter(element => !inOther(element))), invalid: found.invalid};
        }
        """;

    /// <summary>What an element is, for filling it.</summary>
    public const string FillTarget = """
        element => {
          const fillable = node => node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement || node.isContentEditable;
          if (fillable(element)) return element;
          if (element instanceof HTMLLabelElement && element.control) return element.control;
          const inner = [...(element.shadowRoot ?? element).querySelectorAll('input:not([type=hidden]), textarea, select, [contenteditable=""], [contenteditable=true]')];
          return inner.length === 1 ? inner[0] : element;
        }
        """;

    public const string FieldKind = """
        element => ({
          kind: element instanceof HTMLSelectElement ? 'select' : element instanceof HTMLTextAreaElement ? 'text' : element instanceof HTMLInputElement ? element.type
            : element.isContentEditable ? 'editable' : 'other',
          ready: !element.disabled && !element.readOnly && element.getAttribute('aria-disabled') !== 'true' && !element.closest('fieldset:disabled'),
        })
        """;

    /// <summary>How the value that a field now has compares to what was typed, without the value leaving the page.</summary>
    public const string TypedAs = """
        (element, text) => {
          const value = element.isContentEditable ? element.innerText : element.value;
          const letters = s => s.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
          return value === text ? 'same' : value === '' ? 'empty' : letters(value) === letters(text) ? 'formatted' : 'other';
        }
        """;

    /// <summary>
    /// Where to click: offsets from the border box turned into offsets from the padding box, or null when the element has become smaller than it was.
    /// </summary>
    public const string ClickPoint = """
        (element, {x, y}) => {
          const box = element.getBoundingClientRect();
          if (x < 0 || y < 0 || x > box.width || y > box.height) return null;
          const style = getComputedStyle(element);
          return {x: Math.max(0, x - parseFloat(style.borderLeftWidth || '0')), y: Math.max(0, y - parseFloat(style.borderTopWidth || '0'))};
        }
        """;

    /// <summary>
    /// What lies over an element's middle: <c>near</c> is true when it is part of the same control (its label, a drawn box over the real one), where a person's
    /// click would land on it and mean the element.
    /// </summary>
    public const string Cover = """
        element => {
          const box = element.getBoundingClientRect();
          const x = box.left + box.width / 2, y = box.top + box.height / 2;
          let top = element.ownerDocument.elementFromPoint(x, y);
          while (top?.shadowRoot) { const inner = top.shadowRoot.elementFromPoint(x, y); if (!inner || inner === top) break; top = inner; }
          if (!top || top === element || element.contains(top)) return {near: false, text: ''};
          const stacked = node => { for (; node && node.nodeType === 1; node = node.parentElement) { if (node.contains(element)) return false; const s = getComputedStyle(node); if (s.position === 'fixed' || node.localName === 'dialog' || node.getAttribute('role') === 'dialog') return true; } return false; };
          const label = top.closest('label');
          let near = !!label && label.control === element;
          if (!near && !stacked(top)) { let up = element; for (let i = 0; i < 3 && up && !near; i++, up = up.parentElement) near = up.contains(top); }
          return {near, text: (top.innerText ?? '').replace(/\s+/g, ' ').trim().slice(0, 80)};
        }
        """;

    /// <summary>Whether elements satisfy a <c>waitForElement</c> step.</summary>
    public const string Satisfies = $$"""
        ({found, comparison, count, visible, properties, attributes}) => {
          {{Finding}}
          const elements = visible === null ? found.groups[0] : found.groups[0].filter(shown);
          const n = elements.length;
          let result = comparison === '>=' ? n >= count : comparison === '==' ? n === count : n <= count;
          const matches = (wanted, actual) => {
            if (wanted === actual) return true;
            if (!(wanted instanceof Object) || !(actual instanceof Object)) return false;
            return Object.entries(wanted).every(([key, value]) => matches(value, actual[key]));
          };
          if (result && attributes) { const map = JSON.parse(attributes); result = elements.every(e => Object.entries(map).every(([key, value]) => e.getAttribute(key) === value)); }
          if (result && properties) { const map = JSON.parse(properties); result = elements.every(e => matches(map, e)); }
          return {satisfied: result === (visible ?? true), count: n};
        }
        """;

    /// <summary>Reads elements: for each group its texts, or the first only. A password field reads as nothing.</summary>
    public const string Read = """
        ({groups, attribute, all}) => {
          const tidy = text => text.replace(/[^\S\n]+/g, ' ').split('\n').map(line => line.trim()).filter(line => line).join('\n');
          const secret = e => e instanceof HTMLInputElement && (e.type === 'password' || /(^|\s)(current|new)-password/.test(e.autocomplete));
          const textOf = e => {
            if (secret(e)) return null;
            if (e instanceof HTMLSelectElement) return [...e.selectedOptions].map(o => o.label).join(', ');
            if (e instanceof HTMLInputElement && (e.type === 'checkbox' || e.type === 'radio')) return String(e.checked);
            if (e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement) return e.value;
            const text = e.innerText ?? e.textContent ?? '';
            return text.trim() === '' && e instanceof HTMLImageElement ? e.alt : text;
          };
          const attributeOf = e => {
            if (attribute === 'value') return secret(e) ? null : 'value' in e ? String(e.value) : e.getAttribute('value');
            if (secret(e) && attribute.toLowerCase() === 'value') return null;
            if (attribute === 'checked' || attribute === 'selected' || attribute === 'disabled') return String(!!e[attribute]);
            const raw = e.getAttribute(attribute);
            if (raw === null) return null;
            if ((attribute === 'href' || attribute === 'src' || attribute === 'action') && typeof e[attribute] === 'string') return e[attribute];
            return raw;
          };
          const readOne = e => {
            const text = attribute ? attributeOf(e) : textOf(e);
            return {
              text: text === null || text === undefined ? null : tidy(String(text)).slice(0, 200000),
              state: e.getAttribute('aria-checked') ?? e.getAttribute('aria-pressed') ?? e.getAttribute('aria-selected'),
              time: !attribute && e.localName === 'time' ? e.getAttribute('datetime') : null,
            };
          };
          return groups.map(group => (all ? group : group.slice(0, 1)).map(readOne));
        }
        """;

    /// <summary>Headings, alerts and other text a person would read first; never a field's value.</summary>
    public const string Outline = """
        () => {
          const shown = e => { const box = e.getBoundingClientRect(); return box.width > 0 && box.height > 0 && getComputedStyle(e).visibility === 'visible'; };
          const texts = [];
          const add = text => { const t = (text ?? '').replace(/\s+/g, ' ').trim(); if (t && !texts.some(x => x.includes(t))) texts.push(t.slice(0, 120)); };
          for (const css of ['[role=alert], [aria-live=assertive], [role=alertdialog], dialog[open], [role=dialog]', 'h1, h2, [role=heading]', '[class*=error i], [class*=alert i], [role=status]'])
            for (const e of [...document.querySelectorAll(css)].slice(0, 20)) if (shown(e)) add(e.innerText);
          let text = texts.join(' | ');
          if (text.length < 60) { add(document.body?.innerText?.slice(0, 400)); text = texts.join(' | '); }
          return text.slice(0, 200);
        }
        """;

    /// <summary>Lets the browser keep an address as a file instead of showing it; works for the page's own origin.</summary>
    public const string SaveAddress = """
        ({url, save}) => {
          const link = document.createElement('a');
          link.href = url;
          link.rel = 'noopener';
          if (save) link.download = '';
          (document.body ?? document.documentElement).appendChild(link);
          link.click();
          link.remove();
        }
        """;
}
