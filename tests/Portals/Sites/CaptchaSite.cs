namespace Ostiary.Portals.Sites;

/// <summary>A ticket office whose form wants the letters of a picture: nothing may be sent without them.</summary>
internal sealed class CaptchaSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "captcha",
        Title = "Limelight Tickets",
        Path = "/captcha/signin",
        Username = "fan@limelight.example",
        Password = "Practice-Only-46!",
        Expected = "source_blocked",
        ExpectedText = "captcha",
        Style = "A captcha picture and a box for its letters stand in the sign-in form; a password sent without them would be a wasted attempt.",
    };

    public override string Color => "#ca8a04";
    public override string Cookie => "lime";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("signin"));
        at.Get("signin", _ => Visit.Page(Markup.Document("en", "Limelight | Sign in", "body{font:16px sans-serif;margin:3rem;background:#fefce8}div{margin:.6rem 0}", """
            <h2>Sign in to buy tickets</h2><form method="post" action="/captcha/signin"><div><label>Email <input name="email" type="email"></label></div><div><label>Password <input name="password" type="password"></label></div>
            <div><svg role="img" aria-label="captcha" width="140" height="46"><rect width="140" height="46" fill="#fde68a"/><path d="M10 38 28 9 40 36M58 10v28M74 12q30 12 0 26M110 38V10l20 28V10" fill="none" stroke="#713f12" stroke-width="4"/></svg></div>
            <div><label>Please solve the captcha: type the characters shown above <input name="captcha_answer" autocomplete="off"></label></div><button>Sign in</button></form>
            """)));
        at.Post("signin", visit =>
        {
            visit.TryPassword(visit["email"], visit["password"], out _);
            return visit.Go("signin");
        });
    }
}
