namespace Ostiary.Portals.Matrix;

/// <summary>Everything that may happen to whoever signs in.</summary>
internal static class Outcomes
{
    private const int WrongCodesUntilLock = 2;
    private const string Pet = "Biscuit", Town = "Larkhill", School = "Mill Lane";
    private const string MemorableWord = "lighthouse";
    private static readonly int[] WordPlaces = [2, 4, 7];
    private static readonly Choice[] Accounts = [new("4471", "Whitcombe household", "4471-A"), new("8820", "Larkspur Ltd", "8820-C"), new("9103", "Tidewater Pier", "9103-F")];

    public static IReadOnlyList<Outcome> All { get; } =
    [
        // Let in.
        In("in-signout", "the signed-in page offers to sign out", "signout"),
        In("in-avatar", "the signed-in page has a picture that opens a menu", "avatar"),
        In("in-name", "the signed-in page shows the user's name and nothing else", "name"),
        In("in-home", "back on the home page, whose header has changed", "home") with { FromHome = true },

        // Refused.
        Refused("no-alert", "words in an alert", Shown.Alert),
        Refused("no-inline", "words under the field", Shown.Inline, "wrong_inline"),
        Refused("no-toast", "words that vanish after a second and a half", Shown.Toast),
        Refused("no-unusual", "a plain sentence in unusual words; the password is gone, the name is kept", Shown.Plain, "wrong_unusual"),
        Refused("no-spinner", "words after two and a half seconds of a spinner", Shown.Alert) with { Thinking = TimeSpan.FromSeconds(2.5), Spins = true },
        Refused("no-status", "no word: the call is answered with 401", Shown.Status),
        Refused("no-address", "no word: the address says it", Shown.Address),

        // Nothing, or nothing that says anything.
        new("deaf", "the first click reaches nobody", "no effect") { AtDoor = (_, scene) => scene with { Deaf = true }, Promise = _ => Verified() },
        new("no-word", "the form comes back without a word", "unknown") { AtPassword = (_, _, _) => new Turn.Again(null), Promise = _ => Ends("unknown") },
        new("silent", "a page that thanks and says nothing", "unknown") { Steps = [Last("silent", m => new Scene("thanks", m.Say("silent")))], Promise = _ => Ends("unknown") },

        // Locked.
        new("locked-page", "a page that says that the account is locked", "locked") { AtPassword = (_, _, _) => new Turn.To("locked"), Steps = [Locked("locked")], Promise = _ => Ends("auth_locked") },
        new("locked-form", "the form is back and says that the account is locked", "locked") { AtPassword = (m, _, _) => new Turn.Again(new Saying(m.Say("locked"), Shown.Alert), 403), Promise = c => Ends("auth_locked", c.Say("locked")) },
        new("locked-time", "too many attempts: locked for some minutes", "locked") { AtPassword = (m, _, _) => new Turn.Again(new Saying(m.Say("locked_time"), Shown.Alert), 403), Promise = c => Ends("auth_locked", c.Say("locked_time")) },
        new("locked-status", "the call is answered with 423 and the page says nothing of use", "locked") { AtPassword = (_, _, _) => new Turn.Again(null, 423), Promise = _ => Ends("auth_locked") },
        new("locked-codes", "locked after wrong codes", "locked")
        {
            Steps = [Code("code_sms", "sms", Cell.Phone, lockAfter: WrongCodesUntilLock), Locked("code_locked")],
            Promise = c => new("auth_locked", null, [Ask(c, "code_sms", "000000"), Ask(c, "code_wrong", "111111")]),
        },

        // A new password.
        new("change", "a new password is demanded", "change") { Steps = [NewPassword("change_text", mayBeSkipped: false)], Promise = c => Ends("password_change_required", c.Say("change_text")) },
        new("change-offer", "a new password is proposed and may be skipped", "interstitial") { Steps = [NewPassword("change_offer", mayBeSkipped: true)], Promise = _ => Verified() },

        // Codes.
        new("code-sms", "a code by text message", "code") { Steps = [Code("code_sms", "sms", Cell.Phone)], Promise = c => Verified(Ask(c, "code_sms")) },
        new("code-mail", "a code by e-mail", "code") { Steps = [Code("code_mail", "email", Cell.Mailbox)], Promise = c => Verified(Ask(c, "code_mail")) },
        new("code-app", "an authenticator's code", "code") { Authenticator = true, Steps = [Code("code_app", "app", "")], Promise = c => Verified(Ask(c, "code_app")) },
        new("code-backup", "a backup code of letters and digits", "code") { Steps = [Code("code_backup", "backup", "")], Promise = c => Verified(Ask(c, "code_backup", Cell.Backup)) },
        new("code-unseen", "a code field that hides what is typed", "code") { Steps = [Code("code_sms", "sms", Cell.Phone, masked: true)], Promise = c => Verified(Ask(c, "code_sms")) },
        new("code-wrong", "a wrong code, then the right one", "code") { Steps = [Code("code_mail", "email", Cell.Mailbox)], Promise = c => Verified(Ask(c, "code_mail", "000000"), Ask(c, "code_wrong")) },
        new("code-resend", "beside the code a way to have another one sent", "code") { Steps = [Code("code_sms", "sms", Cell.Phone, resend: true)], Promise = c => Verified(Ask(c, "code_sms")) },
        new("code-trust", "beside the code a box that trusts this device", "code") { Steps = [Code("code_mail", "email", Cell.Mailbox, trust: true)], Promise = c => Verified(Ask(c, "code_mail")) },

        // Elsewhere.
        new("push", "approved on the telephone", "push") { Steps = [Push(0)], Promise = c => Verified(Tap(c, PushState.Approved)) },
        new("push-denied", "denied on the telephone", "push") { Steps = [Push(0), PushEnd("push_denied")], Promise = c => new("interaction_denied", c.Say("push_denied"), [Tap(c, PushState.Denied)]) },
        new("push-late", "nobody answers on the telephone, and the site gives up", "push") { Steps = [Push(3), PushEnd("push_timeout")], Promise = c => new("unknown", c.Say("push_timeout"), [Tap(c, PushState.Pending)]) },

        // Ways.
        Methods("radio"), Methods("list"), Methods("buttons"), Methods("select"),

        // Questions.
        new("question", "a security question", "question") { Steps = [Question("question_1", Pet)], Promise = c => Verified(Answer(c, "question_1", Pet)) },
        new("question-two", "two security questions, one after the other", "question") { Steps = [Question("question_1", Pet), Question("question_2", Town)], Promise = c => Verified(Answer(c, "question_1", Pet), Answer(c, "question_2", Town)) },
        new("question-wrong", "a wrong answer, then the right one", "question") { Steps = [Question("question_2", Town)], Promise = c => Verified(Answer(c, "question_2", "Nowhere"), Answer(c, "answer_wrong", Town)) },

        // Accounts.
        AccountsAs("accounts-list", "list", "account"), AccountsAs("accounts-radio", "radio", "account"), AccountsAs("accounts-select", "select", "account"), AccountsAs("organisations", "buttons", "org"),

        // Between the sign-in and the signed-in page.
        new("stay", "stay signed in?", "interstitial") { Steps = [Offer("stay", "yes", "no")], Promise = _ => Verified() },
        new("trust", "trust this browser?", "interstitial") { Steps = [Offer("trust", "yes", "no")], Promise = _ => Verified() },
        new("passkey", "a passkey is offered", "interstitial") { Steps = [Offer("passkey", null, "skip")], Promise = _ => Verified() },
        new("terms", "new terms are to be accepted", "interstitial") { Steps = [Offer("terms", "accept", null)], Promise = _ => Verified() },
        new("tour", "a tour is offered", "interstitial") { Steps = [Offer("tour", "tour_go", "tour_skip")], Promise = _ => Verified() },
        new("cookies", "a cookie wall lies over the page", "interstitial") { FromHome = true, AtDoor = (_, scene) => scene with { Wall = true }, Promise = _ => Verified() },

        // Down.
        new("down-503", "status 503", "down") { Instead = (c, _) => c.Style.Show(c, Closed(c), StatusCodes.Status503ServiceUnavailable), Promise = c => Ends("source_not_available", c.Say("down_text")) with { Passwords = 0 } },
        new("down-words", "maintenance with status 200", "down") { Instead = (c, _) => c.Style.Show(c, Closed(c), StatusCodes.Status200OK), Promise = _ => Ends("source_not_available") with { Passwords = 0 } },
        new("down-blank", "a blank page", "down") { Instead = (_, _) => Visit.Page(""), Promise = _ => Ends("source_not_available") with { Passwords = 0 } },
        new("down-reset", "the connection is cut", "down")
        {
            Instead = (_, visit) =>
            {
                visit.Http.Abort();
                return Results.Empty;
            },
            Promise = _ => Ends("source_not_available") with { Passwords = 0 },
        },

        // Walls.
        new("wall-frame", "a box to tick in the form proves that one is human", "wall") { AtDoor = (_, scene) => scene with { Widget = "captcha" }, AtPassword = Unproven, Promise = _ => Ends("source_blocked") with { Passwords = 0 } },
        new("wall-picture", "characters in a picture are to be typed", "wall")
        {
            AtDoor = (m, scene) => scene with { Widget = "picture", Entries = [.. scene.Entries, new Entry("captcha", "captcha", m.Say("captcha"))] },
            AtPassword = Unproven,
            Promise = _ => Ends("source_blocked") with { Passwords = 0 },
        },
        new("wall-page", "a page that wants a proof before any other", "wall") { Instead = (c, _) => c.Style.Show(c, new Scene("wall", c.Say("wall_title")) { Text = [c.Say("wall_text")], Widget = "captcha" }, StatusCodes.Status403Forbidden), Promise = _ => Ends("source_blocked") with { Passwords = 0 } },
        new("badge", "a badge in the corner that asks for nothing", "connected") { AtDoor = (_, scene) => scene with { Widget = "badge" }, Promise = _ => Verified() },

        // The same user again.
        new("known", "the site knows who it is and asks for the password alone", "next step")
        {
            AtDoor = (m, scene) => scene with { Text = [m.Say("known_text", m.User.Length > 0 ? m.User : Cell.Name)], Entries = [.. scene.Entries.Where(e => e.Kind != "user")] },
            Promise = _ => Verified(),
        },
        new("sudo", "signed in, and the first page asks to confirm the password", "connected") { Steps = [Sudo()], Promise = _ => Verified() },
        new("expired", "the first sending meets a page that has expired", "next step")
        {
            AtPassword = (m, _, _) =>
            {
                if (m.Note("expired").Length > 0) return null;
                m.SetNote("expired", "once");
                return new Turn.Again(new Saying(m.Say("expired"), Shown.Alert), 419);
            },
            Promise = _ => Verified() with { Passwords = 2 },
        },
        new("expired-before", "the sign-in page says that a session has expired", "next step")
        {
            AtDoor = (m, scene) => scene.Saying is null ? scene with { Saying = new Saying(m.Say("expired"), Shown.Alert) } : scene,
            Promise = _ => Verified(),
        },

        // Step by step.
        new("name-first", "the password is asked for after the name", "next step") { NameFirst = true, Promise = _ => Verified() },
        new("name-first-no", "the password after the name is refused", "rejected") { NameFirst = true, WrongPassword = true, Promise = c => Ends("auth_invalid", c.Say("wrong")) },
        new("company", "the company is asked for after the name", "next step") { NameFirst = true, CompanyNext = true, Promise = _ => Verified() },

        // Slow, or in the way.
        Refused("no-late", "words after four seconds in which nothing shows that the site is at work", Shown.Alert) with { Thinking = TimeSpan.FromSeconds(4) },
        Refused("no-fade", "words that come most of a second late and fade after two", Shown.Fade),
        Refused("no-left", "words that say how many attempts are left before the account is locked", Shown.Alert, "wrong_left"),
        In("in-late", "the signed-in page is drawn five seconds after it has come", "signout") with { DrawnAfter = TimeSpan.FromSeconds(5) },
        new("veil", "something that turns lies over the form for two and a half seconds", "next step") { AtDoor = (_, scene) => scene with { Veil = true }, Promise = _ => Verified() },
        new("slow-button", "the button comes alive a second after the last key", "next step") { AtDoor = (_, scene) => scene with { Sleepy = true }, Promise = _ => Verified() },
        new("trap", "beside the fields one that nobody can see and only robots fill", "next step") { AtDoor = (_, scene) => scene with { Widget = "trap" }, Promise = _ => Verified() },
        new("locked-429", "the call is answered with 429 and the page says nothing of use", "locked") { AtPassword = (_, _, _) => new Turn.Again(null, 429), Promise = _ => Ends("auth_locked") },
        new("down-after", "the page that takes the password breaks", "down") { AtPassword = (_, _, _) => new Turn.Again(null, 503), Promise = c => Ends("source_not_available", c.Say("down_text")) },
        new("bounced", "back on the home page without a word, and not signed in", "unknown") { Bounces = true, AtPassword = (_, _, _) => new Turn.Again(null), Promise = _ => Ends("unknown") },

        // Signed in, on a page that could be taken for something else.
        In("in-list", "the signed-in page lists contracts to choose from", "signout") with { AtInside = (m, scene) => scene with { Text = [.. scene.Text, m.Say("list_title")], Pick = new Pick("contract", "list", m.Say("list_title"), Accounts) } },
        In("in-trouble", "the signed-in page speaks of blocked cards, wrong addresses and codes", "signout") with { AtInside = (m, scene) => scene with { Text = [.. scene.Text, m.Say("trouble"), m.Say("trouble_2")] } },
        In("in-voucher", "the signed-in page has a field for a promotion code", "signout") with { AtInside = (m, scene) => scene with { Entries = [new Entry("voucher", "plain", m.Say("voucher"))], Presses = [new Press("redeem", m.Say("voucher_button"))] } },
        new("confirm", "signed in, and a page with picture and name asks for the password again", "connected") { Inside = "avatar", Steps = [Confirm()], Promise = _ => Verified() },
        new("phone-offer", "a telephone number is asked for and may be left out", "interstitial")
        {
            Steps =
            [
                new("phone", m => new Scene("phone", m.Say("phone_title")) { Text = [m.Say("phone_text")], Entries = [new Entry("phone", "plain", m.Say("phone"))], Presses = [new Press("save", m.Say("save")), new Press("skip", m.Say("skip"), Main: false)] }, m =>
                {
                    if (m.Action == "skip") return new Turn.On();
                    m.Stray("a telephone number was sent: " + m.Action);
                    return new Turn.Again(null);
                }),
            ],
            Promise = _ => Verified(),
        },
        new("elsewhere", "another session is open, and goes when one goes on", "interstitial")
        {
            Steps =
            [
                new("elsewhere", m => new Scene("elsewhere", m.Say("elsewhere_title")) { Text = [m.Say("elsewhere_text")], Presses = [new Press("go", m.Say("elsewhere_yes")), new Press("cancel", m.Say("cancel"), Main: false)] }, m => m.Action == "go" ? new Turn.On() : new Turn.To("other")),
                Last("other", m => new Scene("other", m.Say("silent"))) with { Aside = true },
            ],
            Promise = _ => Verified(),
        },

        // More to answer.
        new("code-call", "a code by a telephone call", "code") { Steps = [Code("code_call", "sms", Cell.Phone)], Promise = c => Verified(Ask(c, "code_call")) },
        new("code-seed", "an authenticator's code, whose seed the credential holds", "code") { Authenticator = true, HoldsSeed = true, Steps = [Code("code_app", "app", "")], Promise = _ => Verified() },
        new("push-number", "approved on the telephone by a number that stands apart", "push") { Steps = [Push(0, apart: true)], Promise = c => Verified(Tap(c, PushState.Approved, "match_text")) },
        new("question-pick", "one of three security questions, to be chosen from a list", "question")
        {
            Steps =
            [
                new("question", m => new Scene("question", m.Say("pick_title"))
                {
                    Text = [m.Say("pick_text")],
                    Pick = new Pick("question", "select", m.Say("pick_title"), [new("1", m.Say("question_1")), new("2", m.Say("question_2")), new("3", m.Say("question_3"))]),
                    PickFirst = true,
                    Entries = [new Entry("answer", "answer", m.Say("answer"))],
                    Presses = [new Press("answer-it", m.Say("next"))],
                }, m => m.Account!.TryAnswer(m["question"] == "3" && m["answer"] == School) ? new Turn.On() : new Turn.Again(new Saying(m.Say("answer_wrong"), Shown.Alert), 422)),
            ],
            Promise = c => Verified(new MatrixRound(new PortalChallenge("security_question", c.Part("pick_text"), [new PortalField("question", "select", c.Say("question_3"), null, [c.Say("question_1"), c.Say("question_2"), c.Say("question_3")]), new PortalField("answer", "string", School)]))),
        },
        new("question-both", "two security questions on one page", "question")
        {
            Steps =
            [
                new("question", m => new Scene("question", m.Say("question_title"))
                {
                    Text = [m.Say("both_text")],
                    Entries = [new Entry("answer", "answer", m.Say("question_1")), new Entry("answer2", "answer", m.Say("question_2"))],
                    Presses = [new Press("answer-it", m.Say("next"))],
                }, m => m.Account!.TryAnswer(m["answer"] == Pet && m["answer2"] == Town) ? new Turn.On() : new Turn.Again(new Saying(m.Say("answer_wrong"), Shown.Alert), 422)),
            ],
            Promise = c => Verified(new MatrixRound(new PortalChallenge("security_question", c.Part("both_text"), [new PortalField("answer", "string", Pet), new PortalField("answer_2", "string", Town)]))),
        },
        WordLetters("boxes"), WordLetters("selects"),
        PasswordLetters("boxes"), PasswordLetters("selects"),

        // Other ways in.
        new("way-passkey", "after the name a passkey is asked for, and the password only instead of it", "next step")
        {
            NameFirst = true,
            BeforeSecret = [Instead("passkey-first", m => new Scene("passkey-first", m.Say("signin_title")) { Text = [m.User, m.Say("passkey_use_text")], Presses = [new Press("passkey", m.Say("passkey_use")), new Press("instead", m.Say("password_instead"), Main: false)] })],
            Promise = _ => Verified(),
        },
        new("way-link", "after the name a link is mailed, and the password is asked for only instead of it", "next step")
        {
            NameFirst = true,
            BeforeSecret = [Instead("link", m => new Scene("link", m.Say("signin_title")) { Text = [m.Say("link_text", Cell.Mailbox)], Presses = [new Press("instead", m.Say("password_instead"), Main: false)] })],
            Promise = _ => Verified(),
        },
        new("way-waiting", "after the name the page waits for a passkey, until one cancels and takes the password instead", "next step")
        {
            NameFirst = true,
            BeforeSecret =
            [
                new("waiting", m => new Scene("waiting", m.Say("signin_title")) { Text = [m.Say("waiting_text")], Presses = [new Press("cancel", m.Say("cancel"), Main: false)] }, m => m.Action == "cancel" ? new Turn.On() : new Turn.Again(null)),
                Instead("stopped", m => new Scene("stopped", m.Say("signin_title")) { Text = [m.Say("stopped_text")], Presses = [new Press("passkey", m.Say("passkey_use")), new Press("instead", m.Say("password_instead"), Main: false)] }),
            ],
            Promise = _ => Verified(),
        },
        new("chooser", "the site remembers who was here, the visitor among them", "next step") { BeforeDoor = Chooser(remembers: true), Promise = _ => Verified() },
        new("chooser-other", "the site remembers others who were here", "next step") { BeforeDoor = Chooser(remembers: false), Promise = _ => Verified() },
    ];

