using System.Collections.Immutable;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>What was sent with a submission.</summary>
public enum SubmissionKind
{
    /// <summary>A user name alone, as a first step.</summary>
    Identifier,
    /// <summary>A password, alone or with the user name.</summary>
    Password,
    /// <summary>A one-time code from the stored seed.</summary>
    Totp,
    /// <summary>An answer of the user.</summary>
    Answer,
}

/// <summary>Something that was sent to the site. <paramref name="State"/> is the fingerprint of the group it was sent from.</summary>
public sealed record Submission(SubmissionKind Kind, string State)
{
    /// <summary>The path of the page it was sent from.</summary>
    public string Path { get; init; } = "";
}

/// <summary>An answer of the user that is at hand: names of the typed fields (their values are <see cref="Slot.Answer"/> slots) and the values chosen in <c>select</c> fields, with what was chosen beside them under <see cref="ChallengeOptions.Key"/>.</summary>
public sealed record GivenAnswer(Challenge Challenge, ImmutableHashSet<string> Names, ImmutableDictionary<string, string> Choices, bool Placed);

/// <summary>What a sign-in has done so far. Immutable: every step makes a new one, so that nothing is sent twice.</summary>
public sealed record LoginProgress
{
    /// <summary>The source's URL.</summary>
    public required Uri SourceUrl { get; init; }

    /// <summary>The source's login URL when known.</summary>
    public Uri? LoginUrl { get; init; }

    /// <summary>The customer's corrections for this source.</summary>
    public LoginOverrides Overrides { get; init; } = LoginOverrides.None;

    /// <summary>The way that an earlier sign-in found, as long as it holds.</summary>
    public LearnedPath? Learned { get; init; }

    /// <summary>The learned path did not lead to the form it was learned from.</summary>
    public bool LedAstray { get; init; }

    /// <summary>A control was clicked by advice: where that led is no domain that the site's own redirects led to.</summary>
    public bool ClickedByAdvice { get; init; }

    /// <summary>Where the first value was typed.</summary>
    public Uri? FormAt { get; init; }

    /// <summary>The control that opened the form on its page (<see cref="LearnedPath.Opener"/>), or null.</summary>
    public string? Opener { get; init; }

    /// <summary>What was sent from (<see cref="LearnedPath.Groups"/>), oldest first.</summary>
    public ImmutableList<string> SentFrom { get; init; } = [];

    /// <summary>
    /// The way this sign-in went, for the next time; null when it cannot be gone straight. A proof that compares the start page with what it showed before needs the way over the start page.
    /// </summary>
    public LearnedPath? Path => FormAt is { } form && (SecondLookAt is null || form.AbsolutePath == StartUrl.AbsolutePath) && Provider is null && RegistrableDomain.Same(form, SourceUrl) && LearnedPath.IsLasting(form) ? new LearnedPath(form, Opener, [.. SentFrom]) : null;

    /// <summary>Where the source begins: its URL, unless an override says otherwise.</summary>
    public Uri StartUrl => Overrides.StartUrl ?? SourceUrl;

    /// <summary>Slots that hold something.</summary>
    public required ImmutableHashSet<Slot> Slots { get; init; }

    /// <summary>The page as it was before the last step that acts on it (not a wait).</summary>
    public PageSnapshot? Before { get; init; }

    /// <summary>The last step that acts on the page.</summary>
    public LoginStep? LastStep { get; init; }

    /// <summary>Time since that step, told by the driver.</summary>
    public TimeSpan SinceStep { get; init; }

    /// <summary>Everything that was sent, oldest first.</summary>
    public ImmutableList<Submission> Submissions { get; init; } = [];

    /// <summary>Challenges put to the user, oldest first.</summary>
    public ImmutableList<Challenge> Asked { get; init; } = [];

    /// <summary>The newest answer, or null.</summary>
    public GivenAnswer? Answer { get; init; }

    /// <summary>Moves tried: an element's or address's outline each.</summary>
    public ImmutableHashSet<string> Tried { get; init; } = [];

    /// <summary>What was typed and not yet sent: <c>state|slot</c>.</summary>
    public ImmutableHashSet<string> Filled { get; init; } = [];

    /// <summary>How often a code was typed again because the page had lost it, since the last thing was sent.</summary>
    public int Refilled { get; init; }

