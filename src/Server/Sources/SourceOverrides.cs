using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.Server.Http;

namespace Ostiary.Server.Sources;

/// <summary>
/// Corrections to the sign-in engine for one website: each replaces one of its decisions, and what is not here it decides itself. The shape is closed: a name it does not
/// know is a fault, since a correction that is not heard is worse than none.
/// </summary>
/// <param name="StartUrl">Where a sign-in begins instead of at the source's URL.</param>
/// <param name="LoginUrl">The page of the form; wins over the source's <c>website.login_url</c>.</param>
/// <param name="CheckUrl">A page that only somebody signed in gets to see.</param>
/// <param name="Selectors">CSS selectors by role, one of <see cref="Roles"/>.</param>
/// <param name="Fields">CSS selectors by source field.</param>
/// <param name="RefusalWords">What the website writes when it refuses a credential.</param>
/// <param name="SignedInWords">What it writes for somebody who is signed in, and for nobody else.</param>
/// <param name="Steps">The order in which it asks, words of <see cref="StepWords"/>; empty: not said.</param>
/// <param name="PreferredMfa">Which of several ways to verify is chosen, a word of <see cref="MfaWords"/>, or null.</param>
/// <param name="Domains">Where values may be typed beside the source's own domain; null: not said, empty: nowhere else.</param>
/// <param name="AcceptTerms">False: new terms of the website end a sign-in instead of being accepted; null: not said.</param>
/// <param name="TrustDevice">False: the website is not asked to trust the browser, unless the user says so; null: not said.</param>
internal sealed partial record SourceOverrides(
    Uri? StartUrl, Uri? LoginUrl, Uri? CheckUrl, IReadOnlyDictionary<string, string> Selectors, IReadOnlyDictionary<string, string> Fields, IReadOnlyList<string> RefusalWords, IReadOnlyList<string> SignedInWords, IReadOnlyList<string> Steps, string? PreferredMfa,
    IReadOnlyList<string>? Domains, bool? AcceptTerms, bool? TrustDevice)
{
    /// <summary>What a selector can be given for.</summary>
    public static readonly IReadOnlyList<string> Roles = ["sign_in", "identifier", "next", "password", "submit", "code", "code_submit", "refusal", "signed_in"];

    public static readonly IReadOnlyList<string> StepWords = ["identifier", "password", "source_fields", "code"];

    public static readonly IReadOnlyList<string> MfaWords = ["totp", "sms", "email", "voice", "push", "security_question"];

    private const int LongestSelector = 500;
    private const int LongestWord = 200;
    private const int MostWords = 50;
    private const int MostFields = 10;

    private static readonly string[] Urls = ["start_url", "login_url", "check_url"];

    /// <summary>Reads and checks; every fault names its field below <paramref name="path"/>. Addresses that are none are faults; whether they may be reached is the caller's to ask.</summary>
    public static SourceOverrides Read(JsonElement json, string path, List<Fault> faults)
    {
        var urls = new Dictionary<string, Uri?>(StringComparer.Ordinal);
        Dictionary<string, string> selectors = [], fields = [];
        List<string> words = [], signedIn = [], steps = [];
        List<string>? domains = null;
        string? mfa = null;
        bool? terms = null, trust = null;
        foreach (var property in json.EnumerateObject())
        {
            var at = $"{path}.{Shown(property.Name)}";
            if (property.Value.ValueKind == JsonValueKind.Null) continue;
            switch (property.Name)
            {
                case "start_url" or "login_url" or "check_url":
                    urls[property.Name] = Address(property.Value, at, faults);
                    break;
                case "selectors":
                    selectors = Map(property.Value, at, name => Roles.Contains(name), $"A role is one of: {string.Join(", ", Roles)}.", Roles.Count, faults);
                    break;
                case "fields":
                    fields = Map(property.Value, at, name => FieldName().IsMatch(name), "A source field's key must match ^[a-z][a-z0-9_]{0,63}$.", MostFields, faults);
                    break;
                case "refusal_words":
                    words = List(property.Value, at, null, faults);
                    break;
                case "signed_in_words":
                    signedIn = List(property.Value, at, null, faults);
                    break;
                case "steps":
                    steps = List(property.Value, at, StepWords, faults);
                    break;
                case "preferred_mfa":
                    mfa = RequestBinder.TryReadText(property.Value, at, LongestWord, faults);
                    if (mfa is not null && !MfaWords.Contains(mfa)) faults.Add(Fault.Invalid(at, $"`{at}` must be one of: {string.Join(", ", MfaWords)}."));
                    break;
                case "domains":
                    domains = List(property.Value, at, null, faults);
                    for (var i = 0; i < domains.Count; i++)
                        if (!Domain().IsMatch(domains[i]) || Uri.CheckHostName(domains[i]) == UriHostNameType.Unknown) faults.Add(Fault.Invalid($"{at}[{i}]", $"`{at}[{i}]` must be a domain such as `bank-online.example` or a host name, without scheme, port and path."));
                    break;
                case "accept_terms":
                    terms = YesOrNo(property.Value, at, faults);
                    break;
                case "trust_device":
                    trust = YesOrNo(property.Value, at, faults);
                    break;
                default:
                    faults.Add(Fault.Invalid(at, $"`{at}` is not known; there are {string.Join(", ", Urls)}, selectors, fields, refusal_words, signed_in_words, steps, preferred_mfa, domains, accept_terms and trust_device."));
                    break;
            }
        }

        return new SourceOverrides(urls.GetValueOrDefault("start_url"), urls.GetValueOrDefault("login_url"), urls.GetValueOrDefault("check_url"), selectors, fields, words, signedIn, steps, mfa, domains, terms, trust);
    }

    /// <summary>Overrides as they were stored.</summary>
    public static SourceOverrides? Of(string? stored) => stored is null ? null : Read(Json.Parse(stored), "overrides", []);

    /// <summary>The addresses in it, by field.</summary>
    public IEnumerable<(string Field, Uri Url)> Addresses => Urls.Zip((Uri?[])[StartUrl, LoginUrl, CheckUrl]).Where(pair => pair.Second is not null).Select(pair => (pair.First, pair.Second!));

    private static bool? YesOrNo(JsonElement value, string at, List<Fault> faults)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        faults.Add(Fault.Invalid(at, $"`{at}` must be true or false."));
        return null;
    }

    private static Uri? Address(JsonElement value, string at, List<Fault> faults)
    {
        if (RequestBinder.TryReadText(value, at, SourceRoutes.LongestUrl, faults) is not { } text) return null;
        if (Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0 && url.UserInfo.Length == 0) return url;
        faults.Add(new Fault("source", "source_invalid", $"`{at}` must be an absolute http or https URL without user name and password.", at));
        return null;
    }

    private static Dictionary<string, string> Map(JsonElement value, string at, Predicate<string> isName, string rule, int most, List<Fault> faults)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (value.ValueKind != JsonValueKind.Object)
        {
            faults.Add(Fault.Invalid(at, $"`{at}` must be a JSON object of CSS selectors."));
            return map;
        }

        foreach (var property in value.EnumerateObject())
        {
            var name = $"{at}.{Shown(property.Name)}";
            if (!isName(property.Name)) faults.Add(Fault.Invalid(name, $"`{name}` is not known. {rule}"));
            else if (RequestBinder.TryReadText(property.Value, name, LongestSelector, faults) is not { } selector) continue;
            else if (string.IsNullOrWhiteSpace(selector)) faults.Add(Fault.Invalid(name, $"`{name}` must not be empty."));
            else if (!IsSelector(selector)) faults.Add(Fault.Invalid(name, $"`{name}` must be a CSS selector; a bracket or a quote in it is not closed, or a character stands where none may."));
            else map[property.Name] = selector;
        }

        if (map.Count > most) faults.Add(Fault.Invalid(at, $"`{at}` takes at most {most} fields."));
        return map;
    }

    private static List<string> List(JsonElement value, string at, IReadOnlyList<string>? known, List<Fault> faults)
    {
        var list = new List<string>();
        if (value.ValueKind != JsonValueKind.Array)
        {
            faults.Add(Fault.Invalid(at, $"`{at}` must be a list of strings."));
            return list;
        }

        if (value.GetArrayLength() > MostWords)
        {
            faults.Add(Fault.Invalid(at, $"`{at}` takes at most {MostWords} texts."));
            return list;
        }

        var number = 0;
        foreach (var item in value.EnumerateArray())
        {
            var name = $"{at}[{number++}]";
            if (RequestBinder.TryReadText(item, name, LongestWord, faults) is not { } text) continue;
            if (known is not null && (!known.Contains(text) || list.Contains(text))) faults.Add(Fault.Invalid(name, $"`{name}` must be one of: {string.Join(", ", known)}; each once."));
            else if (string.IsNullOrWhiteSpace(text)) faults.Add(Fault.Invalid(name, $"`{name}` must not be empty."));
            else list.Add(text);
        }

        return list;
    }

    /// <summary>Catches what is plainly no selector; one that a browser does not understand for another reason fits nothing, which the notes of a sign-in say.</summary>
    private static bool IsSelector(string text)
    {
        var open = new Stack<char>();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\') i++;
            else if (c is '"' or '\'')
            {
                for (i++; i < text.Length && text[i] != c; i++)
                    if (text[i] == '\\') i++;
                if (i >= text.Length) return false;
            }
            else if (c is '(' or '[') open.Push(c);
            else if (c is ')' or ']')
            {
                if (!open.TryPop(out var opened) || (opened == '(') != (c == ')')) return false;
            }
            else if (c is '{' or '}' or ';' or '@' or '<' || char.IsControl(c)) return false;
        }

        return open.Count == 0 && text.TrimEnd()[^1] is not (',' or '>' or '+' or '~') && text.TrimStart()[0] is not (',' or '/');
    }

    // A name is the client's text and ends up in a message: keep it short and plain.
    private static string Shown(string name) => name.Length <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? name : "…";

    // A bare ending such as "com" is everybody's.
    [GeneratedRegex("^(localhost|([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Domain();

    [GeneratedRegex("^[a-z][a-z0-9_]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex FieldName();
}
