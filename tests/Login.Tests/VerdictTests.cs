using Ostiary.Browser;
using Ostiary.Server.Sessions;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>What the engine takes small pages for, in real Chromium, before and after a sign-in was sent from an ordinary form.</summary>
public sealed class VerdictTests(Shared shared)
{
    private const string Form = """
        <html lang="en"><head><title>Sign in</title></head><body><h1>Sign in</h1><form method="post" action="/login"><label for="u">Username</label><input id="u" name="user"><label for="p">Password</label><input id="p" name="password" type="password">
        <button>Sign in</button></form></body></html>
        """;

    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    private static string Login(string user, string password, string button, string before = "", string title = "") =>
        $"<html><head><title>{title}</title></head><body>{before}<form method=post action=/s><p><label>{user} <input name=f1></label></p><p><label>{password} <input name=f2 type=password></label></p><button>{button}</button></form></body></html>";

    private static string Page(string content, string title = "") => $"<html><head><title>{title}</title></head><body><main>{content}</main></body></html>";

    /// <summary>Pages seen first, and what they are.</summary>
    public static TheoryData<string, string, PageVerdict> First => new()
    {
        { "English", Form, PageVerdict.Login },
        { "German", Login("Benutzername", "Kennwort", "Anmelden"), PageVerdict.Login },
        { "French", Login("Identifiant", "Mot de passe", "Se connecter"), PageVerdict.Login },
        { "Spanish", Login("Usuario", "Contraseña", "Iniciar sesión"), PageVerdict.Login },
        { "Italian", Login("Nome utente", "Password", "Accedi"), PageVerdict.Login },
        { "Dutch", Login("Gebruikersnaam", "Wachtwoord", "Inloggen"), PageVerdict.Login },
        { "Polish", Login("Nazwa użytkownika", "Hasło", "Zaloguj się"), PageVerdict.Login },
        { "Portuguese", Login("Utilizador", "Palavra-passe", "Entrar"), PageVerdict.Login },
        { "Swedish", Login("Användarnamn", "Lösenord", "Logga in"), PageVerdict.Login },
        { "Russian", Login("Логин", "Пароль", "Войти"), PageVerdict.Login },
        { "Japanese", Login("ユーザー名", "パスワード", "ログイン"), PageVerdict.Login },
        { "Turkish", Login("Kullanıcı adı", "Şifre", "Giriş yap"), PageVerdict.Login },
        { "no words at all", "<body><form><input name=a1><input type=password name=a2><input type=submit value='→'></form></body>", PageVerdict.Login },
        { "no form element", "<body><div><input placeholder='E-mail'></div><div><input type=password placeholder=Password></div><div><div role=button tabindex=0>Log in</div></div></body>", PageVerdict.Login },
        { "a table without labels", "<body><form><table><tr><td>User ID:</td><td><input name=x></td></tr><tr><td>Password:</td><td><input type=password name=y></td></tr></table><input type=image alt=Go src='data:image/gif;base64,R0lGODlhAQABAAAAACw='></form></body>", PageVerdict.Login },
        { "a search form before it", $"<body><header><form role=search><input name=q placeholder=Search><button>Search</button></form></header>{Form}</body>", PageVerdict.Login },
        { "a newsletter below it", $"<body>{Form}<footer><form><input type=email name=newsletter placeholder='Your e-mail'><button>Subscribe to our newsletter</button></form></footer></body>", PageVerdict.Login },
        { "identifier first", "<body><h1>Sign in</h1><form><label>Email or phone <input name=identifier type=text></label><button>Next</button></form></body>", PageVerdict.Login },
        { "password only, user known", "<body><h1>Welcome back</h1><p>ada@example.org</p><form><label>Password <input type=password name=pw></label><button>Log in</button></form></body>", PageVerdict.Login },
        { "sign-up beside sign-in", "<body><form><h2>Create an account</h2><label>Email <input name=email type=email></label><label>Password <input type=password name=np autocomplete=new-password></label><label>Confirm password <input type=password name=np2></label><button>Register</button></form><form><h2>Sign in</h2><label>Email <input name=login type=email></label><label>Password <input type=password name=p></label><button>Sign in</button></form></body>", PageVerdict.Login },
        { "a home page", "<body><header><nav><a href='/products'>Products</a><a href='/account/login'>Log in</a></nav></header><h1>Everything for your garden</h1><p>Spades and seeds.</p></body>", PageVerdict.Home },
        { "a sign-up alone", "<body><h1>Create your account</h1><form><label>First name <input name=firstName></label><label>Last name <input name=lastName></label><label>Email <input type=email name=email></label><label>Create a password <input type=password autocomplete=new-password name=pw></label><label>Confirm password <input type=password name=pw2></label><label><input type=checkbox> I accept the terms of use</label><button>Create account</button></form></body>", PageVerdict.Unknown },
        { "a recovery form", "<body><h1>Forgot your password?</h1><p>We will send you a link.</p><form><label>Email <input type=email name=email></label><button>Reset password</button></form></body>", PageVerdict.Unknown },
        { "a part of a public site whose address says sign out", "<body><nav><a href='/groups'>Groups</a> <a href='/account/logout?part=seminars'>Seminars</a></nav><h1>Holidays</h1><p>By the sea.</p></body>", PageVerdict.Unknown },
        { "a newsletter alone", "<body><h2>Newsletter</h2><form><input type=email name=email placeholder=E-mail><button>Subscribe</button></form></body>", PageVerdict.Unknown },
        { "a captcha in the form", "<body><h1>Log in</h1><form><label>User <input name=u></label><label>Password <input name=p type=password></label><img alt=captcha src=/c.png width=120 height=40><label>Enter the characters you see <input name=captcha></label><button>Log in</button></form></body>", PageVerdict.BotWall },
        { "a bot wall", Page("<h1>Verify you are human</h1><p>This takes a second.</p>", "Just a moment..."), PageVerdict.BotWall },
    };

