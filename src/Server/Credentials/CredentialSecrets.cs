using Dapper;
using Ostiary.Login;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Credentials;

/// <summary>Opens a credential's values for keystrokes: each is unsealed for one call and wiped before it returns.</summary>
internal sealed class CredentialSecrets(CredentialRow row, CredentialVault vault, Db db, TimeProvider time)
{
    // A code typed in the last moments of its window would arrive after it.
    private static readonly TimeSpan LeastLeft = TimeSpan.FromSeconds(2);

    /// <summary>The slots that hold something, in the engine's words.</summary>
    public async Task<IReadOnlySet<Slot>> AvailableAsync(CancellationToken cancellationToken)
    {
        var slots = new HashSet<Slot>();
        if (row.Username is not null) slots.Add(Slot.Username);
        foreach (var field in Json.Parse(row.SourceFields).EnumerateObject()) slots.Add(Slot.SourceField(field.Name));
        foreach (var sealedSlot in await vault.SlotsAsync(row, cancellationToken))
            slots.Add(sealedSlot == "totp_secret" ? Slot.TotpCode : new Slot(sealedSlot));
        return slots;
    }

    /// <summary>Opens one slot for the duration of <paramref name="use"/>. For a one-time code this may wait for the next time step, since no code is used twice.</summary>
    /// <exception cref="InvalidOperationException">The slot is empty, or the credential was changed or deleted meanwhile.</exception>
    public async Task UseAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken)
    {
        const string fieldPrefix = "source_field:";
        if (slot == Slot.Username && row.Username is { } username)
        {
            await use(username.AsMemory());
            return;
        }

        if (slot.Name.StartsWith(fieldPrefix, StringComparison.Ordinal)
            && Json.Parse(row.SourceFields).TryGetProperty(slot.Name[fieldPrefix.Length..], out var readable) && readable.GetString() is { } text)
        {
            await use(text.AsMemory());
            return;
        }

        using var secret = slot == Slot.TotpCode ? await NextCodeAsync(cancellationToken) : await vault.OpenAsync(row, slot.Name, cancellationToken);
        if (secret is null) throw new InvalidOperationException($"The credential {row.Id} was changed or deleted while it was in use.");
        await secret.Reveal(use);
    }

    private async Task<Secret?> NextCodeAsync(CancellationToken cancellationToken)
    {
        using var seed = await vault.OpenAsync(row, "totp_secret", cancellationToken);
        if (seed is null || !Totp.TryParse(seed, out var parsed)) return null;
        using var totp = parsed!;
        while (true)
        {
            var now = time.GetUtcNow();
            var step = totp.StepAt(now);
            var left = TimeSpan.FromMilliseconds(((step + 1) * totp.Period.TotalMilliseconds) - now.ToUnixTimeMilliseconds());
            if ((left > LeastLeft || totp.Period <= LeastLeft) && await ClaimAsync(step, cancellationToken)) return totp.CodeOf(step);
            await Task.Delay(left, time, cancellationToken);
        }
    }

    private async Task<bool> ClaimAsync(long step, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE credentials SET last_totp_step = @step WHERE id = @Id AND (last_totp_step IS NULL OR last_totp_step < @step)", new { row.Id, step }, cancellationToken: cancellationToken)) == 1;
    }
}
