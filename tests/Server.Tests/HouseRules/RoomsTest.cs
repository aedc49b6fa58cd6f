using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Ostiary.Server.Tests.HouseRules;

/// <summary>Keeps the rooms apart as <c>docs/decisions/0001-rooms.md</c> says.</summary>
public sealed partial class RoomsTest
{
    private static readonly RoomRules Rules = RoomRules.Parse(Checkout.Read("docs/decisions/0001-rooms.md"));
    private static readonly SourceFile[] Sources = [.. Checkout.Files("src").Where(path => path.EndsWith(".cs", StringComparison.Ordinal)).Select(path => new SourceFile(path, Checkout.Read(path)))];

    [Fact]
    public void A_room_uses_only_the_rooms_it_may()
    {
        Assert.NotEmpty(Sources);
        NoFaults(Rules.Violations(Sources));
    }

    [Fact]
    public void Every_room_has_a_row_in_the_table() =>
        NoFaults(Sources.Select(file => RoomRules.RoomOf(file.Path)).OfType<string>().Distinct().Where(room => !Rules.Rooms.Contains(room))
            .Select(room => $"The folder {room} has no row in docs/decisions/0001-rooms.md; say there whom it may use"));

    [Fact]
    public void The_table_does_not_run_in_a_circle() => Assert.Empty(Rules.Circle());

    [Fact]
    public void A_file_has_the_namespace_of_its_room() =>
        NoFaults(from file in Sources
                 let room = RoomRules.RoomOf(file.Path)
                 where room is not null && Rules.Rooms.Contains(room)
                 let expected = room == RoomRules.Front ? "Ostiary.Server" : RoomRules.Projects.Contains(room) ? $"Ostiary.{room}" : $"Ostiary.Server.{room}"
                 from Match match in Namespace().Matches(RoomRules.WithoutCommentsAndStrings(file.Text))
                 let actual = match.Groups[1].Value
                 where actual != expected && !(room != RoomRules.Front && actual.StartsWith(expected + ".", StringComparison.Ordinal))
                 select $"{file.Path}: namespace {actual}, but its folder is {expected}");

