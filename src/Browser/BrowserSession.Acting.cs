using Microsoft.Playwright;

namespace Ostiary.Browser;

// NoWaitAfter is marked obsolete because it is to become the default. Until it is, an action would hang on the navigation it starts; looks wait for that.
#pragma warning disable CS0612

public sealed partial class BrowserSession
{
    /// <summary>How long an element may take to become visible, still and free for the mouse.</summary>
    private static readonly TimeSpan ActionPatience = TimeSpan.FromMilliseconds(1500);

    /// <summary>What holds a secret by the look of its markup, in every frame and open shadow root.</summary>
    private const string SecretBoxes =
        "input[type=password], input[autocomplete~=one-time-code], input[autocomplete~=current-password], input[autocomplete~=new-password], input[autocomplete~=cc-csc], "
        + "input[name*=passw i], input[id*=passw i], input[name*=otp i], input[id*=otp i], input[name*=code i], input[id*=code i], input[maxlength='1'], "
        + "input[aria-label*=passw i], input[aria-label*=code i]";

    /// <summary>Boxes that a secret was typed into: a page may show a password as plain text, under any name.</summary>
    private readonly List<IElementHandle> _secretBoxes = [];

    /// <summary>
    /// Scrolls to and clicks an element as a person would. When something lies over it, or it does not come to rest, the click is dispatched to the element itself.
    /// </summary>
    public async Task ClickAsync(ElementId element, CancellationToken cancellationToken)
    {
        var handle = await GetAsync("Clicking", element, cancellationToken);
        BeginAction(effectExpected: true);
        var noticed = await NoticeAsync(handle, cancellationToken);
        if (await PressMouseAsync(handle, cancellationToken)) return;
        // A machine under load may give up a click that has been made; a second one would send a form twice.
        if (noticed is null || await IsNoticedAsync(noticed, cancellationToken)) return;
        var state = await AskAsync("Clicking", element, handle, StateScript, null, cancellationToken);
        if (state is "gone" or "disabled")
            throw new PageActionException($"Clicking {Outline(element)}: it is {state}.");
        await AskAsync("Clicking", element, handle, DispatchClickScript, null, cancellationToken, mayMove: true);
    }

