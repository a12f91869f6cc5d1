namespace LeadGrain.Silo;

/// <summary>
/// The account that the server runs under: our own, or an unprivileged one when we are root, as which PostgreSQL
/// refuses to run.
/// </summary>
/// <param name="Name">The account's name, for messages.</param>
/// <param name="Owner">The <c>uid:gid</c> that its files get; null when they are ours anyway.</param>
/// <param name="Prefix">What a command begins with to run under it.</param>
internal sealed record ServerAccount(string Name, string? Owner, IReadOnlyList<string> Prefix)
{
    /// <summary>The account for a new cluster, or that of the owner of <paramref name="dataDirectory"/>.</summary>
    public static async Task<ServerAccount> ChooseAsync(string? dataDirectory, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new ServerAccount(Environment.UserName, null, []);
        }
        foreach (var name in dataDirectory is null ? ["postgres", "nobody"] : await OwnerOfAsync(dataDirectory, cancellationToken))
        {
            var uid = await ChildProcess.RunAsync(["id", "-u", name], "/", null, cancellationToken);
            var gid = await ChildProcess.RunAsync(["id", "-g", name], "/", null, cancellationToken);
            if (uid.ExitCode != 0 || gid.ExitCode != 0 || uid.Output == "0")
            {
                continue;
            }
            foreach (var prefix in WaysToBecome(name, uid.Output, gid.Output))
            {
                var probe = await ChildProcess.RunAsync([.. prefix, "true"], "/", null, cancellationToken);
                if (probe.ExitCode == 0)
                {
                    return new ServerAccount(name, $"{uid.Output}:{gid.Output}", prefix);
                }
            }
        }
        throw new LocalPostgresException(dataDirectory is null
            ? "PostgreSQL does not run as root, and root cannot become postgres or nobody here. Start as another user, or set DATABASE_URL."
            : $"PostgreSQL does not run as root, and root cannot become the owner of {dataDirectory}. Give it to the account postgres.");
    }

    /// <summary>Runs one of PostgreSQL's tools on a cluster, from within its folder.</summary>
    public Task<ChildProcess.Result> RunAsync(
        string dataDirectory, IReadOnlyList<string> command, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync([.. Prefix, .. command], dataDirectory, dataDirectory, cancellationToken);

    /// <summary>Whether the account can work in a folder of its own, which it cannot where a parent keeps it out.</summary>
    public async Task<bool> ReachesAsync(string directory, CancellationToken cancellationToken)
    {
        var probe = await ChildProcess.RunAsync(
            [.. Prefix, "test", "-w", $"{directory}/."], "/", null, cancellationToken);
        return probe.ExitCode == 0;
    }

    /// <summary>Gives a file or a folder to the account.</summary>
    public async Task TakeAsync(string path, CancellationToken cancellationToken)
    {
        if (Owner is null)
        {
            return;
        }
        var result = await ChildProcess.RunAsync(["chown", Owner, path], "/", null, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new LocalPostgresException($"Cannot give {path} to the account {Name}: {result.Output}");
        }
    }

    private static async Task<string[]> OwnerOfAsync(string directory, CancellationToken cancellationToken)
    {
        string[] stat = OperatingSystem.IsLinux() ? ["stat", "-c", "%U", directory] : ["stat", "-f", "%Su", directory];
        return [(await ChildProcess.RunAsync(stat, "/", null, cancellationToken)).Output];
    }

    private static string[][] WaysToBecome(string name, string uid, string gid) =>
    [
        ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--"],
        ["runuser", "-u", name, "--"],
        ["su", "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--", name],
    ];
}
