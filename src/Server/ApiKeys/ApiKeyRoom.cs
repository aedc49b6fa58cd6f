using Ostiary.Server.Data;
using Ostiary.Server.Http;

namespace Ostiary.Server.ApiKeys;

/// <summary>Organizations and keys: who may ask.</summary>
internal static class ApiKeyRoom
{
    public static IServiceCollection AddApiKeys(this IServiceCollection services) => services
        .AddSingleton<ApiKeyStore>()
        .AddSingleton<ICallers>(provider => provider.GetRequiredService<ApiKeyStore>())
        .AddSingleton<IPayloadKeys, PayloadKeys>()
        .AddHostedService<FirstKey>();

    /// <summary>Makes the first key at the first start, prints it once, and keeps it in <c>&lt;data&gt;/api-key</c>, mode 0600.</summary>
    private sealed class FirstKey(ApiKeyStore keys, DataOptions data, IConfiguration configuration) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            var chosen = configuration["API_KEY"] is { Length: > 0 } text ? text : null;
            if (chosen is not null && (chosen.Length < 24 || !chosen.StartsWith(ApiKeyStore.Prefix, StringComparison.Ordinal) || chosen.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))))
                throw new StartRefusedException($"OSTIARY_API_KEY must be `{ApiKeyStore.Prefix}` followed by at least 16 letters, digits, `_` or `-`.");
            if (await keys.EnsureFirstKeyAsync(chosen, cancellationToken) is not { } key) return;
            var file = Path.Combine(data.Directory, "api-key");
            await using (var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            await using (var writer = new StreamWriter(stream)) await writer.WriteLineAsync(key);
#pragma warning disable RS0030 // Printed once, on purpose: the terminal of the person who starts the server, not the log.
            Console.WriteLine($"API key (kept in {file}): {key}");
#pragma warning restore RS0030
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
