using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>
/// Where values may be typed. A site's own pages, and where its own steps lead: a redirect, its control that opens the sign-in, the answer to what was sent there. Not where a page moves after
/// a click that has another purpose or that somebody advised, not ever further from one foreign domain to the next, and not in whatever frame happens to show a form.
/// </summary>
internal static class AllowedDomains
{
    /// <summary>Sign-ins that go over an identity provider, the company's own and a second proof need three.</summary>
    private const int MostForeign = 3;

    /// <summary>One that shows the sign-in, one that shows the second proof.</summary>
    private const int MostFramed = 2;

    /// <summary>The progress with the domain of the page that the browser shows now, when the site's own steps led there.</summary>
    public static LoginProgress Follow(LoginProgress progress, PageSnapshot page)
    {
        if (page.Url.Scheme is not ("http" or "https") || page.NavigationError is not null) return progress;
        var domain = RegistrableDomain.Of(page.Url.IdnHost);
        var from = progress.At;
        progress = progress with { At = domain };
        if (progress.Domains.Contains(domain) || progress.Overrides.Domains is not null || progress.ClickedByAdvice) return progress;
        if (progress.SourceUrl.Scheme == "https" && page.Url.Scheme != "https") return progress;
        // Whoever showed a page that nothing led to has no say in what comes next.
        if (from is not null && !progress.Domains.Contains(from)) return progress;
        // The source's address is somebody else's name for it: before anything else was seen, where it redirects is where it is.
        if (progress is { LastStep: null or LoginStep.GoTo, CredentialSent: false } && from is null) return progress with { Domains = progress.Domains.Add(domain) };
        if (!Led(progress) || progress.Foreign.Count >= MostForeign) return progress;
        return progress with { Domains = progress.Domains.Add(domain), Foreign = progress.Foreign.Add(domain) };
    }

    /// <summary>Why nothing may be typed into this group, or null.</summary>
    public static string? Refusal(LoginPage page, LoginProgress progress, GroupReading group)
    {
        var frame = page.Snapshot.Frames[group.Frame].Url;
        var address = frame.Scheme is "http" or "https" ? frame : page.Snapshot.Url;
        // What a person answers may be for the site itself; what is stored is the provider's.
        if (progress.Provider is { } provider && group.IsLogin && !provider.Owns(address)) return $"The sign-in form is on {address.Host}, which is not {provider.Name}'s.";
        if (progress.Provider?.Owns(address) == true && address.Scheme == "https") return null;
        return Refusal(page.Snapshot, progress) ?? FrameRefusal(page, progress, group) ?? TargetRefusal(page.Snapshot, progress, group);
    }

    /// <summary>Why nothing may be typed on this page, or null.</summary>
    public static string? Refusal(PageSnapshot page, LoginProgress progress)
    {
        if (IsUnencrypted(page.Url, progress)) return "The sign-in form is not reached by an encrypted connection.";
        if (Allows(progress, page.Url)) return null;
        return $"The sign-in form is on {page.Url.Host}, which the source did not lead to. If it belongs to the source, name it in `overrides.domains`.";
    }

    /// <summary>The progress after something was typed into these elements: a frame of another site that was good enough for one value is for the next.</summary>
    public static LoginProgress Typed(LoginProgress progress, PageSnapshot page, IEnumerable<ElementId> elements)
    {
        foreach (var index in elements.Select(e => e.Frame).Distinct())
            for (var i = index; i > 0; i = page.Frames[i].Parent)
                if (page.Frames[i].Url is { Scheme: "http" or "https" } url && !Allows(progress, url)) progress = progress with { Framed = progress.Framed.Add(RegistrableDomain.Of(url.IdnHost)) };
        return progress;
    }

    /// <summary>True when the newest step, on the page where it was done, is one by which a site leads to another domain.</summary>
    private static bool Led(LoginProgress progress)
    {
        if (progress.LastStep is null or LoginStep.GoTo) return true;
        if (progress.Before is not { } before) return false;
        var there = RegistrableDomain.Of(before.Url.IdnHost);
        if (!progress.Domains.Contains(there) && progress.Provider?.Owns(before.Url) != true) return false;
        return progress.LastStep switch
        {
            LoginStep.Click { Purpose: ClickPurpose.Dismiss } => false,
            // Anybody's page may call a link "sign in". Where an identity provider or a vendor leads on, it does so by what was sent to it.
            LoginStep.Click { Purpose: ClickPurpose.OpenSignIn } => !progress.Foreign.Contains(there),
            _ => true,
        };
    }

