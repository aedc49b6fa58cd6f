using System.Text.Json;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Credentials;

public sealed class CredentialTests(ApiServer server)
{
    private const string Password = "Practice-Only-\"ü\\77!";
    private const string Seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    private const string CompanyPin = "practice pin 4711-0815";

    [Fact]
    public async Task A_credential_shows_its_user_name_and_readable_fields_and_never_a_secret()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var credential = (await api.PostAsync("/v2/credentials", new
        {
            source_id = source, auth_method = "username_password", external_id = "customer 7",
            auth_credentials = new { username = "ada@example.org", password = Password, totp_secret = Seed, source_fields = new { company_id = "NW-12", pin = new { value = CompanyPin, secret = true }, branch = new { value = "North" } } },
        })).Is(201).Has("object", "credential").Has("status", "unverified").Has("source_id", source).Has("auth_method", "username_password").Has("external_id", "customer 7")
            .Has("auth_credentials.username", "ada@example.org").Has("auth_credentials.source_fields.company_id", "NW-12").Has("auth_credentials.source_fields.branch", "North")
            .Lacks("auth_credentials.source_fields.pin").Lacks("auth_credentials.password").Lacks("auth_credentials.totp_secret");
        await api.GetAsync($"/v2/credentials/{credential.Id}");
        await api.ListAsync("/v2/credentials");
        (await api.PatchAsync($"/v2/credentials/{credential.Id}", new { auth_credentials = new { password = Password + "2" } })).Is(200);
        await api.ListAsync("/v2/events");
        // A fault on a secret names the field and not the value.
        (await api.PatchAsync($"/v2/credentials/{credential.Id}", new { auth_credentials = new { totp_secret = CompanyPin, password = 7 } })).Faults("auth_credentials.totp_secret", "auth_credentials.password");
        Assert.Empty(SecretSearch.InText(api.Transcript, Password, Seed, CompanyPin));
        Assert.DoesNotContain(await api.ListAsync("/v2/events"), e => e.GetRawText().Contains("ada@example.org", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_database_holds_secrets_sealed_only()
    {
        var api = await server.NewOrganizationAsync();
        var id = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", Password, new { totp_secret = Seed });
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT s::text || c::text FROM credential_secrets s JOIN credentials c ON c.id = s.credential_id WHERE c.id = $1", connection) { Parameters = { new() { Value = id } } };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = 0;
        for (; await reader.ReadAsync(); rows++) Assert.Empty(SecretSearch.InText(reader.GetString(0), Password, Seed));
        Assert.Equal(2, rows);
    }

    [Fact]
    public async Task A_credential_without_values_needs_none()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        (await api.PostAsync("/v2/credentials", new { source_id = source })).Is(201).Has("auth_method", "none").Has("auth_credentials", new { }).Has("external_id", null);
        (await api.PostAsync("/v2/credentials", new { source_id = source, auth_method = "none", auth_credentials = new { } })).Is(201);
        (await api.PostAsync("/v2/credentials", new { source_id = source, auth_method = "none", auth_credentials = new { username = "ada", password = "x" } })).Faults("auth_credentials.username", "auth_credentials.password");
        (await api.PostAsync("/v2/credentials", new { source_id = "src_nosuch" })).Refused(404, "source", "source_not_found", "source_id");
    }

    [Fact]
    public async Task Source_fields_are_few_and_have_plain_names()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        async Task<Answer> StoreAsync(Dictionary<string, object> fields) =>
            await api.PostAsync("/v2/credentials", new { source_id = source, auth_method = "username_password", auth_credentials = new { username = "ada", password = "x", source_fields = fields } });
        (await StoreAsync(Enumerable.Range(0, 10).ToDictionary(i => $"f{i}", i => (object)$"{i}"))).Is(201);
        (await StoreAsync(Enumerable.Range(0, 11).ToDictionary(i => $"f{i}", i => (object)$"{i}"))).Faults("auth_credentials.source_fields");
        foreach (var name in (string[])["username", "password", "totp_secret", "Upper", "1st", "with-dash"]) (await StoreAsync(new() { [name] = "x" })).Faults($"auth_credentials.source_fields.{name}");
        (await StoreAsync(new() { ["a b"] = "x" })).Is(400);
        (await StoreAsync(new() { ["pin"] = new { value = 7, secret = "yes" } })).Faults("auth_credentials.source_fields.pin.value", "auth_credentials.source_fields.pin.secret");
        (await StoreAsync(new() { ["pin"] = new { secret = true } })).Faults("auth_credentials.source_fields.pin.value");
        (await StoreAsync(new() { [new string('a', 64)] = "x" })).Is(201);
        (await StoreAsync(new() { [new string('a', 65)] = "x" })).Is(400);
    }