    [Fact]
    public void A_project_refers_only_to_the_projects_it_may() =>
        NoFaults(from path in Checkout.Files("src")
                 where path.EndsWith(".csproj", StringComparison.Ordinal)
                 let room = path.Split('/')[1]
                 where RoomRules.Projects.Contains(room)
                 from reference in XDocument.Parse(Checkout.Read(path)).Descendants("ProjectReference")
                 let used = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))["Ostiary.".Length..]
                 where !Rules.MayUse(room).Contains(used)
                 select $"{path}: {room} refers to {used}");

    [Fact]
    public void No_project_file_opens_a_room_to_all_its_files() =>
        NoFaults(from path in Checkout.Files("src")
                 where path.EndsWith(".csproj", StringComparison.Ordinal)
                 from include in XDocument.Parse(Checkout.Read(path)).Descendants("Using").Attributes("Include")
                 where include.Value.StartsWith("Ostiary", StringComparison.Ordinal)
                 select $"{path}: <Using Include=\"{include.Value}\" />");

    // Deciding is a pure function of what is known; that is what lets a sign-in be tested on a thousand pages without a browser.
    [Fact]
    public void The_sign_in_engine_is_pure() =>
        NoFaults(Words("Login", Impure(), "the engine decides; it has no clock, disk, network, log or secret, and waits for nothing"));

    [Fact]
    public void The_vault_logs_nothing() => NoFaults(Words("Vault", Logging(), "the vault logs nothing"));

    [Theory]
    [InlineData("src/Server/Sessions/SignIn.cs", "using Ostiary.Server.TaskRuns;", "Sessions uses TaskRuns")]
    [InlineData("src/Server/Sessions/Deep/SignIn.cs", "using Ostiary.Server.TaskRuns.Jobs;", "Sessions uses TaskRuns")]
    [InlineData("src/Server/Events/Record.cs", "using static Ostiary.Server.Deliveries.Schedule;", "Events uses Deliveries")]
    [InlineData("src/Server/Data/Db.cs", "using Rows = Ostiary.Server.Agents.Rows;", "Data uses Agents")]
    [InlineData("src/Server/Work/Worker.cs", "var x = new global::Ostiary.Server.TaskRuns.RunJob();", "Work uses TaskRuns")]
    [InlineData("src/Server/Sessions/SignIn.cs", "namespace Ostiary.Server.Sessions; var x = TaskRuns.RunJob.Name;", "Sessions uses TaskRuns")]
    [InlineData("src/Server/Agents/Agents.cs", "Server.TaskRuns.RunJob job;", "Agents uses TaskRuns")]
    [InlineData("src/Server/Agents/Agents.cs", "using Ostiary.Vault;", "Agents uses Vault")]
    [InlineData("src/Login/Engine.cs", "using Ostiary.Vault;", "Login uses Vault")]
    [InlineData("src/Browser/Host.cs", "using Ostiary.Login;", "Browser uses Login")]
    [InlineData("src/Egress/Guard.cs", "using Ostiary.Server.Http;", "Egress uses Http")]
    [InlineData("src/Login/Engine.cs", "using Microsoft.Playwright;", "Login uses Microsoft.Playwright")]
    [InlineData("src/Server/Http/Errors.cs", "global using Ostiary.Server.Data;", "global using")]
    [InlineData("src/Server/GlobalUsings.cs", "global using static Ostiary.Server.Data.Db;", "global using")]
    public void A_forbidden_use_is_found(string path, string text, string expected)
    {
        var faults = Rules.Violations([new("src/Server/TaskRuns/RunJob.cs", "internal sealed class RunJob;"), new(path, "\n" + text)]);
        Assert.StartsWith($"{path}:2: ", Assert.Single(faults), StringComparison.Ordinal);
        Assert.Contains(expected, faults[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_use_by_a_global_alias_is_found()
    {
        SourceFile aliases = new("src/Server/GlobalUsings.cs", "global using Job = Ostiary.Server.TaskRuns.RunJob;");
        Assert.Single(Rules.Violations([aliases, new("src/Server/Sessions/SignIn.cs", "private Job job;")]), fault => fault.StartsWith("src/Server/Sessions/SignIn.cs:1: Sessions uses TaskRuns", StringComparison.Ordinal));
        Assert.Empty(Rules.Violations([aliases, new("src/Server/TaskRuns/RunTask.cs", "private Job job;"), new("src/Server/Sessions/SignIn.cs", "private int Jobs; x.Job = 1;")]));
    }

    [Theory]
    [InlineData("src/Server/TaskRuns/RunJob.cs", "using Ostiary.Server.Sessions; using Ostiary.Server.Data; using Ostiary.Vault; using Microsoft.Playwright;")]
    [InlineData("src/Server/Sessions/SignIn.cs", "/* using Ostiary.Server.TaskRuns; */ // Ostiary.Server.TaskRuns.RunJob")]
    [InlineData("src/Server/Sessions/SignIn.cs", "var quote = '\"'; var text = \"Ostiary.Server.TaskRuns\" + @\"Ostiary.Server.TaskRuns\"\"x\" + \"\"\"Ostiary.Server.TaskRuns\"\"\";")]
    [InlineData("src/Server/Sessions/SignIn.cs", "TaskRuns.Add(run); answer.TaskRuns.RunJob();")]
    [InlineData("src/Server/Sessions/SignIn.cs", "namespace Ostiary.Server.Sessions;")]
    [InlineData("src/Server/Program.cs", "using Ostiary.Server.TaskRuns; using Ostiary.Server.Sessions;")]
    [InlineData("tests/Server.Tests/Any.cs", "using Ostiary.Server.TaskRuns;")]
    public void An_allowed_use_is_left_alone(string path, string text) =>
        Assert.Empty(Rules.Violations([new("src/Server/TaskRuns/Other.cs", "internal sealed class RunJob;"), new(path, text)]));

    [Fact]
    public void A_circle_in_a_table_is_found()
    {
        var rules = RoomRules.Parse("""
            | Room | May use |
            |---|---|
            | *every other room of the server* | – |
            | `A` | `B` |
            | `B` | `C` |
            | `C` | `A` |
            | `Program.cs` | *everything* |

            | Library | Only in |
            |---|---|
            """);
        Assert.Equal(["A", "B", "C", "A"], rules.Circle());
    }

    private static IEnumerable<string> Words(string room, Regex forbidden, string because) =>
        from file in Sources
        where RoomRules.RoomOf(file.Path) == room
        from Match match in forbidden.Matches(RoomRules.WithoutCommentsAndStrings(file.Text))
        select $"{file.Path}: {match.Value.Trim()}: {because}";

    private static void NoFaults(IEnumerable<string> faults)
    {
        var list = faults.ToList();
        Assert.True(list.Count == 0, string.Join('\n', list));
    }

    [GeneratedRegex(@"(?<!\w)namespace\s+([\w.]+)")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"(?<![\w.])(?:(?:File|Directory|Environment|Stopwatch|Process|Random|Guid|DateTime|DateTimeOffset)\s*\.|(?:HttpClient|Socket|TimeProvider|ILogger|IPage|SecretVault|async|await|Task<\w+|ValueTask)\b)")]
    private static partial Regex Impure();

    [GeneratedRegex(@"\b(?:ILogger\w*|LoggerMessage|Console|Trace|Debug)\b(?=\s*[.<(\s])")]
    private static partial Regex Logging();
}
