using Ostiary.Server.Tasks;
using Xunit;

namespace Ostiary.Server.Tests.States;

/// <summary>What one more run makes of a task, for every status and record.</summary>
public sealed class TaskRecordTest
{
    private static readonly TaskOptions Options = new() { TestAfter = 2, LiveAfter = 4 };

    [Theory]
    [InlineData("learning", 0, "learning", 1)]
    [InlineData("learning", 1, "test", 2)]
    [InlineData("test", 0, "test", 1)]
    [InlineData("test", 2, "test", 3)]
    [InlineData("test", 3, "live", 4)]
    [InlineData("live", 4, "live", 4)]
    public void A_success_counts_until_the_task_is_live(string status, int successes, string to, int then) => Assert.Equal((to, then), TaskRecord.After(status, successes, success: true, Options));

    [Theory]
    [InlineData("learning", "learning")]
    [InlineData("test", "test")]
    [InlineData("live", "test")]
    public void A_failure_begins_the_counting_anew(string status, string to) => Assert.Equal((to, 0), TaskRecord.After(status, 3, success: false, Options));

    [Fact]
    public void No_record_makes_a_move_that_is_not_drawn()
    {
        foreach (var status in TaskStatuses.All)
        {
            for (var successes = 0; successes < 6; successes++)
            {
                foreach (var success in (bool[])[true, false])
                {
                    var (to, _) = TaskRecord.After(status, successes, success, Options);
                    Assert.True(to == status || TaskStatuses.Moves[status].Contains(to), $"{status} {successes} {success} {to}");
                }
            }
        }
    }
}
