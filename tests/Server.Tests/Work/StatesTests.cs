using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Ostiary.Server.Data;
using Xunit;

namespace Ostiary.Server.Tests.Work;

public sealed partial class StatesTests
{
    [Fact]
    public void The_states_in_the_documentation_are_those_the_table_allows()
    {
        var table = Migration.In(typeof(Db).Assembly).Single(m => m is { Room: "Work", Name: "work" }).Sql;
        var allowed = Quoted().Matches(Check().Match(table).Groups[1].Value).Select(m => m.Groups[1].Value).Order();
        var drawn = Arrow().Matches(Page()).SelectMany(m => new[] { m.Groups[1].Value, m.Groups[2].Value }).Where(s => s != "[*]").Distinct().Order();
        Assert.Equal(allowed, drawn);
    }

    private static string Page([CallerFilePath] string here = "") => File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/states/work.md"));

    [GeneratedRegex("state text .*CHECK \\(state IN \\(([^)]*)\\)")]
    private static partial Regex Check();

    [GeneratedRegex("'([a-z]+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex("^\\s*(\\[\\*\\]|[a-z]+) --> (\\[\\*\\]|[a-z]+)", RegexOptions.Multiline)]
    private static partial Regex Arrow();
}
