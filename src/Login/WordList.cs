namespace Ostiary.Login;

/// <summary>
/// The meanings the engine recognises on a page. The words of each, by language, are in <c>Words.json</c>; <see cref="Words"/> matches them.
/// At most 128 members: a text's meanings are kept as one bit per list.
/// </summary>
public enum WordList
{
    /// <summary>Verbs and nouns that lead to signing in: "log in", "sign in", "Anmelden", "connexion".</summary>
    SignIn,
    /// <summary>Ending a signed-in session: "log out", "Abmelden". The strongest sign that one exists.</summary>
    SignOut,
    /// <summary>Opening a new account: "sign up", "register", "create an account".</summary>
    SignUp,
    /// <summary>What names the user to the site: user name, login, customer or member number, access id, national id number.</summary>
    UserName,
    /// <summary>Labels of a field for an e-mail address.</summary>
    Email,
    /// <summary>The secret word itself, and what sites call it: password, passphrase, PIN of an account, "Kennwort", "clave".</summary>
    Password,
    /// <summary>Help for those who cannot sign in: "forgot password?", "trouble signing in?".</summary>
    Forgot,
    /// <summary>Remembering the user or the user name for the next visit: "remember me", "save my user name".</summary>
    Remember,
    /// <summary>Captions that lead to the next step: "next", "Weiter", "suivant".</summary>
    Next,
    /// <summary>Captions that carry on: "continue", "proceed", "fortfahren".</summary>
    Continue,
    /// <summary>Captions that send or affirm what was entered: "confirm", "verify", "submit", "OK".</summary>
    Confirm,
    /// <summary>A one-time code: verification code, passcode, security code, TAN. Not a postal, promotion or country code.</summary>
    Code,
    /// <summary>The subject of a second factor: "two-step verification", "verify your identity", "additional security".</summary>
    Verification,
    /// <summary>A question agreed on in advance: "security question", "secret answer".</summary>
    SecurityQuestion,
    /// <summary>The site refuses the credentials or the code: "incorrect", "invalid", "does not match", "not recognised".</summary>
    Wrong,
    /// <summary>The account is locked, suspended, disabled or blocked.</summary>
    Locked,
    /// <summary>Too many attempts or requests.</summary>
    TooMany,
    /// <summary>A session, code, link or password has expired or timed out.</summary>
    Expired,
    /// <summary>An invitation to come back: "try again later", "in a few minutes".</summary>
    TryLater,
    /// <summary>The site is closed for maintenance or temporarily unavailable.</summary>
    Maintenance,
    /// <summary>Waiting for the user to act elsewhere: "approve the request on your phone", "open the app", "tap yes".</summary>
    Approve,
    /// <summary>Not asking for a second factor on this device again: "trust this device", "don't ask again on this browser".</summary>
    TrustDevice,
    /// <summary>"Stay signed in?", "keep me signed in".</summary>
    StaySignedIn,
    /// <summary>Choosing one of several accounts, profiles, users or contracts.</summary>
    ChooseAccount,
    /// <summary>Choosing a way to verify: "how do you want to verify?", "choose a method".</summary>
    ChooseMethod,
    /// <summary>Captions of a cookie banner that accept: "accept all", "allow cookies", "got it".</summary>
    AcceptCookies,
    /// <summary>Captions of a cookie banner that refuse: "reject all", "only necessary cookies", "continue without accepting".</summary>
    RejectCookies,
    /// <summary>Declining an offer for the moment: "not now", "skip", "later", "no thanks".</summary>
    NotNow,
    /// <summary>Leaving a step without doing it: "cancel", "back", "close".</summary>
    Cancel,
    /// <summary>Looking something up on the site: "search", "find".</summary>
    Search,
    /// <summary>Subscribing to mail: "newsletter", "mailing list", "subscribe".</summary>
    Newsletter,
    /// <summary>Sending a code or message once more: "resend", "send a new code", "didn't get a code?".</summary>
    Resend,
    /// <summary>Leaving the offered method for another: "try another way", "use a different method".</summary>
    AnotherWay,
    /// <summary>Delivery by text message.</summary>
    Sms,
    /// <summary>E-mail as a way of delivery: "we e-mailed you", "by e-mail", "check your inbox".</summary>
    EmailWord,
    /// <summary>An app that shows time-based codes: "authenticator app", "authentication app".</summary>
    AuthenticatorApp,
    /// <summary>A notification sent to a phone: "push notification", "notification to your device".</summary>
    Push,
    /// <summary>Codes kept for emergencies: "backup code", "recovery code".</summary>
    BackupCode,
    /// <summary>A test for people: "I'm not a robot", "verify you are human", "enter the characters you see".</summary>
    Captcha,
    /// <summary>One password for whoever knows it guards what is to be seen: "this content is password protected". It is nobody's account.</summary>
    Guarded,
    /// <summary>The site insists on a new password: "you must change your password", "choose a new password", "your password has expired".</summary>
    PasswordChange,
    /// <summary>Words of the signed-in area: "my account", "dashboard", "my profile".</summary>
    Account,
    /// <summary>Labels of a field that names the company, tenant, branch or client.</summary>
    Company,
    /// <summary>Labels of a field for a phone number.</summary>
    Phone,
    /// <summary>Labels of a field for a password that does not exist yet.</summary>
    NewPassword,
    /// <summary>Labels of a field for the password being replaced.</summary>
    CurrentPassword,
    /// <summary>Labels of a field that repeats a new password.</summary>
    ConfirmPassword,
    /// <summary>Labels of fields for a person's name: "first name", "surname", "full name".</summary>
    Name,
    /// <summary>Labels of fields of a postal address: "street", "postcode", "city", "country".</summary>
    Address,
    /// <summary>Terms of use, privacy policy, consent to them.</summary>
    Terms,
    /// <summary>Captions that have a code sent: "send code", "get a code", "text me".</summary>
    SendCode,
    /// <summary>Choosing an organisation, institution, identity provider, directory or workspace.</summary>
    Organisation,
    /// <summary>Greetings: "welcome", "hello", "good morning".</summary>
    Welcome,
    /// <summary>Asking those who have an account to use it instead: "already a member?", "do you already have an account?".</summary>
    AlreadyMember,
    /// <summary>Labels of a user name that does not exist yet: "choose a username".</summary>
    NewUserName,
    /// <summary>What is paid with: gift cards, vouchers, promotion codes, credit cards and what is printed on them.</summary>
    Payment,
    /// <summary>The user refused on another device: "denied", "declined". Read only where an approval was waited for.</summary>
    Denied,
    /// <summary>Captions of forms that keep, change or order something: "save", "add", "update", "pay". They sign nobody in.</summary>
    Edit,
    /// <summary>The whole caption or answer is "yes".</summary>
    Yes,
    /// <summary>Captions that consent: "I agree", "accept", "allow".</summary>
    Agree,
    /// <summary>Something was sent to the user: "we sent you", "was e-mailed".</summary>
    Sent,
    /// <summary>Doing something once more: "again", "anew".</summary>
    Again,
    /// <summary>The thing that grows too old: a session, a page.</summary>
    PageOrSession,
    /// <summary>Joins two possibilities: "or".</summary>
    Or,
    /// <summary>What is left, or will come: "2 attempts remaining", "before your account will be locked".</summary>
    Remaining,
    /// <summary>Delivery by a telephone call that speaks the code.</summary>
    VoiceCall,
    /// <summary>An account other than those shown: "use another account".</summary>
    OtherAccount,
    /// <summary>A passkey or a security key, and what a device asks for to use one.</summary>
    Passkey,
    /// <summary>A session of the same user elsewhere: "already signed in", "on another device".</summary>
    OtherSession,
    /// <summary>A secret beside the password of which sites ask single characters: "memorable word".</summary>
    MemorableWord,
    /// <summary>"Two more attempts", "another attempt". Read only in sentences about attempts.</summary>
    More,
    /// <summary>Something behind the site could not be reached: "connection refused", "the server did not respond".</summary>
    Unreached,
}
