namespace Ostiary.Server.Deliveries;

internal static partial class Log
{
    [LoggerMessage(5001, LogLevel.Warning, "Delivery {DeliveryId} to {DestinationId} failed at attempt {Attempt} (status {Code}); next attempt at {NextAt}")]
    public static partial void AttemptFailed(ILogger logger, string deliveryId, string destinationId, int attempt, string code, string nextAt);

    [LoggerMessage(5002, LogLevel.Warning, "Destination {DestinationId} was switched off: a delivery has used up its attempts")]
    public static partial void Deactivated(ILogger logger, string destinationId);

    [LoggerMessage(5003, LogLevel.Warning, "Looking for deliveries failed ({ExceptionType}); it is tried again")]
    public static partial void PumpFailed(ILogger logger, string exceptionType);

    [LoggerMessage(5004, LogLevel.Error, "Serving destination {DestinationId} failed ({ExceptionType}); it is tried again")]
    public static partial void ServingFailed(ILogger logger, string destinationId, string exceptionType);
}
