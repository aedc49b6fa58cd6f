using System.Text;

namespace Ostiary.Portals.Sites;

/// <summary>An instrument maker's service area behind HTTP Basic authentication (RFC 7617): no form, no page before the password.</summary>
internal sealed class BasicSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "basic",
        Title = "Quarry Instruments",
        Path = "/basic/service/",
        Username = "bench-4410",
        Password = "Practice-Only-36!",
        WrongPassword = "Not-The-Right-One-36!",
        WrongIsSilent = true,
        Evidence = "Calibration due",
        Style = "HTTP Basic authentication: the server answers 401 with WWW-Authenticate, and there is no form.",
        HttpAuthentication = true,
    };

    public override string Color => "#57534e";
    public override string Cookie => "quarry";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Markup.Document("en", "Quarry Instruments", Css, """<h1>Quarry Instruments</h1><p>Balances, gauges, sieves.</p><ul><li><a href="/basic/">Catalogue</a></li><li><a href="/basic/service/">Customer login</a></li></ul>""")));
        at.Get("service/", visit =>
        {
            if (visit.Account is null && !LetIn(visit))
            {
                visit.Http.Response.Headers.WWWAuthenticate = "Basic realm=\"Quarry service\", charset=\"UTF-8\"";
                return Visit.Page(Markup.Document("en", "401 Unauthorized", Css, "<h1>401</h1><p>Service area: user name or password not accepted.</p>"), StatusCodes.Status401Unauthorized);
            }
            return Visit.Page(Markup.Document("en", "Service area", Css, """<h1>Your instruments</h1><table><tr><th>Serial</th><th>Calibration due</th></tr><tr><td>Q-22817</td><td>3 March</td></tr></table>"""));
        });
    }

    private static bool LetIn(Visit visit)
    {
        var header = visit.Http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return false;
        string pair;
        try
        {
            pair = Encoding.UTF8.GetString(Convert.FromBase64String(header[6..]));
        }
        catch (FormatException)
        {
            return false;
        }
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !visit.TryPassword(pair[..colon], pair[(colon + 1)..], out var account)) return false;
        visit.SignIn(account);
        return true;
    }

    private const string Css = "body{font:16px/1.4 'Courier New',monospace;margin:3em;color:#292524}table{border-collapse:collapse}td,th{border:1px solid #57534e;padding:.3em 1em;text-align:left}";
}
