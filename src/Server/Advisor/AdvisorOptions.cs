using Ostiary.Vault;

namespace Ostiary.Server.Advisor;

/// <summary>Section <c>Advisor</c>.</summary>
internal sealed class AdvisorOptions
{
    /// <summary>Address of an OpenAI-compatible chat-completions endpoint that is asked where the sign-in engine is at its end, such as <c>https://models.example/v1/chat/completions</c>. Empty = nobody is asked. Default empty.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>The model's name, as the endpoint knows it. Default empty.</summary>
    public string Model { get; set; } = "";

    /// <summary>Key for the endpoint, sent as a bearer token. Empty = none. Default empty.</summary>
    public Secret? ApiKey { get; set; }

    /// <summary>How long one answer may take. Default 15 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often one sign-in may ask. Default 3.</summary>
    public int CallsPerSignIn { get; set; } = 3;

    public static void Check(AdvisorOptions options, Action<string> fault)
    {
        if (options.Endpoint.Length > 0 && !(Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0)) fault("Endpoint is an absolute http or https URL without user name and password.");
        if (options.Endpoint.Length > 0 && options.Model.Length == 0) fault("Model is needed when Endpoint is set.");
        if (options.Endpoint.Length == 0 && (options.Model.Length > 0 || options.ApiKey is not null)) fault("Endpoint is needed when Model or ApiKey is set.");
        if (options.Timeout <= TimeSpan.Zero || options.Timeout > TimeSpan.FromMinutes(2)) fault("Timeout is longer than nothing and at most two minutes.");
        if (options.CallsPerSignIn is < 1 or > 20) fault("CallsPerSignIn is 1 to 20.");
    }
}
