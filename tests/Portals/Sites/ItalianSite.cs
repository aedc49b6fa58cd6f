namespace Ostiary.Portals.Sites;

/// <summary>An Italian water company whose button comes only when both fields hold something.</summary>
internal sealed class ItalianSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "italian",
        Title = "Acque del Colle",
        Path = "/italian/area-clienti/accesso",
        Username = "RSSMRA80A01",
        Password = "Practice-Only-39!",
        WrongPassword = "Not-The-Right-One-39!",
        WrongText = "Codice utente o password non corretti.",
        Evidence = "Ultima lettura del contatore",
        Style = "Italian; the button is put into the page only when both fields hold something, and Enter is ignored.",
    };

    public override string Color => "#0369a1";
    public override string Cookie => "JSESSIONID_ADC";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Page("Acque del Colle", """<p class="nav"><a href="/italian/">Home</a> <a href="/italian/">Guasti</a> <a href="/italian/area-clienti/accesso">Area clienti</a></p><h1>L'acqua buona di casa</h1><p>Numero verde per i guasti, attivo tutto il giorno.</p>""")));
        at.Get("area-clienti/accesso", _ => Visit.Page(Page("Accesso", Form(""))));
        at.Post("area-clienti/accesso", visit =>
        {
            if (!visit.TryPassword(visit["codice"], visit["chiave"], out var account)) return Visit.Page(Page("Accesso", Form("Codice utente o password non corretti.")));
            visit.SignIn(account);
            return visit.Go("area-clienti");
        });
        at.Get("area-clienti", visit => visit.Account is null ? visit.Go("area-clienti/accesso") : Visit.Page(Page("Area clienti", """<h1>Buongiorno</h1><dl><dt>Ultima lettura del contatore</dt><dd>1042 m³, il 3 aprile</dd><dt>Prossima bolletta</dt><dd>48,20 €</dd></dl><a href="/italian/area-clienti/esci">Esci</a>""")));
        at.Get("area-clienti/esci", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Form(string fault) => $$"""
        <h1>Area clienti</h1><p id="avviso" style="color:#b91c1c">{{fault}}</p>
        <form method="post" action="/italian/area-clienti/accesso"><table><tr><td>Codice utente</td><td><input name="codice" size="18"></td></tr><tr><td>Password</td><td><input name="chiave" type="password" size="18"></td></tr><tr><td></td><td id="qui"></td></tr></table></form>
        <p><a href="/italian/area-clienti/accesso#dimenticata">Password dimenticata?</a></p>
        <script>
        const form = document.forms[0], spot = document.getElementById('qui');
        form.addEventListener('keydown', event => { if (event.key === 'Enter') event.preventDefault(); });
        form.addEventListener('input', () => {
          const full = form.codice.value && form.chiave.value;
          if (full && !spot.firstChild) { const button = document.createElement('button'); button.textContent = 'Accedi'; spot.append(button); }
          if (!full) spot.replaceChildren();
        });
        </script>
        """;

    private static string Page(string title, string body) => Markup.Document("it", title + " | Acque del Colle", "body{font:16px/1.5 Trebuchet MS,sans-serif;max-width:44rem;margin:2rem auto;color:#0c4a6e}.nav a{margin-right:1.5rem}td{padding:.3rem .8rem .3rem 0}button{background:#0369a1;color:#fff;border:0;padding:.5rem 1.4rem}", body);
}
