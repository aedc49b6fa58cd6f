using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Playwright;

namespace Ostiary.Browser;

/// <summary>Turns a live page into data: one script per frame (those of other processes too), all frames in parallel, shadow roots included. Reads no value of any field.</summary>
internal static class PageReader
{
    /// <summary>How long a frame other than the main one may take to answer; a frame that hangs is reported as not read.</summary>
    private static readonly TimeSpan FrameTimeout = TimeSpan.FromMilliseconds(1500);
    private const int MaxFrames = 24;
    private const int MaxDepth = 5;

    // The name under which a page's watcher listens. Random per process, so that a page can neither ask it nor notice it.
    private static readonly string Channel = "x" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
    private static readonly string Script = Resource("PageScript.js");
    private static readonly Dictionary<string, string> NoMarks = [];

    /// <summary>To be added to a context before its first page opens: collects notices that come and go and the time of the last change.</summary>
    internal static string InitScript { get; } = Resource("PageWatch.js").Replace("__CHANNEL__", Channel, StringComparison.Ordinal).Replace("__LOOK__", Script, StringComparison.Ordinal);

    // Asked of the watcher: to look, and for what the look with that number saw.
    private const string LookScript = "look => { const ask = { look, number: look.number }; window.dispatchEvent(new CustomEvent(look.channel, { detail: ask })); return typeof ask.data === 'string' ? ask.data : null; }";
    private const string KeptScript = "const ask = { number, index }; window.dispatchEvent(new CustomEvent(channel, { detail: ask }));";
    private static long _numbers;

    /// <summary>Looks once. The result keeps handles to the elements it saw; dispose it when the next look is taken.</summary>
    /// <exception cref="PlaywrightException">The page is gone, or it navigated while being read (three times in a row).</exception>
    internal static Task<PageReading> ReadAsync(IPage page, int look, CancellationToken cancellationToken) => ReadAsync(page, look, NoMarks, cancellationToken);

