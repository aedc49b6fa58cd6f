using System.Globalization;

namespace Ostiary.Portals.Matrix;

/// <summary>How a site looks, names its fields and carries what is typed. It knows nothing of what will happen.</summary>
internal abstract class Style
{
    public abstract string Id { get; }

    /// <summary>What is particular about it.</summary>
    public abstract string About { get; }

    /// <summary>Name of the cookie with the visitor's id.</summary>
    public virtual string Cookie => "sid";

    /// <inheritdoc cref="Site.Flow"/>
    public virtual string? Flow => null;

    /// <summary>Path of the sign-in page.</summary>
    public virtual string Door => "login";

    /// <summary>The sign-in has no page of its own: it opens on the home page.</summary>
    public virtual bool StartsAtHome => false;

    /// <summary>The name is asked for first, the password on the next page.</summary>
    public virtual bool NameFirst => false;

    /// <summary>There is no password: a code is sent to whoever gives a name.</summary>
    public virtual bool WithoutPassword => false;

    /// <summary>Answers come to a script, which sees their status.</summary>
    public virtual bool Calls => false;

    /// <summary>The address of the sign-in page may say what happened.</summary>
    public virtual bool HasAddress => true;

    /// <summary>Pages have scripts.</summary>
    public virtual bool Scripted => true;

    /// <summary>A code is typed into one box for each digit.</summary>
    public virtual bool Boxes => false;

    /// <summary>Buttons can be put to sleep by the page's script.</summary>
    public virtual bool ButtonsSleep => true;

    /// <summary>How long every answer takes.</summary>
    public virtual TimeSpan Thinking => TimeSpan.Zero;

    /// <summary>The name under which a field travels.</summary>
    public virtual string Name(string key) => key;

    /// <summary>What was typed into a field; boxes are put together.</summary>
    public string Value(Visit visit, string key)
    {
        var name = Name(key);
        // A button without a script says what it does by its name.
        if (key == "do" && visit[name].Length == 0) return visit.Values.Keys.FirstOrDefault(k => k.StartsWith("do:", StringComparison.Ordinal))?[3..] ?? "";
        if (visit[name] is { Length: > 0 } value || key != "code") return visit[name];
        return string.Concat(Enumerable.Range(0, 6).Select(i => visit[name + i.ToString(CultureInfo.InvariantCulture)]));
    }

    /// <summary>A page or an answer to a call.</summary>
    public abstract IResult Get(Moment m, string path);

    /// <summary>A whole page with one scene, when no visitor is to be told apart.</summary>
    public abstract IResult Show(Cell cell, Scene scene, int status);

    /// <summary>The answer to what was sent. <paramref name="scene"/> null: what is shown now.</summary>
    public abstract IResult Reply(Moment m, Scene? scene, int status, Saying? saying);

    /// <summary>What this style makes of an outcome's promise.</summary>
    public virtual MatrixPromise Bend(Cell cell, MatrixPromise promise) => promise;

    protected static string T(string text) => Markup.Text(text);

    /// <summary>The frame of a captcha look-alike.</summary>
    protected static string CaptchaFrame(Cell cell) => Markup.Document(cell.Language, "", "body{margin:0;font:14px sans-serif}label{display:flex;gap:12px;align-items:center;padding:22px 14px;border:1px solid #cbd5e1;background:#f8fafc;height:30px}",
        $"""<label><input type="checkbox"> <span>{T(cell.Say("wall_text"))}</span></label>""");

    /// <summary>Characters to read in a picture.</summary>
    protected static IResult CaptchaPicture() =>
        Results.Text("""<svg xmlns="http://www.w3.org/2000/svg" width="160" height="50"><rect width="160" height="50" fill="#e2e8f0"/><text x="14" y="34" font-size="28" font-family="monospace" transform="rotate(-4 80 25)" letter-spacing="7">x7RdK</text><path d="M0 20Q80 60 160 12" stroke="#475569" fill="none"/></svg>""", "image/svg+xml");
}

