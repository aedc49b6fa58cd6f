using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.ApiKeys;

/// <summary>
/// Every route that the program has, asked with the key of another organization, and with a component token. The list of routes is the program's own, so that a new one cannot be forgotten: a
/// new noun fails here until it says how one of it is made.
/// </summary>
public sealed partial class IsolationTests(ApiServer server)
{
    // What a body needs to pass the checks that come before looking for the object.
    private const string Body = """{"credential_id":"cred_1","input":{},"created_after":"2026-01-01T00:00:00Z","decision":"approve"}""";

    private sealed record Route(string Method, string Path, string Scope, bool Tokens);

    [Fact]
    public async Task Nothing_of_an_organization_is_reached_with_the_key_of_another()
    {
        var (mine, theirs) = (await server.NewOrganizationAsync(), await server.NewOrganizationAsync());
        var ids = await MakeAllAsync(mine);
        var routes = await RoutesAsync();
        var tried = 0;
        foreach (var route in routes.Where(r => r.Path.Contains('{', StringComparison.Ordinal)))
        {
            Assert.True(ids.TryGetValue(Noun(route), out var id), $"Say in {nameof(MakeAllAsync)} how one of {route.Path} is made.");
            var answer = await theirs.SendAsync(new HttpMethod(route.Method), route.Path.Replace("{id}", id, StringComparison.Ordinal), route.Method is "GET" or "DELETE" ? null : Body);
            Assert.True(answer.Status == 404, $"{route.Method} {route.Path} was answered {answer.Status}: {answer.Text}");
            answer.Refused(404, "request", answer["errors.0.code"].GetString()!);
            Assert.EndsWith("_not_found", answer["errors.0.code"].GetString());
            tried++;
        }

        Assert.True(tried >= 30, $"Only {tried} routes were found.");
        // Lists, and whatever else is read without an id, name nothing of it.
        foreach (var route in routes.Where(r => r.Method == "GET" && !r.Path.Contains('{', StringComparison.Ordinal) && r.Path != "/v2/events/stream"))
        {
            var answer = (await theirs.GetAsync(route.Path)).Is(200);
            Assert.All(ids.Values, id => Assert.DoesNotContain(id, answer.Text));
        }

        // And nothing of it was changed.
        foreach (var (noun, id) in ids.Where(i => routes.Any(r => r.Method == "GET" && r.Path == $"/v2/{i.Key}/{{id}}"))) (await mine.GetAsync($"/v2/{noun}/{id}")).Is(200);
    }

