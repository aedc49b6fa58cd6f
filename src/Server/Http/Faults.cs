namespace Ostiary.Server.Http;

/// <summary>One thing that is wrong, in the wire's words. The message never repeats a secret or an internal detail.</summary>
/// <param name="Type">request, idempotency, rate_limit, source, auth, interaction, session, connection, task, storage or api.</param>
/// <param name="Code">A stable code from the table in the API reference.</param>
/// <param name="Message">What is wrong, with which thing, and what to do.</param>
/// <param name="Field">The path of the faulty field (<c>auth_credentials.username</c>), when there is one.</param>
internal sealed record Fault(string Type, string Code, string Message, string? Field = null)
{
    public static Fault Missing(string field) => new("request", "input_missing", $"`{field}` is required.", field);

    public static Fault Invalid(string field, string message) => new("request", "input_invalid", message, field);

    public static Fault Conflict(string message) => new("request", "state_conflict", message);
}
