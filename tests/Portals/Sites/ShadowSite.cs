namespace Ostiary.Portals.Sites;

/// <summary>An energy supplier built of custom elements: form, fields and messages lie in nested open shadow roots.</summary>
internal sealed class ShadowSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "shadow",
        Title = "Nimbus Energy",
        Path = "/shadow/login",
        Username = "teo.lindqvist@nimbus.example",
        Password = "Practice-Only-8!",
        WrongPassword = "Not-The-Right-One-8!",
        WrongText = "We could not match these details to a Nimbus account",
        Evidence = "Your wind share this month",
        Style = "Custom elements with two levels of open shadow roots; the fields, their labels, the button and the refusal are all inside.",
    };

    public override string Color => "#0369a1";
    public override string Cookie => "nimbus.sid";

    public override void Map(SiteRoutes at)
    {
        at.Asset("elements.js", "text/javascript", Script);
        at.Get("", _ => Visit.Page(Shell("Nimbus Energy", """<nb-banner></nb-banner>""")));
        at.Get("login", visit => visit.Account is null ? Visit.Page(Shell("My Nimbus", """<nb-login endpoint="/shadow/session"></nb-login>""")) : visit.Go("my"));
        at.Post("session", visit =>
        {
            if (!visit.TryPassword(visit["account"], visit["key"], out var account)) return Visit.Json(new { detail = "We could not match these details to a Nimbus account" }, StatusCodes.Status401Unauthorized);
            visit.SignIn(account);
            return Visit.Json(new { next = "/shadow/my" });
        });
        at.Get("my", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Shell("My Nimbus", """<nb-dashboard></nb-dashboard>""")));
        at.Get("leave", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Shell(string title, string content) => Markup.Document("en", title, Css, $"""
        <nb-header></nb-header>{content}<script type="module" src="/shadow/elements.js"></script>
        """, """<link rel="icon" href="/shadow/icon.svg">""");

    private const string Css = """
        body{margin:0;font:16px/1.5 Avenir,"Century Gothic",sans-serif;background:#f0f9ff;color:#0c2d48}
        """;

    private const string Script = """
        const define = (name, html, ready) => customElements.define(name, class extends HTMLElement {
          connectedCallback() {
            if (this.shadowRoot) return;
            this.attachShadow({ mode: 'open' }).innerHTML = html;
            ready?.call(this, selector => this.shadowRoot.querySelector(selector));
          }
        });

        define('nb-header', `<style>:host{display:flex;gap:2rem;align-items:center;padding:1.2rem 3rem;background:#fff;box-shadow:0 1px 12px #0369a122}b{font-size:1.3rem;color:#0369a1}a{color:inherit;text-decoration:none}span{flex:1}</style>
          <b>☁ nimbus</b><a href="/shadow/">Tariffs</a><a href="/shadow/">Moving house</a><a href="/shadow/">Help</a><span></span><a href="/shadow/login">My Nimbus</a>`);

        define('nb-banner', `<style>:host{display:block;padding:16vh 3rem;text-align:center;background:linear-gradient(#bae6fd,#f0f9ff)}h1{font-size:3.4rem;font-weight:300;margin:0}</style><h1>Power from moving air.</h1><p>One price, day and night, from 14 wind parks.</p>`);

        define('nb-field', `<style>:host{display:block;margin:1.1rem 0}div{font-size:.85rem;margin-bottom:.3rem}input{width:100%;box-sizing:border-box;padding:.8rem 1rem;border:1px solid #7dd3fc;border-radius:12px;font:inherit}</style><div id="t"></div><input aria-labelledby="t">`, function (find) {
          find('#t').textContent = this.getAttribute('text');
          find('input').type = this.getAttribute('kind') ?? 'text';
          Object.defineProperty(this, 'value', { get: () => find('input').value });
          find('input').addEventListener('keydown', event => { if (event.key === 'Enter') this.dispatchEvent(new CustomEvent('go', { bubbles: true, composed: true })); });
        });

        define('nb-button', `<style>button{width:100%;padding:.9rem;border:0;border-radius:12px;background:#0369a1;color:#fff;font:inherit;font-weight:600;cursor:pointer}</style><button type="button"><slot></slot></button>`);

        define('nb-message', `<style>:host([hidden]){display:none}:host{display:block;background:#fef2f2;border-radius:12px;padding:.8rem 1rem;color:#991b1b}</style><span id="m"></span>`, function (find) {
          this.say = text => { find('#m').textContent = text; this.hidden = !text; };
        });

        define('nb-login', `<style>:host{display:block;width:23rem;margin:7vh auto;background:#fff;border-radius:24px;padding:2.4rem;box-shadow:0 20px 60px #0369a122}h1{margin:0 0 .3em;font-weight:400}p{font-size:.9rem}a{color:#0369a1}</style>
          <h1>My Nimbus</h1><p>Meter readings, bills and your share of the wind.</p><nb-message hidden></nb-message>
          <nb-field id="who" text="Email or contract number" kind="text"></nb-field><nb-field id="key" text="Password" kind="password"></nb-field><nb-button>Sign in</nb-button>
          <p><a href="/shadow/">Password forgotten</a> · <a href="/shadow/">Become a customer</a></p>`, function (find) {
          const submit = async () => {
            find('nb-message').say('');
            const answer = await fetch(this.getAttribute('endpoint'), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account: find('#who').value, key: find('#key').value }) });
            const body = await answer.json();
            if (answer.ok) location.assign(body.next); else find('nb-message').say(body.detail);
          };
          find('nb-button').addEventListener('click', submit);
          this.shadowRoot.addEventListener('go', submit);
        });

        define('nb-dashboard', `<style>:host{display:block;max-width:48rem;margin:3rem auto}section{background:#fff;border-radius:24px;padding:2rem;margin-bottom:1rem}h2{font-weight:400;margin-top:0}strong{font-size:2.4rem;color:#0369a1}</style>
          <section><h2>Your wind share this month</h2><strong>212 kWh</strong></section><section><h2>Next bill</h2>63.20 on 1 June</section><p><a href="/shadow/leave">Sign out</a></p>`);
        """;
}
