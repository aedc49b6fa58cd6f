using Ostiary.Browser;
using Xunit;

namespace Ostiary.Server.Tests.Programs;

public sealed class FailingFlowTests(FlowLab lab)
{
    [Fact]
    public async Task A_failed_step_says_which_what_it_looked_for_and_what_the_page_showed()
    {
        await using var session = await lab.OpenAsync("/secret?token=query-secret#frag");
        var failed = await session.FailureAsync("""
            {"type": "change", "selectors": ["#name"], "value": "{{input.said}}"},
            {"type": "click", "title": "Open the card", "selectors": [["aria/Show card"], ["#card-{{input.said}}"], ["x-a", "#b"]], "offsetX": 1, "offsetY": 1}
            """, """{"said": "typed-by-program"}""");
        Assert.Equal((2, "step_failed"), (failed.Step, failed.Code));
        Assert.StartsWith("Step 2 (click “Open the card”) failed. It did not find its element.", failed.Message, StringComparison.Ordinal);
        Assert.Contains("It looked for `aria/Show card`, `#card-{{input.said}}`, `x-a >> #b`. It waited up to 4 s.", failed.Message, StringComparison.Ordinal);
        Assert.Contains("The page was http://miramar.example/secret, titled “Account”, and showed: “Your card has expired | Account", failed.Message, StringComparison.Ordinal);
        foreach (var secret in (string[])["query-secret", "frag", "hush", "typed-by-program"]) Assert.DoesNotContain(secret, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hidden_or_covered_element_is_told_apart_from_a_missing_one()
    {
        await using var session = await lab.OpenAsync("/covered");
        Assert.Contains("covered by something that says “We use cookies”", (await session.FailureAsync("""{"type": "click", "selectors": ["#go"], "offsetX": 5, "offsetY": 5}""")).Message, StringComparison.Ordinal);
        await session.Page.GotoAsync("http://miramar.example/mouse");
        Assert.Contains("on the page but hidden", (await session.FailureAsync("""{"type": "click", "selectors": ["#sub"], "offsetX": 5, "offsetY": 5}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_selector_that_no_browser_understands_is_named()
    {
        await using var session = await lab.OpenAsync("/odd");
        Assert.Contains("cannot parse `div[`", (await session.FailureAsync("""{"type": "click", "selectors": ["div["], "offsetX": 5, "offsetY": 5}""")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1 === 2", "did not become true")]
    [InlineData("nothing.here", "raised an error (ReferenceError)")]
    [InlineData("new Promise(() => {})", "did not come to a result")]
    [InlineData("1 +", "not valid JavaScript")]
    public async Task An_expression_that_does_not_hold_says_why(string expression, string why)
    {
        await using var session = await lab.OpenAsync("/odd");
        Assert.Contains(why, (await session.FailureAsync($$"""{"type": "waitForExpression", "expression": "{{expression}}"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_busy_for_ever_does_not_hold_the_program()
    {
        await using var own = await lab.LaunchOwnAsync();
        await using var session = await lab.OpenAsync("/spin", own);
        var failed = await session.FailureAsync("""{"type": "click", "selectors": ["#never", "aria/Never"], "offsetX": 5, "offsetY": 5}""");
        Assert.Contains("the page does not respond", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_does_not_answer_fails_the_step_with_the_network_s_own_word()
    {
        await using var session = await lab.OpenAsync();
        Assert.Contains("(net::ERR_NAME_NOT_RESOLVED)", (await session.FailureAsync("""{"type": "navigate", "url": "http://nowhere.example/"}""", timeout: 5000)).Message, StringComparison.Ordinal);
        Assert.Contains("`download` step", (await session.FailureAsync("""{"type": "navigate", "url": "/doc/a.csv"}""", timeout: 5000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_input_value_is_named()
    {
        await using var session = await lab.OpenAsync("/bookings");
        Assert.Contains("no value `input.guest.name`", (await session.FailureAsync("""{"type": "change", "selectors": ["#destination"], "value": "{{input.guest.name}}"}""", """{"guest": {}}""")).Message, StringComparison.Ordinal);
        Assert.Contains("`input.guest` is an object or a list", (await session.FailureAsync("""{"type": "change", "selectors": ["#destination"], "value": "{{input.guest}}"}""", """{"guest": {}}""")).Message, StringComparison.Ordinal);
        Assert.Contains("no value `input.list.2`", (await session.FailureAsync("""{"type": "change", "selectors": ["#destination"], "value": "{{input.list[2]}}"}""", """{"list": [1]}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_field_that_is_none_says_so()
    {
        await using var session = await lab.OpenAsync("/bookings");
        Assert.Contains("not a field", (await session.FailureAsync("""{"type": "change", "selectors": ["h1"], "value": "x"}""")).Message, StringComparison.Ordinal);
        Assert.Contains("no such option", (await session.FailureAsync("""{"type": "change", "selectors": ["#nights"], "value": "999"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_that_goes_away_ends_the_program_as_lost()
    {
        await using var own = await lab.LaunchOwnAsync();
        await using var session = await lab.OpenAsync("/odd", own);
        var running = session.RunAsync("""{"title": "t", "timeout": 60000, "steps": [{"type": "click", "selectors": ["aria/One"]}, {"type": "click", "selectors": ["#never"]}]}""");
        await session.Page.WaitForFunctionAsync("() => document.getElementById('out').textContent === 'One;'", null, new() { PollingInterval = 20 });
        await own.CloseAsync();
        await Assert.ThrowsAsync<BrowserLostException>(() => running);
    }

    [Fact]
    public async Task Cancelling_ends_the_program_at_once()
    {
        await using var session = await lab.OpenAsync("/odd");
        using var stop = new CancellationTokenSource();
        var running = session.RunAsync("""{"title": "t", "timeout": 120000, "steps": [{"type": "click", "selectors": ["aria/One"]}, {"type": "click", "selectors": ["#never"]}]}""", ct: stop.Token);
        await session.Page.WaitForFunctionAsync("() => document.getElementById('out').textContent === 'One;'", null, new() { PollingInterval = 20 });
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
