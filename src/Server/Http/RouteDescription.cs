namespace Ostiary.Server.Http;

/// <summary>A group of routes in the reference.</summary>
internal sealed record Chapter(string Name, string About);

/// <summary>A parameter of a query, as its reader in <see cref="Filters"/> or <see cref="PageRequest"/> takes it.</summary>
/// <param name="Many">It may be repeated or hold several values separated by commas.</param>
/// <param name="Pattern">What an id must match.</param>
internal sealed record QueryParameter(string Name, string About, bool Many = false, IReadOnlyList<string>? Words = null, string? Pattern = null, string? Format = null, (int Least, int Most, int Usual)? Range = null);

/// <summary>
/// What the reference says about one route, written in one chain beside its mapping. What holds for every route (key, rate limit, idempotency, body size, the 404 of
/// an id) is added by <see cref="OpenApiDocument"/> and not repeated here.
/// </summary>
internal sealed class RouteDescription(string summary, string? about)
{
    private readonly List<QueryParameter> _query = [];
    private readonly List<FaultCode> _faults = [];

    public string Summary { get; } = summary;

    public string? About { get; } = about;

    /// <summary>The type that the body is read into, or null: the route takes none.</summary>
    public Type? Body { get; private set; }

    /// <summary>An example of the body as JSON; null: made from the examples of its fields.</summary>
    public string? BodyExample { get; private set; }

    /// <summary>The type of the answer, or null: it is no JSON.</summary>
    public Type? Answer { get; private set; }

    public int Status { get; private set; } = 200;

    /// <summary>Other than JSON, for instance <c>text/event-stream</c>, with an example.</summary>
    public (string MediaType, string Example)? Stream { get; private set; }

    /// <summary>The kind of the id in the path: its object's name and prefix.</summary>
    public (string Object, string Prefix)? Id { get; private set; }

    public IReadOnlyList<QueryParameter> Query => _query;

    /// <summary>Errors of this route alone.</summary>
    public IReadOnlyList<FaultCode> Faults => _faults;

    /// <summary>Request headers: name and meaning.</summary>
    public (string Name, string About)? Header { get; private set; }

    /// <summary>Events sent to the outside because of this route, as the document's <c>webhooks</c>: the type of the body.</summary>
    public (string Name, Type Body, string About)? Webhook { get; private set; }

    /// <summary>The path's <c>{id}</c> names an object of this kind; without it the route answers 404 <c>…_not_found</c>.</summary>
    public RouteDescription At<TId>() where TId : struct, IObjectId<TId>
    {
        Id = (TId.ObjectName, TId.Prefix);
        return this;
    }

    /// <summary>The body, as <see cref="RequestBinder"/> reads it.</summary>
    public RouteDescription Takes<T>(string? example = null) where T : class
    {
        Body = typeof(T);
        BodyExample = example;
        return this;
    }

    /// <summary>The answer of a success.</summary>
    public RouteDescription Gives<T>(int status = 200) where T : ApiObject
    {
        Answer = typeof(T);
        Status = status;
        return this;
    }

    /// <summary>A list in pages: <c>limit</c>, <c>cursor</c>, <c>starting_after</c>, <c>ending_before</c>.</summary>
    public RouteDescription Pages<TId, T>() where TId : struct, IObjectId<TId> where T : ApiObject
    {
        var pattern = PatternOf(TId.Prefix);
        _query.Add(new("limit", "How many items a page holds.", Range: PageRequest.LimitRange));
        _query.Add(new("cursor", "Where the page starts: `next_cursor` of the page before."));
        _query.Add(new("starting_after", "The page starts after this item.", Pattern: pattern));
        _query.Add(new("ending_before", "The page ends before this item.", Pattern: pattern));
        return Gives<ListObject<T>>();
    }

    /// <summary>The answer to a delete.</summary>
    public RouteDescription Deletes() => Gives<DeletedObject>();

    /// <summary>An answer that is no JSON object.</summary>
    public RouteDescription Streams(string mediaType, string example)
    {
        Stream = (mediaType, example);
        return this;
    }

    /// <summary>A filter by ids of one kind, read by <see cref="Filters.Ids"/>.</summary>
    public RouteDescription FilterIds<TId>(string name, string? about = null) where TId : struct, IObjectId<TId> =>
        Filter(new(name, about ?? $"Only of these: ids of {TId.ObjectName.Replace('_', ' ')}s.", Many: true, Pattern: PatternOf(TId.Prefix)));

    /// <summary>A filter by words out of a closed list, read by <see cref="Filters.Words"/>.</summary>
    public RouteDescription FilterWords(string name, IReadOnlyList<string> words, string about) => Filter(new(name, about, Many: true, Words: words));

    /// <summary>A filter by texts, read by <see cref="Filters.Texts"/>.</summary>
    public RouteDescription FilterTexts(string name, string about) => Filter(new(name, about, Many: true));

    /// <summary><c>created_after</c> and <c>created_before</c>, read by <see cref="Filters.Time"/>.</summary>
    public RouteDescription FilterTimes() =>
        Filter(new("created_after", "Only what was created after this moment.", Format: "date-time")).Filter(new("created_before", "Only what was created before this moment.", Format: "date-time"));

    /// <summary>Any other parameter of the query.</summary>
    public RouteDescription Filter(QueryParameter parameter)
    {
        _query.Add(parameter);
        return this;
    }

    /// <summary>Errors of this route besides those that every route may have, by their codes in <see cref="FaultTable"/>.</summary>
    public RouteDescription Fails(params string[] codes)
    {
        _faults.AddRange(codes.Select(FaultTable.OfRequest));
        return this;
    }

    /// <summary>The 404 of an object that the body or the query names (the one in the path needs no mention).</summary>
    public RouteDescription Misses<TId>() where TId : struct, IObjectId<TId>
    {
        _faults.Add(FaultTable.NotFound(TId.ObjectName));
        return this;
    }

    public RouteDescription Reads(string header, string about)
    {
        Header = (header, about);
        return this;
    }

    /// <summary>What is sent to the customer's server later.</summary>
    public RouteDescription Sends<T>(string name, string about) where T : ApiObject
    {
        Webhook = (name, typeof(T), about);
        return this;
    }

    /// <summary>The form of an id with this prefix.</summary>
    public static string PatternOf(string prefix) => $"^{prefix}[0-9A-Za-z_-]{{1,{ObjectId.LongestTail}}}$";
}

/// <summary>How routes get their description.</summary>
internal static class RouteDescriptions
{
    /// <summary>A chapter of the reference; map its routes on what comes back.</summary>
    public static IEndpointRouteBuilder Chapter(this IEndpointRouteBuilder routes, string name, string about) => routes.MapGroup("").WithMetadata(new Chapter(name, about));

    /// <summary>
    /// Begins the description of a route. <paramref name="summary"/> is a short imperative, unique over all routes (<c>Create an agent</c>): the operation's id is made from
    /// it. <paramref name="about"/> says what a customer must know beyond it.
    /// </summary>
    public static RouteDescription Describe(this IEndpointConventionBuilder route, string summary, string? about = null)
    {
        var description = new RouteDescription(summary, about);
        route.WithMetadata(description);
        return description;
    }
}
