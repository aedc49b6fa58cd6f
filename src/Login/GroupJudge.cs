using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Decides the roles of a group's fields together, then what the group is for.</summary>
internal static class GroupJudge
{
    private const double Take = 4;

    // An identifier and a password alone make 4: less than this means that something speaks against a login. Beside a person's data something has to speak for one.
    private const double LeastForLogin = 1.5;
    private const double LeastBesidePersonal = 2;

    public static void Decide(LoginPage page, GroupReading group)
    {
        foreach (var field in group.Fields.Concat(group.Hidden)) field.Role = FieldRole.Other;
        var words = new GroupWords(page, group);
        group.Letters = Spelling.Of(page, group);
        if (group.Letters.Count > 0)
        {
            DecideLetters(page, group, words);
            return;
        }
        DecideCodes(group, words);
        DecideFields(group, words);
        DecideKind(page, group, words);
        Settle(group);
        group.Submit = Controls.SubmitOf(group, button => SubmitWords(group, button));
        // "Send code" beside the field and alone: it sends the code that was typed.
        if (group.Submit is null && group.Kind == GroupKind.Code && group.Buttons.FindAll(b => b.Visible && !Controls.IsHelper(b) && !Words.Has(WordList.Resend, Controls.Caption(b))) is [var sole] && Controls.Caption(sole).Length is > 0 and < 40) group.Submit = sole;
    }

