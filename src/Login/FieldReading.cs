using System.Collections.Frozen;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>What a field is for.</summary>
public enum FieldRole
{
    /// <summary>None of the others, or not known.</summary>
    Other,
    /// <summary>User name, e-mail address, customer number: who signs in.</summary>
    Identifier,
    /// <summary>The current password.</summary>
    Password,
    /// <summary>A password that is being made, or its repetition.</summary>
    NewPassword,
    /// <summary>A one-time code, or one box of it.</summary>
    Code,
    /// <summary>The answer to a question agreed on in advance.</summary>
    SecurityAnswer,
    /// <summary>The characters of a picture.</summary>
    Captcha,
    /// <summary>A further value of the same login: company, branch, last name.</summary>
    Extra,
    /// <summary>A search or filter.</summary>
    Search,
    /// <summary>Identity, address or card data: of sign-ups and checkouts.</summary>
    Personal,
}

/// <summary>One reason with its points.</summary>
public readonly record struct Signal(string Name, double Points)
{
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Name} {Points:+0.#;-0.#}");
}

/// <summary>A field with its scores for each role, before and after its group decided.</summary>
internal sealed class FieldReading
{
    private static readonly FrozenSet<string> IdentifierTokens = Set("user username userid userno usr uid nim nip nik nisn uname login loginid loginname logon logonid account accountid accountname accountno acct member memberid membership "
        + "customer customerid custid client clientid identifier ident identity email mail emailaddress phone mobile telephone msisdn nif dni cpf cnpj personnummer benutzer benutzername nutzer kennung kundennummer usuario utilisateur "
        + "identifiant adherent nick nickname handle alias screenname principal rut ssn egn pesel codicefiscale codigo j_username os_username accessid cardnumber loginfmt kullanici gebruikersnaam bruker kayttaja");
    private static readonly string[] IdentifierStems = ["username", "userid", "user_", "loginid", "login", "logon", "email", "e-mail", "emailaddr", "account", "benutzer", "usuario", "utilisateur", "identifi", "kundennr", "customernumber", "member"];
    private static readonly FrozenSet<string> PasswordTokens = Set("pass pwd pw psw pswd passw passwd password passphrase passcode passwort kennwort contrasena contrasenya clave senha mdp motdepasse pin secret heslo haslo lozinka parola sifre wachtwoord salasana losenord adgangskode passord jelszo parool kw");
    private static readonly string[] PasswordStems = ["passw", "pwd", "kennwort", "motdepasse", "mot_de_passe", "mot-de-passe", "contrase", "wachtwoord", "senha"];
    // Too long to stand in another word by accident: these name a password wherever they are in a name. One that says whose it is as well ("clientPassword") needs a label that agrees.
    private static readonly string[] UnmistakablePasswordStems = ["passw", "kennwort", "motdepasse", "mot_de_passe", "mot-de-passe", "contrase", "wachtwoord"];
    private static readonly FrozenSet<string> CodeTokens = Set("otp totp mfa 2fa tfa twofactor twofa otc mfacode otpcode smscode authcode verificationcode securitycode securitykey authenticator onetimecode onetimepassword verificationtoken pincode smstan tan emailcode confirmationcode passcode");
    private static readonly string[] CodeStems = ["otp", "mfa", "2fa", "twofactor", "two_factor", "two-factor", "verificationcode", "verification_code", "verification-code", "securitycode", "security_code", "authcode", "auth_code", "smscode", "sms_code", "onetime", "one-time", "one_time", "passcode", "totp", "verifycode"];
    private static readonly FrozenSet<string> WeakCodeTokens = Set("code codes token pin digit digits kod codigo challenge response verification");
    private static readonly FrozenSet<string> NewTokens = Set("new confirm confirmation confirmed repeat again verify retype reenter re2 neu neues nuevo nueva nouveau create choose second conf rpt");
    private static readonly FrozenSet<string> CurrentTokens = Set("current old existing previous aktuell altes actual ancien");
    private static readonly FrozenSet<string> SearchTokens = Set("search q query suche recherche buscar find lookup keyword keywords s filter srch searchterm term");
    private static readonly FrozenSet<string> NeverTokens = Set("coupon promo promocode voucher discount zip zipcode postcode postal plz card cardnum ccnumber cc cvv cvc cvv2 expiry iban comment comments subject newsletter subscribe subscription message quantity qty amount referral ssid filename");
    private static readonly FrozenSet<string> PersonalTokens = Set("firstname lastname fname lname surname givenname familyname fullname middlename street address address1 address2 city town state country province birthday birthdate dob birth year month day gender title salutation age company companyname website url postcode zipcode");
    private static readonly FrozenSet<string> CaptchaTokens = Set("captcha captchacode captchatext securityimage imagecode imagesecurity imgcode piccode checkcode validatecode validcode vcode randcode seccode secimage securimage verifyimage verifyimg verifynumber yzm yanzhengma antispam "
        + "spamcode turing humancheck humanverify captchaanswer kaptcha recaptcha");

