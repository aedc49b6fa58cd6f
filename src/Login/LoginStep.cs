using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>What the engine takes a page for.</summary>
public enum PageVerdict
{
    /// <summary>Nothing on it says what it is.</summary>
    Unknown,
    /// <summary>Still on its way: loading, busy, or a request is not answered.</summary>
    Working,
    /// <summary>The site is down or answers with an error.</summary>
    SiteDown,
    /// <summary>A bot wall or captcha stands in the way.</summary>
    BotWall,
    /// <summary>A cookie wall or a pop-up covers what is needed.</summary>
    CookieWall,
    /// <summary>A page of the site from which a sign-in can be reached.</summary>
    Home,
    /// <summary>A choice of organisation, directory or identity provider before any credential.</summary>
    OrganisationChoice,
    /// <summary>The server itself asks for user name and password (HTTP Basic or Digest authentication); there is no page.</summary>
    HttpAuthentication,
    /// <summary>A form for a credential: identifier, password, both, or a further field of the same login.</summary>
    Login,
    /// <summary>The site refused user name or password.</summary>
    Rejected,
    /// <summary>The account is locked.</summary>
    Locked,
    /// <summary>A new password is demanded.</summary>
    PasswordChange,
    /// <summary>A one-time code is asked for.</summary>
    Code,
    /// <summary>Something must be approved elsewhere; there is nothing to type.</summary>
    Push,
    /// <summary>What was to be approved elsewhere was refused there.</summary>
    Denied,
    /// <summary>One of several ways to verify is to be chosen.</summary>
    MethodChoice,
    /// <summary>A question agreed on in advance.</summary>
    SecurityQuestion,
    /// <summary>One of several accounts, people or contracts is to be chosen.</summary>
    AccountChoice,
    /// <summary>An offer between the sign-in and the signed-in page: stay signed in, trust this device, a tour.</summary>
    Interstitial,
    /// <summary>Terms that the website wants accepted before anything else, on a source where they are not to be accepted.</summary>
    Terms,
    /// <summary>Signed in, with positive signs.</summary>
    Connected,
    /// <summary>Probably signed in: a second look has to tell.</summary>
    PerhapsConnected,
}

/// <summary>Why an element is clicked.</summary>
public enum ClickPurpose
{
    /// <summary>Sends a credential.</summary>
    SubmitCredential,
    /// <summary>Sends an answer to a challenge: a code, a choice.</summary>
    SubmitAnswer,
    /// <summary>Leads to the sign-in.</summary>
    OpenSignIn,
    /// <summary>Puts a cookie wall or a pop-up away.</summary>
    Dismiss,
    /// <summary>Passes an interstitial.</summary>
    PassInterstitial,
    /// <summary>Chooses an offered option.</summary>
    ChooseOption,
    /// <summary>Has the site send a code.</summary>
    SendCode,
}

/// <summary>One value for one field. <paramref name="Character"/>: only that character of the value, for boxes that hold one each; null: all of it.</summary>
public readonly record struct FieldValue(ElementId Field, Slot Slot, int? Character = null);

/// <summary>What to do next. Element ids are those of the snapshot the step was decided on.</summary>
public abstract record LoginStep
{
    private LoginStep() { }

    /// <summary>Type values; then, when <paramref name="Then"/> is set, send them at once.</summary>
    public sealed record Fill(IReadOnlyList<FieldValue> Values, LoginStep? Then) : LoginStep;

    /// <summary>Click an element.</summary>
    public sealed record Click(ElementId Element, ClickPurpose Purpose) : LoginStep;

    /// <summary>Press a key in an element.</summary>
    public sealed record Press(ElementId Element, string Key, ClickPurpose Purpose) : LoginStep;

    /// <summary>Choose an option of a select, or check a radio button or checkbox.</summary>
    public sealed record Choose(ElementId Element, string Value) : LoginStep;

    /// <summary>
    /// Choose the option of a select whose value or label is what the slot holds, or only the character of it at this place from 0; the options are those the page offers.
    /// </summary>
    public sealed record ChooseBySlot(ElementId Element, Slot Slot, IReadOnlyList<ChallengeOption> Options, int? Character = null) : LoginStep;

    /// <summary>Wait until the page changes, at most <paramref name="Limit"/>; <paramref name="UntilNextCode"/>: until the next time window of one-time codes (RFC 6238) begins.</summary>
    public sealed record Wait(string Reason, TimeSpan Limit, bool UntilNextCode = false) : LoginStep;

    /// <summary>
    /// Ask for an address again and answer the challenge of HTTP authentication (Basic or Digest) that its origin sends, once; any other challenge is left unanswered.
    /// </summary>
    public sealed record Authenticate(Uri Address, Slot User, Slot Password) : LoginStep;

    /// <summary>Go to an address of the site.</summary>
    public sealed record GoTo(Uri Address, string Reason) : LoginStep;

    /// <summary>
    /// Put a challenge to the user. After the answer the next decision places it: typed values by <see cref="Slot.Answer"/>, choices by the value chosen
    /// (<see cref="LoginProgress.WithAnswer"/>). <see cref="Challenge.Type"/> <c>push_approval</c>: keep looking meanwhile and withdraw the question when the page moves on.
    /// </summary>
    public sealed record Ask(Challenge Challenge) : LoginStep;

    /// <summary>The end.</summary>
    public sealed record Done(LoginOutcome Outcome) : LoginStep;
}

/// <summary>A step with what the page was taken for and why: signals with their points, never a value of a field.</summary>
public sealed record LoginDecision(PageVerdict Page, LoginStep Step, IReadOnlyList<string> Why);

/// <summary>A step that follows from advice.</summary>
/// <param name="Page">The look that the step was decided on.</param>
/// <param name="Outlines">What later looks are to be marked with, by role.</param>
/// <param name="Selectors">The same as an override would say it, by role.</param>
public sealed record AdvisedStep(LoginDecision Decision, PageSnapshot Page, System.Collections.Immutable.ImmutableDictionary<string, string> Outlines, System.Collections.Immutable.ImmutableDictionary<string, string> Selectors);
