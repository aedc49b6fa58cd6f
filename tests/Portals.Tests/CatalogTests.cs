using System.Net;
using System.Text.Json;
using Xunit;

namespace Ostiary.Portals.Tests;

public sealed class CatalogTests(PortalsFixture fixture)
{
    public static TheoryData<string> Ids => [.. PortalCatalog.All.Select(portal => portal.Id)];

    [Fact]
    public void Ids_and_titles_are_unique()
    {
        Assert.Equal(PortalCatalog.All.Count, PortalCatalog.All.Select(portal => portal.Id).Distinct().Count());
        Assert.Equal(PortalCatalog.All.Count, PortalCatalog.All.Select(portal => portal.Title).Distinct().Count());
    }

    [Theory, MemberData(nameof(Ids))]
    public void An_entry_agrees_with_itself(string id)
    {
        var portal = PortalCatalog.Get(id);
        Assert.StartsWith("/" + id, portal.Path, StringComparison.Ordinal);
        Assert.Equal(portal.Expected == "verified", portal.ExpectedText is null);
        Assert.Equal(portal.WrongPassword is null, portal.WrongText is null && !portal.WrongIsSilent);
        Assert.NotEqual(portal.Password, portal.WrongPassword ?? "");
        Assert.Equal(portal.Mfa == "none", portal.ExpectedChallenges.Count == 0);
        // A site that asks for a tap may accept an authenticator's code instead.
        if (portal.Mfa != "push") Assert.Equal(portal.Mfa == "totp", portal.TotpSecret is not null);
        if (portal.Expected == "verified") Assert.NotNull(portal.Evidence);
        foreach (var field in portal.ExpectedChallenges.SelectMany(challenge => challenge.Fields))
        {
            Assert.Contains(field.Type, (string[])["string", "select"]);
            Assert.Equal(field.Type == "select", field.Options.Count > 0);
            Assert.Equal(field.Name == "code", field.WrongAnswer == portal.WrongCode && portal.WrongCode is not null);
        }
    }

    [Theory, MemberData(nameof(Ids))]
    public async Task The_source_url_answers(string id)
    {
        using var client = new Client(fixture.Portals);
        using var answer = await client.GetAsync(PortalCatalog.Get(id).Path);
        var expected = PortalCatalog.Get(id).Expected switch
        {
            "source_not_available" => HttpStatusCode.ServiceUnavailable,
            "source_blocked" when id == "botwall" => HttpStatusCode.Forbidden,
            _ => PortalCatalog.Get(id).HttpAuthentication ? HttpStatusCode.Unauthorized : HttpStatusCode.OK,
        };
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
    }

    [Theory, MemberData(nameof(Ids))]
    public async Task The_first_page_reveals_neither_account_nor_evidence(string id)
    {
        var portal = PortalCatalog.Get(id);
        using var client = new Client(fixture.Portals);
        using var answer = await client.GetAsync(portal.Path);
        var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync());
        Assert.DoesNotContain(portal.Username, page, StringComparison.OrdinalIgnoreCase);
        if (portal.Password is { } password) Assert.DoesNotContain(password, page, StringComparison.Ordinal);
        if (portal.Evidence is { } evidence) Assert.DoesNotContain(evidence, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_manifest_lists_every_site_with_addresses_that_work()
    {
        using var client = new Client(fixture.Portals);
        using var manifest = JsonDocument.Parse(await client.TextAsync("/portals.json"));
        var entries = manifest.RootElement.EnumerateArray().ToArray();
        Assert.Equal(PortalCatalog.All.Select(portal => portal.Id), entries.Select(entry => entry.GetProperty("id").GetString()));
        foreach (var (portal, entry) in PortalCatalog.All.Zip(entries))
        {
            Assert.Equal(fixture.Portals.Url(portal), new Uri(entry.GetProperty("url").GetString()!));
            Assert.Equal(fixture.Portals.Home(portal), new Uri(entry.GetProperty("home").GetString()!));
            Assert.Equal(portal.Username, entry.GetProperty("username").GetString());
            Assert.Equal(portal.WrongText, entry.GetProperty("wrong_text").GetString());
            Assert.Equal(portal.ExpectedChallenges.Count, entry.GetProperty("expected_challenges").GetArrayLength());
        }
    }

    [Fact]
    public async Task The_index_page_names_every_site()
    {
        using var client = new Client(fixture.Portals);
        var index = WebUtility.HtmlDecode(await client.TextAsync("/"));
        Assert.All(PortalCatalog.All, portal => Assert.Contains(portal.Title, index, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("classic", "run17", "40713392+run17")]
    [InlineData("hotel", "run17", "ada.whitcombe+run17@larkspur.example")]
    [InlineData("hotel", "", "ada.whitcombe@larkspur.example")]
    public void A_tag_makes_a_further_account(string id, string tag, string expected) => Assert.Equal(expected, PortalCatalog.Get(id).UsernameFor(tag));

    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(20000000000, "353130")]
    public void Authenticator_codes_agree_with_the_vectors_of_rfc_6238(long unixSeconds, string code) =>
        Assert.Equal(code, Totp.Code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Totp.Step(DateTimeOffset.FromUnixTimeSeconds(unixSeconds))));
}