    private static readonly FrozenSet<string> Repeated = Set("confirm confirmemail emailconfirm emailconfirmation confirmation repeat repeatemail again verify verifyemail retype retypeemail reenter email2 mail2 emailagain repemail");

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private readonly double[] _scores = new double[(int)FieldRole.Personal + 1];
    private readonly UInt128 _said;

    public FieldReading(ElementSnapshot element)
    {
        Element = element;
        var a = element.Attributes;
        string Attribute(string name) => a.TryGetValue(name, out var value) ? value : "";
        Placeholder = Attribute("placeholder");
        if (Placeholder.Length == 0) Placeholder = Attribute("aria-placeholder");
        Label = element.Name.Length > 0 ? element.Name : Placeholder.Length > 0 ? Placeholder : element.NearbyText;
        Autocomplete = Attribute("autocomplete").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var nameAndId = Attribute("name") + " " + Attribute("id") + " " + Attribute("data-testid") + " " + Attribute("data-qa");
        Tokens = [.. new[] { "name", "id", "data-testid", "data-qa" }.SelectMany(a => Tokenize(Attribute(a)))];
        Squeezed = WithoutHashes(nameAndId.ToLowerInvariant());
        MaxLength = int.TryParse(Attribute("maxlength"), out var max) && max is > 0 and < 10000 ? max : null;
        IsHiddenPassword = !element.Visible && element.Type == "password";
        _said = Meaning();
        Score();
    }

    public ElementSnapshot Element { get; }
    public string Label { get; }
    public string Placeholder { get; }
    public string[] Autocomplete { get; }
    public HashSet<string> Tokens { get; }
    public string Squeezed { get; }
    public int? MaxLength { get; }
    public bool IsHiddenPassword { get; }
    public FieldRole Role { get; set; }

    /// <summary>The source field that it was named for by an override, or null.</summary>
    public string? Key { get; set; }
    public List<Signal> Why { get; } = [];
    public bool IsPassword => Element.Type == "password";

    /// <summary>Takes a mail address and nothing else.</summary>
    public bool IsMailAddress => Element.Type == "email" || !Says(WordList.UserName) && (Says(WordList.Email) || Tokens.Overlaps(["email", "mail"]) && !Tokens.Overlaps(["username", "login", "userid", "identifier"]));

    /// <summary>A name that is not to be read over one's shoulder: drawn as a password, labelled as a user name.</summary>
    public bool IsMaskedName => IsPassword && Says(WordList.UserName) && !Says(WordList.Password) && !Tokens.Overlaps(PasswordTokens);

    /// <summary>Named or labelled as a user name.</summary>
    public bool IsUserName => Says(WordList.UserName) || Tokens.Overlaps(["username", "userid", "loginname", "login", "nickname"]);

