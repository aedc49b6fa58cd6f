using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Playwright;

namespace Ostiary.Browser;

public sealed partial class BrowserSession
{
    private static readonly TimeSpan SizeEvery = TimeSpan.FromMilliseconds(100);
    private const int LongestFileName = 150;

    private TaskCompletionSource<IDownload>? _awaitedDownload;

    /// <summary>Runs <paramref name="trigger"/> and returns the file that the page then downloads. The file is deleted when the result is disposed.</summary>
    /// <remarks>A file that the browser would show instead (a PDF, a picture, plain text) counts as a download too, also in a new window.</remarks>
    /// <exception cref="PageActionException">No file came, or it was cut off.</exception>
    /// <exception cref="FileTooLargeException">It is larger than <see cref="BrowserOptions.MaxDownloadBytes"/>.</exception>
    public async Task<DownloadedFile> DownloadAsync(Func<Task> trigger, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        var awaited = new TaskCompletionSource<IDownload>(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = _time.GetTimestamp();
        lock (_gate) _awaitedDownload = awaited;
        var naming = await NameDownloadsAsync();
        try
        {
            await trigger();
            IDownload download;
            try
            {
                download = await RunAsync("Waiting for a file", () => awaited.Task, limit, cancellationToken);
            }
            catch (PageTimeoutException)
            {
                throw new PageActionException($"Waiting for a file: none came within {limit.TotalSeconds:0.#} seconds.");
            }
            return await CatchAsync(download, limit - _time.GetElapsedTime(started), cancellationToken);
        }
        finally
        {
            lock (_gate)
                if (_awaitedDownload == awaited) _awaitedDownload = null;
            foreach (var name in _host.Downloads.Where(d => d.Value == this).Select(d => d.Key).ToList()) _host.Downloads.TryRemove(name, out _);
            if (naming is not null) _ = TryAsync(naming.DetachAsync());
        }
    }

    /// <summary>Learns under which name Chromium writes what this page downloads, so that its size is known before it is complete.</summary>
    private async Task<ICDPSession?> NameDownloadsAsync()
    {
        try
        {
            var devTools = await _context.NewCDPSessionAsync(Page);
            devTools.Event("Page.downloadWillBegin").OnEvent += (_, message) =>
            {
                if (message?.GetProperty("guid").GetString() is { Length: > 0 } name) _host.Downloads[name] = this;
            };
            await devTools.SendAsync("Page.enable");
            return devTools;
        }
        catch (PlaywrightException)
        {
            return null;
        }
    }

    private void OnDownload(IDownload download)
    {
        bool taken;
        lock (_gate) taken = _awaitedDownload?.TrySetResult(download) == true;
        // Nobody asked for it: a page must not fill the disk.
        if (!taken) _ = TryAsync(download.CancelAsync());
    }

    /// <summary>
    /// Where the browser shows a file in place of a page, what is shown is a viewer at the file's own address: from there the file can be saved like any other, with the
    /// session's cookies and through its lane.
    /// </summary>
    private void OnShown(IPage page)
    {
        lock (_gate)
            if (_awaitedDownload is not { Task.IsCompleted: false }) return;
        _ = TryAsync(page.EvaluateAsync(
            """
            () => {
              if (document.contentType.includes('html') || !location.protocol.startsWith('http')) return;
              const link = document.createElement('a');
              link.href = location.href;
              link.download = '';
              (document.body || document.documentElement).append(link);
              link.click();
              link.remove();
            }
            """));
    }

    private async Task<DownloadedFile> CatchAsync(IDownload download, TimeSpan limit, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_host.Folder.Files, RandomNumberGenerator.GetHexString(24, lowercase: true));
        try
        {
            var finishing = download.PathAsync();
            Observe(finishing);
            var arrived = await RunAsync("Downloading a file", () => FinishAsync(download, finishing, cancellationToken), limit > TimeSpan.Zero ? limit : TimeSpan.Zero, cancellationToken);
            File.Move(arrived, path);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var size = new FileInfo(path).Length;
            if (size > _host.Options.MaxDownloadBytes) throw TooLarge();
            var name = SafeName(download.SuggestedFilename);
            var start = new byte[8];
            int read;
            using (var file = File.OpenRead(path)) read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            var url = Uri.TryCreate(download.Url, UriKind.Absolute, out var parsed) ? parsed : new Uri("about:blank");
            // A data: address is the file itself, and no address to keep.
            if (url.Scheme == "data") url = new Uri("data:,");
            return new DownloadedFile(name, MimeTypes.Of(_traffic.TypeOf(download.Url), name, start.AsSpan(0, read)), size, path, url);
        }
        catch (PageTimeoutException)
        {
            throw new PageActionException("Downloading a file: it did not arrive completely in time.");
        }
        catch (Exception)
        {
            File.Delete(path);
            throw;
        }
        finally
        {
            _ = TryAsync(DropAsync(download));
        }
    }

    private async Task<string> FinishAsync(IDownload download, Task<string> finishing, CancellationToken cancellationToken)
    {
        while (await Task.WhenAny(finishing, Task.Delay(SizeEvery, _time, cancellationToken)) != finishing)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (GrowingBytes() > _host.Options.MaxDownloadBytes) throw TooLarge();
        }
        try
        {
            return await finishing;
        }
        catch (PlaywrightException) when (!_lost.IsCancellationRequested)
        {
            throw new PageActionException("Downloading a file: it was cut off.");
        }
    }

    /// <summary>Size of the file that comes in for this session; where a new window downloads it and its name is not known, the largest that is nobody else's.</summary>
    private long GrowingBytes()
    {
        long own = -1, unknown = -1;
        foreach (var file in new DirectoryInfo(_host.Folder.Downloads).EnumerateFiles())
        {
            long length;
            try { length = file.Length; }
            catch (FileNotFoundException) { continue; }
            if (!_host.Downloads.TryGetValue(Path.GetFileNameWithoutExtension(file.Name), out var session)) unknown = Math.Max(unknown, length);
            else if (session == this) own = Math.Max(own, length);
        }
        return own >= 0 ? own : unknown;
    }

    private static async Task DropAsync(IDownload download)
    {
        await TryAsync(download.CancelAsync());
        await download.DeleteAsync();
    }

    private FileTooLargeException TooLarge() =>
        new(string.Create(CultureInfo.InvariantCulture, $"Downloading a file: it is larger than {_host.Options.MaxDownloadBytes} bytes."));

    /// <summary>A name without folders, control characters, signs that a file system or a shell gives a meaning to, or hidden reversals of its text; never empty.</summary>
    internal static string SafeName(string suggested)
    {
        var name = suggested[(suggested.LastIndexOfAny(['/', '\\']) + 1)..];
        var safe = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) continue;
            safe.Append(rune.Value is ':' or '*' or '?' or '"' or '<' or '>' or '|' ? "_" : rune.ToString());
        }
        var trimmed = safe.ToString().Trim().TrimStart('.').Trim();
        if (trimmed.Length == 0) return "download";
        if (trimmed.Length <= LongestFileName) return trimmed;
        var extension = Path.GetExtension(trimmed);
        if (extension.Length > 12) extension = "";
        var cut = LongestFileName - extension.Length;
        if (char.IsHighSurrogate(trimmed[cut - 1])) cut--;
        return trimmed[..cut] + extension;
    }
}

/// <summary>A file caught from a page.</summary>
public sealed record DownloadedFile(string FileName, string MimeType, long Size, string Path, Uri Url) : IDisposable
{
    public void Dispose() => File.Delete(Path);
}
