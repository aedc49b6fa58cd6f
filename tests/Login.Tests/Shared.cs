using System.Collections.Concurrent;
using Xunit;
using Ostiary.Browser;
using Ostiary.Egress;
using Ostiary.Portals;
using Ostiary.Server.Sessions;
using Ostiary.Vault;

[assembly: Xunit.AssemblyFixture(typeof(Ostiary.Login.Tests.Shared))]

namespace Ostiary.Login.Tests;

/// <summary>One Chromium and the practice websites for all tests.</summary>
public sealed class Shared : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ostiary-login-tests");

    public BrowserHost Host { get; private set; } = null!;
    public RunningPortals Portals { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = new BrowserHost(new BrowserOptions { RunDirectory = _folder.FullName }, new EgressGuard(new EgressOptions { Allow = "127.0.0.1,localhost,::1" }), TimeProvider.System);
        Portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Portals.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

/// <summary>A credential held in memory.</summary>
internal sealed class TestSecrets(Dictionary<Slot, Func<string>> values) : ISignInSecrets
{
    public ConcurrentQueue<Slot> Used { get; } = new();

    public IReadOnlySet<Slot> Available { get; } = values.Keys.ToHashSet();

    public Task UseAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken)
    {
        Used.Enqueue(slot);
        return use(values[slot]().AsMemory());
    }

    public static TestSecrets Of(string? username, string? password, string? totp = null, IReadOnlyDictionary<string, string>? fields = null)
    {
        var values = new Dictionary<Slot, Func<string>>();
        if (username is not null) values[Slot.Username] = () => username;
        if (password is not null) values[Slot.Password] = () => password;
        if (totp is not null) values[Slot.TotpCode] = () => Totp.Code(totp, Totp.Step(TimeProvider.System.GetUtcNow()));
        foreach (var (key, value) in fields ?? new Dictionary<string, string>()) values[Slot.SourceField(key)] = () => value;
        return new TestSecrets(values);
    }
}

/// <summary>A person who answers by a script, and remembers what was asked.</summary>
internal sealed class TestDesk(Func<Challenge, int, CancellationToken, Task<Dictionary<string, string>?>> answer) : IChallengeDesk
{
    public List<Challenge> Asked { get; } = [];

    /// <summary>What has to be noted before the sign-in begins.</summary>
    public Func<Task> Before { get; init; } = () => Task.CompletedTask;

    public async Task<ChallengeAnswer?> AskAsync(Challenge challenge, CancellationToken withdrawn, CancellationToken cancellationToken)
    {
        Asked.Add(challenge);
        try
        {
            var values = await answer(challenge, Asked.Count, withdrawn);
            return values is null ? null : new ChallengeAnswer(values.ToDictionary(v => v.Key, v => Secret.From(v.Value)));
        }
        catch (OperationCanceledException) when (withdrawn.IsCancellationRequested)
        {
            return ChallengeAnswer.Empty;
        }
    }

    public static TestDesk Nobody { get; } = new((_, _, _) => Task.FromResult<Dictionary<string, string>?>(null));
}

/// <summary>Pages on a free port, by path.</summary>
internal sealed class Pages : IAsyncDisposable
{
    private readonly Microsoft.AspNetCore.Builder.WebApplication _app;
    private readonly ConcurrentDictionary<string, (int Status, string Html)> _pages = new();
    private readonly ConcurrentDictionary<string, string> _redirects = new();

    private Pages(Microsoft.AspNetCore.Builder.WebApplication app) => _app = app;

    public Uri Root { get; private set; } = null!;

    public static async Task<Pages> StartAsync()
    {
        var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder(["--Logging:LogLevel:Default=None"]);
        Microsoft.AspNetCore.Hosting.HostingAbstractionsWebHostBuilderExtensions.UseUrls(builder.WebHost, "http://127.0.0.1:0");
        var app = builder.Build();
        var pages = new Pages(app);
        Microsoft.AspNetCore.Builder.RunExtensions.Run(app, async context =>
        {
            if (pages._redirects.TryGetValue(context.Request.Path, out var away))
            {
                context.Response.StatusCode = 302;
                context.Response.Headers.Location = away;
                return;
            }
            var (status, html) = pages._pages.GetValueOrDefault(context.Request.Path, (404, "<h1>Not found</h1>"));
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/html; charset=utf-8";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, html);
        });
        await app.StartAsync();
        pages.Root = new Uri(app.Urls.First());
        return pages;
    }

    public Uri Add(string path, string html, int status = 200)
    {
        _pages[path] = (status, html);
        return new Uri(Root, path);
    }

    public Uri AddRedirect(string path, Uri to)
    {
        _redirects[path] = to.AbsoluteUri;
        return new Uri(Root, path);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
