using System.Collections.Immutable;

namespace Ostiary.Login;

/// <summary>Ties the extra fields of a sign-in form to the keys of a credential's source fields, by the words of their labels.</summary>
internal static class SourceFields
{
    private const string Prefix = "source_field:";
    private const double Enough = 1;

    /// <summary>Lists of words that mean the same as a word of a key.</summary>
    private static readonly (string[] KeyWords, WordList List)[] Meanings =
    [
        (["company", "tenant", "organisation", "organization", "org", "firm", "client", "branch", "customer", "employer", "workspace"], WordList.Company),
        (["organisation", "organization", "org", "directory", "institution", "company", "idp", "source"], WordList.Organisation),
        (["phone", "mobile", "telephone"], WordList.Phone),
        (["email", "mail"], WordList.Email),
        (["name", "surname", "lastname", "firstname", "last", "first"], WordList.Name),
        (["postcode", "zip", "city", "country", "street", "address"], WordList.Address),
        (["member", "user", "account", "customer", "number"], WordList.UserName),
        (["pin", "passcode"], WordList.Password),
    ];

    /// <summary>The slot whose key fits the words of a field best, or null.</summary>
    public static Slot? Match(string label, ImmutableHashSet<Slot> slots)
    {
        var words = Words.Fold(label).Split(' ').ToHashSet(StringComparer.Ordinal);
        Slot? best = null;
        var most = 0.0;
        foreach (var slot in slots.OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            if (!slot.Name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            var key = slot.Name[Prefix.Length..].Split('_', StringSplitOptions.RemoveEmptyEntries);
            var score = 0.0;
            foreach (var part in key)
            {
                if (words.Contains(part)) score += part is "id" or "number" or "no" or "code" or "name" ? 0.5 : 2;
            }
            foreach (var (keyWords, list) in Meanings)
                if (key.Any(keyWords.Contains) && Words.Has(list, label)) score += 1.5;
            if (words.Contains(string.Concat(key))) score += 3;
            if (score > most) (best, most) = (slot, score);
        }
        return most >= Enough ? best : null;
    }

    /// <summary>A key for a field that has none: what its label says, else its name.</summary>
    public static string NameOf(FieldReading field)
    {
        var folded = Words.Fold(field.Label);
        var ascii = new string([.. folded.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]).Trim('_');
        if (ascii.Length == 0 || ascii.Any(c => c == '_') && ascii.Count(c => c != '_') < folded.Length / 2) ascii = new string([.. (field.Element.Attributes.GetValueOrDefault("name") ?? "").ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]).Trim('_');
        while (ascii.Contains("__", StringComparison.Ordinal)) ascii = ascii.Replace("__", "_", StringComparison.Ordinal);
        if (ascii.Length == 0 || !char.IsAsciiLetterLower(ascii[0])) ascii = "field_" + ascii;
        return ascii.Length > 64 ? ascii[..64] : ascii.TrimEnd('_');
    }
}