    /// <summary>The places of the password's characters that are asked for.</summary>
    public static readonly int[] PasswordPlaces = [3, 5, 8];

    /// <summary>The word when the characters at these places are right; empty when none was given; else a wrong one.</summary>
    public static string Spelt(Moment m, string word, IReadOnlyList<int> places)
    {
        var given = places.Select(place => m[Letters.Key(place)]).ToList();
        return given.TrueForAll(g => g.Length == 0) ? "" : given.Zip(places).All(g => g.First.Equals(word[g.Second - 1].ToString(), StringComparison.OrdinalIgnoreCase)) ? word : "?";
    }

    /// <summary>The code that stands for a password where there is none.</summary>
    public static Step MailedCode { get; } = Code("code_mail", "email", Cell.Mailbox) with { Name = "first-code" };

    /// <summary>The question for <see cref="MailedCode"/>.</summary>
    public static MatrixRound MailedCodeRound(Cell cell) => Ask(cell, "code_mail");

    /// <summary>The outcome asks for a code of its own.</summary>
    public static bool AsksCode(Outcome outcome) => outcome.Steps.Any(s => s.Name == "code");

    // ---- promises ----------------------------------------------------------------------------------------------------------------------------------------

    private static MatrixPromise Verified(params MatrixRound[] rounds) => new("verified", null, rounds);

