using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>
/// Puts a customer's corrections in the place of the engine's own reading. Elements carry the names of the selectors that match them (<see cref="ElementSnapshot.Marks"/>), so the
/// reading stays a pure function of the look.
/// </summary>
internal static class Overridden
{
    // A named field outweighs whatever a page says.
    private const double Certain = 20;

    /// <summary>The roles of fields and the controls that send them, by the marks on a page that was read already.</summary>
    public static void Apply(LoginPage page, Dictionary<ElementId, GroupReading> groupOf)
    {
        var marked = page.Elements.Where(e => e.Marks.Count > 0 && e.Visible).ToList();
        if (marked.Count == 0) return;
        var fields = new List<(ElementSnapshot Element, FieldRole Role, string Mark)>();
        foreach (var (mark, role) in ((string, FieldRole)[])[("identifier", FieldRole.Identifier), ("password", FieldRole.Password)])
            if (marked.Find(e => e.Kind == ElementKind.Input && e.Marks.Contains(mark)) is { } element) fields.Add((element, role, mark));
        foreach (var element in marked.Where(e => e.Kind is ElementKind.Input or ElementKind.Select))
            if (KeyOf(element) is { } key && fields.TrueForAll(f => f.Element.Id != element.Id)) fields.Add((element, FieldRole.Extra, LoginOverrides.FieldMark + key));
        var codes = marked.Where(e => e.Kind == ElementKind.Input && e.Marks.Contains("code") && fields.TrueForAll(f => f.Element.Id != e.Id)).Select(e => (e, FieldRole.Code, "code")).ToList();
        if (fields.Count > 0) Gather(page, groupOf, fields);
        if (codes.Count > 0) Gather(page, groupOf, codes);
        if (page.LoginGroup is { } login) Send(page, groupOf, login, marked, login.Kind == GroupKind.Identifier ? ["next", "submit"] : ["submit"]);
        if (page.CodeGroup is { } code) Send(page, groupOf, code, marked, ["code_submit"]);
    }

    /// <summary>The key of the source field that an element was named for, or null.</summary>
    public static string? KeyOf(ElementSnapshot element)
    {
        foreach (var mark in element.Marks)
            if (mark.StartsWith(LoginOverrides.FieldMark, StringComparison.Ordinal)) return mark[LoginOverrides.FieldMark.Length..];
        return null;
    }

    /// <summary>The control named as the way to the sign-in, while it was not tried and the fields that were named are not there.</summary>
    public static ElementSnapshot? SignIn(LoginPage page, LoginProgress progress)
    {
        if (progress.CredentialSent || !progress.Overrides.Selectors.ContainsKey("sign_in")) return null;
        if (page.Elements.Any(e => e.Visible && e.Kind == ElementKind.Input && (e.Marks.Contains("identifier") || e.Marks.Contains("password")))) return null;
        return page.Elements.FirstOrDefault(e => e is { Visible: true, Enabled: true } && e.Marks.Contains("sign_in") && !progress.Tried.Contains(page.OutlineOf(e)));
    }

    /// <summary>What the site says in refusal by the customer's word, or null: an answer to user name or password, not there when they were sent.</summary>
    public static (string Text, string Why)? Refusal(LoginPage page, LoginProgress progress)
    {
        if (progress.Submissions.IsEmpty || progress.Submissions[^1].Kind is not (SubmissionKind.Password or SubmissionKind.Identifier) || progress.LastStep is LoginStep.GoTo) return null;
        var before = progress.Before is { } b ? LoginPage.Read(b).Texts : [];
        foreach (var e in page.Elements)
            if (e.Visible && e.Text.Length > 0 && e.Marks.Contains("refusal") && !before.Contains(e.Text)) return (SiteText.Cut(SiteText.Clean(e.Text), 300), "override selectors.refusal");
        if (progress.Overrides.RefusalWords.IsEmpty) return null;
        var said = page.Elements.Where(e => e.Visible && e.Text.Length > 0 && e.Kind is ElementKind.Text or ElementKind.Alert or ElementKind.Heading).Select(e => e.Text).Concat(page.Snapshot.Notices).Concat(page.Snapshot.Dialogs)
            .Concat(page.Elements.Where(e => e.Visible && e.ValidityMessage.Length > 0 && !e.NativeValidity).Select(e => e.ValidityMessage));
        foreach (var text in said)
            if (!before.Contains(text) && Contains(text, progress.Overrides.RefusalWords) is { } word) return (SiteText.Cut(SiteText.Clean(text), 300), "override refusal_words: " + word);
        return null;
    }

    /// <summary>Why the page is one for somebody who is signed in, by the customer's word, or null. What showed before anything was sent proves nothing.</summary>
    public static string? SignedIn(LoginPage page, LoginProgress progress)
    {
        if (progress.SignedInSeenBefore) return null;
        if (page.Elements.Any(e => e.Visible && e.Marks.Contains("signed_in"))) return "override selectors.signed_in";
        if (progress.Overrides.SignedInWords.IsEmpty) return null;
        foreach (var e in page.Elements)
            if (e.Visible && Contains(e.Text.Length > 0 ? e.Text : e.Name, progress.Overrides.SignedInWords) is { } word) return "override signed_in_words: " + word;
        return null;
    }

