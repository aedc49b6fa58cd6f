using System.Collections.Immutable;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>
/// The way to a website's sign-in, as a confirmed sign-in found it: where its form is, what opens it, and in which order what was asked. Roles and addresses; no ids, no values,
/// nothing of the user. The next sign-in goes straight there, and reads as ever when something differs.
/// </summary>
/// <param name="Form">The page on which the first value was typed.</param>
/// <param name="Opener">The control that opened the form on that page, in the words of <see cref="OpenerOf"/>; null: the form was there.</param>
/// <param name="Groups">What was sent, in order: frame, kind of the form and roles of its fields.</param>
public sealed record LearnedPath(Uri Form, string? Opener, ImmutableArray<string> Groups)
{
    private const int LongestAddress = 500;
    private const int LongestPart = 40;

    // Parts of an address that are good once, or say who came.
    private static readonly string[] OneTime = ["code", "state", "ticket", "token", "id_token", "access_token", "nonce", "samlrequest", "samlresponse", "session_state", "session", "sid", "jsessionid", "phpsessid", "otp", "execution", "flow", "login_challenge", "login_hint", "user", "username", "email", "csrf", "relaystate", "request", "request_uri"];

    /// <summary>True for an address that leads to the same page another day, for anybody: no token, no name of a user, no id in it.</summary>
    public static bool IsLasting(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.Scheme is not ("http" or "https") || address.AbsoluteUri.Length > LongestAddress || address.UserInfo.Length > 0) return false;
        foreach (var segment in address.AbsolutePath.Split('/'))
            if (LooksPersonal(Uri.UnescapeDataString(segment))) return false;
        // Some servers write a session's number after a semicolon.
        var parameters = string.Join('&', address.AbsolutePath.Split('/').Where(s => s.Contains(';', StringComparison.Ordinal)).Select(s => s[(s.IndexOf(';', StringComparison.Ordinal) + 1)..]));
        foreach (var part in (address.Query + "&" + address.Fragment + "&" + parameters).Split('?', '&', '#', ';'))
        {
            var pair = part.Split('=', 2);
            if (OneTime.Contains(pair[0].ToLowerInvariant())) return false;
            // A return address is a page of the site like any other.
            if (LooksPersonal(Uri.UnescapeDataString(pair[^1])) && !Uri.UnescapeDataString(pair[^1]).Contains('/', StringComparison.Ordinal)) return false;
        }
        return true;
    }

    /// <summary>What names a control across days: its kind and its caption. Null: it has none, or one that may be somebody's.</summary>
    internal static string? OpenerOf(ElementSnapshot element)
    {
        var caption = SiteText.Clean(Controls.Caption(element));
        return caption.Length is > 0 and < 60 && !caption.Any(char.IsDigit) && !caption.Contains('@', StringComparison.Ordinal) ? $"{element.Kind} {caption}" : null;
    }

    internal static string GroupOf(GroupReading group) => $"{group.Frame}|{group.Kind}|{string.Join(",", group.Fields.Where(f => f.Role != FieldRole.Other).Select(f => f.Role))}";

    private static bool LooksPersonal(string part) =>
        part.Contains('@', StringComparison.Ordinal) || part.Length > LongestPart || part.Count(char.IsAsciiDigit) >= 6 || part.Length >= 16 && part.Any(char.IsAsciiDigit) && part.Any(char.IsAsciiLetter);
}