    [Theory, MemberData(nameof(First))]
    public async Task A_first_page_is_recognised(string name, string html, PageVerdict expected)
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var url = pages.Add("/start", html);
        await session.NavigateAsync(url, Ending);
        var snapshot = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var decision = new LoginEngine().Next(snapshot, Start(url));
        Assert.True(expected == decision.Page, $"{name}: {decision.Page}, {string.Join("; ", decision.Why)}");
        if (expected == PageVerdict.Login)
        {
            var fill = Assert.IsType<LoginStep.Fill>(decision.Step);
            Assert.NotNull(fill.Then);
            Assert.Contains(fill.Values, v => v.Slot == Slot.Password || v.Slot == Slot.Username);
        }
        else Assert.IsNotType<LoginStep.Fill>(decision.Step);
    }

    /// <summary>Pages that answer a sign-in, what they are, and a part of the message or prompt.</summary>
    public static TheoryData<string, string, PageVerdict, string> After
    {
        get
        {
            var data = new TheoryData<string, string, PageVerdict, string>();
            foreach (var (language, text) in new[]
            {
                ("English", "Your username or password is incorrect."), ("English 2", "Invalid login or password."), ("English 3", "We couldn't find an account with that username."), ("English 4", "Login failed. Please try again."),
                ("German", "Benutzername oder Passwort ist falsch."), ("German 2", "Die Anmeldung ist fehlgeschlagen."), ("French", "Identifiant ou mot de passe incorrect."), ("Spanish", "El usuario o la contraseña no son correctos."),
                ("Italian", "Nome utente o password non validi."), ("Dutch", "Onjuiste gebruikersnaam of wachtwoord."), ("Polish", "Nieprawidłowa nazwa użytkownika lub hasło."), ("Portuguese", "Nome de utilizador ou palavra-passe incorretos."),
                ("Swedish", "Fel användarnamn eller lösenord."), ("Russian", "Неверный логин или пароль."), ("Japanese", "ユーザー名またはパスワードが正しくありません。"),
            })
                data.Add("refused, " + language, Form.Replace("<form", $"<p class=message>{text}</p><form", StringComparison.Ordinal), PageVerdict.Rejected, text);
            foreach (var (language, text) in new[]
            {
                ("Bulgarian", "Грешно потребителско име или парола."), ("Croatian", "Pogrešno korisničko ime ili lozinka."), ("Serbian", "Погрешна лозинка. Покушајте поново."), ("Slovenian", "Napačno uporabniško ime ali geslo."),
                ("Lithuanian", "Neteisingas vartotojo vardas arba slaptažodis."), ("Latvian", "Nepareizs lietotājvārds vai parole."), ("Estonian", "Vale kasutajanimi või parool."), ("Catalan", "L'usuari o la contrasenya són incorrectes."),
                ("Hebrew", "שם המשתמש או הסיסמה שגויים."), ("Persian", "نام کاربری یا رمز عبور اشتباه است."), ("Hindi", "उपयोगकर्ता नाम या पासवर्ड गलत है।"), ("Indonesian", "Username atau kata sandi salah."), ("Vietnamese", "Tên đăng nhập hoặc mật khẩu không đúng."), ("Thai", "ชื่อผู้ใช้หรือรหัสผ่านไม่ถูกต้อง"),
            })
                data.Add("refused, " + language, Form.Replace("<form", $"<p class=message>{text}</p><form", StringComparison.Ordinal), PageVerdict.Rejected, text);
            data.Add("locked, Hebrew", Page("<h1>החשבון ננעל</h1><p>יותר מדי ניסיונות כניסה.</p>"), PageVerdict.Locked, "החשבון");
            data.Add("locked, Indonesian", Page("<h2>Akun Anda terkunci</h2><p>Terlalu banyak percobaan login.</p>"), PageVerdict.Locked, "terkunci");
            data.Add("ways to verify, Bulgarian", Page("<h2>Изберете метод</h2><form><label><input type=radio name=m value=1> SMS на *** 12</label><label><input type=radio name=m value=2> Имейл до a***@example.org</label><button>Продължи</button></form>"), PageVerdict.MethodChoice, "Изберете");
            data.Add("a question, Croatian", Page("<h2>Sigurnosno pitanje</h2><p>Kako se zvao vaš prvi pas?</p><form><input name=odg><button>Potvrdi</button></form>"), PageVerdict.SecurityQuestion, "prvi pas");
            data.Add("an approval, Slovenian", Page("<h1>Potrdite prijavo</h1><p>Odprite aplikacijo na telefonu.</p>"), PageVerdict.Push, "Odprite");
            data.Add("accounts, Vietnamese", Page("<h2>Chọn tài khoản</h2><a href=/1>Tài khoản 0012</a><a href=/2>Tài khoản 0013</a>"), PageVerdict.AccountChoice, "");
            data.Add("another password, Slovenian", Page("<h1>Vaše geslo je poteklo</h1><form><label>Novo geslo <input type=password name=a></label><label>Ponovite geslo <input type=password name=b></label><button>Shrani</button></form>"), PageVerdict.PasswordChange, "geslo");
            data.Add("a code that may be sent again, Persian", Page("<h2 dir=rtl>کد تایید را وارد کنید</h2><form><input name=c maxlength=6><button>تایید</button><button type=button>ارسال مجدد</button></form>"), PageVerdict.Code, "کد تایید");
            data.Add("an app's code in a nameless field", Page("<h1>Two-step verification</h1><p>Open your authenticator app.</p><form><input name=x1><button>OK</button></form>"), PageVerdict.Code, "authenticator");
            data.Add("an offer with a field that can be declined", Page("<h1>Add a phone number</h1><p>It keeps your account safe.</p><form><label>Phone <input type=tel name=phone></label><button>Add phone</button><a href='/home'>Skip for now</a></form>"), PageVerdict.Interstitial, "");
            data.Add("refused in an alert of unknown words", Form.Replace("<form", "<div role=alert>Hmm, that does not ring a bell.</div><form", StringComparison.Ordinal), PageVerdict.Rejected, "ring a bell");
            data.Add("refused, with a warning of a lock", Form.Replace("<form", "<div class=error>Incorrect password. Your account will be locked after 2 more attempts.</div><form", StringComparison.Ordinal), PageVerdict.Rejected, "Incorrect password");
            data.Add("refused, with a warning of a lock, German", Form.Replace("<form", "<div class=fehler>Das Kennwort ist falsch. Noch 2 Versuche, dann wird Ihr Konto gesperrt.</div><form", StringComparison.Ordinal), PageVerdict.Rejected, "falsch");
            data.Add("signed out on purpose, a page that speaks of trouble", Page("<h1>Your session has expired</h1><p>Please close this window.</p>"), PageVerdict.Unknown, "");
            data.Add("a code still wanted beside a way to sign out", Page("<h4>Hello Ada</h4><h5>Enter the code sent by e-mail</h5><form><label>E-mail code</label><button type=button>Send a new code</button></form><button>Logout</button>"), PageVerdict.Code, "");
            data.Add("a proof still wanted beside a way to sign out", Page("<h1>Two-step verification</h1><p>Touch your key.</p><a href='/logout'>Log out</a>"), PageVerdict.Unknown, "");
            data.Add("locked", Page("<h1>Account locked</h1><p>Your account has been locked after too many failed attempts. Call us.</p>"), PageVerdict.Locked, "locked");
            data.Add("locked above the form", Form.Replace("<form", "<div class=error>Your account has been locked. Please contact support.</div><form", StringComparison.Ordinal), PageVerdict.Locked, "locked");
            data.Add("locked, German", Form.Replace("<form", "<div class=error>Ihr Konto wurde gesperrt.</div><form", StringComparison.Ordinal), PageVerdict.Locked, "gesperrt");
            data.Add("code by text message", Page("<h1>Enter your code</h1><p>We sent a text message with a code to •••• 42.</p><form><label>Code <input name=code inputmode=numeric maxlength=6></label><button>Verify</button></form>"), PageVerdict.Code, "•••• 42");
            data.Add("code by mail, French", Page("<h1>Vérification</h1><p>Nous avons envoyé un code à a•••@example.org.</p><form><label>Code de vérification <input name=c></label><button>Valider</button></form>"), PageVerdict.Code, "a•••@example.org");
            data.Add("code in a password box", Page("<h1>Two-step verification</h1><p>Enter the 6-digit code from your authenticator app.</p><form><input type=password name=totp maxlength=6 aria-label='6-digit code'><button>Continue</button></form>"), PageVerdict.Code, "authenticator app");
            data.Add("six boxes", Page("<h1>Check your phone</h1><p>Enter the code we texted you.</p><form>" + string.Concat(Enumerable.Range(1, 6).Select(i => $"<input style='width:40px;height:48px' maxlength=1 inputmode=numeric aria-label='Digit {i}'>")) + "<button>Verify</button></form>"), PageVerdict.Code, "texted");
            data.Add("push", Page("<h1>Approve the sign-in</h1><p>We sent a notification to your phone. Open the app and tap Approve. Your number is 37.</p>"), PageVerdict.Push, "37");
            data.Add("method choice, radio", Page("<h1>How do you want to verify?</h1><form><label><input type=radio name=m value=1> Text message to •• 17</label><label><input type=radio name=m value=2> Email to b•••@example.org</label><button>Continue</button></form>"), PageVerdict.MethodChoice, "verify");
            data.Add("method choice, buttons", Page("<h1>Verify your identity</h1><p>Choose how you want to get your code.</p><button type=button>Text message •• 17</button><button type=button>Authenticator app</button><button type=button>E-mail b•••@example.org</button>"), PageVerdict.MethodChoice, "identity");
            data.Add("security question", Page("<h1>Security question</h1><form><p>What is your mother's maiden name?</p><input name=a type=text><button>Continue</button></form>"), PageVerdict.SecurityQuestion, "maiden name");
            data.Add("account choice", Page("<h1>Choose an account</h1><ul><li><a href='/a/1'>Ada Lovelace, personal</a></li><li><a href='/a/2'>Analytical Engines Ltd</a></li></ul>"), PageVerdict.AccountChoice, "account");
            data.Add("stay signed in", Page("<h1>Stay signed in?</h1><p>Do this to sign in less often.</p><form><button>No</button><button>Yes</button></form>"), PageVerdict.Interstitial, "");
            data.Add("a new password demanded", Page("<h1>Your password has expired</h1><p>Choose a new password.</p><form><label>Current password <input type=password name=old></label><label>New password <input type=password name=n1></label><label>Confirm new password <input type=password name=n2></label><button>Change password</button></form>"), PageVerdict.PasswordChange, "expired");
            data.Add("signed in", Page("<header><a href='/logout'>Log out</a></header><h1>Your dashboard</h1><p>Two new messages.</p>"), PageVerdict.Connected, "");
            data.Add("signed in, German", Page("<nav><button>Abmelden</button></nav><h1>Übersicht</h1>"), PageVerdict.Connected, "");
            data.Add("signed in, French", Page("<nav><a href='/x'>Déconnexion</a></nav><h1>Mes factures</h1>"), PageVerdict.Connected, "");
            data.Add("signed in, sign-out in closed details", Page("<details><summary>Ada</summary><button>Sign out</button></details><h1>Your orders</h1>"), PageVerdict.Connected, "");
            data.Add("signed in, a search form on the page", Page("<form role=search><input name=q><button>Search</button></form><a href='/signout'>Sign out</a><h1>Invoices</h1>"), PageVerdict.Connected, "");
            data.Add("signed in, by a control that disconnects", Page("<header><button type=button>Disconnect</button></header><h1>Throughput</h1><p>Forty messages.</p>"), PageVerdict.Connected, "");
            data.Add("a hint that has the word for going on in it", Page("<h1>Subscriptions</h1><p>Special feeds</p><button type=button>Click here to open the next unread item.</button>"), PageVerdict.Unknown, "");
            data.Add("the machine behind the site is away", Form.Replace("<form", "<div role=alert>Cannot log in to the database server</div><div role=alert>connect(): (2002) No such file or directory</div><form", StringComparison.Ordinal), PageVerdict.Login, "");
            data.Add("the machine behind the site does not answer", Form.Replace("<form", "<div role=alert>Login failed: connection refused</div><form", StringComparison.Ordinal), PageVerdict.Login, "");
            data.Add("refused by the machine behind the site", Form.Replace("<form", "<div role=alert>Cannot log in to the database server</div><div role=alert>connect(): (1045) Access denied for user 'ada'</div><form", StringComparison.Ordinal), PageVerdict.Rejected, "Cannot log in");
            data.Add("back on the home page, not signed in", Page("<header><a href='/login'>Sign in</a></header><h1>Our products</h1><p>Spades.</p>"), PageVerdict.Home, "");
            return data;
        }
    }

    [Theory, MemberData(nameof(After))]
    public async Task An_answer_is_recognised(string name, string html, PageVerdict expected, string says)
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var url = pages.Add("/login", Form);
        await session.NavigateAsync(url, Ending);
        var before = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = Start(url);
        progress = progress.After(engine.Next(before, progress), before);
        Assert.True(progress.PasswordSent);

        await session.NavigateAsync(pages.Add("/login", html), Ending);
        var after = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var decision = engine.Next(after, progress with { SinceStep = TimeSpan.FromSeconds(1) });
        Assert.True(expected == decision.Page, $"{name}: {decision.Page}, {string.Join("; ", decision.Why)}");
        var message = decision.Step switch
        {
            LoginStep.Ask ask => ask.Challenge.Message,
            LoginStep.Done { Outcome: LoginOutcome.Rejected rejected } => rejected.Message,
            LoginStep.Done { Outcome: LoginOutcome.Locked locked } => locked.Message,
            LoginStep.Done { Outcome: LoginOutcome.PasswordChangeRequired change } => change.Message,
            _ => "",
        };
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.True(message.Length <= 500);
        if (decision.Step is LoginStep.Fill fill) Assert.DoesNotContain(fill.Values, v => v.Slot == Slot.Password || v.Slot == Slot.Username);
    }

    /// <summary>Settings speak of codes as well: a page that shows many things is no step of a sign-in, a short one may be.</summary>
    [Theory]
    [InlineData(70, PageVerdict.PerhapsConnected)]
    [InlineData(3, PageVerdict.Unknown)]
    public async Task Settings_are_not_a_step(int settings, PageVerdict expected)
    {
        var open = string.Concat(Enumerable.Range(1, settings).Select(i => $"<p>Setting number {i}</p>"));
        var decision = await AfterSigningInAsync(Page($"<h2>Your data</h2>{open}<h2>Two-step verification</h2><p>Authenticator app: not set up</p><form><label>Time zone <input id=user_zone></label><label>Long date format <input name=long></label><label>Short date format <input name=short></label><p>Client certificate: <button type=button>Register</button></p></form>"), TimeSpan.FromSeconds(7));
        Assert.True(expected == decision.Page, $"{decision.Page}, {string.Join("; ", decision.Why)}");
    }

    private async Task<LoginDecision> AfterSigningInAsync(string html, TimeSpan later, string at = "/inside", string form = Form)
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var url = pages.Add("/login", form);
        await session.NavigateAsync(url, Ending);
        var before = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = Start(url);
        progress = progress.After(engine.Next(before, progress), before);
        await session.NavigateAsync(pages.Add(at, html), Ending);
        return engine.Next(await session.LookAsync(TimeSpan.FromSeconds(5), Ending), progress with { SinceStep = later });
    }

    /// <summary>A page that is drawn once holds the way out from the beginning: shown, it is a proof.</summary>
    [Theory]
    [InlineData("<nav><a href=''>Logout [ada]</a></nav><h1>Collections</h1><p>Two address books.</p>", PageVerdict.Connected)]
    [InlineData("<nav hidden><a href=''>Logout [ada]</a></nav><h1>Collections</h1><p>Two address books.</p>", PageVerdict.Unknown)]
    public async Task A_way_out_that_was_hidden_is_a_proof_once_it_is_shown(string html, PageVerdict expected)
    {
        var decision = await AfterSigningInAsync(Page(html), TimeSpan.FromSeconds(1), at: "/login", Form.Replace("<h1>", "<nav hidden><a href=''>Logout []</a></nav><h1>", StringComparison.Ordinal));
        Assert.True(expected == decision.Page, $"{decision.Page}, {string.Join("; ", decision.Why)}");
    }

    /// <summary>A start page whose way to sign in has given way to an icon, and whose texts are the same, is that of somebody who is signed in; with the way still there, or as an empty page, it is not.</summary>
    [Theory]
    [InlineData("<header><button aria-label=Menu><svg width=24 height=24><circle r=12 /></svg></button></header>", true, PageVerdict.Connected)]
    [InlineData("<header><button type=button>Sign in</button></header>", true, PageVerdict.Unknown)]
    [InlineData("<header></header>", false, PageVerdict.Unknown)]
    public async Task A_start_page_that_no_longer_offers_to_sign_in_is_a_proof(string header, bool same, PageVerdict expected)
    {
        const string content = "<main><h1>Packages</h1><p>No package has been published yet.</p><p>To publish your first package:</p><p>1. Create a user</p><p>2. Publish</p></main>";
        const string dialog = "<div role=dialog><form><label>Username <input name=u></label><label>Password <input name=p type=password></label><button>Sign in</button></form></div>";
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var url = pages.Add("/packages", $"<body><header><button type=button>Sign in</button></header>{content}{dialog}</body>");
        await session.NavigateAsync(url, Ending);
        var before = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = Start(url);
        progress = progress.After(engine.Next(before, progress), before);
        Assert.True(progress.PasswordSent);

        await session.NavigateAsync(pages.Add("/packages", $"<body>{header}{(same ? content : "")}</body>"), Ending);
        var after = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var looking = new LoginDecision(PageVerdict.PerhapsConnected, new LoginStep.GoTo(url, "second look"), []);
        var decision = engine.Next(after, progress.After(looking, before) with { SinceStep = TimeSpan.FromSeconds(2) });
        Assert.True(expected == decision.Page, $"{decision.Page}, {string.Join("; ", decision.Why)}");
    }

    /// <summary>A sign-in by a mailed code: who it is, then the code sent, then what the user answers; nothing is sent before that.</summary>
    [Fact]
    public async Task A_mailed_code_is_sent_to_whom_the_form_names()
    {
        const string form = "<body><h1>Sign in</h1><form><label>E-mail <input name=email type=email VALUE></label><label>Code <input name=code maxlength=6></label><button type=button>Send code</button><button>Sign in</button></form></body>";
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var url = pages.Add("/login", form.Replace("VALUE", "", StringComparison.Ordinal));
        await session.NavigateAsync(url, Ending);
        var empty = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = Start(url);
        var first = engine.Next(empty, progress);
        var fill = Assert.IsType<LoginStep.Fill>(first.Step);
        Assert.Null(fill.Then);
        Assert.Equal(Slot.Username, Assert.Single(fill.Values).Slot);

        await session.NavigateAsync(pages.Add("/login", form.Replace("VALUE", "value=a@example.org", StringComparison.Ordinal)), Ending);
        var named = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        progress = progress.After(first, empty);
        var second = engine.Next(named, progress);
        Assert.Equal(ClickPurpose.SendCode, Assert.IsType<LoginStep.Click>(second.Step).Purpose);

        progress = progress.After(second, named);
        var third = engine.Next(named, progress);
        var ask = Assert.IsType<LoginStep.Ask>(third.Step);
        Assert.Equal("mfa", ask.Challenge.Type);
        Assert.Equal("code", Assert.Single(ask.Challenge.Fields).Name);
        Assert.False(progress.CredentialSent);

        progress = progress.After(third, named).WithAnswer(ask.Challenge, ["code"], []);
        var fourth = engine.Next(named, progress);
        Assert.Equal(Slot.Answer("code"), Assert.Single(Assert.IsType<LoginStep.Fill>(fourth.Step).Values).Slot);
    }

    [Fact]
    public async Task Questions_asked_together_are_answered_together()
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var url = pages.Add("/login", Form);
        await session.NavigateAsync(url, Ending);
        var form = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = Start(url).After(engine.Next(form, Start(url)), form);
        await session.NavigateAsync(pages.Add("/check", Page("<h1>We do not know this device</h1><form><label>Where did you go to school? <input name=q1></label><label>Who was your best friend there? <input name=q2></label><button>Submit</button></form>")), Ending);
        var asking = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var decision = engine.Next(asking, progress);
        var challenge = Assert.IsType<LoginStep.Ask>(decision.Step).Challenge;
        Assert.Equal([("answer", "Where did you go to school?"), ("answer_2", "Who was your best friend there?")], challenge.Fields.Where(f => f.Type == "string").Select(f => (f.Name, f.Label)));

        progress = progress.After(decision, asking).WithAnswer(challenge, ["answer", "answer_2"], []);
        var fill = Assert.IsType<LoginStep.Fill>(engine.Next(asking, progress).Step);
        Assert.Equal([Slot.Answer("answer"), Slot.Answer("answer_2")], fill.Values.Select(v => v.Slot));
        Assert.NotNull(fill.Then);
    }

    /// <summary>Forms that say something before anything is sent, and come back as they were: no word of it is an answer.</summary>
    [Theory]
    [InlineData("<p>After three incorrect attempts your account is locked.</p>")]
    [InlineData("<div role=alert class=warning>Invalid or expired links? Your account may be locked.</div>")]
    [InlineData("<p>Passwort falsch eingegeben? Dann wird das Konto gesperrt.</p>")]
    public async Task A_hint_that_stood_there_before_is_no_answer(string hint)
    {
        var form = Form.Replace("<form", hint + "<form", StringComparison.Ordinal);
        var decision = await AnswerAsync(form, form);
        Assert.True(decision.Page == PageVerdict.Login, $"{decision.Page}: {string.Join("; ", decision.Why)}");
        Assert.IsType<LoginStep.Wait>(decision.Step);
    }

    [Fact]
    public async Task A_way_to_sign_out_that_was_always_there_proves_nothing()
    {
        var always = "<header><a href='/logout'>Log out</a></header>";
        var decision = await AnswerAsync(Form.Replace("<h1", always + "<h1", StringComparison.Ordinal), Page(always + "<h1>Hm</h1><p>That did not work out.</p>"));
        Assert.NotEqual(PageVerdict.Connected, decision.Page);
    }

    /// <summary>An inspection that answers with as many levels as the page has would end the connection to the browser.</summary>
    [Fact]
    public async Task A_form_in_a_closed_root_at_the_bottom_of_a_deep_page_is_seen()
    {
        var html = "<body>" + string.Concat(Enumerable.Repeat("<div>", 200)) + "<deep-login></deep-login><script>customElements.define('deep-login', class extends HTMLElement { connectedCallback() { this.attachShadow({ mode: 'closed' }).innerHTML = "
            + "'<h1>Sign in</h1><form><label>Username <input name=u></label><label>Password <input name=p type=password></label><button>Sign in</button></form>'; } });</script></body>";
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var url = pages.Add("/deep", html);
        await session.NavigateAsync(url, Ending);
        var decision = new LoginEngine().Next(await session.LookAsync(TimeSpan.FromSeconds(5), Ending), Start(url));
        Assert.True(decision.Page == PageVerdict.Login, $"{decision.Page}: {string.Join("; ", decision.Why)}");
        Assert.False(session.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_password_form_at_another_address_is_still_the_form_that_was_sent()
    {
        var decision = await AnswerAsync(Form, Form.Replace("<form", "<p>Once more, with feeling.</p><form", StringComparison.Ordinal), at: "/session/create");
        Assert.Equal(PageVerdict.Login, decision.Page);
        Assert.IsNotType<LoginStep.Fill>(decision.Step);
    }

    private async Task<LoginDecision> AnswerAsync(string form, string answer, string at = "/login")
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var url = pages.Add("/login", form);
        await session.NavigateAsync(url, Ending);
        var before = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = Start(url);
        progress = progress.After(engine.Next(before, progress), before);
        Assert.True(progress.PasswordSent);
        await session.NavigateAsync(pages.Add(at, answer), Ending);
        return engine.Next(await session.LookAsync(TimeSpan.FromSeconds(5), Ending), progress with { SinceStep = TimeSpan.FromSeconds(1) });
    }

    [Fact]
    public async Task No_sequence_of_pages_sends_a_password_twice_from_one_state()
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var seen = new List<PageSnapshot>();
        foreach (var html in First.Select(d => d.Data.Item2).Concat(After.Select(d => d.Data.Item2)).Distinct())
        {
            await session.NavigateAsync(pages.Add("/login", html), Ending);
            seen.Add(await session.LookAsync(TimeSpan.FromSeconds(5), Ending));
        }
        var random = new Random(20260101);
        for (var run = 0; run < 400; run++)
        {
            var progress = Start(new Uri(pages.Root, "/login"));
            var sent = new Dictionary<string, int>(StringComparer.Ordinal);
            for (var i = 0; i < 25; i++)
            {
                var page = seen[random.Next(seen.Count)];
                progress = progress with { SinceStep = TimeSpan.FromMilliseconds(random.Next(0, 20_000)) };
                var decision = engine.Next(page, progress);
                if (decision.Step is LoginStep.Done) break;
                var before = progress.Submissions.Count;
                progress = progress.After(decision, page);
                if (decision.Step is LoginStep.Ask ask)
                    progress = progress.WithAnswer(ask.Challenge, ask.Challenge.Fields.Select(f => f.Name), ask.Challenge.Fields.Where(f => f.Options is not null).Select(f => KeyValuePair.Create(f.Name, f.Options![0].Value)));
                foreach (var submission in progress.Submissions.Skip(before).Where(s => s.Kind == SubmissionKind.Password))
                    Assert.True((sent[submission.State] = sent.GetValueOrDefault(submission.State) + 1) == 1, $"a password was sent twice from {submission.State}");
                if (decision.Step is LoginStep.Fill fill)
                    Assert.DoesNotContain(fill.Values, v => LoginPage.Read(page).GroupOf(v.Field) is { Kind: GroupKind.SignUp or GroupKind.Newsletter or GroupKind.Search or GroupKind.Recovery or GroupKind.PasswordChange or GroupKind.Contact });
            }
            Assert.InRange(progress.Submissions.Count(s => s.Kind == SubmissionKind.Password), 0, 2);
        }
    }

    [Theory]
    [InlineData(null, "Trust this device")]
    [InlineData(true, "Trust this device")]
    [InlineData(false, "Not now")]
    public async Task A_page_that_offers_to_trust_the_browser_is_told_what_the_user_wants(bool? trusts, string pressed)
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var progress = (await SentAsync(pages, session, engine)) with { TrustsDevice = trusts, SinceStep = TimeSpan.FromSeconds(1) };
        await session.NavigateAsync(pages.Add("/trust", Page("<h1>Trust this device?</h1><p>We will not ask for a code here again.</p><button>Trust this device</button><button>Not now</button>")), Ending);
        var offer = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var click = Assert.IsType<LoginStep.Click>(engine.Next(offer, progress).Step);
        Assert.Equal(pressed, offer.Elements.First(e => e.Id == click.Element).Name);
    }

    [Fact]
    public async Task What_may_be_left_out_is_left_out_and_never_taken_for_the_end()
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var progress = (await SentAsync(pages, session, engine)) with { SinceStep = TimeSpan.FromSeconds(7) };
        await session.NavigateAsync(pages.Add("/phone", Page("<h1>Keep your account safe</h1><p>Give us a number so that we can reach you.</p><form><label>Mobile number <input name=phone></label><button>Save</button><button type=button>Not now</button></form>")), Ending);
        var offer = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var click = Assert.IsType<LoginStep.Click>(engine.Next(offer, progress).Step);
        Assert.Equal("Not now", offer.Elements.First(e => e.Id == click.Element).Name);
    }

    [Fact]
    public async Task Words_about_the_code_before_that_come_late_say_nothing_about_the_one_just_typed()
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var engine = new LoginEngine();
        var progress = (await SentAsync(pages, session, engine)) with { SinceStep = TimeSpan.FromSeconds(1) };
        await session.NavigateAsync(pages.Add("/code", Page("<h1>Check your e-mail</h1><p>Enter the code that we sent to you.</p><p role=alert id=said>Invalid code.</p><form onsubmit='return false'><label>Code <input id=c name=code maxlength=6></label><button>Verify</button></form>")), Ending);
        var look = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var decision = engine.Next(look, progress);
        var ask = Assert.IsType<LoginStep.Ask>(decision.Step);
        Assert.Contains("Invalid code", ask.Challenge.Message, StringComparison.Ordinal);
        progress = progress.After(decision, look).WithAnswer(ask.Challenge, ask.Challenge.Fields.Select(f => f.Name), []);
        await session.Page.EvaluateAsync("said.textContent = ''");
        look = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        decision = engine.Next(look, progress);
        var fill = Assert.IsType<LoginStep.Fill>(decision.Step);
        Assert.Null(fill.Then);
        await session.TypeAsync(fill.Values[0].Field, "123456", Ending);
        progress = progress.After(decision, look) with { SinceStep = TimeSpan.FromMilliseconds(50) };
        await session.Page.EvaluateAsync("said.textContent = 'Invalid code.'");
        look = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        Assert.Equal(ClickPurpose.SubmitAnswer, Assert.IsType<LoginStep.Click>(engine.Next(look, progress).Step).Purpose);
    }

    /// <summary>A sign-in whose form was just sent.</summary>
    private static async Task<LoginProgress> SentAsync(Pages pages, BrowserSession session, LoginEngine engine)
    {
        var url = pages.Add("/login", Form);
        await session.NavigateAsync(url, Ending);
        var look = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = Start(url);
        return progress.After(engine.Next(look, progress), look);
    }

    private static LoginProgress Start(Uri url) => LoginProgress.Start(url, null, [Slot.Username, Slot.Password]);

    [Fact]
    public async Task Characters_of_the_password_are_chosen_by_what_the_list_shows()
    {
        // Capitals first, and values that are numbers of their own: what is sent for "1" is shown as "0".
        const string script = """
            <script>
            const all = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
            for (const list of document.querySelectorAll('select')) list.innerHTML = '<option value="">-</option>' + all.map((c, i) => `<option value="${c >= '0' && c <= '9' ? +c + 1 : i + 100}">${c}</option>`).join('');
            document.forms[0].onsubmit = () => {
              const said = [...document.querySelectorAll('select')].map(l => l.selectedOptions[0].textContent).join('');
              document.body.innerHTML = said === 'r1t' ? '<nav><button>Log out</button></nav><h1>Beds</h1><p>Welcome, ada</p>' : '<p role=alert>Wrong password.</p>';
              return false;
            };
            </script>
            """;
        await using var pages = await Pages.StartAsync();
        var url = pages.Add("/", "<h1>Sign in</h1><form><label>User name <input name=user></label><p>Choose the 2nd, 4th and 7th character of your password.</p><label>2 <select name=a></select></label><label>4 <select name=b></select></label><label>7 <select name=c></select></label><button>Sign in</button></form>" + script);
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var seen = new List<PageSnapshot>();
        var result = await new SignIn(TimeProvider.System, seen.Add).RunAsync(session, new SignInRequest(url, null, TestSecrets.Of("ada", "Pra1-ot"), TestDesk.Nobody), Ending);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, $"{result.Outcome}: {string.Join("; ", result.Steps.Select(s => s.Action))}");
        Assert.Contains(seen, page => page.Elements.Count(e => e is { Kind: ElementKind.Select, HasValue: true }) == 3);
        Assert.DoesNotContain(seen, page => page.Elements.Any(e => e.Kind == ElementKind.Select && e.Options.Any(o => o.Selected)));
    }
}
