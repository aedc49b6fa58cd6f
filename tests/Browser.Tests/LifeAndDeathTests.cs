using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ostiary.Browser.Tests;

/// <summary>Nothing outlives its owner, and a lost browser is known at once. Each test has a Chromium of its own.</summary>
[Collection(nameof(Undisturbed))]
public sealed class LifeAndDeathTests : IAsyncLifetime
{
    private static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);
    private readonly string _parent = Path.Combine(Path.GetTempPath(), $"ol-{Guid.NewGuid():N}"[..12]);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_parent);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_parent, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_killed_server_leaves_no_process_and_no_folder()
    {
        using var crasher = await StartCrasherAsync();
        var run = Assert.Single(Directory.GetDirectories(_parent));
        var marker = Path.GetFileName(run);
        var before = Processes.Of(marker);
        Assert.Contains(before, p => p.CommandLine.Contains("run-driver", StringComparison.Ordinal));
        Assert.Contains(before, p => p.CommandLine.Contains("--type=renderer", StringComparison.Ordinal));
        var guard = Assert.Single(GuardsOf(crasher.Id));

        Kill(crasher.Id, 9);

        Assert.True(await Processes.BecomesTrueAsync(() => Processes.Of(marker).Count == 0 && !before.Any(p => Processes.Lives(p.Id)), TenSeconds),
            $"Left: {string.Join(" | ", before.Where(p => Processes.Lives(p.Id)))}");
        Assert.True(await Processes.BecomesTrueAsync(() => !Directory.Exists(run) && !Processes.Lives(guard), TenSeconds));
        Assert.Empty(Directory.EnumerateFileSystemEntries("/tmp", $"*{marker}*"));
    }

    [Fact]
    public async Task A_killed_server_whose_browser_and_driver_hang_leaves_nothing_either()
    {
        using var crasher = await StartCrasherAsync();
        var marker = Path.GetFileName(Assert.Single(Directory.GetDirectories(_parent)));
        var before = Processes.Of(marker);
        foreach (var process in before) Kill(process.Id, 19); // STOP: deaf to everything but KILL.

        Kill(crasher.Id, 9);

        Assert.True(await Processes.BecomesTrueAsync(() => !before.Any(p => Processes.Lives(p.Id)), TenSeconds));
        Assert.True(await Processes.BecomesTrueAsync(() => !Directory.EnumerateFileSystemEntries(_parent).Any(), TenSeconds));
    }

    [Fact]
    public async Task The_next_start_removes_what_a_server_and_its_guard_left_when_both_were_killed()
    {
        using var crasher = await StartCrasherAsync();
        var marker = Path.GetFileName(Assert.Single(Directory.GetDirectories(_parent)));
        Assert.Equal(0, await BrowserHost.SweepLeftovers(_parent, Cancel)); // Its owner lives.
        var before = Processes.Of(marker);
        foreach (var process in before) Kill(process.Id, 19);
        Kill(Assert.Single(GuardsOf(crasher.Id)), 9);
        Kill(crasher.Id, 9);
        await crasher.WaitForExitAsync(Cancel);
        Assert.True(Processes.Of(marker).Count > 0);

        Assert.Equal(1, await BrowserHost.SweepLeftovers(_parent, Cancel));

        Assert.DoesNotContain(before, p => Processes.Lives(p.Id));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public async Task A_server_that_stops_in_order_leaves_nothing_by_the_time_it_has_stopped()
    {
        var host = Browsers.New(_parent);
        await using var session = await host.OpenAsync(null, Cancel);
        var run = Assert.Single(Directory.GetDirectories(_parent));
        var before = Processes.Of(Path.GetFileName(run));
        Assert.NotEmpty(before);

        await host.DisposeAsync();

        Assert.True(session.Lost.IsCancellationRequested);
        Assert.DoesNotContain(before, p => Processes.Lives(p.Id));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_parent));
        await Assert.ThrowsAsync<BrowserLostException>(() => session.LookAsync(TenSeconds, Cancel));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.OpenAsync(null, Cancel));
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Stopping_is_bounded_although_chromium_hangs()
    {
        var host = Browsers.New(_parent);
        await using var session = await host.OpenAsync(null, Cancel);
        var before = Processes.Of(Path.GetFileName(Assert.Single(Directory.GetDirectories(_parent))));
        foreach (var process in before.Where(p => p.CommandLine.Contains("chromium", StringComparison.Ordinal) && !p.CommandLine.Contains("run-driver", StringComparison.Ordinal)))
            Kill(process.Id, 19);

        await host.DisposeAsync().AsTask().WaitAsync(TenSeconds, Cancel);

        Assert.DoesNotContain(before, p => Processes.Lives(p.Id));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public async Task A_killed_chromium_is_known_at_once_and_started_again_for_the_next_session()
    {
        await using var host = Browsers.New(_parent);
        await using var session = await host.OpenAsync(null, Cancel);
        var main = Chromiums().Single(p => !p.CommandLine.Contains("--type=", StringComparison.Ordinal));

        var look = session.WaitForChangeAsync(TimeSpan.FromMinutes(1), Cancel);
        Kill(main.Id, 9);

        await Assert.ThrowsAsync<BrowserLostException>(() => look.WaitAsync(TenSeconds, Cancel));
        Assert.True(session.Lost.IsCancellationRequested);
        await Assert.ThrowsAsync<BrowserLostException>(() => session.NavigateAsync(new Uri("http://127.0.0.1/"), Cancel));
        Assert.Throws<BrowserLostException>(() => session.Page);

        await using var next = await host.OpenAsync(null, Cancel);
        Assert.Equal("about:blank", (await next.LookAsync(TenSeconds, Cancel)).Url.ToString());
    }

    [Fact]
    public async Task A_killed_driver_is_known_at_once_and_started_again_for_the_next_session()
    {
        await using var host = Browsers.New(_parent);
        await using var session = await host.OpenAsync(null, Cancel);
        var driver = Processes.Of(Path.GetFileName(Directory.GetDirectories(_parent)[0])).Single(p => p.CommandLine.Contains("run-driver", StringComparison.Ordinal));
        var lost = LostAsync(session);

        Kill(driver.Id, 9);

        await lost.WaitAsync(TenSeconds, Cancel);
        await using var next = await host.OpenAsync(null, Cancel);
        Assert.Equal("about:blank", (await next.LookAsync(TenSeconds, Cancel)).Url.ToString());
    }

    [Fact]
    public async Task A_crashed_page_loses_its_session_and_no_other()
    {
        await using var site = await Site.StartAsync();
        site.Page("/", "<p>one</p>");
        await using var host = Browsers.New(_parent, o => o.KeepSpareSession = false);
        await using var spared = await host.OpenAsync(null, Cancel);
        await spared.NavigateAsync(site["/"], Cancel);
        var before = Chromiums().Select(p => p.Id).ToHashSet();
        await using var session = await host.OpenAsync(null, Cancel);
        await session.NavigateAsync(site["/"], Cancel);
        await session.LookAsync(TenSeconds, Cancel);
        var lost = LostAsync(session);

        foreach (var renderer in Chromiums().Where(p => p.CommandLine.Contains("--type=renderer", StringComparison.Ordinal)
            && !p.CommandLine.Contains("top-chrome", StringComparison.Ordinal) && !before.Contains(p.Id)))
            Kill(renderer.Id, 9);

        await lost.WaitAsync(TenSeconds, Cancel);
        await Assert.ThrowsAsync<BrowserLostException>(() => session.LookAsync(TenSeconds, Cancel));
        Assert.Equal(site["/"], (await spared.LookAsync(TenSeconds, Cancel)).Url);
    }

    [Fact]
    public async Task A_chromium_that_is_not_there_is_a_clear_answer()
    {
        await using var host = Browsers.New(_parent, o => o.ExecutablePath = "/nowhere/chromium");
        var reason = await host.CheckAsync(Cancel);
        Assert.Contains("/nowhere/chromium", reason, StringComparison.Ordinal);
        Assert.Contains("OSTIARY_CHROMIUM", (await Assert.ThrowsAsync<BrowserLostException>(() => host.OpenAsync(null, Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_no_browser_is_a_clear_answer()
    {
        await using var host = Browsers.New(_parent, o => o.ExecutablePath = "/bin/false");
        Assert.Contains("/bin/false", await host.CheckAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_chromium_is_ready()
    {
        await using var host = Browsers.New(_parent);
        Assert.Null(await host.CheckAsync(Cancel));
    }

    [Fact]
    public async Task What_playwright_disables_in_chromium_stays_disabled()
    {
        await using var host = Browsers.New(_parent);
        Assert.Null(await host.CheckAsync(Cancel));
        var main = Chromiums().Single(p => !p.CommandLine.Contains("--type=", StringComparison.Ordinal));
        var lists = main.CommandLine.Split(' ').Where(a => a.StartsWith("--disable-features=", StringComparison.Ordinal)).Select(a => a["--disable-features=".Length..].Split(',')).ToList();
        Assert.Equal(2, lists.Count);
        Assert.Subset(lists[1].ToHashSet(), lists[0].ToHashSet());
    }

    [Fact]
    public async Task A_deep_run_directory_works_and_leaves_nothing()
    {
        var deep = Path.Combine(_parent, new string('d', 60), new string('e', 60));
        await using (var host = Browsers.New(deep))
            Assert.Null(await host.CheckAsync(Cancel));
        Assert.Empty(Directory.EnumerateFileSystemEntries(deep));
    }

    [Fact]
    public async Task Debug_switches_and_secrets_of_the_surroundings_do_not_reach_the_driver_or_chromium()
    {
        Environment.SetEnvironmentVariable("OSTIARY_TEST_SETTING", "not-for-browsers");
        Environment.SetEnvironmentVariable("DEBUG", "nothing:*");
        try
        {
            await using var host = Browsers.New(_parent);
            Assert.Null(await host.CheckAsync(Cancel));
            foreach (var process in Processes.Of(Path.GetFileName(Directory.GetDirectories(_parent)[0])))
            {
                string environment;
                try { environment = await File.ReadAllTextAsync($"/proc/{process.Id}/environ", Cancel); }
                catch (IOException) { continue; }
                Assert.DoesNotContain("not-for-browsers", environment, StringComparison.Ordinal);
                Assert.DoesNotContain("DEBUG=", environment, StringComparison.Ordinal);
            }
            Assert.Null(Environment.GetEnvironmentVariable("PLAYWRIGHT_NODEJS_PATH"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("OSTIARY_TEST_SETTING", null);
            Environment.SetEnvironmentVariable("DEBUG", null);
        }
    }

    private IEnumerable<Processes.Entry> Chromiums() =>
        Processes.Of(Path.GetFileName(Directory.GetDirectories(_parent)[0]))
            .Where(p => p.CommandLine.Contains("--user-data-dir", StringComparison.Ordinal) && !p.CommandLine.Contains("crashpad_handler --", StringComparison.Ordinal));

    private static int[] GuardsOf(int owner) => [.. Processes.Of("ostiary-guard").Where(p => p.Parent == owner).Select(p => p.Id)];

    private static Task LostAsync(BrowserSession session)
    {
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        session.Lost.Register(lost.SetResult);
        return lost.Task;
    }

    private async Task<Process> StartCrasherAsync()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Ostiary.Browser.Crasher.dll"));
        start.ArgumentList.Add(_parent);
        // Set in this process for the moment in which one of its own hosts starts a driver: not the crasher's to use.
        start.Environment.Remove("PLAYWRIGHT_NODEJS_PATH");
        var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadLineAsync(Cancel);
        Assert.True(said == "open", said is null ? "The crasher ended: " + await process.StandardError.ReadToEndAsync(Cancel) : said);
        return process;
    }

    private static void Kill(int id, int signal) => _ = SendSignal(id, signal);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int id, int signal);
}
