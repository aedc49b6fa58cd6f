// Evaluated once per frame and look. Returns { data, nodes, frames }: `data` is JSON text (the outline), `nodes` the elements in the same order, `frames` the frame elements.
// It changes nothing in the page, reads no value of a field, and leaves no name behind. Bounded: `limits` caps what is visited and what is reported.
(argument) => {
  const signal = { notices: [], quiet: -1, changes: -1, rootOf: null, isNew: null };
  if (argument && argument.channel) { try { window.dispatchEvent(new CustomEvent(argument.channel, { detail: signal })); } catch { } }
  // Open roots, and closed ones that the browser's inspection handed over.
  const rootOf = (element) => element.shadowRoot || (signal.rootOf ? signal.rootOf(element) : null);
  const started = performance.now();
  const limits = { nodes: 20000, items: 1600, inputs: 200, hidden: 160, texts: 700, time: 400 };
  const items = [], nodes = [], frames = [], groups = [], parents = [], groupOf = new Map(), containerOf = new Map();
  let visited = 0, texts = 0, inputs = 0, hiddenCount = 0, truncated = false, busy = false, hosts = 0;
  const cut = (text, length) => { text = (text || '').replace(/[\s\u00a0\u200b\u200e\u200f\ufeff]+/g, ' ').trim(); return text.length > length ? text.slice(0, length) : text; };
  const wantedAttributes = ['id', 'name', 'class', 'autocomplete', 'placeholder', 'inputmode', 'pattern', 'maxlength', 'minlength', 'href', 'action', 'method', 'title', 'alt',
    'for', 'tabindex', 'target', 'aria-label', 'aria-invalid', 'aria-hidden', 'aria-modal', 'aria-live', 'aria-haspopup', 'aria-expanded', 'aria-current', 'aria-required',
    'aria-disabled', 'aria-checked', 'aria-selected', 'aria-placeholder', 'aria-roledescription', 'data-testid', 'data-test', 'data-qa', 'data-action', 'data-method', 'data-type', 'data-length', 'formaction', 'rel', 'src'];
  const attributesOf = (element) => {
    const result = {};
    for (const name of wantedAttributes) {
      const value = element.getAttribute(name);
      if (value === null) continue;
      if (name === 'src' && !/^(IMG|INPUT|IFRAME)$/.test(element.tagName)) continue;
      result[name] = value.length > 200 ? value.slice(0, 200) : value;
    }
    if (element.onclick || element.hasAttribute('onclick')) result.onclick = '1';
    return result;
  };
  const parentOf = (element) => element.assignedSlot || element.parentElement || (element.getRootNode() instanceof ShadowRoot ? element.getRootNode().host : null);
  const container = (element) => {
    if (!element) return -1;
    const known = containerOf.get(element);
    if (known !== undefined) return known;
    const above = container(parentOf(element));
    parents.push(above);
    containerOf.set(element, parents.length - 1);
    return parents.length - 1;
  };
  const textInput = /^(text|password|email|tel|number|search|url|date|month|week|time|datetime-local)$/;
  const skipped = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD', 'META', 'LINK', 'OBJECT', 'EMBED', 'VIDEO', 'AUDIO', 'MAP', 'DATALIST']);
  const alertClass = /(^|[\s_-])(error|errors|errormessage|error-message|alert|alerts|warning|danger|invalid|flash|toast|snackbar|notification|notify|notice|feedback|msg|message|messages|status|failure|fehler|erreur|validation)([\s_-]|$)/i;
  const spinnerClass = /(^|[\s_-])(spinner|loading|loader|progress|preloader|skeleton|busy)([\s_-]|$)/i;
  const buttonClass = /(^|[\s_-])(btn|button)([\s_-]|$)/i;
  const viewWidth = innerWidth, viewHeight = innerHeight, scrollTop = scrollY, scrollLeft = scrollX;
  const pageWidth = Math.max(document.documentElement ? document.documentElement.scrollWidth : 0, viewWidth);
  // A control in a shadow root often shows what its host was given.
  const slottedText = (element) => {
    let result = '';
    const walk = (node) => {
      for (const child of node.tagName === 'SLOT' && node.assignedNodes().length ? node.assignedNodes({ flatten: true }) : node.childNodes) {
        if (child.nodeType === 3) result += child.data;
        else if (child.nodeType === 1 && !skipped.has(child.tagName)) walk(child);
      }
    };
    walk(element);
    return result;
  };
  const textOf = (element) => cut(element.getRootNode() !== document && element.querySelector('slot') ? slottedText(element) : 'innerText' in element ? element.innerText : element.textContent, 300);
  // What a label says without the text of the controls inside it.
  const labelText = (label) => {
    if (!label.querySelector('input,select,textarea,button')) return textOf(label) || cut(label.textContent, 300);
    let result = '';
    const walk = (node) => {
      for (const child of node.childNodes) {
        if (child.nodeType === 3) result += child.data + ' ';
        else if (child.nodeType === 1 && !/^(INPUT|SELECT|TEXTAREA|BUTTON|SCRIPT|STYLE|OPTION)$/.test(child.tagName)) walk(child);
      }
    };
    walk(label);
    return cut(result, 300);
  };
  const byIds = (element, ids) => {
    const root = element.getRootNode();
    return cut(ids.split(/\s+/).slice(0, 6).map(id => { const target = root.getElementById ? root.getElementById(id) : null; return target ? labelText(target) : ''; }).join(' '), 300);
  };
  const nameOf = (element, tag) => {
    const labelledBy = element.getAttribute('aria-labelledby');
    if (labelledBy) { const text = byIds(element, labelledBy); if (text) return text; }
    const label = element.getAttribute('aria-label');
    if (label && label.trim()) return cut(label, 300);
    if (element.labels && element.labels.length) {
      const text = cut(Array.from(element.labels).slice(0, 4).map(labelText).join(' '), 300);
      if (text) return text;
    }
    if (tag === 'INPUT') {
      if (/^(submit|button|reset)$/.test(element.type)) return cut(element.value || element.title || (element.type === 'submit' ? 'Submit' : ''), 300);
      if (element.type === 'image') return cut(element.alt || element.title || '', 300);
      return cut(element.title, 300);
    }
    if (tag === 'IMG') return cut(element.alt || element.title, 300);
    if (tag === 'SELECT' || tag === 'TEXTAREA') return cut(element.title, 300);
    // What lies in closed details or a part that is not drawn yet has no innerText.
    let text = textOf(element) || cut(element.textContent, 300);
    if (!text) {
      const picture = element.querySelector('img[alt],svg title,[aria-label],[title]');
      if (picture) text = cut(picture.getAttribute('alt') || picture.getAttribute('aria-label') || picture.getAttribute('title') || picture.textContent, 300);
    }
    return text || cut(element.title || '', 300);
  };
  const hitTest = (x, y) => {
    let hit = document.elementFromPoint(x, y);
    for (let depth = 0, root; hit && (root = rootOf(hit)) && depth < 12; depth++) {
      const inner = root.elementFromPoint(x, y);
      if (!inner || inner === hit) break;
      hit = inner;
    }
    return hit;
  };
  const composedContains = (outer, inner) => { for (let e = inner, n = 0; e && n < 200; e = parentOf(e), n++) if (e === outer) return true; return false; };
  // True when something that is not part of the same control lies over the middle of it: the topmost foreign ancestor of what was hit is much larger than the control.
  const coverOf = (element, box) => {
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    if (x < 0 || y < 0 || x >= viewWidth || y >= viewHeight) return null;
    const hit = hitTest(x, y);
    if (!hit || hit === element || composedContains(element, hit) || composedContains(hit, element)) return null;
    if (hit.tagName === 'LABEL' && hit.control === element) return null;
    let top = hit;
    for (let above = parentOf(hit); above && !composedContains(above, element); above = parentOf(above)) top = above;
    const cover = top.getBoundingClientRect();
    if (cover.width * cover.height <= 3 * Math.max(box.width * box.height, 400)) return null;
    return hit;
  };
  const hiddenBy = (element, box, style) => {
    if (!element.checkVisibility()) return 'display';
    if (style.visibility === 'hidden' || style.visibility === 'collapse') return 'visibility';
    if (!element.checkVisibility({ checkOpacity: true })) return 'opacity';
    if (box.width < 3 || box.height < 3) return 'size';
    // Nothing but border and padding: there is no room for a letter.
    if (element.tagName === 'INPUT' && textInput.test(element.type) && box.width < 24 && box.height < 24 && element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) < 3) return 'size';
    if (box.right + scrollLeft <= 0 || box.bottom + scrollTop <= 0 || box.left + scrollLeft >= pageWidth + 300) return 'offscreen';
    if (style.position === 'absolute' || style.position === 'fixed') {
      if (style.clip && style.clip !== 'auto' && /^rect\((0|1)px,? (0|1)px,? (0|1)px,? (0|1)px\)$/.test(style.clip)) return 'clip';
    }
    if (style.clipPath && /^(inset\((50|100)%|circle\(0|polygon\(0(px)? 0(px)?,? 0)/.test(style.clipPath)) return 'clip';
    return '';
  };
  const landmarkOf = (tag, role) => role === 'banner' || tag === 'HEADER' ? 'header' : role === 'navigation' || tag === 'NAV' ? 'nav' : role === 'main' || tag === 'MAIN' ? 'main'
    : role === 'contentinfo' || tag === 'FOOTER' ? 'footer' : role === 'complementary' || tag === 'ASIDE' ? 'aside' : role === 'search' || tag === 'SEARCH' ? 'search' : '';
  const round = (number) => Math.round(number * 10) / 10;
  // Selectors of the caller's, by name. Each is matched within one tree; one that names a custom element means the fields in its shadow root.
  const marks = (argument && argument.marks) || [];
  const marksOf = (element) => {
    let names = null;
    for (const [name, selector] of marks) {
      try {
        let hit = element.matches(selector);
        if (!hit && /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName)) for (let root = element.getRootNode(), n = 0; !hit && root instanceof ShadowRoot && n < 12; root = root.host.getRootNode(), n++) hit = root.host.matches(selector);
        if (hit) (names = names || []).push(name);
      } catch { }
    }
    return names;
  };
  const toPress = /^(sign_in|next|submit|code_submit)$/, toSee = /^(refusal|signed_in)$/;
  const groupFor = (element, kind, modal) => {
    let index = groupOf.get(element);
    if (index !== undefined) return index;
    index = groups.length;
    groupOf.set(element, index);
    const box = element.getBoundingClientRect();
    const labelledBy = element.getAttribute('aria-labelledby');
    const style = kind === 'layer' ? getComputedStyle(element) : null;
    groups.push({ k: kind, n: labelledBy ? byIds(element, labelledBy) : cut(element.getAttribute('aria-label') || element.getAttribute('title') || '', 200), a: attributesOf(element),
      b: [round(box.left), round(box.top), round(box.width), round(box.height)], m: !!modal, z: style ? style.position : '' });
    return index;
  };
  const add = (element, kind, context, extra) => {
    if (items.length >= limits.items) { truncated = true; return null; }
    const item = { k: kind, g: element.tagName.toLowerCase(), c: container(element), f: context.form, d: context.dialog, l: context.landmark, ...extra };
    if (marks.length) { const names = marksOf(element); if (names) item.mk = names; }
    items.push(item);
    nodes.push(element);
    return item;
  };
  // A text that belongs to one block, up to the next control.
  let run = null;
  const endRun = () => {
    if (!run) return;
    const { item, text, first, last } = run;
    run = null;
    item.t = cut(text, 300);
    if (!item.t) item.x = 1;
    // What the text itself takes up: a field in the same block is no part of it.
    const range = document.createRange();
    try { range.setStart(first, 0); range.setEnd(last, last.length); } catch { range.selectNodeContents(first); }
    const box = range.getBoundingClientRect();
    item.b = [round(box.left), round(box.top), round(box.width), round(box.height)];
  };
  const addText = (block, text, context, isAlert, node) => {
    if (!text.trim()) return;
    if (run && run.block === block && run.alert === isAlert) { run.text += text; run.last = node; if (run.text.length > 1200) run.text = run.text.slice(0, 1200); return; }
    endRun();
    if (texts >= limits.texts) { truncated = true; return; }
    texts++;
    const item = add(isAlert || block, isAlert ? 'A' : 'T', context, { v: 1 });
    if (!item) return;
    if (isAlert) { item.a = attributesOf(isAlert); item.r = isAlert.getAttribute('role') || ''; }
    else if (block.tagName === 'LABEL') item.a = attributesOf(block);
    run = { block, text, item, alert: isAlert, first: node, last: node };
  };
  const describe = (item, element, box, style) => {
    item.b = [round(box.left), round(box.top), round(box.width), round(box.height)];
    const hidden = hiddenBy(element, box, style);
    item.v = hidden ? 0 : 1;
    if (hidden) item.h = hidden;
    if (!hidden) {
      const cover = coverOf(element, box);
      if (cover) {
        item.o = 1;
        for (let e = cover, n = 0; e && n < 60; e = parentOf(e), n++) { const index = groupOf.get(e); if (index !== undefined && groups[index].k !== 'form') { item.ob = index; break; } }
        if (item.ob === undefined) item.oe = cover;
      }
    }
  };
  const field = (element, tag, kind, context) => {
    if (++inputs > limits.inputs) { truncated = true; return; }
    endRun();
    const item = add(element, kind, context, {});
    if (!item) return;
    item.y = tag === 'INPUT' ? element.type : tag === 'TEXTAREA' ? 'textarea' : tag === 'SELECT' ? 'select' : '';
    item.r = element.getAttribute('role') || '';
    item.a = attributesOf(element);
    if (context.ariaHidden) item.a['aria-hidden'] = 'true';
    item.n = nameOf(element, tag);
    if (!/^(INPUT|SELECT|TEXTAREA)$/.test(tag)) item.n = cut(element.getAttribute('aria-label') || (element.getAttribute('aria-labelledby') ? byIds(element, element.getAttribute('aria-labelledby')) : '') || (kind === 'C' ? textOf(element) : ''), 300);
    const box = element.getBoundingClientRect();
    describe(item, element, box, getComputedStyle(element));
    // A label stands in for a choice that is hidden on purpose (drawn by CSS).
    if (kind === 'C' && !item.v && element.labels && element.labels.length) {
      const label = element.labels[0], labelBox = label.getBoundingClientRect();
      if (label.checkVisibility({ checkOpacity: true }) && labelBox.width > 2 && labelBox.height > 2) { item.v = 1; item.b = [round(labelBox.left), round(labelBox.top), round(labelBox.width), round(labelBox.height)]; }
    }
    if (element.disabled || element.getAttribute('aria-disabled') === 'true' || element.matches(':disabled') || context.inert) item.u = 1;
    if (element.readOnly) item.ro = 1;
    if (element.required || element.getAttribute('aria-required') === 'true') item.q = 1;
    if (kind === 'C') item.ck = element.checked || element.getAttribute('aria-checked') === 'true' ? 1 : 0;
    const invalid = element.getAttribute('aria-invalid') === 'true';
    let native = false;
    try { native = element.matches(':user-invalid'); } catch { }
    if (invalid || native) {
      item.iv = 1;
      let message = '';
      const reference = element.getAttribute('aria-errormessage') || (invalid ? element.getAttribute('aria-describedby') : null);
      if (reference) message = byIds(element, reference);
      if (!message && native) { message = cut(element.validationMessage, 300); if (message && !element.validity.customError) item.nv = 1; }
      item.vm = message;
    }
    if (tag === 'INPUT' || tag === 'TEXTAREA') { if (kind === 'I' && element.value !== '') item.hv = 1; }
    else if (kind === 'I' && element.textContent !== '') item.hv = 1;
    const active = element.getRootNode().activeElement;
    if (active === element && document.hasFocus()) item.fo = 1;
    const describedBy = element.getAttribute('aria-describedby');
    if (describedBy) item.ds = byIds(element, describedBy);
    if (tag === 'SELECT') {
      // One for single characters holds a piece of a secret: whether something is chosen may be known, and not what.
      const labels = Array.from(element.options, o => (o.label || o.text).trim());
      const letters = labels.length >= 10 && labels.filter(l => l.length !== 1).length <= 1;
      if (letters && element.value !== '' && labels[element.selectedIndex]?.length === 1) item.hv = 1;
      item.op = Array.from(element.options).slice(0, 100).map(o => [cut(o.value, 120), cut(o.label || o.text, 120), o.selected && !letters ? 1 : 0]);
    }
    else if (kind === 'C' && tag === 'INPUT') item.op = [[cut(element.value, 120), item.n, element.checked ? 1 : 0]];
  };
  const press = (element, tag, kind, context, style) => {
    endRun();
    const item = add(element, kind, context, {});
    if (!item) return;
    item.y = tag === 'BUTTON' || tag === 'INPUT' ? element.type : '';
    item.r = element.getAttribute('role') || '';
    item.a = attributesOf(element);
    if (context.ariaHidden) item.a['aria-hidden'] = 'true';
    item.n = nameOf(element, tag);
    item.t = tag === 'INPUT' ? (element.type === 'image' ? '' : item.n) : textOf(element);
    describe(item, element, element.getBoundingClientRect(), style || getComputedStyle(element));
    if (element.disabled || element.getAttribute('aria-disabled') === 'true' || context.inert) item.u = 1;
    if (style && style.cursor === 'pointer') item.p = 1;
    if (element.getRootNode().activeElement === element && document.hasFocus()) item.fo = 1;
    if (element.getAttribute('aria-busy') === 'true') busy = true;
  };
  // Inputs, links and buttons in a part that is not shown: known to exist, never acted on.
  const hiddenPart = (root, context) => {
    if (hiddenCount >= limits.hidden || !root.querySelectorAll) return;
    const report = (element) => {
      if (++hiddenCount > limits.hidden) return;
      const tag = element.tagName, type = tag === 'INPUT' ? element.type : '';
      if (type === 'hidden') return;
      const kind = tag === 'A' ? 'L' : tag === 'BUTTON' || /^(submit|button|image|reset)$/.test(type) ? 'B' : tag === 'SELECT' ? 'S' : /^(checkbox|radio)$/.test(type) ? 'C' : 'I';
      const formElement = element.form || element.closest('form');
      const item = add(element, kind, { ...context, form: formElement ? groupFor(formElement, 'form') : context.form }, { v: 0, h: 'display', b: [0, 0, 0, 0], y: type || (tag === 'BUTTON' ? element.type : ''), a: attributesOf(element) });
      if (!item) return;
      if (kind === 'L' || kind === 'B') item.t = item.n = cut(tag === 'INPUT' ? element.value : (element.getAttribute('aria-label') || element.textContent), 120);
      else item.n = cut(element.getAttribute('aria-label') || (element.labels && element.labels.length ? element.labels[0].textContent : ''), 120);
      if (kind === 'I' && element.value) item.hv = 1;
    };
    if (/^(INPUT|BUTTON|A|SELECT)$/.test(root.tagName)) report(root);
    for (const element of root.querySelectorAll('input,button,a[href],select')) report(element);
  };
  // Takes room and shows nothing of its own: its content may lie in a closed root. So may that of a defined custom element in any case.
  const mayHide = (element, tag) => {
    const own = tag.includes('-');
    if (!own && !/^(DIV|SPAN|SECTION|ARTICLE|MAIN|ASIDE|HEADER|FOOTER|NAV|P|BODY|BLOCKQUOTE|H[1-6])$/.test(tag)) return false;
    if (!(own && customElements.get(tag.toLowerCase()))) {
      for (const child of element.childNodes) if (child.nodeType === 3 ? child.data.trim() : child.nodeType === 1 && child.getClientRects().length) return false;
    }
    const box = element.getBoundingClientRect();
    // A custom element may be a button of one word; empty boxes of a page are many, and the small ones are drawings.
    return box.width >= (own ? 20 : 60) && box.height >= (own ? 10 : 16) && signal.isNew(element, Math.round(box.width) + 'x' + Math.round(box.height));
  };
  const visit = (element, context) => {
    if (++visited > limits.nodes || ((visited & 255) === 0 && performance.now() - started > limits.time)) { truncated = true; return; }
    const tag = element.tagName;
    if (typeof tag !== 'string' || skipped.has(tag)) return;
    if (tag === 'svg' || tag === 'SVG') {
      if (element.getAttribute('role') === 'img' && element.checkVisibility()) { const name = nameOf(element, 'svg'); if (name) { const item = add(element, 'M', context, { n: name }); if (item) { const box = element.getBoundingClientRect(); item.b = [round(box.left), round(box.top), round(box.width), round(box.height)]; item.v = 1; } } }
      return;
    }
    if (tag === 'BR' || tag === 'HR') { if (run) run.text += '\n'; return; }
    const style = getComputedStyle(element);
    if (style.display === 'none') { hiddenPart(element, context); return; }
    const role = (element.getAttribute('role') || '').toLowerCase();
    // A context is shared by all children until something about it changes.
    let inner = context;
    const change = (values) => { inner = inner === context ? { ...context, ...values } : Object.assign(inner, values); };
    const landmark = landmarkOf(tag, role);
    if (landmark) change({ landmark });
    if (tag === 'FORM') change({ form: groupFor(element, 'form') });
    if (element.getAttribute('aria-hidden') === 'true') change({ ariaHidden: true });
    if (element.inert) change({ inert: true });
    if (tag === 'DIALOG' || role === 'dialog' || role === 'alertdialog' || element.getAttribute('aria-modal') === 'true') change({ dialog: groupFor(element, 'dialog', element.getAttribute('aria-modal') === 'true' || (tag === 'DIALOG' && element.matches(':modal'))) });
    else if ((style.position === 'fixed' || (style.position === 'absolute' && parseInt(style.zIndex) >= 10)) && tag !== 'BODY') {
      const box = element.getBoundingClientRect();
      if (box.width >= 160 && box.height >= 40) change({ dialog: groupFor(element, 'layer', box.width * box.height > 0.6 * viewWidth * viewHeight) });
    }
    if (element.getAttribute('aria-busy') === 'true' || role === 'progressbar' || (typeof element.className === 'string' && element.className && spinnerClass.test(element.className) && element.children.length < 12)) {
      const box = element.getBoundingClientRect();
      if (box.width > 4 && box.height > 1 && box.top < viewHeight && element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) busy = true;
    }
    if (tag === 'INPUT' && element.type === 'hidden') return;
    if (tag === 'INPUT' || tag === 'SELECT' || tag === 'TEXTAREA') {
      if (element.form && groupOf.get(element.form) !== inner.form) change({ form: groupFor(element.form, 'form') });
      if (tag === 'SELECT') field(element, tag, 'S', inner);
      else if (tag === 'TEXTAREA' || textInput.test(element.type)) field(element, tag, 'I', inner);
      else if (/^(checkbox|radio)$/.test(element.type)) field(element, tag, 'C', inner);
      else if (/^(submit|button|image|reset)$/.test(element.type)) press(element, tag, 'B', inner, style);
      return;
    }
    if (tag === 'IFRAME' || tag === 'FRAME') {
      endRun();
      frames.push(element);
      const box = element.getBoundingClientRect();
      const item = add(element, 'F', inner, { a: attributesOf(element), i: frames.length - 1 });
      if (item) { describe(item, element, box, style); item.b = [round(box.left + element.clientLeft), round(box.top + element.clientTop), round(box.width), round(box.height)]; }
      return;
    }
    if (element.isContentEditable && !(element.parentElement && element.parentElement.isContentEditable)) { field(element, tag, 'I', inner); return; }
    if (role === 'textbox' || role === 'searchbox') { field(element, tag, 'I', inner); if (!rootOf(element)) return; }
    if (role === 'checkbox' || role === 'radio' || role === 'switch' || role === 'menuitemradio') { if (!element.querySelector('input')) { field(element, tag, 'C', inner); return; } }
    if (tag === 'IMG') {
      const name = nameOf(element, tag), src = element.getAttribute('src') || '';
      const box = element.getBoundingClientRect();
      if (box.width > 2 && box.height > 2 && (name || /captcha|qr|verif|valid|rand|code|secur|yzm/i.test(src.slice(0, 200) + element.id + element.className))) {
        endRun();
        const item = add(element, 'M', inner, { n: name, a: attributesOf(element), b: [round(box.left), round(box.top), round(box.width), round(box.height)], v: 1 });
        if (item && /^data:/.test(src)) item.a.src = 'data:';
      }
      return;
    }
    if (tag === 'CANVAS') { const box = element.getBoundingClientRect(); if (box.width > 60) { endRun(); add(element, 'M', inner, { n: cut(element.getAttribute('aria-label') || '', 100), a: attributesOf(element), b: [round(box.left), round(box.top), round(box.width), round(box.height)], v: 1 }); } return; }
    const isLink = tag === 'A' && element.hasAttribute('href');
    const address = isLink ? element.getAttribute('href').trim() : '';
    const realLink = isLink && address !== '' && address !== '#' && !/^javascript:/i.test(address);
    const named = marks.length ? marksOf(element) : null;
    let pressable = (named && named.some(name => toPress.test(name))) || tag === 'BUTTON' || role === 'button' || role === 'link' || role === 'menuitem' || role === 'option' || role === 'tab' || tag === 'SUMMARY' || isLink;
    if (!pressable && tag === 'A' && (style.cursor === 'pointer' || element.onclick)) pressable = true;
    // Drawn as a button by its style, with a listener that nobody can see.
    if (!pressable && !inner.inPress && /^(A|DIV|SPAN|P|LI)$/.test(tag) && typeof element.className === 'string' && buttonClass.test(element.className)
      && /^.{1,60}$/.test(cut(element.textContent, 100)) && !rootOf(element) && !element.querySelector('input,select,textarea,button,a[href],label,iframe,[role=button]')) pressable = true;
    if (!pressable && tag.includes('-') && /button|btn/i.test(tag) && !element.querySelector('button,input,a[href]') && !(rootOf(element) && rootOf(element).querySelector('button,input,a[href]'))) pressable = true;
    if (!pressable && !inner.inPress && tag !== 'LABEL' && tag !== 'BODY' && tag !== 'HTML' && (element.onclick || element.hasAttribute('onclick') || (style.cursor === 'pointer' && !inner.pointer))) {
      // A clickable box without a control of its own in it.
      if (!element.querySelector('input,select,textarea,button,a[href],[role=button]') && element.textContent.length < 400 && !rootOf(element) && (element.textContent.trim() || element.querySelector('img,svg') || element.getAttribute('aria-label'))) pressable = true;
    }
    if (style.cursor === 'pointer' && !inner.pointer) change({ pointer: true });
    if (pressable && (tag === 'BUTTON' || !element.querySelector('input:not([type=hidden]),select,textarea'))) {
      press(element, tag, realLink ? 'L' : 'B', inner, style);
      // Text inside is the control's own; only a picture with a code to scan or another control could matter.
      if (!element.querySelector('button,a[href],iframe')) return;
      change({ inPress: true });
    }
    const isHeading = /^H[1-6]$/.test(tag) || tag === 'LEGEND' || role === 'heading';
    if (isHeading && !element.querySelector('input,button,select,textarea')) {
      endRun();
      const text = textOf(element);
      const box = element.getBoundingClientRect();
      if (text) { const item = add(element, 'H', inner, { t: text, b: [round(box.left), round(box.top), round(box.width), round(box.height)], v: element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && box.width > 2 ? 1 : 0, a: attributesOf(element) }); if (item) item.lv = tag === 'LEGEND' ? 'legend' : tag; }
      if (!element.querySelector('a[href]')) return;
      for (const link of element.querySelectorAll('a[href]')) press(link, 'A', 'L', inner);
      return;
    }
    const live = element.getAttribute('aria-live');
    if (role === 'alert' || role === 'status' || role === 'log' || live === 'assertive' || live === 'polite' || (typeof element.className === 'string' && element.className && alertClass.test(element.className)) || (element.id && alertClass.test(element.id))) {
      if (!context.alert && !element.querySelector('input,select,textarea') && element.textContent.length < 800) {
        endRun();
        // A short one is one sentence, with the links and buttons in it; a long one is several.
        const said = textOf(element), own = element.getBoundingClientRect();
        if (said && said.length < 300 && element.querySelectorAll('p,li,div,h1,h2,h3').length < 4 && style.visibility === 'visible' && element.checkVisibility({ checkOpacity: true })) {
          const item = add(element, 'A', inner, { v: 1, t: said, r: role, a: attributesOf(element), b: [round(own.left), round(own.top), round(own.width), round(own.height)] });
          if (item) { change({ alert: element, said: true }); texts++; }
        }
        else change({ alert: element });
      }
    }
    if (named && named.some(name => toSee.test(name))) {
      endRun();
      const box = element.getBoundingClientRect();
      add(element, 'T', inner, { v: hiddenBy(element, box, style) ? 0 : 1, t: textOf(element), b: [round(box.left), round(box.top), round(box.width), round(box.height)] });
    }
    const inline = style.display.startsWith('inline') && style.display !== 'inline-block' && style.display !== 'inline-flex' || style.display === 'contents';
    const block = inline && context.block ? context.block : element;
    if (block !== context.block) { endRun(); change({ block }); }
    const root = rootOf(element);
    if (!root && signal.isNew && mayHide(element, tag)) hosts++;
    const shown = style.visibility === 'visible' && style.opacity !== '0';
    if (!shown && style.opacity === '0') change({ transparent: true });
    const children = root ? root.childNodes : tag === 'SLOT' && element.assignedNodes({ flatten: true }).length ? element.assignedNodes({ flatten: true }) : element.childNodes;
    for (const child of children) {
      if (child.nodeType === 3) {
        if (!inner.inPress && !inner.transparent && !inner.said && style.visibility === 'visible' && child.data.trim()) {
          if (style.fontSize !== '0px') addText(inner.block || element, child.data, inner, inner.alert || null, child);
        }
        else if (run && child.data) run.text += ' ';
      }
      else if (child.nodeType === 1) visit(child, inner);
      if (truncated && visited > limits.nodes) break;
    }
    if (block === element) endRun();
    else if (run) run.text += ' ';
  };
  if (document.documentElement) visit(document.body || document.documentElement, { form: -1, dialog: -1, landmark: '', block: null, alert: null, pointer: false, inPress: false, inert: false, ariaHidden: false, transparent: false });
  endRun();
  // What covers an element may have been registered as a group only later in the walk.
  for (const item of items) {
    if (!item.oe) continue;
    for (let e = item.oe, n = 0; e && n < 60; e = parentOf(e), n++) { const index = groupOf.get(e); if (index !== undefined && groups[index].k !== 'form') { item.ob = index; break; } }
    delete item.oe;
  }
  const storage = [];
  if (window === window.top) { try { for (const area of [localStorage, sessionStorage]) for (let i = 0; i < Math.min(area.length, 60); i++) storage.push(cut(area.key(i), 80)); } catch { } }
  storage.sort();
  const data = JSON.stringify({ url: location.href, title: cut(document.title, 300), lang: cut((document.documentElement && document.documentElement.lang) || '', 35), ready: document.readyState, items, groups, parents, frames: frames.length,
    width: viewWidth, height: viewHeight, busy, truncated, notices: signal.notices, quiet: signal.quiet, changes: signal.changes, origin: performance.timeOrigin, hosts, storage, focus: document.hasFocus(),
    refresh: !!document.querySelector('meta[http-equiv=refresh i]') });
  return { data, nodes, frames };
}
