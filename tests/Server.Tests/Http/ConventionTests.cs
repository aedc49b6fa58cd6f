using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Http;

/// <summary>What holds for every route: keys, ids, request ids, errors, and what a body may be.</summary>
public sealed partial class ConventionTests(ApiServer server)
{
    public static TheoryData<string, string> AllRoutes => [.. Routes.All.Select(r => (r.Method, r.Path))];

    public static TheoryData<string, string, string, string> RoutesOfOneObject => [.. Routes.OfOneObject.Select(r => (r.Method, r.Path, r.Prefix, r.Object))];

    public static TheoryData<string> Creates => [.. Routes.Creates];

    public static TheoryData<string> Lists => [.. Routes.Lists];

    [Theory, MemberData(nameof(AllRoutes))]
    public async Task No_route_answers_without_a_key(string method, string path)
    {
        var api = (await server.RunningAsync()).Api;
        foreach (var key in (string?[])[null, "", "sk_live_" + new string('x', 40), "tk_" + new string('x', 40), api.Key![..^1]])
        {
            var answer = (await api.With(key).SendAsync(new HttpMethod(method), path)).Refused(401, "request", "api_key_invalid");
            Assert.Equal("Bearer", answer.Headers["www-authenticate"]);
        }
    }

    [Fact]
    public async Task A_key_is_taken_as_a_bearer_token_only()
    {
        var api = (await server.RunningAsync()).Api;
        foreach (var header in (string[])[$"Basic {api.Key}", api.Key!, $"Bearer{api.Key}", "Bearer"])
            (await api.With(null).SendAsync(HttpMethod.Get, "/v2/test", r => r.Headers.TryAddWithoutValidation("Authorization", header))).Refused(401, "request", "api_key_invalid");
        (await api.With(null).SendAsync(HttpMethod.Get, "/v2/test", r => r.Headers.TryAddWithoutValidation("Authorization", $"bearer  {api.Key} "))).Is(200);
    }

    [Theory, MemberData(nameof(RoutesOfOneObject))]
    public async Task What_does_not_exist_is_a_404_that_names_the_object(string method, string path, string prefix, string name)
    {
        var api = await server.NewOrganizationAsync();
        // A well-formed id, another kind's id, one that is too long, one with characters no id has, and one that is no id at all.
        foreach (var id in (string[])[prefix + Routes.NoSuch, (prefix == "agt_" ? "src_" : "agt_") + Routes.NoSuch, prefix + new string('a', 200), prefix + "a%01b", prefix + "%F0%9F%94%91", "1", prefix])
        {
            var answer = await api.SendAsync(new HttpMethod(method), path.Replace("{id}", id, StringComparison.Ordinal), method is "GET" or "DELETE" ? null : "{\"input\":{},\"credential_id\":\"cred_1\",\"created_after\":\"2026-01-01T00:00:00Z\"}");
            answer.Refused(404, "request", $"{name}_not_found");
        }
    }

    [Theory, MemberData(nameof(AllRoutes))]
    public async Task Every_answer_carries_its_request_id(string method, string path)
    {
        var api = await server.NewOrganizationAsync();
        if (path == "/v2/events/stream") return;
        var first = await api.SendAsync(new HttpMethod(method), path);
        var second = await api.SendAsync(new HttpMethod(method), path);
        Assert.Matches("^req_[0-9A-Za-z]{16,}$", first["request_id"].GetString());
        Assert.Equal(first["request_id"].GetString(), first.Headers["x-request-id"]);
        Assert.NotEqual(first["request_id"].GetString(), second["request_id"].GetString());
        Assert.Equal("application/json; charset=utf-8", first.Headers["content-type"]);
    }

    [Fact]
    public async Task Unknown_routes_and_methods_are_answered_in_the_same_form()
    {
        var api = await server.NewOrganizationAsync();
        (await api.GetAsync("/v2/nothing")).Refused(404, "request", "route_not_found");
        (await api.GetAsync("/v2")).Refused(404, "request", "route_not_found");
        (await api.GetAsync("/v2/agents/agt_1/nothing")).Refused(404, "request", "route_not_found");
        (await api.DeleteAsync("/v2/agents")).Refused(405, "request", "method_not_allowed");
        (await api.PostAsync("/v2/test")).Refused(405, "request", "method_not_allowed");
    }

