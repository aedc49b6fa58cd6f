using Dapper;
using Ostiary.Server.Http;

namespace Ostiary.Server.Sources;

/// <summary>A source as it is stored.</summary>
internal sealed record SourceRow : IListed
{
    public const string Columns = "id, name, url, login_url, created_at, updated_at";

    public string Id { get; init; } = "";
    public string? Name { get; init; }
    public string Url { get; init; } = "";
    public string? LoginUrl { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PagePosition Position => new(CreatedAt, Id);

    public SourceObject ToObject() => new(Id, Name, new WebsiteObject(Url, LoginUrl), CreatedAt, UpdatedAt);

    /// <summary>What its events carry.</summary>
    public object ToEvent() => new { id = Id, @object = "source", name = Name, type = "website", website = new { url = Url } };

    public static async Task<SourceRow?> FindAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, OrganizationId organization, SourceId id, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<SourceRow>(new CommandDefinition(
            $"SELECT {Columns} FROM sources WHERE organization_id = @organization AND id = @id {(forUpdate ? "FOR UPDATE" : "")}",
            new { organization = organization.Value, id = id.Value },
            transaction,
            cancellationToken: cancellationToken));
}

/// <summary>A source on the wire.</summary>
internal sealed record SourceObject(string Id, string? Name, WebsiteObject Website, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : ApiObject
{
    /// <summary>For the reference.</summary>
    public const string UrlWords = "Where the website is: absolute, http or https. Normalised on the way in.";

    /// <summary>For the reference.</summary>
    public const string LoginUrlWords = "The page with the sign-in form, where it cannot be reached from `url`.";

    [System.Text.Json.Serialization.JsonPropertyOrder(-1)]
    public string Object => "source";

    public string Type => "website";
}

/// <summary>Where the website is; URLs are normalised.</summary>
internal sealed record WebsiteObject([property: Says(SourceObject.UrlWords, Example = "https://example.com/")] string Url, [property: Says(SourceObject.LoginUrlWords, Example = "null")] string? LoginUrl);
