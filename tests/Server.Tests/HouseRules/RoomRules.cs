using System.Text.RegularExpressions;

namespace Ostiary.Server.Tests.HouseRules;

/// <summary>A C# file: its path relative to the checkout (<c>src/Server/Tasks/RunTask.cs</c>) and its text.</summary>
internal sealed record SourceFile(string Path, string Text);

/// <summary>Who may use whom, read from the tables of <c>docs/decisions/0001-rooms.md</c>, and the places where source text does otherwise.</summary>
internal sealed partial class RoomRules
{
    /// <summary>The name under which the files directly in <c>src/Server</c> stand in the table.</summary>
    public const string Front = "Program.cs";

    /// <summary>The rooms that are projects; the others are folders of the server.</summary>
    public static readonly IReadOnlySet<string> Projects = new HashSet<string> { "Vault", "Egress", "Browser", "Login" };

    private const string GroundFloor = "*every other room of the server*";
    private readonly Dictionary<string, HashSet<string>> _mayUse = [];
    private readonly Dictionary<string, HashSet<string>> _libraries = [];

    private RoomRules() { }

    /// <summary>Every room that has a row, <see cref="Front"/> included.</summary>
    public IReadOnlyCollection<string> Rooms => _mayUse.Keys;

    /// <summary>What a room may use, the ground floor included.</summary>
    public IReadOnlySet<string> MayUse(string room) => _mayUse[room];

    /// <summary>Reads the two tables.</summary>
    /// <exception cref="FormatException">A table is missing, or a row names a room that has no row.</exception>
    public static RoomRules Parse(string markdown)
    {
        var rules = new RoomRules();
        string[]? ground = null;
        foreach (var row in Table(markdown, "Room"))
        {
            if (row[0] == GroundFloor) ground = [.. Names(row[1])];
            else if (!rules._mayUse.TryAdd(Names(row[0]).Single(), [.. Names(row[1])])) throw new FormatException($"The room {row[0]} has two rows.");
        }

        if (ground is null) throw new FormatException($"The table has no row '{GroundFloor}'.");
        foreach (var (room, uses) in rules._mayUse)
            if (!Projects.Contains(room) && !ground.Contains(room)) uses.UnionWith(ground);
        rules._mayUse[Front].UnionWith(rules._mayUse.Keys.Where(room => room != Front));
        foreach (var (room, uses) in rules._mayUse)
            if (uses.FirstOrDefault(used => !rules._mayUse.ContainsKey(used)) is { } unknown)
                throw new FormatException($"{room} may use {unknown}, which has no row.");

        foreach (var row in Table(markdown, "Library"))
        {
            var rooms = row[1] == "the rooms of the server" ? rules._mayUse.Keys.Where(room => !Projects.Contains(room)) : Names(row[1]);
            rules._libraries.Add(Names(row[0]).Single(), [.. rooms]);
        }
        return rules;
    }

    /// <summary>The room a file belongs to; null outside the house (a file that is neither in a project room nor in the server).</summary>
    public static string? RoomOf(string path)
    {
        var parts = path.Split('/');
        if (parts.Length < 3 || parts[0] != "src") return null;
        if (parts[1] != "Server") return parts[1];
        return parts.Length == 3 ? Front : parts[2];
    }

    /// <summary>A circle in the table, as the rooms on it; empty when there is none.</summary>
    public IReadOnlyList<string> Circle()
    {
        var finished = new HashSet<string>();
        var trail = new List<string>();
        foreach (var room in _mayUse.Keys)
            if (Visit(room) is { Count: > 0 } circle)
                return circle;
        return [];

        IReadOnlyList<string> Visit(string room)
        {
            var seenAt = trail.IndexOf(room);
            if (seenAt >= 0) return [.. trail[seenAt..], room];
            if (!finished.Add(room)) return [];
            trail.Add(room);
            foreach (var used in _mayUse[room])
                if (Visit(used) is { Count: > 0 } circle)
                    return circle;
            trail.RemoveAt(trail.Count - 1);
            return [];
        }
    }

