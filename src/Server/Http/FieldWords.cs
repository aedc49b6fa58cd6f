namespace Ostiary.Server.Http;

/// <summary>What the reference says about a field. Fields that mean the same everywhere (<c>id</c>, <c>created_at</c>, <c>source_id</c>, …) need none.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SaysAttribute(string text) : Attribute
{
    /// <summary>One or two sentences for a customer.</summary>
    public string Text { get; } = text;

    /// <summary>An example: the text itself for a string, JSON for anything else.</summary>
    public string? Example { get; init; }
}

/// <summary>An id of one kind in a body, where the field's name does not say which.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class IdOfAttribute<T> : IdOfAttribute where T : struct, IObjectId<T>
{
    public override string Prefix => T.Prefix;
}

/// <summary><see cref="IdOfAttribute{T}"/> of any kind.</summary>
internal abstract class IdOfAttribute : Attribute
{
    public abstract string Prefix { get; }
}

/// <summary>The words that a text of an answer may be: those of the static list <c>All</c> of <paramref name="owner"/>, where the code keeps them.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WordsOfAttribute(Type owner) : Attribute
{
    public IReadOnlyList<string> Words { get; } = (IReadOnlyList<string>)(owner.GetField("All")?.GetValue(null) ?? throw new ArgumentException($"{owner} has no static field All.", nameof(owner)));
}

/// <summary>The shape of a field that is read or written by hand (<see cref="System.Text.Json.JsonElement"/>): a type that stands for it in the reference.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ShapeAttribute(Type type) : Attribute
{
    public Type Type { get; } = type;
}
