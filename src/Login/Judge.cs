using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>What the page is taken for, with what the step needs to know about it.</summary>
internal sealed record Judgement(PageVerdict Verdict, IReadOnlyList<string> Why)
{
    public GroupReading? Group { get; init; }
    public string Message { get; init; } = "";
    public IReadOnlyList<Offer> Offers { get; init; } = [];
    public ElementSnapshot? Control { get; init; }
}

/// <summary>An option that a page offers: how it is named, and what to do to take it.</summary>
/// <param name="Value">Option value when <paramref name="Element"/> is a select; else null.</param>
internal sealed record Offer(string Id, string Label, ElementSnapshot Element, string? Value);

/// <summary>Decides what a page is, by comparing it with what was done before. Pure.</summary>
internal static class Judge
{
    private static readonly string[] CaptchaFrames = ["recaptcha/api2/bframe", "recaptcha/enterprise/bframe", "hcaptcha.com/captcha", "newassets.hcaptcha.com", "arkoselabs.com", "funcaptcha.com", "captcha-delivery.com", "geetest.com", "perimeterx.net", "px-cdn.net", "px-captcha", "awswaf.com", "friendlycaptcha"];
    private static readonly string[] CaptchaBoxes = ["recaptcha/api2/anchor", "recaptcha/enterprise/anchor", "challenges.cloudflare.com", "hcaptcha.com"];
    private static readonly string[] WallTitles = ["just a moment", "attention required", "access denied", "are you a robot", "security check", "pardon our interruption", "request unsuccessful", "bot verification", "human verification", "verifying you are human", "ddos protection"];

