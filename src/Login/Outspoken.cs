using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>The engine's reading in words, for people who ask what it sees. Says names of slots and captions of the page, never a value of a field.</summary>
public static class Outspoken
{
    private const int LongestName = 60;

    /// <summary>A step in one line: <c>fill username, password, click (SubmitCredential) Log in</c>.</summary>
    public static string Describe(LoginStep step, PageSnapshot page)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(page);
        return step switch
        {
            LoginStep.Fill fill => "fill " + string.Join(", ", fill.Values.Select(v => v.Slot.Name).Distinct()) + (fill.Then is { } then ? ", " + Describe(then, page) : ""),
            LoginStep.Click click => $"click ({click.Purpose}) {NameOf(click.Element, page)}",
            LoginStep.Press press => $"press {press.Key} ({press.Purpose})",
            LoginStep.Choose choose => "choose in " + NameOf(choose.Element, page),
            LoginStep.ChooseBySlot choose => $"choose {choose.Slot.Name} in {NameOf(choose.Element, page)}",
            LoginStep.Wait wait => "wait: " + wait.Reason,
            LoginStep.Authenticate authenticate => $"answer the challenge of {authenticate.Address.GetLeftPart(UriPartial.Authority)} with {authenticate.User.Name}, {authenticate.Password.Name}",
            LoginStep.GoTo go => $"go to {go.Address.GetLeftPart(UriPartial.Path)}: {go.Reason}",
            LoginStep.Ask ask => $"ask {ask.Challenge.Type}: {ask.Challenge.Message}",
            LoginStep.Done done => "done: " + done.Outcome.GetType().Name,
            _ => step.GetType().Name,
        };
    }

    /// <summary>What is on the page: every group of fields with its kind, what each field is taken for and why, and the control that would send it.</summary>
    public static IEnumerable<string> Describe(PageSnapshot page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var read = LoginPage.Read(page);
        yield return $"{page.Url.GetLeftPart(UriPartial.Path)} \"{page.Title}\", HTTP {page.StatusCode?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}{(page.NavigationError is { } error ? ", " + error : "")}, {page.Frames.Count} frame(s), {page.Elements.Count} elements, {(page.Settled ? "at rest" : "still changing")}";
        foreach (var group in read.Groups.Where(g => g.Fields.Count > 0))
        {
            yield return $"  {group.Kind}, {group.Score:+0.#;-0.#;0} points{(group.Frame > 0 ? $", in frame {page.Frames[group.Frame].Url.GetLeftPart(UriPartial.Path)}" : "")}: {string.Join("; ", group.Why)}";
            foreach (var field in group.Fields)
                yield return $"    {field.Role}: {Outline(field.Element)}{(field.Why.Count > 0 ? "   <- " + string.Join("; ", field.Why) : "")}";
            if (group.Submit is { } submit) yield return $"    sent by: {Outline(submit)}";
        }

        foreach (var control in read.Elements.Where(e => e.Visible).Select(e => (Element: e, In: Controls.SignInScore(e), Out: Controls.SignOutScore(e))).Where(c => c.In >= 3 || c.Out >= 3).Take(8))
            yield return $"  {(control.Out >= 3 ? "way out" : "way in")}, {Math.Max(control.In, control.Out):0.#} points: {Outline(control.Element)}";
        foreach (var notice in page.Notices.Take(5)) yield return $"  said meanwhile: {SiteText.Cut(SiteText.Clean(notice), 120)}";
    }

    private static string Outline(ElementSnapshot e)
    {
        var name = SiteText.Clean(Controls.Caption(e).Length > 0 ? Controls.Caption(e) : e.NearbyText);
        var attributes = string.Join(' ', ((string[])["id", "name", "autocomplete", "placeholder"]).Where(a => e.Attributes.GetValueOrDefault(a, "").Length > 0).Select(a => $"{a}={SiteText.Cut(e.Attributes[a], 40)}"));
        return $"<{e.Tag}{(e.Type.Length > 0 ? " type=" + e.Type : "")}{(attributes.Length > 0 ? " " + attributes : "")}> \"{SiteText.Cut(name, LongestName)}\"{(e.Visible ? "" : " hidden by " + e.HiddenBy)}{(e.Covered ? " covered" : "")}{(e.Enabled ? "" : " disabled")}";
    }

    private static string NameOf(ElementId id, PageSnapshot page)
    {
        var element = page.Elements.FirstOrDefault(e => e.Id == id);
        var name = element is null ? "" : element.Name.Length > 0 ? element.Name : element.Text;
        return name.Length > LongestName ? name[..LongestName] : name;
    }
}
