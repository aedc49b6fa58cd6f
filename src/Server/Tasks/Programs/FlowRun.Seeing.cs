using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using Ostiary.Browser;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>How a playing waits, looks, and says what it saw.</summary>
internal sealed partial class FlowRun
{
    /// <summary>After which part of a step's time an attempt at an action gives way to a fresh look at the page.</summary>
    private static readonly TimeSpan AttemptTime = TimeSpan.FromSeconds(1.5);

    /// <summary>How long a page's images and the like are waited for once its document is there. They seldom matter to a program.</summary>
    private static readonly TimeSpan LoadPatience = TimeSpan.FromSeconds(5);

    // The last look did not come back: the page is caught in a script of its own, and asking it for more would only take longer.
    private bool isBusy;

    private TimeSpan TimeoutOf(FlowStep step) => step.Timeout ?? program.Timeout ?? FlowProgram.DefaultTimeout;

    private TimeSpan NavigationTimeoutOf(FlowStep step) => step.Timeout ?? program.Timeout ?? FlowProgram.DefaultNavigationTimeout;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>The end of a step's time.</summary>
    private readonly record struct Deadline(TimeProvider Time, long Started, TimeSpan Limit)
    {
        public TimeSpan Remaining => Limit - Time.GetElapsedTime(Started) is { } left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
        public TimeSpan Over => Time.GetElapsedTime(Started) - Limit;
        public bool Passed => Remaining == TimeSpan.Zero;

        /// <summary>What is left, for Playwright, where 0 would mean for ever.</summary>
        public float Milliseconds => (float)Math.Max(1, Remaining.TotalMilliseconds);
    }

    private Deadline Within(TimeSpan limit) => new(time, time.GetTimestamp(), limit);

    private static float SliceOf(Deadline deadline) => (float)Math.Max(200, Math.Min(AttemptTime.TotalMilliseconds, deadline.Remaining.TotalMilliseconds));

    private Task PauseAsync() => Task.Delay(PollInterval, time, stop);

    /// <summary>Ends waiting for a call into the page when its time is up (a page may be busy for ever) or the run stops.</summary>
    private async Task<T> Bounded<T>(Task<T> call, Deadline deadline)
    {
        Unobserved(call);
        // A little more than the step's own time, so that Playwright's more telling time-outs come first.
        return await call.WaitAsync(deadline.Remaining + TimeSpan.FromMilliseconds(500), time, stop);
    }

    private async Task Bounded(Task call, Deadline deadline)
    {
        Unobserved(call);
        await call.WaitAsync(deadline.Remaining + TimeSpan.FromMilliseconds(500), time, stop);
    }

