using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Ostiary.Egress;
using Ostiary.Server.Data;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Work;
using Ostiary.Vault;

namespace Ostiary.Server.Deliveries;

/// <summary>Event destinations: where events are sent.</summary>
internal static class DestinationRoutes
{
    private const int MostHeaders = 20;

    public static IServiceCollection AddDeliveries(this IServiceCollection services, bool isWorker)
    {
        services
            .AddSingleton<GuardedHttp>()
            .AddSingleton<EventSender>()
            .AddSingleton<IDestinationSender, WebhookSender>()
            .AddSingleton<IDestinationSender, AwsSender>()
            .AddSingleton<IDestinationSender, PubSubSender>()
            .AddSingleton<IDestinationSender, ServiceBusSender>()
            .AddSingleton<IDestinationSender, HookdeckSender>()
            .AddSingleton<IDestinationSender, RabbitMqSender>();
        return isWorker ? services.AddHostedService<DeliveryPump>() : services;
    }

    public static void MapEventDestinations(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Event destinations", "An event destination is where events are sent: signed webhooks, queues, streams and buckets; at least once, each destination on its own.");
        routes.MapPost("/event-destinations", CreateAsync).Describe("Create an event destination", "A signing secret that the server makes is shown in this answer and never again.").Takes<CreateRequest>().Gives<DestinationObject>(201)
            .Sends<EventObject>("event", "A webhook as your server receives it, signed by Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.");
        routes.MapGet("/event-destinations", ListAsync).Describe("List event destinations").Pages<EventDestinationId, DestinationObject>();
        routes.MapGet("/event-destinations/{id}", GetAsync).Describe("Get an event destination").At<EventDestinationId>().Gives<DestinationObject>();
        routes.MapPatch("/event-destinations/{id}", UpdateAsync).Describe("Update an event destination", "Set `active` again, it delivers what it missed.").At<EventDestinationId>().Takes<UpdateRequest>().Gives<DestinationObject>();
        routes.MapDelete("/event-destinations/{id}", DeleteAsync).Describe("Delete an event destination").At<EventDestinationId>().Deletes();
        routes.MapGet("/event-destinations/{id}/event-deliveries", ListDeliveriesAsync).Describe("List an event destination's deliveries").At<EventDestinationId>().Pages<EventDeliveryId, DeliveryObject>()
            .FilterWords("status", DeliveryStatuses.All, "Only in these statuses.").FilterWords("type", EventTypes.All, "Only of events of these types.");
        routes.MapPost("/event-destinations/{id}/test", TestDestination.HandleAsync)
            .Describe("Test an event destination", "Sends an event that tells of nothing, now and once, and answers with what came of it. It is in no list and is not tried again.").At<EventDestinationId>().Gives<DeliveryObject>();
        routes.MapPost("/event-destinations/{id}/rotate-secret", RotateSecret.HandleAsync)
            .Describe("Rotate an event destination's secret", "The new secret of a webhook is shown in this answer and never again. The old one signs beside it for 24 hours.").At<EventDestinationId>().Takes<RotateSecret.Request>().Gives<DestinationObject>().Fails("state_conflict");
        routes.MapPost("/event-destinations/{id}/replay", ReplayEvents.HandleAsync)
            .Describe("Replay events to an event destination", "Delivers what happened in a span of time again, as far as events are kept, with the same `webhook-id`. Events of one object keep their order.").At<EventDestinationId>().Takes<ReplayEvents.Request>().Gives<ReplayObject>().Fails("state_conflict");
    }

    /// <summary>Deletes deliveries past their time; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(System.Data.IDbConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM event_deliveries WHERE created_at < @before", new { before }, cancellationToken: cancellationToken));

    internal sealed record WebhookRequest
    {
        [Longest(2_000), Says("Where to post events to: absolute, http or https.", Example = "https://example.com/hooks/ostiary")] public string? Url { get; init; }
        [Longest(10_000), Says("A string that holds a JSON object of further request headers.")] public string? CustomHeaders { get; init; }
        [Says("`whsec_` and 24 to 64 bytes in base64; made by the server when absent.")] public Secret? Secret { get; init; }
    }

