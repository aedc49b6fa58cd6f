using System.Net;
using System.Net.Sockets;

namespace Ostiary.Portals;

/// <summary>How the practice websites are started.</summary>
public sealed record PortalOptions
{
    /// <summary>TCP port on the loopback addresses 127.0.0.1 and ::1; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The clock behind authenticator codes, artificial delays and dates.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>Starts all practice websites in this process.</summary>
public static class PortalHost
{
    /// <summary>
    /// Starts the websites and returns when they answer. They are reachable as <c>127.0.0.1</c> and as <c>localhost</c>, which browsers treat as two sites.
    /// Throws <see cref="SocketException"/> when the port asked for is taken.
    /// </summary>
    public static async Task<RunningPortals> StartAsync(PortalOptions options, CancellationToken cancellationToken)
    {
        var sockets = Bind(options.Port);
        var port = ((IPEndPoint)sockets[0].LocalEndPoint!).Port;

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = Environments.Production });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.WebHost.UseSockets(transport => transport.CreateBoundListenSocket = endpoint => sockets.First(socket => socket.LocalEndPoint!.Equals(endpoint)));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (var socket in sockets) kestrel.Listen(socket.LocalEndPoint!);
        });

        var app = builder.Build();
        try
        {
            var running = new RunningPortals(app, options.Clock, port);
            running.Map(app);
            await app.StartAsync(cancellationToken);
            return running;
        }
        catch
        {
            await app.DisposeAsync();
            foreach (var socket in sockets) socket.Dispose();
            throw;
        }
    }

    /// <summary>One IPv4 socket, and an IPv6 one on the same port where the machine has IPv6: "localhost" may mean either.</summary>
    private static List<Socket> Bind(int port)
    {
        const int attempts = 20;
        for (var attempt = 1; ; attempt++)
        {
            var v4 = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                v4.Bind(new IPEndPoint(IPAddress.Loopback, port));
            }
            catch
            {
                v4.Dispose();
                throw;
            }

            var v6 = Socket.OSSupportsIPv6 ? new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) : null;
            try
            {
                v6?.Bind(new IPEndPoint(IPAddress.IPv6Loopback, ((IPEndPoint)v4.LocalEndPoint!).Port));
                return v6 is null ? [v4] : [v4, v6];
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                v6!.Dispose();
                return [v4];
            }
            catch (SocketException) when (port == 0 && attempt < attempts)
            {
                v6!.Dispose();
                v4.Dispose();
            }
            catch
            {
                v6?.Dispose();
                v4.Dispose();
                throw;
            }
        }
    }

    /// <summary>Leaves Ctrl-C and SIGTERM to the process that embeds the websites.</summary>
    private sealed class EmbeddedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
