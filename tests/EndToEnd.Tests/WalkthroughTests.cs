using Ostiary.Portals;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.EndToEnd.Tests;

/// <summary>The newer edition's walk-through, built on credentials, and each error scenario it lists. The older edition's, built on connections, is in <see cref="ConnectionTests"/>.</summary>
public sealed class WalkthroughTests(World world)
{
    [Fact]
    public async Task A_developer_stores_a_credential_runs_a_task_and_handles_the_question()
    {
        var api = await world.NewOrganizationAsync();
        var portal = PortalCatalog.Get("hotel");
        var walk = new Walkthrough(api).With("user", portal.UsernameFor("newer-edition")).With("password", portal.Password!).With("code", portal.Code!).With("wrong", portal.WrongCode!).With("url", world.Portals.Url(portal).AbsoluteUri);

        // Set up: the website, an agent, and what it is to do there.
        walk.Gets("/v2/test").Has(("status", "\"ready\""), ("environment", "\"live\""));
        walk.Posts("/v2/sources", """{"type":"website","name":"Larkspur Hotels","website":{"url":"{url}"}}""", 201).Keeps("source").Has(("object", "\"source\""), ("website.url", "\"{url}\""));
        walk.Posts("/v2/agents", """{"name":"Stays"}""", 201).Keeps("agent").Has(("tasks", "[]"));
        walk.Posts("/v2/tasks", """{"name":"Sign in","agent_id":"{agent}"}""", 201).Keeps("task").Has(("status", "\"learning\""), ("agent_id", "\"{agent}\""));
        walk.Gets("/v2/agents/{agent}").Has(("tasks", """[{"id":"{task}","name":"Sign in","status":"learning","object":"task"}]"""));

        // The user has filled in the form: what comes back shows nothing that must not be shown.
        walk.Posts("/v2/credentials", """{"source_id":"{source}","auth_method":"username_password","auth_credentials":{"username":"{user}","password":"{password}"},"external_id":"user-42"}""", 201).Keeps("credential")
            .Has(("status", "\"unverified\""), ("external_id", "\"user-42\""), ("auth_credentials", """{"username":"{user}"}"""));
        walk.Gets("/v2/credentials?external_id=user-42&status=unverified,verified").Has(("data.0.id", "\"{credential}\""), ("has_more", "false"));

        // Run, watch, answer: first wrongly, then rightly.
        walk.Posts("/v2/tasks/{task}/run", """{"credential_id":"{credential}","input":{}}""", 201).Keeps("run").Has(("status", "\"queued\""), ("result", "null"), ("interaction", "null"));
        walk.Waits("/v2/task-runs/{run}", "interaction_required").Has(("interaction.type", "\"mfa\""), ("interaction.fields.0.name", "\"code\"")).Says("interaction.message", "6-digit code");
        walk.IsRefused("POST", "/v2/task-runs/{run}/interaction", """{"input":{}}""", 400, "request", "input_missing", "input.code");
        walk.Posts("/v2/task-runs/{run}/interaction", """{"input":{"code":"{wrong}"}}""", 200).Has(("status", "\"running\""), ("interaction", "null"));
        walk.Waits("/v2/task-runs/{run}", "interaction_required").Says("interaction.message", portal.WrongCodeText!);
        walk.Posts("/v2/task-runs/{run}/interaction", """{"input":{"code":"{code}"}}""", 200);
        walk.Waits("/v2/task-runs/{run}", "completed").Has(("result", "\"success\""), ("errors", "[]"), ("credential_id", "\"{credential}\"")).Keeps("session", "session_id").Lacks("input", "screenshots");
        walk.Gets("/v2/credentials/{credential}").Has(("status", "\"verified\""));
        walk.IsRefused("POST", "/v2/task-runs/{run}/interaction", """{"input":{"code":"{code}"}}""", 409, "request", "interaction_not_pending");
        walk.IsRefused("POST", "/v2/task-runs/{run}/cancel", null, 409, "request", "state_conflict");

        // The next run in the same session signs in nowhere.
        walk.Posts("/v2/tasks/{task}/run", """{"credential_id":"{credential}","session_id":"{session}"}""", 201).Keeps("again").Has(("session_id", "\"{session}\""));
        walk.Waits("/v2/task-runs/{again}", "completed");
        walk.Gets("/v2/sessions/{session}").Has(("task_runs.0.id", "\"{run}\""), ("task_runs.1.id", "\"{again}\""));
        walk.Posts("/v2/sessions/{session}/end", null, 200).Waits("/v2/sessions/{session}", "completed");

        // The user leaves.
        walk.Sends("DELETE", "/v2/credentials/{credential}", null, 200).Has(("deleted", "true"));
        walk.Gets("/v2/credentials/{credential}").Has(("status", "\"deleted\""), ("auth_credentials", "{}"), ("external_id", "\"user-42\""));

        // What a listener was told.
        walk.Fired("run", "task_run.queued", "task_run.running", "task_run.interaction_required", "task_run.running", "task_run.interaction_required", "task_run.running", "task_run.completed");
        walk.Fired("credential", "credential.created", "credential.verified", "credential.deleted");
        walk.Gets("/v2/events?type=task_run.interaction_required&limit=100").Has(("data.0.data.credential_id", "\"{credential}\""), ("data.0.data.external_id", "\"user-42\""));
        await walk.RunAsync();

        Assert.Equal((1, 2, 1), (world.Portals.Submissions(portal.Id, portal.UsernameFor("newer-edition")) is var sent ? sent.Passwords : 0, sent.Codes, sent.SignIns));
        Assert.Empty(SecretSearch.InText(api.Transcript, portal.Password!, portal.Code!));
    }

