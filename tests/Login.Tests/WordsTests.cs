using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Ostiary.Login.Tests;

public sealed class WordsTests
{
    private static readonly string[] AtLeast =
    [
        "en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "no", "fi", "pl", "cs", "sk", "hu", "ro", "tr", "el", "ru", "uk", "ja", "zh", "ko", "ar",
        "bg", "hr", "sr", "sl", "lt", "lv", "et", "ca", "he", "fa", "hi", "id", "vi", "th",
    ];

    private static readonly (WordList, WordList)[] AtOdds =
    [
        (WordList.SignIn, WordList.SignOut), (WordList.SignIn, WordList.SignUp), (WordList.SignUp, WordList.SignOut), (WordList.SignIn, WordList.Forgot),
        (WordList.SignIn, WordList.StaySignedIn), (WordList.SignIn, WordList.Newsletter), (WordList.SignIn, WordList.Wrong),
        (WordList.AcceptCookies, WordList.RejectCookies), (WordList.AcceptCookies, WordList.NotNow), (WordList.AcceptCookies, WordList.Cancel),
        (WordList.Next, WordList.Cancel), (WordList.Continue, WordList.Cancel), (WordList.Confirm, WordList.Cancel), (WordList.Confirm, WordList.NotNow),
        (WordList.Next, WordList.NotNow), (WordList.Continue, WordList.RejectCookies), (WordList.NewPassword, WordList.CurrentPassword),
        (WordList.NewPassword, WordList.ConfirmPassword), (WordList.CurrentPassword, WordList.ConfirmPassword), (WordList.Wrong, WordList.Locked),
        (WordList.Wrong, WordList.Maintenance), (WordList.Locked, WordList.Expired), (WordList.UserName, WordList.Password), (WordList.Wrong, WordList.Password),
        (WordList.SignOut, WordList.Account), (WordList.SignIn, WordList.Account), (WordList.Code, WordList.UserName), (WordList.Search, WordList.UserName),
        (WordList.Name, WordList.UserName), (WordList.Address, WordList.Email), (WordList.Welcome, WordList.SignIn), (WordList.Captcha, WordList.Verification),
    ];

    private static readonly Lazy<List<(WordList List, string Language, string Entry)>> Entries = new(Load);

    public static TheoryData<WordList> Lists => [.. Enum.GetValues<WordList>()];

    public static TheoryData<WordList, WordList> Pairs => [.. AtOdds];

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_list_has_words_in_every_language(WordList list)
    {
        foreach (var language in AtLeast)
        {
            var words = Entries.Value.Where(e => e.List == list && e.Language == language && !e.Entry.StartsWith('!')).ToList();
            // "Yes" and "or" are one word in most languages.
            Assert.True(words.Count >= (list is WordList.Yes or WordList.Or ? 1 : 2), $"{list} has {words.Count} words in {language}.");
        }
    }

    [Fact]
    public void Every_language_is_named() => Assert.Equal(AtLeast.Order(), Words.Languages.Order());

    [Fact]
    public void All_lists_fit_into_the_bits_of_a_text() => Assert.All(Enum.GetValues<WordList>(), list => Assert.InRange((int)list, 0, 127));

