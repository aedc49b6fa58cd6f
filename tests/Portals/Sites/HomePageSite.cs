namespace Ostiary.Portals.Sites;

/// <summary>A dentist's home page: much to read, three forms that are not for signing in, and one small link in the header.</summary>
internal sealed class HomePageSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "home",
        Title = "Cedar Grove Dental",
        Path = "/home/",
        Username = "margit.ohlsen",
        Password = "Practice-Only-31!",
        WrongPassword = "Not-The-Right-One-31!",
        WrongText = "We didn't find a patient with that username and password.",
        Evidence = "Your next cleaning",
        Style = "The source is a home page with forms for appointments, newsletter and search; only a link in the header leads to the form.",
    };

    public override string Color => "#0d9488";
    public override string Cookie => "cgd";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell(visit, "Cedar Grove Dental", """
            <section class="welcome"><div><h2>A calm place for teeth.</h2><p>We take our time, explain what we do and have a very large aquarium.</p></div>
            <form action="/home/" class="book"><h3>Ask for an appointment</h3><input name="name" placeholder="Your name"><input name="tel" placeholder="Telephone"><input name="mail" type="email" placeholder="Email"><textarea name="msg" placeholder="What hurts?"></textarea><button>Send request</button></form></section>
            <section class="three"><div><h3>Children</h3><p>First visit at three. Bring the favourite toy.</p></div><div><h3>Implants</h3><p>Planned on screen, placed in an hour.</p></div><div><h3>Fear of the dentist?</h3><p>Tell us. We have ways, and all of them are gentle.</p></div></section>
            """)));
        at.Get("patients/enter", visit => Visit.Page(Shell(visit, "Patient area", Enter("", ""))));
        at.Post("patients/enter", visit =>
        {
            if (!visit.TryPassword(visit["patient"], visit["phrase"], out var account)) return Visit.Page(Shell(visit, "Patient area", Enter(visit["patient"], "We didn't find a patient with that username and password.")));
            visit.SignIn(account);
            return visit.Go("patients");
        });
        at.Get("patients", visit => visit.Account is null ? visit.Go("patients/enter") : Visit.Page(Shell(visit, "Patient area", """<section class="plain"><h2>Hello Margit</h2><p class="note">Your next cleaning: 19 June, 9:15</p><p>X-rays: 2 · Treatment plans: none · Invoices: all paid</p></section>""")));
        at.Get("patients/leave", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
        at.Get("team", visit => Visit.Page(Shell(visit, "Our team", """<section class="plain"><h2>Our team</h2><p>Five people, one aquarium.</p></section>""")));
        at.Get("prices", visit => Visit.Page(Shell(visit, "Prices", """<section class="plain"><h2>Prices</h2><p>A cleaning is 70. The first look is free.</p></section>""")));
    }

    private static string Enter(string name, string fault) => $"""
        <section class="plain"><h2>Patient area</h2><form method="post" action="/home/patients/enter"><p><label for="patient">Username</label><input id="patient" name="patient" value="{Markup.Text(name)}" aria-invalid="{(fault.Length > 0 ? "true" : "false")}"></p><p><label for="phrase">Password</label><input id="phrase" name="phrase" type="password"></p>{(fault.Length > 0 ? $"""<p class="invalid-feedback">{fault}</p>""" : "")}<button class="b">Enter</button></form><p><a href="/home/prices">Call us if you have lost your password</a></p></section>
        """;

    private static string Shell(Visit visit, string title, string main) => Markup.Document("en", title, Css, $"""
        <header role="banner"><h1><a href="/home/">Cedar Grove Dental</a></h1><nav><ul><li><a href="/home/team">Our team</a></li><li><a href="/home/prices">Prices</a></li><li><a href="/home/">Find us</a></li></ul></nav><form role="search"><input type="search" aria-label="Search this site"></form>{(visit.Account is null ? """<a href="/home/patients/enter">Sign in</a>""" : """<a href="/home/patients">My visits</a><a href="/home/patients/leave">Sign out</a>""")}</header>{main}
        <footer><p>Tooth tips by mail, four times a year</p><form><input type="email" name="newsletter" placeholder="Email address"><button type="button">Sign me up</button></form></footer>
        """, """<link rel="icon" href="/home/icon.svg">""");

    private const string Css = """
        body{margin:0;font:17px/1.6 "Segoe UI",Tahoma,sans-serif;color:#134e4a}header{display:flex;gap:1.5rem;align-items:center;padding:.8rem 3rem}header h1{flex:1;font-size:1.4rem}header ul{display:flex;gap:1.5rem;list-style:none}a{color:#0d9488}header a{text-decoration:none}input,textarea{padding:.6rem;border:1px solid #99f6e4;border-radius:6px;font:inherit}.welcome{display:grid;grid-template-columns:1fr 22rem;gap:3rem;background:linear-gradient(120deg,#ccfbf1,#f0fdfa);padding:3rem}.welcome h2{font-size:2.6rem}.book{background:#fff;padding:1.5rem;border-radius:12px;display:flex;flex-direction:column;gap:.6rem}.book h3{margin:0}button{background:#0d9488;color:#fff;border:0;border-radius:6px;padding:.6rem 1.4rem;font:inherit}
        .three{display:grid;grid-template-columns:1fr 1fr 1fr;gap:2rem;padding:2rem 3rem}.plain{max-width:30rem;margin:2rem auto;min-height:18rem}.plain label{display:block}.plain input{width:100%;box-sizing:border-box}.invalid-feedback{color:#be123c}.note{background:#ccfbf1;padding:1rem;border-radius:8px}footer{background:#134e4a;color:#ccfbf1;padding:1.5rem 3rem;display:flex;gap:2rem;align-items:center}
        """;
}
