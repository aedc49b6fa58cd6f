namespace Ostiary.Portals.Sites;

/// <summary>A credit union whose sign-in lies in a frame of the same origin; once in, the whole window moves.</summary>
internal sealed class FrameSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "frame",
        Title = "Harbour Credit Union",
        Path = "/frame/",
        Username = "member8841",
        Password = "Practice-Only-6!",
        WrongPassword = "Not-The-Right-One-6!",
        WrongText = "Access denied. The member ID and password do not agree.",
        Evidence = "Everyday account 6,204.55",
        Style = "The form lies in a frame of the same origin beside marketing; errors appear in the frame, success moves the whole window.",
    };

    public override string Color => "#0c4a6e";
    public override string Cookie => "HCUSESS";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? Visit.Page(Front()) : visit.Go("banking"));
        at.Get("widget/logon", visit => Visit.Page(Widget("", "")));
        at.Post("widget/logon", visit =>
        {
            if (!visit.TryPassword(visit["memberId"], visit["memberPw"], out var account))
                return Visit.Page(Widget(visit["memberId"], "Access denied. The member ID and password do not agree."));
            visit.SignIn(account);
            return Visit.Page(Markup.Document("en", "Please wait", "", """<p style="font-family:sans-serif">One moment, opening your accounts…</p><script>top.location.href = '/frame/banking'</script>"""));
        });
        at.Get("banking", visit => visit.Account is null ? visit.Go() : Visit.Page(Banking()));
        at.Get("logoff", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Front() => Markup.Document("en", "Harbour Credit Union — owned by its members", Css, """
        <div id="masthead"><div class="in"><b>HARBOUR</b> Credit Union <span class="links"><a href="/frame/#save">Save</a> <a href="/frame/#borrow">Borrow</a> <a href="/frame/#branches">Branches</a> <a href="/frame/#join">Become a member</a></span></div></div>
        <div class="in split"><div class="pitch"><h1>A boat loan without the knots.</h1><p>From 4.1% for members. Talk to Wendela at the Quay Street branch, or ask us to call you.</p><p><input type="tel" placeholder="Your telephone number"> <button>Call me</button></p></div>
        <div class="side"><h3>Home banking</h3><iframe src="/frame/widget/logon" title="Home banking logon" width="290" height="300" frameborder="0" scrolling="no"></iframe></div></div>
        <div class="in tiny">Routing 000 000 000 · Harbour Credit Union is fictional · <a href="/frame/#privacy">Privacy</a></div>
        """, """<link rel="icon" href="/frame/icon.svg">""");

    private static string Widget(string id, string fault) => Markup.Document("en", "Logon", WidgetCss, $"""
        {(fault.Length > 0 ? $"""<div class="errbox">{fault}</div>""" : "")}
        <form method="post" action="/frame/widget/logon"><div><label for="memberId">Member ID</label></div><input id="memberId" name="memberId" value="{Markup.Text(id)}" maxlength="60">
        <div><label for="memberPw">Password</label></div><input id="memberPw" name="memberPw" type="password"><div class="line"><input type="submit" value="Go"> <a href="/frame/#help" target="_top">Trouble logging on?</a></div></form>
        """);

    private static string Banking() => Markup.Document("en", "Home banking — Harbour Credit Union", Css, """
        <div id="masthead"><div class="in"><b>HARBOUR</b> Home banking <span class="links"><a href="/frame/banking">Accounts</a> <a href="/frame/banking#pay">Pay</a> <a href="/frame/logoff">Log off</a></span></div></div>
        <div class="in"><h1>Your accounts</h1><p class="row">Everyday account 6,204.55</p><p class="row">Rainy day 1,130.00</p><p class="row">Boat loan −8,450.10</p></div>
        """);

    private const string Css = """
        body{margin:0;font:15px/1.6 "Lucida Grande","Lucida Sans Unicode",sans-serif;color:#0b2a3c}.in{width:960px;margin:0 auto}#masthead{background:#0c4a6e;color:#e0f2fe;padding:18px 0;font-size:20px}.links{float:right;font-size:14px}.links a{color:#e0f2fe;margin-left:18px}
        .split{display:flex;gap:40px;padding:40px 0}.pitch{flex:1;background:linear-gradient(#bae6fd,#f0f9ff);padding:30px;min-height:330px}.side{width:300px;border:1px solid #bcd;padding:10px 18px}.side h3{margin:4px 0 10px}.tiny{font-size:12px;color:#678;border-top:1px solid #bcd;padding:14px 0}.row{border:1px solid #bcd;padding:16px;font-size:17px}
        input,button{font:inherit;padding:4px 8px}
        """;

    private const string WidgetCss = """
        body{margin:0;font:14px "Lucida Grande","Lucida Sans Unicode",sans-serif;color:#0b2a3c}input{width:250px;padding:6px;margin:3px 0 12px;border:1px solid #89a}input[type=submit]{width:70px;background:#0c4a6e;color:#fff;border:0;padding:8px}.errbox{border:1px solid #c00;background:#fee;color:#900;padding:8px;margin-bottom:10px;width:240px}a{color:#0c4a6e;font-size:12px}
        """;
}