/// <summary>A style whose pages are drawn on the server. What differs from style to style are its pieces.</summary>
internal abstract class MarkupStyle : Style
{
    protected const string Kit = """
        document.querySelectorAll('[data-brief]').forEach(e => setTimeout(() => e.remove(), 1500));
        const deaf = document.querySelector('[data-deaf]');
        if (deaf) { let heard = false; deaf.addEventListener('submit', e => { if (!heard) { heard = true; e.preventDefault(); e.stopImmediatePropagation(); } }, true); }
        const wall = document.querySelector('[data-wall]');
        if (wall) { if (localStorage.getItem(location.pathname.split('/').slice(0, 4).join('/'))) wall.remove(); else wall.addEventListener('click', e => { if (e.target.closest('button,a')) { localStorage.setItem(location.pathname.split('/').slice(0, 4).join('/'), '1'); wall.remove(); e.preventDefault(); } }); }
        const sleepy = document.querySelector('[data-sleepy]')?.previousElementSibling;
        if (sleepy) { const buttons = [...sleepy.querySelectorAll('button,input[type=submit]')]; let timer; const sleep = off => buttons.forEach(b => { b.disabled = off; }); sleep(true); sleepy.addEventListener('input', () => { clearTimeout(timer); sleep(true); timer = setTimeout(() => sleep(false), 1000); }); }
        const menu = document.querySelector('[data-menu]');
        if (menu) menu.addEventListener('click', () => { const list = menu.nextElementSibling; list.hidden = !list.hidden; });
        const polls = document.querySelector('[data-polls]');
        if (polls) { const ask = async () => { const answer = await (await fetch(polls.dataset.polls)).json(); if (answer.go) location.assign(answer.go); else if (answer.changed) location.reload(); else setTimeout(ask, 700); }; setTimeout(ask, 700); }
        """;

    public override IResult Get(Moment m, string path)
    {
        var cell = m.Cell;
        if (path == "" ) return Home(m);
        if (path == Door)
        {
            if (m.Visit.Account is not null && cell.Outcome.Inside == "home") return m.Visit.Go();
            var scene = m.Site.Now(m);
            return Visit.Page(Drawn(cell, scene, Page(cell, scene)));
        }
        return Other(m, path);
    }

    /// <summary>Pages beside the way.</summary>
    protected IResult Other(Moment m, string path)
    {
        var cell = m.Cell;
        switch (path)
        {
            case "poll":
                var changed = m.Site.Poll(new Moment(m.Site, m.Visit) { Polling = true });
                // Whoever is signed in is another visitor.
                return Visit.Json(new { changed, go = changed && Flow is { } flow ? $"{cell.At("gate")}?{flow}={m.Visit.Visitor.Id}" : null });
            case "out":
                m.Visit.SignOut();
                return m.Visit.Go();
            case "captcha":
                return Visit.Page(CaptchaFrame(cell));
            case "badge":
                return Visit.Page("<body style='margin:0;background:#1e3a8a'></body>");
            case "picture":
                return CaptchaPicture();
            case "recover":
                return Visit.Page(Shell(cell, cell.Say("forgot"), $"""<h1>{T(cell.Say("forgot"))}</h1><form method="post" action="{cell.At("recover")}">{Field(cell, new Entry("mail", "mail", cell.Say("user")), null)}{Button(cell, new Press("recover", cell.Say("next")))}</form>""", new Scene("recover", "")));
            case "join":
                return Visit.Page(Shell(cell, cell.Say("join"), $"""<h1>{T(cell.Say("join"))}</h1><form method="post" action="{cell.At("join")}">{Field(cell, new Entry("mail", "mail", cell.Say("user")), null)}{Field(cell, new Entry("new1", "new", cell.Say("password")), null)}{Field(cell, new Entry("new2", "new", cell.Say("new_again")), null)}{Button(cell, new Press("join", cell.Say("join")))}</form>""", new Scene("join", "")));
            default:
                return Results.NotFound();
        }
    }

    public override IResult Show(Cell cell, Scene scene, int status) => Visit.Page(Page(cell, scene), status);

    public override IResult Reply(Moment m, Scene? scene, int status, Saying? saying)
    {
        if (m.Visit.Account is not null && m.Cell.Outcome.Inside == "home" || m.Bounced) return m.Visit.Go();
        return m.Visit.Go(Door + (saying is { How: Shown.Address } ? "?error=1" : ""));
    }

    protected virtual IResult Home(Moment m)
    {
        var cell = m.Cell;
        var inside = m.Visit.Account is null ? "" : cell.Outcome.Inside;
        return Visit.Page(Shell(cell, cell.Brand, $"""<h1>{T(cell.Say("home_title"))}</h1><p>{T(cell.Say("home_text"))}</p>{(inside == "home" ? $"<p>{T(cell.Say("inside"))}</p>" : "")}{Wall(cell, cell.Outcome.Id == "cookies")}""", new Scene("home", "") { Inside = inside }));
    }

