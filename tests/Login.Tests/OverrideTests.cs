using System.Collections.Immutable;
using Ostiary.Browser;
using Ostiary.Server.Sessions;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>Pages that the engine reads wrongly on purpose, and the correction that mends each: without it the decision is another.</summary>
public sealed class OverrideTests(Shared shared)
{
    private const string Plain = "<h1>Sign in</h1><form method=post action=/in><label>User name <input id=u name=user></label><label>Password <input id=p name=password type=password></label><button id=go>Sign in</button></form>";

    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    /// <summary>A first page, the correction, and what is to be typed where: element id = slot, then what is clicked.</summary>
    public static TheoryData<string, string, string, string> First => new()
    {
        { "identifier", "identifier=#b", "<h1>Sign in</h1><form><label>E-mail <input id=a name=email type=email></label><label>Garden number <input id=b name=garden></label><label>Password <input id=c type=password></label><button id=go>Sign in</button></form>", "b=username c=password go" },
        { "password", "password=#b", "<h1>Sign in</h1><form><label>User name <input id=a name=user></label><label>Memorable word <input id=b name=word></label><label>Card PIN <input id=c name=pin type=password></label><button id=go>Sign in</button></form>", "a=username b=password go" },
        { "submit", "submit=.quiet", "<h1>Sign in</h1><form onsubmit='return false'><label>User name <input id=a name=user></label><label>Password <input id=b type=password></label><button id=no type=submit>Sign in</button><div id=go class=quiet>Enter the garden</div></form>", "a=username b=password go" },
        { "every field of a form that looks like a sign-up", "identifier=#a password=#b submit=#go", "<h1>Create an account</h1><form><label>E-mail <input id=a type=email autocomplete=email></label><label>Choose a password <input id=b type=password autocomplete=new-password></label><label>Confirm password <input id=c type=password autocomplete=new-password></label><button id=go>Register</button></form>", "a=username b=password go" },
        { "fields in a shadow root", "identifier=x-name password=x-word submit=#go", "<h1>Search the shop</h1><x-name></x-name><x-word></x-word><div id=go>Go</div><script>for (const [n, t] of [['x-name','search'],['x-word','text']]) customElements.define(n, class extends HTMLElement { constructor() { super(); this.attachShadow({mode:'open'}).innerHTML = '<input name=q placeholder=Search type=' + t + '>'; } });</script>", "x-name=username x-word=password go" },
        { "next", "next=#go", "<h1>Sign in</h1><form onsubmit='return false'><label>E-mail <input id=a name=username></label><button id=no>Next</button><span id=go>Weiter geht's</span></form>", "a=username go" },
        { "sign_in", "sign_in=#go", "<header><a id=no href=/login>Log in to the newsletter archive</a></header><h1>Garden</h1><p>Spades.</p><i id=go>The little gate</i>", "go" },
        { "field", "fields.company_id=#b", "<h1>Sign in</h1><form><label>User name <input id=a name=user></label><label>Zone <input id=b name=z></label><label>Password <input id=c type=password></label><button id=go>Sign in</button></form>", "a=username b=source_field:company_id c=password go" },
    };