    /// <summary>A text field that asks for the value of another one again: "confirm your e-mail".</summary>
    public bool IsRepetition => IsText && (Tokens.Overlaps(Repeated) || Login.Words.Has(WordList.Confirm, Placeholder) && Login.Words.Has(WordList.Email, Placeholder) || Login.Words.Has(WordList.Confirm, Element.Name) && Login.Words.Has(WordList.Email, Element.Name));
    public bool IsText => Element.Kind == ElementKind.Input && Element.Type is "text" or "email" or "tel" or "number" or "url" or "search" or "" && Element.Kind == ElementKind.Input;
    public bool IsNumeric => Element.Type is "number" or "tel" || Mode is "numeric" or "decimal" or "tel" || Pattern.Contains("[0-9]", StringComparison.Ordinal) || Pattern.Contains("\\d", StringComparison.Ordinal);
    private string Mode => Element.Attributes.TryGetValue("inputmode", out var mode) ? mode.ToLowerInvariant() : "";
    private string Pattern => Element.Attributes.TryGetValue("pattern", out var pattern) ? pattern : "";

    public double this[FieldRole role] => _scores[(int)role];

    public void Add(FieldRole role, double points, string signal)
    {
        _scores[(int)role] += points;
        Why.Add(new Signal($"{role}: {signal}", points));
    }

    /// <summary>All words a person would read at the field.</summary>
    public string Words => string.Join(" | ", new[] { Element.Name, Placeholder, Element.NearbyText, Element.Description }.Where(t => t.Length > 0));

    /// <summary>Called a one-time code by a name that pictures with letters do not have.</summary>
    public bool IsSurelyCode => Auto("one-time-code") || Tokens.Overlaps(["otp", "totp", "mfa", "2fa", "tfa", "twofactor", "smscode", "authcode", "onetimecode", "onetimepassword"]) || HasStem(["otp", "mfa", "2fa", "twofactor", "two_factor", "two-factor", "totp", "onetime", "one-time", "one_time"]);

    private bool HasToken(FrozenSet<string> set) => Tokens.Overlaps(set);

    private bool HasStem(string[] stems)
    {
        foreach (var stem in stems)
            if (Squeezed.Contains(stem, StringComparison.Ordinal)) return true;
        return false;
    }

    private bool Says(WordList list) => (_said & Login.Words.Bit(list)) != 0;

    // What names a field so well that the text beside it adds nothing.
    private static readonly UInt128 OwnNames = Login.Words.Bit(WordList.UserName) | Login.Words.Bit(WordList.Email) | Login.Words.Bit(WordList.Phone) | Login.Words.Bit(WordList.Password);

    /// <summary>What the words at the field mean. What stands beside the field outranks nothing that is written in it.</summary>
    private UInt128 Meaning()
    {
        var said = UInt128.Zero;
        if (Element.Name.Length is > 0 and <= 100) said |= Login.Words.Read(Element.Name).Within;
        if (Placeholder.Length is > 0 and <= 100) said |= Login.Words.Read(Placeholder).Within;
        var alone = Element.Name.Length == 0 && Placeholder.Length == 0;
        if ((said & OwnNames) != 0) return said;
        if ((Element.Name.Length == 0 || Placeholder.Length == 0) && Element.NearbyText.Length > 0 && Element.NearbyText.Length <= (alone ? 100 : 40)) said |= Login.Words.Read(Element.NearbyText).Within;
        return said;
    }

    private bool Auto(string token) => Array.IndexOf(Autocomplete, token) >= 0;

