using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Dapper;
using Ostiary.Server.Data;

namespace Ostiary.Server.Http;

/// <summary>Where a page starts: an item's creation time and id. Lists are ordered by both, newest first, so rows added meanwhile never shift a page.</summary>
internal readonly record struct PagePosition(DateTimeOffset CreatedAt, string Id)
{
    public string ToCursor() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{CreatedAt.UtcTicks}~{Id}")));

    public static bool TryParse(string cursor, out PagePosition position)
    {
        position = default;
        if (cursor.Length > 300 || !Base64Url.IsValid(cursor)) return false;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('~', 2);
        if (parts.Length != 2 || parts[1].Contains('\0', StringComparison.Ordinal)
            || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTimeOffset.MaxValue.UtcTicks) return false;
        position = new PagePosition(new DateTimeOffset(ticks, TimeSpan.Zero), parts[1]);
        return true;
    }
}

/// <summary>The paging part of a list's query: <c>limit</c>, and one of <c>cursor</c>, <c>starting_after</c>, <c>ending_before</c>.</summary>
internal sealed record PageRequest(int Limit, PagePosition? Cursor, string? StartingAfter, string? EndingBefore)
{
    private const int DefaultLimit = 20;
    private const int LargestLimit = 100;

    /// <summary>Least, most and usual items of a page.</summary>
    public static readonly (int Least, int Most, int Usual) LimitRange = (1, LargestLimit, DefaultLimit);

    public static PageRequest Read<TId>(IQueryCollection query, List<Fault> faults) where TId : struct, IObjectId<TId>
    {
        var limit = DefaultLimit;
        if (Text(query, "limit") is { } limitText && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > LargestLimit))
            faults.Add(Fault.Invalid("limit", $"`limit` must be a whole number between 1 and {LargestLimit}."));

        PagePosition? cursor = null;
        if (Text(query, "cursor") is { } cursorText)
        {
            if (PagePosition.TryParse(cursorText, out var position)) cursor = position;
            else faults.Add(Fault.Invalid("cursor", "`cursor` is not a cursor that this list gave out; start again without it."));
        }

        return new PageRequest(limit, cursor, ReadId("starting_after"), ReadId("ending_before"));

        string? ReadId(string name)
        {
            if (Text(query, name) is not { } text) return null;
            if (ObjectId.TryParse<TId>(text, out var id)) return id.Value;
            faults.Add(Fault.Invalid(name, $"`{name}` must be an id that starts with `{TId.Prefix}`."));
            return null;
        }
    }

    private static string? Text(IQueryCollection query, string name) => query.TryGetValue(name, out var values) && values.ToString() is { Length: > 0 } text ? text : null;
}

/// <summary>A row that can stand in a list.</summary>
internal interface IListed
{
    PagePosition Position { get; }
}

/// <summary>A list's SQL, put together from conditions and parameters.</summary>
internal sealed class ListQuery(string columns, string table, OrganizationId organization)
{
    private readonly List<string> _conditions = ["organization_id = @organization"];
    private readonly DynamicParameters _parameters = new(new { organization = organization.Value });

    /// <summary>A list of what the caller may see: for routes that are open to component tokens.</summary>
    public ListQuery(string columns, string table, ApiCall call) : this(columns, table, call.Organization)
    {
        if (call.Restriction is not { } restriction) return;
        _conditions.Add(Restriction.ConditionFor(table));
        restriction.AddTo(_parameters);
    }

    /// <summary>Adds a condition; <paramref name="name"/> is its one parameter.</summary>
    public ListQuery Where(string condition, string name, object? value)
    {
        _conditions.Add(condition);
        _parameters.Add(name, value);
        return this;
    }

    /// <summary>Reads one page and maps its rows.</summary>
    public async Task<ListObject<TObject>> ReadAsync<TRow, TObject>(Db db, PageRequest page, Func<TRow, TObject> map, CancellationToken cancellationToken) where TRow : IListed
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        var backwards = false;
        if (page.Cursor is { } cursor) Bound("<", cursor);
        else if (page.StartingAfter is { } startingAfter)
        {
            if (await PlaceOfAsync(connection, startingAfter, "<", cancellationToken) is not { } place) return new ListObject<TObject>([], false, null);
            Bound(place.IsThere ? "<" : "<=", place.Position);
        }
        else if (page.EndingBefore is { } endingBefore)
        {
            if (await PlaceOfAsync(connection, endingBefore, ">", cancellationToken) is not { } place) return new ListObject<TObject>([], false, null);
            backwards = true;
            Bound(place.IsThere ? ">" : ">=", place.Position);
        }

