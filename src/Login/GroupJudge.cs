using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Decides the roles of a group's fields together, then what the group is for.</summary>
internal static class GroupJudge
{
    private const double Take = 4;
    private const double TakeAlone = 2;

    public static void Decide(LoginPage page, GroupReading group)
    {
        foreach (var field in group.Fields.Concat(group.Hidden)) field.Role = FieldRole.Other;
        var words = new GroupWords(page, group);
        DecideCodes(page, group, words);
        DecideFields(page, group, words);
        DecideKind(page, group, words);
        Settle(group, words);
        group.Submit = Controls.SubmitOf(group, button => SubmitWords(group, button));
    }

    private static double SubmitWords(GroupReading group, ElementSnapshot button)
    {
        var caption = Controls.Caption(button);
        if (caption.Length > 80) return -2;
        var score = 0.0;
        var signIn = Words.Has(WordList.SignIn, caption);
        if (group.Kind is GroupKind.Login or GroupKind.Identifier or GroupKind.Reauth)
        {
            if (Words.Is(WordList.SignIn, caption)) score += 6;
            else if (signIn) score += 4;
            if (Words.HasAny(caption, WordList.SignUp) && !signIn) score -= 5;
            if (group.Kind == GroupKind.Identifier && Words.HasAny(caption, WordList.SendCode)) score += 6;
        }
        if (Words.HasAny(caption, WordList.Next, WordList.Continue)) score += 3;
        else if (Words.HasAny(caption, WordList.Confirm)) score += group.Kind is GroupKind.Code or GroupKind.Question ? 5 : 2;
        if (signIn && group.Kind is GroupKind.Code or GroupKind.Question) score += 4;
        return score;
    }

    /// <summary>Boxes for one character each, in a row.</summary>
    private static void DecideCodes(LoginPage page, GroupReading group, GroupWords words)
    {
        var boxes = new List<FieldReading>();
        foreach (var field in group.Fields)
        {
            var e = field.Element;
            var single = field.MaxLength == 1 && (e.Box.Width < 110 || field.IsNumeric);
            var narrow = field.MaxLength is null or <= 6 && e.Box.Width is > 8 and < 90 && e.Box.Height > 0 && e.Box.Width < e.Box.Height * 2.2 && field.IsNumeric;
            if (!single && !narrow || field[FieldRole.Personal] >= 6 || field[FieldRole.Search] >= 5)
            {
                if (boxes.Count is >= 4 and <= 10) break;
                boxes.Clear();
                continue;
            }
            if (boxes.Count > 0 && Math.Abs(boxes[^1].Element.Box.Width - e.Box.Width) > 6) boxes.Clear();
            boxes.Add(field);
        }
        if (boxes.Count is < 4 or > 10) return;
        foreach (var box in boxes)
        {
            box.Role = FieldRole.Code;
            box.Add(FieldRole.Code, 6, $"one of {boxes.Count} boxes");
        }
        group.Codes.AddRange(boxes);
        _ = (page, words);
    }

