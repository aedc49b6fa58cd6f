using Microsoft.Playwright;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>The element that an <c>each</c> step is at, with the whole list: steps inside look in the element first and never in its neighbours.</summary>
internal sealed record FlowItem(IFrame Frame, IElementHandle Element, IJSHandle List);

/// <summary>One look at a page for what selectors name. It does not wait; the runner looks again until a step's time is up.</summary>
internal sealed class ElementFinder
{
    private readonly AccessibilityTree tree = new();

    /// <summary>Selectors that the browser could not parse in this program, as written.</summary>
    public HashSet<string> Invalid { get; } = new(StringComparer.Ordinal);

    /// <summary>The elements of the first alternative that matches, in document order; in an <c>each</c>, the current element comes first.</summary>
    public async Task<IReadOnlyList<IElementHandle>> FindAsync(IFrame frame, IReadOnlyList<FlowSelector> alternatives, FlowValues values, FlowItem? item, bool visibleOnly)
    {
        var found = await LookAsync(frame, alternatives, values, item, visibleOnly);
        var first = await found.EvaluateHandleAsync("found => found.groups[0].slice(0, 20)");
        var elements = new List<IElementHandle>();
        foreach (var (_, handle) in (await first.GetPropertiesAsync()).OrderBy(p => int.TryParse(p.Key, out var i) ? i : int.MaxValue))
            if (handle.AsElement() is { } element) elements.Add(element);
        await DropAsync(first, found);
        return elements;
    }

    /// <summary>The same as a handle to <c>{groups: [[element, …]], invalid}</c>.</summary>
    public async Task<IJSHandle> LookAsync(IFrame frame, IReadOnlyList<FlowSelector> alternatives, FlowValues values, FlowItem? item, bool visibleOnly)
    {
        if (item is not null && item.Frame == frame)
        {
            IJSHandle? inside = null;
            try
            {
                var here = await item.Element.EvaluateHandleAsync("element => [element]");
                inside = await GroupsAsync(frame, here, alternatives, values, visibleOnly);
                if (await inside.EvaluateAsync<bool>("found => found.groups[0].length > 0")) return inside;
                var anywhere = await OnPageAsync(frame, alternatives, values, visibleOnly);
                return await frame.EvaluateHandleAsync(PageScripts.OutsideOthers, new { found = anywhere, list = item.List, item = item.Element });
            }
            catch (PlaywrightException e) when (IsStale(e))
            {
                // The page has moved on since the list was found: what the steps name is on the page that came.
                if (inside is not null) await DropAsync(inside);
            }
        }

        return await OnPageAsync(frame, alternatives, values, visibleOnly);
    }

    /// <summary>
    /// For each scope of an array of nodes the elements of the first alternative that matches in it: a handle to <c>{groups, invalid}</c>.
    /// </summary>
    public async Task<IJSHandle> GroupsAsync(IFrame frame, IJSHandle scopes, IReadOnlyList<FlowSelector> alternatives, FlowValues values, bool visibleOnly)
    {
        IJSHandle? found = null;
        var resolved = alternatives.Select(a => (a.Parts, Resolved: a.Resolve(values))).ToList();
        for (var i = 0; i < resolved.Count;)
        {
            var run = resolved.Skip(i).TakeWhile(a => a.Resolved.All(IsPageWork)).ToList();
            var previous = found;
            if (run.Count > 0)
            {
                found = await frame.EvaluateHandleAsync(PageScripts.Find, new
                {
                    scopes,
                    previous,
                    alternatives = run.Select(a => a.Resolved.Select((part, k) => new { kind = Kind(part), text = part.Text, source = a.Parts[k].Source }).ToArray()).ToArray(),
                    visibleOnly,
                });
                i += run.Count;
            }
            else
            {
                var groups = await ChainAsync(frame, scopes, resolved[i].Resolved);
                found = await frame.EvaluateHandleAsync(PageScripts.Merge, new { groups, previous, visibleOnly });
                await DropAsync(groups);
                i++;
            }

            if (previous is not null) await DropAsync(previous);
            if (i < resolved.Count && await found.EvaluateAsync<bool>("found => found.groups.every(group => group.length)")) break;
        }

        if (found is null) return await frame.EvaluateHandleAsync("scopes => ({groups: [...scopes].map(scope => [scope]), invalid: []})", scopes);
        if (await found.EvaluateAsync<string[]>("found => found.invalid") is { Length: > 0 } invalid) Invalid.UnionWith(invalid);
        return found;
    }

    public Task CloseAsync() => tree.CloseAsync();

    private async Task<IJSHandle> OnPageAsync(IFrame frame, IReadOnlyList<FlowSelector> alternatives, FlowValues values, bool visibleOnly)
    {
        var document = await frame.EvaluateHandleAsync("() => [document]");
        var found = await GroupsAsync(frame, document, alternatives, values, visibleOnly);
        await DropAsync(document);
        return found;
    }

    /// <summary>A chain with a part that the page itself cannot look up: part by part.</summary>
    private async Task<IJSHandle> ChainAsync(IFrame frame, IJSHandle scopes, IReadOnlyList<ResolvedPart> parts)
    {
        var groups = await frame.EvaluateHandleAsync(PageScripts.Singles, scopes);
        for (var k = 0; k < parts.Count; k++)
        {
            var part = parts[k];
            IJSHandle next;
            if (IsPageWork(part))
            {
                next = await frame.EvaluateHandleAsync(PageScripts.Step, new { groups, part = new { kind = Kind(part), text = part.Text }, first = k == 0 });
            }
            else
            {
                var flat = await frame.EvaluateHandleAsync(PageScripts.Flatten, new { groups, first = k == 0 });
                var results = part.Kind == SelectorKind.Aria
                    ? await tree.FindAsync(frame, flat, part.Text, part.Role)
                    : await ByWordAsync(frame, flat, part.Text!);
                next = await frame.EvaluateHandleAsync(PageScripts.Regroup, new { flat, results });
                await DropAsync(flat, results);
            }

            await DropAsync(groups);
            groups = next;
        }

        return groups;
    }

    private static async Task<IJSHandle> ByWordAsync(IFrame frame, IJSHandle flat, string selector)
    {
        var results = await frame.EvaluateHandleAsync("() => []");
        var nodes = await flat.GetPropertyAsync("nodes");
        foreach (var (_, handle) in (await nodes.GetPropertiesAsync()).OrderBy(p => int.TryParse(p.Key, out var i) ? i : int.MaxValue))
        {
            if (handle.AsElement() is not { } node) continue;
            var found = await node.QuerySelectorAllAsync(selector);
            await frame.EvaluateAsync("({results, found}) => { results.push(found); }", new { results, found = found.ToArray() });
        }

        return results;
    }

    private static bool IsPageWork(ResolvedPart part) => part.Kind is not (SelectorKind.Aria or SelectorKind.Word);

    private static string Kind(ResolvedPart part) => part.Kind switch { SelectorKind.Css => "css", SelectorKind.Text => "text", SelectorKind.Pierce => "pierce", _ => "xpath" };

    private static bool IsStale(PlaywrightException e) =>
        e.Message.Contains("context", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("JSHandle", StringComparison.Ordinal) || e.Message.Contains("disposed", StringComparison.OrdinalIgnoreCase);

    private static async Task DropAsync(params IJSHandle[] handles)
    {
        foreach (var handle in handles)
        {
            try
            {
                await handle.DisposeAsync();
            }
            catch (PlaywrightException)
            {
                // Its page is gone, and the handle with it.
            }
        }
    }
}
