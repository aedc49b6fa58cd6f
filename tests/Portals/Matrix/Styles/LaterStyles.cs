namespace Ostiary.Portals.Matrix.Styles;

/// <summary>The form in a frame of another site, which hands a ticket to the page around it.</summary>
internal sealed class OtherFrameStyle : MarkupStyle
{
    public override string Id => "other-frame";
    public override string About => "The sign-in is a frame of another site, an identity service without a cookie of its own; at the end it hands a ticket to the page around it by a message.";
    public override string Cookie => "of";
    public override string? Flow => "flow";
    public override string Door => "account/login";
    public override bool HasAddress => false;

    public override string Name(string key) => key switch { "user" => "idp_user", "password" => "idp_pass", "code" => "idp_code", _ => key };

    public override IResult Get(Moment m, string path)
    {
        var cell = m.Cell;
        if (path == "gate") return Visit.Page(m.Visit.Account is not null ? Handing(m) : Inner(m, m.Site.Now(m)));
        if (path == "enter")
        {
            if (m.Visit.State.TakeTicket(m.Visit["ticket"]) is not { } account) return m.Visit.Go(Door);
            // The frame's visitor may still have something to be told.
            m.Visit.SignIn(account);
            m.User = account.Name;
            return m.Visit.Go(cell.Outcome.Inside == "home" ? "" : Door);
        }
        return path != Door || m.Visit.Account is not null ? base.Get(m, path) : Visit.Page(Around(m));
    }

    // The visitor's id goes along in every address of the frame.
    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying) =>
        m.Visit.Account is not null && !m.Visit.Http.Request.Query.ContainsKey("flow") ? m.Visit.Go(Door) : m.Visit.Account is not null ? Visit.Page(Handing(m)) : m.Visit.Go("gate?flow=" + m.Visit.Visitor.Id);

    private static string Handing(Moment m) => Markup.Document(m.Cell.Language, "", "", $$"""<script>parent.postMessage({ ticket: '{{m.Visit.State.IssueTicket(m.Visit.Account!)}}' }, '{{m.Visit.OtherOrigin}}')</script>""");

    private string Around(Moment m) => Shell(m.Cell, m.Say("signin_title"), $$"""
        <h1>{{T(m.Say("signin_title"))}}</h1><iframe src="{{m.Visit.OtherOrigin}}{{m.Cell.At("gate")}}?flow={{m.Visit.Visitor.Id}}" width="440" height="560" title="" style="border:1px solid #cbd5e1"></iframe>
        <script>addEventListener('message', e => { if (e.origin === '{{m.Visit.OtherOrigin}}' && e.data.ticket) location.assign('{{m.Cell.At("enter")}}?ticket=' + e.data.ticket); });</script>
        """, new Scene("around", ""));

    private string Inner(Moment m, Scene scene)
    {
        var flow = "?flow=" + m.Visit.Visitor.Id;
        var drawn = Draw(m.Cell, scene).Replace($"\"{m.Cell.At("do")}\"", $"\"{m.Cell.At("do")}{flow}\"", StringComparison.Ordinal).Replace($"\"{m.Cell.At("poll")}\"", $"\"{m.Cell.At("poll")}{flow}\"", StringComparison.Ordinal);
        return Markup.Document(m.Cell.Language, "", "body{font:15px/1.5 Arial;padding:1rem;background:#fff}label{display:block;margin-top:.8rem}input{padding:.5rem}.go{background:#0f172a;color:#fff;border:0;padding:.7rem 1.4rem;margin-top:1rem}.other{background:none;border:0;color:#0f172a;text-decoration:underline}.bad{color:#b91c1c}", drawn + $"<script>{Kit}</script>");
    }

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<label>{T(entry.Label)}<br><input name="{Name(entry.Key)}" type="{TypeOf(entry)}" value="{T(entry.Value)}"></label>{(inline is null ? "" : $"""<div class="bad">{T(inline.Text)}</div>""")}""";

    protected override string Button(Cell cell, Press press) => $"""<button class="{(press.Main ? "go" : "other")}" name="do" value="{press.Action}">{T(press.Label)}</button> """;

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief style="position:fixed;top:0;left:0;right:0;background:#0f172a;color:#fff;padding:8px">{T(saying.Text)}</div>""",
        Shown.Plain => $"<div>{T(saying.Text)}</div>",
        _ => $"""<div role="alert" class="bad">{T(saying.Text)}</div>""",
    };

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, $"{title} - {cell.Brand}", "body{font:17px/1.6 Cambria,serif;margin:0;background:#f8fafc}nav{display:flex;gap:2rem;padding:1rem 3rem;background:#fff;border-bottom:1px solid #e2e8f0}nav b{flex:1}article{max-width:46rem;margin:2rem auto}", $"""
        <nav><b>{T(cell.Brand)}</b>{Corner(cell, scene)}</nav><article>{main}<p>{T(cell.Say("home_text"))}</p></article><script>{Kit}</script>
        """);
}

