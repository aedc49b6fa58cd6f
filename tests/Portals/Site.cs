namespace Ostiary.Portals;

/// <summary>One practice website. It holds no state itself: that is in <see cref="SiteState"/>, one per running host.</summary>
internal abstract class Site
{
    /// <summary>What tests and people may know about it.</summary>
    public abstract Portal Portal { get; }

    /// <summary>Its main colour, used by its icon.</summary>
    public abstract string Color { get; }

    /// <summary>Name of the cookie that holds a visitor's id. Real sites differ here, and so do these.</summary>
    public virtual string Cookie => Portal.Id + "_sid";

    /// <summary>The query parameter that carries a visitor's id where no cookie travels, as in a frame of another site; null: there is none.</summary>
    public virtual string? Flow => null;

    /// <summary>How many wrong passwords in a row lock an account; far away for most.</summary>
    public virtual int LockAfter => int.MaxValue;

    /// <summary>Puts its pages under <c>/id</c>.</summary>
    public abstract void Map(SiteRoutes at);

    /// <summary>Switches modes on that the site starts with.</summary>
    public virtual void Prepare(SiteState state) { }

    /// <summary>The page shown with status 503.</summary>
    public virtual string UnavailablePage() => Markup.Document("en", Portal.Title + " is unavailable", "", $$"""
        <main style="font-family:sans-serif;max-width:32em;margin:15vh auto;text-align:center">
        <h1>{{Markup.Text(Portal.Title)}} is taking a short break</h1>
        <p>The service is temporarily unavailable. Please try again later.</p></main>
        """);
}

/// <summary>The routes of one site, as its <see cref="Site.Map"/> sees them.</summary>
internal sealed class SiteRoutes(IEndpointRouteBuilder app, SiteState state)
{
    private readonly string prefix = "/" + state.Portal.Id;

    /// <summary>A page or JSON answer at <c>/id/path</c>.</summary>
    public void Get(string path, Func<Visit, IResult> page) => Map("GET", path, visit => Task.FromResult(page(visit)));

    /// <summary>The receiving end of a form or of a JSON call.</summary>
    public void Post(string path, Func<Visit, IResult> handle) => Map("POST", path, visit => Task.FromResult(handle(visit)));

    /// <summary>The same, answered after <paramref name="thinking"/>.</summary>
    public void Post(string path, TimeSpan thinking, Func<Visit, IResult> handle) => Map("POST", path, async visit =>
    {
        await Task.Delay(thinking, state.Clock, visit.Http.RequestAborted);
        return handle(visit);
    });

    /// <summary>Whatever comes, to whatever path.</summary>
    public void Any(Func<Visit, Task<IResult>> handle)
    {
        Map("GET", "{**rest}", handle);
        Map("POST", "{**rest}", handle);
    }

    /// <summary>A style sheet, script or picture. Never delayed, never 503.</summary>
    public void Asset(string path, string contentType, string text) =>
        app.MapGet(Full(path), () => Results.Text(text, contentType));

    private void Map(string method, string path, Func<Visit, Task<IResult>> handle) =>
        app.MapMethods(Full(path), [method], async (HttpContext http) =>
        {
            http.Response.Headers.CacheControl = "no-store";
            if (state.Delay > TimeSpan.Zero) await Task.Delay(state.Delay, state.Clock, http.RequestAborted);
            if (state.TakeUnavailable())
            {
                http.Response.Headers.RetryAfter = "3600";
                return Results.Content(state.Site.UnavailablePage(), "text/html; charset=utf-8", null, StatusCodes.Status503ServiceUnavailable);
            }

            return await handle(await Visit.ReadAsync(http, state));
        });

    private string Full(string path) => path.Length == 0 ? prefix : prefix + "/" + path;
}
