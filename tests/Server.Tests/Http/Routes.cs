namespace Ostiary.Server.Tests.Http;

/// <summary>The routes of the API as tables for tests that hold for all of them.</summary>
internal static class Routes
{
    /// <summary>A well-formed id that belongs to nothing, by prefix.</summary>
    public const string NoSuch = "0000000000000000000000";

    /// <summary>Method, path with <c>{id}</c>, prefix of the id, and the wire's word for the object.</summary>
    public static readonly IReadOnlyList<(string Method, string Path, string Prefix, string Object)> OfOneObject =
    [
        ("GET", "/v2/agents/{id}", "agt_", "agent"),
        ("PATCH", "/v2/agents/{id}", "agt_", "agent"),
        ("DELETE", "/v2/agents/{id}", "agt_", "agent"),
        ("GET", "/v2/sources/{id}", "src_", "source"),
        ("PATCH", "/v2/sources/{id}", "src_", "source"),
        ("DELETE", "/v2/sources/{id}", "src_", "source"),
        ("GET", "/v2/tasks/{id}", "task_", "task"),
        ("PATCH", "/v2/tasks/{id}", "task_", "task"),
        ("DELETE", "/v2/tasks/{id}", "task_", "task"),
        ("POST", "/v2/tasks/{id}/reset", "task_", "task"),
        ("POST", "/v2/tasks/{id}/run", "task_", "task"),
        ("GET", "/v2/credentials/{id}", "cred_", "credential"),
        ("PATCH", "/v2/credentials/{id}", "cred_", "credential"),
        ("DELETE", "/v2/credentials/{id}", "cred_", "credential"),
        ("POST", "/v2/credentials/{id}/verify", "cred_", "credential"),
        ("GET", "/v2/task-runs/{id}", "trun_", "task_run"),
        ("POST", "/v2/task-runs/{id}/interaction", "trun_", "task_run"),
        ("POST", "/v2/task-runs/{id}/cancel", "trun_", "task_run"),
        ("GET", "/v2/task-runs/{id}/storage", "trun_", "task_run"),
        ("GET", "/v2/connections/{id}", "conn_", "connection"),
        ("POST", "/v2/connections/{id}/interaction", "conn_", "connection"),
        ("POST", "/v2/connections/{id}/reconnect", "conn_", "connection"),
        ("POST", "/v2/connections/{id}/disconnect", "conn_", "connection"),
        ("GET", "/v2/sessions/{id}", "sess_", "session"),
        ("POST", "/v2/sessions/{id}/end", "sess_", "session"),
        ("GET", "/v2/storage/{id}", "stor_", "storage"),
        ("GET", "/v2/events/{id}", "evt_", "event"),
        ("GET", "/v2/event-destinations/{id}", "evtd_", "event_destination"),
        ("PATCH", "/v2/event-destinations/{id}", "evtd_", "event_destination"),
        ("DELETE", "/v2/event-destinations/{id}", "evtd_", "event_destination"),
        ("GET", "/v2/event-destinations/{id}/event-deliveries", "evtd_", "event_destination"),
        ("POST", "/v2/event-destinations/{id}/test", "evtd_", "event_destination"),
        ("POST", "/v2/event-destinations/{id}/rotate-secret", "evtd_", "event_destination"),
        ("POST", "/v2/event-destinations/{id}/replay", "evtd_", "event_destination"),
        ("GET", "/v2/api-keys/{id}", "key_", "api_key"),
        ("PATCH", "/v2/api-keys/{id}", "key_", "api_key"),
        ("POST", "/v2/api-keys/{id}/rotate", "key_", "api_key"),
        ("DELETE", "/v2/api-keys/{id}", "key_", "api_key"),
    ];

    /// <summary>Lists that are empty in a new organization.</summary>
    public static readonly IReadOnlyList<string> Lists = ["/v2/agents", "/v2/sources", "/v2/tasks", "/v2/credentials", "/v2/task-runs", "/v2/connections", "/v2/sessions", "/v2/events", "/v2/event-destinations"];

    public static readonly IReadOnlyList<string> Creates = ["/v2/agents", "/v2/sources", "/v2/tasks", "/v2/credentials", "/v2/connections", "/v2/event-destinations", "/v2/api-keys"];

    public static readonly IReadOnlyList<(string Method, string Path)> All =
    [
        ("GET", "/v2/test"), ("GET", "/v2/event-types"), ("GET", "/v2/events/stream"), ("GET", "/v2/api-keys"), ("GET", "/v2/organization"), ("PATCH", "/v2/organization"), ("POST", "/v2/token"),
        .. OfOneObject.Select(r => (r.Method, r.Path.Replace("{id}", r.Prefix + NoSuch, StringComparison.Ordinal))),
        .. Lists.Select(path => ("GET", path)),
        .. Creates.Select(path => ("POST", path)),
    ];
}
