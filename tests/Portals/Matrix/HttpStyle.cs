using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Portals.Matrix;

/// <summary>The server asks by a header (RFC 7617, RFC 7616); there is no page before.</summary>
internal abstract class HttpStyle : Style
{
    public override bool Calls => true;
    public override bool Scripted => false;

    /// <summary>The header that asks.</summary>
    protected abstract string Challenge(Cell cell);

    /// <summary>User and whether the password fits, from the header that answers; null when it cannot be read.</summary>
    protected abstract (string User, bool Right)? Read(Moment m, AuthenticationHeaderValue header);

    public override IResult Get(Moment m, string path)
    {
        if (path != Door && path.Length > 0) return Results.NotFound();
        var response = m.Visit.Http.Response;
        if (AuthenticationHeaderValue.TryParse(m.Visit.Http.Request.Headers.Authorization, out var header) && Read(m, header) is { } given)
        {
            var account = m.Visit.State.Account(given.User);
            if (account.HasOwnPassword) return Inside(m);
            var right = account.TryPassword(given.Right ? Cell.Password : "wrong", int.MaxValue, given.Right);
            if (m.Cell.Outcome.AtPassword?.Invoke(m, account, right) is Turn.Again { Status: 423 }) return Visit.Page(Body(m.Cell, m.Say("locked")), StatusCodes.Status423Locked);
            if (right)
            {
                // A browser sends the header with every request from now on: that is no further sign-in.
                account.ChangePassword(Cell.Password);
                account.SignedIn();
                return Inside(m);
            }
        }
        response.Headers.WWWAuthenticate = Challenge(m.Cell);
        return Visit.Page(Body(m.Cell, m.Say("wrong")), StatusCodes.Status401Unauthorized);
    }

    public override IResult Show(Cell cell, Scene scene, int status) => Visit.Page(Body(cell, scene.Heading + " " + string.Join(' ', scene.Text)), status);

    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying) => Results.NotFound();

    private static IResult Inside(Moment m) => Visit.Page(Body(m.Cell, m.Say("inside")));

    private static string Body(Cell cell, string text) => Markup.Document(cell.Language, cell.Brand, "", $"<h1>{T(cell.Brand)}</h1><p>{T(text)}</p>");
}

/// <summary>Basic.</summary>
internal sealed class BasicStyle : HttpStyle
{
    public override string Id => "basic";
    public override string About => "HTTP Basic authentication.";
    protected override string Challenge(Cell cell) => $"Basic realm=\"{Uri.EscapeDataString(cell.Brand)}\", charset=\"UTF-8\"";

    protected override (string User, bool Right)? Read(Moment m, AuthenticationHeaderValue header)
    {
        if (header is not { Scheme: "Basic", Parameter: { } parameter }) return null;
        return Encoding.UTF8.GetString(Convert.FromBase64String(parameter)).Split(':', 2) is [var user, var password] ? (user, password == Cell.Password) : null;
    }
}

/// <summary>Digest with SHA-256.</summary>
internal sealed class DigestStyle : HttpStyle
{
    private const string Nonce = "bWF0cml4LW5vbmNlLTE";

    public override string Id => "digest";
    public override string About => "HTTP Digest authentication with SHA-256.";
    protected override string Challenge(Cell cell) => $"Digest realm=\"matrix\", qop=\"auth\", algorithm=SHA-256, nonce=\"{Nonce}\"";

    protected override (string User, bool Right)? Read(Moment m, AuthenticationHeaderValue header)
    {
        if (header is not { Scheme: "Digest", Parameter: { } parameter }) return null;
        var fields = parameter.Split(',').Select(p => p.Trim().Split('=', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1].Trim('"'));
        string F(string name) => fields.GetValueOrDefault(name, "");
        var first = Hash($"{F("username")}:matrix:{Cell.Password}");
        var second = Hash($"GET:{F("uri")}");
        return (F("username"), F("response") == Hash($"{first}:{Nonce}:{F("nc")}:{F("cnonce")}:auth:{second}"));
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
