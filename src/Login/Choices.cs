using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Lists of options that a page offers: ways to verify, accounts, organisations.</summary>
internal static class Choices
{
    private const int MostOffers = 40;

    /// <summary>Ways to verify, or none.</summary>
    public static List<Offer> Methods(LoginPage page)
    {
        if (page.Groups.Exists(g => g.Fields.Exists(f => f.IsPassword && f.Element.Visible))) return [];
        var offers = new List<(Offer Offer, bool Names)>();
        foreach (var select in page.Elements.Where(e => e.Kind == ElementKind.Select && e.Visible && e.Enabled))
        {
            var named = select.Options.Where(o => NamesMethod(o.Label)).ToList();
            if (named.Count >= 2) return [.. named.Select((o, i) => new Offer(Id(o.Label, i), SiteText.Clean(o.Label), select, o.Value))];
        }
        foreach (var e in page.Elements)
        {
            if (!e.Visible || !e.Enabled || e.Landmark is "nav" or "footer") continue;
            if (e.Kind is not (ElementKind.Choice or ElementKind.Button or ElementKind.Link)) continue;
            if (e.Kind == ElementKind.Choice && e.Type == "checkbox") continue;
            var label = LabelOf(e);
            if (label.Length is 0 or > 200 || Words.HasAny(label, WordList.Cancel) && !NamesMethod(label)) continue;
            offers.Add((new Offer(Id(label, offers.Count), label, e, null), NamesMethod(label)));
        }
        // Radio buttons of one name belong together; else buttons or links of one look.
        foreach (var radios in offers.Where(o => o.Offer.Element.Kind == ElementKind.Choice).GroupBy(o => (o.Offer.Element.Id.Frame, o.Offer.Element.Form, o.Offer.Element.Attributes.GetValueOrDefault("name"))))
            if (radios.Count() >= 2 && radios.Count(o => o.Names) >= 2) return Distinct(radios.Select(o => o.Offer));
        var asks = page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text && e.Text.Length < 250 && Words.HasAny(e.Text, WordList.ChooseMethod, WordList.Verification, WordList.AnotherWay));
        var pressed = offers.Where(o => o.Offer.Element.Kind != ElementKind.Choice && o.Names && !Words.Has(WordList.Resend, o.Offer.Label)).ToList();
        foreach (var alike in pressed.GroupBy(o => (o.Offer.Element.Id.Frame, o.Offer.Element.Kind, o.Offer.Element.Tag)))
            if (alike.Count() >= 2 && (asks || alike.Count() >= 3 || alike.Count(o => IsMasked(o.Offer.Label)) >= 2)) return Distinct(alike.Select(o => o.Offer));
        return [];
    }

    /// <summary>Accounts, profiles or contracts, or none.</summary>
    public static List<Offer> Accounts(LoginPage page, bool afterSignIn)
    {
        var prompt = page.Elements.FirstOrDefault(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Alert && e.Landmark is not ("nav" or "footer") && e.Text.Length < 200 && Words.HasAny(e.Text, WordList.ChooseAccount, WordList.Organisation));
        return prompt is null || !afterSignIn ? [] : After(page, page.PositionOf(prompt.Id), prompt);
    }

    /// <summary>Organisations or directories before any credential, or none. With <paramref name="beside"/>, a select in that group counts.</summary>
    public static List<Offer> Organisations(LoginPage page, GroupReading? beside)
    {
        if (beside is not null && beside.Password is not null) return [];
        var prompt = page.Elements.FirstOrDefault(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text && e.Landmark is not ("nav" or "footer") && e.Text.Length < 250 && Words.Has(WordList.Organisation, e.Text));
        if (prompt is null && !Words.Has(WordList.Organisation, page.Snapshot.Title)) return SeveralSubmits(page);
        return After(page, prompt is null ? -1 : page.PositionOf(prompt.Id), prompt);
    }

    /// <summary>A form without fields and with several buttons that send it: each is an answer, whatever the page calls its question.</summary>
    private static List<Offer> SeveralSubmits(LoginPage page)
    {
        if (page.Groups.Exists(g => g.Fields.Count > 0) || page.Elements.Any(e => Controls.SignInScore(e) >= 5)) return [];
        foreach (var form in page.Elements.Where(e => e.Visible && e.Enabled && e.Kind == ElementKind.Button && e.Form >= 0 && e.Type == "submit" && e.Landmark is not ("nav" or "footer" or "header")).GroupBy(e => e.Form))
        {
            var offers = Distinct(form.Where(e => LabelOf(e).Length > 0 && !Controls.IsHelper(e) && !Words.HasAny(LabelOf(e), WordList.AcceptCookies, WordList.RejectCookies, WordList.NotNow)).Select((e, i) => new Offer(Id(LabelOf(e), i), LabelOf(e), e, null)));
            if (offers.Count >= 2) return offers;
        }
        return [];
    }

    /// <summary>The list of like controls that follows a sentence.</summary>
    private static List<Offer> After(LoginPage page, int at, ElementSnapshot? prompt)
    {
        foreach (var select in page.Elements.Where(e => e.Kind == ElementKind.Select && e.Visible && e.Enabled && e.Landmark is not ("footer" or "nav")))
        {
            var options = select.Options.Where(o => o.Value.Length > 0 && o.Label.Length > 0).ToList();
            if (options.Count >= 2) return [.. options.Take(MostOffers).Select((o, i) => new Offer(Id(o.Label, i), SiteText.Clean(o.Label), select, o.Value))];
        }
        var clickable = new List<ElementSnapshot>();
        for (var i = at + 1; i < page.Elements.Count; i++)
        {
            var e = page.Elements[i];
            if (!e.Visible || !e.Enabled || e.Kind is not (ElementKind.Choice or ElementKind.Button or ElementKind.Link) || e.Type == "checkbox") continue;
            if (e.Landmark is "nav" or "footer" || prompt is not null && (e.Id.Frame != prompt.Id.Frame || prompt.Dialog != e.Dialog)) continue;
            var label = LabelOf(e);
            if (label.Length is 0 or > 250 || Controls.SignOutScore(e) > 0 || Words.HasAny(label, WordList.Cancel, WordList.SignUp, WordList.Forgot, WordList.Terms, WordList.NotNow) && label.Length < 40) continue;
            clickable.Add(e);
        }
        foreach (var radios in clickable.Where(e => e.Kind == ElementKind.Choice).GroupBy(e => e.Attributes.GetValueOrDefault("name")))
            if (radios.Count() >= 2) return Distinct(radios.Select((e, i) => new Offer(Id(LabelOf(e), i), LabelOf(e), e, null)));
        // Items of a list look alike: same tag, same class, same left edge or the same top, and the same depth.
        var best = Alike(e => e.Box.X) ?? Alike(e => e.Box.Y);
        // A row that breaks: more of the same look and height, none of them far from the others.
        if (best is not null && best.First() is var one && clickable.Where(e => e.Kind == one.Kind && e.Id.Frame == one.Id.Frame && e.Tag == one.Tag && e.Path.Count == one.Path.Count && e.Attributes.GetValueOrDefault("class") == one.Attributes.GetValueOrDefault("class") && Math.Abs(e.Box.Height - one.Box.Height) < 3).ToList() is var row
            && row.Count > best.Count() && row.Zip(row.Skip(1)).All(pair => Math.Abs(pair.Second.Box.Y - pair.First.Box.Y) < 2 * one.Box.Height)) best = row;
        return best is null ? [] : Distinct(best.Take(MostOffers).Select((e, i) => new Offer(Id(LabelOf(e), i), LabelOf(e), e, null)));

        IEnumerable<ElementSnapshot>? Alike(Func<ElementSnapshot, double> edge) =>
            clickable.Where(e => e.Kind != ElementKind.Choice).GroupBy(e => (e.Id.Frame, e.Tag, e.Attributes.GetValueOrDefault("class"), e.Path.Count, Edge: Math.Round(edge(e) / 4)))
                .Where(g => g.Count() >= 2).MaxBy(g => g.Count());
    }

    /// <summary>
    /// What a page after the sign-in offers when it has nothing else: one select, one set of radio buttons, or several buttons that look alike. The words around it may be any; those of the
    /// buttons may not decline, agree or go on, which is what an offer's do.
    /// </summary>
    public static List<Offer> ByShape(LoginPage page, LoginProgress progress)
    {
        if (page.Elements.Count(e => e.Visible) > 80 || page.Groups.Exists(g => !Interstitials.IsBeside(g, progress) && g.Fields.Exists(f => f.Element.Visible))) return [];
        var beside = page.Groups.Where(g => Interstitials.IsBeside(g, progress)).ToList();
        var own = page.Elements.Where(e => e.Visible && e.Enabled && e.Landmark is not ("nav" or "footer" or "header" or "search") && !Interstitials.IsBeside(e, beside, progress)).ToList();
        var presses = own.FindAll(e => e.Kind == ElementKind.Button && LabelOf(e).Length > 0);
        var isShort = page.Elements.Count(e => e.Visible) < 35;
        if (isShort && own.FindAll(e => e.Kind == ElementKind.Select) is [var select] && presses.Count > 0)
        {
            var options = select.Options.Where(o => o.Value.Length > 0 && o.Label.Trim().Length > 2).ToList();
            return options.Count is >= 2 and <= MostOffers && !Words.HasAny(select.Name, WordList.Search) ? [.. options.Select((o, i) => new Offer(Id(o.Label, i), SiteText.Clean(o.Label), select, o.Value))] : [];
        }
        if (isShort && own.FindAll(e => e.Kind == ElementKind.Choice && e.Type != "checkbox" && e.Role != "checkbox") is { Count: >= 2 and <= MostOffers } radios && radios.Select(r => (r.Id.Frame, r.Attributes.GetValueOrDefault("name"))).Distinct().Count() == 1 && presses.Count is 1 or 2)
            return Distinct(radios.Select((e, i) => new Offer(Id(LabelOf(e), i), LabelOf(e), e, null)));
        var alike = presses.GroupBy(e => (e.Id.Frame, e.Tag, e.Attributes.GetValueOrDefault("class"), e.Path.Count)).Where(g => g.Count() >= 2).MaxBy(g => g.Count());
        if (alike is null || presses.Count > alike.Count() + 2 || presses.Exists(e => SaysYesOrNo(LabelOf(e)))) return [];
        var asks = page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text && e.Landmark is not ("nav" or "footer" or "header") && e.Text.Length < 250
            && (e.Text.TrimEnd() is [.., '?' or '？' or ';'] || Words.HasAny(e.Text, WordList.ChooseMethod, WordList.ChooseAccount, WordList.Organisation, WordList.Verification)));
        return alike.Count() >= 3 && asks || AreMethods([.. alike.Select(e => new Offer("", LabelOf(e), e, null))]) ? Distinct(alike.Take(MostOffers).Select((e, i) => new Offer(Id(LabelOf(e), i), LabelOf(e), e, null))) : [];
    }

    /// <summary>At least two of the offers name a way to verify.</summary>
    public static bool AreMethods(IReadOnlyCollection<Offer> offers) => offers.Count(o => NamesMethod(o.Label)) >= 2;

    private static bool SaysYesOrNo(string label) =>
        Words.HasAny(label, WordList.NotNow, WordList.StaySignedIn, WordList.TrustDevice, WordList.AcceptCookies, WordList.RejectCookies, WordList.Resend, WordList.SignIn, WordList.SignOut) || Words.Fold(label).Length < 4;

    /// <summary>Names a target and hides most of it.</summary>
    private static bool IsMasked(string label) => label.Count(c => c is '•' or '*' or '·' or '×' or '●') >= 2;

    public static bool NamesMethod(string label) =>
        Words.HasAny(label, WordList.Sms, WordList.EmailWord, WordList.Email, WordList.AuthenticatorApp, WordList.Push, WordList.BackupCode, WordList.Phone);

    private static string LabelOf(ElementSnapshot e)
    {
        var label = e.Name.Length > 0 ? e.Name : e.Text;
        if (e.Kind == ElementKind.Choice && label.Length == 0) label = e.NearbyText;
        return SiteText.Cut(SiteText.Clean(label), 200);
    }

    private static List<Offer> Distinct(IEnumerable<Offer> offers)
    {
        var result = new List<Offer>();
        foreach (var offer in offers)
            if (!result.Exists(o => o.Id == offer.Id)) result.Add(offer);
        return result;
    }

    /// <summary>A stable name made of the label, so that an answer finds its option on a later look.</summary>
    private static string Id(string label, int index)
    {
        var folded = Words.Fold(label).Replace(' ', '_');
        if (folded.Length > 60) folded = folded[..60];
        return folded.Length > 0 ? folded : "option_" + (index + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
