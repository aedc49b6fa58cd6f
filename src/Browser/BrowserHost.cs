using Ostiary.Egress;

namespace Ostiary.Browser;

/// <summary>How Chromium is started. Section <c>Browser</c>; <c>OSTIARY_CHROMIUM</c> sets <see cref="ExecutablePath"/>.</summary>
public sealed class BrowserOptions
{
    /// <summary>Chromium's path. Default: the first of chromium, chromium-browser, google-chrome on PATH.</summary>
    public string ExecutablePath { get; set; } = "";

    /// <summary>Chromium's own sandbox. Default: on, except when the process runs as root, where Chromium refuses it (a warning is logged).</summary>
    public bool? Sandbox { get; set; }

    /// <summary>Folder for profiles and downloads of this process; emptied at start and end. Set by the server to a folder below its data directory.</summary>
    public string RunDirectory { get; set; } = "";

    /// <summary>How long Chromium may take to start. Default 30 seconds.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Largest file a page may download, in bytes. Default 100 MiB.</summary>
    public long MaxDownloadBytes { get; set; } = 100L * 1024 * 1024;
}

/// <summary>One Chromium, shared by many isolated sessions; started on first use, started again after a crash. Leaves no process and no folder behind, however it ends.</summary>
public sealed class BrowserHost(BrowserOptions options, EgressGuard guard, TimeProvider time) : IAsyncDisposable
{
    /// <summary>True when Chromium could be started or is running; the reason otherwise. For /readyz.</summary>
    public Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        _ = (options, guard, time);
        throw new NotSupportedException();
    }

    /// <summary>Opens an isolated context with one page. <paramref name="state"/> is a signed-in state from <see cref="BrowserSession.SaveStateAsync"/>, or null.</summary>
    /// <exception cref="BrowserLostException">Chromium does not start.</exception>
    public Task<BrowserSession> OpenAsync(ReadOnlyMemory<byte>? state, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

/// <summary>The browser, the context or the page behind a session is gone.</summary>
public sealed class BrowserLostException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>An action on a page did not work (element gone, covered, time-out). The message names the action and the element's outline, never a value.</summary>
public sealed class PageActionException(string message) : Exception(message);
