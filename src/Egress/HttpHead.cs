using System.Buffers;
using System.Globalization;
using System.Text;

namespace Ostiary.Egress;

/// <summary>How the end of a message's body is known.</summary>
internal enum Framing
{
    None,
    Length,
    Chunked,
    UntilClose,
}

/// <summary>
/// The head of one HTTP/1.1 message: a start line and header fields, as ranges of the bytes they came in. Requests are read strictly (anything that two readers
/// could read differently is a fault), responses as leniently as a browser does. Reused for many messages.
/// </summary>
internal sealed class HttpHead
{
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private readonly List<Field> _fields = [];
    private readonly List<Range> _namedByConnection = [];

    public Framing Framing { get; private set; }

    /// <summary>With <see cref="Framing.Length"/>; also of an answer to HEAD, which has no body.</summary>
    public long? ContentLength { get; private set; }

    /// <summary>The message says that its connection ends with it.</summary>
    public bool Close { get; private set; }

    public string Method { get; private set; } = "";

    public Range Target { get; private set; }

    public Range ProxyAuthorization { get; private set; }

    public bool HasProxyAuthorization { get; private set; }

    public int Status { get; private set; }

    /// <summary>Number of bytes of the head with its empty line, or 0 when it is not complete. <paramref name="scanned"/> remembers how far was looked.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes, ref int scanned)
    {
        while (scanned < bytes.Length)
        {
            var next = bytes[scanned..].IndexOf((byte)'\n');
            if (next < 0)
            {
                scanned = bytes.Length;
                return 0;
            }
            var after = bytes[(scanned + next + 1)..];
            if (after.StartsWith("\r\n"u8)) return scanned + next + 3;
            if (after.StartsWith("\n"u8)) return scanned + next + 2;
            if (after.Length < 2)
            {
                // The next bytes decide; look at this line end again then.
                scanned += next;
                return 0;
            }
            scanned += next + 1;
        }
        return 0;
    }

    /// <summary>Null: fine. Otherwise the status with which the proxy answers.</summary>
    public int? ReadRequest(ReadOnlySpan<byte> head)
    {
        Reset();
        // One line end of one kind, so that no reader behind us sees other lines than we did.
        if (!head.EndsWith("\r\n\r\n"u8)) return 400;
        var line = head[..head.IndexOf("\r\n"u8)];
        var space = line.IndexOf((byte)' ');
        if (space <= 0 || line[..space].ContainsAnyExcept(TokenBytes)) return 400;
        var rest = line[(space + 1)..];
        var target = rest.IndexOf((byte)' ');
        if (target <= 0 || rest[..target].ContainsAnyExceptInRange((byte)0x21, (byte)0x7e)) return 400;
        var version = rest[(target + 1)..];
        if (!version.SequenceEqual("HTTP/1.1"u8)) return version.StartsWith("HTTP/"u8) ? 505 : 400;
        Method = MethodName(line[..space]);
        Target = (space + 1)..(space + 1 + target);

        var position = line.Length + 2;
        while (position < head.Length - 2)
        {
            var end = position + head[position..].IndexOf("\r\n"u8);
            var colon = head[position..end].IndexOf((byte)':');
            // Also catches folded lines and a space before the colon.
            if (colon <= 0 || head.Slice(position, colon).ContainsAnyExcept(TokenBytes)) return 400;
            var value = Trim(head, position + colon + 1, end);
            if (HasControl(head[value])) return 400;
            _fields.Add(new Field(position..(position + colon), value));
            position = end + 2;
        }
        return ReadRequestFields(head);
    }

    /// <summary>False: not an HTTP/1 response that can be passed on.</summary>
    public bool ReadResponse(ReadOnlySpan<byte> head, bool toHead)
    {
        Reset();
        var lineEnd = head.IndexOf((byte)'\n');
        var line = head[..lineEnd].TrimEnd((byte)'\r');
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[8] != ' ' || HasControl(line)) return false;
        if (!int.TryParse(line.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status < 100 || (line.Length > 12 && line[12] != ' ')) return false;
        Status = status;
        Target = 9..line.Length; // Status and reason.
        Close = line[7] == '0';

        var position = lineEnd + 1;
        while (position < head.Length)
        {
            var next = head[position..].IndexOf((byte)'\n');
            var end = position + next;
            var text = head[position..end];
            if (text.EndsWith((byte)'\r')) text = text[..^1];
            if (text.Length == 0) break;
            var colon = text.IndexOf((byte)':');
            if (text[0] is (byte)' ' or (byte)'\t' && _fields.Count > 0)
            {
                // A folded line (obsolete) belongs to the value before it.
                var before = _fields[^1];
                _fields[^1] = before with { Value = before.Value.Start..(position + text.Length) };
            }
            else if (colon > 0)
            {
                var name = head.Slice(position, colon).TrimEnd(" \t"u8);
                if (name.Length > 0 && !name.ContainsAnyExcept(TokenBytes))
                    _fields.Add(new Field(position..(position + name.Length), Trim(head, position + colon + 1, position + text.Length)));
            }
            position = end + 1;
        }
        return ReadResponseFields(head, toHead);
    }

