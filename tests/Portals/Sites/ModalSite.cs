namespace Ostiary.Portals.Sites;

/// <summary>A shop whose sign-in opens as a dialog element over the home page and answers by fetch.</summary>
internal sealed class ModalSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "modal",
        Title = "Juniper & Reed",
        Path = "/modal/",
        Username = "noor@juniper.example",
        Password = "Practice-Only-4!",
        WrongPassword = "Not-The-Right-One-4!",
        WrongText = "Hmm, that combination isn't in our books.",
        Evidence = "Hi Noor, good to see you",
        Style = "Dialog element over a shop's home page, opened by a button with a picture and only an aria-label; sent by fetch; newsletter and search with e-mail-like fields around it.",
    };

    public override string Color => "#365314";
    public override string Cookie => "basket";

    public override void Map(SiteRoutes at)
    {
        at.Asset("shop.js", "text/javascript", Script);
        at.Get("", visit => Visit.Page(Shop(visit)));
        at.Post("api/login", visit =>
        {
            if (!visit.TryPassword(visit["mail"], visit["word"], out var account))
                return Visit.Json(new { ok = false, reason = "Hmm, that combination isn't in our books." }, StatusCodes.Status403Forbidden);
            visit.SignIn(account);
            return Visit.Json(new { ok = true });
        });
        at.Post("api/logout", visit =>
        {
            visit.SignOut();
            return Visit.Json(new { ok = true });
        });
        at.Post("api/newsletter", _ => Visit.Json(new { ok = true }));
    }

    private static string Shop(Visit visit)
    {
        const string person = """<svg width="22" height="22" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><circle cx="12" cy="8" r="4"/><path d="M4 21c0-5 4-7 8-7s8 2 8 7"/></svg>""";
        var corner = visit.Account is null
            ? $"""<button type="button" class="ic" id="open-account" aria-label="Log in to your account" aria-haspopup="dialog">{person}</button>"""
            : """<span class="hello">Hi Noor, good to see you</span><button type="button" class="ic wide" id="leave">Log out</button>""";
        return Markup.Document("en", "Juniper & Reed — outdoor goods", Css, $"""
            <div class="strip">Free delivery from 60 · returns for 100 days</div>
            <div class="head"><a href="/modal/" class="wordmark">Juniper <i>&amp;</i> Reed</a>
            <form class="seek" role="search" action="/modal/"><input type="text" name="q" placeholder="What are you looking for?" aria-label="Search products"></form>{corner}<button type="button" class="ic" aria-label="Basket">0</button></div>
            <ul class="cats"><li><a href="/modal/#tents">Tents</a></li><li><a href="/modal/#boots">Boots</a></li><li><a href="/modal/#stoves">Stoves</a></li><li><a href="/modal/#sale">Sale</a></li></ul>
            <div class="stage"><p>New this spring</p><h1>Light enough to forget.</h1><a href="/modal/#tents" class="pill">Shop tents</a></div>
            <div class="tiles"><div><b>Fell 2 tent</b><br>1.4 kg · 289.00</div><div><b>Moss boots</b><br>Waxed leather · 164.00</div><div><b>Kettle stove</b><br>Boils in 3 minutes · 74.50</div><div><b>Tarn flask</b><br>Half a litre · 28.00</div></div>
            <dialog id="account" aria-labelledby="account-title"><button type="button" class="x" aria-label="Close">×</button><h2 id="account-title">Your Juniper account</h2>
            <form id="gate"><p class="oops" hidden></p><label>Email<input type="email" name="mail" required></label><label>Password<input type="password" name="word" required></label><button class="pill">Continue</button></form>
            <p><a href="/modal/#reset">Forgot it?</a> · <a href="/modal/#register">Create an account</a></p></dialog>
            <div class="foot"><form id="letters"><b>Letters from the trail</b><input type="email" name="email" placeholder="Your email address" required><button>Sign up</button></form><small>Juniper &amp; Reed is a fictional shop.</small></div>
            <script src="/modal/shop.js"></script>
            """, """<link rel="icon" href="/modal/icon.svg">""");
    }

    private const string Script = """
        const dialog = document.querySelector('#account');
        const oops = document.querySelector('.oops');
        const send = (path, body) => fetch('/modal/api/' + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        document.querySelector('#open-account')?.addEventListener('click', () => dialog.showModal());
        document.querySelector('.x').addEventListener('click', () => dialog.close());
        document.querySelector('#leave')?.addEventListener('click', async () => { await send('logout', {}); location.reload(); });
        document.querySelector('#gate').addEventListener('submit', async event => {
          event.preventDefault();
          oops.hidden = true;
          const answer = await send('login', Object.fromEntries(new FormData(event.target)));
          if (answer.ok) { location.reload(); return; }
          oops.textContent = (await answer.json()).reason;
          oops.hidden = false;
          event.target.word.value = '';
        });
        document.querySelector('#letters').addEventListener('submit', async event => { event.preventDefault(); await send('newsletter', {}); event.target.innerHTML = '<b>Thank you!</b>'; });
        """;

    private const string Css = """
        body{margin:0;font:16px/1.5 "Gill Sans","Trebuchet MS",sans-serif;color:#1f2a14;background:#f7f5ee}.strip{background:#365314;color:#f7f5ee;text-align:center;font-size:.85rem;padding:.35rem}
        .head{display:flex;gap:1rem;align-items:center;padding:1.1rem 3rem}.wordmark{font:italic 1.9rem Georgia,serif;color:#365314;text-decoration:none}.seek{flex:1}.seek input{width:100%;padding:.7rem 1.1rem;border:0;border-radius:99px;background:#ebe7d8;font:inherit;box-sizing:border-box}
        .ic{min-width:42px;height:42px;border-radius:50%;border:1px solid #b9b18f;background:#fff;cursor:pointer;font:inherit;display:grid;place-items:center}.wide{border-radius:99px;padding:0 1rem}.cats{list-style:none;display:flex;gap:2.5rem;justify-content:center;padding:0;margin:.3rem 0 1rem}.cats a{color:inherit;text-decoration:none}
        .stage{margin:0 3rem;padding:6rem 4rem;border-radius:18px;color:#fff;background:linear-gradient(160deg,#1f3d2b,#5d7f45 60%,#d8c68a)}.stage h1{font:3rem Georgia,serif;margin:.2em 0 .6em}.pill{background:#365314;color:#fff;border:0;border-radius:99px;padding:.8rem 2rem;font:inherit;text-decoration:none;cursor:pointer}
        .tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:1.2rem;padding:2rem 3rem}.tiles div{background:#fff;border-radius:14px;padding:6rem 1.2rem 1.2rem}
        dialog{border:0;border-radius:18px;padding:2.2rem 2.5rem;width:21rem;box-shadow:0 30px 80px #0005}dialog::backdrop{background:#1f2a14aa}dialog h2{font:1.6rem Georgia,serif;margin:0 0 1rem}dialog label{display:block;margin-bottom:1rem;font-size:.9rem}dialog input{display:block;width:100%;box-sizing:border-box;padding:.7rem;border:1px solid #b9b18f;border-radius:8px;font:inherit;margin-top:.2rem}
        dialog .pill{width:100%}.x{position:absolute;right:1rem;top:1rem;border:0;background:none;font-size:1.5rem;cursor:pointer}.oops{background:#fdecc8;border-radius:8px;padding:.6rem .9rem}.foot{background:#1f2a14;color:#e7e3d0;padding:2rem 3rem}.foot form{display:flex;gap:1rem;align-items:center;margin-bottom:1rem}.foot input{padding:.6rem;border:0;border-radius:6px;width:16rem}.foot button{padding:.6rem 1.2rem;border:0;border-radius:6px;background:#d8c68a}
        """;
}
