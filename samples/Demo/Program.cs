using System.Runtime.InteropServices;
using Ostiary.Portals;
using Spectre.Console;

namespace Ostiary.Demo;

/// <summary>
/// <c>./run demo</c>. Starts the practice websites and a webhook receiver in this process and the server as a child of it, then tells the story.
/// Exit codes: 0 the story was told to its end, 1 something failed, 2 wrong arguments, 130 stopped by Ctrl-C.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        var screen = new Screen();
        DemoOptions options;
        try
        {
            options = DemoOptions.Read(arguments);
        }
        catch (DemoFault fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            await Console.Error.WriteLineAsync(fault.Details);
            return 2;
        }

        if (options.Help)
        {
            Console.WriteLine(DemoOptions.Usage);
            return 0;
        }

        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Stop);
        try
        {
            await TellAsync(options, screen, stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            screen.Stopped();
            return 130;
        }
        catch (DemoFault) when (stop.IsCancellationRequested)
        {
            // Ctrl-C reaches the server too, so that a call may break a moment before we notice.
            screen.Stopped();
            return 130;
        }
        catch (DemoFault fault)
        {
            screen.Failed(fault);
            return 1;
        }
    }

    private static async Task TellAsync(DemoOptions options, Screen screen, CancellationToken stop)
    {
        screen.Title();
        await using var portals = await PortalHost.StartAsync(new PortalOptions(), stop);
        await using var receiver = await WebhookReceiver.StartAsync(stop);
        screen.Note($"Practice websites of fictional companies: {portals.BaseAddress}");
        screen.Note($"A receiver for webhooks: {receiver.Url}");
        await using var server = await ServerProcess.StartAsync(options.Urls, screen, stop);
        using var api = new Api(server.Address, server.ApiKey, screen);
        var story = new Story(api, portals, receiver, screen, answersItself: options.Yes || Console.IsInputRedirected || !AnsiConsole.Profile.Out.IsTerminal);
        try
        {
            await story.TellAsync(stop);
        }
        catch (Exception) when (server.HasEnded && !stop.IsCancellationRequested)
        {
            throw new DemoFault("The server ended in the middle of the story.", server.LastLines);
        }
    }
}
