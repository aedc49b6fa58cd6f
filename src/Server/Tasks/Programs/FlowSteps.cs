using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>One step as written. What it does is its subtype; how it is done is <see cref="FlowRunner"/>'s.</summary>
/// <param name="Number">Position in its list of steps, from 1.</param>
/// <param name="Type">The type as written; for a <c>customStep</c> its name.</param>
internal abstract record FlowStep(int Number, string Type)
{
    /// <summary>A step's own title, which Recorder does not write but people do.</summary>
    public string? Title { get; init; }

    /// <summary>The step's own time-out, or null for the flow's.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Null for the main page, else the URL of a pop-up or of a frame.</summary>
    public string? Target { get; init; }

    /// <summary>Indexes of child frames from the target down to the frame the step works in.</summary>
    public IReadOnlyList<int> Frame { get; init; } = [];

    /// <summary>True when an asserted event of type <c>navigation</c> has to follow.</summary>
    public bool AssertsNavigation { get; init; }

    /// <summary>What the step looks for; empty when it looks for nothing.</summary>
    public virtual IReadOnlyList<FlowSelector> Selectors => [];
}

/// <summary>Gives the page the size it was recorded in, so that the same layout is shown.</summary>
internal sealed record SetViewportStep(int Number, string Type, int Width, int Height) : FlowStep(Number, Type);

/// <summary>Accepted and without effect: <c>emulateNetworkConditions</c>, and the empty tab that a recording may start on.</summary>
internal sealed record IgnoredStep(int Number, string Type) : FlowStep(Number, Type);

internal sealed record NavigateStep(int Number, string Type, FlowText Url) : FlowStep(Number, Type);

/// <summary>A click or double click. Offsets are CSS pixels from the element's top left corner, or null for its middle.</summary>
internal sealed record ClickStep(int Number, string Type, IReadOnlyList<FlowSelector> Alternatives) : FlowStep(Number, Type)
{
    public bool Double { get; init; }
    public double? OffsetX { get; init; }
    public double? OffsetY { get; init; }
    public ClickButton Button { get; init; }
    public bool Touch { get; init; }

    /// <summary>Time between pressing and letting go.</summary>
    public TimeSpan Duration { get; init; }

    public override IReadOnlyList<FlowSelector> Selectors => Alternatives;
}

/// <summary>Recorder's buttons; the last two are a mouse's thumb buttons, which move through the history.</summary>
internal enum ClickButton { Primary, Auxiliary, Secondary, Back, Forward }

internal sealed record ChangeStep(int Number, string Type, IReadOnlyList<FlowSelector> Alternatives, FlowText Value) : FlowStep(Number, Type)
{
    public override IReadOnlyList<FlowSelector> Selectors => Alternatives;
}

internal sealed record KeyStep(int Number, string Type, string Key, bool Down) : FlowStep(Number, Type);

internal sealed record HoverStep(int Number, string Type, IReadOnlyList<FlowSelector> Alternatives) : FlowStep(Number, Type)
{
    public override IReadOnlyList<FlowSelector> Selectors => Alternatives;
}

/// <summary>Scrolls an element, or the page when it names none, to a position in CSS pixels.</summary>
internal sealed record ScrollStep(int Number, string Type, IReadOnlyList<FlowSelector> Alternatives, double X, double Y) : FlowStep(Number, Type)
{
    public override IReadOnlyList<FlowSelector> Selectors => Alternatives;
}

internal sealed record WaitForElementStep(int Number, string Type, IReadOnlyList<FlowSelector> Alternatives) : FlowStep(Number, Type)
{
    /// <summary><c>&gt;=</c>, <c>==</c> or <c>&lt;=</c>.</summary>
    public required string Operator { get; init; }
    public required int Count { get; init; }

    /// <summary>Null: elements count whether shown or not. True: shown elements count. False: waits until shown elements no longer satisfy the rest.</summary>
    public bool? Visible { get; init; }
    public JsonElement? Properties { get; init; }
    public JsonElement? Attributes { get; init; }

    public override IReadOnlyList<FlowSelector> Selectors => Alternatives;
}

internal sealed record WaitForExpressionStep(int Number, string Type, FlowText Expression) : FlowStep(Number, Type);

internal sealed record CloseStep(int Number, string Type) : FlowStep(Number, Type);

/// <summary>Reads the page: one object, or a list with one object per element that <paramref name="List"/> finds.</summary>
internal sealed record ExtractStep(int Number, string Type, string? As, IReadOnlyList<FlowSelector>? List, IReadOnlyList<ExtractField> Fields) : FlowStep(Number, Type)
{
    /// <summary>The key a list goes to when the step names none.</summary>
    public const string DefaultListKey = "items";

    public override IReadOnlyList<FlowSelector> Selectors => List ?? [];
}

/// <summary>One field of an <c>extract</c>.</summary>
/// <param name="Alternatives">Where it is, relative to the element it belongs to; null for that element itself.</param>
internal sealed record ExtractField(string Name, IReadOnlyList<FlowSelector>? Alternatives)
{
    /// <summary>The attribute to read instead of the text.</summary>
    public string? Attribute { get; init; }
    public FieldType Type { get; init; }

    /// <summary>Narrows the text before it is converted: the first group, or the whole match when the pattern has no group.</summary>
    public Regex? Pattern { get; init; }
    public bool Optional { get; init; }

    /// <summary>Every match as a list instead of the first.</summary>
    public bool All { get; init; }
    public FormatHints Hints { get; init; } = FormatHints.None;

    /// <summary>Fields of an inner object, or of each element of an inner list.</summary>
    public IReadOnlyList<ExtractField>? Fields { get; init; }

    /// <summary>True when <see cref="Alternatives"/> names repeated elements, each read by <see cref="Fields"/>.</summary>
    public bool IsList { get; init; }
}

internal enum FieldType { Text, Number, Integer, Boolean, Date }

/// <summary>Clicks an element, or opens an address, and keeps the file that follows.</summary>
internal sealed record DownloadStep(int Number, string Type, IReadOnlyList<FlowSelector> Alternatives, FlowText? Url, string? As) : FlowStep(Number, Type)
{
    /// <summary>Null: <c>output</c> when <see cref="As"/> puts it there, else <c>attachment</c>.</summary>
    public string? Purpose { get; init; }

    /// <summary>Words about the file, kept with it.</summary>
    public IReadOnlyList<(string Name, FlowText Text)> Metadata { get; init; } = [];

    public override IReadOnlyList<FlowSelector> Selectors => Alternatives;
}

/// <summary>Repeats steps for each element of the page, or for each value of a list in the input.</summary>
/// <param name="Alternatives">The elements; empty when it goes over values.</param>
/// <param name="Values">A placeholder that stands for a list, or null when it goes over elements.</param>
internal sealed record EachStep(int Number, string Type, IReadOnlyList<FlowSelector> Alternatives, FlowText? Values, string? As, int? Limit, IReadOnlyList<FlowStep> Steps)
    : FlowStep(Number, Type)
{
    /// <summary>Values written out in the program instead of taken from the input.</summary>
    public JsonElement? LiteralValues { get; init; }

    public override IReadOnlyList<FlowSelector> Selectors => Alternatives;
}

/// <summary>What is known about how a page writes numbers and dates.</summary>
/// <param name="Decimal">The decimal mark, or null.</param>
/// <param name="Locale">A BCP 47 tag, or null.</param>
/// <param name="Format">A date format, or null.</param>
internal sealed record FormatHints(char? Decimal, string? Locale, string? Format)
{
    public static FormatHints None { get; } = new(null, null, null);
}