    /// <summary>Characters of the password, with or without the user name, are a sign-in; those of another word are the answer to a question.</summary>
    private static void DecideLetters(LoginPage page, GroupReading group, GroupWords words)
    {
        // A form around the whole page holds its search as well.
        foreach (var field in group.Fields.Where(f => f[FieldRole.Search] >= 5)) field.Role = FieldRole.Search;
        var others = group.Fields.Where(f => !group.Letters.Exists(l => l.Element == f.Element) && f.Role != FieldRole.Search).ToList();
        foreach (var field in group.Fields.Where(f => group.Letters.Exists(l => l.Element == f.Element))) field.Role = FieldRole.SecurityAnswer;
        var who = others.Find(f => f.IsText && f[FieldRole.Identifier] >= Take);
        group.Kind = GroupKind.Question;
        if (Spelling.SpeaksOfPassword(page, group.Letters) && others.TrueForAll(f => f == who))
        {
            foreach (var field in group.Fields.Where(f => f.Role == FieldRole.SecurityAnswer)) field.Role = FieldRole.Password;
            if (who is not null) (who.Role, group.Identifier) = (FieldRole.Identifier, who);
            group.Kind = who is null ? GroupKind.Reauth : GroupKind.Login;
            group.Add(Take, "characters of the password");
        }
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
    private static void DecideCodes(GroupReading group, GroupWords words)
    {
        var plain = words.SpeaksOfCode ? WordlessRow(group) : [];
        var boxes = new List<FieldReading>();
        foreach (var field in group.Fields)
        {
            var e = field.Element;
            var single = field.MaxLength == 1 && (e.Box.Width < 110 || field.IsNumeric || group.Fields.Count(f => f.MaxLength == 1) >= 4);
            var narrow = field.MaxLength is null or <= 6 && e.Box.Width is > 8 and < 90 && e.Box.Height > 0 && e.Box.Width < e.Box.Height * 2.2 && field.IsNumeric;
            var wordless = plain.Contains(field);
            var numbered = boxes.Count > 0 ? IsNextOf(boxes[^1], field) : group.Fields.IndexOf(field) is var at && at + 1 < group.Fields.Count && IsNextOf(field, group.Fields[at + 1]);
            if (!single && !narrow && !wordless && !(numbered && field[FieldRole.Code] >= 4) || field[FieldRole.Personal] >= 6 || field[FieldRole.Search] >= 5)
            {
                if (boxes.Count is >= 4 and <= 10) break;
                boxes.Clear();
                continue;
            }
            if (boxes.Count > 0 && Math.Abs(boxes[^1].Element.Box.Width - e.Box.Width) > 6) boxes.Clear();
            boxes.Add(field);
        }
        if (boxes.Count is < 4 or > 10) return;
        // A secret that the user chose, box by box, is none that was sent: the lock of a profile.
        if (boxes.Count <= 6 && !words.SpeaksOfCode && !words.NamesWayOfCode && words.HeadingOrTextHas(WordList.Password) && !boxes.Exists(b => b.IsSurelyCode || b[FieldRole.Code] >= 8)) return;
        foreach (var box in boxes)
        {
            box.Role = FieldRole.Code;
            box.Add(FieldRole.Code, 6, $"one of {boxes.Count} boxes");
        }
        group.Codes.AddRange(boxes);
    }

    /// <summary>Four to eight text fields of one size and without a word of their own, when a group has no others: what a page means by them, it says above.</summary>
    private static List<FieldReading> WordlessRow(GroupReading group) =>
        group.Fields.Count is >= 4 and <= 8 && group.Fields.TrueForAll(f => f.IsText && f.Element.Name.Length == 0 && f.Placeholder.Length == 0 && f.MaxLength is null
            && f[FieldRole.Identifier] < Take && f[FieldRole.Personal] < Take && Math.Abs(f.Element.Box.Width - group.Fields[0].Element.Box.Width) <= 2)
        && group.Fields.Skip(1).All(f => f.Element.NearbyText.Length == 0 || f.Element.NearbyText == group.Fields[0].Element.NearbyText) ? group.Fields : [];

    /// <summary>Named alike but for a number that is one higher: <c>digit-1</c>, <c>digit-2</c>.</summary>
    private static bool IsNextOf(FieldReading before, FieldReading after)
    {
        foreach (var attribute in (ReadOnlySpan<string>)["id", "name", "data-testid"])
        {
            var (a, b) = (before.Element.Attributes.GetValueOrDefault(attribute, ""), after.Element.Attributes.GetValueOrDefault(attribute, ""));
            if (a.Length == 0 || b.Length == 0 || a == b) continue;
            var same = 0;
            while (same < a.Length && same < b.Length && a[same] == b[same]) same++;
            while (same > 0 && char.IsAsciiDigit(a[same - 1])) same--;
            if (Number(a, same) is { } first && Number(b, same) is { } second && second.Value == first.Value + 1 && a.AsSpan(first.End).SequenceEqual(b.AsSpan(second.End))) return true;
        }
        return false;

        static (int Value, int End)? Number(string text, int start)
        {
            var end = start;
            while (end < text.Length && end < start + 4 && char.IsAsciiDigit(text[end])) end++;
            return end > start ? (int.Parse(text.AsSpan(start, end - start), System.Globalization.CultureInfo.InvariantCulture), end) : null;
        }
    }

    private static void DecideFields(GroupReading group, GroupWords words)
    {
        var fields = group.Fields.Where(f => f.Role == FieldRole.Other).ToList();
        foreach (var field in fields)
        {
            if (field[FieldRole.Captcha] >= 6) field.Role = FieldRole.Captcha;
            else if (field[FieldRole.Search] >= 5 && field[FieldRole.Identifier] < 4) field.Role = FieldRole.Search;
        }
        foreach (var field in fields.Where(f => f.Role == FieldRole.Other && f.IsText && f[FieldRole.Code] is >= 2 and < 8 && !f.IsSurelyCode))
        {
            // Beside other fields, a "code" that no button sends and nobody names is the one in the picture.
            if (fields.Exists(f => f != field && (f.IsPassword || f.IsText)) && words.HasPictureNear(field) && !words.OffersCode && !words.NamesWayOfCode)
            {
                field.Role = FieldRole.Captcha;
                field.Add(FieldRole.Captcha, 6, "a picture beside it");
            }
        }
        group.HasCaptcha = fields.Exists(f => f.Role == FieldRole.Captcha);
        fields = fields.Where(f => f.Role == FieldRole.Other).ToList();

        // A short number that the page says was sent or is shown by an app is a code, whatever it is called.
        if (group.Codes.Count == 0 && words.SpeaksOfCode)
        {
            foreach (var field in fields.Where(f => f.IsText || f.IsPassword)) field.Add(FieldRole.Code, fields.Count > 1 ? 1 : words.NamesWayOfCode && field[FieldRole.Identifier] < Take ? 4 : 3, "the page speaks of a code");
        }
        else if (group.Codes.Count == 0 && words.NamesWayOfCode && fields is [{ } sole] && sole.IsText && sole[FieldRole.Code] >= 3) sole.Add(FieldRole.Code, 3, "the page says how a code comes");
        // The field after a list of questions answers the one that is chosen.
        if (group.Selects.Find(AsksQuestions) is { } list && fields.Find(f => f.IsText && f.Element.Id.Index > list.Id.Index) is { } answer)
        {
            answer.Add(FieldRole.SecurityAnswer, 6, "after a list of questions");
            answer.Add(FieldRole.Identifier, -6, "after a list of questions");
        }
        var questions = fields.Where(f => f[FieldRole.SecurityAnswer] >= 6 && f[FieldRole.Code] < f[FieldRole.SecurityAnswer]).ToList();
        if (questions.Count == 0 && fields.Count(f => f.IsPassword || f.IsText) == 1 && fields.Find(f => f.IsPassword || f.IsText) is { } lone && lone[FieldRole.Code] < Take && (lone[FieldRole.Identifier] < Take || IsQuestion(lone.Label) && !words.SubmitIs(WordList.SignIn)) && !(lone.IsPassword && Words.Has(WordList.Password, lone.Label + " " + lone.Placeholder)) && words.QuestionOf(lone) is not null) questions = [lone];
        // Beside a control that has one sent, a field labelled as a code is one, even if it is drawn as a password.
        if (group.Codes.Count == 0 && words.OffersCode)
        {
            foreach (var field in fields.Where(f => f.IsPassword && Words.Has(WordList.Code, f.Label) && !Words.Has(WordList.Password, f.Label)))
            {
                field.Add(FieldRole.Code, 4, "a control beside it has a code sent");
                field.Add(FieldRole.Password, -8, "a control beside it has a code sent");
            }
        }
        // Beside one such question, every other field whose label is a whole question wants an answer too; where nothing but questions is asked, two make it certain.
        var asking = fields.FindAll(f => (f.IsText || f.IsPassword && !Words.Has(WordList.Password, f.Label)) && !questions.Contains(f) && f[FieldRole.Captcha] < 6 && f[FieldRole.Code] < Take && IsQuestion(f.Label.TrimEnd(' ', ':', '*')));
        var onlyQuestions = asking.Count > 1 && asking.Count == fields.Count(f => f.IsText || f.IsPassword) && asking.Select(f => f.Label).Distinct().Count() == asking.Count && !words.SubmitIs(WordList.SignUp);
        if (questions.Count > 0 || onlyQuestions) questions = [.. fields.Where(f => questions.Contains(f) || asking.Contains(f))];
        // Alone on a page that speaks of a code, a field that is labelled as one is for it, even if it is drawn as a password.
        if (group.Codes.Count == 0 && words.SpeaksOfCode && questions.Count == 0 && fields.FindAll(f => f.IsPassword || f.IsText) is [{ IsPassword: true } unseen] && Words.Has(WordList.Code, unseen.Label) && !Words.Has(WordList.Password, unseen.Label))
            unseen.Add(FieldRole.Password, -6, "labelled as a code, on a page that speaks of one");
        foreach (var question in questions)
        {
            question.Role = FieldRole.SecurityAnswer;
            fields.Remove(question);
        }
        group.Questions.AddRange(questions);
        group.QuestionList = questions.Count == 1 ? group.Selects.Find(AsksQuestions) : null;

        // A sign-in that hides nothing: of its text fields, the one that speaks of a password.
        if (words.SubmitIs(WordList.SignIn) && !fields.Exists(f => f.IsPassword) && fields.Count(f => f.IsText) is 2 or 3
            && fields.FindAll(f => f.IsText && f[FieldRole.Password] < 2 && Words.Has(WordList.Password, f.Label) && !Words.HasAny(f.Label, WordList.UserName, WordList.Email, WordList.Code, WordList.Forgot, WordList.NewPassword, WordList.ConfirmPassword)) is [var shown])
            shown.Add(FieldRole.Password, 3, "the only field of a sign-in that speaks of a password");

        // A first step that names the company alone.
        if (group.Codes.Count == 0 && !fields.Exists(f => f.IsPassword) && fields.FindAll(f => f.IsText) is [var company] && company[FieldRole.Extra] >= 5 && company[FieldRole.Password] < 2
            && !Words.HasAny(company.Label, WordList.UserName, WordList.Email) && (words.SubmitIs(WordList.SignIn) || words.SubmitIs(WordList.Next) || words.SubmitIs(WordList.Continue)))
        {
            company.Role = FieldRole.Extra;
            group.Extras.Add(company);
            return;
        }
        var best = RoleAssignment.Of(group, fields, words);
        foreach (var (field, role) in best.Roles) field.Role = role;
        foreach (var (field, role, signal) in best.Why) field.Add(role, signal.Points, signal.Name);
        group.Identifier = best.Identifier;
        group.Password = best.Password;
        if (best.Code is { } code) group.Codes.Add(code);
        foreach (var field in fields.Where(f => (f.IsText || f == best.SecondSecret) && f.Role == FieldRole.Other))
        {
            if (field[FieldRole.Personal] >= 4 && field[FieldRole.Extra] < 5) field.Role = FieldRole.Personal;
            else if (field[FieldRole.Identifier] >= 4 && group.Identifier is { } other && words.HasOrBetween(field, other)) continue;
            else if (group.Password is not null || group.Identifier is not null) { field.Role = FieldRole.Extra; group.Extras.Add(field); }
        }
    }

    /// <summary>A whole question, which names its field better than any attribute does; not one that asks who it is.</summary>
    private static bool IsQuestion(string label) => label.TrimEnd() is [.., '?' or '？'] && label.Count(c => c == ' ') >= 3 && !Words.HasAny(label, WordList.UserName, WordList.Email);

    private static void DecideKind(LoginPage page, GroupReading group, GroupWords words)
    {
        // The boxes of one code are one field.
        var texts = group.Fields.Where(f => f.IsText && group.Codes.IndexOf(f) <= 0).ToList();
        var newPasswords = group.Fields.Count(f => f.Role == FieldRole.NewPassword);
        var personal = group.Fields.Count(f => f.Role == FieldRole.Personal) + group.Selects.Count(s => Words.HasAny(s.Name + " " + s.NearbyText, WordList.Address, WordList.Name));
        var textarea = group.Fields.Exists(f => f.Element.Type == "textarea" && f.Role != FieldRole.Captcha);

        if (words.SubmitIsExactly(WordList.SignIn)) group.Add(6, "the button says sign in");
        else if (words.SubmitIs(WordList.SignIn)) group.Add(4, "the button speaks of signing in");
        if (words.SaysPasswordRules) group.Add(-3, "rules for a new password");
        if (!words.HasSubmit && words.ButtonIs(WordList.SignUp)) group.Add(-5, "a button says sign up");
        if (group.Selects.Exists(AsksQuestions)) group.Add(-5, "a question is to be chosen");
        if ((words.SubmitIs(WordList.Edit) || words.SubmitOrders(WordList.Edit)) && !words.SubmitIs(WordList.SignIn)) group.Add(-4, "the button keeps or sends something");
        if (group.Selects.Count(s => s.Visible) >= 2) group.Add(-3, "several selects");
        if (words.SaysTerms) group.Add(-1.5, "terms beside the form");
        if (words.SubmitIs(WordList.SignUp)) group.Add(words.SubmitIs(WordList.SignIn) ? -1 : -8, "the button says sign up");
        if (words.SubmitIs(WordList.Next) || words.SubmitIs(WordList.Continue)) group.Add(2, "the button says next");
        // Whoever has a code sent says who he is, and little more.
        if (group.Password is null && texts.Count <= 3 && (words.SubmitIs(WordList.SendCode) || words.SubmitIs(WordList.Code) && group.Codes.Count == 0)) group.Add(4, "the button sends a code");
        if (words.Heading(WordList.SignIn)) group.Add(3, "heading says sign in");
        if (words.Heading(WordList.SignUp)) group.Add(words.Heading(WordList.SignIn) ? -1 : -3, "heading says sign up");
        if (words.TitleSignIn) group.Add(2, "title says sign in");
        if (words.TitleSignUp) group.Add(words.TitleSignIn ? 0 : -2, "title says sign up");
        if (words.UrlSaysSignIn) group.Add(1.5, "address says sign in");
        if (words.UrlSaysSignUp) group.Add(-2, "address says sign up");
        if (words.AttributesSaySignIn) group.Add(2, "form is named after signing in");
        if (words.AttributesSaySignUp) group.Add(-3, "form is named after signing up");
        if (words.LinkHas(WordList.Forgot) || words.SaysForgot) group.Add(2.5, "help for forgotten passwords");
        if (words.OffersSocialSignIn) group.Add(2, "signing in with another account beside it");
        if (words.ChoiceHas(WordList.Remember) || words.ChoiceHas(WordList.StaySignedIn)) group.Add(2.5, "a box to be remembered");
        if (words.ChoiceHas(WordList.Terms)) group.Add(-3, "terms to be accepted");
        if (words.LinkHas(WordList.SignUp)) group.Add(1.5, "a link to sign up");
        // Read with the sign turned: who offers "log in" beside the button does not mean this form.
        if (!words.SubmitIs(WordList.SignIn))
        {
            if (words.OffersSignInElsewhere) group.Add(-4, "a way to sign in beside it");
            if (words.SaysAlreadyMember) group.Add(-3, "asks whether there is an account already");
            if (group.Password is not null && texts.Exists(f => f.IsMailAddress) && texts.Exists(f => !f.IsMailAddress && f.IsUserName)) group.Add(-3, "a user name and a mail address");
        }
        if (words.Says(WordList.SignUp) && !words.Says(WordList.SignIn)) group.Add(-2.5, "the words above speak of signing up");
        else if (words.Says(WordList.SignIn) && !words.Says(WordList.SignUp)) group.Add(1.5, "the words above speak of signing in");
        if (texts.Count >= 2 && texts.Exists(f => f.IsRepetition)) group.Add(-4, "a field to be repeated");
        if (group.Password is not null) group.Add(3, "one password");
        if (group.Identifier is not null) group.Add(1, "an identifier");
        if (newPasswords > 0) group.Add(-5, "a new password");
        if (personal > 0) group.Add(-2.5 * personal, "a person's data");
        if (texts.Count > 3) group.Add(-1.5 * (texts.Count - 3), "many fields");
        if (group.Fields.Exists(f => f.Autocomplete.Contains("current-password"))) group.Add(3, "autocomplete current-password");
        if (group.Identifier is { } id && id.Autocomplete.Contains("username")) group.Add(1, "autocomplete username");
        if (group.Password is { } password)
        {
            if (password.Autocomplete.Contains("new-password")) group.Add(-3, "autocomplete new-password");
            if (password[FieldRole.Code] >= 4) group.Add(-1.5, "the password may be a code");
        }
        // Nothing says that somebody signs in, and more is asked than that takes: settings that happen to hold a user name and a password.
        if (group.Password is not null && !words.SpeaksOfSignIn && texts.Count(f => f.Role is FieldRole.Other or FieldRole.Extra or FieldRole.Personal && f[FieldRole.Extra] < 5 && f[FieldRole.Personal] < 4) is > 1 and var more) group.Add(-1.5 * more, "fields that no sign-in asks for");
        if (group.Password is not null && group.Identifier is { } named && named[FieldRole.Personal] >= 4 && !words.SpeaksOfSignIn) group.Add(-4, "a person's name, and nothing speaks of signing in");
        if (group.Identifier is { } chosen && (Words.Has(WordList.NewUserName, chosen.Element.Name) || Words.Has(WordList.NewUserName, chosen.Placeholder))) group.Add(-4, "a user name is to be chosen");

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
        if (newPasswords >= 1)
        {
            // A new password beside the current one, or with no one who could be signing up.
            var lost = words.SaysRecovery && !words.SubmitIs(WordList.SignUp);
            var change = group.Password is not null ? group.Identifier is null || words.SaysChange || lost
                : personal == 0 && (words.SaysChange || lost || group.Identifier is null && newPasswords >= 2 && !words.SubmitIs(WordList.SignUp));
            if (words.SaysSignUp && group.Identifier is not null && !words.SubmitIs(WordList.PasswordChange)) change = false;
            group.Kind = change ? GroupKind.PasswordChange : GroupKind.SignUp;
            return;
        }
        if (group.Password is not null)
        {
            // The password that a document or a draft was given, not the one of an account.
            if (texts.Count == 0 && words.SaysGuarded && !words.SubmitIs(WordList.SignIn) && !words.Heading(WordList.SignIn)) { group.Kind = GroupKind.Other; return; }
            if (textarea && (group.Score < 6 || !words.SubmitIs(WordList.SignIn))) { group.Kind = words.SubmitIs(WordList.SignUp) && !words.SubmitIs(WordList.SignIn) ? GroupKind.SignUp : GroupKind.Contact; return; }
            group.Kind = group.Score < (personal > 0 ? LeastBesidePersonal : LeastForLogin) ? GroupKind.SignUp : group.Identifier is null ? GroupKind.Reauth : GroupKind.Login;
            return;
        }
        if (group.Codes.Count > 0 && group.Fields.Count - group.Codes.Count <= 3 && personal <= 1)
        {
            // A code sent to somebody who names himself here: to sign in, unless the words are about a new account or a lost password.
            if (group.Identifier is not null && !words.SubmitIs(WordList.SignIn) && (words.SaysSignUp || words.SaysRecovery))
            {
                group.Kind = words.SaysSignUp ? GroupKind.SignUp : GroupKind.Recovery;
                return;
            }
            group.Kind = GroupKind.Code;
            group.Score = group.Codes.Max(c => c[FieldRole.Code]);
            return;
        }
        if (group.Questions.Count > 0)
        {
            group.Kind = GroupKind.Question;
            return;
        }
        if (textarea || personal >= 2)
        {
            group.Kind = words.SubmitIs(WordList.SignUp) || !textarea && words.SaysSignUp && group.Score < 0 && !words.SaysNewsletter ? GroupKind.SignUp : GroupKind.Contact;
            return;
        }
        if (group.Identifier is null)
        {
            group.Kind = group.Extras.Count == 1 && group.Fields.Count == 1 && group.Score >= 4 && !words.SaysNewsletter && !words.SaysRecovery ? GroupKind.Identifier : GroupKind.Other;
            return;
        }
        // One text field without a password: the first step of a sign-in, a recovery form, a newsletter or a sign-up. Words decide.
        if (words.SaysNewsletter && (!words.SubmitIs(WordList.SignIn) || group.Score < 8.5 && (group.Identifier.IsMailAddress || Words.Has(WordList.Newsletter, group.Identifier.Label)) && !words.TitleSignIn) || page.Snapshot.Elements[page.PositionOf(group.Identifier.Element.Id)].Landmark == "footer" && !words.SubmitIs(WordList.SignIn))
        {
            group.Kind = GroupKind.Newsletter;
            return;
        }
        // Beside a button that asks for a new password, one that says sign in leads back.
        var asksForNew = words.ButtonIs(WordList.Forgot) || words.ButtonIs(WordList.NewPassword) || words.ButtonIs(WordList.PasswordChange);
        if ((words.SaysRecovery || words.LeadsBack) && (!words.SubmitIs(WordList.SignIn) || asksForNew && words.HeadingSaysNewPassword))
        {
            group.Kind = GroupKind.Recovery;
            return;
        }
        if (group.Identifier[FieldRole.Search] >= 5 || words.SubmitIs(WordList.Search))
        {
            group.Kind = GroupKind.Search;
            return;
        }
        if (!group.Buttons.Exists(b => b.Visible)) group.Add(-2, "no button");
        if (group.Hidden.Exists(h => h.IsHiddenPassword)) group.Add(3, "a hidden password field follows");
        if (group.Identifier.Autocomplete.Contains("username") || group.Identifier.Autocomplete.Contains("webauthn")) group.Add(3, "autocomplete username");
        // Whoever wants a mail address says so; who asks for a user name knows the user.
        if (group.Fields.Count == 1 && (words.SubmitIs(WordList.Next) || words.SubmitIs(WordList.Continue)) && Words.Has(WordList.UserName, group.Identifier.Label)) group.Add(1, "the label asks for a user name");
        if (group.Score < 0) { group.Kind = GroupKind.SignUp; return; }
        group.Kind = group.Score >= 4 ? GroupKind.Identifier : GroupKind.Other;
    }

    /// <summary>A list of questions to choose from: where an account is made or changed.</summary>
    private static bool AsksQuestions(ElementSnapshot select) =>
        select.Visible && select.Options.Count >= 2 && (select.Options.Count(o => o.Label.TrimEnd().EndsWith('?') || o.Label.TrimEnd().EndsWith('？')) * 2 >= select.Options.Count || Words.Has(WordList.SecurityQuestion, select.Name + " " + select.NearbyText));

    /// <summary>What the kind says about the fields afterwards.</summary>
    private static void Settle(GroupReading group)
    {
        // A code that a later step of this page will ask for: known to exist, never filled from here.
        foreach (var field in group.Hidden)
            if (field.IsSurelyCode && field[FieldRole.Code] >= 8 && field[FieldRole.Captcha] < 6 && field[FieldRole.Personal] < 4 && field.Element.HiddenBy is "display" or "visibility") field.Role = FieldRole.Code;
        if (!group.IsLogin)
        {
            group.Extras.Clear();
            foreach (var field in group.Fields)
            {
                if (field.Role == FieldRole.Extra || field.Role == FieldRole.Code && group.Kind is not (GroupKind.Code or GroupKind.PasswordChange) && !(group.Kind is GroupKind.SignUp or GroupKind.Recovery && group.Codes.Contains(field) && !group.Fields.Exists(f => f.IsPassword))) field.Role = FieldRole.Personal;
                if (group.Kind == GroupKind.SignUp && field.Role == FieldRole.Password) field.Role = FieldRole.NewPassword;
            }
        }
        else
        {
            // A last name beside a membership number and a password belongs to the login.
            foreach (var field in group.Fields)
                if (field.Role == FieldRole.Personal && field.IsText && group.Password is not null && group.Fields.Count <= 4) { field.Role = FieldRole.Extra; group.Extras.Add(field); }
        }
    }
}

/// <summary>The texts around a group, asked for their meaning.</summary>
internal sealed class GroupWords
{
    private static readonly string[] SignInPaths = ["login", "log-in", "log_in", "signin", "sign-in", "sign_in", "logon", "/auth", "/sso", "session", "anmeld", "connexion", "acceso", "/access", "account/l", "identif", "inloggen", "logowanie", "prihlas", "entrar", "accedi"];
    private static readonly string[] SignUpPaths = ["register", "signup", "sign-up", "sign_up", "registration", "join", "enroll", "enrol", "create-account", "createaccount", "new-account", "inscription", "registr"];
    private static readonly string[] RecoveryPaths = ["forgot", "recover", "reset", "lost", "vergessen", "oubli", "olvid", "password/new"];