    internal sealed record CreateRequest
    {
        [RequiredField, Says("What you call it.", Example = "Production")] public string? Name { get; init; }
        [OneOf("webhook", "rabbitmq", "aws_sqs", "aws_kinesis", "aws_s3", "aws_eventbridge", "gcp_pubsub", "azure_servicebus", "hookdeck"), Says("Default `webhook`. The settings stand in the field of this name.", Example = "webhook")] public string? Type { get; init; }
        [Says("Event types, or `*` alone for all, which is the default.", Example = """["*"]""")] public IReadOnlyList<string>? Events { get; init; }
        [Says("Settings of a webhook.", Example = """{"url":"https://example.com/hooks/ostiary"}""")] public WebhookRequest? Webhook { get; init; }
        [JsonObjectField, Says("Settings of `rabbitmq`: `server_url` (host:port), `username`, `password`; `exchange`, `routing_key`, `tls` (default true).")] public JsonElement? Rabbitmq { get; init; }
        [JsonObjectField, Says("Settings of `aws_sqs`: `queue_url`, `key`, `secret`; `session`, `region`, `endpoint`.")] public JsonElement? AwsSqs { get; init; }
        [JsonObjectField, Says("Settings of `aws_kinesis`: `stream_name`, `region`, `key`, `secret`; `session`, `endpoint`.")] public JsonElement? AwsKinesis { get; init; }
        [JsonObjectField, Says("Settings of `aws_eventbridge`: `region`, `key`, `secret`; `event_bus_name`, `session`, `endpoint`.")] public JsonElement? AwsEventbridge { get; init; }
        [JsonObjectField, Says("Settings of `aws_s3`: `bucket`, `region`, `key`, `secret`; `key_prefix`, `storage_class`, `session`, `endpoint`.")] public JsonElement? AwsS3 { get; init; }
        [JsonObjectField, Says("Settings of `gcp_pubsub`: `project_id`, `topic`, `service_account_json`; `endpoint`.")] public JsonElement? GcpPubsub { get; init; }
        [JsonObjectField, Says("Settings of `azure_servicebus`: `name` (of a queue or topic), `connection_string`.")] public JsonElement? AzureServicebus { get; init; }
        [JsonObjectField, Says("Settings of `hookdeck`: `token`; `endpoint`.")] public JsonElement? Hookdeck { get; init; }

        /// <summary>The older form: settings here, secrets in <see cref="Credentials"/>.</summary>
        [JsonObjectField, Says("The older form: settings here, secrets in `credentials`.")] public JsonElement? Config { get; init; }
        [JsonObjectField, Says("The older form: secrets here, settings in `config`.")] public JsonElement? Credentials { get; init; }
    }

    internal sealed record UpdateRequest
    {
        [NotNullField] public Given<string> Name { get; init; }
        [NotNullField, OneOf(DestinationStatuses.Active, DestinationStatuses.Inactive)] public Given<string> Status { get; init; }
        public IReadOnlyList<string>? Events { get; init; }
        public WebhookRequest? Webhook { get; init; }
        [JsonObjectField, Says("Settings of `rabbitmq`: `server_url` (host:port), `username`, `password`; `exchange`, `routing_key`, `tls` (default true).")] public JsonElement? Rabbitmq { get; init; }
        [JsonObjectField, Says("Settings of `aws_sqs`: `queue_url`, `key`, `secret`; `session`, `region`, `endpoint`.")] public JsonElement? AwsSqs { get; init; }
        [JsonObjectField, Says("Settings of `aws_kinesis`: `stream_name`, `region`, `key`, `secret`; `session`, `endpoint`.")] public JsonElement? AwsKinesis { get; init; }
        [JsonObjectField, Says("Settings of `aws_eventbridge`: `region`, `key`, `secret`; `event_bus_name`, `session`, `endpoint`.")] public JsonElement? AwsEventbridge { get; init; }
        [JsonObjectField, Says("Settings of `aws_s3`: `bucket`, `region`, `key`, `secret`; `key_prefix`, `storage_class`, `session`, `endpoint`.")] public JsonElement? AwsS3 { get; init; }
        [JsonObjectField, Says("Settings of `gcp_pubsub`: `project_id`, `topic`, `service_account_json`; `endpoint`.")] public JsonElement? GcpPubsub { get; init; }
        [JsonObjectField, Says("Settings of `azure_servicebus`: `name` (of a queue or topic), `connection_string`.")] public JsonElement? AzureServicebus { get; init; }
        [JsonObjectField, Says("Settings of `hookdeck`: `token`; `endpoint`.")] public JsonElement? Hookdeck { get; init; }

        /// <summary>The older form: settings here, secrets in <see cref="Credentials"/>.</summary>
        [JsonObjectField, Says("The older form: settings here, secrets in `credentials`.")] public JsonElement? Config { get; init; }
        [JsonObjectField, Says("The older form: secrets here, settings in `config`.")] public JsonElement? Credentials { get; init; }
    }

