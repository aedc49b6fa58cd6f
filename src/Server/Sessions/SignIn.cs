using System.Collections.Immutable;
using Ostiary.Browser;
using Ostiary.Login;

namespace Ostiary.Server.Sessions;

/// <summary>
/// Signs in with a browser: looks, lets the engine decide, acts; in a loop. A secret is opened for one keystroke only, and nothing that this class returns or throws
/// carries a value. <see cref="BrowserLostException"/> passes through: whoever owns the session says what its loss means.
/// </summary>
/// <param name="time">The clock behind every wait.</param>
/// <param name="seen">Told of every look, in order; for tests that collect pages.</param>
internal sealed class SignIn(TimeProvider time, Action<PageSnapshot>? seen = null)
{
    /// <summary>How long a sign-in may take, without the time that a person needs for an answer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>How long a page may take to come to rest before it is looked at as it is.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PushPoll = TimeSpan.FromSeconds(2);
    private const int MostDecisions = 200;
    private const int MostFailures = 4;
    private const int CodeWindowSeconds = 30;

    private readonly LoginEngine _engine = new();

    /// <summary>Runs until the engine says that it is done. The notes tell what was seen and done, never a value.</summary>
    public async Task<SignInResult> RunAsync(BrowserSession session, SignInRequest request, CancellationToken cancellationToken)
    {
        var run = new Run(this, session, request);
        try
        {
            return await run.ToEndAsync(cancellationToken);
        }
        finally
        {
            run.Dispose();
        }
    }

    /// <summary>One sign-in under way.</summary>
    private sealed class Run(SignIn owner, BrowserSession session, SignInRequest request) : IDisposable
    {
        private readonly TimeProvider _time = owner.Time;
        private readonly long _started = owner.Time.GetTimestamp();
        private readonly List<SignInStepNote> _notes = [];
        private readonly Dictionary<string, ChallengeAnswer> _answers = [];
        private LoginProgress _progress = LoginProgress.Start(request.Url, request.LoginUrl, request.Secrets.Available, request.Provider, request.Overrides) with { Learned = LearnedOf(request) };
        private TimeSpan _withPeople;
        private long _stepAt = owner.Time.GetTimestamp();
        private int _failures;
        private bool _sent;
        private Task _witness = Task.CompletedTask;
        private ImmutableDictionary<string, string> _outlines = ImmutableDictionary<string, string>.Empty;
        private ImmutableDictionary<string, string> _suggested = ImmutableDictionary<string, string>.Empty;
        private int _asked;

        public async Task<SignInResult> ToEndAsync(CancellationToken cancellationToken)
        {
            session.Marks = request.Overrides.Marks;
            await session.NavigateAsync(request.LoginUrl ?? _progress.Learned?.Form ?? _progress.StartUrl, cancellationToken);
            _stepAt = _time.GetTimestamp();
            for (var decisions = 0; decisions < MostDecisions; decisions++)
            {
                await _witness;
                if (_time.GetElapsedTime(_started) - _withPeople > Limit) return End(new LoginOutcome.Unknown("The sign-in took too long."));
                if (RefusedHost() is { } refused) return End(new LoginOutcome.Blocked(refused));
                PageSnapshot? page = null;
                LoginDecision? decision = null;
                _sent = false;
                try
                {
                    page = await session.LookAsync(LookPatience, cancellationToken);
                    owner.Seen?.Invoke(page);
                    _progress = _progress.Seeing(page) with { SinceStep = _time.GetElapsedTime(_stepAt) };
                    page = LoginEngine.Mark(page, _outlines);
                    decision = owner._engine.Next(page, _progress);
                    if (LoginEngine.IsUnsure(decision, _progress) && await AdviseAsync(page, cancellationToken) is { } advised)
                    {
                        (decision, page) = (advised.Decision, advised.Page);
                        _outlines = _outlines.SetItems(advised.Outlines);
                        _suggested = _suggested.SetItems(advised.Selectors);
                    }
                    Note(page, decision, cancellationToken);
                    // What is left of the last look is nobody's to wait for here: the page is not touched any more.
                    if (decision.Step is not (LoginStep.Fill or LoginStep.Done)) await _witness;
                    if (decision.Step is LoginStep.Done done) return End(done.Outcome);
                    if (decision.Step is LoginStep.Ask ask)
                    {
                        _progress = _progress.After(decision, page);
                        if (!await AskAsync(ask.Challenge, decision.Page, cancellationToken)) return End(new LoginOutcome.Unknown("No answer came in time."), timedOut: true);
                        _stepAt = _time.GetTimestamp();
                        continue;
                    }
                    var before = _time.GetTimestamp();
                    await ActAsync(decision.Step, cancellationToken);
                    if (decision.Step is not LoginStep.Wait) _stepAt = before;
                }
                catch (PageActionException exception)
                {
                    // Its message names the action and the element, never a value.
                    if (++_failures >= MostFailures) return End(new LoginOutcome.Unknown("The page did not take what was done: " + exception.Message));
                    // A click that failed late may have reached the page: what may have been sent counts as sent.
                    if (_sent && decision is not null && page is not null)
                    {
                        _progress = _progress.After(decision, page);
                        _stepAt = _time.GetTimestamp();
                    }
                    _progress = _progress with { Failures = _failures };
                    await session.WaitForChangeAsync(TimeSpan.FromMilliseconds(300), cancellationToken);
                    continue;
                }
                _progress = _progress.After(decision, page);
            }
            return End(new LoginOutcome.Unknown("The sign-in took too many steps."));
        }