    /// <summary>Begins to notice whether a click reaches an element. Null: its page has gone.</summary>
    private async Task<IJSHandle?> NoticeAsync(IElementHandle handle, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync("Clicking", () => handle.EvaluateHandleAsync("e => { const seen = { click: false }; e.addEventListener('click', () => { seen.click = true; }, { capture: true, once: true }); return seen; }"), PagePatience, cancellationToken);
        }
        catch (PageMovedException)
        {
            return null;
        }
    }

    /// <summary>True when the click has reached it, or the page has moved on.</summary>
    private async Task<bool> IsNoticedAsync(IJSHandle noticed, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync("Clicking", () => noticed.EvaluateAsync<bool>("seen => seen.click"), PagePatience, cancellationToken);
        }
        catch (PageMovedException)
        {
            return true;
        }
    }

    /// <summary>Empties the field and types plain text with real keys; checks that it arrived.</summary>
    public Task TypeAsync(ElementId element, string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TypeTextAsync(element, text, secret: false, cancellationToken);
    }

    /// <summary>The same for a secret; nothing that is thrown, logged or recorded by it carries the value.</summary>
    public async Task TypeSecretAsync(ElementId element, ReadOnlyMemory<char> value, CancellationToken cancellationToken)
    {
        // Playwright takes strings. This one is nobody else's, and is overwritten as soon as Playwright is done with it.
        var text = new string(value.Span);
        try
        {
            await TypeTextAsync(element, text, secret: true, cancellationToken);
        }
        finally
        {
            Wipe(text);
        }
    }

    /// <summary>
    /// Chooses an option of a select or listbox by its value (else by its visible label), a member of a radio group by its value, or checks a checkbox
    /// (<c>true</c>, <c>on</c> or its value) or clears it (<c>false</c>, <c>off</c> or empty).
    /// </summary>
    public Task ChooseAsync(ElementId element, string value, CancellationToken cancellationToken) => ChooseAsync(element, value, secret: false, cancellationToken);

    /// <summary>The same with what is secret: the box is painted over in pictures from now on.</summary>
    public Task ChooseSecretAsync(ElementId element, string value, CancellationToken cancellationToken) => ChooseAsync(element, value, secret: true, cancellationToken);

    private async Task ChooseAsync(ElementId element, string value, bool secret, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(value);
        var handle = await GetAsync("Choosing in", element, cancellationToken);
        if (secret) Remember(handle);
        BeginAction(effectExpected: false);
        var answer = await AskAsync("Choosing in", element, handle, ChooseScript, value, cancellationToken, mayMove: true);
        if (answer is "done") return;
        if (answer != "click")
            throw new PageActionException($"Choosing in {Outline(element)}: {(answer == "disabled" ? "it is disabled" : "it does not offer that")}.");
        // A radio button, checkbox or list option: a person would click what can be seen of it, itself or its label.
        var target = await RunAsync("Choosing", () => handle.EvaluateHandleAsync(ChoiceTargetScript, value), PagePatience, cancellationToken);
        if (ElementOf(target) is not { } seen || !await PressMouseAsync(seen, cancellationToken) || !await IsChosenAsync())
        {
            await AskAsync("Choosing in", element, handle, ForceChoiceScript, value, cancellationToken, mayMove: true);
            if (!await IsChosenAsync())
                throw new PageActionException($"Choosing in {Outline(element)}: the page did not take the choice.");
        }

        async Task<bool> IsChosenAsync() =>
            await AskAsync("Choosing in", element, handle, ChosenScript, value, cancellationToken, mayMove: true) is "yes" or "";
    }

    /// <summary>Presses a key (Playwright's names: <c>Enter</c>, <c>Escape</c>) with the focus on an element.</summary>
    public async Task PressAsync(ElementId element, string key, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var handle = await GetAsync("Pressing a key in", element, cancellationToken);
        BeginAction(effectExpected: true);
        try
        {
            await RunAsync($"Pressing a key in {Outline(element)}", async () =>
            {
                await handle.PressAsync(key, new ElementHandlePressOptions { NoWaitAfter = true, Timeout = (float)ActionPatience.TotalMilliseconds });
                return true;
            }, PagePatience, cancellationToken);
        }
        catch (PageMovedException)
        {
            // The key did its work: the page has gone on.
        }
    }

    private async Task TypeTextAsync(ElementId element, string text, bool secret, CancellationToken cancellationToken)
    {
        var handle = await GetAsync("Typing into", element, cancellationToken);
        var page = _readPage!;
        BeginAction(effectExpected: false);
        if (secret) Remember(handle);
        if (element.Frame > 0 && _snapshot is { } seen && element.Frame < seen.Frames.Count && seen.Frames[element.Frame].Url is { Scheme: "http" or "https" } framed) _traffic.Entrust(framed.Host);
        var state = await AskAsync("Typing into", element, handle, FocusScript, null, cancellationToken);
        if (state is "unfocused" or "readonly")
        {
            // Boxes that open up, or may be written in, only after a click.
            await PressMouseAsync(handle, cancellationToken);
            state = await AskAsync("Typing into", element, handle, FocusScript, null, cancellationToken);
        }
        if (state != "ready")
            throw new PageActionException($"Typing into {Outline(element)}: it {(state == "unfocused" ? "does not take the focus" : $"is {state}")}.");

        // Three ways, from the most to the least like a person; each is checked inside the page, which answers yes or no and never what it holds.
        foreach (var way in (Func<Task>[])[() => KeysAsync(page, text, quick: true), () => KeysAsync(page, text, quick: false), SetAsync])
        {
            await RunAsync($"Typing into {Outline(element)}", async () =>
            {
                await way();
                return true;
            }, PagePatience + TimeSpan.FromMilliseconds(20 * text.Length), cancellationToken);
            if (await AskAsync("Typing into", element, handle, ArrivedScript, text, cancellationToken, mayMove: true) is "yes" or "")
                return;
            await AskAsync("Typing into", element, handle, FocusScript, null, cancellationToken, mayMove: true);
        }
        throw new PageActionException($"Typing into {Outline(element)}: the page did not keep what was typed.");

        Task SetAsync() => handle.EvaluateAsync(SetScript, text);
    }

    /// <summary>
    /// Real keys. Quick: all but the last few characters come in one piece, as from an input method; the keys at the end are what pages listen for.
    /// A short text is always keys alone: boxes for a single digit each move the focus on at every key.
    /// </summary>
    private static async Task KeysAsync(IPage page, string text, bool quick)
    {
        if (text.Length == 0)
        {
            await page.Keyboard.PressAsync("Delete");
            return;
        }
        const int atEnd = 2;
        if (quick && text.Length > 8)
        {
            await page.Keyboard.InsertTextAsync(text[..^atEnd]);
            text = text[^atEnd..];
        }
        await page.Keyboard.TypeAsync(text);
    }

    /// <summary>A real click. False: the element did not come to rest or something lies over it.</summary>
    private async Task<bool> PressMouseAsync(IElementHandle handle, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync("Clicking", async () =>
            {
                try
                {
                    await handle.ClickAsync(new ElementHandleClickOptions { NoWaitAfter = true, Timeout = (float)ActionPatience.TotalMilliseconds });
                    return true;
                }
                catch (TimeoutException)
                {
                    return false;
                }
                catch (PlaywrightException e) when (e.Message.Contains("not visible", StringComparison.Ordinal) || e.Message.Contains("outside of the viewport", StringComparison.Ordinal)
                    || e.Message.Contains("not attached", StringComparison.Ordinal))
                {
                    return false;
                }
            }, PagePatience, cancellationToken);
        }
        catch (PageMovedException)
        {
            return true;
        }
    }

    private void Remember(IElementHandle handle)
    {
        if (_secretBoxes.Count >= 20) _secretBoxes.RemoveAt(0);
        _secretBoxes.Add(handle);
    }

    private async Task<IElementHandle> GetAsync(string action, ElementId element, CancellationToken cancellationToken)
    {
        if (element.Look != _look || _reading is null)
            throw new PageActionException($"{action} an element of look {element.Look}: the newest look is {_look}.");
        return await RunAsync(action, async () => await FindAsync(element), PagePatience, cancellationToken)
            ?? throw new PageActionException($"{action} {Outline(element)}: it is gone.");
    }

    private async Task<IElementHandle?> FindAsync(ElementId element)
    {
        if (element.Look != _look || _reading is null) return null;
        try
        {
            return await _reading.ElementAsync(element);
        }
        catch (PlaywrightException) when (!_lost.IsCancellationRequested)
        {
            return null;
        }
        catch (InvalidCastException)
        {
            return null; // Playwright's answer for a handle of something that is no element (any more).
        }
    }

    private static IElementHandle? ElementOf(IJSHandle handle)
    {
        try
        {
            return handle.AsElement();
        }
        catch (InvalidCastException)
        {
            return null;
        }
    }

    /// <summary>Runs one of the scripts below on an element; they answer with a word. Empty when the page moved on meanwhile and that is allowed.</summary>
    private async Task<string> AskAsync(
        string action, ElementId element, IElementHandle handle, string script, string? argument, CancellationToken cancellationToken, bool mayMove = false)
    {
        try
        {
            return await RunAsync($"{action} {Outline(element)}", () => handle.EvaluateAsync<string>(script, argument), PagePatience, cancellationToken);
        }
        catch (PageMovedException) when (mayMove)
        {
            return "";
        }
    }

    private string Outline(ElementId element)
    {
        var found = _snapshot?.Elements.FirstOrDefault(e => e.Id == element);
        if (found is null) return "an element";
        var label = found.Attributes.GetValueOrDefault("id") is { Length: > 0 } id ? $" id={id}"
            : found.Attributes.GetValueOrDefault("name") is { Length: > 0 } name ? $" name={name}" : "";
        return $"<{found.Tag}{(found.Type.Length > 0 ? $" type={found.Type}" : "")}{label}>";
    }

    private const string StateScript =
        "e => !e.isConnected ? 'gone' : e.disabled || e.matches('fieldset[disabled] *') ? 'disabled' : 'there'";

    private const string DispatchClickScript =
        """
        e => {
          const view = e.ownerDocument.defaultView;
          const box = e.getBoundingClientRect();
          const init = { bubbles: true, cancelable: true, composed: true, view, button: 0, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
          const pointer = { ...init, pointerId: 1, isPrimary: true, pointerType: 'mouse' };
          e.dispatchEvent(new view.PointerEvent('pointerdown', pointer));
          e.dispatchEvent(new view.MouseEvent('mousedown', init));
          if (e.focus) e.focus();
          e.dispatchEvent(new view.PointerEvent('pointerup', pointer));
          e.dispatchEvent(new view.MouseEvent('mouseup', init));
          if (typeof e.click === 'function') e.click(); else e.dispatchEvent(new view.MouseEvent('click', init));
          return 'done';
        }
        """;

    /// <summary>Focuses and selects everything, so that what is typed replaces it.</summary>
    private const string FocusScript =
        """
        e => {
          if (!e.isConnected) return 'gone';
          if (e.disabled || e.matches('fieldset[disabled] *')) return 'disabled';
          const root = e.getRootNode();
          const focused = () => root.activeElement === e || (root.activeElement !== null && e.contains(root.activeElement));
          e.focus({ preventScroll: false });
          // Chromium moves the focus into a frame only at the second call.
          e.focus({ preventScroll: false });
          if (!focused()) return 'unfocused';
          if (e.readOnly) return 'readonly';
          if (typeof e.select === 'function') e.select();
          else if (e.isContentEditable) e.ownerDocument.getSelection().selectAllChildren(e);
          return 'ready';
        }
        """;

    /// <summary>
    /// Yes when the element holds the text, the text as a mask rewrites it (spaces and signs apart), or as much of it as fits. A box that moved the focus on after
    /// taking its part (one box for each digit) has taken it too. What has no value to read is believed.
    /// </summary>
    private const string ArrivedScript =
        """
        (e, text) => {
          if (!e.isConnected) return 'yes';
          const held = 'value' in e ? e.value : e.isContentEditable ? e.textContent : null;
          if (held === null || typeof held !== 'string' || held === text) return 'yes';
          if (text.length === 0) return 'no';
          const bare = s => s.replace(/[^\p{L}\p{N}]/gu, '');
          if (bare(text).length > 0 && bare(text) === bare(held) && /^[\p{L}\p{N}\s.\-\/()+]*$/u.test(text)) return 'yes';
          if (held.length > 0 && text.startsWith(held)) {
            if (e.maxLength === held.length) return 'yes';
            const root = e.getRootNode();
            if (root.activeElement && root.activeElement !== e && root.activeElement.matches('input')) return 'yes';
          }
          return 'no';
        }
        """;

    /// <summary>Past what a framework puts over the value property, with the events that it listens for.</summary>
    private const string SetScript =
        """
        (e, text) => {
          const view = e.ownerDocument.defaultView;
          const prototype = e instanceof view.HTMLTextAreaElement ? view.HTMLTextAreaElement.prototype : e instanceof view.HTMLInputElement ? view.HTMLInputElement.prototype : null;
          if (prototype) Object.getOwnPropertyDescriptor(prototype, 'value').set.call(e, text);
          else if (e.isContentEditable) e.textContent = text;
          else return 'no';
          e.dispatchEvent(new view.InputEvent('input', { bubbles: true, composed: true, inputType: 'insertReplacementText' }));
          e.dispatchEvent(new view.Event('change', { bubbles: true }));
          e.blur();
          return 'done';
        }
        """;

    /// <summary>Selects are set here; for what has to be clicked the answer is <c>click</c>.</summary>
    private static readonly string ChooseScript =
        """
        (e, value) => {
          if (e.disabled) return 'disabled';
          const view = e.ownerDocument.defaultView;
          const text = o => (o.label || o.textContent || '').trim();
          if (e instanceof view.HTMLSelectElement) {
            const options = [...e.options];
            const option = options.find(o => o.value === value) || options.find(o => text(o) === value.trim());
            if (!option || option.disabled) return 'none';
            e.focus();
            if (e.multiple) option.selected = true;
            else Object.getOwnPropertyDescriptor(view.HTMLSelectElement.prototype, 'value').set.call(e, option.value), option.selected = true;
            e.dispatchEvent(new view.Event('input', { bubbles: true, composed: true }));
            e.dispatchEvent(new view.Event('change', { bubbles: true }));
            return 'done';
          }
          return (CHOICE)(e, value) ? 'click' : 'none';
        }
        """.Replace("CHOICE", ChoiceScript, StringComparison.Ordinal);

    /// <summary>The radio button, checkbox or list option that a value means.</summary>
    private const string ChoiceScript =
        """
        (e, value) => {
          const text = o => (o.getAttribute('aria-label') || o.textContent || '').trim();
          const role = e.getAttribute('role') || '';
          if (e.type === 'radio') {
            const group = [...e.getRootNode().querySelectorAll('input[type=radio]')].filter(r => r.name === e.name && r.form === e.form);
            const label = r => r.labels && r.labels.length ? r.labels[0].textContent.trim() : '';
            // Without values of their own all of them say the same.
            if (e.value === value && group.filter(r => r.value === value).length > 1) return e;
            return group.find(r => r.value === value) || group.find(r => label(r) === value.trim()) || (['true', 'on', ''].includes(value) ? e : null);
          }
          if (e.type === 'checkbox' || role === 'checkbox' || role === 'switch') return e;
          if (role === 'radio' || role === 'option') {
            const group = [...(e.closest('[role=radiogroup], [role=listbox]') || e).querySelectorAll(`[role=${role}]`)];
            return group.find(o => (o.getAttribute('data-value') || o.getAttribute('value')) === value) || group.find(o => text(o) === value.trim()) || e;
          }
          const options = [...e.querySelectorAll('[role=option], [role=radio], [role=menuitemradio], li')];
          return options.find(o => (o.getAttribute('data-value') || o.getAttribute('value')) === value) || options.find(o => text(o) === value.trim()) || null;
        }
        """;

    private static readonly string WantedScript = "(e, value) => !['false', 'off', ''].includes(value)";

    private static readonly string ChosenBody =
        $$"""
        (e, value) => {
          const target = ({{ChoiceScript}})(e, value);
          if (!target || !target.isConnected) return true;
          const toggle = target.type === 'checkbox' || ['checkbox', 'switch'].includes(target.getAttribute('role'));
          const on = 'checked' in target ? target.checked : (target.getAttribute('aria-checked') || target.getAttribute('aria-selected')) === 'true';
          if (toggle) return on === ({{WantedScript}})(e, value);
          // A list option that was taken often leaves no mark on itself: the list closes.
          return on || !('checked' in target);
        }
        """;

    private static readonly string ChosenScript = $"(e, value) => ({ChosenBody})(e, value) ? 'yes' : 'no'";

    private static readonly string ChoiceTargetScript =
        $$"""
        (e, value) => {
          const target = ({{ChoiceScript}})(e, value);
          const already = 'checked' in target && ({{ChosenBody}})(e, value);
          if (already) return null;
          const seen = n => { const box = n.getBoundingClientRect(), style = getComputedStyle(n);
            return box.width > 3 && box.height > 3 && style.visibility !== 'hidden' && style.opacity !== '0' && style.clip !== 'rect(0px, 0px, 0px, 0px)'; };
          if (seen(target)) return target;
          const labels = target.labels ? [...target.labels] : [];
          return labels.find(seen) || target;
        }
        """;

    private static readonly string ForceChoiceScript = $"(e, value) => {{ if (!({ChosenBody})(e, value)) ({ChoiceScript})(e, value).click(); return 'done'; }}";
}