    private static async Task<Reply> CreateAsync(ApiCall call, Db db, SecretVault vault, EgressGuard egress, IdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<CreateRequest>(faults);
        // An unknown type is told by itself: what it would need is not known either.
        var type = request.Type ?? (faults.Exists(f => f.Field == "type") ? null : DestinationTypes.Webhook);
        using var form = await WebhookForm.ReadAsync(type == DestinationTypes.Webhook, request.Webhook, request.Config, request.Credentials, required: !call.IsUnreadable, egress, faults, cancellationToken);
        using var credentials = new DestinationCredentials();
        var settings = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (type is not null and not DestinationTypes.Webhook && call.TryParseBody([]) is { } body) await DestinationTypes.ReadAsync(type, body, complete: true, settings, credentials, egress, faults, cancellationToken);
        CheckEvents(request.Events, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        // What happened before the destination existed is not for it.
        var position = await EventLog.HorizonAsync(db, call.Organization, cancellationToken);
        var now = time.GetUtcNow();
        var row = new DestinationRow
        {
            Id = ids.New<EventDestinationId>().Value, OrganizationId = call.Organization.Value, Name = request.Name!, Type = type!, Events = [.. request.Events ?? ["*"]], Url = form.Url ?? "", Settings = Json.Write(settings), CredentialNames = [.. credentials.Names], HeaderNames = form.HeaderNames, Position = position, CreatedAt = now, UpdatedAt = now,
        };
        var generated = type == DestinationTypes.Webhook && form.Secret is null ? WebhookSecrets.Generate() : null;
        if (type == DestinationTypes.Webhook) row = row with { Secret = await WebhookSecrets.SealAsync(vault, row, form.Secret, generated, cancellationToken), Headers = await form.SealHeadersAsync(vault, row, cancellationToken) };
        else row = row with { Credentials = await credentials.SealAsync(vault, row, cancellationToken) };
        await using var scope = await call.BeginAsync(cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO event_destinations (id, organization_id, name, type, status, events, url, secret, headers, header_names, settings, credentials, credential_names, position, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @Name, @Type, @Status, @Events, @Url, @Secret, @Headers, @HeaderNames, @Settings::json, @Credentials, @CredentialNames, @Position, @CreatedAt, @UpdatedAt)
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        return await call.CommitAsync(scope, Reply.Created(row.ToObject(generated)), cancellationToken);
    }

    private static async Task<Reply> ListAsync(ApiCall call, Db db, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<EventDestinationId>(call.Query, faults);
        if (faults.Count > 0) return Reply.Rejected(faults);
        return Reply.Ok(await new ListQuery(DestinationRow.Columns, "event_destinations", call.Organization).ReadAsync<DestinationRow, DestinationObject>(db, page, row => row.ToObject(), cancellationToken));
    }

    private static async Task<Reply> GetAsync(string id, ApiCall call, Db db, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return Reply.NotFound<EventDestinationId>(id);
        await using var connection = await db.OpenAsync(cancellationToken);
        return await DestinationRow.FindAsync(connection, null, call.Organization, destinationId, forUpdate: false, cancellationToken) is { } row ? Reply.Ok(row.ToObject()) : Reply.NotFound<EventDestinationId>(id);
    }

    private static async Task<Reply> UpdateAsync(string id, ApiCall call, SecretVault vault, EgressGuard egress, WakeUps wakeUps, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<UpdateRequest>(faults);
        CheckEvents(request.Events, faults);
        if (request.Name is { IsGiven: true, Value: "" }) faults.Add(Fault.Invalid("name", "`name` must not be empty."));
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return faults.Count > 0 ? Reply.Rejected(faults) : Reply.NotFound<EventDestinationId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await DestinationRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, destinationId, forUpdate: true, cancellationToken) is not { } row)
            return faults.Count > 0 ? Reply.Rejected(faults) : Reply.NotFound<EventDestinationId>(id);
        var isWebhook = row.Type == DestinationTypes.Webhook;
        using var form = await WebhookForm.ReadAsync(isWebhook, request.Webhook, request.Config, request.Credentials, required: false, egress, faults, cancellationToken);
        if (isWebhook)
        {
            if (faults.Count > 0) return Reply.Rejected(faults);
        }
        else
        {
            using var credentials = await DestinationCredentials.OpenAsync(vault, row, cancellationToken);
            var settings = Json.Read<Dictionary<string, JsonElement>>(row.Settings);
            if (call.TryParseBody([]) is { } body) await DestinationTypes.ReadAsync(row.Type, body, complete: false, settings, credentials, egress, faults, cancellationToken);
            if (faults.Count > 0) return Reply.Rejected(faults);
            row = row with { Settings = Json.Write(settings), Credentials = await credentials.SealAsync(vault, row, cancellationToken), CredentialNames = [.. credentials.Names] };
        }

        var wasActive = row.Status == DestinationStatuses.Active;
        row = row with
        {
            Name = request.Name.Or(row.Name)!,
            Status = request.Status.Or(row.Status)!,
            Events = request.Events is { } events ? [.. events] : row.Events,
            Url = form.Url ?? row.Url,
            UpdatedAt = time.GetUtcNow(),
        };
        if (form.Secret is not null) row = row with { Secret = await WebhookSecrets.SealAsync(vault, row, form.Secret, null, cancellationToken), PreviousSecret = null, PreviousSecretUntil = null };
        if (form.HasHeaders) row = row with { Headers = await form.SealHeadersAsync(vault, row, cancellationToken), HeaderNames = form.HeaderNames };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE event_destinations SET name = @Name, status = @Status, events = @Events, url = @Url, secret = @Secret, previous_secret = @PreviousSecret, previous_secret_until = @PreviousSecretUntil,
                headers = @Headers, header_names = @HeaderNames, settings = @Settings::json, credentials = @Credentials, credential_names = @CredentialNames, updated_at = @UpdatedAt
            WHERE id = @Id
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        if (!wasActive && row.Status == DestinationStatuses.Active)
        {
            // What it missed is due now, with all its attempts.
            await scope.Connection.ExecuteAsync(new CommandDefinition(
                "UPDATE event_deliveries SET status = 'pending', attempts = 0, next_attempt_at = @now WHERE destination_id = @Id AND status IN ('pending', 'failure')", new { row.Id, now = row.UpdatedAt }, scope.Transaction, cancellationToken: cancellationToken));
        }

        scope.AfterCommit(() => wakeUps.Signal(WakeUps.Deliveries, call.Organization.Value));
        return await call.CommitAsync(scope, Reply.Ok(row.ToObject()), cancellationToken);
    }

