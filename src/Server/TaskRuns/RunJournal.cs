using System.Threading.Channels;
using Ostiary.Browser;
using Ostiary.Login;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Storage;
using Ostiary.Server.Tasks.Programs;

namespace Ostiary.Server.TaskRuns;

/// <summary>
/// What one start of a run saw and did: the steps of its sign-in and of its program, and pictures. It is written down while the run is at work, beside it, so that a run
/// that is lost or canceled has its story too. Losing a picture or a note never harms the run.
/// </summary>
internal sealed class RunJournal : ISignInWitness, IFlowWitness, IAsyncDisposable
{
    private const int JpegQuality = 55;
    private const int LongestReasoning = 2_000;
    private const int MostEntries = 500;

    private static readonly TimeSpan LastPicturePatience = TimeSpan.FromSeconds(2);
    private readonly ScreenshotStore _screenshots;
    private readonly Db _db;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskRunRow _run;
    private readonly Channel<Picture?> _toWrite = Channel.CreateUnbounded<Picture?>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writing;
    private readonly Lock _gate = new();
    private readonly List<SignInEntry> _signIn = [];
    private readonly List<ProgramEntry> _program = [];
    private BrowserSession? _browser;
    private PageSnapshot? _page;
    private Evidence? _evidence;
    private int _pictures;
    private bool _ended;
    private Task _seeing = Task.CompletedTask;

    public RunJournal(TaskRunRow run, ScreenshotStore screenshots, Db db, TimeProvider time, ILogger logger)
    {
        (_run, _screenshots, _db, _time, _logger) = (run, screenshots, db, time, logger);
        _writing = WriteAsync();
    }

    private sealed record Picture(ScreenshotRow Row, byte[] Content);

    /// <summary>One decision of the sign-in on the wire.</summary>
    private sealed record SignInEntry(DateTimeOffset At, string Url, string Page, string Action, IReadOnlyList<string> Why, string? ScreenshotId);

    /// <summary>One step of the program on the wire.</summary>
    private sealed record ProgramEntry(int Step, string Type, string? Title, string Status, DateTimeOffset At, long DurationMs, string? ScreenshotId);

    /// <summary>What there was to see when nobody could tell how the sign-in had ended.</summary>
    private sealed record Evidence(string Message, string Url, string Title, int? StatusCode, IReadOnlyList<string> Headings, IReadOnlyList<string> Notices, IReadOnlyList<string> Fields, IReadOnlyList<string> Requests);

    /// <summary>What <c>include=artifacts</c> shows. A part that there is nothing of is left out.</summary>
    private sealed record Artifacts(IReadOnlyList<SignInEntry>? SignIn, IReadOnlyList<ProgramEntry>? Program, Evidence? Evidence);

    /// <summary>The browser that pictures are taken of.</summary>
    public void Watch(BrowserSession browser) => _browser = browser;

    public Task SawAsync(SignInStepNote note, PageSnapshot page, LoginDecision decision, IReadOnlyList<ElementId> filled, CancellationToken cancellationToken) =>
        _seeing = SeeAsync(note, page, decision, filled, cancellationToken);

    /// <summary>Waits until the last look of the sign-in is written down: from then on somebody else may drive the page.</summary>
    public Task SignedInAsync() => _seeing;

    private async Task SeeAsync(SignInStepNote note, PageSnapshot page, LoginDecision decision, IReadOnlyList<ElementId> filled, CancellationToken cancellationToken)
    {
        _page = page;
        var picture = decision.Step is LoginStep.Wait
            ? null
            : await TakeAsync($"{note.Page}: {note.Action}. {(note.Why.Count > 0 ? "Because: " + string.Join("; ", note.Why) + "." : "")}", filled, isLast: false, cancellationToken);
        lock (_gate)
        {
            if (_signIn.Count < MostEntries) _signIn.Add(new SignInEntry(note.At, note.Url, note.Page, note.Action, note.Why, picture));
        }

        _toWrite.Writer.TryWrite(null);
    }

    public async Task DidAsync(FlowStepNote note, bool endsGroup, CancellationToken ct)
    {
        string? picture = null;
        if (endsGroup)
        {
            List<string> steps;
            lock (_gate) steps = [.. _program.AsEnumerable().Reverse().TakeWhile(e => e.ScreenshotId is null).Reverse().Select(e => Told(e.Step, e.Type, e.Title, e.Status)), Told(note.Step, note.Type, note.Title, note.Status)];
            picture = await TakeAsync("After " + string.Join(", ", steps.TakeLast(20)) + ".", [], isLast: note.Status == "failed", ct);
        }

        lock (_gate)
        {
            if (_program.Count < MostEntries) _program.Add(new ProgramEntry(note.Step, note.Type, note.Title, note.Status, note.At, note.DurationMs, picture));
            _ended |= note.Status == "failed" && picture is not null;
        }

        _toWrite.Writer.TryWrite(null);

        static string Told(int step, string type, string? title, string status) => $"step {step} ({type}{(title is null ? "" : $" “{title}”")}{(status == "done" ? "" : ", " + status)})";
    }

