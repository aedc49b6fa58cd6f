using Microsoft.Playwright;
using Ostiary.Egress;

namespace Ostiary.Browser;

/// <summary>
/// One isolated context: cookies, storage, one current page (pop-ups that open become the current page until they close), its downloads, its lane through
/// the egress proxy. All actions throw <see cref="BrowserLostException"/> when the browser is gone and <see cref="PageActionException"/> when the page does not let them.
/// </summary>
public sealed class BrowserSession : IAsyncDisposable
{
    /// <summary>Cancelled at once when the page crashes, the context closes or Chromium dies.</summary>
    public CancellationToken Lost => throw new NotSupportedException();

    /// <summary>Playwright's page, for task programs. Credentials are typed through <see cref="TypeSecretAsync"/> only, whose errors repeat nothing.</summary>
    public IPage Page => throw new NotSupportedException();

    /// <summary>Hosts the egress guard refused in this session.</summary>
    public IReadOnlyList<RefusedHost> Refusals => throw new NotSupportedException();

    /// <summary>Goes to an http(s) URL. A network failure is not an exception: the next look shows <see cref="PageSnapshot.NavigationError"/>.</summary>
    public Task NavigateAsync(Uri url, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Waits until the page is settled (see <see cref="PageSnapshot.Settled"/>) or <paramref name="limit"/> has passed, then looks.</summary>
    public Task<PageSnapshot> LookAsync(TimeSpan limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Waits until the page changes in any way that a look would show, or <paramref name="limit"/> has passed. True: something changed.</summary>
    public Task<bool> WaitForChangeAsync(TimeSpan limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Scrolls to and clicks an element as a person would; falls back to a dispatched click when something transparent lies over it.</summary>
    public Task ClickAsync(ElementId element, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Empties the field and types plain text with real keys; checks that it arrived.</summary>
    public Task TypeAsync(ElementId element, string text, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>The same for a secret; nothing that is thrown, logged or recorded by it carries the value.</summary>
    public Task TypeSecretAsync(ElementId element, ReadOnlyMemory<char> value, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Chooses an option of a select, or checks a radio button or checkbox.</summary>
    public Task ChooseAsync(ElementId element, string value, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Presses a key (Playwright's names: <c>Enter</c>, <c>Escape</c>) with the focus on an element.</summary>
    public Task PressAsync(ElementId element, string key, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>A PNG of the viewport in which every password and code box, and every box in <paramref name="masked"/>, is painted over before the picture leaves the browser.</summary>
    public Task<byte[]> ScreenshotAsync(IReadOnlyList<ElementId> masked, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Runs <paramref name="trigger"/> and returns the file that the page then downloads. The file is deleted when the result is disposed.</summary>
    public Task<DownloadedFile> DownloadAsync(Func<Task> trigger, TimeSpan limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Cookies and storage as JSON in UTF-8, to be sealed at once by the caller.</summary>
    public Task<byte[]> SaveStateAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

/// <summary>A file caught from a page.</summary>
public sealed record DownloadedFile(string FileName, string MimeType, long Size, string Path, Uri Url) : IDisposable
{
    public void Dispose() => File.Delete(Path);
}
