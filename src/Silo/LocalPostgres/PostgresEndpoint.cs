using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace LeadGrain.Silo;

/// <summary>Where the private server listens: a socket in a folder that only its account can enter, or a loopback port.</summary>
internal sealed partial record PostgresEndpoint(string? SocketDirectory, int Port)
{
    // The only server in its folder, so the usual number will do.
    private const int SocketPort = 5432;

    // sun_path holds 104 bytes on macOS and 108 on Linux, the terminator included.
    private const int LongestSocketPath = 100;

    private const string FolderPrefix = "leadgrain-";

    /// <summary>A socket in the cluster's folder, else in a private one under <paramref name="parent"/>, else a port.</summary>
    public static async Task<PostgresEndpoint> ChooseAsync(
        string dataDirectory, string? parent, ServerAccount account, CancellationToken cancellationToken)
    {
        if (Fits(dataDirectory))
        {
            return new PostgresEndpoint(dataDirectory, SocketPort);
        }
        if (parent is not null && Directory.Exists(parent) && Fits(Path.Combine(parent, $"{FolderPrefix}123456")))
        {
            var made = Path.Combine(parent, FolderPrefix + RandomNumberGenerator.GetHexString(6, lowercase: true));
            PrivatePath.CreateFolder(made);
            await account.TakeAsync(made, cancellationToken);
            if (await account.ReachesAsync(made, cancellationToken))
            {
                return new PostgresEndpoint(made, SocketPort);
            }
            Directory.Delete(made);
        }
        return new PostgresEndpoint(null, FreeLoopbackPort());
    }

    /// <summary>The lines of the server's configuration.</summary>
    public string Settings => SocketDirectory is null
        ? $"listen_addresses = '127.0.0.1'\nport = {Port}\nunix_socket_directories = ''\n"
        : $"listen_addresses = ''\nport = {Port}\nunix_socket_directories = '{SocketDirectory}'\nunix_socket_permissions = 0700\n";

    /// <summary>Whether the socket was deleted from under its server.</summary>
    public bool IsGone => SocketDirectory is not null && !File.Exists(Path.Combine(SocketDirectory, $".s.PGSQL.{Port}"));

    /// <summary>
    /// Clears the socket's lock file before a start, known to have no owner: it too holds a process id that may be reused.
    /// </summary>
    public void Free()
    {
        if (SocketDirectory is not null)
        {
            File.Delete(Path.Combine(SocketDirectory, $".s.PGSQL.{Port}.lock"));
        }
    }

    /// <summary>Removes the folder that was made for the socket, if one was.</summary>
    public void Remove()
    {
        if (Path.GetFileName(SocketDirectory)?.StartsWith(FolderPrefix, StringComparison.Ordinal) == true
            && Directory.Exists(SocketDirectory)
            && !Directory.EnumerateFileSystemEntries(SocketDirectory!).Any())
        {
            Directory.Delete(SocketDirectory!);
        }
    }

    private static bool Fits(string directory) =>
        Encoding.UTF8.GetByteCount($"{directory}/.s.PGSQL.{SocketPort}") < LongestSocketPath && Plain().IsMatch(directory);

    private static int FreeLoopbackPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Paths that mean the same in the server's list of folders and in a connection string.</summary>
    [GeneratedRegex(@"^/[A-Za-z0-9/._+@-]+$")]
    private static partial Regex Plain();
}
