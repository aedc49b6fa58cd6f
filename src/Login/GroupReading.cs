using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>What a group of fields is for.</summary>
public enum GroupKind
{
    /// <summary>None of the others.</summary>
    Other,
    /// <summary>Identifier and password, with or without further fields.</summary>
    Login,
    /// <summary>An identifier alone: the first of several steps.</summary>
    Identifier,
    /// <summary>A password alone: the user is known.</summary>
    Reauth,
    /// <summary>A new account.</summary>
    SignUp,
    /// <summary>A new password in place of the old one.</summary>
    PasswordChange,
    /// <summary>Help for those who forgot their password.</summary>
    Recovery,
    /// <summary>A one-time code.</summary>
    Code,
    /// <summary>A question agreed on in advance.</summary>
    Question,
    /// <summary>A search or filter.</summary>
    Search,
    /// <summary>A newsletter.</summary>
    Newsletter,
    /// <summary>Contact, comment, checkout.</summary>
    Contact,
}

/// <summary>Fields that belong together, with the controls that send them.</summary>
internal sealed class GroupReading
{
    public required int Index { get; init; }
    public required int Frame { get; init; }
    public required int Form { get; init; }
    public required int Dialog { get; init; }

    /// <summary>Fields a user can fill, in reading order.</summary>
    public required List<FieldReading> Fields { get; init; }

    /// <summary>Fields that exist and are not shown.</summary>
    public required List<FieldReading> Hidden { get; init; }
    public required List<ElementSnapshot> Buttons { get; init; }
    public required List<ElementSnapshot> Choices { get; init; }
    public required List<ElementSnapshot> Selects { get; init; }

    /// <summary>Links, headings and other texts between the fields.</summary>
    public required List<ElementSnapshot> Around { get; init; }

    /// <summary>None of its fields is shown: a sign-in that a control of the page opens. It says what there is, and is never filled.</summary>
    public bool IsDormant { get; init; }
    public GroupKind Kind { get; set; }

    /// <summary>How sure a group of kind Login, Identifier or Reauth is one.</summary>
    public double Score { get; set; }
    public List<Signal> Why { get; } = [];
    public FieldReading? Identifier { get; set; }
    public FieldReading? Password { get; set; }
    public List<FieldReading> Codes { get; } = [];
    public List<FieldReading> Extras { get; } = [];
    /// <summary>The answers to questions agreed on in advance, in reading order.</summary>
    public List<FieldReading> Questions { get; } = [];

    /// <summary>The list from which one chooses the question to answer, or null.</summary>
    public ElementSnapshot? QuestionList { get; set; }

    /// <summary>Single characters of a word, asked for by their places.</summary>
    public List<Letter> Letters { get; set; } = [];
    public bool HasCaptcha { get; set; }
    public ElementSnapshot? Submit { get; set; }
    public string State { get; set; } = "";
    public bool IsLogin => Kind is GroupKind.Login or GroupKind.Identifier or GroupKind.Reauth;

    public void Add(double points, string signal)
    {
        Score += points;
        Why.Add(new Signal(signal, points));
    }
}
