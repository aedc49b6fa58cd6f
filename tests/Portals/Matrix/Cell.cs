namespace Ostiary.Portals.Matrix;

/// <summary>One style in which one thing happens, in one language.</summary>
internal sealed record Cell(Style Style, Outcome Outcome, string Language)
{
    /// <summary>The site's name for control and counters, and the first part of its paths.</summary>
    public string Id => $"matrix/{Style.Id}/{Outcome.Id}";

    /// <summary>The address of one of its pages or calls.</summary>
    public string At(string path) => $"/{Id}/{path}";

    public const string Password = "Practice-Only-47!";
    public const string WrongPassword = "Not-The-Right-One-47!";
    public const string Name = "Ada Whitcombe";
    public const string Phone = "••• •• 42";
    public const string Mailbox = "a•••@larkspur.example";
    public const string Backup = "7Q4K-X2PM";
    public const string Seed = "KVKFKRCPNZQUYMLXOVYDSQKJKZDTSRLD";

    public string Brand { get; } = Brands[Phrases.Number(Style.Id + Outcome.Id) % Brands.Length];

    /// <summary>A phrase in one of its wordings: always the same one on the same site.</summary>
    public string Say(string key, string? inset = null)
    {
        var wordings = Phrases.Of(Language, key);
        var text = wordings[Phrases.Number($"{Style.Id}/{Outcome.Id}/{key}") % wordings.Count];
        return inset is null ? text : text.Replace("{0}", inset, StringComparison.Ordinal);
    }

    /// <summary>The words of a phrase around what is put into it: the longest piece.</summary>
    public string Part(string key) => Say(key).Split("{0}").MaxBy(part => part.Trim().Length)!.Trim().TrimEnd('.', ':');

    private static readonly string[] Brands = ["Larkspur", "Holm & Sons", "Tidewater", "Corvane", "Bramble", "Osterling", "Pellworm", "Vesper Post", "Quillon", "Marrow Lane", "Stellwerk", "Ambit"];
}