    [Theory, MemberData(nameof(First))]
    public async Task A_wrong_reading_is_mended(string name, string overrides, string html, string expected)
    {
        var read = await DecideAsync(html, LoginOverrides.None);
        var mended = await DecideAsync(html, Read(overrides));
        Assert.True(expected != read.Said, $"{name}: the page is read rightly without the override");
        Assert.True(expected == mended.Said, $"{name}: {mended.Said}; {mended.Decision.Page}: {string.Join("; ", mended.Decision.Why)}");
        Assert.Contains(mended.Decision.Why, w => w.Contains("override", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_selector_that_fits_nothing_is_said_and_the_page_is_read()
    {
        var read = await DecideAsync(Plain, LoginOverrides.None);
        var missed = await DecideAsync(Plain, Read("identifier=#gone password=form>>nonsense[ submit=#hidden fields.branch=#branch"));
        Assert.Equal("u=username p=password go", read.Said);
        Assert.Equal(read.Said, missed.Said);
        foreach (var what in (string[])["selectors.identifier", "selectors.password", "selectors.submit", "fields.branch"])
            Assert.Contains(missed.Decision.Why, w => w == $"override {what} matches nothing that is shown: read instead");
    }

    [Fact]
    public async Task A_field_that_was_named_is_not_filled_with_what_is_for_another()
    {
        var (said, decision) = await DecideAsync("<h1>Sign in</h1><form><label>Phone <input id=a name=phone></label><label>User name <input id=b name=username autocomplete=username></label><label>Password <input id=c type=password></label><button id=go>Sign in</button></form>", Read("identifier=#a"));
        Assert.Equal("a=username c=password go", said);
        Assert.DoesNotContain(Assert.IsType<LoginStep.Fill>(decision.Step).Values, v => v.Slot == Slot.Username && v.Field != ((LoginStep.Fill)decision.Step).Values[0].Field);
    }

    [Fact]
    public async Task An_override_types_on_no_other_domain()
    {
        await using var pages = await Pages.StartAsync();
        var (decision, _) = await LookAsync(pages.Add("/", Plain), Read("identifier=#u password=#p submit=#go"), source: new Uri("https://source.example/"));
        Assert.IsType<LoginOutcome.Blocked>(Assert.IsType<LoginStep.Done>(decision.Step).Outcome);
    }

    /// <summary>What a page answers to a sign-in, the correction, and the verdicts without and with it.</summary>
    public static TheoryData<string, LoginOverrides, string, PageVerdict, PageVerdict> After => new()
    {
        { "words of refusal", new LoginOverrides { RefusalWords = ["computer says no"] }, $"<p>The Computer says NO today.</p>{Plain}", PageVerdict.Login, PageVerdict.Rejected },
        { "words of refusal without a form", new LoginOverrides { RefusalWords = ["another garden"] }, "<h1>Hello</h1><p>Please try another garden.</p>", PageVerdict.Unknown, PageVerdict.Rejected },
        { "a refusal by its place", Read("refusal=.says"), $"<p class=says>Nope, not today, friend</p>{Plain}", PageVerdict.Login, PageVerdict.Rejected },
        { "a place of refusal that is empty", Read("refusal=.says"), "<p class=says></p><nav><button>Log out</button></nav><h1>Beds</h1>", PageVerdict.Connected, PageVerdict.Connected },
        { "the proof by its place", Read("signed_in=#avatar"), $"<div id=avatar><img alt='' width=20 height=20></div><h1>Beds</h1>{Plain}", PageVerdict.Login, PageVerdict.Connected },
        { "the proof by its words", new LoginOverrides { SignedInWords = ["your beds and borders"] }, $"<h1>Your beds and borders</h1>{Plain}", PageVerdict.Login, PageVerdict.Connected },
        { "the code's field", Read("code=#b code_submit=#go"), "<h1>One more thing</h1><form onsubmit='return false'><label>Shout <input id=b name=shout></label><button id=no>Sign in</button><i id=go>On</i></form>", PageVerdict.Login, PageVerdict.Code },
    };

    [Theory, MemberData(nameof(After))]
    public async Task A_wrong_verdict_is_mended(string name, LoginOverrides overrides, string html, PageVerdict without, PageVerdict with)
    {
        var read = await AnswerAsync(html, LoginOverrides.None);
        var mended = await AnswerAsync(html, overrides);
        Assert.True(without == read.Page, $"{name}, read: {read.Page}; {string.Join("; ", read.Why)}");
        Assert.True(with == mended.Page, $"{name}, mended: {mended.Page}; {string.Join("; ", mended.Why)}");
    }

    [Fact]
    public async Task What_stood_there_before_proves_nothing_also_when_it_was_named()
    {
        var form = "<div id=avatar>Hello, gardener</div><p class=says>No dogs</p>" + Plain;
        foreach (var overrides in (LoginOverrides[])[Read("signed_in=#avatar"), new() { SignedInWords = ["hello, gardener"] }, Read("refusal=.says"), new() { RefusalWords = ["no dogs"] }])
        {
            var decision = await AnswerAsync(form, overrides, form);
            Assert.True(decision.Page == PageVerdict.Login, $"{decision.Page}: {string.Join("; ", decision.Why)}");
        }
    }

    [Theory]
    [InlineData("sms", "By text")]
    [InlineData("email", "By e-mail")]
    [InlineData("totp", "Authenticator app")]
    [InlineData("voice", "Phone call")]
    public async Task The_preferred_way_to_verify_is_taken_and_nobody_is_asked(string preferred, string caption)
    {
        const string html = "<h1>Verify your identity</h1><p>Choose how you want to get your code.</p><button type=button>By text message to •• 17</button><button type=button>Phone call to •• 17</button><button type=button>Authenticator app</button><button type=button>By e-mail to b•••@example.org</button>";
        Assert.IsType<LoginStep.Ask>((await AnswerAsync(html, LoginOverrides.None)).Step);
        var (decision, snapshot) = await AnswerOnAsync(html, new LoginOverrides { PreferredMfa = preferred });
        var click = Assert.IsType<LoginStep.Click>(decision.Step);
        Assert.StartsWith(caption, snapshot.Elements.Single(e => e.Id == click.Element).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_terms_are_accepted_unless_the_source_says_otherwise()
    {
        const string html = "<h1>Our terms have changed</h1><p>Please read the new terms of use.</p><button type=button>Accept and continue</button>";
        var (accepted, snapshot) = await AnswerOnAsync(html, LoginOverrides.None);
        Assert.Equal("Accept and continue", snapshot.Elements.Single(e => e.Id == Assert.IsType<LoginStep.Click>(accepted.Step).Element).Text);
        var left = await AnswerAsync(html, new LoginOverrides { AcceptsTerms = false });
        Assert.Contains("terms", Assert.IsType<LoginOutcome.Blocked>(Assert.IsType<LoginStep.Done>(left.Step).Outcome).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "Yes, trust it")]
    [InlineData(false, "No")]
    public async Task A_browser_is_trusted_unless_the_source_says_otherwise(bool trusts, string caption)
    {
        const string html = "<h1>Trust this device?</h1><p>You will not be asked for a code on it again.</p><button type=button>Yes, trust it</button><button type=button>No</button>";
        var (decision, snapshot) = await AnswerOnAsync(html, new LoginOverrides { TrustsDevice = trusts });
        Assert.Equal(caption, snapshot.Elements.Single(e => e.Id == Assert.IsType<LoginStep.Click>(decision.Step).Element).Text);
    }

    [Fact]
    public async Task The_steps_that_were_named_are_taken_one_after_the_other()
    {
        await using var pages = await Pages.StartAsync();
        var url = pages.Add("/", Plain.Replace("<form", "<form onsubmit='window.n = (window.n || 0) + 1; document.title = n; if (n > 1) document.body.innerHTML = \"<nav><button>Log out</button></nav><h1>Beds</h1>\"; return false'", StringComparison.Ordinal));
        var secrets = TestSecrets.Of("ada", "Practice-Only-1!");
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var result = await new SignIn(TimeProvider.System).RunAsync(session, new SignInRequest(url, null, secrets, TestDesk.Nobody) { Overrides = new LoginOverrides { Steps = ["identifier", "password"] } }, Ending);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, $"{result.Outcome}: {string.Join("; ", result.Steps.Select(s => s.Action))}");
        Assert.Equal(["username", "password"], result.Steps.Where(s => s.Action.StartsWith("fill", StringComparison.Ordinal)).Select(s => s.Action.Split(' ', ',')[1]));
        Assert.Equal([Slot.Username, Slot.Password], secrets.Used);
    }

    [Fact]
    public async Task A_sign_in_begins_and_is_checked_where_it_was_said()
    {
        await using var pages = await Pages.StartAsync();
        pages.Add("/", "<h1>Nothing here</h1><p>Only trees.</p>");
        pages.Add("/gate", Plain.Replace("method=post action=/in", "action=/beds", StringComparison.Ordinal));
        pages.Add("/beds", "<h1>Beds</h1><p>Seven of them.</p>");
        pages.Add("/mine", "<h1>Mine</h1><p>All the beds that are mine.</p><p>And a shed.</p><p>A pond.</p>");
        await using var session = await shared.Host.OpenAsync(null, Ending);
        var result = await new SignIn(TimeProvider.System).RunAsync(session, new SignInRequest(pages.Root, null, TestSecrets.Of("ada", "Practice-Only-1!"), TestDesk.Nobody)
        {
            Overrides = new LoginOverrides { StartUrl = new Uri(pages.Root, "/gate"), CheckUrl = new Uri(pages.Root, "/mine") },
        }, Ending);
        Assert.True(result.Outcome is LoginOutcome.SignedIn, $"{result.Outcome}: {string.Join("; ", result.Steps.Select(s => s.Action))}");
        Assert.Equal("/gate", new Uri(result.Steps[0].Url).AbsolutePath);
        Assert.Equal("/mine", new Uri(result.Steps[^1].Url).AbsolutePath);
        Assert.Empty(session.Marks);
    }

    private static LoginOverrides Read(string selectors)
    {
        var pairs = selectors.Split(' ').Select(s => s.Split('=', 2)).ToLookup(p => p[0].StartsWith("fields.", StringComparison.Ordinal));
        return new LoginOverrides { Selectors = pairs[false].ToImmutableDictionary(p => p[0], p => p[1]), Fields = pairs[true].ToImmutableDictionary(p => p[0]["fields.".Length..], p => p[1]) };
    }

    private async Task<(string Said, LoginDecision Decision)> DecideAsync(string html, LoginOverrides overrides)
    {
        await using var pages = await Pages.StartAsync();
        var (decision, snapshot) = await LookAsync(pages.Add("/", html), overrides);
        string Id(ElementId id)
        {
            var element = snapshot.Elements.Single(e => e.Id == id);
            // A field in a shadow root has no id of its own here: its host is told by its order.
            return element.Attributes.GetValueOrDefault("id") ?? (element.Type == "search" ? "x-name" : "x-word");
        }

        var parts = decision.Step switch
        {
            LoginStep.Fill fill => [.. fill.Values.Select(v => $"{Id(v.Field)}={v.Slot.Name}"), .. fill.Then is LoginStep.Click then ? [Id(then.Element)] : Array.Empty<string>()],
            LoginStep.Click click => [Id(click.Element)],
            _ => new List<string> { decision.Step.GetType().Name },
        };
        return (string.Join(' ', parts), decision);
    }

    private async Task<(LoginDecision Decision, PageSnapshot Snapshot)> LookAsync(Uri url, LoginOverrides overrides, Uri? source = null)
    {
        await using var session = await shared.Host.OpenAsync(null, Ending);
        session.Marks = overrides.Marks;
        await session.NavigateAsync(url, Ending);
        var snapshot = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = LoginProgress.Start(source ?? url, null, [Slot.Username, Slot.Password, Slot.SourceField("company_id")], overrides: overrides);
        return (new LoginEngine().Next(snapshot, progress with { SinceStep = TimeSpan.FromSeconds(7) }), snapshot);
    }

    private async Task<LoginDecision> AnswerAsync(string html, LoginOverrides overrides, string form = Plain) => (await AnswerOnAsync(html, overrides, form)).Decision;

    private async Task<(LoginDecision Decision, PageSnapshot Snapshot)> AnswerOnAsync(string html, LoginOverrides overrides, string form = Plain)
    {
        await using var pages = await Pages.StartAsync();
        await using var session = await shared.Host.OpenAsync(null, Ending);
        session.Marks = overrides.Marks;
        var engine = new LoginEngine();
        var url = pages.Add("/login", form);
        await session.NavigateAsync(url, Ending);
        var before = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        var progress = LoginProgress.Start(url, null, [Slot.Username, Slot.Password], overrides: overrides);
        progress = progress.After(engine.Next(before, progress), before);
        Assert.True(progress.PasswordSent);
        await session.NavigateAsync(pages.Add("/login", html), Ending);
        var after = await session.LookAsync(TimeSpan.FromSeconds(5), Ending);
        return (engine.Next(after, progress with { SinceStep = TimeSpan.FromSeconds(1) }), after);
    }
}
