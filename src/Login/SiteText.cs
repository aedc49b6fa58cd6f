using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Something the site says: an alert, a toast, a sentence near a field.</summary>
/// <param name="New">It was not on the page before the last step, or the document is another.</param>
internal sealed record Saying(string Text, double Score, bool New, bool IsAlert);

/// <summary>Finds the sentences with which a site answers, and those with which it asks.</summary>
internal static class SiteText
{
    private const int LongestMessage = 300;
    private const int ShortMessage = 30;
    private const int LongestPrompt = 500;

    /// <summary>What the page says in answer to the last step, best first: alerts, toasts, validity messages, new sentences with words of refusal.</summary>
    public static List<Saying> Answers(LoginPage page, LoginProgress progress)
    {
        var before = progress.Before is { } b ? LoginPage.Read(b) : null;
        var sameDocument = before is not null && before.Snapshot.Frames.Count > 0 && page.Snapshot.Frames.Count > 0 && before.Snapshot.Frames[0].Document != 0
            && before.Snapshot.Frames.Select(f => f.Document).SequenceEqual(page.Snapshot.Frames.Select(f => f.Document));
        var found = new Dictionary<string, Saying>(StringComparer.Ordinal);
        void Add(string text, double score, bool isNew, bool isAlert)
        {
            text = Clean(text);
            if (text.Length is < 3 or > 400) return;
            if (Words.HasAny(text, WordList.Wrong, WordList.Locked, WordList.TooMany, WordList.Expired) || Stale.Says(text)) score += 4;
            if (Words.HasAny(text, WordList.AcceptCookies, WordList.RejectCookies) && text.Length > 60) score -= 3;
            if (!found.TryGetValue(text, out var known) || known.Score < score) found[text] = new Saying(text, score, isNew, isAlert);
        }
        // A document that is drawn anew brings its own hints along as notices.
        var known = progress.Submissions.Count < 2 && progress.Asked.IsEmpty ? before?.Texts : null;
        foreach (var notice in page.Snapshot.Notices)
            if (known?.Contains(notice) is not true) Add(notice, 3, isNew: true, isAlert: true);
        foreach (var dialog in page.Snapshot.Dialogs) Add(dialog, 4, isNew: true, isAlert: true);
        foreach (var e in page.Elements)
        {
            if (!e.Visible) continue;
            if (e.ValidityMessage.Length > 0 && !e.NativeValidity && e.Kind == ElementKind.Input) Add(e.ValidityMessage, 3, isNew: true, isAlert: true);
            if (e.Text.Length == 0 || e.Kind is not (ElementKind.Alert or ElementKind.Text or ElementKind.Heading)) continue;
            var isNew = before is null || !sameDocument || !before.Texts.Contains(e.Text);
            var isAlert = e.Kind == ElementKind.Alert;
            var fresh = before is null || !before.Texts.Contains(e.Text);
            if (!isAlert && e.Kind == ElementKind.Heading && !Words.HasAny(e.Text, WordList.Wrong, WordList.Locked, WordList.TooMany, WordList.Expired)) continue;
            // What stood there before anything was sent is a hint of the page, not its answer, also when it is styled as an alert; a later answer may repeat an earlier one.
            if (!fresh && (!isAlert || !isNew || known is not null)) continue;
            var score = (isAlert ? 2.0 : 0) + (fresh ? 2 : 0);
            if (e.Role is "alert") score += 1;
            var mark = e.Attributes.GetValueOrDefault("class", "") + " " + e.Attributes.GetValueOrDefault("id", "");
            if (mark.Contains("err", StringComparison.OrdinalIgnoreCase) || mark.Contains("danger", StringComparison.OrdinalIgnoreCase) || mark.Contains("fail", StringComparison.OrdinalIgnoreCase)) score += 1;
            Add(e.Text, score, isNew, isAlert);
        }
        return [.. found.Values.Where(s => s.New).OrderByDescending(s => s.Score).ThenBy(s => s.Text.Length)];
    }

    /// <summary>The refusal of user name or password among the answers, or null.</summary>
    public static string? Refusal(List<Saying> answers)
    {
        foreach (var saying in answers)
            if (Words.Has(WordList.Wrong, saying.Text) && saying.Score >= 4) return Cut(saying.Text, LongestMessage);
        return null;
    }

    public static string? Locked(List<Saying> answers)
    {
        // A heading names it; the sentence below says what to do about it.
        var said = answers.Where(s => s.Score >= 4 && SaysLocked(s.Text)).Select(s => s.Text).ToList();
        return said.Count == 0 ? null : Cut(said[0].Length < ShortMessage ? said.Where(t => t.Length <= LongestMessage && Words.Has(WordList.Locked, t) == Words.Has(WordList.Locked, said[0]) && t.Length < 2 * LongestMessage / 3).MaxBy(t => t.Length) ?? said[0] : said[0], LongestMessage);
    }

