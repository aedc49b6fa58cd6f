using System.Globalization;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>A field for the character at one place of a word that both sides know.</summary>
/// <param name="Place">Counted from 1.</param>
/// <param name="Label">What stands by it; may be empty.</param>
internal sealed record Letter(ElementSnapshot Element, int Place, string Label)
{
    /// <summary>The name of the field that asks for it.</summary>
    public string Name => "character_" + Place.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// Sites that never want to see a whole secret ask for some characters of it: "the 2nd, 4th and 7th". The fields are for one character each, and their labels or the sentence above say which ones.
/// </summary>
internal static class Spelling
{
    private const int Least = 2, Most = 6, LastPlace = 40;

    /// <summary>The letters that a group asks for, in reading order, or none.</summary>
    public static List<Letter> Of(LoginPage page, GroupReading group)
    {
        var fields = group.Fields.Where(f => f.MaxLength == 1 && (f.IsText || f.IsPassword) && !f.IsSurelyCode).Select(f => f.Element).Concat(group.Selects.Where(IsAlphabet)).OrderBy(e => page.PositionOf(e.Id)).ToList();
        if (fields.Count is < Least or > Most) return [];
        var labels = fields.ConvertAll(e => e.Name.Length > 0 ? e.Name : e.NearbyText);
        var places = labels.ConvertAll(label => NumbersOf(label) is [var only] ? only : 0);
        if (!AreSome(places))
        {
            places = page.Elements.Where(e => e.Visible && e.Id.Frame == group.Frame && e.Kind is ElementKind.Text or ElementKind.Heading && e.Text.Length < 250 && page.PositionOf(e.Id) is var at && at < page.PositionOf(fields[^1].Id) && at > page.PositionOf(fields[0].Id) - 12)
                .Select(e => NumbersOf(e.Text)).LastOrDefault(numbers => numbers.Count == fields.Count && AreSome(numbers)) ?? [];
            if (places.Count == 0) return [];
        }
        return [.. fields.Zip(places, (field, place) => (field, place)).Zip(labels, (f, label) => new Letter(f.field, f.place, SiteText.Clean(label)))];
    }

    /// <summary>The sentences around the letters speak of the password, not of another word.</summary>
    public static bool SpeaksOfPassword(LoginPage page, List<Letter> letters)
    {
        var first = page.PositionOf(letters[0].Element.Id);
        for (var i = first - 1; i >= 0 && first - i < 12; i--)
        {
            var e = page.Elements[i];
            if (!e.Visible || e.Id.Frame != letters[0].Element.Id.Frame || e.Kind is not (ElementKind.Text or ElementKind.Heading) || e.Text.Length > 250) continue;
            if (letters.TrueForAll(l => NumbersOf(e.Text).Contains(l.Place))) return NamesPassword(e.Text);
        }
        return letters.TrueForAll(l => NamesPassword(l.Label));
    }

    // Many lists of words count other secrets among passwords.
    private static bool NamesPassword(string text) => Words.Has(WordList.Password, text) && !Words.Has(WordList.MemorableWord, text);

    /// <summary>Rising, and not the first ones in order: those number the boxes of a code.</summary>
    private static bool AreSome(List<int> places)
    {
        for (var i = 0; i < places.Count; i++)
            if (places[i] is < 1 or > LastPlace || i > 0 && places[i] <= places[i - 1]) return false;
        return places[^1] > places.Count;
    }

    /// <summary>Offers single letters or digits.</summary>
    private static bool IsAlphabet(ElementSnapshot select) =>
        select.Visible && select.Enabled && select.Options.Count >= 10 && select.Options.Count(o => o.Label.Trim().Length == 1) >= select.Options.Count - 1 && select.Options.Any(o => o.Label.Trim() is [var c] && char.IsLetter(c) || select.Options.Count == 11);

    private static List<int> NumbersOf(string text)
    {
        var numbers = new List<int>();
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i])) continue;
            var end = i;
            while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
            if (end - i <= 2) numbers.Add(int.Parse(text.AsSpan(i, end - i), CultureInfo.InvariantCulture));
            i = end;
        }
        return numbers;
    }
}