    public static Judgement Decide(LoginPage page, LoginProgress progress)
    {
        var snapshot = page.Snapshot;
        var login = page.LoginGroup;
        var code = page.CodeGroup;
        // Where the whole password was given before, the characters of a word are those of another one.
        var spelled = page.Groups.Find(g => g.Letters.Count > 0 && (g.Kind == GroupKind.Question || progress is { PasswordSent: true, SpelledPassword: false } || progress.CredentialSent && !progress.Slots.Contains(Slot.Password)));
        if (login == spelled) login = null;
        // What asks for an address and stood beside the form that was sent is for something else, whatever the words around it are now.
        if (login is { Password: null, Letters.Count: 0 } && progress.CredentialSent && Interstitials.IsBeside(login, progress)) login = null;
        var sent = progress.CredentialSent;
        var answers = SiteText.Answers(page, progress);

        if (HttpAuthentication(page, progress) is { } http) return http;
        if (snapshot.NavigationError is { } error)
            return new(PageVerdict.SiteDown, [$"navigation failed: {error}"]) { Message = $"The site could not be reached ({error})." };
        if (snapshot.StatusCode is >= 500 and < 600 && login is null && code is null)
        {
            if (snapshot.StatusCode == 503 && IsWall(page) is { } wall503) return new(PageVerdict.BotWall, [wall503]) { Message = Sentence(page, wall503) };
            return new(PageVerdict.SiteDown, [$"HTTP status {snapshot.StatusCode}"]) { Message = $"The site answers with HTTP status {snapshot.StatusCode}." + Suffix(Maintenance(page) ?? Sentence(page, "")) };
        }
        // The answer to what was sent, where it is not the page's document: a frame or a call that broke, with words for it.
        if (sent && login is null && code is null && progress.LastStep is not LoginStep.GoTo && snapshot.Requests.LastOrDefault(r => r.Method is "POST" or "PUT" or "PATCH") is { Status: >= 500 and < 600 } broken && (Maintenance(page) ?? (broken.IsDocument ? Sentence(page, "") : null)) is { } closed)
            return new(PageVerdict.SiteDown, [$"what was sent was answered with HTTP status {broken.Status}"]) { Message = $"The site answers with HTTP status {broken.Status}." + Suffix(closed) };
        if (IsWall(page) is { } wall && (login is null || FramedProof(page) && !progress.PasswordSent || login.Fields.TrueForAll(f => f.Element.Covered)) && code is null)
            return new(PageVerdict.BotWall, [wall]) { Message = Sentence(page, wall) };

        if (Overridden.Refusal(page, progress) is { } refused)
            return new(PageVerdict.Rejected, [refused.Why + ": " + refused.Text]) { Group = login, Message = refused.Text };
        if ((sent || login is null && code is null) && Overridden.SignedIn(page, progress) is { } proof)
            return new(PageVerdict.Connected, [proof]);
        if (Overridden.SignIn(page, progress) is { } named)
            return new(PageVerdict.Home, ["override selectors.sign_in: " + Controls.Caption(named)]) { Control = named };

        var lastPassword = progress.Submissions.FindLast(s => s.Kind is SubmissionKind.Password or SubmissionKind.Identifier);
        var signOut = sent && progress.SignOutSeenBefore ? null : SignOut(page, shown: sent && progress.SignOutHiddenBefore);

        // Locked: only as an answer to something sent, or where nothing can be typed.
        if ((signOut is null || login is not null) && SiteText.Locked(answers) is { } locked && (sent || login is null && code is null) && (code is null || Words.Has(WordList.Locked, locked)))
        {
            var lockedOut = Words.Has(WordList.Locked, locked) || login is null;
            if (lockedOut && sent) return new(PageVerdict.Locked, ["words of a lock: " + locked]) { Message = locked };
            if (sent && Words.Has(WordList.TooMany, locked)) return new(PageVerdict.Locked, ["too many attempts: " + locked]) { Message = locked };
        }
        if (LockStatus(page, progress) is { } status && signOut is null && (login is null || progress.Submissions.Exists(s => s.State == login.State)))
            return new(PageVerdict.Locked, [$"the sign-in was answered with HTTP status {status}"]) { Message = LockMessage(page, progress, login, answers, status) };

        if (OtherWays.ToPassword(page, progress, login) is { } instead) return new(PageVerdict.Interstitial, ["the password, which is at hand, instead of another way: " + Controls.Caption(instead)]) { Control = instead };

        if (code is null && progress.SinceStep < PasskeyPatience && OtherWays.AwaitsPasskey(page, progress, login)) return new(PageVerdict.Working, ["the page waits for a passkey; the way around it may be drawn late"]);

        if (code is not null && (sent || login is null || code.Score > login.Score + 6))
        {
            if (!(login is { Password: not null } && login.Index != code.Index && !sent))
                return new(PageVerdict.Code, [.. code.Codes.SelectMany(c => c.Why).Where(w => w.Name.StartsWith("Code", StringComparison.Ordinal)).Select(w => w.ToString()).Distinct()]) { Group = code };
        }

        // The form is back and asks for a code beside the credentials.
        if (login is { Codes.Count: > 0 } && progress.PasswordSent && progress.LastStep is not LoginStep.GoTo
            && (SiteText.Refusal(answers) is not { } said || Words.HasAny(said, WordList.Code, WordList.Verification) || progress.Submissions[^1].Kind is SubmissionKind.Totp or SubmissionKind.Answer))
            return new(PageVerdict.Code, ["the form is back with a field for a code"]) { Group = login };

        if (page.Groups.Find(g => g.Kind == GroupKind.PasswordChange && g.Fields.Exists(f => f.Role == FieldRole.NewPassword)) is { } change && sent && signOut is not { Landmark: "header" or "nav" } && login is null)
        {
            // Just skipped: a page that is left by a script stands for a moment longer.
            if (Skip(page) is { } skipped && progress.Tried.Contains(page.OutlineOf(skipped)) && progress.LastStep is LoginStep.Click { Purpose: ClickPurpose.PassInterstitial } && progress.SinceStep < SkipPatience) return new(PageVerdict.Working, ["the proposal was skipped; the page has not gone on yet"]);
            if (Skip(page) is { } skip && !progress.Tried.Contains(page.OutlineOf(skip))) return new(PageVerdict.Interstitial, ["a new password is proposed and may be skipped"]) { Control = skip };
            return new(PageVerdict.PasswordChange, ["a form for a new password after the sign-in"]) { Group = change, Message = SiteText.Cut(SiteText.Prompt(page, [.. change.Fields.Select(f => f.Element)], progress), 300) };
        }

        if (login is null && code is null && progress.Submissions is [.., { Kind: SubmissionKind.Identifier }] && NextField(page, progress) is { } further) return new(PageVerdict.Login, ["a further field of the same sign-in"]) { Group = further };

        if (sent && spelled is not null) return new(PageVerdict.SecurityQuestion, [$"{spelled.Letters.Count} characters of a word by their places"]) { Group = spelled };
        if (sent && page.Of(GroupKind.Question) is { } question)
            return new(PageVerdict.SecurityQuestion, [.. question.Questions.SelectMany(q => q.Why).Select(w => w.ToString()).Distinct(), question.Questions.Count == 1 ? "a question and one field" : "a question for each field"]) { Group = question };

        if (sent && login is null && Choices.Methods(page) is { Count: >= 2 } methods && !progress.Tried.Contains("method " + page.Path))
            return new(PageVerdict.MethodChoice, [$"{methods.Count} ways to verify are offered"]) { Offers = methods };

        if (sent && code is null && signOut is null && progress.Asked.Count > 0 && progress.Asked[^1].Type == "push_approval" && Denial(page, progress, answers) is { } denial)
            return new(PageVerdict.Denied, ["words of a denial: " + denial]) { Message = denial };

        // Nobody answered on the other device: what the page offers now is to begin anew.
        if (sent && login is null && code is null && signOut is null && progress.Asked is [.., { Type: "push_approval" }] && GaveUp(page, progress) is { } over)
            return new(PageVerdict.Push, ["the site gave up waiting: " + over]);

        if (sent && login is null && code is null && SendsCode(page, progress, signOut) is { } sender)
            return new(PageVerdict.Code, ["a code is sent only when asked for"]) { Control = sender };

        if (sent && login is null && code is null && IsPush(page, signOut) is { } push)
            return new(PageVerdict.Push, ["the page waits for an approval: " + SiteText.Cut(push.Text, 80)]) { Control = push };

        if (sent && login is null && (signOut is null || !MovedOn(progress)) && Choices.Accounts(page, afterSignIn: true) is { Count: >= 2 } accounts)
            return new(PageVerdict.AccountChoice, [$"{accounts.Count} accounts to choose from"]) { Offers = accounts };

        // The site's words about a sign-in elsewhere are no word of the provider's about the password.
        var elsewhere = progress.Provider is { } provider && login is not null && !provider.Owns(snapshot.Frames[login.Frame].Url);
        if (login is not null && AskedAgain(page, progress, login, signOut, answers) is { } inside) return inside;
        if (login is not null && lastPassword is not null && !elsewhere)
        {
            if (Rejected(page, progress, login, answers) is { } rejected) return rejected;
        }

        if (sent && Interstitials.Find(page, progress, strict: true) is { } offer) return offer;

        if (sent && login is null && code is null && signOut is null && Finished(page, progress) && Choices.ByShape(page, progress) is { Count: >= 2 } shaped)
            return Choices.AreMethods(shaped)
                ? new(PageVerdict.MethodChoice, [$"{shaped.Count} ways to verify and nothing else"]) { Offers = shaped }
                : new(PageVerdict.AccountChoice, [$"{shaped.Count} things to choose from and nothing else"]) { Offers = shaped };

        if (sent && login is null && code is null && progress.SinceStep < BusyLimit && Interstitials.IsPending(page)) return new(PageVerdict.Working, ["buttons that are not alive yet"]);

        if (sent && login is null && code is null && signOut is null && Finished(page, progress) && Interstitials.Declinable(page, progress) is { } declinable) return declinable;

        // To be signed in with the provider is half of the way.
        var atProvider = progress.Provider?.Owns(snapshot.Url) == true;
        if (login is null && code is null && !atProvider && Connected(page, progress, signOut, answers) is { } connected) return connected;

        if (login is not null)
        {
            if (progress.SecondLookAt is not null && progress.LastStep is LoginStep.GoTo)
                return new(PageVerdict.Unknown, ["the second look shows a way to sign in"]) { Message = "After the sign-in the site's start page still offers to sign in." };
            if (login.HasCaptcha || CaptchaBox(page) is not null && login.Password is not null)
            {
                if (login.HasCaptcha || CaptchaBox(page)!.Contains("recaptcha", StringComparison.Ordinal) || progress.PasswordSent)
                    return new(PageVerdict.BotWall, ["a captcha stands in the sign-in form"]) { Message = "The site asks for a captcha before it lets anyone sign in." };
            }
            if (!sent && Choices.Organisations(page, login) is { Count: >= 2 } organisations && login.Score < 4) return new(PageVerdict.OrganisationChoice, ["organisations to choose from"]) { Offers = organisations };
            return new(PageVerdict.Login, [.. login.Why.Select(w => w.ToString())]) { Group = login };
        }

        if (sent && Interstitials.Find(page, progress, strict: false) is { } loose) return loose;
        if (!Finished(page, progress)) return new(PageVerdict.Working, ["the page is still at work"]);
        if (!sent && code is null && progress.Provider is null && ProviderPages.OtherAccount(page, progress) is { } other) return new(PageVerdict.Home, ["accounts that the site remembers; the user's may not be among them: " + Controls.Caption(other)]) { Control = other };
        if (!sent && Choices.Organisations(page, null) is { Count: >= 2 } early) return new(PageVerdict.OrganisationChoice, [$"{early.Count} organisations to choose from"]) { Offers = early };
        if (Reaching.SignInControl(page, progress) is { } way) return new(PageVerdict.Home, [$"a way to sign in: {Controls.Caption(way)}", new Signal("sign-in control", Controls.SignInScore(way)).ToString()]) { Control = way };
        if (!sent && page.Snapshot.Frames[0].ReadyState == "complete" && IsBlank(page) && progress.SinceStep > BlankPatience) return new(PageVerdict.SiteDown, ["a blank page"]) { Message = "The site answers with a blank page." };
        if (!sent && Maintenance(page) is { } maintenance) return new(PageVerdict.SiteDown, ["words of maintenance"]) { Message = maintenance };
        return new(PageVerdict.Unknown, ["nothing on the page says what it is"]) { Message = Sentence(page, "") };
    }

