using Microsoft.Playwright;

namespace Ostiary.Browser;

public sealed partial class BrowserSession
{
    private static readonly TimeSpan PicturePatience = TimeSpan.FromSeconds(3);
    private readonly Dictionary<IPage, ICDPSession> _cameras = [];

    /// <summary>
    /// A picture of the viewport in which every password and code box, every box in <paramref name="masked"/>, every box that something was typed into as a secret, and
    /// whatever else on the same page shows what is in one of them, is painted over before the picture leaves the browser. Null when there is none to be had: the page is
    /// between two documents, or does not answer.
    /// </summary>
    /// <remarks>
    /// The paint belongs to the elements, not to places on the screen: it moves with them, and a document that comes under the camera has its picture thrown away. It is
    /// laid on as an animation, which no observer of the page is told of, so that a picture never makes the page look busy. May be taken while something is typed into a
    /// <paramref name="masked"/> box; otherwise it is an action like any other.
    /// </remarks>
    /// <param name="masked">Elements of the newest look.</param>
    /// <param name="quality">1 to 100 for a JPEG, null for a PNG.</param>
    public async Task<byte[]?> ScreenshotAsync(IReadOnlyList<ElementId> masked, int? quality, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(masked);
        var page = Page;
        // Nothing of ours runs in a page that waits for the answer to a navigation, and what cannot be painted over is not taken.
        if (_traffic.IsNavigating(page)) return null;
        var finding = masked.Select(FindAsync).ToList();
        var boxes = new List<IElementHandle>(_secretBoxes);
        boxes.AddRange((await Task.WhenAll(finding)).OfType<IElementHandle>());
        var documents = Volatile.Read(ref _documents);
        try
        {
            return await RunAsync("Taking a picture", async () =>
            {
                var camera = await CameraAsync(page);
                var frames = page.Frames.ToList();
                // A frame that does not answer cannot be painted over, so there is no picture.
                var painting = frames.Where(f => !IsDeaf(f)).Select(Task (f) => f.EvaluateAsync(PaintFrame, SecretBoxes)).ToList();
                painting.AddRange(boxes.Select(b => TryAsync(b.EvaluateAsync(PaintBox))));
                await Task.WhenAll(painting);
                try
                {
                    var answer = await camera.SendAsync("Page.captureScreenshot", quality is { } percent
                        ? new() { ["format"] = "jpeg", ["quality"] = percent, ["optimizeForSpeed"] = true }
                        : new() { ["format"] = "png" });
                    var picture = answer?.GetProperty("data").GetBytesFromBase64();
                    return documents == Volatile.Read(ref _documents) ? picture : null;
                }
                finally
                {
                    foreach (var frame in frames) _ = TryAsync(frame.EvaluateAsync(Unpaint));
                }
            }, PicturePatience, cancellationToken);
        }
        catch (PageActionException)
        {
            return null;
        }
    }

    /// <summary>The picture that the page names for itself: the largest meant for a home screen, else its icon; null when it names none. Nothing is fetched.</summary>
    public async Task<Uri?> FindIconAsync(CancellationToken cancellationToken)
    {
        const string script =
            """
            () => {
              const size = l => Math.max(0, ...(l.getAttribute('sizes') || '').split(/\s+/).map(s => parseInt(s) || 0));
              const icons = [...document.querySelectorAll('link[rel~="icon" i], link[rel^="apple-touch-icon" i]')].filter(l => /^https?:/.test(l.href) && new URL(l.href).search.length <= 40);
              const rank = l => (/apple/i.test(l.rel) ? 1000 : /svg/.test(l.type + l.href) ? 500 : 0) + size(l);
              return icons.sort((a, b) => rank(b) - rank(a))[0]?.href ?? '';
            }
            """;
        if (_traffic.IsNavigating(Page)) return null;
        try
        {
            return Uri.TryCreate(await RunAsync("Looking for the page's icon", () => Page.EvaluateAsync<string>(script), FramePatience, cancellationToken), UriKind.Absolute, out var icon) ? icon : null;
        }
        catch (PageActionException)
        {
            return null;
        }
    }

    private async Task<ICDPSession> CameraAsync(IPage page)
    {
        lock (_gate)
            if (_cameras.TryGetValue(page, out var known)) return known;
        var camera = await _context.NewCDPSessionAsync(page);
        lock (_gate) _cameras[page] = camera;
        return camera;
    }

    /// <summary>
    /// Paints one element: text without colour on black, and a filter that leaves no other colour should a page insist on its own. What shows the value of a box elsewhere
    /// in its document (a second box, a "show password" line) is painted like it; values are compared inside the page and never leave it.
    /// </summary>
    private static string PaintScript { get; } =
        $$"""
          const key = '{{Quiet.Property}}p';
          if (!window[key]) Object.defineProperty(window, key, { value: { on: new Map() } });
          const on = window[key].on;
          const black = { backgroundColor: '#000', backgroundImage: 'none', color: 'transparent', webkitTextFillColor: 'transparent', textShadow: 'none', caretColor: 'transparent',
            borderColor: '#000', borderRadius: '0', boxShadow: 'none', outlineColor: 'transparent', filter: 'brightness(0)' };
          const paint = e => { if (e && !on.has(e) && e.isConnected) on.set(e, e.animate([black, black], { duration: 1e9, fill: 'both' })); };
          const roots = function* (root) {
            yield root;
            for (const e of root.querySelectorAll('*')) if (e.shadowRoot) yield* roots(e.shadowRoot);
          };
          const closed = ((window['{{Quiet.Property}}'] || {}).closed || []).map(r => r.deref()).filter(r => r && r.host.isConnected);
          const all = [document, ...closed].flatMap(root => [...roots(root)]);
          const echoes = values => {
            const known = [...new Set(values)].filter(v => typeof v === 'string' && v.trim().length >= 4);
            if (known.length === 0) return;
            for (const root of all) {
              for (const e of root.querySelectorAll('input, textarea')) if (known.some(v => e.value.includes(v))) paint(e);
              const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
              while (texts.nextNode()) if (known.some(v => texts.currentNode.data.includes(v))) paint(texts.currentNode.parentElement);
            }
          };
        """;

    private static string PaintFrame { get; } =
        $$"""
        async selector => {
          {{PaintScript}}
          // Lists of single characters take pieces of a secret.
          const isAlphabet = list => list.options.length >= 10 && [...list.options].filter(o => (o.label || o.text).trim().length !== 1).length <= 1;
          const boxes = all.flatMap(root => [...root.querySelectorAll(selector), ...[...root.querySelectorAll('select')].filter(isAlphabet)]);
          boxes.forEach(paint);
          echoes(boxes.map(b => b.value));
          // A frame of another site is drawn by another process: the picture waits until it has drawn the paint.
          if (window !== top && on.size > 0) await new Promise(done => { requestAnimationFrame(() => requestAnimationFrame(done)); setTimeout(done, 100); });
        }
        """;

    private static string PaintBox { get; } =
        $$"""
        box => {
          {{PaintScript}}
          paint(box);
          echoes([box.value]);
        }
        """;

    private static string Unpaint { get; } =
        $$"""
        () => {
          const paint = window['{{Quiet.Property}}p'];
          if (!paint) return;
          for (const animation of paint.on.values()) animation.cancel();
          paint.on.clear();
        }
        """;
}
