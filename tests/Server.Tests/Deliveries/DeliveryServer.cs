using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Deliveries;

/// <summary>A server that delivers, with a schedule of a second instead of days, and a receiver.</summary>
public sealed class DeliveryServer : IAsyncLifetime
{
    public const int Attempts = 4;
    public static readonly IReadOnlyDictionary<string, string> Quick = new Dictionary<string, string> { ["Deliveries__Schedule"] = "100ms,200ms,300ms", ["Deliveries__Timeout"] = "3s" };

    public OstiaryServer Server { get; private set; } = null!;

    public WebhookReceiver Receiver { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Receiver = await WebhookReceiver.StartAsync();
        Server = await OstiaryServer.StartAsync(new ServerSettings { Values = Quick });
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Receiver.DisposeAsync();
    }
}
