using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.Sessions;

/// <summary>Why a session ends, in words for whoever relied on it.</summary>
/// <param name="Why">What is told: a type, a code and a sentence.</param>
internal sealed record SessionEnd(Fault Why)
{
    /// <summary>Nothing used it for longer than <see cref="SessionOptions.IdleTimeout"/>.</summary>
    public static readonly SessionEnd Idle = Of("session_idle", "Nothing used it for a while, so its browser was closed. Reconnect to use it again.");

    /// <summary>The worker held more idle browsers than it may.</summary>
    public static readonly SessionEnd Displaced = Of("session_ended", "Its browser was closed to make room for others on its machine. Reconnect to use it again.");

    /// <summary>The customer ended it.</summary>
    public static readonly SessionEnd ByCustomer = Of("session_ended", "Its session was ended. Reconnect to use it again.") with { IsAsked = true };

    /// <summary>The browser died.</summary>
    public static readonly SessionEnd BrowserLost = Of("session_lost", "The browser behind it has died. Reconnect to use it again.");

    /// <summary>The worker that held the browser is gone.</summary>
    public static readonly SessionEnd WorkerLost = Of("session_lost", "The server that held its browser has died. Reconnect to use it again.");

    /// <summary>The worker that held the browser was stopped in order.</summary>
    public static readonly SessionEnd ServerStopped = Of("session_ended", "The server that held its browser was stopped. Reconnect to use it again.");

    /// <summary>It was not fit to be kept after what was done in it.</summary>
    public static readonly SessionEnd Closed = Of("session_ended", "Its browser was closed. Reconnect to use it again.");

    /// <summary>True when the customer asked for it: then also what is still being signed in is stopped.</summary>
    public bool IsAsked { get; private init; }

    /// <summary>True when the source rejected the credential that keeps it signed in.</summary>
    public bool IsRefusal { get; private init; }

    /// <summary>The source rejected the credential.</summary>
    public static SessionEnd Refused(Fault why) => new(why) { IsRefusal = true };

    private static SessionEnd Of(string code, string message) => new(new Fault("session", code, message));
}

/// <summary>Whoever keeps a session open for longer than one run. Declared here, so that a session's end is told in its own commit without knowing who listens.</summary>
internal interface ISessionOwner
{
    /// <summary>The session ends, or is about to. Called with its row locked; may be called twice for one end.</summary>
    Task EndingAsync(DbTransactionScope scope, SessionRow session, SessionEnd why, CancellationToken cancellationToken);
}
