using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Deliveries;

/// <summary>Destinations that are no webhooks, against small stand-ins that check what the real services check. The signatures are computed anew, from the services' documents.</summary>
public sealed class DestinationTypeTests(DeliveryServer house) : IClassFixture<DeliveryServer>
{
    private const string KeyId = "AKIDPRACTICEONLY";
    private const string SecretKey = "practice/only+secret-key";
    private readonly string _path = Guid.NewGuid().ToString("N");

    private WebhookReceiver Receiver => house.Receiver;

    private static object Aws(object settings) => With(settings, new { key = KeyId, secret = SecretKey, session = "practice-session" });

    [Fact]
    public async Task A_queue_of_sqs_gets_the_event_in_a_signed_request()
    {
        var queue = Receiver.Url(_path) + "/orders.fifo";
        var (api, agent, request) = await SendOneAsync("aws_sqs", Aws(new { queue_url = queue, endpoint = Receiver.Url(""), region = "eu-central-1" }), "");
        IsSigned(request, "eu-central-1", "sqs");
        Assert.Equal("AmazonSQS.SendMessage", request.Headers["x-amz-target"]);
        Assert.Equal((queue, agent), (request.Json.GetProperty("QueueUrl").GetString(), request.Json.GetProperty("MessageGroupId").GetString()));
        await IsTheEventAsync(api, agent, request.Json.GetProperty("MessageBody").GetString()!);
        Assert.Equal("agent.created", request.Json.GetProperty("MessageAttributes").GetProperty("event_type").GetProperty("StringValue").GetString());
    }

    [Fact]
    public async Task A_stream_of_kinesis_gets_the_event_in_a_signed_request()
    {
        var (api, agent, request) = await SendOneAsync("aws_kinesis", Aws(new { stream_name = "events", region = "us-west-2", endpoint = Receiver.Url("") }), "");
        IsSigned(request, "us-west-2", "kinesis");
        Assert.Equal("Kinesis_20131202.PutRecord", request.Headers["x-amz-target"]);
        Assert.Equal(("events", agent), (request.Json.GetProperty("StreamName").GetString(), request.Json.GetProperty("PartitionKey").GetString()));
        await IsTheEventAsync(api, agent, Encoding.UTF8.GetString(request.Json.GetProperty("Data").GetBytesFromBase64()));
    }

    [Fact]
    public async Task A_bus_of_eventbridge_gets_the_event_and_a_refused_entry_is_a_failure()
    {
        var refuses = 2;
        Receiver.Answers("", http =>
        {
            http.Response.ContentType = "application/x-amz-json-1.1";
            return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(http.Response, $$"""{"FailedEntryCount":{{(Interlocked.Decrement(ref refuses) >= 0 ? 1 : 0)}},"Entries":[{}]}""");
        });
        var (api, agent, request) = await SendOneAsync("aws_eventbridge", Aws(new { event_bus_name = "main", region = "eu-west-1", endpoint = Receiver.Url("") }), "");
        IsSigned(request, "eu-west-1", "events");
        Assert.Equal("AWSEvents.PutEvents", request.Headers["x-amz-target"]);
        var entry = request.Json.GetProperty("Entries")[0];
        Assert.Equal(("main", "ostiary", "agent.created"), (entry.GetProperty("EventBusName").GetString(), entry.GetProperty("Source").GetString(), entry.GetProperty("DetailType").GetString()));
        await IsTheEventAsync(api, agent, entry.GetProperty("Detail").GetString()!);
        await DeliveredAsync(api, attempts: 3);
        Receiver.Answers("", 200);
    }

