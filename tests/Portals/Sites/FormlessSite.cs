namespace Ostiary.Portals.Sites;

/// <summary>A logistics console without a form element: custom elements with open shadow roots, a div that acts as the button.</summary>
internal sealed class FormlessSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "formless",
        Title = "Tidewater Freight",
        Path = "/formless/console",
        Username = "dispatch.amaya",
        Password = "Practice-Only-38!",
        WrongPassword = "Not-The-Right-One-38!",
        WrongText = "Those details do not match our books.",
        Evidence = "Containers at sea",
        Style = "No form and no button: fields are custom elements with inputs in open shadow roots, the button is a div with a listener; Enter does nothing.",
    };

    public override string Color => "#155e75";
    public override string Cookie => "tw";

    public override void Map(SiteRoutes at)
    {
        at.Asset("console.js", "text/javascript", Script);
        at.Get("", visit => visit.Go("console"));
        at.Get("console", _ => Visit.Page(Markup.Document("en", "Tidewater", Css, """<tw-shell></tw-shell><script src="/formless/console.js"></script>""")));
        at.Get("me", visit => visit.Account is { } account ? Visit.Json(new { name = account.Name }) : Visit.Json(new { }, StatusCodes.Status404NotFound));
        at.Post("enter", visit =>
        {
            if (!visit.TryPassword(visit["who"], visit["what"], out var account)) return Visit.Json(new { problem = "Those details do not match our books." });
            visit.SignIn(account);
            return Visit.Json(new { ok = true });
        });
        at.Post("leave", visit =>
        {
            visit.SignOut();
            return Visit.Json(new { ok = true });
        });
    }

    private const string Script = """
        class Field extends HTMLElement {
          connectedCallback() {
            const root = this.attachShadow({ mode: 'open' });
            root.innerHTML = `<style>input{border:0;border-bottom:2px solid #155e75;background:none;font:inherit;width:100%;padding:.4rem 0}span{font-size:.8rem;color:#0e7490}</style><span>${this.getAttribute('caption')}</span><br><input type="${this.hasAttribute('hush') ? 'password' : 'text'}">`;
          }
          get value() { return this.shadowRoot.querySelector('input').value; }
        }
        customElements.define('tw-field', Field);
        customElements.define('tw-shell', class extends HTMLElement {
          async connectedCallback() {
            const me = await fetch('/formless/me');
            await me.text();
            if (me.ok) this.inside(); else this.outside();
          }
          outside() {
            this.innerHTML = `<section><h2>Sign in to the console</h2><tw-field caption="User name"></tw-field><tw-field caption="Password" hush></tw-field><p class="say"></p><div class="go" tabindex="0">Sign in</div></section>`;
            const [who, what] = this.querySelectorAll('tw-field');
            this.querySelector('.go').addEventListener('click', async () => {
              const answer = await fetch('/formless/enter', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ who: who.value, what: what.value }) });
              const body = await answer.json();
              if (body.ok) this.inside(); else this.querySelector('.say').textContent = body.problem;
            });
          }
          inside() {
            this.innerHTML = `<section><h2>Containers at sea</h2><p>TWFU 441902 · arrives Thursday</p><div class="out">Sign out</div></section>`;
            this.querySelector('.out').addEventListener('click', async () => { await fetch('/formless/leave', { method: 'POST' }); this.outside(); });
          }
        });
        """;

    private const string Css = "body{margin:0;background:#ecfeff;font:17px/1.5 Verdana,sans-serif;color:#083344}section{width:22rem;margin:10vh auto;background:#fff;padding:2rem}tw-field{display:block;margin:1rem 0}.go,.out{cursor:pointer;background:#155e75;color:#fff;padding:.6rem 1.2rem;display:inline-block}.say{color:#b91c1c;min-height:1.5rem}";
}
