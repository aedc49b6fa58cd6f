using System.Collections.Frozen;
using System.Globalization;

namespace Ostiary.Browser;

/// <summary>
/// The public suffix list (publicsuffix.org/list, its format and algorithm): names below which unrelated owners register theirs, those of shared hosting included. It is the system's file and not a
/// copy of ours, so that it grows old no faster than the system does; without it <see cref="RegistrableDomain"/> uses a compact rule.
/// </summary>
public static class PublicSuffixes
{
    /// <summary>Where Debian's and Fedora's package <c>publicsuffix</c> puts it.</summary>
    private static readonly string[] Places = ["/usr/share/publicsuffix/public_suffix_list.dat", "/usr/share/publicsuffix/effective_tld_names.dat"];

    private static readonly Lazy<FrozenSet<string>?> Rules = new(() => Array.Find(Places, File.Exists) is { } file ? Read(File.ReadLines(file)) : null);

    /// <summary>True when the system has the list.</summary>
    public static bool IsKnown => Rules.Value is not null;

    /// <summary>How many labels at the end of a lower-case ASCII name are a public suffix; null when there is no list.</summary>
    internal static int? LengthOf(ReadOnlySpan<string> labels) => Rules.Value is { } rules ? LengthOf(labels, rules) : null;

    internal static int LengthOf(ReadOnlySpan<string> labels, FrozenSet<string> rules)
    {
        // The longest rule wins; an exception wins over all, and is one label shorter than what it names. No rule: the last label.
        for (var from = 0; from < labels.Length; from++)
        {
            var name = string.Join('.', labels[from..]!);
            if (rules.Contains("!" + name)) return labels.Length - from - 1;
            if (rules.Contains(name) || from + 1 < labels.Length && rules.Contains("*." + string.Join('.', labels[(from + 1)..]!))) return labels.Length - from;
        }

        return 1;
    }

    /// <summary>The rules of a list in the format of publicsuffix.org: one a line, up to the first space, in UTF-8; lines that begin with two slashes are comments.</summary>
    internal static FrozenSet<string>? Read(IEnumerable<string> lines)
    {
        var idn = new IdnMapping { AllowUnassigned = true };
        var rules = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var rule = line.Trim();
            if (rule.IndexOfAny([' ', '\t']) is > 0 and var end) rule = rule[..end];
            if (rule.Length == 0 || rule.StartsWith("//", StringComparison.Ordinal)) continue;
            try
            {
                var mark = rule.StartsWith('!') ? "!" : rule.StartsWith("*.", StringComparison.Ordinal) ? "*." : "";
                rules.Add(mark + idn.GetAscii(rule[mark.Length..]).ToLowerInvariant());
            }
            catch (ArgumentException)
            {
                // A name that is none: no host can match it.
            }
        }

        // A file that is empty or something else must not make every last label a suffix of its own.
        return rules.Contains("com") ? rules.ToFrozenSet(StringComparer.Ordinal) : null;
    }
}
