using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Npgsql;
using Ostiary.TestKit;

namespace Ostiary.Bench.Api;

/// <summary>One side of a comparison: how to ask it.</summary>
internal sealed record Side(string Name, Uri Address, string Prefix, string Header, string Value);

/// <summary>Requests per second, and how long they took in milliseconds.</summary>
internal sealed record Figures(double PerSecond, double P50, double P99);

/// <summary>The server, the floor and the load that is put on both.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly OstiaryServer _server;
    private readonly Process _floor;
    private readonly HttpClient _http;
    private readonly int _clients;
    private readonly TimeSpan _length;
    private readonly int _rounds;
    private readonly Uri _floorAddress;

    private Bench(OstiaryServer server, Process floor, Uri floorAddress, int clients, TimeSpan length, int rounds)
    {
        (_server, _floor, _floorAddress, _clients, _length, _rounds) = (server, floor, floorAddress, clients, length, rounds);
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = clients, UseCookies = false, AllowAutoRedirect = false }) { DefaultRequestVersion = HttpVersion.Version11 };
    }

    public static async Task<Bench> StartAsync(int clients, TimeSpan length, int rounds)
    {
        var server = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        // A process of its own, as the server is.
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false, ArgumentList = { "--floor", server.ConnectionString! } };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Insert(0, typeof(Bench).Assembly.Location);
        var floor = Process.Start(start)!;
        var line = await floor.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The floor did not start.");
        return new Bench(server, floor, new Uri(line["listening on ".Length..]), clients, length, rounds);
    }

    public async Task AgainstFloorAsync()
    {
        var api = _server.Api;
        var (organization, source, credential) = await SeedAsync(api, 1_000, 5_000, await FirstOrganizationAsync());
        var sides = new[] { new Side("Ostiary", _server.Address, "/v2", "Authorization", $"Bearer {api.Key}"), new Side("floor", _floorAddress, "", "x-organization", organization) };
        Print($"{_clients} requests at once, {_rounds} rounds of {_length.TotalSeconds:0} s per side in turns, {Environment.ProcessorCount} cores; the load runs on the same machine");
        Print("| route | Ostiary req/s | floor req/s | ratio (median of rounds) | Ostiary p50 / p99 ms | floor p50 / p99 ms | p99 ratio |");
        Print("|---|---|---|---|---|---|---|");
        foreach (var (name, shape) in Shapes(source, credential))
        {
            foreach (var side in sides) await MeasureAsync(side, shape, TimeSpan.FromSeconds(2));
            var rounds = new List<(Figures Ostiary, Figures Floor)>();
            for (var round = 0; round < _rounds; round++)
            {
                // Who goes first changes.
                var first = await MeasureAsync(sides[round % 2], shape, _length);
                var second = await MeasureAsync(sides[(round + 1) % 2], shape, _length);
                rounds.Add(round % 2 == 0 ? (first, second) : (second, first));
            }

            var (ours, floor) = (Middle(rounds.Select(r => r.Ostiary)), Middle(rounds.Select(r => r.Floor)));
            Print($"| {name} | {ours.PerSecond:0} | {floor.PerSecond:0} | {Median(rounds.Select(r => r.Ostiary.PerSecond / r.Floor.PerSecond)):0.00} | {ours.P50:0.0} / {ours.P99:0.0} | {floor.P50:0.0} / {floor.P99:0.0} | {Median(rounds.Select(r => r.Ostiary.P99 / r.Floor.P99)):0.00} |");
        }
    }

    public async Task SmallAgainstLargeAsync()
    {
        await using var small = await OstiaryServer.StartAsync(new ServerSettings { Roles = "api" });
        var few = await SeedAsync(small.Api, 1_000, 5_000, await FirstOrganizationAsync(small), small);
        var watch = Stopwatch.StartNew();
        var many = await SeedAsync(_server.Api, 1_000_000, 5_000_000, await FirstOrganizationAsync());
        Print($"\n1,000,000 credentials and 5,000,000 events loaded in {watch.Elapsed.TotalSeconds:0} s; against 1,000 and 5,000 in a database of their own");
        Print("| route | few p50 / p99 ms | many p50 / p99 ms | p99 ratio (median of rounds) |");
        Print("|---|---|---|---|");
        var sides = new[] { new Side("many", _server.Address, "/v2", "Authorization", $"Bearer {_server.Api.Key}"), new Side("few", small.Address, "/v2", "Authorization", $"Bearer {small.Api.Key}") };
        var shapes = Shapes(many.Source, many.Credential).Zip(Shapes(few.Source, few.Credential)).Append((First: ("list events", new Shape(HttpMethod.Get, "/events", null)), Second: ("", new Shape(HttpMethod.Get, "/events", null))));
        foreach (var (large, little) in shapes)
        {
            await MeasureAsync(sides[0], large.Item2, TimeSpan.FromSeconds(2));
            await MeasureAsync(sides[1], little.Item2, TimeSpan.FromSeconds(2));
            var rounds = new List<(Figures Many, Figures Few)>();
            for (var round = 0; round < _rounds; round++) rounds.Add((await MeasureAsync(sides[0], large.Item2, _length), await MeasureAsync(sides[1], little.Item2, _length)));
            var (withMany, withFew) = (Middle(rounds.Select(r => r.Many)), Middle(rounds.Select(r => r.Few)));
            Print($"| {large.Item1} | {withFew.P50:0.0} / {withFew.P99:0.0} | {withMany.P50:0.0} / {withMany.P99:0.0} | {Median(rounds.Select(r => r.Many.P99 / r.Few.P99)):0.00} |");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _floor.Kill();
        await _floor.WaitForExitAsync();
        _floor.Dispose();
        _http.Dispose();
        await _server.DisposeAsync();
    }

    internal sealed record Shape(HttpMethod Method, string Path, string? Body);

    private static IEnumerable<(string Name, Shape Shape)> Shapes(string source, string credential)
    {
        yield return ("GET by id", new Shape(HttpMethod.Get, $"/credentials/{credential}", null));
        yield return ("list, first page", new Shape(HttpMethod.Get, "/credentials", null));
        yield return ("POST", new Shape(HttpMethod.Post, "/credentials", $$"""{"source_id":"{{source}}","auth_method":"username_password","auth_credentials":{"username":"ada@example.com","password":"Practice-Only-1!"},"external_id":"user-17"}"""));
    }

    private async Task<Figures> MeasureAsync(Side side, Shape shape, TimeSpan length)
    {
        var uri = new Uri(side.Address, side.Prefix + shape.Path);
        var until = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency);
        var started = Stopwatch.GetTimestamp();
        var took = await Task.WhenAll(Enumerable.Range(0, _clients).Select(_ => Task.Run(async () =>
        {
            var mine = new List<double>(100_000);
            while (Stopwatch.GetTimestamp() < until)
            {
                var at = Stopwatch.GetTimestamp();
                using var request = new HttpRequestMessage(shape.Method, uri);
                request.Headers.TryAddWithoutValidation(side.Header, side.Value);
                if (shape.Body is not null) request.Content = new StringContent(shape.Body, Encoding.UTF8, "application/json");
                using var response = await _http.SendAsync(request);
                await response.Content.ReadAsByteArrayAsync();
                if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"{side.Name} answered {(int)response.StatusCode} to {shape.Method} {shape.Path}.");
                mine.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            }

            return mine;
        })));
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var all = took.SelectMany(t => t).Order().ToArray();
        return new Figures(all.Length / elapsed, all[all.Length / 2], all[(int)(all.Length * 0.99)]);
    }

    private async Task<string> FirstOrganizationAsync(OstiaryServer? server = null)
    {
        await using var connection = await (server ?? _server).ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT id FROM organizations ORDER BY created_at LIMIT 1", connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    // Rows are written by SQL, as many as are missing; one credential comes through the front door, to be asked for.
    private async Task<(string Organization, string Source, string Credential)> SeedAsync(TestKit.Api api, int credentials, int events, string organization, OstiaryServer? server = null)
    {
        var source = await api.NewSourceAsync();
        await using var connection = await (server ?? _server).ConnectAsync();
        await ExecuteAsync(
            """
            INSERT INTO credentials (id, organization_id, source_id, auth_method, status, external_id, username, source_fields, data_key, created_at, updated_at)
            SELECT 'cred_0' || lpad(n::text, 21, '0'), $1, $2, 'username_password', (ARRAY['unverified', 'verified', 'invalid'])[n % 3 + 1], 'user-' || n % 100000, 'user' || n || '@example.com', '{}', decode(repeat('00', 80), 'hex'),
                   now() - interval '30 days' + n * interval '2 seconds', now() - interval '30 days' + n * interval '2 seconds'
            FROM generate_series((SELECT count(*) FROM credentials WHERE id LIKE 'cred\_0000%') + 1, $3) AS n
            """,
            organization, source, credentials);
        await ExecuteAsync(
            """
            INSERT INTO events (id, organization_id, type, object_id, data, created_at)
            SELECT 'evt_0' || lpad(n::text, 21, '0'), $1, (ARRAY['credential.created', 'credential.verified', 'task_run.completed', 'session.idle'])[n % 4 + 1], 'cred_0' || lpad((n % 1000000)::text, 21, '0'),
                   json_build_object('id', 'cred_0' || lpad((n % 1000000)::text, 21, '0'), 'object', 'credential', 'status', 'verified', 'source_id', $2), now() - interval '30 days' + n * interval '0.4 seconds'
            FROM generate_series((SELECT count(*) FROM events WHERE id LIKE 'evt\_0000%') + 1, $3) AS n
            """,
            organization, source, events);
        await ExecuteAsync("ANALYZE");
        return (organization, source, await api.NewCredentialAsync(source, "ada@example.com", "Practice-Only-1!"));

        async Task ExecuteAsync(string sql, params object[] values)
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 1_800 };
            foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
            await command.ExecuteNonQueryAsync();
        }
    }

    private static Figures Middle(IEnumerable<Figures> rounds)
    {
        var all = rounds.ToList();
        return new Figures(Median(all.Select(f => f.PerSecond)), Median(all.Select(f => f.P50)), Median(all.Select(f => f.P99)));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Print(string text) => Console.WriteLine(text);
}
