using System.Globalization;

namespace Ostiary.Portals.Sites;

/// <summary>A payroll service that waits for a tap on a telephone and shows a number to compare.</summary>
internal sealed class PushSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "push",
        Title = "Beacon Payroll",
        Path = "/push/signin",
        Username = "lena.vogt@beaconpay.example",
        Password = "Practice-Only-13!",
        WrongPassword = "Not-The-Right-One-13!",
        Mfa = "push",
        ExpectedChallenges = [new("push_approval", "Approve the sign-in request", [])],
        WrongText = "Incorrect email address or password.",
        WrongCodeText = "The request was denied on your phone.",
        Evidence = "Next payday",
        Style = "Push approval: the page shows a number, polls every second and moves on by itself; nothing to type. Denying shows a sentence and a button to try again.",
    };

    public override string Color => "#7c3aed";
    public override string Cookie => "beacon_s";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Account is null ? visit.Go("signin") : Visit.Page(Page("Dashboard", """
            <nav><b>Beacon</b><span>Payslips</span><span>Time off</span><span>Documents</span><a href="/push/signout">Sign out</a></nav><div class="grid"><div class="w"><small>Next payday</small><strong>28 May</strong></div><div class="w"><small>Last net pay</small><strong>2,318.44</strong></div><div class="w"><small>Days off left</small><strong>17</strong></div></div>
            """)));
        at.Get("signin", visit => Visit.Page(Page("Sign in", SignInPart("", ""))));
        at.Post("signin", visit =>
        {
            if (!visit.TryPassword(visit["email"], visit["pwd"], out var account)) return Visit.Page(Page("Sign in", SignInPart(visit["email"], "Incorrect email address or password.")), StatusCodes.Status401Unauthorized);
            visit.Continue(account, "push");
            visit.Visitor.Notes["push"] = account.AskPush().Id;
            return visit.Go("approve");
        });
        at.Get("approve", visit => Current(visit) is { } push ? Visit.Page(Page("Approve sign-in", Waiting(push))) : visit.Go("signin"));
        at.Get("approve/state", visit => Visit.Json(new { state = Current(visit)?.State }));
        at.Post("approve/again", visit =>
        {
            if (visit.PendingAt("push") is not { } account) return visit.Go("signin");
            visit.Visitor.Notes["push"] = account.AskPush().Id;
            return visit.Go("approve");
        });
        at.Post("approve/finish", visit =>
        {
            if (Current(visit) is not { State: PushState.Approved }) return visit.Go("approve");
            visit.SignIn(visit.PendingAt("push")!);
            return visit.Go();
        });
        at.Get("signout", visit =>
        {
            visit.SignOut();
            return visit.Go("signin");
        });
    }

    private static PushRequest? Current(Visit visit) =>
        visit.PendingAt("push")?.Pushes.LastOrDefault(push => push.Id == visit.Visitor.Notes.GetValueOrDefault("push"));

    private static string SignInPart(string email, string fault) => $"""
        <div class="half"><h1>Sign in to Beacon</h1><p>Payslips, holidays and papers in one place.</p><form method="post" action="/push/signin">{(fault.Length > 0 ? $"""<output>{fault}</output>""" : "")}
        <input name="email" type="email" placeholder="Email address" aria-label="Email address" value="{Markup.Text(email)}"><input name="pwd" type="password" placeholder="Password" aria-label="Password"><button>Sign in</button></form><a href="/push/signin#help">Need help signing in?</a></div><div class="art"></div>
        """;

    private static string Waiting(PushRequest push) => push.State == PushState.Denied
        ? """<div class="half"><h1>Sign-in stopped</h1><p role="alert">The request was denied on your phone.</p><form method="post" action="/push/approve/again"><button>Send another request</button></form></div><div class="art"></div>"""
        : $"""
           <div class="half"><h1>Check your phone</h1><p>Approve the sign-in request in the Beacon app on your phone. Make sure that it shows this number:</p><div class="num" aria-label="Number to match">{push.Number.ToString(CultureInfo.InvariantCulture)}</div><p class="dots">Waiting for your approval…</p>
           <form id="finish" method="post" action="/push/approve/finish"></form></div><div class="art"></div><script>{Script}</script>
           """;

    private const string Script = """
        const look = async () => {
          const { state } = await (await fetch('/push/approve/state')).json();
          if (state === 'approved') document.getElementById('finish').submit();
          else if (state === 'denied' || state === null) location.reload();
          else setTimeout(look, 1000);
        };
        setTimeout(look, 1000);
        """;

    private static string Page(string title, string body) => Markup.Document("en", title + " · Beacon Payroll", Css, body, """<link rel="icon" href="/push/icon.svg">""");

    private const string Css = """
        body{margin:0;font:16px/1.5 Nunito,"Segoe UI",sans-serif;color:#2e1065;min-height:100vh;display:flex;flex-wrap:wrap}.half{flex:1;padding:14vh 8vw;max-width:24rem}.art{flex:1;background:repeating-radial-gradient(circle at 30% 40%,#7c3aed 0 40px,#8b5cf6 40px 80px)}h1{font-size:2rem}form{display:grid;gap:.9rem;margin:1.5rem 0}input{padding:.9rem 1rem;border-radius:14px;border:2px solid #ddd6fe;font:inherit}button{padding:.9rem;border-radius:14px;border:0;background:#7c3aed;color:#fff;font:inherit;font-weight:700}
        output{background:#fff1f2;color:#9f1239;padding:.7rem 1rem;border-radius:14px}.num{font-size:4.5rem;font-weight:800;text-align:center;background:#f5f3ff;border-radius:20px;padding:.5rem}.dots{color:#7c6ba5}a{color:#7c3aed}nav{width:100%;display:flex;gap:2rem;padding:1.2rem 2rem;background:#2e1065;color:#ddd6fe;height:max-content}nav b{flex:1;color:#fff}nav a{color:#fff}.grid{display:flex;gap:1.5rem;padding:2rem;width:100%}.w{flex:1;border:2px solid #ddd6fe;border-radius:18px;padding:1.5rem}.w small{display:block}.w strong{font-size:2rem}
        """;
}