    private readonly GroupReading _group;
    private readonly List<Said> _headings = [];
    private readonly List<Said> _texts = [];
    private readonly List<Said> _above = [];
    private readonly List<Said> _submits;
    private readonly List<Said> _links;
    private readonly List<Said> _choices;
    private readonly Said _title;
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
            if (e.Kind == ElementKind.Heading) { _headings.Add(new Said(e.Text)); found++; }
            else if (e.Kind is ElementKind.Text or ElementKind.Alert && first - i < 20)
            {
                if (e.Text.Length <= 60 && found == 0 && e.Tag != "label" && !group.Fields.Exists(f => f.Label == e.Text)) _above.Add(new Said(e.Text));
                _texts.Add(new Said(e.Text));
                if (e.Text.Trim().EndsWith('?') && first - i < 8) _questions.Add((i, e.Text.Trim()));
            }
        }
        foreach (var e in group.Around)
        {
            if (!e.Visible) continue;
            if (e.Kind is ElementKind.Text or ElementKind.Alert && !_texts.Exists(t => t.Text == e.Text)) _texts.Add(new Said(e.Text));
            if (e.Kind == ElementKind.Heading && !_headings.Exists(h => h.Text == e.Text)) _headings.Add(new Said(e.Text));
            if (e.Kind == ElementKind.Text && e.Text.Trim().EndsWith('?') && page.PositionOf(e.Id) < last) _questions.Add((page.PositionOf(e.Id), e.Text.Trim()));
        }
        if (group.Dialog >= 0 && page.Snapshot.Groups[group.Dialog] is { Name.Length: > 0 } dialog) _headings.Add(new Said(dialog.Name));
        var leading = Controls.LeadingOf(group);
        _submits = [.. leading.Select(Controls.Caption).Where(c => c.Length is > 0 and <= 80).Select(c => new Said(c))];
        var others = group.Around.Where(e => e.Kind == ElementKind.Link).Concat(group.Buttons).Concat(After(page, last)).Where(e => e.Visible && !leading.Contains(e)).ToList();
        _links = [.. others.Select(e => new Said(Controls.Caption(e)))];
        OffersSignInElsewhere = others.Exists(e => !LeadsHere(page, e) && e.Landmark is not ("header" or "nav" or "footer") && Controls.Caption(e) is { Length: <= 60 } caption && Words.Has(WordList.SignIn, caption) && (!caption.TrimEnd().EndsWith('?') || Words.Has(WordList.AlreadyMember, caption)) && !Words.HasAny(caption, WordList.SignUp, WordList.Forgot) && !Controls.IsSocial(caption));
        OffersCode = group.Fields.Count > 1 && (group.Buttons.Exists(b => b.Visible && Controls.Caption(b) is { Length: <= 60 } caption && Words.HasAny(caption, WordList.SendCode, WordList.Resend))
            // A few words in the row of the field, drawn to be pressed by a style of their own.
            || group.Around.Exists(e => e.Visible && e.Kind == ElementKind.Text && e.Text.Length <= 30 && (Words.Is(WordList.SendCode, e.Text) || Words.Is(WordList.Resend, e.Text))) && !group.Fields.Exists(f => f.IsText && f[FieldRole.Code] > 0 && HasPictureNear(f)));
        _choices = [.. group.Choices.Select(c => new Said(c.Name + " " + c.NearbyText))];
        _title = new Said(page.Snapshot.Title);
        var frameUrl = page.Snapshot.Frames[Math.Min(group.Frame, page.Snapshot.Frames.Count - 1)].Url;
        _path = (page.Snapshot.Url.AbsolutePath + " " + page.Snapshot.Url.Host + " " + page.Snapshot.Url.Fragment + " " + frameUrl.AbsolutePath).ToLowerInvariant();
        var form = group.Form >= 0 ? page.Snapshot.Groups[group.Form].Attributes : null;
        _attributes = form is null ? "" : string.Join(" ", new[] { "id", "name", "class", "action", "aria-label" }.Select(n => form.GetValueOrDefault(n, ""))).ToLowerInvariant();
    }

    /// <summary>A link to the page that it stands on: the same one in every header of the site.</summary>
    private static bool LeadsHere(LoginPage page, ElementSnapshot e) =>
        e.Attributes.GetValueOrDefault("href") is { Length: > 0 } href && href[0] != '#' && Uri.TryCreate(page.Snapshot.Url, href, out var target) && target.Scheme is "http" or "https" && Uri.Compare(target, page.Snapshot.Url, UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

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

    public bool HasSubmit => _submits.Count > 0;
    public bool SubmitIs(WordList list) => _submits.Exists(s => s.Has(list));

    /// <summary>The first or the last of a few words says it, as verbs do: "add a device", "Gerät hinzufügen".</summary>
    public bool SubmitOrders(WordList list) => _submits.Exists(s => Words.Fold(s.Text).Split(' ') is { Length: > 1 and <= 5 } said && (Words.Is(list, said[0]) || Words.Is(list, said[^1])));
    public bool ButtonIs(WordList list) => _group.Buttons.Exists(b => b.Visible && Controls.Caption(b).Length <= 60 && Words.Has(list, Controls.Caption(b)));
    public bool SaysTerms => _texts.Exists(t => t.Length < 300 && t.Has(WordList.Terms));

    /// <summary>"At least 8 characters", in the languages whose word for characters is known.</summary>
    public bool SaysPasswordRules => _texts.Select(t => t.Text).Concat(_group.Fields.Select(f => f.Element.Description + " " + f.Placeholder)).Any(t => t.Length < 400 && t.Any(char.IsDigit)
        && Controls.HrefSays(t.ToLowerInvariant(), "character", "zeichen", "caract", "caratter", "tekens", "tecken", "tegn", "merkki", "znak", "karakter", "символ", "знак", "文字", "字符", "글자"));
    /// <summary>A link or a second button that leads to the sign-in.</summary>
    public bool OffersSignInElsewhere { get; }

    /// <summary>"Sign in with (a well-known account)".</summary>
    public bool OffersSocialSignIn => _links.Exists(l => l.Length <= 60 && Controls.IsSocial(l.Text) && l.Has(WordList.SignIn) && !l.Has(WordList.SignUp));

    /// <summary>A short text that behaves as the link it is drawn as.</summary>
    public bool SaysForgot => _texts.Exists(t => t.Length <= 60 && t.Has(WordList.Forgot));

    /// <summary>A control leads back to the sign-in: this is not it.</summary>
    public bool LeadsBack => _group.Buttons.Concat(_group.Around).Any(e => e.Visible && e.Kind is ElementKind.Button or ElementKind.Link && Controls.LeadsBack(e));
    public bool SaysSignUp => SubmitIs(WordList.SignUp) || Heading(WordList.SignUp) || TitleSignUp || AttributesSaySignUp || UrlSaysSignUp;
    public bool SaysAlreadyMember => _texts.Exists(t => t.Length <= 160 && t.Has(WordList.AlreadyMember));

    /// <summary>Anything about the group that speaks of signing in.</summary>
    public bool SpeaksOfSignIn => SubmitIs(WordList.SignIn) || Heading(WordList.SignIn) || Says(WordList.SignIn) || TitleSignIn || UrlSaysSignIn || AttributesSaySignIn || SaysForgot || LinkHas(WordList.Forgot) || ChoiceHas(WordList.Remember) || ChoiceHas(WordList.StaySignedIn);

    /// <summary>A shared password guards what is to be seen, and no word of signing in.</summary>
    public bool SaysGuarded => _title.Has(WordList.Guarded) || _group.Fields.Exists(f => f.IsPassword && f.Label.Length <= 60 && Words.Has(WordList.Guarded, f.Label)) || _headings.Concat(_texts).Any(t => t.Length <= 200 && t.Has(WordList.Guarded) && !t.Has(WordList.SignIn));

    /// <summary>Short texts between the last heading and the fields.</summary>
    public bool Says(WordList list) => _above.Exists(t => t.Has(list));
    public bool SubmitIsExactly(WordList list) => _submits.Exists(s => s.Means.Is(list));
    public bool Heading(WordList list) => _headings.Exists(h => h.Length <= 100 && h.Has(list));
    public bool LinkHas(WordList list) => _links.Exists(l => l.Length <= 80 && l.Has(list));
    public bool ChoiceHas(WordList list) => _choices.Exists(c => c.Has(list));
    public bool TitleSignIn => _title.Has(WordList.SignIn);
    public bool TitleSignUp => _title.Has(WordList.SignUp);
    public bool UrlSaysSignIn => Controls.HrefSays(_path, SignInPaths);
    public bool UrlSaysSignUp => Controls.HrefSays(_path, SignUpPaths);
    public bool AttributesSaySignIn => Controls.HrefSays(_attributes, "login", "signin", "sign-in", "sign_in", "log-in", "logon", "auth");
    public bool AttributesSaySignUp => Controls.HrefSays(_attributes, "register", "signup", "sign-up", "registration", "sign_up", "create");
    public bool SaysChange => Heading(WordList.PasswordChange) || Heading(WordList.NewPassword) || _title.Length > 0 && _title.Means.HasAny(WordList.PasswordChange) || SubmitIs(WordList.PasswordChange) || SubmitIs(WordList.NewPassword)
        || Controls.HrefSays(_path, "change", "reset", "password/edit", "update-password", "new-password") || _group.Fields.Exists(f => Words.Has(WordList.CurrentPassword, f.Words)) || _texts.Exists(t => t.Has(WordList.PasswordChange));
    public bool SaysRecovery => Heading(WordList.Forgot) || _title.Has(WordList.Forgot) || SubmitIs(WordList.Forgot) || Controls.HrefSays(_path, RecoveryPaths) || Controls.HrefSays(_attributes, RecoveryPaths) || SubmitIs(WordList.PasswordChange)
        || Heading(WordList.PasswordChange) || _headings.Exists(h => h.Has(WordList.Password) && !h.Has(WordList.SignIn));

    /// <summary>A heading about a lost or a new password, and none about signing in.</summary>
    public bool HeadingSaysNewPassword => !Heading(WordList.SignIn) && (Heading(WordList.Forgot) || Heading(WordList.NewPassword) || Heading(WordList.PasswordChange));

    public bool SaysNewsletter => SubmitIs(WordList.Newsletter) || Heading(WordList.Newsletter) || _texts.Exists(t => t.Length < 200 && t.Has(WordList.Newsletter)) || Controls.HrefSays(_attributes, "newsletter", "subscribe", "mailing") || _group.Fields.Exists(f => Words.Has(WordList.Newsletter, f.Words));

    /// <summary>The page says that a code was sent, or that an app shows it.</summary>
    public bool SpeaksOfCode => _headings.Concat(_texts).Any(t => t.Length <= 300 && (t.Has(WordList.Code) || t.Means.HasAny(WordList.AuthenticatorApp, WordList.Verification)));

    /// <summary>A second control of the group, or a text that behaves as one, has a code sent: the field beside it is for that code.</summary>
    public bool OffersCode { get; }

    /// <summary>The page says how a code comes: by an app, by text message, by mail.</summary>
    public bool NamesWayOfCode => _headings.Concat(_texts).Any(t => t.Length <= 300 && (t.Means.HasAny(WordList.AuthenticatorApp, WordList.Sms, WordList.Push, WordList.BackupCode, WordList.Verification, WordList.Resend) || t.Has(WordList.EmailWord) && t.Has(WordList.Code)));

    public bool HeadingOrTextHas(WordList list) => _headings.Concat(_texts).Any(t => t.Length <= 200 && t.Has(list));

    private static readonly HashSet<string> Ors = [.. "or oder ou o eller of lub nebo alebo vagy sau veya или або または 或 或者 또는 او או يا atau hoac หรือ tai oppure η ili ali arba vai voi".Split(' ')];

    /// <summary>"Or" stands between two fields: either of them will do.</summary>
    public bool HasOrBetween(FieldReading one, FieldReading other)
    {
        var (first, second) = _page.PositionOf(one.Element.Id) < _page.PositionOf(other.Element.Id) ? (one, other) : (other, one);
        for (var i = _page.PositionOf(first.Element.Id) + 1; i < _page.PositionOf(second.Element.Id); i++)
            if (_page.Elements[i] is { Visible: true, Kind: ElementKind.Text or ElementKind.Heading } e && Ors.Contains(Words.Fold(e.Text))) return true;
        return Words.Fold(second.Label).Split(' ') is [{ Length: > 1 } word, _, ..] && Ors.Contains(word);
    }

    /// <summary>A picture in the same row, or right above or below.</summary>
    public bool HasPictureNear(FieldReading field)
    {
        var box = field.Element.Box;
        return _group.Around.Concat(_group.Buttons).Any(e => e.Visible && (e.Kind == ElementKind.Image || e.Kind == ElementKind.Button && e.Tag == "img") && e.Box.Bottom > box.Y - 90 && e.Box.Y < box.Bottom + 90 && e.Box.X < box.Right + 300 && e.Box.Right > box.X - 300);
    }

    /// <summary>The question that a field answers, or null.</summary>
    public string? QuestionOf(FieldReading field)
    {
        if (!field.IsText && !field.IsPassword) return null;
        var label = field.Element.Name.Length > 0 ? field.Element.Name : field.Placeholder.Length > 0 ? field.Placeholder : "";
        if (IsQuestion(label)) return label.Trim();
        if (IsQuestion(field.Element.NearbyText)) return field.Element.NearbyText.Trim();
        var asked = _headings.Concat(_texts).Any(t => t.Means.HasAny(WordList.SecurityQuestion));
        var at = _page.PositionOf(field.Element.Id);
        var before = _questions.Where(q => q.At < at).OrderByDescending(q => q.At).Select(q => q.Text).FirstOrDefault();
        return before is not null && (asked || IsQuestion(before) && field.Element.Type is "text" or "password") && IsQuestion(before) ? before : null;
    }

    private static bool IsQuestion(string text) => text.Trim().TrimEnd(':', '*', ' ').EndsWith('?') && text.Length is > 12 and <= 200 && !Words.HasAny(text, WordList.Forgot, WordList.SignUp, WordList.SignIn, WordList.Resend, WordList.Remember, WordList.Password);
}
