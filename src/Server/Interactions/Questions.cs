using System.Security.Cryptography;
using System.Text.Json;
using System.Runtime.InteropServices;
using Dapper;
using Ostiary.Login;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.Work;
using Ostiary.Vault;

namespace Ostiary.Server.Interactions;

/// <summary>How the waiting for an answer ended.</summary>
internal abstract record AnswerOutcome
{
    /// <summary>The user's values by field name. The receiver disposes them.</summary>
    public sealed record Answered(IReadOnlyDictionary<string, Secret> Values) : AnswerOutcome;
    /// <summary>Nobody answered in time.</summary>
    public sealed record Expired : AnswerOutcome;
    /// <summary>The page moved on by itself, or the question was closed from outside.</summary>
    public sealed record Withdrawn : AnswerOutcome;
}

/// <summary>Questions to the user: durable rows with a deadline and exactly one winning answer.</summary>
internal sealed class Questions(Db db, SecretVault vault, WakeUps wakeUps, IdSource ids, InteractionOptions options, TimeProvider time)
{
    /// <summary>The wake-up channel; the payload is the owner's id.</summary>
    public const string Channel = WakeUps.Interactions;
    private const int LongestValue = 2_000;
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(2);

    /// <summary>Writes the question into the commit in which its owner starts to wait.</summary>
    public async Task<InteractionRow> AskAsync(DbTransactionScope scope, OrganizationId organization, string ownerId, Challenge challenge, DateTimeOffset latest, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var expires = now + options.Timeout;
        var row = new InteractionRow
        {
            Id = ids.New<InteractionId>().Value, OrganizationId = organization.Value, OwnerId = ownerId, Type = challenge.Type, Message = challenge.Message,
            Fields = Json.Write(challenge.Fields.Select(InteractionField.From)),
            Options = challenge.Options.Count == 0 ? null : Json.Write(challenge.Options.Select(o => new InteractionOption(o.Value, o.Label))), ExpiresAt = expires < latest ? expires : latest, CreatedAt = now,
        };
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO interactions (id, organization_id, owner_id, type, message, fields, options, status, expires_at, created_at)
            VALUES (@Id, @OrganizationId, @OwnerId, @Type, @Message, @Fields::json, @Options::json, @Status, @ExpiresAt, @CreatedAt)
            """,
            row,
            scope.Transaction,
            cancellationToken: cancellationToken));
        return row;
    }

    /// <summary>The open question of a run or connection, or null.</summary>
    public static async Task<InteractionRow?> PendingAsync(System.Data.IDbConnection connection, System.Data.IDbTransaction? transaction, string ownerId, bool forUpdate, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<InteractionRow>(new CommandDefinition(
            $"SELECT {InteractionRow.Columns} FROM interactions WHERE owner_id = @ownerId AND status = 'pending' {(forUpdate ? "FOR UPDATE" : "")}", new { ownerId }, transaction, cancellationToken: cancellationToken));

    /// <summary>The open questions of several owners.</summary>
    public static async Task<IReadOnlyDictionary<string, InteractionRow>> PendingAsync(System.Data.IDbConnection connection, IReadOnlyCollection<string> ownerIds, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<InteractionRow>(new CommandDefinition(
            $"SELECT {InteractionRow.Columns} FROM interactions WHERE owner_id = ANY(@owners) AND status = 'pending'", new { owners = ownerIds.ToArray() }, cancellationToken: cancellationToken)))
        .ToDictionary(r => r.OwnerId, StringComparer.Ordinal);

    /// <summary>
    /// Checks an answer against its question and keeps it, sealed, in the caller's commit. The question stays open when there are faults. The caller holds the row's
    /// lock, so that of two answers exactly one finds the question pending.
    /// </summary>
    public async Task<IReadOnlyList<Fault>> AnswerAsync(DbTransactionScope scope, InteractionRow question, JsonElement? body, CancellationToken cancellationToken)
    {
        var faults = new List<Fault>();
        var given = ReadInput(body, question, faults);
        try
        {
            if (faults.Count > 0) return faults;
            var plain = WriteSecrets(given);
            try
            {
                var answer = await vault.SealEnvelopeAsync(question.AnswerContext, plain, cancellationToken);
                await scope.Connection.ExecuteAsync(new CommandDefinition(
                    "UPDATE interactions SET status = 'answered', answer = @answer WHERE id = @Id", new { question.Id, answer }, scope.Transaction, cancellationToken: cancellationToken));
            }
            finally
            {
                CryptographicOperations.ZeroMemory(plain);
            }

            scope.AfterCommit(() => wakeUps.Signal(Channel, question.OwnerId));
            return [];
        }
        finally
        {
            foreach (var secret in given.Values) secret.Dispose();
        }
    }

    /// <summary>Closes an owner's open question, if any: the page moved on, or the owner ended.</summary>
    public async Task CloseAsync(DbTransactionScope scope, string ownerId, string status, CancellationToken cancellationToken)
    {
        await scope.Connection.ExecuteAsync(new CommandDefinition(
            "UPDATE interactions SET status = @status WHERE owner_id = @ownerId AND status = 'pending'; UPDATE interactions SET answer = NULL WHERE owner_id = @ownerId AND answer IS NOT NULL",
            new { ownerId, status },
            scope.Transaction,
            cancellationToken: cancellationToken));
        scope.AfterCommit(() => wakeUps.Signal(Channel, ownerId));
    }

    /// <summary>
    /// Waits until the row says that the question is no longer pending, its deadline has passed, or <paramref name="withdrawn"/> fires. The row is the truth: signals only
    /// make it quick. Does not itself write an expiry: the owner does, in the commit that settles what follows from it.
    /// </summary>
    public async Task<AnswerOutcome> WaitAsync(InteractionRow question, CancellationToken withdrawn, CancellationToken cancellationToken)
    {
        using var news = new SemaphoreSlim(0, 1);
        using var subscription = wakeUps.Subscribe(Channel, payload =>
        {
            if (payload.Length > 0 && payload != question.OwnerId) return;
            try
            {
                news.Release();
            }
            catch (SemaphoreFullException)
            {
                // One wake-up is enough.
            }
        });
        while (true)
        {
            var row = await ReadAsync(question.Id, cancellationToken);
            if (row.Status == InteractionStatuses.Answered) return await TakeAsync(row, cancellationToken);
            if (row.Status == InteractionStatuses.Withdrawn) return new AnswerOutcome.Withdrawn();
            var left = question.ExpiresAt - time.GetUtcNow();
            if (row.Status == InteractionStatuses.Expired || left <= TimeSpan.Zero) return new AnswerOutcome.Expired();
            if (withdrawn.IsCancellationRequested) return new AnswerOutcome.Withdrawn();
            using var poll = new CancellationTokenSource(left < PollEvery ? left : PollEvery, time);
            using var any = CancellationTokenSource.CreateLinkedTokenSource(poll.Token, withdrawn, cancellationToken);
            try
            {
                await news.WaitAsync(any.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The poll is due or the page moved on: look at the row again.
            }
        }
    }

    /// <summary>Deletes questions that ended long ago; called by the hourly upkeep.</summary>
    public static Task<int> ForgetAsync(System.Data.IDbConnection connection, DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM interactions WHERE created_at < @before AND status <> 'pending'", new { before }, cancellationToken: cancellationToken));

    private async Task<InteractionRow> ReadAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<InteractionRow>(new CommandDefinition($"SELECT {InteractionRow.Columns} FROM interactions WHERE id = @id", new { id }, cancellationToken: cancellationToken));
    }

    // Opened once: the sealed answer is removed from the row before it is used.
    private async Task<AnswerOutcome> TakeAsync(InteractionRow row, CancellationToken cancellationToken)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("UPDATE interactions SET answer = NULL WHERE id = @Id", new { row.Id }, cancellationToken: cancellationToken));
        if (row.Answer is not { } sealedAnswer) return new AnswerOutcome.Withdrawn();
        var plain = await vault.OpenEnvelopeAsync(row.AnswerContext, sealedAnswer, cancellationToken);
        try
        {
            return new AnswerOutcome.Answered(ReadSecrets(plain));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static Dictionary<string, Secret> ReadInput(JsonElement? body, InteractionRow question, List<Fault> faults)
    {
        var given = new Dictionary<string, Secret>(StringComparer.Ordinal);
        if (body is not { } json) return given;
        // The older edition says `inputs`.
        var name = json.TryGetProperty("input", out var input) ? "input" : json.TryGetProperty("inputs", out input) ? "inputs" : "input";
        var fields = Json.Read<IReadOnlyList<InteractionField>>(question.Fields);
        if (input.ValueKind == JsonValueKind.Undefined && fields.Count == 0) return given;
        if (input.ValueKind == JsonValueKind.Undefined) faults.Add(Fault.Missing(name));
        else if (input.ValueKind != JsonValueKind.Object) faults.Add(Fault.Invalid(name, $"`{name}` must be a JSON object of field names and values."));
        if (faults.Count > 0) return given;
        var options = question.Options is null ? [] : Json.Read<IReadOnlyList<InteractionOption>>(question.Options);
        if (options.Count > 0 && ReadOption(input, options, name, faults) is { } option)
        {
            given[ChallengeOptions.Key] = Secret.From(option);
            if (ChallengeOptions.IsInstead(option))
            {
                foreach (var property in input.EnumerateObject())
                    if (property.Name != ChallengeOptions.Key && property.Value.ValueKind != JsonValueKind.Null) faults.Add(Fault.Invalid($"{name}.{Shown(property.Name)}", $"`{ChallengeOptions.Key}` is {option}, which stands instead of an answer: give one or the other."));
                return given;
            }
        }

        foreach (var field in fields)
        {
            var path = $"{name}.{field.Name}";
            if (!input.TryGetProperty(field.Name, out var value) || value.ValueKind == JsonValueKind.Null)
            {
                faults.Add(Fault.Missing(path));
                continue;
            }

            if (ReadValue(value, field, path, faults) is { } secret)
            {
                if (given.Remove(field.Name, out var earlier)) earlier.Dispose();
                given[field.Name] = secret;
            }
        }

        foreach (var property in input.EnumerateObject())
        {
            if (fields.All(f => f.Name != property.Name) && (options.Count == 0 || property.Name != ChallengeOptions.Key)) faults.Add(Fault.Invalid($"{name}.{Shown(property.Name)}", $"This question has no such field; it asks for: {string.Join(", ", fields.Select(f => f.Name))}."));
        }

        return given;
    }

    private static string Shown(string name) => name.Length <= 64 ? name : "…";

    /// <summary>The option that is chosen beside or instead of the fields; null: none was named.</summary>
    private static string? ReadOption(JsonElement input, IReadOnlyList<InteractionOption> options, string name, List<Fault> faults)
    {
        if (!input.TryGetProperty(ChallengeOptions.Key, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.String && (value.ValueEquals(ChallengeOptions.None) || options.Any(o => value.ValueEquals(o.Value)))) return value.GetString();
        var path = $"{name}.{ChallengeOptions.Key}";
        faults.Add(Fault.Invalid(path, $"`{path}` must be one of: {string.Join(", ", options.Select(o => o.Value).Append(ChallengeOptions.None))}."));
        return null;
    }

    private static Secret? ReadValue(JsonElement value, InteractionField field, string path, List<Fault> faults)
    {
        Secret? secret;
        if (value.ValueKind == JsonValueKind.Number)
        {
            // A code sent as a number: accepted as its digits.
            secret = Secret.FromUtf8(JsonMarshal.GetRawUtf8Value(value));
        }
        else
        {
            secret = RequestBinder.TryReadSecret(value, path, LongestValue, faults);
        }

        if (secret is null) return null;
        var isBlank = secret.Reveal(v => v.Span.Trim().IsEmpty);
        if (isBlank) faults.Add(Fault.Missing(path));
        else if (field.Options is { } offered && !offered.Any(o => secret.Reveal(v => v.Span.SequenceEqual(o.Value))))
            faults.Add(Fault.Invalid(path, $"`{path}` must be one of: {string.Join(", ", offered.Select(o => o.Value))}."));
        else if (field.Type == "number" && !secret.Reveal(v => !v.Span.Trim().ContainsAnyExceptInRange('0', '9')))
            faults.Add(Fault.Invalid(path, $"`{path}` must be digits only."));
        else return secret;
        secret.Dispose();
        return null;
    }

    // name \0 length-prefixed UTF-8 …: a form that needs no string for a value, unlike JSON.
    private static byte[] WriteSecrets(Dictionary<string, Secret> values)
    {
        var parts = values.Select(v => (Name: System.Text.Encoding.UTF8.GetBytes(v.Key), Value: v.Value.RevealUtf8())).ToList();
        var all = GC.AllocateArray<byte>(parts.Sum(p => 8 + p.Name.Length + p.Value.Length), pinned: true);
        var at = 0;
        foreach (var (name, value) in parts)
        {
            Put(name);
            Put(value);
            CryptographicOperations.ZeroMemory(value);
        }

        return all;

        void Put(byte[] bytes)
        {
            BitConverter.TryWriteBytes(all.AsSpan(at), bytes.Length);
            bytes.CopyTo(all, at + 4);
            at += 4 + bytes.Length;
        }
    }

    private static Dictionary<string, Secret> ReadSecrets(ReadOnlySpan<byte> all)
    {
        var values = new Dictionary<string, Secret>(StringComparer.Ordinal);
        while (all.Length > 0)
        {
            var name = System.Text.Encoding.UTF8.GetString(Take(ref all));
            values[name] = Secret.FromUtf8(Take(ref all));
        }

        return values;

        static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest)
        {
            var length = BitConverter.ToInt32(rest);
            var part = rest.Slice(4, length);
            rest = rest[(4 + length)..];
            return part;
        }
    }
}
