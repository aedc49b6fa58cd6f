namespace Ostiary.Server.ComponentTokens;

/// <summary>Section <c>ComponentTokens</c>.</summary>
internal sealed class TokenOptions
{
    /// <summary>How long a token works. Default 30 minutes.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Origins (<c>https://app.example</c>), comma-separated, from which browsers may use tokens that were made without <c>allowed_origins</c>. Default: none.</summary>
    public string AllowedOrigins { get; set; } = "";

    /// <summary>The origins of <see cref="AllowedOrigins"/>.</summary>
    public IReadOnlyList<string> Origins() => AllowedOrigins.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
