using System.Text.Json;
using System.Text.RegularExpressions;
using Ostiary.Egress;
using Ostiary.Server.Http;

namespace Ostiary.Server.Deliveries;

/// <summary>One setting of a type of destination.</summary>
/// <param name="Kind">Text, an address that the guard must let through, yes or no, or a secret that is sealed and never shown.</param>
/// <param name="Fits">Whether the value can be used; null = anything.</param>
/// <param name="Form">What it must be, in the words of a fault's message.</param>
internal sealed record DestinationField(string Name, DestinationFieldKind Kind, bool Required = false, Func<string, bool>? Fits = null, string? Form = null, int Longest = 2_000, bool InCredentials = false);

internal enum DestinationFieldKind
{
    Text,
    Url,
    Flag,
    Secret,
}

/// <summary>The types of destinations other than webhooks, and what each needs. Clients send the fields in an object named like the type, or, in the older form, in <c>config</c> and <c>credentials</c>.</summary>
internal static partial class DestinationTypes
{
    public const string Webhook = "webhook";
    public const string Withheld = "•••";
    private static readonly DestinationField Endpoint = new("endpoint", DestinationFieldKind.Url);
    private static readonly DestinationField Region = new("region", DestinationFieldKind.Text, Required: true, RegionForm().IsMatch, "a region such as eu-central-1");
    private static readonly DestinationField[] AwsCredentials =
    [
        new("key", DestinationFieldKind.Secret, Required: true, InCredentials: true),
        new("secret", DestinationFieldKind.Secret, Required: true, InCredentials: true),
        new("session", DestinationFieldKind.Secret, InCredentials: true),
    ];

    private static readonly Dictionary<string, DestinationField[]> Fields = new(StringComparer.Ordinal)
    {
        ["rabbitmq"] =
        [
            new("server_url", DestinationFieldKind.Text, Required: true, IsHostAndPort, "host:port, such as mq.example:5671"),
            new("exchange", DestinationFieldKind.Text, Fits: text => text.Length <= 127, Form: "at most 127 characters long"),
            new("routing_key", DestinationFieldKind.Text, Fits: text => text.Length <= 127, Form: "at most 127 characters long"),
            new("tls", DestinationFieldKind.Flag),
            new("username", DestinationFieldKind.Text, Required: true, InCredentials: true),
            new("password", DestinationFieldKind.Secret, Required: true, InCredentials: true),
        ],
        ["aws_sqs"] = [new("queue_url", DestinationFieldKind.Url, Required: true), Region with { Required = false }, Endpoint, .. AwsCredentials],
        ["aws_kinesis"] = [new("stream_name", DestinationFieldKind.Text, Required: true, StreamForm().IsMatch, "1 to 128 letters, digits, `_`, `.` or `-`"), Region, Endpoint, .. AwsCredentials],
        ["aws_s3"] =
        [
            new("bucket", DestinationFieldKind.Text, Required: true, BucketForm().IsMatch, "the name of a bucket"), Region,
            new("key_prefix", DestinationFieldKind.Text, Fits: PrefixForm().IsMatch, Form: "letters, digits and `/_.-`, at most 500"),
            new("storage_class", DestinationFieldKind.Text, Fits: ClassForm().IsMatch, Form: "a storage class such as STANDARD"), Endpoint, .. AwsCredentials,
        ],
        ["aws_eventbridge"] = [new("event_bus_name", DestinationFieldKind.Text, Fits: BusForm().IsMatch, Form: "the name or ARN of an event bus"), Region, Endpoint, .. AwsCredentials],
        ["gcp_pubsub"] =
        [
            new("project_id", DestinationFieldKind.Text, Required: true, ProjectForm().IsMatch, "the id of a project"),
            new("topic", DestinationFieldKind.Text, Required: true, TopicForm().IsMatch, "the name of a topic, without its project"), Endpoint,
            new("service_account_json", DestinationFieldKind.Secret, Required: true, PubSubSender.IsServiceAccount, "the JSON key file of a service account", Longest: 10_000, InCredentials: true),
        ],
        ["azure_servicebus"] =
        [
            new("name", DestinationFieldKind.Text, Required: true, EntityForm().IsMatch, "the name of a queue or topic"),
            new("connection_string", DestinationFieldKind.Secret, Required: true, text => ServiceBusSender.Parse(text) is not null, "a connection string with Endpoint, SharedAccessKeyName and SharedAccessKey", InCredentials: true),
        ],
        ["hookdeck"] = [Endpoint, new("token", DestinationFieldKind.Secret, Required: true, text => HookdeckSender.SourceOf(text) is not null, "a token that Hookdeck gave out", InCredentials: true)],
    };

    public static IReadOnlyList<string> All { get; } = [Webhook, .. Fields.Keys];

