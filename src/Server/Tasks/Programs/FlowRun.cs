using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Ostiary.Browser;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>Where steps stand: the values their placeholders see, the element of an <c>each</c> around them, and the object they bring their results to.</summary>
internal sealed record FlowPlace(FlowValues Values, JsonObject Output, FlowItem? Item = null);

/// <summary>One playing of one program. Every call into the browser is bounded by the step's time and by <paramref name="stop"/>.</summary>
internal sealed partial class FlowRun(
    TimeProvider time, IFlowWitness? witness, FlowProgram program, Uri start, IFlowBrowser browser, IFlowFiles files, CancellationToken canceled, CancellationToken stop)
{
    /// <summary>Most bytes of output as JSON in UTF-8.</summary>
    public const int MaxOutputBytes = 1024 * 1024;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    // The session may make a pop-up its current page; `main` of a flow stays the page it started on.
    private readonly IPage main = browser.Page;
    private readonly ElementFinder finder = new();
    private readonly List<int> skipped = [];
    private int outputBytes = 2;
    private string trail = "";

    public async Task<FlowResult> PlayAsync(JsonObject input)
    {
        var output = new JsonObject();
        var place = new FlowPlace(new FlowValues(input), output);
        try
        {
            for (var i = 0; i < program.Steps.Count; i++)
            {
                var step = program.Steps[i];
                var began = (At: time.GetUtcNow(), Stamp: time.GetTimestamp());
                try
                {
                    if (program.SignIn is { } signIn && i >= signIn.First && i <= signIn.FirstField && await SkipsAsync(signIn, i, place))
                    {
                        var last = i < signIn.FirstField ? i : signIn.Last;
                        for (; i <= last; i++) await TellAsync(i, began.At, 0, skipped.Contains(program.Steps[i].Number) ? "skipped" : "done");
                        i = last;
                        continue;
                    }

                    await PlayStepAsync(step, place);
                    await TellAsync(i, began.At, (long)time.GetElapsedTime(began.Stamp).TotalMilliseconds, "done");
                }
                catch (StepFault fault)
                {
                    await TellAsync(i, began.At, (long)time.GetElapsedTime(began.Stamp).TotalMilliseconds, "failed");
                    return new FlowResult.Failed(step.Number, fault.Code, await DescribeAsync(step, fault));
                }
            }

            return new FlowResult.Completed(output) { SkippedSteps = skipped };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            stop.ThrowIfStopped(canceled);
            throw;
        }
        finally
        {
            if (!stop.IsCancellationRequested && !isBusy) await TryAsync(finder.CloseAsync());
        }
    }

    private Task TellAsync(int index, DateTimeOffset at, long duration, string status)
    {
        if (witness is null || stop.IsCancellationRequested) return Task.CompletedTask;
        var step = program.Steps[index];
        var title = step.Title ?? (step is ExtractStep or DownloadStep or EachStep ? null : TitleOf(step));
        var next = program.Steps.Skip(index + 1).FirstOrDefault(s => s is not (WaitForElementStep or WaitForExpressionStep or IgnoredStep));
        return witness.DidAsync(new FlowStepNote(step.Number, step.Type, title is null ? null : Cut(title, 80), at, duration, status), status == "failed" || next is null || GroupOf(next) != GroupOf(step), stop);
    }

    // Steps of one group lead from one thing worth seeing to the next; what only waits belongs to whatever it waits for.
    private static string GroupOf(FlowStep step) => step switch
    {
        NavigateStep or SetViewportStep or IgnoredStep or CloseStep => "open",
        ExtractStep => "read",
        DownloadStep => "keep",
        EachStep => $"each {step.Number}",
        _ => "act",
    };

    /// <summary>
    /// Plays or leaves out a step of a recorded sign-in, up to the first field of its form. True: the step is dealt with (left out, or played when it leads to
    /// the form); false at the first field means the form is there, and everything is played as recorded.
    /// </summary>
    private async Task<bool> SkipsAsync(RecordedSignIn signIn, int index, FlowPlace place)
    {
        var step = program.Steps[index];
        if (step.Selectors.Count == 0) return false;
        if (index < signIn.FirstField)
        {
            try
            {
                await PlayStepAsync(step, place);
            }
            catch (ElementMissing)
            {
                skipped.Add(step.Number);
            }

            return true;
        }

        var deadline = Within(Min(TimeoutOf(step), FormTimeout));
        try
        {
            var (_, frame) = await TargetAsync(step, deadline);
            await FindOneAsync(frame, step.Selectors, place, deadline, visible: true);
            return false;
        }
        catch (StepFault)
        {
            for (var i = index; i <= signIn.Last; i++) skipped.Add(program.Steps[i].Number);
            return true;
        }
    }

    /// <summary>How long the first field of a recorded sign-in is waited for.</summary>
    private static readonly TimeSpan FormTimeout = TimeSpan.FromSeconds(3);

    private async Task PlayStepAsync(FlowStep step, FlowPlace place)
    {
        stop.ThrowIfStopped(canceled);
        try
        {
            await DoAsync(step, place);
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            // Only what Playwright says of the browser's end is looked at; its words for all else may repeat typed values.
            await ThrowIfLostAsync(e);
            throw new StepFault("The page did not let the step be done.");
        }
    }

    private Task DoAsync(FlowStep step, FlowPlace place) => step switch
    {
        IgnoredStep => Task.CompletedTask,
        SetViewportStep viewport => ViewportAsync(viewport),
        NavigateStep navigate => NavigateAsync(navigate, place),
        ClickStep click => ClickAsync(click, place),
        ChangeStep change => ChangeAsync(change, place),
        KeyStep key => KeyAsync(key),
        HoverStep hover => HoverAsync(hover, place),
        ScrollStep scroll => ScrollAsync(scroll, place),
        WaitForElementStep wait => WaitForElementAsync(wait, place),
        WaitForExpressionStep wait => WaitForExpressionAsync(wait, place),
        CloseStep close => CloseAsync(close),
        ExtractStep extract => ExtractAsync(extract, place),
        DownloadStep download => DownloadAsync(download, place),
        EachStep each => EachAsync(each, place),
        _ => throw new InvalidOperationException($"No way is known to do a {step.GetType().Name}."),
    };

    private async Task ViewportAsync(SetViewportStep step)
    {
        var deadline = Within(TimeoutOf(step));
        var (page, _) = await TargetAsync(step, deadline);
        await Bounded(page.SetViewportSizeAsync(step.Width, step.Height), deadline);
    }

    private async Task NavigateAsync(NavigateStep step, FlowPlace place)
    {
        var url = step.Url.AsUrl(place.Values, start);
        var deadline = Within(NavigationTimeoutOf(step));
        var (page, frame) = await TargetAsync(step, deadline);
        await OpenAsync(page, step.Frame.Count > 0 || frame != page.MainFrame ? frame : page.MainFrame, url, deadline);
    }

    private async Task OpenAsync(IPage page, IFrame frame, Uri url, Deadline deadline)
    {
        try
        {
            await Bounded(frame.GotoAsync(url.AbsoluteUri, new() { WaitUntil = WaitUntilState.DOMContentLoaded, Timeout = deadline.Milliseconds }), deadline);
        }
        catch (TimeoutException)
        {
            throw new StepFault("The page did not open in time.");
        }
        catch (PlaywrightException e)
        {
            await ThrowIfLostAsync(e);
            if (e.Message.Contains("Download is starting", StringComparison.Ordinal))
                throw new StepFault("The address is a file; a `download` step keeps it.");
            // The page itself went on to another address while it loaded: that one is where the program continues.
            if (!e.Message.Contains("interrupted by another navigation", StringComparison.Ordinal) && !(NetworkError(e.Message) == "net::ERR_ABORTED" && page.Url != "about:blank"))
                throw new StepFault(NetworkError(e.Message) is { } error ? $"The page could not be opened ({error})." : "The page could not be opened.");
            await LoadedAsync(frame, deadline);
        }

        await SettledAsync(frame, deadline);
    }

    private static string? NetworkError(string message)
    {
        var at = message.IndexOf("net::ERR_", StringComparison.Ordinal);
        if (at < 0) return null;
        var end = at + 5;
        while (end < message.Length && (char.IsAsciiLetterUpper(message[end]) || char.IsAsciiDigit(message[end]) || message[end] == '_')) end++;
        return message[at..end];
    }

    private async Task ClickAsync(ClickStep step, FlowPlace place)
    {
        var deadline = Within(TimeoutOf(step));
        var (page, frame) = await TargetAsync(step, deadline);
        if (step.Button is ClickButton.Back or ClickButton.Forward)
        {
            var options = deadline.Milliseconds;
            if (step.Button == ClickButton.Back) await Bounded(page.GoBackAsync(new() { WaitUntil = WaitUntilState.DOMContentLoaded, Timeout = options }), deadline);
            else await Bounded(page.GoForwardAsync(new() { WaitUntil = WaitUntilState.DOMContentLoaded, Timeout = options }), deadline);
            return;
        }

        await ActAsync(step, page, frame, _ => ClickOnceFoundAsync(step, frame, place, deadline));
    }

    /// <summary>
    /// Clicks with the mouse as recorded: at the recorded point while the element is still that large, else in the middle. Playwright refuses while something
    /// lies over the element; where that something belongs to the same control (a drawn checkbox over the real one) the mouse is used all the same, at the same place.
    /// </summary>
    private async Task ClickOnceFoundAsync(ClickStep step, IFrame frame, FlowPlace place, Deadline deadline)
    {
        var covered = "";
        for (var attempt = 0; ; attempt++)
        {
            var element = await FindOneAsync(frame, step.Alternatives, place, deadline, visible: true, covered);
            var point = attempt % 2 == 0 ? await PointAsync(element, step, deadline) : null;
            if (await ClicksAsync(element, step, point, force: false, deadline)) return;
            var cover = await TryAsync(ReadAsync<Cover>(element.EvaluateAsync<JsonElement?>(PageScripts.Cover)));
            covered = cover?.Text ?? "";
            if (cover is { Near: true } && await ClicksAsync(element, step, null, force: true, deadline)) return;
            if (deadline.Passed) throw new StepFault(covered.Length > 0 ? $"The element is covered by something that says “{covered}”." : "The element was found but could not be clicked: it is disabled, moving or covered.");
        }
    }

    /// <summary>
    /// Makes sure that a click would reach the element, then clicks. At most once: whatever goes wrong after the mouse was used is not tried again, since the
    /// page may be at work on the first click already. False: the mouse was not used.
    /// </summary>
    private async Task<bool> ClicksAsync(IElementHandle element, ClickStep step, Position? at, bool force, Deadline deadline)
    {
        try
        {
            // A forced trial would click in earnest: nothing is checked, so nothing is held back.
            if (!force) await element.ClickAsync(new() { Position = at, Trial = true, Timeout = SliceOf(deadline) }).WaitAsync(stop);
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            await ThrowIfLostAsync(e);
            return false;
        }

        try
        {
            await ClickNowAsync(element, step, at, force, (float)(Math.Max(deadline.Milliseconds, 5_000) + step.Duration.TotalMilliseconds));
            return true;
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            await ThrowIfLostAsync(e);
            // Playwright's errors carry its account of what it did. A click that met something else than the element was held back from the page.
            var used = MouseUsed().Matches(e.Message).LastOrDefault()?.Index ?? -1;
            return used > e.Message.LastIndexOf("intercepts pointer events", StringComparison.Ordinal);
        }
    }

    [GeneratedRegex(@"performing (click|dblclick|tap) action")]
    private static partial Regex MouseUsed();

    private sealed record Cover(bool Near, string Text);

    private sealed record Point(float X, float Y);

    private async Task<Position?> PointAsync(IElementHandle element, ClickStep step, Deadline deadline)
    {
        if (step.OffsetX is not { } x || step.OffsetY is not { } y) return null;
        try
        {
            await Bounded(element.ScrollIntoViewIfNeededAsync(new() { Timeout = Math.Min(1_000, deadline.Milliseconds) }), deadline);
            var point = await Bounded(ReadAsync<Point>(element.EvaluateAsync<JsonElement?>(PageScripts.ClickPoint, new { x, y })), deadline);
            return point is null ? null : new Position { X = point.X, Y = point.Y };
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            await ThrowIfLostAsync(e);
            return null;
        }
    }

    private async Task ClickNowAsync(IElementHandle element, ClickStep step, Position? at, bool force, float timeout)
    {
        var button = step.Button switch { ClickButton.Auxiliary => MouseButton.Middle, ClickButton.Secondary => MouseButton.Right, _ => MouseButton.Left };
        var delay = (float)step.Duration.TotalMilliseconds;
        if (step is { Touch: true, Double: false })
        {
            try
            {
                await element.TapAsync(new() { Position = at, Force = force, Timeout = timeout }).WaitAsync(stop);
                return;
            }
            catch (PlaywrightException e) when (e.Message.Contains("does not support tap", StringComparison.Ordinal))
            {
                // A session without a touch screen: the mouse does the same.
            }
        }

        if (step.Double) await element.DblClickAsync(new() { Button = button, Delay = delay, Position = at, Force = force, Timeout = timeout }).WaitAsync(stop);
        else await element.ClickAsync(new() { Button = button, Delay = delay, Position = at, Force = force, Timeout = timeout }).WaitAsync(stop);
    }

    private async Task HoverAsync(HoverStep step, FlowPlace place)
    {
        var deadline = Within(TimeoutOf(step));
        var (page, frame) = await TargetAsync(step, deadline);
        await ActAsync(step, page, frame, watch => RetryAsync(deadline, watch, "The element was found but the mouse could not be moved over it.", async () =>
        {
            var element = await FindOneAsync(frame, step.Alternatives, place, deadline, visible: true);
            await element.HoverAsync(new() { Timeout = SliceOf(deadline) }).WaitAsync(stop);
        }));
    }

    private async Task ScrollAsync(ScrollStep step, FlowPlace place)
    {
        var deadline = Within(TimeoutOf(step));
        var (page, frame) = await TargetAsync(step, deadline);
        var to = new { x = step.X, y = step.Y };
        await ActAsync(step, page, frame, watch => RetryAsync(deadline, watch, "The page could not be scrolled.", async () =>
        {
            if (step.Alternatives.Count == 0)
            {
                await Bounded(frame.EvaluateAsync("({x, y}) => { window.scrollTo({left: x, top: y, behavior: 'instant'}); }", to), deadline);
                return;
            }

            var element = await FindOneAsync(frame, step.Alternatives, place, deadline, visible: false);
            await Bounded(element.EvaluateAsync("(element, {x, y}) => { element.scrollTo({left: x, top: y, behavior: 'instant'}); }", to), deadline);
        }));
    }

    private async Task ChangeAsync(ChangeStep step, FlowPlace place)
    {
        var value = step.Value.AsPlain(place.Values);
        if (value.Length == 0 && program.SignIn is { } signIn && signIn.Passwords.Any(i => ReferenceEquals(program.Steps[i], step)))
            throw new StepFault("The site asks to sign in again, and a recorded password is not kept with a program. Run it with a credential that signs in.");
        var deadline = Within(TimeoutOf(step));
        var (page, frame) = await TargetAsync(step, deadline);
        await ActAsync(step, page, frame, watch => RetryAsync(deadline, watch, "The field was found but does not take a value: it is disabled, read-only, or has no such option.", async () =>
        {
            var element = await FindOneAsync(frame, step.Alternatives, place, deadline, visible: true, hiddenWillDo: true);
            var target = (await Bounded(element.EvaluateHandleAsync(PageScripts.FillTarget), deadline)).AsElement() ?? element;
            await FillAsync(page, target, value, deadline);
        }));
    }

    private sealed record Field(string Kind, bool Ready);

    private async Task FillAsync(IPage page, IElementHandle element, string value, Deadline deadline)
    {
        var field = await Bounded(ReadAsync<Field>(element.EvaluateAsync<JsonElement?>(PageScripts.FieldKind)), deadline);
        if (field is not { Ready: true }) throw new PlaywrightException("not ready");
        var slice = SliceOf(deadline);
        switch (field.Kind)
        {
            case "select":
                await SelectAsync(element, value, slice);
                return;
            case "checkbox" or "radio":
                // The real box often lies under a drawn one, where a click on the drawing means it.
                var near = await TryAsync(ReadAsync<Cover>(element.EvaluateAsync<JsonElement?>(PageScripts.Cover))) is { Near: true };
                await element.SetCheckedAsync(value is not ("" or "false" or "off" or "0"), new() { Timeout = slice, Force = near }).WaitAsync(stop);
                return;
            case "file":
                throw new StepFault("A file field cannot be filled by a program.");
            case "text" or "password" or "email" or "search" or "tel" or "url" or "number" or "editable":
                break;
            case "other":
                throw new StepFault("The element found is not a field.");
            default:
                // Dates, times, colours and sliders take their value whole, in HTML's own form.
                await element.FillAsync(value, new() { Timeout = slice }).WaitAsync(stop);
                return;
        }

        // As Recorder's player does: real keys for what a person would type, all at once for a long text.
        if (value.Length is > 0 and <= 100 && !value.Contains('\n', StringComparison.Ordinal))
        {
            await element.SelectTextAsync(new() { Timeout = slice }).WaitAsync(stop);
            await Bounded(page.Keyboard.TypeAsync(value), deadline);
            if (await Bounded(element.EvaluateAsync<string>(PageScripts.TypedAs, value), deadline) is "same" or "formatted") return;
        }

        await element.FillAsync(value, new() { Timeout = slice }).WaitAsync(stop);
        if (value.Length > 0 && await Bounded(element.EvaluateAsync<string>(PageScripts.TypedAs, value), deadline) == "empty")
            throw new StepFault("The field does not keep what is typed into it.");
    }

    private async Task SelectAsync(IElementHandle element, string value, float timeout)
    {
        // Recorder writes an option's value; a person who edits a flow may write its label.
        var byValue = await element.EvaluateAsync<bool>("(element, value) => [...element.options].some(o => o.value === value)", value).WaitAsync(stop);
        var option = byValue ? new SelectOptionValue { Value = value } : new SelectOptionValue { Label = value };
        var known = byValue || await element.EvaluateAsync<bool>("(element, label) => [...element.options].some(o => o.label.replace(/\\s+/g, ' ').trim() === label)", value).WaitAsync(stop);
        if (!known) throw new PlaywrightException("no such option yet");
        await element.SelectOptionAsync(option, new() { Timeout = timeout, Force = true }).WaitAsync(stop);
    }

    private async Task KeyAsync(KeyStep step)
    {
        var deadline = Within(TimeoutOf(step));
        var (page, frame) = await TargetAsync(step, deadline);
        var key = FlowKeys.ForPlaywright(step.Key);
        await ActAsync(step, page, frame, async _ =>
        {
            // A single character that no key of the US keyboard makes is entered as text, once.
            if (key is null && step.Key.Length == 1 && step.Down) await Bounded(page.Keyboard.InsertTextAsync(step.Key), deadline);
            else if (key is not null && step.Down) await Bounded(page.Keyboard.DownAsync(key), deadline);
            else if (key is not null) await Bounded(page.Keyboard.UpAsync(key), deadline);
        });
    }

    private async Task CloseAsync(CloseStep step)
    {
        // The session outlives the program: a recording that ends with closing its tab leaves the page open.
        if (step.Target is null) return;
        var deadline = Within(TimeoutOf(step));
        var page = PopupOf(step.Target);
        if (page is null || page == main) return;
        await Bounded(page.CloseAsync(), deadline);
    }

    private sealed record Seen(bool Satisfied, int Count);

    private async Task WaitForElementAsync(WaitForElementStep step, FlowPlace place)
    {
        var deadline = Within(TimeoutOf(step));
        var (_, frame) = await TargetAsync(step, deadline);
        var count = 0;
        while (true)
        {
            var seen = await LookingAsync(async () =>
            {
                var found = await finder.LookAsync(frame, step.Alternatives, place.Values, place.Item, visibleOnly: false);
                return await ReadAsync<Seen>(frame.EvaluateAsync<JsonElement?>(PageScripts.Satisfies, new
                {
                    found,
                    comparison = step.Operator,
                    count = step.Count,
                    visible = step.Visible,
                    properties = step.Properties?.GetRawText(),
                    attributes = step.Attributes?.GetRawText(),
                }));
            }, deadline);
            if (seen is { Satisfied: true }) return;
            count = seen?.Count ?? count;
            if (deadline.Passed) break;
            await PauseAsync();
        }

        var wanted = $"{(step.Visible == false ? "no longer " : "")}{step.Operator} {step.Count}";
        var more = step.Properties is null && step.Attributes is null ? "" : " with the given properties and attributes";
        throw new StepFault($"It waited for {wanted} elements{more}; there were {count}.{InvalidNote()}");
    }

    private async Task WaitForExpressionAsync(WaitForExpressionStep step, FlowPlace place)
    {
        var deadline = Within(TimeoutOf(step));
        var expression = step.Expression.AsScript(place.Values);
        var (_, frame) = await TargetAsync(step, deadline);
        var last = "";
        while (true)
        {
            try
            {
                var script = $"async () => {{ try {{ return await (\n{expression}\n) ? '' : 'false'; }} catch (error) {{ return 'error ' + (error?.name ?? ''); }} }}";
                last = await Bounded(frame.EvaluateAsync<string>(script), deadline);
                if (last == "") return;
            }
            catch (PlaywrightException e)
            {
                await ThrowIfLostAsync(e);
                if (e.Message.Contains("SyntaxError", StringComparison.Ordinal)) throw new StepFault("The expression is not valid JavaScript.");
            }
            catch (TimeoutException)
            {
                last = "pending";
            }

            if (deadline.Passed) break;
            await PauseAsync();
        }

        var why = last.StartsWith("error", StringComparison.Ordinal) ? $"raised an error ({last[5..].Trim()})" : last == "pending" ? "did not come to a result" : "did not become true";
        throw new StepFault($"The expression {why}.");
    }

    private async Task ExtractAsync(ExtractStep step, FlowPlace place)
    {
        var deadline = Within(TimeoutOf(step));
        var (_, frame) = await TargetAsync(step, deadline);
        ExtractMiss? miss = null;
        var lastCount = -1;
        while (true)
        {
            miss = null;
            var read = await LookingAsync<Box<IReadOnlyList<JsonObject>>>(async () =>
            {
                var language = await frame.EvaluateAsync<string>("() => document.documentElement?.lang ?? ''");
                var extraction = new Extraction(finder, frame, place.Values, language);
                IJSHandle scopes;
                if (step.List is not null)
                {
                    var found = await finder.LookAsync(frame, step.List, place.Values, place.Item, visibleOnly: false);
                    scopes = await found.EvaluateHandleAsync("found => found.groups[0]");
                }
                else
                {
                    scopes = await ScopeAsync(frame, place);
                }

                var count = await scopes.EvaluateAsync<int>("scopes => scopes.length");
                // A list may still be filling: it is read once it has the same length twice. An empty one may be empty for good, which only the time-out tells.
                var settled = step.List is null || (count > 0 && count == lastCount);
                lastCount = count;
                if (!settled && !deadline.Passed) return null;
                try
                {
                    return new(await extraction.ReadAsync(scopes, count, step.Fields, ""));
                }
                catch (ExtractMiss e)
                {
                    miss = e;
                    return null;
                }
            }, deadline);

            if (read is not null)
            {
                Deliver(step, read.Value, place.Output);
                return;
            }

            if (deadline.Passed && miss is not null) throw new StepFault($"{miss.Message}.{InvalidNote()}");
            if (deadline.Passed && InvalidNote().Length > 0) throw new StepFault($"Nothing could be read.{InvalidNote()}");
            if (deadline.Passed && deadline.Over > TimeSpan.FromSeconds(5)) throw new StepFault("The page did not stay long enough to be read.");
            await PauseAsync();
        }
    }

    private sealed record Box<T>(T Value);

    private static async Task<IJSHandle> ScopeAsync(IFrame frame, FlowPlace place)
    {
        if (place.Item is { } item && item.Frame == frame)
        {
            try
            {
                if (await item.Element.EvaluateAsync<bool>("element => element.isConnected")) return await item.Element.EvaluateHandleAsync("element => [element]");
            }
            catch (PlaywrightException)
            {
                // The element's page is gone; what is shown now is read whole.
            }
        }

        return await frame.EvaluateHandleAsync("() => [document]");
    }

    private void Deliver(ExtractStep step, IReadOnlyList<JsonObject> read, JsonObject output)
    {
        if (step.List is not null)
        {
            var list = new JsonArray();
            foreach (var one in read) list.Add(one);
            Put(output, step.As ?? ExtractStep.DefaultListKey, list);
        }
        else if (step.As is not null)
        {
            Put(output, step.As, read[0]);
        }
        else
        {
            foreach (var (key, value) in read[0].ToList())
            {
                read[0].Remove(key);
                Put(output, key, value);
            }
        }
    }

    /// <summary>Lists under one name grow; anything else is replaced.</summary>
    private void Put(JsonObject output, string key, JsonNode? value)
    {
        outputBytes += Encoding.UTF8.GetByteCount(key) + (value is null ? 4 : Encoding.UTF8.GetByteCount(value.ToJsonString())) + 4;
        if (outputBytes > MaxOutputBytes) throw new StepFault("The output would be larger than 1 MB.");
        if (value is JsonArray added && output[key] is JsonArray list)
        {
            foreach (var node in added.ToList())
            {
                added.Remove(node);
                list.Add(node);
            }
        }
        else
        {
            output[key] = value;
        }
    }

    private async Task EachAsync(EachStep step, FlowPlace place)
    {
        var rows = new JsonArray();
        var outer = trail;
        var count = step.Alternatives.Count > 0 ? await EachElementAsync(step, place, rows, outer) : await EachValueAsync(step, place, rows, outer);
        trail = outer;
        if (step.As is not null || rows.Any(row => row is JsonObject { Count: > 0 }) || count == 0) Put(place.Output, step.As ?? ExtractStep.DefaultListKey, rows);
    }

    private async Task<int> EachValueAsync(EachStep step, FlowPlace place, JsonArray rows, string outer)
    {
        var items = step.LiteralValues is { } literal ? JsonArray.Create(literal) : ListOf(step.Values!, place.Values);
        var count = Math.Min(items!.Count, step.Limit ?? int.MaxValue);
        if (count > Extraction.MaxElements) throw new StepFault($"The list has more than {Extraction.MaxElements:N0} values.");
        for (var i = 0; i < count; i++)
        {
            trail = $"{outer}value {i + 1}, ";
            var row = new JsonObject();
            await PlayAllAsync(step.Steps, place with { Values = place.Values with { Item = items[i], HasItem = true, Number = i + 1 }, Output = row });
            rows.Add(row);
        }

        return count;
    }

    private static JsonArray ListOf(FlowText placeholder, FlowValues values) =>
        values.Node(FlowText.PathOf(placeholder.Source.Trim('{', '}', ' '))!) as JsonArray ?? throw new StepFault($"{placeholder.Source} is not a list.");

    private async Task<int> EachElementAsync(EachStep step, FlowPlace place, JsonArray rows, string outer)
    {
        var (page, frame) = await TargetAsync(step, Within(TimeoutOf(step)));
        var address = page.Url;
        var list = await ListHandleAsync(step, frame, place, atLeast: 0);
        var count = Math.Min(list.Count, step.Limit ?? int.MaxValue);
        if (list.Count > Extraction.MaxElements) throw new StepFault($"The list has more than {Extraction.MaxElements:N0} elements.");
        for (var i = 0; i < count; i++)
        {
            trail = $"{outer}element {i + 1} of {count}, ";
            if (i > 0 && page.Url.Split('#')[0] != address.Split('#')[0])
            {
                // An element's steps led to another page: back to the list, as a person would.
                await OpenAsync(page, page.MainFrame, new Uri(address), Within(NavigationTimeoutOf(step)));
                (_, frame) = await TargetAsync(step, Within(TimeoutOf(step)));
            }

            if (i > 0 && !await list.HoldsAsync(i)) list = await ListHandleAsync(step, frame, place, atLeast: i + 1);
            if (list.Count <= i) throw new StepFault($"The list has only {list.Count} elements left; there were {count} at first.");

            var before = page.Context.Pages.ToList();
            var row = new JsonObject();
            var item = new FlowItem(frame, await list.ElementAsync(i), list.Handle);
            await PlayAllAsync(step.Steps, place with { Values = place.Values with { Number = i + 1 }, Output = row, Item = item });
            rows.Add(row);
            foreach (var opened in page.Context.Pages.Except(before).ToList()) await TryAsync(opened.CloseAsync());
        }

        return count;
    }

    private sealed record ElementList(IJSHandle Handle, int Count)
    {
        /// <summary>Whether the element is still on the page it was found on.</summary>
        public async Task<bool> HoldsAsync(int index)
        {
            try
            {
                return index < Count && await Handle.EvaluateAsync<bool>("(list, i) => list[i].isConnected", index);
            }
            catch (PlaywrightException)
            {
                return false;
            }
        }

        public async Task<IElementHandle> ElementAsync(int index) =>
            (await Handle.EvaluateHandleAsync("(list, i) => list[i]", index)).AsElement() ?? throw new StepFault("The list's element is gone.");
    }

    private async Task<ElementList> ListHandleAsync(EachStep step, IFrame frame, FlowPlace place, int atLeast)
    {
        var deadline = Within(TimeoutOf(step));
        var last = -1;
        while (true)
        {
            var list = await LookingAsync(async () =>
            {
                var found = await finder.LookAsync(frame, step.Alternatives, place.Values, place.Item, visibleOnly: false);
                var handle = await found.EvaluateHandleAsync("found => found.groups[0]");
                return new ElementList(handle, await handle.EvaluateAsync<int>("list => list.length"));
            }, deadline);
            if (list is not null && ((list.Count > 0 && list.Count >= atLeast && list.Count == last) || deadline.Passed)) return list;
            if (deadline.Passed && deadline.Over > TimeSpan.FromSeconds(5)) throw new StepFault("The page did not stay long enough to be read.");
            last = list?.Count ?? -1;
            await PauseAsync();
        }
    }

    private async Task PlayAllAsync(IReadOnlyList<FlowStep> steps, FlowPlace place)
    {
        var outer = trail;
        foreach (var step in steps)
        {
            trail = outer;
            try
            {
                await PlayStepAsync(step, place);
            }
            catch (StepFault fault) when (fault is not InnerFault)
            {
                throw new InnerFault(outer, step, fault.Message) { Code = fault.Code };
            }
        }
    }

    /// <summary>A fault of a step inside <c>each</c>, with the way to it.</summary>
    private sealed class InnerFault(string trail, FlowStep step, string message) : StepFault(message)
    {
        public string Trail { get; } = trail;
        public FlowStep Step { get; } = step;
    }
}

internal static class StopExtensions
{
    /// <summary>Tells the two reasons to stop apart: the caller gave up, or the browser is gone.</summary>
    public static void ThrowIfStopped(this CancellationToken stop, CancellationToken canceled)
    {
        canceled.ThrowIfCancellationRequested();
        if (stop.IsCancellationRequested) throw new BrowserLostException("The browser went away while a program was running.");
    }
}
