using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Sources;

public sealed class SourceTests(ApiServer server)
{
    [Fact]
    public async Task A_source_lives_from_creation_to_deletion()
    {
        var api = await server.NewOrganizationAsync();
        var source = (await api.PostAsync("/v2/sources", new { type = "website", name = "Water", website = new { url = "HTTP://LocalHost:80/a b?x=1" } })).Is(201)
            .Has("object", "source").Has("type", "website").Has("name", "Water").Has("website.url", "http://localhost/a%20b?x=1").Has("website.login_url", null);
        (await api.GetAsync($"/v2/sources/{source.Id}")).Is(200).Has("website.url", "http://localhost/a%20b?x=1");
        (await api.PatchAsync($"/v2/sources/{source.Id}", """{"name":null,"website":{"login_url":"http://127.0.0.1/in"}}""")).Is(200).Has("name", null).Has("website.url", "http://localhost/a%20b?x=1").Has("website.login_url", "http://127.0.0.1/in");
        (await api.PatchAsync($"/v2/sources/{source.Id}", """{"website":{"login_url":null,"url":"http://127.0.0.1:8080"}}""")).Is(200).Has("website.url", "http://127.0.0.1:8080/").Has("website.login_url", null);
        (await api.DeleteAsync($"/v2/sources/{source.Id}")).Is(200).Has("id", source.Id).Has("object", "source").Has("deleted", true);
        (await api.GetAsync($"/v2/sources/{source.Id}")).Refused(404, "request", "source_not_found");
        Assert.Equal(["source.created", "source.updated", "source.updated", "source.deleted"], await api.EventsOfAsync(source.Id));
    }

    [Fact]
    public async Task What_is_required_cannot_be_nulled()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        (await api.PatchAsync($"/v2/sources/{source}", """{"type":null,"website":null}""")).Faults("type", "website");
        (await api.PatchAsync($"/v2/sources/{source}", """{"website":{"url":null}}""")).Faults("website.url");
        (await api.PatchAsync($"/v2/sources/{source}", """{"website":{"url":"nowhere"}}""")).Refused(400, "source", "source_invalid", "website.url");
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("/in")]
    [InlineData("")]
    [InlineData("ftp://example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("http://")]
    [InlineData("http://ada:pw@example.com/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://10.0.0.1/")]
    [InlineData("http://192.168.1.1/")]
    [InlineData("http://[fe80::1]/")]
    [InlineData("http://0.0.0.0/")]
    [InlineData("http://2130706434/")]
    [InlineData("http://0x7f.0.0.2/")]
    [InlineData("http://[::ffff:10.0.0.1]/")]
    public async Task An_address_that_is_none_or_may_not_be_reached_is_refused(string url)
    {
        var api = await server.NewOrganizationAsync();
        var answer = await api.PostAsync("/v2/sources", new { type = "website", website = new { url } });
        if (url.Length == 0) answer.Faults("website.url");
        else answer.Refused(400, "source", "source_invalid", "website.url");
        Assert.Empty(await api.ListAsync("/v2/sources"));
    }

    [Fact]
    public async Task A_chosen_id_is_kept()
    {
        var api = await server.NewOrganizationAsync();
        var id = "src_" + Guid.NewGuid().ToString("N");
        (await api.PostAsync("/v2/sources", new { id, type = "website", website = new { url = "http://127.0.0.1/" } })).Is(201).Has("id", id);
        (await api.PostAsync("/v2/sources", new { id, type = "website", website = new { url = "http://127.0.0.1/" } })).Refused(409, "request", "id_conflict", "id");
    }

    [Fact]
    public async Task A_source_stays_while_a_credential_needs_it()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var credential = await api.NewCredentialAsync(source, "ada", "Practice-Only-1!");
        (await api.DeleteAsync($"/v2/sources/{source}")).Refused(409, "request", "state_conflict");
        (await api.DeleteAsync($"/v2/credentials/{credential}")).Is(200);
        (await api.DeleteAsync($"/v2/sources/{source}")).Is(200);
        (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("source_id", source);
    }

    [Fact]
    public async Task A_credential_is_not_stored_for_a_source_that_is_being_deleted()
    {
        var api = await server.NewOrganizationAsync();
        for (var round = 0; round < 8; round++)
        {
            var source = await api.NewSourceAsync();
            var storing = api.PostAsync("/v2/credentials", new { source_id = source, auth_method = "username_password", auth_credentials = new { username = "ada", password = "Practice-Only-1!" } });
            var deleting = api.DeleteAsync($"/v2/sources/{source}");
            var (stored, deleted) = (await storing, await deleting);
            Assert.True((stored.Status, deleted.Status) is (201, 409) or (404, 200), $"{stored.Status} {deleted.Status} {stored.Text} {deleted.Text}");
        }
    }
}
