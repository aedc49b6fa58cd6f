using System.Runtime.InteropServices;
using Ostiary.Server.ApiKeys;
using Ostiary.Server.Data;
using Ostiary.Server.Http;
using Ostiary.Server.SignIns;
using Ostiary.Server.Work;

namespace Ostiary.Server;

/// <summary>
/// Commands for whoever runs the server, on its machine and with its settings: <c>organizations create|list</c>, <c>api-keys create</c>, <c>sign-ins list|forget</c>. They may run while the server does, and need no key.
/// </summary>
internal static class OperatorCommands
{
    private const int WrongUse = 64;
    private const string Usage = """
        organizations create --name NAME                            makes an organization and prints its first key, once
        organizations list                                          lists organizations: id, time of creation, number of working keys, name
        api-keys create --organization ID [--name NAME] [--scopes read,write,admin]   makes a key, for when the last one is lost; prints it once
        sign-ins list                                               lists credentials with sign-ins that did not get in lately: source, credential, failures, attempts, newest, whether the website locked it
        sign-ins forget --credential ID | --source ID               forgets those attempts, so that the next may begin at once
        Settings are the server's own: OSTIARY_DATA or OSTIARY_DATABASE say which database is meant.
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        var options = args.Skip(2).ToArray();
        var builder = WebApplication.CreateSlimBuilder(options);
        _ = Settings.Of(builder, options);
        builder.Logging.ClearProviders();
        var services = builder.Services.AddSingleton(TimeProvider.System).AddSingleton<IdSource>().AddSingleton<WakeUps>().AddSingleton<ApiKeyStore>().AddData(builder.Configuration);
        services.AddLogging();
        await using var provider = services.BuildServiceProvider();
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        try
        {
            Func<Db, ApiKeyStore, IConfiguration, CancellationToken, Task<int>>? command = args switch
            {
                ["organizations", "create", ..] => CreateOrganizationAsync,
                ["organizations", "list", ..] => ListOrganizationsAsync,
                ["api-keys", "create", ..] => CreateKeyAsync,
                ["sign-ins", "list", ..] => ListSignInsAsync,
                ["sign-ins", "forget", ..] => ForgetSignInsAsync,
                _ => null,
            };
            if (command is null) return Refuse(Usage);
            var db = provider.GetRequiredService<Db>();
            await db.StartBesideAsync(Migration.In(typeof(Db).Assembly), stop.Token);
            try
            {
                return await command(db, provider.GetRequiredService<ApiKeyStore>(), builder.Configuration, stop.Token);
            }
            finally
            {
                await db.StopAsync();
            }
        }
        catch (Exception exception) when (exception is StartRefusedException or Microsoft.Extensions.Options.OptionsValidationException)
        {
            return Refuse(exception.Message, (exception as StartRefusedException)?.ExitCode ?? 1);
        }
        catch (OperationCanceledException)
        {
            return Refuse("Stopped; nothing was changed.", 1);
        }
    }

    private static async Task<int> CreateOrganizationAsync(Db db, ApiKeyStore keys, IConfiguration options, CancellationToken cancellationToken)
    {
        if (options["name"]?.Trim() is not { Length: > 0 and <= 255 } name) return Refuse("Say how the organization is called: organizations create --name NAME (at most 255 characters).");
        await using var scope = await db.BeginAsync(cancellationToken);
        var (organization, key) = await keys.AddOrganizationAsync(scope, name, cancellationToken);
        await scope.CommitAsync(cancellationToken);
        Print($"Organization: {organization.Value}\nAPI key (shown once): {key}");
        return 0;
    }

    private static async Task<int> ListOrganizationsAsync(Db db, ApiKeyStore keys, IConfiguration options, CancellationToken cancellationToken)
    {
        var rows = await db.ListAsync<Listed>(
            """
            SELECT o.id, o.name, o.created_at, (SELECT count(*) FROM api_keys k WHERE k.organization_id = o.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())) AS keys
            FROM organizations o ORDER BY o.created_at, o.id
            """, null, cancellationToken);
        foreach (var row in rows) Print($"{row.Id}  {row.CreatedAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}  {row.Keys}  {row.Name}");
        return 0;
    }

    private static async Task<int> CreateKeyAsync(Db db, ApiKeyStore keys, IConfiguration options, CancellationToken cancellationToken)
    {
        if (!ObjectId.TryParse<OrganizationId>(options["organization"], out var organization)) return Refuse("Say whose key it is: api-keys create --organization org_… (organizations list shows them).");
        string[] scopes = (options["scopes"] ?? "admin").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (scopes.Length == 0 || scopes.Any(s => !Scopes.All.Contains(s))) return Refuse($"--scopes takes {string.Join(", ", Scopes.All)}, separated by commas.");
        await using var scope = await db.BeginAsync(cancellationToken);
        if (await scope.FirstOrNoneAsync<string>("SELECT id FROM organizations WHERE id = @id", new { id = organization.Value }, cancellationToken) is null) return Refuse($"There is no organization {organization.Value}; organizations list shows those there are.");
        var (row, key) = await keys.AddAsync(scope, organization, options["name"] ?? "Made by the operator", scopes, cancellationToken);
        await scope.CommitAsync(cancellationToken);
        Print($"Key: {row.Id}\nAPI key (shown once): {key}");
        return 0;
    }

    private static async Task<int> ListSignInsAsync(Db db, ApiKeyStore keys, IConfiguration options, CancellationToken cancellationToken)
    {
        foreach (var row in await SignInBudgets.ListAsync(db, cancellationToken))
            Print($"{row.SourceId}  {row.CredentialId}  {row.Failures}  {row.Attempts}  {row.NewestAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}{(row.Locked ? "  locked" : "")}");
        return 0;
    }

    private static async Task<int> ForgetSignInsAsync(Db db, ApiKeyStore keys, IConfiguration options, CancellationToken cancellationToken)
    {
        var id = ObjectId.TryParse<CredentialId>(options["credential"], out var credential) ? credential.Value : ObjectId.TryParse<SourceId>(options["source"], out var source) ? source.Value : null;
        if (id is null) return Refuse("Say whose attempts are to be forgotten: sign-ins forget --credential cred_…, or --source src_… (sign-ins list shows them).");
        Print($"Forgotten: {await SignInBudgets.ForgetOfAsync(db, id, cancellationToken)}");
        return 0;
    }

    /// <summary><c>routes</c>: every route under /v2, one a line: method, path, the scope it needs, and <c>tokens</c> where component tokens may use it.</summary>
    public static int ListRoutes(IEnumerable<Endpoint> endpoints)
    {
        foreach (var endpoint in endpoints.OfType<RouteEndpoint>().Where(e => e.RoutePattern.RawText?.StartsWith("/v2/", StringComparison.Ordinal) == true).OrderBy(e => e.RoutePattern.RawText, StringComparer.Ordinal))
        {
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
                Print($"{method} {endpoint.RoutePattern.RawText} {Scopes.Word(Permission.NeededBy(endpoint, method))}{(Permission.IsOpenToTokens(endpoint) ? " tokens" : "")}");
        }

        return 0;
    }

#pragma warning disable RS0030 // A command speaks on the terminal of the person who runs it; the key is printed once, on purpose, and is in no log.
    private static void Print(string text) => Console.WriteLine(text);

    private static int Refuse(string text, int exitCode = WrongUse)
    {
        Console.Error.WriteLine($"ostiary: {text}");
        return exitCode;
    }
#pragma warning restore RS0030

    private sealed record Listed
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
        public long Keys { get; init; }
    }
}