        // Where it leads, values may be typed: only to the source itself.
        private static LearnedPath? LearnedOf(SignInRequest request) => request.Learned is { } learned && RegistrableDomain.Same(learned.Form, request.Url) ? learned : null;

        /// <summary>Asks the adviser about a page that the engine gives up on. Null: there is none, it was asked often enough, or what it says may not be followed.</summary>
        private async Task<AdvisedStep?> AdviseAsync(PageSnapshot page, CancellationToken cancellationToken)
        {
            if (request.Advisor is not { } advisor || _asked >= advisor.CallsPerSignIn || page.NavigationError is not null) return null;
            _asked++;
            var texts = AdvisorOutline.Texts(page).ToList();
            if (_progress.CredentialSent)
            {
                // A page may greet by name. What is stored of the user is taken out before the outline leaves the house; before anything was sent no page can know it.
                foreach (var slot in request.Secrets.Available.Where(s => s == Slot.Username || s.Name.StartsWith("source_field:", StringComparison.Ordinal)))
                {
                    await OpenAsync(slot, value =>
                    {
                        for (var i = 0; i < texts.Count && value.Length > 2; i++) texts[i] = Without(texts[i], value.Span);
                        return Task.CompletedTask;
                    }, cancellationToken);
                }
            }
            var answer = await advisor.AskAsync(AdvisorOutline.Instructions, AdvisorOutline.Write(page, texts, _progress.CredentialSent), cancellationToken);
            return AdvisorOutline.Read(answer, page) is { } advice ? owner._engine.Consider(page, _progress, advice) : null;
        }