    private static MatrixPromise Ends(string expected, string? text = null) => new(expected, text, []);

    private static MatrixRound Ask(Cell cell, string says, string? answer = null) => new(new PortalChallenge("mfa", cell.Part(says), [new PortalField("code", "string", answer)]));

    private static MatrixRound Answer(Cell cell, string says, string answer) => new(new PortalChallenge("security_question", cell.Part(says), [new PortalField("answer", "string", answer)]));

    private static MatrixRound Tap(Cell cell, PushState tapped, string says = "push_text") => new(new PortalChallenge("push_approval", cell.Part(says), []), tapped);

    // ---- outcomes of a kind ------------------------------------------------------------------------------------------------------------------------------

    private static Outcome In(string id, string about, string inside) => new(id, about, "connected") { Inside = inside, Promise = _ => Verified() };

    private static Outcome Refused(string id, string about, Shown how, string phrase = "wrong") => new(id, about, "rejected")
    {
        WrongPassword = true, Refusal = how, RefusalPhrase = phrase,
        Promise = c => Ends("auth_invalid", how is Shown.Status or Shown.Address ? null : c.Say(phrase)),
    };

    private static Outcome Methods(string shape) => new("ways-" + shape, "one of three ways to verify: " + shape, "choice")
    {
        Steps =
        [
            new("ways", m => new Scene("ways", m.Say("method_title"))
            {
                Text = [m.Say("method_text")],
                Pick = new Pick("method", shape, m.Say("method_title"), [new("sms", m.Say("method_sms", Cell.Phone)), new("mail", m.Say("method_mail", Cell.Mailbox)), new("app", m.Say("method_app"))]),
                Presses = shape is "radio" or "select" ? [new Press("choose", m.Say("method_button"))] : [],
            }, m => m["method"] switch { "mail" => new Turn.On(), "sms" or "app" => new Turn.To("other"), _ => new Turn.Again(null) }),
            Code("code_mail", "email", Cell.Mailbox),
            Last("other", m => new Scene("other", m.Say("silent"))) with { Aside = true },
        ],
        Promise = c => Verified(new MatrixRound(new PortalChallenge("mfa", "", [new PortalField("method", "select", Cell.Mailbox, null, [c.Say("method_sms", Cell.Phone), c.Say("method_mail", Cell.Mailbox), c.Say("method_app")])])), Ask(c, "code_mail")),
    };

