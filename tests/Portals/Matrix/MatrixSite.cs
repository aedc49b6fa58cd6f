namespace Ostiary.Portals.Matrix;

/// <summary>One cell of the matrix as a website: the outcome says what happens, the style what it looks like and how it travels.</summary>
internal sealed class MatrixSite : Site
{
    private readonly List<Step> steps;

    public MatrixSite(Cell cell)
    {
        Cell = cell;
        Portal = new Portal
        {
            Id = cell.Id,
            Title = cell.Brand,
            Path = cell.At(cell.Style.StartsAtHome || cell.Outcome.FromHome ? "" : cell.Style.Door),
            Username = "ada@larkspur.example",
            Password = Cell.Password,
            WrongPassword = Cell.WrongPassword,
            SourceFields = cell.Outcome.CompanyNext ? new Dictionary<string, string> { ["company_id"] = "LRK-204" } : new Dictionary<string, string>(),
            TotpSecret = cell.Outcome.Authenticator ? Cell.Seed : null,
            HttpAuthentication = cell.Style is HttpStyle,
            Style = cell.Style.About,
        };
        // Where there is no password, a code is the first proof.
        steps = [.. Doors(), .. Hello(), .. cell.Style.WithoutPassword && !Outcomes.AsksCode(cell.Outcome) ? [Outcomes.MailedCode] : Array.Empty<Step>(), .. cell.Outcome.Steps];
    }

    public Cell Cell { get; }
    public override Portal Portal { get; }
    public override string Color => "#334155";
    public override string Cookie => Cell.Style.Cookie;

    public override string? Flow => Cell.Style.Flow;

    private Outcome Outcome => Cell.Outcome;

    public override void Map(SiteRoutes at) => at.Any(async visit =>
    {
        var path = (string?)visit.Http.Request.RouteValues["rest"] ?? "";
        if (Outcome.Instead is { } instead && instead(Cell, visit) is { } answer) return answer;
        if (visit.Http.Request.Method == "POST") return await PostAsync(visit, path);
        var m = new Moment(this, visit);
        // A link of the site's own mail may say who is coming.
        if (visit["hint"] is { Length: > 0 } hint) m.User = hint;
        return Cell.Style.Get(m, path);
    });

    /// <summary>What the visitor is shown where the sign-in is.</summary>
    public Scene Now(Moment m)
    {
        if (m.Visit.Account is not null)
        {
            if (steps.Find(s => s.Name == "sudo") is { } sudo) return sudo.Show(m);
            var inside = new Scene("inside", m.Say("welcome", Cell.Name)) { Text = [m.Say("inside")], Inside = Outcome.Inside };
            return Outcome.AtInside is { } at ? at(m, inside) : inside;
        }
        var step = StepOf(m);
        var scene = step.Show(m);
        if (m.Visit.Known is { } known && known.Notes.TryRemove("saying", out var kept) && kept.Split('|', 2) is [var how, var text]) scene = scene with { Saying = new Saying(text, Enum.Parse<Shown>(how)) };
        return scene;
    }

    /// <summary>Asks the step at hand whether it may go on.</summary>
    public bool Poll(Moment m) => m.Visit.Account is null && Take(m, StepOf(m).Act(m)).Moved;

    private async Task<IResult> PostAsync(Visit visit, string path)
    {
        var m = new Moment(this, visit);
        if (path != "do")
        {
            // What a newsletter, a search, a sign-up or a recovery form gets is never part of a sign-in.
            if (path != "out" && visit.Values.Values.Any(value => value.Length > 0)) visit.State.Strays.Enqueue($"the form “{path}” was sent");
            if (path == "out") visit.SignOut();
            return visit.Go();
        }
        var credentials = m["user"].Length > 0 || m["password"].Length > 0;
        if (Outcome.Thinking > TimeSpan.Zero && credentials) await Task.Delay(Outcome.Thinking, visit.State.Clock, visit.Http.RequestAborted);
        if (Cell.Style.Thinking > TimeSpan.Zero) await Task.Delay(Cell.Style.Thinking, visit.State.Clock, visit.Http.RequestAborted);
        if (m["website"].Length > 0) m.Stray("a field that nobody can see was filled");
        if (visit.Account is not null)
        {
            if (Outcome.AtInside is not null) m.Stray("something was sent from the signed-in page: " + m.Action);
            if (steps.Find(s => s.Name == "sudo") is { } sudo) sudo.Act(m);
            return Cell.Style.Reply(m, Now(m), StatusCodes.Status200OK, null);
        }
        var step = StepOf(m);
        if (step.End) m.Stray($"something was sent from “{step.Name}”, where the road ends: {m.Action}");
        var (status, saying, _) = Take(m, step.Act(m));
        // A page that breaks; a call that fails shows nothing, which is why styles that call do not have this.
        if (status == StatusCodes.Status503ServiceUnavailable) return Cell.Style.Show(Cell, Outcomes.Closed(Cell), status);
        if (saying is { How: not (Shown.Address or Shown.Status or Shown.Silent) }) m.SetNote("saying", $"{saying.How}|{saying.Text}");
        return Cell.Style.Reply(m, null, status, saying);
    }