    /// <summary>
    /// A sentence of the text says that there were too many attempts, or that the account is locked: not what would lock it, and not that it may be locked or the password be
    /// wrong, which is how careful sites refuse.
    /// </summary>
    private static bool SaysLocked(string text)
    {
        foreach (var sentence in text.Split('.', '!', ';', '。', '！'))
            // "After two more failed attempts your account will be locked": there were not too many yet.
            if (Words.Has(WordList.TooMany, sentence) && !(Words.Has(WordList.Locked, sentence) && Words.Has(WordList.Remaining, sentence) && Words.Has(WordList.More, sentence)) || Words.Has(WordList.Locked, sentence) && !Words.Has(WordList.Remaining, sentence) && !(Words.Has(WordList.Wrong, sentence) && Words.Has(WordList.Or, sentence))) return true;
        return false;
    }

    /// <summary>A sentence that is new beside a form that came back, whatever its words: alerts first. Not one that speaks of something other than a refusal.</summary>
    public static string? AnyAlert(List<Saying> answers, bool alertsOnly) =>
        answers.FirstOrDefault(s => s.Text.Length is >= 8 and <= 300 && (s.IsAlert || !alertsOnly && s.Score >= 2 && s.Text.Contains(' ', StringComparison.Ordinal))
            && !Stale.Says(s.Text) && !Words.HasAny(s.Text, WordList.TryLater, WordList.Maintenance, WordList.Captcha, WordList.AcceptCookies, WordList.RejectCookies, WordList.Newsletter, WordList.SignOut)) is { } saying ? Cut(saying.Text, LongestMessage) : null;

    /// <summary>What the form in front of us says in an alert of its own, in its frame and near it; null when there is none. Alerts that look like a success do not count.</summary>
    public static string? AlertAt(LoginPage page, LoginProgress progress, GroupReading group)
    {
        var first = group.Fields.Count > 0 ? group.Fields[0].Element : group.Letters[0].Element;
        var before = progress.Before is { } b ? LoginPage.Read(b) : null;
        foreach (var e in page.Elements)
        {
            if (!e.Visible || e.Kind is not (ElementKind.Alert or ElementKind.Text) || e.Id.Frame != group.Frame || e.Text.Length is < 8 or > 400) continue;
            if (before is not null && before.Texts.Contains(e.Text)) continue;
            var mark = e.Attributes.GetValueOrDefault("class", "") + " " + e.Attributes.GetValueOrDefault("id", "");
            var styled = e.Kind == ElementKind.Alert && (e.Role == "alert" || e.Attributes.GetValueOrDefault("aria-live") == "assertive" || mark.Contains("err", StringComparison.OrdinalIgnoreCase) || mark.Contains("danger", StringComparison.OrdinalIgnoreCase)
                || mark.Contains("fail", StringComparison.OrdinalIgnoreCase) || mark.Contains("invalid", StringComparison.OrdinalIgnoreCase) || mark.Contains("warn", StringComparison.OrdinalIgnoreCase));
            var speaks = Words.HasAny(e.Text, WordList.Password, WordList.UserName, WordList.Email) && group.Fields.Exists(f => f.Element.Invalid || f.IsPassword && !f.Element.HasValue);
            if (!styled && !speaks) continue;
            if (mark.Contains("success", StringComparison.OrdinalIgnoreCase) || mark.Contains("info", StringComparison.OrdinalIgnoreCase)) continue;
            if (Math.Abs(e.Box.Y - first.Box.Y) > 600 && e.Role != "alert") continue;
            if (Stale.Says(e.Text) || Words.HasAny(e.Text, WordList.TryLater, WordList.Maintenance, WordList.Captcha, WordList.AcceptCookies, WordList.RejectCookies, WordList.Newsletter)) continue;
            if (!styled && (Words.HasAny(e.Text, WordList.Forgot, WordList.SignUp) || !IsSameForm(page, before, group))) continue;
            return Cut(Clean(e.Text), LongestMessage);
        }
        return null;
    }

