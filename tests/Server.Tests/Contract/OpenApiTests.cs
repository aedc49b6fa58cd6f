using System.Text.Json.Nodes;
using Ostiary.Server.Tests.HouseRules;
using Ostiary.Server.Tests.Http;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Contract;

/// <summary>
/// The OpenAPI document: complete, the same every time, and checked in. After a change of the API write it anew with
/// <c>OSTIARY_TEST_REWRITE=openapi ./test Server -- -class '*OpenApiTests'</c> and read the difference before you commit it: it is what a customer will notice.
/// </summary>
public sealed class OpenApiTests(ApiServer server)
{
    private const string File = "docs/openapi.json";
    private const string Rewrite = "OSTIARY_TEST_REWRITE=openapi ./test Server -- -class '*OpenApiTests'";

    [Fact]
    public async Task The_checked_in_document_is_the_one_that_is_served()
    {
        var served = (await ReadAsync()).Text;
        var path = Path.Combine(Checkout.Root, File);
        if (Environment.GetEnvironmentVariable("OSTIARY_TEST_REWRITE") == "openapi") await System.IO.File.WriteAllTextAsync(path, served, TestContext.Current.CancellationToken);
        var kept = System.IO.File.Exists(path) ? await System.IO.File.ReadAllTextAsync(path, TestContext.Current.CancellationToken) : "";
        if (kept == served) return;
        var (old, now) = (kept.Split('\n'), served.Split('\n'));
        var line = old.Zip(now).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.Fail($"{File} is not what the server serves, from line {line + 1} on: `{now.ElementAtOrDefault(line)?.Trim()}`. Write it anew and read what changed: {Rewrite}");
    }

    [Fact]
    public async Task Every_route_is_described()
    {
        var document = JsonNode.Parse((await ReadAsync()).Text)!;
        Assert.True(document["x-undescribed"] is null, $"Say what these routes do, with .Describe(…) beside their mapping and in a Chapter: {document["x-undescribed"]?.ToJsonString()}");
    }

    private async Task<Answer> ReadAsync()
    {
        // No key: a program that generates a client has none yet.
        var answer = await (await server.RunningAsync()).Api.With(null).GetAsync("/openapi/v2.json");
        Assert.Equal(200, answer.Status);
        return answer;
    }
}
