namespace Ostiary.Server.TaskRuns;

internal static partial class Log
{
    [LoggerMessage(4001, LogLevel.Information, "Run {RunId} is {Status} ({Code}) after {Milliseconds} ms; task {TaskId}, source {SourceId}")]
    public static partial void RunEnded(ILogger logger, string runId, string status, string code, long milliseconds, string? taskId, string sourceId);

    [LoggerMessage(4002, LogLevel.Error, "Run {RunId} broke with {ExceptionType} in {Where}")]
    public static partial void RunBroke(ILogger logger, string runId, string exceptionType, string where);

    [LoggerMessage(4003, LogLevel.Warning, "A picture or note of run {RunId} could not be kept: {ExceptionType}")]
    public static partial void JournalNotWritten(ILogger logger, string runId, string exceptionType);
}
