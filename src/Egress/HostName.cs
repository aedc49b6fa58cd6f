using System.Buffers;
using System.Globalization;
using System.Net;

namespace Ostiary.Egress;

/// <summary>
/// A host in its one canonical spelling: an address, or a name in lower-case ASCII without the final dot. Spellings that resolvers and browsers read as an
/// address (<c>2130706433</c>, <c>0177.0.0.1</c>, <c>127.1</c>, <c>[::ffff:7f00:1]</c>) become that address before anything is decided about them.
/// </summary>
internal readonly record struct HostName(string Text, IPAddress? Address)
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF:.");

    // UTS 46 as far as the platform offers it; what is not a host name after the mapping is refused by the check below.
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true, UseStd3AsciiRules = false };

    /// <summary>Null when <paramref name="host"/> is not a host at all.</summary>
    public static HostName? TryParse(string host)
    {
        if (host.Length is 0 or > 1024) return null;
        if (host[0] == '[' || host.Contains(':')) return TryParseV6(host);

        var name = host;
        if (!Ascii(name))
        {
            try
            {
                name = Idn.GetAscii(name.TrimEnd('.', '\u3002', '\uff0e', '\uff61'));
            }
            catch (ArgumentException)
            {
                return null;
            }
        }
        name = name.ToLowerInvariant();
        if (name.EndsWith('.')) name = name[..^1];
        if (name.Length is 0 or > 253 || name.AsSpan().ContainsAnyExcept(NameCharacters)) return null;

        var last = name[(name.LastIndexOf('.') + 1)..];
        if (IsNumber(last)) return TryParseV4(name) is { } address ? new HostName(address.ToString(), address) : null;
        foreach (var label in name.AsSpan().Split('.'))
            if (name.AsSpan()[label].Length is 0 or > 63) return null;
        return new HostName(name, null);
    }

    /// <summary>IPv4-mapped IPv6 addresses (RFC 4291, 2.5.5.2) are the IPv4 address; a zone is dropped for the decision and kept for connecting.</summary>
    public static IPAddress Canonical(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static HostName? TryParseV6(string host)
    {
        var text = host.AsSpan();
        if (text[0] == '[')
        {
            if (text[^1] != ']') return null;
            text = text[1..^1];
        }
        var zone = text.IndexOf('%');
        var bare = zone < 0 ? text : text[..zone];
        if (zone >= 0 && zone + 1 == text.Length) return null;
        // Narrower than IPAddress.TryParse, which also takes ports and brackets here.
        if (!bare.Contains(':') || bare.ContainsAnyExcept(AddressCharacters) || !IPAddress.TryParse(bare, out var address)) return null;
        if (zone >= 0 && IPAddress.TryParse(text, out var scoped)) address = scoped;
        address = Canonical(address);
        return new HostName(address.ToString(), address);
    }

    private static bool Ascii(string text) => System.Text.Ascii.IsValid(text);

    private static bool IsNumber(ReadOnlySpan<char> label) =>
        label.Length > 0 && (!label.ContainsAnyExceptInRange('0', '9') || (label.StartsWith("0x") && label[2..].IndexOfAnyExcept(SearchHex) < 0));

    private static readonly SearchValues<char> SearchHex = SearchValues.Create("0123456789abcdef");

    /// <summary>The IPv4 parser of the WHATWG URL standard: one to four parts, each decimal, octal (0…) or hexadecimal (0x…); the last fills what is left.</summary>
    private static IPAddress? TryParseV4(string text)
    {
        var parts = text.Split('.');
        if (parts.Length > 4) return null;
        ulong value = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            if (ParseNumber(parts[i]) is not { } number) return null;
            if (i < parts.Length - 1)
            {
                if (number > 255) return null;
                value |= number << (8 * (3 - i));
            }
            else
            {
                if (number >= 1UL << (8 * (5 - parts.Length))) return null;
                value |= number;
            }
        }
        return new IPAddress([(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value]);
    }

    private static ulong? ParseNumber(string part)
    {
        var (digits, radix) = part switch
        {
            "" => ("", 10u),
            _ when part.StartsWith("0x", StringComparison.Ordinal) => (part[2..], 16u),
            _ when part.Length > 1 && part[0] == '0' => (part[1..], 8u),
            _ => (part, 10u),
        };
        if (part.Length == 0) return null;
        ulong value = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit)) return null;
            var number = (uint)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
            if (number >= radix) return null;
            value = value * radix + number;
            if (value > uint.MaxValue) return null;
        }
        return value;
    }
}