    private static void DecideFields(LoginPage page, GroupReading group, GroupWords words)
    {
        var fields = group.Fields.Where(f => f.Role == FieldRole.Other).ToList();
        foreach (var field in fields)
        {
            if (field[FieldRole.Captcha] >= 6) field.Role = FieldRole.Captcha;
            else if (field[FieldRole.Search] >= 5 && field[FieldRole.Identifier] < 4) field.Role = FieldRole.Search;
        }
        group.HasCaptcha = fields.Exists(f => f.Role == FieldRole.Captcha);
        fields = fields.Where(f => f.Role == FieldRole.Other).ToList();

        // A short number that the page says was sent or is shown by an app is a code, whatever it is called.
        if (group.Codes.Count == 0)
        {
            foreach (var field in fields)
            {
                if (words.SpeaksOfCode && (field.IsText || field.IsPassword)) field.Add(FieldRole.Code, fields.Count == 1 ? 3 : 1, "the page speaks of a code");
                if (field.IsPassword && fields.Count(f => f.IsPassword) == 1 && fields.Exists(f => f != field && f.IsText && f[FieldRole.Identifier] >= 2)) field.Add(FieldRole.Password, 3, "an identifier stands beside it");
            }
            var code = fields.Where(f => f[FieldRole.Code] >= Take && f[FieldRole.Code] > f[FieldRole.Password] - (f.IsPassword ? 0 : 4) && f[FieldRole.Code] > f[FieldRole.Identifier] && f[FieldRole.Personal] < 6)
                .OrderByDescending(f => f[FieldRole.Code]).FirstOrDefault();
            // The only text field beside a password is who signs in, unless everything says code.
            var alone = code is { IsText: true } && fields.Exists(f => f.IsPassword) && fields.Count(f => f.IsText) == 1 && !code.Autocomplete.Contains("one-time-code");
            if (alone && (code![FieldRole.Code] < 10 || group.Fields.IndexOf(code) < group.Fields.FindIndex(f => f.IsPassword))) code = null;
            if (code is not null && (code[FieldRole.Code] >= 6 || words.SpeaksOfCode || fields.Count == 1 || code.Autocomplete.Contains("one-time-code")))
            {
                code.Role = FieldRole.Code;
                group.Codes.Add(code);
                fields.Remove(code);
            }
        }

        var question = fields.Find(f => f[FieldRole.SecurityAnswer] >= 6 || words.QuestionOf(f) is not null && !fields.Exists(o => o != f && (o.IsPassword || o.IsText)));
        if (question is not null)
        {
            question.Role = FieldRole.SecurityAnswer;
            group.Question = question;
            fields.Remove(question);
        }

        DecidePasswords(group, fields.Where(f => f[FieldRole.Password] >= TakeAlone || f[FieldRole.NewPassword] >= Take).ToList(), words);
        var password = group.Password;
        var texts = fields.Where(f => f.IsText && f.Role == FieldRole.Other).ToList();
        if (password is not null)
        {
            var at = group.Fields.IndexOf(password);
            if (texts.Where(f => group.Fields.IndexOf(f) < at && f[FieldRole.Search] < 5).LastOrDefault() is { } before && before[FieldRole.Personal] < 6) before.Add(FieldRole.Identifier, 4, "the nearest text field before the password");
        }
        else if (texts.Count == 1 && group.Codes.Count == 0 && (words.SubmitIs(WordList.SignIn) || words.SubmitIs(WordList.SendCode) || words.SubmitIs(WordList.Next) || words.SubmitIs(WordList.Continue)))
        {
            texts[0].Add(FieldRole.Identifier, 3, "the only text field before a sign-in or next button");
            if (words.Heading(WordList.SignIn) || words.UrlSaysSignIn) texts[0].Add(FieldRole.Identifier, 3, "heading or address says sign in");
        }

        // A first step that names the company alone.
        if (password is null && group.Codes.Count == 0 && texts.Count == 1 && texts[0] is var company && company[FieldRole.Extra] >= 5 && !Words.HasAny(company.Label, WordList.UserName, WordList.Email)
            && (words.SubmitIs(WordList.SignIn) || words.SubmitIs(WordList.Next) || words.SubmitIs(WordList.Continue)))
        {
            company.Role = FieldRole.Extra;
            group.Extras.Add(company);
            return;
        }
        var identifier = texts.Where(f => f[FieldRole.Identifier] >= (texts.Count == 1 ? TakeAlone : Take)).OrderByDescending(f => f[FieldRole.Identifier])
            .ThenByDescending(f => group.Fields.IndexOf(f)).FirstOrDefault();
        if (identifier is null && password is not null && texts.Count > 0)
            identifier = texts.Where(f => f[FieldRole.Personal] < 4 && f[FieldRole.Extra] < 5).OrderByDescending(f => f[FieldRole.Identifier]).FirstOrDefault()
                ?? texts.Where(f => f[FieldRole.Extra] < 5 && f.Element.Type != "textarea").Take(texts.Count <= 2 ? 1 : 0).FirstOrDefault();
        if (identifier is not null)
        {
            identifier.Role = FieldRole.Identifier;
            group.Identifier = identifier;
        }
        foreach (var field in texts.Where(f => f.Role == FieldRole.Other))
        {
            if (field[FieldRole.Personal] >= 4 && field[FieldRole.Extra] < 5) field.Role = FieldRole.Personal;
            else if (password is not null || identifier is not null) { field.Role = FieldRole.Extra; group.Extras.Add(field); }
        }
        _ = page;
    }