    private static Outcome AccountsAs(string id, string shape, string words) => new(id, (words == "org" ? "one of three organisations: " : "one of three accounts: ") + shape, "account")
    {
        Steps =
        [
            new("accounts", m => new Scene("accounts", m.Say(words + "_title"))
            {
                Text = [m.Say(words + "_text")],
                Pick = new Pick("account", shape, m.Say(words + "_title"), Accounts),
                Presses = shape is "radio" or "select" ? [new Press("choose", m.Say("account_button"))] : [],
            }, m => Accounts.Any(a => a.Value == m["account"]) ? m["account"] == "8820" ? new Turn.On() : new Turn.To("other") : new Turn.Again(null)),
            Last("other", m => new Scene("other", m.Say("silent"))) with { Aside = true },
        ],
        Promise = _ => Verified(new MatrixRound(new PortalChallenge("account_selection", "", [new PortalField("account_id", "select", "Larkspur Ltd", null, ["Whitcombe household", "Larkspur Ltd", "Tidewater Pier"])]))),
    };

    private static Outcome WordLetters(string shape) => new("letters-" + shape, "characters of a memorable word by their places: " + shape, "question")
    {
        Steps =
        [
            new("letters", m => new Scene("letters", m.Say("letters_title")) { Text = [m.Say("letters_word", Places(m.Cell, WordPlaces))], Letters = LettersAt(m.Cell, shape, WordPlaces), Presses = [new Press("spell", m.Say("next"))] },
                m => m.Account!.TryAnswer(Spelt(m, MemorableWord, WordPlaces) == MemorableWord) ? new Turn.On() : new Turn.Again(new Saying(m.Say("answer_wrong"), Shown.Alert), 422)),
        ],
        Promise = c => Verified(new MatrixRound(new PortalChallenge("security_question", Places(c, WordPlaces), [.. WordPlaces.Select(place => new PortalField("character_" + place.ToString(System.Globalization.CultureInfo.InvariantCulture), "string", MemorableWord[(place - 1)..place]))]))),
    };

