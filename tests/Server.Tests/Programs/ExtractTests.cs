using System.Text.Json.Nodes;
using Xunit;

namespace Ostiary.Server.Tests.Programs;

public sealed class ExtractTests(FlowLab lab)
{
    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}\n but was {actual?.ToJsonString()}");

    [Fact]
    public async Task A_list_that_is_still_being_filled_is_read_whole_with_types()
    {
        await using var session = await lab.OpenAsync("/results?q=Rome");
        var output = await session.OutputAsync("""
            {"type": "customStep", "name": "extract", "parameters": {"as": "stays", "list": "tr.stay", "fields": {
              "id": {"attribute": "data-id", "type": "integer"},
              "hotel": "td.hotel a",
              "link": {"selector": "aria/[role=\"link\"]", "attribute": "href"},
              "from": {"selector": "time", "type": "date"},
              "price": {"selector": "aria/Price", "type": "number"},
              "cents": {"selector": ".price", "pattern": ",(\\d\\d)"},
              "paid": {"selector": "xpath///td[4]", "type": "boolean"},
              "note": {"selector": ".note", "optional": true},
              "extras": {"list": "li", "fields": {"name": "b", "cost": {"selector": ["em", "i"], "type": "number"}}},
              "names": {"selector": "li b", "all": true}
            }}},
            {"type": "customStep", "name": "extract", "parameters": {"fields": {"title": "h1"}}}
            """);
        Same("""
            {"stays": [
              {"id": 7, "hotel": "Miramar", "link": "http://miramar.example/stays/7", "from": "2026-03-12", "price": 1234.56, "cents": "56", "paid": true,
               "extras": [{"name": "Spa", "cost": 20}, {"name": "Boat", "cost": 35.5}], "names": ["Spa", "Boat"]},
              {"id": 8, "hotel": "Bellevue", "link": "http://miramar.example/stays/8", "from": "2026-04-01", "price": -80, "cents": "00", "paid": false, "extras": [], "names": []}],
             "title": "Results for Rome"}
            """, output);
    }

    [Fact]
    public async Task An_empty_list_is_a_result_and_goes_to_items_when_it_has_no_name()
    {
        await using var session = await lab.OpenAsync("/empty");
        Same("""{"items": []}""", await session.OutputAsync("""{"type": "customStep", "name": "extract", "timeout": 400, "parameters": {"list": "tbody tr", "fields": {"a": "td"}}}"""));
    }

    [Fact]
    public async Task What_the_page_s_language_says_decides_what_a_number_or_date_leaves_open()
    {
        await using var session = await lab.OpenAsync("/cards");
        Same("""{"points": 1234, "asOf": "2026-04-03", "english": 1.234}""", await session.OutputAsync("""
            {"type": "customStep", "name": "extract", "parameters": {"fields": {
              "points": {"selector": "#saldo", "type": "integer"},
              "asOf": {"selector": "text/03.04", "type": "date"},
              "english": {"selector": "#saldo", "type": "number", "decimal": "."}}}}
            """));
    }

    [Fact]
    public async Task A_missing_field_fails_the_step_and_says_which()
    {
        await using var session = await lab.OpenAsync("/results?q=x");
        var failed = await session.FailureAsync("""
            {"type": "waitForElement", "selectors": ["tr.stay"], "count": 2, "timeout": 5000},
            {"type": "customStep", "name": "extract", "parameters": {"list": "tr.stay", "fields": {"code": {"selector": ["b.code", "[data-code]"]}}}}
            """);
        Assert.Equal((2, "step_failed"), (failed.Step, failed.Code));
        Assert.Contains("The field `code` of element 1 of 2 (`b.code`, `[data-code]`) was not there", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_no_number_fails_the_step()
    {
        await using var session = await lab.OpenAsync("/cards");
        var failed = await session.FailureAsync("""{"type": "customStep", "name": "extract", "parameters": {"fields": {"n": {"selector": "article h3", "type": "number"}}}}""");
        Assert.Contains("is not a number", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Eins is", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_value_of_a_password_field_is_never_read()
    {
        await using var session = await lab.OpenAsync("/secret");
        Same("""{"name": "Ada L."}""", await session.OutputAsync("""{"type": "customStep", "name": "extract", "parameters": {"fields": {"name": "#name", "pin": {"selector": "#pin", "optional": true}}}}"""));
        foreach (var field in (string[])["{\"selector\": \"#pin\"}", "{\"selector\": \"#pin\", \"attribute\": \"value\"}", "{\"selector\": \"#pin\", \"attribute\": \"VALUE\"}"])
        {
            var failed = await session.FailureAsync($$$"""{"type": "customStep", "name": "extract", "timeout": 200, "parameters": {"fields": {"pin": {{{field}}} } } }""");
            Assert.DoesNotContain("hush", failed.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Output_is_bounded()
    {
        await using var session = await lab.OpenAsync("/tall");
        Assert.Contains("more than 10,000 elements", (await session.FailureAsync("""{"type": "customStep", "name": "extract", "parameters": {"list": "li", "fields": {"a": ":scope"}}}""")).Message, StringComparison.Ordinal);
        await session.Page.GotoAsync("http://miramar.example/wide");
        var step = """{"type": "customStep", "name": "extract", "parameters": {"as": "x", "list": "p", "fields": {"a": ":scope"}}}""";
        Assert.Contains("larger than 1 MB", (await session.FailureAsync(string.Join(",", Enumerable.Repeat(step, 12)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_goes_to_every_element_s_page_and_back()
    {
        await using var session = await lab.OpenAsync("/results?q=Rome");
        Same("""{"stays": [{"hotel": "Miramar", "code": "HM-7"}, {"hotel": "Bellevue", "code": "HM-8"}]}""", await session.OutputAsync("""
            {"type": "customStep", "name": "each", "parameters": {"list": "tr.stay", "as": "stays", "steps": [
              {"type": "customStep", "name": "extract", "parameters": {"fields": {"hotel": "td.hotel"}}},
              {"type": "click", "selectors": ["a"], "offsetX": 4, "offsetY": 4, "assertedEvents": [{"type": "navigation"}]},
              {"type": "customStep", "name": "extract", "parameters": {"fields": {"code": ".code b"}}}
            ]}}
            """));
    }

    [Fact]
    public async Task Each_goes_over_elements_that_disappear_when_they_are_done()
    {
        await using var session = await lab.OpenAsync("/cards");
        Same("""{"items": [{"name": "Eins"}, {"name": "Zwei"}, {"name": "Drei"}]}""", await session.OutputAsync("""
            {"type": "customStep", "name": "each", "parameters": {"list": "article", "steps": [
              {"type": "customStep", "name": "extract", "parameters": {"fields": {"name": "h3"}}},
              {"type": "click", "selectors": [["aria/Entfernen"]]}
            ]}}
            """));
        Assert.Equal(0, await session.Page.Locator("article").CountAsync());
    }

    [Fact]
    public async Task Each_goes_over_values_of_the_input()
    {
        await using var session = await lab.OpenAsync();
        Same("""{"rooms": [{"title": "Stay 4", "id": 4}, {"title": "Stay 11", "id": 11}]}""", await session.OutputAsync("""
            {"type": "customStep", "name": "each", "parameters": {"values": "{{input.ids}}", "as": "rooms", "steps": [
              {"type": "navigate", "url": "/stays/{{item.id}}?n={{number}}"},
              {"type": "waitForExpression", "expression": "location.search === '?n=' + {{number}}"},
              {"type": "customStep", "name": "extract", "parameters": {"fields": {"title": "h1", "id": {"selector": "text/Stay {{item.id}}", "type": "integer", "pattern": "Stay (\\d+)"}}}}
            ]}}
            """, """{"ids": [{"id": 4}, {"id": 11}]}"""));
        Same("""{"items": [{"title": "Stay 9"}]}""", await session.OutputAsync("""
            {"type": "customStep", "name": "each", "parameters": {"values": [9, 10], "limit": 1, "steps": [
              {"type": "navigate", "url": "/stays/{{item}}"}, {"type": "customStep", "name": "extract", "parameters": {"fields": {"title": "h1"}}}]}}
            """));
    }
}
