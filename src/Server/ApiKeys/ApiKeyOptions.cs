namespace Ostiary.Server.ApiKeys;

/// <summary>Section <c>ApiKeys</c>.</summary>
internal sealed class ApiKeyOptions
{
    /// <summary>How long a rotated key keeps working when the rotation does not say. Default 24 hours.</summary>
    public TimeSpan RotationOverlap { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a key that no longer works stays in the list. Default 90 days.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(90);
}
