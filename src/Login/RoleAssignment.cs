namespace Ostiary.Login;

/// <summary>
/// Which field of a group is who signs in, which the password, which the code: decided together, by the assignment with the best sum. A field's own points come from
/// <see cref="FieldReading"/>; what is added here is what only the group can say (order, structure, what its button says).
/// </summary>
internal sealed class RoleAssignment
{
    // More fields than this decide nothing: sign-ins have few, and the sum over all assignments stays small.
    private const int MostTexts = 16;
    private const int MostPasswords = 5;

    // What a role must be worth before leaving the field alone is worse.
    private const double IdentifierCost = 2;
    private const double CodeCost = 3.9;

    private readonly List<(FieldReading Field, FieldRole Role, Signal Signal)> _why = [];

    public FieldReading? Identifier { get; private set; }
    public FieldReading? Code { get; private set; }

    /// <summary>A second secret of the same sign-in, beside the password.</summary>
    public FieldReading? SecondSecret { get; private set; }
    public List<(FieldReading Field, FieldRole Role)> Roles { get; } = [];
    public IReadOnlyList<(FieldReading Field, FieldRole Role, Signal Signal)> Why => _why;
    public double Sum { get; private set; }

    /// <summary>The current password.</summary>
    public FieldReading? Password => Roles.Find(r => r.Role == FieldRole.Password).Field;

    /// <param name="fields">Fields of the group whose role is still open, in reading order.</param>
    public static RoleAssignment Of(GroupReading group, List<FieldReading> fields, GroupWords words)
    {
        var passwords = fields.Where(f => f[FieldRole.Password] >= 2 || f[FieldRole.NewPassword] >= 4).Take(MostPasswords).ToList();
        // The twin of a password that can be shown: same words, and no name to be sent under.
        for (var i = passwords.Count - 1; i > 0; i--)
            if (IsNameless(passwords[i]) && !IsNameless(passwords[i - 1]) && passwords[i].Label.Length > 0 && (passwords[i].Label == passwords[i - 1].Label || passwords[i].Placeholder.Length > 0 && passwords[i].Placeholder == passwords[i - 1].Placeholder)) passwords.RemoveAt(i);
        var masked = passwords.Count > 1 && passwords[0].IsMaskedName && !passwords[1].IsMaskedName ? passwords[0] : null;
        if (masked is not null) passwords.RemoveAt(0);
        var second = SecondSecretOf(passwords, words);
        if (second is not null) passwords.Remove(second);
        var texts = fields.Where(f => (f.IsText || f == masked) && f.Element.Type != "search" && f[FieldRole.Search] < 5).Take(MostTexts).ToList();
        // "Security code" beside an e-mail address: without a word of how it comes it is the one in a picture, seen or not. Above a new password it is the one that was sent.
        var isLoose = !(words.SpeaksOfCode && words.SaysChange && texts.Count == 1) && texts.Concat(passwords).Distinct().Count() > 1 && !words.NamesWayOfCode && !words.OffersCode;
        var codes = group.Codes.Count > 0 ? [] : fields.Where(f => (f.IsText || f.IsPassword) && f[FieldRole.Code] >= CodeCost && f[FieldRole.Personal] < 6
            && !(isLoose && !f.IsSurelyCode) && (f[FieldRole.Code] >= 6 || words.SpeaksOfCode || words.OffersCode || fields.Count == 1 || f.Autocomplete.Contains("one-time-code"))).Take(4).ToList();
        var facts = new Facts(group, fields, texts, words) { SendsCodeHere = codes.Count > 0 && words.OffersCode };

        RoleAssignment? best = null;
        foreach (var code in codes.Prepend(null))
        {
            var open = code is null ? passwords : passwords.Where(p => p != code).ToList();
            for (var pattern = 0; pattern < 1 << open.Count; pattern++)
            {
                foreach (var identifier in texts.Prepend(null))
                {
                    if (identifier is not null && (identifier == code || open.Contains(identifier))) continue;
                    var candidate = Weigh(facts, identifier, code, open, pattern);
                    if (best is null || candidate.Sum > best.Sum) best = candidate;
                }
            }
        }
        best!.SecondSecret = second;
        return best;
    }

    /// <summary>Of two passwords that a sign-in asks for by different names, neither new nor again, the one that looks less like the password.</summary>
    private static FieldReading? SecondSecretOf(List<FieldReading> passwords, GroupWords words) =>
        passwords is [var first, var other] && words.SubmitIs(WordList.SignIn) && !words.SaysSignUp && !passwords.Exists(p => p[FieldRole.NewPassword] >= 4 || p[FieldRole.Code] >= CodeCost && p.IsSurelyCode)
            && first.Label.Length > 0 && other.Label.Length > 0 && Words.Fold(first.Label) != Words.Fold(other.Label)
            ? first[FieldRole.Password] >= other[FieldRole.Password] ? other : first : null;

    private static bool IsNameless(FieldReading field) => !field.Element.Attributes.ContainsKey("name") && !field.Element.Attributes.ContainsKey("id");

    private sealed record Facts(GroupReading Group, List<FieldReading> Fields, List<FieldReading> Texts, GroupWords Words)
    {
        public bool SendsSignIn { get; } = Words.SubmitIs(WordList.SignIn);
        public bool SendsSignUp { get; } = Words.SubmitIs(WordList.SignUp);
        public bool SendsOn { get; } = Words.SubmitIs(WordList.SignIn) || Words.SubmitIs(WordList.SendCode) || Words.SubmitIs(WordList.Next) || Words.SubmitIs(WordList.Continue);