    /// <summary>Registrable domains on which credentials may be typed: the source's, and those its own steps led to (<see cref="Seeing"/>).</summary>
    public ImmutableHashSet<string> Domains { get; init; } = [];

    /// <summary>Of these the ones that are not the source's own: a step of the sign-in led there.</summary>
    public ImmutableHashSet<string> Foreign { get; init; } = [];

    /// <summary>Domains of other sites in whose frames something was typed.</summary>
    public ImmutableHashSet<string> Framed { get; init; } = [];

    /// <summary>The domain of the newest look; null before the first one after an address was asked for.</summary>
    public string? At { get; init; }

    /// <summary>The identity provider whose credentials these are; null: they are the site's own.</summary>
    public IdentityProvider? Provider { get; init; }

    /// <summary>Steps taken.</summary>
    public int Steps { get; init; }

    /// <summary>The address that the second look confirms, once it has been asked for.</summary>
    public Uri? SecondLookAt { get; init; }

    /// <summary>What the source's URL showed before anything was sent; a second look compares with it.</summary>
    public ImmutableHashSet<string> StartTexts { get; init; } = [];

    /// <summary>The site offered to sign out before anything was sent: such a control proves nothing here.</summary>
    public bool SignOutSeenBefore { get; init; }

    /// <summary>The page held a control to sign out before anything was sent, and did not show it: it proves something only once it is shown.</summary>
    public bool SignOutHiddenBefore { get; init; }

    /// <summary>What an override takes for the proof of a sign-in was there before anything was sent: it proves nothing here.</summary>
    public bool SignedInSeenBefore { get; init; }

    /// <summary>Whether the user wants this browser to be trusted; null: nothing was said.</summary>
    public bool? TrustsDevice { get; init; }

    /// <summary>Of the password only single characters were given: the whole was never asked for.</summary>
    public bool SpelledPassword { get; init; }

    /// <summary>What the user said of trusting this browser, else what holds for the source.</summary>
    internal bool IsToTrust => TrustsDevice ?? Overrides.TrustsDevice;

    /// <summary>Steps of a sign-in that were sent, in the words of <see cref="LoginOverrides.Steps"/>.</summary>
    public ImmutableHashSet<string> Sent { get; init; } = [];

    /// <summary>Answers typed into <see cref="Slot"/>s of source fields that the credential lacks.</summary>
    public ImmutableHashSet<string> AnsweredFields { get; init; } = [];

    /// <summary>Steps that the page did not let through, told by the driver.</summary>
    public int Failures { get; init; }

    /// <summary>True when a password has been sent, or (where a site asks for none) an identifier.</summary>
    public bool CredentialSent => Submissions.Count > 0;

    /// <summary>True when a password has been sent.</summary>
    public bool PasswordSent => Submissions.Exists(s => s.Kind == SubmissionKind.Password);

    /// <summary>The beginning. <paramref name="slots"/> are those that hold something; they belong to <paramref name="provider"/> when there is one.</summary>
    public static LoginProgress Start(Uri source, Uri? loginUrl, IEnumerable<Slot> slots, IdentityProvider? provider = null, LoginOverrides? overrides = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        overrides ??= LoginOverrides.None;
        ImmutableHashSet<string> domains = [.. ((Uri?[])[source, loginUrl, overrides.StartUrl]).OfType<Uri>().Select(u => RegistrableDomain.Of(u.IdnHost))];
        return new() { SourceUrl = source, LoginUrl = loginUrl, Provider = provider, Overrides = overrides, Slots = [.. slots], Domains = domains };
    }

    /// <summary>The progress on the page that the browser shows now; told of every look before anything is decided on it. Values are typed only where the site's own steps led.</summary>
    public LoginProgress Seeing(PageSnapshot page)
    {
        ArgumentNullException.ThrowIfNull(page);
        return AllowedDomains.Follow(this, page);
    }

