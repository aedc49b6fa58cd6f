using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>Posts to a source of the Hookdeck Event Gateway, signed with the token that Hookdeck gave out for it: base64 of the source's id, a colon and random text.</summary>
internal sealed class HookdeckSender(SecretVault vault, GuardedHttp http) : IDestinationSender
{
    private const string PublicEndpoint = "https://hkdk.events";

    public IReadOnlyList<string> Types => ["hookdeck"];

    public async Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken)
    {
        using var credentials = await DestinationCredentials.OpenAsync(vault, destination, cancellationToken);
        var source = credentials["token"].Reveal(text => SourceOf(new string(text.Span)));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{(destination.Setting("endpoint") ?? PublicEndpoint).TrimEnd('/')}/{source}") { Content = new ByteArrayContent(@event.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var key = credentials["token"].RevealUtf8();
        request.Headers.TryAddWithoutValidation("x-hookdeck-signature", "v0=" + Convert.ToBase64String(HMACSHA256.HashData(key, @event.Body)));
        CryptographicOperations.ZeroMemory(key);
        request.Headers.TryAddWithoutValidation("x-ostiary-event-id", @event.Id);
        request.Headers.TryAddWithoutValidation("x-ostiary-event-type", @event.Type);
        return await http.SendAsync(request, cancellationToken);
    }

    /// <summary>The id of the source that a token is for, or null when it is no token.</summary>
    public static string? SourceOf(string token)
    {
        var plain = new byte[token.Length];
        if (!Convert.TryFromBase64String(token, plain, out var length)) return null;
        var colon = Array.IndexOf(plain, (byte)':', 0, length);
        CryptographicOperations.ZeroMemory(plain.AsSpan(Math.Max(0, colon)));
        if (colon is < 1 or > 100) return null;
        var source = Encoding.ASCII.GetString(plain, 0, colon);
        return source.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? source : null;
    }
}
