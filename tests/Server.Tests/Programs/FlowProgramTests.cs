using System.Text.Json;
using Ostiary.Server.Tasks.Programs;
using Xunit;

namespace Ostiary.Server.Tests.Programs;

public sealed class FlowProgramTests
{
    private static FlowParse Parse(string json) => FlowProgram.Parse(JsonDocument.Parse(json).RootElement);

    [Theory]
    [InlineData(Recordings.SearchAStay)]
    [InlineData(Recordings.SignInThenVoucher)]
    public void A_recording_is_a_program(string recording)
    {
        var parse = Parse(recording);
        Assert.Empty(parse.Faults);
        Assert.NotNull(parse.Program);
    }

    [Fact]
    public void A_sign_in_is_seen_only_at_the_beginning_of_a_recording()
    {
        Assert.Null(Parse(Recordings.SearchAStay).Program!.SignIn);
        Assert.Equivalent(new RecordedSignIn(2, 2, 6, [4]), Parse(Recordings.SignInThenVoucher).Program!.SignIn, strict: true);
        Assert.Null(Parse("""
            {"steps": [{"type": "navigate", "url": "/"}, {"type": "customStep", "name": "extract", "parameters": {"fields": {"a": "b"}}},
              {"type": "change", "selectors": ["aria/Password"], "value": "x"}, {"type": "click", "selectors": ["aria/Confirm"]}]}
            """).Program!.SignIn);
        Assert.Null(Parse("""{"steps": [{"type": "change", "selectors": ["aria/Passport number", "#passenger"], "value": "x"}]}""").Program!.SignIn);
    }

