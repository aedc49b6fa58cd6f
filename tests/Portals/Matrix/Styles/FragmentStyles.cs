namespace Ostiary.Portals.Matrix.Styles;

/// <summary>Markup from the server that a script puts into the page: what is sent never loads a document.</summary>
internal abstract class FragmentStyle : MarkupStyle
{
    public override bool Calls => true;

    /// <summary>Where the fragments go.</summary>
    protected abstract string Into { get; }

    public override IResult Get(Moment m, string path) => path == "part" ? Visit.Page(Draw(m.Cell, m.Site.Now(m))) : base.Get(m, path);

    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying)
    {
        m.Visit.Http.Response.Headers["X-Step"] = saying is { How: Shown.Address } ? "login?error=bad_login" : (scene ?? m.Site.Now(m)).Id;
        if (m.Visit.Account is not null || m.Bounced)
        {
            m.Visit.Http.Response.Headers["X-Go"] = m.Cell.At(m.Bounced ? "" : AfterSignIn(m.Cell));
            return Visit.Page("", status);
        }
        if (saying is { How: not (Shown.Address or Shown.Status or Shown.Silent) }) m.SetNote("saying", $"{saying.How}|{saying.Text}");
        return Visit.Page(Draw(m.Cell, m.Site.Now(m)), saying is { How: Shown.Address } ? 200 : status);
    }

    /// <summary>Where a visitor goes who is signed in.</summary>
    protected virtual string AfterSignIn(Cell cell) => cell.Outcome.Inside == "home" ? "" : Door;

    /// <summary>Sends forms by a call and puts what comes into the page.</summary>
    protected string Carry(Cell cell, bool hash) => $$"""
        (() => {
        const place = () => document.querySelector('{{Into}}');
        const wake = () => {
          place().querySelectorAll('[data-brief]').forEach(e => setTimeout(() => e.remove(), 1500));
          const polls = place().querySelector('[data-polls]');
          if (polls) { const ask = async () => { if (!polls.isConnected) return; const answer = await (await fetch(polls.dataset.polls)).json(); if (!answer.changed) { setTimeout(ask, 700); return; } const next = await fetch('{{cell.At("part")}}'); const html = await next.text(); if (/data-inside/.test(html)) location.assign('{{cell.At(AfterSignIn(cell))}}'); else { place().innerHTML = html; wake(); } }; setTimeout(ask, 700); }
        };
        document.addEventListener('submit', e => {
          if (!place() || !place().contains(e.target)) return;
          e.preventDefault();
          const data = new URLSearchParams(new FormData(e.target, e.submitter));
          const call = new XMLHttpRequest();
          call.open('POST', '{{cell.At("do")}}');
          place().querySelectorAll('button').forEach(b => { b.disabled = true; });
          {{(cell.Outcome.Spins ? "place().insertAdjacentHTML('beforeend', '<div class=\"loading-spinner\" style=\"width:30px;height:30px;border:3px solid;border-radius:50%\"></div>');" : "")}}
          call.onload = () => {
            const go = call.getResponseHeader('X-Go');
            if (go) { location.assign(go); if (location.pathname === go) location.reload(); return; }
            {{(hash ? "location.hash = '/' + call.getResponseHeader('X-Step');" : "")}}
            place().innerHTML = call.responseText;
            wake();
          };
          call.send(data);
        });
        wake();
        })();
        """;
}

/// <summary>An application that keeps its place behind the hash.</summary>
internal sealed class HashStyle : FragmentStyle
{
    public override string Id => "hash";
    public override string About => "Pieces of markup fetched by XMLHttpRequest, the step in the address behind the hash, placeholders instead of labels, names that say nothing.";
    public override string Cookie => "h";
    public override string Door => "app";
    protected override string Into => "#view";