    /// <summary>
    /// A sentence by the form in front of us that was not there when it was sent, whatever its words and its looks: only where the form shows by itself that it was taken and given back,
    /// with the user name kept and the password gone. Null when there is none, or when it may speak of something else.
    /// </summary>
    public static string? PlainAt(LoginPage page, LoginProgress progress, GroupReading group)
    {
        if (group is not { Password.Element.HasValue: false } || progress.Before is not { } b) return null;
        var before = LoginPage.Read(b);
        if (!IsSameForm(page, before, group) || group.Identifier is { Element.HasValue: false }) return null;
        var fields = group.Fields.Select(f => f.Element).ToList();
        double top = fields.Min(f => f.Box.Y), bottom = fields.Max(f => f.Box.Bottom);
        foreach (var e in page.Elements)
        {
            if (!e.Visible || e.Kind is not (ElementKind.Text or ElementKind.Alert) || e.Tag == "label" || e.Id.Frame != group.Frame || e.Dialog != group.Dialog || IsFrame(e)) continue;
            if (e.Text.Length is < 12 or > 200 || e.Text.Count(c => c == ' ') < 2 && e.Text.All(c => c < 0x2E80) || before.Texts.Contains(e.Text) || group.Fields.Exists(f => f.Label == e.Text || f.Placeholder == e.Text)) continue;
            if (e.Box.Bottom < top - 220 || e.Box.Y > bottom + 160) continue;
            if (Stale.Says(e.Text) || Words.HasAny(e.Text, WordList.TryLater, WordList.Maintenance, WordList.Captcha, WordList.AcceptCookies, WordList.RejectCookies, WordList.Newsletter, WordList.Forgot, WordList.SignOut, WordList.Terms, WordList.Welcome,
                WordList.Code, WordList.Verification, WordList.Approve, WordList.Push, WordList.StaySignedIn, WordList.TrustDevice)) continue;
            // "No account" begins an offer and an answer. A question is the offer, and so are a few words.
            if (Words.Has(WordList.SignUp, e.Text) && (e.Text.Contains('?', StringComparison.Ordinal) || e.Text.TrimEnd() is not [.., '.' or '!' or '。'])) continue;
            return Cut(Clean(e.Text), LongestMessage);
        }
        return null;
    }

    /// <summary>
    /// The form in front of us is the one that was sent. One that asks for the password alone may be another: where the user name was given on a page before, it has the same title and headings.
    /// </summary>
    private static bool IsSameForm(LoginPage page, LoginPage? before, GroupReading group) =>
        group.Identifier is not null || before is null || group.Kind == GroupKind.Reauth && before.LoginGroup is { Kind: GroupKind.Reauth } && before.Snapshot.Title == page.Snapshot.Title && Headings(before).SequenceEqual(Headings(page));

    private static IEnumerable<string> Headings(LoginPage page) => page.Elements.Where(e => e.Visible && e.Kind == ElementKind.Heading).Select(e => e.Text);

    /// <summary>The site's sentences around what it asks for: heading, the sentences between it and the fields, alerts; in reading order, masked targets kept.</summary>
    /// <param name="around">Where nothing is to be filled: the sentence that asks.</param>
    public static string Prompt(LoginPage page, IReadOnlyList<ElementSnapshot> fields, LoginProgress progress, bool withHeading = true, ElementSnapshot? around = null)
    {
        if (fields.Count == 0 && around is not null) return PromptAround(page, around);
        var first = fields.Count > 0 ? fields.Min(f => page.PositionOf(f.Id)) : page.Elements.Count;
        var last = fields.Count > 0 ? fields.Max(f => page.PositionOf(f.Id)) : page.Elements.Count - 1;
        var frame = fields.Count > 0 ? fields[0].Id.Frame : -1;
        var dialog = fields.Count > 0 ? fields[0].Dialog : TopDialog(page);
        var parts = new List<(int At, string Text)>();
        var heading = -1;
        for (var i = first - 1; i >= 0 && first - i < 60; i--)
        {
            var e = page.Elements[i];
            if (e.Kind == ElementKind.Heading && e.Visible && !IsFrame(e) && (frame < 0 || e.Id.Frame == frame) && e.Text.Length > 2) { heading = i; break; }
        }
        var labels = page.Groups.SelectMany(g => g.Fields).SelectMany(f => new[] { f.Element.NearbyText, f.Element.Name }).Where(t => t.Length is > 0 and < 40 && t.Count(c => c == ' ') < 3 && !IsSentence(t)).Select(Clean).ToHashSet(StringComparer.Ordinal);
        var start = heading >= 0 ? heading : Math.Max(0, first - 15);
        for (var i = start; i <= last && i < page.Elements.Count; i++)
        {
            var e = page.Elements[i];
            if (!e.Visible || IsFrame(e) || (frame >= 0 && e.Id.Frame != frame) || (dialog >= 0 && e.Dialog != dialog)) continue;
            if (e.Kind == ElementKind.Heading && withHeading || e.Kind is ElementKind.Text or ElementKind.Alert)
            {
                var text = Clean(e.Text);
                // A number alone is what has to be compared with another screen, or tapped there.
                if (text.Length < 3 && !(text.Length > 0 && text.All(char.IsAsciiDigit)) || e.Tag == "label" || labels.Contains(text) || Words.HasAny(text, WordList.Terms) && text.Length > 80) continue;
                parts.Add((i, text));
            }
        }
        // Sentences after the fields: refusals and hints stand there as well.
        for (var i = last + 1; i < page.Elements.Count && i < last + 8; i++)
        {
            var e = page.Elements[i];
            if (!e.Visible || IsFrame(e) || (frame >= 0 && e.Id.Frame != frame) || (dialog >= 0 && e.Dialog != dialog)) continue;
            if (e.Kind is ElementKind.Input or ElementKind.Heading) break;
            var hint = e.Kind == ElementKind.Text && e.Text.Length is > 20 and < 250 && Words.HasAny(e.Text, WordList.Code, WordList.AuthenticatorApp, WordList.Sms, WordList.EmailWord, WordList.Approve);
            var answer = progress.Answer is { Placed: true } && e.Kind == ElementKind.Text && e.Text.Length is > 8 and < 250 && e.Text.Contains(' ', StringComparison.Ordinal) && progress.Before is { } asked && !LoginPage.Read(asked).Texts.Contains(e.Text);
            if (hint || answer || e.Kind == ElementKind.Alert && e.Text.Length > 2) parts.Add((i, Clean(e.Text)));
        }
        var texts = parts.OrderBy(p => p.At).Select(p => p.Text).ToList();
        foreach (var saying in Answers(page, progress).Where(s => s.IsAlert && s.Score >= 5 && Words.HasAny(s.Text, WordList.Wrong, WordList.Expired, WordList.TooMany)))
            if (!texts.Exists(t => t.Contains(saying.Text, StringComparison.Ordinal))) texts.Insert(0, saying.Text);
        var result = "";
        foreach (var text in texts)
        {
            if (result.Contains(text, StringComparison.Ordinal)) continue;
            var next = result.Length == 0 ? text : result + (char.IsPunctuation(result[^1]) ? " " : ". ") + text;
            if (next.Length > LongestPrompt) break;
            result = next;
        }
        return result.Length > 0 ? result : Cut(page.Snapshot.Title, LongestPrompt);
    }

