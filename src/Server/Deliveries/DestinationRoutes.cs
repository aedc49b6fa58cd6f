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
    private const int GeneratedSecretBytes = 32;
    private static readonly string[] Types = ["webhook", "rabbitmq", "aws_sqs", "aws_kinesis", "aws_s3", "aws_eventbridge", "gcp_pubsub", "azure_servicebus", "hookdeck"];

    public static IServiceCollection AddDeliveries(this IServiceCollection services, bool isWorker)
    {
        services.AddSingleton<WebhookSender>();
        return isWorker ? services.AddHostedService<DeliveryPump>() : services;
    }

    public static void MapEventDestinations(this IEndpointRouteBuilder routes)
    {
        routes = routes.Chapter("Event destinations", "An event destination is where events are sent: signed webhooks, at least once, each destination on its own.");
        routes.MapPost("/event-destinations", CreateAsync).Describe("Create an event destination", "A signing secret that the server makes is shown in this answer and never again.").Takes<CreateRequest>().Gives<DestinationObject>(201)
            .Sends<EventObject>("event", "A webhook as your server receives it, signed by Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.");
        routes.MapGet("/event-destinations", ListAsync).Describe("List event destinations").Pages<EventDestinationId, DestinationObject>();
        routes.MapGet("/event-destinations/{id}", GetAsync).Describe("Get an event destination").At<EventDestinationId>().Gives<DestinationObject>();
        routes.MapPatch("/event-destinations/{id}", UpdateAsync).Describe("Update an event destination", "Set `active` again, it delivers what it missed.").At<EventDestinationId>().Takes<UpdateRequest>().Gives<DestinationObject>();
        routes.MapDelete("/event-destinations/{id}", DeleteAsync).Describe("Delete an event destination").At<EventDestinationId>().Deletes();
        routes.MapGet("/event-destinations/{id}/event-deliveries", ListDeliveriesAsync).Describe("List an event destination's deliveries").At<EventDestinationId>().Pages<EventDeliveryId, DeliveryObject>()
            .FilterWords("status", DeliveryStatuses.All, "Only in these statuses.").FilterWords("type", EventTypes.All, "Only of events of these types.");
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
        [Says("Default `webhook`.", Example = "webhook")] public string? Type { get; init; }
        [Says("Event types, or `*` alone for all, which is the default.", Example = """["*"]""")] public IReadOnlyList<string>? Events { get; init; }
        [Says("Settings of a webhook.", Example = """{"url":"https://example.com/hooks/ostiary"}""")] public WebhookRequest? Webhook { get; init; }

        /// <summary>The older form of <see cref="Webhook"/>: settings here, the secret in <see cref="Credentials"/>.</summary>
        public WebhookRequest? Config { get; init; }
        public WebhookRequest? Credentials { get; init; }
    }

    internal sealed record UpdateRequest
    {
        [NotNullField] public Given<string> Name { get; init; }
        [NotNullField, OneOf(DestinationStatuses.Active, DestinationStatuses.Inactive)] public Given<string> Status { get; init; }
        public IReadOnlyList<string>? Events { get; init; }
        public WebhookRequest? Webhook { get; init; }
        public WebhookRequest? Config { get; init; }
        public WebhookRequest? Credentials { get; init; }
    }

    private static async Task<Reply> CreateAsync(ApiCall call, Db db, SecretVault vault, EgressGuard egress, IdSource ids, TimeProvider time, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var request = call.Read<CreateRequest>(faults);
        using var form = await WebhookForm.ReadAsync(request.Webhook, request.Config, request.Credentials, required: !call.IsUnreadable, egress, faults, cancellationToken);
        CheckEvents(request.Events, faults);
        if (request.Type is { } type && type != "webhook")
        {
            faults.Add(Types.Contains(type, StringComparer.Ordinal)
                ? Fault.Invalid("type", $"Destinations of type `{type}` are not supported by this version; use `webhook`.")
                : Fault.Invalid("type", $"`type` must be one of: {string.Join(", ", Types)}."));
        }

        if (faults.Count > 0) return Reply.Rejected(faults);
        // What happened before the destination existed is not for it.
        var position = await EventLog.HorizonAsync(db, call.Organization, cancellationToken);
        var now = time.GetUtcNow();
        var row = new DestinationRow
        {
            Id = ids.New<EventDestinationId>().Value, OrganizationId = call.Organization.Value, Name = request.Name!, Events = [.. request.Events ?? ["*"]], Url = form.Url!, HeaderNames = form.HeaderNames, Position = position, CreatedAt = now, UpdatedAt = now,
        };
        var generated = form.Secret is null ? WebhookForm.SecretPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(GeneratedSecretBytes)) : null;
        row = row with { Secret = await form.SealSecretAsync(vault, row, generated, cancellationToken), Headers = await form.SealHeadersAsync(vault, row, cancellationToken) };
        await using var scope = await call.BeginAsync(cancellationToken);
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO event_destinations (id, organization_id, name, type, status, events, url, secret, headers, header_names, position, created_at, updated_at)
            VALUES (@Id, @OrganizationId, @Name, @Type, @Status, @Events, @Url, @Secret, @Headers, @HeaderNames, @Position, @CreatedAt, @UpdatedAt)
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
        using var form = await WebhookForm.ReadAsync(request.Webhook, request.Config, request.Credentials, required: false, egress, faults, cancellationToken);
        CheckEvents(request.Events, faults);
        if (request.Name is { IsGiven: true, Value: "" }) faults.Add(Fault.Invalid("name", "`name` must not be empty."));
        if (faults.Count > 0) return Reply.Rejected(faults);
        if (!ObjectId.TryParse<EventDestinationId>(id, out var destinationId)) return Reply.NotFound<EventDestinationId>(id);
        await using var scope = await call.BeginAsync(cancellationToken);
        if (await DestinationRow.FindAsync(scope.Connection, scope.Transaction, call.Organization, destinationId, forUpdate: true, cancellationToken) is not { } row) return Reply.NotFound<EventDestinationId>(id);
        var wasActive = row.Status == DestinationStatuses.Active;
        row = row with
        {
            Name = request.Name.Or(row.Name)!,
            Status = request.Status.Or(row.Status)!,
            Events = request.Events is { } events ? [.. events] : row.Events,
            Url = form.Url ?? row.Url,
            UpdatedAt = time.GetUtcNow(),
        };
        if (form.Secret is not null) row = row with { Secret = await form.SealSecretAsync(vault, row, null, cancellationToken), PreviousSecret = null, PreviousSecretUntil = null };
        if (form.HasHeaders) row = row with { Headers = await form.SealHeadersAsync(vault, row, cancellationToken), HeaderNames = form.HeaderNames };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE event_destinations SET name = @Name, status = @Status, events = @Events, url = @Url, secret = @Secret, previous_secret = @PreviousSecret, previous_secret_until = @PreviousSecretUntil,
                headers = @Headers, header_names = @HeaderNames, updated_at = @UpdatedAt
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

    private static void CheckEvents(IReadOnlyList<string>? events, List<Fault> faults)
    {
        if (events is null or ["*"]) return;
        if (events.Count == 0) faults.Add(Fault.Invalid("events", "`events` must name at least one event type, or be [\"*\"]."));
        if (events.Contains("*", StringComparer.Ordinal)) faults.Add(Fault.Invalid("events", "`*` stands alone in `events`."));
        foreach (var unknown in events.Where(e => e != "*" && !EventTypes.IsKnown(e)).Take(10)) faults.Add(Fault.Invalid("events", $"`{(unknown.Length <= 64 ? unknown : "…")}` is not an event type; see GET /v2/event-types."));
    }

    /// <summary>The settings of a webhook as sent, in either form; disposing wipes its secrets.</summary>
    private sealed class WebhookForm : IDisposable
    {
        public const string SecretPrefix = "whsec_";
        private byte[]? _headers;

        public string? Url { get; private set; }

        public Secret? Secret { get; private set; }

        public bool HasHeaders { get; private set; }

        public string[] HeaderNames { get; private set; } = [];

        public static async Task<WebhookForm> ReadAsync(WebhookRequest? webhook, WebhookRequest? config, WebhookRequest? credentials, bool required, EgressGuard egress, List<Fault> faults, CancellationToken cancellationToken)
        {
            var form = new WebhookForm();
            var (given, field) = webhook is not null ? (webhook, "webhook") : (config, "config");
            form.Secret = given?.Secret ?? credentials?.Secret;
            if (required && given?.Url is null) faults.Add(Fault.Missing($"{field}.url".Replace("config", webhook is null && config is null ? "webhook" : field, StringComparison.Ordinal)));
            if (given?.Url is { } text) form.Url = await ReadUrlAsync(text, $"{field}.url", egress, faults, cancellationToken);
            if ((given?.CustomHeaders ?? credentials?.CustomHeaders) is { } headers) form.ReadHeaders(headers, $"{field}.custom_headers", faults);
            if (form.Secret is { } secret && !secret.Reveal(IsStandard)) faults.Add(Fault.Invalid($"{field}.secret", $"`{field}.secret` must be `{SecretPrefix}` followed by 24 to 64 bytes in base64 (Standard Webhooks); leave it out to have one generated."));
            return form;
        }

        public async Task<byte[]> SealSecretAsync(SecretVault vault, DestinationRow row, string? generated, CancellationToken cancellationToken)
        {
            var plain = Secret?.RevealUtf8() ?? System.Text.Encoding.UTF8.GetBytes(generated!);
            try
            {
                return await vault.SealEnvelopeAsync(row.SecretContext, plain, cancellationToken);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(plain);
            }
        }

        public async Task<byte[]?> SealHeadersAsync(SecretVault vault, DestinationRow row, CancellationToken cancellationToken) =>
            _headers is { } headers ? await vault.SealEnvelopeAsync(row.HeadersContext, headers, cancellationToken) : null;

        public void Dispose()
        {
            Secret?.Dispose();
            if (_headers is { } headers) CryptographicOperations.ZeroMemory(headers);
        }

        private static bool IsStandard(ReadOnlyMemory<char> secret)
        {
            if (!secret.Span.StartsWith(SecretPrefix, StringComparison.Ordinal)) return false;
            Span<byte> key = stackalloc byte[96];
            var valid = Convert.TryFromBase64Chars(secret.Span[SecretPrefix.Length..], key, out var length) && length is >= 24 and <= 64;
            CryptographicOperations.ZeroMemory(key);
            return valid;
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
