using Microsoft.Extensions.Logging;

namespace Ostiary.Browser;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Chromium {Version} started in {Milliseconds} ms, process folder {Folder}")]
    public static partial void Started(ILogger logger, string version, long milliseconds, string folder);

    [LoggerMessage(2, LogLevel.Warning, "Chromium's own sandbox is off because this process runs as root. Run the server as an ordinary user to have it on")]
    public static partial void SandboxOffForRoot(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "Chromium's own sandbox is off by the setting Browser:Sandbox")]
    public static partial void SandboxOffBySetting(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "Chromium is gone; its sessions are lost and the next one starts it again")]
    public static partial void Gone(ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "Removed {Count} browser folders left by servers that no longer run")]
    public static partial void Swept(ILogger logger, int count);

    [LoggerMessage(6, LogLevel.Warning, "Chromium did not close in time and was ended")]
    public static partial void Ended(ILogger logger);
}
