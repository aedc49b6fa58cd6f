using Ostiary.Login;

namespace Ostiary.Server.Sessions;

/// <summary>Section <c>Sessions</c>.</summary>
internal sealed class SessionOptions
{
    /// <summary>How long a session without a run keeps its browser. Default 10 minutes.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Browsers an organization may have in use at once; further runs wait or are refused, see <see cref="QueueWhenFull"/>. 0 = no limit. Default 0.</summary>
    public int MaxConcurrent { get; set; }

    /// <summary>Over <see cref="MaxConcurrent"/>: true = the run waits in <c>queued</c>, false = 429 <c>session_limit_exceeded</c>. Default true.</summary>
    public bool QueueWhenFull { get; set; } = true;

    /// <summary>Runs that one worker holds at once, those waiting for a person included. Default 0: 8 per processor, at least 16.</summary>
    public int PerWorker { get; set; }

    /// <summary>Browsers that one worker drives at the same moment; a run that waits for a person does not count. Default 0: 2 per processor, at least 4.</summary>
    public int ActivePerWorker { get; set; }

    internal int RunsHeld => PerWorker > 0 ? PerWorker : Math.Max(16, 8 * Environment.ProcessorCount);

    internal int BrowsersDriven => ActivePerWorker > 0 ? ActivePerWorker : Math.Max(4, 2 * Environment.ProcessorCount);

    /// <summary>Idle browsers that one worker keeps; beyond it the one idle for longest is closed. Default 4.</summary>
    public int IdlePerWorker { get; set; } = 4;

    /// <summary>Idle browsers that one worker keeps for connections, not counted in <see cref="IdlePerWorker"/>; beyond it the one idle for longest is closed and its connection is <c>disconnected</c>. Default 32.</summary>
    public int ConnectedPerWorker { get; set; } = 32;

    /// <summary>How long a signed-in state (cookies and storage, sealed in the vault) is kept and tried before signing in again, counted from when it last held. 0 = not kept. Default 30 days.</summary>
    public TimeSpan KeepSignedInFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Host names of the pages on which a <c>google_sso</c> credential may be typed, comma-separated; their subdomains count. Default <c>accounts.google.com</c>.</summary>
    public string GoogleHosts { get; set; } = "accounts.google.com";

    /// <summary>The identity provider of <c>google_sso</c> credentials.</summary>
    internal IdentityProvider Google => new("Google", [.. GoogleHosts.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]);

    /// <summary>How long a run waits for its browser to open. Default 60 seconds.</summary>
    public TimeSpan OpenTimeout { get; set; } = TimeSpan.FromSeconds(60);
}
