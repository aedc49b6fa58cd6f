using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Ostiary.Server.Tests.HouseRules;

/// <summary>What must hold for every file of the checkout, whoever builds it and wherever it lies.</summary>
public sealed partial class FilesTest
{
    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = XDocument.Parse(Checkout.Read("Ostiary.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value);
        var projects = Checkout.Files("").Where(path => path.EndsWith(".csproj", StringComparison.Ordinal));
        Assert.Equal(projects.Order(StringComparer.Ordinal), solution.Order(StringComparer.Ordinal));
    }

    // Whoever builds brings the feed; a host in a lock file would tie every build to one.
    [Fact]
    public void No_lock_file_or_package_setting_names_a_host()
    {
        string[] names = ["packages.lock.json", "package-lock.json", "nuget.config", ".npmrc"];
        var files = Checkout.Files("").Where(path => names.Contains(Path.GetFileName(path), StringComparer.OrdinalIgnoreCase)).ToList();
        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, path => NamesADownload().IsMatch(Checkout.Read(path)));
    }

    [Fact]
    public void Every_project_has_a_lock_file() =>
        Assert.All(Checkout.Files("").Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)),
            path => Assert.True(File.Exists(Path.Combine(Checkout.Root, Path.GetDirectoryName(path)!, "packages.lock.json"))));

    [Fact]
    public void No_file_names_a_folder_of_the_person_who_wrote_it()
    {
        var text = new HashSet<string>([".cs", ".csproj", ".props", ".targets", ".json", ".md", ".sh", ".sql", ".js", ".ts", ".tsx", ".html", ".css", ".yml", ".yaml", ".txt", ""]);
        Assert.DoesNotContain(Checkout.Files(""), path => !path.StartsWith("tests/Portals", StringComparison.Ordinal) && text.Contains(Path.GetExtension(path)) && HomeFolder().IsMatch(Checkout.Read(path)));
    }

    [GeneratedRegex(@"""resolved""\s*:\s*""[a-z+]+://|registry\s*=|<add\s+key=""[^""]*""\s+value=""[a-z]+://", RegexOptions.IgnoreCase)]
    private static partial Regex NamesADownload();

    [GeneratedRegex(@"(?<![\w.~/-])/(?:root|home/[a-z]\w*|Users/[A-Za-z]\w*)/\w")]
    private static partial Regex HomeFolder();
}
