using Ostiary.Login;
using Ostiary.Server.Data;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;

namespace Ostiary.Server.SignIns;

/// <summary>
/// Puts a sign-in's questions to the user of a run or connection. Question, deadline, the owner's status and its event are one commit, made before anything waits. What the owner's
/// part of such a commit is, the owner says.
/// </summary>
internal abstract class OwnersDesk(string ownerId, Db db, Questions questions, ActivePlace place) : IChallengeDesk
{
    public async Task<ChallengeAnswer?> AskAsync(Challenge challenge, CancellationToken withdrawn, CancellationToken cancellationToken)
    {
        // While a person is waited for, somebody else may drive a browser.
        place.Leave();
        try
        {
            return await AskAndWaitAsync(challenge, withdrawn, cancellationToken);
        }
        finally
        {
            await place.ReturnAsync(cancellationToken);
        }
    }

    /// <summary>Writes the question and moves the locked owner to <c>interaction_required</c>. Null: the owner was asked to stop.</summary>
    protected abstract Task<InteractionRow?> PutAsync(DbTransactionScope scope, Challenge challenge, CancellationToken cancellationToken);

    /// <summary>Locks the owner; true when it waits for an answer.</summary>
    protected abstract Task<bool> IsWaitingAsync(DbTransactionScope scope, CancellationToken cancellationToken);

    /// <summary>Moves the locked, waiting owner back to work.</summary>
    protected abstract Task ResumeAsync(DbTransactionScope scope, CancellationToken cancellationToken);

    /// <summary>Locks the owner; true when it is to go no further.</summary>
    protected abstract Task<bool> IsStoppedAsync(DbTransactionScope scope, CancellationToken cancellationToken);

    private async Task<ChallengeAnswer?> AskAndWaitAsync(Challenge challenge, CancellationToken withdrawn, CancellationToken cancellationToken)
    {
        InteractionRow question;
        await using (var scope = await db.BeginAsync(cancellationToken))
        {
            question = await PutAsync(scope, challenge, cancellationToken) ?? throw new OperationCanceledException($"{ownerId} was asked to stop before its question was put.");
            await scope.CommitAsync(cancellationToken);
        }

        while (true)
        {
            switch (await questions.WaitAsync(question, withdrawn, cancellationToken))
            {
                case AnswerOutcome.Answered answered:
                    return new ChallengeAnswer(answered.Values);
                case AnswerOutcome.Withdrawn when await CloseAsync(InteractionStatuses.Withdrawn, resume: true, cancellationToken):
                    return ChallengeAnswer.Empty;
                case AnswerOutcome.Expired when await CloseAsync(InteractionStatuses.Expired, resume: false, cancellationToken):
                    return null;
                default:
                    // An answer won the race, or the owner was asked to stop: the row tells which.
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await IsGoneAsync(cancellationToken)) throw new OperationCanceledException($"{ownerId} was asked to stop while its question was open.");
                    break;
            }
        }
    }

    private async Task<bool> CloseAsync(string status, bool resume, CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        if (!await IsWaitingAsync(scope, cancellationToken) || await Questions.PendingAsync(scope.Connection, scope.Transaction, ownerId, forUpdate: true, cancellationToken) is null) return false;
        await questions.CloseAsync(scope, ownerId, status, cancellationToken);
        if (resume) await ResumeAsync(scope, cancellationToken);
        await scope.CommitAsync(cancellationToken);
        return true;
    }

    private async Task<bool> IsGoneAsync(CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        return await IsStoppedAsync(scope, cancellationToken);
    }
}