    private static void DecidePasswords(GroupReading group, List<FieldReading> passwords, GroupWords words)
    {
        if (passwords.Count == 0) return;
        if (passwords.Count == 1)
        {
            var only = passwords[0];
            only.Role = only[FieldRole.NewPassword] > only[FieldRole.Password] && !words.SubmitIs(WordList.SignIn) ? FieldRole.NewPassword : FieldRole.Password;
        }
        else
        {
            foreach (var field in passwords) field.Role = field[FieldRole.NewPassword] > field[FieldRole.Password] ? FieldRole.NewPassword : FieldRole.Password;
            var current = passwords.Where(p => p.Role == FieldRole.Password).ToList();
            // Structure when the words say nothing: two are new and again, or current and new; three are current, new and again.
            if (current.Count == passwords.Count)
            {
                var hasCurrentWords = passwords[0][FieldRole.Password] > passwords[1][FieldRole.Password];
                for (var i = 0; i < passwords.Count; i++) passwords[i].Role = i == 0 && (passwords.Count >= 3 || hasCurrentWords) ? FieldRole.Password : FieldRole.NewPassword;
            }
            else if (current.Count == 1 && passwords.Count == 2 && !words.SubmitIs(WordList.SignIn) && passwords.Exists(p => p.Role == FieldRole.NewPassword && Words.Has(WordList.ConfirmPassword, p.Words)) && !Words.Has(WordList.CurrentPassword, current[0].Words))
                current[0].Role = FieldRole.NewPassword;
        }
        group.Password = passwords.Find(p => p.Role == FieldRole.Password);
    }