    private static Outcome PasswordLetters(string shape) => new("password-" + shape, "characters of the password by their places: " + shape, "next step")
    {
        NameFirst = true, PasswordByLetters = true,
        AtDoor = (m, scene) => scene with { Text = [.. scene.Text, m.Say("letters_password", Places(m.Cell, PasswordPlaces))], Entries = [], Letters = LettersAt(m.Cell, shape, PasswordPlaces) },
        Promise = _ => Verified(),
    };

    private static Letters LettersAt(Cell cell, string shape, int[] places) => new(shape, places, [.. places.Select(place => Nth(cell, place))]);

    /// <summary>"2nd, 4th and 7th", in the cell's language.</summary>
    private static string Places(Cell cell, int[] places) => $"{string.Join(", ", places[..^1].Select(place => Nth(cell, place)))} {cell.Say("and")} {Nth(cell, places[^1])}";

    private static string Nth(Cell cell, int place) => cell.Language switch
    {
        "en" => place + (place switch { 1 => "st", 2 => "nd", 3 => "rd", _ => "th" }),
        "fr" or "nl" => place + "e",
        "it" or "pt" or "es" => place + "º",
        "sv" => place + (place is 1 or 2 ? ":a" : ":e"),
        _ => place + ".",
    };

    // ---- steps -------------------------------------------------------------------------------------------------------------------------------------------

