using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Ostiary.Server.Tests.HouseRules;

/// <summary>
/// Keeps <c>docs/settings.md</c> true. A settings class is one whose name ends in <c>Options</c> and whose summary says <c>Section &lt;c&gt;Name&lt;/c&gt;</c>;
/// each of its properties has a row with its default, and every row has its property.
/// </summary>
public sealed partial class SettingsTest
{
    private static readonly IReadOnlyList<Setting> Settings = [.. Find()];
    private static readonly string Page = Checkout.Read("docs/settings.md");

    [Fact]
    public void Every_setting_is_on_the_page_with_its_default()
    {
        Assert.NotEmpty(Settings);
        var missing = Settings.Where(setting => !Page.Contains(setting.RowStart, StringComparison.Ordinal) && !Page.Contains($"`{setting.Section}:{setting.Property}`", StringComparison.Ordinal));
        var rows = missing.Select(setting => $"{setting.RowStart} {setting.Summary} |").ToList();
        Assert.True(rows.Count == 0, "These rows are missing in docs/settings.md, or their default is another:\n" + string.Join('\n', rows));
    }

    [Fact]
    public void Every_setting_on_the_page_exists()
    {
        var names = Settings.Select(setting => setting.Variable).ToHashSet(StringComparer.Ordinal);
        var unknown = Variable().Matches(Page).Select(match => match.Value).Distinct().Where(name => !names.Contains(name)).ToList();
        Assert.True(unknown.Count == 0, "These are in docs/settings.md and in no Options class: " + string.Join(", ", unknown));
    }

    private sealed record Setting(string Section, string Property, string Default, string Summary)
    {
        public string Variable => $"OSTIARY_{Section}__{Property}";

        public string RowStart => $"| `{Variable}` | {Default} |";
    }

    private static IEnumerable<Setting> Find()
    {
        // The compiler writes the summaries beside every assembly of the product.
        foreach (var room in RoomRules.Projects.Append("Server"))
        {
            var file = Path.Combine(AppContext.BaseDirectory, $"Ostiary.{room}.xml");
            var assembly = Assembly.LoadFrom(Path.ChangeExtension(file, ".dll"));
            var summaries = XDocument.Load(file).Descendants("member")
                .Where(member => member.Element("summary") is not null)
                .ToLookup(member => member.Attribute("name")!.Value, member => member.Element("summary")!, StringComparer.Ordinal);
            foreach (var type in assembly.GetTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type is { IsAbstract: false, ContainsGenericParameters: false }))
            {
                var section = SectionName().Match(Text(summaries["T:" + Name(type)].FirstOrDefault()));
                if (!section.Success) continue;
                var defaults = Activator.CreateInstance(type, nonPublic: true)!;
                foreach (var property in type.GetProperties().Where(property => property.CanRead && property.SetMethod is { IsPublic: true }))
                    yield return new(section.Groups[1].Value, property.Name, Printed(property.GetValue(defaults)), Text(summaries[$"P:{Name(type)}.{property.Name}"].FirstOrDefault()));
            }
        }
    }

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    // A value as it is written in a configuration file; collections and absent values have no short form.
    private static string Printed(object? value) => value switch
    {
        null or "" => "–",
        string text => $"`{text}`",
        bool truth => truth ? "`true`" : "`false`",
        TimeSpan time => $"`{time.ToString("c", CultureInfo.InvariantCulture)}`",
        Enum word => $"`{word}`",
        IFormattable number => $"`{number.ToString(null, CultureInfo.InvariantCulture)}`",
        _ => "–",
    };

    private static string Text(XElement? summary)
    {
        if (summary is null) return "";
        var copy = new XElement(summary);
        foreach (var reference in copy.Descendants().Where(element => element.Attribute("cref") is not null && element.IsEmpty).ToList())
            reference.ReplaceWith("`" + reference.Attribute("cref")!.Value.Split('.')[^1] + "`");
        foreach (var code in copy.Descendants("c").ToList()) code.ReplaceWith("`" + code.Value + "`");
        return Space().Replace(copy.Value, " ").Trim();
    }

    [GeneratedRegex(@"\bSection `(\w+)`")]
    private static partial Regex SectionName();

    [GeneratedRegex(@"\bOSTIARY_[A-Z][A-Za-z]*__\w+")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