    /// <inheritdoc cref="ReadAsync(IPage, int, CancellationToken)"/>
    /// <param name="marks">CSS selectors by name; every element says which of them it matches.</param>
    internal static async Task<PageReading> ReadAsync(IPage page, int look, IReadOnlyDictionary<string, string> marks, CancellationToken cancellationToken)
    {
        var argument = new LookArgument(Channel, Interlocked.Increment(ref _numbers), [.. marks.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => new[] { m.Key, m.Value })]);
        for (var attempt = 0; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return await ReadOnceAsync(page, look, argument, cancellationToken);
            }
            catch (PlaywrightException exception) when (attempt < 3 && !page.IsClosed && IsNavigating(exception))
            {
                // The document was replaced under the script: read the new one.
            }
        }
    }

    private static bool IsNavigating(PlaywrightException exception) =>
        exception.Message.Contains("context was destroyed", StringComparison.OrdinalIgnoreCase)
        || exception.Message.Contains("navigat", StringComparison.OrdinalIgnoreCase)
        || exception.Message.Contains("Cannot find context", StringComparison.OrdinalIgnoreCase)
        || exception.Message.Contains("detached", StringComparison.OrdinalIgnoreCase);

    private static async Task<PageReading> ReadOnceAsync(IPage page, int look, LookArgument argument, CancellationToken cancellationToken)
    {
        var main = await ReadFramesAsync(page, argument, cancellationToken);
        try
        {
            // What may hide a closed root says so once; then the page is read again, with what was found.
            if (main.All.Where(f => f.HasNewHosts).Select(f => f.Frame).ToList() is { Count: > 0 } frames && await ClosedRoots.RevealAsync(page, frames, Channel, cancellationToken))
            {
                await main.DisposeAsync();
                main = await ReadFramesAsync(page, argument, cancellationToken);
            }
            return Assembly.Assemble(main, look);
        }
        catch
        {
            await main.DisposeAsync();
            throw;
        }
    }

    private static async Task<FrameOutline> ReadFramesAsync(IPage page, LookArgument argument, CancellationToken cancellationToken)
    {
        var main = await ReadFrameAsync(page.MainFrame, argument, cancellationToken);
        try
        {
            if (main.FrameCount > 0 && page.MainFrame.ChildFrames.Count > 0) await ReadChildrenAsync(page.MainFrame, main, 1, new Budget { Left = MaxFrames }, argument, cancellationToken);
            return main;
        }
        catch
        {
            await main.DisposeAsync();
            throw;
        }
    }

    private static async Task<FrameOutline> ReadFrameAsync(IFrame frame, LookArgument argument, CancellationToken cancellationToken)
    {
        var wire = new { channel = argument.Channel, number = argument.Number, marks = argument.Marks };
        if (await frame.EvaluateAsync<string?>(LookScript, wire).WaitAsync(cancellationToken) is { } seen) return new FrameOutline(frame, null, JsonDocument.Parse(seen)) { Number = argument.Number };
        // A document without a watcher: the script goes along, and its result is held from here.
        var handle = await frame.EvaluateHandleAsync(Script, wire).WaitAsync(cancellationToken);
        try
        {
            var data = await handle.EvaluateAsync<string>("result => result.data").WaitAsync(cancellationToken);
            return new FrameOutline(frame, handle, JsonDocument.Parse(data));
        }
        catch
        {
            await DisposeQuietlyAsync(handle);
            throw;
        }
    }

    private static async Task ReadChildrenAsync(IFrame frame, FrameOutline outline, int depth, Budget budget, LookArgument argument, CancellationToken cancellationToken)
    {
        if (depth > MaxDepth) return;
        var children = new List<Task<FrameOutline?>>();
        foreach (var child in frame.ChildFrames)
        {
            if (budget.Left-- <= 0) break;
            children.Add(ReadChildAsync(child, outline, argument, cancellationToken));
        }
        foreach (var child in await Task.WhenAll(children))
            if (child is not null) outline.Children.Add(child);
        await Task.WhenAll(outline.Children.Where(c => c is { IsRead: true, FrameCount: > 0 } && c.Frame.ChildFrames.Count > 0)
            .Select(c => ReadChildrenAsync(c.Frame, c, depth + 1, budget, argument, cancellationToken)));
    }

    private static async Task<FrameOutline?> ReadChildAsync(IFrame child, FrameOutline parent, LookArgument argument, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(FrameTimeout);
        try
        {
            var element = await child.FrameElementAsync().WaitAsync(limit.Token);
            var position = await parent.PositionOfAsync(element).WaitAsync(limit.Token);
            if (position < 0) return null;
            if (!parent.FrameIsVisible(position)) return new FrameOutline(child, null, null) { Position = position };
            try
            {
                var read = await ReadFrameAsync(child, argument, limit.Token);
                read.Position = position;
                return read;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new FrameOutline(child, null, null) { Position = position };
            }
            catch (PlaywrightException)
            {
                return new FrameOutline(child, null, null) { Position = position };
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (PlaywrightException)
        {
            return null;
        }
    }

    internal static async ValueTask DisposeQuietlyAsync(IJSHandle handle)
    {
        try
        {
            await handle.DisposeAsync();
        }
        catch (PlaywrightException)
        {
            // The document it belonged to is gone, and the handle with it.
        }
    }

    private static string Resource(string name)
    {
        using var stream = typeof(PageReader).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>What the script that looks is told: how to reach the watcher, which look this is, and the selectors by name.</summary>
    private sealed record LookArgument(string Channel, long Number, string[][] Marks);

    private sealed class Budget
    {
        public int Left;
    }

    /// <summary>What the script said about one frame, and the handle behind it.</summary>
    internal sealed class FrameOutline(IFrame frame, IJSHandle? handle, JsonDocument? data) : IAsyncDisposable
    {
        public IFrame Frame { get; } = frame;

        /// <summary>By which the frame's watcher knows this look; 0 when it has none, and the result is behind a handle.</summary>
        public long Number { get; init; }

        public JsonDocument? Data { get; } = data;
        public bool IsRead => Data is not null;
        public int Position { get; set; } = -1;
        public List<FrameOutline> Children { get; } = [];
        public int FrameCount => Data?.RootElement.GetProperty("frames").GetInt32() ?? 0;

        /// <summary>Elements that may hide a closed shadow root and were not looked into before.</summary>
        public bool HasNewHosts => Data is not null && Data.RootElement.GetProperty("hosts").GetInt32() > 0;
        public IEnumerable<FrameOutline> All => Children.SelectMany(c => c.All).Prepend(this);

        public bool FrameIsVisible(int position)
        {
            foreach (var item in Data!.RootElement.GetProperty("items").EnumerateArray())
            {
                if (item.GetProperty("k").GetString() != "F" || item.GetProperty("i").GetInt32() != position) continue;
                return item.TryGetProperty("v", out var visible) && visible.GetInt32() == 1;
            }
            return false;
        }

        /// <summary>The element with this index; a handle to nothing when it is not there any more.</summary>
        public Task<IJSHandle> NodeAsync(int index) => handle is not null
            ? handle.EvaluateHandleAsync("(result, index) => result.nodes[index] ?? null", index)
            : Frame.EvaluateHandleAsync($"({{ channel, number, index }}) => {{ {KeptScript} return ask.node ?? null; }}", new { channel = Channel, number = Number, index });

        /// <summary>Which of the frame's own frames an element is; -1: none.</summary>
        public Task<int> PositionOfAsync(IElementHandle element) => handle is not null
            ? handle.EvaluateAsync<int>("(result, element) => result.frames.indexOf(element)", element)
            : Frame.EvaluateAsync<int>($"({{ channel, number, element }}) => {{ const index = 0; {KeptScript} return ask.frames ? ask.frames.indexOf(element) : -1; }}", new { channel = Channel, number = Number, element });

        public Task<string?[]> AttributeOfEachAsync(string name) => handle is not null
            ? handle.EvaluateAsync<string?[]>("(result, name) => result.nodes.map(n => n.getAttribute ? n.getAttribute(name) : null)", name)
            : Frame.EvaluateAsync<string?[]>($"({{ channel, number, name }}) => {{ const index = 0; {KeptScript} return (ask.nodes || []).map(n => n.getAttribute ? n.getAttribute(name) : null); }}", new { channel = Channel, number = Number, name });

        public async ValueTask DisposeAsync()
        {
            Data?.Dispose();
            if (handle is not null) await DisposeQuietlyAsync(handle);
            foreach (var child in Children) await child.DisposeAsync();
        }
    }
}

/// <summary>The page as read, with the way back to its elements. Valid until the next look.</summary>
internal sealed class PageReading : IAsyncDisposable
{
    private readonly PageReader.FrameOutline _main;
    private readonly IReadOnlyList<PageReader.FrameOutline> _outlines;
    private readonly int _look;

    internal PageReading(int look, PageReader.FrameOutline main, IReadOnlyList<PageReader.FrameOutline> outlines) => (_look, _main, _outlines) = (look, main, outlines);

    public required string Title { get; init; }
    public string? Language { get; init; }
    public required IReadOnlyList<FrameSnapshot> Frames { get; init; }
    public required IReadOnlyList<ElementSnapshot> Elements { get; init; }
    public required IReadOnlyList<GroupSnapshot> Groups { get; init; }

    /// <summary>Texts that appeared since the last trusted key or click in their frame, or since the document began.</summary>
    public required IReadOnlyList<string> Notices { get; init; }
    public required IReadOnlyList<string> StorageKeys { get; init; }

    /// <summary>Time since any frame last changed; null when no frame has a watcher.</summary>
    public TimeSpan? SinceChange { get; init; }

    /// <summary>The element behind an id of this look; null when it is of another look or no longer an element.</summary>
    public async Task<IElementHandle?> ElementAsync(ElementId id)
    {
        if (id.Look != _look || id.Frame < 0 || id.Frame >= _outlines.Count || !_outlines[id.Frame].IsRead) return null;
        try
        {
            var found = await _outlines[id.Frame].NodeAsync(id.Index);
            if (found.AsElement() is { } element) return element;
            await PageReader.DisposeQuietlyAsync(found);
            return null;
        }
        catch (PlaywrightException)
        {
            return null;
        }
    }

    /// <summary>The frame in which an element lies.</summary>
    public IFrame? FrameOf(ElementId id) => id.Look == _look && id.Frame >= 0 && id.Frame < _outlines.Count ? _outlines[id.Frame].Frame : null;

    /// <summary>One attribute of every element of a frame, by element index; for tools that compare a look with marks in a page.</summary>
    internal async Task<string?[]> AttributeOfEachAsync(int frame, string name) => _outlines[frame].IsRead ? await _outlines[frame].AttributeOfEachAsync(name) : [];

    public ValueTask DisposeAsync() => _main.DisposeAsync();
}

/// <summary>Puts the outlines of all frames together into one list in reading order.</summary>
file static class Assembly
{
    public static PageReading Assemble(PageReader.FrameOutline main, int look)
    {
        var outlines = new List<PageReader.FrameOutline>();
        var frames = new List<FrameSnapshot>();
        var groups = new List<GroupSnapshot>();
        var elements = new List<ElementSnapshot>();
        var notices = new List<string>();
        var nextPath = 0;
        Add(main, -1, default, true, -1, -1, []);
        foreach (var text in notices.Distinct().ToList())
            if (notices.Count(n => n == text) > 1) notices.RemoveAt(notices.LastIndexOf(text));

        var root = main.Data!.RootElement;
        var quiet = frames.Where(f => f.QuietMilliseconds >= 0).Select(f => f.QuietMilliseconds).DefaultIfEmpty(-1).Min();
        var language = root.GetProperty("lang").GetString();
        return new PageReading(look, main, outlines)
        {
            Title = root.GetProperty("title").GetString() ?? "",
            Language = string.IsNullOrEmpty(language) ? null : language,
            Frames = frames,
            Elements = elements,
            Groups = groups,
            Notices = notices,
            StorageKeys = [.. root.GetProperty("storage").EnumerateArray().Select(k => k.GetString() ?? "").Distinct()],
            SinceChange = quiet < 0 ? null : TimeSpan.FromMilliseconds(quiet),
        };

        void Add(PageReader.FrameOutline outline, int parent, Box box, bool visible, int form, int dialog, IReadOnlyList<int> path)
        {
            var index = outlines.Count;
            outlines.Add(outline);
            if (outline.Data is null)
            {
                frames.Add(new FrameSnapshot(index, parent, Address(outline.Frame.Url), outline.Frame.Name, box, visible) { Form = form, Dialog = dialog });
                return;
            }
            var data = outline.Data.RootElement;
            var width = data.GetProperty("width").GetDouble();
            var height = data.GetProperty("height").GetDouble();
            if (index == 0) box = new Box(0, 0, width, height);
            frames.Add(new FrameSnapshot(index, parent, Address(data.GetProperty("url").GetString() ?? ""), outline.Frame.Name, box, visible)
            {
                ReadyState = data.GetProperty("ready").GetString() ?? "",
                Busy = data.GetProperty("busy").GetBoolean(),
                QuietMilliseconds = data.GetProperty("quiet").GetDouble(),
                Changes = data.GetProperty("changes").GetInt64(),
                Document = data.GetProperty("origin").GetDouble(),
                Refreshes = data.GetProperty("refresh").GetBoolean(),
                Truncated = data.GetProperty("truncated").GetBoolean(),
                ViewWidth = width,
                ViewHeight = height,
                Form = form,
                Dialog = dialog,
            });
            foreach (var notice in data.GetProperty("notices").EnumerateArray()) notices.Add(notice.GetString() ?? "");

            var firstGroup = groups.Count;
            foreach (var group in data.GetProperty("groups").EnumerateArray())
                groups.Add(new GroupSnapshot(groups.Count, group.GetProperty("k").GetString()!, index, group.GetProperty("n").GetString() ?? "",
                    Attributes(group.GetProperty("a")), BoxOf(group.GetProperty("b"), box), group.GetProperty("m").GetBoolean()));

            var parents = data.GetProperty("parents");
            var paths = new IReadOnlyList<int>[parents.GetArrayLength()];
            for (var i = 0; i < paths.Length; i++)
            {
                var above = parents[i].GetInt32();
                paths[i] = [.. above < 0 ? path : paths[above], nextPath++];
            }

            var own = new List<ElementSnapshot>();
            var placed = new List<(int At, PageReader.FrameOutline Child, Box Box, bool Visible, int Form, int Dialog, IReadOnlyList<int> Path)>();
            var position = -1;
            foreach (var item in data.GetProperty("items").EnumerateArray())
            {
                position++;
                var kind = item.GetProperty("k").GetString();
                var itemForm = item.GetProperty("f").GetInt32();
                var itemDialog = item.GetProperty("d").GetInt32();
                var ownForm = itemForm < 0 ? form : itemForm + firstGroup;
                var ownDialog = itemDialog < 0 ? dialog : itemDialog + firstGroup;
                var container = item.GetProperty("c").GetInt32();
                var ownPath = container < 0 ? path : paths[container];
                if (kind == "F")
                {
                    var nth = item.GetProperty("i").GetInt32();
                    if (outline.Children.Find(c => c.Position == nth) is { } child)
                        placed.Add((own.Count, child, BoxOf(item.GetProperty("b"), box), visible && Flag(item, "v"), ownForm, ownDialog, ownPath));
                    continue;
                }
                if (Flag(item, "x")) continue;
                own.Add(new ElementSnapshot
                {
                    Id = new ElementId(look, index, position),
                    Kind = kind switch { "I" => ElementKind.Input, "C" => ElementKind.Choice, "S" => ElementKind.Select, "B" => ElementKind.Button, "L" => ElementKind.Link, "H" => ElementKind.Heading, "A" => ElementKind.Alert, "M" => ElementKind.Image, _ => ElementKind.Text },
                    Tag = item.GetProperty("g").GetString() ?? "",
                    Type = Text(item, "y"),
                    Role = Text(item, "r"),
                    Attributes = item.TryGetProperty("a", out var attributes) ? Attributes(attributes) : None,
                    Name = Text(item, "n"),
                    Text = Text(item, "t"),
                    Description = Text(item, "ds"),
                    ValidityMessage = Text(item, "vm"),
                    NativeValidity = Flag(item, "nv"),
                    Visible = visible && Flag(item, "v"),
                    HiddenBy = Text(item, "h"),
                    Enabled = !Flag(item, "u") && !Flag(item, "ro"),
                    ReadOnly = Flag(item, "ro"),
                    Required = Flag(item, "q"),
                    Checked = Flag(item, "ck"),
                    Focused = Flag(item, "fo"),
                    Covered = Flag(item, "o"),
                    CoveredBy = item.TryGetProperty("ob", out var cover) ? cover.GetInt32() + firstGroup : -1,
                    Pointer = Flag(item, "p"),
                    Invalid = Flag(item, "iv"),
                    HasValue = Flag(item, "hv"),
                    Box = item.TryGetProperty("b", out var itemBox) ? BoxOf(itemBox, box) : default,
                    Form = ownForm,
                    Dialog = ownDialog,
                    Path = ownPath,
                    Landmark = Text(item, "l"),
                    Marks = item.TryGetProperty("mk", out var marks) ? [.. marks.EnumerateArray().Select(m => m.GetString() ?? "")] : [],
                    Options = item.TryGetProperty("op", out var options) ? [.. options.EnumerateArray().Select(o => new OptionSnapshot(o[0].GetString() ?? "", o[1].GetString() ?? "", o[2].GetInt32() == 1))] : [],
                });
            }
            Nearby.Tie(own);
            var next = 0;
            foreach (var child in placed)
            {
                for (; next < child.At; next++) elements.Add(own[next]);
                Add(child.Child, index, child.Box, child.Visible, child.Form, child.Dialog, child.Path);
            }
            for (; next < own.Count; next++) elements.Add(own[next]);
        }
    }

    private static readonly Dictionary<string, string> None = [];

    private static Dictionary<string, string> Attributes(JsonElement element)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in element.EnumerateObject()) result[attribute.Name] = attribute.Value.GetString() ?? "";
        return result;
    }

    private static Box BoxOf(JsonElement element, Box frame) =>
        new(element[0].GetDouble() + frame.X, element[1].GetDouble() + frame.Y, element[2].GetDouble(), element[3].GetDouble());

    private static bool Flag(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.GetInt32() != 0;

    private static string Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static readonly Uri Blank = new("about:blank");

    private static Uri Address(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri : Blank;
}

/// <summary>Ties a field to the text beside it when no label element does.</summary>
file static class Nearby
{
    private const double Row = 14;

    public static void Tie(List<ElementSnapshot> elements)
    {
        for (var i = 0; i < elements.Count; i++)
        {
            var field = elements[i];
            if (field.Kind is not (ElementKind.Input or ElementKind.Select or ElementKind.Choice) || !field.Visible) continue;
            var text = field.Kind == ElementKind.Choice ? After(elements, i) ?? Before(elements, i) : Before(elements, i) ?? Beside(elements, i) ?? Over(elements, i) ?? After(elements, i);
            if (text is not null && text != field.Name) elements[i] = field with { NearbyText = text };
        }
    }

    private static bool IsText(ElementSnapshot e) => e.Visible && e.Kind is ElementKind.Text or ElementKind.Heading && e.Text.Length is > 0 and <= 200 && e.Text.Any(char.IsLetterOrDigit);

    private static bool IsControl(ElementSnapshot e) => e.Visible && e.Kind is ElementKind.Input or ElementKind.Select or ElementKind.Choice or ElementKind.Button;

    /// <summary>The text between the previous control and this one, when it lies to the left or above.</summary>
    private static string? Before(List<ElementSnapshot> elements, int at)
    {
        var field = elements[at].Box;
        for (var i = at - 1; i >= 0 && i >= at - 8; i--)
        {
            var other = elements[i];
            if (IsControl(other)) return null;
            if (!IsText(other) || other.Tag == "label" && other.Attributes.ContainsKey("for")) continue;
            var box = other.Box;
            var gap = Gap(other, field);
            var left = gap > -Row && gap < 300 && Overlap(box.Y, box.Bottom, field.Y, field.Bottom);
            var above = box.Bottom <= field.Y + Row && field.Y - box.Bottom < 60 && Overlap(box.X - 40, box.Right + 40, field.X, field.Right);
            if (left || above) return other.Text;
        }
        return null;
    }

    private static string? Beside(List<ElementSnapshot> elements, int at)
    {
        var field = elements[at].Box;
        var best = double.MaxValue;
        ElementSnapshot? beside = null;
        foreach (var other in elements)
        {
            if (!IsText(other)) continue;
            var box = other.Box;
            double distance;
            if (Gap(other, field) is >= -4 and var gap && Overlap(box.Y, box.Bottom, field.Y, field.Bottom)) distance = gap;
            else if (box.Bottom <= field.Y + 4 && Overlap(box.X, box.Right, field.X, field.Right) && Math.Abs(box.X - field.X) < 75) distance = (field.Y - box.Bottom) * 1.5;
            else continue;
            if (distance < 110 && distance < best) (best, beside) = (distance, other);
        }
        // What another control stands next to names that one.
        return beside is null || elements.Exists(e => e.Kind is ElementKind.Input or ElementKind.Select && e.Visible && e.Id != elements[at].Id && IsBetween(beside.Box, e.Box, field)) ? null : beside.Text;
    }

    /// <summary>In the same row or the same column, and further along than the text.</summary>
    private static bool IsBetween(Box text, Box other, Box field)
    {
        if (Overlap(text.Y, text.Bottom, field.Y, field.Bottom) && Overlap(text.Y, text.Bottom, other.Y, other.Bottom) && Overlap(other.Y, other.Bottom, field.Y, field.Bottom))
            return text.X < field.X ? other.X >= text.Right - 4 && other.Right <= field.X + 4 : other.Right <= text.X + 4 && other.X >= field.Right - 4;
        return other.Y >= text.Bottom - 4 && other.Bottom <= field.Y + 4 && Overlap(other.X, other.Right, field.X, field.Right) && Math.Abs(text.X - other.X) < 75;
    }

    /// <summary>How far a text ends before a field begins, in the direction in which the text is written.</summary>
    private static double Gap(ElementSnapshot text, Box field) => IsRightToLeft(text.Text) ? text.Box.X - field.Right : field.X - text.Box.Right;

    private static bool IsRightToLeft(string text)
    {
        foreach (var c in text)
            if (char.IsLetter(c)) return c is >= '\u0590' and <= '\u08FF' or >= '\uFB1D' and <= '\uFDFF' or >= '\uFE70' and <= '\uFEFC';
        return false;
    }

    /// <summary>A label drawn inside the field (it floats up when the field has the focus).</summary>
    private static string? Over(List<ElementSnapshot> elements, int at)
    {
        var field = elements[at].Box;
        foreach (var other in elements)
        {
            if (!IsText(other) || other.Text.Length > 60) continue;
            var box = other.Box;
            if (box.X >= field.X - 2 && box.Right <= field.Right + 2 && box.Y >= field.Y - 12 && box.Bottom <= field.Bottom + 6) return other.Text;
        }
        return null;
    }

    private static string? After(List<ElementSnapshot> elements, int at)
    {
        var field = elements[at];
        for (var i = at + 1; i < elements.Count && i <= at + 3; i++)
        {
            var other = elements[i];
            if (IsControl(other)) return null;
            if (!IsText(other) || other.Text.Length > 80) continue;
            var near = Overlap(other.Box.Y - 4, other.Box.Bottom + 4, field.Box.Y, field.Box.Bottom) && other.Box.X - field.Box.Right < 60;
            if (near) return other.Text;
        }
        return null;
    }

    private static bool Overlap(double a, double b, double c, double d) => Math.Min(b, d) - Math.Max(a, c) > 2;
}
