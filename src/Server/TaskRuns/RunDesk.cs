using Ostiary.Login;
using Ostiary.Server.Data;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;

namespace Ostiary.Server.TaskRuns;

/// <summary>Puts a sign-in's questions to the user of a run. Question, deadline, status and event are one commit, made before anything waits.</summary>
internal sealed class RunDesk(TaskRunRow run, Db db, TaskRunStore runs, Questions questions, ActivePlace place, TimeProvider time) : IChallengeDesk
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

    private async Task<ChallengeAnswer?> AskAndWaitAsync(Challenge challenge, CancellationToken withdrawn, CancellationToken cancellationToken)
    {
        InteractionRow question;
        await using (var scope = await db.BeginAsync(cancellationToken))
        {
            var now = time.GetUtcNow();
            var current = await TaskRunStore.LockAsync(scope, run.Organization, run.Id, cancellationToken);
            if (current?.AwaitAnswer(now) is not { } waiting) throw new OperationCanceledException("The run was asked to stop before its question was put.");
            question = await questions.AskAsync(scope, run.Organization, run.Id, challenge, waiting.Deadline ?? DateTimeOffset.MaxValue, cancellationToken);
            await runs.WriteAsync(scope, waiting, question.ToObject(), cancellationToken);
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
                    // An answer won the race, or the run was asked to stop: the row tells which.
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await IsGoneAsync(cancellationToken)) throw new OperationCanceledException("The run was asked to stop while its question was open.");
                    break;
            }
        }
    }

    private async Task<bool> CloseAsync(string status, bool resume, CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        var current = await TaskRunStore.LockAsync(scope, run.Organization, run.Id, cancellationToken);
        if (current?.Status != RunStatuses.InteractionRequired || await Questions.PendingAsync(scope.Connection, scope.Transaction, run.Id, forUpdate: true, cancellationToken) is null) return false;
        await questions.CloseAsync(scope, run.Id, status, cancellationToken);
        if (resume && current.Resume(time.GetUtcNow()) is { } resumed) await runs.WriteAsync(scope, resumed, null, cancellationToken);
        await scope.CommitAsync(cancellationToken);
        return true;
    }

    private async Task<bool> IsGoneAsync(CancellationToken cancellationToken)
    {
        await using var scope = await db.BeginAsync(cancellationToken);
        var current = await TaskRunStore.LockAsync(scope, run.Organization, run.Id, cancellationToken);
        return current is null || current.IsOver || current.Status == RunStatuses.Canceling;
    }
}
