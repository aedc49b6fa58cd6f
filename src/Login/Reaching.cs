using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Ways from some page of a site to its sign-in. Bounded, and never through a credential field.</summary>
internal static class Reaching
{
    private static readonly string[] WellKnown = ["login", "signin"];

    /// <summary>The best visible control that leads to the sign-in and was not tried yet.</summary>
    public static ElementSnapshot? SignInControl(LoginPage page, LoginProgress progress)
    {
        if (Overridden.SignIn(page, progress) is { } named) return named;
        ElementSnapshot? best = null;
        var most = 3.4;
        foreach (var e in page.Elements)
        {
            if (!e.Visible || !e.Enabled) continue;
            var score = Controls.SignInScore(e);
            if (score <= most || progress.Tried.Contains(page.OutlineOf(e))) continue;
            (best, most) = (e, score);
        }
        return best;
    }

    /// <summary>A link that may lead to the sign-in although nothing calls it so: a customer area, a portal, "my …".</summary>
    public static ElementSnapshot? WeakControl(LoginPage page, LoginProgress progress)
    {
        ElementSnapshot? best = null;
        var most = 1.0;
        foreach (var e in page.Elements)
        {
            if (!e.Visible || !e.Enabled || e.Kind is not (ElementKind.Link or ElementKind.Button) || progress.Tried.Contains(page.OutlineOf(e))) continue;
            var href = Controls.PathOf(e);
            var caption = Words.Fold(Controls.Caption(e));
            if (caption.Length > 60 || Uri.TryCreate(page.Snapshot.Url, href.Length > 0 ? href : "about:blank", out var target) && href.Length > 0 && target.Scheme is "http" or "https" && !RegistrableDomain.Same(target, page.Snapshot.Url)) continue;
            var score = Math.Max(0, Controls.SignInScore(e));
            if (target is { AbsolutePath: var path } && path == page.Snapshot.Url.AbsolutePath && target.Fragment.Length == 0) continue;
            if (Controls.HrefSays(href, "/my", "access", "portal", "member", "client", "customer", "kunden", "account", "secure", "enter", "user", "auth", "online", "espace", "area", "cuenta", "konto", "app")) score += 2;
            if (caption.Contains("portal", StringComparison.Ordinal) || caption.Contains("account", StringComparison.Ordinal) || caption.StartsWith("my ", StringComparison.Ordinal) || caption.Contains("online access", StringComparison.Ordinal)
                || Words.HasAny(caption, WordList.Account)) score += 2;
            if (Words.HasAny(caption, WordList.SignUp, WordList.SignOut, WordList.Forgot, WordList.Terms)) score -= 5;
            if (Controls.IsSocial(caption)) score -= 4;
            if (score > most) (best, most) = (e, score);
        }
        return best;
    }

    /// <summary>An address of the sign-in that the page knows without showing it (a closed menu).</summary>
    public static Uri? HiddenSignIn(LoginPage page, LoginProgress progress)
    {
        foreach (var e in page.Elements.Where(e => !e.Visible && e.Kind == ElementKind.Link).OrderByDescending(Controls.SignInScore))
        {
            if (Controls.SignInScore(e) < 5) break;
            if (!Uri.TryCreate(page.Snapshot.Url, e.Attributes.GetValueOrDefault("href", ""), out var address) || address.Scheme is not ("http" or "https")) continue;
            if (RegistrableDomain.Same(address, page.Snapshot.Url) && !progress.Tried.Contains(Outline.Address(address))) return address;
        }
        return null;
    }

    /// <summary>
    /// A sign-in page that can only be passed by scanning a picture with a telephone: what to say about it, and the control that leads to another way when the page has one.
    /// Null when the page is none.
    /// </summary>
    public static (string Message, ElementSnapshot? Other)? ScanOnly(LoginPage page, LoginProgress progress)
    {
        if (page.Groups.Exists(g => g.Fields.Exists(f => f.Role is not (FieldRole.Search or FieldRole.Personal)))) return null;
        var picture = page.Elements.FirstOrDefault(e => e.Visible && (e.Kind == ElementKind.Image || e.Tag is "canvas" or "svg") && e.Box is { Width: > 60, Height: > 60 });
        var says = page.Elements.FirstOrDefault(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Image && e.Landmark is not ("nav" or "footer") && (e.Text.Length > 0 ? e.Text : e.Name) is { Length: > 0 and < 250 } text
            && (" " + Words.Fold(text) + " ").Contains(" qr ", StringComparison.Ordinal));
        if (picture is null || says is null) return null;
        var other = page.Elements.FirstOrDefault(e => e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && Controls.Caption(e) is { Length: > 0 and < 60 } caption && !progress.Tried.Contains(page.OutlineOf(e))
            && (Words.HasAny(caption, WordList.AnotherWay, WordList.Password, WordList.SignIn)) && !Words.HasAny(caption, WordList.Forgot, WordList.SignUp) && !Controls.IsSocial(caption));
        return ("The site offers no other sign-in than scanning a QR code with its own app, which cannot be done from a server. It says: " + SiteText.Cut(SiteText.Clean(says.Text.Length > 0 ? says.Text : says.Name), 200), other);
    }

    /// <summary>A menu that may hold the sign-in.</summary>
    public static ElementSnapshot? Menu(LoginPage page, LoginProgress progress) =>
        page.Elements.FirstOrDefault(e => e.Visible && e.Enabled && e.Kind == ElementKind.Button && !progress.Tried.Contains(page.OutlineOf(e))
            && (e.Attributes.GetValueOrDefault("aria-haspopup") is not null and not "false" || e.Attributes.GetValueOrDefault("aria-expanded") == "false" || Words.Fold(Controls.Caption(e)) is "menu" || Words.Has(WordList.Account, Controls.Caption(e)))
            && (e.Landmark is "header" or "nav" || e.Box.Y is >= 0 and < 200));

    /// <summary>The next well-known path of the source's origin that was not tried.</summary>
    public static Uri? WellKnownPath(LoginProgress progress)
    {
        foreach (var path in WellKnown)
        {
            var address = new Uri(new Uri(progress.StartUrl.GetLeftPart(UriPartial.Authority)), "/" + path);
            if (!progress.Tried.Contains(Outline.Address(address))) return address;
        }
        return null;
    }

    /// <summary>What puts a layer away that lies over an element: refuse, accept, not now, close; in this order.</summary>
    public static ElementSnapshot? Dismissal(LoginPage page, LoginProgress progress, int layer)
    {
        var controls = page.Elements.Where(e => e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && (layer < 0 || e.Dialog == layer) && !progress.Tried.Contains(page.OutlineOf(e)) && Controls.Caption(e).Length is > 0 and < 80).ToList();
        return controls.Find(e => Words.Has(WordList.RejectCookies, Controls.Caption(e))) ?? controls.Find(e => Words.Has(WordList.AcceptCookies, Controls.Caption(e)))
            ?? (layer < 0 ? null : controls.Find(e => Words.Has(WordList.NotNow, Controls.Caption(e))) ?? controls.Find(e => Words.Is(WordList.Cancel, Controls.Caption(e)) || Words.Fold(Controls.Caption(e)) is "x" or "" or "close" or "ok") ?? controls.Find(e => e.Kind == ElementKind.Button && Words.HasAny(Controls.Caption(e), WordList.Confirm, WordList.Continue)));
    }
}
