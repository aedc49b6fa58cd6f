using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Contract;

/// <summary>What clients that other people wrote for this API do: the fields they read, the spellings they send, and the HTTP they speak.</summary>
public sealed partial class ClientHabitsTests(ApiServer server)
{
    [Fact]
    public async Task A_list_is_read_until_its_cursor_is_falsy()
    {
        var api = await server.NewOrganizationAsync();
        for (var i = 0; i < 5; i++) await api.NewAgentAsync($"Agent {i}");
        // while cursor: get(cursor=cursor); a client that knows `has_more` stops at the same page.
        var names = new List<string>();
        var cursor = "";
        do
        {
            var page = (await api.GetAsync($"/v2/agents?limit=2{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}")).Is(200);
            names.AddRange(page["data"].EnumerateArray().Select(a => a.GetProperty("name").GetString()!));
            Assert.True(page["has_more"].ValueKind is JsonValueKind.True or JsonValueKind.False);
            cursor = page["next_cursor"].ValueKind == JsonValueKind.Null ? "" : page["next_cursor"].GetString()!;
            Assert.Equal(page["has_more"].GetBoolean(), cursor.Length > 0);
        }
        while (cursor.Length > 0);
        Assert.Equal(["Agent 4", "Agent 3", "Agent 2", "Agent 1", "Agent 0"], names);
        // Every list has all three, also the ones that are not in pages.
        foreach (var path in (string[])[.. Routes.Lists, "/v2/event-types"])
        {
            var page = (await api.GetAsync($"{path}?limit=100")).Is(200);
            Assert.Equal(JsonValueKind.Array, page["data"].ValueKind);
            Assert.NotNull(page.Find("next_cursor"));
            Assert.NotNull(page.Find("has_more"));
        }
    }

    [Fact]
    public async Task An_error_is_read_from_errors_or_from_the_problem_details()
    {
        var api = await server.NewOrganizationAsync();
        foreach (var answer in (Answer[])[await api.PostAsync("/v2/agents", new { }), await api.GetAsync("/v2/agents/agt_x"), await api.With(null).GetAsync("/v2/test"), await api.GetAsync("/v2/nothing"), await api.PostAsync("/v2/agents", "{")])
        {
            // errors[0].message | errors[0].code, as one client reads it.
            Assert.NotEmpty(answer["errors.0.message"].GetString()!);
            Assert.NotEmpty(answer["errors.0.code"].GetString()!);
            Assert.NotEmpty(answer["errors.0.type"].GetString()!);
            // title | detail | message, as another one does, of a body that is no good.
            if (answer.Status == 400) Assert.All((string[])["title", "detail"], name => Assert.NotEmpty(answer[name].GetString()!));
        }
    }

