namespace Ostiary.Server.Work;

internal static partial class Log
{
    [LoggerMessage(200, LogLevel.Information, "Worker {Worker} is at work: {Kinds}")]
    public static partial void WorkerStarted(ILogger log, string worker, string kinds);

    [LoggerMessage(201, LogLevel.Information, "Worker {Worker} has stopped: {HandedBack} items handed back")]
    public static partial void WorkerStopped(ILogger log, string worker, int handedBack);

    // The type of the exception only: messages of browsers and sites repeat what was typed.
    [LoggerMessage(202, LogLevel.Error, "Work {Id} ({Kind}) failed with {Error} at {Where}, {Failures} times so far; next start at {DueAt}")]
    public static partial void ItemFailed(ILogger log, long id, string kind, string error, string where, int failures, DateTimeOffset dueAt);

    [LoggerMessage(203, LogLevel.Error, "Work {Id} ({Kind}) failed with {Error} at {Where}, {Failures} times: it is given up and parked")]
    public static partial void ItemParked(ILogger log, long id, string kind, string error, string where, int failures);

    [LoggerMessage(204, LogLevel.Error, "Work {Id} ({Kind}) was to be given up, and that failed with {Error} at {Where}; it is tried again at {DueAt}")]
    public static partial void GiveUpFailed(ILogger log, long id, string kind, string error, string where, DateTimeOffset dueAt);

    [LoggerMessage(205, LogLevel.Warning, "Work {Id} ({Kind}) is no longer this worker's: its lease was lost")]
    public static partial void LeaseLost(ILogger log, long id, string kind);

    [LoggerMessage(206, LogLevel.Warning, "{Count} leases have lapsed; their items can be taken again")]
    public static partial void LeasesLapsed(ILogger log, int count);

    [LoggerMessage(207, LogLevel.Warning, "Workers gone: {Workers}")]
    public static partial void WorkersGone(ILogger log, string workers);

    [LoggerMessage(208, LogLevel.Warning, "{Duty} failed with {Error}; trying again")]
    public static partial void DutyFailed(ILogger log, string duty, string error);

    [LoggerMessage(209, LogLevel.Information, "{Count} items of earlier workers are taken back: nobody else can be using this database")]
    public static partial void TakenBack(ILogger log, int count);

    [LoggerMessage(210, LogLevel.Warning, "Work {Id} ({Kind}) still runs after the stop's time-out; it is handed back without it")]
    public static partial void StillRunning(ILogger log, long id, string kind);

    [LoggerMessage(220, LogLevel.Warning, "The listening connection was lost ({Error}); listening again in {Pause}, polling until then")]
    public static partial void ListeningLost(ILogger log, string error, TimeSpan pause);

    [LoggerMessage(221, LogLevel.Warning, "Signals to other servers were not sent ({Error}); they will poll, and are signalled again")]
    public static partial void NotifyFailed(ILogger log, string error);

    [LoggerMessage(222, LogLevel.Error, "Somebody who was woken on channel {Channel} failed")]
    public static partial void WakeFailed(ILogger log, string channel, Exception exception);
}
