// Opens two sessions, says so, and waits to be killed. Its processes are told apart by the folder it is given.
using Ostiary.Browser;
using Ostiary.Egress;

await using var host = new BrowserHost(new BrowserOptions { RunDirectory = args[0] }, new EgressGuard(new EgressOptions()), TimeProvider.System);
await using var one = await host.OpenAsync(null, CancellationToken.None);
await using var two = await host.OpenAsync(null, CancellationToken.None);
Console.WriteLine("open");
// Ends in an orderly way when its standard input does.
await Console.In.ReadToEndAsync();
