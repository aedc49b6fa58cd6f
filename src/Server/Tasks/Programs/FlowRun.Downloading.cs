using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Ostiary.Browser;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>The <c>download</c> step.</summary>
internal sealed partial class FlowRun
{
    /// <summary>How long a file may take when neither the step nor the flow says.</summary>
    private static readonly TimeSpan DownloadTimeout = TimeSpan.FromSeconds(60);

    private async Task DownloadAsync(DownloadStep step, FlowPlace place)
    {
        var limit = step.Timeout ?? program.Timeout ?? DownloadTimeout;
        var (page, frame) = await TargetAsync(step, Within(TimeoutOf(step)));
        var url = step.Url?.AsUrl(place.Values, start);
        var before = page.Context.Pages.ToList();
        StepFault? fault = null;
        DownloadedFile file;
        try
        {
            file = await browser.DownloadAsync(TriggerAsync, limit, stop);
        }
        catch (Exception e) when (e is StepFault or PageActionException or TimeoutException or PlaywrightException)
        {
            stop.ThrowIfStopped(canceled);
            if (e is PlaywrightException) await ThrowIfLostAsync(e);
            // The session words its own failures; they name the action and never a value.
            throw fault ?? new StepFault(e is PageActionException ? e.Message : "Waiting for a file: none came.") { Code = e is FileTooLargeException ? FlowResult.FileTooLarge : FlowResult.StepFailed };
        }

        using (file)
        {
            var metadata = new JsonObject();
            foreach (var (name, text) in step.Metadata) metadata[name] = text.AsPlain(place.Values);
            var kept = await files.KeepAsync(file, new FileIntent(step.Purpose ?? (step.As is null ? "attachment" : "output"), metadata), stop);
            await ReturnAsync(page, before);
            if (step.As is null) return;
            var shown = new JsonObject
            {
                ["file_name"] = file.FileName,
                ["file_type"] = file.MimeType,
                ["file_size"] = file.Size,
                ["storage_id"] = kept.StorageId,
            };
            if (kept.IsDuplicate) shown["duplicate"] = true;
            Put(place.Output, step.As, shown);
        }

        async Task TriggerAsync()
        {
            try
            {
                if (url is null)
                {
                    await ClickOnceFoundAsync(new ClickStep(step.Number, step.Type, step.Alternatives), frame, place, Within(TimeoutOf(step)));
                    return;
                }

                // From the page itself, so that cookies and referrer are what the site expects; of its own site also what it would only show.
                var own = Uri.TryCreate(page.Url, UriKind.Absolute, out var current) && current.GetLeftPart(UriPartial.Authority) == url.GetLeftPart(UriPartial.Authority);
                await Bounded(page.EvaluateAsync(PageScripts.SaveAddress, new { url = url.AbsoluteUri, save = own }), Within(TimeoutOf(step)));
            }
            catch (StepFault e)
            {
                fault = e;
                throw;
            }
        }
    }

    /// <summary>Steps that follow were recorded on the page the file was reached from: windows opened for the file are closed, and a viewer in its place is left.</summary>
    private async Task ReturnAsync(IPage page, List<IPage> before)
    {
        foreach (var opened in page.Context.Pages.Except(before).ToList()) await TryAsync(opened.CloseAsync());
        if (page.IsClosed) return;
        if (await TryAsync(page.EvaluateAsync<string>("document.contentType")) is { Length: > 0 } type && !type.Contains("html", StringComparison.OrdinalIgnoreCase))
            await TryAsync(page.GoBackAsync(new() { WaitUntil = WaitUntilState.DOMContentLoaded, Timeout = 2_000 }));
    }
}