    /// <summary>Writes the fields that travel on: not those that belong to one connection, not framing, not <c>Host</c> (requests), not the proxy's own.</summary>
    public void WriteFields(ReadOnlySpan<byte> head, ArrayBufferWriter<byte> output, bool request)
    {
        foreach (var field in _fields)
        {
            var name = head[field.Name];
            if (IsPerConnection(name) || (request ? Is(name, "host"u8) : Is(name, "x-ostiary-egress"u8)) || IsNamedByConnection(head, name)) continue;
            output.Write(name);
            output.Write(": "u8);
            WriteValue(head[field.Value], output);
            output.Write("\r\n"u8);
        }
        switch (Framing)
        {
            case Framing.Chunked:
                output.Write("Transfer-Encoding: chunked\r\n"u8);
                break;
            case Framing.None or Framing.Length when ContentLength is { } length:
                Span<byte> digits = stackalloc byte[20];
                length.TryFormat(digits, out var written, default, CultureInfo.InvariantCulture);
                output.Write("Content-Length: "u8);
                output.Write(digits[..written]);
                output.Write("\r\n"u8);
                break;
        }
    }

    public static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => name.Length == other.Length && Ascii.EqualsIgnoreCase(name, other);

    private void Reset()
    {
        _fields.Clear();
        _namedByConnection.Clear();
        Framing = Framing.None;
        ContentLength = null;
        Close = false;
        HasProxyAuthorization = false;
        Status = 0;
    }

    private int? ReadRequestFields(ReadOnlySpan<byte> head)
    {
        var hosts = 0;
        var chunked = false;
        foreach (var field in _fields)
        {
            var name = head[field.Name];
            var value = head[field.Value];
            if (Is(name, "content-length"u8))
            {
                // RFC 9112, 6.3: several lengths are an attempt to be read in two ways.
                if (ContentLength is not null || ParseLength(value) is not { } length) return 400;
                ContentLength = length;
            }
            else if (Is(name, "transfer-encoding"u8))
            {
                if (chunked || !Is(value, "chunked"u8)) return 400;
                chunked = true;
            }
            else if (Is(name, "host"u8))
            {
                if (++hosts > 1) return 400;
            }
            else if (Is(name, "proxy-authorization"u8))
            {
                if (HasProxyAuthorization) return 400;
                HasProxyAuthorization = true;
                ProxyAuthorization = field.Value;
            }
            else if (Is(name, "connection"u8) || Is(name, "proxy-connection"u8))
            {
                ReadConnection(head, field.Value);
            }
        }
        if (chunked && ContentLength is not null) return 400;
        Framing = chunked ? Framing.Chunked : ContentLength is > 0 ? Framing.Length : Framing.None;
        return null;
    }

    private bool ReadResponseFields(ReadOnlySpan<byte> head, bool toHead)
    {
        var chunked = false;
        foreach (var field in _fields)
        {
            var name = head[field.Name];
            var value = head[field.Value];
            if (value.IndexOf((byte)0) >= 0) return false;
            if (Is(name, "content-length"u8))
            {
                foreach (var part in value.Split((byte)','))
                {
                    if (ParseLength(value[part].Trim(" \t"u8)) is not { } length || (ContentLength is { } known && known != length)) return false;
                    ContentLength = length;
                }
            }
            else if (Is(name, "transfer-encoding"u8))
            {
                if (Is(value, "identity"u8)) continue;
                if (chunked || !Is(value, "chunked"u8)) return false;
                chunked = true;
            }
            else if (Is(name, "connection"u8))
            {
                ReadConnection(head, field.Value);
            }
        }
        if (chunked) ContentLength = null; // RFC 9112, 6.3: the transfer coding wins.
        if (toHead || Status is < 200 or 204 or 304)
        {
            Framing = Framing.None;
            if (Status is < 200 or 204) ContentLength = null;
        }
        else
        {
            Framing = chunked ? Framing.Chunked : ContentLength switch { null => Framing.UntilClose, 0 => Framing.None, _ => Framing.Length };
        }
        return true;
    }