    /// <summary>Which of the steps that the customer named is the turn of: those roles may be filled. Null: no order was named, or it is over.</summary>
    public static IReadOnlySet<string>? Turn(LoginProgress progress)
    {
        var steps = progress.Overrides.Steps;
        for (var i = 0; i < steps.Count; i++)
            if (!progress.Sent.Contains(steps[i])) return steps.Take(i + 1).ToHashSet(StringComparer.Ordinal);
        return null;
    }

    /// <summary>The step's word for a role.</summary>
    public static string? StepOf(FieldRole role) => role switch { FieldRole.Identifier => "identifier", FieldRole.Password => "password", FieldRole.Extra => "source_fields", FieldRole.Code => "code", _ => null };

    /// <summary>True when a role has to wait for a later step.</summary>
    public static bool IsLater(FieldRole role, LoginProgress progress) =>
        StepOf(role) is { } step && progress.Overrides.Steps.Contains(step) && Turn(progress) is { } turn && !turn.Contains(step);

    /// <summary>The offered way to verify that the customer prefers, or null.</summary>
    public static Offer? Preferred(IReadOnlyList<Offer> offers, LoginProgress progress) => progress.Overrides.PreferredMfa is { } mfa ? offers.FirstOrDefault(o => Names(mfa, o.Label)) : null;

    /// <summary>True when a text names that way to verify.</summary>
    public static bool Names(string mfa, string text) => mfa switch
    {
        "totp" => Words.Has(WordList.AuthenticatorApp, text),
        "sms" => Words.Has(WordList.Sms, text) && !Words.Has(WordList.VoiceCall, text),
        "email" => Words.HasAny(text, WordList.EmailWord, WordList.Email),
        "push" => Words.HasAny(text, WordList.Push, WordList.Approve),
        "security_question" => Words.Has(WordList.SecurityQuestion, text),
        "voice" => Words.Has(WordList.VoiceCall, text),
        _ => false,
    };

    /// <summary>What was named and is not there, for the notes: the engine has read that part of the page itself.</summary>
    public static IEnumerable<string> Unmatched(LoginPage page, LoginProgress progress, PageVerdict verdict)
    {
        var overrides = progress.Overrides;
        if (overrides.Selectors.IsEmpty && overrides.Fields.IsEmpty) yield break;
        var wanted = new List<string>();
        if (verdict == PageVerdict.Login && page.LoginGroup is { } login)
        {
            if (login.Identifier is not null) wanted.Add("identifier");
            if (login.Password is not null) wanted.Add("password");
            wanted.Add(login.Kind == GroupKind.Identifier && overrides.Selectors.ContainsKey("next") ? "next" : "submit");
        }
        else if (verdict == PageVerdict.Code) wanted.AddRange(["code", "code_submit"]);
        else if (verdict is PageVerdict.Home or PageVerdict.Unknown && !progress.CredentialSent) wanted.AddRange(["sign_in", "identifier", "password"]);
        foreach (var name in wanted)
            if (overrides.Selectors.ContainsKey(name) && !page.Elements.Any(e => e.Visible && e.Marks.Contains(name))) yield return $"override selectors.{name} matches nothing that is shown: read instead";
        if (verdict != PageVerdict.Login) yield break;
        foreach (var key in overrides.Fields.Keys.Order(StringComparer.Ordinal))
            if (!page.Elements.Any(e => e.Visible && e.Marks.Contains(LoginOverrides.FieldMark + key))) yield return $"override fields.{key} matches nothing that is shown: read instead";
    }

    private static string? Contains(string text, IEnumerable<string> words)
    {
        if (text.Length == 0) return null;
        var folded = " " + Words.Fold(text) + " ";
        foreach (var word in words)
            if (Words.Fold(word) is { Length: > 0 } sought && folded.Contains(sought, StringComparison.Ordinal)) return word;
        return null;
    }

