namespace Ostiary.Portals.Sites;

/// <summary>A health insurer in French with a code by text message.</summary>
internal sealed class FrenchSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "french",
        Title = "Mutuelle Bellerive",
        Path = "/french/espace-adherent/connexion",
        Username = "amelie.roche@bellerive.example",
        Password = "Practice-Only-22!",
        WrongPassword = "Not-The-Right-One-22!",
        Mfa = "code",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "code de vérification", [new("code", "string", null, "000000")])],
        WrongText = "Identifiant ou mot de passe incorrect. Veuillez réessayer.",
        WrongCodeText = "Ce code n’est pas valable.",
        Evidence = "Dernier remboursement",
        Style = "French, with a code by text message; labels are aria-labels and placeholders; errors under the fields.",
    };

    public override string Color => "#be185d";
    public override string Cookie => "bellerive_jeton";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "Mutuelle Bellerive", """<section class="une"><h1>Votre santé, tout simplement.</h1><p>Plus de 200 000 adhérents nous font confiance.</p><a class="bouton" href="/french/espace-adherent/connexion">Espace adhérent</a></section>""")));
        at.Get("espace-adherent/connexion", visit => Visit.Page(Shell(visit, "Connexion", Connexion(visit, ""))));
        at.Post("espace-adherent/connexion", visit =>
        {
            if (!visit.FromOwnForm("_jeton")) return visit.Go("espace-adherent/connexion");
            if (!visit.TryPassword(visit["_identifiant"], visit["_mdp"], out var account)) return Visit.Page(Shell(visit, "Connexion", Connexion(visit, "Identifiant ou mot de passe incorrect. Veuillez réessayer.")), StatusCodes.Status422UnprocessableEntity);
            account.SendCode("sms", code => $"Mutuelle Bellerive : votre code est {code}.");
            visit.Continue(account, "code");
            return visit.Go("espace-adherent/verification");
        });
        at.Get("espace-adherent/verification", visit => visit.PendingAt("code") is null ? visit.Go("espace-adherent/connexion") : Visit.Page(Shell(visit, "Vérification", Verification(""))));
        at.Post("espace-adherent/verification", visit =>
        {
            if (visit.PendingAt("code") is not { } account) return visit.Go("espace-adherent/connexion");
            if (!account.TryCode(visit["code"])) return Visit.Page(Shell(visit, "Vérification", Verification("Ce code n’est pas valable.")));
            visit.SignIn(account);
            return visit.Go("espace-adherent");
        });
        at.Get("espace-adherent", visit => visit.Account is null ? visit.Go("espace-adherent/connexion") : Visit.Page(Shell(visit, "Mon espace", """
            <section><h1>Bonjour Amélie</h1><div class="carte"><h2>Dernier remboursement</h2><p>Consultation du 3 avril : 17,50 €</p></div><div class="carte"><h2>Ma carte</h2><p>Valable jusqu’au 31 décembre</p></div></section>
            """)));
        at.Get("deconnexion", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Connexion(Visit visit, string fault) => $"""
        <section class="deux"><form method="post" action="/french/espace-adherent/connexion" novalidate><h1>Connexion</h1><input type="hidden" name="_jeton" value="{visit.Visitor.Csrf}">
        <input type="text" name="_identifiant" aria-label="Identifiant ou adresse e-mail" placeholder="Identifiant ou adresse e-mail" value="{Markup.Text(visit["_identifiant"])}">
        <input type="password" name="_mdp" aria-label="Mot de passe" placeholder="Mot de passe">{(fault.Length > 0 ? $"""<span class="erreur">{fault}</span>""" : "")}
        <button type="submit" class="bouton">Se connecter</button><a href="/french/#oubli">Mot de passe oublié ?</a></form>
        <div class="pub"><h2>Pas encore adhérent ?</h2><p>Demandez un devis, sans engagement.</p><form><input type="email" name="devis" placeholder="Votre e-mail"><button type="button">Recevoir un devis</button></form></div></section>
        """;

    private static string Verification(string fault) => $"""
        <section><form method="post" action="/french/espace-adherent/verification" class="seul"><h1>Vérification</h1><p>Nous vous avons envoyé un code de vérification par SMS au 06 •• •• •• 31.</p><input name="code" aria-label="Code de vérification" placeholder="Code à 6 chiffres" autocomplete="one-time-code" maxlength="6">{(fault.Length > 0 ? $"""<span class="erreur">{fault}</span>""" : "")}<button class="bouton">Valider</button><a href="/french/espace-adherent/connexion">Retour</a></form></section>
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("fr", title, Css, $"""
        <nav class="haut"><a href="/french/" class="nom">Mutuelle <em>Bellerive</em></a><a href="/french/#soins">Nos garanties</a><a href="/french/#agences">Agences</a>{(visit.Account is null ? """<a href="/french/espace-adherent/connexion">Se connecter</a>""" : """<a href="/french/deconnexion">Se déconnecter</a>""")}</nav>{main}<div class="bas">Mutuelle fictive · Mentions légales · Recevez notre lettre <input type="email" placeholder="E-mail" aria-label="E-mail pour la lettre d’information"></div>
        """, """<link rel="icon" href="/french/icon.svg">""");

    private const string Css = """
        body{margin:0;font:16px/1.6 Futura,"Century Gothic",sans-serif;color:#500724}.haut{display:flex;gap:2rem;padding:1.4rem 3rem;align-items:baseline}.haut .nom{flex:1;font-size:1.5rem;text-decoration:none}.nom em{color:#be185d}a{color:#be185d}.une{padding:7rem 3rem;background:linear-gradient(100deg,#fdf2f8,#fbcfe8)}.une h1{font-size:3rem;margin:0}.bouton{display:inline-block;background:#be185d;color:#fff;border:0;border-radius:2rem;padding:.8rem 2rem;font:inherit;text-decoration:none}section{padding:2rem 3rem}
        .deux{display:grid;grid-template-columns:1fr 1fr;gap:4rem}.deux>form,.seul{display:flex;flex-direction:column;gap:1rem;max-width:24rem}input{padding:.8rem 1.2rem;border:1px solid #f9a8d4;border-radius:2rem;font:inherit}.erreur{color:#b91c1c;font-size:.9rem}.pub{background:#fdf2f8;border-radius:2rem;padding:2rem}.carte{background:#fdf2f8;border-radius:1rem;padding:.5rem 1.5rem;margin-bottom:1rem}.bas{padding:2rem 3rem;font-size:.85rem;border-top:1px solid #fbcfe8}
        """;
}
