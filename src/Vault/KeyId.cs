namespace Ostiary.Vault;

/// <summary>The form of a key's id, which is stored in every wrapped key.</summary>
internal static class KeyId
{
    public const int MaxLength = 64;

    public static bool IsValid(string? id)
    {
        if (id is null || id.Length is 0 or > MaxLength) return false;
        foreach (var character in id)
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '.' or ':' or '-')) return false;
        return true;
    }
}
