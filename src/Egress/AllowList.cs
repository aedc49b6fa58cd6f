using System.Net;
using System.Net.Sockets;

namespace Ostiary.Egress;

/// <summary>The parsed form of <see cref="EgressOptions.Allow"/>.</summary>
internal sealed class AllowList
{
    private readonly List<(IPNetwork Network, int? Port)> _networks = [];
    private readonly List<(string Name, bool Under, int? Port)> _names = [];

    /// <summary>True when some address is allowed under any name.</summary>
    public bool HasAddresses => _networks.Count > 0;

    /// <summary>Parses what can be parsed; every entry that cannot be is a sentence in <paramref name="faults"/>.</summary>
    public static AllowList Parse(string text, ICollection<string> faults)
    {
        var list = new AllowList();
        foreach (var entry in text.Split([',', ';', '\n', '\r', '\t', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (list.Add(entry) is { } fault) faults.Add($"Egress.Allow: \"{entry}\" {fault}");
        return list;
    }

    /// <summary>Port 0 stands for "any or not known": only entries without a port match it.</summary>
    public bool AllowsAddress(IPAddress address, int port)
    {
        if (_networks.Count == 0) return false;
        address = HostName.Canonical(address);
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0) address = new IPAddress(address.GetAddressBytes());
        foreach (var (network, only) in _networks)
            if ((only is null || only == port) && network.Contains(address)) return true;
        return false;
    }

    /// <inheritdoc cref="AllowsAddress"/>
    public bool AllowsName(string name, int port)
    {
        foreach (var (allowed, under, only) in _names)
        {
            if (only is not null && only != port) continue;
            if (under ? name.Length > allowed.Length && NameRules.IsOrIsUnder(name, allowed) : name == allowed) return true;
        }
        return false;
    }

    private string? Add(string entry)
    {
        if (!TakePort(entry, out var host, out var port)) return "has a port that is not a number from 1 to 65535.";
        if (host is "*" or "")
            return "names no host. To allow every private address, list the ranges: 0.0.0.0/0 and ::/0.";

        if (host.Contains('/')) return AddRange(host, port);

        var under = host.StartsWith("*.", StringComparison.Ordinal);
        if (HostName.TryParse(under ? host[2..] : host) is not { } name) return "is not an address, a range (10.0.0.0/8), a host name or *.suffix, optionally followed by :port.";
        if (name.Address is null) _names.Add((name.Text, under, port));
        else if (under) return "has an address after the \"*.\"; only names have subdomains.";
        else _networks.Add((new IPNetwork(new IPAddress(name.Address.GetAddressBytes()), name.Address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128), port));
        return null;
    }

    private string? AddRange(string text, int? port)
    {
        if (text is ['[', .., ']']) text = text[1..^1];
        var slash = text.IndexOf('/');
        if (!IPAddress.TryParse(text.AsSpan(0, slash), out var address) || !int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out var length))
            return "is not a range of addresses such as 10.0.0.0/8 or fd00::/8.";
        if (address.IsIPv4MappedToIPv6) return "is an IPv4-mapped range; write it as an IPv4 range.";
        var bytes = address.GetAddressBytes();
        if (length > bytes.Length * 8) return $"has a prefix length above {bytes.Length * 8}.";
        for (var bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        var network = new IPAddress(bytes);
        // A slip of the keyboard here opens more than was meant, so the range must be written as what it is.
        if (!network.Equals(address)) return $"is not the start of a range; did you mean {network}/{length}?";
        _networks.Add((new IPNetwork(network, length), port));
        return null;
    }

    private static bool TakePort(string entry, out string host, out int? port)
    {
        (host, port) = (entry, null);
        var colon = entry.LastIndexOf(':');
        var bracket = entry.LastIndexOf(']');
        // The colons of an IPv6 address outside brackets are not a port's.
        if (colon < 0 || colon < bracket || (bracket < 0 && entry.IndexOf(':') != colon)) return true;
        if (!int.TryParse(entry.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var number) || number is < 1 or > 65535) return false;
        (host, port) = (entry[..colon], number);
        return true;
    }
}
