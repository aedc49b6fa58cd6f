using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>What buttons and links are for.</summary>
internal static class Controls
{
    private static readonly string[] Brands = ["google", "facebook", "apple", "microsoft", "github", "gitlab", "twitter", "linkedin", "amazon", "paypal", "yahoo", "vkontakte", "wechat", "steam", "discord", "slack", "okta", "saml", "sso",
        "passkey", "qr", "fido", "webauthn", "face id", "touch id", "itsme", "bankid", "mitid"];

    // What the captions of controls that send a form say.
    private static readonly WordList[] Sending = [WordList.SignIn, WordList.SignUp, WordList.Next, WordList.Continue, WordList.Confirm, WordList.SendCode, WordList.Search, WordList.Newsletter, WordList.PasswordChange, WordList.NewPassword];

    /// <summary>What a control says. A name for screen readers that tells a whole story gives way to the words that everybody sees.</summary>
    public static string Caption(ElementSnapshot e) => e.Name.Length > 0 && (e.Name.Length <= 80 || e.Text.Length is 0 or > 80) ? e.Name : e.Text.Length > 0 ? e.Text : e.Attributes.GetValueOrDefault("title", "");

    /// <summary>A button beside a field that does not send: show the password, clear, an eye, a question mark, back.</summary>
    public static bool IsHelper(ElementSnapshot e)
    {
        if (e.Type == "reset") return true;
        var caption = Caption(e);
        if (Words.Is(WordList.Cancel, caption) || LeadsBack(e)) return true;
        var mark = (e.Attributes.GetValueOrDefault("class", "") + " " + e.Attributes.GetValueOrDefault("id", "")).ToLowerInvariant();
        if (mark.Contains("show-pass", StringComparison.Ordinal) || mark.Contains("toggle", StringComparison.Ordinal) || mark.Contains("eye", StringComparison.Ordinal) || mark.Contains("reveal", StringComparison.Ordinal)) return e.Type != "submit";
        var folded = Words.Fold(caption);
        return folded is "show" or "hide" or "x" or "clear" or "back" or "?" || folded.StartsWith("show ", StringComparison.Ordinal) && Words.Has(WordList.Password, caption) || folded.StartsWith("hide ", StringComparison.Ordinal);
    }

    /// <summary>"Back to the sign-in": what stands on every page that one reaches from there.</summary>
    public static bool LeadsBack(ElementSnapshot e)
    {
        if (Caption(e) is not { Length: > 0 and <= 60 } caption || !Words.Has(WordList.SignIn, caption)) return false;
        if (Words.Has(WordList.Cancel, caption)) return true;
        var words = Words.Fold(caption).Split(' ');
        return words.Length > 1 && (Words.Is(WordList.Cancel, words[0]) || Words.Is(WordList.Cancel, words[^1]));
    }

    public static bool LooksLikeSubmit(ElementSnapshot e)
    {
        if (IsHelper(e)) return false;
        var caption = Caption(e);
        return caption.Length <= 60 && Words.HasAny(caption, WordList.SignIn, WordList.Next, WordList.Continue, WordList.Confirm, WordList.Search, WordList.Newsletter, WordList.SignUp);
    }

