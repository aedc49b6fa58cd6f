using System.Globalization;

namespace Ostiary.Portals.Sites;

/// <summary>A broker that re-prompts for a wrong code and throws the visitor out after the third.</summary>
internal sealed class CodeLimitSite : Site
{
    private const int Limit = 3;

    public override Portal Portal { get; } = new()
    {
        Id = "recode",
        Title = "Sable Brokerage",
        Path = "/recode/logon",
        Username = "trader-dorian",
        Password = "Practice-Only-17!",
        WrongPassword = "Not-The-Right-One-17!",
        Mfa = "code",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "Enter the access code", [new("code", "string", null, "000000")])],
        WrongText = "Unable to log on. The user name or password is invalid.",
        WrongCodeText = "Invalid access code",
        Evidence = "Buying power",
        Style = "Wrong codes are asked for again with the number of attempts left; the third wrong one leads back to the login page.",
    };

    public override string Color => "#0a0a0a";
    public override string Cookie => "sb.token";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? visit.Go("logon") : Visit.Page(Shell("Positions", """
            <p class="big">Buying power <b>7,410.22</b></p><table><tr><th>Symbol</th><th>Qty</th><th>Last</th></tr><tr><td>MILL</td><td>40</td><td>18.11</td></tr><tr><td>QUAY</td><td>12</td><td>204.90</td></tr></table><p><a href="/recode/logoff">Log off</a></p>
            """)));
        at.Get("logon", _ => Visit.Page(Shell("Log on", LogOn(""))));
        at.Post("logon", visit =>
        {
            if (!visit.TryPassword(visit["UserName"], visit["Password"], out var account)) return Visit.Page(Shell("Log on", LogOn("Unable to log on. The user name or password is invalid.")), StatusCodes.Status401Unauthorized);
            visit.Continue(account, "code");
            visit.Visitor.Notes["wrong"] = "0";
            account.SendCode("sms", code => $"SABLE access code {code}. Expires in 5 minutes.");
            return visit.Go("logon/code");
        });
        at.Get("logon/code", visit => visit.PendingAt("code") is null ? visit.Go("logon") : Visit.Page(Shell("Access code", Code(""))));
        at.Post("logon/code", visit =>
        {
            if (visit.PendingAt("code") is not { } account) return visit.Go("logon");
            if (account.TryCode(visit["AccessCode"]))
            {
                visit.SignIn(account);
                return visit.Go();
            }

            var wrong = int.Parse(visit.Visitor.Notes["wrong"], CultureInfo.InvariantCulture) + 1;
            visit.Visitor.Notes["wrong"] = wrong.ToString(CultureInfo.InvariantCulture);
            if (wrong < Limit) return Visit.Page(Shell("Access code", Code($"Invalid access code. Attempts left: {Limit - wrong}.")));
            visit.SignOut();
            return Visit.Page(Shell("Log on", LogOn("Invalid access code entered three times. Please log on again to receive a new one.")), StatusCodes.Status403Forbidden);
        });
        at.Get("logoff", visit =>
        {
            visit.SignOut();
            return visit.Go("logon");
        });
    }

    private static string LogOn(string fault) => $"""
        <form method="post" action="/recode/logon"><h1>Log on</h1><p class="e" aria-live="polite">{fault}</p><label>User name<input name="UserName" autocomplete="off"></label><label>Password<input name="Password" type="password" autocomplete="new-password"></label><input type="submit" value="Log on"><p><a href="/recode/logon#unlock">Unlock or reset</a></p></form>
        """;

    private static string Code(string fault) => $"""
        <form method="post" action="/recode/logon/code"><h1>Two-step verification</h1><p>Enter the access code sent to your mobile device.</p><p class="e" aria-live="polite">{fault}</p><label>Access code<input name="AccessCode" type="password" autocomplete="off" maxlength="8"></label><input type="submit" value="Verify"><p><a href="/recode/logoff">Cancel</a></p></form>
        """;

    private static string Shell(string title, string main) => Markup.Document("en-US", "Sable Brokerage — " + title, Css, $"""
        <div class="ticker">MILL 18.11 ▲ · QUAY 204.90 ▼ · LOAM 3.02 ▲ · TARN 77.40 ▲</div><div class="s"><h2>SABLE</h2>{main}</div><p class="r">Sable Brokerage is fictional. Nothing here can be bought.</p>
        """, """<link rel="icon" href="/recode/icon.svg">""");

    private const string Css = """
        body{margin:0;background:#0a0a0a;color:#d4d4d4;font:14px/1.6 "Courier New",monospace}.ticker{background:#171717;padding:8px 20px;color:#a3e635;white-space:nowrap;overflow:hidden}.s{width:360px;margin:60px auto}.s h2{letter-spacing:.5em;color:#fff;font-weight:normal}form{border:1px solid #404040;padding:24px}h1{font-size:16px;margin:0;color:#fff}label{display:block;margin:14px 0}input{display:block;width:100%;box-sizing:border-box;background:#171717;border:1px solid #525252;color:#fff;padding:10px;font:inherit}input[type=submit]{background:#a3e635;color:#0a0a0a;font-weight:bold}.e{color:#f87171;min-height:22px;margin:8px 0 0}
        a{color:#a3e635}.r{text-align:center;color:#737373}table{width:100%;border-collapse:collapse}td,th{border-bottom:1px solid #404040;text-align:left;padding:6px}.big{font-size:18px}
        """;
}