    private static string Suffix(string text) => text.Length > 0 ? " " + text : "";

    /// <summary>
    /// Chromium shows no page when a server demands Basic or Digest credentials. After they were given, the answer of the same origin tells: the protected document is the
    /// proof, a further 401 the refusal.
    /// </summary>
    private static Judgement? HttpAuthentication(LoginPage page, LoginProgress progress)
    {
        var snapshot = page.Snapshot;
        var given = progress.Submissions.Exists(s => s.State == LoginProgress.HttpState(snapshot.Url));
        if (!given) return snapshot is { StatusCode: 401, NavigationError: "net::ERR_INVALID_AUTH_CREDENTIALS" } ? new(PageVerdict.HttpAuthentication, ["the server asks for Basic or Digest credentials"]) : null;
        if (snapshot.StatusCode == 401 && progress.LastStep is LoginStep.Authenticate)
            return new(PageVerdict.Rejected, ["the credentials were given", "HTTP status 401 again"]) { Message = Sentence(page, "The site refused user name or password (HTTP status 401).") };
        if (progress.LastStep is LoginStep.Authenticate && snapshot is { StatusCode: >= 200 and < 300, NavigationError: null } && Finished(page, progress) && page.LoginGroup is null && page.CodeGroup is null && !AsksForMore(page))
            return new(PageVerdict.Connected, ["the document that was refused without credentials is given with them"]);
        return null;
    }

    /// <summary>True when nothing suggests that the page will go on by itself.</summary>
    public static bool Finished(LoginPage page, LoginProgress progress) =>
        page.Snapshot.Frames.Any(f => f.Busy && f.Visible) ? progress.SinceStep > BusyLimit
        : progress.SinceStep > UnsettledLimit || page.Snapshot is { Settled: true, RequestsInFlight: 0 } && !page.Snapshot.Frames[0].Refreshes;

    /// <summary>Some pages keep a spinner for good, or a request open for news.</summary>
    private static readonly TimeSpan BusyLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PasskeyPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SkipPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan UnsettledLimit = TimeSpan.FromSeconds(3);

