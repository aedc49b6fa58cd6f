using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Ostiary.Login;

/// <summary>
/// Recognises what the texts of a page mean, in any of <see cref="Languages"/> at once, without knowing the page's language. Pure and independent of
/// the machine's culture; safe from any thread.
/// </summary>
/// <remarks>
/// <para>The words are data (<c>Words.json</c>: list, language, words). A phrase matches when its words stand next to each other in the folded text, on
/// word borders; in scripts written without spaces (Chinese, Japanese, Korean, Thai) it matches anywhere inside the text.</para>
/// <para>In the data, a word that ends in <c>*</c> matches with any ending ("sifre*": şifre, şifreniz), and an entry that begins with <c>!</c> takes
/// away the matches of its own list that it overlaps ("!zip code" keeps "code" from meaning a one-time code there). An entry that begins with
/// <c>=</c> counts only when it is the whole text ("=no"). Where lists are at odds, a word inside a longer phrase of the other list counts for that
/// list alone: "accept" says nothing in "accept only necessary".</para>
/// </remarks>
public static class Words
{
    // Captions and labels repeat on every look at a page. Longer texts rarely do, and texts with digits or "@" may name a person: neither is kept.
    private const int RememberedTexts = 1024;
    private const int RememberedLength = 96;

    private static readonly Lexicon Lexicon = Lexicon.Load();
    private static readonly Remembered?[] Memory = new Remembered?[RememberedTexts];

    /// <summary>The languages there are words of, as ISO 639-1 codes, in the order of the data. Every list has words in each of them.</summary>
    public static IReadOnlyList<string> Languages => Lexicon.Languages;

    /// <summary>Whether <paramref name="text"/> contains a word or phrase of <paramref name="list"/>.</summary>
    public static bool Has(WordList list, string text) => (Read(text).Within & Bit(list)) != 0;

    /// <summary>Whether <paramref name="text"/> contains a word or phrase of at least one of <paramref name="lists"/>.</summary>
    public static bool HasAny(string text, params ReadOnlySpan<WordList> lists)
    {
        var wanted = UInt128.Zero;
        foreach (var list in lists) wanted |= Bit(list);
        return (Read(text).Within & wanted) != 0;
    }

    /// <summary>Whether <paramref name="text"/> is exactly a word or phrase of <paramref name="list"/>, whatever symbols and arrows surround it.</summary>
    public static bool Is(WordList list, string text) => (Read(text).Whole & Bit(list)) != 0;

    /// <summary>
    /// The text as it is compared: lower case, without accents and vowel points, ligatures and full-width forms resolved, letters that look or sound
    /// the same unified (ß ss, ø o, dotless ı i, final sigma, Arabic alef, ya and ta marbuta), and everything that is neither letter nor digit turned
    /// into one space. Japanese voicing marks and the vowel signs of Indic and Thai script stay: they are letters there.
    /// </summary>
    public static string Fold(string text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var ascii = Ascii.IsValid(text);
        var source = ascii ? text : Decompose(text);
        var folded = new StringBuilder(source.Length + 4);
        var gap = false;
        foreach (var rune in source.EnumerateRunes())
        {
            var c = rune.IsBmp ? (char)rune.Value : '\0';
            if (c is >= 'a' and <= 'z' or >= '0' and <= '9') Append(c);
            else if (c is >= 'A' and <= 'Z') Append((char)(c | 0x20));
            else if (c is not '\0' and < '\u0080') gap = true;
            else if (IsIgnored(rune)) continue;
            else AppendFolded(rune);
        }
        var result = folded.ToString();
        // Decomposed Hangul and kana would let a syllable match the beginning of another one.
        return ascii ? result : result.Normalize(NormalizationForm.FormC);

        void Append(char c)
        {
            if (gap && folded.Length > 0) folded.Append(' ');
            gap = false;
            folded.Append(c);
        }

        void AppendFolded(Rune rune)
        {
            var lower = Rune.ToLowerInvariant(rune);
            if (lower.IsBmp && Unified((char)lower.Value) is { } unified)
            {
                foreach (var c in unified) Append(c);
                return;
            }
            switch (Rune.GetUnicodeCategory(lower))
            {
                case UnicodeCategory.DecimalDigitNumber:
                    Append((char)('0' + (int)Rune.GetNumericValue(lower)));
                    return;
                case UnicodeCategory.ModifierLetter when lower.Value is >= 0x02B0 and <= 0x02FF:
                    // The apostrophe of Ukrainian and its relatives.
                    gap = true;
                    return;
                case UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
                    or UnicodeCategory.TitlecaseLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark:
                    if (gap && folded.Length > 0) folded.Append(' ');
                    gap = false;
                    folded.Append(lower.ToString());
                    return;
                default:
                    gap = true;
                    return;
            }
        }
    }