    private static Step Last(string name, Func<Moment, Scene> show) => new(name, show, _ => new Turn.Again(null)) { End = true };

    private static Step Locked(string phrase) => Last("locked", m => new Scene("locked", m.Say("locked_title")) { Text = [m.Say(phrase)] }) with { Aside = true };

    private static Step Code(string phrase, string channel, string target, bool masked = false, bool resend = false, bool trust = false, int lockAfter = int.MaxValue) => new("code", m =>
    {
        if (channel is "sms" or "email" && m.Note("code").Length == 0) Send(m);
        var length = channel == "backup" ? 0 : 6;
        return new Scene("code", m.Say("code_title"))
        {
            Text = [m.Say(phrase, target)],
            Entries = [new Entry("code", "code", m.Say("code")) { Masked = masked, Length = length }],
            Tick = trust ? new Tick("trust", m.Say("trust")) : null,
            Presses = resend ? [new Press("check", m.Say("code_button")), new Press("resend", m.Say("resend"), Main: false)] : [new Press("check", m.Say("code_button"))],
        };
    }, m =>
    {
        if (m.Action == "resend")
        {
            Send(m);
            return new Turn.Again(null);
        }
        var right = channel switch { "app" => m.Account!.TryTotp(m["code"]), "backup" => m.Account!.TryAnswer(m["code"] == Cell.Backup), _ => m.Account!.TryCode(m["code"]) };
        if (right) return new Turn.On();
        return m.Account!.Submissions.WrongCodes >= lockAfter ? new Turn.To("locked", 423) : new Turn.Again(new Saying(m.Say("code_wrong"), Shown.Alert), 422);
    });

