using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Playwright;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>
/// Looks up <c>aria/</c> selectors in Chrome's own accessibility tree, where Recorder took the names and roles from: a name computed by any other rules would
/// differ in the corners. Elements cross between Playwright and the DevTools protocol through a property of the page's window with a random name, which
/// is removed at once.
/// </summary>
internal sealed class AccessibilityTree
{
    // One lookup never brings more than this into play; a page with more matches of one name and role is not worth reading by name.
    private const int MaxMatches = 10_000;

    private readonly Dictionary<IPage, ICDPSession> sessions = [];
    private readonly Dictionary<IFrame, ICDPSession> frameSessions = [];

    /// <summary>For each node of <paramref name="flat"/> (see <see cref="PageScripts.Flatten"/>) the elements below it with this name and role, as an array of arrays.</summary>
    public async Task<IJSHandle> FindAsync(IFrame frame, IJSHandle flat, string? name, string? role)
    {
        var slot = "o" + RandomNumberGenerator.GetHexString(24, lowercase: true);
        await frame.EvaluateAsync("({flat, slot}) => { Object.defineProperty(window, slot, {value: {nodes: flat.nodes, results: []}, configurable: true}); }", new { flat, slot });
        try
        {
            var (session, window) = await WindowOfAsync(frame, slot);
            try
            {
                await QueryAsync(session, window, slot, name, role);
            }
            finally
            {
                await IgnoringLoss(session.SendAsync("Runtime.releaseObjectGroup", new() { ["objectGroup"] = slot }));
            }

            return await frame.EvaluateHandleAsync("slot => window[slot].results", slot);
        }
        catch (Exception e) when (e is PlaywrightException or KeyNotFoundException or InvalidOperationException)
        {
            // The page changed under the lookup, or a frame moved to another process and its session ended. The next look starts afresh.
            frameSessions.Remove(frame);
            throw e as PlaywrightException ?? new PlaywrightException("The accessibility tree changed while it was read.");
        }
        finally
        {
            await IgnoringLoss(frame.EvaluateAsync("slot => { delete window[slot]; }", slot));
        }
    }

    private static async Task QueryAsync(ICDPSession session, string window, string slot, string? name, string? role)
    {
        var count = (await CallAsync(session, window, slot, "function(slot) { return this[slot].nodes.length; }", byValue: true, slot)).GetProperty("value").GetInt32();
        var total = 0;
        for (var i = 0; i < count; i++)
        {
            var node = await CallAsync(session, window, slot, "function(slot, i) { this[slot].results.push([]); return this[slot].nodes[i]; }", byValue: false, slot, i);
            if (!node.TryGetProperty("objectId", out var nodeId)) continue;
            var query = new Dictionary<string, object> { ["objectId"] = nodeId.GetString()! };
            if (!string.IsNullOrEmpty(name)) query["accessibleName"] = name;
            if (!string.IsNullOrEmpty(role)) query["role"] = role;
            JsonElement? answer;
            try
            {
                answer = await session.SendAsync("Accessibility.queryAXTree", query);
            }
            catch (PlaywrightException)
            {
                // The node left the document, or is of a kind that has no place in the tree.
                continue;
            }

            foreach (var match in answer!.Value.GetProperty("nodes").EnumerateArray())
            {
                if (match.TryGetProperty("ignored", out var ignored) && ignored.GetBoolean()) continue;
                // Text nodes: Recorder's own player passes over them as well, in favour of the element around.
                if (!match.TryGetProperty("role", out var roleOf) || roleOf.GetProperty("value").GetString() is "StaticText" or "InlineTextBox" or "RootWebArea") continue;
                if (name == "" && match.TryGetProperty("name", out var named) && named.TryGetProperty("value", out var text) && text.GetString() != "") continue;
                if (!match.TryGetProperty("backendDOMNodeId", out var backend) || ++total > MaxMatches) continue;
                var resolved = await session.SendAsync("DOM.resolveNode", new() { ["backendNodeId"] = backend.GetInt64(), ["objectGroup"] = slot });
                var element = resolved!.Value.GetProperty("object").GetProperty("objectId").GetString()!;
                await session.SendAsync("Runtime.callFunctionOn", new()
                {
                    ["objectId"] = window,
                    ["functionDeclaration"] = "function(slot, i, e) { if (e.nodeType === 1) this[slot].results[i].push(e); }",
                    ["arguments"] = new object[] { new { value = slot }, new { value = i }, new { objectId = element } },
                });
            }
        }
    }

