using System.Collections.Concurrent;
using Ostiary.Browser;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>
/// Random walks of the engine over pages that were really seen, in any order: whatever a site shows next and wherever it moves, the steps never send a password twice from one page state, never
/// type where the site's own steps did not lead, and never into a form that is no sign-in. Pure, so that thousands cost less than one page.
/// </summary>
internal static class Walks
{
    private const int Steps = 14;
    private const int MostForeign = 3;
    private const int MostFramed = 2;
    private static readonly string[] Elsewhere = ["collector.example", "partner.example", "sign-in.example", "vendor.example", "bank-online.example"];
    private static readonly ConcurrentQueue<PageSnapshot> Known = [];

    /// <summary>Remembers pages, and walks over them and all that were remembered before.</summary>
    public static void Check(IReadOnlyList<PageSnapshot> pages, Uri source, int walks)
    {
        foreach (var page in pages) Known.Enqueue(page);
        var all = Known.ToArray();
        for (var seed = 0; seed < walks; seed++) _ = new Walk(pages, all, source, seed, []).ToEnd();
    }

    /// <summary>Walks from every page of a collection over it and the states that portals were seen in. Returns how many values were typed, and how many of them on another domain than the source's.</summary>
    public static (int Typed, int Elsewhere, int Submissions) CheckFromEach(IReadOnlyList<PageSnapshot> pages, IReadOnlyList<PageSnapshot> portals, int walksEach)
    {
        var source = new Uri("https://www.site.example/");
        // One site by name: what the pages say is theirs, where they are is the walk's.
        var here = pages.Select(p => MovedTo(p, source.Host, "https")).ToArray();
        var all = here.Concat(portals.Select(p => MovedTo(p, source.Host, "https"))).ToArray();
        var (typed, elsewhere, submissions) = (0, 0, 0);
        Parallel.For(0, here.Length, () => (0, 0, 0), (number, _, sum) =>
        {
            var looks = new Dictionary<(PageSnapshot, string, bool, string?, bool), PageSnapshot>();
            for (var seed = 0; seed < walksEach; seed++)
            {
                var walk = new Walk([here[number]], all, source, (number * 1_000) + seed, looks).ToEnd();
                sum = (sum.Item1 + walk.Typed, sum.Item2 + walk.TypedElsewhere, sum.Item3 + walk.Submissions);
            }
            return sum;
        }, sum =>
        {
            Interlocked.Add(ref typed, sum.Item1);
            Interlocked.Add(ref elsewhere, sum.Item2);
            Interlocked.Add(ref submissions, sum.Item3);
        });
        return (typed, elsewhere, submissions);
    }

#pragma warning disable CA5394 // Chance chooses pages here, so that a walk can be repeated by its number.
    private sealed class Walk(IReadOnlyList<PageSnapshot> own, PageSnapshot[] all, Uri source, int seed, Dictionary<(PageSnapshot, string, bool, string?, bool), PageSnapshot> looks)
    {
        private static readonly LoginEngine Engine = new();
        private readonly Random _chance = new(seed);
        private readonly Dictionary<string, int> _sent = new(StringComparer.Ordinal);

        /// <summary>Domains that are the source's own: its name's, and where its address redirects.</summary>
        private readonly HashSet<string> _own = [RegistrableDomain.Of(source.IdnHost)];

        /// <summary>Further domains that a step of the site led to.</summary>
        private readonly HashSet<string> _earned = [];

        /// <summary>Of these the ones typed on, and domains of frames typed in.</summary>
        private readonly HashSet<string> _foreign = [], _framed = [];
        private string _host = source.Host;
        private bool _otherDocument;

        /// <summary>The domain of the look before; null at the first look after an address was asked for.</summary>
        private string? _before;

        /// <summary>The newest step that acts, the domain it was done on, and whether any was advised.</summary>
        private (LoginStep? Step, string? On, bool Advised) _last;

        public int Typed { get; private set; }

        public int TypedElsewhere { get; private set; }

        public int Submissions { get; private set; }

