using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>Sends to SQS, Kinesis, EventBridge and S3: one signed HTTP request each.</summary>
internal sealed class AwsSender(SecretVault vault, GuardedHttp http, TimeProvider time) : IDestinationSender
{
    public IReadOnlyList<string> Types => ["aws_sqs", "aws_kinesis", "aws_eventbridge", "aws_s3"];

    public async Task<SendResult> SendAsync(DestinationRow destination, OutgoingEvent @event, CancellationToken cancellationToken)
    {
        using var credentials = await DestinationCredentials.OpenAsync(vault, destination, cancellationToken);
        var (service, region, request) = destination.Type switch
        {
            "aws_sqs" => Queue(destination, @event),
            "aws_kinesis" => Stream(destination, @event),
            "aws_eventbridge" => Bus(destination, @event),
            _ => Bucket(destination, @event),
        };
        using (request)
        {
            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            AwsSignature.Sign(request, body, credentials, region, service, time.GetUtcNow());
            if (destination.Type != "aws_eventbridge") return await http.SendAsync(request, cancellationToken);
            // The bus answers 200 also to an entry that it refused.
            var result = await http.SendAsync(request, cancellationToken);
            return result with { Delivered = result.Delivered && result.Excerpt is { } text && !RefusedEntry(text) };
        }
    }

    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    private static (string Service, string Region, HttpRequestMessage Request) Queue(DestinationRow destination, OutgoingEvent @event)
    {
        var url = destination.Setting("queue_url")!;
        var message = new Dictionary<string, object>
        {
            ["QueueUrl"] = url,
            ["MessageBody"] = Encoding.UTF8.GetString(@event.Body),
            ["MessageAttributes"] = new Dictionary<string, object> { ["event_id"] = Attribute(@event.Id), ["event_type"] = Attribute(@event.Type) },
        };
        if (url.EndsWith(".fifo", StringComparison.Ordinal))
        {
            // The events of one object stay in order, and one that is sent again is dropped by the queue.
            message["MessageGroupId"] = @event.ObjectId;
            message["MessageDeduplicationId"] = @event.Id;
        }

        var host = new Uri(url).Host.Split('.');
        var region = destination.Setting("region") ?? (host is ["sqs", var named, ..] && named != "amazonaws" ? named : "us-east-1");
        return ("sqs", region, Post(destination.Setting("endpoint") ?? new Uri(url).GetLeftPart(UriPartial.Authority), "AmazonSQS.SendMessage", "application/x-amz-json-1.0", message));

        static object Attribute(string text) => new { DataType = "String", StringValue = text };
    }

    // https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
    private static (string Service, string Region, HttpRequestMessage Request) Stream(DestinationRow destination, OutgoingEvent @event)
    {
        var region = destination.Setting("region")!;
        return ("kinesis", region, Post(
            destination.Setting("endpoint") ?? $"https://kinesis.{region}.{Domain(region)}", "Kinesis_20131202.PutRecord", "application/x-amz-json-1.1",
            // One object's events share a shard, which keeps them in order.
            new Dictionary<string, object> { ["StreamName"] = destination.Setting("stream_name")!, ["PartitionKey"] = @event.ObjectId, ["Data"] = Convert.ToBase64String(@event.Body) }));
    }

    // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    private static (string Service, string Region, HttpRequestMessage Request) Bus(DestinationRow destination, OutgoingEvent @event)
    {
        var region = destination.Setting("region")!;
        var entry = new Dictionary<string, object> { ["Source"] = "ostiary", ["DetailType"] = @event.Type, ["Detail"] = Encoding.UTF8.GetString(@event.Body), ["Time"] = @event.CreatedAt.ToUnixTimeSeconds() };
        if (destination.Setting("event_bus_name") is { Length: > 0 } bus) entry["EventBusName"] = bus;
        return ("events", region, Post(
            destination.Setting("endpoint") ?? $"https://events.{region}.{Domain(region)}", "AWSEvents.PutEvents", "application/x-amz-json-1.1", new Dictionary<string, object> { ["Entries"] = new[] { entry } }));
    }

    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    private static (string Service, string Region, HttpRequestMessage Request) Bucket(DestinationRow destination, OutgoingEvent @event)
    {
        var (region, bucket) = (destination.Setting("region")!, destination.Setting("bucket")!);
        // The same name at every attempt: sent twice is stored once.
        var key = string.Create(CultureInfo.InvariantCulture, $"{destination.Setting("key_prefix")}{@event.CreatedAt.UtcDateTime:yyyy/MM/dd}/{@event.Id}.json").TrimStart('/');
        var address = destination.Setting("endpoint") is { } endpoint ? $"{endpoint.TrimEnd('/')}/{bucket}/{key}" : $"https://{bucket}.s3.{region}.{Domain(region)}/{key}";
        var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = new ByteArrayContent(@event.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (destination.Setting("storage_class") is { Length: > 0 } kind) request.Headers.TryAddWithoutValidation("x-amz-storage-class", kind);
        return ("s3", region, request);
    }

    private static HttpRequestMessage Post(string endpoint, string target, string contentType, object body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(endpoint), "/")) { Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        request.Headers.TryAddWithoutValidation("x-amz-target", target);
        return request;
    }

    private static string Domain(string region) => region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";

    private static bool RefusedEntry(string answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            return json.RootElement.TryGetProperty("FailedEntryCount", out var count) && count.GetInt32() > 0;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return true;
        }
    }
}

/// <summary>AWS Signature Version 4, with the signature in the <c>Authorization</c> header: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.</summary>
internal static class AwsSignature
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    public static void Sign(HttpRequestMessage request, byte[] body, DestinationCredentials credentials, string region, string service, DateTimeOffset now)
    {
        var at = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var day = at[..8];
        var bodyHash = Convert.ToHexStringLower(SHA256.HashData(body));
        var url = request.RequestUri!;
        request.Headers.Host = url.Authority;
        request.Headers.TryAddWithoutValidation("x-amz-date", at);
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", bodyHash);
        if (credentials.Find("session") is not null) request.Headers.TryAddWithoutValidation("x-amz-security-token", credentials.Text("session"));
        var headers = request.Headers.Where(h => h.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
            .Select(h => (Name: h.Key.ToLowerInvariant(), Value: string.Join(',', h.Value).Trim()))
            .Append(("host", url.Authority)).Append(("content-type", request.Content!.Headers.ContentType!.ToString()))
            .OrderBy(h => h.Item1, StringComparer.Ordinal).ToList();
        var names = string.Join(';', headers.Select(h => h.Item1));
        // Nothing signed here has a query, and paths hold only characters that stand for themselves.
        var canonical = $"{request.Method.Method}\n{url.AbsolutePath}\n\n{string.Concat(headers.Select(h => $"{h.Item1}:{h.Item2}\n"))}\n{names}\n{bodyHash}";
        var scope = $"{day}/{region}/{service}/aws4_request";
        var text = $"{Algorithm}\n{at}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Convert.ToHexStringLower(Hash(Key(credentials["secret"], day, region, service), text));
        request.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={credentials.Text("key")}/{scope}, SignedHeaders={names}, Signature={signature}");
    }

    private static byte[] Key(Secret secret, string day, string region, string service)
    {
        var plain = secret.RevealUtf8();
        var seed = GC.AllocateArray<byte>(4 + plain.Length, pinned: true);
        try
        {
            "AWS4"u8.CopyTo(seed);
            plain.CopyTo(seed, 4);
            return Hash(Hash(Hash(Hash(seed, day), region), service), "aws4_request");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static byte[] Hash(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}