/// <summary>Pages from the server, forms sent by a script, answers in JSON.</summary>
internal sealed class JsonStyle : MarkupStyle
{
    public override string Id => "json";
    public override string About => "Pages from the server; a script sends the form, is answered in JSON with status 200, and moves the page half a second later or writes what is wrong above the form, which keeps what was typed.";
    public override string Cookie => "jsid";
    public override string Door => "signin";
    public override bool Calls => true;
    public override bool HasAddress => false;

    public override string Name(string key) => key switch { "user" => "data[login]", "password" => "data[pass]", "code" => "data[tan]", _ => key };

    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying)
    {
        // The page stays as it is: nothing is left to be said on the next one.
        if (m.Visit.Known is { } known && m.Visit.Account is null) known.Notes.TryRemove("saying", out _);
        if (saying is { How: Shown.Status }) return Visit.Json(new { result = false }, status);
        if (saying is { How: not Shown.Silent }) return Visit.Json(new { result = false, saying.Text, How = saying.How.ToString().ToLowerInvariant() });
        if (status is 423 or 429) return Visit.Json(new { result = false }, status);
        return Visit.Json(new { result = true, next = m.Bounced || m.Visit.Account is not null && m.Cell.Outcome.Inside == "home" ? m.Cell.At("") : m.Cell.At(Door) });
    }

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<div class="group"><label for="j_{entry.Key}">{T(entry.Label)}</label><input class="control" id="j_{entry.Key}" name="{Name(entry.Key)}" type="{TypeOf(entry)}" value="{T(entry.Value)}"><span class="hint"></span></div>""";

    protected override string Button(Cell cell, Press press) => $"""<button type="submit" class="button {(press.Main ? "is-primary" : "is-text")}" name="do" value="{press.Action}">{T(press.Label)}</button> """;

    protected override string Message(Cell cell, Saying saying) => $"""<div class="message is-danger">{T(saying.Text)}</div>""";

    protected override string Form(Cell cell, Scene scene, string inner) => $"""<div class="message is-danger" id="said" hidden></div><form method="post" id="ajax" action="{cell.At("do")}"{(scene.Deaf ? " data-deaf" : "")}>{inner}</form>""";

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "body{font:16px/1.5 'Open Sans',Arial;margin:0;background:#eef2ff}.head{background:#3730a3;color:#fff;padding:1rem 2rem;display:flex;justify-content:space-between}.head a{color:#fff}.card{background:#fff;max-width:27rem;margin:3rem auto;padding:2rem;border-radius:10px}.control{width:100%;box-sizing:border-box;padding:.6rem;margin:.2rem 0 1rem}.is-primary{background:#3730a3;color:#fff;border:0;padding:.7rem 1.6rem}.is-text{background:none;border:0;color:#3730a3}.message{padding:.7rem;background:#fee2e2}.hint{color:#b91c1c}", $$"""
        <div class="head"><b>{{T(cell.Brand)}}</b><span>{{Corner(cell, scene)}}</span></div><div class="card">{{main}}</div>
        <script>{{Kit}}
        document.getElementById('ajax')?.addEventListener('submit', async e => {
          e.preventDefault();
          const form = e.target, said = document.getElementById('said'), hint = [...form.querySelectorAll('.hint')].at(-1), buttons = [...form.querySelectorAll('button')];
          const body = new URLSearchParams(new FormData(form, e.submitter));
          said.hidden = true;
          if (hint) hint.textContent = '';
          buttons.forEach(b => { b.disabled = true; });
          {{(cell.Outcome.Spins ? "form.insertAdjacentHTML('beforeend', '<div class=\"spinner\" style=\"width:30px;height:30px;border:3px solid;border-radius:50%\"></div>');" : "")}}
          const answer = await (await fetch(form.action, { method: 'POST', body })).json();
          form.querySelector('.spinner')?.remove();
          if (answer.result) { setTimeout(() => { if (location.pathname === answer.next) location.reload(); else location.assign(answer.next); }, 500); return; }
          buttons.forEach(b => { b.disabled = false; });
          if (!answer.text) return;
          if (answer.how === 'inline' && hint) hint.textContent = answer.text;
          else if (answer.how === 'toast' || answer.how === 'fade') { const t = document.createElement('div'); t.textContent = answer.text; t.style.cssText = 'position:fixed;right:1rem;bottom:1rem;background:#111;color:#fff;padding:1rem;transition:opacity .4s;opacity:' + (answer.how === 'fade' ? 0 : 1); document.body.append(t); if (answer.how === 'fade') { setTimeout(() => { t.style.opacity = 1; }, 800); setTimeout(() => { t.style.opacity = 0; }, 3200); } else setTimeout(() => t.remove(), 1500); }
          else { said.className = answer.how === 'plain' ? '' : 'message is-danger'; said.textContent = answer.text; said.hidden = false; }
        });
        </script>
        """);
}