    private static void DecideKind(LoginPage page, GroupReading group, GroupWords words)
    {
        var texts = group.Fields.Where(f => f.IsText).ToList();
        var newPasswords = group.Fields.Count(f => f.Role == FieldRole.NewPassword);
        var personal = group.Fields.Count(f => f.Role == FieldRole.Personal) + group.Selects.Count(s => Words.HasAny(s.Name + " " + s.NearbyText, WordList.Address, WordList.Name));
        var textarea = group.Fields.Exists(f => f.Element.Type == "textarea");

        if (words.SubmitIsExactly(WordList.SignIn)) group.Add(6, "the button says sign in");
        else if (words.SubmitIs(WordList.SignIn)) group.Add(4, "the button speaks of signing in");
        if (words.SaysPasswordRules) group.Add(-4, "rules for a new password");
        if (words.ButtonIs(WordList.SignUp) && !words.SubmitIs(WordList.SignUp) && !words.SubmitIs(WordList.SignIn)) group.Add(-5, "a button says sign up");
        if (group.Selects.Count(s => s.Visible) >= 2) group.Add(-3, "several selects");
        if (words.SaysTerms) group.Add(-1.5, "terms beside the form");
        if (words.SubmitIs(WordList.SignUp)) group.Add(words.SubmitIs(WordList.SignIn) ? -1 : -8, "the button says sign up");
        if (words.SubmitIs(WordList.Next) || words.SubmitIs(WordList.Continue)) group.Add(2, "the button says next");
        if (words.SubmitIs(WordList.SendCode) || words.SubmitIs(WordList.Code) && group.Codes.Count == 0) group.Add(4, "the button sends a code");
        if (words.Heading(WordList.SignIn)) group.Add(3, "heading says sign in");
        if (words.Heading(WordList.SignUp)) group.Add(words.Heading(WordList.SignIn) ? -1 : -3, "heading says sign up");
        if (words.TitleSignIn) group.Add(2, "title says sign in");
        if (words.TitleSignUp) group.Add(words.TitleSignIn ? 0 : -2, "title says sign up");
        if (words.UrlSaysSignIn) group.Add(1.5, "address says sign in");
        if (words.UrlSaysSignUp) group.Add(-2, "address says sign up");
        if (words.AttributesSaySignIn) group.Add(2, "form is named after signing in");
        if (words.AttributesSaySignUp) group.Add(-3, "form is named after signing up");
        if (words.LinkHas(WordList.Forgot)) group.Add(2.5, "a link for forgotten passwords");
        if (words.ChoiceHas(WordList.Remember) || words.ChoiceHas(WordList.StaySignedIn)) group.Add(2.5, "a box to be remembered");
        if (words.ChoiceHas(WordList.Terms)) group.Add(-3, "terms to be accepted");
        if (words.LinkHas(WordList.SignUp)) group.Add(1.5, "a link to sign up");
        if (group.Password is not null) group.Add(3, "one password");
        if (group.Identifier is not null) group.Add(1, "an identifier");
        if (newPasswords > 0) group.Add(-5, "a new password");
        if (personal > 0) group.Add(-2.5 * personal, "a person's data");
        if (texts.Count > 3) group.Add(-1.5 * (texts.Count - 3), "many fields");
        if (group.Fields.Exists(f => f.Autocomplete.Contains("current-password"))) group.Add(3, "autocomplete current-password");
        if (group.Identifier is { } id && id.Autocomplete.Contains("username")) group.Add(1, "autocomplete username");

        if (group.Fields.Count == 0)
        {
            group.Kind = GroupKind.Other;
            return;
        }
        if (group.Fields.TrueForAll(f => f.Role == FieldRole.Search))
        {
            group.Kind = GroupKind.Search;
            return;
        }
        if (newPasswords >= 1 && group.Password is not null)
        {
            group.Kind = group.Identifier is null || words.SaysChange ? GroupKind.PasswordChange : GroupKind.SignUp;
            return;
        }
        if (newPasswords >= 1)
        {
            group.Kind = group.Identifier is null && personal == 0 && (words.SaysChange || newPasswords >= 2 && !words.SubmitIs(WordList.SignUp)) ? GroupKind.PasswordChange : words.SaysChange && personal == 0 ? GroupKind.PasswordChange : GroupKind.SignUp;
            return;
        }
        if (group.Password is not null)
        {
            if (textarea && group.Score < 6) { group.Kind = GroupKind.Contact; return; }
            group.Kind = group.Score < 0 ? GroupKind.SignUp : group.Identifier is null ? GroupKind.Reauth : GroupKind.Login;
            return;
        }
        if (group.Codes.Count > 0 && group.Fields.Count - group.Codes.Count <= 3 && personal <= 1)
        {
            group.Kind = GroupKind.Code;
            group.Score = group.Codes.Max(c => c[FieldRole.Code]);
            return;
        }
        if (group.Question is not null)
        {
            group.Kind = GroupKind.Question;
            return;
        }
        if (textarea || personal >= 2)
        {
            group.Kind = words.SubmitIs(WordList.SignUp) ? GroupKind.SignUp : GroupKind.Contact;
            return;
        }
        if (group.Identifier is null)
        {
            group.Kind = group.Extras.Count == 1 && group.Fields.Count == 1 && group.Score >= 4 && !words.SaysNewsletter && !words.SaysRecovery ? GroupKind.Identifier : GroupKind.Other;
            return;
        }
        // One text field without a password: the first step of a sign-in, a recovery form, a newsletter or a sign-up. Words decide.
        if (words.SaysNewsletter && (!words.SubmitIs(WordList.SignIn) || group.Score < 8.5 && group.Identifier.Element.Type == "email" && !words.TitleSignIn) || page.Snapshot.Elements[page.PositionOf(group.Identifier.Element.Id)].Landmark == "footer" && !words.SubmitIs(WordList.SignIn))
        {
            group.Kind = GroupKind.Newsletter;
            return;
        }
        if (words.SaysRecovery && !words.SubmitIs(WordList.SignIn))
        {
            group.Kind = GroupKind.Recovery;
            return;
        }
        if (group.Identifier[FieldRole.Search] >= 5 || words.SubmitIs(WordList.Search))
        {
            group.Kind = GroupKind.Search;
            return;
        }
        if (group.Hidden.Exists(h => h.IsHiddenPassword)) group.Add(3, "a hidden password field follows");
        if (group.Identifier.Autocomplete.Contains("username") || group.Identifier.Autocomplete.Contains("webauthn")) group.Add(3, "autocomplete username");
        if (group.Score < 0) { group.Kind = GroupKind.SignUp; return; }
        group.Kind = group.Score >= 4 ? GroupKind.Identifier : GroupKind.Other;
    }

