using System.Text.Json;

namespace Ostiary.Portals;

/// <summary>One request to a site, with what it brought and who sent it.</summary>
internal sealed class Visit
{
    private readonly SiteState state;
    private readonly IReadOnlyDictionary<string, string> values;
    private Visitor? visitor;

    private Visit(HttpContext http, SiteState state, IReadOnlyDictionary<string, string> values)
    {
        Http = http;
        this.state = state;
        this.values = values;
        visitor = state.Visitor(state.Site.Flow is { } flow && http.Request.Query[flow].ToString() is { Length: > 0 } carried ? carried : http.Request.Cookies[state.Site.Cookie]);
        visitor?.Count(state.ExpireAfter);
    }

    public HttpContext Http { get; }
    public SiteState State => state;

    /// <summary>Everything the request brought.</summary>
    public IReadOnlyDictionary<string, string> Values => values;

    /// <summary>A field of the posted form or of the JSON object, or of the query on GET; empty when missing.</summary>
    public string this[string field] => values.TryGetValue(field, out var value) ? value : "";

    /// <summary>The browser behind the cookie; asking for it sets the cookie.</summary>
    public Visitor Visitor => visitor ??= Remember(state.NewVisitor());

    /// <summary>The browser behind the cookie, or null. Never sets a cookie.</summary>
    public Visitor? Known => visitor;

    /// <summary>Who is signed in, or null. Never sets a cookie.</summary>
    public Account? Account => visitor?.Account;

    /// <summary>Who has given the first proof and is now at <paramref name="stage"/>, or null.</summary>
    public Account? PendingAt(string stage) => visitor is { } known && known.Stage == stage ? known.Pending : null;

    /// <summary>True when the form carried this visitor's token.</summary>
    public bool FromOwnForm(string field) => visitor is { } known && this[field] == known.Csrf;

    /// <summary>Counts a submitted password; true when name, password and <paramref name="alsoRight"/> hold.</summary>
    public bool TryPassword(string name, string password, out Account account, bool alsoRight = true)
    {
        account = state.Account(name);
        return account.TryPassword(password, state.Site.LockAfter, alsoRight);
    }

    /// <summary>The first proof is given; <paramref name="stage"/> is what comes next.</summary>
    public void Continue(Account account, string stage)
    {
        Visitor.Pending = account;
        Visitor.Stage = stage;
    }

    /// <summary>All proofs are given: a fresh cookie (nobody keeps an id from before signing in) and a signed-in visitor.</summary>
    public void SignIn(Account account)
    {
        var notes = visitor?.Notes;
        if (visitor is not null) state.Forget(visitor);
        visitor = Remember(state.NewVisitor());
        foreach (var note in notes ?? []) visitor.Notes[note.Key] = note.Value;
        visitor.SignIn(account);
        account.SignedIn();
    }

    public void SignOut()
    {
        if (visitor is not null) state.Forget(visitor);
        visitor = null;
        Http.Response.Cookies.Delete(state.Site.Cookie, CookieFor());
    }

    /// <summary>True once after this visitor's session expired.</summary>
    public bool TakeExpired()
    {
        if (visitor is not { WasExpired: true }) return false;
        visitor.WasExpired = false;
        return true;
    }

    public static IResult Page(string html, int status = StatusCodes.Status200OK) => Results.Content(html, "text/html; charset=utf-8", null, status);

    public static IResult Json(object value, int status = StatusCodes.Status200OK) => Results.Json(value, PortalJson.Options, statusCode: status);

    /// <summary>Where this request was sent to, e.g. <c>http://127.0.0.1:8490</c>.</summary>
    public string Origin => Http.Request.Scheme + "://" + Http.Request.Host.Value;

    /// <summary>The same host by its other name, which a browser treats as another site.</summary>
    public string OtherOrigin => Http.Request.Scheme + "://" + (Http.Request.Host.Host == "localhost" ? "127.0.0.1" : "localhost") + ":" + Http.Request.Host.Port;

    /// <summary>303 to a path of this site.</summary>
    public IResult Go(string path = "")
    {
        Http.Response.Headers.Location = "/" + state.Portal.Id + "/" + path;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    internal static async Task<Visit> ReadAsync(HttpContext http, SiteState state)
    {
        var given = new Dictionary<string, string>();
        if (http.Request.HasFormContentType)
        {
            foreach (var field in await http.Request.ReadFormAsync(http.RequestAborted)) given[field.Key] = field.Value.ToString();
        }
        else if (http.Request.HasJsonContentType())
        {
            foreach (var member in await ReadJsonAsync(http)) given[member.Key] = member.Value.ToString();
        }
        else
        {
            foreach (var parameter in http.Request.Query) given[parameter.Key] = parameter.Value.ToString();
        }

        return new Visit(http, state, given);
    }

    /// <summary>A body that is no JSON object holds no fields; the site then answers as to an empty form.</summary>
    private static async Task<Dictionary<string, JsonElement>> ReadJsonAsync(HttpContext http)
    {
        try
        {
            return await http.Request.ReadFromJsonAsync<Dictionary<string, JsonElement>>(http.RequestAborted) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private Visitor Remember(Visitor fresh)
    {
        Http.Response.Cookies.Append(state.Site.Cookie, fresh.Id, CookieFor());
        return fresh;
    }

    private CookieOptions CookieFor() => new() { Path = "/" + state.Portal.Id, HttpOnly = true, SameSite = SameSiteMode.Lax };
}
