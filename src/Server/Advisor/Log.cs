namespace Ostiary.Server.Advisor;

internal static partial class Log
{
    [LoggerMessage(9101, LogLevel.Information, "The adviser was asked about a page: {Ending}, {Milliseconds} ms")]
    public static partial void Asked(ILogger logger, string ending, long milliseconds);
}