    /// <summary>What the kind says about the fields afterwards.</summary>
    private static void Settle(GroupReading group, GroupWords words)
    {
        if (!group.IsLogin)
        {
            group.Extras.Clear();
            foreach (var field in group.Fields)
            {
                if (field.Role == FieldRole.Extra || field.Role == FieldRole.Code && group.Kind != GroupKind.Code) field.Role = FieldRole.Personal;
                if (group.Kind == GroupKind.SignUp && field.Role == FieldRole.Password) field.Role = FieldRole.NewPassword;
            }
        }
        else
        {
            // A last name beside a membership number and a password belongs to the login.
            foreach (var field in group.Fields)
                if (field.Role == FieldRole.Personal && field.IsText && group.Password is not null && group.Fields.Count <= 4) { field.Role = FieldRole.Extra; group.Extras.Add(field); }
        }
        _ = words;
    }
}

/// <summary>The texts around a group, asked for their meaning.</summary>
internal sealed class GroupWords
{
    private static readonly string[] SignInPaths = ["login", "log-in", "log_in", "signin", "sign-in", "sign_in", "logon", "/auth", "/sso", "session", "anmeld", "connexion", "acceso", "/access", "account/l", "identif", "inloggen", "logowanie", "prihlas", "entrar", "accedi"];
    private static readonly string[] SignUpPaths = ["register", "signup", "sign-up", "sign_up", "registration", "join", "enroll", "enrol", "create-account", "createaccount", "new-account", "inscription", "registr"];
    private static readonly string[] RecoveryPaths = ["forgot", "recover", "reset", "lost", "vergessen", "oubli", "olvid", "password/new"];

    private readonly GroupReading _group;
    private readonly List<string> _headings = [];
    private readonly List<string> _texts = [];
    private readonly List<string> _submits;
    private readonly List<string> _links;
    private readonly List<string> _choices;
    private readonly string _title;
    private readonly string _path;
    private readonly string _attributes;
    private readonly List<(int At, string Text)> _questions = [];
    private readonly LoginPage _page;

