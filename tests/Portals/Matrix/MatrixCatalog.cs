using Ostiary.Portals.Matrix.Styles;

namespace Ostiary.Portals.Matrix;

/// <summary>All cells of the matrix: every style with every outcome that makes sense in it.</summary>
public static class MatrixCatalog
{
    internal static IReadOnlyList<Style> Styles { get; } =
    [
        new TablesStyle(), new PageStyle(), new WebFormsStyle(), new AppStyle(), new HashStyle(), new ControlledStyle(), new DialogStyle(), new FrameStyle(), new OpenShadowStyle(), new ClosedShadowStyle(),
        new DivsStyle(), new TwoPagesStyle(), new PopupStyle(), new LateStyle(), new ElementsStyle(), new MailCodeStyle(), new BasicStyle(), new DigestStyle(), new OtherFrameStyle(), new JsonStyle(),
    ];

    // Four has no divisor in common with the number of languages: every outcome comes in all of them.
    internal static IReadOnlyList<MatrixSite> Sites { get; } = [.. Styles.SelectMany((style, s) => Outcomes.All.Select((outcome, o) => (style, outcome, Language: Phrases.Languages[((s * 4) + o) % Phrases.Languages.Count])))
        .Where(c => WhyNot(c.style, c.outcome) is null).Select(c => new MatrixSite(new Cell(c.style, c.outcome, c.Language)))];

    /// <summary>One record for each cell.</summary>
    public static IReadOnlyList<MatrixCell> All { get; } = [.. Sites.Select(site => new MatrixCell(site))];

    /// <summary>
    /// Every <paramref name="of"/>th cell, beginning at the <paramref name="part"/>th (from 1), on the diagonal: each part has every style and, as long as there are more styles than
    /// parts, every outcome. The parts together are all cells.
    /// </summary>
    public static IReadOnlyList<MatrixCell> Part(int part, int of)
    {
        var styles = Styles.Select(s => s.Id).ToList();
        var outcomes = Outcomes.All.Select(o => o.Id).ToList();
        return [.. All.Where(cell => (styles.IndexOf(cell.Style) + outcomes.IndexOf(cell.Outcome)) % of == part - 1)];
    }

    /// <summary>The cell of this style and outcome; throws <see cref="ArgumentException"/> when there is none.</summary>
    public static MatrixCell Get(string style, string outcome) => All.FirstOrDefault(c => c.Style == style && c.Outcome == outcome) ?? throw new ArgumentException($"There is no cell '{style}/{outcome}'.", nameof(outcome));

    /// <summary>Why an outcome is not to be had in a style, or null.</summary>
    internal static string? WhyNot(Style style, Outcome outcome) => outcome.Id switch
    {
        _ when style is HttpStyle && outcome.Id is not ("in-signout" or "no-status" or "locked-status" or "down-503" or "down-reset") => "the server asks by a header; there is no page to show anything on",
        _ when style.WithoutPassword && (outcome.WrongPassword || outcome.AtPassword is not null || outcome.NameFirst || outcome.BeforeDoor is not null || outcome.Id is "change" or "change-offer" or "sudo" or "known" or "confirm" or "no-left") => "there is no password",
        "no-status" or "locked-status" or "locked-429" when !style.Calls => "a full page cannot be empty but for its status",
        "no-address" when !style.HasAddress => "the sign-in has no address of its own",
        "name-first" or "name-first-no" when style.NameFirst => "every sign-in of this style is one",
        "sudo" when style is PopupStyle => "the window shows nothing but the form: nobody could tell it from a refusal",
        "down-after" when style.Calls => "a call that fails shows nothing",
        "bounced" when style is FrameStyle or PopupStyle or OtherFrameStyle => "the page around it does not hear of a failure",
        "bounced" when style.NameFirst || style.StartsAtHome => "the home page is where the sign-in is",
        "slow-button" when !style.Scripted || !style.ButtonsSleep => "its buttons know no sleep, or have one of their own",
        "in-late" when !style.Scripted => "nothing is drawn late without a script",
        "chooser" when style.StartsAtHome => "only a link to the sign-in itself can say who is coming",
        "confirm" when style is PopupStyle => "the window shows nothing but the form: nobody could tell it from a refusal",
        "known" when style.NameFirst => "this style asks for the name in any case",
        "known" when style.StartsAtHome => "only a link to the sign-in itself can say who is coming",
        "no-toast" when !style.Scripted => "nothing vanishes without a script",
        "push" or "push-denied" or "push-late" or "push-number" when !style.Scripted => "without a script no page notices what happens elsewhere",
        "deaf" when !style.Scripted => "without a script every click is heard",
        _ => null,
    };
}

/// <summary>What a test or a person needs to know about one cell.</summary>
public sealed class MatrixCell
{
    private readonly MatrixSite site;

    internal MatrixCell(MatrixSite site) => this.site = site;

    /// <summary>Its name for control and counters, e.g. <c>matrix/page/code-sms</c>.</summary>
    public string Id => site.Cell.Id;

    /// <summary>How it looks and travels.</summary>
    public string Style => site.Cell.Style.Id;

    /// <summary>What happens.</summary>
    public string Outcome => site.Cell.Outcome.Id;

    /// <summary>The kind of verdict that is due.</summary>
    public string Group => site.Cell.Outcome.Group;

    /// <summary>The language it speaks (BCP 47).</summary>
    public string Language => site.Cell.Language;

    /// <summary>Values for the source, as everywhere else.</summary>
    public Portal Portal => site.Portal;

    /// <summary>The password the visitor gives.</summary>
    public string Password => site.Cell.Outcome.WrongPassword ? Cell.WrongPassword : Cell.Password;

    /// <summary>The password is one that the site refuses.</summary>
    public bool GivesWrongPassword => site.Cell.Outcome.WrongPassword;

    /// <summary>The seed of the authenticator that the credential holds, or null.</summary>
    public string? HeldSeed => site.Cell.Outcome.HoldsSeed ? Cell.Seed : null;

    /// <summary>True for a site that asks for no password.</summary>
    public bool WithoutPassword => site.Cell.Style.WithoutPassword;

    /// <summary>What is promised.</summary>
    public MatrixPromise Promise => site.Cell.Style.Bend(site.Cell, site.Cell.Outcome.Promise(site.Cell));

    /// <summary>Path and query to hand out as a source's URL.</summary>
    public string PathFor(string account) => site.Cell.Outcome.Id is "known" or "chooser" ? site.Portal.Path + "?hint=" + Uri.EscapeDataString(account) : site.Portal.Path;
}
