using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ostiary.Server.Tests.Deliveries;

/// <summary>A message as it was published.</summary>
internal sealed record PublishedMessage(string VirtualHost, string Exchange, string RoutingKey, string Body);

/// <summary>
/// The part of an AMQP 0-9-1 server that a publisher meets (https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf): the opening with PLAIN, one channel, confirms, one message at a time. Refuses
/// another password as RabbitMQ does, and an exchange named <c>missing</c>.
/// </summary>
internal sealed class FakeBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly string _login;
    private readonly Task _accepting;

    public FakeBroker(string username, string password)
    {
        _login = $"\0{username}\0{password}";
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public ConcurrentQueue<PublishedMessage> Messages { get; } = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Stop();
        await _accepting;
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_over.Token);
                serving.Add(Task.Run(() => ServeAsync(client)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                var greeting = new byte[8];
                await stream.ReadExactlyAsync(greeting, _over.Token);
                if (!greeting.AsSpan().SequenceEqual("AMQP\0\0\u0009\u0001"u8)) return;
                await SendAsync(stream, 0, 10, 10, [0, 9, .. Long(0), .. LongText("PLAIN"), .. LongText("en_US")]);
                var (virtualHost, exchange, routingKey) = ("", "", "");
                ulong published = 0;
                long awaited = 0;
                var body = new MemoryStream();
                while (true)
                {
                    var (type, channel, payload) = await ReadAsync(stream);
                    if (type == 2)
                    {
                        awaited = (long)BinaryPrimitives.ReadUInt64BigEndian(payload.AsSpan(4));
                        body = new MemoryStream();
                    }
                    else if (type == 3)
                    {
                        body.Write(payload);
                        if (body.Length < awaited) continue;
                        Messages.Enqueue(new PublishedMessage(virtualHost, exchange, routingKey, Encoding.UTF8.GetString(body.ToArray())));
                        await SendAsync(stream, channel, 60, 80, [.. LongLong(++published), 0]);
                    }

                    if (type != 1) continue;
                    var arguments = payload.AsMemory(4);
                    switch ((BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(2))))
                    {
                        case (10, 11):
                            var rest = arguments[(4 + (int)BinaryPrimitives.ReadUInt32BigEndian(arguments.Span))..];
                            rest = rest[(1 + rest.Span[0])..];
                            var response = Encoding.UTF8.GetString(rest.Span.Slice(4, (int)BinaryPrimitives.ReadUInt32BigEndian(rest.Span)));
                            if (response == _login) await SendAsync(stream, 0, 10, 30, [.. Short(2047), .. Long(131_072), .. Short(0)]);
                            else await SendAsync(stream, 0, 10, 50, [.. Short(403), .. ShortText("ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN."), .. Short(0), .. Short(0)]);
                            break;
                        case (10, 40):
                            virtualHost = ReadShortText(arguments.Span);
                            await SendAsync(stream, 0, 10, 41, [0]);
                            break;
                        case (20, 10): await SendAsync(stream, channel, 20, 11, Long(0)); break;
                        case (85, 10): await SendAsync(stream, channel, 85, 11, []); break;
                        case (60, 40):
                            exchange = ReadShortText(arguments.Span[2..]);
                            routingKey = ReadShortText(arguments.Span[(3 + exchange.Length)..]);
                            if (exchange == "missing") await SendAsync(stream, channel, 20, 40, [.. Short(404), .. ShortText("NOT_FOUND - no exchange 'missing' in vhost '/'"), .. Short(60), .. Short(40)]);
                            break;
                        case (20, 40): await SendAsync(stream, channel, 20, 41, []); break;
                        case (10, 50):
                            await SendAsync(stream, 0, 10, 51, []);
                            return;
                    }
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<(byte Type, ushort Channel, byte[] Payload)> ReadAsync(NetworkStream stream)
    {
        var head = new byte[7];
        await stream.ReadExactlyAsync(head, _over.Token);
        var payload = new byte[BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(3))];
        await stream.ReadExactlyAsync(payload, _over.Token);
        await stream.ReadExactlyAsync(new byte[1], _over.Token);
        return (head[0], BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(1)), payload);
    }

    private async Task SendAsync(NetworkStream stream, ushort channel, ushort type, ushort method, byte[] arguments) =>
        await stream.WriteAsync((byte[])[1, .. Short(channel), .. Long((uint)(4 + arguments.Length)), .. Short(type), .. Short(method), .. arguments, 0xCE], _over.Token);

    private static byte[] Short(ushort value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Long(uint value) => [.. Short((ushort)(value >> 16)), .. Short((ushort)value)];

    private static byte[] LongLong(ulong value) => [.. Long((uint)(value >> 32)), .. Long((uint)value)];

    private static byte[] ShortText(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] LongText(string text) => [.. Long((uint)text.Length), .. Encoding.ASCII.GetBytes(text)];

    private static string ReadShortText(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes.Slice(1, bytes[0]));
}
