using System.Collections.Concurrent;
using System.Globalization;
using Ostiary.Browser;
using Ostiary.Portals.Matrix;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>
/// Signs in to the matrix of practice websites: every style with everything that may happen. A deterministic part of it, so that it takes minutes and not half an hour;
/// <c>OSTIARY_MATRIX=2/8</c> takes another part and <c>OSTIARY_MATRIX=1/1</c> all of it. <c>bench/Verdicts</c> prints the same as figures.
/// </summary>
public sealed class MatrixTests(Shared shared, ITestOutputHelper output)
{
    private const int Lanes = 4;
    private const int WalksForEach = 20;

    /// <summary>What the engine cannot tell yet. It may end there as unknown or ask amiss; a wrong claim or a wrong submission is a failure here as well.</summary>
    private static readonly HashSet<string> NotYet = ["divs/confirm"];

    private static readonly ILookup<string, MatrixCell> Cells = Chosen().ToLookup(c => c.Style);

    public static TheoryData<string> Styles => [.. Cells.Select(c => c.Key)];

    [Theory, MemberData(nameof(Styles))]
    public async Task Every_outcome_is_told_for_what_it_is(string style)
    {
        var results = new ConcurrentQueue<CellResult>();
        await Parallel.ForEachAsync(Cells[style], new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = TestContext.Current.CancellationToken }, async (cell, cancellation) =>
        {
            var pages = new List<PageSnapshot>();
            results.Enqueue(await CellRun.RunAsync(shared.Host, shared.Portals, cell, "matrix", pages.Add, cancellation));
            if (pages.Count > 0) Walks.Check(pages, shared.Portals.Url(cell, cell.Portal.UsernameFor("matrix")), WalksForEach);
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{style}: {results.Count(r => r.VerdictRight)} of {results.Count} verdicts, {results.Count(r => r.WrongConnected)} wrong connected, {results.Count(r => r.WrongRejected)} wrong rejected, {results.Count(r => r.WrongSubmission)} wrong submissions, {results.Sum(r => r.QuestionsRight)} of {results.Sum(r => r.Questions)} questions"));
        foreach (var failed in results.Where(r => r.Faults.Count > 0))
            foreach (var note in failed.Notes) output.WriteLine($"{failed.Cell.Outcome}: {note}");
        Assert.DoesNotContain(results, r => r.WrongConnected || r.WrongRejected || r.WrongSubmission);
        Assert.Empty(results.Where(r => !NotYet.Contains($"{style}/{r.Cell.Outcome}")).SelectMany(r => r.Faults.Select(f => $"{style}/{r.Cell.Outcome} ({r.Cell.Language}): {f}")));
    }

    /// <summary>An outcome is left out of a style for a reason only, and every kind of verdict is to be had in ten styles at least.</summary>
    [Fact]
    public void Every_verdict_comes_in_ten_styles()
    {
        Assert.True(MatrixCatalog.All.Select(c => c.Style).Distinct().Count() >= 14);
        Assert.True(MatrixCatalog.All.Select(c => c.Language).Distinct().Count() >= 8);
        foreach (var verdict in MatrixCatalog.All.GroupBy(c => c.Group)) Assert.True(verdict.Select(c => c.Style).Distinct().Count() >= 10, verdict.Key);
        Assert.Equal(MatrixCatalog.All.Count, Enumerable.Range(1, 5).SelectMany(part => MatrixCatalog.Part(part, 5)).Distinct().Count());
    }

    private static IReadOnlyList<MatrixCell> Chosen() =>
        (Environment.GetEnvironmentVariable("OSTIARY_MATRIX") ?? "1/8").Split('/') is [var part, var of] ? MatrixCatalog.Part(int.Parse(part, CultureInfo.InvariantCulture), int.Parse(of, CultureInfo.InvariantCulture)) : throw new InvalidOperationException("OSTIARY_MATRIX is a part like 1/8.");
}
