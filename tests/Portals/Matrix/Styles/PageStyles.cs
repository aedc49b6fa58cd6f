namespace Ostiary.Portals.Matrix.Styles;

/// <summary>The name on one page, the password on the next.</summary>
internal sealed class TwoPagesStyle : MarkupStyle
{
    public override string Id => "two-pages";
    public override string About => "The name on one page and the password on the next, each a full page with a hidden field of the other; icons instead of labels, aria-labels only.";
    public override string Cookie => "__Host2";
    public override string Door => "oauth/authorize";
    public override bool NameFirst => true;

    public override string Name(string key) => key switch { "user" => "session_key", "password" => "session_password", "code" => "input__phone_verification_pin", _ => key };

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""
        <div class="i{(inline is null ? "" : " bad")}"><svg width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="6"/></svg><input name="{Name(entry.Key)}" type="{(entry.Kind == "code" && !entry.Masked && entry.Length > 0 ? "tel" : TypeOf(entry))}" aria-label="{T(entry.Label)}" value="{T(entry.Value)}"{(entry.Kind == "user" ? " autocomplete=\"username\" autofocus" : "")}></div>{(inline is null ? "" : $"""<p class="bad" id="{entry.Key}-error">{T(inline.Text)}</p>""")}
        {(entry.Kind == "user" ? """<input type="password" name="hidden_pw" tabindex="-1" aria-hidden="true" style="position:absolute;left:-9999px">""" : "")}
        """;

    protected override string Button(Cell cell, Press press) => press.Main ? $"""<button class="primary" type="submit" name="do" value="{press.Action}"><span>{T(press.Label)}</span></button>""" : $"""<button class="secondary" type="submit" name="do" value="{press.Action}"><span>{T(press.Label)}</span></button>""";

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief role="status" style="position:fixed;left:1rem;bottom:1rem;background:#fff;box-shadow:0 2px 12px #0003;padding:1rem">{T(saying.Text)}</div>""",
        Shown.Plain => $"""<div class="t">{T(saying.Text)}</div>""",
        _ => $"""<div aria-live="assertive" class="bad">{T(saying.Text)}</div>""",
    };

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "body{margin:0;font:16px/1.5 Roboto,Arial;background:#fafafa}.c{width:28rem;margin:8vh auto;background:#fff;border:1px solid #dadce0;border-radius:8px;padding:3rem;position:relative}.i{display:flex;gap:.5rem;border-bottom:2px solid #1a73e8;margin:1rem 0}.i input{border:0;flex:1;font:inherit;padding:.5rem}.primary{background:#1a73e8;color:#fff;border:0;border-radius:4px;padding:.6rem 1.5rem;font:inherit;float:right}.secondary{background:none;border:0;color:#1a73e8;font:inherit}.bad{color:#d93025}.m{text-align:right;padding:1rem}", $"""
        {(scene.Inside.Length > 0 || scene.Id == "home" ? $"""<div class="m">{Corner(cell, scene)}</div>""" : "")}<div class="c"><b>{T(cell.Brand)}</b>{main}</div><script>{Kit}</script>
        """);
}

/// <summary>A window of its own.</summary>
internal sealed class PopupStyle : MarkupStyle
{
    public override string Id => "popup";
    public override string About => "A button opens a window in which all steps happen; it tells the page that opened it and closes.";
    public override string Cookie => "PF";
    public override string Door => "start";
    public override bool HasAddress => false;

    public override string Name(string key) => key switch { "user" => "pf.username", "password" => "pf.pass", "code" => "pf.otp", _ => "pf." + key };

