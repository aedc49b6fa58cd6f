namespace Ostiary.Portals.Sites;

/// <summary>A bank in Spanish without any form element: boxes, text above them, a div that acts as a button.</summary>
internal sealed class SpanishSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "spanish",
        Title = "Banco Ribera",
        Path = "/spanish/particulares",
        Username = "70112233K",
        Password = "Practice-Only-23!",
        WrongPassword = "Not-The-Right-One-23!",
        WrongText = "Los datos de acceso no son correctos.",
        Evidence = "Saldo disponible",
        Style = "Spanish, no form element: captions are plain text above the boxes, the button is a div with a role, the answer comes by fetch.",
    };

    public override string Color => "#c2410c";
    public override string Cookie => "br_ses";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("particulares"));
        at.Get("particulares", visit => Visit.Page(visit.Account is null ? Front() : Accounts()));
        at.Post("api/acceso", visit =>
        {
            if (!visit.TryPassword(visit["documento"], visit["clave"], out var account)) return Visit.Json(new { resultado = "KO", mensaje = "Los datos de acceso no son correctos." });
            visit.SignIn(account);
            return Visit.Json(new { resultado = "OK" });
        });
        at.Post("api/salir", visit =>
        {
            visit.SignOut();
            return Visit.Json(new { resultado = "OK" });
        });
    }

    private static string Front() => Markup.Document("es", "Banco Ribera | Particulares", Css, $"""
        <div class="cab"><div class="logo">Banco <b>Ribera</b></div><div class="op">Cuentas</div><div class="op">Hipotecas</div><div class="op">Hazte cliente</div></div>
        <div class="hero"><div class="txt"><div class="h">La hipoteca que duerme tranquila</div><div>Desde 2,15 % TIN. Calcula tu cuota en un minuto.</div></div>
        <div class="caja"><div class="t">Acceso clientes</div><div class="c">NIF o número de cliente</div><div><input class="i" maxlength="40"></div><div class="c">Clave de acceso</div><div><input class="i" type="password"></div><div class="av"></div><div class="btn" role="button" tabindex="0">Entrar</div><div class="p"><a href="#recuperar">Recuperar clave</a></div></div></div>
        <div class="pie">Banco Ribera es una entidad ficticia. · Atención al cliente 0555 010 60 · <a href="#aviso">Aviso legal</a></div><script>{Script}</script>
        """, """<link rel="icon" href="/spanish/icon.svg">""");

    private static string Accounts() => Markup.Document("es", "Posición global | Banco Ribera", Css, """
        <div class="cab"><div class="logo">Banco <b>Ribera</b></div><div class="op">Transferencias</div><div class="op">Tarjetas</div><div class="op salir" role="button" tabindex="0">Cerrar sesión</div></div>
        <div class="pos"><div class="h">Hola, Lucía</div><div class="fila"><span>Cuenta Corriente ·4410</span><span>Saldo disponible 3.120,75 €</span></div><div class="fila"><span>Hipoteca</span><span>−88.401,00 €</span></div></div>
        <script>document.querySelector('.salir').onclick = async () => { await fetch('/spanish/api/salir', { method: 'POST' }); location.reload(); };</script>
        """);

    private const string Script = """
        const [documento, clave] = document.querySelectorAll('.i');
        const aviso = document.querySelector('.av');
        const entrar = async () => {
          if (!documento.value || !clave.value) { aviso.textContent = 'Rellena los dos campos.'; return; }
          const respuesta = await (await fetch('/spanish/api/acceso', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ documento: documento.value, clave: clave.value }) })).json();
          if (respuesta.resultado === 'OK') location.reload(); else aviso.textContent = respuesta.mensaje;
        };
        document.querySelector('.btn').addEventListener('click', entrar);
        clave.addEventListener('keydown', evento => { if (evento.key === 'Enter') entrar(); });
        """;

    private const string Css = """
        body{margin:0;font:16px/1.5 Verdana,Geneva,sans-serif;color:#431407}.cab{display:flex;gap:30px;padding:18px 50px;border-bottom:4px solid #c2410c;align-items:center}.logo{flex:1;font-size:24px}.logo b{color:#c2410c}.op{cursor:pointer}.hero{display:flex;background:linear-gradient(90deg,#ffedd5,#fdba74);padding:50px;gap:40px}.txt{flex:1}.h{font-size:34px;line-height:1.2;margin-bottom:14px}.caja{background:#fff;width:300px;padding:24px;border-radius:6px}.t{font-weight:bold;margin-bottom:14px}.c{font-size:13px;margin-top:12px}.i{width:100%;box-sizing:border-box;padding:9px;border:1px solid #d6a47c;font:inherit}
        .av{color:#b91c1c;font-size:14px;min-height:22px;margin-top:10px}.btn{background:#c2410c;color:#fff;text-align:center;padding:11px;cursor:pointer;border-radius:4px;margin-top:4px}.p{font-size:13px;margin-top:12px}a{color:#c2410c}.pie{padding:24px 50px;font-size:13px}.pos{padding:40px 50px}.fila{display:flex;justify-content:space-between;border-bottom:1px solid #fed7aa;padding:16px 0}
        """;
}
