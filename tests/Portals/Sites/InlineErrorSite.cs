namespace Ostiary.Portals.Sites;

/// <summary>A travel agency that checks in the background and writes its refusal quietly beneath the field.</summary>
internal sealed class InlineErrorSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "inline",
        Title = "Solstice Travel",
        Path = "/inline/account/sign-in",
        Username = "yuki@solstice.example",
        Password = "Practice-Only-34!",
        WrongPassword = "Not-The-Right-One-34!",
        WrongText = "Wrong password. Mind capital letters.",
        Evidence = "Upcoming trip: Skerry Islands",
        Style = "The refusal appears beneath the password field in a polite live region, with aria-invalid; the password is cleared and the page does not change otherwise.",
    };

    public override string Color => "#ea580c";
    public override string Cookie => "sol";

    public override void Map(SiteRoutes at)
    {
        at.Asset("sign-in.js", "text/javascript", Script);
        at.Get("", visit => Visit.Page(Shell(visit, "Solstice Travel", """<div class="sun"></div><h1 class="c">Go where the day is longest.</h1>""")));
        at.Get("account/sign-in", visit => visit.Account is null ? Visit.Page(Shell(visit, "Sign in", Form)) : visit.Go("account"));
        at.Post("account/sign-in", visit =>
        {
            if (!visit.TryPassword(visit["email"], visit["password"], out var account)) return Visit.Json(new { errors = new { password = "Wrong password. Mind capital letters." } }, StatusCodes.Status422UnprocessableEntity);
            visit.SignIn(account);
            return Visit.Json(new { location = "/inline/account" });
        });
        at.Get("account", visit => visit.Account is null ? visit.Go("account/sign-in") : Visit.Page(Shell(visit, "Your trips", """<h1>Your trips</h1><p class="trip">Upcoming trip: Skerry Islands<br><small>21 June, two travellers, ferry included</small></p>""")));
        at.Post("account/sign-out", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private const string Form = """
        <form id="f" novalidate><h1>Sign in</h1><div class="field"><label for="em">Email</label><input id="em" name="email" type="email" autocomplete="email" aria-describedby="em-m"><p id="em-m" class="hint" aria-live="polite"></p></div>
        <div class="field"><label for="pa">Password</label><input id="pa" name="password" type="password" autocomplete="current-password" aria-describedby="pa-m"><p id="pa-m" class="hint" aria-live="polite"></p></div>
        <button type="submit"><span>Sign in</span></button><p><a href="/inline/account/sign-in#lost">Lost your password?</a></p><hr><p>No account? <a href="/inline/account/sign-in#new">Plan a trip</a> and we open one for you.</p></form><script src="/inline/sign-in.js"></script>
        """;

    private const string Script = """
        const form = document.querySelector('#f');
        const say = (input, text) => {
          document.getElementById(input.getAttribute('aria-describedby')).textContent = text;
          if (text) input.setAttribute('aria-invalid', 'true'); else input.removeAttribute('aria-invalid');
        };
        form.addEventListener('submit', async event => {
          event.preventDefault();
          const { email, password } = form.elements;
          say(email, email.value.includes('@') ? '' : 'Please enter your email address.');
          say(password, password.value ? '' : 'Please enter your password.');
          if (form.querySelector('[aria-invalid]')) return;
          const answer = await fetch('/inline/account/sign-in', { method: 'POST', body: new FormData(form) });
          const body = await answer.json();
          if (answer.ok) { location.assign(body.location); return; }
          password.value = '';
          say(password, body.errors.password);
          password.focus();
        });
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en", title, Css, $"""
        <header><a href="/inline/">☼ Solstice</a><a href="/inline/">Trips</a><a href="/inline/">Trains</a>{(visit.Account is null ? """<a href="/inline/account/sign-in">Sign in</a>""" : """<form method="post" action="/inline/account/sign-out"><button class="t">Sign out</button></form>""")}</header><main>{main}</main>
        """, """<link rel="icon" href="/inline/icon.svg">""");

    private const string Css = """
        body{margin:0;font:17px/1.5 "Gill Sans",Calibri,sans-serif;color:#431407;background:linear-gradient(#fff7ed,#ffedd5);min-height:100vh}header{display:flex;gap:2rem;padding:1.2rem 3rem}header a{color:#9a3412;text-decoration:none}header a:first-child{flex:1;font-size:1.4rem}main{width:24rem;margin:2rem auto;background:#fffdfa;border-radius:14px;padding:1.5rem 2.2rem}.field{margin-bottom:1rem}label{display:block}input{width:100%;box-sizing:border-box;padding:.7rem;border:1px solid #fdba74;border-radius:8px;font:inherit}input[aria-invalid]{border-color:#b91c1c;outline:1px solid #b91c1c}.hint{margin:.2rem 0 0;color:#b91c1c;font-size:.9rem;min-height:1.3em}button{width:100%;background:#ea580c;color:#fff;border:0;border-radius:8px;padding:.8rem;font:inherit}.t{width:auto;background:none;color:#9a3412;padding:0;text-decoration:underline}hr{border:0;border-top:1px solid #fed7aa}
        .sun{width:9rem;height:9rem;border-radius:50%;background:radial-gradient(#fde047,#fb923c);margin:2rem auto}.c{text-align:center}.trip{border-left:5px solid #ea580c;padding-left:1rem}
        """;
}