    private static async Task<Reply> DeleteAsync(string id, ApiCall call, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return Reply.NotFound<EventDestinationId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        var gone = await scope.Connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM event_destinations WHERE organization_id = @organization AND id = @id", new { organization = call.Organization.Value, id = destinationId.Value }, scope.Transaction, cancellationToken: cancellationToken));
        return gone == 0 ? Reply.NotFound<EventDestinationId>(id) : await call.CommitAsync(scope, Reply.Deleted(destinationId), cancellationToken);
    }

    private static async Task<Reply> ListDeliveriesAsync(string id, ApiCall call, Db db, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var page = PageRequest.Read<EventDeliveryId>(call.Query, faults);
        var statuses = Filters.Words(call.Query, "status", DeliveryStatuses.All, faults);
        var types = Filters.Words(call.Query, "type", [.. EventTypes.All], faults);
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return Reply.NotFound<EventDestinationId>(id);
        if (faults.Count > 0) return Reply.Rejected(faults);
        await using (var connection = await db.OpenAsync(cancellationToken))
        {
            if (await DestinationRow.FindAsync(connection, null, call.Organization, destinationId, forUpdate: false, cancellationToken) is null) return Reply.NotFound<EventDestinationId>(id);
        }

        var list = new ListQuery(DeliveryRow.Columns, "event_deliveries", call.Organization).Where("destination_id = @destination", "destination", destinationId.Value);
        if (statuses is not null) list.Where("status = ANY(@statuses)", "statuses", statuses);
        if (types is not null) list.Where("event_type = ANY(@types)", "types", types);
        return Reply.Ok(await list.ReadAsync<DeliveryRow, DeliveryObject>(db, page, row => row.ToObject(), cancellationToken));
    }

    internal static void CheckEvents(IReadOnlyList<string>? events, List<Fault> faults)
    {
        if (events is null or ["*"]) return;
        if (events.Count == 0) faults.Add(Fault.Invalid("events", "`events` must name at least one event type, or be [\"*\"]."));
        if (events.Contains("*", StringComparer.Ordinal)) faults.Add(Fault.Invalid("events", "`*` stands alone in `events`."));
        foreach (var unknown in events.Where(e => e != "*" && !EventTypes.IsKnown(e)).Take(10)) faults.Add(Fault.Invalid("events", $"`{(unknown.Length <= 64 ? unknown : "…")}` is not an event type; see GET /v2/event-types."));
    }