        public Walk ToEnd()
        {
            Slot[] slots = [Slot.Username, Slot.Password, Slot.SourceField("company_id"), Slot.SourceField("last_name")];
            var locked = _chance.Next(5) == 0;
            var overrides = locked ? new LoginOverrides { Domains = [Elsewhere[0]] } : null;
            var progress = LoginProgress.Start(source, null, _chance.Next(3) == 0 ? slots.Append(Slot.TotpCode) : slots, overrides: overrides);
            var page = own[_chance.Next(own.Count)];
            for (var step = 0; step < Steps; step++)
            {
                page = _chance.Next(10) switch { < 3 => page, < 7 => own[_chance.Next(own.Count)], _ => all[_chance.Next(all.Length)] };
                // Now and then the browser is elsewhere, or a frame of somewhere else lies in the page, or the page came without encryption.
                var moves = _chance.Next(5) == 0;
                if (moves) _host = _chance.Next(3) == 0 ? source.Host : Elsewhere[_chance.Next(Elsewhere.Length)];
                var plain = source.Scheme == "https" && _chance.Next(12) == 0;
                var frame = _chance.Next(8) == 0 ? Elsewhere[_chance.Next(Elsewhere.Length)] : null;
                if (moves || _chance.Next(3) == 0) _otherDocument = !_otherDocument;
                var shown = Show(page, plain, frame);
                var domain = RegistrableDomain.Of(shown.Url.IdnHost);
                Arrive(domain, progress.CredentialSent, plain);

                progress = progress.Seeing(shown) with { SinceStep = TimeSpan.FromMilliseconds(_chance.Next(4) == 0 ? _chance.Next(30_000) : _chance.Next(3_000)) };
                var decision = Engine.Next(shown, progress);
                // Few pages have a wall to put away: any click may be one.
                if (decision.Step is LoginStep.Click { Purpose: ClickPurpose.OpenSignIn } opens && _chance.Next(6) == 0) decision = decision with { Step = opens with { Purpose = ClickPurpose.Dismiss } };
                var advised = decision.Step is LoginStep.Click && _chance.Next(12) == 0;
                if (advised) decision = decision with { Why = [.. decision.Why, Advised.Why] };
                var what = $"walk {seed}, step {step}, {shown.Url}{(frame is null ? "" : " with a frame of " + frame)}, {decision.Page}: {decision.Step}";
                if (decision.Step is LoginStep.Done) return this;
                if (decision.Step is LoginStep.Fill or LoginStep.Authenticate or LoginStep.ChooseBySlot)
                {
                    Typed++;
                    Assert.False(source.Scheme == "https" && shown.Url.Scheme != "https", "typed without encryption: " + what);
                    if (domain != RegistrableDomain.Of(source.IdnHost))
                    {
                        TypedElsewhere++;
                        Assert.True(locked ? domain == Elsewhere[0] : _own.Contains(domain) || _earned.Contains(domain), "typed where nothing led to: " + what);
                        if (!locked && !_own.Contains(domain)) _foreign.Add(domain);
                        Assert.True(_foreign.Count <= MostForeign, "typed ever further away: " + what);
                    }
                    if (decision.Step is LoginStep.Fill fill)
                    {
                        CheckFields(fill, LoginPage.Read(shown), what);
                        if (frame is not null && frame != domain && !locked && !_own.Contains(frame) && !_earned.Contains(frame)) _framed.Add(frame);
                        Assert.False(frame is not null && locked && frame != Elsewhere[0], "typed into a frame of a domain that was not named: " + what);
                        Assert.True(_framed.Count <= MostFramed, "typed into one frame after the other: " + what);
                    }
                }
                var next = progress.After(decision, shown);
                if (next.Submissions.Count > progress.Submissions.Count)
                {
                    Submissions++;
                    if (next.Submissions[^1] is { Kind: SubmissionKind.Password } submission) CheckTimes(submission, shown, progress, what);
                }
                if (decision.Step is not LoginStep.Wait) _last = (decision.Step, domain, advised || _last.Advised);
                progress = next;
                _before = domain;
                if (decision.Step is LoginStep.GoTo go) (_host, _before) = (go.Address.Host, null);
                if (decision.Step is LoginStep.Ask ask)
                {
                    if (_chance.Next(8) == 0) return this;
                    progress = progress.WithAnswer(ask.Challenge, ask.Challenge.Fields.Select(f => f.Name), ask.Challenge.Fields.Where(f => f.Options is { Count: > 0 }).Select(f => KeyValuePair.Create(f.Name, f.Options![_chance.Next(f.Options.Count)].Value)));
                }
            }
            return this;
        }

