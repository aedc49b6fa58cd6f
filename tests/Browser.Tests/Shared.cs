using Microsoft.Extensions.Logging.Abstractions;
using Ostiary.Egress;

namespace Ostiary.Browser.Tests;

/// <summary>One Chromium for the tests that do not harm it.</summary>
public sealed class SharedBrowser : IAsyncLifetime
{
    public BrowserHost Host { get; private set; } = null!;
    public string RunDirectory { get; } = Path.Combine(Path.GetTempPath(), "ostiary-tests-" + Guid.NewGuid().ToString("N"));

    public ValueTask InitializeAsync()
    {
        Host = Browsers.New(RunDirectory);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(RunDirectory));
        Directory.Delete(RunDirectory);
    }
}

public static class Browsers
{
    public static BrowserHost New(string runDirectory, Action<BrowserOptions>? change = null, ProcessGuard? guard = null)
    {
        var options = new BrowserOptions { RunDirectory = runDirectory };
        change?.Invoke(options);
        return new BrowserHost(options, new EgressGuard(new EgressOptions { Allow = "127.0.0.1" }), TimeProvider.System, NullLogger<BrowserHost>.Instance, guard);
    }
}

[CollectionDefinition(nameof(SharedBrowser))]
public sealed class SharedBrowserCollection : ICollectionFixture<SharedBrowser>;

/// <summary>Tests that change this process's environment or count its processes: alone, after all others.</summary>
[CollectionDefinition(nameof(Undisturbed), DisableParallelization = true)]
public sealed class Undisturbed;

/// <summary>A site and a session of the shared Chromium for each test.</summary>
[Collection(nameof(SharedBrowser))]
public abstract class OnAPage(SharedBrowser shared) : IAsyncLifetime
{
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    protected BrowserHost Host => shared.Host;
    protected string RunDirectory => shared.RunDirectory;
    protected Site Site { get; private set; } = null!;
    protected BrowserSession Session { get; private set; } = null!;
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync()
    {
        Site = await Site.StartAsync();
        Session = await shared.Host.OpenAsync(null, Cancel);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        await Site.DisposeAsync();
    }

    protected async Task<PageSnapshot> GoAsync(string path)
    {
        await Session.NavigateAsync(Site[path], Cancel);
        return await Session.LookAsync(Limit, Cancel);
    }

    protected async Task<PageSnapshot> LookAsync() => await Session.LookAsync(Limit, Cancel);
}

internal static class Looking
{
    public static ElementId ById(this PageSnapshot snapshot, string id) =>
        snapshot.Elements.FirstOrDefault(e => e.Attributes.GetValueOrDefault("id") == id)?.Id ?? throw new InvalidOperationException($"No element with the id {id} on {snapshot.Url}.");

    public static string TextOf(this PageSnapshot snapshot, string id) =>
        snapshot.Elements.FirstOrDefault(e => e.Attributes.GetValueOrDefault("id") == id)?.Text ?? "(absent)";
}