    [Fact]
    public async Task Invalid_credentials_are_told_by_the_run_and_the_credential_and_a_new_password_mends_both()
    {
        var api = await world.NewOrganizationAsync();
        var portal = PortalCatalog.Get("classic");
        var walk = await StoredAsync(api, portal, "invalid-credentials", portal.WrongPassword!);
        walk.With("right", portal.Password!);
        walk.Posts("/v2/tasks/{task}/run", """{"credential_id":"{credential}"}""", 201).Keeps("run");
        walk.Waits("/v2/task-runs/{run}", "failed").Has(("result", "\"failure\""), ("output", "null"), ("errors.0.type", "\"auth\""), ("errors.0.code", "\"auth_invalid\"")).Says("errors.0.message", portal.WrongText!);
        walk.Gets("/v2/credentials/{credential}").Has(("status", "\"invalid\""));
        walk.IsRefused("POST", "/v2/tasks/{task}/run", """{"credential_id":"{credential}"}""", 409, "request", "state_conflict");
        walk.Sends("PATCH", "/v2/credentials/{credential}", """{"auth_credentials":{"password":"{right}"}}""", 200).Has(("status", "\"unverified\""), ("auth_credentials.username", "\"{user}\""));
        walk.Posts("/v2/tasks/{task}/run", """{"credential_id":"{credential}"}""", 201).Keeps("second").Waits("/v2/task-runs/{second}", "completed");
        walk.Gets("/v2/credentials/{credential}").Has(("status", "\"verified\""));
        walk.Fired("run", "task_run.queued", "task_run.running", "task_run.failed");
        walk.Fired("credential", "credential.created", "credential.invalid", "credential.unverified", "credential.verified");
        await walk.RunAsync();
    }

