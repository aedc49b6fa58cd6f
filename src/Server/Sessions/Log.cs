namespace Ostiary.Server.Sessions;

internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Warning, "Looking after idle sessions failed ({ExceptionType}); it is tried again")]
    public static partial void UpkeepFailed(ILogger logger, string exceptionType);
}
