using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace LeadGrain.Silo;

/// <summary>What <c>postmaster.pid</c> says of a server: its process and where it listens.</summary>
internal sealed record PostmasterFile(string DataDirectory, int ProcessId, string StartLine, PostgresEndpoint Endpoint)
{
    private const int ProcessLine = 0;
    private const int FolderLine = 1;
    private const int StartTimeLine = 2;
    private const int PortLine = 3;
    private const int SocketLine = 4;
    private const int StatusLine = 7;

    /// <summary>Whether the server said that it takes connections.</summary>
    public bool IsReady { get; private init; }

    /// <summary>The file of a cluster, or null where there is none or it is still being written.</summary>
    public static PostmasterFile? Read(string dataDirectory)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(PathIn(dataDirectory));
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        return lines.Length > SocketLine
            && int.TryParse(lines[ProcessLine], CultureInfo.InvariantCulture, out var processId)
            && int.TryParse(lines[PortLine], CultureInfo.InvariantCulture, out var port)
            ? new PostmasterFile(
                dataDirectory, processId, $"{lines[FolderLine]} {lines[StartTimeLine]}",
                new PostgresEndpoint(lines[SocketLine] is "" ? null : lines[SocketLine], port))
            {
                IsReady = lines.Length > StatusLine && lines[StatusLine].Trim() == "ready",
            }
            : null;
    }

    /// <summary>Whether its process lives and is this cluster's server, rather than a stranger with a reused id.</summary>
    public bool IsRunning()
    {
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            return OperatingSystem.IsLinux()
                ? IsServerOnLinux(process.ProcessName)
                : process is { HasExited: false, ProcessName: "postgres" };
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    /// <summary>
    /// Frees the cluster of a file whose process id now belongs to a stranger, at which the server would refuse to start.
    /// </summary>
    /// <remarks>
    /// The id is replaced rather than the file deleted: from the rest of it the server tells whether processes of its
    /// predecessor still use the cluster.
    /// </remarks>
    public void Disown()
    {
        var lines = File.ReadAllLines(PathIn(DataDirectory));
        lines[ProcessLine] = int.MaxValue.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(PathIn(DataDirectory), string.Join('\n', lines) + "\n");
    }

    private static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, "postmaster.pid");

    /// <summary>A server works in its data directory, where it finds the same file that we found.</summary>
    private bool IsServerOnLinux(string processName)
    {
        if (processName != "postgres")
        {
            return false;
        }
        try
        {
            return new FileInfo($"/proc/{ProcessId}/cwd").LinkTarget is { } folder
                ? Read(folder)?.StartLine == StartLine
                : !File.ReadAllText($"/proc/{ProcessId}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
