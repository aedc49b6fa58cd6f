namespace Ostiary.Portals.Sites;

/// <summary>A town library on an old machine: every answer takes 1.5 seconds and the form is drawn a second after the page.</summary>
internal sealed class SlowSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "slow",
        Title = "Thornwick Library",
        Path = "/slow/patron",
        Username = "2900041177",
        Password = "Practice-Only-19!",
        WrongPassword = "Not-The-Right-One-19!",
        WrongText = "Library card or PIN not valid.",
        Evidence = "Items on loan: 3",
        Style = "Every page and call takes 1.5 s on the server; the form is added by script 1 s after the page, until then grey bars.",
    };

    public override string Color => "#57534e";
    public override string Cookie => "opac";

    public override void Prepare(SiteState state) => state.Delay = TimeSpan.FromMilliseconds(1500);

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("patron"));
        at.Get("patron", visit => visit.Account is null ? Visit.Page(Shell("My library card", LogIn(""))) : visit.Go("patron/loans"));
        at.Post("patron", visit =>
        {
            if (!visit.TryPassword(visit["card"], visit["pin"], out var account)) return Visit.Page(Shell("My library card", LogIn("Library card or PIN not valid.")));
            visit.SignIn(account);
            return visit.Go("patron/loans");
        });
        at.Get("patron/loans", visit => visit.Account is null ? visit.Go("patron") : Visit.Page(Shell("Loans", """
            <h2>Items on loan: 3</h2><ul><li>Mosses of the north (due 12 May)</li><li>The lighthouse stairs (due 12 May)</li><li>Bread, patiently (due 26 May)</li></ul><p><a href="/slow/patron/end">End session</a></p>
            """)));
        at.Get("patron/end", visit =>
        {
            visit.SignOut();
            return visit.Go("patron");
        });
    }

    private static string LogIn(string fault) => $"""
        <h2>My library card</h2><div id="slot" aria-busy="true"><div class="sk"></div><div class="sk"></div><div class="sk short"></div></div>
        <template id="late"><form method="post" action="/slow/patron">{(fault.Length > 0 ? $"""<p class="note error">{fault}</p>""" : "")}<p><label for="c">Library card number</label><input id="c" name="card" inputmode="numeric"></p><p><label for="n">PIN or password</label><input id="n" name="pin" type="password"></p><p><button>Log in</button> <a href="/slow/patron#pin">Reset PIN</a></p></form></template>
        <script>{Late}</script>
        """;

    private const string Late = """
        setTimeout(() => {
          const slot = document.getElementById('slot');
          slot.replaceChildren(document.getElementById('late').content);
          slot.removeAttribute('aria-busy');
        }, 1000);
        """;

    private static string Shell(string title, string main) => Markup.Document("en", title + " : Thornwick Library", Css, $"""
        <div id="top"><a href="/slow/patron">Thornwick Library</a></div><div id="search"><form action="/slow/patron"><select name="in"><option>Title</option><option>Author</option></select> <input name="term" placeholder="Search the catalogue"> <button>Find</button></form></div><div id="main">{main}</div><div id="bottom">Catalogue 4.1 · 88,214 books · the reading room closes at 7</div>
        """, """<link rel="icon" href="/slow/icon.svg">""");

    private const string Css = """
        body{margin:0;font:16px/1.5 "Bookman Old Style",Bookman,serif;color:#292524;background:#fafaf9}#top{background:#57534e;padding:16px 40px}#top a{color:#fff;text-decoration:none;font-size:22px}#search{background:#e7e5e4;padding:12px 40px}#main{width:420px;margin:40px}label{display:block}#main input{width:100%;box-sizing:border-box;padding:8px;border:1px solid #a8a29e;font:inherit}button{font:inherit;padding:6px 16px}.sk{height:38px;background:linear-gradient(90deg,#e7e5e4,#f5f5f4,#e7e5e4);margin:18px 0}.short{width:120px}.note.error{border:1px solid #b45309;background:#fffbeb;padding:8px 12px}#bottom{padding:20px 40px;color:#78716c;font-size:13px}
        """;
}
