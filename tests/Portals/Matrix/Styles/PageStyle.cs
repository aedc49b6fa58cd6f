namespace Ostiary.Portals.Matrix.Styles;

/// <summary>A long page with floating labels, a search above and a newsletter below.</summary>
internal sealed class PageStyle : MarkupStyle
{
    public override string Id => "page";
    public override string About => "A long page of a shop: search in the header, floating labels, a newsletter and a footer below the form, full pages.";
    public override string Cookie => "PHPSESSID";
    public override string Door => "my/sign-in";

    public override string Name(string key) => key switch { "user" => "customer[email]", "password" => "customer[password]", "code" => "otp", "answer" => "reply", "company" => "org", _ => key };

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""
        <div class="fl{(inline is null ? "" : " has-error")}"><input id="f-{entry.Key}" name="{Name(entry.Key)}" type="{(entry.Kind == "user" ? "email" : TypeOf(entry))}" placeholder=" " value="{T(entry.Value)}"{(entry.Kind == "password" ? " autocomplete=\"current-password\"" : entry.Kind == "code" ? " autocomplete=\"one-time-code\" inputmode=\"numeric\"" : "")}{(inline is null ? "" : " aria-invalid=\"true\"")}><label for="f-{entry.Key}">{T(entry.Label)}</label>{(inline is null ? "" : $"""<span class="help">{T(inline.Text)}</span>""")}</div>
        """;

    protected override string Button(Cell cell, Press press) => $"""<button class="btn {(press.Main ? "btn-primary" : "btn-link")}" name="do" value="{press.Action}">{T(press.Label)}</button>""";

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div class="toast" data-brief style="position:fixed;right:1rem;top:1rem;background:#111;color:#fff;padding:1rem">{T(saying.Text)}</div>""",
        Shown.Plain => $"<p>{T(saying.Text)}</p>",
        _ => $"""<div class="alert alert-danger" role="alert">{T(saying.Text)}</div>""",
    };

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, $"{title} | {cell.Brand}", Css, $"""
        <header><a class="logo" href="{cell.At("")}">{T(cell.Brand)}</a><form action="{cell.At("find")}" method="post" role="search"><input name="q" placeholder="{T(cell.Say("search"))}"><button>⌕</button></form><nav>{Corner(cell, scene)}</nav></header>
        <main>{main}</main>
        <section class="nl"><h2>{T(cell.Say("news"))}</h2><form action="{cell.At("news")}" method="post"><input type="email" name="email" placeholder="name@example.org"><button>{T(cell.Say("news_button"))}</button></form></section>
        <footer><p>{T(cell.Say("home_text"))}</p><a href="#">Impressum</a> <a href="#">Privacy</a></footer><script>{Kit}</script>
        """);

    private const string Css = """
        body{margin:0;font:16px/1.5 system-ui;color:#1f2937}header{display:flex;gap:2rem;align-items:center;padding:1rem 2rem;border-bottom:1px solid #e5e7eb}header form{flex:1}main{max-width:26rem;margin:3rem auto;min-height:20rem}
        .fl{position:relative;margin:1rem 0}.fl input{width:100%;box-sizing:border-box;padding:1.4rem .8rem .5rem;border:1px solid #9ca3af;border-radius:6px;font:inherit}.fl label{position:absolute;left:.8rem;top:.9rem;transition:.1s;pointer-events:none;color:#6b7280}.fl input:focus+label,.fl input:not(:placeholder-shown)+label{top:.2rem;font-size:.75rem}
        .btn-primary{background:#be185d;color:#fff;border:0;border-radius:6px;padding:.8rem 1.6rem;font:inherit}.btn-link{background:none;border:0;color:#be185d;text-decoration:underline;font:inherit}.alert{background:#fee2e2;padding:.8rem;border-radius:6px}.help{color:#b91c1c;font-size:.85rem}
        .nl{background:#fdf2f8;padding:2rem;text-align:center}footer{padding:2rem;font-size:.85rem;color:#6b7280}
        """;
}
