namespace Ostiary.Demo;

/// <summary>The story cannot go on, for a reason that can be told in a sentence or two.</summary>
internal sealed class DemoFault(string message, string? details = null) : Exception(message)
{
    /// <summary>What helps to find the cause, such as the end of the server's log; null when there is nothing to add.</summary>
    public string? Details { get; } = details;
}
