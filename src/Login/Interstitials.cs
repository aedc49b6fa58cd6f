using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Pages between the sign-in and what is behind it: stay signed in, trust this device, an offer to be declined.</summary>
internal static class Interstitials
{
    /// <param name="strict">Only with words that name the question (stay signed in, trust this device); else any offer with a button to decline or go on.</param>
    public static Judgement? Find(LoginPage page, LoginProgress progress, bool strict)
    {
        var fields = page.Groups.Sum(g => g.Fields.Count(f => f.Element.Visible && f.Role != FieldRole.Search));
        // What asks for a password or a code is no offer.
        if (fields > 3 || fields > 0 && (strict || page.Groups.Exists(g => g.Codes.Count > 0 || g.Question is not null || g.Fields.Exists(f => f.IsPassword)))) return null;
        var buttons = page.Elements.Where(e => e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && e.Landmark is not ("nav" or "footer" or "header") && !progress.Tried.Contains(page.OutlineOf(e))).ToList();
        if (buttons.Count == 0) return null;
        var asked = page.Elements.FirstOrDefault(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Choice && e.Landmark is not ("nav" or "footer")
            && (e.Text.Length > 0 ? e.Text : e.Name) is { Length: > 0 and < 200 } text && Words.HasAny(text, WordList.StaySignedIn, WordList.TrustDevice));
        if (asked is not null && fields == 0 && buttons.Count <= 8)
        {
            // Who does not want this browser to be trusted says so; a page without such a button is passed as it can be.
            var no = progress.TrustsDevice is false && Words.Has(WordList.TrustDevice, asked.Text.Length > 0 ? asked.Text : asked.Name) ? buttons.Find(b => Words.Has(WordList.NotNow, Controls.Caption(b)) || IsNo(Controls.Caption(b))) : null;
            var yes = no ?? buttons.Find(b => IsYes(Controls.Caption(b))) ?? buttons.Find(b => Words.HasAny(Controls.Caption(b), WordList.StaySignedIn, WordList.TrustDevice, WordList.Continue, WordList.Next, WordList.Confirm))
                ?? buttons.Find(b => Words.HasAny(Controls.Caption(b), WordList.NotNow)) ?? buttons.Find(b => b.Type == "submit");
            if (yes is not null) return new(PageVerdict.Interstitial, ["the site asks whether to stay signed in or to trust this browser"]) { Control = yes };
        }
        if (strict) return null;
        var decline = buttons.Find(b => Controls.Caption(b).Length < 40 && Words.Has(WordList.NotNow, Controls.Caption(b)));
        if (decline is not null) return new(PageVerdict.Interstitial, ["an offer that can be declined"]) { Control = decline };
        if (fields > 0) return null;
        var content = page.Elements.Count(e => e.Visible && e.Kind is not ElementKind.Image);
        var onward = buttons.Where(b => Controls.Caption(b).Length < 40 && Words.HasAny(Controls.Caption(b), WordList.Continue, WordList.Next)).ToList();
        if (content < 25 && onward.Count == 1 && !Words.HasAny(string.Join(' ', page.Texts), WordList.Terms)) return new(PageVerdict.Interstitial, ["a page with one way on"]) { Control = onward[0] };
        return null;
    }

    private static bool IsNo(string caption) => Words.Fold(caption) is "no" or "nein" or "non" or "nee" or "nao" or "nej" or "nei" or "ei" or "nie" or "ne" or "nem" or "nu" or "hayir" or "οχι" or "нет" or "ні" or "いいえ" or "否" or "不" or "아니요" or "لا" or "не" or "לא" or "خير" or "نه" or "नहीं" or "tidak" or "khong" or "ไม่" or "아니오";

    private static bool IsYes(string caption) => Words.Fold(caption) is "yes" or "ja" or "oui" or "si" or "sim" or "tak" or "ano" or "da" or "igen" or "evet" or "nai" or "да" or "так" or "taip" or "jah" or "ya" or "co" or "כנ" or "بله" or "हाँ" or "हां" or "ใช่" or "네" or "はい" or "是" or "예" or "نعم";
}
