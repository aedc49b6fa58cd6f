namespace Ostiary.Server.Connections;

internal static partial class Log
{
    [LoggerMessage(4201, LogLevel.Information, "Connection {ConnectionId} is {Status} ({Code}) after {Milliseconds} ms; source {SourceId}, session {SessionId}")]
    public static partial void SignInEnded(ILogger logger, string connectionId, string status, string code, long milliseconds, string sourceId, string? sessionId);

    [LoggerMessage(4202, LogLevel.Error, "Signing in the connection {ConnectionId} broke with {ExceptionType} in {Where}")]
    public static partial void SignInBroke(ILogger logger, string connectionId, string exceptionType, string where);
}
