using Ostiary.Login;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.Sources;

namespace Ostiary.Server.SignIns;

/// <summary>
/// Brings a browser into a source with a credential: for runs, for connections, and again for a browser that the site has signed out. A signed-in state kept from earlier is tried
/// first; a password is sent only when it no longer holds, by one attempt at a time, never when the source has refused it before, and only while the account's budget lasts.
/// </summary>
internal sealed class SigningIn(
    Db db, SignIn signIn, SignInTurns turns, CredentialVault vault, CredentialFindings findings, SignedInStates states, SignInBudgets budgets, SessionOptions options, SourceFindings sources, TimeProvider time, ISignInAdvisor? advisor = null)
{
    private static readonly Fault Rejected = new("auth", "auth_invalid", "The source has rejected this credential; update it and try again.");
    private static readonly Fault Deleted = new("auth", "auth_invalid", "The credential was deleted before it could be used.");

    /// <summary>
    /// What is decided before a browser is opened: whether the credential may be used, and the state to open with. Without a state the attempt takes its turn here, so that of several
    /// that start together one signs in and the others go on from its state. Null: go on with <see cref="EnterAsync"/>.
    /// </summary>
    public async Task<SignInEnding?> PrepareAsync(SignInAttempt attempt, ActivePlace place, CancellationToken cancellationToken)
    {
        await ReadCredentialAsync(attempt, cancellationToken);
        if (attempt.Credential is not { } credential || credential.AuthMethod == AuthMethods.None) return null;
        if (Unusable(credential) is { } unusable) return unusable;
        if (await FindStateAsync(attempt, DateTimeOffset.MinValue, cancellationToken)) return null;
        await TakeTurnAsync(attempt, place, credential.Id, cancellationToken);
        await ReadCredentialAsync(attempt, cancellationToken);
        if (Unusable(attempt.Credential) is { } found) return found;
        if (await FindStateAsync(attempt, DateTimeOffset.MinValue, cancellationToken))
        {
            await attempt.GiveTurnsBackAsync();
            return null;
        }

        // Before a browser is opened for nothing. Asked again in the account's turn: another of its credentials may be under way.
        credential = attempt.Credential ?? credential;
        return await NotToBeTriedAsync(credential, await vault.FingerprintAsync(credential, cancellationToken), await budgets.AccountOfAsync(credential, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Leaves the browser on the source's page: still signed in, signed in anew, or as anybody when there is nothing to sign in with. <see cref="SignInEnding.Reopen"/>: a newer state was
    /// found while waiting for the turn; open the browser with it and enter again.
    /// </summary>
    public async Task<SignInEnding> EnterAsync(SignInAttempt attempt, LiveSession session, SourceRow source, ActivePlace place, IChallengeDesk desk, CancellationToken cancellationToken)
    {
        var ending = await ReachAsync(attempt, session, source, place, desk, cancellationToken);
        // Noted once, by whoever comes first.
        if (ending is SignInEnding.In && source is { LogoUrl: null, FoundLogoUrl: null } && await session.Browser.FindIconAsync(cancellationToken) is { } icon && icon.AbsoluteUri.Length <= SourceRoutes.LongestUrl)
            await sources.LogoAsync(attempt.Organization, source.Id, icon.AbsoluteUri, cancellationToken);
        return ending;
    }

    private async Task<SignInEnding> ReachAsync(SignInAttempt attempt, LiveSession session, SourceRow source, ActivePlace place, IChallengeDesk desk, CancellationToken cancellationToken)
    {
        if (attempt.Credential is null) await ReadCredentialAsync(attempt, cancellationToken);
        if (attempt.Credential is not { } credential || credential.AuthMethod == AuthMethods.None) return await OpenPageAsync(session, source, cancellationToken);
        if (session.SignedInPage is { } page)
        {
            if (await page.StillHoldsAsync(session.Browser, time, cancellationToken))
            {
                (session.SignedIn, session.ConfirmedAt) = (true, time.GetUtcNow());
                attempt.Steps = [new SignInStepNote(session.ConfirmedAt, page.Address.GetLeftPart(UriPartial.Path), nameof(PageVerdict.Connected), "done: still signed in", ["an earlier sign-in still holds"])];
                return SignInEnding.In.It;
            }

            session.SignedIn = false;
        }

        return await SignInAsync(attempt, session, source, place, desk, cancellationToken);
    }

    /// <summary>Keeps what the browser's site remembers, for the next time. Called when nobody drives the browser; does nothing for one that is not signed in.</summary>
    public async Task KeepAsync(SignInAttempt attempt, LiveSession session, CancellationToken cancellationToken)
    {
        if (options.KeepSignedInFor <= TimeSpan.Zero || session is not { SignedIn: true, SignedInPage: { } page } || attempt.Credential is not { } credential) return;
        using var state = await SignedInState.TakeAsync(session, page, cancellationToken);
        if (state is null) return;
        var bytes = state.ToBytes();
        try
        {
            await states.KeepAsync(credential, bytes, session.ConfirmedAt, cancellationToken);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static SignInEnding? Unusable(CredentialRow? credential) => credential?.Status switch
    {
        CredentialStatuses.Invalid => new SignInEnding.Refused(Rejected, credential, null),
        CredentialStatuses.Deleted => new SignInEnding.Failed(Deleted),
        _ => null,
    };

    private static async Task<SignInEnding> OpenPageAsync(LiveSession session, SourceRow source, CancellationToken cancellationToken)
    {
        await session.Browser.NavigateAsync(new Uri(source.Url), cancellationToken);
        var page = await session.Browser.LookAsync(TimeSpan.FromSeconds(10), cancellationToken);
        if (session.Browser.Refusals.FirstOrDefault(r => r.Host.Equals(new Uri(source.Url).Host, StringComparison.OrdinalIgnoreCase)) is { } refusal)
            return Failed("source", "source_blocked", $"The source may not be reached from here: {refusal.Reason}");
        return page.NavigationError is { } error ? Failed("source", "source_not_available", $"The source does not answer ({error}).") : SignInEnding.In.It;
    }

    private async Task<SignInEnding> SignInAsync(SignInAttempt attempt, LiveSession session, SourceRow source, ActivePlace place, IChallengeDesk desk, CancellationToken cancellationToken)
    {
        var credential = attempt.Credential!;
        if (attempt.Turns.Count == 0)
        {
            await TakeTurnAsync(attempt, place, credential.Id, cancellationToken);
            // What the one before us found out counts.
            await ReadCredentialAsync(attempt, cancellationToken);
            credential = attempt.Credential ?? credential;
            if (await FindStateAsync(attempt, session.ConfirmedAt, cancellationToken))
            {
                await attempt.GiveTurnsBackAsync();
                return SignInEnding.Reopen.It;
            }
        }

        if (Unusable(credential) is { } unusable) return unusable;
        var fingerprint = await vault.FingerprintAsync(credential, cancellationToken);
        var account = await budgets.AccountOfAsync(credential, cancellationToken);
        // Another credential may hold the same account, and be on its way with the same wrong password, or with another one, at this moment.
        if (credential.Status != CredentialStatuses.Verified || await budgets.HasFailedAsync(account, cancellationToken)) await TakeTurnAsync(attempt, place, Convert.ToHexStringLower(account), cancellationToken);
        if (await NotToBeTriedAsync(credential, fingerprint, account, cancellationToken) is { } known) return known;

        var opener = new CredentialSecrets(credential, vault, db, time);
        var secrets = new TouchingSecrets(opener, await opener.AvailableAsync(cancellationToken), attempt, () => budgets.BeginAsync(credential, account, cancellationToken));
        var provider = credential.AuthMethod == AuthMethods.GoogleSso ? options.Google : null;
        var overrides = SourceOverrides.Of(source.Overrides);
        var request = new SignInRequest(new Uri(source.Url), Corrections.LoginUrlOf(source, overrides), secrets, desk, provider)
        {
            Witness = attempt.Witness,
            Overrides = Corrections.Of(overrides),
            Advisor = advisor,
            // A provider's credentials go another way than the site's own.
            Learned = provider is null ? Corrections.Read(await LearnedPaths.FindAsync(db, source.Id, cancellationToken)) : null,
        };
        var result = await signIn.RunAsync(session.Browser, request, cancellationToken);
        attempt.Steps = result.Steps;
        // What the site has seen is noted also when this work is told to stop right now.
        if (secrets.Attempt is { } made && result.Outcome is not LoginOutcome.SignedIn) await budgets.EndedAsync(made, result, CancellationToken.None);
        if (result.LedAstray) await ForgetAsync(source, cancellationToken);
        if (result.TimedOut) return Failed("interaction", "interaction_timeout", "The source's question was not answered in time; start again and answer it.");
        switch (result.Outcome)
        {
            case LoginOutcome.SignedIn:
                await EnteredAsync(attempt, session, source, credential, result, secrets.Attempt, cancellationToken);
                return SignInEnding.In.It;
            case LoginOutcome.Rejected rejected: return new SignInEnding.Refused(new Fault("auth", "auth_invalid", rejected.Message), credential, fingerprint);
            case LoginOutcome.Denied denied: return Failed("interaction", "interaction_denied", denied.Message);
            case LoginOutcome.Locked locked: return Failed("auth", "auth_locked", locked.Message);
            case LoginOutcome.PasswordChangeRequired change: return Failed("auth", "password_change_required", change.Message);
            case LoginOutcome.Blocked blocked: return Failed("source", "source_blocked", blocked.Message);
            case LoginOutcome.SourceUnavailable away: return Failed("source", "source_not_available", away.Message);
            case LoginOutcome.FormNotFound missing: return Failed("auth", "auth_form_not_found", missing.Message);
            case LoginOutcome.Unknown unknown:
                attempt.Witness?.Unsure(unknown.Message);
                return Failed("source", "source_error", unknown.Message);
            default: throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>The credential is known to be good, the way to the sign-in is learned, and the state is kept, before the next in turn goes on.</summary>
    private async Task EnteredAsync(SignInAttempt attempt, LiveSession session, SourceRow source, CredentialRow credential, SignInResult result, long? made, CancellationToken cancellationToken)
    {
        (session.SignedIn, session.ConfirmedAt) = (true, time.GetUtcNow());
        session.SignedInPage = SignedInPage.Of(session.Browser);
        await using (var scope = await db.BeginAsync(cancellationToken))
        {
            await findings.VerifiedAsync(scope, credential, cancellationToken);
            if (made is { } counted) await budgets.SucceededAsync(scope, counted, cancellationToken);
            if (result.Path is { } path) await LearnedPaths.KeepAsync(scope, source, Corrections.Write(path), session.ConfirmedAt, cancellationToken);
            if (result.Suggested.Count > 0) await SourceFindings.SuggestAsync(scope, source, result.Suggested, cancellationToken);
            await scope.CommitAsync(cancellationToken);
        }

        await KeepAsync(attempt, session, cancellationToken);
        await attempt.GiveTurnsBackAsync();
    }

    /// <summary>What is known without asking the site: it has refused these values, or it has seen enough sign-ins for now.</summary>
    private async Task<SignInEnding?> NotToBeTriedAsync(CredentialRow credential, byte[]? fingerprint, byte[] account, CancellationToken cancellationToken)
    {
        if (fingerprint is not null && await CredentialFindings.EarlierRefusalAsync(db, credential, fingerprint, cancellationToken) is { } earlier)
            return new SignInEnding.Refused(new Fault("auth", "auth_invalid", earlier), credential, fingerprint);
        return await budgets.UsedUpAsync(credential, account, cancellationToken) is { } usedUp ? new SignInEnding.Failed(usedUp) : null;
    }

    private async Task ForgetAsync(SourceRow source, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        await LearnedPaths.ForgetAsync(connection, null, [source.Id], cancellationToken);
    }

    /// <summary>True when there is a state that was known to hold after <paramref name="newerThan"/>.</summary>
    private async Task<bool> FindStateAsync(SignInAttempt attempt, DateTimeOffset newerThan, CancellationToken cancellationToken)
    {
        if (attempt.ProvesCredential || options.KeepSignedInFor <= TimeSpan.Zero || attempt.Credential is not { } credential) return false;
        var oldest = time.GetUtcNow() - options.KeepSignedInFor;
        using var kept = await states.FindAsync(credential, newerThan > oldest ? newerThan : oldest, cancellationToken);
        if (kept is null || SignedInState.Read(kept.Bytes, kept.ConfirmedAt) is not { } state) return false;
        attempt.State?.Dispose();
        attempt.State = state;
        return true;
    }

    private async Task ReadCredentialAsync(SignInAttempt attempt, CancellationToken cancellationToken)
    {
        if (attempt.CredentialId is not { } id) return;
        await using var connection = await db.OpenAsync(cancellationToken);
        attempt.Credential = await CredentialRow.FindAsync(connection, null, attempt.Organization, CredentialId.Of(id), forUpdate: false, cancellationToken);
    }

    // While it waits for its turn, somebody else may drive a browser.
    private async Task TakeTurnAsync(SignInAttempt attempt, ActivePlace place, string whatFor, CancellationToken cancellationToken)
    {
        place.Leave();
        attempt.Turns.Push(await turns.TakeAsync(whatFor, attempt.Item.Id, cancellationToken));
        await place.ReturnAsync(cancellationToken);
    }

    private static SignInEnding.Failed Failed(string type, string code, string message) => new(new Fault(type, code, message));

    /// <summary>Notes that the site is about to be touched, and counts the attempt, before the first value is opened.</summary>
    private sealed class TouchingSecrets(CredentialSecrets secrets, IReadOnlySet<Slot> available, SignInAttempt attempt, Func<Task<long>> begin) : ISignInSecrets
    {
        /// <summary>The attempt as it is counted; null while nothing was opened.</summary>
        public long? Attempt { get; private set; }

        public IReadOnlySet<Slot> Available => available;

        public async Task UseAsync(Slot slot, Func<ReadOnlyMemory<char>, Task> use, CancellationToken cancellationToken)
        {
            await attempt.TouchAsync(cancellationToken);
            Attempt ??= await begin();
            await secrets.UseAsync(slot, use, cancellationToken);
        }
    }
}

/// <summary>What the room registers; it has no routes.</summary>
internal static class SignInRoom
{
    public static IServiceCollection AddSignIns(this IServiceCollection services, bool isWorker) => isWorker ? services.AddSingleton<SignInTurns>().AddSingleton<SignInBudgets>().AddSingleton<SigningIn>() : services;
}
