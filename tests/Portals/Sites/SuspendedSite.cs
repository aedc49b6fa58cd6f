namespace Ostiary.Portals.Sites;

/// <summary>A parcel service that knows the password and does not let the customer in: the account is suspended.</summary>
internal sealed class SuspendedSite : Site
{
    private const string Text = "Your account has been suspended because of an unpaid customs fee. Please contact customer care.";

    public override Portal Portal { get; } = new()
    {
        Id = "suspended",
        Title = "Parcelway",
        Path = "/suspended/id/login",
        Username = "sender.mo@parcelway.example",
        Password = "Practice-Only-27!",
        WrongPassword = "Not-The-Right-One-27!",
        Expected = "auth_locked",
        ExpectedText = "Your account has been suspended",
        WrongText = "Login failed. Please check your e-mail and password.",
        Style = "The right password leads to a sentence that the account is suspended, beside the form that is shown again.",
    };

    public override string Color => "#f97316";
    public override string Cookie => "pw_id";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Shell("Parcelway", """<div class="track"><h1>Where is my parcel?</h1><form><input name="number" placeholder="Tracking number, e.g. PW 0000 0000"><button type="button">Track</button></form></div>""")));
        at.Get("id/login", _ => Visit.Page(Shell("Log in", Form("", ""))));
        at.Post("id/login", visit => visit.TryPassword(visit["j_username"], visit["j_password"], out _)
            ? Visit.Page(Shell("Log in", Form("", Text)), StatusCodes.Status403Forbidden)
            : Visit.Page(Shell("Log in", Form(visit["j_username"], "Login failed. Please check your e-mail and password."))));
    }

    private static string Form(string email, string fault) => $"""
        <div class="cols"><div class="col"><h2>Log in</h2>{(fault.Length > 0 ? $"""<div class="feedback feedback--error"><span class="icon">!</span><div>{fault}</div></div>""" : "")}<form method="post" action="/suspended/id/login"><div class="control"><input id="u" name="j_username" type="text" value="{Markup.Text(email)}"><label for="u">E-mail</label></div><div class="control"><input id="p" name="j_password" type="password"><label for="p">Password</label></div><button type="submit">Log in</button></form></div>
        <div class="col alt"><h2>New to Parcelway?</h2><p>Print labels at home and follow every parcel.</p><a href="/suspended/#register">Register now</a></div></div>
        """;

    private static string Shell(string title, string main) => Markup.Document("en", title, Css, $"""<header><a href="/suspended/">PARCELWAY▸</a><a href="/suspended/">Send</a><a href="/suspended/">Shops</a><a href="/suspended/id/login">Log in</a></header>{main}<footer>Customer care 0555 010 22 · Parcelway is fictional</footer>""", """<link rel="icon" href="/suspended/icon.svg">""");

    private const string Css = """
        body{margin:0;font:16px/1.5 "DIN Alternate",Arial,sans-serif;color:#27272a}header{background:#f97316;display:flex;gap:2rem;padding:1.1rem 3rem}header a{color:#fff;text-decoration:none;font-weight:700}header a:first-child{flex:1;font-style:italic}.cols{display:flex;max-width:54rem;margin:3rem auto;gap:2rem}.col{flex:1;padding:1rem 2rem 2rem;border:1px solid #e4e4e7}.alt{background:#fff7ed}.control{display:flex;flex-direction:column-reverse;margin-bottom:1rem}.control input{padding:.7rem;border:1px solid #a1a1aa;font:inherit}.control label{font-size:.85rem}button{background:#f97316;border:0;color:#fff;padding:.7rem 2rem;font:inherit;font-weight:700}
        .feedback--error{display:flex;gap:.8rem;background:#fef2f2;padding:.8rem;margin-bottom:1rem}.icon{background:#dc2626;color:#fff;width:1.5rem;height:1.5rem;border-radius:50%;text-align:center;flex:none}.track{padding:7rem 3rem;background:#fff7ed}.track input{padding:.8rem;width:20rem;font:inherit}footer{padding:2rem 3rem;color:#71717a}
        """;
}
