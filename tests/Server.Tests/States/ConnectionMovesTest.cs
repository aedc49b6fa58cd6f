using Ostiary.Server.Connections;
using Ostiary.Server.Http;
using Xunit;

namespace Ostiary.Server.Tests.States;

/// <summary>Every method of a connection in every status: it moves where the table says so, and answers null everywhere else.</summary>
public sealed class ConnectionMovesTest
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Fault Why = new("session", "session_idle", "Idle.");

    private static readonly IReadOnlyDictionary<string, (string To, Func<ConnectionRow, ConnectionRow?> Move)> Methods = new Dictionary<string, (string, Func<ConnectionRow, ConnectionRow?>)>
    {
        ["Reconnect"] = (ConnectionStatuses.Connecting, r => r.Reconnect("sess_2", 8, Now)),
        ["AwaitAnswer"] = (ConnectionStatuses.InteractionRequired, r => r.AwaitAnswer(Now)),
        ["Resume"] = (ConnectionStatuses.Connecting, r => r.Resume(Now)),
        ["Connect"] = (ConnectionStatuses.Connected, r => r.Connect(Now)),
        ["Reject"] = (ConnectionStatuses.Invalid, r => r.Reject(Why, Now)),
        ["Disconnect"] = (ConnectionStatuses.Disconnected, r => r.Disconnect(Why, Now)),
        ["Terminate"] = (ConnectionStatuses.Terminated, r => r.Terminate(Now)),
    };

    public static TheoryData<string, string> Cases => [.. ConnectionStatuses.All.SelectMany(status => Methods.Keys.Select(method => (status, method)))];

    [Theory, MemberData(nameof(Cases))]
    public void A_connection_moves_as_the_table_says_and_not_otherwise(string status, string method)
    {
        var (to, move) = Methods[method];
        var before = new ConnectionRow { Id = "conn_1", Status = status, SessionId = "sess_1", WorkId = 7, SiteTouched = true, Errors = """[{"code":"old"}]""" };
        var moved = move(before);
        // Two ways lead to `connecting`, each from one status.
        var from = method switch { "Resume" => ConnectionStatuses.InteractionRequired, "Reconnect" => ConnectionStatuses.Disconnected, _ => status };
        Assert.Equal(ConnectionStatuses.Moves[status].Contains(to) && from == status ? to : null, moved?.Status);
        if (moved is null) return;
        Assert.Equal(Now, moved.UpdatedAt);
        switch (method)
        {
            case "Reconnect": Assert.Equal(("sess_2", 8L, false, "[]", Now), (moved.SessionId, moved.WorkId, moved.SiteTouched, moved.Errors, moved.ConnectingSince)); break;
            case "AwaitAnswer" or "Resume": Assert.Equal((7L, before.Errors), (moved.WorkId, moved.Errors)); break;
            case "Connect": Assert.Equal((null, "[]"), (moved.WorkId, moved.Errors)); break;
            case "Terminate": Assert.Equal((null, before.Errors), (moved.WorkId, moved.Errors)); break;
            default:
                Assert.Null(moved.WorkId);
                Assert.Contains("session_idle", moved.Errors, StringComparison.Ordinal);
                break;
        }
    }
}
