using Microsoft.Extensions.Options;
using Ostiary.Browser;
using Ostiary.Egress;
using Ostiary.Server;
using Ostiary.Server.Advisor;
using Ostiary.Server.Agents;
using Ostiary.Server.ApiKeys;
using Ostiary.Server.ComponentTokens;
using Ostiary.Server.Connections;
using Ostiary.Server.Credentials;
using Ostiary.Server.Data;
using Ostiary.Server.Deliveries;
using Ostiary.Server.Events;
using Ostiary.Server.Http;
using Ostiary.Server.Interactions;
using Ostiary.Server.Sessions;
using Ostiary.Server.SignIns;
using Ostiary.Server.Sources;
using Ostiary.Server.Storage;
using Ostiary.Server.TaskRuns;
using Ostiary.Server.Tasks;
using Ostiary.Server.Work;

// Commands of the operator: run beside a running server, or alone.
if (args is ["organizations" or "api-keys" or "sign-ins", ..]) return await OperatorCommands.RunAsync(args);
#pragma warning disable RS0030 // The terminal belongs to Program.cs.
if (args is ["look", .. var lookArgs]) return await Look.RunAsync(lookArgs, Console.Out, CancellationToken.None);
#pragma warning restore RS0030

var builder = WebApplication.CreateSlimBuilder(args);
var settings = Settings.Of(builder, args);
var configuration = builder.Configuration;
var services = builder.Services;
var roles = (configuration["Roles"] ?? "api,worker").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
var isWorker = roles.Contains("worker");

// A refused start is told in one sentence below, without the host's stack trace.
builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);

// What everything stands on.
services.AddSingleton(TimeProvider.System);
services.AddSingleton<IdSource>();
var http = settings.Add<HttpOptions>("Http", (o, fault) => { if (o.LargestBody < 1_000) fault("LargestBody is at least 1000 bytes."); });
settings.Add<IdempotencyOptions>("Idempotency");
settings.Add<RateLimitOptions>("RateLimit", (o, fault) => { if (o.Requests < 0) fault("Requests is 0 or more."); });
settings.Add<EgressOptions>("Egress", (o, fault) => { foreach (var found in EgressOptions.Validate(o)) fault(found); });
services.AddSingleton<EgressGuard>();
services.AddSingleton<RateLimit>();
services.AddSingleton(_ => ProcessGuard.Start());

// The rooms.
settings.Add<ApiKeyOptions>("ApiKeys");
settings.Add<TokenOptions>("ComponentTokens", (o, fault) => { if (o.Lifetime < TimeSpan.FromSeconds(1)) fault("Lifetime is at least one second."); foreach (var wrong in o.Origins().Where(origin => !CreateToken.IsOrigin(origin))) fault($"AllowedOrigins: {wrong} is not an origin such as https://app.example."); });
settings.Add<EventOptions>("Events");
var sessions = settings.Add<SessionOptions>("Sessions", (o, fault) => { if (o.PerWorker < 0 || o.ActivePerWorker < 0 || o.IdlePerWorker < 0 || o.ConnectedPerWorker < 0 || o.MaxConcurrent < 0) fault("PerWorker, ActivePerWorker, IdlePerWorker, ConnectedPerWorker and MaxConcurrent are 0 or more."); });
settings.Add<SignInOptions>("SignIns", SignInOptions.Check);
settings.Add<ConnectionOptions>("Connections", (o, fault) => { if (o.ConnectTimeout < TimeSpan.FromSeconds(1)) fault("ConnectTimeout is at least one second."); });
settings.Add<InteractionOptions>("Interactions", (o, fault) => { if (o.Timeout < TimeSpan.FromSeconds(1)) fault("Timeout is at least one second."); });
settings.Add<StorageOptions>("Storage", StorageOptions.Check);
settings.Add<TaskOptions>("Tasks", TaskOptions.Check);
settings.Add<TaskRunOptions>("TaskRuns", (o, fault) => { if (o.ReviewTimeout <= TimeSpan.Zero) fault("ReviewTimeout is longer than nothing."); });
settings.Add<UpkeepOptions>("Upkeep", (o, fault) => { if (o.Every < TimeSpan.FromMilliseconds(100)) fault("Every is at least 100 milliseconds."); });
settings.Add<DeliveryOptions>("Deliveries", (o, fault) => { if (o.Delays() is null) fault("Schedule is a comma-separated list of durations, such as 5s,5m,1h."); if (o.PerDestination < 1 || o.Destinations < 1) fault("PerDestination and Destinations are 1 or more."); });
var advisor = settings.Add<AdvisorOptions>("Advisor", AdvisorOptions.Check);
var browser = settings.Add<BrowserOptions>("Browser");
if (configuration["Chromium"] is { Length: > 0 } chromium) browser.ExecutablePath = chromium;
var data = settings.Normalise<DataOptions>("Data");
browser.RunDirectory = Path.Combine(Path.GetFullPath(configuration["Data"] is { Length: > 0 } directory ? directory : data.Directory), "browser");

