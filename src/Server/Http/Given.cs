namespace Ostiary.Server.Http;

/// <summary>A field of a PATCH body: absent, present as null, or present with a value.</summary>
internal readonly record struct Given<T>(bool IsGiven, T? Value)
{
    /// <summary>The value when given, else <paramref name="current"/>.</summary>
    public T? Or(T? current) => IsGiven ? Value : current;
}
