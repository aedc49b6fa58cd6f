using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Ostiary.Portals;

namespace Ostiary.Demo;

/// <summary>The main job from beginning to end, as a developer's server would do it. Whatever is not as promised is a <see cref="DemoFault"/>.</summary>
internal sealed class Story(Api api, RunningPortals portals, WebhookReceiver receiver, Screen screen, bool answersItself)
{
    private const string DestinationName = "Ostiary demo";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan WebhookTimeout = TimeSpan.FromSeconds(30);

    private readonly Portal hotel = PortalCatalog.Get("hotel");
    private readonly long begun = Stopwatch.GetTimestamp();

    /// <summary>What is taken away again at the end.</summary>
    private readonly Stack<string> made = new();

    public async Task TellAsync(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        // A person may think as long as the question allows.
        if (answersItself) limit.CancelAfter(Limit);
        try
        {
            await PlayAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new DemoFault($"The story did not come to its end within {Limit.TotalSeconds:0} seconds.");
        }
        finally
        {
            if (!stop.IsCancellationRequested) await TidyAsync();
        }
    }

    private async Task PlayAsync(CancellationToken stop)
    {
        await RemoveLeftoversAsync(stop);
        await using var events = await EventFeed.OpenAsync(api, screen, stop);

        screen.Chapter("Say where events go", "Every change will be posted to this address, signed. ⚡ marks an event at the moment the event stream brings it.");
        var destination = await api.SendAsync(HttpMethod.Post, "/event-destinations", new JsonObject
        {
            ["name"] = DestinationName,
            ["events"] = new JsonArray("*"),
            ["webhook"] = new JsonObject { ["url"] = receiver.Url.AbsoluteUri },
        }, stop);
        made.Push($"/event-destinations/{destination["id"]}");
        receiver.Trust((string?)destination["webhook"]?["secret"] ?? "");
        screen.Note("The answer also holds the signing secret (whsec_…), once and never again.");

        screen.Chapter("Say what to do, and on which website", $"{hotel.Title} is a practice website: a sign-in form, a code by text message, then an account page.");
        var agent = await CreateAsync("/agents", new JsonObject { ["name"] = "Travel desk" }, "agent.created", events, stop);
        var source = await CreateAsync("/sources", new JsonObject
        {
            ["type"] = "website",
            ["name"] = hotel.Title,
            ["website"] = new JsonObject { ["url"] = portals.Url(hotel).AbsoluteUri },
        }, "source.created", events, stop);
        screen.Note("Nothing else is said about the website: no selectors, no description of its login form.");
        var definition = await ReadTaskAsync((string)agent["id"]!, stop);
        var task = await CreateAsync("/tasks", definition, "task.created", events, stop, shown: Brief(definition));
        screen.Note("Its program is a user flow as Chrome's Recorder exports it, plus `extract` and `download`: samples/Demo/read-stays.task.json");

        screen.Chapter("Hand over the user's credential", "It is sealed in this request. No call of the API ever returns the password.");
        var credential = await CreateAsync("/credentials", new JsonObject
        {
            ["source_id"] = (string)source["id"]!,
            ["auth_method"] = "username_password",
            ["auth_credentials"] = new JsonObject { ["username"] = hotel.Username, ["password"] = hotel.Password },
            ["external_id"] = "user-1001",
        }, "credential.created", events, stop);

        screen.Chapter("Run the task", "201 at once; a worker opens a browser, finds the sign-in form and fills it in.");
        var run = await api.SendAsync(HttpMethod.Post, $"/tasks/{task["id"]}/run", new JsonObject
        {
            ["credential_id"] = (string)credential["id"]!,
            ["input"] = new JsonObject { ["year"] = "2025" },
        }, stop, idempotencyKey: "demo-" + Guid.NewGuid().ToString("N")[..12]);
        var runId = (string)run["id"]!;
        var wasAsked = await UntilCompletedAsync(runId, events, stop);

        screen.Chapter("Take the result");
        screen.Sent("GET", $"/task-runs/{runId}", body: null);
        var done = await api.AskAsync(HttpMethod.Get, $"/task-runs/{runId}", stop);
        screen.Got(200, done, "status", "result", "runtime_ms");
        if (!wasAsked) throw new DemoFault("The run completed without the code that the website asks for.");
        screen.Json(done["output"] ?? throw new DemoFault("The completed run has no output."));
        await FetchFileAsync(runId, done, stop);

        screen.Chapter("Leave nothing behind", "The browser is closed, and the credential's data key is destroyed: what is left of the password cannot be opened any more.");
        await api.SendAsync(HttpMethod.Post, $"/sessions/{done["session_id"]}/end", new JsonObject(), stop);
        await events.NextAsync((string)done["session_id"]!, ["session.completed", "session.failed"], stop);
        await api.SendAsync(HttpMethod.Delete, $"/credentials/{credential["id"]}", body: null, stop, ["id", "deleted"]);
        made.TryPop(out _);
        await events.NextAsync((string)credential["id"]!, ["credential.deleted"], stop);

        await CompareEventsAsync(destination, events, stop);
        screen.Note($"The story took {Stopwatch.GetElapsedTime(begun).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s. To play it yourself with curl: README.md.");
    }

