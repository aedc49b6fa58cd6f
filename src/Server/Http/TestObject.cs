namespace Ostiary.Server.Http;

/// <summary>The answer of <c>GET /test</c>.</summary>
internal sealed record TestObject : ApiObject
{
    public string Status => "ready";

    public string Environment => "live";
}

/// <summary>A route to try a key with.</summary>
internal static class TestRoute
{
    public static void MapTest(this IEndpointRouteBuilder routes) =>
        routes.Chapter("Test", "Try whether the server answers and your key is right.").MapGet("/test", () => Reply.Ok(new TestObject())).Describe("Test the key").Gives<TestObject>();
}
