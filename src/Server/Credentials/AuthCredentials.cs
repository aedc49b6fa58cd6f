using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.Server.Http;
using Ostiary.Vault;

namespace Ostiary.Server.Credentials;

/// <summary><c>auth_credentials</c> for the reference; <see cref="AuthCredentials"/> reads it, each secret from the body's bytes.</summary>
internal sealed record AuthCredentialsForm
{
    [Longest(AuthCredentials.LongestValue), Says("The user name; needed by `username_password` and `google_sso`.", Example = "ada@example.com")] public string? Username { get; init; }
    [Longest(AuthCredentials.LongestValue), Says("The password; empty when the website asks for none.", Example = "correct horse battery staple")] public Secret? Password { get; init; }
    [Longest(AuthCredentials.LongestValue), Says("Base32 or an otpauth URI: MFA codes are then answered without asking anybody.")] public Secret? TotpSecret { get; init; }
    [JsonObjectField, Says("Further values that the login asks for, at most 10: a text, or `{value, secret: true}` for one that is never shown again.")] public JsonElement? SourceFields { get; init; }
}

/// <summary>
/// <c>auth_credentials</c> as a client sent it. Secrets go from the body's bytes into <see cref="Secret"/>s; disposing wipes them.
/// </summary>
internal sealed partial class AuthCredentials : IDisposable
{
    private const string Field = "auth_credentials";
    private const int MostSourceFields = 10;
    /// <summary>Longest value in characters.</summary>
    public const int LongestValue = 1_000;

    /// <summary>True for slots that were given; a null value removes what was there.</summary>
    public Dictionary<string, Secret?> Secrets { get; } = new(StringComparer.Ordinal);

    public Given<string> Username { get; private set; }

    /// <summary>Readable source fields by key, or null when <c>source_fields</c> was not given. Giving it replaces all source fields, secret ones too.</summary>
    public Dictionary<string, string>? SourceFields { get; private set; }

    /// <summary>Keys of the source fields that were given, readable and secret ones.</summary>
    public IReadOnlyCollection<string> FieldNames => [.. SourceFields?.Keys ?? Enumerable.Empty<string>(), .. Secrets.Where(s => s.Value is not null && s.Key.StartsWith(SecretFieldSlot(""), StringComparison.Ordinal)).Select(s => s.Key[SecretFieldSlot("").Length..])];

    /// <summary>The slot of a secret source field.</summary>
    public static string SecretFieldSlot(string key) => "source_field:" + key;

    /// <summary>Reads and checks; every fault is reported. <paramref name="complete"/>: nothing is stored yet, so what the method needs must be here.</summary>
    public static AuthCredentials Read(JsonElement? json, string method, bool complete, List<Fault> faults)
    {
        var read = new AuthCredentials();
        var element = json is { ValueKind: JsonValueKind.Object } found ? found : (JsonElement?)null;
        if (method == AuthMethods.None)
        {
            if (element is { } given)
            {
                foreach (var property in given.EnumerateObject())
                    faults.Add(Fault.Invalid($"{Field}.{Shown(property.Name)}", $"`auth_method` is `none`, which takes no values; choose `username_password` to store them."));
            }

            return read;
        }

        read.ReadValues(element, faults);
        if (!complete) return read;
        if (!read.Username.IsGiven && !Has(element, "username")) faults.Add(Fault.Missing($"{Field}.username"));
        if (!Has(element, "password")) faults.Add(Fault.Missing($"{Field}.password"));
        return read;
    }

    public void Dispose()
    {
        foreach (var secret in Secrets.Values) secret?.Dispose();
    }

    private void ReadValues(JsonElement? element, List<Fault> faults)
    {
        if (element is not { } json) return;
        if (json.TryGetProperty("username", out var username))
        {
            var text = RequestBinder.TryReadText(username, $"{Field}.username", LongestValue, faults);
            if (text is { Length: 0 }) faults.Add(Fault.Invalid($"{Field}.username", $"`{Field}.username` must not be empty."));
            else if (text is not null) Username = new Given<string>(true, text);
        }

        if (json.TryGetProperty("password", out var password) && RequestBinder.TryReadSecret(password, $"{Field}.password", LongestValue, faults) is { } secret)
        {
            // An empty password means that the source asks for none (an identifier and a mailed code).
            var isEmpty = secret.Length == 0;
            if (isEmpty) secret.Dispose();
            Secrets["password"] = isEmpty ? null : secret;
        }

        if (json.TryGetProperty("totp_secret", out var totp))
        {
            if (totp.ValueKind == JsonValueKind.Null) Secrets["totp_secret"] = null;
            else if (RequestBinder.TryReadSecret(totp, $"{Field}.totp_secret", LongestValue, faults) is { } seed)
            {
                Secrets["totp_secret"] = seed;
                if (!Totp.TryParse(seed, out var parsed)) faults.Add(Fault.Invalid($"{Field}.totp_secret", $"`{Field}.totp_secret` must be base32 (RFC 4648) or an otpauth://totp/ URI with a period of 1 to 300 seconds and 6 to 8 digits."));
                parsed?.Dispose();
            }
        }

        if (json.TryGetProperty("source_fields", out var fields)) ReadSourceFields(fields, faults);
    }

    private void ReadSourceFields(JsonElement fields, List<Fault> faults)
    {
        const string name = Field + ".source_fields";
        if (fields.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
        {
            faults.Add(Fault.Invalid(name, $"`{name}` must be a JSON object."));
            return;
        }

        SourceFields = new Dictionary<string, string>(StringComparer.Ordinal);
        if (fields.ValueKind == JsonValueKind.Null) return;
        var count = 0;
        foreach (var property in fields.EnumerateObject())
        {
            var path = $"{name}.{Shown(property.Name)}";
            if (++count == MostSourceFields + 1) faults.Add(Fault.Invalid(name, $"`{name}` takes at most {MostSourceFields} fields."));
            if (!KeyPattern().IsMatch(property.Name) || property.Name is "username" or "password" or "totp_secret")
            {
                faults.Add(Fault.Invalid(path, $"A source field's key must match ^[a-z][a-z0-9_]{{0,63}}$ and not be username, password or totp_secret."));
                continue;
            }

            if (property.Value.ValueKind == JsonValueKind.Object) ReadLongForm(property.Name, property.Value, path, faults);
            else if (RequestBinder.TryReadText(property.Value, path, LongestValue, faults) is { } text) SourceFields[property.Name] = text;
        }
    }

    // {"value": "…", "secret": true}
    private void ReadLongForm(string key, JsonElement form, string path, List<Fault> faults)
    {
        var isSecret = form.TryGetProperty("secret", out var flag) && flag.ValueKind == JsonValueKind.True;
        if (flag.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.True or JsonValueKind.False)) faults.Add(Fault.Invalid($"{path}.secret", $"`{path}.secret` must be true or false."));
        if (!form.TryGetProperty("value", out var value)) faults.Add(Fault.Missing($"{path}.value"));
        else if (!isSecret)
        {
            if (RequestBinder.TryReadText(value, $"{path}.value", LongestValue, faults) is { } text) SourceFields![key] = text;
        }
        else if (RequestBinder.TryReadSecret(value, $"{path}.value", LongestValue, faults) is { } secret) Secrets[SecretFieldSlot(key)] = secret;
    }

    private static bool Has(JsonElement? element, string name) => element is { } json && json.TryGetProperty(name, out _);

    // A key is the client's text and ends up in a message: keep it short and plain.
    private static string Shown(string key) => key.Length <= 64 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? key : "…";

    [GeneratedRegex("^[a-z][a-z0-9_]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex KeyPattern();
}
