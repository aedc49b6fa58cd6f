namespace Ostiary.Portals.Sites;

/// <summary>A customer office from long ago: nested tables, upper-case tags, names made by a tool, no label elements, answers with 200 whatever happens.</summary>
internal sealed class ClassicSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "classic",
        Title = "Northmoor Water",
        Path = "/classic/Default.aspx",
        Username = "40713392",
        Password = "Practice-Only-2!",
        WrongPassword = "Not-The-Right-One-2!",
        WrongText = "Logon failed: customer number or password invalid. (NW-1042)",
        Evidence = "Current balance: 41.87 CR",
        Style = "One page, table layout, no label elements, generated field names, refusal with status 200 in red text.",
    };

    public override string Color => "#003b77";
    public override string Cookie => "NW_SessionId";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Shell("Northmoor Water Online", visit, Welcome)));
        at.Get("Default.aspx", visit => visit.Account is null ? Visit.Page(LogonPage(visit, "", visit.TakeExpired() ? "Your session has timed out." : "")) : visit.Go("Account.aspx"));
        at.Post("Default.aspx", visit =>
        {
            if (visit["ctl00$hdr$txtSearch"].Length > 0) return visit.Go();
            if (!visit.TryPassword(visit["ctl00$cph$txtUserID"], visit["ctl00$cph$txtPwd"], out var account))
                return Visit.Page(LogonPage(visit, visit["ctl00$cph$txtUserID"], "Logon failed: customer number or password invalid. (NW-1042)"));
            visit.SignIn(account);
            return visit.Go("Account.aspx");
        });
        at.Get("Account.aspx", visit => visit.Account is { } account ? Visit.Page(Shell("My Account", visit, AccountPage(account))) : visit.Go("Default.aspx"));
        at.Get("Logoff.aspx", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
        at.Get("Register.aspx", visit => Visit.Page(Shell("Registration", visit, "<h2>First-time users</h2><p>Your registration form is printed on the back of every bill.</p>")));
        at.Get("Reminder.aspx", visit => Visit.Page(Shell("Password reminder", visit, "<h2>Password reminder</h2><p>Please write to our office. A reminder is sent by post within 5 days.</p>")));
    }

    private const string Welcome = """
        <h2>Welcome to Northmoor Water Online</h2>
        <p>View your bills, submit a meter reading and tell us when you move. <a href="/classic/Default.aspx">Log on to your account</a>.</p>
        <p><b>Notice:</b> mains flushing in Lower Garth on Tuesday between 9 am and 3 pm. Water may be cloudy for a short time.</p>
        """;

    private static string LogonPage(Visit visit, string number, string fault) => Shell("Logon", visit, $"""
        <H2>Account Logon</H2>
        {(fault.Length > 0 ? $"""<FONT COLOR="#CC0000"><B>{fault}</B></FONT><BR><BR>""" : "")}
        <FORM NAME="aspnetForm" METHOD="POST" ACTION="/classic/Default.aspx">
        <INPUT TYPE="hidden" NAME="__VIEWSTATE" VALUE="dDwtMTIzNDU2Nzg5Ozs+">
        <TABLE CELLPADDING="4" BGCOLOR="#E6EEF7" CLASS="box">
        <TR><TD ALIGN="right"><B>Customer number:</B></TD><TD><INPUT NAME="ctl00$cph$txtUserID" SIZE="24" VALUE="{Markup.Text(number)}"></TD></TR>
        <TR><TD ALIGN="right"><B>Password:</B></TD><TD><INPUT TYPE="password" NAME="ctl00$cph$txtPwd" SIZE="24"></TD></TR>
        <TR><TD></TD><TD><INPUT TYPE="submit" NAME="ctl00$cph$btnGo" VALUE="Log On"> <INPUT TYPE="reset" VALUE="Clear"></TD></TR>
        </TABLE></FORM>
        <P><A HREF="/classic/Reminder.aspx">Password reminder</A> | <A HREF="/classic/Register.aspx">First-time users register here</A></P>
        """);

    private static string AccountPage(Account account) => $"""
        <h2>My Account</h2><p>Customer <b>{Markup.Text(account.Name)}</b>, 14 Mill Race, Lower Garth</p>
        <table border="1" cellpadding="5" cellspacing="0" class="grid"><tr bgcolor="#C7D9EC"><th>Bill date</th><th>Period</th><th>Usage (m3)</th><th>Amount</th></tr>
        <tr><td>02/03</td><td>Dec - Feb</td><td align="right">31</td><td align="right">74.12</td></tr><tr><td>01/12</td><td>Sep - Nov</td><td align="right">28</td><td align="right">68.90</td></tr></table>
        <p><b>Current balance: 41.87 CR</b></p>
        """;

    private static string Shell(string title, Visit visit, string content) => Markup.Document("en", "Northmoor Water - " + title, Css, $"""
        <table width="860" align="center" cellpadding="0" cellspacing="0" class="page">
        <tr><td colspan="2" class="banner"><img src="/classic/icon.svg" width="44" height="44" alt="Northmoor Water" align="left"><span>NORTHMOOR WATER</span>
        <form method="post" action="/classic/Default.aspx" class="find"><input name="ctl00$hdr$txtSearch" size="14"><input type="submit" value="Search"></form></td></tr>
        <tr><td width="170" valign="top" class="side"><a href="/classic/">Home</a><a href="/classic/Default.aspx">My Account</a><a href="/classic/">Tariffs</a><a href="/classic/">Leaks &amp; repairs</a><a href="/classic/">Contact us</a>
        {(visit.Account is null ? "" : """<hr><a href="/classic/Logoff.aspx">Log Off</a>""")}</td>
        <td valign="top" class="body">{content}</td></tr>
        <tr><td colspan="2" class="foot">Best viewed at 1024 x 768. This company is fictional. Office hours Mon - Fri, 9 to 4.</td></tr></table>
        """);

    private const string Css = """
        body{background:#8fa9c4;font:13px Verdana,Arial,sans-serif;margin:20px}.page{background:#fff;border:1px solid #003b77}.banner{background:#003b77;color:#fff;padding:12px}
        .banner span{font:bold 24px "Times New Roman",serif;line-height:44px;padding-left:12px;letter-spacing:2px}.find{float:right;margin-top:10px}.side{background:#dbe6f2;padding:10px}.side a{display:block;padding:6px 4px;color:#003b77}
        .body{padding:10px 24px 30px;height:340px}h2{color:#003b77;font-size:18px}.box td{padding:6px}.foot{background:#dbe6f2;padding:8px;text-align:center;font-size:11px;color:#456}
        """;
}