        private static string Without(string text, ReadOnlySpan<char> value)
        {
            for (var at = text.AsSpan().IndexOf(value, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.AsSpan().IndexOf(value, StringComparison.OrdinalIgnoreCase)) text = string.Concat(text.AsSpan(0, at), "•", text.AsSpan(at + value.Length));
            return text;
        }

        private async Task ActAsync(LoginStep step, CancellationToken cancellationToken)
        {
            switch (step)
            {
                case LoginStep.Fill fill:
                    foreach (var value in fill.Values) await TypeAsync(value, cancellationToken);
                    await _witness;
                    if (fill.Then is { } then) await ActAsync(then, cancellationToken);
                    break;
                case LoginStep.Click click:
                    _sent = click.Purpose is ClickPurpose.SubmitCredential or ClickPurpose.SubmitAnswer or ClickPurpose.SendCode;
                    await session.ClickAsync(click.Element, cancellationToken);
                    break;
                case LoginStep.Press press:
                    _sent = true;
                    await session.PressAsync(press.Element, press.Key, cancellationToken);
                    break;
                case LoginStep.Choose choose:
                    await session.ChooseAsync(choose.Element, choose.Value, cancellationToken);
                    break;
                case LoginStep.ChooseBySlot choose:
                    string? chosen = null;
                    await OpenAsync(choose.Slot, value =>
                    {
                        chosen = choose.Character is not { } at ? BestOption(choose.Options, value.Span) : at < value.Length ? LetterOption(choose.Options, value.Span.Slice(at, 1)) : null;
                        return Task.CompletedTask;
                    }, cancellationToken);
                    if (chosen is not null) await session.ChooseSecretAsync(choose.Element, chosen, cancellationToken);
                    break;
                case LoginStep.Authenticate authenticate:
                    _sent = true;
                    await OpenAsync(authenticate.User, user => OpenAsync(authenticate.Password, password => session.AuthenticateAsync(authenticate.Address, user, password, cancellationToken), cancellationToken), cancellationToken);
                    break;
                case LoginStep.GoTo go:
                    await session.NavigateAsync(go.Address, cancellationToken);
                    break;
                case LoginStep.Wait { UntilNextCode: true }:
                    var into = _time.GetUtcNow().ToUnixTimeMilliseconds() % (CodeWindowSeconds * 1000);
                    await Task.Delay(TimeSpan.FromMilliseconds((CodeWindowSeconds * 1000) - into + 50), _time, cancellationToken);
                    break;
                case LoginStep.Wait wait:
                    await session.WaitForChangeAsync(wait.Limit, cancellationToken);
                    break;
                case LoginStep.Ask or LoginStep.Done:
                    throw new InvalidOperationException("Asking and ending are not done to the page.");
            }
        }

        private Task TypeAsync(FieldValue field, CancellationToken cancellationToken) => OpenAsync(field.Slot, value =>
        {
            if (field.Character is not { } index) return session.TypeSecretAsync(field.Field, value, cancellationToken);
            return index < value.Length ? session.TypeSecretAsync(field.Field, value.Slice(index, 1), cancellationToken) : Task.CompletedTask;
        }, cancellationToken);

        private async Task OpenAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken)
        {
            if (slot.Name.StartsWith("answer:", StringComparison.Ordinal))
            {
                var name = slot.Name["answer:".Length..];
                if (_answers.TryGetValue(name, out var answer) && answer.Values.TryGetValue(name, out var secret)) await secret.Reveal(use);
                return;
            }
            await request.Secrets.UseAsync(slot, use, cancellationToken);
        }

        /// <summary>The option that the value names: its value, its label, or the only label it is part of.</summary>
        private static string? BestOption(IReadOnlyList<ChallengeOption> options, ReadOnlySpan<char> value)
        {
            foreach (var option in options)
                if (value.Equals(option.Value, StringComparison.OrdinalIgnoreCase) || value.Equals(option.Label, StringComparison.OrdinalIgnoreCase)) return option.Value;
            string? part = null;
            foreach (var option in options)
            {
                if (!option.Label.AsSpan().Contains(value, StringComparison.OrdinalIgnoreCase)) continue;
                if (part is not null) return null;
                part = option.Value;
            }
            return part;
        }

        /// <summary>The option that shows the character. What it shows goes before what it sends, which is often a number of its own, and the very character before its other case.</summary>
        private static string? LetterOption(IReadOnlyList<ChallengeOption> options, ReadOnlySpan<char> character)
        {
            foreach (var comparison in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
            {
                foreach (var option in options)
                    if (option.Label.AsSpan().Trim().Equals(character, comparison)) return option.Value;
                foreach (var option in options)
                    if (option.Value.AsSpan().Equals(character, comparison) && option.Label.Trim().Length != 1) return option.Value;
            }

            return null;
        }

        /// <summary>False: no answer came in time.</summary>
        private async Task<bool> AskAsync(Challenge challenge, PageVerdict verdict, CancellationToken cancellationToken)
        {
            var asked = _time.GetTimestamp();
            ChallengeAnswer? answer;
            if (challenge.Type == "push_approval")
            {
                using var withdrawn = new CancellationTokenSource();
                using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                var asking = request.Desk.AskAsync(challenge, withdrawn.Token, cancellationToken);
                var watch = WatchAsync(challenge, verdict, withdrawn, watching.Token);
                try
                {
                    await Task.WhenAny(asking, watch);
                    // A browser that was lost while waiting ends the question as well.
                    if (watch.IsFaulted) await withdrawn.CancelAsync();
                    answer = await asking;
                }
                finally
                {
                    await watching.CancelAsync();
                    await EndAsync(watch);
                }
            }
            else
            {
                using var withdrawn = CancellationTokenSource.CreateLinkedTokenSource(session.Lost);
                answer = await request.Desk.AskAsync(challenge, withdrawn.Token, cancellationToken);
            }
            _withPeople += _time.GetElapsedTime(asked);
            if (answer is null) return false;
            foreach (var field in challenge.Fields)
            {
                if (!answer.Values.ContainsKey(field.Name)) continue;
                _answers.Remove(field.Name, out _);
                _answers[field.Name] = answer;
            }
            _kept.Add(answer);
            var choices = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var field in challenge.Fields.Where(f => f.Type == "select"))
                if (answer.Values.TryGetValue(field.Name, out var secret)) choices[field.Name] = secret.Reveal(value => new string(value.Span));
            if (challenge.Options.Count > 0 && answer.Values.TryGetValue(ChallengeOptions.Key, out var option)) choices[ChallengeOptions.Key] = option.Reveal(value => new string(value.Span));
            _progress = _progress.WithAnswer(challenge, answer.Values.Keys, choices);
            return true;
        }

