using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Ostiary.Egress;

/// <summary>
/// What an address is for, by the registries of special-purpose addresses (RFC 6890, IANA). Only global unicast addresses are reached without being allowed.
/// </summary>
internal static class AddressRules
{
    private static readonly (uint Network, int Length, string What)[] V4 =
    [
        (Net(127, 0, 0, 0), 8, "a loopback address"),
        (Net(10, 0, 0, 0), 8, "a private address"),
        (Net(172, 16, 0, 0), 12, "a private address"),
        (Net(192, 168, 0, 0), 16, "a private address"),
        (Net(100, 64, 0, 0), 10, "a shared (carrier-grade NAT) address"),
        (Net(169, 254, 0, 0), 16, "a link-local or cloud metadata address"),
        (Net(168, 63, 129, 16), 32, "a cloud metadata address"), // Azure's host service, on a public number.
        (Net(0, 0, 0, 0), 8, "an address of this host itself"),
        (Net(192, 0, 0, 0), 24, "an address reserved for protocols"),
        (Net(192, 0, 2, 0), 24, "an address for documentation"),
        (Net(198, 51, 100, 0), 24, "an address for documentation"),
        (Net(203, 0, 113, 0), 24, "an address for documentation"),
        (Net(192, 88, 99, 0), 24, "a 6to4 relay address"),
        (Net(198, 18, 0, 0), 15, "an address for benchmarks"),
        (Net(224, 0, 0, 0), 4, "a multicast address"),
        (Net(240, 0, 0, 0), 4, "a reserved or broadcast address"),
    ];

    // Inside 2000::/3; everything outside it is refused below.
    private static readonly (byte[] Prefix, int Length, string What)[] V6 =
    [
        ([0x20, 0x01, 0x0d, 0xb8], 32, "an address for documentation"),
        ([0x20, 0x01, 0x00, 0x00], 32, "a Teredo address"),
        ([0x20, 0x01, 0x00], 23, "an address reserved for protocols"),
        ([0x20, 0x02], 16, "a 6to4 address"),
        ([0x3f, 0xff, 0x00], 20, "an address for documentation"),
    ];

    /// <summary>Null: a public address. Otherwise what it is, as in "… is a private address".</summary>
    public static string? WhyRefused(IPAddress address)
    {
        address = HostName.Canonical(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork ? WhyRefusedV4(bytes) : WhyRefusedV6(bytes);
    }

    private static string? WhyRefusedV4(ReadOnlySpan<byte> bytes)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        foreach (var (network, length, what) in V4)
            if ((value ^ network) >> (32 - length) == 0) return what;
        return null;
    }

    private static string? WhyRefusedV6(ReadOnlySpan<byte> bytes)
    {
        // NAT64 (RFC 6052): how an IPv6-only network reaches the IPv4 internet, so it is as good as the address inside.
        if (Starts(bytes, [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96)) return WhyRefusedV4(bytes[12..]);
        if (bytes[0] >> 5 != 1)
        {
            if (Starts(bytes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128)) return "a loopback address";
            if (bytes.IndexOfAnyExcept((byte)0) < 0) return "an address of this host itself";
            if ((bytes[0] & 0xfe) == 0xfc) return "a private (unique local) address";
            if (bytes[0] == 0xfe && bytes[1] >> 6 == 2) return "a link-local address";
            if (bytes[0] == 0xfe && bytes[1] >> 6 == 3) return "a private (site-local) address";
            return bytes[0] == 0xff ? "a multicast address" : "a reserved address";
        }
        foreach (var (prefix, length, what) in V6)
            if (Starts(bytes, prefix, length)) return what;
        // ISATAP (RFC 5214) carries an IPv4 address in the interface part of any prefix.
        if ((bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe) return "an ISATAP tunnel address";
        return null;
    }

    private static bool Starts(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> prefix, int length)
    {
        var whole = length / 8;
        if (!bytes[..whole].SequenceEqual(prefix[..whole])) return false;
        return length % 8 == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - (length % 8)) == 0;
    }

    private static uint Net(byte a, byte b, byte c, byte d) => (uint)(a << 24 | b << 16 | c << 8 | d);
}

/// <summary>Names that by agreement never mean a machine on the internet.</summary>
internal static class NameRules
{
    private static readonly (string Suffix, string What)[] Local =
    [
        ("localhost", "means this machine itself (RFC 6761)"),
        ("local", "is for the local network only (RFC 6762)"),
        ("internal", "is for private networks and cloud metadata only"),
        ("home.arpa", "is for home networks only (RFC 8375)"),
    ];

    /// <summary>Null: an ordinary name. Otherwise why not, as in "… is for the local network only".</summary>
    public static string? WhyRefused(string name)
    {
        foreach (var (suffix, what) in Local)
            if (IsOrIsUnder(name, suffix)) return what;
        return null;
    }

    /// <summary>RFC 6761, 6.3: loopback without asking any resolver.</summary>
    public static bool IsLocalhost(string name) => IsOrIsUnder(name, "localhost");

    public static bool IsOrIsUnder(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal) && (name.Length == suffix.Length || name[^(suffix.Length + 1)] == '.');
}