    private void Score()
    {
        var e = Element;
        var type = e.Type;
        if (Auto("username") || Auto("webauthn")) Add(FieldRole.Identifier, 6, "autocomplete username");
        if (Auto("current-password")) Add(FieldRole.Password, 6, "autocomplete current-password");
        if (Auto("new-password")) Add(FieldRole.NewPassword, 4, "autocomplete new-password");
        if (Auto("one-time-code")) Add(FieldRole.Code, 8, "autocomplete one-time-code");
        if (Auto("email") || Auto("tel")) Add(FieldRole.Identifier, 2, "autocomplete email or tel");
        foreach (var token in Autocomplete)
            if (token is "given-name" or "family-name" or "name" or "street-address" or "address-line1" or "postal-code" or "country" or "bday" or "organization" or "cc-number" or "cc-csc" or "cc-exp" or "cc-name" or "additional-name")
                Add(FieldRole.Personal, 6, "autocomplete " + token);

        switch (type)
        {
            case "password":
                Add(FieldRole.Password, 5, "type password");
                Add(FieldRole.NewPassword, 2, "type password");
                Add(FieldRole.Identifier, -6, "type password");
                break;
            case "email":
                Add(FieldRole.Identifier, 3, "type email");
                Add(FieldRole.Code, -8, "type email");
                break;
            case "tel" or "number":
                Add(FieldRole.Identifier, 1, "type " + type);
                Add(FieldRole.Code, 1, "type " + type);
                break;
            case "search":
                Add(FieldRole.Search, 6, "type search");
                break;
            case "textarea" or "url" or "date" or "month" or "time" or "week" or "datetime-local":
                Add(FieldRole.Personal, 4, "type " + type);
                break;
            default:
                Add(FieldRole.Identifier, 1, "type text");
                break;
        }
        if (type != "password")
        {
            // Nobody writes a password on several lines.
            var against = type == "textarea" ? -12 : -4;
            Add(FieldRole.Password, against, "not of type password");
            Add(FieldRole.NewPassword, against, "not of type password");
        }

        var passwordName = HasToken(PasswordTokens) || HasStem(PasswordStems);
        if (HasToken(IdentifierTokens) || HasStem(IdentifierStems)) Add(FieldRole.Identifier, 4, "name");
        if (passwordName)
        {
            if (type == "password") Add(FieldRole.Password, 2, "name");
            else if (HasStem(UnmistakablePasswordStems) && (!HasToken(IdentifierTokens) || IsWord(Label)) || Tokens.Overlaps(["pwd", "senha"]) && !HasToken(IdentifierTokens))
            {
                Add(FieldRole.Password, 7, "a text field named as a password");
                Add(FieldRole.NewPassword, 7, "a text field named as a password");
            }
        }
        if ((passwordName || type == "password") && HasToken(NewTokens)) { Add(FieldRole.NewPassword, 5, "named new or confirm"); Add(FieldRole.Password, -4, "named new or confirm"); }
        if ((passwordName || type == "password") && HasToken(CurrentTokens)) { Add(FieldRole.Password, 2, "named current"); Add(FieldRole.NewPassword, -3, "named current"); }
        if (HasToken(CodeTokens) || HasStem(CodeStems)) { Add(FieldRole.Code, type == "password" ? 3 : 4, "name of a one-time code"); Add(FieldRole.Identifier, -4, "name of a one-time code"); if (type == "password" && !HasStem(PasswordStems)) Add(FieldRole.Password, -2, "name of a one-time code"); }
        else if (HasToken(WeakCodeTokens)) { Add(FieldRole.Code, 2, "name code"); Add(FieldRole.Identifier, -1, "name code"); }

        if (Says(WordList.UserName) || Says(WordList.Email)) Add(FieldRole.Identifier, 4, "label");
        else if (IsId(e.Name.Length > 0 ? e.Name : Placeholder) && !Says(WordList.Company) && !Says(WordList.Organisation)) Add(FieldRole.Identifier, 3, "the label ends in ID");
        else if (Says(WordList.Phone)) Add(FieldRole.Identifier, 2, "label phone");
        if (Says(WordList.Password) && !(type != "password" && Says(WordList.Forgot)))
        {
            Add(FieldRole.Password, type == "password" ? 2 : 4, "label");
            if (type != "password") Add(FieldRole.Identifier, -2, "label password");
            if (type != "password" && !Says(WordList.Code) && !Says(WordList.UserName) && !HasToken(IdentifierTokens) && (e.Name.Length > 0 ? IsWord(e.Name) : Placeholder.Length > 0 ? IsWord(Placeholder) || IsWord(e.NearbyText) && Login.Words.Has(WordList.Password, Placeholder) : IsWord(e.NearbyText))) Add(FieldRole.Password, 3, "nothing but a word for a password");
        }
        if (Says(WordList.NewPassword) || Says(WordList.ConfirmPassword)) { Add(FieldRole.NewPassword, 5, "label"); Add(FieldRole.Password, -4, "label new password"); }
        if (Says(WordList.CurrentPassword)) { Add(FieldRole.Password, 3, "label current password"); Add(FieldRole.NewPassword, -4, "label current password"); }
        if (Says(WordList.Code) || Says(WordList.BackupCode)) { Add(FieldRole.Code, 4, "label"); Add(FieldRole.Identifier, -3, "label of a code"); }
        if (Says(WordList.Company) || Says(WordList.Organisation)) { Add(FieldRole.Extra, 5, "label company"); Add(FieldRole.Identifier, -3, "label company"); }
        if (Says(WordList.SecurityQuestion)) { Add(FieldRole.SecurityAnswer, 6, "label"); Add(FieldRole.Password, -4, "label of a question"); }
        else if (Tokens.Overlaps(["securityanswer", "secretanswer", "secanswer", "answersecret"])) { Add(FieldRole.SecurityAnswer, 6, "name"); Add(FieldRole.Identifier, -4, "named an answer"); Add(FieldRole.Password, -4, "named an answer"); }
        if (Says(WordList.Captcha) || IsSum(e.Name) || IsSum(Placeholder) || IsSum(e.NearbyText) || HasToken(CaptchaTokens) || Squeezed.Contains("captcha", StringComparison.Ordinal)) { Add(FieldRole.Captcha, 8, "captcha"); Add(FieldRole.Identifier, -6, "captcha"); Add(FieldRole.Code, -6, "captcha"); }
        if (type != "password")
        {
            if (Says(WordList.Search) && !Says(WordList.UserName) && !Says(WordList.Email) || HasToken(SearchTokens) && !HasToken(IdentifierTokens) || e.Landmark == "search") { Add(FieldRole.Search, 5, "search"); Add(FieldRole.Identifier, -6, "search"); Add(FieldRole.Code, -4, "search"); }
            if (Says(WordList.Payment)) { Add(FieldRole.Personal, 5, "label of a payment"); Add(FieldRole.Identifier, -5, "label of a payment"); Add(FieldRole.Code, -6, "label of a payment"); }
            if (HasToken(NeverTokens)) { Add(FieldRole.Personal, 5, "not ours by name"); Add(FieldRole.Identifier, -6, "not ours by name"); Add(FieldRole.Code, -4, "not ours by name"); }
            if (HasToken(PersonalTokens) && !HasToken(IdentifierTokens) || Says(WordList.Name) && !Says(WordList.UserName) || Says(WordList.Address)) { Add(FieldRole.Personal, 4, "a person's data"); Add(FieldRole.Identifier, -4, "a person's data"); }
        }
        else if (Tokens.Overlaps(["cvv", "cvc", "cvv2", "csc"])) Add(FieldRole.Password, -6, "card code");

        var shape = 0.0;
        if (Mode is "numeric" or "decimal") shape += 2;
        if (Pattern.Length > 0 && IsNumeric && type != "tel" && type != "number") shape += 2;
        if (MaxLength is >= 4 and <= 8) shape += 2;
        if (e.Attributes.TryGetValue("minlength", out var min) && MaxLength is { } max && min == max.ToString(System.Globalization.CultureInfo.InvariantCulture)) shape += 2;
        if (MaxLength is <= 3 && IsText) Add(FieldRole.Identifier, -4, "no room for a name");
        if (shape > 0) Add(FieldRole.Code, Math.Min(4, shape), "shape of a code");
    }

