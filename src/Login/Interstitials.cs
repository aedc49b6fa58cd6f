using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Pages between the sign-in and what is behind it: stay signed in, trust this device, an offer to be declined.</summary>
internal static class Interstitials
{
    /// <param name="strict">Only with words that name the question (stay signed in, trust this device); else any offer with a button to decline or go on.</param>
    public static Judgement? Find(LoginPage page, LoginProgress progress, bool strict)
    {
        // A newsletter or a search stands on every page of some sites and asks nothing here.
        var beside = page.Groups.Where(g => IsBeside(g, progress)).ToList();
        var fields = page.Groups.Except(beside).Sum(g => g.Fields.Count(f => f.Element.Visible && f.Role != FieldRole.Search));
        // What asks for a password or a code is no offer.
        if (fields > 3 || fields > 0 && (strict || page.Groups.Exists(g => g.Codes.Count > 0 || g.Questions.Count > 0 || g.Letters.Count > 0 || g.Fields.Exists(f => f.IsPassword)))) return null;
        var buttons = ButtonsOf(page, progress, beside);
        if (buttons.Count == 0) return null;
        var asked = page.Elements.FirstOrDefault(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Choice && e.Landmark is not ("nav" or "footer")
            && (e.Text.Length > 0 ? e.Text : e.Name) is { Length: > 0 and < 200 } text && Words.HasAny(text, WordList.StaySignedIn, WordList.TrustDevice));
        if (asked is not null && fields == 0 && buttons.Count <= 8)
        {
            // Who does not want this browser to be trusted says so; a page without such a button is passed as it can be.
            var no = !progress.IsToTrust && Words.Has(WordList.TrustDevice, asked.Text.Length > 0 ? asked.Text : asked.Name) ? buttons.Find(b => Words.Has(WordList.NotNow, Controls.Caption(b))) : null;
            var yes = no ?? buttons.Find(b => IsYes(Controls.Caption(b))) ?? buttons.Find(b => Words.HasAny(Controls.Caption(b), WordList.StaySignedIn, WordList.TrustDevice, WordList.Continue, WordList.Next, WordList.Confirm))
                ?? buttons.Find(b => Words.HasAny(Controls.Caption(b), WordList.NotNow)) ?? buttons.Find(b => b.Type == "submit");
            if (yes is not null) return new(PageVerdict.Interstitial, ["the site asks whether to stay signed in or to trust this browser"]) { Control = yes };
        }
        if (fields == 0 && OtherSession(page, buttons) is { } here) return new(PageVerdict.Interstitial, ["another session goes when this one begins"]) { Control = here };
        if (strict) return null;
        if (Declined(page, progress, buttons, fields) is { } declined) return declined;
        if (fields > 0) return null;
        var content = page.Elements.Count(e => e.Visible && e.Kind is not ElementKind.Image);
        var onward = buttons.Where(b => IsCaption(Controls.Caption(b)) && Words.HasAny(Controls.Caption(b), WordList.Continue, WordList.Next)).ToList();
        if (content < 25 && onward.Count == 1 && !Words.HasAny(string.Join(' ', page.Texts), WordList.Terms)) return new(PageVerdict.Interstitial, ["a page with one way on"]) { Control = onward[0] };
        return null;
    }

