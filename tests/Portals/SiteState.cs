using System.Collections.Concurrent;

namespace Ostiary.Portals;

/// <summary>Everything one site remembers while the host runs: its visitors, its accounts, and the modes set through the control API.</summary>
internal sealed class SiteState
{
    private readonly ConcurrentDictionary<string, Visitor> visitors = new();
    private readonly ConcurrentDictionary<string, Account> accounts = new();
    private readonly ConcurrentDictionary<string, Account> tickets = new();
    private readonly string baseName;
    private int unavailable;

    public SiteState(Site site, TimeProvider clock)
    {
        Site = site;
        Clock = clock;
        baseName = site.Portal.Username.ToLowerInvariant();
        site.Prepare(this);
    }

    public Site Site { get; }
    public Portal Portal => Site.Portal;
    public TimeProvider Clock { get; }

    /// <summary>How long every page and call waits before it is answered.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Signed-in requests a visitor may make before the session expires; null = no limit.</summary>
    public int? ExpireAfter { get; set; }

    public IEnumerable<Account> Accounts => accounts.Values;

    /// <summary>What was sent that should never have been, oldest first.</summary>
    public ConcurrentQueue<string> Strays { get; } = new();

    /// <summary>Hands a finished proof from one origin to another: a ticket is good for one entry.</summary>
    public string IssueTicket(Account account)
    {
        var ticket = Ids.New();
        tickets[ticket] = account;
        return ticket;
    }

    public Account? TakeTicket(string ticket) => tickets.TryRemove(ticket, out var account) ? account : null;

    /// <summary>Requests still to be answered with 503; <see cref="int.MaxValue"/> = all, 0 = none.</summary>
    public int Unavailable
    {
        get => Volatile.Read(ref unavailable);
        set => Volatile.Write(ref unavailable, value);
    }

    /// <summary>True when this request is one to be answered with 503.</summary>
    public bool TakeUnavailable()
    {
        while (true)
        {
            var left = Volatile.Read(ref unavailable);
            if (left == int.MaxValue) return true;
            if (left <= 0) return false;
            if (Interlocked.CompareExchange(ref unavailable, left - 1, left) == left) return true;
        }
    }

    /// <summary>The account of a typed name, made when first seen. Names the site does not know get one too, so that attempts on them are counted.</summary>
    public Account Account(string typed)
    {
        var name = typed.Trim().ToLowerInvariant();
        return accounts.GetOrAdd(name, n => new Account(Portal, n, Untagged(n) == baseName, Clock));
    }

    public Visitor? Visitor(string? id) => id is not null && visitors.TryGetValue(id, out var visitor) ? visitor : null;

    public Visitor NewVisitor() => Add(new Visitor());

    public void Forget(Visitor visitor) => visitors.TryRemove(visitor.Id, out _);

    /// <summary>Ends signed-in sessions, of one account or of all; returns how many.</summary>
    public int Expire(string? account)
    {
        var count = 0;
        foreach (var visitor in visitors.Values)
        {
            if (visitor.Account is not { } holder || (account is not null && holder.Name != account.Trim().ToLowerInvariant())) continue;
            visitor.Expire();
            count++;
        }

        return count;
    }

    /// <summary>Forgets one account, or everything, and goes back to the modes the site started with.</summary>
    public void Reset(string? account)
    {
        if (account is not null)
        {
            Expire(account);
            accounts.TryRemove(account.Trim().ToLowerInvariant(), out _);
            return;
        }

        visitors.Clear();
        accounts.Clear();
        tickets.Clear();
        Strays.Clear();
        Delay = TimeSpan.Zero;
        ExpireAfter = null;
        Unavailable = 0;
        Site.Prepare(this);
    }

    private Visitor Add(Visitor visitor)
    {
        visitors[visitor.Id] = visitor;
        return visitor;
    }

    private static string Untagged(string name)
    {
        var plus = name.IndexOf('+', StringComparison.Ordinal);
        if (plus < 0) return name;
        var at = name.IndexOf('@', plus);
        return at < 0 ? name[..plus] : name[..plus] + name[at..];
    }
}

/// <summary>A browser that came by, known by its cookie.</summary>
internal sealed class Visitor
{
    private int requests;

    public string Id { get; } = Ids.New();

    /// <summary>Sent with forms and demanded back by sites that protect themselves against forged requests.</summary>
    public string Csrf { get; } = Ids.New();

    /// <summary>Who is signed in, or null.</summary>
    public Account? Account { get; private set; }

    /// <summary>Who gave the right password (or name) and has more to prove, or null.</summary>
    public Account? Pending { get; set; }

    /// <summary>How far a pending sign-in has come; each site has its own words.</summary>
    public string Stage { get; set; } = "";

    /// <summary>True once after a session ended by expiry, so that the login page can say so.</summary>
    public bool WasExpired { get; set; }

    /// <summary>Small values a site keeps between pages: consent, a chosen method, a push's id.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, string> Notes { get; } = new();

    public void SignIn(Account account)
    {
        Account = account;
        Pending = null;
        Stage = "";
    }

    public void Expire()
    {
        Account = null;
        WasExpired = true;
    }

    /// <summary>Counts a request of a signed-in visitor and expires the session when there were too many.</summary>
    public void Count(int? limit)
    {
        if (Account is not null && Interlocked.Increment(ref requests) > limit) Expire();
    }
}