    /// <summary>Answers every question of the website until the run is over. True when there was one.</summary>
    private async Task<bool> UntilCompletedAsync(string runId, EventFeed events, CancellationToken stop)
    {
        Task<JsonObject> NextAsync() => events.NextAsync(runId, ["task_run.interaction_required", "task_run.completed", "task_run.failed", "task_run.canceled"], stop);
        var asked = false;
        var next = NextAsync();
        while (true)
        {
            var recorded = await next;
            switch ((string)recorded["type"]!)
            {
                case "task_run.completed":
                    return asked;
                case "task_run.interaction_required":
                    next = NextAsync();
                    await AnswerAsync(runId, again: asked, next, stop);
                    asked = true;
                    break;
                default:
                    var run = await api.AskAsync(HttpMethod.Get, $"/task-runs/{runId}?include=artifacts", stop);
                    var reasons = (run["errors"] as JsonArray ?? []).Select(e => $"{e?["code"]}: {e?["message"]}");
                    var steps = (run["artifacts"]?["sign_in"] as JsonArray ?? []).Select(step => $"  {step?["page"]}: {step?["action"]}");
                    throw new DemoFault($"The run {runId} ended as {run["status"]}.", string.Join('\n', reasons.Concat(steps)));
            }
        }
    }

    private async Task AnswerAsync(string runId, bool again, Task<JsonObject> next, CancellationToken stop)
    {
        screen.Chapter(again ? "The website asks again" : "The website asks something", "The run waits. The question came with the event, and is part of the run until it is answered.");
        screen.Sent("GET", $"/task-runs/{runId}", body: null);
        var run = await api.AskAsync(HttpMethod.Get, $"/task-runs/{runId}", stop);
        screen.Got(200, run, "status");
        if (run["interaction"] is not JsonObject interaction) return;
        screen.Json(interaction);

        var answers = new JsonObject();
        foreach (var field in (interaction["fields"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (await OneAnswerAsync((string)field["name"]!, (string?)field["label"] ?? "", next, stop) is not { } answer) return;
            answers[(string)field["name"]!] = answer;
        }

        await api.SendAsync(HttpMethod.Post, $"/task-runs/{runId}/interaction", new JsonObject { ["input"] = answers }, stop, ["status"]);
    }

    /// <summary>Null: the run went on, or ended, before anybody answered.</summary>
    private async Task<string?> OneAnswerAsync(string name, string label, Task<JsonObject> next, CancellationToken stop)
    {
        var right = portals.CodeFor(hotel.Id, hotel.Username) ?? throw new DemoFault("The practice website has sent no code.");
        if (answersItself)
        {
            screen.Note($"The text message on the practice telephone: “{portals.Messages(hotel.Id, hotel.Username)[^1].Text}”");
            screen.Note($"The demo answers by itself: {name} = {right}");
            return right;
        }

        screen.Note($"The code was sent to the practice telephone: {new Uri(portals.BaseAddress, "_control/phone")}");
        screen.Note("Read it there (also try a wrong one), or press Enter to let the demo look it up.");
        screen.Prompt($"{(label.Length > 0 ? label : name)}:");
        // Reading a line cannot be canceled; the thread ends with the process.
        var typed = Task.Run(Console.ReadLine, CancellationToken.None);
        if (await Task.WhenAny(typed, next).WaitAsync(stop) == next) return null;
        var text = (await typed)?.Trim();
        return string.IsNullOrEmpty(text) ? right : text;
    }

    private async Task FetchFileAsync(string runId, JsonObject run, CancellationToken stop)
    {
        screen.Sent("GET", $"/task-runs/{runId}/storage", body: null);
        var files = (await api.AskAsync(HttpMethod.Get, $"/task-runs/{runId}/storage", stop))["data"] as JsonArray ?? [];
        if (files.Count == 0) throw new DemoFault("The run brought no file back.");
        foreach (var file in files.OfType<JsonObject>())
        {
            screen.Got(200, file, "id", "file_name", "file_type", "file_size");
            var (content, _) = await api.DownloadAsync(new Uri((string)file["url"]!), stop);
            if (content.Length != (long?)file["file_size"] || !content.AsSpan().StartsWith("%PDF-"u8)) throw new DemoFault($"The file {file["file_name"]} is not what the website offered.");
            screen.Good($"Fetched by its signed address, which expires: {content.Length} bytes, beginning with {Encoding.ASCII.GetString(content, 0, 8)}");
        }

        if ((string?)run["output"]?["statement"]?["storage_id"] != (string?)files[0]?["id"]) throw new DemoFault("The output does not name the file.");
    }

    /// <summary>The list of events, the stream and the verified webhooks must tell the same story.</summary>
    private async Task CompareEventsAsync(JsonObject destination, EventFeed events, CancellationToken stop)
    {
        screen.Chapter("Compare what was told", "The list of events, the stream above and the webhooks: each holds every event once.");
        var since = Uri.EscapeDataString((string)destination["created_at"]!);
        screen.Sent("GET", $"/events?created_after={(string)destination["created_at"]!}", body: null);
        var list = new List<JsonObject>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await api.AskAsync(HttpMethod.Get, $"/events?limit=100&created_after={since}{(cursor.Length > 0 ? "&cursor=" + Uri.EscapeDataString(cursor) : "")}", stop);
            list.AddRange((page["data"] as JsonArray ?? []).OfType<JsonObject>());
            cursor = (string?)page["next_cursor"];
        }

        list.Reverse();
        if (list.Count == 0) throw new DemoFault("The list of events is empty.");
        foreach (var recorded in list) screen.Item(((string)recorded["created_at"]!)[11..23], (string)recorded["type"]!, EventFeed.Subject(recorded));

        var ids = list.Select(e => (string)e["id"]!).ToList();
        if (ids.Distinct(StringComparer.Ordinal).Count() != ids.Count) throw new DemoFault("The list of events holds an event twice.");
        await UntilAsync(() => ids.All(events.Ids.Contains), "The stream did not bring every event of the list.", stop);
        await UntilAsync(() => ids.All(receiver.Verified.ContainsKey), "Not every event came as a webhook with the right signature.", stop);
        if (receiver.Refused > 0) throw new DemoFault($"{receiver.Refused} webhooks had a wrong signature.");
        screen.Good($"{list.Count} events in the list, all of them in the stream, all of them received as webhooks with the right signature (HMAC-SHA256, Standard Webhooks).");
    }

    private static async Task UntilAsync(Func<bool> condition, string fault, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > WebhookTimeout) throw new DemoFault(fault);
            await Task.Delay(TimeSpan.FromMilliseconds(50), stop);
        }
    }

    private async Task<JsonObject> CreateAsync(string path, JsonObject body, string eventType, EventFeed events, CancellationToken stop, JsonNode? shown = null)
    {
        var answer = await api.SendAsync(HttpMethod.Post, path, body, stop, shownBody: shown);
        made.Push($"{path}/{answer["id"]}");
        await events.NextAsync((string)answer["id"]!, [eventType], stop);
        return answer;
    }

    private static async Task<JsonObject> ReadTaskAsync(string agentId, CancellationToken stop)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "read-stays.task.json"), stop);
        var definition = JsonNode.Parse(text)!.AsObject();
        definition["agent_id"] = agentId;
        return definition;
    }

    /// <summary>The task without its long parts, for the terminal.</summary>
    private static JsonObject Brief(JsonObject definition)
    {
        var steps = (JsonArray)definition["program"]!["steps"]!;
        return new JsonObject
        {
            ["agent_id"] = definition["agent_id"]!.DeepClone(),
            ["name"] = definition["name"]!.DeepClone(),
            ["input_schema"] = "{…}",
            ["output_schema"] = "{…}",
            ["program"] = string.Join(", ", steps.Select(step => (string?)step!["name"] ?? (string?)step["type"])),
        };
    }

    /// <summary>A demo that was killed leaves its destination, to whose address nobody listens any more.</summary>
    private async Task RemoveLeftoversAsync(CancellationToken stop)
    {
        var list = await api.AskAsync(HttpMethod.Get, "/event-destinations?limit=100", stop);
        foreach (var left in (list["data"] as JsonArray ?? []).Where(d => (string?)d?["name"] == DestinationName))
            await api.AskAsync(HttpMethod.Delete, $"/event-destinations/{left!["id"]}", stop);
    }

    private async Task TidyAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        // The newest first, the task with its agent; what cannot be removed harms nobody.
        while (made.TryPop(out var path))
        {
            try
            {
                await api.AskAsync(HttpMethod.Delete, path, patience.Token);
            }
            catch (Exception exception) when (exception is DemoFault or OperationCanceledException)
            {
                continue;
            }
        }
    }
}