    /// <summary>Without the runs that a generator made: <c>input-42fa9c1e</c> says nothing about two factors.</summary>
    private static string WithoutHashes(string text)
    {
        if (!text.Any(char.IsAsciiDigit)) return text;
        var result = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var end = i;
            var (hex, digits) = (0, 0);
            for (; end < text.Length && char.IsAsciiLetterOrDigit(text[end]); end++)
            {
                if (char.IsAsciiHexDigit(text[end])) hex++;
                if (char.IsAsciiDigit(text[end])) digits++;
            }
            if (end == i) result.Append(text[i++]);
            else
            {
                var run = text[i..end];
                if (!(run.Length >= 6 && hex == run.Length && digits > 0 && digits < run.Length)) result.Append(HasDigitBefore(run) ? run.Replace("2fa", "", StringComparison.Ordinal) : run);
                i = end;
            }
        }
        return result.ToString();

        static bool HasDigitBefore(string run) => run.IndexOf("2fa", StringComparison.Ordinal) is > 0 and var at && char.IsAsciiDigit(run[at - 1]);
    }

    /// <summary>"College ID": something of a few words that has an ID is who, whatever it is.</summary>
    private static bool IsId(string text) => text.TrimEnd(' ', ':', '*') is { Length: > 3 and <= 30 } label && (label.EndsWith(" ID", StringComparison.Ordinal) || label.EndsWith(" Id", StringComparison.Ordinal));

    /// <summary>"Password", and nothing more; a PIN may be a code.</summary>
    private static bool IsWord(string text) => text.Length > 3 && Login.Words.Is(WordList.Password, text) && !text.Contains("pin", StringComparison.OrdinalIgnoreCase);

    /// <summary>"3 + 4 = ?": a small sum that only people are thought to do.</summary>
    private static bool IsSum(string text)
    {
        if (text.Length is < 3 or > 80) return false;
        var at = text.IndexOfAny(['+', '×', '−', '*']);
        if (at < 1 || at + 1 >= text.Length || !(text.Contains('=', StringComparison.Ordinal) || text.Contains('?', StringComparison.Ordinal))) return false;
        var left = text.AsSpan(0, at).TrimEnd();
        var right = text.AsSpan(at + 1).TrimStart();
        return left.Length > 0 && right.Length > 0 && (char.IsAsciiDigit(left[^1]) && (char.IsAsciiDigit(right[0]) || right[0] == '?') || char.IsAsciiDigit(right[0]) && char.IsAsciiLetter(left[^1]));
    }

    /// <summary>Camel case, snake case and kebab case into lower-case words, each also joined with its neighbour ("user", "name", "username").</summary>
    private static HashSet<string> Tokenize(string text)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var c = i < text.Length ? text[i] : ' ';
            var letter = char.IsAsciiLetterOrDigit(c) || c > 127 && char.IsLetter(c);
            if (start >= 0 && (!letter || char.IsUpper(c) && (char.IsLower(text[i - 1]) || i + 1 < text.Length && char.IsLower(text[i + 1]) && char.IsUpper(text[i - 1]))))
            {
                words.Add(text[start..i].ToLowerInvariant());
                start = -1;
            }
            if (start < 0 && letter) start = i;
        }
        var set = new HashSet<string>(words, StringComparer.Ordinal);
        for (var i = 0; i + 1 < words.Count; i++) set.Add(words[i] + words[i + 1]);
        foreach (var word in words)
        {
            var end = word.Length;
            while (end > 0 && char.IsAsciiDigit(word[end - 1])) end--;
            if (end > 2 && end < word.Length) set.Add(word[..end]);
        }
        return set;
    }
}