    /// <summary>One sentence for every place where a file uses what its room may not.</summary>
    public IReadOnlyList<string> Violations(IReadOnlyCollection<SourceFile> files)
    {
        var code = files.Select(file => (file.Path, Room: RoomOf(file.Path), Text: WithoutCommentsAndStrings(file.Text))).Where(file => file.Room is not null).ToList();
        var typesOf = code.ToLookup(file => file.Room!, file => file.Text)
            .ToDictionary(room => room.Key, room => room.SelectMany(text => TypeDeclaration().Matches(text)).Select(match => match.Groups["name"].Value).ToHashSet());
        // A global alias gives one type a name everywhere; whoever says that name uses the type's room.
        var aliases = code.SelectMany(file => GlobalAlias().Matches(file.Text)).Select(match => (Name: match.Groups["alias"].Value, Room: match.Groups["room"].Value)).ToList();
        var faults = new List<string>();
        foreach (var (path, room, text) in code)
        {
            if (!_mayUse.ContainsKey(room!)) continue; // A folder without a row is another test's fault to report.
            var aliased = aliases.SelectMany(alias => Regex.Matches(text, $@"(?<![\w.]){alias.Name}\b").Select(match => (alias.Room, match.Index)));
            foreach (var (used, at) in References(text, typesOf).Concat(aliased))
                if (used != room && !_mayUse[room!].Contains(used))
                    faults.Add($"{path}:{Line(text, at)}: {room} uses {used}; {Allowed(room!)}");
            foreach (var (library, rooms) in _libraries)
                if (!rooms.Contains(room!) && Regex.Match(text, $@"(?<![\w.]){Regex.Escape(library)}\b") is { Success: true } found)
                    faults.Add($"{path}:{Line(text, found.Index)}: {room} uses {library}, which belongs to {string.Join(", ", rooms)}");
            foreach (Match found in GlobalUsing().Matches(text))
                faults.Add($"{path}:{Line(text, found.Index)}: a global using opens a room to every file of the project; put it into the files that need it, or name one type by an alias");
        }
        return faults;
    }

    private IEnumerable<(string Room, int At)> References(string text, Dictionary<string, HashSet<string>> typesOf)
    {
        foreach (Match name in QualifiedName().Matches(text))
        {
            var word = name.Groups["name"].Value;
            var inServer = name.Groups["server"].Success;
            if (_mayUse.ContainsKey(word) && inServer != Projects.Contains(word)) yield return (word, name.Index);
            else if (inServer && typesOf.TryGetValue(Front, out var front) && front.Contains(word)) yield return (Front, name.Index);
        }

        // Inside a namespace of the house, Sessions.SignIn means Ostiary.Server.Sessions.SignIn. Only a name of a type that is declared there counts:
        // a property may well be called Sessions.
        foreach (Match name in RelativeName().Matches(text))
        {
            var word = name.Groups["name"].Value;
            if (_mayUse.ContainsKey(word) && typesOf.TryGetValue(word, out var types) && types.Contains(name.Groups["type"].Value)) yield return (word, name.Index);
        }
    }

    private string Allowed(string room) => _mayUse[room].Count == 0 ? "it may use no other room" : "it may use " + string.Join(", ", _mayUse[room].Order(StringComparer.Ordinal));

    /// <summary>Comments and string literals blanked, everything else at its place, so that line numbers stay true.</summary>
    internal static string WithoutCommentsAndStrings(string text) =>
        CommentOrString().Replace(text, match => new string([.. match.Value.Select(c => c == '\n' ? '\n' : ' ')]));

    private static int Line(string text, int at) => text.AsSpan(0, at).Count('\n') + 1;

    private static IEnumerable<string[]> Table(string markdown, string firstHeading)
    {
        var lines = markdown.ReplaceLineEndings("\n").Split('\n');
        var start = Array.FindIndex(lines, line => line.StartsWith($"| {firstHeading} |", StringComparison.Ordinal));
        if (start < 0) throw new FormatException($"There is no table whose first column is {firstHeading}.");
        return lines.Skip(start + 2).TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray());
    }

    private static IEnumerable<string> Names(string cell) => InBackticks().Matches(cell).Select(match => match.Groups[1].Value);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InBackticks();

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|("{3,}).*?\1|\$?@\$?"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\[^\n]|[^'\\\n])[^'\n]{0,8}'""", RegexOptions.Singleline)]
    private static partial Regex CommentOrString();

    [GeneratedRegex(@"(?<![\w.])Ostiary\s*\.\s*(?:(?<server>Server)\s*\.\s*)?(?<name>\w+)")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"(?<![\w.])(?:Server\s*\.\s*)?(?<name>[A-Z]\w*)\s*\.\s*(?<type>[A-Z]\w*)")]
    private static partial Regex RelativeName();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[\w<>,.?\[\]\s]+?)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\bglobal\s+using\s+(?:static\s+)?(?:global::)?Ostiary\b")]
    private static partial Regex GlobalUsing();

    [GeneratedRegex(@"\bglobal\s+using\s+(?<alias>\w+)\s*=\s*(?:global::)?Ostiary\.(?:Server\.)?(?<room>\w+)\.[\w.]+\s*;")]
    private static partial Regex GlobalAlias();
}
