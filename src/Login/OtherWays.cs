using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>Ways in that need more than a browser, which many sites offer first: a passkey, a link that was mailed, a code. A password that is at hand needs nobody.</summary>
internal static class OtherWays
{
    /// <summary>After the user name alone: the control that asks for the password instead of what is asked for here, or that ends the waiting for a passkey. Null when there is none, or when the password is asked for already.</summary>
    public static ElementSnapshot? ToPassword(LoginPage page, LoginProgress progress, GroupReading? login)
    {
        if (!progress.Slots.Contains(Slot.Password) || !progress.CredentialSent || !progress.Submissions.TrueForAll(s => s.Kind == SubmissionKind.Identifier) || login is { Password: not null } or { Letters.Count: > 0 } || page.Groups.Exists(g => g.Fields.Exists(f => f.Role is FieldRole.Password or FieldRole.NewPassword))) return null;
        var controls = page.Elements.Where(e => e.Visible && e.Enabled && e.Kind is ElementKind.Button or ElementKind.Link && e.Landmark is not ("nav" or "footer" or "header" or "search") && Controls.Caption(e).Length is > 0 and <= 60 && !progress.Tried.Contains(page.OutlineOf(e))).ToList();
        // Some languages call a passkey what others call a password.
        if (controls.Find(e => Words.Has(WordList.Password, Controls.Caption(e)) && !NamesPasskey(Controls.Caption(e)) && !Words.HasAny(Controls.Caption(e), WordList.Forgot, WordList.SignUp, WordList.PasswordChange, WordList.NewPassword, WordList.Edit)) is { } instead) return instead;
        // A browser without hands has no passkey: what is waited for will not come.
        return !AwaitsPasskey(page, progress, login) ? null : controls.Find(e => Words.Has(WordList.AnotherWay, Controls.Caption(e))) ?? controls.Find(e => Words.Has(WordList.Cancel, Controls.Caption(e)));
    }

    /// <summary>After the user name alone: the page speaks of a passkey and has no form.</summary>
    public static bool AwaitsPasskey(LoginPage page, LoginProgress progress, GroupReading? login) =>
        login is null && progress.CredentialSent && progress.Submissions.TrueForAll(s => s.Kind == SubmissionKind.Identifier)
        && page.Elements.Any(e => e.Visible && e.Kind is ElementKind.Heading or ElementKind.Text or ElementKind.Alert && e.Landmark is not ("nav" or "footer" or "header") && e.Text.Length < 250 && NamesPasskey(e.Text));

    /// <summary>Speaks of a passkey, or of what a device asks for to use one.</summary>
    public static bool NamesPasskey(string text) => Words.Has(WordList.Passkey, text);
}
