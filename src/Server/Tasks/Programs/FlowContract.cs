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
    /// <summary>Keeps the file and returns its storage id. The runner disposes <paramref name="file"/> afterwards.</summary>
    Task<string> KeepAsync(DownloadedFile file, CancellationToken ct);
}

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
    /// (<see cref="StepFailed"/>). <paramref name="Message"/> names the step, what it looked for and what the page showed; it holds no value of any field.
    /// </summary>
    internal sealed record Failed(int Step, string Code, string Message) : FlowResult;

    /// <summary>The code of a step that could not be done.</summary>
    public const string StepFailed = "step_failed";
}

/// <summary>One fault of a program as written. <paramref name="Path"/> looks like <c>program.steps[3].selectors</c>.</summary>
internal sealed record FlowFault(string Path, string Message);

/// <summary>
/// Ends a step from deep inside its polling; caught once, where the step was started, and turned into <see cref="FlowResult.Failed"/>.
/// An exception because a step fails at any depth of Playwright callbacks and every caller in between would only pass it on.
/// </summary>
internal class StepFault(string message) : Exception(message);

/// <summary>The step's element did not appear.</summary>
internal sealed class ElementMissing(string message) : StepFault(message);
