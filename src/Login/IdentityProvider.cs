using System.Collections.Immutable;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>An identity provider that the user signs in with, in place of the site's own form.</summary>
/// <param name="Name">What sites call it on their buttons: <c>Google</c>.</param>
/// <param name="Hosts">Host names of its sign-in pages; their subdomains count. Credentials are typed there and nowhere else.</param>
public sealed record IdentityProvider(string Name, ImmutableHashSet<string> Hosts)
{
    /// <summary>True for an http(s) address on one of <see cref="Hosts"/>.</summary>
    public bool Owns(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (url.Scheme is not ("http" or "https")) return false;
        foreach (var host in Hosts)
            if (string.Equals(url.IdnHost, host, StringComparison.OrdinalIgnoreCase) || url.IdnHost.EndsWith("." + host, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}

/// <summary>Ways to an identity provider, and through the pages it shows beside its sign-in.</summary>
internal static class ProviderPages
{
    /// <summary>What stands behind a provider's name when it is not about signing in: a badge of its shop, a link to its map.</summary>
    private static readonly string[] Wares = ["play", "maps", "map", "calendar", "kalender", "pay", "store", "drive", "analytics", "translate", "reviews", "search", "chrome"];

    /// <summary>The site's control that starts a sign-in with the provider and was not tried yet, or null.</summary>
    public static ElementSnapshot? Control(LoginPage page, LoginProgress progress, IdentityProvider provider)
    {
        var name = Words.Fold(provider.Name);
        ElementSnapshot? best = null;
        var most = 4.9;
        foreach (var e in page.Elements)
        {
            if (!e.Visible || !e.Enabled || e.Kind is not (ElementKind.Button or ElementKind.Link) || progress.Tried.Contains(page.OutlineOf(e))) continue;
            var caption = Controls.Caption(e);
            if (caption.Length > 100) continue;
            var folded = Words.Fold(caption);
            var href = Controls.PathOf(e);
            var mark = (e.Attributes.GetValueOrDefault("class", "") + " " + e.Attributes.GetValueOrDefault("id", "") + " " + e.Attributes.GetValueOrDefault("title", "")).ToLowerInvariant();
            var inFrame = provider.Owns(page.Snapshot.Frames[e.Id.Frame].Url) && !provider.Owns(page.Snapshot.Url);
            var named = (" " + folded + " ").Contains(" " + name + " ", StringComparison.Ordinal);
            var score = named ? 3.0 : inFrame || mark.Contains(name, StringComparison.Ordinal) || href.Contains(name, StringComparison.Ordinal) ? 2 : 0;
            if (score == 0) continue;
            if (Words.HasAny(caption, WordList.SignIn, WordList.Continue)) score += 4;
            else if (Words.Has(WordList.SignUp, caption)) score += 2;
            // A logo, the bare name, or a verb no list knows, beside a sign-in form.
            if (caption.Length < 40 && (page.LoginGroup is not null || page.Texts.Any(t => t.Length < 80 && Words.Has(WordList.SignIn, t)))) score += 2.5;
            if (Wares.Any(ware => folded.Contains(name + " " + ware, StringComparison.Ordinal))) score -= 5;
            if (Controls.HrefSays(href, "oauth", "/auth", "openid", "oidc", "connect/", "login", "signin", "sign-in", "sso", "social") || Uri.TryCreate(href, UriKind.Absolute, out var address) && provider.Owns(address)) score += 2;
            if (e.Landmark == "footer") score -= 3;
            if (Controls.HrefSays(href, "://play.", "://maps.", "/maps", "://policies.", "://support.", "/analytics")) score -= 5;
            if (score > most) (best, most) = (e, score);
        }
        return best;
    }

    /// <summary>On a page of the provider without a field to fill: the button that lets the site know who the user is.</summary>
    public static ElementSnapshot? Consent(LoginPage page, LoginProgress progress)
    {
        if (page.Groups.Exists(g => g.Fields.Exists(f => f.Element.Visible && f.Role is not (FieldRole.Other or FieldRole.Search)))) return null;
        var buttons = page.Elements.Where(e => e.Visible && e.Enabled && e.Kind == ElementKind.Button && Controls.Caption(e).Length is > 0 and < 40 && !Words.HasAny(Controls.Caption(e), WordList.Cancel, WordList.NotNow) && !progress.Tried.Contains(page.OutlineOf(e))).ToList();
        return buttons.Find(b => Words.Has(WordList.Agree, Controls.Caption(b))) ?? buttons.Find(b => Words.HasAny(Controls.Caption(b), WordList.Continue, WordList.Confirm, WordList.Next));
    }

    /// <summary>On the provider's list of accounts it knows from before: the way to a sign-in with one that may not be on it.</summary>
    public static ElementSnapshot? OtherAccount(LoginPage page, LoginProgress progress) => page.Elements.FirstOrDefault(e =>
        e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && Controls.Caption(e).Length < 60 && !progress.Tried.Contains(page.OutlineOf(e)) && Words.Has(WordList.OtherAccount, Controls.Caption(e)));
}
