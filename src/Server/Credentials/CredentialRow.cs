using System.Text.Json;
using Dapper;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Credentials;

/// <summary>The words of a credential's status; docs/states/credential.md draws them.</summary>
internal static class CredentialStatuses
{
    /// <summary>Stored, not yet used in a successful sign-in; also after every change of its values.</summary>
    public const string Unverified = "unverified";
    /// <summary>Signed in successfully at least once.</summary>
    public const string Verified = "verified";
    /// <summary>The source rejected it; it must be updated before it can be used again.</summary>
    public const string Invalid = "invalid";
    /// <summary>Destroyed in the vault; still readable as an object.</summary>
    public const string Deleted = "deleted";
    public static readonly IReadOnlyList<string> All = [Unverified, Verified, Invalid, Deleted];

    /// <summary>Every allowed move.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Moves = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        [Unverified] = [Verified, Invalid, Deleted],
        [Verified] = [Unverified, Invalid, Deleted],
        // A sign-in that was under way when another one was refused may still succeed.
        [Invalid] = [Unverified, Verified, Deleted],
        [Deleted] = [],
    };

    /// <summary>The statuses from which one may be reached.</summary>
    public static string[] LeadingTo(string status) => [.. Moves.Where(move => move.Value.Contains(status)).Select(move => move.Key)];
}

/// <summary>The words of <c>auth_method</c>.</summary>
internal static class AuthMethods
{
    public const string UsernamePassword = "username_password";
    public const string GoogleSso = "google_sso";
    public const string None = "none";
}

/// <summary>A credential as it is stored, without its sealed values.</summary>
internal sealed record CredentialRow : IListed
{
    public const string Columns = "id, organization_id, source_id, auth_method, status, external_id, username, source_fields, data_key, version, created_at, updated_at";

    public string Id { get; init; } = "";
    public string OrganizationId { get; init; } = "";
    public string SourceId { get; init; } = "";
    public string AuthMethod { get; init; } = AuthMethods.None;
    public string Status { get; init; } = CredentialStatuses.Unverified;
    public string? ExternalId { get; init; }

    /// <summary>Readable by contract.</summary>
    public string? Username { get; init; }

    /// <summary>A JSON object of the readable source fields.</summary>
    public string SourceFields { get; init; } = "{}";
    public byte[]? DataKey { get; init; }
    public int Version { get; init; } = 1;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    /// <summary>What the data key is bound to.</summary>
    public string KeyContext => $"credential/{OrganizationId}/{Id}";

    /// <summary>What a sealed slot is bound to.</summary>
    public string SlotContext(string slot) => $"{KeyContext}/{slot}";

    /// <summary>Where a refusal of these values counts: at this source, or at every source of the organization when an identity provider refused them.</summary>
    public string RefusalScope => AuthMethod == AuthMethods.GoogleSso ? $"{AuthMethods.GoogleSso}/{OrganizationId}" : SourceId;

    public WrappedDataKey? WrappedKey => DataKey is { } bytes ? new WrappedDataKey(bytes) : null;

    public CredentialObject ToObject() => new(Id, SourceId, AuthMethod, ReadableAuth(), ExternalId, Status, CreatedAt, UpdatedAt);

    /// <summary>What its events carry: never a value, not even the user name.</summary>
    public object ToEvent() => new { id = Id, @object = "credential", credential_id = Id, source_id = SourceId, auth_method = AuthMethod, status = Status, external_id = ExternalId };

    public static async Task<CredentialRow?> FindAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, OrganizationId organization, CredentialId id, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<CredentialRow>(new CommandDefinition(
            $"SELECT {Columns} FROM credentials WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id = id.Value },
            transaction,
            cancellationToken: cancellationToken));

    private AuthCredentialsObject ReadableAuth()
    {
        var fields = Json.Parse(SourceFields);
        return new AuthCredentialsObject(Username, fields.EnumerateObject().Any() ? fields : null);
    }
}

/// <summary>A credential on the wire. Nothing secret is ever part of it.</summary>
internal sealed record CredentialObject(
    string Id, string SourceId, [property: OneOf(AuthMethods.UsernamePassword, AuthMethods.GoogleSso, AuthMethods.None)] string AuthMethod, [property: Says("Its readable part: nothing secret is ever returned.")] AuthCredentialsObject AuthCredentials,
    [property: Says("Your own id for the user.", Example = "user-17")] string? ExternalId, [property: WordsOf(typeof(CredentialStatuses))] string Status, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "credential";
}

/// <summary>The readable part of <c>auth_credentials</c>.</summary>
internal sealed record AuthCredentialsObject(string? Username, JsonElement? SourceFields)
{
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [Says("The user name.", Example = "ada@example.com")]
    public string? Username { get; init; } = Username;

    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    [JsonObjectField, Says("Readable source fields by key.")]
    public JsonElement? SourceFields { get; init; } = SourceFields;
}
