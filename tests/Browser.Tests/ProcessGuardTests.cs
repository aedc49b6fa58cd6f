using System.Diagnostics;

namespace Ostiary.Browser.Tests;

/// <summary>The guard by itself, with processes that are no browsers.</summary>
public sealed class ProcessGuardTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Marked_processes_their_children_and_their_sessions_end_and_others_live()
    {
        var marker = $"guard-test-{Guid.NewGuid():N}";
        var folder = Directory.CreateTempSubdirectory("og-").FullName;
        using var marked = Shell("setsid sleep 600 & sleep 600 & wait", ("GUARD_TEST", marker));
        using var named = Process.Start("sh", ["-c", "sleep 600; true", $"--somewhere={folder}/x"]);
        using var stranger = Process.Start("sleep", "600");
        Assert.True(await Processes.BecomesTrueAsync(() => Processes.Of(marker).Count >= 3, TimeSpan.FromSeconds(10)));

        await ProcessGuard.RunOnceAsync([$"marker GUARD_TEST={marker}", $"dir {folder}"], Cancel);

        Assert.Empty(Processes.Of(marker));
        Assert.Empty(Processes.Of(folder));
        Assert.False(Directory.Exists(folder));
        Assert.True(Processes.Lives(stranger.Id));
        stranger.Kill();
    }

    [Fact]
    public async Task A_process_gets_its_signals_one_after_another_until_it_ends()
    {
        var file = Path.GetTempFileName();
        using var polite = Shell($"trap 'echo INT >>{file}; exit 0' INT; while :; do sleep 0.05; done");
        using var stubborn = Shell($"trap '' INT; trap 'echo TERM >>{file}; exit 0' TERM; while :; do sleep 0.05; done");
        Assert.True(await Processes.BecomesTrueAsync(() => Ignores(stubborn.Id), TimeSpan.FromSeconds(10)));

        await ProcessGuard.RunOnceAsync(
            [$"process {polite.Id} {ProcessGuard.StartOf(polite.Id)} INT,KILL", $"process {stubborn.Id} {ProcessGuard.StartOf(stubborn.Id)} INT,TERM"], Cancel);

        Assert.Equal(["INT", "TERM"], await File.ReadAllLinesAsync(file, Cancel));
        File.Delete(file);
    }

    [Fact]
    public async Task What_was_taken_back_and_a_later_process_with_the_same_id_are_left_alone()
    {
        var marker = $"guard-test-{Guid.NewGuid():N}";
        var folder = Directory.CreateTempSubdirectory("og-").FullName;
        using var marked = Shell("sleep 600; true", ("GUARD_TEST", marker));
        using var other = Process.Start("sleep", "600");
        Assert.True(await Processes.BecomesTrueAsync(() => Processes.Of(marker).Count >= 2, TimeSpan.FromSeconds(10)));

        await ProcessGuard.RunOnceAsync([
            $"marker GUARD_TEST={marker}", $"dir {folder}", $"process {other.Id} {ProcessGuard.StartOf(other.Id)} KILL", $"process {other.Id} 1 KILL", "learn",
            $"forget marker GUARD_TEST={marker}", $"forget dir {folder}", $"forget process {other.Id} {ProcessGuard.StartOf(other.Id)} KILL",
        ], Cancel);

        Assert.True(Processes.Lives(marked.Id) && Processes.Lives(other.Id) && Directory.Exists(folder));
        await ProcessGuard.RunOnceAsync([$"marker GUARD_TEST={marker}", $"dir {folder}"], Cancel);
        other.Kill();
    }

    [Fact]
    public async Task A_dismissed_guard_ends_and_harms_nobody()
    {
        using var other = Process.Start("sleep", "600");
        var guard = ProcessGuard.Start();
        guard.AddProcess(other.Id, "KILL");
        var id = guard.ProcessId;
        await guard.DisposeAsync();
        await guard.DisposeAsync();
        Assert.False(Processes.Lives(id));
        Assert.True(Processes.Lives(other.Id));
        Assert.Throws<ObjectDisposedException>(() => guard.AddMarker("A", "b"));
        other.Kill();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("relative")]
    [InlineData("/a\nmarker X=Y")]
    public async Task A_folder_that_must_not_be_removed_is_refused(string path)
    {
        await using var guard = ProcessGuard.Start();
        Assert.Throws<ArgumentException>(() => guard.AddDirectory(path));
    }

    private static Process Shell(string script, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("sh") { UseShellExecute = false, ArgumentList = { "-c", script } };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>SIGINT is the second bit of the mask of ignored signals.</summary>
    private static bool Ignores(int id) =>
        File.ReadLines($"/proc/{id}/status").Single(l => l.StartsWith("SigIgn:", StringComparison.Ordinal)) is var line
        && (Convert.ToUInt64(line[7..].Trim(), 16) & 2) != 0
        && File.ReadLines($"/proc/{id}/status").Single(l => l.StartsWith("SigCgt:", StringComparison.Ordinal)) is var caught
        && (Convert.ToUInt64(caught[7..].Trim(), 16) & (1 << 14)) != 0;
}
