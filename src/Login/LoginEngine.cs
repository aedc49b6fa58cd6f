using System.Collections.Immutable;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>
/// Decides the next step of a sign-in from one look at the page and from what was done so far. Pure: the same input gives the same decision; it holds no secret and names
/// slots instead. Every decision says why.
/// </summary>
public sealed class LoginEngine
{
    /// <summary>The reason with which a learned path is given up.</summary>
    internal const string Astray = "not what was learned: read anew";
    private const string WellKnown = "a well-known address";
    private const int MostSteps = 60;
    private const int MostReaching = 6;
    private const int MostPasswords = 2;
    private const int MostTotp = 2;
    private const int MostRounds = 8;
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RenderPatience = TimeSpan.FromSeconds(6);
    /// <summary>How long a control that sends a code once more may count down.</summary>
    private static readonly TimeSpan SleepPatience = TimeSpan.FromSeconds(65);
    private static readonly TimeSpan LearnedPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan DeadPatience = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan CoverPatience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(700);

    /// <summary>The next step for the page in <paramref name="snapshot"/>.</summary>
    public LoginDecision Next(PageSnapshot snapshot, LoginProgress progress)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(progress);
        var page = LoginPage.Read(snapshot);
        var decision = Decide(page, progress);
        return Overridden.Unmatched(page, progress, decision.Page).ToList() is { Count: > 0 } unmatched ? decision with { Why = [.. decision.Why, .. unmatched] } : decision;
    }

    /// <summary>
    /// What comes of advice about a page on which the engine is at its end: the step, and the look it was decided on. Null: the advice breaks a rule, or leads nowhere. The rules about
    /// what is sent where and how often, and about proof, are those of <see cref="Next"/>.
    /// </summary>
    public AdvisedStep? Consider(PageSnapshot snapshot, LoginProgress progress, Advice advice)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(progress);
        var page = LoginPage.Read(snapshot);
        var unsure = new Judgement(PageVerdict.Unknown, ["the page could not be read"]);
        switch (advice)
        {
            case Advice.Fields fields when Advised.Fields(page, fields) is { } marks:
                var outlines = marks.ToImmutableDictionary(m => m.Key, m => page.OutlineOf(m.Value), StringComparer.Ordinal);
                var marked = Advised.Mark(snapshot, outlines);
                var decision = Next(marked, progress);
                if (decision.Step is not LoginStep.Fill) return null;
                return new AdvisedStep(decision with { Why = [.. decision.Why, Advised.Why] }, marked, outlines, SelectorsOf(snapshot, page, marks));
            case Advice.Click click when Advised.Control(page, progress, click.Element) is { } control:
                var purpose = progress.CredentialSent ? ClickPurpose.PassInterstitial : ClickPurpose.OpenSignIn;
                var selectors = progress.CredentialSent ? ImmutableDictionary<string, string>.Empty : SelectorsOf(snapshot, page, ImmutableDictionary<string, ElementId>.Empty.Add("sign_in", control.Id));
                return new AdvisedStep(Say(unsure, new LoginStep.Click(control.Id, purpose), Advised.Why), snapshot, [], selectors);
            // No advice is a proof: the second look is.
            case Advice.Word { Verdict: "signed_in" } when progress is { CredentialSent: true, SecondLookAt: null } && page.LoginGroup is null && page.CodeGroup is null:
                return new AdvisedStep(Say(unsure with { Verdict = PageVerdict.PerhapsConnected }, new LoginStep.GoTo(progress.Overrides.CheckUrl ?? progress.StartUrl, "second look"), Advised.Why), snapshot, [], []);
            // A refusal is the site's: its form is back, and beside it stands what did not stand there before.
            case Advice.Word { Verdict: "rejected" } when progress.LastStep is not LoginStep.GoTo && page.LoginGroup is { } back && progress.Submissions.Exists(s => s.State == back.State)
                && progress.Submissions[^1].Kind is SubmissionKind.Password or SubmissionKind.Identifier && SiteText.AnyAlert(SiteText.Answers(page, progress), alertsOnly: false) is { } words:
                return new AdvisedStep(Say(unsure with { Verdict = PageVerdict.Rejected }, new LoginStep.Done(new LoginOutcome.Rejected(words)), Advised.Why), snapshot, [], []);
            default:
                return null;
        }
    }

    private static ImmutableDictionary<string, string> SelectorsOf(PageSnapshot snapshot, LoginPage page, ImmutableDictionary<string, ElementId> marks) =>
        marks.Select(m => KeyValuePair.Create(m.Key, Advised.SelectorOf(snapshot, page.Element(m.Value)!))).Where(m => m.Value is not null).ToImmutableDictionary(m => m.Key, m => m.Value!, StringComparer.Ordinal);

    /// <summary>
    /// True where an adviser may be asked: the engine is about to guess an address, or to end without having understood. On a page that was guessed there is nothing to understand.
    /// </summary>
    public static bool IsUnsure(LoginDecision decision, LoginProgress progress)
    {
        ArgumentNullException.ThrowIfNull(decision);
        ArgumentNullException.ThrowIfNull(progress);
        return decision.Step is LoginStep.GoTo { Reason: WellKnown } or LoginStep.Done { Outcome: LoginOutcome.FormNotFound or LoginOutcome.Unknown } && progress.LastStep is not LoginStep.GoTo { Reason: WellKnown } && progress.Steps < MostSteps;
    }

    /// <summary>The look with earlier advice (<see cref="AdvisedStep.Outlines"/>) on it.</summary>
    public static PageSnapshot Mark(PageSnapshot snapshot, ImmutableDictionary<string, string> outlines) => Advised.Mark(snapshot, outlines);

    private static LoginDecision Decide(LoginPage page, LoginProgress progress)
    {
        var judged = Judge.Decide(page, progress);
        if (progress.Steps >= MostSteps) return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The sign-in took too many steps.")));
        if (progress.Learned is { } learned && !progress.CredentialSent && ByLearned(page, progress, judged, learned) is { } straight) return straight;
        if (progress.Provider is { } provider && ByProvider(page, progress, judged, provider) is { } way) return way;
        return judged.Verdict switch
        {
            PageVerdict.SiteDown => SiteDown(page, progress, judged),
            PageVerdict.BotWall => progress.SinceStep < TimeSpan.FromSeconds(6) && progress.Submissions.IsEmpty && !page.Groups.Exists(g => g.HasCaptcha) && page.LoginGroup is null
                ? Say(judged, new LoginStep.Wait("a wall may open by itself", TimeSpan.FromSeconds(6) - progress.SinceStep))
                : Say(judged, new LoginStep.Done(new LoginOutcome.Blocked(judged.Message))),
            PageVerdict.Terms => Say(judged, new LoginStep.Done(new LoginOutcome.Blocked(judged.Message))),
            PageVerdict.Locked => Say(judged, new LoginStep.Done(new LoginOutcome.Locked(judged.Message))),
            PageVerdict.PasswordChange => Say(judged, new LoginStep.Done(new LoginOutcome.PasswordChangeRequired(judged.Message))),
            PageVerdict.Rejected => Say(judged, new LoginStep.Done(new LoginOutcome.Rejected(judged.Message))),
            PageVerdict.Connected => Say(judged, new LoginStep.Done(new LoginOutcome.SignedIn())),
            PageVerdict.PerhapsConnected => PerhapsConnected(page, progress, judged),
            PageVerdict.Code => Code(page, progress, judged),
            PageVerdict.Push => Push(page, progress, judged),
            PageVerdict.Denied => Say(judged, new LoginStep.Done(new LoginOutcome.Denied(judged.Message))),
            PageVerdict.MethodChoice => Choose(page, progress, judged, "mfa", "method"),
            PageVerdict.AccountChoice => Choose(page, progress, judged, "account_selection", "account_id"),
            PageVerdict.OrganisationChoice => Choose(page, progress, judged, "account_selection", "account_id"),
            PageVerdict.SecurityQuestion => Question(page, progress, judged),
            PageVerdict.Interstitial => Say(judged, new LoginStep.Click(judged.Control!.Id, ClickPurpose.PassInterstitial)),
            PageVerdict.HttpAuthentication => Authenticate(page, progress, judged),
            PageVerdict.Login => LogIn(page, progress, judged),
            PageVerdict.Working => progress.SinceStep < BusyPatience ? Say(judged, new LoginStep.Wait("the page is at work", TimeSpan.FromSeconds(2))) : Lost(page, progress, judged),
            PageVerdict.Home => Home(page, progress, judged),
            _ => Lost(page, progress, judged),
        };
    }

    private static LoginDecision Say(Judgement judged, LoginStep step, params string[] more) => new(judged.Verdict, step, [.. judged.Why, .. more]);

    private static LoginDecision SiteDown(LoginPage page, LoginProgress progress, Judgement judged)
    {
        // A guessed address that leads nowhere says nothing about the site.
        if (progress.LastStep is LoginStep.GoTo { Reason: WellKnown } && progress.Submissions.IsEmpty) return Lost(page, progress, judged);
        // Before anything was sent a second try harms nobody; afterwards it might send a form again.
        if (progress.Submissions.IsEmpty && page.Snapshot.StatusCode is 502 or 503 or 504 && progress.LastStep is not LoginStep.GoTo { Reason: "the site may have recovered" })
        {
            if (progress.SinceStep < TimeSpan.FromSeconds(1)) return Say(judged, new LoginStep.Wait("the site may recover", TimeSpan.FromSeconds(1) - progress.SinceStep));
            return Say(judged, new LoginStep.GoTo(page.Snapshot.Url, "the site may have recovered"));
        }
        return Say(judged, new LoginStep.Done(new LoginOutcome.SourceUnavailable(judged.Message)));
    }

    private static LoginDecision Home(LoginPage page, LoginProgress progress, Judgement judged)
    {
        if (progress.CredentialSent)
        {
            // A frame of the page may still be on its way.
            var underWay = page.Snapshot.RequestsInFlight > 0 || page.Snapshot.Frames.Any(f => f.Visible && f.ReadyState != "complete");
            if (progress.SinceStep < (underWay ? AnswerPatience : RenderPatience)) return Say(judged, new LoginStep.Wait("the page may still go on", Glance));
            if (CheckPage(progress) is { } check) return Say(judged with { Verdict = PageVerdict.PerhapsConnected }, check);
            return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("After the sign-in the site still offers to sign in.")));
        }
        var tried = progress.Tried.Count(t => t.Contains(' ', StringComparison.Ordinal));
        if (tried > MostReaching) return Say(judged, new LoginStep.Done(new LoginOutcome.FormNotFound("No sign-in form was found on the site.")));
        // A sign-in page whose form is drawn late often has a sign-in link in its header as well.
        var here = Controls.HrefSays(page.Path, "login", "signin", "sign-in", "log-in", "/auth", "logon");
        if (here && progress.SinceStep < RenderPatience && judged.Control != ProviderPages.OtherAccount(page, progress)) return Say(judged, new LoginStep.Wait("the form of this sign-in page may be drawn late", Glance));
        if (judged.Control!.Covered && Reaching.Dismissal(page, progress, judged.Control.CoveredBy) is { } dismissal) return Say(judged, new LoginStep.Click(dismissal.Id, ClickPurpose.Dismiss), "something lies over it");
        return Say(judged, new LoginStep.Click(judged.Control.Id, ClickPurpose.OpenSignIn));
    }

    private static LoginDecision Lost(LoginPage page, LoginProgress progress, Judgement judged)
    {
        if (progress.CredentialSent)
        {
            if (progress.SecondLookAt is null || progress.SinceStep < TimeSpan.FromSeconds(2))
            {
                if (progress.SinceStep < AnswerPatience) return Say(judged, new LoginStep.Wait("the site has not answered in words known", Glance));
            }
            if (CheckPage(progress) is { } check) return Say(judged with { Verdict = PageVerdict.PerhapsConnected }, check);
            return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown(judged.Message.Length > 0 ? judged.Message : "What happened after the sign-in could not be told.")));
        }
        if (progress.SinceStep < Glance) return Say(judged, new LoginStep.Wait("the page may be drawn late", Glance));
        if (progress.Tried.Count > MostReaching) return Say(judged, new LoginStep.Done(new LoginOutcome.FormNotFound("No sign-in form was found on the site.")));
        if (Reaching.Dismissal(page, progress, -1) is { } dismissal) return Say(judged, new LoginStep.Click(dismissal.Id, ClickPurpose.Dismiss), "a cookie wall may hide the page");
        if (Reaching.ScanOnly(page, progress) is { } scan)
            return scan.Other is { } other ? Say(judged, new LoginStep.Click(other.Id, ClickPurpose.OpenSignIn), "a way to sign in without scanning") : Say(judged, new LoginStep.Done(new LoginOutcome.FormNotFound(scan.Message)));
        if (Reaching.HiddenSignIn(page, progress) is { } hidden) return Say(judged, new LoginStep.GoTo(hidden, "an address of the sign-in in a closed menu"));
        if (Reaching.Menu(page, progress) is { } menu) return Say(judged, new LoginStep.Click(menu.Id, ClickPurpose.OpenSignIn), "a menu");
        if (progress.SinceStep < RenderPatience && (page.Snapshot.Frames[0].Busy || page.Elements.Count(e => e.Visible) < 12)) return Say(judged, new LoginStep.Wait("the page may be drawn late", Glance));
        if (Reaching.WeakControl(page, progress) is { } weak) return Say(judged, new LoginStep.Click(weak.Id, ClickPurpose.OpenSignIn), "the most promising link");
        if (Judge.Maintenance(page) is { } maintenance && progress.LastStep is not LoginStep.GoTo { Reason: WellKnown }) return Say(judged with { Verdict = PageVerdict.SiteDown }, new LoginStep.Done(new LoginOutcome.SourceUnavailable(maintenance)), "words of maintenance");
        if (Reaching.WellKnownPath(progress) is { } path) return Say(judged, new LoginStep.GoTo(path, WellKnown));
        return Say(judged, new LoginStep.Done(new LoginOutcome.FormNotFound("No sign-in form was found on the site.")));
    }

    /// <summary>
    /// On the page that an earlier sign-in led to: opens the form as it was opened then. When the form does not come, the way over the source's start is gone as if nothing had been learned.
    /// Null: the page is to be read as ever.
    /// </summary>
    private static LoginDecision? ByLearned(LoginPage page, LoginProgress progress, Judgement judged, LearnedPath learned)
    {
        if (judged.Verdict == PageVerdict.Login)
        {
            if (learned.Groups.IsEmpty || learned.Groups[0] == LearnedPath.GroupOf(judged.Group!)) return null;
            // A form is a form: it is read as any other, and the path is forgotten.
            var read = LogIn(page, progress, judged);
            return read.Step is LoginStep.Wait ? read : read with { Why = [.. read.Why, Astray] };
        }
        if (judged.Verdict is not (PageVerdict.Home or PageVerdict.Unknown or PageVerdict.SiteDown or PageVerdict.Working)) return null;
        if (learned.Opener is { } opener && page.Elements.FirstOrDefault(e => e is { Visible: true, Enabled: true, Covered: false } && e.Kind is ElementKind.Button or ElementKind.Link && LearnedPath.OpenerOf(e) == opener && !progress.Tried.Contains(page.OutlineOf(e))) is { } control)
            return Say(judged, new LoginStep.Click(control.Id, ClickPurpose.OpenSignIn), "opened the form the last time");
        var failed = judged.Verdict == PageVerdict.SiteDown || page.Snapshot.StatusCode is >= 400;
        if (!failed && judged.Verdict == PageVerdict.Working) return null;
        if (!failed && progress.SinceStep < LearnedPatience) return Say(judged, new LoginStep.Wait("the form that was here may be drawn late", Glance));
        return progress.StartUrl == learned.Form && !failed ? null : Say(judged, new LoginStep.GoTo(progress.StartUrl, "from the start"), Astray);
    }

    /// <summary>
    /// With an identity provider's credentials: on the site the way is the provider's button and never the site's own form; on the provider's pages it is their sign-in and their
    /// consent. Null: as with any other credential.
    /// </summary>
    private static LoginDecision? ByProvider(LoginPage page, LoginProgress progress, Judgement judged, IdentityProvider provider)
    {
        if (provider.Owns(page.Snapshot.Url))
        {
            if (judged.Verdict is not (PageVerdict.Unknown or PageVerdict.Home or PageVerdict.Working or PageVerdict.AccountChoice or PageVerdict.OrganisationChoice or PageVerdict.Interstitial)) return null;
            if (!progress.CredentialSent && ProviderPages.OtherAccount(page, progress) is { } other) return Say(judged, new LoginStep.Click(other.Id, ClickPurpose.OpenSignIn), "an account that is not on the list");
            if (judged.Verdict is PageVerdict.Interstitial or PageVerdict.Working || progress.SinceStep < TimeSpan.FromMilliseconds(600)) return null;
            return ProviderPages.Consent(page, progress) is { } consent ? Say(judged with { Verdict = PageVerdict.Interstitial }, new LoginStep.Click(consent.Id, ClickPurpose.PassInterstitial), $"{provider.Name} asks whether the site may know the user") : null;
        }
        if (judged.Verdict is not (PageVerdict.Login or PageVerdict.Home or PageVerdict.Unknown or PageVerdict.OrganisationChoice)) return null;
        if (judged.Group is { } group && provider.Owns(page.Snapshot.Frames[group.Frame].Url)) return null;
        if (!progress.CredentialSent && ProviderPages.Control(page, progress, provider) is { } control)
        {
            if (control.Covered && Reaching.Dismissal(page, progress, control.CoveredBy) is { } dismissal) return Say(judged, new LoginStep.Click(dismissal.Id, ClickPurpose.Dismiss), "something lies over it");
            return Say(judged, new LoginStep.Click(control.Id, ClickPurpose.OpenSignIn), $"signs in with {provider.Name}");
        }
        if (judged.Verdict != PageVerdict.Login) return null;
        // Its button is often drawn by a script of the provider's, after the form.
        if (progress.SinceStep < (progress.CredentialSent ? AnswerPatience : RenderPatience)) return Say(judged, new LoginStep.Wait($"the way to {provider.Name} may be drawn late", Glance));
        return Say(judged, new LoginStep.Done(progress.CredentialSent
            ? new LoginOutcome.Unknown($"After the sign-in with {provider.Name} the site still asks to sign in.")
            : new LoginOutcome.FormNotFound($"The site's sign-in page offers no way to sign in with {provider.Name}.")));
    }

    private static LoginDecision PerhapsConnected(LoginPage page, LoginProgress progress, Judgement judged)
    {
        // An SPA draws its signed-in page a moment after the form is gone.
        if (progress.SinceStep < TimeSpan.FromMilliseconds(600)) return Say(judged, new LoginStep.Wait("signs of the signed-in page may follow", Glance));
        return Say(judged, new LoginStep.GoTo(progress.Overrides.CheckUrl ?? progress.StartUrl, "second look"));
    }

    /// <summary>The page that only somebody signed in gets to see, where one was named and not yet looked at: it tells what the page at hand does not.</summary>
    private static LoginStep.GoTo? CheckPage(LoginProgress progress) => progress is { SecondLookAt: null, Overrides.CheckUrl: { } check } ? new LoginStep.GoTo(check, "second look") : null;

    // ---- credentials -------------------------------------------------------------------------------------------------------------------------------------

    private static LoginDecision LogIn(LoginPage page, LoginProgress progress, Judgement judged)
    {
        var group = judged.Group!;
        if (AllowedDomains.Refusal(page, progress, group) is { } reason) return Say(judged, new LoginStep.Done(new LoginOutcome.Blocked(reason)));
        var sentHere = progress.Submissions.FindAll(s => s.State == group.State);
        var byTurn = false;
        // By the order that was named, the same page takes one step after another: each is sent once.
        if (sentHere.Count > 0 && Overridden.Turn(progress) is { } turn && group.Fields.Exists(f => Overridden.StepOf(f.Role) is { } step && turn.Contains(step) && !progress.Sent.Contains(step)))
        {
            if (!Judge.Finished(page, progress)) return Say(judged, new LoginStep.Wait("the next step may be drawn anew", Glance));
            (sentHere, byTurn) = ([], true);
        }
        // What was filled in since the last sending was allowed when it was: it is sent as soon as the button is alive, if it still stands there. A code that was filled in says nothing about the credentials.
        var underWay = sentHere.Count < MostPasswords && progress.LastStep is LoginStep.Fill { Then: null } typed && !typed.Values.Any(v => IsCodeSlot(v.Slot)) && page.Snapshot.Frames[0].Document == progress.Before?.Frames[0].Document
            && group.Fields.Exists(f => f.Element.HasValue) && progress.Filled.Any(f => f.StartsWith(group.State + "|", StringComparison.Ordinal));
        if (sentHere.Count > 0 && !underWay && !MayTryAgain(page, progress, sentHere)) return NoEffect(page, progress, judged, group);

        if (group.Fields.Find(f => f.Element.Covered) is { } covered)
        {
            // What turns over a form goes away by itself.
            if (page.Snapshot.Frames.Any(f => f.Busy) && progress.SinceStep < CoverPatience) return Say(judged, new LoginStep.Wait("the page is at work over the form", Glance));
            // A control of the dialog that holds the form puts the form away, not what lies over it.
            if (Reaching.Dismissal(page, progress, covered.Element.CoveredBy) is { } dismissal && (group.Dialog < 0 || dismissal.Dialog != group.Dialog)) return Say(judged, new LoginStep.Click(dismissal.Id, ClickPurpose.Dismiss), "something lies over the form");
        }

        var values = new List<FieldValue>();
        var missing = new List<ChallengeField>();
        foreach (var field in group.Fields)
        {
            if (Overridden.IsLater(field.Role, progress) || byTurn && field.Element.HasValue && Overridden.StepOf(field.Role) is { } done && progress.Sent.Contains(done)) continue;
            if (SlotFor(field, group, progress) is { } slot)
            {
                if (!progress.Filled.Contains(group.State + "|" + slot.Name) || !field.Element.HasValue) values.Add(new FieldValue(field.Element.Id, slot, group.Letters.Find(l => l.Element == field.Element) is { } letter ? letter.Place - 1 : null));
            }
            else if (Wanted(field, group) is { } wanted && missing.TrueForAll(m => m.Name != wanted.Name)) missing.Add(wanted);
        }
        foreach (var letter in group.Letters.Where(l => l.Element.Kind == ElementKind.Select))
        {
            if (Held(Slot.Password, progress) is not { } held) missing = [new ChallengeField(Slot.Password.Name, "password", "Password")];
            else if (!letter.Element.HasValue || !progress.Tried.Contains(Outline.Choice(page.Snapshot, letter.Element.Id, held.Name, letter.Place - 1)))
            {
                // A choice made on a page that is not alive yet would be lost when it is drawn anew; without it nothing is sent.
                if (group.Submit is { Enabled: false } && progress.SinceStep < DeadPatience && progress.LastStep is not LoginStep.ChooseBySlot) return Say(judged, new LoginStep.Wait("the page is not alive yet", Glance));
                return Say(judged, new LoginStep.ChooseBySlot(letter.Element.Id, held, OptionsOf(letter.Element), letter.Place - 1));
            }
        }
        foreach (var select in group.Selects.Where(s => s.Visible && s.Enabled && s.Options.Count > 1 && !group.Letters.Exists(l => l.Element == s)))
        {
            var named = Overridden.KeyOf(select) is { } key && progress.Slots.Contains(Slot.SourceField(key)) ? Slot.SourceField(key) : (Slot?)null;
            if ((named ?? SourceFields.Match(select.Name + " " + select.NearbyText + " " + select.Attributes.GetValueOrDefault("name"), progress.Slots)) is not { } slot || progress.Tried.Contains(Outline.Choice(page.Snapshot, select.Id, slot.Name))) continue;
            return Say(judged, new LoginStep.ChooseBySlot(select.Id, slot, [.. select.Options.Select(o => new ChallengeOption(o.Value, o.Label))]));
        }
        missing.RemoveAll(m => progress.AnsweredFields.Contains(m.Name));
        if (missing.Count > 0)
        {
            if (progress.Asked.Count >= MostRounds) return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The site kept asking for further values.")));
            return Say(judged, new LoginStep.Ask(new Challenge("source_field", SiteText.Prompt(page, [.. group.Fields.Select(f => f.Element)], progress), missing)));
        }
        var send = Send(group, ClickPurpose.SubmitCredential);
        if (values.Count > 0)
        {
            // A button that comes alive, or appears, only after typing is pressed on the next look.
            var later = group.Submit is { Enabled: false } || group.Submit is null && !group.Buttons.Exists(b => b.Visible && !Controls.IsHelper(b));
            return Say(judged, new LoginStep.Fill(values, later ? null : send));
        }
        if (group.Submit is { Enabled: false } && progress.SinceStep < TimeSpan.FromSeconds(2)) return Say(judged, new LoginStep.Wait("the button is not alive yet", TimeSpan.FromMilliseconds(500)));
        if (group.Submit is { Enabled: false } && progress.Overrides.AcceptsTerms && group.Choices.Find(c => c is { Type: "checkbox", Checked: false, Visible: true } && (c.Required || Words.Has(WordList.Terms, c.Name + " " + c.NearbyText))) is { } terms && !progress.Tried.Contains(Outline.Choice(page.Snapshot, terms.Id, "true")))
            return Say(judged, new LoginStep.Choose(terms.Id, "true"));
        return Say(judged, group.Submit is { Enabled: false } ? Enter(group, ClickPurpose.SubmitCredential) : send);
    }

    /// <summary>Answers a challenge of HTTP authentication (RFC 7235) once, and only for the origin that the source names.</summary>
    private static LoginDecision Authenticate(LoginPage page, LoginProgress progress, Judgement judged)
    {
        var url = page.Snapshot.Url;
        if (!SameOrigin(url, progress.SourceUrl) && !(progress.LoginUrl is { } login && SameOrigin(url, login)))
            return Say(judged, new LoginStep.Done(new LoginOutcome.Blocked($"A sign-in by HTTP authentication is asked for by {url.GetLeftPart(UriPartial.Authority)}, which is not the source.")));
        if (progress.Provider is { } provider) return Say(judged, new LoginStep.Done(new LoginOutcome.FormNotFound($"The site signs in by HTTP authentication; there is no way to sign in with {provider.Name}.")));
        List<ChallengeField> missing = [];
        if (Held(Slot.Username, progress) is null) missing.Add(new ChallengeField(Slot.Username.Name, "string", "User name"));
        if (Held(Slot.Password, progress) is null) missing.Add(new ChallengeField(Slot.Password.Name, "password", "Password"));
        if (missing.Count > 0) return Say(judged, new LoginStep.Ask(new Challenge("source_field", $"{url.Host} asks for a user name and a password.", missing)));
        return Say(judged, new LoginStep.Authenticate(url, Held(Slot.Username, progress)!.Value, Held(Slot.Password, progress)!.Value));

        static bool SameOrigin(Uri one, Uri other) => Uri.Compare(one, other, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;
    }

    private static LoginStep Send(GroupReading group, ClickPurpose purpose) => group.Submit is { } submit ? new LoginStep.Click(submit.Id, purpose) : Enter(group, purpose);

    private static LoginStep Enter(GroupReading group, ClickPurpose purpose)
    {
        var field = (group.Password ?? group.Identifier ?? group.Codes.LastOrDefault() ?? group.Questions.LastOrDefault() ?? group.Fields.LastOrDefault())?.Element ?? group.Letters[^1].Element;
        return new LoginStep.Press(field.Id, "Enter", purpose);
    }

    private static Slot? SlotFor(FieldReading field, GroupReading group, LoginProgress progress)
    {
        switch (field.Role)
        {
            case FieldRole.Identifier:
                return Held(Slot.Username, progress);
            case FieldRole.Password:
                return Held(Slot.Password, progress);
            case FieldRole.Code when group.Codes.Count == 1 && progress.Slots.Contains(Slot.TotpCode):
                return Slot.TotpCode;
            case FieldRole.Extra:
                if (field.Key is { } key) return progress.Slots.Contains(Slot.SourceField(key)) ? Slot.SourceField(key) : progress.AnsweredFields.Contains(key) ? Slot.Answer(key) : null;
                if (SourceFields.Match(field.Words + " " + string.Join(' ', field.Tokens), progress.Slots) is { } slot) return slot;
                var name = SourceFields.NameOf(field);
                return progress.AnsweredFields.Contains(name) ? Slot.Answer(name) : null;
            default:
                return null;
        }
    }

    private static Slot? Held(Slot slot, LoginProgress progress) => progress.Slots.Contains(slot) ? slot : progress.AnsweredFields.Contains(slot.Name) ? Slot.Answer(slot.Name) : null;

    /// <summary>A field that must be filled and for which nothing is stored.</summary>
    private static ChallengeField? Wanted(FieldReading field, GroupReading group)
    {
        var label = SiteText.Cut(SiteText.Clean(field.Label), 100);
        return field.Role switch
        {
            FieldRole.Identifier => new ChallengeField(Slot.Username.Name, "string", label.Length > 0 ? label : "User name"),
            FieldRole.Password => new ChallengeField(Slot.Password.Name, "password", label.Length > 0 ? label : "Password"),
            FieldRole.Extra when field.Key is { } key => field.Element.HasValue ? null : new ChallengeField(key, field.Element.Type == "number" ? "number" : "string", label.Length > 0 ? label : key),
            FieldRole.Extra when !field.Element.HasValue && (field.Element.Required || label.Length > 0 && (group.Password is not null || group.Identifier is null)) && !Words.Fold(label).Contains("optional", StringComparison.Ordinal)
                => new ChallengeField(SourceFields.NameOf(field), field.Element.Type == "number" ? "number" : "string", label.Length > 0 ? label : SourceFields.NameOf(field)),
            _ => null,
        };
    }

    /// <summary>A second submission from one page state: only when the first had no effect at all, or the site said that its page had expired; and never a third.</summary>
    private static bool MayTryAgain(LoginPage page, LoginProgress progress, IReadOnlyList<Submission> sentHere)
    {
        if (sentHere.Count >= MostPasswords || progress.Submissions.Count(s => s.Kind == SubmissionKind.Password) >= MostPasswords) return false;
        var answers = SiteText.Answers(page, progress);
        return SiteText.Refusal(answers) is null && answers.Exists(a => (a.Score >= 4 || a.IsAlert) && Stale.Says(a.Text));
    }

    private static LoginDecision NoEffect(LoginPage page, LoginProgress progress, Judgement judged, GroupReading group)
    {
        var answers = SiteText.Answers(page, progress);
        if (progress.SinceStep < (page.Snapshot.RequestsInFlight > 0 || page.Snapshot.Frames[0].Busy ? BusyPatience : TimeSpan.FromSeconds(5)))
            return Say(judged, new LoginStep.Wait("the form was sent; the site has not answered yet", Glance));
        // The click reached nobody: nothing was asked of the server since. Another way to send the same is no second submission.
        var nothingSent = page.Snapshot.Requests.Count == 0 && progress.Before is { } before && before.Frames.Select(f => f.Document).SequenceEqual(page.Snapshot.Frames.Select(f => f.Document));
        if (nothingSent && group.Fields.Exists(f => f.Element.HasValue) && progress.Submissions.Count(s => s.State == group.State) < MostPasswords)
        {
            if (progress.LastStep is LoginStep.Fill { Then: LoginStep.Click } or LoginStep.Click) return Say(judged, Enter(group, ClickPurpose.SubmitCredential), "the click had no effect");
            if (progress.LastStep is LoginStep.Press && group.Submit is { Enabled: true } submit) return Say(judged, new LoginStep.Click(submit.Id, ClickPurpose.SubmitCredential), "the key had no effect");
        }
        if ((SiteText.AnyAlert(answers, alertsOnly: true) ?? SiteText.AnyAlert(answers, alertsOnly: false)) is { } alert) return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown(alert)));
        return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The sign-in form came back without a word of the site.")));
    }

    // ---- challenges --------------------------------------------------------------------------------------------------------------------------------------

    private static LoginDecision Code(LoginPage page, LoginProgress progress, Judgement judged)
    {
        if (judged.Control is { } sender)
            return OtherWayForSeed(page, progress) is { } instead ? Say(judged, new LoginStep.Click(instead.Id, ClickPurpose.ChooseOption), "a stored seed can answer, if the site offers that way") : Say(judged, new LoginStep.Click(sender.Id, ClickPurpose.SendCode));
        var group = judged.Group!;
        if (AllowedDomains.Refusal(page, progress, group) is { } reason) return Say(judged, new LoginStep.Done(new LoginOutcome.Blocked(reason)));
        var answers = SiteText.Answers(page, progress);
        var refused = answers.Exists(a => Words.HasAny(a.Text, WordList.Wrong, WordList.Expired) && a.Score >= 4) || group.Codes.Exists(c => c.Element.Invalid && progress.LastStep is LoginStep.Fill or LoginStep.Click or LoginStep.Press);
        var filled = progress.LastStep is LoginStep.Fill { Then: null } fill && fill.Values.Any(v => IsCodeSlot(v.Slot));
        var empty = group.Codes.TrueForAll(c => !c.Element.HasValue);
        var sameDocument = page.Snapshot.Frames[0].Document == progress.Before?.Frames[0].Document;
        // Typed, nothing asked of the site since, and no word that the user was not told of already: what comes now is late, about the code before.
        if (refused && filled && sameDocument && !empty && page.Snapshot is { Requests.Count: 0, RequestsInFlight: 0 } && progress.Asked is [.., var told]
            && answers.TrueForAll(a => !(Words.HasAny(a.Text, WordList.Wrong, WordList.Expired) && a.Score >= 4) || told.Message.Contains(SiteText.Clean(a.Text), StringComparison.Ordinal))) refused = false;

        if (filled && !refused)
        {
            // Some forms send themselves at the last digit.
            var underWay = page.Snapshot.RequestsInFlight > 0 || page.Snapshot.Requests.Any(r => r.Method == "POST") || page.Snapshot.Frames[0].Busy;
            if (underWay && sameDocument && progress.SinceStep < AnswerPatience && !empty) return Say(judged, new LoginStep.Wait("the code was sent by the page itself", Glance));
            if (sameDocument && !empty && !underWay && group.Submit is { Enabled: false } && progress.SinceStep < DeadPatience) return Say(judged, new LoginStep.Wait("the button is not alive yet", TimeSpan.FromMilliseconds(500)));
            if (sameDocument && !empty && !underWay) return Say(judged, group.Submit is { Enabled: true } ? new LoginStep.Click(group.Submit.Id, ClickPurpose.SubmitAnswer) : Enter(group, ClickPurpose.SubmitAnswer));
            if (sameDocument && !empty && group.Submit is { Enabled: true } && progress.SinceStep > AnswerPatience) return Say(judged, new LoginStep.Click(group.Submit.Id, ClickPurpose.SubmitAnswer));
        }
        var submitted = progress.Submissions.Count > 0 && progress.Submissions[^1] is { Kind: SubmissionKind.Totp or SubmissionKind.Answer } last && last.State == group.State && progress.LastStep is LoginStep.Click or LoginStep.Press or LoginStep.Fill;
        if (submitted && !refused && sameDocument && !empty && progress.SinceStep < TimeSpan.FromSeconds(8))
            return Say(judged, new LoginStep.Wait("the code was sent; the site has not answered yet", Glance));

        if (group.Fields.Find(f => f.Element.Covered) is { } covered && Reaching.Dismissal(page, progress, covered.Element.CoveredBy) is { } dismissal && covered.Element.CoveredBy >= 0)
            return Say(judged, new LoginStep.Click(dismissal.Id, ClickPurpose.Dismiss), "something lies over the field");

        // The page lost what was typed and has sent nothing: a form that is drawn anew as it comes alive. The same answer is typed once more.
        if (filled && !refused && empty && sameDocument && progress.Refilled == 0 && page.Snapshot.RequestsInFlight == 0 && !page.Snapshot.Requests.Any(r => r.Method is not ("GET" or "HEAD")))
            return Say(judged, Place(group, ((LoginStep.Fill)progress.LastStep!).Values.First(v => IsCodeSlot(v.Slot)).Slot, progress), "the page lost what was typed");

        // The code goes to whom the form names.
        if (page.CodeLogin == group && group.Identifier is { Element: { HasValue: false } blank } who && !progress.Filled.Contains(group.State + "|" + Slot.Username.Name))
        {
            return SlotFor(who, group, progress) is { } slot ? Say(judged, new LoginStep.Fill([new FieldValue(blank.Id, slot)], null), "a code is sent to whom the form names")
                : Wanted(who, group) is { } wanted && progress.Asked.Count < MostRounds ? Say(judged, new LoginStep.Ask(new Challenge("source_field", SiteText.Prompt(page, [blank], progress), [wanted])))
                : Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The site asks for a code and does not say for whom.")));
        }

        if (Beside(page, progress, judged, group) is { } beside) return beside;

        // An answer is at hand.
        if (progress.Answer is { Placed: false } answer && answer.Names.Contains("code"))
            return Trust(page, progress, group) is { } trust ? Say(judged, trust, "asks not to be asked again on this browser") : Say(judged, Place(group, Slot.Answer("code"), progress));

        var prompt = SiteText.Prompt(page, [.. group.Codes.Select(c => c.Element)], progress);
        var fieldWords = string.Join(' ', group.Codes.Select(c => c.Words));
        var says = prompt + " " + fieldWords;
        var byApp = Words.Has(WordList.AuthenticatorApp, says);
        var byMessage = !byApp && (Words.HasAny(says, WordList.Sms) || Words.Has(WordList.EmailWord, says) && Words.Has(WordList.SendCode, says) || Words.Has(WordList.Sent, says));
        var totpTries = progress.Submissions.Count(s => s.Kind == SubmissionKind.Totp) + (filled && progress.LastStep is LoginStep.Fill f2 && f2.Values.Any(v => v.Slot == Slot.TotpCode) ? 1 : 0);
        var seedIsForThis = progress.Provider?.Owns(page.Snapshot.Frames[group.Frame].Url) ?? true;
        if (OtherWayPreferred(page, progress, says) is { } preferred) return Say(judged, new LoginStep.Click(preferred.Id, ClickPurpose.ChooseOption), "override preferred_mfa: " + progress.Overrides.PreferredMfa);
        if (byMessage && seedIsForThis && totpTries == 0 && OtherWayForSeed(page, progress) is { } way) return Say(judged, new LoginStep.Click(way.Id, ClickPurpose.ChooseOption), "a stored seed can answer, if the site offers that way");
        if (progress.Slots.Contains(Slot.TotpCode) && seedIsForThis && !byMessage && totpTries < MostTotp)
        {
            if (Trust(page, progress, group) is { } trust) return Say(judged, trust, "asks not to be asked again on this browser");
            if (totpTries > 0 && !progress.Tried.Contains(Outline.NextCode)) return Say(judged, new LoginStep.Wait("a code is used once: the next one is needed", TimeSpan.FromSeconds(31), UntilNextCode: true));
            return Say(judged, Place(group, Slot.TotpCode, progress), byApp ? "the page asks for the app's code" : "a stored seed can answer");
        }
        if (progress.Asked.Count >= MostRounds) return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The site kept asking for codes.")));
        // Who offers to send it again has sent it.
        if (!byApp && !Words.Has(WordList.Sent, prompt) && SendCodeControl(page, group) is { } send && !Words.Has(WordList.Resend, Controls.Caption(send)) && !progress.Tried.Contains(page.OutlineOf(send)))
            return Say(judged, new LoginStep.Click(send.Id, ClickPurpose.SendCode), "the code is sent only when asked for");
        var label = group.Codes.Count == 1 ? SiteText.Cut(SiteText.Clean(group.Codes[0].Label), 100) : "";
        if (label.Length == 0 || group.Codes.Count > 1) label = "Code";
        return Say(judged, new LoginStep.Ask(Offering(page, progress, group, new Challenge("mfa", prompt, [new ChallengeField("code", "string", label)]))));
    }

    /// <summary>The challenge with what the page offers beside the answer.</summary>
    private static Challenge Offering(LoginPage page, LoginProgress progress, GroupReading? group, Challenge challenge) =>
        challenge with { Options = [.. SideOffers.Of(page, progress, group).Select(o => new ChallengeOption(o.Value, o.Label))] };

    /// <summary>Does what the user chose instead of an answer, and gives the page time to answer; null: nothing was chosen, it is done, or it is not there any more.</summary>
    private static LoginDecision? Beside(LoginPage page, LoginProgress progress, Judgement judged, GroupReading? group)
    {
        if (progress.Answer is not { } answer || !answer.Choices.TryGetValue(ChallengeOptions.Key, out var option) || !ChallengeOptions.IsInstead(option)) return null;
        if (answer.Placed)
        {
            var answered = progress.SinceStep > TimeSpan.FromMilliseconds(500) && Judge.Finished(page, progress);
            return answered || progress.SinceStep > TimeSpan.FromSeconds(5) ? null : Say(judged, new LoginStep.Wait($"{option} was chosen; the site has not answered yet", Glance));
        }
        if (SideOffers.Of(page, progress, group).Find(o => o.Value == option) is not { } offer) return null;
        if (!offer.Element.Enabled) return progress.SinceStep > SleepPatience ? null : Say(judged, new LoginStep.Wait($"{option} was chosen; its control counts down", TimeSpan.FromSeconds(2)));
        return Say(judged, new LoginStep.Click(offer.Element.Id, option == ChallengeOptions.Resend ? ClickPurpose.SendCode : ClickPurpose.ChooseOption), "chosen by the user: " + option);
    }

    /// <summary>The control that leads from a way of verifying that needs a person to the others, while a seed is stored that needs nobody; null when there is none.</summary>
    private static ElementSnapshot? OtherWayForSeed(LoginPage page, LoginProgress progress) =>
        !progress.Slots.Contains(Slot.TotpCode) || progress.Asked.Exists(c => c.Type is "mfa" or "push_approval") ? null
        : page.Elements.FirstOrDefault(e => e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && e.Landmark is not ("nav" or "footer" or "header") && Controls.Caption(e) is { Length: > 0 and < 60 } caption
            && (Words.Has(WordList.AuthenticatorApp, caption) || Words.Has(WordList.AnotherWay, caption)) && !progress.Tried.Contains(page.OutlineOf(e)));

    /// <summary>The control that leads from a way of verifying to the one that the customer prefers, or to the others; null when this is it, when there is none, and once the user was asked.</summary>
    private static ElementSnapshot? OtherWayPreferred(LoginPage page, LoginProgress progress, string says)
    {
        if (progress.Overrides.PreferredMfa is not { } mfa || progress.Asked.Exists(c => c.Type is "mfa" or "push_approval") || Overridden.Names(mfa, says)) return null;
        var ways = page.Elements.Where(e => e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && e.Landmark is not ("nav" or "footer" or "header") && Controls.Caption(e) is { Length: > 0 and < 60 } && !progress.Tried.Contains(page.OutlineOf(e))).ToList();
        return ways.Find(e => Overridden.Names(mfa, Controls.Caption(e)) && !Words.HasAny(Controls.Caption(e), WordList.SendCode, WordList.Resend)) ?? ways.Find(e => Words.Has(WordList.AnotherWay, Controls.Caption(e)));
    }

    /// <summary>
    /// Checks the box that asks not to be asked for a code again on this browser: the session is kept, and the next sign-in needs nobody; unless the user does not want it. Null when there is nothing to do.
    /// </summary>
    private static LoginStep.Choose? Trust(LoginPage page, LoginProgress progress, GroupReading group)
    {
        // A form that comes back has forgotten it; one that does not take it is left alone.
        if (SideOffers.TrustBox(page, group) is not { } box || progress.LastStep is LoginStep.Choose) return null;
        return box.Checked == progress.IsToTrust ? null : new LoginStep.Choose(box.Id, progress.IsToTrust ? "true" : "false");
    }

    private static bool IsCodeSlot(Slot slot) => slot == Slot.TotpCode || slot == Slot.Answer("code");

    /// <summary>The code, one character a box where there are several; before it the credentials that the form lost.</summary>
    private static LoginStep.Fill Place(GroupReading group, Slot slot, LoginProgress progress)
    {
        var values = new List<FieldValue>();
        if (group.IsLogin)
        {
            foreach (var field in group.Fields)
                if (!field.Element.HasValue && field.Role is FieldRole.Identifier or FieldRole.Password && SlotFor(field, group, progress) is { } lost) values.Add(new FieldValue(field.Element.Id, lost));
        }
        if (group.Codes.Count > 1) values.AddRange(group.Codes.Select((c, i) => new FieldValue(c.Element.Id, slot, i)));
        else values.Add(new FieldValue(group.Codes[0].Element.Id, slot));
        return new LoginStep.Fill(values, null);
    }

    internal static ElementSnapshot? SendCodeControl(LoginPage page, GroupReading? group) =>
        page.Elements.FirstOrDefault(e => e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && (group is null || e.Id.Frame == group.Frame && e.Id != group.Submit?.Id) && Controls.Caption(e).Length < 60
            && Words.HasAny(Controls.Caption(e), WordList.SendCode, WordList.Resend));

    private static LoginDecision Push(LoginPage page, LoginProgress progress, Judgement judged)
    {
        if (OtherWayPreferred(page, progress, progress.Overrides.PreferredMfa == "push" ? "push notification" : "") is { } preferred) return Say(judged, new LoginStep.Click(preferred.Id, ClickPurpose.ChooseOption), "override preferred_mfa: " + progress.Overrides.PreferredMfa);
        if (OtherWayForSeed(page, progress) is { } way) return Say(judged, new LoginStep.Click(way.Id, ClickPurpose.ChooseOption), "a stored seed can answer, if the site offers that way");
        if (Beside(page, progress, judged, null) is { } beside) return beside;
        var asked = progress.Asked.Count > 0 && progress.Asked[^1].Type == "push_approval" && progress.Answer?.Choices.ContainsKey(ChallengeOptions.Key) is not true;
        if (asked && Judge.GaveUp(page, progress) is { } gaveUp) return Say(judged with { Verdict = PageVerdict.Unknown }, new LoginStep.Done(new LoginOutcome.Unknown(gaveUp)), "the site no longer waits for the approval");
        // Answered with "done": the page needs a moment to notice.
        if (asked && progress.SinceStep < TimeSpan.FromSeconds(10)) return Say(judged, new LoginStep.Wait("waiting for the page to notice the approval", TimeSpan.FromSeconds(2)));
        if (progress.Asked.Count >= MostRounds) return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The approval did not reach the site.")));
        return Say(judged, new LoginStep.Ask(Offering(page, progress, null, new Challenge("push_approval", SiteText.Prompt(page, [], progress, around: judged.Control), []))));
    }

    private static LoginDecision Question(LoginPage page, LoginProgress progress, Judgement judged)
    {
        var group = judged.Group!;
        if (AllowedDomains.Refusal(page, progress, group) is { } reason) return Say(judged, new LoginStep.Done(new LoginOutcome.Blocked(reason)));
        if (Beside(page, progress, judged, group) is { } beside) return beside;
        var wanted = WantedAnswers(page, group);
        var typable = wanted.Where(w => w.Element.Kind == ElementKind.Input).ToList();
        var fill = typable.Count == 0 ? null : new LoginStep.Fill([.. typable.Select(w => new FieldValue(w.Element.Id, Slot.Answer(w.Field.Name)))], group.Submit is { Enabled: false } ? null : Send(group, ClickPurpose.SubmitAnswer));
        if (progress.Answer is { Placed: false } answer && answer.Names.Contains(wanted[0].Field.Name))
        {
            // A choice made on a page that is not alive yet would be lost when it is drawn anew.
            if (wanted.Count > typable.Count || group.QuestionList is not null)
                if (group.Submit is { Enabled: false } && progress.SinceStep < DeadPatience && progress.LastStep is not (LoginStep.Choose or LoginStep.ChooseBySlot)) return Say(judged, new LoginStep.Wait("the page is not alive yet", Glance));
            if (group.QuestionList is { } list && answer.Choices.TryGetValue(QuestionField, out var chosen) && list.Options.Any(o => o.Value == chosen && !o.Selected) && !progress.Tried.Contains(Outline.Choice(page.Snapshot, list.Id, chosen)))
                return Say(judged, new LoginStep.Choose(list.Id, chosen), "the question that was chosen");
            foreach (var (element, field) in wanted.Where(w => w.Element.Kind == ElementKind.Select))
                if (!element.HasValue || !progress.Tried.Contains(Outline.Choice(page.Snapshot, element.Id, Slot.Answer(field.Name).Name, 0))) return Say(judged, new LoginStep.ChooseBySlot(element.Id, Slot.Answer(field.Name), OptionsOf(element), Character: 0));
            if (fill is not null) return Say(judged, fill);
            if (group.Submit is { Enabled: false } && progress.SinceStep < DeadPatience) return Say(judged, new LoginStep.Wait("the button is not alive yet", TimeSpan.FromMilliseconds(500)));
            return Say(judged, Send(group, ClickPurpose.SubmitAnswer));
        }
        var typed = progress.LastStep is LoginStep.Fill { Then: null } last && last.Values.Any(v => wanted.Exists(w => v.Slot == Slot.Answer(w.Field.Name)));
        var standing = typable.TrueForAll(w => w.Element.HasValue);
        if (typed && standing && group.Submit is { Enabled: false } && progress.SinceStep < DeadPatience) return Say(judged, new LoginStep.Wait("the button is not alive yet", TimeSpan.FromMilliseconds(500)));
        if (typed && standing) return Say(judged, Send(group, ClickPurpose.SubmitAnswer));
        var sameDocument = page.Snapshot.Frames[0].Document == progress.Before?.Frames[0].Document;
        if (typed && sameDocument && progress.Refilled == 0 && page.Snapshot.RequestsInFlight == 0 && !page.Snapshot.Requests.Any(r => r.Method is not ("GET" or "HEAD"))) return Say(judged, fill!, "the page lost what was typed");
        if (progress.Answer is { Placed: true } && sameDocument && standing && SiteText.Refusal(SiteText.Answers(page, progress)) is null && progress.SinceStep < TimeSpan.FromSeconds(8))
            return Say(judged, new LoginStep.Wait("the answer was sent; the site has not answered yet", Glance));
        if (progress.Asked.Count >= MostRounds) return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The site kept asking questions.")));
        var prompt = SiteText.Prompt(page, [.. wanted.Select(w => w.Element)], progress);
        if (group.Letters.Count == 0 && group.QuestionList is null)
            foreach (var asked in wanted.Select(w => w.Field.Label).Where(label => label.Length > 0 && !prompt.Contains(label, StringComparison.Ordinal))) prompt = prompt.Length == 0 ? asked : prompt + " " + asked;
        var fields = wanted.ConvertAll(w => w.Field);
        if (group.QuestionList is { } questions) fields.Insert(0, new ChallengeField(QuestionField, "select", SiteText.Cut(questions.Name.Length > 0 ? SiteText.Clean(questions.Name) : "Question", 100), [.. OptionsOf(questions).Where(o => o.Value.Length > 0 && o.Label.Length > 0)]));
        return Say(judged, new LoginStep.Ask(Offering(page, progress, group, new Challenge("security_question", SiteText.Cut(prompt, 500), fields))));
    }

    /// <summary>The field that names the question which the user answers, where the site leaves it to him.</summary>
    private const string QuestionField = "question";

    /// <summary>What is to be answered, in reading order: characters by their places, or one answer for each question.</summary>
    private static List<(ElementSnapshot Element, ChallengeField Field)> WantedAnswers(LoginPage page, GroupReading group)
    {
        if (group.Letters.Count > 0) return group.Letters.ConvertAll(l => (l.Element, new ChallengeField(l.Name, "string", SiteText.Cut(l.Label.Length > 0 ? l.Label : l.Place.ToString(System.Globalization.CultureInfo.InvariantCulture), 100))));
        var words = new GroupWords(page, group);
        return [.. group.Questions.Select((field, i) => (field.Element, new ChallengeField(i == 0 ? "answer" : "answer_" + (i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), "string", SiteText.Cut((group.QuestionList is null ? words.QuestionOf(field) : null) ?? field.Label, 200))))];
    }

    /// <summary>One of its letters is chosen.</summary>
    private static IReadOnlyList<ChallengeOption> OptionsOf(ElementSnapshot select) => [.. select.Options.Select(o => new ChallengeOption(o.Value, o.Label))];

    private static LoginDecision Choose(LoginPage page, LoginProgress progress, Judgement judged, string type, string name)
    {
        var offers = judged.Offers;
        if (type == "mfa" && progress.Answer is not { Placed: false } && Overridden.Preferred(offers, progress) is { } preferred && IsOpen(page, progress, preferred)) return Take(page, progress, judged, preferred);
        // A source field may hold the choice; an authenticator with a stored seed is one nobody needs to make.
        if (type == "mfa" && progress.Slots.Contains(Slot.TotpCode) && !progress.Asked.Exists(c => c.Type is "mfa" or "push_approval") && offers.FirstOrDefault(o => Words.Has(WordList.AuthenticatorApp, o.Label)) is { } app) return Take(page, progress, judged, app);
        if (judged.Verdict == PageVerdict.OrganisationChoice && offers[0].Value is not null)
        {
            var element = offers[0].Element;
            if (AllowedDomains.Refusal(page.Snapshot, progress) is null && SourceFields.Match(element.Name + " " + element.NearbyText + " " + element.Attributes.GetValueOrDefault("name") + " organisation company", progress.Slots) is { } slot && !progress.Tried.Contains(Outline.Choice(page.Snapshot, element.Id, slot.Name)))
                return Say(judged, new LoginStep.ChooseBySlot(element.Id, slot, [.. offers.Select(o => new ChallengeOption(o.Value!, o.Label))]));
            if (progress.LastStep is LoginStep.ChooseBySlot) return Say(judged, Go(page, element));
        }
        if (progress.Answer is { } answer && answer.Choices.TryGetValue(name, out var chosen) && offers.FirstOrDefault(o => o.Id == chosen) is { } offer)
        {
            // Nothing here is alive yet: a choice made now would be lost when the page is.
            if (!answer.Placed && progress.LastStep is not LoginStep.Choose && progress.SinceStep < DeadPatience && !page.Elements.Any(e => e is { Visible: true, Enabled: true, Kind: ElementKind.Button } && e.Id.Frame == offer.Element.Id.Frame && e.Form == offer.Element.Form) && page.Elements.Any(e => e is { Visible: true, Enabled: false, Kind: ElementKind.Button } && e.Id.Frame == offer.Element.Id.Frame && e.Form == offer.Element.Form))
                return Say(judged, new LoginStep.Wait("the page is not alive yet", Glance));
            if (!answer.Placed) return Take(page, progress, judged, offer);
            if (progress.LastStep is LoginStep.Choose) return Say(judged, Go(page, offer.Element));
            if (progress.SinceStep < TimeSpan.FromSeconds(8)) return Say(judged, new LoginStep.Wait("the choice was sent; the site has not answered yet", Glance));
        }
        else if (progress.LastStep is LoginStep.Choose && offers.FirstOrDefault(o => o.Element.Checked || o.Element.Options.Any(x => x.Selected)) is { } taken) return Say(judged, Go(page, taken.Element));
        if (progress.Asked.Count >= MostRounds) return Say(judged, new LoginStep.Done(new LoginOutcome.Unknown("The site kept asking for choices.")));
        var options = offers.Select(o => new ChallengeOption(o.Id, o.Label)).ToList();
        var prompt = SiteText.Prompt(page, [.. offers.Select(o => o.Element).Distinct()], progress);
        // The labels of the options stand in the options already.
        foreach (var option in options) prompt = prompt.Replace(". " + option.Label, "", StringComparison.Ordinal);
        var heading = page.Elements.FirstOrDefault(e => e.Kind == ElementKind.Heading && e.Visible)?.Text ?? "";
        return Say(judged, new LoginStep.Ask(new Challenge(type, prompt, [new ChallengeField(name, "select", SiteText.Cut(heading.Length > 0 ? SiteText.Clean(heading) : "Choose", 100), options)])));
    }

    /// <summary>Not taken before: an offer that led nowhere is the user's to choose again.</summary>
    private static bool IsOpen(LoginPage page, LoginProgress progress, Offer offer)
    {
        if (offer.Value is null && offer.Element.Kind != ElementKind.Choice) return !progress.Tried.Contains(page.OutlineOf(offer.Element));
        var value = offer.Value ?? (offer.Element.Options.Count > 0 ? offer.Element.Options[0].Value : "true");
        return progress.LastStep is LoginStep.Choose || !progress.Tried.Contains(Outline.Choice(page.Snapshot, offer.Element.Id, value));
    }

    private static LoginDecision Take(LoginPage page, LoginProgress progress, Judgement judged, Offer offer)
    {
        if (offer.Value is { } value)
        {
            if (!progress.Tried.Contains(Outline.Choice(page.Snapshot, offer.Element.Id, value)) || !offer.Element.Options.Any(o => o.Selected && o.Value == value)) return Say(judged, new LoginStep.Choose(offer.Element.Id, value), "takes " + offer.Label);
            return Say(judged, Go(page, offer.Element));
        }
        if (offer.Element.Kind == ElementKind.Choice)
        {
            if (offer.Element.Checked) return Say(judged, Go(page, offer.Element));
            return Say(judged, new LoginStep.Choose(offer.Element.Id, offer.Element.Options.Count > 0 ? offer.Element.Options[0].Value : "true"), "takes " + offer.Label);
        }
        return Say(judged, new LoginStep.Click(offer.Element.Id, ClickPurpose.ChooseOption), "takes " + offer.Label);
    }

    /// <summary>Sends a choice that was made in a select or with a radio button.</summary>
    private static LoginStep Go(LoginPage page, ElementSnapshot chosen)
    {
        var at = page.PositionOf(chosen.Id);
        var buttons = page.Elements.Where(e => e.Visible && e.Enabled && e.Kind == ElementKind.Button && e.Id.Frame == chosen.Id.Frame && !Controls.IsHelper(e) && (chosen.Form < 0 || e.Form == chosen.Form)).ToList();
        var button = buttons.Find(b => page.PositionOf(b.Id) > at && Words.HasAny(Controls.Caption(b), WordList.Continue, WordList.Next, WordList.Confirm, WordList.SendCode, WordList.SignIn))
            ?? buttons.Find(b => page.PositionOf(b.Id) > at && b.Type == "submit") ?? buttons.Find(b => page.PositionOf(b.Id) > at) ?? buttons.FirstOrDefault();
        return button is null ? new LoginStep.Press(chosen.Id, "Enter", ClickPurpose.ChooseOption) : new LoginStep.Click(button.Id, ClickPurpose.ChooseOption);
    }
}
