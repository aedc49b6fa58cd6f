namespace Ostiary.Login;

/// <summary>Sentences that say that a page or a session had grown too old: what was sent met nobody, and nothing was refused.</summary>
internal static class Stale
{
    /// <summary>The text says that the page or the session is too old: in words for it, or by asking to do it again and saying nothing of a mistake, nor of what was typed.</summary>
    public static bool Says(string text)
    {
        if (Words.Has(WordList.Expired, text)) return true;
        return SpeaksOfIt(text) && Words.Has(WordList.Again, text) && !Words.HasAny(text, WordList.Wrong, WordList.Password, WordList.UserName, WordList.Email, WordList.Account);
    }

    /// <summary>The text speaks of a session or of a page.</summary>
    public static bool SpeaksOfIt(string text) => Words.Has(WordList.PageOrSession, text);
}
