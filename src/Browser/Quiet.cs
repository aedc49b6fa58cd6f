using System.Globalization;

namespace Ostiary.Browser;

/// <summary>
/// When a page is done with what it was doing. Waiting a fixed half second before every look would double the time of a sign-in on a plain page, and be too short for a
/// busy one; so the rule goes by what the page has lately done.
/// </summary>
internal static class Quiet
{
    /// <summary>Name of the property that holds a document's change counter; random, so that no page can be written against it.</summary>
    public static string Property { get; } = "_" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>Counts changes in every document from its start. One element that changes all the time (an animation) counts a few times only.</summary>
    public static string InitScript { get; } =
        $$"""
        (() => {
          const key = '{{Property}}';
          if (window[key]) return;
          const state = { count: 0, at: performance.now(), seen: new WeakMap(), roots: new WeakSet(), closed: [] };
          const options = { subtree: true, childList: true, characterData: true, attributes: true,
            attributeFilter: ['class', 'style', 'hidden', 'disabled', 'readonly', 'open', 'aria-hidden', 'aria-busy', 'aria-invalid', 'aria-disabled', 'inert', 'type', 'src'] };
          const observer = new MutationObserver(records => {
            for (const record of records) {
              const times = (state.seen.get(record.target) || 0) + 1;
              state.seen.set(record.target, times);
              if (times > 8 && record.target !== document.body) continue;
              state.count++;
              state.at = performance.now();
            }
          });
          state.observe = root => {
            if (state.roots.has(root)) return false;
            state.roots.add(root);
            // Kept without keeping them alive: what paints over secrets finds them nowhere else.
            if (root.mode === 'closed') state.closed.push(new WeakRef(root));
            observer.observe(root, options);
            return true;
          };
          state.observe(document);
          Object.defineProperty(window, key, { value: state });
        })();
        """;

    /// <summary>One frame's signs. An argument of true forgets which elements were restless: an action is a new beginning.</summary>
    public static string Probe { get; } =
        $$"""
        fresh => {
          const state = window['{{Property}}'];
          const now = performance.now();
          // What makes a page more than a frame that a script has yet to fill; in a shadow root as well.
          const shown = 'input, button, a[href], select, textarea, iframe, h1, h2, h3';
          const body = document.body;
          let filled = false;
          if (state) {
            if (fresh) state.seen = new WeakMap();
            let added = false;
            const visit = root => {
              for (const element of root.querySelectorAll('*')) if (element.shadowRoot) {
                if (state.observe(element.shadowRoot)) added = true;
                if (element.shadowRoot.querySelector(shown)) filled = true;
                visit(element.shadowRoot);
              }
            };
            visit(document);
            // An element of the page's own kind that takes room and shows nothing that could be seen from outside has a closed root, and something in it.
            if (!filled && body) for (const element of body.querySelectorAll('*'))
              if (element.localName.includes('-') && !element.shadowRoot && !element.childElementCount && customElements.get(element.localName) && element.offsetHeight > 40) { filled = true; break; }
            if (added) { state.count++; state.at = now; }
          }
          const timing = performance.getEntriesByType('navigation')[0];
          const scripts = document.scripts.length > 0 || !!(body && (body.onload || body.hasAttribute('onload')));
          const refresh = document.querySelector('meta[http-equiv="refresh" i]');
          const empty = scripts && body !== null && document.readyState === 'complete'
            && !filled && !body.querySelector(shown) && body.getElementsByTagName('*').length < 200
            && body.innerText.trim().length < 40;
          const soon = refresh !== null && parseFloat(refresh.content) <= 2 && /url\s*=/i.test(refresh.content);
          const sinceChange = state ? now - state.at : now;
          const sinceLoad = timing && timing.loadEventEnd > 0 ? now - timing.loadEventEnd : document.readyState === 'complete' ? now : 0;
          return `${document.readyState} ${scripts ? 1 : 0} ${empty ? 1 : 0} ${soon ? 1 : 0} ${sinceChange} ${sinceLoad} ${state ? state.count : 0} ${performance.timeOrigin}`;
        }
        """;

    /// <summary>How long to wait before asking again; zero: the page is quiet.</summary>
    public static TimeSpan Wait(PageSigns page, TrafficSigns traffic, bool effectExpected)
    {
        var changedSinceAction = page.SinceChange < traffic.SinceAction.TotalMilliseconds;
        if (traffic.Awaited > 0)
            return TimeSpan.FromMilliseconds(100); // A request's end wakes the wait earlier.
        if (page.Ready == "loading" || page.Refresh)
            return TimeSpan.FromMilliseconds(20);
        // Something slow and foreign (a tracker's picture) holds up the load event: the document itself has long been there.
        if (page.Ready == "interactive" && page.SinceChange < 500)
            return TimeSpan.FromMilliseconds(Math.Clamp(500 - page.SinceChange, 1, 30));
        var slow = Math.Min(page.Latency, 200);
        var begin = NothingHappens + 5 * slow - traffic.SinceAction.TotalMilliseconds;
        if (effectExpected && !traffic.StartedSinceAction && !changedSinceAction && begin > 0)
            return TimeSpan.FromMilliseconds(Math.Clamp(begin, 1, 30));
        if (page is { Ready: "complete", Scripts: false })
            return TimeSpan.Zero;

        var need = page.Empty ? 1000.0 : 50.0 + slow;
        // An answer that has come in and shows nowhere yet: the script that asked is still at work with it.
        if (traffic.SinceEnd is { } ended && page.SinceChange > ended.TotalMilliseconds && page.SinceLoad > ended.TotalMilliseconds)
            need = Math.Max(need, 150 + slow);
        var quietFor = Math.Min(page.SinceChange, page.Ready == "complete" ? page.SinceLoad : double.MaxValue);
        if (traffic.SinceEnd is { } end) quietFor = Math.Min(quietFor, end.TotalMilliseconds);
        return quietFor >= need ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Clamp(need - quietFor, 1, 50));
    }

    /// <summary>A click that starts nothing for so long starts nothing.</summary>
    private const double NothingHappens = 250;
}

/// <summary>What one probe of a page said. Times in milliseconds.</summary>
internal sealed class PageSigns
{
    public required string Ready { get; init; }
    public required bool Empty { get; init; }
    public required bool Refresh { get; init; }
    public required double SinceLoad { get; init; }
    public required double Origin { get; init; }
    public bool Scripts { get; set; }
    public double SinceChange { get; set; }
    public long Count { get; set; }

    /// <summary>How long the page took to answer. A busy page or machine takes longer for everything.</summary>
    public double Latency { get; set; }

    /// <summary>The probe answers with words and numbers in a row, which no page that redefines JSON can spoil; null for an answer that is not ours.</summary>
    public static PageSigns? Parse(string? answer)
    {
        var parts = (answer ?? "").Split(' ');
        return parts.Length == 8 ? new PageSigns
        {
            Ready = parts[0],
            Scripts = parts[1] == "1",
            Empty = parts[2] == "1",
            Refresh = parts[3] == "1",
            SinceChange = Number(parts[4]),
            SinceLoad = Number(parts[5]),
            Count = (long)Number(parts[6]),
            Origin = Number(parts[7]),
        } : null;
    }

    private static double Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
