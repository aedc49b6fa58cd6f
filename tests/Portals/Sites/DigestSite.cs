using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Portals.Sites;

/// <summary>An archive behind HTTP Digest authentication (RFC 7616): the password itself never travels.</summary>
internal sealed class DigestSite : Site
{
    private const string Realm = "reading-room";

    public override Portal Portal { get; } = new()
    {
        Id = "digest",
        Title = "Ferncliff Archive",
        Path = "/digest/reading-room",
        Username = "reader-0917",
        Password = "Practice-Only-37!",
        WrongPassword = "Not-The-Right-One-37!",
        WrongIsSilent = true,
        Evidence = "Requested boxes",
        Style = "HTTP Digest authentication with a nonce per challenge; the home page links to the protected page.",
        HttpAuthentication = true,
    };

    public override string Color => "#3f6212";
    public override string Cookie => "ferncliff";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Page("Ferncliff Archive", """<div id="top">Ferncliff Archive <span><a href="/digest/">Opening hours</a> | <a href="/digest/reading-room">Reader login</a></span></div><p>Deeds, maps and letters since 1702.</p>""")));
        at.Get("reading-room", visit =>
        {
            if (visit.Account is null && !LetIn(visit))
            {
                visit.Http.Response.Headers.WWWAuthenticate = $"Digest realm=\"{Realm}\", qop=\"auth\", algorithm=MD5, nonce=\"{Nonce(visit)}\", opaque=\"{Ids.New()}\"";
                return Visit.Page(Page("Readers only", "<h2>Readers only</h2><p>Ask at the desk for a reader's card.</p>"), StatusCodes.Status401Unauthorized);
            }
            return Visit.Page(Page("Reading room", """<h2>Requested boxes</h2><ol><li>Box 14, parish letters</li><li>Box 15, maps</li></ol>"""));
        });
    }

    /// <summary>A nonce of this visitor; who comes back without the cookie gets another.</summary>
    private static string Nonce(Visit visit) => visit.Visitor.Notes.GetOrAdd("nonce", _ => Ids.New());

    private bool LetIn(Visit visit)
    {
        var header = visit.Http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Digest ", StringComparison.OrdinalIgnoreCase)) return false;
        var values = header[7..].Split(',').Select(part => part.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim().Trim('"'), StringComparer.OrdinalIgnoreCase);
        string Of(string name) => values.GetValueOrDefault(name, "");
        if (Of("nonce") != Nonce(visit) || Of("realm") != Realm) return false;
        var expected = Hash($"{Hash($"{Of("username")}:{Realm}:{Portal.Password}")}:{Of("nonce")}:{Of("nc")}:{Of("cnonce")}:{Of("qop")}:{Hash($"GET:{Of("uri")}")}");
        // What was typed cannot be known from its digest: a wrong one is counted as the one wrong value.
        if (!visit.TryPassword(Of("username"), expected == Of("response") ? Portal.Password! : "a digest of something else", out var account)) return false;
        visit.SignIn(account);
        return true;
    }

#pragma warning disable CA5351 // The algorithm that servers ask for and browsers know; nothing is protected by it here.
    private static string Hash(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    private static string Page(string title, string body) => Markup.Document("en-GB", title, "body{font:18px/1.6 Georgia,serif;margin:2rem 5rem;color:#1a2e05}#top{font-variant:small-caps;border-bottom:1px solid}#top span{float:right}", body);
}
