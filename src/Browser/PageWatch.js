// Runs before a page's own scripts, in every frame. Remembers texts that come and may go again (toasts, alerts, live regions) since the last key or click, and when the
// document last changed. It answers only to an event whose random name the page does not know; it adds no name to any object and changes no function. It also keeps the closed
// shadow roots that the browser's own inspection found, so that a look can read what a person sees there.
(() => {
  const channel = '__CHANNEL__';
  const like = /(^|[\s_-])(toast|snackbar|alert|error|errors|notification|notify|notice|message|messages|flash|feedback|growl|banner|warning|danger|invalid|msg)([\s_-]|$)/i;
  let notices = [], last = performance.now(), changes = 0;
  const now = () => performance.now();
  const regionOf = (node) => {
    let element = node.nodeType === 1 ? node : node.parentElement;
    for (let n = 0; element && n < 6; n++, element = element.parentElement) {
      const role = element.getAttribute('role'), live = element.getAttribute('aria-live');
      if (role === 'alert' || role === 'status' || live === 'assertive' || live === 'polite') return element;
      const name = element.getAttribute('class') || '';
      if ((name && like.test(name)) || (element.id && like.test(element.id))) return element.textContent && element.textContent.length < 600 ? element : null;
    }
    return null;
  };
  const keep = (region) => {
    if (region.querySelector('input,select,textarea')) return;
    const text = ((region.checkVisibility && region.checkVisibility() ? region.innerText : '') || '').replace(/\s+/g, ' ').trim().slice(0, 300);
    if (text.length < 3 || notices.includes(text)) return;
    notices.push(text);
    if (notices.length > 20) notices.shift();
  };
  const roots = new WeakMap(), asked = new WeakMap();
  // The script that looks is at hand here: sent with every look, its text would be most of what a look costs.
  const look =
__LOOK__;
  let kept = null;
  const pending = new Set();
  const flush = () => { for (const region of pending) keep(region); pending.clear(); };
  const options = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['class', 'style', 'hidden', 'disabled', 'aria-hidden', 'aria-invalid', 'open', 'aria-busy', 'readonly'] };
  const observer = new MutationObserver((records) => {
    last = now();
    changes += records.length;
    let budget = 60;
    for (const record of records) {
      if (record.type === 'childList') for (const node of record.addedNodes) {
        if (node.nodeType !== 1) { if (node.nodeType === 3 && budget-- > 0) { const region = regionOf(node); if (region) pending.add(region); } continue; }
        if (node.shadowRoot) follow(node.shadowRoot);
        if (budget-- > 0) {
          const region = regionOf(node);
          if (region) pending.add(region);
          else if (node.firstElementChild) for (const inner of node.querySelectorAll('[role=alert],[role=status],[aria-live],[class*=toast i],[class*=snack i],[class*=error i],[class*=alert i],[class*=notif i]')) { if (budget-- <= 0) break; pending.add(inner); }
        }
      }
      else if (budget-- > 0) { const region = regionOf(record.target); if (region) pending.add(region); }
    }
    if (pending.size) { flush(); }
  });
  const follow = (root) => observer.observe(root, options);
  follow(document);
  const forget = (event) => { if (event.isTrusted) notices = []; };
  window.addEventListener('pointerdown', forget, { capture: true, passive: true });
  window.addEventListener('keydown', forget, { capture: true, passive: true });
  window.addEventListener(channel, (event) => {
    event.stopImmediatePropagation();
    const answer = event.detail;
    if (!answer) return;
    if (answer.look) {
      // A page that breaks the script here gets it sent along, and its error is told there.
      try { kept = look(answer.look); kept.number = answer.number; answer.data = kept.data; kept.data = ''; } catch { }
      return;
    }
    if (answer.number) {
      if (kept && kept.number === answer.number) { answer.node = kept.nodes[answer.index]; answer.nodes = kept.nodes; answer.frames = kept.frames; }
      return;
    }
    if (answer.root) {
      if (roots.get(answer.root.host) !== answer.root) { roots.set(answer.root.host, answer.root); follow(answer.root); }
      return;
    }
    answer.rootOf = (host) => roots.get(host) || null;
    // True once for an element and its size: what was looked into and had nothing to hide is not looked into again.
    answer.isNew = (host, size) => { if (asked.get(host) === size) return false; asked.set(host, size); return true; };
    answer.notices = notices.slice();
    answer.quiet = Math.round(now() - last);
    answer.changes = changes;
  }, { capture: true });
})();
