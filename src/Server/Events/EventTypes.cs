namespace Ostiary.Server.Events;

/// <summary>Every type of event this server can record.</summary>
internal static class EventTypes
{
    public static readonly IReadOnlyList<string> All =
    [
        "agent.created", "agent.updated", "agent.deleted",
        "source.created", "source.updated", "source.deleted",
        "task.created", "task.updated", "task.deleted", "task.reset",
        "task_run.queued", "task_run.running", "task_run.interaction_required", "task_run.review_required", "task_run.completed", "task_run.failed", "task_run.canceling", "task_run.canceled",
        "credential.created", "credential.unverified", "credential.verified", "credential.invalid", "credential.deleted",
        "connection.connecting", "connection.connected", "connection.interaction_required", "connection.invalid", "connection.disconnected", "connection.terminated",
        "session.queued", "session.running", "session.idle", "session.completing", "session.completed", "session.failed",
        "storage.created", "storage.deleted",
        "event_destination.deactivated",
    ];

    private static readonly HashSet<string> Known = [.. All];

    public static bool IsKnown(string type) => Known.Contains(type);
}
