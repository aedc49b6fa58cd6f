using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary><c>POST /event-destinations/{id}/rotate-secret</c>: a new secret, shown once. The old one signs beside it for a while, so that a receiver can change over at leisure.</summary>
internal static class RotateSecret
{
    internal sealed record Request
    {
        [Says("`whsec_` and 24 to 64 bytes in base64; made by the server when absent.")] public Secret? Secret { get; init; }
    }

    public static async Task<Reply> HandleAsync(string id, ApiCall call, SecretVault vault, DeliveryOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<Request>(faults);
        using var given = request.Secret;
        if (given is not null && !WebhookSecrets.IsStandard(given)) faults.Add(Fault.Invalid("secret", WebhookSecrets.Expected("secret")));
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return Reply.NotFound<EventDestinationId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await DestinationRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, destinationId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<EventDestinationId>(id);
        if (row.Type != DestinationTypes.Webhook) return Reply.Conflict($"The destination `{row.Id}` has no secret of ours: it is let in with your credentials. PATCH its `{row.Type}` instead.");
        var generated = given is null ? WebhookSecrets.Generate() : null;
        var now = time.GetUtcNow();
        // One old secret at a time: rotating again within the overlap ends the one before the last at once.
        row = row with { PreviousSecret = row.Secret, PreviousSecretUntil = now + options.SecretOverlap, UpdatedAt = now };
        row = row with { Secret = await WebhookSecrets.SealAsync(vault, row, given, generated, cancellationToken) };
        await scope.ExecuteAsync(
            "UPDATE event_destinations SET secret = @Secret, previous_secret = @PreviousSecret, previous_secret_until = @PreviousSecretUntil, updated_at = @UpdatedAt WHERE id = @Id",
            new { row.Id, row.Secret, row.PreviousSecret, row.PreviousSecretUntil, row.UpdatedAt },
            cancellationToken);
        return await call.CommitAsync(scope, Reply.Ok(row.ToObject(generated)), cancellationToken);
    }
}
