using System.Text.Json.Nodes;
using Ostiary.Server.Tasks.Programs;
using Xunit;

namespace Ostiary.Server.Tests.Programs;

public sealed class RecordedFlowTests(FlowLab lab)
{
    [Fact]
    public async Task A_recording_pasted_in_unchanged_does_what_was_recorded()
    {
        await using var session = await lab.OpenAsync("/empty");
        var result = await session.RunAsync(Recordings.SearchAStay);
        Assert.IsType<FlowResult.Completed>(result);
        Assert.Equal("Results for Lisbon & Sintra", await session.Page.TitleAsync());
        Assert.Equal("q=Lisbon & Sintra; nights=7; flexible=yes; from=; guests=1; wish=", await session.TextAsync("#asked"));
    }

    [Fact]
    public async Task A_recording_that_begins_with_a_sign_in_leaves_it_out_when_the_session_is_signed_in()
    {
        await using var session = await lab.OpenAsync();
        var completed = Assert.IsType<FlowResult.Completed>(await session.RunAsync(Recordings.SignInThenVoucher));
        Assert.Equal([3, 4, 5, 6, 7], completed.SkippedSteps);
        Assert.Equal("Used MAR-77", await session.TextAsync("#out"));
    }

    [Fact]
    public async Task A_recorded_sign_in_is_played_when_its_form_is_shown()
    {
        await using var session = await lab.OpenAsync();
        var completed = Assert.IsType<FlowResult.Completed>(await session.RunAsync(Recordings.SignInThenVoucher.Replace("miramar.example/login", "miramar.example/login-form", StringComparison.Ordinal)));
        Assert.Empty(completed.SkippedSteps);
        Assert.Equal("Used MAR-77", await session.TextAsync("#out"));
    }

