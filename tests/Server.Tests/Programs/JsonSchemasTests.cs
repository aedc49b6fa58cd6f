using System.Text.Json;
using Ostiary.Server.Tasks;
using Xunit;

namespace Ostiary.Server.Tests.Programs;

public sealed class JsonSchemasTests
{
    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static string[] Faults(string schema, string value) => [.. JsonSchemas.Validate(Json(schema), Json(value)).Select(f => $"{f.Field}: {f.Message}")];

    [Fact]
    public void Every_fault_is_told_with_its_path()
    {
        const string schema = """
            {"type": "object", "additionalProperties": false, "required": ["stay", "code"],
             "properties": {
               "stay": {"type": "object", "required": ["hotel"], "properties": {"nights": {"type": "integer", "minimum": 1}, "hotel": {"type": "string"}}},
               "code": {"type": ["string", "null"], "pattern": "^[A-Z]+$"},
               "items": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"enum": ["a", 1]}}}}}
             }}
            """;
        Assert.Equal(
        [
            "input.code: Is required and missing.",
            "input.stay.hotel: Is required and missing.",
            "input.stay.nights: Expected a number of at least 1.",
            "input.items[0].id: Expected a whole number, got text.",
            "input.items[1].id: Is required and missing.",
            "input.items[1].tags[1]: Expected one of “a”, 1.",
            "input[\"odd name\"]: Is not a known field.",
        ], Faults(schema, """{"stay": {"nights": 0}, "items": [{"id": "x"}, {"tags": ["a", "1"]}], "odd name": true}"""));
        Assert.Empty(Faults(schema, """{"stay": {"nights": 2.0, "hotel": "M"}, "code": null, "items": [{"id": 12345678901234567890, "tags": [1, 1.0, "a"]}]}"""));
    }

    [Theory]
    [InlineData("""{"const": 5}""", "5.0", "6")]
    [InlineData("""{"const": {"a": [1, "x"], "b": null}}""", """{"b": null, "a": [1.0, "x"]}""", """{"b": null, "a": ["x", 1]}""")]
    [InlineData("""{"enum": ["a", 1, null]}""", "null", "\"1\"")]
    [InlineData("""{"type": "integer"}""", "2.0", "2.5")]
    [InlineData("""{"type": "number"}""", "1e400", "\"1\"")]
    [InlineData("""{"exclusiveMinimum": 3}""", "3.01", "3")]
    [InlineData("""{"minimum": 3, "exclusiveMinimum": true}""", "4", "3")]
    [InlineData("""{"maximum": 3, "exclusiveMaximum": true}""", "2", "3")]
    [InlineData("""{"multipleOf": 0.01}""", "0.07", "1.005")]
    [InlineData("""{"minLength": 2, "maxLength": 2}""", "\"😀😀\"", "\"😀\"")]
    [InlineData("""{"pattern": "^(a+)+$"}""", "\"aaaa\"", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"")]
    [InlineData("""{"prefixItems": [{"type": "string"}], "items": {"type": "number"}}""", """["a", 1, 2]""", """["a", "b"]""")]
    [InlineData("""{"items": [{"type": "string"}], "additionalItems": false}""", """["a"]""", """["a", 1]""")]
    [InlineData("""{"contains": {"const": 1}, "maxContains": 1}""", "[2, 1]", "[1, 1]")]
    [InlineData("""{"uniqueItems": true}""", """[1, "1", {"a": 1, "b": 2}]""", """[{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]""")]
    [InlineData("""{"properties": {"a": true, "b": false}}""", """{"a": 1}""", """{"b": 1}""")]
    [InlineData("""{"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": {"type": "number"}}""", """{"xa": "s", "b": 1}""", """{"xa": 1}""")]
    [InlineData("""{"propertyNames": {"pattern": "^[a-z]+$"}}""", """{"ab": 1}""", """{"A": 1}""")]
    [InlineData("""{"dependentRequired": {"card": ["name"]}}""", """{"card": 1, "name": 2}""", """{"card": 1}""")]
    [InlineData("""{"dependencies": {"card": ["name"]}}""", """{"name": 2}""", """{"card": 1}""")]
    [InlineData("""{"minProperties": 1, "maxProperties": 1}""", """{"a": 1}""", "{}")]
    [InlineData("""{"if": {"properties": {"k": {"const": "x"}}, "required": ["k"]}, "then": {"required": ["y"]}, "else": {"required": ["z"]}}""", """{"k": "x", "y": 1}""", """{"k": "x", "z": 1}""")]
    [InlineData("""{"oneOf": [{"type": "integer"}, {"minimum": 2}]}""", "1", "3")]
    [InlineData("""{"anyOf": [{"type": "integer"}, {"type": "null"}]}""", "null", "true")]
    [InlineData("""{"not": {"type": "string"}}""", "1", "\"a\"")]
    [InlineData("""{"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}, "v": {"type": "integer"}}}}, "$ref": "#/$defs/n"}""", """{"next": {"next": {"v": 1}}}""", """{"next": {"next": {"v": "1"}}}""")]
    [InlineData("""{"definitions": {"a/b": {"$anchor": "here", "type": "integer"}}, "properties": {"x": {"$ref": "#here"}, "y": {"$ref": "#/definitions/a~1b"}}}""", """{"x": 1, "y": 2}""", """{"y": "2"}""")]
    [InlineData("""{"$id": "https://x.example/s", "properties": {"x": {"$ref": "https://x.example/s#/properties/y"}, "y": {"type": "null"}}}""", """{"x": null}""", """{"x": 1}""")]
    [InlineData("""{"format": "date"}""", "\"2026-02-28\"", "\"2026-02-30\"")]
    [InlineData("""{"format": "date-time"}""", "\"2026-02-28T01:02:03.5+01:00\"", "\"2026-02-28\"")]
    [InlineData("""{"format": "email"}""", "\"a@b.c\"", "\"a b@c\"")]
    [InlineData("""{"format": "uri"}""", "\"https://a/b?c\"", "\"/b\"")]
    [InlineData("""{"format": "uuid"}""", "\"9f1c2e34-1111-4222-8333-444455556666\"", "\"9f1c\"")]
    [InlineData("""{"format": "ipv4"}""", "\"10.0.0.1\"", "\"10.0.0\"")]
    [InlineData("""{"format": "ipv6"}""", "\"::1\"", "\"10.0.0.1\"")]
    [InlineData("""{"format": "hostname"}""", "\"a-b.example\"", "\"-a.example\"")]
    [InlineData("""{"format": "duration"}""", "\"P3DT4H\"", "\"P\"")]
    [InlineData("""{"format": "colour"}""", "\"any\"", null)]
    [InlineData("""{"type": "object"}""", "{}", "[]")]
    public void A_keyword_means_what_the_standard_says(string schema, string good, string? bad)
    {
        Assert.Empty(JsonSchemas.CheckSchema(Json(schema)));
        Assert.Empty(Faults(schema, good));
        if (bad is not null) Assert.NotEmpty(Faults(schema, bad));
    }

