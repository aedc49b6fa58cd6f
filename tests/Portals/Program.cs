using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Ostiary.Portals;

/// <summary>
/// The practice websites on their own: <c>--urls http://127.0.0.1:8490</c> (the default). A class with a namespace, because tests reference this project beside the server,
/// whose <c>Program</c> lies in the global one. Exit codes: 0 stopped, 1 port taken, 2 wrong arguments.
/// </summary>
internal static class StandAlone
{
    private const int DefaultPort = 8490;

    private static async Task<int> Main(string[] args)
    {
        if (!TryReadPort(args, out var port, out var fault))
        {
            await Console.Error.WriteLineAsync(fault);
            return 2;
        }

        try
        {
            await using var portals = await PortalHost.StartAsync(new PortalOptions { Port = port }, CancellationToken.None);
            Console.WriteLine($"{PortalCatalog.All.Count} practice websites on {portals.BaseAddress} (Ctrl-C to stop)");
            await UntilAskedToStopAsync();
            return 0;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Port {port} is taken. Choose another one with --urls http://127.0.0.1:PORT."));
            return 1;
        }
    }

    private static async Task UntilAskedToStopAsync()
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.TrySetResult();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await stop.Task;
    }

    private static bool TryReadPort(string[] args, out int port, out string fault)
    {
        port = DefaultPort;
        fault = "";
        var position = Array.FindIndex(args, arg => arg == "--urls" || arg.StartsWith("--urls=", StringComparison.Ordinal));
        if (position < 0) return true;

        var given = args[position].Contains('=', StringComparison.Ordinal) ? args[position]["--urls=".Length..] : args.ElementAtOrDefault(position + 1) ?? "";
        if (!Uri.TryCreate(given, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp)
        {
            fault = $"--urls takes one address such as http://127.0.0.1:{DefaultPort}; '{given}' will not do.";
            return false;
        }

        // Accounts and codes of these sites are public: they are for this machine only.
        if (!url.IsLoopback)
        {
            fault = $"The practice websites listen on this machine only; use 127.0.0.1 or localhost instead of '{url.Host}'.";
            return false;
        }

        port = url.Port;
        return true;
    }
}