    /// <summary>The progress after a step was carried out on the page it was decided on.</summary>
    public LoginProgress After(LoginDecision decision, PageSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(decision);
        ArgumentNullException.ThrowIfNull(snapshot);
        var step = decision.Step;
        var next = this with { Steps = Steps + 1 };
        if (!CredentialSent && snapshot.Url.AbsolutePath == StartUrl.AbsolutePath) next = next with { StartTexts = StartTexts.Union(LoginPage.Read(snapshot).Texts) };
        if (!CredentialSent && !SignOutSeenBefore && Judge.SignOut(LoginPage.Read(snapshot)) is not null)
            next = Judge.SignOut(LoginPage.Read(snapshot), shown: true) is null ? next with { SignOutHiddenBefore = true } : next with { SignOutSeenBefore = true };
        if (!CredentialSent && !SignedInSeenBefore && Overridden.SignedIn(LoginPage.Read(snapshot), this) is not null) next = next with { SignedInSeenBefore = true };
        if (step is LoginStep.Wait wait)
        {
            return wait.UntilNextCode ? next with { Tried = Tried.Add(Outline.NextCode) } : next;
        }
        if (Learned is not null && decision.Why.Contains(LoginEngine.Astray)) next = next with { Learned = null, LedAstray = true };
        if (step is LoginStep.Click && decision.Why.Contains(Advised.Why)) next = next with { ClickedByAdvice = true };
        if (step is LoginStep.Fill && FormAt is null)
        {
            // What was clicked in this very document opened the form; what led to the document is no longer needed.
            var opener = LastStep is LoginStep.Click { Purpose: ClickPurpose.OpenSignIn } opened && Before is { } at && at.Frames[0].Document == snapshot.Frames[0].Document && snapshot.Frames[0].Document != 0 ? LoginPage.Read(at).Element(opened.Element) : null;
            next = next with { FormAt = snapshot.Url, Opener = opener is null ? null : LearnedPath.OpenerOf(opener) };
        }
        next = next with { Before = snapshot, LastStep = step, SinceStep = TimeSpan.Zero };
        return step switch
        {
            LoginStep.Fill fill => AllowedDomains.Typed(next.AfterFill(fill, LoginPage.Read(snapshot)), snapshot, fill.Values.Select(v => v.Field)),
            LoginStep.Click click => next.AfterPress(click.Element, click.Purpose, LoginPage.Read(snapshot)),
            LoginStep.Press press => next.AfterPress(press.Element, press.Purpose, LoginPage.Read(snapshot)),
            LoginStep.Choose choose => next with { Tried = Tried.Add(Outline.Choice(snapshot, choose.Element, choose.Value)) },
            LoginStep.ChooseBySlot choose => next.AfterChoice(choose, LoginPage.Read(snapshot)),
            LoginStep.GoTo go => next with { At = null, Tried = Tried.Add(Outline.Address(go.Address)), SecondLookAt = decision.Page == PageVerdict.PerhapsConnected ? go.Address : SecondLookAt },
            LoginStep.Authenticate authenticate => next with { Submissions = Submissions.Add(new Submission(SubmissionKind.Password, HttpState(authenticate.Address)) { Path = authenticate.Address.AbsolutePath }) },
            LoginStep.Ask ask => next with { Asked = Asked.Add(ask.Challenge), Answer = null },
            _ => next,
        };
    }

    /// <summary>The progress with the user's answer at hand. Typed values stay with the driver; <paramref name="choices"/> are those of <c>select</c> fields.</summary>
    public LoginProgress WithAnswer(Challenge challenge, IEnumerable<string> names, IEnumerable<KeyValuePair<string, string>> choices)
    {
        ArgumentNullException.ThrowIfNull(challenge);
        var given = new GivenAnswer(challenge, [.. names], [.. choices], Placed: false);
        var trusts = !given.Choices.TryGetValue(ChallengeOptions.Key, out var option) ? TrustsDevice : option == ChallengeOptions.TrustDevice ? true : option == ChallengeOptions.None ? false : TrustsDevice;
        // What was chosen by an earlier answer is chosen anew by this one.
        var earlier = Tried.Where(t => t.StartsWith("choice ", StringComparison.Ordinal) && t.Contains(" answer:", StringComparison.Ordinal));
        return this with { Tried = Tried.Except(earlier), Answer = given, TrustsDevice = trusts, AnsweredFields = challenge.Type == "source_field" ? AnsweredFields.Union(given.Names) : AnsweredFields };
    }

    /// <summary>The page state of a challenge of HTTP authentication: credentials are for a whole origin.</summary>
    internal static string HttpState(Uri address) => "http authentication|" + address.GetLeftPart(UriPartial.Authority);