    private void ReadConnection(ReadOnlySpan<byte> head, Range value)
    {
        var (start, length) = value.GetOffsetAndLength(head.Length);
        foreach (var part in head.Slice(start, length).Split((byte)','))
        {
            var (from, count) = part.GetOffsetAndLength(length);
            var token = Trim(head, start + from, start + from + count);
            if (Is(head[token], "close"u8)) Close = true;
            else if (!Is(head[token], "keep-alive"u8)) _namedByConnection.Add(token);
        }
    }

    private bool IsNamedByConnection(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        foreach (var token in _namedByConnection)
            if (Is(name, head[token])) return true;
        return false;
    }

    // RFC 9110, 7.6.1, and framing, which is always written anew.
    private static bool IsPerConnection(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Is(name, "te"u8),
        7 => Is(name, "upgrade"u8),
        10 => Is(name, "connection"u8) || Is(name, "keep-alive"u8),
        14 => Is(name, "content-length"u8),
        17 => Is(name, "transfer-encoding"u8),
        _ => false,
    } || (name.Length > 6 && Is(name[..6], "proxy-"u8));

    private static void WriteValue(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output)
    {
        var target = output.GetSpan(value.Length)[..value.Length];
        value.CopyTo(target);
        // Only a folded value of a response has line ends inside; RFC 9112, 5.2 turns them into spaces.
        target.ReplaceAny(LineEnds, (byte)' ');
        output.Advance(value.Length);
    }

    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private static long? ParseLength(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= 18 && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : null;

    private static Range Trim(ReadOnlySpan<byte> head, int start, int end)
    {
        while (start < end && head[start] is (byte)' ' or (byte)'\t') start++;
        while (end > start && head[end - 1] is (byte)' ' or (byte)'\t') end--;
        return start..end;
    }

    private static bool HasControl(ReadOnlySpan<byte> value)
    {
        foreach (var one in value)
            if (one is < 0x20 and not (byte)'\t' or 0x7f) return true;
        return false;
    }

    private static string MethodName(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) ? "GET" : method.SequenceEqual("CONNECT"u8) ? "CONNECT" : method.SequenceEqual("POST"u8) ? "POST" : Encoding.ASCII.GetString(method);

    private readonly record struct Field(Range Name, Range Value);
}

/// <summary>Where a request wants to go.</summary>
/// <param name="Authority">As the <c>Host</c> field names it.</param>
/// <param name="Path">Origin-form; empty for CONNECT.</param>
internal readonly record struct RequestTarget(string Host, int Port, Range Authority, Range Path)
{
    /// <summary>The absolute-form of RFC 9112, 3.2.2, http only. Null: not that.</summary>
    public static RequestTarget? TryParseAbsolute(ReadOnlySpan<byte> target)
    {
        if (target.Length < 8 || !HttpHead.Is(target[..7], "http://"u8)) return null;
        var end = target[7..].IndexOfAny("/?#"u8);
        end = end < 0 ? target.Length : 7 + end;
        // A fragment is never sent; what looks like one is an attempt to be read in two ways.
        if (target.Contains((byte)'#')) return null;
        return TryParseAuthority(target[7..end], defaultPort: 80) is var (host, port) ? new RequestTarget(host, port, 7..end, end..target.Length) : null;
    }

    /// <summary>The authority-form of RFC 9112, 3.2.3. Null: not that.</summary>
    public static RequestTarget? TryParseConnect(ReadOnlySpan<byte> target) =>
        TryParseAuthority(target, defaultPort: null) is var (host, port) ? new RequestTarget(host, port, 0..target.Length, 0..0) : null;

    private static (string Host, int Port)? TryParseAuthority(ReadOnlySpan<byte> authority, int? defaultPort)
    {
        if (authority.IsEmpty || authority.IndexOfAny("@\\/?#"u8) >= 0) return null;
        int hostEnd;
        if (authority[0] == '[')
        {
            hostEnd = authority.IndexOf((byte)']') + 1;
            if (hostEnd == 0) return null;
        }
        else
        {
            hostEnd = authority.IndexOf((byte)':');
            if (hostEnd < 0) hostEnd = authority.Length;
        }
        if (hostEnd == 0) return null;
        var host = Encoding.ASCII.GetString(authority[..hostEnd]).ToLowerInvariant();
        var rest = authority[hostEnd..];
        if (rest.IsEmpty || (rest.Length == 1 && rest[0] == ':')) return defaultPort is { } known ? (host, known) : null;
        if (rest[0] != ':' || rest.Length > 6 || !int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535) return null;
        return (host, port);
    }
}
