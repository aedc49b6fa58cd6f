namespace Ostiary.Server.Tests.HouseRules;

/// <summary>The files of this checkout, for tests that read source text.</summary>
internal static class Checkout
{
    private static readonly HashSet<string> NotOurs = ["bin", "obj", "node_modules", ".git", "artifacts", "data", "TestResults"];

    /// <summary>The folder that holds <c>Ostiary.slnx</c>, found upwards from the test's own assembly.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every file below <paramref name="folder"/> (relative to the root, <c>""</c> for all) that people write, as a path relative to the root with <c>/</c>.</summary>
    public static IEnumerable<string> Files(string folder)
    {
        var start = new DirectoryInfo(Path.Combine(Root, folder));
        return start.Exists ? Walk(start) : [];
    }

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static IEnumerable<string> Walk(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles())
            yield return Path.GetRelativePath(Root, file.FullName).Replace('\\', '/');
        foreach (var inner in folder.EnumerateDirectories().Where(d => !NotOurs.Contains(d.Name) && d.LinkTarget is null))
            foreach (var file in Walk(inner))
                yield return file;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Ostiary.slnx")))
                return folder.FullName;
        throw new InvalidOperationException($"No Ostiary.slnx above {AppContext.BaseDirectory}.");
    }
}