    internal static UInt128 Bit(WordList list) => UInt128.One << (int)list;

    /// <summary>All that a text means, for whoever asks many questions about it.</summary>
    internal static Meanings Read(string text)
    {
        if (string.IsNullOrEmpty(text)) return default;
        if (!MayRemember(text)) return Lexicon.Read(Fold(text));
        var slot = (int)((uint)text.GetHashCode(StringComparison.Ordinal) % RememberedTexts);
        if (Volatile.Read(ref Memory[slot]) is { } known && known.Text == text) return known.Meanings;
        var meanings = Lexicon.Read(Fold(text));
        Volatile.Write(ref Memory[slot], new Remembered(text, meanings));
        return meanings;
    }

    private static bool MayRemember(string text)
    {
        if (text.Length > RememberedLength) return false;
        foreach (var c in text)
        {
            if (c == '@' || char.IsDigit(c)) return false;
        }
        return true;
    }

    // Normalize refuses halves of surrogate pairs and U+FFFE; a page may contain both.
    private static string Decompose(string text)
    {
        var sound = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) sound.Append(rune.Value is 0xFFFE or 0xFFFF ? " " : rune.ToString());
        return sound.ToString().Normalize(NormalizationForm.FormKD);
    }

    private static bool IsIgnored(Rune rune) => rune.Value switch
    {
        >= 0x0300 and <= 0x036F => true,  // accents of Latin, Greek, Cyrillic
        >= 0x0483 and <= 0x0489 => true,
        >= 0x0591 and <= 0x05C7 => true,  // Hebrew points
        >= 0x0610 and <= 0x061A => true,  // Arabic points
        0x0640 => true,                   // tatweel
        >= 0x064B and <= 0x065F => true,
        0x0670 => true,
        >= 0x06D6 and <= 0x06ED => true,
        0x093C => true,                   // nukta
        >= 0x1AB0 and <= 0x1AFF => true,
        >= 0x1DC0 and <= 0x1DFF => true,
        0x00AD or 0x200B or 0x200D or 0x200E or 0x200F or 0x2060 or 0xFEFF => true, // invisible: soft hyphen, joiners, direction marks
        >= 0x202A and <= 0x202E => true,
        >= 0x2066 and <= 0x2069 => true,
        >= 0x20D0 and <= 0x20FF => true,
        >= 0xFE00 and <= 0xFE0F => true,
        >= 0xFE20 and <= 0xFE2F => true,
        _ => false,
    };

    private static string? Unified(char c) => c switch
    {
        'ß' => "ss", 'æ' => "ae", 'œ' => "oe", 'ø' => "o", 'ł' => "l", 'đ' => "d", 'ð' => "d", 'þ' => "th", 'ħ' => "h", 'ŧ' => "t", 'ı' => "i", 'ə' => "e",
        'ς' => "σ", 'ґ' => "г",
        'ٱ' => "ا", 'ى' or 'ی' => "ي", 'ة' or 'ۀ' or 'ە' => "ه", 'ک' => "ك",
        'ך' => "כ", 'ם' => "מ", 'ן' => "נ", 'ף' => "פ", 'ץ' => "צ",
        _ => null,
    };

    private sealed record Remembered(string Text, Meanings Meanings);
}