    /// <summary>The settings of a webhook as sent, in either form; disposing wipes its secrets.</summary>
    private sealed class WebhookForm : IDisposable
    {
        private byte[]? _headers;

        public string? Url { get; private set; }

        public Secret? Secret { get; private set; }

        public bool HasHeaders { get; private set; }

        public string[] HeaderNames { get; private set; } = [];

        public static async Task<WebhookForm> ReadAsync(
            bool isWebhook, WebhookRequest? webhook, JsonElement? config, JsonElement? credentials, bool required, EgressGuard egress, List<Fault> faults, CancellationToken cancellationToken)
        {
            var form = new WebhookForm();
            if (!isWebhook)
            {
                webhook?.Secret?.Dispose();
                return form;
            }

            var older = Older(config, "config", faults);
            var withSecret = Older(credentials, "credentials", faults);
            var (given, field) = webhook is not null || older is null ? (webhook, "webhook") : (older, "config");
            form.Secret = given?.Secret ?? withSecret?.Secret;
            var secretField = given?.Secret is null && withSecret is not null ? "credentials" : field;
            if (required && given?.Url is null && !faults.Exists(f => f.Field == $"{field}.url" || f.Field == field)) faults.Add(Fault.Missing($"{field}.url"));
            if (given?.Url is { } text) form.Url = await ReadUrlAsync(text, $"{field}.url", egress, faults, cancellationToken);
            if ((given?.CustomHeaders ?? withSecret?.CustomHeaders) is { } headers) form.ReadHeaders(headers, $"{field}.custom_headers", faults);
            if (form.Secret is { } secret && !WebhookSecrets.IsStandard(secret)) faults.Add(Fault.Invalid($"{secretField}.secret", WebhookSecrets.Expected($"{secretField}.secret")));
            return form;
        }

        private static WebhookRequest? Older(JsonElement? element, string field, List<Fault> faults) =>
            element is { ValueKind: JsonValueKind.Object } found ? (WebhookRequest)RequestBinder.Read(typeof(WebhookRequest), found, field, faults) : null;

        public async Task<byte[]?> SealHeadersAsync(SecretVault vault, DestinationRow row, CancellationToken cancellationToken) =>
            _headers is { } headers ? await vault.SealEnvelopeAsync(row.HeadersContext, headers, cancellationToken) : null;

        public void Dispose()
        {
            Secret?.Dispose();
            if (_headers is { } headers) CryptographicOperations.ZeroMemory(headers);
        }

        private static async Task<string?> ReadUrlAsync(string text, string field, EgressGuard egress, List<Fault> faults, CancellationToken cancellationToken)
        {
            if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
                faults.Add(Fault.Invalid(field, $"`{field}` must be an absolute http or https URL without user name and password."));
            else if (await egress.CheckAsync(url, cancellationToken) is EgressDecision.Refused refused)
                faults.Add(Fault.Invalid(field, $"`{field}` may not be reached from here: {refused.Reason}"));
            else return url.AbsoluteUri;
            return null;
        }

        private void ReadHeaders(string text, string field, List<Fault> faults)
        {
            Dictionary<string, string>? headers = null;
            try
            {
                headers = JsonSerializer.Deserialize<Dictionary<string, string>>(text);
            }
            catch (JsonException)
            {
                // Told below, without repeating the text: it may hold a secret.
            }

            if (headers is null || headers.Count > MostHeaders || headers.Any(h => h.Value is null || !IsHeader(h.Key, h.Value)))
            {
                faults.Add(Fault.Invalid(field, $"`{field}` must be a string that holds a JSON object of at most {MostHeaders} header names and values; `webhook-…`, `host`, `content-…`, `connection` and `transfer-encoding` cannot be set."));
                return;
            }

            HasHeaders = true;
            HeaderNames = [.. headers.Keys];
            _headers = headers.Count == 0 ? null : JsonSerializer.SerializeToUtf8Bytes(headers);
        }

        // RFC 9110, sections 5.1 and 5.5.
        private static bool IsHeader(string name, string value) =>
            name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
            && value.Length <= 4_000 && value.All(c => c is >= ' ' and <= '~')
            && !name.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("content-", StringComparison.OrdinalIgnoreCase)
            && name.ToLowerInvariant() is not ("host" or "connection" or "transfer-encoding" or "upgrade" or "te" or "expect" or "trailer");
    }
}
