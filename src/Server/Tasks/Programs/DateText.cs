using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>Reads a date as pages write it and gives ISO 8601: <c>2026-03-12</c>, or <c>2026-03-12T14:05:00</c> when there is a time, with its zone when there is one.</summary>
internal static partial class DateText
{
    // Languages whose month names are tried after the hinted one and the page's.
    private static readonly string[] Languages = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "nb", "fi", "cs"];

    /// <summary>The date in <paramref name="text"/>, or why there is none.</summary>
    public static (string? Iso, string? Fault) Parse(string text, FormatHints hints, string? pageLanguage)
    {
        var plain = Spaces().Replace(text.Trim(), " ");
        if (plain.Length > 200) return (null, "is too long for a date");
        if (hints.Format is not null) return ByFormat(plain, hints, pageLanguage);
        if (Iso().Match(plain) is { Success: true } iso) return FromIso(iso);
        if (ByNumbers(plain, hints.Locale, pageLanguage) is { } numbers) return numbers;
        return ByMonthName(plain, hints.Locale, pageLanguage);
    }

    /// <summary>Whether a format names day, month and year, or enough of them to be one.</summary>
    public static bool IsFormat(string format)
    {
        if (format.Length is 0 or > 60) return false;
        var net = NetFormat(format);
        try
        {
            _ = new DateTime(2026, 3, 12, 14, 5, 9, DateTimeKind.Unspecified).ToString(net, CultureInfo.InvariantCulture);
        }
        catch (FormatException)
        {
            return false;
        }

        var letters = Quoted().Replace(net, "");
        return letters.Contains('y') && letters.Contains('M');
    }

    private static (string?, string?) ByFormat(string text, FormatHints hints, string? pageLanguage)
    {
        var net = NetFormat(hints.Format!);
        var letters = Quoted().Replace(net, "");
        foreach (var culture in Cultures(hints.Locale, pageLanguage))
        {
            if (!DateTimeOffset.TryParseExact(text, net, culture, DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeUniversal, out var date)) continue;
            if (!letters.Contains('d')) return (date.ToString("yyyy-MM", CultureInfo.InvariantCulture), null);
            var hasTime = letters.Contains('H') || letters.Contains('h');
            var hasZone = letters.Contains('z') || letters.Contains('K');
            return (Written(date.DateTime, hasTime, hasZone ? date.Offset : null), null);
        }

        return (null, $"is not a date of the format {hints.Format}");
    }

    /// <summary>Both common spellings of formats mean the same here: <c>DD.MM.YYYY</c> and <c>dd.MM.yyyy</c>.</summary>
    private static string NetFormat(string format)
    {
        var result = new StringBuilder();
        var quote = '\0';
        foreach (var c in format)
        {
            if (quote != '\0')
            {
                if (c == quote) quote = '\0';
                result.Append(c);
            }
            else if (c is '\'' or '"')
            {
                quote = c;
                result.Append(c);
            }
            else
            {
                result.Append(c switch { 'D' => "d", 'Y' or 'u' => "y", 'a' or 'A' => "tt", 'Z' or 'X' => "K", '/' => "'/'", ':' => "':'", _ => c.ToString() });
            }
        }

        // A format of one letter would be taken for a standard one.
        return result.Length == 1 ? "%" + result : result.ToString();
    }

    private static (string?, string?) FromIso(Match iso)
    {
        if (!Day(iso, out var date)) return (null, "is not a date of the calendar");
        if (!iso.Groups["h"].Success) return (Written(date, hasTime: false, null), null);
        if (!Clock(iso, ref date)) return (null, "has a time that no clock shows");
        var zone = iso.Groups["zone"].Value;
        TimeSpan? offset = zone switch
        {
            "" => null,
            "Z" or "z" => TimeSpan.Zero,
            _ => (zone[0] == '-' ? -1 : 1) * new TimeSpan(int.Parse(zone[1..3], CultureInfo.InvariantCulture), int.Parse(zone[^2..], CultureInfo.InvariantCulture), 0),
        };
        return (Written(date, hasTime: true, offset), null);
    }

    /// <summary>Three numbers. Dots put the day first; slashes and hyphens leave it open unless a number is too large for a month.</summary>
    private static (string?, string?)? ByNumbers(string text, string? locale, string? pageLanguage)
    {
        var match = Numbers().Match(text);
        if (!match.Success) return null;
        if (match.NextMatch().Success) return (null, "holds more than one date; say which with `pattern`");
        int a = Int(match, "a"), b = Int(match, "b"), year = Year(match.Groups["y"].Value);
        var order = MonthFirst(locale) ?? MonthFirst(SaysTheOrder(pageLanguage));
        bool dayFirst;
        if (match.Groups["mark"].Value == "." || a > 12) dayFirst = true;
        else if (b > 12) dayFirst = false;
        else if (a == b) dayFirst = true;
        else if (order is not null) dayFirst = !order.Value;
        else return (null, "may be read with the day or the month first; say which with `format` or `locale`");
        return From(year, dayFirst ? b : a, dayFirst ? a : b, match);

        // "en" alone says nothing: Britain and America differ.
        static string? SaysTheOrder(string? language) => string.Equals(language, "en", StringComparison.OrdinalIgnoreCase) ? null : language;
    }

    private static (string?, string?) ByMonthName(string text, string? locale, string? pageLanguage)
    {
        foreach (var culture in Cultures(locale, pageLanguage))
        {
            var found = new List<(int Month, int At, int Length)>();
            for (var month = 1; month <= 12; month++)
            {
                foreach (var name in MonthNames(culture, month))
                {
                    var at = culture.CompareInfo.IndexOf(text, name, CompareOptions.IgnoreCase);
                    if (at >= 0 && !char.IsLetter(text.ElementAtOrDefault(at - 1)) && !char.IsLetter(text.ElementAtOrDefault(at + name.Length)))
                    {
                        found.Add((month, at, name.Length));
                        break;
                    }
                }
            }

            if (found.Count != 1) continue;
            var (number, start, length) = found[0];
            var numeric = string.Concat(text.AsSpan(0, start), " \u0001 ", text.AsSpan(start + length));
            foreach (var pattern in (Regex[])[DayFirst(), MonthFirstNamed()])
            {
                var match = pattern.Match(numeric);
                if (match.Success) return From(Year(match.Groups["y"].Value), number, Int(match, "d"), match);
            }
        }

        return (null, "is not a date that can be read; say how it is written with `format`");
    }

    private static IEnumerable<string> MonthNames(CultureInfo culture, int month)
    {
        var format = culture.DateTimeFormat;
        yield return format.MonthGenitiveNames[month - 1];
        yield return format.MonthNames[month - 1];
        foreach (var name in (string[])[format.AbbreviatedMonthGenitiveNames[month - 1], format.AbbreviatedMonthNames[month - 1]])
            if (name.TrimEnd('.').Length >= 3) yield return name.TrimEnd('.');
        if (culture.TwoLetterISOLanguageName == "en" && month == 9) yield return "Sept";
        if (culture.TwoLetterISOLanguageName == "de" && month == 3) yield return "Mrz";
    }

    private static IEnumerable<CultureInfo> Cultures(string? locale, string? pageLanguage)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in Languages.Prepend(pageLanguage).Prepend(locale))
        {
            if (string.IsNullOrWhiteSpace(name) || !seen.Add(name)) continue;
            CultureInfo culture;
            try
            {
                culture = CultureInfo.GetCultureInfo(name.Replace('_', '-'));
            }
            catch (CultureNotFoundException)
            {
                continue;
            }

            yield return culture;
        }
    }

    /// <summary>Whether a language tag with a country writes the month first; null when it is not known.</summary>
    private static bool? MonthFirst(string? locale)
    {
        if (string.IsNullOrWhiteSpace(locale)) return null;
        try
        {
            var pattern = CultureInfo.GetCultureInfo(locale.Replace('_', '-')).DateTimeFormat.ShortDatePattern;
            return pattern.IndexOf('M', StringComparison.Ordinal) < pattern.IndexOf('d', StringComparison.Ordinal);
        }
        catch (CultureNotFoundException)
        {
            return null;
        }
    }

    private static (string?, string?) From(int year, int month, int day, Match match)
    {
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return (null, "is not a date of the calendar");
        var date = new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Unspecified);
        var hasTime = match.Groups["h"].Success;
        if (hasTime && !Clock(match, ref date)) return (null, "has a time that no clock shows");
        return (Written(date, hasTime, null), null);
    }

    private static bool Day(Match match, out DateTime date)
    {
        int year = Int(match, "y"), month = Int(match, "m"), day = Int(match, "d");
        var exists = year is >= 1 and <= 9999 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month);
        date = exists ? new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Unspecified) : default;
        return exists;
    }

    private static bool Clock(Match match, ref DateTime date)
    {
        int hour = Int(match, "h"), minute = Int(match, "min"), second = match.Groups["s"].Success ? Int(match, "s") : 0;
        var half = match.Groups["half"].Value.Replace(".", "", StringComparison.Ordinal).ToLowerInvariant();
        if (half.Length > 0)
        {
            if (hour is < 1 or > 12) return false;
            hour = hour % 12 + (half == "pm" ? 12 : 0);
        }

        if (hour > 23 || minute > 59 || second > 59) return false;
        date = date.AddSeconds(hour * 3600 + minute * 60 + second);
        return true;
    }

    private static int Int(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    private static int Year(string digits)
    {
        var year = int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        return digits.Length == 2 ? CultureInfo.InvariantCulture.Calendar.ToFourDigitYear(year) : year;
    }

    private static string Written(DateTime date, bool hasTime, TimeSpan? offset)
    {
        if (!hasTime) return date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var zone = offset is null ? "" : offset == TimeSpan.Zero ? "Z" : (offset < TimeSpan.Zero ? "-" : "+") + offset.Value.ToString(@"hh\:mm", CultureInfo.InvariantCulture);
        return date.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + zone;
    }

    private const string TimePart = @"(?:[ ,T]+(?:at |um |à |a las )?(?<h>\d{1,2})[:.h](?<min>\d{2})(?::(?<s>\d{2})(?:[.,]\d+)?)?(?:\s?(?<half>[AaPp]\.?[Mm]\.?))?)?";

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"'[^']*'|""[^""]*""")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?<!\d)(?<y>\d{4})[-/.](?<m>\d{1,2})[-/.](?<d>\d{1,2})(?!\d)(?:[T ](?<h>\d{2}):(?<min>\d{2})(?::(?<s>\d{2})(?:[.,]\d+)?)?\s?(?<zone>Z|z|[+-]\d{2}:?\d{2})?)?")]
    private static partial Regex Iso();

    [GeneratedRegex(@"(?<!\d)(?<a>\d{1,2})\s?(?<mark>[./-])\s?(?<b>\d{1,2})\s?\k<mark>\s?(?<y>\d{4}|\d{2})(?!\d)" + TimePart)]
    private static partial Regex Numbers();

    [GeneratedRegex(@"(?<!\d)(?<d>\d{1,2})(?:\.|st|nd|rd|th|er|º|ª)?[ -]*(?:de |of )?[ ./-]*\u0001[ .,/-]*(?:de |del )?[ '’]*(?<y>\d{4}|\d{2})(?!\d)" + TimePart)]
    private static partial Regex DayFirst();

    [GeneratedRegex(@"\u0001[ .-]*(?<d>\d{1,2})(?:st|nd|rd|th)?[ ,.-]+(?<y>\d{4}|\d{2})(?!\d)" + TimePart)]
    private static partial Regex MonthFirstNamed();
}