/// <summary>Which lists have a word inside a text, and which lists have the whole text as a word: one bit per <see cref="WordList"/>.</summary>
internal readonly record struct Meanings(UInt128 Within, UInt128 Whole)
{
    public bool Has(WordList list) => (Within & Words.Bit(list)) != 0;
    public bool Is(WordList list) => (Whole & Words.Bit(list)) != 0;

    public bool HasAny(params ReadOnlySpan<WordList> lists)
    {
        foreach (var list in lists)
            if (Has(list)) return true;
        return false;
    }
}

/// <summary>A text of a page and what it means.</summary>
internal readonly record struct Said(string Text, Meanings Means)
{
    public Said(string text)
        : this(text, Words.Read(text))
    {
    }

    public int Length => Text.Length;
    public bool Has(WordList list) => Means.Has(list);
}

/// <summary>The word lists, arranged so that one pass over a text finds the words of all of them.</summary>
internal sealed class Lexicon
{
    private const string Resource = "Ostiary.Login.Words.json";

    // In words, or in letters where there are no words; no entry of the data comes near.
    private const int LongestPhrase = 48;

    // A word inside a longer phrase of one of these lists means what the phrase means: "accept" in "accept only necessary", "password" in "one-time password".
    private static readonly UInt128[] YieldsTo = Yielding(
        (WordList.SignIn, [WordList.SignOut, WordList.SignUp, WordList.StaySignedIn, WordList.Newsletter, WordList.UserName, WordList.ChooseMethod]),
        (WordList.SignUp, [WordList.Newsletter]),
        (WordList.AcceptCookies, [WordList.RejectCookies, WordList.Approve]),
        (WordList.Continue, [WordList.RejectCookies, WordList.ChooseAccount, WordList.AcceptCookies]),
        (WordList.Next, [WordList.NotNow]),
        (WordList.NotNow, [WordList.TryLater]),
        (WordList.TryLater, [WordList.NotNow]),
        (WordList.Cancel, [WordList.SignOut, WordList.NotNow]),
        (WordList.Confirm, [WordList.ConfirmPassword, WordList.Code, WordList.SendCode, WordList.Resend]),
        (WordList.Password, [WordList.Code]),
        (WordList.Code, [WordList.UserName, WordList.Company, WordList.Address, WordList.Password]),
        (WordList.Name, [WordList.UserName, WordList.Company, WordList.SecurityQuestion]),
        (WordList.Address, [WordList.Email, WordList.UserName]),
        (WordList.Account, [WordList.SignUp, WordList.ChooseAccount]),
        (WordList.Agree, [WordList.RejectCookies]));

    private readonly Dictionary<string, List<Phrase>> byWord = [];
    private readonly Dictionary<string, List<Phrase>> byStem = [];
    private readonly Dictionary<int, List<Run>> byPair = [];
    private readonly Dictionary<char, UInt128> bySign = [];
    private readonly Dictionary<string, List<Phrase>>.AlternateLookup<ReadOnlySpan<char>> words;
    private readonly Dictionary<string, List<Phrase>>.AlternateLookup<ReadOnlySpan<char>> stems;
    private int shortestStem = int.MaxValue;

    private Lexicon(IReadOnlyList<string> languages)
    {
        Languages = languages;
        words = byWord.GetAlternateLookup<ReadOnlySpan<char>>();
        stems = byStem.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public IReadOnlyList<string> Languages { get; }

    public static Lexicon Load()
    {
        using var stream = typeof(Lexicon).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"{Resource} is not embedded.");
        using var document = JsonDocument.Parse(stream);
        var lists = document.RootElement.EnumerateObject().ToArray();
        var lexicon = new Lexicon([.. lists.SelectMany(list => list.Value.EnumerateObject().Select(language => language.Name)).Distinct()]);
        var known = new HashSet<(WordList, string)>();
        foreach (var list in lists)
        {
            if (!Enum.TryParse<WordList>(list.Name, out var meaning)) throw new InvalidOperationException($"{Resource} has words for '{list.Name}', which is no list.");
            foreach (var language in list.Value.EnumerateObject())
            {
                foreach (var entry in language.Value.EnumerateArray())
                {
                    foreach (var spelling in Spellings(language.Name, entry.GetString()!))
                    {
                        if (known.Add((meaning, spelling))) lexicon.Add(meaning, spelling);
                    }
                }
            }
        }
        return lexicon;
    }