    private LoginProgress AfterChoice(LoginStep.ChooseBySlot choose, LoginPage page)
    {
        var next = this with { Tried = Tried.Add(Outline.Choice(page.Snapshot, choose.Element, choose.Slot.Name, choose.Character)) };
        if (choose.Character is null) return next;
        // A part of a secret that is chosen counts as one that is typed.
        return AllowedDomains.Typed(next with { Filled = Filled.Add(page.StateOf(choose.Element) + "|" + choose.Slot.Name), SpelledPassword = SpelledPassword || choose.Slot == Slot.Password }, page.Snapshot, [choose.Element]);
    }

    private LoginProgress AfterFill(LoginStep.Fill fill, LoginPage page)
    {
        var next = this;
        foreach (var value in fill.Values)
        {
            var state = page.StateOf(value.Field);
            if (value.Character is null or 0 && (value.Slot == Slot.TotpCode || value.Slot.Name.StartsWith("answer:", StringComparison.Ordinal)) && next.Filled.Contains(state + "|" + value.Slot.Name)) next = next with { Refilled = next.Refilled + 1 };
            next = next with { Filled = next.Filled.Add(state + "|" + value.Slot.Name), SpelledPassword = next.SpelledPassword || value is { Character: not null } && value.Slot == Slot.Password };
            if (value.Slot.Name.StartsWith("answer:", StringComparison.Ordinal) && next.Answer is { } answer && answer.Challenge.Type != "source_field")
                next = next with { Answer = answer with { Placed = true } };
        }
        return fill.Then switch
        {
            LoginStep.Click click => next.AfterPress(click.Element, click.Purpose, page),
            LoginStep.Press press => next.AfterPress(press.Element, press.Purpose, page),
            _ => next,
        };
    }

    private static string StepOf(string slot) => slot switch { "username" => "identifier", "password" => "password", "totp_code" or "answer:code" => "code", _ => "source_fields" };

    private LoginProgress AfterPress(ElementId element, ClickPurpose purpose, LoginPage page)
    {
        var next = this with { Tried = Tried.Add(page.OutlineOf(element)) };
        if (next.Answer is { } answer && (purpose is ClickPurpose.ChooseOption or ClickPurpose.SubmitAnswer || purpose == ClickPurpose.SendCode && answer.Choices.ContainsKey(ChallengeOptions.Key))) next = next with { Answer = answer with { Placed = true } };
        if (purpose is not (ClickPurpose.SubmitCredential or ClickPurpose.SubmitAnswer)) return next;
        var state = page.StateOf(element);
        var slots = Filled.Where(f => f.StartsWith(state + "|", StringComparison.Ordinal)).Select(f => f[(state.Length + 1)..]).ToHashSet(StringComparer.Ordinal);
        var kind = slots.Contains(Slot.Password.Name) ? SubmissionKind.Password
            : slots.Contains(Slot.TotpCode.Name) ? SubmissionKind.Totp
            : slots.Contains(Slot.Answer("code").Name) && purpose == ClickPurpose.SubmitAnswer ? SubmissionKind.Answer
            : slots.Contains(Slot.Username.Name) || purpose == ClickPurpose.SubmitCredential ? SubmissionKind.Identifier
            : SubmissionKind.Answer;
        return next with { Submissions = Submissions.Add(new Submission(kind, state) { Path = page.Snapshot.Url.AbsolutePath }), Filled = [], Refilled = 0, SentFrom = page.GroupOf(element) is { } from ? SentFrom.Add(LearnedPath.GroupOf(from)) : SentFrom, Sent = Sent.Union(slots.Select(StepOf)) };
    }
}

/// <summary>Short names for what was tried.</summary>
internal static class Outline
{
    internal const string NextCode = "next code";

    internal static string Address(Uri address) => "address " + address.GetLeftPart(UriPartial.Path);

    internal static string Choice(PageSnapshot snapshot, ElementId element, string value, int? character = null) =>
        "choice " + snapshot.Url.AbsolutePath + " " + (snapshot.Elements.FirstOrDefault(e => e.Id == element)?.Attributes.GetValueOrDefault("name") ?? "") + " " + value + (character is null ? "" : " " + character.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
