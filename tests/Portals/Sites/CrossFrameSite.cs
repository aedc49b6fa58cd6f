namespace Ostiary.Portals.Sites;

/// <summary>A clinic that lets another site's identity service do the signing in, inside a frame of that other origin.</summary>
internal sealed class CrossFrameSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "xframe",
        Title = "Orchard Health",
        Path = "/xframe/sign-in",
        Username = "patient.iris@orchard.example",
        Password = "Practice-Only-7!",
        WrongPassword = "Not-The-Right-One-7!",
        WrongText = "KeyWarden could not confirm your identity with these details.",
        Evidence = "Next appointment: Thursday, 10:40",
        Style = "The form lies in a frame of another site (localhost against 127.0.0.1); the frame hands a one-time ticket to the page by postMessage.",
    };

    public override string Color => "#9d174d";
    public override string Cookie => "orchard";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "Orchard Health", """
            <section class="lead"><h1>Your family doctor, around the corner.</h1><p>Four clinics, one file, no waiting music.</p><a class="btn" href="/xframe/sign-in">Patient portal</a></section>
            """)));
        at.Get("sign-in", visit => visit.Account is null ? Visit.Page(Shell(visit, "Patient portal", FramePart(visit))) : visit.Go("record"));
        at.Get("keywarden", visit => Visit.Page(KeyWarden(visit, "", "")));
        at.Post("keywarden", visit =>
        {
            if (!visit.TryPassword(visit["kw_user"], visit["kw_pass"], out var account))
                return Visit.Page(KeyWarden(visit, visit["kw_user"], "KeyWarden could not confirm your identity with these details."));
            var ticket = visit.State.IssueTicket(account);
            return Visit.Page(Markup.Document("en", "KeyWarden", KeyWardenCss, $$"""
                <p>Confirmed. Taking you back…</p><script>parent.postMessage({ ticket: '{{ticket}}' }, '{{visit.OtherOrigin}}')</script>
                """));
        });
        at.Get("enter", visit =>
        {
            if (visit.State.TakeTicket(visit["ticket"]) is not { } account) return visit.Go("sign-in");
            visit.SignIn(account);
            return visit.Go("record");
        });
        at.Get("record", visit => visit.Account is null ? visit.Go("sign-in") : Visit.Page(Shell(visit, "Your record", """
            <section><h1>Hello Iris</h1><div class="tile"><b>Next appointment: Thursday, 10:40</b><br>Dr. Halloran, Mill Lane clinic, room 4</div>
            <div class="tile">Repeat prescription: 2 of 6 left</div><div class="tile">Laboratory: 1 new result</div></section>
            """)));
        at.Get("goodbye", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string FramePart(Visit visit) => $$"""
        <section class="gate"><div><h1>Patient portal</h1><p>Orchard Health uses KeyWarden to keep your file safe. Use the KeyWarden account that you set up at the front desk.</p>
        <p><a href="/xframe/#register">I have no account yet</a></p></div>
        <iframe id="kw" src="{{visit.OtherOrigin}}/xframe/keywarden" title="KeyWarden" width="360" height="380"></iframe></section>
        <script>addEventListener('message', event => { if (event.origin === '{{visit.OtherOrigin}}' && event.data.ticket) location.href = '/xframe/enter?ticket=' + event.data.ticket; });</script>
        """;

    private static string KeyWarden(Visit visit, string user, string fault) => Markup.Document("en", "KeyWarden", KeyWardenCss, $"""
        <div class="kw"><strong>KeyWarden</strong>{(fault.Length > 0 ? $"""<p role="alert">{fault}</p>""" : "")}
        <form method="post" action="{visit.Origin}/xframe/keywarden"><label>Username or email<input name="kw_user" value="{Markup.Text(user)}" autocomplete="username"></label>
        <label>Password<input name="kw_pass" type="password" autocomplete="current-password"></label><button>Confirm identity</button></form><small>Secured by KeyWarden, a fictional service</small></div>
        """);

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en", title + " – Orchard Health", Css, $"""
        <header><b>orchard health</b><a href="/xframe/">Clinics</a><a href="/xframe/">Team</a><a href="/xframe/">Vaccinations</a>{(visit.Account is null
            ? """<a class="btn" href="/xframe/sign-in">Patient portal</a>"""
            : """<span>Iris M.</span><a href="/xframe/goodbye">Sign out</a>""")}</header><main>{main}</main>
        <footer>In an emergency call the emergency number. Orchard Health is fictional.</footer>
        """, """<link rel="icon" href="/xframe/icon.svg">""");

    private const string Css = """
        body{margin:0;font:17px/1.6 "Trebuchet MS",sans-serif;color:#4a1030;background:#fff7fa}header{display:flex;gap:1.8rem;align-items:center;padding:1.2rem 4rem}header b{flex:1;font-size:1.4rem;color:#9d174d}a{color:#9d174d}
        .btn{background:#9d174d;color:#fff;padding:.6rem 1.3rem;border-radius:8px;text-decoration:none}main{max-width:58rem;margin:2rem auto;padding:0 2rem}.lead{padding:5rem 3rem;border-radius:30px;background:radial-gradient(circle at 80% 20%,#fbcfe8,#fff1f6 70%)}.lead h1{font-size:2.6rem}
        .gate{display:flex;gap:3rem;align-items:flex-start}.gate div{flex:1}iframe{border:1px solid #fbcfe8;border-radius:16px;background:#fff}.tile{background:#fff;border-left:6px solid #f472b6;padding:1rem 1.5rem;margin:1rem 0;border-radius:8px}footer{text-align:center;font-size:.8rem;padding:3rem;color:#a45}
        """;

    private const string KeyWardenCss = """
        body{margin:0;font:15px/1.5 system-ui,sans-serif;color:#222}.kw{padding:26px}label{display:block;margin-top:16px;font-size:13px;color:#555}input{display:block;width:100%;box-sizing:border-box;padding:10px;margin-top:4px;border:1px solid #bbb;border-radius:6px;font:inherit}
        button{margin:20px 0 16px;width:100%;padding:11px;background:#222;color:#fff;border:0;border-radius:6px;font:inherit}p[role=alert]{color:#b00020;font-size:14px}small{color:#888}
        """;
}
