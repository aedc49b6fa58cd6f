namespace Ostiary.Server.Connections;

/// <summary>Section <c>Connections</c>.</summary>
internal sealed class ConnectionOptions
{
    /// <summary>How long signing in may take, waiting for a browser and for the user's answers included; then the connection is <c>disconnected</c>. Default 30 minutes.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromMinutes(30);
}