    public override IResult Get(Moment m, string path)
    {
        var cell = m.Cell;
        if (path == "window") return Visit.Page(m.Visit.Account is not null && cell.Outcome.Id != "sudo" ? $$"""<script>if (opener) opener.postMessage('in', location.origin); setTimeout(() => window.close(), 50)</script>""" : Inner(cell, m.Site.Now(m)));
        if (path != Door && path.Length > 0 || m.Visit.Account is not null) return base.Get(m, path);
        return Visit.Page(Shell(cell, cell.Brand, $$"""
            <h1>{{T(cell.Say("home_title"))}}</h1><p>{{T(cell.Say("home_text"))}}</p><button type="button" id="op">{{T(cell.Say("signin"))}}</button>{{Wall(cell, cell.Outcome.Id == "cookies")}}
            <script>document.getElementById('op').addEventListener('click', () => window.open('{{cell.At("window")}}{{(cell.Outcome.Id is "known" or "chooser" ? "?hint='+encodeURIComponent(new URLSearchParams(location.search).get('hint')??'')+'" : "")}}', 'w', 'width=520,height=640')); addEventListener('message', e => { if (e.origin === location.origin && e.data === 'in') { location.assign('{{cell.At(cell.Outcome.Inside == "home" ? "" : Door)}}'); } });</script>
            """, new Scene("start", "")));
    }

    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying) => m.Visit.Go("window");

    private string Inner(Cell cell, Scene scene) => Markup.Document(cell.Language, scene.Heading, "body{font:15px Calibri,Arial;padding:1rem}dt{font-weight:700}", Draw(cell, scene) + $"<script>{Kit}</script>");

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<dl><dt id="l{entry.Key}">{T(entry.Label)}</dt><dd><input aria-labelledby="l{entry.Key}" name="{Name(entry.Key)}" type="{TypeOf(entry)}" value="{T(entry.Value)}">{(inline is null ? "" : $"""<div class="ping-error">{T(inline.Text)}</div>""")}</dd></dl>""";

    protected override string Button(Cell cell, Press press) => $"""<button name="pf.do" value="{press.Action}" class="{(press.Main ? "ping-button normal" : "ping-button link")}">{T(press.Label)}</button> """;

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief style="position:fixed;top:0;left:0;right:0;background:#fde68a;padding:8px">{T(saying.Text)}</div>""",
        Shown.Plain => $"<p>{T(saying.Text)}</p>",
        _ => $"""<div class="ping-messages"><div class="ping-error">{T(saying.Text)}</div></div>""",
    };

    protected override string Corner(Cell cell, Scene scene) => scene.Inside.Length == 0 ? "" : base.Corner(cell, scene);

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "body{font:16px Calibri,Arial;margin:0}.h{background:#0b3d2e;color:#fff;padding:1rem 2rem;display:flex;justify-content:space-between}.h a{color:#fff}.b{max-width:44rem;margin:3rem auto}", $"""
        <div class="h"><b>{T(cell.Brand)}</b><div>{Corner(cell, scene)}</div></div><div class="b">{main}</div><script>{Kit}</script>
        """);
}

/// <summary>Drawn on the server, dead until its script arrives and draws it once more.</summary>
internal sealed class LateStyle : MarkupStyle
{
    public override string Id => "late";
    public override string About => "The form is there at once and dead; a second later a script draws it anew and alive. Every answer takes 0.8 seconds.";
    public override string Cookie => "late_session";
    public override string Door => "konto";
    public override bool ButtonsSleep => false;
    public override TimeSpan Thinking => TimeSpan.FromMilliseconds(800);

    public override string Name(string key) => key switch { "user" => "u", "password" => "p", "code" => "c", _ => key };

    private static string Live(Cell cell, Scene scene, string inner) => $"""<form method="post" action="{cell.At("do")}"{(scene.Deaf ? " data-deaf" : "")}>{inner}</form>""";

