namespace Ostiary.Server.Http;

internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Error, "Request {RequestId} failed unexpectedly")]
    public static partial void RequestFailed(ILogger logger, string requestId, Exception exception);

    [LoggerMessage(1002, LogLevel.Warning, "Organization {OrganizationId} went over its rate of {Requests} requests in 10 seconds")]
    public static partial void RateExceeded(ILogger logger, string organizationId, int requests);

    [LoggerMessage(1003, LogLevel.Warning, "The hourly upkeep failed ({ExceptionType}); it is tried again in an hour")]
    public static partial void UpkeepFailed(ILogger logger, string exceptionType);
}
