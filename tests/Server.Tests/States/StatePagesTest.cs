using System.Text.RegularExpressions;
using Ostiary.Server.Connections;
using Ostiary.Server.Credentials;
using Ostiary.Server.Deliveries;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.TaskRuns;
using Ostiary.Server.Tasks;
using Ostiary.Server.Tests.HouseRules;
using Xunit;

namespace Ostiary.Server.Tests.States;

/// <summary>Each page of docs/states draws exactly the moves that the code allows, and has a row for each state.</summary>
public sealed partial class StatePagesTest
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> Machines = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>
    {
        ["task_run"] = RunStatuses.Moves,
        ["session"] = SessionStatuses.Moves,
        ["interaction"] = InteractionStatuses.Moves,
        ["task"] = TaskStatuses.Moves,
        ["connection"] = ConnectionStatuses.Moves,
        ["credential"] = CredentialStatuses.Moves,
        ["delivery"] = DeliveryStatuses.Moves,
    };

    public static TheoryData<string> Pages => [.. Machines.Keys];

    [Theory, MemberData(nameof(Pages))]
    public void The_diagram_draws_the_moves_of_the_code(string page)
    {
        var drawn = Arrow().Matches(Text(page)).Select(m => (From: m.Groups[1].Value, To: m.Groups[2].Value)).ToHashSet();
        var allowed = Machines[page].SelectMany(m => m.Value.Select(to => (From: m.Key, To: to))).ToHashSet();
        Assert.Equal(allowed.Order(), drawn.Where(a => a.From != "[*]" && a.To != "[*]").Order());
        Assert.Single(drawn, a => a.From == "[*]");
        // States that lead nowhere are drawn as ends. A delivery that failed is an end as well, until its destination is switched on again.
        Assert.Equal(Machines[page].Where(m => m.Value.Count == 0).Select(m => m.Key).Order(), drawn.Where(a => a.To == "[*]").Select(a => a.From).Order());
    }

    [Theory, MemberData(nameof(Pages))]
    public void The_table_has_a_row_for_each_state(string page) => Assert.Equal(Machines[page].Keys.Order(), Row().Matches(Text(page)).Select(m => m.Groups[1].Value).Order());

    [Fact]
    public void Every_state_of_the_code_is_in_its_list_and_is_the_source_of_moves_even_if_of_none()
    {
        Assert.Equal(RunStatuses.All.Order(), RunStatuses.Moves.Keys.Order());
        Assert.Equal(TaskStatuses.All.Order(), TaskStatuses.Moves.Keys.Order());
        Assert.Equal(SessionStatuses.All.Order(), SessionStatuses.Moves.Keys.Order());
        Assert.Equal(ConnectionStatuses.All.Order(), ConnectionStatuses.Moves.Keys.Order());
        Assert.Equal(CredentialStatuses.All.Order(), CredentialStatuses.Moves.Keys.Order());
        Assert.Equal(DeliveryStatuses.All.Order(), DeliveryStatuses.Moves.Keys.Order());
        Assert.All(Machines.Values, moves => Assert.All(moves.Values.SelectMany(to => to), to => Assert.Contains(to, moves.Keys)));
        Assert.All(RunStatuses.All, status => Assert.Equal(RunStatuses.Moves[status].Count == 0, RunStatuses.IsOver(status)));
        Assert.All(SessionStatuses.All, status => Assert.Equal(SessionStatuses.Moves[status].Count == 0, SessionStatuses.IsOver(status)));
    }

    private static string Text(string page) => Checkout.Read($"docs/states/{page}.md");

    [GeneratedRegex(@"^    (\S+) --> (\S+?):?(?: .*)?$", RegexOptions.Multiline)]
    private static partial Regex Arrow();

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
