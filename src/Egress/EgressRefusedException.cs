namespace Ostiary.Egress;

/// <summary>The guard refused a connection. The message is the guard's reason, a sentence for the customer.</summary>
public sealed class EgressRefusedException(string host, int port, string reason) : HttpRequestException(HttpRequestError.ConnectionError, reason)
{
    /// <summary>The host that was asked for.</summary>
    public string Host { get; } = host;

    /// <summary>The port that was asked for.</summary>
    public int Port { get; } = port;

    /// <summary>The refusal behind a failed request, or null when it failed for another reason: the HTTP handler wraps what its connections throw.</summary>
    public static EgressRefusedException? Find(Exception failure)
    {
        for (Exception? one = failure; one is not null; one = one.InnerException)
            if (one is EgressRefusedException refused) return refused;
        return null;
    }
}
