namespace Ostiary.Portals.Sites;

/// <summary>A Dutch pension administrator whose sign-in page is empty for more than three seconds.</summary>
internal sealed class DutchSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "dutch",
        Title = "Duinrand Zorgverzekeringen",
        Path = "/dutch/inloggen",
        Username = "sanne@duinrand.example",
        Password = "Practice-Only-40!",
        WrongPassword = "Not-The-Right-One-40!",
        WrongText = "Uw e-mailadres en wachtwoord horen niet bij elkaar.",
        Evidence = "Uw eigen risico",
        Style = "Dutch; header and footer are there at once, the form is drawn 3.5 seconds later without any sign that something is under way.",
    };

    public override string Color => "#be185d";
    public override string Cookie => "duin_sessie";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "Welkom", """<h1>Goed verzekerd, ook in de duinen</h1><p>Bekijk onze pakketten of declareer een rekening.</p>""")));
        at.Get("inloggen", visit => Visit.Page(Shell(visit, "Inloggen", """
            <div id="plek"></div>
            <script>
            setTimeout(() => {
              document.getElementById('plek').innerHTML = `<h1>Inloggen op Mijn Duinrand</h1><form id="f"><p><label for="m">E-mailadres</label><br><input id="m" type="email" name="mail"></p><p><label for="w">Wachtwoord</label><br><input id="w" type="password" name="woord"></p><div role="alert" id="fout"></div><button>Inloggen</button><p><a href="/dutch/inloggen#vergeten">Wachtwoord vergeten?</a></p></form>`;
              document.getElementById('f').addEventListener('submit', async event => {
                event.preventDefault();
                const answer = await fetch('/dutch/sessie', { method: 'POST', body: new FormData(event.target) });
                if (answer.ok) { location.href = '/dutch/mijn'; return; }
                document.getElementById('fout').textContent = await answer.text();
              });
            }, 3500);
            </script>
            """)));
        at.Post("sessie", visit =>
        {
            if (!visit.TryPassword(visit["mail"], visit["woord"], out var account)) return Results.Text("Uw e-mailadres en wachtwoord horen niet bij elkaar.", "text/plain; charset=utf-8", null, StatusCodes.Status400BadRequest);
            visit.SignIn(account);
            return Visit.Json(new { });
        });
        at.Get("mijn", visit => visit.Account is null ? visit.Go("inloggen") : Visit.Page(Shell(visit, "Mijn Duinrand", """<h1>Dag Sanne</h1><h2>Uw eigen risico</h2><p>Nog 212,50 € dit jaar</p>""")));
        at.Get("uitloggen", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Shell(Visit visit, string title, string main) => Markup.Document("nl", title + " - Duinrand", Css, $"""
        <header><b>Duinrand</b><nav><a href="/dutch/">Pakketten</a><a href="/dutch/">Declareren</a>{(visit.Account is null ? """<a href="/dutch/inloggen">Inloggen</a>""" : """<a href="/dutch/uitloggen">Uitloggen</a>""")}</nav></header><main>{main}</main><footer>Duinrand is verzonnen.</footer>
        """);

    private const string Css = "body{margin:0;font:17px/1.5 Tahoma,sans-serif;color:#500724}header{display:flex;justify-content:space-between;background:#fce7f3;padding:1rem 2rem}nav a{margin-left:1.5rem}main{width:30rem;margin:2rem auto;min-height:20rem}input{padding:.5rem;width:20rem}button{background:#be185d;color:#fff;border:0;padding:.6rem 2rem}#fout{color:#b91c1c}footer{padding:1rem 2rem;color:#9d174d}";
}
