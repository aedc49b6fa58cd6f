namespace Ostiary.Portals.Matrix;

/// <summary>How a site lets the visitor know of something.</summary>
internal enum Shown
{
    /// <summary>In a place made for messages.</summary>
    Alert,
    /// <summary>Under the field it is about.</summary>
    Inline,
    /// <summary>For a second and a half, at the edge of the window.</summary>
    Toast,
    /// <summary>There as well, but only after most of a second, and it fades away.</summary>
    Fade,
    /// <summary>As a paragraph like any other.</summary>
    Plain,
    /// <summary>By a word in the address alone.</summary>
    Address,
    /// <summary>By the status of the answer alone.</summary>
    Status,
    /// <summary>Not at all.</summary>
    Silent,
}

/// <summary>A sentence of the site about what was just done.</summary>
internal sealed record Saying(string Text, Shown How);

/// <summary>Something to type. <paramref name="Kind"/>: <c>user</c>, <c>password</c>, <c>new</c>, <c>code</c>, <c>answer</c>, <c>company</c>, <c>letter</c>, <c>plain</c> or <c>captcha</c>.</summary>
internal sealed record Entry(string Key, string Kind, string Label)
{
    public string Value { get; init; } = "";
    /// <summary>The code is typed unseen.</summary>
    public bool Masked { get; init; }
    public int Length { get; init; }
}

/// <summary>Something to press. <paramref name="Main"/>: the one that leads on.</summary>
internal sealed record Press(string Action, string Label, bool Main = true);

/// <summary>One of several.</summary>
internal sealed record Choice(string Value, string Label, string Detail = "");

/// <summary>Several of which one is to be chosen. <paramref name="Shape"/>: <c>radio</c>, <c>list</c>, <c>buttons</c> or <c>select</c>.</summary>
internal sealed record Pick(string Key, string Shape, string Legend, IReadOnlyList<Choice> Choices);

/// <summary>Single characters of a word that both sides know, asked for by their places.</summary>
/// <param name="Shape"><c>boxes</c> or <c>selects</c>.</param>
/// <param name="Labels">What stands by each place, e.g. <c>2nd</c>.</param>
internal sealed record Letters(string Shape, IReadOnlyList<int> Places, IReadOnlyList<string> Labels)
{
    /// <summary>The name under which the character of a place travels.</summary>
    public static string Key(int place) => "letter" + place.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>A box to tick.</summary>
internal sealed record Tick(string Key, string Label);

/// <summary>What a site shows at one moment, without a word about how it is drawn.</summary>
/// <param name="Id">The step's name; styles that have an address for every step use it.</param>
internal sealed record Scene(string Id, string Heading)
{
    public IReadOnlyList<string> Text { get; init; } = [];
    public Saying? Saying { get; init; }
    public IReadOnlyList<Entry> Entries { get; init; } = [];
    public Pick? Pick { get; init; }
    /// <summary>The choice stands before the fields.</summary>
    public bool PickFirst { get; init; }
    public Letters? Letters { get; init; }
    /// <summary>A round picture with somebody's initials above the rest.</summary>
    public string Avatar { get; init; } = "";
    public Tick? Tick { get; init; }
    public IReadOnlyList<Press> Presses { get; init; } = [];
    /// <summary>Links that lead elsewhere: recovery, sign-up.</summary>
    public IReadOnlyList<(string Path, string Label)> Links { get; init; } = [];
    /// <summary><c>captcha</c>: a frame to click in; <c>picture</c>: characters to read; <c>badge</c>: one that asks for nothing; <c>trap</c>: a field that nobody can see; else empty.</summary>
    public string Widget { get; init; } = "";
    /// <summary>The page asks by itself whether it may go on.</summary>
    public bool Polls { get; init; }
    /// <summary>The first press of the main button reaches nobody.</summary>
    public bool Deaf { get; init; }
    /// <summary>For two and a half seconds something that turns lies over all of it.</summary>
    public bool Veil { get; init; }
    /// <summary>The buttons come alive a second after the last key.</summary>
    public bool Sleepy { get; init; }
    /// <summary>A cookie wall lies over it.</summary>
    public bool Wall { get; init; }
    /// <summary>Signed in: how the page shows it (<c>signout</c>, <c>avatar</c>, <c>name</c>, <c>home</c>); else empty.</summary>
    public string Inside { get; init; } = "";
}