    [Theory]
    [InlineData("JBSWY3DPEHPK3PXP")]
    [InlineData("jbsw y3dp ehpk 3pxp")]
    [InlineData("otpauth://totp/Water:ada?secret=JBSWY3DPEHPK3PXP&issuer=Water&period=60&digits=8&algorithm=SHA256")]
    public async Task An_authenticator_secret_comes_as_base32_or_as_a_uri(string seed)
    {
        var api = await server.NewOrganizationAsync();
        await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", Password, new { totp_secret = seed });
    }

    [Fact]
    public async Task Every_change_of_values_makes_it_unverified_and_nothing_else_does()
    {
        var api = await server.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", Password, new { source_fields = new { company_id = "1" } }, "old");
        (await api.PatchAsync($"/v2/credentials/{credential}", """{"external_id":null}""")).Is(200).Has("external_id", null);
        (await api.PatchAsync($"/v2/credentials/{credential}", new { external_id = "new" })).Is(200).Has("external_id", "new");
        Assert.Equal(["credential.created"], await api.EventsOfAsync(credential));
        (await api.PatchAsync($"/v2/credentials/{credential}", new { auth_credentials = new { username = "eve" } })).Is(200).Has("auth_credentials.username", "eve").Has("auth_credentials.source_fields.company_id", "1").Has("status", "unverified");
        (await api.PatchAsync($"/v2/credentials/{credential}", """{"auth_credentials":{"source_fields":null}}""")).Is(200).Lacks("auth_credentials.source_fields").Has("auth_credentials.username", "eve");
        Assert.Equal(["credential.created", "credential.unverified", "credential.unverified"], await api.EventsOfAsync(credential));
        (await api.PatchAsync($"/v2/credentials/{credential}", """{"auth_credentials":null}""")).Faults("auth_credentials");
        (await api.PatchAsync($"/v2/credentials/{credential}", new { external_id = new string('e', 256) })).Faults("external_id");
    }

    [Fact]
    public async Task Lists_are_filtered_by_what_the_developer_knows_it_by()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        var first = await api.NewCredentialAsync(source, "ada", Password, externalId: "a");
        await api.NewCredentialAsync(source, "eve", Password, externalId: "b");
        Assert.Equal(first, Assert.Single(await api.ListAsync("/v2/credentials?external_id=a")).GetProperty("id").GetString());
        Assert.Equal(2, (await api.ListAsync("/v2/credentials?status=unverified,invalid")).Count);
        Assert.Empty(await api.ListAsync("/v2/credentials?status=deleted"));
    }

    [Fact]
    public async Task A_deleted_credential_stays_readable_and_is_of_no_use()
    {
        var api = await server.NewOrganizationAsync();
        var credential = await api.NewCredentialAsync(await api.NewSourceAsync(), "ada", Password, externalId: "a");
        var task = await api.NewTaskAsync();
        (await api.DeleteAsync($"/v2/credentials/{credential}")).Is(200).Has("deleted", true).Has("object", "credential");
        (await api.GetAsync($"/v2/credentials/{credential}")).Is(200).Has("status", "deleted").Lacks("auth_credentials.username").Has("external_id", "a");
        (await api.DeleteAsync($"/v2/credentials/{credential}")).Is(200);
        (await api.PatchAsync($"/v2/credentials/{credential}", new { auth_credentials = new { password = "x" } })).Refused(409, "request", "state_conflict");
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential })).Refused(409, "request", "state_conflict");
        Assert.Equal(["credential.created", "credential.deleted"], await api.EventsOfAsync(credential));
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT (data_key IS NULL) AND NOT EXISTS (SELECT 1 FROM credential_secrets WHERE credential_id = $1) FROM credentials WHERE id = $1", connection) { Parameters = { new() { Value = credential } } };
        Assert.True((bool)(await command.ExecuteScalarAsync())!, "The data key and the sealed values must be gone.");
    }

    [Fact]
    public async Task Text_that_postgresql_cannot_keep_is_a_fault_and_not_a_failure()
    {
        var api = await server.NewOrganizationAsync();
        var source = await api.NewSourceAsync();
        (await api.PostAsync("/v2/credentials", $$$$"""{"source_id":"{{{{source}}}}","external_id":"a\u0000","auth_method":"username_password","auth_credentials":{"username":"\udc00","password":"\ud800","source_fields":{"a":"\u0000"}}}"""))
            .Faults("external_id", "auth_credentials.username", "auth_credentials.password", "auth_credentials.source_fields.a");
        // Inside a password anything that is text may stand.
        (await api.PostAsync("/v2/credentials", $$$"""{"source_id":"{{{source}}}","auth_method":"username_password","auth_credentials":{"username":"ada","password":"\u0000\t🔑"}}""")).Is(201);
        (await api.PostAsync("/v2/credentials", JsonSerializer.Serialize(new { source_id = source, auth_method = "username_password", auth_credentials = new { username = new string('u', 1_001), password = new string('p', 1_001) } })))
            .Faults("auth_credentials.username", "auth_credentials.password");
    }
}
