using Ostiary.Browser;
using Ostiary.Login;

namespace Ostiary.Recognition;

/// <summary>One line of predictions: what the engine would fill and send on a page, what it takes each field for, and each group of fields. Elements are named by numbers that the caller knows.</summary>
internal sealed record Prediction(string Page, PredictedLogin? Login, IReadOnlyList<PredictedField> Fields, IReadOnlyList<PredictedGroup> Groups)
{
    public double? Milliseconds { get; init; }

    /// <summary>The reasons for the login, with their points.</summary>
    public IReadOnlyList<string>? Why { get; init; }

    /// <summary>Why the page could not be read.</summary>
    public string? Note { get; init; }

    public static Prediction None(string page, string note) => new(page, null, [], []) { Note = note };

    /// <param name="number">The number of an element, or null when it has none.</param>
    public static Prediction Of(string page, LoginPage read, Func<ElementSnapshot?, int?> number)
    {
        // A sign-in that a dialog would bring up counts as one that the page offers.
        var login = read.LoginGroup ?? read.CodeLogin ?? read.DormantLogin;
        var fields = new List<PredictedField>();
        var groups = new List<PredictedGroup>();
        foreach (var group in read.Groups.Concat(read.Dormant))
        {
            var members = new List<int>();
            foreach (var field in group.Fields)
            {
                if (number(field.Element) is not { } cid) continue;
                members.Add(cid);
                if ((group.IsLogin || group == read.CodeLogin ? TypeOf(field) : TypeElsewhere(group, field)) is { } type) fields.Add(new PredictedField(cid, type));
            }
            foreach (var field in group.Hidden)
                if (field.Role == FieldRole.Code && number(field.Element) is { } cid) fields.Add(new PredictedField(cid, "otp"));
            if (members.Count > 0) groups.Add(new PredictedGroup(members, group.IsLogin || group == read.CodeLogin ? "login" : group.Kind == GroupKind.SignUp ? "signup" : "other"));
        }
        return new Prediction(page, login is null ? null : new PredictedLogin(number(login.Identifier?.Element), number(login.Password?.Element), number(login.Submit)), fields, groups)
        {
            Why = login is null ? null : [.. login.Why.Select(w => w.ToString())],
        };
    }

    /// <summary>Where nobody signs in, an address is an address, and a user name is the one to be made.</summary>
    private static string? TypeElsewhere(GroupReading group, FieldReading field)
    {
        if (field.Role is not (FieldRole.Identifier or FieldRole.Personal or FieldRole.Other)) return TypeOf(field);
        if (IsAddress(field)) return "email";
        return (field.Role == FieldRole.Identifier || group.Kind == GroupKind.SignUp) && (Words.HasAny(field.Label, WordList.UserName, WordList.NewUserName) || field.Tokens.Overlaps(NameTokens)) ? "username" : null;
    }

    private static readonly string[] NameTokens = ["username", "userid", "login", "loginname", "nick", "nickname", "screenname"];

    private static bool IsAddress(FieldReading field) => field.Element.Type == "email" || Words.HasAny(field.Label, WordList.Email, WordList.EmailWord) || field.Tokens.Contains("email");

    private static string? TypeOf(FieldReading field) => field.Role switch
    {
        FieldRole.Identifier => field.Element.Type == "email" || Words.Has(WordList.Email, field.Label) ? "username_or_email" : "username",
        FieldRole.Password => "password.current",
        FieldRole.NewPassword => "password.new",
        FieldRole.Code => "otp",
        FieldRole.SecurityAnswer => "security_answer",
        FieldRole.Captcha => "captcha_text",
        _ => null,
    };
}

internal sealed record PredictedLogin(int? Identifier, int? Password, int? Submit);

internal sealed record PredictedField(int Cid, string Type);

internal sealed record PredictedGroup(IReadOnlyList<int> Fields, string Type);
