using Ostiary.Vault;
using Ostiary.Vault.Tests;

// A second process for the tests of LocalKeyFile: waits for one line, opens or creates the key file, prints the current key's id.
if (args is ["open-key-file", var path])
{
    Console.WriteLine("ready");
    Console.ReadLine();
    using var keys = LocalKeyFile.OpenOrCreate(path);
    Console.WriteLine(keys.CurrentKeyId);
    return 0;
}

if (args.Any(argument => argument is "--server" or "--internal-msbuild-node"))
    return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
