using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LeadGrain.Silo;

/// <summary>A cluster on disk with the binaries and the account that run it.</summary>
internal sealed record PostgresCluster(string DataDirectory, PostgresBinaries Binaries, ServerAccount Account)
{
    public const string Superuser = "leadgrain";

    private const string SettingsFile = "leadgrain.conf";
    private const long LeastBufferMegabytes = 128;

    public string LogFile => Path.Combine(DataDirectory, "server.log");

    /// <summary>The superuser's password, which only the loopback port asks for.</summary>
    public string Password => File.ReadAllText(Path.Combine(DataDirectory, "leadgrain.password")).Trim();

    /// <summary>Opens the cluster of a host, and makes it first where there is none.</summary>
    public static async Task<PostgresCluster> OpenAsync(LocalPostgresOptions options, CancellationToken cancellationToken)
    {
        var here = Path.Combine(options.Root, "postgres");
        var record = Path.Combine(options.Root, "postgres.location");
        if (File.Exists(record))
        {
            var recorded = (await File.ReadAllTextAsync(record, cancellationToken)).Trim();
            return IsCluster(recorded)
                ? await ExistingAsync(recorded, options, cancellationToken)
                : throw new LocalPostgresException(
                    $"{record} says that the data is in {recorded}, but it is not there. Bring it back, or delete that file to begin anew.");
        }
        if (IsCluster(here))
        {
            return await ExistingAsync(here, options, cancellationToken);
        }
        var binaries = await PostgresBinaries.FindAsync(options.BinaryDirectories, null, cancellationToken);
        var account = await ServerAccount.ChooseAsync(null, cancellationToken);
        if (await MakeAsync(here, options, binaries, account, cancellationToken) is { } local)
        {
            return local;
        }
        foreach (var home in account.Owner is null ? [] : options.OtherHomes)
        {
            // Derived from the path, so that a record lost between the next two steps is no data lost.
            var elsewhere = Path.Combine(home, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(here)))[..16]);
            var cluster = IsCluster(elsewhere)
                ? await ExistingAsync(elsewhere, options, cancellationToken)
                : await MakeAsync(elsewhere, options, binaries, account, cancellationToken);
            if (cluster is not null)
            {
                await File.WriteAllTextAsync(record, elsewhere + "\n", cancellationToken);
                return cluster;
            }
        }
        throw new LocalPostgresException($"The account {account.Name}, which is to run PostgreSQL, can work neither in {options.Root} "
            + $"nor in {string.Join(" nor in ", options.OtherHomes)}. Let it in, or set DATABASE_URL.");
    }

    // Every commit waits while a segment of the log is made; those that there are after a flood are kept for the next one.
    private const string KeptSegments = "min_wal_size = 1GB\n";

    // Pages that sessions put out are written to the disk soon, instead of all at once by the kernel while commits wait.
    private const string FlushAfter = "512kB";

    /// <summary>Runs one of the server's tools on this cluster.</summary>
    public Task<ChildProcess.Result> RunAsync(CancellationToken cancellationToken, params IEnumerable<string> command) =>
        Account.RunAsync(DataDirectory, [.. command], cancellationToken);

    /// <summary>Writes our settings anew; what an operator adds below the include in postgresql.conf wins over them.</summary>
    public async Task ConfigureAsync(PostgresEndpoint endpoint, bool durable, CancellationToken cancellationToken)
    {
        var lz4 = await RunAsync(cancellationToken, Binaries.Postgres, "-C", "wal_compression", "-c", "wal_compression=lz4");
        var settings = $"""
            # Written at each start. Put settings of your own at the end of postgresql.conf.
            {endpoint.Settings}max_connections = 200
            shared_buffers = {(durable ? BufferMegabytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) : LeastBufferMegabytes)}MB
            max_wal_size = 4GB
            backend_flush_after = {FlushAfter}
            checkpoint_completion_target = 0.9
            wal_compression = {(lz4.ExitCode == 0 ? "lz4" : "on")}
            # Terse leaves out the details, which quote the values of rows.
            log_error_verbosity = terse
            {(durable ? KeptSegments : "fsync = off\nfull_page_writes = off\n")}
            """;
        var path = Path.Combine(DataDirectory, SettingsFile);
        await File.WriteAllTextAsync($"{path}.new", settings, cancellationToken);
        await Account.TakeAsync($"{path}.new", cancellationToken);
        File.Move($"{path}.new", path, overwrite: true);
    }

    /// <summary>
    /// An eighth of the memory that there is, within bounds: the indexes of a few million served leads are looked into at random
    /// places.
    /// </summary>
    internal static long BufferMegabytes(long memoryBytes) => Math.Clamp(memoryBytes / 8 / (1 << 20), LeastBufferMegabytes, 1024);

    private static bool IsCluster(string directory) => File.Exists(Path.Combine(directory, "PG_VERSION"));

    private static async Task<PostgresCluster> ExistingAsync(
        string directory, LocalPostgresOptions options, CancellationToken cancellationToken)
    {
        var made = (await File.ReadAllTextAsync(Path.Combine(directory, "PG_VERSION"), cancellationToken)).Trim();
        var binaries = await PostgresBinaries.FindAsync(
            options.BinaryDirectories, int.Parse(made, CultureInfo.InvariantCulture), cancellationToken);
        var account = await ServerAccount.ChooseAsync(directory, cancellationToken);
        return await account.ReachesAsync(directory, cancellationToken)
            ? new PostgresCluster(directory, binaries, account)
            : throw new LocalPostgresException($"The account {account.Name} cannot write in the cluster {directory}.");
    }

    /// <summary>Makes a cluster beside its place and moves it there whole, so that a kill leaves none half-made.</summary>
    /// <returns>Null when the account cannot work there.</returns>
    private static async Task<PostgresCluster?> MakeAsync(
        string directory, LocalPostgresOptions options, PostgresBinaries binaries, ServerAccount account,
        CancellationToken cancellationToken)
    {
        RefuseOccupied(directory);
        var staging = $"{directory}.new-{Guid.NewGuid():n}";
        try
        {
            PrivatePath.CreateThoroughfare(Path.GetDirectoryName(directory)!);
            SweepLeftovers(directory);
            PrivatePath.CreateFolder(staging);
        }
        catch (Exception refused) when (
            account.Owner is not null && refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        await account.TakeAsync(staging, cancellationToken);
        if (!await account.ReachesAsync(staging, cancellationToken))
        {
            Directory.Delete(staging);
            return null;
        }
        await new PostgresCluster(staging, binaries, account).InitializeAsync(options.Durable, cancellationToken);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory);
        }
        Directory.Move(staging, directory);
        await ChildProcess.RunAsync(["sync", Path.GetDirectoryName(directory)!], "/", null, cancellationToken);
        return new PostgresCluster(directory, binaries, account);
    }

    private async Task InitializeAsync(bool durable, CancellationToken cancellationToken)
    {
        var password = $"{DataDirectory}.password";
        await using (var file = PrivatePath.CreateFile(password))
        {
            await file.WriteAsync(Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(48)), cancellationToken);
        }
        await Account.TakeAsync(password, cancellationToken);
        // Letters of all alphabets have their capitals, where the machine knows them; the order is that of the bytes.
        var made = await MakeAsync("C.UTF-8");
        if (made.ExitCode != 0)
        {
            made = await MakeAsync("C");
        }
        if (made.ExitCode != 0)
        {
            throw new LocalPostgresException($"initdb failed in {DataDirectory}: {made.Output}");
        }
        File.Move(password, Path.Combine(DataDirectory, "leadgrain.password"));
        await File.AppendAllTextAsync(
            Path.Combine(DataDirectory, "postgresql.conf"), $"\ninclude_if_exists = '{SettingsFile}'\n", cancellationToken);

        // Trust on the socket: it lies in a folder that nobody but the server's account and root can enter.
        Task<ChildProcess.Result> MakeAsync(string characters) => RunAsync(
            cancellationToken, Binaries.Initdb, $"--username={Superuser}", "--encoding=UTF8", "--locale=C", $"--lc-ctype={characters}",
            "--locale-provider=libc", "--auth-local=trust", "--auth-host=scram-sha-256", $"--pwfile={password}",
            "--no-instructions", durable ? "--data-checksums" : "--no-sync");
    }

    private static void RefuseOccupied(string directory)
    {
        try
        {
            if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            {
                throw new LocalPostgresException($"{directory} is no PostgreSQL cluster, yet not empty. Move it away.");
            }
        }
        catch (UnauthorizedAccessException foreign)
        {
            throw new LocalPostgresException(
                $"{directory} belongs to another account. Start as that account or as root, or move it away.", foreign);
        }
    }

    private static void SweepLeftovers(string directory)
    {
        var parent = new DirectoryInfo(Path.GetDirectoryName(directory)!);
        foreach (var leftover in parent.EnumerateFileSystemInfos($"{Path.GetFileName(directory)}.new-*"))
        {
            if (leftover is DirectoryInfo folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                leftover.Delete();
            }
        }
    }
}
