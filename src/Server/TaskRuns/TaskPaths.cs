using Dapper;
using Ostiary.Server.Data;
using Ostiary.Server.Sources;
using Ostiary.Server.Tasks;

namespace Ostiary.Server.TaskRuns;

/// <summary>A task that is reset starts from nothing: the learned ways to the sources that its runs used are forgotten with it.</summary>
internal sealed class TaskPaths : ITaskMemory
{
    public async Task ForgetAsync(DbTransactionScope scope, string taskId, CancellationToken cancellationToken)
    {
        var sources = await scope.Connection.QueryAsync<string>(new CommandDefinition("SELECT DISTINCT source_id FROM task_runs WHERE task_id = @taskId AND source_id IS NOT NULL", new { taskId }, scope.Transaction, cancellationToken: cancellationToken));
        await LearnedPaths.ForgetAsync(scope.Connection, scope.Transaction, [.. sources], cancellationToken);
    }
}
