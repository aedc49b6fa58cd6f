using System.Diagnostics;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Http;

/// <summary>Two nodes of one installation.</summary>
public sealed class TwoNodes : IAsyncLifetime
{
    public const int Limit = 60;

    public OstiaryServer First { get; private set; } = null!;

    public OstiaryServer Second { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var settings = new ServerSettings { Roles = "api", Values = new Dictionary<string, string> { ["RateLimit__Requests"] = $"{Limit}" } };
        First = await OstiaryServer.StartAsync(settings);
        Second = await OstiaryServer.StartAsync(settings with { Beside = First });
    }

    public async ValueTask DisposeAsync()
    {
        await Second.DisposeAsync();
        await First.DisposeAsync();
    }

    /// <summary>One new organization's client at each node.</summary>
    public async Task<(Api First, Api Second)> NewOrganizationAsync()
    {
        var first = await First.NewOrganizationAsync();
        return (first, Second.Api.With(first.Key));
    }
}

/// <summary>What holds across nodes: limits and idempotency.</summary>
public sealed class TwoNodesTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    [Fact]
    public async Task The_rate_limit_counts_the_requests_of_both_nodes()
    {
        var (first, second) = await nodes.NewOrganizationAsync();
        var (other, _) = await nodes.NewOrganizationAsync();
        var watch = Stopwatch.StartNew();
        var answers = new System.Collections.Concurrent.ConcurrentBag<(Answer Answer, TimeSpan At)>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            for (var n = 0; n < 2 * TwoNodes.Limit / 8; n++) answers.Add((await (i % 2 == 0 ? first : second).GetAsync("/v2/test"), watch.Elapsed));
        }));
        // A twentieth of the limit per node more or less (see RateLimit), and what a slow machine's further seconds let through.
        const int slack = 2 * TwoNodes.Limit / 20;
        var early = answers.Where(a => a.At < TimeSpan.FromSeconds(9)).ToList();
        Assert.InRange(early.Count(a => a.Answer.Status == 200), Math.Min(early.Count, TwoNodes.Limit) - slack, TwoNodes.Limit + slack);
        var refused = answers.Where(a => a.Answer.Status != 200).ToList();
        Assert.All(refused, a => Assert.InRange(int.Parse(a.Answer.Refused(429, "rate_limit", "rate_limit_exceeded").Headers["retry-after"]), 1, 10));
        if (watch.Elapsed < TimeSpan.FromSeconds(9)) Assert.NotEmpty(refused);
        // One organization's haste is not another's.
        (await other.GetAsync("/v2/test")).Is(200);
    }

    [Fact]
    public async Task After_the_time_that_a_refusal_names_requests_pass_again()
    {
        var (first, second) = await nodes.NewOrganizationAsync();
        Answer? refused = null;
        for (var n = 0; n < 2 * TwoNodes.Limit && refused is null; n++) refused = await first.GetAsync("/v2/test") is { Status: 429 } answer ? answer : null;
        Assert.NotNull(refused);
        var seconds = int.Parse(refused.Headers["retry-after"]);
        var watch = Stopwatch.StartNew();
        await Eventually.TrueAsync("A request passes again", async () => (await second.GetAsync("/v2/test")).Status == 200, TimeSpan.FromSeconds(seconds + 3));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(seconds + 3));
    }

    [Fact]
    public async Task Of_many_at_once_on_both_nodes_one_is_executed_and_all_get_its_answer()
    {
        var (first, second) = await nodes.NewOrganizationAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? first : second).PostAsync("/v2/agents", new { name = "Ada" }, "race")));
        Assert.Single(answers.Select(a => a.Is(201).Text).Distinct());
        Assert.Single(await first.ListAsync("/v2/agents"));
        Assert.Single(await second.ListAsync("/v2/events"), e => e.GetProperty("type").GetString() == "agent.created");
    }

    [Fact]
    public async Task Of_different_requests_under_one_key_at_once_one_is_executed_and_the_others_are_told()
    {
        var (first, second) = await nodes.NewOrganizationAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? first : second).PostAsync("/v2/agents", new { name = $"{i}" }, "race")));
        Assert.Single(answers, a => a.Status == 201);
        Assert.All(answers.Where(a => a.Status != 201), a => a.Refused(409, "idempotency", "idempotency_error"));
        Assert.Single(await first.ListAsync("/v2/agents"));
    }
}
