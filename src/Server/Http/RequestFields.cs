namespace Ostiary.Server.Http;

/// <summary>The field must be present and not null.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RequiredFieldAttribute : Attribute;

/// <summary>The field may be absent but not null (for PATCH).</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NotNullFieldAttribute : Attribute;

/// <summary>Longest text in characters; 255 when the attribute is absent.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LongestAttribute(int characters) : Attribute
{
    public int Characters { get; } = characters;
}

/// <summary>Only these words are accepted.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OneOfAttribute(params string[] words) : Attribute
{
    public IReadOnlyList<string> Words { get; } = words;
}

/// <summary>A whole number between these bounds, both included.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BetweenAttribute(int least, int most) : Attribute
{
    public int Least { get; } = least;
    public int Most { get; } = most;
}

/// <summary>A JSON value that must be an object.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class JsonObjectFieldAttribute : Attribute;
