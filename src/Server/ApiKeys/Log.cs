namespace Ostiary.Server.ApiKeys;

internal static partial class Log
{
    [LoggerMessage(1101, LogLevel.Information, "Key {KeyId} of organization {OrganizationId} was made by {CallerId}")]
    public static partial void KeyMade(ILogger logger, string keyId, string organizationId, string callerId);

    [LoggerMessage(1102, LogLevel.Information, "Key {KeyId} was replaced by {SuccessorId}, on behalf of {CallerId}; it works for another {Overlap}")]
    public static partial void KeyRotated(ILogger logger, string keyId, string successorId, string callerId, TimeSpan overlap);

    [LoggerMessage(1103, LogLevel.Information, "Key {KeyId} of organization {OrganizationId} was revoked by {CallerId}")]
    public static partial void KeyRevoked(ILogger logger, string keyId, string organizationId, string callerId);

    [LoggerMessage(1104, LogLevel.Information, "Payload encryption of organization {OrganizationId} was switched {State} by {CallerId}")]
    public static partial void PayloadEncryption(ILogger logger, string organizationId, string state, string callerId);
}
