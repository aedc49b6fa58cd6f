namespace Ostiary.Portals;

/// <summary>
/// The practice websites while they run, and the hand that tests hold them by: what was submitted, which code was sent, who approves a push, when a session expires.
/// The same is offered over HTTP under <c>/_control/</c>. An unknown site is an <see cref="ArgumentException"/>; an account nobody has used yet has counted nothing.
/// </summary>
public sealed class RunningPortals : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly TimeProvider clock;
    private readonly Dictionary<string, SiteState> sites;

    internal RunningPortals(WebApplication app, TimeProvider clock, int port)
    {
        this.app = app;
        this.clock = clock;
        BaseAddress = new Uri($"http://127.0.0.1:{port}/");
        OtherAddress = new Uri($"http://localhost:{port}/");
        sites = PortalCatalog.Sites.Concat<Site>(Matrix.MatrixCatalog.Sites).ToDictionary(site => site.Portal.Id, site => new SiteState(site, clock));
    }

    /// <summary>Where the websites are, e.g. <c>http://127.0.0.1:40123/</c>.</summary>
    public Uri BaseAddress { get; }

    /// <summary>The same websites by another host name, which a browser treats as a different site.</summary>
    public Uri OtherAddress { get; }

    /// <summary>The URL to hand to Ostiary as a source's URL.</summary>
    public Uri Url(Portal portal) => new(BaseAddress, portal.Path);

    /// <summary>The URL of a cell of the matrix, for one account.</summary>
    public Uri Url(Matrix.MatrixCell cell, string account) => new(BaseAddress, cell.PathFor(account));

    /// <summary>What a site got that should never have been sent, oldest first.</summary>
    public IReadOnlyList<string> Strays(string portal) => [.. Site(portal).Strays];

    /// <summary>The site's home page.</summary>
    public Uri Home(Portal portal) => new(BaseAddress, portal.HomePath);

    /// <summary>What was submitted for an account.</summary>
    public Submissions Submissions(string portal, string account) => Account(portal, account).Submissions;

    /// <summary>Messages sent to an account, oldest first.</summary>
    public IReadOnlyList<PortalMessage> Messages(string portal, string account) => Account(portal, account).Messages;

    /// <summary>The right code at this moment: the site's fixed one, the authenticator's, or the one sent last; null when none was sent.</summary>
    public string? CodeFor(string portal, string account)
    {
        var site = Site(portal);
        if (site.Portal.TotpSecret is { } seed) return Totp.Code(seed, Totp.Step(clock.GetUtcNow()));
        return site.Portal.Code ?? site.Account(account).Sent.Newest?.Code;
    }

    /// <summary>Waits until more than <paramref name="after"/> codes have been sent to an account and returns the newest.</summary>
    public async Task<string> WaitForCodeAsync(string portal, string account, int after, CancellationToken cancellationToken)
    {
        var holder = Account(portal, account);
        while (true)
        {
            var changed = holder.Changed;
            if (holder.Sent is { Newest: { } newest, Count: var count } && count > after) return newest.Code;
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The newest push request of an account, or null.</summary>
    public PushRequest? Push(string portal, string account) => Account(portal, account).Pushes is [.., var last] ? last : null;

    /// <summary>Waits until a push request of the account is pending and returns it.</summary>
    public async Task<PushRequest> WaitForPushAsync(string portal, string account, CancellationToken cancellationToken)
    {
        var holder = Account(portal, account);
        while (true)
        {
            var changed = holder.Changed;
            if (holder.Pushes.LastOrDefault(push => push.State == PushState.Pending) is { } pending) return pending;
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Approves every pending push request of the account; returns how many there were.</summary>
    public int ApprovePush(string portal, string account) => Account(portal, account).AnswerPush(PushState.Approved);

    /// <summary>Denies every pending push request of the account; returns how many there were.</summary>
    public int DenyPush(string portal, string account) => Account(portal, account).AnswerPush(PushState.Denied);

    /// <summary>Ends signed-in sessions of one account, or of all when <paramref name="account"/> is null; returns how many.</summary>
    public int ExpireSessions(string portal, string? account) => Site(portal).Expire(account);

    /// <summary>Lets every session of the site end after that many signed-in requests; null = never.</summary>
    public void ExpireAfter(string portal, int? requests) => Site(portal).ExpireAfter = requests;

    /// <summary>Answers the next <paramref name="requests"/> requests of the site with 503; <see cref="int.MaxValue"/> = all, 0 = none.</summary>
    public void SetUnavailable(string portal, int requests) => Site(portal).Unavailable = requests;

    /// <summary>Delays every page and call of the site.</summary>
    public void SetDelay(string portal, TimeSpan delay) => Site(portal).Delay = delay;

    /// <summary>Forgets one account of a site, or everything about the site when <paramref name="account"/> is null.</summary>
    public void Reset(string portal, string? account) => Site(portal).Reset(account);

    /// <summary>Forgets everything about all sites.</summary>
    public void Reset()
    {
        foreach (var site in sites.Values) site.Reset(account: null);
    }

    /// <summary>Stops listening and drops open connections.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Browsers keep connections open; nobody waits for them.
        }

        await app.DisposeAsync();
    }

    internal IEnumerable<SiteState> Sites => sites.Values.Where(state => state.Site is not Matrix.MatrixSite);

    internal bool Has(string portal) => sites.ContainsKey(portal);

    internal void Map(WebApplication routes)
    {
        foreach (var state in sites.Values)
        {
            var icon = Markup.Icon(state.Portal.Title, state.Site.Color);
            routes.MapGet($"/{state.Portal.Id}/icon.svg", () => Results.Text(icon, "image/svg+xml"));
            state.Site.Map(new SiteRoutes(routes, state));
        }

        Manifest.Map(routes, this);
        Control.Map(routes, this);
    }

    private Account Account(string portal, string account) => Site(portal).Account(account);

    private SiteState Site(string portal) =>
        sites.TryGetValue(portal, out var state) ? state : throw new ArgumentException($"There is no practice website '{portal}'.", nameof(portal));
}