    [Theory]
    [InlineData("""{"type": "frob"}""", "type")]
    [InlineData("""{"type": ["string", 5]}""", "type")]
    [InlineData("""{"required": "a"}""", "required")]
    [InlineData("""{"properties": []}""", "properties")]
    [InlineData("""{"properties": {"a": {"minimum": "x"}}}""", "properties.a.minimum")]
    [InlineData("""{"properties": {"a": 5}}""", "properties.a")]
    [InlineData("""{"items": {"pattern": "("}}""", "items.pattern")]
    [InlineData("""{"allOf": []}""", "allOf")]
    [InlineData("""{"anyOf": [{"minLength": -1}]}""", "anyOf[0].minLength")]
    [InlineData("""{"properties": {"p": {"$ref": "#/definitions/nope"}}}""", "properties.p.$ref")]
    [InlineData("""{"$ref": "http://127.0.0.1:1/x.json"}""", "$ref")]
    [InlineData("""{"$ref": "file:///etc/passwd"}""", "$ref")]
    [InlineData("""{"$ref": "#/title", "title": "x"}""", "$ref")]
    [InlineData("""{"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}""", "$ref")]
    [InlineData("""{"unevaluatedProperties": false}""", "unevaluatedProperties")]
    [InlineData("""{"$ref": "#/parts/x", "parts": {"x": {"type": 7}}}""", "#/parts/x.type")]
    [InlineData("true", "")]
    [InlineData("[]", "")]
    [InlineData("\"x\"", "")]
    public void A_schema_that_cannot_be_used_is_refused(string schema, string field)
    {
        Assert.Equal(field, JsonSchemas.CheckSchema(Json(schema)).Select(f => f.Field).Distinct(StringComparer.Ordinal).Single());
        Assert.NotEmpty(JsonSchemas.Validate(Json(schema), Json("{}")));
    }

    [Fact]
    public void Paths_of_a_schema_start_with_its_name()
    {
        Assert.Equal("input_schema.type", JsonSchemas.CheckSchema(Json("""{"type": 1}"""), "input_schema").Single().Field);
        Assert.Equal("output.a", JsonSchemas.Validate(Json("""{"required": ["a"]}"""), Json("{}"), "output").Single().Field);
    }

    [Fact]
    public void A_message_never_repeats_the_value()
    {
        var value = new string('v', 500);
        var schema = """{"type": "object", "properties": {"a": {"const": "x"}, "b": {"maxLength": 3, "pattern": "^y$", "format": "date", "enum": ["q"]}}, "additionalProperties": false}""";
        var faults = Faults(schema, $$"""{"a": "{{value}}", "b": "{{value}}", "{{value}}": 1}""");
        Assert.Equal(6, faults.Length);
        Assert.All(faults, fault => Assert.DoesNotContain(new string('v', 61), fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Of_several_forms_the_one_that_is_meant_tells_its_faults()
    {
        const string schema = """{"properties": {"stay": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"n": {"type": "integer"}}}]}}}""";
        Assert.Equal(["input.stay.n: Expected a whole number, got text."], Faults(schema, """{"stay": {"n": "x"}}"""));
        Assert.Equal(["input.stay: Is of none of the allowed forms: null, an object."], Faults(schema, """{"stay": 4}"""));
    }

    [Fact]
    public void A_schema_that_multiplies_its_own_alternatives_comes_to_an_end()
    {
        var defs = string.Join(",", Enumerable.Range(0, 40).Select(i => $$"""
            "d{{i}}": {"allOf": [{"$ref": "#/$defs/d{{i + 1}}"}, {"$ref": "#/$defs/d{{i + 1}}"}]}
            """));
        var schema = $$$"""{"$defs": {{{{defs}}}, "d40": {"type": "object"}}, "$ref": "#/$defs/d0"}""";
        Assert.Contains(Faults(schema, "{}"), fault => fault.Contains("too complicated", StringComparison.Ordinal));
    }
}
