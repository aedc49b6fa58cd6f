using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ostiary.Server.Tests.HouseRules;
using Ostiary.TestKit;

namespace Ostiary.Server.Tests.Deliveries;

/// <summary>Checks a webhook as its receivers do: by the published packages (node), and by the words of Standard Webhooks 1.0.</summary>
internal static class Verifiers
{
    private static readonly SemaphoreSlim Turn = new(1, 1);

    /// <summary>Null when npm and node are there; otherwise why the packages cannot be asked.</summary>
    public static string? Missing => ((string[])["node", "npm"]).FirstOrDefault(tool => !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)))) is { } tool
        ? $"{tool} is not installed, so the npm packages cannot be asked."
        : null;

    /// <summary>What each package says, <c>accepted</c> or <c>refused</c>.</summary>
    public static async Task<IReadOnlyList<string>> AskPackagesAsync(string secret, ReceivedWebhook webhook, string? body = null)
    {
        var folder = await InstallAsync();
        var (code, output) = await RunAsync(folder, "node", JsonSerializer.Serialize(new { secret, headers = webhook.Headers, body = body ?? webhook.Text }), "verify.mjs");
        return code == 0 ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries) : throw new UnmetExpectationException($"verify.mjs ended with {code}: {output}");
    }

    /// <summary>Standard Webhooks 1.0, "Verifying signatures": one of the signatures is the HMAC-SHA256 of <c>id.timestamp.body</c>.</summary>
    public static bool IsSigned(string secret, ReceivedWebhook webhook)
    {
        var content = Encoding.UTF8.GetBytes($"{webhook.Headers["webhook-id"]}.{webhook.Headers["webhook-timestamp"]}.{webhook.Text}");
        var signature = "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), content));
        return webhook.Headers["webhook-signature"].Split(' ').Contains(signature);
    }

    // Once per lock file: kept below artifacts/, where ./test keeps its results too.
    private static async Task<string> InstallAsync()
    {
        await Turn.WaitAsync();
        try
        {
            var source = Path.Combine(Checkout.Root, "tests", "Server.Tests", "Deliveries", "verify");
            var name = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(source, "package-lock.json"))))[..16];
            var folder = Path.Combine(Checkout.Root, "artifacts", $"webhook-verifiers-{name}");
            Directory.CreateDirectory(folder);
            foreach (var file in Directory.GetFiles(source)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            var done = Path.Combine(folder, "node_modules", ".complete");
            if (File.Exists(done)) return folder;
            var (code, output) = await RunAsync(folder, "npm", "", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
            if (code != 0) throw new UnmetExpectationException($"npm ci ended with {code}: {output}");
            await File.WriteAllTextAsync(done, "");
            return folder;
        }
        finally
        {
            Turn.Release();
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(string folder, string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + (process.ExitCode == 0 ? "" : await errors));
    }
}