    protected override string Form(Cell cell, Scene scene, string inner) => $$"""
        <div id="island" data-html="{{T(Live(cell, scene, inner))}}"><form onsubmit="return false">{{inner.Replace("<button", "<button disabled", StringComparison.Ordinal)}}</form></div>
        <script>setTimeout(() => { const i = document.getElementById('island'); i.innerHTML = i.dataset.html; i.querySelectorAll('[data-brief]').forEach(e => setTimeout(() => e.remove(), 1500)); const f = i.querySelector('[data-deaf]'); if (f) { let heard = false; f.addEventListener('submit', e => { if (!heard) { heard = true; e.preventDefault(); } }); } }, 900)</script>
        """;

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<div class="field"><div class="label">{T(entry.Label)}</div><input name="{Name(entry.Key)}" type="{(entry.Kind == "code" && !entry.Masked && entry.Length > 0 ? "number" : TypeOf(entry))}" value="{T(entry.Value)}">{(inline is null ? "" : $"""<div class="form-error">{T(inline.Text)}</div>""")}</div>""";

    protected override string Button(Cell cell, Press press) => $"""<button name="do" value="{press.Action}" class="{(press.Main ? "solid" : "ghost")}">{T(press.Label)}</button> """;

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief class="brief" style="position:fixed;right:0;top:40%;background:#581c87;color:#fff;padding:1rem">{T(saying.Text)}</div>""",
        Shown.Plain => $"<p>{T(saying.Text)}</p>",
        _ => $"""<div class="banner banner-warning">{T(saying.Text)}</div>""",
    };

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "body{font:17px/1.5 Optima,Candara;margin:0;display:grid;grid-template-columns:40% 60%;min-height:100vh}.side{background:#581c87;color:#fff;padding:3rem}.side a{color:#fff}.main{padding:3rem;max-width:24rem}.field input{width:100%;padding:.6rem;box-sizing:border-box}.solid{background:#581c87;color:#fff;border:0;padding:.7rem 2rem;margin:1rem 0}.ghost{background:none;border:1px solid #581c87;padding:.7rem}.banner-warning,.form-error{color:#9f1239}", $"""
        <div class="side"><h2>{T(cell.Brand)}</h2><p>{T(cell.Say("home_text"))}</p><p>{(scene.Inside.Length > 0 || scene.Id == "home" ? Corner(cell, scene) : "")}</p></div><div class="main">{main}</div><script>{Kit}</script>
        """);
}

/// <summary>Form-associated custom elements in a form that the browser itself sends.</summary>
internal sealed class ElementsStyle : MarkupStyle
{
    public override string Id => "elements";
    public override string About => "Fields and buttons are form-associated custom elements of a design system; the browser sends the form.";
    public override string Cookie => "ds";
    public override string Door => "identity";
    public override bool ButtonsSleep => false;

