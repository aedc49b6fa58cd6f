using Ostiary.Login;
using Ostiary.Server.Data;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.SignIns;

namespace Ostiary.Server.TaskRuns;

/// <summary>Puts a sign-in's questions to the user of a run.</summary>
internal sealed class RunDesk(TaskRunRow run, Db db, TaskRunStore runs, Questions questions, ActivePlace place, TimeProvider time) : OwnersDesk(run.Id, db, questions, place)
{
    private readonly Questions _questions = questions;

    protected override async Task<InteractionRow?> PutAsync(DbTransactionScope scope, Challenge challenge, CancellationToken cancellationToken)
    {
        if ((await LockAsync(scope, cancellationToken))?.AwaitAnswer(time.GetUtcNow()) is not { } waiting) return null;
        var question = await _questions.AskAsync(scope, run.Organization, run.Id, challenge, waiting.Deadline ?? DateTimeOffset.MaxValue, cancellationToken);
        await runs.WriteAsync(scope, waiting, question.ToObject(), cancellationToken);
        return question;
    }

    protected override async Task<bool> IsWaitingAsync(DbTransactionScope scope, CancellationToken cancellationToken) => (await LockAsync(scope, cancellationToken))?.Status == RunStatuses.InteractionRequired;

    protected override async Task ResumeAsync(DbTransactionScope scope, CancellationToken cancellationToken)
    {
        if ((await LockAsync(scope, cancellationToken))?.Resume(time.GetUtcNow()) is { } resumed) await runs.WriteAsync(scope, resumed, null, cancellationToken);
    }

    protected override async Task<bool> IsStoppedAsync(DbTransactionScope scope, CancellationToken cancellationToken) =>
        await LockAsync(scope, cancellationToken) is not { } current || current.IsOver || current.Status == RunStatuses.Canceling;

    private Task<TaskRunRow?> LockAsync(DbTransactionScope scope, CancellationToken cancellationToken) => TaskRunStore.LockAsync(scope, run.Organization, run.Id, cancellationToken);
}
