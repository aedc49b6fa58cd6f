using System.Collections.Frozen;
using System.Net;

namespace Ostiary.Browser;

/// <summary>
/// Which hosts belong together: <c>www.bank.example</c> and <c>login.bank.example</c> do, <c>one.github.io</c> and <c>other.github.io</c> do not. By the system's public suffix list
/// (<see cref="PublicSuffixes"/>); without it the last two labels, or three when the last two are a country and one of the words under which countries register names (<c>co.uk</c>, <c>com.au</c>).
/// </summary>
public static class RegistrableDomain
{
    /// <summary>Words below which nearly every country that uses them at all lets names be registered.</summary>
    private static readonly FrozenSet<string> Everywhere = new[] { "ac", "co", "com", "edu", "gov", "mil", "net", "org" }.ToFrozenSet();

    /// <summary>Words that are a name like any other elsewhere (<c>web.de</c>, <c>id.me</c>).</summary>
    private static readonly FrozenDictionary<string, string[]> Somewhere = new Dictionary<string, string[]>
    {
        ["ar"] = ["gob", "int", "tur"], ["at"] = ["gv", "or"], ["au"] = ["asn", "id"], ["br"] = ["adv", "art", "blog", "eco", "eng", "ind", "inf", "jus", "leg", "med", "tv"],
        ["cl"] = ["gob"], ["es"] = ["gob", "nom"], ["fr"] = ["asso", "gouv", "nom"], ["hu"] = ["info", "priv"], ["id"] = ["biz", "go", "my", "or", "sch", "web"],
        ["il"] = ["k12", "muni"], ["in"] = ["firm", "gen", "ind", "nic", "res"], ["jp"] = ["ad", "ed", "go", "gr", "lg", "ne", "or"], ["kr"] = ["go", "ne", "or", "pe", "re"],
        ["mx"] = ["gob"], ["nz"] = ["cri", "geek", "gen", "govt", "health", "iwi", "kiwi", "maori", "school"], ["pe"] = ["gob", "nom"], ["pl"] = ["biz", "info"],
        ["th"] = ["go", "in", "mi", "or"], ["tr"] = ["av", "bel", "biz", "dr", "gen", "info", "k12", "pol", "tel", "web"], ["tw"] = ["game", "idv"], ["ua"] = ["in", "kiev", "kyiv"],
        ["uk"] = ["ltd", "me", "nhs", "plc", "police", "sch"], ["uy"] = ["gub"], ["ve"] = ["gob", "info", "web"], ["za"] = ["law", "nom", "school", "web"],
    }.ToFrozenDictionary();

    /// <summary>The domain that <paramref name="host"/> is registered under, in lower case; the host itself for an address or a name of one label.</summary>
    public static string Of(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.TrimEnd('.').ToLowerInvariant();
        if (IPAddress.TryParse(name.Trim('[', ']'), out _))
            return name;
        var labels = name.Split('.');
        if (PublicSuffixes.LengthOf(labels) is { } suffix)
            return suffix >= labels.Length ? name : string.Join('.', labels[^(suffix + 1)..]);
        if (labels.Length <= 2)
            return name;
        var registry = labels[^1].Length == 2
            && (Everywhere.Contains(labels[^2]) || (Somewhere.TryGetValue(labels[^1], out var words) && words.Contains(labels[^2])));
        var take = registry ? 3 : 2;
        return string.Join('.', labels[^take..]);
    }

    /// <summary>True when both hosts are registered under one domain. Addresses and <c>localhost</c> must be equal.</summary>
    public static bool Same(string one, string other) => string.Equals(Of(one), Of(other), StringComparison.Ordinal);

    /// <summary>The same for absolute URLs; without a host (<c>about:blank</c>, <c>data:</c>) nothing is the same.</summary>
    public static bool Same(Uri one, Uri other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return one.IsAbsoluteUri && other.IsAbsoluteUri && one.Host.Length > 0 && other.Host.Length > 0 && Same(one.Host, other.Host);
    }
}
