using Microsoft.Playwright;

namespace Ostiary.Recognition;

/// <summary>
/// Takes one kind of sign away from a page before it is read: what a page of another make may not have. A reading that falls apart without one of them hangs by a thread, and the same labels say so.
/// </summary>
internal static class Without
{
    /// <summary>Kinds of signs, each with what is done to the page.</summary>
    public static readonly IReadOnlyDictionary<string, string> Kinds = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        // As generators of names leave them: alike where they were alike, and saying nothing.
        ["names"] = """
            const other = v => { let h = 2166136261; for (const c of v) h = Math.imul(h ^ c.codePointAt(0), 16777619); return 'k' + (h >>> 0).toString(36); };
            for (const e of document.querySelectorAll('*')) for (const a of [...e.attributes])
              if (/^(id|name|for|form|list|aria-(labelledby|describedby|controls|owns)|class)$/.test(a.name)) e.setAttribute(a.name, a.value.split(/\s+/).filter(Boolean).map(other).join(' '));
              else if (a.name.startsWith('data-') && a.name !== 'data-cid') e.removeAttribute(a.name);
            """,
        ["forms"] = "for (const e of [...document.forms]) become(e, 'div');",
        ["labels"] = "for (const e of document.querySelectorAll('label')) become(e, 'span'); for (const e of document.querySelectorAll('[aria-label],[aria-labelledby],[title],[alt]')) for (const a of ['aria-label', 'aria-labelledby', 'title', 'alt']) e.removeAttribute(a);",
        ["placeholders"] = "for (const e of document.querySelectorAll('[placeholder]')) e.removeAttribute('placeholder');",
        ["headings"] = "document.title = ''; for (const e of document.querySelectorAll('h1,h2,h3,h4,h5,h6,legend,[role=heading]')) { e.removeAttribute('role'); become(e, 'div'); }",
        ["hints"] = "for (const e of document.querySelectorAll('[autocomplete]')) e.removeAttribute('autocomplete'); for (const e of document.querySelectorAll('input[type=email],input[type=tel],input[type=number]')) e.type = 'text'; for (const e of document.querySelectorAll('[action],a[href]')) e.setAttribute(e.href ? 'href' : 'action', '#');",
        // A language that nobody knows: every Latin letter is another one.
        ["words"] = """
            const turned = t => t.replace(/[a-z]/g, c => String.fromCharCode((c.charCodeAt(0) - 90) % 26 + 97)).replace(/[A-Z]/g, c => String.fromCharCode((c.charCodeAt(0) - 58) % 26 + 65));
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) if (!/^(SCRIPT|STYLE)$/.test(texts.currentNode.parentNode.tagName)) texts.currentNode.data = turned(texts.currentNode.data);
            document.title = turned(document.title);
            for (const e of document.querySelectorAll('*')) for (const a of ['placeholder', 'aria-label', 'title', 'alt']) if (e.hasAttribute(a)) e.setAttribute(a, turned(e.getAttribute(a)));
            for (const e of document.querySelectorAll('input[type=submit],input[type=button]')) e.setAttribute('value', turned(e.value));
            """,
    };

    private const string Become = "const become = (e, tag) => { const n = document.createElement(tag); for (const a of ['data-cid', 'class', 'id', 'style', 'hidden']) if (e.hasAttribute(a)) n.setAttribute(a, e.getAttribute(a)); n.append(...e.childNodes); e.replaceWith(n); };";

    public static Task TakeAsync(IPage page, IEnumerable<string> kinds) => page.EvaluateAsync($"() => {{ {Become} {string.Concat(kinds.Select(k => "{" + Kinds[k] + "}"))} }}");
}