    [Fact]
    public async Task A_bucket_of_s3_gets_an_object_of_the_same_name_at_every_attempt()
    {
        var destination = new { type = "aws_s3", aws_s3 = Aws(new { bucket = "practice-bucket", region = "eu-north-1", key_prefix = "deck/", storage_class = "STANDARD_IA", endpoint = Receiver.Url("") }) };
        var api = await house.Server.NewOrganizationAsync();
        (await api.PostAsync("/v2/event-destinations", With(destination, new { name = "Bucket" }))).Is(201);
        var agent = await api.NewAgentAsync();
        var request = await Eventually.GetAsync("The object arrives", () => Task.FromResult(Receiver.All.FirstOrDefault(r => r.Path.StartsWith("/practice-bucket/deck/", StringComparison.Ordinal) && r.ObjectId == agent)));
        var happened = (await api.GetAsync("/v2/events")).Is(200);
        Assert.Equal($"/practice-bucket/deck/{happened["data.0.created_at"].GetDateTimeOffset().UtcDateTime.ToString("yyyy/MM/dd", CultureInfo.InvariantCulture)}/{happened["data.0.id"].GetString()}.json", request.Path);
        Assert.Equal(("PUT", "STANDARD_IA", "application/json"), (request.Method, request.Headers["x-amz-storage-class"], request.Headers["content-type"]));
        IsSigned(request, "eu-north-1", "s3");
        await IsTheEventAsync(api, agent, request.Text);
    }

    [Fact]
    public async Task A_topic_of_pubsub_gets_the_event_with_a_token_that_the_service_account_signed_for()
    {
        using var key = RSA.Create(2048);
        Receiver.Answers(_path + "/token", http => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(http.Response, """{"access_token":"practice-token","expires_in":3600,"token_type":"Bearer"}"""));
        var account = JsonSerializer.Serialize(new { type = "service_account", client_email = "ostiary@practice.example", private_key = key.ExportPkcs8PrivateKeyPem(), token_uri = Receiver.Url(_path + "/token") });
        var publish = $"{_path}/v1/projects/practice/topics/events:publish";
        var (api, agent, request) = await SendOneAsync("gcp_pubsub", new { project_id = "practice", topic = "events", endpoint = Receiver.Url(_path), service_account_json = account }, publish);
        Assert.Equal("Bearer practice-token", request.Headers["authorization"]);
        var message = request.Json.GetProperty("messages")[0];
        Assert.Equal((agent, "agent.created"), (message.GetProperty("orderingKey").GetString(), message.GetProperty("attributes").GetProperty("event_type").GetString()));
        await IsTheEventAsync(api, agent, Encoding.UTF8.GetString(message.GetProperty("data").GetBytesFromBase64()));
        // The second event needs no second token.
        await api.NewAgentAsync();
        await Receiver.WaitAsync("The second is published", publish, w => w.Count == 2);
        var asked = Assert.Single(Receiver.At(_path + "/token"));
        var form = asked.Text.Split('&').Select(p => p.Split('=')).ToDictionary(p => p[0], p => Uri.UnescapeDataString(p[1]));
        Assert.Equal("urn:ietf:params:oauth:grant-type:jwt-bearer", form["grant_type"]);
        var parts = form["assertion"].Split('.');
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        Assert.Equal(("ostiary@practice.example", Receiver.Url(_path + "/token"), "https://www.googleapis.com/auth/pubsub"), (claims.GetProperty("iss").GetString(), claims.GetProperty("aud").GetString(), claims.GetProperty("scope").GetString()));
        Assert.InRange(claims.GetProperty("exp").GetInt64() - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 60, 3_600);
    }