    [Theory]
    [MemberData(nameof(Lists))]
    public void No_entry_is_empty_or_stands_twice(WordList list)
    {
        foreach (var language in Words.Languages)
        {
            var seen = new HashSet<string>();
            foreach (var (_, _, entry) in Entries.Value.Where(e => e.List == list && e.Language == language))
            {
                Assert.NotEmpty(Words.Fold(entry));
                Assert.True(seen.Add((entry.StartsWith('!') ? "!" : "") + Words.Fold(entry) + (entry.EndsWith('*') ? "*" : "")), $"{list} in {language} has '{entry}' twice.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_word_is_recognised_for_what_it_is(WordList list)
    {
        var missed = Sayings(list).Where(e => !Words.Is(list, e.Text) || !Words.Has(list, e.Text)).Select(e => $"{e.Language}: {e.Text}");
        Assert.Empty(missed);
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_veto_keeps_its_list_silent(WordList list)
    {
        var heard = Entries.Value.Where(e => e.List == list && e.Entry.StartsWith('!') && Words.Has(list, e.Entry[1..])).Select(e => $"{e.Language}: {e.Entry}");
        Assert.Empty(heard);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void No_word_says_two_things_that_are_at_odds(WordList one, WordList other)
    {
        var both = Sayings(one).Where(e => Words.Is(other, e.Text)).Select(e => $"{e.Language}: {e.Text}").Distinct();
        Assert.Empty(both);
    }

    [Theory]
    [InlineData(WordList.SignOut, WordList.SignIn)]
    [InlineData(WordList.SignUp, WordList.SignIn)]
    [InlineData(WordList.RejectCookies, WordList.AcceptCookies)]
    [InlineData(WordList.StaySignedIn, WordList.SignIn)]
    [InlineData(WordList.Newsletter, WordList.SignUp)]
    public void A_phrase_does_not_contain_its_opposite(WordList phrase, WordList opposite)
    {
        var both = Sayings(phrase).Where(e => Words.Has(opposite, e.Text)).Select(e => $"{e.Language}: {e.Text}").Distinct();
        Assert.Empty(both);
    }

    [Theory]
    [InlineData("Log in", WordList.SignIn)]
    [InlineData("Log-in", WordList.SignIn)]
    [InlineData("LOGIN", WordList.SignIn)]
    [InlineData("Sign in to your account", WordList.SignIn)]
    [InlineData("Melden Sie sich an", WordList.SignIn)]
    [InlineData("Connectez-vous à votre espace client", WordList.SignIn)]
    [InlineData("Inicia sesión para continuar", WordList.SignIn)]
    [InlineData("Zaloguj się", WordList.SignIn)]
    [InlineData("Přihlásit se", WordList.SignIn)]
    [InlineData("Giriş Yap", WordList.SignIn)]
    [InlineData("GİRİŞ", WordList.SignIn)]
    [InlineData("GIRIS YAP", WordList.SignIn)]
    [InlineData("ΣΥΝΔΕΣΗ", WordList.SignIn)]
    [InlineData("Войти в аккаунт", WordList.SignIn)]
    [InlineData("ログインする", WordList.SignIn)]
    [InlineData("立即登录", WordList.SignIn)]
    [InlineData("로그인하기", WordList.SignIn)]
    [InlineData("تسجيل الدخول", WordList.SignIn)]
    [InlineData("تَسْجِيل الدُّخُول", WordList.SignIn)]
    [InlineData("Log out", WordList.SignOut)]
    [InlineData("Se déconnecter", WordList.SignOut)]
    [InlineData("Sair da conta", WordList.SignOut)]
    [InlineData("退出登录", WordList.SignOut)]
    [InlineData("Don't have an account? Create one: Create account", WordList.SignUp)]
    [InlineData("Kundennummer", WordList.UserName)]
    [InlineData("N° client", WordList.UserName)]
    [InlineData("CPF ou CNPJ", WordList.UserName)]
    [InlineData("T.C. Kimlik No", WordList.UserName)]
    [InlineData("Personnummer (12 siffror)", WordList.UserName)]
    [InlineData("Passwort vergessen?", WordList.Forgot)]
    [InlineData("Mot de passe oublié ?", WordList.Forgot)]
    [InlineData("Zapomněli jste heslo?", WordList.Forgot)]
    [InlineData("パスワードを忘れた場合", WordList.Forgot)]
    [InlineData("비밀번호를 잊으셨나요?", WordList.Forgot)]
    [InlineData("Your password is incorrect.", WordList.Wrong)]
    [InlineData("The email or password you entered is invalid.", WordList.Wrong)]
    [InlineData("We couldn’t find an account with that username.", WordList.Wrong)]
    [InlineData("That code didn’t match. Try again.", WordList.Wrong)]
    [InlineData("Ungueltige Zugangsdaten", WordList.Wrong)]
    [InlineData("Die eingegebenen Anmeldedaten stimmen nicht überein.", WordList.Wrong)]
    [InlineData("Identifiant ou mot de passe incorrect", WordList.Wrong)]
    [InlineData("Usuario o contraseña incorrectos", WordList.Wrong)]
    [InlineData("Le credenziali inserite non sono corrette: password errata", WordList.Wrong)]
    [InlineData("Gebruikersnaam en/of wachtwoord is onjuist", WordList.Wrong)]
    [InlineData("Usuário ou senha inválidos", WordList.Wrong)]
    [InlineData("Felaktigt användarnamn eller lösenord", WordList.Wrong)]
    [InlineData("Forkert adgangskode", WordList.Wrong)]
    [InlineData("Feil brukernavn eller passord", WordList.Wrong)]
    [InlineData("Väärä käyttäjätunnus tai salasana", WordList.Wrong)]
    [InlineData("Nieprawidłowy login lub hasło", WordList.Wrong)]
    [InlineData("Nesprávné heslo", WordList.Wrong)]
    [InlineData("Hibás felhasználónév vagy jelszó", WordList.Wrong)]
    [InlineData("Parolă greșită", WordList.Wrong)]
    [InlineData("Kullanıcı adı veya şifre hatalı", WordList.Wrong)]
    [InlineData("Λάθος κωδικός πρόσβασης", WordList.Wrong)]
    [InlineData("Неверный логин или пароль", WordList.Wrong)]
    [InlineData("Невірний логін або пароль", WordList.Wrong)]
    [InlineData("パスワードが正しくありません", WordList.Wrong)]
    [InlineData("用户名或密码错误", WordList.Wrong)]
    [InlineData("아이디 또는 비밀번호가 일치하지 않습니다.", WordList.Wrong)]
    [InlineData("اسم المستخدم أو كلمة المرور غير صحيحة", WordList.Wrong)]
    [InlineData("Your account has been locked.", WordList.Locked)]
    [InlineData("Ihr Konto wurde gesperrt", WordList.Locked)]
    [InlineData("Too many failed login attempts", WordList.TooMany)]
    [InlineData("Demasiados intentos fallidos", WordList.TooMany)]
    [InlineData("Ihre Sitzung ist abgelaufen", WordList.Expired)]
    [InlineData("Veuillez réessayer plus tard", WordList.TryLater)]
    [InlineData("We are down for scheduled maintenance", WordList.Maintenance)]
    [InlineData("Approve the request on your phone", WordList.Approve)]
    [InlineData("Geben Sie die Anmeldung in der App frei", WordList.Approve)]
    [InlineData("Enter the 6-digit code", WordList.Code)]
    [InlineData("Geben Sie den 6-stelligen Code ein", WordList.Code)]
    [InlineData("Bitte TAN eingeben", WordList.Code)]
    [InlineData("인증번호 6자리", WordList.Code)]
    [InlineData("请输入短信验证码", WordList.Code)]
    [InlineData("Stay signed in?", WordList.StaySignedIn)]
    [InlineData("Angemeldet bleiben?", WordList.StaySignedIn)]
    [InlineData("次回からログインしたままにする: ログイン状態を保持", WordList.StaySignedIn)]
    [InlineData("Choose an account", WordList.ChooseAccount)]
    [InlineData("How do you want to verify your identity?", WordList.ChooseMethod)]
    [InlineData("Continuer sans accepter →", WordList.RejectCookies)]
    [InlineData("Ik ga akkoord", WordList.AcceptCookies)]
    [InlineData("I'm not a robot", WordList.Captcha)]
    [InlineData("I’m not a robot", WordList.Captcha)]
    [InlineData("Your password has expired and must be changed", WordList.PasswordChange)]
    [InlineData("Select your identity provider", WordList.Organisation)]
    [InlineData("Bonjour Ada", WordList.Welcome)]
    [InlineData("Kirjaudu sisään", WordList.SignIn)]
    [InlineData("ＬＯＧＩＮ", WordList.SignIn)]
    [InlineData("ﾛｸﾞｲﾝ", WordList.SignIn)]
    [InlineData("IDとパスワードを入力してください", WordList.Password)]
    [InlineData("SMSで受け取る", WordList.Sms)]
    [InlineData("Sign\u00adin: pass\u00adword", WordList.Password)]
    public void Recognises(string text, WordList list) => Assert.True(Words.Has(list, text));

    [Theory]
    [InlineData("Log out", WordList.SignIn)]
    [InlineData("Sign up for our newsletter", WordList.SignIn)]
    [InlineData("Sign up for our newsletter", WordList.SignUp)]
    [InlineData("Blog information", WordList.SignIn)]
    [InlineData("Catalog in stock", WordList.SignIn)]
    [InlineData("Design your kitchen", WordList.SignIn)]
    [InlineData("Se déconnecter", WordList.SignIn)]
    [InlineData("Abmelden", WordList.SignIn)]
    [InlineData("Jetzt zum Newsletter anmelden", WordList.SignIn)]
    [InlineData("Entre em contato", WordList.SignIn)]
    [InlineData("退出登录", WordList.SignIn)]
    [InlineData("로그아웃", WordList.SignIn)]
    [InlineData("로그인 상태 유지", WordList.SignIn)]
    [InlineData("ログインしたままにする", WordList.SignIn)]
    [InlineData("Keep me signed in", WordList.SignIn)]
    [InlineData("Accept only necessary cookies", WordList.AcceptCookies)]
    [InlineData("Continue without accepting", WordList.AcceptCookies)]
    [InlineData("Nicht akzeptieren", WordList.AcceptCookies)]
    [InlineData("不接受", WordList.AcceptCookies)]
    [InlineData("Enter your password", WordList.Wrong)]
    [InlineData("Enter your password", WordList.Confirm)]
    [InlineData("Your tickets were invalidated", WordList.Wrong)]
    [InlineData("Something went wrong. Please try again.", WordList.Wrong)]
    [InlineData("Passwords must have at least 8 characters", WordList.Wrong)]
    [InlineData("Forgot your password?", WordList.Wrong)]
    [InlineData("Bitte geben Sie Ihr Passwort ein", WordList.Wrong)]
    [InlineData("Saisissez votre mot de passe", WordList.Wrong)]
    [InlineData("Introduce tu contraseña", WordList.Wrong)]
    [InlineData("Введите пароль", WordList.Wrong)]
    [InlineData("パスワードを入力してください", WordList.Wrong)]
    [InlineData("请输入密码", WordList.Wrong)]
    [InlineData("JavaScript is disabled in your browser", WordList.Locked)]
    [InlineData("Postal code", WordList.Code)]
    [InlineData("Promo code", WordList.Code)]
    [InlineData("Código postal", WordList.Code)]
    [InlineData("郵便番号", WordList.Code)]
    [InlineData("One-time password", WordList.Password)]
    [InlineData("Einmalpasswort", WordList.Password)]
    [InlineData("User name", WordList.Name)]
    [InlineData("Nom d'utilisateur", WordList.Name)]
    [InlineData("E-mail address", WordList.Address)]
    [InlineData("Create your account", WordList.Account)]
    [InlineData("Try again later", WordList.NotNow)]
    [InlineData("", WordList.SignIn)]
    [InlineData("   →  ", WordList.SignIn)]
    [InlineData("Download the app", WordList.Approve)]
    [InlineData("Last name", WordList.Locked)]
    [InlineData("This page will expire in 5 minutes", WordList.Expired)]
    [InlineData("Noch nicht registriert?", WordList.Wrong)]
    [InlineData("Newsletter: Abmelden jederzeit möglich.", WordList.SignOut)]
    [InlineData("Car Maintenance & Ownership", WordList.Maintenance)]
    [InlineData("This site is protected by reCAPTCHA", WordList.Captcha)]
    [InlineData("Access Denied", WordList.Wrong)]
    public void Does_not_mistake(string text, WordList list) => Assert.False(Words.Has(list, text));

    [Theory]
    [InlineData("> Next →", WordList.Next, true)]
    [InlineData("  » Weiter «", WordList.Next, true)]
    [InlineData("Next article", WordList.Next, false)]
    [InlineData("OK", WordList.Confirm, true)]
    [InlineData("Not now", WordList.NotNow, true)]
    [InlineData("No", WordList.NotNow, true)]
    [InlineData("次へ ＞", WordList.Next, true)]
    [InlineData("次への道", WordList.Next, false)]
    public void Is_means_the_whole_text(string text, WordList list, bool expected) => Assert.Equal(expected, Words.Is(list, text));

    [Fact]
    public void A_word_for_whole_texts_only_is_not_found_inside_others()
    {
        Assert.True(Words.Is(WordList.NotNow, "No"));
        Assert.False(Words.Has(WordList.NotNow, "No account matches"));
    }

    [Fact]
    public void Any_of_several_lists_is_enough()
    {
        Assert.True(Words.HasAny("Passwort vergessen?", WordList.SignOut, WordList.Forgot));
        Assert.False(Words.HasAny("Passwort vergessen?", WordList.SignOut, WordList.SignUp));
        Assert.False(Words.HasAny("Passwort vergessen?"));
    }

    [Theory]
    [InlineData("Giriş", "giris")]
    [InlineData("GİRİŞ", "giris")]
    [InlineData("gırış", "giris")]
    [InlineData("Straße", "strasse")]
    [InlineData("STRAẞE", "strasse")]
    [InlineData("Œuvre, Æble; Ø-mærke", "oeuvre aeble o maerke")]
    [InlineData("Łódź", "lodz")]
    [InlineData("Đăng nhập", "dang nhap")]
    [InlineData("Κωδικός", "κωδικοσ")]
    [InlineData("ΚΩΔΙΚΟΣ", "κωδικοσ")]
    [InlineData("Ещё й", "еще и")]
    [InlineData("ім’я", "ім я")]
    [InlineData("ім'я", "ім я")]
    [InlineData("imʼya", "im ya")]
    [InlineData("l'accès", "l acces")]
    [InlineData("don’t", "don t")]
    [InlineData("  a \u00a0\t b--c… ", "a b c")]
    [InlineData("ＰＡＳＳ１２", "pass12")]
    [InlineData("ﾊﾟｽﾜｰﾄﾞ", "パスワード")]
    [InlineData("٤٥ ۶", "45 6")]
    [InlineData("إلغاء أمر آخر", "الغاء امر اخر")]
    [InlineData("كلمـــة مَرور", "كلمه مرور")]
    [InlineData("سِيسَمَة", "سيسمه")]
    [InlineData("סִיסְמָה", "סיסמה")]
    [InlineData("รหัสผ่าน", "รหัสผ่าน")]
    [InlineData("पासवर्ड", "पासवर्ड")]
    [InlineData("비밀번호", "비밀번호")]
    [InlineData("pass\u00adword\u200b", "password")]
    [InlineData("👍 OK", "ok")]
    public void Folds(string text, string expected) => Assert.Equal(expected, Words.Fold(text));

    [Fact]
    public void Folding_what_is_folded_changes_nothing()
    {
        foreach (var (_, _, entry) in Entries.Value)
        {
            var once = Words.Fold(entry);
            Assert.Equal(once, Words.Fold(once));
        }
    }

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("az-AZ")]
    [InlineData("th-TH")]
    [InlineData("ar-SA")]
    public void The_culture_of_the_machine_changes_nothing(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = new CultureInfo(culture);
        try
        {
            Assert.Equal("sign in with id 1", Words.Fold("SIGN IN WITH ID 1"));
            Assert.True(Words.Has(WordList.SignIn, "SIGN IN HERE, " + culture));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Broken_unicode_is_read_as_a_gap()
    {
        Assert.Equal("log in", Words.Fold("log\ud800in"));
        Assert.Equal("log in", Words.Fold("log\uffffin"));
        Assert.True(Words.Has(WordList.SignIn, "\udc00 log\ufffe in \ud83d"));
    }

    [Fact]
    public void Any_text_at_all_can_be_read()
    {
        var random = new Random(4711);
        for (var round = 0; round < 3000; round++)
        {
            var letters = new char[random.Next(1, 60)];
            for (var i = 0; i < letters.Length; i++) letters[i] = random.Next(3) == 0 ? (char)random.Next(0x20, 0x7F) : (char)random.Next(0, 0x10000);
            var text = new string(letters);
            Assert.Equal(Words.Fold(text), Words.Fold(Words.Fold(text)));
            Words.HasAny(text, WordList.SignIn);
        }
    }

    [Fact]
    public void A_text_is_judged_alike_however_often_and_from_wherever_it_is_asked()
    {
        var texts = Entries.Value.Where(e => !e.Entry.Contains('*')).Select(e => e.Entry).Take(4000).ToArray();
        var first = texts.Select(t => Words.Has(WordList.SignIn, t)).ToArray();
        Parallel.For(0, 4, _ =>
        {
            for (var i = 0; i < texts.Length; i++) Assert.Equal(first[i], Words.Has(WordList.SignIn, texts[i]));
        });
    }

    [Fact]
    public void A_word_deep_in_a_long_text_is_found()
    {
        var text = string.Concat(Enumerable.Repeat("lorem ipsum 文字 ", 20_000)) + "your account has been locked";
        Assert.True(Words.Has(WordList.Locked, text));
        Assert.False(Words.Has(WordList.Captcha, text));
    }

    private static IEnumerable<(string Language, string Text)> Sayings(WordList list) =>
        from entry in Entries.Value
        where entry.List == list && !entry.Entry.StartsWith('!')
        select (entry.Language, entry.Entry.TrimStart('=').Replace("*", "x", StringComparison.Ordinal));

    private static List<(WordList List, string Language, string Entry)> Load()
    {
        using var stream = typeof(Words).Assembly.GetManifestResourceStream("Ostiary.Login.Words.json")!;
        using var document = JsonDocument.Parse(stream);
        return [.. from list in document.RootElement.EnumerateObject()
                   from language in list.Value.EnumerateObject()
                   from entry in language.Value.EnumerateArray()
                   select (Enum.Parse<WordList>(list.Name), language.Name, entry.GetString()!)];
    }
}
