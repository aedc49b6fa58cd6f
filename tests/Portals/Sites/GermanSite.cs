namespace Ostiary.Portals.Sites;

/// <summary>A town's utility works in German: fieldset, wrapped labels, a menu that opens the login page.</summary>
internal sealed class GermanSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "german",
        Title = "Stadtwerke Lindental",
        Path = "/german/kundenportal/anmeldung.html",
        Username = "greta.baum",
        Password = "Practice-Only-21!",
        WrongPassword = "Not-The-Right-One-21!",
        WrongText = "Anmeldung fehlgeschlagen: Benutzername oder Kennwort ist falsch.",
        Evidence = "Ihr Abschlag: 86,00 EUR",
        Style = "German labels (Benutzername, Kennwort, Anmelden) in a fieldset with wrapping labels; refusal as a definition list.",
    };

    public override string Color => "#15803d";
    public override string Cookie => "swl_sitzung";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "Willkommen", """<h1>Wärme, Wasser, Strom aus Lindental</h1><p>Unser Kundenbüro am Marktplatz 4 ist montags bis freitags von 8 bis 16 Uhr geöffnet.</p><p><a href="/german/kundenportal/anmeldung.html">Zum Kundenportal</a></p>""")));
        at.Get("kundenportal/anmeldung.html", visit => Visit.Page(Shell(visit, "Anmeldung", Form(""))));
        at.Post("kundenportal/anmeldung.html", visit =>
        {
            if (!visit.TryPassword(visit["benutzer"], visit["kennwort"], out var account)) return Visit.Page(Shell(visit, "Anmeldung", Form("Anmeldung fehlgeschlagen: Benutzername oder Kennwort ist falsch.")));
            visit.SignIn(account);
            return visit.Go("kundenportal/uebersicht.html");
        });
        at.Get("kundenportal/uebersicht.html", visit => visit.Account is null ? visit.Go("kundenportal/anmeldung.html") : Visit.Page(Shell(visit, "Übersicht", """
            <h1>Guten Tag, Greta Baum</h1><p class="kasten">Ihr Abschlag: 86,00 EUR</p><p>Zählerstand vom 2. April: 18.204 kWh</p><p><a href="/german/kundenportal/abmelden.html">Abmelden</a></p>
            """)));
        at.Get("kundenportal/abmelden.html", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Form(string fault) => $"""
        <h1>Kundenportal</h1>{(fault.Length > 0 ? $"""<dl class="meldung"><dt>Hinweis</dt><dd>{fault}</dd></dl>""" : "")}
        <form method="post" action="/german/kundenportal/anmeldung.html"><fieldset><legend>Anmeldung</legend><label><span>Benutzername</span><input type="text" name="benutzer" size="30"></label><label><span>Kennwort</span><input type="password" name="kennwort" size="30"></label><label class="haken"><input type="checkbox" name="merken"> Angemeldet bleiben</label><input type="submit" value="Anmelden"> <input type="reset" value="Zurücksetzen"></fieldset></form>
        <ul><li><a href="/german/#kennwort">Kennwort vergessen?</a></li><li><a href="/german/#neu">Neu hier? Jetzt registrieren</a></li></ul>
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("de", title + " – Stadtwerke Lindental", Css, $"""
        <div class="kopf"><strong>Stadtwerke Lindental</strong><form><input name="suche" placeholder="Suchbegriff"><button>Suchen</button></form></div>
        <div class="reihe"><ul class="menue"><li><a href="/german/">Startseite</a></li><li><a href="/german/">Strom</a></li><li><a href="/german/">Gas und Wärme</a></li><li><a href="/german/">Hallenbad</a></li><li><a href="/german/kundenportal/anmeldung.html">Kundenportal</a></li>{(visit.Account is null ? "" : """<li><a href="/german/kundenportal/abmelden.html">Abmelden</a></li>""")}</ul><div class="inhalt">{main}</div></div>
        <div class="fuss">Impressum · Datenschutz · Die Stadtwerke Lindental sind frei erfunden.</div>
        """, """<link rel="icon" href="/german/icon.svg">""");

    private const string Css = """
        body{margin:0 auto;width:940px;font:15px/1.5 "Frutiger",Calibri,sans-serif;background:#f0fdf4;color:#14532d}.kopf{display:flex;justify-content:space-between;align-items:center;background:#15803d;color:#fff;padding:22px;font-size:22px}.reihe{display:flex;background:#fff;min-height:420px}.menue{list-style:none;margin:0;padding:20px;width:170px;background:#dcfce7}.menue li{padding:6px 0}.inhalt{padding:10px 36px;flex:1}fieldset{border:1px solid #86efac;padding:16px 20px}label{display:flex;margin:10px 0;align-items:center}label span{width:130px}.haken{margin-left:130px}input{padding:5px;font:inherit}input[type=submit]{margin-left:130px;background:#15803d;color:#fff;border:0;padding:7px 18px}
        .meldung{background:#fef2f2;border:1px solid #fca5a5;padding:8px 14px;color:#7f1d1d}.meldung dt{font-weight:bold}.meldung dd{margin:0}.kasten{background:#dcfce7;padding:16px;font-size:18px}.fuss{padding:14px;font-size:12px}a{color:#166534}
        """;
}
