using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.ApiKeys;

/// <summary>The caller's own organization: its name, and whether what its runs are given and bring back is encrypted in answers.</summary>
internal static class OrganizationRoutes
{
    public static void MapOrganization(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Organization", "The organization that the key belongs to.");
        routes.MapGet("/organization", GetAsync).Describe("Get the organization").Gives<OrganizationObject>();
        routes.MapPatch("/organization", UpdateAsync).Needs(Scope.Admin).Describe("Update the organization", "Switches payload encryption on and off. A generated key is in this answer and never again.").Takes<UpdateRequest>().Gives<OrganizationObject>();
    }

    internal sealed record UpdateRequest
    {
        [NotNullField, Says("What it is called.", Example = "Harbour")] public Given<string> Name { get; init; }
        [Says("Whether run `input` and `output` are encrypted in answers.", Example = """{"enabled":true}""")] public EncryptionRequest? PayloadEncryption { get; init; }
    }

    internal sealed record EncryptionRequest
    {
        [RequiredField, Says("On or off. Off destroys the key.", Example = "true")] public bool? Enabled { get; init; }
        [Longest(64), Says("Stands in every encrypted answer. Another one than before, without `key`, has a new key generated.", Example = "2026-03")] public string? KeyId { get; init; }
        [Says("32 bytes in base64url; generated when absent.")] public Secret? Key { get; init; }
    }

    private static async Task<Reply> GetAsync(ApiCall call, Db db, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return Reply.Ok((await connection.OneAsync<OrganizationRow>($"SELECT {OrganizationRow.Columns} FROM organizations WHERE id = @id", new { id = call.Organization.Value }, cancellationToken)).ToObject());
    }

    private static async Task<Reply> UpdateAsync(ApiCall call, SecretVault vault, TimeProvider time, ILogger<PayloadKeys> logger, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<UpdateRequest>(faults);
        using var given = request.PayloadEncryption?.Key;
        var chosen = given is null ? null : ReadKey(given, faults);
        try
        {
            if (request.Name is { IsGiven: true, Value: "" }) faults.Add(Fault.Invalid("name", "`name` must not be empty."));
            CheckEncryption(request.PayloadEncryption, faults);
            if (faults.Count > 0) return Reply.Rejected(faults);
            await using var scope = await call.BeginAsync(cancellationToken);
            var row = await scope.OneAsync<OrganizationRow>($"SELECT {OrganizationRow.Columns} FROM organizations WHERE id = @id FOR NO KEY UPDATE", new { id = call.Organization.Value }, cancellationToken);
            var now = time.GetUtcNow();
            row = row with { Name = request.Name.Or(row.Name)!, UpdatedAt = now };
            string? shownOnce = null;
            if (request.PayloadEncryption is { } encryption)
            {
                if (encryption.Enabled == false) row = row with { PayloadKey = null, PayloadKeyId = null };
                else if (chosen is not null || row.PayloadKeyId is null || (encryption.KeyId is not null && encryption.KeyId != row.PayloadKeyId))
                {
                    var key = chosen ?? RandomNumberGenerator.GetBytes(PayloadKey.KeyBytes);
                    row = row with { PayloadKeyId = encryption.KeyId ?? "k" + IdSource.NewToken("", 8) };
                    row = row with { PayloadKey = await vault.SealEnvelopeAsync(row.PayloadKeyContext, key, cancellationToken) };
                    if (chosen is null)
                    {
                        shownOnce = Base64Url.EncodeToString(key);
                        CryptographicOperations.ZeroMemory(key);
                    }
                }

                scope.AfterCommit(() => Log.PayloadEncryption(logger, row.Id, row.PayloadKeyId is null ? "off" : "on", call.CallerId));
            }

            await scope.ExecuteAsync("UPDATE organizations SET name = @Name, payload_key = @PayloadKey, payload_key_id = @PayloadKeyId, updated_at = @UpdatedAt WHERE id = @Id", row, cancellationToken);
            return await call.CommitAsync(scope, Reply.Ok(row.ToObject(shownOnce)), cancellationToken);
        }
        finally
        {
            if (chosen is not null) CryptographicOperations.ZeroMemory(chosen);
        }
    }