    /// <summary>A signed-in page that is drawn some time after it has come, where the outcome has it so.</summary>
    protected static string Drawn(Cell cell, Scene scene, string page) => scene.Inside.Length == 0 || cell.Outcome.DrawnAfter == TimeSpan.Zero ? page : Markup.Document(cell.Language, cell.Brand, "body{margin:0}.bar{height:3rem;background:#e5e7eb;margin-bottom:2rem}.line{height:1rem;width:60%;background:#f3f4f6;margin:1rem 2rem}", $$"""
        <div id="root" data-html="{{T(page)}}"><div class="bar"></div><div class="line"></div><div class="line"></div></div>
        <script>setTimeout(() => { const page = new DOMParser().parseFromString(document.getElementById('root').dataset.html, 'text/html'); document.title = page.title; document.body.innerHTML = [...page.querySelectorAll('style')].map(s => s.outerHTML).join('') + page.body.innerHTML; }, {{cell.Outcome.DrawnAfter.TotalMilliseconds:0}})</script>
        """);

    protected virtual string Page(Cell cell, Scene scene) => Shell(cell, scene.Heading, Draw(cell, scene), scene);

    /// <summary>A scene in the style's own markup.</summary>
    protected virtual string Draw(Cell cell, Scene scene)
    {
        var inline = scene.Saying is { How: Shown.Inline } under ? under : null;
        var inner = string.Concat(
            scene.Saying is { How: Shown.Alert or Shown.Plain or Shown.Toast } saying ? Message(cell, saying) : scene.Saying is { How: Shown.Fade } fading ? Fading(Message(cell, fading with { How = Shown.Toast })) : "",
            scene.PickFirst && scene.Pick is { } first ? PickOf(cell, first) : "",
            scene.Letters is { } letters ? LettersOf(letters) : "",
            string.Concat(scene.Entries.Select(e => e.Kind == "code" && Boxes && e.Length > 0 ? BoxesFor(cell, e) : Field(cell, e, e == scene.Entries[^1] ? inline : null))),
            scene.Widget switch
            {
                "captcha" => $"""<div><iframe src="{cell.At("captcha")}" width="304" height="78" title="" style="border:0"></iframe></div>""",
                "picture" => $"""<img src="{cell.At("picture")}" alt="" width="160" height="50">""",
                "trap" => """<div style="position:absolute;left:-9999px;top:0"><label>Website<input name="website" tabindex="-1" autocomplete="off"></label></div>""",
                "badge" => $"""<div style="position:fixed;right:0;bottom:14px"><iframe src="{cell.At("badge")}" width="70" height="60" title="" style="border:0"></iframe></div>""",
                _ => "",
            },
            !scene.PickFirst && scene.Pick is { } pick ? PickOf(cell, pick) : "",
            scene.Tick is { } tick ? TickOf(cell, tick) : "",
            string.Concat(scene.Presses.Select(p => Button(cell, p))));
        var head = (scene.Avatar.Length == 0 ? "" : $"""<div aria-hidden="true" style="width:56px;height:56px;border-radius:50%;background:#64748b;color:#fff;line-height:56px;text-align:center">{T(scene.Avatar)}</div>""") + Heading(cell, scene.Heading) + string.Concat(scene.Text.Select(t => $"<p>{T(t)}</p>"));
        var body = scene.Entries.Count + scene.Presses.Count + (scene.Pick is null ? 0 : 1) + (scene.Letters is null ? 0 : 1) > 0 ? Form(cell, scene, inner) + (scene.Sleepy ? "<i data-sleepy hidden></i>" : "") : inner;
        var links = string.Concat(scene.Links.Select(l => $"""<p><a href="{cell.At(l.Path)}">{T(l.Label)}</a></p>"""));
        var polls = scene.Polls ? $"""<div data-polls="{cell.At("poll")}"></div>""" : "";
        return head + body + links + polls + Wall(cell, scene.Wall) + (scene.Veil ? VeilMarkup : "");
    }

    private const string VeilMarkup = """<div style="position:fixed;inset:0;background:#fffd;z-index:60;animation:unveil 0s 2.5s forwards"><div class="spinner" style="width:40px;height:40px;margin:30vh auto;border:4px solid #94a3b8;border-top-color:transparent;border-radius:50%;animation:turn 1s linear infinite"></div></div><style>@keyframes unveil{to{visibility:hidden}}@keyframes turn{to{transform:rotate(1turn)}}</style>""";

    /// <summary>A notice that comes late and fades away.</summary>
    private static string Fading(string notice) => notice.Replace("data-brief", "data-fade", StringComparison.Ordinal) + "<style>[data-fade]{opacity:0;animation:come-and-go 2.8s .8s both}@keyframes come-and-go{0%,100%{opacity:0}10%,80%{opacity:1}}</style>";

