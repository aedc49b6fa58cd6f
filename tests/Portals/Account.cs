using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Portals;

/// <summary>What reached a site for one account, counted on the server.</summary>
/// <param name="Passwords">Passwords submitted, right or wrong.</param>
/// <param name="WrongPasswords">Of these, refused ones.</param>
/// <param name="RepeatedWrongPasswords">Of these, ones the site had refused before: the way users get locked out.</param>
/// <param name="Codes">Codes, answers and authenticator codes submitted.</param>
/// <param name="WrongCodes">Of these, refused ones.</param>
/// <param name="SignIns">How often the account got all the way in.</param>
/// <param name="Locked">True when the site has locked the account.</param>
public sealed record Submissions(int Passwords, int WrongPasswords, int RepeatedWrongPasswords, int Codes, int WrongCodes, int SignIns, bool Locked);

/// <summary>A message the site sent to the account's telephone, mailbox or app.</summary>
/// <param name="Channel"><c>sms</c>, <c>email</c> or <c>app</c>.</param>
public sealed record PortalMessage(string Channel, string Text, string Code);

/// <summary>A sign-in waiting for a tap on a telephone. <paramref name="Number"/> is the number the page shows for comparison.</summary>
public sealed record PushRequest(string Id, int Number, PushState State);

/// <summary>Where a push request stands.</summary>
public enum PushState
{
    /// <summary>Nobody has answered on the telephone.</summary>
    Pending,
    /// <summary>Approved: the page goes on by itself.</summary>
    Approved,
    /// <summary>Denied: the page says so.</summary>
    Denied,
}

/// <summary>One account of one site: its counters, codes, messages and locks. Safe for concurrent requests.</summary>
internal sealed class Account(Portal portal, string name, bool known, TimeProvider clock)
{
    private const int Kept = 1000;
    private readonly Lock gate = new();
    private readonly List<PortalMessage> messages = [];
    private readonly List<string> openCodes = [];
    private readonly List<PushRequest> pushes = [];
    private readonly HashSet<string> refused = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? ownPassword;
    private int passwords, wrongPasswords, repeated, codes, wrongCodes, signIns, sent;
    private long lastTotpStep = -1;

    /// <summary>As typed, lower case.</summary>
    public string Name => name;

    /// <summary>False for a name the site has never heard of; it is counted all the same.</summary>
    public bool Known => known;

    /// <summary>Wrong passwords since the last right one.</summary>
    public int WrongInARow { get; private set; }

    public bool Locked { get; private set; }

    /// <summary>Completed when anything about this account changes after the call.</summary>
    public Task Changed
    {
        get { lock (gate) return changed.Task; }
    }

    public Submissions Submissions
    {
        get { lock (gate) return new(passwords, wrongPasswords, repeated, codes, wrongCodes, signIns, Locked); }
    }

    /// <summary>The newest messages, oldest first.</summary>
    public IReadOnlyList<PortalMessage> Messages
    {
        get { lock (gate) return [.. messages]; }
    }

    /// <summary>How many messages were ever sent, and the newest one.</summary>
    public (int Count, PortalMessage? Newest) Sent
    {
        get { lock (gate) return (sent, messages is [.., var newest] ? newest : null); }
    }

    public IReadOnlyList<PushRequest> Pushes
    {
        get { lock (gate) return [.. pushes]; }
    }

    /// <summary>Counts a submitted password and says whether it is right. <paramref name="alsoRight"/> is false when another field of the form was wrong.</summary>
    public bool TryPassword(string typed, int lockAfter, bool alsoRight)
    {
        lock (gate)
        {
            passwords++;
            if (known && alsoRight && typed == (ownPassword ?? portal.Password))
            {
                if (!Locked) WrongInARow = 0;
                Pulse();
                return true;
            }

            wrongPasswords++;
            if (!refused.Add(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(typed))))) repeated++;
            if (++WrongInARow >= lockAfter) Locked = true;
            Pulse();
            return false;
        }
    }

    /// <summary>True after <see cref="ChangePassword"/>.</summary>
    public bool HasOwnPassword
    {
        get { lock (gate) return ownPassword is not null; }
    }

    public void ChangePassword(string to)
    {
        lock (gate) ownPassword = to;
    }

    /// <summary>Sends a fresh code (or the site's fixed one); <paramref name="text"/> is the message around it.</summary>
    public void SendCode(string channel, Func<string, string> text)
    {
        lock (gate)
        {
            var code = portal.Code ?? RandomNumberGenerator.GetInt32(100_000, 1_000_000).ToString(CultureInfo.InvariantCulture);
            sent++;
            openCodes.Add(code);
            if (openCodes.Count > Kept) openCodes.RemoveAt(0);
            messages.Add(new PortalMessage(channel, text(code), code));
            if (messages.Count > Kept) messages.RemoveAt(0);
            Pulse();
        }
    }

    /// <summary>
    /// Counts a submitted code and says whether it was sent to this account and not yet used. A site's fixed code is good as often as anybody likes:
    /// many sign-ins of one account may be under way at once.
    /// </summary>
    public bool TryCode(string typed)
    {
        var digits = new string([.. typed.Where(char.IsAsciiDigit)]);
        lock (gate)
        {
            codes++;
            var right = portal.Code is null ? openCodes.Remove(digits) : openCodes.Contains(digits);
            if (!right) wrongCodes++;
            Pulse();
            return right;
        }
    }

    /// <summary>Counts a submitted authenticator code and accepts each time step once, the neighbouring steps included (RFC 6238, section 5.2).</summary>
    public bool TryTotp(string typed)
    {
        var digits = new string([.. typed.Where(char.IsAsciiDigit)]);
        lock (gate)
        {
            codes++;
            var now = Totp.Step(clock.GetUtcNow());
            for (var step = now - 1; step <= now + 1; step++)
            {
                if (step <= lastTotpStep || Totp.Code(portal.TotpSecret!, step) != digits) continue;
                lastTotpStep = step;
                Pulse();
                return true;
            }

            wrongCodes++;
            Pulse();
            return false;
        }
    }

    /// <summary>Counts an answer other than a code.</summary>
    public bool TryAnswer(bool right)
    {
        lock (gate)
        {
            codes++;
            if (!right) wrongCodes++;
            Pulse();
            return right;
        }
    }

    public PushRequest AskPush()
    {
        lock (gate)
        {
            var push = new PushRequest(Ids.New(), RandomNumberGenerator.GetInt32(10, 100), PushState.Pending);
            pushes.Add(push);
            if (pushes.Count > Kept) pushes.RemoveAt(0);
            Pulse();
            return push;
        }
    }

    /// <summary>Answers every pending push; returns how many there were.</summary>
    public int AnswerPush(PushState answer)
    {
        lock (gate)
        {
            var count = 0;
            for (var i = 0; i < pushes.Count; i++)
            {
                if (pushes[i].State != PushState.Pending) continue;
                pushes[i] = pushes[i] with { State = answer };
                count++;
            }

            Pulse();
            return count;
        }
    }

    public void SignedIn()
    {
        lock (gate)
        {
            signIns++;
            Pulse();
        }
    }

    private void Pulse()
    {
        changed.TrySetResult();
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Unguessable names for cookies, tokens and requests.</summary>
internal static class Ids
{
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
