using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Browser;
using Ostiary.Login;

namespace Ostiary.Server.Sessions;

/// <summary>
/// The page on which a sign-in ended: where it is, and digests of what it showed. Going there again tells in one navigation whether a browser is still signed in.
/// </summary>
/// <param name="Address">Where runs begin, too: a run that finds the browser signed in starts on the same page as one that has just signed in.</param>
/// <param name="Marks">Digests of the captions, headings and texts of the page's content; not the texts, which may be personal.</param>
internal sealed record SignedInPage(Uri Address, IReadOnlySet<ulong> Marks)
{
    private const int MostMarks = 60;
    private const int FewestMarks = 2;
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500);

    // Parts of an address that are good once: going there again would be refused.
    private static readonly string[] OneTime = ["code", "state", "ticket", "token", "id_token", "access_token", "nonce", "samlresponse", "session_state", "otp"];

    private static readonly LoginEngine Engine = new();

    /// <summary>Remembers the page that a sign-in has just ended on, as it was looked at last. Null: it was no page of a website.</summary>
    public static SignedInPage? Of(BrowserSession browser) => browser.LastLook is { Url.Scheme: "http" or "https" } page ? new SignedInPage(Lasting(page.Url), MarksOf(page)) : null;

    /// <summary>
    /// Goes to the page and says whether it is still a signed-in one. Needs a positive sign: the engine's word, or the page as it was. That nobody is asked to sign in is none.
    /// </summary>
    public async Task<bool> StillHoldsAsync(BrowserSession browser, TimeProvider time, CancellationToken cancellationToken)
    {
        var progress = LoginProgress.Start(Address, null, []);
        var started = time.GetTimestamp();
        try
        {
            await browser.NavigateAsync(Address, cancellationToken);
            while (true)
            {
                var page = await browser.LookAsync(LookPatience, cancellationToken);
                var since = time.GetElapsedTime(started);
                switch (Engine.Next(page, progress with { SinceStep = since }).Page)
                {
                    case PageVerdict.Connected:
                        return true;
                    case PageVerdict.Login or PageVerdict.Home or PageVerdict.Rejected or PageVerdict.Locked or PageVerdict.PasswordChange or PageVerdict.Code or PageVerdict.Push
                        or PageVerdict.MethodChoice or PageVerdict.SecurityQuestion or PageVerdict.OrganisationChoice or PageVerdict.BotWall or PageVerdict.SiteDown:
                        return false;
                    case PageVerdict.Unknown or PageVerdict.Working or PageVerdict.CookieWall or PageVerdict.AccountChoice or PageVerdict.Interstitial or PageVerdict.PerhapsConnected:
                        if (LooksAsItDid(page)) return true;
                        break;
                }

                if (since > Patience) return false;
                await browser.WaitForChangeAsync(Glance, cancellationToken);
            }
        }
        catch (PageActionException)
        {
            return false;
        }
    }

    private bool LooksAsItDid(PageSnapshot page) =>
        Marks.Count >= FewestMarks && page.StatusCode is null or (>= 200 and < 400) && MarksOf(page) is var now && Marks.Count(now.Contains) * 2 > Marks.Count;

    /// <summary>What stands on the page besides what every page of a site has (its header, its footer), without numbers, which change.</summary>
    private static HashSet<ulong> MarksOf(PageSnapshot page)
    {
        var marks = new HashSet<ulong>();
        foreach (var element in page.Elements)
        {
            if (marks.Count == MostMarks) break;
            if (!element.Visible || element.Landmark is "header" or "footer" or "nav") continue;
            var text = (element.Text.Length > 0 ? element.Text : element.Name).Trim();
            if (text.Length is < 3 or > 80 || text.Any(char.IsDigit)) continue;
            marks.Add(BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{element.Kind} {text}"))));
        }

        return marks;
    }

    private static Uri Lasting(Uri address)
    {
        var isOneTime = address.Query.TrimStart('?').Split('&').Any(part => OneTime.Contains(part.Split('=')[0].ToLowerInvariant()));
        return new Uri(address.GetLeftPart(isOneTime ? UriPartial.Path : UriPartial.Query) + (address.Fragment.Contains('=', StringComparison.Ordinal) ? "" : address.Fragment));
    }
}