    [Fact]
    public async Task An_unanswered_question_ends_the_run_with_its_own_code_and_the_credential_stays_usable()
    {
        await world.NewOrganizationAsync();
        await using var hasty = await OstiaryServer.StartAsync(new ServerSettings { Values = new Dictionary<string, string> { ["Interactions__Timeout"] = "00:00:02" } });
        var walk = await StoredAsync(hasty.Api, PortalCatalog.Get("hotel"), "mfa-timeout", PortalCatalog.Get("hotel").Password!);
        walk.Posts("/v2/tasks/{task}/run", """{"credential_id":"{credential}"}""", 201).Keeps("run");
        walk.Waits("/v2/task-runs/{run}", "failed").Has(("errors.0.type", "\"interaction\""), ("errors.0.code", "\"interaction_timeout\""), ("interaction", "null"));
        walk.IsRefused("POST", "/v2/task-runs/{run}/interaction", """{"input":{"code":"246810"}}""", 409, "request", "interaction_not_pending");
        walk.Gets("/v2/credentials/{credential}").Has(("status", "\"unverified\""));
        walk.Fired("run", "task_run.queued", "task_run.running", "task_run.interaction_required", "task_run.failed");
        await walk.RunAsync();
    }

    [Fact]
    public async Task A_source_that_does_not_answer_is_told_and_is_no_fault_of_the_credential()
    {
        var api = await world.NewOrganizationAsync();
        var walk = new Walkthrough(api);
        // Nobody listens on the port that is reserved for throwing away (RFC 863).
        walk.Posts("/v2/sources", """{"type":"website","website":{"url":"http://127.0.0.1:9/"}}""", 201).Keeps("source");
        walk.Posts("/v2/credentials", """{"source_id":"{source}","auth_method":"username_password","auth_credentials":{"username":"ada","password":"Practice-Only-1!"}}""", 201).Keeps("credential");
        walk.Posts("/v2/agents", """{"name":"Stays"}""", 201).Keeps("agent").Posts("/v2/tasks", """{"name":"Sign in","agent_id":"{agent}"}""", 201).Keeps("task");
        walk.Posts("/v2/tasks/{task}/run", """{"credential_id":"{credential}"}""", 201).Keeps("run");
        walk.Waits("/v2/task-runs/{run}", "failed").Has(("errors.0.type", "\"source\""), ("errors.0.code", "\"source_not_available\""));
        walk.Gets("/v2/credentials/{credential}").Has(("status", "\"unverified\""));
        walk.IsRefused("DELETE", "/v2/sources/{source}", null, 409, "request", "state_conflict");
        walk.Fired("run", "task_run.queued", "task_run.running", "task_run.failed");
        await walk.RunAsync();
    }

    [Fact]
    public async Task A_deleted_credential_runs_nowhere_and_what_it_did_stays_readable()
    {
        var api = await world.NewOrganizationAsync();
        var portal = PortalCatalog.Get("classic");
        var walk = await StoredAsync(api, portal, "credential-deleted", portal.Password!);
        walk.Posts("/v2/tasks/{task}/run", """{"credential_id":"{credential}"}""", 201).Keeps("run").Waits("/v2/task-runs/{run}", "completed");
        walk.Sends("DELETE", "/v2/credentials/{credential}", null, 200).Has(("id", "\"{credential}\""), ("object", "\"credential\""), ("deleted", "true"));
        walk.IsRefused("POST", "/v2/tasks/{task}/run", """{"credential_id":"{credential}"}""", 409, "request", "state_conflict");
        walk.IsRefused("PATCH", "/v2/credentials/{credential}", """{"auth_credentials":{"password":"x"}}""", 409, "request", "state_conflict");
        walk.Gets("/v2/task-runs/{run}").Has(("credential_id", "\"{credential}\""), ("status", "\"completed\""));
        walk.Gets("/v2/credentials?status=deleted").Has(("data.0.id", "\"{credential}\""));
        // Twice is once.
        walk.Sends("DELETE", "/v2/credentials/{credential}", null, 200).Sends("DELETE", "/v2/sources/{source}", null, 200);
        walk.Fired("credential", "credential.created", "credential.verified", "credential.deleted");
        await walk.RunAsync();
    }

    private async Task<Walkthrough> StoredAsync(Api api, Portal portal, string account, string password)
    {
        var user = portal.UsernameFor(account);
        var source = await api.NewSourceAsync(world.Portals.Url(portal).AbsoluteUri);
        return new Walkthrough(api).With("user", user).With("source", source).With("credential", await api.NewCredentialAsync(source, user, password)).With("task", await api.NewTaskAsync());
    }
}
