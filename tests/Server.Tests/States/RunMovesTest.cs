using Ostiary.Server.Http;
using Ostiary.Server.TaskRuns;
using Xunit;

namespace Ostiary.Server.Tests.States;

/// <summary>Every method of a run in every status: it moves where the table says so, and answers null everywhere else.</summary>
public sealed class RunMovesTest
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly IReadOnlyDictionary<string, (string To, Func<TaskRunRow, TaskRunRow?> Move)> Methods = new Dictionary<string, (string, Func<TaskRunRow, TaskRunRow?>)>
    {
        ["Start"] = (RunStatuses.Running, r => r.Start(Now)),
        ["AwaitAnswer"] = (RunStatuses.InteractionRequired, r => r.AwaitAnswer(Now)),
        ["Resume"] = (RunStatuses.Running, r => r.Resume(Now)),
        ["AwaitReview"] = (RunStatuses.ReviewRequired, r => r.AwaitReview("{}", Now)),
        ["Approve"] = (RunStatuses.Completed, r => r.Approve(Now)),
        ["Complete"] = (RunStatuses.Completed, r => r.Complete("{}", Now)),
        ["Fail"] = (RunStatuses.Failed, r => r.Fail(new Fault("task", "timeout", "Too long."), Now)),
        ["RequestCancel"] = (RunStatuses.Canceling, r => r.RequestCancel(Now)),
        ["Cancel"] = (RunStatuses.Canceled, r => r.Cancel(Now)),
    };

    public static TheoryData<string, string> Cases => [.. RunStatuses.All.SelectMany(status => Methods.Keys.Select(method => (status, method)))];

    [Theory, MemberData(nameof(Cases))]
    public void A_run_moves_as_the_table_says_and_not_otherwise(string status, string method)
    {
        var (to, move) = Methods[method];
        var moved = move(new TaskRunRow { Id = "trun_1", Status = status, StartedAt = Now.AddSeconds(-5), Output = status == RunStatuses.ReviewRequired ? "{}" : null });
        // Only a waiting run resumes, and only one under review is approved; Start is how a queued one comes to run.
        var allowed = RunStatuses.Moves[status].Contains(to) && (method != "Resume" || status == RunStatuses.InteractionRequired) && (method != "Approve" || status == RunStatuses.ReviewRequired);
        Assert.Equal(allowed ? to : null, moved?.Status);
        if (moved is null) return;
        Assert.Equal(Now, moved.UpdatedAt);
        Assert.Equal(RunStatuses.IsOver(to) ? Now : null, moved.EndedAt);
        // Output is there while it counts, or is being judged.
        Assert.Equal(to is RunStatuses.Completed or RunStatuses.ReviewRequired, moved.Output is not null);
        Assert.Equal(to switch { RunStatuses.Completed => "success", RunStatuses.Failed => "failure", _ => null }, moved.Result);
    }
}