    private static void Send(Moment m)
    {
        m.SetNote("code", "sent");
        m.Account!.SendCode("sms", code => $"{m.Cell.Brand}: {code}");
    }

    private static Step Push(int patience, bool apart = false) => new("push", m =>
    {
        if (m.Note("push").Length == 0) m.SetNote("push", m.Account!.AskPush().Id);
        var push = m.Account!.Pushes.Last(p => p.Id == m.Note("push"));
        var number = push.Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new Scene("push", m.Say("push_title")) { Text = apart ? [m.Say("match_text"), number] : [m.Say("push_text", number)], Polls = true };
    }, m =>
    {
        if (m.Action != "poll") return new Turn.Again(null);
        var polls = m.Note("polls").Length + 1;
        m.SetNote("polls", new string('.', polls));
        return m.Account!.Pushes.LastOrDefault(p => p.Id == m.Note("push"))?.State switch
        {
            PushState.Approved => new Turn.On(),
            PushState.Denied => new Turn.To("over"),
            _ => patience > 0 && polls > patience ? new Turn.To("over") : new Turn.Again(null),
        };
    });

    private static Step PushEnd(string phrase) => new("over", m => new Scene("over", m.Say("push_title")) { Saying = new Saying(m.Say(phrase), Shown.Alert), Presses = [new Press("again", m.Say("resend"), Main: false)] }, _ => new Turn.Again(null)) { Aside = true, End = true };