    public static bool IsSocial(string caption)
    {
        var folded = " " + Words.Fold(caption) + " ";
        foreach (var brand in Brands)
            if (folded.Contains(" " + brand + " ", StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>The control that sends a group; null: press Enter in the last field.</summary>
    public static ElementSnapshot? SubmitOf(GroupReading group, Func<ElementSnapshot, double> wordsOf)
    {
        var ranked = Rank(group, wordsOf);
        return ranked.Count > 0 && ranked[0].Points >= 3 && (ranked.Count == 1 || ranked[0].Points - ranked[1].Points >= 0.5) ? ranked[0].Control : null;
    }

    /// <summary>The control (two, when they are alike) that sends a group, before it is known what the group is for.</summary>
    public static IReadOnlyList<ElementSnapshot> LeadingOf(GroupReading group)
    {
        var ranked = Rank(group, static button => Sends(Caption(button)));
        var leading = ranked.Where(r => r.Points >= 3 && ranked[0].Points - r.Points < 1.5).Select(r => r.Control).ToList();
        // "Next, or create an account": of two that are alike the first is what the form is for, the second the way out for others.
        var order = leading.OrderBy(c => c.Id.Index).ToList();
        if (order.Count > 1 && Words.HasAny(Caption(order[0]), WordList.SignIn, WordList.Next, WordList.Continue)) leading.RemoveAll(c => c != order[0] && Words.Has(WordList.SignUp, Caption(c)) && !Words.Has(WordList.SignIn, Caption(c)));
        return leading;
    }

    private static double Sends(string caption)
    {
        if (caption.Length is 0 or > 80) return 0;
        foreach (var list in Sending)
            if (Words.Is(list, caption)) return 5;
        return Words.HasAny(caption, Sending) ? 3 : 0;
    }

    /// <summary>What could send a group, the best first; of equals the first in reading order.</summary>
    private static List<(ElementSnapshot Control, double Points)> Rank(GroupReading group, Func<ElementSnapshot, double> wordsOf)
    {
        var lastField = group.Fields.Count > 0 ? group.Fields[^1].Element : null;
        var buttons = group.Buttons.Where(b => b.Visible || group.IsDormant).ToList();
        var sending = buttons.Count(b => b.Type is "submit" or "image" && !IsHelper(b));
        // A link sends only what no button sends, and stands after the first field.
        var candidates = sending > 0 ? buttons : [.. buttons, .. group.Around.Where(a => a.Kind == ElementKind.Link && a.Visible && LooksLikeSubmit(a) && !Words.Has(WordList.SignUp, Caption(a)) && group.Fields.Count > 0 && a.Id.Index > group.Fields[0].Element.Id.Index)];
        var result = new List<(ElementSnapshot Control, double Points)>();
        foreach (var button in candidates)
        {
            var score = 0.0;
            var caption = Caption(button);
            // Without a form no button sends anything by its type.
            if (group.Form < 0 && button.Type is "submit" or "image" or "button" && button.Tag is "button" or "input") score += button.Attributes.GetValueOrDefault("type") is "submit" ? 3.5 : 3;
            else if (button.Type is "submit" or "image") score += button.Tag == "button" && !button.Attributes.ContainsKey("type") ? 3 : 4;
            else if (button.Kind == ElementKind.Button) score += 1;
            if (sending == 1 && group.Form >= 0 && button.Type is "submit" or "image") score += 2;
            if (candidates.Count == 1) score += 3;
            score += wordsOf(button);
            var mark = (button.Attributes.GetValueOrDefault("class", "") + " " + button.Attributes.GetValueOrDefault("id", "") + " " + button.Attributes.GetValueOrDefault("name", "")).ToLowerInvariant();
            if (mark.Contains("primary", StringComparison.Ordinal) || mark.Contains("submit", StringComparison.Ordinal)) score += 1;
            if (mark.Contains("login", StringComparison.Ordinal) || mark.Contains("signin", StringComparison.Ordinal) || mark.Contains("sign-in", StringComparison.Ordinal)) score += 1.5;
            if (lastField is not null)
            {
                if (button.Box.Y >= lastField.Box.Y - 5) score += 1;
                if (button.Box.Y >= lastField.Box.Bottom - 10 && button.Box.Y - lastField.Box.Bottom < 160) score += 1;
            }
            if (IsHelper(button)) score -= 6;
            if (IsSocial(caption) && !(Words.Is(WordList.SignIn, caption) || Words.Is(WordList.Continue, caption))) score -= 6;
            if (Words.Has(WordList.Forgot, caption) && !(sending == 1 && button.Type is "submit" or "image")) score -= 6;
            if (Words.HasAny(caption, WordList.Resend, WordList.SendCode, WordList.AnotherWay)) score -= 4;
            if (button.Kind == ElementKind.Link) score -= 4;
            // A form that has a button of its own is seldom sent by something drawn as one.
            else if (button.Tag == "a" && sending > 0) score -= 4;
            if (mark.Contains("secondary", StringComparison.Ordinal)) score -= 0.5;
            if (IsForOthers(group, button)) score -= 5;
            if (button.Covered) score -= 1;
            result.Add((button, score));
        }
        return [.. result.OrderByDescending(r => r.Points)];
    }

    /// <summary>"Already a member? [Sign in]": a question before a control says whom it is for.</summary>
    private static bool IsForOthers(GroupReading group, ElementSnapshot button) =>
        group.Around.Exists(e => e.Kind == ElementKind.Text && e.Visible && e.Id.Frame == button.Id.Frame && e.Id.Index < button.Id.Index && e.Id.Index >= button.Id.Index - 2
            && e.Text.Length <= 80 && Words.Has(WordList.AlreadyMember, e.Text) && e.Text.Contains('?', StringComparison.Ordinal) && Words.Has(WordList.SignIn, Caption(button)));

    /// <summary>Points for a link or button that leads to the sign-in; 0 = it does not.</summary>
    public static double SignInScore(ElementSnapshot e)
    {
        if (e.Kind is not (ElementKind.Button or ElementKind.Link)) return 0;
        var caption = Caption(e);
        var href = PathOf(e);
        if (caption.Length > 80) return 0;
        var score = 0.0;
        if (Words.Is(WordList.SignIn, caption)) score += 6;
        else if (Words.Has(WordList.SignIn, caption)) score += caption.Length < 35 ? 4 : 2;
        else if (Words.Has(WordList.Account, caption) && caption.Length < 35) score += 2;
        if (HrefSays(href, "login", "log-in", "log_in", "signin", "sign-in", "sign_in", "logon", "anmelden", "connexion", "/sso", "/auth", "session/new", "acceso", "iniciar")) score += 3;
        else if (HrefSays(href, "/account", "/my", "konto", "portal", "/member", "/customer")) score += 1;
        if (score <= 0) return 0;
        if (Words.Has(WordList.SignUp, caption) && !Words.Has(WordList.SignIn, caption) || HrefSays(href, "register", "signup", "sign-up", "join")) score -= 5;
        if (Words.HasAny(caption, WordList.Forgot, WordList.SignOut) || HrefSays(href, "logout", "signout", "sign-out", "forgot", "reset")) score -= 8;
        // "Trouble signing in?" leads to help.
        if (caption.TrimEnd().EndsWith('?') && !Words.Has(WordList.AlreadyMember, caption)) score -= 4;
        if (IsSocial(caption)) score -= 4;
        if (e.Landmark is "header" or "nav") score += 1.5;
        if (e.Landmark == "footer") score -= 1;
        if (e.Box.Y is >= 0 and < 160) score += 0.5;
        return score;
    }

    /// <summary>A link's address without its query, in lower case: what a query carries (a return address) says nothing about where the link leads.</summary>
    public static string PathOf(ElementSnapshot e)
    {
        var href = e.Attributes.GetValueOrDefault("href", "").ToLowerInvariant();
        var query = href.IndexOf('?', StringComparison.Ordinal);
        if (query < 0) return href;
        var fragment = href.IndexOf('#', query);
        return fragment < 0 ? href[..query] : href[..query] + href[fragment..];
    }

    public static bool HrefSays(string href, params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
            if (href.Contains(word, StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>Points for a control that ends a signed-in session.</summary>
    public static double SignOutScore(ElementSnapshot e)
    {
        if (e.Kind is not (ElementKind.Button or ElementKind.Link)) return 0;
        var caption = Caption(e);
        if (caption.Length > 60) return 0;
        var href = e.Attributes.GetValueOrDefault("href", "").ToLowerInvariant();
        var score = 0.0;
        if (Words.Is(WordList.SignOut, caption)) score += 6;
        else if (Words.Has(WordList.SignOut, caption) && caption.Length < 40) score += 4;
        if (HrefSays(href, "logout", "log-out", "log_out", "signout", "sign-out", "sign_out", "logoff", "log-off", "abmelden", "deconnexion", "do=logout", "/exit", "cerrar-sesion")) score += 5;
        // Alone it may mean anything; with an address of the same meaning it does not.
        if (score == 0 && Words.Fold(caption) is "disconnect" or "exit" or "leave" or "quit" or "quitter" or "salir" or "uscita" or "beenden") score += 3;
        return score;
    }
}
