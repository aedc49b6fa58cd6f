using System.Globalization;

namespace Ostiary.Portals.Sites;

/// <summary>A wallet that asks for a tap first and offers the authenticator only behind "Try another way".</summary>
internal sealed class AnotherWaySite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "anotherway",
        Title = "Pelham Wallet",
        Path = "/anotherway/id",
        Username = "jonas@pelham.example",
        Password = "Practice-Only-51!",
        WrongPassword = "Not-The-Right-One-51!",
        Mfa = "push",
        TotpSecret = "KRUGS4ZANFZSAYJAORSXG5BAMZXXEIDN",
        ExpectedChallenges = [new("push_approval", "Open the Pelham app", [])],
        WrongText = "Wrong password. Try again.",
        WrongCodeText = "You declined this sign-in.",
        Evidence = "Balance 311.08",
        Style = "A tap on a telephone with a number to match; \"Try another way\" leads to a list with the authenticator app, whose code is accepted instead.",
    };

    public override string Color => "#334155";
    public override string Cookie => "pelham";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("id"));
        at.Get("id", _ => Visit.Page(Page("Sign in", SignIn(""))));
        at.Post("id", visit =>
        {
            if (!visit.TryPassword(visit["email"], visit["password"], out var account)) return Visit.Page(Page("Sign in", SignIn("Wrong password. Try again.")));
            visit.Continue(account, "second");
            visit.Visitor.Notes["push"] = account.AskPush().Id;
            return visit.Go("id/tap");
        });
        at.Get("id/tap", visit => Current(visit) is { } push ? Visit.Page(Page("2-step", Tap(push))) : visit.Go("id"));
        at.Get("id/tap/state", visit => Visit.Json(new { state = Current(visit)?.State.ToString() }));
        at.Get("id/tap/done", visit =>
        {
            if (Current(visit) is not { State: PushState.Approved }) return visit.Go("id/tap");
            visit.SignIn(visit.PendingAt("second")!);
            return visit.Go("wallet");
        });
        at.Get("id/ways", visit => visit.PendingAt("second") is null ? visit.Go("id") : Visit.Page(Page("2-step", """
            <h1>Choose how you want to sign in</h1><ul class="ways"><li><a href="/anotherway/id/tap">Tap Yes on your phone</a></li><li><a href="/anotherway/id/code">Get a code from your authenticator app</a></li><li><a href="/anotherway/id/backup">Enter one of your backup codes</a></li></ul>
            """)));
        at.Get("id/code", visit => visit.PendingAt("second") is null ? visit.Go("id") : Visit.Page(Page("2-step", Code(""))));
        at.Post("id/code", visit =>
        {
            if (visit.PendingAt("second") is not { } account) return visit.Go("id");
            if (!account.TryTotp(visit["pin"])) return Visit.Page(Page("2-step", Code("Wrong code. Try again.")));
            visit.SignIn(account);
            return visit.Go("wallet");
        });
        at.Get("id/backup", visit => visit.Go("id/ways"));
        at.Get("wallet", visit => visit.Account is null ? visit.Go("id") : Visit.Page(Page("Wallet", """<h1>Balance 311.08</h1><p>Nothing is pending.</p><p><a href="/anotherway/out">Sign out</a></p>""")));
        at.Get("out", visit =>
        {
            visit.SignOut();
            return visit.Go("id");
        });
    }

    private static PushRequest? Current(Visit visit) => visit.PendingAt("second")?.Pushes.LastOrDefault(push => push.Id == visit.Visitor.Notes.GetValueOrDefault("push"));

    private static string SignIn(string fault) => $"""
        <h1>Sign in</h1><form method="post" action="/anotherway/id"><input type="email" name="email" aria-label="Email"><input type="password" name="password" aria-label="Enter your password"><p class="x" aria-live="assertive">{fault}</p><button>Next</button></form>
        """;

    private static string Tap(PushRequest push) => $$"""
        <h1>Verify it's you</h1><div id="w"><p>Open the Pelham app on your phone, tap Yes, then choose the number</p><p class="num">{{push.Number.ToString(CultureInfo.InvariantCulture)}}</p><p><a href="/anotherway/id/ways">Try another way</a></p></div>
        <script>
        setInterval(async () => {
          const { state } = await (await fetch('/anotherway/id/tap/state')).json();
          if (state === 'Approved') location.href = '/anotherway/id/tap/done';
          if (state === 'Denied') document.getElementById('w').innerHTML = '<p>You declined this sign-in.</p><p><a href="/anotherway/id">Start over</a></p>';
        }, 400);
        </script>
        """;

    private static string Code(string fault) => $"""
        <h1>Verify it's you</h1><p>Get a code from your authenticator app.</p><form method="post" action="/anotherway/id/code"><input name="pin" type="tel" aria-label="Enter code"><p class="x">{fault}</p><button>Next</button></form>
        """;

    private static string Page(string title, string body) => Markup.Document("en", title, "body{font:16px/1.5 Roboto,Arial,sans-serif;width:28rem;margin:8vh auto;border:1px solid #cbd5e1;border-radius:.6rem;padding:2rem}input{display:block;width:100%;box-sizing:border-box;padding:.8rem;margin:.6rem 0}.num{font-size:3rem;text-align:center}.x{color:#b91c1c}.ways li{margin:1rem 0}button{background:#334155;color:#fff;border:0;padding:.6rem 1.6rem;border-radius:.3rem}", body);
}