    private static Judgement? Rejected(LoginPage page, LoginProgress progress, GroupReading login, List<Saying> answers)
    {
        var last = progress.Submissions[^1];
        var again = progress.Submissions.Exists(s => s.State == login.State);
        // A first step that was refused stays where it was; a password form behind it is the next step.
        if (!again && last.Kind == SubmissionKind.Identifier && login.Password is not null && SiteText.Refusal(answers) is null) return null;
        // Once a second proof was asked for, the password had been right: only words about user name or password take that back.
        var proven = last.Kind is SubmissionKind.Totp or SubmissionKind.Answer || progress.Asked.Exists(c => c.Type is "mfa" or "push_approval" or "security_question");
        if (proven && (SiteText.Refusal(answers) is not { } about || !Words.HasAny(about, WordList.Password, WordList.UserName, WordList.Email) || Words.HasAny(about, WordList.Code, WordList.Verification))) return null;
        // A second look is no submission: what stands there is not an answer.
        if (progress.LastStep is LoginStep.GoTo) return null;
        // The site's own machines failed: nobody looked at what was sent.
        if (Broken.Explains(SiteText.Refusal(answers) ?? "", answers)) return null;
        if (SiteText.Refusal(answers) is { } refusal)
        {
            if (Words.Has(WordList.Expired, refusal) && !Words.HasAny(refusal, WordList.Password, WordList.UserName, WordList.Email)) return null;
            return new(PageVerdict.Rejected, ["the form is back", "words of refusal: " + refusal]) { Group = login, Message = refusal };
        }
        if (!again) return null;
        var status = page.Snapshot.Requests.LastOrDefault(r => r.Status is 401 or 403 or 422 or 400 && r.Method is "POST" or "PUT" or "PATCH") ?? RefusedAsking(page, progress);
        if (status is not null && last.Kind == SubmissionKind.Password)
        {
            if (answers.Exists(a => a.IsAlert && (Stale.Says(a.Text) || Words.Has(WordList.Captcha, a.Text)))) return null;
            var words = SiteText.AlertAt(page, progress, login) ?? SiteText.AnyAlert(answers, alertsOnly: true) ?? SiteText.AnyAlert(answers, alertsOnly: false);
            // The sentence of a call's answer may be drawn a moment after it.
            if (words is null && progress.SinceStep < TimeSpan.FromSeconds(2.5)) return null;
            return new(PageVerdict.Rejected, ["the form is back", $"its call was answered with HTTP status {status.Status}"]) { Group = login, Message = words ?? $"The site refused the sign-in (HTTP status {status.Status})." };
        }
        if (last.Kind == SubmissionKind.Password && Finished(page, progress) && SiteText.AlertAt(page, progress, login) is { } alert)
            return new(PageVerdict.Rejected, ["the form is back", "with an alert of its own: " + alert]) { Group = login, Message = alert };
        if (last.Kind == SubmissionKind.Password && Finished(page, progress) && RefusingAddress(page, progress) is { } sign && !answers.Exists(a => Stale.Says(a.Text) || Words.HasAny(a.Text, WordList.TryLater, WordList.Maintenance, WordList.Captcha)))
            return new(PageVerdict.Rejected, ["the form is back", "its address gained the word " + sign]) { Group = login, Message = SiteText.AnyAlert(answers, alertsOnly: true) ?? $"The site refused the sign-in: it came back with “{sign}” in its address and no sentence." };
        if (last.Kind == SubmissionKind.Password && Finished(page, progress) && progress.SinceStep > TimeSpan.FromSeconds(1) && SiteText.PlainAt(page, progress, login) is { } plain)
            return new(PageVerdict.Rejected, ["the form is back", "it kept the user name and lost the password", "a sentence that was not there: " + plain]) { Group = login, Message = plain };
        if (login.Fields.Find(f => f.Element is { NativeValidity: true, HasValue: true, ValidityMessage.Length: > 0 } && f.Role is FieldRole.Identifier or FieldRole.Password) is { } unfit && page.Snapshot.Requests.Count == 0 && Finished(page, progress))
            return new(PageVerdict.Rejected, ["the form does not take the value of a field"]) { Group = login, Message = SiteText.Cut(unfit.Element.ValidityMessage, 300) };
        return null;
    }

    /// <summary>
    /// The call of a page's script that only asks, and was refused: credentials may travel in a header of it. Only where nothing was posted, and where the same call had not been refused
    /// before anything was sent, as that of a page that looks whether somebody is signed in.
    /// </summary>
    private static RequestSnapshot? RefusedAsking(LoginPage page, LoginProgress progress)
    {
        var calls = page.Snapshot.Requests.Where(r => r.Type is "xhr" or "fetch").ToList();
        if (progress.LastStep is LoginStep.GoTo || page.Snapshot.Frames[0].Document != progress.Before?.Frames[0].Document || calls.Exists(r => r.Method is "POST" or "PUT" or "PATCH")) return null;
        return calls.FindLast(r => r.Status is 401 or 403 && !progress.Before.Requests.Any(b => b.Path == r.Path && b.Origin == r.Origin && b.Status is 401 or 403));
    }

    /// <summary>
    /// Signed in, and the page wants the password once more before it shows something of its own. The page offers to sign out, and the one before it did not; the form does not ask who it
    /// is, and nothing says that anything was refused. The password is not given again.
    /// </summary>
    private static Judgement? AskedAgain(LoginPage page, LoginProgress progress, GroupReading login, ElementSnapshot? signOut, List<Saying> answers)
    {
        if (login is not { Kind: GroupKind.Reauth } || signOut is null || !progress.PasswordSent || progress.LastStep is LoginStep.GoTo || Controls.SignOutScore(signOut) < 5) return null;
        if (progress.Before is not { } before || SignOut(LoginPage.Read(before)) is not null || SiteText.Refusal(answers) is not null || RefusingAddress(page, progress) is not null || login.Fields.Exists(f => f.Element.Invalid)) return null;
        if (page.Snapshot.StatusCode is >= 400 || page.Snapshot.Requests.Any(r => r.Method is "POST" or "PUT" or "PATCH" && r.Status is >= 400) || !Finished(page, progress) || SpeaksOfCode(page) && LoginEngine.SendCodeControl(page, null) is not null) return null;
        return new(PageVerdict.Connected, ["sign-out control: " + Controls.Caption(signOut), "it was not there before", "the page asks for the password of a user who is signed in"]);
    }

    /// <summary>
    /// The word of refusal in the address (path, query or fragment) that was not there when the form was sent, or null. A word for an expired session, a forged form or a
    /// broken server says nothing about the credentials.
    /// </summary>
    internal static string? RefusingAddress(LoginPage page, LoginProgress progress)
    {
        var before = progress.Before is { } b ? AddressWords(b.Url) : [];
        var gained = AddressWords(page.Snapshot.Url).Except(before).ToList();
        if (gained.Exists(w => Controls.HrefSays(w, NoRefusals))) return null;
        return gained.Find(w => Array.Exists(RefusalWords, r => w == r || r.Length > 5 && w.Contains(r, StringComparison.Ordinal)));
    }

