using System.Text.Json.Nodes;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>Plays programs in signed-in sessions.</summary>
internal sealed class FlowRunner(TimeProvider time, IFlowWitness? witness = null)
{
    /// <summary>Plays a program from its first step to its last, or to the first that fails.</summary>
    /// <param name="input">The run's input, already checked against the task's schema.</param>
    /// <param name="start">What relative addresses are resolved against: the source's URL.</param>
    /// <exception cref="Ostiary.Browser.BrowserLostException">The browser is gone.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task<FlowResult> RunAsync(FlowProgram program, JsonObject input, Uri start, IFlowBrowser browser, IFlowFiles files, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, browser.Lost);
        var run = new FlowRun(time, witness, program, start, browser, files, ct, stop.Token);
        return await run.PlayAsync(input);
    }
}
