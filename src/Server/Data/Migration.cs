using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Data;

/// <summary>
/// One step of the schema: plain SQL in <c>&lt;Room&gt;/Migrations/0001_name.sql</c>, embedded. Applied once, in one transaction, by number and then by room.
/// Numbers are unique over all rooms. A file that has been released is never edited: a further file changes what it made.
/// </summary>
internal sealed partial record Migration(string Room, int Number, string Name, string Sql)
{
    /// <summary>SHA-256 of the text, with line ends as LF so that a checkout's settings do not matter; lower-case hex.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

    public override string ToString() => $"{Room}/Migrations/{Number:0000}_{Name}.sql";

    /// <summary>All migrations embedded in <paramref name="assembly"/>, in the order they are applied.</summary>
    /// <exception cref="InvalidOperationException">Two files carry one number, or a file's name is not of the form.</exception>
    public static IReadOnlyList<Migration> In(Assembly assembly)
    {
        var found = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)))
        {
            var path = resource.Replace('\\', '/');
            if (!path.Contains("/Migrations/", StringComparison.Ordinal)) continue;
            var match = FileName().Match(path);
            if (!match.Success) throw new InvalidOperationException($"{path}: a migration is named <Room>/Migrations/0001_what_it_does.sql.");
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            found.Add(new Migration(match.Groups["room"].Value, int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture), match.Groups["name"].Value, reader.ReadToEnd()));
        }

        return Ordered(found);
    }

    /// <summary>The order of applying.</summary>
    /// <exception cref="InvalidOperationException">Two of them carry one number.</exception>
    public static IReadOnlyList<Migration> Ordered(IEnumerable<Migration> migrations)
    {
        var ordered = migrations.OrderBy(m => m.Number).ThenBy(m => m.Room, StringComparer.Ordinal).ToList();
        foreach (var twins in ordered.GroupBy(m => m.Number).Where(g => g.Count() > 1))
            throw new InvalidOperationException($"Migrations share the number {twins.Key}: {string.Join(", ", twins)}. Give each its own.");
        return ordered;
    }

    [GeneratedRegex("^(?<room>[A-Za-z]+)/Migrations/(?<number>[0-9]{4})_(?<name>[a-z0-9_]+)\\.sql$", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}