    [Fact]
    public async Task A_component_token_reaches_no_route_that_is_not_open_to_it_and_nothing_of_others_by_those_that_are()
    {
        var (mine, theirs) = (await server.NewOrganizationAsync(), await server.NewOrganizationAsync());
        var ids = await MakeAllAsync(mine);
        var routes = await RoutesAsync();
        // Of the organization itself, without anything of its own; and of another one.
        var source = await mine.NewSourceAsync();
        var ownToken = mine.With((await mine.PostAsync("/v2/token", new { source_id = source, external_id = "nobody" })).Is(201)["token"].GetString());
        var foreignToken = theirs.With((await theirs.PostAsync("/v2/token")).Is(201)["token"].GetString());
        foreach (var token in new[] { ownToken, foreignToken })
        {
            foreach (var route in routes.Where(r => r.Path != "/v2/events/stream"))
            {
                var path = route.Path.Replace("{id}", ids.GetValueOrDefault(Noun(route), "none"), StringComparison.Ordinal);
                var answer = await token.SendAsync(new HttpMethod(route.Method), path, route.Method is "GET" or "DELETE" ? null : Body);
                if (!route.Tokens) answer.Refused(403, "request", "forbidden");
                else if (route.Path == "/v2/tasks/{id}/run") answer.Refused(403, "request", "forbidden");
                else if (route.Path.Contains('{', StringComparison.Ordinal)) Assert.True(answer.Status == 404, $"{route.Method} {route.Path} was answered {answer.Status}: {answer.Text}");
                else if (route.Method == "GET") Assert.All(ids.Values, id => Assert.DoesNotContain(id, answer.Is(200).Text));
            }
        }

        Assert.Equal(
            [
                "GET /v2/connections", "GET /v2/connections/{id}", "GET /v2/credentials", "GET /v2/credentials/{id}", "GET /v2/events/stream", "GET /v2/sources", "GET /v2/sources/{id}", "GET /v2/task-runs", "GET /v2/task-runs/{id}",
                "POST /v2/connections", "POST /v2/connections/{id}/interaction", "POST /v2/credentials", "POST /v2/task-runs/{id}/interaction", "POST /v2/tasks/{id}/run",
            ],
            routes.Where(r => r.Tokens).Select(r => $"{r.Method} {r.Path}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reading_needs_read_and_changing_needs_write_unless_a_route_says_admin()
    {
        var routes = await RoutesAsync();
        Assert.All(routes, r => Assert.Contains(r.Scope, r.Method == "GET" ? ["read", "admin"] : new[] { "write", "admin" }));
        Assert.Equal(["api-keys", "organization"], routes.Where(r => r.Scope == "admin").Select(Noun).Distinct().Order(StringComparer.Ordinal));
        Assert.All(routes.Where(r => Noun(r) == "api-keys"), r => Assert.Equal("admin", r.Scope));
    }

    private static string Noun(Route route) => route.Path.Split('/')[2];

    private async Task<IReadOnlyList<Route>> RoutesAsync()
    {
        var (code, output) = await (await server.RunningAsync()).CommandAsync("routes");
        Assert.True(code == 0, output);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Line().Match(line) is { Success: true } m ? new Route(m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value, m.Groups[4].Success) : throw new UnmetExpectationException($"What is this line? {line}"))];
    }

    /// <summary>One object of every noun, by the noun in its path.</summary>
    private async Task<IReadOnlyDictionary<string, string>> MakeAllAsync(Api api)
    {
        var source = await api.NewSourceAsync();
        var credential = await api.NewCredentialAsync(source, "ada", "Practice-Only-1!", externalId: "ada");
        var task = await api.NewTaskAsync();
        var run = await api.NewRunAsync(task, credential);
        var storage = string.Create(CultureInfo.InvariantCulture, $"stor_{Guid.NewGuid():N}");
        await using var connection = await (await server.RunningAsync()).ConnectAsync();
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO storage_items (id, organization_id, task_run_id, file_name, file_type, file_size, purpose, content, created_at, updated_at)
            SELECT $1, organization_id, id, 'a.txt', 'text/plain', 0, 'output', '', now(), now() FROM task_runs WHERE id = $2
            """, connection) { Parameters = { new() { Value = storage }, new() { Value = run } } };
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
        var ids = new Dictionary<string, string>
        {
            ["agents"] = await api.NewAgentAsync(), ["sources"] = source, ["credentials"] = credential, ["tasks"] = task, ["task-runs"] = run, ["storage"] = storage,
            ["sessions"] = (await api.GetAsync($"/v2/task-runs/{run}"))["session_id"].GetString()!,
            ["events"] = (await api.GetAsync("/v2/events")).Is(200)["data.0.id"].GetString()!,
            ["event-destinations"] = (await api.PostAsync("/v2/event-destinations", new { name = "Mine", webhook = new { url = "http://127.0.0.1:9/" } })).Is(201).Id,
            ["connections"] = (await api.PostAsync("/v2/connections", new { source_id = source, auth_method = "none", auth_credentials = new { } })).Is(201).Id,
            ["api-keys"] = (await api.PostAsync("/v2/api-keys", new { name = "Mine" })).Is(201).Id,
        };
        return ids;
    }

    [GeneratedRegex(@"^(GET|POST|PATCH|DELETE|PUT) (/v2/\S+) (read|write|admin)( tokens)?$")]
    private static partial Regex Line();
}