    private (int Status, Saying? Saying, bool Moved) Take(Moment m, Turn turn)
    {
        switch (turn)
        {
            case Turn.Again again:
                return (again.Status, again.Saying, false);
            case Turn.To to:
                m.Visit.Visitor.Stage = to.Step;
                return (to.Status, null, true);
            default:
                var next = steps.Skip(steps.IndexOf(StepOf(m)) + 1).FirstOrDefault(s => !s.Aside);
                if (next is not null) m.Visit.Visitor.Stage = next.Name;
                else m.Visit.SignIn(m.Account!);
                return (200, null, true);
        }
    }

    private Step StepOf(Moment m) => m.Visit.Known is { Stage.Length: > 0 } known ? steps.Find(s => s.Name == known.Stage)! : steps[0];

    // ---- the first proof ---------------------------------------------------------------------------------------------------------------------------------

    private IEnumerable<Step> Doors()
    {
        var style = Cell.Style;
        if (Outcome.BeforeDoor is { } before) yield return before;
        if (style.WithoutPassword)
        {
            yield return new Step("door", m => Door(m, [User(m)]), m =>
            {
                if (m["user"].Length == 0) return new Turn.Again(null);
                m.User = m["user"];
                m.Visit.Continue(m.Visit.State.Account(m.User), "door");
                return new Turn.On();
            });
            yield break;
        }
        if (!style.NameFirst && !Outcome.NameFirst)
        {
            yield return new Step("door", m => Door(m, [User(m), Secret(m)]), m => First(m, m["user"].Length > 0 ? m["user"] : m.User, m["password"]));
            yield break;
        }
        yield return new Step("door", m => Door(m, [User(m)]), m =>
        {
            if (m["user"].Length == 0) return new Turn.Again(null);
            m.User = m["user"];
            return new Turn.On();
        });
        if (Outcome.CompanyNext)
        {
            yield return new Step("company", m => new Scene("company", m.Say("company_title")) { Entries = [new Entry("company", "company", m.Say("company"))], Presses = [new Press("company", m.Say("next"))] },
                m => m["company"] == "LRK-204" ? new Turn.On() : new Turn.Again(new Saying(m.Say("wrong"), Shown.Alert), 422));
        }
        foreach (var between in Outcome.BeforeSecret) yield return between;
        yield return new Step("secret", m => Outcome.AtDoor(m, new Scene("secret", m.Say("signin_title")) { Text = [m.User], Entries = [Secret(m)], Presses = [new Press("enter", m.Say("signin"))], Links = [("recover", m.Say("forgot"))] }),
            m => First(m, m.User, Outcome.PasswordByLetters ? Outcomes.Spelt(m, Cell.Password, Outcomes.PasswordPlaces) : m["password"]));
    }

    /// <summary>The password of somebody who was chosen from a list.</summary>
    private IEnumerable<Step> Hello()
    {
        if (Outcome.BeforeDoor is not null)
            yield return new Step("hello", m => new Scene("hello", m.Say("signin_title")) { Text = [m.Say("known_text", m.User)], Entries = [Secret(m)], Presses = [new Press("enter", m.Say("signin"))], Links = [("recover", m.Say("forgot"))] }, m => First(m, m.User, m["password"])) { Aside = true };
    }

    private static Entry User(Moment m) => new("user", "user", m.Say("user")) { Value = m.User };

    private static Entry Secret(Moment m) => new("password", "password", m.Say("password"));

    private Scene Door(Moment m, IReadOnlyList<Entry> entries)
    {
        var alone = entries.Count == 1 && !Cell.Style.WithoutPassword;
        var scene = new Scene("door", m.Say("signin_title")) { Entries = entries, Presses = [new Press("enter", m.Say(alone ? "next" : "signin"))], Links = [("recover", m.Say("forgot")), ("join", m.Say("join"))] };
        return alone && Outcome.Id is not "known" ? scene : Outcome.AtDoor(m, scene);
    }

    private Turn First(Moment m, string user, string password)
    {
        if (user.Length == 0 && password.Length == 0) return new Turn.Again(null);
        m.User = user;
        var right = m.Visit.TryPassword(user, password, out var account);
        if (Outcome.AtPassword?.Invoke(m, account, right) is { } turn) return turn;
        if (!right) return new Turn.Again(new Saying(m.Say(Outcome.RefusalPhrase), Outcome.Refusal), StatusCodes.Status401Unauthorized);
        m.Visit.Continue(account, m.Visit.Visitor.Stage.Length > 0 ? m.Visit.Visitor.Stage : "door");
        return new Turn.On();
    }
}
