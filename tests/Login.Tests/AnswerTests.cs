using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>The sentences with which websites answer a sign-in, as they are written.</summary>
public sealed class AnswerTests
{
    [Theory]
    [InlineData("Error: The password you entered for the username ada is incorrect. Lost your password?")]
    [InlineData("Error: The username ada is not registered on this site. If you are unsure of your username, try your email address instead.")]
    [InlineData("Wrong login or password.")]
    [InlineData("Cannot log in to the database server")]
    [InlineData("Access denied for user 'ada'@'localhost' (using password: YES)")]
    [InlineData("Incorrect username or password entered. Please try again.")]
    [InlineData("Invalid login, please try again")]
    [InlineData("Username and password do not match or you do not have an account yet.")]
    [InlineData("Unrecognized username or password. Forgot your password?")]
    [InlineData("Bad username or password")]
    [InlineData("Access Denied! Login Failed.")]
    [InlineData("Incorrect user name or password or account is temporarily blocked.")]
    [InlineData("Your account may be disabled or blocked or the username/password you entered is incorrect.")]
    [InlineData("These credentials do not match our records.")]
    [InlineData("Please enter the correct username and password for a staff account. Note that both fields may be case-sensitive.")]
    [InlineData("You must specify a valid username and password.")]
    [InlineData("There is no user with that email address.")]
    [InlineData("User not found or incorrect password")]
    [InlineData("Wrong Username and password combination.")]
    [InlineData("The login or password you entered is not valid.")]
    [InlineData("Warning! Login failed. Please try again.")]
    [InlineData("Authentication failed")]
    [InlineData("Unable to log in with provided credentials.")]
    [InlineData("Sign in failed. Check your details and try again.")]
    [InlineData("That password is not correct. After 3 more attempts your account will be locked.")]
    [InlineData("Das Passwort stimmt nicht. Noch 2 Versuche, danach wird Ihr Konto gesperrt.")]
    [InlineData("Mot de passe incorrect. Il vous reste 2 tentatives avant que votre compte soit bloqué.")]
    public void A_refusal_is_read_as_one(string sentence)
    {
        List<Saying> answers = [new(sentence, 6, New: true, IsAlert: true)];
        Assert.Null(SiteText.Locked(answers));
        Assert.Equal(sentence, SiteText.Refusal(answers));
    }

    [Theory]
    [InlineData("Your account has been locked.")]
    [InlineData("Incorrect password. Your account has been locked.")]
    [InlineData("Login failed: account locked")]
    [InlineData("You have made too many recent login attempts. Please wait 5 minutes before trying again.")]
    [InlineData("Too many failed login attempts, please try again in 15 minutes")]
    [InlineData("Ihr Konto wurde nach zu vielen Fehlversuchen gesperrt.")]
    [InlineData("Votre compte est bloqué. Contactez votre conseiller.")]
    [InlineData("Account temporarily disabled due to multiple failed login attempts.")]
    public void A_lock_is_read_as_one(string sentence) => Assert.Equal(sentence, SiteText.Locked([new(sentence, 6, New: true, IsAlert: true)]));

    [Theory]
    [InlineData("Your session has expired. Please sign in again.")]
    [InlineData("You have been signed out.")]
    [InlineData("Please sign in to continue.")]
    [InlineData("We use cookies to make this site better.")]
    [InlineData("Welcome back!")]
    [InlineData("Checking your details…")]
    [InlineData("Signing in…")]
    [InlineData("You must log in to view this page.")]
    [InlineData("1 failed login attempt")]
    [InlineData("3 failed login attempts since your last visit")]
    public void What_is_no_answer_is_read_as_none(string sentence)
    {
        List<Saying> answers = [new(sentence, 6, New: true, IsAlert: true)];
        Assert.Null(SiteText.Locked(answers));
        Assert.Null(SiteText.Refusal(answers));
    }

    /// <summary>What the site's own machines did not look at is not refused; what they refused is, whatever stands beside it.</summary>
    [Theory]
    [InlineData("Login failed: connection refused", "", true)]
    [InlineData("Anmeldung fehlgeschlagen", "Der Verzeichnisdienst ist nicht erreichbar", true)]
    [InlineData("", "The directory server did not respond", true)]
    [InlineData("Login failed", "", false)]
    [InlineData("Cannot log in to the database server", "connect(): Access denied for user 'ada'", false)]
    [InlineData("Your password is incorrect", "The news could not be loaded: network error", false)]
    public void A_failure_of_the_machines_is_no_refusal(string refusal, string beside, bool explains)
    {
        List<Saying> answers = [.. new[] { refusal, beside }.Where(t => t.Length > 0).Select(t => new Saying(t, 6, New: true, IsAlert: true))];
        Assert.Equal(explains, Broken.Explains(refusal, answers));
    }
}
