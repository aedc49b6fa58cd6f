using System.Text.Json;
using Microsoft.Playwright;

namespace Ostiary.Browser;

public sealed partial class BrowserSession
{
    private readonly Dictionary<IPage, Task> _declining = [];

    /// <summary>
    /// Goes to a URL and answers the challenge of HTTP authentication (Basic or Digest, RFC 7617 and 7616) that its own origin sends, once. A challenge of another origin, of
    /// another scheme or for a second time is left unanswered, one of a proxy is none of ours. Afterwards Chromium itself remembers the credentials for that origin until the
    /// session ends; this class keeps nothing.
    /// </summary>
    /// <exception cref="PageActionException">The URL is not http or https, or no challenge came that could be answered.</exception>
    public async Task AuthenticateAsync(Uri url, ReadOnlyMemory<char> userName, ReadOnlyMemory<char> password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(url);
        var page = Page;
        var devTools = await RunAsync("Answering a challenge", () => _context.NewCDPSessionAsync(page), PagePatience, cancellationToken);
        // Playwright takes strings. These are nobody else's, and are overwritten as soon as Playwright is done with them.
        var answer = new ChallengeAnswer(devTools, url, new string(userName.Span), new string(password.Span));
        try
        {
            answer.Listen();
            await RunAsync("Answering a challenge", () => devTools.SendAsync("Fetch.enable", new Dictionary<string, object> { ["handleAuthRequests"] = true }), PagePatience, cancellationToken);
            await NavigateAsync(url, cancellationToken);
        }
        finally
        {
            await TryAsync(devTools.SendAsync("Fetch.disable").WaitAsync(ClosePatience, _time, CancellationToken.None));
            Observe(devTools.DetachAsync());
            answer.Dispose();
        }
        if (!answer.Given) throw new PageActionException("Answering a challenge: the site asked for no user name and password that may be given to it (Basic or Digest authentication of its own origin).");
    }

    /// <summary>
    /// Calls of a page's script that a server answers with a challenge get that answer at once. Left alone Chromium would put a window of its own before somebody who is not there, and the
    /// call, with a synchronous one the whole page, would hang for good. Documents are not touched: their challenge is what the sign-in answers.
    /// </summary>
    private Task DeclineChallengesAsync(IPage page)
    {
        lock (_gate) return _declining.TryGetValue(page, out var started) ? started : _declining[page] = StartDecliningAsync(page);
    }

    /// <summary>Waits until that is so, but not for long: Chromium may never confirm it for a page whose first document is still on its way, and a sign-in goes on without it.</summary>
    private async Task DecliningAsync(IPage page, CancellationToken cancellationToken)
    {
        var declining = DeclineChallengesAsync(page);
        try
        {
            await declining.WaitAsync(DecliningPatience, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            Observe(declining);
        }
    }

    private static readonly TimeSpan DecliningPatience = TimeSpan.FromSeconds(2);

    private async Task StartDecliningAsync(IPage page)
    {
        try
        {
            var devTools = await CameraAsync(page);
            devTools.Event("Fetch.requestPaused").OnEvent += (_, paused) =>
            {
                if (RequestOf(paused) is { } id) Observe(devTools.SendAsync("Fetch.continueRequest", new Dictionary<string, object> { ["requestId"] = id }));
            };
            devTools.Event("Fetch.authRequired").OnEvent += (_, asked) =>
            {
                if (RequestOf(asked) is not { } id) return;
                // The challenge of a proxy is the browser's own matter.
                var response = asked!.Value.TryGetProperty("authChallenge", out var challenge) && Text(challenge, "source") == "Proxy" ? "Default" : "CancelAuth";
                Observe(devTools.SendAsync("Fetch.continueWithAuth", new Dictionary<string, object> { ["requestId"] = id, ["authChallengeResponse"] = new Dictionary<string, object> { ["response"] = response } }));
            };
            await devTools.SendAsync("Fetch.enable", new Dictionary<string, object>
            {
                ["handleAuthRequests"] = true,
                ["patterns"] = new[] { new Dictionary<string, object> { ["resourceType"] = "XHR" }, new Dictionary<string, object> { ["resourceType"] = "Fetch" } },
            });
        }
        catch (PlaywrightException)
        {
            // The page went away.
        }
    }

    private static string? RequestOf(JsonElement? told) => told is { ValueKind: JsonValueKind.Object } value && Text(value, "requestId") is { Length: > 0 } id ? id : null;

    private static string Text(JsonElement of, string name) => of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>Holds user name and password while one address is asked for.</summary>
    private sealed class ChallengeAnswer(ICDPSession devTools, Uri url, string userName, string password) : IDisposable
    {
        private readonly string _origin = url.GetLeftPart(UriPartial.Authority);
        private readonly Lock _gate = new();
        private bool _given;
        private bool _over;

        /// <summary>The credentials went out.</summary>
        public bool Given
        {
            get
            {
                lock (_gate) return _given;
            }
        }

        public void Listen()
        {
            devTools.Event("Fetch.requestPaused").OnEvent += (_, paused) =>
            {
                if (RequestOf(paused) is { } id) Observe(devTools.SendAsync("Fetch.continueRequest", new Dictionary<string, object> { ["requestId"] = id }));
            };
            devTools.Event("Fetch.authRequired").OnEvent += (_, asked) => OnAsked(asked);
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _over = true;
                Wipe(userName);
                Wipe(password);
            }
        }

        private void OnAsked(JsonElement? asked)
        {
            if (RequestOf(asked) is not { } id) return;
            lock (_gate)
            {
                var response = new Dictionary<string, object> { ["response"] = "CancelAuth" };
                if (asked!.Value.TryGetProperty("authChallenge", out var challenge))
                {
                    if (Text(challenge, "source") == "Proxy") response["response"] = "Default";
                    else if (!_given && !_over && Text(challenge, "scheme").ToLowerInvariant() is "basic" or "digest" && string.Equals(Text(challenge, "origin").TrimEnd('/'), _origin, StringComparison.OrdinalIgnoreCase))
                    {
                        _given = true;
                        response = new() { ["response"] = "ProvideCredentials", ["username"] = userName, ["password"] = password };
                    }
                }
                Observe(devTools.SendAsync("Fetch.continueWithAuth", new Dictionary<string, object> { ["requestId"] = id, ["authChallengeResponse"] = response }));
            }
        }
    }
}