    public override string Name(string key) => key switch { "user" => "a1", "password" => "a2", "code" => "a3", "answer" => "a4", "company" => "a5", _ => key };

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<p><input class="in" name="{Name(entry.Key)}" type="{TypeOf(entry)}" placeholder="{T(entry.Label)}" value="{T(entry.Value)}">{(inline is null ? "" : $"""<br><em class="warn">{T(inline.Text)}</em>""")}</p>""";

    protected override string Button(Cell cell, Press press) => $"""<button class="{(press.Main ? "big" : "small")}" name="do" value="{press.Action}">{T(press.Label)}</button> """;

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief class="snack">{T(saying.Text)}</div>""",
        Shown.Plain => $"<p>{T(saying.Text)}</p>",
        _ => $"""<p class="error">{T(saying.Text)}</p>""",
    };

    protected override string Heading(Cell cell, string heading) => $"<h3>{T(heading)}</h3>";

    protected override string Draw(Cell cell, Scene scene) => base.Draw(cell, scene) + (scene.Inside.Length > 0 ? "<i data-inside></i>" : "");

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, cell.Brand, "body{font:15px Tahoma;margin:0;background:#f5f3ff}.bar{background:#4c1d95;color:#fff;padding:.8rem 2rem;display:flex;gap:3rem}.bar a{color:#fff}#view{max-width:30rem;margin:2rem auto;background:#fff;padding:1.5rem}.in{width:100%;padding:.6rem;box-sizing:border-box}.big{background:#6d28d9;color:#fff;border:0;padding:.7rem 2rem}.error,.warn{color:#b91c1c}.snack{position:fixed;bottom:0;left:0;right:0;background:#312e81;color:#fff;padding:1rem}", $"""
        <div class="bar"><a href="{cell.At("")}">{T(cell.Brand)}</a>{Corner(cell, scene)}</div><div id="view">{main}</div><script>{Kit.Replace("const polls", "const unused", StringComparison.Ordinal).Replace("if (polls)", "if (false)", StringComparison.Ordinal)}{Carry(cell, hash: true)}</script>
        """);
}

/// <summary>A dialog on the home page.</summary>
internal sealed class DialogStyle : FragmentStyle
{
    public override string Id => "dialog";
    public override string About => "A modal dialog that a button of the home page opens; all steps happen in it, then the page's header changes. A code goes into six boxes.";
    public override string Cookie => "cart";
    public override bool StartsAtHome => true;
    public override bool HasAddress => false;
    public override bool Boxes => true;
    protected override string Into => "#gate .steps";

    public override string Name(string key) => key switch { "user" => "login_email", "password" => "login_pwd", _ => "login_" + key };

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<label class="fld"><span>{T(entry.Label)}</span><input name="{Name(entry.Key)}" type="{TypeOf(entry)}" value="{T(entry.Value)}"{(inline is null ? "" : " aria-invalid=\"true\"")}></label>{(inline is null ? "" : $"""<small class="invalid-feedback">{T(inline.Text)}</small>""")}""";

    protected override string Button(Cell cell, Press press) => $"""<button class="{(press.Main ? "go" : "alt")}" name="login_do" value="{press.Action}">{T(press.Label)}</button>""";

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief style="position:absolute;top:0;left:0;right:0;background:#7f1d1d;color:#fff;padding:.6rem">{T(saying.Text)}</div>""",
        Shown.Plain => $"<div>{T(saying.Text)}</div>",
        _ => $"""<div class="notice notice--error">{T(saying.Text)}</div>""",
    };

    protected override string AfterSignIn(Cell cell) => "";

    protected override string Draw(Cell cell, Scene scene) => base.Draw(cell, scene) + (scene.Inside.Length > 0 ? "<i data-inside></i>" : "");

    protected override string Corner(Cell cell, Scene scene) => scene.Inside.Length == 0 ? $"""<button type="button" id="open-gate">{T(cell.Say("signin"))}</button>""" : base.Corner(cell, scene);

    // The wall lies over the home page; nothing opens before it is gone.
    protected override string Wall(Cell cell, bool shown) => base.Wall(cell, shown && cell.Outcome.Id != "cookies");

    public override IResult Show(Cell cell, Scene scene, int status) => Visit.Page(Shell(cell, scene.Heading, Draw(cell, scene), scene with { Inside = "closed" }), status);

    protected override IResult Home(Moment m)
    {
        var cell = m.Cell;
        var inside = m.Visit.Account is null ? "" : cell.Outcome.Inside;
        var main = m.Visit.Account is not null && (cell.Outcome.AtInside is not null || cell.Outcome.Id is "sudo" or "confirm")
            ? Draw(cell, m.Site.Now(m))
            : $"""<h1>{T(cell.Say("home_title"))}</h1><p>{T(cell.Say("home_text"))}</p>{(inside.Length > 0 ? $"<p>{T(cell.Say("inside"))}</p>" : "")}{base.Wall(cell, cell.Outcome.Id == "cookies")}""";
        var scene = new Scene("home", "") { Inside = inside };
        return Visit.Page(Drawn(cell, scene, Shell(cell, cell.Brand, main, scene, m)));
    }

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Shell(cell, title, main, scene, null);

    private string Shell(Cell cell, string title, string main, Scene scene, Moment? m) => Markup.Document(cell.Language, title, "body{font:16px/1.5 'Trebuchet MS';margin:0}header{display:flex;justify-content:space-between;padding:1rem 3rem;background:#fef3c7}main{max-width:50rem;margin:2rem auto}dialog{width:24rem;border:0;border-radius:16px;padding:2rem;box-shadow:0 20px 60px #0005}dialog::backdrop{background:#0007}.fld{display:block;margin:1rem 0}.fld input{width:100%;box-sizing:border-box;padding:.6rem}.go{background:#b45309;color:#fff;border:0;padding:.7rem 1.6rem}.alt{background:none;border:0}.notice--error,.invalid-feedback{color:#b91c1c}", $"""
        <header><b>{T(cell.Brand)}</b><span>{(scene.Inside == "closed" ? "" : Corner(cell, scene))}</span></header><main>{main}<p>{T(cell.Say("news"))}</p><form action="{cell.At("news")}" method="post"><input type="email" name="mail"><button>{T(cell.Say("news_button"))}</button></form></main>
        {(m is null || scene.Inside.Length > 0 ? "" : $"""<dialog id="gate"><form method="dialog" style="float:right"><button aria-label="×">×</button></form><div class="steps">{Draw(cell, m.Site.Now(m))}</div></dialog>""")}
        <script>{Kit.Replace("const polls", "const unused", StringComparison.Ordinal).Replace("if (polls)", "if (false)", StringComparison.Ordinal)}document.getElementById('open-gate')?.addEventListener('click', () => document.getElementById('gate').showModal());if (document.getElementById('gate')) {Carry(cell, hash: false)}</script>
        """);
}