    private static void CheckEncryption(EncryptionRequest? request, List<Fault> faults)
    {
        if (request is null) return;
        if (request.KeyId is { } id && (id.Length == 0 || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')))
            faults.Add(Fault.Invalid("payload_encryption.key_id", "`payload_encryption.key_id` must be 1 to 64 letters, digits, `_`, `-` or `.`."));
        if (request.Enabled == false && (request.Key is not null || request.KeyId is not null)) faults.Add(Fault.Invalid("payload_encryption.enabled", "A key is for encryption that is switched on; leave it out, or set `payload_encryption.enabled` to true."));
        else if (request is { Key: not null, KeyId: null }) faults.Add(new Fault("request", "input_missing", "Name the key you bring: `payload_encryption.key_id` stands in every encrypted answer.", "payload_encryption.key_id"));
    }

    private static byte[]? ReadKey(Secret given, List<Fault> faults)
    {
        var text = given.RevealUtf8();
        var key = GC.AllocateArray<byte>(PayloadKey.KeyBytes, pinned: true);
        try
        {
            if (Base64Url.IsValid(text, out var length) && length == PayloadKey.KeyBytes && Base64Url.DecodeFromUtf8(text, key) == PayloadKey.KeyBytes) return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }

        faults.Add(Fault.Invalid("payload_encryption.key", $"`payload_encryption.key` must be {PayloadKey.KeyBytes} bytes in base64url; leave it out to have one generated and shown once."));
        return null;
    }
}

/// <summary>An organization as it is stored.</summary>
internal sealed record OrganizationRow
{
    public const string Columns = "id, name, payload_key, payload_key_id, created_at, coalesce(updated_at, created_at) AS updated_at";

    public string Id { get; init; } = "";
    public string Name { get; init; } = "";

    /// <summary>Sealed; null while payload encryption is off.</summary>
    public byte[]? PayloadKey { get; init; }
    public string? PayloadKeyId { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What the sealed payload key is bound to.</summary>
    public string PayloadKeyContext => $"organization/{Id}/payload-key/{PayloadKeyId}";

    public OrganizationObject ToObject(string? generatedKey = null) => new(Id, Name, new PayloadEncryptionObject(PayloadKeyId is not null, PayloadKeyId, generatedKey), CreatedAt, UpdatedAt);
}

/// <summary>An organization on the wire.</summary>
internal sealed record OrganizationObject(string Id, [property: Says("What it is called.", Example = "Harbour")] string Name, PayloadEncryptionObject PayloadEncryption, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [JsonPropertyOrder(-1)]
    public string Object => "organization";
}

/// <summary>Whether payloads are encrypted, and with which key. <paramref name="Key"/>, base64url, is there once: in the answer that generated it.</summary>
internal sealed record PayloadEncryptionObject([property: Says("Whether run `input` and `output` are encrypted in answers.", Example = "true")] bool Enabled, [property: Says("Of the key in use.", Example = "2026-03")] string? KeyId, string? Key)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Says("A generated key in base64url, once: in the answer that made it.")]
    public string? Key { get; init; } = Key;
}

/// <summary>Opens an organization's payload key for one answer. Looked up each time: an answer that goes out in the clear after encryption was switched on would be a leak.</summary>
internal sealed class PayloadKeys(Db db, SecretVault vault) : IPayloadKeys
{
    public async Task<PayloadKey?> FindAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        var row = await db.FirstOrNoneAsync<OrganizationRow>($"SELECT {OrganizationRow.Columns} FROM organizations WHERE id = @id", new { id = organization.Value }, cancellationToken);
        return row is { PayloadKey: { } key, PayloadKeyId: { } id } ? new PayloadKey(id, await vault.OpenEnvelopeAsync(row.PayloadKeyContext, key, cancellationToken)) : null;
    }
}
