using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Ostiary.Browser;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>The browser a program works in. <see cref="BrowserSession"/> is it in the server; tests bring a raw Playwright page.</summary>
internal interface IFlowBrowser
{
    /// <summary>The page a program starts on: what a flow calls the target <c>main</c>.</summary>
    IPage Page { get; }

    /// <summary>Cancelled when the browser behind the page is gone.</summary>
    CancellationToken Lost { get; }

    /// <summary>
    /// Runs <paramref name="trigger"/> and returns the file that any page of the session then downloads, or shows in place of a page (a PDF, a picture, plain text).
    /// </summary>
    /// <exception cref="PageActionException">No file came within <paramref name="limit"/>, or it was too large.</exception>
    Task<DownloadedFile> DownloadAsync(Func<Task> trigger, TimeSpan limit, CancellationToken ct);
}

/// <summary>Where files that a program caught are kept.</summary>
internal interface IFlowFiles
{
    /// <summary>Keeps the file. The runner disposes <paramref name="file"/> afterwards.</summary>
    /// <exception cref="StepFault">It was asked to be read and could not be.</exception>
    Task<KeptFile> KeepAsync(DownloadedFile file, FileIntent intent, CancellationToken ct);
}

/// <summary>What a program keeps a file for.</summary>
/// <param name="Purpose"><c>output</c>, <c>attachment</c> or <c>extraction</c>.</param>
/// <param name="Metadata">The step's own words about it, placeholders filled in.</param>
internal sealed record FileIntent(string Purpose, JsonObject Metadata);

/// <summary>A file that was kept.</summary>
/// <param name="StorageId">Null: the task keeps no files.</param>
/// <param name="IsDuplicate">True: an earlier run brought the same; <paramref name="StorageId"/> is that one's.</param>
internal sealed record KeptFile(string? StorageId, bool IsDuplicate);

/// <summary>Is told what a program does, as it is done. Throws nothing but a cancellation.</summary>
internal interface IFlowWitness
{
    /// <summary>A step of the program's own list is over.</summary>
    /// <param name="endsGroup">True: the next step is of another kind (opening, acting, reading, keeping), or there is none.</param>
    Task DidAsync(FlowStepNote note, bool endsGroup, CancellationToken ct);
}

/// <summary>One step of a program, for a run's artifacts: no value, no input.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Status"><c>done</c>, <c>skipped</c> (a recorded sign-in) or <c>failed</c>.</param>
internal sealed record FlowStepNote(int Step, string Type, string? Title, DateTimeOffset At, long DurationMs, string Status);

/// <summary>How a program ended.</summary>
internal abstract record FlowResult
{
    private FlowResult() { }

    /// <summary>Every step was done. <paramref name="Output"/> is what its <c>extract</c> and <c>download</c> steps brought, not yet checked against a schema.</summary>
    internal sealed record Completed(JsonObject Output) : FlowResult
    {
        /// <summary>Numbers of the recorded sign-in steps that were left out because the session was signed in already. Empty for most programs.</summary>
        public IReadOnlyList<int> SkippedSteps { get; init; } = [];
    }

    /// <summary>
    /// A step could not be done. <paramref name="Step"/> counts the program's own steps from 1; <paramref name="Code"/> is an error code of type <c>task</c>
    /// (<see cref="StepFailed"/>) or <c>storage</c>. <paramref name="Message"/> names the step, what it looked for and what the page showed; it holds no value of any field.
    /// </summary>
    internal sealed record Failed(int Step, string Code, string Message) : FlowResult;

    /// <summary>The code of a step that could not be done.</summary>
    public const string StepFailed = "step_failed";

    /// <summary>The code of a file that is larger than the server takes; of type <c>storage</c>.</summary>
    public const string FileTooLarge = "file_too_large";

    /// <summary>The code of a file that had to be read and could not be; of type <c>storage</c>.</summary>
    public const string ExtractionFailed = "extraction_failed";
}

/// <summary>One fault of a program as written. <paramref name="Path"/> looks like <c>program.steps[3].selectors</c>.</summary>
internal sealed record FlowFault(string Path, string Message);

/// <summary>
/// Ends a step from deep inside its polling; caught once, where the step was started, and turned into <see cref="FlowResult.Failed"/>.
/// An exception because a step fails at any depth of Playwright callbacks and every caller in between would only pass it on.
/// </summary>
internal class StepFault(string message) : Exception(message)
{
    /// <summary>One of the codes of <see cref="FlowResult"/>.</summary>
    public string Code { get; init; } = FlowResult.StepFailed;
}

/// <summary>The step's element did not appear.</summary>
internal sealed class ElementMissing(string message) : StepFault(message);
