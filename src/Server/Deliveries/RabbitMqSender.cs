using System.Globalization;
using System.Net.Security;
using Ostiary.Egress;
using Ostiary.Vault;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Ostiary.Server.Deliveries;

/// <summary>
/// Publishes to an exchange of a RabbitMQ server and waits for its confirmation. The address is checked and the checked one is connected to, like every address that leaves the house. A connection is made for
/// each attempt: simple, and slower than a webhook where many events go to one server.
/// </summary>
internal sealed class RabbitMqSender(SecretVault vault, EgressGuard egress) : IDestinationSender
{
    private const int Port = 5672;
    private const int TlsPort = 5671;

    public IReadOnlyList<string> Types => ["rabbitmq"];

    public async Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken)
    {
        var (host, givenPort, virtualHost) = Parse(destination.Setting("server_url")!)!.Value;
        var tls = destination.Flag("tls") ?? true;
        var port = givenPort ?? (tls ? TlsPort : Port);
        if (await egress.CheckAsync(host, port, cancellationToken) is not EgressDecision.Allowed allowed) return new SendResult(false, null, $"{host} may not be reached from here, or its name does not resolve");
        using var credentials = await DestinationCredentials.OpenAsync(vault, destination, cancellationToken);
        var factory = new ConnectionFactory
        {
            UserName = destination.Setting("username")!,
            Password = credentials.Text("password"),
            VirtualHost = virtualHost,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            ClientProvidedName = "ostiary",
        };
        try
        {
            var endpoints = allowed.Addresses.Select(a => new AmqpTcpEndpoint(a.ToString(), port, tls ? new SslOption(host, enabled: true) { AcceptablePolicyErrors = SslPolicyErrors.None } : new SslOption()));
            await using var connection = await factory.CreateConnectionAsync(endpoints, cancellationToken);
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
            var properties = new BasicProperties { MessageId = @event.Id, Type = @event.Type, ContentType = "application/json", Persistent = true, AppId = "ostiary", Timestamp = new AmqpTimestamp(@event.CreatedAt.ToUnixTimeSeconds()) };
            // Returns when the server has taken responsibility for the message, and throws when it has not.
            await channel.BasicPublishAsync(destination.Setting("exchange") ?? "", destination.Setting("routing_key") is { Length: > 0 } key ? key : @event.Type, mandatory: false, properties, @event.Body, cancellationToken);
            return new SendResult(true, null, "confirmed");
        }
        catch (PublishException)
        {
            return new SendResult(false, null, "the server refused the message");
        }
        catch (BrokerUnreachableException exception)
        {
            return new SendResult(false, null, exception.InnerException is AuthenticationFailureException ? "the server refused the user name or the password" : $"{host}:{port.ToString(CultureInfo.InvariantCulture)} was not reached");
        }
        catch (OperationInterruptedException exception)
        {
            // Such as: no exchange of that name. The words are the server's, about names that we sent.
            return new SendResult(false, null, Excerpts.Cut($"the server closed the channel: {exception.ShutdownReason?.ReplyText}"));
        }
    }

    /// <summary>Reads <c>host[:port][/virtual-host]</c>, with or without <c>amqp://</c> or <c>amqps://</c> before it; null when it is none.</summary>
    public static (string Host, int? Port, string VirtualHost)? Parse(string text)
    {
        var whole = text.Contains("://", StringComparison.Ordinal) ? text : "amqp://" + text;
        if (!Uri.TryCreate(whole, UriKind.Absolute, out var url) || url.Scheme is not ("amqp" or "amqps") || url.UserInfo.Length > 0 || url.Host.Length == 0 || url.Query.Length > 0) return null;
        return (url.Host, url.IsDefaultPort || url.Port < 0 ? null : url.Port, url.AbsolutePath is "" or "/" ? "/" : Uri.UnescapeDataString(url.AbsolutePath[1..]));
    }
}