    /// <summary>What a folded text means.</summary>
    public Meanings Read(string folded)
    {
        if (folded.Length == 0) return default;
        var finds = new Finds();
        var spaceless = HasSpaceless(folded);
        var most = folded.Length;
        var rented = most > 256 ? ArrayPool<Range>.Shared.Rent(most) : null;
        Span<Range> tokens = rented ?? stackalloc Range[most];
        tokens = tokens[..Split(folded, tokens)];
        for (var at = 0; at < tokens.Length; at++) FindPhrases(folded, tokens, at, ref finds);
        if (rented is not null) ArrayPool<Range>.Shared.Return(rented);
        var found = finds.Settle();
        if (!spaceless) return found;

        var runs = new Finds();
        var compact = Compact(folded);
        if (compact.Length == 1) return bySign.TryGetValue(compact[0], out var lists) ? new Meanings(lists, lists) : default;
        for (var at = 0; at + 1 < compact.Length; at++) FindRuns(compact, at, ref runs);
        var inside = runs.Settle();
        return new Meanings(found.Within | inside.Within, inside.Whole);
    }

    private static UInt128[] Yielding(params ReadOnlySpan<(WordList List, WordList[] To)> rules)
    {
        var yields = new UInt128[128];
        foreach (var (list, to) in rules)
        {
            foreach (var other in to) yields[(int)list] |= Words.Bit(other);
        }
        return yields;
    }

    private static IEnumerable<string> Spellings(string language, string entry)
    {
        yield return entry;
        // Where a keyboard or an old system has no such letters, these languages write two others.
        var spelled = language switch
        {
            "de" => entry.Replace("ä", "ae", StringComparison.Ordinal).Replace("ö", "oe", StringComparison.Ordinal).Replace("ü", "ue", StringComparison.Ordinal),
            "da" or "no" => entry.Replace("å", "aa", StringComparison.Ordinal).Replace("ø", "oe", StringComparison.Ordinal),
            _ => entry,
        };
        if (spelled != entry) yield return spelled;
    }

    private void Add(WordList list, string entry)
    {
        var veto = entry.StartsWith('!');
        var alone = entry.StartsWith('=');
        var folded = Words.Fold(entry);
        if (folded.Length == 0) throw new InvalidOperationException($"{Resource} has an empty word in {list}.");
        if (HasSpaceless(folded))
        {
            var run = Compact(folded);
            if (run.Length < 2)
            {
                if (!alone) throw new InvalidOperationException($"{Resource}: '{entry}' in {list} is too short to be looked for inside a text.");
                bySign[run[0]] = bySign.GetValueOrDefault(run[0]) | Words.Bit(list);
                return;
            }
            Entry(byPair, Pair(run, 0)).Add(new Run(list, veto, alone, run));
            return;
        }
        var tokens = entry.TrimStart('!', '=').Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(Parts).ToArray();
        var phrase = new Phrase(list, veto, alone, [.. tokens.Select(t => t.Word)], [.. tokens.Select(t => t.Open)]);
        if (!phrase.Open[0])
        {
            Entry(byWord, phrase.Tokens[0]).Add(phrase);
            return;
        }
        shortestStem = Math.Min(shortestStem, phrase.Tokens[0].Length);
        Entry(byStem, phrase.Tokens[0]).Add(phrase);
    }

