namespace Ostiary.Login;

/// <summary>Sentences that say that a page or a session had grown too old: what was sent met nobody, and nothing was refused.</summary>
internal static class Stale
{
    private static readonly string[] Things = ["session", "page", "sitzung", "seite", "sesion", "pagina", "sessione", "sessie", "sessao", "sesja", "strona", "sida", "sidan", "sessionen", "istunto", "sivu", "side", "siden", "relace", "stranka", "oturum", "sayfa", "сессия", "страница", "сеанс", "セッション", "ページ", "会话", "页面"];
    private static readonly string[] Again = ["again", "once more", "anew", "erneut", "noch einmal", "wieder", "nouveau", "reconnect", "otra vez", "de nuevo", "nuevamente", "vuelve a", "di nuovo", "opnieuw", "nog een keer", "novamente", "de novo", "ponownie", "jeszcze raz", "igen", "en gang till", "uudelleen", "znovu", "tekrar", "снова", "заново", "もう一度", "再度", "重新"];

    /// <summary>The text says that the page or the session is too old: in words for it, or by asking to do it again and saying nothing of a mistake, nor of what was typed.</summary>
    public static bool Says(string text)
    {
        if (Words.Has(WordList.Expired, text)) return true;
        return SpeaksOfIt(text) && Has(text, Again) && !Words.HasAny(text, WordList.Wrong, WordList.Password, WordList.UserName, WordList.Email, WordList.Account);
    }

    /// <summary>The text speaks of a session or of a page.</summary>
    public static bool SpeaksOfIt(string text) => Has(text, Things);

    private static bool Has(string text, string[] words)
    {
        var folded = " " + Words.Fold(text) + " ";
        foreach (var word in words)
            if (folded.Contains(word.Any(c => c > 0x2E80) ? word : " " + Words.Fold(word), StringComparison.Ordinal)) return true;
        return false;
    }
}
