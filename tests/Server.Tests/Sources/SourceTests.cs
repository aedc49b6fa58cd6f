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
    public async Task What_is_known_of_a_website_is_kept_and_may_be_taken_back()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/sources", new { type = "website", website = new { url = "http://127.0.0.1/" } })).Is(201)
            .Has("website.logo_url", null).Has("auth_methods", new[] { "username_password", "google_sso", "none" }).Has("required_fields", Array.Empty<string>()).Has("max_concurrent_sessions", null).Has("overrides", null).Has("learned_at", null).Has("suggested_overrides", null);
        var overrides = new
        {
            start_url = "http://127.0.0.1/start", check_url = "http://127.0.0.1/me", selectors = new { identifier = "#user", password = "#pass", submit = "button.go" }, fields = new { company_id = "#company" },
            refusal_words = new[] { "Computer says no" }, signed_in_words = new[] { "My beds" }, steps = new[] { "source_fields", "identifier", "password" }, preferred_mfa = "totp", accept_terms = false, trust_device = true, domains = new[] { "bank-online.example", "id.vendor.example" },
        };
        var source = (await api.PostAsync("/v2/sources", new
        {
            type = "website", website = new { url = "http://127.0.0.1/", logo_url = "https://cdn.example/logo.png" }, auth_methods = new[] { "username_password" }, required_fields = new[] { "company_id" }, max_concurrent_sessions = 2, overrides,
        })).Is(201).Has("website.logo_url", "https://cdn.example/logo.png").Has("auth_methods", new[] { "username_password" }).Has("required_fields", new[] { "company_id" }).Has("max_concurrent_sessions", 2).Has("overrides", overrides);
        (await api.PatchAsync($"/v2/sources/{source.Id}", """{"name":"Water"}""")).Is(200).Has("overrides", overrides).Has("max_concurrent_sessions", 2).Has("website.logo_url", "https://cdn.example/logo.png");
        (await api.PatchAsync($"/v2/sources/{source.Id}", """{"website":{"logo_url":null},"auth_methods":null,"required_fields":null,"max_concurrent_sessions":null,"overrides":null}""")).Is(200)
            .Has("website.logo_url", null).Has("auth_methods", new[] { "username_password", "google_sso", "none" }).Has("required_fields", Array.Empty<string>()).Has("max_concurrent_sessions", null).Has("overrides", null);
    }

    [Fact]
    public async Task Every_fault_of_what_is_known_of_a_website_is_named()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/sources", new
        {
            type = "website", website = new { url = "http://127.0.0.1/", logo_url = "javascript:alert(1)" }, auth_methods = new[] { "password", "none", "none" }, required_fields = new[] { "Company", "password", "a", "a" }, max_concurrent_sessions = 0,
            overrides = new
            {
                start_url = "nowhere", login_url = "http://169.254.169.254/", check_url = 7, selectors = new { user = "#a", password = "" }, fields = new Dictionary<string, object> { ["Bad Key"] = "#a", ["company"] = 7 },
                refusal_words = new object[] { "", 7 }, steps = new[] { "identifier", "identifier", "dance" }, preferred_mfa = "pigeon", accept_terms = "never", trust_device = 1, domains = new object[] { "https://bank.example/", "com", "bank.example", "a b.example", "bank.example:8443" }, speed = "fast",
            },
        })).Faults(
            "website.logo_url", "auth_methods[0]", "auth_methods[2]", "required_fields[0]", "required_fields[1]", "required_fields[3]", "max_concurrent_sessions",
            "overrides.start_url", "overrides.check_url", "overrides.selectors.user", "overrides.selectors.password", "overrides.fields.…", "overrides.fields.company",
            "overrides.refusal_words[0]", "overrides.refusal_words[1]", "overrides.steps[1]", "overrides.steps[2]", "overrides.preferred_mfa", "overrides.accept_terms", "overrides.trust_device", "overrides.domains[0]", "overrides.domains[1]", "overrides.domains[3]", "overrides.domains[4]", "overrides.speed", "overrides.login_url");
        var source = await api.NewSourceAsync();
        (await api.PatchAsync($"/v2/sources/{source}", """{"auth_methods":[],"required_fields":"x","overrides":[],"max_concurrent_sessions":"2"}""")).Faults("auth_methods", "required_fields", "overrides", "max_concurrent_sessions");
        (await api.PatchAsync($"/v2/sources/{source}", """{"overrides":{"selectors":"#a","fields":[],"refusal_words":"no","steps":{}}}""")).Faults("overrides.selectors", "overrides.fields", "overrides.refusal_words", "overrides.steps");
    }

    [Fact]
    public async Task A_credential_that_a_source_cannot_use_is_refused_with_what_it_lacks()
    {
        var api = await server.NewOrganizationAsync();
        var source = (await api.PostAsync("/v2/sources", new { type = "website", website = new { url = "http://127.0.0.1/" }, auth_methods = new[] { "username_password" }, required_fields = new[] { "company_id", "pin" } })).Is(201).Id;
        (await api.PostAsync("/v2/credentials", new { source_id = source, auth_credentials = new { } })).Faults("auth_method");
        (await api.PostAsync("/v2/credentials", new { source_id = source, auth_method = "username_password", auth_credentials = new { username = "ada", password = "Practice-Only-1!" } }))
            .HasError("request", "input_missing", "auth_credentials.source_fields.pin").Faults("auth_credentials.source_fields.company_id", "auth_credentials.source_fields.pin");
        var credential = await api.NewCredentialAsync(source, "ada", "Practice-Only-1!", new { source_fields = new { company_id = "7", pin = new { value = "1234", secret = true } } });
        (await api.PatchAsync($"/v2/credentials/{credential}", new { auth_credentials = new { source_fields = new { company_id = "8" } } })).Faults("auth_credentials.source_fields.pin");
        (await api.PatchAsync($"/v2/credentials/{credential}", new { auth_credentials = new { password = "Practice-Only-2!" } })).Is(200);
    }

    [Theory]
    [InlineData("#a", true)]
    [InlineData("form.x > input[name=\"a]b\"]:not(.y), my-field", true)]
    [InlineData("a\\:b", true)]
    [InlineData("input[name=a", false)]
    [InlineData("a)", false)]
    [InlineData("a[b)", false)]
    [InlineData("a[b='c]", false)]
    [InlineData("a { color: red }", false)]
    [InlineData("//input[1]", false)]
    [InlineData("a >", false)]
    [InlineData("<b>", false)]
    public async Task What_is_plainly_no_selector_is_refused(string selector, bool isOne)
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var answer = await api.PatchAsync($"/v2/sources/{source}", new { overrides = new { selectors = new { password = selector }, fields = new { branch = selector } } });
        if (isOne) answer.Is(200);
        else answer.Faults("overrides.selectors.password", "overrides.fields.branch");
    }

    [Fact]
    public async Task A_source_that_has_learned_nothing_may_be_reset_all_the_same()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        (await api.PostAsync($"/v2/sources/{source}/reset", new { })).Is(200).Has("id", source).Has("learned_at", null);
        Assert.Equal(["source.created"], await api.EventsOfAsync(source));
        (await api.PostAsync("/v2/sources/src_0000000000000000/reset", new { })).Refused(404, "request", "source_not_found");
        (await (await server.NewOrganizationAsync()).PostAsync($"/v2/sources/{source}/reset", new { })).Refused(404, "request", "source_not_found");
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
