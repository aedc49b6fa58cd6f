using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>Sends to a queue or topic of Azure Service Bus over its REST interface, with a shared access signature made for the one request.</summary>
internal sealed class ServiceBusSender(SecretVault vault, GuardedHttp http, TimeProvider time) : IDestinationSender
{
    private static readonly TimeSpan SignatureHolds = TimeSpan.FromMinutes(5);

    internal sealed record Address(string Endpoint, string KeyName, string Key);

    public IReadOnlyList<string> Types => ["azure_servicebus"];

    // https://learn.microsoft.com/rest/api/servicebus/send-message-to-queue
    public async Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken)
    {
        using var credentials = await DestinationCredentials.OpenAsync(vault, destination, cancellationToken);
        var address = credentials["connection_string"].Reveal(text => Parse(new string(text.Span)))!;
        var entity = $"{address.Endpoint}/{destination.Setting("name")}";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{entity}/messages") { Content = new ByteArrayContent(@event.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("Authorization", Sign(entity, address, time.GetUtcNow() + SignatureHolds));
        // Sessions, where the entity has them, keep one object's events in order; the message id is what duplicate detection looks at.
        request.Headers.TryAddWithoutValidation("BrokerProperties", JsonSerializer.Serialize(new { MessageId = @event.Id, Label = @event.Type, SessionId = @event.ObjectId }));
        return await http.SendAsync(request, cancellationToken);
    }

    /// <summary>The parts of a connection string, or null when it lacks one.</summary>
    public static Address? Parse(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)).Where(p => p.Length == 2)
            .GroupBy(p => p[0], StringComparer.OrdinalIgnoreCase).ToDictionary(g => g.Key, g => g.First()[1], StringComparer.OrdinalIgnoreCase);
        return parts.TryGetValue("Endpoint", out var endpoint) && Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "sb" or "https" or "http" && url.AbsolutePath == "/" && url.UserInfo.Length == 0
            && parts.TryGetValue("SharedAccessKeyName", out var name) && name.Length > 0 && parts.TryGetValue("SharedAccessKey", out var key) && key.Length > 0
            ? new Address($"{(url.Scheme == "http" ? "http" : "https")}://{url.Authority}", name, key)
            : null;
    }

    // https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas
    private static string Sign(string entity, Address address, DateTimeOffset until)
    {
        var resource = Uri.EscapeDataString(entity.ToLowerInvariant());
        var expiry = until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(address.Key), Encoding.UTF8.GetBytes($"{resource}\n{expiry}")));
        return $"SharedAccessSignature sr={resource}&sig={Uri.EscapeDataString(signature)}&se={expiry}&skn={Uri.EscapeDataString(address.KeyName)}";
    }
}