    [Fact]
    public async Task The_test_route_says_ready() => (await (await server.NewOrganizationAsync()).GetAsync("/v2/test")).Is(200).Has("status", "ready").Has("environment", "live");

    [Fact]
    public async Task An_organization_sees_nothing_of_another()
    {
        var mine = await server.NewOrganizationAsync();
        var theirs = await server.NewOrganizationAsync();
        var source = await mine.NewSourceAsync();
        var credential = await mine.NewCredentialAsync(source, "ada", "Practice-Only-1!");
        var task = await mine.NewTaskAsync();
        var agent = (await mine.GetAsync($"/v2/tasks/{task}"))["agent_id"].GetString()!;
        var run = await mine.NewRunAsync(task, credential);
        var session = (await mine.GetAsync($"/v2/task-runs/{run}"))["session_id"].GetString()!;
        var destination = (await mine.PostAsync("/v2/event-destinations", new { name = "Mine", webhook = new { url = "http://127.0.0.1:9/" } })).Is(201).Id;
        var connection = (await mine.PostAsync("/v2/connections", new { source_id = source, auth_method = "none" })).Is(201).Id;
        var happened = (await mine.GetAsync("/v2/events")).Is(200)["data.0.id"].GetString()!;
        var ids = new Dictionary<string, string>
        {
            ["agt_"] = agent, ["src_"] = source, ["cred_"] = credential, ["task_"] = task, ["trun_"] = run, ["conn_"] = connection, ["sess_"] = session, ["evtd_"] = destination, ["evt_"] = happened,
        };
        foreach (var (method, path, prefix, name) in Routes.OfOneObject.Where(r => ids.ContainsKey(r.Prefix)))
            (await theirs.SendAsync(new HttpMethod(method), path.Replace("{id}", ids[prefix], StringComparison.Ordinal), method is "GET" or "DELETE" ? null : "{\"credential_id\":\"cred_1\",\"input\":{},\"created_after\":\"2026-01-01T00:00:00Z\"}")).Refused(404, "request", $"{name}_not_found");
        foreach (var list in Routes.Lists)
        {
            Assert.Empty(await theirs.ListAsync(list));
            Assert.NotEmpty(await mine.ListAsync(list));
        }

        // Nor may it build on what is not its own.
        (await theirs.PostAsync("/v2/credentials", new { source_id = source })).Refused(404, "source", "source_not_found", "source_id");
        (await theirs.PostAsync("/v2/tasks", new { name = "x", agent_id = agent })).Refused(404, "request", "agent_not_found", "agent_id");
        var theirTask = await theirs.NewTaskAsync();
        (await theirs.PostAsync($"/v2/tasks/{theirTask}/run", new { credential_id = credential })).Refused(404, "request", "credential_not_found", "credential_id");
        (await theirs.PostAsync($"/v2/tasks/{theirTask}/run", new { source_id = source })).Refused(404, "source", "source_not_found", "source_id");
        (await theirs.PostAsync($"/v2/tasks/{theirTask}/run", new { connection_id = connection })).Refused(404, "request", "connection_not_found", "connection_id");
        (await theirs.PostAsync($"/v2/tasks/{theirTask}/run", new { session_id = session })).Refused(404, "request", "session_not_found", "session_id");
        Assert.Empty((await theirs.GetAsync($"/v2/events?starting_after={happened}")).Is(200)["data"].EnumerateArray());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"name\":}")]
    [InlineData("{\"name\":\"a\"} x")]
    [InlineData("{\"name\":\"a\",}")]
    [InlineData("{'name':'a'}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("7")]
    [InlineData("{\"name\":\"\u0001\"}")]
    public async Task A_body_that_is_no_json_object_is_a_400(string body)
    {
        var api = await server.NewOrganizationAsync();
        foreach (var path in Routes.Creates)
        {
            var answer = (await api.PostAsync(path, body)).Refused(400, "request", "input_invalid");
            // Clients of the problem details form (RFC 9457) understand it as well.
            answer.Has("status", 400);
            Assert.False(string.IsNullOrEmpty(answer["title"].GetString()));
            Assert.False(string.IsNullOrEmpty(answer["detail"].GetString()));
        }
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_a_400()
    {
        var api = await server.NewOrganizationAsync();
        byte[][] bodies = [[0xff, 0xfe], [0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d], [0], Encoding.Unicode.GetBytes("{\"name\":\"a\"}"), Encoding.UTF8.GetBytes(new string('[', 5_000))];
        foreach (var body in bodies)
        {
            (await api.SendAsync(HttpMethod.Post, "/v2/agents", r =>
            {
                r.Content = new ByteArrayContent(body);
                r.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            })).Is(400);
        }

        Assert.Empty(await api.ListAsync("/v2/agents"));
    }

    [Theory, MemberData(nameof(Creates))]
    public async Task An_absent_body_names_what_is_required(string path)
    {
        var api = await server.NewOrganizationAsync();
        var answer = (await api.PostAsync(path)).Is(400);
        Assert.All(answer["errors"].EnumerateArray(), e => Assert.Equal("input_missing", e.GetProperty("code").GetString()));
        Assert.Equal(answer.Status, (await api.PostAsync(path, "{}")).Status);
    }

    public static TheoryData<string, string, string[]> FaultyBodies => new()
    {
        { "/v2/agents", """{"name":7,"description":[],"id":"src_1"}""", ["name", "description", "id"] },
        { "/v2/agents", """{"name":"","id":"agt_ü"}""", ["name", "id"] },
        { "/v2/agents", """{"name":"a\u0000b","description":"\ud800"}""", ["name", "description"] },
        { "/v2/agents", """{"name":null,"description":true,"id":{}}""", ["name", "description", "id"] },
        { "/v2/sources", """{"type":"shop","website":{"url":7},"name":{}}""", ["type", "website.url", "name"] },
        { "/v2/sources", """{"type":"website","website":{"url":"ftp://example.com/","login_url":"/in"}}""", ["website.url", "website.login_url"] },
        { "/v2/sources", """{"type":7,"website":"http://example.com/"}""", ["type", "website"] },
        { "/v2/sources", """{"type":"website","website":{}}""", ["website.url"] },
        { "/v2/tasks", """{"agent_id":"src_1","input_schema":[],"output_schema":{"type":"nonsense"},"settings":{"timeout_seconds":0}}""", ["name", "agent_id", "input_schema", "output_schema.type", "settings.timeout_seconds"] },
        { "/v2/tasks", """{"name":"x","agent_id":7,"program":7,"storage":"yes","settings":[],"prompt":{}}""", ["agent_id", "program", "storage", "settings", "prompt"] },
        { "/v2/credentials", """{"source_id":"agt_1","auth_method":"magic","external_id":7}""", ["source_id", "auth_method", "external_id"] },
        { "/v2/credentials", """{"source_id":"src_1","auth_method":"username_password","auth_credentials":{"totp_secret":"not base 32!","source_fields":{"Password":"x","a":7}}}""", ["auth_credentials.username", "auth_credentials.password", "auth_credentials.totp_secret", "auth_credentials.source_fields.Password", "auth_credentials.source_fields.a"] },
        { "/v2/credentials", """{"auth_method":"username_password","auth_credentials":"ada"}""", ["source_id", "auth_credentials", "auth_credentials.username", "auth_credentials.password"] },
        { "/v2/event-destinations", """{"events":[],"webhook":{"url":"gopher://x/","secret":"short","custom_headers":"{"}}""", ["name", "events", "webhook.url", "webhook.secret", "webhook.custom_headers"] },
        { "/v2/event-destinations", """{"name":"x","type":"telegram","events":["*","nonsense.happened"],"webhook":{"url":7}}""", ["type", "events", "webhook.url"] },
        { "/v2/event-destinations", """{"name":"x","events":"*"}""", ["events", "webhook.url"] },
    };

    [Theory, MemberData(nameof(FaultyBodies))]
    public async Task All_faults_of_a_body_are_reported_at_once(string path, string body, string[] fields)
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync(path, body)).Faults(fields);
        Assert.Empty(await api.ListAsync(path));
        Assert.Empty(await api.ListAsync("/v2/events"));
    }

    public static TheoryData<string, string, string[]> HostileBodies => new()
    {
        { "/v2/agents", """{"name":"a","name":"b"}""", ["name"] },
        { "/v2/agents", """{"name":"a","n\u0061me":"b"}""", ["name"] },
        { "/v2/agents", """{"name":"a","unknown":{"x":[1,{"y":1,"y":2}]}}""", ["unknown.x[].y"] },
        { "/v2/agents", """{"\ud800":1,"name":"a"}""", ["…"] },
        { "/v2/agents", """{"name":"\udc00\ud800"}""", ["name"] },
        { "/v2/sources", """{"type":"website","website":{"url":"http://127.0.0.1/","url":"http://127.0.0.2/"}}""", ["website.url"] },
        { "/v2/tasks", """{"name":"x","agent_id":"agt_1","input_schema":{"description":"\ud800"},"settings":{"timeout_seconds":1e400}}""", ["input_schema", "settings.timeout_seconds", "agent_id"] },
        { "/v2/tasks", """{"name":"x","agent_id":"agt_1","settings":{"timeout_seconds":9223372036854775808}}""", ["settings.timeout_seconds", "agent_id"] },
        { "/v2/tasks", """{"name":"x","agent_id":"agt_1","settings":{"timeout_seconds":1.5}}""", ["settings.timeout_seconds", "agent_id"] },
        { "/v2/tasks", """{"name":"x","agent_id":"agt_1","settings":{"timeout_seconds":-1e400}}""", ["settings.timeout_seconds", "agent_id"] },
        { "/v2/event-destinations", """{"name":"x","events":[7,"agent.created",null],"webhook":{"url":"http://127.0.0.1:9/"}}""", ["events[0]", "events[2]"] },
        { "/v2/credentials", """{"source_id":"src_1","auth_method":"username_password","auth_credentials":{"username":"a","password":"\ud83d","source_fields":{"a":{"value":"\udc00","secret":true}}}}""", ["auth_credentials.password", "auth_credentials.source_fields.a.value"] },
    };

    [Theory, MemberData(nameof(HostileBodies))]
    public async Task What_json_allows_and_nobody_can_keep_is_named(string path, string body, string[] fields)
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync(path, body)).Faults(fields);
        Assert.Empty(await api.ListAsync(path));
    }

    [Fact]
    public async Task A_document_is_kept_as_deep_as_it_was_sent_and_can_be_read_again()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        string Body(int depth) => $$$"""{"name":"Deep","agent_id":"{{{agent}}}","extraction":{{{string.Concat(Enumerable.Repeat("{\"a\":", depth))}}}1{{{new string('}', depth)}}}}""";
        var task = (await api.PostAsync("/v2/tasks", Body(99))).Is(201).Id;
        (await api.GetAsync($"/v2/tasks/{task}")).Is(200);
        Assert.Single(await api.ListAsync("/v2/tasks"));
        (await api.PostAsync("/v2/tasks", Body(100))).Refused(400, "request", "input_invalid");
    }

    [Fact]
    public async Task Bytes_that_are_no_utf_8_are_refused_also_where_nobody_reads_them()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        byte[] body = [.. Encoding.UTF8.GetBytes($"{{\"name\":\"x\",\"agent_id\":\"{agent}\",\"extraction\":{{\"a\":\""), 0xff, 0xfe, .. "\"}}"u8];
        (await SendBytesAsync(api, "/v2/tasks", body)).Refused(400, "request", "input_invalid");
        Assert.Empty(await api.ListAsync("/v2/tasks"));
    }

    [Fact]
    public async Task A_whole_number_may_be_written_in_any_way_json_has()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        foreach (var written in (string[])["30", "30.0", "3e1", "3.0E+1"])
            (await api.PostAsync("/v2/tasks", $$$"""{"name":"x","agent_id":"{{{agent}}}","settings":{"timeout_seconds":{{{written}}}}}""")).Is(201).Has("settings.timeout_seconds", 30);
    }

    [Fact]
    public async Task Characters_are_counted_as_people_count_them()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/agents", new { name = string.Concat(Enumerable.Repeat("🔑", 255)) })).Is(201);
        (await api.PostAsync("/v2/agents", new { name = string.Concat(Enumerable.Repeat("🔑", 256)) })).Faults("name");
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_fault_and_a_compressed_body_is()
    {
        var api = await server.NewOrganizationAsync();
        (await SendBytesAsync(api, "/v2/agents", [0xEF, 0xBB, 0xBF, .. """{"name":"Ada"}"""u8])).Is(201).Has("name", "Ada");
        (await SendBytesAsync(api, "/v2/agents", """{"name":"Ada"}"""u8.ToArray(), encoding: "gzip")).Refused(415, "request", "input_invalid");
        (await SendBytesAsync(api, "/v2/agents", """{"name":"Ada"}"""u8.ToArray(), encoding: "identity")).Is(201);
    }

    [Fact]
    public async Task A_flood_of_faults_is_told_in_part()
    {
        var api = await server.NewOrganizationAsync();
        var body = $"{{{string.Join(',', Enumerable.Range(0, 60_000).Select(i => $"\"a{i % 300}\":1"))}}}";
        Assert.Equal(100, (await api.PostAsync("/v2/agents", body)).Is(400)["errors"].GetArrayLength());
    }

    [Fact]
    public async Task What_is_sent_along_with_a_get_means_nothing()
    {
        var api = await server.NewOrganizationAsync();
        foreach (var (contentType, body) in ((string, string)[])[("application/json", "{\"a\":1}"), ("text/plain", "x"), ("application/json", "{"), ("application/json", "")])
            (await api.SendAsync(HttpMethod.Get, "/v2/agents", r => r.Content = new StringContent(body, Encoding.UTF8, contentType))).Is(200);
    }

    [Fact]
    public async Task An_address_that_is_too_long_is_answered_in_the_same_form()
    {
        var api = await server.NewOrganizationAsync();
        (await api.GetAsync($"/v2/agents?cursor={new string('a', 16_000)}")).Refused(414, "request", "input_invalid");
        (await api.GetAsync($"/v2/agents?{string.Join('&', Enumerable.Range(0, 3_000).Select(i => $"a{i}=1"))}")).Refused(414, "request", "input_invalid");
        (await api.GetAsync($"/v2/agents?{string.Join('&', Enumerable.Range(0, 1_000).Select(i => $"a{i}=1"))}")).Is(200);
    }

    [Fact]
    public async Task A_route_is_the_same_however_its_address_is_written()
    {
        var api = await server.NewOrganizationAsync();
        foreach (var path in (string[])["/v2/agents", "/v2/agents/", "/V2/Agents", "/v2/%61gents"])
        {
            (await api.GetAsync(path)).Is(200);
            (await api.With(null).GetAsync(path)).Refused(401, "request", "api_key_invalid");
        }
    }

    [Theory]
    [InlineData("PUT", "/v2/agents", "GET, POST")]
    [InlineData("HEAD", "/v2/agents/agt_1", "DELETE, GET, PATCH")]
    [InlineData("OPTIONS", "/v2/agents", "GET, POST")]
    [InlineData("NONSENSE", "/v2/agents", "GET, POST")]
    [InlineData("GET", "/v2/tasks/task_1/run", "POST")]
    public async Task A_method_that_a_route_does_not_know_is_a_405_that_says_which_it_knows(string method, string path, string allowed)
    {
        var api = await server.NewOrganizationAsync();
        var answer = await api.SendAsync(new HttpMethod(method), path);
        if (method != "HEAD") answer.Refused(405, "request", "method_not_allowed");
        Assert.Equal(405, answer.Status);
        Assert.Equal(allowed, string.Join(", ", answer.Headers["allow"].Split(", ").Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("2026-03-01", 200)]
    [InlineData("2026-03-01T12:00", 200)]
    [InlineData("2026-03-01T12:00:00Z", 200)]
    [InlineData("2026-03-01T12:00:00.123456789Z", 200)]
    [InlineData("2026-03-01T12:00:00%2B02:00", 200)]
    [InlineData("2026-03-01T12:00:00+02:00", 200)]
    [InlineData("2026-03-01%2012:00:00", 200)]
    [InlineData("0001-01-01T00:00:00Z", 200)]
    [InlineData("9999-12-31T23:59:59.9999999Z", 200)]
    [InlineData("0001-01-01T00:00:00%2B14:00", 400)]
    [InlineData("0000-01-01", 400)]
    [InlineData("2026-02-30", 400)]
    [InlineData("2026-03-01T25:00:00Z", 400)]
    [InlineData("2026-03-01T12:00:00%2B99:00", 400)]
    [InlineData("03/01/2026", 400)]
    [InlineData("March 1, 2026", 400)]
    [InlineData("12:00", 400)]
    [InlineData("1772366400", 400)]
    [InlineData("now", 400)]
    [InlineData("%00", 400)]
    public async Task A_moment_is_written_in_iso_8601(string text, int status)
    {
        var answer = await (await server.NewOrganizationAsync()).GetAsync($"/v2/events?created_after={text}");
        if (status == 200) answer.Is(200);
        else answer.Faults("created_after");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("APPLICATION/JSON")]
    [InlineData("text/json")]
    [InlineData("application/vnd.api+json")]
    [InlineData("application/problem+json; charset=utf-8")]
    [InlineData("")]
    public async Task Json_is_read_under_any_of_its_names(string contentType)
    {
        var api = await server.NewOrganizationAsync();
        (await SendAsync(api, contentType)).Is(201).Has("name", "Ada");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/jsonp")]
    [InlineData("application/xml")]
    public async Task What_is_not_said_to_be_json_is_refused(string contentType) =>
        (await SendAsync(await server.NewOrganizationAsync(), contentType)).Refused(415, "request", "input_invalid");

    [Fact]
    public async Task A_body_of_more_than_a_megabyte_is_a_413_however_it_is_sent()
    {
        var api = await server.NewOrganizationAsync();
        var big = JsonSerializer.Serialize(new { name = "a", description = new string('x', 1_000_001) });
        (await api.PostAsync("/v2/agents", big)).Refused(413, "request", "body_too_large");
        (await api.SendAsync(HttpMethod.Post, "/v2/agents", r =>
        {
            r.Headers.TransferEncodingChunked = true;
            r.Content = new StringContent(big, Encoding.UTF8, "application/json");
        })).Refused(413, "request", "body_too_large");
        // Just below the limit it is read, and what is wrong with it is said.
        var fits = JsonSerializer.Serialize(new { name = "a", unknown = new string('x', 999_000) });
        (await api.PostAsync("/v2/agents", fits)).Is(201);
    }

    [Fact]
    public async Task Fields_that_nobody_knows_are_ignored_and_no_user_agent_is_needed()
    {
        var api = await server.NewOrganizationAsync();
        (await api.PostAsync("/v2/agents", """{"name":"Ada","colour":"blue","nested":{"deep":[1,2,{"x":null}]},"object":"spoon","created_at":7,"tasks":7}""")).Is(201).Has("object", "agent").Lacks("colour");
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task List_parameters_that_make_no_sense_are_a_400_with_their_name(string path)
    {
        var api = await server.NewOrganizationAsync();
        foreach (var limit in (string[])["0", "-1", "101", "999999999999999999999", "ten", "1.5", "1e1", "%00", "%20"])
            (await api.GetAsync($"{path}?limit={limit}")).Faults("limit");
        foreach (var cursor in (string[])["x", "%00", "!!!", "MTIzfm5vcGU9PT0", new string('a', 2_000), "OTk5OTk5OTk5OTk5OTk5OTk5OTk5fng"])
        {
            var answer = await api.GetAsync($"{path}?cursor={cursor}");
            if (answer.Status != 200) answer.Faults("cursor");
            else Assert.Empty(answer["data"].EnumerateArray());
        }

        (await api.GetAsync($"{path}?limit=0&cursor=!&starting_after=nonsense&ending_before=%00")).Faults("limit", "cursor", "starting_after", "ending_before");
        (await api.GetAsync($"{path}?limit=100")).Is(200);
        (await api.GetAsync($"{path}?limit=1")).Is(200);
        (await api.GetAsync($"{path}?limit=")).Is(200);
    }

    [Theory]
    [InlineData("/v2/tasks?status=sleeping", "status")]
    [InlineData("/v2/tasks?agent_id=src_1", "agent_id")]
    [InlineData("/v2/credentials?status=fine", "status")]
    [InlineData("/v2/credentials?source_id=agt_1", "source_id")]
    [InlineData("/v2/credentials?external_id=a%00b", "external_id")]
    [InlineData("/v2/task-runs?status=paused", "status")]
    [InlineData("/v2/task-runs?status=queued,paused", "status")]
    [InlineData("/v2/task-runs?outcome=fine", "outcome")]
    [InlineData("/v2/task-runs?created_after=yesterday", "created_after")]
    [InlineData("/v2/task-runs?task_id=trun_1", "task_id")]
    [InlineData("/v2/sessions?status=asleep", "status")]
    [InlineData("/v2/events?type=agent.exploded", "type")]
    [InlineData("/v2/events?created_before=2026-13-01", "created_before")]
    [InlineData("/v2/events/stream?type=nothing", "type")]
    public async Task Filters_that_make_no_sense_are_a_400_with_their_name(string path, string field) => (await (await server.NewOrganizationAsync()).GetAsync(path)).Faults(field);

    [Fact]
    public async Task Texts_have_a_limit_and_keep_every_character_below_it()
    {
        var api = await server.NewOrganizationAsync();
        var name = string.Concat(Enumerable.Repeat("é🔑\t\"\\/\u2028", 36))[..255];
        if (char.IsHighSurrogate(name[^1])) name = name[..^1];
        var agent = (await api.PostAsync("/v2/agents", new { name, description = "  " })).Is(201).Has("name", name).Has("description", "  ").Id;
        (await api.GetAsync($"/v2/agents/{agent}")).Is(200).Has("name", name);
        (await api.PostAsync("/v2/agents", new { name = new string('n', 256) })).Faults("name");
        (await api.PatchAsync($"/v2/agents/{agent}", new { name = new string('n', 256), description = new string('d', 10_001) })).Faults("name", "description");
    }

    [Fact]
    public async Task Ids_have_their_prefix_and_sort_by_creation()
    {
        var api = await server.NewOrganizationAsync();
        var ids = new List<string>();
        for (var i = 0; i < 30; i++) ids.Add(await api.NewAgentAsync($"Agent {i}"));
        Assert.All(ids, id => Assert.Matches("^agt_[0-9A-Za-z]{16,}$", id));
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(ids, (await api.ListAsync("/v2/agents")).Select(a => a.GetProperty("id").GetString()!).Reverse());
    }

    [Fact]
    public async Task Times_are_utc_with_a_z()
    {
        var api = await server.NewOrganizationAsync();
        var agent = (await api.PostAsync("/v2/agents", new { name = "Ada" })).Is(201);
        foreach (var field in (string[])["created_at", "updated_at"]) Assert.Matches(IsoTime(), agent[field].GetString()!);
        var changed = (await api.PatchAsync($"/v2/agents/{agent.Id}", new { name = "Eve" })).Is(200).Has("created_at", agent["created_at"].GetString());
        Assert.True(string.CompareOrdinal(changed["updated_at"].GetString(), agent["updated_at"].GetString()) >= 0);
    }

    [Fact]
    public async Task The_rate_limit_says_when_to_come_back()
    {
        await using var limited = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api", Values = new Dictionary<string, string> { ["RateLimit__Requests"] = "5" } });
        var other = await limited.NewOrganizationAsync();
        var answers = new List<Answer>();
        for (var i = 0; i < 7; i++) answers.Add(await limited.Api.GetAsync("/v2/test"));
        Assert.Equal(5, answers.Count(a => a.Status == 200));
        var refused = answers[^1].Refused(429, "rate_limit", "rate_limit_exceeded");
        Assert.InRange(int.Parse(refused.Headers["retry-after"]), 1, 10);
        // One organization's haste is not another's.
        (await other.GetAsync("/v2/test")).Is(200);
    }

    private static Task<Answer> SendBytesAsync(Api api, string path, byte[] body, string? encoding = null) => api.SendAsync(HttpMethod.Post, path, r =>
    {
        r.Content = new ByteArrayContent(body);
        r.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (encoding is not null) r.Content.Headers.ContentEncoding.Add(encoding);
    });

    private static Task<Answer> SendAsync(Api api, string contentType) => api.SendAsync(HttpMethod.Post, "/v2/agents", r =>
    {
        r.Content = new ByteArrayContent("""{"name":"Ada"}"""u8.ToArray());
        if (contentType.Length > 0) r.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
    });

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
    private static partial Regex IsoTime();
}