    protected virtual string LettersOf(Letters letters) => "<div style=\"display:flex;gap:14px\">" + string.Concat(letters.Places.Zip(letters.Labels, (place, label) => letters.Shape == "selects"
        ? $"""<div><label for="{Letters.Key(place)}">{T(label)}</label><br><select id="{Letters.Key(place)}" name="{Name(Letters.Key(place))}"><option value=""></option>{string.Concat("abcdefghijklmnopqrstuvwxyz0123456789".Select(c => $"<option>{c}</option>"))}</select></div>"""
        : $"""<div><label for="{Letters.Key(place)}">{T(label)}</label><br><input id="{Letters.Key(place)}" name="{Name(Letters.Key(place))}" type="password" maxlength="1" size="1" autocomplete="off"></div>""")) + "</div>";

    protected virtual string Wall(Cell cell, bool shown) => !shown ? "" : $"""
        <div data-wall style="position:fixed;inset:0;background:#0008;z-index:50"><div style="background:#fff;color:#111;max-width:28rem;margin:20vh auto;padding:1.5rem"><p>{T(cell.Say("cookies_text"))}</p><button type="button">{T(cell.Say("cookies_no"))}</button> <button type="button">{T(cell.Say("cookies_yes"))}</button></div></div>
        """;

    protected virtual string Form(Cell cell, Scene scene, string inner) => $"""<form method="post" action="{cell.At("do")}"{(scene.Deaf ? " data-deaf" : "")}>{inner}</form>""";

    protected virtual string Heading(Cell cell, string heading) => heading.Length == 0 ? "" : $"<h1>{T(heading)}</h1>";

    protected virtual string BoxesFor(Cell cell, Entry entry) => $"""
        <div style="display:flex;gap:6px">{string.Concat(Enumerable.Range(0, 6).Select(i => $"""<input name="{Name("code")}{i}" maxlength="1" inputmode="numeric" autocomplete="off" style="width:38px;height:44px;text-align:center" oninput="if(this.value)this.nextElementSibling?.focus()">"""))}</div>
        """;

    protected virtual string PickOf(Cell cell, Pick pick)
    {
        var name = Name(pick.Key);
        return pick.Shape switch
        {
            "radio" => "<fieldset>" + string.Concat(pick.Choices.Select(c => $"""<div><label><input type="radio" name="{name}" value="{c.Value}"> {T(c.Label)} <small>{T(c.Detail)}</small></label></div>""")) + "</fieldset>",
            "select" => $"""<p><select name="{name}" aria-label="{T(pick.Legend)}">{string.Concat(pick.Choices.Select(c => $"""<option value="{c.Value}">{T(c.Label)}</option>"""))}</select></p>""",
            "list" => "<ul>" + string.Concat(pick.Choices.Select(c => $"""<li><button name="{name}" value="{c.Value}" style="all:unset;cursor:pointer;display:block;padding:.5rem"><b>{T(c.Label)}</b> <small>{T(c.Detail)}</small></button></li>""")) + "</ul>",
            _ => "<div>" + string.Concat(pick.Choices.Select(c => $"""<button name="{name}" value="{c.Value}">{T(c.Label)}</button> """)) + "</div>",
        };
    }

    protected virtual string TickOf(Cell cell, Tick tick) => $"""<p><label><input type="checkbox" name="{Name(tick.Key)}" value="1"> {T(tick.Label)}</label></p>""";

    protected abstract string Field(Cell cell, Entry entry, Saying? inline);

    protected abstract string Button(Cell cell, Press press);

    protected abstract string Message(Cell cell, Saying saying);

    /// <summary>Everything around the content. <paramref name="scene"/> tells whether somebody is signed in.</summary>
    protected abstract string Shell(Cell cell, string title, string main, Scene scene);

    /// <summary>What a member sees in the corner, or the way in.</summary>
    protected virtual string Corner(Cell cell, Scene scene) => scene.Inside switch
    {
        "" => $"""<a href="{cell.At(StartsAtHome ? "" : Door)}">{T(cell.Say("signin"))}</a>""",
        "signout" => $"""<a href="{cell.At("out")}">{T(cell.Say("signout"))}</a>""",
        "avatar" => $"""<button type="button" data-menu aria-haspopup="true" style="border-radius:50%;width:40px;height:40px">AW</button><div hidden><a href="{cell.At("profile")}">{T(cell.Say("profile"))}</a> <a href="{cell.At("out")}">{T(cell.Say("signout"))}</a></div>""",
        "name" => $"<span>{Cell.Name}</span>",
        _ => $"""<a href="{cell.At("profile")}">{T(cell.Say("account"))}</a> <a href="{cell.At("out")}">{T(cell.Say("signout"))}</a>""",
    };

    /// <summary>The type of an input.</summary>
    protected static string TypeOf(Entry entry) => entry.Kind is "password" or "new" || entry.Masked ? "password" : "text";
}