    [Fact]
    public async Task A_queue_of_service_bus_gets_the_event_with_a_shared_access_signature()
    {
        const string key = "cHJhY3RpY2Ugb25seSBrZXk=";
        var host = Receiver.Url("").TrimEnd('/');
        var (api, agent, request) = await SendOneAsync("azure_servicebus", new { name = _path, connection_string = $"Endpoint={host}/;SharedAccessKeyName=send only;SharedAccessKey={key}" }, $"{_path}/messages");
        Assert.StartsWith("SharedAccessSignature ", request.Headers["authorization"]);
        var parts = request.Headers["authorization"]["SharedAccessSignature ".Length..].Split('&').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        Assert.Equal($"{host}/{_path}", Uri.UnescapeDataString(parts["sr"]));
        Assert.Equal("send only", Uri.UnescapeDataString(parts["skn"]));
        Assert.InRange(long.Parse(parts["se"], CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 60, 3_600);
        Assert.Equal(Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"{parts["sr"]}\n{parts["se"]}"))), Uri.UnescapeDataString(parts["sig"]));
        var properties = JsonDocument.Parse(request.Headers["brokerproperties"]).RootElement;
        Assert.Equal((agent, "agent.created"), (properties.GetProperty("SessionId").GetString(), properties.GetProperty("Label").GetString()));
        await IsTheEventAsync(api, agent, request.Text);
    }

    [Fact]
    public async Task A_source_of_hookdeck_gets_the_event_signed_with_its_token()
    {
        var token = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{_path}:practice-only"));
        var (api, agent, request) = await SendOneAsync("hookdeck", new { token, endpoint = Receiver.Url("") }, _path);
        Assert.Equal("v0=" + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), request.Body)), request.Headers["x-hookdeck-signature"]);
        await IsTheEventAsync(api, agent, request.Text);
    }

    [Fact]
    public async Task An_exchange_of_rabbitmq_gets_the_event_and_confirms_it()
    {
        await using var broker = new FakeBroker("ostiary", "practice-only");
        var api = await house.Server.NewOrganizationAsync();
        // In the older form, where everything is a string.
        var made = (await api.PostAsync("/v2/event-destinations", new
        {
            name = "Broker", type = "rabbitmq", config = new { server_url = $"127.0.0.1:{broker.Port}/practice", exchange = "events", tls = "false" }, credentials = new { username = "ostiary", password = "practice-only" },
        })).Is(201).Has("rabbitmq", new { server_url = $"127.0.0.1:{broker.Port}/practice", exchange = "events", tls = false, username = "ostiary", password = "•••" });
        var agent = await api.NewAgentAsync();
        await DeliveredAsync(api, attempts: 1);
        var message = Assert.Single(broker.Messages);
        Assert.Equal(("practice", "events", "agent.created"), (message.VirtualHost, message.Exchange, message.RoutingKey));
        await IsTheEventAsync(api, agent, message.Body);
        (await api.PatchAsync($"/v2/event-destinations/{made.Id}", new { rabbitmq = new { exchange = "missing" } })).Is(200);
        Assert.Contains("NOT_FOUND", (await api.PostAsync($"/v2/event-destinations/{made.Id}/test")).Is(200).Has("status", "failure")["response_excerpt"].GetString());
        (await api.PatchAsync($"/v2/event-destinations/{made.Id}", new { rabbitmq = new { exchange = "events", routing_key = "mine", password = "wrong" } })).Is(200);
        Assert.Contains("refused", (await api.PostAsync($"/v2/event-destinations/{made.Id}/test")).Is(200).Has("status", "failure")["response_excerpt"].GetString());
        (await api.PatchAsync($"/v2/event-destinations/{made.Id}", new { credentials = new { password = "practice-only" } })).Is(200);
        (await api.PostAsync($"/v2/event-destinations/{made.Id}/test")).Is(200).Has("status", "success");
        Assert.Equal("mine", broker.Messages.Last().RoutingKey);
        Assert.Empty(SecretSearch.InText(api.Transcript, "practice-only"));
    }

    [Fact]
    public async Task Secrets_are_withheld_and_kept_sealed_and_stay_when_something_else_is_changed()
    {
        var api = await house.Server.NewOrganizationAsync();
        var made = (await api.PostAsync("/v2/event-destinations", new { name = "Queue", type = "aws_sqs", aws_sqs = Aws(new { queue_url = Receiver.Url(_path), endpoint = Receiver.Url(_path) }) })).Is(201)
            .Has("type", "aws_sqs").Has("status", "active").Lacks("webhook").Has("aws_sqs", new { queue_url = Receiver.Url(_path), endpoint = Receiver.Url(_path), key = "•••", secret = "•••", session = "•••" });
        (await api.PatchAsync($"/v2/event-destinations/{made.Id}", new { name = "Other", aws_sqs = new { region = "eu-west-3" } })).Is(200).Has("aws_sqs.region", "eu-west-3").Has("aws_sqs.queue_url", Receiver.Url(_path)).Has("aws_sqs.secret", "•••").Has("name", "Other");
        (await api.GetAsync("/v2/event-destinations")).Is(200).Has("data.0.aws_sqs.key", "•••");
        (await api.PostAsync($"/v2/event-destinations/{made.Id}/rotate-secret")).Refused(409, "request", "state_conflict");
        await using var connection = await house.Server.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT string_agg(d::text, ' ') FROM event_destinations d", connection);
        Assert.Empty(SecretSearch.InText((string)(await command.ExecuteScalarAsync())!, SecretKey, KeyId));
        Assert.Empty(SecretSearch.InText(api.Transcript, SecretKey, KeyId));
        Assert.Empty(SecretSearch.InText(house.Server.ReadLog(), SecretKey, KeyId));
    }

    public static TheoryData<string, string, string[]> Faulty => new()
    {
        { "aws_sqs", "{}", ["aws_sqs.queue_url", "aws_sqs.key", "aws_sqs.secret"] },
        { "aws_sqs", """{"queue_url":"http://169.254.169.254/q","key":"","secret":7,"region":"mars"}""", ["aws_sqs.queue_url", "aws_sqs.key", "aws_sqs.secret", "aws_sqs.region"] },
        { "aws_kinesis", """{"stream_name":"a/b","region":"eu-west-1\n","key":"k","secret":"s"}""", ["aws_kinesis.stream_name", "aws_kinesis.region"] },
        { "aws_s3", """{"bucket":"../x","key_prefix":"a?b","storage_class":"x y","key":"k","secret":"s"}""", ["aws_s3.bucket", "aws_s3.region", "aws_s3.key_prefix", "aws_s3.storage_class"] },
        { "aws_eventbridge", """{"event_bus_name":"a b","region":"eu-west-1","endpoint":"ftp://x","key":"k","secret":"s"}""", ["aws_eventbridge.event_bus_name", "aws_eventbridge.endpoint"] },
        { "gcp_pubsub", """{"project_id":"p","topic":"x","service_account_json":"{}"}""", ["gcp_pubsub.topic", "gcp_pubsub.service_account_json"] },
        { "azure_servicebus", """{"name":"/","connection_string":"Endpoint=sb://x.example/"}""", ["azure_servicebus.name", "azure_servicebus.connection_string"] },
        { "hookdeck", """{"token":"not base64"}""", ["hookdeck.token"] },
        { "rabbitmq", """{"server_url":"http://x","tls":"maybe","username":"","password":""}""", ["rabbitmq.server_url", "rabbitmq.tls", "rabbitmq.username", "rabbitmq.password"] },
        { "rabbitmq", "7", ["rabbitmq", "rabbitmq.server_url", "rabbitmq.username", "rabbitmq.password"] },
    };

    [Theory, MemberData(nameof(Faulty))]
    public async Task Settings_that_cannot_be_used_are_named(string type, string settings, string[] fields)
    {
        var api = await house.Server.NewOrganizationAsync();
        (await api.PostAsync("/v2/event-destinations", $$"""{"name":"x","type":"{{type}}","{{type}}":{{settings}}}""")).Faults(fields);
    }

    private async Task<(Api Api, string Agent, ReceivedWebhook Request)> SendOneAsync(string type, object settings, string path)
    {
        var api = await house.Server.NewOrganizationAsync();
        (await api.PostAsync("/v2/event-destinations", new Dictionary<string, object> { ["name"] = "Mine", ["type"] = type, ["events"] = new[] { "agent.created" }, [type] = settings })).Is(201);
        var agent = await api.NewAgentAsync("Ädä 🔑");
        // Several tests may share a path; the request is known by the agent it tells of.
        await DeliveredAsync(api, attempts: null);
        var arrived = Receiver.At(path).Where(r => r.Text.Contains(agent, StringComparison.Ordinal) || Decoded(r).Contains(agent, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(arrived);
        return (api, agent, arrived[0]);
    }

    // What is inside of a request that carries the event in base64.
    private static string Decoded(ReceivedWebhook request)
    {
        var json = request.Json;
        if (json.TryGetProperty("Data", out var data)) return Encoding.UTF8.GetString(data.GetBytesFromBase64());
        return json.TryGetProperty("messages", out var messages) ? Encoding.UTF8.GetString(messages[0].GetProperty("data").GetBytesFromBase64()) : "";
    }

    private static async Task DeliveredAsync(Api api, int? attempts)
    {
        var destination = (await api.GetAsync("/v2/event-destinations")).Is(200)["data.0.id"].GetString();
        var seen = "";
        var delivery = await Eventually.GetAsync("It is delivered", async () =>
        {
            var all = (await api.GetAsync($"/v2/event-destinations/{destination}/event-deliveries")).Is(200);
            seen = all.Text;
            return all.Find("data.0.status")?.GetString() == "success" ? all : null;
        }, seen: () => seen);
        if (attempts is { } expected) Assert.Equal(expected, delivery["data.0.attempts"].GetInt32());
    }

    private static async Task IsTheEventAsync(Api api, string agent, string text)
    {
        var json = JsonDocument.Parse(text).RootElement;
        Assert.Equal(("event", "agent.created", agent), (json.GetProperty("object").GetString(), json.GetProperty("type").GetString(), json.GetProperty("data").GetProperty("id").GetString()));
        (await api.GetAsync($"/v2/events/{json.GetProperty("id").GetString()}")).Is(200).Has("data.id", agent);
    }

    // "Create a signed AWS API request", from what arrived: canonical request, string to sign, signing key, signature.
    private static void IsSigned(ReceivedWebhook request, string region, string service)
    {
        var authorization = request.Headers["authorization"];
        var parts = authorization["AWS4-HMAC-SHA256 ".Length..].Split(", ").Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        var signed = parts["SignedHeaders"].Split(';');
        Assert.Equal(signed.Order(StringComparer.Ordinal), signed);
        Assert.Superset(new HashSet<string> { "host", "x-amz-date", "x-amz-security-token" }, signed.ToHashSet());
        Assert.All(request.Headers.Keys.Where(h => h.StartsWith("x-amz-", StringComparison.Ordinal)), h => Assert.Contains(h, signed));
        var date = request.Headers["x-amz-date"];
        Assert.Equal($"{KeyId}/{date[..8]}/{region}/{service}/aws4_request", parts["Credential"]);
        Assert.InRange(DateTimeOffset.ParseExact(date, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Equal("practice-session", request.Headers["x-amz-security-token"]);
        var lines = new List<string> { request.Method, request.Path, "" };
        lines.AddRange(signed.Select(name => $"{name}:{request.Headers[name].Trim()}"));
        lines.AddRange(["", parts["SignedHeaders"], Hex(SHA256.HashData(request.Body))]);
        var text = string.Join('\n', "AWS4-HMAC-SHA256", date, $"{date[..8]}/{region}/{service}/aws4_request", Hex(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines)))));
        var key = Encoding.UTF8.GetBytes("AWS4" + SecretKey);
        foreach (var step in new[] { date[..8], region, service, "aws4_request" }) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step));
        Assert.Equal(Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))), parts["Signature"]);

        static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
    }

    private static object With(object first, object second)
    {
        var fields = new Dictionary<string, JsonElement>();
        foreach (var part in new[] { first, second })
        {
            foreach (var property in JsonSerializer.SerializeToElement(part).EnumerateObject()) fields[property.Name] = property.Value;
        }

        return fields;
    }
}
