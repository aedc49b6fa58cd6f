using Dapper;
using Ostiary.Login;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;

namespace Ostiary.Server.SignIns;

/// <summary>
/// Counts the sign-ins that reach a website, over all workers and restarts, and says when there were enough of them: an account that somebody else's failures have locked is harm done to
/// its user. Every attempt is written before its first value is typed. It is a failure when the site has refused it or nobody understood the answer; one that was canceled, killed or left without
/// the user's answer is neither: the site has decided nothing.
/// </summary>
internal sealed class SignInBudgets(Db db, CredentialVault vault, SignInOptions options, TimeProvider time, ILogger<SignInBudgets> logger)
{
    private const string IsFailure = "ending IN ('rejected', 'locked', 'failed')";

    /// <summary>Why no sign-in may begin now, or null. Nothing was sent when it says so.</summary>
    public async Task<Fault?> UsedUpAsync(CredentialRow credential, byte[] account, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        Oldest found;
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            // Of each budget the oldest of the newest attempts that fill it: when that one is over, the next may begin.
            found = await connection.QuerySingleAsync<Oldest>(new CommandDefinition(
                $"""
                SELECT
                    (SELECT CASE WHEN count(*) = @FailuresPerAccount AND NOT bool_or(ending = 'signed_in') THEN min(touched_at) END FROM
                        (SELECT touched_at, ending FROM sign_in_attempts WHERE account = @account AND touched_at > @since AND (ending = 'signed_in' OR {IsFailure}) ORDER BY touched_at DESC LIMIT @FailuresPerAccount) newest) AS of_account,
                    (SELECT CASE WHEN count(*) = @AttemptsPerCredential THEN min(touched_at) END FROM
                        (SELECT touched_at FROM sign_in_attempts WHERE credential_id = @Id AND touched_at > @since ORDER BY touched_at DESC LIMIT @AttemptsPerCredential) newest) AS of_credential,
                    (SELECT CASE WHEN count(*) = @FailuresPerSource THEN min(touched_at) END FROM
                        (SELECT touched_at FROM sign_in_attempts WHERE source_id = @SourceId AND {IsFailure} AND touched_at > @since ORDER BY touched_at DESC LIMIT @FailuresPerSource) newest) AS of_source,
                    l.ended_at AS locked_at, l.message AS locked_says
                FROM (SELECT 1) AS once LEFT JOIN LATERAL
                    (SELECT ended_at, message FROM sign_in_attempts WHERE account = @account AND ending = 'locked' AND ended_at > @lockedSince AND NOT (credential_id = @Id AND credential_version < @Version) ORDER BY ended_at DESC LIMIT 1) l ON true
                """,
                new { credential.Id, credential.SourceId, credential.Version, account, since = now - options.Window, lockedSince = now - options.LockedPause, options.FailuresPerAccount, options.AttemptsPerCredential, options.FailuresPerSource },
                cancellationToken: cancellationToken));
        }