    /// <summary>The DevTools session a frame belongs to and its window there. A frame of another site may have a session of its own.</summary>
    private async Task<(ICDPSession Session, string Window)> WindowOfAsync(IFrame frame, string slot)
    {
        if (frame.ParentFrame is null)
        {
            var own = await SessionOfAsync(frame.Page);
            return (own, await EvaluateWindowAsync(own, slot));
        }

        if (await OwnSessionOfAsync(frame) is { } separate) return (separate, await EvaluateWindowAsync(separate, slot));

        var (session, parent) = await WindowOfAsync(frame.ParentFrame, slot);
        var holder = await frame.FrameElementAsync();
        var key = slot + "f";
        await frame.ParentFrame.EvaluateAsync("({holder, key}) => { window[key] = holder; }", new { holder, key });
        var element = await CallAsync(session, parent, slot, "function(key) { const e = this[key]; delete this[key]; return e; }", byValue: false, key);
        var described = await session.SendAsync("DOM.describeNode", new() { ["objectId"] = element.GetProperty("objectId").GetString()!, ["depth"] = 1, ["pierce"] = true });
        var document = described!.Value.GetProperty("node").GetProperty("contentDocument").GetProperty("backendNodeId").GetInt64();
        var resolved = await session.SendAsync("DOM.resolveNode", new() { ["backendNodeId"] = document, ["objectGroup"] = slot });
        var documentId = resolved!.Value.GetProperty("object").GetProperty("objectId").GetString()!;
        var window = await CallAsync(session, documentId, slot, "function() { return this.defaultView; }", byValue: false);
        return (session, window.GetProperty("objectId").GetString()!);
    }

    private async Task<ICDPSession> SessionOfAsync(IPage page)
    {
        if (sessions.TryGetValue(page, out var known)) return known;
        return sessions[page] = await page.Context.NewCDPSessionAsync(page);
    }

    private async Task<ICDPSession?> OwnSessionOfAsync(IFrame frame)
    {
        if (frameSessions.TryGetValue(frame, out var known)) return known;
        try
        {
            return frameSessions[frame] = await frame.Page.Context.NewCDPSessionAsync(frame);
        }
        catch (PlaywrightException)
        {
            // Most frames live in their parent's session.
            return null;
        }
    }

    /// <summary>Detaches from the pages it looked at.</summary>
    public async Task CloseAsync()
    {
        foreach (var session in sessions.Values.Concat(frameSessions.Values)) await IgnoringLoss(session.DetachAsync());
        sessions.Clear();
        frameSessions.Clear();
    }

    private static async Task<string> EvaluateWindowAsync(ICDPSession session, string group)
    {
        var answer = await session.SendAsync("Runtime.evaluate", new() { ["expression"] = "window", ["objectGroup"] = group });
        return answer!.Value.GetProperty("result").GetProperty("objectId").GetString()!;
    }

    private static async Task<JsonElement> CallAsync(ICDPSession session, string on, string group, string function, bool byValue, params object[] arguments)
    {
        var answer = await session.SendAsync("Runtime.callFunctionOn", new()
        {
            ["objectId"] = on,
            ["functionDeclaration"] = function,
            ["arguments"] = arguments.Select(value => (object)new { value }).ToArray(),
            ["returnByValue"] = byValue,
            ["objectGroup"] = group,
        });
        return answer!.Value.GetProperty("result");
    }

    /// <summary>For tidying up: a page that went away needs none.</summary>
    private static async Task IgnoringLoss(Task task)
    {
        try
        {
            await task;
        }
        catch (PlaywrightException)
        {
        }
    }
}