    private static Step Question(string phrase, string answer) => new(phrase, m => new Scene("question", m.Say("question_title"))
    {
        Text = AsLabel(m) ? [m.Say("question_text")] : [m.Say("question_text"), m.Say(phrase)],
        Entries = [new Entry("answer", "answer", AsLabel(m) ? m.Say(phrase) : m.Say("answer"))],
        Presses = [new Press("answer-it", m.Say("next"))],
    }, m => m.Account!.TryAnswer(m["answer"] == answer) ? new Turn.On() : new Turn.Again(new Saying(m.Say("answer_wrong"), Shown.Alert), 422));

    private static bool AsLabel(Moment m) => Phrases.Number(m.Cell.Id) % 2 == 0;

    private static Step NewPassword(string phrase, bool mayBeSkipped) => new("renew", m => new Scene("renew", m.Say("change_title"))
    {
        Text = [m.Say(phrase)],
        Entries = [new Entry("new1", "new", m.Say("new_password")), new Entry("new2", "new", m.Say("new_again"))],
        Presses = mayBeSkipped ? [new Press("renew", m.Say("change_button")), new Press("skip", m.Say("skip"), Main: false)] : [new Press("renew", m.Say("change_button"))],
    }, m =>
    {
        if (m.Action == "skip" && mayBeSkipped) return new Turn.On();
        m.Stray("a new password was sent");
        return new Turn.Again(null);
    });

    /// <summary>Something offered before the signed-in page. <paramref name="yes"/> null: the main button does what a visitor without hands cannot do.</summary>
    private static Step Offer(string words, string? yes, string? no) => new(words, m => new Scene(words, m.Say(words + "_title"))
    {
        Text = [m.Say(words + "_text")],
        Presses = [new Press("yes", m.Say(yes ?? words + "_title")), .. no is null ? [] : new[] { new Press("no", m.Say(no), Main: false) }],
    }, m =>
    {
        if (m.Action == "no" || yes is not null) return new Turn.On();
        m.Stray("took what cannot be done: " + words);
        return new Turn.Again(null);
    });

    private static Step Sudo() => new("sudo", m => new Scene("sudo", m.Say("sudo_title"))
    {
        Text = [m.Say("sudo_text", m.User)],
        Entries = [new Entry("password", "password", m.Say("password"))],
        Presses = [new Press("sudo", m.Say("next"))],
        Inside = "signout",
    }, m =>
    {
        m.Stray("the password was sent to a page that asks for it again");
        return new Turn.Again(null);
    }) { Aside = true };

    private static Step Confirm() => Sudo() with { Show = m => new Scene("sudo", m.Say("confirm_title"))
    {
        Avatar = "AW",
        Text = [Cell.Name, m.User, m.Say("confirm_text")],
        Entries = [new Entry("password", "password", m.Say("password"))],
        Presses = [new Press("sudo", m.Say("next"))],
        Inside = m.Cell.Outcome.Inside,
    } };

    /// <summary>A way in that needs more than a browser; the password instead of it leads on.</summary>
    private static Step Instead(string name, Func<Moment, Scene> show) => new(name, show, m =>
    {
        if (m.Action == "instead") return new Turn.On();
        if (m.Action == "passkey") m.Stray("took a passkey, which is not there");
        return new Turn.Again(null);
    });

    private static Step Chooser(bool remembers) => new("chooser", m => new Scene("chooser", m.Say("chooser_title"))
    {
        Pick = new Pick("who", "list", m.Say("chooser_title"), [new("ben", "Ben Whitcombe", "ben@larkspur.example"), .. remembers && m.User.Length > 0 ? new[] { new Choice("own", Cell.Name, m.User) } : [], new("cleo", "Cleo Marsh", "cleo@tidewater.example"), new("other", m.Say("chooser_other"))]),
    }, m =>
    {
        if (m["who"] == "own") return new Turn.To("hello");
        if (m["who"] == "other")
        {
            m.User = "";
            return new Turn.To("door");
        }
        if (m["who"].Length > 0) m.Stray("chose somebody else: " + m["who"]);
        return new Turn.Again(null);
    });

    /// <summary>What a site shows that is closed.</summary>
    public static Scene Closed(Cell cell) => new("closed", cell.Say("down_title")) { Text = [cell.Say("down_text")] };

    private static Turn? Unproven(Moment m, Account account, bool right)
    {
        m.Stray("the password was sent though a captcha stood open");
        return new Turn.Again(new Saying(m.Say("wall_text"), Shown.Alert), 403);
    }
}
