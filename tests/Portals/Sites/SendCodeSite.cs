namespace Ostiary.Portals.Sites;

/// <summary>A pension fund that sends its code only when asked; until then the field is asleep.</summary>
internal sealed class SendCodeSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "sendcode",
        Title = "Meridian Pension",
        Path = "/sendcode/members/login",
        Username = "MP-660281",
        Password = "Practice-Only-32!",
        WrongPassword = "Not-The-Right-One-32!",
        Mfa = "code",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "a one-time passcode", [new("code", "string", null, "000000")])],
        WrongText = "The membership number or password isn't right.",
        WrongCodeText = "That passcode isn't right or has run out.",
        Evidence = "Projected pension",
        Style = "The code is sent only after \"Send code\" is pressed; the field is disabled before, and the button then counts down.",
    };

    public override string Color => "#1e40af";
    public override string Cookie => "mer_mem";

    public override void Map(SiteRoutes at)
    {
        at.Asset("otp.js", "text/javascript", Script);
        at.Get("", visit => visit.Go("members/login"));
        at.Get("members/login", _ => Visit.Page(Shell("Member login", Login("", ""))));
        at.Post("members/login", visit =>
        {
            if (!visit.TryPassword(visit["membership"], visit["password"], out var account)) return Visit.Page(Shell("Member login", Login(visit["membership"], "The membership number or password isn't right.")), StatusCodes.Status422UnprocessableEntity);
            visit.Continue(account, "otp");
            return visit.Go("members/passcode");
        });
        at.Get("members/passcode", visit => visit.PendingAt("otp") is null ? visit.Go("members/login") : Visit.Page(Shell("Passcode", Passcode)));
        at.Post("members/passcode/send", visit =>
        {
            if (visit.PendingAt("otp") is not { } account) return Visit.Json(new { sent = false }, StatusCodes.Status401Unauthorized);
            account.SendCode("sms", code => $"Meridian: your one-time passcode is {code}");
            return Visit.Json(new { sent = true });
        });
        at.Post("members/passcode/check", visit =>
        {
            if (visit.PendingAt("otp") is not { } account) return Visit.Json(new { message = "Please log in again." }, StatusCodes.Status401Unauthorized);
            if (!account.TryCode(visit["passcode"])) return Visit.Json(new { message = "That passcode isn't right or has run out." }, StatusCodes.Status422UnprocessableEntity);
            visit.SignIn(account);
            return Visit.Json(new { redirect = "/sendcode/members" });
        });
        at.Get("members", visit => visit.Account is null ? visit.Go("members/login") : Visit.Page(Shell("Overview", """<h1>Hello again</h1><section class="k"><h2>Projected pension</h2><p class="n">1,412 a month from age 67</p></section><section class="k"><h2>Paid in this year</h2><p class="n">3,260</p></section><p><a href="/sendcode/members/logout">Log out</a></p>""")));
        at.Get("members/logout", visit =>
        {
            visit.SignOut();
            return visit.Go("members/login");
        });
    }

    private static string Login(string number, string fault) => $"""
        <h1>Member login</h1><form method="post" action="/sendcode/members/login"><div class="q"><label for="m">Membership number</label><small id="mh">It starts with MP and is on every letter from us</small><input id="m" name="membership" aria-describedby="mh" value="{Markup.Text(number)}"></div><div class="q"><label for="pw">Password</label><input id="pw" name="password" type="password"></div>{(fault.Length > 0 ? $"""<p class="w" role="alert">{fault}</p>""" : "")}<button>Log in</button></form><p><a href="/sendcode/members/login#first">First time? Activate your account</a></p>
        """;

    private const string Passcode = """
        <h1>Let's check it's you</h1><p>We'll text a one-time passcode to your mobile ending in 17.</p><button type="button" id="send">Send code</button>
        <form id="otp"><div class="q"><label for="pc">Passcode</label><input id="pc" inputmode="numeric" maxlength="6" disabled></div><p class="w" role="alert" hidden></p><button id="ok" disabled>Continue</button></form><p><a href="/sendcode/members/login#phone">My mobile number has changed</a></p><script src="/sendcode/otp.js"></script>
        """;

    private const string Script = """
        const send = document.querySelector('#send'), field = document.querySelector('#pc'), ok = document.querySelector('#ok'), warning = document.querySelector('.w');
        const post = (path, body) => fetch('/sendcode/members/passcode/' + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        send.addEventListener('click', async () => {
          send.disabled = true;
          if (!(await (await post('send', {})).json()).sent) { location.href = '/sendcode/members/login'; return; }
          field.disabled = ok.disabled = false;
          field.focus();
          let left = 3;
          const tick = () => { send.textContent = left ? `Sent. Send again in ${left} s` : 'Send again'; send.disabled = left > 0; if (left-- > 0) setTimeout(tick, 1000); };
          tick();
        });
        document.querySelector('#otp').addEventListener('submit', async event => {
          event.preventDefault();
          const answer = await post('check', { passcode: field.value });
          const body = await answer.json();
          if (body.redirect) { location.href = body.redirect; return; }
          warning.textContent = body.message;
          warning.hidden = false;
          field.value = '';
          field.focus();
        });
        """;

    private static string Shell(string title, string main) => Markup.Document("en-GB", title + " · Meridian Pension", Css, $"""<div class="h"><span>Meridian</span> Pension</div><div class="g"><div class="l">{main}</div><div class="rr"><h3>Thinking of retiring early?</h3><p>Our planner shows what each year costs.</p></div></div>""", """<link rel="icon" href="/sendcode/icon.svg">""");

    private const string Css = """
        body{margin:0;font:18px/1.5 "Source Sans Pro",Calibri,sans-serif;color:#172554}.h{border-top:8px solid #1e40af;padding:1.2rem 3rem;font-size:1.4rem;border-bottom:1px solid #dbeafe}.h span{font-weight:800}.g{display:grid;grid-template-columns:26rem 18rem;gap:5rem;padding:2rem 3rem}.q{margin:1.2rem 0}.q label{display:block;font-weight:600}.q small{color:#475569}input{display:block;border:2px solid #172554;padding:.5rem;font:inherit;width:14rem}input:disabled{background:#f1f5f9;border-color:#cbd5e1}button{background:#1e40af;color:#fff;border:0;padding:.6rem 1.6rem;font:inherit;border-radius:4px}button:disabled{background:#94a3b8}
        .w{border-left:5px solid #b91c1c;padding-left:.8rem;color:#b91c1c;font-weight:600}.w[hidden]{display:none}.rr{background:#eff6ff;padding:1rem 1.4rem;height:max-content}.k{border-top:3px solid #1e40af;margin-bottom:1rem}.n{font-size:1.4rem}a{color:#1e40af}
        """;
}
