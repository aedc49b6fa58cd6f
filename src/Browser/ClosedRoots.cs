using System.Text.Json;
using Microsoft.Playwright;

namespace Ostiary.Browser;

/// <summary>
/// Finds closed shadow roots by the browser's own inspection and hands each to the page's watchers: one keeps it for the script that looks, one counts its changes. Nothing of the page is
/// changed for it: <c>attachShadow</c> stays what it was.
/// </summary>
internal static class ClosedRoots
{
    private const int MaxRoots = 60;

    // A page that does not answer in time is read without them.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);
    private const string HandOver =
        "function(channel, counter) { const view = this.ownerDocument.defaultView; if (!view) return; view.dispatchEvent(new view.CustomEvent(channel, { detail: { root: this } })); if (view[counter]) view[counter].observe(this); }";

    /// <summary>True when there are any in the frames' documents.</summary>
    public static async Task<bool> RevealAsync(IPage page, IReadOnlyList<IFrame> frames, string channel, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        var found = false;
        var together = false;
        foreach (var frame in frames)
        {
            try
            {
                // A frame that lives in the page's process is part of the page's document tree; the others are asked one by one.
                var session = frame.ParentFrame is null ? null : await OwnSessionAsync(frame).WaitAsync(limit.Token);
                if (session is null && together) continue;
                together |= session is null;
                session ??= await page.Context.NewCDPSessionAsync(page).WaitAsync(limit.Token);
                try
                {
                    found |= await RevealAsync(session, channel, limit.Token);
                }
                finally
                {
                    await DetachAsync(session);
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return found;
            }
            catch (PlaywrightException)
            {
                // The frame is gone; so are its roots.
            }
        }
        return found;
    }

    private static async Task<bool> RevealAsync(ICDPSession session, string channel, CancellationToken cancellationToken)
    {
        // As a flat list: a nested answer about a deep page is deeper than Playwright's reader allows, which ends the connection and with it every session.
        await session.SendAsync("DOM.enable").WaitAsync(cancellationToken);
        var document = await session.SendAsync("DOM.getFlattenedDocument", new() { ["depth"] = -1, ["pierce"] = true }).WaitAsync(cancellationToken);
        var roots = new List<int>();
        if (document is { } answer) Collect(answer.GetProperty("nodes"), roots);
        // All at once: a page of which half was found looks like another page.
        await Task.WhenAll(roots.Select(async root =>
        {
            var resolved = await session.SendAsync("DOM.resolveNode", new() { ["backendNodeId"] = root }).WaitAsync(cancellationToken);
            if (resolved?.GetProperty("object").GetProperty("objectId").GetString() is not { } id) return;
            await session.SendAsync("Runtime.callFunctionOn", new()
            {
                ["objectId"] = id,
                ["functionDeclaration"] = HandOver,
                ["arguments"] = new[] { new Dictionary<string, object> { ["value"] = channel }, new Dictionary<string, object> { ["value"] = Quiet.Property } },
            }).WaitAsync(cancellationToken);
        }));
        return roots.Count > 0;
    }

    private static void Collect(JsonElement nodes, List<int> closed)
    {
        var open = new Stack<JsonElement>();
        foreach (var node in nodes.EnumerateArray()) open.Push(node);
        while (open.TryPop(out var node) && closed.Count < MaxRoots)
        {
            if (node.TryGetProperty("shadowRootType", out var type) && type.GetString() == "closed") closed.Add(node.GetProperty("backendNodeId").GetInt32());
            foreach (var name in (ReadOnlySpan<string>)["children", "shadowRoots"])
            {
                if (!node.TryGetProperty(name, out var below)) continue;
                foreach (var child in below.EnumerateArray()) open.Push(child);
            }
            if (node.TryGetProperty("contentDocument", out var inner)) open.Push(inner);
        }
    }

    private static async Task<ICDPSession?> OwnSessionAsync(IFrame frame)
    {
        try
        {
            return await frame.Page.Context.NewCDPSessionAsync(frame);
        }
        catch (PlaywrightException exception) when (exception.Message.Contains("separate CDP session", StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static async Task DetachAsync(ICDPSession session)
    {
        try
        {
            await session.DetachAsync();
        }
        catch (PlaywrightException)
        {
            // Ended with its page.
        }
    }
}
