namespace Ostiary.Portals.Matrix;

/// <summary>What comes of something that was sent to a site.</summary>
internal abstract record Turn
{
    private Turn() { }

    /// <summary>The step after this one; after the last one the visitor is signed in.</summary>
    public sealed record On : Turn;

    /// <summary>A step by its name.</summary>
    public sealed record To(string Step, int Status = 200) : Turn;

    /// <summary>The same step again, with a sentence.</summary>
    public sealed record Again(Saying? Saying, int Status = 200) : Turn;
}

/// <summary>One step of a sign-in: what is shown, and what comes of an answer.</summary>
internal sealed record Step(string Name, Func<Moment, Scene> Show, Func<Moment, Turn> Act)
{
    /// <summary>Reached by name only.</summary>
    public bool Aside { get; init; }

    /// <summary>The end of the road: whatever is sent from here should not have been.</summary>
    public bool End { get; init; }
}

/// <summary>A visit to a cell, as its steps see it.</summary>
internal sealed class Moment(MatrixSite site, Visit visit)
{
    public MatrixSite Site => site;
    public Visit Visit => visit;
    public Cell Cell => site.Cell;

    /// <summary>A phrase in the cell's language.</summary>
    public string Say(string key, string? inset = null) => site.Cell.Say(key, inset);

    /// <summary>What was typed into a field.</summary>
    public string this[string key] => site.Cell.Style.Value(visit, key);

    /// <summary>The button that was pressed.</summary>
    public string Action => Polling ? "poll" : this["do"];

    /// <summary>The page asks by itself; nobody pressed anything.</summary>
    public bool Polling { get; init; }

    /// <summary>Who gave the first proof, or the name.</summary>
    public Account? Account => visit.Known?.Pending;

    /// <summary>What was typed as the name.</summary>
    public string User
    {
        get => visit.Known?.Notes.GetValueOrDefault("user") ?? "";
        set => visit.Visitor.Notes["user"] = value;
    }

    public string Note(string name) => visit.Known?.Notes.GetValueOrDefault(name) ?? "";

    public void SetNote(string name, string value) => visit.Visitor.Notes[name] = value;

    /// <summary>A password was taken and the visitor is sent home without a word.</summary>
    public bool Bounced => Cell.Outcome.Bounces && this["password"].Length > 0;

    /// <summary>Writes down that something was sent which should not have been.</summary>
    public void Stray(string what) => visit.State.Strays.Enqueue(what);
}

/// <summary>What happens to whoever signs in, whatever it looks like.</summary>
internal sealed record Outcome(string Id, string About, string Group)
{
    /// <summary>The steps after a right password, in order, and those reached by name.</summary>
    public IReadOnlyList<Step> Steps { get; init; } = [];

    /// <summary>How the site takes the first proof; null: a right password leads on.</summary>
    public Func<Moment, Account, bool, Turn?>? AtPassword { get; init; }

    /// <summary>What the sign-in page looks like here, compared with the ordinary one.</summary>
    public Func<Moment, Scene, Scene> AtDoor { get; init; } = (_, scene) => scene;

    /// <summary>The whole site answers like this instead of with a page; null: it does not.</summary>
    public Func<Cell, Visit, IResult?>? Instead { get; init; }

    /// <summary>How a wrong password is refused.</summary>
    public Shown Refusal { get; init; } = Shown.Alert;

    /// <summary>The phrase with which it is refused.</summary>
    public string RefusalPhrase { get; init; } = "wrong";

    /// <summary>The visitor gives a wrong password.</summary>
    public bool WrongPassword { get; init; }

    /// <summary>The name is asked for on a page of its own, in every style.</summary>
    public bool NameFirst { get; init; }

    /// <summary>The company is asked for after the name.</summary>
    public bool CompanyNext { get; init; }

    /// <summary>Shown before the name is asked for.</summary>
    public Step? BeforeDoor { get; init; }

    /// <summary>Shown between the name and the password.</summary>
    public IReadOnlyList<Step> BeforeSecret { get; init; } = [];

    /// <summary>Of the password only characters at some places are asked for.</summary>
    public bool PasswordByLetters { get; init; }

    /// <summary>What the signed-in page shows beside the ordinary; what is sent from there should not have been.</summary>
    public Func<Moment, Scene, Scene>? AtInside { get; init; }

    /// <summary>How long the signed-in page shows nothing.</summary>
    public TimeSpan DrawnAfter { get; init; }

    /// <summary>The visitor is sent back to the home page without a word.</summary>
    public bool Bounces { get; init; }

    /// <summary>The credential holds the seed of the authenticator.</summary>
    public bool HoldsSeed { get; init; }

    /// <summary>How the signed-in page shows that it is one.</summary>
    public string Inside { get; init; } = "signout";

    /// <summary>The visitor starts on the home page.</summary>
    public bool FromHome { get; init; }

    /// <summary>How long an answer takes.</summary>
    public TimeSpan Thinking { get; init; }

    /// <summary>Meanwhile something turns.</summary>
    public bool Spins { get; init; }

    /// <summary>Codes come from an authenticator.</summary>
    public bool Authenticator { get; init; }

    /// <summary>What is promised.</summary>
    public required Func<Cell, MatrixPromise> Promise { get; init; }
}

/// <summary>What a cell of the matrix promises.</summary>
/// <param name="Expected">How the sign-in ends: <c>verified</c>, <c>unknown</c>, or the error code of the wire contract.</param>
/// <param name="Text">A sentence of the site that the ending carries, or null.</param>
/// <param name="Rounds">What is asked, in order, with what the person answers.</param>
public sealed record MatrixPromise(string Expected, string? Text, IReadOnlyList<MatrixRound> Rounds)
{
    /// <summary>How often the password is sent.</summary>
    public int Passwords { get; init; } = 1;

    /// <summary>True when the site lets the visitor in.</summary>
    public bool SignsIn => Expected == "verified";
}

/// <summary>One question of a site and the person's answer.</summary>
/// <param name="Push">What is tapped on the telephone, when that is what is asked.</param>
public sealed record MatrixRound(PortalChallenge Challenge, PushState? Push = null);
