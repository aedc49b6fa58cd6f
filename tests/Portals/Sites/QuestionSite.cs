namespace Ostiary.Portals.Sites;

/// <summary>A savings bank that asks a question agreed on years ago.</summary>
internal sealed class QuestionSite : Site
{
    private const string Question = "What was the name of your first pet?";

    public override Portal Portal { get; } = new()
    {
        Id = "question",
        Title = "Old Mill Savings",
        Path = "/question/access/",
        Username = "hobbes77",
        Password = "Practice-Only-14!",
        WrongPassword = "Not-The-Right-One-14!",
        Mfa = "question",
        ExpectedChallenges = [new("security_question", Question, [new("answer", "string", "Biscuit", "Rex")])],
        WrongText = "Invalid Access ID or Passcode.",
        WrongCodeText = "That answer is not the one we have on record.",
        Evidence = "Passbook savings",
        Style = "A security question after the password; the field is of type password and named only by the question's text.",
    };

    public override string Color => "#854d0e";
    public override string Cookie => "omsb";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Shell("Old Mill Savings", """<h2>Saving since the mill wheel turned</h2><p>Passbook accounts, small loans and friendly faces at nine branches.</p><p><a href="/question/access/">Online access</a></p>""")));
        at.Get("access", _ => Visit.Page(Shell("Online access", Access(""))));
        at.Post("access", visit =>
        {
            if (!visit.TryPassword(visit["AccessID"], visit["Passcode"], out var account)) return Visit.Page(Shell("Online access", Access("Invalid Access ID or Passcode.")));
            visit.Continue(account, "question");
            return visit.Go("access/question");
        });
        at.Get("access/question", visit => visit.PendingAt("question") is null ? visit.Go("access/") : Visit.Page(Shell("Confirm your identity", Ask(""))));
        at.Post("access/question", visit =>
        {
            if (visit.PendingAt("question") is not { } account) return visit.Go("access/");
            if (!account.TryAnswer(visit["ans"].Trim().Equals("biscuit", StringComparison.OrdinalIgnoreCase))) return Visit.Page(Shell("Confirm your identity", Ask("That answer is not the one we have on record.")));
            visit.SignIn(account);
            return visit.Go("accounts");
        });
        at.Get("accounts", visit => visit.Account is null ? visit.Go("access/") : Visit.Page(Shell("Accounts", """
            <h2>Accounts</h2><p class="r"><span>Passbook savings</span><span>12,077.31</span></p><p class="r"><span>Club account</span><span>305.00</span></p><p><a href="/question/exit">Exit</a></p>
            """)));
        at.Get("exit", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Access(string fault) => $"""
        <h2>Online access</h2><form method="post" action="/question/access/"><p class="flag">{fault}</p><p>Access ID<br><input type="text" name="AccessID"></p><p>Passcode<br><input type="password" name="Passcode"></p><p><input type="image" alt="Enter" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='110' height='36'%3E%3Crect width='110' height='36' rx='6' fill='%23854d0e'/%3E%3Ctext x='55' y='24' fill='white' text-anchor='middle' font-family='Georgia' font-size='17'%3EEnter%3C/text%3E%3C/svg%3E"></p></form><p class="s"><a href="/question/#enrol">Enrol in online access</a> | <a href="/question/#lost">Lost passcode</a></p>
        """;

    private static string Ask(string fault) => $"""
        <h2>Confirm your identity</h2><p>You are using a computer we have not seen before. Please answer your security question.</p><form method="post" action="/question/access/question"><p class="flag">{fault}</p><div class="q"><div>{Question}</div><input type="password" name="ans"></div><p><input type="checkbox" name="reg" value="y"> Register this computer</p><p><input type="submit" value="Continue"></p></form>
        """;

    private static string Shell(string title, string content) => Markup.Document("en", title, Css, $"""
        <div class="b"><h1>Old Mill <span>Savings</span></h1><div class="c">{content}</div><p class="e">Deposits are imaginary up to any amount. Old Mill Savings is a fictional bank.</p></div>
        """, """<link rel="icon" href="/question/icon.svg">""");

    private const string Css = """
        body{background:#fef9ef url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='40' height='40'%3E%3Ccircle cx='20' cy='20' r='1.5' fill='%23e7d3ac'/%3E%3C/svg%3E");font:17px/1.5 Georgia,serif;color:#422006}.b{width:620px;margin:40px auto}.b h1{font-size:38px;color:#854d0e}.b h1 span{font-style:italic;font-weight:normal}.c{background:#fff;border:2px solid #854d0e;padding:10px 36px 30px}.flag{color:#b91c1c;font-weight:bold}.q{background:#fef3c7;padding:14px}.q div{margin-bottom:8px}
        input[type=text],input[type=password]{width:260px;padding:7px;font:inherit;border:1px inset #854d0e}input[type=submit]{font:inherit;padding:6px 24px}.s,.e{font-size:14px}.r{display:flex;justify-content:space-between;border-bottom:1px dotted #854d0e}a{color:#854d0e}
        """;
}
