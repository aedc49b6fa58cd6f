namespace Ostiary.Server.Http;

/// <summary>A code of an error, as the reference lists it.</summary>
/// <param name="Type">The family: <c>request</c>, <c>source</c>, <c>auth</c>, …</param>
/// <param name="Code">Stable; a program may decide by it.</param>
/// <param name="Status">The HTTP status; null for what happens to a run or connection later and stands in its <c>errors</c>.</param>
/// <param name="Meaning">One sentence for a customer.</param>
internal sealed record FaultCode(string Type, string Code, int? Status, string Meaning);

/// <summary>
/// Every code that an error may carry. A route names those of its own (<see cref="RouteDescription.Fails"/>); what holds for all routes is added to each by the document.
/// </summary>
internal static class FaultTable
{
    public static readonly IReadOnlyList<FaultCode> All =
    [
        new("request", "input_missing", 400, "A required field is absent."),
        new("request", "input_invalid", 400, "A field, a query parameter or the body itself is not what it must be."),
        new("source", "source_invalid", 400, "The address of the website is not absolute http or https, or may not be reached from here."),
        new("idempotency", "idempotency_key_error", 400, "`Idempotency-Key` is empty, given twice or longer than 256 characters."),
        new("request", "api_key_invalid", 401, "No key was sent, or nobody knows it."),
        new("request", "forbidden", 403, "The key is known and may not do this."),
        new("request", "route_not_found", 404, "There is no such route."),
        new("source", "source_not_found", 404, "The source that the request names does not exist here."),
        new("request", "method_not_allowed", 405, "The route does not answer this method; `Allow` says which it does."),
        new("request", "state_conflict", 409, "The object is in a status that does not allow this."),
        new("request", "id_conflict", 409, "The id chosen by the client is taken."),
        new("request", "interaction_not_pending", 409, "Nothing waits for this answer, or another one came first."),
        new("connection", "connection_not_connected", 409, "The connection has no live session to run on."),
        new("idempotency", "idempotency_error", 409, "The `Idempotency-Key` was used for a different request."),
        new("request", "body_too_large", 413, "The body is larger than the server accepts."),
        new("request", "input_invalid", 414, "The address and its query are too long."),
        new("request", "input_invalid", 415, "The body is not said to be JSON; send `Content-Type: application/json`."),
        new("rate_limit", "rate_limit_exceeded", 429, "Too many requests; `Retry-After` says how many seconds to wait."),
        new("rate_limit", "session_limit_exceeded", 429, "All sessions of the organization are in use."),
        new("api", "api_error", 500, "Something went wrong on the server's side; quote the request id."),
        new("api", "timeout", 500, "The server could not answer in time."),

        new("auth", "auth_invalid", null, "The website rejected the credentials."),
        new("auth", "auth_locked", null, "The website says that the account is locked; for a while it is not asked again."),
        new("auth", "sign_in_budget", null, "There were enough sign-ins for now: nothing was sent, so that the website does not lock the account. The message says until when."),
        new("auth", "auth_form_not_found", null, "No way to sign in was found on the page."),
        new("auth", "password_change_required", null, "The website wants a new password before it goes on."),
        new("source", "source_not_available", null, "The website could not be reached, or says that it is closed for now."),
        new("source", "source_blocked", null, "A bot wall or captcha is in the way, or the address may not be reached from here."),
        new("source", "source_error", null, "The website answered with an error."),
        new("interaction", "interaction_timeout", null, "Nobody answered the question in time."),
        new("interaction", "interaction_denied", null, "The user refused on the other device."),
        new("session", "timeout", null, "No browser was free in time."),
        new("session", "session_lost", null, "The browser, or the machine it ran on, died."),
        new("session", "session_idle", null, "Nothing used the session for too long, so its browser was closed."),
        new("session", "session_ended", null, "The session was ended: by request, by a stop of its server, or to make room for others."),
        new("task", "timeout", null, "The task took longer than its `timeout_seconds`."),
        new("task", "output_invalid", null, "What came out does not match the task's `output_schema`."),
        new("task", "model_not_configured", null, "The task has no program, and no language model is configured to do without one."),
        new("task", "step_failed", null, "A step of the task's program could not be done."),
        new("task", "review_rejected", null, "A person rejected the output."),
        new("storage", "extraction_failed", null, "Nothing could be extracted from a file."),
        new("storage", "file_too_large", null, "A file is larger than the server keeps."),
        new("api", "api_error", null, "Something went wrong on the server's side."),
    ];

    /// <summary>A code that a request may be refused with; a code that is not in the table is a mistake in the route's description.</summary>
    public static FaultCode OfRequest(string code) =>
        All.FirstOrDefault(f => f.Code == code && f.Status is not null) ?? throw new ArgumentException($"The code `{code}` is not in FaultTable; add it with its status and meaning.", nameof(code));

    /// <summary>The code of a missing object of one kind: <c>agent_not_found</c>.</summary>
    public static FaultCode NotFound(string objectName) => new("request", $"{objectName}_not_found", 404, $"No such {objectName.Replace('_', ' ')} exists here.");
}
