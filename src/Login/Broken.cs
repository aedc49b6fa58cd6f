namespace Ostiary.Login;

/// <summary>Sentences that say that the site's own machines did not reach each other: nobody looked at what was sent, and nothing was refused.</summary>
internal static class Broken
{
    /// <summary>
    /// Such a failure explains why the form is back: the refusal says so itself, or a sentence beside it does; and none of them speaks of a password, of a user or of something that is wrong.
    /// </summary>
    /// <param name="refusal">What is taken for the refusal; empty where nothing is.</param>
    public static bool Explains(string refusal, List<Saying> answers)
    {
        if (BlamesInput(refusal)) return false;
        if (Words.Has(WordList.Unreached, refusal)) return true;
        var beside = answers.FindAll(a => a.IsAlert && a.Text != refusal);
        return beside.Exists(a => Words.Has(WordList.Unreached, a.Text)) && !beside.Exists(a => BlamesInput(a.Text) || Words.Has(WordList.Wrong, a.Text));
    }

    private static bool BlamesInput(string text) => Words.HasAny(text, WordList.Password, WordList.UserName, WordList.Email);
}