    // One written word may fold into several ("e-mail", "l'accès"); the star belongs to the last of them.
    private static IEnumerable<(string Word, bool Open)> Parts(string written)
    {
        var folded = Words.Fold(written);
        if (folded.Length == 0) yield break;
        var parts = folded.Split(' ');
        for (var i = 0; i < parts.Length; i++)
        {
            var bare = WithoutArticle(parts[i], 0, parts[i].Length);
            yield return (parts[i][bare..], i == parts.Length - 1 && written.EndsWith('*'));
        }
    }

    private static List<T> Entry<TKey, T>(Dictionary<TKey, List<T>> index, TKey key)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var entries)) index.Add(key, entries = []);
        return entries;
    }

    private void FindPhrases(string text, ReadOnlySpan<Range> tokens, int at, ref Finds finds)
    {
        var token = text.AsSpan(tokens[at]);
        if (token.IsEmpty) return;
        FindFrom(token, text, tokens, at, ref finds);
        if (MayHavePrefix(token)) FindFrom(token[1..], text, tokens, at, ref finds);
    }

    private void FindFrom(ReadOnlySpan<char> first, string text, ReadOnlySpan<Range> tokens, int at, ref Finds finds)
    {
        if (words.TryGetValue(first, out var phrases)) Try(phrases, text, tokens, at, ref finds);
        for (var length = shortestStem; length <= first.Length; length++)
        {
            if (stems.TryGetValue(first[..length], out phrases)) Try(phrases, text, tokens, at, ref finds);
        }
    }

    private static void Try(List<Phrase> phrases, string text, ReadOnlySpan<Range> tokens, int at, ref Finds finds)
    {
        foreach (var phrase in phrases)
        {
            if (!Follows(phrase, text, tokens, at)) continue;
            var whole = at == 0 && phrase.Tokens.Length == tokens.Length;
            if (whole || !phrase.Alone) finds.Add(phrase.List, phrase.Veto, at, at + phrase.Tokens.Length, whole);
        }
    }

    private static bool Follows(Phrase phrase, string text, ReadOnlySpan<Range> tokens, int at)
    {
        if (at + phrase.Tokens.Length > tokens.Length) return false;
        for (var i = 1; i < phrase.Tokens.Length; i++)
        {
            var token = text.AsSpan(tokens[at + i]);
            if (!Matches(token, phrase.Tokens[i], phrase.Open[i]) && !(MayHavePrefix(token) && Matches(token[1..], phrase.Tokens[i], phrase.Open[i]))) return false;
        }
        return true;
    }

    private static bool Matches(ReadOnlySpan<char> token, string word, bool open) =>
        open ? token.StartsWith(word, StringComparison.Ordinal) : token.SequenceEqual(word);

    private void FindRuns(string compact, int at, ref Finds finds)
    {
        if (!byPair.TryGetValue(Pair(compact, at), out var runs)) return;
        foreach (var run in runs)
        {
            if (!compact.AsSpan(at).StartsWith(run.Text, StringComparison.Ordinal)) continue;
            var whole = run.Text.Length == compact.Length;
            if (whole || !run.Alone) finds.Add(run.List, run.Veto, at, at + run.Text.Length, whole);
        }
    }

    // Words end at a space and where writing without spaces begins; a stretch of the latter is one empty token, so that no phrase reaches across it.
    private static int Split(string text, Span<Range> tokens)
    {
        var count = 0;
        var at = 0;
        while (at < text.Length)
        {
            if (text[at] == ' ')
            {
                at++;
                continue;
            }
            var start = at;
            var spaceless = IsSpaceless(text[at]);
            while (at < text.Length && text[at] != ' ' && IsSpaceless(text[at]) == spaceless) at++;
            if (count == tokens.Length) break;
            tokens[count++] = spaceless ? at..at : WithoutArticle(text, start, at)..at;
        }
        return count;
    }

    // Arabic writes the article, and "and", "with", "to" before it, as part of the word.
    private static int WithoutArticle(string text, int start, int end)
    {
        if (text[start] is < '\u0620' or > '\u06FF') return start;
        var token = text.AsSpan(start, end - start);
        var bare = 0;
        if (token.StartsWith("ال", StringComparison.Ordinal) || token.StartsWith("لل", StringComparison.Ordinal)) bare = 2;
        else if (token[0] is 'و' or 'ب' or 'ف' or 'ك' && token[1..].StartsWith("ال", StringComparison.Ordinal)) bare = 3;
        return token.Length - bare >= 3 ? start + bare : start;
    }

    // Hebrew writes "the", "and", "in", "to", "from", "that", "as" as one letter before the word.
    private static bool MayHavePrefix(ReadOnlySpan<char> token) => token.Length >= 4 && token[0] is 'ה' or 'ו' or 'ב' or 'ל' or 'מ' or 'ש' or 'כ';

    private static bool HasSpaceless(string text)
    {
        foreach (var c in text)
        {
            if (IsSpaceless(c)) return true;
        }
        return false;
    }

    // Thai to Myanmar, Hangul, kana, Han. Korean has spaces, but sets them freely and puts its particles at the end of words.
    private static bool IsSpaceless(char c) => c >= '\u0E00'
        && c is <= '\u0EFF' or >= '\u1000' and <= '\u109F' or >= '\u1100' and <= '\u11FF' or >= '\u1780' and <= '\u17FF' or >= '\u3005' and <= '\u9FFF'
            or >= '\uAC00' and <= '\uD7FF' or >= '\uF900' and <= '\uFAFF';

    private static string Compact(string text)
    {
        var compact = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == ' ' && (IsSpaceless(text[i - 1]) || IsSpaceless(text[i + 1]))) continue;
            compact.Append(text[i]);
        }
        return compact.ToString();
    }

    private static int Pair(string text, int at) => (text[at] << 16) | text[at + 1];

    private sealed record Phrase(WordList List, bool Veto, bool Alone, string[] Tokens, bool[] Open);

    private sealed record Run(WordList List, bool Veto, bool Alone, string Text);

    /// <summary>The words found in one text, until it is known which of them a veto takes away.</summary>
    private struct Finds
    {
        private List<Find>? found;
        private List<Find>? vetoes;

        public void Add(WordList list, bool veto, int start, int end, bool whole) =>
            (veto ? vetoes ??= [] : found ??= []).Add(new Find(list, start, end, whole));

        public readonly Meanings Settle()
        {
            if (found is null) return default;
            var within = UInt128.Zero;
            var whole = UInt128.Zero;
            for (var i = 0; i < found.Count; i++)
            {
                var find = found[i];
                if (IsVetoed(find) || IsPartOfMore(i)) continue;
                within |= Words.Bit(find.List);
                if (find.Whole) whole |= Words.Bit(find.List);
            }
            return new Meanings(within, whole);
        }

        // Finds come in the order of their beginnings, so whatever holds this one is among its neighbours.
        private readonly bool IsPartOfMore(int index)
        {
            var find = found![index];
            var more = YieldsTo[(int)find.List];
            if (more == 0) return false;
            for (var i = index - 1; i >= 0 && found[i].Start >= find.Start - LongestPhrase; i--)
            {
                if (IsPart(found[i])) return true;
            }
            for (var i = index + 1; i < found.Count && found[i].Start == find.Start; i++)
            {
                if (IsPart(found[i])) return true;
            }
            return false;

            bool IsPart(Find other) => (more & Words.Bit(other.List)) != 0 && other.Start <= find.Start && other.End >= find.End
                && other.End - other.Start > find.End - find.Start;
        }

        private readonly bool IsVetoed(Find find)
        {
            foreach (var veto in vetoes ?? [])
            {
                if (veto.Start >= find.End) return false;
                if (veto.List == find.List && find.Start < veto.End) return true;
            }
            return false;
        }
    }

    private readonly record struct Find(WordList List, int Start, int End, bool Whole);
}
