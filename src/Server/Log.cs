namespace Ostiary.Server;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Ostiary listens on {Urls} as {Roles}")]
    public static partial void Listening(ILogger logger, string urls, string roles);
}
