namespace Ostiary.Portals.Sites;

/// <summary>A co-operative whose locked accounts are told by a status alone (423), beside a sentence that says little.</summary>
internal sealed class LockedStatusSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "locked423",
        Title = "Halyard Co-op",
        Path = "/locked423/members",
        Username = "member-7781",
        Password = "Practice-Only-44!",
        WrongPassword = "Not-The-Right-One-44!",
        Expected = "auth_locked",
        ExpectedText = "Something is not as it should be with your membership.",
        WrongText = "We do not know this member and password.",
        Style = "The right password is answered with HTTP status 423 and a sentence without the usual words.",
    };

    public override string Color => "#166534";
    public override string Cookie => "halyard";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => visit.Go("members"));
        at.Get("members", _ => Visit.Page(Markup.Document("en", "Members", "body{font:18px Optima,sans-serif;margin:4rem}label{display:block;margin:.8rem 0}output{color:#b91c1c;display:block}", """
            <h1>Members' sign-in</h1><form id="m"><label>Member number <input name="member"></label><label>Password <input name="secret" type="password"></label><output></output><button>Sign in</button></form>
            <script>
            document.getElementById('m').addEventListener('submit', async event => {
              event.preventDefault();
              const form = event.target;
              const answer = await fetch('/locked423/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(Object.fromEntries(new FormData(form))) });
              form.querySelector('output').textContent = (await answer.json()).detail;
            });
            </script>
            """)));
        at.Post("session", visit => visit.TryPassword(visit["member"], visit["secret"], out _)
            ? Visit.Json(new { detail = "Something is not as it should be with your membership. Please see the desk." }, StatusCodes.Status423Locked)
            : Visit.Json(new { detail = "We do not know this member and password." }, StatusCodes.Status401Unauthorized));
    }
}
