using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>Reads a number as pages write it: <c>1.234,56 €</c>, <c>$1,234.56</c>, <c>1 234,56</c>, <c>1'234.50</c>, <c>(12.00)</c>, <c>12,00-</c>.</summary>
internal static partial class NumberText
{
    /// <summary>The number in <paramref name="text"/>, or why there is none.</summary>
    /// <param name="hints">What the program says. Without it the marks themselves decide.</param>
    /// <param name="pageLanguage">The page's <c>lang</c>, asked only about what the marks leave open: whether <c>1.234</c> is a thousand or one and a bit.</param>
    public static (decimal? Value, string? Fault) Parse(string text, FormatHints hints, string? pageLanguage)
    {
        var plain = Normalized(text);
        var matches = Token().Matches(plain).Where(m => m.Groups["digits"].Value.Any(char.IsAsciiDigit)).ToList();
        if (matches.Count == 0) return (null, "is not a number");
        if (matches.Count > 1)
        {
            var money = matches.Where(m => NextToMoney(plain, m)).ToList();
            if (money.Count != 1) return (null, "holds more than one number; say which with `pattern`");
            matches = money;
        }

        var match = matches[0];
        var digits = match.Groups["digits"].Value;
        var mark = hints.Decimal ?? (hints.Locale is { } locale ? MarkOf(locale) : null) ?? MarkFrom(digits, pageLanguage);
        var number = new StringBuilder();
        foreach (var c in digits)
        {
            if (char.IsAsciiDigit(c)) number.Append(c);
            else if (c == mark) number.Append('.');
        }

        if (number.ToString().Count(c => c == '.') > 1) return (null, "is not a number in the way of writing that was given");
        if (!decimal.TryParse(number.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)) return (null, "is too long for a number");

        var before = plain[..match.Index].TrimEnd();
        var after = plain[(match.Index + match.Length)..].TrimStart();
        var inParentheses = InParentheses().IsMatch(plain) && plain.IndexOf('(', StringComparison.Ordinal) < match.Index && plain.LastIndexOf(')') > match.Index;
        var negative = inParentheses || match.Groups["sign"].Value == "-" || SignBeforeMoney().IsMatch(before) || (after.StartsWith('-') && !char.IsLetterOrDigit(after.ElementAtOrDefault(1)));
        return (negative ? -value : value, null);
    }

    /// <summary>ASCII digits, one kind of minus, space and apostrophe.</summary>
    private static string Normalized(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            var digit = CharUnicodeInfo.GetDecimalDigitValue(c);
            result.Append(c switch
            {
                _ when digit >= 0 => (char)('0' + digit),
                '\u2212' or '\u2012' or '\u2013' or '\uFE63' or '\uFF0D' => '-',
                '\u066B' => ',',
                '\u066C' or '\u2019' or '\u02BC' or '`' or '\u00B4' => '\'',
                _ when char.IsWhiteSpace(c) || c is '\u202F' or '\u2009' => ' ',
                _ => c,
            });
        }

        return result.ToString().Trim();
    }

    /// <summary>Two kinds of marks: the last is the decimal one. One kind: many times groups thousands; once is decimal unless it could be a thousand.</summary>
    private static char? MarkFrom(string digits, string? pageLanguage)
    {
        var dots = digits.Count(c => c == '.');
        var commas = digits.Count(c => c == ',');
        if (dots > 0 && commas > 0) return digits.LastIndexOf('.') > digits.LastIndexOf(',') ? '.' : ',';
        if (dots + commas == 0) return null;
        if (dots + commas > 1) return null;
        var mark = dots > 0 ? '.' : ',';
        var at = digits.IndexOf(mark, StringComparison.Ordinal);
        var grouped = digits.AsSpan(0, at).IndexOfAny(" '") >= 0;
        var couldBeThousand = !grouped && digits.Length - at - 1 == 3 && at is >= 1 and <= 3 && digits[0] != '0';
        if (!couldBeThousand) return mark;
        return pageLanguage is { Length: > 0 } && MarkOf(pageLanguage) == mark ? mark : null;
    }

    private static char? MarkOf(string locale)
    {
        try
        {
            return CultureInfo.GetCultureInfo(locale.Replace('_', '-')).NumberFormat.NumberDecimalSeparator is ['.' or ',', ..] mark ? mark[0] : null;
        }
        catch (CultureNotFoundException)
        {
            return null;
        }
    }

    private static bool NextToMoney(string text, Match match) =>
        MoneyBefore().IsMatch(text[..match.Index]) || MoneyAfter().IsMatch(text[(match.Index + match.Length)..]);

    /// <summary>Thousands grouped by one space or apostrophe only in threes, so that "3 12" stays two numbers; dots and commas as they come.</summary>
    [GeneratedRegex(@"(?<![\p{L}\d])(?<sign>[-+](?=\s?[\d.,]))?\s?(?<digits>\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,']\d+)*|[.,]\d+)")]
    private static partial Regex Token();

    [GeneratedRegex(@"(\p{Sc}|\b(EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|JPY|CAD|AUD|Fr\.|kr))\s?[-+]?\s?$", RegexOptions.IgnoreCase)]
    private static partial Regex MoneyBefore();

    [GeneratedRegex(@"^\s?-?\s?(\p{Sc}|(EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|JPY|CAD|AUD|Fr\.|kr|zł|Kč)(?!\p{L}))", RegexOptions.IgnoreCase)]
    private static partial Regex MoneyAfter();

    [GeneratedRegex(@"^[^\d(]*\([^()]*\d[^()]*\)[^\d(]*$")]
    private static partial Regex InParentheses();

    [GeneratedRegex(@"-\s?(\p{Sc}|[A-Z]{3}|Fr\.|kr)$", RegexOptions.IgnoreCase)]
    private static partial Regex SignBeforeMoney();
}
