using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ostiary.Server.Tasks.Programs;

/// <summary>
/// A task's program: a user flow in the JSON format that Chrome DevTools Recorder exports (the schema of the npm package <c>@puppeteer/replay</c>), with
/// <c>{{input.name}}</c> placeholders and the <c>customStep</c>s <c>extract</c>, <c>download</c> and <c>each</c>. The guide is <c>docs/task-programs.md</c>.
/// </summary>
internal sealed record FlowProgram(string Title, TimeSpan? Timeout, IReadOnlyList<FlowStep> Steps)
{
    /// <summary>How long a step may take when neither it nor the flow says: Recorder's own default.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a page may take to open when neither the step nor the flow says.</summary>
    public static readonly TimeSpan DefaultNavigationTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The longest time-out a program may ask for.</summary>
    public static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(120);

    /// <summary>Most steps of one program, those inside <c>each</c> included.</summary>
    public const int MaxSteps = 1_000;

    /// <summary>The recorded sign-in at the beginning of the flow, or null when there is none.</summary>
    public RecordedSignIn? SignIn { get; init; }

    /// <summary>Parses a program, or tells every fault of it. Unknown properties are ignored; unknown step types are faults.</summary>
    public static FlowParse Parse(JsonElement json) => FlowParser.Parse(json);

    /// <summary>
    /// The program as it may be stored and shown: Recorder writes a typed password in clear, so the values of the password fields of a recorded sign-in are
    /// emptied. Everything else is as it was. Call it with what <see cref="Parse"/> found no fault in, before the program is kept anywhere.
    /// </summary>
    public static JsonElement WithoutRecordedPasswords(JsonElement json)
    {
        if (Parse(json).Program is not { SignIn: { } signIn } program) return json;
        var steps = signIn.Passwords.Where(i => program.Steps[i] is ChangeStep { Value: { HasPlaceholders: false, Source.Length: > 0 } }).ToList();
        if (steps.Count == 0) return json;
        var copy = (JsonObject)JsonNode.Parse(json.GetRawText())!;
        foreach (var i in steps) copy["steps"]![i]!["value"] = "";
        return JsonSerializer.SerializeToElement(copy);
    }
}

/// <summary>The outcome of parsing: a program, or at least one fault.</summary>
internal sealed record FlowParse(FlowProgram? Program, IReadOnlyList<FlowFault> Faults);

/// <summary>
/// A sign-in that was recorded along with the work. The session is signed in before a program starts, so its form is usually not there: these steps
/// are left out when their elements do not show. Positions are indexes into <see cref="FlowProgram.Steps"/>.
/// </summary>
/// <param name="First">The first step after the flow's last <c>navigate</c> before the form.</param>
/// <param name="FirstField">The first field of the form.</param>
/// <param name="Last">The step that sends the password.</param>
/// <param name="Passwords">The steps that type a password.</param>
internal sealed record RecordedSignIn(int First, int FirstField, int Last, IReadOnlyList<int> Passwords);
