using System.Text.Json;

namespace Ostiary.TestKit;

/// <summary>The objects of a story in one line each, and waiting for what becomes of them.</summary>
public static class Making
{
    /// <summary>Statuses that a run does not leave.</summary>
    public static readonly IReadOnlyList<string> Ended = ["completed", "failed", "canceled"];

    public static async Task<string> NewAgentAsync(this Api api, string name = "Statements") => (await api.PostAsync("/v2/agents", new { name })).Is(201).Id;

    public static async Task<string> NewSourceAsync(this Api api, string url = "http://127.0.0.1:9/") => (await api.PostAsync("/v2/sources", new { type = "website", website = new { url } })).Is(201).Id;

    public static async Task<string> NewCredentialAsync(this Api api, string source, string username, string? password, object? more = null, string? externalId = null, string authMethod = "username_password")
    {
        var values = new Dictionary<string, object?> { ["username"] = username, ["password"] = password ?? "" };
        if (more is not null)
        {
            foreach (var property in JsonSerializer.SerializeToElement(more).EnumerateObject()) values[property.Name] = property.Value;
        }

        return (await api.PostAsync("/v2/credentials", new { source_id = source, auth_method = authMethod, auth_credentials = values, external_id = externalId })).Is(201).Id;
    }

    /// <summary>A task in an agent of its own; <paramref name="more"/> adds fields (<c>program</c>, <c>output_schema</c>, …).</summary>
    public static async Task<string> NewTaskAsync(this Api api, object? more = null)
    {
        var fields = new Dictionary<string, object?> { ["name"] = "Look", ["agent_id"] = await api.NewAgentAsync() };
        if (more is not null)
        {
            foreach (var property in JsonSerializer.SerializeToElement(more).EnumerateObject()) fields[property.Name] = property.Value;
        }

        return (await api.PostAsync("/v2/tasks", fields)).Is(201).Id;
    }

    /// <summary>Starts a run with a credential.</summary>
    public static async Task<string> NewRunAsync(this Api api, string task, string credential, object? input = null) =>
        (await api.PostAsync($"/v2/tasks/{task}/run", new { credential_id = credential, input = input ?? new { } })).Is(201).Has("status", "queued").Id;

    /// <summary>Waits until a run has one of the statuses. A run that ended otherwise is a failure at once.</summary>
    public static async Task<Answer> RunReachesAsync(this Api api, string run, params string[] statuses)
    {
        Answer? last = null;
        return await Eventually.GetAsync(
            $"The run {run} is {string.Join(" or ", statuses)}",
            async () =>
            {
                last = (await api.GetAsync($"/v2/task-runs/{run}?include=artifacts")).Is(200);
                var status = last["status"].GetString()!;
                if (statuses.Contains(status)) return last;
                if (Ended.Contains(status)) throw new UnmetExpectationException($"The run {run} should be {string.Join(" or ", statuses)}; it is: {last.Text}");
                return null;
            },
            TimeSpan.FromSeconds(120),
            () => last?.Text ?? "");
    }

    /// <summary>Waits for the end of a run, whatever it is.</summary>
    public static Task<Answer> RunEndsAsync(this Api api, string run) => api.RunReachesAsync(run, [.. Ended]);

    /// <summary>Waits until a connection has one of the statuses. One that is invalid, disconnected or terminated instead is a failure at once.</summary>
    public static async Task<Answer> ConnectionReachesAsync(this Api api, string connection, params string[] statuses)
    {
        Answer? last = null;
        return await Eventually.GetAsync(
            $"The connection {connection} is {string.Join(" or ", statuses)}",
            async () =>
            {
                last = (await api.GetAsync($"/v2/connections/{connection}")).Is(200);
                var status = last["status"].GetString()!;
                if (statuses.Contains(status)) return last;
                if (status is "invalid" or "terminated" or "disconnected") throw new UnmetExpectationException($"The connection {connection} should be {string.Join(" or ", statuses)}; it is: {last.Text}");
                return null;
            },
            TimeSpan.FromSeconds(120),
            () => last?.Text ?? "");
    }

    /// <summary>All events, oldest first, that tell of one object (by the <c>id</c> in their data), as their types.</summary>
    public static async Task<IReadOnlyList<string>> EventsOfAsync(this Api api, string objectId) =>
        [.. (await api.ListAsync("/v2/events")).Where(e => e.GetProperty("data").GetProperty("id").GetString() == objectId).Select(e => e.GetProperty("type").GetString()!).Reverse()];
}