    [Fact]
    public async Task A_recorded_sign_in_whose_password_was_not_kept_says_so_when_the_form_is_shown()
    {
        await using var session = await lab.OpenAsync();
        var recorded = Recordings.SignInThenVoucher.Replace("miramar.example/login", "miramar.example/login-form", StringComparison.Ordinal);
        var kept = FlowProgram.WithoutRecordedPasswords(System.Text.Json.JsonDocument.Parse(recorded).RootElement).GetRawText();
        var failed = Assert.IsType<FlowResult.Failed>(await session.RunAsync(kept));
        Assert.Equal(5, failed.Step);
        Assert.Contains("not kept with a program", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[\"aria/Use voucher\"]")]
    [InlineData("[\"aria/Use voucher[role=\\\"button\\\"]\"]")]
    [InlineData("\"aria/[name=\\\"Use voucher\\\"][role=\\\"button\\\"]\"")]
    [InlineData("[\"#panel\", \"x-field\", \"#use\"]")]
    [InlineData("[\"x-panel\", \"aria/Use voucher\"]")]
    [InlineData("[\"pierce/#use\"]")]
    [InlineData("[\"text/Use vou\"]")]
    [InlineData("[\"xpath//html/body/x-panel\", \"x-field\", \"button\"]")]
    [InlineData("\"role=button[name=\\\"use voucher\\\"]\"")]
    [InlineData("\"text=Use voucher\"")]
    public async Task Every_kind_of_selector_reaches_into_shadow_roots(string selector)
    {
        await using var session = await lab.OpenAsync("/shadow");
        await session.OutputAsync($$"""
            {"type": "change", "selectors": ["placeholder=ABC", "label=Voucher"], "value": "one"},
            {"type": "click", "selectors": ["#no-such", {{selector}}], "offsetX": 5, "offsetY": 5}
            """);
        Assert.Equal("Used one", await session.TextAsync("#out"));
    }

    [Fact]
    public async Task The_first_alternative_that_matches_wins()
    {
        await using var session = await lab.OpenAsync("/odd");
        await session.OutputAsync("""{"type": "click", "selectors": [["xpath///*[@id=\"none\"]"], ["aria/Two"], ["[data-id='3']"], ["text/One"]], "offsetX": 3, "offsetY": 3}""");
        Assert.Equal("Two;", await session.TextAsync("#out"));
    }

    [Fact]
    public async Task Frames_are_reached_by_index_and_by_address_also_when_they_are_of_another_site()
    {
        await using var session = await lab.OpenAsync("/frames");
        await session.OutputAsync("""
            {"type": "click", "target": "main", "frame": [0, 0], "selectors": [["aria/Press own"], ["button"]], "offsetX": 5, "offsetY": 5},
            {"type": "click", "target": "main", "frame": [1], "selectors": [["aria/Press other"]], "offsetX": 5, "offsetY": 5}
            """);
        Assert.Equal("pressed", await session.Page.Frames.Single(f => f.Url.EndsWith("who=own", StringComparison.Ordinal)).InnerTextAsync("#state"));
        var other = session.Page.Frames.Single(f => f.Url.EndsWith("who=other", StringComparison.Ordinal));
        Assert.Equal("pressed", await other.InnerTextAsync("#state"));
        var output = await session.OutputAsync($$"""{"type": "customStep", "name": "extract", "target": "{{other.Url}}", "parameters": {"fields": {"state": "#state"} } }""");
        Assert.Equal("pressed", (string?)output["state"]);
    }

    [Fact]
    public async Task A_pop_up_is_a_target_although_its_address_differs_from_the_recorded_one()
    {
        await using var session = await lab.OpenAsync("/popup");
        await session.OutputAsync("""
            {"type": "click", "target": "main", "selectors": [["aria/Show terms"]], "offsetX": 5, "offsetY": 5},
            {"type": "click", "target": "http://miramar.example/popup-child?token=0.123", "selectors": [["aria/I accept"]], "offsetX": 5, "offsetY": 5},
            {"type": "waitForElement", "target": "http://miramar.example/popup-child?token=0.123", "selectors": ["text/Thank you"]},
            {"type": "close", "target": "http://miramar.example/popup-child?token=0.123"},
            {"type": "waitForElement", "target": "main", "selectors": [["text/accepted"]]},
            {"type": "close", "target": "main"}
            """);
        Assert.Equal("accepted", await session.TextAsync("#answer"));
        Assert.Single(session.Page.Context.Pages);
    }

    [Fact]
    public async Task An_asserted_navigation_may_be_one_within_a_single_page_application()
    {
        await using var session = await lab.OpenAsync("/spa");
        await session.OutputAsync("""{"type": "click", "selectors": ["aria/Open invoices"], "offsetX": 5, "offsetY": 5, "assertedEvents": [{"type": "navigation", "url": "", "title": ""}]}""");
        Assert.Equal("http://miramar.example/spa/invoices", session.Page.Url);
    }

    [Fact]
    public async Task What_follows_an_action_is_read_from_the_page_that_it_leads_to()
    {
        await using var session = await lab.OpenAsync("/bookings");
        var output = await session.OutputAsync("""
            {"type": "change", "selectors": ["#destination"], "value": "Oslo"},
            {"type": "keyDown", "key": "Enter"},
            {"type": "keyUp", "key": "Enter"},
            {"type": "customStep", "name": "extract", "parameters": {"fields": {"title": "h1"}}},
            {"type": "navigate", "url": "/slow-link"},
            {"type": "click", "selectors": ["aria/Slow"]},
            {"type": "customStep", "name": "extract", "parameters": {"as": "slow", "fields": {"title": "h1"}}}
            """);
        Assert.Equal("Results for Oslo", (string?)output["title"]);
        Assert.Equal("Arrived", (string?)output["slow"]!["title"]);
    }

    [Fact]
    public async Task A_click_is_made_once_however_long_the_page_is_busy_with_it()
    {
        await using var own = await lab.LaunchOwnAsync();
        await using var session = await lab.OpenAsync("/busy-click", own);
        await session.OutputAsync("""{"type": "click", "selectors": ["aria/Order"], "offsetX": 5, "offsetY": 5}, {"type": "waitForElement", "selectors": ["text/1"]}""");
        Assert.Equal("1", await session.TextAsync("#out"));
    }

    [Fact]
    public async Task An_asserted_navigation_that_does_not_come_fails_the_step()
    {
        await using var session = await lab.OpenAsync("/odd");
        var failed = await session.FailureAsync("""{"type": "click", "selectors": ["aria/One"], "offsetX": 5, "offsetY": 5, "assertedEvents": [{"type": "navigation"}]}""");
        Assert.Contains("expected to go to another address", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mouse_and_keyboard_are_real_and_as_recorded()
    {
        await using var session = await lab.OpenAsync("/mouse");
        await session.OutputAsync("""
            {"type": "click", "selectors": ["#pad"], "offsetX": 30, "offsetY": 40.4, "duration": 250},
            {"type": "click", "selectors": ["#pad"], "offsetX": 3000, "offsetY": 40},
            {"type": "doubleClick", "selectors": ["#pad"], "offsetX": 10, "offsetY": 10},
            {"type": "click", "selectors": ["#pad"], "button": "secondary", "offsetX": 10, "offsetY": 10},
            {"type": "click", "selectors": ["#pad"], "button": "auxiliary", "offsetX": 10, "offsetY": 10, "deviceType": "pen"},
            {"type": "click", "selectors": ["#keys"], "deviceType": "touch", "offsetX": 10, "offsetY": 5},
            {"type": "keyDown", "key": "Shift"}, {"type": "keyDown", "key": "A"}, {"type": "keyUp", "key": "A"}, {"type": "keyUp", "key": "Shift"},
            {"type": "keyDown", "key": "AudioVolumeUp"}, {"type": "keyUp", "key": "AudioVolumeUp"}, {"type": "keyDown", "key": "ß"}, {"type": "keyUp", "key": "ß"},
            {"type": "hover", "selectors": [["#menu"]]},
            {"type": "waitForElement", "selectors": ["#sub"], "visible": true},
            {"type": "scroll", "selectors": ["#box"], "x": 0, "y": 120},
            {"type": "emulateNetworkConditions", "download": 50000, "upload": 50000, "latency": 2000},
            {"type": "scroll", "y": 600}
            """);
        Assert.Equal("click 30,40 held long trusted true;click 150,100 held short trusted true;click 10,10 held short trusted true;click 10,10 held short trusted true;dblclick;context;aux 1;"
            + "down Shift+shift;down A+shift;up A;up Shift;", (await session.TextAsync("#log")).Replace("aux 2;", "", StringComparison.Ordinal));
        Assert.Equal("Aß", await session.Page.InputValueAsync("#keys"));
        Assert.Equal(120, await session.Page.EvaluateAsync<int>("document.getElementById('box').scrollTop"));
        Assert.Equal(600, await session.Page.EvaluateAsync<int>("window.scrollY"));
    }

    [Fact]
    public async Task Every_kind_of_field_takes_a_change()
    {
        await using var session = await lab.OpenAsync("/bookings");
        await session.OutputAsync("""
            {"type": "change", "selectors": ["aria/Destination"], "value": "{{input.city}}"},
            {"type": "change", "selectors": ["#nights"], "value": "A week"},
            {"type": "change", "selectors": ["#flexible"], "value": "on"},
            {"type": "change", "selectors": ["aria/Arrival"], "value": "2026-05-04"},
            {"type": "change", "selectors": ["aria/Guests"], "value": "{{input.guests}}"},
            {"type": "change", "selectors": ["aria/Wishes"], "value": "Quiet\nroom"},
            {"type": "click", "selectors": ["aria/Search"], "offsetX": 5, "offsetY": 5, "assertedEvents": [{"type": "navigation"}]}
            """, """{"city": "Köln", "guests": 4}""");
        Assert.Equal("q=Köln; nights=7; flexible=yes; from=2026-05-04; guests=4; wish=Quiet room", (await session.TextAsync("#asked")).ReplaceLineEndings(" ").Replace("  ", " ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_replaces_what_the_field_held()
    {
        await using var session = await lab.OpenAsync("/secret");
        await session.OutputAsync("""{"type": "change", "selectors": ["#name"], "value": "Grace"}""");
        Assert.Equal("Grace", await session.Page.InputValueAsync("#name"));
        await session.OutputAsync("""{"type": "change", "selectors": ["#name"], "value": ""}""");
        Assert.Equal("", await session.Page.InputValueAsync("#name"));
    }

    [Fact]
    public async Task An_element_that_comes_late_and_disabled_is_waited_for()
    {
        await using var session = await lab.OpenAsync("/late");
        await session.OutputAsync("""
            {"type": "click", "selectors": [["aria/Late button"]], "offsetX": 5, "offsetY": 5},
            {"type": "waitForExpression", "expression": "document.getElementById('out').textContent === {{input.word}} // a remark"},
            {"type": "waitForExpression", "expression": "new Promise(done => setTimeout(() => done(window.ready), 50))"},
            {"type": "waitForElement", "selectors": ["button"], "operator": "==", "count": 1, "attributes": {"id": "late"}, "properties": {"disabled": false, "tagName": "BUTTON"}},
            {"type": "waitForElement", "selectors": ["#gone"], "visible": false},
            {"type": "waitForElement", "selectors": ["button"], "operator": "<=", "count": 3}
            """, """{"word": "clicked"}""");
    }

    [Fact]
    public async Task A_page_that_forwards_by_itself_is_followed()
    {
        await using var session = await lab.OpenAsync();
        await session.OutputAsync("""
            {"type": "navigate", "url": "/bounce"},
            {"type": "change", "selectors": [["aria/Destination"]], "value": "Rome"}
            """);
        Assert.Equal("Rome", await session.Page.InputValueAsync("#destination"));
    }

    [Fact]
    public async Task Input_cannot_change_what_a_selector_means()
    {
        await using var session = await lab.OpenAsync("/odd");
        var input = new JsonObject { ["id"] = "it's \"odd\" ]", ["three"] = "3", ["n"] = 2, ["evil"] = "plain'] , button[data-id='3" }.ToJsonString();
        await session.OutputAsync("""
            {"type": "click", "selectors": ["button[data-id=\"{{input.id}}\"]"]},
            {"type": "click", "selectors": ["xpath///button[@data-id=\"{{input.id}}\"]"]},
            {"type": "click", "selectors": ["xpath///button[@data-id={{input.id}}]"]},
            {"type": "click", "selectors": ["[data-id={{input.three}}]"]},
            {"type": "click", "selectors": ["#{{input.three}}rd"]},
            {"type": "click", "selectors": ["button:nth-of-type({{input.n}})"]},
            {"type": "click", "selectors": ["xpath///button[{{input.n}}]"]}
            """, input);
        Assert.Equal("One;One;One;Three;Three;Two;Two;", await session.TextAsync("#out"));
        var failed = await session.FailureAsync("""{"type": "click", "selectors": ["button[data-id='{{input.evil}}']", "xpath///button[@data-id='{{input.evil}}']", "aria/{{input.evil}}", "text/{{input.evil}}"]}""", input, timeout: 300);
        Assert.Contains("did not find its element", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("button[data-id='3", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Input_in_an_address_stays_in_its_place()
    {
        await using var session = await lab.OpenAsync();
        await session.OutputAsync("""{"type": "navigate", "url": "http://miramar.example/echo/{{input.a}}/x?q={{input.a}}#{{input.a}}"}""", """{"a": "b/c?d&e=f#g h%2f"}""");
        Assert.Equal("/echo/b%2Fc%3Fd%26e%3Df%23g%20h%252f/x?q=b%2Fc%3Fd%26e%3Df%23g%20h%252f", await session.TextAsync("#path"));
        Assert.Contains("`..`", (await session.FailureAsync("""{"type": "navigate", "url": "/echo/{{input.a}}/x"}""", """{"a": ".."}""")).Message, StringComparison.Ordinal);
        Assert.Contains("http or https", (await session.FailureAsync("""{"type": "navigate", "url": "{{input.a}}"}""", """{"a": "file:///etc/passwd"}""")).Message, StringComparison.Ordinal);
        Assert.Contains("host name", (await session.FailureAsync("""{"type": "navigate", "url": "http://{{input.a}}.example/"}""", """{"a": "evil.test/x"}""")).Message, StringComparison.Ordinal);
        await session.OutputAsync("""{"type": "navigate", "url": "{{input.a}}"}""", """{"a": "http://miramar.example/echo/whole?x=1"}""");
        Assert.Equal("/echo/whole?x=1", await session.TextAsync("#path"));
    }
}
