namespace Ostiary.Portals.Sites;

/// <summary>A Polish energy supplier whose page shakes its head and says nothing: only the call's 401 tells.</summary>
internal sealed class PolishSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "polish",
        Title = "Energa Wrzosowa",
        Path = "/polish/logowanie",
        Username = "k.nowak",
        Password = "Practice-Only-42!",
        WrongPassword = "Not-The-Right-One-42!",
        WrongIsSilent = true,
        Evidence = "Zużycie w kwietniu",
        Style = "Polish single-page application; a refusal is a JSON 401 after which the form shakes and empties the password, without a word.",
    };

    public override string Color => "#a21caf";
    public override string Cookie => "wrzos";

    public override void Map(SiteRoutes at)
    {
        at.Asset("app.js", "text/javascript", Script);
        at.Get("", visit => visit.Go("logowanie"));
        at.Get("logowanie", _ => Visit.Page(Markup.Document("pl", "Energa Wrzosowa", Css, """<div id="app"></div><script src="/polish/app.js"></script>""")));
        at.Get("api/ja", visit => visit.Account is null ? Visit.Json(new { }, StatusCodes.Status204NoContent) : Visit.Json(new { kwh = 211 }));
        at.Post("api/sesja", visit =>
        {
            if (!visit.TryPassword(visit["login"], visit["haslo"], out var account)) return Visit.Json(new { code = "AUTH_001" }, StatusCodes.Status401Unauthorized);
            visit.SignIn(account);
            return Visit.Json(new { ok = true });
        });
        at.Post("api/koniec", visit =>
        {
            visit.SignOut();
            return Visit.Json(new { ok = true });
        });
    }

    private const string Script = """
        const app = document.getElementById('app');
        const post = (path, body) => fetch('/polish/api/' + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        function outside() {
          app.innerHTML = `<div class="karta"><h3>Logowanie do e-BOK</h3><form><input placeholder="Login" name="login"><input placeholder="Hasło" name="haslo" type="password"><button type="submit">Zaloguj się</button></form><a href="#/przypomnij">Nie pamiętam hasła</a></div>`;
          app.querySelector('form').onsubmit = async event => {
            event.preventDefault();
            const { login, haslo } = event.target.elements;
            const answer = await post('sesja', { login: login.value, haslo: haslo.value });
            if (answer.ok) return inside();
            haslo.value = '';
            app.firstChild.classList.remove('nie');
            void app.offsetWidth;
            app.firstChild.classList.add('nie');
          };
        }
        async function inside() {
          app.innerHTML = `<div class="karta"><h3>Zużycie w kwietniu</h3><p>211 kWh</p><button id="w">Wyloguj</button></div>`;
          document.getElementById('w').onclick = async () => { await post('koniec', {}); outside(); };
        }
        fetch('/polish/api/ja').then(answer => answer.status === 200 ? inside() : outside());
        """;

    private const string Css = "body{background:#fdf4ff;font:16px/1.5 Arial,sans-serif;color:#4a044e}.karta{width:20rem;margin:12vh auto;background:#fff;padding:2rem;box-shadow:0 2px 12px #e9d5ff}input{display:block;width:100%;box-sizing:border-box;margin:.6rem 0;padding:.6rem;border:1px solid #d8b4fe}button{width:100%;background:#a21caf;color:#fff;border:0;padding:.7rem;margin-bottom:1rem}.nie{animation:nie .4s}@keyframes nie{25%{transform:translateX(-8px)}75%{transform:translateX(8px)}}";
}
