namespace Ostiary.Server.SignIns;

internal static partial class Log
{
    [LoggerMessage(4301, LogLevel.Warning, "No sign-in with credential {CredentialId} at source {SourceId} before {Until:yyyy-MM-dd'T'HH:mm:ss'Z'}: {Budget}")]
    public static partial void BudgetUsedUp(ILogger logger, string credentialId, string sourceId, DateTime until, string budget);
}
