namespace Ostiary.Server.Data;

/// <summary>
/// The server cannot start, for a reason the operator can mend. The message is complete: what is wrong, with which thing, what to do; it holds no secret.
/// Whoever runs the server prints the message alone and exits with <see cref="ExitCode"/>.
/// </summary>
internal sealed class StartRefusedException(string message, int exitCode = StartRefusedException.Unusable, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A setting, a binary or the database is unusable (EX_CONFIG of sysexits.h).</summary>
    public const int Unusable = 78;

    /// <summary>Another server uses the same data directory (EX_TEMPFAIL of sysexits.h).</summary>
    public const int InUse = 75;

    public int ExitCode { get; } = exitCode;
}