    /// <summary>On a page that says that the user is signed in elsewhere and lets him go on or stay away: the button that goes on.</summary>
    private static ElementSnapshot? OtherSession(LoginPage page, List<ElementSnapshot> buttons)
    {
        var away = buttons.FindAll(b => Controls.Caption(b) is { Length: < 40 } caption && Words.HasAny(caption, WordList.Cancel, WordList.NotNow));
        if (away.Count != 1 || !page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Alert && e.Landmark is not ("nav" or "footer" or "header") && e.Text.Length < 250 && Words.Has(WordList.OtherSession, e.Text))) return null;
        // The two stand together; what is far from the one that stays away is the page's own.
        var near = buttons.FindAll(b => b != away[0] && b.Id.Frame == away[0].Id.Frame && b.Dialog == away[0].Dialog && Math.Abs(page.PositionOf(b.Id) - page.PositionOf(away[0].Id)) <= 3 && Controls.Caption(b).Length is > 0 and < 60);
        return near.Count == 1 ? near[0] : near.Find(b => Words.HasAny(Controls.Caption(b), WordList.Continue, WordList.Confirm) || IsYes(Controls.Caption(b)));
    }

    /// <summary>Words that a button carries; a sentence is a hint about it, and what it does is the site's own business.</summary>
    private static bool IsCaption(string text) => text.Length is > 0 and < 40 && text[^1] is not ('.' or '。') && text.Count(c => c == ' ') < 5;

    /// <summary>An offer that a button declines, or terms that one accepts; null when there is neither.</summary>
    public static Judgement? Declinable(LoginPage page, LoginProgress progress)
    {
        var beside = page.Groups.Where(g => IsBeside(g, progress)).ToList();
        if (page.Groups.Except(beside).Any(g => g.Fields.Exists(f => f.Element.Visible && f.Role != FieldRole.Search))) return null;
        return Declined(page, progress, ButtonsOf(page, progress, beside), fields: 0);
    }

    /// <summary>What the page itself has to press, and was not pressed yet.</summary>
    private static List<ElementSnapshot> ButtonsOf(LoginPage page, LoginProgress progress, List<GroupReading> beside) =>
        [.. page.Elements.Where(e => !IsBeside(e, beside, progress) && e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && e.Landmark is not ("nav" or "footer" or "header") && !progress.Tried.Contains(page.OutlineOf(e))
            // What needs a device that is not there leads nowhere.
            && !(OtherWays.NamesPasskey(Controls.Caption(e)) && !Words.Has(WordList.NotNow, Controls.Caption(e))))];

    private static Judgement? Declined(LoginPage page, LoginProgress progress, List<ElementSnapshot> buttons, int fields)
    {
        var decline = buttons.Find(b => Controls.Caption(b).Length < 40 && Words.Has(WordList.NotNow, Controls.Caption(b)));
        if (decline is not null) return new(PageVerdict.Interstitial, ["an offer that can be declined"]) { Control = decline };
        var terms = fields == 0 && page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text && e.Landmark is not ("nav" or "footer" or "header") && e.Text.Length < 250 && Words.Has(WordList.Terms, e.Text));
        var accept = terms ? buttons.FindAll(b => b.Kind == ElementKind.Button && Controls.Caption(b).Length < 50 && (Words.HasAny(Controls.Caption(b), WordList.AcceptCookies, WordList.Confirm) || Agrees(Controls.Caption(b)))) : [];
        if (accept.Count != 1) return null;
        const string why = "terms that have to be accepted to go on";
        return progress.Overrides.AcceptsTerms ? new(PageVerdict.Interstitial, [why]) { Control = accept[0] }
            : new(PageVerdict.Terms, [why, "override accept_terms: false"]) { Message = "The website wants its terms accepted before it goes on, and this source is set not to accept them. They can be accepted on the website." };
    }

    /// <summary>The page has buttons and none of them is alive yet, or an offer's is not: it is not at its end.</summary>
    public static bool IsPending(LoginPage page)
    {
        var buttons = page.Elements.Where(e => e is { Visible: true, Kind: ElementKind.Button } && e.Landmark is not ("nav" or "footer" or "header" or "search") && Controls.Caption(e).Length > 0).ToList();
        if (buttons.Count > 0 && buttons.TrueForAll(b => !b.Enabled)) return true;
        return buttons.Exists(e => !e.Enabled && Controls.Caption(e) is { Length: < 50 } caption && (Words.HasAny(caption, WordList.NotNow, WordList.Continue, WordList.Next, WordList.Confirm) || IsYes(caption) || Agrees(caption)));
    }

    /// <summary>"Yes", and "Yes, trust it"; not a sentence that begins with the same word.</summary>
    private static bool IsYes(string caption) => Words.Has(WordList.Yes, caption.Split(',', '，', '、', '!')[0]);

    private static bool Agrees(string caption) => Words.Has(WordList.Agree, caption) && !Words.HasAny(caption, WordList.NotNow, WordList.RejectCookies);

    /// <summary>A form that has nothing to do with the sign-in and stands on other pages of the site as well.</summary>
    internal static bool IsBeside(GroupReading group, LoginProgress progress) => IsBeside(group) || progress.Before is { } before && !progress.Submissions.Exists(s => s.State == group.State)
        && group.Fields.Count > 0 && group.Fields.TrueForAll(f => !f.IsPassword && LoginPage.Read(before).Groups.Exists(g => g.Fields.Exists(b => (b.Role is not (FieldRole.Identifier or FieldRole.Password or FieldRole.Code) || b.Role == FieldRole.Identifier && StoodBeside(LoginPage.Read(before), g)) && IsSame(b, f))));

    /// <summary>Where a form with a password is, one that asks for an address alone is for something else.</summary>
    private static bool StoodBeside(LoginPage before, GroupReading group) => group.Password is null && before.LoginGroup is { Password: not null } login && login != group;

    private static bool IsSame(FieldReading one, FieldReading other) =>
        one.Element.Type == other.Element.Type && one.Label == other.Label && one.Placeholder == other.Placeholder && one.Element.Attributes.GetValueOrDefault("name") == other.Element.Attributes.GetValueOrDefault("name");

    /// <summary>A control of such a form; not one that is new on this page, which a form around the whole page holds as well.</summary>
    internal static bool IsBeside(ElementSnapshot control, List<GroupReading> beside, LoginProgress progress) =>
        beside.Exists(g => g.Buttons.Contains(control) || g.Selects.Contains(control)) && (progress.Before is not { } before || LoginPage.Read(before).Texts.Contains(control.Text));

    private static bool IsBeside(GroupReading group) =>
        group.Kind is GroupKind.Newsletter or GroupKind.Search || group.Kind is GroupKind.Other or GroupKind.SignUp or GroupKind.Recovery or GroupKind.Identifier && group.Fields.Count == 1 && group.Fields[0] is { IsMailAddress: true, IsPassword: false } && group.Buttons.Exists(b => Words.Has(WordList.Newsletter, Controls.Caption(b)))
        || group.Fields.Count > 0 && group.Fields.TrueForAll(f => f.Element.Landmark is "footer" or "header" or "nav" or "search");
}