    private static bool Allows(LoginProgress progress, Uri url) =>
        url.Scheme is "http" or "https" && (progress.Domains.Contains(RegistrableDomain.Of(url.IdnHost)) || progress.Overrides.Domains?.Any(domain => IsWithin(url.IdnHost, domain)) == true);

    private static bool IsWithin(string host, string domain) => host.Equals(domain, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase);

    private static bool IsUnencrypted(Uri url, LoginProgress progress) => progress.SourceUrl.Scheme == "https" && url.Scheme == "http";

    /// <summary>
    /// A frame of another site is the page's own decision only where the page is there to sign in and has no form of its own; a form in an advertisement is nobody's. A second proof may be
    /// asked for in a frame of who verifies it.
    /// </summary>
    private static string? FrameRefusal(LoginPage page, LoginProgress progress, GroupReading group)
    {
        var frames = page.Snapshot.Frames;
        for (var i = group.Frame; i > 0; i = frames[i].Parent)
        {
            var url = frames[i].Url;
            // Written by the page around it.
            if (url.Scheme is not ("http" or "https")) continue;
            if (IsUnencrypted(url, progress)) return "The sign-in form is not reached by an encrypted connection.";
            if (Allows(progress, url) || progress.Framed.Contains(RegistrableDomain.Of(url.IdnHost))) continue;
            var shows = group.IsLogin ? IsForSigningIn(page, progress) && !page.Groups.Exists(g => g.IsLogin && g.Score >= 4 && !g.IsDormant && Allows(progress, AddressOf(page.Snapshot, g))) : progress.CredentialSent;
            if (!shows || progress.Overrides.Domains is not null || progress.Framed.Count >= MostFramed)
                return $"The sign-in form is in a frame of {url.Host}, which is another site. If it belongs to the source, name it in `overrides.domains`.";
        }
        return null;
    }

    /// <summary>Where a form says that it sends to. Which of its domains that is, is the page's affair, unless the customer has named them all.</summary>
    private static string? TargetRefusal(PageSnapshot page, LoginProgress progress, GroupReading group)
    {
        if (group.Form < 0 || group.Form >= page.Groups.Count) return null;
        var action = group.Submit?.Attributes.GetValueOrDefault("formaction") ?? page.Groups[group.Form].Attributes.GetValueOrDefault("action");
        if (action is null || !Uri.TryCreate(AddressOf(page, group), action, out var target) || target.Scheme is not ("http" or "https")) return null;
        if (IsUnencrypted(target, progress)) return "The sign-in form sends what is typed without encryption.";
        return progress.Overrides.Domains is null || Allows(progress, target) ? null : $"The sign-in form sends what is typed to {target.Host}, which is not named in `overrides.domains`.";
    }

    private static Uri AddressOf(PageSnapshot page, GroupReading group) => page.Frames[group.Frame].Url is { Scheme: "http" or "https" } frame ? frame : page.Url;

    /// <summary>By its address, title or heading, by what was clicked, or because the customer named it and it offers no other way in.</summary>
    private static bool IsForSigningIn(LoginPage page, LoginProgress progress) =>
        progress.LastStep is LoginStep.Click { Purpose: ClickPurpose.OpenSignIn } || progress.LoginUrl?.AbsolutePath == page.Snapshot.Url.AbsolutePath || Controls.HrefSays(page.Path, "login", "signin", "sign-in", "sign_in", "log-in", "/auth", "logon", "sso")
        || Words.Has(WordList.SignIn, page.Snapshot.Title) || page.Elements.Any(e => e is { Visible: true, Kind: ElementKind.Heading } && e.Id.Frame == 0 && Words.Has(WordList.SignIn, e.Text))
        || progress.StartUrl == page.Snapshot.Url && !page.Elements.Any(e => e.Visible && e.Id.Frame == 0 && Controls.SignInScore(e) >= 5);
}
