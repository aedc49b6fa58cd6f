using Ostiary.Browser;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>What small pages are read as, in real Chromium: one page for each general rule of the reading. Elements are named by their ids.</summary>
public sealed class ReadingTests(Shared shared)
{
    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    private const string Picture = "<img width=120 height=40 alt='letters' src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>";

    /// <summary>A name, a page, and the expected reading: kind, identifier, password and the control that sends, "-" for none.</summary>
    public static TheoryData<string, string, string> Pages => new()
    {
        // Which control leads, and what the others say.
        { "a second button leads to the sign-in", "<form><label>First name <input name=first></label><label>E-mail <input id=u name=email></label><label>Password <input id=p type=password></label><button id=go type=submit>Create account</button><button type=button>Sign in</button></form>", "SignUp u - go" },
        { "a button with a story for screen readers", "<form><label>E-mail <input id=u name=email></label><label>Password <input id=p type=password></label><button id=go aria-label='Create account, by clicking Create account you acknowledge that you have read and agree to our terms of use'>Create account</button><button type=button>Sign in</button></form>", "SignUp u - go" },
        { "next, or a new account", "<form><label>E-mail address <input id=u name=username type=email></label><button id=go type=button>Next</button><p>Forgot your password?</p><button type=button>Create account</button></form>", "Identifier u - go" },
        { "many ways in beside the button", "<form><label>E-mail <input id=u name=username></label><button id=go type=button>Continue</button><button type=button>Username</button><button type=button>Sign in with Facebook</button><button type=button>Sign in with Google</button><button type=button>Sign in with Apple</button></form>", "Identifier u - go" },
        { "an account is asked for and there may be one", "<div><h2>Get the newsletter for free</h2><div>Create an account</div><div>Already have an account? Log in</div><div>E-mail <input id=u type=email></div><div>Password <input id=p type=password></div></div>", "SignUp u - -" },
        { "a user name is chosen", "<form><label>Choose a username <input id=u name=username></label><label>Password <input id=p type=password autocomplete=new-password></label><button id=go>Continue</button></form>", "SignUp u p go" },
        { "a mail address twice", "<form><input placeholder='E-mail address' id=u name=email><input placeholder='Confirm e-mail address' name=confirm_email><input id=p type=password name=password placeholder=Password><label><input type=checkbox> I agree to the terms of use</label><button id=go>Continue</button></form>", "SignUp - p go" },
        { "new-password on a sign-in", "<form><label>User name <input id=u name=username></label><label>Password <input id=p type=password autocomplete=new-password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "one-time-code on a user name", "<form><label>User name <input id=u name=username autocomplete=one-time-code></label><label>Password <input id=p type=password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "back to the sign-in", "<form><p>Enter your e-mail address below.</p><input id=u name=email placeholder='E-mail address'><input id=go type=submit value=OK><a href='#' onclick='return false'>Back to log in</a></form>", "Recovery u - go" },
        { "an unknown language sends a recovery form", "<h1>Forgot your password?</h1><form><input id=u name=email placeholder=E-mail><a href='#' onclick='return false'>Sign in</a><button id=go>Zzyzx kvorto</button></form>", "Recovery u - go" },
        { "a newsletter that says Anmelden", "<form><p>Jeden Monat unser Newsletter in Ihrem Postfach.</p><input id=u name='person[email]' placeholder='ihre@mail.example'><input id=go type=submit value=Anmelden></form>", "Newsletter u - go" },
        { "rules for the password under a sign-in", "<form><label>Phone <input id=u name=phone></label><label>Password <input id=p type=password></label><span>Forgot password</span><div role=alert>At least 8 characters, with numbers</div></form>", "Login u p -" },

        // What a control can be.
        { "a picture as the button", $"<form><input id=u name=login><input id=p type=password name=pw><input id=go type=image alt='Sign in' src='data:image/gif;base64,R0lGODlhAQABAAAAACw='></form>", "Login u p go" },
        { "a link as the button", "<form><input id=u name=login><input id=p type=password name=pw><a id=go href='#'>Log in</a></form>", "Login u p go" },
        { "an anchor without address, drawn as a button", "<form><label>E-mail <input id=u name=ue></label><label>Password <input id=p type=password></label><div><a id=go class='my-button'><span>Log in</span></a></div></form>", "Login u p go" },
        { "a division drawn as a button", "<div><label>E-mail <input id=u name=ue></label><label>Password <input id=p type=password></label><div id=go class='btn primary'>Log in</div></div>", "Login u p go" },
        { "a link in front of the form is not its button", "<div><a href=/new>New user: sign up</a><table><tr><td>User ID</td><td><input id=u name=userID></td></tr><tr><td>Password</td><td><input id=p type=password></td></tr></table></div>", "Login u p -" },

        // Which field is which.
        { "a password of type text", "<form><h2>Log in to your account</h2><input id=u name=email><input id=p name=password><input id=go type=submit value=Submit></form>", "Login u p go" },
        { "company, user and password", "<form><label>Company ID <input name=company></label><label>User name <input id=u name=user></label><label>Password <input id=p type=password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "nothing but a company beside the password", "<form><label>Domain <input id=u name=domain></label><label>Password <input id=p type=password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "a search in the same form", "<form><input type=search name=q placeholder=Search><label>User name <input id=u name=user></label><label>Password <input id=p type=password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "a country code before the phone number", "<form><input type=search id=countryCode><input id=u name=phone placeholder='Phone number'><input id=p type=password><button id=go>Log in</button></form>", "Login u p go" },
        { "labels by reference", "<form><span id=a>User name</span><span id=b>Password</span><input id=u aria-labelledby=a><input id=p type=password aria-labelledby=b><button id=go>Go</button></form>", "Login u p go" },
        { "labels by title", "<form><input id=u title='User name'><input id=p type=password title=Password><button id=go>Go</button></form>", "Login u p go" },
        { "labels in table cells", "<form><table><tr><td>Customer number</td><td><input id=u name=f1></td></tr><tr><td>Password</td><td><input id=p type=password name=f2></td></tr></table><button id=go>Go</button></form>", "Login u p go" },
        { "labels by placeholder", "<div><div><input id=u placeholder=E-mail></div><div><input id=p type=password placeholder=Password></div><button id=go type=button>Go</button></div>", "Login u p go" },
        { "hidden decoys in front", "<form><input name=fakeuser style='display:none'><input type=password name=fakepassword style='display:none'><input name=website style='position:absolute;left:-5000px'><label>User name <input id=u name=user></label><label>Password <input id=p type=password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "a tall picture between user and password", "<div><div><input id=u placeholder='E-mail address'></div><svg width=600 height=900></svg><div><input id=p type=password placeholder=Password></div><button id=go type=button>Sign in</button></div>", "Login u p go" },
        { "the twin of a password that can be shown", "<form><input id=u name=user placeholder='User name'><input id=p type=password name=pw placeholder=Password><input type=password placeholder=Password><button id=go>Log in</button></form>", "Login u p go" },
        { "new and again", "<form><label>E-mail <input id=u name=email></label><label>Password <input type=password name=p1></label><label>Repeat password <input type=password name=p2></label><button id=go>Register</button></form>", "SignUp u - go" },
        { "current, new and again", "<form><label>Password <input id=p type=password name=a></label><label>New password <input type=password name=b></label><label>Repeat new password <input type=password name=c></label><button id=go>Save</button></form>", "PasswordChange - p go" },
        { "the letters in a picture are no code", $"<form><label>Account <input id=u name=account></label><label>Password <input id=p type=password></label>{Picture}<label>Verification code <input name=verify maxlength=5></label><button id=go>Log in</button></form>", "Login u p go" },
        { "a code that the page does not show and nobody sends is no code", "<form><label>E-mail <input id=u name=email></label><label>Security code <input name=vcode maxlength=6></label><button id=go>Reset password</button></form>", "Recovery u - go" },

        { "a mailed code is who signs in and what he got", "<form><label>E-mail <input id=u name=email type=email></label><label>Code <input name=code maxlength=6></label><button type=button>Send code</button><button id=go>Log in</button></form>", "Code u - go" },
        { "a texted code in a field drawn as a password", "<div><input id=u name=phone placeholder=手机号><input type=password name=password placeholder=验证码><button type=button>获取验证码</button><button id=go type=button>登录</button></div>", "Code u - go" },
        { "a texted code that a word beside the field sends", "<div><h3>登录</h3><input id=u name=phone placeholder=手机号><input type=password name=password placeholder=请输入验证码><div>获取验证码</div><button id=go>登录</button></div>", "Code u - go" },
        { "a texted code for a new account", "<form><h2>Create an account</h2><label>Phone <input id=u name=phone></label><label>Code <input name=code maxlength=6></label><button type=button>Send code</button><button id=go>Sign up</button></form>", "SignUp u - go" },
        { "a mailed code for a lost password", "<form><h2>Forgot your password?</h2><label>E-mail <input id=u name=email type=email></label><label>Code <input name=code maxlength=6></label><button type=button>Send code</button><button id=go>Continue</button></form>", "Recovery u - go" },
        { "either of two names", "<form><label>E-mail <input name=email></label><p>or</p><label>Membership number <input id=u name=member></label><label>Password <input id=p type=password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "a masked customer number", "<form><p>Customer number <input id=u type=password name=a></p><p>Password <input id=p type=password name=b></p><button id=go>Log in</button></form>", "Login u p go" },
        { "a password that is shown, named for whose it is", "<form action='/login'><div><label>Login</label><div><input id=u name=loginClient></div></div><div><label>Mot de passe</label><div><input id=p name=motDePasseClient></div></div><input id=go type=submit value=Valider></form>", "Login u p go" },
        { "a password that is shown, named in three words", "<form action='/login'><div><label>Identifiant <input id=u name=identifiant></label></div><div><input id=p name=mot_de_passe></div><input id=go type=submit value=Valider></form>", "Login u p go" },
        { "a name that speaks of a password and a label that does not", "<form><label>E-mail <input id=u name=clientPasswordEmail></label><button id=go>Log in</button></form>", "Identifier u - go" },
        { "password is all that the field says", "<div><label>User ID <input id=u></label><label>Password <input id=p></label><button id=go type=button>Log in</button></div>", "Login u p go" },
        { "password is the caption above a field with a hint", "<div><div><label>Phone</label><input id=u type=email placeholder='With the country code'></div><div><label>Password</label><input id=p placeholder='Ask us for your password'></div><button id=go>Login</button></div>", "Login u p go" },
        { "a name alone before a log-on", "<p>Please enter your name below.</p><form><input id=u placeholder='Your name'><input id=go type=submit value='Log on'></form>", "Identifier u - go" },
        { "a text for another field above the date of birth", "<form><label>E-mail <input id=u name=mail type=email></label><label for=p>Password</label><input id=p type=password name=pw><div><input name=m type=number placeholder=MM><input name=d type=number placeholder=DD></div><button id=go>Sign up</button></form>", "SignUp u p go" },
        { "the answer of a captcha below a password", "<form><h2>ログイン</h2><div><label for=u>メールアドレス</label></div><div><input id=u></div><div><label for=x>パスワード</label></div><div><input id=p type=password></div><textarea name=t></textarea><button id=go>ログインする</button></form>", "Login u p go" },
        { "a captcha's letters below a password that has a label", "<form><h2>Masuk</h2><div>NIP</div><div><input id=u name=a></div><div>Password</div><div><input id=p type=password name=b></div><div><input name=c></div><button id=go>Masuk</button></form>", "Login u p go" },
        { "a name that a generator made", "<form><h2>Log in</h2><label>User name <input id=u name=f-93d2fa61></label><label>Password <input id=p type=password name=f-02fab7c3></label><button id=go>Log in</button></form>", "Login u p go" },
        { "no form, and a way for those who have an account", "<div><h2>Welcome</h2><label>E-mail <input id=u type=email></label><label>User name <input id=n name=username></label><label>Password <input id=p type=password autocomplete=new-password></label><button id=go type=submit disabled>Sign up</button><div>Already have an account? <button type=button>Log in</button></div></div>", "SignUp - p go" },
        { "a subscription in words of signing in", "<form><label>Prihlásiť k odberu noviniek: <input id=u name=a></label><button id=go>Prihlásiť</button></form>", "Newsletter u - go" },
        { "one-time code boxes on the sign-in", "<form action=/login><input id=u placeholder='User name'><input id=p type=password placeholder=Password><div><input name=tfa1 type=number autocomplete=one-time-code><input name=tfa2 type=number autocomplete=one-time-code><input name=tfa3 type=number autocomplete=one-time-code><input name=tfa4 type=number autocomplete=one-time-code><input name=tfa5 type=number autocomplete=one-time-code><input name=tfa6 type=number autocomplete=one-time-code></div><button id=go>OK</button></form>", "Login u p go" },
        { "an ID of whatever it is", "<form><input name=name placeholder=Name><input id=u name=customer_id placeholder='College ID'><input name=f3 placeholder=Phone><input id=p type=password name=pw placeholder=Password><button id=go>Login</button></form>", "Login u p go" },
        { "a sign-in that hides nothing, with sentences for hints", "<form><input id=u placeholder='Type in your phone number'><input id=p placeholder='Type in your password'><button id=go>Log in</button></form>", "Login u p go" },
        { "name and id of one letter each", "<form><h1>Two-step verification</h1><p>We sent you a code.</p><label>Code <input id=c name=c></label><button id=go>Confirm</button></form>", "Code - - go" },
        { "password is all that stands in the cell before", "<table><tr><td>Brugernavn:</td><td><input id=u name=T8></td></tr><tr><td>Adgangskode:</td><td><input id=p name=T9></td></tr></table><input id=go type=submit value='Log på'>", "Login u p go" },
        { "a picture named by its address alone", "<form><p>登录名：<input id=u name=f1></p><p>密码：<input id=p type=password name=f2></p><p>验证码：<input name=f3><img src=/VerifyCode width=60 height=20></p><input id=go type=submit value=登录></form>", "Login u p go" },
        { "a small sum", "<form><label>User name <input id=u name=user></label><label>Password <input id=p type=password></label><label>3 + 4 = ? <input name=sum></label><button id=go>Log in</button></form>", "Login u p go" },

        // What is no sign-in, though it has a password.
        { "an account is added", "<form><label>User name <input id=u name=user></label><label>PIN <input id=p type=password name=pin></label><button id=go>+ Add</button></form>", "SignUp u p go" },
        { "money is sent", "<form><label>Recipient's phone <input id=u name=to></label><label>PIN <input id=p type=password name=pin></label><button id=go>Transfer</button></form>", "SignUp u p go" },
        { "a user is changed", "<form><label>Name <input name=fullname></label><label>E-mail <input name=email type=email></label><label>Login <input id=u name=login></label><label>Password <input id=p type=password name=pw></label><button id=go>Update</button></form>", "SignUp - p go" },
        { "a user name and a mail address", "<form><label>User name <input name=username></label><label>E-mail <input id=u name=email type=email></label><label>Password <input id=p type=password></label><label><input type=checkbox> I agree to the terms of use</label><button id=go>OK</button></form>", "SignUp u p go" },
        { "a question to be chosen", "<form><label>Question <select name=q><option>-</option><option>In what city were you born?</option><option>What was your first car?</option></select></label><label>Answer <input name=a></label><label>Password <input id=p type=password></label><button id=go>OK</button></form>", "SignUp - p go" },
        { "a lost password is made anew", "<h1>Forgot your password?</h1><form><label>User name <input id=u name=user></label><label>Password <input type=password name=p1></label><label>Repeat password <input type=password name=p2></label><button id=go>OK</button></form>", "PasswordChange u - go" },

        { "a device is added", "<form><h2>Your devices</h2><label>Name <input id=u name=name></label><label>Secret <input id=p type=password name=secret></label><button id=go>Add device</button></form>", "SignUp u p go" },
        { "a device is added, the verb last", "<form><h2>Ihre Geräte</h2><label>Name <input id=u name=name></label><label>Passwort <input id=p type=password name=secret></label><button id=go>Gerät hinzufügen</button></form>", "SignUp u p go" },
        { "settings with a user name and a password", "<h2>Database</h2><form><label>Host <input name=host></label><label>Port <input name=port></label><label>Table <input name=table></label><label>User <input id=u name=user></label><label>Password <input id=p type=password name=pw></label><button id=go>OK</button></form>", "SignUp - p go" },
        { "a new account with a text about oneself", "<form><label>E-mail <input id=u name=mail type=email></label><label>Password <input id=p type=password name=pw></label><label>About you <textarea name=about></textarea></label><button id=go>Create account</button></form>", "SignUp - p go" },
        { "a tool that exchanges codes", "<h1>Sign in with our interface</h1><form action=/oauth/auth><input name=code><input name=client_id><input name=client_secret><input name=redirect_uri><input name=grant_type><button id=go>Get token code</button></form>", "Other - - go" },
        { "a message beside a password", "<form><h2>Repair order</h2><label>Device <input name=device></label><label>Password of the device <input id=p type=password name=devicepw></label><label>What is wrong? <textarea name=text></textarea></label><button id=go>Submit</button></form>", "Contact - p go" },
        { "a person's name and a password", "<h1>Accept your invitation</h1><form><label>Full name <input id=u name=name></label><label>Password <input id=p type=password name=pw></label><button id=go>Accept and join</button></form>", "SignUp u p go" },
        { "a document with a password", "<h1>This document is password protected</h1><form><label>Password <input id=p type=password name=pw></label><button id=go>View</button></form>", "Other - p go" },
        { "a post with a password, in French", "<form action='/wp-login.php'><p>Cette publication est protégée par un mot de passe. Pour la voir, veuillez saisir votre mot de passe ci-dessous :</p><label>Mot de passe <input id=p type=password name=pw></label><input id=go type=submit value=Entrer></form>", "Other - p go" },
        { "a video with a password", "<h2>Clip 7</h2><form><label>Video password <input id=p type=password name=pw></label><button id=go>Download</button></form>", "Other - p go" },
        { "a wireless network", "<h2>Network</h2><form><label>Name <input id=u name=ssid></label><label>Password <input id=p type=password name=pw></label><button id=go>Submit</button></form>", "SignUp - p go" },
        { "a sign-in to what is protected", "<h1>Password protected area</h1><form><p>Please log in.</p><label>Password <input id=p type=password name=pw></label><button id=go>Log in</button></form>", "Reauth - p go" },
        { "a new password is asked for beside the way back", "<h1>Request a new password</h1><form><label>E-mail <input id=u name=email type=email></label><button type=submit>Request new password</button><button type=submit>Log in</button></form>", "Recovery u - -" },

        // What else a sign-in may ask for.
        { "the answer of a captcha that nobody types", "<form><label>User name <input id=u name=user></label><label>Password <input id=p type=password></label><textarea name=h-captcha-response></textarea><button id=go>Continue</button></form>", "Login u p go" },
        { "a field with no room for a letter", "<form><input name=trap style='width:0;height:0;padding:1px;border:2px inset'><label>User name <input id=u name=user></label><label>Password <input id=p type=password></label><button id=go>Log in</button></form>", "Login u p go" },
        { "two secrets", "<form><label>User name <input id=u name=user></label><label>Password <input id=p type=password name=pw></label><label>Last 4 digits of your SSN <input type=password name=last4 maxlength=4></label><button id=go>Log in</button></form>", "Login u p go" },
        { "an account and the number of its part", "<form><label>Filiale <input name=branch maxlength=3></label><label>Konto <input id=u name=account maxlength=7></label><label>Unterkonto <input name=subaccount maxlength=2 value=00></label><label>PIN <input id=p type=password name=pin></label><button id=go>Login</button></form>", "Login u p go" },
        { "questions and nothing else", "<h1>We do not know this device</h1><form><label>Where did you go to school? <input name=q1></label><label>Who was your best friend there? <input name=q2></label><button id=go>Submit</button></form>", "Question - - go" },
        { "questions drawn as passwords", "<h1>We do not know this device</h1><form><label>Where did you go to school? <input type=password name=q1></label><label>Who was your best friend there? <input type=password name=q2></label><button id=go>Submit</button></form>", "Question - - go" },

        // Which of two buttons sends, where there is no form.
        { "no form, and the other button is of type submit", "<div><label>User name <input id=u></label><label>Password <input id=p type=password></label><button id=go type=button>Log in</button><p>No account?</p><button type=submit>Sign up</button></div>", "Login u p go" },

        // Languages with fewer words.
        { "Bulgarian", "<form><input id=u placeholder='Потребителско име'><input id=p type=password placeholder=Парола><button id=go>Вход</button></form>", "Login u p go" },
        { "Hebrew", "<form dir=rtl><input id=u placeholder='שם משתמש'><input id=p type=password placeholder=סיסמה><button id=go>התחברות</button></form>", "Login u p go" },
        { "Persian", "<form dir=rtl><input id=u placeholder='نام کاربری'><input id=p type=password placeholder='رمز عبور'><button id=go>ورود</button></form>", "Login u p go" },
        { "Hindi", "<form><input id=u placeholder='उपयोगकर्ता नाम'><input id=p type=password placeholder=पासवर्ड><button id=go>लॉग इन करें</button></form>", "Login u p go" },
        { "Thai", "<form><input id=u placeholder=ชื่อผู้ใช้><input id=p type=password placeholder=รหัสผ่าน><button id=go>เข้าสู่ระบบ</button></form>", "Login u p go" },
        { "Croatian, a code", "<h2>Provjera u dva koraka</h2><form><p>Poslali smo kod na vaš broj.</p><label>Kod za potvrdu <input id=c name=kod></label><button id=go>Potvrdi</button></form>", "Code - - go" },
        { "Slovenian, another password", "<h1>Sprememba gesla</h1><form><label>Trenutno geslo <input id=p type=password name=a></label><label>Novo geslo <input type=password name=b></label><label>Ponovite geslo <input type=password name=c></label><button id=go>Shrani</button></form>", "PasswordChange - p go" },
        { "Estonian, a new account", "<form><label>Eesnimi <input name=a></label><label>Perekonnanimi <input name=b></label><label>E-post <input id=u name=c></label><label>Parool <input id=p type=password name=d></label><label>Korda parooli <input type=password name=e></label><button id=go>Registreeru</button></form>", "SignUp u p go" },
        { "Indonesian, a lost password", "<h1>Lupa kata sandi?</h1><form><label>Alamat email <input id=u name=email></label><button id=go>Kirim</button></form>", "Recovery u - go" },
        { "Persian, the letters in a picture", $"<form dir=rtl><label>نام کاربری <input id=u name=u></label><label>کلمه عبور <input id=p type=password></label>{Picture}<label>کد امنیتی تصویر <input name=x></label><button id=go>ورود</button></form>", "Login u p go" },
        { "Vietnamese, identifier first", "<h1>Đăng nhập</h1><form><input id=u placeholder='Tên đăng nhập'><button id=go>Tiếp tục</button></form>", "Identifier u - go" },
    };

    [Theory, MemberData(nameof(Pages))]
    public async Task A_page_is_read_as_it_is_meant(string name, string html, string expected)
    {
        var page = await ReadAsync(html);
        var group = page.Groups.Where(g => g.Fields.Count > 0 && g.Kind != GroupKind.Search).OrderByDescending(g => g.Fields.Count).First();
        static string Id(ElementSnapshot? e) => e?.Attributes.GetValueOrDefault("id") ?? "-";
        // Who signs up is not asked: only the control and the kind count there.
        var identifier = expected.Split(' ')[1] == "-" && !group.IsLogin ? "-" : Id(group.Identifier?.Element);
        var password = expected.Split(' ')[2] == "-" && group.Kind == GroupKind.SignUp ? "-" : group.Kind == GroupKind.SignUp ? Id(group.Fields.Find(f => f.Role == FieldRole.NewPassword)?.Element) : Id(group.Password?.Element);
        var read = $"{group.Kind} {identifier} {password} {Id(group.Submit)}";
        Assert.True(expected == read, $"{name}: {read}; {string.Join("; ", group.Why)}\n{string.Join('\n', group.Fields.Select(f => $"{Id(f.Element)} {f.Role}: {string.Join(", ", f.Why)}"))}");
        Assert.Equal(group.IsLogin, page.LoginGroup == group);
    }

    [Fact]
    public async Task A_text_without_a_label_belongs_to_the_field_that_follows_it()
    {
        var page = await ReadAsync("<p>Account: <input id=a><br>Branch: <input id=b></p><p dir=rtl>חשבון: <input id=c> סניף: <input id=d></p>");
        string Near(string id) => page.Elements.First(e => e.Attributes.GetValueOrDefault("id") == id).NearbyText;
        Assert.Equal(["Account:", "Branch:", "חשבון:", "סניף:"], new[] { "a", "b", "c", "d" }.Select(Near));
    }

    [Fact]
    public async Task The_lock_of_a_profile_is_no_code()
    {
        var page = await ReadAsync("<h1>Enter your PIN to open this profile</h1><div>" + string.Concat(Enumerable.Range(1, 4).Select(n => $"<input type=tel maxlength=1 style='width:50px;height:50px' aria-label='PIN box {n}'>")) + "</div>");
        Assert.Null(page.CodeGroup);
        Assert.NotNull((await ReadAsync("<h1>Enter the PIN sent to your phone</h1><div>" + string.Concat(Enumerable.Range(1, 4).Select(n => $"<input type=tel maxlength=1 style='width:50px;height:50px' aria-label='PIN box {n}'>")) + "</div>")).CodeGroup);
    }

    [Fact]
    public async Task Either_of_two_names_leaves_nothing_to_ask_for()
    {
        var page = await ReadAsync("<form><label>E-mail <input name=email></label><p>or</p><label>Membership number <input name=member></label><label>Password <input type=password></label><button>Log in</button></form>");
        Assert.Empty(page.LoginGroup!.Extras);
    }

    [Fact]
    public async Task Boxes_that_only_their_numbers_tell_apart_are_one_code()
    {
        var page = await ReadAsync("<h2>Verify your e-mail address</h2><p>Enter the six digit code that we sent.</p><input type=email id=mail name=email value=''><div>" + string.Concat(Enumerable.Range(0, 6).Select(i => $"<div><input type=tel id=single-otp-input-{i} aria-label=single-otp-input-{i}></div>")) + "</div><a href='#'>Send a new code</a>");
        Assert.Equal(6, page.CodeGroup?.Codes.Count ?? page.Groups.Max(g => g.Codes.Count));
        Assert.Null(page.LoginGroup);
    }

    /// <summary>A name, a page, and how many of its fields are boxes of a one-time code.</summary>
    [Theory]
    [InlineData("a PIN from a text message", "<p>Please enter the PIN from the text message we sent to +44 *** 12.</p><form><input type=tel name=pin><button>OK</button></form>", 1)]
    [InlineData("six boxes without a style", "<h2>Check your e-mail</h2><p>We sent a code to a***@example.org</p><div><input maxlength=1><input maxlength=1><input maxlength=1><input maxlength=1><input maxlength=1><input maxlength=1></div><button>Verify</button>", 6)]
    [InlineData("six boxes that nothing describes", "<h2>Check your e-mail</h2><form><p>Enter the verification code sent to a***@example.org</p><div><input><input><input><input><input><input></div><button>Continue</button></form>", 6)]
    [InlineData("fields with captions under a word about a code", "<h2>Registration</h2><form><p>A verification code will be sent to you.</p><table><tr><td>Plot<td><input><tr><td>Lane<td><input><tr><td>Ward<td><input><tr><td>Unit<td><input></table><button>Continue</button></form>", 0)]
    [InlineData("a code above a new password", "<h1>Reset your password</h1><p>We sent a code to your e-mail. Enter it with a new password.</p><form><label>Code <input name=code></label><label>New password <input type=password name=a></label><label>Confirm password <input type=password name=b></label><button>Reset password</button></form>", 1)]
    [InlineData("a passcode in a password box", "<h2>Two-step authentication</h2><form><input type=password name=passcode placeholder=Passcode><button>Continue</button><p>Didn't get a code?</p></form>", 1)]
    [InlineData("a code on the sign-in form", "<h1>Log in</h1><form><label>User <input name=user></label><label>Password <input type=password name=password></label><label>Two-factor code (if enabled) <input name=tfa></label><button>Log in</button></form>", 1)]
    [InlineData("a box under a drawing", "<h1>Enter the code</h1><p>Open your authenticator app.</p><div style='position:relative'>_ _ _ _ _ _<input style='opacity:0;position:absolute;left:0;top:0;width:200px;height:40px' autocomplete=one-time-code maxlength=6 inputmode=numeric></div>", 1)]
    [InlineData("a discount", "<h1>Checkout</h1><form><label>Postal code <input name=postal></label><label>Discount code <input name=code></label><button>Apply</button></form>", 0)]
    [InlineData("an invitation", "<h1>Sign up</h1><form><label>E-mail <input name=email type=email></label><label>Invite code <input name=invite_code></label><label>Password <input type=password name=p></label><button>Create account</button></form>", 0)]
    [InlineData("a card", "<form><label>Credit card number <input name=ccnum></label><label>Security code <input name=cvv maxlength=4></label><button>Pay</button></form>", 0)]
    [InlineData("a client code and a PIN", "<h1>Log in</h1><form><label>Client code <input name=client_code maxlength=8></label><label>PIN <input type=password name=pin maxlength=6></label><button>Log in</button></form>", 0)]
    [InlineData("a place", "<p>Enter your ZIP code to see offers.</p><form><input name=zip type=tel maxlength=5 placeholder='ZIP code'><button>Go</button></form>", 0)]
    public async Task A_one_time_code_is_told_from_other_codes(string name, string html, int boxes)
    {
        var page = await ReadAsync(html);
        var codes = page.Groups.SelectMany(g => g.Fields).Count(f => f.Role == FieldRole.Code);
        Assert.True(boxes == codes, $"{name}: {codes}\n{string.Join('\n', page.Groups.SelectMany(g => g.Fields).Select(f => $"{f.Role}: {string.Join(", ", f.Why)}"))}");
    }

    [Fact]
    public async Task A_gift_card_is_no_code()
    {
        var page = await ReadAsync("<h1>Checkout</h1><p>Enter the code of your gift card.</p><div>19 digit gift card number <input type=tel maxlength=19></div><div>4 digit PIN number of the gift card <input type=tel maxlength=4 name=giftCardPin></div><button>Apply</button>");
        Assert.DoesNotContain(page.Groups.SelectMany(g => g.Fields), f => f.Role == FieldRole.Code);
        Assert.Null(page.CodeGroup);
    }

    [Theory]
    [InlineData("a dialog that is not open", "<h1>Shop</h1><form><input type=search name=q></form><div style='display:none'><form id=f><label>User name <input id=u name=log></label><label>Password <input id=p type=password name=pwd></label><input id=go type=submit value='Log in'></form></div>")]
    [InlineData("a form that is not alive yet", "<form><label>Logon name <input id=u disabled></label><label>Password <input id=p type=password disabled></label><input id=go type=submit value=Logon></form>")]
    public async Task A_sign_in_that_is_not_to_be_used_yet_is_known_and_not_taken(string name, string html)
    {
        var page = await ReadAsync(html);
        Assert.True(page.LoginGroup is null, name);
        var dormant = Assert.IsType<GroupReading>(page.DormantLogin);
        Assert.Equal(("u", "p", "go"), (dormant.Identifier?.Element.Attributes["id"], dormant.Password?.Element.Attributes["id"], dormant.Submit?.Attributes["id"]));
        Assert.IsNotType<LoginStep.Fill>(new LoginEngine().Next(page.Snapshot, LoginProgress.Start(page.Snapshot.Url, null, [Slot.Username, Slot.Password])).Step);
    }

    /// <summary>On any saved page (<c>OSTIARY_TEST_PAGES</c> names a folder of them; skipped without): the same page reads the same, and the engine's first step fills no more than one group, a login, with what belongs there.</summary>
    [Fact]
    public async Task Whatever_the_page_only_a_sign_in_is_filled()
    {
        if (Environment.GetEnvironmentVariable("OSTIARY_TEST_PAGES") is not { Length: > 0 } folder)
        {
            Assert.Skip("OSTIARY_TEST_PAGES names no folder of saved pages.");
            return;
        }
        await using var session = await shared.Host.OpenAsync(null, Ending);
        await using var pages = await Login.Tests.Pages.StartAsync();
        var files = Directory.EnumerateFiles(folder, "*.html", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        // A twelfth is enough to notice a broken rule, and little enough for every run.
        for (var i = 0; i < files.Count; i += 12)
        {
            await session.NavigateAsync(pages.Add($"/{i}", await File.ReadAllTextAsync(files[i], Ending)), Ending);
            var snapshot = await session.LookAsync(TimeSpan.FromSeconds(3), Ending);
            var again = await session.LookAsync(TimeSpan.FromSeconds(3), Ending);
            var name = Path.GetFileName(files[i]);
            Assert.True(Outline(snapshot) == Outline(again), $"{name}: two looks at the same page differ");
            var decision = new LoginEngine().Next(snapshot, LoginProgress.Start(snapshot.Url, null, [Slot.Username, Slot.Password]));
            if (decision.Step is not LoginStep.Fill fill) continue;
            var page = LoginPage.Read(snapshot);
            var group = Assert.Single(fill.Values.Select(v => page.GroupOf(v.Field)).Distinct());
            Assert.True(group is { IsLogin: true }, $"{name}: {group?.Kind} was filled");
            foreach (var value in fill.Values) Assert.True(page.Element(value.Field) is { Visible: true, Enabled: true }, $"{name}: a field that nobody sees was filled");
            Assert.Equal(fill.Values.Count, fill.Values.Select(v => v.Field).Distinct().Count());
        }

        static string Outline(PageSnapshot snapshot) => string.Join('\n', snapshot.Elements.Select(e => $"{e.Kind} {e.Tag} {e.Type} {e.Name} {e.Text} {e.Visible} {e.Enabled} {e.Box} {e.NearbyText} {e.Form} {e.Dialog}"));
    }

    private async Task<LoginPage> ReadAsync(string html)
    {
        await using var pages = await Login.Tests.Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        await session.NavigateAsync(pages.Add("/page", $"<!doctype html><html><head><title></title></head><body>{html}</body></html>"), Ending);
        return LoginPage.Read(await session.LookAsync(TimeSpan.FromSeconds(5), Ending));
    }
}