/// <summary>The form in a frame of the page.</summary>
internal sealed class FrameStyle : MarkupStyle
{
    public override string Id => "frame";
    public override string About => "The sign-in is a frame of the page; its pages are full ones, and the last one tells the page around it by a message.";
    public override string Cookie => "IDSID";
    public override string Door => "member.html";
    public override bool HasAddress => false;

    public override string Name(string key) => key switch { "user" => "memberNo", "password" => "memberPw", "code" => "memberTan", _ => key };

    public override IResult Get(Moment m, string path)
    {
        var cell = m.Cell;
        if (path == "gate")
        {
            if (m.Visit.Account is not null) return Visit.Page($$"""<script>parent.postMessage({ done: true }, location.origin)</script>""");
            return Visit.Page(Inner(cell, m.Site.Now(m)));
        }
        if (path != Door || m.Visit.Account is not null) return base.Get(m, path);
        return Visit.Page(Around(cell));
    }

    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying) => m.Visit.Go("gate");

    private string Around(Cell cell) => Shell(cell, cell.Say("signin_title"), $$"""
        <iframe id="gate" src="{{cell.At("gate")}}" width="460" height="520" title="{{T(cell.Say("signin_title"))}}"></iframe>
        <script>addEventListener('message', e => { if (e.origin === location.origin && e.data.done) location.assign('{{cell.At(cell.Outcome.Inside == "home" ? "" : Door)}}'); if (location.pathname === '{{cell.At(Door)}}' && e.data.done) location.reload(); });</script>
        """, new Scene("around", ""));

    private string Inner(Cell cell, Scene scene) => Markup.Document(cell.Language, "", "body{font:14px Arial;background:#fff}label{display:block;margin-top:10px}", Draw(cell, scene) + $"<script>{Kit}</script>");

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<label for="{entry.Key}Field">{T(entry.Label)}</label><input id="{entry.Key}Field" name="{Name(entry.Key)}" type="{TypeOf(entry)}" value="{T(entry.Value)}">{(inline is null ? "" : $"""<div class="field-error">{T(inline.Text)}</div>""")}""";

    protected override string Button(Cell cell, Press press) => $"""<p><input type="submit" name="do:{press.Action}" value="{T(press.Label)}"></p>""";

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief style="position:fixed;top:0;right:0;background:#333;color:#fff;padding:8px">{T(saying.Text)}</div>""",
        Shown.Plain => $"<div>{T(saying.Text)}</div>",
        _ => $"""<div class="msg-error" style="border:1px solid red;padding:6px">{T(saying.Text)}</div>""",
    };

    protected override string Heading(Cell cell, string heading) => $"<h2>{T(heading)}</h2>";

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "body{font:15px Helvetica;margin:0;background:#f0fdf4}#top{background:#14532d;color:#fff;padding:14px 40px}#top a{color:#fff;margin-left:40px}#mid{padding:30px 40px}", $"""
        <div id="top"><b>{T(cell.Brand)}</b>{Corner(cell, scene)}</div><div id="mid">{main}</div><script>{Kit}</script>
        """);
}
