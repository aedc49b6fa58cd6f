using Dapper;
using Ostiary.Server.Data;
using Ostiary.Vault;

namespace Ostiary.Server.Credentials;

/// <summary>Opens the vault at start: the key file, and the fingerprint root that the database holds, wrapped.</summary>
internal static class VaultRoom
{
    public static IServiceCollection AddVault(this IServiceCollection services, IConfiguration configuration) => services
        .AddSingleton<IKeyProvider>(provider =>
        {
            var directory = provider.GetRequiredService<DataOptions>().Directory;
            // Before the key file makes it with a mode that keeps PostgreSQL's user out.
            DataDirectory.Create(directory);
            return LocalKeyFile.OpenOrCreate(configuration["Vault:KeyFile"] is { Length: > 0 } file ? file : Path.Combine(directory, "vault-keys"));
        })
        .AddSingleton<SecretVault>()
        .AddHostedService<VaultStart>();

    /// <summary>Fails the start when this server's key file is not the one that sealed the database.</summary>
    private sealed class VaultStart(Db db, SecretVault vault, TimeProvider time) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            var fresh = await vault.CreateFingerprintRootAsync(cancellationToken);
            await using var connection = await db.OpenAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO vault_roots (fingerprint_root, created_at) VALUES (@root, @now) ON CONFLICT DO NOTHING", new { root = fresh.Bytes, now = time.GetUtcNow() }, cancellationToken: cancellationToken));
            var root = await connection.QuerySingleAsync<byte[]>(new CommandDefinition("SELECT fingerprint_root FROM vault_roots", cancellationToken: cancellationToken));
            try
            {
                await vault.UseFingerprintRootAsync(new WrappedDataKey(root), cancellationToken);
            }
            catch (VaultException exception)
            {
                throw new StartRefusedException($"This server's key file did not seal this database: {exception.Message} Put the right file in place, or name it with OSTIARY_Vault__KeyFile.");
            }
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
