namespace Ostiary.Portals.Matrix.Styles;

/// <summary>One form around the whole page, links that post back, names of a generator.</summary>
internal sealed class WebFormsStyle : MarkupStyle
{
    public override string Id => "webforms";
    public override string About => "One form wraps the whole page with its search; fields have a generator's names, buttons are links that post back.";
    public override string Cookie => "ASP.NET_SessionId";
    public override string Door => "Account/Login.aspx";
    public override bool ButtonsSleep => false;

    public override string Name(string key) => key switch
    {
        "user" => "ctl00$ContentPlaceHolder1$txt1", "password" => "ctl00$ContentPlaceHolder1$txt2", "code" => "ctl00$ContentPlaceHolder1$txt3", "answer" => "ctl00$ContentPlaceHolder1$txt4", "company" => "ctl00$ContentPlaceHolder1$txt5",
        "do" => "__EVENTTARGET", _ => "ctl00$ContentPlaceHolder1$" + key,
    };

    private static string IdOf(string name) => name.Replace('$', '_');

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""
        <div class="row"><span id="{IdOf(Name(entry.Key))}_lbl" class="lbl">{T(entry.Label)}</span><input id="{IdOf(Name(entry.Key))}" name="{Name(entry.Key)}" type="{TypeOf(entry)}" value="{T(entry.Value)}" class="txt">{(inline is null ? "" : $"""<span style="color:Red;">{T(inline.Text)}</span>""")}</div>
        """;

    protected override string Button(Cell cell, Press press) => press.Action is "skip" or "no" or "resend" or "again" || !press.Main
        ? $"""<a class="lnk" href="javascript:__doPostBack('{press.Action}','')">{T(press.Label)}</a>"""
        : $"""<a class="button" id="ctl00_lnk{press.Action}" href="javascript:__doPostBack('{press.Action}','')">{T(press.Label)}</a>""";

    protected override string Message(Cell cell, Saying saying) => saying.How switch
    {
        Shown.Toast => $"""<div data-brief class="pop">{T(saying.Text)}</div>""",
        Shown.Plain => $"""<div class="row">{T(saying.Text)}</div>""",
        _ => $"""<div id="ctl00_ContentPlaceHolder1_ValidationSummary1" style="color:Red;"><ul><li>{T(saying.Text)}</li></ul></div>""",
    };

    protected override string Form(Cell cell, Scene scene, string inner) => $"""<div class="panel">{inner}</div>{(scene.Deaf ? "<script>window.deafOnce = true</script>" : "")}""";

    protected override string PickOf(Cell cell, Pick pick) => pick.Shape is "radio" or "select" ? base.PickOf(cell, pick)
        : "<table class=\"grid\">" + string.Concat(pick.Choices.Select(c => $"""<tr><td>{T(c.Detail)}</td><td><a href="javascript:pickOne('{Name(pick.Key)}','{c.Value}')">{T(c.Label)}</a></td></tr>""")) + "</table>";

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, Css, $$"""
        <form method="post" action="{{cell.At("do")}}" id="aspnetForm"><input type="hidden" name="__EVENTTARGET" id="__EVENTTARGET"><input type="hidden" name="__VIEWSTATE" value="/wEPDwUKMTY3NzI2ODY4NmRk">
        <div class="top"><b>{{T(cell.Brand)}}</b> <input name="ctl00$txtSearch" class="txt" title="{{T(cell.Say("search"))}}"> {{Corner(cell, scene)}}</div><div class="content">{{main}}</div><div class="bottom">{{T(cell.Brand)}}</div></form>
        <script>
        function __doPostBack(target) { if (window.deafOnce) { window.deafOnce = false; return; } document.getElementById('__EVENTTARGET').value = target; document.getElementById('aspnetForm').submit(); }
        function pickOne(name, value) { const input = document.createElement('input'); input.type = 'hidden'; input.name = name; input.value = value; document.getElementById('aspnetForm').append(input); __doPostBack('choose'); }
        document.getElementById('aspnetForm').addEventListener('submit', e => { const target = document.getElementById('__EVENTTARGET'); if (!target.value) { const main = document.querySelector('a.button'); target.value = main ? main.id.slice('ctl00_lnk'.length) : ''; } });
        document.getElementById('aspnetForm').addEventListener('keydown', e => { if (e.key === 'Enter' && e.target.matches('input.txt')) { e.preventDefault(); document.querySelector('a.button')?.click(); } });
        {{Kit}}</script>
        """);

    private const string Css = """
        body{font:13px Verdana;margin:0;background:#f4f4f4}.top{background:#4b6c9e;color:#fff;padding:10px 20px}.top a{color:#fff}.content{background:#fff;margin:12px 20px;padding:20px;min-height:300px}.row{margin:8px 0}.lbl{display:inline-block;width:170px}.txt{width:200px;border:1px solid #ccc;padding:3px}.button{display:inline-block;background:#4b6c9e;color:#fff;padding:6px 16px;text-decoration:none;margin:6px}.pop{position:absolute;z-index:20;top:60px;right:20px;background:#ffc;padding:12px;border:1px solid #990}.grid td{border:1px solid #ddd;padding:6px}.bottom{padding:10px 20px;color:#696969}
        """;
}