    /// <summary>Takes over the notes of a sign-in that needed no look: an earlier one still held.</summary>
    public void Note(IReadOnlyList<SignInStepNote> steps)
    {
        lock (_gate)
        {
            if (_signIn.Count == 0) _signIn.AddRange(steps.Take(MostEntries).Select(n => new SignInEntry(n.At, n.Url, n.Page, n.Action, n.Why, null)));
        }
    }

    /// <summary>Notes what there was to see when the sign-in's end could not be told: its page's outline, without a value.</summary>
    public void Unsure(string message)
    {
        if (_page is not { } page) return;
        string Where(Uri url) => url.Scheme is "http" or "https" ? url.GetLeftPart(UriPartial.Path) : url.Scheme;
        var seen = page.Elements.Where(e => e.Visible).ToList();
        var evidence = new Evidence(
            message,
            Where(page.Url),
            page.Title,
            page.StatusCode,
            [.. seen.Where(e => e.Kind == ElementKind.Heading).Select(e => e.Text).Where(t => t.Length > 0).Take(10)],
            [.. page.Notices.Concat(page.Dialogs).Concat(seen.Where(e => e.Kind == ElementKind.Alert).Select(e => e.Text)).Where(t => t.Length > 0).Distinct().Take(10)],
            [.. seen.Where(e => e.Kind is ElementKind.Input or ElementKind.Select or ElementKind.Choice).Select(e => e.Type + (e.Name.Length > 0 ? $" “{e.Name}”" : "")).Take(20)],
            [.. page.Requests.TakeLast(10).Select(r => $"{r.Method} {r.Path} {r.Status?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unanswered"}")]);
        lock (_gate) _evidence = evidence;
    }

    /// <summary>A last picture of a run that ends other than by its own steps, while its browser is still there.</summary>
    public async Task LastAsync(string reasoning)
    {
        lock (_gate)
        {
            if (_ended) return;
            _ended = true;
        }

        using var limit = new CancellationTokenSource(LastPicturePatience, _time);
        try
        {
            await TakeAsync(reasoning, [], isLast: true, limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The page is busy; it ends without a picture.
        }
    }

    /// <summary>The story as JSON, or null when there is none.</summary>
    public string? ToJson()
    {
        lock (_gate)
        {
            return _signIn.Count == 0 && _program.Count == 0 && _evidence is null
                ? null
                : Json.Write(new Artifacts(_signIn.Count == 0 ? null : [.. _signIn], _program.Count == 0 ? null : [.. _program], _evidence), leaveOutNulls: true);
        }
    }

    /// <summary>Waits until everything taken so far is written; nothing is written after it.</summary>
    public async ValueTask DisposeAsync()
    {
        _toWrite.Writer.TryComplete();
        await _writing;
    }

    private async Task<string?> TakeAsync(string reasoning, IReadOnlyList<ElementId> masked, bool isLast, CancellationToken cancellationToken)
    {
        var options = _screenshots.Options;
        // One place is kept for the end, which is what one wants to see most.
        if (!options.Screenshots || _browser is not { } browser || _pictures >= options.ScreenshotsPerRun - (isLast ? 0 : 1)) return null;
        try
        {
            if (await browser.ScreenshotAsync(masked, JpegQuality, cancellationToken) is not { } content || content.Length > options.LargestScreenshot) return null;
            var id = _screenshots.NewId().Value;
            var row = new ScreenshotRow { Id = id, OrganizationId = _run.OrganizationId, TaskRunId = _run.Id, Reasoning = reasoning.Length > LongestReasoning ? reasoning[..LongestReasoning] : reasoning, CreatedAt = _time.GetUtcNow() };
            if (!_toWrite.Writer.TryWrite(new Picture(row, content))) return null;
            _pictures++;
            return id;
        }
        catch (Exception exception) when (exception is BrowserLostException or PageActionException)
        {
            // Whoever acts on the page next finds out, and says it better.
            return null;
        }
    }

    private async Task WriteAsync()
    {
        // Nothing stops this but the end of the run: what was seen of a lost browser is worth keeping most.
        while (await _toWrite.Reader.WaitToReadAsync(CancellationToken.None))
        {
            try
            {
                while (_toWrite.Reader.TryRead(out var picture))
                {
                    if (picture is not null) await _screenshots.KeepAsync(picture.Row, picture.Content, CancellationToken.None);
                }

                // The end of a run writes its story itself, in its own commit.
                if (ToJson() is not { } artifacts || _toWrite.Reader.Completion.IsCompleted) continue;
                await using var connection = await _db.OpenAsync(CancellationToken.None);
                await connection.ExecuteAsync(
                    "UPDATE task_runs SET artifacts = @artifacts::json WHERE id = @Id AND status IN ('running', 'interaction_required', 'canceling')", new { _run.Id, artifacts }, CancellationToken.None);
            }
            catch (Exception exception) when (exception is Npgsql.NpgsqlException or TimeoutException or Ostiary.Vault.VaultException)
            {
                Log.JournalNotWritten(_logger, _run.Id, exception.GetType().Name);
            }
        }
    }
}