        private readonly List<ChallengeAnswer> _kept = [];

        /// <summary>Looks on while a question is open; withdraws it as soon as the page is no longer what it was.</summary>
        private async Task WatchAsync(Challenge challenge, PageVerdict verdict, CancellationTokenSource withdrawn, CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                if (!await session.WaitForChangeAsync(PushPoll, cancellationToken)) continue;
                try
                {
                    var page = await session.LookAsync(LookPatience, cancellationToken);
                    var next = owner._engine.Next(page, _progress with { SinceStep = TimeSpan.Zero });
                    // A new word of the site, such as "denied", is news as well; a countdown is not.
                    var isNews = next.Page != verdict ? next.Page != PageVerdict.Working : next.Step is LoginStep.Done || next.Step is LoginStep.Ask ask && !SameWords(ask.Challenge.Message, challenge.Message);
                    if (isNews)
                    {
                        await withdrawn.CancelAsync();
                        return;
                    }
                }
                catch (PageActionException)
                {
                    // Between two documents; the next change tells.
                }
            }
        }

        private static bool SameWords(string one, string other) => one.Where(c => !char.IsAsciiDigit(c)).SequenceEqual(other.Where(c => !char.IsAsciiDigit(c)));

        private static async Task EndAsync(Task watch)
        {
            try
            {
                await watch;
            }
            catch (OperationCanceledException)
            {
                // Asked to stop.
            }
        }

        /// <summary>The guard's reason when it refused the page itself.</summary>
        private string? RefusedHost()
        {
            foreach (var refusal in session.Refusals)
                if (string.Equals(refusal.Host, request.Url.Host, StringComparison.OrdinalIgnoreCase) || string.Equals(refusal.Host, request.LoginUrl?.Host, StringComparison.OrdinalIgnoreCase) || string.Equals(refusal.Host, _progress.StartUrl.Host, StringComparison.OrdinalIgnoreCase)) return refusal.Reason;
            return null;
        }

        private void Note(PageSnapshot page, LoginDecision decision, CancellationToken cancellationToken)
        {
            // An address may carry a token in its query; notes keep the place only.
            var note = new SignInStepNote(_time.GetUtcNow(), page.Url.GetLeftPart(UriPartial.Path), decision.Page.ToString(), Outspoken.Describe(decision.Step, page), decision.Why);
            _notes.Add(note);
            if (request.Witness is { } witness) _witness = witness.SawAsync(note, page, decision, Filled(decision.Step), cancellationToken);
        }

        private static IReadOnlyList<ElementId> Filled(LoginStep step) => step switch
        {
            LoginStep.Fill fill => [.. fill.Values.Select(v => v.Field), .. fill.Then is LoginStep.Press press ? [press.Element] : Array.Empty<ElementId>()],
            LoginStep.ChooseBySlot choose => [choose.Element],
            _ => [],
        };

        private SignInResult End(LoginOutcome outcome, bool timedOut = false) => new(outcome, timedOut, _notes)
        {
            Suggested = outcome is LoginOutcome.SignedIn ? _suggested : ImmutableDictionary<string, string>.Empty,
            Path = outcome is LoginOutcome.SignedIn ? _progress.Path : null,
            LedAstray = request.Learned is not null && (_progress.LedAstray || outcome is LoginOutcome.Unknown or LoginOutcome.FormNotFound or LoginOutcome.SourceUnavailable or LoginOutcome.Blocked),
        };

        public void Dispose()
        {
            foreach (var answer in _kept) answer.Dispose();
            session.Marks = LoginOverrides.None.Marks;
        }
    }

    private TimeProvider Time { get; } = time;

    private Action<PageSnapshot>? Seen { get; } = seen;
}