    [Fact]
    public async Task Both_editions_find_the_fields_they_read()
    {
        var api = await server.NewOrganizationAsync();
        (await api.GetAsync("/v2/test")).Is(200).Has("environment", "live").Has("status", "ready");
        var source = (await api.PostAsync("/v2/sources", new { type = "website", name = "Shop", website = new { url = "http://127.0.0.1:9" } })).Is(201).Has("website.url", "http://127.0.0.1:9/");
        var credential = (await api.PostAsync("/v2/credentials", new { source_id = source.Id, auth_method = "none", auth_credentials = new { } })).Is(201).Has("status", "unverified").Has("auth_method", "none");
        var task = await api.NewTaskAsync();
        (await api.GetAsync($"/v2/tasks/{task}")).Is(200).Has("status", "learning");
        var run = (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential.Id, input = new { } })).Is(201).Has("status", "queued").Has("object", "task_run");
        // Literal commas, percent-encoded ones, and the parameter repeated.
        foreach (var query in (string[])["include=input,storage,screenshots", "include=input%2Cstorage%2Cscreenshots", "include=input&include=storage&include=screenshots", "include[]=input&include[]=storage&include[]=screenshots"])
        {
            var shown = (await api.GetAsync($"/v2/task-runs/{run.Id}?{query}")).Is(200).Has("input", new { }).Has("storage", Array.Empty<object>());
            Assert.Equal(JsonValueKind.Array, shown["screenshots"].ValueKind);
            shown.Lacks("artifacts");
        }

        (await api.GetAsync($"/v2/task-runs/{run.Id}")).Is(200).Lacks("input").Lacks("storage").Lacks("screenshots").Lacks("artifacts").Has("output", null).Has("errors", Array.Empty<object>()).Has("interaction", null);
    }

    [Fact]
    public async Task Storage_settings_may_leave_out_what_they_do_not_need()
    {
        var api = await server.NewOrganizationAsync();
        var agent = await api.NewAgentAsync();
        foreach (var storage in (object[])[new { enabled = true }, new { enabled = true, deduplication = true }, new { enabled = true, extraction = true, extraction_schema = new { type = "object" }, deduplication = true, deduplication_schema = (object?)null }, new { enabled = false }])
            (await api.PostAsync("/v2/tasks", new { name = "Look", agent_id = agent, storage })).Is(201).Has("storage.enabled", JsonSerializer.SerializeToElement(storage).GetProperty("enabled").GetBoolean());
    }

    [Fact]
    public async Task Ids_that_a_client_fixed_in_its_own_code_work_again_and_again()
    {
        var api = await server.NewOrganizationAsync();
        for (var deployment = 0; deployment < 2; deployment++)
        {
            // "Create, and if it is there already, update": what a deployment script does.
            var source = await api.PostAsync("/v2/sources", new { id = "src_fixed-shop_1" + api.Key![^6..], type = "website", website = new { url = "http://127.0.0.1:9/" } });
            var agent = await api.PostAsync("/v2/agents", new { id = "agt_fixed" + api.Key[^6..], name = "Ada" });
            var task = await api.PostAsync("/v2/tasks", new { id = "task_fixed" + api.Key[^6..], name = "Look", agent_id = "agt_fixed" + api.Key[^6..] });
            foreach (var answer in (Answer[])[source, agent, task])
            {
                if (deployment == 0) answer.Is(201);
                else answer.Refused(409, "request", "id_conflict", "id");
            }

            (await api.PatchAsync("/v2/agents/agt_fixed" + api.Key[^6..], new { name = $"Ada {deployment}" })).Is(200).Has("tasks.0.id", "task_fixed" + api.Key[^6..]);
        }
    }

    [Theory]
    [InlineData("bearer")]
    [InlineData("BEARER")]
    [InlineData("Bearer")]
    public async Task The_scheme_of_the_key_may_be_written_in_any_case(string scheme)
    {
        var api = await server.NewOrganizationAsync();
        (await api.With(null).SendAsync(HttpMethod.Get, "/v2/test", r => r.Headers.TryAddWithoutValidation("Authorization", $"{scheme} {api.Key}"))).Is(200);
    }

    [Fact]
    public async Task Plain_http_of_every_age_is_understood()
    {
        var api = await server.NewOrganizationAsync();
        const string body = """{"name":"Ada"}""";
        // HTTP/1.0 without a User-Agent, as an old proxy speaks it.
        var old = await SendRawAsync(api, $"POST /v2/agents HTTP/1.0\r\nAuthorization: Bearer {api.Key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        Assert.Matches("^HTTP/1\\.[01] 201 ", old);
        // Chunks, split in the middle of a word.
        var chunked = await SendRawAsync(api, $"POST /v2/agents HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {api.Key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{body[..5]}\r\n{body.Length - 5:x}\r\n{body[5..]}\r\n0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 201 ", chunked, StringComparison.Ordinal);
        // curl asks first when a body is large.
        var asking = await SendRawAsync(api, $"POST /v2/agents HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {api.Key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\n\r\n", body);
        Assert.StartsWith("HTTP/1.1 100 Continue", asking, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 201 ", asking, StringComparison.Ordinal);
        // A DELETE with a content type and nothing else, as some libraries send it.
        var agent = AgentId().Match(asking).Value;
        var deleted = await SendRawAsync(api, $"DELETE /v2/agents/{agent} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {api.Key}\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n");
        Assert.Contains("\"deleted\":true", deleted, StringComparison.Ordinal);
        Assert.Equal(2, (await api.ListAsync("/v2/agents")).Count);
    }

    [Fact]
    public async Task A_refused_body_is_answered_also_to_who_waits_before_sending_it()
    {
        var api = await server.NewOrganizationAsync();
        var answer = await SendRawAsync(api, $"POST /v2/agents HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {api.Key}\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("body_too_large", answer, StringComparison.Ordinal);
    }

    // Sends bytes as they are and reads until the server closes; what comes after "100 Continue" is sent when that has arrived.
    private static async Task<string> SendRawAsync(Api api, string head, string? afterContinue = null)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var client = new TcpClient();
        await client.ConnectAsync(api.Address.Host, api.Address.Port, cancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(head), cancellationToken);
        var answer = new StringBuilder();
        var buffer = new byte[8_192];
        while (await ReadAsync() is > 0 and var read)
        {
            answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
            if (afterContinue is null || !answer.ToString().Contains("100 Continue", StringComparison.Ordinal)) continue;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(afterContinue), cancellationToken);
            afterContinue = null;
        }

        return answer.ToString();

        // A server that has answered and was never sent the body resets the connection.
        async Task<int> ReadAsync()
        {
            try
            {
                return await stream.ReadAsync(buffer, cancellationToken);
            }
            catch (IOException) when (answer.Length > 0)
            {
                return 0;
            }
        }
    }

    [GeneratedRegex("agt_[0-9A-Za-z]+")]
    private static partial Regex AgentId();
}
