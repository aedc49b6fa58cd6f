using System.Text.Json.Nodes;
using Xunit;

namespace Ostiary.Server.Tests.Programs;

public sealed class DownloadTests(FlowLab lab)
{
    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}\n but was {actual?.ToJsonString()}");

    [Fact]
    public async Task Each_never_takes_what_belongs_to_another_element()
    {
        await using var session = await lab.OpenServerSessionAsync("/files");
        var failed = await session.FailureAsync("""
            {"type": "customStep", "name": "each", "parameters": {"list": "li.doc", "steps": [{"type": "customStep", "name": "download", "parameters": {"selectors": ["a.get"], "as": "file"}}]}}
            """);
        Assert.Contains("Step 1 (each), element 3 of 3, step 1 (download)", failed.Message, StringComparison.Ordinal);
        Assert.Equal(["march.csv", "april.csv"], session.Kept.Select(k => k.Name));
    }

    [Theory]
    [InlineData("""{"selectors": ["li:nth-child(1) .get"]}""", "march.csv")]
    [InlineData("""{"selectors": ["#scripted"]}""", "export.csv")]
    [InlineData("""{"selectors": ["#pdf"]}""", "statement.pdf")]
    [InlineData("""{"selectors": ["#pdf-new"]}""", "statement.pdf")]
    [InlineData("""{"url": "/statement.pdf"}""", "statement.pdf")]
    [InlineData("""{"url": "/doc/{{input.month}}.csv"}""", "june.csv")]
    [InlineData("""{"url": "{{input.other}}/doc/other.csv"}""", "other.csv")]
    [InlineData("""{"url": "{{input.other}}/statement.pdf"}""", "statement.pdf")]
    public async Task A_file_is_kept_however_the_site_hands_it_over(string parameters, string name)
    {
        await using var session = await lab.OpenServerSessionAsync("/files");
        var output = await session.OutputAsync($$$"""
            {"type": "customStep", "name": "download", "parameters": {{{parameters[..^1]}}}, "as": "file"} },
            {"type": "customStep", "name": "extract", "parameters": {"fields": {"still": "h1"} } }
            """, $$"""{"month": "june", "other": "http://other.example:{{lab.Site.Port}}"}""");
        var kept = Assert.Single(session.Kept);
        Assert.Equal(name, kept.Name);
        Assert.StartsWith(name.EndsWith(".pdf", StringComparison.Ordinal) ? "%PDF-1.4" : $"file {name}", kept.Text, StringComparison.Ordinal);
        Same($$"""{"file_name": "{{name}}", "file_type": "{{kept.Type}}", "file_size": {{kept.Text.Length}}, "storage_id": "stor_1"}""", output["file"]);
        Assert.Equal("Documents", (string?)output["still"]);
        Assert.Single(session.Page.Context.Pages);
    }

    [Fact]
    public async Task A_download_that_does_not_come_fails_the_step()
    {
        await using var session = await lab.OpenServerSessionAsync("/files");
        Assert.Contains("none came within", (await session.FailureAsync("""{"type": "customStep", "name": "download", "parameters": {"selectors": ["#dead"]}}""")).Message, StringComparison.Ordinal);
        Assert.Contains("did not find its element", (await session.FailureAsync("""{"type": "customStep", "name": "download", "parameters": {"selectors": ["#none"]}}""")).Message, StringComparison.Ordinal);
    }
}