        var window = Words(options.Window);
        (DateTimeOffset? Since, TimeSpan For, string Code, string Says)[] all =
        [
            (found.LockedAt, options.LockedPause, "auth_locked", $"The website said that this account is locked ({(found.LockedSays is { Length: > 0 } says ? says.TrimEnd('.') : "it gave no reason")}), and trying again could keep it locked."),
            (found.OfAccount, options.Window, "sign_in_budget", $"The last {options.FailuresPerAccount} sign-ins with this account failed within {window}, and one more could lock it."),
            (found.OfCredential, options.Window, "sign_in_budget", $"This credential was used for {options.AttemptsPerCredential} sign-ins within {window}."),
            (found.OfSource, options.Window, "sign_in_budget", $"{options.FailuresPerSource} sign-ins at this source failed within {window}."),
        ];
        var (since, length, code, text) = all.MaxBy(budget => budget.Since + budget.For);
        if (since is not { } start) return null;
        // Told in whole seconds: the next one, so that whoever starts then is not refused.
        var until = DateTimeOffset.FromUnixTimeSeconds((start + length).ToUnixTimeSeconds() + 1).UtcDateTime;
        Log.BudgetUsedUp(logger, credential.Id, credential.SourceId, until, code == "auth_locked" ? "the site has locked the account" : text);
        return new Fault("auth", code, $"{text} Nothing was sent; try again after {until:yyyy-MM-dd'T'HH:mm:ss'Z'}.");
    }

    /// <summary>Whose failures are counted together: a user at a website. Without a user name every credential is an account of its own.</summary>
    public Task<byte[]> AccountOfAsync(CredentialRow credential, CancellationToken cancellationToken) => vault.AccountAsync(credential, cancellationToken);

    /// <summary>True when a sign-in of the account failed lately: then its credentials take turns, verified or not.</summary>
    public async Task<bool> HasFailedAsync(byte[] account, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<bool>(new CommandDefinition(
            $"SELECT EXISTS (SELECT 1 FROM sign_in_attempts WHERE account = @account AND touched_at > @since AND {IsFailure})",
            new { account, since = time.GetUtcNow() - options.Window },
            cancellationToken: cancellationToken));
    }

    /// <summary>Commits that a value is about to be typed.</summary>
    public async Task<long> BeginAsync(CredentialRow credential, byte[] account, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<long>(new CommandDefinition(
            "INSERT INTO sign_in_attempts (source_id, credential_id, credential_version, account, touched_at) VALUES (@SourceId, @Id, @Version, @account, @now) RETURNING id",
            new { credential.SourceId, credential.Id, credential.Version, account, now = time.GetUtcNow() },
            cancellationToken: cancellationToken));
    }

    /// <summary>Notes that the attempt got in, in the commit that verifies the credential.</summary>
    public Task SucceededAsync(DbTransactionScope scope, long attempt, CancellationToken cancellationToken) => EndAsync(scope.Connection, scope.Transaction, attempt, "signed_in", null, cancellationToken);

    /// <summary>
    /// Notes how the attempt ended that did not get in. A commit of its own and not its owner's: what the website has seen is true also when the owner was stopped, or ended by somebody else, meanwhile.
    /// </summary>
    public async Task EndedAsync(long attempt, SignInResult result, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var (ending, message) = result.Outcome switch
        {
            _ when result.TimedOut => ("undecided", (string?)null),
            LoginOutcome.Rejected => ("rejected", null),
            LoginOutcome.Locked locked => ("locked", locked.Message),
            LoginOutcome.Denied or LoginOutcome.Unknown => ("failed", null),
            // It wants a new password, is down, or asks for what nobody can give: the values may be right.
            _ => ("undecided", null),
        };
        await EndAsync(connection, null, attempt, ending, message, cancellationToken);
    }

    /// <summary>Forgets what no longer counts; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(System.Data.IDbConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM sign_in_attempts WHERE touched_at < @before", new { before }, cancellationToken: cancellationToken));

    /// <summary>Credentials with attempts that did not get in, as the operator sees them.</summary>
    public static async Task<IReadOnlyList<FailedSignIns>> ListAsync(Db db, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<FailedSignIns>(new CommandDefinition(
                $"""
                SELECT source_id, credential_id, count(*) AS attempts, count(*) FILTER (WHERE {IsFailure}) AS failures, max(touched_at) AS newest_at, bool_or(ending = 'locked') IS TRUE AS locked
                FROM sign_in_attempts GROUP BY source_id, credential_id HAVING count(*) FILTER (WHERE ending IS DISTINCT FROM 'signed_in') > 0 ORDER BY max(touched_at) DESC LIMIT 1000
                """,
                cancellationToken: cancellationToken)),
        ];
    }

    /// <summary>Forgets the attempts at a source, or those of a credential and of all others that hold its account. Returns how many.</summary>
    public static async Task<int> ForgetOfAsync(Db db, string id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM sign_in_attempts WHERE source_id = @id OR credential_id = @id OR account IN (SELECT account FROM sign_in_attempts WHERE credential_id = @id)", new { id }, cancellationToken: cancellationToken));
    }

    private Task EndAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, long attempt, string ending, string? message, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sign_in_attempts SET ending = @ending, ended_at = @now, message = @message WHERE id = @attempt", new { attempt, ending, message, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));

    private static string Words(TimeSpan span) =>
        span.TotalSeconds < 120 ? Count(span.TotalSeconds, "second") : span.TotalMinutes < 120 && span != TimeSpan.FromHours(1) ? Count(span.TotalMinutes, "minute") : Count(span.TotalHours, "hour");

    private static string Count(double number, string unit) => FormattableString.Invariant($"{number:0.#} {unit}{(Math.Abs(number - 1) < 0.05 ? "" : "s")}");

    private sealed class Oldest
    {
        public DateTimeOffset? OfAccount { get; init; }
        public DateTimeOffset? OfCredential { get; init; }
        public DateTimeOffset? OfSource { get; init; }
        public DateTimeOffset? LockedAt { get; init; }
        public string? LockedSays { get; init; }
    }
}

/// <summary>Sign-ins of one credential that are still remembered; some did not get in.</summary>
internal sealed record FailedSignIns
{
    public string SourceId { get; init; } = "";
    public string CredentialId { get; init; } = "";
    public long Attempts { get; init; }
    public long Failures { get; init; }
    public DateTimeOffset NewestAt { get; init; }
    public bool Locked { get; init; }
}
