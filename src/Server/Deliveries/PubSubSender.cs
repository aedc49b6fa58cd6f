using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>Publishes to Google Cloud Pub/Sub over its REST interface, let in by a service account's key (RFC 7523: a signed assertion is exchanged for an access token).</summary>
internal sealed class PubSubSender(SecretVault vault, GuardedHttp http, TimeProvider time) : IDestinationSender
{
    private const string Scope = "https://www.googleapis.com/auth/pubsub";
    private const string PublicEndpoint = "https://pubsub.googleapis.com";
    private const int MostTokens = 1_000;
    private static readonly TimeSpan AssertionHolds = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromMinutes(1);

    // By destination and version of its row: a changed key asks for a token of its own.
    private readonly ConcurrentDictionary<(string Id, DateTimeOffset UpdatedAt), (Secret Token, DateTimeOffset Until)> _tokens = new();

    public IReadOnlyList<string> Types => ["gcp_pubsub"];

    public async Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken)
    {
        var (token, refusal) = await TokenAsync(destination, cancellationToken);
        if (token is null) return refusal!;
        var endpoint = (destination.Setting("endpoint") ?? PublicEndpoint).TrimEnd('/');
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{endpoint}/v1/projects/{Uri.EscapeDataString(destination.Setting("project_id")!)}/topics/{Uri.EscapeDataString(destination.Setting("topic")!)}:publish")
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new
            {
                messages = new[] { new { data = Convert.ToBase64String(@event.Body), attributes = new { event_id = @event.Id, event_type = @event.Type }, orderingKey = @event.ObjectId } },
            })),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token.Reveal(text => new string(text.Span)));
        var result = await http.SendAsync(request, cancellationToken);
        if (result.Code == 401) _tokens.TryRemove((destination.Id, destination.UpdatedAt), out _);
        return result;
    }

    /// <summary>True for a key file that can be used: whose it is, a private RSA key, and where tokens are had.</summary>
    public static bool IsServiceAccount(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            using var key = RSA.Create();
            key.ImportFromPem(json.RootElement.GetProperty("private_key").GetString());
            return json.RootElement.GetProperty("client_email").GetString() is { Length: > 0 }
                && Uri.TryCreate(json.RootElement.GetProperty("token_uri").GetString(), UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http";
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    private async Task<(Secret? Token, SendResult? Refusal)> TokenAsync(DestinationRow destination, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_tokens.TryGetValue((destination.Id, destination.UpdatedAt), out var kept) && kept.Until > now) return (kept.Token, null);
        using var credentials = await DestinationCredentials.OpenAsync(vault, destination, cancellationToken);
        var (address, assertion) = credentials["service_account_json"].Reveal(text => Assert(text, now));
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new FormUrlEncodedContent([new("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), new("assertion", assertion)]),
        };
        using var response = await http.AskAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode) return (null, new SendResult(false, (int)response.StatusCode, "no access token: " + await Excerpts.ReadAsync(response, cancellationToken)));
        try
        {
            using var json = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
            var token = Secret.From(json.RootElement.GetProperty("access_token").GetString());
            if (_tokens.Count >= MostTokens) _tokens.Clear();
            _tokens[(destination.Id, destination.UpdatedAt)] = (token, now + TimeSpan.FromSeconds(json.RootElement.GetProperty("expires_in").GetInt32()) - RenewBefore);
            return (token, null);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return (null, new SendResult(false, (int)response.StatusCode, "no access token: the answer is not one of RFC 6749"));
        }
    }

    private static (string Address, string Assertion) Assert(ReadOnlyMemory<char> keyFile, DateTimeOffset now)
    {
        using var json = JsonDocument.Parse(keyFile);
        var address = json.RootElement.GetProperty("token_uri").GetString()!;
        var header = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { alg = "RS256", typ = "JWT" }));
        var claims = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new
        {
            iss = json.RootElement.GetProperty("client_email").GetString(), scope = Scope, aud = address, iat = now.ToUnixTimeSeconds(), exp = (now + AssertionHolds).ToUnixTimeSeconds(),
        }));
        using var key = RSA.Create();
        key.ImportFromPem(json.RootElement.GetProperty("private_key").GetString());
        var signature = key.SignData(Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return (address, $"{header}.{claims}.{Base64Url.EncodeToString(signature)}");
    }
}
