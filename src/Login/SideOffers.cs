using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>What a page with a challenge offers beside the answer: a code once more, another way, not to be asked again on this browser.</summary>
internal static class SideOffers
{
    private const int LongestCaption = 60;
    private const int MostWays = 4;

    /// <summary>One such offer. <paramref name="Value"/> is its word on the wire.</summary>
    internal sealed record SideOffer(string Value, string Label, ElementSnapshot Element);

    /// <summary>The offers of a page that asks for something, in reading order within each kind. <paramref name="group"/> holds the fields of the challenge; null: there is nothing to type.</summary>
    public static List<SideOffer> Of(LoginPage page, LoginProgress progress, GroupReading? group)
    {
        var offers = new List<SideOffer>();
        var controls = page.Elements.Where(e => e.Visible && e.Kind is ElementKind.Button or ElementKind.Link && e.Landmark is not ("nav" or "footer" or "header") && e.Id != group?.Submit?.Id && (group is null || e.Id.Frame == group.Frame)
            && Controls.Caption(e).Length is > 0 and <= LongestCaption && !Words.HasAny(Controls.Caption(e), WordList.SignUp, WordList.Forgot, WordList.Cancel)).ToList();
        // A control that sleeps while it counts down is an offer all the same: it is waited for.
        if (controls.Find(IsResend) is { } resend) offers.Add(new SideOffer(ChallengeOptions.Resend, Label(resend), resend));
        var ways = controls.Where(e => e.Enabled && IsOtherWay(e, group) && !LedNowhere(page, progress, e)).DistinctBy(Label).Take(MostWays).ToList();
        offers.AddRange(ways.Select((e, i) => new SideOffer(i == 0 ? ChallengeOptions.AnotherWay : $"{ChallengeOptions.AnotherWay}_{i + 1}", Label(e), e)));
        if (group is not null && TrustBox(page, group) is { } box)
            offers.Add(new SideOffer(ChallengeOptions.TrustDevice, SiteText.Cut(SiteText.Clean(box.Name.Length > 0 ? box.Name : box.NearbyText), 100), box));
        return offers;
    }

    /// <summary>The box that asks not to be asked again on this browser, checked or not; null when there is none.</summary>
    public static ElementSnapshot? TrustBox(LoginPage page, GroupReading group) =>
        page.Elements.FirstOrDefault(e => e is { Kind: ElementKind.Choice, Visible: true, Enabled: true } && e.Type is "checkbox" or "" && e.Id.Frame == group.Frame && (e.Form == group.Form || group.Form < 0)
            && Words.HasAny(e.Name + " " + e.NearbyText, WordList.TrustDevice, WordList.StaySignedIn));

    /// <summary>"Send again" is; "send it by e-mail" is another way.</summary>
    private static bool IsResend(ElementSnapshot e) =>
        !Words.Has(WordList.AnotherWay, Controls.Caption(e)) && (Words.Has(WordList.Resend, Controls.Caption(e)) || Words.Has(WordList.SendCode, Controls.Caption(e)) && !Choices.NamesMethod(Controls.Caption(e)));

    private static bool IsOtherWay(ElementSnapshot e, GroupReading? group)
    {
        var caption = Controls.Caption(e);
        if (IsResend(e)) return false;
        // "Use another address" and "use a different account" begin anew.
        if (Words.Has(WordList.AnotherWay, caption)) return Choices.NamesMethod(caption) || !Words.HasAny(caption, WordList.Address, WordList.Account, WordList.UserName, WordList.ChooseAccount);
        return group is { Codes.Count: > 0 } && (Words.HasAny(caption, WordList.AuthenticatorApp, WordList.BackupCode, WordList.Push) && !Words.HasAny(caption, WordList.SignIn, WordList.Confirm) || Words.Has(WordList.SendCode, caption));
    }

    /// <summary>It was pressed just now, and this is still the page it stood on.</summary>
    private static bool LedNowhere(LoginPage page, LoginProgress progress, ElementSnapshot e) =>
        progress.LastStep is LoginStep.Click { Purpose: ClickPurpose.ChooseOption } click && progress.Before is { } before && before.Frames[0].Document == page.Snapshot.Frames[0].Document
        && LoginPage.Read(before) is var then && then.Element(click.Element) is { } pressed && then.OutlineOf(pressed) == page.OutlineOf(e);

    private static string Label(ElementSnapshot e) => SiteText.Cut(SiteText.Clean(Controls.Caption(e)), 100);
}