    /// <summary>One group of the named fields and of those that stand with them.</summary>
    private static void Gather(LoginPage page, Dictionary<ElementId, GroupReading> groupOf, List<(ElementSnapshot Element, FieldRole Role, string Mark)> fields)
    {
        var first = fields[0].Element;
        var group = fields.Select(f => groupOf.GetValueOrDefault(f.Element.Id)).FirstOrDefault(g => g is not null && g.Frame == first.Id.Frame) ?? Make(page, first);
        var credentials = fields[0].Role != FieldRole.Code;
        foreach (var (element, role, mark) in fields)
        {
            var reading = Take(page, groupOf, element);
            // A select keeps its place among the selects: its value is chosen, not typed.
            if (element.Kind == ElementKind.Select)
            {
                if (!group.Selects.Contains(element)) group.Selects.Add(element);
                groupOf[element.Id] = group;
                continue;
            }
            if (group.Fields.TrueForAll(f => f.Element.Id != element.Id)) group.Fields.Add(reading);
            groupOf[element.Id] = group;
            foreach (var other in group.Fields)
                if (other.Role == role && role is FieldRole.Identifier or FieldRole.Password && other != reading) other.Role = FieldRole.Other;
            if (group.Identifier == reading) group.Identifier = null;
            if (group.Password == reading) group.Password = null;
            group.Questions.Remove(reading);
            group.Letters.RemoveAll(l => l.Element.Id == element.Id);
            group.Codes.Remove(reading);
            group.Extras.Remove(reading);
            reading.Role = role;
            reading.Key = role == FieldRole.Extra ? KeyOf(element) : null;
            reading.Add(role, Certain, "override " + (role == FieldRole.Extra ? mark : "selectors." + mark));
            if (role == FieldRole.Identifier) group.Identifier = reading;
            else if (role == FieldRole.Password) group.Password = reading;
            else if (role == FieldRole.Extra) group.Extras.Add(reading);
        }
        // What was taken for who signs in is something else: the next best is.
        if (group.Password is not null && group.Identifier is null && group.Fields.Where(f => f.IsText && f.Element.Marks.Count == 0 && f.Role is FieldRole.Extra or FieldRole.Personal or FieldRole.Other && f[FieldRole.Identifier] >= 2).MaxBy(f => f[FieldRole.Identifier]) is { } next)
        {
            next.Role = FieldRole.Identifier;
            group.Identifier = next;
            group.Extras.Remove(next);
        }
        if (!credentials)
        {
            foreach (var other in group.Codes) other.Role = FieldRole.Other;
            group.Codes.Clear();
            group.Codes.AddRange(group.Fields.Where(f => f.Role == FieldRole.Code));
        }
        group.Fields.Sort((a, b) => page.PositionOf(a.Element.Id).CompareTo(page.PositionOf(b.Element.Id)));
        if (!credentials && group is not { IsLogin: true, Password: not null }) group.Kind = GroupKind.Code;
        else if (credentials && group.Fields.Exists(f => f.Role is FieldRole.Identifier or FieldRole.Password))
            group.Kind = group.Password is null ? GroupKind.Identifier : group.Identifier is null ? GroupKind.Reauth : GroupKind.Login;
        // The owner of the source has named them: what speaks against a sign-in does not count.
        group.Score = Math.Max(group.Score, 0);
        group.Add(Certain, "override of its fields");
        group.HasCaptcha &= group.Fields.Exists(f => f.Role == FieldRole.Captcha);
        group.Submit ??= Controls.SubmitOf(group, _ => 0);
        group.State = page.StateFor(group);
        page.Groups.RemoveAll(g => g != group && g.Fields.Count == 0 && g.Choices.Count == 0 && g.Selects.Count == 0 && g.Hidden.Count == 0);
    }

    private static GroupReading Make(LoginPage page, ElementSnapshot first)
    {
        var near = page.Elements.Where(e => e.Id.Frame == first.Id.Frame && e.Form == first.Form && e.Dialog == first.Dialog).ToList();
        var group = new GroupReading
        {
            Index = page.Groups.Count, Frame = first.Id.Frame, Form = first.Form, Dialog = first.Dialog, Fields = [], Hidden = [], Choices = [], Selects = [],
            Buttons = [.. near.Where(e => e.Kind == ElementKind.Button)], Around = [.. near.Where(e => e.Kind is ElementKind.Link or ElementKind.Heading or ElementKind.Text or ElementKind.Alert)],
        };
        page.Groups.Add(group);
        return group;
    }

    /// <summary>The reading of a field, out of whatever group has it.</summary>
    private static FieldReading Take(LoginPage page, Dictionary<ElementId, GroupReading> groupOf, ElementSnapshot element)
    {
        FieldReading? reading = null;
        foreach (var group in page.Groups)
        {
            reading ??= group.Fields.Concat(group.Hidden).FirstOrDefault(f => f.Element.Id == element.Id);
            group.Hidden.RemoveAll(f => f.Element.Id == element.Id);
            if (group != groupOf.GetValueOrDefault(element.Id)) continue;
            group.Fields.RemoveAll(f => f.Element.Id == element.Id);
            group.Selects.RemoveAll(e => e.Id == element.Id);
        }
        return reading ?? new FieldReading(element);
    }

    private static void Send(LoginPage page, Dictionary<ElementId, GroupReading> groupOf, GroupReading group, List<ElementSnapshot> marked, string[] names)
    {
        foreach (var name in names)
        {
            if (marked.Find(e => e.Marks.Contains(name) && e.Id.Frame == group.Frame && e.Kind != ElementKind.Input) is not { } control) continue;
            group.Submit = control;
            if (!group.Buttons.Contains(control)) group.Buttons.Add(control);
            // What was typed into the group is what this control sends.
            groupOf[control.Id] = group;
            group.Why.Add(new Signal("override selectors." + name, Certain));
            return;
        }
    }
}