        /// <summary>One field, and a button that says sign in and no more: whatever the field is called, it says who.</summary>
        public bool SendsNothingElse { get; } = Fields.Count == 1 && Words.SubmitIsExactly(WordList.SignIn) && !Words.SaysNewsletter;
        public bool NamesWayOfCode { get; } = Words.NamesWayOfCode;
        public bool SaysSignIn { get; } = Words.Heading(WordList.SignIn) || Words.UrlSaysSignIn;

        /// <summary>One of the fields is for a code that a control beside it sends: the identifier is not alone.</summary>
        public bool SendsCodeHere { get; init; }

        private readonly Dictionary<FieldReading, int> _at = Group.Fields.Select((field, at) => (field, at)).ToDictionary(f => f.field, f => f.at);

        public int At(FieldReading field) => _at[field];
    }

    private static RoleAssignment Weigh(Facts facts, FieldReading? identifier, FieldReading? code, List<FieldReading> passwords, int pattern)
    {
        var result = new RoleAssignment { Identifier = identifier, Code = code };
        var current = new List<FieldReading>();
        for (var i = 0; i < passwords.Count; i++)
        {
            var isNew = (pattern & (1 << i)) != 0;
            result.Give(passwords[i], isNew ? FieldRole.NewPassword : FieldRole.Password);
            if (!isNew) current.Add(passwords[i]);
        }
        result.WeighPasswords(facts, passwords, current);
        if (code is not null)
        {
            result.Give(code, FieldRole.Code);
            result.Sum -= facts.NamesWayOfCode ? CodeCost - 2 : CodeCost;
            // The only text field beside a password is who signs in, unless everything says code.
            if (code.IsText && current.Count > 0 && identifier is null && !code.Autocomplete.Contains("one-time-code") && (code[FieldRole.Code] < 10 || facts.At(code) < facts.At(current[0])))
                result.Add(code, FieldRole.Code, -8, "the only text field beside a password");
            // A code and nothing else is a page of its own; beside an identifier and a password it needs to be sure.
            if (code.IsText && current.Count == 0 && identifier is not null && !facts.Words.OffersCode) result.Add(code, FieldRole.Code, -1, "an identifier stands beside it");
        }
        if (identifier is null)
        {
            // Somebody must sign in: with a password and one or two text fields, one of them says who, however little speaks for it.
            var others = facts.Texts.FindAll(t => t != code && !passwords.Contains(t));
            if (current.Count > 0 && (others.Count == 1 || others.Count == 2 && others.Exists(t => t[FieldRole.Extra] < 5))) result.Sum -= others.Count == 1 ? 6 : 4;
            return result;
        }
        result.Give(identifier, FieldRole.Identifier);
        result.Sum -= IdentifierCost;
        if (passwords.Count > 0)
        {
            var first = current.Count > 0 ? current[0] : passwords[0];
            var before = facts.Texts.FindLast(t => t != code && !passwords.Contains(t) && facts.At(t) < facts.At(first));
            if (before == identifier) { if (identifier[FieldRole.Personal] < 6) result.Add(identifier, FieldRole.Identifier, 4, "the nearest text field before the password"); }
            else if (facts.At(identifier) < facts.At(first)) result.Add(identifier, FieldRole.Identifier, 0.5, "before the password");
            else result.Add(identifier, FieldRole.Identifier, -2, "after the password");
            if (current.Count > 0 && current[0][FieldRole.Code] >= 4) result.Add(current[0], FieldRole.Password, 3, "an identifier stands beside it");
        }
        else if (code is null && facts.Texts.Count == 1 && facts.Group.Codes.Count == 0 && facts.SendsOn && !facts.SendsCodeHere)
        {
            result.Add(identifier, FieldRole.Identifier, 3, "the only text field before a sign-in or next button");
            if (facts.SaysSignIn) result.Add(identifier, FieldRole.Identifier, 3, "heading or address says sign in");
            if (facts.SendsNothingElse) result.Add(identifier, FieldRole.Identifier, 3, "nothing else is asked for, and the button says sign in");
        }
        else if (facts.Texts.Count > (code is null ? 1 : 2)) result.Sum -= 2;
        return result;
    }

    /// <summary>One is the current one or a new one; two are new and again, or current and new; three are current, new and again.</summary>
    private void WeighPasswords(Facts facts, List<FieldReading> passwords, List<FieldReading> current)
    {
        if (passwords.Count == 0) return;
        if (current.Count > 1) Sum -= 20 * (current.Count - 1);
        if (facts.SendsSignIn && current.Count > 0) Add(current[0], FieldRole.Password, 4, "the button says sign in");
        if (facts.SendsSignUp && !facts.SendsSignIn && current.Count == 0) Add(passwords[0], FieldRole.NewPassword, 3, "the button says sign up");
        if (passwords.Count == 1) return;
        if (current.Count > 0 && current[0] != passwords[0]) Sum -= 6;
        var last = passwords[^1];
        if (passwords.Count == 2 && current.Count == 0)
            Add(last, FieldRole.NewPassword, Words.Has(WordList.NewPassword, last.Words) && !Words.Has(WordList.ConfirmPassword, last.Words) ? 4 : 8, "new and again");
        else if (passwords.Count >= 3 && current.Count == 1) Add(current[0], FieldRole.Password, 8, "current, new and again");
    }

    private void Give(FieldReading field, FieldRole role)
    {
        Roles.Add((field, role));
        Sum += field[role];
    }

    private void Add(FieldReading field, FieldRole role, double points, string signal)
    {
        Sum += points;
        _why.Add((field, role, new Signal(signal, points)));
    }
}
