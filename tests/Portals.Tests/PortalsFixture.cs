using Xunit;

[assembly: AssemblyFixture(typeof(Ostiary.Portals.Tests.PortalsFixture))]

namespace Ostiary.Portals.Tests;

/// <summary>One running host for all tests; each test uses accounts of its own.</summary>
public sealed class PortalsFixture : IAsyncLifetime
{
    private static int accounts;

    public RunningPortals Portals { get; private set; } = null!;

    /// <summary>An account of this site that no other test uses.</summary>
    public static string FreshAccount(Portal portal) => portal.UsernameFor("t" + Interlocked.Increment(ref accounts));

    public async ValueTask InitializeAsync() => Portals = await PortalHost.StartAsync(new PortalOptions(), CancellationToken.None);

    public async ValueTask DisposeAsync() => await Portals.DisposeAsync();
}

/// <summary>A client with cookies that follows redirects unless told otherwise.</summary>
internal sealed class Client(RunningPortals portals, bool follow = true) : IDisposable
{
    private readonly HttpClient http = new(new HttpClientHandler { AllowAutoRedirect = follow }) { BaseAddress = portals.BaseAddress };

    public Task<HttpResponseMessage> GetAsync(string path) => http.GetAsync(new Uri(path, UriKind.Relative));

    public Task<string> TextAsync(string path) => http.GetStringAsync(new Uri(path, UriKind.Relative));

    public Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields) =>
        http.PostAsync(new Uri(path, UriKind.Relative), new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    public Task<HttpResponseMessage> PostJsonAsync(string path, string json) =>
        http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    public void Dispose() => http.Dispose();
}
