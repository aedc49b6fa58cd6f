namespace Ostiary.Server.Http;

/// <summary>The answer of <c>GET /test</c>.</summary>
internal sealed record TestObject : ApiObject
{
    public string Status => "ready";

    public string Environment => "live";
}