    public GroupWords(LoginPage page, GroupReading group)
    {
        _page = page;
        _group = group;
        var members = group.Fields.Select(f => f.Element).Concat(group.Choices).Concat(group.Selects).ToList();
        var first = members.Count > 0 ? members.Min(m => page.PositionOf(m.Id)) : 0;
        var last = members.Count > 0 ? members.Max(m => page.PositionOf(m.Id)) : 0;
        // Nearest headings before the fields, not past the fields of another group.
        var found = 0;
        for (var i = first - 1; i >= 0 && first - i < 40 && found < 3; i--)
        {
            var e = page.Elements[i];
            if (e.Kind == ElementKind.Input && e.Visible && page.GroupOf(e.Id) != group && e.Id.Frame == group.Frame) break;
            if (!e.Visible) continue;
            if (e.Kind == ElementKind.Heading) { _headings.Add(e.Text); found++; }
            else if (e.Kind is ElementKind.Text or ElementKind.Alert && first - i < 20) { _texts.Add(e.Text); if (e.Text.Trim().EndsWith('?') && first - i < 8) _questions.Add((i, e.Text.Trim())); }
        }
        foreach (var e in group.Around)
        {
            if (!e.Visible) continue;
            if (e.Kind is ElementKind.Text or ElementKind.Alert && !_texts.Contains(e.Text)) _texts.Add(e.Text);
            if (e.Kind == ElementKind.Heading && !_headings.Contains(e.Text)) _headings.Add(e.Text);
            if (e.Kind == ElementKind.Text && e.Text.Trim().EndsWith('?') && page.PositionOf(e.Id) < last) _questions.Add((page.PositionOf(e.Id), e.Text.Trim()));
        }
        if (group.Dialog >= 0 && page.Snapshot.Groups[group.Dialog] is { Name.Length: > 0 } dialog) _headings.Add(dialog.Name);
        _submits = [.. group.Buttons.Where(b => b.Visible && !Controls.IsHelper(b)).Where(b => b.Type is "submit" or "image" || group.Buttons.Count(x => x.Visible && !Controls.IsHelper(x)) <= 3).Select(Controls.Caption).Where(c => c.Length is > 0 and <= 80 && !(Controls.IsSocial(c) && c.Length > 8))];
        _links = [.. group.Around.Where(e => e.Kind == ElementKind.Link).Concat(group.Buttons.Where(b => b.Type is not "submit")).Concat(After(page, last)).Where(e => e.Visible).Select(Controls.Caption)];
        _choices = [.. group.Choices.Select(c => c.Name + " " + c.NearbyText)];
        _title = page.Snapshot.Title;
        var frameUrl = page.Snapshot.Frames[Math.Min(group.Frame, page.Snapshot.Frames.Count - 1)].Url;
        _path = (page.Snapshot.Url.AbsolutePath + " " + page.Snapshot.Url.Host + " " + page.Snapshot.Url.Fragment + " " + frameUrl.AbsolutePath).ToLowerInvariant();
        var form = group.Form >= 0 ? page.Snapshot.Groups[group.Form].Attributes : null;
        _attributes = form is null ? "" : string.Join(" ", new[] { "id", "name", "class", "action", "aria-label" }.Select(n => form.GetValueOrDefault(n, ""))).ToLowerInvariant();
    }

    /// <summary>Links below the fields: forgotten password, sign up.</summary>
    private static IEnumerable<ElementSnapshot> After(LoginPage page, int last)
    {
        for (var i = last + 1; i < page.Elements.Count && i < last + 15; i++)
        {
            var e = page.Elements[i];
            if (e.Kind == ElementKind.Input && e.Visible) yield break;
            if (e.Kind == ElementKind.Link) yield return e;
        }
    }

    public bool SubmitIs(WordList list) => _submits.Exists(s => Words.Has(list, s));
    public bool ButtonIs(WordList list) => _group.Buttons.Exists(b => b.Visible && Controls.Caption(b).Length <= 60 && Words.Has(list, Controls.Caption(b)));
    public bool SaysTerms => _texts.Exists(t => t.Length < 300 && Words.Has(WordList.Terms, t));

