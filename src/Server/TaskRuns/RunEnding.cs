using Ostiary.Server.Credentials;
using Ostiary.Server.Http;
using Ostiary.Server.Sessions;
using Ostiary.Server.SignIns;

namespace Ostiary.Server.TaskRuns;

/// <summary>How a run ended, before it is written.</summary>
internal abstract record RunEnding
{
    /// <summary>True when the browser may serve another run.</summary>
    public bool KeepsSession { get; init; }

    /// <summary>For the log.</summary>
    public abstract string Code { get; }

    /// <summary>The end that a sign-in puts to its run; null: the run goes on to its task.</summary>
    public static RunEnding? Of(SignInEnding signIn) => signIn switch
    {
        SignInEnding.In => null,
        SignInEnding.Reopen => throw new InvalidOperationException("A browser that is to be opened anew is no end."),
        SignInEnding.Refused refused => new Refused(refused.Fault, refused.Credential, refused.Fingerprint),
        SignInEnding.Failed failed => new Failed(failed.Fault),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>Why the session ends with the run, when it does.</summary>
    public virtual SessionEnd SessionEnd => SessionEnd.Closed;

    /// <summary>The moved run, or null when the move is not allowed any more.</summary>
    public abstract TaskRunRow? Apply(TaskRunRow run, DateTimeOffset now);

    public sealed record Completed : RunEnding
    {
        public Completed(string output)
        {
            Output = output;
            KeepsSession = true;
        }

        public string Output { get; }

        /// <summary>True: a person decides whether it counts.</summary>
        public bool NeedsReview { get; init; }

        public override string Code => "ok";

        public override TaskRunRow? Apply(TaskRunRow run, DateTimeOffset now) => NeedsReview ? run.AwaitReview(Output, now) : run.Complete(Output, now);
    }

    public record Failed(Fault Fault) : RunEnding
    {
        /// <summary>True when it was the task that failed, and not the credential, the source, a person or a machine.</summary>
        public bool IsTasksOwn => Fault is { Type: "task", Code: "step_failed" or "output_invalid" };

        public override SessionEnd SessionEnd => new(Fault);

        public override string Code => Fault.Code;

        public override TaskRunRow? Apply(TaskRunRow run, DateTimeOffset now) => run.Fail(Fault, now);
    }

    /// <summary>The source rejected the credential.</summary>
    public sealed record Refused(Fault Fault, CredentialRow Credential, byte[]? Fingerprint) : Failed(Fault)
    {
        public override SessionEnd SessionEnd => SessionEnd.Refused(Fault);
    }

    /// <summary>The browser, or the machine it was on, is gone.</summary>
    public sealed record Lost(string Message) : RunEnding
    {
        public override SessionEnd SessionEnd => SessionEnd.BrowserLost;

        public override string Code => "session_lost";

        public override TaskRunRow? Apply(TaskRunRow run, DateTimeOffset now) => run.Fail(new Fault("session", "session_lost", Message), now);
    }

    public sealed record Canceled : RunEnding
    {
        public override string Code => "canceled";

        public override TaskRunRow? Apply(TaskRunRow run, DateTimeOffset now) => run.Cancel(now) ?? (run.RequestCancel(now)?.Cancel(now));
    }
}