    [Fact]
    public void A_recorded_password_is_not_kept()
    {
        var recorded = Recordings.SignInThenVoucher.Replace("\"value\": \"x\"", "\"value\": \"not-to-be-kept\"", StringComparison.Ordinal);
        var kept = FlowProgram.WithoutRecordedPasswords(JsonDocument.Parse(recorded).RootElement);
        Assert.DoesNotContain("not-to-be-kept", kept.GetRawText(), StringComparison.Ordinal);
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(recorded.Replace("not-to-be-kept", "", StringComparison.Ordinal)).RootElement, kept));
        Assert.Empty(FlowProgram.Parse(kept).Faults);
    }

    [Fact]
    public void Every_fault_is_told_at_once_with_its_place()
    {
        var parse = Parse("""
            {
              "title": 5, "timeout": 500000,
              "steps": [
                {"type": "fly"},
                {"type": "click"},
                {"type": "click", "selectors": []},
                {"type": "click", "selectors": ["", ["a", 3], "aria/x[level=\"2\"]"], "button": "left", "offsetX": "1"},
                {"type": "change", "selectors": ["#a"], "value": "{{inputs.name}}"},
                {"type": "keyDown", "key": "enter"},
                {"type": "navigate", "url": "file:///etc/passwd"},
                {"type": "navigate", "url": "javascript:alert(1)"},
                {"type": "waitForElement", "selectors": ["#a"], "operator": ">", "count": -1, "attributes": {"a": 1}},
                {"type": "customStep", "name": "fetch", "parameters": {}},
                {"type": "customStep", "name": "extract", "parameters": {"list": 4, "fields": {"a": {"selector": "#a", "pattern": "(", "type": "money", "decimal": ";"}, "b": 3, "c": {"selector": "x", "pattern": "(a)(b)"}}}},
                {"type": "customStep", "name": "download", "parameters": {}},
                {"type": "customStep", "name": "each", "parameters": {"values": "{{input.a}}{{input.b}}", "steps": [{"type": "hop"}]}},
                7,
                {"type": "scroll", "frame": [-1], "timeout": 0, "assertedEvents": [{"type": "load"}]}
              ]
            }
            """);
        Assert.Null(parse.Program);
        Assert.Equal(
        [
            "program.steps[0].type", "program.steps[10].parameters.fields.a.decimal", "program.steps[10].parameters.fields.a.pattern", "program.steps[10].parameters.fields.a.type",
            "program.steps[10].parameters.fields.b", "program.steps[10].parameters.fields.c.pattern", "program.steps[10].parameters.list", "program.steps[11].parameters",
            "program.steps[12].parameters.steps[0].type", "program.steps[12].parameters.values", "program.steps[13]", "program.steps[14].assertedEvents[0]", "program.steps[14].frame",
            "program.steps[14].timeout", "program.steps[1].selectors", "program.steps[2].selectors", "program.steps[3].button", "program.steps[3].offsetX", "program.steps[3].selectors[0]",
            "program.steps[3].selectors[1][1]", "program.steps[3].selectors[2]", "program.steps[4].value", "program.steps[5].key", "program.steps[6].url", "program.steps[7].url",
            "program.steps[8].attributes", "program.steps[8].count", "program.steps[8].operator", "program.steps[9].name", "program.timeout", "program.title",
        ], parse.Faults.Select(f => f.Path).Order(StringComparer.Ordinal));
        Assert.Contains("`fly`", parse.Faults.Single(f => f.Path == "program.steps[0].type").Message, StringComparison.Ordinal);
        Assert.Contains("`Enter`", parse.Faults.Single(f => f.Path == "program.steps[5].key").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"steps": {}}""")]
    [InlineData("""{"steps": []}""")]
    public void What_is_no_flow_is_refused(string json) => Assert.NotEmpty(Parse(json).Faults);

    [Fact]
    public void Properties_that_are_not_known_are_passed_over()
    {
        Assert.Empty(Parse("""{"title": "t", "selectorAttribute": "data-id", "x": 1, "steps": [{"type": "click", "selectors": [["#a"]], "offsetX": 1, "offsetY": 2, "later": {}}]}""").Faults);
    }

    [Fact]
    public void The_programs_in_the_guide_are_programs()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Ostiary.slnx"))) folder = folder.Parent;
        var guide = File.ReadAllText(Path.Combine(folder.FullName, "docs", "task-programs.md"));
        var programs = guide.Split("```json").Skip(1).Select(block => block.Split("```")[0]).Where(block => block.Contains("\"steps\"", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, programs.Count);
        Assert.All(programs, program => Assert.Empty(Parse(program).Faults));
    }

    [Fact]
    public void Braces_of_the_page_itself_stay_as_they_are_in_a_selector()
    {
        var parse = Parse("""{"steps": [{"type": "click", "selectors": ["text/{{ user.name }}"]}]}""");
        Assert.Empty(parse.Faults);
        Assert.Equal("{{ user.name }}", parse.Program!.Steps[0].Selectors[0].Resolve(new FlowValues([]))[0].Text);
    }

    [Fact]
    public void Steps_are_bounded()
    {
        var steps = string.Join(",", Enumerable.Repeat("""{"type": "keyDown", "key": "a"}""", 1001));
        Assert.Contains(Parse($$"""{"steps": [{{steps}}]}""").Faults, f => f.Message.Contains("at most 1000", StringComparison.Ordinal));
        var nested = Enumerable.Range(0, 5).Aggregate("""{"type": "keyDown", "key": "a"}""", (inner, _) => $$$"""{"type": "customStep", "name": "each", "parameters": {"list": "a", "steps": [{{{inner}}}]} }""");
        Assert.Contains(Parse($$"""{"steps": [{{nested}}]}""").Faults, f => f.Message.Contains("nested at most", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""//a[@x='{{input.v}}']""", "it's", """//a[@x="it's"]""")]
    [InlineData("""//a[@x="{{input.v}}"]""", "say \"no\"", """//a[@x='say "no"']""")]
    [InlineData("""//a[@x='n-{{input.v}}-z']""", "'\"", """//a[@x=concat("n-'", '"', "-z")]""")]
    [InlineData("""//a[{{input.v}}]""", "3", """//a[3]""")]
    [InlineData("""//a[{{input.v}}]""", "1] | //b[1", """//a["1] | //b[1"]""")]
    public void A_value_in_an_xpath_is_one_literal(string source, string value, string expected) =>
        Assert.Equal(expected, FlowText.Parse(source).AsXPath(new FlowValues(new() { ["v"] = value })));

    [Theory]
    [InlineData("#x-{{input.v}}", "5 > b", @"#x-5\ \>\ b")]
    [InlineData("#{{input.v}}", "5a", @"#\35 a")]
    [InlineData("[a='{{input.v}}']", "x'] , *", @"[a='x\'] , *']")]
    [InlineData("[a={{input.v}}]", "-", @"[a=\-]")]
    [InlineData("li:nth-child({{input.v}})", "2", "li:nth-child(2)")]
    [InlineData("li:nth-child({{input.v}})", "2) , *", @"li:nth-child(\32 \)\ \,\ \*)")]
    [InlineData("[a=\"\\\"{{input.v}}\"]", "\"", "[a=\"\\\"\\\"\"]")]
    public void A_value_in_a_css_selector_is_one_name_or_string(string source, string value, string expected) =>
        Assert.Equal(expected, FlowText.Parse(source).AsCss(new FlowValues(new() { ["v"] = value })));

    [Fact]
    public void A_value_in_an_expression_is_one_json_literal() =>
        Assert.Equal("""x === "\u0022); alert(1); (\u0022" && 5""", FlowText.Parse("x === {{input.a}} && {{ input.b[0].c }}").AsScript(new FlowValues(
            (System.Text.Json.Nodes.JsonObject)System.Text.Json.Nodes.JsonNode.Parse("""{"a": "\"); alert(1); (\"", "b": [{"c": 5}]}""")!)));

    [Theory]
    [InlineData("bookings/{{input.v}}", "http://portal.example/bookings/a%20b")]
    [InlineData("/x?y={{input.v}}", "http://portal.example/x?y=a%20b")]
    [InlineData("//portal.example/x", "http://portal.example/x")]
    [InlineData("?p={{input.v}}", "http://portal.example/home?p=a%20b")]
    [InlineData("https://else.example:8443/", "https://else.example:8443/")]
    public void An_address_is_resolved_against_the_source(string source, string expected) =>
        Assert.Equal(expected, FlowText.Parse(source).AsUrl(new FlowValues(new() { ["v"] = "a b" }), new Uri("http://portal.example/home")).AbsoluteUri);
}