// Services start in this order and stop in reverse: the worker last and first.
services.AddData(configuration).AddVault(configuration);
services.AddApiKeys().AddComponentTokens().AddEvents().AddSources().AddTasks().AddCredentials().AddSessions(isWorker).AddInteractions().AddStorage().AddAdvisor(advisor).AddSignIns(isWorker).AddConnections(isWorker).AddTaskRuns(isWorker).AddDeliveries(isWorker);
services.AddHostedService<Upkeep>();
settings.Normalise<WorkOptions>("Work");
services.AddWork(configuration, isWorker).Configure<WorkOptions>(o => o.Limits[RunJob.WorkKind] = o.Limits[ConnectJob.WorkKind] = sessions.RunsHeld);

if (roles.Length == 0 || roles.Any(r => r is not ("api" or "worker"))) Fail(["OSTIARY_ROLES takes `api`, `worker` or both, separated by a comma."]);
if (settings.Faults.Count > 0) Fail(settings.Faults);

builder.WebHost.UseUrls(configuration["Urls"] ?? "http://127.0.0.1:8480");
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    // Above what is accepted, so that a body which is too large is answered with a 413 and not with a broken connection: what is left of it is read and thrown away.
    kestrel.Limits.MaxRequestBodySize = 16L * http.LargestBody;
    // Also above what is accepted: a query that is too long is answered, not cut off.
    kestrel.Limits.MaxRequestLineSize = 16 * Pipeline.LongestAddress;
});

var app = builder.Build();
// Whatever way this process ends, its PostgreSQL and its browsers end too.
Get<PrivatePostgres>().PostmasterStarted += pid => Get<ProcessGuard>().AddProcess(pid, "INT", "QUIT");
var listsRoutes = args is ["routes"];
if (!listsRoutes) await BrowserHost.SweepLeftovers(browser.RunDirectory, CancellationToken.None);
app.Lifetime.ApplicationStarted.Register(() => Ostiary.Server.Log.Listening(app.Logger, string.Join(", ", app.Urls), string.Join(", ", roles)));
app.MapHealth();
app.MapFiles();

if (roles.Contains("api"))
{
    var api = app.MapGroup("/v2");
    // What surrounds every request under /v2, from the outside in. Routes are found whatever their case, so these steps are too.
    app.UseWhen(context => context.Request.Path.StartsWithSegments("/v2", StringComparison.OrdinalIgnoreCase), v2 => v2
        .Use((HttpContext context, RequestDelegate next) => Pipeline.Envelope(context, next, Get<IdSource>(), app.Logger))
        .Use((HttpContext context, RequestDelegate next) => Get<Cors>().Step(context, next))
        .Use((HttpContext context, RequestDelegate next) => Authenticate.Step(context, next, app.Services.GetServices<ICallers>(), Get<Db>()))
        .Use((HttpContext context, RequestDelegate next) => Get<RateLimit>().Step(context, next))
        .Use(Cors.CheckOrigin)
        .Use(Permission.Step)
        .Use((HttpContext context, RequestDelegate next) => Pipeline.Body(context, next, http))
        .Use((HttpContext context, RequestDelegate next) => Idempotency.Step(context, next, Get<Db>(), Get<Ostiary.Vault.SecretVault>(), Get<IdempotencyOptions>(), Get<TimeProvider>())));
    api.MapTest();
    api.MapAgents();
    api.MapSources();
    api.MapTasks();
    api.MapTaskRuns();
    api.MapConnections();
    api.MapCredentials();
    api.MapSessions();
    api.MapStorage();
    api.MapEvents();
    api.MapEventDestinations();
    api.MapApiKeys();
    api.MapOrganization();
    api.MapComponentTokens();
    app.MapReference();
}

if (listsRoutes) return OperatorCommands.ListRoutes(((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints));

try
{
    await app.RunAsync();
    return 0;
}
catch (Exception exception) when (exception is StartRefusedException or OptionsValidationException or IOException)
{
    Fail([exception.Message], (exception as StartRefusedException)?.ExitCode ?? 1);
    return 1;
}

T Get<T>() where T : notnull => app.Services.GetRequiredService<T>();

static void Fail(IReadOnlyList<string> faults, int exitCode = 2)
{
#pragma warning disable RS0030 // The terminal belongs to Program.cs.
    foreach (var fault in faults) Console.Error.WriteLine($"ostiary: {fault}");
#pragma warning restore RS0030
    Environment.Exit(exitCode);
}