    public override string Name(string key) => key switch { "user" => "loginId", "password" => "loginSecret", "code" => "loginToken", _ => key };

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<ds-field name="{Name(entry.Key)}" label="{T(entry.Label)}" kind="{TypeOf(entry)}" value="{T(entry.Value)}" error="{T(inline?.Text ?? "")}"></ds-field>""";

    protected override string Button(Cell cell, Press press) => $"""<ds-button name="do" value="{press.Action}" look="{(press.Main ? "primary" : "quiet")}">{T(press.Label)}</ds-button>""";

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<ds-toast data-brief>{T(saying.Text)}</ds-toast>""",
        Shown.Plain => $"<p>{T(saying.Text)}</p>",
        _ => $"""<ds-banner tone="critical">{T(saying.Text)}</ds-banner>""",
    };

    protected override string Form(Cell cell, Scene scene, string inner) => $"""<form method="post" action="{cell.At("do")}"{(scene.Deaf ? " data-deaf" : "")}>{inner}<input type="hidden" name="do"></form>""";

    protected override string PickOf(Cell cell, Pick pick) => pick.Shape is "list" or "buttons"
        ? string.Concat(pick.Choices.Select(c => $"""<ds-button name="{Name(pick.Key)}" value="{c.Value}" look="{(pick.Shape == "list" ? "row" : "primary")}">{T(c.Label)}</ds-button>""")) + $"""<input type="hidden" name="{Name(pick.Key)}">"""
        : base.PickOf(cell, pick);

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "body{font:16px/1.5 'Segoe UI';margin:0}ds-toast{position:fixed;top:1rem;right:1rem;background:#111;color:#fff;padding:1rem}ds-banner{display:block;background:#fde8e8;padding:1rem}ds-field{display:block;margin:1rem 0}main{max-width:26rem;margin:3rem auto}header{padding:1rem 3rem;border-bottom:1px solid #ccc;display:flex;justify-content:space-between}", $$"""
        <header><strong>{{T(cell.Brand)}}</strong><span>{{Corner(cell, scene)}}</span></header><main>{{main}}</main>
        <script>
        customElements.define('ds-field', class extends HTMLElement { static formAssociated = true; constructor() { super(); this.internals = this.attachInternals(); this.attachShadow({ mode: 'open', delegatesFocus: true }); }
          connectedCallback() { const error = this.getAttribute('error'); this.shadowRoot.innerHTML = '<style>input{width:100%;box-sizing:border-box;padding:.7rem;border:1px solid #666}em{color:#b42318;font-style:normal}</style><label part="label"><span></span><input></label><em></em>'; const input = this.shadowRoot.querySelector('input'); this.shadowRoot.querySelector('span').textContent = this.getAttribute('label'); this.shadowRoot.querySelector('em').textContent = error; input.type = this.getAttribute('kind'); input.value = this.getAttribute('value'); this.internals.setFormValue(input.value); input.addEventListener('input', () => this.internals.setFormValue(input.value)); input.addEventListener('keydown', e => { if (e.key === 'Enter') this.internals.form.querySelector('ds-button').press(); }); } });
        customElements.define('ds-button', class extends HTMLElement { static formAssociated = true; constructor() { super(); this.internals = this.attachInternals(); this.attachShadow({ mode: 'open' }); }
          connectedCallback() { const look = this.getAttribute('look'); this.shadowRoot.innerHTML = '<style>button{padding:.7rem 1.6rem;border:0;font:inherit;' + (look === 'primary' ? 'background:#0f766e;color:#fff' : 'background:none;color:#0f766e') + '}</style><button type="button"><slot></slot></button>'; this.shadowRoot.querySelector('button').addEventListener('click', () => this.press()); }
          press() { const form = this.internals.form; form.querySelector(`input[type=hidden][name="${this.getAttribute('name')}"]`).value = this.getAttribute('value'); form.requestSubmit(); } });
        {{Kit}}</script>
        """);
}

/// <summary>No password: a name, then a code by e-mail.</summary>
internal sealed class MailCodeStyle : MarkupStyle
{
    public override string Id => "mail-code";
    public override string About => "No password at all: an e-mail address, and a code sent there; what else happens, happens after it.";
    public override string Cookie => "mc";
    public override string Door => "hello";
    public override bool WithoutPassword => true;

    public override string Name(string key) => key switch { "user" => "email", "code" => "token", _ => key };

    public override MatrixPromise Bend(Cell cell, MatrixPromise promise) => promise with { Passwords = 0, Rounds = Outcomes.AsksCode(cell.Outcome) || promise.Expected is "source_not_available" or "source_blocked" ? promise.Rounds : [Outcomes.MailedCodeRound(cell), .. promise.Rounds] };

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""<input class="w" name="{Name(entry.Key)}" type="{(entry.Kind == "user" ? "email" : TypeOf(entry))}" placeholder="{T(entry.Label)}" value="{T(entry.Value)}">{(inline is null ? "" : $"<small>{T(inline.Text)}</small>")}""";

    protected override string Button(Cell cell, Press press) => $"""<button class="{(press.Main ? "w k" : "w")}" name="do" value="{press.Action}">{T(press.Label)}</button>""";

    protected override string Message(Cell cell, Saying saying) => saying.How == Shown.Plain ? $"<p>{T(saying.Text)}</p>" : $"""<p class="flash error"{(saying.How == Shown.Toast ? " data-brief" : "")}>{T(saying.Text)}</p>""";

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "body{font:18px/1.5 'Palatino Linotype',serif;text-align:center;background:#fff7ed}.w{display:block;width:20rem;margin:.6rem auto;padding:.8rem;font:inherit}.k{background:#9a3412;color:#fff;border:0}.error{color:#9f1239}", $"""
        <p><b>{T(cell.Brand)}</b> {(scene.Inside.Length > 0 || scene.Id == "home" ? Corner(cell, scene) : "")}</p>{main}<script>{Kit}</script>
        """);
}