    private static readonly string[] RefusalWords = ["error", "err", "failed", "failure", "fail", "invalid", "incorrect", "denied", "badcredentials", "wrong", "unauthorized", "unauthorised", "login_error", "loginerror", "fehler", "erreur", "errore", "authfailed"];
    private static readonly string[] NoRefusals = ["expir", "timeout", "timed", "session", "csrf", "token", "captcha", "robot", "unavailable", "maintenance", "server", "internal", "network", "cookie", "consent", "logout", "loggedout", "require", "needed"];

    /// <summary>The words of an address after its host. What stands in a return address is not the site's answer.</summary>
    private static HashSet<string> AddressWords(Uri url)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach (var segment in url.AbsolutePath.Split('/')) Add(segment);
        foreach (var part in (url.Query + "&" + url.Fragment).Split('?', '&', '#', ';'))
        {
            var (name, value) = part.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at ? (part[..at], part[(at + 1)..]) : (part, "");
            // error=0 and error=false are no errors.
            if (value is "0" or "false" or "none" or "no") continue;
            if (value.Length > 40 || value.Contains("%2f", StringComparison.OrdinalIgnoreCase) || value.Contains('/', StringComparison.Ordinal)) continue;
            Add(name);
            Add(value);
        }
        return words;

        void Add(string text)
        {
            var word = text.ToLowerInvariant();
            if (word.Length is > 2 and <= 40) words.Add(word);
            foreach (var piece in word.Split('-', '_', '.', '+', '%'))
                if (piece.Length > 2) words.Add(piece);
        }
    }

    /// <summary>The status with which a site says that an account is locked (RFC 4918: 423) or was tried too often (RFC 6585: 429), when it answered what was sent.</summary>
    private static int? LockStatus(LoginPage page, LoginProgress progress)
    {
        if (!progress.CredentialSent || progress.LastStep is LoginStep.GoTo) return null;
        if (page.Snapshot.StatusCode is 423 or 429 && page.LoginGroup is null) return page.Snapshot.StatusCode;
        return page.Snapshot.Requests.LastOrDefault(r => r.Method is "POST" or "PUT" or "PATCH" && r.Status is not null) is { Status: 423 or 429 } call ? call.Status : null;
    }

    private static string LockMessage(LoginPage page, LoginProgress progress, GroupReading? login, List<Saying> answers, int status)
    {
        var otherwise = status == 423 ? "The site says that the account is locked (HTTP status 423)." : "The site says that there were too many attempts (HTTP status 429).";
        if (SiteText.Locked(answers) is { } said) return said;
        if (login is not null) return SiteText.AlertAt(page, progress, login) ?? SiteText.AnyAlert(answers, alertsOnly: true) ?? SiteText.AnyAlert(answers, alertsOnly: false) ?? otherwise;
        return Sentence(page, otherwise);
    }

    /// <summary>
    /// The button that has a code sent, on a page that has no field for it yet. Where the site offers to sign out as well, the page has to say that it wants a code: a
    /// signed-in page may have such buttons for other things.
    /// </summary>
    private static ElementSnapshot? SendsCode(LoginPage page, LoginProgress progress, ElementSnapshot? signOut)
    {
        if (LoginEngine.SendCodeControl(page, null) is not { Kind: ElementKind.Button } sender || progress.Tried.Contains(page.OutlineOf(sender))) return null;
        if (signOut is null && Words.Has(WordList.SendCode, Controls.Caption(sender))) return sender;
        return IsShort(page) && SpeaksOfCode(page) ? sender : null;
    }

    /// <summary>
    /// The form of one field that follows a user name and takes what the credential holds for it: a company, a membership number. Null when there is none. It holds no password, so nothing
    /// that is known to be secret goes there.
    /// </summary>
    private static GroupReading? NextField(LoginPage page, LoginProgress progress)
    {
        foreach (var group in page.Groups)
        {
            // A form around the whole page holds the site's search as well.
            if (group.Kind is not (GroupKind.Other or GroupKind.Question) || group.Fields.FindAll(f => f.Role != FieldRole.Search) is not [{ IsText: true } field] || !field.Element.Visible || group.Submit is not { } submit || progress.Submissions.Exists(s => s.State == group.State)) continue;
            if (field.Element.Landmark is "header" or "nav" or "footer" or "search" || field.Role is FieldRole.Search or FieldRole.Captcha || !Words.HasAny(Controls.Caption(submit), WordList.Next, WordList.Continue, WordList.SignIn, WordList.Confirm)) continue;
            if (SourceFields.Match(field.Words + " " + string.Join(' ', field.Tokens), progress.Slots) is null) continue;
            // A reading of its own: before a user name was sent the same form is none of a sign-in's.
            var asked = new FieldReading(field.Element) { Role = FieldRole.Extra };
            var further = new GroupReading { Index = group.Index, Frame = group.Frame, Form = group.Form, Dialog = group.Dialog, Fields = [asked], Hidden = group.Hidden, Buttons = group.Buttons, Choices = group.Choices, Selects = group.Selects, Around = group.Around, Kind = GroupKind.Identifier, State = group.State, Submit = submit };
            further.Extras.Add(asked);
            return further;
        }
        return null;
    }

    private static bool IsShort(LoginPage page) => page.Elements.Count(e => e.Visible) < 60;

    private static bool SpeaksOfCode(LoginPage page) =>
        page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Alert && e.Landmark is not ("nav" or "footer") && e.Text.Length < 250 && Words.HasAny(e.Text, WordList.Code, WordList.Verification, WordList.AuthenticatorApp));

    /// <summary>A short page that still wants a proof: it speaks of a code and has one sent, or its heading is about verification.</summary>
    private static bool AsksForMore(LoginPage page) =>
        IsShort(page) && (SpeaksOfCode(page) && LoginEngine.SendCodeControl(page, null) is not null
            || page.Elements.Any(e => e.Visible && e.Kind == ElementKind.Heading && Words.HasAny(e.Text, WordList.Verification, WordList.ChooseMethod, WordList.SecurityQuestion)));

    /// <summary>A heading or an alert that a page for somebody who is signed in does not have: such a page proves nothing by what it lacks.</summary>
    private static bool SpeaksOfTrouble(LoginPage page) =>
        page.Elements.Any(e => e.Visible && (e.Kind is ElementKind.Heading or ElementKind.Alert || e.Kind == ElementKind.Text && IsShort(page)) && e.Landmark is not ("nav" or "footer") && e.Text.Length is > 0 and < 250
            && (Words.HasAny(e.Text, WordList.Wrong, WordList.Locked, WordList.TooMany, WordList.TryLater, WordList.Maintenance, WordList.Captcha)
                // A bill may have expired as well.
                || Words.Has(WordList.Expired, e.Text) && (e.Kind != ElementKind.Text || Stale.SpeaksOfIt(e.Text) || Words.HasAny(e.Text, WordList.Password, WordList.Code))));

    /// <summary>
    /// A short page that waits to be answered: its own buttons go on or stay away, or send a form that has nothing to fill in. Whatever it is about, it is not where the sign-in ends.
    /// </summary>
    private static bool IsStep(LoginPage page, LoginProgress progress)
    {
        if (!IsShort(page)) return false;
        var beside = page.Groups.Where(g => Interstitials.IsBeside(g, progress)).ToList();
        var buttons = page.Elements.Where(e => e is { Visible: true, Enabled: true, Kind: ElementKind.Button } && e.Landmark is not ("nav" or "footer" or "header" or "search") && Controls.Caption(e) is { Length: > 0 and < 40 } && !Interstitials.IsBeside(e, beside, progress)).ToList();
        // What may be left out stays a question, with a field to fill in as without one.
        return buttons.Exists(b => Words.Has(WordList.NotNow, Controls.Caption(b)))
            || buttons.Exists(b => Words.HasAny(Controls.Caption(b), WordList.Cancel, WordList.Continue, WordList.Next, WordList.Confirm) && !page.Groups.Exists(g => g.Buttons.Contains(b) && g.Fields.Exists(f => f.Element.Visible)))
            || buttons.Exists(b => b is { Type: "submit", Form: >= 0 } && Controls.SignOutScore(b) == 0 && !page.Groups.Exists(g => g.Form == b.Form && g.Fields.Exists(f => f.Element.Visible)));
    }

    /// <summary>What the site says when the user refused on the other device, or null: new since the question was put.</summary>
    private static string? Denial(LoginPage page, LoginProgress progress, List<Saying> answers)
    {
        var asked = progress.Asked[^1].Message;
        foreach (var text in answers.Select(a => a.Text).Concat(page.Elements.Where(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Alert && e.Landmark is not ("nav" or "footer")).Select(e => SiteText.Clean(e.Text))))
            if (text.Length is > 3 and < 250 && !asked.Contains(text, StringComparison.Ordinal) && Words.Has(WordList.Denied, text)) return SiteText.Cut(text, 300);
        return null;
    }

    /// <summary>What the site says when nobody answered on the other device in time, or null: an alert that is new since the question was put, of something that ran out or with an offer to ask once more.</summary>
    internal static string? GaveUp(LoginPage page, LoginProgress progress)
    {
        var asked = progress.Asked[^1].Message;
        var control = LoginEngine.SendCodeControl(page, null);
        var again = control is not null && progress.Before is { } before && !LoginPage.Read(before).Texts.Contains(control.Text);
        foreach (var e in page.Elements.Where(e => e.Visible && e.Kind is ElementKind.Alert or ElementKind.Text && e.Landmark is not ("nav" or "footer" or "header") && e.Text.Length is > 8 and < 250))
        {
            var text = SiteText.Clean(e.Text);
            var above = again && e.Id.Frame == control!.Id.Frame && e.Dialog == control.Dialog && page.PositionOf(control.Id) - page.PositionOf(e.Id) is > 0 and < 8;
            if (!asked.Contains(text, StringComparison.Ordinal) && (Words.Has(WordList.Expired, text) || above)) return SiteText.Cut(text, 300);
        }
        return null;
    }

    /// <param name="shown">Only one that is shown: a page may hold it from the beginning.</param>
    internal static ElementSnapshot? SignOut(LoginPage page, bool shown = false)
    {
        ElementSnapshot? best = null;
        var score = 2.9;
        foreach (var e in page.Elements)
        {
            var points = shown && !e.Visible ? 0 : Controls.SignOutScore(e);
            if (points > score) { score = points; best = e; }
        }
        return best;
    }

    private static bool MovedOn(LoginProgress progress) => progress.Submissions.Count > 0;

    private static Judgement? Connected(LoginPage page, LoginProgress progress, ElementSnapshot? signOut, List<Saying> answers)
    {
        var snapshot = page.Snapshot;
        var signals = new List<Signal>();
        var signIn = page.Elements.Where(e => e.Visible).Select(e => (Element: e, Score: Controls.SignInScore(e))).Where(s => s.Score >= 5 && !Words.Has(WordList.SignOut, Controls.Caption(s.Element))).Select(s => s.Element).FirstOrDefault();
        if (signOut is not null) signals.Add(new("sign-out control: " + Controls.Caption(signOut), Math.Min(8, Controls.SignOutScore(signOut) + 2)));
        if (signIn is not null) signals.Add(new("sign-in control: " + Controls.Caption(signIn), -6));
        if (page.Groups.Exists(SignsUp)) signals.Add(new("a sign-up form", -3));
        if (!progress.CredentialSent)
        {
            // Signed in already, from a saved state: only a sign-out control tells, and only one that says so; an address alone may be the way out of one part of the site.
            return signOut is { Visible: true } && signIn is null && Controls.SignOutScore(signOut) >= 5 && (Controls.Caption(signOut).Length == 0 || Words.Has(WordList.SignOut, Controls.Caption(signOut))) && signals.Sum(s => s.Points) >= 5 && !AsksForMore(page) ? new(PageVerdict.Connected, [.. signals.Select(s => s.ToString())]) : null;
        }
        // A user name alone signs nobody in who has a password: only a control that ends a session would tell otherwise.
        if (signOut is null && progress.Slots.Contains(Slot.Password) && progress.Submissions.TrueForAll(s => s.Kind == SubmissionKind.Identifier)) return null;
        var before = progress.Before is { } b ? LoginPage.Read(b) : null;
        if (progress.SecondLookAt is not null && progress.LastStep is LoginStep.GoTo)
        {
            // The second look: the start page, asked for again, shows no way to sign in and did not send us back to the login.
            if (signOut is not null && signals.Sum(s => s.Points) >= 3 && !AsksForMore(page)) return new(PageVerdict.Connected, [.. signals.Select(s => s.ToString()), "second look"]);
            if (!Finished(page, progress)) return null;
            // By a learned path nobody has seen the start page before: it cannot be told apart from what it always shows.
            if (progress is { Learned: not null, Overrides.CheckUrl: null, StartTexts.IsEmpty: true })
                return new(PageVerdict.Unknown, [.. signals.Select(s => s.ToString()), "the start page was not seen before"]) { Message = "Whether the sign-in succeeded could not be told. The next one looks at the site anew." };
            // The page that was named is the proof only where it is shown: a site sends those whom it does not know elsewhere.
            if (progress.Overrides.CheckUrl is { } check && check.AbsolutePath != snapshot.Url.AbsolutePath)
                return new(PageVerdict.Unknown, [.. signals.Select(s => s.ToString()), "override check_url is not shown"]) { Message = "After the sign-in the site does not show the page that only somebody signed in gets to see." };
            // Texts that nobody saw before the sign-in: a page that looks as it did is no proof.
            if (signIn is null && !SpeaksOfTrouble(page) && !IsStep(page, progress) && (page.Texts.Except(progress.StartTexts).Any(t => t.Length > 2) || NoLongerOffersSignIn(page, progress)) && snapshot.StatusCode is null or (>= 200 and < 400) && (page.Elements.Count(e => e.Visible) > 3 || page.Elements.Any(e => e.Visible && Words.Has(WordList.Welcome, e.Text))) && !page.Groups.Exists(g => g.IsLogin || g.Kind is GroupKind.Code || SignsUp(g)))
                return new(PageVerdict.Connected, ["second look: the start page shows no way to sign in"]);
            return new(PageVerdict.Unknown, [.. signals.Select(s => s.ToString()), "the second look shows a way to sign in"]) { Message = "After the sign-in the site's start page still offers to sign in." };
        }
        if (page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text && e.Text.Length < 60 && Words.Has(WordList.Welcome, e.Text))) signals.Add(new("a greeting", 1.5));
        if (page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Link or ElementKind.Button && Words.Is(WordList.Account, Controls.Caption(e)) && before is not null && !before.Texts.Contains(e.Text))) signals.Add(new("an account menu that was not there before", 2.5));
        var submitted = progress.Submissions[^1];
        if (submitted.Path != snapshot.Url.AbsolutePath) signals.Add(new("the address left the sign-in", 1));
        if (snapshot.Cookies.Any(c => c is { HttpOnly: true, Changed: true })) signals.Add(new("a new session cookie", 1));
        if (snapshot.Requests.Any(r => r.Method is "POST" && r.Status is >= 200 and < 400)) signals.Add(new("the login call succeeded", 1));
        if (snapshot.Requests.Any(r => r.JsonKeys.Any(k => k is "access_token" or "accessToken" or "token" or "id_token" or "sessionToken" or "jwt"))) signals.Add(new("a token in an answer", 3));
        if (before is not null && snapshot.StorageKeys.Except(before.Snapshot.StorageKeys).Any(k => k.Contains("token", StringComparison.OrdinalIgnoreCase) || k.Contains("auth", StringComparison.OrdinalIgnoreCase) || k.Contains("user", StringComparison.OrdinalIgnoreCase))) signals.Add(new("a token in storage", 2));
        if (page.Groups.TrueForAll(g => g.Fields.TrueForAll(f => !f.IsPassword))) signals.Add(new("no password field is left", 1));
        if (answers.Exists(a => a.IsAlert && Words.Has(WordList.Wrong, a.Text))) signals.Add(new("words of refusal", -4));
        var sum = signals.Sum(s => s.Points);
        var why = signals.Select(s => s.ToString()).ToList();
        // Some sites offer to sign out as soon as the password is right, while they still ask for more.
        if (signOut is not null && sum >= 5 && signIn is null && !AsksForMore(page)) return new(PageVerdict.Connected, why);
        if (!Finished(page, progress)) return null;
        if (page.Elements.Count(e => e.Visible && e.Text.Length > 0) < 2) return null;
        if (IsStep(page, progress)) return null;
        // A page that still speaks of codes and verification is a step that was not understood, not the end. A step is short: what shows many things beside has its settings open.
        if (page.Elements.Count(e => e.Visible && e.Landmark is not ("nav" or "footer" or "header")) < 60 && page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Alert && e.Landmark is not ("nav" or "footer") && e.Text.Length < 250 && Words.HasAny(e.Text, WordList.Verification, WordList.Code, WordList.SecurityQuestion, WordList.ChooseMethod))) return null;
        var moved = signals.Exists(s => s.Points > 0 && (s.Name.StartsWith("the address", StringComparison.Ordinal) || s.Name.StartsWith("a new session", StringComparison.Ordinal) || s.Name.StartsWith("a token", StringComparison.Ordinal)));
        if ((sum >= 3 && moved || sum >= 1 && progress.SinceStep > TimeSpan.FromSeconds(6)) && signIn is null) return new(PageVerdict.PerhapsConnected, why);
        return null;
    }

    /// <summary>A form for new users, which somebody signed in is not offered. What registers something else asks for neither an address nor a password.</summary>
    private static bool SignsUp(GroupReading group) => group.Kind is GroupKind.SignUp && group.Fields.Exists(f => f.IsPassword || f.IsMailAddress);

    /// <summary>The start page as it was, but for its way to sign in: an icon has taken the place of the words. What is drawn late has had its time.</summary>
    private static bool NoLongerOffersSignIn(LoginPage page, LoginProgress progress) =>
        progress.SinceStep > TimeSpan.FromSeconds(1.2) && progress.StartTexts.Any(t => Words.Is(WordList.SignIn, t)) && !page.Elements.Any(e => Words.Has(WordList.SignIn, Controls.Caption(e)) && Controls.Caption(e).Length < 80)
        && progress.StartTexts.Count(page.Texts.Contains) is >= 3 and var kept && kept * 2 >= progress.StartTexts.Count;

    private static string? IsWall(LoginPage page)
    {
        var title = page.Snapshot.Title.ToLowerInvariant();
        foreach (var wall in WallTitles)
            if (title.Contains(wall, StringComparison.Ordinal) && page.Elements.Count < 80 && !page.Groups.Exists(g => g.IsLogin)) return $"the title of a bot wall: {wall}";
        foreach (var frame in page.Snapshot.Frames.Skip(1))
        {
            if (!frame.Visible || frame.Box.Width < 150 || frame.Box.Height < 100) continue;
            if (Controls.HrefSays(frame.Url.AbsoluteUri.ToLowerInvariant(), CaptchaFrames)) return "a captcha is shown";
        }
        if (FramedProof(page)) return "a captcha is shown";
        var few = page.Elements.Count < 60 && !page.Groups.Exists(g => g.IsLogin || g.Kind == GroupKind.Code || g.Letters.Count > 0);
        if (few && page.Elements.Any(e => e.Visible && e.Text.Length is > 0 and < 200 && Words.Has(WordList.Captcha, e.Text))) return "the page asks to prove that one is human";
        if (few && CaptchaBox(page) is not null) return "a captcha is shown";
        if (page.Snapshot.StatusCode is 403 or 429 && few && page.Snapshot.Frames.Count <= 2 && !page.Elements.Any(e => Controls.SignInScore(e) >= 5)) return $"HTTP status {page.Snapshot.StatusCode}";
        return null;
    }

    /// <summary>A frame of the page, of the size of a box to tick, asks to prove that one is human, whoever made it.</summary>
    private static bool FramedProof(LoginPage page)
    {
        for (var i = 1; i < page.Snapshot.Frames.Count; i++)
        {
            var frame = page.Snapshot.Frames[i];
            if (!frame.Visible || frame.Box.Width < 200 || frame.Box.Height is < 50 or > 700) continue;
            var own = page.Elements.Where(e => e.Id.Frame == i && e.Visible).ToList();
            if (own.Count is > 0 and < 20 && own.TrueForAll(e => e.Kind is not (ElementKind.Input or ElementKind.Select)) && own.Exists(e => (e.Text.Length > 0 ? e.Text : e.Name) is { Length: > 0 and < 200 } text && Words.Has(WordList.Captcha, text))) return true;
        }
        return false;
    }

    private static string? CaptchaBox(LoginPage page)
    {
        foreach (var frame in page.Snapshot.Frames.Skip(1))
        {
            var address = frame.Url.AbsoluteUri.ToLowerInvariant();
            if (!frame.Visible || frame.Box.Width < 200 || frame.Box.Height < 50 || !Controls.HrefSays(address, CaptchaBoxes)) continue;
            if (address.Contains("size=invisible", StringComparison.Ordinal)) continue;
            return address;
        }
        return null;
    }

    /// <summary>The sentence that asks for an approval elsewhere, or null.</summary>
    private static ElementSnapshot? IsPush(LoginPage page, ElementSnapshot? signOut)
    {
        var visible = page.Elements.Where(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Alert && e.Landmark is not ("nav" or "footer")).ToList();
        if (visible.Count > 60 && signOut is not null) return null;
        foreach (var e in visible)
        {
            if (e.Text.Length > 250 || !e.Visible) continue;
            if (Words.Has(WordList.Approve, e.Text) || Words.Has(WordList.Push, e.Text) && signOut is null) return e;
        }
        // It asks the server again and again whether it may go on, and speaks of a telephone.
        if (signOut is null && IsShort(page) && page.Snapshot.Requests.Where(r => r.Method == "GET").GroupBy(r => r.Path).Any(r => r.Count() >= 2)) return visible.Find(e => e.Text.Length <= 250 && Words.Has(WordList.Phone, e.Text));
        return null;
    }

    private static ElementSnapshot? Skip(LoginPage page) =>
        page.Elements.FirstOrDefault(e => e.Visible && e.Kind is ElementKind.Button or ElementKind.Link && Controls.Caption(e).Length < 40 && Words.Has(WordList.NotNow, Controls.Caption(e)));

    /// <summary>How long a page without anything may take to show something.</summary>
    private static readonly TimeSpan BlankPatience = TimeSpan.FromSeconds(6);

    private static bool IsBlank(LoginPage page) => page.Snapshot.Frames.Count == 1 && !page.Elements.Any(e => e.Visible) && page.Snapshot.RequestsInFlight == 0;

    internal static string? Maintenance(LoginPage page)
    {
        if (page.Elements.Count > 80) return null;
        var said = page.Elements.Where(e => e.Visible && e.Text.Length is > 0 and < 300 && Words.Has(WordList.Maintenance, e.Text)).Select(e => SiteText.Clean(e.Text)).ToList();
        // A heading names it; a sentence says how long.
        return said.Count == 0 ? null : SiteText.Cut(said.Find(t => t.Length > 30) ?? said[0], 300);
    }

    /// <summary>The first sentence of the page's content.</summary>
    private static string Sentence(LoginPage page, string otherwise)
    {
        var texts = page.Elements.Where(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Alert or ElementKind.Text && e.Landmark is not ("nav" or "footer" or "header") && e.Text.Length > 2).Take(3).Select(e => SiteText.Clean(e.Text)).ToList();
        return texts.Count == 0 ? otherwise : SiteText.Cut(string.Join(" ", texts), 300);
    }
}
