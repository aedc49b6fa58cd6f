using System.Globalization;

namespace Ostiary.Server.Data;

/// <summary>
/// As whom PostgreSQL runs. It refuses to run as root: then it runs as the owner of the database files, or for new files as <c>postgres</c> (which packages of
/// PostgreSQL make) or <c>nobody</c>. For anybody else: as the server itself.
/// </summary>
/// <param name="Name">For messages.</param>
/// <param name="Switches">True when the server is root and hands over to another user.</param>
internal sealed record PostgresUser(string Name, uint Uid, uint Gid, bool Switches)
{
    /// <param name="cluster">Existing database files, or null.</param>
    /// <exception cref="StartRefusedException">Nobody fits.</exception>
    public static async Task<PostgresUser> FindAsync(string? cluster, CancellationToken cancellationToken)
    {
        var owner = cluster is null ? null : await OwnerAsync(cluster, cancellationToken);
        if (!Posix.IsRoot)
        {
            if (owner is not null && owner.Value.Uid != Posix.UserId)
                throw new StartRefusedException($"The database files in {cluster} belong to the user {owner.Value.Uid}, not to {Environment.UserName}. Start the server as root or as that user, or give the files to {Environment.UserName}.");
            return new PostgresUser(Environment.UserName, Posix.UserId, owner?.Gid ?? 0, Switches: false);
        }

        if (Subprocess.Find("setpriv") is null && Subprocess.Find("runuser") is null)
            throw new StartRefusedException("PostgreSQL must not run as root, and neither setpriv nor runuser (package util-linux) is there to change the user. Install util-linux, start the server as an ordinary user, or give a database with OSTIARY_DATABASE.");
        if (owner is { Uid: > 0 }) return new PostgresUser(owner.Value.Uid.ToString(CultureInfo.InvariantCulture), owner.Value.Uid, owner.Value.Gid, Switches: true);
        foreach (var name in new[] { "postgres", "nobody" })
        {
            var uid = await Subprocess.RunAsync("id", ["-u", name], cancellationToken);
            var gid = await Subprocess.RunAsync("id", ["-g", name], cancellationToken);
            if (uid.ExitCode == 0 && gid.ExitCode == 0) return new PostgresUser(name, Number(uid.Output), Number(gid.Output), Switches: true);
        }

        throw new StartRefusedException("PostgreSQL must not run as root, and there is neither a user postgres nor a user nobody to run it as. Make one (adduser --system postgres), start the server as an ordinary user, or give a database with OSTIARY_DATABASE.");
    }

    /// <summary>The command that runs <paramref name="command"/> as this user.</summary>
    public IReadOnlyList<string> Command(IReadOnlyList<string> command)
    {
        if (!Switches) return command;
        return Subprocess.Find("setpriv") is { } setpriv
            ? [setpriv, $"--reuid={Uid}", $"--regid={Gid}", "--clear-groups", "--", .. command]
            : [Subprocess.Find("runuser")!, "-u", Name, "--", .. command];
    }

    /// <summary>Runs a program as this user, to its end.</summary>
    public Task<Subprocess.Ended> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var whole = Command(command);
        return Subprocess.RunAsync(whole[0], whole.Skip(1), cancellationToken);
    }

    /// <summary>Whether this user can go into a directory: root may forbid it anywhere above.</summary>
    public async Task<bool> CanEnterAsync(string directory, CancellationToken cancellationToken) =>
        !Switches || (await RunAsync(["/bin/sh", "-c", "cd \"$0\"", directory], cancellationToken)).ExitCode == 0;

    /// <summary>Makes a directory of mode 0700 that belongs to this user.</summary>
    public void MakeDirectory(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (Switches) Posix.Chown(path, Uid, Gid);
    }

    private static async Task<(uint Uid, uint Gid)?> OwnerAsync(string path, CancellationToken cancellationToken)
    {
        var gnu = OperatingSystem.IsLinux();
        var answer = await Subprocess.RunAsync("stat", gnu ? ["-c", "%u %g", path] : ["-f", "%u %g", path], cancellationToken);
        var parts = answer.Output.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return answer.ExitCode == 0 && parts.Length == 2 ? (Number(parts[0]), Number(parts[1])) : null;
    }

    private static uint Number(string text) => uint.Parse(text.Trim(), CultureInfo.InvariantCulture);
}
