namespace Ostiary.Portals.Sites;

/// <summary>A bank whose code goes into six boxes that jump ahead by themselves and spoil what is pasted.</summary>
internal sealed class SixBoxesSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "digits",
        Title = "Fenwick Bank",
        Path = "/digits/login",
        Username = "priya.fenwick",
        Password = "Practice-Only-11!",
        WrongPassword = "Not-The-Right-One-11!",
        Mfa = "code",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "Enter the six digits we texted", [new("code", "string", null, "000000")])],
        WrongText = "Login details incorrect. For your security we can't say which.",
        WrongCodeText = "Those digits don't match. Please try again.",
        Evidence = "Current account ··8820",
        Style = "Code in six one-digit boxes that advance by themselves, count only typed keys and take just the first character of a paste.",
    };

    public override string Color => "#065f46";
    public override string Cookie => "__fnwk";

    public override void Map(SiteRoutes at)
    {
        at.Asset("boxes.js", "text/javascript", Script);
        at.Get("", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Shell("Accounts", visit, """
            <h1>Good day, Priya</h1><div class="acct"><span>Current account ··8820</span><b>1,904.17</b></div><div class="acct"><span>Holiday jar</span><b>640.00</b></div><div class="acct"><span>Card ending 1107</span><b>−212.40</b></div>
            """)));
        at.Get("login", visit => Visit.Page(Shell("Log in", visit, LogIn("", ""))));
        at.Post("login", visit =>
        {
            if (!visit.TryPassword(visit["u"], visit["p"], out var account))
                return Visit.Page(Shell("Log in", visit, LogIn(visit["u"], "Login details incorrect. For your security we can't say which.")), StatusCodes.Status401Unauthorized);
            account.SendCode("sms", code => $"Fenwick Bank: {code} is your login code. Never tell it to anyone.");
            visit.Continue(account, "digits");
            return visit.Go("login/digits");
        });
        at.Get("login/digits", visit => visit.PendingAt("digits") is null ? visit.Go("login") : Visit.Page(Shell("One more step", visit, Boxes)));
        at.Post("login/digits", visit =>
        {
            if (visit.PendingAt("digits") is not { } account) return Visit.Json(new { go = "/digits/login" });
            if (!account.TryCode(visit["digits"])) return Visit.Json(new { say = "Those digits don't match. Please try again." });
            visit.SignIn(account);
            return Visit.Json(new { go = "/digits/" });
        });
        at.Post("logout", visit =>
        {
            visit.SignOut();
            return visit.Go("login");
        });
    }

    private static string LogIn(string user, string fault) => $"""
        <h1>Log in</h1>{(fault.Length > 0 ? $"""<div class="bad" tabindex="-1"><svg width="18" height="18"><circle cx="9" cy="9" r="9" fill="#b91c1c"/></svg> {fault}</div>""" : "")}
        <form method="post" action="/digits/login"><div class="grp"><span id="lu">Username</span><input aria-labelledby="lu" name="u" value="{Markup.Text(user)}"></div><div class="grp"><span id="lp">Password</span><input aria-labelledby="lp" name="p" type="password"><button type="button" class="eye" onclick="const i=this.previousElementSibling;i.type=i.type==='password'?'text':'password'">Show</button></div>
        <button class="cta" type="submit">Continue</button></form><p><a href="/digits/login#forgot">Forgotten something?</a></p>
        """;

    private const string Boxes = """
        <h1>One more step</h1><p>Enter the six digits we texted to your phone ending 0993.</p><p id="say" role="alert"></p>
        <div class="boxes"><input aria-label="Digit 1 of 6" maxlength="1" inputmode="numeric"><input aria-label="Digit 2 of 6" maxlength="1" inputmode="numeric"><input aria-label="Digit 3 of 6" maxlength="1" inputmode="numeric"><i>–</i><input aria-label="Digit 4 of 6" maxlength="1" inputmode="numeric"><input aria-label="Digit 5 of 6" maxlength="1" inputmode="numeric"><input aria-label="Digit 6 of 6" maxlength="1" inputmode="numeric"></div>
        <button class="cta" id="check" disabled>Check digits</button><p><a href="/digits/login">Start again</a></p><script src="/digits/boxes.js"></script>
        """;

    private const string Script = """
        const boxes = [...document.querySelectorAll('.boxes input')];
        const check = document.querySelector('#check');
        const digits = boxes.map(() => '');
        const update = () => { check.disabled = digits.some(digit => !digit); };
        boxes.forEach((box, i) => {
          box.addEventListener('keydown', event => {
            if (event.key === 'Backspace') {
              if (!digits[i] && i > 0) boxes[i - 1].focus();
              digits[i] = '';
              box.value = '';
              update();
              event.preventDefault();
              return;
            }
            if (event.key.length !== 1 || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            if (!/\d/.test(event.key)) return;
            digits[i] = event.key;
            box.value = event.key;
            boxes[i + 1]?.focus();
            update();
          });
          box.addEventListener('paste', event => { event.preventDefault(); digits[i] = event.clipboardData.getData('text').slice(0, 1); box.value = digits[i]; update(); });
        });
        boxes[0].focus();
        check.addEventListener('click', async () => {
          check.disabled = true;
          const answer = await (await fetch('/digits/login/digits', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ digits: digits.join('') }) })).json();
          if (answer.go) { location.href = answer.go; return; }
          document.querySelector('#say').textContent = answer.say;
          digits.fill('');
          boxes.forEach(box => { box.value = ''; });
          boxes[0].focus();
        });
        """;

    private static string Shell(string title, Visit visit, string main) => Markup.Document("en-GB", title + " – Fenwick Bank", Css, $"""
        <div class="t"><span class="lg">fenwick</span>{(visit.Account is null ? """<a href="/digits/login#open">Open an account</a>""" : """<form method="post" action="/digits/logout"><button class="lk">Log out</button></form>""")}</div><div class="m">{main}</div><div class="f">Fenwick Bank is fictional and lends nothing. <a href="/digits/login#rates">Rates</a> <a href="/digits/login#scams">Spot a scam</a></div>
        """, """<link rel="icon" href="/digits/icon.svg">""");

    private const string Css = """
        body{margin:0;font:17px/1.5 "Helvetica Neue",Arial,sans-serif;color:#052e23;background:#ecfdf5}.t{display:flex;justify-content:space-between;align-items:center;padding:1.2rem 3rem}.lg{font-weight:800;font-size:1.6rem;letter-spacing:-.05em;color:#065f46}.m{width:26rem;margin:2rem auto;background:#fff;padding:2rem 2.5rem;border-radius:4px;border-bottom:5px solid #065f46}h1{font-size:1.7rem;margin-top:0}
        .grp{margin-bottom:1.1rem;position:relative}.grp span{display:block;font-weight:600;margin-bottom:.3rem}.grp input{width:100%;box-sizing:border-box;padding:.8rem;border:2px solid #065f46;font:inherit}.eye{position:absolute;right:.5rem;bottom:.65rem;border:0;background:none;color:#065f46;text-decoration:underline;font:inherit;font-size:.85rem}.cta{background:#065f46;color:#fff;border:0;padding:.9rem 2.2rem;font:inherit;font-weight:600}.cta:disabled{background:#a7c4b8}
        .bad{display:flex;gap:.6rem;border:2px solid #b91c1c;padding:.8rem;margin-bottom:1.2rem}.boxes{display:flex;gap:.5rem;align-items:center;margin:1.5rem 0}.boxes input{width:2.8rem;height:3.4rem;text-align:center;font-size:1.6rem;border:2px solid #065f46}#say{color:#b91c1c;font-weight:600}.acct{display:flex;justify-content:space-between;border-top:1px solid #a7f3d0;padding:1rem 0}.f{text-align:center;font-size:.85rem;padding:2rem}a{color:#065f46}.lk{border:0;background:none;text-decoration:underline;font:inherit;color:#065f46;cursor:pointer}
        """;
}