    /// <summary>"At least 8 characters", in the languages whose word for characters is known.</summary>
    public bool SaysPasswordRules => _texts.Concat(_group.Fields.Select(f => f.Element.Description + " " + f.Placeholder)).Any(t => t.Length < 400 && t.Any(char.IsDigit)
        && Controls.HrefSays(t.ToLowerInvariant(), "character", "zeichen", "caract", "caratter", "tekens", "tecken", "tegn", "merkki", "znak", "karakter", "символ", "знак", "文字", "字符", "글자"));
    public bool SubmitIsExactly(WordList list) => _submits.Exists(s => Words.Is(list, s));
    public bool Heading(WordList list) => _headings.Exists(h => h.Length <= 100 && Words.Has(list, h));
    public bool LinkHas(WordList list) => _links.Exists(l => l.Length <= 80 && Words.Has(list, l));
    public bool ChoiceHas(WordList list) => _choices.Exists(c => Words.Has(list, c));
    public bool TitleSignIn => Words.Has(WordList.SignIn, _title);
    public bool TitleSignUp => Words.Has(WordList.SignUp, _title);
    public bool UrlSaysSignIn => Controls.HrefSays(_path, SignInPaths);
    public bool UrlSaysSignUp => Controls.HrefSays(_path, SignUpPaths);
    public bool AttributesSaySignIn => Controls.HrefSays(_attributes, "login", "signin", "sign-in", "sign_in", "log-in", "logon", "auth");
    public bool AttributesSaySignUp => Controls.HrefSays(_attributes, "register", "signup", "sign-up", "registration", "sign_up", "create");
    public bool SaysChange => Heading(WordList.PasswordChange) || Heading(WordList.NewPassword) || _title.Length > 0 && Words.HasAny(_title, WordList.PasswordChange) || SubmitIs(WordList.PasswordChange) || SubmitIs(WordList.NewPassword)
        || Controls.HrefSays(_path, "change", "reset", "password/edit", "update-password", "new-password") || _group.Fields.Exists(f => Words.Has(WordList.CurrentPassword, f.Words)) || _texts.Exists(t => Words.Has(WordList.PasswordChange, t));
    public bool SaysRecovery => Heading(WordList.Forgot) || Words.Has(WordList.Forgot, _title) || SubmitIs(WordList.Forgot) || Controls.HrefSays(_path, RecoveryPaths) || Controls.HrefSays(_attributes, RecoveryPaths) || SubmitIs(WordList.PasswordChange)
        || Heading(WordList.PasswordChange) || _headings.Exists(h => Words.Has(WordList.Password, h) && !Words.Has(WordList.SignIn, h));
    public bool SaysNewsletter => SubmitIs(WordList.Newsletter) || Heading(WordList.Newsletter) || _texts.Exists(t => t.Length < 200 && Words.Has(WordList.Newsletter, t)) || Controls.HrefSays(_attributes, "newsletter", "subscribe", "mailing") || _group.Fields.Exists(f => Words.Has(WordList.Newsletter, f.Words));

    /// <summary>The page says that a code was sent, or that an app shows it.</summary>
    public bool SpeaksOfCode => _headings.Concat(_texts).Any(t => t.Length <= 300 && (Words.Has(WordList.Code, t) || Words.HasAny(t, WordList.AuthenticatorApp, WordList.Verification)));

    /// <summary>The question that a field answers, or null.</summary>
    public string? QuestionOf(FieldReading field)
    {
        if (!field.IsText && !field.IsPassword) return null;
        var label = field.Element.Name.Length > 0 ? field.Element.Name : field.Placeholder.Length > 0 ? field.Placeholder : "";
        if (IsQuestion(label)) return label.Trim();
        if (label.Length > 0 && !Words.HasAny(label, WordList.SecurityQuestion) && label.Length < 12 && !_headings.Exists(h => Words.Has(WordList.SecurityQuestion, h)) && !_texts.Exists(t => Words.Has(WordList.SecurityQuestion, t))) { /* "Answer": the question stands before it */ }
        if (IsQuestion(field.Element.NearbyText)) return field.Element.NearbyText.Trim();
        var asked = _headings.Concat(_texts).Any(t => Words.HasAny(t, WordList.SecurityQuestion));
        var at = _page.PositionOf(field.Element.Id);
        var before = _questions.Where(q => q.At < at).OrderByDescending(q => q.At).Select(q => q.Text).FirstOrDefault();
        return before is not null && (asked || IsQuestion(before) && field.Element.Type is "text" or "password") && IsQuestion(before) ? before : null;
    }

    private static bool IsQuestion(string text) => text.Trim().TrimEnd(':', '*', ' ').EndsWith('?') && text.Length is > 12 and <= 200 && !Words.HasAny(text, WordList.Forgot, WordList.SignUp, WordList.SignIn, WordList.Resend, WordList.Remember, WordList.Password);
}
