using System.Text;

namespace Ostiary.Portals.Sites;

/// <summary>A meter reader's desk: user name and password travel in the header of a call that waits, and what is wrong comes back as a challenge of HTTP authentication.</summary>
internal sealed class MeterSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "meter",
        Title = "Lowfell Meters",
        Path = "/meter/desk",
        Username = "reader-0917",
        Password = "Practice-Only-54!",
        WrongPassword = "Not-The-Right-One-54!",
        WrongText = "The desk turned the request down",
        Evidence = "Meters read today",
        Style = "The sign-in is a synchronous GET with an Authorization header; a wrong password is answered with 401 and WWW-Authenticate. What was typed stays, the way out is called \"Disconnect\", and a reload forgets everything.",
    };

    public override string Color => "#0f766e";
    public override string Cookie => "lowfell";

    public override void Map(SiteRoutes at)
    {
        at.Asset("desk.js", "text/javascript", Script);
        at.Get("", visit => visit.Go("desk"));
        at.Get("desk", _ => Visit.Page(Markup.Document("en", "Lowfell Meters", Css, """
            <header><b>Lowfell Meters</b><span id="out" hidden><button type="button">Disconnect</button></span></header>
            <form><label>User name <input id="user"></label><label>Password <input id="pass" type="password"></label><p id="say"></p><button>Connect</button></form><main id="desk" hidden></main><script src="/meter/desk.js"></script>
            """)));
        at.Get("rounds", visit =>
        {
            if (LetIn(visit)) return Visit.Json(new { read = 41, left = 7 });
            visit.Http.Response.Headers.WWWAuthenticate = "Basic realm=\"Lowfell rounds\"";
            return Visit.Json(new { }, StatusCodes.Status401Unauthorized);
        });
    }

    private static bool LetIn(Visit visit)
    {
        var header = visit.Http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Basic ", StringComparison.Ordinal)) return false;
        var pair = Encoding.UTF8.GetString(Convert.FromBase64String(header[6..]));
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !visit.TryPassword(pair[..colon], pair[(colon + 1)..], out var account)) return false;
        visit.SignIn(account);
        return true;
    }

    private const string Script = """
        const form = document.querySelector('form'), desk = document.querySelector('#desk'), out = document.querySelector('#out');
        form.addEventListener('submit', event => {
          event.preventDefault();
          const call = new XMLHttpRequest();
          call.open('GET', '/meter/rounds', false);
          call.setRequestHeader('Authorization', 'Basic ' + btoa(document.querySelector('#user').value + ':' + document.querySelector('#pass').value));
          call.send();
          if (call.status !== 200) { document.querySelector('#say').textContent = 'The desk turned the request down'; return; }
          const rounds = JSON.parse(call.responseText);
          form.remove();
          out.hidden = desk.hidden = false;
          desk.innerHTML = `<h1>Rounds</h1><p>Meters read today: ${rounds.read}</p><p>Still to do: ${rounds.left}</p>`;
        });
        out.addEventListener('click', () => location.reload());
        """;

    private const string Css = "body{font:16px/1.5 'Segoe UI',sans-serif;margin:0;color:#134e4a}header{display:flex;justify-content:space-between;background:#ccfbf1;padding:.8rem 2rem}form,main{padding:2rem;max-width:22rem}label{display:block;margin:.6rem 0}input{display:block;width:100%;font:inherit}";
}