    /// <summary>From the heading over a sentence to the next heading or field after it.</summary>
    private static string PromptAround(LoginPage page, ElementSnapshot around)
    {
        var at = page.PositionOf(around.Id);
        var start = at;
        for (var i = at; i >= 0 && at - i < 30; i--)
        {
            var e = page.Elements[i];
            if (e.Id.Frame != around.Id.Frame || e.Visible && IsFrame(e)) break;
            if (!e.Visible) continue;
            start = i;
            if (e.Kind == ElementKind.Heading) break;
        }
        var result = "";
        for (var i = start; i < page.Elements.Count && i < at + 12; i++)
        {
            var e = page.Elements[i];
            if (!e.Visible || e.Id.Frame != around.Id.Frame || around.Dialog >= 0 && e.Dialog != around.Dialog) continue;
            if (i > at && (IsFrame(e) || e.Kind is ElementKind.Input or ElementKind.Heading)) break;
            if (e.Kind is not (ElementKind.Heading or ElementKind.Text or ElementKind.Alert) || IsFrame(e)) continue;
            var text = Clean(e.Text);
            // A number alone is what has to be compared with another screen, or tapped there.
            if (text.Length < 3 && !(text.Length > 0 && text.All(char.IsAsciiDigit)) || result.Contains(text, StringComparison.Ordinal) && text.Length > 3) continue;
            var next = result.Length == 0 ? text : result + (char.IsPunctuation(result[^1]) ? " " : ". ") + text;
            if (next.Length > LongestPrompt) break;
            result = next;
        }
        return result.Length > 0 ? result : Cut(page.Snapshot.Title, LongestPrompt);
    }

    private static bool IsSentence(string text) => text.TrimEnd() is { Length: > 0 } trimmed && trimmed[^1] is '.' or '。' or '!' or '！' or '…';

    private static int TopDialog(LoginPage page)
    {
        for (var i = page.Snapshot.Groups.Count - 1; i >= 0; i--)
            if (page.Snapshot.Groups[i] is { Kind: "dialog" } && page.Elements.Any(e => e.Dialog == i && e.Visible)) return i;
        return -1;
    }

    private static bool IsFrame(ElementSnapshot e) => e.Landmark is "nav" or "footer" or "header" && e.Kind != ElementKind.Alert || e.Landmark == "search";

    /// <summary>One line, without the sign that closes a notice. What stands before such a sign in the middle is the notice's title (the brand, a time), not what it says.</summary>
    public static string Clean(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Trim('×', '✕', '✖', ' ');
        var close = line.LastIndexOfAny(['×', '✕', '✖']);
        return close is > 0 and < 60 && close < line.Length - 4 && line[close - 1] == ' ' && line[close + 1] == ' ' ? line[(close + 2)..] : line;
    }

    public static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)].TrimEnd() + "…";
}