    /// <summary>
    /// Reads the fields of a type from a request's body onto what is stored: <paramref name="settings"/> and <paramref name="credentials"/> hold the stored values and receive the new ones. Every fault is told.
    /// </summary>
    public static async Task ReadAsync(string type, JsonElement body, bool complete, Dictionary<string, JsonElement> settings, DestinationCredentials credentials, EgressGuard egress, List<Fault> faults, CancellationToken cancellationToken)
    {
        var named = Object(body, type);
        var (config, secrets) = (Object(body, "config"), Object(body, "credentials"));
        var older = named is null && (config is not null || secrets is not null);
        foreach (var field in Fields[type])
        {
            var part = older ? field.InCredentials ? "credentials" : "config" : type;
            var path = $"{part}.{field.Name}";
            var source = older ? field.InCredentials ? secrets : config : named;
            if (source is not { } fields || !fields.TryGetProperty(field.Name, out var element) || element.ValueKind == JsonValueKind.Null)
            {
                if (complete && field.Required) faults.Add(Fault.Missing(path));
                continue;
            }

            if (field.Kind == DestinationFieldKind.Secret)
            {
                if (RequestBinder.TryReadSecret(element, path, field.Longest, faults) is not { } secret) continue;
                if (secret.Length == 0 || (field.Fits is { } fits && !secret.Reveal(value => fits(new string(value.Span)))))
                {
                    faults.Add(Fault.Invalid(path, field.Form is { } form ? $"`{path}` must be {form}." : $"`{path}` must not be empty."));
                    secret.Dispose();
                }
                else credentials.Set(field.Name, secret);
            }
            else if (await ReadSettingAsync(field, element, path, egress, faults, cancellationToken) is { } setting) settings[field.Name] = setting;
        }
    }

    /// <summary>What is shown of a destination: its settings, and that there are secrets.</summary>
    public static JsonElement Show(DestinationRow row) => JsonSerializer.SerializeToElement(
        Fields[row.Type].Where(f => row.CredentialNames.Contains(f.Name) || Json.Parse(row.Settings).TryGetProperty(f.Name, out _))
            .ToDictionary(f => f.Name, f => f.Kind == DestinationFieldKind.Secret ? (object)Withheld : Json.Parse(row.Settings).GetProperty(f.Name), StringComparer.Ordinal),
        Json.Options);

    private static async Task<JsonElement?> ReadSettingAsync(DestinationField field, JsonElement element, string path, EgressGuard egress, List<Fault> faults, CancellationToken cancellationToken)
    {
        if (field.Kind == DestinationFieldKind.Flag)
        {
            // The older form has only strings.
            var flag = element.ValueKind == JsonValueKind.String ? element.GetString() switch { "true" or "on" => true, "false" or "off" or "" => (bool?)false, _ => null } : element.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null };
            if (flag is null) faults.Add(Fault.Invalid(path, $"`{path}` must be true or false."));
            return flag is { } known ? JsonSerializer.SerializeToElement(known) : null;
        }

        if (RequestBinder.TryReadText(element, path, field.Longest, faults) is not { } text) return null;
        if ((text.Length == 0 && field.Required) || (text.Length > 0 && field.Fits is { } fits && !fits(text)))
        {
            faults.Add(text.Length == 0 ? Fault.Missing(path) : Fault.Invalid(path, $"`{path}` must be {field.Form}."));
            return null;
        }

        if (field.Kind != DestinationFieldKind.Url) return JsonSerializer.SerializeToElement(text);
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
            faults.Add(Fault.Invalid(path, $"`{path}` must be an absolute http or https URL without user name and password."));
        else if (await egress.CheckAsync(url, cancellationToken) is EgressDecision.Refused refused)
            faults.Add(Fault.Invalid(path, $"`{path}` may not be reached from here: {refused.Reason}"));
        else return JsonSerializer.SerializeToElement(url.AbsoluteUri);
        return null;
    }

    private static JsonElement? Object(JsonElement body, string name) => body.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object ? found : null;

    private static bool IsHostAndPort(string text) => RabbitMqSender.Parse(text) is not null;

    [GeneratedRegex("^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\\z")]
    private static partial Regex RegionForm();

    [GeneratedRegex("^[a-zA-Z0-9_.-]{1,128}\\z")]
    private static partial Regex StreamForm();

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\\z")]
    private static partial Regex BucketForm();

    [GeneratedRegex("^[A-Za-z0-9/_.-]{0,500}\\z")]
    private static partial Regex PrefixForm();

    [GeneratedRegex("^[A-Z_]{1,40}\\z")]
    private static partial Regex ClassForm();

    [GeneratedRegex("^[A-Za-z0-9/._:-]{1,1600}\\z")]
    private static partial Regex BusForm();

    [GeneratedRegex("^[a-z0-9.:-]{1,100}\\z")]
    private static partial Regex ProjectForm();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_.~+%-]{2,254}\\z")]
    private static partial Regex TopicForm();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._/-]{0,259}\\z")]
    private static partial Regex EntityForm();
}
