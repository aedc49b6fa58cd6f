using Ostiary.Login;
using Ostiary.Server.Data;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.SignIns;

namespace Ostiary.Server.Connections;

/// <summary>Puts a sign-in's questions to the user of a connection, at the latest until its sign-in must be over.</summary>
internal sealed class ConnectionDesk(ConnectionRow row, DateTimeOffset deadline, Db db, ConnectionStore connections, Questions questions, ActivePlace place, TimeProvider time) : OwnersDesk(row.Id, db, questions, place)
{
    private readonly Questions _questions = questions;

    protected override async Task<InteractionRow?> PutAsync(DbTransactionScope scope, Challenge challenge, CancellationToken cancellationToken)
    {
        if (await LockAsync(scope, cancellationToken) is not { } current || current.WorkId != row.WorkId || current.AwaitAnswer(time.GetUtcNow()) is not { } waiting) return null;
        var question = await _questions.AskAsync(scope, row.Organization, row.Id, challenge, deadline, cancellationToken);
        await connections.WriteAsync(scope, waiting, question.ToObject(), cancellationToken);
        return question;
    }

    protected override async Task<bool> IsWaitingAsync(DbTransactionScope scope, CancellationToken cancellationToken) => (await LockAsync(scope, cancellationToken))?.Status == ConnectionStatuses.InteractionRequired;

    protected override async Task ResumeAsync(DbTransactionScope scope, CancellationToken cancellationToken)
    {
        if ((await LockAsync(scope, cancellationToken))?.Resume(time.GetUtcNow()) is { } resumed) await connections.WriteAsync(scope, resumed, null, cancellationToken);
    }

    protected override async Task<bool> IsStoppedAsync(DbTransactionScope scope, CancellationToken cancellationToken) =>
        await LockAsync(scope, cancellationToken) is not { IsEntering: true } current || current.WorkId != row.WorkId;

    private Task<ConnectionRow?> LockAsync(DbTransactionScope scope, CancellationToken cancellationToken) => ConnectionStore.LockAsync(scope, row.Organization, row.Id, cancellationToken);
}
