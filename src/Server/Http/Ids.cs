using System.Security.Cryptography;

namespace Ostiary.Server.Http;

/// <summary>An identifier of one kind of object: its prefix, then <c>[0-9A-Za-z_-]</c>. Parsed at the edge; never a bare string inside.</summary>
internal interface IObjectId<TSelf> where TSelf : struct, IObjectId<TSelf>
{
    /// <summary>For instance <c>agt_</c>.</summary>
    static abstract string Prefix { get; }

    /// <summary>The wire's word for the object, for instance <c>agent</c>: used in <c>agent_not_found</c>.</summary>
    static abstract string ObjectName { get; }

    static abstract TSelf Of(string value);

    string Value { get; }
}

internal readonly record struct OrganizationId(string Value) : IObjectId<OrganizationId>
{
    public static string Prefix => "org_";
    public static string ObjectName => "organization";
    public static OrganizationId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct ApiKeyId(string Value) : IObjectId<ApiKeyId>
{
    public static string Prefix => "key_";
    public static string ObjectName => "api_key";
    public static ApiKeyId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct TokenId(string Value) : IObjectId<TokenId>
{
    public static string Prefix => "tok_";
    public static string ObjectName => "token";
    public static TokenId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct AgentId(string Value) : IObjectId<AgentId>
{
    public static string Prefix => "agt_";
    public static string ObjectName => "agent";
    public static AgentId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct SourceId(string Value) : IObjectId<SourceId>
{
    public static string Prefix => "src_";
    public static string ObjectName => "source";
    public static SourceId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct CredentialId(string Value) : IObjectId<CredentialId>
{
    public static string Prefix => "cred_";
    public static string ObjectName => "credential";
    public static CredentialId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct ConnectionId(string Value) : IObjectId<ConnectionId>
{
    public static string Prefix => "conn_";
    public static string ObjectName => "connection";
    public static ConnectionId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct SessionId(string Value) : IObjectId<SessionId>
{
    public static string Prefix => "sess_";
    public static string ObjectName => "session";
    public static SessionId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct TaskId(string Value) : IObjectId<TaskId>
{
    public static string Prefix => "task_";
    public static string ObjectName => "task";
    public static TaskId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct TaskRunId(string Value) : IObjectId<TaskRunId>
{
    public static string Prefix => "trun_";
    public static string ObjectName => "task_run";
    public static TaskRunId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct StorageId(string Value) : IObjectId<StorageId>
{
    public static string Prefix => "stor_";
    public static string ObjectName => "storage";
    public static StorageId Of(string value) => new(value);
    public override string ToString() => Value;
}

/// <summary>A picture of a run's page.</summary>
internal readonly record struct ScreenshotId(string Value) : IObjectId<ScreenshotId>
{
    public static string Prefix => "shot_";
    public static string ObjectName => "screenshot";
    public static ScreenshotId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct EventId(string Value) : IObjectId<EventId>
{
    public static string Prefix => "evt_";
    public static string ObjectName => "event";
    public static EventId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct EventDestinationId(string Value) : IObjectId<EventDestinationId>
{
    public static string Prefix => "evtd_";
    public static string ObjectName => "event_destination";
    public static EventDestinationId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct EventDeliveryId(string Value) : IObjectId<EventDeliveryId>
{
    public static string Prefix => "edlv_";
    public static string ObjectName => "event_delivery";
    public static EventDeliveryId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct InteractionId(string Value) : IObjectId<InteractionId>
{
    public static string Prefix => "intr_";
    public static string ObjectName => "interaction";
    public static InteractionId Of(string value) => new(value);
    public override string ToString() => Value;
}

internal readonly record struct RequestId(string Value) : IObjectId<RequestId>
{
    public static string Prefix => "req_";
    public static string ObjectName => "request";
    public static RequestId Of(string value) => new(value);
    public override string ToString() => Value;
}

/// <summary>Parses ids from paths, queries and bodies.</summary>
internal static class ObjectId
{
    /// <summary>Characters after the prefix, at most.</summary>
    public const int LongestTail = 64;

    /// <summary>True for the kind's prefix followed by 1 to 64 characters of <c>[0-9A-Za-z_-]</c>.</summary>
    public static bool TryParse<T>(string? text, out T id) where T : struct, IObjectId<T>
    {
        id = default;
        if (text is null || !text.StartsWith(T.Prefix, StringComparison.Ordinal)) return false;
        var tail = text.AsSpan(T.Prefix.Length);
        if (tail.Length is 0 or > LongestTail) return false;
        foreach (var c in tail)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')) return false;
        }

        id = T.Of(text);
        return true;
    }
}

/// <summary>
/// Makes new ids. The 22 characters after the prefix are 8 of time (milliseconds since 1970, base 62, fixed width), 3 of a counter within the millisecond, and
/// 11 random ones (65 bits), so that ids sort by creation time in byte order.
/// </summary>
internal sealed class IdSource(TimeProvider time)
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int CounterLimit = 62 * 62 * 62;
    private readonly Lock _lock = new();
    private long _lastMillisecond;
    private int _counter;

    public T New<T>() where T : struct, IObjectId<T>
    {
        long millisecond;
        int counter;
        lock (_lock)
        {
            millisecond = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), _lastMillisecond);
            if (millisecond > _lastMillisecond) _counter = 0;
            else if (++_counter == CounterLimit) (millisecond, _counter) = (millisecond + 1, 0);
            _lastMillisecond = millisecond;
            counter = _counter;
        }

        Span<char> tail = stackalloc char[22];
        Write(tail[..8], millisecond);
        Write(tail[8..11], counter);
        RandomNumberGenerator.GetItems(Alphabet, tail[11..]);
        return T.Of(string.Concat(T.Prefix, tail));
    }

    /// <summary>A random token of <paramref name="length"/> base-62 characters after <paramref name="prefix"/>: keys and tokens, never ids.</summary>
    public static string NewToken(string prefix, int length) => prefix + RandomNumberGenerator.GetString(Alphabet, length);

    private static void Write(Span<char> digits, long number)
    {
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            digits[i] = Alphabet[(int)(number % 62)];
            number /= 62;
        }
    }
}