        var order = backwards ? "ASC" : "DESC";
        _parameters.Add("page_limit", page.Limit + 1);
        var sql = $"SELECT {columns} FROM {table} WHERE {string.Join(" AND ", _conditions)} ORDER BY created_at {order}, id {order} LIMIT @page_limit";
        var rows = (await connection.QueryAsync<TRow>(new CommandDefinition(sql, _parameters, cancellationToken: cancellationToken))).AsList();
        var more = rows.Count > page.Limit;
        if (more) rows.RemoveAt(rows.Count - 1);
        if (backwards) rows.Reverse();
        return new ListObject<TObject>([.. rows.Select(map)], more, more && !backwards ? rows[^1].Position.ToCursor() : null);

        void Bound(string comparison, PagePosition position)
        {
            _conditions.Add($"(created_at, id) {comparison} (@page_at, @page_id)");
            _parameters.Add("page_at", position.CreatedAt);
            _parameters.Add("page_id", position.Id);
        }
    }

    // Where an item stands, or where it stood before it was deleted: ids of one length sort by creation, so the next one in the asked direction marks the place. Null when nothing
    // lies in that direction.
    private async Task<Place?> PlaceOfAsync(Npgsql.NpgsqlConnection connection, string id, string direction, CancellationToken cancellationToken)
    {
        var row = await connection.QuerySingleOrDefaultAsync<Neighbour>(new CommandDefinition(
            $"""
            (SELECT id, created_at FROM {table} WHERE organization_id = @organization AND id = @id)
            UNION ALL
            (SELECT id, created_at FROM {table} WHERE organization_id = @organization AND id {direction} @id AND length(id) = length(@id) ORDER BY id {(direction == "<" ? "DESC" : "ASC")} LIMIT 1)
            LIMIT 1
            """,
            new { organization = organization.Value, id },
            cancellationToken: cancellationToken));
        return row is null ? null : new Place(new PagePosition(row.CreatedAt, row.Id), row.Id == id);
    }

    private sealed record Place(PagePosition Position, bool IsThere);

    private sealed class Neighbour
    {
        public string Id { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
    }
}

/// <summary>Reads list filters, reporting every fault.</summary>
internal static partial class Filters
{
    /// <summary>Values that one filter takes, at most.</summary>
    public const int MostValues = 100;

    /// <summary>Values of a filter that may be repeated (<c>status=a&amp;status=b</c>, <c>status[]=a</c>) or comma-separated; null when absent.</summary>
    public static string[]? Texts(IQueryCollection query, string name, List<Fault> faults)
    {
        string[] all = [.. query[name].Concat(query[name + "[]"]).SelectMany(v => (v ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        if (all.Length > MostValues || all.Any(v => v.Length > 255 || v.Contains('\0', StringComparison.Ordinal)))
        {
            faults.Add(Fault.Invalid(name, $"`{name}` takes at most {MostValues} values of at most 255 characters."));
            return null;
        }

        return all.Length == 0 ? null : all;
    }

    /// <summary>Ids of one kind.</summary>
    public static string[]? Ids<T>(IQueryCollection query, string name, List<Fault> faults) where T : struct, IObjectId<T>
    {
        var texts = Texts(query, name, faults);
        if (texts is not null && texts.Any(t => !ObjectId.TryParse<T>(t, out _)))
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must be an id that starts with `{T.Prefix}`."));
            return null;
        }

        return texts;
    }

    /// <summary>Words out of a closed list.</summary>
    public static string[]? Words(IQueryCollection query, string name, IReadOnlyCollection<string> allowed, List<Fault> faults)
    {
        var texts = Texts(query, name, faults);
        if (texts is not null && texts.Any(t => !allowed.Contains(t, StringComparer.Ordinal)))
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must be one of: {string.Join(", ", allowed)}."));
            return null;
        }

        return texts;
    }

    /// <summary>A moment in ISO 8601.</summary>
    public static DateTimeOffset? Time(IQueryCollection query, string name, List<Fault> faults)
    {
        if (!query.TryGetValue(name, out var values) || values.ToString() is not { Length: > 0 } text) return null;
        // A plus sign in a query is a space unless it was escaped: "…T12:00:00 02:00" is an offset.
        var written = text.Contains('T', StringComparison.Ordinal) ? text.Replace(' ', '+') : text;
        if (IsoTime().IsMatch(written) && DateTimeOffset.TryParse(written, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return time.ToUniversalTime();
        faults.Add(Fault.Invalid(name, $"`{name}` must be a time in ISO 8601, for instance 2026-03-01T12:00:00Z."));
        return null;
    }

    // A date, or a date and time of day with or without an offset (RFC 3339, and what ISO 8601 allows beside it).
    [System.Text.RegularExpressions.GeneratedRegex(@"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?\z", System.Text.RegularExpressions.RegexOptions.CultureInvariant)]
    private static partial System.Text.RegularExpressions.Regex IsoTime();
}