    /// <summary>A call that nobody waits for any more may still fail later; that is no news.</summary>
    private static void Unobserved(Task call) => _ = call.ContinueWith(
        static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private static readonly JsonSerializerOptions Camel = new(JsonSerializerDefaults.Web);

    private static async Task<T?> ReadAsync<T>(Task<JsonElement?> call) where T : class => (await call) is { ValueKind: JsonValueKind.Object } json ? json.Deserialize<T>(Camel) : null;

    /// <summary>The result, or default when the page would not.</summary>
    private async Task<T?> TryAsync<T>(Task<T> call)
    {
        try
        {
            return await Bounded(call, Within(TimeSpan.FromSeconds(2)));
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            return default;
        }
    }

    private async Task TryAsync(Task call)
    {
        try
        {
            await Bounded(call, Within(TimeSpan.FromSeconds(2)));
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            // Tidying up; there is nothing to do about it.
        }
    }

    /// <summary>
    /// One look at a page that may be on its way to another: null when it could not be taken.
    /// </summary>
    private async Task<T?> LookingAsync<T>(Func<Task<T?>> look, Deadline deadline) where T : class
    {
        try
        {
            var seen = await Bounded(look(), deadline with { Limit = deadline.Limit + TimeSpan.FromSeconds(1) });
            isBusy = false;
            return seen;
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            isBusy = e is TimeoutException;
            await ThrowIfLostAsync(e);
            return null;
        }
    }

    /// <summary>Finds the element of a step, looking again until the time is up.</summary>
    /// <param name="visible">Whether the element has to be shown.</param>
    /// <param name="covered">What lay over the element at the last attempt to use it, for the message.</param>
    /// <param name="hiddenWillDo">Whether a hidden element is used when no shown one came in half the time (a page may draw its own control over a real select).</param>
    /// <exception cref="ElementMissing">None came.</exception>
    private async Task<IElementHandle> FindOneAsync(
        IFrame frame, IReadOnlyList<FlowSelector> alternatives, FlowPlace place, Deadline deadline, bool visible, string covered = "", bool hiddenWillDo = false)
    {
        while (true)
        {
            var mustShow = visible && !(hiddenWillDo && deadline.Remaining < deadline.Limit / 2);
            var found = await LookingAsync(() => finder.FindAsync(frame, alternatives, place.Values, place.Item, mustShow)!, deadline);
            if (found is { Count: > 0 }) return found[0];
            if (deadline.Passed) break;
            await PauseAsync();
        }

        if (isBusy) throw new ElementMissing("It did not find its element: the page does not respond.");
        if (covered.Length > 0) throw new StepFault($"The element is covered by something that says “{covered}”.");
        var hidden = visible && await LookingAsync(() => finder.FindAsync(frame, alternatives, place.Values, place.Item, visibleOnly: false)!, Within(TimeSpan.FromSeconds(1))) is { Count: > 0 };
        throw new ElementMissing((hidden ? "Its element is on the page but hidden." : "It did not find its element.") + InvalidNote());
    }

    private string InvalidNote() => finder.Invalid.Count == 0 ? "" : $" Chromium cannot parse {string.Join(", ", finder.Invalid.Select(s => $"`{s}`"))}.";

    /// <summary>
    /// Attempts an action until it works, the page goes on to another because of it, or the time is up. A fault that looking again cannot mend ends it at once.
    /// </summary>
    private async Task RetryAsync(Deadline deadline, NavigationWatch watch, string whenItNeverWorks, Func<Task> attempt)
    {
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception e) when (e is PlaywrightException or TimeoutException)
            {
                await ThrowIfLostAsync(e);
                if (watch.Requested) return;
            }

            if (deadline.Passed) throw new StepFault(whenItNeverWorks);
            await PauseAsync();
        }
    }

    /// <summary>How long after an action the navigation it causes may take to begin.</summary>
    private static readonly TimeSpan NavigationBegins = TimeSpan.FromMilliseconds(60);

    /// <summary>
    /// Does an action and waits for the navigation that follows from it: as long as a navigation may take when the step asserts one; otherwise only when one
    /// has begun, so that the next step does not read the page that is about to go.
    /// </summary>
    private async Task ActAsync(FlowStep step, IPage page, IFrame frame, Func<NavigationWatch, Task> action)
    {
        using var watch = new NavigationWatch(page, frame);
        await action(watch);
        var deadline = Within(NavigationTimeoutOf(step));
        if (step.AssertsNavigation)
        {
            await Task.WhenAny(watch.Navigated, Task.Delay(deadline.Remaining, time, stop));
            stop.ThrowIfStopped(canceled);
            if (!watch.Navigated.IsCompleted) throw new StepFault("The page was expected to go to another address and did not.");
        }
        else
        {
            await Task.WhenAny(watch.Navigated, Task.Delay(NavigationBegins, time, stop));
            stop.ThrowIfStopped(canceled);
            if (!watch.Requested) return;
            await Task.WhenAny(watch.Navigated, watch.CameToNothing, Task.Delay(deadline.Remaining, time, stop));
            stop.ThrowIfStopped(canceled);
            if (!watch.Navigated.IsCompleted) return;
        }

        if (page.IsClosed) return;
        var loaded = frame.IsDetached ? page.MainFrame : frame;
        await LoadedAsync(loaded, deadline);
        await SettledAsync(loaded, deadline);
    }

    /// <summary>
    /// Watches a frame and those around it for a navigation. A change of address within a document counts too: it is what a single-page application's navigation is.
    /// </summary>
    private sealed class NavigationWatch : IDisposable
    {
        private readonly IPage page;
        private readonly HashSet<IFrame> watched = [];
        private readonly TaskCompletionSource navigated = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource nothing = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public NavigationWatch(IPage page, IFrame frame)
        {
            this.page = page;
            for (var f = frame; f is not null; f = f.ParentFrame) watched.Add(f);
            page.FrameNavigated += OnNavigated;
            page.Close += OnClose;
            page.Request += OnRequest;
            page.RequestFailed += OnFailed;
            page.Response += OnResponse;
        }

        public Task Navigated => navigated.Task;

        /// <summary>The request ended without a new page: a download, an answer without content, a broken connection.</summary>
        public Task CameToNothing => nothing.Task;

        public bool Requested { get; private set; }

        private void OnNavigated(object? sender, IFrame frame)
        {
            if (watched.Contains(frame)) navigated.TrySetResult();
        }

        private void OnClose(object? sender, IPage closed) => navigated.TrySetResult();

        private void OnRequest(object? sender, IRequest request) => Requested |= IsWatched(request);

        private void OnFailed(object? sender, IRequest request)
        {
            if (IsWatched(request)) nothing.TrySetResult();
        }

        private void OnResponse(object? sender, IResponse response)
        {
            if (response.Status is 204 or 205 && IsWatched(response.Request)) nothing.TrySetResult();
        }

        // Never throws: an exception in a handler of Playwright's events ends the connection to the browser, and every session with it.
        private bool IsWatched(IRequest request)
        {
            try
            {
                return request.IsNavigationRequest && watched.Contains(request.Frame);
            }
            catch (PlaywrightException)
            {
                return false;
            }
        }

        public void Dispose()
        {
            page.FrameNavigated -= OnNavigated;
            page.Close -= OnClose;
            page.Request -= OnRequest;
            page.RequestFailed -= OnFailed;
            page.Response -= OnResponse;
        }
    }

    private async Task LoadedAsync(IFrame frame, Deadline deadline)
    {
        if (!await ReachesAsync(frame, LoadState.DOMContentLoaded, deadline)) throw new StepFault("The page did not open in time.");
    }

    private async Task SettledAsync(IFrame frame, Deadline deadline)
    {
        try
        {
            await ReachesAsync(frame, LoadState.Load, Within(Min(LoadPatience, deadline.Remaining)));
        }
        catch (PlaywrightException e)
        {
            await ThrowIfLostAsync(e);
        }
    }

    /// <summary>
    /// How long one wait for a load state lasts. Playwright for .NET looks at the state and then subscribes to its change; a change in between, on the thread that
    /// delivers events, is never seen by that wait (its issue 3364). Each further wait looks again.
    /// </summary>
    private static readonly TimeSpan LoadLook = TimeSpan.FromMilliseconds(250);

    private async Task<bool> ReachesAsync(IFrame frame, LoadState state, Deadline deadline)
    {
        while (true)
        {
            var look = Within(Min(LoadLook, deadline.Remaining));
            try
            {
                await Bounded(frame.WaitForLoadStateAsync(state, new() { Timeout = look.Milliseconds }), look);
                return true;
            }
            catch (TimeoutException)
            {
                stop.ThrowIfStopped(canceled);
                if (deadline.Passed) return false;
            }
        }
    }

    /// <summary>The page and frame a step works in, waited for until they are there.</summary>
    private async Task<(IPage Page, IFrame Frame)> TargetAsync(FlowStep step, Deadline deadline)
    {
        while (true)
        {
            if (RootOf(step.Target, deadline) is var (page, frame) && Descend(frame, step.Frame) is { } inner) return (page, inner);
            if (main.IsClosed && step.Target is null)
            {
                await ThrowIfLostAsync(null);
                throw new StepFault("The page it worked on was closed.");
            }

            if (deadline.Passed) break;
            await PauseAsync();
        }

        throw new ElementMissing(step.Target is null || step.Frame.Count > 0
            ? $"The page has no frame [{string.Join(", ", step.Frame)}]."
            : $"The window or frame with the address {Shown(step.Target)} did not open.");
    }

    private (IPage, IFrame)? RootOf(string? target, Deadline deadline)
    {
        if (target is null) return main.IsClosed ? null : (main, main.MainFrame);
        if (PopupOf(target, exact: deadline.Remaining > deadline.Limit * 0.6) is { } page) return (page, page.MainFrame);
        return main.Frames.FirstOrDefault(f => f != main.MainFrame && Same(f.Url, target)) is { } frame ? (main, frame) : null;
    }

    /// <summary>A recorded pop-up's address often holds a number that differs each time: the exact address first, then the same page, then the only pop-up there is.</summary>
    private IPage? PopupOf(string target, bool exact = false)
    {
        var pages = main.Context.Pages.Where(p => !p.IsClosed).ToList();
        if (pages.FirstOrDefault(p => Same(p.Url, target)) is { } same) return same;
        if (exact) return null;
        var others = pages.Where(p => p != main).ToList();
        return others.FirstOrDefault(p => Same(p.Url.Split('?', '#')[0], target.Split('?', '#')[0])) ?? (others.Count == 1 ? others[0] : null);
    }

    private static bool Same(string a, string b) => a.TrimEnd('/') == b.TrimEnd('/');

    private static IFrame? Descend(IFrame frame, IReadOnlyList<int> path)
    {
        foreach (var index in path)
        {
            if (index >= frame.ChildFrames.Count) return null;
            frame = frame.ChildFrames[index];
        }

        return frame;
    }

    /// <summary>Ends the run when the browser is gone. Playwright may notice a moment before the session does.</summary>
    private async Task ThrowIfLostAsync(Exception? error)
    {
        stop.ThrowIfStopped(canceled);
        if (error is null || error.GetType().Name == "TargetClosedException" || error.Message.Contains("has been closed", StringComparison.Ordinal) || error.Message.Contains("crashed", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, stop);
            }
            catch (OperationCanceledException)
            {
                // Told apart below.
            }

            stop.ThrowIfStopped(canceled);
            if (main.Context.Browser is { IsConnected: false }) throw new BrowserLostException("The browser went away while a program was running.");
        }
    }

    /// <summary>
    /// The message of a step that failed: which step, what went wrong, what it looked for, what the page showed. Selectors are as written, before input was put
    /// into them; the page's address is without its query.
    /// </summary>
    [SuppressMessage("Globalization", "CA1305", Justification = "Numbers are written with the invariant culture where they have a form.")]
    private async Task<string> DescribeAsync(FlowStep outer, StepFault fault)
    {
        var (step, way) = fault is InnerFault inner ? (inner.Step, $"Step {outer.Number} (each), {inner.Trail}step {inner.Step.Number}") : (outer, $"Step {outer.Number}");
        var title = step.Title ?? (step.Type == "customStep" ? null : TitleOf(step));
        var text = new StringBuilder($"{way} ({step.Type}{(string.IsNullOrEmpty(title) ? "" : $" “{Cut(title, 80)}”")}) failed. {fault.Message}");
        if (step.Selectors.Count > 0) text.Append($" It looked for {Cut(string.Join(", ", step.Selectors.Select(s => $"`{s.Source}`")), 400)}.");
        text.Append($" It waited up to {TimeoutOf(step).TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s.");
        var page = step.Target is null ? main : PopupOf(step.Target) ?? main;
        if (page.IsClosed) return text.Append(" The page is closed.").ToString();
        text.Append($" The page was {Shown(page.Url)}");
        if (isBusy) return text.Append('.').ToString();
        if (await TryAsync(page.TitleAsync()) is { Length: > 0 } pageTitle) text.Append($", titled “{Cut(pageTitle, 100)}”");
        if (await TryAsync(page.EvaluateAsync<string>(PageScripts.Outline)) is { Length: > 0 } outline) text.Append($", and showed: “{outline}”");
        return text.Append('.').ToString();
    }

    /// <summary>Recorder gives steps no title; the accessible name or text in its selectors is what a person would call the step.</summary>
    private static string? TitleOf(FlowStep step) => step.Selectors
        .Select(s => s.Parts[0])
        .Where(p => p.Kind is SelectorKind.Aria or SelectorKind.Text)
        .Select(p => p.Body?.Source)
        .FirstOrDefault(source => !string.IsNullOrWhiteSpace(source));

    private static string Shown(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https")) return Cut(url.Split('?', '#')[0], 100);
        return Cut(parsed.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped), 200);
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
