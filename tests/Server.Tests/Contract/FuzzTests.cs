using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Contract;

/// <summary>
/// Many requests made from the OpenAPI document (valid, nearly valid and hostile) against a real server: none is a 5xx, and every answer is what the document declares. The seed is
/// fixed, so a build does not fail by chance; <c>OSTIARY_TEST_SEED</c> tries another, <c>OSTIARY_TEST_REQUESTS</c> another number.
/// </summary>
public sealed class FuzzTests
{
    private const int Parallel = 12;
    private const int MostTold = 20;

    /// <summary>Of each kind; the oldest are forgotten, since most of what lives long among these requests is deleted by one of them.</summary>
    private const int MostKnown = 40;

    /// <summary>After so many requests there are some whole objects again, as a caller would have made them.</summary>
    private const int SeedEvery = 500;
    private static readonly int Seed = Number("OSTIARY_TEST_SEED", 20_260_301);
    private static readonly int Requests = Number("OSTIARY_TEST_REQUESTS", 24_000);

    [Fact]
    public async Task No_request_made_from_the_document_is_answered_otherwise_than_it_says()
    {
        await using var server = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, MaxConnectionsPerServer = Parallel });
        var contract = (await WireContract.OfAsync(server.Address, http))!;
        var ids = new ConcurrentDictionary<string, ConcurrentQueue<string>>();
        await SeedAsync(server.Api, ids);
        var maker = new RequestMaker(contract, Seed, (prefix, random) => ids.TryGetValue(prefix, out var known) && known.ToArray() is { Length: > 0 } some ? some[random.Next(some.Length)] : null);
        var faults = new ConcurrentQueue<string>();
        var reached = new ConcurrentDictionary<(string Operation, int Class), int>();
        await System.Threading.Tasks.Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = TestContext.Current.CancellationToken }, async (number, cancellationToken) =>
        {
            if (faults.Count >= MostTold) return;
            if (number % SeedEvery == SeedEvery - 1) await SeedAsync(server.Api, ids);
            var made = maker.Make(number);
            try
            {
                using var request = Shape(made, server);
                // Headers first: the event stream has no end to wait for.
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                var status = (int)response.StatusCode;
                var mediaType = response.Content.Headers.ContentType?.MediaType;
                var body = mediaType == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync(cancellationToken);
                reached.AddOrUpdate((made.Operation.Id, status / 100), 1, (_, count) => count + 1);
                var wrong = status >= 500 ? [$"a {status}"] : contract.Faults(made.Operation, status, mediaType, body);
                if (wrong.Count == 0 && !response.Headers.Contains("x-request-id")) wrong = ["no x-request-id"];
                if (wrong.Count > 0) faults.Enqueue($"request {number}: {string.Join("; ", wrong.Take(3))}\n  {made}\n  → {status} {(body.Length > 600 ? body[..600] + "…" : body)}");
                if (status == 201) Remember(ids, body);
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException)
            {
                faults.Enqueue($"request {number}: {exception.Message}\n  {made}");
            }
        });
        Assert.True(faults.IsEmpty, $"With seed {Seed} (OSTIARY_TEST_SEED={Seed}) {faults.Count} answers are wrong:\n{string.Join('\n', faults.Take(MostTold))}{(faults.Any(f => f.Contains("a 5", StringComparison.Ordinal)) ? server.TailOfLog(60) : "")}");
        // A run that never got past the first check would prove nothing.
        var never = contract.Operations.SelectMany(o => (int[])[2, 4], (o, c) => (o.Id, Class: c)).Where(wanted => !reached.ContainsKey(wanted)).Where(wanted => !IsOutOfReach(wanted.Id, wanted.Class)).ToList();
        Assert.True(never.Count == 0, $"Never answered with: {string.Join(", ", never.Select(n => $"{n.Id} {n.Class}xx"))}");
    }

    // Needs a worker to go before, or answers every request with a key the same.
    private static bool IsOutOfReach(string operation, int statusClass) => statusClass == 2
        ? operation is "answerTaskRunQuestion" or "answerConnectionQuestion" or "reconnectConnection" or "reviewTaskRun" or "getFile"
        : operation is "testKey" or "listEventTypes" or "getOrganization";

    private static HttpRequestMessage Shape(MadeRequest made, OstiaryServer server)
    {
        // As it stands: System.Uri would mend what is broken on purpose.
        var uri = new Uri(server.Address.GetLeftPart(UriPartial.Authority) + made.Path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(made.Operation.Method), uri) { Version = HttpVersion.Version11 };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {server.Key}");
        if (made.IdempotencyKey is { } key) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if ((made.Bytes ?? (made.Body is null ? null : Encoding.UTF8.GetBytes(made.Body))) is { } bytes)
        {
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", made.ContentType);
        }

        return request;
    }

    private static async Task SeedAsync(Api api, ConcurrentDictionary<string, ConcurrentQueue<string>> ids)
    {
        for (var i = 0; i < 4; i++)
        {
            var source = await api.NewSourceAsync();
            var credential = await api.NewCredentialAsync(source, "ada", "Practice-Only-1!", externalId: $"user-{i}");
            var task = await api.NewTaskAsync();
            var run = await api.NewRunAsync(task, credential);
            foreach (var id in (string[])[source, credential, task, run]) Keep(ids, id);
            Keep(ids, (await api.GetAsync($"/v2/task-runs/{run}"))["session_id"].GetString()!);
            Keep(ids, (await api.PostAsync("/v2/event-destinations", new { name = "Hook", webhook = new { url = "http://127.0.0.1:9/" } })).Is(201).Id);
        }

        foreach (var happened in (await api.GetAsync("/v2/events?limit=20"))["data"].EnumerateArray()) Keep(ids, happened.GetProperty("id").GetString()!);
    }

    private static void Remember(ConcurrentDictionary<string, ConcurrentQueue<string>> ids, string body)
    {
        using var parsed = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 256 });
        if (parsed.RootElement.TryGetProperty("id", out var id)) Keep(ids, id.GetString()!);
    }

    private static void Keep(ConcurrentDictionary<string, ConcurrentQueue<string>> ids, string id)
    {
        var known = ids.GetOrAdd(id[..(id.IndexOf('_') + 1)], _ => []);
        known.Enqueue(id);
        if (known.Count > MostKnown) known.TryDequeue(out _);
    }

    private static int Number(string variable, int usual) => int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : usual;
}
