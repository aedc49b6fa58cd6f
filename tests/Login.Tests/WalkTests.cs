using Ostiary.Browser;
using Ostiary.Portals;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>
/// From any saved page and any state that a portal shows, in whatever order and wherever the site moves, the engine's steps send nothing twice from one page state and type nothing where the
/// site did not lead. The pages are our own; with <c>OSTIARY_TEST_PAGES</c> all of that folder as well.
/// </summary>
public sealed class WalkTests(Shared shared, ITestOutputHelper output)
{
    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Fact]
    public async Task From_any_saved_page_no_walk_sends_twice_or_types_where_the_site_did_not_lead()
    {
        await using var pages = await Login.Tests.Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var files = SavedPages.Files();
        var saved = new List<PageSnapshot>();
        foreach (var file in files)
        {
            await session.NavigateAsync(pages.Add($"/{(saved.Count % 5 == 0 ? "login" : "page")}/{saved.Count}", await File.ReadAllTextAsync(file, Ending)), Ending);
            saved.Add(await session.LookAsync(TimeSpan.FromSeconds(3), Ending));
        }

        var portals = new List<PageSnapshot>();
        foreach (var portal in PortalCatalog.All)
        {
            await session.NavigateAsync(shared.Portals.Url(portal), Ending);
            portals.Add(await session.LookAsync(TimeSpan.FromSeconds(3), Ending));
        }

        var (typed, elsewhere, submissions) = Walks.CheckFromEach([.. saved, .. portals], portals, files.Count > 50 ? 100 : 400);
        output.WriteLine($"{saved.Count} saved pages, {portals.Count} portals: typed {typed} times, {elsewhere} of them on another domain than the source's; {submissions} submissions");
        // A walk that never types, or never elsewhere, proves nothing.
        Assert.True(typed > 1_000 && elsewhere > 50 && submissions > 1_000, "the walks type too little");
    }
}

/// <summary>Pages saved from real websites, values stripped.</summary>
internal static class SavedPages
{
    /// <summary>The pages beside the tests; with <c>OSTIARY_TEST_PAGES</c> those of that folder too.</summary>
    public static IReadOnlyList<string> Files()
    {
        var own = Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Pages"), "*.html").Order(StringComparer.Ordinal);
        return Environment.GetEnvironmentVariable("OSTIARY_TEST_PAGES") is { Length: > 0 } folder ? [.. own, .. Directory.EnumerateFiles(folder, "*.html", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [.. own];
    }
}