        private PageSnapshot Show(PageSnapshot page, bool plain, string? frame)
        {
            // The same look read once: reading is what a walk takes its time for.
            if (looks.TryGetValue((page, _host, plain, frame, _otherDocument), out var known)) return known;
            var shown = _host == source.Host && !plain ? page : MovedTo(page, _host, plain ? "http" : source.Scheme);
            if (frame is not null) shown = InFrame(shown, frame, source.Scheme);
            shown = shown with { Frames = [shown.Frames[0] with { Document = _otherDocument ? 2 : 1 }, .. shown.Frames.Skip(1)] };
            return looks[(page, _host, plain, frame, _otherDocument)] = shown;
        }

        /// <summary>Whether the site itself led to where the browser is.</summary>
        private void Arrive(string domain, bool sent, bool plain)
        {
            if (_own.Contains(domain) || _earned.Contains(domain) || _last.Advised || plain) return;
            if (_before is null && !sent) _own.Add(domain);
            else if (_before is { } before && !_own.Contains(before) && !_earned.Contains(before)) return;
            else if (_last.Step is LoginStep.Click { Purpose: ClickPurpose.Dismiss }) return;
            else if (_last.Step is null or LoginStep.GoTo || _own.Contains(_last.On!) || _earned.Contains(_last.On!) && _last.Step is not LoginStep.Click { Purpose: ClickPurpose.OpenSignIn }) _earned.Add(domain);
        }

        private void CheckTimes(Submission submission, PageSnapshot shown, LoginProgress progress, string what)
        {
            var times = _sent[submission.State] = _sent.GetValueOrDefault(submission.State) + 1;
            Assert.True(times <= 2, "a third time: " + what);
            // A second time only where the site said that the page had gone stale, or where nothing had left the browser.
            if (times == 2) Assert.True(shown.Requests.Count == 0 || SiteText.Answers(LoginPage.Read(shown), progress).Exists(a => Stale.Says(a.Text)), "a second time: " + what);
        }
    }
#pragma warning restore CA5394

    private static void CheckFields(LoginStep.Fill fill, LoginPage page, string what)
    {
        foreach (var value in fill.Values)
        {
            var group = page.GroupOf(value.Field);
            // A single field, beside the site's search, that follows a user name takes what is no secret.
            var further = group?.Fields.FindAll(f => f.Role != FieldRole.Search) is [{ } only] && only.Element.Id == value.Field && value.Slot.Name.StartsWith("source_field:", StringComparison.Ordinal);
            Assert.True(further || group is not null && (group.IsLogin || group.Kind is GroupKind.Code or GroupKind.Question), "not a sign-in: " + what);
            if (value.Slot == Slot.Password) Assert.True(group!.Fields.Exists(f => f.Element.Id == value.Field && f.Role == FieldRole.Password), "a password in another field: " + what);
            else Assert.False(page.Element(value.Field)!.Type == "password" && value.Slot == Slot.Username, "a user name in a password field: " + what);
        }
    }

    /// <summary>The same page at another host.</summary>
    internal static PageSnapshot MovedTo(PageSnapshot page, string host, string? scheme = null)
    {
        Uri Move(Uri url) => url.Scheme is "http" or "https" ? new UriBuilder(url) { Host = host, Port = -1, Scheme = scheme ?? url.Scheme }.Uri : url;
        return page with { Url = Move(page.Url), Frames = [.. page.Frames.Select(f => f with { Url = Move(f.Url) })] };
    }

    /// <summary>All that the page shows, in a frame of another host inside of an empty page at the same address.</summary>
    internal static PageSnapshot InFrame(PageSnapshot page, string host, string? scheme = null)
    {
        var inside = MovedTo(page, host, scheme);
        return page with
        {
            Frames = [page.Frames[0], .. inside.Frames.Select(f => f with { Index = f.Index + 1, Parent = f.Parent + 1 })],
            Elements = [.. page.Elements.Select(e => e with { Id = e.Id with { Frame = e.Id.Frame + 1 } })],
            Groups = [.. page.Groups.Select(g => g with { Frame = g.Frame + 1 })],
        };
    }
}
